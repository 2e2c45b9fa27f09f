// Package corpus compiles the networks of the corpus for the tests of the
// stages after compile: each with its facts and its lock.
package corpus

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

// Network is one of the corpus that plans: its name and its folder, from the
// root of the project.
type Network struct{ Name, Dir string }

// Networks lists them, the largest last.
var Networks = []Network{
	{"minimal", "examples/minimal"},
	{"triangle", "examples/triangle"},
	{"hub-spoke", "examples/hub-spoke"},
	{"ml-platform", "examples/ml-platform"},
	{"existing", "internal/testkit/networks/existing"},
	{"accounts", "internal/testkit/networks/accounts"},
	{"estate", "internal/testkit/networks/estate"},
}

// Compile compiles the spec at a path, a file or a folder, with the facts that
// it names and the lock beside it.
func Compile(t testing.TB, path string) (*fabric.Network, *atlas.Atlas) {
	t.Helper()
	s, diags := spec.Load(path)
	if diags.HasErrors() {
		t.Fatalf("Load(%s):\n%s", path, diags)
	}
	a := atlas.Default()
	for _, name := range s.FactsFiles() {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if a, diags = a.Overlay(name, data); diags.HasErrors() {
			t.Fatalf("Overlay(%s):\n%s", name, diags)
		}
	}
	var l lock.Lock
	if data, err := os.ReadFile(filepath.Join(path, "tieline.lock")); err == nil {
		if l, diags = lock.Parse("tieline.lock", data); diags.HasErrors() {
			t.Fatalf("Parse(lock of %s):\n%s", path, diags)
		}
	}
	r := compile.Compile(&s, l, a)
	if r.Diags.HasErrors() {
		t.Fatalf("Compile(%s):\n%s", path, r.Diags)
	}
	return r.Network, a
}
