package prefix

import (
	"math/big"
	"net/netip"
	"slices"
	"sort"
	"strings"
)

// Set is a set of addresses of either or both families. It is immutable; the
// zero Set is empty. Sets are compared with [Set.Equal].
type Set struct {
	spans []span // sorted, disjoint, never adjacent, each of one family
}

// span is the addresses from first to last, both included.
type span struct{ first, last netip.Addr }

// FromPrefixes returns the addresses of list; invalid prefixes have none.
func FromPrefixes(list ...netip.Prefix) Set {
	spans := make([]span, 0, len(list))
	for _, p := range list {
		if p = normal(p); p.IsValid() {
			spans = append(spans, span{p.Addr(), LastAddr(p)})
		}
	}
	return Set{join(spans)}
}

// FromRange returns the addresses from first to last, both included; none
// when the families differ or last is below first.
func FromRange(first, last netip.Addr) Set {
	first, last = first.Unmap().WithZone(""), last.Unmap().WithZone("")
	if !first.IsValid() || first.BitLen() != last.BitLen() || last.Less(first) {
		return Set{}
	}
	return Set{[]span{{first, last}}}
}

// join sorts spans and merges those that overlap or touch, in place.
func join(spans []span) []span {
	byFirst := func(a, b span) int { return a.first.Compare(b.first) }
	if !slices.IsSortedFunc(spans, byFirst) {
		slices.SortFunc(spans, byFirst)
	}
	out := spans[:0]
	for _, s := range spans {
		if n := len(out); n > 0 && touches(out[n-1], s) {
			if out[n-1].last.Less(s.last) {
				out[n-1].last = s.last
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// touches reports whether b, which does not begin before a, overlaps a or
// begins right after it. Next of a family's last address is invalid.
func touches(a, b span) bool {
	return a.first.BitLen() == b.first.BitLen() && (b.first.Compare(a.last) <= 0 || a.last.Next() == b.first)
}

// Union returns the addresses that are in s or t.
func (s Set) Union(t Set) Set { return Set{join(slices.Concat(s.spans, t.spans))} }

// Intersect returns the addresses that are in both s and t.
func (s Set) Intersect(t Set) Set {
	var out []span
	for i, j := 0, 0; i < len(s.spans) && j < len(t.spans); {
		a, b := s.spans[i], t.spans[j]
		first, last := a.first, a.last
		if first.Less(b.first) {
			first = b.first
		}
		if b.last.Less(last) {
			last = b.last
		}
		if !last.Less(first) {
			out = append(out, span{first, last})
		}
		if a.last.Less(b.last) {
			i++
		} else {
			j++
		}
	}
	return Set{out}
}

// Subtract returns the addresses of s that are not in t.
func (s Set) Subtract(t Set) Set {
	var out []span
	j := 0
	for _, a := range s.spans {
		for j < len(t.spans) && t.spans[j].last.Less(a.first) {
			j++
		}
		rest, left := a, true
		for k := j; k < len(t.spans) && !a.last.Less(t.spans[k].first); k++ {
			b := t.spans[k]
			if rest.first.Less(b.first) {
				out = append(out, span{rest.first, b.first.Prev()})
			}
			if !b.last.Less(a.last) {
				left = false
				break
			}
			rest.first = b.last.Next()
		}
		if left {
			out = append(out, rest)
		}
	}
	return Set{out}
}

// Contains reports whether a is in s.
func (s Set) Contains(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	sp, ok := s.from(a)
	return ok && a.IsValid() && !a.Less(sp.first)
}

// ContainsPrefix reports whether every address of p is in s; false for an
// invalid prefix.
func (s Set) ContainsPrefix(p netip.Prefix) bool {
	p = normal(p)
	if !p.IsValid() {
		return false
	}
	sp, ok := s.from(p.Addr())
	return ok && !p.Addr().Less(sp.first) && !sp.last.Less(LastAddr(p))
}

// ContainsSet reports whether every address of t is in s.
func (s Set) ContainsSet(t Set) bool { return t.Subtract(s).IsEmpty() }

// Overlaps reports whether any address of p is in s.
func (s Set) Overlaps(p netip.Prefix) bool {
	p = normal(p)
	if !p.IsValid() {
		return false
	}
	sp, ok := s.from(p.Addr())
	return ok && !LastAddr(p).Less(sp.first)
}

// OverlapsSet reports whether s and t share an address.
func (s Set) OverlapsSet(t Set) bool { return !s.Intersect(t).IsEmpty() }

// from returns the first span that ends at a or after it.
func (s Set) from(a netip.Addr) (span, bool) {
	i := sort.Search(len(s.spans), func(i int) bool { return !s.spans[i].last.Less(a) })
	if i == len(s.spans) {
		return span{}, false
	}
	return s.spans[i], true
}

// IsEmpty reports whether s has no address.
func (s Set) IsEmpty() bool { return len(s.spans) == 0 }

// Equal reports whether s and t have the same addresses.
func (s Set) Equal(t Set) bool { return slices.Equal(s.spans, t.spans) }

// V4 returns the IPv4 part of s.
func (s Set) V4() Set { return Set{s.spans[:s.countV4()]} }

// V6 returns the IPv6 part of s.
func (s Set) V6() Set { return Set{s.spans[s.countV4():]} }

func (s Set) countV4() int {
	return sort.Search(len(s.spans), func(i int) bool { return !s.spans[i].first.Is4() })
}

// Len4 returns the number of IPv4 addresses in s.
func (s Set) Len4() uint64 {
	var n uint64
	for _, sp := range s.V4().spans {
		n += number(sp.last).lo - number(sp.first).lo + 1
	}
	return n
}

// Size returns the number of addresses in s, of both families.
func (s Set) Size() *big.Int {
	n := new(big.Int)
	for _, sp := range s.spans {
		d := number(sp.last).sub(number(sp.first))
		size := new(big.Int).SetUint64(d.hi)
		size.Lsh(size, 64).Add(size, new(big.Int).SetUint64(d.lo))
		n.Add(n, size.Add(size, big.NewInt(1)))
	}
	return n
}

// Prefixes returns the fewest prefixes that hold exactly s, in order.
func (s Set) Prefixes() []netip.Prefix {
	var out []netip.Prefix
	for _, sp := range s.spans {
		for at := sp.first; ; {
			p := largestAt(at, sp.last)
			out = append(out, p)
			end := LastAddr(p)
			if end == sp.last {
				break
			}
			at = end.Next()
		}
	}
	return out
}

// largestAt returns the shortest prefix that begins at first and does not
// reach beyond last.
func largestAt(first, last netip.Addr) netip.Prefix {
	width := first.BitLen()
	host := min(width, number(first).zeros())
	room := number(last).sub(number(first))
	for host > 0 && room.less(lowBits(host)) {
		host--
	}
	return netip.PrefixFrom(first, width-host)
}

// String gives the prefixes of s separated by commas: 10.0.0.0/8,fd00::/8.
func (s Set) String() string {
	var b strings.Builder
	for i, p := range s.Prefixes() {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(p.String())
	}
	return b.String()
}
