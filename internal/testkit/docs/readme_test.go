package docs_test

import (
	"bytes"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/cli"
)

// run returns what tieline prints, and fails the test unless it exits with 0.
func run(t *testing.T, args ...string) string {
	t.Helper()
	var out, problems bytes.Buffer
	none := func(string) string { return "" }
	if code := cli.Main(t.Context(), args, cli.World{In: strings.NewReader(""), Out: &out, Err: &problems, Getenv: none}); code != 0 {
		t.Fatalf("tieline %s exits with %d, want 0: %s", strings.Join(args, " "), code, problems.String())
	}
	return out.String()
}

var (
	commandRow  = regexp.MustCompile("(?m)^\\| \\[`tieline ([a-z ]+)`\\]")
	commandSpan = regexp.MustCompile("`(?:bin/)?tieline ([^`]+)`")
	flagWord    = regexp.MustCompile(`^-[a-z]$|^--[a-z-]+`)
	flagRow     = regexp.MustCompile("(?m)^\\| `(?:(-[a-z]), )?(--[a-z-]+)")
	codeRow     = regexp.MustCompile(`^\| ([0-9]+) \|`)
)

// TestCommands: each command of the README exists with its flags, and each
// command that exists is in the README.
func TestCommands(t *testing.T) {
	reference := run(t, "docs", "markdown")
	flags := map[string][]string{} // of each command, and of all under ""
	_, everywhere, _ := strings.Cut(reference, "\n## Everywhere\n")
	everywhere, _, _ = strings.Cut(everywhere, "\n## ")
	flags[""] = flagsIn(everywhere)
	missing := map[string]bool{}
	for _, m := range commandRow.FindAllStringSubmatch(reference, -1) {
		_, section, ok := strings.Cut(reference, "\n## tieline "+m[1]+"\n")
		if !ok {
			t.Fatalf("the reference has no section on tieline %s", m[1])
		}
		section, _, _ = strings.Cut(section, "\n## ")
		flags[m[1]] = flagsIn(section)
		missing[m[1]] = true
	}
	if len(missing) < 5 {
		t.Fatalf("the reference lists %d commands, want all", len(missing))
	}
	p := readPage(t, "README.md")
	for i, line := range p.prose(t) {
		for _, m := range commandSpan.FindAllStringSubmatch(line, -1) {
			words := strings.Fields(m[1])
			name := words[0]
			if len(words) > 1 && flags[name+" "+words[1]] != nil {
				name += " " + words[1]
			}
			known, ok := flags[name]
			if !ok && !strings.HasPrefix(name, "-") && name != "completion" && name != "help" {
				t.Errorf("README.md:%d: there is no tieline %s", i+1, name)
			}
			delete(missing, name)
			for _, w := range words {
				if f := flagWord.FindString(w); f != "" && f != "--help" && !slices.Contains(known, f) && !slices.Contains(flags[""], f) {
					t.Errorf("README.md:%d: tieline %s has no flag %s", i+1, name, f)
				}
			}
		}
	}
	for name := range missing {
		t.Errorf("README.md does not name tieline %s", name)
	}
}

// flagsIn returns the flags that a section of the reference lists.
func flagsIn(section string) []string {
	out := []string{}
	for _, m := range flagRow.FindAllStringSubmatch(section, -1) {
		if m[1] != "" {
			out = append(out, m[1])
		}
		out = append(out, m[2])
	}
	return out
}

// TestExitCodes: the README's table has the exit codes of internal/cli.
func TestExitCodes(t *testing.T) {
	path := filepath.Join(root, "internal", "cli", "exit.go")
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var want []int
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Names) != 1 || len(v.Values) != 1 || !strings.HasPrefix(v.Names[0].Name, "exit") {
			return true
		}
		if lit, ok := v.Values[0].(*ast.BasicLit); ok && lit.Kind == token.INT {
			code, _ := constant.Int64Val(constant.MakeFromLiteral(lit.Value, lit.Kind, 0))
			want = append(want, int(code))
		}
		return true
	})
	if len(want) < 3 {
		t.Fatalf("found exit codes %v in %s, want all", want, path)
	}
	var got []int
	for _, line := range readPage(t, "README.md").lines {
		if m := codeRow.FindStringSubmatch(line); m != nil {
			code, err := strconv.Atoi(m[1])
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, code)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exit codes of the README differ from those of internal/cli (-want +got):\n%s", diff)
	}
}
