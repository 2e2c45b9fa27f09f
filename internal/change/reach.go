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

// kin are spots that neither network tells apart: what one can open, and what
// can be opened to it, all can.
type kin struct {
	old, new int   // classes; -1 for none
	spots    []int // indexes of places.spots, rising
}

// kinds groups the spots by the classes that the two proofs put them in.
func (p *places) kinds() []kin {
	class := func(proof *verify.Proof, i int) int {
		if i < 0 {
			return -1
		}
		return alike(proof, i)
	}
	type both struct{ old, new int }
	at := map[both]int{}
	var out []kin
	for i, s := range p.spots {
		b := both{class(p.old, s.old), class(p.new, s.new)}
		k, ok := at[b]
		if !ok {
			k = len(out)
			at[b] = k
			out = append(out, kin{old: b.old, new: b.new})
		}
		out[k].spots = append(out[k].spots, i)
	}
	return out
}

// reach compares what every place can open towards every other, by the pairs
// of classes that either proof tells apart: exactly, and without trying each
// pair of places.
func (p *places) reach() []ReachChange {
	kinds := p.kinds()
	found := &reachChanges{at: map[reachKey]int{}}
	for _, a := range kinds {
		for _, b := range kinds {
			p.compareKinds(found, a, b)
		}
	}
	return found.sorted()
}

// compareKinds compares the pairs from one kind of spot to another. A place
// to itself is no pair like others: packets inside a subnet meet no table.
func (p *places) compareKinds(found *reachChanges, a, b kin) {
	same := a.old == b.old && a.new == b.new
	if same {
		for _, i := range a.spots {
			if gained, lost := p.between(i, i); len(gained)+len(lost) > 0 {
				found.add(p.spots[i], p.spots[i], gained, lost)
			}
		}
		if len(a.spots) < 2 {
			return
		}
	}
	from, to := a.spots[0], b.spots[0]
	if same {
		to = b.spots[1]
	}
	gained, lost := p.between(from, to)
	if len(gained)+len(lost) == 0 {
		return
	}
	for _, i := range a.spots {
		for _, j := range b.spots {
			if i != j {
				found.add(p.spots[i], p.spots[j], gained, lost)
			}
		}
	}
}

// between compares what gets through from one spot to another.
func (p *places) between(i, j int) (gained, lost []vocab.Service) {
	from, to := p.spots[i], p.spots[j]
	var was, is []vocab.Service
	if from.old >= 0 && to.old >= 0 {
		was = p.old.Between(from.old, to.old)
	}
	if from.new >= 0 && to.new >= 0 {
		is = p.new.Between(from.new, to.new)
	}
	if slices.Equal(was, is) {
		return nil, nil
	}
	return minus(is, was), minus(was, is)
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

// alike gives the class of a place.
func alike(_ *verify.Proof, place int) int { return place }
