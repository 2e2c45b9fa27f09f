package rib_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tieline/tieline/internal/node/rib"
	"github.com/tieline/tieline/internal/nodeconf"
)

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func session(id, device string, peer uint32) nodeconf.Session {
	return nodeconf.Session{ID: id, Device: device, ASN: 65000, PeerASN: peer}
}

var byPath = []nodeconf.Criterion{nodeconf.LocalPreference, nodeconf.ASPathLength, nodeconf.MED}

func learned(p string, path ...uint32) rib.Learned { return rib.Learned{Prefix: pfx(p), Path: path} }

// held prints the winners of a table.
func held(t *testing.T, r *rib.RIB, name string) []string {
	t.Helper()
	st, ok := r.Table(name)
	if !ok {
		t.Fatalf("Table(%q): no such table", name)
	}
	var out []string
	for _, s := range st.Routes {
		text := s.Prefix.String() + " " + strings.Join(s.Devices, "+")
		if s.Learned {
			text += " by " + strings.Join(s.Sessions, "+")
		}
		out = append(out, text)
	}
	return out
}

func TestWinners(t *testing.T) {
	two := []nodeconf.Session{session("a", "t1", 65001), session("b", "t2", 65001), session("c", "t3", 65002)}
	from := []nodeconf.Learn{{Sessions: []string{"a", "b", "c"}, Preference: 100}}
	for _, tt := range []struct {
		name   string
		tables []nodeconf.Table
		learn  map[string][]rib.Learned
		want   []string // of the last table
	}{
		{
			name:   "equal cost up to the number of paths",
			tables: []nodeconf.Table{{Name: "t", Paths: 2, Compare: byPath, Learn: from}},
			learn:  map[string][]rib.Learned{"a": {learned("10.0.0.0/8", 1)}, "b": {learned("10.0.0.0/8", 2)}, "c": {learned("10.0.0.0/8", 3)}},
			want:   []string{"10.0.0.0/8 t1+t2 by a+b"},
		},
		{
			name:   "the shorter path wins",
			tables: []nodeconf.Table{{Name: "t", Paths: 4, Compare: byPath, Learn: from}},
			learn:  map[string][]rib.Learned{"a": {learned("10.0.0.0/8", 1, 1)}, "b": {learned("10.0.0.0/8", 2)}},
			want:   []string{"10.0.0.0/8 t2 by b"},
		},
		{
			name: "the cost of the way adds to the MED, and over tables too",
			tables: []nodeconf.Table{
				{Name: "far", Paths: 4, Compare: byPath, Learn: []nodeconf.Learn{{Sessions: []string{"a"}, Cost: 20}}},
				{Name: "t", Paths: 4, Compare: []nodeconf.Criterion{nodeconf.MED}, Learn: []nodeconf.Learn{{Table: "far", Via: "veth", Cost: 30}, {Sessions: []string{"b"}, Cost: 49}}},
			},
			learn: map[string][]rib.Learned{"a": {learned("10.0.0.0/8", 1), learned("10.1.0.0/16", 1)}, "b": {learned("10.0.0.0/8", 2, 2)}},
			want:  []string{"10.0.0.0/8 t2 by b", "10.1.0.0/16 veth by a"},
		},
		{
			name: "a configured route of the same preference stands before",
			tables: []nodeconf.Table{{Name: "t", Paths: 4, Learn: from, Routes: []nodeconf.Route{
				{Prefix: pfx("10.0.0.0/8"), Via: []string{"eth0"}, Preference: 100}, {Prefix: pfx("10.1.0.0/16"), Via: []string{"eth0"}, Preference: 101}, {Prefix: pfx("10.2.0.0/16")},
			}}},
			learn: map[string][]rib.Learned{"a": {learned("10.0.0.0/8", 1), learned("10.1.0.0/16", 1)}},
			want:  []string{"10.0.0.0/8 eth0", "10.1.0.0/16 t1 by a", "10.2.0.0/16 "},
		},
		{
			name:   "nothing learned is used inside a firm route",
			tables: []nodeconf.Table{{Name: "t", Paths: 4, Learn: from, Routes: []nodeconf.Route{{Prefix: pfx("10.0.0.0/8"), Via: []string{"eth0"}, Preference: 900, Firm: true}}}},
			learn:  map[string][]rib.Learned{"a": {learned("10.0.0.0/8", 1), learned("10.1.0.0/16", 1), learned("0.0.0.0/0", 1)}},
			want:   []string{"0.0.0.0/0 t1 by a", "10.0.0.0/8 eth0"},
		},
		{
			name:   "beyond the limit the longest go first, then the last",
			tables: []nodeconf.Table{{Name: "t", Paths: 1, Most: 2, Learn: from, Routes: []nodeconf.Route{{Prefix: pfx("10.9.0.0/24"), Via: []string{"eth0"}}}}},
			learn:  map[string][]rib.Learned{"a": {learned("10.1.0.0/24", 1), learned("10.2.0.0/16", 1), learned("10.0.0.0/24", 1), learned("10.3.0.0/16", 1), learned("10.4.0.0/16", 1)}},
			want:   []string{"10.2.0.0/16 t1 by a", "10.3.0.0/16 t1 by a", "10.9.0.0/24 eth0"},
		},
		{
			name: "a table hands on what it learned and not what it was given",
			tables: []nodeconf.Table{
				{Name: "first", Paths: 4, Learn: from, Routes: []nodeconf.Route{{Prefix: pfx("10.5.0.0/16"), Via: []string{"eth0"}}}},
				{Name: "t", Paths: 4, Learn: []nodeconf.Learn{{Table: "first"}}},
			},
			learn: map[string][]rib.Learned{"a": {learned("10.5.0.0/16", 1), learned("10.6.0.0/16", 1)}, "b": {learned("10.6.0.0/16", 1)}},
			want:  []string{"10.6.0.0/16 t1+t2 by a+b"},
		},
		{
			name:   "what is about to go away is the last choice",
			tables: []nodeconf.Table{{Name: "t", Paths: 4, Compare: byPath, Learn: from}},
			learn: map[string][]rib.Learned{
				"a": {{Prefix: pfx("10.0.0.0/8"), Path: []uint32{1}, Communities: []uint32{rib.GracefulShutdown}}},
				"b": {learned("10.0.0.0/8", 1, 2, 3)},
			},
			want: []string{"10.0.0.0/8 t2 by b"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := rib.New(tt.tables, two)
			for _, id := range []string{"a", "b", "c"} {
				r.Update(id, tt.learn[id], nil)
			}
			if diff := cmp.Diff(tt.want, held(t, r, tt.tables[len(tt.tables)-1].Name)); diff != "" {
				t.Errorf("winners (-want +got):\n%s", diff)
			}
		})
	}
}

// TestChanged: only what an update touches counts as changed, through tables
// that learn from each other.
func TestChanged(t *testing.T) {
	a, b := session("a", "t1", 65001), session("b", "t2", 65002)
	b.Export = "edge"
	r := rib.New([]nodeconf.Table{
		{Name: "spoke", Paths: 1, Learn: []nodeconf.Learn{{Table: "edge", Via: "veth"}}},
		{Name: "edge", Paths: 1, Compare: byPath, Learn: []nodeconf.Learn{{Sessions: []string{"a", "b"}}}},
		{Name: "other", Paths: 1, Learn: []nodeconf.Learn{{Sessions: []string{"b"}}}},
	}, []nodeconf.Session{a, b})
	type changed struct{ Tables, Sessions []string }
	now := func() changed {
		tables, sessions := r.Changed()
		return changed{tables, sessions}
	}
	want := func(what string, w changed) {
		t.Helper()
		if diff := cmp.Diff(w, now(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("changed after %s (-want +got):\n%s", what, diff)
		}
	}
	want("New", changed{[]string{"edge", "other", "spoke"}, []string{"a", "b"}})
	r.Update("a", []rib.Learned{learned("10.0.0.0/8", 65001)}, nil)
	want("an update of a", changed{[]string{"edge", "spoke"}, []string{"b"}})
	r.Update("a", []rib.Learned{learned("10.0.0.0/8", 65001)}, nil)
	want("the same update", changed{})
	r.Update("b", []rib.Learned{learned("10.0.0.0/8", 65002, 65003)}, nil)
	want("a longer path of b", changed{Tables: []string{"other"}})
	r.Down("a")
	want("a down", changed{[]string{"edge", "spoke"}, []string{"b"}})
	if diff := cmp.Diff([]string{"10.0.0.0/8 veth by b"}, held(t, r, "spoke")); diff != "" {
		t.Errorf("spoke (-want +got):\n%s", diff)
	}
}

func TestExports(t *testing.T) {
	med := uint32(50)
	a, b, c := session("a", "t1", 65001), session("b", "t2", 65002), session("c", "t3", 65000)
	for _, s := range []*nodeconf.Session{&a, &b, &c} {
		s.Export = "t"
	}
	b.MED, b.Communities = &med, []string{"65000:7"}
	b.Announce = []nodeconf.Announce{{Prefix: pfx("10.7.0.0/16")}}
	c.ExportOnly = []string{"a"}
	tables := []nodeconf.Table{{Name: "t", Paths: 2, Compare: []nodeconf.Criterion{nodeconf.MED}, Learn: []nodeconf.Learn{{Sessions: []string{"a", "b"}, Preference: 1}}, Routes: []nodeconf.Route{
		{Prefix: pfx("10.8.0.0/16"), Via: []string{"eth0"}, Announce: true}, {Prefix: pfx("10.9.0.0/16"), Via: []string{"eth0"}},
	}}}
	r := rib.New(tables, []nodeconf.Session{a, b, c})
	r.Update("a", []rib.Learned{
		{Prefix: pfx("10.0.0.0/16"), Path: []uint32{65001}, Communities: []uint32{1}},
		{Prefix: pfx("10.1.0.0/16"), Path: []uint32{65001}, Communities: []uint32{rib.NoExport}},
		{Prefix: pfx("10.2.0.0/16"), Path: []uint32{65001, 65009}},
		{Prefix: pfx("10.3.0.0/16"), Path: []uint32{65001}, Communities: []uint32{rib.NoAdvertise}},
	}, nil)
	r.Update("b", []rib.Learned{{Prefix: pfx("10.2.0.0/16"), Path: []uint32{65002}}}, nil)
	for _, tt := range []struct {
		session string
		want    []rib.Export
	}{
		{"a", []rib.Export{{Prefix: pfx("10.2.0.0/16"), Path: []uint32{65002}}, {Prefix: pfx("10.8.0.0/16")}}},
		{"b", []rib.Export{
			{Prefix: pfx("10.0.0.0/16"), Path: []uint32{65001}, MED: &med, Communities: []uint32{1, 65000<<16 | 7}},
			{Prefix: pfx("10.7.0.0/16"), MED: &med, Communities: []uint32{65000<<16 | 7}},
			{Prefix: pfx("10.8.0.0/16"), MED: &med, Communities: []uint32{65000<<16 | 7}},
		}},
		{"c", []rib.Export{
			{Prefix: pfx("10.0.0.0/16"), Path: []uint32{65001}, Communities: []uint32{1}},
			{Prefix: pfx("10.1.0.0/16"), Path: []uint32{65001}, Communities: []uint32{rib.NoExport}},
			{Prefix: pfx("10.2.0.0/16"), Path: []uint32{65001, 65009}},
		}},
	} {
		if diff := cmp.Diff(tt.want, r.Exports(tt.session), cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
			t.Errorf("Exports(%q) (-want +got):\n%s", tt.session, diff)
		}
	}
}

func TestValidate(t *testing.T) {
	s := session("a", "t1", 65001)
	s.Communities = []string{"65000:1", "65536:1", "x"}
	errs := rib.Validate([]nodeconf.Table{
		{Name: "a", Learn: []nodeconf.Learn{{Table: "b"}}}, {Name: "b", Learn: []nodeconf.Learn{{Table: "a"}}}, {Name: "c"},
	}, []nodeconf.Session{s})
	var got []string
	for _, err := range errs {
		got = append(got, err.Error())
	}
	want := []string{
		`tables: table "a" learns from itself by way of "b"`,
		`sessions[0].communities[1]: community "65536:1" is not two numbers up to 65535 such as 65000:100`,
		`sessions[0].communities[2]: community "x" is not two numbers up to 65535 such as 65000:100`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Validate (-want +got):\n%s", diff)
	}
}
