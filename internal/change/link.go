package change

import (
	"cmp"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// LinkChange is what changes of a link: how much of it there is.
type LinkChange struct {
	Link     fabric.LinkID // as the new network spells it; of a removed one as the old
	Was      fabric.LinkID // when it is another
	Old, New *LinkState    // nil: there is none
}

// LinkState is what a link is worth.
type LinkState struct {
	Kind      string
	Tunnels   int
	Instances int // gateway instances that its tunnels end on, at the end that has fewer; 0 without tunnels
	Capacity  vocab.Rate
	RTT       float64 // milliseconds; 0 when unknown
	MTU       int     // bytes
}

// linkChanges compares the links of two networks, sorted by link.
func linkChanges(m *match) []LinkChange {
	var out []LinkChange
	seen := map[fabric.LinkID]bool{}
	for i := range m.new.Links {
		l := &m.new.Links[i]
		state := stateOf(m.new, l)
		c := LinkChange{Link: l.ID, New: &state}
		was := formerID(m, l.ID)
		seen[was] = true
		if o, ok := m.old.Link(was); ok {
			old := stateOf(m.old, &o)
			if old == state {
				continue
			}
			c.Old = &old
			if was != l.ID {
				c.Was = was
			}
		}
		out = append(out, c)
	}
	for i := range m.old.Links {
		if l := &m.old.Links[i]; !seen[l.ID] {
			old := stateOf(m.old, l)
			out = append(out, LinkChange{Link: l.ID, Old: &old})
		}
	}
	slices.SortFunc(out, func(x, y LinkChange) int { return cmp.Compare(x.Link, y.Link) })
	return out
}

func stateOf(n *fabric.Network, l *fabric.Link) LinkState {
	s := LinkState{Kind: l.Kind.String(), Tunnels: len(l.Tunnels), Capacity: l.Capacity, RTT: l.RTT, MTU: l.MTU}
	tunnels := n.TunnelsOf(*l)
	if len(tunnels) == 0 {
		return s
	}
	type end struct {
		gateway    fabric.GatewayID
		connection fabric.ConnectionID // of AWS, whose connections have ends of their own
		index      int
	}
	var at [2]map[end]bool
	for k := range at {
		at[k] = map[end]bool{}
		for _, t := range tunnels {
			x := end{gateway: t.Ends[k].Gateway, index: t.Ends[k].Interface}
			if c, ok := n.Connection(t.Connection); ok && c.Gateway == x.gateway {
				x.connection = c.ID
			}
			at[k][x] = true
		}
	}
	s.Instances = min(len(at[0]), len(at[1]))
	return s
}

// SingleChange is a single point of failure that comes, goes, or takes more or
// less with it.
type SingleChange struct {
	Part         routes.Part
	Gained, Lost []outage.Pair // pairs that its failure newly cuts off; that it cuts off no more
}

// singleChanges compares the single points of failure, sorted by part.
func singleChanges(m *match, old, new *outage.Report) []SingleChange {
	pairs := map[routes.Part][2][]outage.Pair{}
	for _, s := range old.Single {
		p := pairs[s.Part]
		p[0] = append(p[0], s.Lost...)
		pairs[s.Part] = p
	}
	// New names stand for the part in the report; pairs are matched by what
	// the old network calls them.
	shown := map[routes.Part]routes.Part{}
	called := map[outage.Pair]outage.Pair{}
	for _, s := range new.Single {
		was := routes.Part{Kind: s.Part.Kind, ID: formerPart(m, s.Part.ID)}
		shown[was] = s.Part
		p := pairs[was]
		for _, lost := range s.Lost {
			f := outage.Pair{From: formerGroup(m, lost.From), To: formerGroup(m, lost.To)}
			called[f] = lost
			p[1] = append(p[1], f)
		}
		pairs[was] = p
	}
	var out []SingleChange
	for part, p := range pairs {
		c := SingleChange{Part: part}
		if s, ok := shown[part]; ok {
			c.Part = s
		}
		for _, x := range p[1] {
			if !slices.Contains(p[0], x) {
				c.Gained = append(c.Gained, called[x])
			}
		}
		for _, x := range p[0] {
			if !slices.Contains(p[1], x) {
				c.Lost = append(c.Lost, x)
			}
		}
		if len(c.Gained)+len(c.Lost) == 0 {
			continue
		}
		slices.SortFunc(c.Gained, comparePairs)
		slices.SortFunc(c.Lost, comparePairs)
		out = append(out, c)
	}
	slices.SortFunc(out, func(x, y SingleChange) int { return x.Part.Compare(y.Part) })
	return out
}

// formerPart gives a part's former id; instances are gateway#index.
func formerPart(m *match, id string) string {
	for i := len(id) - 1; i > 0; i-- {
		if id[i] == '#' {
			return m.former(id[:i]) + id[i:]
		}
	}
	return m.former(id)
}

func formerGroup(m *match, g verify.Group) verify.Group {
	return verify.Group{Site: formerID(m, g.Site), Segment: m.formerSegment(g.Segment)}
}

func compareGroups(a, b verify.Group) int {
	return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.Segment, b.Segment))
}

func comparePairs(a, b outage.Pair) int {
	return cmp.Or(compareGroups(a.From, b.From), compareGroups(a.To, b.To))
}
