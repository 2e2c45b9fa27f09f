package labview

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/lab"
	"github.com/tieline/tieline/internal/lab/agree"
	"github.com/tieline/tieline/internal/lab/drill"
	"github.com/tieline/tieline/internal/lab/relay"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

var update = flag.Bool("update", false, "rewrite golden output")

// noon is when everything happens.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// status is a lab with two sites, one of whose tunnels is cut.
func status() lab.Status {
	state := func(node string, second bool) *nodeconf.Status {
		s := &nodeconf.Status{
			Node: node,
			Tunnels: []nodeconf.TunnelState{
				{Name: "b-0", ID: "tunnel a--b/0", Up: true, Suite: "aes256-gcm16"},
				{Name: "b-1", ID: "tunnel a--b/1", Up: second, Why: "no answer"},
			},
			Sessions: []nodeconf.SessionState{{ID: "a--b/0", State: "established"}, {ID: "a--b/1", State: "active", Why: "hold timer expired"}},
			Tables: []nodeconf.TableState{{ID: 1, Name: node + "/net", Routes: []nodeconf.RouteState{
				{Prefix: netip.MustParsePrefix("10.0.0.0/16"), Devices: []string{"m"}},
				{Prefix: netip.MustParsePrefix("10.1.0.0/16"), Devices: []string{"b-0"}, Learned: true},
			}}},
		}
		return s
	}
	counts := func(n uint64) [2]relay.Counts {
		return [2]relay.Counts{{Sent: n, Delivered: n, Bytes: 1000 * n}, {Sent: n, Delivered: n - n/10, Lost: n / 10, Bytes: 500 * n}}
	}
	return lab.Status{
		Version:  lab.APIVersion,
		Launched: lab.Launched{Name: "net", Network: "net", Spec: "/specs/net", Begun: noon.Add(-2 * time.Minute), Options: lab.Options{Tunnels: nodeconf.IPsec}},
		Up:       noon.Add(-110 * time.Second),
		Progress: lab.Progress{Stage: "up", Final: true},
		Nodes: []lab.NodeStatus{
			{Name: "a", Sites: []string{"a"}, State: state("a", true)},
			{Name: "b", Sites: []string{"b", "b2"}, State: state("b", false), Crashes: 1},
			{Name: "c", Sites: []string{"c"}, Why: "killed by a fault"},
		},
		Machines: []lab.MachineStatus{
			{Name: "a/net/app", Host: "app.net.a", Site: "a", Addr: "10.0.0.4", Listen: []string{"tcp/9", "tcp/443"}, Rules: []nodeconf.RuleCount{
				{Filter: "a/net/app/sg", Rule: "allow-b", Packets: 12, Bytes: 800}, {Filter: "a/net/app/sg", Rule: "default-ingress", Packets: 3, Bytes: 120}, {Filter: "a/net/app/sg", Rule: "unused"},
			}},
			{Name: "b/net/app", Host: "app.net.b", Site: "b", Addr: "10.1.0.4", Listen: []string{"tcp/443"}},
		},
		Links: []lab.LinkStatus{{ID: "a--b", Kind: "vpn", RTT: 14.5, Why: "measured", Ways: []lab.WayStatus{
			{Tunnel: "a--b/0", Delay: 7.25, Counts: counts(100)}, {Tunnel: "a--b/1", Delay: 7.25, Cut: true, Counts: counts(0)},
		}}},
		Faults: []lab.Fault{
			{ID: 1, Since: noon.Add(-5 * time.Second), What: lab.FaultRequest{Kind: lab.Blackhole, A: "a", B: "b", Tunnel: 1}, Paths: []string{"x", "y"}},
			{ID: 2, Since: noon.Add(-time.Second), What: lab.FaultRequest{Kind: lab.Degrade, A: "a", B: "b", Tunnel: -1, Delay: 80, Loss: 0.02, Rate: 100 * vocab.Mbps}},
		},
		Relay: lab.RelayStatus{RealTime: true, P50: 0.06, P99: 2.4, Max: 9, Unreliable: true},
	}
}

func look() Look {
	before := Look{At: noon.Add(-time.Second), Status: status()}
	for i := range before.Status.Links[0].Ways {
		before.Status.Links[0].Ways[i].Counts = [2]relay.Counts{}
	}
	svc, err := vocab.ParseService("tcp/443")
	if err != nil {
		panic(err)
	}
	return Look{At: noon, Status: status(), Before: &before, Trips: []lab.Trip{
		{From: "a", To: "b", Flow: lab.Flow{From: "a/net/app", To: "b/net/app", Service: svc}, Configured: 14.5, Known: true, Measured: 14.8, Sent: 5},
		{From: "b", To: "a", Flow: lab.Flow{From: "b/net/app", To: "a/net/app", Service: svc}, Configured: 14.5, Known: true, Sent: 2, Lost: 2, Why: "silent: no answer in time"},
	}}
}

func verified() *agree.Report {
	return &agree.Report{Network: "net", Seconds: 3, Rounds: []agree.Round{
		{Failure: "nothing", Compared: 20, Reachable: 4, Blocked: 16, Tables: 2, Routes: 4, Seconds: 1.2, NotCompared: []agree.NotCompared{{From: "a", To: "b", Service: "udp/53", Why: "partly"}}},
		{Failure: "tunnel a--b/0", Compared: 20, Reachable: 3, Blocked: 17, Tables: 2, Routes: 4, Seconds: 1.8, Disagreements: []agree.Disagreement{
			{From: "a/net/app", To: "b/net/app", Service: "tcp/443", Proof: "yes", Packet: "silent", Hops: []string{"tunnel a--b/1"}, Fate: []string{"table a/net: no route"}},
		}, RouteDiffs: []agree.RouteDiff{{Node: "a", Table: "a/net", Prefix: "10.1.0.0/16", Proof: []string{"tunnel a--b/1"}}}},
	}, Skipped: []agree.Skip{{Part: "zone z", Why: "nothing of it is in the lab"}}}
}

func drilled() *drill.Report {
	return &drill.Report{Version: drill.Version, Network: "net", At: noon, Seconds: 12, Failures: []drill.Failure{{
		Part: "tunnel a--b/0", Kind: "tunnel", Detects: 300, Beside: 1, Flows: []drill.Flow{
			{From: "a/net/app", To: "b/net/app", Service: "tcp/443", Line: "network.yaml:9", Said: drill.Prediction{Outcome: drill.Survives}, Seen: drill.Survives, Judged: drill.AsPredicted, Cut: drill.Phase{Sent: 200, Lost: 31, Recovered: 312}},
			{From: "b/net/app", To: "a/net/app", Service: "tcp/443", Line: "network.yaml:9", Said: drill.Prediction{Outcome: drill.Survives}, Seen: drill.LosesAll, Judged: drill.NotBack, Cut: drill.Phase{Sent: 200, Lost: 200, Never: true}},
		},
	}}}
}

// TestGolden holds every view against testdata.
func TestGolden(t *testing.T) {
	at := func(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }
	needs := []lab.Need{
		{Name: "namespaces", OK: true, Found: "as root"},
		{Name: "/dev/net/tun", Found: "permission denied", Fix: "chmod 666 /dev/net/tun"},
		{Name: "real-time priority", Optional: true, Found: "not permitted", Fix: "root"},
	}
	tests := []struct {
		name  string
		print func(*view.Printer)
	}{
		{"status", func(p *view.Printer) { Status(p, look()) }},
		{"comingup", func(p *view.Printer) {
			l := look()
			l.Status.Up, l.Status.Progress = time.Time{}, lab.Progress{Stage: "nodes", Done: 3, Total: 8}
			Status(p, l)
		}},
		{"failed", func(p *view.Printer) {
			l := look()
			l.Status.Up, l.Status.Progress = time.Time{}, lab.Progress{Stage: "nodes", Error: "no memory", Final: true}
			Status(p, l)
		}},
		{"up", func(p *view.Printer) { Up(p, look()) }},
		{"progress", func(p *view.Printer) {
			g := NewProgress(p)
			for _, x := range []lab.Progress{
				{At: at(0), Stage: "namespaces"},
				{At: at(1), Stage: "namespaces", Done: 7, Total: 8},
				{At: at(2), Stage: "routes", Done: 4, Total: 20},
				{At: at(4), Stage: "up", Text: "up after 4.0 s", Final: true},
			} {
				g.Show(x)
			}
			g.Stop()
		}},
		{"faults", func(p *view.Printer) {
			s := status()
			for _, f := range s.Faults {
				Struck(p, f)
			}
			Struck(p, lab.Fault{Since: noon, What: lab.FaultRequest{Kind: lab.Daemon, Part: "gateway b/vpn#0", Tunnel: -1}, Nodes: []string{"b"}})
			Healed(p, s.Faults, noon)
			Healed(p, nil, noon)
		}},
		{"needs", func(p *view.Printer) { Needs(p, needs, true) }},
		{"list", func(p *view.Printer) {
			List(p, nil, noon)
			List(p, []lab.Launched{status().Launched}, noon)
		}},
		{"verify", func(p *view.Printer) { Verify(p, verified(), false) }},
		{"drill", func(p *view.Printer) {
			r := drilled()
			Failure(p, &r.Failures[0])
			Drill(p, r, "drills/x.json", "drills/x.html")
		}},
		{"ping", func(p *view.Printer) {
			Ping(p, lab.PingResult{From: "a", To: "b", Service: "icmp", Sent: 10, Answered: 9, Why: "silent", Min: 1, Median: 2, P90: 3, Max: 4, Jitter: 0.5, Path: []string{"tunnel a--b/0"}})
			Iperf(p, lab.IperfResult{From: "a", To: "b", Service: "tcp/443", Seconds: 2, Bytes: 25e6, Mbps: 100, Retransmits: 3, RTT: 31, MSS: 1338, Congestion: "cubic", Intervals: []float64{90, 110}})
		}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var b bytes.Buffer
			tc.print(view.NewPrinter(&b, func(string) string { return "" }))
			file := filepath.Join("testdata", tc.name+".txt")
			if *update {
				if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), b.String()); diff != "" {
				t.Errorf("%s (-want +got; -update rewrites):\n%s", file, diff)
			}
		})
	}
}

// TestJSON: every JSON has a format version, and lists are never null.
func TestJSON(t *testing.T) {
	for name, v := range map[string]any{
		"status": StatusJSON(Look{Status: status()}), "up": UpJSON(look()), "faults": FaultsJSON(nil), "needs": NeedsJSON([]lab.Need{}), "list": ListJSON(nil),
		"ended": EndedJSON([]string{}), "verify": VerifyJSON(verified()), "drill": DrillJSON(drilled(), "a", "b"), "ping": PingJSON(lab.PingResult{}), "iperf": IperfJSON(lab.IperfResult{}),
	} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var head struct {
			FormatVersion string           `json:"format_version"`
			Trips         *json.RawMessage `json:"trips"`
			Faults        *json.RawMessage `json:"faults"`
		}
		if err := json.Unmarshal(b, &head); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if head.FormatVersion != view.FormatVersion {
			t.Errorf("%s: format_version = %q, want %q", name, head.FormatVersion, view.FormatVersion)
		}
		for key, raw := range map[string]*json.RawMessage{"trips": head.Trips, "faults": head.Faults} {
			if raw != nil && string(*raw) == "null" {
				t.Errorf("%s: %s is null", name, key)
			}
		}
	}
}
