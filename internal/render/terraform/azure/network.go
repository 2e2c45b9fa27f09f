package azure

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/render/terraform/root"
)

// network writes a VNet with its subnets, route tables and NAT gateways. Of an
// existing VNet only what is added to it is written.
func (w writer) network(site fabric.Site, v fabric.VPC) {
	b := w.r.SiteFile(site.ID, "network")
	g := groupOf(site, v.Meta.Account)
	if v.Existing == "" {
		w.r.Resource(b, v.Meta.Origin, "azurerm_virtual_network", string(v.ID))
		b.Attr("provider", w.r.Provider(v.Meta.Account))
		b.Blank()
		w.place(b, w.nameBy(atlas.NameAzureVirtualNetwork, string(v.ID)), g)
		b.Attr("address_space", prefixes(v.Prefixes))
		b.Attr("tags", w.vpcTags(v))
		b.End()
	}
	subnets := w.r.Set.Subnets(v.ID)
	w.subnets(b, v, subnets)
	for _, t := range w.r.Set.RouteTables(v.ID) {
		w.routeTable(b, v, g, t)
	}
	w.routeAssociations(b, v, subnets)
	for _, n := range w.r.Set.NATs(v.ID) {
		w.nat(b, site, v, n)
	}
}

// subnets writes the subnets to be made: one group of those that hold
// workloads, and each that a gateway needs for itself.
func (w writer) subnets(b *hcl.Body, v fabric.VPC, subnets []fabric.Subnet) {
	var group []fabric.Subnet
	for _, s := range subnets {
		if !s.Existing && !isDerived(s) {
			group = append(group, s)
		}
	}
	if len(group) > 0 {
		local := names.Label(string(v.ID)) + "_subnets"
		endpoints := w.serviceEndpoints(v)
		items, name := w.subnetItems(group, endpoints)
		w.r.Locals(b, hcl.Item{Key: local, Value: hcl.Map(items...)})
		w.r.ResourceKeys("azurerm_subnet", string(v.ID), w.keys(group)...)
		w.r.Resource(b, group[0].Meta.Origin, "azurerm_subnet", string(v.ID))
		b.Attr("for_each", hcl.Expr("local."+local))
		b.Attr("provider", w.r.Provider(v.Meta.Account))
		b.Blank()
		b.Attr("name", name)
		w.vnetPlace(b, v)
		b.Attr("address_prefixes", "[each.value.prefix]")
		b.Attr("default_outbound_access_enabled", "false")
		if len(endpoints) > 0 {
			b.Blank()
			b.Block("dynamic", "service_endpoint")
			b.Attr("for_each", "each.value.services")
			b.Blank()
			b.Block("content")
			b.Attr("service", "service_endpoint.value")
			b.End()
			b.End()
		}
		b.End()
	}
	for _, s := range subnets {
		if s.Existing || !isDerived(s) {
			continue
		}
		w.r.Resource(b, s.Meta.Origin, "azurerm_subnet", string(s.ID))
		b.Attr("provider", w.r.Provider(v.Meta.Account))
		b.Blank()
		b.Attr("name", hcl.Quote(s.Name))
		w.vnetPlace(b, v)
		b.Attr("address_prefixes", prefixes([]netip.Prefix{s.Prefix}))
		b.End()
	}
}

// subnetItems gives the map over a VNet's subnets by name, and the expression
// of their native names: a renamed subnet keeps its former one.
func (w writer) subnetItems(group []fabric.Subnet, endpoints map[fabric.SubnetID][]string) (items []hcl.Item, name hcl.Expr) {
	keys := w.keys(group)
	renamed := slices.ContainsFunc(keys, func(k root.Key) bool { return k.Old != k.New })
	items = make([]hcl.Item, len(group))
	for i, s := range group {
		var entry []hcl.Item
		if renamed {
			entry = append(entry, hcl.Item{Key: "name", Value: hcl.Quote(keys[i].Old)})
		}
		entry = append(entry, hcl.Item{Key: "prefix", Value: hcl.Quote(s.Prefix.String())})
		if len(endpoints) > 0 {
			entry = append(entry, hcl.Item{Key: "services", Value: hcl.Strings(endpoints[s.ID]...)})
		}
		items[i] = hcl.Item{Key: s.Name, Value: hcl.Object(entry...)}
	}
	if renamed {
		return items, "each.value.name"
	}
	return items, "each.key"
}

// keys gives the names of subnets with their former ones.
func (w writer) keys(subnets []fabric.Subnet) []root.Key {
	out := make([]root.Key, len(subnets))
	for i, s := range subnets {
		out[i] = root.Key{New: s.Name, Old: names.Last(names.Former(w.net, string(s.ID)))}
	}
	return out
}

// isDerived reports whether a subnet is one that a service of the cloud needs,
// which stands by itself as a resource.
func isDerived(s fabric.Subnet) bool { return s.Purpose != fabric.Workload }

// serviceEndpoints returns the native names of the services of each subnet, sorted.
func (w writer) serviceEndpoints(v fabric.VPC) map[fabric.SubnetID][]string {
	out := map[fabric.SubnetID][]string{}
	for _, e := range w.r.Set.Endpoints(v.ID) {
		if e.Kind != fabric.ServiceEndpoint {
			continue
		}
		for _, s := range e.Subnets {
			out[s] = append(out[s], e.Native)
		}
	}
	for _, services := range out {
		slices.Sort(services)
	}
	return out
}

// subnetID refers to a subnet of the same site by its resource id. The id of
// an existing one follows from its VNet's.
func (w writer) subnetID(v fabric.VPC, s fabric.Subnet) hcl.Expr {
	switch {
	case s.Existing:
		return hcl.Quote(v.Existing + "/subnets/" + s.Name)
	case isDerived(s):
		return hcl.Expr("azurerm_subnet." + names.Label(string(s.ID)) + ".id")
	}
	return hcl.Index(hcl.Expr("azurerm_subnet."+names.Label(string(v.ID))), s.Name) + ".id"
}

// routeTable writes a table of user-defined routes, which learns the
// gateway's routes too.
func (w writer) routeTable(b *hcl.Body, v fabric.VPC, g group, t fabric.RouteTable) {
	if t.Existing != "" {
		return
	}
	label := names.Label(string(t.ID))
	w.r.Resource(b, t.Meta.Origin, "azurerm_route_table", string(t.ID))
	b.Attr("provider", w.r.Provider(t.Meta.Account))
	b.Blank()
	w.place(b, w.name(string(t.ID)), g)
	b.Attr("bgp_route_propagation_enabled", "true")
	b.Attr("tags", w.vpcTags(v))
	b.End()
	if len(t.Routes) == 0 {
		return
	}
	items := make([]hcl.Item, len(t.Routes))
	for i, route := range t.Routes {
		items[i] = hcl.Item{Key: routeName(route.Prefix), Value: hcl.Object(
			hcl.Item{Key: "prefix", Value: hcl.Quote(route.Prefix.String())},
			hcl.Item{Key: "next_hop", Value: hcl.Quote(nextHop(route.Hop.Kind))},
		)}
	}
	w.r.Locals(b, hcl.Item{Key: label + "_routes", Value: hcl.Map(items...)})
	w.r.Resource(b, t.Meta.Origin, "azurerm_route", string(t.ID))
	b.Attr("for_each", hcl.Expr("local."+label+"_routes"))
	b.Attr("provider", w.r.Provider(t.Meta.Account))
	b.Blank()
	b.Attr("name", "each.key")
	b.Attr("resource_group_name", w.groupAttr(g, "name"))
	b.Attr("route_table_name", hcl.Expr("azurerm_route_table."+label+".name"))
	b.Attr("address_prefix", "each.value.prefix")
	b.Attr("next_hop_type", "each.value.next_hop")
	b.End()
}

// routeName gives to-10.64.0.0-12: a name that Azure takes.
func routeName(p netip.Prefix) string {
	return "to-" + strings.NewReplacer("/", "-", ":", "_").Replace(p.String())
}

// nextHop gives Azure's name of a next hop.
func nextHop(k fabric.HopKind) string {
	switch k {
	case fabric.HopInternetGateway:
		return "Internet"
	case fabric.HopVirtualNetworkGateway:
		return "VirtualNetworkGateway"
	case fabric.HopBlackhole:
		return "None"
	case fabric.HopNAT, fabric.HopTransitGateway, fabric.HopAttachment:
	}
	panic("azure: a route table cannot point there")
}

// routeAssociations joins the subnets of a VNet to their route tables.
func (w writer) routeAssociations(b *hcl.Body, v fabric.VPC, subnets []fabric.Subnet) {
	var routed []fabric.Subnet
	var items []hcl.Item
	for _, s := range subnets {
		if s.RouteTable == "" {
			continue
		}
		routed = append(routed, s)
		items = append(items, hcl.Item{Key: s.Name, Value: hcl.Object(
			hcl.Item{Key: "subnet", Value: w.subnetID(v, s)},
			hcl.Item{Key: "table", Value: w.routeTableID(s.RouteTable)},
		)})
	}
	if len(items) == 0 {
		return
	}
	w.r.ResourceKeys("azurerm_subnet_route_table_association", string(v.ID), w.keys(routed)...)
	w.r.Resource(b, v.Meta.Origin, "azurerm_subnet_route_table_association", string(v.ID))
	b.Attr("for_each", hcl.Map(items...))
	b.Attr("provider", w.r.Provider(v.Meta.Account))
	b.Blank()
	b.Attr("subnet_id", "each.value.subnet")
	b.Attr("route_table_id", "each.value.table")
	b.End()
}

// routeTableID refers to a route table of the same site by its resource id.
func (w writer) routeTableID(id fabric.RouteTableID) hcl.Expr {
	t, ok := w.net.RouteTable(id)
	if !ok {
		panic("azure: no route table " + string(id))
	}
	if t.Existing != "" {
		return hcl.Quote(t.Existing)
	}
	return hcl.Expr("azurerm_route_table." + names.Label(string(id)) + ".id")
}

func prefixes(list []netip.Prefix) hcl.Expr {
	return hcl.Strings(prefixTexts(list)...)
}
