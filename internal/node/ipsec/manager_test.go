package ipsec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/testkit/netlab"
)

// bench is two nodes, whose outsides are joined by cables: one for each tunnel.
type bench struct {
	node    [2]*netlab.NS
	under   [][2]*netlab.NS // of each tunnel
	manager [2]*Manager
	psk     [2]string
	log     *slog.Logger
	written safeBuffer
}

var outside = [2]netip.Addr{netip.MustParseAddr("198.18.0.1"), netip.MustParseAddr("198.18.0.2")}

// inside is the address of an end in its tunnel.
func inside(tunnel, end int) netip.Addr {
	return netip.AddrFrom4([4]byte{169, 254, byte(10 + tunnel), byte(1 + end)})
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newBench(t *testing.T, tunnels int) *bench {
	t.Helper()
	t.Parallel()
	lab := netlab.New(t)
	netlab.Need(t, program, "/usr/sbin/"+program)
	const psk = "correct horse battery staple"
	b := &bench{psk: [2]string{psk, psk}}
	b.log = slog.New(slog.NewTextHandler(&b.written, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for end := range 2 {
		b.node[end] = lab.Namespace(fmt.Sprintf("node%d", end))
	}
	for i := range tunnels {
		u := [2]*netlab.NS{lab.Namespace(fmt.Sprintf("u%da", i)), lab.Namespace(fmt.Sprintf("u%db", i))}
		lab.Veth(u[0], "wan0", u[1], "wan0")
		for end := range 2 {
			u[end].Address("wan0", netip.PrefixFrom(outside[end], 24))
		}
		b.under = append(b.under, u)
	}
	for end := range 2 {
		b.manager[end] = New(Options{
			Secrets:  func(string) ([]byte, error) { return []byte(b.psk[end] + "\n"), nil },
			StateDir: t.TempDir(), Namespace: b.node[end].Path(), Mode: Userspace, Log: b.log,
			Remade: func(device string) { b.address(t, end, device) },
		})
		t.Cleanup(b.manager[end].Close)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(b.written.String())
		}
		if strings.Contains(b.written.String(), psk) {
			t.Error("the log has the pre-shared key")
		}
	})
	return b
}

func (b *bench) address(t testing.TB, end int, device string) {
	var i int
	if _, err := fmt.Sscanf(device, "tun%d", &i); err != nil {
		t.Error(err)
		return
	}
	err := b.node[end].Do(func() error {
		l, err := netlink.LinkByName(device)
		if err != nil {
			return err
		}
		a, err := netlink.ParseAddr(netip.PrefixFrom(inside(i, end), 30).String())
		if err != nil {
			return err
		}
		return netlink.AddrReplace(l, a)
	})
	if err != nil {
		t.Error(err)
	}
}

// plan is one suite for both ends; life is of both SAs, in seconds.
func (b *bench) tunnel(i, end int) nodeconf.Tunnel {
	return nodeconf.Tunnel{
		Device: nodeconf.Device{Name: fmt.Sprintf("tun%d", i), ID: fmt.Sprintf("a--b/%d", i), MTU: 1400},
		Kind:   nodeconf.IPsec, Underlay: b.under[i][end].Path(),
		Local: outside[end], Remote: outside[1-end], Initiate: end == 0,
		IPsec: &nodeconf.IPsecConfig{
			LocalID: outside[end].String(), RemoteID: outside[1-end].String(), PSK: "psk",
			IKE: []string{"aes256gcm16-prfsha384-ecp384"}, ESP: []string{"aes256gcm16-ecp384"},
			IKELifetime: 28800, ESPLifetime: 3600, DPD: 10,
		},
	}
}

func (b *bench) set(t testing.TB, end int, tunnels ...nodeconf.Tunnel) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := b.manager[end].Set(ctx, tunnels); err != nil {
		t.Fatal(err)
	}
	for _, tun := range tunnels {
		b.address(t, end, tun.Name)
	}
}

// setBoth sets the first n tunnels at both ends at once.
func (b *bench) setBoth(t testing.TB, n int, change func(end int, tun *nodeconf.Tunnel)) {
	t.Helper()
	var wait sync.WaitGroup
	for end := range 2 {
		var tunnels []nodeconf.Tunnel
		for i := range n {
			tun := b.tunnel(i, end)
			if change != nil {
				change(end, &tun)
			}
			tunnels = append(tunnels, tun)
		}
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			if err := b.manager[end].Set(ctx, tunnels); err != nil {
				t.Error(err)
			}
			for _, tun := range tunnels {
				b.address(t, end, tun.Name)
			}
		})
	}
	wait.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

func (b *bench) states(end int) map[string]nodeconf.TunnelState {
	out := map[string]nodeconf.TunnelState{}
	for _, s := range b.manager[end].States() {
		out[s.Name] = s
	}
	return out
}

// up waits until all tunnels are up at both ends.
func (b *bench) up(t testing.TB) {
	t.Helper()
	b.eventually(t, "tunnels up", func() error {
		for end := range 2 {
			for _, s := range b.manager[end].States() {
				if !s.Up {
					return fmt.Errorf("end %d: %+v", end, s)
				}
			}
		}
		return nil
	})
}

func (b *bench) eventually(t testing.TB, what string, f func() error) {
	t.Helper()
	deadline := time.After(40 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s: not in time: %v", what, err)
		case <-tick.C:
		}
	}
}

// echo answers datagrams at the far end of a tunnel until the test ends, and
// gives a function that sends one and waits for its answer.
func (b *bench) echo(t testing.TB, i int) func() error {
	t.Helper()
	var server, client net.PacketConn
	err := errors.Join(
		b.node[1].Do(func() (err error) {
			server, err = net.ListenPacket("udp4", ":7777")
			return err
		}),
		b.node[0].Do(func() (err error) {
			client, err = net.ListenPacket("udp4", ":0")
			return err
		}),
	)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 2000)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(buf[:n], from)
		}
	}()
	t.Cleanup(func() {
		server.Close()
		client.Close()
		<-done
	})
	to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(inside(i, 1), 7777))
	sent := 0
	return func() error {
		sent++
		msg := fmt.Appendf(nil, "%d", sent)
		if _, err := client.WriteTo(msg, to); err != nil {
			return err
		}
		if err := client.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			return err
		}
		buf := make([]byte, 100)
		for {
			n, _, err := client.ReadFrom(buf)
			if err != nil || bytes.Equal(buf[:n], msg) {
				return err
			}
		}
	}
}

// pid is the process of a tunnel's charon.
func (m *Manager) pid(name string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.daemons {
		d.mu.Lock()
		p := d.proc
		ok := d.tunnels[name] != nil
		d.mu.Unlock()
		if ok && p != nil {
			return p.cmd.Process.Pid
		}
	}
	return 0
}

func TestTunnelAndRekeys(t *testing.T) {
	b := newBench(t, 1)
	b.setBoth(t, 1, nil)
	b.up(t)
	ping := b.echo(t, 0)
	b.eventually(t, "echo", ping)
	for end := range 2 {
		s := b.states(end)["tun0"]
		if want := "IKE aes256gcm16-prfsha384-ecp384, ESP aes256gcm16"; s.Suite != want || s.Why != "" {
			t.Errorf("end %d: suite %q (%s), want %q", end, s.Suite, s.Why, want)
		}
		if s.Kind != "ipsec (userspace ESP)" || s.Since.IsZero() || s.Rekeys != [2]int{} {
			t.Errorf("end %d: %+v", end, s)
		}
	}
	lost := 0
	for _, r := range []struct {
		name string
		end  int
		ike  bool
		want [2]int
	}{
		{name: "child", end: 0, want: [2]int{0, 1}},
		{name: "IKE", end: 0, ike: true, want: [2]int{1, 1}},
		{name: "child from the other end", end: 1, want: [2]int{1, 2}},
		{name: "IKE from the other end", end: 1, ike: true, want: [2]int{2, 2}},
	} {
		if err := b.manager[r.end].Rekey("tun0", r.ike); err != nil {
			t.Fatalf("rekey %s: %v", r.name, err)
		}
		b.eventually(t, "rekey "+r.name, func() error {
			if ping() != nil {
				lost++
			}
			for end := range 2 {
				if s := b.states(end)["tun0"]; s.Rekeys != r.want || !s.Up {
					return fmt.Errorf("end %d: %+v, want rekeys %v", end, s, r.want)
				}
			}
			return nil
		})
	}
	if lost > 2 {
		t.Errorf("%d datagrams were lost in 4 rekeys, want at most 2", lost)
	}
	b.eventually(t, "the group of the new CHILD_SA and counters of all of them", func() error {
		for end := range 2 {
			s := b.states(end)["tun0"]
			if s.Suite != "IKE aes256gcm16-prfsha384-ecp384, ESP aes256gcm16-ecp384" || s.Sent < 28 || s.Received < 28 {
				return fmt.Errorf("end %d: %+v", end, s)
			}
		}
		return ping()
	})
	if err := b.manager[0].Rekey("tun9", false); err == nil {
		t.Error("Rekey of a tunnel that is not there gave no error")
	}
}

// Rekeys by time, at the shortest lifetimes.
func TestScaledLifetimes(t *testing.T) {
	b := newBench(t, 1)
	b.setBoth(t, 1, func(_ int, tun *nodeconf.Tunnel) { tun.IPsec.IKELifetime, tun.IPsec.ESPLifetime = 6, 3 })
	b.up(t)
	ping := b.echo(t, 0)
	sent, lost := 0, 0
	b.eventually(t, "3 child and 1 IKE rekeys", func() error {
		sent++
		if ping() != nil {
			lost++
		}
		if s := b.states(0)["tun0"]; s.Rekeys[0] < 1 || s.Rekeys[1] < 3 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	if lost*50 > sent {
		t.Errorf("%d of %d datagrams lost over rekeys by time", lost, sent)
	}
}

func TestCharonKilled(t *testing.T) {
	for _, test := range []struct {
		name string
		end  int
	}{{"initiator", 0}, {"responder", 1}} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, 1)
			b.setBoth(t, 1, nil)
			b.up(t)
			ping := b.echo(t, 0)
			b.eventually(t, "echo", ping)
			pid := b.manager[test.end].pid("tun0")
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			b.eventually(t, "its end noticed and a new one", func() error {
				if now := b.manager[test.end].pid("tun0"); now == 0 || now == pid {
					return fmt.Errorf("charon is %d", now)
				}
				return nil
			})
			b.up(t)
			b.eventually(t, "echo again", ping)
		})
	}
}

func TestDeviceTakenAway(t *testing.T) {
	b := newBench(t, 1)
	b.setBoth(t, 1, nil)
	b.up(t)
	b.node[0].Run("ip", "link", "del", "tun0")
	ping := b.echo(t, 0)
	b.eventually(t, "echo through a new device", ping)
	b.up(t)
}

func TestWhyDown(t *testing.T) {
	for _, test := range []struct {
		name   string
		psk    string
		change func(end int, tun *nodeconf.Tunnel)
		alone  bool // only the initiator is there
		why    [2]string
	}{
		{
			name: "another key", psk: "wrong horse",
			why: [2]string{"authentication failed: the peer refuses our pre-shared key or identity", "authentication failed: the pre-shared key of the peer is another than ours"},
		},
		{
			name: "another identity",
			change: func(end int, tun *nodeconf.Tunnel) {
				if end == 1 {
					tun.IPsec.RemoteID = "203.0.113.9"
				}
			},
			why: [2]string{"authentication failed", "authentication failed"},
		},
		{
			name: "IKE proposals",
			change: func(end int, tun *nodeconf.Tunnel) {
				if end == 1 {
					tun.IPsec.IKE = []string{"aes128-sha256-prfsha256-modp2048"}
				}
			},
			why: [2]string{
				"no proposal chosen: the peer takes none of ours for IKE (aes256gcm16-prfsha384-ecp384)",
				"no proposal chosen: what the peer offers for IKE is not ours (aes128-sha256-prfsha256-modp2048)",
			},
		},
		{
			name: "ESP proposals",
			change: func(end int, tun *nodeconf.Tunnel) {
				if end == 1 {
					tun.IPsec.ESP = []string{"aes128gcm16-ecp256"}
				}
			},
			why: [2]string{
				"no proposal chosen: the peer takes none of ours for ESP (aes256gcm16-ecp384)",
				"no proposal chosen: what the peer offers for ESP is not ours (aes128gcm16-ecp256)",
			},
		},
		{name: "nobody there", alone: true, why: [2]string{"the peer 198.18.0.2 does not answer"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, 1)
			if test.psk != "" {
				b.psk[1] = test.psk
			}
			for end := range 2 {
				tun := b.tunnel(0, end)
				if test.change != nil {
					test.change(end, &tun)
				}
				if end == 0 || !test.alone {
					b.set(t, end, tun)
				}
			}
			b.eventually(t, "the reason", func() error {
				for end, want := range test.why {
					s := b.states(end)["tun0"]
					if s.Up || !strings.HasPrefix(s.Why, want) || want == "" != (s.Why == "") {
						return fmt.Errorf("end %d: %+v, want %q", end, s, want)
					}
				}
				return nil
			})
			if test.alone {
				return
			}
			// Put right, it comes up.
			b.psk[1] = b.psk[0]
			b.setBoth(t, 1, nil)
			b.up(t)
		})
	}
}

// Plans of clouds often have both ends dial.
func TestBothInitiate(t *testing.T) {
	b := newBench(t, 1)
	b.setBoth(t, 1, func(_ int, tun *nodeconf.Tunnel) { tun.Initiate = true })
	b.up(t)
	ping := b.echo(t, 0)
	b.eventually(t, "one SA, and the same at both ends", func() error {
		for end := range 2 {
			sas, err := b.manager[end].sas("tun0")
			if err != nil || len(sas) != 1 || len(sas[0].children) != 1 || !sas[0].works() {
				return fmt.Errorf("end %d: %+v, %v", end, sas, err)
			}
		}
		return ping()
	})
}

// sas lists the SAs of a tunnel as charon has them now.
func (m *Manager) sas(name string) ([]ikeSA, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.daemons {
		d.mu.Lock()
		p := d.proc
		d.mu.Unlock()
		if !d.has(name) || p == nil {
			continue
		}
		session, err := dialVici(context.Background(), filepath.Join(d.dir, "vici"))
		if err != nil {
			return nil, err
		}
		defer session.Close()
		var out []ikeSA
		for msg, err := range session.CallStreaming(context.Background(), "list-sas", listEvent, nil) {
			if err != nil {
				return nil, err
			}
			out = append(out, parseSAs(msg)...)
		}
		return out, nil
	}
	return nil, errors.New("no daemon")
}

func TestSetTwiceTouchesNothing(t *testing.T) {
	b := newBench(t, 1)
	b.setBoth(t, 1, nil)
	b.up(t)
	pid, since := b.manager[0].pid("tun0"), b.states(0)["tun0"].Since
	b.setBoth(t, 1, func(_ int, tun *nodeconf.Tunnel) { tun.MTU = 1380 })
	if got := b.manager[0].pid("tun0"); got != pid {
		t.Errorf("charon %d is another than %d after the same tunnel was set", got, pid)
	}
	if s := b.states(0)["tun0"]; s.Since != since || !s.Up {
		t.Errorf("state = %+v, want up since %v", s, since)
	}
	// Another suite: the same charon, a new SA.
	b.setBoth(t, 1, func(_ int, tun *nodeconf.Tunnel) {
		tun.IPsec.IKE, tun.IPsec.ESP = []string{"aes256-sha256-prfsha256-modp2048"}, []string{"aes256-sha256-modp2048"}
	})
	b.eventually(t, "the new suite", func() error {
		for end := range 2 {
			if s := b.states(end)["tun0"]; !s.Up || s.Suite != "IKE aes256-sha256-prfsha256-modp2048, ESP aes256-sha256" {
				return fmt.Errorf("end %d: %+v", end, s)
			}
		}
		return nil
	})
	if got := b.manager[0].pid("tun0"); got != pid {
		t.Errorf("charon %d is another than %d after a new suite", got, pid)
	}
}

// Eight tunnels between two nodes, with one pair of outside addresses: sixteen
// daemons. Then nothing is left of them.
func TestManyTunnelsAndNothingLeft(t *testing.T) {
	const n = 8
	b := newBench(t, n)
	began := time.Now()
	b.setBoth(t, n, nil)
	loaded := time.Since(began)
	b.up(t)
	t.Logf("%d tunnels loaded after %v, up after %v", n, loaded, time.Since(began))
	for i := range n {
		to := inside(i, 1).String()
		b.eventually(t, "ping "+to, func() error {
			if out, err := b.node[0].Try("ping", "-c", "1", "-W", "1", to); err != nil {
				return errors.New(out)
			}
			return nil
		})
	}
	var pids []int
	for end := range 2 {
		for i := range n {
			pids = append(pids, b.manager[end].pid(fmt.Sprintf("tun%d", i)))
		}
		b.manager[end].Close()
		if left, err := os.ReadDir(b.manager[end].opts.StateDir); err != nil || len(left) > 0 {
			t.Errorf("state folder of end %d has %v (%v), want nothing", end, left, err)
		}
		if out := b.node[end].Run("ip", "-o", "link"); strings.Contains(out, "tun") {
			t.Errorf("devices left at end %d:\n%s", end, out)
		}
	}
	for _, pid := range pids {
		if pid == 0 || syscall.Kill(pid, 0) == nil {
			t.Errorf("charon %d still runs", pid)
		}
	}
}
