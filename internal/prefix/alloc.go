package prefix

import (
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"
)

// Allocator gives out blocks of a pool of one family. It is a buddy
// allocator: the free space is kept as the fewest prefixes, by length, and a
// block is cut from the smallest that fits, at the lowest address among
// those. What it gives depends only on what was asked before. The cost of a
// call grows with the length of an address, not with the number of blocks.
type Allocator struct {
	pool  Set
	width int
	free  [129][]netip.Prefix // by length; addresses falling, so that the lowest is at the end
}

// NewAllocator returns an allocator for the addresses of pool that are not
// reserved. It panics when pool has both families: a length alone would not
// say which is meant.
func NewAllocator(pool, reserved Set) *Allocator {
	a := &Allocator{pool: pool, width: 32}
	if !pool.V6().IsEmpty() {
		a.width = 128
		if !pool.V4().IsEmpty() {
			panic("prefix: a pool of both families")
		}
	}
	list := pool.Subtract(reserved).Prefixes()
	for _, p := range slices.Backward(list) {
		a.free[p.Bits()] = append(a.free[p.Bits()], p)
	}
	return a
}

// Clone returns a copy that allocates by itself.
func (a *Allocator) Clone() *Allocator {
	c := &Allocator{pool: a.pool, width: a.width}
	for i, l := range a.free {
		c.free[i] = slices.Clone(l)
	}
	return c
}

// Allocate takes the block of length bits that leaves the larger free blocks
// whole: out of the smallest free one that fits, at the lowest address. It
// returns false when none fits.
func (a *Allocator) Allocate(bits int) (netip.Prefix, bool) {
	if bits < 0 || bits > a.width {
		return netip.Prefix{}, false
	}
	for l := bits; l >= 0; l-- {
		if n := len(a.free[l]); n > 0 {
			p := netip.PrefixFrom(a.free[l][n-1].Addr(), bits)
			a.cut(l, n-1, p)
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// AllocateAvoiding is Allocate restricted to blocks that share no address
// with avoid. Unlike a reservation, avoid holds for this call only.
func (a *Allocator) AllocateAvoiding(bits int, avoid Set) (netip.Prefix, bool) {
	if bits < 0 || bits > a.width {
		return netip.Prefix{}, false
	}
	for l := bits; l >= 0; l-- {
		for i := len(a.free[l]) - 1; i >= 0; i-- {
			if p, ok := firstClear(a.free[l][i], bits, avoid); ok {
				a.cut(l, i, p)
				return p, true
			}
		}
	}
	return netip.Prefix{}, false
}

// firstClear returns the lowest block of length bits in p that has no address
// of avoid.
func firstClear(p netip.Prefix, bits int, avoid Set) (netip.Prefix, bool) {
	end := LastAddr(p)
	for q := netip.PrefixFrom(p.Addr(), bits); ; {
		sp, ok := avoid.from(q.Addr())
		if !ok || LastAddr(q).Less(sp.first) {
			return q, true
		}
		// The next candidate is the block after the one in which sp ends.
		last := LastAddr(netip.PrefixFrom(sp.last, bits))
		if !last.Less(end) {
			return netip.Prefix{}, false
		}
		q = netip.PrefixFrom(last.Next(), bits)
	}
}

// Reserve takes exactly p. It fails when a part of p is outside the pool or
// no longer free; nothing is taken then.
func (a *Allocator) Reserve(p netip.Prefix) error {
	p = normal(p)
	if !a.pool.ContainsPrefix(p) {
		return fmt.Errorf("%s is not inside %s", p, a.pool)
	}
	l, i, ok := a.find(p)
	if !ok {
		taken := FromPrefixes(p).Subtract(FromPrefixes(a.FreeList()...))
		return fmt.Errorf("%s is not free: %s is taken or reserved", p, taken)
	}
	a.cut(l, i, p)
	return nil
}

// IsFree reports whether all of p is free.
func (a *Allocator) IsFree(p netip.Prefix) bool {
	p = normal(p)
	if !p.IsValid() || p.Addr().BitLen() != a.width {
		return false
	}
	_, _, ok := a.find(p)
	return ok
}

// Release gives p back. It fails when a part of p is outside the pool or
// free already.
func (a *Allocator) Release(p netip.Prefix) error {
	p = normal(p)
	if !a.pool.ContainsPrefix(p) {
		return fmt.Errorf("%s is not inside %s", p, a.pool)
	}
	if FromPrefixes(a.FreeList()...).Overlaps(p) {
		return fmt.Errorf("%s is free already, in whole or in part", p)
	}
	for p.Bits() > 0 {
		i, ok := a.index(buddy(p))
		if !ok {
			break
		}
		a.free[p.Bits()] = slices.Delete(a.free[p.Bits()], i, i+1)
		p = netip.PrefixFrom(p.Addr(), p.Bits()-1).Masked()
	}
	a.put(p)
	return nil
}

// Largest returns the largest free block, the lowest among equals.
func (a *Allocator) Largest() (netip.Prefix, bool) {
	for _, l := range a.free {
		if n := len(l); n > 0 {
			return l[n-1], true
		}
	}
	return netip.Prefix{}, false
}

// FreeList returns the free space as the fewest prefixes, in order.
func (a *Allocator) FreeList() []netip.Prefix {
	var out []netip.Prefix
	for _, l := range a.free {
		out = append(out, l...)
	}
	slices.SortFunc(out, Compare)
	return out
}

// FreeSet returns the free addresses.
func (a *Allocator) FreeSet() Set { return FromPrefixes(a.FreeList()...) }

// Shortage says what of a request does not fit.
type Shortage struct {
	Unplaced  []int    // lengths of the blocks that do not fit, the shortest first
	Addresses *big.Int // how many addresses those have together
}

// IsZero reports whether everything fits.
func (s Shortage) IsZero() bool { return len(s.Unplaced) == 0 }

// String gives "2 × /16, 1 × /20 (135168 addresses)", or "nothing".
func (s Shortage) String() string {
	if s.IsZero() {
		return "nothing"
	}
	var parts []string
	for i := 0; i < len(s.Unplaced); {
		j := i
		for j < len(s.Unplaced) && s.Unplaced[j] == s.Unplaced[i] {
			j++
		}
		parts = append(parts, fmt.Sprintf("%d × /%d", j-i, s.Unplaced[i]))
		i = j
	}
	return fmt.Sprintf("%s (%s addresses)", strings.Join(parts, ", "), s.Addresses)
}

// Missing says what would not fit if blocks of all these lengths were
// allocated now, the largest first; it takes nothing.
func (a *Allocator) Missing(lengths ...int) Shortage {
	c := a.Clone()
	s := Shortage{Addresses: new(big.Int)}
	lengths = slices.Clone(lengths)
	slices.Sort(lengths)
	for _, l := range lengths {
		if _, ok := c.Allocate(l); ok {
			continue
		}
		s.Unplaced = append(s.Unplaced, l)
		s.Addresses.Add(s.Addresses, new(big.Int).Lsh(big.NewInt(1), uint(max(0, a.width-l))))
	}
	return s
}

// find returns the free block that holds p, as length and index.
func (a *Allocator) find(p netip.Prefix) (length, index int, ok bool) {
	for l := p.Bits(); l >= 0; l-- {
		if len(a.free[l]) == 0 {
			continue
		}
		if i, ok := a.index(netip.PrefixFrom(p.Addr(), l).Masked()); ok {
			return l, i, true
		}
	}
	return 0, 0, false
}

// cut removes the free block at index i of length l and puts back what of it
// is not p.
func (a *Allocator) cut(l, i int, p netip.Prefix) {
	a.free[l] = slices.Delete(a.free[l], i, i+1)
	for b := p.Bits(); b > l; b-- {
		a.put(buddy(netip.PrefixFrom(p.Addr(), b).Masked()))
	}
}

func (a *Allocator) put(p netip.Prefix) {
	list := a.free[p.Bits()]
	i, _ := slices.BinarySearchFunc(list, p, falling)
	a.free[p.Bits()] = slices.Insert(list, i, p)
}

func (a *Allocator) index(p netip.Prefix) (int, bool) {
	return slices.BinarySearchFunc(a.free[p.Bits()], p, falling)
}

func falling(a, b netip.Prefix) int { return b.Addr().Compare(a.Addr()) }
