package audit_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/audit"
	"github.com/tieline/tieline/internal/diag"
)

var update = flag.Bool("update", false, "rewrite docs/diagnostics.md")

const page = "../../docs/diagnostics.md"

const intro = `# Diagnostics

What ` + "`tieline check`" + ` reports, by code. A code stands for one rule for ever. This page is generated from the code; the examples
in it are run by tests: each first one is reported under its code, its mend is not.

An **error** breaks the network or opens it, a **warning** is for someone to look at, a **note** is worth knowing. The severity given here is
the worst that a rule reports. Rules that are **not judged** say what is missing; a report lists them as such, never as passed.

What is accepted is waived in the spec, with a reason and, better, a last day. A waived finding stays in the report:

` + "```yaml" + `
audit:
  waivers:
    - {rule: TL2015, for: aws-oregon--gcp-oregon, reason: "the managed link is ordered for February", until: 2027-02-28}
` + "```" + `

The codes TL10 are about who reaches whom, TL11 about what the control planes make of the configuration, TL12 about failures,
TL20 about good practice, TL21 to TL24 about the traps of VPNs, transit, circuits and cost, TL29 about waivers.

`

// handWorked names the test that shows a rule that neither a spec nor a
// Terraform fragment shows here.
var handWorked = map[diag.Code]string{
	"TL2101": "internal/audit, TestReadNetworks",
	"TL2102": "internal/audit, TestReadNetworks",
	"TL2201": "internal/audit, TestReadNetworks",
	"TL2203": "internal/audit, TestReadNetworks",
	"TL2106": "internal/audit, TestPrefixCounts",
	"TL2301": "internal/audit, TestCircuits",
	"TL2302": "internal/audit, TestCircuits",
	"TL2304": "internal/audit, TestCircuits",
	"TL2306": "internal/audit, TestCircuits",
	"TL2409": "internal/audit, TestManagedLink",
	"TL2310": "internal/audit, TestClearCircuits",
	"TL1001": "internal/testkit/cases, nacl-forgets-the-reply",
	"TL1002": "internal/testkit/cases, two-transit-gateways and zone-without-attachment",
	"TL1004": "internal/testkit/cases, the cases of Azure's default rules",
	"TL1101": "internal/testkit/cases, *-limit-and-1",
	"TL1103": "internal/testkit/cases, the cases of one AS number on two gateways",
	"TL1104": "internal/testkit/cases, overlap-on-a-transit-gateway",
	"TL1105": "internal/testkit/cases, local-route-wins and azure-system-route-wins",
	"TL1106": "internal/testkit/cases, the cases of Direct Connect's allowed prefixes",
}

// markdown makes the page.
func markdown(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(intro)
	b.WriteString("| code | worst | what is wrong | |\n| --- | --- | --- | --- |\n")
	for _, r := range audit.Rules() {
		judged := ""
		if r.NotJudged != "" {
			judged = "not judged"
		}
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s |\n", r.Code, strings.ToLower(string(r.Code)), r.Severity, sentence(r.Title), judged)
	}
	for _, r := range audit.Rules() {
		fmt.Fprintf(&b, "\n## %s\n\n**%s.** %s\n\n%s\n\n", r.Code, sentence(r.Title), sentence(r.Severity.String())+" at worst.", r.Why)
		if r.NotJudged != "" {
			fmt.Fprintf(&b, "Not judged: %s.\n\n", r.NotJudged)
		}
		fmt.Fprintf(&b, "Source: %s\n", sourceText(r.Source))
		writeExamples(t, &b, r)
	}
	return b.String()
}

func writeExamples(t *testing.T, b *strings.Builder, r diag.Rule) {
	t.Helper()
	found := false
	for _, name := range []string{"bad", "good"} {
		for _, ext := range []string{".yaml", ".tf"} {
			data, err := os.ReadFile(filepath.Join("testdata", string(r.Code), name+ext))
			if err != nil {
				continue
			}
			found = true
			what := map[string]string{"bad": "Reported:", "good": "Mended:"}[name]
			lang := map[string]string{".yaml": "yaml", ".tf": "hcl"}[ext]
			fmt.Fprintf(b, "\n%s\n\n```%s\n%s```\n", what, lang, data)
		}
	}
	if test, ok := handWorked[r.Code]; ok && !found {
		fmt.Fprintf(b, "\nShown by a network worked out by hand: %s.\n", test)
	}
}

// sentence begins a text with a capital letter.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func sourceText(s string) string {
	words := strings.Fields(s)
	for i, w := range words {
		if strings.HasPrefix(w, "https://") {
			words[i] = "<" + strings.TrimSuffix(w, ";") + ">" + w[len(strings.TrimSuffix(w, ";")):]
		}
	}
	return strings.Join(words, " ")
}

// TestPage: docs/diagnostics.md is what the rules say.
func TestPage(t *testing.T) {
	want := markdown(t)
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/diagnostics.md is not what the rules say (go test ./internal/audit -update writes it) (-want +got):\n%s", diff)
	}
}

// TestRules: every rule is documented, has one code, and every judged one of
// the audit is shown by examples or by a test.
func TestRules(t *testing.T) {
	seen := map[diag.Code]bool{}
	for _, r := range audit.Rules() {
		if seen[r.Code] {
			t.Errorf("code %s stands twice", r.Code)
		}
		seen[r.Code] = true
		if len(r.Code) != 6 || r.Title == "" || r.Why == "" || r.Source == "" || r.Severity == 0 {
			t.Errorf("rule %s lacks a title, reason, source or severity: %+v", r.Code, r)
		}
		if strings.HasSuffix(r.Title, ".") || strings.HasSuffix(r.NotJudged, ".") {
			t.Errorf("rule %s: the title or what is missing ends in a period", r.Code)
		}
		if !strings.HasPrefix(string(r.Code), "TL2") || r.NotJudged != "" {
			continue
		}
		bad, _ := filepath.Glob(filepath.Join("testdata", string(r.Code), "bad.*"))
		good, _ := filepath.Glob(filepath.Join("testdata", string(r.Code), "good.*"))
		_, byHand := handWorked[r.Code]
		if len(bad) != len(good) || len(bad) == 0 && !byHand {
			t.Errorf("rule %s has %d bad examples and %d mends, want one each or a test that shows it", r.Code, len(bad), len(good))
		}
	}
	for code, count := range map[string]int{"TL20": 16, "TL21": 10, "TL22": 5, "TL23": 10, "TL24": 11, "TL29": 3} {
		got := 0
		for c := range seen {
			if strings.HasPrefix(string(c), code) {
				got++
			}
		}
		if got != count {
			t.Errorf("%d rules begin with %s, want %d", got, code, count)
		}
	}
}
