package routes

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
)

// quota is a quota of learned destinations that was passed.
type quota struct {
	limit   atlas.LimitID
	vpc     fabric.VPCID
	region  string
	table   TableID
	gateway fabric.GatewayID
	count   int
	first   netip.Prefix // the first destination dropped
}

// overQuota returns the destinations beyond a limit, in the order that Google
// drops them: the longest masks go first, then the last in order (Cloud Router
// quotas).
func overQuota(all []netip.Prefix, limit int) []netip.Prefix {
	if len(all) <= limit {
		return nil
	}
	slices.SortFunc(all, func(a, b netip.Prefix) int { return cmp.Or(cmp.Compare(a.Bits(), b.Bits()), prefix.Compare(a, b)) })
	return all[limit:]
}

// quotasOf finds the learned routes of each VPC and region that are over the
// quota of its own region.
func (p *Plane) quotasOf(st, base *state, changed []bool) {
	st.dropped, st.quotas = make([]map[netip.Prefix]bool, len(p.nodes)), map[TableID]quota{}
	limit := p.limit[atlas.LimitGCPRouterLearnedOwnRegion]
	groups := map[TableID][]int{}
	for g := range p.net.Gateways {
		if gw := &p.net.Gateways[g]; gw.Kind == fabric.HAVPN {
			id := regionTable(gw.VPC, p.region(gw.Site))
			groups[id] = append(groups[id], p.nodeOf[g])
		}
	}
	for _, id := range sortedKeys(groups) {
		nodes := groups[id]
		again := slices.ContainsFunc(nodes, func(n int) bool { return changed[n] })
		if !again && base != nil {
			for _, n := range nodes {
				st.dropped[n] = base.dropped[n]
			}
			if q, ok := base.quotas[id]; ok {
				st.quotas[id] = q
			}
			continue
		}
		var all []netip.Prefix
		for i := range p.deps.order {
			q := &p.deps.order[i]
			for _, n := range nodes {
				if r := &st.res[q.class][n]; r.has && !r.own {
					all = append(all, q.prefix)
					break
				}
			}
		}
		count := len(all)
		for _, n := range nodes {
			changed[n] = changed[n] || again
		}
		over := overQuota(all, limit)
		if over == nil {
			continue
		}
		drop := make(map[netip.Prefix]bool, len(over))
		for _, q := range over {
			drop[q] = true
		}
		gw := &p.net.Gateways[p.nodes[nodes[0]].gateway]
		st.quotas[id] = quota{limit: atlas.LimitGCPRouterLearnedOwnRegion, vpc: gw.VPC, region: p.region(gw.Site), table: id, gateway: gw.ID, count: count, first: over[0]}
		for _, n := range nodes {
			st.dropped[n] = drop
		}
	}
}

// sourceUp reports whether a set's source gives routes.
func (p *Plane) sourceUp(st *state, x *source) bool {
	return !st.down.gateways[x.gateway] && (x.att < 0 || !st.down.attachments[x.att]) && (x.link == "" || x.named || !st.down.links[x.link])
}

// setTouched reports whether a failure changes a set.
func (p *Plane) setTouched(st, base *state, s *set, changed []bool, classes []int) bool {
	if p.spokesTouched(st, s) {
		return true
	}
	heard := false
	for i := range s.sources {
		x := &s.sources[i]
		quotas := st.dropped[x.node] != nil || base.dropped[x.node] != nil || s.vpc >= 0 && x.own && x.region != s.region
		if !p.sourceUp(st, x) || changed[x.node] && quotas {
			return true
		}
		heard = heard || changed[x.node]
	}
	if !heard {
		return false
	}
	up := p.sourcesUp(st, s)
	for _, c := range classes {
		if p.classMoved(st, base, s, up, c) {
			return true
		}
	}
	return false
}

// classMoved reports whether a set has other routes for a class than in base.
func (p *Plane) classMoved(st, base *state, s *set, up []bool, c int) bool {
	same := true
	for i := range s.sources {
		n := s.sources[i].node
		same = same && st.res[c][n].equal(&base.res[c][n])
	}
	if same {
		return false
	}
	q := &placed{class: c}
	was, old := p.merge(base, s, up, q, nil)
	is, now := p.merge(st, s, up, q, nil)
	return old != now || was.Protocol != is.Protocol || was.MED != is.MED || was.Why != is.Why || !slices.Equal(was.Path, is.Path) ||
		!slices.Equal(was.Hops, is.Hops) || p.heardOf(st, s, c) != p.heardOf(base, s, c)
}

// heardOf is the node that brought a class in, as the first source knows it.
func (p *Plane) heardOf(st *state, s *set, c int) int {
	for i := range s.sources {
		if r := &st.res[c][s.sources[i].node]; r.has && !r.own {
			return r.src
		}
	}
	return -1
}

// spokesTouched reports whether the way to subnets of other spokes has failed.
func (p *Plane) spokesTouched(st *state, s *set) bool {
	if !s.spokes {
		return false
	}
	for id := range st.down.links {
		if l := find(p.ix.links, id); slices.Contains(p.net.Links[l].Sites[:], s.site) {
			return true
		}
	}
	return false
}

// offerOf is what a source gives for a prefix.
type offerOf struct {
	source int
	metric int
}

// makeSet merges what a set's sources learned: for each prefix the lowest MED
// with the cost of the region, then the network's own, then equal ones at once.
// Subnets of the NCC hub's VPCs are in it, and nothing inside them.
func (p *Plane) makeSet(st *state, s *set, was *setRoutes, shared bool) *setRoutes {
	out := &setRoutes{firm: &prefix.Table[struct{}]{}}
	up := p.sourcesUp(st, s)
	out.far = p.farDrops(st, s, up, out)
	switch {
	case shared && !p.spokesTouched(st, s):
		out.fixed, out.firm = was.fixed, was.firm
	case s.spokes:
		out.fixed = p.spokeRoutes(s.site, st.down)
		for i := range out.fixed {
			out.firm.Insert(out.fixed[i].Prefix, struct{}{})
		}
	}
	list := make([]Route, 0, len(p.deps.order)+len(out.fixed))
	cache := make([]Route, len(p.classes))
	done := make([]bool, len(p.classes))
	fixed := out.fixed
	for i := range p.deps.order {
		q := &p.deps.order[i]
		for len(fixed) > 0 && prefix.Compare(fixed[0].Prefix, q.prefix) <= 0 {
			list, fixed = append(list, fixed[0]), fixed[1:]
		}
		if s.spokes && within(out.firm, q.prefix) {
			continue // inside a subnet: never used
		}
		var r Route
		if s.quotaFree(st, q.prefix, out.far) {
			if !done[q.class] {
				done[q.class] = true
				cache[q.class], _ = p.merge(st, s, up, q, nil)
			}
			r = cache[q.class]
		} else {
			r, _ = p.merge(st, s, up, q, out.far)
		}
		if r.Protocol != 0 {
			r.Prefix, r.Origin = q.prefix, p.originIn(st, s, q)
			list = append(list, r)
		}
	}
	list = append(list, fixed...)
	var old *Routes
	if was != nil {
		old = was.routes
	}
	out.routes = old.like(list)
	return out
}

func (p *Plane) sourcesUp(st *state, s *set) []bool {
	up := make([]bool, len(s.sources))
	for i := range s.sources {
		up[i] = p.sourceUp(st, &s.sources[i])
	}
	return up
}

// metric is the priority with which a set's route for a prefix competes.
func (p *Plane) metric(st *state, set int, to netip.Prefix) int {
	i, ok := slices.BinarySearchFunc(p.deps.order, to, func(q placed, to netip.Prefix) int { return prefix.Compare(q.prefix, to) })
	if !ok {
		return 0 // a subnet route
	}
	s := &p.sets[set]
	_, m := p.merge(st, s, p.sourcesUp(st, s), &p.deps.order[i], st.sets[set].far)
	return m
}

// quotaFree reports whether no quota drops a prefix from any source.
func (s *set) quotaFree(st *state, q netip.Prefix, far map[netip.Prefix]bool) bool {
	if far[q] {
		return false
	}
	for i := range s.sources {
		if st.dropped[s.sources[i].node][q] {
			return false
		}
	}
	return true
}

// originIn is the line behind a prefix that a set learned.
func (p *Plane) originIn(st *state, s *set, q *placed) fabric.Origin {
	for i := range s.sources {
		if r := &st.res[q.class][s.sources[i].node]; r.has && !r.own {
			return q.line(r.src)
		}
	}
	return fabric.Origin{}
}

// merge picks the sources of a prefix.
func (p *Plane) merge(st *state, s *set, up []bool, q *placed, far map[netip.Prefix]bool) (Route, int) {
	var best []offerOf
	for i := range s.sources {
		x := &s.sources[i]
		r := &st.res[q.class][x.node]
		if !up[i] || !r.has || r.own || st.dropped[x.node][q.prefix] || x.region != s.region && x.own && far[q.prefix] {
			continue
		}
		o := offerOf{i, x.cost}
		if !s.ignoreMED {
			o.metric += r.med
		}
		order := func(a, b offerOf) int {
			foreign := func(k offerOf) int {
				if s.sources[k.source].own {
					return 0
				}
				return 1
			}
			return cmp.Or(cmp.Compare(a.metric, b.metric), cmp.Compare(foreign(a), foreign(b)))
		}
		switch {
		case len(best) == 0 || order(o, best[0]) < 0:
			best = append(best[:0], o)
		case order(o, best[0]) == 0:
			best = append(best, o)
		}
	}
	if len(best) == 0 {
		return Route{}, 0
	}
	x := &s.sources[best[0].source]
	r := &st.res[q.class][x.node]
	out := Route{Protocol: BGP, Path: r.path, MED: r.med, Why: "learned by " + string(p.net.Gateways[x.gateway].ID)}
	if !s.ignoreMED {
		out.Why += fmt.Sprintf(" with priority %d", best[0].metric)
	}
	for _, o := range best {
		y := &s.sources[o.source]
		way := forward(y.exit, y.gateway, y.att, y.link)
		way.named = y.named
		out.Hops = append(out.Hops, p.hops(way, st.down)...)
	}
	slices.SortFunc(out.Hops, Hop.compare)
	return out, best[0].metric
}

// farDrops finds the destinations over the quota of those learned in other
// regions.
func (p *Plane) farDrops(st *state, s *set, up []bool, out *setRoutes) map[netip.Prefix]bool {
	if s.vpc < 0 {
		return nil
	}
	var all []netip.Prefix
	for k := range p.deps.order {
		q := &p.deps.order[k]
		for i := range s.sources {
			x := &s.sources[i]
			if r := &st.res[q.class][x.node]; up[i] && x.own && x.region != s.region && r.has && !r.own && !st.dropped[x.node][q.prefix] {
				all = append(all, q.prefix)
				break
			}
		}
	}
	limit := p.limit[atlas.LimitGCPRouterLearnedOtherRegions]
	count := len(all)
	over := overQuota(all, limit)
	if over == nil {
		return nil
	}
	drop := make(map[netip.Prefix]bool, len(over))
	for _, q := range over {
		drop[q] = true
	}
	v := p.net.VPCs[s.vpc].ID
	out.quota = &quota{limit: atlas.LimitGCPRouterLearnedOtherRegions, vpc: v, region: s.region, table: regionTable(v, s.region), count: count, first: over[0]}
	return drop
}
