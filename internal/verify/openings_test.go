package verify

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/vocab"
)

// TestOpenings: all pairs at once say what each pair says by itself.
func TestOpenings(t *testing.T) {
	for _, name := range []string{"minimal", "triangle", "hub-spoke", "ml-platform"} {
		t.Run(name, func(t *testing.T) {
			p := New(compiled(t, "../../examples/"+name))
			o := p.Openings()
			found := 0
			for i := range p.Places() {
				row := o.From(i)
				for j := range p.Places() {
					var got []vocab.Service
					if k, ok := slices.BinarySearchFunc(row, j, func(x Opening, to int) int { return x.To - to }); ok {
						got = o.Services(row[k].Set)
						found++
					}
					if d := cmp.Diff(p.Between(i, j), got); d != "" {
						t.Fatalf("Openings from %s to %s (-Between +got):\n%s", p.Places()[i].ID, p.Places()[j].ID, d)
					}
				}
			}
			if found == 0 {
				t.Error("nothing reaches anything")
			}
		})
	}
}
