package relay

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// bench is a running relay with datagram sockets for ports.
type bench struct {
	*Relay
	t    *testing.T
	ends []int // ours, by port
}

func newBench(t *testing.T, ports int, seed uint64) *bench {
	t.Helper()
	r, err := New(seed)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Relay: r, t: t}
	for range ports {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.AddPort(fds[0]); err != nil {
			t.Fatal(err)
		}
		if err := unix.SetsockoptTimeval(fds[1], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}); err != nil {
			t.Fatal(err)
		}
		b.ends = append(b.ends, fds[1])
	}
	done := make(chan error, 1)
	go func() { done <- r.Run() }()
	t.Cleanup(func() {
		if err := errors.Join(r.Close(), <-done); err != nil {
			t.Error(err)
		}
		for _, fd := range b.ends {
			unix.Close(fd)
		}
	})
	return b
}

func (b *bench) path(p Path) {
	b.t.Helper()
	if err := b.SetPath(p); err != nil {
		b.t.Fatal(err)
	}
}

// ip is a packet of 100 bytes with a number.
func ip(src, dst string, n uint32) []byte {
	p := make([]byte, 100)
	p[0] = 0x45
	copy(p[12:], netip.MustParseAddr(src).AsSlice())
	copy(p[16:], netip.MustParseAddr(dst).AsSlice())
	binary.BigEndian.PutUint32(p[20:], n)
	return p
}

func (b *bench) send(port int, p []byte) {
	b.t.Helper()
	if err := unix.Send(b.ends[port], p, 0); err != nil {
		b.t.Fatal(err)
	}
}

// receive gives the number of the next packet.
func (b *bench) receive(port int) uint32 {
	b.t.Helper()
	buf := make([]byte, largest)
	n, _, err := unix.Recvfrom(b.ends[port], buf, 0)
	if err != nil || n != 100 {
		b.t.Fatalf("port %d: %d bytes, %v", port, n, err)
	}
	return binary.BigEndian.Uint32(buf[20:])
}

func TestPathsByBothAddresses(t *testing.T) {
	b := newBench(t, 3, 1)
	a, x, y := netip.MustParseAddr("198.18.0.1"), netip.MustParseAddr("198.18.0.2"), netip.MustParseAddr("198.18.0.3")
	b.path(Path{Name: "a-x", From: 0, To: 1, Src: a, Dst: x})
	b.path(Path{Name: "a-y", From: 0, To: 2, Src: a, Dst: y})
	b.send(0, ip("198.18.0.1", "198.18.0.3", 7))
	b.send(0, ip("198.18.0.1", "198.18.0.2", 8))
	b.send(0, ip("198.18.0.9", "198.18.0.2", 9)) // of nobody
	b.send(0, ip("198.18.0.1", "198.18.0.2", 10))
	if got := b.receive(2); got != 7 {
		t.Errorf("port 2 received %d, want 7", got)
	}
	for _, want := range []uint32{8, 10} {
		if got := b.receive(1); got != want {
			t.Errorf("port 1 received %d, want %d", got, want)
		}
	}
	if got := b.Stray(); got != 1 {
		t.Errorf("stray packets: %d, want 1", got)
	}
}

func TestDelayHoldsAndOrderStays(t *testing.T) {
	b := newBench(t, 2, 1)
	b.path(Path{Name: "w", From: 0, To: 1, Line: Line{Delay: 20 * time.Millisecond, Jitter: 10 * time.Millisecond}})
	start := time.Now()
	for i := range 50 {
		b.send(0, ip("10.0.0.1", "10.0.0.2", uint32(i)))
	}
	for i := range 50 {
		if got := b.receive(1); got != uint32(i) {
			t.Fatalf("received %d, want %d: order of a path was not kept", got, i)
		}
		if gone := time.Since(start); gone < 20*time.Millisecond {
			t.Fatalf("packet %d took %v, less than the delay", i, gone)
		}
	}
	if l := b.Lateness(); l.Packets != 50 {
		t.Errorf("lateness of %d packets, want 50", l.Packets)
	}
}

func TestLossRepeatsWithItsSeed(t *testing.T) {
	run := func(seed uint64) []uint32 {
		b := newBench(t, 2, seed)
		b.path(Path{Name: "w", From: 0, To: 1, Line: Line{Loss: 0.3}})
		for i := range 200 {
			b.send(0, ip("10.0.0.1", "10.0.0.2", uint32(i)))
		}
		for c, _ := b.Counts("w"); c.Sent < 200; c, _ = b.Counts("w") {
			runtime.Gosched()
		}
		b.path(Path{Name: "w", Line: Line{}}) // no loss from here
		var got []uint32
		b.send(0, ip("10.0.0.1", "10.0.0.2", 1000))
		for n := b.receive(1); n != 1000; n = b.receive(1) {
			got = append(got, n)
		}
		return got
	}
	one, two, other := run(1), run(1), run(2)
	if n := len(one); n < 100 || n > 180 {
		t.Errorf("%d of 200 packets came through at 30 %% loss", n)
	}
	if !slices.Equal(one, two) {
		t.Errorf("two runs of one seed lost different packets")
	}
	if slices.Equal(one, other) {
		t.Errorf("another seed lost the same packets")
	}
}

func TestCutAndHeal(t *testing.T) {
	b := newBench(t, 2, 1)
	b.path(Path{Name: "there", From: 0, To: 1, Line: Line{Cut: true}})
	b.path(Path{Name: "back", From: 1, To: 0})
	b.send(0, ip("10.0.0.1", "10.0.0.2", 1))
	b.send(1, ip("10.0.0.2", "10.0.0.1", 2)) // the other direction is not cut
	if got := b.receive(0); got != 2 {
		t.Errorf("received %d, want 2", got)
	}
	for c, _ := b.Counts("there"); c.Cut == 0; c, _ = b.Counts("there") {
		runtime.Gosched() // until the packet came to the cut
	}
	b.path(Path{Name: "there", Line: Line{}})
	b.send(0, ip("10.0.0.1", "10.0.0.2", 3))
	if got := b.receive(1); got != 3 {
		t.Errorf("received %d after the cut healed, want 3", got)
	}
}

func TestRateAndQueue(t *testing.T) {
	line := Line{Rate: 8_000_000, Queue: 1000} // a byte a microsecond
	p := newPath(Path{Name: "p", Line: line}, 1)
	first, ok := p.due(1_000_000, 500)
	if want := int64(1_500_000); !ok || first != want {
		t.Errorf("due = %d, %v, want %d", first, ok, want)
	}
	second, ok := p.due(1_000_000, 500)
	if want := int64(2_000_000); !ok || second != want {
		t.Errorf("due = %d, %v, want %d: behind the first", second, ok, want)
	}
	p.due(1_000_000, 500) // 1000 bytes wait before it: just fits
	if at, ok := p.due(1_000_000, 500); ok {
		t.Errorf("due = %d with 1500 bytes waiting in a queue of 1000, want it dropped", at)
	}
	if got := p.counts().Dropped; got != 1 {
		t.Errorf("dropped %d, want 1", got)
	}
	if at, ok := p.due(9_000_000, 500); !ok || at != 9_500_000 {
		t.Errorf("due = %d, %v, want 9500000: the queue has emptied", at, ok)
	}
}

// TestHealedLineDoesNotWait: what comes after a line was made fast again does
// not wait for what queued on the slow one.
func TestHealedLineDoesNotWait(t *testing.T) {
	p := newPath(Path{Name: "w", Line: Line{Delay: time.Millisecond, Rate: 8_000}}, 1)
	last := int64(0)
	for range 40 { // 40 kB at 1 kB/s
		at, ok := p.due(0, 1000)
		if !ok {
			t.Fatal("the queue is full: this tests nothing")
		}
		last = at
	}
	if want := int64(40*time.Second + time.Millisecond); last != want {
		t.Fatalf("the last packet of the slow line is due at %d ns, want %d", last, want)
	}
	for _, line := range []Line{{Delay: time.Millisecond}, {Delay: time.Millisecond, Rate: 8_000_000}} {
		p.line.Store(&line)
		const now = int64(time.Second)
		if at, ok := p.due(now, 1000); !ok || at > now+int64(2*time.Millisecond) {
			t.Errorf("%+v: a packet of then is due at %d ns, %v, want at most 2 ms after %d", line, at, ok, now)
		}
	}
}

func TestQueueAgainstSort(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var q queue
	var want []packet
	for range 2000 {
		p := packet{at: rnd.Int64N(100)}
		q.push(p)
		p.seq = q.seq
		want = append(want, p)
	}
	slices.SortFunc(want, func(a, b packet) int {
		if a.at != b.at {
			return int(a.at - b.at)
		}
		return int(a.seq) - int(b.seq)
	})
	for i, w := range want {
		if got := q.pop(); got.at != w.at || got.seq != w.seq {
			t.Fatalf("pop %d = %d/%d, want %d/%d", i, got.at, got.seq, w.at, w.seq)
		}
	}
}

func TestHistogram(t *testing.T) {
	var h histogram
	for i := range int64(1000) {
		h.add(i * 1000)
	}
	l := h.summary()
	for _, c := range []struct {
		name      string
		got, want time.Duration
	}{{"p50", l.P50, 500 * time.Microsecond}, {"p90", l.P90, 900 * time.Microsecond}, {"p99", l.P99, 990 * time.Microsecond}} {
		if c.got > c.want || c.got < c.want*7/8 {
			t.Errorf("%s = %v, want %v or up to an eighth less", c.name, c.got, c.want)
		}
	}
	for ns := int64(0); ns < 1<<20; ns += 37 {
		if b := bucket(ns); floor(b) > ns || floor(b+1) <= ns {
			t.Fatalf("bucket(%d) = %d from %d to %d", ns, b, floor(b), floor(b+1))
		}
	}
}
