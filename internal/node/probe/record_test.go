package probe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/nodeconf"
)

const ms = time.Millisecond

// recorder is a record with a clock that the test moves.
func recorder(timeout time.Duration) (*record, *[]Sample) {
	var samples []Sample
	return newRecord("p", timeout, time.Unix(0, 0), func(s Sample) { samples = append(samples, s) }), &samples
}

func TestDecisions(t *testing.T) {
	r, samples := recorder(100 * ms)
	at := func(d time.Duration) time.Time { return time.Unix(0, 0).Add(d) }
	for i := range 5 {
		r.depart(at(time.Duration(i) * 10 * ms))
	}
	r.arrive(answer{seq: 0, at: at(8 * ms)})
	r.arrive(answer{seq: 0, at: at(9 * ms)})                    // twice
	r.arrive(answer{seq: 2, at: at(50 * ms), dwell: 10 * ms})   // 20 ms
	r.arrive(answer{seq: 7, at: at(50 * ms)})                   // never sent
	r.fail(3, errors.New("operation not permitted"))            // could not be sent
	if due := r.expire(at(60 * ms)); !due.Equal(at(110 * ms)) { // of packet 1
		t.Errorf("expire = %v, want it to look again at 110 ms", due)
	}
	if st := r.state(at(110 * ms)); st.Lost != 2 {
		t.Errorf("lost = %d, want 2: its time is over", st.Lost)
	}
	r.arrive(answer{seq: 1, at: at(115 * ms)}) // late
	r.arrive(answer{seq: 4, at: at(145 * ms)}) // late, and nobody had looked
	got := r.state(at(150 * ms))
	want := nodeconf.ProbeState{
		ID: "p", Sent: 5, Lost: 3, Late: 2, Duplicates: 1, RecentSent: 5, RecentLost: 3, Last: 20, Min: 8, P50: 8.032, P99: 20, // the middle of its bucket
		Jitter: 12. / 16, Ever: &nodeconf.Spread{Count: 2, Min: 8, P50: 8.032, P99: 20, Max: 20}, Failures: "operation not permitted",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	var order []string
	for _, s := range *samples {
		order = append(order, fmt.Sprint(s.Seq, s.Lost, s.RTT))
	}
	if want := []string{"0 false 8ms", "2 false 20ms", "3 true 0s", "1 true 0s", "4 true 0s"}; !cmp.Equal(order, want) {
		t.Errorf("samples = %q, want %q", order, want)
	}
	// What is long over is forgotten, and its answer means nothing.
	r.expire(at(time.Minute))
	r.arrive(answer{seq: 1, at: at(time.Minute)})
	if st := r.state(at(time.Minute)); st.Late != 2 || len(r.flights) != 0 {
		t.Errorf("late = %d, %d remembered, want 2 and none", st.Late, len(r.flights))
	}
}

// TestDwellThatCannotBe leaves out what a far end claims when its clock jumped.
func TestDwellThatCannotBe(t *testing.T) {
	for _, dwell := range []time.Duration{-time.Hour, time.Hour} {
		r, _ := recorder(time.Second)
		r.depart(time.Unix(0, 0))
		r.arrive(answer{seq: 0, at: time.Unix(0, 0).Add(30 * ms), dwell: dwell})
		if st := r.state(time.Unix(0, 0)); st.Last != 30 {
			t.Errorf("round trip with %v at the far end = %v, want 30 ms", dwell, st.Last)
		}
	}
}

// TestJitter is RFC 3550 section 6.4.1 by hand: J += (|D| - J) / 16.
func TestJitter(t *testing.T) {
	r, _ := recorder(time.Second)
	want, last := 0., 0.
	for i, trip := range []float64{10, 12, 11, 30, 10, 10} {
		at := time.Unix(int64(i), 0)
		r.depart(at)
		r.arrive(answer{seq: uint32(i), at: at.Add(time.Duration(trip) * ms)})
		if i > 0 {
			want += (max(trip-last, last-trip) - want) / 16
		}
		last = trip
	}
	if got := r.state(time.Unix(9, 0)).Jitter; got < want-1e-9 || got > want+1e-9 {
		t.Errorf("jitter = %v, want %v", got, want)
	}
}

// TestWindow slides: after five minutes only what is since then counts.
func TestWindow(t *testing.T) {
	r, _ := recorder(time.Second)
	at := time.Unix(0, 0)
	for i := range uint32(900) {
		r.depart(at)
		if i%10 == 0 && i < 450 {
			r.expire(at.Add(2 * time.Second))
		} else {
			r.arrive(answer{seq: i, at: at.Add(time.Duration(1+i/100) * ms)})
		}
		at = at.Add(time.Second)
	}
	st := r.state(at.Add(-time.Second))
	if st.RecentSent != 300 || st.RecentLost != 0 || st.Min != 7 || st.P50 < 7.9 || st.P50 > 8.1 {
		t.Errorf("recent = %d sent, %d lost, min %v, p50 %v, want 300, 0, 7, 8", st.RecentSent, st.RecentLost, st.Min, st.P50)
	}
	if st.Sent != 900 || st.Lost != 45 || st.Ever.Min != 1 || st.Ever.Max != 9 {
		t.Errorf("ever = %d sent, %d lost, %+v, want 900, 45, 1 to 9 ms", st.Sent, st.Lost, st.Ever)
	}
	if st := r.state(at.Add(10 * time.Minute)); st.RecentSent != 0 || st.P99 != 0 || st.Ever.Count != 855 {
		t.Errorf("ten minutes later = %+v, want nothing recent", st)
	}
}

func TestDirection(t *testing.T) {
	tests := []struct {
		name    string
		pairs   [][2]uint32 // sender's number, reflector's
		counts  bool
		missing uint64
	}{
		{"copies", [][2]uint32{{0, 0}, {3, 3}, {9, 9}}, false, 0},
		{"all lost on the way back", [][2]uint32{{0, 0}, {5, 5}}, false, 0},
		{"two lost there", [][2]uint32{{0, 0}, {3, 1}, {4, 2}}, true, 2},
		{"the first ones lost there", [][2]uint32{{4, 0}, {5, 1}}, true, 4},
		{"overtaken", [][2]uint32{{0, 0}, {2, 1}, {1, 2}, {3, 3}}, true, 1},
		{"far end began anew", [][2]uint32{{0, 0}, {3, 1}, {10, 0}, {12, 1}}, true, 3},
		{"counted before", [][2]uint32{{0, 100}, {1, 101}, {5, 103}}, true, 2},
		{"numbers wrap", [][2]uint32{{1<<32 - 2, 1<<32 - 3}, {1, 0}}, true, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var d direction
			for _, p := range tt.pairs {
				d.take(p[0], p[1])
			}
			if d.counts != tt.counts || d.missing != tt.missing {
				t.Errorf("counts %v, missing %d, want %v, %d", d.counts, d.missing, tt.counts, tt.missing)
			}
		})
	}
}

// fakeWire answers after a while, on the test's clock.
type fakeWire struct {
	rec    *record
	trip   time.Duration
	sent   *[]time.Time
	slow   time.Duration // to send
	broken *atomic.Bool
}

func (w fakeWire) send(seq uint32) error {
	*w.sent = append(*w.sent, time.Now())
	if w.broken.Load() {
		return errors.New("no such device")
	}
	time.Sleep(w.slow)
	go func() {
		time.Sleep(w.trip)
		w.rec.arrive(answer{seq: seq, at: time.Now()})
	}()
	return nil
}

func (w fakeWire) close() {}

func TestRunnerKeepsItsBeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []time.Time
		var broken atomic.Bool
		var opened atomic.Int32
		conf := nodeconf.Probe{ID: "p", Interval: 1000, Timeout: 300}
		r := &runner{conf: conf, rec: newRecord("p", 300*ms, time.Now(), func(Sample) {})}
		w := fakeWire{rec: r.rec, trip: 40 * ms, sent: &sent, slow: 7 * ms, broken: &broken}
		r.open = func() (wire, error) { opened.Add(1); return w, nil }
		begun := time.Now()
		r.begin(250*ms, func(ctx context.Context) { <-ctx.Done() })
		defer r.end()
		time.Sleep(100 * time.Second)
		synctest.Wait()
		if len(sent) != 100 || opened.Load() != 1 {
			t.Fatalf("sent %d over %d wires, want 100 over 1", len(sent), opened.Load())
		}
		for i, at := range sent {
			if want := 250*ms + time.Duration(i)*time.Second; at.Sub(begun) != want {
				t.Fatalf("packet %d went at %v, want %v: sending takes time, and must not add up", i, at.Sub(begun), want)
			}
		}
		broken.Store(true)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		st := r.rec.state(time.Now())
		if st.Lost != 3 || opened.Load() != 3 || st.Failures != "no such device" {
			t.Errorf("state = %+v after %d wires, want 3 lost, each wire thrown away", st, opened.Load())
		}
		broken.Store(false)
		time.Sleep(time.Second)
		synctest.Wait()
		if st := r.rec.state(time.Now()); st.Lost != 3 || st.Failures != "" {
			t.Errorf("state = %+v, want it well again", st)
		}
	})
}

func TestFollowing(t *testing.T) {
	at := func(d time.Duration) time.Time { return time.Unix(0, 0).Add(d) }
	for _, tt := range []struct{ due, now, want time.Duration }{
		{0, 3 * ms, time.Second},
		{0, time.Second, time.Second},
		{0, 1001 * ms, 2 * time.Second},
		{0, 5500 * ms, 6 * time.Second},
	} {
		if got := following(at(tt.due), at(tt.now), time.Second); !got.Equal(at(tt.want)) {
			t.Errorf("following(%v, %v) = %v, want %v", tt.due, tt.now, got.Sub(at(0)), tt.want)
		}
	}
}

func TestArrival(t *testing.T) {
	now := time.Now()
	for _, tt := range []struct {
		name  string
		stamp time.Duration // to now
		want  time.Duration
	}{
		{"read a little later", -3 * ms, -3 * ms},
		{"clock set back", time.Hour, 0},
		{"clock set ahead", -time.Hour, 0},
	} {
		if got := arrival(now, now.Add(tt.stamp)).Sub(now); got != tt.want {
			t.Errorf("%s: arrival = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestSamples(t *testing.T) {
	e := New(slog.New(slog.DiscardHandler))
	if got := e.Samples(0); len(got) != 0 {
		t.Errorf("Samples = %v, want none", got)
	}
	for i := range uint32(mostSamples + 10) {
		e.publish(Sample{Seq: i})
	}
	got := e.Samples(0)
	if len(got) != mostSamples || got[0].Serial != 11 || got[0].Seq != 10 || got[mostSamples-1].Serial != mostSamples+10 {
		t.Errorf("Samples(0) = %d from %+v, want the last %d", len(got), got[0], mostSamples)
	}
	if got := e.Samples(mostSamples + 8); len(got) != 2 || got[0].Serial != mostSamples+9 {
		t.Errorf("Samples of the last two = %+v", got)
	}
	if got := e.Samples(mostSamples + 10); len(got) != 0 {
		t.Errorf("Samples after the last = %v, want none", got)
	}
}

func TestValidate(t *testing.T) {
	good := nodeconf.Probe{ID: "a", Kind: nodeconf.STAMP, Target: netip.MustParseAddrPort("192.0.2.1:0"), Interval: 1000, Timeout: 1000}
	bad := nodeconf.Probe{ID: "a", Kind: "smoke", Local: netip.MustParseAddr("::1"), Target: netip.MustParseAddrPort("[::1]:0"), Interval: 5, Timeout: 90_000}
	portless := nodeconf.Probe{ID: "b", Kind: nodeconf.TCP, Target: netip.MustParseAddrPort("192.0.2.1:0"), Interval: 1000, Timeout: 1000}
	listen := []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:0"), netip.MustParseAddrPort("192.0.2.1:862")}
	if errs := Validate([]nodeconf.Probe{good}, listen[:1]); len(errs) != 0 {
		t.Errorf("Validate = %v, want nothing wrong", errs)
	}
	err := New(slog.New(slog.DiscardHandler)).Set([]nodeconf.Probe{good, bad, portless}, listen)
	want := `probes[1].id: "a" is missing or named twice
probes[1].kind: "smoke" is none of ["icmp" "tcp" "stamp"]
probes[1].local: ::1 is no IPv4 address
probes[1].target: ::1 is no IPv4 address
probes[1].interval: 5 ms is not from 10 ms to an hour
probes[1].timeout: 90000 ms is not from 1 ms to a minute
probes[2].target: has no port
reflect[1]: 192.0.2.1:862 is named twice`
	if err == nil || strings.TrimSpace(err.Error()) != want {
		t.Errorf("Set = %v, want\n%s", err, want)
	}
}
