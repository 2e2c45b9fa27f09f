package verify

import (
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/packet"
	"github.com/tieline/tieline/internal/vocab"
)

// passed is what far sides some filters let a class of packets go to or come
// from: certainly, and perhaps. Both are one slice where all is known.
type passed struct{ sure, maybe bitset }

// scratch is what evaluating filters needs room for; one a worker.
type scratch struct{ allow, deny, rest bitset }

func newScratch(n int) *scratch { return &scratch{newBitset(n), newBitset(n), newBitset(n)} }

// pass gives the far sides that a guard lets packets of a class go to (Egress)
// or come from (Ingress). Network ACLs judge the replies too, the other way;
// the stateful filters let them.
func (p *Proof) pass(g *guard, class int, dir fabric.Direction, w *scratch) passed {
	out := passed{sure: newBitset(len(p.units))}
	out.sure.fill(len(p.units))
	out.maybe = out.sure
	for i := range g.layers {
		l := &g.layers[i]
		x := p.layerPass(l, class, dir, false, w)
		if l.kind == fabric.NetworkACL {
			if !p.space.OneWay(class) {
				back := p.layerPass(l, class, opposite(dir), true, w)
				x.restrict(back)
			}
			x.sure.or(g.within)
			x.maybe.or(g.within)
		}
		out.restrict(x)
	}
	return out
}

func opposite(d fabric.Direction) fabric.Direction {
	if d == fabric.Ingress {
		return fabric.Egress
	}
	return fabric.Ingress
}

// restrict keeps what y lets pass too.
func (x *passed) restrict(y passed) {
	same := &x.sure[0] == &x.maybe[0] && &y.sure[0] == &y.maybe[0]
	if !same && &x.sure[0] == &x.maybe[0] {
		x.maybe = x.sure.clone()
	}
	x.sure.and(y.sure)
	if !same {
		x.maybe.and(y.maybe)
	}
}

// layerPass evaluates one layer for a class of packets, or for their replies.
func (p *Proof) layerPass(l *layer, class int, dir fabric.Direction, reply bool, w *scratch) passed {
	w.allow.clear()
	if l.unread {
		x := passed{newBitset(len(p.units)), newBitset(len(p.units))}
		x.maybe.fill(len(p.units))
		return x
	}
	rules := l.rules[side(dir)]
	if l.kind == fabric.SecurityGroup {
		return p.summed(rules, class, w)
	}
	w.deny.clear()
	w.rest.fill(len(p.units))
	certain := true
	for i := range rules {
		r := &rules[i]
		if !r.matches(class, reply) {
			continue
		}
		to := w.deny
		if r.allow {
			to = w.allow
		}
		for k, m := range r.maybe {
			to[k] |= w.rest[k] & m
		}
		if &r.sure[0] != &r.maybe[0] {
			certain = false
		}
		w.rest.andNot(r.sure)
	}
	// What no rule matches is denied: the platform's own rules match all where
	// there are such.
	x := passed{sure: w.allow.clone()}
	x.maybe = x.sure
	if !certain {
		x.maybe = w.allow.clone()
		x.sure.andNot(w.deny)
		x.sure.andNot(w.rest)
	}
	return x
}

// summed evaluates security groups: what any rule allows.
func (p *Proof) summed(rules []rule, class int, w *scratch) passed {
	w.rest.clear()
	certain := true
	for i := range rules {
		r := &rules[i]
		if !r.allow || !r.matches(class, false) {
			continue
		}
		w.allow.or(r.sure)
		if &r.sure[0] != &r.maybe[0] {
			certain = false
			w.rest.or(r.maybe)
		}
	}
	x := passed{sure: w.allow.clone()}
	x.maybe = x.sure
	if !certain {
		x.maybe = w.allow.clone()
		x.maybe.or(w.rest)
	}
	return x
}

// matches reports whether a rule is about packets of a class, or their replies.
func (r *rule) matches(class int, reply bool) bool {
	switch {
	case r.all:
		return true
	case reply:
		return r.back.Has(class)
	}
	return r.fwd.Has(class)
}

// decision is how one layer decides one packet.
type decision struct {
	pass  bool
	maybe bool  // it may be the other way: something is unread
	by    *rule // nil when no rule matched
}

// decide finds the rule of a layer that decides packets of a class, or their
// replies, between its units and one far unit.
func (l *layer) decide(class int, dir fabric.Direction, reply bool, far int) decision {
	if l.unread {
		return decision{maybe: true}
	}
	rules := l.rules[side(dir)]
	var first decision
	open := false
	for i := range rules {
		r := &rules[i]
		if !r.matches(class, reply) || !r.maybe.has(far) {
			continue
		}
		sure := r.sure.has(far)
		if l.kind == fabric.SecurityGroup {
			if r.allow && sure {
				return decision{pass: true, by: r}
			}
			if r.allow && first.by == nil {
				first = decision{pass: false, maybe: true, by: r}
			}
			continue
		}
		if !open && sure {
			return decision{pass: r.allow, by: r}
		}
		if !open {
			open = true
			first = decision{pass: r.allow, maybe: true, by: r}
			continue
		}
		if r.allow != first.pass {
			return decision{pass: false, maybe: true, by: first.by}
		}
		if sure {
			return decision{pass: first.pass, by: first.by}
		}
	}
	if open && !first.pass {
		return decision{by: first.by}
	}
	if open {
		return decision{pass: false, maybe: true, by: first.by}
	}
	return first
}

// allowed evaluates one pair of units for a class by the rules one after the
// other: what [Proof.pass] says of all pairs at once.
func (p *Proof) allowed(from, to, class int) (pass, maybe bool) {
	pass, maybe = true, true
	for _, s := range p.stations(from, to, class) {
		pass = pass && s.pass
		maybe = maybe && (s.pass || s.maybe)
	}
	return pass, maybe && !pass
}

// station is a layer that judges a packet or its reply.
type station struct {
	decision
	layer *layer
	near  int // the unit it stands before
	dir   fabric.Direction
	reply bool
}

// stations lists the layers that a packet of a class meets from one unit to
// another, then those that its reply meets.
func (p *Proof) stations(from, to, class int) []station {
	var out []station
	add := func(near, far int, dir fabric.Direction, reply bool) {
		g := &p.guards[p.units[near].guard]
		for i := range g.layers {
			l := &g.layers[i]
			if l.kind == fabric.NetworkACL && g.within.has(far) || reply && l.kind != fabric.NetworkACL {
				continue
			}
			out = append(out, station{l.decide(class, dir, reply, far), l, near, dir, reply})
		}
	}
	add(from, to, fabric.Egress, false)
	add(to, from, fabric.Ingress, false)
	if !p.space.OneWay(class) {
		add(to, from, fabric.Egress, true)
		add(from, to, fabric.Ingress, true)
	}
	return out
}

var anything = []vocab.Service{{Proto: vocab.AnyProto}}

// makeSpace cuts the headers by what tells them apart: every rule, service
// and policy.
func (p *Proof) makeSpace() {
	var rules []packet.Match
	judges := false
	for i := range p.Net.Filters {
		f := &p.Net.Filters[i]
		for k := range f.Rules {
			m := matchOf(f, &f.Rules[k])
			judges = judges || m.Replies || len(m.SourcePorts) > 0
			rules = append(rules, m)
		}
	}
	for i := range p.Net.Policy {
		rules = append(rules, packet.Match{Services: p.Net.Policy[i].Services})
	}
	for i := range p.Net.Endpoints {
		rules = append(rules, packet.Match{Services: p.portsOf(&p.Net.Endpoints[i])})
	}
	if judges {
		// Source ports matter: those of clients are told from others.
		rules = append(rules, packet.Match{Services: anything, SourcePorts: []vocab.PortRange{p.clientPorts}})
	}
	p.space = packet.NewSpace(rules)
}
