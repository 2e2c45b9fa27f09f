package vpn

import (
	"fmt"
	"time"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/vocab"
)

// Tunnels makes the links between different clouds.
func Tunnels(d *draft.Draft) {
	b := &builder{d: d, inside: newInside(d)}
	b.gw = make(map[fabric.GatewayID]int, len(d.Net.Gateways))
	for i := range d.Net.Gateways {
		b.gw[d.Net.Gateways[i].ID] = i
	}
	for k := range d.Pairs {
		p := &d.Pairs[k]
		if p.Kind == fabric.VPN && d.Sites[p.A].Gateway != 0 && d.Sites[p.B].Gateway != 0 {
			b.reserve(p)
		}
	}
	for k := range d.Pairs {
		p := &d.Pairs[k]
		if p.Kind == fabric.VPN && d.Sites[p.A].Gateway != 0 && d.Sites[p.B].Gateway != 0 {
			b.link(p)
		}
	}
	b.finish()
}

type builder struct {
	d      *draft.Draft
	gw     map[fabric.GatewayID]int
	inside *inside
}

// plan is the shape of a link's tunnels before they are made.
type plan struct {
	ends  [][2]int // interface of A's and B's gateway, for AWS -1: one a tunnel
	conns []conn   // AWS: pairs of tunnels
	rate  vocab.Rate
	large bool
	facts []string // that the number of tunnels rests on
}

type conn struct{ tunnels, peer int }

// link makes one link: its shape from the asked bandwidth, then its tunnels.
func (b *builder) link(p *draft.Pair) {
	d := b.d
	s, ok := suite(d, p)
	if !ok || b.oneAddress(p) {
		return
	}
	a, z := &d.Sites[p.A], &d.Sites[p.B]
	l := fabric.Link{
		ID: p.Link, Kind: fabric.VPN, Origin: draft.Origin(p.Pos(), "connect"), Sites: [2]fabric.SiteID{a.ID, z.ID},
		Gateways: [2]fabric.GatewayID{a.GatewayID(), z.GatewayID()}, Asked: p.Asked, Peak: p.Peak, Suite: s,
	}
	if p.Hub >= 0 {
		l.Transit = d.Sites[p.Hub].ID
	}
	l.MTU, l.MSS = mtu(d, p, s)
	sh := b.shape(p, s)
	for i := range sh.ends {
		b.tunnel(p, &l, &sh, i)
	}
	d.Because(string(l.ID), "tunnels", fmt.Sprint(len(l.Tunnels)), draft.Step(p.Pos(), sh.facts, "one for each way between the gateways' public addresses (an AWS connection is two), and as many more as %s asks for at %s a tunnel", max(p.Asked, p.Peak), sh.rate))
	for i, c := range sh.conns {
		b.connection(p, &l, &sh, i, c)
	}
	d.Net.Links = append(d.Net.Links, l)
}

// oneAddress refuses an Azure gateway's link to a site with one public
// address: its two instances would need a connection each, and Azure takes one
// for each address of a peer.
func (b *builder) oneAddress(p *draft.Pair) bool {
	d := b.d
	for _, k := range [][2]int{{p.A, p.B}, {p.B, p.A}} {
		azure, site := &d.Sites[k[0]], &d.Sites[k[1]]
		if azure.Cloud != vocab.Azure || site.Gateway != fabric.Device || len(b.gateway(k[1]).Interfaces) > 1 {
			continue
		}
		e := d.Diags.Errorf(p.Pos(), "not supported yet: a link between Azure (site %q) and a site with one public address (%q)", azure.ID, site.ID)
		e.Code, e.Hint = "one-address", "give the site two: public_ip: [203.0.113.10, 203.0.113.11], or join it to a site of another cloud"
		e.Source = "https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-highlyavailable"
		e.Related = []diag.Related{{Pos: site.Spec.PublicIP[0].Pos, Message: "its one address"}}
		return true
	}
	return false
}

// capacity is what a link's tunnels carry one way at once: a virtual private
// gateway sends over one of them, and an Azure gateway has a bound for all.
func (b *builder) capacity(l *fabric.Link, rate vocab.Rate) vocab.Rate {
	out := rate * vocab.Rate(len(l.Tunnels))
	for _, id := range l.Gateways {
		g := &b.d.Net.Gateways[b.gw[id]]
		switch g.Kind {
		case fabric.VirtualPrivateGateway:
			out = min(out, rate)
		case fabric.VPNGateway:
			for _, sku := range b.d.Atlas.GatewaySKUs(vocab.Azure) {
				if sku.Name == g.SKU && sku.Generation == g.Generation {
					out = min(out, sku.Aggregate)
				}
			}
		case fabric.VirtualHub:
			out = min(out, vocab.Rate(g.ScaleUnits)*b.d.Atlas.SKUs(vocab.Azure, atlas.SKUHub)[0].Aggregate)
		case fabric.TransitGateway, fabric.HAVPN, fabric.Device:
		}
	}
	return out
}

// capacities sets what each link carries, once the gateways have their sizes.
func (b *builder) capacities() {
	d := b.d
	rates := make(map[fabric.LinkID]vocab.Rate, len(d.Net.Links))
	for i := range d.Net.Tunnels {
		rates[d.Net.Tunnels[i].Link] = d.Net.Tunnels[i].Rate
	}
	for i := range d.Net.Links {
		l := &d.Net.Links[i]
		l.Capacity = b.capacity(l, rates[l.ID])
		d.Because(string(l.ID), "capacity", l.Capacity.String(), draft.Step(l.Origin.Pos, nil,
			"%d tunnels at %s, and no more than the gateways carry: a virtual private gateway sends over one tunnel, an Azure gateway's SKU bounds all its links together", len(l.Tunnels), rates[l.ID]))
		if need := max(l.Asked, l.Peak); need > l.Capacity {
			e := d.Diags.Warnf(l.Origin.Pos, "link %s carries %s at most, asked for %s", l.ID, l.Capacity, need)
			e.Code, e.Hint = "capacity", "more than cloud VPN gives wants a private circuit"
		}
	}
}

// shape decides the number of tunnels and which interfaces they join: full
// redundancy first, then as many more as the bandwidth asks for.
func (b *builder) shape(p *draft.Pair, s vocab.Suite) plan {
	d := b.d
	need := max(p.Asked, p.Peak)
	aws := -1
	for k, i := range []int{p.A, p.B} {
		if d.Sites[i].Cloud == vocab.AWS {
			aws = k
		}
	}
	var pl plan
	if aws >= 0 {
		pl = b.shapeAWS(p, s, need, aws)
	} else {
		pl = b.shapeOther(p, s, need)
	}
	for _, e := range p.Entries {
		if e.Tunnels.IsSet() && e.Tunnels.V != len(pl.ends) {
			x := d.Diags.Errorf(e.Tunnels.Pos, "link %s cannot have %d tunnels", p.Link, e.Tunnels.V)
			x.Code = "tunnel-count"
			x.Hint = "an AWS connection is two tunnels to one peer address; both interfaces of the far gateway are served alike, so take a multiple of " + fmt.Sprint(b.unit(p, aws))
			if least, most := b.bounds(p); aws < 0 && least == most {
				x.Hint = fmt.Sprintf("between these gateways there are %d", most)
			} else if aws < 0 {
				x.Hint = fmt.Sprintf("between these gateways there are %d to %d", least, most)
			}
			if f, ok := d.Atlas.Fact("aws.vpn.tunnels_per_connection"); ok && aws >= 0 {
				x.Source = f.Source
			}
		}
	}
	return pl
}

// unit is how many tunnels full redundancy takes.
func (b *builder) unit(p *draft.Pair, aws int) int {
	if aws >= 0 {
		return 2 * len(b.gateway(other(p, aws)).Interfaces)
	}
	least, _ := b.bounds(p)
	return least
}

func other(p *draft.Pair, k int) int {
	if k == 0 {
		return p.B
	}
	return p.A
}

func (b *builder) gateway(site int) *fabric.Gateway {
	return &b.d.Net.Gateways[b.gw[b.d.Sites[site].GatewayID()]]
}

// shapeAWS: a connection for each interface of the peer, and as many such
// groups as the bandwidth asks for; large tunnels where they do with fewer.
func (b *builder) shapeAWS(p *draft.Pair, s vocab.Suite, need vocab.Rate, aws int) plan {
	d := b.d
	site, peer := p.A, p.B
	if aws == 1 {
		site, peer = p.B, p.A
	}
	ifs := len(b.gateway(peer).Interfaces)
	skus := d.Atlas.GatewaySKUs(vocab.AWS)
	far := b.tunnelRate(peer, s)
	groups := func(r vocab.Rate) int { return max(1, int((need+r*vocab.Rate(2*ifs)-1)/(r*vocab.Rate(2*ifs)))) }
	sku := skus[0]
	rate := min(sku.TunnelRate(s.ESPEncryption), far)
	n := groups(rate)
	pl := plan{}
	if d.Sites[site].Gateway == fabric.VirtualPrivateGateway {
		n = 1
	} else if big := skus[len(skus)-1]; n > 1 && big.InRegion(d.Sites[site].Region.Name) {
		if r := min(big.TunnelRate(s.ESPEncryption), far); groups(r) < n {
			rate, n, pl.large = r, groups(r), true
		}
	}
	for _, e := range p.Entries {
		if e.Tunnels.IsSet() && e.Tunnels.V%(2*ifs) == 0 && e.Tunnels.V > 0 {
			n, pl.large = e.Tunnels.V/(2*ifs), false
			rate = min(skus[0].TunnelRate(s.ESPEncryption), far)
		}
	}
	for range n {
		for k := range ifs {
			pl.conns = append(pl.conns, conn{tunnels: len(pl.ends), peer: k})
			for t := range 2 {
				e := [2]int{t, k}
				if aws == 1 {
					e = [2]int{k, t}
				}
				pl.ends = append(pl.ends, e)
			}
		}
	}
	pl.rate, pl.facts = rate, []string{"aws.vpn.tunnels_per_connection", sku.Fact.ID}
	return pl
}

// shapeOther: one tunnel an interface, crosswise when that is not enough. To
// Azure never crosswise: what its gateway's connections go to must differ in
// its public address, and each connection is of both instances
// (https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-highlyavailable).
func (b *builder) shapeOther(p *draft.Pair, s vocab.Suite, need vocab.Rate) plan {
	na, nz := len(b.gateway(p.A).Interfaces), len(b.gateway(p.B).Interfaces)
	rate := min(b.tunnelRate(p.A, s), b.tunnelRate(p.B, s))
	var pl plan
	pl.rate = rate
	least, most := b.bounds(p)
	want := least
	if n := int((need + rate - 1) / rate); n > want {
		want = most
	}
	for _, e := range p.Entries {
		if e.Tunnels.IsSet() && e.Tunnels.V >= least && e.Tunnels.V <= most {
			want = e.Tunnels.V
		}
	}
	for shift := 0; len(pl.ends) < want; shift++ {
		for i := 0; i < max(na, nz) && len(pl.ends) < want; i++ {
			pl.ends = append(pl.ends, [2]int{i % na, (i + shift) % nz})
		}
	}
	return pl
}

// bounds are the least and the most tunnels of a pair without AWS.
func (b *builder) bounds(p *draft.Pair) (least, most int) {
	na, nz := len(b.gateway(p.A).Interfaces), len(b.gateway(p.B).Interfaces)
	if b.d.Sites[p.A].Cloud == vocab.Azure || b.d.Sites[p.B].Cloud == vocab.Azure {
		return max(na, nz), max(na, nz)
	}
	return max(na, nz), na * nz
}

// tunnelRate is what one tunnel carries at a site's gateway, planning value.
func (b *builder) tunnelRate(site int, s vocab.Suite) vocab.Rate {
	c := b.d.Sites[site].Cloud
	if b.d.Sites[site].Gateway == fabric.VirtualHub {
		return b.d.Atlas.SKUs(vocab.Azure, atlas.SKUHub)[0].TunnelRate(s.ESPEncryption)
	}
	skus := b.d.Atlas.GatewaySKUs(c)
	if len(skus) == 0 {
		return vocab.Tbps
	}
	if c == vocab.Azure {
		return b.azureSKU(site).TunnelRate(s.ESPEncryption)
	}
	sku := skus[len(skus)-1]
	if sku.TunnelLow > 0 {
		return sku.TunnelLow
	}
	return sku.TunnelRate(s.ESPEncryption)
}

// connection makes an AWS VPN connection of two tunnels.
func (b *builder) connection(p *draft.Pair, l *fabric.Link, sh *plan, i int, c conn) {
	d := b.d
	site, peer := p.A, p.B
	if d.Sites[p.B].Cloud == vocab.AWS {
		site, peer = p.B, p.A
	}
	id := fabric.ConnectionID(fmt.Sprintf("%s/c%d", l.ID, i))
	out := fabric.Connection{
		ID: id, Link: l.ID, Gateway: d.Sites[site].GatewayID(), Peer: d.Sites[peer].GatewayID(), PeerInterface: c.peer, Large: sh.large,
		Meta: d.Sites[site].Meta(p.Pos(), "connect"),
	}
	for k := range 2 {
		t := &d.Net.Tunnels[len(d.Net.Tunnels)-len(sh.ends)+c.tunnels+k]
		t.Connection = id
		out.Tunnels[k] = t.ID
	}
	d.Net.Connections = append(d.Net.Connections, out)
}

// tunnel makes tunnel i of a link.
func (b *builder) tunnel(p *draft.Pair, l *fabric.Link, sh *plan, i int) {
	d := b.d
	t := fabric.Tunnel{
		ID: fabric.TunnelID(fmt.Sprintf("%s/%d", l.ID, i)), Link: l.ID, Index: i, Rate: sh.rate,
		Meta: fabric.Meta{Origin: draft.Origin(p.Pos(), "connect")},
		PSK:  fmt.Sprintf("%s-%d", l.ID, i),
	}
	t.Inside = b.inside.take(p, t.ID, i)
	first := firstUsable(d.Sites[p.A].Cloud, d.Sites[p.B].Cloud)
	for k, site := range []int{p.A, p.B} {
		s := &d.Sites[site]
		o := d.Atlas.VPN(s.Cloud)
		e := fabric.TunnelEnd{
			Gateway: s.GatewayID(), Interface: sh.ends[i][k], InitiateIKE: true, InitiateBGP: o.BGP.Initiates,
			Phase1: seconds(o.IKE.Lifetime.Default), Phase2: seconds(o.ESP.Lifetime.Default), DPD: seconds(o.DPD.Default),
		}
		e.Inside = t.Inside.Addr().Next()
		if k != first {
			e.Inside = e.Inside.Next()
		}
		e.Keepalive, e.Hold = timers(o, d.Atlas.VPN(d.Sites[p.A+p.B-site].Cloud))
		t.Ends[k] = e
		t.Domains = append(t.Domains, s.RegionDomains()...)
	}
	d.Net.Tunnels = append(d.Net.Tunnels, t)
	l.Tunnels = append(l.Tunnels, t.ID)
}

// firstUsable says which end, 0 or 1, has the first usable address of the
// /30: AWS always takes it, then Azure, as both clouds' guides do.
func firstUsable(a, b vocab.Cloud) int {
	for _, c := range []vocab.Cloud{vocab.AWS, vocab.Azure, vocab.GCP} {
		if a == c {
			return 0
		}
		if b == c {
			return 1
		}
	}
	return 0
}

func seconds(t time.Duration) int { return int(t / time.Second) }

// timers are an end's BGP keepalive and hold time: a peer's fixed keepalive
// is matched where the end can be set to it.
func timers(own, peer atlas.VPNOffer) (keepalive, hold int) {
	k, h := own.BGP.Keepalive, own.BGP.Hold
	if !k.IsFixed() && peer.BGP.Keepalive.IsFixed() && k.Holds(peer.BGP.Keepalive.Default) {
		return seconds(peer.BGP.Keepalive.Default), seconds(3 * peer.BGP.Keepalive.Default)
	}
	keepalive, hold = seconds(k.Default), seconds(h.Default)
	if hold == 0 {
		hold = 3 * keepalive
	}
	return keepalive, hold
}

// finish gives gateways what follows from their tunnels: BGP addresses of
// their interfaces, the SKU, scale units.
func (b *builder) finish() {
	d := b.d
	count := map[fabric.GatewayID]int{}
	for i := range d.Net.Tunnels {
		t := &d.Net.Tunnels[i]
		for k := range t.Ends {
			e := &t.Ends[k]
			g := &d.Net.Gateways[b.gw[e.Gateway]]
			count[g.ID]++
			if e.Interface < len(g.Interfaces) {
				in := &g.Interfaces[e.Interface]
				in.Inside = append(in.Inside, e.Inside)
				t.Domains = append(in.Domains[:1:1], t.Domains...)
			}
		}
	}
	b.routerTimers()
	b.sizes(count)
	b.capacities()
	for _, l := range d.Net.Links {
		for _, id := range l.Tunnels {
			d.Used = append(d.Used, lock.Entry{Kind: lock.Inside, Key: insideKey(id), Prefix: b.inside.got[id], Scope: b.inside.scope[id]})
		}
	}
}

// routerTimers gives every session of a Cloud Router the longest keepalive that
// one of them asks for: it is the router's and no session's
// (https://cloud.google.com/compute/docs/reference/rest/v1/routers,
// bgp.keepaliveInterval), and its hold time is three times that.
func (b *builder) routerTimers() {
	d := b.d
	longest := map[fabric.GatewayID]int{}
	for i := range d.Net.Tunnels {
		for _, e := range d.Net.Tunnels[i].Ends {
			longest[e.Gateway] = max(longest[e.Gateway], e.Keepalive)
		}
	}
	for i := range d.Net.Tunnels {
		t := &d.Net.Tunnels[i]
		for k := range t.Ends {
			e := &t.Ends[k]
			if d.Net.Gateways[b.gw[e.Gateway]].Kind == fabric.HAVPN {
				e.Keepalive, e.Hold = longest[e.Gateway], 3*longest[e.Gateway]
			}
		}
	}
}
