package compile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

const accounts = `version: 1
name: test
accounts:
  prod: {cloud: aws, id: "111122223333"}
  net: {cloud: gcp, project: test-net}
  conn: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}
`

func TestAzureWantsTwoAddresses(t *testing.T) {
	text := accounts + `sites:
  z: {cloud: azure, region: westus2, networks: {n: {size: /16, subnets: {s: {size: /20}}}}}
  hq: {cloud: onprem, cidrs: [10.200.0.0/16], public_ip: ADDRESSES, bgp: {asn: 65010}}
connect:
  - {link: [hq, z]}
policy:
  - {from: hq, to: z, ports: [tcp/443]}
`
	for addresses, want := range map[string]string{
		"203.0.113.10":                 "one public address",
		"[203.0.113.10, 203.0.113.11]": "",
	} {
		s, diags := spec.Parse([]spec.File{{Name: "network.yaml", Data: []byte(strings.Replace(text, "ADDRESSES", addresses, 1))}})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		r := compile.Compile(&s, lock.Lock{}, atlas.Default())
		if got := r.Diags.String(); r.Diags.HasErrors() != (want != "") || !strings.Contains(got, want) {
			t.Errorf("public_ip: %s gives\n%swant an error with %q", addresses, got, want)
		}
	}
}

// TestPrivateZones: a VPC without a default route answers Google's names with
// the addresses that it has a route to; one with a default route needs none.
func TestPrivateZones(t *testing.T) {
	text := accounts + `sites:
  g: {cloud: gcp, region: us-west1, networks: {n: {size: /16, subnets: {s: {size: /20, services: [storage, artifactregistry]INTERNET}}}}}
`
	zones := func(internet string) []string {
		r := compileText(t, strings.Replace(text, "INTERNET", internet, 1), lock.Lock{})
		var out []string
		for _, z := range r.Network.VPCs[0].PrivateZones {
			out = append(out, z.Domain+" "+z.Host+" "+z.Addrs[0].String())
		}
		for _, rt := range r.Network.RouteTables {
			for _, route := range rt.Routes {
				if route.Hop.Kind == fabric.HopInternetGateway {
					out = append(out, "route "+route.Prefix.String())
				}
			}
		}
		return out
	}
	want := []string{"googleapis.com private.googleapis.com 199.36.153.8", "pkg.dev pkg.dev 199.36.153.8", "route 199.36.153.8/30"}
	if diff := cmp.Diff(want, zones("")); diff != "" {
		t.Errorf("zones and routes of a VPC without internet (-want +got):\n%s", diff)
	}
	if got := zones(", internet: nat"); len(got) != 0 { // the public names do
		t.Errorf("zones and routes of a VPC with NAT = %v, want none beside its default route", got)
	}
}

// TestLinkCapacity: a link carries no more than the Azure gateway at its end.
func TestLinkCapacity(t *testing.T) {
	r := compileText(t, accounts+`sites:
  a: {cloud: aws, region: us-west-2, networks: {n: {size: /16, subnets: {s: {size: /20}}}}}
  z: {cloud: azure, region: westus2, networks: {n: {size: /16, subnets: {s: {size: /20}}}}}
connect:
  - {link: [a, z], bandwidth: 900Mbps}
`, lock.Lock{})
	l := r.Network.Links[0]
	g, _ := r.Network.Gateway("z/vpn")
	sku, ok := atlas.Default().SKU(vocab.Azure, g.SKU)
	if !ok || l.Capacity < l.Asked || l.Capacity > sku.Aggregate {
		t.Errorf("link over %s carries %s, want at least %s and at most %s", g.SKU, l.Capacity, l.Asked, sku.Aggregate)
	}
}

func TestUnknownFormerName(t *testing.T) {
	text := accounts + `sites:
  a: {cloud: aws, region: us-west-2, networks: {NETWORK: {size: /16, subnets: {s: {size: /20}}}}}
`
	with := func(network string) string { return strings.Replace(text, "NETWORK: {", network, 1) }
	first := compileText(t, with("old: {"), lock.Lock{})
	for network, want := range map[string]int{
		"new: {was: old, ":   0,
		"new: {was: older, ": 1,
	} {
		r := compileText(t, with(network), first.Lock)
		got := 0
		for _, d := range r.Diags {
			if d.Code == "unknown-was" {
				got++
			}
		}
		if got != want {
			t.Errorf("%s gives %d warnings of an unknown former name, want %d:\n%s", network, got, want, r.Diags)
		}
	}
}

func TestPinnedSiteTakesNoRoom(t *testing.T) {
	r := compileText(t, accounts+`sites:
  a: {cloud: aws, region: us-west-2, networks: {x: {cidr: 10.60.0.0/16, subnets: {s: {size: /20}}}}}
  b: {cloud: aws, region: us-east-1, networks: {x: {size: /18, subnets: {s: {size: /20}}}}}
`, lock.Lock{})
	if got, ok := r.Lock.Block("aws"); !ok || got.Bits() != 16 {
		t.Errorf("block of AWS = %v, want a /16: twice the /17 of the one site that is not pinned", got)
	}
}

// TestAuditIsCarried: latency budgets and waivers come through with full names.
func TestAuditIsCarried(t *testing.T) {
	r := compileText(t, accounts+`sites:
  a: {cloud: aws, region: us-west-2, networks: {n: {size: /16, subnets: {s: {size: /20}}}}}
  g: {cloud: gcp, region: us-west1, networks: {n: {size: /16, subnets: {s: {size: /20}}}}}
connect:
  - {link: [g, a]}
policy:
  - {from: a, to: g, ports: [tcp/443], rtt: 0.05s}
  - {from: g, to: a, ports: [tcp/443]}
audit:
  waivers:
    - {rule: TL1042, for: g--a, reason: two tunnels suffice, until: 2027-03-31}
    - {rule: TL2001, for: a/s, reason: known}
`, lock.Lock{})
	if got := []float64{r.Network.Policy[0].RTT, r.Network.Policy[1].RTT}; got[0] != 50 || got[1] != 0 {
		t.Errorf("RTT of the rules = %v, want [50 0]", got)
	}
	want := []fabric.Waiver{
		{Code: "TL1042", Object: "a--g", Reason: "two tunnels suffice", Expires: time.Date(2027, 3, 31, 0, 0, 0, 0, time.UTC)},
		{Code: "TL2001", Object: "a/n/s", Reason: "known"},
	}
	got := slices.Clone(r.Network.Waivers)
	for i := range got {
		if got[i].Origin.Pos.Line == 0 || got[i].Origin.Path != fmt.Sprintf("audit.waivers[%d]", i) {
			t.Errorf("origin of waiver %d = %v", i, got[i].Origin)
		}
		got[i].Origin = fabric.Origin{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Waivers (-want +got):\n%s", diff)
	}
}

// TestOwnSiteAsHub: the devices of a hub of one's own announce what the spokes
// reach through it, as its neighbours announce it, and no more.
func TestOwnSiteAsHub(t *testing.T) {
	tests := []struct{ name, connect, want string }{
		{"no hub", "{mesh: [a, z, hq]}", "10.200.0.0/16"},
		{"a hub", "{hub: hq, spokes: [a, z]}", "10.200.0.0/16 10.1.0.0/20 10.2.0.0/16 10.3.0.0/16"},
		{"a hub of spokes that reach each other without it", "{hub: hq, spokes: [a, z]}\n  - {link: [a, z]}", "10.200.0.0/16"},
		{"a site behind a spoke", "{hub: hq, spokes: [a, z]}\n  - {hub: a, spokes: [b]}", "10.200.0.0/16 10.1.0.0/20 10.2.0.0/16 10.3.0.0/16 10.4.0.0/16"},
		{"a cloud that announces a summary", "{hub: hq, spokes: [a, g]}", "10.200.0.0/16 10.1.0.0/20 10.2.0.0/16 10.8.0.0/15"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := compileText(t, accounts+`sites:
  a: {cloud: aws, region: us-west-2, gateway: {kind: transit-gateway}, networks: {m: {cidr: 10.1.0.0/20, subnets: {s: {size: /24}}}, n: {cidr: 10.2.0.0/16, subnets: {s: {size: /24}}}}}
  b: {cloud: aws, region: us-east-1, gateway: {kind: transit-gateway}, networks: {n: {cidr: 10.4.0.0/16, subnets: {s: {size: /24}}}}}
  g: {cloud: gcp, region: us-west1, networks: {n: {cidr: 10.8.0.0/15, subnets: {s: {size: /24}}}}}
  z: {cloud: azure, region: westus2, networks: {n: {cidr: 10.3.0.0/16, subnets: {s: {size: /24}}}}}
  hq: {cloud: onprem, cidrs: [10.200.0.0/16], public_ip: [203.0.113.10, 203.0.113.11], bgp: {asn: 65010}}
connect:
  - `+tt.connect+"\n", lock.Lock{})
			g, ok := r.Network.Gateway("hq/cpe")
			if !ok {
				t.Fatalf("no device:\n%s", r.Diags)
			}
			if got := strings.Trim(fmt.Sprint(g.Announce), "[]"); got != tt.want {
				t.Errorf("hq/cpe announces %s, want %s\n%s", got, tt.want, r.Diags)
			}
		})
	}
}
