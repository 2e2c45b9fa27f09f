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

// Status prints the state of everything.
func Status(p *view.Printer, l Look) {
	s := &l.Status
	head := fmt.Sprintf("lab %s of %s, %s", s.Launched.Name, s.Launched.Spec, carrier(s.Launched.Options))
	switch {
	case s.Broken != "":
		p.Title(s.Launched.Network, head)
		p.Wrapped(p.Ink(view.Bad, "broken: "), "  ", s.Broken)
		return
	case s.Progress.Error != "":
		p.Title(s.Launched.Network, head)
		p.Wrapped(p.Ink(view.Bad, "did not come up: "), "  ", s.Progress.Error)
		return
	case s.Up.IsZero():
		p.Title(s.Launched.Network, head)
		p.Line("coming up: %s", stageText(s.Progress))
		return
	}
	p.Title(s.Launched.Network, "up for "+span(l.At.Sub(s.Up))+", "+head)
	p.Blank()
	links(p, &l)
	trips(p, l.Trips)
	nodeTable(p, s)
	filters(p, s)
	inForce(p, s.Faults, l.At)
	internet(p, s)
	problems(p, s)
}

func links(p *view.Printer, l *Look) {
	p.Title("Links", "")
	columns := []view.Column{
		{Head: "LINK"},
		{Head: "KIND"},
		{Head: "TUNNELS", Right: true},
		{Head: "BGP ENDS", Right: true},
		{Head: "RTT", Right: true},
		{Head: "LOSS", Right: true, Drop: 1},
		{Head: "BPS THERE / BACK", Right: true, Drop: 2},
		{Head: ""},
	}
	var rows [][]string
	var trouble []string
	for _, y := range lines(l) {
		note := ""
		if y.cut > 0 {
			note = p.Ink(view.Bad, fmt.Sprintf("%d cut", y.cut))
		}
		rtt := ""
		if y.link.RTT > 0 {
			rtt = millis(y.link.RTT)
		}
		rows = append(rows, []string{
			p.Ink(view.Strong, linkTitle(y.link.ID)), y.link.Kind, of(p, y.up, y.tunnels), of(p, y.estab, y.sessions), rtt, y.loss(), rates(y.rate), note,
		})
		trouble = append(trouble, y.trouble...)
	}
	p.Table(columns, rows)
	for _, t := range trouble {
		p.Wrapped("  "+p.Ink(view.Bad, "down: "), "    ", t)
	}
	p.Blank()
}

// widestMatrix is how many sites fit side by side.
const widestMatrix = 8

// trips prints the round trips between sites: measured, and by what is
// configured.
func trips(p *view.Printer, list []lab.Trip) {
	if len(list) == 0 {
		return
	}
	sites := map[string]bool{}
	for _, t := range list {
		sites[t.From], sites[t.To] = true, true
	}
	p.Title("Round trips", "measured from machine to machine by what policy allows, in ms (and as configured)")
	if len(sites) > widestMatrix {
		tripList(p, list)
		return
	}
	names := make([]string, 0, len(sites))
	for s := range sites {
		names = append(names, s)
	}
	slices.Sort(names)
	columns := []view.Column{{Head: "FROM \\ TO"}}
	for _, n := range names {
		columns = append(columns, view.Column{Head: n, Right: true})
	}
	var rows [][]string
	for _, from := range names {
		row := []string{p.Ink(view.Strong, from)}
		any := false
		for _, to := range names {
			cell := ""
			if i := slices.IndexFunc(list, func(t lab.Trip) bool { return t.From == from && t.To == to }); i >= 0 {
				cell, any = tripCell(p, &list[i]), true
			}
			row = append(row, cell)
		}
		if any {
			rows = append(rows, row)
		}
	}
	p.Table(columns, rows)
	lostTrips(p, list)
	p.Blank()
}

// lostTrips says why something did not come back.
func lostTrips(p *view.Printer, list []lab.Trip) {
	for _, t := range list {
		if t.Lost > 0 {
			p.Wrapped("  "+p.Ink(view.Bad, "lost: "), "    ", fmt.Sprintf("%d of %d, %s: %s", t.Lost, t.Sent, t.Flow, t.Why))
		}
	}
}

func tripList(p *view.Printer, list []lab.Trip) {
	columns := []view.Column{{Head: "FROM"}, {Head: "TO"}, {Head: "MS", Right: true}, {Head: "BY", Flex: true, Drop: 1}}
	var rows [][]string
	for i := range list {
		t := &list[i]
		rows = append(rows, []string{p.Ink(view.Strong, t.From), p.Ink(view.Strong, t.To), tripCell(p, t), t.Flow.String()})
	}
	p.Table(columns, rows)
	lostTrips(p, list)
	p.Blank()
}

// tripOff is how far a measured round trip may be off before it is marked, in
// milliseconds.
const tripOff = 2

func tripCell(p *view.Printer, t *lab.Trip) string {
	want := ""
	if t.Known {
		want = fmt.Sprintf(" (%.1f)", t.Configured)
	}
	if t.Lost == t.Sent {
		return p.Ink(view.Bad, "lost") + want
	}
	text := fmt.Sprintf("%.1f", t.Measured)
	if t.Known && (t.Measured > t.Configured+tripOff || t.Measured < t.Configured-tripOff) {
		text = p.Ink(view.Doubtful, text)
	}
	if t.Lost > 0 {
		text += p.Ink(view.Bad, " !")
	}
	return text + want
}

func nodeTable(p *view.Printer, s *lab.Status) {
	p.Title("Nodes", "")
	columns := []view.Column{
		{Head: "NODE"},
		{Head: "PLAYS"},
		{Head: "TUNNEL ENDS", Right: true},
		{Head: "BGP", Right: true},
		{Head: "ROUTES", Right: true},
		{Head: "LEARNED", Right: true, Drop: 1},
		{Head: "", Flex: true, Wrap: true},
	}
	var rows [][]string
	for i := range s.Nodes {
		n := &s.Nodes[i]
		var notes []string
		if n.Crashes > 0 {
			notes = append(notes, p.Ink(view.Bad, "crashed "+view.Count(n.Crashes, "time")))
		}
		if n.State == nil {
			notes = append(notes, p.Ink(view.Bad, n.Why))
			rows = append(rows, []string{p.Ink(view.Strong, n.Name), strings.Join(n.Sites, ", "), "", "", "", "", strings.Join(notes, ", ")})
			continue
		}
		up, est := 0, 0
		for _, t := range n.State.Tunnels {
			if t.Up {
				up++
			}
		}
		for _, e := range n.State.Sessions {
			if e.State == established {
				est++
			}
		}
		if n.State.Draining {
			notes = append(notes, p.Ink(view.Doubtful, "draining"))
		}
		all, learned := routesOf(n.State)
		rows = append(rows, []string{
			p.Ink(view.Strong, n.Name), strings.Join(n.Sites, ", "), of(p, up, len(n.State.Tunnels)), of(p, est, len(n.State.Sessions)),
			fmt.Sprint(all), fmt.Sprint(learned), strings.Join(notes, ", "),
		})
	}
	p.Table(columns, rows)
	p.Blank()
}

// mostRules is how many rules of filters are shown.
const mostRules = 10

// filters prints which rules of the native filters met packets, those that
// drop first.
func filters(p *view.Printer, s *lab.Status) {
	type hit struct {
		machine, filter, rule string
		packets, bytes        uint64
	}
	var hits []hit
	for i := range s.Machines {
		for _, r := range s.Machines[i].Rules {
			if r.Packets > 0 {
				hits = append(hits, hit{s.Machines[i].Name, r.Filter, r.Rule, r.Packets, r.Bytes})
			}
		}
	}
	if len(hits) == 0 {
		return
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.packets, a.packets) })
	p.Title("Filters", "rules that met packets")
	var rows [][]string
	for _, h := range hits[:min(len(hits), mostRules)] {
		rule := h.rule
		if strings.HasPrefix(rule, "default-") {
			rule = p.Ink(view.Doubtful, rule)
		}
		rows = append(rows, []string{p.Ink(view.Strong, h.machine), h.filter, rule, fmt.Sprint(h.packets), fmt.Sprint(h.bytes)})
	}
	p.Table([]view.Column{{Head: "MACHINE"}, {Head: "FILTER", Flex: true, Drop: 1}, {Head: "RULE"}, {Head: "PACKETS", Right: true}, {Head: "BYTES", Right: true, Drop: 2}}, rows)
	if n := len(hits) - mostRules; n > 0 {
		p.Line("  %s", p.Ink(view.Faint, fmt.Sprintf("and %d more: --json has all", n)))
	}
	p.Blank()
}

func inForce(p *view.Printer, faults []lab.Fault, at time.Time) {
	if len(faults) == 0 {
		return
	}
	p.Title("Faults in force", "tieline lab heal ends them")
	for i := range faults {
		p.Wrapped("  ", "    ", p.Ink(view.Bad, faultText(&faults[i]))+", for "+span(at.Sub(faults[i].Since)))
	}
	p.Blank()
}

// internet says how punctual the relay is.
func internet(p *view.Printer, s *lab.Status) {
	how := "at real-time priority"
	if !s.Relay.RealTime {
		how = "without real-time priority"
	}
	text := fmt.Sprintf("%s, packets late by %.2f ms (median), %.2f ms (p99), %.1f ms at most", how, s.Relay.P50, s.Relay.P99, s.Relay.Max)
	if s.Relay.Stray > 0 {
		text += ", " + view.Count(int(s.Relay.Stray), "packet") + " to nowhere"
	}
	p.Wrapped(p.Ink(view.Strong, "Internet")+"  ", "  ", text)
	if s.Relay.Unreliable {
		p.Wrapped("  "+p.Ink(view.Bad, "unreliable: "), "    ", "the p99 is over 2 ms; times measured in this run say little")
	}
}

func problems(p *view.Printer, s *lab.Status) {
	for i := range s.Nodes {
		if s.Nodes[i].State == nil {
			continue
		}
		for _, x := range s.Nodes[i].State.Problems {
			p.Wrapped(p.Ink(view.Bad, "node "+s.Nodes[i].Name+": "), "  ", x)
		}
	}
}

// Watched prints one look of --watch, and that there will be more.
func Watched(p *view.Printer, l Look) {
	p.Clear()
	Status(p, l)
	p.Line("%s", p.Ink(view.Faint, l.At.Format(time.TimeOnly)+", until Ctrl-C"))
}

type statusJSON struct {
	FormatVersion string `json:"format_version"`
	lab.Status
	Trips []lab.Trip `json:"trips"`
}

func newStatusJSON(l Look) statusJSON {
	if l.Trips == nil {
		l.Trips = []lab.Trip{}
	}
	return statusJSON{view.FormatVersion, l.Status, l.Trips}
}

// StatusJSON gives the state for programs.
func StatusJSON(l Look) any { return newStatusJSON(l) }
