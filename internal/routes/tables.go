package routes

import (
	"net/netip"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes/cloud"
	"github.com/tieline/tieline/internal/vocab"
)

// HopKind is what becomes of a packet that a route takes.
type HopKind uint8

// The kinds of hop.
const (
	Deliver   HopKind = iota + 1 // into the table's own network, where it finds its subnet or nothing
	Forward                      // to Table, over Attachment, Tunnel or Gateway
	Internet                     // out of an internet gateway, with the machine's public address
	Translate                    // out of NAT to the internet
	Discard                      // a blackhole route
	Unknown                      // into something that is not modelled: Why
)

// Hop is one way on. Several in a route are equal-cost paths.
type Hop struct {
	Kind       HopKind
	Table      int                 // index of the next table, when Forward
	Attachment fabric.AttachmentID // crossed
	Tunnel     fabric.TunnelID     // crossed
	Link       fabric.LinkID       // crossed, when between sites
	Gateway    fabric.GatewayID    // entered
	NAT        fabric.NATID        // Translate
	VPC        fabric.VPCID        // Deliver
	Why        string              // Unknown
}

// Route is what a table does with a prefix: the winner among its candidates.
type Route struct {
	Prefix   netip.Prefix
	Protocol Protocol
	Hops     []Hop         // one or more; sorted
	Path     []vocab.ASN   // AS path as received, the nearest first; empty unless BGP
	MED      int           // as received; 0 unless BGP
	Origin   fabric.Origin // the line behind it: of the static route, the network or the announcement
	Why      string        // why it won: "longer AS path lost: 64514 65010 from gcp-iowa/vpn"
	// Firm: no learned route inside the prefix is used, however specific
	// (AWS: the local route; Azure: system routes of the VNet and its peerings;
	// GCP: subnet routes).
	Firm bool
}

// Table is one table with what it holds. Its routes are Own, and those of the
// table Learned where it hands routes on to networks (a gateway to its VNets,
// a Cloud Router to its VPC); [Tables.Lookup] says which wins.
type Table struct {
	ID      TableID
	Kind    TableKind
	Site    fabric.SiteID
	VPC     fabric.VPCID     // of a VPCTable
	Gateway fabric.GatewayID // of the others
	Meta    fabric.Meta      // of the object that holds it; Unread taints what it says
	Own     *Routes
	Learned *Routes // nil when nothing is learned; shared between tables, never changed
	// LearnedHop replaces the hops of Learned: all of them go to the gateway
	// that learned them. Zero Kind: the hops stand as they are.
	LearnedHop Hop
}

// SessionState is the state of a BGP session or static tunnel.
type SessionState uint8

// The states.
const (
	Established SessionState = iota + 1
	Failed                   // what carries it has failed
	Refused                  // a limit was passed, and the cloud ended it
)

// Session is what runs over a tunnel.
type Session struct {
	Tunnel   fabric.TunnelID
	State    SessionState
	Why      string // when not Established
	Prefixes [2]int // received at each end, in the order of the tunnel's ends
}

// EventKind is a kind of [Event].
type EventKind uint8

// The kinds of event. Each is a finding in the proof.
const (
	LimitPassed     EventKind = iota + 1 // a limit with what the cloud then does
	Nondeterminism                       // the outcome depends on timing, or on what the cloud does not document
	LoopRefused                          // the only announcement of a prefix to a gateway was refused for its AS path
	Overlap                              // a prefix attached twice: the second is not propagated or installed
	Shadowed                             // a learned route inside a firm one is never used
	AnnouncedUnheld                      // a prefix is announced to a peer that the announcer cannot deliver
	FilteredPrefix                       // a cloud refuses a prefix from a peer: inside a VNet, a default, its own
)

// String gives the kind's name.
func (k EventKind) String() string {
	switch k {
	case LimitPassed:
		return "limit"
	case Nondeterminism:
		return "nondeterminism"
	case LoopRefused:
		return "loop"
	case Overlap:
		return "overlap"
	case Shadowed:
		return "shadowed"
	case AnnouncedUnheld:
		return "unheld"
	case FilteredPrefix:
		return "filtered"
	}
	return "event?"
}

// Event is something the control plane does that nobody asked for.
type Event struct {
	Kind    EventKind
	Table   TableID
	Gateway fabric.GatewayID
	Tunnel  fabric.TunnelID
	Prefix  netip.Prefix
	Limit   atlas.LimitID // of LimitPassed
	Count   int           // of LimitPassed
	Text    string        // one sentence
	Facts   []string      // ids of the facts it rests on
	Pos     diag.Pos
}

// Tables is the outcome of the control plane: what every table holds once
// everything has converged. It is immutable and safe for concurrent use.
type Tables struct {
	Network  *fabric.Network
	Failure  Failure
	Tables   []Table   // sorted by ID
	Sessions []Session // sorted by tunnel
	// Events are sorted. Those of a failed network are what sessions, quotas
	// and ties do; the rest does not depend on the failure.
	Events  []Event
	sources map[cloud.SourceKey]int
	plane   *Plane
	st      *state
}

// TableOf returns the index of the table by which machines of a subnet's part
// send (zone empty where subnets are regional), or -1.
func (t *Tables) TableOf(s fabric.SubnetID, zone string) int {
	if i, ok := t.sources[cloud.SourceKey{Subnet: s, Zone: zone}]; ok {
		return i
	}
	return -1
}

// Lookup returns what a table does with a packet to an address. Of the longest
// own and the longest learned match the longer wins, and the own one when
// equal; a firm own route that holds the address leaves the learned ones out.
func (t *Tables) Lookup(table int, to netip.Addr) (Route, bool) {
	tb := &t.Tables[table]
	own, okOwn := tb.Own.Longest(to)
	if tb.Learned == nil || okOwn && tb.Own.FirmOver(to) {
		return own, okOwn
	}
	learned, ok := tb.Learned.Longest(to)
	if !ok || okOwn && own.Prefix.Bits() >= learned.Prefix.Bits() {
		return own, okOwn
	}
	if tb.LearnedHop.Kind != 0 {
		learned.Hops = []Hop{tb.LearnedHop}
	}
	return learned, true
}
