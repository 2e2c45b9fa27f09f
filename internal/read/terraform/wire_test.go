package terraform_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform"
)

// TestLinksCarryAsCompiled: what a VPN link of a plan carries is what the link
// carries that it was rendered from.
func TestLinksCarryAsCompiled(t *testing.T) {
	for _, n := range own {
		t.Run(n.name, func(t *testing.T) {
			want, _ := compiled(t, n.dir)
			r, diags := terraform.Read(n.name+".json", recorded(t, n.name))
			if diags.HasErrors() {
				t.Fatalf("Read(%s):\n%s", n.name, diags)
			}
			if diff := cmp.Diff(carried(want), carried(r.Network)); diff != "" {
				t.Errorf("links of %s (-compiled +read):\n%s", n.name, diff)
			}
		})
	}
}

// carried describes the VPN links between clouds by the regions that they join.
func carried(n *fabric.Network) []string {
	var out []string
	for _, l := range n.Links {
		a, _ := n.Site(l.Sites[0])
		b, _ := n.Site(l.Sites[1])
		if l.Kind != fabric.VPN || a.Region == "" || b.Region == "" {
			continue
		}
		ends := []string{a.Cloud.String() + ":" + a.Region, b.Cloud.String() + ":" + b.Region}
		slices.Sort(ends)
		out = append(out, fmt.Sprintf("%v: MTU %d, MSS %d, ESP %v %v, %.1f ms", ends, l.MTU, l.MSS, l.Suite.ESPEncryption, l.Suite.ESPIntegrity, l.RTT))
	}
	slices.Sort(out)
	return out
}
