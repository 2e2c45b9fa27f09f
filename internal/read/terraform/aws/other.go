package aws

import (
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
	"github.com/tieline/tieline/internal/read/terraform/into/draft"
)

// doubtOthers marks what resources that are not modelled change.
func (r *reader) doubtOthers() {
	n := r.d.Net
	for _, kind := range []string{"aws_ec2_transit_gateway_connect", "aws_ec2_transit_gateway_policy_table"} {
		for _, x := range r.src.Of(kind) {
			for _, g := range x.Could("transit_gateway_id", transitTypes) {
				draft.Doubt(&n.Gateways[r.gateways[g]].Meta, x.Address+" changes it, which is not modelled")
			}
		}
	}
	for _, x := range r.src.Of("aws_ec2_transit_gateway_prefix_list_reference") {
		for _, t := range x.Could("transit_gateway_route_table_id", transitTableTypes) {
			if ref, ok := r.transit[t]; ok {
				draft.Doubt(&n.Gateways[ref.gateway].Meta, x.Address+" adds routes to it, which is not modelled")
			}
		}
	}
	for _, x := range r.src.Of("aws_vpc_route_server_propagation") {
		for _, t := range x.Could("route_table_id", tableTypes) {
			if i, ok := r.tables[t]; ok {
				draft.Doubt(&n.RouteTables[i].Meta, x.Address+" adds routes to it, which is not modelled")
			}
		}
	}
	for _, x := range r.src.Of("aws_network_interface_sg_attachment") {
		for _, y := range x.Could("network_interface_id", doc.Types("aws_network_interface")) {
			if i, ok := r.subnets[y.One("subnet_id", subnetTypes).To]; ok {
				draft.Doubt(&n.Subnets[i].Meta, x.Address+" gives a machine of it another security group, which is not modelled")
			}
		}
	}
}
