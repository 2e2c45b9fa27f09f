package oracle_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/testkit/cases"
	"github.com/tieline/tieline/internal/testkit/networks"
	"github.com/tieline/tieline/internal/testkit/random"
)

// TestPoliciesAgree: the engine's tables and the oracle agree on networks whose
// ends prepend, tag, weigh and drop, healthy and with a part failed. They are
// random ones, and those worked out by hand, which have circuits too.
func TestPoliciesAgree(t *testing.T) {
	known := slices.DeleteFunc(cases.All(), func(c cases.Case) bool {
		many := func(s fabric.Site) bool { return len(s.Prefixes) > 20 } // which take the oracle long
		return slices.ContainsFunc(c.Net.Sites, many) || len(c.Net.Tunnels) == 0
	})
	first, last := seeds(t, 160)
	each(t, first, last, func(seed uint64) string {
		r, n := drawn(seed)
		if seed%2 == 0 {
			r, n = rand.New(rand.NewPCG(seed, 12)), known[int(seed/2)%len(known)].Net
		}
		n = random.Clone(n)
		hold(n)
		random.Policies(r, n)
		trials := []routes.Failure{nil}
		if parts := routes.New(n, atlas.Default()).Parts(); len(parts) > 0 {
			trials = append(trials, routes.NewFailure(parts[r.IntN(len(parts))]))
		}
		for _, f := range trials {
			if said := differRoutes(n, f); said != "" {
				t.Logf("seed %d, with %v failed: %s", seed, f, said)
				small := random.Shrink(n, func(m *fabric.Network) bool { return alike(said, sound(func() string { return differRoutes(m, f) })) })
				return fmt.Sprintf("with %v failed: %s\nin the smallest network where they differ: %s\n%s%s", f, said, differRoutes(small, f), networks.Network(small), policies(small))
			}
		}
		return ""
	})
}

// hold lets sites of one's own hold all that their devices announce: whether
// they announce what they only hear is a race where they hear it back.
func hold(n *fabric.Network) {
	for _, g := range n.Gateways {
		for i := range n.Sites {
			s := &n.Sites[i]
			if g.Kind == fabric.Device && s.ID == g.Site {
				s.Prefixes = append(s.Prefixes, g.Announce...)
				slices.SortFunc(s.Prefixes, prefix.Compare)
				s.Prefixes = slices.Compact(s.Prefixes)
			}
		}
	}
}

// policies prints what ends do to announcements.
func policies(n *fabric.Network) string {
	out := ""
	for _, t := range n.Tunnels {
		for _, e := range t.Ends {
			if len(e.Export)+len(e.Import) > 0 {
				out += fmt.Sprintf("%s at %s: export %+v import %+v\n", t.ID, e.Gateway, e.Export, e.Import)
			}
		}
	}
	return out
}
