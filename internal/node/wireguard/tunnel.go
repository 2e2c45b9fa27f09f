package wireguard

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tieline/tieline/internal/nodeconf"
)

// link is a WireGuard device with one peer; it has two implementations.
type link interface {
	configure(old, c config) error
	stats(config) (stats, error)
	// dial starts a handshake now, whatever was tried before.
	dial(config) error
	// rekey starts a handshake beside the keys in use.
	rekey(config) error
	// forget has the peer's next handshake taken whatever its clock says.
	forget(config) error
	// gone: it is closed, or somebody took the device away.
	gone() bool
	// trouble is what went wrong last, for people; empty for nothing.
	trouble() string
	close() // once or more often
}

type stats struct {
	handshake      time.Time // the last that was completed; zero for none
	sent, received uint64    // bytes
}

// rejectAfter is how long the keys of a handshake are good
// (REJECT_AFTER_TIME, WireGuard paper, section 6.1).
const rejectAfter = 180 * time.Second

// How often a tunnel is looked at, and how soon an initiator dials again.
const (
	lookDown   = 50 * time.Millisecond
	lookUp     = time.Second
	firstRetry = 250 * time.Millisecond
	lastRetry  = time.Second
)

// tunnel is one end, with a goroutine that watches it and, on the initiator's
// end, dials until there is an answer.
type tunnel struct {
	opts *Options
	log  *slog.Logger
	stop context.CancelFunc
	done chan struct{}

	linkMu sync.Mutex // held while the link is used, or another takes its place
	link   link

	mu         sync.Mutex
	conf       config
	last       stats
	fresh      time.Time // when the last handshake was, on the clock that does not jump
	since      time.Time // up since then; zero: down
	handshakes int
}

func newLink(opts *Options, c config) (link, error) {
	switch opts.Provider {
	case Kernel:
		return newKernel(opts, c)
	case Userspace:
		return newUserspace(opts, c)
	}
	return nil, fmt.Errorf("provider %q is not known", opts.Provider)
}

func start(opts *Options, c config) (*tunnel, error) {
	l, err := newLink(opts, c)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	t := &tunnel{opts: opts, log: opts.Log, link: l, stop: stop, done: make(chan struct{}), conf: c}
	go t.watch(ctx)
	return t, nil
}

func (t *tunnel) config() config {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.conf
}

func (t *tunnel) reconfigure(c config) error {
	t.linkMu.Lock()
	defer t.linkMu.Unlock()
	if err := t.link.configure(t.config(), c); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conf.peer != c.peer {
		t.last, t.since = stats{}, time.Time{}
	}
	t.conf = c
	return nil
}

func (t *tunnel) rekey() error {
	t.linkMu.Lock()
	defer t.linkMu.Unlock()
	return t.link.rekey(t.config())
}

// remake makes the link anew when somebody took its device away.
func (t *tunnel) remake() {
	t.linkMu.Lock()
	defer t.linkMu.Unlock()
	if !t.link.gone() {
		return
	}
	c := t.config()
	t.link.close()
	l, err := newLink(t.opts, c)
	if err != nil {
		t.log.Debug("wireguard device lost", "device", c.name, "error", err)
		return
	}
	t.link = l
	t.mu.Lock()
	t.last, t.since = stats{}, time.Time{}
	t.mu.Unlock()
	t.log.Warn("wireguard device was taken away, and is made again", "device", c.name)
	if t.opts.Remade != nil {
		t.opts.Remade(c.name)
	}
}

func (t *tunnel) dial() {
	t.linkMu.Lock()
	defer t.linkMu.Unlock()
	c := t.config()
	if err := t.link.dial(c); err != nil {
		t.log.Debug("wireguard dial", "device", c.name, "error", err)
	}
}

func (t *tunnel) close() {
	t.stop()
	<-t.done
	t.link.close()
}

// watch looks at the tunnel, and dials. The first handshake is started by the
// configuration itself (a new keepalive interval sends one at once).
func (t *tunnel) watch(ctx context.Context) {
	defer close(t.done)
	retry := firstRetry
	dialed := time.Now()
	timer := time.NewTimer(lookDown)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		t.remake()
		up, initiate := t.look(time.Now())
		if up {
			retry = firstRetry
			timer.Reset(lookUp)
			continue
		}
		timer.Reset(lookDown)
		if !initiate || time.Since(dialed) < retry {
			continue
		}
		t.dial()
		dialed = time.Now()
		retry = min(2*retry, lastRetry)
	}
}

// look reads the device's counters and tells whether the tunnel is up.
func (t *tunnel) look(now time.Time) (up, initiate bool) {
	t.linkMu.Lock()
	defer t.linkMu.Unlock()
	c := t.config()
	s, err := t.link.stats(c)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil || t.conf.peer != c.peer {
		s = stats{sent: t.last.sent, received: t.last.received}
	}
	if !s.handshake.IsZero() && !s.handshake.Equal(t.last.handshake) {
		t.handshakes++
		t.fresh = now.Add(-min(max(now.Sub(s.handshake), 0), rejectAfter))
	}
	t.last = s
	up = !s.handshake.IsZero() && now.Sub(t.fresh) < rejectAfter
	switch {
	case up && t.since.IsZero():
		t.since = s.handshake
		t.log.Info("wireguard tunnel up", "device", t.conf.name, "id", t.conf.id)
	case !up && !t.since.IsZero():
		t.since = time.Time{}
		t.log.Warn("wireguard tunnel down", "device", t.conf.name, "id", t.conf.id)
		t.forget()
	}
	return up, t.conf.initiate
}

// forget is for a tunnel without keys: a handshake has to bear a later time
// than the last (WireGuard paper, section 5.1), so that an initiator whose clock
// was set back would be refused for as long as that was. No keys are left that
// an old handshake, sent again by somebody, could harm. Both locks are held.
func (t *tunnel) forget() {
	if t.conf.initiate {
		return // nobody calls it
	}
	if err := t.link.forget(t.conf); err != nil {
		t.log.Debug("wireguard forget", "device", t.conf.name, "error", err)
	}
}

func (t *tunnel) state() nodeconf.TunnelState {
	up, initiate := t.look(time.Now())
	t.linkMu.Lock()
	defer t.linkMu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	s := nodeconf.TunnelState{
		Name: t.conf.name, ID: t.conf.id, Kind: fmt.Sprintf("wireguard (%s)", t.opts.Provider), Up: up, Since: t.since,
		Sent: t.last.sent, Received: t.last.received,
	}
	if t.handshakes > 1 {
		// A handshake makes all keys new: there is one level of them.
		s.Rekeys = [2]int{0, t.handshakes - 1}
	}
	if up {
		s.Suite = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
		return s
	}
	switch {
	case t.link.gone():
		s.Why = "its device is gone"
	case !t.last.handshake.IsZero():
		s.Why = fmt.Sprintf("no handshake with %v since %s: its keys are over", t.conf.endpoint, t.last.handshake.UTC().Format(time.RFC3339))
	case initiate:
		s.Why = fmt.Sprintf("%v does not answer: nothing comes back, or it knows another key", t.conf.endpoint)
	default:
		s.Why = fmt.Sprintf("%v has not called yet, or with another key", t.conf.endpoint)
	}
	if w := t.link.trouble(); w != "" {
		s.Why += "; " + w
	}
	return s
}
