package cloud

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes/bgp"
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
func (l *Layout) userTables(v *fabric.VPC) []int {
	var out []int
	for _, k := range l.Index.SubnetsOf[v.ID] {
		sn := &l.net.Subnets[k]
		for i := range sn.Parts {
			if rt := Find(l.Index.tables, partTable(sn, &sn.Parts[i])); rt >= 0 {
				out = append(out, rt)
			}
		}
	}
	out = append(out, l.Index.tablesOf[v.ID]...)
	slices.Sort(out)
	return slices.Compact(out)
}

// azureSlots lists the tables of Azure.
func (l *Layout) azureSlots() {
	n := l.net
	for i := range n.VPCs {
		v := &n.VPCs[i]
		if v.Cloud != vocab.Azure {
			continue
		}
		l.addSlot(Slot{ID: systemTable(v.ID), Kind: VPCTable, Site: VPCSite(v), VPC: v.ID, Meta: v.Meta})
		for _, k := range l.userTables(v) {
			rt := &n.RouteTables[k]
			l.addSlot(Slot{ID: userTable(rt, v.ID), Kind: VPCTable, Site: VPCSite(v), VPC: v.ID, Meta: rt.Meta})
		}
	}
	for i := range n.Gateways {
		g := &n.Gateways[i]
		switch g.Kind {
		case fabric.VPNGateway, fabric.ExpressRouteGateway:
			l.addSlot(Slot{ID: TableID(g.ID), Kind: GatewayTable, Site: g.Site, Gateway: g.ID, Meta: g.Meta})
		case fabric.VirtualHub:
			l.addSlot(Slot{ID: TableID(g.ID), Kind: HubTable, Site: g.Site, Gateway: g.ID, Meta: g.Meta})
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
func (l *Layout) azureEntries() {
	n := l.net
	for i := range n.VPCs {
		v := &n.VPCs[i]
		if v.Cloud != vocab.Azure {
			continue
		}
		l.vnetEntries(l.SlotOf(systemTable(v.ID)), v, nil)
		for _, k := range l.userTables(v) {
			rt := &n.RouteTables[k]
			l.vnetEntries(l.SlotOf(userTable(rt, v.ID)), v, rt)
		}
	}
	for i := range n.Gateways {
		switch n.Gateways[i].Kind {
		case fabric.VPNGateway, fabric.ExpressRouteGateway:
			l.vnetGatewayEntries(i)
		case fabric.VirtualHub:
			l.hubEntries(i)
		case fabric.VirtualPrivateGateway, fabric.TransitGateway, fabric.HAVPN, fabric.Device, fabric.DirectConnectGateway:
		}
	}
}

// peers lists a VNet's peerings with the other side.
func (l *Layout) peers(v fabric.VPCID) (atts []int, others []fabric.VPCID) {
	for _, k := range l.Index.ofVPC[v] {
		a := &l.net.Attachments[k]
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
func (l *Layout) vnetEntries(s int, v *fabric.VPC, rt *fabric.RouteTable) {
	n := l.net
	sl := &l.Slots[s]
	for _, q := range v.Prefixes {
		sl.add(Entry{Prefix: q, Protocol: Local, rank: rankSystem, Firm: true, Act: Deliver(v.ID, -1, ""), Origin: v.Meta.Origin, Why: "the VNet's address space"})
	}
	atts, others := l.peers(v.ID)
	for i, other := range others {
		w := Find(l.Index.VPCs, other)
		if w < 0 {
			continue
		}
		for _, q := range n.VPCs[w].Prefixes {
			a := &n.Attachments[atts[i]]
			sl.add(Entry{Prefix: q, Protocol: Peered, rank: rankSystem, Firm: true, Act: Deliver(other, atts[i], a.Link), Origin: a.Meta.Origin, Why: "the peered " + string(other)})
		}
	}
	for _, q := range l.azureDrops {
		sl.add(Entry{Prefix: q, Protocol: Default, rank: rankPlatform, yields: true, Metric: yieldsAlways, Act: discard("Azure drops private ranges that nothing covers"), Why: "a default system route"})
	}
	sl.add(Entry{
		Prefix: netip.PrefixFrom(netip.IPv4Unspecified(), 0), Protocol: Default, rank: rankPlatform, yields: true, Metric: yieldsAlways,
		Act: l.internet(v.ID, l.Region(VPCSite(v))), Origin: v.Meta.Origin, Why: "the default system route",
	})
	if rt != nil {
		for i := range rt.Routes {
			r := &rt.Routes[i]
			sl.add(Entry{Prefix: r.Prefix, Protocol: Static, rank: rankUser, Act: l.userHop(v, r), Origin: r.Origin, Why: "a user-defined route" + noted(r)})
		}
		if rt.NoPropagation {
			return
		}
	}
	l.vnetLearns(sl, v)
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
func (l *Layout) vnetGateways(v fabric.VPCID) (gateways, atts []int) {
	take := func(w fabric.VPCID, att int) {
		for _, g := range l.Index.gatewaysOf[w] {
			if k := l.net.Gateways[g].Kind; k == fabric.VPNGateway || k == fabric.ExpressRouteGateway {
				gateways, atts = append(gateways, g), append(atts, att)
			}
		}
	}
	take(v, -1)
	for _, k := range l.Index.ofVPC[v] {
		if a := &l.net.Attachments[k]; a.Kind == fabric.VNetPeering && a.GatewayTransit && a.VPC == v {
			take(a.PeerVPC, k)
		}
	}
	return gateways, atts
}

// vnetLearns says from which gateway or hub a VNet learns.
func (l *Layout) vnetLearns(s *Slot, v *fabric.VPC) {
	n := l.net
	for _, k := range l.Index.ofVPC[v.ID] {
		a := &n.Attachments[k]
		g := Find(l.Index.Gateways, a.Gateway)
		if a.Kind == fabric.VirtualHubConnection && g >= 0 && l.NodeOf[g] >= 0 {
			s.Learn = Learning{Kind: ViaHub, Node: l.NodeOf[g], Hop: Forward(l.SlotOf(TableID(a.Gateway)), g, k, "")}
			return
		}
	}
	gateways, atts := l.vnetGateways(v.ID)
	if len(gateways) == 0 {
		return
	}
	if len(gateways) == 1 {
		g := gateways[0]
		s.Learn = Learning{Kind: ViaHanded, Node: l.NodeOf[g], Hop: Forward(l.SlotOf(TableID(n.Gateways[g].ID)), g, atts[0], l.attLink(atts[0]))}
		return
	}
	// An ExpressRoute gateway's routes are preferred over a VPN gateway's.
	st := Set{Site: VPCSite(v), VPC: -1, IgnoreMED: true}
	for i, g := range gateways {
		x := Source{Node: l.NodeOf[g], Gateway: g, Attachment: atts[i], Link: l.attLink(atts[i]), Named: true, Exit: l.SlotOf(TableID(n.Gateways[g].ID)), Own: atts[i] < 0}
		if n.Gateways[g].Kind == fabric.VPNGateway {
			x.Cost = 1
		}
		st.Sources = append(st.Sources, x)
	}
	s.Learn = Learning{Kind: ViaSet, Set: l.addSet(st)}
}

func (l *Layout) attLink(att int) fabric.LinkID {
	if att < 0 {
		return ""
	}
	return l.net.Attachments[att].Link
}

// userHop resolves a user-defined route.
func (l *Layout) userHop(v *fabric.VPC, r *fabric.Route) Action {
	switch r.Hop.Kind {
	case fabric.HopVirtualNetworkGateway:
		gateways, atts := l.vnetGateways(v.ID)
		for i, g := range gateways {
			gw := &l.net.Gateways[g]
			// It may point at a VPN gateway only.
			if gw.Kind == fabric.VPNGateway && (r.Hop.Gateway == "" || r.Hop.Gateway == gw.ID) {
				return Forward(l.SlotOf(TableID(gw.ID)), g, atts[i], l.attLink(atts[i]))
			}
		}
		return discard("the VNet uses no VPN gateway")
	case fabric.HopInternetGateway:
		return l.internet(v.ID, l.Region(VPCSite(v)))
	case fabric.HopLocal:
		return Deliver(v.ID, -1, "")
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
func (l *Layout) vnetGatewayEntries(g int) {
	n := l.net
	gw := &n.Gateways[g]
	s := &l.Slots[l.SlotOf(TableID(gw.ID))]
	s.Learn = Learning{Kind: ViaNode, Node: l.NodeOf[g]}
	v := Find(l.Index.VPCs, gw.VPC)
	if v < 0 {
		return
	}
	nd := &l.Machine.Nodes[l.NodeOf[g]]
	nd.Refuse = &prefix.Table[struct{}]{}
	space := func(w *fabric.VPC, att, dep int, proto Protocol, why string) {
		for _, q := range w.Prefixes {
			s.add(Entry{Prefix: q, Protocol: proto, rank: rankSystem, Firm: true, Act: Deliver(w.ID, att, l.attLink(att)), Origin: w.Meta.Origin, Why: why})
			l.Machine.Originate(q, bgp.Origin{Node: l.NodeOf[g], Attachment: dep, Line: w.Meta.Origin})
			nd.Refuse.Insert(q, struct{}{})
		}
	}
	space(&n.VPCs[v], -1, -1, Local, "the VNet's address space")
	for _, k := range l.Index.ofVPC[gw.VPC] {
		a := &n.Attachments[k]
		w := Find(l.Index.VPCs, a.VPC)
		if a.Kind != fabric.VNetPeering || !a.GatewayTransit || a.PeerVPC != gw.VPC || w < 0 {
			continue
		}
		dep := -1
		if a.Link != "" || VPCSite(&n.VPCs[w]) != gw.Site {
			dep = k
		}
		space(&n.VPCs[w], k, dep, Peered, string(a.VPC)+" uses the gateway")
	}
	for _, k := range l.Index.SubnetsOf[gw.VPC] {
		sn := &n.Subnets[k]
		rt := Find(l.Index.tables, sn.RouteTable)
		if sn.Purpose != fabric.GatewaySubnet || rt < 0 {
			continue
		}
		for i := range n.RouteTables[rt].Routes {
			r := &n.RouteTables[rt].Routes[i]
			s.add(Entry{Prefix: r.Prefix, Protocol: Static, rank: rankUser, Act: l.userHop(&n.VPCs[v], r), Origin: r.Origin, Why: "a user-defined route of GatewaySubnet" + noted(r)})
		}
	}
}

// hubEntries fills the table of a virtual hub: its own prefix and its VNets.
func (l *Layout) hubEntries(g int) {
	n := l.net
	gw := &n.Gateways[g]
	s := &l.Slots[l.SlotOf(TableID(gw.ID))]
	s.Learn = Learning{Kind: ViaNode, Node: l.NodeOf[g]}
	nd := &l.Machine.Nodes[l.NodeOf[g]]
	nd.Refuse = &prefix.Table[struct{}]{}
	if gw.Prefix.IsValid() {
		s.add(Entry{Prefix: gw.Prefix, Protocol: Local, rank: rankSystem, Firm: true, Act: Deliver("", -1, ""), Origin: gw.Meta.Origin, Why: "the hub's own prefix"})
		l.Machine.Originate(gw.Prefix, bgp.Origin{Node: l.NodeOf[g], Attachment: -1, Line: gw.Meta.Origin})
	}
	for _, k := range l.Index.attachedTo[gw.ID] {
		a := &n.Attachments[k]
		v := Find(l.Index.VPCs, a.VPC)
		if a.Kind != fabric.VirtualHubConnection || v < 0 {
			continue
		}
		dep := -1
		if VPCSite(&n.VPCs[v]) != gw.Site {
			dep = k
		}
		for _, q := range n.VPCs[v].Prefixes {
			s.add(Entry{Prefix: q, Protocol: Local, rank: rankSystem, Firm: true, Act: Deliver(a.VPC, k, ""), Origin: n.VPCs[v].Meta.Origin, Why: "a connected VNet"})
			l.Machine.Originate(q, bgp.Origin{Node: l.NodeOf[g], Attachment: dep, Line: n.VPCs[v].Meta.Origin})
			nd.Refuse.Insert(q, struct{}{})
		}
	}
}
