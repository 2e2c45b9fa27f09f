package audit

import (
	"fmt"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
)

// latencyBudgets: a policy rule that joins two sites says how long a round
// trip may take, at least what light in fibre needs over the distance, and the
// links of the way keep it.
func (u *auditor) latencyBudgets() {
	far := make([]map[[2]fabric.SiteID]way, len(u.n.Policy)) // of each rule, the slowest way of each pair of sites
	for _, w := range u.ways() {
		if w.to == "" || w.to == w.from {
			continue
		}
		for _, i := range w.rules {
			if far[i] == nil {
				far[i] = map[[2]fabric.SiteID]way{}
			}
			k := [2]fabric.SiteID{w.from, w.to}
			if old, ok := far[i][k]; !ok || w.rtt > old.rtt {
				far[i][k] = w
			}
		}
	}
	for i := range u.n.Policy {
		r := &u.n.Policy[i]
		if len(far[i]) == 0 {
			continue
		}
		if r.RTT == 0 {
			f := u.add(diag.Note, r.Origin, r.Origin.Path, "the rule from %s to %s joins sites and has no latency budget", refs(r.From), refs(r.To))
			f.Hint = "add rtt, for example " + u.budget(far[i])
			continue
		}
		for _, k := range sortedPairs(far[i]) {
			u.keepsBudget(r, far[i][k])
		}
	}
}

func (u *auditor) keepsBudget(r *fabric.PolicyRule, w way) {
	if fibre, ok := u.fibre(w.from, w.to); ok && r.RTT < fibre {
		f := u.add(diag.Error, r.Origin, string(fabric.LinkBetween(w.from, w.to)), "%s to %s within %s: light in fibre needs %s there and back",
			w.from, w.to, ms(r.RTT), ms(fibre))
		f.Hint = "ask for more, or place the two ends nearer to each other"
		return
	}
	if w.rttKnown && w.arrives && w.rtt > r.RTT {
		f := u.add(diag.Warning, r.Origin, string(fabric.LinkBetween(w.from, w.to)), "%s to %s within %s: the way takes %s",
			w.from, w.to, ms(r.RTT), ms(w.rtt))
		f.Hint = "join the two sites by a shorter way, or allow the time that it takes"
	}
}

// fibre returns the least round trip between two sites, in milliseconds.
func (u *auditor) fibre(a, b fabric.SiteID) (float64, bool) {
	p, q := u.place(u.site(a)), u.place(u.site(b))
	if p.IsZero() || q.IsZero() {
		return 0, false
	}
	return u.a.FibreRTT(atlas.Distance(p, q)), true
}

// budget proposes a budget that the slowest of the ways keeps, with half as
// much again for what the network does not know.
func (u *auditor) budget(ways map[[2]fabric.SiteID]way) string {
	worst := 1.0
	for _, k := range sortedPairs(ways) {
		worst = max(worst, ways[k].rtt)
	}
	return fmt.Sprintf("rtt: %.0fms", worst*1.5+1)
}

// ms prints milliseconds as short as they are exact to a tenth.
func ms(f float64) string {
	if f == float64(int(f)) {
		return fmt.Sprintf("%d ms", int(f))
	}
	return fmt.Sprintf("%.1f ms", f)
}
