package aws

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

// routeTables writes the route tables of a VPC with their static routes, a
// resource for each kind of next hop, and what they learn from the VPN gateway.
func (w writer) routeTables(b *hcl.Body, v fabric.VPC) {
	tables := w.r.Set.RouteTables(v.ID)
	if len(tables) == 0 {
		return
	}
	id, label := string(v.ID), names.Label(string(v.ID))
	tableID := hcl.Expr("aws_route_table." + label)
	if v.Existing != "" {
		items := make([]hcl.Item, len(tables))
		for i, t := range tables {
			items[i] = hcl.Item{Key: tableKey(t.ID), Value: hcl.Quote(t.Existing)}
		}
		w.r.Locals(b, hcl.Item{Key: label + "_tables", Value: hcl.Map(items...)})
		tableID = hcl.Expr("local." + label + "_tables")
	} else {
		keys := make([]string, len(tables))
		for i, t := range tables {
			keys[i] = tableKey(t.ID)
		}
		w.open(b, tables[0].Meta.Origin, "aws_route_table", id, v.Meta.Account, forEach("toset("+hcl.Strings(keys...)+")"))
		b.Attr("vpc_id", w.r.Ref(vpcID(v)))
		b.Attr("tags", w.eachTags(v))
		b.End()
	}
	table := func(key hcl.Expr) hcl.Expr {
		if v.Existing != "" {
			return tableID + "[" + key + "]"
		}
		return tableID + "[" + key + "].id"
	}
	w.internetRoutes(b, v, tables, table)
	w.natRoutes(b, v, tables, table)
	w.transitRoutes(b, v, tables, table)
	w.propagation(b, v, tables, table)
}

// routesTo gives the routes of a kind, by table and prefix.
func routesTo(tables []fabric.RouteTable, kind fabric.HopKind) []hcl.Item {
	var items []hcl.Item
	for _, t := range tables {
		for _, rt := range t.Routes {
			if rt.Hop.Kind == kind {
				items = append(items, inTable(tableKey(t.ID), "prefix", rt.Prefix.String()))
			}
		}
	}
	return items
}

func (w writer) internetRoutes(b *hcl.Body, v fabric.VPC, tables []fabric.RouteTable, table func(hcl.Expr) hcl.Expr) {
	items := routesTo(tables, fabric.HopInternetGateway)
	if len(items) == 0 {
		return
	}
	label := names.Label(string(v.ID))
	w.open(b, tables[0].Meta.Origin, "aws_route", string(v.ID)+"/internet", v.Meta.Account, forEach(hcl.Map(items...)))
	b.Attr("route_table_id", table("each.value.table"))
	b.Attr("destination_cidr_block", "each.value.prefix")
	b.Attr("gateway_id", hcl.Expr("aws_internet_gateway."+label+".id"))
	b.End()
}

func (w writer) natRoutes(b *hcl.Body, v fabric.VPC, tables []fabric.RouteTable, table func(hcl.Expr) hcl.Expr) {
	label := names.Label(string(v.ID))
	zones := map[fabric.NATID]string{}
	for _, nat := range w.r.Set.NATs(v.ID) {
		zones[nat.ID] = nat.Zone
	}
	var items []hcl.Item
	for _, t := range tables {
		for _, rt := range t.Routes {
			if rt.Hop.Kind == fabric.HopNAT {
				items = append(items, hcl.Item{Key: tableKey(t.ID) + " " + rt.Prefix.String(), Value: hcl.Object(
					hcl.Item{Key: "table", Value: hcl.Quote(tableKey(t.ID))},
					hcl.Item{Key: "prefix", Value: hcl.Quote(rt.Prefix.String())},
					hcl.Item{Key: "nat", Value: hcl.Quote(zones[rt.Hop.NAT])},
				)})
			}
		}
	}
	if len(items) == 0 {
		return
	}
	w.open(b, tables[0].Meta.Origin, "aws_route", string(v.ID)+"/nat", v.Meta.Account, forEach(hcl.Map(items...)))
	b.Attr("route_table_id", table("each.value.table"))
	b.Attr("destination_cidr_block", "each.value.prefix")
	b.Attr("nat_gateway_id", hcl.Expr("aws_nat_gateway."+label+"[each.value.nat].id"))
	b.End()
}

// transitRoutes writes the routes to the transit gateway, which takes them only
// once the VPC is attached to it.
func (w writer) transitRoutes(b *hcl.Body, v fabric.VPC, tables []fabric.RouteTable, table func(hcl.Expr) hcl.Expr) {
	items := routesTo(tables, fabric.HopTransitGateway)
	if len(items) == 0 {
		return
	}
	label := names.Label(string(v.ID))
	w.open(b, tables[0].Meta.Origin, "aws_route", string(v.ID)+"/transit", v.Meta.Account, forEach(hcl.Map(items...)))
	b.Attr("route_table_id", table("each.value.table"))
	b.Attr("destination_cidr_block", "each.value.prefix")
	b.Attr("transit_gateway_id", w.r.Ref(gatewayRef(w.mustGateway(transitOf(tables)), "id")))
	for _, a := range w.r.Set.VPCAttachments(v.ID) {
		if a.Kind != fabric.TransitVPCAttachment {
			continue
		}
		b.Blank()
		attached := "aws_ec2_transit_gateway_vpc_attachment."
		if a.CrossAccount {
			attached = "aws_ec2_transit_gateway_vpc_attachment_accepter."
		}
		b.Attr("depends_on", hcl.List(hcl.Expr(attached+label)))
		break
	}
	b.End()
}

// transitOf returns the transit gateway that tables route to: a VPC has one.
func transitOf(tables []fabric.RouteTable) fabric.GatewayID {
	for _, t := range tables {
		for _, rt := range t.Routes {
			if rt.Hop.Kind == fabric.HopTransitGateway {
				return rt.Hop.Gateway
			}
		}
	}
	return ""
}

// propagation lets route tables learn what the VPN gateway learns by BGP.
func (w writer) propagation(b *hcl.Body, v fabric.VPC, tables []fabric.RouteTable, table func(hcl.Expr) hcl.Expr) {
	var gateways []fabric.GatewayID
	for _, t := range tables {
		for _, g := range t.Propagate {
			if !slices.Contains(gateways, g) {
				gateways = append(gateways, g)
			}
		}
	}
	for _, g := range gateways {
		var keys []string
		for _, t := range tables {
			if slices.Contains(t.Propagate, g) {
				keys = append(keys, tableKey(t.ID))
			}
		}
		w.open(b, tables[0].Meta.Origin, "aws_vpn_gateway_route_propagation", names.Owner(g), v.Meta.Account, forEach("toset("+hcl.Strings(keys...)+")"))
		b.Attr("vpn_gateway_id", w.r.Ref(gatewayRef(w.mustGateway(g), "id")))
		b.Attr("route_table_id", table("each.key"))
		b.End()
	}
}
