// Package nodes makes of a compiled network what runs it on one machine: the
// configuration of each node, the machines in the subnets with their filters,
// and how all of it is wired.
//
// It plays the clouds: a routing domain of a cloud (a site, or the sites that
// share one VPC network or hub) becomes a node whose kernel has one table for
// each table of the cloud, static routes as configured, and BGP sessions that
// announce what the cloud announces and take what it takes. What is learned is
// in no configuration: it comes over the sessions, or not at all. Filters are
// the native rules, word for word, at the machines they guard. Nothing here
// reads the tables of the proof, so that the two can be compared.
package nodes

import (
	"net/netip"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

// Options are the choices of a run.
type Options struct {
	// Tunnels is what carries the VPN tunnels: IPsec as planned, or WireGuard.
	Tunnels nodeconf.TunnelKind
	// Fast sets BFD and short timers on every session; else the timers are
	// those that both clouds offer.
	Fast bool
	// Lifetime divides the lifetimes of SAs; 0 and 1 leave them.
	Lifetime int
}

// Plan is everything that a run needs. Lists are sorted by name or id.
type Plan struct {
	Network   string
	Nodes     []Node
	Machines  []Machine
	Cords     []Cord
	Wires     []Wire
	Underlays []Underlay
	Paths     []Path
	Secrets   []Secret
}

// Node is a routing domain or a gateway, in a namespace of its own. In its
// configuration [nodeconf.Tunnel.Underlay] is the name of an [Underlay], which
// a run replaces by the path of that namespace.
type Node struct {
	Name  string
	Sites []fabric.SiteID
	// Gateways are the gateways it plays, and of each which interfaces (none:
	// all).
	Gateways []GatewayPart
	Config   nodeconf.Config
}

// GatewayPart is a gateway, or one of its interfaces (a device of a site of
// one's own); Interface is -1 for all.
type GatewayPart struct {
	Gateway   fabric.GatewayID
	Interface int
}

// Machine is a workload in a namespace of its own: one a subnet (in its first
// zone), one a site of one's own, and one for the internet.
type Machine struct {
	Name    string          // aws-oregon/ml/training; headquarters; internet
	Host    string          // in the hosts file: training.ml.aws-oregon
	Aliases []string        // other names that mean no other machine: training.aws-oregon
	Subnet  fabric.SubnetID // empty on-prem and for the internet
	Zone    string          // of the part of the subnet it stands in
	Site    fabric.SiteID
	Segment fabric.SegmentID
	Addr    netip.Addr
	// Public is the address under which the internet sees it; zero for none.
	Public  netip.Addr
	MTU     int
	Filters []nodeconf.Filter
	// Tags are sets of its filters that follow a table of its node.
	Tags []Tag
	// Open are the services that it runs a server on: every service that a
	// rule of the policy names, and one that none does.
	Open []vocab.Service
}

// Tag is a set of a filter that follows a table: beside the prefixes that it
// has, it holds those that the table learned.
type Tag struct {
	Set   string
	Node  string
	Table int
}

// Cord is a veth pair without delay: between a node and a machine, or between
// two nodes of one place.
type Cord struct {
	A, B End
	MTU  int
}

// Wire is a way between two devices that the relay carries, inside a cloud's
// backbone: TUN devices at both ends.
type Wire struct {
	ID   string // link or attachment
	A, B End
	MTU  int
	Line Line
}

// End is a device in the namespace of a node or machine.
type End struct {
	Owner  string // name of a node, machine or underlay
	Device string
}

// Underlay is the namespace of the outside of one tunnel's end: wan0, with the
// gateway's public address. Two may have one address: the relay tells them
// apart by where packets come from.
type Underlay struct {
	Name   string // tunnel id and end: aws-oregon--gcp-oregon/0:a
	Node   string
	Tunnel fabric.TunnelID
	Addr   netip.Addr
	Peer   netip.Addr
}

// Path is the internet between the two ends of a tunnel.
type Path struct {
	Tunnel fabric.TunnelID
	Link   fabric.LinkID
	A, B   string // underlays
	Line   Line
}

// Line says how packets travel; both directions alike.
type Line struct {
	Delay  float64    // milliseconds, one way
	Jitter float64    // milliseconds, standard deviation
	Loss   float64    // 0 to 1
	Rate   vocab.Rate // 0: not bound
	// Why says where the delay comes from: measured 2022-04.
	Why string
}

// SecretKind is a kind of secret.
type SecretKind uint8

// The kinds of secret.
const (
	PreSharedKey SecretKind = iota + 1 // one value for both ends
	KeyPair                            // WireGuard: private key; the public one goes into configurations by [Plan.SetPublicKey]
)

// Secret is something that a run makes and keeps in memory.
type Secret struct {
	Name string
	Kind SecretKind
}
