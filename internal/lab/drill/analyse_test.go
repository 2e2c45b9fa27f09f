package drill

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// script makes packets 10 ms apart, one for each letter: a answered after 5 ms,
// t lost on the way there, b whose answer was lost.
func script(s string) []Packet {
	var out []Packet
	for i, c := range s {
		at := time.Duration(i) * 10 * time.Millisecond
		p := Packet{Sent: at, Arrived: -1, Answered: -1}
		if c != 't' {
			p.Arrived = at + 2*time.Millisecond
		}
		if c == 'a' {
			p.Answered = at + 5*time.Millisecond
		}
		out = append(out, p)
	}
	return out
}

// moments of a script: the cut after 10 packets, settled after 20, healed after
// 30, ended after 40.
var moments = Moments{Cut: 100 * time.Millisecond, Settled: 200 * time.Millisecond, Heal: 300 * time.Millisecond, Back: 350 * time.Millisecond, End: 400 * time.Millisecond}

func TestAnalyse(t *testing.T) {
	tests := []struct {
		name    string
		packets string
		want    Flow
	}{
		{"nothing is lost", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Flow{
			Seen: Untouched, Cut: Phase{Sent: 20}, Heal: Phase{Sent: 10}, RTTBefore: 5, RTTAfter: 5,
		}},
		{"recovers", "aaaaaaaaaatttbaaaaaaaaaaaaaaaaaaaaaaaaaa", Flow{
			Seen: Survives, Cut: Phase{Sent: 20, Lost: 4, LostThere: 3, LostBack: 1, Recovered: 40}, Heal: Phase{Sent: 10}, RTTBefore: 5, RTTAfter: 5,
			Gaps: []Gap{{At: 0, For: 40, Lost: 4}},
		}},
		{"what was on its way at the cut counts", "aaaaaaaabbttaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Flow{
			Seen: Survives, Cut: Phase{Sent: 22, Lost: 4, LostThere: 2, LostBack: 2, Recovered: 20}, Heal: Phase{Sent: 10}, RTTBefore: 5, RTTAfter: 5,
			Gaps: []Gap{{At: -20, For: 40, Lost: 4}},
		}},
		{"a single loss long after is no outage", "aaaaaaaaaattaaaaaaaaaaaataaaaaaaaaaaaaaa", Flow{
			Seen: Survives, Cut: Phase{Sent: 20, Lost: 3, LostThere: 3, Recovered: 20}, Heal: Phase{Sent: 10}, RTTBefore: 5, RTTAfter: 5,
			Gaps: []Gap{{At: 0, For: 20, Lost: 2}, {At: 140, For: 10, Lost: 1}},
		}},
		{"a second outage counts to its end", "aaaaaaaaaattaaaaaaaattaaaaaaaaaaaaaaaaaa", Flow{
			Seen: Survives, Cut: Phase{Sent: 20, Lost: 4, LostThere: 4, Recovered: 120}, Heal: Phase{Sent: 10}, RTTBefore: 5, RTTAfter: 5,
			Gaps: []Gap{{At: 0, For: 20, Lost: 2}, {At: 100, For: 20, Lost: 2}},
		}},
		{"lost until healed", "aaaaaaaaaattttttttttttttttttttttaaaaaaaa", Flow{
			Seen: LosesAll, Cut: Phase{Sent: 20, Lost: 20, LostThere: 20, Never: true}, Heal: Phase{Sent: 10, Lost: 2, LostThere: 2, Recovered: 20}, RTTBefore: 5,
			Gaps: []Gap{{At: 0, For: 220, Lost: 22}},
		}},
		{"never again", "aaaaaaaaaatttttttttttttttttttttttttttttt", Flow{
			Seen: LosesAll, Cut: Phase{Sent: 20, Lost: 20, LostThere: 20, Never: true}, Heal: Phase{Sent: 10, Lost: 10, LostThere: 10, Never: true}, RTTBefore: 5,
			Gaps: []Gap{{At: 0, For: 300, Lost: 30}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got Flow
			got.Analyse(script(tt.packets), moments)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Analyse(%s) (-want +got):\n%s", tt.packets, diff)
			}
		})
	}
}

// TestQuiet: what is lost long before the cut is no part of it.
func TestQuiet(t *testing.T) {
	list := []Packet{{Sent: 0, Arrived: -1, Answered: -1}, {Sent: 2 * time.Second, Arrived: -1, Answered: -1}, {Sent: 3 * time.Second, Answered: 3 * time.Second}}
	var got Flow
	got.Analyse(list, Moments{Cut: 2500 * time.Millisecond, Settled: 3 * time.Second, Heal: 4 * time.Second, End: 5 * time.Second})
	if got.Quiet != 1 || got.Cut.Lost != 1 {
		t.Errorf("Analyse() counts %d lost before and %d by the cut, want 1 and 1", got.Quiet, got.Cut.Lost)
	}
}

func TestJudge(t *testing.T) {
	const bound = 300.0
	tests := []struct {
		name string
		flow Flow
		want Verdict
	}{
		{"untouched, as predicted", Flow{Said: Prediction{Outcome: Untouched}, Seen: Untouched}, AsPredicted},
		{"untouched, but for a single loss", Flow{Said: Prediction{Outcome: Untouched}, Seen: Survives, Cut: Phase{Lost: 1}}, AsPredicted},
		{"touched", Flow{Said: Prediction{Outcome: Untouched}, Seen: Survives, Cut: Phase{Lost: 9, Recovered: 90}}, Touched},
		{"survives within the bound", Flow{Said: Prediction{Outcome: Survives}, Seen: Survives, Cut: Phase{Lost: 30, Recovered: 310}}, AsPredicted},
		{"survives at the end of the slack", Flow{Said: Prediction{Outcome: Survives}, Seen: Survives, RTTBefore: 20, Cut: Phase{Lost: 80, Recovered: 820}}, AsPredicted},
		{"late", Flow{Said: Prediction{Outcome: Survives}, Seen: Survives, RTTBefore: 20, Cut: Phase{Lost: 81, Recovered: 821}}, Late},
		{"survives without a loss", Flow{Said: Prediction{Outcome: Survives}, Seen: Untouched}, AsPredicted},
		{"does not recover", Flow{Said: Prediction{Outcome: Survives}, Seen: LosesAll, Cut: Phase{Lost: 99, Never: true}}, NotBack},
		{"lost, as predicted", Flow{Said: Prediction{Outcome: LosesAll}, Seen: LosesAll, Cut: Phase{Never: true}}, AsPredicted},
		{"survives, and should not", Flow{Said: Prediction{Outcome: LosesAll}, Seen: Survives, Cut: Phase{Lost: 3, Recovered: 30}}, Survived},
		{"nothing was predicted", Flow{Said: Prediction{Outcome: NotSaid}, Seen: LosesAll}, NotJudged},
		{"does not come back", Flow{Said: Prediction{Outcome: LosesAll}, Seen: LosesAll, Heal: Phase{Never: true}}, Unhealed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.flow.Judge(bound); tt.flow.Judged != tt.want {
				t.Errorf("Judge(%v) of %+v = %q, want %q", bound, tt.flow, tt.flow.Judged, tt.want)
			}
		})
	}
}
