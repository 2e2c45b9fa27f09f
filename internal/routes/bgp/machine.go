// Package bgp runs the path-vector machine of a network to its fixed point:
// who brings a prefix in, who hands what on to whom, and what each speaker
// selects among what it is offered.
//
// It takes a [Machine], which is nodes, the bundles of sessions between them
// and the prefixes that nodes bring in, with what of it stands; it gives a
// [State] with one [Result] for each class of prefixes and node. It knows
// gateways, attachments and tunnels by index only, and clouds not at all: how
// a cloud behaves is attributes of its nodes. Tables, hops and quotas are not
// its business.
package bgp

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// Machine is the speakers of a network, what joins them and what they bring
// in. It is built by its methods, made ready once, and not changed after.
type Machine struct {
	Nodes   []Node
	Bundles []Bundle
	Edges   []Edge
	Classes []Class
	ClassOf map[netip.Prefix]int // index of a prefix's class
	// Policies are what ends of bundles do to announcements; an end names its
	// own by index and one, 0 is none.
	Policies [][]fabric.RouteTerm
	policyOf map[string]int
	// interHub is what virtual hubs put before the path.
	interHub []vocab.ASN

	Origins         map[netip.Prefix][]Origin
	PassOn          map[netip.Prefix][]int // nodes that hand on what they learn of a prefix
	outOf           [][]int                // edges by sending node
	firstEdge       [][2]int               // by bundle and sending end: an edge, or -1
	byOrigin, byDep map[int][]int          // classes by the gateway or attachment of an origin
}

// New makes a machine without nodes.
func New(interHub []vocab.ASN) *Machine {
	return &Machine{interHub: interHub, Origins: map[netip.Prefix][]Origin{}, PassOn: map[netip.Prefix][]int{}, byOrigin: map[int][]int{}, byDep: map[int][]int{}, policyOf: map[string]int{}}
}

// Node is one table of BGP routes: a gateway's, or of a transit gateway one
// for each set of attachments that tables learn from, and one for each table
// that announces.
type Node struct {
	Gateway int // index
	ASN     vocab.ASN
	ECMP    bool
	HandsOn HandsOn
	// PrivateFirst: what a private circuit brings is preferred over what a VPN
	// tunnel does, before the AS path is looked at.
	PrivateFirst bool
	// PathFirst: the AS path is looked at before all else.
	PathFirst bool
	// Preferences are the communities by which peers say how a path is to be
	// preferred, the least preferred first. What a path without one counts as
	// against one with is not documented.
	Preferences []fabric.Community
	// ComparesMED: of all neighbours, not only among those of one AS.
	ComparesMED bool
	In          []int // edges into it
	// Refuse are prefixes refused from peers when equal to or inside them.
	Refuse *prefix.Table[struct{}]
}

// Bundle is all sessions that treat routes alike between two gateways: equal
// tunnels of a link, a pair of virtual hubs, a Direct Connect association.
type Bundle struct {
	Kind       BundleKind
	Ends       [2]End
	Tunnels    []int // sorted by id; of a tunnel bundle
	Attachment int   // of a Direct Connect association, else -1
	Link       fabric.LinkID
}

// BundleKind is a kind of bundle.
type BundleKind uint8

// The kinds.
const (
	TunnelBundle BundleKind = iota + 1 // VPN tunnels or circuits with BGP
	HubBundle                          // virtual hubs of one Virtual WAN
	Associated                         // Direct Connect gateway and what it is associated with
)

// End is one side of a bundle.
type End struct {
	Gateway  int
	Announce int   // the node whose routes are announced, or -1
	Learn    []int // the nodes that learn
	MED      int   // sent
	// Export and Import are 1 + an index into Policies, or 0.
	Export, Import int
}

// Edge is one direction of a bundle into one node.
type Edge struct {
	From, To, Bundle, Dir int // Dir: the end that sends
}

// HandsOn says which of the routes that a node learned it hands on.
type HandsOn uint8

// What is handed on.
const (
	HandsNothing    HandsOn = iota
	HandsAll                // everything, as a transit gateway does its table, and as CloudHub does
	HandsMore               // all but the default route
	HandsHub                // all but the default route, and of what another virtual hub sent nothing to a third
	HandsListed             // the prefixes that it was told to
	HandsAssociated         // over associations: never from one circuit or association to another
)

// AddNode adds a node and returns its index.
func (m *Machine) AddNode(n Node) int {
	m.Nodes = append(m.Nodes, n)
	return len(m.Nodes) - 1
}

// join adds the edges of all bundles: from each end that announces to the
// nodes of the other that learn.
func (m *Machine) join() {
	for b := range m.Bundles {
		x := &m.Bundles[b]
		for dir := range 2 {
			if x.Ends[dir].Announce < 0 {
				continue
			}
			for _, to := range x.Ends[1-dir].Learn {
				m.Nodes[to].In = append(m.Nodes[to].In, len(m.Edges))
				m.Edges = append(m.Edges, Edge{From: x.Ends[dir].Announce, To: to, Bundle: b, Dir: dir})
			}
		}
	}
}

// Ready prepares the machine once all is added.
func (m *Machine) Ready() {
	m.join()
	m.classify()
	m.outOf = make([][]int, len(m.Nodes))
	for k := range m.Edges {
		m.outOf[m.Edges[k].From] = append(m.outOf[m.Edges[k].From], k)
	}
	for c := range m.Classes {
		for _, o := range m.Classes[c].origins {
			g := m.Nodes[o.Node].Gateway
			m.byOrigin[g] = append(m.byOrigin[g], c)
			if o.Attachment >= 0 {
				m.byDep[o.Attachment] = append(m.byDep[o.Attachment], c)
			}
		}
	}
	m.firstEdge = make([][2]int, len(m.Bundles))
	for b := range m.firstEdge {
		m.firstEdge[b] = [2]int{-1, -1}
	}
	for k := range slices.Backward(m.Edges) {
		e := &m.Edges[k]
		m.firstEdge[e.Bundle][e.Dir] = k
	}
}

// Within reports whether a prefix is equal to or inside one of the table's.
func Within(t *prefix.Table[struct{}], q netip.Prefix) bool {
	if t == nil {
		return false
	}
	_, _, ok := t.LookupPrefix(q)
	return ok
}
