package traffic

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/tieline/tieline/internal/vocab"
)

var (
	client = netip.MustParseAddr("10.0.0.4")
	server = netip.MustParseAddr("10.8.0.9")
)

// framed puts an IPv4 header before a packet, with options of some words.
func framed(p vocab.Proto, b []byte, options int) []byte {
	head := make([]byte, 20+4*options)
	head[0] = 0x40 | byte(5+options)
	head[9] = byte(p)
	return append(head, b...)
}

func TestSegments(t *testing.T) {
	m := mark{nonce: 7, flow: 3, seq: 70_000}
	for _, text := range []string{"tcp/443", "udp/53", "icmp"} {
		s, err := vocab.ParseService(text)
		if err != nil {
			t.Fatal(err)
		}
		b := segment(s, client, server, clientPort(3), m)
		got, ok := parse(framed(s.Proto, b, 0))
		if !ok || got.mark != m {
			t.Errorf("parse(segment(%s)) = %+v, %v, want %+v", text, got, ok, m)
		}
		if got, ok := parse(framed(s.Proto, b, 2)); !ok || got.mark != m {
			t.Errorf("parse(segment(%s)) with options = %+v, %v, want %+v", text, got, ok, m)
		}
		start := pseudo(client, server, s.Proto, len(b))
		if s.Proto == vocab.ICMP {
			start = 0
		} else if src, dst := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]); src != firstPort+3 || dst != s.Ports.First {
			t.Errorf("segment(%s) has ports %d to %d, want %d to %d", text, src, dst, firstPort+3, s.Ports.First)
		}
		// A packet with its checksum in place sums to all ones (RFC 1071).
		if sum := checksum(start, b); sum != 0 {
			t.Errorf("segment(%s) has a checksum that is off by %#x", text, sum)
		}
	}
}

func TestAnswers(t *testing.T) {
	m := mark{nonce: 7, flow: 3, seq: 9}
	replied := m
	replied.answer = true
	https, _ := vocab.ParseService("tcp/443")
	tcpBack := answer(https, server, client, clientPort(3), replied)
	if src, dst := binary.BigEndian.Uint16(tcpBack), binary.BigEndian.Uint16(tcpBack[2:]); src != 443 || dst != firstPort+3 {
		t.Errorf("answer() has ports %d to %d, want 443 to %d", src, dst, firstPort+3)
	}
	// The machine's UDP server puts its name before what it was sent.
	udpBack := append([]byte{0, 53, 0, 0, 0, 0, 0, 0}, append([]byte("aws-oregon/app/app\n"), m.append(nil)...)...)
	echoBack := echo(m)
	echoBack[0] = echoReply
	for name, b := range map[string][]byte{"tcp": framed(vocab.TCP, tcpBack, 0), "udp": framed(vocab.UDP, udpBack, 0), "icmp": framed(vocab.ICMP, echoBack, 0)} {
		if got, ok := parse(b); !ok || got.mark != replied {
			t.Errorf("parse() of an answer by %s = %+v, %v, want %+v", name, got, ok, replied)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	good := framed(vocab.UDP, udp(client, server, 1, 2, mark{}), 0)
	for name, b := range map[string][]byte{
		"nothing": nil, "a short header": good[:19], "a cut packet": good[:len(good)-1], "IPv6": append([]byte{0x60}, good[1:]...),
		"another protocol": framed(vocab.ESP, good[20:], 0), "an ICMP error": framed(vocab.ICMP, append([]byte{3, 1}, make([]byte, 40)...), 0),
		"other traffic": framed(vocab.TCP, make([]byte, 60), 0),
	} {
		if got, ok := parse(b); ok {
			t.Errorf("parse() of %s = %+v, want nothing", name, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(framed(vocab.UDP, udp(client, server, 1, 2, mark{1, 2, 3, false}), 0))
	f.Add(framed(vocab.TCP, tcp(client, server, 1, 2, mark{1, 2, 3, true}), 1))
	f.Add(framed(vocab.ICMP, echo(mark{1, 2, 3, false}), 0))
	f.Fuzz(func(_ *testing.T, b []byte) { parse(b) })
}

// TestNote: what becomes of a packet is noted the first time.
func TestNote(t *testing.T) {
	r := &Run{begun: time.Now().Add(-time.Second), sent: [][]Packet{{{Sent: 0, Arrived: never, Answered: never}}}}
	arrived := func(p *Packet, at time.Duration) { p.Arrived = at }
	r.note(mark{seq: 0}, arrived)
	first := r.sent[0][0].Arrived
	r.note(mark{seq: 0}, func(p *Packet, _ time.Duration) { p.Arrived = 0 })
	if got := r.sent[0][0].Arrived; got != first || first < time.Second {
		t.Errorf("note() of a duplicate = %v, want %v", got, first)
	}
	r.note(mark{seq: 1}, arrived) // of none that was sent
	if r.AnsweredSince(0, 0) {
		t.Error("AnsweredSince() = true with no answer")
	}
	r.note(mark{seq: 0}, func(p *Packet, at time.Duration) { p.Answered = at })
	if !r.AnsweredSince(0, 0) || r.AnsweredSince(0, time.Millisecond) {
		t.Error("AnsweredSince() does not count the packets sent since a moment")
	}
}
