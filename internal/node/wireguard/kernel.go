package wireguard

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/vishvananda/netlink"
	"golang.zx2c4.com/wireguard/wgctrl"
	"golang.zx2c4.com/wireguard/wgctrl/wgtypes"

	"github.com/tieline/tieline/internal/node/netns"
)

// kernel is a tunnel of the kernel's WireGuard. Its socket stays in the
// namespace in which the link was made, so it is made in the underlay and then
// moved.
type kernel struct {
	namespace, name string
	ctl             *wgctrl.Client
}

func newKernel(opts *Options, c config) (*kernel, error) {
	k := &kernel{namespace: opts.Namespace, name: c.name}
	if err := k.makeLink(c); err != nil {
		return nil, err
	}
	err := netns.Do(k.namespace, func() (err error) {
		if k.ctl, err = wgctrl.New(); err != nil {
			return fmt.Errorf("generic netlink: %w", err)
		}
		return bringUp(c.name, c.mtu)
	})
	if err == nil {
		err = k.configure(config{}, c)
	}
	if err != nil {
		k.close()
		return nil, err
	}
	return k, nil
}

// makeLink takes over a link that is there already: the tunnels of the kernel
// outlive the process that made them.
func (k *kernel) makeLink(c config) error {
	there := false
	err := netns.Do(k.namespace, func() error {
		l, err := netlink.LinkByName(c.name)
		if err != nil {
			return nil
		}
		if l.Type() != "wireguard" {
			return fmt.Errorf("device %s is there already, as a %s", c.name, l.Type())
		}
		there = true
		return nil
	})
	if err != nil || there {
		return err
	}
	link := &netlink.Wireguard{LinkAttrs: netlink.LinkAttrs{Name: c.name}}
	if c.underlay == "" && k.namespace == "" {
		return netlink.LinkAdd(link)
	}
	home, err := netns.Home()
	if k.namespace != "" {
		if home, err = os.Open(k.namespace); err == nil {
			defer home.Close()
		}
	}
	if err != nil {
		return fmt.Errorf("network namespace: %w", err)
	}
	return netns.Do(c.underlay, func() error {
		if err := netlink.LinkAdd(link); err != nil {
			return fmt.Errorf("device %s: %w", c.name, err)
		}
		if err := netlink.LinkSetNsFd(link, int(home.Fd())); err != nil {
			return errors.Join(fmt.Errorf("device %s: move to the node: %w", c.name, err), netlink.LinkDel(link))
		}
		return nil
	})
}

func (k *kernel) configure(_, c config) error {
	if k.ctl == nil {
		return os.ErrClosed
	}
	err := k.ctl.ConfigureDevice(k.name, kernelConfig(c, k.peers()))
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	return nil
}

// peers are those that the device has now.
func (k *kernel) peers() []wgtypes.Key {
	d, err := k.ctl.Device(k.name)
	if err != nil {
		return nil
	}
	out := make([]wgtypes.Key, 0, len(d.Peers))
	for i := range d.Peers {
		out = append(out, d.Peers[i].PublicKey)
	}
	return out
}

// kernelConfig takes away the peers that are not wanted and sets the one that
// is without taking it away, so that its keys stay in use.
func kernelConfig(c config, have []wgtypes.Key) wgtypes.Config {
	private, port := wgtypes.Key(c.private), int(c.port)
	keepalive := time.Duration(c.keepalive) * time.Second
	all := netip.MustParsePrefix("0.0.0.0/0")
	out := wgtypes.Config{PrivateKey: &private, ListenPort: &port}
	for _, p := range have {
		if p != wgtypes.Key(c.peer) {
			out.Peers = append(out.Peers, wgtypes.PeerConfig{PublicKey: p, Remove: true})
		}
	}
	out.Peers = append(out.Peers, wgtypes.PeerConfig{
		PublicKey: wgtypes.Key(c.peer), Endpoint: net.UDPAddrFromAddrPort(c.endpoint),
		PersistentKeepaliveInterval: &keepalive, ReplaceAllowedIPs: true,
		AllowedIPs: []net.IPNet{{IP: all.Addr().AsSlice(), Mask: net.CIDRMask(0, 32)}},
	})
	return out
}

func (k *kernel) stats(c config) (stats, error) {
	if k.ctl == nil {
		return stats{}, os.ErrClosed
	}
	d, err := k.ctl.Device(k.name)
	if err != nil {
		return stats{}, err
	}
	for i := range d.Peers {
		if p := &d.Peers[i]; p.PublicKey == wgtypes.Key(c.peer) {
			return stats{handshake: p.LastHandshakeTime, sent: uint64(p.TransmitBytes), received: uint64(p.ReceiveBytes)}, nil
		}
	}
	return stats{}, errors.New("the peer is gone")
}

// dial takes the peer away and sets it again: a new peer with a keepalive
// interval sends a handshake at once.
func (k *kernel) dial(c config) error {
	if k.ctl == nil {
		return os.ErrClosed
	}
	gone := wgtypes.Config{Peers: []wgtypes.PeerConfig{{PublicKey: wgtypes.Key(c.peer), Remove: true}}}
	if err := k.ctl.ConfigureDevice(k.name, gone); err != nil {
		return err
	}
	return k.ctl.ConfigureDevice(k.name, kernelConfig(c, nil))
}

// forget takes the peer away and sets it again, as dial does: without a
// keepalive interval that sends nothing.
func (k *kernel) forget(c config) error { return k.dial(c) }

func (k *kernel) rekey(config) error {
	return errors.New("the kernel's WireGuard makes new keys by itself, every 120 s")
}

func (k *kernel) trouble() string { return "" }

func (k *kernel) gone() bool {
	if k.ctl == nil {
		return true
	}
	_, err := k.ctl.Device(k.name)
	return errors.Is(err, os.ErrNotExist)
}

func (k *kernel) close() {
	if k.ctl != nil {
		k.ctl.Close()
		k.ctl = nil
	}
	// A link that is gone already is what is wanted.
	_ = netns.Do(k.namespace, func() error {
		l, err := netlink.LinkByName(k.name)
		if err != nil {
			return err
		}
		return netlink.LinkDel(l)
	})
}
