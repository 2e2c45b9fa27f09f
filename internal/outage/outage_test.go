package outage

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// TestFailuresWorkers: the report does not depend on the number of workers.
func TestFailuresWorkers(t *testing.T) {
	n, a := compiled(t, "../../examples/ml-platform")
	p := verify.New(n, a)
	want := New(p).Try(Options{At: 2, Workers: 1})
	got := New(p).Try(Options{At: 2, Workers: 4})
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("Try with 4 workers (-1 worker):\n%s", diff)
	}
	if want.Sets <= want.Parts || want.Pruned == 0 {
		t.Errorf("Try: %d sets of %d parts, %d pruned, want pairs and some pruned", want.Sets, want.Parts, want.Pruned)
	}
	if all := want.Parts * (want.Parts + 1) / 2; want.Sets+want.Pruned != all {
		t.Errorf("Try: %d sets and %d pruned, want %d in all", want.Sets, want.Pruned, all)
	}
}

// spare is a network of which half the tunnels carry nothing: neither a
// virtual private gateway nor the device shares the load.
const spare = `version: 1
name: spare
environment: production
accounts: {prod: {cloud: aws, id: "111122223333"}}
sites:
  aws-oregon: {cloud: aws, region: us-west-2, account: prod, networks: {app: {size: /16, subnets: {app: {size: /20}}}}}
  hq: {cloud: onprem, city: Portland, cidrs: [10.200.0.0/16], bgp: {asn: 65010}, public_ip: 203.0.113.10}
connect: [{mesh: [aws-oregon, hq], via: vpn}]
policy: [{from: hq, to: aws-oregon, ports: [tcp/443]}]
`

// TestPruned: what is left out does what one of its parts does alone.
func TestPruned(t *testing.T) {
	dirs := map[string]string{"spare": t.TempDir()}
	if err := os.WriteFile(filepath.Join(dirs["spare"], "network.yaml"), []byte(spare), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range corpus {
		if c.name != "estate" {
			dirs[c.name] = c.dir
		}
	}
	idle := 0
	for name, dir := range dirs {
		t.Run(name, func(t *testing.T) {
			n, a := compiled(t, dir)
			p := verify.New(n, a)
			r := newReach(p)
			run := &run{reach: r, options: Options{At: 2}, parts: p.Plane.Parts(), total: newTally(r)}
			run.singles()
			pr := newPruner(r, run.parts, run.used)
			b := newBreaker(r)
			effects := func(parts ...routes.Part) map[string]string {
				var list []Impact
				for _, h := range b.judge(routes.NewFailure(parts...)) {
					list = append(list, h.Impact)
				}
				return effectsOf(list)
			}
			for i, x := range run.parts {
				for j := i + 1; j < len(run.parts); j++ {
					if !pr.same(i, j) {
						continue
					}
					y := run.parts[j]
					both := effects(x, y)
					if !cmp.Equal(both, effects(x)) && !cmp.Equal(both, effects(y)) {
						t.Errorf("%v and %v is pruned, but does %v; alone %v and %v", x, y, both, effects(x), effects(y))
					}
					if !r.within(x, y) && !r.within(y, x) {
						idle++
					}
				}
			}
		})
	}
	if idle == 0 {
		t.Error("no set was pruned for a part that carries nothing")
	}
}

// TestFailuresRefused: beyond the bound nothing is said of two failures.
func TestFailuresRefused(t *testing.T) {
	n, a := compiled(t, "../../examples/triangle")
	p := verify.New(n, a)
	rep := New(p).Try(Options{At: 2, MaxSets: 3})
	if rep.Refused == "" || rep.Sets != rep.Parts {
		t.Errorf("Try(MaxSets 3) tried %d sets of %d parts, refused %q; want the parts alone and a refusal", rep.Sets, rep.Parts, rep.Refused)
	}
	found := false
	for _, f := range rep.Findings {
		found = found || f.Code == codeNotTried
	}
	if !found {
		t.Errorf("Try(MaxSets 3) has no finding %s", codeNotTried)
	}
}

// TestFailuresProgress: progress rises to the number of sets.
func TestFailuresProgress(t *testing.T) {
	n, a := compiled(t, "../../examples/triangle")
	p := verify.New(n, a)
	last, calls := 0, 0
	rep := New(p).Try(Options{At: 1, Workers: 4, Progress: func(done, total int) {
		calls++
		if done != last+1 || done > total {
			t.Errorf("Progress(%d, %d) after %d", done, total, last)
		}
		last = done
	}})
	if calls != rep.Sets {
		t.Errorf("Progress was called %d times, want %d", calls, rep.Sets)
	}
}

// TestRules: every code is documented once, in order.
func TestRules(t *testing.T) {
	for i, r := range Rules {
		if r.Title == "" || r.Why == "" || r.Source == "" {
			t.Errorf("rule %s lacks a title, a why or a source", r.Code)
		}
		if i > 0 && Rules[i-1].Code >= r.Code {
			t.Errorf("rule %s comes after %s", r.Code, Rules[i-1].Code)
		}
	}
}

// impactOn finds the impact on a pair of sites, of any segment.
func impactOn(list []Impact, from, to string) (Impact, bool) {
	for _, i := range list {
		if string(i.From.Site) == from && string(i.To.Site) == to {
			return i, true
		}
	}
	return Impact{}, false
}

// TestImpacts holds failures of the examples against hand-worked answers.
func TestImpacts(t *testing.T) {
	tests := []struct {
		name, network string
		part          routes.Part
		from, to      string
		want          Impact // From, To, Failure and Peak are not compared
	}{
		{
			// The VGW sends by one tunnel, which is another now; Google's
			// router loses one of four.
			name: "one of four tunnels", network: "triangle", from: "aws-oregon", to: "gcp-oregon",
			part: routes.Part{Kind: routes.TunnelPart, ID: "aws-oregon--gcp-oregon/0"},
			want: Impact{
				Effect:    Slower,
				Before:    Way{Links: []fabric.LinkID{"aws-oregon--gcp-oregon"}, Tunnels: 1, Capacity: vocab.Gbps, RTT: 14.5, MTU: 1398},
				After:     Way{Links: []fabric.LinkID{"aws-oregon--gcp-oregon"}, Tunnels: 1, Capacity: vocab.Gbps, RTT: 14.5, MTU: 1398},
				Detection: 30, DetectBy: "hold timer 30 s at aws-oregon/app/vgw",
			},
		},
		{
			// Azure re-advertises what it learns, so it is the way around.
			name: "the link to Google", network: "triangle", from: "aws-oregon", to: "gcp-oregon",
			part: routes.Part{Kind: routes.LinkPart, ID: "aws-oregon--gcp-oregon"},
			want: Impact{
				Effect:    Slower,
				Before:    Way{Links: []fabric.LinkID{"aws-oregon--gcp-oregon"}, Tunnels: 1, Capacity: vocab.Gbps, RTT: 14.5, MTU: 1398},
				After:     Way{Links: []fabric.LinkID{"aws-oregon--azure-wus2", "azure-wus2--gcp-oregon"}, Tunnels: 1, Capacity: 650 * vocab.Mbps, RTT: 6.7, MTU: 1398},
				Detection: 30, DetectBy: "hold timer 30 s at aws-oregon/app/vgw",
			},
		},
		{
			// Google's router does not re-advertise: no way around.
			name: "the link to Azure", network: "triangle", from: "aws-oregon", to: "azure-wus2",
			part: routes.Part{Kind: routes.LinkPart, ID: "aws-oregon--azure-wus2"},
			want: Impact{
				Effect: Lost,
				Before: Way{Links: []fabric.LinkID{"aws-oregon--azure-wus2"}, Tunnels: 1, Capacity: 650 * vocab.Mbps, RTT: 2.9, MTU: 1400},
			},
		},
		{
			// Azure and Google both wait for 180 s, but DPD is faster.
			name: "one of two tunnels to Azure", network: "triangle", from: "azure-wus2", to: "gcp-oregon",
			part: routes.Part{Kind: routes.TunnelPart, ID: "azure-wus2--gcp-oregon/1"},
			want: Impact{
				Effect:    Slower,
				Before:    Way{Links: []fabric.LinkID{"azure-wus2--gcp-oregon"}, Tunnels: 2, Capacity: 650 * vocab.Mbps, RTT: 3.8, MTU: 1398},
				After:     Way{Links: []fabric.LinkID{"azure-wus2--gcp-oregon"}, Tunnels: 1, Capacity: 650 * vocab.Mbps, RTT: 3.8, MTU: 1398},
				Detection: 60, DetectBy: "DPD 60 s at gcp-oregon/vpn",
			},
		},
		{
			// The device is the only one of the headquarters. It sends by one of
			// its tunnels, as it is not said to share the load.
			name: "the only device of a site", network: "ml-platform", from: "headquarters", to: "aws-oregon",
			part: routes.Part{Kind: routes.InstancePart, ID: "headquarters/cpe#0"},
			want: Impact{
				Effect: Lost,
				Before: Way{Links: []fabric.LinkID{"aws-oregon--headquarters"}, Tunnels: 1, Capacity: 1250 * vocab.Mbps, RTT: 4.3, MTU: 1400},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, a := compiled(t, "../../examples/"+tt.network)
			f := routes.NewFailure(tt.part)
			got, ok := impactOn(New(verify.New(n, a)).Impacts(f), tt.from, tt.to)
			if !ok {
				t.Fatalf("Impacts(%v) has nothing on %s to %s", f, tt.from, tt.to)
			}
			diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(Impact{}, "From", "To", "Failure", "Peak"), cmpopts.EquateApprox(0, 0.05))
			if diff != "" {
				t.Errorf("Impacts(%v) on %s to %s (-want +got):\n%s", f, tt.from, tt.to, diff)
			}
		})
	}
}

// TestRoundTripBetweenRegions: a way that enters the network of a cloud in one
// region and goes on in another takes the time between the two.
func TestRoundTripBetweenRegions(t *testing.T) {
	n, a := compiled(t, "../testkit/networks/accounts")
	link, _ := n.Link("aws-frankfurt--gcp-finland")
	far, _ := a.Region(vocab.GCP, "europe-north1")
	near, _ := a.Region(vocab.GCP, "europe-west3")
	gap, _ := a.RTT(near.Place(), far.Place())
	p := verify.New(n, a)
	r := New(p).reach()
	to, _ := n.Subnet("aws-frankfurt/shared/dns")
	checked := 0
	for i, w := range r.walks {
		if int(w.table) != p.Tables.TableOf("gcp-frankfurt/main/app", "") || !to.Prefix.Contains(r.classes.list[w.class].addr) {
			continue
		}
		checked++
		for _, x := range r.healthy[i].ways {
			if want := link.RTT + gap.MS; x.rtt != want {
				t.Errorf("gcp-frankfurt to %s takes %.1f ms, want %.1f", to.Prefix, x.rtt, want)
			}
		}
	}
	if checked == 0 {
		t.Error("no walk goes from gcp-frankfurt to aws-frankfurt/shared/dns")
	}
}

// TestFailuresOfMLPlatform: the report of the example names what every reader
// of it should know.
func TestFailuresOfMLPlatform(t *testing.T) {
	n, a := compiled(t, "../../examples/ml-platform")
	rep := New(verify.New(n, a)).Try(Options{At: 1})
	single := map[routes.Part]bool{}
	for _, s := range rep.Single {
		single[s.Part] = true
	}
	for _, part := range []routes.Part{
		{Kind: routes.InstancePart, ID: "headquarters/cpe#0"},
		{Kind: routes.LinkPart, ID: "aws-oregon--headquarters"},
		{Kind: routes.SitePart, ID: "aws-oregon"}, // the hub of headquarters to Google
	} {
		if !single[part] {
			t.Errorf("Try().Single = %v, want %v in it", rep.Single, part)
		}
	}
	for _, part := range []routes.Part{
		{Kind: routes.TunnelPart, ID: "aws-oregon--gcp-oregon/0"},
		{Kind: routes.InstancePart, ID: "gcp-oregon/vpn#0"},
		{Kind: routes.ZonePart, ID: "usw2-az1"},
	} {
		if single[part] {
			t.Errorf("Try().Single has %v, want it not in it", part)
		}
	}
	codes := map[string]int{}
	for _, f := range rep.Findings {
		codes[string(f.Code)+" "+f.Object]++
	}
	// 3 Gbps are expected on a link that keeps 2 Gbps when a gateway's
	// instance fails.
	for _, want := range []string{string(codeCongested) + " aws-oregon--gcp-oregon", string(codeSinglePoint) + " headquarters/cpe#0"} {
		if codes[want] != 1 {
			t.Errorf("Try().Findings has %d of %q, want 1: %v", codes[want], want, codes)
		}
	}
	for i, w := range rep.Worst[1:] {
		if (Pair{rep.Worst[i].From, rep.Worst[i].To}).compare(Pair{w.From, w.To}) >= 0 {
			t.Errorf("Try().Worst: %v to %v does not come after %v to %v", w.From, w.To, rep.Worst[i].From, rep.Worst[i].To)
		}
	}
}

// TestWithoutPolicy: of a network that states no policy, the pairs that reach
// each other when healthy are judged, by network, and the single point of
// failure that the policy's pairs show is shown by them too.
func TestWithoutPolicy(t *testing.T) {
	n, a := compiled(t, "../../examples/triangle")
	n.Policy, n.Pools = nil, nil
	rep := New(verify.New(n, a)).Try(Options{At: 1})
	var got []string
	for _, s := range rep.Single {
		for _, l := range s.Lost {
			got = append(got, s.Part.String()+": "+l.From.String()+" to "+l.To.String())
		}
	}
	want := []string{
		"link aws-oregon--azure-wus2: aws-oregon/app to azure-wus2/app",
		"link aws-oregon--azure-wus2: azure-wus2/app to aws-oregon/app",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Try() without policy, single points (-want +got):\n%s", diff)
	}
	if len(rep.Worst) != 6 {
		t.Errorf("Try() without policy judges %d pairs, want 6", len(rep.Worst))
	}
}
