// Package cli is the command line of tieline: a file for each command, which
// reads its arguments, runs the stages and hands what came out to a view. It
// is the place where files are read and written, and the only one that knows
// of terminals. What the commands print is in its child view.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/cli/view"
)

// World is what the command line sees of its surroundings.
type World struct {
	In     io.Reader
	Out    io.Writer
	Err    io.Writer
	Getenv func(string) string
}

// app is one run of the program.
type app struct {
	in  io.Reader
	out *view.Printer
	err *view.Printer
	// getenv reads the environment.
	getenv func(string) string
	// spec is the value of -f.
	spec string
	json bool
}

// Main runs the program with its arguments (without the program's name) and
// returns its exit code; see exit.go. A cancelled context stops it before the
// next step; what is being written is written whole or not at all.
func Main(ctx context.Context, args []string, w World) int {
	a := &app{
		in:     w.In,
		out:    view.NewPrinter(w.Out, w.Getenv),
		err:    view.NewPrinter(w.Err, w.Getenv),
		getenv: w.Getenv,
	}
	root := a.command()
	root.SetArgs(args)
	root.SetIn(w.In)
	root.SetOut(w.Out)
	root.SetErr(w.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = a.out.Err()
	}
	a.report(err)
	return exitCode(err)
}

// command returns the tree of commands.
func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "tieline",
		Short: "Design a network over AWS, Google Cloud, Azure and sites of your own from one file",
		Long: `tieline turns one file, the spec, into a network over AWS, Google Cloud, Azure
and sites of your own: addresses, tunnels, routes and rules, what it costs, and
the Terraform that builds it. It needs no cloud account and calls no cloud.

Exit codes: 0 done; 1 the world failed; 2 wrong usage or an input file with
errors, nothing is written; 3 findings, where a command was asked to say so.`,
		Example: `  tieline init --site aws:us-west-2 --site gcp:us-west1
  tieline plan
  tieline why 10.8.0.0/16
  tieline render -o terraform`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetVersionTemplate("tieline {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommandGroupID("other")
	root.SetCompletionCommandGroupID("other")
	root.PersistentFlags().StringVarP(&a.spec, "file", "f", ".", "the spec: a `file`, or a folder with network.yaml")
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print JSON")
	root.AddGroup(
		&cobra.Group{ID: "network", Title: "The network:"},
		&cobra.Group{ID: "other", Title: "More:"},
	)
	network := []*cobra.Command{a.initCommand(), a.planCommand(), a.checkCommand(), a.pathCommand(), a.renderCommand(), a.testCommand(), a.costCommand(), a.diffCommand(), a.whyCommand(), a.ipamCommand(), a.graphCommand(), a.lockCommand(), a.labCommand()}
	for _, c := range network {
		c.GroupID = "network"
	}
	other := []*cobra.Command{a.factsCommand(), a.schemaCommand(), a.docsCommand(), a.versionCommand()}
	for _, c := range other {
		c.GroupID = "other"
	}
	root.AddCommand(network...)
	root.AddCommand(other...)
	root.AddCommand(a.supervisor(), a.trial())
	root.SetHelpCommand(helpCommand(root))
	root.InitDefaultCompletionCmd()
	if c, _, err := root.Find([]string{"completion"}); err == nil && c != root {
		c.Args = noCommand
		c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	return root
}

// helpCommand is cobra's, but a word that is no command is wrong usage.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Say how a command is used",
		GroupID: "other",
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return noCommand(root, args)
			}
			c.InitDefaultHelpFlag()
			return c.Help()
		},
	}
}

// noCommand refuses a word that is no command.
func noCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	e := &usageError{text: fmt.Sprintf("%s has no command %q", c.CommandPath(), args[0])}
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		e.hint = fmt.Sprintf("did you mean %s?", strings.Join(near, " or "))
		return e
	}
	e.hint = fmt.Sprintf("%s --help lists the commands", c.CommandPath())
	return e
}

// report prints why the program ends, if not as it should.
func (a *app) report(err error) {
	var usage *usageError
	var input *inputError
	var none *noLabError
	var command *commandError
	switch {
	case err == nil, errors.Is(err, errFindings), errors.As(err, &command):
	case errors.As(err, &input):
		a.err.Diagnostics(input.diags)
		if a.json {
			// Whoever reads JSON gets the places too; stderr has failed to
			// print if this does, and there is no one left to tell.
			_ = a.out.JSON(view.ErrorsJSON(input.diags))
		}
	case errors.As(err, &usage):
		a.err.Problem(usage.text, usage.hint)
	case errors.As(err, &none):
		a.err.Problem(none.text, none.hint)
	case errors.Is(err, context.Canceled):
		a.err.Problem("interrupted", "")
	default:
		a.err.Problem(err.Error(), permissionHint(err))
	}
}

func permissionHint(err error) string {
	if errors.Is(err, fs.ErrPermission) {
		return "you may not write there"
	}
	return ""
}
