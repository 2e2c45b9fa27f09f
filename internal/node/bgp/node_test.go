package bgp

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/testkit/netlab"
)

// deadline is generous: what is waited for takes 2 s on a quiet machine.
const deadline = 30 * time.Second

// roleVariable makes the test's binary a node: a speaker that is told by lines
// of JSON what to do.
const roleVariable = "TIELINE_TEST_BGP_NODE"

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) != "" {
		if err := runNode(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	// The tests wait for BGP's timers, not for a processor.
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// order is what a node is told; reply, what it answers or reports.
type order struct {
	Set       []nodeconf.Session
	Advertise string
	List      []Export
	Raw       string // a session to announce List, past what compose leaves out
	Reset     string
	Why       string
}

type reply struct {
	Event  *Event `json:",omitempty"`
	Error  string
	States []nodeconf.SessionState
}

func runNode(in io.Reader, out io.Writer) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	s := New(log)
	var mu sync.Mutex
	enc := json.NewEncoder(out)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range s.Events() {
			mu.Lock()
			_ = enc.Encode(reply{Event: &e})
			mu.Unlock()
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
		var err error
		switch {
		case o.Set != nil:
			err = s.Set(context.Background(), o.Set)
		case o.Advertise != "":
			err = s.Advertise(o.Advertise, o.List)
		case o.Raw != "":
			session := s.sessions[o.Raw]
			session.mu.Lock()
			for _, e := range o.List {
				session.want[e.Prefix.String()] = e
			}
			session.signal()
			session.mu.Unlock()
		case o.Reset != "":
			err = s.Reset(o.Reset, o.Why)
		}
		r := reply{States: s.States()}
		if err != nil {
			r.Error = err.Error()
		}
		mu.Lock()
		_ = enc.Encode(r)
		mu.Unlock()
	}
	s.Close()
	<-done
	return nil
}

// node is a speaker in a namespace.
type node struct {
	t     *testing.T
	stdin io.WriteCloser
	enc   *json.Encoder
	back  chan reply
	begun time.Time

	mu     sync.Mutex
	events []Event
	table  map[string]map[netip.Prefix]Learned // by session
}

func newNode(t *testing.T, ns *netlab.NS) *node {
	t.Helper()
	cmd := ns.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, stdin: stdin, enc: json.NewEncoder(stdin), back: make(chan reply), table: map[string]map[netip.Prefix]Learned{}, begun: time.Now()}
	go n.read(stdout)
	return n
}

func (n *node) read(r io.Reader) {
	defer close(n.back)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var r reply
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			return
		}
		if r.Event == nil {
			n.back <- r
			continue
		}
		e := *r.Event
		n.mu.Lock()
		n.events = append(n.events, e)
		if n.table[e.Session] == nil || e.Kind != Update {
			n.table[e.Session] = map[netip.Prefix]Learned{}
		}
		for _, p := range e.Withdraw {
			delete(n.table[e.Session], p)
		}
		for _, l := range e.Add {
			n.table[e.Session][l.Prefix] = l
		}
		n.mu.Unlock()
	}
}

func (n *node) tell(o order) reply {
	n.t.Helper()
	if err := n.enc.Encode(o); err != nil {
		n.t.Fatal(err)
	}
	select {
	case r, ok := <-n.back:
		if !ok || r.Error != "" {
			n.t.Fatalf("node: %q", r.Error)
		}
		return r
	case <-time.After(deadline):
		n.t.Fatal("the node does not answer")
	}
	return reply{}
}

func (n *node) set(sessions ...nodeconf.Session) {
	n.t.Helper()
	n.tell(order{Set: sessions})
}

func (n *node) advertise(session string, list ...Export) {
	n.t.Helper()
	n.tell(order{Advertise: session, List: list})
}

// learned is what a session holds now.
func (n *node) learned(session string) map[netip.Prefix]Learned {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := map[netip.Prefix]Learned{}
	for p, l := range n.table[session] {
		out[p] = l
	}
	return out
}

// count counts the events of a kind of a session.
func (n *node) count(session string, kind EventKind) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := 0
	for _, e := range n.events {
		if e.Session == session && e.Kind == kind {
			c++
		}
	}
	return c
}

func (n *node) state(session string) nodeconf.SessionState {
	n.t.Helper()
	for _, s := range n.tell(order{}).States {
		if s.ID == session {
			return s
		}
	}
	n.t.Fatalf("no state of session %q", session)
	return nodeconf.SessionState{}
}

// until waits for a condition and fails the test with what.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("not within %v: %s", deadline, what)
}

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func export(prefix string, path ...uint32) Export { return Export{Prefix: pfx(prefix), Path: path} }

// conf is a session with fast timers.
func conf(id, device, local, peer string, asn, peerASN uint32) nodeconf.Session {
	return nodeconf.Session{
		ID: id, Device: device, Local: netip.MustParseAddr(local), Peer: netip.MustParseAddr(peer),
		ASN: asn, PeerASN: peerASN, Keepalive: 1000, Hold: 3000,
	}
}

// pair is two nodes over a veth: 192.0.2.1 on "left" and 192.0.2.2 on "right".
func pair(t *testing.T) (lab *netlab.Lab, nsA, nsB *netlab.NS, a, b *node) {
	t.Helper()
	lab = netlab.New(t)
	nsA, nsB = lab.Namespace("a"), lab.Namespace("b")
	lab.Veth(nsA, "left", nsB, "right")
	nsA.Address("left", pfx("192.0.2.1/30"))
	nsB.Address("right", pfx("192.0.2.2/30"))
	return lab, nsA, nsB, newNode(t, nsA), newNode(t, nsB)
}
