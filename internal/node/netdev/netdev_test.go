package netdev_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tieline/tieline/internal/node/netdev"
	"github.com/tieline/tieline/internal/nodeconf"
)

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func state() netdev.State {
	return netdev.State{
		Devices: []nodeconf.Device{
			{Name: "eth0", ID: "subnet a", MTU: 8500, Addrs: []netip.Prefix{pfx("10.0.0.1/24")}, NoARP: true},
			{Name: "va", ID: "attachment x", Pair: "vb", MTU: 8500},
			{Name: "vb", ID: "attachment x", Pair: "va", MTU: 8500},
			{Name: "uplink", ID: "internet"},
		},
		Tunnels: []nodeconf.Device{{Name: "tun1", ID: "tunnel 1", MTU: 1400, Addrs: []netip.Prefix{pfx("169.254.0.1/30")}}},
		Rules:   []nodeconf.Rule{{Device: "eth0", Table: 100}, {Device: "vb", Table: 300}, {Device: "tun1", Table: 300}, {Device: "lo", Table: 100}},
		Tables: []netdev.Table{
			{ID: 100, Routes: []netdev.Route{{Prefix: pfx("0.0.0.0/0"), Devices: []string{"va"}}, {Prefix: pfx("10.9.0.0/16")}}},
			{ID: 300, Routes: []netdev.Route{{Prefix: pfx("10.0.0.0/24"), Devices: []string{"vb"}}, {Prefix: pfx("10.1.0.0/16"), Devices: []string{"tun1", "uplink"}}, {Prefix: pfx("10.2.0.0/16"), Devices: []string{"tun1"}}}},
		},
	}
}

const held = `link eth0 mtu 8500 noarp alias "tieline" 10.0.0.1/24
link lo mtu 1500
link uplink mtu 1500
link va peer vb mtu 8500 noarp alias "tieline pair"
link vb peer va mtu 8500 noarp alias "tieline pair"
rule 1000: iif eth0 lookup 100
rule 1000: iif tun1 lookup 300
rule 1000: iif vb lookup 300
rule 2000: iif eth0 unreachable
rule 2000: iif tun1 unreachable
rule 2000: iif vb unreachable
rule 33000: iif lo lookup 100
table 100: 0.0.0.0/0 dev va
table 100: 10.9.0.0/16 blackhole
table 300: 10.0.0.0/24 dev vb
table 300: 10.1.0.0/16 dev uplink
`

// without the lines of sysctls.
func links(s string) string {
	var out []string
	for line := range strings.Lines(s) {
		if !strings.HasPrefix(line, "sysctl") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

func reconcile(t *testing.T, k netdev.Kernel, want netdev.State) []string {
	t.Helper()
	changes, err := netdev.Reconcile(k, want)
	if err != nil {
		t.Fatalf("Reconcile: %v", err)
	}
	return changes
}

func TestReconcile(t *testing.T) {
	k := netdev.NewFake("eth0", "uplink")
	reconcile(t, k, state())
	if diff := cmp.Diff(held, links(k.String())); diff != "" {
		t.Fatalf("state (-want +got):\n%s", diff)
	}
	if again := reconcile(t, k, state()); len(again) > 0 {
		t.Errorf("second Reconcile changed %q, want nothing", again)
	}
	for _, tt := range []struct {
		name string
		edit func(*netdev.State)
		want []string
	}{
		{"a route", func(s *netdev.State) { s.Tables[0].Routes[1].Devices = []string{"eth0"} }, []string{"set route 10.9.0.0/16 dev eth0 in table 100"}},
		{"a table gone", func(s *netdev.State) { s.Tables = s.Tables[1:] }, []string{"delete route 10.9.0.0/16 in table 100", "delete route 0.0.0.0/0 in table 100"}},
		{"a rule before", func(s *netdev.State) { s.Rules = slices.Insert(s.Rules, 0, nodeconf.Rule{Device: "va", Table: 100}) }, []string{"add rule 1000: iif va lookup 100", "add rule 2000: iif va unreachable"}},
		{"a rule to another table", func(s *netdev.State) { s.Rules[1].Table = 301 }, []string{"add rule 1000: iif vb lookup 301", "delete rule 1000: iif vb lookup 300"}},
		{"an address", func(s *netdev.State) { s.Devices[0].Addrs = []netip.Prefix{pfx("10.0.0.2/24")} }, []string{"add address 10.0.0.2/24 to eth0", "delete address 10.0.0.1/24 of eth0"}},
		{"a device that stays", func(s *netdev.State) { s.Devices, s.Rules = s.Devices[1:], s.Rules[1:] }, []string{
			"delete address 10.0.0.1/24 of eth0", `set eth0 alias ""`, "delete rule 1000: iif eth0 lookup 100", "delete rule 2000: iif eth0 unreachable",
		}},
		{"a pair gone", func(s *netdev.State) {
			s.Devices = slices.Delete(s.Devices, 1, 3)
			s.Rules = slices.Delete(s.Rules, 1, 2)
			s.Tables[0].Routes, s.Tables[1].Routes = s.Tables[0].Routes[1:], s.Tables[1].Routes[1:]
		}, []string{"delete link va", "delete rule 1000: iif vb lookup 300", "delete rule 2000: iif vb unreachable"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := netdev.NewFake("eth0", "uplink")
			reconcile(t, k, state())
			s := state()
			tt.edit(&s)
			if diff := cmp.Diff(tt.want, reconcile(t, k, s)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if again := reconcile(t, k, s); len(again) > 0 {
				t.Errorf("Reconcile again changed %q, want nothing", again)
			}
			reconcile(t, k, state())
			if diff := cmp.Diff(held, links(k.String())); diff != "" {
				t.Errorf("state after the edit is taken back (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLateDevice: routes over a tunnel's device wait for it, and come back
// with it.
func TestLateDevice(t *testing.T) {
	k := netdev.NewFake("eth0", "uplink")
	reconcile(t, k, state())
	want := []string{
		"set sysctl net/ipv4/conf/tun1/rp_filter = 0", "set sysctl net/ipv4/conf/tun1/accept_local = 1", "set sysctl net/ipv4/conf/tun1/send_redirects = 0",
		"set tun1 mtu 1400", "set tun1 up", `set tun1 alias "tieline"`, "add address 169.254.0.1/30 to tun1",
		"set route 10.1.0.0/16 dev tun1 dev uplink in table 300", "set route 10.2.0.0/16 dev tun1 in table 300",
	}
	for range 2 {
		k.Appear("tun1")
		if diff := cmp.Diff(want, reconcile(t, k, state())); diff != "" {
			t.Errorf("changes when the device appears (-want +got):\n%s", diff)
		}
		k.Vanish("tun1")
		if changes := reconcile(t, k, state()); len(changes) > 0 {
			t.Errorf("changes when it went = %q, want none", changes)
		}
	}
	s := state()
	s.Devices = append(s.Devices, nodeconf.Device{Name: "eth7", ID: "subnet b"})
	if _, err := netdev.Reconcile(k, s); err == nil || err.Error() != "device eth7 (subnet b) is not there" {
		t.Errorf("Reconcile without a device = %v, want that eth7 is not there", err)
	}
}

// TestFailure: what the kernel refuses is told, the rest is done.
func TestFailure(t *testing.T) {
	k := netdev.NewFake("eth0", "uplink")
	k.Refuse("10.0.0.1/24")
	_, err := netdev.Reconcile(k, state())
	if err == nil || err.Error() != "add address 10.0.0.1/24 to eth0: operation not permitted" {
		t.Errorf("Reconcile = %v, want the address refused", err)
	}
	k.Refuse("")
	if diff := cmp.Diff([]string{"add address 10.0.0.1/24 to eth0"}, reconcile(t, k, state())); diff != "" {
		t.Errorf("changes at the next try (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(held, links(k.String())); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
}

func TestSetTable(t *testing.T) {
	k := netdev.NewFake("eth0", "uplink")
	reconcile(t, k, state())
	err := netdev.SetTable(k, netdev.Table{ID: 300, Routes: []netdev.Route{{Prefix: pfx("10.0.0.0/24"), Devices: []string{"eth0", "va"}}, {Prefix: pfx("10.7.0.0/16"), Devices: []string{"tun1"}}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := k.Read(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := netdev.Table{ID: 300, Routes: []netdev.Route{{Prefix: pfx("10.0.0.0/24"), Devices: []string{"eth0", "va"}}}}
	if diff := cmp.Diff(want, got.Tables[1], cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("table 300 (-want +got):\n%s", diff)
	}
}

// pairState joins two tables, each with a subnet, by a pair.
func pairState() netdev.State {
	return netdev.State{
		Devices: []nodeconf.Device{
			{Name: "eth0", ID: "subnet a", Addrs: []netip.Prefix{pfx("10.0.0.1/24")}},
			{Name: "eth1", ID: "subnet b", Addrs: []netip.Prefix{pfx("10.0.1.1/24")}},
			{Name: "va", ID: "attachment", Pair: "vb"},
		},
		Rules: []nodeconf.Rule{{Device: "eth0", Table: 1000}, {Device: "va", Table: 1000}, {Device: "eth1", Table: 2000}, {Device: "vb", Table: 2000}},
		Tables: []netdev.Table{
			{ID: 1000, Routes: []netdev.Route{{Prefix: pfx("10.0.0.0/24"), Devices: []string{"eth0"}}, {Prefix: pfx("10.0.1.0/24"), Devices: []string{"va"}}}},
			{ID: 2000, Routes: []netdev.Route{{Prefix: pfx("10.0.0.0/24"), Devices: []string{"vb"}}, {Prefix: pfx("10.0.1.0/24"), Devices: []string{"eth1"}}}},
		},
	}
}
