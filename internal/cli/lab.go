package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/lab"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

// supervisorCommand is the hidden command that a lab's supervisor runs.
const supervisorCommand = "lab-supervisor"

type labOptions struct {
	name    string
	options lab.Options
}

func (a *app) labCommand() *cobra.Command {
	var o labOptions
	c := &cobra.Command{
		Use:   "lab",
		Short: "Run the network for real on this machine: tunnels, BGP, filters, machines, an emulated internet",
		Args:  noCommand,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.PersistentFlags().StringVar(&o.name, "lab", "", "the `name` of the lab (default: the network's; the only one that runs)")
	c.AddCommand(a.labUp(&o), a.labDown(&o), a.labStatus(&o), a.labExec(&o), a.labCut(&o), a.labHeal(&o), a.labDegrade(&o))
	return c
}

// nodeBinary finds tieline-node: beside this program, or where $TIELINE_NODE
// says.
func nodeBinary() (string, error) {
	self, err := lab.Self()
	if err != nil {
		return "", err
	}
	beside := filepath.Join(filepath.Dir(self), "tieline-node")
	for _, p := range []string{beside, os.Getenv("TIELINE_NODE")} {
		if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() {
			return filepath.Abs(p)
		}
	}
	return "", &usageError{text: "tieline-node is not beside this program, in " + filepath.Dir(self), hint: "make build makes both; or set TIELINE_NODE to where it is"}
}

func (a *app) labUp(o *labOptions) *cobra.Command {
	var tunnels string
	c := &cobra.Command{
		Use:   "up [SPEC]",
		Short: "Bring the network up",
		Args:  a.specArg,
		RunE: func(c *cobra.Command, _ []string) error {
			o.options.Tunnels = nodeconf.TunnelKind(tunnels)
			return a.labUpRun(c.Context(), *o)
		},
	}
	c.Flags().StringVar(&tunnels, "tunnels", string(nodeconf.IPsec), "what carries VPN tunnels: ipsec, as planned, or `wireguard`")
	c.Flags().BoolVar(&o.options.Fast, "fast", false, "BFD and short timers on every session, as between tieline's own gateways, instead of what the clouds offer")
	c.Flags().IntVar(&o.options.Lifetime, "lifetimes", 1, "divide the lifetimes of SAs by `n`")
	c.Flags().Uint64Var(&o.options.Seed, "seed", 1, "of the emulated internet's chances")
	return c
}

func (a *app) labUpRun(ctx context.Context, o labOptions) error {
	d, err := load(ctx, a.spec)
	if err != nil {
		return err
	}
	node, err := nodeBinary()
	if err != nil {
		return err
	}
	spec, err := filepath.Abs(a.spec)
	if err != nil {
		return err
	}
	self, err := lab.Self()
	if err != nil {
		return err
	}
	name := o.name
	if name == "" {
		name = d.result.Network.Name
	}
	dir := lab.DirOf(name)
	args := []string{
		supervisorCommand, "--dir", string(dir), "-f", spec, "--node", node,
		"--tunnels", string(o.options.Tunnels), fmt.Sprintf("--fast=%t", o.options.Fast), "--lifetimes", fmt.Sprint(o.options.Lifetime), "--seed", fmt.Sprint(o.options.Seed),
	}
	client, err := lab.Launch(ctx, dir, lab.Launched{Network: d.result.Network.Name, Spec: spec, Options: o.options, Node: node}, self, args)
	if err != nil {
		return err
	}
	err = client.Progress(ctx, func(p lab.Progress) error {
		fmt.Fprintf(a.err, "%s %d/%d %s\n", p.Stage, p.Done, p.Total, p.Text)
		return nil
	})
	if err != nil {
		return errors.Join(err, lab.Down(context.WithoutCancel(ctx), dir))
	}
	return nil
}

// supervisor is what the first processes of a lab run.
func (a *app) supervisor() *cobra.Command {
	var dir, node, tunnels string
	var o lab.Options
	c := &cobra.Command{
		Use:    supervisorCommand,
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if lab.IsInit() {
				return lab.Init()
			}
			o.Tunnels = nodeconf.TunnelKind(tunnels)
			ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			d, err := load(ctx, a.spec)
			if err != nil {
				return err
			}
			return lab.Supervise(ctx, lab.Input{Dir: lab.Dir(dir), Network: d.result.Network, Atlas: d.atlas, Spec: a.spec, Options: o, Node: node})
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the lab's `folder`")
	c.Flags().StringVar(&node, "node", "", "`path` of tieline-node")
	c.Flags().StringVar(&tunnels, "tunnels", "", "")
	c.Flags().BoolVar(&o.Fast, "fast", false, "")
	c.Flags().IntVar(&o.Lifetime, "lifetimes", 1, "")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "")
	return c
}

// dir finds the lab that a command is about.
func (o *labOptions) dir() (lab.Dir, error) {
	if o.name != "" {
		return lab.DirOf(o.name), nil
	}
	names, err := lab.List()
	switch {
	case err != nil:
		return "", err
	case len(names) == 0:
		return "", fmt.Errorf("%w: tieline lab up starts one", lab.ErrNoLab)
	case len(names) > 1:
		return "", &usageError{text: fmt.Sprintf("%d labs run: %s", len(names), strings.Join(names, ", ")), hint: "--lab names one"}
	}
	return lab.DirOf(names[0]), nil
}

func (o *labOptions) client() (*lab.Client, error) {
	d, err := o.dir()
	if err != nil {
		return nil, err
	}
	return lab.Connect(d), nil
}

func (a *app) labDown(o *labOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "End the lab with all that belongs to it",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			d, err := o.dir()
			if err != nil {
				return err
			}
			return lab.Down(c.Context(), d)
		},
	}
}

func (a *app) labStatus(o *labOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show tunnels, sessions, routes, round trips and what the filters let through",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := o.client()
			if err != nil {
				return err
			}
			st, err := client.Status(c.Context())
			if err != nil {
				return err
			}
			return a.out.JSON(st)
		},
	}
}

func (a *app) labExec(o *labOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "exec MACHINE -- COMMAND [ARG...]",
		Short: "Run a command inside a machine",
		Args:  cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := o.client()
			if err != nil {
				return err
			}
			code, err := client.Exec(c.Context(), lab.ExecRequest{Machine: args[0], Args: args[1:], Env: os.Environ()}, os.Stdin, os.Stdout, os.Stderr)
			if err != nil {
				return err
			}
			if code != 0 {
				return &exec.ExitError{}
			}
			return nil
		},
	}
}

func (a *app) labCut(o *labOptions) *cobra.Command {
	var q lab.FaultRequest
	var kind string
	c := &cobra.Command{
		Use:   "cut A B",
		Short: "Cut a link, or one of its tunnels",
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			q.A, q.B, q.Kind = args[0], args[1], lab.FaultKind(kind)
			return a.fault(c.Context(), o, q)
		},
	}
	c.Flags().IntVar(&q.Tunnel, "tunnel", -1, "only the tunnel with this `index`")
	c.Flags().StringVar(&kind, "kind", string(lab.Blackhole), "how: blackhole, daemon, interface or oneway")
	return c
}

func (a *app) fault(ctx context.Context, o *labOptions, q lab.FaultRequest) error {
	client, err := o.client()
	if err != nil {
		return err
	}
	f, err := client.Fault(ctx, q)
	if err != nil {
		return err
	}
	return a.out.JSON(f)
}

func (a *app) labHeal(o *labOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "heal [A B]",
		Short: "End the faults of a link, or all",
		Args:  cobra.MaximumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := o.client()
			if err != nil {
				return err
			}
			args = append(args, "", "")
			healed, err := client.Heal(c.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			return a.out.JSON(healed)
		},
	}
}

func (a *app) labDegrade(o *labOptions) *cobra.Command {
	q := lab.FaultRequest{Kind: lab.Degrade}
	var rate string
	var loss float64
	c := &cobra.Command{
		Use:   "degrade A B",
		Short: "Make a link slower or lossy",
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			q.A, q.B, q.Loss = args[0], args[1], loss/100
			if rate != "" {
				r, err := vocab.ParseRate(rate)
				if err != nil {
					return &usageError{text: err.Error()}
				}
				q.Rate = r
			}
			return a.fault(c.Context(), o, q)
		},
	}
	c.Flags().IntVar(&q.Tunnel, "tunnel", -1, "only the tunnel with this `index`")
	c.Flags().Float64Var(&q.Delay, "delay", 0, "`milliseconds` more, each way")
	c.Flags().Float64Var(&loss, "loss", 0, "`percent` of packets")
	c.Flags().StringVar(&rate, "rate", "", "at most this `rate`: 100Mbps")
	return c
}
