package probe

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Types of ICMP messages (RFC 792), and the socket option of raw(7).
const (
	icmpEchoReply = 0
	icmpEcho      = 8
	icmpFilter    = 1
)

// echo is the content of an ICMP echo and of its reply. The identifier has 16
// bits, and the sequence number too: a token and the whole number are in the
// payload, where the far end must leave them (RFC 792).
type echo struct {
	id    uint16
	token uint64
	seq   uint32
}

// echoSize is the least size of a message with them.
const echoSize = 8 + 12

// put writes an echo request of the size of b, at least echoSize.
func (e *echo) put(b []byte) {
	clear(b)
	b[0] = icmpEcho
	binary.BigEndian.PutUint16(b[4:], e.id)
	binary.BigEndian.PutUint16(b[6:], uint16(e.seq))
	binary.BigEndian.PutUint64(b[8:], e.token)
	binary.BigEndian.PutUint32(b[16:], e.seq)
	binary.BigEndian.PutUint16(b[2:], checksum(b))
}

// parseEchoReply reads an IPv4 packet as a raw socket gives it.
func parseEchoReply(packet []byte) (echo, error) {
	if len(packet) < 20 || packet[0]>>4 != 4 {
		return echo{}, errors.New("not an IPv4 packet")
	}
	header := int(packet[0]&0xf) * 4
	if header < 20 || header > len(packet) {
		return echo{}, fmt.Errorf("IPv4 header of %d bytes in a packet of %d", header, len(packet))
	}
	b := packet[header:]
	if len(b) < echoSize {
		return echo{}, fmt.Errorf("ICMP message of %d bytes: %w", len(b), errShort)
	}
	if b[0] != icmpEchoReply || b[1] != 0 {
		return echo{}, fmt.Errorf("ICMP type %d code %d is no echo reply", b[0], b[1])
	}
	if checksum(b) != 0 {
		return echo{}, errors.New("ICMP checksum is wrong")
	}
	e := echo{id: binary.BigEndian.Uint16(b[4:]), token: binary.BigEndian.Uint64(b[8:]), seq: binary.BigEndian.Uint32(b[16:])}
	if binary.BigEndian.Uint16(b[6:]) != uint16(e.seq) {
		return echo{}, errors.New("ICMP sequence numbers differ")
	}
	return e, nil
}

// checksum is the ones' complement sum of RFC 1071: 0 over a message that
// carries its own.
func checksum(b []byte) uint16 {
	var sum uint32
	for len(b) >= 2 {
		sum += uint32(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
