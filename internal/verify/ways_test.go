package verify

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/verify/finding"
	"github.com/tieline/tieline/internal/vocab"
)

// officeSpec is two sites of AWS, one with a transit gateway and one with a
// virtual private gateway, one of GCP and an office that some of them join.
const officeSpec = `
version: 1
name: office
addressing: {pool: 10.0.0.0/8}
accounts:
  prod: {cloud: aws, id: "111122223333"}
  net: {cloud: gcp, project: net-host}
sites:
  tgw: {cloud: aws, region: us-west-2, gateway: {kind: transit-gateway}, networks: {app: {size: /16, subnets: {app: {size: /20}}}}}
  vgw: {cloud: aws, region: us-east-1, gateway: {kind: virtual-private-gateway}, networks: {app: {size: /16, subnets: {app: {size: /20}}}}}
  gcp: {cloud: gcp, region: us-west1, networks: {app: {size: /16, subnets: {app: {size: /20}}}}}
  office: {cloud: onprem, city: Portland, cidrs: [10.200.0.0/16], bgp: {asn: 65010}, OFFICE}
connect:
  - CONNECT
policy:
  - {from: FROM, to: TO, ports: [tcp/443]}
`

const (
	oneDevice  = "public_ip: 203.0.113.10"
	twoDevices = "public_ip: [203.0.113.10, 203.0.113.11]"
)

// TestDevices: packets and replies that may pass two devices of an office are
// a warning, two tunnels of one a note, each once a site, with a packet that
// shows it, whoever opens the connection.
func TestDevices(t *testing.T) {
	tests := []struct {
		name              string
		office            string
		connect, from, to string
		edit              func(*fabric.Network)
		want              []string
	}{
		{
			name: "a transit gateway spreads over two devices", office: twoDevices, connect: "{link: [office, tgw]}", from: "office", to: "tgw",
			want: []string{"warning office/cpe packets office--tgw/0 replies office--tgw/2"},
		},
		{
			name: "also when the cloud opens the connection", office: twoDevices, connect: "{link: [office, tgw]}", from: "tgw", to: "office",
			want: []string{"warning office/cpe packets office--tgw/0 replies office--tgw/2"},
		},
		{
			name: "a cluster shares state", office: twoDevices + ", cluster: true", connect: "{link: [office, tgw]}", from: "office", to: "tgw",
		},
		{
			name: "one device has two tunnels", office: oneDevice, connect: "{link: [office, tgw]}", from: "office", to: "tgw",
			want: []string{"note office/cpe packets office--tgw/0 replies office--tgw/1"},
		},
		{
			name: "GCP has one tunnel to each device", office: twoDevices, connect: "{link: [office, gcp]}", from: "office", to: "gcp",
			want: []string{"warning office/cpe packets gcp--office/0 replies gcp--office/1"},
		},
		{
			name: "a virtual private gateway takes one tunnel, whichever", office: oneDevice, connect: "{link: [office, vgw]}", from: "office", to: "vgw",
			want: []string{"note office/cpe packets office--vgw/0 replies office--vgw/1"},
		},
		{
			name: "which may be one to the other device", office: twoDevices, connect: "{link: [office, vgw]}", from: "office", to: "vgw",
			want: []string{"warning office/cpe packets office--vgw/0 replies office--vgw/2"},
		},
		{
			name: "both ends prefer the same tunnel", office: twoDevices, connect: "{link: [office, vgw]}", from: "office", to: "vgw",
			edit: func(n *fabric.Network) {
				for i := range n.Tunnels[1:] {
					n.Tunnels[1+i].Ends[0].Priority, n.Tunnels[1+i].Ends[1].Priority = 100, 100
				}
			},
		},
		{
			name: "one end alone does", office: oneDevice, connect: "{link: [office, vgw]}", from: "office", to: "vgw",
			edit: func(n *fabric.Network) { n.Tunnels[0].Ends[0].Priority = 100 }, // office sends it to vgw
			want: []string{"note office/cpe packets office--vgw/0 replies office--vgw/1"},
		},
		{
			name: "a hub that others pass", office: twoDevices, connect: "{hub: office, spokes: [tgw, gcp]}", from: "tgw", to: "gcp",
			edit: func(n *fabric.Network) {
				for i := range n.Gateways {
					if g := &n.Gateways[i]; g.Kind == fabric.Device { // its routers hand on what they learn
						g.Announce = append(slices.Clone(g.Announce), n.VPCs[0].Prefixes[0], n.VPCs[1].Prefixes[0])
					}
				}
			},
			want: []string{"warning office/cpe packets gcp--office/0 replies gcp--office/1"},
		},
		{
			name: "several links are one finding", office: twoDevices, connect: "{hub: office, spokes: [tgw, vgw, gcp]}", from: "office", to: "[tgw, vgw, gcp]",
			want: []string{"warning office/cpe packets gcp--office/0 replies gcp--office/1 (one of 3 pairs of sites)"},
		},
		{
			name: "no policy, no connection", office: twoDevices, connect: "{hub: office, spokes: [tgw, gcp]}", from: "tgw", to: "tgw",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := fromText(t, strings.NewReplacer("OFFICE", tt.office, "CONNECT", tt.connect, "FROM", tt.from, "TO", tt.to).Replace(officeSpec))
			if tt.edit != nil {
				tt.edit(n)
			}
			var got []string
			for _, f := range New(n, atlas.Default()).Findings() {
				if f.Code != finding.Devices {
					continue
				}
				_, pairs, _ := strings.Cut(f.Summary, " (one of ")
				if pairs != "" {
					pairs = " (one of " + pairs
				}
				got = append(got, fmt.Sprintf("%v %s packets %s replies %s%s", f.Severity, f.Object, tunnelOf(f.Witness.Forward), tunnelOf(*f.Witness.Return), pairs))
				if !strings.Contains(f.Summary, tunnelOf(f.Witness.Forward)) || !f.Witness.Works() {
					t.Errorf("%q has a witness in tunnel %s that works: %t, want one that it names and that does", f.Summary, tunnelOf(f.Witness.Forward), f.Witness.Works())
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Findings() of %s (-want +got):\n%s", finding.Devices, diff)
			}
		})
	}
}

// tunnelOf gives the last tunnel that a walk is narrowed to.
func tunnelOf(w Walk) string {
	for _, s := range slices.Backward(w.Steps) {
		if s.Kind == CrossStep && len(s.Hops) == 1 && strings.HasPrefix(s.What, "tunnel ") {
			return string(s.Hops[0].Tunnel)
		}
	}
	return ""
}

// TestRoundTripBetweenRegions: what crosses the network of a cloud between two
// regions before its link takes the time of both.
func TestRoundTripBetweenRegions(t *testing.T) {
	n, a := compiled(t, "../testkit/networks/accounts")
	link, _ := n.Link("aws-frankfurt--gcp-finland")
	far, _ := a.Region(vocab.GCP, "europe-north1")
	near, _ := a.Region(vocab.GCP, "europe-west3")
	gap, _ := a.RTT(near.Place(), far.Place())
	y := ask(t, New(n, a), "gcp-frankfurt/main/app", "aws-frankfurt/shared/dns", "udp/53").Yes
	if y == nil {
		t.Fatal("Flow(gcp-frankfurt, aws-frankfurt) has no packet that gets through")
	}
	if got, want := y.Forward.RTT, link.RTT+gap.MS; got != want || gap.MS == 0 || !y.Forward.RTTKnown {
		t.Errorf("Flow(gcp-frankfurt, aws-frankfurt) takes %.1f ms by %v, want %.1f", got, y.Forward.Links, want)
	}
}
