package nodes

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/nodeconf"
)

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
	probes   []nodeconf.Probe
	reflect  []netip.AddrPort
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
