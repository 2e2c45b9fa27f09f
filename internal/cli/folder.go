package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// outFile is a file to write: a slash-separated path inside the folder.
type outFile struct {
	path string
	data []byte
}

// markerName is the file in a folder that says that tieline wrote it, and
// lists what.
const markerName = ".tieline"

const markerHead = "# Written by tieline render, which replaces the files below. Change the spec instead.\n"

// tempPrefix begins the names of the folders in which new ones are made.
const tempPrefix = ".tieline-new-"

// pluginFolder is where Terraform keeps what it downloads: large, and made
// again by terraform init.
const pluginFolder = ".terraform"

// folder is a folder about to take the place of the one at dir.
type folder struct {
	dir     string
	temp    string   // its content, beside dir
	old     string   // where the one at dir goes meanwhile
	exists  bool     // there is one at dir
	plugins []string // plugin folders inside dir, to be moved
}

// stageFolder writes files into a new folder beside dir, with everything at
// dir that tieline did not write. Nothing changes at dir before commit.
func stageFolder(ctx context.Context, dir string, files []outFile) (*folder, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	if err := f.stage(ctx, files); err != nil {
		f.discard()
		var usage *usageError
		if errors.As(err, &usage) || errors.Is(err, context.Canceled) {
			return nil, err
		}
		return nil, fmt.Errorf("writing %s: %w", dir, f.aimedAt(err))
	}
	return f, nil
}

// openFolder looks at what stands at dir, after putting back what a run left
// that was killed between the two renames of commit.
func openFolder(dir string) (*folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	parent, base := filepath.Split(dir)
	f := &folder{dir: dir, old: filepath.Join(parent, ".tieline-old-"+base)}
	if _, err := os.Lstat(f.old); err == nil {
		if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
			if err := os.Rename(f.old, dir); err != nil {
				return nil, err
			}
		}
	}
	switch entries, err := os.ReadDir(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err != nil:
		if info, statErr := os.Stat(dir); statErr == nil && !info.IsDir() {
			return nil, &usageError{text: fmt.Sprintf("%s is a file, not a folder", dir), hint: "name another with -o"}
		}
		return nil, err
	default:
		f.exists = true
		owned := slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == markerName })
		if len(entries) > 0 && !owned {
			return nil, &usageError{
				text: fmt.Sprintf("%s holds files that tieline did not write", dir),
				hint: "name another folder with -o, or empty this one",
			}
		}
	}
	return f, nil
}

func (f *folder) stage(ctx context.Context, files []outFile) error {
	parent, base := filepath.Split(f.dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(parent, tempPrefix+base+"-*")
	if err != nil {
		return err
	}
	f.temp = temp
	if err := os.Chmod(temp, 0o755); err != nil {
		return err
	}
	names := make([]string, 0, len(files))
	for _, file := range files {
		names = append(names, file.path)
	}
	marker := outFile{markerName, []byte(markerHead + strings.Join(names, "\n") + "\n")}
	for _, file := range append([]outFile{marker}, files...) {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := filepath.Join(temp, filepath.FromSlash(file.path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, file.data, 0o644); err != nil {
			return err
		}
	}
	if !f.exists {
		return nil
	}
	return f.takeOver(ctx)
}

// takeOver links what others put into the old folder into the new one, so
// that a state is never missing; plugin folders are left to commit.
func (f *folder) takeOver(ctx context.Context) error {
	written, err := readMarker(filepath.Join(f.dir, markerName))
	if err != nil {
		return err
	}
	return filepath.WalkDir(f.dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		rel, err := filepath.Rel(f.dir, name)
		if err != nil {
			return err
		}
		if e.IsDir() {
			if e.Name() == pluginFolder {
				f.plugins = append(f.plugins, rel)
				return filepath.SkipDir
			}
			return nil
		}
		if slash := filepath.ToSlash(rel); slash == markerName || written[slash] {
			return nil
		}
		target := filepath.Join(f.temp, rel)
		if _, err := os.Lstat(target); err == nil {
			return &usageError{
				text: fmt.Sprintf("%s would be replaced, and tieline did not write it", name),
				hint: "move it away, or name another folder with -o",
			}
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return linkFile(name, target, e)
	})
}

// readMarker returns the files that a marker lists.
func readMarker(name string) (map[string]bool, error) {
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	written := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			written[path.Clean(line)] = true
		}
	}
	return written, nil
}

// linkFile makes target the same file as name, or a copy where the file
// system has no links.
func linkFile(name, target string, e fs.DirEntry) error {
	if e.Type()&fs.ModeSymlink != 0 {
		to, err := os.Readlink(name)
		if err != nil {
			return err
		}
		return os.Symlink(to, target)
	}
	if os.Link(name, target) == nil {
		return nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	info, err := e.Info()
	if err != nil {
		return err
	}
	return os.WriteFile(target, data, info.Mode().Perm())
}

// aimedAt gives a failure the name that a file was to have in the folder, in
// place of where it is written meanwhile.
func (f *folder) aimedAt(err error) error {
	var at *fs.PathError
	var link *os.LinkError
	var name string
	switch {
	case errors.As(err, &at):
		name = at.Path
	case errors.As(err, &link):
		name = link.New
	}
	if rest, ok := strings.CutPrefix(name, f.temp); ok && f.temp != "" {
		return aimedAt(f.dir+rest, err)
	}
	if strings.HasPrefix(filepath.Base(name), tempPrefix) {
		return aimedAt(f.dir, err)
	}
	return err
}

// commit puts the new folder in place of the old.
func (f *folder) commit() error {
	if !f.exists {
		return aimedAt(f.dir, os.Rename(f.temp, f.dir))
	}
	if err := os.RemoveAll(f.old); err != nil {
		return err
	}
	if err := os.Rename(f.dir, f.old); err != nil {
		return err
	}
	if err := os.Rename(f.temp, f.dir); err != nil {
		return errors.Join(err, os.Rename(f.old, f.dir))
	}
	for _, rel := range f.plugins {
		to := filepath.Join(f.dir, rel)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(f.old, rel), to); err != nil {
			return err
		}
	}
	return os.RemoveAll(f.old)
}

// discard removes what stage wrote; after commit there is nothing to remove.
func (f *folder) discard() {
	if f.temp != "" {
		os.RemoveAll(f.temp)
	}
}
