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

An example is a spec wherever one can come to it, else Terraform; long ones are folded. A mend is shown by the lines that change.

The codes TL10 are about who reaches whom, TL11 about what the control planes make of the configuration, TL12 about failures,
TL20 about good practice, TL21 to TL24 about the traps of VPNs, transit, circuits and cost, TL29 about waivers.

`

// byTest names the test that shows a rule that no example shows here, and why
// there is none.
var byTest = map[diag.Code]struct{ test, why string }{
	"TL2301": {"internal/audit, TestCircuits", noCircuit},
	"TL2304": {"internal/audit, TestCircuits", noCircuit},
	"TL2306": {"internal/audit, TestCircuits", noCircuit},
	"TL2310": {"internal/audit, TestClearCircuits", noCircuit},
	"TL2409": {"internal/audit, TestManagedLink", "it follows today's prices, by which no network comes to it that does not come to TL2015"},
}

const noCircuit = "no spec declares circuits, and Terraform's are not read with what stands at both ends"

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

// longExample is how many lines of an example a reader has to ask for.
const longExample = 30

func writeExamples(t *testing.T, b *strings.Builder, r diag.Rule) {
	t.Helper()
	for _, lang := range []struct{ ext, name string }{{".yaml", "yaml"}, {".tf", "hcl"}} {
		folder := filepath.Join("testdata", string(r.Code))
		bad, err := os.ReadFile(filepath.Join(folder, "bad"+lang.ext))
		if err != nil {
			continue
		}
		good := read(t, filepath.Join(folder, "good"+lang.ext))
		if m, err := os.ReadFile(meantFile(folder)); err == nil {
			fmt.Fprintf(b, "\nNo spec comes to this, so that Terraform shows it. It does not say what is meant; this is what a spec would say:\n\n```yaml\n%s```\n", m)
		}
		if besides.Match(bad) {
			b.WriteString("\nNo spec comes to this by itself: what stands after `besides` is outside of what a spec says, and is added to its network.\n")
		}
		shown := fmt.Sprintf("Reported:\n\n```%s\n%s```\n", lang.name, bad)
		if n := strings.Count(string(bad), "\n"); n > longExample {
			shown = fmt.Sprintf("<details><summary>Reported, in %d lines</summary>\n\n```%s\n%s```\n\n</details>\n", n, lang.name, bad)
		}
		fmt.Fprintf(b, "\n%s\nMended:\n\n```diff\n%s```\n", shown, mend(string(bad), string(good)))
		return
	}
	if x, ok := byTest[r.Code]; ok {
		fmt.Fprintf(b, "\nNot shown here: %s. A test shows it: %s.\n", x.why, x.test)
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

// TestRules: every rule is documented, has one code, and every judged one is
// shown by examples, or the page says by what else.
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
		bad, _ := filepath.Glob(filepath.Join("testdata", string(r.Code), "bad.*"))
		good, _ := filepath.Glob(filepath.Join("testdata", string(r.Code), "good.*"))
		_, tested := byTest[r.Code]
		if elsewhere := tested || r.NotJudged != ""; len(bad) != len(good) || len(bad) > 1 || elsewhere == (len(bad) == 1) {
			t.Errorf("rule %s has %d bad examples and %d mends, and is shown elsewhere: %t; want one of each, or a word on where it is shown", r.Code, len(bad), len(good), elsewhere)
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
