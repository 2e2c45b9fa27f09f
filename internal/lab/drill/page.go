package drill

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"time": timeText, "list": carriersText, "timeline": timelineOf, "class": classOf, "short": shortened,
	"axis": axisOf, "pct": func(x float64) template.CSS { return template.CSS(fmt.Sprintf("%.1f%%", x/width*100)) }, "recovery": recoveryText,
}).Parse(pageText))

// Page writes the report as one HTML page that needs nothing else.
func (r *Report) Page(w io.Writer) error { return pageTemplate.Execute(w, r) }

// Worst gives the failure with the flow that took longest to recover; nil when
// none lost a packet and recovered.
func (r *Report) Worst() *Failure {
	var out *Failure
	longest := 0.0
	for i := range r.Failures {
		if x := r.Failures[i].Worst(); x != nil && x.Cut.Recovered > longest {
			out, longest = &r.Failures[i], x.Cut.Recovered
		}
	}
	return out
}

// Lost counts packets lost after cuts of flows that recovered.
func (r *Report) Lost() int {
	n := 0
	for i := range r.Failures {
		n += r.Failures[i].Lost()
	}
	return n
}

// LostBack counts packets lost after healing.
func (r *Report) LostBack() int {
	n := 0
	for i := range r.Failures {
		for k := range r.Failures[i].Flows {
			n += r.Failures[i].Flows[k].Heal.Lost
		}
	}
	return n
}

// Touched lists the flows that lost packets, or of which something else is to
// be said, worst first; Calm counts the others.
func (f *Failure) Touched() []*Flow {
	var out []*Flow
	for i := range f.Flows {
		x := &f.Flows[i]
		if x.Cut.Lost+x.Heal.Lost+x.Quiet > 0 || x.Judged != AsPredicted || x.Said.Outcome != Untouched {
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(x, y *Flow) int { return y.Cut.Lost - x.Cut.Lost })
	return out
}

// Calm counts the flows that nothing happened to.
func (f *Failure) Calm() int { return len(f.Flows) - len(f.Touched()) }

// carriersText names carriers, those of one link together: tunnels
// aws-oregon--gcp-oregon/0, 1, 2.
func carriersText(list []string) string {
	list = slices.Clone(list)
	var out []string
	for i := 0; i < len(list); {
		stem, _, isTunnel := cutLast(list[i])
		k := i + 1
		for ; isTunnel && k < len(list); k++ {
			next, number, ok := cutLast(list[k])
			if !ok || next != stem {
				break
			}
			list[i] += ", " + number
		}
		out = append(out, list[i])
		i = k
	}
	return strings.Join(out, "; ")
}

// cutLast cuts the number of a tunnel off its name.
func cutLast(s string) (stem, number string, ok bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 || !strings.HasPrefix(s, "tunnel ") {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// timeText says milliseconds: 230 ms, 4.2 s, 3 min 5 s.
func timeText(ms float64) string {
	switch {
	case math.Abs(ms) < 1000:
		return fmt.Sprintf("%.0f ms", ms)
	case math.Abs(ms) < 60_000:
		return fmt.Sprintf("%.1f s", ms/1000)
	}
	s := int(ms/1000 + 0.5)
	return fmt.Sprintf("%d min %d s", s/60, s%60)
}

func recoveryText(p Phase) string {
	switch {
	case p.Never:
		return "not"
	case p.Recovered == 0:
		return "no gap"
	}
	return "after " + timeText(p.Recovered)
}

// classOf is the style of a verdict.
func classOf(v Verdict) string {
	switch v {
	case AsPredicted:
		return "good"
	case NotJudged:
		return "grey"
	case Late, NotBack, Survived, Touched, Unhealed:
	}
	return "bad"
}

// A timeline is 1000 wide: a flow's gaps against the moments of its failure.
const width = 1000.0

// bar is a part of a timeline, in its units.
type bar struct {
	X, Width float64
	Title    string
}

// timeline is what is drawn of a flow.
type timeline struct {
	Gaps      []bar
	Cut, Heal float64
}

// scale places moments, in milliseconds since the cut, on a timeline.
func (f *Failure) scale(ms float64) float64 {
	span := f.Ended - f.Began
	if span <= 0 {
		return 0
	}
	return math.Round(min(max((ms-f.Began)/span, 0), 1)*width*10) / 10
}

// narrowest is the least width at which a gap is seen.
const narrowest = 1.5

func timelineOf(f *Failure, x *Flow) timeline {
	t := timeline{Cut: f.scale(0), Heal: f.scale(f.Healed)}
	for _, g := range x.Gaps {
		a, b := f.scale(g.At), f.scale(g.At+g.For)
		packets := "packets"
		if g.Lost == 1 {
			packets = "packet"
		}
		t.Gaps = append(t.Gaps, bar{a, max(b-a, narrowest), fmt.Sprintf("%d %s lost, from %s after the cut, for %s", g.Lost, packets, timeText(g.At), timeText(g.For))})
	}
	return t
}

// tick is a mark of an axis.
type tick struct {
	X    float64
	Text string
	Kind string // cut, heal, or empty
}

// apart is how far two marks of an axis have to be from each other to be read.
const apart = 90.0

// axisOf marks the moments of a failure.
func axisOf(f *Failure) []tick {
	out := []tick{{f.scale(0), "cut", "cut"}, {f.scale(f.Healed), "healed", "heal"}}
	step := 500.0
	for (f.Ended-f.Began)/step > 12 {
		step *= 2
	}
	for at := math.Ceil(f.Began/step) * step; at <= f.Ended; at += step {
		x := f.scale(at)
		near := slices.ContainsFunc(out[:2], func(t tick) bool { return math.Abs(t.X-x) < apart })
		if !near && x > apart/2 && x < width-apart/2 {
			out = append(out, tick{x, timeText(at), ""})
		}
	}
	return out
}
