package firewall

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

// Packet is what filters see of an IPv4 packet.
type Packet struct {
	Direction   nodeconf.Direction
	Proto       vocab.Proto
	Source      netip.Addr
	Destination netip.Addr
	SourcePort  uint16 // TCP, UDP and SCTP
	Port        uint16 // of the destination
	ICMPType    uint8
	ICMPCode    uint8
}

// Evaluate is what a filter does with a packet by itself: of a stateless
// filter with any packet, of a stateful one with the first of a connection. It
// is how a filter reads, with nothing of how the kernel is told it.
func Evaluate(f *nodeconf.Filter, p Packet) nodeconf.Verdict {
	for i := range f.Rules {
		if matchesPacket(f, &f.Rules[i], p) {
			return f.Rules[i].Verdict
		}
	}
	if p.Direction == nodeconf.Egress {
		return f.Egress
	}
	return f.Ingress
}

func matchesPacket(f *nodeconf.Filter, r *nodeconf.FilterRule, p Packet) bool {
	if r.Direction != p.Direction {
		return false
	}
	far, near := p.Source, p.Destination
	if p.Direction == nodeconf.Egress {
		far, near = near, far
	}
	if len(r.Peers) > 0 && !holds(r.Peers, far) || len(r.Local) > 0 && !holds(r.Local, near) {
		return false
	}
	if r.PeerSet != "" {
		in := slices.ContainsFunc(f.Sets, func(s nodeconf.PrefixSet) bool { return s.Name == r.PeerSet && holds(s.Prefixes, far) })
		if in == r.NotPeerSet {
			return false
		}
	}
	if r.PathMTU && (p.Proto != vocab.ICMP || p.ICMPType != icmpUnreachable || p.ICMPCode != icmpFragmentation) {
		return false
	}
	if len(r.SourcePorts) > 0 && !slices.ContainsFunc(r.SourcePorts, func(x vocab.PortRange) bool { return inRange(x, p.Proto, p.SourcePort) }) {
		return false
	}
	return len(r.Services) == 0 || slices.ContainsFunc(r.Services, func(s vocab.Service) bool {
		return (s.Proto == vocab.AnyProto || s.Proto == p.Proto) && inRange(s.Ports, p.Proto, p.Port)
	})
}

// inRange reports whether a port is in a range; what has no ports is in that
// of every port only.
func inRange(r vocab.PortRange, proto vocab.Proto, port uint16) bool {
	return r.IsAny() || proto.HasPorts() && r.First <= port && port <= r.Last
}

func holds(list []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}
