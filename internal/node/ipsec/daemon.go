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
