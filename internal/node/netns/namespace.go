package netns

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// NS is a network namespace that [Create] made. It is bound to a file of a
// folder, by which other programs enter it (ip-netns(8), when the folder is
// /run/netns), and lives as long as that file or a process in it; in a private
// mount namespace it goes when the last process of that does.
type NS struct {
	Name string
	Path string
	file *os.File
}

// FileName gives the name of the file of a namespace called name, which may
// have slashes.
func FileName(name string) string { return strings.NewReplacer("/", ".", ":", "_").Replace(name) }

// Create makes a namespace, with its loopback device up, bound to a file in
// dir.
func Create(dir, name string) (*NS, error) {
	ns := &NS{Name: name, Path: filepath.Join(dir, FileName(name))}
	f, err := os.OpenFile(ns.Path, os.O_CREATE|os.O_EXCL|os.O_RDONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("namespace %s: %w", name, err)
	}
	f.Close()
	err = apart(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("unshare: %w", err)
		}
		if err := unix.Mount(self(), ns.Path, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("bind: %w", err)
		}
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		return netlink.LinkSetUp(lo)
	})
	if err == nil {
		ns.file, err = os.Open(ns.Path)
	}
	if err != nil {
		_ = unix.Unmount(ns.Path, unix.MNT_DETACH) // it may not be bound yet
		return nil, errors.Join(fmt.Errorf("namespace %s: %w", name, err), os.Remove(ns.Path))
	}
	return ns, nil
}

// self is the namespace of the calling thread.
func self() string { return fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()) }

// apart runs f on a thread of its own, which ends with it: what it did to the
// thread's namespaces goes no further.
func apart(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked
		done <- f()
	}()
	return <-done
}

// FD is the namespace's file descriptor.
func (n *NS) FD() int { return int(n.file.Fd()) }

// Do runs f inside the namespace, as [Do] does.
func (n *NS) Do(f func() error) error { return Do(n.Path, f) }

// Start starts a program inside the namespace.
func (n *NS) Start(cmd *exec.Cmd) error { return n.Do(cmd.Start) }

// Kill ends the programs that run in the namespace, by SIGKILL; none is an
// error. Those with single threads inside only (sockets opened by [NS.Do]) do
// not run in it.
func (n *NS) Kill() error {
	var own unix.Stat_t
	if err := unix.Fstat(n.FD(), &own); err != nil {
		return fmt.Errorf("%s: %w", n.Name, err)
	}
	list, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return err
	}
	killed := 0
	for _, dir := range list {
		var st unix.Stat_t
		// One that has ended meanwhile, or is another user's, is none of these.
		if unix.Stat(filepath.Join(dir, "ns", "net"), &st) != nil || st.Ino != own.Ino || st.Dev != own.Dev {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if unix.Kill(pid, unix.SIGKILL) == nil {
			killed++
		}
	}
	if killed == 0 {
		return fmt.Errorf("%s: nothing runs there", n.Name)
	}
	return nil
}

// Close gives up the namespace; it ends when nothing runs in it.
func (n *NS) Close() error {
	return errors.Join(n.file.Close(), unix.Unmount(n.Path, unix.MNT_DETACH), os.Remove(n.Path))
}

// TUN makes a TUN device, up, without packet information, and gives its file
// descriptor, with which it ends.
func (n *NS) TUN(name string, mtu int) (int, error) {
	fd := -1
	err := n.Do(func() error {
		var err error
		if fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0); err != nil {
			return fmt.Errorf("/dev/net/tun: %w", err)
		}
		req, err := unix.NewIfreq(name)
		if err != nil {
			return err
		}
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
			return fmt.Errorf("TUNSETIFF: %w", err)
		}
		link, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		return errors.Join(netlink.LinkSetMTU(link, mtu), netlink.LinkSetTxQLen(link, 1000), netlink.LinkSetUp(link))
	})
	if err != nil {
		if fd >= 0 {
			unix.Close(fd)
		}
		return -1, fmt.Errorf("%s in %s: %w", name, n.Name, err)
	}
	return fd, nil
}

// Veth joins two namespaces by a pair of devices, both up. Twins have one MAC
// address and ask for none (IFF_NOARP): whatever leaves one is taken by the
// other.
func Veth(a *NS, nameA string, b *NS, nameB string, mtu int, twins bool) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU = nameA, mtu
	link := &netlink.Veth{LinkAttrs: attrs, PeerName: nameB, PeerNamespace: netlink.NsFd(b.FD()), PeerMTU: uint32(mtu)}
	mac := make(net.HardwareAddr, 6)
	rand.Read(mac)
	mac[0] = mac[0]&0xfe | 2 // locally administered, unicast
	if twins {
		link.HardwareAddr, link.PeerHardwareAddr = mac, mac
	}
	up := func(name string) func() error {
		return func() error {
			l, err := netlink.LinkByName(name)
			if err != nil {
				return err
			}
			if twins {
				if err := netlink.LinkSetARPOff(l); err != nil {
					return err
				}
			}
			return netlink.LinkSetUp(l)
		}
	}
	err := a.Do(func() error { return netlink.LinkAdd(link) })
	if err == nil {
		err = errors.Join(a.Do(up(nameA)), b.Do(up(nameB)))
	}
	if err != nil {
		return fmt.Errorf("%s in %s to %s in %s: %w", nameA, a.Name, nameB, b.Name, err)
	}
	return nil
}

// Sysctl sets kernel variables of the namespace, in order: net/ipv4/ip_forward
// to 1.
func (n *NS) Sysctl(settings ...[2]string) error {
	return n.Do(func() error {
		for _, s := range settings {
			if err := os.WriteFile("/proc/sys/"+s[0], []byte(s[1]), 0o644); err != nil {
				return fmt.Errorf("%s: %w", n.Name, err)
			}
		}
		return nil
	})
}
