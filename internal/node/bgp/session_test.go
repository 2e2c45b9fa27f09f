package bgp

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/testkit/netlab"
)

func TestTwoNodes(t *testing.T) {
	t.Parallel()
	_, _, _, a, b := pair(t)
	med := uint32(70)
	left := conf("s", "left", "192.0.2.1", "192.0.2.2", 64512, 65010)
	left.Prepend, left.MED, left.Communities = 2, &med, []string{"65000:100"}
	right := conf("s", "right", "192.0.2.2", "192.0.2.1", 65010, 64512)
	right.Refuse = []netip.Prefix{pfx("10.9.0.0/16")}
	begun := time.Now()
	a.set(left)
	b.set(right)
	a.advertise("s", export("10.1.0.0/16"), export("10.9.1.0/24"), export("10.2.0.0/16", 64999), export("10.3.0.0/16", 65010))
	b.advertise("s", export("10.4.0.0/16"))
	until(t, "routes both ways", func() bool { return len(b.learned("s")) == 2 && len(a.learned("s")) == 1 })
	t.Logf("routes both ways after %v", time.Since(begun))
	want := map[netip.Prefix]Learned{
		pfx("10.1.0.0/16"): {Prefix: pfx("10.1.0.0/16"), Path: []uint32{64512, 64512, 64512}, MED: 70, LocalPref: 100, Communities: []uint32{65000<<16 | 100}},
		pfx("10.2.0.0/16"): {Prefix: pfx("10.2.0.0/16"), Path: []uint32{64512, 64512, 64512, 64999}, MED: 70, LocalPref: 100, Communities: []uint32{65000<<16 | 100}},
	}
	if diff := cmp.Diff(want, b.learned("s"), comparePrefixes()); diff != "" {
		t.Errorf("learned (-want +got):\n%s", diff)
	}
	state := b.state("s")
	if state.State != "established" || state.Received != 3 || state.Taken != 2 || state.Advertised != 1 || state.Transitions != 1 {
		t.Errorf("state of b = %+v, want established, 3 received, 2 taken, 1 advertised, 1 transition", state)
	}

	// Only the difference goes out: one update event, with one route of each.
	before := b.count("s", Update)
	a.advertise("s", export("10.1.0.0/16"), export("10.9.1.0/24"), export("10.5.0.0/16"))
	until(t, "the new list", func() bool {
		return slices.Equal(slices.SortedFunc(maps.Keys(b.learned("s")), comparePrefix), []netip.Prefix{pfx("10.1.0.0/16"), pfx("10.5.0.0/16")})
	})
	var changes []Event
	b.mu.Lock()
	for _, e := range b.events {
		if before--; e.Kind == Update && before < -1 {
			changes = append(changes, e)
		}
	}
	b.mu.Unlock()
	for _, e := range changes {
		for _, l := range e.Add {
			if l.Prefix != pfx("10.5.0.0/16") {
				t.Errorf("update %+v, want only what changed", e)
			}
		}
	}

	// Set again changes nothing; another policy does not end the session.
	a.set(left)
	right.Refuse = nil
	b.set(right)
	until(t, "what was refused before", func() bool { return len(b.learned("s")) == 3 })
	if n := b.count("s", Down); n != 0 {
		t.Errorf("%d downs, want none: only the policy changed", n)
	}

	// Reset empties at once, and the session comes back with all of it.
	a.tell(order{Reset: "s", Why: "BFD is down"})
	until(t, "down on both ends", func() bool { return a.count("s", Down) == 1 && b.count("s", Down) == 1 })
	begun = time.Now()
	until(t, "all back", func() bool { return len(b.learned("s")) == 3 && len(a.learned("s")) == 1 })
	t.Logf("all back %v after the reset", time.Since(begun))

	// A session that is taken away ends on the other side too.
	a.tell(order{Set: []nodeconf.Session{}})
	until(t, "down after removal", func() bool { return b.count("s", Down) == 2 })
}

func TestLimitEndsSession(t *testing.T) {
	t.Parallel()
	_, _, _, a, b := pair(t)
	a.set(conf("s", "left", "192.0.2.1", "192.0.2.2", 64512, 65010))
	right := conf("s", "right", "192.0.2.2", "192.0.2.1", 65010, 64512)
	right.Most, right.Beyond = 2, nodeconf.EndSession
	b.set(right)
	a.advertise("s", export("10.1.0.0/16"), export("10.2.0.0/16"))
	until(t, "as many as are allowed", func() bool { return len(b.learned("s")) == 2 })
	a.advertise("s", export("10.1.0.0/16"), export("10.2.0.0/16"), export("10.3.0.0/16"))
	until(t, "the end of the session", func() bool { return b.count("s", Down) == 1 && a.count("s", Down) == 1 })
	if got := b.learned("s"); len(got) > 0 {
		t.Errorf("%d routes are kept, want none", len(got))
	}
	if s := b.state("s"); s.State != "refused" || !strings.Contains(s.Why, "more than 2 prefixes") {
		t.Errorf("state = %q (%s), want refused: more than 2 prefixes", s.State, s.Why)
	}
	a.mu.Lock()
	last := a.events[len(a.events)-1]
	a.mu.Unlock()
	if !strings.Contains(strings.ToLower(last.Why), "maximum number of prefixes") {
		t.Errorf("the peer is told %q, want the maximum number of prefixes (RFC 4486)", last.Why)
	}
	// Another limit is another chance.
	right.Most = 3
	b.set(right)
	until(t, "all three", func() bool { return len(b.learned("s")) == 3 })
}

// TestLoopReplaces: a route that comes back over another AS is a loop, also when
// it takes the place of one that is none.
func TestLoopReplaces(t *testing.T) {
	t.Parallel()
	_, _, _, a, b := pair(t)
	a.set(conf("s", "left", "192.0.2.1", "192.0.2.2", 64512, 65010))
	b.set(conf("s", "right", "192.0.2.2", "192.0.2.1", 65010, 64512))
	b.advertise("s", export("10.1.0.0/16", 64999))
	until(t, "the route", func() bool { return len(a.learned("s")) == 1 })
	b.tell(order{Raw: "s", List: []Export{export("10.1.0.0/16", 64999, 64512)}})
	until(t, "its withdrawal", func() bool { return len(a.learned("s")) == 0 })
	if s := a.state("s"); s.Received != 1 || s.Taken != 0 {
		t.Errorf("state = %+v, want 1 received, none taken", s)
	}
}

func TestInternal(t *testing.T) {
	t.Parallel()
	_, _, _, a, b := pair(t)
	left := conf("s", "left", "192.0.2.1", "192.0.2.2", 64512, 64512)
	left.Passive = true
	a.set(left)
	b.set(conf("s", "right", "192.0.2.2", "192.0.2.1", 64512, 64512))
	a.advertise("s", export("10.1.0.0/16", 65010, 65020))
	// The same prefix both ways: neither end's route displaces the other's.
	b.advertise("s", export("10.1.0.0/16", 65030))
	until(t, "both routes", func() bool { return len(a.learned("s")) == 1 && len(b.learned("s")) == 1 })
	want := map[netip.Prefix]Learned{pfx("10.1.0.0/16"): {Prefix: pfx("10.1.0.0/16"), Path: []uint32{65010, 65020}, LocalPref: 100}}
	if diff := cmp.Diff(want, b.learned("s"), comparePrefixes()); diff != "" {
		t.Errorf("learned (-want +got):\n%s", diff)
	}
}

// TestSameAddress: two sessions of one process from the same address over
// different devices, each with an announcement of its own; the devices come
// after the configuration, and one goes and comes back.
func TestSameAddress(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t)
	hub := lab.Namespace("hub")
	spokes := []*netlab.NS{lab.Namespace("one"), lab.Namespace("two")}
	h, one, two := newNode(t, hub), newNode(t, spokes[0]), newNode(t, spokes[1])
	lay := func(i int, device, peer string) {
		lab.Veth(hub, device, spokes[i], "up")
		hub.Run("ip", "addr", "add", "192.0.2.1", "peer", peer, "dev", device)
		spokes[i].Run("ip", "addr", "add", peer, "peer", "192.0.2.1", "dev", "up")
	}
	first := conf("one", "down1", "192.0.2.1", "192.0.2.2", 64512, 65010)
	first.Passive = true
	h.set(first, conf("two", "down2", "192.0.2.1", "192.0.2.3", 64512, 65020))
	h.advertise("one", export("10.1.0.0/16"))
	h.advertise("two", export("10.2.0.0/16"))
	one.set(conf("s", "up", "192.0.2.2", "192.0.2.1", 65010, 64512))
	second := conf("s", "up", "192.0.2.3", "192.0.2.1", 65020, 64512)
	second.Passive = true
	two.set(second)
	lay(0, "down1", "192.0.2.2")
	lay(1, "down2", "192.0.2.3")
	has := func(n *node, prefix string) func() bool {
		return func() bool {
			_, ok := n.learned("s")[pfx(prefix)]
			return ok && len(n.learned("s")) == 1
		}
	}
	until(t, "one's own list", has(one, "10.1.0.0/16"))
	until(t, "two's own list", has(two, "10.2.0.0/16"))

	hub.Run("ip", "link", "del", "down1")
	until(t, "down", func() bool { return h.count("one", Down) == 1 && one.count("s", Down) == 1 })
	lay(0, "down1", "192.0.2.2")
	until(t, "back over the new device", has(one, "10.1.0.0/16"))
	if n := two.count("s", Down); n != 0 {
		t.Errorf("the other session went down %d times, want none", n)
	}
}

// TestMany: many sessions of one process that both ends dial at once. However
// their connections collide (RFC 4271 section 6.8), all come up and stay.
func TestMany(t *testing.T) {
	t.Parallel()
	const sessions = 24
	lab := netlab.New(t)
	nsA, nsB := lab.Namespace("a"), lab.Namespace("b")
	a, b := newNode(t, nsA), newNode(t, nsB)
	var atA, atB []nodeconf.Session
	for i := range sessions {
		id, device := fmt.Sprintf("s%d", i), fmt.Sprintf("t%d", i)
		local, peer := fmt.Sprintf("169.254.%d.1", i), fmt.Sprintf("169.254.%d.2", i)
		lab.Veth(nsA, device, nsB, device)
		nsA.Address(device, pfx(local+"/30"))
		nsB.Address(device, pfx(peer+"/30"))
		atA = append(atA, conf(id, device, local, peer, 64512, 65010))
		atB = append(atB, conf(id, device, peer, local, 65010, 64512))
	}
	begun := time.Now()
	a.set(atA...)
	b.set(atB...)
	for i := range sessions {
		a.advertise(atA[i].ID, export("10.1.0.0/16"))
		b.advertise(atA[i].ID, export("10.2.0.0/16"))
	}
	until(t, "all routes", func() bool {
		for _, s := range atA {
			if len(a.learned(s.ID)) != 1 || len(b.learned(s.ID)) != 1 {
				return false
			}
		}
		return true
	})
	t.Logf("all routes of %d sessions after %v", sessions, time.Since(begun))
	for _, n := range []*node{a, b} {
		for _, s := range n.tell(order{}).States {
			if s.State != "established" || s.Transitions != 1 {
				t.Errorf("%s: %s after %d times up (%s), want established once", s.ID, s.State, s.Transitions, s.Why)
			}
		}
	}
}

// TestSilentPeer: a peer that takes the connection and says nothing, or hangs
// up, is dialled again, and one that speaks then is heard.
func TestSilentPeer(t *testing.T) {
	t.Parallel()
	_, _, nsB, a, b := pair(t)
	listeners := make(chan net.Listener, 1)
	if err := nsB.Do(func() error {
		l, err := net.Listen("tcp4", "192.0.2.2:179")
		listeners <- l
		return err
	}); err != nil {
		t.Fatal(err)
	}
	l := <-listeners
	taken := make(chan net.Conn, 16)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				close(taken)
				return
			}
			taken <- c
		}
	}()
	left := conf("s", "left", "192.0.2.1", "192.0.2.2", 64512, 65010)
	a.set(left)
	var held []net.Conn
	for n := range 2 {
		select {
		case c := <-taken:
			held = append(held, c)
		case <-time.After(deadline):
			t.Fatalf("%d connections, want the peer dialled again", n)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range held {
		_ = c.Close()
	}
	right := conf("s", "right", "192.0.2.2", "192.0.2.1", 65010, 64512)
	right.Passive = true
	b.set(right)
	until(t, "up", func() bool { return a.count("s", Up) == 1 && b.count("s", Up) == 1 })
}
