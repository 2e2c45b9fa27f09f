package atlas

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/vocab"
)

const ownFile = `version: 1
as_of: 2026-10
discount: {aws: 10%, aws.egress: 20%}
prices:
  aws.vpn.connection: 0.045
  aws.price.egress.singapore: [{up_to: 51200, usd: 0.05}, {usd: 0.04}]
limits:
  aws.vpc.per_region: 450
  gcp.vpc.per_project: 100
`

func TestOverlay(t *testing.T) {
	base := Default()
	a, diags := base.Overlay("own.yaml", []byte(ownFile))
	if len(diags) != 0 {
		t.Fatalf("Overlay gives diagnostics:\n%s", diags)
	}
	tests := []struct {
		name string
		item PriceItem
		at   PriceScope
		want float64
		mark Mark
		own  bool
	}{
		{"set for an item, no discount", PriceAWSVPNConnection, PriceScope{Region: "us-west-2"}, 0.045, Verified, true},
		{"set for every row of the item", PriceAWSVPNConnection, PriceScope{Region: "ap-northeast-1"}, 0.045, Verified, true},
		{"discount of the cloud", PriceAWSTGWAttachment, PriceScope{Region: "us-west-2"}, 0.045, Verified, true},
		{"longer beginning holds", PriceAWSEgressInternet, PriceScope{Region: "us-west-2"}, 0.072, Verified, true},
		{"set for a row", PriceAWSEgressInternet, PriceScope{Region: "ap-southeast-1"}, 0.05, Verified, true},
		{"a recalled price stays unverified", PriceAWSEgressInternet, PriceScope{Region: "mx-central-1"}, 0.072, Recalled, true},
		{"another cloud", PriceGCPVPNTunnel, PriceScope{Region: "us-west1"}, 0.05, Verified, false},
	}
	for _, tt := range tests {
		p, ok := a.Price(tt.item, tt.at)
		if !ok || p.Unit() != vocab.Dollars(tt.want) || p.Fact.Mark != tt.mark || p.Fact.Own != tt.own {
			t.Errorf("%s: Price(%s) = %s, mark %s, own %v, want %g, %s, %v", tt.name, tt.item, p.Unit().Unit(), p.Fact.Mark, p.Fact.Own, tt.want, tt.mark, tt.own)
		}
		if f, _ := a.Fact(p.Fact.ID); f != p.Fact {
			t.Errorf("%s: Fact(%s) = %+v, the price's is %+v", tt.name, p.Fact.ID, f, p.Fact)
		}
		if tt.own != strings.HasPrefix(p.Fact.Source, "own.yaml") {
			t.Errorf("%s: the source is %q", tt.name, p.Fact.Source)
		}
	}
	l := a.Limit(LimitAWSVPCPerRegion)
	if l.Value != 450 || l.Fact.Source != "own.yaml" || l.Fact.AsOf != "2026-10" || l.Fact.Mark != Verified || !strings.Contains(l.Fact.Note, "5 by default") {
		t.Errorf("Limit(aws.vpc.per_region) = %+v", l)
	}
	// The base is untouched.
	if p, _ := base.Price(PriceAWSVPNConnection, PriceScope{Region: "us-west-2"}); p.Unit() != vocab.Dollars(0.05) || p.Fact.Own {
		t.Errorf("the base's price is now %s", p.Unit().Unit())
	}
	if p, _ := base.Price(PriceAWSTGWAttachment, PriceScope{Region: "us-west-2"}); p.Unit() != vocab.Dollars(0.05) {
		t.Errorf("the base's price is now %s", p.Unit().Unit())
	}
	if got := base.Limit(LimitAWSVPCPerRegion).Value; got != 5 {
		t.Errorf("the base's limit is now %d", got)
	}
	// A second file goes over the first.
	b, diags := a.Overlay("more.yaml", []byte("limits: {aws.vpc.per_region: 500}\n"))
	if got := b.Limit(LimitAWSVPCPerRegion).Value; got != 500 || len(diags) != 0 {
		t.Errorf("after a second file the limit is %d (%v), want 500", got, diags)
	}
	if p, _ := b.Price(PriceAWSVPNConnection, PriceScope{Region: "us-west-2"}); p.Unit() != vocab.Dollars(0.045) {
		t.Errorf("after a second file the price is %s, want 0.045", p.Unit().Unit())
	}
}

func TestOverlayBad(t *testing.T) {
	tests := []struct {
		name, file string
		want       []string // beginnings of the diagnostics' lines, hints included
	}{
		{"empty", "", []string{"own.yaml: error: the file is empty"}},
		{"not a mapping", "- 1\n", []string{"own.yaml:1:1: error: the file is not a mapping"}},
		{"unknown key", "limitz: {}\n", []string{`own.yaml:1:1: error: unknown key "limitz"`, `hint: did you mean "limits"?`}},
		{"unknown limit", "limits:\n  aws.vpc.per_regio: 4\n", []string{`own.yaml:2:3: error: unknown limit "aws.vpc.per_regio"`, `hint: did you mean "aws.vpc.per_region"?`}},
		{"limit is no number", "limits: {aws.vpc.per_region: many}\n", []string{`own.yaml:1:30: error: limit aws.vpc.per_region, "many", is not a whole number`}},
		{"limit twice", "limits:\n  aws.vpc.per_region: 4\n  aws.vpc.per_region: 5\n", []string{"own.yaml:3:3: error: aws.vpc.per_region stands twice", "own.yaml:2:3: first here"}},
		{"fixed limit raised", "limits: {aws.vpc.propagated_routes: 200}\n", []string{"own.yaml:1:37: warning: limit aws.vpc.propagated_routes is not known to be adjustable"}},
		{"unknown price", "prices: {aws.vpn.conection: 1}\n", []string{`own.yaml:1:10: error: unknown price "aws.vpn.conection"`, `hint: did you mean "aws.vpn.connection"?`}},
		{"price is no number", "prices: {aws.ipv4: cheap}\n", []string{`own.yaml:1:20: error: the price of aws.ipv4, "cheap", is not a number`}},
		{"negative price", "prices: {aws.ipv4: -1}\n", []string{"own.yaml:1:20: error: the price of aws.ipv4"}},
		{"tiers do not rise", "prices: {aws.ipv4: [{up_to: 10, usd: 1}, {up_to: 5, usd: 1}, {usd: 1}]}\n", []string{"own.yaml:1:20: error: price of aws.ipv4: the tiers do not rise"}},
		{"tier key", "prices: {aws.ipv4: [{upto: 10, usd: 1}, {usd: 1}]}\n", []string{`own.yaml:1:22: error: unknown key "upto" in a tier`, `hint: did you mean "up_to"?`}},
		{"discount without percent", "discount: {aws: 12}\n", []string{`own.yaml:1:17: error: discount "12" is not a percentage`, "hint: write it as 12%"}},
		{"discount of nothing", "discount: {awz: 12%}\n", []string{`own.yaml:1:12: error: no price begins with "awz"`}},
		{"discount over 100", "discount: {aws: 120%}\n", []string{`own.yaml:1:17: error: discount "120%"`}},
		{"version", "version: 2\n", []string{`own.yaml:1:10: error: version "2" is not 1`}},
		{"two documents", "version: 1\n---\nversion: 1\n", []string{"error: the file holds more than one YAML document"}},
		{"bad YAML", "limits: {aws\n  x: [\n", []string{"own.yaml:", "error: not valid YAML"}},
		{"alias", "limits: &a {aws.vpc.per_region: 6}\nprices: *a\n", []string{"own.yaml:2:9: error: prices: aliases are not supported"}},
		{"all at once", "limits: {x: 1}\nprices: {y: 1}\n", []string{"own.yaml:1:10: error: unknown limit", "own.yaml:2:10: error: unknown price"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, diags := Default().Overlay("own.yaml", []byte(tt.file))
			for _, w := range tt.want {
				if !strings.Contains(diags.String(), w) {
					t.Errorf("Overlay(%q) gives\n%swant %q in it", tt.file, diags, w)
				}
			}
			if diags.HasErrors() && a != Default() {
				t.Error("a file with errors changes the atlas")
			}
		})
	}
}

func FuzzOverlay(f *testing.F) {
	f.Add([]byte(ownFile))
	f.Add([]byte("discount: {aws: NaN%}"))
	f.Add([]byte("prices: {aws.ipv4: [{up_to: 1e400, usd: .inf}]}"))
	f.Add([]byte("a: &a [*a, *a]\nlimits: *a"))
	f.Add([]byte("limits: {? [x] : 1}"))
	f.Add([]byte("\t:\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		a, diags := Default().Overlay("own.yaml", file)
		for _, d := range diags {
			if d.Pos.File != "own.yaml" {
				t.Errorf("the diagnostic %q has the place %v", d.Summary, d.Pos)
			}
		}
		again, diags2 := Default().Overlay("own.yaml", file)
		if diff := cmp.Diff(diags, diags2); diff != "" {
			t.Errorf("Overlay twice gives other diagnostics:\n%s", diff)
		}
		for _, item := range PriceItems {
			for i, row := range a.prices[item] {
				if err := checkTiers(row.price.Tiers); err != nil {
					t.Errorf("price %s: %v", row.price.Fact.ID, err)
				}
				if other := again.prices[item][i].price; row.price.Fact != other.Fact {
					t.Errorf("Overlay twice gives %+v, then %+v", row.price.Fact, other.Fact)
				}
			}
		}
		for _, id := range LimitIDs {
			if a.Limit(id).Value < 0 {
				t.Errorf("limit %s is negative", id)
			}
		}
	})
}
