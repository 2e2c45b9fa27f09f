package view

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/tieline/tieline/internal/change"
)

// DiffMarkdown gives what differs as Markdown for a pull request: a summary,
// and a section that opens for each kind of difference. Those that need a look
// are open.
func DiffMarkdown(r change.Report) string {
	var b strings.Builder
	if r.IsEmpty() {
		b.WriteString("### tieline: no difference\n\nThe two specs mean the same network.\n")
		return b.String()
	}
	fmt.Fprintf(&b, "### tieline: %s\n\n%s.\n", markdownText(r.New), markdownText(diffSummary(r)))
	m := &markdownDiff{&b}
	m.reach(r)
	m.interrupts(r)
	m.resources(r)
	m.ways(r)
	m.links(r)
	m.singles(r)
	m.cost(r)
	m.other(r)
	for _, h := range r.Hints {
		fmt.Fprintf(&b, "\n> %s\n", markdownText(h))
	}
	return b.String()
}

type markdownDiff struct{ b *strings.Builder }

// section writes a section that opens, with a table.
func (m *markdownDiff) section(open bool, title string, head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	attr := ""
	if open {
		attr = " open"
	}
	fmt.Fprintf(m.b, "\n<details%s>\n<summary><b>%s</b> (%d)</summary>\n\n", attr, title, len(rows))
	writeRow(m.b, head)
	writeRow(m.b, list(head, func(string) string { return "---" }))
	for _, r := range rows {
		writeRow(m.b, r)
	}
	m.b.WriteString("\n</details>\n")
}

func writeRow(b *strings.Builder, cells []string) {
	b.WriteString("|")
	for _, c := range cells {
		b.WriteString(" " + c + " |")
	}
	b.WriteString("\n")
}

// markdownText keeps text from being read as Markdown or HTML, and in its cell.
func markdownText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "\\|", "*", "\\*", "_", "\\_", "`", "\\`", "~", "\\~", "\n", " ").Replace(s)
}

// code puts text in a code span of a table's cell.
func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + strings.NewReplacer("`", "'", "|", "\\|", "\n", " ").Replace(s) + "`"
}

func (m *markdownDiff) reach(r change.Report) {
	var rows [][]string
	add := func(c change.ReachChange, word string, services []string) {
		if len(services) > 0 {
			rows = append(rows, []string{word, code(c.From.String()), code(c.To.String()), code(strings.Join(services, " ")), fmt.Sprint(c.Count), markdownText(pairsText(c))})
		}
	}
	for _, c := range r.Reach {
		add(c, "loses", texts(c.Lost))
		add(c, "gains", texts(c.Gained))
	}
	m.section(true, "Reach", []string{"", "From", "To", "Services", "Pairs", "Which"}, rows)
}

func (m *markdownDiff) interrupts(r change.Report) {
	var rows [][]string
	for _, x := range r.Interrupts {
		rows = append(rows, []string{code(cmp.Or(string(x.Link), x.Resource)), markdownText(interruptText(x)), lasts(x.Low, x.High, x.Mark), markdownText(strings.Join(x.Causes, ", "))})
	}
	m.section(r.Drops(), "Interruptions while it is applied", []string{"What", "Effect", "For", "Because of"}, rows)
}

func (m *markdownDiff) resources(r change.Report) {
	var rows [][]string
	for _, x := range ranked(r.Resources) {
		var what []string
		for _, f := range x.Fields {
			what = append(what, markdownText(fieldText(f)))
		}
		if !x.Follows() {
			what = append(what, list(x.Reasons(), func(s string) string { return "<i>" + markdownText(s) + "</i>" })...)
		}
		rows = append(rows, []string{x.Action.String(), markdownText(x.Cloud.Title() + " " + x.Kind), code(x.ID), strings.Join(what, "<br>"), lasts(x.Low, x.High, x.Mark)})
	}
	m.section(false, "Resources", []string{"", "Kind", "Id", "What", "Stops for"}, rows)
}

func (m *markdownDiff) ways(r change.Report) {
	var rows [][]string
	for _, w := range r.Ways {
		for _, x := range wayRows(w.Old, w.New) {
			rows = append(rows, []string{code(w.From.String()), code(w.To.String()), x[0], markdownText(x[1]), markdownText(x[2])})
		}
	}
	m.section(false, "Ways", []string{"From", "To", "What", "Was", "Is"}, rows)
}

func (m *markdownDiff) links(r change.Report) {
	var rows [][]string
	for _, l := range r.Links {
		switch {
		case l.Old == nil:
			rows = append(rows, []string{code(string(l.Link)), "added", "", markdownText(linkState(l.New))})
		case l.New == nil:
			rows = append(rows, []string{code(string(l.Link)), "removed", markdownText(linkState(l.Old)), ""})
		default:
			for _, x := range linkRows(l.Old, l.New) {
				rows = append(rows, []string{code(string(l.Link)), x[0], x[1], x[2]})
			}
		}
	}
	m.section(false, "Links", []string{"Link", "What", "Was", "Is"}, rows)
}

func (m *markdownDiff) singles(r change.Report) {
	var rows [][]string
	for _, s := range r.Singles {
		if len(s.Gained) > 0 {
			rows = append(rows, []string{markdownText(s.Part.String()), "newly cuts off", markdownText(someOf(pairTexts(s.Gained), mostItems))})
		}
		if len(s.Lost) > 0 {
			rows = append(rows, []string{markdownText(s.Part.String()), "no longer cuts off", markdownText(someOf(pairTexts(s.Lost), mostItems))})
		}
	}
	m.section(true, "Single points of failure", []string{"What fails", "", "Pairs"}, rows)
}

func (m *markdownDiff) cost(r change.Report) {
	var rows [][]string
	for _, d := range r.Cost.ByLink {
		rows = append(rows, []string{cmp.Or(code(d.Key), "no link"), d.Old.String(), d.New.String(), money(d.By())})
	}
	title := "Bill, " + money(r.Cost.By()) + " USD a month"
	m.section(false, title+", by link", []string{"Link", "Was", "Is", "More"}, rows)
	rows = nil
	for _, d := range r.Cost.ByItem {
		rows = append(rows, []string{markdownText(d.Key), d.Old.String(), d.New.String(), money(d.By())})
	}
	m.section(false, title+", by item", []string{"Item", "Was", "Is", "More"}, rows)
}

func (m *markdownDiff) other(r change.Report) {
	var rows [][]string
	for _, o := range r.Other {
		if len(o.Added)+len(o.Removed) == 0 {
			rows = append(rows, []string{o.What, markdownText(o.Old), markdownText(o.New)})
		}
		for _, x := range o.Removed {
			rows = append(rows, []string{o.What, markdownText(x), ""})
		}
		for _, x := range o.Added {
			rows = append(rows, []string{o.What, "", markdownText(x)})
		}
	}
	m.section(false, "Stated", []string{"What", "Was", "Is"}, rows)
}
