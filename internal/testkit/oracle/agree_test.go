package oracle_test

import (
	"fmt"
	"net/netip"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/testkit/networks"
	"github.com/tieline/tieline/internal/testkit/oracle"
	"github.com/tieline/tieline/internal/testkit/random"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// soak asks for as many networks a test as it says, instead of hundreds: "5000"
// for the first seeds, "5000-9000" to go on from there.
const soak = "TIELINE_SOAK"

// seeds are from first up to and without last: the first n, or what soak asks for.
func seeds(t *testing.T, n int) (first, last uint64) {
	t.Helper()
	asked := os.Getenv(soak)
	if asked == "" {
		return 0, uint64(n)
	}
	from, to, ok := strings.Cut(asked, "-")
	if !ok {
		from, to = "0", asked
	}
	first, err := strconv.ParseUint(from, 10, 64)
	if err == nil {
		last, err = strconv.ParseUint(to, 10, 64)
	}
	if err != nil || last <= first {
		t.Fatalf("%s is %q, want a number of networks or two seeds as 5000-9000", soak, asked)
	}
	return first, last
}

// TestRoutesAgree: the engine's tables and the oracle send every packet the
// same ways, on healthy networks, broken ones and such of which parts failed.
func TestRoutesAgree(t *testing.T) {
	first, last := seeds(t, 120)
	each(t, first, last, func(seed uint64) string {
		r, n := drawn(seed)
		plane := routes.New(n, atlas.Default())
		trials := []routes.Failure{nil}
		if parts := plane.Parts(); len(parts) > 0 {
			for range 2 {
				trials = append(trials, routes.NewFailure(parts[r.IntN(len(parts))]))
			}
			trials = append(trials, routes.NewFailure(parts[r.IntN(len(parts))], parts[r.IntN(len(parts))]))
		}
		for _, f := range trials {
			if said := differRoutes(n, f); said != "" {
				t.Logf("seed %d, with %v failed: %s", seed, f, said)
				small := random.Shrink(n, func(m *fabric.Network) bool { return alike(said, sound(func() string { return differRoutes(m, f) })) })
				return fmt.Sprintf("with %v failed: %s\nin the smallest network where they differ: %s\n%s", f, said, differRoutes(small, f), networks.Network(small))
			}
		}
		return ""
	})
}

// TestVerdictsAgree: the proof's answer for two machines and a service is what
// the oracle sees packets of it do.
func TestVerdictsAgree(t *testing.T) {
	first, last := seeds(t, 40)
	each(t, first, last, func(seed uint64) string {
		_, n := drawn(seed)
		said := differVerdicts(n)
		if said == "" {
			return ""
		}
		t.Logf("seed %d: %s", seed, said)
		small := random.Shrink(n, func(m *fabric.Network) bool { return alike(said, sound(func() string { return differVerdicts(m) })) })
		return fmt.Sprintf("%s\nin the smallest network where they differ: %s\n%s", said, differVerdicts(small), networks.Network(small))
	})
}

// enough failed seeds end a test, and every so many seeds it says how far it is.
const (
	enough = 4
	stride = 500
)

// each runs a test on the seeds from first up to last in their order, with one
// worker a core, reports what fails at once, and stops when enough did.
func each(t *testing.T, first, last uint64, run func(seed uint64) string) {
	t.Helper()
	var wait sync.WaitGroup
	var failed atomic.Int64
	todo := make(chan uint64)
	for range 2 {
		wait.Go(func() {
			for seed := range todo {
				if said := told(run, seed); said != "" {
					failed.Add(1)
					t.Errorf("seed %d: %s", seed, said)
				}
			}
		})
	}
	for seed := first; seed < last && failed.Load() < enough; seed++ {
		if seed > first && seed%stride == 0 {
			t.Logf("seeds %d to %d are begun", first, seed)
		}
		todo <- seed
	}
	close(todo)
	wait.Wait()
}

// told is what a test says of a seed, or that it panics.
func told(run func(seed uint64) string, seed uint64) (said string) {
	defer func() {
		if p := recover(); p != nil {
			said = fmt.Sprintf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return run(seed)
}

// byChance is how a difference ends that is of what is left to chance.
const byChance = "the oracle ends by chance, and no event says so"

// alike reports whether two networks differ in the same manner, so that
// shrinking one does not end at another's.
func alike(a, b string) bool {
	return b != "" && strings.Contains(a, byChance) == strings.Contains(b, byChance)
}

// sound runs a comparison of a network that shrinking may have made
// meaningless: what then panics is no difference.
func sound(f func() string) (said string) {
	defer func() {
		if recover() != nil {
			said = ""
		}
	}()
	return f()
}

// orders are the seeds by which the oracle draws what is left to chance.
var orders = []uint64{1, 2}

// differRoutes compares where the packets of every machine end.
func differRoutes(n *fabric.Network, f routes.Failure) string {
	tables := routes.Compute(n, atlas.Default(), f)
	var failed []oracle.Part
	for _, p := range f {
		failed = append(failed, oracle.Part{Kind: p.Kind.String(), ID: p.ID})
	}
	var judges []*oracle.Oracle
	for _, seed := range orders {
		judges = append(judges, oracle.New(n, atlas.Default(), failed, seed))
	}
	for _, m := range random.Machines(n) {
		from := tables.TableOf(m.Subnet, m.Zone)
		if m.Site != "" {
			from = tables.SiteTable(m.Site)
		}
		if from < 0 || fallen(tables, m) {
			continue
		}
		for _, to := range append(random.Machines(n), random.Outside()...) {
			d := to.Addr
			if fallen(tables, to) {
				continue // failures leave out what begins or ends in them
			}
			var want []string
			chance := false
			for i, o := range judges {
				ends := endsOf(o.Walk(m, d))
				chance = chance || i > 0 && !slices.Equal(want, ends)
				want = ends
			}
			paths, _ := tables.Trace(from, d)
			got := waysOf(tables, paths)
			switch {
			case chance && !unsettled(tables):
				return fmt.Sprintf("%v to %v: %s", m, d, byChance)
			case !chance && !slices.Equal(got, want) && !(unsettled(tables) && anyOrder(n, failed, m, d, got)):
				return fmt.Sprintf("%v to %v: Trace ends %v, want %v: %v\n%s", m, d, got, want, judges[0].Walk(m, d), steps(tables, paths))
			}
		}
	}
	return ""
}

// anyOrder reports whether the oracle comes to the same ends in some order,
// where the engine says that there are several.
func anyOrder(n *fabric.Network, failed []oracle.Part, m oracle.Machine, d netip.Addr, ends []string) bool {
	for seed := range uint64(24) {
		if slices.Equal(endsOf(oracle.New(n, atlas.Default(), failed, seed).Walk(m, d)), ends) {
			return true
		}
	}
	return false
}

// fallen reports whether a machine itself has failed.
func fallen(t *routes.Tables, m oracle.Machine) bool {
	return m.Subnet != "" && t.Down(m.Subnet, m.Zone) || m.Site != "" && t.SiteDown(m.Site)
}

// unsettled reports whether the engine says that something is left to chance.
func unsettled(t *routes.Tables) bool {
	return slices.ContainsFunc(t.Events, func(e routes.Event) bool {
		return e.Kind == routes.Nondeterminism || e.Kind == routes.Overlap || e.Kind == routes.LimitPassed
	})
}

// endsOf puts the oracle's ends into the words of waysOf.
func endsOf(ends []oracle.End) []string {
	var out []string
	for _, e := range ends {
		switch e.Kind {
		case oracle.Arrived:
			out = append(out, strings.TrimSpace("arrives "+string(e.VPC)+string(e.Site)))
		case oracle.Gateway, oracle.NAT:
			out = append(out, "internet")
		case oracle.Circle:
			out = append(out, "loop")
		case oracle.Unknown:
			out = append(out, "unknown")
		case oracle.Nowhere, oracle.Dropped:
			out = append(out, "lost")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func waysOf(t *routes.Tables, paths []routes.Path) []string {
	var out []string
	for _, p := range paths {
		last := p.Steps[len(p.Steps)-1]
		switch p.Outcome {
		case routes.Delivered:
			where := string(t.Tables[last.Table].Site)
			if len(last.Hops) > 0 && last.Hops[0].VPC != "" {
				where = string(last.Hops[0].VPC)
			}
			out = append(out, "arrives "+where)
		case routes.ToInternet:
			out = append(out, "internet")
		case routes.Loop:
			out = append(out, "loop")
		case routes.NotModelled:
			out = append(out, "unknown")
		case routes.NoRoute, routes.Blackhole, routes.NoSubnet, routes.SourceDown:
			out = append(out, "lost")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// steps prints the engine's ways.
func steps(t *routes.Tables, paths []routes.Path) string {
	var b strings.Builder
	for _, p := range paths {
		for _, s := range p.Steps {
			fmt.Fprintf(&b, "  %s: %s %v %v\n", t.Tables[s.Table].ID, s.Route.Prefix, s.Route.Protocol, s.Hops)
		}
		fmt.Fprintf(&b, "  %v\n", p.Outcome)
	}
	return b.String()
}

// sources are the client ports that stand for all where filters cut them. A
// service is reachable when those that clients draw (from firstClient on) are
// answered, and blocked when none is.
var sources = []uint16{1, 80, 443, 1023, 1024, firstClient, 50000, 65535}

// firstClient is the first port that clients draw, by the fact any.ports.client.
const firstClient = 32768

// differVerdicts compares the answers between every two machines, for every
// service on a side of some rule's cut.
func differVerdicts(n *fabric.Network) string {
	proof := verify.New(n, atlas.Default())
	var judges []*oracle.Oracle
	for _, seed := range orders {
		judges = append(judges, oracle.New(n, atlas.Default(), nil, seed))
	}
	all := append(random.Machines(n), random.Outside()...)
	for _, from := range all {
		for _, to := range all {
			if from == to || from.Subnet == "" && from.Site == "" && to.Subnet == "" && to.Site == "" {
				continue
			}
			for _, p := range random.Packets(n) {
				if p.Proto == vocab.ICMP {
					continue // an echo is one of many types: verify's own tests tell them apart
				}
				want, chance := verdict(n, judges, from, to, p)
				s := vocab.Service{Proto: p.Proto, Ports: vocab.PortRange{First: p.DstPort, Last: p.DstPort}}
				got := proof.Flow(end(from), end(to), s).Verdict
				if chance && got == verify.Reachable || !chance && got != want {
					return fmt.Sprintf("Flow(%v, %v, %v) = %v, want %v (by chance: %v): %+v", from, to, s, got, want, chance, judges[0].Send(from, to, p))
				}
			}
		}
	}
	return ""
}

func end(m oracle.Machine) fabric.PolicyEnd {
	return fabric.PolicyEnd{Ref: m.Addr.String(), Prefixes: []netip.Prefix{netip.PrefixFrom(m.Addr, m.Addr.BitLen())}}
}

// verdict is what the packets of a service do, over the client's ports.
func verdict(n *fabric.Network, judges []*oracle.Oracle, from, to oracle.Machine, p oracle.Packet) (v verify.Verdict, chance bool) {
	ports := sources[len(sources)-1:] // where nothing judges the client's port
	a, _ := n.Subnet(from.Subnet)
	b, _ := n.Subnet(to.Subnet)
	if a.NACL != "" || b.NACL != "" {
		ports = slices.Clone(sources)
		for _, q := range random.Packets(n) {
			ports = append(ports, q.DstPort)
		}
		slices.Sort(ports)
		ports = slices.Compact(ports)
	}
	for i, o := range judges {
		all, some, unknown := true, false, false
		for _, port := range ports {
			p.SrcPort = port
			x := o.Send(from, to, p)
			all, some, unknown = all && (x.All || port < firstClient), some || x.Some, unknown || x.Unknown
		}
		w := verify.Partly
		switch {
		case unknown:
			w = verify.Undecided
		case all:
			w = verify.Reachable
		case !some:
			w = verify.Blocked
		}
		chance = chance || i > 0 && w != v
		v = w
	}
	return v, chance
}
