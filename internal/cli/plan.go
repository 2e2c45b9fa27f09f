package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/routes"
)

type planOptions struct {
	locked   bool
	exitCode bool
}

func (a *app) planCommand() *cobra.Command {
	var o planOptions
	c := &cobra.Command{
		Use:   "plan [SPEC]",
		Short: "Show the network: sites, links, rules, findings, bill, and what changes",
		Long: `Compiles the spec and prints the network that it means: addresses, links with
their tunnels, rules, findings, the monthly bill at list prices, and what
changes against tieline.lock. It then writes the lock, beside the spec, so that
the next plan gives everything the same addresses; commit that file.`,
		Example: `  tieline plan
  tieline plan examples/triangle
  tieline plan --locked --exit-code     # in CI
  tieline plan --json | jq .links`,
		Args: a.specArg,
		RunE: func(c *cobra.Command, _ []string) error { return a.plan(c.Context(), o) },
	}
	c.Flags().BoolVar(&o.locked, "locked", false, "refuse to change tieline.lock (exit code 2)")
	c.Flags().BoolVar(&o.exitCode, "exit-code", false, "exit with 3 when there are warnings or the lock changes")
	return c
}

func (a *app) plan(ctx context.Context, o planOptions) error {
	d, err := load(ctx, a.spec)
	if err != nil {
		return err
	}
	n := d.result.Network
	tables := routes.Compute(n, d.atlas, nil)
	bill := price.Compute(n, d.atlas, tables)
	p := view.Plan{
		Network:  n,
		Atlas:    d.atlas,
		Bill:     bill,
		Findings: append(d.result.Diags, price.Findings(n, d.atlas, tables, bill, price.Age{})...).Sorted(),
		Lock:     d.result.Lock,
		LockPath: d.lockPath,
		NewLock:  d.newLock,
		Changes:  d.result.Changes,
	}
	if err := d.keep(o.locked); err != nil {
		return err
	}
	if a.json {
		err = a.out.JSON(view.PlanJSON(p))
	} else {
		a.out.Plan(p)
	}
	if err != nil {
		return err
	}
	if o.exitCode && (p.Findings.Count(diag.Warning) > 0 || d.changesLock()) {
		return errFindings
	}
	return nil
}
