package verify

import "math/bits"

// bitset is a set of units by index. All bitsets of a proof have one length.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (b bitset) set(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bitset) has(i int) bool { return b[i/64]>>(i%64)&1 == 1 }

func (b bitset) isEmpty() bool {
	for _, w := range b {
		if w != 0 {
			return false
		}
	}
	return true
}

// each calls f with the members, rising.
func (b bitset) each(f func(i int)) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			f(i*64 + bits.TrailingZeros64(w))
		}
	}
}

func (b bitset) clone() bitset {
	out := make(bitset, len(b))
	copy(out, b)
	return out
}

func (b bitset) clear() {
	for i := range b {
		b[i] = 0
	}
}

// or adds the members of c.
func (b bitset) or(c bitset) {
	for i, w := range c {
		b[i] |= w
	}
}

// and keeps the members of c.
func (b bitset) and(c bitset) {
	for i, w := range c {
		b[i] &= w
	}
}

// andNot drops the members of c.
func (b bitset) andNot(c bitset) {
	for i, w := range c {
		b[i] &^= w
	}
}

// fill adds all of the first n.
func (b bitset) fill(n int) {
	for i := range b {
		b[i] = ^uint64(0)
	}
	if n%64 != 0 {
		b[len(b)-1] = 1<<(n%64) - 1
	}
}

// transpose gives the relation of rows the other way round: row j of the
// result has i where row i has j. It works on blocks of 64 by 64.
func transpose(rows []bitset) []bitset {
	n := len(rows)
	words := (n + 63) / 64
	flat := make([]uint64, n*words)
	out := make([]bitset, n)
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
