package random

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
)

// Shrink removes objects of a network while the test still holds, until none
// can be removed alone: the smallest network on which two judges disagree.
func Shrink(n *fabric.Network, holds func(*fabric.Network) bool) *fabric.Network {
	for smaller := true; smaller; {
		smaller = false
		for _, b := range removals(n) {
			m := Clone(n)
			b.Apply(m)
			if holds(m) {
				n, smaller = m, true
				break
			}
		}
	}
	return n
}

// removals lists what can be taken out of a network, the largest first.
func removals(n *fabric.Network) []Break {
	b := &breaks{n: n}
	for _, s := range n.Sites {
		b.add(func(n *fabric.Network) { removeSite(n, s.ID) }, "site %s", s.ID)
	}
	for _, l := range n.Links {
		b.add(func(n *fabric.Network) { removeLink(n, l.ID) }, "link %s", l.ID)
	}
	for _, v := range n.VPCs {
		b.add(func(n *fabric.Network) { removeVPC(n, v.ID) }, "VPC %s", v.ID)
	}
	for i, s := range n.Subnets {
		if slices.ContainsFunc(n.Attachments, func(a fabric.Attachment) bool { return slices.Contains(a.Subnets, s.ID) }) {
			continue // an attachment stands in it
		}
		if slices.ContainsFunc(n.NATs, func(x fabric.NAT) bool { return x.Subnet == s.ID }) {
			continue // or a NAT
		}
		b.add(func(n *fabric.Network) { n.Subnets = without(n.Subnets, i) }, "subnet %s", s.ID)
	}
	for _, a := range n.Attachments {
		b.add(func(n *fabric.Network) { detach(n, a.ID) }, "attachment %s", a.ID)
	}
	for _, t := range n.Tunnels {
		b.add(func(n *fabric.Network) { cut(n, t.ID) }, "tunnel %s", t.ID)
	}
	for i, x := range n.NATs {
		b.add(func(n *fabric.Network) { n.NATs = without(n.NATs, i) }, "NAT %s", x.ID)
	}
	for i := range n.Policy {
		b.add(func(n *fabric.Network) { n.Policy = without(n.Policy, i) }, "policy")
	}
	if len(n.Endpoints) > 0 {
		b.add(func(n *fabric.Network) { n.Endpoints = nil }, "endpoints")
	}
	for i, t := range n.RouteTables {
		for j := range t.Routes {
			b.add(func(n *fabric.Network) { n.RouteTables[i].Routes = without(n.RouteTables[i].Routes, j) }, "route")
		}
	}
	for i, f := range n.Filters {
		for j := range f.Rules {
			b.add(func(n *fabric.Network) { n.Filters[i].Rules = without(n.Filters[i].Rules, j) }, "rule")
		}
	}
	for i, g := range n.Gateways {
		for j := range g.Announce {
			b.add(func(n *fabric.Network) { n.Gateways[i].Announce = without(n.Gateways[i].Announce, j) }, "announcement")
		}
		for j, t := range g.Tables {
			for k := range t.Propagate {
				b.add(func(n *fabric.Network) {
					n.Gateways[i].Tables[j].Propagate = without(n.Gateways[i].Tables[j].Propagate, k)
				}, "propagation")
			}
			for k := range t.Routes {
				b.add(func(n *fabric.Network) { n.Gateways[i].Tables[j].Routes = without(n.Gateways[i].Tables[j].Routes, k) }, "transit route")
			}
		}
	}
	return b.all
}

func removeSite(n *fabric.Network, id fabric.SiteID) {
	for _, l := range slices.Clone(n.Links) {
		if slices.Contains(l.Sites[:], id) {
			removeLink(n, l.ID)
		}
	}
	for _, v := range slices.Clone(n.VPCs) {
		if slices.Equal(v.Sites, []fabric.SiteID{id}) {
			removeVPC(n, v.ID)
		}
	}
	n.Subnets = slices.DeleteFunc(n.Subnets, func(s fabric.Subnet) bool { return s.Site == id })
	for _, a := range slices.Clone(n.Attachments) {
		if g, ok := n.Gateway(a.Gateway); ok && g.Site == id {
			detach(n, a.ID)
		}
	}
	n.Gateways = slices.DeleteFunc(n.Gateways, func(g fabric.Gateway) bool { return g.Site == id })
	n.Sites = slices.DeleteFunc(n.Sites, func(s fabric.Site) bool { return s.ID == id })
}

func removeLink(n *fabric.Network, id fabric.LinkID) {
	for _, t := range slices.Clone(n.Tunnels) {
		if t.Link == id {
			cut(n, t.ID)
		}
	}
	for _, a := range slices.Clone(n.Attachments) {
		if a.Link == id {
			detach(n, a.ID)
		}
	}
	n.Connections = slices.DeleteFunc(n.Connections, func(c fabric.Connection) bool { return c.Link == id })
	n.Links = slices.DeleteFunc(n.Links, func(l fabric.Link) bool { return l.ID == id })
}

func removeVPC(n *fabric.Network, id fabric.VPCID) {
	for _, a := range slices.Clone(n.Attachments) {
		if a.VPC == id || a.PeerVPC == id {
			detach(n, a.ID)
		}
	}
	for _, g := range slices.Clone(n.Gateways) {
		if g.VPC != id {
			continue
		}
		for _, l := range slices.Clone(n.Links) {
			if slices.Contains(l.Gateways[:], g.ID) {
				removeLink(n, l.ID)
			}
		}
		for i := range n.RouteTables {
			n.RouteTables[i].Propagate = slices.DeleteFunc(n.RouteTables[i].Propagate, func(x fabric.GatewayID) bool { return x == g.ID })
		}
	}
	n.Gateways = slices.DeleteFunc(n.Gateways, func(g fabric.Gateway) bool { return g.VPC == id })
	n.Subnets = slices.DeleteFunc(n.Subnets, func(s fabric.Subnet) bool { return s.VPC == id })
	n.RouteTables = slices.DeleteFunc(n.RouteTables, func(t fabric.RouteTable) bool { return t.VPC == id })
	n.NATs = slices.DeleteFunc(n.NATs, func(x fabric.NAT) bool { return x.VPC == id })
	n.Filters = slices.DeleteFunc(n.Filters, func(f fabric.Filter) bool { return f.VPC == id })
	n.Endpoints = slices.DeleteFunc(n.Endpoints, func(e fabric.Endpoint) bool { return e.VPC == id })
	n.VPCs = slices.DeleteFunc(n.VPCs, func(v fabric.VPC) bool { return v.ID == id })
}
