package routes

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/routes/bgp"
	"github.com/tieline/tieline/internal/routes/cloud"
)

// Candidate is a route that was offered to a table, installed or not.
type Candidate struct {
	Route     Route
	Installed bool
	Why       string // why it won or lost: "AS path of 3 against 2"
}

// Explain lists what a table was offered for a prefix, the winner first: of
// exactly that prefix, or where it was offered none, of the longest that holds
// all of it.
func (p *Plane) Explain(t *Tables, table int, to netip.Prefix) []Candidate {
	if table < 0 || table >= len(p.layout.Slots) || t.st == nil {
		return nil
	}
	s := &p.layout.Slots[table]
	for bits := to.Bits(); bits >= 0; bits-- {
		q := netip.PrefixFrom(to.Addr(), bits).Masked()
		if out := p.offered(t, table, s, q); len(out) > 0 {
			return out
		}
	}
	return nil
}

// offered lists what a table was offered for exactly a prefix.
func (p *Plane) offered(t *Tables, table int, s *cloud.Slot, q netip.Prefix) []Candidate {
	tb := &t.Tables[table]
	var out []Candidate
	own, okOwn := tb.Own.Get(q)
	learned, okLearned := tb.Learned.Get(q)
	shadowed := tb.Own.FirmOver(q.Addr()) && !okOwn
	if tb.LearnedHop.Kind != 0 {
		learned.Hops = []Hop{tb.LearnedHop}
	}
	if okOwn {
		out = append(out, Candidate{own, true, own.Why})
	}
	switch {
	case okLearned && okOwn:
		out = append(out, Candidate{learned, false, "routes of the table itself are preferred over learned ones"})
	case okLearned && shadowed:
		out = append(out, Candidate{learned, false, "it lies inside a route that learned ones never override"})
	case okLearned:
		out = append(out, Candidate{learned, true, learned.Why})
	}
	for _, i := range s.Weak {
		if e := &s.Entries[i]; e.Prefix == q && !okOwn {
			out = append(out, Candidate{p.entryRoute(t.st, e), false, "a learned route is preferred"})
		}
	}
	for i := range s.Losers {
		if e := &s.Losers[i]; e.Prefix == q {
			out = append(out, Candidate{p.entryRoute(t.st, e), false, "another route of the table has the prefix"})
		}
	}
	return append(out, p.rivals(t, s, q)...)
}

func (p *Plane) entryRoute(st *state, e *cloud.Entry) Route {
	return Route{Prefix: e.Prefix, Protocol: e.Protocol, Hops: p.hops(e.Act, st.down), Origin: e.Origin, Firm: e.Firm, Why: e.Why}
}

// rivals lists the announcements of a prefix that the table's speaker did not
// use.
func (p *Plane) rivals(t *Tables, s *cloud.Slot, q netip.Prefix) []Candidate {
	c, ok := p.machine.ClassOf[q]
	if !ok {
		return nil
	}
	var nodes []int
	switch s.Learn.Kind {
	case cloud.NothingLearned:
		return nil
	case cloud.ViaNode, cloud.ViaHanded, cloud.ViaHub:
		nodes = []int{s.Learn.Node}
	case cloud.ViaSet:
		for _, x := range p.layout.Sets[s.Learn.Set].Sources {
			nodes = append(nodes, x.Node)
		}
	}
	var out []Candidate
	for _, n := range nodes {
		res := t.st.bgp.Results[c]
		for _, k := range p.machine.Nodes[n].In {
			e := &p.machine.Edges[k]
			if !t.st.bgp.Up[e.Bundle] || slices.Contains(res[n].Via, k) {
				continue
			}
			cand, v := p.machine.Offer(&p.machine.Classes[c], &res[e.From], e)
			if v == bgp.NotSent {
				continue
			}
			r := Route{Prefix: q, Protocol: BGP, Path: p.machine.PathOver(&p.machine.Classes[c], &res[e.From], e), MED: cand.MED, Hops: p.hopsVia(t.st, n, []int{k}), Origin: p.machine.LineOf(q, res[e.From].Src)}
			out = append(out, Candidate{r, false, p.lostWhy(&res[n], cand, v, k)})
		}
	}
	return out
}

// lostWhy says why an announcement was not used.
func (p *Plane) lostWhy(r *bgp.Result, c bgp.Candidate, v bgp.Verdict, k int) string {
	switch {
	case v == bgp.Looped:
		return "refused: its AS path holds the receiver's own number"
	case v == bgp.Filtered:
		return "refused: it is equal to or inside a network of the receiver's"
	case v == bgp.Withheld:
		return "not announced: a community that it came with keeps it from here"
	case v == bgp.Dropped:
		return "not announced: a route policy of the sender drops it"
	case v == bgp.Unheard:
		return "refused: a route policy of the receiver drops it"
	case r.Own:
		return "the table holds the prefix itself"
	case slices.Contains(r.Tied, k):
		return "it ranks alike, and one is used"
	case r.Prefers(c):
		return "a lower local preference"
	case c.Path > len(r.Path) && c.Prepends > 0 && c.Path-c.Prepends <= len(r.Path):
		return fmt.Sprintf("a longer AS path by %s", prepends(c.Prepends))
	case c.Path > len(r.Path):
		return "a longer AS path"
	case len(r.Path) > 0 && c.Path == len(r.Path) && c.MED > r.MED:
		return "a higher MED"
	}
	return "less preferred"
}
