// Package forward says what the tables of a network make of every address: it
// cuts the addresses into classes that all tables (and the lists of filters
// and policy) treat alike, and follows each class from each table to what
// becomes of its packets, all equal-cost ways at once.
//
// It takes the tables that routes works out and gives, for a class and a
// table, where packets are delivered, whether they leave for the internet, are
// dropped, go round, or meet what is not modelled. Whose the addresses are,
// and what filters say, is verify's.
package forward

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"sort"

	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes"
)

// Addresses is the IPv4 addresses cut at every boundary that matters into
// atoms, and the atoms grouped by what lists hold them.
type Addresses struct {
	starts  []uint32 // of atoms, rising; the first is 0
	class   []int32  // of each atom: held by the same lists of filters and policy, and by the same routes
	route   []int32  // of each atom: held by the same routes
	routes  int      // number of classes of route
	example []int32  // an atom of each class of route
}

// Cut is what tells addresses apart.
type Cut struct {
	// Bounds only cut: addresses on both sides of one are in different atoms.
	Bounds []netip.Prefix
	// Lists are of filters and policy: two addresses are of one class when the
	// same lists hold them.
	Lists [][]netip.Prefix
}

// NewAddresses cuts the addresses of a network at the prefixes of all routes
// and all that tells them apart besides.
func NewAddresses(t *routes.Tables, by Cut) *Addresses {
	c := &cutter{starts: []uint32{0}, seen: map[*netip.Prefix]int{}}
	c.cut(by.Bounds)
	for _, l := range by.Lists {
		c.list(l)
	}
	c.tables(t)
	slices.Sort(c.starts)
	x := &Addresses{starts: slices.Compact(c.starts)}
	x.refine(c)
	return x
}

// Atoms is how many ranges the addresses are cut into.
func (x *Addresses) Atoms() int { return len(x.starts) }

// Class gives the class of an atom: those held by the same lists and the same
// routes are of one.
func (x *Addresses) Class(atom int) int32 { return x.class[atom] }

// Route gives the class of an atom as tables see it.
func (x *Addresses) Route(atom int) int32 { return x.route[atom] }

// Routes is how many classes tables tell apart.
func (x *Addresses) Routes() int { return x.routes }

// Example gives the first atom of a class as tables see it.
func (x *Addresses) Example(route int) int { return int(x.example[route]) }

// number gives an IPv4 address as a number.
func number(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

func address(n uint32) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	return netip.AddrFrom4(b)
}

// Span gives the atoms of a prefix, from first to before last.
func (x *Addresses) Span(p netip.Prefix) (first, last int) {
	lo := number(p.Masked().Addr())
	hi := lo | uint32(uint64(1)<<(32-p.Bits())-1)
	first = sort.Search(len(x.starts), func(i int) bool { return x.starts[i] >= lo })
	last = sort.Search(len(x.starts), func(i int) bool { return x.starts[i] > hi })
	return first, last
}

// AtomOf gives the atom of an address.
func (x *Addresses) AtomOf(a netip.Addr) int {
	n := number(a)
	return sort.Search(len(x.starts), func(i int) bool { return x.starts[i] > n }) - 1
}

// First gives the first address of an atom.
func (x *Addresses) First(atom int) netip.Addr { return address(x.starts[atom]) }

// Last gives the last address of an atom.
func (x *Addresses) Last(atom int) netip.Addr {
	if atom == len(x.starts)-1 {
		return address(^uint32(0))
	}
	return address(x.starts[atom+1] - 1)
}

// cutter collects boundaries and lists.
type cutter struct {
	starts []uint32
	lists  [][]netip.Prefix
	routes []netip.Prefix
	seen   map[*netip.Prefix]int // by the first element: rules share lists
}

// cut adds the boundaries of prefixes; those of IPv6 are left out, as no
// place has such addresses.
func (c *cutter) cut(list []netip.Prefix) {
	for _, p := range list {
		if !p.Addr().Is4() {
			continue
		}
		lo := number(p.Masked().Addr())
		c.starts = append(c.starts, lo)
		if hi := lo | uint32(uint64(1)<<(32-p.Bits())-1); hi != ^uint32(0) {
			c.starts = append(c.starts, hi+1)
		}
	}
}

// list adds a list that packets are told apart by.
func (c *cutter) list(list []netip.Prefix) {
	if len(list) == 0 || c.seen[&list[0]] == len(list) {
		return
	}
	c.seen[&list[0]] = len(list)
	c.cut(list)
	c.lists = append(c.lists, list)
}

// tables adds the prefixes of all routes.
func (c *cutter) tables(tables *routes.Tables) {
	seen := map[netip.Prefix]bool{}
	shared := map[*routes.Routes]bool{nil: true}
	for i := range tables.Tables {
		t := &tables.Tables[i]
		for _, set := range []*routes.Routes{t.Own, t.Learned} {
			if shared[set] {
				continue
			}
			shared[set] = true
			for _, r := range set.All() {
				seen[r.Prefix] = true
			}
		}
	}
	for r := range seen {
		if r.Addr().Is4() && r.Bits() > 0 {
			c.routes = append(c.routes, r)
		}
	}
	slices.SortFunc(c.routes, prefix.Compare)
	c.cut(c.routes)
}

// refine groups atoms: first by the routes that hold them, then by all else.
func (x *Addresses) refine(c *cutter) {
	r := refiner{class: make([]int32, len(x.starts)), next: 1, stamp: make([]int32, 1, 64), to: make([]int32, 1, 64), mark: make([]int32, len(x.starts))}
	for i := range c.routes {
		first, last := x.Span(c.routes[i])
		r.begin()
		r.split(first, last)
	}
	x.route = r.dense()
	for _, a := range x.route {
		x.routes = max(x.routes, int(a)+1)
	}
	x.example = make([]int32, x.routes)
	for a := len(x.route) - 1; a >= 0; a-- {
		x.example[x.route[a]] = int32(a)
	}
	for _, l := range c.lists {
		r.begin()
		for _, p := range l {
			if p.Addr().Is4() {
				first, last := x.Span(p)
				r.split(first, last)
			}
		}
	}
	x.class = r.class
}

// refiner splits classes of atoms by one list after the other.
type refiner struct {
	class []int32 // of each atom
	next  int32
	round int32
	stamp []int32 // by class: the round in which it was split
	to    []int32 // by class: into what
	mark  []int32 // by atom: the round in which it moved
}

func (r *refiner) begin() { r.round++ }

// split moves the atoms from first to before last to the part of their class
// that this round's list holds.
func (r *refiner) split(first, last int) {
	for a := first; a < last; a++ {
		if r.mark[a] == r.round {
			continue
		}
		r.mark[a] = r.round
		old := r.class[a]
		if r.stamp[old] != r.round {
			r.stamp[old], r.to[old] = r.round, r.next
			r.next++
			r.stamp, r.to = append(r.stamp, 0), append(r.to, 0)
		}
		r.class[a] = r.to[old]
	}
}

// dense gives the classes numbered in order of their first atoms.
func (r *refiner) dense() []int32 {
	out := make([]int32, len(r.class))
	at := map[int32]int32{}
	for a, c := range r.class {
		k, ok := at[c]
		if !ok {
			k = int32(len(at))
			at[c] = k
		}
		out[a] = k
	}
	return out
}

// Host gives an address of an atom such as a machine has: not the first of its
// range, where there is room, as clouds keep those.
func (x *Addresses) Host(atom int) netip.Addr {
	lo, hi := number(x.First(atom)), number(x.Last(atom))
	const usual = 10
	return address(lo + min(usual, (hi-lo)/2))
}
