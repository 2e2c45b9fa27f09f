package change

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

func (v *inventory) azureSubnet(s *fabric.Subnet, vpc *fabric.VPC) {
	var services []string
	for _, e := range v.n.Endpoints {
		if e.Kind == fabric.ServiceEndpoint && slices.Contains(e.Subnets, s.ID) {
			services = append(services, e.Native)
		}
	}
	v.add(vocab.Azure, "subnet", string(s.ID), s.Site, s.Meta,
		v.in("vpc", vocab.Azure, vpcKind(vpc.Cloud), string(s.VPC)),
		text("cidr", s.Prefix.String()),
		v.id("route_table", string(s.RouteTable)),
		v.id("filter", string(s.Filter)),
		list("service_endpoints", services),
	)
}

// azureGateway adds a VPN or ExpressRoute gateway.
func (v *inventory) azureGateway(g *fabric.Gateway, kind string) {
	attrs := []attr{
		v.in("vpc", vocab.Azure, vpcKind(vocab.Azure), string(g.VPC)), v.account(g.Meta.Account),
		text("asn", g.ASN.String()), text("sku", g.SKU), text("sku_family", skuFamily(g.SKU)),
	}
	if g.Kind == fabric.VPNGateway {
		attrs = append(attrs, text("generation", number(g.Generation)), text("instances", number(len(g.Interfaces))), list("inside", insides(g)))
	}
	v.add(vocab.Azure, kind, string(g.ID), g.Site, g.Meta, attrs...).tunnels = v.tunnels[g.ID]
}

// azureHub adds a Virtual WAN hub with its VPN gateway.
func (v *inventory) azureHub(g *fabric.Gateway, kind string) {
	v.add(vocab.Azure, kind, string(g.ID), g.Site, g.Meta,
		text("prefix", g.Prefix.String()), text("scale_units", number(g.ScaleUnits)), text("asn", g.ASN.String()),
		v.region(g.Site), v.account(g.Meta.Account), list("inside", insides(g))).tunnels = v.tunnels[g.ID]
}

// skuFamily is the group of sizes inside which a gateway is resized: those
// with zones, whose names end in AZ, those without, and Basic.
func skuFamily(sku string) string {
	switch {
	case sku == "Basic":
		return "basic"
	case strings.HasSuffix(sku, "AZ") || strings.HasSuffix(sku, "Az"):
		return "with zones"
	}
	return "without zones"
}

// insides are the addresses of a gateway's BGP speakers.
func insides(g *fabric.Gateway) []string {
	var out []string
	for _, i := range g.Interfaces {
		for _, a := range i.Inside {
			out = append(out, "instance "+strconv.Itoa(i.Index)+" "+a.String())
		}
	}
	return out
}

func (v *inventory) azureAttachment(a *fabric.Attachment, site fabric.SiteID) {
	vpc := v.in("vpc", vocab.Azure, vpcKind(vocab.Azure), string(a.VPC))
	switch a.Kind {
	case fabric.VNetPeering:
		v.add(vocab.Azure, "VNet peering", string(a.ID), site, a.Meta, vpc,
			v.in("peer", vocab.Azure, vpcKind(vocab.Azure), string(a.PeerVPC)), yes("gateway_transit", a.GatewayTransit))
	case fabric.VirtualHubConnection:
		v.add(vocab.Azure, "virtual hub connection", string(a.ID), site, a.Meta, vpc,
			v.in("gateway", vocab.Azure, gatewayKind(fabric.VirtualHub), string(a.Gateway)))
	case fabric.VGWAttachment, fabric.TransitVPCAttachment, fabric.TransitVPNAttachment, fabric.TransitPeering, fabric.VPCPeering,
		fabric.NCCSpoke, fabric.NCCHybridSpoke, fabric.AWSPeering, fabric.DirectConnectAssociation:
	}
}
