// Package random makes networks for the proof and its oracle to be compared
// on: random specs (spec.go), single breaks of what they compile to
// (breaks.go), the machines and packets that stand for all of a network's
// (machines.go), and the smallest network on which two judges still disagree
// (shrink.go).
package random

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// kindsOf are what a site's gateway may be said to be, the first derived.
var kindsOf = map[string][]string{
	"aws":   {"", "gateway: {kind: transit-gateway}"},
	"gcp":   {"", "gateway: {transit: peering}", "gateway: {transit: ncc}"},
	"azure": {"", "gateway: {kind: vpn-gateway}", "gateway: {kind: virtual-wan}"},
}

var regionsOf = map[string][]string{
	"aws":   {"us-west-2", "us-east-1"},
	"gcp":   {"us-west1", "us-east4"},
	"azure": {"westus2", "eastus"},
}

var servicesOf = map[string]string{"aws": "s3", "gcp": "storage", "azure": "storage"}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// Spec writes a small network: up to two regions of each of some clouds, up to
// two sites of one's own, joined as a mesh, around a hub or by single links,
// with segments, ways to the internet, and policy between whatever there is.
// Some of what it writes does not plan, which is for compile to say.
func Spec(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString("version: 1\nname: random\naccounts:\n  a: {cloud: aws, id: \"111122223333\"}\n  g: {cloud: gcp, project: random-net}\n  z: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}\nsites:\n")
	var sites []string
	for _, cloud := range []string{"aws", "gcp", "azure"} {
		kind := pick(r, kindsOf[cloud]...)
		for i := range r.IntN(3) {
			fmt.Fprintf(&b, "  %s-%d:\n    cloud: %s\n    region: %s\n", cloud, i, cloud, regionsOf[cloud][i])
			sites = append(sites, fmt.Sprintf("%s-%d", cloud, i))
			if cloud == "aws" {
				fmt.Fprintf(&b, "    zones: %d\n", 1+r.IntN(2))
			}
			if kind != "" {
				fmt.Fprintf(&b, "    %s\n", kind)
			}
			b.WriteString("    networks:\n")
			for n := range 1 + r.IntN(2) {
				network(&b, r, cloud, n)
			}
		}
	}
	for i := range r.IntN(3) {
		fmt.Fprintf(&b, "  office-%d: {cloud: onprem, city: Portland, cidrs: [192.168.%d.0/20], public_ip: [203.0.113.1%d], bgp: {asn: 6501%d}}\n", i, 16*i, i, i)
		sites = append(sites, fmt.Sprintf("office-%d", i))
	}
	connect(&b, r, sites)
	fmt.Fprintf(&b, "segments: {blue: {internal: %s}, red: {}}\npolicy:\n", pick(r, "allow", "deny"))
	ends := append([]string{"blue", "red"}, sites...)
	for range 1 + r.IntN(3) {
		fmt.Fprintf(&b, "  - {from: %s, to: %s, ports: [%s]}\n", pick(r, append(ends, "198.51.100.0/24")...), pick(r, ends...), pick(r, "tcp/443", "udp/8000-8100, icmp", "any", "tcp"))
	}
	return b.String()
}

func network(b *strings.Builder, r *rand.Rand, cloud string, n int) {
	size := 18 + r.IntN(3)
	fmt.Fprintf(b, "      n%d: {size: /%d, subnets: {", n, size)
	for s := range 1 + r.IntN(2) {
		if s > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(b, "s%d: {size: /%d, segment: %s", s, size+3, pick(r, "blue", "red"))
		if way := pick(r, "", "", "nat", "public"); way != "" {
			fmt.Fprintf(b, ", internet: %s", way)
		}
		if r.IntN(4) == 0 {
			fmt.Fprintf(b, ", services: [%s]", servicesOf[cloud])
		}
		b.WriteString("}")
	}
	b.WriteString("}}\n")
}

// connect joins the sites in one of three ways.
func connect(b *strings.Builder, r *rand.Rand, sites []string) {
	if len(sites) < 2 {
		return
	}
	var clouds, own []string
	for _, s := range sites {
		if strings.HasPrefix(s, "office") {
			own = append(own, s)
			continue
		}
		clouds = append(clouds, s)
	}
	b.WriteString("connect:\n")
	if len(clouds) == 0 {
		fmt.Fprintf(b, "  - {mesh: [%s]}\n", strings.Join(sites, ", "))
		return
	}
	hub := pick(r, clouds...)
	var others []string
	for _, s := range sites {
		if s != hub {
			others = append(others, s)
		}
	}
	switch r.IntN(3) {
	case 0:
		fmt.Fprintf(b, "  - {hub: %s, spokes: [%s]}\n", hub, strings.Join(others, ", "))
	case 1:
		for i := 1; i < len(sites); i++ {
			fmt.Fprintf(b, "  - {link: [%s, %s]}\n", sites[r.IntN(i)], sites[i])
		}
	default:
		if len(clouds) > 1 {
			fmt.Fprintf(b, "  - {mesh: [%s]}\n", strings.Join(clouds, ", "))
		}
		for _, s := range own {
			fmt.Fprintf(b, "  - {link: [%s, %s]}\n", hub, s)
		}
	}
}
