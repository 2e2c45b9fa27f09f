package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/change"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// The most that a diff shows to people of each kind before it sums up.
const (
	mostReach     = 24
	mostResources = 40
	mostDiffPairs = 4
	mostItems     = 6 // of a set that changed
)

// Diff prints what differs between two networks.
func (p *Printer) Diff(r change.Report) {
	if r.IsEmpty() {
		p.Line("%s", p.green("no difference: ")+"the two specs mean the same network")
		return
	}
	p.Wrapped("", "  ", p.bold(r.New)+": "+diffSummary(r))
	p.Blank()
	p.diffReach(r)
	p.diffWays(r)
	p.diffLinks(r)
	p.diffSingles(r)
	p.diffInterrupts(r)
	p.diffResources(r)
	p.diffCost(r)
	p.diffOther(r)
}

// diffSummary is a diff in a sentence.
func diffSummary(r change.Report) string {
	var parts []string
	gained, lost := 0, 0
	for _, c := range r.Reach {
		if len(c.Gained) > 0 {
			gained += c.Count
		}
		if len(c.Lost) > 0 {
			lost += c.Count
		}
	}
	if gained > 0 {
		parts = append(parts, Count(gained, "pair")+" of places "+oneOf(gained, "gains", "gain")+" reach")
	}
	if lost > 0 {
		parts = append(parts, Count(lost, "pair")+" "+oneOf(lost, "loses", "lose")+" reach")
	}
	count := map[change.Action]int{}
	for _, x := range r.Resources {
		count[x.Action]++
	}
	for _, a := range []change.Action{change.Added, change.Removed, change.Modified, change.Remade, change.Replaced} {
		switch n := count[a]; {
		case n == 0:
		case a == change.Remade:
			parts = append(parts, Count(n, "connection")+" made anew")
		default:
			parts = append(parts, fmt.Sprintf("%s %s", Count(n, "resource"), a))
		}
	}
	switch {
	case r.Drops():
		parts = append(parts, "traffic stops meanwhile")
	case len(r.Interrupts) > 0:
		parts = append(parts, "other tunnels carry the traffic meanwhile")
	}
	return strings.Join(append(parts, money(r.Cost.By())+" USD a month"), ", ")
}

func oneOf(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// money gives an amount with its sign, +0.00 when there is none.
func money(u vocab.USD) string {
	if u < 0 {
		return u.String()
	}
	return "+" + u.String()
}

func (p *Printer) diffReach(r change.Report) {
	if len(r.Reach) == 0 {
		return
	}
	p.Title("Reach", "what machines can open, with the replies")
	t := table{indent: "  ", columns: []column{{head: ""}, {head: "FROM"}, {head: "TO"}, {head: "SERVICES", flex: true, wrap: true}, {head: "PAIRS", right: true}, {head: "", flex: false, drop: 2}}}
	shown := r.Reach
	if len(shown) > mostReach {
		shown = shown[:mostReach]
	}
	for _, c := range shown {
		if len(c.Lost) > 0 {
			t.add(p.red("-"), c.From.String(), c.To.String(), strings.Join(texts(c.Lost), " "), number(c.Count), p.dim(pairsNote(c)))
		}
		if len(c.Gained) > 0 {
			t.add(p.green("+"), c.From.String(), c.To.String(), strings.Join(texts(c.Gained), " "), number(c.Count), p.dim(pairsNote(c)))
		}
		t.remark(p.dim(pairsText(c)))
	}
	t.print(p)
	p.more(len(r.Reach)-len(shown), "change", "tieline diff --json has all")
	p.Blank()
}

// pairsNote says that a change comes with a place.
func pairsNote(c change.ReachChange) string {
	fresh, gone := true, true
	for _, x := range c.Pairs {
		fresh, gone = fresh && x.New, gone && x.Gone
	}
	switch {
	case fresh:
		return "new place"
	case gone:
		return "place gone"
	}
	return ""
}

func pairsText(c change.ReachChange) string {
	var out []string
	for i, x := range c.Pairs {
		if i == mostDiffPairs {
			break
		}
		out = append(out, x.From+" > "+x.To)
	}
	if more := c.Count - len(out); more > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(out, ", ")
}

func (p *Printer) diffWays(r change.Report) {
	if len(r.Ways) == 0 {
		return
	}
	p.Title("Ways", "of the pairs that policy joins in both, the worst of each")
	t := table{indent: "  ", columns: []column{{head: "FROM"}, {head: "TO"}, {head: "WHAT"}, {head: "WAS"}, {head: "IS", flex: true, wrap: true}}}
	for _, w := range r.Ways {
		from, to := w.From.String(), w.To.String()
		for _, x := range wayRows(w.Old, w.New) {
			t.add(from, to, x[0], x[1], x[2])
			from, to = "", ""
		}
	}
	t.print(p)
	p.Blank()
}

// wayRows gives what differs of a way: what, before, after.
func wayRows(old, is change.WayState) [][3]string {
	var out [][3]string
	add := func(what, a, b string) {
		if a != b {
			out = append(out, [3]string{what, a, b})
		}
	}
	add("way", lostText(old), lostText(is))
	if old.Lost || is.Lost {
		return out
	}
	add("links", linksText(old.Links), linksText(is.Links))
	add("round trip", millis(old.RTT), millis(is.RTT))
	add("MTU", mtuText(old.MTU), mtuText(is.MTU))
	add("encrypted", yesNo(old.Encrypted), yesNo(is.Encrypted))
	add("over the internet", yesNo(old.Internet), yesNo(is.Internet))
	return out
}

func lostText(w change.WayState) string {
	if w.Lost {
		return "none"
	}
	return "there"
}

func linksText(l []fabric.LinkID) string {
	if len(l) == 0 {
		return "none"
	}
	return strings.Join(ids(l), ", ")
}

func millis(ms float64) string {
	if ms == 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.1f ms", ms)
}

func mtuText(n int) string {
	if n == 0 {
		return "not bound"
	}
	return fmt.Sprintf("%d bytes", n)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (p *Printer) diffLinks(r change.Report) {
	if len(r.Links) == 0 {
		return
	}
	p.Title("Links", "")
	t := table{indent: "  ", columns: []column{{head: ""}, {head: "LINK"}, {head: "WHAT"}, {head: "WAS"}, {head: "IS", flex: true, wrap: true}}}
	for _, l := range r.Links {
		switch {
		case l.Old == nil:
			t.add(p.green("+"), string(l.Link), l.New.Kind, "", linkState(l.New))
		case l.New == nil:
			t.add(p.red("-"), string(l.Link), l.Old.Kind, linkState(l.Old))
		default:
			sign, name := p.yellow("~"), string(l.Link)
			for _, x := range linkRows(l.Old, l.New) {
				t.add(sign, name, x[0], x[1], x[2])
				sign, name = "", ""
			}
		}
	}
	t.print(p)
	p.Blank()
}

func linkState(s *change.LinkState) string {
	var parts []string
	if s.Tunnels > 0 {
		parts = append(parts, Count(s.Tunnels, "tunnel"))
	}
	if s.Capacity > 0 {
		parts = append(parts, rate(s.Capacity))
	}
	return strings.Join(append(parts, millis(s.RTT)), ", ")
}

// linkRows gives what differs of a link: what, before, after.
func linkRows(old, is *change.LinkState) [][3]string {
	var out [][3]string
	add := func(what, a, b string) {
		if a != b {
			out = append(out, [3]string{what, a, b})
		}
	}
	add("kind", old.Kind, is.Kind)
	add("tunnels", fmt.Sprint(old.Tunnels), fmt.Sprint(is.Tunnels))
	add("gateway ends", fmt.Sprint(old.Instances), fmt.Sprint(is.Instances))
	add("capacity", cmp.Or(rate(old.Capacity), "not bound"), cmp.Or(rate(is.Capacity), "not bound"))
	add("round trip", millis(old.RTT), millis(is.RTT))
	add("MTU", mtuText(old.MTU), mtuText(is.MTU))
	return out
}

func (p *Printer) diffSingles(r change.Report) {
	if len(r.Singles) == 0 {
		return
	}
	p.Title("Single points of failure", "what a failure newly cuts off, or cuts off no more")
	t := table{indent: "  ", columns: []column{{head: ""}, {head: "WHAT FAILS"}, {head: "PAIRS", flex: true, wrap: true}}}
	for _, s := range r.Singles {
		if len(s.Gained) > 0 {
			t.add(p.red("+"), s.Part.String(), someOf(pairTexts(s.Gained), mostItems))
		}
		if len(s.Lost) > 0 {
			t.add(p.green("-"), s.Part.String(), someOf(pairTexts(s.Lost), mostItems))
		}
	}
	t.print(p)
	p.Blank()
}

// someOf joins the first items of a list and counts the rest.
func someOf(list []string, most int) string {
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:most], ", ") + fmt.Sprintf(" and %d more", len(list)-most)
}

func (p *Printer) diffInterrupts(r change.Report) {
	if len(r.Interrupts) == 0 {
		return
	}
	p.Title("Interruptions", "while it is applied, everything at the same time; times are estimates where marked ?")
	t := table{indent: "  ", columns: []column{{head: "WHAT"}, {head: "EFFECT"}, {head: "FOR", right: true}, {head: "BECAUSE OF", flex: true, wrap: true}}}
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
	t := table{indent: "  ", columns: []column{{head: ""}, {head: "KIND"}, {head: "ID"}, {head: "WHAT", flex: true, wrap: true}, {head: "STOPS FOR", right: true}}}
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
	if len(added)+len(removed) <= mostItems && name != "rules" {
		var parts []string
		for _, x := range added {
			parts = append(parts, "+"+x)
		}
		for _, x := range removed {
			parts = append(parts, "-"+x)
		}
		return strings.Join(parts, ", ")
	}
	return fmt.Sprintf("+%d -%d", len(added), len(removed))
}

func (p *Printer) diffCost(r change.Report) {
	if r.Cost.IsZero() {
		return
	}
	c := r.Cost
	p.Title("Bill", fmt.Sprintf("USD a month: %v, was %v (%s)", c.New.Total, c.Old.Total, money(c.By())))
	t := table{indent: "  ", columns: []column{{head: "OF"}, {head: "WAS", right: true}, {head: "IS", right: true}, {head: "MORE", right: true}}}
	for _, d := range c.ByLink {
		t.add(cmp.Or(d.Key, "no link"), d.Old.String(), d.New.String(), money(d.By()))
	}
	for _, d := range c.ByItem {
		t.add(d.Key, d.Old.String(), d.New.String(), money(d.By()))
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
