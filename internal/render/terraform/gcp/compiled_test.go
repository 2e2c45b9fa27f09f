package gcp

import (
	"strings"
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
				n := compiled(t, test.spec)
				n.Layout = layout.value
				problems, err := check.Check(render(t, n))
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

func compiled(t *testing.T, text string) *fabric.Network {
	t.Helper()
	s, diags := spec.Parse([]spec.File{{Name: spec.MainFile, Data: []byte(text)}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	r := compile.Compile(&s, lock.Lock{}, atlas.Default())
	if r.Diags.HasErrors() {
		t.Fatal(r.Diags)
	}
	return r.Network
}

// TestRenamesKeepNames renames a site, a network that spans sites and a
// subnet: every resource at a new address is moved there, and every native
// name stays, as none can be changed in place.
func TestRenamesKeepNames(t *testing.T) {
	const text = head + `
sites:
  west: {cloud: gcp, region: us-west1, account: net, networks: {core: {size: /18, subnets: {a: {size: /22, segment: app, internet: nat}}}, iso: {size: /20, isolated: true, subnets: {c: {size: /22}}}}}
  east: {cloud: gcp, region: us-east1, account: net, networks: {core: {size: /18, subnets: {b: {size: /22, segment: db}}}, iso: {size: /20, isolated: true, subnets: {c: {size: /22}}}}}` + headquarters + `
connect: [{mesh: [east, west, hq]}]
`
	after := strings.NewReplacer(
		"  west: {", "  pacific: {was: west, ", "west, hq", "pacific, hq",
		"core: {", "base: {was: core, ", "{a: {", "{first: {was: a, ",
	).Replace(text)
	n := compiled(t, after)
	old, now := resources(texts(t, compiled(t, text))), resources(texts(t, n))
	moves := map[string]string{}
	set := renderSet(n)
	for _, r := range set.Roots() {
		for _, m := range r.Moves() {
			moves[m.To] = m.From
		}
	}
	for address, name := range now {
		from := address
		if m, ok := moves[address]; ok {
			from = m
		}
		was, ok := old[from]
		if !ok {
			t.Errorf("%s is new: nothing was at %s", address, from)
			continue
		}
		if was != name && name != "each.value.name" {
			t.Errorf("%s has the name %s, want %s as before", address, name, was)
		}
	}
	if want := "google_compute_network.net__core"; moves["google_compute_network.net__base"] != want {
		t.Errorf("network moved from %q, want %q", moves["google_compute_network.net__base"], want)
	}
}

// resources returns the name argument of each of this cloud's resources by address.
func resources(files map[string]string) map[string]string {
	out := map[string]string{}
	for _, text := range files {
		address := ""
		for line := range strings.Lines(text) {
			w := strings.Fields(line)
			switch {
			case len(w) == 4 && w[0] == "resource" && strings.HasPrefix(w[1], `"google_`):
				address = strings.Trim(w[1], `"`) + "." + strings.Trim(w[2], `"`)
				out[address] = ""
			case len(w) == 3 && w[0] == "name" && strings.HasPrefix(line, "  name") && address != "":
				out[address] = w[2]
			case line == "}\n":
				address = ""
			}
		}
	}
	return out
}
