package azure

import (
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

// virtualHub writes a Virtual WAN hub, with a VPN gateway where tunnels end on
// it. The first such site of the network makes the Virtual WAN too.
func (w writer) virtualHub(site fabric.Site, g fabric.Gateway) {
	b := w.r.SiteFile(site.ID, "gateway")
	owner := names.Owner(g.ID)
	label := names.GatewayLabel(g.ID)
	rg := groupOf(site, g.Meta.Account)
	if home, first := w.wanHome(); home.ID == site.ID && first.ID == g.ID {
		w.r.Resource(b, g.Meta.Origin, "azurerm_virtual_wan", w.net.Name)
		b.Attr("provider", w.r.Provider(g.Meta.Account))
		b.Blank()
		w.place(b, w.name("wan"), rg)
		b.Attr("type", `"Standard"`)
		b.Attr("tags", w.r.Tags("", w.net.Environment, nil))
		b.End()
	}

	w.r.Resource(b, g.Meta.Origin, "azurerm_virtual_hub", owner)
	b.Attr("provider", w.r.Provider(g.Meta.Account))
	b.Blank()
	w.place(b, w.name(owner, "hub"), rg)
	b.Attr("virtual_wan_id", w.wanID())
	b.Attr("sku", `"Standard"`)
	b.Attr("address_prefix", hcl.Quote(g.Prefix.String()))
	b.Attr("tags", w.siteTags(site))
	b.End()

	if g.ScaleUnits == 0 {
		return
	}
	w.r.Resource(b, g.Meta.Origin, "azurerm_vpn_gateway", owner)
	b.Attr("provider", w.r.Provider(g.Meta.Account))
	b.Blank()
	w.place(b, w.name(owner, "vpn"), rg)
	b.Attr("virtual_hub_id", hcl.Expr("azurerm_virtual_hub."+label+".id"))
	b.Attr("scale_unit", hcl.Int(g.ScaleUnits))
	b.Attr("tags", w.siteTags(site))
	b.Blank()
	b.Block("bgp_settings")
	b.Attr("asn", hcl.Expr(g.ASN.String()))
	b.Attr("peer_weight", "0")
	for i, f := range g.Interfaces {
		if len(f.Inside) == 0 {
			continue
		}
		b.Blank()
		b.Block("instance_" + hclIndex(i) + "_bgp_peering_address")
		b.Attr("custom_ips", addrs(f.Inside))
		b.End()
	}
	b.End()
	b.End()
}

// wanHome returns the site and hub that the Virtual WAN is made with.
func (w writer) wanHome() (fabric.Site, fabric.Gateway) {
	for _, g := range w.net.Gateways {
		if g.Kind == fabric.VirtualHub {
			return w.siteOf(g.Site), g
		}
	}
	panic("azure: no virtual hub")
}

// wanID refers to the network's Virtual WAN.
func (w writer) wanID() hcl.Expr {
	home, _ := w.wanHome()
	return w.r.Ref(names.Ref{Home: home.ID, Expr: "azurerm_virtual_wan." + names.Label(w.net.Name) + ".id", Output: "virtual_wan_id"})
}

// hubID refers to a virtual hub by its resource id.
func (w writer) hubID(g fabric.Gateway) hcl.Expr {
	label := names.GatewayLabel(g.ID)
	return w.r.Ref(names.Ref{Home: g.Site, Expr: "azurerm_virtual_hub." + label + ".id", Output: label + "_virtual_hub_id"})
}

// saDataSizeKB is how much an IPsec SA carries before it is made anew: Azure's
// own default, which a virtual hub's connection must spell
// (https://learn.microsoft.com/azure/vpn-gateway/ipsec-ike-policy-howto).
const saDataSizeKB = 102_400_000

// hubConnections writes a virtual hub's end of a link: VPN sites, which stand
// for the far side with a link for each of its tunnel ends, and the connections
// to them. A site has no more links than Azure takes.
func (w writer) hubConnections(link fabric.Link, end int, g fabric.Gateway) {
	t := w.tunnels(link, end, g)
	links := w.r.Set.Atlas.Limit(atlas.LimitAzureVWANSiteLinks).Value
	id := string(link.ID)
	for i, part := range slices.Collect(slices.Chunk(t.items, links)) {
		partID := id
		if i > 0 {
			partID += "/" + hclIndex(i)
		}
		w.hubSite(link, partID, g, t, part)
	}
}

// hubSite writes a VPN site with the connection to it, for some of a link's
// tunnels.
func (w writer) hubSite(link fabric.Link, id string, g fabric.Gateway, t tunnelSet, part []hcl.Item) {
	b := w.r.LinkFile(link.ID)
	site := w.siteOf(g.Site)
	label := names.Label(id)
	local := hcl.Expr("local." + label + "_azure")

	w.r.Locals(b, hcl.Item{Key: label + "_azure", Value: hcl.Map(part...)})

	w.r.Resource(b, link.Origin, "azurerm_vpn_site", id)
	b.Attr("provider", w.r.Provider(g.Meta.Account))
	b.Blank()
	w.place(b, w.name(id), groupOf(site, g.Meta.Account))
	b.Attr("virtual_wan_id", w.wanID())
	b.Attr("tags", w.siteTags(site))
	b.Blank()
	b.Block("dynamic", "link")
	b.Attr("for_each", local)
	b.Blank()
	b.Block("content")
	b.Attr("name", "link.key")
	b.Attr("ip_address", "link.value.peer_address")
	b.Blank()
	b.Block("bgp")
	b.Attr("asn", t.peerASN)
	b.Attr("peering_address", "link.value.peer_bgp")
	b.End()
	b.End()
	b.End()
	b.End()

	w.r.Resource(b, link.Origin, "azurerm_vpn_gateway_connection", id)
	b.Attr("provider", w.r.Provider(g.Meta.Account))
	b.Blank()
	b.Attr("name", w.name(id))
	b.Attr("vpn_gateway_id", w.gatewayID(g, "azurerm_vpn_gateway"))
	b.Attr("remote_vpn_site_id", hcl.Expr("azurerm_vpn_site."+label+".id"))
	b.Blank()
	b.Block("dynamic", "vpn_link")
	b.Attr("for_each", local)
	b.Blank()
	b.Block("content")
	b.Attr("name", "vpn_link.key")
	b.Attr("vpn_site_link_id", hcl.Expr("one([for l in azurerm_vpn_site."+label+".link : l.id if l.name == vpn_link.key])"))
	b.Attr("protocol", `"IKEv2"`)
	b.Attr("connection_mode", t.value("vpn_link", "mode"))
	b.Attr("shared_key", hcl.Expr(names.PSKOf("vpn_link.value.psk")))
	b.Attr("dpd_timeout_seconds", t.value("vpn_link", "dpd"))
	b.Attr("bgp_enabled", "true")
	for i := range g.Interfaces {
		n := hclIndex(i)
		b.Blank()
		b.Block("custom_bgp_address")
		b.Attr("ip_address", hcl.Expr("vpn_link.value.bgp_"+n))
		b.Attr("ip_configuration_id", w.instanceID(g, n))
		b.End()
	}
	b.Blank()
	s := w.suite(link.Suite)
	b.Block("ipsec_policy")
	b.Attr("ike_encryption_algorithm", s.ikeEncryption)
	b.Attr("ike_integrity_algorithm", s.ikeIntegrity)
	b.Attr("dh_group", s.ikeGroup)
	b.Attr("encryption_algorithm", s.espEncryption)
	b.Attr("integrity_algorithm", s.espIntegrity)
	b.Attr("pfs_group", s.pfsGroup)
	b.Attr("sa_lifetime_sec", t.value("vpn_link", "lifetime"))
	b.Attr("sa_data_size_kb", hcl.Int(saDataSizeKB))
	b.End()
	b.End()
	b.End()
	b.End()
}

// instanceID refers to the address configuration of an instance of a hub's VPN
// gateway.
func (w writer) instanceID(g fabric.Gateway, n string) hcl.Expr {
	label := names.GatewayLabel(g.ID)
	return w.r.Ref(names.Ref{
		Home:   g.Site,
		Expr:   strings.ReplaceAll("azurerm_vpn_gateway."+label+".bgp_settings[0].instance_N_bgp_peering_address[0].ip_configuration_id", "N", n),
		Output: label + "_vpn_instance_" + n + "_id",
	})
}
