package routes

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// node is one table of BGP routes: a gateway's, or of a transit gateway one
// for each set of attachments that tables learn from, and one for each table
// that announces.
type node struct {
	gateway int
	kind    fabric.GatewayKind
	asn     vocab.ASN
	ecmp    bool
	key     string // distinguishes the nodes of a transit gateway
	in      []int  // edges into it
	// refuse are prefixes refused from peers when equal to or inside them.
	refuse *prefix.Table[struct{}]
}

// bundle is all sessions that treat routes alike between two gateways: equal
// tunnels of a link, a pair of virtual hubs, a Direct Connect association.
type bundle struct {
	kind    bundleKind
	ends    [2]bundleEnd
	tunnels []int // sorted by id; of a tunnel bundle
	att     int   // of a Direct Connect association, else -1
	link    fabric.LinkID
}

type bundleKind uint8

const (
	tunnelBundle bundleKind = iota + 1 // VPN tunnels or circuits with BGP
	hubBundle                          // virtual hubs of one Virtual WAN
	associated                         // Direct Connect gateway and what it is associated with
)

// bundleEnd is one side of a bundle.
type bundleEnd struct {
	gateway  int
	announce int   // the node whose routes are announced, or -1
	learn    []int // the nodes that learn
	med      int   // sent
	inner    int   // GCP: spoke with site-to-site data transfer, or -1
}

// edge is one direction of a bundle into one node.
type edge struct {
	from, to, bundle, dir int // dir: the end that sends
}

// tunnel is what routing needs of a tunnel.
type tunnel struct {
	gateways [2]int // -1 when not in the network
	bundle   int    // -1 when it carries no BGP
	why      string // why its session never comes up, empty when it does
	arrive   [2]int // slot in which packets that reach that end are looked up, or -1
	hops     [2]Hop // the hop into that end
}

// tunnelHop is the hop over a tunnel into one of its ends.
func (p *Plane) tunnelHop(t, end int) Hop { return p.tunnels[t].hops[end] }

// speakers makes the nodes, bundles and edges.
func (p *Plane) speakers() {
	n := p.net
	p.nodeOf = make([]int, len(n.Gateways))
	for i := range n.Gateways {
		g := &n.Gateways[i]
		p.nodeOf[i] = -1
		switch g.Kind {
		case fabric.TransitGateway:
			for _, t := range p.transit[i] {
				p.transitNode(i, t)
			}
		case fabric.VirtualPrivateGateway, fabric.HAVPN, fabric.VPNGateway, fabric.VirtualHub, fabric.Device,
			fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
			p.nodeOf[i] = p.addNode(i, "")
		}
		if g.Kind == fabric.HAVPN || g.Kind == fabric.DirectConnectGateway {
			p.announcer[i] = p.addNode(i, "announcer")
		}
	}
	p.relayNodes()
	p.findTunnels()
	p.hubBundles()
	p.associations()
	p.relayLearns()
	for b := range p.bundles {
		x := &p.bundles[b]
		for dir := range 2 {
			if x.ends[dir].announce < 0 {
				continue
			}
			for _, to := range x.ends[1-dir].learn {
				p.addEdge(edge{from: x.ends[dir].announce, to: to, bundle: b, dir: dir})
			}
		}
	}
}

func (p *Plane) addEdge(e edge) {
	p.nodes[e.to].in = append(p.nodes[e.to].in, len(p.edges))
	p.edges = append(p.edges, e)
}

func (p *Plane) addNode(gateway int, key string) int {
	g := &p.net.Gateways[gateway]
	p.nodes = append(p.nodes, node{gateway: gateway, kind: g.Kind, asn: g.ASN, ecmp: g.ECMP, key: key})
	return len(p.nodes) - 1
}

// transitNode gives a transit table its node: shared with the tables that
// learn from the same attachments, its own where it announces.
func (p *Plane) transitNode(gateway int, t *transitTable) {
	key := t.learnKey()
	if t.announces {
		key += "|" + t.name
	} else if key == "" {
		t.node = -1
		return
	}
	for i := range p.nodes {
		if p.nodes[i].gateway == gateway && p.nodes[i].key == key {
			t.node = i
			return
		}
	}
	t.node = p.addNode(gateway, key)
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
func (p *Plane) transitLearners(gateway, att int) []int {
	var out []int
	for _, t := range p.transit[gateway] {
		if t.node >= 0 && slices.Contains(t.learn, att) && !slices.Contains(out, t.node) {
			out = append(out, t.node)
		}
	}
	slices.Sort(out)
	return out
}

// end describes a gateway's side of a tunnel.
func (p *Plane) end(gateway int, t *fabric.Tunnel, k int) bundleEnd {
	g := &p.net.Gateways[gateway]
	e := bundleEnd{gateway: gateway, announce: p.nodeOf[gateway], med: t.Ends[k].Priority, inner: -1}
	switch g.Kind {
	case fabric.TransitGateway:
		e.announce = -1
		att := find(p.ix.vpnOf, t.Connection)
		if att < 0 {
			return e
		}
		if at := p.assoc[assocKey{gateway, att}]; at != nil {
			e.announce = at.node
		}
		e.learn = p.transitLearners(gateway, att)
	case fabric.HAVPN:
		e.announce, e.learn = p.announcer[gateway], []int{p.nodeOf[gateway]}
		if e.med == 0 {
			e.med = p.medBase
		}
		if spoke, ok := p.inner[innerKey{gateway, t.ID}]; ok {
			e.inner, e.announce = spoke, p.relayOf(gateway, spoke)
		}
	case fabric.DirectConnectGateway:
		e.announce, e.learn = p.announcer[gateway], []int{p.nodeOf[gateway]}
	case fabric.VirtualPrivateGateway, fabric.VPNGateway, fabric.VirtualHub, fabric.Device, fabric.ExpressRouteGateway:
		e.learn = []int{p.nodeOf[gateway]}
	}
	return e
}

// relay is what a Cloud Router announces over the tunnels of one hybrid spoke
// with site-to-site data transfer: its own, and what the other such spokes of
// the VPC learn (Network Connectivity Center overview, "Route exchange").
type relay struct{ spoke, node int }

// relayNodes makes the relays.
func (p *Plane) relayNodes() {
	found := map[[2]int]bool{}
	for i := range p.net.Tunnels {
		t := &p.net.Tunnels[i]
		for _, e := range t.Ends {
			g := find(p.ix.gateways, e.Gateway)
			spoke, ok := p.inner[innerKey{g, t.ID}]
			if !ok || found[[2]int{g, spoke}] {
				continue
			}
			found[[2]int{g, spoke}] = true
			p.relays[g] = append(p.relays[g], relay{spoke, p.addNode(g, relayKey)})
		}
	}
}

// relayKey marks the nodes that are relays.
const relayKey = "relay"

func (p *Plane) relayOf(gateway, spoke int) int {
	for _, r := range p.relays[gateway] {
		if r.spoke == spoke {
			return r.node
		}
	}
	return p.nodeOf[gateway]
}

type innerKey struct {
	gateway int
	tunnel  fabric.TunnelID
}

// findTunnels resolves the tunnels, and gathers the equal ones into bundles.
func (p *Plane) findTunnels() {
	n := p.net
	p.tunnels = make([]tunnel, len(n.Tunnels))
	keys := map[string]int{}
	for i := range n.Tunnels {
		t := &n.Tunnels[i]
		r := &p.tunnels[i]
		r.bundle = -1
		c := find(p.ix.connections, t.Connection)
		for k := range t.Ends {
			r.gateways[k] = find(p.ix.gateways, t.Ends[k].Gateway)
			r.arrive[k] = -1
		}
		switch {
		case r.gateways[0] < 0 || r.gateways[1] < 0:
			r.why = "one of its gateways is not in the network"
			continue
		case !t.Ends[0].InitiateIKE && !t.Ends[1].InitiateIKE:
			r.why = "neither end dials"
		case c >= 0 && n.Connections[c].Static:
			r.why = "its connection has static routes and no BGP"
		case !t.Ends[0].InitiateBGP && !t.Ends[1].InitiateBGP:
			r.why = "neither end opens the BGP session"
		}
		for k := range t.Ends {
			r.arrive[k] = p.arrival(r.gateways[k], t)
			r.hops[k] = Hop{Kind: Forward, Table: r.arrive[k], Tunnel: t.ID, Link: t.Link, Gateway: t.Ends[k].Gateway}
			if c >= 0 {
				if att := find(p.ix.vpnOf, t.Connection); att >= 0 {
					r.hops[k].Attachment = n.Attachments[att].ID
				}
			}
			if r.arrive[k] < 0 {
				r.hops[k].Kind, r.hops[k].Table, r.hops[k].Why = Discard, 0, "no table there routes what comes over it"
			}
		}
		if r.why != "" {
			continue
		}
		ends := [2]bundleEnd{p.end(r.gateways[0], t, 0), p.end(r.gateways[1], t, 1)}
		key := bundleKeyOf(ends)
		b, ok := keys[key]
		if !ok {
			b = len(p.bundles)
			keys[key] = b
			p.bundles = append(p.bundles, bundle{kind: tunnelBundle, ends: ends, att: -1, link: t.Link})
		}
		p.bundles[b].tunnels = append(p.bundles[b].tunnels, i)
		r.bundle = b
	}
}

func bundleKeyOf(ends [2]bundleEnd) string {
	var b strings.Builder
	for _, e := range ends {
		for _, v := range append([]int{e.gateway, e.announce, e.med, len(e.learn)}, e.learn...) {
			b.WriteString(strconv.Itoa(v))
			b.WriteByte(' ')
		}
		b.WriteString(strconv.Itoa(e.inner))
		b.WriteByte(';')
	}
	return b.String()
}

// arrival is the slot in which packets are looked up that reach a gateway over
// a tunnel.
func (p *Plane) arrival(gateway int, t *fabric.Tunnel) int {
	g := &p.net.Gateways[gateway]
	switch g.Kind {
	case fabric.TransitGateway:
		att := find(p.ix.vpnOf, t.Connection)
		if at := p.assoc[assocKey{gateway, att}]; at != nil {
			return at.slot
		}
		return -1
	case fabric.HAVPN: // the routes of its VPC in its region
		return p.slotOf(regionTable(g.VPC, p.region(g.Site)))
	case fabric.VirtualPrivateGateway, fabric.VPNGateway, fabric.VirtualHub, fabric.Device,
		fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
		return p.slotOf(TableID(g.ID))
	}
	return -1
}

// hubBundles joins every pair of virtual hubs: those of one Virtual WAN are a
// mesh. The network has one.
func (p *Plane) hubBundles() {
	n := p.net
	for i := range n.Gateways {
		for k := i + 1; k < len(n.Gateways); k++ {
			if n.Gateways[i].Kind != fabric.VirtualHub || n.Gateways[k].Kind != fabric.VirtualHub {
				continue
			}
			b := bundle{kind: hubBundle, att: -1, link: p.linkBetween(n.Gateways[i].Site, n.Gateways[k].Site)}
			for e, gw := range []int{i, k} {
				b.ends[e] = bundleEnd{gateway: gw, announce: p.nodeOf[gw], learn: []int{p.nodeOf[gw]}}
			}
			p.bundles = append(p.bundles, b)
		}
	}
}

// associations joins Direct Connect gateways to what they are associated with.
func (p *Plane) associations() {
	n := p.net
	for i := range n.Attachments {
		a := &n.Attachments[i]
		dx, peer := find(p.ix.gateways, a.Gateway), find(p.ix.gateways, a.Peer)
		if a.Kind != fabric.DirectConnectAssociation || dx < 0 || peer < 0 {
			continue
		}
		// What it announces to the circuits is its own (dxEntries), so only
		// one direction carries routes.
		b := bundle{kind: associated, att: i}
		b.ends[0] = bundleEnd{gateway: dx, announce: p.nodeOf[dx]}
		b.ends[1] = bundleEnd{gateway: peer, announce: -1}
		if n.Gateways[peer].Kind == fabric.TransitGateway {
			b.ends[1].learn = p.transitLearners(peer, i)
		} else {
			b.ends[1].learn = []int{p.nodeOf[peer]}
		}
		p.bundles = append(p.bundles, b)
	}
}

// relayLearns lets each relay learn what the other spokes of its VPC do.
func (p *Plane) relayLearns() {
	for b := range p.bundles {
		for end := range p.bundles[b].ends {
			e := &p.bundles[b].ends[end]
			if p.bundles[b].kind != tunnelBundle || e.inner < 0 {
				continue
			}
			for _, g := range sortedKeys(p.relays) {
				for _, r := range p.relays[g] {
					if r.spoke != e.inner && p.net.Gateways[g].VPC == p.net.Gateways[e.gateway].VPC {
						e.learn = append(e.learn, r.node)
					}
				}
			}
		}
	}
}

// within reports whether a prefix is equal to or inside one of the table's.
func within(t *prefix.Table[struct{}], q netip.Prefix) bool {
	if t == nil {
		return false
	}
	_, _, ok := t.LookupPrefix(q)
	return ok
}
