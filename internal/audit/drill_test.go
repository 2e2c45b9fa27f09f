package audit

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
)

func TestDrills(t *testing.T) {
	today := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	good := Drill{At: today.AddDate(0, 0, -90).Add(13 * time.Hour), Lock: "aa", Kinds: []routes.PartKind{routes.TunnelPart, routes.RegionPart}}
	with := func(change func(*Drill)) *Drill {
		d := good
		change(&d)
		return &d
	}
	linked := &fabric.Network{Name: "shop", Pools: make([]netip.Prefix, 1), Links: []fabric.Link{{ID: "a--b"}}}
	read, alone := *linked, *linked
	read.Pools, alone.Links = nil, nil
	tests := []struct {
		name  string
		net   *fabric.Network
		drill *Drill
		want  []string
	}{
		{"none", linked, nil, []string{"no drill of this network is on record"}},
		{"none, of one place", &alone, nil, nil},
		{"none, of a network that was read", &read, nil, nil},
		{"90 days ago", linked, &good, nil},
		{"91 days ago", linked, with(func(d *Drill) { d.At = d.At.AddDate(0, 0, -1) }), []string{"the last drill, of 2026-08-25, is 91 days old, more than 90"}},
		{"of another lock", linked, with(func(d *Drill) { d.Lock = "bb" }), []string{"the last drill, of 2026-08-26, was of a network with other allocations"}},
		{"of a cloud", linked, with(func(d *Drill) { d.Kinds = []routes.PartKind{routes.CloudPart} }), nil},
		{"of tunnels and links", linked, with(func(d *Drill) { d.Kinds = []routes.PartKind{routes.TunnelPart, routes.LinkPart} }), []string{"the last drill, of 2026-08-26, made no cloud or region fail"}},
		{"not read", linked, &Drill{Lock: "aa", Unread: "x.json: no drill report"}, []string{"what drills there were cannot be read: x.json: no drill report"}},
		{"against the proof", linked, with(func(d *Drill) { d.Against = 2 }), []string{"in the last drill, of 2026-08-26, 2 flows did otherwise than the proof says"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := &auditor{n: tt.net, in: Input{Drill: tt.drill, Lock: "aa", Today: today}}
			u.drills()
			var got []string
			for _, f := range u.out {
				got = append(got, f.Summary)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("drills() with %+v (-want +got):\n%s", tt.drill, diff)
			}
		})
	}
}
