package verify

import (
	"slices"
	"testing"

	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify/forward"
)

// TestFatesAgreeWithTrace: what becomes of a class from a table is what the
// traces of its first address come to, way by way.
func TestFatesAgreeWithTrace(t *testing.T) {
	for _, c := range small {
		n, a := compiled(t, c.dir)
		p := New(n, a)
		for table := range p.Tables.Tables {
			for i := range p.units {
				u := &p.units[i]
				if p.isBeyond(u.place) {
					continue
				}
				paths, complete := p.Tables.Trace(table, u.addr)
				if !complete {
					continue
				}
				arrived, w := 0, &walker{p: p}
				for k := range paths {
					if w.arrives(&paths[k], u, u) {
						arrived++
					}
				}
				may, sure := p.fates.Delivers(table, u.route, u.end)
				if may != (arrived > 0) || sure != (arrived == len(paths) && arrived > 0) {
					t.Fatalf("%s: delivers(%s, %s) = %v, %v; %d of %d traces arrive", c.name, p.Tables.Tables[table].ID, u.addr, may, sure, arrived, len(paths))
				}
				if x, _ := p.fates.At(u.route, table); x&forward.Loop != 0 != slices.ContainsFunc(paths, func(x routes.Path) bool { return x.Outcome == routes.Loop }) {
					t.Fatalf("%s: fate of %s from %s is %b, the traces are %v", c.name, u.addr, p.Tables.Tables[table].ID, x, paths)
				}
			}
		}
	}
}

// TestUnitsPartitionPlaces: each address of a place is in one unit of it, and
// a unit's addresses are held by the same lists.
func TestUnitsPartitionPlaces(t *testing.T) {
	for _, c := range small {
		n, a := compiled(t, c.dir)
		p := New(n, a)
		for i := range p.places {
			seen := map[int32]bool{}
			for u := p.firstUnit[i]; u < p.firstUnit[i+1]; u++ {
				for _, atom := range p.units[u].atoms {
					if seen[atom] && len(p.places[i].Parts) == 1 {
						t.Errorf("%s: two units of %s have %s", c.name, p.places[i].ID, p.addrs.First(int(atom)))
					}
					seen[atom] = true
				}
				if !p.places[i].Addrs.Contains(p.units[u].addr) {
					t.Errorf("%s: %s is not of %s", c.name, p.units[u].addr, p.places[i].ID)
				}
			}
			for _, f := range n.Filters {
				for _, r := range f.Rules {
					for u := p.firstUnit[i]; u < p.firstUnit[i+1]; u++ {
						for _, atom := range p.units[u].atoms {
							if peers := prefix.FromPrefixes(r.Peers...); peers.Contains(p.addrs.First(int(atom))) != peers.Contains(p.units[u].addr) {
								t.Errorf("%s: rule %s of %s tells addresses of a unit of %s apart", c.name, r.Name, f.ID, p.places[i].ID)
							}
						}
					}
				}
			}
		}
	}
}
