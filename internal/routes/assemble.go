package routes

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes/cloud"
)

// fill makes the tables of a converged state.
func (p *Plane) fill(st, base *state) {
	st.tables = make([]Table, len(p.layout.Slots))
	dirty := make([]bool, len(p.layout.Slots))
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
	for i := range p.layout.Slots {
		s := &p.layout.Slots[i]
		learned := p.learnedBy(st, s)
		if base != nil && !dirty[i] {
			if p.learnedBy(base, s) == learned {
				continue
			}
		}
		t := &st.tables[i]
		if base == nil {
			*t = Table{ID: s.ID, Kind: s.Kind, Site: s.Site, VPC: s.VPC, Gateway: s.Gateway, Meta: s.Meta}
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
		if learned != nil && s.Learn.Hop.Kind != 0 {
			t.LearnedHop = p.hops(s.Learn.Hop, st.down)[0]
		}
	}
}

// learnedBy returns the learned routes of a table, nil when there are none or
// the way to where they are learned has failed.
func (p *Plane) learnedBy(st *state, s *cloud.Slot) *Routes {
	var out *Routes
	switch s.Learn.Kind {
	case cloud.NothingLearned:
		return nil
	case cloud.ViaNode:
		out = st.routes[s.Learn.Node]
	case cloud.ViaHanded:
		out = st.handed[s.Learn.Node]
	case cloud.ViaHub:
		out = st.hubs[s.Learn.Node]
	case cloud.ViaSet:
		out = st.sets[s.Learn.Set].routes
	}
	if len(out.All()) == 0 {
		return nil
	}
	if h := &s.Learn.Hop; h.Kind != 0 && (h.Gateway >= 0 && st.down.gateways[h.Gateway] || h.Attachment >= 0 && st.down.attachments[h.Attachment]) {
		return nil
	}
	return out
}

// yielding lists the entries that a learned route of the same prefix is
// preferred over.
func (p *Plane) yielding(st *state, s *cloud.Slot, learned *Routes) []int {
	var out []int
	for _, i := range s.Weak {
		e := &s.Entries[i]
		if _, ok := learned.Get(e.Prefix); !ok {
			continue
		}
		if s.Learn.Kind == cloud.ViaSet && p.metric(st, s.Learn.Set, e.Prefix) >= e.Metric {
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
		sources: p.layout.Sources, plane: p, st: st,
	}
}

// sessions tells the state of what runs over each tunnel.
func (p *Plane) sessions(st *state) []Session {
	out := make([]Session, len(p.layout.Tunnels))
	for i := range p.layout.Tunnels {
		t := &p.layout.Tunnels[i]
		s := &out[i]
		s.Tunnel, s.State = p.net.Tunnels[i].ID, Established
		switch {
		case st.down.tunnels[i]:
			s.State, s.Why = Failed, "the tunnel is down"
		case t.Bundle < 0 && t.Arrive[0] < 0 && t.Arrive[1] < 0, t.Bundle < 0 && !p.isStatic(i):
			s.State, s.Why = Failed, t.Why
		case t.Bundle < 0:
			s.Why = t.Why
		case st.barred != nil && st.barred[t.Bundle]:
			k := slices.IndexFunc(st.refused, func(r refusal) bool { return r.bundle == t.Bundle })
			s.State, s.Why = Refused, p.refusalText(&st.refused[k])
		default:
			s.Prefixes = st.bgp.Counts[t.Bundle]
			if p.net.Tunnels[i].Ends[0].Gateway != p.net.Gateways[p.machine.Bundles[t.Bundle].Ends[0].Gateway].ID {
				s.Prefixes[0], s.Prefixes[1] = s.Prefixes[1], s.Prefixes[0]
			}
		}
	}
	return out
}

// isStatic reports whether a tunnel carries static routes instead of BGP.
func (p *Plane) isStatic(t int) bool {
	c := cloud.Find(p.layout.Index.Connections, p.net.Tunnels[t].Connection)
	return c >= 0 && p.net.Connections[c].Static && p.layout.Tunnels[t].Gateways[0] >= 0 && p.layout.Tunnels[t].Gateways[1] >= 0
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

// kindOf is the kind of a node's gateway.
func (p *Plane) kindOf(n int) fabric.GatewayKind {
	return p.net.Gateways[p.machine.Nodes[n].Gateway].Kind
}

// tunnelHop is the hop over a tunnel into one of its ends.
func (p *Plane) tunnelHop(t, end int) Hop { return p.hopInto[t][end] }

// tunnelHops finds them.
func (p *Plane) tunnelHops() {
	n := p.net
	p.hopInto = make([][2]Hop, len(n.Tunnels))
	for i := range n.Tunnels {
		t, r := &n.Tunnels[i], &p.layout.Tunnels[i]
		if r.Gateways[0] < 0 || r.Gateways[1] < 0 {
			continue
		}
		for k := range t.Ends {
			h := Hop{Kind: Forward, Table: r.Arrive[k], Tunnel: t.ID, Link: t.Link, Gateway: t.Ends[k].Gateway}
			if cloud.Find(p.layout.Index.Connections, t.Connection) >= 0 {
				if att := cloud.Find(p.layout.Index.VPNOf, t.Connection); att >= 0 {
					h.Attachment = n.Attachments[att].ID
				}
			}
			if r.Arrive[k] < 0 {
				h.Kind, h.Table, h.Why = Discard, 0, "no table there routes what comes over it"
			}
			p.hopInto[i][k] = h
		}
	}
}
