// Package bgp runs the BGP sessions of a node (RFC 4271) with the embedded
// GoBGP, one server a session: each listens on the session's own address and
// device, and each has an adjacency out of its own. It takes whole desired
// sessions and whole lists of announcements and gives events; it chooses no
// routes and touches no kernel.
//
// What holds of GoBGP v4.8.0 and is dealt with here: timers are whole seconds;
// the first dial comes 1.5 to 2 s after a peer is made and a lost session rests
// 5 s, so a lost peer is made anew; a path that has our own AS number is left
// out of its events even where it replaces one that is not, so loops are
// refused here; and what is announced in the moment of establishment can be
// lost, so announcing starts when the peer's state is seen established.
package bgp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/tieline/tieline/internal/nodeconf"
)

// EventKind says what happened to a session.
type EventKind int

// The kinds of event.
const (
	Up     EventKind = iota // established; nothing is learned yet
	Down                    // ended; all that was learned is gone
	Update                  // routes were learned or withdrawn
)

// String names the kind.
func (k EventKind) String() string {
	switch k {
	case Up:
		return "up"
	case Down:
		return "down"
	case Update:
		return "update"
	default:
		return fmt.Sprintf("EventKind(%d)", int(k))
	}
}

// Event is a change of one session. Events of a session come in order.
type Event struct {
	Session  string
	Kind     EventKind
	Why      string         // of Down
	Add      []Learned      // of Update, by prefix: new or changed
	Withdraw []netip.Prefix // of Update, by prefix
}

// Learned is a route that a session brought.
type Learned struct {
	Prefix      netip.Prefix
	Path        []uint32 // AS numbers, the peer's first
	MED         uint32   // 0 when the peer sent none
	LocalPref   uint32   // 100 when the peer sent none
	Communities []uint32 // sorted; RFC 1997
}

// Export is a route that a session announces.
type Export struct {
	Prefix      netip.Prefix
	Path        []uint32 // without our own AS number
	MED         *uint32  // nil: the session's
	Communities []uint32 // beside the session's
}

// Speaker is the BGP sessions of one node.
type Speaker struct {
	log   *slog.Logger
	queue *queue

	// setting is held by Set and Close, which may wait for sessions to end; mu
	// never is for long, so that Reset does not wait for them.
	setting  sync.Mutex
	mu       sync.Mutex
	sessions map[string]*session
	closed   bool
}

// New makes a speaker without sessions. Its sockets are made in the network
// namespace of the process.
func New(log *slog.Logger) *Speaker {
	return &Speaker{log: log, queue: newQueue(), sessions: map[string]*session{}}
}

// Events gives what happens. It must be read; it closes with the speaker.
func (s *Speaker) Events() <-chan Event { return s.queue.out }

// Set makes the sessions those named: new ones start, ones that are gone end
// with a Cease, and one whose transport is the same stays established and only
// has its policy changed. All mistakes are returned at once, and then nothing
// is changed.
func (s *Speaker) Set(ctx context.Context, want []nodeconf.Session) error {
	if err := check(want); err != nil {
		return err
	}
	s.setting.Lock()
	defer s.setting.Unlock()
	ending, err := s.keep(want)
	if err != nil {
		return err
	}
	// Ended before others start: a new one may need the same address.
	stop(ending)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conf := range want {
		if s.sessions[conf.ID] == nil {
			s.sessions[conf.ID] = start(conf, s.log, s.queue)
		}
	}
	return ctx.Err()
}

// keep gives the sessions that stay their policy and takes out the others.
func (s *Speaker) keep(want []nodeconf.Session) (ending []*session, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("the speaker is closed")
	}
	named := map[string]nodeconf.Session{}
	for _, conf := range want {
		named[conf.ID] = conf
	}
	for _, id := range s.ids() {
		running := s.sessions[id]
		conf, ok := named[id]
		if ok && running.transport == transportOf(&conf) {
			running.setPolicy(conf)
			continue
		}
		ending = append(ending, running)
		delete(s.sessions, id)
	}
	return ending, nil
}

// Advertise makes what a session announces the list, whole; only differences
// go out. It may be called before the session is up.
func (s *Speaker) Advertise(id string, list []Export) error {
	s.mu.Lock()
	session := s.sessions[id]
	s.mu.Unlock()
	if session == nil {
		return fmt.Errorf("no session %q", id)
	}
	session.advertise(list)
	return nil
}

// Reset ends a session at once, as when BFD finds its path dead (RFC 5882
// section 4.3.1): the Down event is in the channel when it returns. The session
// then tries to come back.
func (s *Speaker) Reset(id, why string) error {
	s.mu.Lock()
	session := s.sessions[id]
	s.mu.Unlock()
	if session == nil {
		return fmt.Errorf("no session %q", id)
	}
	session.reset(why)
	return nil
}

// States lists the states of the sessions, by id.
func (s *Speaker) States() []nodeconf.SessionState {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]nodeconf.SessionState, 0, len(s.sessions))
	for _, id := range s.ids() {
		out = append(out, s.sessions[id].status())
	}
	return out
}

// Close ends all sessions with a Cease and closes the channel of events.
func (s *Speaker) Close() {
	s.setting.Lock()
	defer s.setting.Unlock()
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	var all []*session
	for _, id := range s.ids() {
		all = append(all, s.sessions[id])
	}
	clear(s.sessions)
	s.mu.Unlock()
	if closed {
		return
	}
	stop(all)
	s.queue.close()
}

// ids lists the sessions, sorted; mu is held.
func (s *Speaker) ids() []string {
	ids := make([]string, 0, len(s.sessions))
	for id := range s.sessions {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, strings.Compare)
	return ids
}

// stop ends sessions side by side and waits for them.
func stop(sessions []*session) {
	for _, s := range sessions {
		s.cancel()
	}
	for _, s := range sessions {
		<-s.done
	}
}

// queue is a channel of events without a bound, so that no session waits for
// the reader.
type queue struct {
	out  chan Event
	wake chan struct{}

	mu     sync.Mutex
	items  []Event
	closed bool
}

func newQueue() *queue {
	q := &queue{out: make(chan Event, 64), wake: make(chan struct{}, 1)}
	go q.run()
	return q
}

func (q *queue) put(e Event) {
	q.mu.Lock()
	if !q.closed {
		q.items = append(q.items, e)
	}
	q.mu.Unlock()
	q.signal()
}

// close drops what nobody reads any more.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.signal()
	for range q.out { // until run closes it
	}
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) run() {
	defer close(q.out)
	for range q.wake {
		q.mu.Lock()
		items, closed := q.items, q.closed
		q.items = nil
		q.mu.Unlock()
		for _, e := range items {
			q.out <- e
		}
		if closed {
			return
		}
	}
}
