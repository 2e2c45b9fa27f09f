package lab

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/net/icmp"
	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/node/firewall"
	"github.com/tieline/tieline/internal/node/ipsec"
	"github.com/tieline/tieline/internal/node/netns"
	"github.com/tieline/tieline/internal/node/wireguard"
	"github.com/tieline/tieline/internal/nodeconf"
)

// onLockedThread runs f on a thread that lives as long as it does.
func onLockedThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		done <- f()
	}()
	return <-done
}

// trial is a child's scratch lab: two namespaces.
type trial struct {
	ctx  context.Context
	a, b *netns.NS
	out  []Need
}

// Trial tries what a lab does, in the namespaces that it was started in, which
// end with this process.
func Trial(ctx context.Context, tunnels nodeconf.TunnelKind) []Need {
	t := &trial{ctx: ctx}
	if !t.try("mounts", "a kernel and container that let /proc and /run be mounted in a mount namespace of one's own", folders) {
		return t.out
	}
	if !t.try("network namespaces", "", t.spaces) {
		return t.out
	}
	t.try("/dev/net/tun", "modprobe tun; chmod 666 /dev/net/tun; in a container --device /dev/net/tun", t.tun)
	t.try("veth", "a kernel with CONFIG_VETH (modprobe veth)", t.veth)
	t.try("sysctls", "", t.sysctls)
	t.try("policy routing", "a kernel with CONFIG_IP_MULTIPLE_TABLES and CONFIG_IP_ROUTE_MULTIPATH", t.routing)
	t.try("nftables", "a kernel with CONFIG_NF_TABLES_INET, CONFIG_NFT_CT, CONFIG_NFT_LOG and CONFIG_NFT_NAT (modprobe nf_tables nft_ct nft_log nft_nat)", t.nftables)
	t.try("ICMP sockets", "", t.ping)
	switch tunnels {
	case nodeconf.IPsec:
		t.try("IPsec", "apt-get install --no-install-recommends "+strings.Join(StrongSwan, " ")+"; or --tunnels wireguard", t.ipsec)
	case nodeconf.WireGuard:
		t.try("WireGuard", "a kernel with WireGuard, or /dev/net/tun", t.wireGuard)
	}
	t.optional("real-time priority", "root, or ulimit -r 5 (limits.conf: rtprio)", t.realTime)
	return t.out
}

// StrongSwan are the packages of Debian and Ubuntu that IPsec needs.
var StrongSwan = []string{"charon-systemd", "strongswan-swanctl", "libcharon-extra-plugins", "libstrongswan-standard-plugins", "libstrongswan-extra-plugins"}

// try does one thing. What it found is what it says, or its error.
func (t *trial) try(name, fix string, do func() error) bool {
	n := Need{Name: name, OK: true}
	if err := do(); err != nil {
		n.OK, n.Found, n.Fix = false, err.Error(), fix
	}
	t.out = append(t.out, n)
	return n.OK
}

// optional does one thing that a lab can do without.
func (t *trial) optional(name, fix string, do func() error) {
	t.try(name, fix, do)
	t.out[len(t.out)-1].Optional = true
}

func (t *trial) spaces() (err error) {
	if t.a, err = netns.Create(netnsDir, "trial:a"); err != nil {
		return err
	}
	t.b, err = netns.Create(netnsDir, "trial:b")
	return err
}

func (t *trial) tun() error {
	fd, err := t.a.TUN("trial-tun", 1400)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

func (t *trial) veth() error {
	return netns.Veth(t.a, "trial0", t.b, "trial0", 1500, true)
}

func (t *trial) sysctls() error {
	if err := t.a.Sysctl([2]string{"net/ipv4/tcp_congestion_control", "cubic"}); err != nil {
		if err := t.a.Sysctl([2]string{"net/ipv4/tcp_congestion_control", "reno"}); err != nil {
			return err
		}
	}
	return t.a.Sysctl(
		[2]string{"net/ipv4/ip_forward", "1"},
		[2]string{"net/ipv4/conf/all/rp_filter", "0"},
		[2]string{"net/ipv4/fib_multipath_hash_policy", "1"},
		[2]string{"net/ipv4/ping_group_range", "0 0"},
	)
}

// trialTable is any table but the kernel's own.
const trialTable = 1000

// routing has a table reached by a rule for a device, with a route over two
// equal ways.
func (t *trial) routing() error {
	return t.a.Do(func() error {
		pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "trial1"}, PeerName: "trial2"}
		if err := netlink.LinkAdd(pair); err != nil {
			return err
		}
		route := &netlink.Route{Table: trialTable, Dst: &net.IPNet{IP: net.IPv4(198, 51, 100, 0), Mask: net.CIDRMask(24, 32)}, Scope: unix.RT_SCOPE_LINK}
		for _, name := range []string{"trial1", "trial2"} {
			l, err := netlink.LinkByName(name)
			if err != nil {
				return err
			}
			if err := netlink.LinkSetUp(l); err != nil {
				return err
			}
			route.MultiPath = append(route.MultiPath, &netlink.NexthopInfo{LinkIndex: l.Attrs().Index})
		}
		if err := netlink.RouteAdd(route); err != nil {
			return fmt.Errorf("a route over two devices: %w", err)
		}
		rule := netlink.NewRule()
		rule.IifName, rule.Table, rule.Family = "trial1", trialTable, unix.AF_INET
		if err := netlink.RuleAdd(rule); err != nil {
			return fmt.Errorf("a rule for a device: %w", err)
		}
		return nil
	})
}

// nftables has a stateful and a stateless filter that log what they drop.
func (t *trial) nftables() error {
	f, err := firewall.New(t.a.FD())
	if err != nil {
		return err
	}
	rule := nodeconf.FilterRule{Name: "any", Direction: nodeconf.Ingress, Verdict: nodeconf.Accept}
	return f.Set(firewall.Rules{Filters: []nodeconf.Filter{
		{ID: "trial/stateful", Kind: nodeconf.Stateful, Ingress: nodeconf.Drop, Egress: nodeconf.Accept, Rules: []nodeconf.FilterRule{rule}},
		{ID: "trial/stateless", Kind: nodeconf.Stateless, Ingress: nodeconf.Drop, Egress: nodeconf.Accept, Rules: []nodeconf.FilterRule{rule}},
	}})
}

func (t *trial) ping() error {
	return t.a.Do(func() error {
		c, err := icmp.ListenPacket("udp4", "0.0.0.0")
		if err != nil {
			return err
		}
		return c.Close()
	})
}

// trialTunnel is a tunnel to nobody, between documentation addresses (RFC
// 5737).
func trialTunnel(kind nodeconf.TunnelKind, underlay string) nodeconf.Tunnel {
	return nodeconf.Tunnel{
		Device: nodeconf.Device{Name: "trial3", ID: "trial"}, Kind: kind, Underlay: underlay,
		Local: netip.AddrFrom4([4]byte{192, 0, 2, 1}), Remote: netip.AddrFrom4([4]byte{192, 0, 2, 2}),
	}
}

// trialTunnelWithin bounds how long the device of a tunnel may take.
const trialTunnelWithin = 15 * time.Second

// ipsec has strongSwan take a tunnel: the daemon, its plugins, its suites.
func (t *trial) ipsec() error {
	dir, err := os.MkdirTemp(nodesDir, "trial")
	if err != nil {
		return err
	}
	tunnel := trialTunnel(nodeconf.IPsec, t.b.Path)
	tunnel.IPsec = &nodeconf.IPsecConfig{
		LocalID: tunnel.Local.String(), RemoteID: tunnel.Remote.String(), PSK: "trial",
		IKE: []string{"aes256gcm16-prfsha384-ecp384"}, ESP: []string{"aes256gcm16-ecp384"}, IKELifetime: 28800, ESPLifetime: 3600, DPD: 10,
	}
	m := ipsec.New(ipsec.Options{Secrets: func(string) ([]byte, error) { return []byte("trial"), nil }, StateDir: dir, Namespace: t.a.Path})
	ctx, cancel := context.WithTimeout(t.ctx, trialTunnelWithin)
	defer cancel()
	defer m.Close()
	return m.Set(ctx, []nodeconf.Tunnel{tunnel})
}

// wireGuard has a tunnel made, by the kernel or the library.
func (t *trial) wireGuard() error {
	key := func(b byte) string {
		k := make([]byte, 32)
		k[1] = b
		return base64.StdEncoding.EncodeToString(k)
	}
	tunnel := trialTunnel(nodeconf.WireGuard, t.b.Path)
	tunnel.WireGuard = &nodeconf.WireGuardConfig{PrivateKey: "trial", PublicKey: key(9), ListenPort: 51820, Endpoint: netip.AddrPortFrom(tunnel.Remote, 51820)}
	m := wireguard.New(wireguard.Options{Secrets: func(string) ([]byte, error) { return []byte(key(1)), nil }, Namespace: t.a.Path})
	ctx, cancel := context.WithTimeout(t.ctx, trialTunnelWithin)
	defer cancel()
	defer m.Close()
	return m.Set(ctx, []nodeconf.Tunnel{tunnel})
}

// realTime gives a thread real-time priority, as the relay's.
func (t *trial) realTime() error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its priority
		attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 5}
		done <- unix.SchedSetAttr(0, &attr, 0)
	}()
	if err := <-done; err != nil {
		return fmt.Errorf("%w: on a busy machine the emulated internet is less punctual", err)
	}
	return nil
}
