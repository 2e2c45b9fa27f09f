package assert

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
)

// maxSets is how many sets of failed parts one run tries. More is unknown,
// never a pass.
const maxSets = 200_000

// watch is lanes that are looked at again after each failure.
type watch struct {
	kinds   []routes.PartKind // of parts that fail; all when empty
	at      int               // how many at once, and all fewer
	lanes   []lane
	byTable map[int][]int32 // lanes whose healthy ways go through a table
	look    func(d direction, w *way) remark
	tried   int
}

// index notes which tables the lanes go through.
func (w *watch) index(t *tracer) {
	w.byTable = map[int][]int32{}
	for i := range w.lanes {
		for _, d := range w.lanes[i].directions(t) {
			for _, table := range d.trail.tables {
				if l := w.byTable[table]; len(l) == 0 || l[len(l)-1] != int32(i) {
					w.byTable[table] = append(w.byTable[table], int32(i))
				}
			}
		}
	}
}

// wants reports whether a set of parts is one that the watch tries.
func (w *watch) wants(f routes.Failure) bool {
	if len(f) > w.at {
		return false
	}
	for _, p := range f {
		if len(w.kinds) > 0 && !slices.Contains(w.kinds, p.Kind) {
			return false
		}
	}
	return true
}

// remark says what is wrong with a way, or unknown of it; the zero remark is
// nothing.
type remark struct {
	why     string
	unknown bool
}

// broken is what a set of failed parts does to a watch.
type broken struct {
	trial   int
	unknown bool
	why     string
	witness *verify.Witness
}

// failures tries the failures that trials ask for, each set once for all of
// them.
func (r *runner) failures(cases []*trial, workers int) {
	most := 0
	var kinds []routes.PartKind
	all := false
	for _, c := range cases {
		if w := c.watch; w != nil {
			w.index(r.healthy)
			most = max(most, w.at)
			kinds, all = append(kinds, w.kinds...), all || len(w.kinds) == 0
		}
	}
	if most == 0 {
		return
	}
	if all {
		kinds = nil
	}
	slices.Sort(kinds)
	sets, refused := r.sets(r.proof.Plane.Parts(slices.Compact(kinds)...), cases, most)
	if refused > 0 {
		for _, c := range cases {
			if c.watch != nil && c.watch.at > 1 {
				c.open.add(fmt.Sprintf("%d sets of two parts are more than the %d that are tried: name fewer kinds", refused, maxSets), nil)
			}
		}
	}
	results := make([][]broken, len(sets))
	r.spread(len(sets), workers, func(i int) { results[i] = r.fail(sets[i], cases) })
	for i := range sets {
		for _, c := range cases {
			if c.watch != nil && c.watch.wants(sets[i]) {
				c.watch.tried++
			}
		}
		for _, b := range results[i] {
			f := &cases[b.trial].fails
			if b.unknown {
				f = &cases[b.trial].open
			}
			f.add(b.why, func() *verify.Witness { return b.witness })
		}
	}
	for _, c := range cases {
		if c.watch != nil {
			c.judged += ", " + count(c.watch.tried, "failure") + " tried"
		}
	}
}

// sets lists the sets of parts to try, the single ones first. When there are
// too many of two, there are none, and their number is returned.
func (r *runner) sets(parts []routes.Part, cases []*trial, most int) (sets []routes.Failure, refused int) {
	wanted := func(f routes.Failure) bool {
		return slices.ContainsFunc(cases, func(c *trial) bool { return c.watch != nil && c.watch.wants(f) })
	}
	for _, p := range parts {
		if f := routes.NewFailure(p); wanted(f) {
			sets = append(sets, f)
		}
	}
	if most < 2 {
		return sets, 0
	}
	if n := len(parts) * (len(parts) - 1) / 2; n > maxSets {
		return sets, n
	}
	for i := range parts {
		for j := range i {
			if f := routes.NewFailure(parts[j], parts[i]); wanted(f) {
				sets = append(sets, f)
			}
		}
	}
	return sets, 0
}

// spread runs work for 0 to n-1 on several workers and waits for them.
func (r *runner) spread(n, workers int, work func(int)) {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, n) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				work(i)
			}
		}()
	}
	wg.Wait()
}

// fail looks at all lanes that a set of parts can have changed. It is called
// by several goroutines, which only read what they share.
func (r *runner) fail(f routes.Failure, cases []*trial) []broken {
	tables := r.proof.Plane.Tables(f)
	changed := tables.Changed(r.proof.Tables)
	if len(changed) == 0 {
		return nil
	}
	t := newTracer(r.proof, tables, r.healthy.subnets)
	var out []broken
	for i, c := range cases {
		if c.watch == nil || !c.watch.wants(f) {
			continue
		}
		if b, ok := r.failWatch(f, t, changed, c.watch); ok {
			b.trial = i
			out = append(out, b)
		}
	}
	return out
}

// failWatch gives the worst that a set of parts does to a watch: what is
// unknown counts for less than what is wrong.
func (r *runner) failWatch(f routes.Failure, t *tracer, changed []int, w *watch) (broken, bool) {
	var touched []int32
	for _, table := range changed {
		touched = append(touched, w.byTable[table]...)
	}
	slices.Sort(touched)
	var out broken
	for _, i := range slices.Compact(touched) {
		l := &w.lanes[i]
		if t.down(l.from) || t.down(l.to) {
			continue // it begins or ends in what failed
		}
		for _, d := range l.directions(t) {
			b, ok := r.failDirection(f, t, d, w)
			if ok && (out.why == "" || out.unknown && !b.unknown) {
				out = b
			}
			if ok && !b.unknown {
				return b, true
			}
		}
	}
	return out, out.why != ""
}

func (r *runner) failDirection(f routes.Failure, t *tracer, d direction, w *watch) (broken, bool) {
	when := fmt.Sprintf("without %s: %s ", f, r.name(d))
	if !d.trail.complete {
		return broken{unknown: true, why: when + "have more ways than are followed"}, true
	}
	var out broken
	for i := range d.trail.ways {
		x := &d.trail.ways[i]
		if x.unread != "" {
			out = broken{unknown: true, why: when + "depend on what is not modelled: " + x.unread, witness: r.witness(t, d, x)}
			continue
		}
		switch m := w.look(d, x); {
		case m.why == "":
		case m.unknown:
			out = broken{unknown: true, why: when + m.why, witness: r.witness(t, d, x)}
		default:
			return broken{why: when + m.why, witness: r.witness(t, d, x)}, true
		}
	}
	return out, out.why != ""
}

// down reports whether the machines of a spot have failed themselves.
func (t *tracer) down(s *spot) bool {
	switch {
	case s.outside() && s.site == "":
		return false
	case s.subnet != "":
		return t.tables.Down(s.subnet, s.zone)
	}
	return t.tables.SiteDown(s.site)
}
