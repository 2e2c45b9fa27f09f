package oracle_test

import (
	"math/rand/v2"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/testkit/oracle"
	"github.com/tieline/tieline/internal/testkit/oracle/random"
)

// randomNetwork compiles random specs from a seed until one plans.
func randomNetwork(t *testing.T, seed uint64) (*rand.Rand, *fabric.Network) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 11))
	for range 50 {
		if n, ok := compileText(t, random.Spec(r)); ok {
			return r, n
		}
	}
	t.Fatalf("seed %d: no random spec plans", seed)
	return nil, nil
}

// TestOrderDoesNotMatter: on networks that compile designs every order of
// messages ends in the same answers, so that a difference means something.
func TestOrderDoesNotMatter(t *testing.T) {
	for seed := range uint64(40) {
		_, n := randomNetwork(t, seed)
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
