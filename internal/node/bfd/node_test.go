package bfd

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/tieline/tieline/internal/testkit/netlab"
)

// deadline is generous: what is waited for takes a second on a quiet machine.
const deadline = 20 * time.Second

// roleVariable makes the test's binary a node: an engine that is told its
// sessions by lines of JSON and prints its events.
const roleVariable = "TIELINE_TEST_BFD_NODE"

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) != "" {
		if err := runNode(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// order is what a node is told.
type order struct {
	Set    []Session
	Starve time.Duration
}

func runNode(in io.Reader, out io.Writer) error {
	e := New(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	enc := json.NewEncoder(out)
	go func() {
		for ev := range e.Events() {
			_ = enc.Encode(ev)
		}
	}()
	dec := json.NewDecoder(in)
	for {
		var o order
		if err := dec.Decode(&o); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if o.Starve > 0 {
			e.mu.Lock() // the loop cannot run, as on a machine that is too busy
			time.Sleep(o.Starve)
			e.mu.Unlock()
			continue
		}
		if err := e.Set(o.Set); err != nil {
			return err
		}
	}
	e.Close()
	return nil
}

// node is an engine in a namespace.
type node struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.WriteCloser

	mu     sync.Mutex
	events []Event
}

func newNode(t *testing.T, ns *netlab.NS, sessions ...Session) *node {
	t.Helper()
	n := &node{t: t, cmd: ns.Command(os.Args[0])}
	n.cmd.Env = append(os.Environ(), roleVariable+"=1")
	n.cmd.Stderr = os.Stderr
	var err error
	if n.stdin, err = n.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := n.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		dec := json.NewDecoder(stdout)
		for {
			var e Event
			if dec.Decode(&e) != nil {
				return
			}
			n.mu.Lock()
			n.events = append(n.events, e)
			n.mu.Unlock()
		}
	}()
	n.set(sessions...)
	return n
}

func (n *node) set(sessions ...Session) {
	n.t.Helper()
	n.tell(order{Set: sessions})
}

func (n *node) tell(o order) {
	n.t.Helper()
	if err := json.NewEncoder(n.stdin).Encode(o); err != nil {
		n.t.Fatal(err)
	}
}

// last is the last event, and how many there were.
func (n *node) last() (Event, int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.events) == 0 {
		return Event{}, 0
	}
	return n.events[len(n.events)-1], len(n.events)
}

func (n *node) is(s State) bool {
	e, seen := n.last()
	return seen > 0 && e.State == s
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("not within %v: %s", deadline, what)
}

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func session(device, local, peer string) Session {
	return Session{
		ID: "s", Device: device, Local: netip.MustParseAddr(local), Peer: netip.MustParseAddr(peer),
		Interval: 100 * time.Millisecond, Multiplier: 3,
	}
}

// pair is two namespaces over a veth.
func pair(t *testing.T) (a, b *netlab.NS) {
	t.Helper()
	lab := netlab.New(t)
	a, b = lab.Namespace("a"), lab.Namespace("b")
	lab.Veth(a, "left", b, "right")
	a.Address("left", pfx("192.0.2.1/30"))
	b.Address("right", pfx("192.0.2.2/30"))
	return a, b
}

// cut drops all that comes in, silently.
func cut(t *testing.T, ns *netlab.NS) {
	t.Helper()
	nft := netlab.Need(t, "nft", "/usr/sbin/nft")
	ns.Run(nft, "add table inet cut; add chain inet cut in { type filter hook input priority -300; policy drop; }")
}

func heal(t *testing.T, ns *netlab.NS) {
	t.Helper()
	ns.Run(netlab.Need(t, "nft", "/usr/sbin/nft"), "delete table inet cut")
}

var (
	left  = session("left", "192.0.2.1", "192.0.2.2")
	right = session("right", "192.0.2.2", "192.0.2.1")
)

func TestTwoEngines(t *testing.T) {
	t.Parallel()
	nsA, nsB := pair(t)
	a, b := newNode(t, nsA, left), newNode(t, nsB, right)
	until(t, "both up", func() bool { return a.is(Up) && b.is(Up) })

	// The other timers are agreed without a change of state.
	_, seen := a.last()
	slower := left
	slower.Interval = 200 * time.Millisecond
	a.set(slower)

	cut(t, nsB)
	begun := time.Now()
	until(t, "b down", func() bool { return b.is(Down) })
	t.Logf("detected after %v", time.Since(begun))
	if e, _ := b.last(); e.Diag != TimeExpired || !e.Failed {
		t.Errorf("event = %+v, want a failure: %v", e, TimeExpired)
	}
	until(t, "a is told", func() bool { return a.is(Down) })
	e, now := a.last()
	if e.Diag != NeighborDown || !e.Failed {
		t.Errorf("event = %+v, want a failure: %v", e, NeighborDown)
	}
	if now != seen+1 {
		t.Errorf("%d events, want %d: other timers change no state", now, seen+1)
	}
	heal(t, nsB)
	until(t, "both up again", func() bool { return a.is(Up) && b.is(Up) })

	// A session taken away on purpose is no failure.
	a.set()
	until(t, "b down", func() bool { return b.is(Down) })
	if e, _ := b.last(); e.Failed {
		t.Errorf("event = %+v, want no failure: the peer is down on purpose", e)
	}
	a.set(left)
	until(t, "up anew", func() bool { return a.is(Up) && b.is(Up) })

	// The same when the engine closes; and a killed one is a failure.
	_ = a.stdin.Close()
	if err := a.cmd.Wait(); err != nil {
		t.Errorf("the engine ended with %v", err)
	}
	until(t, "b down", func() bool { return b.is(Down) })
	if e, _ := b.last(); e.Failed {
		t.Errorf("event = %+v, want no failure: the engine was closed", e)
	}
	a = newNode(t, nsA, left)
	until(t, "up with the next one", func() bool { return a.is(Up) && b.is(Up) })
	if err := a.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	until(t, "b down", func() bool { return b.is(Down) })
	if e, _ := b.last(); !e.Failed {
		t.Errorf("event = %+v, want a failure: the engine was killed", e)
	}
}

// TestDeviceMadeAnew: a tunnel's device goes and comes back under its name.
func TestDeviceMadeAnew(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t)
	nsA, nsB := lab.Namespace("a"), lab.Namespace("b")
	lay := func() {
		lab.Veth(nsA, "left", nsB, "right")
		nsA.Address("left", pfx("192.0.2.1/30"))
		nsB.Address("right", pfx("192.0.2.2/30"))
	}
	a, b := newNode(t, nsA, left), newNode(t, nsB, right) // before there is a device
	lay()
	until(t, "both up", func() bool { return a.is(Up) && b.is(Up) })
	nsA.Run("ip", "link", "del", "left")
	until(t, "both down", func() bool { return a.is(Down) && b.is(Down) })
	lay()
	until(t, "both up again", func() bool { return a.is(Up) && b.is(Up) })
}

// TestStarved: an engine that does not run for a while finds the packets that
// came meanwhile before it looks at the clock.
func TestStarved(t *testing.T) {
	t.Parallel()
	nsA, nsB := pair(t)
	patient := left
	patient.Multiplier = 50 // so that b awaits its packets for 5 s
	a, b := newNode(t, nsA, patient), newNode(t, nsB, right)
	until(t, "both up", func() bool { return a.is(Up) && b.is(Up) })
	_, seen := a.last()
	a.tell(order{Starve: 4 * detection})
	a.set(patient) // answered in order: the hiccup is over
	cut(t, nsA)
	until(t, "a down", func() bool { return a.is(Down) })
	if _, now := a.last(); now != seen+1 {
		t.Errorf("%d events, want %d, the cut's: %+v", now, seen+1, a.events)
	}
}

// detection is the detection time of the sessions here.
const detection = 300 * time.Millisecond
