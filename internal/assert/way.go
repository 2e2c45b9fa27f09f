package assert

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/capacity"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/verify/ways"
	"github.com/tieline/tieline/internal/vocab"
)

// way is one of the equal-cost ways of a packet, as the tables have it.
type way struct {
	path    routes.Path
	outcome routes.Outcome
	links   []fabric.LinkID // crossed, in order
	sites   []fabric.SiteID // visited, in order
	mtu     int             // bytes, the least of the networks, gateways and links on it; 0 when none bounds it
	narrow  string          // the link, gateway or attachment that carries the least; empty when none bounds it
	rate    vocab.Rate      // what it carries one way
	unsized string          // the first link, gateway or attachment of which it is not known what it carries
	unread  string          // what on it is not understood
}

// arrives reports whether packets by this way get there; outside says that
// there is beyond the network.
func (w *way) arrives(outside bool) bool {
	return w.outcome == routes.Delivered || outside && w.outcome == routes.ToInternet
}

// trail is every way from a table to an address.
type trail struct {
	ways     []way
	complete bool // false when there are more ways than are followed
	tables   []int
}

type trailKey struct {
	table int
	to    netip.Addr
}

// tracer follows packets through the tables of one state of the network. It
// remembers what it has followed, and is used by one goroutine.
type tracer struct {
	proof   *verify.Proof
	tables  *routes.Tables
	subnets subnetsOf
	carries *capacity.Model // of the healthy network; nil where nobody asks what ways carry
	trails  map[trailKey]*trail
}

// subnetsOf lists the subnets of each VPC by their indexes. It is made once
// and shared.
type subnetsOf map[fabric.VPCID][]int

func newSubnetsOf(n *fabric.Network) subnetsOf {
	out := subnetsOf{}
	for i := range n.Subnets {
		out[n.Subnets[i].VPC] = append(out[n.Subnets[i].VPC], i)
	}
	return out
}

func newTracer(p *verify.Proof, t *routes.Tables, s subnetsOf) *tracer {
	return &tracer{proof: p, tables: t, subnets: s, trails: map[trailKey]*trail{}}
}

// trail follows a packet from a table to an address.
func (t *tracer) trail(table int, to netip.Addr) *trail {
	k := trailKey{table, to}
	if known, ok := t.trails[k]; ok {
		return known
	}
	paths, complete := t.tables.Trace(table, to)
	out := &trail{complete: complete}
	for _, p := range paths {
		out.ways = append(out.ways, t.way(p, to))
		for i := range p.Steps {
			out.tables = append(out.tables, p.Steps[i].Table)
		}
	}
	slices.Sort(out.tables)
	out.tables = slices.Compact(out.tables)
	t.trails[k] = out
	return out
}

// way sums up a path.
func (t *tracer) way(p routes.Path, to netip.Addr) way {
	w := way{path: p, outcome: p.Outcome}
	n := t.proof.Net
	for i := range p.Steps {
		s := &p.Steps[i]
		tb := &t.tables.Tables[s.Table]
		if tb.Site != "" {
			w.visit(n, tb.Site)
		}
		w.misread(tb.Meta.Unread)
		w.bound(t.tableMTU(tb))
		for first := 0; first < len(s.Hops); {
			last := first + 1
			for last < len(s.Hops) && s.Hops[last].Link == s.Hops[first].Link {
				last++
			}
			t.hops(&w, s.Hops[first:last])
			first = last
		}
	}
	if p.Outcome == routes.Delivered {
		if site, vpc, ok := t.home(p, to); ok {
			w.visit(n, site)
			w.bound(vpc)
		}
	}
	if t.carries != nil {
		t.weigh(&w)
	}
	if p.Outcome == routes.NotModelled && w.unread == "" {
		w.misread("it enters something that is not modelled")
	}
	return w
}

// hops adds what hops of one link do to a way.
func (t *tracer) hops(w *way, hops []routes.Hop) {
	n := t.proof.Net
	var sum vocab.Rate
	tunnels, known := 0, true
	for i := range hops {
		h := &hops[i]
		if h.Kind == routes.Unknown {
			w.misread(h.Why)
		}
		if a, ok := n.Attachment(h.Attachment); ok {
			w.misread(a.Meta.Unread)
		}
		if g, ok := n.Gateway(h.Gateway); ok {
			w.misread(g.Meta.Unread)
		}
		if x, ok := n.Tunnel(h.Tunnel); ok {
			w.misread(x.Meta.Unread)
			sum, known = sum+x.Rate, known && x.Rate > 0
			tunnels++
		}
	}
	l, ok := n.Link(hops[0].Link)
	if !ok {
		return
	}
	w.cross(&l)
	switch {
	case tunnels == 0:
	case known:
		w.carried(string(l.ID), sum)
	default:
		w.unsized = cmp.Or(w.unsized, "link "+string(l.ID))
	}
}

// weigh finds what of the places that a way passes carries the least.
func (t *tracer) weigh(w *way) {
	for _, p := range t.carries.Passes(nil, t.tables, &w.path) {
		switch room := t.carries.Healthy(p); room.State {
		case capacity.Free:
		case capacity.Bounded:
			w.carried(t.carries.Name(p), room.Rate)
		case capacity.Unknown:
			w.unsized = cmp.Or(w.unsized, t.carries.Name(p))
		}
	}
}

// carried bounds a way by something on it that carries a rate.
func (w *way) carried(name string, rate vocab.Rate) {
	if w.narrow == "" || rate < w.rate {
		w.rate, w.narrow = rate, name
	}
}

// tableMTU is the largest packet that the network of a table takes; 0 when
// that is not bounded, or the links say it.
func (t *tracer) tableMTU(tb *routes.Table) int {
	switch tb.Kind {
	case routes.VPCTable:
		if v, ok := t.proof.Net.VPC(tb.VPC); ok {
			return v.MTU
		}
	case routes.TransitTable:
		mtu, _ := t.proof.Atlas.MTU(atlas.MTUAWSTGW)
		return mtu
	case routes.DeviceTable:
		mtu, _ := t.proof.Atlas.MTU(atlas.MTUOnPremLAN)
		return mtu
	case routes.GatewayTable, routes.HubTable:
	}
	return 0
}

// home is the site of the subnet or site that holds an address that a path
// ends at, and the MTU of its network.
func (t *tracer) home(p routes.Path, to netip.Addr) (fabric.SiteID, int, bool) {
	last := p.Steps[len(p.Steps)-1]
	vpc := t.tables.Tables[last.Table].VPC
	for _, h := range last.Hops {
		if h.VPC != "" {
			vpc = h.VPC
		}
	}
	n := t.proof.Net
	v, ok := n.VPC(vpc)
	if !ok {
		return "", 0, false
	}
	for _, i := range t.subnets[vpc] {
		if s := &n.Subnets[i]; s.Prefix.Contains(to) {
			return s.Site, v.MTU, true
		}
	}
	for _, b := range v.Blocks {
		if b.Prefix.Contains(to) {
			return b.Site, v.MTU, true
		}
	}
	if len(v.Sites) == 1 {
		return v.Sites[0], v.MTU, true
	}
	return "", 0, false
}

func (w *way) misread(what string) {
	if w.unread == "" {
		w.unread = what
	}
}

func (w *way) bound(mtu int) {
	if mtu > 0 && (w.mtu == 0 || mtu < w.mtu) {
		w.mtu = mtu
	}
}

// cross adds a link.
func (w *way) cross(l *fabric.Link) {
	w.bound(l.MTU)
	if n := len(w.links); n == 0 || w.links[n-1] != l.ID {
		w.links = append(w.links, l.ID)
	}
}

// visit adds a site, with the link by which it is reached where the tables
// have none: the regions of one GCP VPC.
func (w *way) visit(n *fabric.Network, s fabric.SiteID) {
	last := len(w.sites) - 1
	if last < 0 {
		w.sites = append(w.sites, s)
		return
	}
	from := w.sites[last]
	if from == s {
		return
	}
	w.sites = append(w.sites, s)
	if l, ok := n.Link(fabric.LinkBetween(from, s)); ok {
		w.cross(&l)
	}
}

// walk spells a way as verify does, for a witness.
func (t *tracer) walk(w *way) verify.Walk {
	out := verify.Walk{Outcome: w.outcome, Links: w.links, Sites: w.sites, MTU: w.mtu, Internet: w.outcome == routes.ToInternet, Ways: 1}
	for i := range w.path.Steps {
		s := &w.path.Steps[i]
		tb := &t.tables.Tables[s.Table]
		step := verify.Step{Kind: verify.TableStep, Object: string(tb.ID), Pass: true, What: "no route"}
		if s.Route.Prefix.IsValid() {
			step.What, step.Origin = s.Route.Prefix.String()+" by "+s.Route.Protocol.String(), s.Route.Origin
		}
		out.Steps = append(out.Steps, step)
		for j := range s.Hops {
			h := &s.Hops[j]
			object := string(h.Link)
			if object == "" {
				object = string(h.Attachment)
			}
			last := &out.Steps[len(out.Steps)-1]
			switch {
			case object == "":
			case last.Kind == verify.CrossStep && last.Object == object:
				last.Hops = append(last.Hops, *h)
			default:
				out.Steps = append(out.Steps, verify.Step{Kind: verify.CrossStep, Object: object, What: "crossed", Hops: []routes.Hop{*h}, Pass: true})
			}
		}
	}
	end := verify.Step{Kind: verify.ArriveStep, What: w.outcome.String(), Pass: w.arrives(true)}
	if len(w.sites) > 0 {
		end.Object = string(w.sites[len(w.sites)-1])
	}
	out.Steps = append(out.Steps, end)
	out.RTT, out.RTTKnown = t.roundTrip(w)
	out.Encrypted = len(w.links) > 0 && t.plain(w) == ""
	return out
}

// roundTrip is the time that a way and the same way back take; false when that
// of a part is not known.
func (t *tracer) roundTrip(w *way) (float64, bool) {
	var end fabric.SiteID
	if w.outcome == routes.Delivered && len(w.sites) > 0 {
		end = w.sites[len(w.sites)-1]
	}
	r, ok := ways.RoundTrip(t.tables, t.proof.Atlas, &w.path, end)
	if !ok {
		return 0, false
	}
	return r.MS, true
}

// plain gives a link of a way that the network does not encrypt, or "".
func (t *tracer) plain(w *way) fabric.LinkID {
	for _, id := range w.links {
		if l, _ := t.proof.Net.Link(id); !encrypts(l.Kind) {
			return id
		}
	}
	return ""
}

// encrypts reports whether links of a kind are tunnels whose keys are the
// network's own. What a cloud or carrier does below its links is not proved.
func encrypts(k fabric.LinkKind) bool {
	switch k {
	case fabric.VPN, fabric.OverlayLink:
		return true
	case fabric.TransitPeerLink, fabric.VNetPeerLink, fabric.VirtualWANLink, fabric.SameVPCLink, fabric.VPCPeerLink, fabric.NCCLink, fabric.CircuitLink, fabric.CrossConnectLink:
	}
	return false
}
