package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
)

// lockName is the file of kept allocations beside a spec.
const lockName = "tieline.lock"

// design is a spec with everything that it is compiled from and into.
type design struct {
	spec     spec.Spec
	atlas    *atlas.Atlas
	lockPath string
	lock     lock.Lock // as read
	newLock  bool      // there was no lock file
	result   compile.Result
}

// load reads the spec at path with its facts and its lock, and compiles it.
// Mistakes in any of them are an inputError with all of them.
func load(ctx context.Context, path string) (*design, error) {
	d, err := abandonable(ctx, func() (*design, error) { return read(path) })
	if err != nil {
		return nil, err
	}
	diags := d.result.Diags
	d.result = compile.Compile(&d.spec, d.lock, d.atlas)
	d.result.Diags = append(diags, d.result.Diags...).Sorted()
	if d.result.Diags.HasErrors() {
		return nil, &inputError{d.result.Diags}
	}
	return d, ctx.Err()
}

// abandonable runs a step that only reads, and returns without it when the
// context ends first: a read of a pipe may block for ever.
func abandonable[T any](ctx context.Context, step func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := step()
		done <- outcome{value, err}
	}()
	select {
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	case o := <-done:
		if o.err == nil {
			o.err = ctx.Err()
		}
		return o.value, o.err
	}
}

// read reads what a design is compiled from; what there is to say of it is in
// the result's diagnostics.
func read(path string) (*design, error) {
	d := &design{lockPath: lockPath(path)}
	var diags diag.List
	d.spec, diags = spec.Load(path)
	if diags.HasErrors() {
		return nil, &inputError{diags}
	}
	var more diag.List
	d.atlas, more = factsOf(&d.spec)
	diags = append(diags, more...)
	var err error
	if d.lock, d.newLock, more, err = readLock(d.lockPath); err != nil {
		return nil, err
	}
	diags = append(diags, more...)
	if diags.HasErrors() {
		return nil, &inputError{diags}
	}
	d.result.Diags = diags
	return d, nil
}

// factsOf returns the built-in facts with the spec's own files laid over them.
func factsOf(s *spec.Spec) (*atlas.Atlas, diag.List) {
	a := atlas.Default()
	var diags diag.List
	for i, name := range s.FactsFiles() {
		data, err := os.ReadFile(name)
		if err != nil {
			diags.Errorf(s.Facts[i].Pos, "facts %q cannot be read: %v", s.Facts[i].V, errors.Unwrap(err)).
				Hint = fmt.Sprintf("facts is relative to the file it stands in: %s is looked for", name)
			continue
		}
		next, more := a.Overlay(name, data)
		a, diags = next, append(diags, more...)
	}
	return a, diags
}

// lockPath returns where the lock of the spec at path is: in a folder, beside
// a file.
func lockPath(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return filepath.Join(path, lockName)
	}
	return filepath.Join(filepath.Dir(path), lockName)
}

// readLock reads a lock file; one that is not there is empty and new.
func readLock(path string) (l lock.Lock, isNew bool, diags diag.List, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return lock.Lock{}, true, nil, nil
	}
	if err != nil {
		return lock.Lock{}, false, nil, fmt.Errorf("reading the lock: %w", err)
	}
	l, diags = lock.Parse(path, data)
	return l, false, diags, nil
}

// keep writes the design's lock when it has changed. With locked it refuses
// to: then a change is an inputError.
func (d *design) keep(locked bool) error {
	if !d.changesLock() {
		return nil
	}
	if locked {
		return d.lockedError()
	}
	if err := writeFile(d.lockPath, d.result.Lock.Marshal()); err != nil {
		return fmt.Errorf("writing the lock: %w", err)
	}
	return nil
}

// changesLock reports whether the lock file is to be written.
func (d *design) changesLock() bool {
	return !d.lock.Equal(d.result.Lock) || d.newLock && d.result.Lock.Len() > 0
}

func (d *design) lockedError() error {
	var diags diag.List
	c := d.result.Changes
	n := len(c.Added) + len(c.Restored) + len(c.Freed) + len(c.Removed) + len(c.Moved) + len(c.Renamed) + len(c.Rescoped)
	pos := diag.Pos{File: d.lockPath}
	if d.newLock {
		diags.Errorf(pos, "there is no lock, and --locked forbids to write it (%d allocations)", n)
	} else {
		diags.Errorf(pos, "the lock is not up to date, and --locked forbids to write it (%d changes)", n)
	}
	diags[0].Code = "lock-stale"
	diags[0].Hint = "run tieline plan without --locked and commit " + lockName
	return &inputError{diags}
}
