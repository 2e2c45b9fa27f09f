package cli

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/cli/labview"
	"github.com/tieline/tieline/internal/lab"
)

func (a *app) labVerify(o *labOptions) *cobra.Command {
	var q lab.VerifyRequest
	c := &cobra.Command{
		Use:   "verify",
		Short: "Hold real packets and learned routes against the proof",
		Long: `Sends real packets between every two machines, both ways, on every port that any
rule names and on one that none does, and compares what comes of each with what
tieline check proves; and compares the routes that live BGP has brought with
those that the proof computes. A disagreement shows both witnesses. What the
proof cannot decide is listed as not compared, and counts for nothing.

Exit codes: 0 when all agree; 3 when something differs; 1 when it could not be
compared.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := o.client()
			if err != nil {
				return err
			}
			return a.verify(c.Context(), client, q)
		},
	}
	c.Flags().BoolVar(&q.Failures, "failures", false, "again in each single failure of a tunnel and of a gateway's instance; best with a lab brought up with --fast")
	return c
}

// verify compares and prints; a difference is errFindings.
func (a *app) verify(ctx context.Context, client *lab.Client, q lab.VerifyRequest) error {
	bar := labview.NewProgress(a.err)
	report, err := client.Verify(ctx, q, func(u lab.VerifyUpdate) error {
		switch {
		case u.Progress != nil && a.json:
			return json.NewEncoder(a.out).Encode(u)
		case u.Progress != nil && a.err.IsTerminal():
			bar.Show(*u.Progress)
		case u.Round != nil && !a.json && q.Failures:
			bar.Stop()
			labview.Round(a.out, u.Round)
		}
		return nil
	})
	bar.Stop()
	if err != nil {
		return err
	}
	if a.json {
		err = json.NewEncoder(a.out).Encode(labview.VerifyJSON(report))
	} else {
		labview.Verify(a.out, report, q.Failures)
	}
	if err == nil && !report.Agrees() {
		return errFindings
	}
	return err
}
