package root

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/vocab"
)

func network(layout fabric.Layout) *fabric.Network {
	return &fabric.Network{
		Name: "lab", Layout: layout, Tags: []fabric.Tag{{Key: "team", Value: "ml"}},
		Accounts: []fabric.Account{{ID: "net", Cloud: vocab.GCP}, {ID: "prod", Cloud: vocab.AWS}},
		Sites:    []fabric.Site{{ID: "aws-oregon", Cloud: vocab.AWS}, {ID: "headquarters", Cloud: vocab.OnPrem}},
		Renames:  []fabric.Rename{{Kind: "site", Old: "west", New: "aws-oregon"}},
	}
}

func TestRefCrossesRoots(t *testing.T) {
	ref := names.Ref{Home: "aws-oregon", Expr: "aws_vpc.x.id", Output: "x_vpc_id"}
	literal := names.Literal("vpc-0")
	for _, tt := range []struct {
		name   string
		layout fabric.Layout
		ref    names.Ref
		want   hcl.Expr
		output bool
	}{
		{"one root", fabric.Single, ref, "aws_vpc.x.id", false},
		{"stacks", fabric.Stacks, ref, "data.terraform_remote_state.aws_oregon.outputs.x_vpc_id", true},
		{"literal", fabric.Stacks, literal, `"vpc-0"`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := New(network(tt.layout), atlas.Default())
			if got := s.Links().Ref(tt.ref); got != tt.want {
				t.Errorf("Ref(%v) = %s, want %s", tt.ref, got, tt.want)
			}
			if got := len(s.Site("aws-oregon").Outputs()) == 1; got != tt.output {
				t.Errorf("the site's root has an output: %v, want %v", got, tt.output)
			}
			if got := len(s.Links().Remotes()) == 1; got != tt.output {
				t.Errorf("the links' root reads the site's state: %v, want %v", got, tt.output)
			}
		})
	}
}

func TestResource(t *testing.T) {
	s := New(network(fabric.Single), atlas.Default())
	r := s.Links()
	b := r.File("x.tf")
	o := fabric.Origin{Pos: diag.Pos{File: "some/network.yaml", Line: 14, Col: 2}, Path: "connect[0]"}
	r.Resource(b, o, "aws_vpc", "aws-oregon/ml")
	b.Attr("provider", r.Provider("prod"))
	b.Attr("tags", r.Tags("ml", "staging", []fabric.Tag{{Key: "team", Value: "ml"}}))
	b.End()
	r.ResourceKeys("aws_subnet", "aws-oregon/ml", Key{New: "a-1", Old: "b-1"}, Key{New: "c", Old: "c"})
	want := `# network.yaml:14: connect[0]
resource "aws_vpc" "aws_oregon__ml" {
  provider = aws.prod
  tags     = merge(local.tags, { Name = "ml", environment = "staging" })
}
`
	if diff := cmp.Diff(want, string(b.Bytes())); diff != "" {
		t.Errorf("Resource (-want +got):\n%s", diff)
	}
	moves := []Move{
		{From: "aws_vpc.west__ml", To: "aws_vpc.aws_oregon__ml"},
		{From: `aws_subnet.aws_oregon__ml["b-1"]`, To: `aws_subnet.aws_oregon__ml["a-1"]`},
	}
	if diff := cmp.Diff(moves, r.Moves()); diff != "" {
		t.Errorf("Moves (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]fabric.AccountID{"prod"}, r.Providers()); diff != "" {
		t.Errorf("Providers (-want +got):\n%s", diff)
	}
}

func TestRootsOfLayouts(t *testing.T) {
	dirs := func(layout fabric.Layout) []string {
		var out []string
		for _, r := range New(network(layout), atlas.Default()).Roots() {
			out = append(out, r.Dir)
		}
		return out
	}
	if diff := cmp.Diff([]string{""}, dirs(fabric.Single)); diff != "" {
		t.Errorf("roots of single (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"sites/aws-oregon", "links"}, dirs(fabric.Stacks)); diff != "" {
		t.Errorf("roots of stacks (-want +got):\n%s", diff)
	}
}
