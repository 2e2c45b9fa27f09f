package firewall

import (
	"slices"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

// Offsets in the IPv4 header (RFC 791 section 3.1) and in those of TCP, UDP
// and SCTP, whose ports are in the same place; of ICMP (RFC 792).
const (
	offsetSource      = 12
	offsetDestination = 16
	offsetSourcePort  = 0
	offsetPort        = 2
	offsetICMP        = 0 // type, then code
)

// ICMP destination unreachable, fragmentation needed (RFC 792).
const (
	icmpUnreachable   = 3
	icmpFragmentation = 4
)

const (
	familyIPv4 = unix.NFPROTO_IPV4
	familyIPv6 = unix.NFPROTO_IPV6
)

// matches are the kernel's rules that together match what r does: one for each
// service and range of source ports. None where nothing can match.
func (b *builder) matches(f *nodeconf.Filter, r *nodeconf.FilterRule) [][]expr.Any {
	peer, local := uint32(offsetSource), uint32(offsetDestination)
	if r.Direction == nodeconf.Egress {
		peer, local = local, peer
	}
	far, ok := b.addresses(peer, r.Peers)
	if !ok {
		return nil
	}
	near, ok := b.addresses(local, r.Local)
	if !ok {
		return nil
	}
	where := slices.Concat(far, near)
	if r.PeerSet != "" {
		where = slices.Concat(where, load(expr.PayloadBaseNetworkHeader, peer, 4),
			[]expr.Any{&expr.Lookup{SourceRegister: 1, SetName: setName(f.ID, r.PeerSet), Invert: r.NotPeerSet}})
	}
	if len(where) > 0 {
		where = slices.Concat(family(familyIPv4), where)
	}
	var all [][]expr.Any
	for _, s := range services(r) {
		for _, p := range sourcePorts(r) {
			if what, ok := transport(s, p, r.PathMTU); ok {
				all = append(all, slices.Concat(where, what))
			}
		}
	}
	return all
}

// services are those of a rule, with every protocol for none, and each that
// has ports where ports are asked of any.
func services(r *nodeconf.FilterRule) []vocab.Service {
	list := r.Services
	if len(list) == 0 {
		list = []vocab.Service{{}}
	}
	narrow := slices.ContainsFunc(sourcePorts(r), func(p vocab.PortRange) bool { return !p.IsAny() })
	var all []vocab.Service
	for _, s := range list {
		if s.Proto == vocab.AnyProto && (narrow || !s.Ports.IsAny()) {
			for _, p := range []vocab.Proto{vocab.TCP, vocab.UDP, vocab.SCTP} {
				all = append(all, vocab.Service{Proto: p, Ports: s.Ports})
			}
			continue
		}
		all = append(all, s)
	}
	return all
}

// sourcePorts are those of a rule; every port for none, or where one of the
// ranges is every port.
func sourcePorts(r *nodeconf.FilterRule) []vocab.PortRange {
	if len(r.SourcePorts) == 0 || slices.ContainsFunc(r.SourcePorts, vocab.PortRange.IsAny) {
		return []vocab.PortRange{{}}
	}
	return r.SourcePorts
}

// transport matches a service from source ports. It reports false where no
// packet is both.
func transport(s vocab.Service, from vocab.PortRange, pathMTU bool) ([]expr.Any, bool) {
	if pathMTU {
		if s.Proto != vocab.AnyProto && s.Proto != vocab.ICMP || !s.Ports.IsAny() || !from.IsAny() {
			return nil, false
		}
		return slices.Concat(protocol(vocab.ICMP), load(expr.PayloadBaseTransportHeader, offsetICMP, 2), equal([]byte{icmpUnreachable, icmpFragmentation})), true
	}
	if s.Proto == vocab.AnyProto {
		return nil, true
	}
	if !s.Proto.HasPorts() && !(s.Ports.IsAny() && from.IsAny()) {
		return nil, false
	}
	what := protocol(s.Proto)
	if !from.IsAny() {
		what = slices.Concat(what, load(expr.PayloadBaseTransportHeader, offsetSourcePort, 2), between(port(from.First), port(from.Last)))
	}
	if !s.Ports.IsAny() {
		what = slices.Concat(what, load(expr.PayloadBaseTransportHeader, offsetPort, 2), between(port(s.Ports.First), port(s.Ports.Last)))
	}
	return what, true
}
