package compile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
)

func compileFile(t testing.TB, path string, l lock.Lock) compile.Result {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, diags := spec.Parse([]spec.File{{Name: filepath.Base(path), Data: data}})
	if diags.HasErrors() {
		t.Fatalf("Parse(%s):\n%s", path, diags)
	}
	return compile.Compile(&s, l, atlas.Default())
}

func TestExamplesCompile(t *testing.T) {
	paths, err := filepath.Glob("../../examples/*/network.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			r := compileFile(t, path, lock.Lock{})
			if r.Diags.HasErrors() {
				t.Fatalf("Compile:\n%s", r.Diags)
			}
			t.Logf("%s", r.Diags)
			again := compileFile(t, path, r.Lock)
			if !again.Changes.IsEmpty() {
				t.Errorf("compiling again with the lock changes it: %+v", again.Changes)
			}
		})
	}
}

// TestSameRegion: transit gateways of one region cannot be joined, those of two
// can.
func TestSameRegion(t *testing.T) {
	for _, test := range []struct {
		name, region string
		want         int
	}{
		{"one region", "us-west-2", 1},
		{"two regions", "us-east-1", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, diags := spec.Parse([]spec.File{{Name: "network.yaml", Data: []byte(`version: 1
name: pair
accounts: {prod: {cloud: aws, id: "111122223333"}}
sites:
  a: {cloud: aws, region: us-west-2, networks: {app: {size: /20}}}
  b: {cloud: aws, region: ` + test.region + `, networks: {app: {size: /20}}}
connect: [{link: [a, b]}]
`)}})
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			got := 0
			for _, d := range compile.Compile(&s, lock.Lock{}, atlas.Default()).Diags {
				if d.Code == "same-region" {
					got++
				}
			}
			if got != test.want {
				t.Errorf("Compile(a and b in us-west-2 and %s): %d refusals, want %d", test.region, got, test.want)
			}
		})
	}
}

// TestTunnelsToAzure: a connection of an Azure gateway is of both its
// instances, so Google's two addresses make two tunnels, whatever is asked.
func TestTunnelsToAzure(t *testing.T) {
	for _, test := range []struct {
		asked    string
		tunnels  int
		refusals int
	}{
		{"", 2, 0},
		{"tunnels: 2", 2, 0},
		{"tunnels: 4", 0, 1},
		{"bandwidth: 8Gbps", 2, 0},
	} {
		t.Run(test.asked, func(t *testing.T) {
			s, diags := spec.Parse([]spec.File{{Name: "network.yaml", Data: []byte(`version: 1
name: pair
accounts: {net: {cloud: gcp, project: pair-net}, conn: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}}
sites:
  a: {cloud: azure, region: westus2, networks: {app: {size: /20}}}
  g: {cloud: gcp, region: us-west1, networks: {app: {size: /20}}}
connect: [{link: [a, g], ` + test.asked + `}]
`)}})
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			r := compile.Compile(&s, lock.Lock{}, atlas.Default())
			refusals := 0
			for _, d := range r.Diags {
				if d.Code == "tunnel-count" {
					refusals++
				}
			}
			tunnels := 0
			if r.Network != nil { // not after a refusal
				tunnels = len(r.Network.Tunnels)
			}
			if tunnels != test.tunnels || refusals != test.refusals {
				t.Errorf("Compile(%s): %d tunnels and %d refusals, want %d and %d\n%s", test.asked, tunnels, refusals, test.tunnels, test.refusals, r.Diags)
			}
		})
	}
}
