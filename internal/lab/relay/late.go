package relay

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Lateness says how late packets left, against when they were due.
type Lateness struct {
	Packets            uint64
	P50, P90, P99, Max time.Duration // quantiles to within an eighth
}

// Unreliable reports whether times measured over the relay say little: a p99
// of over 2 ms.
func (l Lateness) Unreliable() bool { return l.P99 > 2*time.Millisecond }

// steps divides each power of two of the histogram.
const steps = 8

// histogram counts nanoseconds in buckets an eighth of a power of two wide. One
// thread adds, any reads.
type histogram struct {
	count [64 * steps]atomic.Uint64
	max   atomic.Int64
}

func bucket(ns int64) int {
	if ns < steps {
		return int(max(ns, 0))
	}
	e := bits.Len64(uint64(ns)) - 1 // 2^e <= ns
	return (e-2)*steps + int(ns>>(e-3))&(steps-1)
}

// floor is the least value of a bucket.
func floor(b int) int64 {
	if b < steps {
		return int64(b)
	}
	e := b/steps + 2
	return (steps + int64(b%steps)) << (e - 3)
}

func (h *histogram) add(ns int64) {
	h.count[bucket(ns)].Add(1)
	if ns > h.max.Load() {
		h.max.Store(ns)
	}
}

func (h *histogram) summary() Lateness {
	var counts [64 * steps]uint64
	l := Lateness{Max: time.Duration(h.max.Load())}
	for i := range h.count {
		counts[i] = h.count[i].Load()
		l.Packets += counts[i]
	}
	for _, q := range []struct {
		to   *time.Duration
		part float64
	}{{&l.P50, 0.5}, {&l.P90, 0.9}, {&l.P99, 0.99}} {
		want, seen := uint64(float64(l.Packets)*q.part), uint64(0)
		for i, n := range counts {
			if seen += n; n > 0 && seen > want {
				*q.to = time.Duration(floor(i))
				break
			}
		}
		if *q.to == 0 && l.Packets > 0 && want >= l.Packets {
			*q.to = l.Max
		}
	}
	return l
}
