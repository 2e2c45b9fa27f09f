package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/cli/why"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/routes"
)

func (a *app) whyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "why X [FIELD]",
		Short: "Say where a derived value comes from",
		Long: `Prints the chain of reasons of a value in the network: the rules that led to it,
the facts they rest on with their sources, and the lines of the spec.

X is a CIDR or an address, an AS number, the /30 of a tunnel, a cipher or suite,
a SKU, an MTU, the name of a rule, an item of the bill, or the id of an object
(aws-oregon/ml, or its end: ml). FIELD narrows it: cidr, asn, suite, mtu, ...`,
		Example: `  tieline why 10.8.0.0/16
  tieline why 64512
  tieline why aes256-gcm16
  tieline why aws-oregon--gcp-oregon mtu
  tieline why "VPN connection"`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 1 || len(args) == 2 {
				return nil
			}
			return &usageError{text: "why takes a value or the id of an object, and a field of it", hint: "for example: tieline why 10.8.0.0/16"}
		},
		RunE:              func(c *cobra.Command, args []string) error { return a.why(c.Context(), args) },
		ValidArgsFunction: a.completeObjects,
	}
}

func (a *app) why(ctx context.Context, args []string) error {
	d, err := load(ctx, a.spec)
	if err != nil {
		return err
	}
	field := ""
	if len(args) == 2 {
		field = args[1]
	}
	n := d.result.Network
	found := why.Find(n, d.atlas, price.Compute(n, d.atlas, routes.Compute(n, d.atlas, nil)), args[0], field)
	if len(found.Answers) == 0 {
		what := fmt.Sprintf("%q", args[0])
		if field != "" {
			what += fmt.Sprintf(" with field %q", field)
		}
		e := &usageError{text: "nothing in the network is " + what}
		if len(found.Near) > 0 {
			e.hint = "near it: " + strings.Join(found.Near, ", ")
		}
		return e
	}
	found.Quotes = quotes(found)
	if a.json {
		return a.out.JSON(view.WhyJSON(found))
	}
	a.out.Why(found)
	return nil
}

// quotes reads the lines of the spec that answers point to.
func quotes(f why.Found) map[diag.Pos]string {
	lines := map[string][]string{}
	out := map[diag.Pos]string{}
	for _, pos := range f.Places() {
		if _, ok := lines[pos.File]; !ok {
			data, err := os.ReadFile(pos.File)
			if err != nil {
				data = nil // the place is printed without its text
			}
			lines[pos.File] = strings.Split(string(data), "\n")
		}
		if all := lines[pos.File]; pos.Line >= 1 && pos.Line <= len(all) {
			out[pos] = strings.TrimSpace(all[pos.Line-1])
		}
	}
	return out
}

// completeObjects offers the ids of the network's sites, links and VPCs.
func (a *app) completeObjects(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	d, err := load(c.Context(), a.spec)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var ids []string
	n := d.result.Network
	for _, s := range n.Sites {
		ids = append(ids, string(s.ID))
	}
	for _, v := range n.VPCs {
		ids = append(ids, string(v.ID))
	}
	for _, s := range n.Subnets {
		ids = append(ids, string(s.ID))
	}
	for _, l := range n.Links {
		ids = append(ids, string(l.ID))
	}
	for _, g := range n.Gateways {
		ids = append(ids, string(g.ID))
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}
