package node

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/node/bfd"
	"github.com/tieline/tieline/internal/node/bgp"
	"github.com/tieline/tieline/internal/node/netdev"
	"github.com/tieline/tieline/internal/node/rib"
	"github.com/tieline/tieline/internal/nodeconf"
)

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }
func ip(s string) netip.Addr    { return netip.MustParseAddr(s) }

// hub is a TGW with a VPC: a pair between their tables, a tunnel's session on
// one side and a subnet on the other.
func hub() nodeconf.Config {
	return nodeconf.Config{
		Version: nodeconf.Version, Network: "test", Node: "aws-oregon",
		Devices: []nodeconf.Device{
			{Name: "eth0", ID: "subnet", MTU: 8500, Addrs: []netip.Prefix{pfx("10.0.0.1/24")}, NoARP: true},
			{Name: "va", ID: "attachment", Pair: "vb", MTU: 8500},
			{Name: "t1", ID: "tunnel 1", MTU: 1400, Addrs: []netip.Prefix{pfx("169.254.0.1/30")}},
		},
		Tables: []nodeconf.Table{
			{ID: 100, Name: "vpc", Paths: 1, Routes: []nodeconf.Route{{Prefix: pfx("10.0.0.0/24"), Via: []string{"eth0"}}, {Prefix: pfx("10.0.0.0/8"), Via: []string{"va"}}}},
			{
				ID: 300, Name: "tgw", Paths: 4, Compare: []nodeconf.Criterion{nodeconf.ASPathLength},
				Routes: []nodeconf.Route{{Prefix: pfx("10.0.0.0/24"), Via: []string{"vb"}, Announce: true}},
				Learn:  []nodeconf.Learn{{Sessions: []string{"s1"}, Preference: 100}},
			},
			{Name: "view", Paths: 1, Learn: []nodeconf.Learn{{Table: "tgw", Via: "vb", Preference: 1}}},
		},
		Rules: []nodeconf.Rule{{Device: "eth0", Table: 100}, {Device: "va", Table: 100}, {Device: "vb", Table: 300}, {Device: "t1", Table: 300}},
		Sessions: []nodeconf.Session{{
			ID: "s1", Device: "t1", Local: ip("169.254.0.1"), Peer: ip("169.254.0.2"), ASN: 64512, PeerASN: 65001,
			Keepalive: 1000, Hold: 3000, Export: "tgw",
		}},
	}
}

const hubKernel = `link eth0 mtu 8500 noarp alias "tieline" 10.0.0.1/24
link lo mtu 1500
link t1 mtu 1400 alias "tieline" 169.254.0.1/30
link va peer vb mtu 8500 noarp alias "tieline pair"
link vb peer va mtu 8500 noarp alias "tieline pair"
rule 1000: iif eth0 lookup 100
rule 1000: iif t1 lookup 300
rule 1000: iif va lookup 100
rule 1000: iif vb lookup 300
rule 2000: iif eth0 unreachable
rule 2000: iif t1 unreachable
rule 2000: iif va unreachable
rule 2000: iif vb unreachable
rule 33000: iif lo lookup 100
rule 33001: iif lo lookup 300
table 100: 10.0.0.0/8 dev va
table 100: 10.0.0.0/24 dev eth0
table 300: 10.0.0.0/24 dev vb
`

// fake is a node without sessions or tunnels, on a kernel in memory.
func fake(t *testing.T, devices ...string) (*Node, *netdev.Fake) {
	t.Helper()
	k := netdev.NewFake(devices...)
	n := newNode(Options{Log: slog.New(slog.DiscardHandler)}, k)
	n.parts = n.parts[:1]
	t.Cleanup(n.Close)
	return n, k
}

func set(t *testing.T, n *Node, c nodeconf.Config) {
	t.Helper()
	if err := n.Set(t.Context(), c); err != nil {
		t.Fatalf("Set: %v", err)
	}
}

// held is the kernel without its sysctls.
func held(k *netdev.Fake) string {
	text, _, _ := strings.Cut(k.String(), "sysctl ")
	return text
}

func TestSet(t *testing.T) {
	n, k := fake(t, "eth0", "t1")
	set(t, n, hub())
	if diff := cmp.Diff(hubKernel, held(k)); diff != "" {
		t.Fatalf("kernel (-want +got):\n%s", diff)
	}
	before := k.String()
	k.Refuse("e") // every change has an e in its text
	set(t, n, hub())
	if problems := n.Status().Problems; len(problems) > 0 {
		t.Errorf("Set again changed something: %q", problems)
	}
	k.Refuse("")
	c := hub()
	c.Tables[0].Routes[1].Prefix = pfx("10.0.0.0/9")
	set(t, n, c)
	want := strings.Replace(before, "10.0.0.0/8", "10.0.0.0/9", 1)
	if diff := cmp.Diff(want, k.String()); diff != "" {
		t.Errorf("kernel after the edit of a route (-want +got):\n%s", diff)
	}
	set(t, n, hub())
	if diff := cmp.Diff(before, k.String()); diff != "" {
		t.Errorf("kernel after the edit is taken back (-want +got):\n%s", diff)
	}
}

// TestSetGoesOnWithoutItsCaller: a caller that goes in the middle of Set leaves
// no part as it was before.
func TestSetGoesOnWithoutItsCaller(t *testing.T) {
	n, k := fake(t, "eth0", "t1")
	ctx, leave := context.WithCancel(t.Context())
	n.parts = append([]part{{"first", func(context.Context, *nodeconf.Config) error {
		leave()
		return nil
	}}}, n.parts...)
	if err := n.Set(ctx, hub()); !errors.Is(err, context.Canceled) {
		t.Fatalf("Set(of a caller who goes) = %v, want %v", err, context.Canceled)
	}
	if got := held(k); got == hubKernel {
		t.Fatal("the network was set after its caller had gone: this tests nothing")
	}
	if problems := n.Status().Problems; !slices.ContainsFunc(problems, func(p string) bool { return strings.HasPrefix(p, "network: ") }) {
		t.Errorf("Problems = %q, want that the network is not set yet", problems)
	}
	n.setAgain(t.Context(), func(name string) bool { return n.problems[name] != nil })
	if diff := cmp.Diff(hubKernel, held(k)); diff != "" {
		t.Errorf("kernel after another try (-want +got):\n%s", diff)
	}
}

// TestSweep: what somebody else changes unasked does not stay changed.
func TestSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, k := fake(t, "eth0", "t1")
		set(t, n, hub())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- n.Run(ctx) }()
		rule := netdev.KernelRule{Priority: 1000, Device: "eth0", Table: 100}
		if err := k.Apply(netdev.Op{Kind: netdev.DeleteRule, Rule: rule}); err != nil {
			t.Fatal(err)
		}
		if held(k) == hubKernel {
			t.Fatal("the rule is still there: this tests nothing")
		}
		time.Sleep(sweepEvery) // of the bubble's clock
		synctest.Wait()
		if diff := cmp.Diff(hubKernel, held(k)); diff != "" {
			t.Errorf("kernel after %v (-want +got):\n%s", sweepEvery, diff)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
	})
}

// TestLearned: what a session learned is in the kernel's tables, stays there
// when the node is set again, and goes with the session.
func TestLearned(t *testing.T) {
	n, k := fake(t, "eth0", "t1")
	set(t, n, hub())
	r := n.routing
	r.rib.Update("s1", []rib.Learned{{Prefix: pfx("10.8.0.0/16"), Path: []uint32{65001}}}, nil)
	if err := r.apply(); err != nil {
		t.Fatal(err)
	}
	want := hubKernel + "table 300: 10.8.0.0/16 dev t1\n"
	if diff := cmp.Diff(want, held(k)); diff != "" {
		t.Errorf("kernel (-want +got):\n%s", diff)
	}
	set(t, n, hub())
	if diff := cmp.Diff(want, held(k)); diff != "" {
		t.Errorf("kernel after Set again (-want +got):\n%s", diff)
	}
	st := n.Status()
	if got, ok := st.Tables[0].Reached(ip("10.8.0.1")); !ok || st.Tables[0].Name != "view" || got.Devices[0] != "vb" {
		t.Errorf("table %s: 10.8.0.1 by %+v, want by vb in view", st.Tables[0].Name, got)
	}
	r.rib.Down("s1")
	if err := r.apply(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(hubKernel, held(k)); diff != "" {
		t.Errorf("kernel without the session (-want +got):\n%s", diff)
	}
}

// TestTrouble: what the kernel refuses is in the status, the rest is done, and
// it goes when it works.
func TestTrouble(t *testing.T) {
	n, k := fake(t, "eth0", "t1")
	k.Refuse("10.0.0.0/8")
	set(t, n, hub())
	want := []string{"network: set route 10.0.0.0/8 dev va in table 100: operation not permitted"}
	if diff := cmp.Diff(want, n.Status().Problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(strings.Replace(hubKernel, "table 100: 10.0.0.0/8 dev va\n", "", 1), held(k)); diff != "" {
		t.Errorf("kernel (-want +got):\n%s", diff)
	}
	k.Refuse("")
	n.setAgain(t.Context(), func(string) bool { return true })
	if problems := n.Status().Problems; len(problems) > 0 {
		t.Errorf("problems after the next try: %q", problems)
	}
	if diff := cmp.Diff(hubKernel, held(k)); diff != "" {
		t.Errorf("kernel after the next try (-want +got):\n%s", diff)
	}
}

func TestSetRefuses(t *testing.T) {
	n, k := fake(t, "eth0", "t1")
	c := hub()
	c.Serial = 7
	set(t, n, c)
	before := k.String()
	for _, tt := range []struct {
		name string
		edit func(*nodeconf.Config)
		want string
	}{
		{"an older serial", func(c *nodeconf.Config) { c.Serial = 6 }, "serial: 6 is older than 7, which runs"},
		{"another node", func(c *nodeconf.Config) { c.Node = "gcp" }, `node: this is "aws-oregon", and not "gcp"`},
		{"another version", func(c *nodeconf.Config) { c.Version = 9 }, "version: 9 is not spoken here, but 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := hub()
			c.Serial, c.Tables = 7, nil
			c.Rules, c.Sessions = nil, nil
			tt.edit(&c)
			if err := n.Set(t.Context(), c); err == nil || err.Error() != tt.want {
				t.Errorf("Set = %v, want %s", err, tt.want)
			}
			if diff := cmp.Diff(before, k.String()); diff != "" {
				t.Errorf("a refused configuration changed the kernel (-want +got):\n%s", diff)
			}
		})
	}
}

// TestValidate: all mistakes at once, each with its path.
func TestValidate(t *testing.T) {
	c := hub()
	c.Devices[1].Pair = "eth0"
	c.Devices[2].Name = "a-name-of-sixteen"
	c.Devices[2].MTU = 40
	c.Tables[1].ID = 254
	c.Tables[1].Learn[0].Sessions[0] = "s2"
	c.Tables[2].Learn[0].Table = "nothing"
	c.Tables[0].Routes[0].Prefix = pfx("10.0.0.1/24")
	c.Sessions[0].Hold, c.Sessions[0].Communities = 1000, []string{"7"}
	c.Tunnels = []nodeconf.Tunnel{{Device: nodeconf.Device{Name: "t2"}, Kind: nodeconf.WireGuard, Local: ip("192.0.2.1"), Remote: ip("192.0.2.2"), WireGuard: &nodeconf.WireGuardConfig{PrivateKey: "../x"}}}
	want := []string{
		`devices[2].name: "a-name-of-sixteen" is no name of a device (1 to 15 bytes, no space or slash)`,
		`tables[1].id: 254 is no free number of a table`,
		`devices[2].mtu: 40 is not from 68 to 65535 (RFC 791)`,
		`tunnels[0].wireguard.private_key: "../x" is no name of a secret`,
		`tables[0].routes[0].prefix: 10.0.0.1/24 is no IPv4 prefix`,
		`tables[1].routes[0].via[0]: device "vb" is not in the configuration`,
		`tables[1].learn[0].sessions[0]: session "s2" is not in the configuration`,
		`tables[2].learn[0].table: table "nothing" is not in the configuration`,
		`tables[2].learn[0].via: device "vb" is not in the configuration`,
		`rules[2].device: device "vb" is not in the configuration`,
		`rules[2].table: no table has the number 300`,
		`rules[3].device: device "t1" is not in the configuration`,
		`rules[3].table: no table has the number 300`,
		`sessions[0].device: device "t1" is not in the configuration`,
		`sessions[0].hold: 1000 ms is neither 0 nor 3 s and more (RFC 4271 section 4.2)`,
		`sessions[0].keepalive: 1000 ms is not below the hold time`,
		`sessions[0].communities[0]: community "7" is not two numbers up to 65535 such as 65000:100`,
	}
	err := Validate(&c)
	if err == nil {
		t.Fatal("Validate = nil, want mistakes")
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("Validate (-want +got):\n%s", diff)
	}
	good := hub()
	if err := Validate(&good); err != nil {
		t.Errorf("Validate(hub) = %v, want nil", err)
	}
}

func TestSecrets(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "secrets")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "psk"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	n := &Node{opts: Options{Secrets: dir}}
	if b, err := n.secret("psk"); err != nil || string(b) != "x" {
		t.Errorf("secret(psk) = %q, %v, want x", b, err)
	}
	for _, name := range []string{"", "..", "../psk", "none"} {
		if _, err := n.secret(name); err == nil {
			t.Errorf("secret(%q) = nil error, want one", name)
		}
	}
	for _, mode := range []os.FileMode{0o755, 0o710, 0o704} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if err := checkSecrets(dir); err == nil || !strings.Contains(err.Error(), "chmod 700") {
			t.Errorf("checkSecrets with mode %#o = %v, want it refused", mode, err)
		}
	}
}

// FuzzDecode: no bytes break the decoder or the checks, and what passes is the
// same after another trip.
func FuzzDecode(f *testing.F) {
	b, err := json.Marshal(hub())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"version":1,"node":"a","tables":[{"name":"a","paths":1,"learn":[{"table":"a"}]}]}`))
	f.Add([]byte(`{"version":1,"devices":[{"name":"a","pair":"a","addrs":["10.0.0.1/24"]}]} x`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Decode(b)
		if err != nil {
			return
		}
		if Validate(&c) != nil {
			return
		}
		again, err := json.Marshal(&c)
		if err != nil {
			t.Fatalf("Marshal: %v", err)
		}
		d, err := Decode(again)
		if err != nil {
			t.Fatalf("Decode(%s) = %v", again, err)
		}
		if third, err := json.Marshal(&d); err != nil || string(third) != string(again) {
			t.Fatalf("second trip gives %s, %v, want %s", third, err, again)
		}
		rib.New(c.Tables, c.Sessions)
	})
}

// TestDeadPath: what BFD finds dead goes at once with all that came over it,
// and what the session said before it came down is not taken back.
func TestDeadPath(t *testing.T) {
	n, k := fake(t, "eth0", "t1")
	set(t, n, hub())
	r := n.routing
	update := bgp.Event{Session: "s1", Kind: bgp.Update, Add: []bgp.Learned{{Prefix: pfx("10.8.0.0/16"), Path: []uint32{65001}}}}
	learned := hubKernel + "table 300: 10.8.0.0/16 dev t1\n"
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"an update", func() { r.session(bgp.Event{Session: "s1", Kind: bgp.Up}); r.session(update) }, learned},
		{"the peer takes BFD down on purpose", func() { r.path(bfd.Event{ID: "s1", State: bfd.Down}) }, learned},
		{"the path is dead", func() { r.path(bfd.Event{ID: "s1", State: bfd.Down, Failed: true}) }, hubKernel},
		{"an update from before", func() { r.session(update) }, hubKernel},
		{"down and up again", func() {
			r.session(bgp.Event{Session: "s1", Kind: bgp.Down})
			r.session(bgp.Event{Session: "s1", Kind: bgp.Up})
			r.session(update)
		}, learned},
		{"down", func() { r.session(bgp.Event{Session: "s1", Kind: bgp.Down}) }, hubKernel},
	} {
		step.do()
		if err := r.apply(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if diff := cmp.Diff(step.want, held(k)); diff != "" {
			t.Errorf("kernel after %s (-want +got):\n%s", step.name, diff)
		}
	}
}
