package oracle

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// Packet is one packet of the one who opens a connection.
type Packet struct {
	Proto              vocab.Proto
	SrcPort, DstPort   uint16
	ICMPType, ICMPCode uint8
}

// reply is the header of the answer: ports swapped, an echo answered.
func (p Packet) reply() Packet {
	p.SrcPort, p.DstPort = p.DstPort, p.SrcPort
	if p.Proto == vocab.ICMP && p.ICMPType == 8 {
		p.ICMPType = 0
	}
	return p
}

// hits reports whether a rule is about the packet, ports and types only.
func hits(r fabric.FilterRule, kind fabric.FilterKind, p Packet) bool {
	if len(r.SourcePorts) > 0 && !(p.Proto.HasPorts() && slices.ContainsFunc(r.SourcePorts, func(x vocab.PortRange) bool { return inRange(x, p.SrcPort) })) {
		return false
	}
	if r.PathMTU && (kind == fabric.SecurityGroup || kind == fabric.NetworkACL) && (p.ICMPType != 3 || p.ICMPCode != 4) {
		return false
	}
	return slices.ContainsFunc(r.Services, func(s vocab.Service) bool {
		return s.Proto == vocab.AnyProto || s.Proto == p.Proto && (!s.Proto.HasPorts() || inRange(s.Ports, p.DstPort))
	})
}

func inRange(r vocab.PortRange, port uint16) bool {
	return r.IsAny() || r.First <= port && port <= r.Last
}

// side is one end of a packet as a filter sees it.
type side struct {
	m      Machine
	subnet fabric.Subnet
	part   fabric.SubnetPart
	vpc    fabric.VPC
}

func (o *Oracle) side(m Machine) side {
	x := side{m: m}
	x.subnet, _ = o.net.Subnet(m.Subnet)
	x.vpc, _ = o.net.VPC(x.subnet.VPC)
	for _, p := range x.subnet.Parts {
		if p.Prefix.Contains(m.Addr) {
			x.part = p
		}
	}
	return x
}

// stateful judges the filters at one end that remember connections: the
// packet that opens one, seen by the near machine in a direction.
func (o *Oracle) stateful(near, far Machine, dir fabric.Direction, p Packet) bool {
	s := o.side(near)
	if s.subnet.ID == "" {
		return true // nothing filters at a site of one's own, or out there
	}
	switch s.vpc.Cloud {
	case vocab.AWS:
		f, ok := o.net.Filter(s.subnet.Filter)
		return !ok || slices.ContainsFunc(f.Rules, func(r fabric.FilterRule) bool {
			return r.Direction == dir && hits(r, f.Kind, p) && o.matches(f, r, s, far)
		})
	case vocab.GCP:
		return o.firewall(s, far, dir, p)
	case vocab.Azure:
		f, ok := o.net.Filter(s.subnet.Filter)
		return !ok || o.nsg(f, s, far, dir, p)
	default:
		return true
	}
}

// firewall is a GCP VPC's: the lowest priority first, deny over allow where
// equal, what no rule hits goes out and does not come in.
func (o *Oracle) firewall(s side, far Machine, dir fabric.Direction, p Packet) bool {
	var rules []fabric.FilterRule
	var owner fabric.Filter
	for _, f := range o.net.Filters {
		if f.Kind == fabric.FirewallPolicy && f.VPC == s.vpc.ID {
			rules, owner = append(rules, f.Rules...), f
		}
	}
	if owner.ID == "" && s.vpc.Existing != "" {
		return true // a joined network's own rules are not known
	}
	slices.SortStableFunc(rules, func(a, b fabric.FilterRule) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(b.Action, a.Action))
	})
	for _, r := range rules {
		if r.Direction != dir || !hits(r, owner.Kind, p) || !o.matches(owner, r, s, far) {
			continue
		}
		if len(r.Local) > 0 && !holds(r.Local, s.m.Addr) {
			continue
		}
		return r.Action == fabric.Allow
	}
	return dir == fabric.Egress
}

// nsg: the lowest number first, then what every NSG has by itself.
func (o *Oracle) nsg(f fabric.Filter, s side, far Machine, dir fabric.Direction, p Packet) bool {
	rules := slices.Clone(f.Rules)
	slices.SortStableFunc(rules, func(a, b fabric.FilterRule) int { return cmp.Compare(a.Priority, b.Priority) })
	for _, r := range rules {
		if r.Direction == dir && hits(r, f.Kind, p) && o.matches(f, r, s, far) {
			return r.Action == fabric.Allow
		}
	}
	inside := o.inVirtualNetwork(s, far.Addr)
	return inside || dir == fabric.Egress
}

// nacl judges a network ACL, which remembers nothing: the lowest number first,
// what no rule hits is dropped. A subnet without one has the VPC's default,
// which lets everything by.
func (o *Oracle) nacl(near, far Machine, dir fabric.Direction, p Packet) bool {
	s, t := o.side(near), o.side(far)
	f, ok := o.net.Filter(s.subnet.NACL)
	if !ok || s.subnet.ID == t.subnet.ID && s.part == t.part {
		return true
	}
	rules := slices.Clone(f.Rules)
	slices.SortStableFunc(rules, func(a, b fabric.FilterRule) int { return cmp.Compare(a.Priority, b.Priority) })
	for _, r := range rules {
		if r.Direction == dir && hits(r, f.Kind, p) && o.matches(f, r, s, far) {
			return r.Action == fabric.Allow
		}
	}
	return false
}

// matches reports whether the far side is one that a rule names.
func (o *Oracle) matches(f fabric.Filter, r fabric.FilterRule, near side, far Machine) bool {
	switch {
	case r.All:
		return true
	case r.PeerFilter != "":
		return far.Subnet != "" && o.side(far).subnet.Filter == r.PeerFilter
	case r.PeerEndpoint != "":
		return false // a service of the cloud, no machine of the network
	case r.PeerTag != "":
		switch r.PeerTag {
		case "VirtualNetwork":
			return o.inVirtualNetwork(near, far.Addr)
		case "Internet":
			return !o.inVirtualNetwork(near, far.Addr)
		}
		return false // the host's and services' own addresses
	}
	return holds(r.Peers, far.Addr)
}

func holds(list []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}

// inVirtualNetwork reports whether an address is in Azure's VirtualNetwork tag
// as a subnet sees it: its VNet, the peered ones, all that its gateway has
// learned, and the prefixes of its user-defined routes.
func (o *Oracle) inVirtualNetwork(s side, a netip.Addr) bool {
	for _, v := range append(o.peered(fabric.VNetPeering, s.vpc.ID), peer{VPC: s.vpc}) {
		if holds(v.Prefixes, a) {
			return true
		}
	}
	t, _ := o.net.RouteTable(s.subnet.RouteTable)
	if s.part.RouteTable != "" {
		t, _ = o.net.RouteTable(s.part.RouteTable)
	}
	for _, r := range t.Routes {
		if r.Prefix.Contains(a) {
			return true
		}
	}
	for _, id := range o.gatewaysOf(s.vpc.ID) {
		if !t.NoPropagation && holds(o.offered(id, s.vpc), a) {
			return true
		}
	}
	return a == netip.AddrFrom4([4]byte{168, 63, 129, 16})
}
