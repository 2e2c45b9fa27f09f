package outage

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
)

// inside has two networks of Azure that reach each other through their gateway
// alone, and two links to elsewhere. GATEWAY and TRAFFIC stand for the lines of
// a case.
const inside = `version: 1
name: inside
accounts: {conn: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}, net: {cloud: gcp, project: inside-net}}
sites:
  z:
    cloud: azure
    region: westus2
    gateway: GATEWAY
    networks:
      a: {size: /16, subnets: {x: {size: /20, segment: blue}}}
      b: {size: /16, subnets: {y: {size: /20, segment: red}}}
  g: {cloud: gcp, region: us-west1, networks: {n: {size: /16, subnets: {x: {size: /20, segment: green}}}}}
  hq: {cloud: onprem, city: Portland, cidrs: [10.200.0.0/16], bgp: {asn: 65010}, public_ip: [203.0.113.10, 203.0.113.11]}
connect: [{hub: z, spokes: [g, hq]}]
segments: {blue: {}, red: {}, green: {}}
policy:
  - {from: blue, to: [red, green, hq], ports: tcp/443}
traffic:
TRAFFIC
`

// TestCapacityOfGateways: peaks against what gateways and hubs carry, worked
// out by hand. VpnGw1AZ carries 650 Mbps in all, and half of it with one of its
// two instances; a scale unit 500 Mbps, of which compile takes as many as the
// links' peaks ask for; the router of a hub 3 Gbps.
func TestCapacityOfGateways(t *testing.T) {
	const small = "{kind: vpn-gateway, sku: VpnGw1AZ}"
	tests := []struct {
		name    string
		gateway string
		traffic []string
		want    []string // findings
		effect  Effect   // of an instance's failure on z:blue to z:red
		left    string
	}{
		{
			name: "two networks through a gateway", gateway: small,
			traffic: []string{"{from: blue, to: red, monthly: 1TB, peak: 2Gbps}"},
			want: []string{
				"TL1203 gateway z/vpn sends 325Mbps when gateway z/vpn#0 fails; the peak there is then 2Gbps",
				"TL1210 gateway z/vpn sends 650Mbps; the peak there is 2Gbps",
			},
			effect: Congested, left: "325Mbps of 650Mbps",
		},
		{
			name: "it fits until an instance is lost", gateway: small,
			traffic: []string{"{from: blue, to: red, monthly: 1TB, peak: 500Mbps}"},
			want:    []string{"TL1203 gateway z/vpn sends 325Mbps when gateway z/vpn#0 fails; the peak there is then 500Mbps"},
			effect:  Congested, left: "325Mbps of 650Mbps",
		},
		{
			name: "it fits without an instance", gateway: small,
			traffic: []string{"{from: blue, to: red, monthly: 1TB, peak: 325Mbps}"},
			effect:  Slower, left: "325Mbps of 650Mbps",
		},
		{
			name: "there and back both count, as each packet is taken in and sent on", gateway: small,
			traffic: []string{"{from: blue, to: red, monthly: 1TB, peak: 400Mbps}", "{from: red, to: blue, monthly: 1TB, peak: 400Mbps}"},
			want: []string{
				"TL1203 gateway z/vpn sends 325Mbps when gateway z/vpn#0 fails; the peak there is then 800Mbps",
				"TL1210 gateway z/vpn sends 650Mbps; the peak there is 800Mbps",
			},
			effect: Congested, left: "325Mbps of 650Mbps",
		},
		{
			name: "each of two links has room, their gateway has not", gateway: small,
			traffic: []string{"{from: blue, to: green, monthly: 1TB, peak: 300Mbps}", "{from: blue, to: hq, monthly: 1TB, peak: 360Mbps}"},
			want: []string{
				"TL1203 gateway z/vpn sends 325Mbps when gateway z/vpn#0 fails; the peak there is then 660Mbps",
				"TL1203 link hq--z carries 325Mbps from z to hq when gateway z/vpn#0 fails; the peak there is then 360Mbps",
				"TL1210 gateway z/vpn sends 650Mbps; the peak there is 660Mbps",
			},
			effect: Congested, left: "325Mbps of 650Mbps",
		},
		{
			name: "what is sent and what is taken in have a bound each", gateway: small,
			traffic: []string{"{from: blue, to: green, monthly: 1TB, peak: 320Mbps}", "{from: hq, to: blue, monthly: 1TB, peak: 320Mbps}"},
			effect:  Slower, left: "325Mbps of 650Mbps",
		},
		{
			name: "two networks through a hub's router", gateway: "{kind: virtual-wan}",
			traffic: []string{"{from: blue, to: red, monthly: 1TB, peak: 4Gbps}"},
			want:    []string{"TL1210 the router of hub z/vwan carries 3Gbps; the peak there is 4Gbps"},
		},
		{
			name: "a hub's links, whose two scale units become one", gateway: "{kind: virtual-wan}",
			traffic: []string{"{from: blue, to: green, monthly: 1TB, peak: 600Mbps}", "{from: blue, to: red, monthly: 1TB, peak: 3Gbps}"},
			want:    []string{"TL1203 link g--z carries 500Mbps from z to g when gateway z/vwan#0 fails; the peak there is then 600Mbps"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			text := strings.NewReplacer("GATEWAY", tt.gateway, "TRAFFIC", "  - "+strings.Join(tt.traffic, "\n  - ")).Replace(inside)
			if err := os.WriteFile(filepath.Join(dir, "network.yaml"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			n, a := compiled(t, dir)
			m := New(verify.New(n, a))
			rep := m.Try(Options{At: 1, Kinds: []routes.PartKind{routes.InstancePart}})
			var got []string
			for _, f := range rep.Findings {
				if f.Code == codeCongested || f.Code == codeOverloaded {
					got = append(got, string(f.Code)+" "+f.Summary)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Try() finds (-want +got):\n%s", diff)
			}
			effect, left := Unaffected, ""
			for _, w := range rep.Worst {
				if w.From.String() == "z:blue" && w.To.String() == "z:red" && len(w.Failure) > 0 {
					effect, left = w.Effect, w.After.Capacity.String()+" of "+w.Before.Capacity.String()
				}
			}
			if effect != tt.effect || left != tt.left {
				t.Errorf("Try() says of z:blue to z:red %v, %q left, want %v, %q", effect, left, tt.effect, tt.left)
			}
		})
	}
}

// TestGatewayShut: what a gateway alone joins is lost with the last of its
// instances.
func TestGatewayShut(t *testing.T) {
	dir := t.TempDir()
	text := strings.NewReplacer("GATEWAY", "{kind: vpn-gateway}", "TRAFFIC", "  - {from: blue, to: red, monthly: 1TB}").Replace(inside)
	if err := os.WriteFile(filepath.Join(dir, "network.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	n, a := compiled(t, dir)
	m := New(verify.New(n, a))
	instance := func(id string) routes.Part { return routes.Part{Kind: routes.InstancePart, ID: id} }
	for _, tt := range []struct {
		name    string
		failure routes.Failure
		want    string
	}{
		{"one", routes.NewFailure(instance("z/vpn#1")), "slower"},
		{"both", routes.NewFailure(instance("z/vpn#0"), instance("z/vpn#1")), "lost"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := effectsOf(m.Impacts(tt.failure))["z:blue to z:red"]; got != tt.want {
				t.Errorf("Impacts(%v) on z:blue to z:red = %q, want %q", tt.failure, got, tt.want)
			}
		})
	}
}
