package forward

import (
	"net/netip"
	"testing"

	"github.com/tieline/tieline/internal/routes"
)

// TestAddresses: bounds only cut, lists tell classes apart, and what no table
// tells apart is of one class of routes.
func TestAddresses(t *testing.T) {
	p := netip.MustParsePrefix
	x := NewAddresses(&routes.Tables{}, Cut{
		Bounds: []netip.Prefix{p("10.0.0.0/8"), p("2001:db8::/32")},
		Lists:  [][]netip.Prefix{{p("10.1.0.0/16"), p("10.3.0.0/16")}, {p("10.3.0.0/16"), p("0.0.0.0/0")}},
	})
	at := func(a string) int { return x.AtomOf(netip.MustParseAddr(a)) }
	tests := []struct {
		name       string
		a, b       string
		atom, list bool // of one atom, of one class
	}{
		{"inside a prefix", "10.1.0.1", "10.1.255.255", true, true},
		{"either side of a bound", "9.255.255.255", "10.0.0.0", false, true},
		{"held by a list and not", "10.1.0.0", "10.2.0.0", false, false},
		{"held by the same lists", "10.1.0.0", "10.3.0.0", false, true}, // the second list holds every address
		{"the last address", "11.0.0.0", "255.255.255.255", true, true},
	}
	for _, tt := range tests {
		a, b := at(tt.a), at(tt.b)
		if got := a == b; got != tt.atom {
			t.Errorf("%s: %s and %s are of one atom: %v, want %v", tt.name, tt.a, tt.b, got, tt.atom)
		}
		if got := x.Class(a) == x.Class(b); got != tt.list {
			t.Errorf("%s: %s and %s are of one class: %v, want %v", tt.name, tt.a, tt.b, got, tt.list)
		}
	}
	if x.Routes() != 1 {
		t.Errorf("Routes() = %d, want 1: no table has a route", x.Routes())
	}
	if first, last := x.Span(p("10.0.0.0/8")); x.First(first) != p("10.0.0.0/8").Addr() || x.Last(last-1) != netip.MustParseAddr("10.255.255.255") {
		t.Errorf("Span(10.0.0.0/8) = %s to %s", x.First(first), x.Last(last-1))
	}
	if got := x.Host(at("10.1.0.0")); got != netip.MustParseAddr("10.1.0.10") {
		t.Errorf("Host() = %s, want 10.1.0.10", got)
	}
}
