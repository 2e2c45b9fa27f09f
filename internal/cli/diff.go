package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/change"
	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/verify"
)

type diffOptions struct {
	markdown bool
	failures bool
}

func (a *app) diffCommand() *cobra.Command {
	var o diffOptions
	c := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Compare two specs by what their networks do: reach, ways, bill, resources, interruptions",
		Long: `Compiles and proves two specs, each with the lock beside it, and says what
becomes of the network when the second takes the place of the first: which
subnets gain or lose reach to which and for what, which ways change in round
trip and MTU, which links and single points of failure come and go, what a
month costs more, which resources the clouds change in place, replace or
destroy, and which traffic stops meanwhile and for how long.

What follows from a changed field, and how long it takes, are facts: tieline
facts change lists them, and a question mark stands at what is recalled and not
checked.`,
		Example: `  git worktree add ../main origin/main && tieline diff ../main .
  tieline diff old/network.yaml network.yaml --json
  tieline diff old/network.yaml network.yaml --markdown >> "$GITHUB_STEP_SUMMARY"`,
		Args: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("file") {
				return &usageError{text: "diff takes both specs as arguments, not by -f"}
			}
			if len(args) != 2 {
				return &usageError{text: fmt.Sprintf("diff takes two specs, the old and the new, not %d", len(args)), hint: "tieline diff old/network.yaml network.yaml"}
			}
			if o.markdown && a.json {
				return &usageError{text: "--json and --markdown: one at a time"}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return a.diff(c.Context(), args[0], args[1], o) },
	}
	c.Flags().BoolVar(&o.markdown, "markdown", false, "print Markdown for a pull request")
	c.Flags().BoolVar(&o.failures, "failures", true, "compare the single points of failure too")
	return c
}

func (a *app) diff(ctx context.Context, oldPath, newPath string, o diffOptions) error {
	var sides [2]change.Side
	for i, path := range []string{oldPath, newPath} {
		d, err := load(ctx, path)
		if err != nil {
			return err
		}
		sides[i] = sideOf(d, o.failures)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	r := change.Diff(sides[0], sides[1])
	switch {
	case a.json:
		if err := a.out.JSON(view.DiffJSON(r)); err != nil {
			return err
		}
	case o.markdown:
		fmt.Fprint(a.out, view.DiffMarkdown(r))
	default:
		a.out.Diff(r)
	}
	if !r.IsEmpty() {
		return errFindings
	}
	return nil
}

// sideOf proves and prices a design.
func sideOf(d *design, failures bool) change.Side {
	n := d.result.Network
	s := change.Side{Network: n, Atlas: d.atlas, Proof: verify.New(n, d.atlas)}
	s.Bill = price.Compute(n, d.atlas, s.Proof.Tables)
	if failures {
		f := outage.New(s.Proof).Try(outage.Options{At: 1})
		s.Failures = &f
	}
	return s
}
