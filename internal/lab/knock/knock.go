// Package knock tries connections from inside a lab's machine: one real
// exchange of packets by TCP, UDP or ICMP echo, and what came of it.
package knock

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/vocab"
)

// Outcome is what came of one try.
type Outcome string

// The outcomes.
const (
	Answered    Outcome = "answered"    // by whom: Result.By
	Refused     Outcome = "refused"     // a reset, or port unreachable, of the machine itself: packets get there and back
	Unreachable Outcome = "unreachable" // a router on the way says so (ICMP destination unreachable, RFC 792)
	Silent      Outcome = "silent"      // nothing came back in time
)

// Passed reports whether packets went there and back.
func (o Outcome) Passed() bool { return o == Answered || o == Refused }

// Result is the outcome with its witness.
type Result struct {
	Outcome Outcome       `json:"outcome"`
	By      string        `json:"by,omitempty"` // name of the machine that answered
	RTT     time.Duration `json:"rtt,omitempty"`
	Why     string        `json:"why,omitempty"` // the error, when there was one
}

// Try knocks at a service of an address, from the namespace that enter runs a
// function in, and waits at most timeout. Ranges of ports are tried at their
// first. Protocols but TCP, UDP and ICMP are an error.
func Try(ctx context.Context, enter func(func() error) error, to netip.Addr, svc vocab.Service, timeout time.Duration) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	switch svc.Proto {
	case vocab.TCP:
		return tcp(ctx, enter, netip.AddrPortFrom(to, svc.Ports.First))
	case vocab.UDP:
		return udp(ctx, enter, netip.AddrPortFrom(to, svc.Ports.First))
	case vocab.ICMP:
		return ping(ctx, enter, to)
	case vocab.AnyProto, vocab.GRE, vocab.ESP, vocab.ICMPv6, vocab.SCTP:
	}
	return Result{}, fmt.Errorf("%s cannot be tried: only tcp, udp and icmp can", svc)
}

// outcome reads what an error says of the packets. One that says nothing of
// them, since none could be sent, stays an error: it must not pass for silence.
func outcome(ctx context.Context, err error) (Result, error) {
	r := Result{Why: err.Error()}
	switch {
	case errors.Is(err, unix.ECONNREFUSED):
		r.Outcome = Refused
	case errors.Is(err, unix.EHOSTUNREACH), errors.Is(err, unix.ENETUNREACH), errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		r.Outcome = Unreachable
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, unix.ETIMEDOUT):
		r.Outcome, r.Why = Silent, "no answer in time"
	default:
		return Result{}, err
	}
	return r, nil
}

func udp(ctx context.Context, enter func(func() error) error, to netip.AddrPort) (Result, error) {
	var c *net.UDPConn
	err := enter(func() (err error) {
		c, err = net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(to))
		return err
	})
	if err != nil {
		return outcome(ctx, err)
	}
	defer c.Close()
	deadline, _ := ctx.Deadline()
	c.SetDeadline(deadline)
	start := time.Now()
	if _, err := c.Write([]byte("knock\n")); err != nil {
		return outcome(ctx, err)
	}
	b := make([]byte, 512)
	n, err := c.Read(b)
	if err != nil {
		return outcome(ctx, err)
	}
	by, _, _ := strings.Cut(string(b[:n]), "\n")
	return Result{Outcome: Answered, By: by, RTT: time.Since(start)}, nil
}

// sequence tells echo requests apart.
var sequence atomic.Uint32

// ping sends one ICMP echo request (RFC 792) from an unprivileged socket.
func ping(ctx context.Context, enter func(func() error) error, to netip.Addr) (Result, error) {
	var c *icmp.PacketConn
	err := enter(func() (err error) {
		c, err = icmp.ListenPacket("udp4", "0.0.0.0")
		return err
	})
	if err != nil {
		return Result{}, fmt.Errorf("icmp: %w", err)
	}
	defer c.Close()
	deadline, _ := ctx.Deadline()
	c.SetDeadline(deadline)
	token := make([]byte, 8)
	binary.BigEndian.PutUint64(token, uint64(time.Now().UnixNano())^uint64(sequence.Add(1))<<48)
	m := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{Seq: 1, Data: token}}
	b, err := m.Marshal(nil)
	if err != nil {
		return Result{}, err
	}
	start := time.Now()
	if _, err := c.WriteTo(b, &net.UDPAddr{IP: to.AsSlice()}); err != nil {
		return outcome(ctx, err)
	}
	b = make([]byte, 1500)
	for {
		n, from, err := c.ReadFrom(b)
		if err != nil {
			return outcome(ctx, err)
		}
		got, err := icmp.ParseMessage(1, b[:n])
		if err != nil {
			continue
		}
		if e, ok := got.Body.(*icmp.Echo); ok && got.Type == ipv4.ICMPTypeEchoReply && string(e.Data) == string(token) {
			who, _, _ := net.SplitHostPort(from.String())
			return Result{Outcome: Answered, By: who, RTT: time.Since(start)}, nil
		}
	}
}
