package cloud

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes/bgp"
	"github.com/tieline/tieline/internal/vocab"
)

// transitTable is a table of a transit gateway as configured.
type transitTable struct {
	fabric.TransitTable
	name      string
	slot      int
	learn     []int // VPN and Direct Connect attachments whose routes it learns
	propagate []int // VPC attachments whose blocks it learns
	announces bool  // a VPN attachment is associated with it
	node      int
}

// assocKey is an attachment as one transit gateway sees it.
type assocKey struct{ gateway, att int }

// transitTables reads the tables of transit gateways. A gateway that works by
// its default table has one that all attachments are associated with, and that
// learns of all but peerings.
func (l *Layout) transitTables() {
	n := l.net
	for i := range n.Gateways {
		g := &n.Gateways[i]
		if g.Kind != fabric.TransitGateway {
			continue
		}
		tables := g.Tables
		if g.DefaultTable && (len(tables) == 0 || len(tables) == 1 && len(tables[0].Associate) == 0) {
			def := fabric.TransitTable{Name: "default"}
			if len(tables) == 1 {
				def = tables[0]
			}
			for _, k := range l.Index.attachedTo[g.ID] {
				a := &n.Attachments[k]
				def.Associate = append(def.Associate, a.ID)
				if a.Kind != fabric.TransitPeering {
					def.Propagate = append(def.Propagate, a.ID)
				}
			}
			tables = []fabric.TransitTable{def}
		}
		for _, in := range tables {
			t := &transitTable{TransitTable: in, name: in.Name, slot: -1, node: -1}
			for _, id := range in.Associate {
				k := Find(l.Index.Attachments, id)
				if k < 0 {
					continue
				}
				l.assoc[assocKey{i, k}] = t
				t.announces = t.announces || n.Attachments[k].Kind == fabric.TransitVPNAttachment
			}
			for _, id := range in.Propagate {
				k := Find(l.Index.Attachments, id)
				if k < 0 {
					continue
				}
				switch n.Attachments[k].Kind {
				case fabric.TransitVPNAttachment, fabric.DirectConnectAssociation:
					t.learn = append(t.learn, k)
				case fabric.TransitVPCAttachment:
					t.propagate = append(t.propagate, k)
				case fabric.VGWAttachment, fabric.TransitPeering, fabric.VNetPeering, fabric.VirtualHubConnection,
					fabric.VPCPeering, fabric.NCCSpoke, fabric.NCCHybridSpoke, fabric.AWSPeering:
				}
			}
			slices.Sort(t.learn)
			slices.Sort(t.propagate)
			l.transit[i] = append(l.transit[i], t)
		}
	}
}

// awsSlots lists the tables of AWS.
func (l *Layout) awsSlots() {
	n := l.net
	for i := range n.VPCs {
		v := &n.VPCs[i]
		if v.Cloud != vocab.AWS {
			continue
		}
		for _, k := range l.Index.tablesOf[v.ID] {
			rt := &n.RouteTables[k]
			l.addSlot(Slot{ID: TableID(rt.ID), Kind: VPCTable, Site: VPCSite(v), VPC: v.ID, Meta: rt.Meta})
			for _, zone := range l.cutOff(v, rt) {
				l.addSlot(Slot{ID: zoneTable(rt.ID, zone), Kind: VPCTable, Site: VPCSite(v), VPC: v.ID, Meta: rt.Meta})
			}
		}
		if len(l.Index.tablesOf[v.ID]) == 0 {
			meta := v.Meta
			if v.Existing != "" && meta.Unread == "" {
				meta.Unread = "the route tables of the existing VPC are not known"
			}
			l.addSlot(Slot{ID: mainTable(v.ID), Kind: VPCTable, Site: VPCSite(v), VPC: v.ID, Meta: meta})
		}
	}
	for i := range n.Gateways {
		g := &n.Gateways[i]
		switch g.Kind {
		case fabric.TransitGateway:
			for _, t := range l.transit[i] {
				l.addSlot(Slot{ID: transitID(g.ID, t.name), Kind: TransitTable, Site: g.Site, Gateway: g.ID, Meta: g.Meta})
			}
		case fabric.VirtualPrivateGateway:
			l.addSlot(Slot{ID: TableID(g.ID), Kind: GatewayTable, Site: g.Site, Gateway: g.ID, Meta: g.Meta})
		case fabric.DirectConnectGateway:
			l.addSlot(Slot{ID: TableID(g.ID), Kind: GatewayTable, Site: g.Site, Gateway: g.ID, Meta: g.Meta})
			l.addSlot(Slot{ID: CircuitsID(g.ID), Kind: GatewayTable, Site: g.Site, Gateway: g.ID, Meta: g.Meta})
		case fabric.HAVPN, fabric.VPNGateway, fabric.VirtualHub, fabric.Device, fabric.ExpressRouteGateway:
		}
	}
}

// mainTable is the main route table of a VPC of which none is known.
func mainTable(v fabric.VPCID) TableID { return TableID(v + "/rt-main") }

// zoneTable is a VPC's route table as a zone sees it in which the transit
// gateway has no subnet.
func zoneTable(rt fabric.RouteTableID, zone string) TableID { return TableID(string(rt) + "@" + zone) }

func transitID(g fabric.GatewayID, name string) TableID { return TableID(string(g) + "/" + name) }

// CircuitsID is the table of a Direct Connect gateway for what comes from its
// associations: it leads to the circuits only.
func CircuitsID(g fabric.GatewayID) TableID { return TableID(g + "/circuits") }

// transitAttachment returns the attachment of a VPC to a transit gateway, or -1.
func (l *Layout) transitAttachment(v fabric.VPCID, g fabric.GatewayID) int {
	for _, k := range l.Index.ofVPC[v] {
		if a := &l.net.Attachments[k]; a.Kind == fabric.TransitVPCAttachment && a.Gateway == g {
			return k
		}
	}
	return -1
}

// attachedZones lists the zones in which an attachment has a subnet; nil when
// they are not known.
func (l *Layout) attachedZones(att int) []string {
	var out []string
	for _, id := range l.net.Attachments[att].Subnets {
		sn, ok := l.net.Subnet(id)
		if !ok {
			return nil
		}
		for _, part := range sn.Parts {
			if part.Zone == "" {
				return nil
			}
			out = append(out, part.Zone)
		}
	}
	return out
}

// cutOff lists the zones whose subnets use a table with a route to a transit
// gateway that has no subnet there: they cannot reach it (how transit gateways
// work, "Availability Zones").
func (l *Layout) cutOff(v *fabric.VPC, rt *fabric.RouteTable) []string {
	var zones []string
	for _, r := range rt.Routes {
		if r.Hop.Kind != fabric.HopTransitGateway {
			continue
		}
		att := l.transitAttachment(v.ID, r.Hop.Gateway)
		if att < 0 {
			continue
		}
		has := l.attachedZones(att)
		if has == nil {
			continue
		}
		for _, k := range l.Index.SubnetsOf[v.ID] {
			sn := &l.net.Subnets[k]
			for _, part := range sn.Parts {
				if part.Zone != "" && partTable(sn, &part) == rt.ID && !slices.Contains(has, part.Zone) {
					zones = append(zones, part.Zone)
				}
			}
		}
	}
	slices.Sort(zones)
	return slices.Compact(zones)
}

// partTable is the route table of a part of a subnet.
func partTable(sn *fabric.Subnet, part *fabric.SubnetPart) fabric.RouteTableID {
	if part.RouteTable != "" {
		return part.RouteTable
	}
	return sn.RouteTable
}

// Ranks of AWS routes of one prefix: the local route, static ones, what a VPC
// propagates (VPC route tables, "Route priority"; how transit gateways work).
const (
	rankLocal = iota
	rankStatic
	rankPropagated
)

// awsEntries fills the tables of AWS.
func (l *Layout) awsEntries() {
	n := l.net
	for i := range n.VPCs {
		v := &n.VPCs[i]
		if v.Cloud != vocab.AWS {
			continue
		}
		for _, k := range l.Index.tablesOf[v.ID] {
			rt := &n.RouteTables[k]
			l.vpcEntries(l.SlotOf(TableID(rt.ID)), v, rt, "")
			for _, zone := range l.cutOff(v, rt) {
				l.vpcEntries(l.SlotOf(zoneTable(rt.ID, zone)), v, rt, zone)
			}
		}
		if len(l.Index.tablesOf[v.ID]) == 0 {
			l.localEntries(l.SlotOf(mainTable(v.ID)), v)
		}
	}
	for i := range n.Gateways {
		g := &n.Gateways[i]
		switch g.Kind {
		case fabric.TransitGateway:
			for _, t := range l.transit[i] {
				l.transitEntries(i, t)
			}
		case fabric.VirtualPrivateGateway:
			l.vgwEntries(i)
		case fabric.DirectConnectGateway:
			l.dxEntries(i)
		case fabric.HAVPN, fabric.VPNGateway, fabric.VirtualHub, fabric.Device, fabric.ExpressRouteGateway:
		}
	}
}

func (l *Layout) localEntries(s int, v *fabric.VPC) {
	for _, q := range v.Prefixes {
		l.Slots[s].add(Entry{Prefix: q, Protocol: Local, rank: rankLocal, Firm: true, Act: Deliver(v.ID, -1, ""), Origin: v.Meta.Origin, Why: "the VPC's own block"})
	}
}

func (l *Layout) vpcEntries(s int, v *fabric.VPC, rt *fabric.RouteTable, zone string) {
	l.localEntries(s, v)
	for i := range rt.Routes {
		r := &rt.Routes[i]
		l.Slots[s].add(Entry{Prefix: r.Prefix, Protocol: Static, rank: rankStatic, Act: l.awsHop(v, r, zone), Origin: r.Origin, Why: note(r)})
	}
	for _, id := range rt.Propagate {
		g, att := Find(l.Index.Gateways, id), l.vgwAttachment(v.ID, id)
		if g >= 0 && l.NodeOf[g] >= 0 && att >= 0 { // propagated only while it is attached
			l.Slots[s].Learn = Learning{Kind: ViaHanded, Node: l.NodeOf[g], Hop: Forward(l.SlotOf(TableID(id)), g, att, "")}
		}
	}
}

func note(r *fabric.Route) string {
	if r.Note == "" {
		return "a static route"
	}
	return "a static route to " + r.Note
}

func (l *Layout) vgwAttachment(v fabric.VPCID, g fabric.GatewayID) int {
	for _, k := range l.Index.ofVPC[v] {
		if a := &l.net.Attachments[k]; a.Kind == fabric.VGWAttachment && a.Gateway == g {
			return k
		}
	}
	return -1
}

// attachedVPC returns the VPC that a virtual private gateway is attached to
// with the attachment, or -1: a gateway that is not attached reaches nothing.
func (l *Layout) attachedVPC(g int) (vpc, att int) {
	for _, k := range l.Index.attachedTo[l.net.Gateways[g].ID] {
		if a := &l.net.Attachments[k]; a.Kind == fabric.VGWAttachment {
			return Find(l.Index.VPCs, a.VPC), k
		}
	}
	return -1, -1
}

// awsHop resolves a static route of a VPC's table, as a zone sees it when one
// is named.
func (l *Layout) awsHop(v *fabric.VPC, r *fabric.Route, zone string) Action {
	h := r.Hop
	switch h.Kind {
	case fabric.HopInternetGateway:
		if !v.InternetGateway {
			return discard("the VPC has no internet gateway")
		}
		return act(ActInternet)
	case fabric.HopNAT:
		a := act(ActTranslate)
		if a.NAT = Find(l.Index.NATs, h.NAT); a.NAT < 0 {
			return discard("its NAT gateway is not in the network")
		}
		return a
	case fabric.HopTransitGateway:
		att, g := l.transitAttachment(v.ID, h.Gateway), Find(l.Index.Gateways, h.Gateway)
		if att < 0 || g < 0 {
			return discard("the VPC is not attached to the transit gateway")
		}
		if zones := l.attachedZones(att); zone != "" && zones != nil && !slices.Contains(zones, zone) {
			return discard("the transit gateway has no subnet in zone " + zone)
		}
		at := l.assoc[assocKey{g, att}]
		if at == nil {
			return discard("the attachment is associated with no table of the transit gateway")
		}
		return Forward(at.slot, g, att, "")
	case fabric.HopVirtualPrivateGateway:
		g, att := Find(l.Index.Gateways, h.Gateway), l.vgwAttachment(v.ID, h.Gateway)
		if g < 0 || att < 0 {
			return discard("the virtual private gateway is not attached to the VPC")
		}
		return Forward(l.SlotOf(TableID(h.Gateway)), g, att, "")
	case fabric.HopAttachment:
		att := Find(l.Index.Attachments, h.Attachment)
		if att < 0 {
			return discard("its peering is not in the network")
		}
		a := &l.net.Attachments[att]
		other := a.PeerVPC
		if other == v.ID {
			other = a.VPC
		}
		return Deliver(other, att, a.Link) // never on from there
	case fabric.HopBlackhole:
		return discard("a blackhole route")
	case fabric.HopLocal:
		return Deliver(v.ID, -1, "")
	case fabric.HopAppliance:
		return unknown("what the machine at " + addr(h.Address) + " forwards is not modelled")
	case fabric.HopVirtualNetworkGateway:
		return unknown("no next hop of AWS")
	}
	return unknown("its next hop is not known")
}

func addr(a netip.Addr) string {
	if !a.IsValid() {
		return "an address only known once built"
	}
	return a.String()
}

// transitEntries fills a transit gateway's table: static routes, then the
// blocks of VPCs. Of VPCs with the same block only the first is propagated.
// What a table holds, its VPN attachments announce (how transit gateways work).
func (l *Layout) transitEntries(g int, t *transitTable) {
	n := l.net
	s := &l.Slots[t.slot]
	if t.node >= 0 {
		s.Learn = Learning{Kind: ViaNode, Node: t.node}
	}
	announce := func(q netip.Prefix, line fabric.Origin) {
		if t.announces {
			l.Machine.Originate(q, bgp.Origin{Node: t.node, Attachment: -1, Line: line})
		}
	}
	for i := range t.Routes {
		r := &t.Routes[i]
		s.add(Entry{Prefix: r.Prefix, Protocol: Static, rank: rankStatic, Act: l.transitHop(g, r), Origin: r.Origin, Why: note(r)})
		if r.Hop.Kind != fabric.HopBlackhole {
			announce(r.Prefix, r.Origin)
		}
	}
	first := map[netip.Prefix]int{}
	for _, k := range t.propagate {
		a := &n.Attachments[k]
		v := Find(l.Index.VPCs, a.VPC)
		if v < 0 {
			continue
		}
		for _, q := range n.VPCs[v].Prefixes {
			if other, ok := first[q]; ok {
				l.Overlaps = append(l.Overlaps, Overlap{Table: s.ID, Gateway: n.Gateways[g].ID, Prefix: q, Attachment: k, First: other})
				continue
			}
			first[q] = k
			s.add(Entry{Prefix: q, Protocol: Propagated, rank: rankPropagated, Act: Deliver(a.VPC, k, ""), Origin: n.VPCs[v].Meta.Origin, Why: "propagated by its VPC"})
			announce(q, n.VPCs[v].Meta.Origin)
		}
	}
}

// transitHop resolves a static route of a transit gateway's table.
func (l *Layout) transitHop(g int, r *fabric.Route) Action {
	n := l.net
	if r.Hop.Kind == fabric.HopBlackhole {
		return discard("a blackhole route")
	}
	k := Find(l.Index.Attachments, r.Hop.Attachment)
	if r.Hop.Kind != fabric.HopAttachment || k < 0 {
		return discard("its attachment is not in the network")
	}
	a := &n.Attachments[k]
	switch a.Kind {
	case fabric.TransitPeering:
		other := Find(l.Index.Gateways, a.Peer)
		if a.Peer == n.Gateways[g].ID {
			other = Find(l.Index.Gateways, a.Gateway)
		}
		if other < 0 {
			return discard("the peer is not in the network")
		}
		at := l.assoc[assocKey{other, k}]
		if at == nil {
			return discard("the peering is associated with no table of " + string(n.Gateways[other].ID))
		}
		return Forward(at.slot, other, k, a.Link)
	case fabric.TransitVPCAttachment:
		return l.intoVPC(k, r.Prefix)
	case fabric.TransitVPNAttachment:
		c := Find(l.Index.Connections, a.Connection)
		if c < 0 {
			return discard("its connection is not in the network")
		}
		return l.over(c, n.Gateways[g].ECMP)
	case fabric.DirectConnectAssociation:
		dx := Find(l.Index.Gateways, a.Gateway)
		if dx < 0 {
			return discard("the Direct Connect gateway is not in the network")
		}
		return Forward(l.SlotOf(CircuitsID(a.Gateway)), dx, k, "")
	case fabric.VGWAttachment, fabric.VNetPeering, fabric.VirtualHubConnection, fabric.VPCPeering, fabric.NCCSpoke,
		fabric.NCCHybridSpoke, fabric.AWSPeering:
	}
	return discard("no attachment of a transit gateway")
}

// intoVPC is where a static route leads that points to a VPC's attachment:
// into the VPC for its own blocks, else to the table of the attachment's
// subnet, by which the VPC routes what enters there.
func (l *Layout) intoVPC(att int, q netip.Prefix) Action {
	n := l.net
	a := &n.Attachments[att]
	v := Find(l.Index.VPCs, a.VPC)
	if v < 0 {
		return discard("the VPC is not in the network")
	}
	for _, own := range n.VPCs[v].Prefixes {
		if prefix.Covers(own, q) {
			return Deliver(a.VPC, att, "")
		}
	}
	for _, id := range a.Subnets {
		if sn, ok := n.Subnet(id); ok && len(sn.Parts) > 0 {
			if s := l.SlotOf(TableID(partTable(&sn, &sn.Parts[0]))); s >= 0 {
				return Forward(s, -1, att, "")
			}
		}
	}
	return unknown("the route table of the attachment's subnet is not known")
}

// over leads into the tunnels of a connection.
func (l *Layout) over(connection int, ecmp bool) Action {
	c := &l.net.Connections[connection]
	a := act(ActTunnels)
	a.Gateway, a.ECMP = Find(l.Index.Gateways, c.Gateway), ecmp
	for i := range l.net.Tunnels {
		if l.net.Tunnels[i].Connection == c.ID && l.Tunnels[i].Gateways[0] >= 0 && l.Tunnels[i].Gateways[1] >= 0 {
			a.Tunnels = append(a.Tunnels, i)
		}
	}
	return a
}

// vgwEntries fills a virtual private gateway's table: its VPC, and the static
// routes of connections without BGP.
func (l *Layout) vgwEntries(g int) {
	n := l.net
	gw := &n.Gateways[g]
	s := &l.Slots[l.SlotOf(TableID(gw.ID))]
	s.Learn = Learning{Kind: ViaNode, Node: l.NodeOf[g]}
	if v, att := l.attachedVPC(g); v >= 0 {
		for _, q := range n.VPCs[v].Prefixes {
			s.add(Entry{Prefix: q, Protocol: Local, rank: rankLocal, Firm: true, Act: Deliver(n.VPCs[v].ID, att, ""), Origin: n.VPCs[v].Meta.Origin, Why: "the VPC's block"})
			l.Machine.Originate(q, bgp.Origin{Node: l.NodeOf[g], Attachment: -1, Line: n.VPCs[v].Meta.Origin})
		}
	}
	for c := range n.Connections {
		conn := &n.Connections[c]
		if conn.Gateway != gw.ID || !conn.Static {
			continue
		}
		for _, q := range conn.StaticRoutes {
			s.add(Entry{Prefix: q, Protocol: Static, rank: rankStatic, Act: l.over(c, false), Origin: conn.Meta.Origin, Why: "a static route of the VPN connection"})
			l.Handed[l.NodeOf[g]] = append(l.Handed[l.NodeOf[g]], Entry{Prefix: q, Protocol: Static, Origin: conn.Meta.Origin, Why: "a static route of the VPN connection"})
			l.Machine.Originate(q, bgp.Origin{Node: l.NodeOf[g], Attachment: -1, Line: conn.Meta.Origin})
		}
	}
}

// dxEntries fills the two tables of a Direct Connect gateway, which carries
// traffic between circuits and associations but never between two of either.
// Of a virtual private gateway's VPC the blocks are announced that the allowed
// prefixes cover; for a transit gateway the allowed prefixes themselves are,
// whatever is behind it (Direct Connect, "Allowed prefixes interactions").
func (l *Layout) dxEntries(g int) {
	n := l.net
	gw := &n.Gateways[g]
	in := &l.Slots[l.SlotOf(TableID(gw.ID))]
	l.Slots[l.SlotOf(CircuitsID(gw.ID))].Learn = Learning{Kind: ViaNode, Node: l.NodeOf[g]}
	for _, k := range l.Index.attachedTo[gw.ID] {
		a := &n.Attachments[k]
		peer := Find(l.Index.Gateways, a.Peer)
		if a.Kind != fabric.DirectConnectAssociation || peer < 0 || a.Gateway != gw.ID {
			continue
		}
		list, slot := a.Allowed, -1
		if n.Gateways[peer].Kind == fabric.TransitGateway {
			if at := l.assoc[assocKey{peer, k}]; at != nil {
				slot = at.slot
			}
		} else {
			slot, list = l.SlotOf(TableID(a.Peer)), nil
			if v, _ := l.attachedVPC(peer); v >= 0 {
				for _, q := range n.VPCs[v].Prefixes {
					if len(a.Allowed) == 0 || slices.ContainsFunc(a.Allowed, func(wide netip.Prefix) bool { return prefix.Covers(wide, q) }) {
						list = append(list, q)
					}
				}
			}
		}
		for _, q := range list {
			in.add(Entry{Prefix: q, Protocol: Static, rank: rankStatic, Act: Forward(slot, peer, k, ""), Origin: a.Meta.Origin, Why: "allowed prefixes of " + string(a.ID)})
			l.Machine.Originate(q, bgp.Origin{Node: l.announcer[g], Attachment: k, Line: a.Meta.Origin})
		}
	}
}
