package routes

import (
	"slices"

	"github.com/tieline/tieline/internal/prefix"
)

// All returns what a table holds as it is used: its own routes, and those it
// learned that no own one of the same prefix and no firm one stands before.
// By prefix.
func (t *Tables) All(table int) []Route {
	tb := &t.Tables[table]
	out := slices.Clone(tb.Own.All())
	for _, r := range tb.Learned.All() {
		if tb.Own.has(r) {
			continue
		}
		if tb.LearnedHop.Kind != 0 {
			r.Hops = []Hop{tb.LearnedHop}
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Route) int { return prefix.Compare(a.Prefix, b.Prefix) })
	return out
}

// has reports whether a learned route is never used beside these.
func (r *Routes) has(learned Route) bool {
	if r == nil {
		return false
	}
	if _, ok := r.table.Get(learned.Prefix); ok {
		return true
	}
	if r.firm == nil {
		return false
	}
	_, _, ok := r.firm.LookupPrefix(learned.Prefix)
	return ok
}
