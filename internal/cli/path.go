package cli

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

type pathOptions struct {
	terraform string
	routes    string
}

func (a *app) pathCommand() *cobra.Command {
	var o pathOptions
	c := &cobra.Command{
		Use:   "path FROM TO [PORT]",
		Short: "Say whether A reaches B, hop by hop both ways, or what blocks it",
		Long: `Answers exactly, for every machine of FROM and every machine of TO, whether a
connection gets through and its replies get back, and shows a packet with each
filter, table, route and tunnel on its way; or the rule that ends it, with the
line of the spec behind it.

FROM and TO are a segment, a site, site:segment, site/network/subnet, a CIDR, an
address, or internet. PORT is tcp/443, udp/53, icmp, tcp or any (the default).

With --routes SITE it prints instead what the route tables of a site hold once
BGP has converged, and why each route won.`,
		Example: `  tieline path aws-oregon:inference gcp-oregon:training tcp/443
  tieline path internet azure-wus2:data
  tieline path 10.200.0.10 aws-oregon/ml/training tcp/22
  tieline path --routes gcp-oregon`,
		Args: func(c *cobra.Command, args []string) error { return o.args(args) },
		RunE: func(c *cobra.Command, args []string) error {
			if o.routes != "" {
				return a.siteRoutes(c.Context(), o)
			}
			return a.path(c.Context(), o, args)
		},
		ValidArgsFunction: a.completeEnds,
	}
	c.Flags().StringVar(&o.terraform, "terraform", "", "ask of what a `file` of terraform show -json says, instead of a spec")
	c.Flags().StringVar(&o.routes, "routes", "", "print the route tables of a `site`")
	return c
}

func (o pathOptions) args(args []string) error {
	switch {
	case o.routes != "" && len(args) > 0:
		return &usageError{text: "--routes takes no ends", hint: "tieline path --routes SITE"}
	case o.routes == "" && len(args) != 2 && len(args) != 3:
		return &usageError{text: "path takes where from, where to, and a port", hint: "for example: tieline path inference training tcp/443"}
	}
	return nil
}

func (a *app) path(ctx context.Context, o pathOptions, args []string) error {
	service := vocab.Service{}
	if len(args) == 3 {
		var err error
		if service, err = vocab.ParseService(args[2]); err != nil {
			e := &usageError{text: err.Error()}
			if _, number := strconv.ParseUint(args[2], 10, 16); number == nil {
				e.hint = "did you mean tcp/" + args[2] + "?"
			}
			return e
		}
	}
	s, err := a.subject(ctx, o.terraform)
	if err != nil {
		return err
	}
	from, err := end(s.network, args[0])
	if err != nil {
		return err
	}
	to, err := end(s.network, args[1])
	if err != nil {
		return err
	}
	if from.Internet && to.Internet {
		return &usageError{text: "both ends are the internet"}
	}
	proof := verify.New(s.network, s.atlas)
	for _, e := range []fabric.PolicyEnd{from, to} {
		if isNowhere(proof, e) {
			return &usageError{text: "nothing in the network has " + e.Ref, hint: "tieline ipam shows what has which addresses"}
		}
	}
	x := view.Path{From: args[0], To: args[1], Service: service.String(), Answer: proof.Flow(from, to, service)}
	if w := x.Answer.Yes; w != nil {
		x.There, x.Back = perGB(s, proof, w.Packet.Src, w.Packet.Dst), perGB(s, proof, w.Packet.Dst, w.Packet.Src)
	}
	if a.json {
		return a.out.JSON(view.PathJSON(x))
	}
	a.out.Path(x)
	return nil
}

// isNowhere reports whether an end is private addresses that nothing has.
func isNowhere(proof *verify.Proof, e fabric.PolicyEnd) bool {
	private := func(p netip.Prefix) bool { return p.Addr().IsPrivate() }
	return len(e.Prefixes) > 0 && !slices.ContainsFunc(e.Prefixes, func(p netip.Prefix) bool { return !private(p) }) && len(proof.PlacesOf(e)) == 0
}

// perGB prices the first way of a packet; nil when it has none, or what is on
// it has no price.
func perGB(s *subject, proof *verify.Proof, from, to netip.Addr) *view.PerGB {
	table, subnet := tableOf(proof, from)
	if table < 0 {
		return nil
	}
	paths, _ := proof.Tables.Trace(table, to)
	if len(paths) == 0 {
		return nil
	}
	c := price.PerGB(s.network, s.atlas, proof.Tables, subnet, paths[0])[0]
	if c.Lost || len(c.Missing) > 0 {
		return nil
	}
	out := &view.PerGB{USD: c.PerGB.Float()}
	for _, l := range c.Lines {
		out.Items = append(out.Items, fmt.Sprintf("%s %.4f", l.Item, l.Amount.Float()))
	}
	return out
}

// tableOf gives the table by which the machine of an address sends, and its
// subnet where it is of one; -1 where it stands outside the network.
func tableOf(proof *verify.Proof, a netip.Addr) (int, fabric.SubnetID) {
	for _, place := range proof.Places() {
		for _, part := range place.Parts {
			if part.Prefix.Contains(a) {
				return part.Table, place.Subnet
			}
		}
	}
	return -1, ""
}

// end resolves an end as it stands on the command line.
func end(n *fabric.Network, ref string) (fabric.PolicyEnd, error) {
	e, err := n.End(ref)
	var mistake *fabric.EndError
	if errors.As(err, &mistake) {
		return e, &usageError{text: mistake.Summary, hint: mistake.Hint}
	}
	return e, err
}

func (a *app) siteRoutes(ctx context.Context, o pathOptions) error {
	s, err := a.subject(ctx, o.terraform)
	if err != nil {
		return err
	}
	if _, ok := s.network.Site(fabric.SiteID(o.routes)); !ok {
		var names []string
		for _, x := range s.network.Sites {
			names = append(names, string(x.ID))
		}
		return &usageError{text: "there is no site \"" + o.routes + "\"", hint: diag.Suggest(o.routes, names)}
	}
	r := view.Routes{Site: o.routes, Tables: routes.Compute(s.network, s.atlas, nil)}
	for i := range r.Tables.Tables {
		tb := &r.Tables.Tables[i]
		v, _ := s.network.VPC(tb.VPC)
		if string(tb.Site) == o.routes || tb.Site == "" && slices.Contains(v.Sites, fabric.SiteID(o.routes)) {
			r.Shown = append(r.Shown, i)
		}
	}
	if a.json {
		return a.out.JSON(view.RoutesJSON(r))
	}
	a.out.Routes(r)
	return nil
}

// completeEnds offers what an end can name.
func (a *app) completeEnds(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 1 {
		return []string{"any", "icmp", "tcp/22", "tcp/443"}, cobra.ShellCompDirectiveNoFileComp
	}
	d, err := load(c.Context(), a.spec)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := []string{"internet"}
	for _, s := range d.result.Network.Segments {
		names = append(names, string(s.ID))
	}
	for _, s := range d.result.Network.Sites {
		names = append(names, string(s.ID))
	}
	for _, s := range d.result.Network.Subnets {
		if s.Purpose == fabric.Workload {
			names = append(names, string(s.ID))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
