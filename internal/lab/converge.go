package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lab/knock"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/render/nodes"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// Bounds of bringing up. They are for what hangs: nothing takes as long.
const (
	routesWithin = 3 * time.Minute
	flowsWithin  = time.Minute
	tryFor       = time.Second
	pollEvery    = 50 * time.Millisecond
)

// states asks every node; those that do not answer are left out, and their
// errors joined.
func (l *Lab) states(ctx context.Context) (map[string]*nodeconf.Status, error) {
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		out   = map[string]*nodeconf.Status{}
		errs  []error
	)
	for name, p := range l.nodes {
		group.Go(func() {
			st, err := p.status(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
				return
			}
			out[name] = st
		})
	}
	group.Wait()
	return out, errors.Join(errs...)
}

// converge waits until every session of the plan is established and no table
// changes any more, and lets sets of filters that follow tables follow.
func (l *Lab) converge(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, routesWithin)
	defer cancel()
	last, still := "", 0
	return until(ctx, pollEvery, func() error {
		states, err := l.states(ctx)
		if err != nil {
			return err
		}
		up, down := l.sessionsOf(states)
		l.log.progress(up, up+len(down))
		if len(down) > 0 {
			return fmt.Errorf("%d of %d BGP sessions are not established: %s", len(down), up+len(down), strings.Join(down, ", "))
		}
		if err := l.followTags(states); err != nil {
			return err
		}
		if now := print(states); now != last {
			last, still = now, 0
		}
		if still++; still < stillLooks {
			return errors.New("routes still change")
		}
		return nil
	})
}

// follow keeps the sets of filters that follow tables in step with them, until
// ctx ends: routes change by themselves too.
func (l *Lab) follow(ctx context.Context) {
	if !slices.ContainsFunc(l.plan.Machines, func(m nodes.Machine) bool { return len(m.Tags) > 0 }) {
		return
	}
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		states, _ := l.states(ctx) // of the nodes that answer
		if err := l.followTags(states); err != nil && ctx.Err() == nil {
			slog.Warn("filters do not follow routes", "error", err)
		}
	}
}

// followEvery is how often sets of filters look at their tables.
const followEvery = 500 * time.Millisecond

// sessionsOf counts the sessions of the plan that are established and names the
// others, with why.
func (l *Lab) sessionsOf(states map[string]*nodeconf.Status) (up int, down []string) {
	for i := range l.plan.Nodes {
		n := &l.plan.Nodes[i]
		for _, want := range n.Config.Sessions {
			s := sessionState(states[n.Name], want.ID)
			if s.State == established {
				up++
				continue
			}
			down = append(down, strings.TrimSuffix(fmt.Sprintf("%s at %s (%s: %s)", s.ID, n.Name, s.State, s.Why), ": )")+")")
		}
	}
	slices.Sort(down)
	return up, down
}

// established is the state of a session that exchanges routes.
const established = "established"

// sessionState finds a session in what its node says; a node that has not begun
// it yet, or does not answer, says nothing of it.
func sessionState(st *nodeconf.Status, id string) nodeconf.SessionState {
	if st != nil {
		for _, s := range st.Sessions {
			if s.ID == id {
				return s
			}
		}
	}
	return nodeconf.SessionState{ID: id, State: "not begun"}
}

// print gives all tables as text, to tell whether something changed.
func print(states map[string]*nodeconf.Status) string {
	var b strings.Builder
	for _, node := range sortedKeys(states) {
		for _, t := range states[node].Tables {
			fmt.Fprintln(&b, node, t.ID)
			for _, r := range t.Routes {
				fmt.Fprintln(&b, r.Prefix, r.Devices)
			}
		}
	}
	return b.String()
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Flow is one that policy allows and the proof says works: a machine that
// opens a service of another.
type Flow struct {
	From    string        `json:"from"`
	To      string        `json:"to"`
	Service vocab.Service `json:"service"`
	Line    string        `json:"line"` // of the rule
}

// String gives "a to b tcp/443".
func (f Flow) String() string { return fmt.Sprintf("%s to %s %s", f.From, f.To, f.Service) }

// flows lists what policy allows between machines and the proof says works
// with nothing failed.
func (l *Lab) flows() []Flow {
	proof := verify.New(l.in.Network, l.in.Atlas)
	var out []Flow
	for i := range l.in.Network.Policy {
		r := &l.in.Network.Policy[i]
		for _, from := range l.machinesOf(r.From) {
			for _, to := range l.machinesOf(r.To) {
				if from == to {
					continue
				}
				for _, svc := range r.Services {
					f := Flow{From: from.Name, To: to.Name, Service: tryable(svc), Line: r.Origin.Pos.String()}
					if proof.Flow(l.endOf(from), l.endOf(to), f.Service).Verdict == verify.Reachable {
						out = append(out, f)
					}
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b Flow) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), a.Service.Compare(b.Service))
	})
	return slices.CompactFunc(out, func(a, b Flow) bool { return a.From == b.From && a.To == b.To && a.Service == b.Service })
}

// tryable is the one exchange by which a service is tried: its first port; for
// any protocol, and those that cannot be tried, ICMP echo.
func tryable(s vocab.Service) vocab.Service {
	switch s.Proto {
	case vocab.TCP, vocab.UDP:
		return vocab.Service{Proto: s.Proto, Ports: vocab.PortRange{First: max(s.Ports.First, 1), Last: max(s.Ports.First, 1)}}
	case vocab.AnyProto, vocab.ICMP, vocab.GRE, vocab.ESP, vocab.ICMPv6, vocab.SCTP:
	}
	return vocab.Service{Proto: vocab.ICMP}
}

// endOf is a machine as an end of policy.
func (l *Lab) endOf(m *machine) fabric.PolicyEnd {
	e, err := l.in.Network.End(m.Addr.String())
	if err != nil {
		return fabric.PolicyEnd{Ref: m.Name}
	}
	return e
}

// machinesOf gives the machines that ends of policy speak of, by name.
func (l *Lab) machinesOf(ends []fabric.PolicyEnd) []*machine {
	var out []*machine
	for _, name := range l.machineNames() {
		m := l.machines[name]
		if slices.ContainsFunc(ends, func(e fabric.PolicyEnd) bool { return holds(&e, m) }) {
			out = append(out, m)
		}
	}
	return out
}

func holds(e *fabric.PolicyEnd, m *machine) bool {
	if e.Internet {
		return m.Subnet == "" && m.Site == ""
	}
	if m.Subnet != "" && slices.Contains(e.Subnets, m.Subnet) {
		return true
	}
	for _, p := range e.Prefixes {
		if p.Contains(m.Addr) {
			return true
		}
	}
	return false
}

// answer waits until every flow of policy answers.
func (l *Lab) answer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, flowsWithin)
	defer cancel()
	flows := l.flows()
	return each(l, flows, func(f Flow) error {
		err := until(ctx, pollEvery, func() error {
			r, err := l.try(ctx, f)
			if err != nil {
				return err
			}
			if !r.Outcome.Passed() {
				return fmt.Errorf("%s: %s", r.Outcome, r.Why)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("%s (%s) does not work: %w", f, f.Line, err)
		}
		return nil
	})
}

// try tries a flow once.
func (l *Lab) try(ctx context.Context, f Flow) (knock.Result, error) {
	from, to := l.machines[f.From], l.machines[f.To]
	return knock.Try(ctx, from.ns.Do, to.Addr, f.Service, tryFor)
}
