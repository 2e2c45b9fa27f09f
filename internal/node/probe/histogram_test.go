package probe

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBuckets(t *testing.T) {
	if got := bucketOf(mostCounted); got != largestBucket {
		t.Errorf("bucketOf(%v) = %d, want %d", mostCounted, got, largestBucket)
	}
	_, high := units(0)
	for b := uint16(1); b <= largestBucket; b++ {
		l, h := units(b)
		if l != high || h <= l || b >= 2<<stepBits && (h-l)*64 > l {
			t.Fatalf("units(%d) = %d, %d after %d: want no gap, and at most 1/64 wide", b, l, h, high)
		}
		high = h
	}
}

// TestHistogramOracle compares with a sorted list of everything.
func TestHistogramOracle(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 50 {
		var whole, a, b histogram
		var all []time.Duration
		for range 1 + rng.IntN(400) {
			d := time.Duration(rng.ExpFloat64() * float64(time.Duration(1)<<rng.IntN(36)))
			all = append(all, min(d, mostCounted))
			whole.add(d)
			if rng.IntN(2) == 0 {
				a.add(d)
			} else {
				b.add(d)
			}
		}
		slices.Sort(all)
		a.merge(&b)
		if diff := cmp.Diff(whole, a, cmp.AllowUnexported(histogram{}, cell{})); diff != "" {
			t.Fatalf("round %d: merged is another (-whole +merged):\n%s", round, diff)
		}
		if whole.least != all[0] || whole.most != all[len(all)-1] || whole.count != uint64(len(all)) {
			t.Fatalf("round %d: %v to %v, %d, want %v to %v, %d", round, whole.least, whole.most, whole.count, all[0], all[len(all)-1], len(all))
		}
		for _, q := range []float64{0, 0.25, 0.5, 0.9, 0.99, 1} {
			rank := max(int(q*float64(len(all))+0.999999), 1)
			want, got := all[rank-1], whole.quantile(q)
			if (got - want).Abs() > want/128+10 {
				t.Errorf("round %d: quantile(%v) = %v, want %v", round, q, got, want)
			}
		}
		for _, bound := range Bounds() {
			n, _ := slices.BinarySearch(all, bound)
			if got := whole.below(bound); got != uint64(n) {
				t.Errorf("round %d: below(%v) = %d, want %d", round, bound, got, n)
			}
		}
	}
}
