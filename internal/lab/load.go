package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tieline/tieline/internal/lab/agree"
	"github.com/tieline/tieline/internal/lab/drill"
	"github.com/tieline/tieline/internal/lab/traffic"
	"github.com/tieline/tieline/internal/verify"
)

// LoadRequest asks for packets on every flow of policy that crosses places, a
// hundred a second each, and what becomes of them while something else is
// done to the lab. It ends when the client goes.
type LoadRequest struct {
	Seconds float64 `json:"seconds"` // for how long
}

// LoadUpdate is one line of the answer.
type LoadUpdate struct {
	// Flowing: a packet of every flow has been answered.
	Flowing bool       `json:"flowing,omitempty"`
	Flows   []LoadFlow `json:"flows,omitempty"` // the last line
}

// LoadFlow is what became of a flow's packets. Times are in milliseconds.
type LoadFlow struct {
	Flow string `json:"flow"`
	Sent int    `json:"sent"`
	Lost int    `json:"lost"`
	// Longest is the longest run of packets in a row without an answer.
	Longest float64 `json:"longest"`
	RTT     float64 `json:"rtt"` // median
}

// mostLoad bounds how long a load may last.
const mostLoad = time.Hour

// Load sends packets on the flows of policy for a while.
func (l *Lab) Load(ctx context.Context, q LoadRequest, tell func(LoadUpdate) error) error {
	span := time.Duration(q.Seconds * float64(time.Second))
	if span <= 0 || span > mostLoad {
		return fmt.Errorf("%g seconds: want more than 0 and at most %g", q.Seconds, mostLoad.Seconds())
	}
	if !l.trial.TryLock() {
		return errBusy
	}
	defer l.trial.Unlock()
	d := &driller{Lab: l, proof: verify.New(l.in.Network, l.in.Atlas), wiring: agree.NewWiring(l.plan)}
	if err := d.choose(ctx); err != nil {
		return err
	}
	if len(d.flows) == 0 {
		return errors.New("no flow of policy crosses places")
	}
	flows := make([]traffic.Flow, 0, mostAtOnce)
	for _, c := range d.flows[:min(len(d.flows), mostAtOnce)] {
		flows = append(flows, traffic.Flow{From: d.host(c.From), To: d.host(c.To), Service: c.Service})
	}
	run, err := traffic.Start(flows, every)
	if err != nil {
		return err
	}
	err = flowing(ctx, run, len(flows))
	from := run.Now()
	if err == nil {
		err = tell(LoadUpdate{Flowing: true})
	}
	if err == nil {
		err = rest(ctx, span)
	}
	to := run.Now()
	packets, stopErr := run.Stop(linger)
	if err := errors.Join(err, stopErr); err != nil {
		return err
	}
	out := make([]LoadFlow, len(flows))
	for i := range flows {
		out[i] = loadOf(packets[i], from, to)
		out[i].Flow = d.flows[i].String()
	}
	return tell(LoadUpdate{Flows: out})
}

// flowing waits until a packet of every flow has been answered.
func flowing(ctx context.Context, run *traffic.Run, flows int) error {
	ctx, cancel := context.WithTimeout(ctx, recovering)
	defer cancel()
	return until(ctx, pollEvery, func() error {
		for i := range flows {
			if !run.AnsweredSince(i, 0) {
				return errors.New("some flows are not answered")
			}
		}
		return nil
	})
}

// loadOf counts the packets that were sent between two moments.
func loadOf(list []traffic.Packet, from, to time.Duration) LoadFlow {
	var own []drill.Packet
	for _, p := range list {
		if p.Sent >= from && p.Sent < to {
			own = append(own, drill.Packet(p))
		}
	}
	f := drill.Flow{}
	f.Analyse(own, drill.Moments{Cut: to, Settled: to, Heal: to, End: to})
	out := LoadFlow{Sent: len(own), RTT: f.RTTBefore}
	for _, g := range f.Gaps {
		out.Lost += g.Lost
		out.Longest = max(out.Longest, g.For)
	}
	return out
}
