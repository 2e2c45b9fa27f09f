package nodes

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
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

// node is a node while it is made.
type node struct {
	name     string
	sites    []fabric.SiteID
	gateways []GatewayPart
	names    map[string]bool
	devices  []nodeconf.Device
	tunnels  []nodeconf.Tunnel
	tables   map[string]*table
	rules    []rule
	sessions []*nodeconf.Session
	nats     []nodeconf.NAT
	filters  []nodeconf.Filter
}

// table is a table of a node, and the place it is at.
type table struct {
	nodeconf.Table
	node  *node
	site  fabric.SiteID
	inner bool // for others of the node to learn from only
}

type rule struct {
	device string
	table  *table
}

type tag struct {
	machine string
	set     string
	table   *table
}

func (b *builder) node(name string) *node {
	n := b.nodes[name]
	if n == nil {
		n = &node{name: name, names: map[string]bool{}, tables: map[string]*table{}}
		b.nodes[name] = n
	}
	return n
}

// at adds a site to a node.
func (n *node) at(s fabric.SiteID) {
	if s != "" && !slices.Contains(n.sites, s) {
		n.sites = append(n.sites, s)
	}
}

// table returns the table of a name, and makes it once.
func (n *node) table(name string, site fabric.SiteID) *table {
	t := n.tables[name]
	if t == nil {
		t = &table{Table: nodeconf.Table{Name: name, Paths: 1}, node: n, site: site}
		n.tables[name] = t
	}
	return t
}

// route adds a configured route over devices; none discards.
func (t *table) route(p netip.Prefix, preference int, devices ...string) *nodeconf.Route {
	t.Routes = append(t.Routes, nodeconf.Route{Prefix: p, Via: devices, Preference: preference})
	return &t.Routes[len(t.Routes)-1]
}

// learn adds sessions to what the table learns with a preference.
func (t *table) learn(preference int, sessions ...string) {
	for i := range t.Learn {
		if l := &t.Learn[i]; l.Table == "" && l.Preference == preference {
			l.Sessions = append(l.Sessions, sessions...)
			return
		}
	}
	if len(sessions) > 0 {
		t.Learn = append(t.Learn, nodeconf.Learn{Sessions: sessions, Preference: preference})
	}
}

// Preferences of routes of one prefix, the lowest first.
const (
	preferLocal      = iota // the network's own
	preferStatic            // configured by people
	preferPropagated        // of attached networks, and static VPN connections
	preferLearned           // BGP
	preferLater             // BGP, of the less preferred kind
	preferForeign           // static and learned routes of peers
	preferPlatform          // the cloud's own defaults
)

// many is how many equal-cost routes are used at once where a cloud says no
// number.
const many = 64

func paths(ecmp bool) int {
	if ecmp {
		return many
	}
	return 1
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
	c := nodeconf.Config{Version: nodeconf.Version, Network: network, Node: n.name, Devices: n.devices, Tunnels: n.tunnels, NATs: n.nats, Filters: n.filters}
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

// fresh makes the name of a device: at most 15 bytes, of letters, digits and
// hyphens, unique in the node.
func (n *node) fresh(stem string) string {
	const most = 15
	var s strings.Builder
	for _, r := range strings.ToLower(stem) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			s.WriteRune(r)
		default:
			s.WriteByte('-')
		}
	}
	base := s.String()
	name := cut(base, most)
	for i := 2; n.names[name]; i++ {
		suffix := fmt.Sprintf("-%d", i)
		name = cut(base, most-len(suffix)) + suffix
	}
	n.names[name] = true
	return name
}

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.TrimRight(s[:most], "-")
}

// domains finds the routing domains, and makes a node of each.
func (b *builder) domains() {
	g := groups{}
	net := b.net
	for i := range net.VPCs {
		v := &net.VPCs[i]
		g.add("v:" + string(v.ID))
		if v.Cloud == vocab.AWS {
			g.join("v:"+string(v.ID), "s:"+string(siteOf(v)))
		}
	}
	for i := range net.Gateways {
		x := &net.Gateways[i]
		key := "g:" + string(x.ID)
		switch x.Kind {
		case fabric.VirtualPrivateGateway, fabric.TransitGateway:
			g.join(key, "s:"+string(x.Site))
		case fabric.HAVPN, fabric.VPNGateway:
			g.join(key, "v:"+string(x.VPC))
		case fabric.VirtualHub:
			g.add(key)
		case fabric.Device, fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
		}
	}
	for i := range net.Attachments {
		x := &net.Attachments[i]
		v, gw := "v:"+string(x.VPC), "g:"+string(x.Gateway)
		switch x.Kind {
		case fabric.VGWAttachment, fabric.TransitVPCAttachment, fabric.VirtualHubConnection:
			g.join(v, gw)
		case fabric.VNetPeering:
			if x.GatewayTransit {
				g.join(v, "v:"+string(x.PeerVPC))
			}
		case fabric.VPCPeering:
			g.join(v, "v:"+string(x.PeerVPC))
		case fabric.NCCSpoke:
			g.join(v, "ncc")
		case fabric.NCCHybridSpoke:
			g.join(gw, "ncc")
		case fabric.TransitVPNAttachment, fabric.TransitPeering, fabric.AWSPeering, fabric.DirectConnectAssociation:
		}
	}
	b.nameDomains(g)
	b.deviceNodes()
}

// nameDomains names each domain after its site, where one site is one domain,
// else after its first network or gateway.
func (b *builder) nameDomains(g groups) {
	sites := map[string][]fabric.SiteID{}
	first := map[string]string{}
	domains := map[fabric.SiteID][]string{}
	stands := func(key, name string, at ...fabric.SiteID) {
		root := g.find(key)
		if first[root] == "" {
			first[root] = name
		}
		for _, s := range at {
			if !slices.Contains(sites[root], s) {
				sites[root] = append(sites[root], s)
			}
			if !slices.Contains(domains[s], root) {
				domains[s] = append(domains[s], root)
			}
		}
	}
	for i := range b.net.VPCs {
		v := &b.net.VPCs[i]
		stands("v:"+string(v.ID), string(v.ID), b.sitesOf(v)...)
	}
	for i := range b.net.Gateways {
		if x := &b.net.Gateways[i]; x.Kind != fabric.Device {
			stands("g:"+string(x.ID), string(x.ID), x.Site)
		}
	}
	name := func(key string) *node {
		root := g.find(key)
		s := sites[root]
		if len(s) == 1 && len(domains[s[0]]) == 1 {
			return b.node(string(s[0]))
		}
		return b.node(first[root])
	}
	for i := range b.net.VPCs {
		v := &b.net.VPCs[i]
		n := name("v:" + string(v.ID))
		b.ofVPC[v.ID] = n
		for _, s := range b.sitesOf(v) {
			n.at(s)
		}
	}
	for i := range b.net.Gateways {
		x := &b.net.Gateways[i]
		if x.Kind == fabric.Device {
			continue
		}
		n := name("g:" + string(x.ID))
		n.at(x.Site)
		n.gateways = append(n.gateways, GatewayPart{Gateway: x.ID, Interface: -1})
		b.ofGate[x.ID] = n
	}
}

// deviceNodes makes the nodes of one's own sites: one where there is one
// device, else one a device and a core.
func (b *builder) deviceNodes() {
	for i := range b.net.Gateways {
		g := &b.net.Gateways[i]
		if g.Kind != fabric.Device {
			continue
		}
		if len(g.Interfaces) < 2 {
			n := b.node(string(g.Site) + "/0")
			n.at(g.Site)
			n.gateways = append(n.gateways, GatewayPart{Gateway: g.ID, Interface: -1})
			b.ofGate[g.ID] = n
			continue
		}
		core := b.node(string(g.Site) + "/core")
		core.at(g.Site)
		b.ofGate[g.ID] = core
		for _, x := range g.Interfaces {
			n := b.node(fmt.Sprintf("%s/%d", g.Site, x.Index))
			n.at(g.Site)
			part := GatewayPart{Gateway: g.ID, Interface: x.Index}
			n.gateways = append(n.gateways, part)
			b.ofPart[part] = n
		}
	}
}

// groups are disjoint sets of names.
type groups map[string]string

func (g groups) add(x string) {
	if _, ok := g[x]; !ok {
		g[x] = x
	}
}

func (g groups) find(x string) string {
	g.add(x)
	for g[x] != x {
		x = g[x]
	}
	return x
}

func (g groups) join(x, y string) {
	p, q := g.find(x), g.find(y)
	g[max(p, q)] = min(p, q)
}
