package oracle

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// What Cloud Router adds to nothing, and to the routes of another region.
const (
	defaultMED     = 100
	betweenRegions = 250
)

// wanASN is what the hubs of a Virtual WAN put before each other's paths.
const wanASN vocab.ASN = 65520

// export says what a speaker tells over a tunnel of one prefix.
func (o *Oracle) export(s *speaker, t fabric.Tunnel, p netip.Prefix) (path, bool) {
	g := s.gateway
	own := path{asns: []vocab.ASN{g.ASN}, med: o.med(g, t)}
	switch g.Kind {
	case fabric.TransitGateway:
		table, ok := o.tableFor(g, o.attachmentOf(t))
		if !ok {
			return path{}, false
		}
		r, ok := o.transitRoute(s, table, p)
		if !ok || len(r.paths) == 0 && r.kind == fabric.HopBlackhole {
			return path{}, false
		}
		return onward(own, r.paths)
	case fabric.VirtualPrivateGateway:
		if v, ok := o.vpcOfVGW(g); ok && slices.Contains(v.Prefixes, p) {
			return own, true
		}
		if best := o.best(g, s.heard(p, nil)); len(best) > 0 {
			return onward(own, best)
		}
	case fabric.HAVPN:
		if slices.Contains(g.Announce, p) {
			return own, true
		}
		if far, ok := o.announcesSubnet(g, p); ok {
			if far {
				own.med += betweenRegions
			}
			return own, true
		}
		if best := o.best(g, s.heard(p, func(id fabric.TunnelID) bool { return o.siteToSite(id, t.ID) })); len(best) > 0 {
			return onward(own, best)
		}
	case fabric.VPNGateway, fabric.ExpressRouteGateway:
		for _, v := range o.vnetsOf(g) {
			if slices.Contains(v.Prefixes, p) {
				return own, true
			}
		}
		if best := o.best(g, s.heard(p, nil)); len(best) > 0 && g.Kind == fabric.VPNGateway && p.Bits() > 0 {
			return onward(own, best)
		}
	case fabric.VirtualHub:
		for _, v := range o.connected(g.ID) {
			if slices.Contains(v.Prefixes, p) {
				return own, true
			}
		}
		if best := o.bestOfHub(s, p); len(best) > 0 && p.Bits() > 0 {
			return onward(own, best)
		}
	case fabric.Device:
		if !slices.Contains(g.Announce, p) {
			return path{}, false
		}
		site, _ := o.net.Site(g.Site)
		held := slices.ContainsFunc(site.Prefixes, func(q netip.Prefix) bool { return prefix.Covers(q, p) })
		if best := o.best(g, s.heard(p, nil)); len(best) > 0 && !held {
			return onward(own, best)
		}
		return own, true
	case fabric.DirectConnectGateway:
		return own, o.allowedOut(g, p)
	}
	return path{}, false
}

// exportToHub says what a hub tells the other hubs of its Virtual WAN: its
// VNets and what it has learned itself.
func (o *Oracle) exportToHub(s *speaker, p netip.Prefix) (path, bool) {
	for _, v := range o.connected(s.gateway.ID) {
		if slices.Contains(v.Prefixes, p) {
			return path{asns: []vocab.ASN{wanASN, wanASN}, remote: true}, true
		}
	}
	best := o.best(s.gateway, s.heard(p, nil))
	if len(best) == 0 || slices.Contains(best[0].communities, fabric.NoAdvertise) {
		return path{}, false
	}
	// The hubs are of one AS, so that NO_EXPORT goes on with the path.
	return path{asns: append([]vocab.ASN{wanASN, wanASN}, best[0].asns...), remote: true, communities: best[0].communities}, true
}

// bestOfHub prefers what a hub has learned itself over what other hubs say; a
// hub whose routing preference is AS Path does only where that is no longer.
func (o *Oracle) bestOfHub(s *speaker, p netip.Prefix) []path {
	own := o.best(s.gateway, s.heard(p, nil))
	if len(own) > 0 && !s.gateway.PathFirst {
		return own
	}
	var far []path
	for _, id := range o.otherHubs(s.gateway.ID) {
		if x, ok := s.hubs[id][p]; ok {
			far = append(far, x)
		}
	}
	far = o.best(s.gateway, far)
	if len(own) > 0 && (len(far) == 0 || len(own[0].asns) <= len(far[0].asns)) {
		return own
	}
	return far
}

// onward puts a speaker before the best of what it has heard, if that may be
// told on.
func onward(own path, best []path) (path, bool) {
	if len(best) > 0 {
		if stays(best[0]) {
			return path{}, false
		}
		own.asns = append(slices.Clone(own.asns), best[0].asns...)
	}
	return own, true
}

// med is the MED that a gateway sends over a tunnel.
func (o *Oracle) med(g fabric.Gateway, t fabric.Tunnel) int {
	for _, e := range t.Ends {
		if e.Gateway == g.ID && e.Priority > 0 {
			return e.Priority
		}
	}
	if g.Kind == fabric.HAVPN {
		return defaultMED
	}
	return 0
}

// vpcOfVGW returns the VPC that a virtual private gateway is attached to.
func (o *Oracle) vpcOfVGW(g fabric.Gateway) (fabric.VPC, bool) {
	for _, a := range o.net.Attachments {
		if a.Kind == fabric.VGWAttachment && a.Gateway == g.ID {
			return o.net.VPC(a.VPC)
		}
	}
	return fabric.VPC{}, false
}

// vnetsOf returns the VNets whose gateway an Azure gateway is: its own, and
// those peered with gateway transit.
func (o *Oracle) vnetsOf(g fabric.Gateway) []fabric.VPC {
	var out []fabric.VPC
	if v, ok := o.net.VPC(g.VPC); ok {
		out = append(out, v)
	}
	for _, a := range o.net.Attachments {
		if a.Kind != fabric.VNetPeering || !a.GatewayTransit || a.PeerVPC != g.VPC || o.linkDown(a.Link) {
			continue
		}
		if v, ok := o.net.VPC(a.VPC); ok {
			out = append(out, v)
		}
	}
	return out
}

// connected returns the VNets of a virtual hub.
func (o *Oracle) connected(id fabric.GatewayID) []fabric.VPC {
	var out []fabric.VPC
	for _, a := range o.net.Attachments {
		if a.Kind == fabric.VirtualHubConnection && a.Gateway == id && !o.attachmentDown(a) {
			if v, ok := o.net.VPC(a.VPC); ok {
				out = append(out, v)
			}
		}
	}
	return out
}

// announcesSubnet reports whether a Cloud Router announces a prefix as a
// subnet, and whether it is one of another region.
func (o *Oracle) announcesSubnet(g fabric.Gateway, p netip.Prefix) (far, ok bool) {
	if !g.AnnounceSubnets {
		return false, false
	}
	v, _ := o.net.VPC(g.VPC)
	for _, s := range o.subnetsOf(v) {
		if s.prefix == p && (s.site == g.Site || !v.RegionalRouting) {
			return s.site != g.Site, true
		}
	}
	if !slices.ContainsFunc(o.net.Attachments, func(a fabric.Attachment) bool {
		return a.Kind == fabric.NCCHybridSpoke && a.Gateway == g.ID
	}) {
		return false, false
	}
	for _, spoke := range o.spokes(v.ID) {
		for _, s := range o.subnetsOf(spoke) {
			if s.prefix == p {
				return s.site != g.Site, true
			}
		}
	}
	return false, false
}

// siteToSite reports whether NCC hands routes of one tunnel on to another:
// both are in hybrid spokes that carry each other's traffic, and not in the
// same one.
func (o *Oracle) siteToSite(from, to fabric.TunnelID) bool {
	var spoke [2]fabric.AttachmentID
	var vpc [2]fabric.VPCID
	for _, a := range o.net.Attachments {
		if a.Kind != fabric.NCCHybridSpoke || a.NoSiteToSite {
			continue
		}
		for i, id := range []fabric.TunnelID{from, to} {
			if slices.Contains(a.Tunnels, id) {
				spoke[i], vpc[i] = a.ID, a.VPC
			}
		}
	}
	return spoke[0] != "" && spoke[1] != "" && spoke[0] != spoke[1] && vpc[0] == vpc[1]
}

// spokes returns the VPC spokes of the NCC hub besides one VPC; none when that
// one is at no spoke of either kind.
func (o *Oracle) spokes(of fabric.VPCID) []fabric.VPC {
	var out []fabric.VPC
	in := false
	for _, a := range o.net.Attachments {
		if a.Kind != fabric.NCCSpoke && a.Kind != fabric.NCCHybridSpoke || o.linkDown(a.Link) {
			continue
		}
		if a.VPC == of {
			in = true
			continue
		}
		if v, ok := o.net.VPC(a.VPC); ok && a.Kind == fabric.NCCSpoke {
			out = append(out, v)
		}
	}
	if !in {
		return nil
	}
	return out
}

// routing returns the VPCs besides one VPC spoke whose hybrid spokes hand it
// what they learn; they need not be VPC spokes themselves.
func (o *Oracle) routing(of fabric.VPCID) []fabric.VPC {
	var out []fabric.VPC
	in := false
	for _, a := range o.net.Attachments {
		in = in || a.Kind == fabric.NCCSpoke && a.VPC == of
		if v, ok := o.net.VPC(a.VPC); ok && a.Kind == fabric.NCCHybridSpoke && v.ID != of && !slices.ContainsFunc(out, func(x fabric.VPC) bool { return x.ID == v.ID }) {
			out = append(out, v)
		}
	}
	if !in {
		return nil
	}
	return out
}

// allowedOut reports whether a Direct Connect gateway announces a prefix:
// allowed prefixes are announced literally for a transit gateway, and filter
// the VPC's blocks for a virtual private gateway.
func (o *Oracle) allowedOut(g fabric.Gateway, p netip.Prefix) bool {
	for _, a := range o.net.Attachments {
		if a.Kind != fabric.DirectConnectAssociation || a.Gateway != g.ID || o.attachmentDown(a) {
			continue
		}
		peer, _ := o.net.Gateway(a.Peer)
		if peer.Kind == fabric.TransitGateway && slices.Contains(a.Allowed, p) {
			return true
		}
		if v, ok := o.vpcOfVGW(peer); ok && peer.Kind == fabric.VirtualPrivateGateway && slices.Contains(v.Prefixes, p) && covered(a.Allowed, p) {
			return true
		}
	}
	return false
}

func covered(by []netip.Prefix, p netip.Prefix) bool {
	return slices.ContainsFunc(by, func(q netip.Prefix) bool { return prefix.Covers(q, p) })
}
