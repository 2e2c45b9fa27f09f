package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tieline/tieline/internal/lab/agree"
	"github.com/tieline/tieline/internal/lab/knock"
	"github.com/tieline/tieline/internal/lab/serve"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// VerifyRequest asks to hold the packets against the proof.
type VerifyRequest struct {
	// Failures does it again in each single failure of a tunnel and of a
	// gateway's instance.
	Failures bool `json:"failures"`
}

// VerifyUpdate is one line of the answer: progress, a round that is done, or
// at the end all of them.
type VerifyUpdate struct {
	Progress *Progress     `json:"progress,omitempty"`
	Round    *agree.Round  `json:"round,omitempty"`
	Report   *agree.Report `json:"report,omitempty"`
}

// triers is how many packets of a comparison are out at once; most that are
// blocked are waited for.
const triers = 96

// retries is how often a packet is sent again before its silence counts.
const retries = 2

// errBusy is that only one comparison or drill runs at a time, since each
// changes what the other sees.
var errBusy = errors.New("a comparison or drill is under way")

// Verify compares packets and routes with the proof: healthy, and where asked
// in each single failure of a tunnel and of a gateway's instance.
func (l *Lab) Verify(ctx context.Context, q VerifyRequest, tell func(VerifyUpdate) error) error {
	if !l.trial.TryLock() {
		return errBusy
	}
	defer l.trial.Unlock()
	if f := l.Faults(); len(f) > 0 {
		return fmt.Errorf("%d faults are in force, and the proof is of a network without: heal them first", len(f))
	}
	v, err := l.newVerifier(tell)
	if err != nil {
		return err
	}
	defer v.close()
	if err := v.round(ctx, nil); err != nil {
		return err
	}
	if q.Failures {
		if err := v.failures(ctx); err != nil {
			return err
		}
	}
	v.report.Seconds = time.Since(v.begun).Seconds()
	return tell(VerifyUpdate{Report: &v.report})
}

// verifier is a comparison under way.
type verifier struct {
	*Lab
	proof   *verify.Proof
	wiring  *agree.Wiring
	probes  []agree.Probe
	others  []vocab.Service
	servers []*serve.Servers
	report  agree.Report
	begun   time.Time
	tell    func(VerifyUpdate) error
}

func (l *Lab) newVerifier(tell func(VerifyUpdate) error) (*verifier, error) {
	v := &verifier{
		Lab: l, proof: verify.New(l.in.Network, l.in.Atlas), wiring: agree.NewWiring(l.plan), begun: time.Now(), tell: tell,
		report: agree.Report{Network: l.in.Network.Name, Lock: l.in.Lock},
	}
	services, others := agree.Services(l.in.Network)
	v.others = others
	v.probes = agree.Probes(l.plan.Machines, services)
	for _, name := range l.machineNames() {
		m := l.machines[name]
		s, err := serve.Start(m.ns.Do, m.Name, closedOf(m.Open, services))
		if err != nil {
			v.close()
			return nil, fmt.Errorf("machine %s: %w", m.Name, err)
		}
		v.servers = append(v.servers, s)
	}
	return v, nil
}

func (v *verifier) close() {
	for _, s := range v.servers {
		s.Close()
	}
}

// closedOf lists those of services on which no server of open runs.
func closedOf(open, services []vocab.Service) []vocab.Service {
	var out []vocab.Service
	for _, s := range services {
		if s.Proto.HasPorts() && !slices.ContainsFunc(open, func(o vocab.Service) bool {
			return o.Proto == s.Proto && (o.Ports.First == s.Ports.First || o.Ports.Last == s.Ports.First)
		}) {
			out = append(out, s)
		}
	}
	return out
}

// failures does a round in each single failure.
func (v *verifier) failures(ctx context.Context) error {
	parts := v.proof.Plane.Parts(routes.TunnelPart, routes.InstancePart)
	for _, p := range parts {
		if len(v.waysOf(p)) == 0 {
			v.report.Skipped = append(v.report.Skipped, agree.Skip{Part: p.String(), Why: "nothing that the lab carries fails with it"})
			continue
		}
		if err := v.round(ctx, routes.NewFailure(p)); err != nil {
			return err
		}
	}
	return nil
}

// round compares everything after a failure, which it makes and heals; with
// none, as things are.
func (v *verifier) round(ctx context.Context, failed routes.Failure) (err error) {
	begun := time.Now()
	r := agree.Round{Failure: failed.String()}
	proof := v.proof
	if len(failed) > 0 {
		v.progress(r.Failure+": cut", 0, 0)
		heal, refused := v.fail(ctx, failed[0])
		if refused != nil {
			return fmt.Errorf("%s: %w", r.Failure, refused)
		}
		defer func() { err = errors.Join(err, heal(ctx)) }()
		r.Settled = time.Since(begun).Seconds()
		proof = v.proof.Under(failed)
	}
	v.tables(ctx, &r, proof)
	if err := v.packets(ctx, &r, proof); err != nil {
		return err
	}
	for _, s := range v.others {
		r.NotCompared = append(r.NotCompared, agree.NotCompared{Service: s.String(), Why: "the lab's machines do not speak this protocol"})
	}
	r.Seconds = time.Since(begun).Seconds()
	v.report.Rounds = append(v.report.Rounds, r)
	return v.tell(VerifyUpdate{Round: &r})
}

func (v *verifier) progress(text string, done, total int) {
	v.tell(VerifyUpdate{Progress: &Progress{At: time.Now(), Stage: "verify", Text: text, Done: done, Total: total}}) // a client that has gone ends ctx
}

// agreeWithin is how long tables may differ before it counts: what is on its
// way is no difference.
const agreeWithin = 10 * time.Second

// tables compares the tables of all nodes.
func (v *verifier) tables(ctx context.Context, r *agree.Round, proof *verify.Proof) {
	ctx, cancel := context.WithTimeout(ctx, agreeWithin)
	defer cancel()
	var found agree.Compared
	until(ctx, pollEvery, func() error { // what still differs at the end is in found
		states, err := v.states(ctx)
		if ctx.Err() != nil && found.Tables > 0 {
			return nil
		}
		found = v.wiring.Tables(states, proof.Tables)
		if err != nil {
			return err
		}
		if n := len(found.Diffs); n > 0 {
			return fmt.Errorf("%d routes differ", n)
		}
		return nil
	})
	r.Tables, r.Routes, r.RouteDiffs = found.Tables, found.Routes, found.Diffs
	r.NotCompared = append(r.NotCompared, found.NotCompared...)
}

// tried is a probe with what was expected and what came.
type tried struct {
	probe    *agree.Probe
	expected agree.Expected
	result   knock.Result
	err      error
	tries    int
}

// packets sends every probe, and looks again at those that disagree.
func (v *verifier) packets(ctx context.Context, r *agree.Round, proof *verify.Proof) error {
	list := make([]tried, len(v.probes))
	var next, done atomic.Int64
	var group sync.WaitGroup
	for range triers {
		group.Go(func() {
			for {
				i := int(next.Add(1) - 1)
				if i >= len(list) || ctx.Err() != nil {
					return
				}
				t := &list[i]
				t.probe = &v.probes[i]
				if t.expected = agree.Expect(proof, t.probe); t.expected.Why == "" {
					v.knock(ctx, t)
				}
				done.Add(1)
			}
		})
	}
	ended := make(chan struct{})
	go func() { group.Wait(); close(ended) }()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for waiting := true; waiting; {
		select {
		case <-tick.C:
			v.progress(r.Failure, int(done.Load()), len(list))
		case <-ended:
			waiting = false
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	v.progress(r.Failure, len(list), len(list))
	for i := range list {
		if err := v.record(ctx, r, &list[i]); err != nil {
			return err
		}
	}
	return nil
}

// knock tries a probe; a silence where an answer is expected is tried again,
// with more time.
func (v *verifier) knock(ctx context.Context, t *tried) {
	from := v.machines[t.probe.From.Name]
	for t.tries = 1; ; t.tries++ {
		t.result, t.err = knock.Try(ctx, from.ns.Do, t.probe.Target, t.probe.Service, time.Duration(t.tries)*tryFor)
		if t.err != nil || t.tries > retries || !t.expected.Unexpected(outcomeOf(t.result)) {
			return
		}
	}
}

func outcomeOf(k knock.Result) agree.Outcome {
	o := agree.Outcome{Passed: k.Outcome.Passed(), By: k.By, Text: string(k.Outcome)}
	switch {
	case k.Outcome == knock.Answered:
		o.Text = fmt.Sprintf("answered by %s after %.1f ms", k.By, float64(k.RTT)/float64(time.Millisecond))
	case k.Why != "":
		o.Text += ": " + k.Why
	}
	return o
}

func (v *verifier) record(ctx context.Context, r *agree.Round, t *tried) error {
	q := t.probe
	if t.expected.Why != "" {
		r.NotCompared = append(r.NotCompared, agree.NotCompared{From: q.From.Name, To: q.To.Name, Service: q.Service.String(), Why: t.expected.Why})
		return nil
	}
	if t.err != nil {
		return fmt.Errorf("%s: %w", q, t.err)
	}
	r.Compared++
	r.Retried += t.tries - 1
	switch t.expected.Verdict {
	case verify.Reachable:
		r.Reachable++
	case verify.Blocked:
		r.Blocked++
	case verify.Partly, verify.Undecided:
	}
	o := outcomeOf(t.result)
	if t.expected.Agrees(q, o) {
		return nil
	}
	d := agree.Disagreement{From: q.From.Name, To: q.To.Name, Service: q.Service.String(), Proof: t.expected.Verdict.String(), Hops: agree.Hops(t.expected.Witness), Packet: o.Text}
	if t.tries > 1 {
		d.Packet += fmt.Sprintf(" (%d tries)", t.tries)
	}
	if len(r.Disagreements) < mostWitnessed {
		d.Fate = v.fate(ctx, q)
	}
	r.Disagreements = append(r.Disagreements, d)
	return nil
}

// mostWitnessed is of how many disagreements the packet's fate is looked for:
// one that is there many times has one cause.
const mostWitnessed = 6

// fate sends a packet once more, and says which way the tables of the nodes
// have for it and which rules counted it.
func (v *verifier) fate(ctx context.Context, q *agree.Probe) []string {
	states, err := v.states(ctx)
	var out []string
	if err != nil {
		out = append(out, err.Error())
	}
	for _, s := range v.wiring.Follow(states, q.From, q.Target).Steps {
		out = append(out, "there: "+s)
	}
	for _, s := range v.wiring.Follow(states, q.To, q.From.Addr).Steps {
		out = append(out, "back: "+s)
	}
	before := v.counts(states)
	if _, err := knock.Try(ctx, v.machines[q.From.Name].ns.Do, q.Target, q.Service, tryFor); err != nil {
		return append(out, err.Error())
	}
	if states, err = v.states(ctx); err != nil {
		out = append(out, err.Error())
	}
	counted := agree.Counted(before, v.counts(states))
	if len(counted) == 0 {
		counted = []string{"no rule of any filter counted a packet meanwhile"}
	}
	return append(out, counted...)
}

// counts gives what every rule has counted, by where its filter is.
func (v *verifier) counts(states map[string]*nodeconf.Status) map[string][]nodeconf.RuleCount {
	out := map[string][]nodeconf.RuleCount{}
	for name, m := range v.machines {
		if list, err := m.filter.Counts(); err == nil { // a machine without filters has none
			out["machine "+name] = list
		}
	}
	for name, st := range states {
		out["node "+name] = st.Rules
	}
	return out
}
