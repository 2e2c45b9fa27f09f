package terraform_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/read/terraform"
)

// resource writes one resource of a state.
func resource(address, values string) string {
	typ, name, _ := strings.Cut(address, ".")
	return fmt.Sprintf(`{"address":%q,"mode":"managed","type":%q,"name":%q,"values":{"region":"eu-west-1",%s}}`, address, typ, name, values)
}

// TestState: in a state ids say all: inline routes beside resources of their
// own, default tables, the attachment of a VPN connection.
func TestState(t *testing.T) {
	state := `{"format_version":"1.0","values":{"root_module":{"resources":[` + strings.Join([]string{
		resource("aws_vpc.a", `"id":"vpc-1","cidr_block":"10.0.0.0/16","main_route_table_id":"rtb-0","default_route_table_id":"rtb-0"`),
		resource("aws_internet_gateway.a", `"id":"igw-1","vpc_id":"vpc-1"`),
		resource("aws_subnet.front", `"id":"subnet-1","vpc_id":"vpc-1","cidr_block":"10.0.1.0/24","availability_zone_id":"euw1-az1"`),
		resource("aws_subnet.back", `"id":"subnet-2","vpc_id":"vpc-1","cidr_block":"10.0.2.0/24","availability_zone_id":"euw1-az1"`),
		resource("aws_route_table.front", `"id":"rtb-1","vpc_id":"vpc-1","route":[{"cidr_block":"0.0.0.0/0","gateway_id":"igw-1"},{"cidr_block":"10.9.0.0/16","transit_gateway_id":"tgw-1"}]`),
		resource("aws_route.out", `"id":"r-1","route_table_id":"rtb-1","destination_cidr_block":"0.0.0.0/0","gateway_id":"igw-1"`),
		resource("aws_route.main", `"id":"r-2","route_table_id":"rtb-0","destination_cidr_block":"10.9.0.0/16","transit_gateway_id":"tgw-elsewhere"`),
		resource("aws_route_table_association.front", `"id":"a-1","subnet_id":"subnet-1","route_table_id":"rtb-1"`),
		resource("aws_ec2_transit_gateway.t", `"id":"tgw-1","amazon_side_asn":64700,"default_route_table_association":"enable","default_route_table_propagation":"enable","association_default_route_table_id":"tgw-rtb-1"`),
		resource("aws_ec2_transit_gateway_vpc_attachment.a", `"id":"tgw-attach-1","vpc_id":"vpc-1","transit_gateway_id":"tgw-1","subnet_ids":["subnet-2"]`),
		resource("aws_customer_gateway.office", `"id":"cgw-1","bgp_asn":"65001","ip_address":"203.0.113.5","tags":{"Name":"office"}`),
		resource("aws_vpn_connection.office", `"id":"vpn-1","customer_gateway_id":"cgw-1","transit_gateway_id":"tgw-1","transit_gateway_attachment_id":"tgw-attach-2","tunnel1_inside_cidr":"169.254.90.0/30","tunnel2_inside_cidr":"169.254.90.4/30","tunnel1_address":"192.0.2.1","tunnel2_address":"192.0.2.2"`),
		resource("aws_ec2_transit_gateway_route.office", `"id":"x-1","destination_cidr_block":"10.50.0.0/16","transit_gateway_attachment_id":"tgw-attach-2","transit_gateway_route_table_id":"tgw-rtb-1"`),
		resource("aws_ec2_transit_gateway_route.hole", `"id":"x-2","destination_cidr_block":"10.66.0.0/16","blackhole":true,"transit_gateway_route_table_id":"tgw-rtb-1"`),
	}, ",") + `]}}}`
	r, diags := terraform.Read("state.json", []byte(state))
	if len(diags) > 0 || r.Matched != 0 {
		t.Fatalf("Read(state): %d told by keys\n%s", r.Matched, diags)
	}
	want := map[string][]string{
		"aws-eu-west-1/a/front": {"0.0.0.0/0>internet", "10.9.0.0/16>transit-gateway 64700 eu-west-1"},
		"aws-eu-west-1/a/back":  {"10.9.0.0/16>appliance"},
	}
	x := normalizer{n: r.Network, out: map[string][]string{}}
	got := map[string][]string{}
	for _, s := range r.Network.Subnets {
		got[string(s.ID)] = x.table(s.RouteTable)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	x.gateways()
	const vpn = "3 [transit-gateway 64700 eu-west-1 -] [- -] transit false exchange false cross false tunnels [169.254.90.0/30 169.254.90.4/30] large false static false"
	const vpc = "2 [transit-gateway 64700 eu-west-1 -] [- aws [10.0.0.0/16]] transit false exchange false cross false "
	transit := []string{
		"transit-gateway 64700 eu-west-1 table default associates [" + vpc + " " + vpn + "]",
		"transit-gateway 64700 eu-west-1 table default learns [" + vpc + " " + vpn + "]",
		"transit-gateway 64700 eu-west-1 table default 10.50.0.0/16>" + vpn,
		"transit-gateway 64700 eu-west-1 table default 10.66.0.0/16>blackhole",
	}
	if diff := cmp.Diff(transit, x.out["transit"]); diff != "" {
		t.Errorf("transit (-want +got):\n%s", diff)
	}
}
