package azure

import (
	"net/netip"
	"strconv"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

// gateway writes the gateway of a site.
func (w writer) gateway(site fabric.Site, g fabric.Gateway) {
	switch g.Kind {
	case fabric.VPNGateway:
		w.vpnGateway(site, g)
	case fabric.VirtualHub:
		w.virtualHub(site, g)
	case fabric.VirtualPrivateGateway, fabric.TransitGateway, fabric.HAVPN, fabric.Device:
		panic("azure: gateway " + string(g.ID) + " is a " + g.Kind.String())
	}
}

// vpnGateway writes a VNet's VPN gateway: a public address an instance, and
// the gateway with a BGP speaker on each.
func (w writer) vpnGateway(site fabric.Site, g fabric.Gateway) {
	b := w.r.SiteFile(site.ID, "gateway")
	owner := names.Owner(g.ID)
	label := names.GatewayLabel(g.ID)
	v := w.vpcOf(g.VPC)
	rg := groupOf(site, g.Meta.Account)
	addresses := hcl.Expr("azurerm_public_ip." + label)

	keys := make([]string, len(g.Interfaces))
	for i := range g.Interfaces {
		keys[i] = strconv.Itoa(i)
	}
	w.publicIP(b, g.Meta, owner, w.keyedName(owner, "vpn"), rg, w.zones(site), w.vpcTags(v), keys...)
	b.End()

	w.r.Resource(b, g.Meta.Origin, "azurerm_virtual_network_gateway", owner)
	b.Attr("provider", w.r.Provider(g.Meta.Account))
	b.Blank()
	w.place(b, w.name(owner, "vpn"), rg)
	b.Attr("type", `"Vpn"`)
	b.Attr("sku", hcl.Quote(g.SKU))
	b.Attr("generation", hcl.Quote("Generation"+strconv.Itoa(g.Generation)))
	b.Attr("active_active", hcl.Bool(len(g.Interfaces) > 1))
	b.Attr("bgp_enabled", "true")
	b.Attr("tags", w.vpcTags(v))
	for i, key := range keys {
		b.Blank()
		b.Block("ip_configuration")
		b.Attr("name", instance(i))
		b.Attr("subnet_id", w.gatewaySubnetID(v))
		b.Attr("public_ip_address_id", hcl.Index(addresses, key)+".id")
		b.End()
	}
	b.Blank()
	b.Block("bgp_settings")
	b.Attr("asn", hcl.Expr(g.ASN.String()))
	for i, f := range g.Interfaces {
		if len(f.Inside) == 0 {
			continue
		}
		b.Blank()
		b.Block("peering_addresses")
		b.Attr("ip_configuration_name", instance(i))
		b.Attr("apipa_addresses", addrs(f.Inside))
		b.End()
	}
	b.End()
	b.End()

	w.r.Output(label+"_vpn_addresses", "Public addresses of the VPN gateway at "+string(site.ID)+", by instance",
		"{ for instance, ip in "+addresses+" : instance => ip.ip_address }")
}

// instance gives the name of a gateway instance's address configuration.
func instance(i int) hcl.Expr { return hcl.Quote("instance-" + strconv.Itoa(i)) }

// gatewaySubnetID refers to the subnet that a VNet's gateway stands in.
func (w writer) gatewaySubnetID(v fabric.VPC) hcl.Expr {
	for _, s := range w.r.Set.Subnets(v.ID) {
		if s.Purpose == fabric.GatewaySubnet {
			return w.subnetID(v, s)
		}
	}
	panic("azure: VNet " + string(v.ID) + " has no subnet for its gateway")
}

func addrs(list []netip.Addr) hcl.Expr {
	text := make([]string, len(list))
	for i, a := range list {
		text[i] = a.String()
	}
	return hcl.Strings(text...)
}

// gatewayID refers to a gateway by its resource id.
func (w writer) gatewayID(g fabric.Gateway, typ string) hcl.Expr {
	label := names.GatewayLabel(g.ID)
	return w.r.Ref(names.Ref{Home: g.Site, Expr: typ + "." + label + ".id", Output: label + "_vpn_gateway_id"})
}
