// Package terraform lets the real Terraform or OpenTofu work through rendered configurations, offline.
//
// The providers are stand-ins that only have a schema (see standin). The runner takes a directory with one root
// module, copies it, and fails the test on the first command that does not do what it should. What the real providers
// check beyond the schema is not checked here: see check for the part of it that is.
package terraform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Runner runs Terraform on root modules with the stand-in providers.
type Runner struct {
	program string        // path of terraform or tofu
	mirror  string        // directory of the stand-in providers, laid out as a filesystem mirror
	limit   time.Duration // of one command
}

// commandLimit is far above what the largest network of the test kit takes, so that only a hang reaches it.
const commandLimit = 10 * time.Minute

// New finds Terraform or OpenTofu and builds the stand-in providers.
// Without either the test is skipped; under CI it fails.
func New(t testing.TB) *Runner {
	t.Helper()
	program, err := find(exec.LookPath, os.Getenv)
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip(err)
	}
	mirror, err := providers()
	if err != nil {
		t.Fatalf("stand-in providers: %v", err)
	}
	return &Runner{program: program, mirror: mirror, limit: commandLimit}
}

var errNoProgram = errors.New("needs terraform or tofu: neither is on PATH and TIELINE_TERRAFORM names none")

// find returns the program to run: terraform, else tofu, else what TIELINE_TERRAFORM names.
func find(lookPath func(string) (string, error), getenv func(string) string) (string, error) {
	for _, name := range []string{"terraform", "tofu", getenv("TIELINE_TERRAFORM")} {
		if name == "" {
			continue
		}
		if p, err := lookPath(name); err == nil {
			return p, nil
		}
	}
	return "", errNoProgram
}

// Run takes a copy of dir through init, validate, plan, apply, a second plan that must find no changes, and destroy.
func Run(t testing.TB, dir string) {
	t.Helper()
	w := New(t).open(t, dir)
	w.must("init", "-input=false")
	w.must("validate")
	w.plan(planChanges)
	w.must("apply", "-input=false", "-auto-approve")
	w.plan(planNoChanges)
	w.must("destroy", "-input=false", "-auto-approve")
}

// Validate takes a copy of dir through init and validate only, for configurations that are too large to apply.
func Validate(t testing.TB, dir string) {
	t.Helper()
	w := New(t).open(t, dir)
	w.must("init", "-input=false", "-backend=false")
	w.must("validate")
}

// workspace is a copy of one root module with what Terraform needs beside it.
type workspace struct {
	t      testing.TB
	runner *Runner
	dir    string // the copy
	env    []string
}

func (r *Runner) open(t testing.TB, dir string) *workspace {
	t.Helper()
	base := t.TempDir()
	w := &workspace{t: t, runner: r, dir: filepath.Join(base, "root")}
	if err := os.CopyFS(w.dir, os.DirFS(dir)); err != nil {
		t.Fatalf("copy of %s: %v", dir, err)
	}
	config := filepath.Join(base, "cli.tfrc")
	text := fmt.Sprintf("disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", r.mirror)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	w.env = append(environ(os.Environ()),
		"TF_CLI_CONFIG_FILE="+config,
		"TF_DATA_DIR="+filepath.Join(base, "data"),
		"TF_IN_AUTOMATION=1",
		"CHECKPOINT_DISABLE=1",
	)
	return w
}

// environ leaves out what would change how Terraform behaves.
func environ(env []string) []string {
	var out []string
	for _, e := range env {
		if !strings.HasPrefix(e, "TF_") {
			out = append(out, e)
		}
	}
	return out
}

// must runs a command that has to succeed.
func (w *workspace) must(args ...string) {
	w.t.Helper()
	if code, out := w.run(args...); code != 0 {
		w.t.Fatalf("%s %s exits with %d, want 0:\n%s", filepath.Base(w.runner.program), strings.Join(args, " "), code, out)
	}
}

// Exit codes of plan -detailed-exitcode.
const (
	planNoChanges = 0
	planChanges   = 2
)

func (w *workspace) plan(want int) {
	w.t.Helper()
	if code, out := w.run("plan", "-input=false", "-detailed-exitcode"); code != want {
		w.t.Fatalf("plan exits with %d, want %d:\n%s", code, want, out)
	}
}

// run returns the exit code and all output of one command.
func (w *workspace) run(args ...string) (int, string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), w.runner.limit)
	defer cancel()
	args = append([]string{args[0], "-no-color"}, args[1:]...)
	cmd := exec.CommandContext(ctx, w.runner.program, args...)
	cmd.Dir, cmd.Env = w.dir, w.env
	cmd.WaitDelay = 10 * time.Second // providers hold the output open when Terraform is killed
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		w.t.Fatalf("%s %s: %v:\n%s", w.runner.program, args[0], ctx.Err(), out.String())
	case err != nil && !errors.As(err, &exit):
		w.t.Fatalf("%s %s: %v", w.runner.program, args[0], err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// platform is Terraform's name for what the tests run on.
func platform() string { return runtime.GOOS + "_" + runtime.GOARCH }
