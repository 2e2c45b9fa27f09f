package oracle_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/testkit/oracle"
	"github.com/tieline/tieline/internal/testkit/random"
	"github.com/tieline/tieline/internal/vocab"
)

// corpus lists the proved networks that are small enough to be judged naively.
var corpus = []string{
	"../../../examples/minimal", "../../../examples/triangle", "../../../examples/hub-spoke",
	"../../../examples/ml-platform", "../networks/existing", "../networks/accounts",
}

func corpusNetwork(t *testing.T, dir string) *fabric.Network {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "network.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	n, ok := compiled(string(b))
	if !ok {
		t.Fatalf("%s does not compile", dir)
	}
	return n
}

// compiled compiles a spec, and reports whether it has no errors.
func compiled(text string) (*fabric.Network, bool) {
	s, diags := spec.Parse([]spec.File{{Name: "network.yaml", Data: []byte(text)}})
	if diags.HasErrors() {
		return nil, false
	}
	r := compile.Compile(&s, lock.Lock{}, atlas.Default())
	return r.Network, !r.Diags.HasErrors()
}

// TestCorpusAsStated: on the networks that compile designs, the oracle lets
// what policy states through both ways, and nothing else between machines.
func TestCorpusAsStated(t *testing.T) {
	for _, dir := range corpus {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			n := corpusNetwork(t, dir)
			o := oracle.New(n, atlas.Default(), nil, 1)
			all := random.Machines(n)
			for _, from := range all {
				for _, to := range all {
					if from == to {
						continue
					}
					for _, p := range random.Packets(n) {
						want := random.Wanted(n, from, to, p)
						got := o.Send(from, to, p)
						if got.All != got.Some {
							t.Errorf("Send(%v, %v, %v) = %+v, want one answer on every way", from, to, p, got)
						}
						if got.All != want && !excused(n, from, to, p) {
							t.Errorf("Send(%v, %v, %v) = %+v, want %v", from, to, p, got, want)
						}
					}
				}
			}
		})
	}
}

// unjoined are the pairs of sites of the network of accounts that no links
// join, though policy joins their segments.
var unjoined = [][2]fabric.SiteID{{"aws-stockholm", "azure-frankfurt"}, {"azure-frankfurt", "gcp-finland"}, {"aws-stockholm", "gcp-frankfurt"}, {"aws-stockholm", "gcp-finland"}}

// excused reports whether a network is known not to do as stated: GCP and
// Azure cannot tell the ICMP of path MTU discovery from an echo, nothing
// filters between two sites of one's own, and what is not joined is not.
func excused(n *fabric.Network, from, to oracle.Machine, p oracle.Packet) bool {
	x, y := random.SiteOf(n, from), random.SiteOf(n, to)
	t, _ := n.Site(y)
	return !described(n, from, to) || p.Proto == vocab.ICMP && t.Cloud != vocab.AWS || from.Site != "" && to.Site != "" ||
		slices.Contains(unjoined, [2]fabric.SiteID{min(x, y), max(x, y)})
}

// described reports whether the filters of both ends are the network's own:
// a joined network's are not known, and taken as open.
func described(n *fabric.Network, list ...oracle.Machine) bool {
	for _, m := range list {
		if s, ok := n.Subnet(m.Subnet); ok && s.Existing {
			return false
		}
	}
	return true
}
