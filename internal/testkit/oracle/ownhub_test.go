package oracle_test

import (
	"testing"

	"github.com/tieline/tieline/internal/routes"
)

// TestOwnSiteAsHub: sites that are joined through one of one's own reach each
// other as policy states, by the proof and by the oracle.
func TestOwnSiteAsHub(t *testing.T) {
	n, ok := compiled(`version: 1
name: star
accounts:
  prod: {cloud: aws, id: "111122223333"}
  net: {cloud: gcp, project: star-net}
  conn: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}
sites:
  dublin:
    cloud: aws
    region: eu-west-1
    networks: {app: {size: /20, subnets: {web: {size: /24, segment: web}}}, more: {size: /20, subnets: {web: {size: /24, segment: web}}}}
  paris: {cloud: aws, region: eu-west-3, gateway: {kind: transit-gateway}, networks: {app: {size: /20, subnets: {web: {size: /24, segment: web}}}}}
  north: {cloud: azure, region: northeurope, gateway: {kind: virtual-wan}, networks: {app: {size: /20, subnets: {data: {size: /24, segment: data}}}}}
  west: {cloud: azure, region: westeurope, networks: {app: {size: /20, subnets: {data: {size: /24, segment: data}}}}}
  belgium: {cloud: gcp, region: europe-west1, networks: {app: {size: /20, subnets: {data: {size: /24, segment: data}}}}}
  office: {cloud: onprem, city: Dublin, cidrs: [192.168.0.0/24], public_ip: [203.0.113.10, 203.0.113.11], bgp: {asn: 65010}, cluster: true}
connect:
  - {hub: office, spokes: [dublin, north, belgium, west]}
  - {hub: dublin, spokes: [paris]}
segments: {web: {}, data: {}}
policy:
  - {from: web, to: data, ports: [tcp/5432]}
  - {from: office, to: [web, data], ports: [tcp/5432]}
`)
	if !ok {
		t.Fatal("the network does not compile")
	}
	if list := errorsOf(n); len(list) > 0 {
		t.Errorf("errors of the proof = %v, want none", list)
	}
	for _, f := range []routes.Failure{nil, routes.NewFailure(routes.Part{Kind: routes.LinkPart, ID: "belgium--office"})} {
		if diff := differRoutes(n, f); diff != "" {
			t.Errorf("routes with %v failed: %s", f, diff)
		}
	}
	if diff := differVerdicts(n); diff != "" {
		t.Errorf("verdicts: %s", diff)
	}
}
