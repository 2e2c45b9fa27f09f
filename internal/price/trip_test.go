package price

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

// TestComputeFollowsTheTables: the same flow over the same network costs what
// the way costs that the tables give it.
func TestComputeFollowsTheTables(t *testing.T) {
	f := move(1000*vocab.GB, "azure", "gcp")
	direct := Compute(triangle(f), atlas.Default(), overAll())
	detour := Compute(triangle(f), atlas.Default(), overAWS())
	links := func(b Bill) []fabric.LinkID {
		var out []fabric.LinkID
		for _, l := range linesOf(b, "internet egress") {
			out = append(out, l.Link)
		}
		return out
	}
	if d := cmp.Diff([]fabric.LinkID{"azure--gcp"}, links(direct)); d != "" {
		t.Errorf("links that are paid for by the mesh's tables (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]fabric.LinkID{"aws--azure", "aws--gcp"}, links(detour)); d != "" {
		t.Errorf("links that are paid for by the hub's tables (-want +got):\n%s", d)
	}
}

func TestFlowsWithoutAWay(t *testing.T) {
	// Half of the sources' addresses, the web subnet, has NAT; the other half
	// has no way to the internet.
	f := fabric.Flow{Origin: line(20), Monthly: 2 * vocab.TB, To: internet, From: fabric.FlowEnd{
		Ref: "aws", Site: "aws", Subnets: []fabric.SubnetID{"aws/net/app", "aws/net/web"},
	}}
	n := triangle(f)
	b := compute(n)
	if c := b.Flows[0]; c.Lost != vocab.TB || c.Blocked || c.Amount <= 0 {
		t.Errorf("flow = %+v, want half of it lost and the rest billed", c)
	}
	if l := linesOf(b, "NAT gateway data"); len(l) != 1 || l[0].Quantity != 1000 {
		t.Errorf("NAT gateway data = %+v, want one line of 1000 GB", l)
	}
	var got []string
	for _, d := range Findings(n, atlas.Default(), overAll(), b, Age{}) {
		if d.Code == CodeBlocked {
			got = append(got, d.Summary)
		}
	}
	want := []string{"no route leads from aws to internet: 1TB of 2TB a month has no way and is not in the bill"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("findings of flows without a way (-want +got):\n%s", d)
	}
}

func TestDivide(t *testing.T) {
	shares := []share{{part: 1}, {part: 1}, {part: 4}}
	divide(shares, 1001)
	var sum vocab.Volume
	for _, s := range shares {
		sum += s.volume
	}
	if sum != 1001 || shares[0].volume != 166 || shares[2].volume != 668 {
		t.Errorf("divide 1001 by 1:1:4 = %v, %v, %v, want 166, 167, 668", shares[0].volume, shares[1].volume, shares[2].volume)
	}
}

func TestPerGB(t *testing.T) {
	n := triangle()
	from := overAll().TableOf("aws/net/app", "usw2-az1")
	to, _ := n.Subnet("gcp/net/app")
	paths, _ := overAll().Trace(from, first(to.Prefix))
	if len(paths) != 1 {
		t.Fatalf("Trace gives %d ways, want 1", len(paths))
	}
	got := PerGB(n, atlas.Default(), overAll(), "aws/net/app", paths...)[0]
	items := map[string]string{}
	for _, l := range got.Lines {
		items[l.Item] = l.Amount.Unit()
	}
	want := map[string]string{"transit gateway data": "0.02", "internet egress": "0.09"} // the first tier, nothing given away
	if d := cmp.Diff(want, items); d != "" {
		t.Errorf("PerGB by item (-want +got):\n%s", d)
	}
	if got.PerGB != vocab.Dollars(0.11) || got.Lost {
		t.Errorf("PerGB = %v, lost %v, want 0.11", got.PerGB.Unit(), got.Lost)
	}
	if c := PerGB(n, atlas.Default(), overAll(), "", routes.Path{Outcome: routes.NoRoute})[0]; !c.Lost || c.PerGB != 0 {
		t.Errorf("PerGB of a way to nowhere = %+v, want it lost", c)
	}
}

// TestPerGBThroughNAT: what leaves through NAT pays for it in every cloud.
func TestPerGBThroughNAT(t *testing.T) {
	f, diags := spec.Parse([]spec.File{{Name: "network.yaml", Data: []byte(`version: 1
name: ways
accounts: {a: {cloud: aws, id: "111122223333"}, g: {cloud: gcp, project: ways-net}, z: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}}
sites:
  aws: {cloud: aws, region: us-west-2, networks: {v: {size: /16, subnets: {nat: {size: /24, internet: nat}, public: {size: /24, internet: public}}}}}
  gcp: {cloud: gcp, region: us-west1, networks: {v: {size: /16, subnets: {nat: {size: /24, internet: nat}, public: {size: /24, internet: public}}}}}
  azure: {cloud: azure, region: westus2, networks: {v: {size: /16, subnets: {nat: {size: /24, internet: nat}, public: {size: /24, internet: public}}}}}
`)}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	r := compile.Compile(&f, lock.Lock{}, atlas.Default())
	if r.Diags.HasErrors() {
		t.Fatal(r.Diags)
	}
	tables := routes.Compute(r.Network, atlas.Default(), nil)
	for _, tt := range []struct {
		subnet fabric.SubnetID
		nat    bool
	}{{"aws/v/nat", true}, {"gcp/v/nat", true}, {"azure/v/nat", true}, {"aws/v/public", false}, {"gcp/v/public", false}, {"azure/v/public", false}} {
		s, _ := r.Network.Subnet(tt.subnet)
		zone := ""
		if len(s.Parts) > 0 {
			zone = s.Parts[0].Zone
		}
		paths, _ := tables.Trace(tables.TableOf(s.ID, zone), netip.MustParseAddr("1.1.1.1"))
		if len(paths) == 0 {
			t.Errorf("%s has no way to the internet", s.ID)
			continue
		}
		c := PerGB(r.Network, atlas.Default(), tables, s.ID, paths[0])[0]
		nat := slices.ContainsFunc(c.Lines, func(l Line) bool { return l.Item == "NAT gateway data" && l.Amount > 0 })
		if c.Lost || c.PerGB == 0 || nat != tt.nat {
			t.Errorf("PerGB of %s = %+v, want it with NAT %v", s.ID, c, tt.nat)
		}
	}
}
