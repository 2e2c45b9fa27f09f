package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/change"
)

func (p *Printer) diffInterrupts(r change.Report) {
	if len(r.Interrupts) == 0 {
		return
	}
	p.Title("Interruptions", "while it is applied, everything at the same time; times are estimates where marked ?")
	t := table{indent: "  ", columns: []column{{head: "WHAT", most: p.most(4)}, {head: "EFFECT", most: p.most(4)}, {head: "FOR", right: true}, {head: "BECAUSE OF", flex: true, wrap: true}}}
	for _, x := range r.Interrupts {
		effect := interruptText(x)
		if x.Stops() {
			effect = p.red(effect)
		}
		t.add(cmp.Or(string(x.Link), x.Resource), effect, lasts(x.Low, x.High, x.Mark), strings.Join(x.Causes, ", "))
	}
	t.print(p)
	p.Blank()
}

// most is a part of the width at which a column of a terminal is wrapped, so
// that the others have room; 0 for output that others read.
func (p *Printer) most(part int) int {
	if p.whole {
		return 0
	}
	return p.width / part
}

func interruptText(x change.Interrupt) string {
	switch {
	case x.Of == 0:
		return "stops"
	case x.Stops():
		return fmt.Sprintf("all %s down: stops", Count(x.Of, "tunnel"))
	}
	return fmt.Sprintf("%d of %d tunnels down, the others carry", x.Down, x.Of)
}

// lasts gives a stretch of time: "45-90 min", "1-60 s"; with a question mark
// when it rests on what is recalled.
func lasts(low, high time.Duration, mark atlas.Mark) string {
	if high == 0 {
		return ""
	}
	unit, word := time.Second, "s"
	if high > 90*time.Second {
		unit, word = time.Minute, "min"
	}
	round := func(d time.Duration) int { return int((d + unit - 1) / unit) }
	text := fmt.Sprintf("%d-%d %s", round(low), round(high), word)
	if low == high {
		text = fmt.Sprintf("%d %s", round(low), word)
	}
	if mark == atlas.Recalled {
		text += "?"
	}
	return text
}

func (p *Printer) diffResources(r change.Report) {
	if len(r.Resources) == 0 {
		return
	}
	p.Title("Resources", "+ added, - removed, ~ changed in place, -/+ destroyed and made anew")
	t := table{indent: "  ", columns: []column{{head: ""}, {head: "KIND", most: p.most(6)}, {head: "ID", most: p.most(3)}, {head: "WHAT", flex: true, wrap: true}, {head: "STOPS FOR", right: true}}}
	shown := ranked(r.Resources)
	if len(shown) > mostResources {
		shown = shown[:mostResources]
	}
	for _, x := range shown {
		var what []string
		for _, f := range x.Fields {
			what = append(what, fieldText(f))
		}
		t.add(p.sign(x.Action), x.Cloud.Title()+" "+x.Kind, x.ID, strings.Join(what, "; "), lasts(x.Low, x.High, x.Mark))
		if (x.Action == change.Replaced || x.Action == change.Remade) && !x.Follows() {
			t.remark(p.dim(strings.Join(x.Reasons(), "; ")))
		}
	}
	t.print(p)
	p.more(len(r.Resources)-len(shown), "resource", "tieline diff --json has all")
	p.Blank()
}

func (p *Printer) sign(a change.Action) string {
	switch a {
	case change.Added:
		return p.green("+")
	case change.Removed:
		return p.red("-")
	case change.Modified:
		return p.yellow("~")
	case change.Remade, change.Replaced:
		return p.red("-/+")
	}
	return ""
}

// ranked puts the resources that interrupt most first.
func ranked(list []change.Resource) []change.Resource {
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(x, y change.Resource) int {
		return cmp.Or(cmp.Compare(y.High, x.High), cmp.Compare(y.Action, x.Action))
	})
	return out
}

// fieldText tells a field's change: "sku VpnGw1AZ to VpnGw2AZ".
func fieldText(f change.Field) string {
	name := strings.ReplaceAll(f.Name, "_", " ")
	var parts []string
	for _, x := range f.Added {
		parts = append(parts, "+"+x)
	}
	for _, x := range f.Removed {
		parts = append(parts, "-"+x)
	}
	switch {
	case len(parts) > 0:
		return name + " " + setText(name, f.Added, f.Removed)
	case f.Because != "":
		return f.Because + " is made anew"
	}
	return fmt.Sprintf("%s %s to %s", name, cmp.Or(f.Old, "none"), cmp.Or(f.New, "none"))
}

// setText lists what came and went, or counts it where it is long.
func setText(name string, added, removed []string) string {
	var parts []string
	for _, x := range added {
		parts = append(parts, "+"+x)
	}
	for _, x := range removed {
		parts = append(parts, "-"+x)
	}
	switch {
	case len(parts) <= mostItems:
		return strings.Join(parts, ", ")
	case name == "rules":
		return fmt.Sprintf("+%d -%d: %s and %d more", len(added), len(removed), strings.Join(parts[:mostRules], ", "), len(parts)-mostRules)
	}
	return fmt.Sprintf("+%d -%d", len(added), len(removed))
}

func (p *Printer) diffCost(r change.Report) {
	if r.Cost.IsZero() {
		return
	}
	c := r.Cost
	p.Title("Bill", fmt.Sprintf("USD a month: %v, was %v (%s)", c.New.Total, c.Old.Total, money(c.By())))
	p.deltas("BY LINK", "no link", c.ByLink)
	p.deltas("BY ITEM", "", c.ByItem)
}

// deltas prints one breakdown of the bill, which adds up to the whole.
func (p *Printer) deltas(by, none string, list []change.Delta) {
	if len(list) == 0 {
		return
	}
	t := table{indent: "  ", columns: []column{{head: by, flex: true, wrap: true}, {head: "WAS", right: true}, {head: "IS", right: true}, {head: "MORE", right: true}}}
	for _, d := range list {
		t.add(cmp.Or(d.Key, none), d.Old.String(), d.New.String(), money(d.By()))
	}
	t.print(p)
	p.Blank()
}

func (p *Printer) diffOther(r change.Report) {
	for _, o := range r.Other {
		switch {
		case len(o.Added)+len(o.Removed) == 0:
			p.Wrapped("  ", "    ", fmt.Sprintf("%s: %s, was %s", o.What, cmp.Or(o.New, "none"), cmp.Or(o.Old, "none")))
		default:
			for _, x := range o.Removed {
				p.Wrapped("  "+p.red("-")+" ", "    ", o.What+": "+x)
			}
			for _, x := range o.Added {
				p.Wrapped("  "+p.green("+")+" ", "    ", o.What+": "+x)
			}
		}
	}
}
