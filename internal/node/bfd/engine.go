// Package bfd is bidirectional forwarding detection over single hops: RFC 5880
// in asynchronous mode, in the encapsulation of RFC 5881, IPv4, without
// authentication, echo or demand of its own. It takes the whole list of
// sessions and gives their changes of state.
//
// One goroutine does all of it: it empties the socket before it looks at the
// clock, so that a session is never declared dead over packets that had come
// but were not read yet.
package bfd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Session is one to be kept.
type Session struct {
	ID         string
	Device     string
	Local      netip.Addr
	Peer       netip.Addr
	Interval   time.Duration // both ways, from 10 ms to 1 h
	Multiplier int           // 1 to 255
}

// Event is a change of a session's state.
type Event struct {
	ID    string
	State State
	Diag  Diag // why it is down
	// Failed: the session was up and its path is dead. It is false when the
	// peer took the session down on purpose (RFC 5882 section 3.2).
	Failed bool
}

// lookAgain is how soon a socket is tried anew, and when the loop looks anyway.
const lookAgain = 200 * time.Millisecond

// lingerMost bounds how long Close tells the peers.
const lingerMost = time.Second

// Engine keeps sessions.
type Engine struct {
	log  *slog.Logger
	out  chan Event
	done chan struct{}
	recv *receiver

	mu       sync.Mutex
	sessions []*live
	pending  []Event
	closing  bool
	failure  error // why the loop ended by itself
	woken    chan struct{}
}

// live is a session that runs.
type live struct {
	conf    Session
	machine *machine
	conn    *net.UDPConn
	index   int       // of the device
	next    time.Time // periodic packet
	reopen  time.Time // not before
	until   time.Time // of one that is taken away: told until then
	problem string    // the last one of its socket
}

// New makes an engine without sessions. Its sockets are made in the network
// namespace of the process.
func New(log *slog.Logger) *Engine {
	e := &Engine{log: log, out: make(chan Event), done: make(chan struct{}), woken: make(chan struct{}, 1)}
	return e
}

// Events gives the changes of state, in order. It must be read; it closes with
// the engine.
func (e *Engine) Events() <-chan Event { return e.out }

// Set makes the sessions those named. One whose timers alone change stays up;
// one that is gone tells its peer that it is down on purpose. All mistakes are
// returned at once, and then nothing is changed.
func (e *Engine) Set(want []Session) error {
	if err := check(want); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failure != nil {
		return e.failure
	}
	if e.closing {
		return errors.New("the engine is closed")
	}
	if e.recv == nil && len(want) > 0 {
		if err := e.begin(); err != nil {
			return err
		}
	}
	now := time.Now()
	e.retire(func(s *live) bool {
		return slices.ContainsFunc(want, func(w Session) bool { return w.ID == s.conf.ID && w.sameHop(&s.conf) })
	}, now)
	for _, w := range want {
		i := slices.IndexFunc(e.sessions, func(s *live) bool { return s.until.IsZero() && s.conf.ID == w.ID })
		if i >= 0 {
			s := e.sessions[i]
			if s.conf != w {
				s.conf = w
				s.machine.configure(w.Interval, uint8(w.Multiplier))
				s.next = now
			}
			continue
		}
		// What is still being told down between the same two ends makes way.
		e.sessions = slices.DeleteFunc(e.sessions, func(s *live) bool {
			if s.until.IsZero() || !w.sameHop(&s.conf) {
				return false
			}
			s.close()
			return true
		})
		e.sessions = append(e.sessions, &live{conf: w, machine: newMachine(e.discriminator(), w.Interval, uint8(w.Multiplier)), next: now})
	}
	e.wake()
	return nil
}

// States gives the state of each session, by id.
func (e *Engine) States() map[string]State {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := map[string]State{}
	for _, s := range e.sessions {
		if s.until.IsZero() {
			out[s.conf.ID] = s.machine.state
		}
	}
	return out
}

// Close tells all peers that the sessions are down on purpose, for a detection
// time but at most a second, and ends.
func (e *Engine) Close() {
	e.mu.Lock()
	running := e.recv != nil
	if e.closing {
		e.mu.Unlock()
		if running {
			<-e.done
		}
		return
	}
	e.closing = true
	if !running {
		close(e.out)
		e.mu.Unlock()
		return
	}
	e.retire(func(*live) bool { return false }, time.Now())
	e.pending = nil
	e.wake()
	e.mu.Unlock()
	go func() {
		for range e.out { // nobody else has to read any more
		}
	}()
	<-e.done
}

// begin opens the socket and starts the loop; mu is held.
func (e *Engine) begin() error {
	recv, err := listen()
	if err != nil {
		return fmt.Errorf("listen on UDP port %d: %w", port, err)
	}
	e.recv = recv
	go e.deliver()
	go e.run()
	return nil
}

// retire sets the sessions that are not kept administratively down; mu is held.
func (e *Engine) retire(keep func(*live) bool, now time.Time) {
	for _, s := range e.sessions {
		if !s.until.IsZero() || keep(s) {
			continue
		}
		m := s.machine
		linger := min(lingerMost, time.Duration(m.multiplier)*max(m.interval, m.remoteRequiredRx))
		m.enter(AdminDown, Administratively)
		m.effectiveTx = m.interval // quickly: it is told for a short time
		s.until = now.Add(linger)
		s.next = now
	}
}

// discriminator picks one that is not used; mu is held.
func (e *Engine) discriminator() uint32 {
	for {
		d := rand.Uint32()
		used := func(s *live) bool { return s.machine.discriminator == d }
		if d != 0 && !slices.ContainsFunc(e.sessions, used) {
			return d
		}
	}
}

// wake has the loop look again; mu is held.
func (e *Engine) wake() {
	if e.recv != nil {
		_ = e.recv.conn.SetReadDeadline(time.Unix(1, 0)) // fails when closed
	}
}

// run is the loop.
func (e *Engine) run() {
	defer close(e.done)
	for {
		e.mu.Lock()
		// The clock is read before the socket is emptied: what is due by it
		// and was not saved by a packet is truly due.
		now := time.Now()
		err := e.recv.drain(func(d datagram) { e.take(d, now) })
		next := e.tick(now)
		if err == nil && !(e.closing && len(e.sessions) == 0) {
			// A wake between here and the wait sets a deadline in the past,
			// which this would undo: so it is set under mu.
			err = e.recv.conn.SetReadDeadline(next)
			e.mu.Unlock()
			if err == nil {
				err = e.recv.wait()
			}
			if err == nil {
				continue
			}
			e.mu.Lock()
		}
		if err != nil {
			e.failure = fmt.Errorf("bfd socket: %w", err)
			e.log.Error("bfd ended", "error", err)
			for _, s := range e.sessions {
				if s.until.IsZero() && s.machine.state != Down {
					failed := s.machine.state == Up
					s.machine.enter(Down, TimeExpired)
					e.report(s, failed)
				}
			}
			e.closing = true
		}
		for _, s := range e.sessions {
			s.close()
		}
		_ = e.recv.conn.Close()
		e.mu.Unlock()
		e.signal()
		return
	}
}

// tick sends what is due, declares dead what is, and says when to look next;
// mu is held.
func (e *Engine) tick(now time.Time) time.Time {
	next := now.Add(lookAgain)
	for _, s := range e.sessions {
		m := s.machine
		if at, ok := m.deadline(); ok && !at.After(now) {
			failed := m.state == Up
			if m.expire() {
				e.report(s, failed)
				s.next = now
			}
		}
		if interval, ok := m.transmission(); ok && !s.next.After(now) {
			e.send(s, false, now)
			s.next = now.Add(m.jittered(interval, rand.Float64()))
			if s.conn == nil { // its device or address is not there yet
				s.next = s.reopen
			}
		} else if !ok {
			s.next = now.Add(lookAgain)
		}
		if at, ok := m.deadline(); ok && at.Before(next) {
			next = at
		}
		if s.next.Before(next) {
			next = s.next
		}
	}
	e.sessions = slices.DeleteFunc(e.sessions, func(s *live) bool {
		if s.until.IsZero() || now.Before(s.until) {
			return false
		}
		s.close()
		return true
	})
	return next
}

// take gives a datagram to its session; mu is held.
func (e *Engine) take(d datagram, now time.Time) {
	if d.ttl != ttl { // RFC 5881 section 5: from this hop only
		return
	}
	p, err := Parse(d.data)
	if err != nil {
		return
	}
	s := e.find(&p, &d)
	if s == nil {
		return
	}
	before := s.machine.state
	send, final := s.machine.receive(&p, now)
	if after := s.machine.state; after != before && s.until.IsZero() {
		e.report(s, before == Up && p.State != AdminDown)
	}
	if send {
		e.send(s, final, now)
	}
	if interval, ok := s.machine.transmission(); ok {
		// A shorter interval holds from now (RFC 5880 section 6.8.3).
		if latest := now.Add(interval); s.next.After(latest) {
			s.next = latest
		}
	}
	if s.machine.polling && before != s.machine.state {
		s.next = now
	}
}

// find says whose a packet is: by discriminator, or before the peer knows it,
// by device and source (RFC 5881 section 3). mu is held.
func (e *Engine) find(p *Packet, d *datagram) *live {
	for _, s := range e.sessions {
		if p.Your != 0 && s.machine.discriminator != p.Your || d.from != s.conf.Peer || d.to != s.conf.Local {
			continue
		}
		if s.conf.Device != "" && d.device != s.index {
			continue
		}
		if p.Your == 0 && !s.until.IsZero() {
			continue
		}
		return s
	}
	return nil
}

// send sends a packet of the session, opening its socket where needed. A
// failure is the path's: the peer notices by itself. mu is held.
func (e *Engine) send(s *live, final bool, now time.Time) {
	if s.conn == nil {
		if now.Before(s.reopen) {
			return
		}
		conn, index, err := newSender(s.conf.Device, s.conf.Local)
		if err != nil {
			s.reopen = now.Add(lookAgain)
			e.complain(s, err)
			return
		}
		s.conn, s.index = conn, index
	}
	p := s.machine.packet(final)
	if _, err := s.conn.WriteToUDPAddrPort(p.Append(nil), netip.AddrPortFrom(s.conf.Peer, port)); err != nil {
		e.complain(s, err)
		s.close()
		s.reopen = now.Add(lookAgain)
		return
	}
	s.problem = ""
}

// complain logs a problem of a session's socket once.
func (e *Engine) complain(s *live, err error) {
	if s.problem != err.Error() {
		s.problem = err.Error()
		e.log.Info("bfd cannot send", "session", s.conf.ID, "error", err)
	}
}

func (s *live) close() {
	if s.conn != nil {
		_ = s.conn.Close()
		s.conn = nil
	}
}

// report queues the state of a session; mu is held.
func (e *Engine) report(s *live, failed bool) {
	e.pending = append(e.pending, Event{ID: s.conf.ID, State: s.machine.state, Diag: s.machine.diag, Failed: failed})
	e.signal()
}

func (e *Engine) signal() {
	select {
	case e.woken <- struct{}{}:
	default:
	}
}

// deliver hands the events on, so that the loop never waits for their reader.
func (e *Engine) deliver() {
	defer close(e.out)
	for {
		select {
		case <-e.woken:
		case <-e.done:
			for _, ev := range e.collect() {
				e.out <- ev
			}
			return
		}
		for _, ev := range e.collect() {
			e.out <- ev
		}
	}
}

func (e *Engine) collect() []Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	events := e.pending
	e.pending = nil
	return events
}

// sameHop reports whether two sessions are between the same ends.
func (s *Session) sameHop(o *Session) bool {
	return s.Device == o.Device && s.Local == o.Local && s.Peer == o.Peer
}

// check returns all that is wrong with the sessions.
func check(sessions []Session) error {
	var errs []error
	ids := map[string]bool{}
	for i := range sessions {
		s := &sessions[i]
		bad := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("bfd session %q: "+format, append([]any{s.ID}, args...)...))
		}
		if s.ID == "" || ids[s.ID] {
			bad("its id must be there and unique")
		}
		ids[s.ID] = true
		if !s.Local.Is4() || !s.Peer.Is4() || s.Local == s.Peer {
			bad("local %v and peer %v must be two IPv4 addresses", s.Local, s.Peer)
		}
		if s.Interval < 10*time.Millisecond || s.Interval > time.Hour {
			bad("interval %v must be from 10ms to 1h", s.Interval)
		}
		if s.Multiplier < 1 || s.Multiplier > 255 {
			bad("multiplier %d must be from 1 to 255", s.Multiplier)
		}
		if slices.ContainsFunc(sessions[:i], func(o Session) bool { return s.sameHop(&o) }) {
			bad("another one is between %v and %v on %s already", s.Local, s.Peer, s.Device)
		}
	}
	return errors.Join(errs...)
}

// native reads a number of the kernel's.
func native(b []byte) uint32 { return binary.NativeEndian.Uint32(b) }
