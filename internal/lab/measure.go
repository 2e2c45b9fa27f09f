package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/lab/agree"
	"github.com/tieline/tieline/internal/lab/knock"
	"github.com/tieline/tieline/internal/lab/serve"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// PingRequest asks for round trips between two machines.
type PingRequest struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Count int    `json:"count"` // probes; 0 is 10
	// Service is what is tried: icmp where empty and it gets through, else the
	// first service that does.
	Service string  `json:"service,omitempty"`
	Every   float64 `json:"every,omitempty"` // milliseconds between probes; 0 is 100
}

// PingResult is the round trips, in milliseconds.
type PingResult struct {
	From     string    `json:"from"`
	To       string    `json:"to"`
	Service  string    `json:"service"`
	Sent     int       `json:"sent"`
	Answered int       `json:"answered"`
	Min      float64   `json:"min"`
	Median   float64   `json:"median"`
	P90      float64   `json:"p90"`
	Max      float64   `json:"max"`
	Jitter   float64   `json:"jitter"`        // mean difference of neighbours
	Why      string    `json:"why,omitempty"` // of the last one without an answer
	RTTs     []float64 `json:"rtts"`
	Path     []string  `json:"path,omitempty"` // what carries it there, of all equal-cost ways
}

// Bounds of measurements.
const (
	pings        = 10
	mostPings    = 10_000
	pingEvery    = 100 * time.Millisecond
	iperfFor     = 5 * time.Second
	mostIperf    = 5 * time.Minute
	iperfConnect = 5 * time.Second
)

// PingMachines measures round trips between two machines by probes one after
// the other.
func (l *Lab) PingMachines(ctx context.Context, q PingRequest) (PingResult, error) {
	from, to, svc, err := l.between(q.From, q.To, q.Service, false)
	if err != nil {
		return PingResult{}, err
	}
	count, every := q.Count, time.Duration(q.Every*float64(time.Millisecond))
	if count == 0 {
		count = pings
	}
	if every <= 0 {
		every = pingEvery
	}
	if count < 0 || count > mostPings {
		return PingResult{}, fmt.Errorf("%d probes: want 1 to %d", count, mostPings)
	}
	r := PingResult{From: from.Name, To: to.Name, Service: svc.String(), Path: l.carriersOf(ctx, from, to)}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for i := range count {
		if i > 0 {
			select {
			case <-ctx.Done():
				return r, ctx.Err()
			case <-tick.C:
			}
		}
		k, err := knock.Try(ctx, from.ns.Do, to.target(from), svc, tryFor)
		if err != nil {
			return r, err
		}
		r.Sent++
		if !k.Outcome.Passed() || k.RTT == 0 {
			r.Why = string(k.Outcome) + ": " + k.Why
			continue
		}
		r.RTTs = append(r.RTTs, float64(k.RTT)/float64(time.Millisecond))
	}
	r.summarise()
	return r, nil
}

// summarise works out the statistics of the round trips.
func (r *PingResult) summarise() {
	r.Answered = len(r.RTTs)
	if r.Answered == 0 {
		return
	}
	sum := 0.0
	for i := 1; i < len(r.RTTs); i++ {
		sum += math.Abs(r.RTTs[i] - r.RTTs[i-1])
	}
	if len(r.RTTs) > 1 {
		r.Jitter = sum / float64(len(r.RTTs)-1)
	}
	s := slices.Sorted(slices.Values(r.RTTs))
	at := func(p float64) float64 { return s[min(len(s)-1, int(p*float64(len(s))))] }
	r.Min, r.Median, r.P90, r.Max = s[0], at(0.5), at(0.9), s[len(s)-1]
}

// IperfRequest asks for the throughput between two machines.
type IperfRequest struct {
	From    string  `json:"from"`
	To      string  `json:"to"`
	Service string  `json:"service,omitempty"` // tcp/443; empty: the first port that gets through
	Seconds float64 `json:"seconds,omitempty"` // 0 is 5
}

// IperfResult is the throughput of one TCP connection.
type IperfResult struct {
	From        string    `json:"from"`
	To          string    `json:"to"`
	Service     string    `json:"service"`
	Seconds     float64   `json:"seconds"`
	Bytes       uint64    `json:"bytes"` // that the other end says it has
	Mbps        float64   `json:"mbps"`
	Retransmits uint32    `json:"retransmits"` // segments
	RTT         float64   `json:"rtt"`         // milliseconds, smoothed, under load (RFC 6298)
	MSS         uint32    `json:"mss"`         // bytes, as sent
	Congestion  string    `json:"congestion"`  // algorithm
	Path        []string  `json:"path,omitempty"`
	Intervals   []float64 `json:"intervals"` // Mbit/s sent in each second
}

// Iperf sends as much as goes over one TCP connection for a while.
func (l *Lab) Iperf(ctx context.Context, q IperfRequest) (IperfResult, error) {
	from, to, svc, err := l.between(q.From, q.To, q.Service, true)
	if err != nil {
		return IperfResult{}, err
	}
	d := time.Duration(q.Seconds * float64(time.Second))
	if d == 0 {
		d = iperfFor
	}
	if d < 0 || d > mostIperf {
		return IperfResult{}, fmt.Errorf("%g seconds: want at most %g", q.Seconds, mostIperf.Seconds())
	}
	r := IperfResult{From: from.Name, To: to.Name, Service: svc.String(), Path: l.carriersOf(ctx, from, to)}
	connect, cancel := context.WithTimeout(ctx, iperfConnect)
	defer cancel()
	c, err := knock.Dial(connect, from.ns.Do, netip.AddrPortFrom(to.target(from), svc.Ports.First))
	if err != nil {
		return r, fmt.Errorf("%s to %s %s: %w", from.Name, to.Name, svc, err)
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := r.measure(c, d); err != nil {
		return r, errors.Join(fmt.Errorf("%s to %s %s: %w", from.Name, to.Name, svc, err), ctx.Err())
	}
	return r, nil
}

// drained bounds how long the other end takes to say what it has, once all is
// sent.
const drained = 20 * time.Second

// measure sends for a while, ends its half of the connection and reads how much
// has arrived.
func (r *IperfResult) measure(c *os.File, d time.Duration) error {
	begun := time.Now()
	if err := c.SetDeadline(begun.Add(d)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, serve.Discard); err != nil {
		return err
	}
	block := make([]byte, 128<<10)
	var sent, marked uint64
	for second := 1; ; {
		n, err := c.Write(block)
		sent += uint64(n)
		if now := time.Since(begun); now >= time.Duration(second)*time.Second {
			r.Intervals = append(r.Intervals, mbps(sent-marked, now-time.Duration(second-1)*time.Second))
			marked, second = sent, int(now/time.Second)+1
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			return err
		}
	}
	if err := r.info(c); err != nil {
		return err
	}
	if err := c.SetDeadline(time.Now().Add(drained)); err != nil {
		return err
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = unix.Shutdown(int(fd), unix.SHUT_WR) }); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	answer, err := io.ReadAll(io.LimitReader(c, 256))
	if err != nil {
		return fmt.Errorf("the other end does not say what it has: %w", err)
	}
	if _, err := fmt.Sscanf(string(answer), serve.Discarded, &r.Bytes); err != nil {
		return fmt.Errorf("the other end answers %q", answer)
	}
	took := time.Since(begun)
	r.Seconds, r.Mbps = took.Seconds(), mbps(r.Bytes, took)
	return nil
}

// info reads what the kernel knows of the connection (TCP_INFO, tcp(7)).
func (r *IperfResult) info(c *os.File) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var info *unix.TCPInfo
	var failed error
	err = raw.Control(func(fd uintptr) {
		if info, failed = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); failed != nil {
			return
		}
		r.Congestion, failed = unix.GetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION)
	})
	if err := errors.Join(err, failed); err != nil {
		return fmt.Errorf("TCP_INFO: %w", err)
	}
	r.Retransmits, r.RTT, r.MSS = info.Total_retrans, float64(info.Rtt)/1000, info.Snd_mss
	return nil
}

func mbps(bytes uint64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(bytes) * 8 / 1e6 / d.Seconds()
}

// target is the address by which another machine is reached: its public one
// from the internet.
func (m *machine) target(from *machine) netip.Addr {
	if from.Subnet == "" && from.Site == "" && m.Public.IsValid() {
		return m.Public
	}
	return m.Addr
}

// between finds two machines and by what to measure between them: the service
// that is named, else the first that the proof says gets through.
func (l *Lab) between(a, b, service string, tcp bool) (from, to *machine, svc vocab.Service, err error) {
	if from, err = l.machineOf(a); err != nil {
		return nil, nil, svc, err
	}
	if to, err = l.machineOf(b); err != nil {
		return nil, nil, svc, err
	}
	if from == to {
		return nil, nil, svc, fmt.Errorf("%s is both ends", from.Name)
	}
	if service != "" {
		svc, err = vocab.ParseService(service)
		if err == nil && tcp && (svc.Proto != vocab.TCP || svc.Ports.IsAny()) {
			err = fmt.Errorf("%s: throughput is measured by TCP to one port", service)
		}
		return from, to, tryable(svc), err
	}
	list := slices.Clone(to.Open)
	if !tcp {
		list = append([]vocab.Service{{Proto: vocab.ICMP}}, list...)
	}
	proof := verify.New(l.in.Network, l.in.Atlas)
	for _, s := range list {
		if tcp && s.Proto != vocab.TCP {
			continue
		}
		if proof.Flow(l.endOf(from), l.endOf(to), s).Verdict == verify.Reachable {
			return from, to, s, nil
		}
	}
	what := "nothing"
	if tcp {
		what = "no TCP port with a server"
	}
	return nil, nil, svc, fmt.Errorf("policy lets %s through from %s to %s: name a service to try it all the same", what, from.Name, to.Name)
}

// carriersOf says what carries packets between two machines now; empty inside
// a place, or where the nodes do not answer.
func (l *Lab) carriersOf(ctx context.Context, from, to *machine) []string {
	states, err := l.answering(ctx)
	if err != nil {
		return nil
	}
	return agree.NewWiring(l.plan).Follow(states, from.Machine, to.target(from)).Carriers
}
