package audit

import (
	"cmp"
	"fmt"
	"math"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
)

// latencyBudgets: a policy rule that joins two sites says how long a round
// trip may take, at least what light in fibre needs over the distance, and the
// links of the way keep it. A way that does not arrive is the proof's to
// report, and is no way to measure.
func (u *auditor) latencyBudgets() {
	joins := make([]bool, len(u.n.Policy))                      // rules that join two sites
	ways := make([]map[[2]fabric.SiteID][]way, len(u.n.Policy)) // of each rule, by pair of sites, those that arrive
	for _, w := range u.ways() {
		if w.to == "" || w.to == w.from {
			continue
		}
		for _, i := range w.rules {
			joins[i] = true
			if ways[i] == nil {
				ways[i] = map[[2]fabric.SiteID][]way{}
			}
			k := [2]fabric.SiteID{w.from, w.to}
			list := ways[i][k]
			if w.arrives || w.cut {
				list = append(list, w)
			}
			ways[i][k] = list // none is a pair too: light in fibre bounds it
		}
	}
	var bare []instance
	for i := range u.n.Policy {
		r := &u.n.Policy[i]
		switch {
		case !joins[i]:
		case r.RTT == 0:
			what := fmt.Sprintf("the rule from %s to %s", refs(r.From), refs(r.To))
			bare = append(bare, instance{at: r.Origin, object: r.Origin.Path, text: what + " joins sites and has no latency budget", short: what, hint: "add rtt" + example(ways[i])})
		default:
			u.keepsBudget(r, ways[i])
		}
	}
	u.addAll(diag.Note, u.n.Name, bare, func(n int) string {
		return fmt.Sprintf("%d rules join sites and have no latency budget", n)
	})
}

// kept is what becomes of a budget, the worst last.
type kept uint8

const (
	isKept    kept = iota
	estimated      // between the ends of an estimate
	unknown        // a round trip on the way is not known, or not all ways are
	exceeded
	impossible // below light in fibre
)

// judgeBudget says what a way makes of a budget in milliseconds.
func judgeBudget(budget float64, w way) kept {
	switch {
	case w.rttKnown && w.arrives && w.rtt.Low > budget:
		return exceeded
	case !w.rttKnown || w.cut:
		return unknown
	case w.rtt.High > budget:
		return estimated
	}
	return isKept
}

// keepsBudget judges a rule's ways, the worst of each pair of sites, and
// reports pairs of one verdict together.
func (u *auditor) keepsBudget(r *fabric.PolicyRule, ways map[[2]fabric.SiteID][]way) {
	cases := map[kept][]instance{}
	for _, k := range sortedPairs(ways) {
		worst, verdict := way{}, isKept
		for _, w := range ways[k] {
			if v := judgeBudget(r.RTT, w); cmp.Or(cmp.Compare(v, verdict), cmp.Compare(w.rtt.High, worst.rtt.High)) > 0 {
				worst, verdict = w, v
			}
		}
		x := instance{at: r.Origin, object: string(fabric.LinkBetween(k[0], k[1]))}
		fibre, placed := u.fibre(k[0], k[1])
		if placed && r.RTT < fibre {
			verdict = impossible
		}
		switch verdict {
		case isKept:
			continue
		case impossible:
			x.text = fmt.Sprintf("light in fibre needs %s there and back", ms(fibre))
			x.hint = "ask for more, or place the two ends nearer to each other"
		case exceeded:
			x.text = "the way takes " + span(worst.rtt)
			x.hint = "allow the time that it takes" + u.shorter(r.RTT, worst)
		case estimated:
			x.text = "not proved: estimated " + span(worst.rtt)
			x.hint = fmt.Sprintf("allow %s, or measure it and accept this with what was measured%s", ms(worst.rtt.High), u.shorter(r.RTT, worst))
		case unknown:
			x.text = "not proved: the round trip of a link on the way is not known"
			if worst.cut {
				x.text = "not proved: there are more equal-cost ways than are followed"
			}
			x.hint = "state where the sites are (region, city)"
		}
		x.text = fmt.Sprintf("%s to %s within %s: %s", k[0], k[1], ms(r.RTT), x.text)
		x.short = x.text
		cases[verdict] = append(cases[verdict], x)
	}
	for v, s := range []diag.Severity{estimated: diag.Warning, unknown: diag.Warning, exceeded: diag.Warning, impossible: diag.Error} {
		u.addAll(s, r.Origin.Path, cases[kept(v)], func(n int) string {
			return cases[kept(v)][0].text + ", and " + counted(n-1, "more pair") + " of sites"
		})
	}
}

// shorter proposes a link of their own to two sites, when they have none on
// the way and it is sure to keep the budget.
func (u *auditor) shorter(budget float64, w way) string {
	if len(w.links) < 2 {
		return ""
	}
	direct, ok := u.a.RTT(u.place(u.site(w.from)), u.place(u.site(w.to)))
	if !ok || direct.High > budget {
		return ""
	}
	return fmt.Sprintf("; a link between %s and %s would take %s", w.from, w.to, span(direct))
}

// fibre returns the least round trip between two sites, in milliseconds.
func (u *auditor) fibre(a, b fabric.SiteID) (float64, bool) {
	p, q := u.place(u.site(a)), u.place(u.site(b))
	if p.IsZero() || q.IsZero() {
		return 0, false
	}
	return u.a.FibreRTT(atlas.Distance(p, q)), true
}

// example proposes a budget that the slowest of the ways keeps, with half as
// much again for what the network does not know; nothing where two sites have
// no way, or the round trip of one is not known.
func example(ways map[[2]fabric.SiteID][]way) string {
	most := 0.0
	for _, k := range sortedPairs(ways) {
		if len(ways[k]) == 0 {
			return ""
		}
		for _, w := range ways[k] {
			if !w.rttKnown || w.cut {
				return ""
			}
			most = max(most, math.Round(w.rtt.MS*1.5+1), math.Ceil(w.rtt.High))
		}
	}
	if most == 0 {
		return ""
	}
	return fmt.Sprintf(", for example rtt: %.0fms", most)
}

// span prints a round trip: one number when it is measured, else the ends of
// the estimate.
func span(r atlas.RTT) string {
	if r.Low == r.High {
		return ms(r.High)
	}
	return fmt.Sprintf("%.1f to %s", r.Low, ms(r.High))
}

// ms prints milliseconds as short as they are exact to a tenth.
func ms(f float64) string {
	if f == float64(int(f)) {
		return fmt.Sprintf("%d ms", int(f))
	}
	return fmt.Sprintf("%.1f ms", f)
}
