package routes

import (
	"net/netip"

	"github.com/tieline/tieline/internal/prefix"
)

// Routes is a set of routes with one for each prefix. It is made whole by
// [NewRoutes] and never changed, so that tables can share it.
type Routes struct {
	list  []Route // by prefix
	table *prefix.Table[int]
	firm  *prefix.Table[struct{}] // nil when no route is firm
}

// NewRoutes makes a set of routes, sorted by prefix, one a prefix.
func NewRoutes(sorted []Route) *Routes {
	r := &Routes{list: sorted, table: &prefix.Table[int]{}}
	for i := range sorted {
		r.table.Insert(sorted[i].Prefix, i)
		if sorted[i].Firm {
			if r.firm == nil {
				r.firm = &prefix.Table[struct{}]{}
			}
			r.firm.Insert(sorted[i].Prefix, struct{}{})
		}
	}
	return r
}

// like makes a set of routes that shares the index of r when the prefixes are
// the same, which a failure seldom changes.
func (r *Routes) like(sorted []Route) *Routes {
	if r == nil || len(r.list) != len(sorted) {
		return NewRoutes(sorted)
	}
	for i := range sorted {
		if sorted[i].Prefix != r.list[i].Prefix || sorted[i].Firm != r.list[i].Firm {
			return NewRoutes(sorted)
		}
	}
	return &Routes{list: sorted, table: r.table, firm: r.firm}
}

// All returns the routes by prefix. The slice is shared and not to be changed.
func (r *Routes) All() []Route {
	if r == nil {
		return nil
	}
	return r.list
}

// Longest returns the route of the longest prefix that holds the address.
func (r *Routes) Longest(to netip.Addr) (Route, bool) {
	if r == nil {
		return Route{}, false
	}
	_, i, ok := r.table.Lookup(to)
	if !ok {
		return Route{}, false
	}
	return r.list[i], true
}

// Get returns the route of exactly a prefix.
func (r *Routes) Get(p netip.Prefix) (Route, bool) {
	if r == nil {
		return Route{}, false
	}
	i, ok := r.table.Get(p)
	if !ok {
		return Route{}, false
	}
	return r.list[i], true
}

// FirmOver reports whether a firm route holds the address.
func (r *Routes) FirmOver(to netip.Addr) bool {
	if r == nil || r.firm == nil {
		return false
	}
	_, _, ok := r.firm.Lookup(to)
	return ok
}
