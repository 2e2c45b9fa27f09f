package docs_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite what the pages show")

// root is the repository, as seen from this package.
const root = "../../.."

// page is one Markdown file.
type page struct {
	name  string // below the root, with slashes
	lines []string
}

func readPage(t testing.TB, name string) page {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return page{name, strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")}
}

func (p page) write(t testing.TB) {
	t.Helper()
	text := strings.Join(p.lines, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(p.name)), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// pages returns every Markdown file of the project.
func pages(t testing.TB) []page {
	t.Helper()
	var out []page
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(d.Name(), ".") && name != "."
		if d.IsDir() && (hidden || name == "bin" || name == "out") {
			return filepath.SkipDir
		}
		if !d.IsDir() && filepath.Ext(name) == ".md" {
			out = append(out, readPage(t, filepath.ToSlash(name)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 5 {
		t.Fatalf("found %d Markdown files, want the project's", len(out))
	}
	return out
}

// block is a fenced block of a page.
type block struct {
	lang  string
	args  []string // the words after the language
	first int      // index of its first line in the page
	end   int      // index of its closing fence
}

func (b block) has(word string) bool { return slices.Contains(b.args, word) }

// option returns the value of a word of the form key=value.
func (b block) option(key string) string {
	for _, a := range b.args {
		if v, ok := strings.CutPrefix(a, key+"="); ok {
			return v
		}
	}
	return ""
}

func (p page) text(b block) []string { return p.lines[b.first:b.end] }

// blocks returns the fenced blocks of a page in order.
func (p page) blocks(t testing.TB) []block {
	t.Helper()
	const fence = "```"
	var out []block
	open := false
	for i, line := range p.lines {
		info, ok := strings.CutPrefix(line, fence)
		switch {
		case !ok:
		case open:
			out[len(out)-1].end = i
			open = false
		default:
			lang, args, _ := strings.Cut(info, " ")
			out = append(out, block{lang: lang, args: strings.Fields(args), first: i + 1})
			open = true
		}
	}
	if open {
		t.Fatalf("%s:%d: the fence is not closed", p.name, out[len(out)-1].first)
	}
	return out
}

// prose returns the lines of a page outside of fenced blocks; those inside
// are empty, so that indexes stay.
func (p page) prose(t testing.TB) []string {
	t.Helper()
	out := slices.Clone(p.lines)
	for _, b := range p.blocks(t) {
		for i := b.first - 1; i <= b.end; i++ {
			out[i] = ""
		}
	}
	return out
}
