package verify

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
)

// The service tags of Azure whose addresses follow from the network.
const (
	tagVirtualNetwork = "VirtualNetwork"
	tagInternet       = "Internet"
	tagLoadBalancer   = "AzureLoadBalancer"
)

// tagged is what the tag VirtualNetwork holds for machines that send by one
// table: certainly, and perhaps.
type tagged struct{ sure, maybe bitset }

// tag gives the units that a service tag holds, seen by a unit. VirtualNetwork
// is the VNet, its peers, all that its gateway has learned, and the prefixes of
// its user-defined routes; other networks behind the same gateway and default
// routes may be part of it (Azure documentation, service tags). Internet is
// every other address. The probes of AzureLoadBalancer come from the host,
// which is no place. Any other tag is a service's own addresses: they are
// public, and not known.
func (g *guards) tag(name string, u *unit) (sure, maybe bitset) {
	switch name {
	case tagVirtualNetwork:
		t := g.virtualNetwork(u)
		return t.sure, t.maybe
	case tagInternet:
		t := g.virtualNetwork(u)
		sure, maybe = g.all.clone(), g.all.clone()
		sure.andNot(t.maybe)
		maybe.andNot(t.sure)
		return sure, maybe
	case tagLoadBalancer:
		return g.none, g.none
	}
	if g.hasEndpoint(name, u) {
		return g.none, g.none
	}
	maybe = newBitset(len(g.p.units))
	for i := range g.p.units {
		if g.p.isBeyond(g.p.units[i].place) {
			maybe.set(i)
		}
	}
	return g.none, maybe
}

// hasEndpoint reports whether a unit reaches the service of a tag by a service
// endpoint, whose packets never are the internet's.
func (g *guards) hasEndpoint(tag string, u *unit) bool {
	b := &g.p.behind[u.place]
	if b.subnet == nil {
		return false
	}
	return slices.ContainsFunc(g.p.Net.Endpoints, func(e fabric.Endpoint) bool {
		if e.Kind != fabric.ServiceEndpoint || !slices.Contains(e.Subnets, b.subnet.ID) {
			return false
		}
		s, ok := g.p.Atlas.Service(b.vpc.Cloud, e.Service)
		return ok && s.Tag == tag
	})
}

// virtualNetwork works the tag out from the table that a unit sends by.
func (g *guards) virtualNetwork(u *unit) tagged {
	if t, ok := g.tags[u.table]; ok {
		return t
	}
	out := tagged{newBitset(len(g.p.units)), newBitset(len(g.p.units))}
	b := &g.p.behind[u.place]
	if b.vpc != nil {
		out.sure.or(g.p.unitsOf(b.vpc.Prefixes))
		out.maybe.or(g.p.unitsOf(g.siblings(b.vpc.ID)))
	}
	if u.table >= 0 {
		t := &g.p.Tables.Tables[u.table]
		for _, set := range []*routes.Routes{t.Own, t.Learned} {
			x := g.prefixesOf(set)
			out.sure.or(x.sure)
			out.maybe.or(x.maybe)
		}
	}
	out.maybe.or(out.sure)
	g.tags[u.table] = out
	return out
}

// prefixesOf gives the units that routes but the platform's default lead to;
// those of a default route only perhaps.
func (g *guards) prefixesOf(set *routes.Routes) tagged {
	if t, ok := g.routed[set]; ok {
		return t
	}
	var sure, maybe []netip.Prefix
	for _, r := range set.All() {
		switch {
		case r.Protocol == routes.Default:
		case r.Prefix.Bits() == 0:
			maybe = append(maybe, r.Prefix)
		default:
			sure = append(sure, r.Prefix)
		}
	}
	t := tagged{g.p.unitsOf(sure), g.p.unitsOf(maybe)}
	g.routed[set] = t
	return t
}

// siblings gives the address space of networks behind the same gateway as a
// VNet: the other spokes of its hub.
func (g *guards) siblings(v fabric.VPCID) []netip.Prefix {
	var hubs []fabric.VPCID
	for i := range g.p.Net.Attachments {
		if a := &g.p.Net.Attachments[i]; a.Kind == fabric.VNetPeering && a.GatewayTransit && a.VPC == v {
			hubs = append(hubs, a.PeerVPC)
		}
	}
	var out []netip.Prefix
	for i := range g.p.Net.Attachments {
		a := &g.p.Net.Attachments[i]
		if a.Kind != fabric.VNetPeering || !a.GatewayTransit || !slices.Contains(hubs, a.PeerVPC) {
			continue
		}
		if w, ok := g.p.Net.VPC(a.VPC); ok {
			out = append(out, w.Prefixes...)
		}
	}
	return out
}
