package networks_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

var regionsOf = map[string][]string{
	"aws":   {"us-west-2", "us-east-1", "eu-central-1"},
	"gcp":   {"us-west1", "us-east4", "europe-west3"},
	"azure": {"westus2", "eastus", "germanywestcentral"},
}

var servicesOf = map[string]string{"aws": "s3, dynamodb, ecr-api", "gcp": "storage", "azure": "storage"}

// kindsOf are what a site's gateway may be said to be, the first derived.
var kindsOf = map[string][]string{
	"aws":   {"", "gateway: {kind: transit-gateway}"},
	"gcp":   {"", "gateway: {transit: peering}", "gateway: {transit: ncc}"},
	"azure": {"", "gateway: {kind: vpn-gateway}", "gateway: {kind: virtual-wan}"},
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// randomSpec writes a network that has to plan: one to three clouds, one to
// three regions each, sometimes an on-prem site, segments, services, ways to
// the internet, and policy between whatever there is.
func randomSpec(r *rand.Rand) string {
	var b, names strings.Builder
	fmt.Fprintf(&b, "version: 1\nname: random\naddressing: {pool: %s}\naccounts:\n", pick(r, "10.0.0.0/8", "[10.64.0.0/10, 172.20.0.0/14]"))
	b.WriteString("  a: {cloud: aws, id: \"111122223333\"}\n  g: {cloud: gcp, project: random-net}\n  z: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}\nsites:\n")
	for _, cloud := range []string{"aws", "gcp", "azure"} {
		kind := pick(r, kindsOf[cloud]...)
		count := 1 + r.IntN(2)
		if strings.Contains(kind, "vpn-gateway") {
			count = 1 // hub VNets of two regions would be peered, and peering is not transitive
		}
		for i := range count {
			fmt.Fprintf(&b, "  %s-%d:\n    cloud: %s\n    region: %s\n", cloud, i, cloud, regionsOf[cloud][i])
			fmt.Fprintf(&names, "%s-%d, ", cloud, i)
			if cloud == "aws" {
				fmt.Fprintf(&b, "    zones: %d\n", 1+r.IntN(3))
			}
			if kind != "" {
				fmt.Fprintf(&b, "    %s\n", kind)
			}
			b.WriteString("    networks:\n")
			for n := range 1 + r.IntN(3) {
				randomNetwork(&b, r, cloud, n)
			}
		}
	}
	sites := strings.TrimSuffix(names.String(), ", ")
	connect := fmt.Sprintf("  - {mesh: [%s]%s}\n", sites, pick(r, "", ", bandwidth: 500Mbps"))
	if r.IntN(2) == 0 {
		b.WriteString("  office: {cloud: onprem, city: Portland, cidrs: [192.168.0.0/20], public_ip: [203.0.113.10, 203.0.113.11], bgp: {asn: 65010}}\n")
		connect += "  - {link: [aws-0, office]}\n"
	}
	b.WriteString("connect:\n" + connect)
	fmt.Fprintf(&b, "segments: {blue: {internal: %s}, red: {}}\n", pick(r, "allow", "deny"))
	fmt.Fprintf(&b, "policy:\n  - {from: %s, to: %s, ports: [%s]}\n", pick(r, "blue", "red", "aws-0"), pick(r, "blue", "red", "gcp-0"), pick(r, "tcp/443", "udp/8000-8100, icmp", "any", "tcp"))
	fmt.Fprintf(&b, "  - {from: %s, to: azure-0, ports: [tcp/1-65535]}\n", pick(r, "aws-0", "198.51.100.0/24"))
	return b.String()
}

func randomNetwork(b *strings.Builder, r *rand.Rand, cloud string, n int) {
	size := 18 + r.IntN(4)
	fmt.Fprintf(b, "      n%d: {size: /%d, subnets: {", n, size)
	for s := range 1 + r.IntN(3) {
		if s > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(b, "s%d: {size: /%d, segment: %s", s, size+3+r.IntN(3), pick(r, "blue", "red"))
		if way := pick(r, "", "nat", "public"); way != "" {
			fmt.Fprintf(b, ", internet: %s", way)
		}
		if r.IntN(3) == 0 {
			fmt.Fprintf(b, ", services: [%s]", servicesOf[cloud])
		}
		b.WriteString("}")
	}
	b.WriteString("}}\n")
}
