package prefix

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

func TestTableAgainstList(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		var tab Table[int]
		want := map[netip.Prefix]int{}
		for i, p := range randomPrefixes(r, 30) {
			tab.Insert(p, i)
			want[p] = i
		}
		for _, p := range randomPrefixes(r, 3) {
			tab.Delete(p)
			delete(want, p)
		}
		var all, covering, covered []netip.Prefix
		q := randomPrefix(r)
		overlaps := false
		for p := range want {
			all = append(all, p)
			overlaps = overlaps || p.Overlaps(q)
			if Covers(p, q) {
				covering = append(covering, p)
			}
			if Covers(q, p) {
				covered = append(covered, p)
			}
		}
		slices.SortFunc(all, Compare)
		slices.SortFunc(covered, Compare)
		slices.SortFunc(covering, func(a, b netip.Prefix) int { return b.Bits() - a.Bits() })
		for _, c := range []struct {
			name string
			got  []netip.Prefix
			want []netip.Prefix
		}{
			{"All", collect(tab.All()), all},
			{"Covering", collect(tab.Covering(q)), covering},
			{"Covered", collect(tab.Covered(q)), covered},
		} {
			if !slices.Equal(c.got, c.want) {
				t.Errorf("%s(%v) = %v, want %v", c.name, q, c.got, c.want)
			}
		}
		if got := tab.OverlapsAny(q); got != overlaps {
			t.Errorf("OverlapsAny(%v) = %v, want %v", q, got, overlaps)
		}
		if got, wantV := tab.Len(), len(want); got != wantV {
			t.Errorf("Len() = %d, want %d", got, wantV)
		}
		p, v, ok := tab.LookupPrefix(q)
		if ok != (len(covering) > 0) || ok && (p != covering[0] || v != want[p]) {
			t.Errorf("LookupPrefix(%v) = %v, %d, %v, want %v", q, p, v, ok, covering)
		}
		single := netip.PrefixFrom(q.Addr(), q.Addr().BitLen())
		covering = covering[:0]
		for _, p := range all {
			if p.Contains(q.Addr()) {
				covering = append(covering, p) // all is sorted: the longest comes last
			}
		}
		p, v, ok = tab.Lookup(single.Addr())
		if ok != (len(covering) > 0) || ok && (p != covering[len(covering)-1] || v != want[p]) {
			t.Errorf("Lookup(%v) = %v, %d, %v, want the last of %v", q.Addr(), p, v, ok, covering)
		}
	}
}

func TestTableNormalises(t *testing.T) {
	var tab Table[string]
	tab.Insert(netip.Prefix{}, "invalid")
	tab.Insert(pfx("10.1.2.3/16"), "a")
	if v, ok := tab.Get(pfx("10.1.0.0/16")); !ok || v != "a" || tab.Len() != 1 {
		t.Errorf("Get(10.1.0.0/16) = %q, %v with %d prefixes, want a alone", v, ok, tab.Len())
	}
	if p, _, ok := tab.Lookup(netip.MustParseAddr("::ffff:10.1.9.9")); !ok || p != pfx("10.1.0.0/16") {
		t.Errorf("Lookup(::ffff:10.1.9.9) = %v, %v, want 10.1.0.0/16", p, ok)
	}
	if _, _, ok := tab.Lookup(netip.Addr{}); ok {
		t.Error("Lookup(zero address) found something")
	}
}

func collect(seq func(func(netip.Prefix, int) bool)) []netip.Prefix {
	var out []netip.Prefix
	for p := range seq {
		out = append(out, p)
	}
	return out
}
