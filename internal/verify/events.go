package verify

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/packet"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify/finding"
	"github.com/tieline/tieline/internal/verify/forward"
)

// events reports what the control plane does that nobody asked for.
func (r *reporter) events() {
	for i := range r.p.Tables.Events {
		e := &r.p.Tables.Events[i]
		object := string(e.Table)
		switch {
		case e.Tunnel != "":
			object = string(e.Tunnel)
		case e.Gateway != "":
			object = string(e.Gateway)
		}
		f := r.add(codeOfEvent(e.Kind), e.Pos, object, nil, "%s", e.Text)
		switch {
		case e.Kind == routes.LimitPassed && r.p.Atlas.Limit(e.Limit).Adjustable:
			f.Hint = fmt.Sprintf("summarise what is announced, or have the limit raised and state it in the facts file: limits: {%s: %d}", e.Limit, e.Count)
		case e.Kind == routes.LimitPassed:
			f.Hint = "summarise what is announced: the cloud does not raise this limit"
		case len(e.Facts) > 0:
			f.Hint = "facts: " + strings.Join(e.Facts, ", ")
		}
	}
}

func codeOfEvent(k routes.EventKind) diag.Code {
	switch k {
	case routes.LimitPassed:
		return finding.Limit
	case routes.Nondeterminism:
		return finding.Timing
	case routes.LoopRefused:
		return finding.LoopedPath
	case routes.Overlap:
		return finding.Overlap
	case routes.Shadowed:
		return finding.Shadowed
	case routes.AnnouncedUnheld:
		return finding.Unheld
	case routes.FilteredPrefix:
		return finding.Filtered
	}
	return finding.Timing
}

// loops reports tables that forward packets round: each ring that machines'
// packets run into, and once for each route that leads into rings what they
// hold that no machine has.
func (r *reporter) loops() {
	p := r.p
	held := p.heldClasses()
	unheld := map[netip.Prefix]*idle{}
	var order []netip.Prefix
	for _, x := range p.fates.Rings() {
		to := p.addrs.First(p.addrs.Example(x.Class))
		if p.special.Contains(to) && !to.IsPrivate() {
			continue
		}
		names := make([]string, len(x.Tables))
		for i, t := range x.Tables {
			names[i] = string(p.Tables.Tables[t].ID)
		}
		if held[x.Class] {
			r.add(finding.Loop, p.Tables.Tables[x.Tables[0]].Meta.Origin.Pos, names[0], nil, "packets to %s go round between %s", p.classText(x.Class), strings.Join(names, ", "))
			continue
		}
		route, _ := p.Tables.Lookup(int(x.Tables[0]), to)
		u := unheld[route.Prefix]
		if u == nil {
			u = &idle{tables: names, pos: p.Tables.Tables[x.Tables[0]].Meta.Origin.Pos}
			unheld[route.Prefix] = u
			order = append(order, route.Prefix)
		}
		if text := p.classText(x.Class); !slices.Contains(u.ranges, text) {
			u.ranges = append(u.ranges, text)
		}
	}
	for _, q := range order {
		u := unheld[q]
		f := r.add(finding.Loop, u.pos, u.tables[0], nil, "packets to %s, which nothing has, go round between %s: the route to %s holds more than is there", strings.Join(u.ranges, ", "), strings.Join(u.tables, ", "), q)
		f.Severity = diag.Note
		f.Hint = "announce what is there instead of the summary, or give the site that announces it a blackhole route for it"
	}
}

// idle is what a route leads round that no machine has.
type idle struct {
	ranges, tables []string
	pos            diag.Pos
}

// holes notes, once, that tables forward packets for machines of the network
// to others that drop them, where no rule of the policy needs the way.
func (r *reporter) holes() {
	p := r.p
	tables, targets := map[int]int{}, map[int32]int{} // with a unit of each
	var from, to []int
	for i := range p.units {
		u := &p.units[i]
		if _, ok := tables[u.table]; !ok && u.table >= 0 && !p.endpoints.Has(i) {
			tables[u.table] = i
			from = append(from, i)
		}
		if _, ok := targets[u.route]; !ok && !p.isBeyond(u.place) {
			targets[u.route] = i
			to = append(to, i)
		}
	}
	var first *Witness
	for _, i := range from {
		for _, k := range to {
			x, _ := p.fates.At(p.units[k].route, p.units[i].table)
			if x&forward.Onward == 0 || x&(forward.Delivered|forward.Unknown) != 0 || r.needed(i, k) {
				continue
			}
			r.hole++
			if first == nil {
				pk := p.sampleOf(&flow{}, i, k)
				x := &walker{p: p, class: p.space.Of(pk), from: spot{i, pk.Src}, to: spot{k, pk.Dst}, packet: pk, bare: true}
				first = &Witness{Packet: pk, Forward: x.forward(true)}
			}
		}
	}
	if first == nil {
		return
	}
	last := first.Forward.Steps[len(first.Forward.Steps)-1]
	r.add(finding.BlackHole, last.Origin.Pos, last.Object, first, "tables forward packets that others drop, on %d ways that no rule needs: from %s to %s they end in %s",
		r.hole, first.Packet.Src, first.Packet.Dst, last.Object)
}

// needed reports whether a rule of the policy wants packets from one unit to
// another, or their replies.
func (r *reporter) needed(a, b int) bool {
	m := r.p.meaning
	return slices.ContainsFunc(m.wants, func(w want) bool {
		return w.from.Has(a) && w.to.Has(b) || w.from.Has(b) && w.to.Has(a)
	})
}

// classText names some addresses of a class as tables see them.
func (p *Proof) classText(class int) string {
	a := p.addrs.Example(class)
	list := prefix.FromRange(p.addrs.First(a), p.addrs.Last(a)).Prefixes()
	return list[0].String()
}

// sampleOf gives a packet of a flow from one unit to another.
func (p *Proof) sampleOf(f *flow, a, b int) packet.Packet {
	service := anything[0]
	if len(f.services) > 0 {
		service = f.services[0]
	}
	class := 0
	if list := p.space.Service(service).And(p.space.Clients(p.clientPorts)).Classes(); len(list) > 0 {
		class = list[0]
	}
	return p.sample(class, a, b, service)
}

// unread reports what was read and is not modelled, one finding a kind, and
// each object of which something is not understood.
func (r *reporter) unread() {
	n := r.p.Net
	kinds := map[string]int{}
	for i := range n.Unread {
		if !n.Unread[i].Harmless {
			kinds[n.Unread[i].Kind]++
		}
	}
	for i := range n.Unread {
		u := &n.Unread[i]
		count := kinds[u.Kind]
		if u.Harmless || count == 0 {
			continue
		}
		kinds[u.Kind] = 0
		more := ""
		if count > 1 {
			more = fmt.Sprintf(" (and %d more of its kind)", count-1)
		}
		r.add(finding.NotModel, u.Origin.Pos, u.Origin.Path, nil, "%s is not modelled: %s%s", u.Origin.Path, u.Why, more)
	}
	object := func(id string, m fabric.Meta) {
		if m.Unread == "" {
			return
		}
		where := ""
		if m.Origin.Path != "" {
			where = " (" + m.Origin.Path + ")"
		}
		r.add(finding.NotModel, m.Origin.Pos, id, nil, "%s%s is not fully known: %s", id, where, m.Unread)
	}
	for i := range n.VPCs {
		object(string(n.VPCs[i].ID), n.VPCs[i].Meta)
	}
	for i := range n.Subnets {
		object(string(n.Subnets[i].ID), n.Subnets[i].Meta)
	}
	for i := range n.RouteTables {
		object(string(n.RouteTables[i].ID), n.RouteTables[i].Meta)
	}
	for i := range n.Gateways {
		object(string(n.Gateways[i].ID), n.Gateways[i].Meta)
	}
	for i := range n.Attachments {
		object(string(n.Attachments[i].ID), n.Attachments[i].Meta)
	}
	for i := range n.Filters {
		f := &n.Filters[i]
		object(string(f.ID), f.Meta)
		for k := range f.Rules {
			if x := &f.Rules[k]; x.Unread != "" {
				r.add(finding.NotModel, x.Origin.Pos, string(f.ID), nil, "rule %s of %s (%s) is not fully known: %s", x.Name, f.ID, x.Origin.Path, x.Unread)
			}
		}
	}
}

// edges notes the existing networks at whose edge the proof ends.
func (r *reporter) edges() {
	for i := range r.p.Net.VPCs {
		if v := &r.p.Net.VPCs[i]; v.Existing != "" {
			r.add(finding.Edge, v.Meta.Origin.Pos, string(v.ID), nil, "the filters of the existing network %s are not described here: it is taken to answer as policy says", v.ID)
		}
	}
}
