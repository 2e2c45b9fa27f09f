package lab

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lab/agree"
	"github.com/tieline/tieline/internal/lab/drill"
	"github.com/tieline/tieline/internal/lab/traffic"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
)

// DrillRequest asks to make each single failure in turn under traffic.
type DrillRequest struct {
	// All makes sites, regions and clouds fail too, not only tunnels, gateways
	// and links.
	All bool `json:"all"`
	// Parts limits it to these, as the proof names them; empty for every one.
	Parts []string `json:"parts,omitempty"`
}

// DrillUpdate is one line of the answer.
type DrillUpdate struct {
	Progress *Progress      `json:"progress,omitempty"`
	Failure  *drill.Failure `json:"failure,omitempty"`
	Report   *drill.Report  `json:"report,omitempty"`
}

// Bounds of a drill.
const (
	every      = 10 * time.Millisecond // between two packets of a flow
	quiet      = 1500 * time.Millisecond
	recovering = 10 * time.Second // for flows to be answered once routes have settled
	linger     = time.Second      // for the last answers
	mostAtOnce = 64               // flows
)

// Drill makes each single failure in turn, with packets on every flow of
// policy whose way it is on, and says what became of them.
func (l *Lab) Drill(ctx context.Context, q DrillRequest, tell func(DrillUpdate) error) error {
	if !l.trial.TryLock() {
		return errBusy
	}
	defer l.trial.Unlock()
	if f := l.Faults(); len(f) > 0 {
		return fmt.Errorf("%d faults are in force: heal them first", len(f))
	}
	begun := time.Now()
	d := &driller{Lab: l, proof: verify.New(l.in.Network, l.in.Atlas), wiring: agree.NewWiring(l.plan), tell: tell}
	d.model = outage.New(d.proof)
	d.report = drill.Report{
		Version: drill.Version, Network: l.in.Network.Name, Lock: l.in.Lock, At: begun.UTC().Truncate(time.Second),
		Tunnels: string(l.in.Options.Tunnels), Fast: l.in.Options.Fast, Rate: float64(time.Second) / float64(every),
	}
	if err := d.choose(ctx); err != nil {
		return err
	}
	parts, err := d.parts(q)
	if err != nil {
		return err
	}
	for i, p := range parts {
		d.tell(DrillUpdate{Progress: &Progress{At: time.Now(), Stage: "drill", Done: i, Total: len(parts), Text: p.String()}}) // a client that has gone ends ctx
		f, err := d.failure(ctx, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		d.report.Failures = append(d.report.Failures, *f)
		if err := d.tell(DrillUpdate{Failure: f}); err != nil {
			return err
		}
	}
	late := l.relay.Lateness()
	d.report.Unreliable, d.report.LateP99 = late.Unreliable(), float64(late.P99)/float64(time.Millisecond)
	d.report.Seconds = time.Since(begun).Seconds()
	return d.tell(DrillUpdate{Report: &d.report})
}

// driller is a drill under way.
type driller struct {
	*Lab
	proof  *verify.Proof
	model  *outage.Model
	wiring *agree.Wiring
	flows  []crossing
	report drill.Report
	tell   func(DrillUpdate) error
}

// crossing is a flow between two places, with its way when all is well.
type crossing struct {
	Flow
	way drill.Path
}

// choose finds the flows that cross what can fail.
func (d *driller) choose(ctx context.Context) error {
	states, err := d.patient(ctx)
	if err != nil {
		return err
	}
	for _, f := range d.Lab.flows() {
		c := crossing{f, d.pathOf(states, f)}
		if len(c.way.There)+len(c.way.Back) == 0 {
			d.report.Inside++
			continue
		}
		d.flows = append(d.flows, c)
	}
	return nil
}

// path gives what carries a flow's packets now.
func (d *driller) pathOf(states agree.States, f Flow) drill.Path {
	from, to := d.machines[f.From], d.machines[f.To]
	within := func(list []string) []string {
		return slices.DeleteFunc(list, func(c string) bool { return strings.HasPrefix(c, "wire internet ") })
	}
	return drill.Path{
		There: within(d.wiring.Follow(states, from.Machine, to.Addr).Carriers),
		Back:  within(d.wiring.Follow(states, to.Machine, from.Addr).Carriers),
	}
}

// parts lists what is made to fail.
func (d *driller) parts(q DrillRequest) ([]routes.Part, error) {
	kinds := []routes.PartKind{routes.TunnelPart, routes.InstancePart, routes.LinkPart}
	if q.All {
		kinds = append(kinds, routes.SitePart, routes.RegionPart, routes.CloudPart)
	}
	var out []routes.Part
	all := d.proof.Plane.Parts()
	for _, text := range q.Parts {
		p, err := parsePart(text)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(all, p) {
			return nil, fmt.Errorf("%s: no such part of the network can fail", p)
		}
		out = append(out, p)
	}
	if len(q.Parts) == 0 {
		out = d.proof.Plane.Parts(kinds...)
	}
	return slices.DeleteFunc(out, func(p routes.Part) bool {
		none := len(d.waysOf(p)) == 0
		if none {
			d.report.Skipped = append(d.report.Skipped, drill.Skip{Part: p.String(), Why: "nothing that the lab carries fails with it"})
		}
		return none
	}), nil
}

// carriers names ways as paths do.
func carriers(ways []way) []string {
	var out []string
	for _, w := range ways {
		if w.tunnel != nil {
			out = append(out, "tunnel "+string(w.tunnel.ID))
		} else {
			out = append(out, "wire "+string(w.link))
		}
	}
	return out
}

// failure makes one part fail, as often as its flows need: only so many have
// packets at once.
func (d *driller) failure(ctx context.Context, p routes.Part) (*drill.Failure, error) {
	struck := carriers(d.waysOf(p))
	var on, beside []crossing
	for _, c := range d.flows {
		if c.way.Uses(struck) {
			on = append(on, c)
		} else {
			beside = append(beside, c)
		}
	}
	// Those whose way it is not on show that it does nothing to them, as far as
	// there is room.
	room := (mostAtOnce - len(on)%mostAtOnce) % mostAtOnce
	if len(on) == 0 {
		room = mostAtOnce
	}
	shown := min(room, len(beside))
	on = append(on, beside[:shown]...)
	var out *drill.Failure
	for batch := range slices.Chunk(on, mostAtOnce) {
		f, err := d.batch(ctx, p, batch)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = f
			continue
		}
		out.Settled, out.Back = max(out.Settled, f.Settled), max(out.Back, f.Back)
		out.Flows = append(out.Flows, f.Flows...)
	}
	if out == nil {
		return &drill.Failure{Part: p.String(), Kind: p.Kind.String()}, nil
	}
	out.Beside = len(beside) - shown
	return out, nil
}

// batch makes a part fail once, under traffic on some flows.
func (d *driller) batch(ctx context.Context, p routes.Part, list []crossing) (*drill.Failure, error) {
	flows := make([]traffic.Flow, len(list))
	for i, c := range list {
		flows[i] = traffic.Flow{From: d.host(c.From), To: d.host(c.To), Service: c.Service}
	}
	run, err := traffic.Start(flows, every)
	if err != nil {
		return nil, err
	}
	f := &drill.Failure{Part: p.String(), Kind: p.Kind.String()}
	var m drill.Moments
	after := make([]drill.Path, len(list))
	said := d.predictions(p, list)
	err = d.play(ctx, p, run, list, said, &m, after)
	m.End = run.Now()
	packets, stopErr := run.Stop(linger)
	if err := errors.Join(err, stopErr); err != nil {
		return nil, err
	}
	struck := d.struckSessions(d.waysOf(p))
	ms := func(t time.Duration) float64 {
		return float64(t.Round(time.Millisecond/10)) / float64(time.Millisecond)
	}
	f.Detects, f.DetectBy = ms(d.detects(struck)), d.detectBy(struck)
	f.Began, f.Settled, f.Healed, f.Ended = -ms(m.Cut), ms(m.Settled-m.Cut), ms(m.Heal-m.Cut), ms(m.End-m.Cut)
	f.Back = ms(m.Back - m.Heal)
	for i, c := range list {
		x := drill.Flow{From: c.From, To: c.To, Service: c.Service.String(), Line: path.Base(c.Line), Before: c.way, After: after[i], Said: said[i]}
		own := make([]drill.Packet, len(packets[i]))
		for k, q := range packets[i] {
			own[k] = drill.Packet(q)
		}
		x.Analyse(own, m)
		x.Judge(f.Detects)
		f.Flows = append(f.Flows, x)
	}
	return f, nil
}

func (d *driller) host(name string) traffic.Host {
	m := d.machines[name]
	return traffic.Host{Name: m.Name, Addr: m.Addr, Enter: m.ns.Do}
}

// play lets the traffic run, cuts, waits until what can recover has, heals and
// waits until all is back.
func (d *driller) play(ctx context.Context, p routes.Part, run *traffic.Run, list []crossing, said []drill.Prediction, m *drill.Moments, after []drill.Path) error {
	var kept []int
	for i := range said {
		if said[i].Outcome != drill.LosesAll {
			kept = append(kept, i)
		}
	}
	if err := d.answered(ctx, run, len(list), 0); err != nil {
		return fmt.Errorf("before anything failed: %w", err)
	}
	if err := rest(ctx, quiet); err != nil {
		return err
	}
	m.Cut = run.Now()
	heal, err := d.fail(ctx, p)
	if err != nil {
		return err
	}
	m.Settled = run.Now()
	states, err := d.answering(ctx)
	if err == nil {
		for i, c := range list {
			after[i] = d.pathOf(states, c.Flow)
		}
		d.answeredBy(ctx, run, kept, m.Settled) // who is not is lost, which the packets show
		err = rest(ctx, quiet)
	}
	m.Heal = run.Now()
	if err := errors.Join(err, heal(ctx)); err != nil {
		return err
	}
	m.Back = run.Now()
	d.answered(ctx, run, len(list), m.Back) // who is not did not heal, which the packets show
	return rest(ctx, quiet)
}

// answered is answeredBy for the first flows.
func (d *driller) answered(ctx context.Context, run *traffic.Run, flows int, since time.Duration) error {
	list := make([]int, flows)
	for i := range list {
		list[i] = i
	}
	return d.answeredBy(ctx, run, list, since)
}

// answeredBy waits until a packet of each of some flows that was sent since a moment has
// been answered.
func (d *driller) answeredBy(ctx context.Context, run *traffic.Run, flows []int, since time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, recovering)
	defer cancel()
	return until(ctx, pollEvery, func() error {
		missing := 0
		for _, i := range flows {
			if !run.AnsweredSince(i, since) {
				missing++
			}
		}
		if missing > 0 {
			return fmt.Errorf("%d of %d flows are not answered", missing, len(flows))
		}
		return nil
	})
}

// rest lets the traffic run for a while.
func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// predictions says what the proof makes of a failure, for each flow.
func (d *driller) predictions(p routes.Part, list []crossing) []drill.Prediction {
	failed := routes.NewFailure(p)
	proof := d.proof.Under(failed)
	impacts := d.model.Impacts(failed)
	struck := carriers(d.waysOf(p))
	out := make([]drill.Prediction, len(list))
	for i, c := range list {
		from, to := d.machines[c.From], d.machines[c.To]
		x := &out[i]
		for k := range impacts {
			if v := &impacts[k]; isGroup(v.From, from) && isGroup(v.To, to) {
				x.Effect, x.Detection, x.DetectBy = v.Effect.String(), v.Detection*1000, v.DetectBy
			}
		}
		verdict := proof.Flow(d.endOf(from), d.endOf(to), c.Service).Verdict
		switch {
		case verdict == verify.Blocked, d.down(proof.Tables, from), d.down(proof.Tables, to):
			x.Outcome = drill.LosesAll
		case verdict != verify.Reachable:
			x.Outcome = drill.NotSaid
		case c.way.Uses(struck):
			x.Outcome = drill.Survives
		default:
			x.Outcome = drill.Untouched
		}
	}
	return out
}

func isGroup(g verify.Group, m *machine) bool { return g.Site == m.Site && g.Segment == m.Segment }

// down reports whether a machine stands in what has failed.
func (d *driller) down(t *routes.Tables, m *machine) bool {
	if m.Subnet != "" {
		return t.Down(m.Subnet, m.Zone)
	}
	return m.Site != "" && t.SiteDown(fabric.SiteID(m.Site))
}

// detectBy says by what the ends of struck sessions notice.
func (l *Lab) detectBy(struck map[sessionEnd]bool) string {
	bound, by := l.detects(struck), "no session runs over it"
	for i := range l.plan.Nodes {
		n := &l.plan.Nodes[i]
		for _, s := range n.Config.Sessions {
			if !struck[sessionEnd{n.Name, s.ID}] {
				continue
			}
			hold := time.Duration(s.Hold) * time.Millisecond
			switch {
			case s.BFD != nil && time.Duration(s.BFD.Interval)*time.Duration(s.BFD.Multiplier)*time.Millisecond == bound:
				return fmt.Sprintf("BFD %d ms x %d at %s", s.BFD.Interval, s.BFD.Multiplier, n.Name)
			case hold == bound:
				by = fmt.Sprintf("hold timer %g s at %s", hold.Seconds(), n.Name)
			}
		}
	}
	return by
}
