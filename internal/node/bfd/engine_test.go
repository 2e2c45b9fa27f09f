package bfd

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// TestTake: only packets of this hop and of the session's two ends count (RFC
// 5881 sections 3 and 5).
func TestTake(t *testing.T) {
	const index, discriminator = 4, 77
	hello := Packet{State: Down, Multiplier: 3, My: 9, DesiredTx: 1_000_000, RequiredRx: 100_000}
	answer := hello
	answer.Your = discriminator
	stale := hello
	stale.Your = discriminator + 1
	genuine := datagram{from: right.Local, to: left.Local, device: index, ttl: 255}
	change := func(f func(*datagram)) datagram {
		d := genuine
		f(&d)
		return d
	}
	tests := []struct {
		name   string
		in     datagram
		packet Packet
		want   State
	}{
		{name: "first packet", in: genuine, packet: hello, want: Init},
		{name: "answer", in: genuine, packet: answer, want: Init},
		{name: "another discriminator", in: genuine, packet: stale, want: Down},
		{name: "from farther than one hop", in: change(func(d *datagram) { d.ttl = 254 }), packet: answer, want: Down},
		{name: "from another address", in: change(func(d *datagram) { d.from = netip.MustParseAddr("192.0.2.9") }), packet: answer, want: Down},
		{name: "to another address", in: change(func(d *datagram) { d.to = netip.MustParseAddr("192.0.2.9") }), packet: answer, want: Down},
		{name: "by another device", in: change(func(d *datagram) { d.device = index + 1 }), packet: answer, want: Down},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := New(slog.New(slog.DiscardHandler))
			now := time.Unix(1000, 0)
			// Its socket is not to be tried: there is no such device here.
			s := &live{conf: left, machine: newMachine(discriminator, left.Interval, 3), index: index, reopen: now.Add(time.Hour)}
			e.sessions = []*live{s}
			tt.in.data = tt.packet.Append(nil)
			e.take(tt.in, now)
			if s.machine.state != tt.want {
				t.Errorf("state after take(%+v) = %v, want %v", tt.in, s.machine.state, tt.want)
			}
			if got, want := len(e.pending), 0; (tt.want == Down) != (got == want) {
				t.Errorf("%d events, want one for each change", got)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Session)
		want   string
	}{
		{name: "good", change: func(*Session) {}},
		{name: "no id", change: func(s *Session) { s.ID = "" }, want: "its id"},
		{name: "no peer", change: func(s *Session) { s.Peer = netip.Addr{} }, want: "two IPv4 addresses"},
		{name: "too fast", change: func(s *Session) { s.Interval = time.Millisecond }, want: "interval 1ms"},
		{name: "multiplier 0", change: func(s *Session) { s.Multiplier = 0 }, want: "multiplier 0"},
		{name: "multiplier 256", change: func(s *Session) { s.Multiplier = 256 }, want: "multiplier 256"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := left
			tt.change(&s)
			err := check([]Session{s})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("check() = %v, want %q", err, tt.want)
			}
		})
	}
	again := left
	again.ID = "other"
	if err := check([]Session{left, again}); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("check() of two between the same ends = %v, want an error", err)
	}
}
