package routes_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/testkit/random"
	"github.com/tieline/tieline/internal/vocab"
)

// twoOffices is a transit gateway that hears a prefix from two offices.
func twoOffices() *net {
	n := transit()
	n.office("branch", "192.168.0.0/16", 65002)
	vpn := fabric.AttachmentID("vpn--" + string(n.vpn("west/tgw", "branch/cpe", 2)))
	g := n.find("west/tgw")
	g.Tables[0].Propagate = append(g.Tables[0].Propagate, vpn)
	g.Tables[1].Associate = append(g.Tables[1].Associate, vpn)
	return n
}

// export sets what a gateway's ends do to what they announce.
func (n *net) export(g fabric.GatewayID, terms ...fabric.RouteTerm) {
	for i := range n.Tunnels {
		for k := range n.Tunnels[i].Ends {
			if e := &n.Tunnels[i].Ends[k]; e.Gateway == g {
				e.Export = terms
			}
		}
	}
}

// TestWhyPolicies: a route says by how many prepends another path was longer,
// and the one that lost says the same of itself.
func TestWhyPolicies(t *testing.T) {
	for _, tt := range []struct {
		name      string
		term      fabric.RouteTerm
		why, lost string
	}{
		{"two prepends", fabric.RouteTerm{Prepend: []vocab.ASN{65002, 65002}}, "a longer AS path by 2 prepends lost: from branch/cpe", "a longer AS path by 2 prepends"},
		{"one prepend", fabric.RouteTerm{Prepend: []vocab.ASN{65002}}, "a longer AS path by 1 prepend lost: from branch/cpe", "a longer AS path by 1 prepend"},
		{"the receiver's number", fabric.RouteTerm{Prepend: []vocab.ASN{64601}}, "the only usable path", "refused: its AS path holds the receiver's own number"},
		{"dropped", fabric.RouteTerm{End: fabric.DropRoute}, "the only usable path", "not announced: a route policy of the sender drops it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := twoOffices()
			n.export("branch/cpe", tt.term)
			p := n.plane()
			tables := p.Tables(nil)
			i := at(t, tables, "west/tgw/vpcs")
			r, _ := tables.Lookup(i, pfx("192.168.0.0/16").Addr())
			if r.Why != tt.why {
				t.Errorf("Lookup.Why = %q, want %q", r.Why, tt.why)
			}
			all := p.Explain(tables, i, pfx("192.168.0.0/16"))
			if !slices.ContainsFunc(all, func(c routes.Candidate) bool { return !c.Installed && c.Why == tt.lost }) {
				t.Errorf("Explain = %+v, want one that lost for %q", all, tt.lost)
			}
		})
	}
}

// TestSharedWithPolicies: what TestSharedEqualsWhole says holds for networks
// whose ends prepend, tag, weigh and drop.
func TestSharedWithPolicies(t *testing.T) {
	for _, name := range []string{"triangle", "hub-spoke", "ml-platform"} {
		for seed := range uint64(6) {
			n, a := load(t, name)
			n = random.Clone(n)
			random.Policies(rand.New(rand.NewPCG(seed, 4)), n)
			p := routes.New(n, a)
			for _, part := range p.Parts() {
				f := routes.NewFailure(part)
				if diff := difference(p.Whole(f), p.Tables(f)); diff != "" {
					t.Fatalf("%s, seed %d: Tables(%v) differs from the whole computation (-whole +shared): %s", name, seed, f, diff)
				}
			}
		}
	}
}
