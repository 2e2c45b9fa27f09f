package change

import (
	"cmp"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/verify"
)

// WayChange is a pair of groups that policy joins in both networks and whose
// packets go another way, or take longer, or fit less.
type WayChange struct {
	From, To verify.Group
	Old, New WayState
}

// WayState is how packets get from one group to another: the worst over the
// subnets of the two, with what they cross.
type WayState struct {
	Links     []fabric.LinkID // in the order in which they are crossed first
	RTT       float64         // milliseconds, there and back; 0 inside a site or when unknown
	MTU       int             // bytes; 0 when not bound
	Encrypted bool            // all crossings between sites
	Internet  bool            // some go over the public internet outside a tunnel
	Lost      bool            // some have no way
}

// ways compares the ways of all pairs of groups that policy joins in both
// networks, sorted.
func (p *places) ways() []WayChange {
	old := waysOf(p.old, func(g verify.Group) verify.Group { return g }, func(id fabric.LinkID) fabric.LinkID { return id })
	new := waysOf(p.new, func(g verify.Group) verify.Group { return formerGroup(p.m, g) }, func(id fabric.LinkID) fabric.LinkID { return formerID(p.m, id) })
	var out []WayChange
	for pair, is := range new {
		was, ok := old[pair]
		if !ok || was.same(is.WayState) {
			continue
		}
		c := WayChange{From: is.from, To: is.to, Old: was.WayState, New: is.WayState}
		c.New.Links = is.shown
		out = append(out, c)
	}
	slices.SortFunc(out, func(x, y WayChange) int {
		return cmp.Or(compareGroups(x.From, y.From), compareGroups(x.To, y.To))
	})
	return out
}

// namedWay is a way with the names that its own network has for it.
type namedWay struct {
	WayState
	from, to verify.Group
	shown    []fabric.LinkID
}

func (w namedWay) same(x WayState) bool {
	return slices.Equal(w.Links, x.Links) && w.RTT == x.RTT && w.MTU == x.MTU && w.Encrypted == x.Encrypted && w.Internet == x.Internet && w.Lost == x.Lost
}

// waysOf walks between the groups that policy joins. Places of a group that
// send by the same tables have the same ways, so one of them is walked.
func waysOf(proof *verify.Proof, group func(verify.Group) verify.Group, link func(fabric.LinkID) fabric.LinkID) map[outage.Pair]*namedWay {
	type lane struct{ from, to standing }
	walked := map[lane]bool{}
	out := map[outage.Pair]*namedWay{}
	places := proof.Places()
	for _, rule := range proof.Net.Policy {
		for _, i := range representatives(proof, rule.From) {
			for _, j := range representatives(proof, rule.To) {
				from, to := &places[i], &places[j]
				l := lane{standingOf(from), standingOf(to)}
				if i == j || walked[l] || from.Site == "" || to.Site == "" {
					continue
				}
				walked[l] = true
				forward, _, ok := proof.Walks(i, j)
				pair := outage.Pair{From: group(from.Group), To: group(to.Group)}
				w := out[pair]
				if w == nil {
					w = &namedWay{from: from.Group, to: to.Group}
					w.Encrypted = true
					out[pair] = w
				}
				w.add(&forward, ok, link)
			}
		}
	}
	return out
}

func (w *namedWay) add(walk *verify.Walk, ok bool, link func(fabric.LinkID) fabric.LinkID) {
	if !ok {
		w.Lost = true
		return
	}
	for _, id := range walk.Links {
		if !slices.Contains(w.shown, id) {
			w.shown = append(w.shown, id)
			w.Links = append(w.Links, link(id))
		}
	}
	w.RTT = max(w.RTT, walk.RTT)
	if walk.MTU > 0 && (w.MTU == 0 || walk.MTU < w.MTU) {
		w.MTU = walk.MTU
	}
	w.Encrypted = w.Encrypted && walk.Encrypted
	w.Internet = w.Internet || walk.Internet
}

// standing is where a place sends by, and in which group.
type standing struct {
	group verify.Group
	table int
}

func standingOf(p *verify.Place) standing {
	s := standing{group: p.Group, table: -1}
	if len(p.Parts) > 0 {
		s.table = p.Parts[0].Table
	}
	return s
}

// representatives gives a place for each standing among the places of some
// ends, rising.
func representatives(proof *verify.Proof, list []fabric.PolicyEnd) []int {
	seen := map[standing]bool{}
	var out []int
	places := proof.Places()
	for _, e := range list {
		for _, i := range proof.PlacesOf(e) {
			if s := standingOf(&places[i]); !seen[s] {
				seen[s] = true
				out = append(out, i)
			}
		}
	}
	slices.Sort(out)
	return out
}
