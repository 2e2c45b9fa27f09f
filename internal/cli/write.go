package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// writeFile puts data at path in one step: whoever reads sees the old file or
// the new one, whole. The permissions of an old file are kept.
// Errors name path, not what is beside it meanwhile.
func writeFile(path string, data []byte) error {
	return aimedAt(path, replaceFile(path, data))
}

// aimedAt gives a failure of the file system the name of the file that was to
// be written, in place of that of a temporary one.
func aimedAt(path string, err error) error {
	var at *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &at):
		return &fs.PathError{Op: "write", Path: path, Err: at.Err}
	case errors.As(err, &link):
		return &fs.PathError{Op: "write", Path: path, Err: link.Err}
	}
	return err
}

func replaceFile(path string, data []byte) (err error) {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	if err := f.Chmod(mode); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
