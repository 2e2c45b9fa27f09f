package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/routes"
)

// stillLooks is for how many looks nothing may change for routes to have
// settled.
const stillLooks = 8

// backWithin bounds how long all takes to be as it was.
const backWithin = 3 * time.Minute

// sessionEnd is one end of a session.
type sessionEnd struct{ node, session string }

// struckSessions lists the ends of sessions that run over ways.
func (l *Lab) struckSessions(ways []way) map[sessionEnd]bool {
	tunnels, devices := map[string]bool{}, map[sessionEnd]bool{}
	for _, w := range ways {
		if w.tunnel != nil {
			tunnels["tunnel "+string(w.tunnel.ID)] = true
			continue
		}
		for i := range l.plan.Wires {
			if x := &l.plan.Wires[i]; wireNames(x) == w.names {
				devices[sessionEnd{x.A.Owner, x.A.Device}], devices[sessionEnd{x.B.Owner, x.B.Device}] = true, true
			}
		}
	}
	out := map[sessionEnd]bool{}
	for i := range l.plan.Nodes {
		n := &l.plan.Nodes[i]
		for _, t := range n.Config.Tunnels {
			if tunnels[t.ID] {
				devices[sessionEnd{n.Name, t.Name}] = true
			}
		}
		for _, s := range n.Config.Sessions {
			if devices[sessionEnd{n.Name, s.Device}] {
				out[sessionEnd{n.Name, s.ID}] = true
			}
		}
	}
	return out
}

// detects is how long the slowest of sessions takes to see that nothing comes
// any more: BFD's interval times its multiplier (RFC 5880 section 6.8.4), else
// the hold time (RFC 4271 section 4.4).
func (l *Lab) detects(struck map[sessionEnd]bool) time.Duration {
	slowest := nodeconf.Millis(0)
	for i := range l.plan.Nodes {
		n := &l.plan.Nodes[i]
		for _, s := range n.Config.Sessions {
			if !struck[sessionEnd{n.Name, s.ID}] {
				continue
			}
			d := s.Hold
			if s.BFD != nil {
				d = min(d, s.BFD.Interval*nodeconf.Millis(s.BFD.Multiplier))
			}
			slowest = max(slowest, d)
		}
	}
	return time.Duration(slowest) * time.Millisecond
}

// settle waits until the sessions that were struck are down, all others are
// established, and no table changes.
func (l *Lab) settle(ctx context.Context, struck map[sessionEnd]bool) error {
	ctx, cancel := context.WithTimeout(ctx, l.detects(struck)+time.Minute)
	defer cancel()
	last, still := "", 0
	return until(ctx, pollEvery, func() error {
		states, err := l.answering(ctx)
		if err != nil {
			return err
		}
		if err := l.followTags(states); err != nil {
			return err
		}
		if wrong := l.standing(states, struck); len(wrong) > 0 {
			return fmt.Errorf("sessions are not where the failure leaves them: %s", strings.Join(wrong, ", "))
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

// standing names the sessions of the plan that are up and should be down, or
// the other way. Those of nodes that a fault holds down are neither.
func (l *Lab) standing(states map[string]*nodeconf.Status, struck map[sessionEnd]bool) []string {
	var wrong []string
	for i := range l.plan.Nodes {
		n := &l.plan.Nodes[i]
		if states[n.Name] == nil {
			continue
		}
		for _, want := range n.Config.Sessions {
			s := sessionState(states[n.Name], want.ID)
			if up := s.State == established; up == struck[sessionEnd{n.Name, s.ID}] {
				wrong = append(wrong, fmt.Sprintf("%s at %s (%s)", s.ID, n.Name, s.State))
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

// answering gives the states of the nodes but of those that a fault holds
// down.
func (l *Lab) answering(ctx context.Context) (map[string]*nodeconf.Status, error) {
	states, err := l.states(ctx)
	if err == nil {
		return states, nil
	}
	for name, p := range l.nodes {
		p.mu.Lock()
		held := p.held
		p.mu.Unlock()
		if states[name] == nil && !held {
			return nil, err
		}
	}
	return states, nil
}

// patience is how long nodes of a busy machine may take to answer.
const patience = 30 * time.Second

// patient gives the states of all nodes once all answer.
func (l *Lab) patient(ctx context.Context) (states map[string]*nodeconf.Status, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = until(ctx, pollEvery, func() error {
		states, err = l.states(ctx)
		return err
	})
	return states, err
}

// fail cuts what fails with a part, waits until routes have settled, and
// returns what heals it and waits until all is as it was.
func (l *Lab) fail(ctx context.Context, p routes.Part) (heal func(context.Context) error, err error) {
	// What it shall be again is what it is when all is well: on a busy machine a
	// session may just have been lost.
	if err := l.settle(ctx, nil); err != nil {
		return nil, err
	}
	states, err := l.patient(ctx)
	if err != nil {
		return nil, err
	}
	healthy := print(states)
	struck := l.struckSessions(l.waysOf(p))
	if _, err := l.Fault(ctx, FaultRequest{Kind: Blackhole, Part: p.String()}); err != nil {
		return nil, err
	}
	heal = func(ctx context.Context) error {
		// The lab is left whole also where whoever asked has gone.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), backWithin)
		defer cancel()
		if _, err := l.Heal("", "", p.String()); err != nil {
			return err
		}
		return l.back(ctx, healthy)
	}
	if err := l.settle(ctx, struck); err != nil {
		return nil, errors.Join(err, heal(ctx))
	}
	return heal, nil
}

// back waits until every session is established and the tables are as they
// were.
func (l *Lab) back(ctx context.Context, healthy string) error {
	return until(ctx, pollEvery, func() error {
		states, err := l.states(ctx)
		if err != nil {
			return err
		}
		if err := l.followTags(states); err != nil {
			return err
		}
		if wrong := l.standing(states, nil); len(wrong) > 0 {
			return fmt.Errorf("sessions are not back: %s", strings.Join(wrong, ", "))
		}
		if print(states) != healthy {
			return errors.New("routes are not as they were before the failure")
		}
		return nil
	})
}
