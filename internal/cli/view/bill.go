package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/vocab"
)

// bill prints the sum of a bill: by cloud, and its largest positions.
func (p *Printer) bill(v Plan) {
	b := v.Bill
	p.Title("Bill", fmt.Sprintf("USD a month at list prices%s", asOf(b.Lines)))
	t := table{indent: "  ", columns: []column{{}, {right: true}, {flex: true, drop: 1}}}
	for _, g := range b.ByCloud {
		t.add(cloudTitle(g.Key), g.Amount.String(), p.dim(split(g.Fixed, g.Traffic)))
	}
	t.add(p.bold("Total"), p.bold(b.Total.String()), p.dim(split(b.Fixed, b.Traffic)+unverified(b)))
	t.print(p)
	items := largest(b, mostLines)
	if len(items) > 0 {
		var parts []string
		for _, g := range items {
			parts = append(parts, fmt.Sprintf("%s %s", g.Key, g.Amount))
		}
		p.Wrapped("  "+p.dim("Largest: "), "    ", strings.Join(parts, ", "))
	}
	p.Blank()
}

func split(fixed, traffic vocab.USD) string {
	return fmt.Sprintf("%s fixed, %s traffic", fixed, traffic)
}

// largest returns the items that cost most.
func largest(b price.Bill, most int) []price.Group {
	items := slices.Clone(b.ByItem)
	slices.SortStableFunc(items, func(x, y price.Group) int { return cmp.Compare(y.Amount, x.Amount) })
	items = slices.DeleteFunc(items, func(g price.Group) bool { return g.Amount == 0 })
	return items[:min(len(items), most)]
}

// asOf gives the span of the prices' dates.
func asOf(lines []price.Line) string {
	first, last := "", ""
	for _, l := range lines {
		if l.AsOf == "" {
			continue
		}
		if first == "" || l.AsOf < first {
			first = l.AsOf
		}
		last = max(last, l.AsOf)
	}
	switch {
	case first == "":
		return ""
	case first == last:
		return " of " + first
	}
	return fmt.Sprintf(" of %s to %s", first, last)
}

// unverified says how much of a bill rests on recalled prices.
func unverified(b price.Bill) string {
	var sum vocab.USD
	for _, l := range b.Lines {
		if l.IsUnverified() {
			sum += l.Amount
		}
	}
	if sum == 0 {
		return ""
	}
	return fmt.Sprintf("; %s on unverified prices", sum)
}

func cloudTitle(key string) string {
	c, err := vocab.ParseCloud(key)
	if err != nil {
		return cmp.Or(key, "other")
	}
	return c.Title()
}
