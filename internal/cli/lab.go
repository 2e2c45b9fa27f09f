package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/cli/labview"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/lab"
)

// labOptions are the flags of every command of the lab.
type labOptions struct {
	name string
}

func (a *app) labCommand() *cobra.Command {
	var o labOptions
	c := &cobra.Command{
		Use:   "lab",
		Short: "Run the network for real on this machine: tunnels, BGP, filters, machines, an emulated internet",
		Long: `Runs the compiled network on one Linux machine: each site with its own network
namespaces, real IKEv2 and ESP or WireGuard tunnels, real BGP, the clouds' own
filters, a machine in every subnet, over an emulated internet with the true
distances. Everything of it is in a pid namespace: when the lab ends, however it
ends, nothing is left but its logs. docs/lab.md says what is real and what is
emulated.`,
		Args: noCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.PersistentFlags().StringVar(&o.name, "lab", "", "the `name` of the lab (default: the network's; the only one that runs)")
	must(c.RegisterFlagCompletionFunc("lab", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		names, _ := lab.List() // nothing to offer then
		return names, cobra.ShellCompDirectiveNoFileComp
	}))
	c.AddCommand(
		a.labUp(&o), a.labRun(&o), a.labPreflight(), a.labDown(&o), a.labList(), a.labStatus(&o), a.labLogs(&o), a.labExec(&o),
		a.labCut(&o), a.labHeal(&o), a.labDegrade(&o), a.labCapture(&o), a.labVerify(&o), a.labDrill(&o), a.labPing(&o), a.labIperf(&o),
	)
	return c
}

// dir finds the lab that a command is about.
func (o *labOptions) dir() (lab.Dir, error) {
	names, err := lab.List()
	switch {
	case err != nil:
		return "", err
	case o.name != "" && slices.Contains(names, o.name):
		return lab.DirOf(o.name), nil
	case o.name != "":
		hint := diag.Suggest(o.name, names)
		if hint == "" && len(names) > 0 {
			hint = "there are " + strings.Join(names, ", ")
		}
		return "", &noLabError{text: fmt.Sprintf("no lab %q runs", o.name), hint: hint}
	case len(names) == 0:
		return "", &noLabError{text: "no lab runs", hint: "tieline lab up starts one"}
	case len(names) > 1:
		return "", &usageError{text: fmt.Sprintf("%d labs run: %s", len(names), strings.Join(names, ", ")), hint: "--lab names one"}
	}
	return lab.DirOf(names[0]), nil
}

// noLabError is that the lab in question does not run: the world's fault.
type noLabError struct{ text, hint string }

func (e *noLabError) Error() string { return e.text + ": " + e.hint }

// Unwrap makes it an [lab.ErrNoLab].
func (e *noLabError) Unwrap() error { return lab.ErrNoLab }

func (o *labOptions) client() (*lab.Client, error) {
	d, err := o.dir()
	if err != nil {
		return nil, err
	}
	return lab.Connect(d), nil
}

// askWithin bounds a question to a supervisor.
const askWithin = 30 * time.Second

// named gives the client of the lab with what can be named in it.
func (o *labOptions) named(ctx context.Context) (*lab.Client, lab.Names, error) {
	client, err := o.client()
	if err != nil {
		return nil, lab.Names{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	n, err := client.Names(ctx)
	return client, n, err
}

// machine finds a machine, or a node, by any of its names.
func machine(n *lab.Names, ref string) (string, error) {
	var known []string
	for i := range n.Machines {
		m := &n.Machines[i]
		if ref == m.Name || ref == m.Host || ref == m.Addr || slices.Contains(m.Aliases, ref) {
			return m.Name, nil
		}
		known = append(append(known, m.Name, m.Host), m.Aliases...)
	}
	if slices.Contains(n.Outsides, ref) || slices.Contains(n.Nodes, ref) || strings.HasPrefix(ref, lab.NodePrefix) && slices.Contains(n.Nodes, strings.TrimPrefix(ref, lab.NodePrefix)) {
		return ref, nil
	}
	hint := diag.Suggest(ref, append(known, n.Nodes...))
	if hint == "" {
		names := make([]string, 0, len(n.Machines))
		for i := range n.Machines {
			names = append(names, n.Machines[i].Name)
		}
		hint = "machines are " + strings.Join(names, ", ")
	}
	return "", &usageError{text: fmt.Sprintf("the lab has no machine %q", ref), hint: hint}
}

// completeMachines offers machines and nodes for the first most arguments.
func (o *labOptions) completeMachines(most int) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveDefault
		}
		_, n, err := o.named(c.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		for i := range n.Machines {
			out = append(out, n.Machines[i].Name)
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeLinks offers the sites of links, and their ids where one argument
// will do.
func (o *labOptions) completeLinks(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	_, n, err := o.named(c.Context())
	if err != nil || len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, k := range n.Links {
		switch {
		case len(args) == 0:
			out = append(out, k.Sites[0], k.Sites[1])
		case k.Sites[0] == args[0]:
			out = append(out, k.Sites[1])
		case k.Sites[1] == args[0]:
			out = append(out, k.Sites[0])
		}
	}
	slices.Sort(out)
	return slices.Compact(out), cobra.ShellCompDirectiveNoFileComp
}

func (a *app) labDown(o *labOptions) *cobra.Command {
	all := false
	c := &cobra.Command{
		Use:   "down [NAME]",
		Short: "End the lab with all that belongs to it",
		Example: `  tieline lab down
  tieline lab down --all`,
		Args: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) > 1:
				return &usageError{text: fmt.Sprintf("down takes one lab, not %d", len(args)), hint: "--all ends all"}
			case len(args) == 1 && (all || o.name != ""):
				return &usageError{text: "which lab is said twice"}
			case len(args) == 1:
				o.name = args[0]
			case all && o.name != "":
				return &usageError{text: "--all takes no lab"}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return a.down(c.Context(), o, all) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			names, _ := lab.List() // nothing to offer then
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.Flags().BoolVar(&all, "all", false, "end all labs; that none runs is no error")
	return c
}

func (a *app) down(ctx context.Context, o *labOptions, all bool) error {
	var dirs []lab.Dir
	if all {
		names, err := lab.List()
		if err != nil {
			return err
		}
		for _, n := range names {
			dirs = append(dirs, lab.DirOf(n))
		}
	} else {
		d, err := o.dir()
		if err != nil {
			return err
		}
		dirs = append(dirs, d)
	}
	ended := []string{}
	for _, d := range dirs {
		if err := lab.Down(ctx, d); err != nil {
			return err
		}
		ended = append(ended, d.Name())
		if !a.json {
			a.out.Line("lab %s has ended; its logs are in %s", d.Name(), d.Logs())
		}
	}
	if a.json {
		return a.out.JSON(labview.EndedJSON(ended))
	}
	return nil
}

func (a *app) labList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the labs that run",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			names, err := lab.List()
			if err != nil {
				return err
			}
			var labs []lab.Launched
			for _, n := range names {
				l, err := lab.DirOf(n).Launched()
				if errors.Is(err, lab.ErrNoLab) {
					continue // it has just ended
				}
				if err != nil {
					return err
				}
				labs = append(labs, *l)
			}
			if a.json {
				return a.out.JSON(labview.ListJSON(labs))
			}
			labview.List(a.out, labs, time.Now())
			return nil
		},
	}
}

// nodeBinary finds tieline-node: beside this program, or where $TIELINE_NODE
// says. Where there is none, the text says what to do.
func nodeBinary() (path, fix string, err error) {
	self, err := lab.Self()
	if err != nil {
		return "", "", err
	}
	beside := filepath.Join(filepath.Dir(self), "tieline-node")
	for _, p := range []string{beside, os.Getenv("TIELINE_NODE")} {
		if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() {
			path, err := filepath.Abs(p)
			return path, "", err
		}
	}
	return "", "it is neither beside this program, in " + filepath.Dir(self) + ", nor where $TIELINE_NODE says: make build makes both", nil
}
