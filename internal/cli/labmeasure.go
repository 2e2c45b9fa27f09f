package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/cli/labview"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/lab"
	"github.com/tieline/tieline/internal/vocab"
)

// ends2 takes two machines and perhaps a service.
func ends2(c *cobra.Command, args []string) error {
	if len(args) != 2 && len(args) != 3 {
		return &usageError{text: c.CommandPath() + " takes two machines, and perhaps a service", hint: "for example: " + c.CommandPath() + " aws-oregon/ml/training azure-wus2/ml/data tcp/5432"}
	}
	if len(args) < 3 {
		return nil
	}
	if _, err := vocab.ParseService(args[2]); err != nil {
		return &usageError{text: err.Error()}
	}
	return nil
}

// pair finds two machines by any of their names.
func (o *labOptions) pair(ctx context.Context, args []string) (client *lab.Client, from, to string, err error) {
	client, names, err := o.named(ctx)
	if err != nil {
		return nil, "", "", err
	}
	if from, err = machine(&names, args[0]); err == nil {
		to, err = machine(&names, args[1])
	}
	return client, from, to, err
}

func service(args []string) string {
	if len(args) == 3 {
		return args[2]
	}
	return ""
}

func (a *app) labPing(o *labOptions) *cobra.Command {
	var q lab.PingRequest
	var every time.Duration
	c := &cobra.Command{
		Use:   "ping A B [SERVICE]",
		Short: "Measure round trips from one machine to another",
		Long: `Measures round trips by probes one after the other, with what policy lets
through: ICMP echo, or the first service that is open, or the one that is named.

Exit codes: 0 when something was answered; 1 when nothing was.`,
		Example: `  tieline lab ping aws-oregon/ml/training azure-wus2/ml/data
  tieline lab ping aws-oregon/ml/training azure-wus2/ml/data tcp/5432 --count 100`,
		Args: ends2,
		RunE: func(c *cobra.Command, args []string) error {
			if q.Count < 1 || every <= 0 {
				return &usageError{text: "--count and --every are above 0"}
			}
			client, from, to, err := o.pair(c.Context(), args)
			if err != nil {
				return err
			}
			q.From, q.To, q.Service, q.Every = from, to, service(args), float64(every)/float64(time.Millisecond)
			r, err := client.PingMachines(c.Context(), q)
			if err != nil {
				return err
			}
			if a.json {
				err = a.out.JSON(labview.PingJSON(r))
			} else {
				labview.Ping(a.out, r)
			}
			if err == nil && r.Answered == 0 {
				return fmt.Errorf("no answer of %s: %s", to, r.Why)
			}
			return err
		},
		ValidArgsFunction: o.completeMachines(2),
	}
	c.Flags().IntVarP(&q.Count, "count", "c", 10, "this `many` probes")
	c.Flags().DurationVar(&every, "every", 100*time.Millisecond, "the `time` from one to the next")
	return c
}

func (a *app) labIperf(o *labOptions) *cobra.Command {
	var q lab.IperfRequest
	length := 5 * time.Second
	c := &cobra.Command{
		Use:   "iperf A B [SERVICE]",
		Short: "Measure the throughput from one machine to another",
		Long: `Sends as much as goes over one TCP connection for a while, to a port that policy
opens. All of the lab shares this machine's processors: what is measured says
what the lab can carry, and what a link that was degraded lets through, not what
the clouds would.`,
		Example: `  tieline lab iperf aws-oregon/ml/training azure-wus2/ml/data --for 10s`,
		Args:    ends2,
		RunE: func(c *cobra.Command, args []string) error {
			if length <= 0 {
				return &usageError{text: "--for is above 0"}
			}
			client, from, to, err := o.pair(c.Context(), args)
			if err != nil {
				return err
			}
			q.From, q.To, q.Service, q.Seconds = from, to, service(args), length.Seconds()
			r, err := client.Iperf(c.Context(), q)
			if err != nil {
				return err
			}
			if a.json {
				return a.out.JSON(labview.IperfJSON(r))
			}
			labview.Iperf(a.out, r)
			return nil
		},
		ValidArgsFunction: o.completeMachines(2),
	}
	c.Flags().DurationVar(&length, "for", length, "send for this `time`")
	return c
}

type drillOptions struct {
	lab.DrillRequest
	out string
}

func (a *app) labDrill(o *labOptions) *cobra.Command {
	var d drillOptions
	c := &cobra.Command{
		Use:   "drill",
		Short: "Make each single failure in turn, under traffic, and hold it against the proof",
		Long: `Makes each tunnel, gateway and link fail in turn (with --all sites, regions and
clouds too), with 100 packets a second on every flow of policy whose way it is
on, and says how many were lost, how long it took to recover, by which way, and
whether that is what the proof says. The report is kept as JSON and as a page
under drills beside the spec, with the hash of the lock that ran, where the
audit looks for it.

Exit codes: 0 when all went as the proof says; 3 when a flow did not.`,
		Example: `  tieline lab drill
  tieline lab drill --all
  tieline lab drill --part "tunnel aws-oregon--gcp-oregon/0"`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if d.All && len(d.Parts) > 0 {
				return &usageError{text: "--all and --part: give one of them"}
			}
			return a.drill(c.Context(), o, d)
		},
	}
	c.Flags().BoolVar(&d.All, "all", false, "sites, regions and clouds too")
	c.Flags().StringArrayVar(&d.Parts, "part", nil, "only this `part`; may be given several times")
	c.Flags().StringVarP(&d.out, "output", "o", "", "keep the report under drills in this `folder` (default: beside the spec)")
	return c
}

func (a *app) drill(ctx context.Context, o *labOptions, d drillOptions) error {
	dir, err := o.dir()
	if err != nil {
		return err
	}
	launched, err := dir.Launched()
	if err != nil {
		return err
	}
	client, names, err := o.named(ctx)
	if err != nil {
		return err
	}
	for _, part := range d.Parts {
		if hint := diag.Suggest(part, names.Parts); hint != "" && !slices.Contains(names.Parts, part) {
			return &usageError{text: fmt.Sprintf("nothing in the lab that fails as one is %q", part), hint: hint}
		}
	}
	bar := labview.NewProgress(a.err)
	report, err := client.Drill(ctx, d.DrillRequest, func(u lab.DrillUpdate) error {
		switch {
		case a.json && u.Progress != nil:
			return json.NewEncoder(a.out).Encode(u)
		case u.Progress != nil && a.err.IsTerminal():
			bar.Show(*u.Progress)
		case u.Failure != nil && !a.json:
			bar.Stop()
			labview.Failure(a.out, u.Failure)
		}
		return nil
	})
	bar.Stop()
	if err != nil {
		return err
	}
	if len(report.Failures) == 0 {
		why := "the lab carries nothing that fails with it"
		if len(report.Skipped) > 0 {
			why = report.Skipped[0].Part + ": " + report.Skipped[0].Why
		}
		return fmt.Errorf("no failure was tried, and nothing is kept: %s", why)
	}
	if d.out == "" {
		d.out = launched.Spec
		if st, err := os.Stat(launched.Spec); err == nil && !st.IsDir() {
			d.out = filepath.Dir(launched.Spec)
		}
	}
	data, page, err := report.Keep(d.out)
	if err != nil {
		return err
	}
	if a.json {
		err = json.NewEncoder(a.out).Encode(labview.DrillJSON(report, data, page))
	} else {
		labview.Drill(a.out, report, data, page)
	}
	if err == nil && report.Against() > 0 {
		return errFindings
	}
	return err
}
