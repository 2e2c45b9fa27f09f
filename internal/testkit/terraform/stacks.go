package terraform

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// RunStacks takes a copy of dir through the cycle of [Run] where dir holds
// several root modules that read each other's states: each root in turn is
// made, then all are planned again without changes and destroyed from the last
// to the first. roots are slash-separated and relative to dir.
func RunStacks(t testing.TB, dir string, roots ...string) {
	t.Helper()
	base := New(t).open(t, dir)
	stacks := make([]*workspace, len(roots))
	for i, root := range roots {
		w := &workspace{t: t, runner: base.runner, dir: filepath.Join(base.dir, filepath.FromSlash(root))}
		w.env = append(slices.Clone(base.env), "TF_DATA_DIR="+filepath.Join(t.TempDir(), strings.ReplaceAll(root, "/", "-")))
		stacks[i] = w
		w.must("init", "-input=false")
		w.must("validate")
		w.plan(planChanges)
		w.must("apply", "-input=false", "-auto-approve")
	}
	for _, w := range stacks {
		w.plan(planNoChanges)
	}
	for _, w := range slices.Backward(stacks) {
		w.must("destroy", "-input=false", "-auto-approve")
	}
}
