package rib

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tieline/tieline/internal/nodeconf"
)

// TestExportsAsTold holds that costs are added, prefixes withheld, numbers
// inserted, and that only listed prefixes are learned where there is a list.
func TestExportsAsTold(t *testing.T) {
	p := netip.MustParsePrefix
	base, costly := uint32(100), uint32(305)
	r := New([]nodeconf.Table{
		{Name: "all", Learn: []nodeconf.Learn{{Sessions: []string{"in"}, Preference: 1}}},
		{Name: "some", Learn: []nodeconf.Learn{{Sessions: []string{"in"}, Only: []netip.Prefix{p("10.1.0.0/16")}, Preference: 1}}},
	}, []nodeconf.Session{
		{ID: "in", ASN: 1, PeerASN: 2},
		{
			ID: "out", ASN: 1, PeerASN: 3, Export: "all", MED: &base, Insert: []uint32{7, 7}, Withhold: []netip.Prefix{p("0.0.0.0/0")},
			Announce: []nodeconf.Announce{{Prefix: p("10.9.0.0/16")}, {Prefix: p("10.8.0.0/16"), Cost: 205}},
		},
		{ID: "listed", ASN: 1, PeerASN: 4, Export: "some"},
	})
	r.Update("in", []Learned{
		{Prefix: p("0.0.0.0/0"), Path: []uint32{2}},
		{Prefix: p("10.1.0.0/16"), Path: []uint32{2, 5}},
		{Prefix: p("10.2.0.0/16"), Path: []uint32{2}},
	}, nil)
	want := []Export{
		{Prefix: p("10.1.0.0/16"), Path: []uint32{7, 7, 2, 5}, MED: &base},
		{Prefix: p("10.2.0.0/16"), Path: []uint32{7, 7, 2}, MED: &base},
		{Prefix: p("10.8.0.0/16"), Path: []uint32{7, 7}, MED: &costly},
		{Prefix: p("10.9.0.0/16"), Path: []uint32{7, 7}, MED: &base},
	}
	opts := []cmp.Option{cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }), cmpopts.EquateEmpty()}
	if d := cmp.Diff(want, r.Exports("out"), opts...); d != "" {
		t.Errorf("Exports(out) (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]Export{{Prefix: p("10.1.0.0/16"), Path: []uint32{2, 5}}}, r.Exports("listed"), opts...); d != "" {
		t.Errorf("Exports(listed) (-want +got):\n%s", d)
	}
}
