package limits_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/compile/ipam"
	"github.com/tieline/tieline/internal/compile/limits"
	"github.com/tieline/tieline/internal/compile/policy"
	"github.com/tieline/tieline/internal/compile/services"
	"github.com/tieline/tieline/internal/compile/topology"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

const head = `version: 1
name: net
accounts:
  prod: {cloud: aws, id: "111122223333"}
  host: {cloud: gcp, project: net-host}
  conn: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}
sites:
`

// count designs a network as far as policy, lets more add to it, and counts.
func count(t *testing.T, text, facts string, more func(*fabric.Network)) []string {
	t.Helper()
	s, diags := spec.Parse([]spec.File{{Name: "network.yaml", Data: []byte(head + text)}})
	if diags.HasErrors() {
		t.Fatalf("Parse:\n%s", diags)
	}
	a := atlas.Default()
	if facts != "" {
		if a, diags = a.Overlay("own.yaml", []byte(facts)); diags.HasErrors() {
			t.Fatalf("Overlay:\n%s", diags)
		}
	}
	d := draft.New(&s, lock.Lock{}, a)
	for _, pass := range []func(*draft.Draft){topology.Places, topology.Pairs, topology.Gateways, ipam.Addresses, services.Services, policy.Filters} {
		pass(d)
	}
	if d.Diags.HasErrors() {
		t.Fatalf("design:\n%s", d.Diags)
	}
	if more != nil {
		more(&d.Net)
	}
	d.Diags = nil
	limits.Limits(d)
	var out []string
	for _, x := range d.Diags {
		if !x.Pos.IsValid() || x.Hint == "" || x.Source == "" && !strings.Contains(x.Summary, "unverified") {
			t.Errorf("%+v has no place, hint or source", x)
		}
		out = append(out, fmt.Sprintf("%d %s: %s", x.Pos.Line, x.Severity, x.Summary))
	}
	return out
}

// networks writes n networks of one subnet, one a line.
func networks(n int, subnet string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "      n%d: {size: /24, subnets: {s: {size: /26%s}}}\n", i, subnet)
	}
	return b.String()
}

func TestLimits(t *testing.T) {
	aws := "  a:\n    cloud: aws\n    region: us-west-2\n    networks:\n"
	gcp := "  g:\n    cloud: gcp\n    region: us-west1\n    networks:\n"
	azure := "  z:\n    cloud: azure\n    region: westus2\n    networks:\n"
	for _, tt := range []struct {
		name, spec, facts string
		more              func(*fabric.Network)
		want              []string
	}{
		{name: "within", spec: aws + networks(5, "")},
		{
			name: "VPCs need a raise", spec: aws + networks(7, ""),
			want: []string{`8 error: account "prod" in us-west-2 has 7 VPCs: the quota is 5 unless raised`},
		},
		{name: "quota stated", spec: aws + networks(7, ""), facts: "version: 1\nas_of: 2026-10\nlimits: {aws.vpc.per_region: 7}\n"},
		{
			name: "quota stated too low", spec: aws + networks(7, ""), facts: "version: 1\nas_of: 2026-10\nlimits: {aws.vpc.per_region: 6}\n",
			want: []string{`8 error: account "prod" in us-west-2 has 7 VPCs: the quota is 6 unless raised`},
		},
		{
			name: "addresses for NAT", spec: aws + "      n:\n        size: /20\n        subnets: {s: {size: /24}}\n",
			more: func(n *fabric.Network) {
				for i := range 6 {
					n.NATs = append(n.NATs, fabric.NAT{ID: fabric.NATID(fmt.Sprint(i)), Cloud: vocab.AWS, Meta: n.VPCs[0].Meta, Site: "a", Zone: fmt.Sprint(i % 2)})
				}
			},
			want: []string{`12 error: account "prod" in us-west-2 has 6 addresses: the quota is 5 unless raised`},
		},
		{
			name: "blocks beyond what can be raised", spec: aws + networks(1, ""),
			more: func(n *fabric.Network) {
				for range 60 {
					n.VPCs[0].Prefixes = append(n.VPCs[0].Prefixes, n.VPCs[0].Prefixes[0])
				}
			},
			want: []string{`12 error: network "a/n0" has 61 IPv4 blocks: the quota is 5 and can be raised to 50`},
		},
		{
			name: "rules of a security group", spec: aws + networks(1, "") + "policy: [{from: [" + cidrs(70) + "], to: a, ports: [tcp/80]}]\n",
			want: []string{`13 error: ingress of security group "a/n0/s/sg" has 72 rules: the quota is 60 unless raised`},
		},
		{
			name: "rules beyond what an interface takes", spec: aws + networks(1, "") + "policy: [{from: [" + cidrs(400) + "], to: a, ports: [tcp/80, tcp/90, tcp/100]}]\n",
			want: []string{`13 error: ingress of security group "a/n0/s/sg" has 1202 rules: the quota is 60 and can be raised to 1000`},
		},
		{
			name: "many security groups", spec: aws + networks(5, "") + "policy: [{from: [" + cidrs(70) + "], to: a, ports: [tcp/80]}]\n",
			want: []string{`17 error: ingress of security group "a/n0/s/sg" has 72 rules (the most of 5 that have too many): the quota is 60 unless raised`},
		},
		{
			name: "transit gateway", spec: aws + networks(2, ""),
			more: func(n *fabric.Network) {
				n.Gateways = append(n.Gateways, fabric.Gateway{ID: "a/tgw", Kind: fabric.TransitGateway, Site: "a", Meta: n.Sites[0].Meta, Tables: make([]fabric.TransitTable, 21)})
				for i := range 51 {
					n.Attachments = append(n.Attachments, fabric.Attachment{ID: fabric.AttachmentID(fmt.Sprint(i)), Kind: fabric.TransitPeering, Gateway: "a/tgw", Peer: fabric.GatewayID(fmt.Sprint(i)), Meta: n.Sites[0].Meta})
				}
			},
			want: []string{
				`8 error: transit gateway "a/tgw" has 51 peerings: the quota is 50 unless raised`,
				`8 error: transit gateway "a/tgw" has 21 route tables: the quota is 20 unless raised`,
			},
		},
		{
			name: "connections", spec: aws + networks(1, ""),
			more: func(n *fabric.Network) {
				n.Gateways = append(n.Gateways, fabric.Gateway{ID: "a/vgw", Kind: fabric.VirtualPrivateGateway, Site: "a", Meta: n.Sites[0].Meta})
				for i := range 52 {
					n.Connections = append(n.Connections, fabric.Connection{Gateway: "a/vgw", Peer: "b", PeerInterface: i % 2, Meta: n.Sites[0].Meta})
				}
			},
			want: []string{
				`8 error: account "prod" in us-west-2 has 52 VPN connections: the quota is 50 unless raised`,
				`8 error: virtual private gateway "a/vgw" has 52 VPN connections: the quota is 10 unless raised`,
			},
		},
		{
			name: "VPCs of a project", spec: gcp + networks(16, ""),
			want: []string{`8 error: project of account "host" has 16 VPC networks: the quota is 15 unless raised`},
		},
		{
			name: "Cloud Router", spec: gcp + networks(1, ""),
			more: func(n *fabric.Network) {
				n.Gateways = append(n.Gateways, fabric.Gateway{ID: "g/vpn", Kind: fabric.HAVPN, Site: "g", VPC: n.VPCs[0].ID, Meta: n.Sites[0].Meta, Announce: make([]netip.Prefix, 201)})
				for range 129 {
					n.Tunnels = append(n.Tunnels, fabric.Tunnel{Ends: [2]fabric.TunnelEnd{{Gateway: "g/vpn"}}, Meta: n.Sites[0].Meta})
				}
			},
			want: []string{
				`8 error: Cloud Router of "g/vpn" has 129 BGP peers: 128 is the limit`,
				`8 error: Cloud Router of "g/vpn" has 201 prefixes: 200 is the limit`,
			},
		},
		{
			name: "tunnels of an Azure gateway", spec: azure + networks(1, ""),
			more: func(n *fabric.Network) {
				n.Gateways = append(n.Gateways, fabric.Gateway{ID: "z/vpn", Kind: fabric.VPNGateway, SKU: "VpnGw1AZ", Site: "z", Meta: n.Sites[0].Meta})
				for range 129 {
					n.Tunnels = append(n.Tunnels, fabric.Tunnel{Ends: [2]fabric.TunnelEnd{{Gateway: "z/vpn"}}, Meta: n.Sites[0].Meta})
				}
			},
			want: []string{
				`8 error: gateway "z/vpn" has 129 tunnels with link-local addresses: 128 is the limit`,
				`8 error: gateway "z/vpn" of size VpnGw1AZ has 129 tunnels: 30 is the limit`,
			},
		},
		{
			name: "room of a VNet", spec: azure + "      n: {size: /14, subnets: {s: {size: /15}}}\n",
			want: []string{`12 note: subnets of VNet "z/n" have room for 131067 addresses: it can use 65536 of them`},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := count(t, tt.spec, tt.facts, tt.more)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Limits (-want +got):\n%s", diff)
			}
		})
	}
}

// cidrs lists n foreign prefixes that do not aggregate.
func cidrs(n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("198.%d.%d.0/24", 20+i/100, 2*(i%100))
	}
	return strings.Join(out, ", ")
}
