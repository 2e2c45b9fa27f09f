package docs_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const dependenciesPage = "docs/adr/0002-dependencies.md"

var (
	requirement   = regexp.MustCompile(`(?m)^\s*(?:require )?([a-z0-9.-]+\.[a-z]+/\S+) v\S+`)
	toolLine      = regexp.MustCompile(`(?m)^(?:tool |\t)([a-z0-9.-]+\.[a-z]+/\S+)$`)
	dependencyRow = regexp.MustCompile("^\\| `([^`]+)` \\|")
)

// TestDependencies: the page on dependencies has a line for each module that
// the code imports and for each tool, and for none else.
func TestDependencies(t *testing.T) {
	want := map[string]bool{}
	required := modules(t, "go.mod")
	for _, imp := range imports(t) {
		if m := moduleOf(imp, required); m != "" {
			want[m] = true
		} else {
			t.Errorf("%s is imported and of no module in go.mod", imp)
		}
	}
	for _, file := range []string{"tools/go.mod", "tools/tofu/go.mod"} {
		tools := toolLine.FindAllStringSubmatch(string(readFile(t, filepath.Join(root, file))), -1)
		if len(tools) == 0 {
			t.Errorf("%s has no tool", file)
		}
		for _, m := range tools {
			want[moduleOf(m[1], modules(t, file))] = true
		}
	}
	var got []string
	for _, line := range readPage(t, dependenciesPage).lines {
		if m := dependencyRow.FindStringSubmatch(line); m != nil {
			got = append(got, m[1])
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), got); diff != "" {
		t.Errorf("modules of %s differ from those used (-used +page):\n%s", dependenciesPage, diff)
	}
}

// modules returns the modules that a go.mod requires.
func modules(t *testing.T, file string) []string {
	t.Helper()
	var out []string
	for _, m := range requirement.FindAllStringSubmatch(string(readFile(t, filepath.Join(root, file))), -1) {
		out = append(out, m[1])
	}
	return out
}

// moduleOf returns the longest of the modules that a package may be in.
func moduleOf(pkg string, modules []string) string {
	best := ""
	for _, m := range modules {
		if (pkg == m || strings.HasPrefix(pkg, m+"/")) && len(m) > len(best) {
			best = m
		}
	}
	return best
}

// imports returns the packages from outside that any Go file imports.
func imports(t *testing.T) []string {
	t.Helper()
	found := map[string]bool{}
	for _, dir := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(name) != ".go" {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			for _, imp := range f.Imports {
				p, err := strconv.Unquote(imp.Path.Value)
				if err != nil {
					return err
				}
				host, _, _ := strings.Cut(p, "/")
				if strings.Contains(host, ".") && !strings.HasPrefix(p, "github.com/tieline/tieline/") {
					found[p] = true
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return slices.Sorted(maps.Keys(found))
}
