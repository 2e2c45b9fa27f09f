package docs_test

import (
	"cmp"
	"fmt"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/arch"
)

const (
	packagesBegin = "<!-- packages: made by go test ./internal/testkit/docs -update -->"
	packagesEnd   = "<!-- end of packages -->"
)

// docLink is a link to an identifier in a Go comment.
var docLink = regexp.MustCompile(`\[([A-Za-z.]+)\]`)

// pkg is a package below internal/.
type pkg struct {
	path     string
	level    int
	synopsis string
}

// TestPackages holds the map of ARCHITECTURE against the packages, their
// levels and the first sentences of their comments.
func TestPackages(t *testing.T) {
	want := []string{packagesBegin, "| level | package | |", "|---|---|---|"}
	for _, p := range packages(t) {
		want = append(want, fmt.Sprintf("| %d | `%s` | %s |", p.level, p.path, p.synopsis))
	}
	want = append(want, packagesEnd)

	p := readPage(t, "docs/ARCHITECTURE.md")
	begin, end := slices.Index(p.lines, packagesBegin), slices.Index(p.lines, packagesEnd)
	if begin < 0 || end < begin {
		t.Fatalf("%s has no map between %q and %q", p.name, packagesBegin, packagesEnd)
	}
	if *update {
		p.lines = slices.Replace(p.lines, begin, end+1, want...)
		p.write(t)
		return
	}
	if diff := gocmp.Diff(want, p.lines[begin:end+1]); diff != "" {
		t.Errorf("%s: the map is not the tree (-want +got; go test ./internal/testkit/docs -update rewrites it):\n%s", p.name, diff)
	}
}

// packages returns the packages below internal/ by level and path; those of
// tests only are left out.
func packages(t *testing.T) []pkg {
	t.Helper()
	base := filepath.Join(root, "internal")
	comments := map[string]string{}
	err := filepath.WalkDir(base, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "testdata" {
			return fs.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(base, filepath.Dir(name))
		if err != nil {
			return err
		}
		dir = filepath.ToSlash(dir)
		comments[dir] += f.Doc.Text()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var out []pkg
	for dir, comment := range comments {
		synopsis := new(doc.Package).Synopsis(comment)
		for _, kind := range []string{"Package", "Command"} {
			synopsis = strings.TrimPrefix(synopsis, kind+" "+path.Base(dir)+" ")
		}
		if synopsis == "" {
			t.Errorf("internal/%s has no package comment", dir)
		}
		synopsis = docLink.ReplaceAllString(strings.TrimSuffix(synopsis, "."), "`$1`")
		out = append(out, pkg{dir, level(t, dir), strings.ReplaceAll(synopsis, "|", `\|`)})
	}
	slices.SortFunc(out, func(a, b pkg) int { return cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(a.path, b.path)) })
	return out
}

// level returns the level that the import policy gives to a package.
func level(t *testing.T, dir string) int {
	t.Helper()
	for line := range strings.Lines(strings.TrimSpace(arch.Policy)) {
		number, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		unit, deep := strings.CutSuffix(name, "/...")
		if dir != unit && (!deep || !strings.HasPrefix(dir, unit+"/")) {
			continue
		}
		n, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	t.Errorf("the import policy has no level for internal/%s", dir)
	return -1
}
