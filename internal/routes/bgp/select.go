package bgp

import (
	"cmp"
	"slices"

	"github.com/tieline/tieline/internal/vocab"
)

// Result is what a node holds of a class. The zero result is nothing.
type Result struct {
	Has  bool
	Own  bool        // brought in by the node itself
	Path []vocab.ASN // as received
	MED  int         // as received
	Via  []int       // edges of equal standing that carry it, sorted; one where the gateway uses one
	Src  int         // node that brought it in
	// Others are the AS paths over edges of Via that differ from Path, sorted,
	// each once.
	Others [][]vocab.ASN
	hub    bool // learned from another virtual hub
	// standing is what decides before the AS path.
	standing standing
	// scope is how far it may be handed on.
	scope scope
	// Tied are edges of equal standing that are not used though they lead or
	// are handed on elsewhere: which is used is not documented.
	Tied []int
	Lost int // 1 + the best edge that lost, and why
	Why  LostFor
	// Prepends is how many of the AS numbers of the path that lost were
	// prepended by ends of the session, where it would not be longer without.
	Prepends int
	// Loop is 1 + an edge whose announcement was refused for its AS path, when
	// nothing else was offered.
	Loop int
}

// LostFor is why a candidate lost.
type LostFor uint8

const (
	LostForKind LostFor = iota + 1 // kind of attachment
	LostForPath
	LostForMED
	LostForPreference // local preference
)

// Equal reports whether two results say the same.
func (r *Result) Equal(o *Result) bool {
	return r.Has == o.Has && r.Own == o.Own && r.MED == o.MED && r.Src == o.Src && r.hub == o.hub && r.Lost == o.Lost && r.Why == o.Why && r.Loop == o.Loop &&
		r.standing == o.standing && r.scope == o.scope && r.Prepends == o.Prepends &&
		slices.Equal(r.Path, o.Path) && slices.Equal(r.Via, o.Via) && slices.Equal(r.Tied, o.Tied) &&
		slices.EqualFunc(r.Others, o.Others, slices.Equal[[]vocab.ASN])
}

// Prefers reports whether local preference alone puts a result before a
// candidate.
func (r *Result) Prefers(c Candidate) bool {
	return r.Has && !r.Own && r.standing.value > c.standing.value
}

// sends reports whether two results send packets the same ways, whatever they
// announce.
func (r *Result) sends(o *Result) bool {
	return r.Has == o.Has && r.Own == o.Own && r.MED == o.MED && r.hub == o.hub && slices.Equal(r.Via, o.Via) && slices.Equal(r.Tied, o.Tied) &&
		slices.EqualFunc(r.Others, o.Others, slices.Equal[[]vocab.ASN])
}

// Candidate is what an edge offers a node.
type Candidate struct {
	edge     int
	pref     uint8 // kind of attachment, the least preferred over path and MED
	Path     int   // length
	Prepends int   // of it
	near     vocab.ASN
	MED      int
	standing standing
	scope    scope
}

// Verdict is what becomes of an announcement.
type Verdict uint8

const (
	NotSent Verdict = iota
	taken
	Looped   // its AS path holds the receiver's number
	Filtered // the receiver's cloud refuses the prefix
	Withheld // it came with a community that keeps it from the receiver
	Dropped  // by a policy of one of the ends
	Unheard  // by the import policy of the receiver
)

// Offer says what an edge offers of a class, given what its sender holds.
func (m *Machine) Offer(c *Class, f *Result, e *Edge) (Candidate, Verdict) {
	if !f.Has {
		return Candidate{}, NotSent
	}
	from, to := &m.Nodes[e.From], &m.Nodes[e.To]
	b := &m.Bundles[e.Bundle]
	if !m.exports(c, f, e.From, b.Kind) {
		return Candidate{}, NotSent
	}
	out := Candidate{Path: len(f.Path) + 1, near: from.ASN, MED: b.Ends[e.Dir].MED, standing: unsaid}
	if f.Own {
		for _, o := range c.origins {
			if o.Node == e.From {
				out.MED += o.MED
				break
			}
		}
	}
	switch b.Kind {
	case HubBundle:
		if f.scope == nobody {
			return Candidate{}, Withheld
		}
		out.Path = len(f.Path) + len(m.interHub)
		out.pref, out.scope = 1, f.scope // hubs are of one AS
		return out, taken
	case Associated: // no session of BGP: nothing looks for loops or communities
		switch {
		case from.ASN == to.ASN:
			return out, Looped // an association that AWS refuses
		case m.Nodes[f.Src].Gateway == to.Gateway:
			return Candidate{}, NotSent
		}
		out.standing, out.scope = f.standing, f.scope
		return out, taken
	case TunnelBundle:
		if f.scope != anybody {
			return Candidate{}, Withheld
		}
		if to.PrivateFirst {
			out.pref = 1
		}
	}
	sent := m.export(c, b, e.Dir, &out)
	if sent.dropped {
		return Candidate{}, Dropped
	}
	out.Path += len(sent.prepends)
	if len(f.Path) > 0 && f.Path[0] == to.ASN && m.learnedFrom(f, to.Gateway) {
		return Candidate{}, NotSent // back to where it came from
	}
	if from.ASN == to.ASN || slices.Contains(f.Path, to.ASN) {
		if m.Nodes[f.Src].Gateway == to.Gateway {
			return Candidate{}, NotSent // its own, come back
		}
		return out, Looped
	}
	if slices.Contains(sent.prepends, to.ASN) {
		return out, Looped
	}
	if c.Refuse != nil && c.Refuse[e.To] {
		return out, Filtered
	}
	out.Prepends = len(sent.prepends)
	if !m.accept(c, b, e, &out, sent) {
		return out, Unheard
	}
	return out, taken
}

// learnedFrom reports whether what a node holds came from a gateway.
func (m *Machine) learnedFrom(f *Result, gateway int) bool {
	for _, k := range f.Via {
		if m.Nodes[m.Edges[k].From].Gateway == gateway {
			return true
		}
	}
	return false
}

// exports reports whether a node hands what it holds to peers of a kind.
func (m *Machine) exports(c *Class, f *Result, at int, over BundleKind) bool {
	from := &m.Nodes[at]
	if f.Own {
		return true
	}
	switch from.HandsOn {
	case HandsAll:
		return true
	case HandsMore:
		return !c.whole
	case HandsHub:
		return !c.whole && !(over == HubBundle && f.hub)
	case HandsListed:
		return slices.Contains(c.passOn, at)
	case HandsAssociated:
		return over == Associated
	case HandsNothing:
	}
	return false
}

// PathOver is the AS path of what an edge offers, as the receiver holds it.
func (m *Machine) PathOver(c *Class, f *Result, e *Edge) []vocab.ASN {
	b := &m.Bundles[e.Bundle]
	if b.Kind == HubBundle {
		return slices.Concat(m.interHub, f.Path)
	}
	out := Candidate{}
	sent := m.export(c, b, e.Dir, &out)
	return slices.Concat(m.importPrepends(c, b, e.Dir, sent.communities), []vocab.ASN{m.Nodes[e.From].ASN}, sent.prepends, f.Path)
}

// solver runs one class to its fixed point. It is used by one goroutine.
type solver struct {
	m     *Machine
	up    Standing
	last  bool // of equals that are all used the last one is announced
	cands []Candidate
	top   []Candidate // of equal kind and path
	kept  []Candidate
	queue []int
	dirty []bool
	count []int
}

func newSolver(m *Machine, up Standing) *solver {
	return &solver{m: m, up: up, dirty: make([]bool, len(m.Nodes)), count: make([]int, len(m.Nodes))}
}

// solve gives what each node holds of a class once no announcement changes
// anything, and where it does not come to that a node that goes on changing,
// else -1. Backwards takes the nodes in the
// other order, and announces the other of equals, neither of which may matter.
func (s *solver) solve(c *Class, backwards bool) (_ []Result, restless int) {
	m := s.m
	res := make([]Result, len(m.Nodes))
	s.last = backwards
	s.queue = s.queue[:0]
	clear(s.dirty)
	clear(s.count)
	for _, o := range c.origins {
		if s.up.GatewaysDown[m.Nodes[o.Node].Gateway] || o.Attachment >= 0 && s.up.AttachmentsDown[o.Attachment] {
			continue
		}
		res[o.Node] = Result{Has: true, Own: true, Src: o.Node}
		s.spread(o.Node)
	}
	for len(s.queue) > 0 {
		var n int
		if backwards {
			n = s.queue[len(s.queue)-1]
			s.queue = s.queue[:len(s.queue)-1]
		} else {
			n = s.queue[0]
			s.queue = s.queue[1:]
		}
		s.dirty[n] = false
		if res[n].Own && !c.idle(n) || s.up.GatewaysDown[m.Nodes[n].Gateway] {
			continue
		}
		next := s.choose(c, res, n)
		if !next.Has && c.idle(n) {
			next = Result{Has: true, Own: true, Src: n}
		}
		if next.Equal(&res[n]) {
			continue
		}
		spread := next.Has != res[n].Has || next.Src != res[n].Src || next.hub != res[n].hub || next.standing != res[n].standing || next.scope != res[n].scope || !slices.Equal(next.Path, res[n].Path) || !slices.Equal(next.Via, res[n].Via)
		res[n] = next
		if s.count[n]++; s.count[n] > 2*len(m.Nodes)+8 {
			return res, n
		}
		if spread {
			s.spread(n)
		}
	}
	return res, -1
}

// idle reports whether a node brings the class in only where it hears it from
// nobody.
func (c *Class) idle(n int) bool {
	return slices.ContainsFunc(c.origins, func(o Origin) bool { return o.Node == n && o.Idle })
}

// spread queues the nodes that a node announces to.
func (s *solver) spread(n int) {
	for _, k := range s.m.outOf[n] {
		e := &s.m.Edges[k]
		if s.up.Bundles[e.Bundle] && !s.dirty[e.To] {
			s.dirty[e.To] = true
			s.queue = append(s.queue, e.To)
		}
	}
}

// choose is a node's selection among what its edges offer.
func (s *solver) choose(c *Class, res []Result, n int) Result {
	m := s.m
	nd := &m.Nodes[n]
	s.cands = s.cands[:0]
	loop := 0
	for _, k := range nd.In {
		e := &m.Edges[k]
		if !s.up.Bundles[e.Bundle] {
			continue
		}
		cand, v := m.Offer(c, &res[e.From], e)
		switch v {
		case taken:
			cand.edge = k
			s.cands = append(s.cands, cand)
		case Looped:
			loop = k + 1
		case NotSent, Filtered, Withheld, Dropped, Unheard:
		}
	}
	if len(s.cands) == 0 {
		return Result{Loop: loop}
	}
	best, rest, why := s.best(nd)
	lead := s.lead(c, res, best)
	out := Result{Has: true, MED: lead.MED, hub: m.Bundles[m.Edges[lead.edge].Bundle].Kind == HubBundle, standing: lead.standing, scope: lead.scope}
	e := &m.Edges[lead.edge]
	out.Path, out.Src = m.PathOver(c, &res[e.From], e), res[e.From].Src
	for _, b := range best {
		if nd.ECMP || b.edge == lead.edge {
			out.Via = append(out.Via, b.edge)
		} else if x := &m.Edges[b.edge]; m.Nodes[x.From].Gateway != m.Nodes[e.From].Gateway || b.scope != lead.scope || !slices.Equal(m.PathOver(c, &res[x.From], x), out.Path) {
			out.Tied = append(out.Tied, b.edge)
		}
	}
	out.Tied = append(out.Tied, s.unranked(lead)...)
	slices.Sort(out.Via)
	slices.Sort(out.Tied)
	out.Others = m.otherPaths(c, res, &out)
	if rest.edge >= 0 {
		out.Lost, out.Why = rest.edge+1, why
		if why == LostForPath && rest.Path-rest.Prepends <= lead.Path {
			out.Prepends = rest.Prepends
		}
	}
	return out
}

// unranked lists the candidates of which it is not documented how they rank
// against the one that is used: of those with and without a community for
// local preference.
func (s *solver) unranked(lead Candidate) []int {
	var out []int
	for i := range s.cands {
		if c := &s.cands[i]; c.pref == lead.pref && c.standing.tagged != lead.standing.tagged {
			out = append(out, c.edge)
		}
	}
	return out
}

// otherPaths are the AS paths of a result's edges that are not its own.
func (m *Machine) otherPaths(c *Class, res []Result, r *Result) [][]vocab.ASN {
	if len(r.Via) < 2 {
		return nil
	}
	var out [][]vocab.ASN
	for _, k := range r.Via {
		e := &m.Edges[k]
		if x := m.PathOver(c, &res[e.From], e); !slices.Equal(x, r.Path) {
			out = append(out, x)
		}
	}
	return sortedPaths(out)
}

func sortedPaths(list [][]vocab.ASN) [][]vocab.ASN {
	slices.SortFunc(list, slices.Compare[[]vocab.ASN])
	return slices.CompactFunc(list, slices.Equal[[]vocab.ASN])
}

// Join adds the AS paths of another result, which is used at the same time, to
// Others.
func (r *Result) Join(o *Result) {
	list := slices.DeleteFunc(append(slices.Clone(o.Others), o.Path), func(x []vocab.ASN) bool { return slices.Equal(x, r.Path) })
	r.Others = sortedPaths(append(r.Others, list...))
}

// lead is the one among equals whose path is announced: of those that may be
// handed on the one of the lowest path, then of the first tunnel. Where one way
// is used, it is that. Which one a cloud announces is not documented.
func (s *solver) lead(c *Class, res []Result, best []Candidate) Candidate {
	m := s.m
	if len(best) == 1 {
		return best[0]
	}
	return slices.MinFunc(best, func(a, b Candidate) int {
		x, y := &m.Edges[a.edge], &m.Edges[b.edge]
		if !m.Nodes[x.To].ECMP {
			return cmp.Or(cmp.Compare(m.firstTunnel(x.Bundle), m.firstTunnel(y.Bundle)), cmp.Compare(a.edge, b.edge))
		}
		order := cmp.Or(cmp.Compare(a.scope, b.scope), cmp.Compare(a.near, b.near),
			slices.Compare(m.PathOver(c, &res[x.From], x), m.PathOver(c, &res[y.From], y)), cmp.Compare(a.edge, b.edge))
		if s.last {
			return -order
		}
		return order
	})
}

func (m *Machine) firstTunnel(b int) int {
	if len(m.Bundles[b].Tunnels) == 0 {
		return -1
	}
	return m.Bundles[b].Tunnels[0]
}

// best gives the candidates of equal standing, and the best of the others with
// why it lost (its edge is -1 when all are equal). The order: kind of
// attachment, local preference, length of the AS path, MED of one neighbour AS
// (a Cloud Router compares all). A hub may look at the path first.
func (s *solver) best(nd *Node) (kept []Candidate, rest Candidate, why LostFor) {
	cands, best := s.cands, s.top[:0]
	rest.edge = -1
	order := func(a, b *Candidate) (int, LostFor) {
		switch {
		case nd.PathFirst && a.Path != b.Path:
			return cmp.Compare(a.Path, b.Path), LostForPath
		case a.pref != b.pref:
			return cmp.Compare(a.pref, b.pref), LostForKind
		case a.standing.value != b.standing.value:
			return cmp.Compare(b.standing.value, a.standing.value), LostForPreference
		}
		return cmp.Compare(a.Path, b.Path), LostForPath
	}
	top := &cands[0]
	for i := range cands {
		if o, _ := order(&cands[i], top); o < 0 {
			top = &cands[i]
		}
	}
	for i := range cands {
		c := &cands[i]
		o, w := order(c, top)
		if o == 0 {
			best = append(best, *c)
			continue
		}
		if rest.edge >= 0 {
			if o, _ = order(c, &rest); o >= 0 {
				continue
			}
		}
		rest, why = *c, w
	}
	s.top, kept = best, s.kept[:0]
	for _, c := range best {
		beaten := slices.ContainsFunc(best, func(o Candidate) bool {
			return o.MED < c.MED && (o.near == c.near || nd.ComparesMED)
		})
		if beaten {
			rest, why = c, LostForMED
			continue
		}
		kept = append(kept, c)
	}
	s.kept = kept
	return kept, rest, why
}
