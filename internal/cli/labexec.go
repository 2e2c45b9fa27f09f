package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/lab"
)

func (a *app) labExec(o *labOptions) *cobra.Command {
	c := &cobra.Command{
		Use:   "exec MACHINE [--] COMMAND [ARG...]",
		Short: "Run a command inside a machine",
		Long: `Runs a program of this machine in the network of a machine of the lab, with your
terminal, files and environment; names of the lab's machines resolve. MACHINE may
also be a node (node:aws-oregon), where the tables and tunnels of a site's
gateways are, or the outside of a tunnel's end (aws-oregon--gcp-oregon/0:a).

Flags after MACHINE belong to COMMAND. The exit code is the command's; 128 and
the signal's number when a signal ended it.`,
		Example: `  tieline lab exec aws-oregon/ml/training curl -s http://data.azure-wus2:5432
  tieline lab exec node:gcp-oregon -- ip rule
  tieline lab exec aws-oregon/ml/training bash`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 || len(args) == 2 && args[1] == "--" {
				return &usageError{text: "exec takes a machine and a command", hint: "for example: tieline lab exec aws-oregon/ml/training ip addr"}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			command := args[1:]
			if command[0] == "--" {
				command = command[1:]
			}
			return a.exec(c.Context(), o, args[0], command)
		},
		ValidArgsFunction: o.completeMachines(1),
	}
	c.Flags().SetInterspersed(false)
	return c
}

func (a *app) exec(ctx context.Context, o *labOptions, ref string, command []string) error {
	client, names, err := o.named(ctx)
	if err != nil {
		return err
	}
	name, err := machine(&names, ref)
	if err != nil {
		return err
	}
	req := lab.ExecRequest{Machine: name, Args: command, Env: os.Environ()}
	stdin, stdout, stderr := os.Stdin, os.Stdout, os.Stderr
	code := 0
	if term.IsTerminal(stdin.Fd()) && term.IsTerminal(stdout.Fd()) {
		code, err = onTerminal(ctx, client, req, stdin, stdout)
	} else {
		code, err = client.Exec(ctx, req, stdin, stdout, stderr)
	}
	if err != nil {
		return err
	}
	if code != 0 {
		return &commandError{code}
	}
	return nil
}

// onTerminal runs a command on a terminal of its own, whose keys and output
// are those of the terminal that stdin and stdout are.
func onTerminal(ctx context.Context, client *lab.Client, req lab.ExecRequest, stdin, stdout *os.File) (int, error) {
	master, slave, err := pseudoTerminal()
	if err != nil {
		return 0, err
	}
	defer master.Close()
	defer slave.Close()
	copySize(stdin, master)
	sizes := make(chan os.Signal, 1)
	signal.Notify(sizes, unix.SIGWINCH)
	defer signal.Stop(sizes)
	old, err := term.MakeRaw(stdin.Fd())
	if err != nil {
		return 0, fmt.Errorf("terminal: %w", err)
	}
	defer term.Restore(stdin.Fd(), old)
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case <-sizes:
				copySize(stdin, master)
			case <-done:
				return
			}
		}
	}()
	// Reads of the keyboard end with this process: nothing else reads it.
	go func() { _, _ = io.Copy(master, stdin) }()
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		_, _ = io.Copy(stdout, master) // fails with EIO when the last holder of the slave goes
	}()
	req.Terminal = true
	code, err := client.Exec(ctx, req, slave, slave, slave)
	slave.Close()
	<-printed
	return code, err
}

// pseudoTerminal opens a pair (pty(7)).
func pseudoTerminal() (master, slave *os.File, err error) {
	master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("terminal: %w", err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("terminal: %w", err), master.Close())
	}
	return master, slave, nil
}

// copySize gives a terminal the size of another; one without a size keeps its
// own.
func copySize(from, to *os.File) {
	if size, err := unix.IoctlGetWinsize(int(from.Fd()), unix.TIOCGWINSZ); err == nil {
		_ = unix.IoctlSetWinsize(int(to.Fd()), unix.TIOCSWINSZ, size)
	}
}
