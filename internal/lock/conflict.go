package lock

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/prefix"
)

// Conflict is two entries that cannot both stand: one key with two lines, or
// one value taken twice.
type Conflict struct {
	Kept  Entry // the earlier, which Resolve keeps
	Later Entry // the later, which Resolve drops
}

// Diagnostic gives the conflict as an error at the later entry.
func (c Conflict) Diagnostic() diag.Diagnostic {
	d := diag.Diagnostic{
		Pos:      c.Later.Pos,
		Severity: diag.Error,
		Code:     CodeConflict,
		Hint:     "run tieline lock resolve: the earlier keeps its place, the next plan allocates the later anew",
		Related:  []diag.Related{{Pos: c.Kept.Pos, Message: c.Kept.String()}},
	}
	switch {
	case c.Kept.Key == c.Later.Key:
		d.Summary = fmt.Sprintf("%s %s stands twice: %s and %s", c.Later.Kind, c.Later.Key, c.Kept.Value(), c.Later.Value())
	case sameValue(c.Kept, c.Later):
		d.Summary = fmt.Sprintf("%s %s has %s, which %s has already", c.Later.Kind, c.Later.Key, c.Later.Value(), c.Kept.Key)
	default:
		d.Summary = fmt.Sprintf("%s %s of %s overlaps %s of %s", c.Later.Kind, c.Later.Value(), c.Later.Key, c.Kept.Value(), c.Kept.Key)
	}
	return d
}

// clash reports whether e and f, of one kind and scope and with values that
// overlap, cannot both stand.
func clash(e, f *Entry) bool {
	if e.Freed && f.Freed {
		return false
	}
	eb, fb := baseKey(e.Key), baseKey(f.Key)
	if eb == fb {
		return e.Key == f.Key // a leftover is no rival of its own key
	}
	if e.Kind != Block {
		return true
	}
	switch {
	case isAncestor(eb, fb):
		return !e.Freed && !f.Freed && f.Prefix.Bits() < e.Prefix.Bits()
	case isAncestor(fb, eb):
		return !e.Freed && !f.Freed && e.Prefix.Bits() < f.Prefix.Bits()
	}
	return true
}

// realms are the scopes in which e's value must be the only one.
func (e *Entry) realms(yield func(string) bool) {
	switch {
	case e.Scope != "":
		for r := range strings.SplitSeq(string(e.Scope), ",") {
			if !yield(r) {
				return
			}
		}
	case e.Kind == Number:
		yield(parentKey(e.Key))
	default:
		yield("")
	}
}

// Conflicts returns the pairs that cannot both stand, by the place of the
// later. A conflict that only follows from that of two blocks above is left
// out: two networks in one block are one conflict, whatever subnets they have.
func (l Lock) Conflicts() []Conflict {
	found := map[[2]int]bool{}
	var pairs [][2]int
	add := func(i, j int) {
		if precedes(&l.entries[j], &l.entries[i]) < 0 {
			i, j = j, i
		}
		if !found[[2]int{i, j}] {
			found[[2]int{i, j}] = true
			pairs = append(pairs, [2]int{i, j})
		}
	}
	for i := 1; i < len(l.entries); i++ {
		first := i - 1
		for ; i < len(l.entries) && compareNames(&l.entries[first], &l.entries[i]) == 0; i++ {
			add(first, i)
		}
	}
	l.sweep(add)
	if len(pairs) == 0 {
		return nil
	}
	out := make([]Conflict, 0, len(pairs))
	for _, c := range pairs {
		out = append(out, Conflict{l.entries[c[0]], l.entries[c[1]]})
	}
	out = topmost(out)
	slices.SortFunc(out, func(a, b Conflict) int {
		return cmp.Or(a.Later.Pos.Compare(b.Later.Pos), a.Later.Compare(b.Later), a.Kept.Compare(b.Kept))
	})
	return out
}

// sweep calls add for each entry whose value is taken by another, with one
// such other; i and j are indices of entries.
func (l Lock) sweep(add func(i, j int)) {
	type place struct {
		realm string
		index int
	}
	places := make([]place, 0, len(l.entries))
	for i := range l.entries {
		for r := range l.entries[i].realms {
			places = append(places, place{r, i})
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		e, f := &l.entries[a.index], &l.entries[b.index]
		if e.Kind != f.Kind {
			return cmp.Compare(e.Kind, f.Kind)
		}
		if c := strings.Compare(a.realm, b.realm); c != 0 {
			return c
		}
		if c := compareValues(e, f); c != 0 {
			return c
		}
		return precedes(e, f)
	})
	// open holds the places whose values hold that of the current one.
	var open []place
	for _, at := range places {
		e := &l.entries[at.index]
		for len(open) > 0 {
			top := open[len(open)-1]
			if t := &l.entries[top.index]; t.Kind == e.Kind && top.realm == at.realm && holds(t, e) {
				break
			}
			open = open[:len(open)-1]
		}
		for _, o := range slices.Backward(open) {
			if o.index != at.index && clash(&l.entries[o.index], e) {
				add(o.index, at.index)
				break
			}
		}
		open = append(open, at)
	}
}

// holds reports whether f's value is e's or inside it.
func holds(e, f *Entry) bool {
	if e.Kind == Block || e.Kind == Inside {
		return prefix.Covers(e.Prefix, f.Prefix)
	}
	return sameValue(*e, *f)
}

// topmost leaves out the conflicts between blocks below two that are in
// conflict themselves.
func topmost(list []Conflict) []Conflict {
	keys := map[[2]string]bool{}
	for _, c := range list {
		if c.Kept.Kind == Block {
			keys[[2]string{c.Kept.Key, c.Later.Key}], keys[[2]string{c.Later.Key, c.Kept.Key}] = true, true
		}
	}
	return slices.DeleteFunc(list, func(c Conflict) bool {
		if c.Kept.Kind != Block || c.Kept.Key == c.Later.Key {
			return false
		}
		for a := c.Kept.Key; a != ""; a = parentKey(a) {
			for b := c.Later.Key; b != ""; b = parentKey(b) {
				if (a != c.Kept.Key || b != c.Later.Key) && a != b && keys[[2]string{a, b}] {
					return true
				}
			}
		}
		return false
	})
}

// Moved is an entry that [Lock.Resolve] dropped, to be allocated anew by the
// next plan if it is still used.
type Moved struct {
	Entry Entry
	Kept  Entry // the one that keeps its place
}

// Resolve drops the later of each two entries in conflict, and the blocks
// that lie inside a dropped one. What remains has no conflicts. The dropped
// are returned in the order of the file.
func (l Lock) Resolve() (Lock, []Moved) {
	order := slices.Clone(l.entries)
	slices.SortFunc(order, func(a, b Entry) int { return precedes(&a, &b) })
	k := keeper{keys: map[keeperKey]Entry{}, numbers: map[numberKey][]Entry{}, blocks: map[keeperKey]*prefix.Table[[]Entry]{}}
	var kept []Entry
	var moved []Moved
	for _, e := range order {
		if rival, ok := k.rival(e); ok {
			moved = append(moved, Moved{e, rival})
			continue
		}
		k.keep(e)
		kept = append(kept, e)
	}
	if len(moved) == 0 {
		return l, nil
	}
	gone := map[string]Moved{}
	for _, m := range moved {
		if m.Entry.Kind == Block && !m.Entry.Freed {
			gone[m.Entry.Key] = m
		}
	}
	kept = slices.DeleteFunc(kept, func(e Entry) bool {
		m, ok := k.orphaned(e, gone)
		if ok {
			moved = append(moved, Moved{e, m.Kept})
		}
		return ok
	})
	slices.SortFunc(moved, func(a, b Moved) int { return a.Entry.Compare(b.Entry) })
	return New(kept...), moved
}

// keeper holds the entries that keep their places, to find rivals.
type keeper struct {
	keys    map[keeperKey]Entry
	numbers map[numberKey][]Entry
	blocks  map[keeperKey]*prefix.Table[[]Entry]
}

// keeperKey is a kind with a key or a realm.
type keeperKey struct {
	kind Kind
	name string
}

type numberKey struct {
	keeperKey
	value int64
}

func (k keeper) keep(e Entry) {
	k.keys[keeperKey{e.Kind, e.Key}] = e
	for r := range e.realms {
		at := keeperKey{e.Kind, r}
		if !e.Prefix.IsValid() {
			n := numberKey{at, int64(e.ASN) + int64(e.Number)}
			k.numbers[n] = append(k.numbers[n], e)
			continue
		}
		t := k.blocks[at]
		if t == nil {
			t = new(prefix.Table[[]Entry])
			k.blocks[at] = t
		}
		list, _ := t.Get(e.Prefix)
		t.Insert(e.Prefix, append(list, e))
	}
}

// rival returns a kept entry beside which e cannot stand.
func (k keeper) rival(e Entry) (Entry, bool) {
	if r, ok := k.keys[keeperKey{e.Kind, e.Key}]; ok {
		return r, true
	}
	for r := range e.realms {
		at := keeperKey{e.Kind, r}
		if !e.Prefix.IsValid() {
			if r, ok := firstClash(k.numbers[numberKey{at, int64(e.ASN) + int64(e.Number)}], e); ok {
				return r, true
			}
			continue
		}
		t := k.blocks[at]
		if t == nil {
			continue
		}
		for _, list := range t.Covering(e.Prefix) {
			if r, ok := firstClash(list, e); ok {
				return r, true
			}
		}
		for _, list := range t.Covered(e.Prefix) {
			if r, ok := firstClash(list, e); ok {
				return r, true
			}
		}
	}
	return Entry{}, false
}

func firstClash(list []Entry, e Entry) (Entry, bool) {
	if i := slices.IndexFunc(list, func(f Entry) bool { return clash(&f, &e) }); i >= 0 {
		return list[i], true
	}
	return Entry{}, false
}

// orphaned reports whether block e lies inside the dropped block of one of
// its ancestors, and in no block that the ancestor keeps.
func (k keeper) orphaned(e Entry, gone map[string]Moved) (Moved, bool) {
	if e.Kind != Block {
		return Moved{}, false
	}
	for a := parentKey(e.Key); a != ""; a = parentKey(a) {
		m, ok := gone[a]
		if !ok || !prefix.Covers(m.Entry.Prefix, e.Prefix) {
			continue
		}
		if stays, ok := k.keys[keeperKey{Block, a}]; ok && prefix.Covers(stays.Prefix, e.Prefix) {
			continue
		}
		return m, true
	}
	return Moved{}, false
}
