package assert_test

import (
	"bufio"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/assert"
	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/verify"
)

// network is a compiled network with its proof.
type network struct {
	spec  spec.Spec
	proof *verify.Proof
}

// example compiles a network of the examples.
func example(t *testing.T, name string) *network {
	t.Helper()
	dir := filepath.Join("../../examples", name)
	s, diags := spec.Load(dir)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	data, err := os.ReadFile(filepath.Join(dir, "tieline.lock"))
	if err != nil {
		t.Fatal(err)
	}
	l, diags := lock.Parse("tieline.lock", data)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return compiled(t, s, l)
}

func compiled(t *testing.T, s spec.Spec, l lock.Lock) *network {
	t.Helper()
	r := compile.Compile(&s, l, atlas.Default())
	if r.Diags.HasErrors() {
		t.Fatal(r.Diags)
	}
	return &network{s, verify.New(r.Network, atlas.Default())}
}

// run judges a test file.
func (n *network) run(text string, o assert.Options) ([]assert.Result, diag.List) {
	tests, diags := spec.ParseTests(spec.File{Name: "t.yaml", Data: []byte(text)}, spec.NewIndex(&n.spec), atlas.Default().AreaNames())
	if diags.HasErrors() {
		return nil, diags
	}
	return assert.Run(&n.spec, tests, n.proof, o)
}

// TestPage runs the blocks of docs/tests.md against the networks that they
// name, and holds each line's comment against what it comes to.
func TestPage(t *testing.T) {
	f, err := os.Open("../../docs/tests.md")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	networks := map[string]*network{}
	block, name, start, lines := "", "", 0, 0
	blocks := 0
	for sc := bufio.NewScanner(f); sc.Scan(); {
		lines++
		line := sc.Text()
		opened, ok := strings.CutPrefix(line, "```yaml network=")
		switch {
		case ok:
			name, block, start = opened, "", lines
		case name == "":
		case line == "```":
			if networks[name] == nil {
				networks[name] = example(t, name)
			}
			checkBlock(t, networks[name], block, start)
			name = ""
			blocks++
		default:
			block += line + "\n"
		}
	}
	if blocks < 6 {
		t.Errorf("docs/tests.md has %d blocks, want at least 6", blocks)
	}
}

// checkBlock runs a block that begins after a line of the page.
func checkBlock(t *testing.T, n *network, block string, start int) {
	t.Helper()
	results, diags := n.run(block, assert.Options{})
	got := map[int]string{}
	for _, d := range diags {
		got[d.Pos.Line] = "error: " + d.Summary
	}
	for _, r := range results {
		got[r.Pos.Line] = r.Verdict.String() + ": " + r.Why
	}
	for i, line := range strings.Split(block, "\n") {
		_, want, ok := strings.Cut(line, "# ")
		if !ok {
			continue
		}
		verdict, text, _ := strings.Cut(want, ": ")
		if g := got[i+1]; !strings.HasPrefix(g, verdict+":") || !strings.Contains(g, text) {
			t.Errorf("docs/tests.md:%d: %s\ncomes to %q, want %q", start+i+1, line, g, want)
		}
		delete(got, i+1)
	}
	for _, g := range got {
		t.Errorf("docs/tests.md:%d: the block has no comment for %q", start, g)
	}
}

// TestPageNamesEveryKey holds the page against the grammar.
func TestPageNamesEveryKey(t *testing.T) {
	data, err := os.ReadFile("../../docs/tests.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	var visit func(reflect.Type)
	visit = func(x reflect.Type) {
		for i := range x.NumField() {
			f := x.Field(i)
			key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if key != "" && !strings.Contains(page, "**"+key+"**") && !strings.Contains(page, "`"+key) && !strings.Contains(page, key+": ") {
				t.Errorf("docs/tests.md says nothing of %s of %s", key, x.Name())
			}
			for word := range strings.SplitSeq(f.Tag.Get("enum"), "|") {
				if !strings.Contains(page, word) {
					t.Errorf("docs/tests.md says nothing of %s: %s", key, word)
				}
			}
			if f.Type.Kind() == reflect.Struct && key != "" && f.Type.PkgPath() == reflect.TypeFor[spec.Test]().PkgPath() && !strings.HasPrefix(f.Type.Name(), "Value") {
				visit(f.Type)
			}
		}
	}
	visit(reflect.TypeFor[spec.Test]())
	if got := reflect.TypeFor[spec.Test]().NumField() - 1; got > 8 {
		t.Errorf("the grammar has %d verbs, want at most 8", got)
	}
}
