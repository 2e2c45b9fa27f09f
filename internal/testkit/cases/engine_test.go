package cases_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/testkit/cases"
	"github.com/tieline/tieline/internal/testkit/oracle"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// TestProof holds the proof against what is known by hand: the verdict on
// every packet, and the events that the control plane must report.
func TestProof(t *testing.T) {
	for _, c := range cases.All() {
		t.Run(c.Name, func(t *testing.T) {
			proof := verify.New(c.Net, atlas.Default())
			for _, p := range c.Packets {
				s := vocab.Service{Proto: p.Header().Proto, Ports: vocab.PortRange{First: p.Header().DstPort, Last: p.Header().DstPort}}
				got := proof.Flow(end(p.From), end(p.To), s).Verdict
				want := verify.Blocked
				if p.Passes {
					want = verify.Reachable
				}
				if !c.Chance && got != want {
					t.Errorf("Flow(%v, %v, %v) = %v, want %v: %s", p.From, p.To, s, got, want, c.Why)
				}
			}
			for _, e := range proof.Tables.Events {
				if e.Table == "" && e.Gateway == "" && e.Tunnel == "" {
					t.Errorf("event %q names no table, gateway or tunnel", e.Text)
				}
			}
			for _, kind := range c.Events {
				if !slices.ContainsFunc(proof.Tables.Events, func(e routes.Event) bool { return e.Kind == kind }) {
					t.Errorf("no event of kind %d among %v, want one: %s", kind, proof.Tables.Events, c.Why)
				}
			}
		})
	}
}

func end(m oracle.Machine) fabric.PolicyEnd {
	return fabric.PolicyEnd{Ref: m.Addr.String(), Prefixes: []netip.Prefix{netip.PrefixFrom(m.Addr, m.Addr.BitLen())}}
}
