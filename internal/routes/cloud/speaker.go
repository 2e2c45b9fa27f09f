package cloud

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes/bgp"
)

// Tunnel is what routing needs of a tunnel.
type Tunnel struct {
	Gateways [2]int // -1 when not in the network
	Bundle   int    // -1 when it carries no BGP
	Why      string // why its session never comes up, empty when it does
	Arrive   [2]int // slot in which packets that reach that end are looked up, or -1
}

// speakers makes the nodes, bundles and edges.
func (l *Layout) speakers() {
	n := l.net
	l.NodeOf = make([]int, len(n.Gateways))
	for i := range n.Gateways {
		g := &n.Gateways[i]
		l.NodeOf[i] = -1
		switch g.Kind {
		case fabric.TransitGateway:
			for _, t := range l.transit[i] {
				l.transitNode(i, t)
			}
		case fabric.VirtualPrivateGateway, fabric.HAVPN, fabric.VPNGateway, fabric.VirtualHub, fabric.Device,
			fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
			l.NodeOf[i] = l.speaker(i)
		}
		if g.Kind == fabric.HAVPN || g.Kind == fabric.DirectConnectGateway {
			l.announcer[i] = l.speaker(i)
		}
	}
	l.relayNodes()
	l.findTunnels()
	l.hubBundles()
	l.associations()
	l.relayLearns()
}

// speaker adds a node of a gateway, with how its cloud treats routes: what it
// hands on of what it learned (the clouds' pages on VPN, Direct Connect and
// ExpressRoute gateways), and what it prefers.
func (l *Layout) speaker(gateway int) int {
	g := &l.net.Gateways[gateway]
	n := bgp.Node{Gateway: gateway, ASN: g.ASN, ECMP: g.ECMP, PathFirst: g.PathFirst && g.Kind == fabric.VirtualHub}
	switch g.Kind {
	case fabric.TransitGateway, fabric.VirtualPrivateGateway:
		n.HandsOn, n.PrivateFirst = bgp.HandsAll, true
	case fabric.HAVPN:
		n.ComparesMED = true
	case fabric.VPNGateway:
		n.HandsOn = bgp.HandsMore
	case fabric.VirtualHub:
		n.HandsOn = bgp.HandsHub
	case fabric.Device:
		n.HandsOn = bgp.HandsListed
	case fabric.DirectConnectGateway:
		n.HandsOn, n.Preferences = bgp.HandsAssociated, l.dxPreferences
	case fabric.ExpressRouteGateway:
	}
	return l.Machine.AddNode(n)
}

// transitNode gives a transit table its node: shared with the tables that
// learn from the same attachments, its own where it announces.
func (l *Layout) transitNode(gateway int, t *transitTable) {
	key := t.learnKey()
	if t.announces {
		key += "|" + t.name
	} else if key == "" {
		t.node = -1
		return
	}
	shared := transitKey{gateway, key}
	if i, ok := l.transitNodes[shared]; ok {
		t.node = i
		return
	}
	t.node = l.speaker(gateway)
	l.transitNodes[shared] = t.node
}

// transitKey names a node of a transit gateway by what it learns, and where it
// announces by its table.
type transitKey struct {
	gateway int
	key     string
}

// learnKey names the VPN and Direct Connect attachments that a table learns from.
func (t *transitTable) learnKey() string {
	var b strings.Builder
	for _, a := range t.learn {
		b.WriteString(strconv.Itoa(a))
		b.WriteByte(' ')
	}
	return b.String()
}

// transitLearners lists the nodes of a transit gateway that learn from an
// attachment.
func (l *Layout) transitLearners(gateway, att int) []int {
	var out []int
	for _, t := range l.transit[gateway] {
		if t.node >= 0 && slices.Contains(t.learn, att) && !slices.Contains(out, t.node) {
			out = append(out, t.node)
		}
	}
	slices.Sort(out)
	return out
}

// end describes a gateway's side of a tunnel, with the spoke with site-to-site
// data transfer that it is of (GCP), or -1.
func (l *Layout) end(gateway int, t *fabric.Tunnel, k int) (e bgp.End, inner int) {
	g := &l.net.Gateways[gateway]
	e, inner = bgp.End{Gateway: gateway, Announce: l.NodeOf[gateway], MED: t.Ends[k].Priority, Export: l.Machine.AddPolicy(t.Ends[k].Export), Import: l.Machine.AddPolicy(t.Ends[k].Import)}, -1
	switch g.Kind {
	case fabric.TransitGateway:
		e.Announce = -1
		att := Find(l.Index.VPNOf, t.Connection)
		if att < 0 {
			return e, inner
		}
		if at := l.assoc[assocKey{gateway, att}]; at != nil {
			e.Announce = at.node
		}
		e.Learn = l.transitLearners(gateway, att)
	case fabric.HAVPN:
		e.Announce, e.Learn = l.announcer[gateway], []int{l.NodeOf[gateway]}
		if e.MED == 0 {
			e.MED = l.medBase
		}
		if spoke, ok := l.inner[innerKey{gateway, t.ID}]; ok {
			inner, e.Announce = spoke, l.relayOf(gateway, spoke)
		}
	case fabric.DirectConnectGateway:
		e.Announce, e.Learn = l.announcer[gateway], []int{l.NodeOf[gateway]}
	case fabric.VirtualPrivateGateway, fabric.VPNGateway, fabric.VirtualHub, fabric.Device, fabric.ExpressRouteGateway:
		e.Learn = []int{l.NodeOf[gateway]}
	}
	return e, inner
}

// relay is what a Cloud Router announces over the tunnels of one hybrid spoke
// with site-to-site data transfer: its own, and what the other such spokes of
// the VPC learn (Network Connectivity Center overview, "Route exchange").
type relay struct{ spoke, node int }

// relayNodes makes the relays.
func (l *Layout) relayNodes() {
	found := map[[2]int]bool{}
	for i := range l.net.Tunnels {
		t := &l.net.Tunnels[i]
		for _, e := range t.Ends {
			g := Find(l.Index.Gateways, e.Gateway)
			spoke, ok := l.inner[innerKey{g, t.ID}]
			if !ok || found[[2]int{g, spoke}] {
				continue
			}
			found[[2]int{g, spoke}] = true
			n := l.speaker(g)
			l.Machine.Nodes[n].HandsOn = bgp.HandsAll
			l.relays[g] = append(l.relays[g], relay{spoke, n})
		}
	}
}

func (l *Layout) relayOf(gateway, spoke int) int {
	for _, r := range l.relays[gateway] {
		if r.spoke == spoke {
			return r.node
		}
	}
	return l.NodeOf[gateway]
}

type innerKey struct {
	gateway int
	tunnel  fabric.TunnelID
}

// findTunnels resolves the tunnels, and gathers the equal ones into bundles.
func (l *Layout) findTunnels() {
	n := l.net
	l.Tunnels = make([]Tunnel, len(n.Tunnels))
	keys := map[string]int{}
	for i := range n.Tunnels {
		t := &n.Tunnels[i]
		r := &l.Tunnels[i]
		r.Bundle = -1
		c := Find(l.Index.Connections, t.Connection)
		for k := range t.Ends {
			r.Gateways[k] = Find(l.Index.Gateways, t.Ends[k].Gateway)
			r.Arrive[k] = -1
		}
		switch {
		case r.Gateways[0] < 0 || r.Gateways[1] < 0:
			r.Why = "one of its gateways is not in the network"
			continue
		case !t.Ends[0].InitiateIKE && !t.Ends[1].InitiateIKE:
			r.Why = "neither end dials"
		case c >= 0 && n.Connections[c].Static:
			r.Why = "its connection has static routes and no BGP"
		case !t.Ends[0].InitiateBGP && !t.Ends[1].InitiateBGP:
			r.Why = "neither end opens the BGP session"
		}
		for k := range t.Ends {
			r.Arrive[k] = l.arrival(r.Gateways[k], t)
		}
		if r.Why != "" {
			continue
		}
		var ends [2]bgp.End
		var inner [2]int
		for k := range ends {
			ends[k], inner[k] = l.end(r.Gateways[k], t, k)
		}
		hybrid := [2]bool{l.hybrid[innerKey{r.Gateways[0], t.ID}], l.hybrid[innerKey{r.Gateways[1], t.ID}]}
		key := bundleKeyOf(ends, inner, hybrid)
		b, ok := keys[key]
		if !ok {
			b = len(l.Machine.Bundles)
			keys[key] = b
			l.Machine.Bundles = append(l.Machine.Bundles, bgp.Bundle{Kind: bgp.TunnelBundle, Ends: ends, Attachment: -1, Link: t.Link})
			l.innerOf, l.hybridOn = append(l.innerOf, inner), append(l.hybridOn, hybrid)
		}
		l.Machine.Bundles[b].Tunnels = append(l.Machine.Bundles[b].Tunnels, i)
		r.Bundle = b
	}
}

func bundleKeyOf(ends [2]bgp.End, inner [2]int, hybrid [2]bool) string {
	var b strings.Builder
	for k, e := range ends {
		for _, v := range append([]int{e.Gateway, e.Announce, e.MED, e.Export, e.Import, len(e.Learn)}, e.Learn...) {
			b.WriteString(strconv.Itoa(v))
			b.WriteByte(' ')
		}
		b.WriteString(strconv.Itoa(inner[k]))
		b.WriteString(strconv.FormatBool(hybrid[k]))
		b.WriteByte(';')
	}
	return b.String()
}

// BySpoke reports whether what a Cloud Router holds came over a tunnel of a
// hybrid spoke: of a routing VPC's routes the NCC hub takes those alone.
func (l *Layout) BySpoke(r *bgp.Result) bool {
	return slices.ContainsFunc(r.Via, func(k int) bool {
		e := &l.Machine.Edges[k]
		return e.Bundle < len(l.hybridOn) && l.hybridOn[e.Bundle][1-e.Dir]
	})
}

// arrival is the slot in which packets are looked up that reach a gateway over
// a tunnel.
func (l *Layout) arrival(gateway int, t *fabric.Tunnel) int {
	g := &l.net.Gateways[gateway]
	switch g.Kind {
	case fabric.TransitGateway:
		att := Find(l.Index.VPNOf, t.Connection)
		if at := l.assoc[assocKey{gateway, att}]; at != nil {
			return at.slot
		}
		return -1
	case fabric.HAVPN: // the routes of its VPC in its region
		return l.SlotOf(RegionTable(g.VPC, l.Region(g.Site)))
	case fabric.VirtualPrivateGateway, fabric.VPNGateway, fabric.VirtualHub, fabric.Device,
		fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
		return l.SlotOf(TableID(g.ID))
	}
	return -1
}

// hubBundles joins every pair of virtual hubs: those of one Virtual WAN are a
// mesh. The network has one.
func (l *Layout) hubBundles() {
	n := l.net
	for i := range n.Gateways {
		for k := i + 1; k < len(n.Gateways); k++ {
			if n.Gateways[i].Kind != fabric.VirtualHub || n.Gateways[k].Kind != fabric.VirtualHub {
				continue
			}
			b := bgp.Bundle{Kind: bgp.HubBundle, Attachment: -1, Link: l.LinkBetween(n.Gateways[i].Site, n.Gateways[k].Site)}
			for e, gw := range []int{i, k} {
				b.Ends[e] = bgp.End{Gateway: gw, Announce: l.NodeOf[gw], Learn: []int{l.NodeOf[gw]}}
			}
			l.Machine.Bundles = append(l.Machine.Bundles, b)
		}
	}
}

// associations joins Direct Connect gateways to what they are associated with.
func (l *Layout) associations() {
	n := l.net
	for i := range n.Attachments {
		a := &n.Attachments[i]
		dx, peer := Find(l.Index.Gateways, a.Gateway), Find(l.Index.Gateways, a.Peer)
		if a.Kind != fabric.DirectConnectAssociation || dx < 0 || peer < 0 {
			continue
		}
		// What it announces to the circuits is its own (dxEntries), so only
		// one direction carries routes.
		b := bgp.Bundle{Kind: bgp.Associated, Attachment: i}
		b.Ends[0] = bgp.End{Gateway: dx, Announce: l.NodeOf[dx]}
		b.Ends[1] = bgp.End{Gateway: peer, Announce: -1}
		if n.Gateways[peer].Kind == fabric.TransitGateway {
			b.Ends[1].Learn = l.transitLearners(peer, i)
		} else {
			b.Ends[1].Learn = []int{l.NodeOf[peer]}
		}
		l.Machine.Bundles = append(l.Machine.Bundles, b)
	}
}

// relayLearns lets each relay learn what the other spokes of its VPC do.
func (l *Layout) relayLearns() {
	for b, inner := range l.innerOf {
		for end, spoke := range inner {
			e := &l.Machine.Bundles[b].Ends[end]
			if spoke < 0 {
				continue
			}
			for _, g := range slices.Sorted(maps.Keys(l.relays)) {
				for _, r := range l.relays[g] {
					if r.spoke != spoke && l.net.Gateways[g].VPC == l.net.Gateways[e.Gateway].VPC {
						e.Learn = append(e.Learn, r.node)
					}
				}
			}
		}
	}
}
