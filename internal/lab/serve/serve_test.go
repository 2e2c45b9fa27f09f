package serve

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tieline/tieline/internal/vocab"
)

// free finds a port that nobody has, by a protocol.
func free(t *testing.T, proto vocab.Proto) uint16 {
	t.Helper()
	if proto == vocab.UDP {
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return netip.MustParseAddrPort(c.LocalAddr().String()).Port()
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return netip.MustParseAddrPort(l.Addr().String()).Port()
}

func start(t *testing.T, proto vocab.Proto) string {
	t.Helper()
	p := free(t, proto)
	s, err := Start(func(f func() error) error { return f() }, "machine", []vocab.Service{{Proto: proto, Ports: vocab.PortRange{First: p, Last: p}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return fmt.Sprintf("127.0.0.1:%d", p)
}

func dial(t *testing.T, network, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Minute))
	return c
}

func TestTCP(t *testing.T) {
	addr := start(t, vocab.TCP)
	tests := []struct{ name, say, want string }{
		{"echo, after the name", "hello\nmore", "machine\nhello\nmore"},
		{"discard counts", Discard + strings.Repeat("x", 300_000), "discarded 300000\n"},
		{"discard of nothing", Discard, "discarded 0\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := dial(t, "tcp4", addr).(*net.TCPConn)
			if _, err := io.WriteString(c, tt.say); err != nil {
				t.Fatal(err)
			}
			if err := c.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(c)
			if err != nil || string(got) != tt.want {
				t.Errorf("answer = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestHTTP(t *testing.T) {
	c := dial(t, "tcp4", start(t, vocab.TCP))
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil || line != "HTTP/1.1 200 OK\r\n" {
		t.Errorf("answer begins with %q, %v, want HTTP/1.1 200 OK", line, err)
	}
}

func TestUDP(t *testing.T) {
	c := dial(t, "udp4", start(t, vocab.UDP))
	if _, err := io.WriteString(c, "hello"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	n, err := c.Read(b)
	if err != nil || string(b[:n]) != "machine\nhello" {
		t.Errorf("answer = %q, %v, want machine and hello", b[:n], err)
	}
}
