package oracle

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// path is a prefix as one speaker hears it from another.
type path struct {
	prefix netip.Prefix
	asns   []vocab.ASN // the nearest first
	med    int
	tunnel fabric.TunnelID
	from   fabric.GatewayID
	near   vocab.ASN // of whom it was heard
	liked  int       // local preference, the highest wins
	// communities are those that it came with or that its hearer attached.
	communities []fabric.Community
	remote      bool // from another hub of the same Virtual WAN, not by BGP
}

// speaker is one gateway that speaks BGP.
type speaker struct {
	gateway  fabric.Gateway
	sessions []fabric.TunnelID // live ones
	in       map[fabric.TunnelID]map[netip.Prefix]path
	sent     map[fabric.TunnelID]map[netip.Prefix]path
	hubs     map[fabric.GatewayID]map[netip.Prefix]path // from the other hubs of a Virtual WAN
}

// message is one update or withdrawal on its way.
type message struct {
	path     path
	withdraw bool
}

// wire is one direction of a session, or of what two hubs of a Virtual WAN
// tell each other; messages on it keep their order.
type wire struct {
	tunnel   fabric.TunnelID // empty between hubs
	from, to fabric.GatewayID
}

// maxMessages bounds one run: a network that is not at rest by then is
// [Oracle.Restless].
const maxMessages = 300_000

// converge runs all sessions from nothing until no message is on its way. It
// reports whether a limit then ended a session, so that all is to be done again.
func (o *Oracle) converge() bool {
	o.speakers = map[fabric.GatewayID]*speaker{}
	for _, g := range o.net.Gateways {
		if !o.gatewayDown(g.ID) {
			o.speakers[g.ID] = &speaker{gateway: g, in: map[fabric.TunnelID]map[netip.Prefix]path{}, sent: map[fabric.TunnelID]map[netip.Prefix]path{}, hubs: map[fabric.GatewayID]map[netip.Prefix]path{}}
		}
	}
	for _, t := range o.net.Tunnels {
		c, isAWS := o.net.Connection(t.Connection)
		a, b := o.speakers[t.Ends[0].Gateway], o.speakers[t.Ends[1].Gateway]
		if o.tunnelDown(t) || o.Refused[t.ID] || isAWS && c.Static || a == nil || b == nil || a.gateway.ID == b.gateway.ID || a.gateway.ASN == b.gateway.ASN {
			continue
		}
		for _, s := range []*speaker{a, b} {
			s.sessions = append(s.sessions, t.ID)
			s.in[t.ID], s.sent[t.ID] = map[netip.Prefix]path{}, map[netip.Prefix]path{}
		}
	}
	queues := map[wire][]message{}
	for _, id := range slices.Sorted(maps.Keys(o.speakers)) {
		for _, p := range o.known(o.speakers[id]) {
			o.speak(o.speakers[id], p, queues)
		}
	}
	for count := 0; ; count++ {
		var waiting []wire
		for w, q := range queues {
			if len(q) > 0 {
				waiting = append(waiting, w)
			}
		}
		if len(waiting) == 0 {
			break
		}
		if count > maxMessages {
			o.Restless = true
			return false
		}
		slices.SortFunc(waiting, func(a, b wire) int {
			return cmp.Or(cmp.Compare(a.tunnel, b.tunnel), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
		})
		w := waiting[o.rng.IntN(len(waiting))]
		m := queues[w][0]
		queues[w] = queues[w][1:]
		o.hear(o.speakers[w.to], w, m)
		for _, s := range o.concerned(o.speakers[w.to]) {
			o.speak(s, m.path.prefix, queues)
		}
	}
	return o.judgeLimits()
}

// concerned returns a speaker with those that share what it knows: the
// gateways that a Direct Connect gateway is associated with.
func (o *Oracle) concerned(s *speaker) []*speaker {
	out := []*speaker{s}
	for _, a := range o.net.Attachments {
		if peer := o.speakers[a.Peer]; a.Kind == fabric.DirectConnectAssociation && a.Gateway == s.gateway.ID && peer != nil {
			out = append(out, peer)
		}
	}
	return out
}

// known lists every prefix that a speaker may have something to say about
// from the start.
func (o *Oracle) known(s *speaker) []netip.Prefix {
	set := map[netip.Prefix]bool{}
	for _, v := range o.net.VPCs {
		for _, p := range v.Prefixes {
			set[p] = true
		}
		for _, p := range o.subnetsOf(v) {
			set[p.prefix] = true
		}
	}
	for _, p := range s.gateway.Announce {
		set[p] = true
	}
	for _, t := range s.gateway.Tables {
		for _, r := range t.Routes {
			set[r.Prefix] = true
		}
	}
	for _, a := range o.net.Attachments {
		for _, p := range a.Allowed {
			set[p] = true
		}
	}
	for _, c := range o.net.Connections {
		for _, p := range c.StaticRoutes {
			set[p] = true
		}
	}
	return slices.SortedFunc(maps.Keys(set), prefix.Compare)
}

// hear takes one message in, unless the receiver's cloud refuses it.
func (o *Oracle) hear(s *speaker, w wire, m message) {
	rib := s.in[w.tunnel]
	if w.tunnel == "" {
		if s.hubs[w.from] == nil {
			s.hubs[w.from] = map[netip.Prefix]path{}
		}
		rib = s.hubs[w.from]
	}
	delete(rib, m.path.prefix)
	if m.withdraw || w.tunnel != "" && (slices.Contains(m.path.asns, s.gateway.ASN) || o.refuses(s.gateway, m.path)) {
		return // RFC 4271 section 9: a path with one's own AS is a loop
	}
	p := m.path
	if w.tunnel != "" {
		t, _ := o.net.Tunnel(w.tunnel)
		ok := false
		if p, ok = o.take(s.gateway, said(s.gateway.ID, t, true), p); !ok {
			return
		}
	}
	rib[p.prefix] = p
}

// refuses: an Azure gateway takes no prefix that is a VNet's of its own, or
// inside one; a supernet is taken.
func (o *Oracle) refuses(g fabric.Gateway, p path) bool {
	if g.Kind != fabric.VPNGateway && g.Kind != fabric.ExpressRouteGateway {
		return false
	}
	for _, v := range o.vnetsOf(g) {
		for _, own := range v.Prefixes {
			if prefix.Covers(own, p.prefix) {
				return true
			}
		}
	}
	return false
}

// speak sends on every session what has changed about one prefix.
func (o *Oracle) speak(s *speaker, p netip.Prefix, queues map[wire][]message) {
	for _, id := range s.sessions {
		t, _ := o.net.Tunnel(id)
		far := t.Ends[0].Gateway
		if far == s.gateway.ID {
			far = t.Ends[1].Gateway
		}
		out, ok := o.export(s, t, p)
		if ok {
			out.prefix = p
			out, ok = tell(said(s.gateway.ID, t, false), out)
		}
		o.send(s.sent[id], out, ok, p, wire{id, s.gateway.ID, far}, queues)
	}
	if s.gateway.Kind != fabric.VirtualHub {
		return
	}
	for _, other := range o.otherHubs(s.gateway.ID) {
		key := fabric.TunnelID("hub " + other)
		if s.sent[key] == nil {
			s.sent[key] = map[netip.Prefix]path{}
		}
		out, ok := o.exportToHub(s, p)
		o.send(s.sent[key], out, ok, p, wire{"", s.gateway.ID, other}, queues)
	}
}

func (o *Oracle) send(sent map[netip.Prefix]path, out path, ok bool, p netip.Prefix, w wire, queues map[wire][]message) {
	before, had := sent[p]
	if ok == had && (!ok || slices.Equal(before.asns, out.asns) && before.med == out.med && slices.Equal(before.communities, out.communities)) {
		return
	}
	if !ok {
		delete(sent, p)
		queues[w] = append(queues[w], message{path{prefix: p}, true})
		return
	}
	out.tunnel, out.from, out.prefix = w.tunnel, w.from, p
	sent[p] = out
	queues[w] = append(queues[w], message{path: out})
}

// otherHubs lists the live hubs that a hub reaches: a network has one Virtual
// WAN, which meshes its hubs by itself, but where the link between two failed.
func (o *Oracle) otherHubs(id fabric.GatewayID) []fabric.GatewayID {
	var out []fabric.GatewayID
	for _, g := range o.net.Gateways {
		failed := slices.ContainsFunc(o.net.Links, func(l fabric.Link) bool {
			return l.Kind == fabric.VirtualWANLink && slices.Contains(l.Gateways[:], id) && slices.Contains(l.Gateways[:], g.ID) && o.linkDown(l.ID)
		})
		if g.Kind == fabric.VirtualHub && g.ID != id && o.speakers[g.ID] != nil && !failed {
			out = append(out, g.ID)
		}
	}
	return out
}

// heard returns what a speaker has heard of a prefix, over the sessions that
// pass the test.
func (s *speaker) heard(p netip.Prefix, keep func(fabric.TunnelID) bool) []path {
	var out []path
	for _, id := range s.sessions {
		if x, ok := s.in[id][p]; ok && (keep == nil || keep(id)) {
			out = append(out, x)
		}
	}
	return out
}

// prefixes lists every prefix that a speaker holds from others.
func (s *speaker) prefixes() []netip.Prefix {
	set := map[netip.Prefix]bool{}
	for _, rib := range s.in {
		for p := range rib {
			set[p] = true
		}
	}
	for _, rib := range s.hubs {
		for p := range rib {
			set[p] = true
		}
	}
	return slices.SortedFunc(maps.Keys(set), prefix.Compare)
}

// best keeps the paths that a gateway of its kind uses at once; the first is
// the one that it announces, which nothing documented decides.
func (o *Oracle) best(g fabric.Gateway, paths []path) []path {
	if len(paths) == 0 {
		return nil
	}
	if g.Kind != fabric.VirtualHub || !g.PathFirst {
		most := slices.MaxFunc(paths, func(a, b path) int { return cmp.Compare(a.liked, b.liked) }).liked
		paths = slices.DeleteFunc(slices.Clone(paths), func(p path) bool { return p.liked < most })
	}
	shortest := len(slices.MinFunc(paths, func(a, b path) int { return cmp.Compare(len(a.asns), len(b.asns)) }).asns)
	paths = slices.DeleteFunc(slices.Clone(paths), func(p path) bool { return len(p.asns) > shortest })
	switch g.Kind {
	case fabric.TransitGateway, fabric.HAVPN:
		least := slices.MinFunc(paths, func(a, b path) int { return cmp.Compare(a.med, b.med) }).med
		paths = slices.DeleteFunc(paths, func(p path) bool { return p.med > least })
	case fabric.VirtualPrivateGateway, fabric.Device, fabric.DirectConnectGateway:
		all := slices.Clone(paths)
		paths = slices.DeleteFunc(paths, func(p path) bool {
			return slices.ContainsFunc(all, func(q path) bool { return q.near == p.near && q.med < p.med })
		})
	case fabric.VPNGateway, fabric.VirtualHub, fabric.ExpressRouteGateway:
	}
	slices.SortFunc(paths, func(a, b path) int {
		return cmp.Or(cmp.Compare(o.rank[string(a.tunnel)], o.rank[string(b.tunnel)]), cmp.Compare(a.from, b.from))
	})
	if g.ECMP && g.Kind != fabric.VirtualPrivateGateway {
		return paths
	}
	return paths[:1]
}
