// Package bits holds sets of machines by index, one bit each, as the proof and
// the filters under it count them: whole rows of pairs are judged a word at a
// time.
package bits

import "math/bits"

// Set is a set of units (machines that everything treats alike) by index. All
// sets of a proof have one length.
type Set []uint64

// New returns an empty set of numbers below n.
func New(n int) Set { return make(Set, (n+63)/64) }

// Add adds a number.
func (b Set) Add(i int) { b[i/64] |= 1 << (i % 64) }

// Has reports whether a number is in the set.
func (b Set) Has(i int) bool { return b[i/64]>>(i%64)&1 == 1 }

// IsEmpty reports whether it holds nothing.
func (b Set) IsEmpty() bool {
	for _, w := range b {
		if w != 0 {
			return false
		}
	}
	return true
}

// Each calls f with the members, rising.
func (b Set) Each(f func(i int)) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			f(i*64 + bits.TrailingZeros64(w))
		}
	}
}

// Clone returns a copy.
func (b Set) Clone() Set {
	out := make(Set, len(b))
	copy(out, b)
	return out
}

// Clear drops all.
func (b Set) Clear() {
	for i := range b {
		b[i] = 0
	}
}

// Or adds the members of c.
func (b Set) Or(c Set) {
	for i, w := range c {
		b[i] |= w
	}
}

// And keeps the members of c.
func (b Set) And(c Set) {
	for i, w := range c {
		b[i] &= w
	}
}

// AndNot drops the members of c.
func (b Set) AndNot(c Set) {
	for i, w := range c {
		b[i] &^= w
	}
}

// Fill adds all of the first n.
func (b Set) Fill(n int) {
	for i := range b {
		b[i] = ^uint64(0)
	}
	if n%64 != 0 {
		b[len(b)-1] = 1<<(n%64) - 1
	}
}

// Transpose gives the relation of rows the other way round: row j of the
// result has i where row i has j. It works on blocks of 64 by 64.
func Transpose(rows []Set) []Set {
	n := len(rows)
	words := (n + 63) / 64
	flat := make([]uint64, n*words)
	out := make([]Set, n)
	for i := range out {
		out[i] = flat[i*words : (i+1)*words : (i+1)*words]
	}
	var block [64]uint64
	for bi := range words {
		for bj := range words {
			any := uint64(0)
			for k := range 64 {
				block[k] = 0
				if i := bi*64 + k; i < n {
					block[k] = rows[i][bj]
					any |= block[k]
				}
			}
			if any == 0 {
				continue
			}
			transpose64(&block)
			for k := range 64 {
				if j := bj*64 + k; j < n {
					out[j][bi] = block[k]
				}
			}
		}
	}
	return out
}

// transpose64 swaps rows and columns of a block: halves, then quarters, down
// to single bits (Hacker's Delight, section 7-3).
func transpose64(a *[64]uint64) {
	mask := uint64(0x00000000FFFFFFFF)
	for j := 32; j != 0; j, mask = j>>1, mask^(mask<<(j>>1)) {
		for k := 0; k < 64; k = (k + j + 1) &^ j {
			t := (a[k]>>j ^ a[k+j]) & mask
			a[k] ^= t << j
			a[k+j] ^= t
		}
	}
}
