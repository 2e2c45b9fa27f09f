// Package packet holds exact sets of packet headers: protocol, ports, ICMP
// types. A [Space] cuts the
// headers into classes that all the rules it was made from treat alike, so
// that a set of headers is a small set of bits. It knows of no filter's rules
// and no network.
package packet

import (
	"fmt"
	"net/netip"

	"github.com/tieline/tieline/internal/vocab"
)

// Packet is one packet's header: the one who opens a connection sends it.
type Packet struct {
	Src, Dst         netip.Addr
	Proto            vocab.Proto
	SrcPort, DstPort uint16 // where the protocol has ports
	ICMPType         uint8  // where it is ICMP
	ICMPCode         uint8
}

// String gives "tcp 10.4.0.5:49152 > 10.8.0.5:443", "icmp 10.4.0.5 > 10.8.0.5 type 8".
func (p Packet) String() string {
	switch {
	case p.Proto.HasPorts():
		return fmt.Sprintf("%s %s > %s", p.Proto, netip.AddrPortFrom(p.Src, p.SrcPort), netip.AddrPortFrom(p.Dst, p.DstPort))
	case p.Proto == vocab.ICMP:
		return fmt.Sprintf("%s %s > %s type %d", p.Proto, p.Src, p.Dst, p.ICMPType)
	}
	return fmt.Sprintf("%s %s > %s", p.Proto, p.Src, p.Dst)
}
