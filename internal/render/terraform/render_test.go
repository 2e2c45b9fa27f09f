package terraform

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/testkit/terraform"
	"github.com/tieline/tieline/internal/testkit/terraform/check"
)

func mustRender(t testing.TB, n *fabric.Network) fstest.MapFS {
	t.Helper()
	files, err := Render(n, atlas.Default())
	if err != nil {
		t.Fatal(err)
	}
	out := fstest.MapFS{}
	for _, f := range files {
		out[f.Path] = &fstest.MapFile{Data: f.Data}
	}
	return out
}

func TestRenderPassesSchema(t *testing.T) {
	for _, tt := range []struct {
		name   string
		layout fabric.Layout
	}{{"single", fabric.Single}, {"stacks", fabric.Stacks}} {
		t.Run(tt.name, func(t *testing.T) {
			n := awsNetwork()
			n.Layout = tt.layout
			files := mustRender(t, n)
			problems, err := check.Check(files)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range problems {
				t.Errorf("Check: %v", p)
			}
			for name, f := range files {
				if diff := cmp.Diff(string(hclwrite.Format(f.Data)), string(f.Data)); diff != "" {
					t.Errorf("%s differs from terraform fmt (-fmt +got):\n%s", name, diff)
				}
			}
		})
	}
}

func TestRenderApplies(t *testing.T) {
	t.Parallel()
	terraform.Run(t, write(t, awsNetwork()))
}

func write(t *testing.T, n *fabric.Network) string {
	t.Helper()
	dir := t.TempDir()
	for name, f := range mustRender(t, n) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRenderTwiceGivesTheSame(t *testing.T) {
	if diff := cmp.Diff(mustRender(t, awsNetwork()), mustRender(t, awsNetwork())); diff != "" {
		t.Errorf("Render differs on a second run:\n%s", diff)
	}
}

// TestLayoutsNameResourcesAlike holds the resources of both layouts against
// each other.
func TestLayoutsNameResourcesAlike(t *testing.T) {
	resources := func(layout fabric.Layout) map[string]bool {
		n := awsNetwork()
		n.Layout = layout
		out := map[string]bool{}
		for _, f := range mustRender(t, n) {
			for line := range strings.Lines(string(f.Data)) {
				if strings.HasPrefix(line, "resource ") {
					out[line] = true
				}
			}
		}
		return out
	}
	if diff := cmp.Diff(resources(fabric.Single), resources(fabric.Stacks)); diff != "" {
		t.Errorf("resources differ (-single +stacks):\n%s", diff)
	}
}

// TestKeysStaySecret finds no pre-shared key in an output, and each one used
// with a letter before it.
func TestKeysStaySecret(t *testing.T) {
	for name, f := range mustRender(t, awsNetwork()) {
		for line := range strings.Lines(string(f.Data)) {
			if !strings.Contains(line, "random_password.psk[") || strings.HasPrefix(line, "#") {
				continue
			}
			if filepath.Base(name) == "outputs.tf" || !strings.Contains(line, `"k${random_password.psk[`) {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}

// TestRefusesUnknownLinks gets an error, not half a network, for links that no
// Terraform is written for.
func TestRefusesUnknownLinks(t *testing.T) {
	n := awsNetwork()
	n.Links[0].Kind = fabric.CircuitLink
	if _, err := Render(n, atlas.Default()); err == nil {
		t.Error("Render of a circuit = no error, want one")
	}
}
