package bgp

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/nodeconf"
)

func comparePrefixes() cmp.Option {
	return cmp.Comparer(func(x, y netip.Prefix) bool { return x == y })
}

func TestSettle(t *testing.T) {
	route := func(prefix string, path ...uint32) Learned { return Learned{Prefix: pfx(prefix), Path: path} }
	tests := []struct {
		name     string
		conf     nodeconf.Session
		before   []Learned
		received []Learned
		add      []Learned
		withdraw []netip.Prefix
	}{
		{
			name:     "all",
			received: []Learned{route("10.1.0.0/16", 2), route("10.0.0.0/8", 2)},
			add:      []Learned{route("10.0.0.0/8", 2), route("10.1.0.0/16", 2)},
		},
		{
			name:     "refused with all inside, not what is around",
			conf:     nodeconf.Session{Refuse: []netip.Prefix{pfx("10.1.0.0/16")}},
			received: []Learned{route("10.1.0.0/16", 2), route("10.1.2.0/24", 2), route("10.0.0.0/8", 2)},
			add:      []Learned{route("10.0.0.0/8", 2)},
		},
		{
			name:     "a loop is refused, and withdraws what it replaces",
			conf:     nodeconf.Session{ASN: 1},
			before:   []Learned{route("10.1.0.0/16", 2)},
			received: []Learned{route("10.1.0.0/16", 2, 3, 1)},
			withdraw: []netip.Prefix{pfx("10.1.0.0/16")},
		},
		{
			name:     "beyond the limit the longest and then the highest are left out",
			conf:     nodeconf.Session{Most: 2, Beyond: nodeconf.Ignore},
			received: []Learned{route("10.2.0.0/16", 2), route("10.1.0.0/16", 2), route("10.1.1.0/24", 2), route("10.3.0.0/16", 2)},
			add:      []Learned{route("10.1.0.0/16", 2), route("10.2.0.0/16", 2)},
		},
		{
			name:     "what is refused does not count",
			conf:     nodeconf.Session{Most: 1, Beyond: nodeconf.Ignore, Refuse: []netip.Prefix{pfx("10.0.0.0/8")}},
			received: []Learned{route("10.0.0.0/8", 2), route("172.16.0.0/12", 2)},
			add:      []Learned{route("172.16.0.0/12", 2)},
		},
		{
			name:     "only what changed",
			before:   []Learned{route("10.1.0.0/16", 2), route("10.2.0.0/16", 2), route("10.3.0.0/16", 2)},
			received: []Learned{route("10.1.0.0/16", 2), route("10.2.0.0/16", 2, 2)},
			add:      []Learned{route("10.2.0.0/16", 2, 2)},
			withdraw: []netip.Prefix{pfx("10.3.0.0/16")},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAdjacency()
			for _, l := range tt.before {
				a.received[l.Prefix] = l
			}
			a.settle(&nodeconf.Session{})
			clear(a.received)
			for _, l := range tt.received {
				a.received[l.Prefix] = l
			}
			add, withdraw := a.settle(&tt.conf)
			if diff := cmp.Diff(tt.add, add, comparePrefixes()); diff != "" {
				t.Errorf("settle() adds (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.withdraw, withdraw, comparePrefixes()); diff != "" {
				t.Errorf("settle() withdraws (-want +got):\n%s", diff)
			}
			if add, withdraw := a.settle(&tt.conf); len(add)+len(withdraw) > 0 {
				t.Errorf("settle() again = %v, %v, want nothing", add, withdraw)
			}
		})
	}
}

func TestCompose(t *testing.T) {
	sessionMED, own := uint32(100), uint32(7)
	conf := nodeconf.Session{ASN: 1, PeerASN: 2, Prepend: 1, MED: &sessionMED, Communities: []string{"65535:0", "1:2"}}
	got := compose(&conf, []Export{
		{Prefix: pfx("10.1.0.0/16"), Path: []uint32{3}, MED: &own, Communities: []uint32{1<<16 | 2}},
		{Prefix: pfx("10.2.0.0/16")},
		{Prefix: pfx("10.3.0.0/16"), Path: []uint32{3, 2}},
	})
	communities := []uint32{1<<16 | 2, 0xffff0000}
	want := map[string]Export{
		"10.1.0.0/16": {Prefix: pfx("10.1.0.0/16"), Path: []uint32{1, 3}, MED: &own, Communities: communities},
		"10.2.0.0/16": {Prefix: pfx("10.2.0.0/16"), Path: []uint32{1}, MED: &sessionMED, Communities: communities},
	}
	if diff := cmp.Diff(want, got, comparePrefixes()); diff != "" {
		t.Errorf("compose (-want +got):\n%s", diff)
	}
	conf.PeerASN = 1 // internal: the path stays as it is
	got = compose(&conf, []Export{{Prefix: pfx("10.3.0.0/16"), Path: []uint32{3, 2}}})
	if diff := cmp.Diff([]uint32{3, 2}, got["10.3.0.0/16"].Path); diff != "" {
		t.Errorf("compose, internal (-want +got):\n%s", diff)
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name   string
		change func(*nodeconf.Session)
		want   string
	}{
		{name: "good", change: func(*nodeconf.Session) {}},
		{name: "no id", change: func(s *nodeconf.Session) { s.ID = "" }, want: "its id"},
		{name: "no peer", change: func(s *nodeconf.Session) { s.Peer = netip.Addr{} }, want: "two IPv4 addresses"},
		{name: "AS number 0", change: func(s *nodeconf.Session) { s.PeerASN = 0 }, want: "AS numbers"},
		{name: "hold below 3 s", change: func(s *nodeconf.Session) { s.Hold = 2000 }, want: "hold 2000 ms"},
		{name: "hold of half a second", change: func(s *nodeconf.Session) { s.Hold = 3500 }, want: "whole seconds"},
		{name: "keepalive not below hold", change: func(s *nodeconf.Session) { s.Keepalive = 3000 }, want: "keepalive 3000 ms"},
		{name: "limit without what then", change: func(s *nodeconf.Session) { s.Most = 5 }, want: "beyond it"},
		{name: "unknown beyond", change: func(s *nodeconf.Session) { s.Beyond = "panic" }, want: `unknown "panic"`},
		{name: "community", change: func(s *nodeconf.Session) { s.Communities = []string{"65536:1"} }, want: "65000:100"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := conf("s", "d", "192.0.2.1", "192.0.2.2", 1, 2)
			tt.change(&s)
			err := check([]nodeconf.Session{s})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("check() = %v, want %q", err, tt.want)
			}
		})
	}
	twice := conf("s", "d", "192.0.2.1", "192.0.2.2", 1, 2)
	if err := check([]nodeconf.Session{twice, twice}); err == nil {
		t.Error("check() of one id twice = nil, want an error")
	}
}
