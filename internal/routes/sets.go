package routes

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes/bgp"
	"github.com/tieline/tieline/internal/routes/cloud"
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
	st.dropped, st.quotas = make([]map[netip.Prefix]bool, len(p.machine.Nodes)), map[TableID]quota{}
	limit := p.limit[atlas.LimitGCPRouterLearnedOwnRegion]
	groups := map[TableID][]int{}
	for g := range p.net.Gateways {
		if gw := &p.net.Gateways[g]; gw.Kind == fabric.HAVPN {
			id := cloud.RegionTable(gw.VPC, p.layout.Region(gw.Site))
			groups[id] = append(groups[id], p.layout.NodeOf[g])
		}
	}
	var all []netip.Prefix
	for _, id := range slices.Sorted(maps.Keys(groups)) {
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
		all = all[:0]
		for i := range p.deps.order {
			q := &p.deps.order[i]
			for _, n := range nodes {
				if r := &st.bgp.Results[q.class][n]; r.Has && !r.Own {
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
		gw := &p.net.Gateways[p.machine.Nodes[nodes[0]].Gateway]
		st.quotas[id] = quota{limit: atlas.LimitGCPRouterLearnedOwnRegion, vpc: gw.VPC, region: p.layout.Region(gw.Site), table: id, gateway: gw.ID, count: count, first: over[0]}
		for _, n := range nodes {
			st.dropped[n] = drop
		}
	}
}

// sourceUp reports whether a set's source gives routes.
func (p *Plane) sourceUp(st *state, x *cloud.Source) bool {
	return !st.down.gateways[x.Gateway] && (x.Attachment < 0 || !st.down.attachments[x.Attachment]) && (x.Link == "" || x.Named || !st.down.links[x.Link])
}

// setTouched reports whether a failure changes a set.
func (p *Plane) setTouched(st, base *state, s *cloud.Set, changed []bool) bool {
	if p.spokesTouched(st, s) {
		return true
	}
	heard := false
	for i := range s.Sources {
		x := &s.Sources[i]
		quotas := st.dropped[x.Node] != nil || base.dropped[x.Node] != nil || s.VPC >= 0 && x.Own && x.Region != s.Region
		if !p.sourceUp(st, x) || changed[x.Node] && quotas {
			return true
		}
		heard = heard || changed[x.Node]
	}
	if !heard {
		return false
	}
	up := p.sourcesUp(st, s)
	for _, c := range st.bgp.Classes {
		if p.classMoved(st, base, s, up, c) {
			return true
		}
	}
	return false
}

// classMoved reports whether a set has other routes for a class than in base.
func (p *Plane) classMoved(st, base *state, s *cloud.Set, up []bool, c int) bool {
	same := true
	for i := range s.Sources {
		n := s.Sources[i].Node
		same = same && st.bgp.Results[c][n].Equal(&base.bgp.Results[c][n])
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
func (p *Plane) heardOf(st *state, s *cloud.Set, c int) int {
	for i := range s.Sources {
		if r := &st.bgp.Results[c][s.Sources[i].Node]; r.Has && !r.Own {
			return r.Src
		}
	}
	return -1
}

// spokesTouched reports whether the way to subnets of other spokes has failed.
func (p *Plane) spokesTouched(st *state, s *cloud.Set) bool {
	if !s.Spokes {
		return false
	}
	for id := range st.down.links {
		if l := cloud.Find(p.layout.Index.Links, id); slices.Contains(p.net.Links[l].Sites[:], s.Site) {
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

// makeSet merges what a set's sources learned: for each prefix the network's
// own, then the lowest MED with the cost of the region, then equal ones at once.
// Subnets of the NCC hub's VPCs are in it, and nothing inside them.
func (p *Plane) makeSet(st *state, s *cloud.Set, was *setRoutes, shared bool) *setRoutes {
	out := &setRoutes{firm: &prefix.Table[struct{}]{}}
	up := p.sourcesUp(st, s)
	out.far = p.farDrops(st, s, up, out)
	switch {
	case shared && !p.spokesTouched(st, s):
		out.fixed, out.firm = was.fixed, was.firm
	case s.Spokes:
		out.fixed = p.spokeRoutes(s.Site, st.down)
		for i := range out.fixed {
			out.firm.Insert(out.fixed[i].Prefix, struct{}{})
		}
	}
	list := make([]Route, 0, len(p.deps.order)+len(out.fixed))
	cache := make([]Route, len(p.machine.Classes))
	done := make([]bool, len(p.machine.Classes))
	fixed := out.fixed
	for i := range p.deps.order {
		q := &p.deps.order[i]
		for len(fixed) > 0 && prefix.Compare(fixed[0].Prefix, q.prefix) <= 0 {
			list, fixed = append(list, fixed[0]), fixed[1:]
		}
		if s.Spokes && bgp.Within(out.firm, q.prefix) {
			continue // inside a subnet: never used
		}
		var r Route
		if quotaFree(s, st, q.prefix, out.far) {
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

func (p *Plane) sourcesUp(st *state, s *cloud.Set) []bool {
	up := make([]bool, len(s.Sources))
	for i := range s.Sources {
		up[i] = p.sourceUp(st, &s.Sources[i])
	}
	return up
}

// metric is the priority with which a set's route for a prefix competes.
func (p *Plane) metric(st *state, set int, to netip.Prefix) int {
	i, ok := slices.BinarySearchFunc(p.deps.order, to, func(q placed, to netip.Prefix) int { return prefix.Compare(q.prefix, to) })
	if !ok {
		return 0 // a subnet route
	}
	s := &p.layout.Sets[set]
	_, m := p.merge(st, s, p.sourcesUp(st, s), &p.deps.order[i], st.sets[set].far)
	return m
}

// quotaFree reports whether no quota drops a prefix from any source.
func quotaFree(s *cloud.Set, st *state, q netip.Prefix, far map[netip.Prefix]bool) bool {
	if far[q] {
		return false
	}
	for i := range s.Sources {
		if st.dropped[s.Sources[i].Node][q] {
			return false
		}
	}
	return true
}

// originIn is the line behind a prefix that a set learned.
func (p *Plane) originIn(st *state, s *cloud.Set, q *placed) fabric.Origin {
	for i := range s.Sources {
		if r := &st.bgp.Results[q.class][s.Sources[i].Node]; r.Has && !r.Own {
			return q.line(r.Src)
		}
	}
	return fabric.Origin{}
}

// merge picks the sources of a prefix.
func (p *Plane) merge(st *state, s *cloud.Set, up []bool, q *placed, far map[netip.Prefix]bool) (Route, int) {
	var best []offerOf
	for i := range s.Sources {
		x := &s.Sources[i]
		r := &st.bgp.Results[q.class][x.Node]
		if !up[i] || !r.Has || r.Own || st.dropped[x.Node][q.prefix] || x.Region != s.Region && x.Own && far[q.prefix] || x.Hybrid && !p.layout.BySpoke(r) {
			continue
		}
		o := offerOf{i, x.Cost}
		if !s.IgnoreMED {
			o.metric += r.MED
			if !x.Own {
				o.metric += cloud.Foreign
			}
		}
		order := func(a, b offerOf) int { return cmp.Compare(a.metric, b.metric) }
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
	x := &s.Sources[best[0].source]
	r := &st.bgp.Results[q.class][x.Node]
	out := Route{Protocol: BGP, Path: r.Path, MED: r.MED, Why: "learned by " + string(p.net.Gateways[x.Gateway].ID)}
	if !s.IgnoreMED {
		out.Why += fmt.Sprintf(" with priority %d", best[0].metric%cloud.Foreign)
	}
	all := bgp.Result{Path: r.Path}
	for _, o := range best {
		y := &s.Sources[o.source]
		all.Join(&st.bgp.Results[q.class][y.Node])
		way := cloud.Forward(y.Exit, y.Gateway, y.Attachment, y.Link)
		way.Named = y.Named
		out.Hops = append(out.Hops, p.hops(way, st.down)...)
	}
	if len(all.Others) > 0 {
		out.Why += "; " + equalPaths(&all)
	}
	slices.SortFunc(out.Hops, Hop.compare)
	return out, best[0].metric
}

// farDrops finds the destinations over the quota of those learned in other
// regions.
func (p *Plane) farDrops(st *state, s *cloud.Set, up []bool, out *setRoutes) map[netip.Prefix]bool {
	if s.VPC < 0 {
		return nil
	}
	var all []netip.Prefix
	for k := range p.deps.order {
		q := &p.deps.order[k]
		for i := range s.Sources {
			x := &s.Sources[i]
			if r := &st.bgp.Results[q.class][x.Node]; up[i] && x.Own && x.Region != s.Region && r.Has && !r.Own && !st.dropped[x.Node][q.prefix] {
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
	v := p.net.VPCs[s.VPC].ID
	out.quota = &quota{limit: atlas.LimitGCPRouterLearnedOtherRegions, vpc: v, region: s.Region, table: cloud.RegionTable(v, s.Region), count: count, first: over[0]}
	return drop
}

// spokeRoutes are the subnets of the NCC hub's VPCs as seen from a site, sorted.
func (p *Plane) spokeRoutes(from fabric.SiteID, d *down) []Route {
	type way struct {
		attachment int
		site       fabric.SiteID
	}
	hops := map[way][]Hop{} // the same for all subnets of a VPC at a site
	out := make([]Route, len(p.layout.SpokeSubnets))
	for i := range p.layout.SpokeSubnets {
		h := &p.layout.SpokeSubnets[i]
		to := way{h.Attachment, h.Site}
		if hops[to] == nil {
			hops[to] = p.hops(cloud.Deliver(h.VPC, h.Attachment, p.layout.LinkBetween(from, h.Site)), d)
		}
		out[i] = Route{Prefix: h.Prefix, Protocol: Peered, Firm: true, Hops: hops[to], Origin: h.Line, Why: "a subnet of the NCC hub's " + string(h.VPC)}
	}
	return out
}
