package change

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// ReachChange is what machines of one group can open towards another that
// they could not before, or can no longer, for all pairs of places for which
// it is the same.
type ReachChange struct {
	From, To     verify.Group
	Gained, Lost []vocab.Service
	Pairs        []PlacePair // the first of them, at most [MostPairs], sorted
	Count        int         // of all
}

// PlacePair is two places by id: subnets, sites or ranges.
type PlacePair struct {
	From, To string
	// New and Gone: one of them is only in the new, or only in the old network.
	New, Gone bool
}

// MostPairs is how many pairs of places a [ReachChange] names.
const MostPairs = 200

// spot is a place of either network; -1 where it has none.
type spot struct {
	old, new int
	id       string
	group    verify.Group
}

// places are the places of both networks.
type places struct {
	m        *match
	old, new *verify.Proof
	spots    []spot // by id
}

func newPlaces(m *match, old, new *verify.Proof) *places {
	p := &places{m: m, old: old, new: new}
	at := map[string]int{}
	for i, pl := range old.Places() {
		at[pl.ID] = i
	}
	seen := map[int]bool{}
	for j, pl := range new.Places() {
		s := spot{old: -1, new: j, id: pl.ID, group: pl.Group}
		if i, ok := at[m.former(pl.ID)]; ok {
			s.old = i
			seen[i] = true
		}
		p.spots = append(p.spots, s)
	}
	for i, pl := range old.Places() {
		if !seen[i] {
			p.spots = append(p.spots, spot{old: i, new: -1, id: pl.ID, group: pl.Group})
		}
	}
	slices.SortStableFunc(p.spots, func(a, b spot) int { return cmp.Compare(a.id, b.id) })
	return p
}

// reach compares what every place can open towards every other, exactly: all
// pairs of both networks.
func (p *places) reach() []ReachChange {
	found := &reachChanges{at: map[reachKey]int{}}
	old, new := p.old.Openings(), p.new.Openings()
	spotOfOld, spotOfNew := make([]int, len(p.old.Places())), make([]int, len(p.new.Places()))
	for i, s := range p.spots {
		if s.old >= 0 {
			spotOfOld[s.old] = i
		}
		if s.new >= 0 {
			spotOfNew[s.new] = i
		}
	}
	was, is := make([]int, len(p.spots)), make([]int, len(p.spots)) // by spot: a set of services, or none
	c := comparison{old: old, new: new, known: map[[2]int]delta{}}
	for i, s := range p.spots {
		fill(was, none)
		fill(is, none)
		if s.old >= 0 {
			for _, o := range old.From(s.old) {
				was[spotOfOld[o.To]] = o.Set
			}
		}
		if s.new >= 0 {
			for _, o := range new.From(s.new) {
				is[spotOfNew[o.To]] = o.Set
			}
		}
		for j := range p.spots {
			if was[j] == none && is[j] == none {
				continue
			}
			if d := c.of(was[j], is[j]); len(d.gained)+len(d.lost) > 0 {
				found.add(p.spots[i], p.spots[j], d.gained, d.lost)
			}
		}
	}
	return found.sorted()
}

// none stands for no services at all.
const none = -1

func fill(s []int, x int) {
	for i := range s {
		s[i] = x
	}
}

// delta is what one set of services has more and less than another.
type delta struct{ gained, lost []vocab.Service }

// comparison compares sets of services of two networks, each two once.
type comparison struct {
	old, new *verify.Openings
	known    map[[2]int]delta
}

func (c *comparison) of(was, is int) delta {
	k := [2]int{was, is}
	d, ok := c.known[k]
	if ok {
		return d
	}
	var a, b []vocab.Service
	if was != none {
		a = c.old.Services(was)
	}
	if is != none {
		b = c.new.Services(is)
	}
	if !slices.Equal(a, b) {
		d = delta{minus(b, a), minus(a, b)}
	}
	c.known[k] = d
	return d
}

// reachChanges collects changes by groups and services.
type reachChanges struct {
	at  map[reachKey]int
	all []ReachChange
}

type reachKey struct {
	from, to     verify.Group
	gained, lost string
}

func (c *reachChanges) add(from, to spot, gained, lost []vocab.Service) {
	k := reachKey{from.named(), to.named(), strings.Join(texts(gained), " "), strings.Join(texts(lost), " ")}
	i, ok := c.at[k]
	if !ok {
		i = len(c.all)
		c.at[k] = i
		c.all = append(c.all, ReachChange{From: k.from, To: k.to, Gained: gained, Lost: lost})
	}
	r := &c.all[i]
	r.Count++
	r.Pairs = append(r.Pairs, PlacePair{
		From: from.id, To: to.id,
		New: from.old < 0 || to.old < 0, Gone: from.new < 0 || to.new < 0,
	})
}

// named is the group of a spot; the internet and foreign ranges stand for
// themselves.
func (s spot) named() verify.Group {
	if s.group == (verify.Group{}) {
		return verify.Group{Site: fabric.SiteID(s.id)}
	}
	return s.group
}

// sorted gives the changes by groups, losses first, each with its first pairs.
func (c *reachChanges) sorted() []ReachChange {
	for i := range c.all {
		r := &c.all[i]
		slices.SortFunc(r.Pairs, func(x, y PlacePair) int {
			return cmp.Or(cmp.Compare(x.From, y.From), cmp.Compare(x.To, y.To))
		})
		if len(r.Pairs) > MostPairs {
			r.Pairs = slices.Clone(r.Pairs[:MostPairs])
		}
	}
	slices.SortFunc(c.all, func(x, y ReachChange) int {
		return cmp.Or(
			compareGroups(x.From, y.From), compareGroups(x.To, y.To),
			cmp.Compare(len(y.Lost), len(x.Lost)),
			slices.CompareFunc(x.Lost, y.Lost, vocab.Service.Compare),
			slices.CompareFunc(x.Gained, y.Gained, vocab.Service.Compare),
		)
	})
	return c.all
}
