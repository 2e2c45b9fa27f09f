package terraform_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform"
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
)

func foreign(t *testing.T, name string) (*fabric.Network, terraform.Result) {
	t.Helper()
	r, diags := terraform.Read(name, file(t, name))
	if diags.HasErrors() {
		t.Fatalf("Read(%s):\n%s", name, diags)
	}
	return r.Network, r
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// lines says what of a network other people's files must come to.
func lines(n *fabric.Network) []string {
	x := normalizer{n: n, out: map[string][]string{}}
	var out []string
	add := func(words ...string) {
		out = append(out, strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), " "))
	}
	doubt := func(s string) string {
		if s == "" {
			return ""
		}
		return "UNREAD " + s
	}
	for _, v := range n.VPCs {
		add("VPC", string(v.ID), strings.Join(sortedPrefixes(v.Prefixes), " "), doubt(v.Meta.Unread))
	}
	for _, s := range n.Subnets {
		add("subnet", string(s.ID), s.Prefix.String(), s.Internet.String(), string(s.RouteTable), string(s.Filter), doubt(s.Meta.Unread))
	}
	for _, t := range n.RouteTables {
		add("table", string(t.ID), strings.Join(x.table(t.ID), " "), doubt(t.Meta.Unread))
	}
	for _, g := range n.Gateways {
		add("gateway", string(g.ID), g.Kind.String(), g.ASN.String(), doubt(g.Meta.Unread))
	}
	for _, a := range n.Attachments {
		add("attachment", string(a.ID), doubt(a.Meta.Unread))
	}
	for _, t := range n.Tunnels {
		inside := ""
		if t.Inside.IsValid() {
			inside = t.Inside.String()
		}
		add("tunnel", string(t.ID), inside, string(t.Ends[0].Gateway), string(t.Ends[1].Gateway), doubt(t.Meta.Unread))
	}
	for _, f := range n.Filters {
		add("filter", string(f.ID), doubt(f.Meta.Unread))
		for _, r := range f.Rules {
			for _, l := range x.rule(f, r) {
				add("  rule", l)
			}
		}
	}
	for _, u := range n.Unread {
		if !u.Harmless {
			add("unread", u.Origin.Path+":", u.Why)
		}
	}
	return out
}

// awsExample is for people, too.
const awsExample = "../../../../examples/terraform/plan.json"

// answersOf names the file with the answers of a plan or state.
func answersOf(name string) string {
	if name == awsExample {
		name = "foreign-aws.json"
	}
	return filepath.Join("testdata", strings.TrimSuffix(name, ".json")+".txt")
}

// TestForeign: files of other people's styles come to known networks. The
// answers stand beside the files.
func TestForeign(t *testing.T) {
	tests := []struct {
		name string
		kind doc.FileKind
	}{
		{awsExample, doc.Plan}, // terraform-aws-modules/vpc: modules, count, locals
		{"foreign-gcp.json", doc.State},
		{"foreign-azure.json", doc.Plan}, // hub and spoke by for_each, a firewall in the hub
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, r := foreign(t, tt.name)
			if r.Kind != tt.kind {
				t.Errorf("Read(%s).Kind = %v, want %v", tt.name, r.Kind, tt.kind)
			}
			want, err := os.ReadFile(answersOf(tt.name))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(strings.TrimSpace(string(want)), "\n"), lines(n)); diff != "" {
				t.Errorf("Read(%s) differs (-want +got):\n%s", tt.name, diff)
			}
		})
	}
}
