package firewall

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/testkit/netlab"
)

// hub is a node whose packets pass three tables on the way to the internet: a
// spoke's, a hub's and the one with the NAT, by pairs of devices.
func hub() *nodeconf.Config {
	p := netip.MustParsePrefix
	route := func(prefix, via string) nodeconf.Route { return nodeconf.Route{Prefix: p(prefix), Via: []string{via}} }
	return &nodeconf.Config{
		NATs: []nodeconf.NAT{{ID: "egress", Device: "wan", Source: p("10.0.0.0/8"), To: netip.MustParseAddr("198.51.100.2")}},
		Tables: []nodeconf.Table{
			{ID: 100, Name: "spoke", Routes: []nodeconf.Route{route("0.0.0.0/0", "a0"), route("10.0.0.0/24", "in")}},
			{ID: 101, Name: "hub", Routes: []nodeconf.Route{route("0.0.0.0/0", "b0"), route("10.0.0.0/24", "a1")}},
			{ID: 102, Name: "egress", Routes: []nodeconf.Route{route("0.0.0.0/0", "wan"), route("10.0.0.0/24", "b1")}},
			{ID: 103, Name: "learns", Learn: []nodeconf.Learn{{Table: "egress"}}},
			{ID: 104, Name: "learns by the hub", Learn: []nodeconf.Learn{{Table: "egress", Via: "b0"}, {Sessions: []string{"s"}}}},
			{ID: 105, Name: "learns by a session", Learn: []nodeconf.Learn{{Sessions: []string{"out"}}}},
		},
		Sessions: []nodeconf.Session{{ID: "s", Device: "in"}, {ID: "out", Device: "in", Via: "wan"}},
		Rules: []nodeconf.Rule{
			{Device: "in", Table: 100},
			{Device: "a0", Table: 100},
			{Device: "a1", Table: 101},
			{Device: "b0", Table: 101},
			{Device: "b1", Table: 102},
			{Device: "wan", Table: 102},
		},
	}
}

func TestUntracked(t *testing.T) {
	c := hub()
	if diff := cmp.Diff([]string{"a0", "a1", "b0", "in"}, Untracked(c)); diff != "" {
		t.Errorf("Untracked (-want +got):\n%s", diff)
	}
	c.Rules = []nodeconf.Rule{{Device: "x", Table: 103}, {Device: "y", Table: 104}, {Device: "z", Table: 105}, {Device: "unknown", Table: 7}}
	if diff := cmp.Diff([]string{"y"}, Untracked(c)); diff != "" {
		t.Errorf("Untracked of tables that learn (-want +got):\n%s", diff)
	}
	c.NATs = nil
	if got := Untracked(c); got != nil {
		t.Errorf("Untracked without NAT = %v, want none", got)
	}
}

// TestTranslationAfterPairs sends a connection through tables of one
// namespace before its source is translated.
func TestTranslationAfterPairs(t *testing.T) {
	l := netlab.New(t)
	inside, router, world := l.Namespace("inside"), l.Namespace("router"), l.Namespace("world")
	l.Veth(inside, "eth0", router, "in")
	l.Veth(router, "wan", world, "eth0")
	l.Veth(router, "a0", router, "a1")
	l.Veth(router, "b0", router, "b1")
	for _, d := range []string{"in", "wan", "a0", "a1", "b0", "b1"} {
		same(router, d)
		router.Run("sysctl", "-qw", "net.ipv4.conf."+d+".rp_filter=0", "net.ipv4.conf."+d+".accept_local=1")
	}
	same(inside, "eth0")
	same(world, "eth0")
	router.Run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0")
	inside.Address("eth0", netip.MustParsePrefix("10.0.0.2/32"))
	world.Address("eth0", netip.MustParsePrefix("198.51.100.9/32"))
	inside.Run("ip", "route", "add", "default", "dev", "eth0")
	world.Run("ip", "route", "add", "default", "dev", "eth0")
	c := hub()
	for _, table := range c.Tables[:3] {
		for _, r := range table.Routes {
			router.Run("ip", "route", "add", r.Prefix.String(), "dev", r.Via[0], "table", strconv.Itoa(table.ID))
		}
	}
	for _, r := range c.Rules {
		router.Run("ip", "rule", "add", "iif", r.Device, "lookup", strconv.Itoa(r.Table))
	}
	f, err := New(router.FD())
	if err != nil {
		t.Fatal(err)
	}
	set(t, f, Rules{NATs: c.NATs, Untracked: Untracked(c)})
	listenEcho(t, world, "198.51.100.9:80")
	said, err := dial(inside, "198.51.100.9:80", patience)
	if err != nil || !strings.HasPrefix(said, "198.51.100.2:") {
		t.Errorf("the world sees %q, %v, want 198.51.100.2\n%s", said, err, listing(router))
	}
}
