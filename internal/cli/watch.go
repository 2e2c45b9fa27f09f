package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/spec"
)

// watchEvery is how often the files of a watched spec are looked at. A look
// is one listing of each folder, so that a save of any editor is seen, also
// one that renames a new file over the old.
const watchEvery = 100 * time.Millisecond

// watch runs a step at once and after each change of the spec's files, until
// the context ends. A spec with errors is reported and waited on.
func (a *app) watch(ctx context.Context, step func(context.Context) error) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		folders := specFolders(a.spec)
		seen := stamps(folders)
		began := time.Now()
		err := step(ctx)
		var input *inputError
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &input):
			a.report(err)
		case err != nil && !errors.Is(err, errFindings):
			return err
		}
		a.err.Line("checked in %s at %s; watching %s", time.Since(began).Round(time.Millisecond), time.Now().Format(time.TimeOnly), a.spec)
		for slices.Equal(seen, stamps(folders)) {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	}
}

// specFolders lists the folders with files that a spec is made of: its own,
// and those that it includes from or takes facts from.
func specFolders(path string) []string {
	folders := []string{path}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		folders[0] = filepath.Dir(path)
	}
	s, _ := spec.Load(path)
	for _, f := range s.FactsFiles() {
		folders = append(folders, filepath.Dir(f))
	}
	for _, f := range s.Include {
		folders = append(folders, filepath.Dir(filepath.Join(filepath.Dir(f.Pos.File), f.V)))
	}
	slices.Sort(folders)
	return slices.Compact(folders)
}

// stamps gives name, size and time of every YAML file and lock in folders.
func stamps(folders []string) []string {
	var out []string
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			out = append(out, fmt.Sprintf("%s: %v", folder, err))
			continue
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".yaml") && !strings.HasSuffix(e.Name(), ".yml") && e.Name() != lockName {
				continue
			}
			if info, err := e.Info(); err == nil {
				out = append(out, fmt.Sprintf("%s/%s %d %d", folder, e.Name(), info.Size(), info.ModTime().UnixNano()))
			}
		}
	}
	return out
}
