package oracle_test

import (
	"math/rand/v2"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/testkit/oracle"
	"github.com/tieline/tieline/internal/testkit/random"
)

// drawn is a random network, two times in three with up to three breaks.
func drawn(seed uint64) (*rand.Rand, *fabric.Network) {
	r := rand.New(rand.NewPCG(seed, 11))
	for {
		n, ok := compiled(random.Spec(r))
		if !ok {
			continue
		}
		if seed%3 == 0 {
			return r, n
		}
		for range 1 + r.IntN(3) {
			all := random.Breaks(n)
			if len(all) > 0 {
				n = random.Clone(n)
				all[r.IntN(len(all))].Apply(n)
			}
		}
		return r, n
	}
}

// TestOrderDoesNotMatter: on networks that compile designs every order of
// messages ends in the same answers, so that a difference means something.
func TestOrderDoesNotMatter(t *testing.T) {
	for seed := range uint64(40) {
		_, n := drawn(3 * seed)
		a, b := oracle.New(n, atlas.Default(), nil, 1), oracle.New(n, atlas.Default(), nil, 2)
		if a.Restless || b.Restless {
			t.Errorf("seed %d: the messages do not die down", seed)
		}
		all := random.Machines(n)
		p := random.Packets(n)[0]
		for _, from := range all {
			for _, to := range all {
				x, y := a.Send(from, to, p), b.Send(from, to, p)
				if x.All != y.All || x.Some != y.Some {
					t.Errorf("seed %d: Send(%v, %v) = %+v or %+v by the order of messages", seed, from, to, x, y)
				}
			}
		}
	}
}
