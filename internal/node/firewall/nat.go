package firewall

import (
	"cmp"
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

// translate makes the chains of NAT: sources on the way out of a device, the
// longest prefix first, and the destinations of those that work both ways on
// the way in.
func (b *builder) translate(rules *Rules) []chain {
	if len(rules.NATs) == 0 {
		return nil
	}
	before := chain{name: "nat_prerouting", hook: nftables.ChainHookPrerouting, priority: *nftables.ChainPriorityNATDest, kind: nftables.ChainTypeNAT}
	after := chain{name: "nat_postrouting", hook: nftables.ChainHookPostrouting, priority: *nftables.ChainPriorityNATSource, kind: nftables.ChainTypeNAT}
	nats := slices.SortedStableFunc(slices.Values(rules.NATs), func(x, y nodeconf.NAT) int { return cmp.Compare(y.Source.Bits(), x.Source.Bits()) })
	for i := range nats {
		n := &nats[i]
		from, _ := b.addresses(offsetSource, []netip.Prefix{n.Source})
		to := []expr.Any{&expr.Masq{}}
		if n.To.IsValid() {
			to = nat(expr.NATTypeSourceNAT, n.To)
		}
		after.add(n.ID, device(expr.MetaKeyOIFNAME, n.Device), family(familyIPv4), from, to)
		if n.Both {
			at, _ := b.addresses(offsetDestination, []netip.Prefix{netip.PrefixFrom(n.To, n.To.BitLen())})
			before.add(n.ID, device(expr.MetaKeyIIFNAME, n.Device), family(familyIPv4), at, nat(expr.NATTypeDestNAT, n.Source.Addr()))
		}
	}
	return append(b.untracked(rules), before, after)
}

func nat(kind expr.NATType, to netip.Addr) []expr.Any {
	return []expr.Any{
		&expr.Immediate{Register: 1, Data: to.AsSlice()},
		&expr.NAT{Type: kind, Family: familyIPv4, RegAddrMin: 1, RegAddrMax: 1},
	}
}

// untracked keeps what NAT is not for out of connection tracking. A stateful
// filter needs tracking for everything.
func (b *builder) untracked(rules *Rules) []chain {
	if slices.ContainsFunc(rules.Filters, func(f nodeconf.Filter) bool { return f.Kind == nodeconf.Stateful }) {
		return nil
	}
	in := chain{name: "notrack_prerouting", hook: nftables.ChainHookPrerouting, priority: *nftables.ChainPriorityRaw, kind: nftables.ChainTypeFilter}
	out := chain{name: "notrack_output", hook: nftables.ChainHookOutput, priority: *nftables.ChainPriorityRaw, kind: nftables.ChainTypeFilter}
	notrack := []expr.Any{&expr.Notrack{}}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(rules.Untracked))) {
		in.add("", device(expr.MetaKeyIIFNAME, name), notrack)
		out.add("", device(expr.MetaKeyOIFNAME, name), notrack)
	}
	from, some := b.addresses(offsetSource, rules.Inside)
	to, _ := b.addresses(offsetDestination, rules.Inside)
	if len(rules.Inside) > 0 && some {
		in.add("", family(familyIPv4), from, to, notrack)
		out.add("", family(familyIPv4), from, to, notrack)
	}
	var chains []chain
	for _, c := range []chain{in, out} {
		if len(c.rules) > 0 {
			chains = append(chains, c)
		}
	}
	return chains
}

// The TCP option that says the largest segment (RFC 9293 section 3.7.1), and
// the place of the flags in the header.
const (
	optionMSS           = 2
	offsetMSS           = 2
	offsetTCPFlags      = 13
	tcpSYN         byte = 0x02
	tcpRST         byte = 0x04
)

// clamp makes the chains that lower the largest segment in the SYNs that leave
// and enter by a device.
func clamp(mss map[string]int) []chain {
	if len(mss) == 0 {
		return nil
	}
	in := chain{name: "mss_prerouting", hook: nftables.ChainHookPrerouting, priority: *nftables.ChainPriorityMangle, kind: nftables.ChainTypeFilter}
	out := chain{name: "mss_postrouting", hook: nftables.ChainHookPostrouting, priority: *nftables.ChainPriorityMangle, kind: nftables.ChainTypeFilter}
	for _, name := range slices.Sorted(maps.Keys(mss)) {
		most := segment(mss[name])
		in.add("", device(expr.MetaKeyIIFNAME, name), most)
		out.add("", device(expr.MetaKeyOIFNAME, name), most)
	}
	return []chain{in, out}
}

// segment makes the largest segment of a SYN most bytes where it is more.
func segment(most int) []expr.Any {
	data := binary.BigEndian.AppendUint16(nil, uint16(most))
	return slices.Concat(
		protocol(vocab.TCP),
		load(expr.PayloadBaseTransportHeader, offsetTCPFlags, 1),
		[]expr.Any{&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 1, Mask: []byte{tcpSYN | tcpRST}, Xor: []byte{0}}},
		equal([]byte{tcpSYN}),
		[]expr.Any{
			&expr.Exthdr{DestRegister: 1, Type: optionMSS, Offset: offsetMSS, Len: 2, Op: expr.ExthdrOpTcpopt},
			&expr.Cmp{Op: expr.CmpOpGt, Register: 1, Data: data},
			&expr.Immediate{Register: 1, Data: data},
			&expr.Exthdr{SourceRegister: 1, Type: optionMSS, Offset: offsetMSS, Len: 2, Op: expr.ExthdrOpTcpopt},
		})
}
