package probe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// The sizes of STAMP test packets without authentication (RFC 8762 sections
// 4.2.1 and 4.3.1), and of TWAMP's, which differ only in what follows (RFC 5357
// sections 4.1.2 and 4.2.1).
const (
	stampSize        = 44
	twampRequestSize = 14
	twampReplySize   = 41
)

// Bits of the error estimate (RFC 4656 section 4.1.2, RFC 8186 section 2.1).
const (
	estimateSynchronized = 1 << 15
	estimatePTP          = 1 << 14
)

// request is a session sender's packet:
//
//	 0  sequence number (4)
//	 4  timestamp (8)
//	12  error estimate (2)
//	14  session identifier (2, RFC 8972 section 3)
//	16  must be zero (28), or TWAMP's padding
type request struct {
	seq      uint32
	at       ntp
	estimate uint16
	session  uint16
}

// put writes it at the start of b, of at least stampSize bytes.
func (q *request) put(b []byte) {
	clear(b)
	binary.BigEndian.PutUint32(b[0:], q.seq)
	binary.BigEndian.PutUint64(b[4:], uint64(q.at))
	binary.BigEndian.PutUint16(b[12:], q.estimate)
	binary.BigEndian.PutUint16(b[14:], q.session)
}

var errShort = errors.New("too short")

// parseRequest reads a session sender's packet. TWAMP's may be shorter than
// STAMP's.
func parseRequest(b []byte) (request, error) {
	if len(b) < twampRequestSize {
		return request{}, fmt.Errorf("STAMP request of %d bytes: %w", len(b), errShort)
	}
	q := request{seq: binary.BigEndian.Uint32(b), at: ntp(binary.BigEndian.Uint64(b[4:])), estimate: binary.BigEndian.Uint16(b[12:])}
	if len(b) >= stampSize {
		q.session = binary.BigEndian.Uint16(b[14:])
	}
	return q, nil
}

// reply is a session reflector's packet:
//
//	 0  sequence number (4)
//	 4  timestamp (8)
//	12  error estimate (2)
//	14  session identifier (2)
//	16  receive timestamp (8)
//	24  sender's sequence number (4), timestamp (8), error estimate (2)
//	38  must be zero (2)
//	40  sender's TTL (1)
//	41  must be zero (3)
type reply struct {
	seq      uint32
	at       ntp
	estimate uint16
	session  uint16
	received ntp
	sender   request
	ttl      uint8
}

// put writes it into b, which has as many bytes as the answer to a packet of
// that size is to have; what b holds beyond STAMP's own fields stays.
func (p *reply) put(b []byte) {
	clear(b[:min(len(b), stampSize)])
	binary.BigEndian.PutUint32(b[0:], p.seq)
	binary.BigEndian.PutUint64(b[4:], uint64(p.at))
	binary.BigEndian.PutUint16(b[12:], p.estimate)
	binary.BigEndian.PutUint16(b[14:], p.session)
	binary.BigEndian.PutUint64(b[16:], uint64(p.received))
	binary.BigEndian.PutUint32(b[24:], p.sender.seq)
	binary.BigEndian.PutUint64(b[28:], uint64(p.sender.at))
	binary.BigEndian.PutUint16(b[36:], p.sender.estimate)
	b[40] = p.ttl
}

// replySize is the size of the answer: that of the request (RFC 8762 section
// 4.3), but for TWAMP requests that are shorter than its answer can be.
func replySize(requestSize int) int { return max(requestSize, twampReplySize) }

// parseReply reads a session reflector's packet, STAMP's or TWAMP's.
func parseReply(b []byte) (reply, error) {
	if len(b) < twampReplySize {
		return reply{}, fmt.Errorf("STAMP answer of %d bytes: %w", len(b), errShort)
	}
	p := reply{
		seq: binary.BigEndian.Uint32(b), at: ntp(binary.BigEndian.Uint64(b[4:])), estimate: binary.BigEndian.Uint16(b[12:]),
		session: binary.BigEndian.Uint16(b[14:]), received: ntp(binary.BigEndian.Uint64(b[16:])), ttl: b[40],
		sender: request{seq: binary.BigEndian.Uint32(b[24:]), at: ntp(binary.BigEndian.Uint64(b[28:])), estimate: binary.BigEndian.Uint16(b[36:])},
	}
	p.sender.session = p.session
	return p, nil
}

// dwell is how long the reflector had the packet, by its own clock.
func (p *reply) dwell() time.Duration {
	if p.estimate&estimatePTP != 0 {
		return ptpSub(uint64(p.at), uint64(p.received))
	}
	return p.at.sub(p.received)
}

// ntp is a moment in seconds since 1900, 32 bits, and their fractions, 32 bits
// (RFC 5905 section 6). Eras are not told apart: only differences have a
// meaning.
type ntp uint64

// ntpEpoch is 1970 in seconds since 1900.
const ntpEpoch = 2_208_988_800

func toNTP(t time.Time) ntp {
	seconds := uint64(t.Unix() + ntpEpoch)
	fraction := (uint64(t.Nanosecond())<<32 + 500_000_000) / 1_000_000_000
	return ntp(seconds<<32 + fraction)
}

// sub gives a - b, right where they are less than 68 years apart.
func (a ntp) sub(b ntp) time.Duration {
	d := int64(a - b)
	seconds, fraction := d>>32, d&0xffffffff
	return time.Duration(seconds)*time.Second + time.Duration((fraction*1_000_000_000+1<<31)>>32)
}

// ptpSub gives a - b of two truncated PTP timestamps: seconds and nanoseconds
// (RFC 8186 section 2.1).
func ptpSub(a, b uint64) time.Duration {
	return time.Duration(int32(a>>32-b>>32))*time.Second + time.Duration(int64(a&0xffffffff)-int64(b&0xffffffff))
}

// estimate encodes the error of a clock as multiplier * 2^(scale-32) seconds,
// rounded up, with whether it is synchronized from outside (RFC 4656 section
// 4.1.2).
func estimate(err time.Duration, synchronized bool) uint16 {
	e := uint64(math.Ceil(min(max(err, 1), time.Hour).Seconds() * (1 << 32)))
	scale := uint16(0)
	for e > 0xff {
		e = (e + 1) >> 1
		scale++
	}
	out := scale<<8 | uint16(e)
	if synchronized {
		out |= estimateSynchronized
	}
	return out
}

// parseEstimate is the inverse of estimate.
func parseEstimate(e uint16) (err time.Duration, synchronized bool) {
	scale, multiplier := e>>8&0x3f, uint64(e&0xff)
	seconds := float64(multiplier) * float64(uint64(1)<<scale) / (1 << 32)
	return time.Duration(min(seconds, 1e6) * float64(time.Second)), e&estimateSynchronized != 0
}

// clockEstimate asks the kernel for the largest error of its clock.
func clockEstimate() uint16 {
	var t unix.Timex
	if _, err := unix.Adjtimex(&t); err != nil {
		return estimate(time.Hour, false)
	}
	return estimate(time.Duration(t.Maxerror)*time.Microsecond, t.Status&unix.STA_UNSYNC == 0)
}
