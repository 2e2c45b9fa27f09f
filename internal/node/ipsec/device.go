package ipsec

import (
	"errors"
	"fmt"
	"os"

	"github.com/vishvananda/netlink"

	"github.com/tieline/tieline/internal/node/netns"
	"github.com/tieline/tieline/internal/nodeconf"
)

// charonTUN is what charon calls the TUN device of userspace ESP, and will
// find by that name when it installs the route of a CHILD_SA.
const charonTUN = "ipsec0"

// clearTUN takes away what an earlier charon left in the underlay.
func clearTUN(underlay string) error {
	return netns.Do(underlay, func() error { return deleteLink(charonTUN) })
}

// takeTUN moves charon's TUN device into the node under the tunnel's name (its
// file descriptor keeps working), and leaves a decoy for charon's route: a
// bridge without ports, into which nothing is routed.
func takeTUN(namespace string, t *nodeconf.Tunnel) error {
	err := netns.Do(t.Underlay, func() error {
		l, err := netlink.LinkByName(charonTUN)
		if err != nil {
			return fmt.Errorf("charon has made no device %s (is its plugin kernel-libipsec there, of the Debian package libcharon-extra-plugins, and /dev/net/tun open?): %w", charonTUN, err)
		}
		if err := errors.Join(netlink.LinkSetDown(l), netlink.LinkSetName(l, t.Name)); err != nil {
			return fmt.Errorf("device %s: rename to %s: %w", charonTUN, t.Name, err)
		}
		decoy := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: charonTUN}}
		if err := netlink.LinkAdd(decoy); err != nil {
			return fmt.Errorf("decoy %s: %w", charonTUN, err)
		}
		if err := netlink.LinkSetUp(decoy); err != nil {
			return fmt.Errorf("decoy %s: %w", charonTUN, err)
		}
		return moveHome(l, namespace, t)
	})
	if err != nil {
		return err
	}
	return bringUp(namespace, t)
}

// moveHome moves a link of the underlay into the node. The two may be one.
func moveHome(l netlink.Link, namespace string, t *nodeconf.Tunnel) error {
	if t.Underlay == namespace {
		return nil
	}
	home, err := netns.Home()
	if namespace != "" {
		if home, err = os.Open(namespace); err == nil {
			defer home.Close()
		}
	}
	if err != nil {
		return fmt.Errorf("network namespace: %w", err)
	}
	if err := netlink.LinkSetNsFd(l, int(home.Fd())); err != nil {
		return fmt.Errorf("device %s: move to the node: %w", t.Name, err)
	}
	return nil
}

func bringUp(namespace string, t *nodeconf.Tunnel) error {
	return netns.Do(namespace, func() error {
		l, err := netlink.LinkByName(t.Name)
		if err != nil {
			return fmt.Errorf("device %s: %w", t.Name, err)
		}
		if t.MTU > 0 {
			if err := netlink.LinkSetMTU(l, t.MTU); err != nil {
				return fmt.Errorf("device %s: MTU %d: %w", t.Name, t.MTU, err)
			}
		}
		if err := netlink.LinkSetUp(l); err != nil {
			return fmt.Errorf("device %s: up: %w", t.Name, err)
		}
		return nil
	})
}

// makeXfrm makes the interface of kernel ESP whose packets the SAs with the
// same id carry. It is made in the underlay, in which it looks for SAs for
// ever, and moved.
func makeXfrm(namespace string, t *nodeconf.Tunnel, ifID uint32) error {
	err := netns.Do(t.Underlay, func() error {
		l := &netlink.Xfrmi{LinkAttrs: netlink.LinkAttrs{Name: t.Name}, Ifid: ifID}
		if err := netlink.LinkAdd(l); err != nil {
			return fmt.Errorf("device %s: xfrm interface: %w", t.Name, err)
		}
		if err := moveHome(l, namespace, t); err != nil {
			return errors.Join(err, netlink.LinkDel(l))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return bringUp(namespace, t)
}

// removeDevice takes a tunnel's device away, if it is there.
func removeDevice(namespace, name string) error {
	return netns.Do(namespace, func() error { return deleteLink(name) })
}

func deleteLink(name string) error {
	l, err := netlink.LinkByName(name)
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return nil
	}
	if err == nil {
		err = netlink.LinkDel(l)
	}
	if err != nil {
		return fmt.Errorf("device %s: %w", name, err)
	}
	return nil
}

// hasDevice reports whether a tunnel's device is there. Doubt is for it.
func hasDevice(namespace, name string) bool {
	err := netns.Do(namespace, func() error {
		_, err := netlink.LinkByName(name)
		return err
	})
	return !errors.As(err, &netlink.LinkNotFoundError{})
}
