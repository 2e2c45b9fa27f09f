package networks_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
)

// judge parses and, where that succeeds, compiles a text, and returns all
// that is said about it.
func judge(text string) diag.List {
	s, diags := spec.Parse([]spec.File{{Name: specName, Data: []byte(text)}})
	if diags.HasErrors() {
		return diags.Sorted()
	}
	return append(diags, compile.Compile(&s, lock.Lock{}, atlas.Default()).Diags...).Sorted()
}

// TestOverlap: the network of overlaps is refused with each pair of places.
func TestOverlap(t *testing.T) {
	diags := judge(string(read(t, filepath.Join("overlap", specName))))
	if !diags.HasErrors() {
		t.Fatal("overlap is not refused")
	}
	golden(t, "overlap/diags.txt", []byte(diags.String()))
}

// plain is a network with nothing wrong; each refusal changes one place of it.
const plain = `version: 1
name: plain
addressing:
  pool: 10.0.0.0/8
accounts:
  prod: {cloud: aws, id: "111122223333"}
  net: {cloud: gcp, project: plain-net}
  conn: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}
sites:
  aws-oregon:
    cloud: aws
    region: us-west-2
    networks: {app: {size: /20, subnets: {app: {size: /24}}}}
  gcp-oregon:
    cloud: gcp
    region: us-west1
    networks: {app: {size: /20, subnets: {app: {size: /24}}}}
  azure-wus2:
    cloud: azure
    region: westus2
    networks: {app: {size: /20, subnets: {app: {size: /24}}}}
  headquarters:
    cloud: onprem
    city: Portland
    cidrs: [192.168.0.0/16]
    public_ip: 203.0.113.10
    bgp: {asn: 65010}
connect:
  - {mesh: [aws-oregon, gcp-oregon, azure-wus2]}
  - {link: [aws-oregon, headquarters]}
policy:
  - {from: aws-oregon, to: gcp-oregon, ports: [tcp/443]}
`

// refusal is one mistake: the text that replaces old, and what has to be said
// about it: the line (of new's first line, plus offset), and parts of the
// error with its hint, source and related places.
type refusal struct {
	name   string
	old    string
	new    string
	offset int
	want   []string
}

const awsNetwork = "region: us-west-2\n    networks: {app: {size: /20, subnets: {app: {size: /24}}}}"

const gcpNetwork = "region: us-west1\n    networks: {app: {size: /20, subnets: {app: {size: /24}}}}"

const azureNetwork = "region: westus2\n    networks: {app: {size: /20, subnets: {app: {size: /24}}}}"

const mesh = "  - {mesh: [aws-oregon, gcp-oregon, azure-wus2]}"

var refusals = []refusal{
	{name: "unknown region", old: "region: us-west-2", new: "region: us-wset-2", want: []string{`"us-wset-2"`, "us-west-2"}},
	{name: "region of another cloud", old: "region: us-west1", new: "region: us-west-1", want: []string{`"us-west-1"`, "us-west1"}},
	{name: "a /31 in AWS", old: awsNetwork, new: strings.Replace(awsNetwork, "/24", "/31", 1), offset: 1, want: []string{"/31", "AWS", "source:"}},
	{name: "a /31 in GCP", old: gcpNetwork, new: strings.Replace(gcpNetwork, "/24", "/31", 1), offset: 1, want: []string{"/31", "GCP", "source:"}},
	{name: "a /31 in Azure", old: azureNetwork, new: strings.Replace(azureNetwork, "/24", "/31", 1), offset: 1, want: []string{"/31", "Azure", "source:"}},
	{name: "a VPC wider than AWS takes", old: awsNetwork, new: strings.Replace(awsNetwork, "/20", "/15", 1), offset: 1, want: []string{"/15", "AWS", "/16", "source:"}},
	{name: "a pool that runs out", old: "pool: 10.0.0.0/8", new: "pool: 10.0.0.0/20", want: []string{"no room", "missing 3 × /18", "(49152 addresses)", "tieline lock release"}},
	{name: "a network that its subnets fill", old: "region: us-west-2\n    networks: {app: {size: /20, subnets: {app: {size: /24}}}}", new: "region: us-west-2\n    networks: {app: {size: /24, subnets: {a: {size: /25}, b: {size: /25}, c: {size: /25}}}}", offset: 1, want: []string{"no room", "missing 1 × /25", "network \"app\""}},
	{name: "host bits in a pinned block", old: awsNetwork, new: strings.Replace(awsNetwork, "size: /20", "cidr: 10.1.2.0/20", 1), offset: 1, want: []string{"10.1.2.0/20", "10.1.0.0/20"}},
	{name: "a subnet outside its network", old: awsNetwork, new: strings.Replace(awsNetwork, "{size: /20, subnets: {app: {size: /24}}}", "{cidr: 10.1.0.0/20, subnets: {app: {cidr: 10.2.0.0/24}}}", 1), offset: 1, want: []string{"10.2.0.0/24"}},
	{name: "more zones than the region has", old: awsNetwork, new: strings.Replace(awsNetwork, "region: us-west-2", "region: us-west-2\n    zones: 9", 1), offset: 1, want: []string{"9", "us-west-2"}},
	{name: "a zone of another region", old: awsNetwork, new: strings.Replace(awsNetwork, "region: us-west-2", "region: us-west-2\n    zone_ids: [use1-az1]", 1), offset: 1, want: []string{"use1-az1", "usw2-az1"}},
	{name: "contradicting bandwidths", old: mesh, new: mesh + "\n  - {link: [aws-oregon, gcp-oregon], bandwidth: 1Gbps}\n  - {link: [gcp-oregon, aws-oregon], bandwidth: 2Gbps}", offset: 2, want: []string{"aws-oregon", "gcp-oregon", "network.yaml:31"}},
	{name: "contradicting tunnels", old: mesh, new: mesh + "\n  - {link: [aws-oregon, gcp-oregon], tunnels: 4}\n  - {link: [gcp-oregon, aws-oregon], tunnels: 8}", offset: 2, want: []string{"aws-oregon", "gcp-oregon", "network.yaml:31"}},
	{name: "more tunnels than the gateway takes", old: mesh, new: mesh + "\n  - {link: [aws-oregon, azure-wus2], tunnels: 40}", offset: -11, want: []string{"42 tunnels", "takes 30", "virtual-wan", "source:"}},
	{name: "an odd number of tunnels with AWS", old: mesh, new: mesh + "\n  - {link: [aws-oregon, gcp-oregon], tunnels: 3}", offset: 1, want: []string{"3 tunnels", "multiple", "source:"}},
	{name: "an IPv6 pool", old: "pool: 10.0.0.0/8", new: "pool: [10.0.0.0/8, 'fd00::/16']", want: []string{"IPv6", "fd00::/16", "Terraform"}},
	{name: "an IPv6 network", old: awsNetwork, new: strings.Replace(awsNetwork, "size: /20", "cidr: 'fd00:1::/56'", 1), offset: 1, want: []string{"IPv6", "fd00:1::/56", "Terraform"}},
	{name: "an IPv6 site of one's own", old: "cidrs: [192.168.0.0/16]", new: "cidrs: [192.168.0.0/16, '2001:db8::/32']", want: []string{"IPv6", "2001:db8::/32"}},
	{name: "IPv6 in policy", old: "from: aws-oregon, to: gcp-oregon", new: "from: '2001:db8::/32', to: gcp-oregon", want: []string{"IPv6", "2001:db8::/32"}},
	{name: "an inside prefix that AWS keeps", old: "  - {link: [aws-oregon, headquarters]}", new: "  - {link: [aws-oregon, headquarters], inside: [169.254.0.0/30, 169.254.21.0/30]}", want: []string{"169.254.0.0/30", "AWS", "source:"}},
	{name: "an inside prefix of no /30", old: "  - {link: [aws-oregon, headquarters]}", new: "  - {link: [aws-oregon, headquarters], inside: [169.254.21.0/29, 169.254.22.0/30]}", want: []string{"169.254.21.0/29", "/30"}},
	{name: "an inside prefix that Azure does not take", old: mesh, new: mesh + "\n  - {link: [aws-oregon, azure-wus2], inside: [169.254.30.0/30, 169.254.21.4/30, 169.254.21.8/30, 169.254.21.12/30]}", offset: 1, want: []string{"169.254.30.0/30", "Azure", "source:"}},
	{name: "one inside prefix twice", old: "  - {link: [aws-oregon, headquarters]}", new: "  - {link: [aws-oregon, headquarters], inside: [169.254.21.0/30, 169.254.21.0/30]}", want: []string{"169.254.21.0/30"}},
	{name: "two gateways of one AS number", old: awsNetwork, new: strings.Replace(awsNetwork, "region: us-west-2", "region: us-west-2\n    gateway: {asn: 65010}", 1), offset: 1, want: []string{"65010", "headquarters", "source: RFC 4271"}},
	{name: "an AS number that Azure keeps", old: azureNetwork, new: strings.Replace(azureNetwork, "region: westus2", "region: westus2\n    gateway: {asn: 65515}", 1), offset: 1, want: []string{"65515", "Azure", "source:"}},
	{name: "an AS number that AWS does not take", old: awsNetwork, new: strings.Replace(awsNetwork, "region: us-west-2", "region: us-west-2\n    gateway: {asn: 100}", 1), offset: 1, want: []string{"100", "AWS", "source:"}},
	{name: "an unknown SKU", old: azureNetwork, new: strings.Replace(azureNetwork, "region: westus2", "region: westus2\n    gateway: {sku: VpnGw9AZ}", 1), offset: 1, want: []string{"VpnGw9AZ", "one of", "VpnGw2AZ"}},
	{name: "a SKU without BGP", old: azureNetwork, new: strings.Replace(azureNetwork, "region: westus2", "region: westus2\n    gateway: {sku: Basic}", 1), offset: 1, want: []string{"Basic", "VpnGw1AZ"}},
	{name: "a gateway of one VPC for two", old: awsNetwork, new: "region: us-west-2\n    gateway: {kind: virtual-private-gateway}\n    networks: {app: {size: /20, subnets: {app: {size: /24}}}, lab: {size: /20, subnets: {lab: {size: /24}}}}", offset: 1, want: []string{"2 VPCs", "transit-gateway", "source:"}},
	{name: "a gateway of another cloud", old: awsNetwork, new: strings.Replace(awsNetwork, "region: us-west-2", "region: us-west-2\n    gateway: {kind: ha-vpn}", 1), offset: 1, want: []string{"ha-vpn", "GCP", "AWS"}},
	{name: "a suite that one end does not offer", old: "  - {link: [aws-oregon, headquarters]}", new: "  - {link: [aws-oregon, headquarters]}\n  - {link: [gcp-oregon, azure-wus2], suite: {ike_group: 1}}", offset: 1, want: []string{"1", "both"}},
	{name: "a hub in Google Cloud", old: mesh, new: "  - {hub: gcp-oregon, spokes: [aws-oregon, azure-wus2]}", want: []string{"gcp-oregon", "Cloud Router", "source:"}},
	{name: "a site of one's own in the link-local range", old: "cidrs: [192.168.0.0/16]", new: "cidrs: [169.254.0.0/16]", want: []string{"169.254.0.0/16", "link-local", "source:"}},
	{name: "a network in a range that its cloud refuses", old: gcpNetwork, new: strings.Replace(gcpNetwork, "size: /20", "cidr: 169.254.0.0/20", 1), offset: 1, want: []string{"169.254.0.0/20"}},
	{name: "an unknown service", old: awsNetwork, new: strings.Replace(awsNetwork, "size: /24", "size: /24, services: [s33]", 1), offset: 1, want: []string{`"s33"`, "s3"}},
	{name: "management open to the world", old: "{from: aws-oregon, to: gcp-oregon, ports: [tcp/443]}", new: "{from: internet, to: gcp-oregon, ports: [tcp/22]}", want: []string{"tcp/22"}},
	{name: "traffic with two ends of many sites", old: "policy:", new: "segments: {app: {}}\ntraffic:\n  - {from: aws-oregon, to: nowhere, monthly: 1TB}\npolicy:", offset: 2, want: []string{`"nowhere"`}},
	{name: "two sites with more VPCs than a region takes", old: awsNetwork, new: "region: us-west-2\n    networks: {a: {size: /24, subnets: {a: {size: /26}}}, b: {size: /24}, c: {size: /24}}\n  aws-two: {cloud: aws, region: us-west-2, networks: {d: {size: /24}, e: {size: /24}, f: {size: /24}}}", offset: -2, want: []string{"6 VPCs", "quota is 5", "facts", "source:"}},
	{name: "what is not rendered yet", old: "policy:", new: "workloads: {}\npolicy:", want: []string{"not supported yet", "workloads"}},
}

// TestRefusals: each mistake is one error at its place that says what helps.
func TestRefusals(t *testing.T) {
	if diags := judge(plain); len(diags) > 0 {
		t.Fatalf("the plain network is not plain:\n%s", diags)
	}
	all := &strings.Builder{}
	for _, r := range refusals {
		before, _, ok := strings.Cut(plain, r.old)
		if !ok || strings.Count(plain, r.old) != 1 {
			t.Fatalf("%s: %q stands %d times in the plain network", r.name, r.old, strings.Count(plain, r.old))
		}
		diags := judge(strings.Replace(plain, r.old, r.new, 1))
		fmt.Fprintf(all, "# %s\n%s\n", r.name, diags)
		t.Run(r.name, func(t *testing.T) {
			if n := diags.Count(diag.Error); n != 1 {
				t.Fatalf("%d errors, want 1:\n%s", n, diags)
			}
			d := diags[slices.IndexFunc(diags, func(d diag.Diagnostic) bool { return d.Severity == diag.Error })]
			if line := strings.Count(before, "\n") + 1 + r.offset; d.Pos.Line != line || d.Pos.Col == 0 {
				t.Errorf("at %s, want line %d:\n%s", d.Pos, line, d)
			}
			for _, want := range r.want {
				if !strings.Contains(d.String(), want) {
					t.Errorf("no %q in:\n%s", want, d)
				}
			}
		})
	}
	golden(t, "refused.txt", []byte(all.String()))
}

// TestOneErrorInTenThousandLines: one mistake in a long spec is one diagnostic
// at its line.
func TestOneErrorInTenThousandLines(t *testing.T) {
	var b strings.Builder
	b.WriteString("version: 1\nname: long\nfacts: []\naddressing: {pool: [10.0.0.0/8]}\naccounts: {prod: {cloud: gcp, project: long-net}}\nsites:\n")
	regions := []string{"us-west1", "us-east4", "europe-west1", "europe-west3", "asia-northeast1"}
	line, bad := strings.Count(b.String(), "\n"), 0
	for r, region := range regions {
		fmt.Fprintf(&b, "  gcp-%d:\n    cloud: gcp\n    region: %s\n    networks:\n", r, region)
		line += 4
		for n := range 80 {
			fmt.Fprintf(&b, "      n%d-%d:\n        size: /22\n        subnets:\n", r, n)
			line += 3
			for s := range 11 {
				size := 26
				if r == 3 && n == 40 && s == 7 {
					size, bad = 31, line+2
				}
				fmt.Fprintf(&b, "          s%d:\n            size: /%d\n", s, size)
				line += 2
			}
		}
	}
	if line < 10000 {
		t.Fatalf("the spec has %d lines, want 10,000", line)
	}
	diags := judge(b.String())
	if len(diags) != 1 || diags[0].Pos.Line != bad || !strings.Contains(diags[0].Summary, "/31") {
		t.Errorf("of one /31 at line %d in %d lines:\n%s", bad, line, short(diags.String()))
	}
}
