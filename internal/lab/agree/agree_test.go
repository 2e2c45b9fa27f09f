package agree_test

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lab/agree"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/render/nodes"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/testkit/corpus"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

func service(t *testing.T, s string) vocab.Service {
	t.Helper()
	v, err := vocab.ParseService(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestServices(t *testing.T) {
	tests := []struct {
		name          string
		policy        []string
		tried, others string
	}{
		{"nothing is named", nil, "icmp tcp/9 udp/9", ""},
		{"one port, by both protocols", []string{"tcp/443"}, "icmp tcp/9 tcp/443 udp/9 udp/443", ""},
		{"both ends of a range", []string{"udp/8000-8100"}, "icmp tcp/9 tcp/8000 tcp/8100 udp/9 udp/8000 udp/8100", ""},
		{"every port names none", []string{"tcp", "any", "icmp"}, "icmp tcp/9 udp/9", ""},
		{"the usual free port is named", []string{"tcp/9-10", "udp/11"}, "icmp tcp/9 tcp/10 tcp/11 tcp/12 udp/9 udp/10 udp/11 udp/12", ""},
		{"what cannot be tried", []string{"esp", "gre", "esp"}, "icmp tcp/9 udp/9", "gre esp"},
	}
	words := func(list []vocab.Service) string {
		out := make([]string, len(list))
		for i, s := range list {
			out[i] = s.String()
		}
		return strings.Join(out, " ")
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := &fabric.Network{}
			for _, s := range tt.policy {
				n.Policy = append(n.Policy, fabric.PolicyRule{Services: []vocab.Service{service(t, s)}})
			}
			tried, others := agree.Services(n)
			if diff := cmp.Diff([]string{tt.tried, tt.others}, []string{words(tried), words(others)}); diff != "" {
				t.Errorf("Services() of %v (-want +got):\n%s", tt.policy, diff)
			}
		})
	}
}

func TestAgrees(t *testing.T) {
	q := &agree.Probe{From: &nodes.Machine{Name: "a"}, To: &nodes.Machine{Name: "b"}, Target: netip.MustParseAddr("10.0.0.1")}
	tests := []struct {
		name    string
		verdict verify.Verdict
		outcome agree.Outcome
		want    bool
	}{
		{"answered", verify.Reachable, agree.Outcome{Passed: true, By: "b"}, true},
		{"answered from the address", verify.Reachable, agree.Outcome{Passed: true, By: "10.0.0.1"}, true},
		{"refused by the machine", verify.Reachable, agree.Outcome{Passed: true}, true},
		{"answered by another", verify.Reachable, agree.Outcome{Passed: true, By: "c"}, false},
		{"silent", verify.Reachable, agree.Outcome{}, false},
		{"blocked and silent", verify.Blocked, agree.Outcome{}, true},
		{"blocked and answered", verify.Blocked, agree.Outcome{Passed: true, By: "b"}, false},
		{"blocked and answered by another", verify.Blocked, agree.Outcome{Passed: true, By: "c"}, false},
		{"undecided agrees with nothing", verify.Undecided, agree.Outcome{}, false},
		{"partly agrees with nothing", verify.Partly, agree.Outcome{Passed: true, By: "b"}, false},
	}
	for _, tt := range tests {
		e := agree.Expected{Verdict: tt.verdict}
		if got := e.Agrees(q, tt.outcome); got != tt.want {
			t.Errorf("%s: Agrees(%+v) with %s = %v, want %v", tt.name, tt.outcome, tt.verdict, got, tt.want)
		}
	}
}

// load compiles an example, renders its plan and proves it.
func load(t *testing.T, name string) (*nodes.Plan, *verify.Proof) {
	t.Helper()
	n, a := corpus.Compile(t, filepath.Join("..", "..", "..", "examples", name))
	p, err := nodes.Render(n, a, nodes.Options{Tunnels: nodeconf.WireGuard, Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	return p, verify.New(n, a)
}

// TestTables: one table as a node may hold it, against the proof's.
func TestTables(t *testing.T) {
	plan, proof := load(t, "triangle")
	w := agree.NewWiring(plan)
	const table = "azure-wus2/vpn"
	states := func(prefixes map[string][]string) agree.States {
		st := &nodeconf.Status{Node: "azure-wus2", Tables: []nodeconf.TableState{{Name: table}}}
		for p, devices := range prefixes {
			st.Tables[0].Routes = append(st.Tables[0].Routes, nodeconf.RouteState{Prefix: netip.MustParsePrefix(p), Devices: devices, Learned: true})
		}
		slices.SortFunc(st.Tables[0].Routes, func(x, y nodeconf.RouteState) int { return x.Prefix.Compare(y.Prefix) })
		return agree.States{"azure-wus2": st}
	}
	aws := []string{"aws-oregon-0", "aws-oregon-1", "aws-oregon-2", "aws-oregon-3"}
	gcp := []string{"gcp-oregon-0", "gcp-oregon-1"}
	good := map[string][]string{"10.4.0.0/16": aws, "10.8.0.0/16": {"g-app"}, "10.12.0.0/15": gcp}
	with := func(p string, devices []string) map[string][]string {
		out := map[string][]string{}
		for k, v := range good {
			out[k] = v
		}
		if out[p] = devices; devices == nil {
			delete(out, p)
		}
		return out
	}
	tests := []struct {
		name   string
		routes map[string][]string
		failed routes.Failure
		want   []string
	}{
		{"the same", good, nil, nil},
		{"a tunnel is missing", with("10.12.0.0/15", gcp[:1]), nil, []string{"10.12.0.0/15: the run has tunnel azure-wus2--gcp-oregon/0 to net:app@us-west1, the proof tunnel azure-wus2--gcp-oregon/0 to net:app@us-west1, tunnel azure-wus2--gcp-oregon/1 to net:app@us-west1"}},
		{"it has failed", with("10.12.0.0/15", gcp[:1]), routes.NewFailure(routes.Part{Kind: routes.TunnelPart, ID: "azure-wus2--gcp-oregon/1"}), nil},
		{"a route too many", with("10.99.0.0/16", gcp[:1]), nil, []string{"10.99.0.0/16: the run has tunnel azure-wus2--gcp-oregon/0 to net:app@us-west1, the proof no route"}},
		{"a route is missing", with("10.12.0.0/15", nil), nil, []string{"10.12.0.0/15: the run has no route, the proof tunnel azure-wus2--gcp-oregon/0 to net:app@us-west1, tunnel azure-wus2--gcp-oregon/1 to net:app@us-west1"}},
		{"another way", with("10.12.0.0/15", aws[:1]), nil, []string{"10.12.0.0/15: the run has tunnel aws-oregon--azure-wus2/0 to aws-oregon/app/vgw, the proof tunnel azure-wus2--gcp-oregon/0 to net:app@us-west1, tunnel azure-wus2--gcp-oregon/1 to net:app@us-west1"}},
		{"discarded", with("10.8.0.0/16", []string{}), nil, []string{"10.8.0.0/16: the run has discarded, the proof deliver"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tables := proof.Plane.Tables(tt.failed)
			found := w.Tables(states(tt.routes), tables)
			var got []string
			missing := 0
			for _, d := range found.Diffs {
				if d.Node == "" {
					missing++ // tables of the nodes that do not answer here
					continue
				}
				_, text, _ := strings.Cut(d.String(), table+" of node azure-wus2, ")
				got = append(got, text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Tables() (-want +got):\n%s", diff)
			}
			if want := len(tables.Tables) - 1; missing != want || found.Tables != 1 {
				t.Errorf("Tables() compares %d tables and misses %d, want 1 and %d", found.Tables, missing, want)
			}
		})
	}
}

func TestFollow(t *testing.T) {
	plan, _ := load(t, "triangle")
	w := agree.NewWiring(plan)
	machine := func(name string) *nodes.Machine {
		i := slices.IndexFunc(plan.Machines, func(m nodes.Machine) bool { return m.Name == name })
		return &plan.Machines[i]
	}
	route := func(p string, devices ...string) nodeconf.RouteState {
		return nodeconf.RouteState{Prefix: netip.MustParsePrefix(p), Devices: devices}
	}
	table := func(name string, list ...nodeconf.RouteState) nodeconf.TableState {
		return nodeconf.TableState{Name: name, Routes: list}
	}
	from, to := machine("aws-oregon/app/app"), machine("gcp-oregon/app/app")
	states := agree.States{
		"aws-oregon": {Node: "aws-oregon", Tables: []nodeconf.TableState{
			table("aws-oregon/app/rt-private", route("10.12.0.0/15", "v-app"), route("10.99.0.0/16")),
			table("aws-oregon/app/vgw", route("10.12.0.0/15", "gcp-oregon-0", "gcp-oregon-2")),
		}},
		"gcp-oregon": {Node: "gcp-oregon", Tables: []nodeconf.TableState{
			table("net:app@us-west1", route("10.12.0.0/20", "l-app-a")), table("net:app/local", route(to.Addr.String()+"/32", "m-app")),
		}},
	}
	got := w.Follow(states, from, to.Addr)
	want := agree.Way{
		Steps: []string{
			"table aws-oregon/app/rt-private: 10.12.0.0/15 by v-app",
			"table aws-oregon/app/vgw: 10.12.0.0/15 by tunnel aws-oregon--gcp-oregon/0, tunnel aws-oregon--gcp-oregon/2",
			"table net:app@us-west1: 10.12.0.0/20 by l-app-a", "table net:app/local: " + to.Addr.String() + "/32 by m-app", "machine gcp-oregon/app/app",
		},
		Carriers: []string{"tunnel aws-oregon--gcp-oregon/0", "tunnel aws-oregon--gcp-oregon/2"}, Arrives: true, At: "gcp-oregon/app/app",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Follow() (-want +got):\n%s", diff)
	}
	for _, tt := range []struct{ name, to, want string }{
		{"no route", "10.50.0.1", "table aws-oregon/app/rt-private: no route"},
		{"discarded", "10.99.0.1", "table aws-oregon/app/rt-private: 10.99.0.0/16 is discarded"},
		{"nobody there", "10.12.0.77", "table net:app/local: no route"},
	} {
		got := w.Follow(states, from, netip.MustParseAddr(tt.to))
		if got.Arrives || got.Steps[len(got.Steps)-1] != tt.want {
			t.Errorf("%s: Follow() to %s ends with %q (arrives: %v), want %q", tt.name, tt.to, got.Steps[len(got.Steps)-1], got.Arrives, tt.want)
		}
	}
	states["aws-oregon"].Tables[1] = table("aws-oregon/app/vgw", route("10.12.0.0/15", "g-app"))
	states["aws-oregon"].Tables = append(states["aws-oregon"].Tables, table("aws-oregon/app/local"))
	if got := w.Follow(states, from, to.Addr); got.Arrives {
		t.Errorf("Follow() through a table without a route arrives: %v", got.Steps)
	}
}

func TestProbesAndExpect(t *testing.T) {
	plan, proof := load(t, "hub-spoke")
	services, _ := agree.Services(proof.Net)
	probes := agree.Probes(plan.Machines, services)
	if want := len(plan.Machines) * (len(plan.Machines) - 1) * len(services); len(probes) != want {
		t.Fatalf("Probes() has %d, want %d: every ordered pair by every service", len(probes), want)
	}
	decided := map[verify.Verdict]int{}
	for i := range probes {
		q := &probes[i]
		e := agree.Expect(proof, q)
		decided[e.Verdict]++
		if (e.Why == "") != (e.Verdict == verify.Reachable || e.Verdict == verify.Blocked) {
			t.Errorf("Expect(%s) = %s, with %q why it is not compared", q, e.Verdict, e.Why)
		}
		if e.Verdict == verify.Reachable && len(agree.Hops(e.Witness)) < 3 {
			t.Errorf("Hops(%s) = %q, want the proof's steps", q, agree.Hops(e.Witness))
		}
	}
	if decided[verify.Reachable] == 0 || decided[verify.Blocked] == 0 {
		t.Errorf("Expect() of all probes = %v, want reachable and blocked ones", decided)
	}
}

func TestCounted(t *testing.T) {
	count := func(rule string, n uint64) nodeconf.RuleCount {
		return nodeconf.RuleCount{Filter: "sg", Rule: rule, Packets: n}
	}
	got := agree.Counted(
		map[string][]nodeconf.RuleCount{"machine a": {count("x", 3), count("y", 2)}},
		map[string][]nodeconf.RuleCount{"machine b": {count("z", 1)}, "machine a": {count("x", 5), count("y", 2)}, "node n": {count("q", 0)}},
	)
	want := []string{"machine a: rule x of sg counted 2 packets", "machine b: rule z of sg counted 1 packets"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Counted() (-want +got):\n%s", diff)
	}
}

func TestReport(t *testing.T) {
	r := agree.Report{Rounds: []agree.Round{{Compared: 5}, {Compared: 7, RouteDiffs: make([]agree.RouteDiff, 1), Disagreements: make([]agree.Disagreement, 2), NotCompared: make([]agree.NotCompared, 4)}}}
	if r.Agrees() || r.Disagreements() != 3 || r.Compared() != 12 {
		t.Errorf("a report of 12 packets with 3 differences says %d, %d, agrees %v", r.Compared(), r.Disagreements(), r.Agrees())
	}
}
