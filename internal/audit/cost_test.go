package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// TestManagedLink: a managed link is proposed where it can be ordered, carries
// what is needed and costs less, once.
func TestManagedLink(t *testing.T) {
	a := atlas.Default()
	west, _ := a.Region(vocab.AWS, "us-west-2")
	dalles, _ := a.Region(vocab.GCP, "us-west1")
	cross, ok := a.CrossLink(west, dalles)
	if !ok || cross.State != atlas.LinkAvailable {
		t.Fatalf("CrossLink(%s, %s) = %+v, want one that can be ordered", west.Name, dalles.Name, cross)
	}
	tests := []struct {
		name     string
		region   string // of the AWS site
		total    vocab.USD
		feasible bool
		facts    []string
		said     bool // by the rule of large transfers
		want     []string
	}{
		{"cheaper", "us-west-2", 900 * vocab.Dollar, true, []string{cross.Fact.ID}, false, []string{"dalles--oregon"}},
		{"as dear", "us-west-2", 1000 * vocab.Dollar, true, []string{cross.Fact.ID}, false, []string{}},
		{"too small", "us-west-2", 900 * vocab.Dollar, false, []string{cross.Fact.ID}, false, []string{}},
		{"another way that is cheaper", "us-west-2", 900 * vocab.Dollar, true, []string{"aws.price.dx.hosted.1g"}, false, []string{}},
		{"between regions without one", "eu-west-1", 900 * vocab.Dollar, true, []string{cross.Fact.ID}, false, []string{}},
		{"said already", "us-west-2", 900 * vocab.Dollar, true, []string{cross.Fact.ID}, true, []string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := &fabric.Network{
				Sites: []fabric.Site{{ID: "dalles", Cloud: vocab.GCP, Region: "us-west1"}, {ID: "oregon", Cloud: vocab.AWS, Region: tt.region}},
				Links: []fabric.Link{{ID: "dalles--oregon", Kind: fabric.VPN, Sites: [2]fabric.SiteID{"dalles", "oregon"}}},
			}
			u := &auditor{n: n, a: a, rule: diag.Rule{Code: "TL2409"}}
			u.memo.options = map[fabric.LinkID]price.LinkOptions{"dalles--oregon": {Link: "dalles--oregon", Options: []price.Option{
				{Name: "VPN", Present: true, Priced: true, Feasible: true, Total: 1000 * vocab.Dollar},
				{Name: "managed", Priced: true, Feasible: tt.feasible, Total: tt.total, Facts: tt.facts},
				{Name: "the cheapest", Priced: true, Feasible: true, Total: vocab.Dollar},
			}}}
			if tt.said {
				u.out = append(u.out, verify.Finding{Diagnostic: diag.Diagnostic{Code: "TL2015"}, Object: "dalles--oregon"})
			}
			before := len(u.out)
			u.managedLink()
			got := []string{}
			for _, f := range u.out[before:] {
				got = append(got, f.Object)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("managedLink() objects (-want +got):\n%s", diff)
			}
		})
	}
}
