package verify

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/verify/finding"
)

// centresText is a cloud site in AWS, two in Azure, and two data centres
// between them: one near by, one across the ocean.
const centresText = `
version: 1
name: centres
addressing: {pool: 10.0.0.0/8}
accounts: {a: {cloud: aws, id: "111122223333"}, z: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}}
sites:
  aw: {cloud: aws, region: us-west-2, gateway: {kind: transit-gateway}, networks: {a: {size: /16, subnets: {a: {size: /20}}}}}
  az: {cloud: azure, region: westus2, networks: {a: {size: /16, subnets: {a: {size: /20}, b: {size: /20}}}}}
  near: {cloud: onprem, city: Portland, cidrs: [10.200.0.0/16], public_ip: [203.0.113.10, 203.0.113.11], cluster: true, bgp: {asn: 65010}}
  over: {cloud: onprem, city: Frankfurt, cidrs: [10.201.0.0/16], public_ip: [203.0.113.20, 203.0.113.21], cluster: true, bgp: {asn: 65020}}
connect:
  - {hub: near, spokes: [aw, az]}
  - {hub: over, spokes: [aw, az]}
policy:
  - {from: aw, to: az, ports: [tcp/443]}
`

// TestSpreads: connections that a gateway spreads over ways of very unequal
// round trip are one finding that names each way and its round trip, in the
// direction in which they are spread.
func TestSpreads(t *testing.T) {
	// announce has a data centre hand on what it learns of some sites.
	announce := func(n *fabric.Network, centre fabric.SiteID, of ...fabric.SiteID) {
		for i := range n.Gateways {
			g := &n.Gateways[i]
			if g.Site != centre {
				continue
			}
			g.Announce = slices.Clone(g.Announce)
			for _, s := range of {
				for k := range n.VPCs {
					if slices.Contains(n.VPCs[k].Sites, s) {
						g.Announce = append(g.Announce, n.VPCs[k].Prefixes...)
					}
				}
			}
		}
	}
	// times sets the round trips of the links of each data centre.
	times := func(n *fabric.Network, near, over float64, source string) {
		for i := range n.Links {
			l := &n.Links[i]
			l.RTT, l.RTTSource = near, source
			if slices.Contains(l.Sites[:], "over") {
				l.RTT = over
			}
		}
	}
	const measured = "measured 2022-04"
	both := func(n *fabric.Network) {
		announce(n, "near", "aw", "az")
		announce(n, "over", "aw", "az")
	}
	tests := []struct {
		name     string
		from, to string
		edit     func(*fabric.Network)
		want     []string
	}{
		{
			name: "both ways", from: "aw", to: "az",
			edit: func(n *fabric.Network) { both(n); times(n, 10, 70, measured) },
			want: []string{"from aw to az packets are spread over ways of 20.0 ms (aw--near, az--near) and 140.0 ms (aw--over, az--over), and replies too"},
		},
		{
			name: "two rules about the same ways are one finding", from: "[aw, az]", to: "[az/a/b, aw]",
			edit: func(n *fabric.Network) { both(n); times(n, 10, 70, measured) },
			want: []string{"from aw to az packets are spread over ways of 20.0 ms (aw--near, az--near) and 140.0 ms (aw--over, az--over), and replies too"},
		},
		{
			name: "packets only", from: "aw", to: "az",
			edit: func(n *fabric.Network) {
				announce(n, "near", "aw", "az")
				announce(n, "over", "az")
				times(n, 10, 70, measured)
			},
			want: []string{"from aw to az packets are spread over ways of 20.0 ms (aw--near, az--near) and 140.0 ms (aw--over, az--over)"},
		},
		{
			name: "replies only", from: "aw", to: "az",
			edit: func(n *fabric.Network) {
				announce(n, "near", "aw", "az")
				announce(n, "over", "aw")
				times(n, 10, 70, measured)
			},
			want: []string{"from az to aw replies are spread over ways of 20.0 ms (az--near, aw--near) and 140.0 ms (az--over, aw--over)"},
		},
		{
			name: "estimates are marked", from: "aw", to: "az",
			edit: func(n *fabric.Network) { both(n); times(n, 10, 16, "estimated from distance") },
			want: []string{"from aw to az packets are spread over ways of ~20.0 ms (aw--near, az--near) and ~32.0 ms (aw--over, az--over), and replies too"},
		},
		{name: "as long again by half", from: "aw", to: "az", edit: func(n *fabric.Network) { both(n); times(n, 100, 150, measured) }},
		{name: "ten milliseconds longer", from: "aw", to: "az", edit: func(n *fabric.Network) { both(n); times(n, 1, 6, measured) }},
		{name: "one way is not known", from: "aw", to: "az", edit: func(n *fabric.Network) { both(n); times(n, 10, 0, "") }},
		{name: "one way", from: "aw", to: "az", edit: func(n *fabric.Network) { announce(n, "near", "aw", "az"); times(n, 10, 70, measured) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := fromText(t, strings.Replace(centresText, "from: aw, to: az", "from: "+tt.from+", to: "+tt.to, 1))
			tt.edit(n)
			var got []string
			for _, f := range codes(New(n, atlas.Default()), finding.Unequal) {
				got = append(got, f.Summary)
				if f.Severity != diag.Warning || f.Witness == nil || !f.Witness.Works() {
					t.Errorf("%q is a %v with witness %+v, want a warning and one that works", f.Summary, f.Severity, f.Witness)
					continue
				}
				slow := f.Witness.Forward
				if strings.Contains(f.Summary, "replies are") {
					slow = *f.Witness.Return
				}
				if !slices.Contains(slow.Sites, "over") {
					t.Errorf("%q has a witness by %v, want the long way", f.Summary, slow.Sites)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Findings() of %s (-want +got):\n%s", finding.Unequal, diff)
			}
		})
	}
}
