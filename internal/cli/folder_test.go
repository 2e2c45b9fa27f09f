package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write renders files into dir.
func write(t *testing.T, dir string, files ...outFile) {
	t.Helper()
	f, err := stageFolder(t.Context(), dir, files)
	if err != nil {
		t.Fatal(err)
	}
	defer f.discard()
	if err := f.commit(); err != nil {
		t.Fatal(err)
	}
}

// content reads what is in the folder that holds dir, without the markers.
func content(t *testing.T, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(root, func(name string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == markerName {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(root, name)
		out[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFolderReplacesItsOwnAndKeepsTheRest(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "terraform")
	write(t, dir, outFile{"a.tf", []byte("a")}, outFile{"sites/old/b.tf", []byte("b")})
	put(t, filepath.Join(dir, "terraform.tfstate"), "state")
	put(t, filepath.Join(dir, "sites/old/terraform.tfstate"), "state of old")
	put(t, filepath.Join(dir, ".terraform/providers/x"), "plugin")
	put(t, filepath.Join(dir, "backend.tf"), "backend")
	write(t, dir, outFile{"a.tf", []byte("A")}, outFile{"sites/new/c.tf", []byte("c")})
	want := map[string]string{
		"terraform/a.tf":                        "A",
		"terraform/sites/new/c.tf":              "c",
		"terraform/terraform.tfstate":           "state",
		"terraform/sites/old/terraform.tfstate": "state of old",
		"terraform/.terraform/providers/x":      "plugin",
		"terraform/backend.tf":                  "backend",
	}
	if diff := cmp.Diff(want, content(t, root)); diff != "" {
		t.Errorf("after the second render (-want +got):\n%s", diff)
	}
}

func TestFolderRefusesWhatIsNotItsOwn(t *testing.T) {
	for _, c := range []struct {
		name  string
		given func(t *testing.T, dir string)
	}{
		{"files without the marker", func(t *testing.T, dir string) { put(t, filepath.Join(dir, "main.tf"), "mine") }},
		{"a file of the same name", func(t *testing.T, dir string) {
			write(t, dir)
			put(t, filepath.Join(dir, "a.tf"), "mine")
		}},
		{"a file in its place", func(t *testing.T, dir string) { put(t, dir, "mine") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			dir := filepath.Join(root, "out")
			c.given(t, dir)
			before := content(t, root)
			_, err := stageFolder(t.Context(), dir, []outFile{{"a.tf", []byte("a")}})
			if exitCode(err) != exitInput {
				t.Errorf("stageFolder gives %v, want a usage error", err)
			}
			if diff := cmp.Diff(before, content(t, root)); diff != "" {
				t.Errorf("something changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFolderTakesAnEmptyFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, outFile{"a.tf", []byte("a")})
	if got := content(t, dir); got["a.tf"] != "a" {
		t.Errorf("an empty folder holds %v after a render", got)
	}
}

func TestInterruptedFolderLeavesTheOld(t *testing.T) {
	old := outFile{"a.tf", []byte("old")}
	for _, c := range []struct {
		name      string
		interrupt func(t *testing.T, dir string)
	}{
		{"cancelled while writing", func(t *testing.T, dir string) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := stageFolder(ctx, dir, []outFile{{"a.tf", []byte("new")}}); !errors.Is(err, context.Canceled) {
				t.Errorf("stageFolder gives %v, want that it was cancelled", err)
			}
		}},
		{"given up before the change", func(t *testing.T, dir string) {
			f, err := stageFolder(t.Context(), dir, []outFile{{"a.tf", []byte("new")}})
			if err != nil {
				t.Fatal(err)
			}
			f.discard()
		}},
		{"killed between the two renames", func(t *testing.T, dir string) {
			f, err := stageFolder(t.Context(), dir, []outFile{{"a.tf", []byte("new")}})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(f.dir, f.old); err != nil {
				t.Fatal(err)
			}
			f.discard()
			if _, err := openFolder(dir); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			dir := filepath.Join(root, "terraform")
			write(t, dir, old)
			c.interrupt(t, dir)
			if diff := cmp.Diff(map[string]string{"terraform/a.tf": "old"}, content(t, root)); diff != "" {
				t.Errorf("after the interruption (-want +got):\n%s", diff)
			}
			entries, err := os.ReadDir(root)
			if err != nil {
				t.Fatal(err)
			}
			if i := slices.IndexFunc(entries, func(e os.DirEntry) bool { return e.Name() != "terraform" }); i >= 0 {
				t.Errorf("%s is left beside the folder", entries[i].Name())
			}
		})
	}
}
