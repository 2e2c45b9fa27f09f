// Package azure spells the Azure part of a network in Terraform: resource
// groups, VNets with their subnets, routes and NAT gateways, network security
// groups, VPN gateways, Virtual WAN hubs, this cloud's end of VPN links, VNet
// peerings and flow logs.
//
// It takes the compiled network from the root it writes into and decides
// nothing: where a choice is not in fabric or atlas, the provider's default
// stands, and so does Azure's.
package azure

import (
	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/render/terraform/root"
)

// Site writes what belongs to one site: resource groups, VNets, routes and
// NATs, security groups, the gateway, the peerings and hub connections that no
// link owns, and flow logs.
func Site(r *root.Root, site fabric.Site) {
	w := newWriter(r)
	w.resourceGroups(site)
	for _, v := range r.Set.VPCs(site.ID) {
		w.network(site, v)
	}
	for _, g := range r.Set.Gateways(site.ID) {
		w.gateway(site, g)
	}
	for _, v := range r.Set.VPCs(site.ID) {
		w.filters(site, v)
	}
	for _, v := range r.Set.VPCs(site.ID) {
		w.attachments(site, v)
	}
	w.flowLogs(site)
}

// LinkEnd writes one end of a VPN link: the peer's tunnel ends as local network
// gateways or the links of a VPN site, and the connections to them.
func LinkEnd(r *root.Root, link fabric.Link, end int) {
	w := newWriter(r)
	g := w.gatewayOf(link.Gateways[end])
	switch g.Kind {
	case fabric.VPNGateway:
		w.connections(link, end, g)
	case fabric.VirtualHub:
		w.hubConnections(link, end, g)
	case fabric.VirtualPrivateGateway, fabric.TransitGateway, fabric.HAVPN, fabric.Device:
		panic("azure: gateway " + string(g.ID) + " is a " + g.Kind.String())
	}
}

// Link writes a link inside the cloud: the peerings between two hub VNets. Two
// hubs of one Virtual WAN are joined by it and need nothing more.
func Link(r *root.Root, link fabric.Link) {
	w := newWriter(r)
	b := r.LinkFile(link.ID)
	if link.Kind == fabric.VirtualWANLink {
		r.Head(b, link.Origin)
		b.Comment("Both sites are hubs of one Virtual WAN, which joins its hubs by itself.")
	}
	for _, a := range r.Set.LinkAttachments(link.ID) {
		w.attachment(b, a)
	}
}

// writer is a root with what every resource needs.
type writer struct {
	r    *root.Root
	net  *fabric.Network
	rule atlas.NameRule // of most resources
}

func newWriter(r *root.Root) writer {
	return writer{r: r, net: r.Set.Network, rule: r.Set.Atlas.Name(atlas.NameAzureResource)}
}

// name gives the native name of an object and what is said of it, the
// network's name first.
func (w writer) name(id string, parts ...string) hcl.Expr {
	return hcl.Quote(names.Fit(w.rule, names.Native(w.net, id, parts...)))
}

// nameBy is name for a kind of resource with a rule of its own.
func (w writer) nameBy(kind atlas.NameKind, id string) hcl.Expr {
	return hcl.Quote(names.Fit(w.r.Set.Atlas.Name(kind), names.Native(w.net, id)))
}

// keyRoom is how many characters the keys of tunnels and interfaces take in a
// name, hyphen and all: "-t127".
const keyRoom = 5

// keyedName gives the names of a for_each group over tunnels or interfaces.
func (w writer) keyedName(id string, parts ...string) hcl.Expr {
	rule := w.rule
	rule.MaxLen -= keyRoom
	return hcl.Expr(`"` + names.Fit(rule, names.Native(w.net, id, parts...)) + `-${each.key}"`)
}

// gatewayOf returns a gateway that the network is known to have.
func (w writer) gatewayOf(id fabric.GatewayID) fabric.Gateway {
	g, ok := w.net.Gateway(id)
	if !ok {
		panic("azure: no gateway " + string(id))
	}
	return g
}

// vpcOf returns a VNet that the network is known to have.
func (w writer) vpcOf(id fabric.VPCID) fabric.VPC {
	v, ok := w.net.VPC(id)
	if !ok {
		panic("azure: no VNet " + string(id))
	}
	return v
}

// siteOf returns a site that the network is known to have.
func (w writer) siteOf(id fabric.SiteID) fabric.Site {
	s, ok := w.net.Site(id)
	if !ok {
		panic("azure: no site " + string(id))
	}
	return s
}

// subnetOf returns a subnet that the network is known to have.
func (w writer) subnetOf(id fabric.SubnetID) fabric.Subnet {
	s, ok := w.net.Subnet(id)
	if !ok {
		panic("azure: no subnet " + string(id))
	}
	return s
}

// zones returns the zones of a site's region: a Standard public address is in
// all of them or in one, so it is not the site's own choice that counts.
func (w writer) zones(site fabric.Site) []string {
	region, ok := w.r.Set.Atlas.Region(site.Cloud, site.Region)
	if !ok {
		panic("azure: no region " + site.Region)
	}
	out := make([]string, len(region.Zones))
	for i, z := range region.Zones {
		out[i] = string(z)
	}
	return out
}

// vpcTags gives the tags of what stands in a VNet.
func (w writer) vpcTags(v fabric.VPC) hcl.Expr { return w.r.Tags("", v.Environment, v.Tags) }

// siteTags gives the tags of what belongs to a whole site.
func (w writer) siteTags(s fabric.Site) hcl.Expr { return w.r.Tags("", s.Environment, s.Tags) }

// attr writes an argument whose value depends on whether there is one.
func attr(b *hcl.Body, name string, values []string) {
	if len(values) > 0 {
		b.Attr(name, hcl.Strings(values...))
	}
}
