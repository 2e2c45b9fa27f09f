// Package verify proves a network: which packets get through between any two
// places, both ways, what the policy says of it, and what the wire makes of it
// (MTU, round trip, asymmetry). What failures take away is outage's.
//
// It takes a [fabric.Network] (compiled from a spec, or read from Terraform)
// with the facts, asks routes where packets go, and judges each filter by its
// cloud's own rules. It imports no package that designs. Its answers are exact:
// over classes of packets that every filter and table treats alike, never by
// sampling; each has a packet as its witness. What rests on something that is
// not modelled is unknown, and never counts as proved.
package verify

import (
	"cmp"
	"strings"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/packet"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify/finding"
	"github.com/tieline/tieline/internal/vocab"
)

// Verdict is an answer to "does it get through, and the reply back?".
type Verdict uint8

// The verdicts.
const (
	Reachable Verdict = iota + 1 // every packet asked about, and its reply
	Blocked                      // none
	Partly                       // some
	Undecided                    // it depends on something that is not modelled, or a bound was hit
)

// String gives the verdict's name.
func (v Verdict) String() string {
	switch v {
	case Reachable:
		return "reachable"
	case Blocked:
		return "blocked"
	case Partly:
		return "partly reachable"
	case Undecided:
		return "unknown"
	}
	return "verdict?"
}

// MarshalText makes a verdict its name in JSON.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// StepKind is a kind of [Step].
type StepKind uint8

// The kinds of step.
const (
	FilterStep  StepKind = iota + 1 // a packet filter lets it pass or not
	TableStep                       // a route table takes it on
	CrossStep                       // a tunnel, peering or attachment is crossed
	NATStep                         // its address is translated
	ArriveStep                      // it is there: the subnet, site or internet
	UnknownStep                     // what comes here is not modelled
)

// String gives the kind's name.
func (k StepKind) String() string {
	switch k {
	case FilterStep:
		return "filter"
	case TableStep:
		return "table"
	case CrossStep:
		return "crossing"
	case NATStep:
		return "NAT"
	case ArriveStep:
		return "arrival"
	case UnknownStep:
		return "unknown"
	}
	return "step?"
}

// Step is one thing that a packet meets on its way.
type Step struct {
	Kind   StepKind
	Object string        // id: aws-oregon/ml/training/sg, aws-oregon/tgw/edge, aws-oregon--gcp-oregon
	What   string        // in a sentence: "allows tcp/443 to 10.8.0.0/20", "10.8.0.0/16 by BGP, AS path 64514"
	Rule   string        // of a filter: the native rule's name, or the platform's default
	Origin fabric.Origin // the line behind the rule or route
	Hops   []routes.Hop  // of a CrossStep: the equal-cost tunnels
	MTU    int           // bytes, of a CrossStep or the network entered; 0 when it bounds nothing
	Pass   bool          // false only in the last step, when the packet ends here
}

// Walk is the way of one packet, one direction.
type Walk struct {
	Steps    []Step
	Outcome  routes.Outcome
	Links    []fabric.LinkID // crossed in order
	Sites    []fabric.SiteID // visited in order, ends included
	RTT      float64         // milliseconds between the sites, there and back; 0 inside a site
	RTTKnown bool
	// RTTEstimated: that of some part is estimated from the distance, and not
	// measured.
	RTTEstimated bool
	MTU          int  // bytes, the least on the way; 0 when not bound
	Internet     bool // over the public internet outside a tunnel
	Encrypted    bool // every crossing between sites is encrypted by the network itself
	// Ways is the number of equal-cost ways; the steps are of the first.
	Ways int
}

// Witness is a packet that shows an answer.
type Witness struct {
	Packet  packet.Packet // of the one who opens the connection
	Forward Walk
	Return  *Walk // of the reply; nil when Forward ends early
}

// Works reports whether the packet arrives and its reply gets back.
func (w *Witness) Works() bool {
	return w.Return != nil && passes(w.Forward) && passes(*w.Return)
}

func passes(w Walk) bool {
	return len(w.Steps) > 0 && w.Steps[len(w.Steps)-1].Pass
}

// Answer says what becomes of the packets of a service from one end to another.
type Answer struct {
	Verdict Verdict
	Yes     *Witness // a packet that gets through with its reply, where there is one
	No      *Witness // one that does not, where there is one
	Unread  []string // what the answer depends on, when Undecided
	// Services are what gets through, at least between some machines, from the
	// ports that connections are opened from; sorted; of Partly only.
	Services []vocab.Service
}

// Group is what people speak of: the part of a segment at a site. Segment is
// empty for sites of one's own and subnets without one. VPC tells networks of
// a site apart where no policy is stated and so no segments are.
type Group struct {
	Site    fabric.SiteID
	Segment fabric.SegmentID
	VPC     fabric.VPCID
}

// String gives site:segment, the site, or its network; "outside" for what is
// none of the network's.
func (g Group) String() string {
	switch {
	case g.Segment != "":
		return string(g.Site) + ":" + string(g.Segment)
	case g == (Group{}):
		return "outside"
	case g.VPC == "":
		return string(g.Site)
	case strings.HasPrefix(string(g.VPC), string(g.Site)+"/"):
		return string(g.VPC)
	}
	return string(g.Site) + " in " + string(g.VPC)
}

// Compare orders groups by site, segment and network.
func (g Group) Compare(h Group) int {
	return cmp.Or(strings.Compare(string(g.Site), string(h.Site)), strings.Compare(string(g.Segment), string(h.Segment)),
		strings.Compare(string(g.VPC), string(h.VPC)))
}

// Finding is one thing that is wrong, or worth knowing, with what shows it.
type Finding struct {
	diag.Diagnostic
	Object  string   // id of what it is about, for waivers and for sorting
	Witness *Witness // nil when no packet shows it
}

// Rules documents the findings of [Proof.Findings], by code.
var Rules = finding.Rules

// NeedsPolicy reports whether a rule is about what policy says, so that it is
// not judged of a network that states none.
func NeedsPolicy(code diag.Code) bool { return finding.NeedsPolicy(code) }
