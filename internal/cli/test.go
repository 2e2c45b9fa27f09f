package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/assert"
	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/verify"
)

type testOptions struct {
	tests string
	junit string
}

func (a *app) testCommand() *cobra.Command {
	var o testOptions
	c := &cobra.Command{
		Use:   "test [SPEC]",
		Short: "Hold the network against the assertions kept beside the spec",
		Long: `Compiles the spec and judges each assertion of its test file: network.test.yaml
beside network.yaml. Each is proved on the compiled network, over all packets
and all equal-cost ways; one that fails shows a packet, its hops and the line
behind them. docs/tests.md has the eight verbs.

Exit codes: 0 when all pass; 3 when one fails, or is unknown because it depends
on something that is not modelled; 2 when the spec or the test file has errors,
or there is no test file.`,
		Example: `  tieline test
  tieline test examples/ml-platform
  tieline test --junit report.xml       # for CI`,
		Args: a.specArg,
		RunE: func(c *cobra.Command, _ []string) error { return a.test(c.Context(), o) },
	}
	c.Flags().StringVar(&o.tests, "tests", "", "the test `file` (default: the spec's name with .test.yaml, beside it)")
	c.Flags().StringVar(&o.junit, "junit", "", "also write the results to a `file` as JUnit XML")
	return c
}

func (a *app) test(ctx context.Context, o testOptions) error {
	d, err := load(ctx, a.spec)
	if err != nil {
		return err
	}
	t := view.Test{Network: d.spec.Name.V, File: o.tests}
	if t.File == "" {
		t.File = spec.TestsFile(a.spec)
	}
	t.Results, err = abandonable(ctx, func() ([]assert.Result, error) { return d.test(t.File) })
	if err != nil {
		return err
	}
	if o.junit != "" {
		report, err := view.JUnit(t)
		if err != nil {
			return err
		}
		if err := writeFile(o.junit, report); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
	}
	if a.json {
		if err := a.out.JSON(view.TestJSON(t)); err != nil {
			return err
		}
	} else {
		a.out.Test(t)
	}
	if t.Passed() != len(t.Results) {
		return errFindings
	}
	return nil
}

// test reads a test file and judges its assertions.
func (d *design) test(path string) ([]assert.Result, error) {
	tests, diags := spec.LoadTests(path, spec.NewIndex(&d.spec), d.atlas.AreaNames())
	if diags.HasErrors() {
		return nil, &inputError{diags}
	}
	results, more := assert.Run(&d.spec, tests, verify.New(d.result.Network, d.atlas), assert.Options{})
	if diags = append(diags, more...); diags.HasErrors() {
		return nil, &inputError{diags.Sorted()}
	}
	return results, nil
}
