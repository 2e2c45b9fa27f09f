package nodes

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/prefix"
)

// transitOf lists the tables of a transit gateway; one that works by its
// default table has one that all attachments are associated with, and that
// learns of all but peerings.
func (b *builder) transitOf(g *fabric.Gateway) []fabric.TransitTable {
	if !g.DefaultTable || len(g.Tables) > 1 || len(g.Tables) == 1 && len(g.Tables[0].Associate) > 0 {
		return g.Tables
	}
	def := fabric.TransitTable{Name: "default"}
	if len(g.Tables) == 1 {
		def = g.Tables[0]
	}
	for _, a := range b.index.attachedTo[g.ID] {
		def.Associate = append(def.Associate, a.ID)
		if a.Kind != fabric.TransitPeering {
			def.Propagate = append(def.Propagate, a.ID)
		}
	}
	return []fabric.TransitTable{def}
}

func (b *builder) transitTable(g *fabric.Gateway, name string) *table {
	return b.ofGate[g.ID].table(string(g.ID)+"/"+name, g.Site)
}

// associated is the table of a transit gateway that routes what comes from an
// attachment, nil for none.
func (b *builder) associated(g *fabric.Gateway, a fabric.AttachmentID) *table {
	for _, x := range b.transitOf(g) {
		if slices.Contains(x.Associate, a) {
			return b.transitTable(g, x.Name)
		}
	}
	return nil
}

// transitTables makes the tables of a transit gateway, sends what comes out of
// each VPN attachment to the table that it is associated with, and lets it
// announce what that table holds.
func (b *builder) transitTables(g *fabric.Gateway) {
	for _, x := range b.transitOf(g) {
		t := b.transitTable(g, x.Name)
		t.Paths, t.Compare = paths(g.ECMP), []nodeconf.Criterion{nodeconf.ASPathLength, nodeconf.NeighbourMED}
	}
	for i := range b.net.Tunnels {
		t := &b.net.Tunnels[i]
		a := b.index.vpnOf[t.Connection]
		if a == nil || a.Gateway != g.ID {
			continue
		}
		at := b.associated(g, a.ID)
		for k := range t.Ends {
			if t.Ends[k].Gateway != g.ID {
				continue
			}
			e := b.ends[endKey{t.ID, k}]
			stop{node: e.node, site: g.Site, arrives: at}.arrive(e.device)
			if e.session == nil {
				continue
			}
			if at != nil {
				e.session.Export = at.Name
			}
			for _, x := range b.transitOf(g) {
				if slices.Contains(x.Propagate, a.ID) {
					b.transitTable(g, x.Name).learn(preferLearned, e.session.ID)
				}
			}
		}
	}
}

// fillTransit fills the tables of a transit gateway: static routes, then the
// blocks of VPCs, of equal ones the first (how transit gateways work).
func (b *builder) fillTransit(g *fabric.Gateway) {
	statics, _ := b.atlas.Fact("aws.tgw.announces_static")
	for _, x := range b.transitOf(g) {
		t := b.transitTable(g, x.Name)
		for i := range x.Routes {
			r := &x.Routes[i]
			out := t.route(r.Prefix, preferStatic, b.transitHop(g, r)...)
			out.Announce = statics.Value == "yes" && r.Hop.Kind != fabric.HopBlackhole
		}
		var seen []netip.Prefix
		propagate := slices.Clone(x.Propagate)
		slices.Sort(propagate)
		for _, id := range propagate {
			a := b.index.attachments[id]
			if a == nil || a.Kind != fabric.TransitVPCAttachment || b.index.vpcs[a.VPC] == nil {
				continue
			}
			v := b.index.vpcs[a.VPC]
			for _, q := range v.Prefixes {
				if slices.Contains(seen, q) {
					continue
				}
				seen = append(seen, q)
				t.route(q, preferPropagated, b.attach(a, v, b.orNowhere(b.associated(g, id), g)).b).Announce = true
			}
		}
	}
}

// orNowhere is a table, or that which leads nowhere.
func (b *builder) orNowhere(t *table, g *fabric.Gateway) *table {
	if t != nil {
		return t
	}
	return b.ofGate[g.ID].table("nowhere", g.Site)
}

// transitHop resolves a static route of a transit gateway's table.
func (b *builder) transitHop(g *fabric.Gateway, r *fabric.Route) []string {
	a := b.index.attachments[r.Hop.Attachment]
	if r.Hop.Kind != fabric.HopAttachment || a == nil {
		return nil
	}
	switch a.Kind {
	case fabric.TransitPeering:
		x, y := b.index.gateways[a.Gateway], b.index.gateways[a.Peer]
		if x == nil || y == nil {
			return nil
		}
		mtu, _ := b.atlas.MTU(atlas.MTUAWSTGW)
		w := b.way("attachment "+string(a.ID), b.orNowhere(b.associated(x, a.ID), x).stop("p-"+string(y.Site)), b.orNowhere(b.associated(y, a.ID), y).stop("p-"+string(x.Site)), mtu)
		if g.ID == a.Gateway {
			return []string{w.a}
		}
		return []string{w.b}
	case fabric.TransitVPCAttachment:
		v := b.index.vpcs[a.VPC]
		if v == nil {
			return nil
		}
		own := slices.ContainsFunc(v.Prefixes, func(q netip.Prefix) bool { return prefix.Covers(q, r.Prefix) })
		if !own && b.attachmentTable(a) == nil {
			return nil
		}
		return []string{b.attach(a, v, b.orNowhere(b.associated(g, a.ID), g)).b}
	case fabric.TransitVPNAttachment:
		if c := b.index.connections[a.Connection]; c != nil {
			return b.over(c, g.ECMP)
		}
	case fabric.VGWAttachment, fabric.VNetPeering, fabric.VirtualHubConnection, fabric.VPCPeering, fabric.NCCSpoke,
		fabric.NCCHybridSpoke, fabric.AWSPeering, fabric.DirectConnectAssociation:
	}
	return nil
}
