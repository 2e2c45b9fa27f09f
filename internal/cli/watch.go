package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tieline/tieline/internal/spec"
)

// watchEvery is how often the files of a watched spec are looked at. A look
// is one listing of each folder, so that a save of any editor is seen, also
// one that renames a new file over the old.
const watchEvery = 100 * time.Millisecond

// watch checks a spec at once and after each change of its files, until the
// context ends. It says first what holds of the healthy network, then tries
// the failures, and leaves them when the spec changes meanwhile. A spec with
// errors is reported and waited on.
func (a *app) watch(ctx context.Context, o checkOptions) error {
	for ctx.Err() == nil {
		folders := specFolders(a.spec)
		seen := stamps(folders)
		changed := func() bool { return ctx.Err() != nil || !slices.Equal(seen, stamps(folders)) }
		err := a.recheck(ctx, o, changed)
		var input *inputError
		switch {
		case errors.As(err, &input):
			a.report(err)
		case err != nil && ctx.Err() == nil:
			return err
		}
		for !changed() {
			select {
			case <-ctx.Done():
			case <-time.After(watchEvery):
			}
		}
	}
	return nil
}

// recheck is one round of watch.
func (a *app) recheck(ctx context.Context, o checkOptions, changed func() bool) error {
	began := time.Now()
	s, err := a.subject(ctx, "")
	if err != nil {
		return err
	}
	k := newChecking(s, o)
	a.out.Clear()
	healthy := k.result()
	a.out.Findings(healthy)
	a.out.Line("%s", checked(began, "the healthy network"))
	if o.fail == 0 {
		return nil
	}
	k.failures(stopAtTimes(changed), a.progress("sets of failed parts tried"))
	if changed() {
		return nil
	}
	all := k.result()
	a.out.Blank()
	a.out.More(all.Beyond(healthy))
	a.out.Failures(all)
	a.out.Line("%s", checked(began, "all"))
	a.out.Line("waiting for the next save of %s", a.spec)
	return nil
}

// checked says how long a round took.
func checked(began time.Time, what string) string {
	now := time.Now()
	return fmt.Sprintf("%s checked %s in %s", now.Format(time.TimeOnly), what, now.Sub(began).Round(time.Millisecond))
}

// stopAtTimes asks a question that costs a look at files no more often than
// watchEvery, from any goroutine.
func stopAtTimes(ask func() bool) func() bool {
	var mu sync.Mutex
	var last time.Time
	answer := false
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		if !answer && time.Since(last) >= watchEvery {
			answer, last = ask(), time.Now()
		}
		return answer
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
