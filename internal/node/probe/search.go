package probe

import "time"

// The numbers of a search for the path MTU.
const (
	mtuFloor    = 576 // bytes every path carries (RFC 791 section 3.1)
	mtuTries    = 3   // MAX_PROBES, RFC 8899 section 5.1.2
	mtuTimerMin = time.Second
	mtuConfirm  = 30 * time.Second // between looks whether it still holds
	mtuRaise    = 600 * time.Second
	mtuAgain    = 10 * time.Second // after not even the floor passed
)

// search finds how large packets pass a path, after RFC 8899 section 5.2: only
// the answer to a packet of some size says that the size passes; a router's
// "fragmentation needed" is a hint of what to try next; and silence counts as
// too large after three tries, so that a path that swallows large packets
// without a word is found out too. It knows no clock and no socket.
type search struct {
	phase   phase
	ceiling int // of the device
	low     int // passes; at least the floor once that is confirmed
	high    int // does not pass, or is above the ceiling
	hint    int
	tries   int // of the size that is tried
	known   int // result; 0 while there is none

	at     time.Time // of the next try, but while searching
	raise  time.Time
	moment time.Time // of the last outcome
}

type phase uint8

const (
	confirmFloor phase = iota
	searching
	complete
)

func newSearch(ceiling int, now time.Time) *search {
	return &search{ceiling: ceiling, high: ceiling + 1, at: now, moment: now}
}

// next gives the size to try, and when.
func (s *search) next() (size int, at time.Time) {
	switch s.phase {
	case confirmFloor:
		return min(mtuFloor, s.ceiling), s.at
	case complete:
		return s.known, s.at
	case searching:
	}
	switch {
	case s.hint > s.low && s.hint < s.high:
		return s.hint, s.moment
	case s.high > s.ceiling:
		return s.ceiling, s.moment
	}
	return s.low + (s.high-s.low)/2, s.moment
}

// passed takes that a packet of the size was answered.
func (s *search) passed(size int, now time.Time) {
	s.moment, s.tries = now, 0
	switch s.phase {
	case confirmFloor:
		s.phase, s.low = searching, size
	case searching:
		s.low = max(s.low, size)
	case complete:
		s.at = now.Add(mtuConfirm)
		if s.known < s.ceiling && !now.Before(s.raise) {
			// All or nothing is likely: one more byte tells.
			s.phase, s.high, s.hint = searching, s.ceiling+1, s.known+1
		}
	}
	s.conclude(now)
}

// lost takes that one was not answered in time.
func (s *search) lost(size int, now time.Time) {
	s.moment = now
	s.tries++
	if s.phase != searching {
		s.at = now
	}
	if s.tries >= mtuTries {
		s.refused(size, now)
	}
}

// tooBig takes that the path said one was too big, and what fits by its word;
// 0 when it did not tell. It reports whether the word is believed: else the
// answer is still to be waited for.
func (s *search) tooBig(size, fits int, now time.Time) bool {
	switch {
	case fits >= size || fits != 0 && fits < min(mtuFloor, s.ceiling):
		return false
	case s.phase != searching:
		s.lost(size, now)
	case fits != 0 && fits <= s.low:
		// RFC 8899 section 4.6.2: what passes is all that fits.
		s.moment, s.tries, s.high = now, 0, s.low+1
		s.conclude(now)
	default:
		s.moment, s.tries, s.high, s.hint = now, 0, size, fits
		s.conclude(now)
	}
	return true
}

// tooBigHere takes that the device does not take packets of the size.
func (s *search) tooBigHere(size int, now time.Time) {
	s.tries = mtuTries
	s.moment = now
	s.refused(size, now)
}

// refused takes that the size does not pass.
func (s *search) refused(size int, now time.Time) {
	s.tries = 0
	switch s.phase {
	case confirmFloor:
		s.known, s.low = 0, 0
		s.at = now.Add(mtuAgain)
	case searching:
		s.high = min(s.high, size)
		s.conclude(now)
	case complete:
		// A black hole, or no path at all, or none for a moment: that the floor
		// shows, and then the same size once more.
		*s = search{ceiling: s.ceiling, high: s.ceiling + 1, hint: size, at: now, moment: now}
	}
}

// conclude ends the search where nothing is left to try.
func (s *search) conclude(now time.Time) {
	if s.phase != searching || s.low+1 < s.high {
		return
	}
	s.phase, s.known, s.hint = complete, s.low, 0
	s.at, s.raise = now.Add(mtuConfirm), now.Add(mtuRaise)
}

// limit takes the size that the device takes; another one than before begins
// the search anew.
func (s *search) limit(ceiling int, now time.Time) {
	if ceiling == s.ceiling {
		return
	}
	*s = *newSearch(ceiling, now)
}
