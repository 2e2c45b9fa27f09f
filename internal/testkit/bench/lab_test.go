package bench_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tieline/tieline/internal/lab"
	"github.com/tieline/tieline/internal/lab/drill"
)

// BenchmarkRecordLab measures the lab once and records it. It needs what a lab
// needs; see tieline lab preflight.
func BenchmarkRecordLab(b *testing.B) {
	b.Chdir("../../..")
	for b.Loop() {
		text, err := labs(b)
		if err != nil {
			b.Fatal(err)
		}
		fmt.Print(text)
		if *out == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(*out, "lab.md"), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
}

// bringUps is how often each lab is brought up.
const bringUps = 5

// within bounds one command.
const within = 5 * time.Minute

// bencher brings labs up in a folder of its own and writes the record.
type bencher struct {
	b    *testing.B
	text strings.Builder
}

func labs(b *testing.B) (string, error) {
	state, err := os.MkdirTemp("", "lab") // a short path: sockets have at most 107 bytes
	if err != nil {
		return "", err
	}
	b.Setenv("TIELINE_STATE", state)
	r := &bencher{b: b}
	b.Cleanup(func() {
		r.tieline("lab", "down", "--all")
		os.RemoveAll(state)
	})
	fmt.Fprintf(&r.text, "# How fast the lab is\n\nWritten by `make bench` on %s, %d cores, %s, kernel %s, load average before it %s. Client, gateways, daemons and the emulated internet share the cores; times vary by a tenth to a third between runs.\n",
		time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), firstWords("/proc/version", 3), firstWords("/proc/loadavg", 1))
	for _, step := range []func() error{r.ups, r.trips, r.failovers, r.restarts, r.throughput} {
		if err := step(); err != nil {
			return r.text.String(), err
		}
	}
	return r.text.String(), nil
}

// firstWords gives the last of the first n words of a file.
func firstWords(path string, n int) string {
	text, err := os.ReadFile(path)
	words := strings.Fields(string(text))
	if err != nil || len(words) < n {
		return "unknown"
	}
	return words[n-1]
}

// tieline runs a command.
func (r *bencher) tieline(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(r.b.Context(), within)
	defer cancel()
	text, err := exec.CommandContext(ctx, "bin/tieline", args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("tieline %s: %w\n%s", strings.Join(args, " "), err, text)
	}
	return string(text), nil
}

// with brings a lab up, does something and takes it down. It gives how long the
// command took that brought it up.
func (r *bencher) with(do func(c *lab.Client) error, spec string, args ...string) (time.Duration, error) {
	start := time.Now()
	if _, err := r.tieline(append([]string{"lab", "up", "examples/" + spec}, args...)...); err != nil {
		return 0, err
	}
	took := time.Since(start)
	err := do(lab.Connect(lab.DirOf(spec)))
	_, down := r.tieline("lab", "down", spec)
	return took, errors.Join(err, down)
}

// ups times the bringing up.
func (r *bencher) ups() error {
	fmt.Fprintf(&r.text, "\n## Coming up\n\nThe whole command `tieline lab up`, with compiling and trying what the machine has, until every session is established, routes stand still and every flow that policy allows has answered; %d runs each.\n\n| network | tunnels | timers | median (low - high) | goal |\n|---|---|---|---|---|\n", bringUps)
	for _, c := range []struct{ spec, tunnels, timers, goal string }{
		{"triangle", "ipsec", "fast", "10 s"},
		{"triangle", "ipsec", "of the clouds", "10 s"},
		{"triangle", "wireguard", "fast", "6 s"},
		{"triangle", "wireguard", "of the clouds", "6 s"},
		{"hub-spoke", "ipsec", "of the clouds", ""},
		{"ml-platform", "ipsec", "of the clouds", "30 s"},
	} {
		var took []time.Duration
		for range bringUps {
			t, err := r.with(func(*lab.Client) error { return nil }, c.spec, "--tunnels", c.tunnels, fmt.Sprintf("--fast=%t", c.timers == "fast"))
			if err != nil {
				return err
			}
			took = append(took, t)
		}
		slices.Sort(took)
		fmt.Fprintf(&r.text, "| %s | %s | %s | %.1f s (%.1f - %.1f) | %s |\n", c.spec, c.tunnels, c.timers, took[len(took)/2].Seconds(), took[0].Seconds(), took[len(took)-1].Seconds(), c.goal)
	}
	return nil
}

// trips compares round trips with what is configured.
func (r *bencher) trips() error {
	r.text.WriteString("\n## Round trips\n\nMedians of 40 probes from machine to machine, each beside what the distances of its way add up to. Goal: within 2 ms.\n\n| network | from | to | configured | measured | off |\n|---|---|---|---|---|---|\n")
	for _, spec := range []string{"triangle", "hub-spoke"} {
		_, err := r.with(func(c *lab.Client) error {
			trips, err := c.Trips(r.b.Context())
			if err != nil {
				return err
			}
			for _, t := range trips {
				p, err := c.PingMachines(r.b.Context(), lab.PingRequest{From: t.Flow.From, To: t.Flow.To, Service: t.Flow.Service.String(), Count: 40, Every: 50})
				if err != nil {
					return err
				}
				if !t.Known || p.Answered == 0 {
					continue
				}
				fmt.Fprintf(&r.text, "| %s | %s | %s | %.2f ms | %.2f ms | %+.2f ms |\n", spec, t.From, t.To, t.Configured, p.Median, p.Median-t.Configured)
			}
			return nil
		}, spec)
		if err != nil {
			return err
		}
	}
	return nil
}

// failovers drills with fast timers, and, as the peer, a part with those of the
// clouds.
func (r *bencher) failovers() error {
	r.text.WriteString("\n## Failover\n\n`tieline lab drill`: each single failure in turn, 100 packets a second on each flow of policy. Slowest is the longest that any flow that has another way was without it, from the cut; on healing, the longest that one was without packets. Goal with fast timers: under 1 s each; with those of the clouds, the peer, under the hold time.\n\n| network | tunnels | timers | failures | notice by | median of the slowest | slowest | slowest on healing | flows against the proof |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, c := range []struct {
		spec, tunnels, timers string
		parts                 []string
	}{
		{"triangle", "ipsec", "fast", nil},
		{"triangle", "wireguard", "fast", nil},
		{"hub-spoke", "ipsec", "fast", nil},
		{"triangle", "ipsec", "of the clouds", []string{"tunnel aws-oregon--gcp-oregon/0", "gateway gcp-oregon/vpn#0"}},
	} {
		_, err := r.with(func(client *lab.Client) error {
			rep, err := client.Drill(r.b.Context(), lab.DrillRequest{Parts: c.parts}, func(lab.DrillUpdate) error { return nil })
			if err != nil {
				return err
			}
			r.failover(rep, c.spec, c.tunnels, c.timers)
			return nil
		}, c.spec, "--tunnels", c.tunnels, fmt.Sprintf("--fast=%t", c.timers == "fast"))
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *bencher) failover(rep *drill.Report, spec, tunnels, timers string) {
	var cut []float64
	healing, detects := 0.0, 0.0
	for i := range rep.Failures {
		f := &rep.Failures[i]
		detects = max(detects, f.Detects)
		if w := f.Worst(); w != nil {
			cut = append(cut, w.Cut.Recovered)
		}
		for k := range f.Flows {
			healing = max(healing, f.Flows[k].Heal.Recovered)
		}
	}
	if len(cut) == 0 {
		cut = []float64{0}
	}
	slices.Sort(cut)
	note := ""
	if rep.Unreliable {
		note = fmt.Sprintf(" (the emulated internet was late by %.1f ms at p99)", rep.LateP99)
	}
	fmt.Fprintf(&r.text, "| %s | %s | %s | %d | %.0f ms | %.0f ms | %.0f ms | %.0f ms | %d%s |\n",
		spec, tunnels, timers, len(rep.Failures), detects, cut[len(cut)/2], cut[len(cut)-1], healing, rep.Against(), note)
}

// restarts ends one of the two devices of hub-spoke's headquarters under
// traffic: as planned, and by SIGKILL.
func (r *bencher) restarts() error {
	r.text.WriteString("\n## A gateway restarts\n\nOne of the two devices of hub-spoke's headquarters, fast timers, 100 packets a second on each flow for 12 s, within which the program is told to end (SIGTERM: it drains) or killed (SIGKILL), is started again and takes its traffic back. Goals: nothing lost; under 1 s.\n\n| signal | flows | sent | lost | longest without an answer |\n|---|---|---|---|---|\n")
	for _, sig := range []string{"TERM", "KILL"} {
		_, err := r.with(func(c *lab.Client) error {
			flows, err := c.Load(r.b.Context(), lab.LoadRequest{Seconds: 12}, func() error {
				_, err := r.tieline("lab", "exec", "node:headquarters/0", "--", "sh", "-c",
					`own=$(readlink /proc/self/ns/net); for p in /proc/[0-9]*; do if [ "$(readlink $p/ns/net)" = "$own" ] && [ "$(cat $p/comm)" = tieline-node ]; then kill -`+sig+` ${p#/proc/}; fi; done`)
				return err
			})
			if err != nil {
				return err
			}
			sent, lost, longest := 0, 0, 0.0
			for _, f := range flows {
				sent, lost, longest = sent+f.Sent, lost+f.Lost, max(longest, f.Longest)
			}
			fmt.Fprintf(&r.text, "| SIG%s | %d | %d | %d | %.0f ms |\n", sig, len(flows), sent, lost, longest)
			return nil
		}, "hub-spoke", "--fast")
		if err != nil {
			return err
		}
	}
	return nil
}

// throughput runs the benchmark of WireGuard over a bare veth, its peer beside
// it.
func (r *bencher) throughput() error {
	const rounds = 5
	ctx, cancel := context.WithTimeout(r.b.Context(), within)
	defer cancel()
	text, err := exec.CommandContext(ctx, "go", "test", "./internal/node/wireguard", "-run", "^$", "-bench", "^BenchmarkThroughput$", "-benchtime", "2s", "-count", strconv.Itoa(rounds)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("throughput: %w\n%s", err, text)
	}
	found := map[string][]float64{}
	for _, m := range regexp.MustCompile(`BenchmarkThroughput/(\w+)\S*\s.*\s([\d.]+) MB/s`).FindAllStringSubmatch(string(text), -1) {
		v, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return err
		}
		found[m[1]] = append(found[m[1]], v*8)
	}
	nodes, library := found["nodes"], found["library"]
	if len(nodes) != rounds || len(library) != rounds {
		return fmt.Errorf("throughput: %d and %d results of %d\n%s", len(nodes), len(library), rounds, text)
	}
	slices.Sort(nodes)
	slices.Sort(library)
	a, b := nodes[rounds/2], library[rounds/2]
	fmt.Fprintf(&r.text, "\n## WireGuard over a bare veth\n\nOne TCP stream (cubic), %d runs of 2 s each: between two nodes %.0f Mbit/s (%.0f - %.0f); between two namespaces with nothing but the library, the peer, in the same run %.0f Mbit/s (%.0f - %.0f): %.0f %% of it. Goal: at least 90 %%.\n",
		rounds, a, nodes[0], nodes[rounds-1], b, library[0], library[rounds-1], a/b*100)
	return nil
}
