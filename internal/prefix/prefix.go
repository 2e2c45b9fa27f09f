// Package prefix computes with IP prefixes of both families: sets of
// addresses, allocation of blocks out of pools, and tables with longest
// match. Everything is over netip; addresses of IPv4 mapped into IPv6 are
// taken as IPv4 and zones are dropped. It knows no cloud's rules: which
// ranges are reserved or refused is for the caller to say.
package prefix

import (
	"cmp"
	"fmt"
	"math/bits"
	"net/netip"
)

// ParsePrefixStrict reads a prefix such as 10.1.0.0/16 and refuses one whose
// host bits are not zero, naming the network that was probably meant.
func ParsePrefixStrict(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		if a, aerr := netip.ParseAddr(s); aerr == nil {
			return netip.Prefix{}, fmt.Errorf("%q is an address, not a prefix: its prefix is %s/%d", s, a.WithZone(""), a.BitLen())
		}
		return netip.Prefix{}, fmt.Errorf("%q is not a prefix of the form 10.1.0.0/16 or fd00:1::/48", s)
	}
	if p.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%q is an IPv4 prefix written as IPv6: write %s", s, normal(p))
	}
	if m := p.Masked(); m != p {
		return netip.Prefix{}, fmt.Errorf("%q has host bits set: the network of %s is %s", s, p.Addr(), m)
	}
	return p, nil
}

// Compare orders prefixes by family (IPv4 first), address, then length, so
// that a prefix comes before those inside it.
func Compare(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// Covers reports whether every address of inner is in outer.
func Covers(outer, inner netip.Prefix) bool {
	outer, inner = normal(outer), normal(inner)
	return outer.IsValid() && inner.IsValid() && outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// LastAddr returns the highest address of p: in IPv4, its broadcast address.
func LastAddr(p netip.Prefix) netip.Addr {
	p = normal(p)
	if !p.IsValid() {
		return netip.Addr{}
	}
	return number(p.Addr()).or(lowBits(p.Addr().BitLen() - p.Bits())).addr(p.Addr().Is4())
}

// NthAddr returns the address i above the network address of p, and false
// when p has none such.
func NthAddr(p netip.Prefix, i uint64) (netip.Addr, bool) {
	p = normal(p)
	if !p.IsValid() {
		return netip.Addr{}, false
	}
	host := lowBits(p.Addr().BitLen() - p.Bits())
	if host.less(uint128{0, i}) {
		return netip.Addr{}, false
	}
	return number(p.Addr()).or(uint128{0, i}).addr(p.Addr().Is4()), true
}

// Split returns the first n of the equal subnets into which p must be cut to
// give n: four of /18 for a /16 cut into 3 or 4, of which it returns n. It
// returns nil when n is below 1, above 65536, or more than p can give.
func Split(p netip.Prefix, n int) []netip.Prefix {
	p = normal(p)
	if !p.IsValid() || n < 1 || n > 1<<16 {
		return nil
	}
	length := p.Bits() + bits.Len(uint(n-1))
	if length > p.Addr().BitLen() {
		return nil
	}
	out := make([]netip.Prefix, n)
	sub := netip.PrefixFrom(p.Addr(), length)
	for i := range out {
		out[i] = sub
		if i < n-1 {
			sub = netip.PrefixFrom(LastAddr(sub).Next(), length)
		}
	}
	return out
}

// Aggregate returns the fewest prefixes that hold exactly the addresses of
// list, in order.
func Aggregate(list []netip.Prefix) []netip.Prefix { return FromPrefixes(list...).Prefixes() }

// normal returns p masked, without zone and unmapped; the zero prefix stays.
func normal(p netip.Prefix) netip.Prefix {
	if a := p.Addr(); a.Is4In6() {
		if p.Bits() < 96 {
			return p.Masked() // holds more than mapped addresses
		}
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

// buddy returns the other half of the prefix one bit shorter than p, which
// must be masked and have at least one bit.
func buddy(p netip.Prefix) netip.Prefix {
	a := p.Addr()
	return netip.PrefixFrom(number(a).xor(bit(a.BitLen()-p.Bits())).addr(a.Is4()), p.Bits())
}
