package firewall

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/testkit/netlab"
	"github.com/tieline/tieline/internal/vocab"
)

func tcp(first, last uint16) vocab.Service {
	return vocab.Service{Proto: vocab.TCP, Ports: vocab.PortRange{First: first, Last: last}}
}

// pair is two namespaces, a client and a server with an echo on port 80.
type pair struct {
	client, server *netlab.NS
	filter         *Firewall
}

func newPair(t *testing.T) *pair {
	l := netlab.New(t)
	p := &pair{client: l.Namespace("client"), server: l.Namespace("server")}
	l.Veth(p.client, "eth0", p.server, "eth0")
	p.client.Address("eth0", netip.MustParsePrefix("192.0.2.1/30"))
	p.server.Address("eth0", netip.MustParsePrefix("192.0.2.2/30"))
	var err error
	if p.filter, err = New(p.server.FD()); err != nil {
		t.Fatal(err)
	}
	listenEcho(t, p.server, "192.0.2.2:80")
	return p
}

// listenEcho answers each connection with the client's address.
func listenEcho(t *testing.T, ns *netlab.NS, at string) {
	t.Helper()
	var in net.Listener
	if err := ns.Do(func() (err error) { in, err = net.Listen("tcp4", at); return err }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	go func() {
		for {
			c, err := in.Accept()
			if err != nil {
				return
			}
			_, _ = fmt.Fprint(c, c.RemoteAddr())
			_ = c.Close()
		}
	}()
}

// dial connects and reads what the other end says.
func dial(ns *netlab.NS, to string, wait time.Duration) (string, error) {
	var said string
	err := ns.Do(func() error {
		c, err := net.DialTimeout("tcp4", to, wait)
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(wait)); err != nil {
			return err
		}
		b := make([]byte, 100)
		n, err := c.Read(b)
		said = string(b[:n])
		return err
	})
	return said, err
}

const short = 300 * time.Millisecond // for what does not come

func set(t *testing.T, f *Firewall, r Rules) {
	t.Helper()
	if err := f.Set(r); err != nil {
		t.Fatal(err)
	}
}

// TestConnections opens TCP connections through a stateful filter and through
// stateless ones, with and without a way back.
func TestConnections(t *testing.T) {
	p := newPair(t)
	in := nodeconf.FilterRule{Name: "in", Direction: nodeconf.Ingress, Verdict: nodeconf.Accept, Services: []vocab.Service{tcp(80, 80)}}
	out := nodeconf.FilterRule{Name: "out", Direction: nodeconf.Egress, Verdict: nodeconf.Accept, Services: []vocab.Service{tcp(1024, 65535)}}
	back := nodeconf.FilterRule{
		Name: "back", Direction: nodeconf.Egress, Verdict: nodeconf.Accept,
		Services: []vocab.Service{{Proto: vocab.TCP}}, SourcePorts: []vocab.PortRange{{First: 80, Last: 80}},
	}
	closed := nodeconf.Filter{ID: "f", Ingress: nodeconf.Drop, Egress: nodeconf.Drop}
	with := func(id string, kind nodeconf.FilterKind, rules ...nodeconf.FilterRule) nodeconf.Filter {
		f := closed
		f.ID, f.Kind, f.Rules = id, kind, rules
		return f
	}
	for _, tt := range []struct {
		name    string
		filters []nodeconf.Filter
		want    bool
	}{
		{"none", nil, true},
		{"stateful", []nodeconf.Filter{with("sg", nodeconf.Stateful, in)}, true},
		{"stateful, nothing in", []nodeconf.Filter{with("sg", nodeconf.Stateful, out)}, false},
		{"stateless, no way back", []nodeconf.Filter{with("nacl", nodeconf.Stateless, in)}, false},
		{"stateless, high ports back", []nodeconf.Filter{with("nacl", nodeconf.Stateless, in, out)}, true},
		{"stateless, by source port", []nodeconf.Filter{with("nacl", nodeconf.Stateless, in, back)}, true},
		{"both", []nodeconf.Filter{with("sg", nodeconf.Stateful, in), with("nacl", nodeconf.Stateless, in, out)}, true},
		{"both, the stateless one has no way back", []nodeconf.Filter{with("sg", nodeconf.Stateful, in), with("nacl", nodeconf.Stateless, in)}, false},
		{"both, the stateful one is closed", []nodeconf.Filter{with("sg", nodeconf.Stateful), with("nacl", nodeconf.Stateless, in, out)}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set(t, p.filter, Rules{Filters: tt.filters})
			wait := patience
			if !tt.want {
				wait = short
			}
			said, err := dial(p.client, "192.0.2.2:80", wait)
			if got := err == nil; got != tt.want || got && !strings.HasPrefix(said, "192.0.2.1:") {
				t.Errorf("connects: %v (%q, %v), want %v\n%s", got, said, err, tt.want, p.server.Run("nft", "list", "ruleset"))
			}
			if _, err := dial(p.server, "127.0.0.1:9", patience); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("to its own loopback: %v, want refused, not filtered", err)
			}
		})
	}
}

// listing is the table without the counts and the mark of its transaction.
func listing(ns *netlab.NS) string {
	return regexp.MustCompile(`packets \d+ bytes \d+`).ReplaceAllString(ns.Run("nft", "-a", "list", "ruleset"), "counted")
}

func countOf(t *testing.T, f *Firewall, rule string) uint64 {
	t.Helper()
	counts, err := f.Counts()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		if c.Rule == rule {
			return c.Packets
		}
	}
	t.Fatalf("no count of rule %s in %v", rule, counts)
	return 0
}

// TestSetAfterFlush: filters that somebody took away with the whole ruleset, as
// a restart of the nftables service does, are there again after the same Set.
func TestSetAfterFlush(t *testing.T) {
	ns := netlab.New(t).Namespace("a")
	netlab.Need(t, "nft")
	f, err := New(ns.FD())
	if err != nil {
		t.Fatal(err)
	}
	r := Rules{Filters: []nodeconf.Filter{{ID: "acl", Kind: nodeconf.Stateless, Ingress: nodeconf.Drop, Egress: nodeconf.Accept}}}
	set(t, f, r)
	before := listing(ns)
	ns.Run("nft", "flush", "ruleset")
	set(t, f, r)
	bare := func(s string) string { return unstable.ReplaceAllString(s, "") }
	if diff := cmp.Diff(bare(before), bare(listing(ns))); diff != "" {
		t.Errorf("ruleset after a flush and the same Set (-before +after):\n%s", diff)
	}
}

// unstable is what of a listing is of the one transaction.
var unstable = regexp.MustCompile(`transaction_\w+|# handle \d+`)

func TestSetAgain(t *testing.T) {
	p := newPair(t)
	rules := func(last uint16) Rules {
		return Rules{Filters: []nodeconf.Filter{{
			ID: "sg", Kind: nodeconf.Stateful, Ingress: nodeconf.Drop, Egress: nodeconf.Accept,
			Sets: []nodeconf.PrefixSet{{Name: "near", Prefixes: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}},
			Rules: []nodeconf.FilterRule{
				{Name: "web", Direction: nodeconf.Ingress, Verdict: nodeconf.Accept, Services: []vocab.Service{tcp(80, 80)}, PeerSet: "near"},
				{Name: "other", Direction: nodeconf.Ingress, Verdict: nodeconf.Accept, Services: []vocab.Service{tcp(90, last)}},
			},
		}}}
	}
	connect := func(want bool) {
		t.Helper()
		wait := patience
		if !want {
			wait = short
		}
		if _, err := dial(p.client, "192.0.2.2:80", wait); (err == nil) != want {
			t.Fatalf("connects: %v, want %v\n%s", err, want, listing(p.server))
		}
	}
	set(t, p.filter, rules(99))
	first := listing(p.server)
	connect(true)
	connect(true)
	set(t, p.filter, rules(99))
	if diff := cmp.Diff(first, listing(p.server)); diff != "" {
		t.Errorf("the same again changes the table, numbers of rules included (-before +after):\n%s", diff)
	}
	set(t, p.filter, rules(100))
	if n := countOf(t, p.filter, "web"); n != 2 {
		t.Errorf("after another rule changed, web counted %d, want still 2", n)
	}
	// Another process takes over.
	second, err := New(p.server.FD())
	if err != nil {
		t.Fatal(err)
	}
	set(t, second, rules(100))
	if n := countOf(t, second, "web"); n != 2 {
		t.Errorf("after a restart, web counted %d, want still 2", n)
	}
	p.filter = second

	if err := p.filter.SetPrefixes("sg", "near", nil); err != nil {
		t.Fatal(err)
	}
	connect(false)
	set(t, p.filter, rules(101))
	connect(false) // the set keeps what it was made
	if err := p.filter.SetPrefixes("sg", "near", []netip.Prefix{netip.MustParsePrefix("0.0.0.0/1"), netip.MustParsePrefix("128.0.0.0/1")}); err != nil {
		t.Fatal(err)
	}
	connect(true)
	if err := p.filter.SetPrefixes("sg", "far", nil); err == nil {
		t.Error("SetPrefixes of a set that is not there = nil, want an error")
	}
	changed := rules(101)
	changed.Filters[0].Sets[0].Prefixes = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	set(t, p.filter, changed)
	connect(false) // declared anew
	if err := p.filter.Clear(); err != nil {
		t.Fatal(err)
	}
	if err := p.filter.Clear(); err != nil {
		t.Errorf("Clear of nothing: %v", err)
	}
	if got := listing(p.server); got != "" {
		t.Errorf("after Clear there is %s", got)
	}
	connect(true)
}

func TestDenied(t *testing.T) {
	p := newPair(t)
	set(t, p.filter, Rules{Filters: []nodeconf.Filter{{
		ID: "sg", Kind: nodeconf.Stateful, Ingress: nodeconf.Accept, Egress: nodeconf.Drop,
		Rules: []nodeconf.FilterRule{{Name: "no ssh", Direction: nodeconf.Ingress, Verdict: nodeconf.Drop, Services: []vocab.Service{tcp(22, 22)}, Line: "network.yaml:33"}},
	}}})
	ctx, cancel := context.WithCancel(t.Context())
	denied, err := p.filter.Denied(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.filter.Denied(ctx); !errors.Is(err, unix.EPERM) {
		t.Errorf("a second listener: %v, want it refused", err)
	}
	if _, err := dial(p.client, "192.0.2.2:22", short); err == nil {
		t.Fatal("port 22 answers, want it denied")
	}
	next := func() Denied {
		t.Helper()
		select {
		case d, ok := <-denied:
			if !ok {
				t.Fatal("the channel is closed")
			}
			return d
		case <-time.After(patience):
			t.Fatal("nothing was heard of a denied packet")
		}
		return Denied{}
	}
	d := next()
	if want := (Rule{"sg", "no ssh", nodeconf.Ingress, "network.yaml:33"}); d.Rule != want {
		t.Errorf("denied by %+v, want %+v", d.Rule, want)
	}
	d.Packet.SourcePort = 0
	want := Packet{Direction: nodeconf.Ingress, Proto: vocab.TCP, Source: netip.MustParseAddr("192.0.2.1"), Destination: netip.MustParseAddr("192.0.2.2"), Port: 22}
	if d.Packet != want {
		t.Errorf("denied %+v, want %+v", d.Packet, want)
	}
	_, _ = dial(p.server, "192.0.2.1:53", short)
	for d = next(); d.Rule.Rule == "no ssh"; d = next() { // SYNs are sent again
	}
	if d.Rule != (Rule{"sg", "default-egress", nodeconf.Egress, ""}) || d.Packet.Port != 53 || d.Packet.Direction != nodeconf.Egress {
		t.Errorf("denied %+v by %+v, want port 53 by default-egress", d.Packet, d.Rule)
	}
	cancel()
	for end := time.After(patience); ; {
		select {
		case _, ok := <-denied:
			if !ok {
				return
			}
		case <-end:
			t.Fatal("the channel is not closed when its context ends")
		}
	}
}

func TestTranslation(t *testing.T) {
	l := netlab.New(t)
	inside, router, world := l.Namespace("inside"), l.Namespace("router"), l.Namespace("world")
	l.Veth(inside, "eth0", router, "in")
	l.Veth(router, "wan", world, "eth0")
	for ns, list := range map[*netlab.NS][][2]string{
		inside: {{"eth0", "10.0.0.2/24"}, {"eth0", "10.0.0.3/24"}, {"eth0", "10.0.0.4/24"}},
		router: {{"in", "10.0.0.1/24"}, {"wan", "198.51.100.1/24"}},
		world:  {{"eth0", "198.51.100.9/24"}},
	} {
		for _, x := range list {
			ns.Address(x[0], netip.MustParsePrefix(x[1]))
		}
	}
	router.Run("sysctl", "-qw", "net.ipv4.ip_forward=1")
	inside.Run("ip", "route", "add", "default", "via", "10.0.0.1")
	world.Run("ip", "route", "add", "198.51.100.0/28", "via", "198.51.100.1")
	f, err := New(router.FD())
	if err != nil {
		t.Fatal(err)
	}
	p, a := netip.MustParsePrefix, netip.MustParseAddr
	rules := Rules{
		NATs: []nodeconf.NAT{
			{ID: "all", Device: "wan", Source: p("10.0.0.0/24"), To: a("198.51.100.2")},
			{ID: "one", Device: "wan", Source: p("10.0.0.3/32"), To: a("198.51.100.3"), Both: true},
			{ID: "router", Device: "wan", Source: p("10.0.0.4/32")},
		},
		Inside: []netip.Prefix{p("10.0.0.0/8")},
	}
	set(t, f, rules)
	listenEcho(t, world, "198.51.100.9:80")
	listenEcho(t, inside, "10.0.0.3:80")
	listenEcho(t, router, "10.0.0.1:80")
	from := func(source, to string) string {
		t.Helper()
		var said string
		err := inside.Do(func() error {
			d := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}
			c, err := d.Dial("tcp4", to)
			if err != nil {
				return err
			}
			defer c.Close()
			b := make([]byte, 100)
			n, err := c.Read(b)
			said, _, _ = strings.Cut(string(b[:n]), ":")
			return err
		})
		if err != nil {
			t.Fatalf("from %s: %v\n%s", source, err, listing(router))
		}
		return said
	}
	for source, want := range map[string]string{"10.0.0.2": "198.51.100.2", "10.0.0.3": "198.51.100.3", "10.0.0.4": "198.51.100.1"} {
		if got := from(source, "198.51.100.9:80"); got != want {
			t.Errorf("the world sees %s as %s, want %s", source, got, want)
		}
	}
	if said, err := dial(world, "198.51.100.3:80", patience); err != nil || !strings.HasPrefix(said, "198.51.100.9:") {
		t.Errorf("from the world to one = %q, %v, want it to answer", said, err)
	}
	if _, err := dial(world, "198.51.100.2:80", short); err == nil {
		t.Error("from the world to all = answers, want nothing")
	}
	if got := from("10.0.0.2", "10.0.0.1:80"); got != "10.0.0.2" {
		t.Errorf("the router sees %s, want 10.0.0.2", got)
	}
	var tracked []*netlink.ConntrackFlow
	if err := router.Do(func() (err error) {
		tracked, err = netlink.ConntrackTableList(netlink.ConntrackTable, netlink.InetFamily(unix.AF_INET))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if len(tracked) == 0 {
		t.Error("nothing is tracked, want what is translated")
	}
	for _, c := range tracked {
		if c.Forward.DstIP.String() == "10.0.0.1" {
			t.Errorf("tracked: %v, want nothing that stays inside", c)
		}
	}
	// A stateful filter on a device needs tracking; replies pass it, and
	// nothing is translated on the inside.
	rules.Filters = []nodeconf.Filter{{ID: "wan", Device: "wan", Kind: nodeconf.Stateful, Ingress: nodeconf.Drop, Egress: nodeconf.Accept}}
	set(t, f, rules)
	if got := from("10.0.0.2", "198.51.100.9:80"); got != "198.51.100.2" {
		t.Errorf("through the filter the world sees %s, want 198.51.100.2", got)
	}
	if _, err := dial(world, "198.51.100.3:80", short); err == nil {
		t.Error("from the world through the filter = answers, want nothing")
	}
}

// TestMSS clamps on the way through a router and at the end itself, in both
// directions.
func TestMSS(t *testing.T) {
	for _, at := range []string{"client", "router"} {
		t.Run(at, func(t *testing.T) {
			l := netlab.New(t)
			client, router, server := l.Namespace("client"), l.Namespace("router"), l.Namespace("server")
			l.Veth(client, "eth0", router, "in")
			l.Veth(router, "out", server, "eth0")
			client.Address("eth0", netip.MustParsePrefix("10.0.0.2/24"))
			router.Address("in", netip.MustParsePrefix("10.0.0.1/24"))
			router.Address("out", netip.MustParsePrefix("10.0.1.1/24"))
			server.Address("eth0", netip.MustParsePrefix("10.0.1.2/24"))
			router.Run("sysctl", "-qw", "net.ipv4.ip_forward=1")
			client.Run("ip", "route", "add", "default", "via", "10.0.0.1")
			server.Run("ip", "route", "add", "default", "via", "10.0.1.1")
			ns, device := router, "in"
			if at == "client" {
				ns, device = client, "eth0"
			}
			f, err := New(ns.FD())
			if err != nil {
				t.Fatal(err)
			}
			set(t, f, Rules{MSS: map[string]int{device: 1300}})
			listenEcho(t, server, "10.0.1.2:80")
			var segments [2]int
			raw, err := sniffSYN(server)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(raw)
			if err := client.Do(func() error {
				c, err := net.DialTimeout("tcp4", "10.0.1.2:80", patience)
				if err != nil {
					return err
				}
				defer c.Close()
				s, err := c.(*net.TCPConn).SyscallConn()
				if err != nil {
					return err
				}
				return errors.Join(s.Control(func(fd uintptr) { segments[0], err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG) }), err)
			}); err != nil {
				t.Fatal(err)
			}
			if segments[1], err = readMSS(raw); err != nil {
				t.Fatal(err)
			}
			// The client may use less than it is told, for options: never more.
			if segments[0] > 1300 || segments[0] < 1200 || segments[1] != 1300 {
				t.Errorf("the client sends at most %d and the server is told %d, want at most 1300 and 1300", segments[0], segments[1])
			}
		})
	}
}

func sniffSYN(ns *netlab.NS) (fd int, err error) {
	err = ns.Do(func() error {
		if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_TCP); err != nil {
			return err
		}
		return unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: int64(patience / time.Second)})
	})
	return fd, err
}

// readMSS reads the largest segment that the next SYN tells.
func readMSS(fd int) (int, error) {
	b := make([]byte, 2000)
	for {
		n, _, err := unix.Recvfrom(fd, b, 0)
		if err != nil {
			return 0, err
		}
		segment := b[20:n]
		if segment[offsetTCPFlags]&tcpSYN == 0 {
			continue
		}
		if segment[20] != optionMSS { // the first option of Linux
			return 0, fmt.Errorf("a SYN without the option: %x", segment)
		}
		return int(binary.BigEndian.Uint16(segment[22:])), nil
	}
}

func TestIPv6IsDropped(t *testing.T) {
	p := newPair(t)
	p.client.Run("ip", "addr", "add", "fd00::1/64", "dev", "eth0", "nodad")
	p.server.Run("ip", "addr", "add", "fd00::2/64", "dev", "eth0", "nodad")
	p.client.Run("ping", "-6", "-c", "1", "-w", "10", "fd00::2")
	set(t, p.filter, Rules{Filters: []nodeconf.Filter{{ID: "open", Kind: nodeconf.Stateful, Ingress: nodeconf.Accept, Egress: nodeconf.Accept}}})
	if out, err := p.client.Try("ping", "-6", "-c", "1", "-W", "0.3", "fd00::2"); err == nil {
		t.Errorf("IPv6 passes a filter: %s", out)
	}
	p.client.Run("ping", "-c", "1", "-w", "10", "192.0.2.2")
}

// TestManyRules sets more rules and prefixes than the smallest buffers of
// netlink hold, and reads all the counts.
func TestManyRules(t *testing.T) {
	const many = 1500
	ns := netlab.New(t).Namespace("a")
	f, err := New(ns.FD())
	if err != nil {
		t.Fatal(err)
	}
	filter := nodeconf.Filter{ID: "policy", Kind: nodeconf.Stateful, Ingress: nodeconf.Drop, Egress: nodeconf.Drop}
	prefixes := make([]netip.Prefix, many)
	for i := range many {
		prefixes[i] = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 7), byte(i << 1), 0}), 24)
		filter.Rules = append(filter.Rules, nodeconf.FilterRule{
			Name: fmt.Sprint(i), Direction: nodeconf.Ingress, Verdict: []nodeconf.Verdict{nodeconf.Accept, nodeconf.Drop}[i%2],
			Peers: []netip.Prefix{prefixes[i], prefixes[i/2]}, Services: []vocab.Service{tcp(uint16(i+1), uint16(i+1)), {Proto: vocab.ICMP}},
		})
	}
	filter.Sets = []nodeconf.PrefixSet{{Name: "all", Prefixes: prefixes}}
	for range 2 { // new, and over what is there
		filter.Rules[0].PathMTU = !filter.Rules[0].PathMTU
		set(t, f, Rules{Filters: []nodeconf.Filter{filter}})
		counts, err := f.Counts()
		if err != nil {
			t.Fatal(err)
		}
		if want := many + 2; len(counts) != want {
			t.Errorf("counts of %d rules, want %d", len(counts), want)
		}
	}
	held := func() int {
		return len(regexp.MustCompile(`10\.\d+\.\d+\.0/24`).FindAllString(ns.Run("nft", "list", "set", "inet", "tieline", setName("policy", "all")), -1))
	}
	if n := held(); n != many {
		t.Errorf("the set holds %d prefixes, want %d", n, many)
	}
	if err := f.SetPrefixes("policy", "all", prefixes[1:]); err != nil {
		t.Fatal(err)
	}
	if n := held(); n != many-1 {
		t.Errorf("the set holds %d prefixes, want %d", n, many-1)
	}
}
