package spec

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/diag"
)

// testAreas stands for the atlas.
var testAreas = []string{"na", "us"}

// testIndex is the index of the spec that the test files are for.
func testIndex(t testing.TB) *Index {
	t.Helper()
	data, err := os.ReadFile("testdata/tests/spec.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, diags := Parse([]File{{Name: "spec.yaml", Data: data}})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return NewIndex(&s)
}

func TestParseTests(t *testing.T) {
	data, err := os.ReadFile("testdata/tests/good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tests, diags := ParseTests(File{Name: "t.yaml", Data: data}, testIndex(t), testAreas)
	if len(diags) > 0 {
		t.Fatalf("ParseTests reports:\n%s", diags)
	}
	var got []string
	for i := range tests.Tests {
		got = append(got, tests.Tests[i].Verb())
	}
	want := strings.Fields("network allow deny deny survives survives via at_most at_most at_least stays")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verbs (-want +got):\n%s", diff)
	}
	via := tests.Tests[6].Via
	if got, want := via.Never[1].Pos.String(), "t.yaml:7:86"; got != want || !via.Private.V {
		t.Errorf("never[1] stands at %v, want %v", got, want)
	}
	if got := tests.Tests[10].Stays; len(got) != 3 || got[1].Name != "hq" || got[1].Areas[0].V != "na" {
		t.Errorf("stays = %+v", got)
	}
	if got := tests.Tests[5].Survives.Of; len(got) != 0 {
		t.Errorf("of = %v, want none", got)
	}
}

func TestTestErrors(t *testing.T) {
	data, err := os.ReadFile("testdata/tests/errors.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := wantErrors(string(data))
	_, diags := ParseTests(File{Name: "t.yaml", Data: data}, testIndex(t), testAreas)
	for _, d := range diags {
		i := slices.IndexFunc(want, func(w wantError) bool {
			return w.line == d.Pos.Line && strings.HasPrefix(d.Summary, w.summary)
		})
		if i < 0 {
			t.Errorf("unexpected: %v", d)
			continue
		}
		if !strings.Contains(d.Hint, want[i].hint) {
			t.Errorf("%v: hint %q, want one with %q", d.Pos, d.Hint, want[i].hint)
		}
		want = slices.Delete(want, i, i+1)
	}
	for _, w := range want {
		t.Errorf("line %d: no error %q", w.line, w.summary)
	}
}

func TestTestFiles(t *testing.T) {
	for _, tt := range []struct{ name, data, want string }{
		{"empty", "", "t.yaml:1:1: error: the file is empty\n  hint: for example:\n    - allow:"},
		{"comments", "# nothing\n", "t.yaml:1:1: error: the file is empty"},
		{"empty list", "[]\n", "t.yaml:1:1: error: the file states nothing"},
		{"only the network", "- network: shop\n", "t.yaml:1:1: error: the file states nothing"},
		{"a spec", "version: 1\nname: shop\n", "t.yaml:1:1: error: a test file is a list of assertions, found a mapping"},
		{"another network", "- network: shpo\n- deny: {from: x, to: y}\n", "t.yaml:1:12: error: the assertions are for network \"shpo\", not for \"shop\"\n  spec.yaml:2:7: the network is named here\n  hint: did you mean \"shop\"?\n"},
		{"two documents", "- network: shop\n---\n- network: shop\n", "t.yaml:2:1: error: a second YAML document begins here\n  hint: keep all assertions in one list\n"},
		{"tab", "- allow:\n\tfrom: a\n", "t.yaml:2:1: error: a tab in the indentation"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := ParseTests(File{Name: "t.yaml", Data: []byte(tt.data)}, testIndex(t), testAreas)
			if !strings.HasPrefix(diags.String(), tt.want) || !diags.HasErrors() {
				t.Errorf("ParseTests(%q) reports\n%swant\n%s", tt.data, diags, tt.want)
			}
			if tt.name == "another network" && len(diags) != 1 {
				t.Errorf("ParseTests reports %d errors, want only that of the network", len(diags))
			}
		})
	}
}

func TestTestsFile(t *testing.T) {
	inFolder(t, map[string]string{"net/network.yaml": "", "net/prod.yml": ""})
	for path, want := range map[string]string{
		"net":              "net/network.test.yaml",
		".":                "network.test.yaml",
		"net/network.yaml": "net/network.test.yaml",
		"net/prod.yml":     "net/prod.test.yml",
		"gone/x.yaml":      "gone/x.test.yaml",
	} {
		if got := TestsFile(path); got != want {
			t.Errorf("TestsFile(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestLoadTests(t *testing.T) {
	x := testIndex(t)
	inFolder(t, map[string]string{"network.test.yaml": "- deny: {from: internet, to: training}\n"})
	if tests, diags := LoadTests("network.test.yaml", x, nil); len(diags) > 0 || len(tests.Tests) != 1 {
		t.Errorf("LoadTests = %v, %v, want one assertion", tests, diags)
	}
	_, diags := LoadTests("gone.test.yaml", x, nil)
	if got := diags.String(); !strings.HasPrefix(got, "gone.test.yaml: error: there is no test file\n  hint: write one, for example:\n    - allow: {") {
		t.Errorf("LoadTests(gone) reports %q", got)
	}
}

// TestHintParses holds the example that hints show against the grammar.
func TestHintParses(t *testing.T) {
	text := strings.ReplaceAll(testsExample, "data", "idle")
	_, diags := ParseTests(File{Name: "t.yaml", Data: []byte(text)}, testIndex(t), nil)
	if len(diags) != 1 || !strings.Contains(diags[0].Summary, `"idle" holds no subnet`) {
		t.Errorf("the example of hints has mistakes:\n%s", diags)
	}
}

// FuzzParseTests checks that no bytes break the parser of test files, and that
// what it reports is sorted and points into the file.
func FuzzParseTests(f *testing.F) {
	for _, name := range []string{"good.yaml", "errors.yaml"} {
		data, err := os.ReadFile(filepath.Join("testdata/tests", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("- &x {allow: *x}\n- <<: [*x]\n"))
	x := testIndex(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		_, diags := ParseTests(File{Name: "t.yaml", Data: data}, x, testAreas)
		if !slices.IsSortedFunc(diags, func(a, b diag.Diagnostic) int { return a.Pos.Compare(b.Pos) }) {
			t.Errorf("diagnostics are not sorted:\n%s", diags)
		}
		lines := lineLengths(data)
		for _, d := range diags {
			checkInside(t, d.Pos, lines, d.Summary)
		}
	})
}
