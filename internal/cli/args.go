package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tieline/tieline/internal/diag"
)

// specArg takes at most one argument, the spec, in place of -f.
func (a *app) specArg(c *cobra.Command, args []string) error {
	switch {
	case len(args) > 1:
		return &usageError{
			text: fmt.Sprintf("%s takes one spec, not %d", c.CommandPath(), len(args)),
			hint: "a spec of several files is a folder, or one that includes the others",
		}
	case len(args) == 0:
		return nil
	case c.Flags().Changed("file"):
		return &usageError{text: fmt.Sprintf("the spec is named twice: -f %s and %s", a.spec, args[0])}
	}
	a.spec = args[0]
	return nil
}

// noArgs takes no argument.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &usageError{
		text: fmt.Sprintf("%s takes no argument, there is %q", c.CommandPath(), args[0]),
		hint: c.CommandPath() + " --help says what it takes",
	}
}

// flagError turns a mistake in a flag into a usageError with did-you-mean.
func flagError(c *cobra.Command, err error) error {
	text, _, _ := strings.Cut(err.Error(), ": strconv.")
	e := &usageError{text: text, hint: c.CommandPath() + " --help lists the flags"}
	name, unknown := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !unknown {
		return e
	}
	e.text = fmt.Sprintf("%s has no flag --%s", c.CommandPath(), name)
	var known []string
	c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	c.InheritedFlags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	if near := diag.DidYouMean(name, known); near != "" {
		e.hint = fmt.Sprintf("did you mean --%s?", near)
	}
	return e
}

// must panics on an error that only a mistake in this package can cause.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
