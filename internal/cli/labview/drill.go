package labview

import (
	"fmt"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/lab"
	"github.com/tieline/tieline/internal/lab/drill"
)

// Failure prints what one failure of a drill did.
func Failure(p *view.Printer, f *drill.Failure) {
	against := f.Against()
	mark := p.Ink(view.Good, "as said")
	if len(against) > 0 {
		mark = p.Ink(view.Bad, "differs")
	}
	p.Wrapped(mark+"  ", "         ", p.Ink(view.Strong, f.Part)+": "+effects(f))
	for _, x := range against {
		p.Wrapped("    "+p.Ink(view.Bad, string(x.Judged)+": "), "      ", flowText(x))
	}
}

// effects sums up the flows of a failure: "3 flows lost as the proof says, 12
// took another way, the last after 310 ms with 31 packets lost".
func effects(f *drill.Failure) string {
	var parts []string
	seen := map[drill.Outcome]int{}
	for i := range f.Flows {
		seen[f.Flows[i].Seen]++
	}
	if n := seen[drill.LosesAll]; n > 0 {
		parts = append(parts, view.Count(n, "flow")+" lost until healed")
	}
	if n := seen[drill.Survives]; n > 0 {
		parts = append(parts, view.Count(n, "flow")+" went on")
	}
	if n := seen[drill.Untouched]; n > 0 {
		parts = append(parts, view.Count(n, "flow")+" untouched")
	}
	if n := f.Beside; n > 0 {
		parts = append(parts, fmt.Sprintf("%d not on it", n))
	}
	if w := f.Worst(); w != nil {
		parts = append(parts, fmt.Sprintf("%s lost, the last flow back after %s", view.Count(f.Lost(), "packet"), span(ms(w.Cut.Recovered))))
	} else {
		parts = append(parts, "no packet lost of those that went on")
	}
	return strings.Join(parts, ", ")
}

// cutOff counts the flows that got nothing through until it was healed.
func cutOff(f *drill.Failure) int {
	n := 0
	for i := range f.Flows {
		if f.Flows[i].Seen == drill.LosesAll {
			n++
		}
	}
	return n
}

func ms(f float64) time.Duration { return time.Duration(f * float64(time.Millisecond)) }

func flowText(x *drill.Flow) string {
	text := fmt.Sprintf("%s to %s %s (%s): predicted %s, seen %s", x.From, x.To, x.Service, x.Line, x.Said.Outcome, x.Seen)
	if x.Cut.Lost > 0 {
		text += fmt.Sprintf(", %d of %d packets lost", x.Cut.Lost, x.Cut.Sent)
	}
	if x.Cut.Recovered > 0 {
		text += ", back after " + span(ms(x.Cut.Recovered))
	}
	return text
}

// Drill prints the outcome of a drill; its failures have been printed.
func Drill(p *view.Printer, r *drill.Report, data, page string) {
	p.Blank()
	columns := []view.Column{
		{Head: "FAILURE", Flex: true},
		{Head: "FLOWS", Right: true},
		{Head: "CUT OFF", Right: true},
		{Head: "LOST", Right: true},
		{Head: "RECOVERED IN", Right: true},
		{Head: "NOTICED WITHIN", Right: true, Drop: 2},
		{Head: "LOST AT HEALING", Right: true, Drop: 1},
		{Head: "AGAINST THE PROOF", Right: true},
	}
	var rows [][]string
	for i := range r.Failures {
		f := &r.Failures[i]
		recovered := ""
		if w := f.Worst(); w != nil {
			recovered = span(ms(w.Cut.Recovered))
		}
		healing, off := 0, ""
		if n := cutOff(f); n > 0 {
			off = fmt.Sprint(n)
		}
		for k := range f.Flows {
			healing += f.Flows[k].Heal.Lost
		}
		against := ""
		if n := len(f.Against()); n > 0 {
			against = p.Ink(view.Bad, fmt.Sprint(n))
		}
		noticed := ""
		if f.Detects > 0 {
			noticed = span(ms(f.Detects))
		}
		rows = append(rows, []string{p.Ink(view.Strong, f.Part), fmt.Sprint(len(f.Flows)), off, fmt.Sprint(f.Lost()), recovered, noticed, fmt.Sprint(healing), against})
	}
	p.Table(columns, rows)
	for _, s := range r.Skipped {
		p.Wrapped("  "+p.Ink(view.Doubtful, "not tried: "), "    ", s.Part+": "+s.Why)
	}
	if r.Unreliable {
		p.Wrapped("  "+p.Ink(view.Bad, "unreliable: "), "    ", fmt.Sprintf("the emulated internet was late by %.1f ms (p99): times of this drill say little", r.LateP99))
	}
	p.Blank()
	sum := p.Ink(view.Good, view.Count(len(r.Failures), "failure")+", all as the proof says")
	if n := r.Against(); n > 0 {
		sum = p.Ink(view.Bad, view.Count(n, "flow")+" did otherwise than the proof says") + ", in " + view.Count(len(r.Failures), "failure")
	}
	if len(r.Failures) == 0 {
		sum = p.Ink(view.Doubtful, "no failure was tried")
	}
	p.Line("%s, in %s", sum, span(time.Duration(r.Seconds*float64(time.Second))))
	p.Line("kept in %s", data)
	p.Line("    and %s", page)
}

type drillJSON struct {
	FormatVersion string        `json:"format_version"`
	Data          string        `json:"data"`
	Page          string        `json:"page"`
	Report        *drill.Report `json:"report"`
}

// DrillJSON gives it for programs.
func DrillJSON(r *drill.Report, data, page string) any {
	return drillJSON{view.FormatVersion, data, page, r}
}

// Ping prints round trips.
func Ping(p *view.Printer, r lab.PingResult) {
	p.Title(r.From+" to "+r.To, r.Service)
	over(p, r.Path)
	lost := ""
	if n := r.Sent - r.Answered; n > 0 {
		lost = p.Ink(view.Bad, fmt.Sprintf(", %d lost (%s)", n, r.Why))
	}
	p.Line("  %d of %s answered%s", r.Answered, view.Count(r.Sent, "probe"), lost)
	if r.Answered > 0 {
		p.Line("  round trip  min %s, median %s, p90 %s, max %s, jitter %.2f ms", millis(r.Min), millis(r.Median), millis(r.P90), millis(r.Max), r.Jitter)
	}
}

// over says by what packets travel.
func over(p *view.Printer, path []string) {
	if len(path) > 0 {
		p.Wrapped("  over ", "    ", strings.Join(path, ", "))
	}
}

type pingJSON struct {
	FormatVersion string `json:"format_version"`
	lab.PingResult
}

// PingJSON gives them for programs.
func PingJSON(r lab.PingResult) any { return pingJSON{view.FormatVersion, r} }

// Iperf prints a throughput.
func Iperf(p *view.Printer, r lab.IperfResult) {
	p.Title(r.From+" to "+r.To, r.Service)
	over(p, r.Path)
	for i, mbps := range r.Intervals {
		p.Line("  second %-3d %8.1f Mbit/s", i+1, mbps)
	}
	p.Line("  %s  %s bytes in %.1f s", p.Ink(view.Strong, fmt.Sprintf("%.1f Mbit/s", r.Mbps)), fmt.Sprint(r.Bytes), r.Seconds)
	p.Line("  %s sent again, round trip under load %s, segments of %d bytes, %s", view.Count(int(r.Retransmits), "segment"), millis(r.RTT), r.MSS, r.Congestion)
}

type iperfJSON struct {
	FormatVersion string `json:"format_version"`
	lab.IperfResult
}

// IperfJSON gives it for programs.
func IperfJSON(r lab.IperfResult) any { return iperfJSON{view.FormatVersion, r} }
