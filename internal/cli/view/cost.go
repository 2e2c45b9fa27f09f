package view

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/vocab"
)

// Grouping says under what the positions of a bill are put.
type Grouping uint8

// The groupings.
const (
	ByLink Grouping = iota + 1
	BySite
	ByCloud
	ByItem
)

// ParseGrouping reads link, site, cloud or item.
func ParseGrouping(s string) (Grouping, bool) {
	switch s {
	case "link":
		return ByLink, true
	case "site":
		return BySite, true
	case "cloud":
		return ByCloud, true
	case "item":
		return ByItem, true
	}
	return 0, false
}

// key is the group that a position belongs to.
func (g Grouping) key(l price.Line) string {
	switch g {
	case ByLink:
		return string(l.Link)
	case BySite:
		return string(l.Site)
	case ByCloud:
		return l.Cloud.String()
	case ByItem:
		return l.Item
	}
	return ""
}

// Cost is a bill with what its links would cost otherwise.
type Cost struct {
	Network string
	Bill    price.Bill
	By      Grouping
	Links   []price.LinkOptions
}

func (c Cost) groups() []price.Group {
	switch c.By {
	case ByLink:
		return c.Bill.ByLink
	case BySite:
		return c.Bill.BySite
	case ByCloud:
		return c.Bill.ByCloud
	case ByItem:
		return c.Bill.ByItem
	}
	return nil
}

// Cost prints a bill with its positions.
func (p *Printer) Cost(c Cost) {
	b := c.Bill
	p.Title("Bill of "+c.Network, "USD a month at list prices"+asOf(b.Lines))
	most := 0
	if p.width < 100 {
		most = 38 // leaves room for the numbers in 80 columns
	}
	t := table{columns: []column{
		{head: "POSITION", most: most},
		{head: "FOR", flex: true, wrap: true, drop: 2},
		{head: "QUANTITY", right: true},
		{head: "UNIT PRICE", right: true},
		{head: "AMOUNT", right: true},
		{head: "PRICE OF", drop: 3},
		{head: "MARK", drop: 1},
	}}
	for _, g := range c.groups() {
		t.add(p.bold(groupTitle(c.By, g.Key)), "", "", "", p.bold(g.Amount.String()))
		for _, m := range merged(b.Lines, func(l price.Line) bool { return c.By.key(l) == g.Key }) {
			mark := string(rune(m.Mark))
			if m.IsUnverified() {
				mark = p.yellow(mark)
			}
			name := "  " + m.Item
			if m.count > 1 {
				name += fmt.Sprintf(" × %d", m.count)
			}
			if g.Key == "" {
				name += ", " + cmp.Or(string(m.Site), m.Object)
			}
			unit := m.UnitPrice.Unit()
			if len(m.Tiers) > 1 {
				unit = "~" + fmt.Sprintf("%.4f", m.UnitPrice.Float())
			}
			t.add(name, p.dim(m.what), quantity(m.Quantity)+" "+m.Unit, unit, m.Amount.String(), p.dim(m.AsOf), mark)
		}
	}
	t.add(p.bold("Total"), "", "", "", p.bold(b.Total.String()))
	t.print(p)
	p.Line("%s", p.dim(split(b.Fixed, b.Traffic)+unverified(b)))
	for _, m := range b.Missing {
		p.Line("%s no price of %s in %s: %s is not in the bill", p.yellow("missing:"), m.Item, m.Region, m.Object)
	}
	for _, note := range b.Notes {
		p.Wrapped(p.dim("note: "), "  ", note)
	}
	for _, l := range c.Links {
		p.Blank()
		p.options(l)
	}
}

func groupTitle(by Grouping, key string) string {
	if by == ByCloud {
		return cloudTitle(key)
	}
	return cmp.Or(strings.Replace(key, "--", " – ", 1), "no "+map[Grouping]string{ByLink: "link", BySite: "site", ByItem: "item"}[by])
}

// mergedLine is positions that differ only in what they are for.
type mergedLine struct {
	price.Line
	count int
	what  string
}

// merged puts equal positions together: four tunnels are one line.
func merged(lines []price.Line, in func(price.Line) bool) []mergedLine {
	type key struct {
		item, unit, fact string
		price            vocab.USD
		flow             int
		site             string
	}
	at := map[key]int{}
	var out []mergedLine
	for _, l := range lines {
		if !in(l) {
			continue
		}
		k := key{l.Item, l.Unit, l.FactID, l.UnitPrice, l.Flow, string(l.Site)}
		if i, ok := at[k]; ok && !l.IsTraffic() {
			out[i].Quantity += l.Quantity
			out[i].Amount += l.Amount
			out[i].count++
			out[i].what = cmp.Or(string(l.Site), out[i].what)
			continue
		}
		at[k] = len(out)
		out = append(out, mergedLine{Line: l, count: 1, what: l.Object})
	}
	return out
}

func quantity(q float64) string {
	if q == float64(int64(q)) {
		return fmt.Sprint(int64(q))
	}
	return fmt.Sprintf("%.1f", q)
}

// options prints the ways that a link's traffic could take.
func (p *Printer) options(l price.LinkOptions) {
	volume := "no traffic stated: A MONTH is the fixed part, A GB is at 1 TB each way"
	var sent []string
	for i, v := range l.Volumes {
		if v > 0 {
			sent = append(sent, fmt.Sprintf("%v a month to %s", v, l.Sites[1-i]))
		}
	}
	if len(sent) > 0 {
		volume = strings.Join(sent, ", ")
	}
	p.Title(fmt.Sprintf("Ways between %s and %s", l.Sites[0], l.Sites[1]), volume)
	t := table{indent: "  ", columns: []column{
		{head: "WAY", most: 32},
		{head: "FIXED", right: true},
		{head: "A GB", right: true},
		{head: "A MONTH", right: true},
		{head: "CARRIES", right: true, drop: 2},
		{head: "MARK", drop: 3},
	}}
	for _, o := range l.Options {
		mark := string(rune(o.Mark))
		if o.Mark == atlas.Recalled {
			mark = p.yellow(mark)
		}
		name := o.Name
		if o.Present {
			name = p.bold(name)
		}
		if !o.Priced {
			t.add(name, "", "", "not priced", rate(o.Capacity))
			t.remark(o.Why)
			continue
		}
		t.add(name, o.Fixed.String(), fmt.Sprintf("%.4f", o.PerGB.Float()), l.Month(o).String(), rate(o.Capacity), mark)
		t.remark(p.cheaper(o))
	}
	t.print(p)
	if l.Common > 0 {
		p.Wrapped("  "+p.dim("note: "), "    ", commonNote(l))
	}
	for _, note := range l.Notes {
		p.Wrapped("  "+p.dim("note: "), "    ", note)
	}
}

// commonNote says what stands in the month of the rows beside their own.
func commonNote(l price.LinkOptions) string {
	rows := "every row"
	for _, o := range l.Options {
		if o.Spares {
			rows += " but " + o.Name
		}
	}
	return fmt.Sprintf("A MONTH has in %s %v of transit gateway data and other charges that are the same whichever way.", rows, l.Common)
}

// cheaper says when an option is worth it.
func (p *Printer) cheaper(o price.Option) string {
	var parts []string
	switch {
	case o.Breaks == price.CheaperAbove || o.Breaks == price.CheaperBelow:
		parts = append(parts, fmt.Sprintf("%s %s a month", o.Breaks, roundVolume(o.BreakEven)))
	case o.Breaks != 0:
		parts = append(parts, o.Breaks.String())
	}
	if !o.Feasible && o.Why != "" {
		parts = append(parts, p.yellow(o.Why))
	}
	if len(o.NotIncluded) > 0 {
		parts = append(parts, "without "+strings.Join(o.NotIncluded, ", "))
	}
	return strings.Join(parts, "; ")
}

// roundVolume keeps two digits of a volume.
func roundVolume(v vocab.Volume) string {
	unit := vocab.Volume(1)
	for v/unit >= 100 {
		unit *= 10
	}
	return ((v + unit/2) / unit * unit).String()
}

// Scenarios prints what a volume costs by the usual ways.
func (p *Printer) Scenarios(list []price.Scenario) {
	p.Title("Data in motion", "list prices in USD, without what is billed by the hour")
	t := table{columns: []column{
		{head: "WAY"}, {head: "FROM"}, {head: "TO"}, {head: "A GB", right: true}, {head: "A TB", right: true}, {head: "PRICE OF", drop: 1}, {head: "MARK", drop: 2},
	}}
	for _, s := range list {
		name := p.bold(s.Kind.String())
		for _, r := range s.Routes {
			mark := string(rune(r.Mark))
			if r.Mark == atlas.Recalled {
				mark = p.yellow(mark)
			}
			to := r.To
			if r.Nearest {
				to += " (nearest)"
			}
			t.add(name, r.From, to, fmt.Sprintf("%.4f", r.PerGB.Float()), r.PerTB.String(), p.dim(r.AsOf), mark)
			name = ""
		}
		if len(s.Routes) == 0 {
			t.add(name, p.dim("no price known"))
		}
	}
	t.print(p)
	for _, s := range list {
		if s.Note != "" {
			p.Wrapped(p.dim(s.Kind.String()+": "), "  ", s.Note)
		}
	}
}
