package fabric

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tieline/tieline/internal/vocab"
)

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func endNetwork() *Network {
	return &Network{
		Sites: []Site{
			{ID: "a", Cloud: vocab.AWS},
			{ID: "g", Cloud: vocab.GCP},
			{ID: "hq", Cloud: vocab.OnPrem, Prefixes: []netip.Prefix{pfx("10.200.0.0/16")}},
		},
		Segments: []Segment{{ID: "data"}, {ID: "web"}, {ID: "void"}},
		VPCs: []VPC{
			{ID: "a/legacy", Name: "legacy", Sites: []SiteID{"a"}, Existing: "vpc-1", Prefixes: []netip.Prefix{pfx("10.9.0.0/16")}},
			{ID: "a/ml", Name: "ml", Sites: []SiteID{"a"}},
			{ID: "a/one", Name: "one", Sites: []SiteID{"a"}},
			{ID: "net:ml", Name: "ml", Sites: []SiteID{"g"}},
		},
		Subnets: []Subnet{
			{ID: "a/ml/_nat", VPC: "a/ml", Site: "a", Purpose: NATSubnet, Prefix: pfx("10.1.9.0/24")},
			{ID: "a/ml/db", VPC: "a/ml", Site: "a", Segment: "data", Prefix: pfx("10.1.0.0/24")},
			{ID: "a/ml/web", VPC: "a/ml", Site: "a", Segment: "web", Prefix: pfx("10.1.1.0/24")},
			{ID: "a/one/one", VPC: "a/one", Site: "a", Prefix: pfx("10.4.0.0/24")},
			{ID: "g/ml/web", VPC: "net:ml", Site: "g", Segment: "web", Prefix: pfx("10.2.0.0/24")},
		},
	}
}

func TestEnd(t *testing.T) {
	for _, test := range []struct {
		ref  string
		want PolicyEnd
	}{
		{"internet", PolicyEnd{Internet: true}},
		{"10.3.4.5", PolicyEnd{Prefixes: []netip.Prefix{pfx("10.3.4.5/32")}}},
		{"10.3.4.5/16", PolicyEnd{Prefixes: []netip.Prefix{pfx("10.3.0.0/16")}}},
		{"web", PolicyEnd{Subnets: []SubnetID{"a/ml/web", "g/ml/web"}, Prefixes: []netip.Prefix{pfx("10.1.1.0/24"), pfx("10.2.0.0/24")}}},
		{"g:web", PolicyEnd{Subnets: []SubnetID{"g/ml/web"}, Prefixes: []netip.Prefix{pfx("10.2.0.0/24")}}},
		{"hq", PolicyEnd{Prefixes: []netip.Prefix{pfx("10.200.0.0/16")}}},
		{"a", PolicyEnd{Subnets: []SubnetID{"a/ml/db", "a/ml/web", "a/one/one"}, Prefixes: []netip.Prefix{pfx("10.1.0.0/23"), pfx("10.4.0.0/24"), pfx("10.9.0.0/16")}}},
		{"a/one", PolicyEnd{Subnets: []SubnetID{"a/one/one"}, Prefixes: []netip.Prefix{pfx("10.4.0.0/24")}}},
		{"a/legacy", PolicyEnd{Prefixes: []netip.Prefix{pfx("10.9.0.0/16")}}},
		{"a/ml", PolicyEnd{Subnets: []SubnetID{"a/ml/db", "a/ml/web"}, Prefixes: []netip.Prefix{pfx("10.1.0.0/23")}}},
		{"g/ml", PolicyEnd{Subnets: []SubnetID{"g/ml/web"}, Prefixes: []netip.Prefix{pfx("10.2.0.0/24")}}},
		{"db", PolicyEnd{Subnets: []SubnetID{"a/ml/db"}, Prefixes: []netip.Prefix{pfx("10.1.0.0/24")}}},
		{"a/web", PolicyEnd{Subnets: []SubnetID{"a/ml/web"}, Prefixes: []netip.Prefix{pfx("10.1.1.0/24")}}},
	} {
		test.want.Ref = test.ref
		got, err := endNetwork().End(test.ref)
		if err != nil {
			t.Errorf("End(%q): %v", test.ref, err)
			continue
		}
		if d := cmp.Diff(test.want, got, cmpopts.EquateComparable(netip.Prefix{}), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("End(%q):\n%s", test.ref, d)
		}
	}
}

func TestEndErrors(t *testing.T) {
	for _, test := range []struct{ ref, want, hint string }{
		{"wbe", `nothing is called "wbe"`, `did you mean "web"?`},
		{"b:web", `there is no site "b"`, ""},
		{"a:wbe", `there is no segment "wbe"`, `did you mean "web"?`},
		{"void", `no subnet is in "void"`, ""},
		{"ml", `"ml" is 2 things`, "say which: a/ml, net:ml"},
		{"fd00::1", `not supported yet: IPv6 address fd00::1`, ""},
	} {
		_, err := endNetwork().End(test.ref)
		e, ok := err.(*EndError)
		if !ok || e.Summary != test.want || test.hint != "" && e.Hint != test.hint {
			t.Errorf("End(%q) = %+v, want %s (hint %s)", test.ref, err, test.want, test.hint)
		}
	}
}
