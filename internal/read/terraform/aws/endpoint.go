package aws

import (
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
	"github.com/tieline/tieline/internal/read/terraform/into/draft"
	"github.com/tieline/tieline/internal/vocab"
)

// readEndpoints reads the private ways to services of AWS.
func (r *reader) readEndpoints() {
	n := r.d.Net
	for _, x := range r.src.Of("aws_vpc_endpoint") {
		i, ok := r.vpcOf(x, "vpc_id")
		if !ok {
			continue
		}
		v := n.VPCs[i]
		service := x.Text("service_name")
		e := fabric.Endpoint{Meta: r.meta(x), VPC: v.ID, Site: v.Sites[0], Kind: fabric.GatewayEndpoint, Native: service, Service: service[strings.LastIndexByte(service, '.')+1:]}
		switch kind := x.Text("vpc_endpoint_type"); kind {
		case "Gateway", "":
		case "Interface":
			e.Kind = fabric.InterfaceEndpoint
		default:
			r.unclear(x, "an endpoint of type "+kind+" is not modelled")
			continue
		}
		e.ID = fabric.EndpointID(r.d.ID(string(v.ID) + "/" + draft.Word(e.Service)))
		tables, _, clear := x.All("route_table_ids", tableTypes)
		for _, t := range tables {
			if i, ok := r.tables[t]; ok {
				e.Tables = append(e.Tables, n.RouteTables[i].ID)
			}
		}
		subnets, _, _ := x.All("subnet_ids", subnetTypes)
		for _, s := range subnets {
			if i, ok := r.subnets[s]; ok && e.Kind == fabric.InterfaceEndpoint {
				e.Subnets = append(e.Subnets, n.Subnets[i].ID)
			}
		}
		if e.Kind == fabric.GatewayEndpoint && !clear {
			e.Meta.Unread = "the route tables that lead to it are not all known"
		}
		r.endpoints[x] = len(n.Endpoints)
		n.Endpoints = append(n.Endpoints, e)
	}
	for _, x := range r.src.Of("aws_vpc_endpoint_route_table_association") {
		l := x.One("vpc_endpoint_id", doc.Types("aws_vpc_endpoint"))
		i, ok := r.endpoints[l.To]
		t, okT := r.tableOf(x, "route_table_id")
		if !ok || !okT {
			r.unclear(x, "the endpoint or the route table is not in the file")
			continue
		}
		n.Endpoints[i].Tables = with(n.Endpoints[i].Tables, n.RouteTables[t].ID)
	}
	for _, i := range sorted(r.endpoints) {
		e := &n.Endpoints[i]
		slices.Sort(e.Tables)
		slices.Sort(e.Subnets)
	}
}

// endpointFilters names the security group of each interface endpoint.
func (r *reader) endpointFilters() {
	for _, x := range r.src.Of("aws_vpc_endpoint") {
		i, ok := r.endpoints[x]
		if !ok || r.d.Net.Endpoints[i].Kind != fabric.InterfaceEndpoint {
			continue
		}
		e := &r.d.Net.Endpoints[i]
		list, outside, clear := x.All("security_group_ids", groupTypes)
		if len(list) == 1 && clear && len(outside) == 0 && r.groups[list[0]] != nil {
			e.Filter = r.groups[list[0]].id
			continue
		}
		draft.Doubt(&e.Meta, "its security groups are several or not known")
	}
}

func (r *reader) readFlowLogs() {
	n := r.d.Net
	for _, x := range r.src.Of("aws_flow_log") {
		f := fabric.FlowLog{Meta: r.meta(x), Cloud: vocab.AWS, Site: r.site(x), Sink: x.Source("log_destination")}
		if l := x.One("vpc_id", vpcTypes); l.Clarity == doc.Inside {
			f.VPC = n.VPCs[r.vpcs[l.To]].ID
		}
		if l := x.One("transit_gateway_id", transitTypes); l.Clarity == doc.Inside {
			f.Gateway = n.Gateways[r.gateways[l.To]].ID
		}
		if f.VPC == "" && f.Gateway == "" {
			continue // of a subnet or interface, or of what is not in the file: it changes no path
		}
		f.ID = r.d.ID(string(f.VPC) + string(f.Gateway) + "/flow-log")
		n.FlowLogs = append(n.FlowLogs, f)
	}
}
