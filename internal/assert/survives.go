package assert

import (
	"fmt"
	"strings"

	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/verify"
)

// defaultKinds are the kinds of parts that fail where an assertion names none.
var defaultKinds = []routes.PartKind{routes.TunnelPart, routes.InstancePart, routes.ZonePart, routes.LinkPart}

// partKind reads the kind of a part as an assertion has it.
func partKind(s string) routes.PartKind {
	for k := routes.TunnelPart; k <= routes.CloudPart; k++ {
		if k.String() == s {
			return k
		}
	}
	return 0
}

// survives states that what gets through when nothing has failed still has
// every way there and back when parts have.
func (r *runner) survives(t *trial, s *spec.Survives) {
	from, to := r.end(s.For.From), r.end(s.For.To)
	kinds := defaultKinds
	if len(s.Of) > 0 {
		kinds = nil
		for _, k := range s.Of {
			kinds = append(kinds, partKind(k.V))
		}
	}
	t.text = fmt.Sprintf("%s of %s, for %s to %s", count(s.Failures.V, "failure"), joinOr(kinds), from.label, to.label)
	t.judge = func(t *trial) {
		lanes, skipped := r.lanes(from, to, r.exchange.opens)
		ways := 0
		for i := range lanes {
			r.fromOutside(t, &lanes[i])
			for _, d := range lanes[i].directions(r.healthy) {
				ways += len(d.trail.ways)
				r.worksHealthy(t, d)
			}
		}
		why := unread(r.proof.Net)
		switch {
		case skipped > 0 && why != "":
			t.open.add(fmt.Sprintf("what gets through between %s of places depends on what is not modelled: %s", count(skipped, "pair"), why), nil)
		case len(lanes) == 0:
			t.fails.add(fmt.Sprintf("nothing gets through from %s to %s though nothing has failed", from.label, to.label), nil)
		}
		t.judged = count(ways, "way") + " there and back"
		if skipped > 0 {
			t.judged += fmt.Sprintf(" (%s of places let nothing through and are left out)", count(skipped, "pair"))
		}
		t.watch = &watch{kinds: kinds, at: s.Failures.V, lanes: lanes, look: func(d direction, w *way) remark {
			if w.arrives(d.outside) {
				return remark{}
			}
			return remark{why: "are lost: " + w.outcome.String()}
		}}
	}
}

// worksHealthy notes a way that does not work though nothing has failed.
func (r *runner) worksHealthy(t *trial, d direction) {
	if !d.trail.complete || len(d.trail.ways) == 0 {
		t.open.add(r.name(d)+" have more ways than are followed", nil)
	}
	for i := range d.trail.ways {
		w := &d.trail.ways[i]
		show := func() *verify.Witness { return r.witness(r.healthy, d, w) }
		switch {
		case w.unread != "":
			t.open.add(fmt.Sprintf("%s depend on what is not modelled: %s", r.name(d), w.unread), show)
		case !w.arrives(d.outside):
			t.fails.add(fmt.Sprintf("%s do not arrive though nothing has failed: %s", r.name(d), w.outcome), show)
		}
	}
}

func joinOr(kinds []routes.PartKind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = k.String()
	}
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
