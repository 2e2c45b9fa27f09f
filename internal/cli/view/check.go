package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/audit"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
)

// Check is what the proof and the audit say of a network.
type Check struct {
	Network  string
	Source   string // the Terraform file, when there is no spec
	Findings []audit.Finding
	Failures *outage.Report // nil when no failures were tried
	Stats    verify.Stats
	// Verbose: no list is cut, and notes have their witnesses too.
	Verbose bool
}

// mostWorst is how many pairs the failures table shows.
const mostWorst = 24

// Findings prints what was found, without what failures do.
func (p *Printer) Findings(c Check) {
	p.Title(c.Network, proved(c.Stats))
	p.Blank()
	p.proofFindings(c)
}

// More prints findings that come after others.
func (p *Printer) More(c Check) { p.proofFindings(c) }

// Beyond returns what is found in c and was not in an earlier check of the
// same network.
func (c Check) Beyond(earlier Check) Check {
	seen := map[string]bool{}
	key := func(f audit.Finding) string { return string(f.Code) + f.Pos.String() + f.Summary }
	for _, f := range earlier.Findings {
		seen[key(f)] = true
	}
	c.Findings = slices.DeleteFunc(slices.Clone(c.Findings), func(f audit.Finding) bool { return seen[key(f)] })
	return c
}

// Failures prints what failures do, and how much was found in all.
func (p *Printer) Failures(c Check) {
	if c.Failures != nil {
		p.failures(c)
	}
	p.Line("%s", p.outcome(c))
}

// Check prints findings, and what failures do.
func (p *Printer) Check(c Check) {
	p.Findings(c)
	p.Failures(c)
}

// proved says how much was judged.
func proved(s verify.Stats) string {
	return fmt.Sprintf("%s, %s of them judged by %s and %s, %s, %s",
		Count(s.Places, "place"), Count(s.Pairs, "pair"), classesOf(s.AddressSets, "addresses"), classesOf(s.HeaderSets, "headers"),
		Count(s.Routes, "route")+" in "+Count(s.Tables, "table"), Count(s.Flows, "policy flow"))
}

func classesOf(n int, of string) string {
	if n == 1 {
		return "1 class of " + of
	}
	return fmt.Sprintf("%d classes of %s", n, of)
}

func (p *Printer) proofFindings(c Check) {
	for _, f := range c.Findings {
		if f.Waived != nil {
			continue
		}
		p.finding(f)
		if c.Verbose || f.Severity != diag.Note {
			p.witness("  ", f.Witness)
		}
	}
	for _, f := range c.Findings {
		if f.Waived == nil {
			continue
		}
		until := ""
		if !f.Waived.Expires.IsZero() {
			until = " until " + f.Waived.Expires.Format("2006-01-02")
		}
		p.Wrapped(p.dim("waived "+string(f.Code)+": "), "  ", fmt.Sprintf("%s (%s%s)", f.Summary, f.Waived.Reason, until))
	}
	if len(c.Findings) > 0 {
		p.Blank()
	}
}

// finding prints one in the form of diagnostics, with its code.
func (p *Printer) finding(f audit.Finding) {
	head := p.severity(f.Severity, f.Severity.String()) + " " + p.bold(string(f.Code)) + ": "
	if f.Pos.IsValid() {
		head = p.bold(f.Pos.String()) + ": " + head
	}
	p.Wrapped(head, "  ", f.Summary)
	for _, r := range f.Related {
		text := r.Message
		if r.Pos.IsValid() {
			text = r.Pos.String() + ": " + text
		}
		p.Wrapped("  ", "    ", text)
	}
	if f.Hint != "" {
		p.Wrapped("  "+p.dim("hint: "), "    ", f.Hint)
	}
}

func (p *Printer) failures(c Check) {
	r := c.Failures
	remark := fmt.Sprintf("%s tried, of %s that can fail", Count(r.Sets, "set"), Count(r.Parts, "part"))
	if r.Pruned > 0 {
		remark += fmt.Sprintf("; %d more do the same as one of them", r.Pruned)
	}
	p.Title("If something fails", remark)
	if r.Refused != "" {
		p.Wrapped("  "+p.yellow("not all was tried: "), "    ", r.Refused+" (--max-sets)")
	}
	most := 40
	if p.width < 100 {
		most = 20
	}
	worst := slices.Clone(r.Worst)
	slices.SortStableFunc(worst, func(a, b outage.Impact) int { return cmp.Compare(b.Effect, a.Effect) })
	t := table{indent: "  ", columns: []column{
		{head: "FROM", most: most},
		{head: "TO", most: most},
		{head: "WORST FAILURE", flex: true, wrap: true},
		{head: "EFFECT"},
		{head: "LEFT", right: true},
		{head: "PEAK", right: true, drop: 2},
		{head: "NOTICED IN", right: true, drop: 1},
	}}
	hidden := 0
	if !c.Verbose {
		hidden = max(len(worst)-mostWorst, 0)
	}
	for _, i := range worst[:len(worst)-hidden] {
		t.add(p.bold(i.From.String()), p.bold(i.To.String()), failureTitle(i.Failure), p.effect(i), left(i), rate(i.Peak), noticed(i))
	}
	t.print(p)
	p.more(hidden, "pair", "--verbose shows all")
	p.Blank()
	p.singles(r, c.Verbose)
}

// mostSingles is how many single points of failure are named.
const mostSingles = 12

func (p *Printer) singles(r *outage.Report, verbose bool) {
	if len(r.Single) == 0 {
		p.Line("No part is a single point of failure of flows that neither begin nor end in it.")
		p.Blank()
		return
	}
	p.Title("Single points of failure", Count(len(r.Single), "part"))
	shown := r.Single
	if !verbose {
		shown = shown[:min(len(shown), mostSingles)]
	}
	for _, s := range shown {
		pairs := make([]string, 0, len(s.Lost))
		for _, l := range s.Lost[:min(len(s.Lost), 4)] {
			pairs = append(pairs, l.From.String()+" to "+l.To.String())
		}
		text := strings.Join(pairs, ", ")
		if n := len(s.Lost) - len(pairs); n > 0 {
			text += fmt.Sprintf(" and %d more", n)
		}
		p.Wrapped("  "+p.bold(partTitle(s.Part))+": ", "    ", "loses "+text)
	}
	p.more(len(r.Single)-len(shown), "part", "--verbose shows all")
	p.Blank()
}

func failureTitle(f routes.Failure) string {
	words := make([]string, len(f))
	for i, x := range f {
		words[i] = partTitle(x)
	}
	return strings.Join(words, " and ")
}

func partTitle(x routes.Part) string { return x.Kind.String() + " " + objectTitle(x.ID) }

func (p *Printer) effect(i outage.Impact) string {
	text := i.Outcome()
	switch i.Effect {
	case outage.Lost, outage.OneWay:
		return p.red(text)
	case outage.Congested, outage.NotKnown:
		return p.yellow(text)
	case outage.Unaffected, outage.Slower:
		return p.green(text)
	}
	return text
}

// left says what bandwidth a pair has after a failure, where something binds it.
func left(i outage.Impact) string {
	if i.Effect == outage.Lost {
		return ""
	}
	return rate(i.After.Capacity)
}

func noticed(i outage.Impact) string {
	if i.Detection == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f s", i.Detection)
}

// outcome counts the findings.
func (p *Printer) outcome(c Check) string {
	count := map[diag.Severity]int{}
	waived := 0
	for _, f := range c.Findings {
		if f.Waived != nil {
			waived++
			continue
		}
		count[f.Severity]++
	}
	var parts []string
	for _, s := range []diag.Severity{diag.Error, diag.Warning, diag.Note} {
		if n := count[s]; n > 0 {
			parts = append(parts, p.severity(s, Count(n, s.String())))
		}
	}
	if waived > 0 {
		parts = append(parts, fmt.Sprintf("%d waived", waived))
	}
	if c.Stats.Unread > 0 {
		parts = append(parts, Count(c.Stats.Unread, "thing")+" not understood")
	}
	if len(parts) == 0 {
		return p.green("proved: nothing found")
	}
	if count[diag.Error]+count[diag.Warning] == 0 {
		return p.green("proved: ") + strings.Join(parts, ", ")
	}
	return strings.Join(parts, ", ")
}

// Worse reports whether a finding that is not waived is of a severity or worse.
func (c Check) Worse(least diag.Severity) bool {
	return slices.ContainsFunc(c.Findings, func(f audit.Finding) bool { return f.Waived == nil && f.Severity <= least })
}
