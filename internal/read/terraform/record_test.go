package terraform_test

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	render "github.com/tieline/tieline/internal/render/terraform"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/testkit/terraform/schema"
)

var update = flag.Bool("update", false, "record the plans of our own networks anew, which needs terraform")

// own are the networks whose plans are recorded under testdata, by folder.
var own = []struct{ name, dir string }{
	{"minimal", "../../../examples/minimal"},
	{"triangle", "../../../examples/triangle"},
	{"hub-spoke", "../../../examples/hub-spoke"},
	{"ml-platform", "../../../examples/ml-platform"},
	{"existing", "../../testkit/networks/existing"},
	{"accounts", "../../testkit/networks/accounts"},
}

// compiled compiles the network in a folder as its first plan does.
func compiled(t testing.TB, dir string) (*fabric.Network, *atlas.Atlas) {
	t.Helper()
	const name = "network.yaml"
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	s, diags := spec.Parse([]spec.File{{Name: name, Data: data}})
	if diags.HasErrors() {
		t.Fatalf("Parse(%s):\n%s", dir, diags)
	}
	a := atlas.Default()
	for _, facts := range s.FactsFiles() {
		data, err := os.ReadFile(filepath.Join(dir, facts))
		if err != nil {
			t.Fatal(err)
		}
		var more diag.List
		if a, more = a.Overlay(facts, data); more.HasErrors() {
			t.Fatalf("Overlay(%s):\n%s", facts, more)
		}
	}
	r := compile.Compile(&s, lock.Lock{}, a)
	if r.Diags.HasErrors() {
		t.Fatalf("Compile(%s):\n%s", dir, r.Diags)
	}
	return r.Network, a
}

// recorded returns the plan of one of our own networks.
func recorded(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestRecord records the plans anew when asked to.
func TestRecord(t *testing.T) {
	if !*update {
		t.Skip("-update records the plans anew")
	}
	mirror := providers(t)
	for _, n := range own {
		t.Run(n.name, func(t *testing.T) {
			network, a := compiled(t, n.dir)
			dir := t.TempDir()
			for name, f := range rendered(t, network, a) {
				path := filepath.Join(dir, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var packed bytes.Buffer
			z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := z.Write(planOf(t, dir, mirror)); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join("testdata", n.name+".json.gz"), packed.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// rendered renders a network as one root module.
func rendered(t testing.TB, n *fabric.Network, a *atlas.Atlas) fstest.MapFS {
	t.Helper()
	single := *n
	single.Layout = fabric.Single
	files, err := render.Render(&single, a)
	if err != nil {
		t.Fatalf("Render: %v", err)
	}
	out := fstest.MapFS{}
	for _, f := range files {
		out[f.Path] = &fstest.MapFile{Data: f.Data}
	}
	return out
}

// providers lays the stand-in providers out as a mirror that Terraform installs
// from, and returns its folder.
func providers(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "standin")
	run(t, "", nil, "go", "build", "-o", program, "github.com/tieline/tieline/internal/testkit/terraform/standin")
	for _, s := range schema.Sources() {
		if s.Nested {
			continue
		}
		at := filepath.Join(dir, "mirror", "registry.terraform.io", s.Namespace, s.Name, s.Version, runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(at, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Link(program, filepath.Join(at, "terraform-provider-"+s.Name+"_v"+s.Version)); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "mirror")
}

// planOf plans a root module and returns the JSON of the plan.
func planOf(t *testing.T, dir, mirror string) []byte {
	t.Helper()
	config := filepath.Join(t.TempDir(), "cli.tfrc")
	text := fmt.Sprintf("disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	env := []string{"TF_CLI_CONFIG_FILE=" + config, "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1"}
	run(t, dir, env, "terraform", "init", "-input=false")
	run(t, dir, env, "terraform", "plan", "-input=false", "-out=tfplan")
	return run(t, dir, env, "terraform", "show", "-json", "tfplan")
}

func run(t *testing.T, dir string, env []string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v:\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out
}
