package oracle

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
)

// inGateway is the decision of a gateway that is no transit gateway.
func (o *Oracle) inGateway(n node, d netip.Addr) []step {
	s := o.speakers[n.gateway]
	if s == nil {
		return drop("the gateway has failed")
	}
	switch s.gateway.Kind {
	case fabric.VirtualPrivateGateway:
		return o.inVGW(s, d)
	case fabric.VPNGateway, fabric.ExpressRouteGateway:
		return o.inAzureGateway(s, d)
	case fabric.VirtualHub:
		return o.inHub(s, n, d)
	case fabric.Device:
		return o.inDevice(s, d)
	case fabric.DirectConnectGateway:
		return o.inDirectConnect(s, n, d)
	case fabric.HAVPN:
		return o.inRegion(node{kind: atRegion, vpc: s.gateway.VPC, site: s.gateway.Site}, d)
	default:
		return drop("no route")
	}
}

// learned lists the best routes of a speaker, longest match to be chosen.
func (o *Oracle) learned(s *speaker, rank int) []candidate {
	var out []candidate
	for _, p := range s.prefixes() {
		if best := o.best(s.gateway, s.heard(p, nil)); len(best) > 0 {
			out = append(out, candidate{p, rank, o.overTunnels(s.gateway.ID, best)})
		}
	}
	return out
}

// inVGW: into the VPC, to the other side of Direct Connect, or (CloudHub) over
// the one tunnel that is best.
func (o *Oracle) inVGW(s *speaker, d netip.Addr) []step {
	if v, ok := o.vpcOfVGW(s.gateway); ok && covered(v.Prefixes, netip.PrefixFrom(d, d.BitLen())) {
		return o.deliver(v.ID, d)
	}
	cands := o.learned(s, 2)
	for _, a := range o.associations(s.gateway.ID) {
		if dx := o.speakers[a.Gateway]; dx != nil {
			for _, p := range dx.prefixes() {
				cands = append(cands, candidate{p, 0, []step{{next: node{kind: atGateway, gateway: a.Gateway, from: "association"}}}})
			}
		}
	}
	for _, c := range o.net.Connections {
		if c.Gateway != s.gateway.ID || !c.Static || o.connectionDown(c) {
			continue
		}
		for _, p := range c.StaticRoutes {
			cands = append(cands, candidate{p, 1, o.overConnection(s.gateway.ID, c)})
		}
	}
	return choose(cands, d)
}

// associations lists the live Direct Connect associations of a gateway.
func (o *Oracle) associations(peer fabric.GatewayID) []fabric.Attachment {
	var out []fabric.Attachment
	for _, a := range o.net.Attachments {
		if a.Kind == fabric.DirectConnectAssociation && a.Peer == peer && !o.attachmentDown(a) {
			out = append(out, a)
		}
	}
	return out
}

// viaDirectConnect lists what a VGW has from Direct Connect gateways.
func (o *Oracle) viaDirectConnect(g fabric.Gateway) []netip.Prefix {
	var out []netip.Prefix
	for _, a := range o.associations(g.ID) {
		if dx := o.speakers[a.Gateway]; dx != nil {
			out = append(out, dx.prefixes()...)
		}
	}
	return out
}

// inDirectConnect: from a virtual interface to an association or back, never
// from one interface or association to another.
func (o *Oracle) inDirectConnect(s *speaker, n node, d netip.Addr) []step {
	if n.from == "association" {
		return choose(o.learned(s, 0), d)
	}
	var cands []candidate
	for _, a := range o.net.Attachments {
		if a.Kind != fabric.DirectConnectAssociation || a.Gateway != s.gateway.ID || o.attachmentDown(a) {
			continue
		}
		peer, _ := o.net.Gateway(a.Peer)
		if peer.Kind == fabric.TransitGateway {
			t, ok := o.tableFor(peer, a.ID)
			for _, p := range a.Allowed {
				if ok {
					cands = append(cands, candidate{p, 0, []step{{next: node{kind: atTransit, gateway: peer.ID, table: t.Name}}}})
				}
			}
			continue
		}
		v, ok := o.vpcOfVGW(peer)
		for _, p := range v.Prefixes {
			if ok && covered(a.Allowed, p) {
				cands = append(cands, candidate{p, 0, []step{{next: node{kind: atGateway, gateway: peer.ID, from: "association"}}}})
			}
		}
	}
	return choose(cands, d)
}

// inDevice: the site's own prefixes, or what its routers have learned.
func (o *Oracle) inDevice(s *speaker, d netip.Addr) []step {
	site, _ := o.net.Site(s.gateway.Site)
	cands := o.learned(s, 1)
	own := slices.Clone(site.Prefixes)
	for _, p := range s.gateway.Announce {
		if covered(site.Prefixes, p) {
			own = append(own, p) // brought in, so held
		}
	}
	for _, p := range own {
		cands = append(cands, candidate{p, 0, []step{{end: End{Kind: Arrived, Site: site.ID}}}})
	}
	return choose(cands, d)
}

// inAzureGateway: into its VNets, whose spaces beat what is learned inside
// them; else by a route of GatewaySubnet's own, or what is learned.
func (o *Oracle) inAzureGateway(s *speaker, d netip.Addr) []step {
	for _, v := range o.vnetsOf(s.gateway) {
		if covered(v.Prefixes, netip.PrefixFrom(d, d.BitLen())) {
			return o.deliver(v.ID, d)
		}
	}
	return choose(o.learned(s, 0), d)
}

// inHub: a virtual hub's connected VNets, what it has learned, the other hubs.
func (o *Oracle) inHub(s *speaker, n node, d netip.Addr) []step {
	var cands []candidate
	for _, v := range o.connected(s.gateway.ID) {
		for _, p := range v.Prefixes {
			if p.Contains(d) {
				cands = append(cands, candidate{p, 0, o.deliver(v.ID, d)})
			}
		}
	}
	for _, p := range s.prefixes() {
		best := o.bestOfHub(s, p)
		if n.from == "hub" && len(best) > 0 && best[0].remote {
			continue
		}
		if len(best) > 0 {
			cands = append(cands, candidate{p, 1, o.overTunnels(s.gateway.ID, best)})
		}
	}
	return choose(cands, d)
}

// Of routes of one prefix in an Azure VNet: user-defined, BGP, system.
const (
	azureUDR = iota
	azureBGP
	azureSystem
)

// inVNet is the decision of an Azure VNet for a subnet with one route table or
// none: the longest prefix, then user-defined, BGP, system; but BGP routes
// inside the VNet's own and peered spaces are never used.
func (o *Oracle) inVNet(n node, d netip.Addr) []step {
	v, _ := o.net.VPC(n.vpc)
	t, _ := o.net.RouteTable(fabric.RouteTableID(n.table))
	cands := []candidate{{netip.MustParsePrefix("0.0.0.0/0"), azureSystem, []step{{end: End{Kind: Gateway}}}}}
	for _, p := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"} {
		cands = append(cands, candidate{netip.MustParsePrefix(p), azureSystem, drop("no route")})
	}
	firm := false
	for _, w := range append(o.peered(fabric.VNetPeering, v.ID), peer{VPC: v}) {
		for _, p := range w.Prefixes {
			switch {
			case !p.Contains(d):
				continue
			case w.down:
				cands = append(cands, candidate{p, azureSystem, drop("the peering has failed")})
			default:
				cands = append(cands, candidate{p, azureSystem, o.deliver(w.ID, d)})
			}
			firm = true
		}
	}
	if !firm && !t.NoPropagation {
		for _, id := range o.gatewaysOf(v.ID) {
			for _, p := range o.offered(id, v) {
				cands = append(cands, candidate{p, azureBGP, []step{{next: node{kind: atGateway, gateway: id, from: "VNet"}}}})
			}
		}
	}
	for _, r := range t.Routes {
		if r.Prefix.Contains(d) {
			cands = append(cands, candidate{r.Prefix, azureUDR, o.azureHop(v, r.Hop, d)})
		}
	}
	return choose(cands, d)
}

// offered lists what a gateway hands to a VNet of its own.
func (o *Oracle) offered(id fabric.GatewayID, v fabric.VPC) []netip.Prefix {
	s := o.speakers[id]
	if s == nil {
		return nil
	}
	out := s.prefixes()
	if s.gateway.Kind == fabric.VirtualHub {
		for _, w := range o.connected(id) {
			if w.ID != v.ID {
				out = append(out, w.Prefixes...)
			}
		}
	}
	return out
}

// gatewaysOf returns the gateways that a VNet uses: its own, that of a VNet
// peered with gateway transit, and the virtual hub it is connected to.
func (o *Oracle) gatewaysOf(id fabric.VPCID) []fabric.GatewayID {
	var out []fabric.GatewayID
	for _, g := range o.net.Gateways {
		switch g.Kind {
		case fabric.VPNGateway, fabric.ExpressRouteGateway:
			if o.speakers[g.ID] != nil && slices.ContainsFunc(o.vnetsOf(g), func(v fabric.VPC) bool { return v.ID == id }) {
				out = append(out, g.ID)
			}
		case fabric.VirtualHub:
			if o.speakers[g.ID] != nil && slices.ContainsFunc(o.connected(g.ID), func(v fabric.VPC) bool { return v.ID == id }) {
				out = append(out, g.ID)
			}
		default:
		}
	}
	return out
}

func (o *Oracle) azureHop(v fabric.VPC, h fabric.Hop, d netip.Addr) []step {
	switch h.Kind {
	case fabric.HopVirtualNetworkGateway:
		for _, id := range o.gatewaysOf(v.ID) {
			if h.Gateway == "" || h.Gateway == id {
				return []step{{next: node{kind: atGateway, gateway: id, from: "VNet"}}}
			}
		}
		return drop("the VNet has no such gateway")
	case fabric.HopInternetGateway:
		return []step{{end: End{Kind: Gateway}}}
	case fabric.HopLocal:
		if covered(v.Prefixes, netip.PrefixFrom(d, d.BitLen())) {
			return o.deliver(v.ID, d)
		}
		return drop("not inside the VNet")
	case fabric.HopAppliance:
		return []step{{end: End{Kind: Unknown, Why: "an appliance"}}}
	default:
		return drop("blackhole")
	}
}

// judgeLimits ends the sessions over which more prefixes came than the
// receiver's cloud takes, and reports whether there were any.
func (o *Oracle) judgeLimits() bool {
	again := false
	for _, t := range o.net.Tunnels {
		for i := range 2 {
			s, far := o.speakers[t.Ends[i].Gateway], o.speakers[t.Ends[1-i].Gateway]
			if s == nil || far == nil || o.Refused[t.ID] || len(far.sent[t.ID]) == 0 {
				continue
			}
			if most, ok := o.mostFrom(s.gateway); ok && len(far.sent[t.ID]) > most {
				o.Refused[t.ID], again = true, true
			}
		}
	}
	return again
}

// mostFrom is how many prefixes a gateway takes from one peer before it ends
// the session.
func (o *Oracle) mostFrom(g fabric.Gateway) (int, bool) {
	ids := map[fabric.GatewayKind]atlas.LimitID{
		fabric.VirtualPrivateGateway: atlas.LimitAWSVPNPrefixesPeerToVGW,
		fabric.TransitGateway:        atlas.LimitAWSVPNPrefixesPeerToTGW,
		fabric.HAVPN:                 atlas.LimitGCPRouterPrefixesFromPeer,
		fabric.VPNGateway:            atlas.LimitAzureVPNPrefixesFromPeer,
		fabric.VirtualHub:            atlas.LimitAzureVPNPrefixesFromPeer,
		fabric.DirectConnectGateway:  atlas.LimitAWSDXPrefixesIn,
		fabric.ExpressRouteGateway:   atlas.LimitAzureERPrefixesIn,
	}
	id, ok := ids[g.Kind]
	if !ok {
		return 0, false
	}
	return o.atlas.Limit(id).Value, true
}
