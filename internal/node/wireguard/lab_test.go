package wireguard

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/node/netns"
)

// space makes a network namespace that is gone when the test ends, and gives
// its path. Where that is not allowed the test is skipped, and fails in CI.
func space(t testing.TB) string {
	t.Helper()
	type result struct {
		f   *os.File
		err error
	}
	done := make(chan result, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with its namespace
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- result{err: err}
			return
		}
		f, err := os.Open("/proc/thread-self/ns/net")
		done <- result{f, err}
	}()
	r := <-done
	if errors.Is(r.err, unix.EPERM) && os.Getenv("CI") != "true" {
		t.Skip("needs to make network namespaces (CAP_SYS_ADMIN)")
	}
	if r.err != nil {
		t.Fatal(r.err)
	}
	t.Cleanup(func() { r.f.Close() })
	path := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), r.f.Fd())
	in(t, path, func() error {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		return netlink.LinkSetUp(lo)
	})
	return path
}

func in(t testing.TB, ns string, f func() error) {
	t.Helper()
	if err := netns.Do(ns, f); err != nil {
		t.Fatal(err)
	}
}

// cable joins two namespaces by a veth pair called eth0 at both ends.
func cable(t testing.TB, a, b string, addrA, addrB netip.Prefix) {
	t.Helper()
	f, err := os.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in(t, a, func() error {
		return netlink.LinkAdd(&netlink.Veth{
			LinkAttrs: netlink.LinkAttrs{Name: "eth0"}, PeerName: "eth0", PeerNamespace: netlink.NsFd(int(f.Fd())),
		})
	})
	address(t, a, "eth0", addrA)
	address(t, b, "eth0", addrB)
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
