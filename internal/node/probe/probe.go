// Package probe measures paths: it sends packets at an interval and tells how
// long they and their answers took, how many were lost, and how large they may
// be. ICMP echoes (RFC 792), TCP handshakes, and STAMP (RFC 8762, without
// authentication), which a TWAMP-light reflector answers too (RFC 5357 appendix
// I); it also answers STAMP and TWAMP-light of others.
//
// A probe that names a device sends by that device only, whatever the routes
// say: so each tunnel between two places is measured by itself. What it cannot
// send is lost, with the reason in its state.
//
// One-way delays compare the clocks of two machines. They are exact where both
// are one, else as good as the clocks: their error, and whether both say that
// they are synchronized, is told with them.
package probe

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tieline/tieline/internal/nodeconf"
)

// Sample is what came of one packet.
type Sample struct {
	Serial uint64    // of all samples of the engine, from 1
	Probe  string    // id
	Seq    uint32    // of the probe's packets, from 0
	At     time.Time // when it was sent
	Lost   bool
	RTT    time.Duration
	// OneWay: There and Back are known, by the clocks of both ends.
	OneWay      bool
	There, Back time.Duration
}

// mostSamples is how many samples are kept.
const mostSamples = 1 << 14

// Engine runs probes and reflectors in the network namespace of the process.
type Engine struct {
	log *slog.Logger
	// within runs what opens sockets; tests run it in other namespaces.
	within func(func() error) error
	// mtuTimeout and mtuConfirm are those of tests; 0 are the usual ones.
	mtuTimeout, mtuConfirm time.Duration

	setting    sync.Mutex // one change at a time
	closed     bool
	runners    []*runner // by id
	reflectors []*reflector

	mu      sync.Mutex
	records []*record // by id
	samples []Sample  // a ring: serial s is at s % mostSamples
	serial  uint64    // of the last
}

// New makes an engine without probes.
func New(log *slog.Logger) *Engine {
	return &Engine{log: log, within: func(f func() error) error { return f() }}
}

// Set makes the probes and the addresses on which STAMP is answered (UDP; port
// 0 is 862) those named. A probe of the same id and path keeps what it
// measured. Mistakes of the configuration are returned all at once, and nothing
// is changed then. Other errors are of addresses that cannot be listened on;
// all else is done, and it can be set again. A device or address that is not
// there yet is no error: it is used once it is.
func (e *Engine) Set(probes []nodeconf.Probe, reflect []netip.AddrPort) error {
	if errs := Validate(probes, reflect); len(errs) > 0 {
		return errors.Join(errs...)
	}
	e.setting.Lock()
	defer e.setting.Unlock()
	if e.closed {
		return errors.New("the probes are closed")
	}
	e.setProbes(probes)
	return e.setReflectors(reflect)
}

func (e *Engine) setProbes(probes []nodeconf.Probe) {
	now := time.Now()
	var runners, fresh, ended []*runner
	for _, conf := range probes {
		i := slices.IndexFunc(e.runners, func(r *runner) bool { return r.conf.ID == conf.ID })
		if i >= 0 && e.runners[i].conf == conf {
			runners = append(runners, e.runners[i])
			continue
		}
		timeout := time.Duration(conf.Timeout) * time.Millisecond
		r := &runner{conf: conf}
		if i >= 0 && samePath(&e.runners[i].conf, &conf) {
			r.rec = e.runners[i].rec
		} else {
			r.rec = newRecord(conf.ID, timeout, now, e.publish)
		}
		r.open = func() (wire, error) { return openWire(&r.conf, r.rec, e.within) }
		runners, fresh = append(runners, r), append(fresh, r)
	}
	for _, r := range e.runners {
		if !slices.Contains(runners, r) {
			ended = append(ended, r)
		}
	}
	endAll(ended)
	for _, r := range fresh {
		timeout := time.Duration(r.conf.Timeout) * time.Millisecond
		r.rec.set(timeout, r.conf.PathMTU)
		interval := time.Duration(r.conf.Interval) * time.Millisecond
		if !r.conf.PathMTU {
			r.begin(jitter(interval), nil)
			continue
		}
		z := &sizer{conf: &r.conf, rec: r.rec, within: e.within, timeout: cmp.Or(e.mtuTimeout, max(timeout, mtuTimerMin)), confirm: e.mtuConfirm}
		r.begin(jitter(interval), z.run)
	}
	slices.SortFunc(runners, func(a, b *runner) int { return strings.Compare(a.conf.ID, b.conf.ID) })
	e.runners = runners
	records := make([]*record, 0, len(runners))
	for _, r := range runners {
		records = append(records, r.rec)
	}
	e.mu.Lock()
	e.records = records
	e.mu.Unlock()
}

// samePath reports whether two probes measure the same thing.
func samePath(a, b *nodeconf.Probe) bool {
	return a.Kind == b.Kind && a.Device == b.Device && a.Local == b.Local && a.Target == b.Target
}

// endAll ends runners, all at once.
func endAll(list []*runner) {
	for _, r := range list {
		r.stop()
	}
	for _, r := range list {
		r.end()
	}
}

func (e *Engine) setReflectors(want []netip.AddrPort) error {
	addrs := make([]netip.AddrPort, 0, len(want))
	for _, a := range want {
		addrs = append(addrs, stampTarget(a))
	}
	var kept []*reflector
	for _, r := range e.reflectors {
		if slices.Contains(addrs, r.at) {
			kept = append(kept, r)
			continue
		}
		r.close()
	}
	var errs []error
	for _, a := range addrs {
		if slices.ContainsFunc(kept, func(r *reflector) bool { return r.at == a }) {
			continue
		}
		r, err := newReflector(a, clockEstimate, e.log, e.within)
		if err != nil {
			errs = append(errs, fmt.Errorf("answer STAMP on %s: %w", a, plain(err)))
			continue
		}
		kept = append(kept, r)
	}
	e.reflectors = kept
	return errors.Join(errs...)
}

// States gives what each probe measured, by id.
func (e *Engine) States() []nodeconf.ProbeState {
	now := time.Now()
	var out []nodeconf.ProbeState
	for _, r := range e.list() {
		out = append(out, r.state(now))
	}
	return out
}

func (e *Engine) list() []*record {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.records
}

// Samples gives what came of packets, of those that are still kept, after the
// sample with the serial number since, in the order in which it was known; 0
// gives all.
func (e *Engine) Samples(since uint64) []Sample {
	e.mu.Lock()
	defer e.mu.Unlock()
	first := uint64(1)
	if e.serial > mostSamples {
		first = e.serial - mostSamples + 1
	}
	var out []Sample
	for s := max(first, since+1); s <= e.serial; s++ {
		out = append(out, e.samples[s%mostSamples])
	}
	return out
}

func (e *Engine) publish(s Sample) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.samples == nil {
		e.samples = make([]Sample, mostSamples)
	}
	e.serial++
	s.Serial = e.serial
	e.samples[e.serial%mostSamples] = s
}

// Distribution is how long the round trips of a probe took since its start.
type Distribution struct {
	Probe string
	Count uint64
	Sum   time.Duration
	// Below counts those that were shorter than each of [Bounds].
	Below []uint64
}

// Bounds are those of distributions: two an octave, from 16 us to 8 s.
func Bounds() []time.Duration {
	var out []time.Duration
	for b := 16 * time.Microsecond; b < 6*time.Second; b *= 2 {
		out = append(out, b, b+b/2)
	}
	return out
}

// Distributions gives one for each probe, by id.
func (e *Engine) Distributions() []Distribution {
	var out []Distribution
	for _, r := range e.list() {
		h := r.distribution()
		d := Distribution{Probe: r.id, Count: h.count, Sum: h.sum}
		for _, b := range Bounds() {
			d.Below = append(d.Below, h.below(b))
		}
		out = append(out, d)
	}
	return out
}

// Close ends all probes and answers no more.
func (e *Engine) Close() {
	e.setting.Lock()
	defer e.setting.Unlock()
	e.closed = true
	endAll(e.runners)
	for _, r := range e.reflectors {
		r.close()
	}
	e.runners, e.reflectors = nil, nil
}
