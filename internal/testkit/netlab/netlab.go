// Package netlab gives tests network namespaces of their own: anonymous ones,
// held by file descriptors, with veth pairs between them, in which a function
// or a command runs. All goes with the test. The namespace of the machine is
// never touched.
//
// Where the machine does not allow namespaces a test skips with the reason;
// under CI (environment CI=true) it fails.
package netlab

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// runTimeout bounds a command of [NS.Run].
const runTimeout = 20 * time.Second

// Lab is the namespaces of one test.
type Lab struct {
	t testing.TB

	mu         sync.Mutex
	namespaces []*NS
	commands   []*exec.Cmd
}

// New starts a lab that ends with the test. It skips the test, or fails it
// under CI, where no namespace can be made.
func New(t testing.TB) *Lab {
	t.Helper()
	l := &Lab{t: t}
	file, err := create()
	if err != nil {
		Unavailable(t, "network namespaces cannot be made here: %v (root is needed)", err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	return l
}

// Unavailable skips the test for want of something of the machine, or fails it
// under CI, which has everything.
func Unavailable(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// Need skips the test, or fails it under CI, when a program is not installed,
// and returns its path. More names are further places to look.
func Need(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Unavailable(t, "%s is not installed", names[0])
	return ""
}

func (l *Lab) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.commands {
		if c.Process == nil {
			continue
		}
		if err := c.Process.Kill(); err == nil {
			_ = c.Wait() // fails when the test waits for it already
		}
	}
	for _, ns := range l.namespaces {
		_ = ns.file.Close()
	}
}

// Namespace makes a network namespace with its loopback up. The name is for
// messages.
func (l *Lab) Namespace(name string) *NS {
	l.t.Helper()
	file, err := create()
	if err != nil {
		l.t.Fatalf("namespace %s: %v", name, err)
	}
	ns := &NS{lab: l, name: name, file: file}
	l.mu.Lock()
	l.namespaces = append(l.namespaces, ns)
	l.mu.Unlock()
	if err := ns.Do(func() error { return linkUp("lo") }); err != nil {
		l.t.Fatalf("namespace %s: %v", name, err)
	}
	return ns
}

// Veth joins two namespaces (or one with itself) by a veth pair and sets both
// ends up.
func (l *Lab) Veth(a *NS, nameA string, b *NS, nameB string) {
	l.t.Helper()
	err := a.Do(func() error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = nameA
		pair := &netlink.Veth{LinkAttrs: attrs, PeerName: nameB, PeerNamespace: netlink.NsFd(b.FD())}
		if err := netlink.LinkAdd(pair); err != nil {
			return err
		}
		return linkUp(nameA)
	})
	if err == nil {
		err = b.Do(func() error { return linkUp(nameB) })
	}
	if err != nil {
		l.t.Fatalf("veth %s:%s, %s:%s: %v", a.name, nameA, b.name, nameB, err)
	}
}

// NS is one network namespace.
type NS struct {
	lab  *Lab
	name string
	file *os.File
}

// FD is the descriptor of the namespace, for setns and netlink. It closes with
// the test.
func (ns *NS) FD() int { return int(ns.file.Fd()) }

// Path names the namespace for other processes of the same user.
func (ns *NS) Path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), ns.FD()) }

// Do runs f on a thread in the namespace. Goroutines that f starts are not in
// it; sockets that f opens stay in it.
func (ns *NS) Do(f func() error) error {
	return away(func() error { return unix.Setns(ns.FD(), unix.CLONE_NEWNET) }, f)
}

// Command prepares a command that runs in the namespace. It is killed when the
// test ends, or the test's process does.
func (ns *NS) Command(name string, args ...string) *exec.Cmd {
	ns.lab.t.Helper()
	nsenter := Need(ns.lab.t, "nsenter")
	cmd := exec.Command(nsenter, append([]string{"--net=" + ns.Path(), "--", name}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	ns.lab.mu.Lock()
	ns.lab.commands = append(ns.lab.commands, cmd)
	ns.lab.mu.Unlock()
	return cmd
}

// Run runs a command in the namespace and returns what it printed. The test
// fails when the command does.
func (ns *NS) Run(name string, args ...string) string {
	ns.lab.t.Helper()
	out, err := ns.Try(name, args...)
	if err != nil {
		ns.lab.t.Fatalf("%s: %s %v: %v\n%s", ns.name, name, args, err, out)
	}
	return out
}

// Try runs a command in the namespace and returns what it printed.
func (ns *NS) Try(name string, args ...string) (string, error) {
	ns.lab.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), runTimeout)
	defer cancel()
	nsenter := Need(ns.lab.t, "nsenter")
	cmd := exec.CommandContext(ctx, nsenter, append([]string{"--net=" + ns.Path(), "--", name}, args...)...)
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// Address gives a device of the namespace an address.
func (ns *NS) Address(device string, prefix netip.Prefix) {
	ns.lab.t.Helper()
	err := ns.Do(func() error {
		link, err := netlink.LinkByName(device)
		if err != nil {
			return err
		}
		addr, err := netlink.ParseAddr(prefix.String())
		if err != nil {
			return err
		}
		return netlink.AddrAdd(link, addr)
	})
	if err != nil {
		ns.lab.t.Fatalf("%s: address %v of %s: %v", ns.name, prefix, device, err)
	}
}

// create makes a namespace and returns its descriptor.
func create() (file *os.File, err error) {
	err = away(func() error { return unix.Unshare(unix.CLONE_NEWNET) }, func() error {
		file, err = os.Open("/proc/thread-self/ns/net")
		return err
	})
	return file, err
}

// away runs f on a thread that enter has moved to another namespace. The thread
// moves back and lives on: the end of a thread would kill the commands that it
// started (PR_SET_PDEATHSIG is of the thread).
func away(enter, f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		home, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			done <- err
			return
		}
		defer home.Close()
		if err := enter(); err != nil {
			runtime.UnlockOSThread()
			done <- err
			return
		}
		err = f()
		if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
			done <- fmt.Errorf("back to the machine's namespace: %w", back) // the thread ends, locked
			return
		}
		runtime.UnlockOSThread()
		done <- err
	}()
	return <-done
}

func linkUp(name string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return netlink.LinkSetUp(link)
}
