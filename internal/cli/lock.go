package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/lock"
)

func (a *app) lockCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "lock",
		Short: "Show, release and mend the kept allocations",
		Long: `tieline.lock stands beside the spec and keeps every allocation: blocks, AS
numbers, the insides of tunnels. Commit it. Only plan, render and the commands
below write it. With "tieline.lock merge=union" in .gitattributes branches merge
it without conflicts.`,
		Args: noCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.lockShowCommand(), a.lockReleaseCommand(), a.lockResolveCommand())
	return c
}

func (a *app) lockShowCommand() *cobra.Command {
	var freed bool
	c := &cobra.Command{
		Use:   "show",
		Short: "Print the kept allocations",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			l, err := a.readOwnLock()
			if err != nil {
				return err
			}
			entries := l.Entries()
			if freed {
				entries = l.Freed()
			}
			if a.json {
				return a.out.JSON(view.EntriesJSON(entries))
			}
			a.out.Entries(entries)
			return nil
		},
	}
	c.Flags().BoolVar(&freed, "freed", false, "only what is no longer used")
	return c
}

// readOwnLock reads the lock of the spec that -f names.
func (a *app) readOwnLock() (lock.Lock, error) {
	path := lockPath(a.spec)
	l, isNew, diags, err := readLock(path)
	switch {
	case err != nil:
		return lock.Lock{}, err
	case isNew:
		diags.Errorf(diag.Pos{File: path}, "there is no lock").Hint = "tieline plan writes it"
		return lock.Lock{}, &inputError{diags}
	case diags.HasErrors():
		return lock.Lock{}, &inputError{diags}
	}
	return l, nil
}

func (a *app) lockReleaseCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "release KEY...",
		Short: "Let others take what is no longer used",
		Long: `Forgets the freed entries at the keys and below them, so that the next plan may
give their values to something else. Release what is destroyed, not what is
merely gone from the spec: until then it may still be built.`,
		Example: `  tieline lock show --freed
  tieline lock release aws/aws-oregon/old`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return nil
			}
			return &usageError{text: "lock release takes the keys to release", hint: "tieline lock show --freed lists them"}
		},
		RunE:              func(_ *cobra.Command, keys []string) error { return a.lockRelease(keys) },
		ValidArgsFunction: a.completeFreed,
	}
}

func (a *app) lockRelease(keys []string) error {
	l, err := a.readOwnLock()
	if err != nil {
		return err
	}
	kept, released, unknown := l.Release(keys...)
	if len(unknown) > 0 {
		if used := usedAt(l, unknown); len(used) > 0 {
			return &usageError{
				text: strings.Join(used, ", ") + ": in use, and only what is freed can be released",
				hint: "take it out of the spec and run tieline plan, which frees it",
			}
		}
		e := &usageError{text: "nothing freed is at " + strings.Join(unknown, ", "), hint: diag.Suggest(unknown[0], freedKeys(l))}
		if e.hint == "" {
			e.hint = "tieline lock show --freed lists what can be released"
		}
		return e
	}
	if err := writeFile(lockPath(a.spec), kept.Marshal()); err != nil {
		return fmt.Errorf("writing the lock: %w", err)
	}
	if a.json {
		return a.out.JSON(view.EntriesJSON(released))
	}
	a.out.Released(released)
	return nil
}

// usedAt returns the keys at or below which something is in use.
func usedAt(l lock.Lock, keys []string) []string {
	var out []string
	for _, k := range keys {
		if slices.ContainsFunc(l.Entries(), func(e lock.Entry) bool {
			return !e.Freed && (e.Key == k || strings.HasPrefix(e.Key, k+"/"))
		}) {
			out = append(out, k)
		}
	}
	return out
}

func freedKeys(l lock.Lock) []string {
	var out []string
	for _, e := range l.Freed() {
		out = append(out, e.Key)
	}
	return out
}

func (a *app) completeFreed(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	l, err := a.readOwnLock()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return freedKeys(l), cobra.ShellCompDirectiveNoFileComp
}

func (a *app) lockResolveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "resolve",
		Short: "Mend a lock in which two branches took the same",
		Long: `Two branches that allocate at the same time may take the same block. After the
merge plan finds it and stops. resolve keeps the earlier allocation and drops
the later, which the next plan allocates anew; conflict markers of git go too.
Anything already built from the dropped entry must move.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.lockResolve() },
	}
}

func (a *app) lockResolve() error {
	path := lockPath(a.spec)
	l, isNew, diags, err := readLock(path)
	if err != nil {
		return err
	}
	if isNew {
		diags.Errorf(diag.Pos{File: path}, "there is no lock").Hint = "tieline plan writes it"
	}
	if diags.HasErrors() && !lock.Resolvable(diags) {
		return &inputError{diags}
	}
	mended, moved := l.Resolve()
	if diags.HasErrors() || len(moved) > 0 {
		if err := writeFile(path, mended.Marshal()); err != nil {
			return fmt.Errorf("writing the lock: %w", err)
		}
	}
	if a.json {
		return a.out.JSON(view.MovedJSON(moved))
	}
	a.out.Resolved(moved)
	return nil
}
