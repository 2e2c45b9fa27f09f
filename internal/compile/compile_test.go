package compile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
)

func compileFile(t testing.TB, path string, l lock.Lock) compile.Result {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, diags := spec.Parse([]spec.File{{Name: filepath.Base(path), Data: data}})
	if diags.HasErrors() {
		t.Fatalf("Parse(%s):\n%s", path, diags)
	}
	return compile.Compile(&s, l, atlas.Default())
}

func TestExamplesCompile(t *testing.T) {
	paths, err := filepath.Glob("../../examples/*/network.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			r := compileFile(t, path, lock.Lock{})
			if r.Diags.HasErrors() {
				t.Fatalf("Compile:\n%s", r.Diags)
			}
			t.Logf("%s", r.Diags)
			again := compileFile(t, path, r.Lock)
			if !again.Changes.IsEmpty() {
				t.Errorf("compiling again with the lock changes it: %+v", again.Changes)
			}
		})
	}
}
