package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/compile/ipam"
	"github.com/tieline/tieline/internal/compile/policy"
	"github.com/tieline/tieline/internal/compile/topology"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
)

// large writes a network of 1,000 VPCs of six subnets each in 12 segments,
// with 200 rules between segments of sites.
func large() string {
	var b strings.Builder
	b.WriteString(head + "sites:\n")
	var sites []string
	site := func(cloud, region string, networks int) {
		name := cloud + "-" + region
		sites = append(sites, name)
		fmt.Fprintf(&b, "  %s:\n    cloud: %s\n    region: %s\n    networks:\n", name, cloud, region)
		for n := range networks {
			fmt.Fprintf(&b, "      %s-n%d:\n        size: /22\n        subnets:\n", name, n)
			for k := range 6 {
				fmt.Fprintf(&b, "          s%d: {size: /25, segment: seg%d}\n", k, (n%2)*6+k)
			}
		}
	}
	for _, r := range []string{"us-west-2", "us-east-1", "us-east-2", "us-west-1", "eu-west-1", "eu-west-2", "eu-central-1", "ap-northeast-1", "ap-southeast-1", "ap-southeast-2"} {
		site("aws", r, 45)
	}
	for _, r := range []string{"us-west1", "us-east1", "us-east4", "us-central1", "europe-west1", "europe-west2", "europe-west3", "europe-west4", "asia-east1", "asia-southeast1"} {
		site("gcp", r, 10)
	}
	for _, r := range []string{"westus2", "eastus", "eastus2", "westus", "westeurope", "northeurope", "uksouth", "japaneast", "southeastasia", "australiaeast"} {
		site("azure", r, 45)
	}
	b.WriteString("segments: {")
	for k := range 12 {
		fmt.Fprintf(&b, "seg%d: {}, ", k)
	}
	b.WriteString("}\npolicy:\n")
	for r := range 200 {
		fmt.Fprintf(&b, "  - {from: \"%s:seg%d\", to: \"%s:seg%d\", ports: [tcp/%d, udp/53]}\n", sites[r*7%30], r%12, sites[r*11%30], r*5%12, 400+r%9)
	}
	return b.String()
}

func BenchmarkFilters(b *testing.B) {
	s, diags := spec.Parse([]spec.File{{Name: "network.yaml", Data: []byte(large())}})
	if diags.HasErrors() {
		b.Fatalf("Parse:\n%s", diags)
	}
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		d := draft.New(&s, lock.Lock{}, atlas.Default())
		for _, pass := range []func(*draft.Draft){topology.Places, topology.Pairs, topology.Gateways, ipam.Addresses} {
			pass(d)
		}
		if d.Diags.HasErrors() {
			b.Fatalf("design:\n%s", d.Diags)
		}
		b.StartTimer()
		policy.Filters(d)
		b.StopTimer()
		rules, peers := 0, 0
		for _, f := range d.Net.Filters {
			rules += len(f.Rules)
			for _, r := range f.Rules {
				peers += len(r.Peers)
			}
		}
		b.ReportMetric(float64(len(d.Net.Filters)), "filters")
		b.ReportMetric(float64(rules), "rules")
		b.ReportMetric(float64(peers), "peers")
		b.StartTimer()
	}
}
