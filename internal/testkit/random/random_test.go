package random_test

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/testkit/random"
)

func network(t *testing.T) *fabric.Network {
	t.Helper()
	for seed := uint64(1); ; seed++ {
		s, diags := spec.Parse([]spec.File{{Name: "network.yaml", Data: []byte(random.Spec(rand.New(rand.NewPCG(seed, 1))))}})
		if diags.HasErrors() {
			continue
		}
		if r := compile.Compile(&s, lock.Lock{}, atlas.Default()); !r.Diags.HasErrors() && len(r.Network.Links) > 1 {
			return r.Network
		}
	}
}

// TestBreaks: each break changes the clone it is applied to, and nothing else.
func TestBreaks(t *testing.T) {
	n := network(t)
	before := random.Clone(n)
	for _, b := range random.Breaks(n) {
		m := random.Clone(n)
		b.Apply(m)
		if reflect.DeepEqual(m, n) {
			t.Errorf("Apply(%q) changes nothing", b.Name)
		}
	}
	if !reflect.DeepEqual(before, n) {
		t.Error("the breaks change the network they are listed of")
	}
}

// TestShrink: what is left is all that the test needs.
func TestShrink(t *testing.T) {
	n := network(t)
	id := n.Subnets[0].ID
	small := random.Shrink(n, func(m *fabric.Network) bool {
		_, ok := m.Subnet(id)
		return ok
	})
	if len(small.Subnets) != 1 || len(small.Links) != 0 || len(small.Tunnels) != 0 || len(small.Attachments) != 0 {
		t.Errorf("Shrink keeps %d subnets, %d links, %d tunnels, %d attachments; want the one subnet", len(small.Subnets), len(small.Links), len(small.Tunnels), len(small.Attachments))
	}
}
