package serve

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tieline/tieline/internal/vocab"
)

// here runs a function where it is.
func here(f func() error) error { return f() }

// start starts servers of the machine m on a free port, and gives that.
func start(t *testing.T, proto vocab.Proto) uint16 {
	t.Helper()
	for range 20 {
		l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).AddrPort().Port()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		s, err := Start(here, "m", []vocab.Service{{Proto: proto, Ports: vocab.PortRange{First: port, Last: port}}})
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return port
	}
	t.Fatal("no port is free")
	return 0
}

func dial(t *testing.T, network string, port uint16) net.Conn {
	t.Helper()
	c, err := net.Dial(network, fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTCP(t *testing.T) {
	port := start(t, vocab.TCP)
	for _, tt := range []struct {
		name, send string
		want       []string // prefixes of the lines that come back
	}{
		{"echo", "knock\nmore\n", []string{"m\n", "knock\n", "more\n"}},
		{"http", "GET / HTTP/1.1\r\n\r\n", []string{"HTTP/1.1 200 OK\r\n"}},
		{"count", Discard + strings.Repeat("x", 100_000), []string{fmt.Sprintf(Discarded, 100_000)}},
		{"a verb in lower case is no request", "get / HTTP/1.1\n", []string{"m\n", "get / HTTP/1.1\n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := dial(t, "tcp4", port)
			if _, err := io.WriteString(c, tt.send); err != nil {
				t.Fatal(err)
			}
			if err := c.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			r := bufio.NewReader(c)
			for _, want := range tt.want {
				got, err := r.ReadString('\n')
				if got != want {
					t.Fatalf("answer to %.20q: %q, %v, want %q", tt.send, got, err, want)
				}
			}
		})
	}
}

// TestNoLine: what comes without an end of line is echoed as it comes, and not
// kept until there is one.
func TestNoLine(t *testing.T) {
	c := dial(t, "tcp4", start(t, vocab.TCP))
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<13) // 128 KiB, more than the server keeps
	go func() { _, _ = c.Write(sent) }()
	want := append([]byte("m\n"), sent...)
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); err != nil {
		t.Fatalf("%d of %d bytes came back: %v", n, len(got), err)
	}
	if !bytes.Equal(got, want) {
		t.Error("what came back is not what was sent")
	}
}

func TestUDP(t *testing.T) {
	c := dial(t, "udp4", start(t, vocab.UDP))
	if _, err := io.WriteString(c, "knock\n"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	n, err := c.Read(b)
	if got, want := string(b[:n]), "m\nknock\n"; got != want {
		t.Errorf("answer to a datagram: %q, %v, want %q", got, err, want)
	}
}
