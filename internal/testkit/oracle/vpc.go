package oracle

import (
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
)

// Of routes of one prefix in an AWS VPC: local, static, propagated.
const (
	awsLocal = iota
	awsStatic
	awsPropagated
)

// inAWS is the decision of an AWS VPC's route table. What is learned inside
// the VPC's own blocks is never used, however specific.
func (o *Oracle) inAWS(n node, d netip.Addr) []step {
	v, _ := o.net.VPC(n.vpc)
	t, _ := o.net.RouteTable(fabric.RouteTableID(n.table))
	var cands []candidate
	local := false
	for _, p := range v.Prefixes {
		if p.Contains(d) {
			local = true
			cands = append(cands, candidate{p, awsLocal, o.deliver(v.ID, d)})
		}
	}
	for _, r := range t.Routes {
		if r.Prefix.Contains(d) {
			cands = append(cands, candidate{r.Prefix, awsStatic, o.awsHop(n, r.Hop, d)})
		}
	}
	if !local {
		for _, id := range t.Propagate {
			for _, p := range o.propagatedInto(id, v.ID) {
				cands = append(cands, candidate{p, awsPropagated, []step{{next: node{kind: atGateway, gateway: id, from: "VPC"}}}})
			}
		}
	}
	return choose(cands, d)
}

// propagatedInto lists what a virtual private gateway puts into its VPC's
// tables: no more than the limit, and which ones are left out nobody says.
func (o *Oracle) propagatedInto(id fabric.GatewayID, v fabric.VPCID) []netip.Prefix {
	s := o.speakers[id]
	if s == nil {
		return nil
	}
	if at, ok := o.vpcOfVGW(s.gateway); !ok || at.ID != v {
		return nil
	}
	out := s.prefixes()
	for _, p := range o.viaDirectConnect(s.gateway) {
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	for _, c := range o.net.Connections {
		if c.Gateway == id && c.Static && !o.connectionDown(c) {
			out = append(out, c.StaticRoutes...)
		}
	}
	most := o.atlas.Limit(atlas.LimitAWSVPCPropagatedRoutes).Value
	if len(out) <= most {
		return out
	}
	seed := uint64(o.rank[string(o.net.Attachments[0].ID)])
	rand.New(rand.NewPCG(seed, 7)).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out[:most]
}

func (o *Oracle) connectionDown(c fabric.Connection) bool {
	for _, id := range c.Tunnels {
		if t, ok := o.net.Tunnel(id); ok && !o.tunnelDown(t) {
			return false
		}
	}
	return true
}

// awsHop takes a packet where a static route of an AWS table points.
func (o *Oracle) awsHop(n node, h fabric.Hop, d netip.Addr) []step {
	switch h.Kind {
	case fabric.HopInternetGateway:
		v, _ := o.net.VPC(n.vpc)
		if !v.InternetGateway {
			return drop("the VPC has no internet gateway")
		}
		return []step{{end: End{Kind: Gateway}}}
	case fabric.HopNAT:
		return o.throughNAT(h.NAT, d)
	case fabric.HopTransitGateway:
		return o.intoTransit(n, h.Gateway)
	case fabric.HopVirtualPrivateGateway:
		g, _ := o.net.Gateway(h.Gateway)
		if v, ok := o.vpcOfVGW(g); !ok || v.ID != n.vpc || o.gatewayDown(g.ID) {
			return drop("the virtual private gateway is not attached")
		}
		return []step{{next: node{kind: atGateway, gateway: h.Gateway, from: "VPC"}}}
	case fabric.HopAttachment:
		a, ok := o.net.Attachment(h.Attachment)
		if !ok || a.Kind != fabric.AWSPeering || o.attachmentDown(a) {
			return drop("the peering is gone")
		}
		far := a.PeerVPC
		if far == n.vpc {
			far = a.VPC
		}
		v, _ := o.net.VPC(far)
		if !covered(v.Prefixes, netip.PrefixFrom(d, d.BitLen())) {
			return drop("a peering is not transitive")
		}
		return o.deliver(far, d)
	case fabric.HopAppliance:
		return []step{{end: End{Kind: Unknown, Why: "an appliance"}}}
	default:
		return drop("blackhole")
	}
}

// intoTransit: a VPC's machines reach a transit gateway by its attachment, in
// zones where that has a subnet.
func (o *Oracle) intoTransit(n node, id fabric.GatewayID) []step {
	g, ok := o.net.Gateway(id)
	if !ok || o.gatewayDown(id) {
		return drop("the transit gateway has failed")
	}
	for _, a := range o.net.Attachments {
		if a.Kind != fabric.TransitVPCAttachment || a.Gateway != id || a.VPC != n.vpc || o.attachmentDown(a) {
			continue
		}
		if len(a.Subnets) > 0 && n.zone != "" && !o.standsIn(a.Subnets, n.zone) {
			return drop("no attachment subnet in zone " + n.zone)
		}
		t, ok := o.tableFor(g, a.ID)
		if !ok {
			return drop("the attachment is associated with no table")
		}
		return []step{{next: node{kind: atTransit, gateway: id, table: t.Name}}}
	}
	return drop("the VPC is not attached")
}

func (o *Oracle) standsIn(subnets []fabric.SubnetID, zone string) bool {
	for _, id := range subnets {
		s, _ := o.net.Subnet(id)
		if slices.ContainsFunc(s.Parts, func(p fabric.SubnetPart) bool { return p.Zone == zone || p.Zone == "" }) {
			return true
		}
	}
	return false
}

// throughNAT: a NAT gateway sends on by the table of its own subnet.
func (o *Oracle) throughNAT(id fabric.NATID, d netip.Addr) []step {
	nat, ok := o.net.NAT(id)
	if !ok || o.domainDown(nat.Meta.Domains) || o.siteDown(nat.Site) {
		return drop("the NAT gateway has failed")
	}
	s, ok := o.net.Subnet(nat.Subnet)
	if !ok {
		return []step{{end: End{Kind: NAT}}}
	}
	table := s.RouteTable
	for _, p := range s.Parts {
		if p.Zone == nat.Zone && p.RouteTable != "" {
			table = p.RouteTable
		}
	}
	var out []step
	for _, x := range o.inAWS(node{kind: atVPC, vpc: s.VPC, table: string(table), zone: nat.Zone}, d) {
		switch {
		case x.end.Kind == Gateway:
			x.end.Kind = NAT
		case x.end.Kind == 0 || x.end.Kind == Arrived:
			x = step{end: End{Kind: Unknown, Why: "NAT sends it back inside, with an address of its own"}}
		}
		out = append(out, x)
	}
	return out
}

// Of routes of one prefix in a GCP VPC by priority: what Google gives none.
const (
	gcpSubnet     = -1
	gcpDefault    = 1000
	fromPeer      = 1 << 20 // custom routes of the VPC itself go first
	fromElsewhere = betweenRegions
)

// inRegion is the decision of a GCP VPC for machines of one region: subnet
// routes of its own and its peers', which nothing inside them shadows; then
// the longest custom route, by priority.
func (o *Oracle) inRegion(n node, d netip.Addr) []step {
	v, _ := o.net.VPC(n.vpc)
	for _, s := range o.subnetsOf(v) {
		if s.prefix.Contains(d) {
			return o.deliver(v.ID, d)
		}
	}
	for _, w := range o.peered(fabric.VPCPeering, v.ID) {
		for _, s := range o.subnetsOf(w.VPC) {
			if s.prefix.Contains(d) && w.down {
				return drop("the peering has failed")
			}
			if s.prefix.Contains(d) {
				return o.deliver(w.ID, d)
			}
		}
	}
	for _, w := range o.spokes(v.ID) {
		for _, s := range o.subnetsOf(w) {
			if s.prefix.Contains(d) && o.nccDown(n.site, s.site) {
				return drop("the link over the NCC hub has failed")
			}
			if s.prefix.Contains(d) {
				return o.deliver(w.ID, d)
			}
		}
	}
	var cands []candidate
	if v.DefaultRoute {
		cands = append(cands, candidate{netip.MustParsePrefix("0.0.0.0/0"), gcpDefault, []step{{end: End{Kind: Gateway}}}})
	}
	cands = append(cands, o.gcpStatic(v.ID, 0, true)...)
	cands = append(cands, o.gcpDynamic(v, n.site, 0, nil)...)
	for _, a := range o.net.Attachments {
		if a.Kind != fabric.VPCPeering || a.VPC != v.ID || !a.ExchangeRoutes || o.linkDown(a.Link) {
			continue
		}
		hub, _ := o.net.VPC(a.PeerVPC)
		cands = append(cands, o.gcpStatic(hub.ID, fromPeer, false)...)
		cands = append(cands, o.gcpDynamic(hub, n.site, fromPeer, nil)...)
	}
	for _, w := range o.routing(v.ID) {
		cands = append(cands, o.gcpDynamic(w, n.site, fromPeer, o.hybridTunnels(w.ID))...)
	}
	out := choose(cands, d)
	for i := range out {
		if n.from == "tunnel" && out[i].end.Kind == Gateway {
			out[i] = drop("what comes by tunnel has no public address to leave with")[0]
		}
	}
	return out
}

// nccDown reports whether what two sites have of each other over the NCC hub
// has failed. What one VPC has in both needs no link.
func (o *Oracle) nccDown(a, b fabric.SiteID) bool {
	l, ok := o.net.Link(fabric.LinkBetween(a, b))
	return ok && l.Kind == fabric.NCCLink && o.linkDown(l.ID)
}

// peer is a network that another is peered with. The routes of a peering that
// has failed stay: nobody has deleted it.
type peer struct {
	fabric.VPC
	down bool
}

// peered returns the networks that one is peered with directly.
func (o *Oracle) peered(kind fabric.AttachmentKind, id fabric.VPCID) []peer {
	var out []peer
	for _, a := range o.net.Attachments {
		if a.Kind != kind || a.VPC != id && a.PeerVPC != id {
			continue
		}
		far := a.PeerVPC
		if far == id {
			far = a.VPC
		}
		if v, ok := o.net.VPC(far); ok {
			out = append(out, peer{v, o.linkDown(a.Link)})
		}
	}
	return out
}

// gcpStatic lists the static routes of a VPC; those to the internet gateway
// are not exchanged.
func (o *Oracle) gcpStatic(id fabric.VPCID, rank int, own bool) []candidate {
	var out []candidate
	for _, t := range o.net.RouteTables {
		if t.VPC != id {
			continue
		}
		for _, r := range t.Routes {
			priority := r.Priority
			if priority == 0 {
				priority = gcpDefault
			}
			switch r.Hop.Kind {
			case fabric.HopInternetGateway:
				if own {
					out = append(out, candidate{r.Prefix, priority, []step{{end: End{Kind: Gateway}}}})
				}
			case fabric.HopAppliance:
				out = append(out, candidate{r.Prefix, rank + priority, []step{{end: End{Kind: Unknown, Why: "an appliance"}}}})
			default:
				out = append(out, candidate{r.Prefix, rank + priority, drop("blackhole")})
			}
		}
	}
	return out
}

// hybridTunnels lists the tunnels of a VPC's hybrid spokes.
func (o *Oracle) hybridTunnels(v fabric.VPCID) []fabric.TunnelID {
	out := []fabric.TunnelID{}
	for _, a := range o.net.Attachments {
		if a.Kind == fabric.NCCHybridSpoke && a.VPC == v {
			out = append(out, a.Tunnels...)
		}
	}
	return out
}

// gcpDynamic lists what the Cloud Routers of a VPC have learned (over the
// tunnels named, all when nil), as seen from a region.
func (o *Oracle) gcpDynamic(v fabric.VPC, at fabric.SiteID, rank int, over []fabric.TunnelID) []candidate {
	var own, far []candidate
	for _, g := range o.net.Gateways {
		s := o.speakers[g.ID]
		if g.Kind != fabric.HAVPN || g.VPC != v.ID || s == nil || v.RegionalRouting && !o.sameRegion(g.Site, at) || over != nil && o.nccDown(g.Site, at) {
			continue
		}
		for _, p := range s.prefixes() {
			best := o.best(g, s.heard(p, func(id fabric.TunnelID) bool { return over == nil || slices.Contains(over, id) }))
			if len(best) == 0 {
				continue
			}
			c := candidate{p, rank + best[0].med, o.overTunnels(g.ID, best)}
			if o.sameRegion(g.Site, at) {
				own = append(own, c)
				continue
			}
			c.rank += fromElsewhere
			far = append(far, c)
		}
	}
	own = keep(own, o.atlas.Limit(atlas.LimitGCPRouterLearnedOwnRegion).Value)
	far = keep(far, o.atlas.Limit(atlas.LimitGCPRouterLearnedOtherRegions).Value)
	return append(own, far...)
}

func (o *Oracle) sameRegion(a, b fabric.SiteID) bool {
	x, _ := o.net.Site(a)
	y, _ := o.net.Site(b)
	return a == b || x.Cloud == y.Cloud && x.Region == y.Region
}

// keep drops what is beyond the quota of unique destinations: the longest
// masks first, then by address.
func keep(list []candidate, most int) []candidate {
	var unique []netip.Prefix
	for _, c := range list {
		if !slices.Contains(unique, c.prefix) {
			unique = append(unique, c.prefix)
		}
	}
	if len(unique) <= most {
		return list
	}
	slices.SortFunc(unique, func(a, b netip.Prefix) int {
		if a.Bits() != b.Bits() {
			return a.Bits() - b.Bits()
		}
		return a.Addr().Compare(b.Addr())
	})
	return slices.DeleteFunc(list, func(c candidate) bool { return !slices.Contains(unique[:most], c.prefix) })
}
