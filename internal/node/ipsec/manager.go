package ipsec

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/tieline/tieline/internal/nodeconf"
)

// Options are what a manager needs.
type Options struct {
	// Secrets gives the pre-shared key of that name; a newline at its end does
	// not count.
	Secrets func(name string) ([]byte, error)
	Log     *slog.Logger // nil discards
	// StateDir holds the sockets and settings of the daemons, no secrets. No
	// two managers have the same.
	StateDir string
	// Namespace is the path of the namespace in which devices appear; empty is
	// the process's own.
	Namespace string
	// Mode is who does ESP; empty: whatever [Probe] finds.
	Mode Mode
	// Remade is called when the device of a tunnel was lost and made again:
	// its addresses and routes have to be set anew. It may be nil, and must
	// not call the manager.
	Remade func(device string)
}

// Manager holds the IPsec tunnels of one node.
type Manager struct {
	opts  Options
	spawn *spawner
	slots chan struct{} // bounds how many daemons start at once

	setting sync.Mutex // held by Set and Close, for as long as they take
	closed  bool

	mu      sync.Mutex
	daemons map[string]*daemon
}

// startsAtOnce is how many daemons start at the same time.
const startsAtOnce = 8

// New gives a manager without tunnels.
func New(opts Options) *Manager {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return &Manager{opts: opts, spawn: newSpawner(), slots: make(chan struct{}, startsAtOnce), daemons: map[string]*daemon{}}
}

// wanted is a tunnel with its key and what identifies its state.
type wanted struct {
	nodeconf.Tunnel
	psk  []byte
	mark string
}

// Set makes the IPsec tunnels those of the list; other kinds in it are not
// looked at. It returns when every daemon runs and knows its tunnels, which
// come up afterwards, or ctx ends. A tunnel that is as it was is not touched.
// An error names every tunnel that could not be set; the others are.
func (m *Manager) Set(ctx context.Context, want []nodeconf.Tunnel) error {
	m.setting.Lock()
	defer m.setting.Unlock()
	if m.closed {
		return errors.New("ipsec: closed")
	}
	if !slices.ContainsFunc(want, func(t nodeconf.Tunnel) bool { return t.Kind == nodeconf.IPsec }) {
		m.keep(nil)
		return nil
	}
	if _, err := find(sbin...); err != nil {
		return fmt.Errorf("ipsec: %w", err)
	}
	m.choose()
	groups, errs := m.group(want)
	m.keep(groups)

	type result struct {
		key string
		err error
	}
	keys := sortedKeys(groups)
	results := make(chan result, len(keys))
	for _, key := range keys {
		d := m.daemon(key, groups[key].underlay)
		go func() { results <- result{key, d.set(ctx, groups[key].tunnels)} }()
	}
	failed := map[string]error{}
	for range keys {
		if r := <-results; r.err != nil {
			failed[r.key] = r.err
		}
	}
	for _, key := range sortedKeys(failed) {
		errs = append(errs, failed[key])
	}
	return errors.Join(errs...)
}

// daemon gives the daemon of a key, started if there is none yet.
func (m *Manager) daemon(key, underlay string) *daemon {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.daemons[key]
	if d == nil {
		d = m.startDaemon(key, underlay)
		m.daemons[key] = d
	}
	return d
}

func (m *Manager) choose() {
	if m.opts.Mode != "" {
		return
	}
	mode, why := Probe()
	m.opts.Mode = mode
	if why != nil {
		m.opts.Log.Info("ipsec in userspace", "why", why)
	}
}

// keep closes the daemons that have nothing to do any more.
func (m *Manager) keep(groups map[string]*group) {
	var wait sync.WaitGroup
	m.mu.Lock()
	for _, key := range sortedKeys(m.daemons) {
		if groups[key] != nil {
			continue
		}
		d := m.daemons[key]
		delete(m.daemons, key)
		wait.Go(d.close)
	}
	m.mu.Unlock()
	wait.Wait()
}

// group is the tunnels of one daemon.
type group struct {
	underlay string
	tunnels  []wanted
}

// group sorts the tunnels by daemon: one for each underlay with kernel ESP,
// one for each tunnel in userspace.
func (m *Manager) group(want []nodeconf.Tunnel) (map[string]*group, []error) {
	groups := map[string]*group{}
	taken := map[string]string{} // underlay: its tunnel, in userspace
	names := map[string]bool{}
	var errs []error
	for i := range want {
		t := &want[i]
		if t.Kind != nodeconf.IPsec {
			continue
		}
		w, err := m.wanted(t)
		if err == nil && names[t.Name] {
			errs = append(errs, fmt.Errorf("ipsec %s: two tunnels have this device", t.Name))
			continue
		}
		names[t.Name] = true
		key := "underlay " + t.Underlay
		if m.opts.Mode == Userspace {
			key = t.Name + " " + t.Underlay
			if other := taken[t.Underlay]; err == nil && other != "" {
				err = fmt.Errorf("tunnel %s is in the same underlay: without ESP in the kernel each needs one of its own", other)
			}
			taken[t.Underlay] = cmp.Or(taken[t.Underlay], t.Name)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("ipsec %s: %w", t.Name, err))
			var ok bool
			if w, ok = m.current(key, t.Name); !ok {
				continue
			}
		}
		if groups[key] == nil {
			groups[key] = &group{underlay: t.Underlay}
		}
		groups[key].tunnels = append(groups[key].tunnels, w)
	}
	return groups, errs
}

// current is what a tunnel is now: one that cannot be changed stays.
func (m *Manager) current(key, name string) (wanted, bool) {
	m.mu.Lock()
	d := m.daemons[key]
	m.mu.Unlock()
	if d == nil {
		return wanted{}, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.tunnels[name]
	if t == nil {
		return wanted{}, false
	}
	return t.wanted, true
}

func (m *Manager) wanted(t *nodeconf.Tunnel) (wanted, error) {
	if _, err := connectionOf(t, 0); err != nil {
		return wanted{}, err
	}
	if m.opts.Secrets == nil {
		return wanted{}, errors.New("no source of secrets")
	}
	psk, err := m.opts.Secrets(t.IPsec.PSK)
	if err != nil {
		return wanted{}, fmt.Errorf("pre-shared key %q: %w", t.IPsec.PSK, err)
	}
	psk = []byte(strings.TrimRight(string(psk), "\r\n"))
	if len(psk) == 0 {
		return wanted{}, fmt.Errorf("pre-shared key %q is empty", t.IPsec.PSK)
	}
	bare := *t
	bare.Device = nodeconf.Device{Name: t.Name} // addresses and sizes are set without touching the tunnel
	text, err := json.Marshal(bare)
	if err != nil {
		return wanted{}, err
	}
	return wanted{Tunnel: *t, psk: psk, mark: fmt.Sprintf("%x", sha256.Sum256(append(text, psk...)))}, nil
}

// folder is a short path for a daemon's files: a socket's path has at most 107
// bytes.
func (m *Manager) folder(key string) string {
	base := cmp.Or(m.opts.StateDir, os.TempDir())
	return filepath.Join(base, fmt.Sprintf("charon-%.6x", sha256.Sum256([]byte(key+"\x00"+m.opts.Namespace))))
}

// States gives the state of each tunnel, by name, as it was seen last, a
// second ago at most while its daemon answers.
func (m *Manager) States() []nodeconf.TunnelState {
	var out []nodeconf.TunnelState
	for _, d := range m.all() {
		out = append(out, d.states()...)
	}
	slices.SortFunc(out, func(a, b nodeconf.TunnelState) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// all are the daemons, by key.
func (m *Manager) all() []*daemon {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]*daemon, 0, len(m.daemons))
	for _, key := range sortedKeys(m.daemons) {
		out = append(out, m.daemons[key])
	}
	return out
}

// Rekey makes new keys for a tunnel: of its IKE SA, or of the CHILD_SA that
// carries its traffic. It returns when the exchange has begun.
func (m *Manager) Rekey(name string, ike bool) error {
	for _, d := range m.all() {
		if d.has(name) {
			return d.rekey(name, ike)
		}
	}
	return fmt.Errorf("ipsec: no tunnel %q", name)
}

// Close closes every tunnel, and waits for the daemons to end.
func (m *Manager) Close() {
	m.setting.Lock()
	defer m.setting.Unlock()
	if m.closed {
		return
	}
	m.closed = true
	m.keep(nil)
	m.spawn.close()
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
