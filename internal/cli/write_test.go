package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWriteErrorsNameTheTarget: a person knows the file that was to be
// written, not the temporary one.
func TestWriteErrorsNameTheTarget(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(taken, "in"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path string }{
		{"no folder", filepath.Join(dir, "nowhere", "net.svg")},
		{"a folder is there", taken},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := writeFile(c.path, []byte("text"))
			if err == nil || !strings.HasPrefix(err.Error(), "write "+c.path+": ") {
				t.Errorf("writeFile(%s) = %v, want an error that names the file", c.path, err)
			}
		})
	}
	left, err := filepath.Glob(filepath.Join(dir, ".taken.*"))
	if err != nil || len(left) > 0 {
		t.Errorf("writeFile leaves %v, %v, want nothing", left, err)
	}
}

func TestFolderErrorsNameTheTarget(t *testing.T) {
	f := &folder{dir: "/d/terraform", temp: "/d/.tieline-new-terraform-123"}
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"file in it", &fs.PathError{Op: "open", Path: "/d/.tieline-new-terraform-123/aws/a.tf", Err: fs.ErrPermission}, "write /d/terraform/aws/a.tf: permission denied"},
		{"link in it", &os.LinkError{Op: "symlink", Old: "x", New: "/d/.tieline-new-terraform-123/b", Err: fs.ErrExist}, "write /d/terraform/b: file already exists"},
		{"the folder", &fs.PathError{Op: "mkdir", Path: "/d/.tieline-new-terraform-9", Err: fs.ErrPermission}, "write /d/terraform: permission denied"},
		{"what others put there", &fs.PathError{Op: "open", Path: "/d/terraform/state", Err: fs.ErrPermission}, "open /d/terraform/state: permission denied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := f.aimedAt(c.err); got.Error() != c.want {
				t.Errorf("aimedAt(%v) = %v, want %s", c.err, got, c.want)
			}
		})
	}
}
