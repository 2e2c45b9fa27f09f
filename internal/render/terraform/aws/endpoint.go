package aws

import (
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

// endpoints writes the private ways from a VPC to services of AWS: by routes
// (gateway endpoints) and by addresses in subnets (interface endpoints).
func (w writer) endpoints(b *hcl.Body, v fabric.VPC) {
	var gateways, interfaces []fabric.Endpoint
	for _, e := range w.r.Set.Endpoints(v.ID) {
		switch e.Kind {
		case fabric.GatewayEndpoint:
			gateways = append(gateways, e)
		case fabric.InterfaceEndpoint:
			interfaces = append(interfaces, e)
		case fabric.PrivateGoogleAccess, fabric.ServiceEndpoint:
		}
	}
	w.gatewayEndpoints(b, v, gateways)
	w.interfaceEndpoints(b, v, interfaces)
}

func (w writer) gatewayEndpoints(b *hcl.Body, v fabric.VPC, endpoints []fabric.Endpoint) {
	if len(endpoints) == 0 {
		return
	}
	label := names.Label(string(v.ID))
	items := make([]hcl.Item, len(endpoints))
	for i, e := range endpoints {
		tables := make([]string, len(e.Tables))
		for j, t := range e.Tables {
			tables[j] = tableKey(t)
		}
		items[i] = hcl.Item{Key: e.Service, Value: hcl.Object(
			hcl.Item{Key: "service", Value: hcl.Quote(e.Native)}, hcl.Item{Key: "tables", Value: hcl.Strings(tables...)},
		)}
	}
	table := hcl.Expr("aws_route_table." + label + "[table].id")
	if v.Existing != "" {
		table = hcl.Expr("local." + label + "_tables[table]")
	}
	w.open(b, endpoints[0].Meta.Origin, "aws_vpc_endpoint", string(v.ID)+"/gateway", v.Meta.Account, forEach(hcl.Map(items...)))
	b.Attr("vpc_id", w.r.Ref(vpcID(v)))
	b.Attr("vpc_endpoint_type", hcl.Quote("Gateway"))
	b.Attr("service_name", "each.value.service")
	b.Attr("route_table_ids", "[for table in each.value.tables : "+table+"]")
	b.Attr("tags", w.eachTags(v))
	b.End()
}

// interfaceEndpoints writes a resource for each: in a map over them, a plan
// would not say which group is whose.
func (w writer) interfaceEndpoints(b *hcl.Body, v fabric.VPC, endpoints []fabric.Endpoint) {
	if v.Existing != "" {
		return
	}
	for _, e := range endpoints {
		s := w.endpointSubnet(v, e)
		subnets := make([]hcl.Expr, len(s.Parts))
		for i, p := range s.Parts {
			subnets[i] = subnetID(v, s, p)
		}
		w.open(b, e.Meta.Origin, "aws_vpc_endpoint", string(v.ID)+"/interface/"+e.Service, v.Meta.Account)
		b.Attr("vpc_id", w.r.Ref(vpcID(v)))
		b.Attr("vpc_endpoint_type", hcl.Quote("Interface"))
		b.Attr("service_name", hcl.Quote(e.Native))
		b.Attr("private_dns_enabled", "true")
		b.Attr("subnet_ids", hcl.Lines(subnets...))
		if e.Filter != "" {
			b.Attr("security_group_ids", hcl.List(w.r.Ref(securityGroupID(w.n, e.Filter))))
		}
		b.Attr("tags", w.r.Tags(w.title(string(v.ID), e.Service), v.Environment, v.Tags))
		b.End()
	}
}

// endpointSubnet returns the subnet that an interface endpoint has its
// addresses in: the VPC's own for endpoints, else the first that asked. An
// endpoint takes one subnet a zone.
func (w writer) endpointSubnet(v fabric.VPC, e fabric.Endpoint) fabric.Subnet {
	for _, s := range w.r.Set.Subnets(v.ID) {
		if s.Purpose == fabric.EndpointSubnet && s.Site == e.Site {
			return s
		}
	}
	return w.mustSubnet(e.Subnets[0])
}
