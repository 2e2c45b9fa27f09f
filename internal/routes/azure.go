package routes

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// systemTable is the table of a VNet's subnets without routes of their own.
func systemTable(v fabric.VPCID) TableID { return TableID(v + "/rt-system") }

// userTable is a route table with user-defined routes as a VNet's subnets see it.
func userTable(rt *fabric.RouteTable, v fabric.VPCID) TableID {
	if rt.VPC == v {
		return TableID(rt.ID)
	}
	return TableID(string(rt.ID) + "@" + string(v))
}

// userTables lists the route tables that a VNet's subnets use, by index.
func (p *Plane) userTables(v *fabric.VPC) []int {
	var out []int
	for _, k := range p.ix.subnetsOf[v.ID] {
		sn := &p.net.Subnets[k]
		for i := range sn.Parts {
			if rt := find(p.ix.tables, partTable(sn, &sn.Parts[i])); rt >= 0 {
				out = append(out, rt)
			}
		}
	}
	out = append(out, p.ix.tablesOf[v.ID]...)
	slices.Sort(out)
	return slices.Compact(out)
}

// azureSlots lists the tables of Azure.
func (p *Plane) azureSlots() {
	n := p.net
	for i := range n.VPCs {
		v := &n.VPCs[i]
		if v.Cloud != vocab.Azure {
			continue
		}
		p.addSlot(Table{ID: systemTable(v.ID), Kind: VPCTable, Site: vpcSite(v), VPC: v.ID, Meta: v.Meta})
		for _, k := range p.userTables(v) {
			rt := &n.RouteTables[k]
			p.addSlot(Table{ID: userTable(rt, v.ID), Kind: VPCTable, Site: vpcSite(v), VPC: v.ID, Meta: rt.Meta})
		}
	}
	for i := range n.Gateways {
		g := &n.Gateways[i]
		switch g.Kind {
		case fabric.VPNGateway, fabric.ExpressRouteGateway:
			p.addSlot(Table{ID: TableID(g.ID), Kind: GatewayTable, Site: g.Site, Gateway: g.ID, Meta: g.Meta})
		case fabric.VirtualHub:
			p.addSlot(Table{ID: TableID(g.ID), Kind: HubTable, Site: g.Site, Gateway: g.ID, Meta: g.Meta})
		case fabric.VirtualPrivateGateway, fabric.TransitGateway, fabric.HAVPN, fabric.Device, fabric.DirectConnectGateway:
		}
	}
}

// Ranks of Azure routes of one prefix: user-defined ones, then what the
// platform makes (virtual network traffic routing, "How Azure selects a route").
const (
	rankUser = iota
	rankSystem
	rankPlatform // default routes: those to nowhere and to the internet
)

// azureEntries fills the tables of Azure.
func (p *Plane) azureEntries() {
	n := p.net
	for i := range n.VPCs {
		v := &n.VPCs[i]
		if v.Cloud != vocab.Azure {
			continue
		}
		p.vnetEntries(p.slotOf(systemTable(v.ID)), v, nil)
		for _, k := range p.userTables(v) {
			rt := &n.RouteTables[k]
			p.vnetEntries(p.slotOf(userTable(rt, v.ID)), v, rt)
		}
	}
	for i := range n.Gateways {
		switch n.Gateways[i].Kind {
		case fabric.VPNGateway, fabric.ExpressRouteGateway:
			p.vnetGatewayEntries(i)
		case fabric.VirtualHub:
			p.hubEntries(i)
		case fabric.VirtualPrivateGateway, fabric.TransitGateway, fabric.HAVPN, fabric.Device, fabric.DirectConnectGateway:
		}
	}
}

// peers lists a VNet's peerings with the other side.
func (p *Plane) peers(v fabric.VPCID) (atts []int, others []fabric.VPCID) {
	for _, k := range p.ix.ofVPC[v] {
		a := &p.net.Attachments[k]
		if a.Kind != fabric.VNetPeering {
			continue
		}
		other := a.PeerVPC
		if other == v {
			other = a.VPC
		}
		atts, others = append(atts, k), append(others, other)
	}
	return atts, others
}

// vnetEntries fills the effective routes of a VNet's subnets: system routes,
// and over them those of a route table.
func (p *Plane) vnetEntries(s int, v *fabric.VPC, rt *fabric.RouteTable) {
	n := p.net
	sl := &p.slots[s]
	for _, q := range v.Prefixes {
		sl.add(entry{prefix: q, proto: Local, rank: rankSystem, firm: true, act: deliver(v.ID, -1, ""), origin: v.Meta.Origin, why: "the VNet's address space"})
	}
	atts, others := p.peers(v.ID)
	for i, other := range others {
		w := find(p.ix.vpcs, other)
		if w < 0 {
			continue
		}
		for _, q := range n.VPCs[w].Prefixes {
			a := &n.Attachments[atts[i]]
			sl.add(entry{prefix: q, proto: Peered, rank: rankSystem, firm: true, act: deliver(other, atts[i], a.Link), origin: a.Meta.Origin, why: "the peered " + string(other)})
		}
	}
	for _, q := range p.azureDrops {
		sl.add(entry{prefix: q, proto: Default, rank: rankPlatform, yields: true, metric: yieldsAlways, act: discard("Azure drops private ranges that nothing covers"), why: "a default system route"})
	}
	sl.add(entry{
		prefix: netip.PrefixFrom(netip.IPv4Unspecified(), 0), proto: Default, rank: rankPlatform, yields: true, metric: yieldsAlways,
		act: p.internet(v.ID, p.region(vpcSite(v))), origin: v.Meta.Origin, why: "the default system route",
	})
	if rt != nil {
		for i := range rt.Routes {
			r := &rt.Routes[i]
			sl.add(entry{prefix: r.Prefix, proto: Static, rank: rankUser, act: p.userHop(v, r), origin: r.Origin, why: "a user-defined route" + noted(r)})
		}
		if rt.NoPropagation {
			return
		}
	}
	p.vnetLearns(sl, v)
}

// yieldsAlways: any learned route of the prefix is preferred.
const yieldsAlways = 1 << 40

func noted(r *fabric.Route) string {
	if r.Note == "" {
		return ""
	}
	return " to " + r.Note
}

// vnetGateways lists the gateways that a VNet uses, its own and by gateway
// transit, with the peering to each (-1 for its own).
func (p *Plane) vnetGateways(v fabric.VPCID) (gateways, atts []int) {
	take := func(w fabric.VPCID, att int) {
		for _, g := range p.ix.gatewaysOf[w] {
			if k := p.net.Gateways[g].Kind; k == fabric.VPNGateway || k == fabric.ExpressRouteGateway {
				gateways, atts = append(gateways, g), append(atts, att)
			}
		}
	}
	take(v, -1)
	for _, k := range p.ix.ofVPC[v] {
		if a := &p.net.Attachments[k]; a.Kind == fabric.VNetPeering && a.GatewayTransit && a.VPC == v {
			take(a.PeerVPC, k)
		}
	}
	return gateways, atts
}

// vnetLearns says from which gateway or hub a VNet learns.
func (p *Plane) vnetLearns(s *slot, v *fabric.VPC) {
	n := p.net
	for _, k := range p.ix.ofVPC[v.ID] {
		a := &n.Attachments[k]
		g := find(p.ix.gateways, a.Gateway)
		if a.Kind == fabric.VirtualHubConnection && g >= 0 && p.nodeOf[g] >= 0 {
			s.learn = learning{kind: viaHub, node: p.nodeOf[g], hop: forward(p.slotOf(TableID(a.Gateway)), g, k, "")}
			return
		}
	}
	gateways, atts := p.vnetGateways(v.ID)
	if len(gateways) == 0 {
		return
	}
	if len(gateways) == 1 {
		g := gateways[0]
		s.learn = learning{kind: viaHanded, node: p.nodeOf[g], hop: forward(p.slotOf(TableID(n.Gateways[g].ID)), g, atts[0], p.attLink(atts[0]))}
		return
	}
	// An ExpressRoute gateway's routes are preferred over a VPN gateway's.
	st := set{site: vpcSite(v), vpc: -1, ignoreMED: true}
	for i, g := range gateways {
		x := source{node: p.nodeOf[g], gateway: g, att: atts[i], link: p.attLink(atts[i]), named: true, exit: p.slotOf(TableID(n.Gateways[g].ID)), own: atts[i] < 0}
		if n.Gateways[g].Kind == fabric.VPNGateway {
			x.cost = 1
		}
		st.sources = append(st.sources, x)
	}
	s.learn = learning{kind: viaSet, set: p.addSet(st)}
}

func (p *Plane) attLink(att int) fabric.LinkID {
	if att < 0 {
		return ""
	}
	return p.net.Attachments[att].Link
}

// userHop resolves a user-defined route.
func (p *Plane) userHop(v *fabric.VPC, r *fabric.Route) action {
	switch r.Hop.Kind {
	case fabric.HopVirtualNetworkGateway:
		gateways, atts := p.vnetGateways(v.ID)
		for i, g := range gateways {
			gw := &p.net.Gateways[g]
			// It may point at a VPN gateway only.
			if gw.Kind == fabric.VPNGateway && (r.Hop.Gateway == "" || r.Hop.Gateway == gw.ID) {
				return forward(p.slotOf(TableID(gw.ID)), g, atts[i], p.attLink(atts[i]))
			}
		}
		return discard("the VNet uses no VPN gateway")
	case fabric.HopInternetGateway:
		return p.internet(v.ID, p.region(vpcSite(v)))
	case fabric.HopLocal:
		return deliver(v.ID, -1, "")
	case fabric.HopBlackhole:
		return discard("a user-defined route to nowhere")
	case fabric.HopAppliance:
		return unknown("what the machine at " + addr(r.Hop.Address) + " forwards is not modelled")
	case fabric.HopNAT, fabric.HopTransitGateway, fabric.HopAttachment, fabric.HopVirtualPrivateGateway:
	}
	return unknown("its next hop is none of Azure")
}

// vnetGatewayEntries fills the table of a VNet's gateway, which is what its
// GatewaySubnet sees: the VNet, the VNets that use the gateway, and the
// user-defined routes of that subnet. It announces each of their address
// spaces, and refuses from peers what is equal to or inside one of them.
func (p *Plane) vnetGatewayEntries(g int) {
	n := p.net
	gw := &n.Gateways[g]
	s := &p.slots[p.slotOf(TableID(gw.ID))]
	s.learn = learning{kind: viaNode, node: p.nodeOf[g]}
	v := find(p.ix.vpcs, gw.VPC)
	if v < 0 {
		return
	}
	nd := &p.nodes[p.nodeOf[g]]
	nd.refuse = &prefix.Table[struct{}]{}
	space := func(w *fabric.VPC, att, dep int, proto Protocol, why string) {
		for _, q := range w.Prefixes {
			s.add(entry{prefix: q, proto: proto, rank: rankSystem, firm: true, act: deliver(w.ID, att, p.attLink(att)), origin: w.Meta.Origin, why: why})
			p.originate(q, origin{node: p.nodeOf[g], dep: dep, line: w.Meta.Origin})
			nd.refuse.Insert(q, struct{}{})
		}
	}
	space(&n.VPCs[v], -1, -1, Local, "the VNet's address space")
	for _, k := range p.ix.ofVPC[gw.VPC] {
		a := &n.Attachments[k]
		w := find(p.ix.vpcs, a.VPC)
		if a.Kind != fabric.VNetPeering || !a.GatewayTransit || a.PeerVPC != gw.VPC || w < 0 {
			continue
		}
		dep := -1
		if a.Link != "" || vpcSite(&n.VPCs[w]) != gw.Site {
			dep = k
		}
		space(&n.VPCs[w], k, dep, Peered, string(a.VPC)+" uses the gateway")
	}
	for _, k := range p.ix.subnetsOf[gw.VPC] {
		sn := &n.Subnets[k]
		rt := find(p.ix.tables, sn.RouteTable)
		if sn.Purpose != fabric.GatewaySubnet || rt < 0 {
			continue
		}
		for i := range n.RouteTables[rt].Routes {
			r := &n.RouteTables[rt].Routes[i]
			s.add(entry{prefix: r.Prefix, proto: Static, rank: rankUser, act: p.userHop(&n.VPCs[v], r), origin: r.Origin, why: "a user-defined route of GatewaySubnet" + noted(r)})
		}
	}
}

// hubEntries fills the table of a virtual hub: its own prefix and its VNets.
func (p *Plane) hubEntries(g int) {
	n := p.net
	gw := &n.Gateways[g]
	s := &p.slots[p.slotOf(TableID(gw.ID))]
	s.learn = learning{kind: viaNode, node: p.nodeOf[g]}
	nd := &p.nodes[p.nodeOf[g]]
	nd.refuse = &prefix.Table[struct{}]{}
	if gw.Prefix.IsValid() {
		s.add(entry{prefix: gw.Prefix, proto: Local, rank: rankSystem, firm: true, act: deliver("", -1, ""), origin: gw.Meta.Origin, why: "the hub's own prefix"})
		p.originate(gw.Prefix, origin{node: p.nodeOf[g], dep: -1, line: gw.Meta.Origin})
	}
	for _, k := range p.ix.attachedTo[gw.ID] {
		a := &n.Attachments[k]
		v := find(p.ix.vpcs, a.VPC)
		if a.Kind != fabric.VirtualHubConnection || v < 0 {
			continue
		}
		dep := -1
		if vpcSite(&n.VPCs[v]) != gw.Site {
			dep = k
		}
		for _, q := range n.VPCs[v].Prefixes {
			s.add(entry{prefix: q, proto: Local, rank: rankSystem, firm: true, act: deliver(a.VPC, k, ""), origin: n.VPCs[v].Meta.Origin, why: "a connected VNet"})
			p.originate(q, origin{node: p.nodeOf[g], dep: dep, line: n.VPCs[v].Meta.Origin})
			nd.refuse.Insert(q, struct{}{})
		}
	}
}
