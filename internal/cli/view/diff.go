package view

import (
	"cmp"
	"fmt"
	"strings"

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
	mostRules     = 4 // of a longer one of rules
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
	for _, h := range r.Hints {
		p.Wrapped("  "+p.dim("hint:")+" ", "    ", h)
	}
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
	t := table{indent: "  ", columns: []column{{head: ""}, {head: "FROM", most: p.most(4)}, {head: "TO", most: p.most(4)}, {head: "SERVICES", flex: true, wrap: true}, {head: "PAIRS", right: true}, {head: "", flex: false, drop: 2}}}
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
	t := table{indent: "  ", columns: []column{{head: "FROM", most: p.most(6)}, {head: "TO", most: p.most(6)}, {head: "WHAT", most: p.most(7)}, {head: "WAS", most: p.most(5)}, {head: "IS", flex: true, wrap: true}}}
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
	t := table{indent: "  ", columns: []column{{head: ""}, {head: "LINK", most: p.most(4)}, {head: "WHAT"}, {head: "WAS", most: p.most(4)}, {head: "IS", flex: true, wrap: true}}}
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
	t := table{indent: "  ", columns: []column{{head: ""}, {head: "WHAT FAILS", most: p.most(3)}, {head: "PAIRS", flex: true, wrap: true}}}
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
