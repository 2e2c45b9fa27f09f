package prefix

import (
	"iter"
	"net/netip"

	"github.com/gaissmai/bart"
)

// Table maps prefixes of both families to values and answers longest matches
// and overlaps in time that does not grow with its size. The zero Table is
// empty and ready for use. It may be read by many goroutines at once while
// none writes. It must not be copied once used.
type Table[V any] struct {
	t bart.Table[V]
}

// Insert sets the value of p, which is masked first. Invalid prefixes are
// left out.
func (t *Table[V]) Insert(p netip.Prefix, v V) { t.t.Insert(normal(p), v) }

// Delete removes p; the prefixes inside it stay.
func (t *Table[V]) Delete(p netip.Prefix) { t.t.Delete(normal(p)) }

// Len returns the number of prefixes.
func (t *Table[V]) Len() int { return t.t.Size() }

// Get returns the value of exactly p.
func (t *Table[V]) Get(p netip.Prefix) (V, bool) { return t.t.Get(normal(p)) }

// Lookup returns the longest prefix that holds a, and its value.
func (t *Table[V]) Lookup(a netip.Addr) (netip.Prefix, V, bool) {
	a = a.Unmap().WithZone("")
	return t.t.LookupPrefixLPM(netip.PrefixFrom(a, a.BitLen()))
}

// LookupPrefix returns the longest prefix that covers all of p, be it p
// itself, and its value.
func (t *Table[V]) LookupPrefix(p netip.Prefix) (netip.Prefix, V, bool) {
	return t.t.LookupPrefixLPM(normal(p))
}

// Covering yields the prefixes that cover p, p among them, the longest first.
func (t *Table[V]) Covering(p netip.Prefix) iter.Seq2[netip.Prefix, V] {
	return t.t.Supernets(normal(p))
}

// Covered yields the prefixes inside p, p among them, in the order of
// [Compare].
func (t *Table[V]) Covered(p netip.Prefix) iter.Seq2[netip.Prefix, V] {
	return t.t.Subnets(normal(p))
}

// OverlapsAny reports whether p shares an address with any prefix.
func (t *Table[V]) OverlapsAny(p netip.Prefix) bool { return t.t.OverlapsPrefix(normal(p)) }

// All yields every prefix in the order of [Compare].
func (t *Table[V]) All() iter.Seq2[netip.Prefix, V] { return t.t.AllSorted() }
