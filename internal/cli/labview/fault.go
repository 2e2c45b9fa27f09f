package labview

import (
	"fmt"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/lab"
)

// faultText says what a fault is: "blackhole of aws-oregon – gcp-oregon".
func faultText(f *lab.Fault) string {
	q := &f.What
	where := q.Part
	if where == "" {
		where = linkTitle(q.A)
		if q.B != "" {
			where = q.A + " – " + q.B
		}
		if q.Tunnel >= 0 {
			where += fmt.Sprintf(" tunnel %d", q.Tunnel)
		}
	}
	var text string
	switch q.Kind {
	case lab.Blackhole:
		text = "cut: packets of " + where + " vanish both ways"
	case lab.OneWay:
		text = "cut: packets of " + where + " vanish on the way there"
	case lab.Interface:
		text = "cut: the outside of " + where + " is down"
	case lab.Daemon:
		text = "cut: killed what carries " + where
	case lab.Degrade:
		text = "degraded: " + where + worse(q)
	default:
		text = string(q.Kind) + ": " + where
	}
	if len(f.Nodes) > 0 {
		text += " (node " + strings.Join(f.Nodes, ", ") + ")"
	}
	return text
}

// worse says what degrading does.
func worse(q *lab.FaultRequest) string {
	var parts []string
	if q.Delay > 0 {
		parts = append(parts, fmt.Sprintf("%g ms more each way", q.Delay))
	}
	if q.Loss > 0 {
		parts = append(parts, fmt.Sprintf("%g %% of packets lost", q.Loss*100))
	}
	if q.Rate > 0 {
		parts = append(parts, "at most "+q.Rate.String())
	}
	return " has " + strings.Join(parts, ", ")
}

// Struck prints a fault that has just been put in force.
func Struck(p *view.Printer, f lab.Fault) {
	p.Line("%s", faultText(&f))
	if n := len(f.Paths); n > 0 && f.What.Kind != lab.Degrade {
		p.Line("  %s, at %s", view.Count(n, "direction"), f.Since.Format(time.TimeOnly))
	}
	p.Line("next: tieline lab status, then tieline lab heal%s", healArgs(&f.What))
}

func healArgs(q *lab.FaultRequest) string {
	switch {
	case q.Part != "":
		return fmt.Sprintf(" --part %q", q.Part)
	case q.B == "":
		return " " + q.A
	}
	return " " + q.A + " " + q.B
}

// Healed prints the faults that have just ended.
func Healed(p *view.Printer, faults []lab.Fault, at time.Time) {
	if len(faults) == 0 {
		p.Line("no fault is in force")
		return
	}
	for i := range faults {
		p.Line("healed: %s, after %s", strings.TrimPrefix(strings.TrimPrefix(faultText(&faults[i]), "cut: "), "degraded: "), span(at.Sub(faults[i].Since)))
	}
}

type faultJSON struct {
	FormatVersion string      `json:"format_version"`
	Faults        []lab.Fault `json:"faults"`
}

// FaultsJSON gives faults for programs.
func FaultsJSON(faults []lab.Fault) any {
	if faults == nil {
		faults = []lab.Fault{}
	}
	return faultJSON{view.FormatVersion, faults}
}
