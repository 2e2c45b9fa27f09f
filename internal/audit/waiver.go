package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/verify"
)

// Finding is a finding of check with the waiver that accepts it, if any.
type Finding struct {
	verify.Finding
	Waived *Waived // nil: it stands
}

// Waived says why and until when a finding is accepted.
type Waived struct {
	Reason  string
	Expires time.Time // the last day, UTC midnight; zero when it never ends
	Pos     diag.Pos  // of the waiver in the spec
}

// The codes of findings about waivers. They cannot be waived.
const (
	codeExpired diag.Code = "TL2901"
	codeUnused  diag.Code = "TL2902"
	codeUnknown diag.Code = "TL2903"
)

func waiverRules() []diag.Rule {
	const source = "docs/spec.md, audit"
	return []diag.Rule{
		{
			Code: codeExpired, Severity: diag.Warning, Source: source,
			Title: "a waiver has expired",
			Why:   "What was accepted for a time stands again. Mend it, or look at it anew and give it another day.",
		},
		{
			Code: codeUnused, Severity: diag.Note, Source: source,
			Title: "a waiver waives nothing",
			Why:   "What it accepted is mended, or it names another object. Left in place it would accept the next finding of the kind unseen.",
		},
		{
			Code: codeUnknown, Severity: diag.Error, Source: source,
			Title: "a waiver names no rule",
			Why:   "It accepts nothing, and what it was meant for is reported.",
		},
	}
}

// Waive applies a network's waivers to findings of the proof and the audit,
// and adds what is wrong with the waivers themselves. The findings are sorted
// as those of [Run]; a waived one keeps its place. Waivers hold to the end of
// their last day; today is the day of the check, in UTC.
func Waive(n *fabric.Network, findings []verify.Finding, today time.Time) []Finding {
	out := make([]Finding, 0, len(findings))
	for _, f := range findings {
		out = append(out, Finding{Finding: f})
	}
	rules := Rules()
	var codes []string
	for _, r := range rules {
		codes = append(codes, string(r.Code))
	}
	for i := range n.Waivers {
		w := &n.Waivers[i]
		switch {
		case !slices.Contains(codes, w.Code):
			out = append(out, about(rules, codeUnknown, w, "no rule has the code "+w.Code, nearCode(w.Code, codes)))
		case !w.Expires.IsZero() && day(today).After(day(w.Expires)):
			out = append(out, about(rules, codeExpired, w, "the waiver of "+w.Code+" has expired on "+w.Expires.Format(time.DateOnly),
				"mend what it accepted, or give it another day with a reason that still holds"))
		case !apply(n, w, out):
			text := "the waiver of " + w.Code + " waives nothing"
			if w.Object != "" {
				text += " at " + w.Object
			}
			out = append(out, about(rules, codeUnused, w, text, "take it out"))
		}
	}
	slices.SortStableFunc(out, func(x, y Finding) int { return compareFindings(x.Finding, y.Finding) })
	return out
}

// nearCode proposes the code that one digit, or two that changed places, make
// of a wrong one. Others are near in digits only.
func nearCode(code string, codes []string) string {
	for _, c := range codes {
		var differ []int
		for i := range min(len(c), len(code)) {
			if c[i] != code[i] {
				differ = append(differ, i)
			}
		}
		swapped := len(differ) == 2 && differ[1] == differ[0]+1 && c[differ[0]] == code[differ[1]] && c[differ[1]] == code[differ[0]]
		if len(c) == len(code) && (len(differ) == 1 || swapped) {
			return fmt.Sprintf("did you mean %q?", c)
		}
	}
	return "docs/diagnostics.md lists the codes"
}

// day cuts a time to its day in UTC.
func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// apply waives what a waiver is for and reports whether there was anything.
func apply(n *fabric.Network, w *fabric.Waiver, findings []Finding) bool {
	hit := false
	for i := range findings {
		f := &findings[i]
		if string(f.Code) != w.Code || strings.HasPrefix(w.Code, "TL29") || !covers(n, w.Object, f.Object) {
			continue
		}
		hit = true
		if f.Waived == nil {
			f.Waived = &Waived{Reason: w.Reason, Expires: w.Expires, Pos: w.Origin.Pos}
		}
	}
	return hit
}

// about makes a finding about a waiver.
func about(rules []diag.Rule, code diag.Code, w *fabric.Waiver, text, hint string) Finding {
	i := slices.IndexFunc(rules, func(r diag.Rule) bool { return r.Code == code })
	return Finding{Finding: verify.Finding{
		Diagnostic: diag.Diagnostic{Pos: w.Origin.Pos, Severity: rules[i].Severity, Code: code, Summary: text, Hint: hint, Source: rules[i].Source},
		Object:     w.Code,
	}}
}

// covers reports whether what a waiver is limited to holds the object of a
// finding: all of the network, the object itself, what stands below it (a
// site's networks, a link's tunnels), a link that ends at the site, or a
// subnet of the segment.
func covers(n *fabric.Network, limit, object string) bool {
	if limit == "" || limit == object || strings.HasPrefix(object, limit+"/") || strings.HasPrefix(object, limit+":") || strings.HasPrefix(object, limit+"#") {
		return true
	}
	link, _, _ := strings.Cut(object, "/")
	if l, ok := n.Link(fabric.LinkID(link)); ok && (string(l.Sites[0]) == limit || string(l.Sites[1]) == limit) {
		return true
	}
	for _, v := range n.VPCs {
		if (object == string(v.ID) || strings.HasPrefix(object, string(v.ID)+"/")) && len(v.Sites) == 1 && string(v.Sites[0]) == limit {
			return true
		}
	}
	s, ok := n.Subnet(fabric.SubnetID(object))
	if f, isFilter := n.Filter(fabric.FilterID(object)); isFilter && len(f.Subnets) == 1 {
		s, ok = n.Subnet(f.Subnets[0])
	}
	return ok && (string(s.Segment) == limit || string(s.Site) == limit)
}
