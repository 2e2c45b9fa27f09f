package audit

import (
	"slices"
	"time"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/verify"
)

// State is what became of a rule.
type State uint8

// The states, the best first.
const (
	Passed    State = iota // judged, and nothing found
	Waiver                 // all that was found is waived
	NotJudged              // its subject cannot be stated yet, or it is held by design
	Unknown                // nothing was found, and something of the network was not understood
	Found                  // something stands
)

// String gives the state's name.
func (s State) String() string {
	switch s {
	case Passed:
		return "pass"
	case Waiver:
		return "waived"
	case NotJudged:
		return "not judged"
	case Unknown:
		return "unknown"
	case Found:
		return "finding"
	}
	return "state?"
}

// MarshalText makes a state its name in JSON.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Report is what an auditor reads: each rule with its state and evidence.
type Report struct {
	Network string
	Source  string          // the file that was checked
	Date    time.Time       // of the check
	Rules   []Judged        // by code
	Unread  []fabric.Unread // that may matter, with the objects that it is about
	// Failures is what failures do; nil when none were tried.
	Failures *outage.Report
}

// Judged is one rule with what was found.
type Judged struct {
	diag.Rule
	State    State
	Findings []Finding
}

// NewReport puts findings, waived or not, under their rules. Where something
// of the network was not understood that may matter, a rule without a finding
// is unknown and not passed. Failures are nil when none were tried.
func NewReport(n *fabric.Network, source string, findings []Finding, failures *outage.Report, date time.Time) Report {
	r := Report{Network: n.Name, Source: source, Date: date, Failures: failures}
	for _, u := range n.Unread {
		if !u.Harmless {
			r.Unread = append(r.Unread, u)
		}
	}
	r.Unread = append(r.Unread, tainted(n)...)
	at := map[diag.Code]int{}
	for i, rule := range Rules() {
		if rule.NotJudged == "" {
			rule.NotJudged = without(n, failures, rule.Code)
		}
		j := Judged{Rule: rule, State: Passed}
		switch {
		case rule.NotJudged != "":
			j.State = NotJudged
		case len(r.Unread) > 0:
			j.State = Unknown
		}
		r.Rules = append(r.Rules, j)
		at[rule.Code] = i
	}
	for _, f := range findings {
		i, ok := at[f.Code]
		if !ok {
			i = len(r.Rules)
			at[f.Code] = i
			r.Rules = append(r.Rules, Judged{Rule: diag.Rule{Code: f.Code, Severity: f.Severity, Title: f.Summary}})
		}
		j := &r.Rules[i]
		j.Findings = append(j.Findings, f)
		switch {
		case f.Waived == nil:
			j.State = Found
		case j.State != Found:
			j.State = Waiver
		}
	}
	return r
}

// without says what a rule could not be judged for the lack of; empty when it
// was judged.
func without(n *fabric.Network, failures *outage.Report, code diag.Code) string {
	switch {
	case !n.PolicyStated() && (verify.NeedsPolicy(code) || slices.Contains(needPolicy, code)):
		return "no policy is stated"
	case code == drillRule && len(n.Pools) == 0:
		return "drills are of networks that a spec makes"
	case failures == nil && slices.ContainsFunc(outage.Rules, func(r diag.Rule) bool { return r.Code == code }):
		return "no failures were tried"
	}
	return ""
}

// needPolicy lists the audit's rules about what policy joins.
var needPolicy = []diag.Code{"TL2001", "TL2009", "TL2010", "TL2011", "TL2014"}

// tainted lists the objects of which something was read and not understood, or
// is only known once it is built.
func tainted(n *fabric.Network) []fabric.Unread {
	var out []fabric.Unread
	add := func(kind string, m fabric.Meta) {
		if m.Unread != "" {
			out = append(out, fabric.Unread{Origin: m.Origin, Kind: kind, Why: m.Unread})
		}
	}
	for i := range n.Sites {
		add("site", n.Sites[i].Meta)
	}
	for i := range n.VPCs {
		add("network", n.VPCs[i].Meta)
	}
	for i := range n.Subnets {
		add("subnet", n.Subnets[i].Meta)
	}
	for i := range n.RouteTables {
		add("route table", n.RouteTables[i].Meta)
	}
	for i := range n.Gateways {
		add("gateway", n.Gateways[i].Meta)
	}
	for i := range n.Attachments {
		add("attachment", n.Attachments[i].Meta)
	}
	for i := range n.Filters {
		add("filter", n.Filters[i].Meta)
		for _, r := range n.Filters[i].Rules {
			if r.Unread != "" {
				out = append(out, fabric.Unread{Origin: r.Origin, Kind: "rule", Why: r.Unread})
			}
		}
	}
	return out
}

// Count returns how many rules are in a state.
func (r *Report) Count(s State) int {
	n := 0
	for _, j := range r.Rules {
		if j.State == s {
			n++
		}
	}
	return n
}

// Stands returns the findings of all rules that no waiver accepts, in the
// order of [Run].
func (r *Report) Stands() []Finding {
	var out []Finding
	for _, j := range r.Rules {
		for _, f := range j.Findings {
			if f.Waived == nil {
				out = append(out, f)
			}
		}
	}
	slices.SortStableFunc(out, func(x, y Finding) int { return compareFindings(x.Finding, y.Finding) })
	return out
}
