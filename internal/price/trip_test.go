package price

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
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
	got := PerGB(n, atlas.Default(), overAll(), paths...)[0]
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
	if c := PerGB(n, atlas.Default(), overAll(), routes.Path{Outcome: routes.NoRoute})[0]; !c.Lost || c.PerGB != 0 {
		t.Errorf("PerGB of a way to nowhere = %+v, want it lost", c)
	}
}
