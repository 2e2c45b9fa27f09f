package wireguard

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	"golang.zx2c4.com/wireguard/conn"
	"golang.zx2c4.com/wireguard/device"
	"golang.zx2c4.com/wireguard/tun"

	"github.com/tieline/tieline/internal/node/netns"
)

// userspace is a tunnel of the embedded implementation.
type userspace struct {
	tun  *sizedTUN
	dev  *device.Device
	last atomic.Pointer[string]
}

func newUserspace(opts *Options, c config) (*userspace, error) {
	t, err := openTUN(opts.Namespace, c.name, c.mtu)
	if err != nil {
		return nil, err
	}
	u := &userspace{tun: t}
	bind := &boundTo{Bind: conn.NewStdNetBind(), namespace: c.underlay}
	u.dev = device.NewDevice(t, bind, u.logger(opts.Log, c.name))
	if err := u.start(c); err != nil {
		u.close()
		return nil, err
	}
	return u, nil
}

// start opens the socket before the peer is configured: its configuration
// sends the first handshake.
func (u *userspace) start(c config) error {
	if err := u.set(fmt.Sprintf("private_key=%s\nlisten_port=%d\n", hex.EncodeToString(c.private[:]), c.port)); err != nil {
		return err
	}
	if err := u.dev.Up(); err != nil {
		return fmt.Errorf("UDP port %d: %w", c.port, err)
	}
	return u.configurePeer(config{}, c)
}

func (u *userspace) configure(old, c config) error {
	u.tun.resize(c.mtu)
	if old.port != c.port {
		if err := u.set(fmt.Sprintf("listen_port=%d\n", c.port)); err != nil {
			return err
		}
	}
	return u.configurePeer(old, c)
}

func (u *userspace) configurePeer(old, c config) error {
	var b strings.Builder
	if old.peer != c.peer {
		b.WriteString("replace_peers=true\n")
	}
	fmt.Fprintf(&b, "public_key=%s\n", hex.EncodeToString(c.peer[:]))
	fmt.Fprintf(&b, "endpoint=%s\n", c.endpoint)
	fmt.Fprintf(&b, "persistent_keepalive_interval=%d\n", c.keepalive)
	b.WriteString("replace_allowed_ips=true\nallowed_ip=0.0.0.0/0\n")
	return u.set(b.String())
}

// set is IpcSet. Its error is not passed on as it is: it may quote the line.
func (u *userspace) set(conf string) error {
	err := u.dev.IpcSet(conf)
	if err == nil {
		return nil
	}
	if errno := unix.Errno(0); errors.As(err, &errno) {
		return fmt.Errorf("configuration: %w", errno)
	}
	return errors.New("configuration was refused")
}

func (u *userspace) stats(config) (stats, error) {
	text, err := u.dev.IpcGet()
	if err != nil {
		return stats{}, errors.New("the device does not answer")
	}
	return parseStats(text)
}

// parseStats reads the counters of the first peer in the text form of
// wireguard.com/xplatform, "Configuration Protocol".
func parseStats(text string) (stats, error) {
	var s stats
	var sec, nsec int64
	sc := bufio.NewScanner(strings.NewReader(text))
	for sc.Scan() {
		k, v, _ := strings.Cut(sc.Text(), "=")
		var err error
		switch k {
		case "tx_bytes":
			s.sent, err = strconv.ParseUint(v, 10, 64)
		case "rx_bytes":
			s.received, err = strconv.ParseUint(v, 10, 64)
		case "last_handshake_time_sec":
			sec, err = strconv.ParseInt(v, 10, 64)
		case "last_handshake_time_nsec":
			nsec, err = strconv.ParseInt(v, 10, 64)
		}
		if err != nil {
			return stats{}, fmt.Errorf("%s is not a number", k)
		}
	}
	if sec != 0 || nsec != 0 {
		s.handshake = time.Unix(sec, nsec)
	}
	return s, nil
}

// dial forgets a handshake under way, which would hold back the next for 5 s.
func (u *userspace) dial(c config) error {
	p := u.dev.LookupPeer(device.NoisePublicKey(c.peer))
	if p == nil {
		return errors.New("no peer")
	}
	p.ExpireCurrentKeypairs()
	return p.SendHandshakeInitiation(false)
}

func (u *userspace) rekey(c config) error {
	p := u.dev.LookupPeer(device.NoisePublicKey(c.peer))
	if p == nil {
		return errors.New("no peer")
	}
	return p.SendHandshakeInitiation(false)
}

// forget takes the peer away and sets it again.
func (u *userspace) forget(c config) error { return u.configurePeer(config{}, c) }

func (u *userspace) trouble() string {
	if s := u.last.Load(); s != nil {
		return *s
	}
	return ""
}

// gone: the library closes the device when its TUN can no longer be read.
func (u *userspace) gone() bool {
	select {
	case <-u.dev.Wait():
		return true
	default:
		return false
	}
}

func (u *userspace) close() { u.dev.Close() }

// logger keeps the last error for [userspace.trouble].
func (u *userspace) logger(log *slog.Logger, name string) *device.Logger {
	return &device.Logger{
		Verbosef: device.DiscardLogf,
		Errorf: func(format string, args ...any) {
			s := fmt.Sprintf(format, args...)
			if _, rest, ok := strings.Cut(s, " - "); ok {
				s = rest // the peer's abbreviated key stands in front
			}
			u.last.Store(&s)
			log.Debug("wireguard", "device", name, "error", s)
		},
	}
}

// boundTo opens its socket in a namespace.
type boundTo struct {
	conn.Bind
	namespace string
}

// Open is that of [conn.Bind].
func (b *boundTo) Open(port uint16) (fns []conn.ReceiveFunc, actual uint16, err error) {
	err = netns.Do(b.namespace, func() error {
		fns, actual, err = b.Bind.Open(port)
		return err
	})
	return fns, actual, err
}

// sizedTUN knows its MTU: the library's device asks the namespace that the
// caller happens to be in. It does not follow the link's state either: a
// tunnel whose device is down for a moment keeps its keys.
type sizedTUN struct {
	tun.Device
	mtu    atomic.Int64
	mu     sync.Mutex // guards events against their end
	ended  bool
	events chan tun.Event
}

// openTUN makes the device, sets it up and gives it its size.
func openTUN(namespace, name string, mtu int) (*sizedTUN, error) {
	t := &sizedTUN{events: make(chan tun.Event, 1)}
	t.mtu.Store(int64(mtu))
	err := netns.Do(namespace, func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("/dev/net/tun: %w (the TUN driver must be there, and open to this user)", err)
		}
		ifr, err := unix.NewIfreq(name)
		if err != nil {
			unix.Close(fd)
			return err
		}
		// Headers of virtio carry checksum and segmentation offload: packets
		// are read and written in batches.
		ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr); err != nil {
			unix.Close(fd)
			return fmt.Errorf("TUN device: %w", err)
		}
		if t.Device, _, err = tun.CreateUnmonitoredTUNFromFD(fd); err != nil {
			unix.Close(fd)
			return fmt.Errorf("TUN device: %w", err)
		}
		if err := bringUp(name, mtu); err != nil {
			t.Device.Close()
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

func bringUp(name string, mtu int) error {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("device %s: %w", name, err)
	}
	if err := netlink.LinkSetMTU(l, mtu); err != nil {
		return fmt.Errorf("device %s: MTU %d: %w", name, mtu, err)
	}
	if err := netlink.LinkSetUp(l); err != nil {
		return fmt.Errorf("device %s: up: %w", name, err)
	}
	return nil
}

// MTU is the size that was configured.
func (t *sizedTUN) MTU() (int, error) { return int(t.mtu.Load()), nil }

// Events tells of new sizes only.
func (t *sizedTUN) Events() <-chan tun.Event { return t.events }

func (t *sizedTUN) resize(mtu int) {
	if t.mtu.Swap(int64(mtu)) == int64(mtu) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	select {
	case t.events <- tun.EventMTUUpdate:
	default: // one is waiting, and will read the new size
	}
}

// Close closes the device and ends its events.
func (t *sizedTUN) Close() error {
	err := t.Device.Close()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		t.ended = true
		close(t.events)
	}
	return err
}
