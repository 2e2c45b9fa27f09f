package prefix

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// uint128 is an address as a number; those of IPv4 use the low 32 bits.
type uint128 struct{ hi, lo uint64 }

func number(a netip.Addr) uint128 {
	if a.Is4() {
		b := a.As4()
		return uint128{0, uint64(binary.BigEndian.Uint32(b[:]))}
	}
	b := a.As16()
	return uint128{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (u uint128) addr(is4 bool) netip.Addr {
	if is4 {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(u.lo))
		return netip.AddrFrom4(b)
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], u.hi)
	binary.BigEndian.PutUint64(b[8:], u.lo)
	return netip.AddrFrom16(b)
}

// bit is the number with only bit n set, counted from the lowest.
func bit(n int) uint128 {
	if n >= 64 {
		return uint128{1 << (n - 64), 0}
	}
	return uint128{0, 1 << n}
}

// lowBits is the number with the n lowest bits set, n from 0 to 128.
func lowBits(n int) uint128 {
	if n > 64 {
		return uint128{1<<(n-64) - 1, ^uint64(0)}
	}
	return uint128{0, 1<<n - 1}
}

func (u uint128) or(v uint128) uint128  { return uint128{u.hi | v.hi, u.lo | v.lo} }
func (u uint128) xor(v uint128) uint128 { return uint128{u.hi ^ v.hi, u.lo ^ v.lo} }

func (u uint128) less(v uint128) bool { return u.hi < v.hi || u.hi == v.hi && u.lo < v.lo }

func (u uint128) sub(v uint128) uint128 {
	lo, borrow := bits.Sub64(u.lo, v.lo, 0)
	hi, _ := bits.Sub64(u.hi, v.hi, borrow)
	return uint128{hi, lo}
}

// zeros counts the zero bits below the lowest bit set, 128 for zero.
func (u uint128) zeros() int {
	if u.lo != 0 {
		return bits.TrailingZeros64(u.lo)
	}
	return 64 + bits.TrailingZeros64(u.hi)
}
