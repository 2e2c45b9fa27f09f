package bgp

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/osrg/gobgp/v4/api"
	"github.com/osrg/gobgp/v4/pkg/apiutil"
	packet "github.com/osrg/gobgp/v4/pkg/packet/bgp"

	"github.com/tieline/tieline/internal/nodeconf"
)

// How long things rest.
const (
	openRetry = 100 * time.Millisecond // a device or address that is not there yet
	lookAfter = 250 * time.Millisecond // is the device still the same one?
	confirm   = 2 * time.Millisecond   // until the server's peer is established
	restFirst = 50 * time.Millisecond  // a lost session; doubles up to restMost
	restMost  = time.Second
	steady    = 10 * time.Second // a session this old starts at restFirst again
	// The embedded server waits 4 minutes for an OPEN, and two connections that
	// cross can leave each end with another one of them until the hold time
	// ends (RFC 4271 section 6.8): a handshake that long is begun anew.
	handshakeMost = 3 * time.Second // in opensent
	confirmLast   = time.Second     // in openconfirm, which is one way and back
	yieldMost     = 3 * time.Second // the lower address lets the other dial after that
	attemptFirst  = 6 * time.Second // from making the peer; doubles up to attemptMost
	attemptMost   = time.Minute
	// restRefused is the rest of a session that passed its limit: a peer that
	// still sends too much is asked seldom (RFC 4271 section 8.1.1, damping).
	restRefused = 30 * time.Second
)

// confirmMost is how often the server is asked for a peer that is up.
const confirmMost = 500

// The states of RFC 4271 section 8.2.2, and our own.
const (
	idle        = "idle"
	active      = "active"
	opensent    = "opensent"
	openconfirm = "openconfirm"
	established = "established"
	refusedHere = "refused"
)

// session runs one session. Its goroutine alone talks to the server about the
// peer; the server's callbacks come on another.
type session struct {
	log       *slog.Logger
	queue     *queue
	transport transport
	cancel    context.CancelFunc
	done      chan struct{}
	wake      chan struct{} // something of what follows changed

	mu          sync.Mutex
	conf        nodeconf.Session
	state, why  string
	since       time.Time
	transitions int
	in          *adjacency
	up          bool              // Up was given, Down was not
	lost        bool              // the peer has to be made anew
	yield       bool              // the next time the other end may dial first
	tell        string            // what to tell the peer first
	over        bool              // the limit was passed
	made        time.Time         // when the peer was made: what is older is of another one
	list        []Export          // what Advertise was given
	want        map[string]Export // the same made whole, by prefix
	sent        map[string]Export
}

func start(conf nodeconf.Session, log *slog.Logger, q *queue) *session {
	ctx, cancel := context.WithCancel(context.Background())
	s := &session{
		log: log.With("session", conf.ID), queue: q, transport: transportOf(&conf),
		cancel: cancel, done: make(chan struct{}), wake: make(chan struct{}, 1),
		conf: conf, state: idle, since: time.Now(), in: newAdjacency(),
		want: map[string]Export{}, sent: map[string]Export{},
	}
	go s.run(ctx)
	return s
}

// run keeps a server for the session until ctx ends.
func (s *session) run(ctx context.Context) {
	defer close(s.done)
	defer s.down("the session is taken away")
	for ctx.Err() == nil {
		s.mu.Lock()
		conf := s.conf
		s.mu.Unlock()
		index := deviceIndex(conf.Device)
		if index == 0 && conf.Device != "" {
			s.setState(idle, fmt.Sprintf("device %s is not there", conf.Device))
			pause(ctx, openRetry)
			continue
		}
		srv, err := open(&conf, s.log, s.onPeer, s.onPaths)
		if err != nil {
			s.setState(idle, err.Error())
			pause(ctx, openRetry)
			continue
		}
		if err := s.serve(ctx, srv, index); err != nil {
			s.log.Info("bgp listener is made anew", "reason", err)
			s.down(err.Error())
			pause(ctx, openRetry)
		}
		srv.close()
	}
}

// serve keeps a peer until ctx ends, or the device that the server is bound to
// is another one.
func (s *session) serve(ctx context.Context, srv *server, index int) error {
	look := time.NewTicker(lookAfter)
	defer look.Stop()
	rest, attempt := restFirst, attemptFirst
	for {
		yielding, err := s.makePeer(srv)
		if err != nil {
			return err
		}
		if yielding {
			attempt = yieldMost
		}
		begun, before := time.Now(), s.times()
		if err := s.follow(ctx, srv, look, index, attempt); err != nil || ctx.Err() != nil {
			return err
		}
		attempt = min(max(2*attempt, attemptFirst), attemptMost)
		s.mu.Lock()
		tell, over := s.tell, s.over
		if s.transitions > before {
			attempt = attemptFirst
		}
		s.tell = ""
		s.mu.Unlock()
		if tell != "" {
			if err := srv.resetPeer(tell); err != nil {
				return err
			}
			// It is sent by another goroutine, which deleting the peer ends.
			pause(ctx, restFirst)
		}
		if time.Since(begun) > steady {
			rest = restFirst
		}
		wait := rest
		if over {
			wait = restRefused
		}
		rest = min(2*rest, restMost)
		pause(ctx, wait)
		if err := srv.deletePeer(); err != nil {
			return err
		}
	}
}

// makePeer begins anew: nothing is sent, nothing received. It reports whether
// the other end is let dial.
func (s *session) makePeer(srv *server) (yielding bool, err error) {
	s.mu.Lock()
	yielding, s.yield = s.yield, false
	s.lost, s.over = false, false
	clear(s.sent)
	s.made = time.Now()
	s.mu.Unlock()
	return yielding, srv.addPeer(yielding)
}

// follow announces what is wanted while the peer lives; it returns nil when the
// peer is lost.
func (s *session) follow(ctx context.Context, srv *server, look *time.Ticker, index int, attempt time.Duration) error {
	confirmed, asked := false, 0
	for {
		s.mu.Lock()
		up, lost := s.up, s.lost
		s.mu.Unlock()
		if lost {
			return nil
		}
		if up && !confirmed {
			if confirmed = srv.established(); !confirmed {
				pause(ctx, confirm)
				if asked++; asked > confirmMost || ctx.Err() != nil {
					s.abandon("the session ended as it was established")
					return nil
				}
				continue
			}
		}
		if confirmed {
			if err := s.push(srv); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-look.C:
			if now := deviceIndex(srv.conf.Device); now != index {
				return fmt.Errorf("device %s is gone or another one", srv.conf.Device)
			}
			s.giveUp(time.Now(), attempt)
		}
	}
}

// giveUp loses a peer whose handshake does not end, or that is not up after an
// attempt's time.
func (s *session) giveUp(now time.Time, attempt time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	crossed := s.state == openconfirm && now.Sub(s.since) > confirmLast
	shaking := crossed || s.state == opensent && now.Sub(s.since) > handshakeMost
	if s.up || s.lost || !shaking && now.Sub(s.made) < attempt {
		return
	}
	why := s.why
	if shaking {
		why = "the handshake did not end"
	}
	// Both ends begin anew now: that their connections do not cross again, one
	// of them waits.
	s.yield = crossed && s.conf.Local.Less(s.conf.Peer)
	s.lose(s.state, why)
}

// push announces the difference between what is wanted and what was sent.
func (s *session) push(srv *server) error {
	s.mu.Lock()
	var add []Export
	var withdraw []netip.Prefix
	for _, key := range slices.Sorted(maps.Keys(s.want)) {
		e := s.want[key]
		if old, ok := s.sent[key]; !ok || !sameExport(&old, &e) {
			add = append(add, e)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.sent)) {
		if _, ok := s.want[key]; !ok {
			withdraw = append(withdraw, s.sent[key].Prefix)
		}
	}
	s.sent = maps.Clone(s.want)
	s.mu.Unlock()
	if len(add) == 0 && len(withdraw) == 0 {
		return nil
	}
	return srv.announce(add, withdraw)
}

// onPeer follows the states of the peer.
func (s *session) onPeer(ev *apiutil.WatchEventMessage_PeerEvent, at time.Time) {
	if ev.Type != apiutil.PEER_EVENT_STATE {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if at.Before(s.made) || s.lost {
		return
	}
	state, why := ev.Peer.State.SessionState, ev.Peer.State.DisconnectMessage
	switch state {
	case packet.BGP_FSM_ESTABLISHED:
		s.stateIs(established, "")
		s.transitions++
		s.up = true
		s.in = newAdjacency()
		s.queue.put(Event{Session: s.conf.ID, Kind: Up})
	case packet.BGP_FSM_IDLE:
		if ev.Peer.State.AdminState == api.PeerState_ADMIN_STATE_PFX_CT {
			s.over = true
			s.lose(refusedHere, fmt.Sprintf("the peer sent more than %d prefixes: ended with a Cease (RFC 4486), tried again after %v", s.conf.Most, restRefused))
		} else {
			s.lose(idle, why)
		}
	case packet.BGP_FSM_CONNECT, packet.BGP_FSM_ACTIVE:
		s.stateIs(active, s.why)
	case packet.BGP_FSM_OPENSENT:
		s.stateIs(opensent, s.why)
	case packet.BGP_FSM_OPENCONFIRM:
		s.stateIs(openconfirm, s.why)
	}
	s.signal()
}

// onPaths takes what the peer sent.
func (s *session) onPaths(paths []*apiutil.Path, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.up || at.Before(s.made) {
		return
	}
	for _, p := range paths {
		l, ok := learnedOf(p)
		if !ok {
			continue
		}
		if s.conf.ASN != s.conf.PeerASN {
			l.LocalPref = defaultLocalPref // RFC 4271 section 5.1.5: not from an external peer
		}
		if p.Withdrawal {
			delete(s.in.received, l.Prefix)
		} else {
			s.in.received[l.Prefix] = l
		}
	}
	s.settle()
}

// settle gives the differences of what is taken; mu is held.
func (s *session) settle() {
	add, withdraw := s.in.settle(&s.conf)
	if len(add) > 0 || len(withdraw) > 0 {
		s.queue.put(Event{Session: s.conf.ID, Kind: Update, Add: add, Withdraw: withdraw})
	}
}

// setPolicy takes a configuration with the same transport.
func (s *session) setPolicy(conf nodeconf.Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conf = conf
	s.want = compose(&s.conf, s.list)
	if s.up {
		s.settle()
	}
	s.signal()
}

func (s *session) advertise(list []Export) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = slices.Clone(list)
	s.want = compose(&s.conf, s.list)
	s.signal()
}

// reset ends the session and has the peer told. One that only dials goes on:
// there is nothing to end.
func (s *session) reset(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost || !s.up && s.state != opensent && s.state != openconfirm {
		return
	}
	if s.up {
		s.tell = why
	}
	s.lose(idle, why)
	s.signal()
}

func (s *session) abandon(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.lost {
		s.lose(idle, why)
	}
}

// lose ends what the peer brought and has it made anew; mu is held.
func (s *session) lose(state, why string) {
	s.lost = true
	s.end(why)
	s.stateIs(state, why)
}

// end gives Down where Up was given; mu is held.
func (s *session) end(why string) {
	if !s.up {
		return
	}
	s.up = false
	s.in = newAdjacency()
	s.queue.put(Event{Session: s.conf.ID, Kind: Down, Why: why})
}

func (s *session) down(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(why)
	s.stateIs(idle, why)
}

func (s *session) setState(state, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stateIs(state, why)
}

// stateIs notes a state; mu is held.
func (s *session) stateIs(state, why string) {
	if s.state != state {
		s.since = time.Now()
	}
	s.state, s.why = state, why
}

func (s *session) status() nodeconf.SessionState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return nodeconf.SessionState{
		ID: s.conf.ID, State: s.state, Why: s.why, Since: s.since,
		Received: len(s.in.received), Taken: len(s.in.taken),
		Advertised: len(s.sent), Transitions: s.transitions,
	}
}

// times is how often the session was established.
func (s *session) times() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.transitions
}

func (s *session) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// compose makes the announcements of a session whole: its prepended AS numbers,
// MED and communities. What passed the peer's AS is left out, since the peer
// would refuse it (RFC 4271 section 9.1.2).
func compose(conf *nodeconf.Session, list []Export) map[string]Export {
	out := make(map[string]Export, len(list))
	external := conf.ASN != conf.PeerASN
	for _, e := range list {
		if external && slices.Contains(e.Path, conf.PeerASN) {
			continue
		}
		if external && conf.Prepend > 0 {
			e.Path = append(slices.Repeat([]uint32{conf.ASN}, conf.Prepend), e.Path...)
		}
		if e.MED == nil {
			e.MED = conf.MED
		}
		communities := slices.Clone(e.Communities)
		for _, text := range conf.Communities {
			if c, err := parseCommunity(text); err == nil { // Set checked it
				communities = append(communities, c)
			}
		}
		slices.Sort(communities)
		e.Communities = slices.Compact(communities)
		out[e.Prefix.String()] = e
	}
	return out
}

func sameExport(a, b *Export) bool {
	med := a.MED == b.MED || a.MED != nil && b.MED != nil && *a.MED == *b.MED
	return med && a.Prefix == b.Prefix && slices.Equal(a.Path, b.Path) && slices.Equal(a.Communities, b.Communities)
}

// deviceIndex is the kernel's number of a device, 0 when it is not there.
func deviceIndex(name string) int {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return 0
	}
	return i.Index
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
