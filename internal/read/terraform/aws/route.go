package aws

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
	"github.com/tieline/tieline/internal/read/terraform/into/draft"
	"github.com/tieline/tieline/internal/vocab"
)

var tableTypes = doc.Types("aws_route_table", "aws_default_route_table")

// readTables makes the route tables; their routes come later, when all that
// they can point to is known.
func (r *reader) readTables() {
	n := r.d.Net
	for _, x := range r.src.Of(tableTypes.Types...) {
		i, ok := r.tableVPC(x)
		if !ok {
			r.unclear(x, "the route table's VPC is not known")
			continue
		}
		v := &n.VPCs[i]
		name := title(x)
		r.tables[x] = len(n.RouteTables)
		if x.Type == "aws_default_route_table" {
			r.main[i] = len(n.RouteTables)
		}
		n.RouteTables = append(n.RouteTables, fabric.RouteTable{
			ID: fabric.RouteTableID(r.d.ID(string(v.ID) + "/rt-" + name)), Meta: r.meta(x), VPC: v.ID, Site: v.Sites[0], Name: name,
		})
	}
}

// tableVPC returns the VPC of a table. A default one names the table, which
// only its VPC does too.
func (r *reader) tableVPC(x *doc.Resource) (int, bool) {
	if x.Type == "aws_route_table" {
		return r.vpcOf(x, "vpc_id")
	}
	if id := x.Text("default_route_table_id"); id != "" {
		for _, v := range r.src.Of(vpcTypes.Types...) {
			if v.Text("default_route_table_id") == id {
				return r.vpcs[v], true
			}
		}
	}
	if l := x.One("default_route_table_id", vpcTypes); l.Clarity == doc.Inside {
		return r.vpcs[l.To], true
	}
	return r.vpcOf(x, "vpc_id")
}

// tableOf returns the table that an argument names; one that is not in the file
// is made, of a VPC that is not known.
func (r *reader) tableOf(x *doc.Resource, name string) (int, bool) {
	i, ok := r.findTable(x, name)
	if ok {
		return i, true
	}
	for _, t := range x.Could(name, tableTypes) {
		if i, ok := r.tables[t]; ok {
			draft.Doubt(&r.d.Net.RouteTables[i].Meta, x.Address+" may belong to it")
		}
	}
	r.unclear(x, "which route table it belongs to is only known once applied")
	return 0, false
}

func (r *reader) findTable(x *doc.Resource, name string) (int, bool) {
	l := x.One(name, doc.Want{Types: append(slices.Clone(tableTypes.Types), vpcTypes.Types...)})
	switch l.Clarity {
	case doc.Inside:
		if i, ok := r.tables[l.To]; ok {
			return i, true
		}
		i, ok := r.vpcs[l.To]
		if !ok {
			return 0, false
		}
		return r.mainTable(i), true
	case doc.Outside:
		for _, v := range r.src.Of(vpcTypes.Types...) {
			if v.Text("main_route_table_id") == l.Text || v.Text("default_route_table_id") == l.Text {
				return r.mainTable(r.vpcs[v]), true
			}
		}
		return r.outsideTable(x, l.Text), true
	case doc.Unclear, doc.Unset:
	}
	return 0, false
}

func (r *reader) outsideTable(x *doc.Resource, id string) int {
	if i, ok := r.outsideTables[id]; ok {
		return i
	}
	n := r.d.Net
	m := r.meta(x)
	m.Unread = "the route table " + id + " is not in the file"
	i := len(n.RouteTables)
	site := r.site(x)
	n.RouteTables = append(n.RouteTables, fabric.RouteTable{
		ID: fabric.RouteTableID(r.d.ID(string(site) + "/" + draft.Word(id))), Meta: m, Site: site, Name: id, Existing: id,
	})
	r.outsideTables[id] = i
	r.d.Unread(x.Origin, x.Type, m.Unread, false)
	return i
}

// mainTable returns the table of a VPC's subnets that have none of their own.
// When the file does not manage it, it is as AWS makes it: with the local route
// alone.
func (r *reader) mainTable(vpc int) int {
	if i, ok := r.main[vpc]; ok {
		return i
	}
	n := r.d.Net
	v := &n.VPCs[vpc]
	m := v.Meta
	m.Unread = ""
	if v.Existing != "" {
		m.Unread = "the main route table of " + v.Existing + " is not in the file"
	}
	r.main[vpc] = len(n.RouteTables)
	n.RouteTables = append(n.RouteTables, fabric.RouteTable{
		ID: fabric.RouteTableID(r.d.ID(string(v.ID) + "/rt-main")), Meta: m, VPC: v.ID, Site: v.Sites[0], Name: "main",
	})
	return r.main[vpc]
}

// readRoutes reads the routes in tables and those that stand alone. A state
// has the latter in both.
func (r *reader) readRoutes() {
	for _, x := range r.src.Of("aws_route") {
		if i, ok := r.tableOf(x, "route_table_id"); ok {
			r.addRoute(i, x.Block, "destination_cidr_block", "destination_ipv6_cidr_block")
		}
	}
	for _, x := range r.src.Of(tableTypes.Types...) {
		i, ok := r.tables[x]
		if !ok {
			continue
		}
		t := &r.d.Net.RouteTables[i]
		if x.Unknown("route") && len(x.Blocks("route")) == 0 {
			draft.Doubt(&t.Meta, "its routes are only known once applied")
		}
		for _, b := range x.Blocks("route") {
			r.addRoute(i, b, "cidr_block", "ipv6_cidr_block")
		}
		gateways, outside, clear := x.All("propagating_vgws", doc.Types("aws_vpn_gateway"))
		for _, g := range gateways {
			r.propagate(i, g)
		}
		if len(outside) > 0 || !clear {
			draft.Doubt(&t.Meta, "it learns from a gateway that is not in the file")
		}
	}
	for _, x := range r.src.Of("aws_vpn_gateway_route_propagation") {
		i, ok := r.tableOf(x, "route_table_id")
		if !ok {
			continue
		}
		l := x.One("vpn_gateway_id", doc.Types("aws_vpn_gateway"))
		if l.Clarity != doc.Inside {
			draft.Doubt(&r.d.Net.RouteTables[i].Meta, "it learns from a gateway that is not in the file")
			continue
		}
		r.propagate(i, l.To)
	}
}

func (r *reader) propagate(table int, g *doc.Resource) {
	i, ok := r.gateways[g]
	if !ok {
		return
	}
	t := &r.d.Net.RouteTables[table]
	if id := r.d.Net.Gateways[i].ID; !slices.Contains(t.Propagate, id) {
		t.Propagate = append(t.Propagate, id)
	}
}

// addRoute adds a route of a table; one for a prefix that it has already is the
// same route, seen from both sides.
func (r *reader) addRoute(table int, b doc.Block, v4, v6 string) {
	t := &r.d.Net.RouteTables[table]
	x := b.Resource()
	var to []netip.Prefix
	switch {
	case b.Unknown(v4):
		draft.Doubt(&t.Meta, "where a route of it leads to is only known once applied")
		return
	case b.Text(v4) != "":
		to, _ = b.Prefixes(v4)
	case b.Set("destination_prefix_list_id"):
		list, ok := r.prefixList(b, "destination_prefix_list_id")
		if !ok {
			draft.Doubt(&t.Meta, "it routes to a prefix list that is not in the file")
			return
		}
		to = list
	case b.Set(v6):
		return // only IPv4 is judged
	}
	hop, why, ok := r.hop(b)
	if !ok {
		return
	}
	if why != "" {
		r.unclear(x, why)
	}
	for _, p := range to {
		if !p.Addr().Is4() || slices.ContainsFunc(t.Routes, func(o fabric.Route) bool { return o.Prefix == p }) {
			continue
		}
		t.Routes = append(t.Routes, fabric.Route{Prefix: p, Hop: hop, Origin: x.Origin, Note: why})
	}
}

// hop returns where a route points; ok is false for the local route. why says
// what of it is not understood.
func (r *reader) hop(b doc.Block) (h fabric.Hop, why string, ok bool) {
	appliance := func(why string) (fabric.Hop, string, bool) {
		return fabric.Hop{Kind: fabric.HopAppliance}, why, true
	}
	switch {
	case b.Text("gateway_id") == "local":
		return h, "", false
	case b.Set("gateway_id"):
		l := b.One("gateway_id", doc.Types("aws_internet_gateway", "aws_vpn_gateway", "aws_vpc_endpoint"))
		switch {
		case l.Clarity == doc.Inside && l.To.Type == "aws_internet_gateway", strings.HasPrefix(l.Text, "igw-"):
			return fabric.Hop{Kind: fabric.HopInternetGateway}, "", true
		case l.Clarity == doc.Inside && l.To.Type == "aws_vpn_gateway":
			if i, ok := r.gateways[l.To]; ok {
				return fabric.Hop{Kind: fabric.HopVirtualPrivateGateway, Gateway: r.d.Net.Gateways[i].ID}, "", true
			}
		case strings.HasPrefix(l.Text, "vpce-"):
			return h, "", false // of a gateway endpoint
		}
		return appliance("the gateway that it routes to is not in the file")
	case b.Set("nat_gateway_id"):
		if l := b.One("nat_gateway_id", doc.Types("aws_nat_gateway")); l.Clarity == doc.Inside {
			if id, ok := r.nats[l.To]; ok {
				return fabric.Hop{Kind: fabric.HopNAT, NAT: id}, "", true
			}
		}
		return appliance("the NAT gateway that it routes to is not in the file")
	case b.Set("transit_gateway_id"):
		if l := b.One("transit_gateway_id", doc.Types("aws_ec2_transit_gateway")); l.Clarity == doc.Inside {
			return fabric.Hop{Kind: fabric.HopTransitGateway, Gateway: r.d.Net.Gateways[r.gateways[l.To]].ID}, "", true
		}
		return appliance("the transit gateway that it routes to is not in the file")
	case b.Set("vpc_peering_connection_id"):
		l := b.One("vpc_peering_connection_id", doc.Want{Types: []string{"aws_vpc_peering_connection"}, Also: []string{"aws_vpc_peering_connection_accepter"}})
		if id, ok := r.attachments[l.To]; ok && l.Clarity == doc.Inside {
			return fabric.Hop{Kind: fabric.HopAttachment, Attachment: id}, "", true
		}
		return appliance("the peering that it routes over is not in the file")
	}
	for _, name := range []string{"network_interface_id", "instance_id", "vpc_endpoint_id", "local_gateway_id", "carrier_gateway_id", "core_network_arn", "odb_network_arn"} {
		if b.Set(name) {
			return appliance("it routes to a " + strings.ReplaceAll(strings.TrimSuffix(strings.TrimSuffix(name, "_id"), "_arn"), "_", " ") + ", which is not modelled")
		}
	}
	return h, "", b.Resource().Type == "aws_route"
}

// readAssociations gives the subnets their tables.
func (r *reader) readAssociations() {
	n := r.d.Net
	for _, x := range r.src.Of("aws_main_route_table_association") {
		v, okV := r.vpcOf(x, "vpc_id")
		t, okT := r.tableOf(x, "route_table_id")
		if okV && okT {
			r.main[v] = t
		}
	}
	for _, x := range r.src.Of("aws_route_table_association") {
		if !x.Set("subnet_id") {
			r.unclear(x, "a route table of a gateway is not modelled")
			continue
		}
		l := x.One("subnet_id", subnetTypes)
		t, okT := r.findTable(x, "route_table_id")
		i, ok := r.subnets[l.To]
		switch {
		case l.Clarity == doc.Inside && ok && okT:
			r.explicit[i] = true
			r.setTable(i, t)
		case l.Clarity == doc.Inside && ok:
			r.explicit[i] = true
			draft.Doubt(&n.Subnets[i].Meta, "its route table is only known once applied")
			r.unclear(x, "which route table the subnet has is only known once applied")
		case l.Clarity == doc.Outside && okT:
			r.adoptTable(t, x)
			r.unclear(x, "the subnet "+l.Text+" is not in the file")
		case l.Clarity == doc.Unclear:
			for _, s := range x.Could("subnet_id", subnetTypes) {
				if i, ok := r.subnets[s]; ok {
					draft.Doubt(&n.Subnets[i].Meta, "its route table is only known once applied")
				}
			}
			r.unclear(x, "which subnet it is of is only known once applied")
		}
	}
	for _, i := range sorted(r.subnets) {
		if r.explicit[i] {
			continue
		}
		for v := range n.VPCs {
			if n.VPCs[v].ID == n.Subnets[i].VPC {
				r.setTable(i, r.mainTable(v))
			}
		}
	}
}

// adoptTable is for tables whose subnets are outside: nothing more is known.
func (r *reader) adoptTable(table int, x *doc.Resource) {
	if t := &r.d.Net.RouteTables[table]; t.VPC == "" {
		draft.Doubt(&t.Meta, x.Address+" joins it to what is not in the file")
	}
}

func (r *reader) setTable(subnet, table int) {
	s, t := &r.d.Net.Subnets[subnet], &r.d.Net.RouteTables[table]
	s.RouteTable = t.ID
	s.Parts[0].RouteTable = t.ID
	if t.VPC == "" {
		t.VPC = s.VPC
	}
}

// sorted returns the values of a map from resources in rising order.
func sorted(m map[*doc.Resource]int) []int {
	out := make([]int, 0, len(m))
	for _, i := range m {
		out = append(out, i)
	}
	slices.Sort(out)
	return out
}

// internet says how each subnet reaches the internet: by its table's widest
// route. Machines of a subnet that routes to an internet gateway may have
// public addresses, so it counts as public.
func (r *reader) internet() {
	n := r.d.Net
	for i := range n.Subnets {
		s := &n.Subnets[i]
		if v := r.vpc(s.VPC); v == nil || v.Cloud != vocab.AWS {
			continue
		}
		for t := range n.RouteTables {
			if n.RouteTables[t].ID != s.RouteTable {
				continue
			}
			for _, route := range n.RouteTables[t].Routes {
				switch {
				case route.Hop.Kind == fabric.HopInternetGateway:
					s.Internet = fabric.Public
				case route.Hop.Kind == fabric.HopNAT && s.Internet == fabric.NoInternet:
					s.Internet = fabric.ViaNAT
				}
			}
		}
	}
}

func (r *reader) vpc(id fabric.VPCID) *fabric.VPC {
	for i := range r.d.Net.VPCs {
		if r.d.Net.VPCs[i].ID == id {
			return &r.d.Net.VPCs[i]
		}
	}
	return nil
}

func (r *reader) readNATs() {
	n := r.d.Net
	for _, x := range r.src.Of("aws_nat_gateway") {
		if x.Text("connectivity_type") == "private" {
			r.unclear(x, "a private NAT gateway is not modelled")
			continue
		}
		l := x.One("subnet_id", subnetTypes)
		i, ok := r.subnets[l.To]
		if l.Clarity != doc.Inside || !ok {
			// Its routes lead out all the same; only its own subnet is not known.
			site := r.site(x)
			id := fabric.NATID(r.d.ID(string(site) + "/nat-" + title(x)))
			m := r.meta(x)
			m.Unread = "the subnet that it stands in is not known"
			r.unclear(x, m.Unread)
			r.nats[x] = id
			n.NATs = append(n.NATs, fabric.NAT{ID: id, Meta: m, Cloud: vocab.AWS, Site: site})
			continue
		}
		s := &n.Subnets[i]
		zone := s.Parts[0].Zone
		name := zone
		if name == "" {
			name = title(x)
		}
		id := fabric.NATID(r.d.ID(string(s.VPC) + "/nat-" + draft.Word(name)))
		r.nats[x] = id
		m := r.meta(x)
		m.Domains = s.Meta.Domains
		n.NATs = append(n.NATs, fabric.NAT{ID: id, Meta: m, Cloud: vocab.AWS, VPC: s.VPC, Site: s.Site, Zone: zone, Subnet: s.ID})
	}
}
