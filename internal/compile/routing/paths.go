package routing

import (
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// paths finds the way between two sites over the pairs: the fewest links,
// then the shortest round trip. Only hubs are passed through.
type paths struct {
	d     *draft.Draft
	index map[fabric.SiteID]int
	next  [][]int // neighbours of each site, sorted by id
	cache map[int][]int
}

func newPaths(d *draft.Draft) *paths {
	p := &paths{d: d, index: map[fabric.SiteID]int{}, next: make([][]int, len(d.Sites)), cache: map[int][]int{}}
	for i := range d.Sites {
		p.index[d.Sites[i].ID] = i
	}
	for k := range d.Pairs {
		q := &d.Pairs[k]
		p.next[q.A] = append(p.next[q.A], q.B)
		p.next[q.B] = append(p.next[q.B], q.A)
	}
	for _, n := range p.next {
		slices.SortFunc(n, func(a, b int) int {
			if d.Sites[a].ID < d.Sites[b].ID {
				return -1
			}
			return 1
		})
	}
	return p
}

// tree gives for each site the site before it on the way from the root, -1
// where there is none: breadth first, extended only through hubs, ties to the
// shorter distance and then to the lower id.
func (p *paths) tree(root int) []int {
	if t, ok := p.cache[root]; ok {
		return t
	}
	before := make([]int, len(p.d.Sites))
	for i := range before {
		before[i] = -1
	}
	before[root] = root
	cost := make([]float64, len(p.d.Sites))
	level := []int{root}
	for len(level) > 0 {
		var found []int
		for _, at := range level {
			if at != root && !p.d.Sites[at].IsHub {
				continue
			}
			for _, n := range p.next[at] {
				c := cost[at] + p.rtt(at, n)
				switch {
				case before[n] < 0:
					before[n], cost[n] = at, c
					found = append(found, n)
				case slices.Contains(found, n) && c < cost[n]:
					before[n], cost[n] = at, c
				}
			}
		}
		level = found
	}
	before[root] = -1
	p.cache[root] = before
	return before
}

func (p *paths) rtt(a, b int) float64 {
	r, _ := p.d.Atlas.RTT(Place(p.d, a), Place(p.d, b))
	return r.MS
}

// Place is where a site is, for latency.
func Place(d *draft.Draft, i int) atlas.Place {
	s := &d.Sites[i]
	if s.Cloud == vocab.OnPrem {
		p, _ := d.Atlas.Place(s.Spec.City.V)
		return p
	}
	return s.Region.Place()
}

// route gives the sites from a to b, both included; nil when nothing joins them.
func (p *paths) route(a, b int) []int {
	if a == b {
		return []int{a}
	}
	before := p.tree(a)
	if before[b] < 0 {
		return nil
	}
	var out []int
	for at := b; at != -1; at = before[at] {
		out = append(out, at)
	}
	slices.Reverse(out)
	return out
}

func (p *paths) between(a, b fabric.SiteID) ([]fabric.SiteID, bool) {
	var out []fabric.SiteID
	for _, i := range p.route(p.index[a], p.index[b]) {
		out = append(out, p.d.Sites[i].ID)
	}
	return out, len(out) > 0
}
