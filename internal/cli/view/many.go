package view

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// The parts of a plan for networks too large to be shown piece by piece.

// manySites prints a line for each site.
func (p *Printer) manySites(n *fabric.Network) {
	networks, subnets := map[fabric.SiteID]int{}, map[fabric.SiteID]int{}
	for _, v := range n.VPCs {
		for _, s := range v.Sites {
			networks[s]++
		}
	}
	for _, s := range n.Subnets {
		if s.Purpose == fabric.Workload {
			subnets[s.Site]++
		}
	}
	t := table{indent: "  ", columns: []column{
		{head: "SITE"}, {head: "WHERE"}, {head: "BLOCK"}, {head: "NETWORKS", right: true}, {head: "SUBNETS", right: true},
	}}
	for _, s := range n.Sites[:min(len(n.Sites), mostSites)] {
		t.add(p.bold(string(s.ID)), s.Cloud.Title()+" "+cmp.Or(s.Region, s.City), cidr(s.Block), number(networks[s.ID]), number(subnets[s.ID]))
	}
	t.print(p)
	p.more(len(n.Sites)-mostSites, "site", "tieline ipam shows all")
	p.Blank()
}

// manyGateways prints a line for each kind of gateway.
func (p *Printer) manyGateways(n *fabric.Network, tunnels map[fabric.GatewayID]int) {
	type sum struct{ gateways, networks, tunnels int }
	sums := map[fabric.GatewayKind]sum{}
	var kinds []fabric.GatewayKind
	for _, g := range n.Gateways {
		s, ok := sums[g.Kind]
		if !ok {
			kinds = append(kinds, g.Kind)
		}
		sums[g.Kind] = sum{s.gateways + 1, s.networks + served(n, g), s.tunnels + tunnels[g.ID]}
	}
	slices.Sort(kinds)
	t := table{indent: "  ", columns: []column{{head: "KIND"}, {head: "GATEWAYS", right: true}, {head: "NETWORKS", right: true}, {head: "TUNNELS", right: true}}}
	for _, k := range kinds {
		s := sums[k]
		t.add(gatewayTitle(fabric.Gateway{Kind: k}), number(s.gateways), number(s.networks), number(s.tunnels))
	}
	t.print(p)
	p.Blank()
}

// manyLinks prints a line for each kind of link between two clouds.
func (p *Printer) manyLinks(n *fabric.Network) {
	type key struct {
		kind fabric.LinkKind
		a, b vocab.Cloud
	}
	type sum struct {
		links, tunnels, mtu int
		near, far           float64
	}
	sums := map[key]sum{}
	var keys []key
	for _, l := range n.Links {
		a, _ := n.Site(l.Sites[0])
		b, _ := n.Site(l.Sites[1])
		k := key{l.Kind, min(a.Cloud, b.Cloud), max(a.Cloud, b.Cloud)}
		s, ok := sums[k]
		if !ok {
			keys = append(keys, k)
			s.mtu, s.near = l.MTU, l.RTT
		}
		sums[k] = sum{s.links + 1, s.tunnels + len(l.Tunnels), min(s.mtu, l.MTU), min(s.near, l.RTT), max(s.far, l.RTT)}
	}
	slices.SortFunc(keys, func(x, y key) int {
		return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b), cmp.Compare(x.kind, y.kind))
	})
	t := table{indent: "  ", columns: []column{
		{head: "BETWEEN"}, {head: "KIND"}, {head: "LINKS", right: true}, {head: "TUNNELS", right: true}, {head: "LEAST MTU", right: true}, {head: "RTT", right: true},
	}}
	for _, k := range keys {
		s := sums[k]
		between := k.a.Title()
		if k.a != k.b {
			between += " – " + k.b.Title()
		}
		span := ""
		if s.far > 0 {
			span = fmt.Sprintf("%.0f to %.0f ms", s.near, s.far)
		}
		t.add(p.bold(between), k.kind.String(), number(s.links), number(s.tunnels), number(s.mtu), span)
	}
	t.print(p)
	p.Line("  %s", p.dim("tieline plan --json has each link"))
	p.Blank()
}
