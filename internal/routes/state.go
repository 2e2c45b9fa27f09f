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
	"github.com/tieline/tieline/internal/routes/bgp"
	"github.com/tieline/tieline/internal/routes/cloud"
	"github.com/tieline/tieline/internal/vocab"
)

// state is a network after a failure, converged. It is made whole by converge
// and not changed after.
type state struct {
	failure Failure
	down    *down
	bgp     *bgp.State
	live    [][]int // tunnels of each bundle that are up
	refused []refusal
	barred  []bool                  // bundles that a limit has ended; nil when none
	dropped []map[netip.Prefix]bool // by node: over a quota of learned routes
	quotas  map[TableID]quota
	cut     map[int]int // nodes that hand on more than a VPC's table takes: how many
	routes  []*Routes   // by node: what it learned, with the hops
	handed  []*Routes   // by node: the same without hops, and static routes beside it
	hubs    []*Routes   // by node of a virtual hub: all it knows, without hops
	sets    []*setRoutes
	tables  []Table
	events  []Event
}

// setRoutes is a set's routes.
type setRoutes struct {
	routes *Routes
	fixed  []Route // subnets of the NCC hub's VPCs, sorted
	firm   *prefix.Table[struct{}]
	far    map[netip.Prefix]bool // over the quota of routes from other regions
	quota  *quota
}

// placed is a prefix with its class and who brings it in.
type placed struct {
	prefix  netip.Prefix
	class   int
	origins []bgp.Origin
}

// line is the line behind the prefix where a node brought it in.
func (q *placed) line(node int) fabric.Origin {
	for i := range q.origins {
		if q.origins[i].Node == node {
			return q.origins[i].Line
		}
	}
	return fabric.Origin{}
}

// dependents says which tables have hops over what.
type dependents struct {
	gateways, attachments, nats, tunnels map[int][]int
	links                                map[fabric.LinkID][]int
	order                                []placed // all prefixes, sorted
}

func (p *Plane) dependOn() dependents {
	d := dependents{
		gateways: map[int][]int{}, attachments: map[int][]int{}, nats: map[int][]int{}, tunnels: map[int][]int{}, links: map[fabric.LinkID][]int{},
	}
	add := func(m map[int][]int, k, s int) {
		if list := m[k]; k >= 0 && (len(list) == 0 || list[len(list)-1] != s) {
			m[k] = append(list, s)
		}
	}
	for s := range p.layout.Slots {
		of := func(a *cloud.Action) {
			if a.Kind == 0 {
				return
			}
			add(d.gateways, a.Gateway, s)
			add(d.attachments, a.Attachment, s)
			add(d.nats, a.NAT, s)
			for _, t := range a.Tunnels {
				add(d.tunnels, t, s)
			}
			if a.Link != "" {
				d.links[a.Link] = append(d.links[a.Link], s)
			}
		}
		for i := range p.layout.Slots[s].Entries {
			of(&p.layout.Slots[s].Entries[i].Act)
		}
		of(&p.layout.Slots[s].Learn.Hop)
	}
	for c := range p.machine.Classes {
		for _, q := range p.machine.Classes[c].Prefixes {
			d.order = append(d.order, placed{q, c, p.machine.Origins[q]})
		}
	}
	slices.SortFunc(d.order, func(a, b placed) int { return prefix.Compare(a.prefix, b.prefix) })
	return d
}

// converge works out the state after a failure. Where base is given (healthy,
// with no session ended by a limit), what the failure does not touch is taken
// from it; the result is the same.
func (p *Plane) converge(f Failure, base *state) *state {
	if base != nil && base.barred != nil {
		base = nil
	}
	st := &state{failure: f, down: p.downOf(f)}
	for {
		up := bgp.Standing{Bundles: p.bundlesUp(st, base), GatewaysDown: st.down.gateways, AttachmentsDown: st.down.attachments}
		st.bgp = p.machine.Converge(up, base.converged(), st.down.all.gateways, st.down.all.attachments)
		if !p.limits(st) {
			p.finish(st, base)
			return st
		}
		base = nil // a session was ended: again, without it
	}
}

// converged is what BGP converged to, nil of no state.
func (st *state) converged() *bgp.State {
	if st == nil {
		return nil
	}
	return st.bgp
}

// bundlesUp says which tunnels are up, and returns which bundles are.
func (p *Plane) bundlesUp(st, base *state) []bool {
	up := make([]bool, len(p.machine.Bundles))
	st.live = make([][]int, len(p.machine.Bundles))
	touched := make([]bool, len(p.machine.Bundles))
	for _, t := range st.down.all.tunnels {
		if b := p.layout.Tunnels[t].Bundle; b >= 0 {
			touched[b] = true
		}
	}
	for b := range p.machine.Bundles {
		x := &p.machine.Bundles[b]
		if st.barred != nil && st.barred[b] {
			continue
		}
		switch x.Kind {
		case bgp.TunnelBundle:
			if base != nil && !touched[b] {
				st.live[b] = base.live[b]
			} else {
				for _, t := range x.Tunnels {
					if !st.down.tunnels[t] {
						st.live[b] = append(st.live[b], t)
					}
				}
			}
			up[b] = len(st.live[b]) > 0
		case bgp.HubBundle:
			up[b] = !st.down.links[x.Link]
		case bgp.Associated:
			up[b] = !st.down.attachments[x.Attachment]
		}
		for _, e := range x.Ends {
			up[b] = up[b] && !st.down.gateways[e.Gateway]
		}
	}
	return up
}

// finish makes routes and tables of the results.
func (p *Plane) finish(st, base *state) {
	changed := st.bgp.Changed(base.converged(), len(p.machine.Nodes))
	moved := p.movedNodes(st, base)
	p.quotasOf(st, base, changed)
	n := len(p.machine.Nodes)
	if base == nil {
		st.routes, st.handed, st.hubs, st.sets = make([]*Routes, n), make([]*Routes, n), make([]*Routes, n), make([]*setRoutes, len(p.layout.Sets))
	} else {
		st.routes, st.handed, st.hubs, st.sets = slices.Clone(base.routes), slices.Clone(base.handed), slices.Clone(base.hubs), slices.Clone(base.sets)
	}
	st.cut = map[int]int{}
	for i := range n {
		if base != nil && !changed[i] && base.cut[i] > 0 {
			st.cut[i] = base.cut[i]
		}
		if changed[i] || moved[i] {
			st.routes[i] = p.nodeRoutes(st, i, st.routes[i], true)
		}
		if !changed[i] {
			continue
		}
		switch p.kindOf(i) {
		case fabric.VirtualPrivateGateway, fabric.VPNGateway, fabric.ExpressRouteGateway:
			st.handed[i] = p.nodeRoutes(st, i, st.handed[i], false)
		case fabric.VirtualHub:
			st.hubs[i] = p.hubRoutes(st, i, st.hubs[i])
		case fabric.TransitGateway, fabric.HAVPN, fabric.Device, fabric.DirectConnectGateway:
		}
	}
	for i := range p.layout.Sets {
		if base == nil || p.setTouched(st, base, &p.layout.Sets[i], changed) {
			st.sets[i] = p.makeSet(st, &p.layout.Sets[i], st.sets[i], base != nil)
		}
	}
	p.fill(st, base)
	if base == nil && len(st.failure) == 0 {
		p.machine.Watchers(st.bgp)
	}
}

// movedNodes says which nodes reach what they hold over other tunnels than in
// base.
func (p *Plane) movedNodes(st, base *state) []bool {
	moved := make([]bool, len(p.machine.Nodes))
	if base == nil {
		return moved
	}
	for k := range p.machine.Edges {
		e := &p.machine.Edges[k]
		was, is := base.live[e.Bundle], st.live[e.Bundle]
		if len(was) == len(is) || moved[e.To] {
			continue
		}
		if !p.machine.Nodes[e.To].ECMP && len(is) > 0 && len(was) > 0 && was[0] == is[0] {
			continue
		}
		for c := range p.machine.Classes {
			if slices.Contains(st.bgp.Results[c][e.To].Via, k) {
				moved[e.To] = true
				break
			}
		}
	}
	return moved
}

// ways are hops of one node by the edges that they come from, the first of
// which is the key: many classes take the same.
type ways map[int][]way

type way struct {
	via  []int
	hops []Hop
}

// hops is hopsVia, once for the same edges. Via is not empty.
func (w ways) hops(p *Plane, st *state, n int, via []int) []Hop {
	for _, have := range w[via[0]] {
		if slices.Equal(have.via, via) {
			return have.hops
		}
	}
	hops := p.hopsVia(st, n, via)
	w[via[0]] = append(w[via[0]], way{via, hops})
	return hops
}

// hopsVia are the ways that a node has over edges: every live tunnel where it
// uses equal ways at once, else the first.
func (p *Plane) hopsVia(st *state, n int, via []int) []Hop {
	var out []Hop
	for _, k := range via {
		e := &p.machine.Edges[k]
		b := &p.machine.Bundles[e.Bundle]
		switch b.Kind {
		case bgp.TunnelBundle:
			for _, t := range st.live[e.Bundle] {
				out = append(out, p.tunnelHop(t, e.Dir))
				if !p.machine.Nodes[n].ECMP {
					break
				}
			}
		case bgp.HubBundle:
			gw := p.net.Gateways[p.machine.Nodes[e.From].Gateway].ID
			out = append(out, Hop{Kind: Forward, Table: p.layout.SlotOf(TableID(gw)), Gateway: gw, Link: b.Link})
		case bgp.Associated:
			gw := p.net.Gateways[p.machine.Nodes[e.From].Gateway].ID
			out = append(out, Hop{Kind: Forward, Table: p.layout.SlotOf(cloud.CircuitsID(gw)), Gateway: gw, Attachment: p.net.Attachments[b.Attachment].ID})
		}
	}
	if len(out) > 1 && !p.machine.Nodes[n].ECMP {
		out = out[:1]
	}
	slices.SortFunc(out, Hop.compare)
	return out
}

// compare orders hops by where they lead and over what.
func (h Hop) compare(o Hop) int {
	return cmp.Or(cmp.Compare(h.Kind, o.Kind), cmp.Compare(h.Tunnel, o.Tunnel), cmp.Compare(h.Gateway, o.Gateway), cmp.Compare(h.Attachment, o.Attachment), cmp.Compare(h.Table, o.Table))
}

// nodeRoutes are the routes that a node learned.
func (p *Plane) nodeRoutes(st *state, n int, was *Routes, hops bool) *Routes {
	templates := make([]Route, len(p.machine.Classes))
	learned := 0
	for c := range p.machine.Classes {
		if r := &st.bgp.Results[c][n]; r.Has && !r.Own {
			learned += len(p.machine.Classes[c].Prefixes)
		}
	}
	list := make([]Route, 0, learned)
	seen := ways{}
	for i := range p.deps.order {
		q := &p.deps.order[i]
		r := &st.bgp.Results[q.class][n]
		if !r.Has || r.Own || st.dropped[n][q.prefix] {
			continue
		}
		t := &templates[q.class]
		if t.Protocol == 0 {
			*t = Route{Protocol: BGP, Path: r.Path, MED: r.MED, Why: p.why(r)}
			if hops {
				t.Hops = seen.hops(p, st, n, r.Via)
			}
		}
		out := *t
		out.Prefix, out.Origin = q.prefix, q.line(r.Src)
		list = append(list, out)
	}
	if extra := p.handedStatic[n]; !hops && len(extra) > 0 {
		// A static route of a VPN connection is preferred over what BGP learned.
		list = slices.DeleteFunc(list, func(r Route) bool {
			return slices.ContainsFunc(extra, func(x Route) bool { return x.Prefix == r.Prefix })
		})
		list = append(list, extra...)
		slices.SortFunc(list, func(a, b Route) int { return prefix.Compare(a.Prefix, b.Prefix) })
		list = slices.CompactFunc(list, func(a, b Route) bool { return a.Prefix == b.Prefix })
	}
	if most := p.limit[atlas.LimitAWSVPCPropagatedRoutes]; !hops && p.kindOf(n) == fabric.VirtualPrivateGateway && len(list) > most {
		// Which are left out is not documented: the first are kept here.
		st.cut[n] = len(list)
		list = list[:most]
	}
	return was.like(list)
}

// hubRoutes are all that a virtual hub hands to its VNets: its own prefixes
// and what it learned.
func (p *Plane) hubRoutes(st *state, n int, was *Routes) *Routes {
	own := p.layout.Slots[p.layout.SlotOf(TableID(p.net.Gateways[p.machine.Nodes[n].Gateway].ID))].Entries
	learned := st.routes[n].All()
	if st.down.gateways[p.machine.Nodes[n].Gateway] {
		own = nil
	}
	list := make([]Route, 0, len(own)+len(learned))
	i := 0
	for k := range own {
		for i < len(learned) && prefix.Compare(learned[i].Prefix, own[k].Prefix) < 0 {
			list = append(list, without(learned[i]))
			i++
		}
		if i < len(learned) && learned[i].Prefix == own[k].Prefix {
			i++
		}
		list = append(list, Route{Prefix: own[k].Prefix, Protocol: BGP, Origin: own[k].Origin, Why: own[k].Why})
	}
	for ; i < len(learned); i++ {
		list = append(list, without(learned[i]))
	}
	return was.like(list)
}

func without(r Route) Route {
	r.Hops = nil
	return r
}

// why says what a result won over.
func (p *Plane) why(r *bgp.Result) string {
	var parts []string
	if len(r.Via) > 0 && p.machine.Bundles[p.machine.Edges[r.Via[0]].Bundle].Kind == bgp.HubBundle {
		parts = append(parts, "learned from another virtual hub")
	}
	if len(r.Others) > 0 {
		parts = append(parts, equalPaths(r))
	}
	if len(r.Tied) > 0 {
		parts = append(parts, "one of several that rank alike: which is not documented")
	}
	if r.Lost > 0 {
		from := string(p.net.Gateways[p.machine.Nodes[p.machine.Edges[r.Lost-1].From].Gateway].ID)
		switch r.Why {
		case bgp.LostForKind:
			parts = append(parts, "a less preferred kind of attachment lost: "+from)
		case bgp.LostForPath:
			by := ""
			if r.Prepends > 0 {
				by = " by " + prepends(r.Prepends)
			}
			parts = append(parts, "a longer AS path"+by+" lost: from "+from)
		case bgp.LostForPreference:
			parts = append(parts, "a lower local preference lost: from "+from)
		case bgp.LostForMED:
			parts = append(parts, "a higher MED lost: from "+from)
		}
	}
	if len(parts) == 0 {
		return "the only usable path"
	}
	return strings.Join(parts, "; ")
}

func prepends(n int) string {
	if n == 1 {
		return "1 prepend"
	}
	return fmt.Sprintf("%d prepends", n)
}

// equalPaths tells the AS paths of a result that goes over several neighbours.
func equalPaths(r *bgp.Result) string {
	list := make([]string, 0, len(r.Others)+1)
	for _, path := range append([][]vocab.ASN{r.Path}, r.Others...) {
		words := make([]string, len(path))
		for i, n := range path {
			words[i] = n.String()
		}
		list = append(list, strings.Join(words, " "))
	}
	return fmt.Sprintf("equal AS paths of %d neighbours: %s", len(list), strings.Join(list, ", "))
}
