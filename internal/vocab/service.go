package vocab

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Proto is an IP protocol number (IANA protocol-numbers), or AnyProto.
type Proto uint8

// The protocols that a policy can name. AnyProto is the zero value (number 0,
// HOPOPT, is no protocol of a policy).
const (
	AnyProto Proto = 0
	ICMP     Proto = 1
	TCP      Proto = 6
	UDP      Proto = 17
	GRE      Proto = 47
	ESP      Proto = 50
	ICMPv6   Proto = 58
	SCTP     Proto = 132
)

var protoNames = map[Proto]string{AnyProto: "any", ICMP: "icmp", TCP: "tcp", UDP: "udp", GRE: "gre", ESP: "esp", ICMPv6: "icmpv6", SCTP: "sctp"}

// ParseProto reads a protocol's name.
func ParseProto(s string) (Proto, error) {
	for p, n := range protoNames {
		if n == s {
			return p, nil
		}
	}
	return 0, fmt.Errorf("protocol %q is not one of any, tcp, udp, sctp, icmp, icmpv6, gre, esp", s)
}

// String gives the protocol's name.
func (p Proto) String() string {
	if n, ok := protoNames[p]; ok {
		return n
	}
	return strconv.Itoa(int(p))
}

// HasPorts reports whether packets of p carry port numbers.
func (p Proto) HasPorts() bool { return p == TCP || p == UDP || p == SCTP }

// PortRange is an inclusive range of ports; the zero value is every port.
type PortRange struct{ First, Last uint16 }

// MarshalText gives the form of String.
func (r PortRange) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads "443", "8000-8100" or "*".
func (r *PortRange) UnmarshalText(b []byte) error {
	first, last, ok := strings.Cut(string(b), "-")
	if !ok {
		last = first
	}
	if first == "*" {
		*r = PortRange{}
		return nil
	}
	lo, err := strconv.ParseUint(first, 10, 16)
	if err != nil {
		return fmt.Errorf("ports %q: want 443, 8000-8100 or *", b)
	}
	hi, err := strconv.ParseUint(last, 10, 16)
	if err != nil || hi < lo {
		return fmt.Errorf("ports %q: want 443, 8000-8100 or *", b)
	}
	*r = PortRange{uint16(lo), uint16(hi)}
	return nil
}

// IsAny reports whether r is every port.
func (r PortRange) IsAny() bool { return r == PortRange{} || r == PortRange{0, 65535} }

// String gives "443", "8000-8100" or "*".
func (r PortRange) String() string {
	switch {
	case r.IsAny():
		return "*"
	case r.First == r.Last:
		return strconv.Itoa(int(r.First))
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

// Service is what a policy rule allows: a protocol and, where it has ports, a
// range of destination ports.
type Service struct {
	Proto Proto
	Ports PortRange
}

// ParseService reads "tcp/443", "udp/8000-8100", "tcp", "icmp" or "any".
func ParseService(s string) (Service, error) {
	name, ports, hasPorts := strings.Cut(s, "/")
	proto, err := ParseProto(name)
	if err != nil {
		return Service{}, err
	}
	svc := Service{Proto: proto}
	if !hasPorts {
		return svc, nil
	}
	if !proto.HasPorts() {
		return Service{}, fmt.Errorf("service %q: %s has no ports", s, proto)
	}
	first, last, isRange := strings.Cut(ports, "-")
	lo, err1 := strconv.ParseUint(first, 10, 16)
	hi := lo
	var err2 error
	if isRange {
		hi, err2 = strconv.ParseUint(last, 10, 16)
	}
	if err1 != nil || err2 != nil || lo == 0 || hi < lo {
		return Service{}, fmt.Errorf("service %q: ports are one number from 1 to 65535 or a rising range of them, as in tcp/443 or tcp/8000-8100", s)
	}
	svc.Ports = PortRange{uint16(lo), uint16(hi)}
	return svc, nil
}

// String gives the form that [ParseService] reads.
func (s Service) String() string {
	if s.Ports.IsAny() {
		return s.Proto.String()
	}
	return s.Proto.String() + "/" + s.Ports.String()
}

// Compare orders services by protocol, then ports.
func (s Service) Compare(t Service) int {
	return cmp.Or(cmp.Compare(s.Proto, t.Proto), cmp.Compare(s.Ports.First, t.Ports.First), cmp.Compare(s.Ports.Last, t.Ports.Last))
}

// MarshalText is [Service.String].
func (s Service) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is [ParseService].
func (s *Service) UnmarshalText(b []byte) (err error) { *s, err = ParseService(string(b)); return err }
