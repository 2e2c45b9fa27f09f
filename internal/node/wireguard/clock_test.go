package wireguard

import (
	"log/slog"
	"testing"
	"time"
)

// answered is a link whose last handshake was at a time that the test says.
type answered struct {
	at        time.Time
	forgotten int
}

func (a *answered) configure(config, config) error { return nil }
func (a *answered) stats(config) (stats, error)    { return stats{handshake: a.at}, nil }
func (a *answered) dial(config) error              { return nil }
func (a *answered) rekey(config) error             { return nil }
func (a *answered) forget(config) error            { a.forgotten++; return nil }
func (a *answered) gone() bool                     { return false }
func (a *answered) trouble() string                { return "" }
func (a *answered) close()                         {}

// TestClockSetBack: the end that waits for handshakes takes one with an earlier
// time once the keys are over, and not before.
func TestClockSetBack(t *testing.T) {
	for _, tt := range []struct {
		name     string
		initiate bool
		want     int // times that the peer's clock was forgotten
	}{
		{"responder", false, 1},
		{"initiator", true, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			link := &answered{at: start.Round(0)}
			x := &tunnel{opts: &Options{}, log: slog.New(slog.DiscardHandler), link: link, conf: config{initiate: tt.initiate}}
			for _, step := range []struct {
				name      string
				after     time.Duration
				up        bool
				forgotten int
			}{
				{"at once", 0, true, 0},
				{"before the keys are over", rejectAfter - time.Second, true, 0},
				{"the keys are over", rejectAfter, false, tt.want},
				{"later", rejectAfter + time.Hour, false, tt.want},
			} {
				up, _ := x.look(start.Add(step.after))
				if up != step.up || link.forgotten != step.forgotten {
					t.Errorf("%s: up %t, forgotten %d times, want %t and %d", step.name, up, link.forgotten, step.up, step.forgotten)
				}
			}
		})
	}
}
