package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/cli/labview"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/lab"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/render/nodes"
	"github.com/tieline/tieline/internal/spec"
)

// The hidden commands that a lab's first processes run.
const (
	supervisorCommand = "lab-supervisor"
	trialCommand      = "lab-trial"
)

// upOptions are the choices of a lab.
type upOptions struct {
	tunnels string
	lab.Options
}

func (o *upOptions) flags(c *cobra.Command) {
	c.Flags().StringVar(&o.tunnels, "tunnels", string(nodeconf.IPsec), "what carries VPN tunnels: ipsec, as planned, or `wireguard`")
	c.Flags().BoolVar(&o.Fast, "fast", false, "BFD and short timers on every session, as between tieline's own gateways, instead of what the clouds offer")
	c.Flags().IntVar(&o.Lifetime, "lifetimes", 1, "divide the lifetimes of SAs by `n`")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "of the emulated internet's chances")
	must(c.RegisterFlagCompletionFunc("tunnels", cobra.FixedCompletions(tunnelKinds, cobra.ShellCompDirectiveNoFileComp)))
}

// tunnelKinds are the values of --tunnels.
var tunnelKinds = []string{string(nodeconf.IPsec), string(nodeconf.WireGuard)}

func (o *upOptions) validate() error {
	switch o.Tunnels = nodeconf.TunnelKind(o.tunnels); o.Tunnels {
	case nodeconf.IPsec, nodeconf.WireGuard:
	default:
		return &usageError{text: fmt.Sprintf("--tunnels %q is neither ipsec nor wireguard", o.tunnels), hint: diag.Suggest(o.tunnels, tunnelKinds)}
	}
	if o.Lifetime < 1 {
		return &usageError{text: fmt.Sprintf("--lifetimes is at least 1, not %d", o.Lifetime)}
	}
	return nil
}

func (a *app) labUp(o *labOptions) *cobra.Command {
	var u upOptions
	c := &cobra.Command{
		Use:   "up [SPEC]",
		Short: "Bring the network up",
		Long: `Compiles the spec and brings it up on this machine, until every tunnel and BGP
session is established, routes stand still, and every flow that policy allows
and the proof says works has answered. Then it prints what runs. What the lab
needs of the machine is tried first; see tieline lab preflight.

Ctrl-C while it comes up takes it down again. With --json, progress is a line of
JSON each, and the last line is the state.`,
		Example: `  tieline lab up examples/triangle
  tieline lab up examples/triangle --tunnels wireguard --fast
  tieline lab up examples/triangle --lab second`,
		Args: a.specArg,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := a.bringUp(c.Context(), o, u)
			return err
		},
	}
	u.flags(c)
	return c
}

// bringUp brings a lab up and prints it. When it fails, or ctx ends meanwhile,
// nothing of it is left.
func (a *app) bringUp(ctx context.Context, o *labOptions, u upOptions) (lab.Dir, error) {
	if err := u.validate(); err != nil {
		return "", err
	}
	d, err := load(ctx, a.spec)
	if err != nil {
		return "", err
	}
	node, err := a.fit(ctx, d, u, false)
	if err != nil {
		return "", err
	}
	spec, err := filepath.Abs(a.spec)
	if err != nil {
		return "", err
	}
	self, err := lab.Self()
	if err != nil {
		return "", err
	}
	dir := lab.DirOf(d.result.Network.Name)
	if o.name != "" {
		dir = lab.DirOf(o.name)
	}
	args := []string{
		supervisorCommand, "--dir", string(dir), "-f", spec, "--node", node,
		"--tunnels", string(u.Tunnels), fmt.Sprintf("--fast=%t", u.Fast), "--lifetimes", fmt.Sprint(u.Lifetime), "--seed", fmt.Sprint(u.Seed),
	}
	launched := lab.Launched{Network: d.result.Network.Name, Spec: spec, Lock: d.result.Lock.Hash(), Options: u.Options, Node: node}
	client, err := lab.Launch(ctx, dir, launched, self, args)
	if err != nil {
		return "", err
	}
	if err := a.follow(ctx, client); err != nil {
		left := lab.Down(context.WithoutCancel(ctx), dir)
		if errors.Is(left, lab.ErrNoLab) {
			left = nil // it noticed by itself
		}
		return "", errors.Join(err, left)
	}
	look, err := a.look(ctx, client, nil, true)
	if err != nil {
		return dir, err
	}
	if a.json {
		return dir, json.NewEncoder(a.out).Encode(labview.UpJSON(*look))
	}
	labview.Up(a.out, *look)
	return dir, nil
}

// follow shows the bringing up until it is done.
func (a *app) follow(ctx context.Context, client *lab.Client) error {
	if a.json {
		lines := json.NewEncoder(a.out)
		return client.Progress(ctx, func(p lab.Progress) error { return lines.Encode(p) })
	}
	bar := labview.NewProgress(a.err)
	defer bar.Stop()
	return client.Progress(ctx, func(p lab.Progress) error {
		bar.Show(p)
		return nil
	})
}

// fit tries whether the machine can run a design (nil: any), and gives the
// path of tieline-node. What is missing is printed, and an error; all of it is
// with all.
func (a *app) fit(ctx context.Context, d *design, u upOptions, all bool) (node string, err error) {
	in := lab.PreflightInput{Tunnels: u.Tunnels, Args: []string{trialCommand, "--tunnels", string(u.Tunnels)}}
	if d != nil {
		if in.Plan, err = nodes.Render(d.result.Network, d.atlas, nodes.Options{Tunnels: u.Tunnels, Fast: u.Fast, Lifetime: u.Lifetime}); err != nil {
			return "", err
		}
	}
	if in.Node, in.NodeFix, err = nodeBinary(); err != nil {
		return "", err
	}
	if in.Self, err = lab.Self(); err != nil {
		return "", err
	}
	needs := lab.Preflight(ctx, in)
	if err := ctx.Err(); err != nil {
		return "", err
	}
	lacking := lab.Lacking(needs)
	switch {
	case a.json && (all || len(lacking) > 0):
		err = a.out.JSON(labview.NeedsJSON(needs))
	case all:
		labview.Needs(a.out, needs, true)
	case len(lacking) > 0:
		labview.Needs(a.err, lacking, false)
	}
	if err == nil && len(lacking) > 0 {
		err = &unfitError{lacking}
	}
	return in.Node, err
}

// unfitError is that the machine lacks what a lab needs.
type unfitError struct{ lacking []lab.Need }

func (e *unfitError) Error() string {
	if len(e.lacking) == 1 {
		return "this machine lacks what the lab needs: " + e.lacking[0].Name
	}
	return fmt.Sprintf("this machine lacks %d things that the lab needs", len(e.lacking))
}

func (a *app) labPreflight() *cobra.Command {
	u := upOptions{Options: lab.Options{Lifetime: 1}}
	c := &cobra.Command{
		Use:   "preflight [SPEC]",
		Short: "Say whether this machine can run the lab, and what it lacks",
		Long: `Tries everything that a lab needs by really doing it, in a child with namespaces
of its own that is thrown away, and names the fix for what does not work. With a
spec, what it would take is held against what the machine has left.

Exit codes: 0 when a lab can run; 1 when something is missing.`,
		Example: `  tieline lab preflight
  tieline lab preflight examples/ml-platform --tunnels wireguard`,
		Args: a.specArg,
		RunE: func(c *cobra.Command, args []string) error {
			if err := u.validate(); err != nil {
				return err
			}
			var d *design
			if _, err := os.Stat(spec.MainFile); err == nil || len(args) > 0 || c.Flags().Changed("file") {
				var err error
				if d, err = load(c.Context(), a.spec); err != nil {
					return err
				}
			}
			_, err := a.fit(c.Context(), d, u, true)
			return err
		},
	}
	c.Flags().StringVar(&u.tunnels, "tunnels", string(nodeconf.IPsec), "what would carry VPN tunnels: ipsec or `wireguard`")
	return c
}

// trial is what the child of a preflight runs.
func (a *app) trial() *cobra.Command {
	tunnels := ""
	c := &cobra.Command{
		Use:    trialCommand,
		Hidden: true,
		Args:   noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !lab.IsInit() {
				return &usageError{text: trialCommand + " is run by tieline lab preflight"}
			}
			return json.NewEncoder(a.out).Encode(lab.Trial(c.Context(), nodeconf.TunnelKind(tunnels)))
		},
	}
	c.Flags().StringVar(&tunnels, "tunnels", "", "")
	return c
}

func (a *app) labRun(o *labOptions) *cobra.Command {
	var u upOptions
	c := &cobra.Command{
		Use:   "run [SPEC]",
		Short: "Bring the network up, and take it down again at the end",
		Long: `Brings the network up as tieline lab up does. On a terminal it stays until
Ctrl-C. Without one, or with CI set, it compares packets and routes with the
proof (tieline lab verify) at once. Then it takes the lab down.

Exit codes: 0 done; 3 when packets or routes differ from the proof; 1 when the
lab did not come up.`,
		Args: a.specArg,
		RunE: func(c *cobra.Command, _ []string) error { return a.runLab(c.Context(), o, u) },
	}
	u.flags(c)
	return c
}

func (a *app) runLab(ctx context.Context, o *labOptions, u upOptions) error {
	dir, err := a.bringUp(ctx, o, u)
	if dir == "" {
		return err
	}
	if err == nil {
		if a.out.IsTerminal() && a.getenv("CI") == "" {
			a.out.Line("The lab runs until Ctrl-C; use it from another terminal.")
			<-ctx.Done()
			a.out.Blank()
		} else {
			err = a.verify(ctx, lab.Connect(dir), lab.VerifyRequest{})
		}
	}
	began := time.Now()
	if down := lab.Down(context.WithoutCancel(ctx), dir); !errors.Is(down, lab.ErrNoLab) {
		err = errors.Join(err, down)
	}
	if err == nil && !a.json {
		a.out.Line("lab %s has ended, in %s", dir.Name(), time.Since(began).Round(10*time.Millisecond))
	}
	return err
}

// supervisor is what the first processes of a lab run.
func (a *app) supervisor() *cobra.Command {
	var dir, node string
	var u upOptions
	c := &cobra.Command{
		Use:    supervisorCommand,
		Hidden: true,
		Args:   noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if lab.IsInit() {
				return lab.Init()
			}
			if err := u.validate(); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			d, err := load(ctx, a.spec)
			if err != nil {
				return err
			}
			return lab.Supervise(ctx, lab.Input{
				Dir: lab.Dir(dir), Network: d.result.Network, Atlas: d.atlas, Lock: d.result.Lock.Hash(), Spec: a.spec, Options: u.Options, Node: node,
			})
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the lab's `folder`")
	c.Flags().StringVar(&node, "node", "", "`path` of tieline-node")
	u.flags(c)
	return c
}
