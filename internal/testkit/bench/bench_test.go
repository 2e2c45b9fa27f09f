package bench_test

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
	"testing"
	"time"

	"github.com/tieline/tieline/internal/testkit/terraform"
)

var out = flag.String("o", "", "folder for the record; only printed when empty")

// sample is one run of a process.
type sample struct {
	wall time.Duration
	cpu  time.Duration
	rss  int64 // bytes, peak
}

// result is a command's median over its runs.
type result struct {
	name   string
	median sample
	low    time.Duration
	high   time.Duration
}

// runs is how many counted runs each command gets.
const runs = 7

// BenchmarkRecord measures everything once and records it.
func BenchmarkRecord(b *testing.B) {
	b.Chdir("../../..")
	for b.Loop() {
		results, err := all(b)
		if err != nil {
			b.Fatal(err)
		}
		if err := record(*out, results); err != nil {
			b.Fatal(err)
		}
	}
}

func all(b *testing.B) ([]result, error) {
	dir := b.TempDir()
	small, large, tf := filepath.Join(dir, "100"), filepath.Join(dir, "1000"), filepath.Join(dir, "tf")
	if err := errors.Join(estate(small, "100"), estate(large, "1000")); err != nil {
		return nil, err
	}
	bin, err := filepath.Abs("bin/tieline")
	if err != nil {
		return nil, err
	}
	var results []result
	for _, c := range []struct {
		name string
		args []string
	}{
		{"plan ml-platform", []string{"plan", "--locked", "examples/ml-platform"}},
		{"render ml-platform", []string{"render", "--locked", "examples/ml-platform", "-o", tf}},
		{"plan estate (1,000 networks)", []string{"plan", "--locked", large}},
		{"plan estate cut to 100 networks", []string{"plan", "--locked", small}},
		{"render estate", []string{"render", "--locked", large, "-o", filepath.Join(dir, "estate-tf")}},
	} {
		r, err := measure(c.name, bin, c.args...)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return append(results, peer(b, tf)), nil
}

// peer times terraform init and validate on a rendered network; the first
// time builds the stand-in providers and is not counted.
func peer(b *testing.B, dir string) result {
	b.Helper()
	var samples []sample
	for i := range runs + 1 {
		start := time.Now()
		terraform.Validate(b, dir)
		if i > 0 {
			samples = append(samples, sample{wall: time.Since(start)})
		}
	}
	return summarise("peer: terraform init and validate of ml-platform's Terraform", samples)
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
func measure(name, bin string, args ...string) (result, error) {
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
	return summarise(name, samples), nil
}

func summarise(name string, samples []sample) result {
	slices.SortFunc(samples, func(a, b sample) int { return int(a.wall - b.wall) })
	return result{name: name, median: samples[len(samples)/2], low: samples[0].wall, high: samples[len(samples)-1].wall}
}

func record(dir string, results []result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Whole-process timings\n\nWritten by `make bench` on %s, %d cores, %s. Medians of %d runs after one to warm up.\n\n",
		time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), runs)
	rows(&b, results)
	if small := find(results, "plan estate cut"); small > 0 {
		fmt.Fprintf(&b, "\n1,000 networks take %.1f times as long as 100.\n", float64(find(results, "plan estate (1"))/float64(small))
	}
	if own, other := find(results, "plan ml-platform"), find(results, "peer"); own > 0 && other > 0 {
		fmt.Fprintf(&b, "\nThe peer takes %.0f times as long on ml-platform. It checks syntax, references and types of what tieline wrote, with stand-in providers that answer at once; it knows nothing of addresses, tunnels or prices. No open tool that we know of plans such a network from one file, so this is the nearest: what one waits for with hand-written Terraform.\n", float64(other)/float64(own))
	}
	fmt.Print(b.String())
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "plan.md"), []byte(b.String()), 0o644)
}

// rows writes results as a table.
func rows(b *strings.Builder, results []result) {
	b.WriteString("| command | wall (low - high) | cpu | peak memory |\n|---|---|---|---|\n")
	for _, r := range results {
		cpu, memory := "", ""
		if r.median.rss > 0 {
			cpu, memory = ms(r.median.cpu), fmt.Sprintf("%d MB", r.median.rss>>20)
		}
		fmt.Fprintf(b, "| %s | %s (%s - %s) | %s | %s |\n", r.name, ms(r.median.wall), ms(r.low), ms(r.high), cpu, memory)
	}
}

// find gives the median of the result whose name begins so; 0 without one.
func find(results []result, name string) time.Duration {
	for _, r := range results {
		if strings.HasPrefix(r.name, name) {
			return r.median.wall
		}
	}
	return 0
}

func ms(d time.Duration) string { return d.Round(100 * time.Microsecond).String() }
