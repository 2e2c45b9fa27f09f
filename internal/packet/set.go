package packet

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/tieline/tieline/internal/vocab"
)

// Set is a set of header classes of one [Space]. Sets of different spaces do
// not mix. The zero Set is empty; operations give new sets.
type Set struct{ words []uint64 }

// classSet gives the classes below n that satisfy has.
func classSet(n int, has func(class int) bool) Set {
	s := Set{make([]uint64, (n+63)/64)}
	for c := range n {
		if has(c) {
			s.words[c/64] |= 1 << (c % 64)
		}
	}
	return s
}

// Has reports whether a class is in s.
func (s Set) Has(class int) bool {
	return class/64 < len(s.words) && s.words[class/64]>>(class%64)&1 == 1
}

// With returns s and a class.
func (s Set) With(class int) Set {
	out := Set{make([]uint64, max(len(s.words), class/64+1))}
	copy(out.words, s.words)
	out.words[class/64] |= 1 << (class % 64)
	return out
}

// IsEmpty reports whether s has no class.
func (s Set) IsEmpty() bool {
	return !slices.ContainsFunc(s.words, func(w uint64) bool { return w != 0 })
}

// Equal reports whether s and t have the same classes.
func (s Set) Equal(t Set) bool {
	for i := range max(len(s.words), len(t.words)) {
		if s.word(i) != t.word(i) {
			return false
		}
	}
	return true
}

func (s Set) word(i int) uint64 {
	if i < len(s.words) {
		return s.words[i]
	}
	return 0
}

// Or returns the classes in s or t.
func (s Set) Or(t Set) Set {
	return s.combine(t, func(a, b uint64) uint64 { return a | b })
}

// And returns the classes in both.
func (s Set) And(t Set) Set {
	return s.combine(t, func(a, b uint64) uint64 { return a & b })
}

// AndNot returns the classes of s that are not in t.
func (s Set) AndNot(t Set) Set {
	return s.combine(t, func(a, b uint64) uint64 { return a &^ b })
}

func (s Set) combine(t Set, op func(a, b uint64) uint64) Set {
	out := Set{make([]uint64, max(len(s.words), len(t.words)))}
	for i := range out.words {
		out.words[i] = op(s.word(i), t.word(i))
	}
	return out
}

// Classes lists the classes of s, rising.
func (s Set) Classes() []int {
	var out []int
	for i, w := range s.words {
		for ; w != 0; w &= w - 1 {
			out = append(out, i*64+bits.TrailingZeros64(w))
		}
	}
	return out
}

// All returns every class.
func (s *Space) All() Set { return classSet(len(s.classes), func(int) bool { return true }) }

// Forward returns the classes that a rule matches. The rule must be one of
// those that the space was made from.
func (s *Space) Forward(m Match) Set {
	return classSet(len(s.classes), func(c int) bool { return m.matches(s.classes[c].boxes[0].header()) })
}

// Backward returns the classes whose replies a rule of a stateless filter
// matches.
func (s *Space) Backward(m Match) Set {
	return classSet(len(s.classes), func(c int) bool { return m.matches(s.classes[c].boxes[0].header().swap()) })
}

// Service returns the classes that have a packet of a service.
func (s *Space) Service(v vocab.Service) Set {
	return classSet(len(s.classes), func(c int) bool {
		return slices.ContainsFunc(s.classes[c].boxes, func(x box) bool { _, ok := s.within(x, v); return ok })
	})
}

// Clients returns the classes that have a packet from a port of the range, and
// those of protocols without ports.
func (s *Space) Clients(r vocab.PortRange) Set {
	return classSet(len(s.classes), func(c int) bool {
		return slices.ContainsFunc(s.classes[c].boxes, func(x box) bool {
			return !x.proto.HasPorts() || x.src.First <= r.Last && r.First <= x.src.Last
		})
	})
}

// within gives the destination ports that a box shares with a service, and
// whether it shares any header with it.
func (s *Space) within(b box, v vocab.Service) (vocab.PortRange, bool) {
	switch {
	case v.Proto == vocab.AnyProto && v.Ports.IsAny(), v.Proto == b.proto && v.Ports.IsAny():
		return b.dst, true
	case b.proto == unnamed && v.Proto != vocab.AnyProto && !s.names(v.Proto):
		return b.dst, true
	case v.Proto != vocab.AnyProto && v.Proto != b.proto || !b.proto.HasPorts():
		return vocab.PortRange{}, false
	}
	r := vocab.PortRange{First: max(b.dst.First, v.Ports.First), Last: min(b.dst.Last, v.Ports.Last)}
	return r, r.First <= r.Last
}

// Services says a set in as few services as hold it, whatever the source
// ports, sorted. Protocols that no rule names are said by any only when the
// set holds every other.
func (s *Space) Services(set Set) []vocab.Service {
	dst := map[vocab.Proto][]vocab.PortRange{}
	named := map[vocab.Proto]bool{}
	for c := range s.classes {
		for _, x := range s.classes[c].boxes {
			named[x.proto] = true
			if set.Has(c) && !(x.mtu && !set.hasEcho(s)) {
				dst[x.proto] = append(dst[x.proto], x.dst)
			}
		}
	}
	var out []vocab.Service
	full := 0
	for p, list := range dst {
		ranges := union(list)
		if len(ranges) == 1 && ranges[0].IsAny() {
			full++
		}
		for _, r := range ranges {
			if r.IsAny() {
				r = vocab.PortRange{}
			}
			out = append(out, vocab.Service{Proto: p, Ports: r})
		}
	}
	if full == len(named) {
		return []vocab.Service{{Proto: vocab.AnyProto}}
	}
	slices.SortFunc(out, vocab.Service.Compare)
	return out
}

// hasEcho reports whether s holds ICMP other than "fragmentation needed".
func (s Set) hasEcho(sp *Space) bool {
	for c := range sp.classes {
		if x := sp.classes[c].boxes[0]; x.proto == vocab.ICMP && !x.mtu {
			return s.Has(c)
		}
	}
	return false
}

// names reports whether a protocol has classes of its own.
func (s *Space) names(p vocab.Proto) bool {
	return slices.ContainsFunc(s.classes, func(c class) bool { return c.boxes[0].proto == p })
}

// union joins ranges that overlap or touch.
func union(list []vocab.PortRange) []vocab.PortRange {
	slices.SortFunc(list, func(a, b vocab.PortRange) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last))
	})
	var out []vocab.PortRange
	for _, r := range list {
		if n := len(out); n > 0 && int(r.First) <= int(out[n-1].Last)+1 {
			out[n-1].Last = max(out[n-1].Last, r.Last)
			continue
		}
		out = append(out, r)
	}
	return out
}

// Sample returns a packet of a class without addresses: of a service where the
// class has one of it, and from a port of the range where it has one.
func (s *Space) Sample(class int, v vocab.Service, clients vocab.PortRange) Packet {
	var best Packet
	rank := -1
	for _, x := range s.classes[class].boxes {
		p, r := Packet{Proto: x.proto}, 0
		switch {
		case x.mtu:
			p.ICMPType, p.ICMPCode = unreachable, fragmentation
		case x.proto == vocab.ICMP:
			p.ICMPType = echo
		}
		dst, ok := s.within(x, v)
		if !ok {
			dst = x.dst
		} else {
			r += 2
		}
		if x.proto == unnamed && v.Proto != vocab.AnyProto && ok {
			p.Proto = v.Proto
		}
		if x.proto.HasPorts() {
			p.DstPort = max(dst.First, min(1, dst.Last))
			p.SrcPort = max(x.src.First, min(1, x.src.Last))
			if first, last := max(clients.First, x.src.First), min(clients.Last, x.src.Last); first <= last {
				p.SrcPort = max(first, min(last, usual))
				r++
			}
		}
		if r > rank {
			best, rank = p, r
		}
	}
	return best
}

// usual is the first dynamic port (RFC 6335 section 6), which examples come from.
const usual = 49152
