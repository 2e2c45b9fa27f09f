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
	// gone: somebody took the device away.
	gone() bool
	// trouble is what went wrong last, for people; empty for nothing.
	trouble() string
	close()
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
	log  *slog.Logger
	kind string
	link link
	stop context.CancelFunc
	done chan struct{}

	mu         sync.Mutex
	conf       config
	last       stats
	since      time.Time // up since then; zero: down
	handshakes int
}

func start(opts *Options, c config) (*tunnel, error) {
	var l link
	var err error
	switch opts.Provider {
	case Kernel:
		l, err = newKernel(opts, c)
	case Userspace:
		l, err = newUserspace(opts, c)
	default:
		return nil, fmt.Errorf("provider %q is not known", opts.Provider)
	}
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	t := &tunnel{log: opts.Log, kind: "wireguard (" + string(opts.Provider) + ")", link: l, stop: stop, done: make(chan struct{}), conf: c}
	go t.watch(ctx)
	return t, nil
}

func (t *tunnel) config() config {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.conf
}

func (t *tunnel) reconfigure(c config) error {
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
		c := t.config()
		if err := t.link.dial(c); err != nil {
			t.log.Debug("wireguard dial", "device", c.name, "error", err)
		}
		dialed = time.Now()
		retry = min(2*retry, lastRetry)
	}
}

// look reads the device's counters and tells whether the tunnel is up.
func (t *tunnel) look(now time.Time) (up, initiate bool) {
	c := t.config()
	s, err := t.link.stats(c)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil || t.conf.peer != c.peer {
		s = stats{sent: t.last.sent, received: t.last.received}
	}
	if s.handshake.After(t.last.handshake) {
		t.handshakes++
	}
	t.last = s
	up = !s.handshake.IsZero() && now.Sub(s.handshake) < rejectAfter
	switch {
	case up && t.since.IsZero():
		t.since = s.handshake
		t.log.Info("wireguard tunnel up", "device", t.conf.name, "id", t.conf.id)
	case !up && !t.since.IsZero():
		t.since = time.Time{}
		t.log.Warn("wireguard tunnel down", "device", t.conf.name, "id", t.conf.id)
	}
	return up, t.conf.initiate
}

func (t *tunnel) state() nodeconf.TunnelState {
	up, initiate := t.look(time.Now())
	t.mu.Lock()
	defer t.mu.Unlock()
	s := nodeconf.TunnelState{
		Name: t.conf.name, ID: t.conf.id, Kind: t.kind, Up: up, Since: t.since,
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
