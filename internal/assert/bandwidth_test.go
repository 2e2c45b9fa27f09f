package assert_test

import (
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/assert"
	"github.com/tieline/tieline/internal/fabric"
)

// throughGateway has two networks of Azure that reach each other through their
// gateway alone, which carries 650 Mbps.
const throughGateway = `version: 1
name: inside
accounts: {conn: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}, net: {cloud: gcp, project: inside-net}}
sites:
  z:
    cloud: azure
    region: westus2
    gateway: {kind: vpn-gateway, sku: VpnGw1AZ}
    networks:
      a: {size: /16, subnets: {x: {size: /20, segment: blue}}}
      b: {size: /16, subnets: {y: {size: /20, segment: red}}}
  g: {cloud: gcp, region: us-west1, networks: {n: {size: /16, subnets: {x: {size: /20, segment: green}}}}}
connect: [{mesh: [z, g]}]
segments: {blue: {}, red: {}, green: {}}
policy:
  - {from: blue, to: [red, green], ports: tcp/443}
`

// TestBandwidth: what gateways carry bounds ways, and what is of unknown size
// is no pass.
func TestBandwidth(t *testing.T) {
	for _, tt := range []struct {
		name, assertion string
		change          func(*fabric.Network)
		want            string
	}{
		{name: "through a gateway", assertion: "{from: blue, to: red, bandwidth: 650Mbps}", want: "pass"},
		{name: "more than the gateway", assertion: "{from: blue, to: red, bandwidth: 651Mbps}", want: "fail: cross gateway z/vpn, which carries 650Mbps"},
		{
			name: "a size that is not known", assertion: "{from: blue, to: red, bandwidth: 1Mbps}", want: "unknown: what gateway z/vpn carries",
			change: func(n *fabric.Network) {
				for i := range n.Gateways {
					n.Gateways[i].SKU = "HighPerformance"
				}
			},
		},
		{
			name: "tunnels of unknown rates", assertion: "{from: blue, to: green, bandwidth: 1Mbps}", want: "unknown: what link g--z carries",
			change: func(n *fabric.Network) {
				for i := range n.Tunnels {
					n.Tunnels[i].Rate = 0
				}
			},
		},
		{
			name: "too little is a failure, whatever else is not known", assertion: "{from: blue, to: green, bandwidth: 2Gbps}", want: "fail: cross gateway z/vpn, which carries 650Mbps",
			change: func(n *fabric.Network) { n.Tunnels[0].Rate = 0 },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			results, diags := fromText(t, throughGateway, tt.change).run("- at_least: "+tt.assertion+"\n", assert.Options{})
			if len(diags) > 0 || len(results) != 1 {
				t.Fatalf("Run(%s) = %d results, %v", tt.assertion, len(results), diags)
			}
			verdict, reason, _ := strings.Cut(tt.want, ": ")
			if got := results[0]; got.Verdict.String() != verdict || !strings.Contains(got.Why, reason) {
				t.Errorf("Run(%s) = %v: %s, want %s", tt.assertion, got.Verdict, got.Why, tt.want)
			}
		})
	}
}
