// Package aws spells the AWS part of a compiled network as Terraform: VPCs,
// subnets and their routes, gateways and attachments, security groups, network
// ACLs, flow logs, VPN connections and transit gateway peerings. It decides
// nothing: what is made and how stands in the network.
package aws

import (
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/render/terraform/root"
)

// Site writes what a site has without regard to other sites.
func Site(r *root.Root, site fabric.Site) {
	w := newWriter(r, site)
	for _, g := range r.Set.Gateways(site.ID) {
		w.gateway(g)
	}
	for _, v := range r.Set.VPCs(site.ID) {
		w.vpc(v)
		w.filters(v)
	}
	if logs := r.Set.FlowLogs(site.ID); len(logs) > 0 {
		homes := sinkHomes(w.n)
		for _, f := range logs {
			w.flowLog(f, homes[f.Sink])
		}
	}
}

// writer writes the resources of one site on one root.
type writer struct {
	r    *root.Root
	n    *fabric.Network
	site fabric.Site
}

func newWriter(r *root.Root, site fabric.Site) writer {
	return writer{r: r, n: r.Set.Network, site: site}
}

// open opens a resource with the account's provider and the site's region.
// Each of before is written ahead of them: for_each.
func (w writer) open(b *hcl.Body, o fabric.Origin, kind, id string, account fabric.AccountID, before ...hcl.Item) {
	w.openWas(b, o, kind, id, names.Former(w.n, id), account, before...)
}

// openWas is open for what is named after two objects, see [root.Root.ResourceWas].
func (w writer) openWas(b *hcl.Body, o fabric.Origin, kind, id, former string, account fabric.AccountID, before ...hcl.Item) {
	w.r.ResourceWas(b, o, kind, id, former)
	for _, it := range before {
		b.Attr(it.Key, it.Value)
	}
	b.Attr("provider", w.r.Provider(account))
	b.Attr("region", hcl.Quote(w.site.Region))
	b.Blank()
}

// title returns a Name tag's value.
func (w writer) title(id string, parts ...string) string { return names.Title(w.n, id, parts...) }

// eachTags returns the tags of a resource of a VPC in for_each, whose Name ends
// in the key.
func (w writer) eachTags(v fabric.VPC, parts ...string) hcl.Expr {
	return w.r.NamedTags(withKey(w.title(string(v.ID), parts...)), v.Environment, v.Tags)
}

// siteTags is eachTags for a resource of the site itself or of one of its links.
func (w writer) siteTags(title string) hcl.Expr {
	return w.r.NamedTags(withKey(title), w.site.Environment, w.site.Tags)
}

// withKey is a Name that ends in the key of for_each.
func withKey(title string) hcl.Expr { return "\"" + hcl.Expr(title) + "-${each.key}\"" }

func forEach(e hcl.Expr) hcl.Item { return hcl.Item{Key: "for_each", Value: e} }

// attributes of AWS resources that others refer to.

func vpcID(v fabric.VPC) names.Ref {
	if v.Existing != "" {
		return names.Literal(v.Existing)
	}
	label := names.Label(string(v.ID))
	return names.Ref{Home: v.Sites[0], Expr: "aws_vpc." + label + ".id", Output: label + "_vpc_id"}
}

func gatewayRef(g fabric.Gateway, attribute string) names.Ref {
	label := names.GatewayLabel(g.ID)
	kind, short := "aws_ec2_transit_gateway", "transit_gateway"
	if g.Kind == fabric.VirtualPrivateGateway {
		kind, short = "aws_vpn_gateway", "vpn_gateway"
	}
	return names.Ref{Home: g.Site, Expr: kind + "." + label + "." + attribute, Output: label + "_" + short + "_" + attribute}
}

func securityGroupID(n *fabric.Network, id fabric.FilterID) names.Ref {
	f, ok := n.Filter(id)
	if !ok {
		panic("aws: no filter " + string(id))
	}
	label := names.Label(filterOwner(id))
	return names.Ref{Home: f.Site, Expr: "aws_security_group." + label + ".id", Output: label + "_security_group_id"}
}

func subnetID(v fabric.VPC, s fabric.Subnet, p fabric.SubnetPart) hcl.Expr {
	return hcl.Index(hcl.Expr("aws_subnet."+names.Label(string(v.ID))), subnetKey(s, p)) + ".id"
}

// mustGateway, mustVPC and mustSubnet return what the network is sure to hold.

func (w writer) mustGateway(id fabric.GatewayID) fabric.Gateway {
	g, ok := w.n.Gateway(id)
	if !ok {
		panic("aws: no gateway " + string(id))
	}
	return g
}

func (w writer) mustVPC(id fabric.VPCID) fabric.VPC {
	v, ok := w.n.VPC(id)
	if !ok {
		panic("aws: no VPC " + string(id))
	}
	return v
}

func (w writer) mustSubnet(id fabric.SubnetID) fabric.Subnet {
	s, ok := w.n.Subnet(id)
	if !ok {
		panic("aws: no subnet " + string(id))
	}
	return s
}

func (w writer) accountNumber(id fabric.AccountID) string {
	a, ok := w.n.Account(id)
	if !ok {
		panic("aws: no account " + string(id))
	}
	return a.Native
}
