// Package serve is what the machines of a lab run: servers on TCP and UDP ports
// that answer with who they are, so that a client knows whom it reached.
//
// A TCP server answers a line that looks like an HTTP request by HTTP/1.1 (RFC
// 9112) with one line of text, counts what follows [Discard], and echoes
// everything else; its first line back is then the machine's name. A UDP server answers each datagram with the name and
// what it was sent. ICMP echo is the kernel's.
package serve

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/vocab"
)

// Servers are the servers of one machine.
type Servers struct {
	name   string
	closer []io.Closer
}

// idle is how long a connection may be silent.
const idle = 30 * time.Second

// acceptAgain is how long a server rests that cannot accept a connection.
const acceptAgain = 50 * time.Millisecond

// Start opens servers for services, inside a namespace that enter runs a
// function in. Of a range of ports the first and the last have one; protocols
// without ports need none.
func Start(enter func(func() error) error, name string, services []vocab.Service) (*Servers, error) {
	s := &Servers{name: name}
	err := enter(func() error {
		for _, svc := range services {
			ports := []uint16{svc.Ports.First}
			if svc.Ports.Last != svc.Ports.First {
				ports = append(ports, svc.Ports.Last)
			}
			for _, p := range ports {
				if err := s.open(svc.Proto, p); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Servers) open(p vocab.Proto, port uint16) error {
	switch {
	case port == 0:
	case p == vocab.TCP:
		l, err := net.ListenTCP("tcp4", &net.TCPAddr{Port: int(port)})
		if err != nil {
			return fmt.Errorf("server on tcp/%d: %w", port, err)
		}
		s.closer = append(s.closer, l)
		go s.accept(l)
	case p == vocab.UDP:
		c, err := net.ListenUDP("udp4", &net.UDPAddr{Port: int(port)})
		if err != nil {
			return fmt.Errorf("server on udp/%d: %w", port, err)
		}
		s.closer = append(s.closer, c)
		go s.datagrams(c)
	}
	return nil
}

// Close ends the servers.
func (s *Servers) Close() error {
	var errs []error
	for _, c := range s.closer {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

func (s *Servers) accept(l *net.TCPListener) {
	for {
		c, err := l.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // too many open files: whoever waits is served when there are fewer
			time.Sleep(acceptAgain)
			continue
		}
		go s.talk(c)
	}
}

// talk serves one connection.
func (s *Servers) talk(c *net.TCPConn) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(idle))
	r := bufio.NewReaderSize(c, 32<<10)
	first, err := r.ReadSlice('\n')
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) { // a longer line is echoed in pieces
		return
	}
	line := string(first)
	if method, rest, ok := strings.Cut(line, " "); ok && strings.Contains(rest, " HTTP/1.") && method == strings.ToUpper(method) {
		body := fmt.Sprintf("%s, to %s from %s\n", s.name, c.LocalAddr(), c.RemoteAddr())
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body)
		return
	}
	if line == Discard {
		s.discard(c, r)
		return
	}
	if _, err := fmt.Fprintf(c, "%s\n%s", s.name, line); err != nil {
		return
	}
	b := make([]byte, 64<<10)
	for {
		c.SetDeadline(time.Now().Add(idle))
		n, err := r.Read(b)
		if err != nil {
			return
		}
		if _, err := c.Write(b[:n]); err != nil {
			return
		}
	}
}

// Discard is the first line of a client that wants what it sends counted and
// thrown away; once it has ended its half of the connection, it is answered by
// Discarded with the number of bytes that came after the line.
const (
	Discard   = "discard\n"
	Discarded = "discarded %d\n"
)

func (s *Servers) discard(c *net.TCPConn, r *bufio.Reader) {
	var total int64
	for {
		// Deadlines are renewed as long as something comes.
		c.SetDeadline(time.Now().Add(idle))
		n, err := io.CopyN(io.Discard, r, 1<<20)
		total += n
		if errors.Is(err, io.EOF) {
			fmt.Fprintf(c, Discarded, total) // the client may have gone
			return
		}
		if err != nil {
			return
		}
	}
}

func (s *Servers) datagrams(c *net.UDPConn) {
	b := make([]byte, 64<<10)
	head := s.name + "\n"
	for {
		n, from, err := c.ReadFromUDPAddrPort(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error of an earlier answer
		}
		if _, err := c.WriteToUDPAddrPort(append([]byte(head), b[:n]...), from); err != nil && errors.Is(err, net.ErrClosed) {
			return
		}
	}
}
