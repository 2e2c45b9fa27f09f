package docs_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/spec"
)

var (
	codeSpan = regexp.MustCompile("`[^`]*`")
	link     = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading  = regexp.MustCompile(`^#{1,6} +(.+?) *$`)
	filePath = regexp.MustCompile("`((?:internal|cmd|docs|examples|tools)/[A-Za-z0-9_./-]+)`")
	label    = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
)

// TestLinks: every link inside the repository leads to a file, and one with
// an anchor to a heading.
func TestLinks(t *testing.T) {
	all := pages(t)
	anchors := map[string]map[string]bool{}
	for _, p := range all {
		anchors[p.name] = p.anchors(t)
	}
	for _, p := range all {
		for i, line := range p.prose(t) {
			for _, m := range link.FindAllStringSubmatch(codeSpan.ReplaceAllString(line, ""), -1) {
				target, anchor, _ := strings.Cut(m[1], "#")
				if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
					continue
				}
				name := p.name
				if target != "" {
					name = path.Join(path.Dir(p.name), target)
				}
				if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); err != nil {
					t.Errorf("%s:%d: link to %s: no such file", p.name, i+1, m[1])
					continue
				}
				if known, ok := anchors[name]; ok && anchor != "" && !known[anchor] {
					t.Errorf("%s:%d: link to %s: no such heading", p.name, i+1, m[1])
				}
			}
		}
	}
}

// TestPaths: files and folders of the project that the pages name are there.
// Those with "oracle" are of the cloud that add-a-cloud.md supposes.
func TestPaths(t *testing.T) {
	for _, p := range pages(t) {
		for i, line := range p.prose(t) {
			for _, m := range filePath.FindAllStringSubmatch(line, -1) {
				if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(m[1]))); err != nil && !strings.Contains(m[1], "oracle") {
					t.Errorf("%s:%d: there is no %s", p.name, i+1, m[1])
				}
			}
		}
	}
}

// anchors returns the names that GitHub gives to the headings of a page.
func (p page) anchors(t testing.TB) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, line := range p.prose(t) {
		m := heading.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		text := label.ReplaceAllString(m[1], "$1")
		slug := strings.Map(func(r rune) rune {
			switch {
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			case r == ' ':
				return '-'
			}
			return -1
		}, text)
		out[slug] = true
	}
	return out
}

// TestYAML: blocks that are whole files parse as what they are.
func TestYAML(t *testing.T) {
	specs := 0
	for _, name := range []string{"README.md", "docs/ARCHITECTURE.md", "docs/spec.md"} {
		p := readPage(t, name)
		for _, b := range p.blocks(t) {
			if b.lang != "yaml" || b.option("file") != "" {
				continue
			}
			data := []byte(strings.Join(p.text(b), "\n") + "\n")
			if b.has("facts") {
				if _, diags := atlas.Default().Overlay(name, data); len(diags) > 0 {
					t.Errorf("%s:%d: the facts are refused:\n%s", name, b.first, diags)
				}
				continue
			}
			var top map[string]yaml.Node
			if err := yaml.Unmarshal(data, &top); err != nil {
				t.Errorf("%s:%d: no YAML: %v", name, b.first, err)
				continue
			}
			if _, whole := top["version"]; !whole {
				continue
			}
			specs++
			if _, diags := spec.Parse([]spec.File{{Name: name, Data: data}}); len(diags) > 0 {
				t.Errorf("%s:%d: the spec is refused:\n%s", name, b.first, diags)
			}
		}
	}
	if specs == 0 {
		t.Error("no page has a whole spec, want that of docs/spec.md at least")
	}
}

// TestNoPathsOfAMachine: no page names the folder that it was written in, or
// anybody's home.
func TestNoPathsOfAMachine(t *testing.T) {
	abs, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	homes := regexp.MustCompile(`(^|[^A-Za-z0-9_./-])(/(home|Users|root|tmp|var/folders)/|[A-Z]:\\)`)
	for _, p := range pages(t) {
		for i, line := range p.lines {
			if homes.MatchString(line) || strings.Contains(line, filepath.ToSlash(abs)) {
				t.Errorf("%s:%d: names a path of a machine: %s", p.name, i+1, line)
			}
		}
	}
}
