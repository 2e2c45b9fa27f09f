package bits

import (
	"math/rand/v2"
	"testing"
)

func TestTranspose(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	for _, n := range []int{1, 63, 64, 65, 130, 200} {
		rows := make([]Set, n)
		for i := range rows {
			rows[i] = New(n)
			for range r.IntN(n + 1) {
				rows[i].Add(r.IntN(n))
			}
		}
		got := Transpose(rows)
		for i := range n {
			for k := range n {
				if got[k].Has(i) != rows[i].Has(k) {
					t.Fatalf("transpose of %d rows: row %d has %d = %v, want %v", n, k, i, got[k].Has(i), rows[i].Has(k))
				}
			}
		}
	}
}
