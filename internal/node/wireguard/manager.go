// Package wireguard runs WireGuard tunnels: it is given the whole list that is
// wanted and makes a network device of each, by its name, in the namespace of
// the process. Packets travel in the tunnel's underlay, which may be another
// namespace.
//
// What carries a tunnel is found out by trying: WireGuard of the kernel where
// a link of it can be made and configured, else the embedded userspace
// implementation on a TUN device. The kernel's way is tested only as data (what
// is asked of it): the machines that this was written on have no WireGuard in
// their kernel, so it has not been run. Everything may go through a tunnel
// (0.0.0.0/0); what does is the routes' matter, as are the device's addresses.
//
// One end initiates: two first handshakes that cross on a long way discard
// each other (each end answers as responder and drops the other's answer), and
// the protocol's own retry is 5 s away. The initiator dials at once, and again
// after 0.25 to 1 s, so that neither a crossing handshake nor a path that
// comes up later costs more than that.
package wireguard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/tieline/tieline/internal/nodeconf"
)

// Options are what a manager needs.
type Options struct {
	// Secrets gives the private key of that name: 32 bytes, raw or in base64.
	Secrets func(name string) ([]byte, error)
	Log     *slog.Logger // nil discards
	// Namespace is the path of the namespace in which devices appear; empty is
	// the process's own.
	Namespace string
	// Provider is what carries tunnels; empty: whatever [Probe] finds.
	Provider Provider
	// Remade is called when the device of a tunnel was taken away and made
	// again: its addresses and routes have to be set anew. It may be nil, and
	// must not call the manager.
	Remade func(device string)
}

// Manager holds the tunnels of one node.
type Manager struct {
	opts Options

	mu      sync.Mutex
	tunnels map[string]*tunnel // by device
	closed  bool
}

// New gives a manager without tunnels.
func New(opts Options) *Manager {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return &Manager{opts: opts, tunnels: map[string]*tunnel{}}
}

// Set makes the WireGuard tunnels those of the list; other kinds in it are not
// looked at. A tunnel that is as it was is not touched, one whose peer changed
// is reconfigured, one that is gone is closed. An error names every tunnel
// that could not be set; the others are.
func (m *Manager) Set(ctx context.Context, want []nodeconf.Tunnel) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errors.New("wireguard: closed")
	}
	if err := m.choose(want); err != nil {
		return err
	}
	keep := map[string]bool{}
	var errs []error
	var confs []config
	for i := range want {
		if want[i].Kind != nodeconf.WireGuard {
			continue
		}
		keep[want[i].Name] = true
		c, err := m.config(&want[i])
		if err != nil {
			errs = append(errs, fmt.Errorf("wireguard %s: %w", want[i].Name, err))
			continue
		}
		confs = append(confs, c)
	}
	for _, name := range m.names() {
		if !keep[name] {
			m.drop(name)
		}
	}
	for _, c := range confs {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, err)...)
		}
		if err := m.setOne(c); err != nil {
			errs = append(errs, fmt.Errorf("wireguard %s: %w", c.name, err))
		}
	}
	return errors.Join(errs...)
}

// choose finds the provider when the first tunnel comes.
func (m *Manager) choose(want []nodeconf.Tunnel) error {
	if m.opts.Provider != "" || !slices.ContainsFunc(want, func(t nodeconf.Tunnel) bool { return t.Kind == nodeconf.WireGuard }) {
		return nil
	}
	p, err := Probe()
	if err != nil {
		return err
	}
	m.opts.Provider = p
	m.opts.Log.Info("wireguard provider", "provider", string(p))
	return nil
}

func (m *Manager) setOne(c config) error {
	if t, ok := m.tunnels[c.name]; ok {
		old := t.config()
		if old == c {
			return nil
		}
		if old.underlay == c.underlay && old.private == c.private {
			return t.reconfigure(c)
		}
		m.drop(c.name)
	}
	t, err := start(&m.opts, c)
	if err != nil {
		return err
	}
	m.tunnels[c.name] = t
	return nil
}

func (m *Manager) drop(name string) {
	m.tunnels[name].close()
	delete(m.tunnels, name)
}

// names are the devices, sorted.
func (m *Manager) names() []string {
	out := make([]string, 0, len(m.tunnels))
	for n := range m.tunnels {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// States gives the state of each tunnel, by name.
func (m *Manager) States() []nodeconf.TunnelState {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]nodeconf.TunnelState, 0, len(m.tunnels))
	for _, n := range m.names() {
		out = append(out, m.tunnels[n].state())
	}
	return out
}

// Rekey starts a new handshake. The protocol allows one in 5 s; one that comes
// sooner after the last has no effect. The kernel's implementation rekeys by
// itself only, every 120 s, and an error says so.
func (m *Manager) Rekey(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tunnels[name]
	if !ok {
		return fmt.Errorf("wireguard: no tunnel %q (there are: %s)", name, strings.Join(m.names(), ", "))
	}
	return t.rekey()
}

// Close closes every tunnel, and their devices with them.
func (m *Manager) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.names() {
		m.drop(n)
	}
	m.closed = true
}
