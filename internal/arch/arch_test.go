package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/tieline/tieline/internal/"

// level returns the level of a package and the unit that it belongs to: the
// policy line's path without /... .
func level(t *testing.T, pkg string) (int, string) {
	t.Helper()
	for line := range strings.Lines(strings.TrimSpace(Policy)) {
		f := strings.Fields(line)
		n, err := strconv.Atoi(f[0])
		if err != nil {
			t.Fatal(err)
		}
		unit, deep := strings.CutSuffix(f[1], "/...")
		if pkg == unit || deep && strings.HasPrefix(pkg, unit+"/") {
			return n, unit
		}
	}
	t.Fatalf("package internal/%s has no level in the policy", pkg)
	return 0, ""
}

// walkSources parses the Go files below a folder, tests and testdata left out.
func walkSources(t *testing.T, root string, mode parser.Mode, visit func(path string, fset *token.FileSet, f *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "testdata" {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return nil
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, p, nil, mode)
		if err != nil {
			return err
		}
		visit(p, fset, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// imports lists each package's imports from the project, tests left out.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	const root = ".."
	walkSources(t, root, parser.ImportsOnly, func(p string, _ *token.FileSet, f *ast.File) {
		pkg := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(p), root+string(filepath.Separator)))
		for _, imp := range f.Imports {
			s, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if rest, ok := strings.CutPrefix(s, module); ok && !slices.Contains(out[pkg], rest) {
				out[pkg] = append(out[pkg], rest)
			} else if out[pkg] == nil {
				out[pkg] = []string{}
			}
		}
	})
	return out
}

func TestImportPolicy(t *testing.T) {
	all := imports(t)
	if len(all) < 10 {
		t.Fatalf("found %d packages, want the project", len(all))
	}
	for pkg, list := range all {
		l, unit := level(t, pkg)
		for _, imp := range list {
			il, iunit := level(t, imp)
			switch {
			case unit == iunit: // inside one unit: parents import children, children named leaves
				if strings.HasPrefix(pkg, imp+"/") {
					t.Errorf("internal/%s imports its parent internal/%s", pkg, imp)
				}
			case il >= l:
				t.Errorf("internal/%s (level %d) imports internal/%s (level %d)", pkg, l, imp, il)
			}
		}
	}
	// The builder and the judge share no code; renderers of one family do not
	// know each other.
	leaves := map[string]bool{"compile/draft": true, "node/netns": true, "routes/bgp": true, "verify/bits": true, "render/terraform/hcl": true, "render/terraform/names": true, "render/terraform/root": true}
	for pkg, list := range all {
		for _, imp := range list {
			if path.Dir(pkg) == path.Dir(imp) && strings.Contains(pkg, "/") && !strings.HasPrefix(pkg, "testkit/") && !strings.HasPrefix(pkg, "cli/") && !leaves[imp] {
				t.Errorf("internal/%s imports its sibling internal/%s", pkg, imp)
			}
		}
	}
}
