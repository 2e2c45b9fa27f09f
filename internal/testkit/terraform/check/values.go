package check

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// rule says why a provider refuses a known value, or "" when it takes it.
type rule func(text string) string

// values lists what the real providers refuse at `terraform validate`, seen with aws 5.46.0, google 7.45.0 and azurerm
// 5.2.0, by resource type and path of the argument. A rule on a collection holds for each of its elements.
var values = map[string]map[string]rule{
	"aws_vpc":    {"cidr_block": network(16, 28), "instance_tenancy": oneOf("default", "dedicated")},
	"aws_subnet": {"cidr_block": network(0, 32)},
	"aws_vpc_ipv4_cidr_block_association": {
		"cidr_block": network(16, 28),
	},
	"aws_route": {"destination_cidr_block": network(0, 32)},
	"aws_route_table": {
		"route.cidr_block": network(0, 32),
	},
	"aws_customer_gateway": {
		"bgp_asn":          whole(1, 1<<31-1),
		"bgp_asn_extended": whole(1<<31, 1<<32-1),
		"ip_address":       ipv4,
		"type":             oneOf("ipsec.1"),
	},
	"aws_vpn_gateway": {"amazon_side_asn": either(whole(64512, 65534), whole(4200000000, 4294967294))},
	"aws_vpn_connection": perTunnel(map[string]rule{
		"inside_cidr":                  tunnelInside,
		"preshared_key":                awsKey,
		"ike_versions":                 oneOf("ikev1", "ikev2"),
		"phase1_encryption_algorithms": awsEncryption,
		"phase2_encryption_algorithms": awsEncryption,
		"phase1_integrity_algorithms":  awsIntegrity,
		"phase2_integrity_algorithms":  awsIntegrity,
		"phase1_dh_group_numbers":      awsPhase1Groups,
		"phase2_dh_group_numbers":      awsPhase2Groups,
		"phase1_lifetime_seconds":      whole(900, 28800),
		"phase2_lifetime_seconds":      whole(900, 3600),
		"dpd_timeout_seconds":          whole(30, 1<<31-1),
		"dpd_timeout_action":           oneOf("clear", "none", "restart"),
		"startup_action":               oneOf("add", "start"),
		"replay_window_size":           whole(64, 2048),
		"rekey_fuzz_percentage":        whole(0, 100),
	}),
	"aws_dx_connection": {
		"bandwidth": oneOf("50Mbps", "100Mbps", "200Mbps", "300Mbps", "400Mbps", "500Mbps", "1Gbps", "2Gbps", "5Gbps", "10Gbps", "25Gbps", "100Gbps", "400Gbps"),
	},
	"aws_dx_private_virtual_interface": {
		"vlan": whole(1, 4094), "mtu": oneOf("1500", "9001"), "address_family": oneOf("ipv4", "ipv6"),
	},
	"aws_dx_transit_virtual_interface": {
		"vlan": whole(1, 4094), "mtu": oneOf("1500", "8500"), "address_family": oneOf("ipv4", "ipv6"),
	},
	"aws_security_group": {
		"ingress.cidr_blocks": network(0, 32), "ingress.from_port": awsPort, "ingress.to_port": awsPort,
		"egress.cidr_blocks": network(0, 32), "egress.from_port": awsPort, "egress.to_port": awsPort,
	},
	"aws_security_group_rule": {"cidr_blocks": network(0, 32), "from_port": awsPort, "to_port": awsPort},
	"aws_vpc_security_group_ingress_rule": {
		"cidr_ipv4": network(0, 32), "from_port": awsPort, "to_port": awsPort,
	},
	"aws_vpc_security_group_egress_rule": {
		"cidr_ipv4": network(0, 32), "from_port": awsPort, "to_port": awsPort,
	},
	"aws_network_acl_rule": {"cidr_block": network(0, 32), "rule_action": oneOf("allow", "deny", "ALLOW", "DENY")},
	"aws_flow_log": {
		"traffic_type":             oneOf("ACCEPT", "REJECT", "ALL"),
		"log_destination_type":     oneOf("cloud-watch-logs", "s3", "kinesis-data-firehose"),
		"max_aggregation_interval": oneOf("60", "600"),
	},
	"aws_route53_record": {
		"type": oneOf("A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"),
	},
	"aws_placement_group": {"strategy": oneOf("cluster", "partition", "spread")},

	"google_compute_network": {"name": googleName, "routing_mode": oneOf("REGIONAL", "GLOBAL")},
	"google_compute_subnetwork": {
		"name": googleName, "ip_cidr_range": network(0, 32), "secondary_ip_range.ip_cidr_range": network(0, 32),
		"secondary_ip_range.range_name": googleName,
	},
	"google_compute_router": {
		"name":               googleName,
		"bgp.asn":            either(whole(64512, 65534), whole(4200000000, 4294967294), whole(16550, 16550)),
		"bgp.advertise_mode": oneOf("DEFAULT", "CUSTOM"),
	},
	"google_compute_router_nat":       {"name": googleName},
	"google_compute_router_interface": {"name": googleName, "ip_range": prefixed},
	"google_compute_router_peer": {
		"name": googleName, "peer_ip_address": ipv4, "advertise_mode": oneOf("DEFAULT", "CUSTOM"),
		"advertised_ip_ranges.range": network(0, 32),
	},
	"google_compute_ha_vpn_gateway": {"name": googleName, "stack_type": oneOf("IPV4_ONLY", "IPV4_IPV6", "IPV6_ONLY")},
	"google_compute_external_vpn_gateway": {
		"name": googleName, "interface.id": whole(0, 3), "interface.ip_address": ipv4,
		"redundancy_type": oneOf("FOUR_IPS_REDUNDANCY", "SINGLE_IP_INTERNALLY_REDUNDANT", "TWO_IPS_REDUNDANCY"),
	},
	"google_compute_vpn_tunnel": {"name": googleName, "ike_version": whole(1, 2)},
	"google_compute_firewall": {
		"name": googleName, "direction": oneOf("INGRESS", "EGRESS"), "priority": whole(0, 65535),
		"allow.ports": portRange, "deny.ports": portRange,
		"source_ranges": anyNetwork, "destination_ranges": anyNetwork,
	},
	"google_compute_network_firewall_policy":             {"name": googleName},
	"google_compute_network_firewall_policy_association": {"name": googleName},
	"google_compute_network_firewall_policy_rule": {
		"priority": whole(0, 1<<31-1), "direction": oneOf("INGRESS", "EGRESS"),
		"match.src_ip_ranges": anyNetwork, "match.dest_ip_ranges": anyNetwork, "match.layer4_configs.ports": portRange,
	},
	"google_compute_route":           {"name": googleName, "dest_range": anyNetwork},
	"google_compute_address":         {"name": googleName},
	"google_compute_global_address":  {"name": googleName},
	"google_compute_network_peering": {"name": googleName},
	"google_compute_interconnect_attachment": {
		"name":                     googleName,
		"bandwidth":                oneOf("BPS_50M", "BPS_100M", "BPS_200M", "BPS_300M", "BPS_400M", "BPS_500M", "BPS_1G", "BPS_2G", "BPS_5G", "BPS_10G", "BPS_20G", "BPS_50G", "BPS_100G", "BPS_400G"),
		"edge_availability_domain": oneOf("AVAILABILITY_DOMAIN_1", "AVAILABILITY_DOMAIN_2", "AVAILABILITY_DOMAIN_ANY"),
		"type":                     oneOf("DEDICATED", "PARTNER", "PARTNER_PROVIDER", "L2_DEDICATED"),
	},

	"azurerm_virtual_network": {"address_space": anyNetwork, "subnet.address_prefixes": anyNetwork},
	"azurerm_subnet":          {"address_prefixes": anyNetwork},
	"azurerm_route":           {"address_prefix": azureDestination, "next_hop_type": azureHop, "next_hop_in_ip_address": ipv4},
	"azurerm_route_table": {
		"route.address_prefix": azureDestination, "route.next_hop_type": azureHop, "route.next_hop_in_ip_address": ipv4,
	},
	"azurerm_local_network_gateway": {"address_space": anyNetwork, "gateway_address": ipv4},
	"azurerm_virtual_network_gateway": {
		"type": oneOf("Vpn", "ExpressRoute"), "vpn_type": oneOf("RouteBased", "PolicyBased"),
		"generation": oneOf("Generation1", "Generation2", "None"),
		"sku": oneOf("Basic", "Standard", "HighPerformance", "UltraPerformance", "ErGw1AZ", "ErGw2AZ", "ErGw3AZ", "ErGwScale",
			"VpnGw1", "VpnGw2", "VpnGw3", "VpnGw4", "VpnGw5", "VpnGw1AZ", "VpnGw2AZ", "VpnGw3AZ", "VpnGw4AZ", "VpnGw5AZ"),
		"bgp_settings.peering_addresses.apipa_addresses": azureInside,
	},
	"azurerm_virtual_network_gateway_connection": {
		"type":                           oneOf("IPsec", "ExpressRoute", "Vnet2Vnet"),
		"connection_protocol":            oneOf("IKEv1", "IKEv2"),
		"connection_mode":                oneOf("Default", "InitiatorOnly", "ResponderOnly"),
		"custom_bgp_addresses.primary":   ipv4,
		"custom_bgp_addresses.secondary": ipv4,
		"ipsec_policy.dh_group":          oneOf("DHGroup1", "DHGroup14", "DHGroup2", "DHGroup2048", "DHGroup24", "ECP256", "ECP384", "None"),
		"ipsec_policy.ike_encryption":    oneOf("AES128", "AES192", "AES256", "DES", "DES3", "GCMAES128", "GCMAES256"),
		"ipsec_policy.ike_integrity":     oneOf("GCMAES128", "GCMAES256", "MD5", "SHA1", "SHA256", "SHA384"),
		"ipsec_policy.ipsec_encryption":  oneOf("AES128", "AES192", "AES256", "DES", "DES3", "GCMAES128", "GCMAES192", "GCMAES256", "None"),
		"ipsec_policy.ipsec_integrity":   oneOf("GCMAES128", "GCMAES192", "GCMAES256", "MD5", "SHA1", "SHA256"),
		"ipsec_policy.pfs_group":         oneOf("ECP256", "ECP384", "None", "PFS1", "PFS14", "PFS2", "PFS2048", "PFS24", "PFSMM"),
		"ipsec_policy.sa_datasize":       whole(1024, 1<<31-1),
		"ipsec_policy.sa_lifetime":       whole(300, 172799),
	},
	"azurerm_network_security_rule":  azureRule(""),
	"azurerm_network_security_group": azureRule("security_rule."),
	"azurerm_express_route_circuit": {
		"sku.tier": oneOf("Basic", "Local", "Standard", "Premium"), "sku.family": oneOf("MeteredData", "UnlimitedData"),
	},
	"azurerm_virtual_hub": {"address_prefix": anyNetwork, "sku": oneOf("Basic", "Standard")},
}

// conflicts lists arguments and blocks of which at most one may be given.
var conflicts = map[string][][]string{
	"aws_vpn_connection":        {{"transit_gateway_id", "vpn_gateway_id", "vpn_concentrator_id"}},
	"aws_route":                 {{"destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id"}},
	"aws_customer_gateway":      {{"bgp_asn", "bgp_asn_extended"}},
	"google_compute_firewall":   {{"allow", "deny"}, {"source_tags", "source_service_accounts"}},
	"google_compute_vpn_tunnel": {{"peer_external_gateway", "peer_gcp_gateway"}, {"vpn_gateway", "target_vpn_gateway"}},
	"azurerm_network_security_rule": {
		{"source_port_range", "source_port_ranges"},
		{"destination_port_range", "destination_port_ranges"},
		{"source_address_prefix", "source_address_prefixes"},
		{"destination_address_prefix", "destination_address_prefixes"},
	},
	"azurerm_local_network_gateway": {{"gateway_address", "gateway_fqdn"}},
	"azurerm_virtual_network_gateway_connection": {
		{"peer_virtual_network_gateway_id", "express_route_circuit_id", "local_network_gateway_id"},
	},
}

func perTunnel(rules map[string]rule) map[string]rule {
	out := map[string]rule{"type": oneOf("ipsec.1")}
	for name, r := range rules {
		out["tunnel1_"+name], out["tunnel2_"+name] = r, r
	}
	return out
}

func azureRule(path string) map[string]rule {
	return map[string]rule{
		path + "priority": whole(100, 4096), path + "direction": oneOf("Inbound", "Outbound"),
		path + "access": oneOf("Allow", "Deny"), path + "protocol": oneOf("Tcp", "Udp", "Icmp", "*", "Ah", "Esp"),
		path + "source_port_range": azurePort, path + "destination_port_range": azurePort,
		path + "source_port_ranges": azurePort, path + "destination_port_ranges": azurePort,
	}
}

// checkValue applies the rule on an argument to its known values; objects are followed by their members.
func (m *module) checkValue(s subject, a *hclsyntax.Attribute, v cty.Value) {
	if s.data {
		return
	}
	m.applyRules(s, a, s.path+a.Name, v)
	if s.typeName == "azurerm_virtual_network_gateway" && s.path+a.Name == "ip_configuration.subnet_id" {
		m.checkGatewaySubnet(a)
	}
}

func (m *module) applyRules(s subject, a *hclsyntax.Attribute, path string, v cty.Value) {
	if !v.IsKnown() || v.IsNull() {
		return
	}
	t := v.Type()
	switch {
	case t.IsListType() || t.IsSetType() || t.IsTupleType():
		for _, p := range elements(v) {
			m.applyRules(s, a, path, p.value)
		}
	case t.IsObjectType():
		for _, name := range sortedKeys(t.AttributeTypes()) {
			m.applyRules(s, a, path+"."+name, v.GetAttr(name))
		}
	case t.IsPrimitiveType():
		check, ok := values[s.typeName][path]
		if !ok {
			return
		}
		text := primitive(v)
		if why := check(text); why != "" {
			m.problem(a.NameRange, "%s %q: %s", path, shown(path, text), why)
		}
	}
}

// shown hides what may be a secret.
func shown(path, text string) string {
	if strings.Contains(path, "key") {
		return "<secret>"
	}
	return text
}

func primitive(v cty.Value) string {
	switch v.Type() {
	case cty.String:
		return v.AsString()
	case cty.Number:
		return v.AsBigFloat().Text('f', -1)
	}
	if v.True() {
		return "true"
	}
	return "false"
}

// checkGatewaySubnet follows a gateway's subnet to its name.
func (m *module) checkGatewaySubnet(a *hclsyntax.Attribute) {
	for _, t := range a.Expr.Variables() {
		names := leadingNames(t)
		if names[0] != "azurerm_subnet" || len(names) < 2 {
			continue
		}
		r := m.resources[strings.Join(names[:2], ".")]
		if r == nil || r.block.Body.Attributes["name"] == nil {
			continue
		}
		v, diags := r.block.Body.Attributes["name"].Expr.Value(nil)
		if !diags.HasErrors() && v.Type() == cty.String && v.AsString() != "GatewaySubnet" {
			m.problem(a.NameRange, "subnet is called %q, want GatewaySubnet", v.AsString())
		}
	}
}

// checkTogether applies what holds between the arguments of one body.
func (m *module) checkTogether(s subject, given map[string]cty.Value, blocks map[string]count) {
	if s.data || s.path != "" {
		return
	}
	for _, group := range conflicts[s.typeName] {
		var both []string
		for _, name := range group {
			if v, ok := given[name]; ok && (!v.IsKnown() || !v.IsNull()) && !slices.Contains(both, name) {
				both = append(both, name)
			}
			if blocks[name].n > 0 {
				both = append(both, name)
			}
		}
		if len(both) > 1 {
			m.problem(s.place, "%s together", strings.Join(both, " and "))
		}
	}
}
