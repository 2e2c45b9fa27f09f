package verify

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/verify/finding"
	"github.com/tieline/tieline/internal/vocab"
)

// small lists the networks of the corpus that are quick to prove.
var small = corpus[:6]

func errorsOf(list []Finding) []string {
	var out []string
	for _, f := range list {
		if f.Severity == diag.Error {
			out = append(out, fmt.Sprintf("%s %s", f.Code, f.Summary))
		}
	}
	return out
}

// TestCorpusHasNoErrors: what compile designs works as its policy says, and
// nothing else gets through.
func TestCorpusHasNoErrors(t *testing.T) {
	for _, c := range small {
		t.Run(c.name, func(t *testing.T) {
			n, a := compiled(t, c.dir)
			p := New(n, a)
			for _, e := range errorsOf(p.Findings()) {
				t.Errorf("Findings() has %s", e)
			}
			if p.judged().pairs < len(p.places)*len(p.places) {
				t.Errorf("judged %d pairs of units, want at least %d", p.judged().pairs, len(p.places)*len(p.places))
			}
		})
	}
}

// TestEveryFlowOfThePolicyIsReachable asks for each pair that policy joins,
// which is another way to the same answer as the findings.
func TestEveryFlowOfThePolicyIsReachable(t *testing.T) {
	n, a := compiled(t, corpus[3].dir)
	p := New(n, a)
	for i := range n.Policy {
		r := &n.Policy[i]
		for _, from := range r.From {
			for _, to := range r.To {
				for _, s := range r.Services {
					answer := p.Flow(from, to, s)
					if answer.Verdict != Reachable {
						t.Errorf("Flow(%s, %s, %s) = %v, want reachable", from.Ref, to.Ref, s, answer.Verdict)
					}
					if answer.Yes == nil || !answer.Yes.Works() || answer.No != nil {
						t.Errorf("Flow(%s, %s, %s) has witnesses %v and %v, want a yes that works and no no", from.Ref, to.Ref, s, answer.Yes, answer.No)
					}
				}
			}
		}
	}
}

// TestWorkersDoNotMatter: findings and answers are the same with one worker
// and with four, also where much is wrong.
func TestWorkersDoNotMatter(t *testing.T) {
	for _, c := range small[3:] {
		n, a := compiled(t, c.dir)
		for i := range n.Filters {
			if f := &n.Filters[i]; i%2 == 0 && len(f.Rules) > 1 {
				f.Rules = append(slices.Clone(f.Rules[1:]), fabric.FilterRule{Name: "wide", Direction: fabric.Ingress, Action: fabric.Allow, Priority: 101, Services: anything, All: true})
			}
		}
		one, four := newProof(n, a, 1).Findings(), newProof(n, a, 4).Findings()
		if len(errorsOf(one)) == 0 {
			t.Errorf("%s: no errors in the broken network", c.name)
		}
		if diff := cmp.Diff(one, four, cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})); diff != "" {
			t.Errorf("%s: findings differ with workers (-one +four):\n%s", c.name, diff)
		}
	}
}

// broken proves a network of the corpus after an edit, and gives the errors.
func broken(t *testing.T, dir string, edit func(*fabric.Network)) []Finding {
	t.Helper()
	n, a := compiled(t, dir)
	edit(n)
	var out []Finding
	for _, f := range New(n, a).Findings() {
		if f.Severity == diag.Error {
			out = append(out, f)
		}
	}
	return out
}

func filterOf(t *testing.T, n *fabric.Network, id fabric.FilterID) *fabric.Filter {
	t.Helper()
	for i := range n.Filters {
		if n.Filters[i].ID == id {
			return &n.Filters[i]
		}
	}
	t.Fatalf("no filter %s", id)
	return nil
}

func dropRule(f *fabric.Filter, name string) {
	f.Rules = slices.DeleteFunc(slices.Clone(f.Rules), func(r fabric.FilterRule) bool { return strings.HasPrefix(r.Name, name) })
}

// TestBreaks: each break of a network that was proved is one finding of its
// kind, which names what is to blame and has a witness.
func TestBreaks(t *testing.T) {
	ml, accounts := corpus[3].dir, corpus[5].dir
	tests := []struct {
		name   string
		dir    string
		edit   func(*testing.T, *fabric.Network)
		code   diag.Code
		object string
		text   string
	}{
		{"egress of a security group", ml, func(t *testing.T, n *fabric.Network) {
			dropRule(filterOf(t, n, "aws-oregon/ml/inference/sg"), "allow-to-training")
		}, finding.Blocked, "aws-oregon/ml/inference/sg", "denies tcp/443"},
		{"ingress of an NSG", ml, func(t *testing.T, n *fabric.Network) {
			dropRule(filterOf(t, n, "azure-wus2/ml/data/nsg"), "allow-training")
		}, finding.Blocked, "azure-wus2/ml/data/nsg", "deny-ingress"},
		{"GCP: deny wins at equal priority", ml, func(t *testing.T, n *fabric.Network) {
			f := filterOf(t, n, "net:ml/firewall")
			f.Rules = append(slices.Clone(f.Rules), fabric.FilterRule{Name: "deny-https", Direction: fabric.Ingress, Action: fabric.Deny, Priority: 1050, Services: services("tcp/443"), All: true})
		}, finding.Blocked, "net:ml/firewall", "deny-https"},
		{"NACL: no way for replies", accounts, func(t *testing.T, n *fabric.Network) {
			dropRule(filterOf(t, n, "aws-frankfurt/app/web/nacl"), "allow-rest-out")
			f := filterOf(t, n, "aws-frankfurt/app/web/nacl")
			f.Rules = append(f.Rules, fabric.FilterRule{Name: "only-requests", Direction: fabric.Egress, Action: fabric.Allow, Priority: 10, Services: services("tcp/1-32767", "udp"), All: true})
		}, finding.Blocked, "aws-frankfurt/app/web/nacl", "gets no reply"},
		{"NACL: replies let by a range of ports", accounts, func(t *testing.T, n *fabric.Network) {
			dropRule(filterOf(t, n, "aws-frankfurt/app/web/nacl"), "allow-rest-out")
			f := filterOf(t, n, "aws-frankfurt/app/web/nacl")
			f.Rules = append(f.Rules, fabric.FilterRule{Name: "replies-and-requests", Direction: fabric.Egress, Action: fabric.Allow, Priority: 10, Services: services("tcp", "udp", "icmp", "any"), All: true})
		}, "", "", ""},
		{"a reference to another group", accounts, func(t *testing.T, n *fabric.Network) {
			f := filterOf(t, n, "aws-frankfurt/app/app/sg")
			for i := range f.Rules {
				if f.Rules[i].PeerFilter == "aws-frankfurt/app/web/sg" {
					f.Rules = slices.Clone(f.Rules)
					f.Rules[i].PeerFilter = "aws-frankfurt/shared/dns/sg" // of another VPC: nobody
				}
			}
		}, finding.Blocked, "aws-frankfurt/app/app/sg", "tcp/8080"},
		{"machines of a subnet", ml, func(t *testing.T, n *fabric.Network) {
			dropRule(filterOf(t, n, "aws-oregon/ml/training/sg"), "allow-from-subnet")
		}, finding.Within, "aws-oregon/ml/training/sg", "inside a subnet"},
		{"NSG without its denials: the platform lets the connected network in", ml, func(t *testing.T, n *fabric.Network) {
			dropRule(filterOf(t, n, "azure-wus2/ml/data/nsg"), "deny-ingress")
		}, finding.Leak, "azure-wus2/ml/data/nsg", "AllowVnetInBound"},
		{"no filter at all", ml, func(t *testing.T, n *fabric.Network) {
			for i := range n.Subnets {
				if n.Subnets[i].ID == "azure-wus2/ml/inference" {
					n.Subnets[i].Filter = ""
				}
			}
			f := filterOf(t, n, "azure-wus2/ml/inference/nsg")
			f.Subnets = nil
		}, finding.Leak, "azure-wus2/ml/inference", "no filter stands before"},
		{"a route to the internet gateway for a private subnet", ml, func(t *testing.T, n *fabric.Network) {
			for i := range n.RouteTables {
				if rt := &n.RouteTables[i]; rt.ID == "aws-oregon/ml/rt-private" {
					rt.Routes = append([]fabric.Route{{Prefix: pfx("0.0.0.0/0"), Hop: fabric.Hop{Kind: fabric.HopInternetGateway}}}, rt.Routes...)
				}
			}
			f := filterOf(t, n, "aws-oregon/ml/training/sg")
			f.Rules = append(slices.Clone(f.Rules), fabric.FilterRule{Name: "world", Direction: fabric.Ingress, Action: fabric.Allow, Services: services("tcp/22"), All: true})
		}, finding.Exposure, "aws-oregon/ml/training/sg", "world"},
		{"no route to the transit gateway", ml, func(t *testing.T, n *fabric.Network) {
			for i := range n.RouteTables {
				if rt := &n.RouteTables[i]; rt.ID == "aws-oregon/ml/rt-private" {
					rt.Routes = slices.DeleteFunc(slices.Clone(rt.Routes), func(r fabric.Route) bool { return r.Prefix == pfx("10.4.0.0/15") })
				}
			}
		}, finding.Unrouted, "aws-oregon/ml/rt-private", "no route"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list := broken(t, tt.dir, func(n *fabric.Network) { tt.edit(t, n) })
			if tt.code == "" {
				if len(list) > 0 {
					t.Errorf("Findings() = %v, want no errors", errorsOf(list))
				}
				return
			}
			i := slices.IndexFunc(list, func(f Finding) bool {
				return f.Code == tt.code && f.Object == tt.object && strings.Contains(f.Summary, tt.text)
			})
			if i < 0 {
				t.Fatalf("Findings() = %v, want %s of %s with %q", errorsOf(list), tt.code, tt.object, tt.text)
			}
			if w := list[i].Witness; w == nil || !w.Packet.Src.IsValid() || len(w.Forward.Steps) == 0 {
				t.Errorf("%s has no witness", list[i].Summary)
			}
			if len(list) > 12 {
				t.Errorf("Findings() has %d errors for one break", len(list))
			}
		})
	}
}

// TestRandomBreaksAreReported: whatever rule of a filter is dropped or turned
// round, where policy or its denial rests on it there is an error, and where
// nothing changes between any two places there is none.
func TestRandomBreaksAreReported(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	base, a := compiled(t, corpus[3].dir)
	before := between(New(base, a))
	told := 0
	for range 60 {
		n := *base
		n.Filters = slices.Clone(base.Filters)
		f := &n.Filters[r.IntN(len(n.Filters))]
		f.Rules = slices.Clone(f.Rules)
		i := r.IntN(len(f.Rules))
		what := fmt.Sprintf("%s of %s", f.Rules[i].Name, f.ID)
		if r.IntN(2) == 0 {
			f.Rules = slices.Delete(f.Rules, i, i+1)
		} else {
			f.Rules[i].Action = fabric.Allow + fabric.Deny - f.Rules[i].Action
			if f.Kind == fabric.SecurityGroup {
				f.Rules[i].Action, f.Rules[i].Peers, f.Rules[i].PeerFilter, f.Rules[i].PeerEndpoint, f.Rules[i].All = fabric.Allow, nil, "", "", true
			}
		}
		p := New(&n, a)
		changed := !slices.Equal(before, between(p))
		if errs := errorsOf(p.Findings()); changed && len(errs) == 0 && !strings.Contains(what, "path-mtu") {
			t.Errorf("%s: reachability changed and Findings() has no error", what)
		} else if len(errs) > 0 {
			told++
		}
	}
	if told < 20 {
		t.Errorf("%d of 60 breaks are errors, want at least 20", told)
	}
}

// between spells what gets through between all places.
func between(p *Proof) []string {
	var out []string
	for i := range p.places {
		for k := range p.places {
			out = append(out, fmt.Sprint(p.Between(i, k)))
		}
	}
	return out
}

func TestBetweenAgreesWithFlow(t *testing.T) {
	n, a := compiled(t, corpus[5].dir)
	p := New(n, a)
	for i := range p.places {
		for k := range p.places {
			if p.behind[i].kind == EndpointPlace || p.behind[k].kind == EndpointPlace {
				continue
			}
			got := p.Between(i, k)
			for _, s := range services("tcp/443", "tcp/8080", "udp/53", "tcp/22", "icmp") {
				answer := p.Flow(endOf(p, i), endOf(p, k), s)
				through := answer.Verdict == Reachable || answer.Verdict == Partly
				listed := slices.ContainsFunc(got, func(x vocab.Service) bool { return holdsService(x, s) })
				if through != listed {
					t.Errorf("Flow(%s, %s, %s) = %v and Between() = %v", p.places[i].ID, p.places[k].ID, s, answer.Verdict, got)
				}
			}
		}
	}
}

// endOf names a place as an end.
func endOf(p *Proof, i int) fabric.PolicyEnd {
	switch pl := &p.places[i]; p.behind[i].kind {
	case SubnetPlace:
		return fabric.PolicyEnd{Subnets: []fabric.SubnetID{pl.Subnet}}
	case InternetPlace:
		return fabric.PolicyEnd{Internet: true}
	default:
		return fabric.PolicyEnd{Prefixes: pl.Addrs.Prefixes()}
	}
}

func holdsService(x, s vocab.Service) bool {
	return x.Proto == vocab.AnyProto || x.Proto == s.Proto && (x.Ports.IsAny() || x.Ports.First <= s.Ports.First && s.Ports.Last <= x.Ports.Last)
}

func TestWaysToTheInternet(t *testing.T) {
	n := fromText(t, `
version: 1
name: ways
accounts: {a: {cloud: aws, id: "111122223333"}, g: {cloud: gcp, project: ways-net}, z: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}}
sites:
  aws: {cloud: aws, region: us-west-2, networks: {v: {size: /16, subnets: {none: {size: /24}, nat: {size: /24, internet: nat}, public: {size: /24, internet: public}}}}}
  gcp: {cloud: gcp, region: us-west1, networks: {v: {size: /16, subnets: {none: {size: /24}, nat: {size: /24, internet: nat}, public: {size: /24, internet: public}}}}}
  azure: {cloud: azure, region: westus2, networks: {v: {size: /16, subnets: {none: {size: /24}, nat: {size: /24, internet: nat}, public: {size: /24, internet: public}}}}}
policy:
  - {from: internet, to: [aws/v/public, gcp/v/public, azure/v/public], ports: [tcp/443]}
`)
	p := New(n, atlas.Default())
	for _, e := range errorsOf(p.Findings()) {
		t.Errorf("Findings() has %s", e)
	}
	world := fabric.PolicyEnd{Internet: true}
	https := services("tcp/443")[0]
	for _, cloud := range []string{"aws", "gcp", "azure"} {
		for _, tt := range []struct {
			subnet  string
			out, in Verdict
		}{
			{"none", Blocked, Blocked},
			{"nat", Reachable, Blocked},
			{"public", Reachable, Reachable},
		} {
			end := fabric.PolicyEnd{Subnets: []fabric.SubnetID{fabric.SubnetID(cloud + "/v/" + tt.subnet)}}
			if got := p.Flow(end, world, https).Verdict; got != tt.out {
				t.Errorf("Flow(%s %s, internet) = %v, want %v", cloud, tt.subnet, got, tt.out)
			}
			if got := p.Flow(world, end, https).Verdict; got != tt.in {
				t.Errorf("Flow(internet, %s %s) = %v, want %v", cloud, tt.subnet, got, tt.in)
			}
		}
	}
}

func TestWalkOfATunnel(t *testing.T) {
	n, a := compiled(t, corpus[1].dir)
	p := New(n, a)
	from, to := p.PlacesOf(fabric.PolicyEnd{Prefixes: pfxs("10.4.0.9/32")}), p.PlacesOf(fabric.PolicyEnd{Prefixes: pfxs("10.12.0.9/32")})
	if len(from) != 1 || len(to) != 1 {
		t.Fatalf("PlacesOf() = %v and %v, want one place each", from, to)
	}
	there, back, ok := p.Walks(from[0], to[0])
	if !ok {
		t.Fatalf("Walks(%d, %d) does not arrive: %+v", from[0], to[0], there)
	}
	type sum struct {
		Links     []fabric.LinkID
		Sites     []fabric.SiteID
		RTT       float64
		Known     bool
		MTU       int
		Encrypted bool
		Internet  bool
	}
	for _, tt := range []struct {
		name string
		walk Walk
		want sum
	}{
		{"there", there, sum{[]fabric.LinkID{"aws-oregon--gcp-oregon"}, []fabric.SiteID{"aws-oregon", "gcp-oregon"}, 14.5, true, 1398, true, false}},
		{"back", back, sum{[]fabric.LinkID{"aws-oregon--gcp-oregon"}, []fabric.SiteID{"gcp-oregon", "aws-oregon"}, 14.5, true, 1398, true, false}},
	} {
		got := sum{tt.walk.Links, tt.walk.Sites, tt.walk.RTT, tt.walk.RTTKnown, tt.walk.MTU, tt.walk.Encrypted, tt.walk.Internet}
		if diff := cmp.Diff(tt.want, got, cmpopts.EquateApprox(0, 0.05)); diff != "" {
			t.Errorf("Walks() %s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestRulesAreDocumented(t *testing.T) {
	for i, r := range Rules {
		if i > 0 && Rules[i-1].Code >= r.Code {
			t.Errorf("Rules: %s stands after %s", r.Code, Rules[i-1].Code)
		}
		if r.Title == "" || r.Why == "" || r.Source == "" || r.Severity == 0 {
			t.Errorf("Rules: %s has no title, reason, source or severity", r.Code)
		}
	}
}
