package forward

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/testkit/corpus"
)

// TestGlancesAgreeWithLookup: the routes of all classes at once are those that
// tables find one address at a time.
func TestGlancesAgreeWithLookup(t *testing.T) {
	for _, c := range corpus.Networks[:6] {
		n, a := corpus.Compile(t, filepath.Join("../../..", c.Dir))
		tables := routes.New(n, a).Tables(nil)
		x := NewAddresses(tables, Cut{})
		g := newGlances(tables, x)
		for table := range tables.Tables {
			for class := range x.Routes() {
				to := x.First(x.Example(class))
				want, _ := tables.Lookup(table, to)
				if got := g.hops(table, class); !slices.Equal(got, want.Hops) {
					t.Fatalf("%s: hops(%s, %s) = %v, want %v", c.Name, tables.Tables[table].ID, to, got, want.Hops)
				}
			}
		}
	}
}
