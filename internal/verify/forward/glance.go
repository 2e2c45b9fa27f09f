package forward

import (
	"sort"

	"github.com/tieline/tieline/internal/routes"
)

// glances are the routes that every set of routes takes for each class of
// addresses: what [routes.Tables.Lookup] finds one address at a time, for all
// classes and tables at once.
type glances struct {
	// own and learned are those of each table; nil where it has none.
	own, learned []*glance
	// instead are the hops that stand for those of learned routes, by table.
	instead [][]routes.Hop
}

// glance is one set of routes, by class.
type glance struct {
	list    []routes.Route
	longest []int32 // index into list, or -1
	firm    []bool
}

func newGlances(tables *routes.Tables, x *Addresses) *glances {
	n := len(tables.Tables)
	g := &glances{own: make([]*glance, n), learned: make([]*glance, n), instead: make([][]routes.Hop, n)}
	sets := map[*routes.Routes]*glance{nil: nil}
	for i := range tables.Tables {
		t := &tables.Tables[i]
		g.instead[i] = []routes.Hop{t.LearnedHop}
		for _, set := range []*routes.Routes{t.Own, t.Learned} {
			if _, ok := sets[set]; !ok {
				sets[set] = x.glance(set)
			}
		}
		g.own[i], g.learned[i] = sets[t.Own], sets[t.Learned]
	}
	return g
}

// glance spreads routes over the classes, the shorter prefixes first, as they
// are sorted, so that the longer stand at last. A class lies inside a prefix or
// outside it, as its first atom does, and classes are in order of these.
func (x *Addresses) glance(set *routes.Routes) *glance {
	out := &glance{list: set.All(), longest: make([]int32, x.routes), firm: make([]bool, x.routes)}
	for c := range out.longest {
		out.longest[c] = -1
	}
	for i := range out.list {
		r := &out.list[i]
		if !r.Prefix.Addr().Is4() {
			continue
		}
		first, last := x.Span(r.Prefix)
		lo := sort.Search(x.routes, func(c int) bool { return int(x.example[c]) >= first })
		for c := lo; c < x.routes && int(x.example[c]) < last; c++ {
			out.longest[c] = int32(i)
			out.firm[c] = out.firm[c] || r.Firm
		}
	}
	return out
}

// hops gives where a table sends a class of addresses; none when it has no
// route. They are shared.
func (g *glances) hops(table, class int) []routes.Hop {
	own, learned := g.own[table], g.learned[table]
	var r *routes.Route
	if own != nil && own.longest[class] >= 0 {
		r = &own.list[own.longest[class]]
	}
	if learned != nil && learned.longest[class] >= 0 && (own == nil || !own.firm[class]) {
		other := &learned.list[learned.longest[class]]
		if r == nil || r.Prefix.Bits() < other.Prefix.Bits() {
			if h := g.instead[table]; h[0].Kind != 0 {
				return h
			}
			return other.Hops
		}
	}
	if r == nil {
		return nil
	}
	return r.Hops
}
