package cli

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/assert"
	"github.com/tieline/tieline/internal/audit"
	"github.com/tieline/tieline/internal/cli/report"
	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/verify"
)

type checkOptions struct {
	fail      int
	maxSets   int
	watch     bool
	terraform string
	report    string
	level     string
	verbose   bool
}

// levels are the values of --level, the worst first.
var levels = []string{"error", "warning", "note"}

func (a *app) checkCommand() *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use:   "check [SPEC]",
		Short: "Prove the network: what reaches what, what each failure takes away, what is unwise",
		Long: `Works out what the clouds' control planes make of the network, follows every
class of packets between every two places both ways, holds that against policy,
tries each failure, and audits the design. Nothing is sampled; each finding has
its place, a stable code (docs/diagnostics.md explains them), and where a packet
shows it, that packet with its hops.

Ends with exit code 3 when there are findings of --level or worse. A finding can
be waived in the spec, with a reason and a last day. The lock is read, not
written.`,
		Example: `  tieline check
  tieline check --fail 2
  tieline check --watch
  tieline check --terraform plan.json   # of terraform show -json, no spec needed
  tieline check --report out/audit      # for an auditor: HTML and JSON`,
		Args: a.specArg,
		RunE: func(c *cobra.Command, _ []string) error { return a.check(c.Context(), o) },
	}
	c.Flags().IntVar(&o.fail, "fail", 1, "how many `parts` fail at once: 0, 1 or 2")
	c.Flags().IntVar(&o.maxSets, "max-sets", 200000, "refuse, with an estimate, to try more `sets` of failed parts than this")
	c.Flags().BoolVar(&o.watch, "watch", false, "check again at each save, until interrupted")
	c.Flags().StringVar(&o.terraform, "terraform", "", "prove what a `file` of terraform show -json says, instead of a spec")
	c.Flags().StringVar(&o.report, "report", "", "write the audit as HTML and JSON into a `folder`")
	c.Flags().StringVar(&o.level, "level", "warning", "the least `severity` that makes the exit code 3: error, warning or note")
	c.Flags().BoolVar(&o.verbose, "verbose", false, "show every line of every list, and the packets of notes")
	must(c.RegisterFlagCompletionFunc("level", cobra.FixedCompletions(levels, cobra.ShellCompDirectiveNoFileComp)))
	return c
}

func (o checkOptions) validate(spec bool) error {
	switch {
	case o.fail < 0 || o.fail > 2:
		return &usageError{text: fmt.Sprintf("--fail %d: it is 0, 1 or 2", o.fail)}
	case !slices.Contains(levels, o.level):
		e := &usageError{text: "--level " + o.level + ": it is one of " + strings.Join(levels, ", ")}
		e.hint = diag.Suggest(o.level, levels)
		return e
	case o.terraform != "" && spec:
		return &usageError{text: "--terraform takes the place of a spec: give one of them"}
	case o.watch && o.terraform != "":
		return &usageError{text: "--watch watches a spec, not a file of Terraform's"}
	}
	return nil
}

func (a *app) check(ctx context.Context, o checkOptions) error {
	if err := o.validate(a.spec != "."); err != nil {
		return err
	}
	if o.watch {
		return a.watch(ctx, o)
	}
	return a.checkOnce(ctx, o)
}

// writeReport writes the audit into a folder, as a page and for programs.
func writeReport(folder string, r audit.Report) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	for _, f := range []struct {
		name  string
		write func(io.Writer, audit.Report) error
	}{{"audit.html", report.HTML}, {"audit.json", report.JSON}} {
		var b bytes.Buffer
		if err := f.write(&b, r); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
		if err := writeFile(filepath.Join(folder, f.name), b.Bytes()); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
	}
	return nil
}

func (a *app) checkOnce(ctx context.Context, o checkOptions) error {
	s, err := a.subject(ctx, o.terraform)
	if err != nil {
		return err
	}
	k := newChecking(s, o)
	k.failures(func() bool { return ctx.Err() != nil }, a.progress("sets of failed parts tried"))
	if err := ctx.Err(); err != nil {
		return err
	}
	c := k.result()
	if o.report != "" {
		if err := writeReport(o.report, audit.NewReport(s.network, s.name, c.Findings, c.Failures, time.Now().UTC())); err != nil {
			return err
		}
	}
	if a.json {
		err = a.out.JSON(view.CheckJSON(c))
	} else {
		a.out.Check(c)
	}
	if err != nil {
		return err
	}
	if c.Worse(diag.Severity(slices.Index(levels, o.level) + 1)) {
		return errFindings
	}
	return nil
}

// checking is a check under way.
type checking struct {
	subject *subject
	options checkOptions
	proof   *verify.Proof
	outages *outage.Model
	today   time.Time
	sound   []verify.Finding // of the healthy network
	failed  *outage.Report
}

// newChecking proves and audits the healthy network.
func newChecking(s *subject, o checkOptions) *checking {
	k := &checking{subject: s, options: o, proof: verify.New(s.network, s.atlas), today: time.Now().UTC().Truncate(24 * time.Hour)}
	k.outages = outage.New(k.proof)
	bill := price.Compute(s.network, s.atlas, k.proof.Tables)
	drilled, lock := s.drilled()
	k.sound = append(k.proof.Findings(), audit.Run(audit.Input{
		Network: s.network, Atlas: s.atlas, Proof: k.proof, Outages: k.outages, Bill: &bill, Asserted: k.asserted(), Drill: drilled, Lock: lock, Today: k.today,
	})...)
	return k
}

// asserted returns what says whether the assertions kept beside the spec hold
// without a link; nil where there are none that can be judged.
func (k *checking) asserted() func(without fabric.LinkID) bool {
	d := k.subject.design
	if d == nil {
		return nil
	}
	file := spec.TestsFile(k.subject.name)
	if _, err := os.Stat(file); err != nil {
		return nil
	}
	tests, diags := spec.LoadTests(file, spec.NewIndex(&d.spec), d.atlas.AreaNames())
	if diags.HasErrors() {
		return nil // tieline test reports them
	}
	judge := func(p *verify.Proof) []assert.Result {
		results, _ := assert.Run(&d.spec, tests, p, assert.Options{})
		return results
	}
	healthy := sync.OnceValue(func() []assert.Result { return judge(k.proof) })
	return func(without fabric.LinkID) bool {
		results := judge(verify.New(k.subject.network.Without(without), k.subject.atlas))
		return slices.EqualFunc(healthy(), results, func(a, b assert.Result) bool { return a.Verdict == b.Verdict })
	}
}

// failures tries what can fail, until it is done or to be stopped.
func (k *checking) failures(stopped func() bool, progress func(done, total int)) {
	if k.options.fail == 0 {
		return
	}
	r := k.outages.Try(outage.Options{At: k.options.fail, MaxSets: k.options.maxSets, Progress: progress, Stopped: stopped})
	k.failed = &r
}

// result is what there is to say, with the waivers of the spec.
func (k *checking) result() view.Check {
	findings := slices.Clone(k.sound)
	if k.failed != nil {
		findings = append(findings, k.failed.Findings...)
	}
	slices.SortStableFunc(findings, func(x, y verify.Finding) int {
		return cmp.Or(cmp.Compare(x.Severity, y.Severity), x.Pos.Compare(y.Pos), cmp.Compare(x.Code, y.Code))
	})
	return view.Check{
		Network: k.subject.network.Name, Source: k.options.terraform, Stats: k.proof.Stats(), Verbose: k.options.verbose,
		Failures: k.failed, Findings: audit.Waive(k.subject.network, findings, k.today),
	}
}
