// Package node runs a node: given its whole desired state ([nodeconf.Config])
// it makes its network namespace be that, keeps it so, and tells how it is
// ([nodeconf.Status]).
//
// Parts that know nothing of each other do the work: devices, rules and routes
// (netdev), tunnels (wireguard, ipsec), BGP and BFD sessions, packet filters
// and the rest. A part that fails does not stop the others: its trouble is in
// the status, and it is tried again until it works. Between them stands
// routing: what sessions learn goes through the routes of the node (rib) into
// the kernel's tables and on to other sessions.
package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tieline/tieline/internal/node/firewall"
	"github.com/tieline/tieline/internal/node/netdev"
	"github.com/tieline/tieline/internal/node/probe"
	"github.com/tieline/tieline/internal/nodeconf"
)

// Options are what a node needs of its machine.
type Options struct {
	Log *slog.Logger // nil discards
	// Secrets is the folder of the secrets, a file each by its name. Nobody
	// but its owner may read it.
	Secrets string
	// StateDir is a folder for sockets and settings of daemons; none of it has
	// to last.
	StateDir string
}

// Node is one node. Its Run must be running for it to follow events.
type Node struct {
	opts    Options
	log     *slog.Logger
	routing *routing
	parts   []part // in the order in which they are set
	tunnels []tunnels
	probes  *probe.Engine // nil where nothing touches the machine
	close   []func()
	// background runs beside the parts, until its context is done.
	background []func(context.Context)
	watch      func(context.Context) (<-chan struct{}, error)
	// received counts packets by device; nil where nothing can be counted.
	received func() (map[string]uint64, error)

	setting sync.Mutex // one change of the whole at a time

	mu       sync.Mutex
	conf     nodeconf.Config
	draining bool
	problems map[string]error   // of parts, by name
	firewall *firewall.Firewall // nil until it is needed

	again   chan struct{} // a part failed
	look    chan struct{} // a device was made anew
	reshape chan struct{} // a device that is shaped may be another one
}

// part is one part that a configuration is set to.
type part struct {
	name string
	set  func(ctx context.Context, c *nodeconf.Config) error
}

// tunnels is a kind of tunnel: wireguard and ipsec.
type tunnels interface {
	Set(ctx context.Context, want []nodeconf.Tunnel) error
	States() []nodeconf.TunnelState
	Close()
}

// How long things may take.
const (
	partTimeout = 60 * time.Second
	retryFirst  = 250 * time.Millisecond // doubles up to retryMost
	retryMost   = 10 * time.Second
	// sweepEvery is how long what others change unasked (ip rule flush, nft
	// flush ruleset) stays changed.
	sweepEvery = 10 * time.Second
)

// New makes a node in the network namespace of the process; it changes nothing
// until it is set.
func New(opts Options) (*Node, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if err := checkSecrets(opts.Secrets); err != nil {
		return nil, err
	}
	k, err := netdev.New("")
	if err != nil {
		return nil, err
	}
	n := newNode(opts, k)
	n.close = append(n.close, k.Close)
	n.watch = k.Watch
	n.received = func() (map[string]uint64, error) {
		n.routing.mu.Lock()
		defer n.routing.mu.Unlock()
		return k.Received()
	}
	n.assemble()
	return n, nil
}

// newNode makes a node whose only part is its routing.
func newNode(opts Options, k netdev.Kernel) *Node {
	n := &Node{opts: opts, log: opts.Log, problems: map[string]error{}, again: make(chan struct{}, 1), look: make(chan struct{}, 1), reshape: make(chan struct{}, 1)}
	n.routing = newRouting(opts.Log, k)
	n.parts = []part{{"network", n.routing.setNetwork}, {"bfd", n.routing.setBFD}, {"bgp", n.routing.setBGP}}
	return n
}

// Set makes the node be what the configuration says: it finds the differences
// by itself, and a second time changes nothing. The error is of the
// configuration, of which nothing is done then; what the machine does not let
// be done is in the status, and tried again. A node that was drained is back.
func (n *Node) Set(ctx context.Context, c nodeconf.Config) error {
	if err := Validate(&c); err != nil {
		return err
	}
	n.setting.Lock()
	defer n.setting.Unlock()
	n.mu.Lock()
	if c.Serial != 0 && c.Serial < n.conf.Serial {
		n.mu.Unlock()
		return fmt.Errorf("serial: %d is older than %d, which runs", c.Serial, n.conf.Serial)
	}
	if n.conf.Node != "" && n.conf.Node != c.Node {
		n.mu.Unlock()
		return fmt.Errorf("node: this is %q, and not %q", n.conf.Node, c.Node)
	}
	n.conf, n.draining = c, false
	n.mu.Unlock()
	n.routing.drain(notDraining)
	n.setParts(ctx, &c, func(string) bool { return true })
	return ctx.Err()
}

// setParts sets those parts that which names, and notes what went wrong.
func (n *Node) setParts(ctx context.Context, c *nodeconf.Config, which func(name string) bool) {
	for _, p := range n.parts {
		if !which(p.name) {
			continue
		}
		// Whoever asked may have gone: the rest is set without them.
		if ctx.Err() != nil {
			n.note(p.name, fmt.Errorf("not set yet: %w", context.Cause(ctx)))
			continue
		}
		err := func() error {
			ctx, cancel := context.WithTimeout(ctx, partTimeout)
			defer cancel()
			return p.set(ctx, c)
		}()
		n.note(p.name, err)
	}
}

// note keeps what is wrong with a part, nil when nothing is.
func (n *Node) note(name string, err error) {
	n.mu.Lock()
	before := n.problems[name]
	if err == nil {
		delete(n.problems, name)
	} else {
		n.problems[name] = err
	}
	n.mu.Unlock()
	switch {
	case err == nil && before != nil:
		n.log.Info("recovered", "part", name)
	case err != nil && (before == nil || before.Error() != err.Error()):
		n.log.Warn("trouble", "part", name, "error", err)
	}
	if err == nil {
		return
	}
	select {
	case n.again <- struct{}{}:
	default:
	}
}

// Run follows events until ctx is done. It has to be called once.
func (n *Node) Run(ctx context.Context) error {
	var devices <-chan struct{}
	if n.watch != nil {
		var err error
		if devices, err = n.watch(ctx); err != nil {
			return err
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() { n.routing.run(ctx, func(err error) { n.note("routes", err) }) })
	wg.Go(func() { n.follow(ctx, devices) })
	wg.Go(func() { n.retry(ctx) })
	for _, f := range n.background {
		wg.Go(func() { f(ctx) })
	}
	wg.Wait()
	return nil
}

// follow has the network looked at when devices come or go, and now and then.
// It waits for no part: a device that was made anew has its addresses soon,
// whatever else takes its time.
func (n *Node) follow(ctx context.Context, devices <-chan struct{}) {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-devices:
			if !ok {
				devices = nil
				continue
			}
		case <-n.look:
		case <-sweep.C:
		}
		n.lookAgain()
	}
}

// retry sets parts again that failed, ever more seldom; the filters now and
// then, and shaping when devices changed.
func (n *Node) retry(ctx context.Context) {
	wait, last := retryFirst, time.Time{}
	timer := time.NewTimer(retryMost)
	defer timer.Stop()
	timer.Stop()
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	armed := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-sweep.C:
			n.setAgain(ctx, func(name string) bool { return name == "firewall" })
		case <-n.reshape:
			n.setAgain(ctx, func(name string) bool { return name == "shape" })
		case <-n.again:
			if !armed {
				armed = true
				if time.Since(last) > 2*retryMost {
					wait = retryFirst
				}
				timer.Reset(wait)
			}
		case <-timer.C:
			armed, last = false, time.Now()
			n.mu.Lock()
			failed := map[string]bool{}
			for name := range n.problems {
				failed[name] = true
			}
			if n.problems["routes"] != nil {
				failed["network"] = true
				delete(n.problems, "routes")
			}
			n.mu.Unlock()
			wait = min(2*wait, retryMost)
			n.setAgain(ctx, func(name string) bool { return failed[name] })
		}
	}
}

// lookAgain has the network reconciled, unless nothing was ever wanted, and
// devices that were missing shaped.
func (n *Node) lookAgain() {
	n.mu.Lock()
	set, shaped := n.conf.Version != 0, len(n.conf.Classes) > 0
	n.mu.Unlock()
	if !set {
		return
	}
	changed, err := n.routing.look()
	n.note("network", err)
	if changed && shaped {
		select {
		case n.reshape <- struct{}{}:
		default:
		}
	}
}

// setAgain sets parts to what the node is set to already.
func (n *Node) setAgain(ctx context.Context, which func(name string) bool) {
	n.setting.Lock()
	defer n.setting.Unlock()
	n.mu.Lock()
	c, draining := n.conf, n.draining
	n.mu.Unlock()
	if c.Version == 0 || draining {
		return
	}
	n.setParts(ctx, &c, which)
}

// Close ends sessions and tunnels. Devices, rules and routes stay, for a node
// that starts next; Run has to have ended.
func (n *Node) Close() {
	n.routing.close()
	for _, t := range n.tunnels {
		t.Close()
	}
	for _, f := range slices.Backward(n.close) {
		f()
	}
}

// checkSecrets refuses a folder that others can read.
func checkSecrets(dir string) error {
	if dir == "" {
		return nil
	}
	st, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("folder of secrets: %w", err)
	}
	if !st.IsDir() {
		return fmt.Errorf("folder of secrets: %s is no folder", dir)
	}
	if mode := st.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("folder of secrets: others than its owner may enter %s (mode %#o): chmod 700 %s", dir, mode, dir)
	}
	return nil
}

// largestSecret is more than any key has.
const largestSecret = 64 << 10

// secret reads a secret by its name.
func (n *Node) secret(name string) ([]byte, error) {
	if n.opts.Secrets == "" {
		return nil, errors.New("this node was given no folder of secrets (-secrets)")
	}
	if !secretName(name) {
		return nil, fmt.Errorf("%q is no name of a secret", name)
	}
	path := filepath.Join(n.opts.Secrets, name)
	st, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	if st.Size() > largestSecret {
		return nil, fmt.Errorf("secret %s: %d bytes are too many", path, st.Size())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	return b, nil
}

// Status is how the node is now.
func (n *Node) Status() nodeconf.Status {
	n.mu.Lock()
	st := nodeconf.Status{Version: nodeconf.Version, Node: n.conf.Node, Serial: n.conf.Serial, At: time.Now(), Draining: n.draining}
	for name, err := range n.problems {
		for line := range strings.Lines(err.Error()) {
			st.Problems = append(st.Problems, name+": "+strings.TrimSuffix(line, "\n"))
		}
	}
	n.mu.Unlock()
	slices.Sort(st.Problems)
	for _, t := range n.tunnels {
		st.Tunnels = append(st.Tunnels, t.States()...)
	}
	slices.SortFunc(st.Tunnels, func(a, b nodeconf.TunnelState) int { return strings.Compare(a.Name, b.Name) })
	st.Sessions, st.Tables = n.routing.states()
	n.more(&st)
	return st
}
