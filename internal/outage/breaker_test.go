package outage

import (
	"testing"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// over makes a trip over one link with a tunnel.
func over(link int32, back bool, capacity vocab.Rate) trip {
	c := crossing{link: link, back: back, share: 1, tunnels: []fabric.TunnelID{"t"}, capacity: capacity}
	return trip{ways: []tripWay{{crossings: []crossing{c}, share: 1, rtt: 10}}, crossed: []crossing{c}}
}

func with(t trip, change func(*trip)) trip {
	change(&t)
	return t
}

// TestLane holds the judgement of one lane against hand-worked cases: two
// links between the ends, packets out over one and replies back.
func TestLane(t *testing.T) {
	gone := trip{state: falls, outcome: routes.NoRoute}
	dark := trip{state: undecided, outcome: routes.NotModelled}
	tests := []struct {
		name                    string
		outBefore, backBefore   trip
		outAfter, backAfter     trip
		load                    map[int32]float64 // after, by crossing
		loadBefore              map[int32]float64
		unchanged               bool // the ways, not the load
		want                    Effect
		wantNothing             bool
		wantAsymmetric, exposed bool
	}{
		{
			name:      "another link takes over",
			outBefore: over(0, false, 10), backBefore: over(0, true, 10), outAfter: over(1, false, 10), backAfter: over(1, true, 10),
			want: Slower,
		},
		{
			name:      "no way there",
			outBefore: over(0, false, 10), backBefore: over(0, true, 10), outAfter: gone, backAfter: over(1, true, 10),
			want: Lost,
		},
		{
			name:      "no way back",
			outBefore: over(0, false, 10), backBefore: over(0, true, 10), outAfter: over(1, false, 10), backAfter: gone,
			want: Lost,
		},
		{
			name:      "an unknown way does not hide a lost one",
			outBefore: over(0, false, 10), backBefore: over(0, true, 10), outAfter: dark, backAfter: gone,
			want: Lost,
		},
		{
			name:      "an unknown way is no pass",
			outBefore: over(0, false, 10), backBefore: over(0, true, 10), outAfter: over(1, false, 10), backAfter: dark,
			want: NotKnown,
		},
		{
			name:      "what never worked is not the failure's doing",
			outBefore: gone, backBefore: over(0, true, 10), outAfter: gone, backAfter: gone,
			wantNothing: true,
		},
		{
			name:      "replies over another link, which the clouds' filters let pass",
			outBefore: over(0, false, 10), backBefore: over(0, true, 10), outAfter: over(1, false, 10), backAfter: over(0, true, 10),
			want: Slower, wantAsymmetric: true,
		},
		{
			name:      "asymmetric before as after",
			outBefore: over(1, false, 10), backBefore: over(0, true, 10), outAfter: over(1, false, 5), backAfter: over(0, true, 10),
			want: Slower,
		},
		{
			name:      "replies past a firewall that did not see the packets",
			outBefore: over(0, false, 10), backBefore: over(0, true, 10),
			outAfter:  with(over(1, false, 10), func(t *trip) { t.devices = []int32{7} }),
			backAfter: over(0, true, 10),
			want:      OneWay, wantAsymmetric: true,
		},
		{
			name:      "packets and replies through the same firewall",
			outBefore: over(0, false, 10), backBefore: over(0, true, 10),
			outAfter:  with(over(1, false, 10), func(t *trip) { t.devices = []int32{7} }),
			backAfter: with(over(1, true, 10), func(t *trip) { t.devices = []int32{7} }),
			want:      Slower,
		},
		{
			name:      "less room than the peak",
			outBefore: over(0, false, 10), backBefore: over(0, true, 10), outAfter: over(1, false, 10), backAfter: over(1, true, 10),
			load: map[int32]float64{2: 11},
			want: Congested,
		},
		{
			name:      "just room enough",
			outBefore: over(0, false, 10), backBefore: over(0, true, 10), outAfter: over(1, false, 10), backAfter: over(1, true, 10),
			load: map[int32]float64{2: 10, 3: 10},
			want: Slower,
		},
		{
			name:      "the replies' direction is full",
			outBefore: over(0, false, 10), backBefore: over(0, true, 10), outAfter: over(1, false, 10), backAfter: over(1, true, 10),
			load: map[int32]float64{3: 11},
			want: Congested,
		},
		{
			name:      "as full as before",
			outBefore: over(0, false, 10), backBefore: over(0, true, 10), outAfter: over(0, false, 10), backAfter: over(0, true, 5),
			load: map[int32]float64{0: 12}, loadBefore: map[int32]float64{0: 12},
			want: Slower,
		},
		{
			name:      "others' traffic comes over an unchanged way",
			outBefore: over(0, false, 10), backBefore: over(0, true, 10), outAfter: over(0, false, 10), backAfter: over(0, true, 10),
			load: map[int32]float64{0: 12}, loadBefore: map[int32]float64{0: 2}, unchanged: true,
			want: Congested,
		},
		{
			name:      "others' traffic finds room",
			outBefore: over(0, false, 10), backBefore: over(0, true, 10), outAfter: over(0, false, 10), backAfter: over(0, true, 10),
			load: map[int32]float64{0: 9}, loadBefore: map[int32]float64{0: 2}, unchanged: true,
			wantNothing: true,
		},
		{
			name:      "a private way gives place to the internet",
			outBefore: over(0, false, 10), backBefore: over(0, true, 10),
			outAfter: trip{out: true, ways: []tripWay{{share: 1}}}, backAfter: over(0, true, 10),
			want: Slower, wantAsymmetric: true, exposed: true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &reach{
				proof:   &verify.Proof{Net: &fabric.Network{Links: []fabric.Link{{ID: "a--b"}, {ID: "a--c"}}}},
				walks:   make([]walk, 2),
				healthy: []trip{tt.outBefore, tt.backBefore},
				lanes:   []lane{{pair: 0, out: 0, back: 1, ends: [][2]int32{{0, 0}}}},
				pairs:   []pair{{Pair: Pair{verify.Group{Site: "a"}, verify.Group{Site: "b"}}, last: 1}},
				ends:    make([]end, 1),
				loads:   make([]float64, 4),
			}
			b := newBreaker(r)
			b.turn, b.failed = 1, routes.NewFailure(routes.Part{Kind: routes.TunnelPart, ID: "t"})
			b.after, b.dirty = []trip{tt.outAfter, tt.backAfter}, []int32{1, 1}
			for c, l := range tt.load {
				b.load[c] = l
			}
			for c, l := range tt.loadBefore {
				r.loads[c] = l
			}
			h, ok := b.lane(0, !tt.unchanged)
			if ok == tt.wantNothing {
				t.Fatalf("lane() = %v, %t, want nothing: %t", h.Effect, ok, tt.wantNothing)
			}
			if h.Effect != tt.want || h.asymmetric != tt.wantAsymmetric || h.exposed != tt.exposed {
				t.Errorf("lane() = %v, asymmetric %t, exposed %t, want %v, %t, %t", h.Effect, h.asymmetric, h.exposed, tt.want, tt.wantAsymmetric, tt.exposed)
			}
		})
	}
}

// TestNotice holds the time that the slower end of a tunnel takes against the
// timers of the clouds.
func TestNotice(t *testing.T) {
	aws := fabric.TunnelEnd{Gateway: "aws", DPD: 30, Hold: 30}
	gcp := fabric.TunnelEnd{Gateway: "gcp", DPD: 60, Hold: 60}
	azure := fabric.TunnelEnd{Gateway: "azure", DPD: 45, Hold: 180}
	tests := []struct {
		name    string
		ends    [2]fabric.TunnelEnd
		failed  routes.Part
		seconds float64
		by      string
	}{
		{"the smaller hold is both ends'", [2]fabric.TunnelEnd{aws, gcp}, routes.Part{}, 30, "hold timer 30 s at aws"},
		{"DPD is faster than the hold", [2]fabric.TunnelEnd{azure, {Gateway: "gcp", DPD: 60, Hold: 180}}, routes.Part{}, 60, "DPD 60 s at gcp"},
		{"an end that failed notices nothing", [2]fabric.TunnelEnd{azure, {Gateway: "gcp", DPD: 60, Hold: 180}}, routes.Part{Kind: routes.SitePart, ID: "gcp"}, 45, "DPD 45 s at azure"},
		{"static routes have DPD alone", [2]fabric.TunnelEnd{{Gateway: "aws", DPD: 30}, {Gateway: "cpe", DPD: 20}}, routes.Part{}, 30, "DPD 30 s at aws"},
		{"no timer at all", [2]fabric.TunnelEnd{{Gateway: "aws"}, {Gateway: "cpe"}}, routes.Part{}, 0, "no timer is known at aws"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := &fabric.Network{
				Gateways: []fabric.Gateway{{ID: "aws", Site: "aws"}, {ID: "azure", Site: "azure"}, {ID: "cpe", Site: "cpe"}, {ID: "gcp", Site: "gcp"}},
				Tunnels:  []fabric.Tunnel{{ID: "t", Ends: tt.ends}},
			}
			r := &reach{proof: &verify.Proof{Net: n}, gates: map[fabric.GatewayID]int32{"aws": 0, "azure": 1, "cpe": 2, "gcp": 3}}
			b := newBreaker(r)
			b.failed = routes.NewFailure(tt.failed)
			if seconds, by := b.notice("t"); seconds != tt.seconds || by != tt.by {
				t.Errorf("notice() = %g, %q, want %g, %q", seconds, by, tt.seconds, tt.by)
			}
		})
	}
}
