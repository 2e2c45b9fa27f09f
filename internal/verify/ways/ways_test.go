package ways

import (
	"slices"
	"testing"

	"github.com/tieline/tieline/internal/fabric"
)

// TestDiffer: each link's ends choose by themselves, also where each of two
// links is at one device; those that both directions cross at one do not.
func TestDiffer(t *testing.T) {
	end := func(link, tunnel, device string) DeviceEnd {
		return DeviceEnd{"office/cpe", fabric.LinkID(link), fabric.TunnelID(tunnel), device}
	}
	a0, a1, b1, b2 := end("a", "a/0", "#0"), end("a", "a/1", "#1"), end("b", "b/1", "#1"), end("b", "b/2", "#1")
	tests := []struct {
		name        string
		there, back []DeviceEnd
		want        []DeviceEnd // nil where they do not differ
		apart       bool
	}{
		{"nothing there", nil, []DeviceEnd{a0}, nil, false},
		{"nothing back", []DeviceEnd{a0}, nil, nil, false},
		{"one tunnel", []DeviceEnd{a0}, []DeviceEnd{a0}, nil, false},
		{"two devices of one link", []DeviceEnd{a0, a1}, []DeviceEnd{a0}, []DeviceEnd{a1, a0}, true},
		{"in by one and out by the other, both ways", []DeviceEnd{a0, b1}, []DeviceEnd{a0, b1}, nil, false},
		{"two tunnels of one device", []DeviceEnd{b1}, []DeviceEnd{b1, b2}, []DeviceEnd{b1, b2}, false},
		{"there by one link and back by another", []DeviceEnd{a0}, []DeviceEnd{b1}, []DeviceEnd{a0, b1}, true},
		{"there by one device, back by both", []DeviceEnd{a0}, []DeviceEnd{a0, b1}, []DeviceEnd{a0, b1}, true},
		{"two links at one device", []DeviceEnd{a1}, []DeviceEnd{b1}, []DeviceEnd{a1, b1}, false},
	}
	for _, tt := range tests {
		x, y, apart, ok := differ(tt.there, tt.back)
		var got []DeviceEnd
		if ok {
			got = []DeviceEnd{x, y}
		}
		if !slices.Equal(got, tt.want) || ok && apart != tt.apart {
			t.Errorf("%s: differ(%v, %v) = %v, two devices %t, want %v, %t", tt.name, tt.there, tt.back, got, apart, tt.want, tt.apart)
		}
	}
}

// TestUnshared: what all ways have in common tells no ways apart.
func TestUnshared(t *testing.T) {
	type ways = [][]fabric.LinkID
	tests := []struct {
		name       string
		ways, want ways
	}{
		{"none", nil, nil},
		{"begin and end", ways{{"a", "b", "z"}, {"a", "c", "d", "z"}}, ways{{"b"}, {"c", "d"}}},
		{"one inside the other", ways{{"a"}, {"a", "b"}}, ways{{}, {"b"}}},
		{"the same", ways{{"a", "b"}, {"a", "b"}}, ways{{}, {}}},
		{"no link", ways{{}, {"b"}}, ways{{}, {"b"}}},
	}
	for _, tt := range tests {
		in := make(ways, len(tt.ways))
		for i := range in {
			in[i] = slices.Clone(tt.ways[i])
		}
		if got := unshared(in); !slices.EqualFunc(got, tt.want, slices.Equal[[]fabric.LinkID]) {
			t.Errorf("%s: unshared(%v) = %v, want %v", tt.name, tt.ways, got, tt.want)
		}
	}
}

// TestWithout: of ways there and back the first that is on one side only.
func TestWithout(t *testing.T) {
	x, y := []fabric.LinkID{"x"}, []fabric.LinkID{"y", "z"}
	for _, tt := range []struct {
		name         string
		ways, others [][]fabric.LinkID
		want         []fabric.LinkID
	}{
		{"the same", [][]fabric.LinkID{x, y}, [][]fabric.LinkID{y, x}, nil},
		{"more packets", [][]fabric.LinkID{x, y}, [][]fabric.LinkID{x}, y},
		{"more replies", [][]fabric.LinkID{x}, [][]fabric.LinkID{x, y}, nil},
	} {
		if got := without(tt.ways, tt.others); !slices.Equal(got, tt.want) {
			t.Errorf("%s: without(%v, %v) = %v, want %v", tt.name, tt.ways, tt.others, got, tt.want)
		}
	}
}
