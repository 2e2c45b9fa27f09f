package traffic

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"github.com/tieline/tieline/internal/vocab"
)

// mark is what a packet carries: of which run and flow it is, which one, and
// whether it is an answer.
type mark struct {
	nonce  uint32
	flow   uint16
	seq    uint32
	answer bool
}

// magic begins a mark.
const magic = "tieline\x01"

const markLength = len(magic) + 4 + 2 + 4 + 1

func (m mark) append(b []byte) []byte {
	b = append(b, magic...)
	b = binary.BigEndian.AppendUint32(b, m.nonce)
	b = binary.BigEndian.AppendUint16(b, m.flow)
	b = binary.BigEndian.AppendUint32(b, m.seq)
	if m.answer {
		return append(b, 1)
	}
	return append(b, 0)
}

func readMark(b []byte) (mark, bool) {
	if len(b) < markLength || string(b[:len(magic)]) != magic {
		return mark{}, false
	}
	b = b[len(magic):]
	return mark{binary.BigEndian.Uint32(b), binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint32(b[6:]), b[10] == 1}, true
}

// segment writes a client's packet, without the IP header.
func segment(s vocab.Service, from, to netip.Addr, client uint16, m mark) []byte {
	switch s.Proto {
	case vocab.UDP:
		return udp(from, to, client, s.Ports.First, m)
	case vocab.TCP:
		return tcp(from, to, client, s.Ports.First, m)
	case vocab.ICMP, vocab.AnyProto, vocab.GRE, vocab.ESP, vocab.ICMPv6, vocab.SCTP:
	}
	return echo(m)
}

// answer writes a TCP server's.
func answer(s vocab.Service, from, to netip.Addr, client uint16, m mark) []byte {
	return tcp(from, to, s.Ports.First, client, m)
}

// tcp is a segment in the middle of a connection (PSH and ACK), RFC 9293
// section 3.1.
func tcp(from, to netip.Addr, src, dst uint16, m mark) []byte {
	b := make([]byte, 20, 20+markLength)
	binary.BigEndian.PutUint16(b[sourcePort:], src)
	binary.BigEndian.PutUint16(b[destinationPort:], dst)
	binary.BigEndian.PutUint32(b[4:], 1+m.seq*uint32(markLength)) // sequence
	binary.BigEndian.PutUint32(b[8:], 1)                          // acknowledgement
	b[12] = 5 << 4                                                // header of 5 words
	b[flagsByte] = 0x18
	binary.BigEndian.PutUint16(b[14:], 65535)
	b = m.append(b)
	binary.BigEndian.PutUint16(b[16:], checksum(pseudo(from, to, vocab.TCP, len(b)), b))
	return b
}

// udp is a datagram, RFC 768.
func udp(from, to netip.Addr, src, dst uint16, m mark) []byte {
	b := make([]byte, 8, 8+markLength)
	binary.BigEndian.PutUint16(b, src)
	binary.BigEndian.PutUint16(b[2:], dst)
	b = m.append(b)
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)))
	sum := checksum(pseudo(from, to, vocab.UDP, len(b)), b)
	if sum == 0 {
		sum = 0xffff // 0 says that there is none
	}
	binary.BigEndian.PutUint16(b[6:], sum)
	return b
}

// Types of ICMP messages, RFC 792.
const (
	echoReply   = 0
	echoRequest = 8
)

func echo(m mark) []byte {
	b := make([]byte, 8, 8+markLength)
	b[0] = echoRequest
	binary.BigEndian.PutUint16(b[4:], clientPort(int(m.flow)))
	binary.BigEndian.PutUint16(b[6:], uint16(m.seq))
	b = m.append(b)
	binary.BigEndian.PutUint16(b[2:], checksum(0, b))
	return b
}

// pseudo begins the checksum of TCP and UDP with their pseudo header.
func pseudo(from, to netip.Addr, p vocab.Proto, length int) uint32 {
	x, y := from.As4(), to.As4()
	var b [12]byte
	copy(b[:], x[:])
	copy(b[4:], y[:])
	b[9] = byte(p)
	binary.BigEndian.PutUint16(b[10:], uint16(length))
	return sum(0, b[:])
}

func sum(start uint32, b []byte) uint32 {
	for ; len(b) > 1; b = b[2:] {
		start += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		start += uint32(b[0]) << 8
	}
	return start
}

// checksum is that of the internet (RFC 1071).
func checksum(start uint32, b []byte) uint16 {
	s := sum(start, b)
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}

// received is a packet as a raw socket gives it.
type received struct{ mark }

// parse reads the mark of an IPv4 packet; ok is false for those without.
func parse(b []byte) (received, bool) {
	if len(b) < 20 || b[0]>>4 != 4 {
		return received{}, false
	}
	head := int(b[0]&0x0f) * 4
	if head < 20 || len(b) < head {
		return received{}, false
	}
	proto, b := vocab.Proto(b[9]), b[head:]
	var out received
	ok := false
	switch proto {
	case vocab.TCP:
		if len(b) < 20 || len(b) < int(b[12]>>4)*4 {
			return received{}, false
		}
		out.mark, ok = readMark(b[int(b[12]>>4)*4:])
	case vocab.UDP:
		if len(b) < 8 {
			return received{}, false
		}
		b = b[8:]
		if out.mark, ok = readMark(b); ok {
			break
		}
		// A server's answer begins with its name on a line.
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			out.mark, ok = readMark(b[i+1:])
			out.answer = true
		}
	case vocab.ICMP:
		if len(b) < 8 || b[0] != echoReply && b[0] != echoRequest {
			return received{}, false
		}
		out.mark, ok = readMark(b[8:])
		out.answer = b[0] == echoReply
	case vocab.AnyProto, vocab.GRE, vocab.ESP, vocab.ICMPv6, vocab.SCTP:
	}
	return out, ok
}
