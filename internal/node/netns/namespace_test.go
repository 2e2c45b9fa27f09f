package netns

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/testkit/netlab"
)

func made(t *testing.T, dir, name string) *NS {
	t.Helper()
	ns, err := Create(dir, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ns.Close() }) // it may be closed already
	return ns
}

func TestCreate(t *testing.T) {
	netlab.New(t) // or skip
	dir, home := t.TempDir(), here(t)
	a, b := made(t, dir, "node:a/b"), made(t, dir, "c")
	if err := Veth(a, "v0", b, "v1", 1400, true); err != nil {
		t.Fatal(err)
	}
	fd, err := b.TUN("tun0", 1300)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := a.Sysctl([2]string{"net/ipv4/ip_forward", "1"}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		ns   *NS
		name string
		mtu  int
	}{{a, "v0", 1400}, {b, "v1", 1400}, {b, "tun0", 1300}} {
		err := tt.ns.Do(func() error {
			i, err := net.InterfaceByName(tt.name)
			if err == nil && (i.MTU != tt.mtu || i.Flags&net.FlagUp == 0) {
				t.Errorf("%s has MTU %d, %v, want %d and up", tt.name, i.MTU, i.Flags, tt.mtu)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s in %s: %v", tt.name, tt.ns.Name, err)
		}
	}
	if s := here(t); s != home {
		t.Errorf("the thread is in %s, want %s", s, home)
	}
	if _, err := Create(dir, "c"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create(a name that is there) = %v, want %v", err, fs.ErrExist)
	}
	if err := b.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if _, err := os.Stat(b.Path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Close, %s: %v, want that it is gone", b.Path, err)
	}
}
