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
func (p *Plane) quotasOf(st *state, changed []bool) {
	st.dropped = make([]map[netip.Prefix]bool, len(p.nodes))
	limit := p.atlas.Limit(atlas.LimitGCPRouterLearnedOwnRegion)
	groups := map[TableID][]int{}
	for g := range p.net.Gateways {
		if gw := &p.net.Gateways[g]; gw.Kind == fabric.HAVPN {
			id := regionTable(gw.VPC, p.region(gw.Site))
			groups[id] = append(groups[id], p.nodeOf[g])
		}
	}
	for _, id := range sortedKeys(groups) {
		nodes := groups[id]
		var all []netip.Prefix
		for _, q := range p.deps.order {
			for _, n := range nodes {
				if r := &st.res[q.class][n]; r.has && !r.own {
					all = append(all, q.prefix)
					break
				}
			}
		}
		count := len(all)
		over := overQuota(all, limit.Value)
		if over == nil {
			continue
		}
		drop := make(map[netip.Prefix]bool, len(over))
		for _, q := range over {
			drop[q] = true
		}
		gw := &p.net.Gateways[p.nodes[nodes[0]].gateway]
		st.quotas = append(st.quotas, quota{limit: limit.ID, vpc: gw.VPC, region: p.region(gw.Site), table: id, gateway: gw.ID, count: count, first: over[0]})
		again := slices.ContainsFunc(nodes, func(n int) bool { return changed[n] })
		for _, n := range nodes {
			st.dropped[n] = drop
			changed[n] = changed[n] || again
		}
	}
}

// sourceUp reports whether a set's source gives routes.
func (p *Plane) sourceUp(st *state, x *source) bool {
	return !st.down.gateways[x.gateway] && (x.att < 0 || !st.down.attachments[x.att]) && (x.link == "" || x.named || !st.down.links[x.link])
}

// setTouched reports whether a failure can change a set.
func (p *Plane) setTouched(st *state, s *set, changed []bool) bool {
	for i := range s.sources {
		if x := &s.sources[i]; changed[x.node] || !p.sourceUp(st, x) {
			return true
		}
	}
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
func (p *Plane) makeSet(st *state, s *set, was *setRoutes) *setRoutes {
	out := &setRoutes{metric: map[netip.Prefix]int{}}
	up := make([]bool, len(s.sources))
	for i := range s.sources {
		up[i] = p.sourceUp(st, &s.sources[i])
	}
	far := p.farDrops(st, s, up, out)
	var fixed []Route
	firm := &prefix.Table[struct{}]{}
	if s.spokes {
		fixed = p.spokeRoutes(s.site, st.down)
		for i := range fixed {
			firm.Insert(fixed[i].Prefix, struct{}{})
		}
	}
	list := make([]Route, 0, len(p.deps.order)+len(fixed))
	type made struct {
		done   bool
		route  Route
		metric int
	}
	cache := make([]made, len(p.classes))
	for _, q := range p.deps.order {
		if within(firm, q.prefix) {
			continue // inside a subnet: never used
		}
		if s.quotaFree(st, q.prefix, far) {
			m := &cache[q.class]
			if !m.done {
				m.done = true
				m.route, m.metric = p.merge(st, s, up, q, nil)
			}
			if m.route.Protocol != 0 {
				r := m.route
				r.Prefix, r.Origin = q.prefix, p.originIn(st, s, q)
				list, out.metric[q.prefix] = append(list, r), m.metric
			}
			continue
		}
		if r, metric := p.merge(st, s, up, q, far); r.Protocol != 0 {
			r.Prefix, r.Origin = q.prefix, p.originIn(st, s, q)
			list, out.metric[q.prefix] = append(list, r), metric
		}
	}
	if len(fixed) > 0 {
		list = append(list, fixed...)
		slices.SortStableFunc(list, func(a, b Route) int { return prefix.Compare(a.Prefix, b.Prefix) })
		list = slices.CompactFunc(list, func(a, b Route) bool { return a.Prefix == b.Prefix })
	}
	var old *Routes
	if was != nil {
		old = was.routes
	}
	out.routes = old.like(list)
	return out
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
func (p *Plane) originIn(st *state, s *set, q placed) fabric.Origin {
	for i := range s.sources {
		if r := &st.res[q.class][s.sources[i].node]; r.has && !r.own {
			return p.lineOf(q.prefix, r.src)
		}
	}
	return fabric.Origin{}
}

// merge picks the sources of a prefix.
func (p *Plane) merge(st *state, s *set, up []bool, q placed, far map[netip.Prefix]bool) (Route, int) {
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
	for _, q := range p.deps.order {
		for i := range s.sources {
			x := &s.sources[i]
			if r := &st.res[q.class][x.node]; up[i] && x.own && x.region != s.region && r.has && !r.own && !st.dropped[x.node][q.prefix] {
				all = append(all, q.prefix)
				break
			}
		}
	}
	limit := p.atlas.Limit(atlas.LimitGCPRouterLearnedOtherRegions)
	count := len(all)
	over := overQuota(all, limit.Value)
	if over == nil {
		return nil
	}
	drop := make(map[netip.Prefix]bool, len(over))
	for _, q := range over {
		drop[q] = true
	}
	v := p.net.VPCs[s.vpc].ID
	out.quota = &quota{limit: limit.ID, vpc: v, region: s.region, table: regionTable(v, s.region), count: count, first: over[0]}
	return drop
}
