package assert_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/assert"
	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// TestSurvivesAgainstNaive holds survives against a computation that works out
// every failure from nothing and follows packets one by one.
func TestSurvivesAgainstNaive(t *testing.T) {
	kinds := []routes.PartKind{routes.TunnelPart, routes.InstancePart, routes.ZonePart, routes.LinkPart, routes.SitePart, routes.RegionPart, routes.CloudPart}
	networks := map[string]*network{"abroad": fromText(t, abroad, nil)}
	for _, name := range []string{"minimal", "triangle", "hub-spoke", "ml-platform"} {
		networks[name] = example(t, name)
	}
	for _, name := range []string{"abroad", "minimal", "triangle", "hub-spoke", "ml-platform"} {
		n := networks[name]
		r := rand.New(rand.NewPCG(7, uint64(len(name))))
		verdicts := map[assert.Verdict]int{}
		for range 40 {
			from := n.spec.Sites[r.IntN(len(n.spec.Sites))].Name
			to := n.spec.Sites[r.IntN(len(n.spec.Sites))].Name
			kind := kinds[r.IntN(len(kinds))]
			text := fmt.Sprintf("- survives: {failures: 1, of: %s, for: {from: %s, to: %s}}\n", kind, from, to)
			results, diags := n.run(text, assert.Options{})
			if len(diags) > 0 {
				t.Fatalf("%s: %v", text, diags)
			}
			want := naiveSurvives(n.proof, fabric.SiteID(from), fabric.SiteID(to), kind)
			if got := results[0]; got.Verdict != want {
				t.Errorf("%s: Run(%s) = %v: %s, want %v", name, strings.TrimSpace(text), got.Verdict, got.Why, want)
			}
			verdicts[want]++
		}
		t.Logf("%s: %v", name, verdicts)
	}
}

func naiveSurvives(p *verify.Proof, from, to fabric.SiteID, kind routes.PartKind) assert.Verdict {
	var pairs [][2]*verify.Place
	for i := range p.Places() {
		for j := range p.Places() {
			a, b := &p.Places()[i], &p.Places()[j]
			talk := slices.ContainsFunc(p.Between(i, j), func(s vocab.Service) bool { return s.Proto != vocab.ICMP })
			if i != j && a.Site == from && b.Site == to && !endpoint(a) && !endpoint(b) && talk {
				pairs = append(pairs, [2]*verify.Place{a, b})
			}
		}
	}
	if len(pairs) == 0 {
		return assert.Fail
	}
	for _, part := range p.Plane.Parts() {
		if part.Kind != kind {
			continue
		}
		tables := routes.Compute(p.Net, atlas.Default(), routes.NewFailure(part))
		for _, x := range pairs {
			if !naiveArrives(tables, x[0], x[1]) || !naiveArrives(tables, x[1], x[0]) {
				return assert.Fail
			}
		}
	}
	return assert.Pass
}

func endpoint(p *verify.Place) bool { return p.Subnet != "" && p.ID != string(p.Subnet) }

// naiveArrives follows packets to the first, last and middle address of each
// part of a place.
func naiveArrives(t *routes.Tables, from, to *verify.Place) bool {
	for _, f := range from.Parts {
		if naiveDown(t, from, f) {
			continue
		}
		for _, g := range to.Parts {
			if naiveDown(t, to, g) {
				continue
			}
			for _, address := range []netip.Addr{g.Prefix.Addr(), prefix.LastAddr(g.Prefix), prefix.Split(g.Prefix, 2)[1].Addr()} {
				table := slices.IndexFunc(t.Tables, func(x routes.Table) bool { return f.Table >= 0 && x.ID == t.Tables[f.Table].ID })
				paths, complete := t.Trace(table, address)
				if !complete || slices.ContainsFunc(paths, func(p routes.Path) bool { return p.Outcome != routes.Delivered }) {
					return false
				}
			}
		}
	}
	return true
}

func naiveDown(t *routes.Tables, p *verify.Place, part verify.PlacePart) bool {
	if p.Subnet != "" {
		return t.Down(p.Subnet, part.Zone)
	}
	return t.SiteDown(p.Site)
}
