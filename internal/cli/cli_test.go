package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tieline/tieline/internal/cli/view"
)

var update = flag.Bool("update", false, "rewrite golden output and generated documents")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"tieline": func() {
			os.Exit(Main(context.Background(), os.Args[1:], World{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}))
		},
	})
}

// TestScripts runs testdata/*.txtar against the whole program. The examples
// are beside each script; "exits N tieline ..." checks an exit code.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			return copyExamples(filepath.Join(env.WorkDir, "examples"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// copyExamples copies the specs of the examples, as if never planned.
func copyExamples(dir string) error {
	if err := os.CopyFS(dir, os.DirFS("../../examples")); err != nil {
		return err
	}
	for _, pattern := range []string{"*/" + lockName, "*/terraform"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		for _, name := range found {
			if err := os.RemoveAll(name); err != nil {
				return err
			}
		}
	}
	return nil
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code program args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// run runs the program in this process.
func run(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = Main(t.Context(), args, World{In: strings.NewReader(""), Out: &o, Err: &e, Getenv: func(string) string { return "" }})
	return code, o.String(), e.String()
}

func TestGeneratedDocumentsAreFresh(t *testing.T) {
	a := &app{out: view.NewPrinter(io.Discard, os.Getenv), err: view.NewPrinter(io.Discard, os.Getenv)}
	for name, want := range map[string]string{
		"cli.md":       string(markdown(a.command())),
		"plan-json.md": view.PlanReference(),
	} {
		path := filepath.Join("../../docs", name)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("docs/%s is stale, run go test ./internal/cli -update (-want +got):\n%s", name, diff)
		}
	}
}

// TestPlanKeysAreDocumented walks the JSON of a real plan.
func TestPlanKeysAreDocumented(t *testing.T) {
	dir := t.TempDir()
	if err := copyExamples(dir); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := run(t, "plan", "--json", filepath.Join(dir, "ml-platform"))
	if code != exitDone {
		t.Fatalf("plan --json exits with %d: %s", code, errOut)
	}
	var plan any
	if err := json.Unmarshal([]byte(out), &plan); err != nil {
		t.Fatal(err)
	}
	reference, err := os.ReadFile("../../docs/plan-json.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	keys(plan, "", seen)
	for key := range seen {
		if !strings.Contains(string(reference), "| `"+key+"` |") {
			t.Errorf("plan --json has the key %s, docs/plan-json.md does not", key)
		}
	}
	for _, key := range []string{"addresses", "links", "routes", "rules", "findings", "bill"} {
		if !seen[key] {
			t.Errorf("plan --json has no key %s", key)
		}
	}
}

func keys(v any, path string, seen map[string]bool) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			keys(e, path+"[]", seen)
		}
	case map[string]any:
		for k, e := range v {
			full := strings.TrimPrefix(path+"."+k, ".")
			seen[full] = true
			keys(e, full, seen)
		}
	}
}

// TestPlanIsShort holds the promise that a plan is read in a minute.
func TestPlanIsShort(t *testing.T) {
	dir := t.TempDir()
	if err := copyExamples(dir); err != nil {
		t.Fatal(err)
	}
	_, out, _ := run(t, "plan", filepath.Join(dir, "ml-platform"))
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) > 80 {
		t.Errorf("plan of ml-platform has %d lines, want at most 80", len(lines))
	}
	for i, l := range lines {
		if n := len([]rune(l)); n > 120 {
			t.Errorf("line %d of the plan of ml-platform has %d columns, want at most 120: %s", i+1, n, l)
		}
	}
}

// failing is a writer that fails.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestOutputThatFailsIsAnError(t *testing.T) {
	var e bytes.Buffer
	code := Main(t.Context(), []string{"schema"}, World{In: strings.NewReader(""), Out: failing{}, Err: &e, Getenv: func(string) string { return "" }})
	if code != exitWorld || !strings.Contains(e.String(), "disk full") {
		t.Errorf("schema to a full disk exits with %d and prints %q, want %d and the reason", code, e.String(), exitWorld)
	}
}

func TestCompletion(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"sites of the spec", []string{"why", "-f", "../../examples/triangle", "aws"}, "aws-oregon\n"},
		{"formats of a picture", []string{"graph", "--format", ""}, "mermaid\n"},
		{"regions", []string{"init", "--site", "aws:us-west"}, "aws:us-west-2\n"},
		{"words of facts", []string{"facts", "aws", ""}, "vpn\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, out, _ := run(t, append([]string{"__complete"}, c.args...)...)
			if !strings.Contains(out, c.want) {
				t.Errorf("completing %v gives %q, want %q among it", c.args, out, c.want)
			}
		})
	}
}

func TestManualPages(t *testing.T) {
	dir := t.TempDir()
	if code, _, errOut := run(t, "docs", "man", dir); code != exitDone {
		t.Fatalf("docs man exits with %d: %s", code, errOut)
	}
	for _, name := range []string{"tieline.1", "tieline-plan.1", "tieline-lock-release.1"} {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Contains(data, []byte(".SH")) {
			t.Errorf("docs man writes %s: %v, %d bytes", name, err, len(data))
		}
	}
}
