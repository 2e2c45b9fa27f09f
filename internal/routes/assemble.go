package routes

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
)

// fill makes the tables of a converged state.
func (p *Plane) fill(st, base *state) {
	st.tables = make([]Table, len(p.slots))
	dirty := make([]bool, len(p.slots))
	if base != nil {
		copy(st.tables, base.tables)
		mark := func(list []int) {
			for _, s := range list {
				dirty[s] = true
			}
		}
		for _, i := range st.down.all.gateways {
			mark(p.deps.gateways[i])
		}
		for _, i := range st.down.all.attachments {
			mark(p.deps.attachments[i])
		}
		for _, i := range st.down.all.nats {
			mark(p.deps.nats[i])
		}
		for _, i := range st.down.all.tunnels {
			mark(p.deps.tunnels[i])
		}
		for l := range st.down.links {
			mark(p.deps.links[l])
		}
	}
	for i := range p.slots {
		s := &p.slots[i]
		learned := p.learnedBy(st, s)
		if base != nil && !dirty[i] {
			if p.learnedBy(base, s) == learned {
				continue
			}
		}
		t := &st.tables[i]
		if base == nil {
			*t = s.table
		}
		var old []int
		if base != nil {
			old = p.yielding(base, s, p.learnedBy(base, s))
		}
		drop := p.yielding(st, s, learned)
		switch {
		case base != nil && slices.Equal(old, drop):
			if dirty[i] && p.ownTouched(s, st.down) {
				t.Own = p.again(s, st.down, drop, base.tables[i].Own)
			}
		default:
			t.Own = p.own(s, st.down, drop)
		}
		t.Learned, t.LearnedHop = learned, Hop{}
		if learned != nil && s.learn.hop.kind != 0 {
			t.LearnedHop = p.hops(s.learn.hop, st.down)[0]
		}
	}
}

// learnedBy returns the learned routes of a table, nil when there are none or
// the way to where they are learned has failed.
func (p *Plane) learnedBy(st *state, s *slot) *Routes {
	var out *Routes
	switch s.learn.kind {
	case nothingLearned:
		return nil
	case viaNode:
		out = st.routes[s.learn.node]
	case viaHanded:
		out = st.handed[s.learn.node]
	case viaHub:
		out = st.hubs[s.learn.node]
	case viaSet:
		out = st.sets[s.learn.set].routes
	}
	if len(out.All()) == 0 {
		return nil
	}
	if h := &s.learn.hop; h.kind != 0 && (h.gateway >= 0 && st.down.gateways[h.gateway] || h.att >= 0 && st.down.attachments[h.att]) {
		return nil
	}
	return out
}

// yielding lists the entries that a learned route of the same prefix is
// preferred over.
func (p *Plane) yielding(st *state, s *slot, learned *Routes) []int {
	var out []int
	for _, i := range s.weak {
		e := &s.entries[i]
		if _, ok := learned.Get(e.prefix); !ok {
			continue
		}
		if s.learn.kind == viaSet && p.metric(st, s.learn.set, e.prefix) >= e.metric {
			continue
		}
		out = append(out, i)
	}
	return out
}

// tables hands out a state.
func (p *Plane) tables(st *state) *Tables {
	return &Tables{
		Network: p.net, Failure: st.failure, Tables: st.tables, Sessions: p.sessions(st), Events: st.events,
		sources: p.sources, plane: p, st: st,
	}
}

// sessions tells the state of what runs over each tunnel.
func (p *Plane) sessions(st *state) []Session {
	out := make([]Session, len(p.tunnels))
	for i := range p.tunnels {
		t := &p.tunnels[i]
		s := &out[i]
		s.Tunnel, s.State = p.net.Tunnels[i].ID, Established
		switch {
		case st.down.tunnels[i]:
			s.State, s.Why = Failed, "the tunnel is down"
		case t.bundle < 0 && t.arrive[0] < 0 && t.arrive[1] < 0, t.bundle < 0 && !p.isStatic(i):
			s.State, s.Why = Failed, t.why
		case t.bundle < 0:
			s.Why = t.why
		case st.barred != nil && st.barred[t.bundle]:
			k := slices.IndexFunc(st.refused, func(r refusal) bool { return r.bundle == t.bundle })
			s.State, s.Why = Refused, p.refusalText(&st.refused[k])
		default:
			s.Prefixes = st.counts[t.bundle]
			if p.net.Tunnels[i].Ends[0].Gateway != p.net.Gateways[p.bundles[t.bundle].ends[0].gateway].ID {
				s.Prefixes[0], s.Prefixes[1] = s.Prefixes[1], s.Prefixes[0]
			}
		}
	}
	return out
}

// isStatic reports whether a tunnel carries static routes instead of BGP.
func (p *Plane) isStatic(t int) bool {
	c := find(p.ix.connections, p.net.Tunnels[t].Connection)
	return c >= 0 && p.net.Connections[c].Static && p.tunnels[t].gateways[0] >= 0 && p.tunnels[t].gateways[1] >= 0
}

// Changed lists the tables (by index, rising) in which some address may be
// forwarded otherwise than in u, which is of the same plane.
func (t *Tables) Changed(u *Tables) []int {
	var out []int
	for i := range t.Tables {
		a, b := &t.Tables[i], &u.Tables[i]
		if a.Own != b.Own || a.Learned != b.Learned || a.LearnedHop != b.LearnedHop {
			out = append(out, i)
		}
	}
	return out
}

// gatewayName names a gateway by its index.
func (p *Plane) gatewayName(g int) fabric.GatewayID { return p.net.Gateways[g].ID }
