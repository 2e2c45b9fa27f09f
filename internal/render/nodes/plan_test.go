package nodes_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// TestEnds holds what the two ends of every tunnel must agree on.
func TestEnds(t *testing.T) {
	n, a := load(t, "ml-platform")
	for _, o := range []nodes.Options{{Tunnels: nodeconf.IPsec}, {Tunnels: nodeconf.WireGuard, Fast: true}, {Tunnels: nodeconf.IPsec, Lifetime: 100}} {
		p, err := nodes.Render(n, a, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Secrets {
			if s.Kind == nodes.KeyPair {
				p.SetPublicKey(s.Name, "public "+s.Name)
			}
		}
		tunnels, sessions := map[string][]nodeconf.Tunnel{}, map[string][]nodeconf.Session{}
		for i := range p.Nodes {
			for _, x := range p.Nodes[i].Config.Tunnels {
				tunnels[x.ID] = append(tunnels[x.ID], x)
			}
			for _, x := range p.Nodes[i].Config.Sessions {
				sessions[x.ID] = append(sessions[x.ID], x)
			}
		}
		if len(tunnels) != len(n.Tunnels) {
			t.Errorf("%d tunnels, want %d", len(tunnels), len(n.Tunnels))
		}
		for id, ends := range tunnels {
			if len(ends) != 2 {
				t.Errorf("%s has %d ends, want 2", id, len(ends))
				continue
			}
			x, y := ends[0], ends[1]
			if x.Local != y.Remote || y.Local != x.Remote || x.MTU != y.MTU || x.Underlay == y.Underlay {
				t.Errorf("%s: %+v and %+v do not meet", id, x, y)
			}
			if o.Tunnels == nodeconf.WireGuard {
				if x.Initiate == y.Initiate || (x.WireGuard.Keepalive > 0) != x.Initiate || (y.WireGuard.Keepalive > 0) != y.Initiate {
					t.Errorf("%s: one end dials, and keeps alive: %v %v", id, x.Initiate, y.Initiate)
				}
				if x.WireGuard.PublicKey != "public "+y.WireGuard.PrivateKey || y.WireGuard.PublicKey != "public "+x.WireGuard.PrivateKey {
					t.Errorf("%s: public keys %q and %q", id, x.WireGuard.PublicKey, y.WireGuard.PublicKey)
				}
				continue
			}
			if !slices.Equal(x.IPsec.IKE, y.IPsec.IKE) || !slices.Equal(x.IPsec.ESP, y.IPsec.ESP) || x.IPsec.PSK != y.IPsec.PSK || x.IPsec.LocalID != y.IPsec.RemoteID {
				t.Errorf("%s: %+v and %+v do not agree", id, x.IPsec, y.IPsec)
			}
			if !x.Initiate && !y.Initiate {
				t.Errorf("%s: neither end dials", id)
			}
		}
		for id, ends := range sessions {
			if len(ends) != 2 || ends[0].Hold != ends[1].Hold || ends[0].PeerASN != ends[1].ASN || ends[0].Passive && ends[1].Passive {
				t.Errorf("session %s: %+v", id, ends)
			}
			if (ends[0].BFD != nil) != o.Fast {
				t.Errorf("session %s: BFD %v, fast %v", id, ends[0].BFD, o.Fast)
			}
		}
	}
}

// TestTimers are those of the triangle: clouds take the smaller hold.
func TestTimers(t *testing.T) {
	n, a := load(t, "triangle")
	tests := []struct {
		fast       bool
		session    string
		hold, keep nodeconf.Millis
	}{
		{false, "aws-oregon--gcp-oregon/0", 30_000, 10_000},
		{false, "azure-wus2--gcp-oregon/0", 180_000, 60_000},
		{true, "azure-wus2--gcp-oregon/0", 9_000, 3_000},
	}
	for _, tt := range tests {
		p, err := nodes.Render(n, a, nodes.Options{Fast: tt.fast})
		if err != nil {
			t.Fatal(err)
		}
		for i := range p.Nodes {
			for _, s := range p.Nodes[i].Config.Sessions {
				if s.ID == tt.session && (s.Hold != tt.hold || s.Keepalive != tt.keep) {
					t.Errorf("fast %v: session %s at %s holds %d and keeps alive %d, want %d and %d", tt.fast, s.ID, p.Nodes[i].Name, s.Hold, s.Keepalive, tt.hold, tt.keep)
				}
			}
		}
	}
}

// TestRefused: what no node plays is named, all of it.
func TestRefused(t *testing.T) {
	n := &fabric.Network{
		Gateways:    []fabric.Gateway{{ID: "aws/dxgw", Kind: fabric.DirectConnectGateway}, {ID: "azure/er", Kind: fabric.ExpressRouteGateway}},
		Attachments: []fabric.Attachment{{ID: "dx--aws/vgw", Kind: fabric.DirectConnectAssociation}},
		Links:       []fabric.Link{{ID: "aws--office", Kind: fabric.CircuitLink}},
	}
	_, err := nodes.Render(n, atlas.Default(), nodes.Options{})
	if err == nil {
		t.Fatal("Render() = nil, want an error")
	}
	for _, id := range []string{"aws/dxgw", "azure/er", "dx--aws/vgw", "aws--office"} {
		if !strings.Contains(err.Error(), id) {
			t.Errorf("Render() = %v, want %s named", err, id)
		}
	}
}

// TestSame: the same plan whatever the order of maps.
func TestSame(t *testing.T) {
	n, a := load(t, "ml-platform")
	var first bytes.Buffer
	for i := range 5 {
		p, err := nodes.Render(n, a, nodes.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := p.Print(&b); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = b
			continue
		}
		if d := cmp.Diff(first.String(), b.String()); d != "" {
			t.Fatalf("a second plan differs:\n%s", d)
		}
	}
}

func TestEstimate(t *testing.T) {
	p := nodes.Plan{Nodes: []nodes.Node{{Config: nodeconf.Config{Tunnels: []nodeconf.Tunnel{{Kind: nodeconf.IPsec}, {Kind: nodeconf.WireGuard}}}}}, Machines: make([]nodes.Machine, 2)}
	processes, memory := p.Estimate()
	if processes != 4 || memory != 82<<20 { // a node, a charon, an end of WireGuard, two machines
		t.Errorf("Estimate() = %d, %d, want 4, %d", processes, memory, 82<<20)
	}
}
