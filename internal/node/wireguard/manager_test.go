package wireguard

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.zx2c4.com/wireguard/wgctrl/wgtypes"

	"github.com/tieline/tieline/internal/node/netns"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/testkit/netlab"
)

// bench is a tunnel between two nodes whose outsides are namespaces of their
// own, joined by a cable.
type bench struct {
	node, under [2]string // namespaces
	keys        [2]wgtypes.Key
	manager     [2]*Manager
	written     bytes.Buffer // what was logged, to be read when all is closed
	log         *slog.Logger
}

var (
	outside = [2]netip.Addr{netip.MustParseAddr("198.18.0.1"), netip.MustParseAddr("198.18.0.2")}
	inside  = [2]netip.Addr{netip.MustParseAddr("169.254.10.1"), netip.MustParseAddr("169.254.10.2")}
)

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{}
	b.log = slog.New(slog.NewTextHandler(&b.written, &slog.HandlerOptions{Level: slog.LevelDebug}))
	lab := netlab.New(t)
	var under [2]*netlab.NS
	for i := range 2 {
		under[i] = lab.Namespace(fmt.Sprintf("u%d", i))
		b.node[i], b.under[i] = lab.Namespace(fmt.Sprintf("node%d", i)).Path(), under[i].Path()
		k, err := wgtypes.GeneratePrivateKey()
		if err != nil {
			t.Fatal(err)
		}
		b.keys[i] = k
	}
	lab.Veth(under[0], "eth0", under[1], "eth0")
	for i := range 2 {
		under[i].Address("eth0", netip.PrefixFrom(outside[i], 24))
		b.manager[i] = b.start(t, i)
	}
	return b
}

func (b *bench) start(t testing.TB, i int) *Manager {
	m := New(Options{
		Secrets:   func(string) ([]byte, error) { return []byte(b.keys[i].String() + "\n"), nil },
		Namespace: b.node[i], Provider: Userspace,
		Log: b.log, Remade: func(device string) { address(t, b.node[i], device, netip.PrefixFrom(inside[i], 30)) },
	})
	t.Cleanup(m.Close)
	return m
}

func (b *bench) tunnel(i int) nodeconf.Tunnel {
	return nodeconf.Tunnel{
		Device: nodeconf.Device{Name: "tun0", ID: "a--b/0", MTU: 1420}, Kind: nodeconf.WireGuard, Underlay: b.under[i],
		Local: outside[i], Remote: outside[1-i], Initiate: i == 0,
		WireGuard: &nodeconf.WireGuardConfig{
			PrivateKey: "key", PublicKey: b.keys[1-i].PublicKey().String(), ListenPort: 51820,
			Endpoint: netip.AddrPortFrom(outside[1-i], 51820), Keepalive: 5,
		},
	}
}

func (b *bench) set(t testing.TB, i int, tunnels ...nodeconf.Tunnel) {
	t.Helper()
	if err := b.manager[i].Set(t.Context(), tunnels); err != nil {
		t.Fatal(err)
	}
	if len(tunnels) > 0 {
		address(t, b.node[i], "tun0", netip.PrefixFrom(inside[i], 30))
	}
}

func (b *bench) up(t testing.TB) {
	t.Helper()
	for i := range 2 {
		eventually(t, "tunnel up", func() error {
			s := b.manager[i].States()
			if len(s) != 1 || !s[0].Up {
				return fmt.Errorf("end %d: %+v", i, s)
			}
			return nil
		})
	}
}

// talk sends data over a TCP connection through the tunnel and back.
func (b *bench) talk(t testing.TB) {
	t.Helper()
	var l net.Listener
	in(t, b.node[1], func() (err error) {
		l, err = net.Listen("tcp4", netip.AddrPortFrom(inside[1], 0).String())
		return err
	})
	defer l.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.Copy(c, c)
	}()
	var c net.Conn
	eventually(t, "connection through the tunnel", func() error {
		return netns.Do(b.node[0], func() (err error) {
			c, err = net.DialTimeout("tcp4", l.Addr().String(), 2*time.Second)
			return err
		})
	})
	want := bytes.Repeat([]byte("tieline "), 1<<14)
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = c.Write(want)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("echo through the tunnel = %d bytes, %v; want %d", len(got), err, len(want))
	}
	c.Close()
	<-done
}

func TestTunnel(t *testing.T) {
	b := newBench(t)
	b.set(t, 0, b.tunnel(0))
	b.set(t, 1, b.tunnel(1))
	b.up(t)
	b.talk(t)
	for i := range 2 {
		s := b.manager[i].States()[0]
		if s.Name != "tun0" || s.ID != "a--b/0" || s.Kind != "wireguard (userspace)" || s.Why != "" {
			t.Errorf("state of end %d = %+v", i, s)
		}
		// Bytes are counted once they are on their way, after who gets them may
		// have answered.
		eventually(t, "bytes both ways", func() error {
			if s := b.manager[i].States()[0]; s.Sent < 1<<17 || s.Received < 1<<17 || s.Since.IsZero() {
				return fmt.Errorf("state of end %d = %+v, want more than %d bytes both ways", i, s, 1<<17)
			}
			return nil
		})
	}
	b.manager[0].Close()
	b.manager[1].Close()
	if b.written.Len() == 0 {
		t.Error("nothing was logged")
	}
	for i := range 2 {
		if strings.Contains(b.written.String(), b.keys[i].String()) {
			t.Errorf("the log has the private key of end %d", i)
		}
	}
}

func TestSetTwiceTouchesNothing(t *testing.T) {
	b := newBench(t)
	b.set(t, 0, b.tunnel(0))
	b.set(t, 1, b.tunnel(1))
	b.up(t)
	before, index := b.manager[0].tunnels["tun0"], linkIndex(t, b.node[0])
	b.set(t, 0, b.tunnel(0))
	if b.manager[0].tunnels["tun0"] != before || linkIndex(t, b.node[0]) != index {
		t.Error("setting the same tunnel again made it anew")
	}
	changed := b.tunnel(0)
	changed.MTU = 1380
	w := *changed.WireGuard
	w.Keepalive = 7
	changed.WireGuard = &w
	b.set(t, 0, changed)
	if b.manager[0].tunnels["tun0"] != before || linkIndex(t, b.node[0]) != index {
		t.Error("a new MTU and keepalive made the tunnel anew")
	}
	if s := b.manager[0].States()[0]; !s.Up || s.Rekeys != [2]int{} {
		t.Errorf("after a new MTU and keepalive: %+v, want up with the same keys", s)
	}
	b.talk(t)
	b.set(t, 0)
	if got := b.manager[0].States(); len(got) != 0 {
		t.Errorf("States() = %+v, want none after the tunnel was taken away", got)
	}
	in(t, b.node[0], func() error {
		if _, err := netlink.LinkByName("tun0"); err == nil {
			t.Error("device tun0 is still there")
		}
		return nil
	})
}

func linkIndex(t *testing.T, ns string) (index int) {
	t.Helper()
	in(t, ns, func() error {
		l, err := netlink.LinkByName("tun0")
		if err == nil {
			index = l.Attrs().Index
		}
		return err
	})
	return index
}

// The way comes up after both ends are there, and the responder has data to
// send from the start: its handshakes cross the initiator's.
func TestUnderlayLater(t *testing.T) {
	b := newBench(t)
	setLink(t, b.under[0], "eth0", false)
	b.set(t, 0, b.tunnel(0))
	b.set(t, 1, b.tunnel(1))
	for i := range 2 {
		in(t, b.node[i], func() error {
			c, err := net.Dial("udp4", netip.AddrPortFrom(inside[1-i], 9).String())
			if err != nil {
				return err
			}
			defer c.Close()
			_, err = c.Write([]byte("x"))
			return err
		})
		s := b.manager[i].States()[0]
		if s.Up || s.Why == "" {
			t.Errorf("end %d without a way = %+v, want down with a reason", i, s)
		}
	}
	setLink(t, b.under[0], "eth0", true)
	b.up(t)
	b.talk(t)
}

// A node that starts again has lost its keys; the other end has not noticed.
func TestResponderStartsAgain(t *testing.T) {
	b := newBench(t)
	b.set(t, 0, b.tunnel(0))
	b.set(t, 1, b.tunnel(1))
	b.up(t)
	b.manager[1].Close()
	b.manager[1] = b.start(t, 1)
	b.set(t, 1, b.tunnel(1))
	in(t, b.node[1], func() error { // what BGP or BFD sends
		c, err := net.Dial("udp4", netip.AddrPortFrom(inside[0], 9).String())
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.Write([]byte("x"))
		return err
	})
	b.up(t)
	b.talk(t)
}

func TestDeviceTakenAway(t *testing.T) {
	b := newBench(t)
	b.set(t, 0, b.tunnel(0))
	b.set(t, 1, b.tunnel(1))
	b.up(t)
	in(t, b.node[0], func() error {
		l, err := netlink.LinkByName("tun0")
		if err != nil {
			return err
		}
		return netlink.LinkDel(l)
	})
	b.talk(t)
	b.up(t)
}

func TestWrongKey(t *testing.T) {
	b := newBench(t)
	b.set(t, 0, b.tunnel(0))
	other, err := wgtypes.GeneratePrivateKey()
	if err != nil {
		t.Fatal(err)
	}
	wrong := b.tunnel(1)
	w := *wrong.WireGuard
	w.PublicKey = other.PublicKey().String()
	wrong.WireGuard = &w
	b.set(t, 1, wrong)
	eventually(t, "a handshake that arrives", func() error {
		if s := b.manager[1].States()[0]; s.Up || !strings.Contains(s.Why, "with another key") {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	b.set(t, 1, b.tunnel(1)) // the peer is replaced, and the tunnel comes up
	b.up(t)
}

func TestSetMistakes(t *testing.T) {
	good := func() nodeconf.Tunnel {
		return nodeconf.Tunnel{
			Device: nodeconf.Device{Name: "tun0"}, Kind: nodeconf.WireGuard,
			WireGuard: &nodeconf.WireGuardConfig{
				PrivateKey: "k", PublicKey: base64.StdEncoding.EncodeToString(make([]byte, 32)),
				Endpoint: netip.MustParseAddrPort("198.18.0.2:51820"),
			},
		}
	}
	for _, test := range []struct {
		name   string
		secret string
		change func(*nodeconf.Tunnel)
		want   string
	}{
		{name: "no settings", change: func(t *nodeconf.Tunnel) { t.WireGuard = nil }, want: "it has no WireGuard settings"},
		{name: "name too long", change: func(t *nodeconf.Tunnel) { t.Name = "a-very-long-name" }, want: "1 to 15 bytes"},
		{name: "public key", change: func(t *nodeconf.Tunnel) { t.WireGuard.PublicKey = "abc" }, want: "peer's public key: 3 bytes are not a key"},
		{name: "no endpoint", change: func(t *nodeconf.Tunnel) { t.WireGuard.Endpoint = netip.AddrPort{} }, want: "its peer has no endpoint"},
		{name: "private key", secret: "hunter2-hunter2", change: func(*nodeconf.Tunnel) {}, want: `private key "k": 15 bytes are not a key`},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := New(Options{Provider: Userspace, Secrets: func(string) ([]byte, error) {
				if test.secret != "" {
					return []byte(test.secret), nil
				}
				return make([]byte, 32), nil
			}})
			defer m.Close()
			tun := good()
			test.change(&tun)
			err := m.Set(context.Background(), []nodeconf.Tunnel{tun})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Set = %v, want %q", err, test.want)
			}
			if test.secret != "" && strings.Contains(fmt.Sprint(err), test.secret) {
				t.Errorf("Set = %v, which tells the secret", err)
			}
		})
	}
}

func TestKernelConfig(t *testing.T) {
	var c config
	c.private, c.peer = key{1}, key{2}
	c.port, c.endpoint, c.keepalive = 51820, netip.MustParseAddrPort("198.18.0.2:51821"), 25
	got := kernelConfig(c, []wgtypes.Key{{2}, {3}})
	if len(got.Peers) != 2 || got.Peers[0].PublicKey != (wgtypes.Key{3}) || !got.Peers[0].Remove {
		t.Fatalf("kernelConfig = %+v, want the other peer removed first", got.Peers)
	}
	p := got.Peers[1]
	if got.ReplacePeers || p.Remove || p.PublicKey != (wgtypes.Key{2}) {
		t.Errorf("kernelConfig = %+v, want the peer kept", p)
	}
	if p.Endpoint.String() != "198.18.0.2:51821" || *p.PersistentKeepaliveInterval != 25*time.Second || *got.ListenPort != 51820 {
		t.Errorf("kernelConfig = %+v", p)
	}
	if i := slices.IndexFunc(p.AllowedIPs, func(n net.IPNet) bool { return n.String() == "0.0.0.0/0" }); i != 0 || len(p.AllowedIPs) != 1 {
		t.Errorf("allowed IPs = %v, want 0.0.0.0/0", p.AllowedIPs)
	}
}

func FuzzParseStats(f *testing.F) {
	f.Add("private_key=00\ntx_bytes=5\nrx_bytes=6\nlast_handshake_time_sec=7\nlast_handshake_time_nsec=8\n")
	f.Add("tx_bytes=-1\n")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseStats(s)
		if err != nil && got != (stats{}) {
			t.Errorf("parseStats(%q) = %+v with error %v", s, got, err)
		}
	})
}
