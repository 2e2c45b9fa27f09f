package diagram

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

var update = flag.Bool("update", false, "rewrite docs/img")

const root = "../../.."

var examples = []string{"minimal", "triangle", "hub-spoke", "ml-platform"}

func example(t *testing.T, name string) *fabric.Network {
	t.Helper()
	dir := filepath.Join(root, "examples", name)
	s, diags := spec.Load(dir)
	data, err := os.ReadFile(filepath.Join(dir, "tieline.lock"))
	if err != nil {
		t.Fatal(err)
	}
	held, bad := lock.Parse("tieline.lock", data)
	if len(bad) > 0 {
		t.Fatalf("lock of %s: %v", name, bad)
	}
	r := compile.Compile(&s, held, atlas.Default())
	if r.Network == nil {
		t.Fatalf("compile of %s: %v%v", name, diags, r.Diags)
	}
	return r.Network
}

// shape says what network to make.
type shape struct {
	clouds, sites, networks, subnets int // sites a cloud, networks a site, subnets a network
	links                            int
	segments                         int
}

// made gives a network of a shape, with links dealt round all pairs of sites.
func made(s shape) *fabric.Network {
	n := &fabric.Network{Name: "made"}
	for i := range s.segments {
		n.Segments = append(n.Segments, fabric.Segment{ID: fabric.SegmentID(fmt.Sprintf("segment-%02d", i))})
	}
	for c := range s.clouds {
		cloud := vocab.AWS + vocab.Cloud(c)
		for i := range s.sites {
			site := fabric.SiteID(fmt.Sprintf("%v-%02d", cloud, i))
			n.Sites = append(n.Sites, fabric.Site{ID: site, Cloud: cloud, Region: "region"})
			n.Gateways = append(n.Gateways, fabric.Gateway{ID: fabric.GatewayID(site + "/tgw"), Site: site, Kind: fabric.TransitGateway, ASN: 64512})
			for j := range s.networks {
				vpc := fabric.VPCID(fmt.Sprintf("%s/net%02d", site, j))
				p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(c*s.sites + i), byte(j), 0}), 24)
				n.VPCs = append(n.VPCs, fabric.VPC{ID: vpc, Name: fmt.Sprintf("net%02d", j), Cloud: cloud, Sites: []fabric.SiteID{site}, Prefixes: []netip.Prefix{p}})
				for k := range s.subnets {
					sub := fabric.Subnet{ID: fabric.SubnetID(fmt.Sprintf("%s/sub%02d", vpc, k)), VPC: vpc, Site: site, Name: fmt.Sprintf("sub%02d", k), Prefix: p}
					if s.segments > 0 {
						sub.Segment = n.Segments[(j+k)%s.segments].ID
					}
					n.Subnets = append(n.Subnets, sub)
				}
			}
		}
	}
	slices.SortFunc(n.Sites, func(a, b fabric.Site) int { return cmpID(a.ID, b.ID) })
	for i := range n.Sites {
		for j := range i {
			if len(n.Links) == s.links {
				return n
			}
			a, b := n.Sites[j].ID, n.Sites[i].ID
			n.Links = append(n.Links, fabric.Link{
				ID: fabric.LinkBetween(a, b), Kind: fabric.VPN, Sites: [2]fabric.SiteID{a, b}, Capacity: vocab.Gbps,
				Gateways: [2]fabric.GatewayID{fabric.GatewayID(a + "/tgw"), fabric.GatewayID(b + "/tgw")}, Tunnels: []fabric.TunnelID{"0", "1"},
			})
		}
	}
	return n
}

func cmpID(a, b fabric.SiteID) int { return strings.Compare(string(a), string(b)) }

func TestModelHoldsTheNetwork(t *testing.T) {
	for _, name := range examples {
		n := example(t, name)
		d := Model(n)
		workload := 0
		for _, s := range n.Subnets {
			if s.Purpose == fabric.Workload {
				workload++
			}
		}
		parts := 0
		for _, v := range n.VPCs {
			parts += len(v.Sites)
		}
		if want := len(n.Sites) + len(n.Gateways) + parts + workload; d.Nodes() != want {
			t.Errorf("Model(%s).Nodes() = %v, want %v", name, d.Nodes(), want)
		}
		if len(d.Links) != len(n.Links) || d.Bundled || d.Fold != FoldNothing {
			t.Errorf("Model(%s) has %d links, bundled %v, %v; want %d, false, nothing folded", name, len(d.Links), d.Bundled, d.Fold, len(n.Links))
		}
	}
}

func TestFold(t *testing.T) {
	for _, tt := range []struct {
		name  string
		shape shape
		fold  Fold
		nodes int
	}{
		// A site, its gateway and a network are 3 nodes.
		{"60 nodes stay", shape{clouds: 1, sites: 1, networks: 1, subnets: 57}, FoldNothing, 60},
		{"61 fold subnets", shape{clouds: 1, sites: 1, networks: 1, subnets: 58}, FoldSubnets, 3},
		{"60 networks, sites and gateways stay", shape{clouds: 1, sites: 1, networks: 58, subnets: 1}, FoldSubnets, 60},
		{"61 fold networks", shape{clouds: 1, sites: 1, networks: 59, subnets: 1}, FoldNetworks, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := Model(made(tt.shape))
			if d.Fold != tt.fold || d.Nodes() != tt.nodes {
				t.Errorf("Model(%+v) has %v, %d nodes; want %v, %d", tt.shape, d.Fold, d.Nodes(), tt.fold, tt.nodes)
			}
			want := tt.shape.networks * tt.shape.subnets
			if got := d.Clouds[0].Sites[0].Counts.Subnets; got != want {
				t.Errorf("site counts %d subnets, want %d", got, want)
			}
		})
	}
}

func TestBundle(t *testing.T) {
	for _, tt := range []struct {
		name    string
		shape   shape
		bundled bool
		links   int
	}{
		{"24 links stay", shape{clouds: 3, sites: 4, links: 24}, false, 24},
		{"25 links are bundled", shape{clouds: 3, sites: 4, links: 25}, true, 3},
		{"16 sites stay", shape{clouds: 1, sites: 16, links: 3}, false, 3},
		{"17 sites are bundled", shape{clouds: 1, sites: 17, links: 3}, true, 1},
		{"an estate", shape{clouds: 3, sites: 10, networks: 33, subnets: 6, links: 435}, true, 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := Model(made(tt.shape))
			links, tunnels := 0, 0
			for _, l := range d.Links {
				links += l.Count
				tunnels += l.Tunnels
			}
			if d.Bundled != tt.bundled || len(d.Links) != tt.links {
				t.Errorf("Model(%+v) bundled %v, %d lines; want %v, %d", tt.shape, d.Bundled, len(d.Links), tt.bundled, tt.links)
			}
			if links != tt.shape.links || tunnels != 2*tt.shape.links {
				t.Errorf("Model(%+v) stands for %d links, %d tunnels; want %d, %d", tt.shape, links, tunnels, tt.shape.links, 2*tt.shape.links)
			}
		})
	}
}

func TestLinkLabel(t *testing.T) {
	for _, tt := range []struct {
		name string
		link fabric.Link
		want string
	}{
		{"measured", fabric.Link{Kind: fabric.VPN, Tunnels: make([]fabric.TunnelID, 4), Capacity: 5 * vocab.Gbps, RTT: 14.2, RTTSource: "measured 2022-04"}, "VPN 4×, 5Gbps, 14 ms"},
		{"estimated", fabric.Link{Kind: fabric.VPN, Tunnels: make([]fabric.TunnelID, 2), Capacity: vocab.Gbps, RTT: 3, RTTSource: "estimated from distance"}, "VPN 2×, 1Gbps, ≈3 ms"},
		{"asked for only", fabric.Link{Kind: fabric.TransitPeerLink, Asked: 3 * vocab.Gbps}, "TGW peering, 3Gbps"},
		{"near", fabric.Link{Kind: fabric.VNetPeerLink, RTT: 0.4, RTTSource: "measured"}, "VNet peering, <1 ms"},
		{"nothing known", fabric.Link{Kind: fabric.SameVPCLink}, "same VPC"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := linkLabel(tt.link); got != tt.want {
				t.Errorf("linkLabel(%v) = %q, want %q", tt.link, got, tt.want)
			}
		})
	}
}

func TestSegmentMarks(t *testing.T) {
	n := &fabric.Network{}
	for _, id := range []fabric.SegmentID{"app", "backup", "batch", "data", "d", "unused"} {
		n.Segments = append(n.Segments, fabric.Segment{ID: id})
		if id != "unused" {
			n.Subnets = append(n.Subnets, fabric.Subnet{Segment: id})
		}
	}
	want := []Segment{{"app", "A"}, {"backup", "2"}, {"batch", "3"}, {"data", "Da"}, {"d", "5"}}
	if diff := cmp.Diff(want, segments(n)); diff != "" {
		t.Errorf("segments (-want +got):\n%s", diff)
	}
}

func TestDeterminism(t *testing.T) {
	for _, s := range []shape{
		{clouds: 3, sites: 3, networks: 2, subnets: 1, links: 20, segments: 9},
		{clouds: 3, sites: 10, networks: 33, subnets: 6, links: 435, segments: 12},
	} {
		n := made(s)
		first := Model(n)
		svg, dot, mermaid := SVG(first), DOT(first), Mermaid(first)
		for range 4 {
			d := Model(n)
			if !bytes.Equal(SVG(d), svg) || DOT(d) != dot || Mermaid(d) != mermaid {
				t.Errorf("two pictures of %+v differ", s)
			}
		}
		if diff := cmp.Diff(first, Model(n)); diff != "" {
			t.Errorf("drawing changed the model (-first +again):\n%s", diff)
		}
	}
}

func TestPictures(t *testing.T) {
	for _, name := range []string{"ml-platform", "triangle"} {
		path := filepath.Join(root, "docs/img", name+".svg")
		got := SVG(Model(example(t, name)))
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is stale: go test ./internal/render/diagram -update", path)
		}
	}
}

// texts reads an SVG and gives its texts by element, refusing whatever is not
// well-formed or reaches outside.
func texts(svg []byte) (map[string][]string, error) {
	out := map[string][]string{}
	d := xml.NewDecoder(bytes.NewReader(svg))
	var open []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		switch e := token.(type) {
		case xml.StartElement:
			open = append(open, e.Name.Local)
			switch e.Name.Local {
			case "svg", "title", "desc", "g", "rect", "circle", "path", "text":
			default:
				return nil, fmt.Errorf("element %q", e.Name.Local)
			}
			for _, a := range e.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || strings.Contains(a.Name.Local, "href") || a.Name.Local == "style" {
					return nil, fmt.Errorf("attribute %q", a.Name.Local)
				}
			}
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				out[open[len(open)-1]] = append(out[open[len(open)-1]], string(e))
			}
		}
	}
}

func TestSVGShowsAll(t *testing.T) {
	for _, name := range examples {
		d := Model(example(t, name))
		got, err := texts(SVG(d))
		if err != nil {
			t.Fatalf("SVG of %s: %v", name, err)
		}
		all := strings.Join(got["text"], "\n")
		for _, c := range d.Clouds {
			for _, s := range c.Sites {
				for _, want := range []string{c.Title, string(s.ID)} {
					if !strings.Contains(all, want) {
						t.Errorf("SVG of %s lacks %q", name, want)
					}
				}
				for _, n := range s.Networks {
					for _, sub := range n.Subnets {
						if !strings.Contains(all, sub.Prefix) {
							t.Errorf("SVG of %s lacks subnet %s %s", name, sub.ID, sub.Prefix)
						}
					}
				}
			}
		}
		for _, l := range d.Links {
			if !strings.Contains(all, l.Label) {
				t.Errorf("SVG of %s lacks link %q", name, l.Label)
			}
		}
	}
}
