package outage

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
)

// Model is a network as failures act on it. It is made of a proof, which it
// shares, when it is first needed, and is safe for concurrent use.
type Model struct {
	proof *verify.Proof
	reach func() *reach
}

// New returns the model of a proved network.
func New(p *verify.Proof) *Model {
	return &Model{proof: p, reach: sync.OnceValue(func() *reach { return newReach(p) })}
}

// Impacts says what one failure does to every pair of groups that policy
// joins, leaving out the unaffected, worst first. Of a pair's flows it is the
// worst off that counts, of those that neither begin nor end in what failed.
func (m *Model) Impacts(f routes.Failure) []Impact {
	harms := newBreaker(m.reach()).judge(f)
	slices.SortStableFunc(harms, func(x, y harm) int { return x.compare(&y) })
	out := make([]Impact, len(harms))
	for i := range harms {
		out[i] = harms[i].Impact
	}
	return out
}

// Try tries every set of parts that the options ask for: each alone, and each
// two when At is 2. Sets that are sure to do the same as one of their parts
// alone are counted, not tried. When more than MaxSets are left, those of two
// are not tried, and Refused says how many there are.
func (m *Model) Try(o Options) Report {
	r := &run{reach: m.reach(), options: o, parts: m.proof.Plane.Parts(o.Kinds...)}
	r.total = newTally(r.reach)
	r.singles()
	if o.At >= 2 && !r.stopped() {
		r.doubles()
	}
	if r.stopped() {
		return Report{Parts: len(r.parts), Refused: "stopped before all was tried"}
	}
	rep := Report{Parts: len(r.parts), Sets: r.total.sets, Pruned: r.pruned, Refused: r.refused, Worst: r.total.list(r.reach)}
	for i, lost := range r.lost {
		if len(lost) > 0 {
			rep.Single = append(rep.Single, SinglePoint{Part: r.parts[i], Lost: lost})
		}
	}
	rep.Findings = r.findings(&rep)
	return rep
}

// run is one call of [Model.Try].
type run struct {
	*reach
	options Options
	parts   []routes.Part
	lost    [][]Pair // by part
	used    []carriers
	total   *tally
	pruned  int
	refused string
}

// singles tries each part alone.
func (r *run) singles() {
	r.lost = make([][]Pair, len(r.parts))
	var scan *carrierScan
	if r.options.At >= 2 {
		r.used = make([]carriers, len(r.parts))
		scan = newCarrierScan(r.reach)
	}
	r.work(len(r.parts), func(b *breaker, t *tally, i int) {
		harms := b.judge(routes.Failure{r.parts[i]})
		t.add(harms)
		t.walks += len(b.list)
		for _, h := range harms {
			if h.Effect == Lost {
				r.lost[i] = append(r.lost[i], Pair{h.From, h.To})
			}
		}
		if scan != nil {
			r.used[i] = scan.of(b.tables)
		}
	})
}

// doubles tries each two parts.
func (r *run) doubles() {
	type job struct{ a, b int32 }
	var jobs []job
	sets := 0
	pr := newPruner(r.reach, r.parts, r.used)
	for a := range r.parts {
		for b := a + 1; b < len(r.parts); b++ {
			switch {
			case pr.same(a, b):
				r.pruned++
				continue
			case r.options.MaxSets == 0 || sets < r.options.MaxSets:
				jobs = append(jobs, job{int32(a), int32(b)})
			}
			sets++
		}
	}
	if sets > len(jobs) {
		r.refused = fmt.Sprintf("%d sets of two parts are left after %d were pruned, with about %d ways to follow again; at most %d sets are tried",
			sets, r.pruned, 2*sets*r.total.walks/max(1, len(r.parts)), r.options.MaxSets)
		return
	}
	r.work(len(jobs), func(b *breaker, t *tally, i int) {
		t.add(b.judge(routes.NewFailure(r.parts[jobs[i].a], r.parts[jobs[i].b])))
		t.walks += len(b.list)
	})
}

// stopped reports whether the caller wants no more.
func (r *run) stopped() bool { return r.options.Stopped != nil && r.options.Stopped() }

// work does n jobs by workers, each with a breaker and a tally of its own, and
// adds what they found to the total. It returns when all are done.
func (r *run) work(n int, do func(*breaker, *tally, int)) {
	workers := r.options.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = max(1, min(workers, n))
	var next atomic.Int64
	var wg sync.WaitGroup
	tallies := make([]*tally, workers)
	done := make(chan struct{}, workers)
	for w := range tallies {
		tallies[w] = newTally(r.reach)
		wg.Go(func() {
			b := newBreaker(r.reach)
			for {
				i := int(next.Add(1) - 1)
				if i >= n {
					return
				}
				if !r.stopped() {
					do(b, tallies[w], i)
				}
				done <- struct{}{}
			}
		})
	}
	for i := range n {
		<-done
		if r.options.Progress != nil {
			r.options.Progress(i+1, n)
		}
	}
	wg.Wait()
	for _, t := range tallies {
		r.total.merge(t)
	}
}
