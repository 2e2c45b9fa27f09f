package ways

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
)

// Equal-cost ways differ in round trip when the longest takes more than
// unequalRatio times what the shortest does, and more than unequalGap
// milliseconds longer. Below that one does not tell a way from the jitter of
// another; the rule's text in docs/diagnostics.md names both numbers.
const (
	unequalRatio = 1.5
	unequalGap   = 10.0
)

// Spreads collects equal-cost ways whose round trips differ: one for each set
// of ways, however many sites send by it.
type Spreads struct {
	tables *routes.Tables
	atlas  *atlas.Atlas
	found  map[string]*Spread // by Spread.key
	order  []string
}

// Spread is the equal-cost ways between two sites, when their round trips
// differ.
type Spread struct {
	Connection Connection
	Ways       [2][]Trip // of packets and of replies, the quickest first; nil where they do not differ
	Pairs      Pairs     // that send by them
}

// Trip is a way with its round trip.
type Trip struct {
	Links     []fabric.LinkID // in the order of packets that go by it
	MS        float64         // milliseconds, there and back
	Known     bool
	Estimated bool // that of some part is, and not measured
}

// NewSpreads prepares for the connections of a network.
func NewSpreads(t *routes.Tables, a *atlas.Atlas) *Spreads {
	return &Spreads{tables: t, atlas: a, found: map[string]*Spread{}}
}

// Add judges the equal-cost ways of a connection, there and back.
func (s *Spreads) Add(c Connection) {
	x := &Spread{Connection: c, Ways: [2][]Trip{s.unequal(c.There, c.To), s.unequal(c.Back, c.From)}, Pairs: Pairs{}}
	if x.Ways[0] == nil && x.Ways[1] == nil {
		return
	}
	key := x.key(c.From < c.To)
	if s.found[key] == nil {
		s.found[key] = x
		s.order = append(s.order, key)
	}
	s.found[key].Pairs.add(c)
}

// Found lists the sets of ways that differ, in the order in which they were
// met.
func (s *Spreads) Found() []Spread {
	var out []Spread
	for _, k := range s.order {
		out = append(out, *s.found[k])
	}
	return out
}

// unequal gives the round trips of ways to a site, the quickest first, when
// they differ; nil when they do not, or are not known. Ways over the same
// links count once, by the longest.
func (s *Spreads) unequal(ways []routes.Path, to fabric.SiteID) []Trip {
	if len(ways) < 2 {
		return nil
	}
	var out []Trip
	for i := range ways {
		t := tripOf(s.tables, s.atlas, &ways[i], to)
		if !t.Known {
			continue
		}
		k := slices.IndexFunc(out, func(o Trip) bool { return slices.Equal(o.Links, t.Links) })
		if k < 0 {
			out = append(out, t)
			continue
		}
		if out[k].MS < t.MS {
			out[k] = t
		}
	}
	if len(out) < 2 {
		return nil
	}
	slices.SortStableFunc(out, func(a, b Trip) int {
		return cmp.Or(cmp.Compare(a.MS, b.MS), slices.Compare(a.Links, b.Links))
	})
	best, worst := out[0].MS, out[len(out)-1].MS
	if worst <= unequalRatio*best || worst-best <= unequalGap {
		return nil
	}
	return out
}

// key names the set of ways without what all of them share, so that sites
// behind one hub have one, in whichever direction.
func (x *Spread) key(forth bool) string {
	var text []string
	for d, ways := range x.Ways {
		var lists [][]fabric.LinkID
		for _, t := range ways {
			links := slices.Clone(t.Links)
			if forth == (d == 1) {
				slices.Reverse(links)
			}
			lists = append(lists, links)
		}
		for _, l := range unshared(lists) {
			text = append(text, fmt.Sprint(l))
		}
		text = append(text, "")
	}
	if !forth {
		// The ways of packets are those of replies of the other direction.
		cut := slices.Index(text, "") + 1
		text = append(slices.Clone(text[cut:]), text[:cut]...)
	}
	return strings.Join(text, "\n")
}

// unshared takes the links that all ways begin and end with away from each.
func unshared(ways [][]fabric.LinkID) [][]fabric.LinkID {
	if len(ways) == 0 {
		return nil
	}
	same := func(at func([]fabric.LinkID) int) bool {
		for _, w := range ways {
			if len(w) == 0 || w[at(w)] != ways[0][at(ways[0])] {
				return false
			}
		}
		return true
	}
	for same(func([]fabric.LinkID) int { return 0 }) {
		for i := range ways {
			ways[i] = ways[i][1:]
		}
	}
	for same(func(w []fabric.LinkID) int { return len(w) - 1 }) {
		for i := range ways {
			ways[i] = ways[i][:len(ways[i])-1]
		}
	}
	return ways
}

// Mirrored reports whether replies have the ways of the packets.
func (x *Spread) Mirrored() bool {
	return slices.EqualFunc(x.Ways[0], x.Ways[1], func(a, b Trip) bool {
		back := slices.Clone(b.Links)
		slices.Reverse(back)
		return slices.Equal(a.Links, back)
	})
}

// Longest gives the links of the last way; nil for any.
func Longest(ways []Trip) []fabric.LinkID {
	if len(ways) == 0 {
		return nil
	}
	return ways[len(ways)-1].Links
}
