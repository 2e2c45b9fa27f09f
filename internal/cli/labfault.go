package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/cli/labview"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/lab"
	"github.com/tieline/tieline/internal/vocab"
)

// faultOptions say what a fault is about.
type faultOptions struct {
	tunnel int
	part   string
	args   []string // two ends, or the id of a link
}

func (f *faultOptions) flags(c *cobra.Command, o *labOptions) {
	c.Flags().IntVar(&f.tunnel, "tunnel", -1, "only the tunnel with this `number`, from 0")
	c.Flags().StringVar(&f.part, "part", "", "something that fails as one, instead of a link: `\"gateway gcp-oregon/vpn#0\"`")
	c.ValidArgsFunction = o.completeLinks
	must(c.RegisterFlagCompletionFunc("part", func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		_, n, err := o.named(c.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return n.Parts, cobra.ShellCompDirectiveNoFileComp
	}))
	c.Args = func(c *cobra.Command, args []string) error {
		f.args = args
		switch {
		case f.part != "" && len(args) > 0:
			return &usageError{text: "--part takes the place of a link: give one of them"}
		case f.part != "" && c.Flags().Changed("tunnel"):
			return &usageError{text: "--part and --tunnel: give one of them", hint: "a part may be a tunnel: --part \"tunnel aws-oregon--gcp-oregon/0\""}
		case f.part == "" && len(args) != 1 && len(args) != 2:
			return &usageError{text: c.CommandPath() + " takes the two sites of a link, the link's id, or --part", hint: "for example: " + c.CommandPath() + " aws-oregon gcp-oregon"}
		case c.Flags().Changed("tunnel") && f.tunnel < 0:
			return &usageError{text: fmt.Sprintf("--tunnel counts from 0, there is no %d", f.tunnel)}
		}
		return nil
	}
}

// ends gives the ends, or the link, of the arguments.
func (f *faultOptions) ends() (a, b string) {
	args := append(slices.Clone(f.args), "", "")
	return args[0], args[1]
}

// known checks what a fault is about against what there is. A link that is
// named by its id becomes its two sites, by which faults are kept.
func known(n *lab.Names, q *lab.FaultRequest) error {
	if q.Part != "" {
		if slices.Contains(n.Parts, q.Part) || strings.HasPrefix(q.Part, "region ") || strings.HasPrefix(q.Part, "cloud ") {
			return nil
		}
		return &usageError{text: fmt.Sprintf("nothing in the lab that fails as one is %q", q.Part), hint: diag.Suggest(q.Part, n.Parts)}
	}
	var sites, links []string
	for _, k := range n.Links {
		if q.A == k.ID && q.B == "" || q.A == k.Sites[0] && q.B == k.Sites[1] || q.A == k.Sites[1] && q.B == k.Sites[0] {
			if q.B == "" {
				q.A, q.B = k.Sites[0], k.Sites[1]
			}
			if q.Tunnel >= k.Tunnels && q.Tunnel >= 0 {
				return &usageError{text: fmt.Sprintf("link %s has no tunnel %d", k.ID, q.Tunnel), hint: fmt.Sprintf("it has %d, from 0", k.Tunnels)}
			}
			return nil
		}
		sites = append(sites, k.Sites[0], k.Sites[1])
		links = append(links, k.ID)
	}
	e := &usageError{text: fmt.Sprintf("no link joins %s and %s", q.A, q.B)}
	if q.B == "" {
		e.text = fmt.Sprintf("the lab has no link %q", q.A)
		e.hint = diag.Suggest(q.A, links)
	}
	for _, ref := range []string{q.A, q.B} {
		if ref != "" && q.B != "" && !slices.Contains(sites, ref) && !strings.Contains(ref, "/") {
			e.hint = diag.Suggest(ref, sites)
		}
	}
	if e.hint == "" {
		e.hint = "links are " + strings.Join(links, ", ")
	}
	return e
}

// fault puts one in force and prints it.
func (a *app) fault(ctx context.Context, o *labOptions, q lab.FaultRequest) error {
	client, names, err := o.named(ctx)
	if err != nil {
		return err
	}
	// Gateways are ends too, which the names do not list: the lab judges them.
	if !strings.Contains(q.A+q.B, "/") {
		if err := known(&names, &q); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	f, err := client.Fault(ctx, q)
	if err != nil {
		return err
	}
	if a.json {
		return a.out.JSON(labview.FaultsJSON([]lab.Fault{f}))
	}
	labview.Struck(a.out, f)
	return nil
}

// faultKinds are the values of --kind.
func faultKinds() []string {
	var out []string
	for _, k := range lab.FaultKinds {
		out = append(out, string(k))
	}
	return out
}

func (a *app) labCut(o *labOptions) *cobra.Command {
	var f faultOptions
	var kind string
	c := &cobra.Command{
		Use:   "cut A B",
		Short: "Cut a link, one of its tunnels, or what fails as one",
		Long: `Cuts what joins two sites. The kinds: blackhole, packets vanish on the way and
nobody is told; oneway, they vanish from A to B only; interface, the outside
device of A's end goes down; daemon, what carries the tunnel at A is killed with
SIGKILL.`,
		Example: `  tieline lab cut aws-oregon gcp-oregon
  tieline lab cut aws-oregon gcp-oregon --tunnel 2 --kind oneway
  tieline lab cut --part "gateway gcp-oregon/vpn#0"`,
		RunE: func(c *cobra.Command, _ []string) error {
			if !slices.Contains(faultKinds(), kind) {
				return &usageError{text: fmt.Sprintf("--kind %q is none of %s", kind, strings.Join(faultKinds(), ", ")), hint: diag.Suggest(kind, faultKinds())}
			}
			q := lab.FaultRequest{Kind: lab.FaultKind(kind), Tunnel: f.tunnel, Part: f.part}
			q.A, q.B = f.ends()
			return a.fault(c.Context(), o, q)
		},
	}
	f.flags(c, o)
	c.Flags().StringVar(&kind, "kind", string(lab.Blackhole), "`how`: blackhole, daemon, interface or oneway")
	must(c.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(faultKinds(), cobra.ShellCompDirectiveNoFileComp)))
	return c
}

func (a *app) labHeal(o *labOptions) *cobra.Command {
	part := ""
	c := &cobra.Command{
		Use:   "heal [A B]",
		Short: "End the faults of a link, or all",
		Example: `  tieline lab heal
  tieline lab heal aws-oregon gcp-oregon`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 2:
				return &usageError{text: fmt.Sprintf("heal takes the two sites of a link, not %d words", len(args)), hint: "without any it ends all faults"}
			case len(args) > 0 && part != "":
				return &usageError{text: "--part takes the place of a link: give one of them"}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			args = append(slices.Clone(args), "", "")
			return a.heal(c.Context(), o, lab.FaultRequest{A: args[0], B: args[1], Part: part, Tunnel: -1})
		},
		ValidArgsFunction: o.completeLinks,
	}
	c.Flags().StringVar(&part, "part", "", "end the faults of this `part`")
	return c
}

// heal ends faults and prints them.
func (a *app) heal(ctx context.Context, o *labOptions, q lab.FaultRequest) error {
	client, names, err := o.named(ctx)
	if err != nil {
		return err
	}
	if q.A != "" && !strings.Contains(q.A+q.B, "/") {
		if err := known(&names, &q); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	healed, err := client.Heal(ctx, q.A, q.B, q.Part)
	if err != nil {
		return err
	}
	if a.json {
		return a.out.JSON(labview.FaultsJSON(healed))
	}
	labview.Healed(a.out, healed, time.Now())
	return nil
}

func (a *app) labDegrade(o *labOptions) *cobra.Command {
	var f faultOptions
	var delay time.Duration
	var loss, rate string
	c := &cobra.Command{
		Use:   "degrade A B",
		Short: "Make a link slower, lossy or narrow",
		Example: `  tieline lab degrade aws-oregon gcp-oregon --delay 80ms --loss 2%
  tieline lab degrade aws-oregon gcp-oregon --tunnel 0 --rate 100Mbps`,
		RunE: func(c *cobra.Command, _ []string) error {
			q := lab.FaultRequest{Kind: lab.Degrade, Tunnel: f.tunnel, Part: f.part, Delay: float64(delay) / float64(time.Millisecond)}
			q.A, q.B = f.ends()
			var err error
			if q.Loss, err = parsePercent(loss); err != nil {
				return err
			}
			if rate != "" {
				if q.Rate, err = vocab.ParseRate(rate); err != nil {
					return &usageError{text: "--rate: " + err.Error()}
				}
			}
			switch {
			case delay < 0:
				return &usageError{text: fmt.Sprintf("--delay %s is below 0", delay)}
			case q.Delay == 0 && q.Loss == 0 && q.Rate == 0:
				return &usageError{text: "degrade by what?", hint: "--delay 80ms, --loss 2%, --rate 100Mbps, or several"}
			}
			return a.fault(c.Context(), o, q)
		},
	}
	f.flags(c, o)
	c.Flags().DurationVar(&delay, "delay", 0, "this `time` more, each way: 80ms")
	c.Flags().StringVar(&loss, "loss", "", "lose this `part` of packets: 2%")
	c.Flags().StringVar(&rate, "rate", "", "at most this `rate`: 100Mbps")
	return c
}

// parsePercent reads 2% as 0.02.
func parsePercent(s string) (float64, error) {
	if s == "" {
		return 0, nil
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(s, "%")), 64)
	if err != nil || !strings.HasSuffix(s, "%") || !(f >= 0 && f <= 100) {
		return 0, &usageError{text: fmt.Sprintf("--loss %q is no part of 0%% to 100%%", s), hint: "for example --loss 2%"}
	}
	return f / 100, nil
}
