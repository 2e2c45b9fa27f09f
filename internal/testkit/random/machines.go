package random

import (
	"cmp"
	"net/netip"
	"reflect"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/testkit/oracle"
	"github.com/tieline/tieline/internal/vocab"
)

// host is how far from the start of a prefix its machines stand.
const host = 10

// Machines returns one machine for each part of a workload subnet and each
// prefix of a site of one's own.
func Machines(n *fabric.Network) []oracle.Machine {
	var out []oracle.Machine
	for _, s := range n.Subnets {
		for _, p := range s.Parts {
			if a, ok := prefix.NthAddr(p.Prefix, host); ok && s.Purpose == fabric.Workload {
				out = append(out, oracle.Machine{Subnet: s.ID, Zone: p.Zone, Addr: a})
			}
		}
	}
	for _, s := range n.Sites {
		if s.Cloud.IsPublic() {
			continue
		}
		for _, p := range s.Prefixes {
			if a, ok := prefix.NthAddr(p, host); ok {
				out = append(out, oracle.Machine{Site: s.ID, Addr: a})
			}
		}
	}
	return out
}

// Outside are machines that no network here has: one of the internet, one of
// the range that policy may name.
func Outside() []oracle.Machine {
	return []oracle.Machine{{Addr: netip.MustParseAddr("93.184.216.34")}, {Addr: netip.MustParseAddr("198.51.100.10")}}
}

// sourcePort is that of packets on which no rule has anything to say by it.
const sourcePort = 50_000

// Packets returns one packet on each side of every cut that rules make in the
// destination ports, and an echo request.
func Packets(n *fabric.Network) []oracle.Packet {
	ports := map[uint16]bool{}
	add := func(services []vocab.Service) {
		for _, s := range services {
			if s.Ports.IsAny() {
				continue
			}
			ports[s.Ports.First], ports[s.Ports.Last] = true, true
			if s.Ports.Last < 65535 {
				ports[s.Ports.Last+1] = true
			}
		}
	}
	for _, f := range n.Filters {
		for _, r := range f.Rules {
			add(r.Services)
		}
	}
	for _, r := range n.Policy {
		add(r.Services)
	}
	ports[9999] = true
	out := []oracle.Packet{{Proto: vocab.ICMP, ICMPType: 8}}
	for p := range ports {
		out = append(out, oracle.Packet{Proto: vocab.TCP, SrcPort: sourcePort, DstPort: p}, oracle.Packet{Proto: vocab.UDP, SrcPort: sourcePort, DstPort: p})
	}
	slices.SortFunc(out, func(a, b oracle.Packet) int {
		return cmp.Or(cmp.Compare(a.Proto, b.Proto), cmp.Compare(a.DstPort, b.DstPort))
	})
	return out
}

// Wanted reports whether the policy asks for a packet between two machines, or
// they stand in one subnet whose machines may reach each other.
func Wanted(n *fabric.Network, from, to oracle.Machine, p oracle.Packet) bool {
	if s, ok := n.Subnet(from.Subnet); ok && from.Subnet == to.Subnet {
		if i := slices.IndexFunc(n.Segments, func(x fabric.Segment) bool { return x.ID == s.Segment }); i < 0 || !n.Segments[i].InternalDeny {
			return true
		}
	}
	return slices.ContainsFunc(n.Policy, func(r fabric.PolicyRule) bool {
		return names(r.From, from) && names(r.To, to) && slices.ContainsFunc(r.Services, func(s vocab.Service) bool {
			return s.Proto == vocab.AnyProto || s.Proto == p.Proto && (!p.Proto.HasPorts() || s.Ports.IsAny() || s.Ports.First <= p.DstPort && p.DstPort <= s.Ports.Last)
		})
	})
}

func names(ends []fabric.PolicyEnd, m oracle.Machine) bool {
	return slices.ContainsFunc(ends, func(e fabric.PolicyEnd) bool {
		if len(e.Subnets) > 0 {
			return slices.Contains(e.Subnets, m.Subnet)
		}
		return e.Internet && m.Subnet == "" && m.Site == "" || slices.ContainsFunc(e.Prefixes, func(p netip.Prefix) bool { return p.Contains(m.Addr) })
	})
}

// SiteOf returns the site where a machine stands; empty outside the network.
func SiteOf(n *fabric.Network, m oracle.Machine) fabric.SiteID {
	if s, ok := n.Subnet(m.Subnet); ok {
		return s.Site
	}
	return m.Site
}

// Clone copies a network deeply.
func Clone(n *fabric.Network) *fabric.Network {
	return deep(reflect.ValueOf(n).Elem()).Addr().Interface().(*fabric.Network)
}

func deep(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.Slice:
		if v.IsNil() {
			return out
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(deep(v.Index(i)))
		}
	case reflect.Array:
		for i := range v.Len() {
			out.Index(i).Set(deep(v.Index(i)))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if out.Field(i).CanSet() {
				out.Field(i).Set(deep(v.Field(i)))
			}
		}
	default:
	}
	return out
}
