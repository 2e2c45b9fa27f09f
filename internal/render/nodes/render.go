package nodes

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/nodeconf"
)

// Render makes the plan of a run. It is pure: the same network, facts and
// options give the same plan. The error names every object of the network that
// a run cannot play.
func Render(n *fabric.Network, a *atlas.Atlas, o Options) (*Plan, error) {
	if o.Tunnels == "" {
		o.Tunnels = nodeconf.IPsec
	}
	b := newBuilder(n, a, o)
	b.refuse()
	if len(b.refused) > 0 {
		return nil, errors.Join(b.refused...)
	}
	b.domains()
	b.outside()
	b.tunnels()
	b.workloads()
	b.aws()
	b.gcp()
	b.azure()
	b.own()
	b.world()
	b.filters()
	if len(b.refused) > 0 {
		return nil, errors.Join(b.refused...)
	}
	return b.finish(), nil
}

// builder holds what is made while it is made.
type builder struct {
	net   *fabric.Network
	atlas *atlas.Atlas
	opts  Options
	index index

	plan    Plan
	nodes   map[string]*node
	ofVPC   map[fabric.VPCID]*node
	ofGate  map[fabric.GatewayID]*node // of own devices: the core, or the one there is
	ofPart  map[GatewayPart]*node      // of own devices: of each interface
	ends    map[endKey]*end
	ways    map[string]*way
	publics *pool // outside addresses of cloud gateways and machines
	insides *pool // of sessions that are in no plan: inside a cloud, inside a site
	outward map[fabric.NATID]netip.Addr
	exits   map[string]string // device to the internet, by local table
	tags    []tag
	refused []error
}

func newBuilder(n *fabric.Network, a *atlas.Atlas, o Options) *builder {
	return &builder{
		net: n, atlas: a, opts: o, index: newIndex(n), plan: Plan{Network: n.Name},
		nodes: map[string]*node{}, ofVPC: map[fabric.VPCID]*node{}, ofGate: map[fabric.GatewayID]*node{}, ofPart: map[GatewayPart]*node{},
		ends: map[endKey]*end{}, ways: map[string]*way{}, outward: map[fabric.NATID]netip.Addr{}, exits: map[string]string{},
		publics: newPool(benchmark, 16, 0), insides: newPool(benchmark, 16, 1),
	}
}

func (b *builder) refusef(format string, args ...any) {
	b.refused = append(b.refused, fmt.Errorf(format, args...))
}

// refuse finds what no node plays.
func (b *builder) refuse() {
	for i := range b.net.Gateways {
		switch g := &b.net.Gateways[i]; g.Kind {
		case fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
			b.refusef("%s: a %s is not played by the lab", g.ID, g.Kind)
		case fabric.VirtualPrivateGateway, fabric.TransitGateway, fabric.HAVPN, fabric.VPNGateway, fabric.VirtualHub, fabric.Device:
		}
	}
	for i := range b.net.Attachments {
		if x := &b.net.Attachments[i]; x.Kind == fabric.DirectConnectAssociation {
			b.refusef("%s: a Direct Connect association is not played by the lab", x.ID)
		}
	}
	for i := range b.net.Links {
		switch l := &b.net.Links[i]; l.Kind {
		case fabric.CircuitLink, fabric.OverlayLink, fabric.CrossConnectLink:
			b.refusef("%s: a link of kind %s is not played by the lab", l.ID, l.Kind)
		case fabric.VPN, fabric.TransitPeerLink, fabric.VNetPeerLink, fabric.VirtualWANLink, fabric.SameVPCLink, fabric.VPCPeerLink, fabric.NCCLink:
		}
	}
}

// finish sorts what was made and numbers the tables.
func (b *builder) finish() *Plan {
	p := &b.plan
	for _, name := range sortedKeys(b.nodes) {
		p.Nodes = append(p.Nodes, b.nodes[name].finish(b.net.Name))
	}
	for _, t := range b.tags {
		for i := range p.Machines {
			if m := &p.Machines[i]; m.Name == t.machine {
				m.Tags = append(m.Tags, Tag{Set: t.set, Node: t.table.node.name, Table: t.table.ID})
			}
		}
	}
	slices.SortFunc(p.Machines, func(x, y Machine) int { return cmp.Compare(x.Name, y.Name) })
	slices.SortFunc(p.Cords, func(x, y Cord) int { return x.A.compare(y.A) })
	slices.SortFunc(p.Wires, func(x, y Wire) int { return cmp.Or(cmp.Compare(x.ID, y.ID), x.A.compare(y.A)) })
	slices.SortFunc(p.Underlays, func(x, y Underlay) int { return cmp.Compare(x.Name, y.Name) })
	slices.SortFunc(p.Paths, func(x, y Path) int { return cmp.Compare(x.Tunnel, y.Tunnel) })
	slices.SortFunc(p.Secrets, func(x, y Secret) int { return cmp.Compare(x.Name, y.Name) })
	return p
}

func (e End) compare(o End) int {
	return cmp.Or(cmp.Compare(e.Owner, o.Owner), cmp.Compare(e.Device, o.Device))
}

// firstTable is the number of a node's first table: above those that the
// kernel keeps for itself.
const firstTable = 1000

func (n *node) finish(network string) Node {
	slices.Sort(n.sites)
	n.self()
	c := nodeconf.Config{Version: nodeconf.Version, Network: network, Node: n.name, Devices: n.devices, Tunnels: n.tunnels, NATs: n.nats, Probes: n.probes, Reflect: n.reflect}
	id := firstTable
	for _, name := range sortedKeys(n.tables) {
		t := n.tables[name]
		if !t.inner {
			t.ID = id
			id++
		}
		t.settle()
		c.Tables = append(c.Tables, t.Table)
	}
	slices.SortFunc(n.rules, func(x, y rule) int { return cmp.Compare(x.device, y.device) })
	for _, r := range n.rules {
		c.Rules = append(c.Rules, nodeconf.Rule{Device: r.device, Table: r.table.ID})
	}
	slices.SortFunc(n.sessions, func(x, y *nodeconf.Session) int { return cmp.Compare(x.ID, y.ID) })
	for _, s := range n.sessions {
		c.Sessions = append(c.Sessions, *s)
	}
	slices.SortFunc(c.Devices, func(x, y nodeconf.Device) int { return cmp.Compare(x.Name, y.Name) })
	slices.SortFunc(c.Tunnels, func(x, y nodeconf.Tunnel) int { return cmp.Compare(x.Name, y.Name) })
	slices.SortFunc(c.NATs, func(x, y nodeconf.NAT) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(n.gateways, func(x, y GatewayPart) int {
		return cmp.Or(cmp.Compare(x.Gateway, y.Gateway), cmp.Compare(x.Interface, y.Interface))
	})
	return Node{Name: n.name, Sites: n.sites, Gateways: n.gateways, Config: c}
}

// settle keeps of the configured routes those that win their prefix, by prefix.
func (t *table) settle() {
	for i := range t.Learn {
		slices.Sort(t.Learn[i].Sessions)
	}
	slices.SortStableFunc(t.Routes, func(x, y nodeconf.Route) int {
		return cmp.Or(x.Prefix.Compare(y.Prefix), cmp.Compare(x.Preference, y.Preference))
	})
	t.Routes = slices.CompactFunc(t.Routes, func(x, y nodeconf.Route) bool { return x.Prefix == y.Prefix })
	for i := range t.Routes {
		slices.Sort(t.Routes[i].Via)
	}
}

// selfTable routes what a node itself sends: messages of ICMP to the senders
// of packets that are too long or have no way on (RFC 792, RFC 1191).
const selfTable = "self"

// self makes that table: every way of the node's tables, the nearest first,
// and all that its sessions learn.
func (n *node) self() {
	t := n.table(selfTable, "")
	for _, name := range sortedKeys(n.tables) {
		for _, r := range n.tables[name].Routes {
			if len(r.Via) > 0 && name != selfTable {
				t.route(r.Prefix, r.Preference, r.Via...)
			}
		}
	}
	for _, s := range n.sessions {
		t.learn(preferLearned, s.ID)
	}
	n.rules = append(n.rules, rule{"lo", t})
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	out := make([]K, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
