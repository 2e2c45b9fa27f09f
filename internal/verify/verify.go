// Package verify proves a network: which packets get through between any two
// places, both ways, what the policy says of it, what each failure takes away,
// and what the wire makes of it (MTU, round trip, asymmetry).
//
// It takes a [fabric.Network] (compiled from a spec, or read from Terraform)
// with the facts, asks routes where packets go, and judges each filter by its
// cloud's own rules. It imports no package that designs. Its answers are exact:
// over classes of packets that every filter and table treats alike, never by
// sampling; each has a packet as its witness. What rests on something that is
// not modelled is unknown, and never counts as proved.
package verify

import (
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/packet"
	"github.com/tieline/tieline/internal/routes"
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
	Steps     []Step
	Outcome   routes.Outcome
	Links     []fabric.LinkID // crossed in order
	Sites     []fabric.SiteID // visited in order, ends included
	RTT       float64         // milliseconds over the links, there and back; 0 inside a site
	RTTKnown  bool
	MTU       int  // bytes, the least on the way; 0 when not bound
	Internet  bool // over the public internet outside a tunnel
	Encrypted bool // every crossing between sites is encrypted by the network itself
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
}

// Group is what people speak of: the part of a segment at a site. Segment is
// empty for sites of one's own and subnets without one.
type Group struct {
	Site    fabric.SiteID
	Segment fabric.SegmentID
}

// String gives site:segment, or the site.
func (g Group) String() string {
	if g.Segment == "" {
		return string(g.Site)
	}
	return string(g.Site) + ":" + string(g.Segment)
}

// Finding is one thing that is wrong, or worth knowing, with what shows it.
type Finding struct {
	diag.Diagnostic
	Object  string   // id of what it is about, for waivers and for sorting
	Witness *Witness // nil when no packet shows it
}

// FailureOptions says which failures to try.
type FailureOptions struct {
	At      int               // how many parts at once: 1 or 2
	Kinds   []routes.PartKind // which; all when empty
	MaxSets int               // refuse, with an estimate, beyond this many sets after pruning; 0 for no bound
	Workers int               // 0 for one a core; the result does not depend on it
	// Progress, when set, is told how many sets of the alone, then of the
	// pairs, are done; from the calling goroutine.
	Progress func(done, total int)
	// Stopped, asked before each set and by several goroutines, ends the run
	// early: the report is then refused. Nil never does.
	Stopped func() bool
}

// Effect is what a failure does to the flows between two groups.
type Effect uint8

// The effects, the least bad first.
const (
	Unaffected Effect = iota
	Slower            // another way takes over, with less bandwidth or a longer round trip
	Congested         // what is left is less than the expected peak
	OneWay            // the reply takes another way, through a stateful filter that drops it
	Lost              // no way is left
	NotKnown          // it depends on something that is not modelled
)

// String gives the effect's name.
func (e Effect) String() string {
	switch e {
	case Unaffected:
		return "unaffected"
	case Slower:
		return "slower"
	case Congested:
		return "congested"
	case OneWay:
		return "one way only"
	case Lost:
		return "lost"
	case NotKnown:
		return "unknown"
	}
	return "effect?"
}

// MarshalText makes an effect its name in JSON.
func (e Effect) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// Impact is what one failure does to the flows of policy from one group to
// another.
type Impact struct {
	From, To  Group
	Failure   routes.Failure
	Effect    Effect
	Before    Way
	After     Way        // zero when Lost
	Peak      vocab.Rate // of the expected traffic over the pair's narrowest link, after the failure
	Detection float64    // seconds until both ends know, by the timers they really have; 0 when at once
	DetectBy  string     // "hold timer 180 s at azure-wus2/vpn", "DPD 30 s at ..."
}

// Way is how a pair's packets go.
type Way struct {
	Links    []fabric.LinkID
	Tunnels  int        // usable at once on the narrowest link
	Capacity vocab.Rate // of the narrowest link, one way; 0 when not bound
	RTT      float64    // milliseconds
	MTU      int
}

// FailureReport is what all failures do.
type FailureReport struct {
	Parts   int    // that can fail
	Sets    int    // sets of parts tried
	Pruned  int    // sets left out because they do the same as a smaller one
	Refused string // why it was not done: an estimate; empty when done
	// Worst holds, for each pair of groups that policy joins, the worst that a
	// set of parts outside the pair's own ends can do. Sorted by pair.
	Worst []Impact
	// Single lists the parts whose failure alone loses flows that neither
	// begin nor end in them, with what is lost. Sorted by part.
	Single []SinglePoint
	// Impacts holds every set that does something, worst first, one line for
	// each pair; only when asked for by [Proof.Impacts].
	Findings []Finding
}

// SinglePoint is a part whose failure loses flows of others.
type SinglePoint struct {
	Part routes.Part
	Lost []Pair
}

// Pair is two groups, in the direction of the connection.
type Pair struct{ From, To Group }
