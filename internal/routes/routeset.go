package routes

import (
	"net/netip"

	"github.com/tieline/tieline/internal/prefix"
)

// Routes is a set of routes with one for each prefix. It is made whole by
// [NewRoutes] and never changed, so that tables can share it.
type Routes struct {
	list  []Route // by prefix
	table prefix.Table[int]
	firm  prefix.Table[struct{}]
}

// NewRoutes makes a set of routes, sorted by prefix, one a prefix.
func NewRoutes(sorted []Route) *Routes {
	r := &Routes{list: sorted}
	for i := range sorted {
		r.table.Insert(sorted[i].Prefix, i)
		if sorted[i].Firm {
			r.firm.Insert(sorted[i].Prefix, struct{}{})
		}
	}
	return r
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

// FirmOver reports whether a firm route holds the address.
func (r *Routes) FirmOver(to netip.Addr) bool {
	if r == nil {
		return false
	}
	_, _, ok := r.firm.Lookup(to)
	return ok
}
