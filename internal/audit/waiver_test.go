package audit

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

func date(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// waiverNetwork has a site with a network, a subnet in a segment, its filter
// and a link.
func waiverNetwork(waivers ...fabric.Waiver) *fabric.Network {
	return &fabric.Network{
		Sites: []fabric.Site{{ID: "dublin", Cloud: vocab.AWS}, {ID: "office", Cloud: vocab.OnPrem}},
		VPCs: []fabric.VPC{
			{ID: "dublin/app", Sites: []fabric.SiteID{"dublin"}},
			{ID: "net:lab", Sites: []fabric.SiteID{"ghislain"}},
			{ID: "net:wide", Sites: []fabric.SiteID{"ghislain", "warsaw"}},
		},
		Subnets: []fabric.Subnet{{ID: "dublin/app/web", Site: "dublin", VPC: "dublin/app", Segment: "web"}},
		Filters: []fabric.Filter{{ID: "dublin/app/web/sg", Subnets: []fabric.SubnetID{"dublin/app/web"}}},
		Links:   []fabric.Link{{ID: "dublin--office", Sites: [2]fabric.SiteID{"dublin", "office"}}},
		Waivers: waivers,
	}
}

func TestCovers(t *testing.T) {
	tests := []struct {
		limit, object string
		want          bool
	}{
		{"", "anything", true},
		{"dublin", "dublin", true},
		{"dublin", "dublin/app/web", true},
		{"dublin", "dublin-2/app/web", false},
		{"dublin", "dublin--office", true},
		{"office", "dublin--office/0", true},
		{"dublin--office", "dublin--office/1", true},
		{"dublin--office", "dublin", false},
		{"web", "dublin/app/web", true},
		{"web", "dublin/app/web/sg", true},
		{"data", "dublin/app/web", false},
		{"office/cpe", "office/cpe#0", true},
		{"ghislain", "net:lab", true},
		{"ghislain", "net:lab/firewall", true},
		{"ghislain", "net:wide/firewall", false},
		{"dublin/app/web", "dublin/app/web/sg", true},
		{"dublin/app/we", "dublin/app/web", false},
	}
	n := waiverNetwork()
	for _, tt := range tests {
		if got := covers(n, tt.limit, tt.object); got != tt.want {
			t.Errorf("covers(%q, %q) = %v, want %v", tt.limit, tt.object, got, tt.want)
		}
	}
}

func TestWaive(t *testing.T) {
	finding := func(code, object string) verify.Finding {
		return verify.Finding{Diagnostic: diag.Diagnostic{Severity: diag.Warning, Code: diag.Code(code), Summary: "x"}, Object: object}
	}
	found := []verify.Finding{finding("TL2002", "dublin/app/web/sg"), finding("TL2003", "dublin/app"), finding("TL1201", "dublin--office")}
	tests := []struct {
		name   string
		waiver fabric.Waiver
		today  string
		want   map[string]string // code to "stands" or the reason
	}{
		{"of one object", fabric.Waiver{Code: "TL2002", Object: "web", Reason: "ok"}, "2026-11-23", map[string]string{"TL2002": "ok", "TL2003": "stands", "TL1201": "stands"}},
		{"of a finding of the proof", fabric.Waiver{Code: "TL1201", Reason: "ok"}, "2026-11-23", map[string]string{"TL2002": "stands", "TL2003": "stands", "TL1201": "ok"}},
		{"on its last day", fabric.Waiver{Code: "TL2003", Reason: "ok", Expires: date("2026-11-23")}, "2026-11-23", map[string]string{"TL2002": "stands", "TL2003": "ok", "TL1201": "stands"}},
		{"the day after", fabric.Waiver{Code: "TL2003", Reason: "ok", Expires: date("2026-11-22")}, "2026-11-23", map[string]string{"TL2002": "stands", "TL2003": "stands", "TL1201": "stands", "TL2901": "stands"}},
		{"of nothing there", fabric.Waiver{Code: "TL2003", Object: "office", Reason: "ok"}, "2026-11-23", map[string]string{"TL2002": "stands", "TL2003": "stands", "TL1201": "stands", "TL2902": "stands"}},
		{"of no rule", fabric.Waiver{Code: "TL2920", Reason: "ok"}, "2026-11-23", map[string]string{"TL2002": "stands", "TL2003": "stands", "TL1201": "stands", "TL2903": "stands"}},
		{"of a rule about waivers", fabric.Waiver{Code: "TL2902", Reason: "ok"}, "2026-11-23", map[string]string{"TL2002": "stands", "TL2003": "stands", "TL1201": "stands", "TL2902": "stands"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := map[string]string{}
			for _, f := range Waive(waiverNetwork(tt.waiver), found, date(tt.today)) {
				got[string(f.Code)] = "stands"
				if f.Waived != nil {
					got[string(f.Code)] = f.Waived.Reason
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Waive(%+v) (-want +got):\n%s", tt.waiver, diff)
			}
		})
	}
}

// TestWaiversDoNotHideFromTheReport: a rule is waived only when all that was
// found is, and passed only when everything of the network was understood.
func TestWaiversDoNotHideFromTheReport(t *testing.T) {
	two := []verify.Finding{
		{Diagnostic: diag.Diagnostic{Severity: diag.Warning, Code: "TL2002", Summary: "x"}, Object: "dublin/app/web/sg"},
		{Diagnostic: diag.Diagnostic{Severity: diag.Warning, Code: "TL2002", Summary: "y"}, Object: "net:lab/firewall"},
	}
	state := func(n *fabric.Network, list []verify.Finding, code diag.Code) State {
		r := NewReport(n, "", Waive(n, list, date("2026-11-23")), nil, date("2026-11-23"))
		for _, j := range r.Rules {
			if j.Code == code {
				return j.State
			}
		}
		t.Fatalf("no rule %s in the report", code)
		return 0
	}
	part := waiverNetwork(fabric.Waiver{Code: "TL2002", Object: "dublin", Reason: "ok"})
	if got := state(part, two, "TL2002"); got != Found {
		t.Errorf("state of a rule with one of two findings waived = %v, want %v", got, Found)
	}
	if got := state(part, two[:1], "TL2002"); got != Waiver {
		t.Errorf("state of a rule with its only finding waived = %v, want %v", got, Waiver)
	}
	if got := state(part, two, "TL2003"); got != Passed {
		t.Errorf("state of a rule without findings = %v, want %v", got, Passed)
	}
	if got := state(part, two, "TL2006"); got != NotJudged {
		t.Errorf("state of a rule that is not judged = %v, want %v", got, NotJudged)
	}
	part.Unread = []fabric.Unread{{Kind: "aws_instance", Harmless: true}}
	if got := state(part, two, "TL2003"); got != Passed {
		t.Errorf("state beside something harmless = %v, want %v", got, Passed)
	}
	part.VPCs[0].Meta.Unread = "its CIDR is only known once built"
	if got := state(part, two, "TL2003"); got != Unknown {
		t.Errorf("state with an object that is not understood = %v, want %v", got, Unknown)
	}
	part.VPCs[0].Meta.Unread = ""
	part.Unread = append(part.Unread, fabric.Unread{Kind: "aws_networkfirewall_firewall"})
	if got := state(part, two, "TL2003"); got != Unknown {
		t.Errorf("state beside something not understood = %v, want %v", got, Unknown)
	}
}

func TestNearCode(t *testing.T) {
	codes := []string{"TL1009", "TL1202", "TL2011"}
	for _, tt := range []struct{ code, want string }{
		{"TL1203", `did you mean "TL1202"?`},
		{"TL1022", `did you mean "TL1202"?`},
		{"TL1999", "docs/diagnostics.md lists the codes"},
	} {
		if got := nearCode(tt.code, codes); got != tt.want {
			t.Errorf("nearCode(%s) = %q, want %q", tt.code, got, tt.want)
		}
	}
}
