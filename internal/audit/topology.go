package audit

import (
	"slices"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
)

// needlessChange is how much a round trip or cost may change without a link
// for the link to count as needless.
const needlessChange = 0.10

// needlessLinks: each link changes something: an assertion, who reaches whom
// (also while another link fails), a round trip or a flow's cost by more than
// 10 %. Which links fail beside it is bounded by those that carry what goes
// between the same parts of the network.
func (u *auditor) needlessLinks() {
	if len(u.n.Policy) == 0 {
		return // nothing says what the links are for
	}
	alone := map[fabric.LinkID][]verify.Impact{}
	impacts := func(ids ...fabric.LinkID) []verify.Impact {
		if len(ids) == 1 {
			if list, ok := alone[ids[0]]; ok {
				return list
			}
		}
		parts := make([]routes.Part, len(ids))
		for i, id := range ids {
			parts[i] = routes.Part{Kind: routes.LinkPart, ID: string(id)}
		}
		list := u.p.Impacts(routes.NewFailure(parts...))
		if len(ids) == 1 {
			alone[ids[0]] = list
		}
		return list
	}
	for i := range u.n.Links {
		l := &u.n.Links[i]
		if l.Kind == fabric.SameVPCLink || matters(impacts(l.ID)) || u.in.Asserted != nil && !u.in.Asserted(l.ID) || u.changesCost(l.ID) {
			continue
		}
		if u.backsUp(l.ID, impacts) {
			continue
		}
		f := u.add(diag.Note, l.Origin, string(l.ID), "link %s is needless: without it everything works as well, and costs no more by traffic", l.ID)
		f.Hint = "take it out of connect, or state an assertion that it serves (survives)"
	}
}

// matters reports whether a failure does more to some pair than the needless
// change.
func matters(list []verify.Impact) bool {
	for _, x := range list {
		switch x.Effect {
		case verify.Congested, verify.OneWay, verify.Lost, verify.NotKnown:
			return true
		case verify.Slower:
			if x.After.RTT > x.Before.RTT*(1+needlessChange) {
				return true
			}
		case verify.Unaffected:
		}
	}
	return false
}

// backsUp reports whether, when another link fails, more is lost without this
// one than with it.
func (u *auditor) backsUp(id fabric.LinkID, impacts func(...fabric.LinkID) []verify.Impact) bool {
	for i := range u.n.Links {
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
func harm(list []verify.Impact) int {
	n := 0
	for _, x := range list {
		switch x.Effect {
		case verify.Lost, verify.NotKnown:
			n += 1000
		case verify.OneWay:
			n += 100
		case verify.Congested:
			n += 10
		case verify.Slower:
			if matters([]verify.Impact{x}) {
				n++
			}
		case verify.Unaffected:
		}
	}
	return n
}

// changesCost reports whether a link carries traffic that is paid for: by
// another way it would cost something else.
func (u *auditor) changesCost(id fabric.LinkID) bool {
	return u.in.Bill != nil && slices.ContainsFunc(u.in.Bill.Lines, func(l price.Line) bool { return l.IsTraffic() && l.Link == id && l.Amount > 0 })
}
