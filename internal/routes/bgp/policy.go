package bgp

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// scope is how far the well-known communities let a route go (RFC 1997).
type scope uint8

const (
	anybody scope = iota
	ownAS         // NO_EXPORT
	nobody        // NO_ADVERTISE
)

// standing is what of a route decides before its AS path: local preference.
type standing struct {
	value  int  // the highest wins
	tagged bool // by a community for it
}

// unsaid is the standing of a route that nothing gave one.
var unsaid = standing{value: fabric.DefaultPreference}

// announcement is what an end sends beside the path that it holds.
type announcement struct {
	dropped     bool
	prepends    []vocab.ASN
	communities []fabric.Community
}

// export is what an end of a bundle does to what it sends; it sets the MED of
// the candidate.
func (m *Machine) export(c *Class, b *Bundle, end int, out *Candidate) announcement {
	var a announcement
	policy := b.Ends[end].Export
	if policy == 0 {
		return a
	}
	for i := range m.Policies[policy-1] {
		if !c.terms[policy-1][i] {
			continue
		}
		t := &m.Policies[policy-1][i]
		out.MED = med(t, out.MED)
		a.prepends = slices.Concat(t.Prepend, a.prepends)
		a.communities = slices.Concat(a.communities, t.Attach)
		switch t.End {
		case fabric.NextTerm:
			continue
		case fabric.DropRoute:
			a.dropped = true
		case fabric.AcceptRoute:
		}
		return a
	}
	return a
}

func med(t *fabric.RouteTerm, was int) int {
	if t.SetMED {
		return t.MED
	}
	return was + t.MED
}

// accept is what the receiver does to what it hears: what communities mean to
// it, and its import policy. It reports whether it takes the announcement.
func (m *Machine) accept(c *Class, b *Bundle, e *Edge, out *Candidate, sent announcement) bool {
	out.standing = m.Nodes[e.To].preferred(sent.communities, out.standing)
	carried := scopeOf(sent.communities)
	policy := b.Ends[1-e.Dir].Import
	if policy > 0 {
		for i := range m.Policies[policy-1] {
			t := &m.Policies[policy-1][i]
			if !c.terms[policy-1][i] || !carries(sent.communities, t.Communities) {
				continue
			}
			out.MED = med(t, out.MED)
			out.Path, out.Prepends = out.Path+len(t.Prepend), out.Prepends+len(t.Prepend)
			carried = max(carried, scopeOf(t.Attach))
			if t.Preference != 0 {
				out.standing = standing{value: t.Preference}
			}
			if t.End == fabric.DropRoute {
				return false
			}
			if t.End == fabric.AcceptRoute {
				break
			}
		}
	}
	out.scope = max(out.scope, carried)
	return true
}

// importPrepends is what the receiver puts before a path.
func (m *Machine) importPrepends(c *Class, b *Bundle, sender int, communities []fabric.Community) []vocab.ASN {
	policy := b.Ends[1-sender].Import
	if policy == 0 {
		return nil
	}
	var out []vocab.ASN
	for i := range m.Policies[policy-1] {
		t := &m.Policies[policy-1][i]
		if !c.terms[policy-1][i] || !carries(communities, t.Communities) {
			continue
		}
		out = slices.Concat(t.Prepend, out)
		if t.End != fabric.NextTerm {
			break
		}
	}
	return out
}

// carries reports whether all of a list of communities are there.
func carries(have, want []fabric.Community) bool {
	return !slices.ContainsFunc(want, func(c fabric.Community) bool { return !slices.Contains(have, c) })
}

func scopeOf(list []fabric.Community) scope {
	switch {
	case slices.Contains(list, fabric.NoAdvertise):
		return nobody
	case slices.Contains(list, fabric.NoExport):
		return ownAS
	}
	return anybody
}

// preferred is the standing that a node gives a path for its communities: of
// several for local preference the highest, as which one counts is not said
// (they exclude each other). One without counts as the middle.
func (n *Node) preferred(list []fabric.Community, was standing) standing {
	for i, c := range slices.Backward(n.Preferences) {
		if slices.Contains(list, c) {
			return standing{value: fabric.DefaultPreference + i - len(n.Preferences)/2, tagged: true}
		}
	}
	return was
}
