package terraform_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform"
	"github.com/tieline/tieline/internal/routes"
)

// TestSameRoutes: what the clouds' control planes make of a plan that was read
// is what they make of the network that it was rendered from. The networks are
// those whose plans hold all: no sites of one's own, no existing VPCs.
func TestSameRoutes(t *testing.T) {
	for _, n := range own {
		if !slices.Contains([]string{"minimal", "triangle", "accounts"}, n.name) {
			continue
		}
		t.Run(n.name, func(t *testing.T) {
			want, a := compiled(t, n.dir)
			r, diags := terraform.Read(n.name+".json", recorded(t, n.name))
			if diags.HasErrors() {
				t.Fatalf("Read(%s):\n%s", n.name, diags)
			}
			if diff := cmp.Diff(routeLines(want, a), routeLines(r.Network, a)); diff != "" {
				t.Errorf("routes of %s differ (-compiled +read):\n%s", n.name, diff)
			}
		})
	}
}

// routeLines lists every route with what it does, by gateways and prefixes and
// not by ids.
func routeLines(n *fabric.Network, a *atlas.Atlas) []string {
	x := normalizer{n: n, out: map[string][]string{}}
	tables := routes.Compute(n, a, nil)
	var out []string
	for _, tb := range tables.Tables {
		where := fmt.Sprintf("%d %s %s %s", tb.Kind, x.region(tb.Site), x.vpc(tb.VPC), x.gateway(tb.Gateway))
		for _, set := range []*routes.Routes{tb.Own, tb.Learned} {
			for _, rt := range set.All() {
				var hops []string
				for _, h := range rt.Hops {
					tunnel, _ := n.Tunnel(h.Tunnel)
					inside := ""
					if tunnel.Inside.IsValid() {
						inside = tunnel.Inside.String()
					}
					hops = append(hops, fmt.Sprintf("%d %s %s", h.Kind, x.gateway(h.Gateway), inside))
				}
				slices.Sort(hops)
				out = append(out, fmt.Sprintf("%s: %s %s path %v med %d firm %v by %s", where, rt.Prefix, rt.Protocol, rt.Path, rt.MED, rt.Firm, strings.Join(hops, ", ")))
			}
		}
	}
	slices.Sort(out)
	return out
}
