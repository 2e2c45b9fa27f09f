package gcp

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/render/terraform/root"
)

// network writes a VPC's part at a site: the network and its routes at its
// first site, subnets and NATs everywhere. Existing subnets are not made.
func (w writer) network(site fabric.Site, v fabric.VPC) {
	if v.Existing == "" && homeOf(v) == site.ID {
		w.makeVPC(site, v)
		w.routes(site, v)
		w.privateZones(site, v)
		w.sharedVPC(site, v)
	}
	w.subnets(site, v)
	for _, t := range w.r.Set.NATs(v.ID) {
		if t.Site == site.ID {
			w.nat(site, v, t)
		}
	}
}

func (w writer) makeVPC(site fabric.Site, v fabric.VPC) {
	b := w.r.SiteFile(site.ID, "network")
	label := names.Label(string(v.ID))
	w.r.Resource(b, v.Meta.Origin, "google_compute_network", string(v.ID))
	b.Attr("provider", w.r.Provider(v.Meta.Account))
	b.Blank()
	b.Attr("name", hcl.Quote(w.name(string(v.ID))))
	b.Attr("auto_create_subnetworks", "false")
	b.Attr("routing_mode", `"GLOBAL"`)
	if v.MTU != 0 {
		b.Attr("mtu", hcl.Int(v.MTU))
	}
	b.Attr("delete_default_routes_on_create", "true")
	b.End()
	w.r.Output(label+"_network", "Id of the VPC network "+string(v.ID)+".", hcl.Expr("google_compute_network."+label+".id"))
}

// routes writes a VPC's static routes.
func (w writer) routes(site fabric.Site, v fabric.VPC) {
	for _, route := range w.staticRoutes(v) {
		w.internetRoute(site, v, route)
	}
}

// staticRoutes returns the routes of a VPC that are ours to make. The routes
// that Google makes by itself are deleted, so a wanted default route is one.
func (w writer) staticRoutes(v fabric.VPC) []fabric.Route {
	var out []fabric.Route
	hasDefault := false
	for _, t := range w.r.Set.RouteTables(v.ID) {
		for _, route := range t.Routes {
			if route.Hop.Kind != fabric.HopInternetGateway {
				panic("gcp: no such static route in " + string(t.ID))
			}
			hasDefault = hasDefault || route.Prefix.Bits() == 0
			out = append(out, route)
		}
	}
	if v.DefaultRoute && !hasDefault {
		out = append(out, fabric.Route{Prefix: netip.PrefixFrom(netip.IPv4Unspecified(), 0), Origin: v.Meta.Origin})
	}
	return out
}

// routesOf returns the routes of a VPC that this root makes.
func (w writer) routesOf(v fabric.VPC) []hcl.Expr {
	if v.Existing != "" || !w.r.Holds(homeOf(v)) {
		return nil
	}
	var out []hcl.Expr
	for _, route := range w.staticRoutes(v) {
		out = append(out, hcl.Expr("google_compute_route."+names.Label(routeID(v, route))))
	}
	return out
}

// routeID is the id of a VPC's static route, by where it leads: net:ml/internet.
func routeID(v fabric.VPC, route fabric.Route) string { return string(v.ID) + "/" + routeName(route) }

func routeName(route fabric.Route) string {
	name := "internet"
	if route.Prefix.Bits() != 0 {
		name = route.Prefix.Addr().String()
	}
	if route.Prefix.Addr().Is6() {
		name += "-v6"
	}
	return name
}

func (w writer) internetRoute(site fabric.Site, v fabric.VPC, route fabric.Route) {
	b := w.r.SiteFile(site.ID, "network")
	w.r.Resource(b, route.Origin, "google_compute_route", routeID(v, route))
	b.Attr("provider", w.r.Provider(v.Meta.Account))
	b.Blank()
	b.Attr("name", hcl.Quote(w.name(string(v.ID), routeName(route))))
	if route.Note != "" {
		b.Attr("description", hcl.Quote(route.Note))
	}
	b.Attr("network", w.networkRef(v))
	b.Attr("dest_range", hcl.Quote(route.Prefix.String()))
	b.Attr("next_hop_gateway", `"default-internet-gateway"`)
	b.End()
}

// partID is the id of a VPC's part at a site: the VPC's own unless it spans.
func partID(v fabric.VPC, site fabric.SiteID) string { return string(site) + "/" + v.Name }

// subnets writes the subnets of a VPC at a site as one group by name.
func (w writer) subnets(site fabric.Site, v fabric.VPC) {
	var mine []fabric.Subnet
	for _, s := range w.r.Set.Subnets(v.ID) {
		if s.Site == site.ID && !s.Existing {
			mine = append(mine, s)
		}
	}
	if len(mine) == 0 {
		return
	}
	part := partID(v, site.ID)
	label := names.Label(part)
	private := w.privateAccess(v)
	keys := make([]string, len(mine))
	native := make([]string, len(mine))
	moved := make([]root.Key, len(mine))
	for i, s := range mine {
		keys[i], native[i] = s.Name, w.name(string(s.ID))
		moved[i] = root.Key{New: s.Name, Old: names.Last(names.Former(w.net, string(s.ID)))}
	}
	name, listed := groupName(w.name(part), keys, native)
	entries := make([]hcl.Item, len(mine))
	for i, s := range mine {
		var fields []hcl.Item
		if listed {
			fields = append(fields, hcl.Item{Key: "name", Value: hcl.Quote(native[i])})
		}
		fields = append(fields, hcl.Item{Key: "cidr", Value: hcl.Quote(s.Prefix.String())},
			hcl.Item{Key: "private_google_access", Value: hcl.Bool(private[s.ID])})
		entries[i] = hcl.Item{Key: s.Name, Value: hcl.Object(fields...)}
	}
	b := w.r.SiteFile(site.ID, "network")
	w.r.Locals(b, hcl.Item{Key: label + "_subnets", Value: hcl.Map(entries...)})
	w.r.Resource(b, v.Meta.Origin, "google_compute_subnetwork", part)
	w.r.ResourceKeys("google_compute_subnetwork", part, moved...)
	b.Attr("for_each", hcl.Expr("local."+label+"_subnets"))
	b.Attr("provider", w.r.Provider(v.Meta.Account))
	b.Blank()
	b.Attr("name", name)
	b.Attr("region", hcl.Quote(site.Region))
	b.Attr("network", w.networkRef(v))
	b.Attr("ip_cidr_range", "each.value.cidr")
	b.Attr("private_ip_google_access", "each.value.private_google_access")
	if w.isLogged(v) {
		b.Blank()
		b.Block("log_config")
		b.Attr("metadata", `"INCLUDE_ALL_METADATA"`)
		b.End()
	}
	b.End()
	w.r.Output(label+"_subnets", "Ids of the subnets of "+part+" by name.",
		hcl.Expr("{ for name, subnet in google_compute_subnetwork."+label+" : name => subnet.id }"))
}

// privateAccess returns the subnets of a VPC that reach Google's services
// without public addresses.
func (w writer) privateAccess(v fabric.VPC) map[fabric.SubnetID]bool {
	private := map[fabric.SubnetID]bool{}
	for _, e := range w.r.Set.Endpoints(v.ID) {
		if e.Kind != fabric.PrivateGoogleAccess {
			continue
		}
		for _, id := range e.Subnets {
			private[id] = true
		}
	}
	return private
}

// isLogged reports whether the flows of a VPC are recorded.
func (w writer) isLogged(v fabric.VPC) bool {
	return slices.ContainsFunc(v.Sites, func(s fabric.SiteID) bool {
		return slices.ContainsFunc(w.r.Set.FlowLogs(s), func(f fabric.FlowLog) bool { return f.VPC == v.ID })
	})
}
