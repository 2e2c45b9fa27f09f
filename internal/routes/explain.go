package routes

import (
	"net/netip"
	"slices"
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
	if table < 0 || table >= len(p.slots) || t.st == nil {
		return nil
	}
	s := &p.slots[table]
	for bits := to.Bits(); bits >= 0; bits-- {
		q := netip.PrefixFrom(to.Addr(), bits).Masked()
		if out := p.offered(t, table, s, q); len(out) > 0 {
			return out
		}
	}
	return nil
}

// offered lists what a table was offered for exactly a prefix.
func (p *Plane) offered(t *Tables, table int, s *slot, q netip.Prefix) []Candidate {
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
	for _, i := range s.weak {
		if e := &s.entries[i]; e.prefix == q && !okOwn {
			out = append(out, Candidate{p.entryRoute(t.st, e), false, "a learned route is preferred"})
		}
	}
	for i := range s.losers {
		if e := &s.losers[i]; e.prefix == q {
			out = append(out, Candidate{p.entryRoute(t.st, e), false, "another route of the table has the prefix"})
		}
	}
	return append(out, p.rivals(t, s, q)...)
}

func (p *Plane) entryRoute(st *state, e *entry) Route {
	return Route{Prefix: e.prefix, Protocol: e.proto, Hops: p.hops(e.act, st.down), Origin: e.origin, Firm: e.firm, Why: e.why}
}

// rivals lists the announcements of a prefix that the table's speaker did not
// use.
func (p *Plane) rivals(t *Tables, s *slot, q netip.Prefix) []Candidate {
	c, ok := p.classOf[q]
	if !ok {
		return nil
	}
	var nodes []int
	switch s.learn.kind {
	case nothingLearned:
		return nil
	case viaNode, viaHanded, viaHub:
		nodes = []int{s.learn.node}
	case viaSet:
		for _, x := range p.sets[s.learn.set].sources {
			nodes = append(nodes, x.node)
		}
	}
	var out []Candidate
	for _, n := range nodes {
		res := t.st.res[c]
		for _, k := range p.nodes[n].in {
			e := &p.edges[k]
			if !t.st.up[e.bundle] || slices.Contains(res[n].via, k) {
				continue
			}
			cand, v := p.offer(&p.classes[c], &res[e.from], e)
			if v == notSent {
				continue
			}
			r := Route{Prefix: q, Protocol: BGP, Path: p.pathOver(&res[e.from], e), MED: cand.med, Hops: p.hopsVia(t.st, n, []int{k}), Origin: p.lineOf(q, res[e.from].src)}
			out = append(out, Candidate{r, false, p.lostWhy(&res[n], cand, v, k)})
		}
	}
	return out
}

// lostWhy says why an announcement was not used.
func (p *Plane) lostWhy(r *result, c candidate, v verdict, k int) string {
	switch {
	case v == looped:
		return "refused: its AS path holds the receiver's own number"
	case v == filtered:
		return "refused: it is equal to or inside a network of the receiver's"
	case r.own:
		return "the table holds the prefix itself"
	case slices.Contains(r.tied, k):
		return "it ranks alike, and one is used"
	case c.path > len(r.path):
		return "a longer AS path"
	case len(r.path) > 0 && c.path == len(r.path) && c.med > r.med:
		return "a higher MED"
	}
	return "less preferred"
}
