package probe

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/testkit/netlab"
)

// deadline is generous: what is waited for takes a second on a quiet machine.
const deadline = 20 * time.Second

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("%s: not within %v", what, deadline)
}

// engineIn is an engine whose sockets are in a namespace.
func engineIn(t *testing.T, ns *netlab.NS) *Engine {
	t.Helper()
	e := New(slog.New(slog.DiscardHandler))
	e.within, e.mtuTimeout, e.mtuConfirm = ns.Do, 150*time.Millisecond, 150*time.Millisecond
	t.Cleanup(e.Close)
	return e
}

func addr(s string) netip.Addr         { return netip.MustParseAddr(s) }
func addrPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
func prefix(s string) netip.Prefix     { return netip.MustParsePrefix(s) }
func state(e *Engine, id string) (st nodeconf.ProbeState) {
	for _, st := range e.States() {
		if st.ID == id {
			return st
		}
	}
	return st
}

// twoWays joins two namespaces by two veth pairs, 192.0.2.0/30 and
// 198.51.100.0/30, the left one at .1.
func twoWays(t *testing.T) (left, right *netlab.NS) {
	t.Helper()
	l := netlab.New(t)
	left, right = l.Namespace("left"), l.Namespace("right")
	for i, net := range []string{"192.0.2", "198.51.100"} {
		l.Veth(left, fmt.Sprintf("way%d", i), right, fmt.Sprintf("way%d", i))
		left.Address(fmt.Sprintf("way%d", i), prefix(net+".1/30"))
		right.Address(fmt.Sprintf("way%d", i), prefix(net+".2/30"))
	}
	return left, right
}

// listenTCP accepts and closes connections in a namespace.
func listenTCP(t *testing.T, ns *netlab.NS, at string) {
	t.Helper()
	var l net.Listener
	if err := ns.Do(func() (err error) { l, err = net.Listen("tcp4", at); return err }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
}

// TestKindsOverEachWay measures two ways by three kinds, loses one way, and
// then both kinds of loss: silent, and a device that is gone.
func TestKindsOverEachWay(t *testing.T) {
	netlab.Need(t, "nft")
	left, right := twoWays(t)
	listenTCP(t, right, "0.0.0.0:7000")
	e, far := engineIn(t, left), engineIn(t, right)
	if err := far.Set(nil, []netip.AddrPort{addrPort("192.0.2.2:862"), addrPort("198.51.100.2:0")}); err != nil {
		t.Fatal(err)
	}
	var probes []nodeconf.Probe
	for i, net := range []string{"192.0.2", "198.51.100"} {
		for _, k := range []struct {
			kind nodeconf.ProbeKind
			port string
		}{{nodeconf.ICMP, ":0"}, {nodeconf.TCP, ":7000"}, {nodeconf.STAMP, ":862"}} {
			probes = append(probes, nodeconf.Probe{
				ID: fmt.Sprintf("%s %d", k.kind, i), Kind: k.kind, Device: fmt.Sprintf("way%d", i),
				Local: addr(net + ".1"), Target: addrPort(net + ".2" + k.port), Interval: 20, Timeout: 500,
			})
		}
	}
	if err := e.Set(probes, nil); err != nil {
		t.Fatal(err)
	}
	for i := range probes {
		id := probes[i].ID
		eventually(t, id+" answered", func() bool { return state(e, id).RecentSent >= 10 })
		st := state(e, id)
		if st.Lost != 0 || st.Min <= 0 || st.P50 < st.Min || st.P99 < st.P50 || st.Failures != "" || st.Ever == nil {
			t.Errorf("state of %s = %+v, want answers without loss", id, st)
		}
		stamp := probes[i].Kind == nodeconf.STAMP
		if got := st.OneWay > 0 && st.OneWayBack > 0; got != stamp {
			t.Errorf("one-way delays of %s = %v, %v, want them: %v", id, st.OneWay, st.OneWayBack, stamp)
		}
		if stamp && st.OneWay+st.OneWayBack > st.Last+1 {
			t.Errorf("one-way delays of %s = %v + %v, want at most the round trip %v", id, st.OneWay, st.OneWayBack, st.Last)
		}
	}

	// The right end swallows what comes by way1, and nothing else.
	right.Run("nft", "add table inet cut; add chain inet cut in { type filter hook input priority 0; }; add rule inet cut in iifname way1 drop")
	for i := range probes {
		id := probes[i].ID
		if probes[i].Device == "way1" {
			eventually(t, id+" lost", func() bool { return state(e, id).Lost >= 3 })
			if st := state(e, id); st.Failures == "" {
				t.Errorf("state of %s = %+v, want why it fails", id, st)
			}
			continue
		}
		if st := state(e, id); st.Lost != 0 {
			t.Errorf("state of %s = %+v, want no loss: the other way is cut", id, st)
		}
	}
	right.Run("nft", "delete table inet cut")
	eventually(t, "healed", func() bool {
		return state(e, "stamp 1").Failures == "" && state(e, "tcp 1").Failures == "" && state(e, "icmp 1").Failures == ""
	})
	eventually(t, "the far end's count shows that all were lost on the way there", func() bool {
		st := state(e, "stamp 1")
		return st.LostThere == st.Lost && st.RecentLost == st.Lost
	})

	// A device that goes and comes again, as a tunnel's does.
	left.Run("ip", "link", "del", "dev", "way0")
	eventually(t, "device gone", func() bool {
		return strings.Contains(state(e, "stamp 0").Failures, "no such device") && strings.Contains(state(e, "icmp 0").Failures, "no such device")
	})
	left.Run("ip", "link", "add", "way0", "type", "veth", "peer", "name", "way0", "netns", right.Path())
	for ns, a := range map[*netlab.NS]string{left: "192.0.2.1/30", right: "192.0.2.2/30"} {
		ns.Run("ip", "link", "set", "way0", "up")
		ns.Address("way0", prefix(a))
	}
	eventually(t, "device back", func() bool {
		return state(e, "stamp 0").Failures == "" && state(e, "icmp 0").Failures == "" && state(e, "tcp 0").Failures == ""
	})
}

// TestSetKeepsWhatIsUnchanged counts on through a change of others.
func TestSetKeepsWhatIsUnchanged(t *testing.T) {
	left, right := twoWays(t)
	_ = right
	e := engineIn(t, left)
	keep := nodeconf.Probe{ID: "keep", Kind: nodeconf.ICMP, Device: "way0", Local: addr("192.0.2.1"), Target: addrPort("192.0.2.2:0"), Interval: 10, Timeout: 500}
	other := nodeconf.Probe{ID: "other", Kind: nodeconf.ICMP, Target: addrPort("198.51.100.2:0"), Interval: 10, Timeout: 500}
	if err := e.Set([]nodeconf.Probe{keep, other}, nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "answers", func() bool { return state(e, "keep").Sent >= 20 && state(e, "other").Sent >= 20 })
	moved := other
	moved.Target, moved.Interval = addrPort("192.0.2.2:0"), 3_000_000
	slower := keep
	slower.Interval = 3_000_000
	if err := e.Set([]nodeconf.Probe{slower, moved}, nil); err != nil {
		t.Fatal(err)
	}
	if st := state(e, "keep"); st.Sent < 20 || st.Ever == nil {
		t.Errorf("state after another interval = %+v, want what was measured before", st)
	}
	if st := state(e, "other"); st.Sent >= 20 {
		t.Errorf("state after another target = %+v, want it begun anew", st)
	}
	if err := e.Set(nil, nil); err != nil {
		t.Fatal(err)
	}
	if st := e.States(); len(st) != 0 {
		t.Errorf("States = %v, want none", st)
	}
}

// TestPathMTU lowers the MTU of a hop in the middle: where the router says so,
// where it says nothing, and while the probe runs.
func TestPathMTU(t *testing.T) {
	netlab.Need(t, "nft")
	l := netlab.New(t)
	left, middle, right := l.Namespace("left"), l.Namespace("middle"), l.Namespace("right")
	l.Veth(left, "out", middle, "a")
	l.Veth(middle, "b", right, "out")
	left.Address("out", prefix("192.0.2.1/30"))
	middle.Address("a", prefix("192.0.2.2/30"))
	middle.Address("b", prefix("198.51.100.1/30"))
	right.Address("out", prefix("198.51.100.2/30"))
	middle.Run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv4.icmp_ratelimit=0")
	left.Run("ip", "route", "add", "198.51.100.0/30", "via", "192.0.2.2")
	right.Run("ip", "route", "add", "192.0.2.0/30", "via", "198.51.100.1")
	mtu := func(n string) {
		middle.Run("ip", "link", "set", "dev", "b", "mtu", n)
	}
	mtu("1380")
	e, far := engineIn(t, left), engineIn(t, right)
	if err := far.Set(nil, []netip.AddrPort{addrPort("198.51.100.2:862")}); err != nil {
		t.Fatal(err)
	}
	probes := []nodeconf.Probe{
		{ID: "icmp", Kind: nodeconf.ICMP, Target: addrPort("198.51.100.2:0"), Interval: 500, Timeout: 500, PathMTU: true},
		{ID: "stamp", Kind: nodeconf.STAMP, Device: "out", Local: addr("192.0.2.1"), Target: addrPort("198.51.100.2:862"), Interval: 500, Timeout: 500, PathMTU: true},
	}
	if err := e.Set(probes, nil); err != nil {
		t.Fatal(err)
	}
	both := func(want int) {
		t.Helper()
		eventually(t, fmt.Sprintf("path MTU %d", want), func() bool {
			return state(e, "icmp").PathMTU == want && state(e, "stamp").PathMTU == want
		})
	}
	both(1380)
	// Lower, and nobody says so.
	middle.Run("nft", "add table ip hush; add chain ip hush out { type filter hook output priority 0; }; add rule ip hush out icmp type destination-unreachable drop")
	mtu("1293")
	both(1293)
	// No path at all: nothing is known.
	middle.Run("ip", "link", "set", "dev", "b", "down")
	both(0)
}
