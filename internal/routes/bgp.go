package routes

import (
	"cmp"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// result is what a node holds of a class. The zero result is nothing.
type result struct {
	has  bool
	own  bool        // brought in by the node itself
	path []vocab.ASN // as received
	med  int         // as received
	via  []int       // edges of equal standing that carry it, sorted; one where the gateway uses one
	src  int         // node that brought it in
	hub  bool        // learned from another virtual hub
	// tied are edges of equal standing that are not used though they lead
	// elsewhere: which is used is not documented.
	tied []int
	lost int // 1 + the best edge that lost, and why
	why  lostFor
	// loop is 1 + an edge whose announcement was refused for its AS path, when
	// nothing else was offered.
	loop int
}

// lostFor is why a candidate lost.
type lostFor uint8

const (
	lostForKind lostFor = iota + 1 // kind of attachment
	lostForPath
	lostForMED
)

func (r *result) equal(o *result) bool {
	return r.has == o.has && r.own == o.own && r.med == o.med && r.src == o.src && r.hub == o.hub && r.lost == o.lost && r.why == o.why && r.loop == o.loop &&
		slices.Equal(r.path, o.path) && slices.Equal(r.via, o.via) && slices.Equal(r.tied, o.tied)
}

// candidate is what an edge offers a node.
type candidate struct {
	edge int
	pref uint8 // kind of attachment, the least preferred over path and MED
	path int   // length
	near vocab.ASN
	med  int
}

// verdict is what becomes of an announcement.
type verdict uint8

const (
	notSent verdict = iota
	taken
	looped   // its AS path holds the receiver's number
	filtered // the receiver's cloud refuses the prefix
)

// offer says what an edge offers of a class, given what its sender holds.
func (p *Plane) offer(c *class, f *result, e *edge) (candidate, verdict) {
	if !f.has {
		return candidate{}, notSent
	}
	from, to := &p.nodes[e.from], &p.nodes[e.to]
	b := &p.bundles[e.bundle]
	if !p.exports(c, f, e.from, b.kind) {
		return candidate{}, notSent
	}
	out := candidate{path: len(f.path) + 1, near: from.asn, med: b.ends[e.dir].med}
	if f.own {
		for _, o := range c.origins {
			if o.node == e.from {
				out.med += o.med
				break
			}
		}
	}
	switch b.kind {
	case hubBundle:
		out.path = len(f.path) + len(p.interHub)
		out.pref = 1
		return out, taken
	case associated:
		out.pref = 0
	case tunnelBundle:
		if to.kind == fabric.TransitGateway || to.kind == fabric.VirtualPrivateGateway {
			out.pref = 1
		}
	}
	if len(f.path) > 0 && f.path[0] == to.asn && p.learnedFrom(f, to.gateway) {
		return candidate{}, notSent // back to where it came from
	}
	if from.asn == to.asn || slices.Contains(f.path, to.asn) {
		if p.nodes[f.src].gateway == to.gateway {
			return candidate{}, notSent // its own, come back
		}
		return out, looped
	}
	if c.refuse != nil && c.refuse[e.to] {
		return out, filtered
	}
	return out, taken
}

// learnedFrom reports whether what a node holds came from a gateway.
func (p *Plane) learnedFrom(f *result, gateway int) bool {
	for _, k := range f.via {
		if p.nodes[p.edges[k].from].gateway == gateway {
			return true
		}
	}
	return false
}

// exports reports whether a node hands what it holds to peers of a kind.
func (p *Plane) exports(c *class, f *result, at int, over bundleKind) bool {
	from := &p.nodes[at]
	if f.own {
		return true
	}
	switch from.kind {
	case fabric.TransitGateway, fabric.VirtualPrivateGateway:
		// A transit gateway announces its table; a virtual private gateway
		// hands the routes of one connection to the others (CloudHub).
		return true
	case fabric.HAVPN:
		return from.key == relayKey
	case fabric.VPNGateway:
		return !c.whole
	case fabric.VirtualHub:
		return !c.whole && !(over == hubBundle && f.hub)
	case fabric.Device:
		return slices.Contains(c.passOn, at)
	case fabric.ExpressRouteGateway:
		return false
	case fabric.DirectConnectGateway:
		return over == associated // never from one interface or association to another
	}
	return false
}

// pathOver is the AS path of what an edge offers.
func (p *Plane) pathOver(f *result, e *edge) []vocab.ASN {
	if p.bundles[e.bundle].kind == hubBundle {
		return slices.Concat(p.interHub, f.path)
	}
	return slices.Concat([]vocab.ASN{p.nodes[e.from].asn}, f.path)
}

// solver runs one class to its fixed point. It is used by one goroutine.
type solver struct {
	p     *Plane
	up    []bool // bundles
	d     *down
	cands []candidate
	top   []candidate // of equal kind and path
	kept  []candidate
	queue []int
	dirty []bool
	count []int
}

func newSolver(p *Plane, up []bool, d *down) *solver {
	return &solver{p: p, up: up, d: d, dirty: make([]bool, len(p.nodes)), count: make([]int, len(p.nodes))}
}

// solve gives what each node holds of a class once no announcement changes
// anything, and whether it came to that. Backwards takes the nodes in the
// other order, which must not matter.
func (s *solver) solve(c *class, backwards bool) ([]result, bool) {
	p := s.p
	res := make([]result, len(p.nodes))
	s.queue = s.queue[:0]
	clear(s.dirty)
	clear(s.count)
	for _, o := range c.origins {
		if s.d.gateways[p.nodes[o.node].gateway] || o.dep >= 0 && s.d.attachments[o.dep] {
			continue
		}
		res[o.node] = result{has: true, own: true, src: o.node}
		s.spread(o.node)
	}
	settled := true
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
		if res[n].own && !c.idle(n) || s.d.gateways[p.nodes[n].gateway] {
			continue
		}
		next := s.choose(c, res, n)
		if !next.has && c.idle(n) {
			next = result{has: true, own: true, src: n}
		}
		if next.equal(&res[n]) {
			continue
		}
		spread := next.has != res[n].has || next.src != res[n].src || next.hub != res[n].hub || !slices.Equal(next.path, res[n].path) || !slices.Equal(next.via, res[n].via)
		res[n] = next
		if s.count[n]++; s.count[n] > 2*len(p.nodes)+8 {
			settled = false
			break
		}
		if spread {
			s.spread(n)
		}
	}
	return res, settled
}

// idle reports whether a node brings the class in only where it hears it from
// nobody.
func (c *class) idle(n int) bool {
	return slices.ContainsFunc(c.origins, func(o origin) bool { return o.node == n && o.idle })
}

// spread queues the nodes that a node announces to.
func (s *solver) spread(n int) {
	for _, k := range s.p.outOf[n] {
		e := &s.p.edges[k]
		if s.up[e.bundle] && !s.dirty[e.to] {
			s.dirty[e.to] = true
			s.queue = append(s.queue, e.to)
		}
	}
}

// choose is a node's selection among what its edges offer.
func (s *solver) choose(c *class, res []result, n int) result {
	p := s.p
	nd := &p.nodes[n]
	s.cands = s.cands[:0]
	loop := 0
	for _, k := range nd.in {
		e := &p.edges[k]
		if !s.up[e.bundle] {
			continue
		}
		cand, v := p.offer(c, &res[e.from], e)
		switch v {
		case taken:
			cand.edge = k
			s.cands = append(s.cands, cand)
		case looped:
			loop = k + 1
		case notSent, filtered:
		}
	}
	if len(s.cands) == 0 {
		return result{loop: loop}
	}
	best, lost, why := s.best(nd)
	out := result{has: true, med: best[0].med, hub: p.bundles[p.edges[best[0].edge].bundle].kind == hubBundle}
	lead := p.lead(res, best)
	e := &p.edges[lead]
	out.path, out.src = p.pathOver(&res[e.from], e), res[e.from].src
	for _, b := range best {
		if nd.ecmp || b.edge == lead {
			out.via = append(out.via, b.edge)
		} else if p.nodes[p.edges[b.edge].from].gateway != p.nodes[e.from].gateway {
			out.tied = append(out.tied, b.edge)
		}
	}
	slices.Sort(out.via)
	if lost >= 0 {
		out.lost, out.why = lost+1, why
	}
	return out
}

// lead is the edge among equals whose path is announced: the one of the lowest
// path, then of the first tunnel. Where one way is used, it is that.
func (p *Plane) lead(res []result, best []candidate) int {
	at := best[0].edge
	if len(best) == 1 {
		return at
	}
	at = slices.MinFunc(best, func(a, b candidate) int {
		x, y := &p.edges[a.edge], &p.edges[b.edge]
		if !p.nodes[x.to].ecmp {
			return cmp.Or(cmp.Compare(p.firstTunnel(x.bundle), p.firstTunnel(y.bundle)), cmp.Compare(a.edge, b.edge))
		}
		return cmp.Or(cmp.Compare(a.near, b.near), slices.Compare(res[x.from].path, res[y.from].path), cmp.Compare(a.edge, b.edge))
	}).edge
	return at
}

func (p *Plane) firstTunnel(b int) int {
	if len(p.bundles[b].tunnels) == 0 {
		return -1
	}
	return p.bundles[b].tunnels[0]
}

// best gives the candidates of equal standing, and the best of the others with
// why it lost (-1 when all are equal). The order: kind of attachment, length
// of the AS path, MED of one neighbour AS (a Cloud Router compares all).
func (s *solver) best(nd *node) (kept []candidate, lost int, why lostFor) {
	cands, best := s.cands, s.top[:0]
	lost = -1
	order := func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.pref, b.pref), cmp.Compare(a.path, b.path))
	}
	top := slices.MinFunc(cands, order)
	var second *candidate
	for i := range cands {
		c := &cands[i]
		if order(*c, top) == 0 {
			best = append(best, *c)
			continue
		}
		if second == nil || order(*c, *second) < 0 {
			second = c
		}
	}
	if second != nil {
		lost, why = second.edge, lostForPath
		if second.pref != top.pref {
			why = lostForKind
		}
	}
	s.top, kept = best, s.kept[:0]
	for _, c := range best {
		beaten := slices.ContainsFunc(best, func(o candidate) bool {
			return o.med < c.med && (o.near == c.near || nd.kind == fabric.HAVPN)
		})
		if beaten {
			lost, why = c.edge, lostForMED
			continue
		}
		kept = append(kept, c)
	}
	s.kept = kept
	return kept, lost, why
}
