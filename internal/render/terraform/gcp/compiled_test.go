package gcp

import (
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/testkit/terraform/check"
)

// head is what the specs below share.
const head = `version: 1
name: google
accounts:
  net:  {cloud: gcp, project: net-host}
  data: {cloud: gcp, project: data-project}
segments: {app: {}, db: {}}
policy: [{from: app, to: db, ports: [tcp/5432, udp/53]}]
`

const headquarters = `
  hq: {cloud: onprem, city: Portland, cidrs: [192.168.0.0/16], public_ip: [203.0.113.10, 203.0.113.11], bgp: {asn: 65010}}
`

// TestCompiled renders what the compiler makes of specs with Google Cloud and
// a place of one's own.
func TestCompiled(t *testing.T) {
	for _, test := range []struct {
		name, spec string
	}{
		{"one VPC over two regions", head + `
sites:
  west: {cloud: gcp, region: us-west1, account: net, networks: {core: {size: /18, subnets: {a: {size: /22, segment: app, internet: nat}}}}}
  east: {cloud: gcp, region: us-east1, account: net, networks: {core: {size: /18, subnets: {b: {size: /22, segment: db}}}}}` + headquarters + `
connect: [{mesh: [east, west, hq]}]
`},
		{"hub by peering", head + `
sites:
  west:
    {cloud: gcp, region: us-west1, account: net, gateway: {transit: peering}, networks: {
      app: {size: /20, subnets: {a: {size: /22, segment: app, internet: nat, services: [gcs]}}},
      db: {size: /20, account: data, subnets: {b: {size: /22, segment: db}}}}}` + headquarters + `
connect: [{link: [west, hq]}]
`},
		{"two VPCs over two regions, peered", head + `
sites:
  west: {cloud: gcp, region: us-west1, account: net, networks: {app: {size: /20, subnets: {a: {size: /22, segment: app}}}, db: {size: /20, subnets: {b: {size: /22, segment: db}}}}}
  east: {cloud: gcp, region: us-east1, account: net, networks: {app: {size: /20, subnets: {a: {size: /22, segment: app}}}, db: {size: /20, subnets: {b: {size: /22, segment: db}}}}}` + headquarters + `
connect: [{mesh: [east, west, hq]}]
`},
		{"hubs by Network Connectivity Center", head + `
sites:
  west:
    {cloud: gcp, region: us-west1, account: net, gateway: {transit: ncc}, networks: {
      app: {size: /20, isolated: true, subnets: {a: {size: /22, segment: app}}},
      db: {size: /20, account: data, isolated: true, subnets: {b: {size: /22, segment: db}}}}}
  east:
    {cloud: gcp, region: us-east1, account: net, networks: {app: {size: /20, isolated: true, subnets: {a: {size: /22, segment: app, internet: public}}}}}` + headquarters + `
connect: [{link: [east, west]}, {link: [west, hq]}]
`},
		{"existing", head + `
sites:
  west: {cloud: gcp, region: us-west1, account: net, networks: {legacy: {existing: default, cidrs: [10.138.0.0/20], subnets: {a: {cidr: 10.138.0.0/22, segment: app}}}}}` + headquarters + `
connect: [{link: [west, hq]}]
`},
	} {
		for _, layout := range []struct {
			name  string
			value fabric.Layout
		}{{"single", fabric.Single}, {"stacks", fabric.Stacks}} {
			t.Run(test.name+", "+layout.name, func(t *testing.T) {
				s, diags := spec.Parse([]spec.File{{Name: spec.MainFile, Data: []byte(test.spec)}})
				if diags.HasErrors() {
					t.Fatal(diags)
				}
				compiled := compile.Compile(&s, lock.Lock{}, atlas.Default())
				if compiled.Diags.HasErrors() {
					t.Fatal(compiled.Diags)
				}
				compiled.Network.Layout = layout.value
				problems, err := check.Check(render(t, compiled.Network))
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range problems {
					t.Errorf("Check: %v", p)
				}
			})
		}
	}
}
