package azure

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
	"github.com/tieline/tieline/internal/read/terraform/into/draft"
	"github.com/tieline/tieline/internal/vocab"
)

var hubTypes = doc.Types("azurerm_virtual_hub")

// readHubs reads the hubs of Virtual WANs with their VPN gateways. The hubs of
// one WAN reach each other.
func (r *reader) readHubs() {
	n := r.d.Net
	wans := map[string][]int{}
	var order []string
	for _, x := range r.src.Of(hubTypes.Types...) {
		site := r.d.Site(vocab.Azure, region(x), x.Origin)
		g := fabric.Gateway{
			ID: fabric.GatewayID(r.d.ID(string(site) + "/vwan")), Kind: fabric.VirtualHub, Meta: r.meta(x, region(x)), Site: site,
			ASN: r.d.Atlas.ASNs(vocab.Azure).Default, ECMP: true, RoutingUnits: x.Int("virtual_router_auto_scale_min_capacity"),
		}
		if list, _ := x.Prefixes("address_prefix"); len(list) == 1 {
			g.Prefix = list[0]
		} else {
			draft.Doubt(&g.Meta, "its prefix is only known once applied")
		}
		g.PathFirst = x.Text("hub_routing_preference") == "ASPath"
		if x.Set("route") {
			draft.Doubt(&g.Meta, "its static routes are not modelled")
			r.unclear(x, "the static routes of a virtual hub are not modelled")
		}
		r.hubs[x] = len(n.Gateways)
		wan := x.Text("virtual_wan_id")
		if l := x.One("virtual_wan_id", doc.Types("azurerm_virtual_wan")); l.To != nil {
			wan = l.To.Address
		}
		if wan != "" {
			if wans[wan] == nil {
				order = append(order, wan)
			}
			wans[wan] = append(wans[wan], len(n.Gateways))
		}
		n.Gateways = append(n.Gateways, g)
	}
	for _, x := range r.src.Of("azurerm_vpn_gateway") {
		l := x.One("virtual_hub_id", hubTypes)
		i, ok := r.hubs[l.To]
		if !ok {
			r.unclear(x, "the hub of the gateway is not in the file or cannot be told")
			continue
		}
		r.gateways[x] = i
		r.hubGateway(x, &n.Gateways[i])
	}
	for _, wan := range order {
		for k, i := range wans[wan] {
			for _, j := range wans[wan][k+1:] {
				a, b := &n.Gateways[i], &n.Gateways[j]
				r.d.Link(fabric.VirtualWANLink, a.Meta.Origin, [2]fabric.SiteID{a.Site, b.Site}, [2]fabric.GatewayID{a.ID, b.ID})
			}
		}
	}
	r.readVNetConnections()
}

// hubInstances is how many instances the VPN gateway of a hub has.
const hubInstances = 2

func (r *reader) hubGateway(x *doc.Resource, g *fabric.Gateway) {
	g.ScaleUnits = cmp.Or(x.Int("scale_unit"), 1)
	bgp := x.First("bgp_settings")
	g.ASN = cmp.Or(bgp.ASN("asn"), g.ASN)
	for i := range hubInstances {
		f := fabric.Interface{Index: i, Domains: []fabric.Domain{{Kind: fabric.Instance, ID: string(g.ID) + "#" + strconv.Itoa(i)}}}
		for _, text := range bgp.First("instance_" + strconv.Itoa(i) + "_bgp_peering_address").Texts("custom_ips") {
			if a, err := netip.ParseAddr(text); err == nil {
				f.Inside = append(f.Inside, a)
			}
		}
		slices.SortFunc(f.Inside, netip.Addr.Compare)
		g.Interfaces = append(g.Interfaces, f)
	}
}

func (r *reader) readVNetConnections() {
	n := r.d.Net
	for _, x := range r.src.Of("azurerm_virtual_hub_connection") {
		v, ok := r.vnetOf(x, "remote_virtual_network_id")
		l := x.One("virtual_hub_id", hubTypes)
		i, okHub := r.hubs[l.To]
		if !okHub || !ok {
			if ok {
				draft.Doubt(&n.VPCs[v].Meta, "it is connected to a virtual hub that is not in the file")
			}
			r.unclear(x, "the hub or the VNet is not in the file or cannot be told")
			continue
		}
		m := r.meta(x, "")
		m.Domains, m.Account = n.VPCs[v].Meta.Domains, n.VPCs[v].Meta.Account
		if x.First("routing").Set("associated_route_table_id") || x.First("routing").Set("static_vnet_route") || x.First("routing").Set("propagated_route_table") {
			m.Unread = "its routing differs from the hub's default, which is not modelled"
			r.unclear(x, m.Unread)
		}
		g := &n.Gateways[i]
		a := fabric.Attachment{
			ID: fabric.AttachmentID(r.d.ID(string(g.ID) + "--" + string(n.VPCs[v].ID))), Meta: m, Kind: fabric.VirtualHubConnection,
			Gateway: g.ID, VPC: n.VPCs[v].ID, CrossAccount: n.VPCs[v].Meta.Account != g.Meta.Account,
		}
		if n.VPCs[v].Sites[0] != g.Site {
			a.Link = r.d.Link(fabric.VNetPeerLink, x.Origin, [2]fabric.SiteID{n.VPCs[v].Sites[0], g.Site}, [2]fabric.GatewayID{"", g.ID})
		}
		n.Attachments = append(n.Attachments, a)
	}
}

// readHubConnections reads the VPN connections of hubs: a tunnel for each link
// of a VPN site.
func (r *reader) readHubConnections() {
	n := r.d.Net
	for _, x := range r.src.Of("azurerm_vpn_gateway_connection") {
		l, to := x.One("vpn_gateway_id", doc.Types("azurerm_vpn_gateway")), x.One("remote_vpn_site_id", doc.Types("azurerm_vpn_site"))
		i, ok := r.gateways[l.To]
		if !ok {
			r.unclear(x, "the gateway of the connection is not in the file or cannot be told")
			continue
		}
		g := &n.Gateways[i]
		if to.To == nil {
			draft.Doubt(&g.Meta, "its connection "+title(x)+" is to a VPN site that is not in the file")
			r.unclear(x, "the VPN site is not in the file or cannot be told")
			continue
		}
		links := to.To.Blocks("link")
		for k, b := range x.Blocks("vpn_link") {
			at := slices.IndexFunc(links, func(s doc.Block) bool { return s.Text("name") == b.Text("name") })
			if at < 0 && k < len(links) {
				at = k
			}
			if at < 0 {
				r.unclear(x, "a link of the connection is none of the VPN site's")
				continue
			}
			r.hubTunnel(x, l.To, to.To, g, b, links[at])
		}
	}
}

func (r *reader) hubTunnel(x, gateway, site *doc.Resource, g *fabric.Gateway, b, link doc.Block) {
	e := draft.End{
		Origin: x.Origin, Account: g.Meta.Account, Cloud: vocab.Azure, Site: g.Site, Gateway: g.ID, ASN: g.ASN, PeerName: title(site), Device: site.Address,
		InitiateIKE: b.Text("connection_mode") != "ResponderOnly", DPD: b.Int("dpd_timeout_seconds"), Phase2: b.First("ipsec_policy").Int("sa_lifetime_sec"),
		Peer: link.Source("ip_address"), PeerASN: link.First("bgp").ASN("asn"), PeerInside: link.First("bgp").Addr("peering_address"),
	}
	e.PeerPrefixes, _ = site.Prefixes("address_cidrs")
	if !b.True("bgp_enabled") {
		e.Static = true
		e.Unread = "it routes by the peer's address space, without BGP, which is not modelled in Azure"
		r.unclear(x, e.Unread)
	}
	for k := range g.Interfaces {
		for _, a := range g.Interfaces[k].Inside {
			if near(a, e.PeerInside) {
				e.Inside, e.Interface = a, k
			}
		}
	}
	if e.Inside.IsValid() {
		e.Own = hubAddresses(gateway, e.Interface)
		r.d.AddEnd(e)
		return
	}
	for k := range g.Interfaces {
		e.Interface, e.Own = k, hubAddresses(gateway, k)
		r.d.AddEnd(e)
	}
}

// hubAddresses are the names of the public address of an instance.
func hubAddresses(gateway *doc.Resource, instance int) []string {
	k := strconv.Itoa(instance)
	return []string{
		gateway.Result("ip_configuration[" + k + "].public_ip_address"),
		gateway.Result("bgp_settings[0].instance_" + k + "_bgp_peering_address[0].tunnel_ips"),
	}
}
