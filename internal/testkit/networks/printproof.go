package networks

import (
	"fmt"
	"strings"

	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
)

// Tables prints every route table of a network.
func Tables(t *routes.Tables) string {
	var b strings.Builder
	if err := t.Print(&b); err != nil {
		return err.Error()
	}
	return b.String()
}

// Proof prints what the proof says of a network: findings in health, the worst
// that one failure does to each pair of groups, and single points of failure.
func Proof(p *verify.Proof, r outage.Report) string {
	var b strings.Builder
	for _, f := range p.Findings() {
		fmt.Fprintf(&b, "%s %s %s %s\n", f.Severity, f.Code, f.Pos, f.Summary)
		if f.Witness != nil {
			fmt.Fprintf(&b, "  %s: %s\n", f.Witness.Packet, steps(f.Witness.Forward))
		}
	}
	fmt.Fprintf(&b, "\n%d parts, %d sets\n", r.Parts, r.Sets)
	for _, w := range r.Worst {
		fmt.Fprintf(&b, "%s to %s: %s", w.From, w.To, w.Effect)
		if len(w.Failure) > 0 {
			fmt.Fprintf(&b, " by %s", w.Failure)
		}
		if w.After.Capacity > 0 {
			fmt.Fprintf(&b, ", %s of %s left", w.After.Capacity, w.Before.Capacity)
		}
		if w.Detection > 0 {
			fmt.Fprintf(&b, ", noticed after %.0f s (%s)", w.Detection, w.DetectBy)
		}
		b.WriteByte('\n')
	}
	for _, s := range r.Single {
		fmt.Fprintf(&b, "%s loses %d pairs\n", s.Part, len(s.Lost))
	}
	return b.String()
}

// steps gives the objects of a way, the last with what it does.
func steps(w verify.Walk) string {
	words := make([]string, len(w.Steps))
	for i, s := range w.Steps {
		words[i] = s.Object
	}
	return strings.Join(words, " > ")
}
