package ipsec

import (
	"fmt"
	"net"
	"runtime"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Mode is who does ESP.
type Mode string

// The modes.
const (
	// Kernel: one charon for each underlay, an xfrm interface for each tunnel.
	Kernel Mode = "kernel"
	// Userspace: one charon for each tunnel, which has a TUN device.
	Userspace Mode = "userspace"
)

// Probe tries what the kernel can do, in a namespace that is thrown away: an
// ESP state with AES-GCM and an xfrm interface. Where one fails, and tells
// why, ESP is done in userspace.
func Probe() (Mode, error) {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the namespace goes with the thread
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("a namespace to try it in: %w", err)
			return
		}
		done <- tryKernel()
	}()
	if err := <-done; err != nil {
		return Userspace, err
	}
	return Kernel, nil
}

func tryKernel() error {
	state := &netlink.XfrmState{
		Src: net.IPv4(198, 18, 0, 1), Dst: net.IPv4(198, 18, 0, 2), Proto: netlink.XFRM_PROTO_ESP,
		Mode: netlink.XFRM_MODE_TUNNEL, Spi: 0x1000, Reqid: 1, Ifid: 1,
		Aead: &netlink.XfrmStateAlgo{Name: "rfc4106(gcm(aes))", Key: make([]byte, 36), ICVLen: 128},
	}
	if err := netlink.XfrmStateAdd(state); err != nil {
		return fmt.Errorf("ESP in the kernel: %w", err)
	}
	l := &netlink.Xfrmi{LinkAttrs: netlink.LinkAttrs{Name: "tieline-probe"}, Ifid: 1}
	if err := netlink.LinkAdd(l); err != nil {
		return fmt.Errorf("xfrm interface: %w", err)
	}
	return nil
}
