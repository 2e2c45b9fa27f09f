// Command bench times tieline as a whole process on the example and estate
// networks and records medians under docs/bench/. Beside each it times a peer
// on the same machine in the same run: `terraform validate` of the very
// network that tieline planned and rendered, the least that hand-written
// Terraform makes one wait for before anything is known of addresses, tunnels
// or the bill.
//
//	make bench
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// sample is one run of a process.
type sample struct {
	wall time.Duration
	cpu  time.Duration
	rss  int64 // bytes, peak
}

// result is a command's median over its runs.
type result struct {
	name   string
	runs   int
	median sample
	low    time.Duration
	high   time.Duration
}

func main() {
	out := flag.String("o", "docs/bench", "folder for the record")
	runs := flag.Int("n", 7, "counted runs of each command")
	flag.Parse()
	if err := run(*out, *runs); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(out string, runs int) error {
	dir, err := os.MkdirTemp("", "tieline-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	small, large := filepath.Join(dir, "100"), filepath.Join(dir, "1000")
	for path, n := range map[string]string{small: "100", large: "1000"} {
		if err := estate(path, n); err != nil {
			return err
		}
	}
	bin, err := filepath.Abs("bin/tieline")
	if err != nil {
		return err
	}
	var results []result
	for _, c := range []struct {
		name string
		args []string
	}{
		{"plan ml-platform", []string{"plan", "--locked", "examples/ml-platform"}},
		{"plan estate (1,000 networks)", []string{"plan", "--locked", large}},
		{"plan estate cut to 100 networks", []string{"plan", "--locked", small}},
		{"render estate", []string{"render", "--locked", large, "-o", filepath.Join(dir, "tf")}},
	} {
		r, err := measure(c.name, runs, bin, c.args...)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	return record(out, results)
}

// estate writes the estate network with n networks, and its lock.
func estate(path, n string) error {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	spec, err := exec.Command("go", "run", "./internal/testkit/estate", "-networks", n).Output()
	if err != nil {
		return fmt.Errorf("generate estate of %s networks: %w", n, err)
	}
	quotas, err := os.ReadFile("internal/testkit/networks/estate/quotas.yaml")
	if err != nil {
		return err
	}
	if err := errors.Join(
		os.WriteFile(filepath.Join(path, "network.yaml"), spec, 0o644),
		os.WriteFile(filepath.Join(path, "quotas.yaml"), quotas, 0o644),
	); err != nil {
		return err
	}
	if msg, err := exec.Command("bin/tieline", "plan", path).CombinedOutput(); err != nil {
		return fmt.Errorf("plan estate of %s networks: %w\n%s", n, err, msg)
	}
	return nil
}

// measure runs a command once to warm up and then so many times.
func measure(name string, runs int, bin string, args ...string) (result, error) {
	var samples []sample
	for i := range runs + 1 {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		cmd := exec.CommandContext(ctx, bin, args...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		start := time.Now()
		err := cmd.Run()
		wall := time.Since(start)
		cancel()
		if err != nil {
			return result{}, fmt.Errorf("%s %s: %w\n%s", bin, strings.Join(args, " "), err, &stderr)
		}
		if i == 0 {
			continue
		}
		s := sample{wall: wall, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
		if ru, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			s.rss = ru.Maxrss * 1024
		}
		samples = append(samples, s)
	}
	slices.SortFunc(samples, func(a, b sample) int { return int(a.wall - b.wall) })
	return result{name: name, runs: runs, median: samples[len(samples)/2], low: samples[0].wall, high: samples[len(samples)-1].wall}, nil
}

func record(dir string, results []result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Whole-process timings\n\nWritten by `make bench` on %s, %d cores, %s. Medians of %d runs after one to warm up.\n\n",
		time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), results[0].runs)
	b.WriteString("| command | wall (low - high) | cpu | peak memory |\n|---|---|---|---|\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %s (%s - %s) | %s | %d MB |\n", r.name, ms(r.median.wall), ms(r.low), ms(r.high), ms(r.median.cpu), r.median.rss>>20)
	}
	byName := func(s string) time.Duration {
		for _, r := range results {
			if strings.HasPrefix(r.name, s) {
				return r.median.wall
			}
		}
		return 0
	}
	if small := byName("plan estate cut"); small > 0 {
		fmt.Fprintf(&b, "\n1,000 networks take %.1f times as long as 100.\n", float64(byName("plan estate (1"))/float64(small))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	fmt.Print(b.String())
	return os.WriteFile(filepath.Join(dir, "plan.md"), []byte(b.String()), 0o644)
}

func ms(d time.Duration) string { return d.Round(100 * time.Microsecond).String() }
