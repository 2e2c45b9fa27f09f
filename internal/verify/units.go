package verify

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"sort"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/packet"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify/bits"
	"github.com/tieline/tieline/internal/verify/filter"
	"github.com/tieline/tieline/internal/vocab"
)

// unit is the machines of one place that every filter, table and rule of the
// policy treats alike: what is true of one is true of all.
type unit struct {
	place int
	table int // index into Tables.Tables, or outside
	part  int // index into the place's parts, of its first address
	atoms []int32
	addr  netip.Addr // one of its addresses, as an example
	route int32      // class of its addresses as tables see them
	end   int32      // where packets to it must be delivered: a terminal
	guard int        // what filters stand before it, by the index of [filter.Filters.Guard]
}

// addressing is the IPv4 addresses cut at every boundary that matters into
// atoms, and the atoms grouped by what lists hold them.
type addressing struct {
	starts  []uint32 // of atoms, rising; the first is 0
	class   []int32  // of each atom: held by the same lists of filters and policy, and by the same routes
	route   []int32  // of each atom: held by the same routes
	routes  int      // number of classes of route
	example []int32  // an atom of each class of route
	units   [][]int32
}

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

// span gives the atoms of a prefix, from first to before last.
func (x *addressing) span(p netip.Prefix) (first, last int) {
	lo := number(p.Masked().Addr())
	hi := lo | uint32(uint64(1)<<(32-p.Bits())-1)
	first = sort.Search(len(x.starts), func(i int) bool { return x.starts[i] >= lo })
	last = sort.Search(len(x.starts), func(i int) bool { return x.starts[i] > hi })
	return first, last
}

// atomOf gives the atom of an address.
func (x *addressing) atomOf(a netip.Addr) int {
	n := number(a)
	return sort.Search(len(x.starts), func(i int) bool { return x.starts[i] > n }) - 1
}

func (x *addressing) first(atom int) netip.Addr { return address(x.starts[atom]) }

func (x *addressing) last(atom int) netip.Addr {
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

// newAddressing cuts the addresses of a network.
func newAddressing(p *Proof) *addressing {
	c := &cutter{starts: []uint32{0}, seen: map[*netip.Prefix]int{}}
	for i := range p.places {
		for _, part := range p.places[i].Parts {
			c.cut([]netip.Prefix{part.Prefix})
		}
	}
	for i := range p.Net.Filters {
		for k := range p.Net.Filters[i].Rules {
			r := &p.Net.Filters[i].Rules[k]
			c.list(r.Peers)
			c.list(r.Local)
		}
	}
	for i := range p.Net.Policy {
		for _, ends := range [][]fabric.PolicyEnd{p.Net.Policy[i].From, p.Net.Policy[i].To} {
			for k := range ends {
				if len(ends[k].Subnets) == 0 {
					c.list(ends[k].Prefixes)
				} else {
					c.list(p.rangesOf(ends[k]).Prefixes())
				}
			}
		}
	}
	for _, s := range p.Atlas.Services(vocab.GCP) {
		c.list(s.Ranges)
	}
	c.tables(p)
	slices.Sort(c.starts)
	x := &addressing{starts: slices.Compact(c.starts)}
	x.refine(c)
	return x
}

// tables adds the prefixes of all routes.
func (c *cutter) tables(p *Proof) {
	seen := map[netip.Prefix]bool{}
	shared := map[*routes.Routes]bool{nil: true}
	for i := range p.Tables.Tables {
		t := &p.Tables.Tables[i]
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
func (x *addressing) refine(c *cutter) {
	r := refiner{class: make([]int32, len(x.starts)), next: 1, stamp: make([]int32, 1, 64), to: make([]int32, 1, 64), mark: make([]int32, len(x.starts))}
	for i := range c.routes {
		first, last := x.span(c.routes[i])
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
				first, last := x.span(p)
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

// units groups the addresses of every place.
func (p *Proof) makeUnits() {
	x := p.addrs
	x.units = make([][]int32, len(x.starts))
	p.terminals = terminals{map[fabric.VPCID]int32{}, map[fabric.SiteID]int32{}}
	type key struct {
		table, part int
		class       int32
	}
	p.firstUnit = make([]int, len(p.places)+1)
	for i := range p.places {
		pl, b := &p.places[i], &p.behind[i]
		at := map[key]int{}
		end := p.terminalOf(i)
		parted := b.subnet != nil && p.hasNACL(b.subnet)
		for k, part := range pl.Parts {
			if !part.Prefix.Addr().Is4() {
				continue
			}
			first, last := x.span(part.Prefix)
			for a := first; a < last; a++ {
				id := key{table: part.Table, class: x.class[a]}
				if parted {
					id.part = k
				}
				n, ok := at[id]
				if !ok {
					n = len(p.units)
					at[id] = n
					p.units = append(p.units, unit{place: i, table: part.Table, part: k, addr: host(x, a), route: x.route[a], end: end})
				}
				u := &p.units[n]
				if len(u.atoms) > 0 && u.atoms[len(u.atoms)-1] == int32(a) {
					continue
				}
				u.atoms = append(u.atoms, int32(a))
				x.units[a] = append(x.units[a], int32(n))
			}
		}
		p.firstUnit[i+1] = len(p.units)
	}
}

// host gives an address of an atom such as a machine has: not the first of its
// range, where there is room, as clouds keep those.
func host(x *addressing, atom int) netip.Addr {
	lo, hi := number(x.first(atom)), number(x.last(atom))
	const usual = 10
	return address(lo + min(usual, (hi-lo)/2))
}

// terminalOf gives where packets to a place must be delivered: its VPC or its
// site.
func (p *Proof) terminalOf(place int) int32 {
	x := &p.terminals
	n := int32(len(x.vpcs) + len(x.sites))
	switch b := &p.behind[place]; {
	case b.vpc != nil:
		e, ok := x.vpcs[b.vpc.ID]
		if !ok {
			e = n
			x.vpcs[b.vpc.ID] = e
		}
		return e
	case b.kind == SitePlace:
		e, ok := x.sites[p.places[place].Site]
		if !ok {
			e = n
			x.sites[p.places[place].Site] = e
		}
		return e
	}
	return noTerminal
}

// unitsOf gives the units of prefixes.
func (p *Proof) unitsOf(list []netip.Prefix) bits.Set {
	out := bits.New(len(p.units))
	for _, q := range list {
		if !q.Addr().Is4() {
			continue
		}
		first, last := p.addrs.span(q)
		for a := first; a < last; a++ {
			for _, u := range p.addrs.units[a] {
				out.Add(int(u))
			}
		}
	}
	return out
}

// makeFilters makes ready the filters before every unit.
func (p *Proof) makeFilters() {
	machines := make([]filter.Machine, len(p.units))
	for i := range p.units {
		u := &p.units[i]
		b := &p.behind[u.place]
		machines[i] = filter.Machine{
			Addr: u.addr, Table: u.table, VPC: b.vpc, Subnet: b.subnet, Endpoint: b.endpoint,
			Place: u.place, Part: u.part, Beyond: p.isBeyond(u.place),
		}
	}
	p.filters = filter.New(filter.Input{Net: p.Net, Atlas: p.Atlas, Tables: p.Tables, Space: p.space, Machines: machines, Holding: p.unitsOf})
	for i := range p.units {
		p.units[i].guard = p.filters.Guard(i)
	}
}

// sample gives a packet of a class from one unit to another.
func (p *Proof) sample(class, from, to int, v vocab.Service) packet.Packet {
	out := p.space.Sample(class, v, p.clientPorts)
	out.Src, out.Dst = p.units[from].addr, p.units[to].addr
	return out
}

// hasNACL reports whether a network ACL stands before a subnet.
func (p *Proof) hasNACL(s *fabric.Subnet) bool {
	if s.NACL != "" {
		return true
	}
	_, ok := p.acls[s.ID]
	return ok
}
