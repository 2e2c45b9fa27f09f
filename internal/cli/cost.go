package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/routes"
)

type costOptions struct {
	by           string
	scenarios    bool
	alternatives bool
}

// groupings are the values of --by.
var groupings = []string{"link", "site", "cloud", "item"}

func (a *app) costCommand() *cobra.Command {
	var o costOptions
	c := &cobra.Command{
		Use:   "cost [SPEC]",
		Short: "Show the monthly bill, and what the same traffic would cost by other ways",
		Long: `Prints the monthly bill at list prices, each position with its quantity, unit
price, and the date and mark of the price: V verified, S from a secondary
source, R unverified. Taxes, support plans, commitments and machines are not in
it. A file of your own with negotiated prices goes under facts in the spec.

For each link follow the other ways known to carry its traffic, with the volume
a month from which each is cheaper.

With --scenarios it prints instead what a GB and a TB cost today between the
places of the network: inside a region, between regions, cloud to cloud over the
internet and privately, and on-prem.`,
		Example: `  tieline cost
  tieline cost --by site --alternatives=false
  tieline cost --scenarios`,
		Args: a.specArg,
		RunE: func(c *cobra.Command, _ []string) error { return a.cost(c.Context(), o) },
	}
	c.Flags().StringVar(&o.by, "by", "link", "group the positions by `link`, site, cloud or item")
	c.Flags().BoolVar(&o.scenarios, "scenarios", false, "print today's price of the usual ways instead")
	c.Flags().BoolVar(&o.alternatives, "alternatives", true, "compare each link with the other ways")
	must(c.RegisterFlagCompletionFunc("by", cobra.FixedCompletions(groupings, cobra.ShellCompDirectiveNoFileComp)))
	return c
}

func (a *app) cost(ctx context.Context, o costOptions) error {
	by, ok := view.ParseGrouping(o.by)
	if !ok {
		e := &usageError{text: "--by " + o.by + ": it is one of " + strings.Join(groupings, ", ")}
		e.hint = diag.Suggest(o.by, groupings)
		return e
	}
	d, err := load(ctx, a.spec)
	if err != nil {
		return err
	}
	n := d.result.Network
	if o.scenarios {
		list := price.Scenarios(n, d.atlas)
		if a.json {
			return a.out.JSON(view.ScenariosJSON(list))
		}
		a.out.Scenarios(list)
		return nil
	}
	t := routes.Compute(n, d.atlas, nil)
	v := view.Cost{Network: n.Name, Bill: price.Compute(n, d.atlas, t), By: by}
	if o.alternatives {
		v.Links = price.Alternatives(n, d.atlas, t)
	}
	if a.json {
		return a.out.JSON(view.CostJSON(v))
	}
	a.out.Cost(v)
	return nil
}
