package space

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/vocab"
)

func network() *fabric.Network {
	p := netip.MustParsePrefix
	return &fabric.Network{
		Pools:    []netip.Prefix{p("10.0.0.0/8")},
		Reserved: []fabric.Reserved{{Prefix: p("10.200.0.0/16"), For: "headquarters"}},
		Blocks: []fabric.Block{
			{Key: "aws", Cloud: vocab.AWS, Prefix: p("10.8.0.0/15")},
			{Key: "aws/a", Cloud: vocab.AWS, Site: "a", Prefix: p("10.8.0.0/15"), Pinned: true},
		},
		Sites: []fabric.Site{{ID: "hq", Cloud: vocab.OnPrem, Prefixes: []netip.Prefix{p("192.168.0.0/24")}}},
		VPCs: []fabric.VPC{
			{ID: "a/ml", Name: "ml", Sites: []fabric.SiteID{"a"}, Blocks: []fabric.SiteBlock{{Site: "a", Prefix: p("10.8.0.0/16")}}},
			{ID: "a/old", Name: "old", Existing: "vpc-1", Prefixes: []netip.Prefix{p("10.1.0.0/16")}},
		},
		Subnets: []fabric.Subnet{{ID: "a/ml/data", Site: "a", VPC: "a/ml", Name: "data", Prefix: p("10.8.0.0/18"), Segment: "data"}},
	}
}

var freed = []lock.Entry{{Kind: lock.Block, Key: "aws/a/gone", Prefix: netip.MustParsePrefix("10.9.0.0/16"), Freed: true}, {Kind: lock.ASN, Key: "aws/b", ASN: 64512, Freed: true}}

func draw(b *strings.Builder, nodes []Node, depth int) {
	for _, n := range nodes {
		fmt.Fprintf(b, "%s%s %s %s", strings.Repeat("  ", depth), n.Kind, n.Name, n.Prefix)
		if !n.IsLeaf() {
			fmt.Fprintf(b, " %.4f %v", n.Used, n.Largest)
		}
		b.WriteByte('\n')
		draw(b, n.Children, depth+1)
	}
}

func TestTree(t *testing.T) {
	var b strings.Builder
	draw(&b, NewTree(network(), freed), 0)
	want := `pool pool 10.0.0.0/8 0.0156 10.64.0.0/10
  joined network a/old 10.1.0.0/16
  cloud AWS 10.8.0.0/15 1.0000 invalid Prefix
    site a 10.8.0.0/15 1.0000 invalid Prefix
      network a/ml 10.8.0.0/16 0.2500 10.8.128.0/17
        subnet a/ml/data 10.8.0.0/18
      freed aws/a/gone 10.9.0.0/16
  reserved headquarters 10.200.0.0/16
on-prem hq 192.168.0.0/24
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name string
		cidr string
		want []string
	}{
		{"free in the pool", "10.77.0.0/16", nil},
		{"free outside", "192.168.1.0/24", nil},
		{"inside a subnet", "10.8.1.0/24", []string{"cloud AWS", "site a", "network a/ml", "subnet a/ml/data"}},
		{"over a reserved range", "10.192.0.0/10", []string{"reserved headquarters"}},
		{"on-prem", "192.168.0.0/16", []string{"on-prem hq"}},
		{"freed", "10.9.5.0/24", []string{"cloud AWS", "site a", "freed aws/a/gone"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Check(network(), freed, atlas.Default(), []netip.Prefix{netip.MustParsePrefix(c.cidr)})
			var names []string
			for _, n := range got[0].Collision {
				names = append(names, string(n.Kind)+" "+n.Name)
			}
			if diff := cmp.Diff(c.want, names); diff != "" {
				t.Errorf("Check(%s) (-want +got):\n%s", c.cidr, diff)
			}
			if got[0].Collides() != (len(c.want) > 0) {
				t.Errorf("Check(%s).Collides() = %v", c.cidr, got[0].Collides())
			}
		})
	}
}

// TestTreeHoldsEverythingOnce builds trees of random nested prefixes.
func TestTreeHoldsEverythingOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n := network()
		for i := range r.IntN(40) {
			a := netip.AddrFrom4([4]byte{10, byte(r.IntN(256)), byte(r.IntN(256)), 0})
			p := netip.PrefixFrom(a, 9+r.IntN(16)).Masked()
			n.Reserved = append(n.Reserved, fabric.Reserved{Prefix: p, For: fmt.Sprint(i)})
		}
		want := len(nodes(n, freed))
		got := 0
		var count func([]Node, netip.Prefix)
		count = func(list []Node, in netip.Prefix) {
			for _, x := range list {
				got++
				if in.IsValid() && !(in.Contains(x.Prefix.Addr()) && in.Bits() <= x.Prefix.Bits()) {
					t.Fatalf("%v stands under %v", x.Prefix, in)
				}
				if x.Used < 0 || x.Used > 1 {
					t.Fatalf("%v is used by %v", x.Prefix, x.Used)
				}
				count(x.Children, x.Prefix)
			}
		}
		count(NewTree(n, freed), netip.Prefix{})
		if got != want {
			t.Fatalf("the tree has %d nodes, want %d", got, want)
		}
	}
}
