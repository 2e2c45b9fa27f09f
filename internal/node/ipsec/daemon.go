package ipsec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/strongswan/govici/vici"

	"github.com/tieline/tieline/internal/nodeconf"
)

// How often a daemon's SAs are listed, and how soon a daemon that ended is
// started again.
const (
	lookDown     = 200 * time.Millisecond
	lookUp       = time.Second
	firstRestart = 50 * time.Millisecond
	lastRestart  = 5 * time.Second
	steady       = 10 * time.Second // a life longer than this was a good one
)

// daemon is a charon that is kept alive, with its tunnels. One goroutine
// starts it, talks to it and notices its end.
type daemon struct {
	m         *Manager
	key, dir  string
	namespace string // in which it runs
	mode      Mode
	stop      context.CancelFunc
	done      chan struct{}
	wake      chan struct{}

	mu      sync.Mutex
	tunnels map[string]*tunnel
	retired []string // tunnels that charon still knows
	want    int      // generation of tunnels
	waiters []waiter
	proc    *process // nil while none runs
}

// waiter waits until charon knows a generation of tunnels.
type waiter struct {
	generation int
	result     chan error
}

func (m *Manager) startDaemon(key, underlay string) *daemon {
	ctx, stop := context.WithCancel(context.Background())
	d := &daemon{
		m: m, key: key, dir: m.folder(key), namespace: underlay, mode: m.opts.Mode, stop: stop,
		done: make(chan struct{}), wake: make(chan struct{}, 1), tunnels: map[string]*tunnel{},
	}
	go d.run(ctx)
	return d
}

// set makes the tunnels those of the list and waits until charon knows them.
func (d *daemon) set(ctx context.Context, want []wanted) error {
	w := waiter{result: make(chan error, 1)}
	d.mu.Lock()
	keep := map[string]bool{}
	for _, t := range want {
		keep[t.Name] = true
		old := d.tunnels[t.Name]
		if old == nil {
			old = &tunnel{bytes: map[string]counts{}, ifID: d.freeID()}
			d.tunnels[t.Name] = old
		}
		old.wanted = t
	}
	for _, name := range sortedKeys(d.tunnels) {
		if !keep[name] {
			delete(d.tunnels, name)
			d.retired = append(d.retired, name)
		}
	}
	d.want++
	w.generation = d.want
	d.waiters = append(d.waiters, w)
	d.mu.Unlock()
	d.poke()
	select {
	case err := <-w.result:
		return err
	case <-ctx.Done():
		return fmt.Errorf("ipsec: %w", ctx.Err())
	}
}

// freeID gives the lowest interface id that no tunnel of the daemon has.
func (d *daemon) freeID() uint32 {
	for id := uint32(1); ; id++ {
		used := false
		for _, t := range d.tunnels {
			used = used || t.ifID == id
		}
		if !used {
			return id
		}
	}
}

func (d *daemon) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// settle answers those who wait for a generation up to this one.
func (d *daemon) settle(generation int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiters = slices.DeleteFunc(d.waiters, func(w waiter) bool {
		if w.generation > generation {
			return false
		}
		w.result <- err
		return true
	})
}

// run keeps the daemon alive until the end of ctx.
func (d *daemon) run(ctx context.Context) {
	defer close(d.done)
	defer d.clean()
	select {
	case <-d.wake: // there is something to do
		d.poke()
	case <-ctx.Done():
		return
	}
	pause := firstRestart
	for {
		began := time.Now()
		err := d.life(ctx)
		if ctx.Err() != nil {
			d.ended(errors.New("closed"))
			return
		}
		d.m.opts.Log.Warn("charon ended", "tunnels", d.key, "error", err)
		d.ended(err)
		if time.Since(began) > steady {
			pause = firstRestart
		}
		select {
		case <-time.After(pause):
		case <-d.wake: // somebody waits
			d.poke()
		case <-ctx.Done():
			return
		}
		pause = min(2*pause, lastRestart)
	}
}

// ended marks the tunnels down, and answers those who wait.
func (d *daemon) ended(err error) {
	d.mu.Lock()
	d.proc = nil
	for _, t := range d.tunnels {
		t.lost(fmt.Sprintf("%v; it is started again", err))
	}
	d.retired = nil
	generation, names := d.want, strings.Join(sortedKeys(d.tunnels), ", ")
	d.mu.Unlock()
	d.settle(generation, fmt.Errorf("ipsec %s: %w", names, err))
}

// life is one charon from its start to its end.
func (d *daemon) life(ctx context.Context) error {
	p, err := d.begin(ctx)
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.proc = p
	d.mu.Unlock()
	err = d.serve(ctx, p)
	if ctx.Err() != nil {
		p.stop()
		return ctx.Err()
	}
	p.kill()
	return err
}

func (d *daemon) begin(ctx context.Context) (*process, error) {
	select {
	case d.m.slots <- struct{}{}:
		defer func() { <-d.m.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if d.mode == Userspace {
		if err := clearTUN(d.namespace); err != nil {
			return nil, err
		}
	}
	p, err := startProcess(ctx, d.m.spawn, d.namespace, d.dir, d.mode, d.heard)
	if err != nil {
		return nil, err
	}
	if err := d.apply(p); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// clean takes away what an ended charon leaves.
func (d *daemon) clean() {
	var errs []error
	if d.mode == Userspace {
		errs = append(errs, clearTUN(d.namespace))
	}
	d.mu.Lock()
	for _, name := range sortedKeys(d.tunnels) {
		if d.tunnels[name].made {
			errs = append(errs, removeDevice(d.m.opts.Namespace, name))
		}
	}
	d.mu.Unlock()
	errs = append(errs, os.RemoveAll(d.dir))
	if err := errors.Join(errs...); err != nil {
		d.m.opts.Log.Warn("ipsec: left behind", "error", err)
	}
}

// serve talks to charon until it ends or ctx does.
func (d *daemon) serve(ctx context.Context, p *process) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.done:
			return fmt.Errorf("charon ended (%w)", orEnded(p.ended))
		case e, ok := <-p.events:
			if !ok {
				return errors.New("charon closed its socket")
			}
			if e.Name != listEvent { // of an earlier look
				d.event(e)
			}
		case <-d.wake:
			if err := d.apply(p); err != nil {
				return err
			}
		case <-timer.C:
		}
		next, err := d.look(p)
		if err != nil {
			return err
		}
		timer.Reset(next)
	}
}

// heard takes a line of charon's log.
func (d *daemon) heard(line string) {
	conn, text := logLine(line)
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.tunnels[conn]
	if t == nil && len(d.tunnels) == 1 { // before charon knows whose it is
		for _, t = range d.tunnels {
		}
	}
	if t != nil {
		t.note(text, time.Now())
	}
}

// event counts rekeys.
func (d *daemon) event(e vici.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch e.Name {
	case "ike-rekey":
		for _, name := range e.Message.Keys() {
			if t := d.tunnels[name]; t != nil {
				t.rekeys[0]++
			}
		}
	case "child-rekey":
		old := rekeyed(e.Message)
		for _, name := range sortedKeys(old) {
			t := d.tunnels[name]
			if t == nil {
				continue
			}
			for _, c := range old[name] {
				t.rekeys[1]++
				t.counted(c)
			}
		}
	}
}

// look lists the SAs, dials what is down, and says when to look again.
func (d *daemon) look(p *process) (time.Duration, error) {
	sas, err := d.list(p)
	if err != nil {
		return 0, err
	}
	now := time.Now()
	next := lookUp
	var dial, twins []string
	d.mu.Lock()
	for _, name := range sortedKeys(d.tunnels) {
		t := d.tunnels[name]
		if t.observe(sas[name], now) {
			d.m.opts.Log.Info("ipsec tunnel", "device", name, "id", t.ID, "up", t.up, "why", t.why)
		}
		if !t.up || t.missed > 0 {
			next = lookDown
		}
		if t.wantsDial(sas[name], now) {
			t.dialed(now)
			dial = append(dial, name)
		}
		if id := t.twin(sas[name]); id != "" {
			twins = append(twins, id)
		}
	}
	d.mu.Unlock()
	for _, name := range dial {
		if err := d.dial(p, name); err != nil {
			return 0, err
		}
	}
	for _, id := range twins {
		if err := command(p, "terminate", "ike-id", id, "timeout", "-1"); err != nil {
			d.m.opts.Log.Debug("ipsec: second SA", "error", err)
		}
	}
	return next, d.devices()
}

// list gives the SAs by connection. The events that charon raised before its
// answer are all in the channel when the answer is there.
func (d *daemon) list(p *process) (map[string][]ikeSA, error) {
	if _, err := p.call("list-sas", nil); err != nil {
		return nil, err
	}
	sas := map[string][]ikeSA{}
	for {
		select {
		case e, ok := <-p.events:
			if !ok {
				return nil, errors.New("charon closed its socket")
			}
			if e.Name != listEvent {
				d.event(e)
				continue
			}
			for _, s := range parseSAs(e.Message) {
				sas[s.conn] = append(sas[s.conn], s)
			}
		default:
			return sas, nil
		}
	}
}

// dial begins the exchanges and does not wait for them.
func (d *daemon) dial(p *process, name string) error {
	return command(p, "initiate", "ike", name, "child", name, "timeout", "-1")
}

// devices fails when a TUN device is gone: charon does not make it again.
func (d *daemon) devices() error {
	d.mu.Lock()
	names := sortedKeys(d.tunnels)
	d.mu.Unlock()
	for _, name := range names {
		if !hasDevice(d.m.opts.Namespace, name) {
			return fmt.Errorf("device %s was taken away", name)
		}
	}
	return nil
}

// command runs a command with string arguments, in pairs.
func command(p *process, name string, args ...string) error {
	in := vici.NewMessage()
	for i := 0; i < len(args); i += 2 {
		if err := in.Set(args[i], args[i+1]); err != nil {
			return err
		}
	}
	_, err := p.call(name, in)
	return err
}

// apply makes charon know what is wanted, and answers those who wait for it.
func (d *daemon) apply(p *process) error {
	d.mu.Lock()
	generation := d.want
	retired := d.retired
	d.retired = nil
	var load []tunnel
	for _, name := range sortedKeys(d.tunnels) {
		if t := d.tunnels[name]; t.loaded != t.mark {
			load = append(load, *t)
		}
	}
	d.mu.Unlock()
	for _, name := range retired {
		d.unload(p, name)
		if err := removeDevice(d.m.opts.Namespace, name); err != nil {
			return err
		}
	}
	for i := range load {
		t := &load[i]
		if t.loaded != "" {
			d.unload(p, t.Name) // its SAs go with it: they are of the old plan
		}
		if err := d.load(p, t); err != nil {
			return err
		}
		d.mu.Lock()
		if now := d.tunnels[t.Name]; now != nil {
			now.loaded, now.dialAt = t.mark, time.Time{}
		}
		d.mu.Unlock()
		if t.loaded == "" && t.made && d.m.opts.Remade != nil {
			d.m.opts.Remade(t.Name)
		}
	}
	d.settle(generation, nil)
	return nil
}

// load makes the device of a tunnel, if it has none, and tells charon of it.
func (d *daemon) load(p *process, t *tunnel) error {
	if err := d.device(t); err != nil {
		return err
	}
	d.mu.Lock()
	if now := d.tunnels[t.Name]; now != nil {
		now.made = true
	}
	d.mu.Unlock()
	ifID := t.ifID
	if d.mode == Userspace {
		ifID = 0
	}
	c, err := connectionOf(&t.Tunnel, ifID)
	if err != nil {
		return fmt.Errorf("tunnel %s: %w", t.Name, err)
	}
	conn, err := c.message(t.Name)
	if err != nil {
		return err
	}
	shared, err := sharedMessage(&t.Tunnel, t.psk)
	if err != nil {
		return err
	}
	if _, err := p.call("load-shared", shared); err != nil {
		return err
	}
	_, err = p.call("load-conn", conn)
	return err
}

func (d *daemon) device(t *tunnel) error {
	switch d.mode {
	case Userspace:
		if t.loaded != "" {
			return nil // of this charon's life
		}
		return takeTUN(d.m.opts.Namespace, &t.Tunnel)
	case Kernel:
		if hasDevice(d.m.opts.Namespace, t.Name) {
			return nil
		}
		return makeXfrm(d.m.opts.Namespace, &t.Tunnel, t.ifID)
	}
	return fmt.Errorf("mode %q is not known", d.mode)
}

// unload makes charon forget a tunnel and its SAs. What it does not know is
// forgotten already.
func (d *daemon) unload(p *process, name string) {
	err := errors.Join(
		command(p, "unload-conn", "name", name),
		command(p, "unload-shared", "id", name),
		command(p, "terminate", "ike", name, "force", "yes", "timeout", "1000"),
	)
	if err != nil {
		d.m.opts.Log.Debug("ipsec: unload", "device", name, "error", err)
	}
}

func (d *daemon) has(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.tunnels[name] != nil
}

func (d *daemon) rekey(name string, ike bool) error {
	d.mu.Lock()
	p := d.proc
	d.mu.Unlock()
	if p == nil {
		return fmt.Errorf("ipsec %s: its charon does not run", name)
	}
	what := "child"
	if ike {
		what = "ike"
	}
	if err := command(p, "rekey", what, name); err != nil {
		return fmt.Errorf("ipsec %s: %w", name, err)
	}
	return nil
}

func (d *daemon) states() []nodeconf.TunnelState {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]nodeconf.TunnelState, 0, len(d.tunnels))
	for _, name := range sortedKeys(d.tunnels) {
		out = append(out, d.tunnels[name].state(d.mode))
	}
	return out
}

func (d *daemon) close() {
	d.stop()
	<-d.done
}
