package routes

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
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
func (p *Plane) transitTables() {
	n := p.net
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
			for _, k := range p.ix.attachedTo[g.ID] {
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
				k := find(p.ix.attachments, id)
				if k < 0 {
					continue
				}
				p.assoc[assocKey{i, k}] = t
				t.announces = t.announces || n.Attachments[k].Kind == fabric.TransitVPNAttachment
			}
			for _, id := range in.Propagate {
				k := find(p.ix.attachments, id)
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
			p.transit[i] = append(p.transit[i], t)
		}
	}
}

// awsSlots lists the tables of AWS.
func (p *Plane) awsSlots() {
	n := p.net
	for i := range n.VPCs {
		v := &n.VPCs[i]
		if v.Cloud != vocab.AWS {
			continue
		}
		for _, k := range p.ix.tablesOf[v.ID] {
			rt := &n.RouteTables[k]
			p.addSlot(Table{ID: TableID(rt.ID), Kind: VPCTable, Site: vpcSite(v), VPC: v.ID, Meta: rt.Meta})
			for _, zone := range p.cutOff(v, rt) {
				p.addSlot(Table{ID: zoneTable(rt.ID, zone), Kind: VPCTable, Site: vpcSite(v), VPC: v.ID, Meta: rt.Meta})
			}
		}
		if len(p.ix.tablesOf[v.ID]) == 0 {
			meta := v.Meta
			if v.Existing != "" && meta.Unread == "" {
				meta.Unread = "the route tables of the existing VPC are not known"
			}
			p.addSlot(Table{ID: mainTable(v.ID), Kind: VPCTable, Site: vpcSite(v), VPC: v.ID, Meta: meta})
		}
	}
	for i := range n.Gateways {
		g := &n.Gateways[i]
		switch g.Kind {
		case fabric.TransitGateway:
			for _, t := range p.transit[i] {
				p.addSlot(Table{ID: transitID(g.ID, t.name), Kind: TransitTable, Site: g.Site, Gateway: g.ID, Meta: g.Meta})
			}
		case fabric.VirtualPrivateGateway:
			p.addSlot(Table{ID: TableID(g.ID), Kind: GatewayTable, Site: g.Site, Gateway: g.ID, Meta: g.Meta})
		case fabric.DirectConnectGateway:
			p.addSlot(Table{ID: TableID(g.ID), Kind: GatewayTable, Site: g.Site, Gateway: g.ID, Meta: g.Meta})
			p.addSlot(Table{ID: circuitsID(g.ID), Kind: GatewayTable, Site: g.Site, Gateway: g.ID, Meta: g.Meta})
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

// circuitsID is the table of a Direct Connect gateway for what comes from its
// associations: it leads to the circuits only.
func circuitsID(g fabric.GatewayID) TableID { return TableID(g + "/circuits") }

// transitAttachment returns the attachment of a VPC to a transit gateway, or -1.
func (p *Plane) transitAttachment(v fabric.VPCID, g fabric.GatewayID) int {
	for _, k := range p.ix.ofVPC[v] {
		if a := &p.net.Attachments[k]; a.Kind == fabric.TransitVPCAttachment && a.Gateway == g {
			return k
		}
	}
	return -1
}

// attachedZones lists the zones in which an attachment has a subnet; nil when
// they are not known.
func (p *Plane) attachedZones(att int) []string {
	var out []string
	for _, id := range p.net.Attachments[att].Subnets {
		sn, ok := p.net.Subnet(id)
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
func (p *Plane) cutOff(v *fabric.VPC, rt *fabric.RouteTable) []string {
	var zones []string
	for _, r := range rt.Routes {
		if r.Hop.Kind != fabric.HopTransitGateway {
			continue
		}
		att := p.transitAttachment(v.ID, r.Hop.Gateway)
		if att < 0 {
			continue
		}
		has := p.attachedZones(att)
		if has == nil {
			continue
		}
		for _, k := range p.ix.subnetsOf[v.ID] {
			sn := &p.net.Subnets[k]
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
func (p *Plane) awsEntries() {
	n := p.net
	for i := range n.VPCs {
		v := &n.VPCs[i]
		if v.Cloud != vocab.AWS {
			continue
		}
		for _, k := range p.ix.tablesOf[v.ID] {
			rt := &n.RouteTables[k]
			p.vpcEntries(p.slotOf(TableID(rt.ID)), v, rt, "")
			for _, zone := range p.cutOff(v, rt) {
				p.vpcEntries(p.slotOf(zoneTable(rt.ID, zone)), v, rt, zone)
			}
		}
		if len(p.ix.tablesOf[v.ID]) == 0 {
			p.localEntries(p.slotOf(mainTable(v.ID)), v)
		}
	}
	for i := range n.Gateways {
		g := &n.Gateways[i]
		switch g.Kind {
		case fabric.TransitGateway:
			for _, t := range p.transit[i] {
				p.transitEntries(i, t)
			}
		case fabric.VirtualPrivateGateway:
			p.vgwEntries(i)
		case fabric.DirectConnectGateway:
			p.dxEntries(i)
		case fabric.HAVPN, fabric.VPNGateway, fabric.VirtualHub, fabric.Device, fabric.ExpressRouteGateway:
		}
	}
}

func (p *Plane) localEntries(s int, v *fabric.VPC) {
	for _, q := range v.Prefixes {
		p.slots[s].add(entry{prefix: q, proto: Local, rank: rankLocal, firm: true, act: deliver(v.ID, -1, ""), origin: v.Meta.Origin, why: "the VPC's own block"})
	}
}

func (p *Plane) vpcEntries(s int, v *fabric.VPC, rt *fabric.RouteTable, zone string) {
	p.localEntries(s, v)
	for i := range rt.Routes {
		r := &rt.Routes[i]
		p.slots[s].add(entry{prefix: r.Prefix, proto: Static, rank: rankStatic, act: p.awsHop(v, r, zone), origin: r.Origin, why: note(r)})
	}
	for _, id := range rt.Propagate {
		g, att := find(p.ix.gateways, id), p.vgwAttachment(v.ID, id)
		if g >= 0 && p.nodeOf[g] >= 0 && att >= 0 { // propagated only while it is attached
			p.slots[s].learn = learning{kind: viaHanded, node: p.nodeOf[g], hop: forward(p.slotOf(TableID(id)), g, att, "")}
		}
	}
}

func note(r *fabric.Route) string {
	if r.Note == "" {
		return "a static route"
	}
	return "a static route to " + r.Note
}

func (p *Plane) vgwAttachment(v fabric.VPCID, g fabric.GatewayID) int {
	for _, k := range p.ix.ofVPC[v] {
		if a := &p.net.Attachments[k]; a.Kind == fabric.VGWAttachment && a.Gateway == g {
			return k
		}
	}
	return -1
}

// attachedVPC returns the VPC that a virtual private gateway is attached to
// with the attachment, or -1: a gateway that is not attached reaches nothing.
func (p *Plane) attachedVPC(g int) (vpc, att int) {
	for _, k := range p.ix.attachedTo[p.net.Gateways[g].ID] {
		if a := &p.net.Attachments[k]; a.Kind == fabric.VGWAttachment {
			return find(p.ix.vpcs, a.VPC), k
		}
	}
	return -1, -1
}

// awsHop resolves a static route of a VPC's table, as a zone sees it when one
// is named.
func (p *Plane) awsHop(v *fabric.VPC, r *fabric.Route, zone string) action {
	h := r.Hop
	switch h.Kind {
	case fabric.HopInternetGateway:
		if !v.InternetGateway {
			return discard("the VPC has no internet gateway")
		}
		return act(actInternet)
	case fabric.HopNAT:
		a := act(actTranslate)
		if a.nat = find(p.ix.nats, h.NAT); a.nat < 0 {
			return discard("its NAT gateway is not in the network")
		}
		return a
	case fabric.HopTransitGateway:
		att, g := p.transitAttachment(v.ID, h.Gateway), find(p.ix.gateways, h.Gateway)
		if att < 0 || g < 0 {
			return discard("the VPC is not attached to the transit gateway")
		}
		if zones := p.attachedZones(att); zone != "" && zones != nil && !slices.Contains(zones, zone) {
			return discard("the transit gateway has no subnet in zone " + zone)
		}
		at := p.assoc[assocKey{g, att}]
		if at == nil {
			return discard("the attachment is associated with no table of the transit gateway")
		}
		return forward(at.slot, g, att, "")
	case fabric.HopVirtualPrivateGateway:
		g, att := find(p.ix.gateways, h.Gateway), p.vgwAttachment(v.ID, h.Gateway)
		if g < 0 || att < 0 {
			return discard("the virtual private gateway is not attached to the VPC")
		}
		return forward(p.slotOf(TableID(h.Gateway)), g, att, "")
	case fabric.HopAttachment:
		att := find(p.ix.attachments, h.Attachment)
		if att < 0 {
			return discard("its peering is not in the network")
		}
		a := &p.net.Attachments[att]
		other := a.PeerVPC
		if other == v.ID {
			other = a.VPC
		}
		return deliver(other, att, a.Link) // never on from there
	case fabric.HopBlackhole:
		return discard("a blackhole route")
	case fabric.HopLocal:
		return deliver(v.ID, -1, "")
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
func (p *Plane) transitEntries(g int, t *transitTable) {
	n := p.net
	s := &p.slots[t.slot]
	if t.node >= 0 {
		s.learn = learning{kind: viaNode, node: t.node}
	}
	announce := func(q netip.Prefix, line fabric.Origin) {
		if t.announces {
			p.originate(q, origin{node: t.node, dep: -1, line: line})
		}
	}
	for i := range t.Routes {
		r := &t.Routes[i]
		s.add(entry{prefix: r.Prefix, proto: Static, rank: rankStatic, act: p.transitHop(g, r), origin: r.Origin, why: note(r)})
		if r.Hop.Kind != fabric.HopBlackhole {
			announce(r.Prefix, r.Origin)
		}
	}
	first := map[netip.Prefix]int{}
	for _, k := range t.propagate {
		a := &n.Attachments[k]
		v := find(p.ix.vpcs, a.VPC)
		if v < 0 {
			continue
		}
		for _, q := range n.VPCs[v].Prefixes {
			if other, ok := first[q]; ok {
				p.note(Event{
					Kind: Overlap, Table: s.table.ID, Gateway: n.Gateways[g].ID, Prefix: q, Pos: a.Meta.Origin.Pos,
					Text:  q.String() + " of " + string(a.VPC) + " is not propagated: " + string(n.Attachments[other].VPC) + " has it already",
					Facts: []string{"aws.tgw.vpc_overlap"},
				})
				continue
			}
			first[q] = k
			s.add(entry{prefix: q, proto: Propagated, rank: rankPropagated, act: deliver(a.VPC, k, ""), origin: n.VPCs[v].Meta.Origin, why: "propagated by its VPC"})
			announce(q, n.VPCs[v].Meta.Origin)
		}
	}
}

// transitHop resolves a static route of a transit gateway's table.
func (p *Plane) transitHop(g int, r *fabric.Route) action {
	n := p.net
	if r.Hop.Kind == fabric.HopBlackhole {
		return discard("a blackhole route")
	}
	k := find(p.ix.attachments, r.Hop.Attachment)
	if r.Hop.Kind != fabric.HopAttachment || k < 0 {
		return discard("its attachment is not in the network")
	}
	a := &n.Attachments[k]
	switch a.Kind {
	case fabric.TransitPeering:
		other := find(p.ix.gateways, a.Peer)
		if a.Peer == n.Gateways[g].ID {
			other = find(p.ix.gateways, a.Gateway)
		}
		if other < 0 {
			return discard("the peer is not in the network")
		}
		at := p.assoc[assocKey{other, k}]
		if at == nil {
			return discard("the peering is associated with no table of " + string(n.Gateways[other].ID))
		}
		return forward(at.slot, other, k, a.Link)
	case fabric.TransitVPCAttachment:
		return p.intoVPC(k, r.Prefix)
	case fabric.TransitVPNAttachment:
		c := find(p.ix.connections, a.Connection)
		if c < 0 {
			return discard("its connection is not in the network")
		}
		return p.over(c, n.Gateways[g].ECMP)
	case fabric.DirectConnectAssociation:
		dx := find(p.ix.gateways, a.Gateway)
		if dx < 0 {
			return discard("the Direct Connect gateway is not in the network")
		}
		return forward(p.slotOf(circuitsID(a.Gateway)), dx, k, "")
	case fabric.VGWAttachment, fabric.VNetPeering, fabric.VirtualHubConnection, fabric.VPCPeering, fabric.NCCSpoke,
		fabric.NCCHybridSpoke, fabric.AWSPeering:
	}
	return discard("no attachment of a transit gateway")
}

// intoVPC is where a static route leads that points to a VPC's attachment:
// into the VPC for its own blocks, else to the table of the attachment's
// subnet, by which the VPC routes what enters there.
func (p *Plane) intoVPC(att int, q netip.Prefix) action {
	n := p.net
	a := &n.Attachments[att]
	v := find(p.ix.vpcs, a.VPC)
	if v < 0 {
		return discard("the VPC is not in the network")
	}
	for _, own := range n.VPCs[v].Prefixes {
		if prefix.Covers(own, q) {
			return deliver(a.VPC, att, "")
		}
	}
	for _, id := range a.Subnets {
		if sn, ok := n.Subnet(id); ok && len(sn.Parts) > 0 {
			if s := p.slotOf(TableID(partTable(&sn, &sn.Parts[0]))); s >= 0 {
				return forward(s, -1, att, "")
			}
		}
	}
	return unknown("the route table of the attachment's subnet is not known")
}

// over leads into the tunnels of a connection.
func (p *Plane) over(connection int, ecmp bool) action {
	c := &p.net.Connections[connection]
	a := act(actTunnels)
	a.gateway, a.ecmp = find(p.ix.gateways, c.Gateway), ecmp
	for i := range p.net.Tunnels {
		if p.net.Tunnels[i].Connection == c.ID && p.tunnels[i].gateways[0] >= 0 && p.tunnels[i].gateways[1] >= 0 {
			a.tunnels = append(a.tunnels, i)
		}
	}
	return a
}

// vgwEntries fills a virtual private gateway's table: its VPC, and the static
// routes of connections without BGP.
func (p *Plane) vgwEntries(g int) {
	n := p.net
	gw := &n.Gateways[g]
	s := &p.slots[p.slotOf(TableID(gw.ID))]
	s.learn = learning{kind: viaNode, node: p.nodeOf[g]}
	if v, att := p.attachedVPC(g); v >= 0 {
		for _, q := range n.VPCs[v].Prefixes {
			s.add(entry{prefix: q, proto: Local, rank: rankLocal, firm: true, act: deliver(n.VPCs[v].ID, att, ""), origin: n.VPCs[v].Meta.Origin, why: "the VPC's block"})
			p.originate(q, origin{node: p.nodeOf[g], dep: -1, line: n.VPCs[v].Meta.Origin})
		}
	}
	for c := range n.Connections {
		conn := &n.Connections[c]
		if conn.Gateway != gw.ID || !conn.Static {
			continue
		}
		for _, q := range conn.StaticRoutes {
			s.add(entry{prefix: q, proto: Static, rank: rankStatic, act: p.over(c, false), origin: conn.Meta.Origin, why: "a static route of the VPN connection"})
			p.handedStatic[p.nodeOf[g]] = append(p.handedStatic[p.nodeOf[g]], Route{Prefix: q, Protocol: Static, Origin: conn.Meta.Origin, Why: "a static route of the VPN connection"})
			p.originate(q, origin{node: p.nodeOf[g], dep: -1, line: conn.Meta.Origin})
		}
	}
}

// dxEntries fills the two tables of a Direct Connect gateway, which carries
// traffic between circuits and associations but never between two of either.
// Of a virtual private gateway's VPC the blocks are announced that the allowed
// prefixes cover; for a transit gateway the allowed prefixes themselves are,
// whatever is behind it (Direct Connect, "Allowed prefixes interactions").
func (p *Plane) dxEntries(g int) {
	n := p.net
	gw := &n.Gateways[g]
	in := &p.slots[p.slotOf(TableID(gw.ID))]
	p.slots[p.slotOf(circuitsID(gw.ID))].learn = learning{kind: viaNode, node: p.nodeOf[g]}
	for _, k := range p.ix.attachedTo[gw.ID] {
		a := &n.Attachments[k]
		peer := find(p.ix.gateways, a.Peer)
		if a.Kind != fabric.DirectConnectAssociation || peer < 0 || a.Gateway != gw.ID {
			continue
		}
		list, slot := a.Allowed, -1
		if n.Gateways[peer].Kind == fabric.TransitGateway {
			if at := p.assoc[assocKey{peer, k}]; at != nil {
				slot = at.slot
			}
		} else {
			slot, list = p.slotOf(TableID(a.Peer)), nil
			if v, _ := p.attachedVPC(peer); v >= 0 {
				for _, q := range n.VPCs[v].Prefixes {
					if len(a.Allowed) == 0 || slices.ContainsFunc(a.Allowed, func(wide netip.Prefix) bool { return prefix.Covers(wide, q) }) {
						list = append(list, q)
					}
				}
			}
		}
		for _, q := range list {
			in.add(entry{prefix: q, proto: Static, rank: rankStatic, act: forward(slot, peer, k, ""), origin: a.Meta.Origin, why: "allowed prefixes of " + string(a.ID)})
			p.originate(q, origin{node: p.announcer[g], dep: k, line: a.Meta.Origin})
		}
	}
}
