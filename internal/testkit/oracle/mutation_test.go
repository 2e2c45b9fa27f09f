package oracle_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/testkit/oracle"
	"github.com/tieline/tieline/internal/testkit/random"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// broken counts the single breaks that plain tests make of each network.
const broken = 110

// TestBreaksAreReported: of every single break of a proved network that the
// oracle tells from it on a packet (one that policy wants and that is lost, or
// one that nobody wants and that gets through), the proof reports an error
// that it did not report before.
func TestBreaksAreReported(t *testing.T) {
	var made, shown atomic.Int64
	for _, dir := range corpus {
		n := corpusNetwork(t, dir)
		before := answers(n)
		known := errorsOf(n)
		all := random.Breaks(n)
		r := rand.New(rand.NewPCG(uint64(len(all)), 5))
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if os.Getenv(soak) == "" {
			all = all[:min(len(all), broken)]
		}
		each(t, 0, uint64(len(all)), func(i uint64) string {
			m := random.Clone(n)
			all[i].Apply(m)
			made.Add(1)
			said := distinguished(m, before)
			if said == "" {
				return ""
			}
			shown.Add(1)
			for key := range errorsOf(m) {
				if !known[key] {
					return ""
				}
			}
			return fmt.Sprintf("%s: %s: %s, and the proof reports no new error", filepath.Base(dir), all[i].Name, said)
		})
	}
	t.Logf("%d breaks, of which the oracle tells %d on a packet", made.Load(), shown.Load())
	if made.Load() < 500 || shown.Load() < made.Load()/5 {
		t.Errorf("%d breaks of which %d told, want at least 500 and a fifth of them", made.Load(), shown.Load())
	}
}

// question is one packet between two machines.
type question struct {
	from, to oracle.Machine
	packet   oracle.Packet
}

// answers asks every question of a network, of the healthy order of messages.
func answers(n *fabric.Network) map[question]bool {
	o := oracle.New(n, atlas.Default(), nil, 1)
	out := map[question]bool{}
	all := append(random.Machines(n), random.Outside()[:1]...)
	for _, from := range all {
		for _, to := range all {
			for _, p := range random.Packets(n) {
				if from != to && p.Proto != vocab.ICMP {
					out[question{from, to, p}] = o.Send(from, to, p).All
				}
			}
		}
	}
	return out
}

// distinguished names a packet that shows a break: policy wants it and it is
// lost, or nobody wants it and it gets through; empty when there is none.
func distinguished(m *fabric.Network, before map[question]bool) string {
	o := oracle.New(m, atlas.Default(), nil, 1)
	worst := ""
	for q, was := range before {
		wants := random.Wanted(m, q.from, q.to, q.packet)
		if now := o.Send(q.from, q.to, q.packet).All; now != was && now != wants && !free(m, q) {
			if said := fmt.Sprintf("%v to %v %v is %v", q.from, q.to, q.packet, now); worst == "" || said < worst {
				worst = said
			}
		}
	}
	return worst
}

// free reports whether a subnet's own way to the internet leaves a packet to
// it: what may go out there is no matter of a rule.
func free(n *fabric.Network, q question) bool {
	s, ok := n.Subnet(q.from.Subnet)
	return ok && q.to.Subnet == "" && q.to.Site == "" && s.Internet != fabric.NoInternet
}

// errorsOf gives a name to each error that the proof reports of a network.
func errorsOf(n *fabric.Network) map[string]bool {
	out := map[string]bool{}
	for _, f := range verify.New(n, atlas.Default()).Findings() {
		if f.Severity == diag.Error {
			out[fmt.Sprint(f.Code, f.Object, f.Pos, f.Summary)] = true
		}
	}
	return out
}
