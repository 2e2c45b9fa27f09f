package spec

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tieline/tieline/internal/diag"
)

// MainFile is the spec's file in a folder; it is read first.
const MainFile = "network.yaml"

// File is one file of a spec: its name as positions show it, and its bytes.
type File struct {
	Name string
	Data []byte
}

// Parse reads a spec from its files, in order. Files named by include must be
// among them, under their name relative to the file that includes them. It
// does no I/O. With errors in the list the Spec is not fit for use.
func Parse(files []File) (Spec, diag.List) {
	byName := make(map[string]File, len(files))
	for _, f := range files {
		byName[filepath.Clean(f.Name)] = f
	}
	read := func(name string) ([]byte, error) {
		if f, ok := byName[filepath.Clean(name)]; ok {
			return f.Data, nil
		}
		return nil, fs.ErrNotExist
	}
	l := newLoader(read)
	for _, f := range files {
		l.file(f.Name, f.Data, true)
	}
	return l.finish()
}

// Load reads the spec at path: a file, or a folder with all its *.yaml and
// *.yml files but tests (*.test.yaml) and those named by facts; then what
// they include. Positions name files as path leads to them. With errors in
// the list the Spec is not fit for use.
func Load(path string) (Spec, diag.List) {
	l := newLoader(os.ReadFile)
	names, err := specFiles(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.diags.Errorf(diag.Pos{File: path}, "there is no such file or folder").Hint = starterHint
		return Spec{}, l.diags
	case err != nil:
		l.diags.Errorf(diag.Pos{File: path}, "cannot be read: %v", err)
		return Spec{}, l.diags
	case len(names) == 0:
		l.diags.Errorf(diag.Pos{File: path}, "no spec found: the folder has no %s", MainFile).Hint = starterHint
		return Spec{}, l.diags
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			l.diags.Errorf(diag.Pos{File: name}, "cannot be read: %v", err)
			continue
		}
		l.file(name, data, true)
	}
	return l.finish()
}

// specFiles lists the files of the spec at path, the main one first.
func specFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || strings.HasPrefix(name, ".") || !isYAML(name) || isTest(name) {
			continue
		}
		names = append(names, filepath.Join(path, name))
	}
	slices.SortStableFunc(names, func(a, b string) int { return mainFirst(a) - mainFirst(b) })
	return names, nil
}

func mainFirst(path string) int {
	if filepath.Base(path) == MainFile {
		return 0
	}
	return 1
}

func isYAML(name string) bool {
	ext := filepath.Ext(name)
	return ext == ".yaml" || ext == ".yml"
}

func isTest(name string) bool {
	return strings.HasSuffix(strings.TrimSuffix(name, filepath.Ext(name)), ".test")
}

// part is one parsed file of a spec.
type part struct {
	name  string
	top   *yaml.Node // nil when it is not YAML
	diags diag.List
}

// loader collects the parts of a spec and joins them.
type loader struct {
	read  func(string) ([]byte, error)
	parts []part
	known map[string]bool // files read, by clean name
	open  []string        // the chain of includes being read
	facts map[string]bool // files that are facts, not spec, by clean name
	diags diag.List
}

func newLoader(read func(string) ([]byte, error)) *loader {
	return &loader{read: read, known: map[string]bool{}, facts: map[string]bool{}}
}

// file parses one file and what it includes.
func (l *loader) file(name string, data []byte, root bool) {
	clean := filepath.Clean(name)
	if l.known[clean] {
		return
	}
	l.known[clean] = true
	p := part{name: name}
	p.top = document(File{Name: name, Data: data}, &p.diags)
	at := len(l.parts)
	l.parts = append(l.parts, p)
	if p.top == nil {
		return
	}
	for _, n := range scalarsOf(p.top, "facts") {
		l.facts[relative(name, n.Value)] = true
	}
	l.open = append(l.open, clean)
	for _, n := range scalarsOf(p.top, "include") {
		l.include(at, name, n)
	}
	l.open = l.open[:len(l.open)-1]
}

// include reads the file that node n of the file from names.
func (l *loader) include(at int, from string, n *yaml.Node) {
	target := relative(from, n.Value)
	pos := diag.Pos{File: from, Line: n.Line, Col: n.Column}
	if i := slices.Index(l.open, target); i >= 0 {
		chain := append(slices.Clone(l.open[i:]), target)
		l.parts[at].diags.Errorf(pos, "include goes in a circle: %s", strings.Join(chain, " includes ")).
			Hint = "remove one of the includes"
		return
	}
	if l.known[target] {
		return
	}
	data, err := l.read(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.parts[at].diags.Errorf(pos, "include %q: there is no such file", n.Value).
			Hint = fmt.Sprintf("include is relative to the file it stands in: %s is looked for", target)
	case err != nil:
		l.parts[at].diags.Errorf(pos, "include %q cannot be read: %v", n.Value, err)
	default:
		l.file(target, data, false)
	}
}

// relative is the clean name of a file that the file from names.
func relative(from, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(filepath.Dir(from), filepath.FromSlash(name))
}

// scalarsOf lists the scalars of a key that is a scalar or a list of them.
func scalarsOf(top *yaml.Node, key string) []*yaml.Node {
	var out []*yaml.Node
	for i := 0; i+1 < len(top.Content); i += 2 {
		if top.Content[i].Value != key {
			continue
		}
		v := top.Content[i+1]
		if v.Kind == yaml.ScalarNode && v.Value != "" {
			out = append(out, v)
		}
		if v.Kind != yaml.SequenceNode {
			continue
		}
		for _, item := range v.Content {
			if item.Kind == yaml.ScalarNode && item.Value != "" {
				out = append(out, item)
			}
		}
	}
	return out
}

// finish decodes the parts, joins them and checks the whole.
func (l *loader) finish() (Spec, diag.List) {
	sh := grammar()
	var whole Spec
	first := true
	decoded := true
	for _, p := range l.parts {
		if l.facts[filepath.Clean(p.name)] {
			continue
		}
		l.diags = append(l.diags, p.diags...)
		if p.top == nil {
			decoded = false
			continue
		}
		d := decoder{file: p.name, diags: &l.diags}
		var s Spec
		d.structure(p.top, sh, reflect.ValueOf(&s).Elem(), place{noun: sh.noun}, diag.Pos{File: p.name, Line: 1, Col: 1})
		decoded = decoded && !d.stopped
		if first {
			whole, first = s, false
			continue
		}
		join(&whole, &s, &l.diags)
	}
	if first && len(l.diags) == 0 {
		l.diags.Errorf(diag.Pos{}, "no spec found").Hint = starterHint
	}
	if decoded && !first {
		check(&whole, sh, &l.diags)
	}
	return whole, l.diags.Sorted()
}

// FactsFiles returns the paths of the files that the spec names under facts.
func (s *Spec) FactsFiles() []string {
	var out []string
	for _, f := range s.Facts {
		out = append(out, relative(f.Pos.File, f.V))
	}
	return out
}
