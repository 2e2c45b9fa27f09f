package bgp

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/nodeconf"
)

// adjacency is what one session was told (Adj-RIB-In, RFC 4271 section 3.2) and
// what of it is taken after refusals, loops and the limit.
type adjacency struct {
	received map[netip.Prefix]Learned
	taken    map[netip.Prefix]Learned
}

func newAdjacency() *adjacency {
	return &adjacency{received: map[netip.Prefix]Learned{}, taken: map[netip.Prefix]Learned{}}
}

// settle makes taken what conf lets through of received and returns the
// differences, by prefix. Which prefixes a limit leaves out does not depend on
// their order of arrival: the longest, and of one length the highest.
func (a *adjacency) settle(conf *nodeconf.Session) (add []Learned, withdraw []netip.Prefix) {
	want := make([]Learned, 0, len(a.received))
	for _, l := range a.received {
		// RFC 4271 section 9.1.2: a path with our own AS number is a loop.
		if slices.Contains(l.Path, conf.ASN) || refused(conf.Refuse, l.Prefix) {
			continue
		}
		want = append(want, l)
	}
	slices.SortFunc(want, func(x, y Learned) int {
		return cmp.Or(cmp.Compare(x.Prefix.Bits(), y.Prefix.Bits()), x.Prefix.Addr().Compare(y.Prefix.Addr()))
	})
	if conf.Most > 0 && conf.Beyond == nodeconf.Ignore && len(want) > conf.Most {
		want = want[:conf.Most]
	}
	taken := make(map[netip.Prefix]Learned, len(want))
	for _, l := range want {
		taken[l.Prefix] = l
		if old, ok := a.taken[l.Prefix]; !ok || !same(old, l) {
			add = append(add, l)
		}
	}
	for p := range a.taken {
		if _, ok := taken[p]; !ok {
			withdraw = append(withdraw, p)
		}
	}
	a.taken = taken
	slices.SortFunc(add, func(x, y Learned) int { return comparePrefix(x.Prefix, y.Prefix) })
	slices.SortFunc(withdraw, comparePrefix)
	return add, withdraw
}

// refused reports whether a prefix is one of the refused, or inside one.
func refused(list []netip.Prefix, p netip.Prefix) bool {
	return slices.ContainsFunc(list, func(r netip.Prefix) bool {
		return r.Bits() <= p.Bits() && r.Contains(p.Addr())
	})
}

func same(a, b Learned) bool {
	return a.Prefix == b.Prefix && a.MED == b.MED && a.LocalPref == b.LocalPref &&
		slices.Equal(a.Path, b.Path) && slices.Equal(a.Communities, b.Communities)
}

func comparePrefix(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}
