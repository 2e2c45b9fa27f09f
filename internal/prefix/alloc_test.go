package prefix

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// naiveAllocate is the rule of Allocate spelled out over every aligned block.
func naiveAllocate(free Set, bits int, avoid Set) (netip.Prefix, bool) {
	for _, l := range slices.Backward(lengthsTo(bits)) {
		for _, f := range free.Prefixes() {
			if f.Bits() != l {
				continue
			}
			for _, p := range Split(f, 1<<(bits-l)) {
				if !avoid.Overlaps(p) {
					return p, true
				}
			}
		}
	}
	return netip.Prefix{}, false
}

func lengthsTo(bits int) []int {
	var out []int
	for l := 24; l <= bits; l++ {
		out = append(out, l)
	}
	return out
}

func TestAllocatorAgainstNaive(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 150 {
		pool := FromPrefixes(pfxs("10.0.7.0/25", "10.0.7.192/26")...)
		reserved := FromPrefixes(randomPrefixes(r, 4)...)
		a := NewAllocator(pool, reserved)
		free := pool.Subtract(reserved)
		var taken []netip.Prefix
		for range 40 {
			bits := 25 + r.IntN(8)
			switch r.IntN(6) {
			case 0, 1:
				want, wantOK := naiveAllocate(free, bits, Set{})
				got, ok := a.Allocate(bits)
				if got != want || ok != wantOK {
					t.Fatalf("Allocate(%d) with %v free = %v, %v, want %v, %v", bits, free, got, ok, want, wantOK)
				}
				if ok {
					taken = append(taken, got)
				}
				free = free.Subtract(FromPrefixes(got))
			case 2:
				avoid := FromPrefixes(randomPrefixes(r, 5)...)
				want, wantOK := naiveAllocate(free, bits, avoid)
				got, ok := a.AllocateAvoiding(bits, avoid)
				if got != want || ok != wantOK {
					t.Fatalf("AllocateAvoiding(%d, %v) with %v free = %v, %v, want %v, %v", bits, avoid, free, got, ok, want, wantOK)
				}
				if ok {
					taken = append(taken, got)
				}
				free = free.Subtract(FromPrefixes(got))
			case 3, 4:
				p := randomPrefix(r)
				want := free.ContainsPrefix(p)
				if got := a.IsFree(p); got != want {
					t.Fatalf("IsFree(%v) with %v free = %v, want %v", p, free, got, want)
				}
				if err := a.Reserve(p); (err == nil) != want {
					t.Fatalf("Reserve(%v) with %v free = %v, want success %v", p, free, err, want)
				}
				if want {
					taken = append(taken, p)
					free = free.Subtract(FromPrefixes(p))
				}
			case 5:
				if len(taken) == 0 {
					continue
				}
				i := r.IntN(len(taken))
				if err := a.Release(taken[i]); err != nil {
					t.Fatalf("Release(%v) with %v free: %v", taken[i], free, err)
				}
				if err := a.Release(taken[i]); err == nil {
					t.Fatalf("Release(%v) twice was accepted", taken[i])
				}
				free = free.Union(FromPrefixes(taken[i]))
				taken = slices.Delete(taken, i, i+1)
			}
			if got := a.FreeList(); !slices.Equal(got, free.Prefixes()) {
				t.Fatalf("FreeList() = %v, want %v", got, free.Prefixes())
			}
		}
	}
}

func TestReserveSaysWhy(t *testing.T) {
	a := NewAllocator(FromPrefixes(pfx("10.0.0.0/16")), FromPrefixes(pfx("10.0.9.0/24")))
	for _, tt := range []struct{ p, want string }{
		{"10.1.0.0/24", "10.1.0.0/24 is not inside 10.0.0.0/16"},
		{"10.0.8.0/22", "10.0.8.0/22 is not free: 10.0.9.0/24 is taken or reserved"},
		{"fd00::/64", "not inside"},
	} {
		if err := a.Reserve(pfx(tt.p)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Reserve(%s) = %v, want %q", tt.p, err, tt.want)
		}
	}
	if err := a.Reserve(netip.Prefix{}); err == nil {
		t.Error("Reserve(zero prefix) was accepted")
	}
	if p, ok := a.Largest(); !ok || p != pfx("10.0.128.0/17") {
		t.Errorf("Largest() = %v, %v, want 10.0.128.0/17", p, ok)
	}
}

func TestMissing(t *testing.T) {
	a := NewAllocator(FromPrefixes(pfx("10.0.0.0/16")), FromPrefixes(pfx("10.0.0.0/17")))
	for _, tt := range []struct {
		name    string
		lengths []int
		want    string
	}{
		{"fits", []int{18, 18}, "nothing"},
		{"one too many", []int{18, 18, 20}, "1 × /20 (4096 addresses)"},
		{"larger than the pool", []int{15, 16, 16, 17}, "1 × /15, 2 × /16 (262144 addresses)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := a.Missing(tt.lengths...).String(); got != tt.want {
				t.Errorf("Missing(%v) = %q, want %q", tt.lengths, got, tt.want)
			}
		})
	}
	if got := a.FreeSet().Len4(); got != 1<<15 {
		t.Errorf("Missing took something: %d addresses free, want %d", got, 1<<15)
	}
}

func TestAllocateV6AndBounds(t *testing.T) {
	a := NewAllocator(FromPrefixes(pfx("fd00::/48")), FromPrefixes(pfx("fd00::/64")))
	if p, ok := a.Allocate(64); !ok || p != pfx("fd00:0:0:1::/64") {
		t.Errorf("Allocate(64) = %v, %v, want fd00:0:0:1::/64", p, ok)
	}
	for _, bits := range []int{-1, 129, 47} {
		if p, ok := a.Allocate(bits); ok {
			t.Errorf("Allocate(%d) = %v, want none", bits, p)
		}
		if p, ok := a.AllocateAvoiding(bits, Set{}); ok {
			t.Errorf("AllocateAvoiding(%d) = %v, want none", bits, p)
		}
	}
	whole := NewAllocator(FromPrefixes(pfx("::/0")), Set{})
	if p, ok := whole.AllocateAvoiding(1, FromPrefixes(pfx("::/128"))); !ok || p != pfx("8000::/1") {
		t.Errorf("AllocateAvoiding(1, ::/128) = %v, %v, want 8000::/1", p, ok)
	}
	empty := NewAllocator(Set{}, Set{})
	if p, ok := empty.Allocate(32); ok {
		t.Errorf("Allocate(32) of an empty pool = %v", p)
	}
}

func BenchmarkAllocate10000(b *testing.B) {
	pool := FromPrefixes(pfx("10.0.0.0/8"))
	for b.Loop() {
		a := NewAllocator(pool, Set{})
		for i := range 10000 {
			if _, ok := a.Allocate(22 + i%7); !ok {
				b.Fatal("pool exhausted")
			}
		}
	}
}
