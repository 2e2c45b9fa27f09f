package verify

import (
	"encoding/binary"
	"slices"
	"sync"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
)

// fate is what can become of packets that a table is given: several where
// equal-cost ways differ.
type fate uint16

const (
	fateDelivered fate = 1 << iota // into the networks of its ends
	fateInternet                   // out of the table's own network by its internet gateway
	fateNAT                        // out by NAT
	fateNoRoute
	fateBlackhole
	fateNoAddress // to an internet gateway that has no public address for the sender
	fateLoop
	fateUnknown
	fateOnward  // a later table drops them
	fateRenamed // by NAT back inside, with an address of the NAT's own
)

// fates holds what becomes of packets to each class of addresses from each
// table.
type fates struct {
	tables int
	of     []fate    // by class of route, then table
	ends   []int32   // index into lists, alike
	lists  [][]int32 // of terminals
	rings  []ring    // of all classes, each set of tables once
}

// ring is tables that forward packets of a class to each other.
type ring struct {
	class  int
	tables []int32 // rising
}

func (f *fates) at(route int32, table int) (fate, []int32) {
	i := int(route)*f.tables + table
	return f.of[i], f.lists[f.ends[i]]
}

// delivers reports whether packets from a table to a unit may, and whether
// they certainly do, arrive in the network where it stands.
func (f *fates) delivers(table int, to *unit) (may, sure bool) {
	x, ends := f.at(to.route, table)
	may = x&fateDelivered != 0 && slices.Contains(ends, to.end)
	return may, may && x == fateDelivered && len(ends) == 1
}

// makeFates follows every class of addresses through every table.
func (p *Proof) makeFates() {
	n := len(p.Tables.Tables)
	f := &fates{tables: n, of: make([]fate, p.addrs.routes*n), ends: make([]int32, p.addrs.routes*n)}
	lists := make([][][]int32, p.addrs.routes) // by class: what its ends index, until the lists are made one below
	rings := make([][]ring, p.addrs.routes)
	g := p.newGlances()
	pool := sync.Pool{New: func() any { return newFollower(p, f, g) }}
	p.parallel(p.addrs.routes, func(c int) {
		s := pool.Get().(*follower)
		lists[c] = s.follow(c)
		rings[c] = s.rings
		pool.Put(s)
	})
	p.fates = f
	p.fates.intern(lists)
	p.fates.distinct(rings, p.heldClasses())
}

// heldClasses reports which classes of addresses some machine has.
func (p *Proof) heldClasses() []bool {
	out := make([]bool, p.addrs.routes)
	for i := range p.units {
		out[p.units[i].route] = true
	}
	return out
}

// distinct keeps one class of each ring, such as some machine has where there
// is one.
func (f *fates) distinct(rings [][]ring, held []bool) {
	index := map[string]int{}
	for _, list := range rings {
		for _, r := range list {
			key := make([]byte, 0, 4*len(r.tables))
			for _, t := range r.tables {
				key = binary.LittleEndian.AppendUint32(key, uint32(t))
			}
			i, ok := index[string(key)]
			switch {
			case !ok:
				index[string(key)] = len(f.rings)
				f.rings = append(f.rings, r)
			case held[r.class] && !held[f.rings[i].class]:
				f.rings[i] = r
			}
		}
	}
}

// intern gives equal lists of terminals one index.
func (f *fates) intern(lists [][][]int32) {
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
	p      *Proof
	f      *fates
	addr   int // class
	order  []int32
	low    []int32
	on     []bool
	stack  []int32
	next   int32
	lists  [][]int32
	listOf map[string]int32
	ends   [][]int32 // by table, while the class is worked on
	fate   []fate
	rings  []ring

	glances *glances
}

func newFollower(p *Proof, f *fates, g *glances) *follower {
	return &follower{p: p, f: f, glances: g, order: make([]int32, f.tables), low: make([]int32, f.tables), on: make([]bool, f.tables), ends: make([][]int32, f.tables), fate: make([]fate, f.tables)}
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
	table := &s.p.Tables.Tables[t]
	if table.Meta.Unread != "" {
		s.fate[t] |= fateUnknown
	}
	self := false
	hops := s.glances.hops(int(t), s.addr)
	if len(hops) == 0 {
		s.fate[t] |= fateNoRoute
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
			s.fate[t] |= fateDelivered
			s.end(t, s.p.terminals.find(table, h))
		case routes.Internet:
			s.fate[t] |= fateInternet
		case routes.Translate:
			s.fate[t] |= s.translated(h)
		case routes.Discard:
			s.fate[t] |= fateBlackhole
		case routes.Unknown:
			s.fate[t] |= fateUnknown
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
		s.fate[t] |= fateLoop
		s.rings = append(s.rings, ring{s.addr, []int32{t}})
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
		s.rings = append(s.rings, ring{s.addr, round})
		for _, m := range members {
			s.inherit(t, m)
		}
		s.fate[t] |= fateLoop
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
func (s *follower) translated(h *routes.Hop) fate {
	switch s.p.Tables.Translated(h.NAT, s.p.addrs.first(int(s.p.addrs.example[s.addr]))) {
	case routes.ToInternet:
		return fateNAT
	case routes.NoRoute:
		return fateNoRoute | fateOnward
	case routes.Blackhole:
		return fateBlackhole | fateOnward
	case routes.NotModelled, routes.Delivered, routes.NoSubnet, routes.Loop, routes.SourceDown, routes.TargetDown:
	}
	return fateRenamed
}

// inherit adds to a table what becomes of what it forwards to the next.
func (s *follower) inherit(t, next int32) {
	x := s.fate[next]
	if x&fateInternet != 0 && t != next {
		// An internet gateway knows the public addresses of its own network's
		// machines only.
		x = x&^fateInternet | fateNoAddress
	}
	if x&(fateNoRoute|fateBlackhole|fateNoAddress) != 0 {
		x |= fateOnward
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

// terminals number the networks and sites that packets are delivered into.
type terminals struct {
	vpcs  map[fabric.VPCID]int32
	sites map[fabric.SiteID]int32
}

// noTerminal is a network without any place.
const noTerminal = -1

// find gives where a hop that delivers ends.
func (x *terminals) find(t *routes.Table, h *routes.Hop) int32 {
	if h.VPC != "" {
		if e, ok := x.vpcs[h.VPC]; ok {
			return e
		}
		return noTerminal
	}
	if e, ok := x.sites[t.Site]; ok && t.Kind == routes.DeviceTable {
		return e
	}
	if e, ok := x.vpcs[t.VPC]; ok {
		return e
	}
	return noTerminal
}
