package filter

import (
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/verify/bits"
)

// Passed is what far sides some filters let a class of packets go to or come
// from: certainly, and perhaps. Both are one slice where all is known.
type Passed struct{ Sure, Maybe bits.Set }

// IsKnown reports whether all is known, so that both are one.
func (x *Passed) IsKnown() bool { return &x.Sure[0] == &x.Maybe[0] }

// Scratch is what evaluating filters needs room for; one a worker.
type Scratch struct{ allow, deny, rest bits.Set }

// NewScratch makes room for the filters of a number of machines.
func NewScratch(machines int) *Scratch {
	n := machines
	return &Scratch{bits.New(n), bits.New(n), bits.New(n)}
}

// Pass gives the far sides that a guard lets packets of a class go to (Egress)
// or come from (Ingress). Network ACLs judge the replies too, the other way;
// the stateful filters let them.
func (f *Filters) Pass(guard, class int, dir fabric.Direction, w *Scratch) Passed {
	g := &f.guards[guard]
	out := Passed{Sure: bits.New(f.n)}
	out.Sure.Fill(f.n)
	out.Maybe = out.Sure
	for i := range g.layers {
		l := &g.layers[i]
		x := f.layerPass(l, class, dir, false, w)
		if l.kind == fabric.NetworkACL {
			if !f.space.OneWay(class) {
				back := f.layerPass(l, class, opposite(dir), true, w)
				x.restrict(back)
			}
			x.Sure.Or(g.within)
			x.Maybe.Or(g.within)
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
func (x *Passed) restrict(y Passed) {
	same := x.IsKnown() && y.IsKnown()
	if !same && x.IsKnown() {
		x.Maybe = x.Sure.Clone()
	}
	x.Sure.And(y.Sure)
	if !same {
		x.Maybe.And(y.Maybe)
	}
}

// layerPass evaluates one layer for a class of packets, or for their replies.
func (f *Filters) layerPass(l *layer, class int, dir fabric.Direction, reply bool, w *Scratch) Passed {
	w.allow.Clear()
	if l.unread {
		x := Passed{bits.New(f.n), bits.New(f.n)}
		x.Maybe.Fill(f.n)
		return x
	}
	rules := l.rules[side(dir)]
	if l.kind == fabric.SecurityGroup {
		return f.summed(rules, class, w)
	}
	w.deny.Clear()
	w.rest.Fill(f.n)
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
		w.rest.AndNot(r.sure)
	}
	// What no rule matches is denied: the platform's own rules match all where
	// there are such.
	x := Passed{Sure: w.allow.Clone()}
	x.Maybe = x.Sure
	if !certain {
		x.Maybe = w.allow.Clone()
		x.Sure.AndNot(w.deny)
		x.Sure.AndNot(w.rest)
	}
	return x
}

// summed evaluates security groups: what any rule allows.
func (f *Filters) summed(rules []Rule, class int, w *Scratch) Passed {
	w.rest.Clear()
	certain := true
	for i := range rules {
		r := &rules[i]
		if !r.allow || !r.matches(class, false) {
			continue
		}
		w.allow.Or(r.sure)
		if &r.sure[0] != &r.maybe[0] {
			certain = false
			w.rest.Or(r.maybe)
		}
	}
	x := Passed{Sure: w.allow.Clone()}
	x.Maybe = x.Sure
	if !certain {
		x.Maybe = w.allow.Clone()
		x.Maybe.Or(w.rest)
	}
	return x
}

// matches reports whether a rule is about packets of a class, or their replies.
func (r *Rule) matches(class int, reply bool) bool {
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
	by    *Rule // nil when no rule matched
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
		if !r.matches(class, reply) || !r.maybe.Has(far) {
			continue
		}
		sure := r.sure.Has(far)
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

// Decision is how the filters of one kind decide one packet.
type Decision struct {
	Pass  bool
	Maybe bool // it may be the other way: something is unread
	By    *Rule
	Kind  fabric.FilterKind
	First fabric.FilterID // the first of the filters that has a rule; empty when none has
}

// Meet lists what the filters before one machine, layer by layer, decide of
// packets of a class to (Egress) or from (Ingress) another, or of the replies
// to such. Replies meet network ACLs only, and none stands between two
// machines of one subnet.
func (f *Filters) Meet(near, far, class int, dir fabric.Direction, reply bool) []Decision {
	return f.meet(nil, near, far, class, dir, reply)
}

func (f *Filters) meet(out []Decision, near, far, class int, dir fabric.Direction, reply bool) []Decision {
	g := &f.guards[f.of[near]]
	for i := range g.layers {
		l := &g.layers[i]
		if l.kind == fabric.NetworkACL && g.within.Has(far) || reply && l.kind != fabric.NetworkACL {
			continue
		}
		d := l.decide(class, dir, reply, far)
		out = append(out, Decision{Pass: d.pass, Maybe: d.maybe, By: d.by, Kind: l.kind, First: l.first})
	}
	return out
}

// Allowed evaluates one pair of machines for a class, there and back, by the
// rules one after the other: what [Filters.Pass] says of all pairs at once.
func (f *Filters) Allowed(from, to, class int) (pass, maybe bool) {
	met := f.meet(nil, from, to, class, fabric.Egress, false)
	met = f.meet(met, to, from, class, fabric.Ingress, false)
	if !f.space.OneWay(class) {
		met = f.meet(met, to, from, class, fabric.Egress, true)
		met = f.meet(met, from, to, class, fabric.Ingress, true)
	}
	pass, maybe = true, true
	for i := range met {
		pass = pass && met[i].Pass
		maybe = maybe && (met[i].Pass || met[i].Maybe)
	}
	return pass, maybe && !pass
}

// LetBy gives the rule by which the filters before a machine let a class of
// packets pass to or from another, of the layer that is narrowest in kind; nil
// where no rule says it.
func (f *Filters) LetBy(near, far int, dir fabric.Direction, class int) *Rule {
	g := &f.guards[f.of[near]]
	for i := range g.layers {
		if d := g.layers[i].decide(class, dir, false, far); d.by != nil {
			return d.by
		}
	}
	return nil
}
