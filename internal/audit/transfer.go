package audit

import (
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/vocab"
)

// What counts as a large transfer, and how much dearer than the cheapest way
// it may be: the rule's own measure.
const (
	largeTransfer = 10 * vocab.TB // a month
	dearRatio     = 1.3
)

// linkOptions returns the comparison of each link's ways, by link.
func (u *auditor) linkOptions() map[fabric.LinkID]price.LinkOptions {
	if u.memo.options == nil {
		u.memo.options = map[fabric.LinkID]price.LinkOptions{}
		for _, o := range price.Alternatives(u.n, u.a, u.p.Tables) {
			u.memo.options[o.Link] = o
		}
	}
	return u.memo.options
}

// cheapest returns the present way of a link and the cheapest that is priced
// and carries what is needed; ok is false when nothing can be compared.
func cheapest(o price.LinkOptions) (now, best price.Option, ok bool) {
	for _, x := range o.Options {
		switch {
		case x.Present:
			now = x
		case x.Priced && x.Feasible && (!ok || o.Month(x) < o.Month(best)):
			best, ok = x, true
		}
	}
	return now, best, ok && now.Priced
}

// isDear reports whether a link's present way costs over [dearRatio] times
// the cheapest.
func isDear(o price.LinkOptions) (now, best price.Option, dear bool) {
	now, best, ok := cheapest(o)
	return now, best, ok && float64(o.Month(now)) > dearRatio*float64(o.Month(best))
}

// dearTransfers: no flow of over 10 TB a month crosses a link whose traffic
// would cost far less another way.
func (u *auditor) dearTransfers() {
	for i := range u.n.Flows {
		f := &u.n.Flows[i]
		if f.Monthly <= largeTransfer {
			continue
		}
		for _, id := range u.linksOf(f) {
			o := u.linkOptions()[id]
			now, best, dear := isDear(o)
			if !dear {
				continue
			}
			x := u.add(diag.Warning, f.Origin, string(id), "%v a month from %s to %s cross %s at %v USD a month: %s would cost %v (%.1f times less)",
				f.Monthly, f.From.Ref, f.To.Ref, id, o.Month(now), best.Name, o.Month(best), float64(o.Month(now))/float64(max(o.Month(best), 1)))
			x.Hint = "compare the ways with tieline cost, or waive this rule with what the comparison said"
			if len(best.NotIncluded) > 0 {
				x.Related = append(x.Related, diag.Related{Message: fmt.Sprintf("not included: %v", best.NotIncluded)})
			}
		}
	}
}

// linksOf returns the links that a flow's packets cross, by the tables.
func (u *auditor) linksOf(f *fabric.Flow) []fabric.LinkID {
	b := u.builder()
	var out []fabric.LinkID
	for _, from := range b.spots([]fabric.PolicyEnd{u.policyEnd(f.From)}, true) {
		for _, to := range b.spots([]fabric.PolicyEnd{u.policyEnd(f.To)}, false) {
			if from.table >= 0 {
				out = append(out, b.trace(from, to).links...)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// policyEnd turns an end of traffic into one of policy: a site without subnets
// is its prefixes.
func (u *auditor) policyEnd(e fabric.FlowEnd) fabric.PolicyEnd {
	end := fabric.PolicyEnd{Ref: e.Ref, Subnets: e.Subnets, Prefixes: e.Prefixes, Internet: e.Internet}
	if s, ok := u.n.Site(e.Site); ok && len(e.Subnets) == 0 && len(e.Prefixes) == 0 {
		end.Prefixes = s.Prefixes
	}
	return end
}
