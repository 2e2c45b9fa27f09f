package terraform

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/testkit/terraform"
)

func compiled(t testing.TB, path string, edit func(string) string) *fabric.Network {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, path, edit(string(data)))
}

func parsed(t testing.TB, path, text string) *fabric.Network {
	t.Helper()
	s, diags := spec.Parse([]spec.File{{Name: filepath.Base(path), Data: []byte(text)}})
	if diags.HasErrors() {
		t.Fatalf("Parse(%s):\n%s", path, diags)
	}
	r := compile.Compile(&s, lock.Lock{}, atlas.Default())
	if r.Diags.HasErrors() {
		t.Fatalf("Compile(%s):\n%s", path, r.Diags)
	}
	return r.Network
}

func unchanged(s string) string { return s }

// TestRenamesMove renames each site of the example: every resource that changes
// its address is moved, and no native name changes.
func TestRenamesMove(t *testing.T) {
	const path = "../../../examples/triangle/network.yaml"
	before := mustRender(t, compiled(t, path, unchanged))
	for _, site := range []string{"aws-oregon", "azure-wus2", "gcp-oregon"} {
		t.Run(site, func(t *testing.T) {
			after := mustRender(t, compiled(t, path, func(s string) string {
				s = strings.ReplaceAll(s, site, site+"-new")
				return strings.Replace(s, site+"-new:\n", site+"-new:\n    was: "+site+"\n", 1)
			}))
			moved, ok := after["moved.tf"]
			if !ok {
				t.Fatal("no moved.tf after a rename")
			}
			old := addresses(before)
			for address := range addresses(after) {
				if !old[address] && !strings.Contains(string(moved.Data), "to   = "+address+"\n") {
					t.Errorf("%s is new and nothing is moved to it", address)
				}
			}
			if diff := cmp.Diff(nativeNames(before), nativeNames(after)); diff != "" {
				t.Errorf("native names change (-before +after):\n%s", diff)
			}
		})
	}
}

// renamedSpec is a network whose site, network, subnet and segment take other names;
// WAS... is where the former ones stand.
const renamedSpec = `
version: 1
name: renames
accounts: {prod: {cloud: aws, id: "111122223333"}}
sites:
  SITE:
    cloud: aws
    region: us-west-2
    WASSITE
    networks:
      NET: {size: /20, WASNET subnets: {SUB: {size: /24, WASSUB segment: app, internet: nat}, db: {size: /24, segment: SEG}}}
      shared: {size: /20, subnets: {dns: {size: /24, segment: SEG, services: [s3]}}}
  aws-virginia:
    cloud: aws
    region: us-east-1
    networks: {main: {size: /20, subnets: {app: {size: /24, segment: app}}}}
  headquarters: {cloud: onprem, city: Portland, cidrs: [10.200.0.0/16], bgp: {asn: 65010}, public_ip: 203.0.113.10}
connect: [{hub: SITE, spokes: [aws-virginia, headquarters]}]
segments: {app: {}, SEG: {WASSEG}}
policy: [{from: app, to: SEG, ports: [tcp/5432]}]
`

// TestRenamesApply has the real program plan renames over what is there.
func TestRenamesApply(t *testing.T) {
	t.Parallel()
	network := func(pairs ...string) *fabric.Network {
		return parsed(t, "network.yaml", strings.NewReplacer(pairs...).Replace(renamedSpec))
	}
	before := network("WASSITE", "", "WASNET", "", "WASSUB", "", "WASSEG", "", "SEG", "data", "SITE", "aws-oregon", "NET", "core", "SUB", "web")
	after := network("WASSITE", "was: aws-oregon", "WASNET", "was: core,", "WASSUB", "was: web,", "WASSEG", "was: data", "SEG", "store", "SITE", "zone-west", "NET", "main", "SUB", "front")
	terraform.RunChange(t, write(t, before), write(t, after))
}

// TestSegmentRenameMoves: the tables of transit gateways are named after
// segments, and what stands in them by the tables.
func TestSegmentRenameMoves(t *testing.T) {
	const path = "../../../examples/ml-platform/network.yaml"
	before := mustRender(t, compiled(t, path, unchanged))
	after := mustRender(t, compiled(t, path, func(s string) string {
		return strings.NewReplacer("segment: data", "segment: store", "  data: {desc", "  store: {was: data, desc", "to: data", "to: store", ":data,", ":store,").Replace(s)
	}))
	moved := string(after["moved.tf"].Data)
	old, is := tableKeys(before), tableKeys(after)
	if !is[`aws_ec2_transit_gateway_route_table.aws_oregon["inference-store-training"]`] {
		t.Fatalf("the tables are %v, want one of the renamed segment", is)
	}
	for address := range is {
		if !old[address] && !strings.Contains(moved, "to   = "+address+"\n") {
			t.Errorf("%s is new and nothing is moved to it", address)
		}
	}
	for address := range old {
		if !is[address] && !strings.Contains(moved, "from = "+address+"\n") {
			t.Errorf("%s is gone and not moved", address)
		}
	}
	rules := func(files fstest.MapFS) string { return string(files["gcp-oregon-rules.tf"].Data) }
	if diff := cmp.Diff(rules(before), rules(after)); diff != "" {
		t.Errorf("rules that clouds would make anew differ (-before +after):\n%s", diff)
	}
}

// tableKeys gives the instances of all that has to do with the tables of
// transit gateways.
func tableKeys(files fstest.MapFS) map[string]bool {
	out := map[string]bool{}
	for _, f := range files {
		address, depth := "", ""
		for line := range strings.Lines(string(f.Data)) {
			w := strings.Fields(line)
			switch {
			case len(w) == 4 && w[0] == "resource":
				address, depth = strings.Trim(w[1], `"`)+"."+strings.Trim(w[2], `"`), ""
			case !strings.HasPrefix(address, "aws_ec2_transit_gateway_route"):
			case strings.HasPrefix(line, "  for_each = toset(["):
				keys := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "for_each = toset(["), "])")
				for _, k := range strings.Split(keys, ", ") {
					out[address+"["+k+"]"] = true
				}
			case strings.HasPrefix(line, "  for_each = {"):
				depth = "    "
			case depth != "" && strings.HasPrefix(line, depth):
				key, _, _ := strings.Cut(strings.TrimSpace(line), " =")
				out[address+`["`+strings.Trim(strings.TrimSpace(key), `"`)+`"]`] = true
			case line == "  }\n":
				depth = ""
			}
		}
	}
	return out
}

// nativeNames counts the name arguments of all resources.
func nativeNames(files fstest.MapFS) map[string]int {
	out := map[string]int{}
	for _, f := range files {
		for line := range strings.Lines(string(f.Data)) {
			if w := strings.Fields(line); len(w) > 2 && w[0] == "name" && w[1] == "=" {
				out[strings.Join(w[2:], " ")]++
			}
		}
	}
	return out
}

// addresses returns the addresses of all resources.
func addresses(files fstest.MapFS) map[string]bool {
	out := map[string]bool{}
	for _, f := range files {
		for line := range strings.Lines(string(f.Data)) {
			if w := strings.Fields(line); len(w) == 4 && w[0] == "resource" {
				out[strings.Trim(w[1], `"`)+"."+strings.Trim(w[2], `"`)] = true
			}
		}
	}
	return out
}
