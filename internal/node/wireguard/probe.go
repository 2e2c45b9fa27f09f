package wireguard

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	"golang.zx2c4.com/wireguard/wgctrl"
	"golang.zx2c4.com/wireguard/wgctrl/wgtypes"
)

// Provider is what carries WireGuard tunnels.
type Provider string

// The providers.
const (
	Kernel    Provider = "kernel"
	Userspace Provider = "userspace"
)

// Probe tries what this machine and user can do: a WireGuard link of the
// kernel, made and configured in a namespace that is thrown away; else a TUN
// device there. The error says what is missing.
func Probe() (Provider, error) {
	kerr := scratch(tryKernel)
	if kerr == nil {
		return Kernel, nil
	}
	if err := scratch(tryTUN); err != nil {
		return "", fmt.Errorf("no WireGuard: %w", errors.Join(fmt.Errorf("kernel: %w", kerr), fmt.Errorf("userspace: %w", err)))
	}
	return Userspace, nil
}

// scratch runs f in a new namespace, on a thread that ends with it.
func scratch(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the namespace goes with the thread
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("a namespace to try it in: %w", err)
			return
		}
		done <- f()
	}()
	return <-done
}

const probeDevice = "tieline-probe"

func tryKernel() error {
	l := &netlink.Wireguard{LinkAttrs: netlink.LinkAttrs{Name: probeDevice}}
	if err := netlink.LinkAdd(l); err != nil {
		return fmt.Errorf("link of type wireguard: %w", err)
	}
	ctl, err := wgctrl.New()
	if err != nil {
		return fmt.Errorf("generic netlink: %w", err)
	}
	defer ctl.Close()
	k, err := wgtypes.GeneratePrivateKey()
	if err != nil {
		return err
	}
	return ctl.ConfigureDevice(probeDevice, wgtypes.Config{PrivateKey: &k})
}

func tryTUN() error {
	t, err := openTUN("", probeDevice, 1280)
	if err != nil {
		return err
	}
	return t.Close()
}
