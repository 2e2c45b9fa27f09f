package prefix

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestParsePrefixStrict(t *testing.T) {
	for _, tt := range []struct{ in, want, wantErr string }{
		{in: "10.1.0.0/16", want: "10.1.0.0/16"},
		{in: "fd00:1::/48", want: "fd00:1::/48"},
		{in: "0.0.0.0/0", want: "0.0.0.0/0"},
		{in: "10.1.2.3/16", wantErr: "the network of 10.1.2.3 is 10.1.0.0/16"},
		{in: "fd00::1/64", wantErr: "the network of fd00::1 is fd00::/64"},
		{in: "10.1.2.3", wantErr: "its prefix is 10.1.2.3/32"},
		{in: "::ffff:10.0.0.0/104", wantErr: "write 10.0.0.0/8"},
		{in: "10.0.0.0/33", wantErr: "not a prefix"},
		{in: "10.0.0/24", wantErr: "not a prefix"},
		{in: "", wantErr: "not a prefix"},
	} {
		got, err := ParsePrefixStrict(tt.in)
		switch {
		case tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)):
			t.Errorf("ParsePrefixStrict(%q) error = %v, want one with %q", tt.in, err, tt.wantErr)
		case tt.wantErr == "" && (err != nil || got != pfx(tt.want)):
			t.Errorf("ParsePrefixStrict(%q) = %v, %v, want %s", tt.in, got, err, tt.want)
		}
	}
}

func TestLastAndNthAddr(t *testing.T) {
	for _, tt := range []struct {
		p    string
		i    uint64
		nth  string // "" when there is none
		last string
	}{
		{"10.0.0.0/30", 2, "10.0.0.2", "10.0.0.3"},
		{"10.0.0.0/30", 4, "", "10.0.0.3"},
		{"10.0.0.7/32", 0, "10.0.0.7", "10.0.0.7"},
		{"0.0.0.0/0", 1<<32 - 1, "255.255.255.255", "255.255.255.255"},
		{"0.0.0.0/0", 1 << 32, "", "255.255.255.255"},
		{"fd00::/64", 1<<64 - 1, "fd00::ffff:ffff:ffff:ffff", "fd00::ffff:ffff:ffff:ffff"},
		{"fd00::/48", 3, "fd00::3", "fd00::ffff:ffff:ffff:ffff:ffff"},
	} {
		got, ok := NthAddr(pfx(tt.p), tt.i)
		if ok != (tt.nth != "") || ok && got != netip.MustParseAddr(tt.nth) {
			t.Errorf("NthAddr(%s, %d) = %v, %v, want %q", tt.p, tt.i, got, ok, tt.nth)
		}
		if got := LastAddr(pfx(tt.p)); got != netip.MustParseAddr(tt.last) {
			t.Errorf("LastAddr(%s) = %v, want %s", tt.p, got, tt.last)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		p    string
		n    int
		want []netip.Prefix
	}{
		{"10.0.0.0/16", 1, pfxs("10.0.0.0/16")},
		{"10.0.0.0/16", 2, pfxs("10.0.0.0/17", "10.0.128.0/17")},
		{"10.0.0.0/16", 3, pfxs("10.0.0.0/18", "10.0.64.0/18", "10.0.128.0/18")},
		{"255.255.255.254/31", 2, pfxs("255.255.255.254/32", "255.255.255.255/32")},
		{"10.0.0.0/32", 2, nil},
		{"10.0.0.0/16", 0, nil},
		{"fd00::/48", 2, pfxs("fd00::/49", "fd00:0:0:8000::/49")},
	} {
		if got := Split(pfx(tt.p), tt.n); !slices.Equal(got, tt.want) {
			t.Errorf("Split(%s, %d) = %v, want %v", tt.p, tt.n, got, tt.want)
		}
	}
}

func TestCompareAndCovers(t *testing.T) {
	want := pfxs("0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/16", "10.1.0.0/16", "::/0", "fd00::/8")
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, Compare)
	if !slices.Equal(got, want) {
		t.Errorf("sorted by Compare: %v, want %v", got, want)
	}
	for _, tt := range []struct {
		outer, inner string
		want         bool
	}{
		{"10.0.0.0/8", "10.1.0.0/16", true},
		{"10.0.0.0/8", "10.0.0.0/8", true},
		{"10.1.0.0/16", "10.0.0.0/8", false},
		{"::/0", "10.0.0.0/8", false},
	} {
		if got := Covers(pfx(tt.outer), pfx(tt.inner)); got != tt.want {
			t.Errorf("Covers(%s, %s) = %v, want %v", tt.outer, tt.inner, got, tt.want)
		}
	}
}
