package knock

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/tieline/tieline/internal/vocab"
)

func here(f func() error) error { return f() }

func portOf(a net.Addr) uint16 { return netip.MustParseAddrPort(a.String()).Port() }

func TestTCP(t *testing.T) {
	loopback := netip.MustParseAddr("127.0.0.1")
	open, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	go func() {
		for {
			c, err := open.Accept()
			if err != nil {
				return
			}
			c.Write([]byte("someone\n"))
			defer c.Close()
		}
	}()
	mute, err := net.Listen("tcp4", "127.0.0.1:0") // the kernel connects, and nobody speaks
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	closed, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := portOf(closed.Addr())
	closed.Close()
	tests := []struct {
		name    string
		port    uint16
		timeout time.Duration
		want    Outcome
		by      string
	}{
		{"answered", portOf(open.Addr()), time.Minute, Answered, "someone"},
		{"refused", port, time.Minute, Refused, ""},
		{"connected and silent", portOf(mute.Addr()), 50 * time.Millisecond, Silent, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := Try(t.Context(), here, loopback, vocab.Service{Proto: vocab.TCP, Ports: vocab.PortRange{First: tt.port, Last: tt.port}}, tt.timeout)
			if err != nil || r.Outcome != tt.want || r.By != tt.by {
				t.Errorf("Try() = %+v, %v, want %s by %q", r, err, tt.want, tt.by)
			}
		})
	}
}

// TestNamespace: that no packet could be sent is an error, and never silence,
// which would agree with a proof that the packet is blocked.
func TestNamespace(t *testing.T) {
	gone := errors.New("no such namespace")
	for _, p := range []vocab.Proto{vocab.TCP, vocab.UDP, vocab.ICMP} {
		s := vocab.Service{Proto: p, Ports: vocab.PortRange{First: 1, Last: 1}}
		if r, err := Try(t.Context(), func(func() error) error { return gone }, netip.MustParseAddr("127.0.0.1"), s, time.Minute); !errors.Is(err, gone) {
			t.Errorf("Try(%s) from nowhere = %+v, %v, want %v", s, r, err, gone)
		}
	}
}

func TestNotTried(t *testing.T) {
	if r, err := Try(context.Background(), here, netip.MustParseAddr("127.0.0.1"), vocab.Service{Proto: vocab.ESP}, time.Second); err == nil {
		t.Errorf("Try(esp) = %+v, want an error", r)
	}
}
