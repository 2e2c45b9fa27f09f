package verify

import (
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

// spreads collects equal-cost ways whose round trips differ: one for each set
// of ways, however many sites send by it.
type spreads struct {
	p     *Proof
	found map[string]*spread // by spread.key
	order []string
}

// spread is the equal-cost ways between two sites, when their round trips
// differ.
type spread struct {
	f     *flow
	a, b  int       // units
	ways  [2][]trip // of packets and of replies, the quickest first; nil where they do not differ
	pairs map[[2]fabric.SiteID]bool
}

// trip is a way with its round trip.
type trip struct {
	links     []fabric.LinkID // in the order of packets that go by it
	ms        float64
	known     bool
	estimated bool // that of some part is, and not measured
}

func newSpreads(p *Proof) *spreads { return &spreads{p: p, found: map[string]*spread{}} }

// add judges the equal-cost ways from one unit to another and back.
func (s *spreads) add(f *flow, a, b int, out, in []routes.Path) {
	x := &spread{f: f, a: a, b: b, pairs: map[[2]fabric.SiteID]bool{}}
	x.ways = [2][]trip{s.unequal(out, b), s.unequal(in, a)}
	if x.ways[0] == nil && x.ways[1] == nil {
		return
	}
	from, to := s.p.places[f.from].Site, s.p.places[f.to].Site
	key := x.key(from < to)
	if s.found[key] == nil {
		s.found[key] = x
		s.order = append(s.order, key)
	}
	s.found[key].pairs[[2]fabric.SiteID{min(from, to), max(from, to)}] = true
}

// unequal gives the round trips of ways to a unit, the quickest first, when
// they differ; nil when they do not, or are not known. Ways over the same
// links count once, by the longest.
func (s *spreads) unequal(ways []routes.Path, to int) []trip {
	if len(ways) < 2 {
		return nil
	}
	var out []trip
	for i := range ways {
		t := s.p.trip(&ways[i], to)
		if !t.known {
			continue
		}
		k := slices.IndexFunc(out, func(o trip) bool { return slices.Equal(o.links, t.links) })
		if k < 0 {
			out = append(out, t)
			continue
		}
		if out[k].ms < t.ms {
			out[k] = t
		}
	}
	if len(out) < 2 {
		return nil
	}
	slices.SortStableFunc(out, func(a, b trip) int {
		if a.ms != b.ms {
			if a.ms < b.ms {
				return -1
			}
			return 1
		}
		return slices.Compare(a.links, b.links)
	})
	best, worst := out[0].ms, out[len(out)-1].ms
	if worst <= unequalRatio*best || worst-best <= unequalGap {
		return nil
	}
	return out
}

// trip gives the round trip of a way to a unit, over the same way back: of its
// links, and of the cloud's own network where a network spans two sites.
func (p *Proof) trip(path *routes.Path, to int) trip {
	out := trip{links: linksOf(path), known: true}
	add := func(ms float64, known, measured bool) {
		out.ms += ms
		out.known = out.known && known
		out.estimated = out.estimated || !measured
	}
	for i := range path.Steps {
		s := &path.Steps[i]
		next := p.places[p.units[to].place].Site
		if i+1 < len(path.Steps) {
			next = p.Tables.Tables[path.Steps[i+1].Table].Site
		}
		if len(s.Hops) > 0 && s.Hops[0].Link != "" {
			l, ok := p.Net.Link(s.Hops[0].Link)
			add(l.RTT, ok && l.RTT > 0, l.RTTMeasured())
			continue
		}
		if here := p.Tables.Tables[s.Table].Site; here != next && here != "" && next != "" {
			r, ok := p.Atlas.RTT(p.where(here), p.where(next))
			add(r.MS, ok, r.Measured)
		}
	}
	return out
}

// where gives the place of a site; zero when it is not known.
func (p *Proof) where(id fabric.SiteID) atlas.Place {
	s, _ := p.Net.Site(id)
	if r, ok := p.Atlas.Region(s.Cloud, s.Region); ok {
		return r.Place()
	}
	at, _ := p.Atlas.Place(s.City)
	return at
}

// key names the set of ways without what all of them share, so that sites
// behind one hub have one, in whichever direction.
func (x *spread) key(forth bool) string {
	var text []string
	for d, ways := range x.ways {
		var lists [][]fabric.LinkID
		for _, t := range ways {
			links := slices.Clone(t.links)
			if forth == (d == 1) {
				slices.Reverse(links)
			}
			lists = append(lists, links)
		}
		for _, l := range unshared(lists) {
			text = append(text, linksText(l))
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

// spreads reports the equal-cost ways whose round trips differ; the witness
// goes by the longest.
func (r *reporter) spreads(s *spreads) {
	p := r.p
	for _, k := range s.order {
		x := s.found[k]
		pk := p.sampleOf(x.f, x.a, x.b)
		w := &walker{p: p, class: p.space.Of(pk), from: spot{x.a, pk.Src}, to: spot{x.b, pk.Dst}, packet: pk, there: longest(x.ways[0]), back: longest(x.ways[1])}
		from, to := p.places[x.f.from].Site, p.places[x.f.to].Site
		text := fmt.Sprintf("from %s to %s packets are spread over ways of %s", from, to, tripsText(x.ways[0]))
		switch {
		case x.ways[0] == nil:
			text = fmt.Sprintf("from %s to %s replies are spread over ways of %s", to, from, tripsText(x.ways[1]))
		case x.ways[1] != nil && x.mirrored():
			text += ", and replies too"
		case x.ways[1] != nil:
			text += "; replies over ways of " + tripsText(x.ways[1])
		}
		f := r.add(codeUnequal, p.Net.Policy[x.f.rule].Origin.Pos, string(from), w.witness(false), "%s%s", text, oneOfPairs(len(x.pairs)))
		f.Hint = "announce the addresses with a longer AS path or a higher MED on the long way, or have no equal one"
	}
}

// mirrored reports whether replies have the ways of the packets.
func (x *spread) mirrored() bool {
	return slices.EqualFunc(x.ways[0], x.ways[1], func(a, b trip) bool {
		back := slices.Clone(b.links)
		slices.Reverse(back)
		return slices.Equal(a.links, back)
	})
}

// longest gives the links of the last way; nil for any.
func longest(ways []trip) []fabric.LinkID {
	if len(ways) == 0 {
		return nil
	}
	return ways[len(ways)-1].links
}

// tripsText writes ways with their round trips: 20.0 ms (a--b) and ~140.0 ms
// (a--c, b--c); nothing for none.
func tripsText(ways []trip) string {
	if len(ways) == 0 {
		return ""
	}
	out := make([]string, len(ways))
	for i, t := range ways {
		mark := ""
		if t.estimated {
			mark = "~"
		}
		out[i] = fmt.Sprintf("%s%.1f ms (%s)", mark, t.ms, linksText(t.links))
	}
	last := len(out) - 1
	return strings.Join(out[:last], ", ") + " and " + out[last]
}
