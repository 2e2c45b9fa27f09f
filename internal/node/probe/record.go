package probe

import (
	"sync"
	"time"

	"github.com/tieline/tieline/internal/nodeconf"
)

// The window over which recent values are given, and its parts.
const (
	slotLength = 10 * time.Second
	slotCount  = 30
)

// remembered is how long after its timeout a packet can be told late, or
// twice, rather than strange.
const remembered = 30 * time.Second

// record is what one probe measured. A packet is under way until it is
// answered or its timeout is over; then it is decided, for good: an answer that
// comes later is counted as late, and the packet stays lost.
type record struct {
	publish func(Sample)

	mu      sync.Mutex
	id      string
	timeout time.Duration
	begun   time.Time // of the first slot
	next    uint32    // sequence number
	flights []flight  // by sequence number, without gaps, the last is next-1
	decided int       // so many of the first flights need no look by expire

	sent, lost, late, twice uint64
	ever                    histogram
	slots                   [slotCount]slot
	last                    time.Duration
	jitter                  float64 // nanoseconds
	transit                 time.Duration
	there, back             time.Duration
	clocks                  clocks
	oneWay                  bool
	direction               direction
	pathMTU                 int
	failure                 string
}

type flight struct {
	at    time.Time
	state flightState
}

type flightState uint8

const (
	underWay flightState = iota
	answered
	gone
)

// slot is a part of the window: what was sent in it and is decided.
type slot struct {
	number int64
	trips  histogram
	lost   uint64
}

// answer is what came back for a packet.
type answer struct {
	seq   uint32
	at    time.Time     // when it came
	dwell time.Duration // that the far end had it
	trip  time.Duration // where the kernel measured it; else 0
	// there and back are the ways by the clocks of both ends, where both told.
	oneWay      bool
	there, back time.Duration
	clocks      clocks
	reflected   uint32 // the far end's own count; valid with stamped
	stamped     bool
}

// clocks says how far the clocks of both ends can be trusted.
type clocks struct {
	synchronized bool          // both, from outside
	err          time.Duration // of both together
}

func newRecord(id string, timeout time.Duration, now time.Time, publish func(Sample)) *record {
	return &record{id: id, timeout: timeout, begun: now, publish: publish}
}

// depart begins the next packet and gives its sequence number.
func (r *record) depart(now time.Time) uint32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	seq := r.next
	r.next++
	r.sent++
	r.flights = append(r.flights, flight{at: now})
	return seq
}

// find gives the flight of a sequence number, nil when it is not known, or not
// any more; mu is held.
func (r *record) find(seq uint32) *flight {
	first := r.next - uint32(len(r.flights))
	if i := seq - first; i < uint32(len(r.flights)) {
		return &r.flights[i]
	}
	return nil
}

// arrive takes an answer.
func (r *record) arrive(a answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.find(a.seq)
	if f == nil {
		return
	}
	trip := a.at.Sub(f.at)
	switch {
	case a.trip > 0 && a.trip <= trip:
		trip = a.trip
	case a.dwell > 0 && a.dwell <= trip: // else the far end's clock jumped
		trip -= a.dwell
	}
	switch {
	case f.state == answered:
		r.twice++
		return
	case f.state == gone:
		r.late++
		return
	case a.at.Sub(f.at) > r.timeout: // it was not looked at since
		r.lose(a.seq, f, "")
		r.late++
		return
	}
	f.state = answered
	r.failure = ""
	r.last = trip
	r.ever.add(trip)
	r.slot(f.at).trips.add(trip)
	if r.ever.count > 1 {
		// RFC 3550 section 6.4.1, with the round trip as the transit time.
		d := float64((trip - r.transit).Abs())
		r.jitter += (d - r.jitter) / 16
	}
	r.transit = trip
	r.oneWay, r.clocks = a.oneWay, a.clocks
	if a.oneWay {
		r.there, r.back = a.there, a.back
	}
	if a.stamped {
		r.direction.take(a.seq, a.reflected)
	}
	r.publish(Sample{Probe: r.id, Seq: a.seq, At: f.at, RTT: trip, OneWay: a.oneWay, There: r.there, Back: r.back})
}

// lose decides that a packet is lost; mu is held.
func (r *record) lose(seq uint32, f *flight, why string) {
	f.state = gone
	r.lost++
	r.slot(f.at).lost++
	if why != "" {
		r.failure = why
	}
	if r.failure == "" {
		r.failure = "no answer within " + r.timeout.String()
	}
	r.publish(Sample{Probe: r.id, Seq: seq, At: f.at, Lost: true})
}

// fail decides that a packet is lost, for a reason.
func (r *record) fail(seq uint32, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := r.find(seq); f != nil && f.state == underWay {
		r.lose(seq, f, err.Error())
	}
}

// explain keeps why packets may not be answered, such as an ICMP error.
func (r *record) explain(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failure = err.Error()
}

// expire decides what is over its timeout, forgets what is long decided, and
// tells when it has to look again; zero when nothing is under way.
func (r *record) expire(now time.Time) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.expireLocked(now)
}

func (r *record) expireLocked(now time.Time) time.Time {
	var due time.Time
	for r.decided < len(r.flights) {
		f := &r.flights[r.decided]
		if f.state == underWay {
			if at := f.at.Add(r.timeout); at.After(now) {
				due = at
				break
			}
			r.lose(r.next-uint32(len(r.flights)-r.decided), f, "")
		}
		r.decided++
	}
	old := 0
	for old < r.decided && now.Sub(r.flights[old].at) > r.timeout+remembered {
		old++
	}
	r.flights = r.flights[old:]
	r.decided -= old
	return due
}

// slot gives the part of the window of a moment, emptied when it was of an
// earlier round; mu is held.
func (r *record) slot(at time.Time) *slot {
	n := int64(at.Sub(r.begun) / slotLength)
	s := &r.slots[n%slotCount]
	if s.number != n {
		*s = slot{number: n}
	}
	return s
}

// state gives what was measured. Recent values are of the last five minutes, in
// parts of ten seconds.
func (r *record) state(now time.Time) nodeconf.ProbeState {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expireLocked(now)
	var recent histogram
	var lost uint64
	current := int64(now.Sub(r.begun) / slotLength)
	for i := range r.slots {
		if s := &r.slots[i]; current-s.number < slotCount {
			recent.merge(&s.trips)
			lost += s.lost
		}
	}
	st := nodeconf.ProbeState{
		ID: r.id, Sent: r.sent, Lost: r.lost, Late: r.late, Duplicates: r.twice,
		Last: millis(r.last), Min: millis(recent.least), P50: millis(recent.quantile(0.5)), P99: millis(recent.quantile(0.99)),
		RecentSent: recent.count + lost, RecentLost: lost,
		Jitter: r.jitter / float64(time.Millisecond), PathMTU: r.pathMTU, Failures: r.failure,
	}
	if r.ever.count > 0 {
		st.Ever = &nodeconf.Spread{
			Count: r.ever.count, Min: millis(r.ever.least), P50: millis(r.ever.quantile(0.5)), P99: millis(r.ever.quantile(0.99)), Max: millis(r.ever.most),
		}
	}
	if r.oneWay {
		st.OneWay, st.OneWayBack = millis(r.there), millis(r.back)
		if r.clocks.synchronized {
			st.ClocksSynchronized, st.ClockError = true, millis(r.clocks.err)
		}
	}
	if r.direction.counts {
		st.LostThere = min(r.direction.missing, r.lost) // it knows before the timeout does
	}
	return st
}

// set takes what may change while the path stays the same.
func (r *record) set(timeout time.Duration, sized bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.timeout = timeout
	if !sized {
		r.pathMTU = 0
	}
}

func (r *record) setPathMTU(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pathMTU = n
}

// distribution gives all trips since the start.
func (r *record) distribution() histogram {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ever.clone()
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// direction tells on which way packets were lost, from the numbers of a far end
// that counts what it gets (a stateful reflector, RFC 8762 section 4). One that
// does not count copies the sender's number, and shows itself as counting only
// by a difference.
type direction struct {
	counts         bool
	begun          bool
	seq, reflected uint32 // the last
	offset         uint32 // of the far end's numbers, after it began anew
	missing        uint64
}

func (d *direction) take(seq, reflected uint32) {
	if d.begun && int32(seq-d.seq) <= 0 {
		return // overtaken; what it tells is known
	}
	if d.begun && int32(reflected-d.reflected) <= 0 {
		// The far end began anew: what it missed before is kept.
		d.offset = seq - reflected - uint32(d.missing)
	}
	if !d.begun && int32(seq-reflected) < 0 {
		d.offset = seq - reflected // it counted before we did
	}
	gap := seq - reflected - d.offset
	if int32(gap) >= 0 {
		d.missing = max(d.missing, uint64(gap))
	}
	d.counts = d.counts || gap != 0
	d.begun, d.seq, d.reflected = true, seq, reflected
}
