package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify/finding"
	"github.com/tieline/tieline/internal/verify/ways"
	"github.com/tieline/tieline/internal/vocab"
)

// ways reports what the ways of policy's flows come to: replies by another
// way, packets too large.
func (r *reporter) ways() {
	p := r.p
	type key struct{ a, b, c, d int32 }
	type sites struct{ a, b fabric.SiteID }
	seen, told, small := map[key]bool{}, map[sites]bool{}, map[int]bool{}
	devices, spreads := ways.NewDevices(p.Net, p.Tables), ways.NewSpreads(p.Tables, p.Atlas)
	for i := range p.flows {
		f := &p.flows[i]
		a, b := p.firstUnit[f.from], p.firstUnit[f.to]
		if f.rule < 0 || a == p.firstUnit[f.from+1] || b == p.firstUnit[f.to+1] {
			continue
		}
		u, v := &p.units[a], &p.units[b]
		if p.places[f.from].Site == p.places[f.to].Site || u.table < 0 || v.table < 0 {
			continue
		}
		k := key{int32(u.table), v.route, int32(v.table), u.route}
		if !seen[k] {
			seen[k] = true
			s := sites{p.places[f.from].Site, p.places[f.to].Site}
			if s.b < s.a {
				s.a, s.b = s.b, s.a
			}
			out, ok1 := p.arriving(a, b)
			in, ok2 := p.arriving(b, a)
			if ok1 && ok2 {
				if there, back := ways.OneSided(out, in); !told[s] && (there != nil || back != nil) {
					told[s] = true
					r.twoWays(f, a, b, there, back)
				}
				c := ways.Connection{ID: i, From: p.places[f.from].Site, To: p.places[f.to].Site, There: out, Back: in}
				devices.Add(c)
				spreads.Add(c)
			}
		}
		if !small[f.rule] && r.tooLarge(f, a, b) {
			small[f.rule] = true
		}
	}
	r.devices(devices)
	r.spreads(spreads)
}

// arriving gives the equal-cost ways between two units; ok is false when one
// does not arrive.
func (p *Proof) arriving(a, b int) (ways []routes.Path, ok bool) {
	u, v := &p.units[a], &p.units[b]
	ways, _ = p.Tables.Trace(u.table, v.addr)
	w := &walker{p: p}
	for i := range ways {
		if !w.arrives(&ways[i], u, v) {
			return nil, false
		}
	}
	return ways, len(ways) > 0
}

// twoWays reports that packets and replies do not take the same ways; its
// witness goes by those that differ.
func (r *reporter) twoWays(f *flow, a, b int, there, back []fabric.LinkID) {
	p := r.p
	pk := p.sampleOf(f, a, b)
	x := &walker{p: p, class: p.space.Of(pk), from: spot{a, pk.Src}, to: spot{b, pk.Dst}, packet: pk, there: there, back: slices.Clone(back)}
	slices.Reverse(x.back)
	w := x.witness(false)
	if !w.Works() || w.Return == nil {
		return
	}
	from, to := p.places[f.from].Site, p.places[f.to].Site
	text := fmt.Sprintf("between %s and %s packets go by %s and replies by %s", from, to, linksText(there), linksText(back))
	switch {
	case back == nil:
		text = fmt.Sprintf("between %s and %s packets go by %s too, which no reply comes by", from, to, linksText(there))
	case there == nil:
		text = fmt.Sprintf("between %s and %s replies come by %s too, which no packet goes by", from, to, linksText(back))
	}
	r.add(finding.TwoWays, p.Net.Policy[f.rule].Origin.Pos, string(from), w, "%s", text)
}

func linksText(list []fabric.LinkID) string {
	if len(list) == 0 {
		return "no link"
	}
	out := make([]string, len(list))
	for i, l := range list {
		out[i] = string(l)
	}
	return strings.Join(out, ", ")
}

// tooLarge reports, once a rule, what its packets that are not TCP meet.
func (r *reporter) tooLarge(f *flow, a, b int) bool {
	p := r.p
	i := slices.IndexFunc(f.services, func(s vocab.Service) bool {
		return s.Proto == vocab.AnyProto || s.Proto != vocab.TCP && s.Proto.HasPorts()
	})
	if i < 0 {
		return false
	}
	forward, _, ok := p.Walks(f.from, f.to)
	if !ok || forward.MTU == 0 || len(forward.Links) == 0 {
		return false
	}
	ends := p.mtuOf(f.from)
	if m := p.mtuOf(f.to); m < ends {
		ends = m
	}
	if forward.MTU >= ends {
		return false
	}
	pk := p.sampleOf(&flow{services: f.services[i : i+1]}, a, b)
	w := p.witness(pk, spot{a, pk.Src}, spot{b, pk.Dst}, false)
	r.add(finding.MTU, p.Net.Policy[f.rule].Origin.Pos, string(forward.Links[0]), w, "%s from %s to %s: both ends send packets of %d bytes, and the way carries %d",
		f.services[i], p.places[f.from].ID, p.places[f.to].ID, ends, forward.MTU)
	return true
}

// mtuOf gives the largest packet that machines of a place send.
func (p *Proof) mtuOf(place int) int {
	if v := p.behind[place].vpc; v != nil && v.MTU > 0 {
		return v.MTU
	}
	return p.internetMTU(&p.behind[place])
}

// spreads reports the equal-cost ways whose round trips differ; the witness
// goes by the longest.
func (r *reporter) spreads(s *ways.Spreads) {
	for _, x := range s.Found() {
		c := &x.Connection
		w := r.witnessBy(c, ways.Longest(x.Ways[0]), ways.Longest(x.Ways[1]))
		from, to := c.From, c.To
		text := fmt.Sprintf("from %s to %s packets are spread over ways of %s", from, to, tripsText(x.Ways[0]))
		switch {
		case x.Ways[0] == nil:
			text = fmt.Sprintf("from %s to %s replies are spread over ways of %s", to, from, tripsText(x.Ways[1]))
		case x.Ways[1] != nil && x.Mirrored():
			text += ", and replies too"
		case x.Ways[1] != nil:
			text += "; replies over ways of " + tripsText(x.Ways[1])
		}
		f := r.add(finding.Unequal, r.p.Net.Policy[r.p.flows[c.ID].rule].Origin.Pos, string(from), w, "%s%s", text, oneOfPairs(len(x.Pairs)))
		f.Hint = "announce the addresses with a longer AS path or a higher MED on the long way, or have no equal one"
	}
}

// tripsText writes ways with their round trips: 20.0 ms (a--b) and ~140.0 ms
// (a--c, b--c); nothing for none.
func tripsText(trips []ways.Trip) string {
	if len(trips) == 0 {
		return ""
	}
	out := make([]string, len(trips))
	for i, t := range trips {
		mark := ""
		if t.Estimated {
			mark = "~"
		}
		out[i] = fmt.Sprintf("%s%.1f ms (%s)", mark, t.MS, linksText(t.Links))
	}
	last := len(out) - 1
	return strings.Join(out[:last], ", ") + " and " + out[last]
}

// witnessBy walks a packet of a connection, and its reply, by given links; nil
// for any.
func (r *reporter) witnessBy(c *ways.Connection, there, back []fabric.LinkID) *Witness {
	p := r.p
	f := &p.flows[c.ID]
	a, b := p.firstUnit[f.from], p.firstUnit[f.to]
	pk := p.sampleOf(f, a, b)
	w := &walker{p: p, class: p.space.Of(pk), from: spot{a, pk.Src}, to: spot{b, pk.Dst}, packet: pk, there: there, back: back}
	return w.witness(false)
}

// devices reports the sites of one's own whose devices, or the tunnels of one,
// packets and replies do not share: one finding a site.
func (r *reporter) devices(d *ways.Devices) {
	p := r.p
	for _, s := range d.Found() {
		w := r.witnessBy(&s.Connection, s.Links[0], s.Links[1])
		if !w.Works() || w.Return == nil {
			continue
		}
		inTunnel(&w.Forward, s.There)
		inTunnel(w.Return, s.Back)
		g, _ := p.Net.Gateway(s.There.Gateway)
		from, to := s.Connection.From, s.Connection.To
		if s.Apart {
			f := r.add(finding.Devices, g.Meta.Origin.Pos, string(g.ID), w, "the devices of %s are not said to share state: between %s and %s packets may pass %s (tunnel %s) and replies %s (tunnel %s)%s",
				g.Site, from, to, s.There.Device, s.There.Tunnel, s.Back.Device, s.Back.Tunnel, oneOfPairs(len(s.Pairs)))
			f.Hint = "have the devices share the state of connections and say so, cluster: true, or keep stateful filters off them"
			continue
		}
		f := r.add(finding.Devices, g.Meta.Origin.Pos, string(g.ID), w, "between %s and %s packets may pass %s in tunnel %s and replies in tunnel %s: each end chooses by itself%s",
			from, to, s.There.Device, s.There.Tunnel, s.Back.Tunnel, oneOfPairs(len(s.Pairs)))
		f.Severity = diag.Note
		f.Hint = "have the device take packets of a connection in any of its tunnels: one firewall zone, no strict reverse path filter"
	}
}

// inTunnel narrows a crossing of a walk to one tunnel of its link.
func inTunnel(w *Walk, e ways.DeviceEnd) {
	for i := range w.Steps {
		if s := &w.Steps[i]; s.Kind == CrossStep && s.Object == string(e.Link) && len(s.Hops) > 0 {
			h := s.Hops[0]
			h.Tunnel = e.Tunnel
			s.Hops, s.What = []routes.Hop{h}, "tunnel "+string(e.Tunnel)
		}
	}
}

// oneOfPairs says of how many pairs of sites one is shown.
func oneOfPairs(n int) string {
	if n <= 1 {
		return ""
	}
	return fmt.Sprintf(" (one of %d pairs of sites)", n)
}
