package routes

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
)

// note keeps an event of the configuration.
func (p *Plane) note(e Event) { p.events = append(p.events, e) }

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
	x := &p.bundles[r.bundle]
	return fmt.Sprintf("%s announces %d prefixes to %s, which takes %d: the session ends (%s)",
		p.gatewayName(x.ends[1-r.end].gateway), r.count, p.gatewayName(x.ends[r.end].gateway), l.Value, l.OnExcess)
}

// passed lists the limits that are passed.
func (p *Plane) passed(st *state) []Event {
	var out []Event
	for i := range st.refused {
		r := &st.refused[i]
		x := &p.bundles[r.bundle]
		out = append(out, Event{
			Kind: LimitPassed, Gateway: p.gatewayName(x.ends[r.end].gateway), Tunnel: p.net.Tunnels[x.tunnels[0]].ID,
			Limit: r.limit, Count: r.count, Text: p.refusalText(r), Facts: []string{string(r.limit)}, Pos: p.net.Gateways[x.ends[r.end].gateway].Meta.Origin.Pos,
		})
	}
	var list []quota
	for _, id := range sortedKeys(st.quotas) {
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
	for b := range p.bundles {
		if x := &p.bundles[b]; x.kind == tunnelBundle && st.up[b] {
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
	for n := range p.nodes {
		g := p.nodes[n].gateway
		switch p.nodes[n].kind {
		case fabric.VirtualPrivateGateway:
			over(atlas.LimitAWSVPCPropagatedRoutes, g, st.cut[n], "each route table of its VPC")
		case fabric.VirtualHub:
			over(atlas.LimitAzureVWANRoutes, g, len(st.hubs[n].All()), "the hub")
		case fabric.TransitGateway, fabric.HAVPN, fabric.VPNGateway, fabric.Device, fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
		}
	}
	for i := range p.net.Attachments {
		a := &p.net.Attachments[i]
		if g := find(p.ix.gateways, a.Peer); a.Kind == fabric.DirectConnectAssociation && g >= 0 && p.net.Gateways[g].Kind == fabric.TransitGateway {
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
	for i := range p.slots {
		s := &p.slots[i]
		if s.learn.kind != viaSet || !slices.ContainsFunc(p.sets[s.learn.set].sources, func(x source) bool {
			return x.att >= 0 && p.net.Attachments[x.att].Kind == fabric.VPCPeering
		}) {
			continue
		}
		count := 0
		for _, r := range st.sets[s.learn.set].routes.All() {
			for _, h := range r.Hops {
				if k := find(p.ix.attachments, h.Attachment); k >= 0 && r.Protocol == BGP && p.net.Attachments[k].Kind == fabric.VPCPeering {
					count++
					break
				}
			}
		}
		if count > p.limit[id] {
			out = append(out, Event{
				Kind: LimitPassed, Table: s.table.ID, Limit: id, Count: count, Facts: []string{string(id)}, Pos: s.table.Meta.Origin.Pos,
				Text: fmt.Sprintf("%s imports %d learned routes over peerings, and a peering group takes %d: which are dropped cannot be told", s.table.ID, count, p.limit[id]),
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
	for c := range st.res {
		q := p.classes[c].prefixes[0]
		if st.unsure[c] {
			out = append(out, Event{Kind: Nondeterminism, Prefix: q, Text: "routing of " + q.String() + " does not settle, or settles in more ways than one"})
		}
		for n := range st.res[c] {
			r := &st.res[c][n]
			g := p.nodes[n].gateway
			if len(r.tied) > 0 && !seen[key{Nondeterminism, n, r.tied[0]}] {
				seen[key{Nondeterminism, n, r.tied[0]}] = true
				var names []string
				for _, k := range append(slices.Clone(r.via), r.tied...) {
					names = append(names, string(p.gatewayName(p.nodes[p.edges[k].from].gateway)))
				}
				slices.Sort(names)
				names = slices.Compact(names)
				out = append(out, Event{
					Kind: Nondeterminism, Gateway: p.gatewayName(g), Prefix: q, Pos: p.net.Gateways[g].Meta.Origin.Pos,
					Text: fmt.Sprintf("%s reaches %s over %s alike and uses one: which is not documented", p.gatewayName(g), q, strings.Join(names, " and ")),
				})
			}
			if r.loop > 0 && !r.has && !seen[key{LoopRefused, g, r.loop}] {
				seen[key{LoopRefused, g, r.loop}] = true
				e := &p.edges[r.loop-1]
				from := p.nodes[e.from].gateway
				out = append(out, Event{
					Kind: LoopRefused, Gateway: p.gatewayName(g), Prefix: q, Pos: p.net.Gateways[g].Meta.Origin.Pos,
					Text: fmt.Sprintf("%s refuses %s from %s: its AS number %s is in the path, and nothing else announces it", p.gatewayName(g), q, p.gatewayName(from), p.nodes[n].asn),
				})
			}
		}
	}
	return out
}

// filtered lists prefixes that an Azure gateway refuses from its peers.
func (p *Plane) filtered(st *state) []Event {
	var out []Event
	for c := range p.classes {
		x := &p.classes[c]
		if x.refuse == nil {
			continue
		}
		for n := range p.nodes {
			if !x.refuse[n] || st.res[c][n].own {
				continue
			}
			for _, k := range p.nodes[n].in {
				e := &p.edges[k]
				if !st.up[e.bundle] {
					continue
				}
				if _, v := p.offer(x, &st.res[c][e.from], e); v == filtered {
					g := p.nodes[n].gateway
					out = append(out, Event{
						Kind: FilteredPrefix, Gateway: p.gatewayName(g), Prefix: x.prefixes[0], Facts: []string{"azure.vpn.filters"}, Pos: p.net.Gateways[g].Meta.Origin.Pos,
						Text: fmt.Sprintf("%s refuses %s from %s: it is equal to or inside a VNet of its own", p.gatewayName(g), x.prefixes[0], p.gatewayName(p.nodes[e.from].gateway)),
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
			k := p.slotOf(regionTable(g.VPC, p.region(g.Site)))
			if k < 0 {
				continue
			}
			tb := &st.tables[k]
			var list []Route
			list = append(append(list, tb.Own.All()...), tb.Learned.All()...)
			t = heldSet(list)
		case fabric.Device:
			tb := &st.tables[p.slotOf(TableID(g.ID))]
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
	x := &p.bundles[b]
	var out []Event
	for end := range x.ends {
		from, to := x.ends[1-end].gateway, x.ends[end].gateway
		var id atlas.LimitID
		switch p.net.Gateways[from].Kind {
		case fabric.TransitGateway:
			id = atlas.LimitAWSVPNPrefixesTGWToPeer
		case fabric.VirtualPrivateGateway:
			id = atlas.LimitAWSVPNPrefixesVGWToPeer
		case fabric.HAVPN, fabric.VPNGateway, fabric.VirtualHub, fabric.Device, fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
			continue
		}
		if n := st.counts[b][end]; n > p.limit[id] {
			out = append(out, Event{
				Kind: LimitPassed, Gateway: p.gatewayName(from), Tunnel: p.net.Tunnels[x.tunnels[0]].ID, Limit: id, Count: n, Facts: []string{string(id)},
				Pos:  p.net.Gateways[from].Meta.Origin.Pos,
				Text: fmt.Sprintf("%s has %d prefixes for %s and announces %d at most", p.gatewayName(from), n, p.gatewayName(to), p.limit[id]),
			})
		}
	}
	return out
}
