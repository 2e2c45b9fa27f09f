// Command tieline-node runs a node: a gateway of the network, on a machine of
// its own or in a namespace of the lab.
//
//	tieline-node -config FILE -control SOCKET -secrets FOLDER
//	tieline-node -check -config FILE
//	tieline-node version
//
// The configuration (nodeconf, in JSON) comes from the file at start and at
// SIGHUP, and over the control socket at any time. SIGTERM and SIGINT drain the
// node before it ends; a second one ends it at once. It exits with 0 when it
// was told to end, 1 when it could not go on, 2 when it was called wrongly.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/tieline/tieline/internal/node"
	"github.com/tieline/tieline/internal/nodeconf"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

type flags struct {
	config, control, secrets, state, level string
	check                                  bool
}

func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 1 && args[0] == "version" {
		return version(stdout, stderr)
	}
	var f flags
	set := flag.NewFlagSet("tieline-node", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&f.config, "config", "", "read the configuration from this `file` at start and at SIGHUP")
	set.StringVar(&f.control, "control", "", "answer control requests on this Unix `socket`")
	set.StringVar(&f.secrets, "secrets", "", "read secrets from this `folder`")
	set.StringVar(&f.state, "state", "", "keep sockets of daemons in this `folder`; not given: state beside the control socket")
	set.StringVar(&f.level, "log", "info", "log `level`: debug, info, warn or error")
	set.BoolVar(&f.check, "check", false, "check the configuration and do nothing")
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.level)); err != nil || set.NArg() > 0 || f.config == "" && (f.check || f.control == "") {
		fmt.Fprintln(stderr, "tieline-node: call it with -config FILE, -control SOCKET or both; tieline-node -help says more")
		return 2
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	if err := work(&f, log); err != nil {
		fmt.Fprintf(stderr, "tieline-node: %v\n", err)
		return 1
	}
	return 0
}

// version prints what this program is, in JSON.
func version(stdout, stderr io.Writer) int {
	v := struct {
		Version  string `json:"version"`
		Nodeconf int    `json:"nodeconf"`
	}{"unknown", nodeconf.Version}
	if info, ok := debug.ReadBuildInfo(); ok {
		v.Version = info.Main.Version
	}
	if err := json.NewEncoder(stdout).Encode(v); err != nil {
		fmt.Fprintf(stderr, "tieline-node: %v\n", err)
		return 1
	}
	return 0
}

// read reads and checks the configuration.
func read(path string) (nodeconf.Config, error) {
	file, err := os.Open(path)
	if err != nil {
		return nodeconf.Config{}, fmt.Errorf("configuration: %w", err)
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, node.LargestConfig+1))
	if err != nil {
		return nodeconf.Config{}, fmt.Errorf("configuration: %w", err)
	}
	if len(b) > node.LargestConfig {
		return nodeconf.Config{}, fmt.Errorf("configuration: %s is larger than %d MiB", path, node.LargestConfig>>20)
	}
	c, err := node.Decode(b)
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if err := node.Validate(&c); err != nil {
		return c, fmt.Errorf("%s:\n%w", path, err)
	}
	return c, nil
}

// Many nodes run on the machine of a lab: a small heap, collected often, and a
// soft limit well above what a node with hundreds of sessions holds. Buffers of
// userspace tunnels count as heap but are mostly never touched.
const (
	collectAt   = 50
	memoryLimit = 2 << 30
)

func work(f *flags, log *slog.Logger) error {
	var c nodeconf.Config
	if f.config != "" {
		var err error
		if c, err = read(f.config); err != nil || f.check {
			return err
		}
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	state := f.state
	if state == "" && f.control != "" {
		state = filepath.Join(filepath.Dir(f.control), "state")
	}
	if state == "" {
		state = "/run/tieline-node"
	}
	if err := os.MkdirAll(state, 0o700); err != nil {
		return fmt.Errorf("folder of state: %w", err)
	}
	n, err := node.New(node.Options{Log: log, Secrets: f.secrets, StateDir: state})
	if err != nil {
		return err
	}
	return serve(f, log, n, c)
}

// serve runs a node until a signal ends it.
func serve(f *flags, log *slog.Logger, n *node.Node, c nodeconf.Config) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(signals)
	var wg sync.WaitGroup
	start := func(f func(context.Context) error) {
		wg.Go(func() {
			if err := f(ctx); err != nil {
				cancel(err)
			}
		})
	}
	start(n.Run)
	if f.control != "" {
		l, err := node.Listen(f.control)
		if err != nil {
			cancel(err)
		} else {
			start(func(ctx context.Context) error { return n.Serve(ctx, l) })
		}
	}
	if c.Version != 0 {
		start(func(ctx context.Context) error { return n.Set(ctx, c) })
	}
	log.Info("running", "node", c.Node, "control", f.control)
	follow(ctx, f, log, n, signals)
	cause := context.Cause(ctx)
	cancel(nil)
	wg.Wait()
	n.Close()
	return cause
}

// drainMost bounds a drain at the end.
const drainMost = 15 * time.Second

// follow heeds signals until the node has to end, and has drained.
func follow(ctx context.Context, f *flags, log *slog.Logger, n *node.Node, signals <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-signals:
			if s != syscall.SIGHUP {
				log.Info("ending", "signal", s.String())
				drain(ctx, log, n, signals)
				return
			}
			reload(ctx, f, log, n)
		}
	}
}

func reload(ctx context.Context, f *flags, log *slog.Logger, n *node.Node) {
	if f.config == "" {
		return
	}
	c, err := read(f.config)
	if err == nil {
		err = n.Set(ctx, c)
	}
	if err != nil {
		log.Error("configuration not taken", "error", err)
	}
}

// drain takes the node out of service, unless it is told again to end.
func drain(ctx context.Context, log *slog.Logger, n *node.Node, signals <-chan os.Signal) {
	ctx, cancel := context.WithTimeout(ctx, drainMost)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- n.Drain(ctx) }()
	for {
		select {
		case err := <-done:
			if err != nil {
				log.Warn("not drained", "error", err)
			}
			return
		case s := <-signals:
			if s != syscall.SIGHUP {
				cancel()
			}
		}
	}
}
