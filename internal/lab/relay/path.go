package relay

import (
	"hash/fnv"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// path is one direction with its state. All but the line and the counts belong
// to the relay's thread.
type path struct {
	name   string
	to     Port
	line   atomic.Pointer[Line]
	chance *rand.Rand
	free   int64 // when the rate lets the next packet go, ns
	last   int64 // when the last packet is due, ns
	by     *Line // by which those two are

	sent, delivered, bytes, lost, dropped, cut atomic.Uint64
}

func newPath(p Path, seed uint64) *path {
	h := fnv.New64a()
	h.Write([]byte(p.Name))
	q := &path{name: p.Name, to: p.To, chance: rand.New(rand.NewPCG(seed, h.Sum64()))}
	line := p.Line
	q.line.Store(&line)
	return q
}

// queueTime and leastQueue size the queue of a path whose line does not.
const (
	queueTime  = 50 * time.Millisecond
	leastQueue = 64 << 10
)

// due gives when a packet of size bytes that came in at now leaves, or false
// when it does not.
func (p *path) due(now int64, size int) (int64, bool) {
	p.sent.Add(1)
	l := p.line.Load()
	if l.Cut {
		p.cut.Add(1)
		return 0, false
	}
	if l.Loss > 0 && p.chance.Float64() < l.Loss {
		p.lost.Add(1)
		return 0, false
	}
	// What waits on a line that is no more goes when it would have; nothing
	// that comes later waits for it.
	if p.by != l {
		p.by, p.free, p.last = l, now, now
	}
	at := now
	if l.Rate > 0 {
		queue := int64(l.Queue)
		if queue == 0 {
			queue = max(leastQueue, l.Rate/8*int64(queueTime)/int64(time.Second))
		}
		at = max(now, p.free)
		if (at-now)*l.Rate/8/int64(time.Second) > queue {
			p.dropped.Add(1)
			return 0, false
		}
		at += int64(size) * 8 * int64(time.Second) / l.Rate
		p.free = at
	}
	at += int64(l.Delay)
	if l.Jitter > 0 {
		at += max(0, int64(p.chance.NormFloat64()*float64(l.Jitter)))
	}
	p.last = max(p.last, at)
	return p.last, true
}

func (p *path) counts() Counts {
	return Counts{
		Name: p.name, Sent: p.sent.Load(), Delivered: p.delivered.Load(), Bytes: p.bytes.Load(),
		Lost: p.lost.Load(), Dropped: p.dropped.Load(), Cut: p.cut.Load(),
	}
}
