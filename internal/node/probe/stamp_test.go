package probe

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Vectors written by hand from the figures of RFC 8762 sections 4.2.1 and
// 4.3.1, with the session identifier of RFC 8972 figures 1 and 3.
const (
	requestVector = `
		00000007
		e8fe6f80 80000000
		8d01 1234
		00000000 00000000 00000000 00000000 00000000 00000000 00000000`
	replyVector = `
		00000005
		e8fe6f80 c0000000
		0c80 1234
		e8fe6f80 a0000000
		00000007
		e8fe6f80 80000000
		8d01 0000
		ff 000000`
)

func vectors() (request, reply) {
	q := request{seq: 7, at: 0xe8fe6f80_80000000, estimate: 0x8d01, session: 0x1234}
	return q, reply{seq: 5, at: 0xe8fe6f80_c0000000, estimate: 0x0c80, session: 0x1234, received: 0xe8fe6f80_a0000000, sender: q, ttl: 255}
}

func TestFormat(t *testing.T) {
	q, p := vectors()
	b := make([]byte, stampSize)
	q.put(b)
	if want := unhex(t, requestVector); !bytes.Equal(b, want) {
		t.Errorf("request = %x, want %x", b, want)
	}
	for i := range b {
		b[i] = 0xaa // nothing of what was there stays
	}
	p.put(b)
	if want := unhex(t, replyVector); !bytes.Equal(b, want) {
		t.Errorf("reply = %x, want %x", b, want)
	}
	if got, err := parseRequest(unhex(t, requestVector)); err != nil || got != q {
		t.Errorf("parseRequest = %+v, %v, want %+v", got, err, q)
	}
	got, err := parseReply(unhex(t, replyVector))
	if err != nil || got != p {
		t.Errorf("parseReply = %+v, %v, want %+v", got, err, p)
	}
	if d := got.dwell(); d != 125*time.Millisecond {
		t.Errorf("dwell = %v, want 125ms", d)
	}
}

// TestTWAMP reads and answers packets of RFC 5357, whose sender does not know
// the fields after the error estimate, and whose reflector sends 41 bytes.
func TestTWAMP(t *testing.T) {
	short := unhex(t, requestVector)[:twampRequestSize]
	q, err := parseRequest(short)
	if err != nil || q.seq != 7 || q.session != 0 {
		t.Errorf("parseRequest = %+v, %v, want number 7, no session", q, err)
	}
	if _, err := parseRequest(short[:13]); !errors.Is(err, errShort) {
		t.Errorf("parseRequest of 13 bytes = %v, want %v", err, errShort)
	}
	p, err := parseReply(unhex(t, replyVector)[:twampReplySize])
	if err != nil || p.sender.seq != 7 || p.ttl != 255 {
		t.Errorf("parseReply of 41 bytes = %+v, %v", p, err)
	}
	if _, err := parseReply(unhex(t, replyVector)[:40]); !errors.Is(err, errShort) {
		t.Errorf("parseReply of 40 bytes = %v, want %v", err, errShort)
	}
	r := &reflector{at: netip.MustParseAddrPort("192.0.2.2:862"), clock: func() uint16 { return 1 }}
	for _, tt := range []struct{ size, want int }{{14, 41}, {40, 41}, {41, 41}, {44, 44}, {100, 100}, {1472, 1472}} {
		data := bytes.Repeat([]byte{0x5a}, tt.size)
		copy(data, short)
		b := r.reflect(&datagram{data: data, at: time.Now(), from: netip.MustParseAddrPort("192.0.2.1:50000"), ttl: 254}, &counter{})
		if len(b) != tt.want {
			t.Errorf("answer to %d bytes has %d, want %d", tt.size, len(b), tt.want)
			continue
		}
		p, err := parseReply(b)
		if err != nil || p.sender.seq != 7 || p.sender.at != q.at || p.ttl != 254 {
			t.Errorf("answer to %d bytes = %+v, %v", tt.size, p, err)
		}
		if len(b) > stampSize && !bytes.Equal(b[stampSize:], data[stampSize:]) {
			t.Errorf("answer to %d bytes: padding is %x, want it unchanged", tt.size, b[stampSize:])
		}
	}
}

func TestReflectorAnswersNoReflector(t *testing.T) {
	r := &reflector{at: netip.MustParseAddrPort("192.0.2.2:9000"), clock: clockEstimate}
	for _, tt := range []struct {
		from string
		want bool
	}{{"192.0.2.1:862", false}, {"192.0.2.1:9000", false}, {"192.0.2.1:40000", true}} {
		d := datagram{data: unhex(t, replyVector), at: time.Now(), from: netip.MustParseAddrPort(tt.from)}
		if got := r.reflect(&d, &counter{}) != nil; got != tt.want {
			t.Errorf("reflect of a packet from %s = %v, want %v", tt.from, got, tt.want)
		}
	}
}

func TestCounter(t *testing.T) {
	now := time.Unix(1e9, 0)
	var c counter
	a := sessionKey{from: netip.MustParseAddrPort("192.0.2.1:50000"), to: netip.MustParseAddr("192.0.2.2"), id: 1}
	b := a
	b.id = 2
	var got []uint32
	for _, s := range []struct {
		key sessionKey
		seq uint32
		at  time.Duration
	}{{a, 0, 0}, {a, 3, 1}, {b, 9, 2}, {a, 4, 3}, {a, 5, sessionIdle + time.Minute}} {
		got = append(got, c.number(s.key, s.seq, now.Add(s.at)))
	}
	if want := []uint32{0, 1, 0, 2, 0}; !cmp.Equal(got, want) {
		t.Errorf("numbers = %v, want %v", got, want)
	}
	// Beyond what it remembers it copies; what is idle makes way.
	for i := range mostSessions {
		c.number(sessionKey{from: netip.AddrPortFrom(a.from.Addr(), uint16(i+1)), id: 7}, 0, now.Add(sessionIdle))
	}
	other := sessionKey{from: a.from, id: 99}
	if n := c.number(other, 1234, now.Add(sessionIdle)); n != 1234 || len(c.sessions) != mostSessions {
		t.Errorf("number of one too many = %d of %d sessions, want 1234 of %d", n, len(c.sessions), mostSessions)
	}
	if n := c.number(other, 1234, now.Add(3*sessionIdle)); n != 0 || len(c.sessions) != 1 {
		t.Errorf("number after all are idle = %d of %d sessions, want 0 of 1", n, len(c.sessions))
	}
}

func TestNTP(t *testing.T) {
	// 2036-02-07 06:28:16 UTC is second 0 of era 1 (RFC 5905 section 6).
	era := time.Date(2036, 2, 7, 6, 28, 16, 0, time.UTC)
	if got := toNTP(era.Add(500 * time.Millisecond)); got != 0x00000000_80000000 {
		t.Errorf("toNTP(era 1) = %#x, want half a second", uint64(got))
	}
	for _, d := range []time.Duration{0, 1, 999, time.Millisecond, 1500 * time.Millisecond, time.Hour, 400 * 24 * time.Hour} {
		a := era.Add(-time.Second / 3)
		if got := toNTP(a.Add(d)).sub(toNTP(a)); (got - d).Abs() > 1 {
			t.Errorf("%v over the border of eras = %v", d, got)
		}
		if got := toNTP(a).sub(toNTP(a.Add(d))); (got + d).Abs() > 1 {
			t.Errorf("-%v over the border of eras = %v", d, got)
		}
	}
	if got := ptpSub(5<<32|100, 4<<32|999_999_900); got != 200 {
		t.Errorf("ptpSub = %v, want 200ns", got)
	}
}

func TestEstimate(t *testing.T) {
	for _, d := range []time.Duration{0, 1, time.Microsecond, 17 * time.Millisecond, time.Second, 16 * time.Second, time.Hour} {
		for _, sync := range []bool{true, false} {
			e := estimate(d, sync)
			got, synced := parseEstimate(e)
			if synced != sync || got < d || got > d+d/64+2 || e&0xff == 0 || e&estimatePTP != 0 {
				t.Errorf("parseEstimate(estimate(%v, %v) = %#x) = %v, %v, want at most 1/64 more", d, sync, e, got, synced)
			}
		}
	}
}

// TestAnswer computes from T1 to T4: 10 ms there, 5 ms at the far end, 20 ms
// back, whose clock is 3 s ahead.
func TestAnswer(t *testing.T) {
	sent := time.Unix(1_700_000_000, 0)
	far := 3 * time.Second
	p := reply{
		sender: request{seq: 4, at: toNTP(sent), estimate: estimate(time.Millisecond, true)}, seq: 2,
		received: toNTP(sent.Add(10*time.Millisecond + far)), at: toNTP(sent.Add(15*time.Millisecond + far)), estimate: estimate(2*time.Millisecond, true),
	}
	a := p.answer(sent.Add(35 * time.Millisecond))
	near := func(got, want time.Duration) bool { return (got - want).Abs() <= 2 }
	if !near(a.dwell, 5*time.Millisecond) || !a.oneWay || !near(a.there, 10*time.Millisecond+far) || !near(a.back, 20*time.Millisecond-far) {
		t.Errorf("answer = %+v, want 3.01 s there, -2.98 s back, 5 ms in between", a)
	}
	if !a.clocks.synchronized || a.clocks.err < 3*time.Millisecond || a.clocks.err > 3100*time.Microsecond {
		t.Errorf("clocks = %+v, want synchronized to 3 ms", a.clocks)
	}
	p.estimate |= estimatePTP
	if a := p.answer(sent.Add(35 * time.Millisecond)); a.oneWay {
		t.Errorf("answer with PTP timestamps = %+v, want no one-way delays", a)
	}
}

func FuzzSTAMP(f *testing.F) {
	f.Add(unhex(f, requestVector))
	f.Add(unhex(f, replyVector))
	f.Add(unhex(f, replyVector)[:twampReplySize])
	f.Add([]byte{})
	r := &reflector{at: netip.MustParseAddrPort("192.0.2.2:862"), clock: func() uint16 { return 1 }}
	f.Fuzz(func(t *testing.T, data []byte) {
		d := datagram{data: data, at: time.Unix(1e9, 0), from: netip.MustParseAddrPort("192.0.2.1:50000")}
		if b := r.reflect(&d, &counter{}); (b == nil) != (len(data) < twampRequestSize) || b != nil && len(b) != max(len(data), twampReplySize) {
			t.Fatalf("answer to %d bytes has %d", len(data), len(b))
		}
		p, err := parseReply(data)
		if err != nil {
			return
		}
		p.answer(time.Unix(1e9, 0))
		// What it read is what it writes, but for what must be zero.
		b := bytes.Clone(data)
		p.put(b)
		if again, err := parseReply(b); err != nil || again != p {
			t.Fatalf("parseReply(put(%+v)) = %+v, %v", p, again, err)
		}
	})
}

func FuzzEcho(f *testing.F) {
	e := echo{id: 0x1234, token: 0x0102030405060708, seq: 70000}
	b := make([]byte, echoSize)
	e.put(b)
	b[0] = icmpEchoReply
	b[2], b[3] = 0, 0
	sum := checksum(b)
	b[2], b[3] = byte(sum>>8), byte(sum)
	packet := append(append([]byte{0x45}, make([]byte, 19)...), b...)
	if got, err := parseEchoReply(packet); err != nil || got != e {
		f.Fatalf("parseEchoReply = %+v, %v, want %+v", got, err, e)
	}
	for i := range b { // a bit that was turned over on the way
		bad := bytes.Clone(packet)
		bad[20+i] ^= 1
		if got, err := parseEchoReply(bad); err == nil {
			f.Fatalf("parseEchoReply with byte %d changed = %+v, want an error", i, got)
		}
	}
	f.Add(packet)
	f.Add(packet[:25])
	f.Add(append([]byte{0x4f}, packet[1:]...))
	f.Fuzz(func(t *testing.T, data []byte) {
		if e, err := parseEchoReply(data); err == nil && len(data) < 20+echoSize {
			t.Fatalf("parseEchoReply of %d bytes = %+v, want an error", len(data), e)
		}
	})
}
