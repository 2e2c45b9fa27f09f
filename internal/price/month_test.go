package price

import (
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/vocab"
)

// TestMonthIsTheBills compares the present way of each link with the bill.
func TestMonthIsTheBills(t *testing.T) {
	n := triangle(move(3*vocab.TB, "aws", "gcp"), move(700*vocab.GB, "gcp", "azure"), move(12*vocab.TB, "azure", "aws"), move(vocab.TB, "gcp", "aws"))
	bill := map[string]vocab.USD{}
	for _, g := range compute(n).ByLink {
		bill[g.Key] = g.Amount
	}
	for _, l := range Alternatives(n, atlas.Default(), overAll()) {
		now := l.Options[0]
		if got, want := l.Month(now).String(), bill[string(l.Link)].String(); !now.Present || got != want {
			t.Errorf("Month(%s of %s) = %s, want the bill's %s", now.Name, l.Link, got, want)
		}
		for _, o := range l.Options {
			want := o.Total + l.Common
			if o.Spares {
				want = o.Total
			}
			if got := l.Month(o); got != want {
				t.Errorf("Month(%s) = %v, want %v", o.Name, got, want)
			}
		}
	}
}
