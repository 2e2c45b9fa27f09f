package nodes_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/node"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/render/nodes"
	kit "github.com/tieline/tieline/internal/testkit/corpus"
)

var update = flag.Bool("update", false, "write the expected files")

// load compiles a network of the corpus.
func load(t testing.TB, name string) (*fabric.Network, *atlas.Atlas) {
	t.Helper()
	for _, n := range kit.Networks {
		if n.Name == name {
			return kit.Compile(t, filepath.Join("..", "..", "..", n.Dir))
		}
	}
	t.Fatalf("no network %s in the corpus", name)
	return nil, nil
}

func TestPlan(t *testing.T) {
	tests := []struct {
		name string
		opts nodes.Options
	}{
		{"triangle", nodes.Options{Tunnels: nodeconf.IPsec}},
		{"hub-spoke", nodes.Options{Tunnels: nodeconf.WireGuard, Fast: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, a := load(t, tt.name)
			p, err := nodes.Render(n, a, tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := p.Print(&got); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", tt.name+".txt")
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got.String()); d != "" {
				t.Errorf("Print() of %s (-want +got):\n%s", tt.name, d)
			}
		})
	}
}

// TestNodesTakeTheirConfiguration holds every configuration against what a node
// checks before it takes it.
func TestNodesTakeTheirConfiguration(t *testing.T) {
	for _, net := range kit.Networks {
		if net.Name == "estate" && os.Getenv(soak) == "" {
			continue
		}
		n, a := load(t, net.Name)
		for _, kind := range []nodeconf.TunnelKind{nodeconf.IPsec, nodeconf.WireGuard} {
			p, err := nodes.Render(n, a, nodes.Options{Tunnels: kind})
			if err != nil {
				t.Fatal(err)
			}
			for i := range p.Nodes {
				if err := node.Validate(&p.Nodes[i].Config); err != nil {
					t.Errorf("%s, %s, node %s: %v", net.Name, kind, p.Nodes[i].Name, err)
				}
			}
		}
	}
}
