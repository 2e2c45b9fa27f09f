package probe

import (
	"math/bits"
	"slices"
	"time"
)

// histogram counts durations in buckets that are log-linear: each octave (the
// first begins at a microsecond) has 64 steps of one width, so that a quantile
// is off by at most 1/128. Only the buckets that are hit take memory, at most
// largestBucket+1 of them. The least, the most and the sum are exact. The zero
// histogram is empty.
type histogram struct {
	cells       []cell // by bucket
	count       uint64
	sum         time.Duration
	least, most time.Duration
}

type cell struct {
	bucket uint16
	count  uint64
}

const (
	stepBits = 6 // 64 steps an octave
	// Durations are counted in units of 1/128 us, so that octaves begin at
	// powers of two of a microsecond.
	unitsPerMicrosecond = 2 << stepBits
	// mostCounted is what any longer duration counts as.
	mostCounted   = 64 * time.Second
	largestBucket = 1786 // of mostCounted
)

// bucketOf gives the bucket of a duration from 0 to mostCounted.
func bucketOf(d time.Duration) uint16 {
	u := uint64(d) * unitsPerMicrosecond / 1000
	shift := max(bits.Len64(u)-stepBits-1, 0)
	return uint16(shift<<stepBits) + uint16(u>>shift)
}

// units gives the bounds of a bucket: from low, below high, in units.
func units(bucket uint16) (low, high uint64) {
	if bucket < 2<<stepBits {
		return uint64(bucket), uint64(bucket) + 1
	}
	shift := bucket>>stepBits - 1
	step := uint64(bucket) - uint64(shift)<<stepBits
	return step << shift, (step + 1) << shift
}

func (h *histogram) add(d time.Duration) {
	d = min(max(d, 0), mostCounted)
	if h.count == 0 {
		h.least, h.most = d, d
	}
	h.least, h.most = min(h.least, d), max(h.most, d)
	h.count++
	h.sum += d
	h.put(cell{bucketOf(d), 1})
}

func (h *histogram) put(c cell) {
	i, found := slices.BinarySearchFunc(h.cells, c.bucket, func(have cell, want uint16) int { return int(have.bucket) - int(want) })
	if found {
		h.cells[i].count += c.count
		return
	}
	h.cells = slices.Insert(h.cells, i, c)
}

// merge adds what another one counted.
func (h *histogram) merge(other *histogram) {
	if other.count == 0 {
		return
	}
	if h.count == 0 {
		h.least, h.most = other.least, other.most
	}
	h.least, h.most = min(h.least, other.least), max(h.most, other.most)
	h.count += other.count
	h.sum += other.sum
	for _, c := range other.cells {
		h.put(c)
	}
}

// quantile gives the smallest duration that at least the part q (0 to 1) of all
// does not exceed, to within 1/128; 0 when nothing was counted.
func (h *histogram) quantile(q float64) time.Duration {
	if h.count == 0 {
		return 0
	}
	rank := uint64(q * float64(h.count))
	if float64(rank) < q*float64(h.count) || rank == 0 {
		rank++
	}
	var seen uint64
	for _, c := range h.cells {
		seen += c.count
		if seen >= rank {
			low, high := units(c.bucket)
			middle := time.Duration((low + high) * 1000 / (2 * unitsPerMicrosecond))
			return min(max(middle, h.least), h.most)
		}
	}
	return h.most
}

// below counts what is shorter than d, exactly where d is a power of two of a
// microsecond, or one and a half of one, from 2 us.
func (h *histogram) below(d time.Duration) uint64 {
	bound, n := bucketOf(d), uint64(0)
	for _, c := range h.cells {
		if c.bucket >= bound {
			break
		}
		n += c.count
	}
	return n
}

// clone gives one that does not change any more.
func (h *histogram) clone() histogram {
	out := *h
	out.cells = slices.Clone(h.cells)
	return out
}
