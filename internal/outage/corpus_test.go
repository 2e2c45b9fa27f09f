package outage

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

// corpus lists the folders of the networks that plan.
var corpus = []struct{ name, dir string }{
	{"minimal", "../../examples/minimal"},
	{"triangle", "../../examples/triangle"},
	{"hub-spoke", "../../examples/hub-spoke"},
	{"ml-platform", "../../examples/ml-platform"},
	{"existing", "../testkit/networks/existing"},
	{"accounts", "../testkit/networks/accounts"},
	{"estate", "../testkit/networks/estate"},
}

// compiled compiles the network of a folder.
func compiled(t testing.TB, dir string) (*fabric.Network, *atlas.Atlas) {
	t.Helper()
	s, diags := spec.Load(dir)
	if diags.HasErrors() {
		t.Fatalf("Load(%s):\n%s", dir, diags)
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
	if data, err := os.ReadFile(filepath.Join(dir, "tieline.lock")); err == nil {
		if l, diags = lock.Parse("tieline.lock", data); diags.HasErrors() {
			t.Fatalf("Parse(lock of %s):\n%s", dir, diags)
		}
	}
	return compileSpec(t, s, l, a), a
}

func compileSpec(t testing.TB, s spec.Spec, l lock.Lock, a *atlas.Atlas) *fabric.Network {
	t.Helper()
	r := compile.Compile(&s, l, a)
	if r.Diags.HasErrors() {
		t.Fatalf("Compile:\n%s", r.Diags)
	}
	return r.Network
}
