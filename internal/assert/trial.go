package assert

import (
	"fmt"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/packet"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// trials makes what is to be judged of one entry of a test file: nothing of
// network, and one for each name under stays.
func (r *runner) trials(t *spec.Test) []*trial {
	one := &trial{pos: t.Pos, verb: t.Verb()}
	switch {
	case t.Network.IsSet():
		return nil
	case t.Allow.Pos.IsValid():
		r.allow(one, &t.Allow)
	case t.Deny.Pos.IsValid():
		r.deny(one, &t.Deny)
	case t.Survives.Pos.IsValid():
		r.survives(one, &t.Survives)
	case t.Via.Pos.IsValid():
		r.via(one, &t.Via)
	case t.AtMost.Pos.IsValid():
		r.atMost(one, &t.AtMost)
	case t.AtLeast.Pos.IsValid():
		r.atLeast(one, &t.AtLeast)
	default:
		var out []*trial
		for i := range t.Stays {
			x := &trial{pos: t.Stays[i].Pos, verb: one.verb}
			r.stays(x, &t.Stays[i])
			out = append(out, x)
		}
		return out
	}
	return []*trial{one}
}

// allow states that all packets of the services get through, and the replies.
func (r *runner) allow(t *trial, a *spec.Allow) {
	from, to := r.end(a.From), r.end(a.To)
	services := values(a.Ports)
	t.text = fmt.Sprintf("%s to %s, %s", from.label, to.label, join(services))
	t.judge = func(t *trial) {
		r.flows(t, from, to, services, func(_, _ fabric.PolicyEnd, name string, a verify.Answer) {
			switch a.Verdict {
			case verify.Reachable:
			case verify.Blocked, verify.Partly:
				w := a.No
				t.fails.add(name+": "+stopped(a), func() *verify.Witness { return w })
			case verify.Undecided:
				t.unknown(name, a)
			default: // no verdict is no pass
				t.unknown(name, a)
			}
		})
	}
}

// deny states that no packet of the services gets through.
func (r *runner) deny(t *trial, d *spec.Deny) {
	from, to := r.end(d.From), r.end(d.To)
	services := values(d.Ports)
	t.text = fmt.Sprintf("%s to %s, %s", from.label, to.label, join(services))
	every := len(services) == 0
	if every {
		services = []vocab.Service{{}}
		t.text = fmt.Sprintf("%s to %s, every packet", from.label, to.label)
	}
	t.judge = func(t *trial) {
		r.flows(t, from, to, services, func(f, g fabric.PolicyEnd, name string, a verify.Answer) {
			if every {
				a = r.meaning(f, g, a)
			}
			switch a.Verdict {
			case verify.Blocked:
			case verify.Reachable, verify.Partly:
				w := a.Yes
				t.fails.add(name+": packets get through", func() *verify.Witness { return w })
			case verify.Undecided:
				t.unknown(name, a)
			default: // no verdict is no pass
				t.unknown(name, a)
			}
		})
	}
}

// meaning is the answer for every packet without the ICMP message by which
// path MTU discovery works (type 3 code 4, RFC 1191): filters pass it so that
// what policy allows works, and it opens nothing. Where something else gets
// through, the witness is of that.
func (r *runner) meaning(from, to fabric.PolicyEnd, every verify.Answer) verify.Answer {
	if every.Verdict != verify.Reachable && every.Verdict != verify.Partly {
		return every
	}
	for _, proto := range []vocab.Proto{vocab.TCP, vocab.UDP, vocab.SCTP, vocab.GRE, vocab.ESP} {
		if a := r.proof.Flow(from, to, vocab.Service{Proto: proto}); a.Verdict != verify.Blocked {
			return a
		}
	}
	for _, i := range r.proof.PlacesOf(from) {
		for _, j := range r.proof.PlacesOf(to) {
			if len(r.proof.Between(i, j)) > 0 {
				return every
			}
		}
	}
	return verify.Answer{Verdict: verify.Blocked}
}

// flows asks for every two references and each service.
func (r *runner) flows(t *trial, from, to end, services []vocab.Service, take func(from, to fabric.PolicyEnd, name string, a verify.Answer)) {
	for _, f := range from.refs {
		for _, g := range to.refs {
			for _, s := range services {
				take(f, g, fmt.Sprintf("%s to %s, %s", f.Ref, g.Ref, s), r.proof.Flow(f, g, s))
			}
		}
	}
	t.judged = "every packet between " + count(places(from)*places(to), "pair") + " of places"
}

func (t *trial) unknown(name string, a verify.Answer) {
	why := "it depends on what is not modelled"
	if len(a.Unread) > 0 {
		why = "it depends on what is not modelled: " + a.Unread[0] + andMore(len(a.Unread)-1)
	}
	w := a.No
	if w == nil {
		w = a.Yes
	}
	t.open.add(name+": "+why, func() *verify.Witness { return w })
}

// stopped says in a few words where the packet of an answer ends.
func stopped(a verify.Answer) string {
	how := "packets do not get through"
	if a.Verdict == verify.Partly {
		how = "some packets do not get through"
	}
	if a.No == nil {
		return how
	}
	if s, ok := lastStep(a.No.Forward); ok {
		return how + ": " + s
	}
	if a.No.Return != nil {
		if s, ok := lastStep(*a.No.Return); ok {
			return "replies do not get back: " + s
		}
	}
	return how
}

// lastStep is where a packet ends that does not arrive.
func lastStep(w verify.Walk) (string, bool) {
	if len(w.Steps) == 0 {
		return "", false
	}
	s := w.Steps[len(w.Steps)-1]
	if s.Pass {
		return "", false
	}
	return strings.TrimSpace(s.Object + " " + s.What), true
}

// places counts the places of an end.
func places(e end) int {
	n := 0
	for i := range e.spots {
		if i == 0 || e.spots[i].place != e.spots[i-1].place {
			n++
		}
	}
	return n
}

// lane is packets there and back between spots that no table and no failure
// tells apart.
type lane struct {
	from, to  *spot
	out, back trailKey
	hasOut    bool // packets begin inside the network
	hasBack   bool // and so do replies
}

// lanes lists the ways between two ends, each once, leaving out those inside
// one place. With joins, only those between places that it joins; skipped
// counts the pairs of places left out for that.
func (r *runner) lanes(from, to end, joins func(from, to int) bool) (list []lane, skipped int) {
	type key struct {
		out, back       trailKey
		hasOut, hasBack bool
		from, to        fate
	}
	seen := map[key]bool{}
	open := map[[2]int]bool{} // pairs of places
	for i := range from.spots {
		f := &from.spots[i]
		for j := range to.spots {
			g := &to.spots[j]
			if f.place == g.place {
				continue
			}
			pair := [2]int{f.place, g.place}
			if _, known := open[pair]; !known {
				open[pair] = joins == nil || joins(f.place, g.place)
				if !open[pair] {
					skipped++
				}
			}
			if !open[pair] {
				continue
			}
			for _, there := range g.reps {
				for _, here := range f.reps {
					l := lane{
						from: f, to: g, hasOut: !f.outside(), hasBack: !g.outside(),
						out: trailKey{f.table, there.addr}, back: trailKey{g.table, here.addr},
					}
					k := key{l.out, l.back, l.hasOut, l.hasBack, fate{f.site, f.zone}, fate{g.site, g.zone}}
					if !seen[k] {
						seen[k] = true
						list = append(list, l)
					}
				}
			}
		}
	}
	return list, skipped
}

// direction is one of a lane's two: its trail, and whether its far end is
// beyond the network.
type direction struct {
	trail   *trail
	key     trailKey
	reply   bool
	outside bool
	from    *spot
	to      *spot
}

// directions follows a lane there and back. The reply to what left for the
// internet comes back the way that it left.
func (l *lane) directions(t *tracer) []direction {
	var out []direction
	if l.hasOut {
		out = append(out, direction{t.trail(l.out.table, l.out.to), l.out, false, l.to.site == "", l.from, l.to})
	}
	if l.hasBack {
		out = append(out, direction{t.trail(l.back.table, l.back.to), l.back, true, l.from.site == "", l.to, l.from})
	}
	return out
}

// name says between which places a direction leads.
func (r *runner) name(d direction) string {
	places := r.proof.Places()
	text := fmt.Sprintf("from %s to %s", places[d.from.place].ID, places[d.to.place].ID)
	if d.reply {
		return "replies " + text
	}
	return "packets " + text
}

// witness shows one way of a direction.
func (r *runner) witness(t *tracer, d direction, w *way) *verify.Witness {
	src := d.key.to
	if len(d.from.reps) > 0 {
		src = d.from.reps[0].addr
	}
	return &verify.Witness{Packet: packet.Packet{Src: src, Dst: d.key.to}, Forward: t.walk(w)}
}

func values[T any](list []spec.Value[T]) []T {
	out := make([]T, len(list))
	for i := range list {
		out[i] = list[i].V
	}
	return out
}

func join[T fmt.Stringer](list []T) string {
	words := make([]string, len(list))
	for i, x := range list {
		words[i] = x.String()
	}
	return strings.Join(words, ", ")
}

// count gives "1 way" or "3 ways".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func andMore(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", n)
}
