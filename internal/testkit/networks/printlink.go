package networks

import (
	"fmt"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/price"
)

func (p *printer) links() {
	n := p.n
	for _, l := range n.Links {
		p.blank()
		p.line(0, "link", string(l.ID), l.Kind.String(), named("gateways", list(l.Gateways[:])), when(l.Asked > 0, "asked "+l.Asked.String()),
			when(l.Capacity > 0, "capacity "+l.Capacity.String()), positive("mtu", l.MTU), positive("mss", l.MSS),
			when(l.RTT > 0, fmt.Sprintf("rtt %.1f ms (%s)", l.RTT, l.RTTSource)), named("hub", string(l.Transit)), origin(l.Origin))
		if l.Kind == fabric.VPN {
			p.line(1, "suite", l.Suite.String())
		}
		for _, c := range n.Connections {
			if c.Link == l.ID {
				p.line(1, "connection", string(c.ID), string(c.Gateway), "to", fmt.Sprintf("%s interface %d", c.Peer, c.PeerInterface), named("tunnels", list(c.Tunnels[:])), when(c.Large, "large"), meta(c.Meta))
			}
		}
		for _, t := range n.TunnelsOf(l) {
			p.line(1, "tunnel", string(t.ID), t.Inside.String(), t.Rate.String(), named("connection", string(t.Connection)), named("key", t.PSK), domains(t.Domains))
			for _, e := range t.Ends {
				p.line(2, fmt.Sprintf("%s interface %d", e.Gateway, e.Interface), e.Inside.String(), when(e.InitiateIKE, "dials"), when(e.InitiateBGP, "opens BGP"),
					fmt.Sprintf("phases %d/%d dpd %d keepalive %d/%d", e.Phase1, e.Phase2, e.DPD, e.Keepalive, e.Hold), positive("priority", e.Priority))
			}
		}
	}
}

func (p *printer) filters() {
	for _, f := range p.n.Filters {
		p.blank()
		p.line(0, f.Kind.String(), string(f.ID), named("name", f.Name), named("of", string(f.VPC)), named("subnets", list(f.Subnets)), meta(f.Meta))
		for _, r := range f.Rules {
			p.line(1, when(r.Priority > 0, fmt.Sprint(r.Priority)), r.Direction.String(), actions[r.Action], join(r.Services), when(r.PathMTU, "(path MTU)"), peer(r), named("local", join(r.Local)), r.Name, origin(r.Origin))
		}
	}
}

var actions = map[fabric.Action]string{fabric.Allow: "allow", fabric.Deny: "deny"}

// peer prints the far side of a rule.
func peer(r fabric.FilterRule) string {
	word := "from"
	if r.Direction == fabric.Egress {
		word = "to"
	}
	return strings.Join([]string{word, join(r.Peers) + string(r.PeerFilter) + string(r.PeerEndpoint) + r.PeerTag + when(r.All, "all")}, " ")
}

// intent prints what the spec wants of the network, resolved.
func (p *printer) intent() {
	end := func(e fabric.PolicyEnd) string {
		return fmt.Sprintf("%s (%s)", e.Ref, strings.Join([]string{join(e.Prefixes), when(e.Internet, "internet")}, ""))
	}
	p.blank()
	for _, r := range p.n.Policy {
		var from, to []string
		for _, e := range r.From {
			from = append(from, end(e))
		}
		for _, e := range r.To {
			to = append(to, end(e))
		}
		p.line(0, "policy", strings.Join(from, " "), "to", strings.Join(to, " "), join(r.Services), when(r.RTT > 0, fmt.Sprintf("rtt %g ms", r.RTT)), origin(r.Origin))
	}
	for _, w := range p.n.Waivers {
		p.line(0, "waiver", w.Code, named("for", w.Object), when(!w.Expires.IsZero(), "until "+w.Expires.Format(time.DateOnly)), w.Reason, origin(w.Origin))
	}
	for _, f := range p.n.Flows {
		p.line(0, "flow", f.From.Ref, "to", f.To.Ref, f.Monthly.String(), when(f.Peak > 0, "peak "+f.Peak.String()), origin(f.Origin))
	}
}

// Bill prints a bill: its lines, what has no price, the sums and the notes.
func Bill(b price.Bill) string {
	p := &printer{}
	for _, l := range b.Lines {
		p.line(0, fmt.Sprintf("%12s", l.Amount), "=", fmt.Sprintf("%.8g", l.Quantity), l.Unit, "x", l.UnitPrice.String(), l.Item, l.Object,
			named("site", string(l.Site)), named("link", string(l.Link)), named("account", string(l.Account)), named("fact", l.FactID), l.AsOf, l.Mark.String(), named("note", l.Note))
		for _, t := range l.Tiers {
			p.line(7, t.Amount.String(), "=", fmt.Sprintf("%.8g", t.Quantity), "x", t.UnitPrice.String())
		}
	}
	for _, m := range b.Missing {
		p.line(0, "no price of", fmt.Sprint(m.Item), m.Region, m.Object)
	}
	p.blank()
	p.line(0, fmt.Sprintf("%12s", b.Total), "total:", b.Fixed.String(), "fixed,", b.Traffic.String(), "traffic")
	for _, groups := range []struct {
		by     string
		groups []price.Group
	}{{"link", b.ByLink}, {"site", b.BySite}, {"cloud", b.ByCloud}, {"item", b.ByItem}} {
		p.line(0, "by "+groups.by)
		for _, g := range groups.groups {
			p.line(0, fmt.Sprintf("%12s", g.Amount), when(g.Key == "", "(none)"), g.Key)
		}
	}
	for _, f := range b.Flows {
		p.line(0, fmt.Sprintf("%12s", f.Amount), "flow", f.From, "to", f.To, f.Volume.String(), when(f.Blocked, "blocked"))
	}
	for _, note := range b.Notes {
		p.line(0, "note:", note)
	}
	return p.String()
}
