// Package assert holds a network against what people state of it: the
// assertions of a test file (package spec reads it), one by one.
//
// It takes the assertions, the spec that their names come from and the proof
// of the compiled network, and gives a verdict on each with what shows it.
// Whether packets of a service get through it asks verify; which ways they may
// take, healthy and failed, it reads off the tables of routes, over every
// equal-cost way and both directions. What rests on something that is not
// modelled, or passes a bound, is unknown, which is no pass.
package assert

import (
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/verify"
)

// Verdict is what became of an assertion.
type Verdict uint8

// The verdicts.
const (
	Pass Verdict = iota + 1
	Fail
	Unknown // it depends on something that is not modelled, or a bound was hit
)

// String gives the verdict's name.
func (v Verdict) String() string {
	switch v {
	case Pass:
		return "pass"
	case Fail:
		return "fail"
	case Unknown:
		return "unknown"
	}
	return "verdict?"
}

// MarshalText makes a verdict its name in JSON.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Result is the verdict on one assertion.
type Result struct {
	Pos     diag.Pos
	Verb    string // allow
	Text    string // the assertion in one line: "inference to training, tcp/443"
	Verdict Verdict
	Why     string          // what was judged, or what is wrong, in a sentence without a final period
	Witness *verify.Witness // a packet that shows it; nil where none does
}

// Options says how the assertions are judged.
type Options struct {
	Workers int // for failures; 0 for one a core; the result does not depend on it
}

// Run judges the assertions of a network whose spec is s, in their order. With
// errors in the list some of them name nothing of the network, and none was
// judged.
func Run(s *spec.Spec, t spec.Tests, p *verify.Proof, o Options) ([]Result, diag.List) {
	r := newRunner(s, p)
	var cases []*trial
	for i := range t.Tests {
		cases = append(cases, r.trials(&t.Tests[i])...)
	}
	if r.diags.HasErrors() {
		return nil, r.diags.Sorted()
	}
	for _, c := range cases {
		c.judge(c)
	}
	r.failures(cases, o.Workers)
	out := make([]Result, len(cases))
	for i, c := range cases {
		out[i] = c.result()
	}
	return out, nil
}

// trial is one assertion being judged.
type trial struct {
	pos    diag.Pos
	verb   string
	text   string
	judge  func(*trial)
	judged string // how much was judged, for a pass: "12 ways"
	fails  finding
	open   finding // what is unknown
	watch  *watch  // of those that try failures
}

// finding is the first reason for a verdict, and how many more there are.
type finding struct {
	why     string
	more    int
	witness *verify.Witness
}

func (f *finding) add(why string, witness func() *verify.Witness) {
	if f.why != "" {
		f.more++
		return
	}
	f.why = why
	if witness != nil {
		f.witness = witness()
	}
}

// result sums a trial up: a failure counts for more than what is unknown.
func (t *trial) result() Result {
	out := Result{Pos: t.pos, Verb: t.verb, Text: t.text, Verdict: Pass, Why: t.judged}
	for _, f := range []struct {
		finding
		verdict Verdict
	}{{t.fails, Fail}, {t.open, Unknown}} {
		if f.why == "" {
			continue
		}
		out.Verdict, out.Why, out.Witness = f.verdict, f.why+andMore(f.more), f.witness
		break
	}
	return out
}
