package cloud

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes/bgp"
)

// deviceSlots lists the tables of the routers of one's own sites.
func (l *Layout) deviceSlots() {
	for i := range l.net.Gateways {
		if g := &l.net.Gateways[i]; g.Kind == fabric.Device {
			l.addSlot(Slot{ID: TableID(g.ID), Kind: DeviceTable, Site: g.Site, Gateway: g.ID, Meta: g.Meta})
		}
	}
}

// deviceEntries fills them: the site's prefixes, which its routers hold, and
// what they are expected to announce. What they learn they hand on only where
// it is in that list.
func (l *Layout) deviceEntries() {
	n := l.net
	for i := range n.Gateways {
		g := &n.Gateways[i]
		if g.Kind != fabric.Device {
			continue
		}
		s := &l.Slots[l.SlotOf(TableID(g.ID))]
		s.Learn = Learning{Kind: ViaNode, Node: l.NodeOf[i]}
		if k := Find(l.Index.Sites, g.Site); k >= 0 {
			for _, q := range n.Sites[k].Prefixes {
				s.add(Entry{Prefix: q, Protocol: Local, Act: Deliver("", -1, ""), Origin: n.Sites[k].Meta.Origin, Why: "a prefix of the site"})
			}
		}
		for _, q := range g.Announce {
			if slices.ContainsFunc(s.Entries, func(e Entry) bool { return e.Prefix.Overlaps(q) }) {
				l.Machine.Originate(q, bgp.Origin{Node: l.NodeOf[i], Attachment: -1, Line: g.Meta.Origin})
				continue
			}
			// It does not hold it: it hands on what it hears, and announces it
			// all the same where it hears nothing, as one does an aggregate.
			l.Machine.PassOn[q] = append(l.Machine.PassOn[q], l.NodeOf[i])
			l.Machine.Originate(q, bgp.Origin{Node: l.NodeOf[i], Attachment: -1, Idle: true, Line: g.Meta.Origin})
		}
		for c := range n.Connections {
			if conn := &n.Connections[c]; conn.Static && conn.Peer == g.ID {
				l.staticPeer(s, conn)
			}
		}
	}
}

// staticPeer says what is known of a device's routes into a connection without
// BGP: nothing. Where the far side's network is, its routes are not modelled.
func (l *Layout) staticPeer(s *Slot, conn *fabric.Connection) {
	far := Find(l.Index.Gateways, conn.Gateway)
	if far < 0 {
		return
	}
	for _, t := range l.transit[far] {
		for _, k := range t.propagate {
			l.unknownPeer(s, conn, l.net.Attachments[k].VPC)
		}
	}
	if v := l.net.Gateways[far].VPC; v != "" {
		l.unknownPeer(s, conn, v)
	}
}

func (l *Layout) unknownPeer(s *Slot, conn *fabric.Connection, id fabric.VPCID) {
	v := Find(l.Index.VPCs, id)
	if v < 0 {
		return
	}
	for _, q := range l.net.VPCs[v].Prefixes {
		s.add(Entry{Prefix: q, Protocol: Static, rank: rankStatic, Act: unknown("the static routes of the device at the far end of " + string(conn.ID) + " are not known"), Origin: conn.Meta.Origin, Why: "behind a connection without BGP"})
	}
}
