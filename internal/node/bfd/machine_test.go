package bfd

import (
	"testing"
	"time"
)

const ms = time.Millisecond

// TestTransitions is the figure of RFC 5880 section 6.2, with AdminDown of
// section 6.8.6.
func TestTransitions(t *testing.T) {
	tests := []struct {
		in, heard, want State
		diag            Diag
	}{
		{in: Down, heard: AdminDown, want: Down},
		{in: Down, heard: Down, want: Init},
		{in: Down, heard: Init, want: Up},
		{in: Down, heard: Up, want: Down},
		{in: Init, heard: AdminDown, want: Down, diag: NeighborDown},
		{in: Init, heard: Down, want: Init},
		{in: Init, heard: Init, want: Up},
		{in: Init, heard: Up, want: Up},
		{in: Up, heard: AdminDown, want: Down, diag: NeighborDown},
		{in: Up, heard: Down, want: Down, diag: NeighborDown},
		{in: Up, heard: Init, want: Up},
		{in: Up, heard: Up, want: Up},
		{in: AdminDown, heard: Down, want: AdminDown},
		{in: AdminDown, heard: Up, want: AdminDown},
	}
	for _, tt := range tests {
		t.Run(tt.in.String()+" hears "+tt.heard.String(), func(t *testing.T) {
			m := newMachine(1, 100*ms, 3)
			m.enter(tt.in, NoDiag)
			send, _ := m.receive(&Packet{State: tt.heard, Multiplier: 3, My: 2, Your: 1, DesiredTx: 100_000, RequiredRx: 100_000}, time.Unix(0, 0))
			if m.state != tt.want || m.diag != tt.diag {
				t.Errorf("state = %v (%v), want %v (%v)", m.state, m.diag, tt.want, tt.diag)
			}
			if send != (tt.in != tt.want) {
				t.Errorf("send at once = %v, want %v: it is for changes", send, tt.in != tt.want)
			}
		})
	}
}

// link is two machines whose packets arrive at once, for a test's clock.
type link struct {
	a, b *machine
	now  time.Time
}

// exchange passes packets both ways, with answers to polls, until nothing
// changes.
func (l *link) exchange() {
	pass := func(from, to *machine) {
		p := from.packet(false)
		if _, final := to.receive(&p, l.now); final {
			answer := to.packet(true)
			from.receive(&answer, l.now)
		}
	}
	for range 4 {
		pass(l.a, l.b)
		pass(l.b, l.a)
	}
}

func newLink(a, b time.Duration) *link {
	l := &link{a: newMachine(1, a, 3), b: newMachine(2, b, 5), now: time.Unix(1000, 0)}
	l.exchange()
	return l
}

func TestNegotiation(t *testing.T) {
	before := newMachine(1, 100*ms, 3)
	if d, _ := before.transmission(); d != time.Second {
		t.Errorf("transmission before up = %v, want 1s (RFC 5880 section 6.8.3)", d)
	}
	l := newLink(100*ms, 300*ms)
	if l.a.state != Up || l.b.state != Up || l.a.polling || l.b.polling {
		t.Fatalf("states %v and %v, polling %v and %v; want up, and polls ended", l.a.state, l.b.state, l.a.polling, l.b.polling)
	}
	for _, tt := range []struct {
		name                string
		m                   *machine
		transmit, detection time.Duration
	}{
		{name: "a", m: l.a, transmit: 300 * ms, detection: 1500 * ms}, // 5 x max(100, 300)
		{name: "b", m: l.b, transmit: 300 * ms, detection: 900 * ms},  // 3 x max(300, 100)
	} {
		if d, ok := tt.m.transmission(); !ok || d != tt.transmit {
			t.Errorf("%s.transmission() = %v, %v, want %v", tt.name, d, ok, tt.transmit)
		}
		if d := tt.m.detection(); d != tt.detection {
			t.Errorf("%s.detection() = %v, want %v", tt.name, d, tt.detection)
		}
	}
}

func TestDetection(t *testing.T) {
	l := newLink(100*ms, 100*ms)
	at, ok := l.a.deadline()
	if want := l.now.Add(500 * ms); !ok || !at.Equal(want) {
		t.Fatalf("deadline() = %v, %v, want %v", at, ok, want)
	}
	// A packet moves it.
	l.now = l.now.Add(400 * ms)
	p := l.b.packet(false)
	l.a.receive(&p, l.now)
	if at, _ := l.a.deadline(); !at.Equal(l.now.Add(500 * ms)) {
		t.Errorf("deadline() = %v, want %v", at, l.now.Add(500*ms))
	}
	if !l.a.expire() || l.a.state != Down || l.a.diag != TimeExpired {
		t.Errorf("expire(): state %v (%v), want down (%v)", l.a.state, l.a.diag, TimeExpired)
	}
	if p := l.a.packet(false); p.Your != 0 || p.DesiredTx != 1_000_000 {
		t.Errorf("packet() = %+v, want your discriminator 0 and 1 s", p)
	}
	if _, ok := l.a.deadline(); ok {
		t.Error("deadline() of a dead session is awaited")
	}
	// And it comes back.
	l.exchange()
	if l.a.state != Up || l.b.state != Up {
		t.Errorf("states %v and %v after the path is back, want up", l.a.state, l.b.state)
	}
}

// TestPoll: a session that is up sends less often, or awaits more, only when
// its peer has been told (RFC 5880 section 6.8.3).
func TestPoll(t *testing.T) {
	l := newLink(100*ms, 100*ms)
	l.a.configure(400*ms, 3)
	if d, _ := l.a.transmission(); d != 100*ms || !l.a.polling {
		t.Errorf("transmission() = %v, polling %v; want 100ms until the poll ends", d, l.a.polling)
	}
	p := l.a.packet(false)
	if !p.Poll || p.DesiredTx != 400_000 {
		t.Errorf("packet() = %+v, want a poll with 400 ms", p)
	}
	send, final := l.b.receive(&p, l.now)
	if !send || !final {
		t.Fatalf("receive(poll) = %v, %v, want an answer with final", send, final)
	}
	answer := l.b.packet(true)
	if !answer.Final || answer.Poll {
		t.Errorf("packet(final) = %+v", answer)
	}
	l.a.receive(&answer, l.now)
	if d, _ := l.a.transmission(); d != 400*ms || l.a.polling {
		t.Errorf("transmission() = %v, polling %v; want 400ms, ended", d, l.a.polling)
	}
	if got := l.b.detection(); got != 1200*ms {
		t.Errorf("b.detection() = %v, want 1.2s", got)
	}
	// The way back: sending often is harmless at once, awaiting often is not.
	l.a.configure(50*ms, 3)
	if got := l.a.detection(); got != 5*400*ms {
		t.Errorf("detection() = %v, want %v until the poll ends", got, 5*400*ms)
	}
	l.exchange()
	if got := l.a.detection(); got != 5*100*ms {
		t.Errorf("detection() = %v, want %v", got, 5*100*ms)
	}
}

func TestPollChangedWhilePolling(t *testing.T) {
	l := newLink(100*ms, 100*ms)
	l.a.configure(400*ms, 3)
	l.a.configure(600*ms, 3)
	final := &Packet{State: Up, Final: true, Multiplier: 5, My: 2, Your: 1, DesiredTx: 100_000, RequiredRx: 100_000}
	l.a.receive(final, l.now)
	if !l.a.polling {
		t.Fatal("the second change is not polled for")
	}
	l.a.receive(final, l.now)
	if d, _ := l.a.transmission(); l.a.polling || d != 600*ms {
		t.Errorf("transmission() = %v, polling %v; want 600ms, ended", d, l.a.polling)
	}
}

func TestAdminDownIsNoFailure(t *testing.T) {
	l := newLink(100*ms, 100*ms)
	l.b.enter(AdminDown, Administratively)
	p := l.b.packet(false)
	if p.State != AdminDown || p.Diag != 7 {
		t.Errorf("packet() = %+v, want admin-down with diagnostic 7", p)
	}
	l.a.receive(&p, l.now)
	if l.a.state != Down || l.a.remoteState != AdminDown {
		t.Errorf("state %v, remote %v; want down, admin-down", l.a.state, l.a.remoteState)
	}
}

func TestJitter(t *testing.T) {
	for _, tt := range []struct {
		multiplier   uint8
		random       float64
		from, almost time.Duration
	}{
		{multiplier: 3, random: 0, from: 100 * ms, almost: 100 * ms},
		{multiplier: 3, random: 1, from: 75 * ms, almost: 75 * ms},
		{multiplier: 1, random: 0, from: 90 * ms, almost: 90 * ms},
		{multiplier: 1, random: 1, from: 75 * ms, almost: 75 * ms},
	} {
		m := newMachine(1, 100*ms, tt.multiplier)
		if d := m.jittered(100*ms, tt.random); d < tt.from-time.Microsecond || d > tt.almost+time.Microsecond {
			t.Errorf("jittered(100ms, %v) of multiplier %d = %v, want %v", tt.random, tt.multiplier, d, tt.from)
		}
	}
}

func TestNoTransmission(t *testing.T) {
	l := newLink(100*ms, 100*ms)
	p := l.b.packet(false)
	p.RequiredRx = 0
	l.a.receive(&p, l.now)
	if _, ok := l.a.transmission(); ok {
		t.Error("transmission() = true, want none: the peer wants no periodic packets (RFC 5880 section 6.8.7)")
	}
}
