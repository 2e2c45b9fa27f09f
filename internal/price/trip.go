package price

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/capacity"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

// crossing is one step of a way between two sites.
type crossing struct {
	link          fabric.Link // zero id: between sites that no link of the network joins
	from, to      fabric.Site
	left, entered fabric.Gateway // zero where a network itself is left or entered
}

// exit is how a way ends.
type exit uint8

const (
	arrives    exit = iota + 1 // in a network or a site of one's own
	public                     // at the internet, by the sender's own address
	translated                 // at the internet, through NAT
	lost                       // nowhere
)

// trip is a way of some of a flow's traffic, as the bill sees it.
type trip struct {
	crossings []crossing
	crossed   []fabric.AttachmentID // inside sites, in order
	passed    []capacity.Place      // gateways and attachments with a bound
	site      fabric.Site           // where it ends, or leaves to the internet
	vpc       fabric.VPCID          // where it ends; empty when unknown or outside
	exit      exit
	why       string // of a lost one: "no route in aws-oregon/ml/rt-private"
}

// key tells apart trips that cost differently.
func (t *trip) key() string {
	var b strings.Builder
	for _, c := range t.crossings {
		fmt.Fprintf(&b, "%s>%s(%s %s %s)", c.from.ID, c.to.ID, c.link.ID, c.left.ID, c.entered.ID)
	}
	fmt.Fprintf(&b, " %v %s %s %d %s", t.crossed, t.site.ID, t.vpc, t.exit, t.why)
	return b.String()
}

// follow reads a way through the tables as a trip from a site to an address.
func (p *pricer) follow(from fabric.Site, path *routes.Path, to terminal) trip {
	t := trip{site: from, passed: p.carries.Passes(nil, p.t, path)}
	for i := range path.Steps {
		s := &path.Steps[i]
		if len(s.Hops) == 0 {
			break
		}
		h := &s.Hops[0]
		if h.Attachment != "" && h.Link == "" {
			t.crossed = append(t.crossed, h.Attachment)
		}
		next := p.siteAfter(t.site, h, to)
		if next.ID != t.site.ID {
			c := crossing{link: p.linkOf(h, t.site.ID, next.ID), from: t.site, to: next}
			c.left, _ = p.n.Gateway(p.t.Tables[s.Table].Gateway)
			if h.Kind == routes.Forward {
				c.entered, _ = p.n.Gateway(p.t.Tables[h.Table].Gateway)
			}
			t.crossings = append(t.crossings, c)
			t.site = next
		}
		if h.Kind == routes.Deliver {
			t.vpc = h.VPC
		}
	}
	switch path.Outcome {
	case routes.Delivered:
		t.exit = arrives
		if to.internet { // a private range where the internet was meant
			t.exit, t.why = lost, "it ends inside the network"
		}
	case routes.ToInternet:
		t.exit = p.leaves(path, to)
		if t.exit == lost {
			t.why = "its route leads to the internet"
		}
	case routes.NoRoute, routes.Blackhole, routes.NoSubnet, routes.Loop, routes.NotModelled, routes.SourceDown:
		t.exit, t.why = lost, p.whyLost(path)
	}
	return t
}

// leaves says how a way gets out to the internet.
func (p *pricer) leaves(path *routes.Path, to terminal) exit {
	if !to.internet {
		return lost
	}
	last := path.Steps[len(path.Steps)-1]
	if len(last.Hops) > 0 && last.Hops[0].Kind == routes.Translate {
		return translated
	}
	return public
}

// whyLost says where a way ends.
func (p *pricer) whyLost(path *routes.Path) string {
	if len(path.Steps) == 0 {
		return path.Outcome.String()
	}
	return fmt.Sprintf("%v in %s", path.Outcome, p.t.Tables[path.Steps[len(path.Steps)-1].Table].ID)
}

// siteAfter is where a packet is once it has taken a hop.
func (p *pricer) siteAfter(at fabric.Site, h *routes.Hop, to terminal) fabric.Site {
	if l, ok := p.n.Link(h.Link); ok && h.Link != "" {
		if i := slices.Index(l.Sites[:], at.ID); i >= 0 {
			s, _ := p.n.Site(l.Sites[1-i])
			return s
		}
	}
	id := at.ID
	switch h.Kind {
	case routes.Forward:
		if site := p.t.Tables[h.Table].Site; site != "" && !p.spans(p.t.Tables[h.Table].VPC) {
			id = site
		}
	case routes.Deliver:
		if to.site != "" {
			id = to.site
		}
	case routes.Internet, routes.Translate, routes.Discard, routes.Unknown:
	}
	if id == at.ID {
		return at
	}
	s, _ := p.n.Site(id)
	return s
}

// spans reports whether a network lies at several sites, so that a table of it
// says nothing of where a packet is.
func (p *pricer) spans(id fabric.VPCID) bool {
	v, ok := p.n.VPC(id)
	return ok && len(v.Sites) > 1
}

// linkOf is the link that a hop between two sites goes over.
func (p *pricer) linkOf(h *routes.Hop, from, to fabric.SiteID) fabric.Link {
	if l, ok := p.n.Link(h.Link); ok && h.Link != "" {
		return l
	}
	l, _ := p.n.Link(fabric.LinkBetween(from, to))
	return l
}

// share is the part of a flow that makes one trip.
type share struct {
	trip
	from   fabric.VPCID
	nat    bool // its sender, or with traffic from the internet its receiver, is behind NAT
	volume vocab.Volume
	part   float64
}

// sharesOf follows all of a flow's traffic: from each of its source subnets,
// by their addresses, to each of its ends, evenly over the equal-cost hops.
func (p *pricer) sharesOf(f *fabric.Flow) []share {
	if p.t == nil || f.From.Site == "" && f.To.Site == "" {
		return nil
	}
	from, to := f.From, f.To
	if f.From.Site == "" { // what comes from the internet goes back there
		from, to = f.To, f.From
	}
	sources, targets := together(p.terminals(from)), p.terminals(to)
	var out []share
	at := map[string]int{}
	for _, s := range sources {
		site, _ := p.n.Site(s.site)
		for _, d := range targets {
			for _, w := range p.waysBetween(site, s, d) {
				k := w.key() + " " + string(w.from)
				i, ok := at[k]
				if !ok {
					i = len(out)
					at[k] = i
					out = append(out, w)
					out[i].part = 0
				}
				out[i].part += w.part
				out[i].nat = out[i].nat || w.nat
			}
		}
	}
	divide(out, f.Monthly)
	return out
}

// divide makes the parts of shares add up to one, and splits a volume by them
// so that nothing is left over.
func divide(shares []share, whole vocab.Volume) {
	sum := 0.0
	for i := range shares {
		sum += shares[i].part
	}
	before, upTo := vocab.Volume(0), 0.0
	for i := range shares {
		shares[i].part /= sum
		upTo += shares[i].part
		end := whole
		if i < len(shares)-1 {
			end = vocab.Volume(float64(whole) * upTo)
		}
		shares[i].volume = end - before
		before = end
	}
}

// waysBetween gives the trips from one terminal to another with their parts.
func (p *pricer) waysBetween(site fabric.Site, s, d terminal) []share {
	base := share{from: s.vpc, part: s.weight * d.weight}
	if !site.Cloud.IsPublic() && d.internet {
		// A place of one's own has its own way to the internet.
		base.trip = trip{site: site, exit: public}
		return []share{base}
	}
	if s.table < 0 {
		base.trip = trip{site: site, exit: lost, why: "its route table is not known"}
		return []share{base}
	}
	paths := p.trace(s.table, d.addr)
	if len(paths) == 0 {
		base.trip = trip{site: site, exit: lost, why: fmt.Sprintf("no route in %s", p.t.Tables[s.table].ID)}
		return []share{base}
	}
	parts, sum := make([]float64, len(paths)), 0.0
	for i := range paths {
		parts[i] = partOf(&paths[i])
		sum += parts[i]
	}
	out := make([]share, len(paths))
	for i := range paths {
		w := base
		w.trip = p.follow(site, &paths[i], d)
		w.part *= parts[i] / sum
		w.behind(s)
		out[i] = w
	}
	return out
}

// behind applies what the subnet itself says of its way to the internet: on
// GCP and Azure it is not the table that decides whether NAT is taken.
func (w *share) behind(s terminal) {
	switch {
	case w.exit == translated:
		w.nat = true
	case w.exit != public || s.subnet.ID == "" || w.site.ID != s.site:
	case s.subnet.Internet == fabric.ViaNAT:
		w.nat = true
	case s.subnet.Internet == fabric.NoInternet:
		w.exit, w.why = lost, string(s.subnet.ID)+" has neither a public address nor NAT"
	}
}

// partOf is the share of a packet's equal-cost hops that make a way.
func partOf(path *routes.Path) float64 {
	part := 1.0
	for i := range path.Steps {
		s := &path.Steps[i]
		if n := len(s.Route.Hops); n > 0 && len(s.Hops) > 0 {
			part *= float64(len(s.Hops)) / float64(n)
		}
	}
	return part
}

type traceKey struct {
	table int
	to    netip.Addr
}

// trace asks the tables, each question once.
func (p *pricer) trace(table int, to netip.Addr) []routes.Path {
	k := traceKey{table, to}
	paths, ok := p.traced[k]
	if !ok {
		paths, _ = p.t.Trace(table, to)
		p.traced[k] = paths
	}
	return paths
}
