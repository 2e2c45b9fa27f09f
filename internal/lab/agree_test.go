package lab_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tieline/tieline/internal/lab"
	"github.com/tieline/tieline/internal/lab/agree"
)

// soon bounds a comparison or drill of a small network.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// connected brings a network up and connects to its lab.
func connected(t *testing.T, u *user, spec, name string, flags ...string) *lab.Client {
	t.Helper()
	u.must(append([]string{"lab", "up", spec}, flags...)...)
	return lab.Connect(lab.DirOf(name))
}

// hold fails for everything that disagrees.
func hold(t *testing.T, r *agree.Report) {
	t.Helper()
	for i := range r.Rounds {
		x := &r.Rounds[i]
		if x.Compared == 0 || x.Reachable == 0 || x.Blocked == 0 || x.Tables == 0 || x.Routes == 0 {
			t.Errorf("with %s failed: %d packets (%d reachable, %d blocked) and %d routes of %d tables were compared, want some of each", x.Failure, x.Compared, x.Reachable, x.Blocked, x.Routes, x.Tables)
		}
		for _, d := range x.Disagreements {
			t.Errorf("with %s failed: %s to %s %s: the proof says %s, the packet %s\nproof:\n\t%s\npacket:\n\t%s", x.Failure, d.From, d.To, d.Service, d.Proof, d.Packet, strings.Join(d.Hops, "\n\t"), strings.Join(d.Fate, "\n\t"))
		}
		for _, d := range x.RouteDiffs {
			t.Errorf("with %s failed: %s", x.Failure, d)
		}
	}
}

// TestVerify: packets and routes are what the proof says, healthy and in each
// single failure; a rule that is not the proof's is found, with its witness.
func TestVerify(t *testing.T) {
	u := newUser(t)
	c := connected(t, u, "../../examples/triangle", "triangle", "--tunnels", "wireguard", "--fast")
	nothing := func(lab.VerifyUpdate) error { return nil }
	r, err := c.Verify(soon(t), lab.VerifyRequest{Failures: true}, nothing)
	if err != nil {
		t.Fatalf("Verify(): %v\n%s", err, u.logs())
	}
	hold(t, r)
	if want := 15; len(r.Rounds) != want {
		t.Errorf("Verify() has %d rounds, want %d: healthy, 10 tunnels, 4 instances of gateways", len(r.Rounds), want)
	}

	u.must("lab", "exec", "gcp-oregon/app/app", "--", "nft", "add table inet intruder; add chain inet intruder in { type filter hook input priority 50; }; add rule inet intruder in tcp dport 443 drop")
	if r, err = c.Verify(soon(t), lab.VerifyRequest{}, nothing); err != nil {
		t.Fatal(err)
	}
	if len(r.Rounds) != 1 || len(r.Rounds[0].Disagreements) != 2 {
		t.Fatalf("Verify() beside a rule that drops tcp/443 to one machine finds %d disagreements, want 2", r.Disagreements())
	}
	for _, d := range r.Rounds[0].Disagreements {
		if d.To != "gcp-oregon/app/app" || d.Service != "tcp/443" || d.Proof != "reachable" || !strings.HasPrefix(d.Packet, "silent") {
			t.Errorf("disagreement %+v, want tcp/443 to gcp-oregon/app/app silent and proved reachable", d)
		}
		if len(d.Hops) == 0 || !slices.Contains(d.Fate, "there: machine gcp-oregon/app/app") || !slices.ContainsFunc(d.Fate, func(s string) bool { return strings.Contains(s, "counted") }) {
			t.Errorf("witnesses of %s to %s: %q and %q, want the proof's hops, the way to the machine and the rules that counted", d.From, d.To, d.Hops, d.Fate)
		}
	}
}

// TestDrill: a link that is cut loses packets only until the other way takes
// over, and the report says so.
func TestDrill(t *testing.T) {
	u := newUser(t)
	c := connected(t, u, "../../examples/triangle", "triangle", "--tunnels", "wireguard", "--fast")
	r, err := c.Drill(soon(t), lab.DrillRequest{Parts: []string{"link aws-oregon--gcp-oregon", "cloud aws"}}, func(lab.DrillUpdate) error { return nil })
	if err != nil {
		t.Fatalf("Drill(): %v\n%s", err, u.logs())
	}
	if len(r.Failures) != 2 || r.Failures[0].Kind != "link" || r.Failures[1].Kind != "cloud" {
		t.Fatalf("Drill() made %+v fail, want a link and a cloud", r.Kinds())
	}
	link, cloud := &r.Failures[0], &r.Failures[1]
	for i := range link.Flows {
		f := &link.Flows[i]
		uses := strings.HasPrefix(f.From, "aws") && strings.HasPrefix(f.To, "gcp") || strings.HasPrefix(f.From, "gcp") && strings.HasPrefix(f.To, "aws")
		switch {
		case f.Cut.Never || f.Heal.Never:
			t.Errorf("%s: %s to %s %s: cut %+v, heal %+v, want it to recover", link.Part, f.From, f.To, f.Service, f.Cut, f.Heal)
		case uses && (f.Cut.Lost == 0 || f.Said.Outcome != "survives" || f.After.Equal(f.Before)):
			t.Errorf("%s: %s to %s %s: predicted %q, lost %d, by %v after %v, want losses and another way", link.Part, f.From, f.To, f.Service, f.Said.Outcome, f.Cut.Lost, f.After, f.Before)
		case !uses && f.Said.Outcome != "untouched":
			t.Errorf("%s: %s to %s %s: predicted %q, want untouched", link.Part, f.From, f.To, f.Service, f.Said.Outcome)
		}
	}
	for i := range cloud.Flows {
		f := &cloud.Flows[i]
		if in := strings.HasPrefix(f.From, "aws") || strings.HasPrefix(f.To, "aws"); in != (f.Seen == "lost") || in != (f.Said.Outcome == "lost") {
			t.Errorf("%s: %s to %s %s: predicted %q, seen %q", cloud.Part, f.From, f.To, f.Service, f.Said.Outcome, f.Seen)
		}
	}
}

// TestMeasure: round trips are those that are configured, throughput is that
// of a connection that arrived, and only what policy lets through is measured.
func TestMeasure(t *testing.T) {
	u := newUser(t)
	c := connected(t, u, "../../examples/triangle", "triangle", "--tunnels", "wireguard", "--fast")
	st, err := c.Status(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	rtt := 0.0
	for _, l := range st.Links {
		if l.ID == "aws-oregon--gcp-oregon" {
			rtt = l.RTT
		}
	}
	p, err := c.PingMachines(soon(t), lab.PingRequest{From: "aws-oregon/app/app", To: "gcp-oregon/app/app", Count: 5, Every: 10})
	if err != nil {
		t.Fatal(err)
	}
	if p.Sent != 5 || p.Answered == 0 || p.Min < rtt || p.Median < p.Min || p.Max < p.P90 || len(p.Path) == 0 {
		t.Errorf("PingMachines() = %+v, want round trips of %v ms and more over a tunnel", p, rtt)
	}
	i, err := c.Iperf(soon(t), lab.IperfRequest{From: "aws-oregon/app/app", To: "gcp-oregon/app/app", Seconds: 1})
	if err != nil {
		t.Fatal(err)
	}
	if i.Bytes == 0 || i.Mbps <= 0 || i.Service != "tcp/443" || i.MSS == 0 || i.MSS > 1400 || i.RTT < rtt {
		t.Errorf("Iperf() = %+v, want bytes by tcp/443 in segments that fit the tunnel", i)
	}
	for _, q := range []lab.IperfRequest{{From: "aws-oregon/app/app", To: "internet"}, {From: "aws-oregon/app/app", To: "aws-oregon/app/app"}, {From: "nobody", To: "internet"}, {From: "aws-oregon/app/app", To: "internet", Service: "udp/53"}} {
		if r, err := c.Iperf(soon(t), q); err == nil {
			t.Errorf("Iperf(%+v) = %+v, want an error", q, r)
		}
	}
}
