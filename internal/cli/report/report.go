// Package report writes the audit of a network for people who have to sign it
// and for programs: one HTML page that holds all it needs, and JSON. It takes
// an [audit.Report] and a writer, and judges nothing.
package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/audit"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/verify"
)

// formatVersion counts the changes of the JSON that old readers cannot take.
const formatVersion = 1

// document is what both forms show.
type document struct {
	FormatVersion int         `json:"format_version"`
	Network       string      `json:"network"`
	Source        string      `json:"source,omitempty"`
	Date          string      `json:"date"` // of the check, UTC
	Counts        []stateSize `json:"counts"`
	Rules         []ruleView  `json:"rules"`
	Unread        []unread    `json:"unread"`             // what was read and not understood
	Failures      *failures   `json:"failures,omitempty"` // left out when none were tried
}

// failures is what failures do: to each pair the worst, and the parts whose
// failure alone loses flows of others.
type failures struct {
	Parts   int      `json:"parts"`
	Sets    int      `json:"sets"`
	Refused string   `json:"refused,omitempty"`
	Worst   []worst  `json:"worst"`
	Single  []single `json:"single_points"`
}

type worst struct {
	From      string  `json:"from"`
	To        string  `json:"to"`
	Failed    string  `json:"failed,omitempty"`
	Effect    string  `json:"effect"`
	Left      string  `json:"left,omitempty"`
	Peak      string  `json:"peak,omitempty"`
	Detection float64 `json:"detection_s,omitempty"`
	DetectBy  string  `json:"detect_by,omitempty"`
}

type single struct {
	Part string   `json:"part"`
	Lost []string `json:"lost"`
}

type stateSize struct {
	State audit.State `json:"state"`
	Rules int         `json:"rules"`
}

type ruleView struct {
	Code      diag.Code     `json:"code"`
	Severity  diag.Severity `json:"severity"`
	State     audit.State   `json:"state"`
	Title     string        `json:"title"`
	Why       string        `json:"why,omitempty"`
	Source    string        `json:"source,omitempty"`
	NotJudged string        `json:"not_judged,omitempty"`
	Findings  []finding     `json:"findings"`
}

type finding struct {
	Severity diag.Severity `json:"severity"`
	Place    string        `json:"place,omitempty"` // file:line:column
	Object   string        `json:"object,omitempty"`
	Summary  string        `json:"summary"`
	Hint     string        `json:"hint,omitempty"`
	Related  []string      `json:"related,omitempty"`
	Witness  *witness      `json:"witness,omitempty"`
	Waiver   *waiver       `json:"waiver,omitempty"`
}

type waiver struct {
	Reason string `json:"reason"`
	Until  string `json:"until,omitempty"` // the last day; left out when it never ends
	Place  string `json:"place,omitempty"`
}

// witness is a packet that shows a finding, with its hops.
type witness struct {
	Packet  string `json:"packet"`
	Forward []hop  `json:"forward"`
	Return  []hop  `json:"return,omitempty"`
	Outcome string `json:"outcome"`
}

type hop struct {
	Object string `json:"object"`
	What   string `json:"what"`
	Place  string `json:"place,omitempty"`
	Pass   bool   `json:"pass"`
}

type unread struct {
	Kind  string `json:"kind"`
	Place string `json:"place,omitempty"`
	Path  string `json:"path,omitempty"`
	Why   string `json:"why"`
}

// states lists the states in the order of the report, the worst first.
var states = []audit.State{audit.Found, audit.Unknown, audit.Waiver, audit.Passed, audit.NotJudged}

func newDocument(r audit.Report) document {
	d := document{
		FormatVersion: formatVersion, Network: r.Network, Source: r.Source,
		Date: r.Date.UTC().Format(time.DateOnly), Rules: []ruleView{}, Unread: []unread{},
	}
	for _, s := range states {
		d.Counts = append(d.Counts, stateSize{s, r.Count(s)})
	}
	for _, j := range r.Rules {
		v := ruleView{
			Code: j.Code, Severity: j.Severity, State: j.State, Title: sentence(j.Title), Why: j.Why,
			Source: j.Source, NotJudged: j.NotJudged, Findings: []finding{},
		}
		for _, f := range j.Findings {
			v.Findings = append(v.Findings, newFinding(f))
		}
		d.Rules = append(d.Rules, v)
	}
	for _, u := range r.Unread {
		d.Unread = append(d.Unread, unread{u.Kind, place(u.Origin), u.Origin.Path, u.Why})
	}
	d.Failures = newFailures(r.Failures)
	return d
}

func newFailures(r *outage.Report) *failures {
	if r == nil {
		return nil
	}
	out := &failures{Parts: r.Parts, Sets: r.Sets, Refused: r.Refused, Worst: []worst{}, Single: []single{}}
	for i := range r.Worst {
		x := &r.Worst[i]
		w := worst{From: x.From.String(), To: x.To.String(), Effect: x.Outcome(), Detection: x.Detection, DetectBy: x.DetectBy}
		if len(x.Failure) > 0 {
			w.Failed = x.Failure.String()
		}
		if x.After.Capacity > 0 {
			w.Left = x.After.Capacity.String()
		}
		if x.Peak > 0 {
			w.Peak = x.Peak.String()
		}
		out.Worst = append(out.Worst, w)
	}
	for _, s := range r.Single {
		v := single{Part: s.Part.String()}
		for _, l := range s.Lost {
			v.Lost = append(v.Lost, l.From.String()+" to "+l.To.String())
		}
		out.Single = append(out.Single, v)
	}
	return out
}

func newFinding(f audit.Finding) finding {
	v := finding{Severity: f.Severity, Place: f.Pos.String(), Object: f.Object, Summary: f.Summary, Hint: f.Hint}
	for _, r := range f.Related {
		text := r.Message
		if r.Pos.IsValid() {
			text = r.Pos.String() + ": " + text
		}
		v.Related = append(v.Related, text)
	}
	if w := f.Witness; w != nil {
		v.Witness = &witness{Packet: w.Packet.String(), Forward: hops(w.Forward), Outcome: outcome(w)}
		if w.Return != nil {
			v.Witness.Return = hops(*w.Return)
		}
	}
	if w := f.Waived; w != nil {
		v.Waiver = &waiver{Reason: w.Reason, Place: w.Pos.String()}
		if !w.Expires.IsZero() {
			v.Waiver.Until = w.Expires.UTC().Format(time.DateOnly)
		}
	}
	return v
}

func hops(w verify.Walk) []hop {
	out := make([]hop, 0, len(w.Steps))
	for _, s := range w.Steps {
		what := s.What
		if len(s.Hops) > 1 {
			what += fmt.Sprintf(" (%d equal ways)", len(s.Hops))
		}
		out = append(out, hop{Object: s.Object, What: what, Place: place(s.Origin), Pass: s.Pass})
	}
	return out
}

// outcome says how a witness's way ends.
func outcome(w *verify.Witness) string {
	switch {
	case w.Works():
		return "arrives, and its reply gets back"
	case w.Return == nil:
		return w.Forward.Outcome.String()
	}
	return "arrives; its reply: " + w.Return.Outcome.String()
}

func place(o fabric.Origin) string {
	if !o.Pos.IsValid() {
		return ""
	}
	return o.Pos.String()
}

// sentence begins a text with a capital letter.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
