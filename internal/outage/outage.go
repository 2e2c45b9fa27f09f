// Package outage says what the failure of parts does to a network: which flows
// of policy are lost, what takes over, with what bandwidth left against the
// expected traffic, whether replies follow, and how long it takes until both
// ends have noticed.
//
// It takes a [verify.Proof] and gives, for each set of parts that can fail
// (tunnels, gateway instances, zones, links, sites, regions, clouds), what it
// does to every pair of groups that policy joins, the worst of it, the single
// points of failure, and findings. Of a network that states no policy (one that
// was read) it is the pairs between which something gets through when nothing
// has failed, a group being a network at a site. It follows packets by the tables alone:
// filters do not change when parts fail, and what they block when healthy is
// verify's to say. It tries every set that is asked for, or refuses with an
// estimate; none is sampled, and what is unknown never counts as kept.
package outage

import (
	"cmp"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// Options says which failures to try.
type Options struct {
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
	From, To  verify.Group
	Failure   routes.Failure
	Effect    Effect
	Before    Way
	After     Way        // zero when Lost
	Peak      vocab.Rate // of the expected traffic over the pair's narrowest link, after the failure
	Detection float64    // seconds until both ends know, by the timers they really have; 0 when at once
	DetectBy  string     // "hold timer 180 s at azure-wus2/vpn", "DPD 30 s at ..."
}

// Outcome says the effect in words: of a pair that does not work when nothing
// has failed, that it has no way in health.
func (i *Impact) Outcome() string {
	if len(i.Failure) == 0 {
		switch i.Effect {
		case Lost:
			return "no way in health"
		case NotKnown:
			return "unknown in health"
		case Unaffected, Slower, Congested, OneWay:
		}
	}
	return i.Effect.String()
}

// Way is how a pair's packets go.
type Way struct {
	Links    []fabric.LinkID
	Tunnels  int        // usable at once on the narrowest link
	Capacity vocab.Rate // of the narrowest link, one way; 0 when not bound
	RTT      float64    // milliseconds
	MTU      int
}

// Report is what all failures do.
type Report struct {
	Parts   int    // that can fail
	Sets    int    // sets of parts tried
	Pruned  int    // sets left out because they do the same as a smaller one
	Refused string // why it was not done: an estimate; empty when done
	// Worst holds, for each pair of groups that policy joins, the worst that a
	// set of parts outside the pair's own ends can do. Sorted by pair.
	Worst []Impact
	// Single lists the parts whose failure alone loses flows that neither
	// begin nor end in them, with what is lost. Sorted by part.
	Single   []SinglePoint
	Findings []verify.Finding
}

// SinglePoint is a part whose failure loses flows of others.
type SinglePoint struct {
	Part routes.Part
	Lost []Pair
}

// Pair is two groups, in the direction of the connection.
type Pair struct{ From, To verify.Group }

// compare orders pairs by from and to.
func (p Pair) compare(q Pair) int { return cmp.Or(p.From.Compare(q.From), p.To.Compare(q.To)) }
