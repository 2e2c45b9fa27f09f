package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/tieline/tieline/internal/node/bfd"
	"github.com/tieline/tieline/internal/node/bgp"
	"github.com/tieline/tieline/internal/node/netdev"
	"github.com/tieline/tieline/internal/node/rib"
	"github.com/tieline/tieline/internal/nodeconf"
)

// routing joins what sessions learn with the tables of the kernel and with
// what sessions announce. Its lock is held for no longer than a batch of
// events takes: whoever sets a slow part does not hold it.
type routing struct {
	log     *slog.Logger
	speaker *bgp.Speaker
	bfd     *bfd.Engine

	mu     sync.Mutex
	kernel netdev.Kernel
	rib    *rib.RIB
	want   netdev.State // without the routes
	tables []nodeconf.Table
	// deaf are sessions whose path is known dead: what they said before is
	// not listened to until they come down.
	deaf  map[string]bool
	up    map[string]bool
	phase drainPhase
}

// drainPhase is how far a node is in going out of service.
type drainPhase uint8

const (
	notDraining drainPhase = iota
	leaving                // everything is announced as about to go away
	withdrawn              // nothing is announced
)

func newRouting(log *slog.Logger, k netdev.Kernel) *routing {
	return &routing{
		log: log, speaker: bgp.New(log), bfd: bfd.New(log), kernel: k,
		rib: rib.New(nil, nil), deaf: map[string]bool{}, up: map[string]bool{},
	}
}

// setNetwork sets devices, rules and routes.
func (r *routing) setNetwork(_ context.Context, c *nodeconf.Config) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	want := netdev.State{Devices: c.Devices, Rules: slices.Clone(c.Rules)}
	for i := range c.Tunnels {
		want.Tunnels = append(want.Tunnels, c.Tunnels[i].Device)
	}
	want.Rules = append(want.Rules, ownRules(c.Rules)...)
	r.want, r.tables = want, c.Tables
	r.rib.Set(c.Tables, c.Sessions)
	_, err := r.reconcile()
	// Whoever has a session by now learns of it; setBGP tells the others.
	_, stirred := r.rib.Changed()
	return errors.Join(err, r.advertise(r.known(stirred)))
}

// reconcile makes the kernel hold what is wanted now, and reports whether
// something changed; mu is held.
func (r *routing) reconcile() (changed bool, err error) {
	want := r.want
	want.Tables = r.routes()
	changes, err := netdev.Reconcile(r.kernel, want)
	for _, change := range changes {
		r.log.Debug("network changed", "change", change)
	}
	if len(changes) > 0 {
		r.log.Info("network set", "changes", len(changes))
	}
	return len(changes) > 0, err
}

// look reconciles after a change that came from elsewhere.
func (r *routing) look() (changed bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reconcile()
}

// ownRules let what the node itself sends (ICMP errors above all) find a way
// by the tables, in the order of their rules, where no rule of lo says how.
func ownRules(rules []nodeconf.Rule) []nodeconf.Rule {
	var out []nodeconf.Rule
	for _, r := range rules {
		if r.Device == "lo" {
			return nil
		}
		own := nodeconf.Rule{Device: "lo", Table: r.Table}
		if !slices.Contains(out, own) {
			out = append(out, own)
		}
	}
	return out
}

// routes are those of all kernel tables.
func (r *routing) routes() []netdev.Table {
	var out []netdev.Table
	for i := range r.tables {
		if t := &r.tables[i]; t.ID != 0 {
			if st, ok := r.rib.Table(t.Name); ok {
				out = append(out, kernelTable(&st))
			}
		}
	}
	return out
}

func kernelTable(st *nodeconf.TableState) netdev.Table {
	t := netdev.Table{ID: st.ID, Routes: make([]netdev.Route, 0, len(st.Routes))}
	for i := range st.Routes {
		t.Routes = append(t.Routes, netdev.Route{Prefix: st.Routes[i].Prefix, Devices: st.Routes[i].Devices})
	}
	return t
}

// setBFD sets the BFD sessions.
func (r *routing) setBFD(_ context.Context, c *nodeconf.Config) error {
	var want []bfd.Session
	for i := range c.Sessions {
		s := &c.Sessions[i]
		if s.BFD != nil {
			want = append(want, bfd.Session{
				ID: s.ID, Device: s.Device, Local: s.Local, Peer: s.Peer,
				Interval: time.Duration(s.BFD.Interval) * time.Millisecond, Multiplier: s.BFD.Multiplier,
			})
		}
	}
	return r.bfd.Set(want)
}

// setBGP sets the BGP sessions and what they announce.
func (r *routing) setBGP(ctx context.Context, c *nodeconf.Config) error {
	if err := r.speaker.Set(ctx, c.Sessions); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []string
	for i := range c.Sessions {
		ids = append(ids, c.Sessions[i].ID)
	}
	return r.advertise(ids)
}

// known leaves out sessions that the speaker has not yet.
func (r *routing) known(ids []string) []string {
	have := map[string]bool{}
	for _, s := range r.speaker.States() {
		have[s.ID] = true
	}
	return slices.DeleteFunc(ids, func(id string) bool { return !have[id] })
}

// advertise hands sessions all that they announce; mu is held.
func (r *routing) advertise(ids []string) error {
	var errs []error
	for _, id := range ids {
		var list []bgp.Export
		if r.phase != withdrawn {
			for _, e := range r.rib.Exports(id) {
				x := bgp.Export(e)
				if r.phase == leaving {
					x.Communities = append(slices.Clone(x.Communities), rib.GracefulShutdown)
				}
				list = append(list, x)
			}
		}
		if err := r.speaker.Advertise(id, list); err != nil {
			errs = append(errs, fmt.Errorf("announce to %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

// drain announces again as the phase says.
func (r *routing) drain(phase drainPhase) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.phase == phase {
		return
	}
	r.phase = phase
	var ids []string
	for _, s := range r.speaker.States() {
		ids = append(ids, s.ID)
	}
	if err := r.advertise(ids); err != nil {
		r.log.Warn("announcing", "error", err)
	}
}

// run follows BFD, BGP and devices until ctx is done. failed is told what the
// kernel or a session did not take.
func (r *routing) run(ctx context.Context, failed func(error)) {
	paths, sessions := r.bfd.Events(), r.speaker.Events()
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-paths:
			if !ok {
				paths = nil
				continue
			}
			r.mu.Lock()
			r.path(e)
		case e, ok := <-sessions:
			if !ok {
				sessions = nil
				continue
			}
			r.mu.Lock()
			r.session(e)
		}
		// What waits already goes into one change of the kernel.
		for more := true; more; {
			select {
			case e, ok := <-paths:
				if more = ok; ok {
					r.path(e)
				}
			case e, ok := <-sessions:
				if more = ok; ok {
					r.session(e)
				}
			default:
				more = false
			}
		}
		err := r.apply()
		r.mu.Unlock()
		if err != nil {
			failed(err)
		}
	}
}

// path takes an event of BFD: a dead path takes all that came over it along,
// before BGP knows (RFC 5882 section 4.3).
func (r *routing) path(e bfd.Event) {
	r.log.Info("bfd", "session", e.ID, "state", e.State.String(), "why", e.Diag.String(), "failed", e.Failed)
	if !e.Failed {
		return
	}
	r.rib.Down(e.ID)
	if r.up[e.ID] {
		r.deaf[e.ID] = true
	}
	if err := r.speaker.Reset(e.ID, "bfd: path down"); err != nil {
		r.log.Warn("bgp reset", "session", e.ID, "error", err)
	}
}

// session takes an event of BGP.
func (r *routing) session(e bgp.Event) {
	switch e.Kind {
	case bgp.Up:
		r.up[e.Session] = true
		delete(r.deaf, e.Session)
		r.log.Info("bgp up", "session", e.Session)
	case bgp.Down:
		delete(r.up, e.Session)
		delete(r.deaf, e.Session)
		r.rib.Down(e.Session)
		r.log.Info("bgp down", "session", e.Session, "why", e.Why)
	case bgp.Update:
		if r.deaf[e.Session] {
			return
		}
		add := make([]rib.Learned, 0, len(e.Add))
		for _, l := range e.Add {
			add = append(add, rib.Learned(l))
		}
		r.rib.Update(e.Session, add, e.Withdraw)
	}
}

// apply brings what changed into the kernel and then to the peers.
func (r *routing) apply() error {
	tables, stirred := r.rib.Changed()
	var errs []error
	for _, name := range tables {
		st, ok := r.rib.Table(name)
		if !ok || st.ID == 0 {
			continue
		}
		if err := netdev.SetTable(r.kernel, kernelTable(&st)); err != nil {
			errs = append(errs, fmt.Errorf("table %d (%s): %w", st.ID, name, err))
		}
	}
	errs = append(errs, r.advertise(r.known(stirred)))
	return errors.Join(errs...)
}

// states are those of sessions, with BFD's, and of tables.
func (r *routing) states() ([]nodeconf.SessionState, []nodeconf.TableState) {
	sessions := r.speaker.States()
	paths := r.bfd.States()
	for i := range sessions {
		if st, ok := paths[sessions[i].ID]; ok {
			sessions[i].BFD = st.String()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return sessions, r.rib.Tables()
}

// close ends BFD on purpose before BGP, so that no peer takes it for a failure.
func (r *routing) close() {
	r.bfd.Close()
	r.speaker.Close()
}
