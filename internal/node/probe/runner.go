package probe

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tieline/tieline/internal/nodeconf"
)

// runner sends the packets of one probe at its interval.
type runner struct {
	conf nodeconf.Probe
	rec  *record
	open func() (wire, error)
	stop context.CancelFunc
	runs sync.WaitGroup
}

// begin starts it; offset is when the first packet goes, from now.
func (r *runner) begin(offset time.Duration, more func(ctx context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	r.runs.Go(func() { r.run(ctx, time.Now().Add(offset)) })
	if more != nil {
		r.runs.Go(func() { more(ctx) })
	}
}

// end stops it; nothing of it runs when it returns.
func (r *runner) end() {
	r.stop()
	r.runs.Wait()
}

func (r *runner) run(ctx context.Context, next time.Time) {
	interval := time.Duration(r.conf.Interval) * time.Millisecond
	var w wire
	defer func() {
		if w != nil {
			w.close()
		}
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if now := time.Now(); !now.Before(next) {
			w = r.once(w)
			next = following(next, time.Now(), interval)
		}
		now := time.Now()
		wake := next
		if due := r.rec.expire(now); !due.IsZero() && due.Before(wake) {
			wake = due
		}
		timer.Reset(wake.Sub(now))
	}
}

// once sends one packet, over a new wire where there is none, and gives the
// wire for the next. A packet that cannot be sent is lost.
func (r *runner) once(w wire) wire {
	var err error
	if w == nil {
		w, err = r.open()
	}
	seq := r.rec.depart(time.Now())
	if err != nil {
		r.rec.fail(seq, err)
		return nil
	}
	if err = w.send(seq); err == nil {
		return w
	}
	r.rec.fail(seq, err)
	if harmless(err) {
		return w
	}
	w.close()
	return nil
}

// following gives when the next packet goes: a whole number of intervals after
// the last was due, so that sends do not drift; those that were missed are left
// out, so that they do not burst.
func following(due, now time.Time, interval time.Duration) time.Time {
	next := due.Add(interval)
	if behind := now.Sub(next); behind > 0 {
		next = next.Add((behind + interval - 1) / interval * interval)
	}
	return next
}

// jitter is when a probe begins, so that not all send at once.
func jitter(interval time.Duration) time.Duration { return rand.N(interval) }
