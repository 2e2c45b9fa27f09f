package cli

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/cli/space"
	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/prefix"
)

func (a *app) ipamCommand() *cobra.Command {
	var check []string
	c := &cobra.Command{
		Use:   "ipam [SPEC]",
		Short: "Show the address plan with use and free space, or what a range would collide with",
		Long: `Prints the address plan as a tree: pools, the blocks of clouds and sites, networks
and subnets, each with how much of it is given out and the largest block that is
still free in it.

With --check it says instead what ranges would collide with, and exits with 3
when one does, with 0 when all are free.`,
		Example: `  tieline ipam
  tieline ipam --check 10.77.0.0/16 10.8.0.0/20`,
		Args: func(c *cobra.Command, args []string) error {
			// After --check all that looks like a range is one: --check A B.
			for len(check) > 0 && len(args) > 0 {
				if _, err := netip.ParsePrefix(args[0]); err != nil {
					break
				}
				check, args = append(check, args[0]), args[1:]
			}
			return a.specArg(c, args)
		},
		RunE: func(c *cobra.Command, _ []string) error { return a.ipam(c.Context(), check) },
	}
	c.Flags().StringSliceVar(&check, "check", nil, "say what these `CIDR`s would collide with")
	return c
}

func (a *app) ipam(ctx context.Context, check []string) error {
	ranges := make([]netip.Prefix, 0, len(check))
	for _, s := range check {
		r, err := prefix.ParsePrefixStrict(s)
		if err != nil {
			return &usageError{text: fmt.Sprintf("--check %s: %v", s, err), hint: "a range is written like 10.77.0.0/16"}
		}
		ranges = append(ranges, r)
	}
	d, err := load(ctx, a.spec)
	if err != nil {
		return err
	}
	if len(ranges) == 0 {
		tree := space.NewTree(d.result.Network, d.result.Lock.Freed())
		if a.json {
			return a.out.JSON(view.TreeJSON(tree))
		}
		a.out.Tree(tree)
		return nil
	}
	checks := space.Check(d.result.Network, d.result.Lock.Freed(), d.atlas, ranges)
	if a.json {
		err = a.out.JSON(view.ChecksJSON(checks))
	} else {
		a.out.Checks(checks)
	}
	if err != nil {
		return err
	}
	for _, c := range checks {
		if c.Collides() {
			return errFindings
		}
	}
	return nil
}
