package terraform

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// RunChange applies a copy of before, puts after in its place and plans: what
// is there may be changed or moved, but nothing made anew or destroyed.
func RunChange(t testing.TB, before, after string) {
	t.Helper()
	w := New(t).open(t, before)
	w.must("init", "-input=false")
	w.must("apply", "-input=false", "-auto-approve")
	old, err := filepath.Glob(filepath.Join(w.dir, "*.tf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(w.dir, os.DirFS(after)); err != nil {
		t.Fatal(err)
	}
	code, out := w.run("plan", "-input=false", "-detailed-exitcode")
	if code == planNoChanges {
		return
	}
	if code != planChanges || !strings.Contains(out, "Plan: 0 to add,") || !strings.Contains(out, " 0 to destroy.") {
		t.Errorf("plan of the change exits with %d, want a plan that adds and destroys nothing:\n%s", code, out)
	}
}
