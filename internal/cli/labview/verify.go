package labview

import (
	"fmt"
	"time"

	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/lab/agree"
)

// Round prints what was compared in one state of the network, on one line when
// all agreed.
func Round(p *view.Printer, r *agree.Round) {
	name := "healthy"
	if r.Failure != "" && r.Failure != "nothing" {
		name = "without " + r.Failure
	}
	bad := len(r.Disagreements) + len(r.RouteDiffs)
	mark := p.Ink(view.Good, "agrees ")
	if bad > 0 {
		mark = p.Ink(view.Bad, "differs")
	}
	text := fmt.Sprintf("%s: %s (%d get through, %d do not), %s in %s, %s",
		p.Ink(view.Strong, name), view.Count(r.Compared, "packet"), r.Reachable, r.Blocked, view.Count(r.Routes, "route"), view.Count(r.Tables, "table"),
		span(time.Duration(r.Seconds*float64(time.Second))))
	if n := len(r.NotCompared); n > 0 {
		text += fmt.Sprintf("; %d not compared", n)
	}
	p.Wrapped(mark+"  ", "         ", text)
	for i := range r.Disagreements {
		disagreement(p, &r.Disagreements[i])
	}
	for _, d := range r.RouteDiffs {
		p.Wrapped("    "+p.Ink(view.Bad, "route: "), "      ", d.String())
	}
}

func disagreement(p *view.Printer, d *agree.Disagreement) {
	p.Wrapped("    "+p.Ink(view.Bad, "packet: "), "      ", fmt.Sprintf("%s to %s %s: the proof says %s, the packet %s", d.From, d.To, d.Service, d.Proof, d.Packet))
	for _, h := range d.Hops {
		p.Wrapped("      "+p.Ink(view.Faint, "proof "), "        ", h)
	}
	for _, h := range d.Fate {
		p.Wrapped("      "+p.Ink(view.Faint, "run   "), "        ", h)
	}
}

// mostUncompared is how many of those that were not compared are shown.
const mostUncompared = 8

// Verify prints the outcome; the rounds have been printed already with told.
func Verify(p *view.Printer, r *agree.Report, told bool) {
	uncompared := 0
	for i := range r.Rounds {
		if !told {
			Round(p, &r.Rounds[i])
		}
		for _, n := range r.Rounds[i].NotCompared {
			if uncompared++; uncompared <= mostUncompared {
				p.Wrapped("  "+p.Ink(view.Doubtful, "not compared: "), "    ", notCompared(&n))
			}
		}
	}
	if n := uncompared - mostUncompared; n > 0 {
		p.Line("  %s", p.Ink(view.Faint, fmt.Sprintf("and %d more: --json has all", n)))
	}
	for _, s := range r.Skipped {
		p.Wrapped("  "+p.Ink(view.Doubtful, "not tried: "), "    ", s.Part+": "+s.Why)
	}
	p.Line("%s", outcome(p, r, uncompared))
}

func notCompared(n *agree.NotCompared) string {
	if n.Table != "" {
		return "table " + n.Table + ": " + n.Why
	}
	return fmt.Sprintf("%s to %s %s: %s", n.From, n.To, n.Service, n.Why)
}

// outcome sums up: "216 packets agree with the proof, in 1 state".
func outcome(p *view.Printer, r *agree.Report, uncompared int) string {
	in := view.Count(len(r.Rounds), "state") + " of the network, " + span(time.Duration(r.Seconds*float64(time.Second)))
	if n := r.Disagreements(); n > 0 {
		return p.Ink(view.Bad, view.Count(n, "disagreement")) + fmt.Sprintf(" among %s, in %s", view.Count(r.Compared(), "packet"), in)
	}
	text := p.Ink(view.Good, fmt.Sprintf("%s and all routes agree with the proof", view.Count(r.Compared(), "packet")))
	if uncompared > 0 {
		text += fmt.Sprintf(", %d were not compared", uncompared)
	}
	return text + ", in " + in
}

type verifyJSON struct {
	FormatVersion string `json:"format_version"`
	Agrees        bool   `json:"agrees"`
	*agree.Report
}

// VerifyJSON gives it for programs.
func VerifyJSON(r *agree.Report) any { return verifyJSON{view.FormatVersion, r.Agrees(), r} }
