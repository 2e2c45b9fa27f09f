package change

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// platform is the spec of the example that the tests edit.
func platform(t testing.TB) (text string, l lock.Lock) {
	t.Helper()
	const dir = "../../examples/ml-platform/"
	data, err := os.ReadFile(dir + "network.yaml")
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(dir + "tieline.lock")
	if err != nil {
		t.Fatal(err)
	}
	l, diags := lock.Parse("tieline.lock", kept)
	if diags.HasErrors() {
		t.Fatalf("Parse(tieline.lock):\n%s", diags)
	}
	return string(data), l
}

// edited replaces parts of a text, each of which must stand in it.
func edited(t testing.TB, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the spec has no %q", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

// side compiles a spec and proves it.
func side(t testing.TB, text string, l lock.Lock) Side {
	t.Helper()
	s, diags := spec.Parse([]spec.File{{Name: "network.yaml", Data: []byte(text)}})
	if diags.HasErrors() {
		t.Fatalf("Parse:\n%s", diags)
	}
	a := atlas.Default()
	r := compile.Compile(&s, l, a)
	if r.Diags.HasErrors() {
		t.Fatalf("Compile:\n%s", r.Diags)
	}
	p := verify.New(r.Network, a)
	f := outage.New(p).Try(outage.Options{At: 1})
	return Side{Network: r.Network, Atlas: a, Proof: p, Bill: price.Compute(r.Network, a, p.Tables), Failures: &f}
}

// diff compares the example with an edited version of it.
func diff(t testing.TB, pairs ...string) Report {
	t.Helper()
	text, l := platform(t)
	return Diff(side(t, text, l), side(t, edited(t, text, pairs...), l))
}

// lines prints what a report says of resources and interruptions.
func lines(r Report) []string {
	var out []string
	for _, x := range r.Resources {
		if x.Follows() {
			continue
		}
		var fields []string
		for _, f := range x.Fields {
			fields = append(fields, f.Name)
		}
		out = append(out, fmt.Sprintf("%v %v %s %s: %s", x.Action, x.Cloud, x.Kind, x.ID, strings.Join(fields, " ")))
	}
	for _, x := range r.Interrupts {
		out = append(out, fmt.Sprintf("%s%s stops %v, %d of %d tunnels, %v to %v", x.Link, x.Resource, x.Stops(), x.Down, x.Of, x.Low, x.High))
	}
	return out
}

const mesh = "{mesh: [aws-oregon, gcp-oregon, azure-wus2], via: vpn, bandwidth: 500Mbps}"

func TestDiff(t *testing.T) {
	const gcp = "  gcp-oregon:\n    cloud: gcp\n    region: us-west1\n    account: net\n    networks:\n      ml:\n        size: /16"
	tests := []struct {
		name  string
		edits []string
		want  []string
	}{
		{
			"a policy rule: filters change in place and nothing stops",
			[]string{"  - {from: training, to: data, ports: [tcp/5432]}", "  - {from: training, to: data, ports: [tcp/5432]}\n  - {from: inference, to: data, ports: [tcp/6379]}"},
			[]string{
				"changed in place aws security group aws-oregon/ml/data/sg: rules",
				"changed in place aws security group aws-oregon/ml/inference/sg: rules",
				"changed in place aws security group aws-virginia/ml/inference/sg: rules",
				"changed in place azure network security group azure-wus2/ml/data/nsg: rules",
				"changed in place azure network security group azure-wus2/ml/inference/nsg: rules",
				"changed in place gcp firewall policy net:ml/firewall: rules",
			},
		},
		{
			"a link goes: the smaller gateway is resized, which stops its other link",
			[]string{mesh, "{mesh: [aws-oregon, gcp-oregon], via: vpn, bandwidth: 500Mbps}\n  - {mesh: [aws-oregon, azure-wus2], via: vpn, bandwidth: 500Mbps}"},
			[]string{
				"changed in place azure VPN gateway azure-wus2/vpn: sku inside",
				"removed azure VPN tunnel azure-wus2--gcp-oregon/0 at azure-wus2: ",
				"removed azure VPN tunnel azure-wus2--gcp-oregon/1 at azure-wus2: ",
				// The Cloud Router has one keepalive for all sessions, and
				// Azure's 60 seconds bind it no more.
				"changed in place gcp VPN tunnel aws-oregon--gcp-oregon/0 at gcp-oregon: timers",
				"changed in place gcp VPN tunnel aws-oregon--gcp-oregon/1 at gcp-oregon: timers",
				"changed in place gcp VPN tunnel aws-oregon--gcp-oregon/2 at gcp-oregon: timers",
				"changed in place gcp VPN tunnel aws-oregon--gcp-oregon/3 at gcp-oregon: timers",
				"removed gcp VPN tunnel azure-wus2--gcp-oregon/0 at gcp-oregon: ",
				"removed gcp VPN tunnel azure-wus2--gcp-oregon/1 at gcp-oregon: ",
				"aws-oregon--azure-wus2 stops true, 4 of 4 tunnels, 1m0s to 10m0s",
				"aws-oregon--gcp-oregon stops true, 4 of 4 tunnels, 30s to 3m0s",
			},
		},
		{
			"a size of another generation: the gateway is replaced",
			[]string{mesh, strings.Replace(mesh, "500Mbps", "3Gbps", 1)},
			[]string{
				"replaced azure VPN gateway azure-wus2/vpn: sku generation",
				"aws-oregon--azure-wus2 stops true, 4 of 4 tunnels, 45m0s to 1h30m0s",
				"azure-wus2--gcp-oregon stops true, 2 of 2 tunnels, 45m0s to 1h30m0s",
			},
		},
		{
			"tags: nothing of the clouds' resources is told, but that they differ",
			[]string{"team: ml", "team: research"},
			nil,
		},
		{
			"a network elsewhere: its subnetworks are replaced",
			[]string{gcp, strings.Replace(gcp, "size: /16", "cidr: 10.32.0.0/16", 1)},
			[]string{
				"replaced gcp subnetwork gcp-oregon/ml/inference: cidr",
				"replaced gcp subnetwork gcp-oregon/ml/training: cidr",
				"gcp-oregon/ml/inference stops true, 0 of 0 tunnels, 5m0s to 30m0s",
				"gcp-oregon/ml/training stops true, 0 of 0 tunnels, 5m0s to 30m0s",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := diff(t, tt.edits...)
			if r.IsEmpty() {
				t.Fatal("Diff gives nothing")
			}
			got := lines(r)
			if strings.Contains(tt.name, "elsewhere") { // routes and rules of all others change too
				got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "changed in place") })
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("Diff (-want +got):\n%s", d)
			}
		})
	}
}

func TestReach(t *testing.T) {
	r := diff(t, "  - {from: training, to: data, ports: [tcp/5432]}", "  - {from: training, to: data, ports: [tcp/5433]}")
	var got []string
	for _, c := range r.Reach {
		for _, p := range c.Pairs {
			got = append(got, fmt.Sprintf("%v > %v: -%v +%v %s > %s", c.From, c.To, c.Lost, c.Gained, p.From, p.To))
		}
	}
	want := []string{
		"aws-oregon:training > aws-oregon:data: -[tcp/5432] +[tcp/5433] aws-oregon/ml/training > aws-oregon/ml/data",
		"aws-oregon:training > azure-wus2:data: -[tcp/5432] +[tcp/5433] aws-oregon/ml/training > azure-wus2/ml/data",
		"gcp-oregon:training > aws-oregon:data: -[tcp/5432] +[tcp/5433] gcp-oregon/ml/training > aws-oregon/ml/data",
		"gcp-oregon:training > azure-wus2:data: -[tcp/5432] +[tcp/5433] gcp-oregon/ml/training > azure-wus2/ml/data",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Reach (-want +got):\n%s", d)
	}
}

func TestRedundancy(t *testing.T) {
	r := diff(t, mesh, "{mesh: [aws-oregon, gcp-oregon], via: vpn, bandwidth: 500Mbps}\n  - {mesh: [aws-oregon, azure-wus2], via: vpn, bandwidth: 500Mbps}")
	if len(r.Ways) != 2 || !slices.Equal(r.Ways[0].New.Links, []fabric.LinkID{"aws-oregon--azure-wus2", "aws-oregon--gcp-oregon"}) || r.Ways[0].New.RTT <= r.Ways[0].Old.RTT {
		t.Errorf("Ways = %+v, want two that go round by AWS and take longer", r.Ways)
	}
	if !slices.ContainsFunc(r.Singles, func(s SingleChange) bool { return s.Part.ID == "aws-oregon--azure-wus2" && len(s.Gained) == 2 }) {
		t.Errorf("Singles = %+v, want the link that is left as a new single point of failure", r.Singles)
	}
	if r.Cost.By() <= 0 || r.Cost.ByLink[0].Key != "aws-oregon--azure-wus2" {
		t.Errorf("Cost = %+v, want more for the link that carries both", r.Cost)
	}
}

// TestRename: a site that is renamed stays as it is, but for the peering of
// transit gateways, which is asked for from the first of the two names.
func TestRename(t *testing.T) {
	r := diff(t, "  aws-oregon:\n    cloud: aws\n", "  aws-west:\n    was: aws-oregon\n    cloud: aws\n",
		"mesh: [aws-oregon", "mesh: [aws-west", "hub: aws-oregon", "hub: aws-west", "from: aws-oregon", "from: aws-west",
		"to: aws-oregon", "to: aws-west", "to: aws-oregon", "to: aws-west", "from: aws-oregon", "from: aws-west")
	want := []string{
		"replaced aws transit gateway peering peering--aws-virginia--aws-west: gateway peer",
		"aws-virginia--aws-west stops true, 0 of 0 tunnels, 2m0s to 10m0s",
	}
	if d := cmp.Diff(want, lines(r)); d != "" {
		t.Errorf("Diff of a rename (-want +got):\n%s", d)
	}
	if len(r.Reach)+len(r.Ways)+len(r.Links)+len(r.Singles) != 0 || !r.Cost.IsZero() {
		t.Errorf("Diff of a rename = %+v, %+v, %+v, %+v, %+v, want nothing but resources", r.Reach, r.Ways, r.Links, r.Singles, r.Cost)
	}
	if d := cmp.Diff([]OtherChange{{What: "renamed", Added: []string{"site aws-oregon is now aws-west"}}}, r.Other); d != "" {
		t.Errorf("Other (-want +got):\n%s", d)
	}
}

// withSegment gives the edits that call the segment data store.
func withSegment(entry string) []string {
	return []string{
		"segment: data", "segment: store", "segment: data", "segment: store", "  data: {description", "  store: {" + entry + "description",
		"to: data,", "to: store,", "aws-oregon:data", "aws-oregon:store", "azure-wus2:data", "azure-wus2:store",
	}
}

// TestRenamedSegment: the tables of transit gateways are named after segments.
// Told of the rename nothing stops; else the VPC's association moves.
func TestRenamedSegment(t *testing.T) {
	r := diff(t, withSegment("was: data, ")...)
	if got := lines(r); len(got) > 0 || len(r.Hints) > 0 || r.Drops() {
		t.Errorf("Diff of a renamed segment drops %v, %v, want nothing", r.Drops(), got)
	}
	r = diff(t, withSegment("")...)
	if want := []string{"segment data goes and store, which is alike, comes: renamed? state was: data"}; !slices.Equal(r.Hints, want) {
		t.Errorf("Hints = %q, want %q", r.Hints, want)
	}
	want := []string{
		"removed aws transit gateway table aws-oregon/tgw/data-inference-training: ",
		"added aws transit gateway table aws-oregon/tgw/inference-store-training: ",
		"aws-oregon/tgw--aws-oregon/ml stops true, 0 of 0 tunnels, 1s to 1m0s",
	}
	if d := cmp.Diff(want, lines(r)); d != "" || !r.Drops() {
		t.Errorf("Diff of another segment drops %v (-want +got):\n%s", r.Drops(), d)
	}
}

// TestGone: what goes takes its associations with it, and nothing else of the
// table they were in.
func TestGone(t *testing.T) {
	r := diff(t, mesh, "{mesh: [aws-oregon, gcp-oregon], via: vpn, bandwidth: 500Mbps}")
	for _, x := range r.Interrupts {
		if x.Link != "aws-oregon--gcp-oregon" {
			t.Errorf("%s%s stops %v to %v because of %v, want the link that is left only", x.Link, x.Resource, x.Low, x.High, x.Causes)
		}
	}
	for _, x := range r.Resources {
		if x.Kind == transitTable && x.Interrupts() {
			t.Errorf("%s stops for %v to %v, want not at all", x.ID, x.Low, x.High)
		}
	}
}

// TestOneTunnelOfFour: while one tunnel of a link is made anew the others carry.
func TestOneTunnelOfFour(t *testing.T) {
	text, l := platform(t)
	old, new := side(t, text, l), side(t, text, l)
	n := *new.Network
	n.Tunnels = slices.Clone(n.Tunnels)
	i := slices.IndexFunc(n.Tunnels, func(x fabric.Tunnel) bool { return x.ID == "aws-oregon--gcp-oregon/2" })
	n.Tunnels[i].Ends[1].Keepalive++
	new.Network = &n
	r := Diff(old, new)
	want := []string{
		"changed in place gcp VPN tunnel aws-oregon--gcp-oregon/2 at gcp-oregon: timers",
		"aws-oregon--gcp-oregon stops false, 1 of 4 tunnels, 30s to 3m0s",
	}
	if d := cmp.Diff(want, lines(r)); d != "" || r.Drops() {
		t.Errorf("Diff drops %v (-want +got):\n%s", r.Drops(), d)
	}
}

// TestEveryFieldHasARule: what the atlas does not know would count as a
// replacement.
func TestEveryFieldHasARule(t *testing.T) {
	text, l := platform(t)
	a := atlas.Default()
	for _, o := range inventoryOf(side(t, text, l).Network, func(id string) string { return id }) {
		for _, f := range o.attrs {
			name := f.name
			if name == ruleNumbers {
				name = "rules"
			}
			if _, ok := a.Change(o.cloud, o.kind, name); !ok {
				t.Errorf("the atlas has no rule for %s of a %v %s", name, o.cloud, o.kind)
			}
		}
	}
}

func TestMinus(t *testing.T) {
	services := func(words ...string) []vocab.Service {
		var out []vocab.Service
		for _, w := range words {
			s, err := vocab.ParseService(w)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, s)
		}
		return out
	}
	tests := []struct{ a, b, want []vocab.Service }{
		{services("tcp/443"), nil, services("tcp/443")},
		{services("tcp/443"), services("tcp/443"), nil},
		{services("tcp/400-500"), services("tcp/443"), services("tcp/400-442", "tcp/444-500")},
		{services("tcp"), services("udp"), services("tcp")},
		{services("tcp/443", "icmp"), services("any"), nil},
		{services("tcp/1-10", "tcp/11-20"), nil, services("tcp/1-20")},
	}
	for _, tt := range tests {
		if d := cmp.Diff(tt.want, minus(tt.a, tt.b)); d != "" {
			t.Errorf("minus(%v, %v) (-want +got):\n%s", tt.a, tt.b, d)
		}
	}
}

func TestItself(t *testing.T) {
	text, l := platform(t)
	r := Diff(side(t, text, l), side(t, text, l))
	if !r.IsEmpty() || r.Drops() {
		t.Errorf("Diff of a network with itself = %+v, want nothing", r)
	}
}
