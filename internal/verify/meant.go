package verify

import (
	"encoding/binary"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/packet"
	"github.com/tieline/tieline/internal/verify/bits"
	"github.com/tieline/tieline/internal/vocab"
)

// The causes of wants that are no rule of the policy.
const (
	ofSubnet   = -1 // inside a subnet all pass, unless its segment denies it
	ofEndpoint = -2 // services: of a subnet
	ofInternet = -3 // internet: nat or public, where no rule narrows it
)

// want is something that must work: all of from reach all of to.
type want struct {
	rule     int // index into Net.Policy, or one of the causes
	headers  packet.Set
	from, to bits.Set
	origin   fabric.Origin
}

// meaning is what the spec wants and what it allows.
type meaning struct {
	wants  []want     // of rules and endpoints
	within []bits.Set // by place: units among which all must pass; nil where not
	beyond bits.Set   // outside the network
	aside  bits.Set   // of existing networks that no filter of ours guards: their way to the internet is their own
	opens  []bool     // by place: it may open everything to the internet
	same   []bits.Set // by place: units among which nothing of ours stands
	rows   [][]int32  // by unit: indexes of wants it is of, rising
	groups []int32    // by unit: units with the same rows share one
	sets   [][]int32  // by group
	allows []want     // what may be, beside the wants
	never  []noWay    // rules that cannot work by what the spec itself says
}

// noWay is a rule about the internet for subnets without a way there.
type noWay struct {
	rule    int
	inbound bool
	subnets []fabric.SubnetID
	nowhere []string // foreign ranges that are not public
}

// makeMeaning reads the policy.
func (p *Proof) makeMeaning() {
	n := len(p.units)
	m := &meaning{within: make([]bits.Set, len(p.places)), opens: make([]bool, len(p.places)), same: make([]bits.Set, len(p.places)), beyond: bits.New(n), aside: bits.New(n), rows: make([][]int32, n)}
	p.meaning = m
	deny := map[fabric.SegmentID]bool{}
	for _, g := range p.Net.Segments {
		deny[g.ID] = g.InternalDeny
	}
	byPlace := make([]bits.Set, len(p.places))
	endpoints := bits.New(n)
	for i := range p.places {
		byPlace[i] = bits.New(n)
		p.addPlace(byPlace[i], i)
	}
	for i := range p.units {
		pl := p.units[i].place
		if p.isBeyond(pl) {
			m.beyond.Add(i)
		}
		if p.behind[pl].kind == EndpointPlace {
			endpoints.Add(i)
		}
	}
	for i := range p.places {
		b := &p.behind[i]
		switch b.kind {
		case SubnetPlace:
			if !deny[b.subnet.Segment] && p.Net.PolicyStated() {
				m.within[i] = byPlace[i]
			}
			m.opens[i] = b.subnet.Internet != fabric.NoInternet && !p.narrowed(b.subnet)
		case SitePlace, VPCPlace, EndpointPlace, ForeignPlace, InternetPlace:
		}
	}
	p.unguarded(m)
	for r := range p.Net.Policy {
		p.ruleWants(m, r, endpoints)
	}
	for i := range p.Net.Endpoints {
		p.endpointWants(m, &p.Net.Endpoints[i], byPlace)
	}
	p.endpoints = endpoints
	p.internetWants(m)
	for w := range m.wants {
		m.wants[w].from.Each(func(u int) { m.rows[u] = append(m.rows[u], int32(w)) })
	}
	for i := range p.units {
		if b := &p.behind[p.units[i].place]; p.isOpen(&p.units[i]) && b.vpc != nil && b.vpc.Existing != "" {
			m.aside.Add(i)
		}
	}
	m.group()
}

// unguarded joins the units of one site of one's own, or one existing network,
// among which nothing of ours stands.
func (p *Proof) unguarded(m *meaning) {
	byEnd := map[int32]bits.Set{}
	for i := range p.units {
		u := &p.units[i]
		if !p.isOpen(u) || p.isBeyond(u.place) {
			continue
		}
		if byEnd[u.end] == nil {
			byEnd[u.end] = bits.New(len(p.units))
		}
		byEnd[u.end].Add(i)
	}
	for i := range p.units {
		if u := &p.units[i]; p.isOpen(u) && !p.isBeyond(u.place) {
			m.same[u.place] = byEnd[u.end]
		}
	}
}

// isOpen reports whether no filter stands before a unit.
func (p *Proof) isOpen(u *unit) bool { return p.filters.IsOpen(u.guard) }

// unitsOfEnds gives the units of some ends of a rule.
func (p *Proof) unitsOfEnds(ends []fabric.PolicyEnd) bits.Set {
	out := bits.New(len(p.units))
	for _, e := range ends {
		for _, s := range e.Subnets {
			if i, ok := p.bySubnet[s]; ok {
				p.addPlace(out, i)
			}
		}
		out.Or(p.unitsOf(p.rangesOf(e).Prefixes()))
		if e.Internet {
			out.Or(p.meaning.beyond)
		}
	}
	return out
}

// addPlace adds the units of a place, which follow each other.
func (p *Proof) addPlace(to bits.Set, place int) {
	for i := p.firstUnit[place]; i < p.firstUnit[place+1]; i++ {
		to.Add(i)
	}
}

// ruleWants reads one rule: what must work of it, and what may.
func (p *Proof) ruleWants(m *meaning, r int, endpoints bits.Set) {
	rule := &p.Net.Policy[r]
	from, to := p.unitsOfEnds(rule.From), p.unitsOfEnds(rule.To)
	headers := p.headers(rule.Services)
	m.allows = append(m.allows, want{rule: r, headers: headers, from: from, to: to, origin: rule.Origin})
	from, to = from.Clone(), to.Clone()
	from.AndNot(endpoints)
	to.AndNot(endpoints)
	inside := to.Clone()
	inside.AndNot(m.beyond)
	out := to.Clone()
	out.And(m.beyond)
	hosts := from.Clone()
	hosts.AndNot(m.beyond)
	world := from
	world.And(m.beyond)
	never := noWay{rule: r}
	add := func(from, to bits.Set) {
		if !from.IsEmpty() && !to.IsEmpty() {
			m.wants = append(m.wants, want{rule: r, headers: headers, from: from, to: to, origin: rule.Origin})
		}
	}
	add(hosts, inside)
	if !hosts.IsEmpty() && !out.IsEmpty() {
		add(p.withWay(hosts, &never, func(i fabric.Internet) bool { return i != fabric.NoInternet }), p.public(out, &never))
		m.keep(never)
	}
	if !world.IsEmpty() && !inside.IsEmpty() {
		never = noWay{rule: r, inbound: true}
		add(p.public(world, &never), p.withWay(inside, &never, func(i fabric.Internet) bool { return i == fabric.Public }))
		m.keep(never)
	}
}

func (m *meaning) keep(x noWay) {
	if len(x.subnets) > 0 || len(x.nowhere) > 0 {
		m.never = append(m.never, x)
	}
}

// withWay keeps the units of our subnets that have a way to the internet, and
// notes the subnets that have none.
func (p *Proof) withWay(units bits.Set, never *noWay, has func(fabric.Internet) bool) bits.Set {
	out := bits.New(len(p.units))
	units.Each(func(i int) {
		b := &p.behind[p.units[i].place]
		switch {
		case b.kind != SubnetPlace || b.subnet.Existing:
		case has(b.subnet.Internet):
			out.Add(i)
		default:
			if n := len(never.subnets); n == 0 || never.subnets[n-1] != b.subnet.ID {
				never.subnets = append(never.subnets, b.subnet.ID)
			}
		}
	})
	return out
}

// public keeps the units with public addresses, and notes the ranges without.
func (p *Proof) public(units bits.Set, never *noWay) bits.Set {
	out := bits.New(len(p.units))
	units.Each(func(i int) {
		if u := &p.units[i]; !p.special.Contains(u.addr) {
			out.Add(i)
		} else if id := p.places[u.place].ID; len(never.nowhere) == 0 || never.nowhere[len(never.nowhere)-1] != id {
			never.nowhere = append(never.nowhere, id)
		}
	})
	return out
}

// headers gives the classes of services.
func (p *Proof) headers(services []vocab.Service) packet.Set {
	return p.space.Forward(packet.Match{Services: services})
}

// endpointWants lets the subnets that ask for a service reach it.
func (p *Proof) endpointWants(m *meaning, e *fabric.Endpoint, byPlace []bits.Set) {
	from := bits.New(len(p.units))
	for _, s := range e.Subnets {
		if i, ok := p.bySubnet[s]; ok {
			p.addPlace(from, i)
		}
	}
	to := p.rangesOfService(e)
	w := want{rule: ofEndpoint, headers: p.headers(p.portsOf(e)), from: from, to: to, origin: e.Meta.Origin}
	m.allows = append(m.allows, w)
	if e.Kind != fabric.InterfaceEndpoint {
		return
	}
	for i := range p.places {
		if b := &p.behind[i]; b.kind == EndpointPlace && b.endpoint == e {
			w.to = byPlace[i]
		}
	}
	if w.to != nil && !w.from.IsEmpty() {
		m.wants, m.allows = append(m.wants, w), append(m.allows, w)
	}
}

// internetWants lets the subnets that have a way to the internet use it.
func (p *Proof) internetWants(m *meaning) {
	if !p.Net.PolicyStated() {
		return
	}
	to := p.public(m.beyond, &noWay{})
	for i := range p.places {
		b := &p.behind[i]
		if !m.opens[i] || b.subnet.Existing {
			continue
		}
		from := bits.New(len(p.units))
		p.addPlace(from, i)
		m.wants = append(m.wants, want{rule: ofInternet, headers: p.space.All(), from: from, to: to, origin: b.subnet.Meta.Origin})
	}
}

// group shares the rows of units that the same rules are from.
func (m *meaning) group() {
	index := map[string]int32{}
	m.groups = make([]int32, len(m.rows))
	for u, row := range m.rows {
		key := make([]byte, 0, 4*len(row))
		for _, w := range row {
			key = binary.LittleEndian.AppendUint32(key, uint32(w))
		}
		g, ok := index[string(key)]
		if !ok {
			g = int32(len(m.sets))
			index[string(key)] = g
			m.sets = append(m.sets, row)
		}
		m.groups[u] = g
	}
}
