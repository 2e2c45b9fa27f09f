package prefix

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func pfxs(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = pfx(s)
	}
	return out
}

// universe is the naive set: one bool for each address of a /24 of IPv4 and
// of a /120 of IPv6.
type universe struct {
	in [512]bool
}

const (
	base4 = "10.0.7.0/24"
	base6 = "fd00::700/120"
)

func (universe) addr(i int) netip.Addr {
	base := base4
	if i >= 256 {
		base, i = base6, i-256
	}
	a, _ := NthAddr(pfx(base), uint64(i))
	return a
}

func naive(list []netip.Prefix) universe {
	var u universe
	for i := range u.in {
		for _, p := range list {
			u.in[i] = u.in[i] || p.Contains(u.addr(i))
		}
	}
	return u
}

func (u universe) combine(v universe, f func(a, b bool) bool) universe {
	var w universe
	for i := range w.in {
		w.in[i] = f(u.in[i], v.in[i])
	}
	return w
}

// fewest is the number of prefixes in the minimal cover, found by halving.
func (u universe) fewest() int {
	return cover(u.in[:256]) + cover(u.in[256:])
}

func cover(in []bool) int {
	all, some := true, false
	for _, b := range in {
		all, some = all && b, some || b
	}
	switch {
	case all:
		return 1
	case !some:
		return 0
	}
	return cover(in[:len(in)/2]) + cover(in[len(in)/2:])
}

func randomPrefix(r *rand.Rand) netip.Prefix {
	if r.IntN(4) == 0 {
		a, _ := NthAddr(pfx(base6), uint64(r.IntN(256)))
		return netip.PrefixFrom(a, 121+r.IntN(8)).Masked()
	}
	a, _ := NthAddr(pfx(base4), uint64(r.IntN(256)))
	return netip.PrefixFrom(a, 25+r.IntN(8)).Masked()
}

func randomPrefixes(r *rand.Rand, most int) []netip.Prefix {
	out := make([]netip.Prefix, r.IntN(most+1))
	for i := range out {
		out[i] = randomPrefix(r)
	}
	return out
}

func TestSetAgainstBitmap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		la, lb := randomPrefixes(r, 20), randomPrefixes(r, 20)
		a, b := FromPrefixes(la...), FromPrefixes(lb...)
		na, nb := naive(la), naive(lb)
		for _, op := range []struct {
			name string
			got  Set
			want universe
		}{
			{"FromPrefixes", a, na},
			{"Union", a.Union(b), na.combine(nb, func(x, y bool) bool { return x || y })},
			{"Intersect", a.Intersect(b), na.combine(nb, func(x, y bool) bool { return x && y })},
			{"Subtract", a.Subtract(b), na.combine(nb, func(x, y bool) bool { return x && !y })},
		} {
			list := op.got.Prefixes()
			if naive(list) != op.want {
				t.Fatalf("%s(%v, %v) = %v, not the addresses wanted", op.name, la, lb, op.got)
			}
			if len(list) != op.want.fewest() {
				t.Errorf("%s(%v, %v).Prefixes() = %v: %d prefixes, want %d", op.name, la, lb, list, len(list), op.want.fewest())
			}
			if !FromPrefixes(list...).Equal(op.got) {
				t.Errorf("FromPrefixes(%v) differs from %v", list, op.got)
			}
			n4, n := uint64(0), uint64(0)
			for i, in := range op.want.in {
				if op.got.Contains(op.want.addr(i)) != in {
					t.Errorf("%s(%v, %v).Contains(%v) = %v, want %v", op.name, la, lb, op.want.addr(i), !in, in)
				}
				if in && i < 256 {
					n4++
				}
				if in {
					n++
				}
			}
			if got := op.got.Len4(); got != n4 {
				t.Errorf("%v.Len4() = %d, want %d", op.got, got, n4)
			}
			if got := op.got.Size().Uint64(); got != n {
				t.Errorf("%v.Size() = %d, want %d", op.got, got, n)
			}
			if op.got.IsEmpty() != (n == 0) {
				t.Errorf("%v.IsEmpty() = %v, want %v", op.got, op.got.IsEmpty(), n == 0)
			}
		}
		p := randomPrefix(r)
		np := naive([]netip.Prefix{p})
		inside, overlaps := true, false
		for i, in := range np.in {
			inside, overlaps = inside && (!in || na.in[i]), overlaps || in && na.in[i]
		}
		if got := a.ContainsPrefix(p); got != inside {
			t.Errorf("%v.ContainsPrefix(%v) = %v, want %v", a, p, got, inside)
		}
		if got := a.Overlaps(p); got != overlaps {
			t.Errorf("%v.Overlaps(%v) = %v, want %v", a, p, got, overlaps)
		}
		if got, want := a.ContainsSet(b), b.Subtract(a).IsEmpty(); got != want {
			t.Errorf("%v.ContainsSet(%v) = %v, want %v", a, b, got, want)
		}
	}
}

func TestSetEdges(t *testing.T) {
	all := FromPrefixes(pfxs("0.0.0.0/0", "::/0")...)
	for _, tt := range []struct {
		name string
		set  Set
		want string
	}{
		{"zero", Set{}, ""},
		{"invalid prefix", FromPrefixes(netip.Prefix{}), ""},
		{"both families whole", all, "0.0.0.0/0,::/0"},
		{"host bits", FromPrefixes(pfx("10.1.2.3/8")), "10.0.0.0/8"},
		{"mapped", FromPrefixes(pfx("::ffff:10.0.0.0/104")), "10.0.0.0/8"},
		{"last addresses", FromPrefixes(pfxs("255.255.255.255/32", "::/128")...), "255.255.255.255/32,::/128"},
		{"all but the ends", all.Subtract(FromPrefixes(pfxs("0.0.0.0/1", "8000::/1")...)), "128.0.0.0/1,::/1"},
		{"range", FromRange(netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.4")), "10.0.0.1/32,10.0.0.2/31,10.0.0.4/32"},
		{"range of two families", FromRange(netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("::1")), ""},
		{"v4", all.V4(), "0.0.0.0/0"},
		{"v6", all.V6(), "::/0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.set.String(); got != tt.want {
				t.Errorf("String() = %q, want %q", got, tt.want)
			}
		})
	}
	if got, want := all.Size().String(), "340282366920938463463374607436063178752"; got != want {
		t.Errorf("%v.Size() = %s, want %s", all, got, want)
	}
}

func TestAggregate(t *testing.T) {
	for _, tt := range []struct {
		name      string
		list      []netip.Prefix
		aggregate []netip.Prefix
	}{
		{"none", nil, nil},
		{"neighbours", pfxs("10.0.0.0/24", "10.0.1.0/24"), pfxs("10.0.0.0/23")},
		{"not aligned", pfxs("10.0.1.0/24", "10.0.2.0/24"), pfxs("10.0.1.0/24", "10.0.2.0/24")},
		{"nested", pfxs("10.0.0.0/8", "10.1.0.0/16"), pfxs("10.0.0.0/8")},
		{"far apart", pfxs("10.0.0.0/8", "192.168.0.0/16"), pfxs("10.0.0.0/8", "192.168.0.0/16")},
		{"v6", pfxs("fd00::/64", "fd00:0:0:1::/64"), pfxs("fd00::/63")},
		{"both families", pfxs("10.0.0.0/8", "fd00::/8"), pfxs("10.0.0.0/8", "fd00::/8")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.aggregate, Aggregate(tt.list), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
				t.Errorf("Aggregate(%v): (-want +got)\n%s", tt.list, diff)
			}
		})
	}
}

func FuzzSet(f *testing.F) {
	f.Add([]byte{10, 0, 0, 0, 8, 10, 1, 0, 0, 16}, []byte{10, 0, 0, 128, 25})
	f.Add([]byte{255, 255, 255, 255, 32}, []byte{0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, x, y []byte) {
		a, b := FromPrefixes(decode(x)...), FromPrefixes(decode(y)...)
		both := a.Intersect(b)
		if got := a.Subtract(b).Union(both); !got.Equal(a) {
			t.Errorf("(a-b)+(a&b) = %v, want %v", got, a)
		}
		if got, want := a.Union(b).Len4(), a.Len4()+b.Len4()-both.Len4(); got != want {
			t.Errorf("Union(%v, %v).Len4() = %d, want %d", a, b, got, want)
		}
		if a.OverlapsSet(b) == both.IsEmpty() {
			t.Errorf("%v.OverlapsSet(%v) = %v, want %v", a, b, both.IsEmpty(), !both.IsEmpty())
		}
	})
}

// decode takes five bytes a prefix: address and length.
func decode(b []byte) []netip.Prefix {
	var out []netip.Prefix
	for ; len(b) >= 5; b = b[5:] {
		out = append(out, netip.PrefixFrom(netip.AddrFrom4([4]byte(b[:4])), int(b[4])%33))
	}
	return out
}
