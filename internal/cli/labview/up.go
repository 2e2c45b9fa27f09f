package labview

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/lab"
)

// Progress prints the stages of bringing a lab up: on a terminal one line that
// is written over while a stage lasts, elsewhere one when it is over.
type Progress struct {
	p     *view.Printer
	stage string
	began time.Time
	last  lab.Progress
}

// NewProgress begins.
func NewProgress(p *view.Printer) *Progress { return &Progress{p: p} }

// stages says what a stage does.
var stages = map[string]string{
	"plan":       "planning the run",
	"namespaces": "making network namespaces",
	"wires":      "joining them",
	"machines":   "starting machines with their filters and servers",
	"nodes":      "starting nodes",
	"routes":     "waiting for tunnels and BGP",
	"flows":      "trying every flow that policy allows",
}

func stageText(g lab.Progress) string {
	text := cmp.Or(stages[g.Stage], g.Stage)
	if g.Total > 0 {
		text += fmt.Sprintf(", %d of %d", g.Done, g.Total)
	}
	if g.Text != "" {
		text += ": " + g.Text
	}
	return text
}

// Show takes a step.
func (g *Progress) Show(x lab.Progress) {
	if x.Stage != g.stage {
		g.over(x.At)
		g.stage, g.began = x.Stage, x.At
	}
	g.last = x
	if g.p.IsTerminal() && !x.Final && x.Stage != "" {
		fmt.Fprintf(g.p, "\r\x1b[K%s", stageText(x))
	}
}

// over ends the line of a stage.
func (g *Progress) over(at time.Time) {
	if g.stage == "" || g.last.Final {
		return
	}
	if g.p.IsTerminal() {
		fmt.Fprint(g.p, "\r\x1b[K")
	}
	done := cmp.Or(stages[g.stage], g.stage)
	if g.last.Total > 0 {
		done += fmt.Sprintf(", %d", g.last.Total) // the next stage has begun: all of them
	}
	g.p.Line("%s %s", done, g.p.Ink(view.Faint, span(at.Sub(g.began))))
}

// Stop ends the line that is being written over.
func (g *Progress) Stop() {
	if g.p.IsTerminal() {
		fmt.Fprint(g.p, "\r\x1b[K")
	}
}

// Up prints a lab that has just come up: what runs, and what to try next.
func Up(p *view.Printer, l Look) {
	s := &l.Status
	p.Title(s.Launched.Network, fmt.Sprintf("up in %s, %s", span(s.Up.Sub(s.Launched.Begun)), carrier(s.Launched.Options)))
	p.Blank()
	links(p, &l)
	trips(p, l.Trips)
	machines(p, s)
	internet(p, s)
	problems(p, s)
	p.Blank()
	next(p, s, l.Trips)
}

func machines(p *view.Printer, s *lab.Status) {
	p.Title("Machines", "")
	var rows [][]string
	for i := range s.Machines {
		m := &s.Machines[i]
		rows = append(rows, []string{p.Ink(view.Strong, m.Name), m.Host, m.Addr, strings.Join(m.Listen, ", ")})
	}
	p.Table([]view.Column{{Head: "MACHINE"}, {Head: "NAME", Drop: 1}, {Head: "ADDRESS"}, {Head: "LISTENS ON", Flex: true, Wrap: true}}, rows)
	p.Blank()
}

// next proposes commands that do something with this lab.
func next(p *view.Printer, s *lab.Status, list []lab.Trip) {
	p.Line("Try next:")
	only := ""
	if s.Launched.Name != s.Launched.Network {
		only = " --lab " + s.Launched.Name
	}
	p.Line("  tieline lab status%s", only)
	i := slices.IndexFunc(list, func(t lab.Trip) bool { return t.Lost == 0 && t.Flow.Service.Ports.First > 0 })
	if i >= 0 {
		f := &list[i].Flow
		k := slices.IndexFunc(s.Machines, func(m lab.MachineStatus) bool { return m.Name == f.To })
		p.Line("  tieline lab exec%s %s -- curl -s http://%s:%d", only, f.From, s.Machines[k].Host, f.Service.Ports.First)
	}
	for i := range s.Links {
		if a, b, ok := strings.Cut(s.Links[i].ID, "--"); ok && len(s.Links[i].Ways) > 0 {
			p.Line("  tieline lab cut %s %s%s; tieline lab status%s; tieline lab heal%s", a, b, only, only, only)
			break
		}
	}
	p.Line("  tieline lab verify%s", only)
	p.Line("  tieline lab down%s", only)
}

type upJSON struct {
	Stage string `json:"stage"`
	statusJSON
}

// UpJSON gives a lab that has come up as the last line of its progress.
func UpJSON(l Look) any { return upJSON{"up", newStatusJSON(l)} }

// Needs prints what the machine lacks, or all that was tried.
func Needs(p *view.Printer, needs []lab.Need, all bool) {
	for _, n := range needs {
		mark, ink := "ok     ", view.Good
		switch {
		case !n.OK && n.Optional:
			mark, ink = "without", view.Doubtful
		case !n.OK:
			mark, ink = "missing", view.Bad
		}
		if n.OK && !all {
			continue
		}
		text := n.Name
		if n.Found != "" {
			text += ": " + n.Found
		}
		p.Wrapped("  "+p.Ink(ink, mark)+"  ", "           ", text)
		if n.Fix != "" && !n.OK {
			p.Wrapped("           "+p.Ink(view.Faint, "fix: "), "             ", n.Fix)
		}
	}
}

type needsJSON struct {
	FormatVersion string     `json:"format_version"`
	OK            bool       `json:"ok"`
	Needs         []lab.Need `json:"needs"`
}

// NeedsJSON gives them for programs.
func NeedsJSON(needs []lab.Need) any {
	return needsJSON{view.FormatVersion, len(lab.Lacking(needs)) == 0, needs}
}

// List prints the labs that run.
func List(p *view.Printer, labs []lab.Launched, at time.Time) {
	if len(labs) == 0 {
		p.Line("no lab runs: tieline lab up starts one")
		return
	}
	var rows [][]string
	for _, l := range labs {
		rows = append(rows, []string{p.Ink(view.Strong, l.Name), l.Network, carrier(l.Options), span(at.Sub(l.Begun)), l.Spec})
	}
	p.Table([]view.Column{{Head: "LAB"}, {Head: "NETWORK", Drop: 2}, {Head: "TUNNELS"}, {Head: "FOR", Right: true}, {Head: "SPEC", Flex: true, Drop: 1}}, rows)
}

type listJSON struct {
	FormatVersion string         `json:"format_version"`
	Labs          []lab.Launched `json:"labs"`
}

// ListJSON gives them for programs.
func ListJSON(labs []lab.Launched) any {
	if labs == nil {
		labs = []lab.Launched{}
	}
	return listJSON{view.FormatVersion, labs}
}

type endedJSON struct {
	FormatVersion string   `json:"format_version"`
	Ended         []string `json:"ended"`
}

// EndedJSON gives the names of labs that have been ended.
func EndedJSON(names []string) any { return endedJSON{view.FormatVersion, names} }
