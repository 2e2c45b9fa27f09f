// Package netns makes network namespaces, joins them by veth pairs and TUN
// devices, and runs code inside them: what opens a socket, a TUN device or a
// netlink handle there keeps working after the thread has left, so that one
// process can have the outside of a tunnel in one namespace and its inside in
// another.
//
// Namespaces are named by path: /run/netns/NAME, /proc/PID/ns/net or
// /proc/PID/fd/N. Addresses, routes and rules are other packages' matter.
package netns

import (
	"fmt"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// Do runs f on a thread that is in the namespace at path, and returns its
// error. The empty path is the namespace of the process: f runs as it is. f
// must start no goroutine that has to be in the namespace.
func Do(path string, f func() error) error {
	if path == "" {
		return f()
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		leave, err := enter(path)
		if err != nil {
			runtime.UnlockOSThread()
			done <- err
			return
		}
		err = f()
		// A thread that cannot go home is not given back: it ends with the
		// goroutine that is locked to it.
		if leave() == nil {
			runtime.UnlockOSThread()
		}
		done <- err
	}()
	return <-done
}

// Locked is [Do] on the caller's thread, which the caller has locked
// (runtime.LockOSThread): for what the kernel ties to a thread, such as the
// parent that a child's death signal watches.
func Locked(path string, f func() error) error {
	if path == "" {
		return f()
	}
	leave, err := enter(path)
	if err != nil {
		return err
	}
	err = f()
	if back := leave(); back != nil && err == nil {
		err = back
	}
	return err
}

// Home is the namespace of the process, open for as long as that runs. It is
// that of the first thread that asks, and threads leave only by this package,
// which asks before they do. That of /proc/self is no use: it is the first
// thread's, which may be away, or have ended away.
var Home = sync.OnceValues(func() (*os.File, error) {
	f, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, fmt.Errorf("network namespace: %w", err)
	}
	return f, nil
})

// enter moves the thread; leave moves it back.
func enter(path string) (leave func() error, err error) {
	home, err := Home()
	if err != nil {
		return nil, err
	}
	there, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("network namespace: %w", err)
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("network namespace %s: %w", path, err)
	}
	return func() error {
		if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("back to the network namespace of the process: %w", err)
		}
		return nil
	}, nil
}
