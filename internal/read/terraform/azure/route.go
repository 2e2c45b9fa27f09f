package azure

import (
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
	"github.com/tieline/tieline/internal/read/terraform/into/draft"
)

var tableTypes = doc.Types("azurerm_route_table")

// readTables makes a route table for each VNet that one is used in. One that no
// subnet has routes nothing.
func (r *reader) readTables() {
	n := r.d.Net
	set := func(i int, l doc.Link, x *doc.Resource) {
		if l.Clarity != doc.Inside {
			draft.Doubt(&n.Subnets[i].Meta, "its route table is not in the file or cannot be told")
			r.unclear(x, "the route table is not in the file or cannot be told")
			return
		}
		s := &n.Subnets[i]
		id := n.RouteTables[r.table(l.To, s.VPC)].ID
		s.RouteTable = id
		for k := range s.Parts {
			s.Parts[k].RouteTable = id
		}
	}
	for _, x := range r.src.Of("azurerm_subnet_route_table_association") {
		i, ok := r.subnetOf(x, x.Block, "subnet_id")
		if !ok {
			r.lost(x, "route table")
			continue
		}
		set(i, x.One("route_table_id", tableTypes), x)
	}
	for _, x := range r.src.Of("azurerm_virtual_network") {
		for _, b := range x.Blocks("subnet") {
			if i, ok := r.inline[x.Address+" "+b.Text("name")]; ok && b.Set("route_table_id") {
				set(i, b.One("route_table_id", tableTypes), x)
			}
		}
	}
}

func (r *reader) table(x *doc.Resource, vnet fabric.VPCID) int {
	key := tableKey{x, vnet}
	if i, ok := r.tables[key]; ok {
		return i
	}
	n := r.d.Net
	t := fabric.RouteTable{
		ID: fabric.RouteTableID(r.d.ID(string(vnet) + "/rt-" + title(x))), Meta: r.meta(x, region(x)), VPC: vnet, Site: r.siteOf(vnet), Name: title(x),
		NoPropagation: x.Get("bgp_route_propagation_enabled").Has() && !x.True("bgp_route_propagation_enabled") || x.True("disable_bgp_route_propagation"),
	}
	if x.Unknown("route") && len(x.Blocks("route")) == 0 {
		draft.Doubt(&t.Meta, "its routes are only known once applied")
	}
	for _, b := range x.Blocks("route") {
		r.addRoute(&t, b)
	}
	for _, y := range r.src.Of("azurerm_route") {
		l := r.called(y, "route_table_name", tableTypes)
		switch {
		case l.To == x:
			r.addRoute(&t, y.Block)
		case l.Clarity == doc.Unclear:
			draft.Doubt(&t.Meta, y.Address+" may be a route of it")
		}
	}
	i := len(n.RouteTables)
	r.tables[key] = i
	n.RouteTables = append(n.RouteTables, t)
	return i
}

func (r *reader) siteOf(vnet fabric.VPCID) fabric.SiteID {
	for i := range r.d.Net.VPCs {
		if r.d.Net.VPCs[i].ID == vnet {
			return r.d.Net.VPCs[i].Sites[0]
		}
	}
	return ""
}

func (r *reader) addRoute(t *fabric.RouteTable, b doc.Block) {
	x := b.Resource()
	list, rest := b.Prefixes("address_prefix")
	if len(rest) > 0 {
		draft.Doubt(&t.Meta, "its route to the service tag "+rest[0]+" is not modelled")
		r.unclear(x, "a route to a service tag is not modelled")
		return
	}
	if len(list) != 1 || b.Text("next_hop_type") == "" {
		draft.Doubt(&t.Meta, "where a route of it leads to is only known once applied")
		return
	}
	if !list[0].Addr().Is4() {
		return
	}
	route := fabric.Route{Prefix: list[0], Origin: x.Origin, Note: b.Text("name")}
	for _, o := range t.Routes {
		if o.Prefix == route.Prefix {
			return // a state has it in the table and by itself
		}
	}
	switch kind := b.Text("next_hop_type"); strings.ToLower(kind) {
	case "virtualnetworkgateway":
		route.Hop = fabric.Hop{Kind: fabric.HopVirtualNetworkGateway, Gateway: r.gatewayFor(t.VPC)}
		if route.Hop.Gateway == "" {
			route.Hop = fabric.Hop{Kind: fabric.HopBlackhole} // without a gateway it leads nowhere
		}
	case "vnetlocal":
		route.Hop = fabric.Hop{Kind: fabric.HopLocal}
	case "internet":
		route.Hop = fabric.Hop{Kind: fabric.HopInternetGateway}
	case "none":
		route.Hop = fabric.Hop{Kind: fabric.HopBlackhole}
	default:
		route.Hop = fabric.Hop{Kind: fabric.HopAppliance, Address: b.Addr("next_hop_in_ip_address")}
		r.unclear(x, "it routes to a machine that forwards, which is not modelled")
	}
	t.Routes = append(t.Routes, route)
}

// gatewayFor returns the gateway that a VNet sends to: its own, or that of the
// VNet whose gateway it uses.
func (r *reader) gatewayFor(vnet fabric.VPCID) fabric.GatewayID {
	n := r.d.Net
	for _, g := range n.Gateways {
		if g.VPC == vnet && g.Kind == fabric.VPNGateway {
			return g.ID
		}
	}
	for _, a := range n.Attachments {
		if a.VPC == vnet && a.GatewayTransit && a.Gateway != "" {
			return a.Gateway
		}
	}
	for _, g := range n.Gateways {
		if g.VPC == vnet && g.Kind == fabric.ExpressRouteGateway {
			return g.ID
		}
	}
	return ""
}

// direction is one side of a VNet peering.
type direction struct {
	x        *doc.Resource
	from, to int
}

// readPeerings joins the two sides of VNet peerings: one is nothing without the
// other. A VNet that uses the other's gateway is the spoke of it.
func (r *reader) readPeerings() {
	n := r.d.Net
	var all []*direction
	for _, x := range r.src.Of("azurerm_virtual_network_peering") {
		from, ok := r.vnetOf(x, "virtual_network_name")
		if !ok {
			from, ok = r.vnetOf(x, "virtual_network_id")
		}
		to, okTo := r.vnetOf(x, "remote_virtual_network_id")
		if !ok || !okTo {
			if ok {
				draft.Doubt(&n.VPCs[from].Meta, "it is peered with a VNet that cannot be told")
			}
			continue
		}
		all = append(all, &direction{x, from, to})
	}
	for i, a := range all {
		if a.x == nil {
			continue
		}
		for _, b := range all[i+1:] {
			if b.x == nil || a.from != b.to || a.to != b.from {
				continue
			}
			r.peer(a, b)
			a.x, b.x = nil, nil
			break
		}
		if a.x != nil {
			r.unclear(a.x, "the other VNet's side of the peering is not in the file, and without it there is none")
			draft.Doubt(&n.VPCs[a.from].Meta, "a peering of it has one side only in the file")
		}
	}
}

func (r *reader) peer(a, b *direction) {
	n := r.d.Net
	spoke, hub := a, b
	if b.x.True("use_remote_gateways") || a.x.True("allow_gateway_transit") && !b.x.True("allow_gateway_transit") {
		spoke, hub = b, a
	}
	v, h := &n.VPCs[spoke.from], &n.VPCs[hub.from]
	at := fabric.Attachment{
		ID: fabric.AttachmentID(r.d.ID(string(h.ID) + "--" + string(v.ID))), Meta: fabric.Meta{Origin: spoke.x.Origin, Account: v.Meta.Account, Domains: v.Meta.Domains},
		Kind: fabric.VNetPeering, VPC: v.ID, PeerVPC: h.ID, CrossAccount: v.Meta.Account != h.Meta.Account,
		GatewayTransit: spoke.x.True("use_remote_gateways") && hub.x.True("allow_gateway_transit"),
	}
	for _, d := range []*direction{spoke, hub} {
		if access := d.x.Get("allow_virtual_network_access"); access.Has() && !access.True() {
			at.Meta.Unread = "one side of it keeps the other VNet's traffic out, which is not modelled"
			r.unclear(d.x, at.Meta.Unread)
		}
		if whole := d.x.Get("peer_complete_virtual_networks_enabled"); whole.Has() && !whole.True() {
			at.Meta.Unread = "it joins some subnets only, which is not modelled"
			r.unclear(d.x, at.Meta.Unread)
		}
	}
	for _, g := range n.Gateways {
		if g.VPC == h.ID && g.Kind == fabric.VPNGateway {
			at.Gateway = g.ID
		}
	}
	at.Link = r.d.Link(fabric.VNetPeerLink, spoke.x.Origin, [2]fabric.SiteID{v.Sites[0], h.Sites[0]}, [2]fabric.GatewayID{r.own(v.ID), r.own(h.ID)})
	n.Attachments = append(n.Attachments, at)
}

// own returns a VNet's own VPN gateway.
func (r *reader) own(vnet fabric.VPCID) fabric.GatewayID {
	for _, g := range r.d.Net.Gateways {
		if g.VPC == vnet && g.Kind == fabric.VPNGateway {
			return g.ID
		}
	}
	return ""
}
