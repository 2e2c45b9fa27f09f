package bench_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/testkit/corpus"
	"github.com/tieline/tieline/internal/testkit/oracle"
	"github.com/tieline/tieline/internal/testkit/random"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// BenchmarkRecordCheck measures the proof once and records it.
func BenchmarkRecordCheck(b *testing.B) {
	b.Chdir("../../..")
	for b.Loop() {
		text, err := checks(b)
		if err != nil {
			b.Fatal(err)
		}
		fmt.Print(text)
		if *out == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(*out, "check.md"), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
}

func checks(b *testing.B) (string, error) {
	dir := b.TempDir()
	small, large := filepath.Join(dir, "100"), filepath.Join(dir, "1000")
	if err := errors.Join(estate(small, "100"), estate(large, "1000")); err != nil {
		return "", err
	}
	bin, err := filepath.Abs("bin/tieline")
	if err != nil {
		return "", err
	}
	const (
		whole   = "check estate (1,000 networks), all pairs and every single failure"
		hundred = "check estate cut to 100 networks"
	)
	var results []result
	for _, c := range []struct {
		name string
		args []string
	}{
		{"check ml-platform, every single failure", []string{"check", "examples/ml-platform"}},
		{"check ml-platform --fail 2, complete", []string{"check", "--fail", "2", "examples/ml-platform"}},
		{"path between two segments of ml-platform", []string{"path", "inference", "training", "tcp/443", "-f", "examples/ml-platform"}},
		{hundred, []string{"check", small}},
		{whole, []string{"check", large}},
		{"check estate --fail 0: what --watch says first after a save", []string{"check", "--fail", "0", large}},
		{"check estate --fail 2: every single failure, then refused with an estimate", []string{"check", "--fail", "2", large}},
	} {
		if c.args[0] == "check" {
			c.args = append(c.args, "--level", "error")
		}
		r, err := measure(c.name, bin, c.args...)
		if err != nil {
			return "", err
		}
		results = append(results, r)
	}
	var t strings.Builder
	fmt.Fprintf(&t, "# How fast the proof is\n\nWritten by `make bench` on %s, %d cores, %s. Medians of %d runs of the whole process after one to warm up.\n\n",
		time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), runs)
	rows(&t, results)
	for _, r := range results {
		if r.name == whole {
			fmt.Fprintf(&t, "\n1,000 networks take %.1f times as long as 100.\n", float64(r.median.wall)/float64(find(results, hundred)))
		}
	}
	n, a := corpus.Compile(b, large)
	query(&t, n, a)
	n, a = corpus.Compile(b, "examples/ml-platform")
	naive(&t, n, a)
	return t.String(), nil
}

// query times single questions once the network is loaded.
func query(t *strings.Builder, n *fabric.Network, a *atlas.Atlas) {
	proof := verify.New(n, a)
	var ends []fabric.PolicyEnd
	for i := range n.Subnets {
		if s := &n.Subnets[i]; s.Purpose == fabric.Workload {
			if e, err := n.End(string(s.ID)); err == nil {
				ends = append(ends, e)
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	var took []time.Duration
	for range 2000 {
		from, to := ends[r.IntN(len(ends))], ends[r.IntN(len(ends))]
		start := time.Now()
		proof.Flow(from, to, vocab.Service{Proto: vocab.TCP, Ports: vocab.PortRange{First: 443, Last: 443}})
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	fmt.Fprintf(t, "\nOne question between two of the %d subnets of estate, once it is loaded, with both ways hop by hop: median %s, 99th percentile %s of %d.\n",
		len(ends), took[len(took)/2].Round(time.Microsecond), took[len(took)*99/100].Round(time.Microsecond), len(took))
}

// naive times the proof beside the oracle, which asks the same of ml-platform
// packet by packet.
func naive(t *strings.Builder, n *fabric.Network, a *atlas.Atlas) {
	parts := routes.New(n, a).Parts()
	var own, other []time.Duration
	sent := 0
	for range runs {
		start := time.Now()
		proof := verify.New(n, a)
		proof.Findings()
		outage.New(proof).Try(outage.Options{At: 1})
		own = append(own, time.Since(start))
		start, sent = time.Now(), 0
		for i := -1; i < len(parts); i++ {
			var failed []oracle.Part
			if i >= 0 {
				failed = []oracle.Part{{Kind: parts[i].Kind.String(), ID: parts[i].ID}}
			}
			o := oracle.New(n, a, failed, 1)
			machines := random.Machines(n)
			for _, from := range machines {
				for _, to := range machines {
					for _, p := range random.Packets(n) {
						o.Send(from, to, p)
						sent++
					}
				}
			}
		}
		other = append(other, time.Since(start))
	}
	slices.Sort(own)
	slices.Sort(other)
	a1, b1 := own[len(own)/2], other[len(other)/2]
	fmt.Fprintf(t, "\nThe peer is the naive judge of `internal/testkit/oracle`, which sends one packet for each pair of machines and port in health and under each of the %d failures of ml-platform, %d in all: %s against %s for the proof, which is exact over all packets (%.0f times as long, medians of %d in one process).\n",
		len(parts), sent, ms(b1), ms(a1), float64(b1)/float64(a1), runs)
	t.WriteString("\nBatfish, the open peer in this field, models AWS and router configurations, not Google Cloud, Azure or what is between them; it was not built for this record, because its build fetches from Maven and the machine does not reach it.\n")
}
