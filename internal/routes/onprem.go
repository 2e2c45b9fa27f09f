package routes

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
)

// deviceSlots lists the tables of the routers of one's own sites.
func (p *Plane) deviceSlots() {
	for i := range p.net.Gateways {
		if g := &p.net.Gateways[i]; g.Kind == fabric.Device {
			p.addSlot(Table{ID: TableID(g.ID), Kind: DeviceTable, Site: g.Site, Gateway: g.ID, Meta: g.Meta})
		}
	}
}

// deviceEntries fills them: the site's prefixes, which its routers hold, and
// what they are expected to announce. What they learn they hand on only where
// it is in that list.
func (p *Plane) deviceEntries() {
	n := p.net
	for i := range n.Gateways {
		g := &n.Gateways[i]
		if g.Kind != fabric.Device {
			continue
		}
		s := &p.slots[p.slotOf(TableID(g.ID))]
		s.learn = learning{kind: viaNode, node: p.nodeOf[i]}
		if k := find(p.ix.sites, g.Site); k >= 0 {
			for _, q := range n.Sites[k].Prefixes {
				s.add(entry{prefix: q, proto: Local, act: deliver("", -1, ""), origin: n.Sites[k].Meta.Origin, why: "a prefix of the site"})
			}
		}
		for _, q := range g.Announce {
			if slices.ContainsFunc(s.entries, func(e entry) bool { return e.prefix.Overlaps(q) }) {
				p.originate(q, origin{node: p.nodeOf[i], dep: -1, line: g.Meta.Origin})
				continue
			}
			// It does not hold it: it hands on what it hears, and announces it
			// all the same where it hears nothing, as one does an aggregate.
			p.passOn[q] = append(p.passOn[q], p.nodeOf[i])
			p.originate(q, origin{node: p.nodeOf[i], dep: -1, idle: true, line: g.Meta.Origin})
		}
		for c := range n.Connections {
			if conn := &n.Connections[c]; conn.Static && conn.Peer == g.ID {
				p.staticPeer(s, conn)
			}
		}
	}
}

// staticPeer says what is known of a device's routes into a connection without
// BGP: nothing. Where the far side's network is, its routes are not modelled.
func (p *Plane) staticPeer(s *slot, conn *fabric.Connection) {
	far := find(p.ix.gateways, conn.Gateway)
	if far < 0 {
		return
	}
	for _, t := range p.transit[far] {
		for _, k := range t.propagate {
			p.unknownPeer(s, conn, p.net.Attachments[k].VPC)
		}
	}
	if v := p.net.Gateways[far].VPC; v != "" {
		p.unknownPeer(s, conn, v)
	}
}

func (p *Plane) unknownPeer(s *slot, conn *fabric.Connection, id fabric.VPCID) {
	v := find(p.ix.vpcs, id)
	if v < 0 {
		return
	}
	for _, q := range p.net.VPCs[v].Prefixes {
		s.add(entry{prefix: q, proto: Static, rank: rankStatic, act: unknown("the static routes of the device at the far end of " + string(conn.ID) + " are not known"), origin: conn.Meta.Origin, why: "behind a connection without BGP"})
	}
}
