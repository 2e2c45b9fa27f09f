package filter

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify/bits"
)

// The service tags of Azure whose addresses follow from the network.
const (
	tagVirtualNetwork = "VirtualNetwork"
	tagInternet       = "Internet"
	tagLoadBalancer   = "AzureLoadBalancer"
)

// tagged is what the tag VirtualNetwork holds for machines that send by one
// table: certainly, and perhaps.
type tagged struct{ sure, maybe bits.Set }

// tag gives the units that a service tag holds, seen by a unit. VirtualNetwork
// is the VNet, its peers, all that its gateway has learned, and the prefixes of
// its user-defined routes; other networks behind the same gateway and default
// routes may be part of it (Azure documentation, service tags). Internet is
// every other address. The probes of AzureLoadBalancer come from the host,
// which is no place. Any other tag is a service's own addresses: they are
// public, and not known.
func (g *guards) tag(name string, u *Machine) (sure, maybe bits.Set) {
	switch name {
	case tagVirtualNetwork:
		t := g.virtualNetwork(u)
		return t.sure, t.maybe
	case tagInternet:
		t := g.virtualNetwork(u)
		sure, maybe = g.all.Clone(), g.all.Clone()
		sure.AndNot(t.maybe)
		maybe.AndNot(t.sure)
		return sure, maybe
	case tagLoadBalancer:
		return g.none, g.none
	}
	if g.hasEndpoint(name, u) {
		return g.none, g.none
	}
	maybe = bits.New(len(g.in.Machines))
	for i := range g.in.Machines {
		if g.in.Machines[i].Beyond {
			maybe.Add(i)
		}
	}
	return g.none, maybe
}

// hasEndpoint reports whether a unit reaches the service of a tag by a service
// endpoint, whose packets never are the internet's.
func (g *guards) hasEndpoint(tag string, u *Machine) bool {
	if u.Subnet == nil {
		return false
	}
	return slices.ContainsFunc(g.in.Net.Endpoints, func(e fabric.Endpoint) bool {
		if e.Kind != fabric.ServiceEndpoint || !slices.Contains(e.Subnets, u.Subnet.ID) {
			return false
		}
		s, ok := g.in.Atlas.Service(u.VPC.Cloud, e.Service)
		return ok && s.Tag == tag
	})
}

// virtualNetwork works the tag out from the table that a unit sends by.
func (g *guards) virtualNetwork(u *Machine) tagged {
	if t, ok := g.tags[u.Table]; ok {
		return t
	}
	out := tagged{bits.New(len(g.in.Machines)), bits.New(len(g.in.Machines))}
	if u.VPC != nil {
		out.sure.Or(g.in.Holding(u.VPC.Prefixes))
		out.maybe.Or(g.in.Holding(g.siblings(u.VPC.ID)))
	}
	if u.Table >= 0 {
		t := &g.in.Tables.Tables[u.Table]
		for _, set := range []*routes.Routes{t.Own, t.Learned} {
			x := g.prefixesOf(set)
			out.sure.Or(x.sure)
			out.maybe.Or(x.maybe)
		}
	}
	out.maybe.Or(out.sure)
	g.tags[u.Table] = out
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
	t := tagged{g.in.Holding(sure), g.in.Holding(maybe)}
	g.routed[set] = t
	return t
}

// siblings gives the address space of networks behind the same gateway as a
// VNet: the other spokes of its hub.
func (g *guards) siblings(v fabric.VPCID) []netip.Prefix {
	var hubs []fabric.VPCID
	for i := range g.in.Net.Attachments {
		if a := &g.in.Net.Attachments[i]; a.Kind == fabric.VNetPeering && a.GatewayTransit && a.VPC == v {
			hubs = append(hubs, a.PeerVPC)
		}
	}
	var out []netip.Prefix
	for i := range g.in.Net.Attachments {
		a := &g.in.Net.Attachments[i]
		if a.Kind != fabric.VNetPeering || !a.GatewayTransit || !slices.Contains(hubs, a.PeerVPC) {
			continue
		}
		if w, ok := g.in.Net.VPC(a.VPC); ok {
			out = append(out, w.Prefixes...)
		}
	}
	return out
}
