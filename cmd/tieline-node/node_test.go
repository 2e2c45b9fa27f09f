package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/testkit/netlab"
)

// asNode lets the test's program be tieline-node.
const asNode = "TIELINE_TEST_AS_NODE"

func TestMain(m *testing.M) {
	if os.Getenv(asNode) != "" {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// deadline is generous: what is asserted is that things happen, not when.
const deadline = 30 * time.Second

// process is a node in a namespace.
type process struct {
	t    *testing.T
	ns   *netlab.NS
	dir  string
	cmd  *exec.Cmd
	log  *output
	done chan error
	http *http.Client
}

// output is what a node logs, while it does.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func newProcess(t *testing.T, ns *netlab.NS, c nodeconf.Config) *process {
	t.Helper()
	dir, err := os.MkdirTemp("", "node") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := &process{t: t, ns: ns, dir: dir}
	if err := os.Mkdir(p.path("secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	p.http = &http.Client{Timeout: deadline, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", p.path("control"))
	}}}
	p.write(c)
	return p
}

func (p *process) path(name string) string { return filepath.Join(p.dir, name) }

func (p *process) write(c nodeconf.Config) {
	p.t.Helper()
	b, err := json.Marshal(c)
	if err == nil {
		err = os.WriteFile(p.path("config"), b, 0o600)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) start() {
	p.t.Helper()
	p.cmd = p.ns.Command(os.Args[0], "-config", p.path("config"), "-control", p.path("control"), "-secrets", p.path("secrets"))
	p.cmd.Env = append(os.Environ(), asNode+"=1")
	p.log = &output{}
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	cmd, done := p.cmd, make(chan error, 1)
	p.done = done
	go func() {
		done <- cmd.Wait()
		close(done)
	}()
	p.t.Cleanup(func() { // before the lab's own, which would wait a second time
		_ = cmd.Process.Kill() // it may have ended
		<-done
	})
}

// end signals the node and waits for it.
func (p *process) end(sig os.Signal) error {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
	select {
	case err := <-p.done:
		return err
	case <-time.After(deadline):
		p.t.Fatalf("the node does not end:\n%s", p.log)
		return nil
	}
}

func (p *process) request(method, path string, body []byte) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, "http://node"+path, bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := p.http.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(b)
}

func (p *process) status() nodeconf.Status {
	p.t.Helper()
	var st nodeconf.Status
	if code, text := p.request(http.MethodGet, "/v1/status", nil); code == http.StatusOK {
		if err := json.Unmarshal([]byte(text), &st); err != nil {
			p.t.Fatal(err)
		}
	}
	return st
}

// until polls what until it is right.
func (p *process) until(what string, right func(nodeconf.Status) bool) nodeconf.Status {
	p.t.Helper()
	end := time.Now().Add(deadline)
	var st nodeconf.Status
	for time.Now().Before(end) {
		if st = p.status(); right(st) {
			return st
		}
		time.Sleep(20 * time.Millisecond)
	}
	b, _ := json.MarshalIndent(st, "", " ")
	p.t.Fatalf("%s: not in %v; status %s\nlog:\n%s", what, deadline, b, p.log)
	return st
}

// route is where the kernel sends a prefix, without its numbers.
func (p *process) route(prefix string) string {
	p.t.Helper()
	out, _ := p.ns.Try("ip", "-N", "route", "show", "table", "100", "exact", prefix)
	return strings.Join(strings.Fields(out), " ")
}

func (p *process) untilRoute(prefix, want string) {
	p.t.Helper()
	p.until(fmt.Sprintf("route %s %q", prefix, want), func(nodeconf.Status) bool { return p.route(prefix) == want })
}

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// end of two links between two nodes; n is 1 or 2. The first is preferred.
func half(n int, name string) nodeconf.Config {
	lan := pfx(fmt.Sprintf("10.%d.0.0/24", n))
	c := nodeconf.Config{
		Version: nodeconf.Version, Network: "test", Node: name,
		Devices: []nodeconf.Device{{Name: "lan", ID: "subnet", Addrs: []netip.Prefix{netip.PrefixFrom(lan.Addr().Next(), 24)}}},
		Tables: []nodeconf.Table{{
			ID: 100, Name: "main", Paths: 2, Compare: []nodeconf.Criterion{nodeconf.ASPathLength, nodeconf.MED},
			Routes: []nodeconf.Route{{Prefix: lan, Via: []string{"lan"}, Announce: true}},
			Learn:  []nodeconf.Learn{{Sessions: []string{"s1", "s2"}, Preference: 100}},
		}},
		Rules: []nodeconf.Rule{{Device: "lan", Table: 100}},
	}
	for i := 1; i <= 2; i++ {
		device := fmt.Sprintf("t%d", i)
		med := uint32(100 * i)
		local := netip.AddrFrom4([4]byte{169, 254, byte(i), byte(n)})
		peer := netip.AddrFrom4([4]byte{169, 254, byte(i), byte(3 - n)})
		c.Devices = append(c.Devices, nodeconf.Device{Name: device, ID: "link", NoARP: true, Addrs: []netip.Prefix{netip.PrefixFrom(local, 30)}})
		c.Rules = append(c.Rules, nodeconf.Rule{Device: device, Table: 100})
		c.Sessions = append(c.Sessions, nodeconf.Session{
			ID: fmt.Sprintf("s%d", i), Device: device, Local: local, Peer: peer, ASN: 65000 + uint32(n), PeerASN: 65000 + uint32(3-n),
			Passive: n == 2, Keepalive: 1000, Hold: 3000, Retry: 1000, BFD: &nodeconf.BFD{Interval: 200, Multiplier: 5}, Export: "main", MED: &med,
		})
	}
	return c
}

// link is a veth pair that carries any destination, as a tunnel does: without
// ARP, both ends with one MAC address.
func link(l *netlab.Lab, a, b *netlab.NS, device string) {
	l.Veth(a, device, b, device)
	for _, ns := range []*netlab.NS{a, b} {
		ns.Run("ip", "link", "set", device, "address", "02:00:00:00:00:01")
	}
}

// pair is two nodes with two links between them and a machine at each.
type pair struct {
	a, b         *process
	left, right  *netlab.NS
	nsA, nsB     *netlab.NS
	first, other string // routes of a to b's subnet
}

func newPair(t *testing.T) *pair {
	t.Helper()
	l := netlab.New(t)
	p := &pair{left: l.Namespace("left"), right: l.Namespace("right"), nsA: l.Namespace("a"), nsB: l.Namespace("b")}
	link(l, p.nsA, p.nsB, "t1")
	link(l, p.nsA, p.nsB, "t2")
	l.Veth(p.nsA, "lan", p.left, "eth0")
	l.Veth(p.nsB, "lan", p.right, "eth0")
	for i, m := range []*netlab.NS{p.left, p.right} {
		m.Address("eth0", pfx(fmt.Sprintf("10.%d.0.2/24", i+1)))
		m.Run("ip", "route", "add", "default", "via", fmt.Sprintf("10.%d.0.1", i+1))
	}
	p.a, p.b = newProcess(t, p.nsA, half(1, "a")), newProcess(t, p.nsB, half(2, "b"))
	p.a.start()
	p.b.start()
	p.first, p.other = "10.2.0.0/24 dev t1 proto 186 scope 253", "10.2.0.0/24 dev t2 proto 186 scope 253"
	return p
}

// up waits for all of it.
func (p *pair) up(t *testing.T) {
	t.Helper()
	for _, n := range []*process{p.a, p.b} {
		n.until("sessions", func(st nodeconf.Status) bool {
			if len(st.Sessions) != 2 {
				return false
			}
			for _, s := range st.Sessions {
				if s.State != "established" || s.BFD != "up" || s.Taken != 1 || s.Advertised != 1 {
					return false
				}
			}
			return len(st.Problems) == 0
		})
	}
	p.a.untilRoute("10.2.0.0/24", p.first)
	p.b.untilRoute("10.1.0.0/24", "10.1.0.0/24 dev t1 proto 186 scope 253")
}

// cross cuts a link without a trace: what comes in over it is dropped.
func cross(ns *netlab.NS, device string) {
	ns.Run("nft", "add table netdev cut; add chain netdev cut c { type filter hook ingress device "+device+" priority 0; policy drop; }")
}

// TestFailover: routes are learned into the kernel, a silent cut moves them to
// the second link, and the heal moves them back.
func TestFailover(t *testing.T) {
	t.Parallel()
	netlab.Need(t, "nft")
	netlab.Need(t, "ping")
	p := newPair(t)
	p.up(t)
	p.left.Run("ping", "-c", "1", "-W", "5", "10.2.0.2")
	cross(p.nsA, "t1")
	cross(p.nsB, "t1")
	p.a.untilRoute("10.2.0.0/24", p.other)
	p.b.untilRoute("10.1.0.0/24", "10.1.0.0/24 dev t2 proto 186 scope 253")
	p.left.Run("ping", "-c", "1", "-W", "5", "10.2.0.2")
	p.nsA.Run("nft", "delete", "table", "netdev", "cut")
	p.nsB.Run("nft", "delete", "table", "netdev", "cut")
	p.up(t)
}

// TestKill: what a killed node left is taken over by the next: what is wanted
// stays, and what is not goes.
func TestKill(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.up(t)
	if err := p.a.end(syscall.SIGKILL); err == nil {
		t.Error("a killed node ended with 0")
	}
	if got := p.a.route("10.2.0.0/24"); got != p.first {
		t.Errorf("route after kill -9 = %q, want it left: %q", got, p.first)
	}
	p.b.untilRoute("10.1.0.0/24", "")
	c := half(1, "a")
	c.Rules = c.Rules[:2] // no more rule of t2
	p.a.write(c)
	p.a.start()
	p.up(t)
	rules := p.nsA.Run("ip", "-N", "rule")
	if strings.Contains(rules, "iif t2") || strings.Count(rules, "iif t1") != 2 {
		t.Errorf("rules = %s, want those of t1 and none of t2", rules)
	}
}

// TestDrain: while a node goes out of service on purpose nothing is lost; its
// peer has no route by it when it has ended, and no failure was seen.
func TestDrain(t *testing.T) {
	t.Parallel()
	netlab.Need(t, "ping")
	l := netlab.New(t)
	// left - a - (b or c) - right: a has a session with each of two gateways
	// of the right side, which is a bridge of both.
	left, a, b, c, right := l.Namespace("left"), l.Namespace("a"), l.Namespace("b"), l.Namespace("c"), l.Namespace("right")
	l.Veth(a, "lan", left, "eth0")
	link(l, a, b, "t1")
	link(l, a, c, "t2")
	l.Veth(b, "lan", right, "b")
	l.Veth(c, "lan", right, "c")
	left.Address("eth0", pfx("10.1.0.2/24"))
	left.Run("ip", "route", "add", "default", "via", "10.1.0.1")
	right.Run("ip", "link", "add", "lan", "type", "bridge")
	for _, d := range []string{"b", "c"} {
		right.Run("ip", "link", "set", "dev", d, "master", "lan")
	}
	right.Run("ip", "link", "set", "lan", "up")
	right.Address("lan", pfx("10.2.0.2/24"))
	right.Run("ip", "route", "add", "default", "via", "10.2.0.3") // back by c in any case

	ca, cb, cc := half(1, "a"), half(2, "b"), half(2, "c")
	trim := func(c *nodeconf.Config, keep int) {
		c.Devices = append(c.Devices[:1], c.Devices[1+keep])
		c.Rules = append(c.Rules[:1], c.Rules[1+keep])
		c.Sessions = []nodeconf.Session{c.Sessions[keep]}
		c.Tables[0].Learn[0].Sessions = []string{c.Sessions[0].ID}
	}
	trim(&cb, 0)
	trim(&cc, 1)
	cc.Devices[0].Addrs = []netip.Prefix{pfx("10.2.0.3/24")}
	na, nb, nc := newProcess(t, a, ca), newProcess(t, b, cb), newProcess(t, c, cc)
	for _, n := range []*process{na, nb, nc} {
		n.start()
	}
	na.untilRoute("10.2.0.0/24", "10.2.0.0/24 dev t1 proto 186 scope 253")
	nc.untilRoute("10.1.0.0/24", "10.1.0.0/24 dev t2 proto 186 scope 253")
	nb.untilRoute("10.1.0.0/24", "10.1.0.0/24 dev t1 proto 186 scope 253")

	ping := left.Command("ping", "-i", "0.02", "-c", "1000000", "-q", "10.2.0.2")
	var out bytes.Buffer
	ping.Stdout, ping.Stderr = &out, &out
	if err := ping.Start(); err != nil {
		t.Fatal(err)
	}
	before := len(na.log.String())
	if err := nb.end(syscall.SIGTERM); err != nil {
		t.Errorf("a drained node ended with %v\n%s", err, nb.log)
	}
	if got := na.route("10.2.0.0/24"); got != "10.2.0.0/24 dev t2 proto 186 scope 253" {
		t.Errorf("route after the drain = %q, want it by t2", got)
	}
	b.Run("ip", "link", "del", "t1")
	left.Run("ping", "-c", "3", "-i", "0.2", "-W", "5", "10.2.0.2")
	if err := ping.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = ping.Wait() // the numbers count
	if !strings.Contains(out.String(), " 0% packet loss") {
		// One echo may be under way when ping is interrupted.
		var sent, got int
		for line := range strings.Lines(out.String()) {
			fmt.Sscanf(line, "%d packets transmitted, %d received", &sent, &got)
		}
		if sent == 0 || sent-got > 1 {
			t.Errorf("ping during the drain: %s\nlog of a:\n%s", &out, na.log)
		}
	}
	for line := range strings.Lines(na.log.String()[before:]) {
		if strings.Contains(line, "session=s1") && strings.Contains(line, "failed=true") {
			t.Errorf("the peer took the drain for a failure: %s", line)
		}
	}
}

// TestControl: a node takes configurations over its socket, refuses bad ones,
// and gives metrics.
func TestControl(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.up(t)
	st, err := os.Stat(p.a.path("control"))
	if err != nil {
		t.Fatal(err)
	}
	if st.Mode().Perm() != 0o600 {
		t.Errorf("mode of the control socket = %#o, want 0600", st.Mode().Perm())
	}
	c := half(1, "a")
	c.Tables[0].Routes = append(c.Tables[0].Routes, nodeconf.Route{Prefix: pfx("10.9.0.0/16"), Announce: true})
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if code, text := p.a.request(http.MethodPut, "/v1/config", b); code != http.StatusOK {
		t.Errorf("PUT = %d %s, want 200", code, text)
	}
	p.b.untilRoute("10.9.0.0/16", "10.9.0.0/16 dev t1 proto 186 scope 253")
	st1 := p.a.until("established still", func(st nodeconf.Status) bool { return len(st.Sessions) == 2 })
	for _, s := range st1.Sessions {
		if s.Transitions != 1 {
			t.Errorf("session %s was established %d times, want 1: a new route must not end it", s.ID, s.Transitions)
		}
	}
	for _, tt := range []struct {
		name, body, want string
		code             int
	}{
		{"no JSON", "x", "invalid character", http.StatusBadRequest},
		{"an unknown field", `{"version":1,"tunels":[]}`, "unknown field", http.StatusBadRequest},
		{"a mistake", `{"version":1,"node":"a","rules":[{"device":"eth9","table":1}]}`, `rules[0].device: device \"eth9\" is not in the configuration`, http.StatusUnprocessableEntity},
	} {
		if code, text := p.a.request(http.MethodPut, "/v1/config", []byte(tt.body)); code != tt.code || !strings.Contains(text, tt.want) {
			t.Errorf("PUT with %s = %d %s, want %d with %s", tt.name, code, text, tt.code, tt.want)
		}
	}
	_, text := p.a.request(http.MethodGet, "/metrics", nil)
	for _, want := range []string{`tieline_bgp_session_up{session="s1"} 1`, `tieline_bfd_session_up{session="s2"} 1`, `tieline_routes{source="learned",table="main"} 1`, "tieline_problems 0"} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics lack %q:\n%s", want, text)
		}
	}
	if code, _ := p.a.request(http.MethodPost, "/v1/drain", nil); code != http.StatusOK {
		t.Errorf("POST drain = %d, want 200", code)
	}
	p.b.untilRoute("10.1.0.0/24", "")
	if code, text := p.a.request(http.MethodPut, "/v1/config", b); code != http.StatusOK {
		t.Errorf("PUT after a drain = %d %s, want 200", code, text)
	}
	p.b.untilRoute("10.1.0.0/24", "10.1.0.0/24 dev t1 proto 186 scope 253")
}

func TestCommand(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, err := json.Marshal(half(1, "a"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string // in what is printed
	}{
		{"version", []string{"version"}, 0, `"nodeconf":1`},
		{"nothing", nil, 2, "call it with -config FILE"},
		{"help", []string{"-help"}, 0, "-secrets folder"},
		{"a good file", []string{"-check", "-config", write("good", string(good))}, 0, ""},
		{"a bad file", []string{"-check", "-config", write("bad", `{"version":1,"tables":[{"name":"x"}]}`)}, 1, "node: is missing\ntables[0].paths: 0 is not 1 or more"},
		{"no file", []string{"-check", "-config", filepath.Join(dir, "none")}, 1, "no such file"},
		{"secrets that others read", []string{"-config", write("good2", string(good)), "-secrets", open(t)}, 1, "chmod 700"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			if tt.name == "secrets that others read" {
				tt.args = append(tt.args, "-state", dir)
			}
			if code := run(tt.args, &out, &out); code != tt.code || !strings.Contains(out.String(), tt.want) || tt.want == "" && out.Len() > 0 {
				t.Errorf("run(%q) = %d %q, want %d with %q", tt.args, code, out.String(), tt.code, tt.want)
			}
		})
	}
	if diff := cmp.Diff(2, run([]string{"-log", "loud", "-config", "x"}, io.Discard, io.Discard)); diff != "" {
		t.Errorf("run with an unknown level (-want +got):\n%s", diff)
	}
}

// open is a folder that others may enter.
func open(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "secrets")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
