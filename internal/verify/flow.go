package verify

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/packet"
	"github.com/tieline/tieline/internal/verify/filter"
	"github.com/tieline/tieline/internal/vocab"
)

// Flow says what becomes of a service's packets from any machine of one end
// to any of the other, and of their replies. That they get through means all
// that clients may send, from the ports that connections are opened from; that
// they are blocked, that none does from any port. ICMP "fragmentation needed"
// is no service: it is an error of the path, never answered.
func (p *Proof) Flow(from, to fabric.PolicyEnd, s vocab.Service) Answer {
	q := &query{p: p, service: s, rows: map[rowKey]filter.Passed{}, work: filter.NewScratch(len(p.units)), clients: p.space.Clients(p.clientPorts)}
	q.ask(p.spots(from), p.spots(to))
	return q.answer()
}

// spots gives where the machines of an end are, one address for each unit, and
// one for each range that is nobody's.
func (p *Proof) spots(end fabric.PolicyEnd) []spot {
	var out []spot
	for _, s := range end.Subnets {
		if i, ok := p.bySubnet[s]; ok {
			for u := p.firstUnit[i]; u < p.firstUnit[i+1]; u++ {
				out = append(out, spot{u, p.units[u].addr})
			}
		}
	}
	if end.Internet {
		p.meaning.beyond.Each(func(u int) { out = append(out, spot{u, p.units[u].addr}) })
	}
	rest := p.rangesOf(end)
	for _, q := range rest.Prefixes() {
		if !q.Addr().Is4() {
			continue
		}
		first, last := p.addrs.Span(q)
		if first > 0 && (first == p.addrs.Atoms() || p.addrs.First(first) != q.Addr()) {
			first-- // the prefix begins inside an atom
		}
		last = max(last, first+1)
		var nobody netip.Addr
		for a := first; a < last; a++ {
			any := false
			for _, u := range p.unitsAt[a] {
				if p.endpoints.Has(int(u)) {
					continue
				}
				any = true
				out = append(out, spot{int(u), p.inSet(&p.units[u], rest)})
			}
			if !any && !nobody.IsValid() {
				nobody = p.addrs.First(a)
				if !q.Contains(nobody) {
					nobody = q.Addr()
				}
			}
		}
		if nobody.IsValid() && !isWorld(q) {
			out = append(out, spot{-1, nobody})
		}
	}
	sortSpots(out)
	out = slices.CompactFunc(out, func(a, b spot) bool { return a.unit == b.unit && (a.unit >= 0 || a.addr == b.addr) })
	if slices.ContainsFunc(out, func(s spot) bool { return s.unit >= 0 }) && rest.Size().BitLen() > 1 {
		// Addresses between those of machines are no machines.
		out = slices.DeleteFunc(out, func(s spot) bool { return s.unit < 0 })
	}
	return out
}

// query is one question, with the filters evaluated for it.
type query struct {
	p       *Proof
	service vocab.Service
	clients packet.Set
	rows    map[rowKey]filter.Passed
	work    *filter.Scratch
	scalar  bool // few pairs: rule by rule is quicker than all units at once

	yes, no, open int
	first         [3]found   // a pair that works, one that does not, one that is undecided
	tcp           found      // a pair that works, over TCP to the lowest port
	through       packet.Set // classes that get through from the ports of clients
}

type rowKey struct {
	guard int
	class int
	dir   fabric.Direction
}

// found is a pair that shows an answer.
type found struct {
	is       bool
	client   bool // from a port that connections are opened from
	class    int
	from, to spot
}

// fewPairs is how many pairs are judged rule by rule.
const fewPairs = 64

func (q *query) ask(from, to []spot) {
	q.scalar = len(from)*len(to) <= fewPairs
	for _, class := range q.p.space.Service(q.service).Classes() {
		if q.p.space.OneWay(class) {
			continue // errors of the path are no service
		}
		for _, a := range from {
			for _, b := range to {
				q.pair(class, a, b)
			}
		}
	}
}

// pair judges one pair.
func (q *query) pair(class int, a, b spot) {
	client := q.clients.Has(class)
	if a.unit < 0 || b.unit < 0 {
		if client {
			q.note(1, &q.no, class, a, b)
		}
		return
	}
	p := q.p
	pass, maybe := q.filters(a.unit, b.unit, class)
	out, back := p.courses.out[a.unit], p.courses.back[a.unit]
	sure := pass && out.sure.Has(b.unit) && back.sure.Has(b.unit)
	may := pass && out.maybe.Has(b.unit) && back.maybe.Has(b.unit)
	perhaps := (pass || maybe) && (out.maybe.Has(b.unit) || out.unknown.Has(b.unit)) && (back.maybe.Has(b.unit) || back.unknown.Has(b.unit))
	if may {
		q.works(class, a, b, client)
	}
	switch {
	case sure || !client:
	case may || !perhaps:
		q.note(1, &q.no, class, a, b)
	default:
		q.note(2, &q.open, class, a, b)
	}
}

// works notes a pair that works. What shows it is sent from a port of clients
// where such a packet works.
func (q *query) works(class int, a, b spot, client bool) {
	q.yes++
	f := found{true, client, class, a, b}
	if x := &q.first[0]; !x.is || client && !x.client {
		*x = f
	}
	if !client {
		return
	}
	if q.service.Proto == vocab.AnyProto && !q.tcp.is && q.p.space.Sample(class, q.service, q.p.clientPorts).Proto == vocab.TCP {
		q.tcp = f // classes come in order of their ports
	}
	if !q.through.Has(class) {
		q.through = q.through.With(class)
	}
}

func (q *query) note(kind int, count *int, class int, a, b spot) {
	*count++
	if !q.first[kind].is {
		q.first[kind] = found{true, q.clients.Has(class), class, a, b}
	}
}

// filters says whether all filters let a class pass, and the replies.
func (q *query) filters(from, to, class int) (pass, maybe bool) {
	if q.scalar {
		return q.p.filters.Allowed(from, to, class)
	}
	e, i := q.row(from, class, fabric.Egress), q.row(to, class, fabric.Ingress)
	pass = e.Sure.Has(to) && i.Sure.Has(from)
	return pass, !pass && e.Maybe.Has(to) && i.Maybe.Has(from)
}

func (q *query) row(unit, class int, dir fabric.Direction) filter.Passed {
	k := rowKey{q.p.units[unit].guard, class, dir}
	x, ok := q.rows[k]
	if !ok {
		x = q.p.filters.Pass(k.guard, class, dir, q.work)
		q.rows[k] = x
	}
	return x
}

func (q *query) answer() Answer {
	var out Answer
	switch {
	case q.yes == 0 && q.no == 0 && q.open == 0:
		out.Verdict = Blocked // nobody is there
		return out
	case q.open > 0 && (q.yes == 0 || q.no == 0):
		out.Verdict = Undecided
	case q.no == 0:
		out.Verdict = Reachable
	case q.yes == 0:
		out.Verdict = Blocked
	default:
		out.Verdict = Partly
		out.Services = within(q.p.space.Services(q.through), q.service)
		if q.tcp.is {
			q.first[0] = q.tcp
		}
	}
	if q.first[0].is {
		out.Yes = q.witness(q.first[0], false)
	}
	if q.first[1].is {
		out.No = q.witness(q.first[1], true)
	}
	if q.first[2].is {
		w := q.witness(q.first[2], true)
		out.Unread = unreadOf(w)
		if out.No == nil {
			out.No = w
		}
	}
	return out
}

// within narrows services to what is also of one.
func within(list []vocab.Service, of vocab.Service) []vocab.Service {
	if of.Proto == vocab.AnyProto {
		return list
	}
	var out []vocab.Service
	for _, s := range list {
		switch {
		case s.Proto == vocab.AnyProto, s.Proto == of.Proto && s.Ports.IsAny():
			out = append(out, of)
		case s.Proto != of.Proto:
		case of.Ports.IsAny():
			out = append(out, s)
		default:
			s.Ports = vocab.PortRange{First: max(s.Ports.First, of.Ports.First), Last: min(s.Ports.Last, of.Ports.Last)}
			if s.Ports.First <= s.Ports.Last {
				out = append(out, s)
			}
		}
	}
	return out
}

func (q *query) witness(f found, failing bool) *Witness {
	k := q.p.space.Sample(f.class, q.service, q.p.clientPorts)
	k.Src, k.Dst = f.from.addr, f.to.addr
	if k.Src == k.Dst && f.to.unit >= 0 {
		k.Dst = q.p.other(&q.p.units[f.to.unit], k.Src)
	}
	f.to.addr = k.Dst
	return q.p.witness(k, f.from, f.to, failing)
}

// unreadOf lists what on a packet's way is not known, each once.
func unreadOf(w *Witness) []string {
	var out []string
	add := func(walk *Walk) {
		for _, s := range walk.Steps {
			if text := s.Object + ": " + s.What; s.Kind == UnknownStep && !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	add(&w.Forward)
	if w.Return != nil {
		add(w.Return)
	}
	return out
}

// Between lists the services that get through from one place to another with
// their replies (indexes into [Proof.Places]), as few ranges as say it, sorted;
// empty when none does.
func (p *Proof) Between(from, to int) []vocab.Service { return p.between(from, to, false) }

// MayBetween lists them with those of which that is not known, because
// something on the way is not modelled.
func (p *Proof) MayBetween(from, to int) []vocab.Service { return p.between(from, to, true) }

func (p *Proof) between(from, to int, may bool) []vocab.Service {
	var set packet.Set
	for class := range p.space.Classes() {
		if !p.space.OneWay(class) && p.passesBetween(from, to, class, may) {
			set = set.With(class)
		}
	}
	return p.space.Services(set)
}

// passesBetween reports whether a class gets through between any machines of
// two places, or may where that counts.
func (p *Proof) passesBetween(from, to, class int, may bool) bool {
	for a := p.firstUnit[from]; a < p.firstUnit[from+1]; a++ {
		out, back := p.courses.out[a], p.courses.back[a]
		for b := p.firstUnit[to]; b < p.firstUnit[to+1]; b++ {
			if p.endpoints.Has(a) || !out.maybe.Has(b) && !(may && out.unknown.Has(b)) || !back.maybe.Has(b) && !(may && back.unknown.Has(b)) {
				continue
			}
			if pass, unsure := p.filters.Allowed(a, b, class); pass || may && unsure {
				return true
			}
		}
	}
	return false
}
