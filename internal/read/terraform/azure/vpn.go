package azure

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
	"github.com/tieline/tieline/internal/read/terraform/into/draft"
	"github.com/tieline/tieline/internal/vocab"
)

var gatewayTypes = doc.Types("azurerm_virtual_network_gateway")

func (r *reader) readGateways() {
	n := r.d.Net
	for _, x := range r.src.Of(gatewayTypes.Types...) {
		configs := x.Blocks("ip_configuration")
		s, ok := 0, false
		if len(configs) > 0 {
			s, ok = r.subnetOf(x, configs[0], "subnet_id")
		}
		if !ok {
			r.unclear(x, "the subnet that the gateway stands in is not in the file or cannot be told")
			continue
		}
		subnet := &n.Subnets[s]
		g := fabric.Gateway{Kind: fabric.VPNGateway, Meta: r.meta(x, region(x)), Site: subnet.Site, VPC: subnet.VPC, SKU: x.Text("sku"), ECMP: x.True("active_active")}
		name := "/vpn"
		if strings.EqualFold(x.Text("type"), "ExpressRoute") {
			g.Kind, name = fabric.ExpressRouteGateway, "/er"
			g.Meta.Unread = "the circuits of an ExpressRoute gateway are not modelled"
			r.unclear(x, g.Meta.Unread)
		}
		g.ID = fabric.GatewayID(r.d.ID(string(g.Site) + name))
		g.Generation, _ = strconv.Atoi(strings.TrimPrefix(x.Text("generation"), "Generation"))
		bgp := x.First("bgp_settings")
		g.ASN = cmp.Or(bgp.ASN("asn"), r.d.Atlas.ASNs(vocab.Azure).Default)
		if bgp.Unknown("asn") {
			g.ASN = 0
		}
		if strings.EqualFold(x.Text("vpn_type"), "PolicyBased") {
			draft.Doubt(&g.Meta, "a policy-based gateway is not modelled")
		}
		if x.Set("custom_route") {
			draft.Doubt(&g.Meta, "its custom routes are not modelled")
		}
		for i, c := range configs {
			f := fabric.Interface{Index: i, Domains: []fabric.Domain{{Kind: fabric.Instance, ID: string(g.ID) + "#" + strconv.Itoa(i)}}}
			f.Inside = inside(bgp, c.Text("name"), i)
			g.Interfaces = append(g.Interfaces, f)
		}
		r.gateways[x] = len(n.Gateways)
		n.Gateways = append(n.Gateways, g)
	}
}

// inside returns the link-local BGP addresses of an instance.
func inside(bgp doc.Block, name string, i int) []netip.Addr {
	blocks := bgp.Blocks("peering_addresses")
	var out []netip.Addr
	for k, b := range blocks {
		if own := b.Text("ip_configuration_name"); own != name && (own != "" || k != i) {
			continue
		}
		for _, text := range b.Texts("apipa_addresses") {
			if a, err := netip.ParseAddr(text); err == nil {
				out = append(out, a)
			}
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return out
}

// publicAddress says where the public address of an instance comes from.
func (r *reader) publicAddress(x *doc.Resource, instance int) []string {
	configs := x.Blocks("ip_configuration")
	if instance >= len(configs) {
		return nil
	}
	l := configs[instance].One("public_ip_address_id", doc.Types("azurerm_public_ip"))
	if l.To == nil {
		return nil
	}
	return []string{l.To.Result("ip_address")}
}

// readConnections reads the connections of VNet gateways.
func (r *reader) readConnections() {
	n := r.d.Net
	for _, x := range r.src.Of("azurerm_virtual_network_gateway_connection") {
		l := x.One("virtual_network_gateway_id", gatewayTypes)
		i, ok := r.gateways[l.To]
		if !ok {
			r.unclear(x, "the gateway of the connection is not in the file or cannot be told")
			continue
		}
		g := &n.Gateways[i]
		e := draft.End{
			Origin: x.Origin, Account: g.Meta.Account, Cloud: vocab.Azure, Site: g.Site, Gateway: g.ID, ASN: g.ASN, PeerName: title(x),
			InitiateIKE: x.Text("connection_mode") != "ResponderOnly", DPD: x.Int("dpd_timeout_seconds"), Phase2: x.First("ipsec_policy").Int("sa_lifetime"),
		}
		if policy := x.First("ipsec_policy"); policy.Set("ipsec_encryption") {
			e.ESP = draft.ReadCipher(r.d.Atlas.VPN(vocab.Azure).ESP, []string{policy.Text("ipsec_encryption")}, []string{policy.Text("ipsec_integrity")})
		}
		for _, name := range []string{"egress_nat_rule_ids", "ingress_nat_rule_ids", "traffic_selector_policy"} {
			if x.Set(name) {
				e.Unread = "its " + strings.ReplaceAll(name, "_", " ") + " are not modelled"
				r.unclear(x, e.Unread)
			}
		}
		switch strings.ToLower(x.Text("type")) {
		case "ipsec":
			r.toLocal(x, l.To, g, e)
		case "vnet2vnet":
			r.toVNet(x, l.To, e)
		default:
			draft.Doubt(&g.Meta, "its connection "+title(x)+" to a circuit is not modelled")
			r.unclear(x, "a connection of type "+x.Text("type")+" is not modelled")
		}
	}
}

// toLocal adds the tunnels of a connection to a local network gateway: the one
// of the instance whose BGP address is in the peer's /30, else one of each.
func (r *reader) toLocal(x, gateway *doc.Resource, g *fabric.Gateway, e draft.End) {
	l := x.One("local_network_gateway_id", doc.Types("azurerm_local_network_gateway"))
	if l.To == nil {
		e.Unread, e.Device = "the local network gateway is not in the file or cannot be told", l.Text
		r.unclear(x, e.Unread)
		r.d.AddEnd(e)
		return
	}
	far := l.To
	e.PeerName, e.Device = title(far), far.ModulePath()+" "+far.Type+" "+far.Name
	e.Peer = far.Source("gateway_address")
	if far.Set("gateway_fqdn") && e.Peer == "" {
		e.Peer = far.Source("gateway_fqdn")
	}
	bgp := far.First("bgp_settings")
	e.PeerASN, e.PeerInside = bgp.ASN("asn"), bgp.Addr("bgp_peering_address")
	e.PeerPrefixes, _ = far.Prefixes("address_space")
	if !x.True("bgp_enabled") && !x.True("enable_bgp") {
		e.Static = true
		e.Unread = "it routes by the peer's address space, without BGP, which is not modelled in Azure"
		r.unclear(x, e.Unread)
	}
	if custom := x.First("custom_bgp_addresses"); custom.Set("primary") {
		for _, name := range []string{"primary", "secondary"} {
			if a := custom.Addr(name); a.IsValid() && near(a, e.PeerInside) {
				e.Inside = a
			}
		}
	}
	for k := range g.Interfaces {
		for _, a := range g.Interfaces[k].Inside {
			if a == e.Inside || !e.Inside.IsValid() && near(a, e.PeerInside) {
				e.Inside, e.Interface = a, k
				e.Own = r.publicAddress(gateway, k)
				r.d.AddEnd(e)
				return
			}
		}
	}
	for k := range g.Interfaces {
		e.Interface, e.Own = k, r.publicAddress(gateway, k)
		r.d.AddEnd(e)
	}
}

// near reports whether two addresses are the two hosts of one /30.
func near(a, b netip.Addr) bool {
	const bits = 30
	p, err := a.Prefix(bits)
	return err == nil && b.IsValid() && a.IsLinkLocalUnicast() && p.Contains(b)
}

// toVNet adds the tunnel of one side of a connection between two gateways.
func (r *reader) toVNet(x, gateway *doc.Resource, e draft.End) {
	l := x.One("peer_virtual_network_gateway_id", gatewayTypes)
	i, ok := r.gateways[l.To]
	if !ok {
		e.Unread, e.Device = "the gateway that it connects to is not in the file or cannot be told", cmp.Or(l.Text, x.Address)
		r.unclear(x, e.Unread)
		r.d.AddEnd(e)
		return
	}
	g := r.d.Net.Gateways[r.gateways[gateway]]
	e.PeerGateway, e.PeerASN = r.d.Net.Gateways[i].ID, r.d.Net.Gateways[i].ASN
	if !x.True("bgp_enabled") && !x.True("enable_bgp") {
		e.Static = true
		e.Unread = "it routes by address spaces, without BGP, which is not modelled in Azure"
		r.unclear(x, e.Unread)
	}
	for k := range g.Interfaces {
		e.Interface, e.Own = k, r.publicAddress(gateway, k)
		if far := r.publicAddress(l.To, k); len(far) == 1 {
			e.Peer = far[0]
		}
		r.d.AddEnd(e)
	}
}
