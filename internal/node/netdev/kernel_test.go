package netdev_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"

	"github.com/tieline/tieline/internal/node/netdev"
	"github.com/tieline/tieline/internal/testkit/netlab"
)

// real is a namespace with the devices that state wants to be there.
func real(t *testing.T) (*netlab.NS, *netdev.Netlink) {
	t.Helper()
	l := netlab.New(t)
	ns, far := l.Namespace("node"), l.Namespace("far")
	l.Veth(ns, "eth0", far, "eth0")
	l.Veth(ns, "uplink", far, "uplink")
	k, err := netdev.New(ns.Path())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return ns, k
}

func tunnel(t *testing.T, ns *netlab.NS) {
	t.Helper()
	err := ns.Do(func() error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = "tun1"
		return netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "tun1far"})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestKernel: the real kernel ends up as the fake one, tells it in the words
// of iproute2, and a second node process finds nothing to do.
func TestKernel(t *testing.T) {
	ns, k := real(t)
	s := state()
	s.Devices[0].MTU = 1400
	fake := netdev.NewFake("eth0", "uplink")
	reconcile(t, fake, s)
	reconcile(t, k, s)
	got, err := k.Read(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(links(fake.String()), "link lo mtu 1500", "link lo mtu 65536", 1)
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("the kernel's state (-fake +kernel):\n%s", diff)
	}
	second, err := netdev.New(ns.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if changes := reconcile(t, second, s); len(changes) > 0 {
		t.Errorf("Reconcile of a new process changed %q, want nothing", changes)
	}
	// In numbers: 253 is link scope, 6 a blackhole, 7 unreachable.
	for _, tt := range []struct{ command, want string }{
		{"ip -N route show table 300", "10.0.0.0/24 dev vb proto 186 scope 253"},
		{"ip -N route show table 100", "6 10.9.0.0/16 proto 186"},
		{"ip -N rule", "1000:\tfrom all iif vb lookup 300 proto 186"},
		{"ip -N rule", "2000:\tfrom all iif vb 7 proto 186"},
		{"ip route get 10.1.2.3 from 10.0.0.5 iif vb", "10.1.2.3 from 10.0.0.5 dev uplink table 300"},
		{"sysctl net.ipv4.ip_forward", "net.ipv4.ip_forward = 1"},
		{"sysctl net.ipv4.conf.va.accept_local", "net.ipv4.conf.va.accept_local = 1"},
	} {
		args := strings.Fields(tt.command)
		if got := ns.Run(args[0], args[1:]...); !strings.Contains(strings.Join(strings.Fields(got), " "), strings.Join(strings.Fields(tt.want), " ")) {
			t.Errorf("%s = %q, want %q in it", tt.command, got, tt.want)
		}
	}
	if out, err := ns.Try("ip", "route", "get", "172.16.0.1", "from", "10.0.0.5", "iif", "vb"); err == nil {
		t.Errorf("a packet without a route goes %q, want it unreachable", out)
	}
	// A foreign route of the same table stays.
	ns.Run("ip", "route", "add", "10.77.0.0/16", "dev", "uplink", "table", "100")
	if _, err := netdev.Reconcile(k, netdev.State{}); err != nil {
		t.Fatal(err)
	}
	after, err := k.Read(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(after.Rules) > 0 || len(after.Tables) > 0 || len(after.Links) != 3 || len(after.Links[0].Addrs) > 0 {
		t.Errorf("what is left after nothing is wanted:\n%swant the three links without addresses", after)
	}
	if got := ns.Run("ip", "route", "show", "table", "100"); !strings.HasPrefix(got, "10.77.0.0/16") {
		t.Errorf("table 100 = %q, want the foreign route", got)
	}
}

// TestPairForwards: a packet crosses a pair without ARP.
func TestPairForwards(t *testing.T) {
	l := netlab.New(t)
	node, a, b := l.Namespace("node"), l.Namespace("a"), l.Namespace("b")
	l.Veth(node, "eth0", a, "eth0")
	l.Veth(node, "eth1", b, "eth0")
	a.Address("eth0", pfx("10.0.0.2/24"))
	b.Address("eth0", pfx("10.0.1.2/24"))
	a.Run("ip", "route", "add", "default", "via", "10.0.0.1")
	b.Run("ip", "route", "add", "default", "via", "10.0.1.1")
	k, err := netdev.New(node.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	s := pairState()
	reconcile(t, k, s)
	a.Run("ping", "-c", "1", "-W", "5", "10.0.1.2")
	s.Tables[1].Routes = s.Tables[1].Routes[:1] // the way on from the pair
	reconcile(t, k, s)
	if out, err := a.Try("ping", "-c", "1", "-W", "5", "10.0.1.2"); err == nil || !strings.Contains(out, "Unreachable") {
		t.Errorf("ping without a route = %q, %v, want it unreachable", out, err)
	}
}

// TestWatch: a device that appears is told, and its routes come with it and
// go when it goes.
func TestWatch(t *testing.T) {
	ns, k := real(t)
	s := state()
	s.Devices[0].MTU = 1400
	reconcile(t, k, s)
	ctx, cancel := context.WithCancel(t.Context())
	events, err := k.Watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	until := func(what, want string) {
		t.Helper()
		deadline := time.After(20 * time.Second)
		for {
			reconcile(t, k, s)
			if got := ns.Run("ip", "route", "show", "table", "300"); strings.Contains(got, want) == (what == "appears") {
				return
			}
			select {
			case <-events:
			case <-deadline:
				t.Fatalf("%q %s not", want, what)
			}
		}
	}
	tunnel(t, ns)
	until("appears", "10.2.0.0/16 dev tun1")
	ns.Run("ip", "link", "del", "tun1")
	until("goes", "tun1")
	tunnel(t, ns)
	until("appears", "10.2.0.0/16 dev tun1")
	cancel()
	for range events {
	}
}
