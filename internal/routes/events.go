package routes

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes/bgp"
	"github.com/tieline/tieline/internal/routes/cloud"
)

// overlapEvents tells of the blocks that transit gateways do not propagate.
func (p *Plane) overlapEvents() {
	for _, o := range p.layout.Overlaps {
		a := &p.net.Attachments[o.Attachment]
		p.events = append(p.events, Event{
			Kind: Overlap, Table: o.Table, Gateway: o.Gateway, Prefix: o.Prefix, Pos: a.Meta.Origin.Pos,
			Text:  o.Prefix.String() + " of " + string(a.VPC) + " is not propagated: " + string(p.net.Attachments[o.First].VPC) + " has it already",
			Facts: []string{"aws.tgw.vpc_overlap"},
		})
	}
}

// eventsOf lists what the control plane does that nobody asked for: in the
// healthy state all of it, after a failure what sessions, quotas and ties do.
func (p *Plane) eventsOf(st *state) []Event {
	var out []Event
	if len(st.failure) == 0 {
		out = append(out, p.events...)
		out = append(out, p.shadowed(st)...)
		out = append(out, p.unheld(st)...)
		out = append(out, p.filtered(st)...)
	}
	out = append(out, p.passed(st)...)
	out = append(out, p.undecided(st)...)
	slices.SortFunc(out, compareEvents)
	return out
}

func compareEvents(a, b Event) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Table, b.Table), cmp.Compare(a.Gateway, b.Gateway),
		cmp.Compare(a.Tunnel, b.Tunnel), prefix.Compare(a.Prefix, b.Prefix), cmp.Compare(a.Text, b.Text))
}

func (p *Plane) refusalText(r *refusal) string {
	l := p.atlas.Limit(r.limit)
	x := &p.machine.Bundles[r.bundle]
	return fmt.Sprintf("%s announces %d prefixes to %s, which takes %d: the session ends (%s)",
		p.gatewayName(x.Ends[1-r.end].Gateway), r.count, p.gatewayName(x.Ends[r.end].Gateway), l.Value, l.OnExcess)
}

// passed lists the limits that are passed.
func (p *Plane) passed(st *state) []Event {
	var out []Event
	for i := range st.refused {
		r := &st.refused[i]
		x := &p.machine.Bundles[r.bundle]
		out = append(out, Event{
			Kind: LimitPassed, Gateway: p.gatewayName(x.Ends[r.end].Gateway), Tunnel: p.net.Tunnels[x.Tunnels[0]].ID,
			Limit: r.limit, Count: r.count, Text: p.refusalText(r), Facts: []string{string(r.limit)}, Pos: p.net.Gateways[x.Ends[r.end].Gateway].Meta.Origin.Pos,
		})
	}
	var list []quota
	for _, id := range slices.Sorted(maps.Keys(st.quotas)) {
		list = append(list, st.quotas[id])
	}
	for _, s := range st.sets {
		if s.quota != nil {
			list = append(list, *s.quota)
		}
	}
	for _, q := range list {
		l := p.atlas.Limit(q.limit)
		v, _ := p.net.VPC(q.vpc)
		out = append(out, Event{
			Kind: LimitPassed, Table: q.table, Gateway: q.gateway, Prefix: q.first, Limit: q.limit, Count: q.count,
			Text:  fmt.Sprintf("%s learns %d destinations in %s, of which %d are kept: the longest masks are dropped first, here from %s", q.vpc, q.count, q.region, l.Value, q.first),
			Facts: []string{string(q.limit)}, Pos: v.Meta.Origin.Pos,
		})
	}
	for b := range p.machine.Bundles {
		if x := &p.machine.Bundles[b]; x.Kind == bgp.TunnelBundle && st.bgp.Up[b] {
			out = append(out, p.announced(st, b)...)
		}
	}
	over := func(id atlas.LimitID, g, count int, text string) {
		if count > p.limit[id] {
			gw := &p.net.Gateways[g]
			out = append(out, Event{
				Kind: LimitPassed, Gateway: gw.ID, Limit: id, Count: count, Facts: []string{string(id)}, Pos: gw.Meta.Origin.Pos,
				Text: fmt.Sprintf("%s has %d routes for %s, which takes %d: %s", gw.ID, count, text, p.limit[id], p.atlas.Limit(id).OnExcess),
			})
		}
	}
	for n := range p.machine.Nodes {
		g := p.machine.Nodes[n].Gateway
		switch p.kindOf(n) {
		case fabric.VirtualPrivateGateway:
			over(atlas.LimitAWSVPCPropagatedRoutes, g, st.cut[n], "each route table of its VPC")
		case fabric.VirtualHub:
			over(atlas.LimitAzureVWANRoutes, g, len(st.hubs[n].All()), "the hub")
		case fabric.TransitGateway, fabric.HAVPN, fabric.VPNGateway, fabric.Device, fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
		}
	}
	for i := range p.net.Attachments {
		a := &p.net.Attachments[i]
		if g := cloud.Find(p.layout.Index.Gateways, a.Peer); a.Kind == fabric.DirectConnectAssociation && g >= 0 && p.net.Gateways[g].Kind == fabric.TransitGateway {
			over(atlas.LimitAWSDXPrefixesTGWOut, g, len(a.Allowed), "the circuits of "+string(a.Gateway))
		}
	}
	return append(out, p.peeringRoutes(st)...)
}

// peeringRoutes lists the VPCs that import more learned routes over peerings
// than a peering group takes in a region. Which are dropped is not documented,
// so none is here.
func (p *Plane) peeringRoutes(st *state) []Event {
	var out []Event
	id := atlas.LimitGCPVPCPeeringDynamicRoutes
	for i := range p.layout.Slots {
		s := &p.layout.Slots[i]
		if s.Learn.Kind != cloud.ViaSet || !slices.ContainsFunc(p.layout.Sets[s.Learn.Set].Sources, func(x cloud.Source) bool {
			return x.Attachment >= 0 && p.net.Attachments[x.Attachment].Kind == fabric.VPCPeering
		}) {
			continue
		}
		count := 0
		for _, r := range st.sets[s.Learn.Set].routes.All() {
			for _, h := range r.Hops {
				if k := cloud.Find(p.layout.Index.Attachments, h.Attachment); k >= 0 && r.Protocol == BGP && p.net.Attachments[k].Kind == fabric.VPCPeering {
					count++
					break
				}
			}
		}
		if count > p.limit[id] {
			out = append(out, Event{
				Kind: LimitPassed, Table: s.ID, Limit: id, Count: count, Facts: []string{string(id)}, Pos: s.Meta.Origin.Pos,
				Text: fmt.Sprintf("%s imports %d learned routes over peerings, and a peering group takes %d: which are dropped cannot be told", s.ID, count, p.limit[id]),
			})
		}
	}
	return out
}

// undecided lists routing that depends on timing, or on what is not documented,
// and announcements that only a loop check kept away.
func (p *Plane) undecided(st *state) []Event {
	var out []Event
	type key struct {
		kind  EventKind
		node  int
		other int
	}
	seen := map[key]bool{}
	for c := range st.bgp.Results {
		q := p.machine.Classes[c].Prefixes[0]
		if n := st.bgp.Unsure[c]; n >= 0 {
			g := p.machine.Nodes[n].Gateway
			out = append(out, Event{
				Kind: Nondeterminism, Gateway: p.gatewayName(g), Prefix: q, Pos: p.net.Gateways[g].Meta.Origin.Pos,
				Text: fmt.Sprintf("routing of %s at %s does not settle, or settles in more ways than one", q, p.gatewayName(g)),
			})
		}
		for n := range st.bgp.Results[c] {
			r := &st.bgp.Results[c][n]
			g := p.machine.Nodes[n].Gateway
			if len(r.Tied) > 0 && !seen[key{Nondeterminism, n, r.Tied[0]}] {
				seen[key{Nondeterminism, n, r.Tied[0]}] = true
				var names []string
				for _, k := range append(slices.Clone(r.Via), r.Tied...) {
					names = append(names, string(p.gatewayName(p.machine.Nodes[p.machine.Edges[k].From].Gateway)))
				}
				slices.Sort(names)
				names = slices.Compact(names)
				out = append(out, Event{
					Kind: Nondeterminism, Gateway: p.gatewayName(g), Prefix: q, Pos: p.net.Gateways[g].Meta.Origin.Pos,
					Text: fmt.Sprintf("%s reaches %s over %s alike and uses one: which is not documented", p.gatewayName(g), q, strings.Join(names, " and ")),
				})
			}
			if r.Loop > 0 && !r.Has && !seen[key{LoopRefused, g, r.Loop}] {
				seen[key{LoopRefused, g, r.Loop}] = true
				e := &p.machine.Edges[r.Loop-1]
				from := p.machine.Nodes[e.From].Gateway
				out = append(out, Event{
					Kind: LoopRefused, Gateway: p.gatewayName(g), Prefix: q, Pos: p.net.Gateways[g].Meta.Origin.Pos,
					Text: fmt.Sprintf("%s refuses %s from %s: its AS number %s is in the path, and nothing else announces it", p.gatewayName(g), q, p.gatewayName(from), p.machine.Nodes[n].ASN),
				})
			}
		}
	}
	return out
}

// filtered lists prefixes that an Azure gateway refuses from its peers.
func (p *Plane) filtered(st *state) []Event {
	var out []Event
	for c := range p.machine.Classes {
		x := &p.machine.Classes[c]
		if x.Refuse == nil {
			continue
		}
		for n := range p.machine.Nodes {
			if !x.Refuse[n] || st.bgp.Results[c][n].Own {
				continue
			}
			for _, k := range p.machine.Nodes[n].In {
				e := &p.machine.Edges[k]
				if !st.bgp.Up[e.Bundle] {
					continue
				}
				if _, v := p.machine.Offer(x, &st.bgp.Results[c][e.From], e); v == bgp.Filtered {
					g := p.machine.Nodes[n].Gateway
					out = append(out, Event{
						Kind: FilteredPrefix, Gateway: p.gatewayName(g), Prefix: x.Prefixes[0], Facts: []string{"azure.vpn.filters"}, Pos: p.net.Gateways[g].Meta.Origin.Pos,
						Text: fmt.Sprintf("%s refuses %s from %s: it is equal to or inside a VNet of its own", p.gatewayName(g), x.Prefixes[0], p.gatewayName(p.machine.Nodes[e.From].Gateway)),
					})
					break
				}
			}
		}
	}
	return out
}

// shadowed lists learned routes that lie inside firm ones, once for a route
// and gateway.
func (p *Plane) shadowed(st *state) []Event {
	var out []Event
	for i := range st.tables {
		t := &st.tables[i]
		if t.Learned == nil || t.Own == nil || t.Own.firm == nil {
			continue
		}
		for q := range t.Own.firm.All() {
			for inner := range t.Learned.table.Covered(q) {
				if inner == q && t.LearnedHop.Kind != 0 {
					continue // its own prefix, handed back by its hub
				}
				r, _ := t.Learned.Get(inner)
				if r.Firm {
					continue
				}
				out = append(out, Event{
					Kind: Shadowed, Table: t.ID, Prefix: inner, Pos: r.Origin.Pos,
					Text: fmt.Sprintf("%s learns %s, which lies inside its own %s and is never used", t.ID, inner, q),
				})
			}
		}
	}
	return out
}

// unheld lists what gateways announce and cannot deliver any part of.
func (p *Plane) unheld(st *state) []Event {
	var out []Event
	for i := range p.net.Gateways {
		g := &p.net.Gateways[i]
		var t prefix.Set
		switch g.Kind {
		case fabric.HAVPN:
			k := p.layout.SlotOf(cloud.RegionTable(g.VPC, p.layout.Region(g.Site)))
			if k < 0 {
				continue
			}
			tb := &st.tables[k]
			var list []Route
			list = append(append(list, tb.Own.All()...), tb.Learned.All()...)
			t = heldSet(list)
		case fabric.Device:
			tb := &st.tables[p.layout.SlotOf(TableID(g.ID))]
			t = heldSet(append(slices.Clone(tb.Own.All()), tb.Learned.All()...))
		case fabric.VirtualPrivateGateway, fabric.TransitGateway, fabric.VPNGateway, fabric.VirtualHub,
			fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
			continue
		}
		for _, q := range g.Announce {
			if !t.Overlaps(q) {
				out = append(out, Event{
					Kind: AnnouncedUnheld, Gateway: g.ID, Prefix: q, Pos: g.Meta.Origin.Pos,
					Text: fmt.Sprintf("%s announces %s, of which it can deliver nothing", g.ID, q),
				})
			}
		}
	}
	return out
}

// heldSet is the addresses that routes lead to, but for the way to the internet.
func heldSet(list []Route) prefix.Set {
	var out []netip.Prefix
	for i := range list {
		if list[i].Prefix.Bits() > 0 && list[i].Hops[0].Kind != Discard {
			out = append(out, list[i].Prefix)
		}
	}
	return prefix.FromPrefixes(out...)
}

// announced lists what a bundle's ends announce beyond what their peers are
// documented to be sent, where no session ends by it.
func (p *Plane) announced(st *state, b int) []Event {
	x := &p.machine.Bundles[b]
	var out []Event
	for end := range x.Ends {
		from, to := x.Ends[1-end].Gateway, x.Ends[end].Gateway
		var id atlas.LimitID
		switch p.net.Gateways[from].Kind {
		case fabric.TransitGateway:
			id = atlas.LimitAWSVPNPrefixesTGWToPeer
		case fabric.VirtualPrivateGateway:
			id = atlas.LimitAWSVPNPrefixesVGWToPeer
		case fabric.HAVPN, fabric.VPNGateway, fabric.VirtualHub, fabric.Device, fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
			continue
		}
		if n := st.bgp.Counts[b][end]; n > p.limit[id] {
			out = append(out, Event{
				Kind: LimitPassed, Gateway: p.gatewayName(from), Tunnel: p.net.Tunnels[x.Tunnels[0]].ID, Limit: id, Count: n, Facts: []string{string(id)},
				Pos:  p.net.Gateways[from].Meta.Origin.Pos,
				Text: fmt.Sprintf("%s has %d prefixes for %s and announces %d at most", p.gatewayName(from), n, p.gatewayName(to), p.limit[id]),
			})
		}
	}
	return out
}
