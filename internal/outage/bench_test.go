package outage

import (
	"testing"

	"github.com/tieline/tieline/internal/verify"
)

// BenchmarkFailures times every single failure of the largest network, and
// every two of the example; the proof itself is made before.
func BenchmarkFailures(b *testing.B) {
	for _, c := range []struct {
		name, dir string
		at        int
	}{
		{"estate-1", "../testkit/networks/estate", 1},
		{"ml-platform-2", "../../examples/ml-platform", 2},
	} {
		b.Run(c.name, func(b *testing.B) {
			n, a := compiled(b, c.dir)
			b.ResetTimer()
			for b.Loop() {
				b.StopTimer()
				p := verify.New(n, a)
				b.StartTimer()
				rep := New(p).Try(Options{At: c.at})
				b.ReportMetric(float64(rep.Sets), "sets")
			}
		})
	}
}
