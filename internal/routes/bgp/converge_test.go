package bgp_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/routes/bgp"
	"github.com/tieline/tieline/internal/vocab"
)

// network joins speakers by one tunnel for each pair, and lets the first bring
// a prefix in.
func network(asns []vocab.ASN, hands bgp.HandsOn, pairs ...[2]int) *bgp.Machine {
	m := bgp.New(nil)
	for g, asn := range asns {
		m.AddNode(bgp.Node{Gateway: g, ASN: asn, HandsOn: hands})
	}
	for t, pair := range pairs {
		b := bgp.Bundle{Kind: bgp.TunnelBundle, Tunnels: []int{t}, Attachment: -1}
		for e, g := range pair {
			b.Ends[e] = bgp.End{Gateway: g, Announce: g, Learn: []int{g}}
		}
		m.Bundles = append(m.Bundles, b)
	}
	m.Originate(netip.MustParsePrefix("10.0.0.0/16"), bgp.Origin{Node: 0, Attachment: -1})
	m.Ready()
	return m
}

// standing is all of a machine, but for the bundles that have failed.
func standing(m *bgp.Machine, gateways int, failed ...int) bgp.Standing {
	s := bgp.Standing{Bundles: make([]bool, len(m.Bundles)), GatewaysDown: make([]bool, gateways)}
	for b := range s.Bundles {
		s.Bundles[b] = true
	}
	for _, b := range failed {
		s.Bundles[b] = false
	}
	return s
}

func TestConverge(t *testing.T) {
	square := [][2]int{{0, 1}, {1, 2}, {0, 3}, {3, 2}}
	for _, tc := range []struct {
		name   string
		asns   []vocab.ASN
		hands  bgp.HandsOn
		pairs  [][2]int
		failed []int
		at     int
		path   []vocab.ASN // nil: it does not hold the prefix
		tied   int
		loop   bool
	}{
		{name: "a neighbour hears the origin", asns: []vocab.ASN{65001, 65002}, pairs: [][2]int{{0, 1}}, at: 1, path: []vocab.ASN{65001}},
		{name: "nothing is handed on", asns: []vocab.ASN{65001, 65002, 65003}, pairs: [][2]int{{0, 1}, {1, 2}}, at: 2},
		{name: "all is handed on", asns: []vocab.ASN{65001, 65002, 65003}, hands: bgp.HandsAll, pairs: [][2]int{{0, 1}, {1, 2}}, at: 2, path: []vocab.ASN{65002, 65001}},
		{name: "a path with the own number is refused", asns: []vocab.ASN{65001, 65002, 65001}, hands: bgp.HandsAll, pairs: [][2]int{{0, 1}, {1, 2}}, at: 2, loop: true},
		{name: "of equal ways one is used", asns: []vocab.ASN{65001, 65002, 65003, 65004}, hands: bgp.HandsAll, pairs: square, at: 2, path: []vocab.ASN{65002, 65001}, tied: 1},
		{name: "the other takes over", asns: []vocab.ASN{65001, 65002, 65003, 65004}, hands: bgp.HandsAll, pairs: square, failed: []int{1}, at: 2, path: []vocab.ASN{65004, 65001}},
		{name: "the long way round", asns: []vocab.ASN{65001, 65002, 65003, 65004}, hands: bgp.HandsAll, pairs: square, failed: []int{0}, at: 1, path: []vocab.ASN{65003, 65004, 65001}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := network(tc.asns, tc.hands, tc.pairs...)
			healthy := m.Converge(standing(m, len(tc.asns)), nil, nil, nil)
			m.Watchers(healthy)
			for _, base := range []*bgp.State{nil, healthy} {
				r := m.Converge(standing(m, len(tc.asns), tc.failed...), base, nil, nil).Results[0][tc.at]
				if diff := cmp.Diff(tc.path, r.Path); diff != "" || r.Has != (tc.path != nil) {
					t.Errorf("path at %d (with base: %v) = %v, held %v (-want +got):\n%s", tc.at, base != nil, r.Path, r.Has, diff)
				}
				if len(r.Tied) != tc.tied || (r.Loop > 0) != tc.loop {
					t.Errorf("ties at %d = %v, loop = %v, want %d, %v", tc.at, r.Tied, r.Loop > 0, tc.tied, tc.loop)
				}
			}
		})
	}
}
