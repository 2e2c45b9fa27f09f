package cases_test

import (
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/testkit/cases"
	"github.com/tieline/tieline/internal/testkit/oracle"
)

// seeds are the orders of messages that the oracle is run with: enough that
// what is left to chance shows.
const seeds = 8

// TestOracle holds the oracle against what is known by hand.
func TestOracle(t *testing.T) {
	for _, c := range cases.All() {
		t.Run(c.Name, func(t *testing.T) {
			both := map[bool]bool{}
			for seed := range uint64(seeds) {
				o := oracle.New(c.Net, atlas.Default(), nil, seed)
				if o.Restless {
					t.Fatal("the messages do not die down")
				}
				for _, p := range c.Packets {
					got := o.Send(p.From, p.To, p.Header())
					if c.Chance {
						both[got.All] = true
						continue
					}
					if got.All != p.Passes || got.Some != p.Passes {
						t.Errorf("Send(%v, %v, %v) = %+v, want %v: %s", p.From, p.To, p.Header(), got, p.Passes, c.Why)
					}
				}
			}
			if c.Chance && len(both) != 2 {
				t.Errorf("every seed answers alike, want some packets to pass by chance: %s", c.Why)
			}
		})
	}
}
