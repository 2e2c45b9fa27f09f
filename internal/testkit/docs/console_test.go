package docs_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/cli"
)

// shownOn are the pages whose blocks are tried.
var shownOn = []string{"README.md", "docs/ARCHITECTURE.md"}

// TestShownFiles holds blocks with file= against the file.
func TestShownFiles(t *testing.T) {
	for _, name := range shownOn {
		p := readPage(t, name)
		blocks := p.blocks(t)
		for _, b := range slices.Backward(blocks) {
			path := b.option("file")
			if path == "" {
				continue
			}
			got := lines(readFile(t, filepath.Join(root, filepath.FromSlash(path))))
			p.hold(t, b.first, b.end, got, path)
		}
		if *update {
			p.write(t)
		}
	}
}

// TestConsole runs the console blocks of each page, in order and in one
// folder, and holds what they show against what is printed.
func TestConsole(t *testing.T) {
	abs, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range shownOn {
		t.Run(name, func(t *testing.T) {
			p := readPage(t, name)
			type command struct {
				line       string
				first, end int // what it prints, as lines of the page
				got        []string
			}
			var commands []command
			for _, b := range p.blocks(t) {
				if b.lang != "console" {
					continue
				}
				for i := b.first; i < b.end; i++ {
					line, ok := strings.CutPrefix(p.lines[i], "$ ")
					if ok {
						commands = append(commands, command{line: line, first: i + 1})
					} else if i == b.first {
						t.Fatalf("%s:%d: a console block begins with a command", name, i+1)
					}
					commands[len(commands)-1].end = i + 1
				}
			}
			if len(commands) == 0 {
				t.Fatalf("%s shows no command", name)
			}
			dir := t.TempDir()
			if err := os.CopyFS(filepath.Join(dir, "examples"), os.DirFS(filepath.Join(abs, "examples"))); err != nil {
				t.Fatal(err)
			}
			t.Chdir(dir)
			s := shell{t: t}
			for i := range commands {
				commands[i].got = s.run(commands[i].line)
			}
			t.Chdir(filepath.Join(abs, "internal", "testkit", "docs"))
			for _, c := range slices.Backward(commands) {
				p.hold(t, c.first, c.end, c.got, c.line)
			}
			if *update {
				p.write(t)
			}
		})
	}
}

// hold compares the lines [first,end) of a page with what they show, or under
// -update replaces them.
func (p *page) hold(t *testing.T, first, end int, got []string, what string) {
	t.Helper()
	shown := p.lines[first:end]
	if matches(shown, got) {
		return
	}
	fresh := refreshed(shown, got)
	if *update {
		p.lines = slices.Replace(p.lines, first, end, fresh...)
		return
	}
	t.Errorf("%s:%d: what is shown of %s is not what it is (-shown +is; go test ./internal/testkit/docs -update rewrites it):\n%s",
		p.name, first+1, what, cmp.Diff(strings.Join(shown, "\n"), strings.Join(fresh, "\n")))
}

// shell runs the few commands that console blocks may have.
type shell struct {
	t    *testing.T
	code int
}

// run returns the lines that a command prints on both of its outputs.
func (s *shell) run(line string) []string {
	s.t.Helper()
	words := split(s.t, line)
	switch {
	case words[0] == "tieline":
		var out bytes.Buffer
		none := func(string) string { return "" }
		s.code = cli.Main(s.t.Context(), words[1:], cli.World{In: strings.NewReader(""), Out: &out, Err: &out, Getenv: none})
		return lines(out.Bytes())
	case line == "echo $?":
		return []string{fmt.Sprint(s.code)}
	case words[0] == "cat" && len(words) == 2:
		return lines(readFile(s.t, words[1]))
	case words[0] == "sed" && len(words) == 5 && words[3] == ">":
		s.sed(words[1], words[2], words[4])
		return nil
	}
	s.t.Fatalf("a console block has %q; it may have tieline, cat FILE, sed s/A/B/ FILE > FILE and echo $?", line)
	return nil
}

// sed replaces the first of each line, as sed does, without patterns.
func (s *shell) sed(script, from, to string) {
	s.t.Helper()
	parts := strings.Split(script, "/")
	if len(parts) != 4 || parts[0] != "s" || parts[3] != "" {
		s.t.Fatalf("sed %q: want s/A/B/", script)
	}
	text := lines(readFile(s.t, from))
	changed := 0
	for i, l := range text {
		text[i] = strings.Replace(l, parts[1], parts[2], 1)
		if text[i] != l {
			changed++
		}
	}
	if changed == 0 {
		s.t.Errorf("sed %q changes nothing in %s", script, from)
	}
	if err := os.WriteFile(to, []byte(strings.Join(text, "\n")+"\n"), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// split cuts a command line at blanks outside of quotes.
func split(t *testing.T, line string) []string {
	t.Helper()
	var out []string
	var word strings.Builder
	quote, open := rune(0), false
	for _, r := range line + " " {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, open = r, true
		case r == ' ':
			if open {
				out = append(out, word.String())
			}
			word.Reset()
			open = false
		default:
			word.WriteRune(r)
			open = true
		}
	}
	if quote != 0 || len(out) == 0 {
		t.Fatalf("command %q is empty or has an open quote", line)
	}
	return out
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// lines splits text, without blanks at the ends of lines and without empty
// lines at its end.
func lines(data []byte) []string {
	var out []string
	for line := range strings.Lines(strings.TrimRight(string(data), " \n")) {
		out = append(out, strings.TrimRight(line, " \n"))
	}
	return out
}
