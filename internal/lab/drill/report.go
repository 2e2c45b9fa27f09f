// Package drill says what a failure that was made on purpose did to traffic:
// packets lost and time to recover of each flow, against what the proof had
// said. It takes what became of every packet and gives a report, which it
// keeps as JSON and as a page.
package drill

import (
	"cmp"
	"slices"
	"time"
)

// Version is the version of a report's JSON.
const Version = 1

// Report is a drill: some failures in turn, with traffic on the flows of
// policy. Times within a drill are in milliseconds.
type Report struct {
	Version int       `json:"format_version"`
	Network string    `json:"network"`
	Lock    string    `json:"lock"` // hash of the lock that ran
	At      time.Time `json:"at"`   // when it began
	Tunnels string    `json:"tunnels"`
	Fast    bool      `json:"fast"` // BFD and short timers, not those of the clouds
	Rate    float64   `json:"rate"` // packets a second on each flow
	// Unreliable: the emulated internet ran late, so that times say little.
	Unreliable bool      `json:"unreliable,omitempty"`
	LateP99    float64   `json:"late_p99"`
	Failures   []Failure `json:"failures"`
	Skipped    []Skip    `json:"skipped,omitempty"`
	Inside     int       `json:"inside"` // flows of policy that cross nothing that fails
	Seconds    float64   `json:"seconds"`
}

// Skip is a failure that was not made.
type Skip struct {
	Part string `json:"part"`
	Why  string `json:"why"`
}

// Failure is one part that was made to fail and healed again.
type Failure struct {
	Part string `json:"part"` // tunnel aws-oregon--gcp-oregon/0
	Kind string `json:"kind"` // tunnel, gateway, link, site, region, cloud
	// Detects bounds how long the ends of what fails take to notice, by the
	// timers of their sessions as they run.
	Detects  float64 `json:"detects"`
	DetectBy string  `json:"detect_by"`
	Settled  float64 `json:"settled"` // from the cut until sessions and routes had settled
	Healed   float64 `json:"healed"`  // from the cut until it was healed
	Back     float64 `json:"back"`    // from the healing until all was as before
	Ended    float64 `json:"ended"`   // from the cut until the traffic ended
	Began    float64 `json:"began"`   // from the cut, negative: when the traffic began
	Flows    []Flow  `json:"flows"`
	// Beside counts flows that had no packets sent because what failed is not
	// on their way.
	Beside int `json:"beside"`
}

// Outcome is what a failure does to a flow.
type Outcome string

// The outcomes, as predicted and as seen.
const (
	Untouched Outcome = "untouched" // its way does not use what fails
	Survives  Outcome = "survives"  // another way takes over
	LosesAll  Outcome = "lost"      // no way is left
	NotSaid   Outcome = "unknown"   // the proof cannot say
)

// Prediction is what the proof says that the failure does to a flow.
type Prediction struct {
	Outcome   Outcome `json:"outcome"`
	Effect    string  `json:"effect,omitempty"`    // of its groups: slower, congested, ...
	Detection float64 `json:"detection,omitempty"` // milliseconds by the timers of the clouds
	DetectBy  string  `json:"detect_by,omitempty"`
}

// Verdict compares what was seen with what was predicted.
type Verdict string

// The verdicts.
const (
	AsPredicted Verdict = "as predicted"
	Late        Verdict = "late"          // recovered, but after the bound
	NotBack     Verdict = "not recovered" // predicted to survive
	Survived    Verdict = "survived"      // predicted lost
	Touched     Verdict = "touched"       // predicted untouched, and lost packets
	NotJudged   Verdict = "not judged"    // nothing was predicted
	Unhealed    Verdict = "not healed"    // does not work after all was healed
)

// Flow is what happened to one flow.
type Flow struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Service string `json:"service"`
	Line    string `json:"line"` // of the rule
	// Before and After are what carries its packets there and back, with
	// everything in place and after the failure.
	Before Path       `json:"before"`
	After  Path       `json:"after"`
	Said   Prediction `json:"predicted"`
	Seen   Outcome    `json:"seen"`
	Judged Verdict    `json:"verdict"`
	Cut    Phase      `json:"cut"`  // from the cut until the healing
	Heal   Phase      `json:"heal"` // from the healing on
	// Quiet counts packets that were lost before anything was cut.
	Quiet     int     `json:"lost_before"`
	RTTBefore float64 `json:"rtt_before"` // median; 0 when nothing was answered
	RTTAfter  float64 `json:"rtt_after"`  // once recovered
	Gaps      []Gap   `json:"gaps,omitempty"`
}

// Path is what carries a flow's packets between places, of all equal-cost
// ways, sorted.
type Path struct {
	There []string `json:"there"`
	Back  []string `json:"back"`
}

// Equal reports whether two paths are the same.
func (p Path) Equal(q Path) bool {
	return slices.Equal(p.There, q.There) && slices.Equal(p.Back, q.Back)
}

// Uses reports whether a path, in either direction, takes one of carriers.
func (p Path) Uses(carriers []string) bool {
	has := func(c string) bool { return slices.Contains(carriers, c) }
	return slices.ContainsFunc(p.There, has) || slices.ContainsFunc(p.Back, has)
}

// Phase counts the packets of one phase.
type Phase struct {
	Sent      int `json:"sent"`
	Lost      int `json:"lost"`
	LostThere int `json:"lost_there"` // of them, before they arrived
	LostBack  int `json:"lost_back"`  // of them, whose answer was
	// Recovered is from the phase's begin until packets were answered again; 0
	// when nothing was lost. Never says that they were not.
	Recovered float64 `json:"recovered"`
	Never     bool    `json:"never,omitempty"`
}

// Gap is a run of packets without an answer. At is since the cut.
type Gap struct {
	At   float64 `json:"at"`
	For  float64 `json:"for"` // to the next packet that was answered, or the end
	Lost int     `json:"lost"`
}

// Worst gives the flow that took longest to recover from the cut, of those
// that did and were predicted to; nil when none lost a packet.
func (f *Failure) Worst() *Flow {
	var out *Flow
	for i := range f.Flows {
		x := &f.Flows[i]
		if x.Seen == Survives && x.Cut.Lost > 0 && (out == nil || x.Cut.Recovered > out.Cut.Recovered) {
			out = x
		}
	}
	return out
}

// Lost counts packets lost from the cut on, of flows that recovered.
func (f *Failure) Lost() int {
	n := 0
	for i := range f.Flows {
		if f.Flows[i].Seen != LosesAll {
			n += f.Flows[i].Cut.Lost
		}
	}
	return n
}

// Against lists the flows that did otherwise than the proof says, worst first.
func (f *Failure) Against() []*Flow {
	var out []*Flow
	for i := range f.Flows {
		switch f.Flows[i].Judged {
		case AsPredicted, NotJudged:
		case Late, NotBack, Survived, Touched, Unhealed:
			out = append(out, &f.Flows[i])
		}
	}
	slices.SortStableFunc(out, func(x, y *Flow) int { return cmp.Compare(y.Cut.Lost, x.Cut.Lost) })
	return out
}

// Against counts the flows that did otherwise than the proof says.
func (r *Report) Against() int {
	n := 0
	for i := range r.Failures {
		n += len(r.Failures[i].Against())
	}
	return n
}

// Kinds lists the kinds of failure that were made, sorted.
func (r *Report) Kinds() []string {
	var out []string
	for i := range r.Failures {
		out = append(out, r.Failures[i].Kind)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
