package gcp

import (
	"testing"

	"github.com/tieline/tieline/internal/fabric"
)

// FuzzRoutePolicy: what is understood of a term holds prefixes that can be
// there, and reads the same when read again.
func FuzzRoutePolicy(f *testing.F) {
	for _, s := range [][2]string{
		{"destination == '10.0.0.0/8'", "drop()"},
		{"destination.inAnyRange([prefix('10.0.0.0/8').longer(), prefix('::/0').upTo(64)])", "asPath.prependSequence([1, 2])"},
		{"destination.inAnyRange(prefix('0.0.0.0/0').lengthRange(8, 24)) || destination == '1.2.3.0/24'", "med.set(1)"},
		{"communities.matchesEvery(['1:2'])", "communities.add(['3:4'])"},
		{"[(", "med.add(-1)"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, match, action string) {
		var a fabric.RouteTerm
		if readMatch(match, &a) {
			for _, r := range a.Match {
				if !r.Prefix.IsValid() || r.Top > r.Prefix.Addr().BitLen() || r.Top > 0 && (r.Least < r.Prefix.Bits() || r.Least > r.Top && r.Least <= r.Prefix.Addr().BitLen()) {
					t.Errorf("readMatch(%q) holds %+v", match, r)
				}
			}
		}
		if readAction(action, &a) && a.MED < 0 {
			t.Errorf("readAction(%q) gives MED %d", action, a.MED)
		}
	})
}
