package gcp

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/root"
	"github.com/tieline/tieline/internal/testkit/terraform"
	"github.com/tieline/tieline/internal/testkit/terraform/check"
)

var networks = []struct {
	name    string
	network func() *fabric.Network
}{
	{"one VPC", oneVPC},
	{"hub by peering", func() *fabric.Network { return hub(fabric.VPCPeering) }},
	{"hub by Network Connectivity Center", func() *fabric.Network { return hub(fabric.NCCSpoke) }},
}

func TestSchema(t *testing.T) {
	for _, test := range networks {
		for name, layout := range map[string]fabric.Layout{"single": fabric.Single, "stacks": fabric.Stacks} {
			t.Run(test.name+", "+name, func(t *testing.T) {
				n := test.network()
				n.Layout = layout
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

// TestTerraform has the real program apply and destroy what is rendered: of
// every kind of resource one.
func TestTerraform(t *testing.T) {
	for _, test := range networks {
		if test.name == "hub by peering" {
			continue // two resources more than the others, which the schema check sees
		}
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, file := range render(t, test.network()) {
				if err := os.WriteFile(filepath.Join(dir, name), file.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			terraform.Run(t, dir)
		})
	}
}

func BenchmarkSites(b *testing.B) {
	n := large()
	for b.Loop() {
		set := root.New(n, atlas.Default())
		for _, s := range n.Sites {
			Site(set.Site(s.ID), s)
		}
	}
}
