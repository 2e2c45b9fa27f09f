package probe

import (
	"log/slog"
	"net/netip"
	"sync"
	"time"
)

// What a reflector remembers of senders.
const (
	mostSessions = 4096
	// sessionIdle is after how long a session is forgotten: REFWAIT of RFC 5357
	// section 4.2.
	sessionIdle = 900 * time.Second
)

// counter numbers what comes in, by sender, so that a sender can tell on which
// way its packets were lost (a stateful reflector, RFC 8762 section 4). Where
// it knows too many senders it copies their numbers, as a stateless one does.
type counter struct {
	sessions map[sessionKey]*counted
}

type sessionKey struct {
	from netip.AddrPort
	to   netip.Addr
	id   uint16
}

type counted struct {
	next uint32
	last time.Time
}

func (c *counter) number(key sessionKey, seq uint32, now time.Time) uint32 {
	s := c.sessions[key]
	if s == nil {
		if len(c.sessions) >= mostSessions {
			for k, old := range c.sessions {
				if now.Sub(old.last) > sessionIdle {
					delete(c.sessions, k)
				}
			}
		}
		if len(c.sessions) >= mostSessions {
			return seq
		}
		if c.sessions == nil {
			c.sessions = map[sessionKey]*counted{}
		}
		s = &counted{}
		c.sessions[key] = s
	}
	if now.Sub(s.last) > sessionIdle {
		s.next = 0
	}
	n := s.next
	s.next++
	s.last = now
	return n
}

// reflector answers STAMP test packets on one address.
type reflector struct {
	at     netip.AddrPort
	socket *socket
	clock  func() uint16
	log    *slog.Logger
	runs   sync.WaitGroup
}

func newReflector(at netip.AddrPort, clock func() uint16, log *slog.Logger, within func(func() error) error) (*reflector, error) {
	r := &reflector{at: at, clock: clock, log: log}
	err := within(func() (err error) { r.socket, err = listenUDP(at); return err })
	if err != nil {
		return nil, err
	}
	r.runs.Go(r.run)
	return r, nil
}

func (r *reflector) run() {
	var count counter
	failed := false
	for {
		d, err := r.socket.receive()
		if err != nil {
			if pathError(err) {
				continue
			}
			r.log.Debug("reflector ended", "address", r.at, "error", err)
			return
		}
		b := r.reflect(&d, &count)
		if b == nil {
			continue
		}
		err = r.socket.answer(&d, b)
		if (err != nil) != failed {
			failed = err != nil
			r.log.Debug("reflector answers", "address", r.at, "to", d.from, "error", err)
		}
	}
}

// reflect makes the answer to a packet; nil where there is none. What comes
// from STAMP's port may be another reflector's answer: two of them would answer
// each other for ever.
func (r *reflector) reflect(d *datagram, count *counter) []byte {
	if d.from.Port() == stampPort || d.from.Port() == r.at.Port() {
		return nil
	}
	q, err := parseRequest(d.data)
	if err != nil {
		return nil
	}
	p := reply{
		seq:      count.number(sessionKey{d.from, d.to, q.session}, q.seq, d.at),
		estimate: r.clock(), session: q.session, received: toNTP(d.at), sender: q, ttl: uint8(d.ttl),
	}
	// The rest of the packet goes back as it came: padding, and TLVs whose flag
	// "unrecognized" their sender has set (RFC 8972 section 4).
	b := make([]byte, replySize(len(d.data)))
	copy(b, d.data)
	p.at = toNTP(time.Now())
	p.put(b)
	return b
}

func (r *reflector) close() {
	r.socket.close()
	r.runs.Wait()
}
