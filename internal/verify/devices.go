package verify

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
)

// devices collects by which devices, and in which tunnels, the packets of
// policy's flows and their replies pass the sites of one's own. Firewalls of
// two devices know nothing of each other's connections unless they are a
// cluster; one device has to take replies in any of its tunnels.
type devices struct {
	p     *Proof
	ends  map[fabric.TunnelID]deviceEnd // tunnels that end at a device
	equal map[sender][]deviceEnd        // see equals
	found map[fabric.GatewayID]*sides   // the worst of each site's devices
	order []fabric.GatewayID            // of found
}

// deviceEnd is where a tunnel ends at a site of one's own.
type deviceEnd struct {
	gateway fabric.GatewayID
	link    fabric.LinkID
	tunnel  fabric.TunnelID
	device  string // what fails alone: office/cpe#1
}

// sender is a gateway that sends into a tunnel.
type sender struct {
	gateway fabric.GatewayID
	tunnel  fabric.TunnelID
}

// sides is how a connection may pass a site by two devices, or by two tunnels
// of one.
type sides struct {
	apart       bool // by two devices
	there, back deviceEnd
	f           *flow
	a, b        int // units
	paths       [2]*routes.Path
	pairs       map[[2]fabric.SiteID]bool // of sites whose connections do
}

// newDevices prepares for the flows of a network.
func newDevices(p *Proof) *devices {
	d := &devices{p: p, ends: map[fabric.TunnelID]deviceEnd{}, equal: map[sender][]deviceEnd{}, found: map[fabric.GatewayID]*sides{}}
	for i := range p.Net.Tunnels {
		t := &p.Net.Tunnels[i]
		for _, e := range t.Ends {
			if g, ok := p.Net.Gateway(e.Gateway); ok && g.Kind == fabric.Device {
				d.ends[t.ID] = deviceEnd{g.ID, t.Link, t.ID, deviceOf(&g, e.Interface)}
			}
		}
	}
	return d
}

// deviceOf names the device behind an interface of a site's gateway.
func deviceOf(g *fabric.Gateway, index int) string {
	for i := range g.Interfaces {
		for _, d := range g.Interfaces[i].Domains {
			if g.Interfaces[i].Index == index && d.Kind == fabric.Instance {
				return d.ID
			}
		}
	}
	return fmt.Sprintf("%s#%d", g.ID, index)
}

// add judges the connections from one unit to another by their equal-cost ways
// there and back.
func (d *devices) add(f *flow, a, b int, out, in []routes.Path) {
	if len(d.ends) == 0 {
		return
	}
	var gateways []fabric.GatewayID
	there, back := d.passed(out), d.passed(in)
	for _, e := range there {
		if len(gateways) == 0 || gateways[len(gateways)-1] != e.gateway {
			gateways = append(gateways, e.gateway) // ends are sorted by it
		}
	}
	for _, id := range gateways {
		of := func(list []deviceEnd) []deviceEnd {
			return slices.DeleteFunc(slices.Clone(list), func(e deviceEnd) bool { return e.gateway != id })
		}
		x, y, apart, ok := differ(of(there), of(back))
		if g, _ := d.p.Net.Gateway(id); !ok || g.Cluster {
			continue
		}
		s := d.found[id]
		switch {
		case s == nil:
			d.order = append(d.order, id)
		case s.apart || !apart:
			if s.apart == apart {
				s.count(d.p, f)
			}
			continue
		}
		s = &sides{apart: apart, there: x, back: y, f: f, a: a, b: b, paths: [2]*routes.Path{through(out, x), through(in, y)}, pairs: map[[2]fabric.SiteID]bool{}}
		s.count(d.p, f)
		d.found[id] = s
	}
}

// count notes the sites of a flow, in either order.
func (s *sides) count(p *Proof, f *flow) {
	x, y := p.places[f.from].Site, p.places[f.to].Site
	s.pairs[[2]fabric.SiteID{min(x, y), max(x, y)}] = true
}

// passed lists the ends at sites of one's own that ways may pass, each once,
// sorted by gateway, link and tunnel.
func (d *devices) passed(ways []routes.Path) []deviceEnd {
	var out []deviceEnd
	for i := range ways {
		for k := range ways[i].Steps {
			s := &ways[i].Steps[k]
			for h := range s.Hops {
				if _, ok := d.ends[s.Hops[h].Tunnel]; ok {
					out = append(out, d.equals(sender{d.p.Tables.Tables[s.Table].Gateway, s.Hops[h].Tunnel})...)
				}
			}
		}
	}
	slices.SortFunc(out, func(x, y deviceEnd) int {
		return cmp.Or(cmp.Compare(x.gateway, y.gateway), cmp.Compare(x.link, y.link), cmp.Compare(x.tunnel, y.tunnel))
	})
	return slices.Compact(out)
}

// equals gives the tunnels that a sender may take where the tables have it
// take one. What sends into one tunnel only, a virtual private gateway or a
// device, chooses among those of the link that nothing configured tells apart;
// AWS also moves to the other while it updates an endpoint
// (https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNRoutingTypes.html).
func (d *devices) equals(from sender) []deviceEnd {
	if list, ok := d.equal[from]; ok {
		return list
	}
	list := []deviceEnd{d.ends[from.tunnel]}
	g, _ := d.p.Net.Gateway(from.gateway)
	t, _ := d.p.Net.Tunnel(from.tunnel)
	if l, ok := d.p.Net.Link(t.Link); ok && !g.ECMP {
		list = nil
		for _, o := range d.p.Net.TunnelsOf(l) {
			if o.ID == t.ID || d.up(o.ID) && preference(&o, from.gateway) == preference(&t, from.gateway) {
				list = append(list, d.ends[o.ID])
			}
		}
	}
	d.equal[from] = list
	return list
}

// up reports whether a tunnel's session is there.
func (d *devices) up(id fabric.TunnelID) bool {
	return slices.ContainsFunc(d.p.Tables.Sessions, func(s routes.Session) bool { return s.Tunnel == id && s.State == routes.Established })
}

// preference is the MED by which the far end of a tunnel asks a sender to take
// it.
func preference(t *fabric.Tunnel, sender fabric.GatewayID) int {
	if t.Ends[0].Gateway == sender {
		return t.Ends[1].Priority
	}
	return t.Ends[0].Priority
}

// through gives the way that leads into a tunnel, or else into its link.
func through(ways []routes.Path, e deviceEnd) *routes.Path {
	var near *routes.Path
	for i := range ways {
		for _, s := range ways[i].Steps {
			for _, h := range s.Hops {
				if h.Tunnel == e.tunnel {
					return &ways[i]
				}
				if h.Link == e.link && near == nil {
					near = &ways[i]
				}
			}
		}
	}
	return near
}

// differ gives an end that packets may pass and another that replies may pass
// instead: by two devices if there are such, else by two tunnels.
func differ(there, back []deviceEnd) (x, y deviceEnd, apart, ok bool) {
	if x, y, ok = unlike(there, back, func(e deviceEnd) string { return e.device }); ok {
		return x, y, true, true
	}
	x, y, ok = unlike(there, back, func(e deviceEnd) string { return string(e.tunnel) })
	return x, y, false, ok
}

// unlike gives two ends that differ in a name: of a link that both directions
// cross, for each chooses by itself; or, where they cross different links, of
// what one direction passes and the other does not.
func unlike(there, back []deviceEnd, name func(deviceEnd) string) (x, y deviceEnd, ok bool) {
	for _, x := range there {
		for _, y := range back {
			if x.link == y.link && name(x) != name(y) {
				return x, y, true
			}
		}
	}
	if len(there) == 0 || len(back) == 0 {
		return x, y, false
	}
	has := func(list []deviceEnd, e deviceEnd) bool {
		return slices.ContainsFunc(list, func(o deviceEnd) bool { return name(o) == name(e) })
	}
	for _, x := range there {
		if !has(back, x) {
			return x, back[0], true
		}
	}
	for _, y := range back {
		if !has(there, y) {
			return there[0], y, true
		}
	}
	return x, y, false
}

// devices reports the sites of one's own whose devices, or the tunnels of one,
// packets and replies do not share: one finding a site.
func (r *reporter) devices(d *devices) {
	p := r.p
	for _, id := range d.order {
		s := d.found[id]
		pk := p.sampleOf(s.f, s.a, s.b)
		x := &walker{p: p, class: p.space.Of(pk), from: spot{s.a, pk.Src}, to: spot{s.b, pk.Dst}, packet: pk, there: linksOf(s.paths[0]), back: linksOf(s.paths[1])}
		w := x.witness(false)
		if !w.Works() || w.Return == nil {
			continue
		}
		inTunnel(&w.Forward, s.there)
		inTunnel(w.Return, s.back)
		g, _ := p.Net.Gateway(id)
		from, to := p.places[s.f.from].Site, p.places[s.f.to].Site
		if s.apart {
			f := r.add(codeDevices, g.Meta.Origin.Pos, string(id), w, "the devices of %s are not said to share state: between %s and %s packets may pass %s (tunnel %s) and replies %s (tunnel %s)%s",
				g.Site, from, to, s.there.device, s.there.tunnel, s.back.device, s.back.tunnel, oneOfPairs(len(s.pairs)))
			f.Hint = "have the devices share the state of connections and say so, cluster: true, or keep stateful filters off them"
			continue
		}
		f := r.add(codeDevices, g.Meta.Origin.Pos, string(id), w, "between %s and %s packets may pass %s in tunnel %s and replies in tunnel %s: each end chooses by itself%s",
			from, to, s.there.device, s.there.tunnel, s.back.tunnel, oneOfPairs(len(s.pairs)))
		f.Severity = diag.Note
		f.Hint = "have the device take packets of a connection in any of its tunnels: one firewall zone, no strict reverse path filter"
	}
}

// inTunnel narrows a crossing of a walk to one tunnel of its link.
func inTunnel(w *Walk, e deviceEnd) {
	for i := range w.Steps {
		if s := &w.Steps[i]; s.Kind == CrossStep && s.Object == string(e.link) && len(s.Hops) > 0 {
			h := s.Hops[0]
			h.Tunnel = e.tunnel
			s.Hops, s.What = []routes.Hop{h}, "tunnel "+string(e.tunnel)
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
