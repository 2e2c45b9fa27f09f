package forward

import (
	"encoding/binary"
	"slices"
	"sync"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
)

// Fate is what can become of packets that a table is given: several where
// equal-cost ways differ.
type Fate uint16

// What can become of a packet.
const (
	Delivered Fate = 1 << iota // into the networks of its ends
	Internet                   // out of the table's own network by its internet gateway
	NAT                        // out by NAT
	NoRoute
	Blackhole
	NoAddress // to an internet gateway that has no public address for the sender
	Loop
	Unknown
	Onward  // a later table drops them
	Renamed // by NAT back inside, with an address of the NAT's own
)

// Fates holds what becomes of packets to each class of addresses from each
// table.
type Fates struct {
	tables int
	of     []Fate    // by class of route, then table
	ends   []int32   // index into lists, alike
	lists  [][]int32 // of terminals
	rings  []Ring    // of all classes, each set of tables once
}

// Ring is tables that forward packets of a class to each other.
type Ring struct {
	Class  int
	Tables []int32 // rising
}

// Rings lists the tables that forward packets round, each set once, with such
// a class as some machine has where there is one.
func (f *Fates) Rings() []Ring { return f.rings }

// At gives what becomes of a class of addresses (see [Addresses.Route]) from a
// table, and the terminals that it may be delivered to.
func (f *Fates) At(route int32, table int) (Fate, []int32) {
	i := int(route)*f.tables + table
	return f.of[i], f.lists[f.ends[i]]
}

// Delivers reports whether packets from a table to a class of addresses may,
// and whether they certainly do, arrive at a terminal.
func (f *Fates) Delivers(table int, route, terminal int32) (may, sure bool) {
	x, ends := f.At(route, table)
	may = x&Delivered != 0 && slices.Contains(ends, terminal)
	return may, may && x == Delivered && len(ends) == 1
}

// Follow follows every class of addresses through every table. Held says
// of each class whether some machine has one; parallel runs n jobs, at once
// where it likes, and waits for them.
func Follow(t *routes.Tables, x *Addresses, ends *Terminals, held []bool, parallel func(n int, job func(i int))) *Fates {
	n := len(t.Tables)
	f := &Fates{tables: n, of: make([]Fate, x.routes*n), ends: make([]int32, x.routes*n)}
	lists := make([][][]int32, x.routes) // by class: lists of terminals, which ends index until they are interned
	rings := make([][]Ring, x.routes)
	g := newGlances(t, x)
	pool := sync.Pool{New: func() any { return newFollower(t, x, ends, f, g) }}
	parallel(x.routes, func(c int) {
		s := pool.Get().(*follower)
		lists[c] = s.follow(c)
		rings[c] = s.rings
		pool.Put(s)
	})
	f.intern(lists)
	f.distinct(rings, held)
	return f
}

// distinct keeps one class of each ring, such as some machine has where there
// is one.
func (f *Fates) distinct(rings [][]Ring, held []bool) {
	index := map[string]int{}
	for _, list := range rings {
		for _, r := range list {
			key := make([]byte, 0, 4*len(r.Tables))
			for _, t := range r.Tables {
				key = binary.LittleEndian.AppendUint32(key, uint32(t))
			}
			i, ok := index[string(key)]
			switch {
			case !ok:
				index[string(key)] = len(f.rings)
				f.rings = append(f.rings, r)
			case held[r.Class] && !held[f.rings[i].Class]:
				f.rings[i] = r
			}
		}
	}
}

// intern gives equal lists of terminals one index.
func (f *Fates) intern(lists [][][]int32) {
	index := map[string]int32{}
	for c := range lists {
		to := make([]int32, len(lists[c]))
		for k, l := range lists[c] {
			key := make([]byte, 0, 4*len(l))
			for _, e := range l {
				key = binary.LittleEndian.AppendUint32(key, uint32(e))
			}
			n, ok := index[string(key)]
			if !ok {
				n = int32(len(f.lists))
				index[string(key)] = n
				f.lists = append(f.lists, l)
			}
			to[k] = n
		}
		for i := c * f.tables; i < (c+1)*f.tables; i++ {
			f.ends[i] = to[f.ends[i]]
		}
	}
}

// follower finds the fates of one class of addresses: tables that forward to
// each other in a ring are one component (Tarjan), whose fate is a loop and
// whatever else leaves it.
type follower struct {
	t      *routes.Tables
	x      *Addresses
	to     *Terminals
	f      *Fates
	addr   int // class
	order  []int32
	low    []int32
	on     []bool
	stack  []int32
	next   int32
	lists  [][]int32
	listOf map[string]int32
	ends   [][]int32 // by table, while the class is worked on
	fate   []Fate
	rings  []Ring

	glances *glances
}

func newFollower(t *routes.Tables, x *Addresses, to *Terminals, f *Fates, g *glances) *follower {
	return &follower{t: t, x: x, to: to, f: f, glances: g, order: make([]int32, f.tables), low: make([]int32, f.tables), on: make([]bool, f.tables), ends: make([][]int32, f.tables), fate: make([]Fate, f.tables)}
}

// follow works out one class; it gives the lists of terminals that the ends
// of its tables index.
func (s *follower) follow(class int) [][]int32 {
	s.addr, s.next, s.lists, s.listOf, s.rings = class, 0, nil, map[string]int32{}, nil
	for t := range s.order {
		s.order[t], s.fate[t], s.ends[t] = 0, 0, nil
	}
	for t := range s.order {
		if s.order[t] == 0 {
			s.visit(int32(t))
		}
		s.f.of[class*s.f.tables+t] = s.fate[t]
	}
	for t := range s.ends {
		key := make([]byte, 0, 4*len(s.ends[t]))
		for _, e := range s.ends[t] {
			key = binary.LittleEndian.AppendUint32(key, uint32(e))
		}
		n, ok := s.listOf[string(key)]
		if !ok {
			n = int32(len(s.lists))
			s.listOf[string(key)] = n
			s.lists = append(s.lists, s.ends[t])
		}
		s.f.ends[class*s.f.tables+t] = n
	}
	return s.lists
}

func (s *follower) visit(t int32) {
	s.next++
	s.order[t], s.low[t] = s.next, s.next
	s.stack, s.on[t] = append(s.stack, t), true
	table := &s.t.Tables[t]
	if table.Meta.Unread != "" {
		s.fate[t] |= Unknown
	}
	self := false
	hops := s.glances.hops(int(t), s.addr)
	if len(hops) == 0 {
		s.fate[t] |= NoRoute
	}
	var onward []int32
	for i := range hops {
		h := &hops[i]
		switch h.Kind {
		case routes.Forward:
			next := int32(h.Table)
			if next == t {
				self = true
				continue
			}
			if slices.Contains(onward, next) {
				continue
			}
			onward = append(onward, next)
		case routes.Deliver:
			s.fate[t] |= Delivered
			s.end(t, s.to.Find(table, h))
		case routes.Internet:
			s.fate[t] |= Internet
		case routes.Translate:
			s.fate[t] |= s.translated(h)
		case routes.Discard:
			s.fate[t] |= Blackhole
		case routes.Unknown:
			s.fate[t] |= Unknown
		}
	}
	for _, next := range onward {
		if s.order[next] == 0 {
			s.visit(next)
			s.low[t] = min(s.low[t], s.low[next])
		} else if s.on[next] {
			s.low[t] = min(s.low[t], s.order[next])
		}
		s.inherit(t, next)
	}
	if self {
		s.fate[t] |= Loop
		s.rings = append(s.rings, Ring{s.addr, []int32{t}})
	}
	if s.low[t] != s.order[t] {
		return
	}
	k := len(s.stack) - 1
	for s.stack[k] != t {
		k--
	}
	members := s.stack[k:]
	for _, m := range members {
		s.on[m] = false
	}
	if len(members) > 1 {
		round := slices.Clone(members)
		slices.Sort(round)
		s.rings = append(s.rings, Ring{s.addr, round})
		for _, m := range members {
			s.inherit(t, m)
		}
		s.fate[t] |= Loop
		for _, m := range members {
			if m != t {
				s.inherit(m, t)
			}
		}
	}
	s.stack = s.stack[:k]
}

// translated gives what becomes of packets behind a NAT gateway, by the table
// of its own subnet.
func (s *follower) translated(h *routes.Hop) Fate {
	switch s.t.Translated(h.NAT, s.x.First(s.x.Example(s.addr))) {
	case routes.ToInternet:
		return NAT
	case routes.NoRoute:
		return NoRoute | Onward
	case routes.Blackhole:
		return Blackhole | Onward
	case routes.NotModelled, routes.Delivered, routes.NoSubnet, routes.Loop, routes.SourceDown, routes.TargetDown:
	}
	return Renamed
}

// inherit adds to a table what becomes of what it forwards to the next.
func (s *follower) inherit(t, next int32) {
	x := s.fate[next]
	if x&Internet != 0 && t != next {
		// An internet gateway knows the public addresses of its own network's
		// machines only.
		x = x&^Internet | NoAddress
	}
	if x&(NoRoute|Blackhole|NoAddress) != 0 {
		x |= Onward
	}
	s.fate[t] |= x
	for _, e := range s.ends[next] {
		s.end(t, e)
	}
}

func (s *follower) end(t, e int32) {
	i, ok := slices.BinarySearch(s.ends[t], e)
	if !ok {
		s.ends[t] = slices.Insert(slices.Clip(slices.Clone(s.ends[t])), i, e)
	}
}

// Terminals number the networks and sites that packets are delivered into.
type Terminals struct {
	VPCs  map[fabric.VPCID]int32
	Sites map[fabric.SiteID]int32
}

// NoTerminal is a network without any place.
const NoTerminal = -1

// Find gives where a hop that delivers ends.
func (x *Terminals) Find(t *routes.Table, h *routes.Hop) int32 {
	if h.VPC != "" {
		if e, ok := x.VPCs[h.VPC]; ok {
			return e
		}
		return NoTerminal
	}
	if e, ok := x.Sites[t.Site]; ok && t.Kind == routes.DeviceTable {
		return e
	}
	if e, ok := x.VPCs[t.VPC]; ok {
		return e
	}
	return NoTerminal
}
