package report

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/audit"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/packet"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// sample is a network with a finding that stands, one that is waived, and
// something that was not understood.
func sample() audit.Report {
	at := func(line int) diag.Pos { return diag.Pos{File: "network.yaml", Line: line, Col: 5} }
	n := &fabric.Network{
		Name: "shop <b>",
		Waivers: []fabric.Waiver{{
			Origin: fabric.Origin{Pos: at(30)}, Code: "TL2002", Reason: "moves & changes", Expires: time.Date(2027, 3, 31, 0, 0, 0, 0, time.UTC),
		}},
		Unread: []fabric.Unread{
			{Kind: "aws_networkfirewall_firewall", Why: "is not modelled", Origin: fabric.Origin{Path: "aws_networkfirewall_firewall.edge"}},
			{Kind: "aws_s3_bucket", Harmless: true},
		},
	}
	back := verify.Walk{Steps: []verify.Step{{Kind: verify.ArriveStep, Object: "internet", What: "arrives", Pass: true}}, Outcome: routes.ToInternet}
	open := verify.Finding{
		Diagnostic: diag.Diagnostic{Pos: at(9), Severity: diag.Error, Code: "TL2012", Summary: "dublin/app/web is reachable from the internet on SSH (tcp/22)", Hint: "close it"},
		Object:     "dublin/app/web",
		Witness: &verify.Witness{
			Packet: packet.Packet{Src: netip.MustParseAddr("8.8.8.8"), Dst: netip.MustParseAddr("10.0.0.10"), Proto: vocab.TCP, SrcPort: 49152, DstPort: 22},
			Forward: verify.Walk{
				Steps: []verify.Step{
					{Kind: verify.FilterStep, Object: "dublin/app/web/sg", What: "allows tcp/22 from all", Origin: fabric.Origin{Pos: at(12)}, Pass: true},
					{Kind: verify.ArriveStep, Object: "dublin/app/web", What: "arrives", Pass: true},
				},
				Outcome: routes.Delivered,
			},
			Return: &back,
		},
	}
	wide := verify.Finding{
		Diagnostic: diag.Diagnostic{Pos: at(12), Severity: diag.Warning, Code: "TL2002", Summary: "takes every port"},
		Object:     "dublin/app/data/sg",
	}
	day := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	return audit.NewReport(n, "network.yaml", audit.Waive(n, []verify.Finding{open, wide}, day), nil, day)
}

func TestHTML(t *testing.T) {
	var b bytes.Buffer
	if err := HTML(&b, sample()); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{
		"Audit of shop &lt;b&gt;", "checked on 2026-11-23", "TL2012", "tcp 8.8.8.8:49152 &gt; 10.0.0.10:22", "dublin/app/web/sg", "network.yaml:12:5",
		"moves &amp; changes, until 2027-03-31", "aws_networkfirewall_firewall.edge", `class="state finding"`, `class="state waived"`, `class="state unknown"`, `class="state not-judged"`,
		"a spec cannot state names yet",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("HTML() lacks %q", want)
		}
	}
	for _, bad := range []string{"<script", "<link", "<img", "@import", "url(", "aws_s3_bucket", "shop <b>"} {
		if strings.Contains(text, bad) {
			t.Errorf("HTML() has %q, want a page that holds all it needs and only what matters", bad)
		}
	}
	for _, m := range regexp.MustCompile(`src=|href="([^"#][^"]*)"`).FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(m[1], "https://") {
			t.Errorf("HTML() refers to %q", m[0])
		}
	}
	var again bytes.Buffer
	if err := HTML(&again, sample()); err != nil || again.String() != text {
		t.Errorf("HTML() twice is not the same (%v)", err)
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(&b, sample()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Version int    `json:"format_version"`
		Date    string `json:"date"`
		Rules   []struct {
			Code, State string
			Findings    []struct {
				Place   string
				Witness *struct {
					Forward, Return []struct{ Object string }
					Outcome         string
				}
				Waiver *struct{ Reason, Until string }
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, r := range got.Rules {
		states[r.Code] = r.State
		switch r.Code {
		case "TL2012":
			f := r.Findings[0]
			if f.Place != "network.yaml:9:5" || len(f.Witness.Forward) != 2 || len(f.Witness.Return) != 1 || f.Witness.Outcome != "arrives, and its reply gets back" {
				t.Errorf("JSON() has the finding %+v with witness %+v", f, f.Witness)
			}
		case "TL2002":
			if w := r.Findings[0].Waiver; w == nil || w.Reason != "moves & changes" || w.Until != "2027-03-31" {
				t.Errorf("JSON() has the waiver %+v", w)
			}
		}
	}
	want := map[string]string{"TL2012": "finding", "TL2002": "waived", "TL2006": "not judged", "TL2003": "unknown"}
	for code, state := range want {
		if states[code] != state {
			t.Errorf("state of %s = %q, want %q", code, states[code], state)
		}
	}
	if diff := cmp.Diff([]any{1, "2026-11-23"}, []any{got.Version, got.Date}); diff != "" {
		t.Errorf("JSON() version and date (-want +got):\n%s", diff)
	}
}

// TestFailures: the report shows what failures do, and without any tried the
// rules of failures are not judged.
func TestFailures(t *testing.T) {
	r := sample()
	for _, j := range r.Rules {
		if j.Code == "TL1201" && (j.State != audit.NotJudged || j.NotJudged != "no failures were tried") {
			t.Errorf("state of TL1201 = %v (%q) though no failure was tried, want it not judged", j.State, j.NotJudged)
		}
		if j.Code == "TL1002" && (j.State != audit.NotJudged || j.NotJudged != "no policy is stated") {
			t.Errorf("state of TL1002 = %v (%q) though no policy is stated, want it not judged", j.State, j.NotJudged)
		}
	}
	a, b, c := verify.Group{Site: "a"}, verify.Group{Site: "b"}, verify.Group{Site: "c"}
	link := routes.Part{Kind: routes.LinkPart, ID: "a--b"}
	r.Failures = &outage.Report{
		Parts: 5, Sets: 15,
		Worst: []outage.Impact{
			{From: a, To: b, Failure: routes.Failure{link}, Effect: outage.Lost, DetectBy: "hold timer 30 s at a/vpn"},
			{From: a, To: c, Effect: outage.Lost},
		},
		Single: []outage.SinglePoint{{Part: link, Lost: []outage.Pair{{From: a, To: b}}}},
	}
	var page, data bytes.Buffer
	if err := HTML(&page, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"15 sets of parts tried", "<td>link a--b</td><td>a to b</td>", "hold timer 30 s at a/vpn", "no way in health"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("HTML() lacks %q", want)
		}
	}
	if err := JSON(&data, r); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Failures struct {
			Worst  []struct{ From, To, Failed, Effect string }
			Single []struct {
				Part string
				Lost []string
			} `json:"single_points"`
		}
	}
	if err := json.Unmarshal(data.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Failures.Worst) != 2 || got.Failures.Worst[1].Effect != "no way in health" || len(got.Failures.Single) != 1 || got.Failures.Single[0].Lost[0] != "a to b" {
		t.Errorf("JSON() has the failures %+v", got.Failures)
	}
}
