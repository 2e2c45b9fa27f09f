package routes_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
)

// corpus lists the folders of the networks that the proof is held against.
var corpus = map[string]string{
	"minimal":     "../../examples/minimal",
	"triangle":    "../../examples/triangle",
	"hub-spoke":   "../../examples/hub-spoke",
	"ml-platform": "../../examples/ml-platform",
	"existing":    "../testkit/networks/existing",
	"accounts":    "../testkit/networks/accounts",
	"estate":      "../testkit/networks/estate",
}

// load compiles a network of the corpus.
func load(t testing.TB, name string) (*fabric.Network, *atlas.Atlas) {
	t.Helper()
	dir := corpus[name]
	data, err := os.ReadFile(filepath.Join(dir, "network.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s, diags := spec.Parse([]spec.File{{Name: "network.yaml", Data: data}})
	if diags.HasErrors() {
		t.Fatalf("Parse(%s):\n%s", name, diags)
	}
	a := atlas.Default()
	for _, file := range s.FactsFiles() {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if a, diags = a.Overlay(file, data); diags.HasErrors() {
			t.Fatalf("Overlay(%s):\n%s", file, diags)
		}
	}
	var l lock.Lock
	if data, err := os.ReadFile(filepath.Join(dir, "tieline.lock")); err == nil {
		if l, diags = lock.Parse("tieline.lock", data); len(diags) > 0 {
			t.Fatalf("lock of %s:\n%s", name, diags)
		}
	}
	r := compile.Compile(&s, l, a)
	if r.Diags.HasErrors() {
		t.Fatalf("Compile(%s):\n%s", name, r.Diags)
	}
	return r.Network, a
}
