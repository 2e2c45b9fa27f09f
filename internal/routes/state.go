package routes

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
)

// state is a network after a failure, converged. It is made whole by converge
// and not changed after.
type state struct {
	failure Failure
	down    *down
	up      []bool  // bundles
	live    [][]int // tunnels of each bundle that are up
	refused []refusal
	barred  []bool // bundles that a limit has ended; nil when none
	res     [][]result
	unsure  []bool // classes that do not settle, or settle in several ways
	counts  [][2]int
	dropped []map[netip.Prefix]bool // by node: over a quota of learned routes
	quotas  map[TableID]quota
	cut     map[int]int // nodes that hand on more than a VPC's table takes: how many
	routes  []*Routes   // by node: what it learned, with the hops
	handed  []*Routes   // by node: the same without hops, and static routes beside it
	hubs    []*Routes   // by node of a virtual hub: all it knows, without hops
	sets    []*setRoutes
	tables  []Table
	events  []Event
	watch   [][]int // by bundle: classes whose results depend on it; of the healthy state
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
	origins []origin
}

// line is the line behind the prefix where a node brought it in.
func (q *placed) line(node int) fabric.Origin {
	for i := range q.origins {
		if q.origins[i].node == node {
			return q.origins[i].line
		}
	}
	return fabric.Origin{}
}

// dependents says which tables have hops over what.
type dependents struct {
	gateways, attachments, nats, tunnels map[int][]int
	links                                map[fabric.LinkID][]int
	order                                []placed // all prefixes, sorted
	firstEdge                            [][2]int // by bundle and sending end: an edge, or -1
	byOrigin, byDep                      map[int][]int
}

func (p *Plane) dependOn() dependents {
	d := dependents{
		gateways: map[int][]int{}, attachments: map[int][]int{}, nats: map[int][]int{}, tunnels: map[int][]int{}, links: map[fabric.LinkID][]int{},
		byOrigin: map[int][]int{}, byDep: map[int][]int{},
	}
	add := func(m map[int][]int, k, s int) {
		if list := m[k]; k >= 0 && (len(list) == 0 || list[len(list)-1] != s) {
			m[k] = append(list, s)
		}
	}
	for s := range p.slots {
		of := func(a *action) {
			if a.kind == 0 {
				return
			}
			add(d.gateways, a.gateway, s)
			add(d.attachments, a.att, s)
			add(d.nats, a.nat, s)
			for _, t := range a.tunnels {
				add(d.tunnels, t, s)
			}
			if a.link != "" {
				d.links[a.link] = append(d.links[a.link], s)
			}
		}
		for i := range p.slots[s].entries {
			of(&p.slots[s].entries[i].act)
		}
		of(&p.slots[s].learn.hop)
	}
	for c := range p.classes {
		for _, q := range p.classes[c].prefixes {
			d.order = append(d.order, placed{q, c, p.origins[q]})
		}
		for _, o := range p.classes[c].origins {
			d.byOrigin[p.nodes[o.node].gateway] = append(d.byOrigin[p.nodes[o.node].gateway], c)
			if o.dep >= 0 {
				d.byDep[o.dep] = append(d.byDep[o.dep], c)
			}
		}
	}
	slices.SortFunc(d.order, func(a, b placed) int { return prefix.Compare(a.prefix, b.prefix) })
	d.firstEdge = make([][2]int, len(p.bundles))
	for b := range d.firstEdge {
		d.firstEdge[b] = [2]int{-1, -1}
	}
	for k := range slices.Backward(p.edges) {
		e := &p.edges[k]
		d.firstEdge[e.bundle][e.dir] = k
	}
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
		p.bundlesUp(st, base)
		classes := p.affected(st, base)
		p.solve(st, base, classes)
		if !p.limits(st) {
			p.finish(st, base, classes)
			return st
		}
		base = nil // a session was ended: again, without it
	}
}

// bundlesUp says which tunnels and bundles are up.
func (p *Plane) bundlesUp(st, base *state) {
	st.up, st.live = make([]bool, len(p.bundles)), make([][]int, len(p.bundles))
	touched := make([]bool, len(p.bundles))
	for _, t := range st.down.all.tunnels {
		if b := p.tunnels[t].bundle; b >= 0 {
			touched[b] = true
		}
	}
	for b := range p.bundles {
		x := &p.bundles[b]
		if st.barred != nil && st.barred[b] {
			continue
		}
		switch x.kind {
		case tunnelBundle:
			if base != nil && !touched[b] {
				st.live[b] = base.live[b]
			} else {
				for _, t := range x.tunnels {
					if !st.down.tunnels[t] {
						st.live[b] = append(st.live[b], t)
					}
				}
			}
			st.up[b] = len(st.live[b]) > 0
		case hubBundle:
			st.up[b] = !st.down.links[x.link]
		case associated:
			st.up[b] = !st.down.attachments[x.att]
		}
		for _, e := range x.ends {
			st.up[b] = st.up[b] && !st.down.gateways[e.gateway]
		}
	}
}

// affected lists the classes that a failure can touch: all without a base.
func (p *Plane) affected(st, base *state) []int {
	var out []int
	if base == nil {
		for c := range p.classes {
			out = append(out, c)
		}
		return out
	}
	for b := range p.bundles {
		if base.up[b] && !st.up[b] {
			out = append(out, base.watch[b]...)
		}
	}
	for _, g := range st.down.all.gateways {
		out = append(out, p.deps.byOrigin[g]...)
	}
	for _, a := range st.down.all.attachments {
		out = append(out, p.deps.byDep[a]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// solve finds the results of classes, and counts what sessions carry.
func (p *Plane) solve(st, base *state, classes []int) {
	if base == nil {
		st.res = make([][]result, len(p.classes))
		st.unsure = make([]bool, len(p.classes))
		st.counts = make([][2]int, len(p.bundles))
	} else {
		st.res, st.unsure, st.counts = slices.Clone(base.res), slices.Clone(base.unsure), slices.Clone(base.counts)
	}
	s := newSolver(p, st.up, st.down)
	for _, c := range classes {
		x := &p.classes[c]
		if base != nil {
			p.count(x, base.res[c], base.up, st.counts, -len(x.prefixes))
		}
		res, settled := s.solve(x, false)
		again, also := s.solve(x, true)
		st.res[c], st.unsure[c] = res, !settled || !also || !slices.EqualFunc(res, again, func(a, b result) bool { return a.equal(&b) })
		p.count(x, res, st.up, st.counts, len(x.prefixes))
	}
}

// count adds n to the prefixes that each session carries for a class.
func (p *Plane) count(c *class, res []result, up []bool, counts [][2]int, n int) {
	for b := range p.bundles {
		if !up[b] {
			continue
		}
		for dir := range 2 {
			k := p.deps.firstEdge[b][dir]
			if k < 0 {
				continue
			}
			e := &p.edges[k]
			if !res[e.from].has {
				continue
			}
			if _, v := p.offer(c, &res[e.from], e); v == taken || v == filtered {
				counts[b][1-dir] += n
			}
		}
	}
}

// finish makes routes and tables of the results.
func (p *Plane) finish(st, base *state, classes []int) {
	changed, moved := p.changedNodes(st, base, classes)
	p.quotasOf(st, base, changed)
	n := len(p.nodes)
	if base == nil {
		st.routes, st.handed, st.hubs, st.sets = make([]*Routes, n), make([]*Routes, n), make([]*Routes, n), make([]*setRoutes, len(p.sets))
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
		switch p.nodes[i].kind {
		case fabric.VirtualPrivateGateway, fabric.VPNGateway, fabric.ExpressRouteGateway:
			st.handed[i] = p.nodeRoutes(st, i, st.handed[i], false)
		case fabric.VirtualHub:
			st.hubs[i] = p.hubRoutes(st, i, st.hubs[i])
		case fabric.TransitGateway, fabric.HAVPN, fabric.Device, fabric.DirectConnectGateway:
		}
	}
	for i := range p.sets {
		if base == nil || p.setTouched(st, base, &p.sets[i], changed, classes) {
			st.sets[i] = p.makeSet(st, &p.sets[i], st.sets[i], base != nil)
		}
	}
	p.fill(st, base)
	if base == nil && len(st.failure) == 0 {
		p.watchers(st)
	}
}

// changedNodes says which nodes hold other routes than in base, and which only
// reach them over other tunnels.
func (p *Plane) changedNodes(st, base *state, classes []int) (changed, moved []bool) {
	changed, moved = make([]bool, len(p.nodes)), make([]bool, len(p.nodes))
	if base == nil {
		for i := range changed {
			changed[i] = true
		}
		return changed, moved
	}
	for _, c := range classes {
		for i := range p.nodes {
			if !changed[i] && !st.res[c][i].equal(&base.res[c][i]) {
				changed[i] = true
			}
		}
	}
	for k := range p.edges {
		e := &p.edges[k]
		was, is := base.live[e.bundle], st.live[e.bundle]
		if len(was) == len(is) || moved[e.to] {
			continue
		}
		if !p.nodes[e.to].ecmp && len(is) > 0 && len(was) > 0 && was[0] == is[0] {
			continue
		}
		for c := range p.classes {
			if slices.Contains(st.res[c][e.to].via, k) {
				moved[e.to] = true
				break
			}
		}
	}
	return changed, moved
}

// watchers lists for each bundle the classes whose results depend on it.
func (p *Plane) watchers(st *state) {
	st.watch = make([][]int, len(p.bundles))
	add := func(k, c int) {
		b := p.edges[k].bundle
		if l := len(st.watch[b]); l == 0 || st.watch[b][l-1] != c {
			st.watch[b] = append(st.watch[b], c)
		}
	}
	for c := range st.res {
		for i := range st.res[c] {
			r := &st.res[c][i]
			for _, k := range r.via {
				add(k, c)
			}
			for _, k := range r.tied {
				add(k, c)
			}
			if r.lost > 0 {
				add(r.lost-1, c)
			}
			if r.loop > 0 {
				add(r.loop-1, c)
			}
		}
	}
}

// hopsVia are the ways that a node has over edges: every live tunnel where it
// uses equal ways at once, else the first.
func (p *Plane) hopsVia(st *state, n int, via []int) []Hop {
	var out []Hop
	for _, k := range via {
		e := &p.edges[k]
		b := &p.bundles[e.bundle]
		switch b.kind {
		case tunnelBundle:
			for _, t := range st.live[e.bundle] {
				out = append(out, p.tunnelHop(t, e.dir))
				if !p.nodes[n].ecmp {
					break
				}
			}
		case hubBundle:
			gw := p.net.Gateways[p.nodes[e.from].gateway].ID
			out = append(out, Hop{Kind: Forward, Table: p.slotOf(TableID(gw)), Gateway: gw, Link: b.link})
		case associated:
			gw := p.net.Gateways[p.nodes[e.from].gateway].ID
			out = append(out, Hop{Kind: Forward, Table: p.slotOf(circuitsID(gw)), Gateway: gw, Attachment: p.net.Attachments[b.att].ID})
		}
	}
	if len(out) > 1 && !p.nodes[n].ecmp {
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
	templates := make([]Route, len(p.classes))
	list := make([]Route, 0, len(was.All()))
	for i := range p.deps.order {
		q := &p.deps.order[i]
		r := &st.res[q.class][n]
		if !r.has || r.own || st.dropped[n][q.prefix] {
			continue
		}
		t := &templates[q.class]
		if t.Protocol == 0 {
			*t = Route{Protocol: BGP, Path: r.path, MED: r.med, Why: p.why(r)}
			if hops {
				t.Hops = p.hopsVia(st, n, r.via)
			}
		}
		out := *t
		out.Prefix, out.Origin = q.prefix, q.line(r.src)
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
	if most := p.limit[atlas.LimitAWSVPCPropagatedRoutes]; !hops && p.nodes[n].kind == fabric.VirtualPrivateGateway && len(list) > most {
		// Which are left out is not documented: the first are kept here.
		st.cut[n] = len(list)
		list = list[:most]
	}
	return was.like(list)
}

// hubRoutes are all that a virtual hub hands to its VNets: its own prefixes
// and what it learned.
func (p *Plane) hubRoutes(st *state, n int, was *Routes) *Routes {
	own := p.slots[p.slotOf(TableID(p.net.Gateways[p.nodes[n].gateway].ID))].entries
	learned := st.routes[n].All()
	if st.down.gateways[p.nodes[n].gateway] {
		own = nil
	}
	list := make([]Route, 0, len(own)+len(learned))
	i := 0
	for k := range own {
		for i < len(learned) && prefix.Compare(learned[i].Prefix, own[k].prefix) < 0 {
			list = append(list, without(learned[i]))
			i++
		}
		if i < len(learned) && learned[i].Prefix == own[k].prefix {
			i++
		}
		list = append(list, Route{Prefix: own[k].prefix, Protocol: BGP, Origin: own[k].origin, Why: own[k].why})
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
func (p *Plane) why(r *result) string {
	var b strings.Builder
	if len(r.via) > 0 && p.bundles[p.edges[r.via[0]].bundle].kind == hubBundle {
		b.WriteString("learned from another virtual hub")
	} else {
		b.WriteString("learned by BGP")
	}
	if len(r.path) > 0 {
		b.WriteString(", AS path")
		for _, n := range r.path {
			b.WriteString(" " + n.String())
		}
	}
	if len(r.tied) > 0 {
		b.WriteString("; one of several that rank alike: which is not documented")
	}
	if r.lost == 0 {
		return b.String()
	}
	from := string(p.net.Gateways[p.nodes[p.edges[r.lost-1].from].gateway].ID)
	switch r.why {
	case lostForKind:
		b.WriteString("; a less preferred kind of attachment lost: " + from)
	case lostForPath:
		b.WriteString("; a longer AS path lost: from " + from)
	case lostForMED:
		b.WriteString("; a higher MED lost: from " + from)
	}
	return b.String()
}
