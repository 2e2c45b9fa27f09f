package netlab

import (
	"net/netip"
	"os"
	"strings"
	"testing"
)

func TestVeth(t *testing.T) {
	host, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	l := New(t)
	a, b := l.Namespace("a"), l.Namespace("b")
	l.Veth(a, "left", b, "right")
	a.Address("left", netip.MustParsePrefix("192.0.2.1/30"))
	b.Address("right", netip.MustParsePrefix("192.0.2.2/30"))
	if out := b.Run("ip", "-o", "-4", "addr", "show", "right"); !strings.Contains(out, "192.0.2.2/30") {
		t.Errorf("ip addr = %q, want 192.0.2.2/30", out)
	}
	var inside string
	if err := a.Do(func() error {
		inside, err = os.Readlink("/proc/thread-self/ns/net")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	out, err := a.Command("readlink", "/proc/self/ns/net").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(out)); got != inside || got == host {
		t.Errorf("Command runs in %s, want %s, not the machine's %s", got, inside, host)
	}
	if after, _ := os.Readlink("/proc/thread-self/ns/net"); after != host {
		t.Errorf("the test is in %s, want %s", after, host)
	}
	if _, err := b.Try("false"); err == nil {
		t.Error("Try(false) = nil, want an error")
	}
}
