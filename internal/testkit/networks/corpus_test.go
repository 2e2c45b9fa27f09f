package networks_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/render/terraform"
	"github.com/tieline/tieline/internal/spec"
)

var update = flag.Bool("update", false, "rewrite the golden files and the locks of the examples")

const (
	specName = "network.yaml"
	lockName = "tieline.lock"
)

// network is one of the corpus.
type network struct {
	quotas string // raised ones of a network without files
	name   string
	dir    string
	full   bool // its Terraform is kept in full
	huge   bool // only digests are kept, and Terraform only validates it
}

const examples = "../../../examples/"

// corpus lists the networks that plan; overlap, which must not, has its own test.
var corpus = []network{
	{name: "minimal", dir: examples + "minimal"},
	{name: "triangle", dir: examples + "triangle", full: true},
	{name: "hub-spoke", dir: examples + "hub-spoke"},
	{name: "ml-platform", dir: examples + "ml-platform", full: true},
	{name: "existing", dir: "existing"},
	{name: "accounts", dir: "accounts"},
	{name: "estate", dir: "estate", huge: true},
}

// TestCorpusIsComplete: each folder with a spec is in the corpus.
func TestCorpusIsComplete(t *testing.T) {
	known := map[string]bool{"overlap": true}
	for _, n := range corpus {
		known[filepath.Clean(n.dir)] = true
	}
	for _, pattern := range []string{"*/" + specName, examples + "*/" + specName} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("Glob(%s): %v, %v", pattern, paths, err)
		}
		for _, p := range paths {
			if !known[filepath.Dir(p)] {
				t.Errorf("%s is in no test", p)
			}
		}
	}
}

// each runs a test on every network of the corpus; the estate only when asked for.
func each(t *testing.T, huge bool, run func(*testing.T, network)) {
	for _, n := range corpus {
		if !n.huge || huge {
			t.Run(n.name, func(t *testing.T) { run(t, n) })
		}
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (n network) text(t testing.TB) string { return string(read(t, filepath.Join(n.dir, specName))) }

// facts returns the facts of a network, its own laid over the built-in ones.
func (n network) facts(t testing.TB, s *spec.Spec) *atlas.Atlas {
	t.Helper()
	a := atlas.Default()
	if n.quotas != "" {
		var diags diag.List
		if a, diags = a.Overlay("quotas.yaml", []byte(n.quotas)); diags.HasErrors() {
			t.Fatalf("Overlay(quotas):\n%s", diags)
		}
	}
	for _, name := range s.FactsFiles() {
		var diags diag.List
		if a, diags = a.Overlay(name, read(t, filepath.Join(n.dir, name))); diags.HasErrors() {
			t.Fatalf("Overlay(%s):\n%s", name, diags)
		}
	}
	return a
}

// lock returns the committed lock of a network, empty where it has none.
func (n network) lock(t testing.TB) lock.Lock {
	t.Helper()
	path := filepath.Join(n.dir, lockName)
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return lock.Lock{}
	}
	if err != nil {
		t.Fatal(err)
	}
	l, diags := lock.Parse(path, data)
	if len(diags) > 0 {
		t.Fatalf("Parse(%s):\n%s", path, diags)
	}
	return l
}

// design is a network with what the stages make of it.
type design struct {
	*fabric.Network
	compile.Result
	atlas *atlas.Atlas
}

// compile compiles a text of the network: its own or an edited one.
func (n network) compile(t testing.TB, text string, l lock.Lock) design {
	t.Helper()
	s, diags := spec.Parse([]spec.File{{Name: specName, Data: []byte(text)}})
	if diags.HasErrors() {
		t.Fatalf("Parse(%s):\n%s", n.name, diags)
	}
	a := n.facts(t, &s)
	r := compile.Compile(&s, l, a)
	if r.Diags.HasErrors() {
		t.Fatalf("Compile(%s):\n%s", n.name, r.Diags)
	}
	return design{r.Network, r, a}
}

// render returns the rendered files in a layout.
func (d design) render(t testing.TB, layout fabric.Layout) fstest.MapFS {
	t.Helper()
	n := *d.Network
	n.Layout = layout
	files, err := terraform.Render(&n, d.atlas)
	if err != nil {
		t.Fatalf("Render: %v", err)
	}
	out := fstest.MapFS{}
	for _, f := range files {
		out[f.Path] = &fstest.MapFile{Data: f.Data}
	}
	if len(out) != len(files) {
		t.Fatalf("Render gives %d files of %d names", len(files), len(out))
	}
	return out
}

var layouts = []struct {
	name   string
	layout fabric.Layout
}{{"single", fabric.Single}, {"stacks", fabric.Stacks}}

// golden compares with, or under -update rewrites, a file below golden/.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	path = filepath.Join("golden", path)
	if *update {
		write(t, path, got)
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run go test ./internal/testkit/networks -update)", err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s differs (-want +got):\n%s", path, short(cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n"))))
	}
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// short keeps failures readable.
func short(s string) string {
	const most = 6000
	if len(s) > most {
		return s[:most] + "\n…"
	}
	return s
}
