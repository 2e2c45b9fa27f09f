package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/cli/labview"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/lab"
	"github.com/tieline/tieline/internal/node/netns"
)

// Rates are counted over lookFor; with --watch there is a look every watchLab.
const (
	lookFor  = time.Second
	watchLab = 2 * time.Second
)

// look asks for the state, and measures round trips with measured. before is
// an earlier look.
func (a *app) look(ctx context.Context, client *lab.Client, before *labview.Look, measured bool) (*labview.Look, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	st, err := client.Status(ctx)
	if err != nil {
		return nil, err
	}
	l := &labview.Look{At: time.Now(), Status: st, Before: before}
	if measured && !st.Up.IsZero() {
		if l.Trips, err = client.Trips(ctx); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (a *app) labStatus(o *labOptions) *cobra.Command {
	watch := false
	c := &cobra.Command{
		Use:   "status",
		Short: "Show tunnels, sessions, routes, round trips, loss, throughput, and what the filters let through",
		Long: `Shows what runs: per link its tunnels and BGP sessions, what it loses and carries
(counted over a second by the emulated internet), round trips between sites
measured by real connections beside those that are configured, nodes with their
routes, the rules of filters that met packets, faults in force, and how punctual
the emulated internet is.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.status(c.Context(), o, watch) },
	}
	c.Flags().BoolVarP(&watch, "watch", "w", false, "again every two seconds, until Ctrl-C")
	return c
}

func (a *app) status(ctx context.Context, o *labOptions, watch bool) error {
	client, err := o.client()
	if err != nil {
		return err
	}
	before, err := a.look(ctx, client, nil, false)
	if err != nil {
		return err
	}
	pause := lookFor
	for {
		if !before.Status.Up.IsZero() || watch {
			select {
			case <-ctx.Done():
				return ended(ctx, watch)
			case <-time.After(pause):
			}
		}
		now, err := a.look(ctx, client, before, true)
		switch {
		case err != nil && ctx.Err() != nil:
			return ended(ctx, watch)
		case err != nil:
			return err
		case a.json && watch:
			err = json.NewEncoder(a.out).Encode(labview.StatusJSON(*now))
		case a.json:
			err = a.out.JSON(labview.StatusJSON(*now))
		case watch:
			labview.Watched(a.out, *now)
		default:
			labview.Status(a.out, *now)
		}
		if err != nil || !watch {
			return err
		}
		now.Before = nil // or all looks would be kept
		before, pause = now, watchLab
	}
}

// ended is the end of a command by Ctrl-C, which is how --watch ends.
func ended(ctx context.Context, watch bool) error {
	if watch {
		return nil
	}
	return ctx.Err()
}

func (a *app) labLogs(o *labOptions) *cobra.Command {
	lines := 0
	c := &cobra.Command{
		Use:   "logs [NODE]",
		Short: "Print the log of a node, or of the lab itself",
		Long: `Prints the log of a node, or without one that of the supervisor. Logs stay when
a lab has ended, until the next of its name: name it with --lab then.`,
		Example: `  tieline lab logs
  tieline lab logs gcp-oregon -n 20`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &usageError{text: fmt.Sprintf("logs takes one node, not %d", len(args))}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.logs(o, args, lines) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			d, err := o.logged()
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			names, _ := logsIn(d) // nothing to offer then
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.Flags().IntVarP(&lines, "lines", "n", 0, "only the last `n` lines")
	return c
}

// logged is the folder of a lab that runs or did.
func (o *labOptions) logged() (lab.Dir, error) {
	if o.name == "" {
		return o.dir()
	}
	d := lab.DirOf(o.name)
	if _, err := os.Stat(d.Logs()); err != nil {
		return "", &noLabError{text: fmt.Sprintf("there are no logs of a lab %q", o.name), hint: "tieline lab list lists those that run"}
	}
	return d, nil
}

// logsIn lists the logs of a lab, without .log.
func logsIn(d lab.Dir) ([]string, error) {
	entries, err := os.ReadDir(d.Logs())
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".log"); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

func (a *app) logs(o *labOptions, args []string, lines int) error {
	d, err := o.logged()
	if err != nil {
		return err
	}
	name := "supervisor"
	if len(args) == 1 {
		name = netns.FileName(strings.TrimPrefix(args[0], lab.NodePrefix))
	}
	f, err := os.Open(filepath.Join(d.Logs(), name+".log"))
	if errors.Is(err, fs.ErrNotExist) {
		names, err := logsIn(d)
		if err != nil {
			return err
		}
		hint := diag.Suggest(name, names)
		if hint == "" {
			hint = "there are " + strings.Join(names, ", ")
		}
		return &usageError{text: fmt.Sprintf("lab %s has no log of %q", d.Name(), args[0]), hint: hint}
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if lines <= 0 {
		_, err := io.Copy(a.out, f)
		return err
	}
	return tail(a.out, f, lines)
}

// tail copies the last n lines.
func tail(w io.Writer, r io.Reader, n int) error {
	var last []string
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		if last = append(last, s.Text()); len(last) > 2*n {
			last = slices.Delete(last, 0, len(last)-n)
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	for _, line := range last[max(0, len(last)-n):] {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
