// Package traffic sends packets at a steady rate between the machines of a
// lab, and keeps of each whether it arrived and whether its answer did.
//
// A flow is one connection as the filters see it: its packets have the
// protocol, the addresses and the ports of a client of the service. They are
// written by raw sockets and carry the flow's number and their own, so that a
// packet that is lost is seen as lost: TCP's own would be sent again. A server's
// answer is that of the machine's UDP server, the kernel's ICMP echo, or for
// TCP one that this package writes, while it keeps the kernels from resetting
// connections that they know nothing of.
package traffic

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/vocab"
)

// Host is a machine: its address, and what runs a function in its namespace.
type Host struct {
	Name  string
	Addr  netip.Addr
	Enter func(func() error) error
}

// Flow is who opens which service of whom.
type Flow struct {
	From, To Host
	Service  vocab.Service // tcp, udp with one port, or icmp
}

// Packet is what became of one packet. Times are since the start of the run;
// negative ones are of what never happened.
type Packet struct {
	Sent, Arrived, Answered time.Duration
}

// never is a time of what did not happen.
const never = time.Duration(-1)

// firstPort is the client's port of the first flow; the others follow. It is
// one that connections are opened from (ip_local_port_range).
const firstPort = 40000

// MostFlows is how many flows one run can have.
const MostFlows = 4096

// Run is traffic under way.
type Run struct {
	flows []Flow
	every time.Duration
	nonce uint32
	begun time.Time
	hosts map[string]*host
	stop  chan struct{}
	ended sync.WaitGroup // the sender
	reads sync.WaitGroup

	mu   sync.Mutex
	sent [][]Packet // by flow
}

// Start opens the sockets of all machines and begins to send, one packet of
// every flow each interval.
func Start(flows []Flow, every time.Duration) (*Run, error) {
	if len(flows) > MostFlows {
		return nil, fmt.Errorf("%d flows are more than %d", len(flows), MostFlows)
	}
	var nonce [4]byte
	rand.Read(nonce[:])
	r := &Run{
		flows: flows, every: every, nonce: binary.BigEndian.Uint32(nonce[:]), hosts: map[string]*host{}, stop: make(chan struct{}),
		begun: time.Now(), sent: make([][]Packet, len(flows)),
	}
	for i := range flows {
		f := &flows[i]
		if err := r.open(f, i); err != nil {
			return nil, errors.Join(fmt.Errorf("traffic from %s to %s %s: %w", f.From.Name, f.To.Name, f.Service, err), r.close())
		}
	}
	for _, h := range r.hosts {
		for _, s := range h.sockets {
			r.reads.Go(func() { r.read(h, s) })
		}
	}
	r.ended.Go(r.send)
	return r, nil
}

func (r *Run) open(f *Flow, i int) error {
	switch f.Service.Proto {
	case vocab.TCP, vocab.UDP, vocab.ICMP:
	case vocab.AnyProto, vocab.GRE, vocab.ESP, vocab.ICMPv6, vocab.SCTP:
		return fmt.Errorf("%s cannot be sent", f.Service.Proto)
	}
	for _, m := range []Host{f.From, f.To} {
		h := r.hosts[m.Name]
		if h == nil {
			h = &host{Host: m}
			r.hosts[m.Name] = h
		}
		if err := h.socket(f.Service.Proto); err != nil {
			return err
		}
	}
	if f.Service.Proto == vocab.UDP {
		return r.hosts[f.From.Name].bind(clientPort(i)) // or its kernel answers answers by port unreachable
	}
	return nil
}

func clientPort(flow int) uint16 { return uint16(firstPort + flow) }

// Now is the time since the start.
func (r *Run) Now() time.Duration { return time.Since(r.begun) }

// send writes packets until the run is stopped. What is late by more than some
// intervals is left out, so that no burst follows a pause.
func (r *Run) send() {
	const most = 10
	tick := time.NewTicker(r.every)
	defer tick.Stop()
	next := r.begun
	for {
		select {
		case <-r.stop:
			return
		case <-tick.C:
		}
		if behind := time.Since(next); behind > most*r.every {
			next = next.Add(behind - most*r.every)
		}
		for ; !next.After(time.Now()); next = next.Add(r.every) {
			for i := range r.flows {
				r.one(i)
			}
		}
	}
}

// one sends the next packet of a flow. One that the machine's own filter
// drops, or has no route for, is sent and lost.
func (r *Run) one(i int) {
	f := &r.flows[i]
	r.mu.Lock()
	n := len(r.sent[i])
	r.sent[i] = append(r.sent[i], Packet{Sent: r.Now(), Arrived: never, Answered: never})
	r.mu.Unlock()
	p := mark{r.nonce, uint16(i), uint32(n), false}
	r.hosts[f.From.Name].write(f.Service.Proto, segment(f.Service, f.From.Addr, f.To.Addr, clientPort(i), p), f.To.Addr)
}

// read notes what arrives at a machine, and answers where it has to.
func (r *Run) read(h *host, s *socket) {
	b := make([]byte, 64<<10)
	for {
		n, err := s.file.Read(b)
		if err != nil {
			return // closed
		}
		got, ok := parse(b[:n])
		if !ok || got.nonce != r.nonce || int(got.flow) >= len(r.flows) {
			continue
		}
		f := &r.flows[got.flow]
		if f.Service.Proto != s.proto {
			continue
		}
		if got.answer {
			if h.Name == f.From.Name {
				r.note(got.mark, func(p *Packet, at time.Duration) { p.Answered = at })
			}
			continue
		}
		if h.Name != f.To.Name {
			continue
		}
		r.note(got.mark, func(p *Packet, at time.Duration) { p.Arrived = at })
		if s.proto == vocab.TCP {
			back := got.mark
			back.answer = true
			h.write(vocab.TCP, answer(f.Service, f.To.Addr, f.From.Addr, clientPort(int(got.flow)), back), f.From.Addr)
		}
	}
}

// note records what became of a packet, the first time only.
func (r *Run) note(m mark, set func(*Packet, time.Duration)) {
	at := r.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.sent[m.flow]
	if int(m.seq) >= len(list) {
		return
	}
	before := list[m.seq]
	set(&list[m.seq], at)
	if before.Answered != never {
		list[m.seq].Answered = before.Answered
	}
	if before.Arrived != never {
		list[m.seq].Arrived = before.Arrived
	}
}

// AnsweredSince reports whether a packet of a flow that was sent at a time or
// after has been answered.
func (r *Run) AnsweredSince(flow int, at time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.sent[flow]
	for i := len(list) - 1; i >= 0 && list[i].Sent >= at; i-- {
		if list[i].Answered != never {
			return true
		}
	}
	return false
}

// Stop ends the sending, lets what is on its way arrive for the given time, and
// gives what became of every packet, by flow. It may be called once.
func (r *Run) Stop(linger time.Duration) ([][]Packet, error) {
	close(r.stop)
	r.ended.Wait()
	timer := time.NewTimer(linger)
	<-timer.C
	err := r.close()
	r.reads.Wait()
	return r.sent, err
}

func (r *Run) close() error {
	var errs []error
	for _, h := range r.hosts {
		errs = append(errs, h.close())
	}
	return errors.Join(errs...)
}

// write sends a datagram of a protocol by the machine's raw socket.
func (h *host) write(p vocab.Proto, b []byte, to netip.Addr) {
	for _, s := range h.sockets {
		if s.proto == p {
			unix.Sendto(s.fd, b, 0, &unix.SockaddrInet4{Addr: to.As4()}) // a packet that is refused is lost
		}
	}
}
