package firewall

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

func TestCheck(t *testing.T) {
	good := nodeconf.Filter{ID: "f", Kind: nodeconf.Stateful, Ingress: nodeconf.Drop, Egress: nodeconf.Accept}
	rule := nodeconf.FilterRule{Name: "r", Direction: nodeconf.Ingress, Verdict: nodeconf.Accept}
	with := func(change func(f *nodeconf.Filter, r *nodeconf.FilterRule)) Rules {
		f, r := good, rule
		change(&f, &r)
		f.Rules = append(f.Rules, r)
		return Rules{Filters: []nodeconf.Filter{f}}
	}
	p := netip.MustParsePrefix
	for _, tt := range []struct {
		name  string
		rules Rules
		want  string // in the error; empty for none
	}{
		{"good", with(func(*nodeconf.Filter, *nodeconf.FilterRule) {}), ""},
		{"no kind", with(func(f *nodeconf.Filter, _ *nodeconf.FilterRule) { f.Kind = "" }), `kind ""`},
		{"no default", with(func(f *nodeconf.Filter, _ *nodeconf.FilterRule) { f.Egress = "" }), `default verdict ""`},
		{"no direction", with(func(_ *nodeconf.Filter, r *nodeconf.FilterRule) { r.Direction = "" }), `direction ""`},
		{"unknown verdict", with(func(_ *nodeconf.Filter, r *nodeconf.FilterRule) { r.Verdict = "reject" }), `verdict "reject"`},
		{"a default's name", with(func(_ *nodeconf.Filter, r *nodeconf.FilterRule) { r.Name = "default-egress" }), `rule "default-egress"`},
		{"one name twice", with(func(f *nodeconf.Filter, _ *nodeconf.FilterRule) { f.Rules = []nodeconf.FilterRule{rule} }), `rule "r"`},
		{"no such set", with(func(_ *nodeconf.Filter, r *nodeconf.FilterRule) { r.PeerSet = "x" }), `no set "x"`},
		{"not in no set", with(func(_ *nodeconf.Filter, r *nodeconf.FilterRule) { r.NotPeerSet = true }), "no set is named"},
		{"mapped peers", with(func(_ *nodeconf.Filter, r *nodeconf.FilterRule) { r.Peers = []netip.Prefix{p("::ffff:10.0.0.0/104")} }), "not all prefixes"},
		{"an invalid prefix", with(func(f *nodeconf.Filter, _ *nodeconf.FilterRule) {
			f.Sets = []nodeconf.PrefixSet{{Name: "s", Prefixes: []netip.Prefix{{}}}}
		}), "not all prefixes"},
		{"a long device", with(func(f *nodeconf.Filter, _ *nodeconf.FilterRule) { f.Device = "sixteen-letters-" }), "no name of a device"},
		{"two of one id", Rules{Filters: []nodeconf.Filter{good, good}}, "not the only one"},
		{"nat without a device", Rules{NATs: []nodeconf.NAT{{ID: "n", Source: p("10.0.0.0/8")}}}, "no name of a device"},
		{"nat of IPv6", Rules{NATs: []nodeconf.NAT{{ID: "n", Device: "d", Source: p("fd00::/8")}}}, "no IPv4 prefix"},
		{"nat both ways of many", Rules{NATs: []nodeconf.NAT{{ID: "n", Device: "d", Source: p("10.0.0.0/8"), To: netip.MustParseAddr("192.0.2.1"), Both: true}}}, "both ways"},
		{"a small segment", Rules{MSS: map[string]int{"d": 0}}, "0 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := fmt.Sprint(check(&tt.rules))
			if tt.want == "" && got != "<nil>" || !strings.Contains(got, tt.want) {
				t.Errorf("check = %v, want %q", got, tt.want)
			}
		})
	}
}

func TestSpansOf(t *testing.T) {
	p, a := netip.MustParsePrefix, netip.MustParseAddr
	for _, tt := range []struct {
		name string
		list []netip.Prefix
		want []span
	}{
		{"none", nil, nil},
		{"IPv6 is left out", []netip.Prefix{p("fd00::/8")}, nil},
		{"all", []netip.Prefix{p("0.0.0.0/0"), p("10.0.0.0/8")}, []span{{a("0.0.0.0"), a("255.255.255.255")}}},
		{"what touches is one", []netip.Prefix{p("10.0.2.0/24"), p("10.0.0.0/23"), p("10.0.4.0/24")}, []span{{a("10.0.0.0"), a("10.0.2.255")}, {a("10.0.4.0"), a("10.0.4.255")}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, spansOf(tt.list), cmp.AllowUnexported(span{}), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
				t.Errorf("spansOf(%v) (-want +got):\n%s", tt.list, diff)
			}
		})
	}
}

func FuzzParsePacket(f *testing.F) {
	f.Add(append(append([]byte{0x45, 0, 0, 24, 0, 0, 0, 0, 64, 17, 0, 0}, 10, 0, 0, 1, 10, 0, 0, 2), 0, 80, 1, 187))
	f.Add([]byte{0x4f, 0})
	f.Add([]byte{0x60, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		p, ok := parsePacket(b)
		if ok && (!p.Source.Is4() || !p.Destination.Is4()) {
			t.Errorf("parsePacket(%x) = %+v, want IPv4 addresses", b, p)
		}
		if ok && !p.Proto.HasPorts() && (p.Port != 0 || p.SourcePort != 0) {
			t.Errorf("parsePacket(%x) = %+v, want no ports of %v", b, p, vocab.Proto(b[9]))
		}
		if !bytes.Equal(b, before) {
			t.Errorf("parsePacket changes what it reads")
		}
	})
}

func FuzzParseNote(f *testing.F) {
	f.Add([]byte{2, 0, 0, 86, 8, 0, 10, 0, 'a', 0, 0, 0, 6, 0, 9, 0, 0x45, 0, 0, 0})
	f.Add([]byte{2, 0, 0, 86, 3, 0, 10, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if prefix, payload, ok := parseNote(b); ok && (prefix == "" || payload == nil) {
			t.Errorf("parseNote(%x) = %q, %x, true", b, prefix, payload)
		}
	})
}
