package outage

import (
	"cmp"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/verify"
)

// traffic is an expected flow as the walks that carry it.
type traffic struct {
	peak    float64 // bits per second
	shares  []share
	healthy []load
}

// share is a walk with how many of the flow's pairs of machines' networks
// take it.
type share struct {
	walk, from, to int32
	weight         float64
}

// load is what a flow puts on a spot, in bits per second.
type load struct {
	spot int32
	rate float64
}

// addTraffic makes the walks of the expected traffic. What comes in from the
// internet crosses no link on its way and is left out.
func (b *reachBuilder) addTraffic() {
	n := b.proof.Net
	bySite := map[fabric.SiteID]int{}
	internet := -1
	places := b.proof.Places()
	for i := range places {
		switch b.proof.KindOf(i) {
		case verify.SitePlace:
			bySite[places[i].Site] = i
		case verify.InternetPlace:
			internet = i
		case verify.SubnetPlace, verify.EndpointPlace, verify.VPCPlace, verify.ForeignPlace:
		}
	}
	endsOf := func(e *fabric.FlowEnd) map[int32]float64 {
		out := map[int32]float64{}
		add := func(place int, ok bool) {
			if !ok || place < 0 {
				return
			}
			for _, x := range b.list[b.endsOf(place)] {
				out[x]++
			}
		}
		for _, s := range e.Subnets {
			i, ok := b.proof.PlaceOf(s)
			add(i, ok)
		}
		switch {
		case len(e.Subnets) > 0:
		case e.Internet:
			add(internet, internet >= 0)
		case e.Site != "":
			i, ok := bySite[e.Site]
			add(i, ok)
		default:
			foreign := verify.Place{Addrs: prefix.FromPrefixes(e.Prefixes...)}
			for _, x := range b.endOf(&foreign, verify.ForeignPlace, "", -1, foreign.Addrs) {
				out[x]++
			}
		}
		return out
	}
	for i := range n.Flows {
		f := &n.Flows[i]
		t := traffic{peak: float64(f.Peak)}
		from, to := endsOf(&f.From), endsOf(&f.To)
		for x, wx := range from {
			for y, wy := range to {
				if w := b.walk(b.reach.ends[x].table, b.reach.ends[y].class); w >= 0 {
					t.shares = append(t.shares, share{walk: w, from: x, to: y, weight: wx * wy})
				}
			}
		}
		slices.SortFunc(t.shares, func(x, y share) int {
			return cmp.Or(cmp.Compare(x.from, y.from), cmp.Compare(x.to, y.to))
		})
		b.traffic = append(b.traffic, t)
	}
}

// carry gives what a flow puts on each spot, by spot. The machines
// that have not failed share the whole of it; what does not arrive crosses
// nothing.
func (r *reach) carry(t *traffic, down func(end int32) bool, trip func(walk int32) *trip) []load {
	total := 0.0
	alive := func(s *share) bool { return down == nil || !down(s.from) && !down(s.to) }
	for i := range t.shares {
		if alive(&t.shares[i]) {
			total += t.shares[i].weight
		}
	}
	var out []load
	for i := range t.shares {
		s := &t.shares[i]
		if !alive(s) {
			continue
		}
		way := trip(s.walk)
		if way.state == falls {
			continue
		}
		peak := t.peak * s.weight / total
		for _, p := range way.fed {
			out = append(out, load{r.spot(p), peak})
		}
		for _, w := range way.ways {
			for c := range w.crossings {
				out = append(out, load{w.crossings[c].index(), peak * w.share * w.crossings[c].share})
			}
			for _, p := range w.passes {
				out = append(out, load{r.spot(p), peak * w.share})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b load) int { return cmp.Compare(a.spot, b.spot) })
	sum := out[:0]
	for _, l := range out {
		if n := len(sum); n > 0 && sum[n-1].spot == l.spot {
			sum[n-1].rate += l.rate
			continue
		}
		sum = append(sum, l)
	}
	return sum
}
