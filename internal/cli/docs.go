package cli

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func (a *app) docsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:    "docs",
		Short:  "Write manual pages and the reference of the commands",
		Hidden: true,
		Args:   noCommand,
		RunE:   func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		&cobra.Command{
			Use:   "man DIR",
			Short: "Write a manual page for each command into a folder",
			Args: func(_ *cobra.Command, args []string) error {
				if len(args) == 1 {
					return nil
				}
				return &usageError{text: "docs man takes the folder to write to"}
			},
			RunE: func(c *cobra.Command, args []string) error { return a.man(c.Root(), args[0]) },
		},
		&cobra.Command{
			Use:   "markdown",
			Short: "Print the reference of the commands",
			Args:  noArgs,
			RunE: func(c *cobra.Command, _ []string) error {
				_, err := a.out.Write(markdown(c.Root()))
				return err
			},
		},
	)
	return c
}

func (a *app) man(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root.DisableAutoGenTag = true
	return doc.GenManTree(root, &doc.GenManHeader{Title: "TIELINE", Section: "1", Source: "tieline " + version()}, dir)
}
