package capture

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/gopacket/gopacket/layers"

	"github.com/tieline/tieline/internal/vocab"
)

// Match narrows a capture. What is zero is not asked; what is stated must all
// hold.
type Match struct {
	Host  netip.Prefix // of either end
	Proto vocab.Proto
	Port  uint16 // of either end; TCP, UDP and SCTP, and no later fragment
}

func all(matches []Match, ip []byte) bool {
	return !slices.ContainsFunc(matches, func(m Match) bool { return !m.matches(ip) })
}

// network is the IP packet in what a device hands over; none when it is
// another protocol.
func network(link layers.LinkType, data []byte) []byte {
	if link == layers.LinkTypeRaw {
		return data
	}
	const head, typeAt = 14, 12 // of Ethernet, IEEE 802.3 clause 3
	if len(data) < head {
		return nil
	}
	switch layers.EthernetType(binary.BigEndian.Uint16(data[typeAt:])) {
	case layers.EthernetTypeIPv4, layers.EthernetTypeIPv6:
		return data[head:]
	}
	return nil
}

// matches reads as much of the IP header as it needs (RFC 791 section 3.1,
// RFC 8200 section 3; extension headers are not followed).
func (m Match) matches(ip []byte) bool {
	if m == (Match{}) {
		return true
	}
	if len(ip) == 0 {
		return false
	}
	var proto vocab.Proto
	var source, destination netip.Addr
	var rest []byte
	switch ip[0] >> 4 {
	case 4:
		const least = 20
		size := int(ip[0]&0xf) * 4
		if len(ip) < least || size < least || size > len(ip) {
			return false
		}
		proto, source, destination = vocab.Proto(ip[9]), netip.AddrFrom4([4]byte(ip[12:])), netip.AddrFrom4([4]byte(ip[16:]))
		if fragment := binary.BigEndian.Uint16(ip[6:]) & 0x1fff; fragment == 0 {
			rest = ip[size:]
		}
	case 6:
		const size = 40
		if len(ip) < size {
			return false
		}
		proto, source, destination, rest = vocab.Proto(ip[6]), netip.AddrFrom16([16]byte(ip[8:])), netip.AddrFrom16([16]byte(ip[24:])), ip[size:]
	default:
		return false
	}
	if m.Host.IsValid() && !m.Host.Contains(source) && !m.Host.Contains(destination) || m.Proto != vocab.AnyProto && m.Proto != proto {
		return false
	}
	return m.Port == 0 || proto.HasPorts() && len(rest) >= 4 &&
		(binary.BigEndian.Uint16(rest) == m.Port || binary.BigEndian.Uint16(rest[2:]) == m.Port)
}
