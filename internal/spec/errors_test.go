package spec

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/diag"
)

// wantError is one "# ERROR:" comment of a corpus file: what an error at its
// line begins with, and what its hint holds.
type wantError struct {
	line          int
	summary, hint string
}

// wantErrors reads the comments of a file:
//
//	region: x  # ERROR: summary begins so # ERROR-HINT: hint holds this # ERROR: another
func wantErrors(data string) []wantError {
	var out []wantError
	for i, line := range strings.Split(data, "\n") {
		parts := strings.Split(line, "# ERROR")
		for _, p := range parts[1:] {
			switch {
			case strings.HasPrefix(p, ": "):
				out = append(out, wantError{line: i + 1, summary: strings.TrimSpace(p[2:])})
			case strings.HasPrefix(p, "-HINT: ") && len(out) > 0:
				out[len(out)-1].hint = strings.TrimSpace(p[7:])
			}
		}
	}
	return out
}

func TestErrorCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/errors/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	mistakes := map[string]bool{}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want := wantErrors(string(data))
			if len(want) == 0 {
				t.Fatal("the file has no # ERROR comment")
			}
			_, diags := Parse([]File{{Name: path, Data: data}})
			for _, d := range diags {
				if d.Severity != diag.Error {
					continue
				}
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
				mistakes[want[i].summary] = true
				want = slices.Delete(want, i, i+1)
			}
			for _, w := range want {
				t.Errorf("%s:%d: no error %q", path, w.line, w.summary)
			}
		})
	}
	if len(mistakes) < 40 {
		t.Errorf("the corpus has %d mistakes, want at least 40", len(mistakes))
	}
}

func TestRelatedPlaces(t *testing.T) {
	const text = "version: 1\nname: x\naccounts: {p: {cloud: aws, id: \"111122223333\"}}\nsites:\n  a: {cloud: aws, region: r}\n  a: {cloud: aws, region: r}\n"
	_, diags := Parse([]File{{Name: "n.yaml", Data: []byte(text)}})
	if len(diags) != 1 || len(diags[0].Related) != 1 || diags[0].Related[0].Pos != (diag.Pos{File: "n.yaml", Line: 5, Col: 3}) {
		t.Errorf("Parse = %v, want one error related to n.yaml:5:3", diags)
	}
}

func TestOneErrorInManyLines(t *testing.T) {
	data := strings.Replace(string(estate(400, 7)), "  site-399:\n    cloud: aws", "  site-399:\n    cloud: awss", 1)
	if n := strings.Count(data, "\n"); n < 10_000 {
		t.Fatalf("the file has %d lines, want at least 10,000", n)
	}
	_, diags := Parse([]File{{Name: "n.yaml", Data: []byte(data)}})
	if len(diags) != 1 || diags[0].Hint != `did you mean "aws"?` {
		t.Errorf("Parse = %v, want one error with did you mean", diags)
	}
}

// TestFilesThatAreNoYAML has what comments in a corpus file cannot show.
func TestFilesThatAreNoYAML(t *testing.T) {
	tests := []struct {
		name, data, want string
	}{
		{"empty", "", "n.yaml:1:1: error: the file is empty"},
		{"blank", "\n\n", "n.yaml:1:1: error: the file is empty"},
		{"null", "~\n", "n.yaml:1:1: error: the file is empty"},
		{"latin-1", "version: 1\nname: caf\xe9\n", "n.yaml:2:10: error: the file is not UTF-8 text"},
		{"utf-16", "\xff\xfev\x00", "n.yaml:1:1: error: the file is not UTF-8 text"},
		{"control", "name: é\x00\n", "n.yaml:1:8: error: the control character U+0000 is not allowed in YAML"},
		{"column in characters", "{näme: x, versiön: 1}\n", "n.yaml:1:11: error: the spec has no key \"versiön\""},
		{"huge", strings.Repeat("#", maxBytes+1), "n.yaml:1:1: error: the file has 16 MB; at most 16 MB are read"},
		{"self alias", "sites: &x {a: *x}\n", "n.yaml:1:12: error: site \"a\" has no key \"a\""},
		{"self merge", "sites: &x {<<: *x}\n", "n.yaml:1:16: error: merge keys refer to each other more than 20 deep"},
		{"deep", strings.Repeat("[", 200_000), "n.yaml:1:10001: error: not valid YAML: exceeded max depth of 10000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := Parse([]File{{Name: "n.yaml", Data: []byte(tt.data)}})
			if !strings.Contains(diags.String(), tt.want) {
				t.Errorf("Parse(%.40q) = %v, want %v", tt.data, diags, tt.want)
			}
		})
	}
}

func TestAliases(t *testing.T) {
	const good = `version: 1
name: x
accounts: {p: {cloud: aws, id: "111122223333"}}
sites:
  a: &site
    cloud: aws
    region: us-west-2
    networks: {ml: &net {size: /16, subnets: {x: &sub {size: /20, internet: nat}, y: *sub}}}
  b:
    <<: *site
    region: us-east-1
  c: {<<: [{region: eu-west-1}, *site], networks: {ml: {<<: *net, size: /18}}}
`
	s, diags := Parse([]File{{Name: "n.yaml", Data: []byte(good)}})
	if len(diags) > 0 {
		t.Fatalf("Parse reports %v", diags)
	}
	c := s.Sites[2]
	if s.Sites[1].Region.V != "us-east-1" || c.Region.V != "eu-west-1" || c.Networks[0].Size.V != 18 || c.Networks[0].Subnets[1].Internet.V != "nat" {
		t.Errorf("Parse = %+v, want explicit keys over merged ones", s.Sites)
	}

	var b strings.Builder
	b.WriteString("version: 1\nname: x\nsites:\n  a:\n    cloud: aws\n    networks: &n\n      ml:\n        subnets: &s\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "          s%d: {size: /24}\n", i)
	}
	for i := range 1000 {
		fmt.Fprintf(&b, "      n%d: {size: /16, subnets: *s}\n", i)
	}
	for i := range 1000 {
		fmt.Fprintf(&b, "  b%d: {cloud: aws, networks: *n}\n", i)
	}
	_, diags = Parse([]File{{Name: "n.yaml", Data: []byte(b.String())}})
	if !strings.Contains(diags.String(), "aliases repeat more than 200000 values") {
		t.Errorf("Parse(bomb) does not report the bomb")
	}
}
