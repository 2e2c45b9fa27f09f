package assert

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/verify"
)

// atMost bounds the round trip and the tables of every way.
func (r *runner) atMost(t *trial, a *spec.AtMost) {
	from, to := r.end(a.From), r.end(a.To)
	var what []string
	if a.RTT.IsSet() {
		what = append(what, "rtt "+a.RTT.V.String())
	}
	if a.Hops.IsSet() {
		what = append(what, fmt.Sprintf("%d hops", a.Hops.V))
	}
	t.text = fmt.Sprintf("%s to %s, %s", from.label, to.label, strings.Join(what, ", "))
	t.judge = func(t *trial) {
		m := r.measure(t, from, to)
		if a.RTT.IsSet() {
			r.roundTrips(t, m, float64(a.RTT.V))
		}
		if a.Hops.IsSet() {
			m.each(func(d direction, w *way) {
				if n := len(w.path.Steps); n > a.Hops.V {
					t.fails.add(fmt.Sprintf("%s take %s", r.name(d), count(n, "hop")), func() *verify.Witness { return r.witness(r.healthy, d, w) })
				}
			})
		}
		t.judged = m.summary(a.RTT.IsSet(), a.Hops.IsSet())
	}
}

// atLeast bounds the largest packet of every way, and what the narrowest of its
// links, gateways and attachments carries.
func (r *runner) atLeast(t *trial, a *spec.AtLeast) {
	from, to := r.end(a.From), r.end(a.To)
	var what []string
	if a.MTU.IsSet() {
		what = append(what, fmt.Sprintf("mtu %d", a.MTU.V))
	}
	if a.Bandwidth.IsSet() {
		what = append(what, "bandwidth "+a.Bandwidth.V.String())
	}
	t.text = fmt.Sprintf("%s to %s, %s", from.label, to.label, strings.Join(what, ", "))
	t.judge = func(t *trial) {
		m := r.measure(t, from, to)
		least := 0
		m.each(func(d direction, w *way) {
			show := func() *verify.Witness { return r.witness(r.healthy, d, w) }
			if a.MTU.IsSet() && w.mtu == 0 {
				t.open.add(fmt.Sprintf("the MTU of the way of %s is not known", r.name(d)), show)
			}
			if a.MTU.IsSet() && w.mtu > 0 && w.mtu < a.MTU.V {
				t.fails.add(fmt.Sprintf("%s are at most %d bytes long", r.name(d), w.mtu), show)
			}
			if a.Bandwidth.IsSet() && w.unsized != "" {
				t.open.add(fmt.Sprintf("what %s carries, which %s cross, is not known", w.unsized, r.name(d)), show)
			}
			if a.Bandwidth.IsSet() && w.narrow != "" && w.rate < a.Bandwidth.V {
				t.fails.add(fmt.Sprintf("%s cross %s, which carries %s", r.name(d), w.narrow, w.rate), show)
			}
			if w.mtu > 0 && (least == 0 || w.mtu < least) {
				least = w.mtu
			}
		})
		t.judged = count(m.ways, "way") + " there and back"
		if a.MTU.IsSet() && least > 0 {
			t.judged += fmt.Sprintf(", the least of %d bytes", least)
		}
	}
}

// measured is all ways between two ends.
type measured struct {
	r     *runner
	lanes []lane
	ways  int
	rtt   float64 // the longest round trip found
	hops  int     // the most hops found
}

// measure follows all ways between two ends. A way that is not known is noted,
// and a pair without one that the policy joins.
func (r *runner) measure(t *trial, from, to end) *measured {
	m := &measured{r: r}
	m.lanes, _ = r.lanes(from, to, nil)
	dead := ""
	for i := range m.lanes {
		l := &m.lanes[i]
		r.fromOutside(t, l)
		for _, d := range l.directions(r.healthy) {
			if !d.trail.complete || len(d.trail.ways) == 0 {
				t.open.add(r.name(d)+" have more ways than are followed", nil)
			}
			for j := range d.trail.ways {
				w := &d.trail.ways[j]
				show := func() *verify.Witness { return r.witness(r.healthy, d, w) }
				switch {
				case w.unread != "":
					t.open.add(fmt.Sprintf("%s depend on what is not modelled: %s", r.name(d), w.unread), show)
				case w.arrives(d.outside):
					m.ways++
					m.hops = max(m.hops, len(w.path.Steps))
				case w.outcome == routes.ToInternet || r.joins(l):
					t.fails.add(fmt.Sprintf("%s do not arrive: %s", r.name(d), w.outcome), show)
				default:
					dead = fmt.Sprintf("%s do not arrive: %s", r.name(d), w.outcome)
				}
			}
		}
	}
	if m.ways == 0 && t.open.why == "" {
		t.fails.add(cmp.Or(dead, "both ends are one place")+": there is no way to measure", nil)
	}
	return m
}

// joins reports whether the policy joins the places of a lane: that others
// have no way is as it should be.
func (r *runner) joins(l *lane) bool {
	return r.exchange.wanted(l.from.place, l.to.place) || r.exchange.wanted(l.to.place, l.from.place)
}

// each looks at every way that gets there.
func (m *measured) each(look func(direction, *way)) {
	for i := range m.lanes {
		for _, d := range m.lanes[i].directions(m.r.healthy) {
			for j := range d.trail.ways {
				if w := &d.trail.ways[j]; w.arrives(d.outside) && w.unread == "" {
					look(d, w)
				}
			}
		}
	}
}

// roundTrips bounds the time there by the slowest way and back by the slowest.
func (r *runner) roundTrips(t *trial, m *measured, bound float64) {
	for i := range m.lanes {
		l := &m.lanes[i]
		total, sides := 0.0, 0
		var slowest direction
		var by *way
		known := true
		for _, d := range l.directions(r.healthy) {
			worst := -1.0
			for j := range d.trail.ways {
				w := &d.trail.ways[j]
				if !w.arrives(d.outside) {
					continue
				}
				rtt, ok := r.healthy.roundTrip(w)
				if !ok {
					known = false
					t.open.add(fmt.Sprintf("the round trip of a link that %s cross is not known", r.name(d)), func() *verify.Witness { return r.witness(r.healthy, d, w) })
					continue
				}
				if rtt > worst {
					worst = rtt
					if by == nil || !d.reply {
						slowest, by = d, w
					}
				}
			}
			if worst >= 0 {
				total += worst
				sides++
			}
		}
		if !known || sides == 0 {
			continue
		}
		// Each way's time is that of both directions over its links.
		rtt := total / float64(sides)
		m.rtt = max(m.rtt, rtt)
		if rtt > bound {
			t.fails.add(fmt.Sprintf("%s and back take %.1f ms", r.name(slowest), rtt), func() *verify.Witness { return r.witness(r.healthy, slowest, by) })
		}
	}
}

func (m *measured) summary(rtt, hops bool) string {
	text := count(m.ways, "way") + " there and back"
	if rtt {
		text += fmt.Sprintf(", the longest %.1f ms", m.rtt)
	}
	if hops {
		text += fmt.Sprintf(", at most %s", count(m.hops, "hop"))
	}
	return text
}
