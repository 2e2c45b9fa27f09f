package probe

import (
	"math/rand/v2"
	"testing"
	"time"
)

// pathModel is a path that a search is tried on.
type pathModel struct {
	mtu    int
	device int
	silent bool    // says nothing of what is too big
	lie    int     // what it says that fits, instead; 0: the truth
	loss   float64 // of any packet
	dead   bool
}

// try gives the search the outcome of one try.
func (m *pathModel) try(s *search, size int, now time.Time, rng *rand.Rand) {
	fits := m.mtu
	if m.lie != 0 {
		fits = m.lie
	}
	switch {
	case size > m.device:
		s.tooBigHere(size, now)
	case m.dead || rng.Float64() < m.loss:
		s.lost(size, now)
	case size <= m.mtu:
		s.passed(size, now)
	case m.silent || !s.tooBig(size, fits, now):
		s.lost(size, now)
	}
}

// settle tries until the search rests, and gives how many tries it took.
func settle(t *testing.T, s *search, m *pathModel, now *time.Time, rng *rand.Rand) int {
	t.Helper()
	for n := 1; n < 200; n++ {
		size, at := s.next()
		if at.After(*now) {
			return n
		}
		*now = now.Add(time.Millisecond)
		m.try(s, size, *now, rng)
	}
	t.Fatalf("search on %+v does not end: %+v", *m, *s)
	return 0
}

func TestSearchFindsEach(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		m := &pathModel{device: mtuFloor + rng.IntN(9000), silent: rng.IntN(2) == 0}
		m.mtu = mtuFloor + rng.IntN(m.device-mtuFloor+200)
		if rng.IntN(4) == 0 {
			m.lie = 1 + rng.IntN(10000)
		}
		now := time.Unix(0, 0)
		s := newSearch(m.device, now)
		want := min(m.mtu, m.device)
		tries := settle(t, s, m, &now, rng)
		switch {
		case m.lie == 0 && s.known != want, s.known > want:
			t.Fatalf("search on %+v = %d, want %d", *m, s.known, want)
		case m.lie != 0 && m.silent && s.known != want:
			t.Fatalf("search on %+v = %d, want %d", *m, s.known, want)
		case s.known == 0:
			t.Fatalf("search on %+v found nothing", *m)
		}
		if most := 2 + 14*mtuTries; tries > most {
			t.Fatalf("search on %+v took %d tries, want at most %d", *m, tries, most)
		}
		if m.mtu >= m.device && m.lie == 0 && tries > 3 {
			t.Fatalf("search on %+v took %d tries, want the device's size tried first", *m, tries)
		}
	}
}

func TestSearchFollowsThePath(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	now := time.Unix(0, 0)
	m := &pathModel{device: 1500, mtu: 1500}
	s := newSearch(m.device, now)
	for _, tt := range []struct {
		name   string
		change func()
		after  time.Duration
		want   int
	}{
		{"at first", func() {}, 0, 1500},
		{"black hole", func() { m.mtu, m.silent = 1420, true }, mtuConfirm, 1420},
		{"wider, not looked yet", func() { m.mtu = 1500 }, mtuConfirm, 1420},
		{"wider", func() {}, mtuRaise, 1500},
		{"narrower, told", func() { m.mtu, m.silent = 1300, false }, mtuConfirm, 1300},
		{"a little wider", func() { m.mtu, m.silent = 1301, true }, mtuRaise, 1301},
		{"dead", func() { m.dead = true }, mtuConfirm, 0},
		{"still dead", func() {}, mtuAgain, 0},
		{"alive", func() { m.dead = false }, mtuAgain, 1301},
		{"device narrower", func() { m.device = 1280; s.limit(1280, now) }, 0, 1280},
		{"one loss in a look", func() { s.lost(1280, now) }, 0, 1280},
		{"three, and the path is back", func() { s.lost(1280, now); s.lost(1280, now); s.lost(1280, now) }, 0, 1280},
	} {
		tt.change()
		// What is due until then, and then.
		for end := now.Add(tt.after); ; {
			_, at := s.next()
			if at.After(end) {
				now = maxTime(now, end)
				break
			}
			now = maxTime(now, at)
			settle(t, s, m, &now, rng)
		}
		settle(t, s, m, &now, rng)
		if s.known != tt.want {
			t.Errorf("%s: path MTU = %d, want %d", tt.name, s.known, tt.want)
		}
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// TestSearchThroughLoss tries each size often enough that a lossy path is not
// taken for a narrow one.
func TestSearchThroughLoss(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	wrong := 0
	for range 1000 {
		m := &pathModel{device: 1500, mtu: 1500, loss: 0.05}
		now := time.Unix(0, 0)
		s := newSearch(m.device, now)
		settle(t, s, m, &now, rng)
		if s.known != 1500 {
			wrong++
		}
	}
	if wrong > 3 { // 0.05^3 for each of two sizes
		t.Errorf("%d of 1000 searches at 5 %% loss are wrong, want at most 3", wrong)
	}
}
