package wireguard

import (
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/tieline/tieline/internal/node/netns"
)

func in(t testing.TB, ns string, f func() error) {
	t.Helper()
	if err := netns.Do(ns, f); err != nil {
		t.Fatal(err)
	}
}

// address gives a device an address and sets it up.
func address(t testing.TB, ns, device string, p netip.Prefix) {
	t.Helper()
	in(t, ns, func() error {
		l, err := netlink.LinkByName(device)
		if err != nil {
			return err
		}
		a, err := netlink.ParseAddr(p.String())
		if err != nil {
			return err
		}
		if err := netlink.AddrReplace(l, a); err != nil {
			return err
		}
		return netlink.LinkSetUp(l)
	})
}

func setLink(t testing.TB, ns, device string, up bool) {
	t.Helper()
	in(t, ns, func() error {
		l, err := netlink.LinkByName(device)
		if err != nil {
			return err
		}
		if up {
			return netlink.LinkSetUp(l)
		}
		return netlink.LinkSetDown(l)
	})
}

// eventually polls until f has nothing to complain about.
func eventually(t testing.TB, what string, f func() error) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s: not within 20 s: %v", what, err)
		case <-tick.C:
		}
	}
}
