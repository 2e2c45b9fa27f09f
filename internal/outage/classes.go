package outage

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
)

// classes are the sets of addresses that no table tells apart: two addresses
// are in one when the longest prefix that holds them, of all that any table
// can have, is the same. Every route's prefix is configured somewhere, so
// that a failure brings up none that is not among them. The blocks that the
// internet has no way to are among the prefixes too: no class is of both.
type classes struct {
	table  prefix.Table[int32]
	hidden prefix.Set // addresses that the internet has no way to
	list   []class
	index  map[classKey]int32
}

type classKey struct {
	longest int32 // -1 when no prefix holds it
	kind    verify.PlaceKind
}

// class is one of them, with an address of it that stands for all.
type class struct {
	addr   netip.Addr
	kind   verify.PlaceKind
	public bool // the internet knows ways to such addresses
}

// beyond reports whether its addresses are outside the network.
func (c class) beyond() bool { return c.kind == verify.ForeignPlace || c.kind == verify.InternetPlace }

func newClasses(n *fabric.Network, a *atlas.Atlas, t *routes.Tables) *classes {
	c := &classes{index: map[classKey]int32{}, hidden: verify.NotPublic(a)}
	var next int32
	add := func(list ...netip.Prefix) {
		for _, p := range list {
			if _, ok := c.table.Get(p); p.IsValid() && !ok {
				c.table.Insert(p, next)
				next++
			}
		}
	}
	add(c.hidden.Prefixes()...)
	seen := map[*routes.Routes]bool{}
	for i := range t.Tables {
		for _, r := range []*routes.Routes{t.Tables[i].Own, t.Tables[i].Learned} {
			if r == nil || seen[r] {
				continue
			}
			seen[r] = true
			for _, route := range r.All() {
				add(route.Prefix)
			}
		}
	}
	for i := range n.VPCs {
		add(n.VPCs[i].Prefixes...)
	}
	for i := range n.Sites {
		add(n.Sites[i].Prefixes...)
	}
	for i := range n.RouteTables {
		for _, s := range n.RouteTables[i].Routes {
			add(s.Prefix)
		}
	}
	for i := range n.Gateways {
		add(n.Gateways[i].Announce...)
		for _, tt := range n.Gateways[i].Tables {
			for _, s := range tt.Routes {
				add(s.Prefix)
			}
		}
	}
	for i := range n.Attachments {
		add(n.Attachments[i].Allowed...)
	}
	for i := range n.Connections {
		add(n.Connections[i].StaticRoutes...)
	}
	return c
}

// of cuts a set of addresses into its classes, rising.
func (c *classes) of(s prefix.Set, kind verify.PlaceKind) []int32 {
	var out []int32
	for _, p := range s.Prefixes() {
		if a, ok := c.alone(p); ok {
			longest := int32(-1)
			if _, i, ok := c.table.LookupPrefix(p); ok {
				longest = i
			}
			out = append(out, c.add(longest, a, kind))
		}
		for q, i := range c.table.Covered(p) {
			if q == p {
				continue
			}
			if a, ok := c.alone(q); ok {
				out = append(out, c.add(i, a, kind))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// alone returns an address of a prefix that no longer one holds.
func (c *classes) alone(p netip.Prefix) (netip.Addr, bool) {
	var inside []netip.Prefix
	for q := range c.table.Covered(p) {
		if q != p {
			inside = append(inside, q)
		}
	}
	if len(inside) == 0 {
		return p.Addr(), true
	}
	left := prefix.FromPrefixes(p).Subtract(prefix.FromPrefixes(inside...))
	if left.IsEmpty() {
		return netip.Addr{}, false
	}
	return left.Prefixes()[0].Addr(), true
}

func (c *classes) add(longest int32, a netip.Addr, kind verify.PlaceKind) int32 {
	k := classKey{longest, kind}
	if i, ok := c.index[k]; ok {
		return i
	}
	i := int32(len(c.list))
	c.index[k] = i
	c.list = append(c.list, class{a, kind, !c.hidden.Contains(a)})
	return i
}
