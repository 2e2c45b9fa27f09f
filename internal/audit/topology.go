package audit

import (
	"math"
	"slices"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/routes"
)

// needlessChange is how much a round trip or cost may change without a link
// for the link to count as needless.
const needlessChange = 0.10

// The bounds of the search for needless links: the links of a network that is
// searched at all, and the failures that are tried. What is left then is said
// to be unknown.
const (
	needlessLinksMost = 60
	needlessBudget    = 150
)

// needlessLinks: each link changes something: an assertion, who reaches whom
// (also while another link fails), a round trip or a flow's cost by more than
// 10 %. Links of which something is broken already are not judged: what they
// are for shows only once that is mended. Links that are left when the budget
// of failures is spent are counted as not judged.
func (u *auditor) needlessLinks() {
	if len(u.n.Policy) == 0 {
		return // nothing says what the links are for
	}
	if n := len(u.n.Links); n > needlessLinksMost {
		f := u.add(diag.Note, u.n.Links[0].Origin, u.n.Name, "whether links are needless is not judged: there are %d, beyond %d it is not", n, needlessLinksMost)
		f.Hint = "look at them in a spec of fewer sites"
		return
	}
	broken := u.brokenLinks()
	alone := map[fabric.LinkID][]outage.Impact{}
	tried := 0
	impacts := func(ids ...fabric.LinkID) []outage.Impact {
		if len(ids) == 1 {
			if list, ok := alone[ids[0]]; ok {
				return list
			}
		}
		parts := make([]routes.Part, len(ids))
		for i, id := range ids {
			parts[i] = routes.Part{Kind: routes.LinkPart, ID: string(id)}
		}
		tried++
		list := u.in.Outages.Impacts(routes.NewFailure(parts...))
		if len(ids) == 1 {
			alone[ids[0]] = list
		}
		return list
	}
	for i := range u.n.Links {
		l := &u.n.Links[i]
		if tried >= needlessBudget {
			f := u.add(diag.Note, l.Origin, u.n.Name, "whether %d of %d links are needless is not judged: the search for them ends after %d sets of links", len(u.n.Links)-i, len(u.n.Links), tried)
			f.Hint = "look at them in a spec of fewer sites"
			return
		}
		if l.Kind == fabric.SameVPCLink || broken[l.ID] || matters(impacts(l.ID)) || u.in.Asserted != nil && !u.in.Asserted(l.ID) || u.changesCost(l.ID) {
			continue
		}
		if u.backsUp(l.ID, impacts, func() bool { return tried >= needlessBudget }) {
			continue
		}
		f := u.add(diag.Note, l.Origin, string(l.ID), "link %s is needless: without it everything works as well, and costs no more by traffic", l.ID)
		f.Hint = "take it out of connect, or state an assertion that it serves (survives)"
	}
}

// brokenLinks returns the links that would carry something if all worked:
// those with a session that is not up while nothing has failed, and those on
// a shortest way, by links, between two sites that policy joins and no packet
// gets through between, there or back.
func (u *auditor) brokenLinks() map[fabric.LinkID]bool {
	out := map[fabric.LinkID]bool{}
	for _, s := range u.p.Tables.Sessions {
		if t, ok := u.n.Tunnel(s.Tunnel); ok && s.State != routes.Established {
			out[t.Link] = true
		}
	}
	apart := map[[2]fabric.SiteID]bool{}
	b := u.builder()
	for i := range u.n.Policy {
		r := &u.n.Policy[i]
		for _, ends := range [][2][]fabric.PolicyEnd{{r.From, r.To}, {r.To, r.From}} {
			to := b.spots(ends[1], false)
			for _, f := range b.spots(ends[0], true) {
				for _, t := range to {
					k := [2]fabric.SiteID{min(f.site, t.site), max(f.site, t.site)}
					if f.table < 0 || k[0] == "" || k[0] == k[1] || apart[k] {
						continue
					}
					apart[k] = !b.trace(f, t).arrives
				}
			}
		}
	}
	for _, k := range sortedPairs(apart) {
		if !apart[k] {
			continue
		}
		near, far := u.linksFrom(k[0]), u.linksFrom(k[1])
		most, joined := near[k[1]]
		for i := range u.n.Links {
			l := &u.n.Links[i]
			for _, s := range [][2]fabric.SiteID{l.Sites, {l.Sites[1], l.Sites[0]}} {
				x, ok := near[s[0]]
				y, on := far[s[1]]
				if joined && ok && on && x+1+y == most {
					out[l.ID] = true
				}
			}
		}
	}
	return out
}

// linksFrom returns how many links lead from a site to each that it is joined
// to, at least.
func (u *auditor) linksFrom(s fabric.SiteID) map[fabric.SiteID]int {
	out := map[fabric.SiteID]int{s: 0}
	for list := []fabric.SiteID{s}; len(list) > 0; list = list[1:] {
		for i := range u.n.Links {
			ends := u.n.Links[i].Sites
			for j, at := range ends {
				if _, seen := out[ends[1-j]]; at == list[0] && !seen {
					out[ends[1-j]] = out[at] + 1
					list = append(list, ends[1-j])
				}
			}
		}
	}
	return out
}

// matters reports whether a failure does more to some pair than the needless
// change.
func matters(list []outage.Impact) bool {
	for _, x := range list {
		switch x.Effect {
		case outage.Congested, outage.OneWay, outage.Lost, outage.NotKnown:
			return true
		case outage.Slower:
			if x.After.RTT > x.Before.RTT*(1+needlessChange) {
				return true
			}
		case outage.Unaffected:
		}
	}
	return false
}

// backsUp reports whether, when another link fails, more is lost without this
// one than with it, or the budget is spent before that is known.
func (u *auditor) backsUp(id fabric.LinkID, impacts func(...fabric.LinkID) []outage.Impact, spent func() bool) bool {
	for i := range u.n.Links {
		if spent() {
			return true
		}
		other := u.n.Links[i].ID
		if other == id || u.n.Links[i].Kind == fabric.SameVPCLink {
			continue
		}
		one := impacts(other)
		if len(one) == 0 {
			continue // it carries nothing that policy wants
		}
		if harm(impacts(id, other)) > harm(one) {
			return true
		}
	}
	return false
}

// harm counts the pairs that a failure takes away from, the lost ones most.
func harm(list []outage.Impact) int {
	n := 0
	for _, x := range list {
		switch x.Effect {
		case outage.Lost, outage.NotKnown:
			n += 1000
		case outage.OneWay:
			n += 100
		case outage.Congested:
			n += 10
		case outage.Slower:
			if matters([]outage.Impact{x}) {
				n++
			}
		case outage.Unaffected:
		}
	}
	return n
}

// changesCost reports whether some flow costs over 10 % more or less by the way
// that it takes without a link.
func (u *auditor) changesCost(id fabric.LinkID) bool {
	carries := func(l price.Line) bool { return l.IsTraffic() && l.Link == id }
	if u.in.Bill == nil || !slices.ContainsFunc(u.in.Bill.Lines, carries) {
		return false
	}
	without := price.Compute(u.n, u.a, u.p.Plane.Tables(routes.NewFailure(routes.Part{Kind: routes.LinkPart, ID: string(id)})))
	for i, f := range u.in.Bill.Flows {
		if i < len(without.Flows) && math.Abs(float64(without.Flows[i].Amount-f.Amount)) > needlessChange*float64(f.Amount) {
			return true
		}
	}
	return false
}
