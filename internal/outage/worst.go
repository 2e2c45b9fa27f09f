package outage

import (
	"cmp"
	"slices"

	"github.com/tieline/tieline/internal/routes"
)

// compare orders harms, the worse first: by effect, then the one that takes
// fewer parts, is noticed later, leaves less capacity, has the longer round
// trip; then by parts.
func (h *harm) compare(o *harm) int {
	return cmp.Or(
		cmp.Compare(o.Effect, h.Effect),
		cmp.Compare(len(h.Failure), len(o.Failure)),
		cmp.Compare(o.Detection, h.Detection),
		cmp.Compare(bound(h.After.Capacity), bound(o.After.Capacity)),
		cmp.Compare(o.After.RTT, h.After.RTT),
		slices.CompareFunc(h.Failure, o.Failure, routes.Part.Compare),
	)
}

// fuller reports whether more is missing on the spot that h congests.
func (h *harm) fuller(o *harm) bool {
	x, y := float64(h.load)*float64(o.room), float64(o.load)*float64(h.room)
	return cmp.Or(cmp.Compare(y, x), cmp.Compare(len(h.Failure), len(o.Failure)),
		slices.CompareFunc(h.Failure, o.Failure, routes.Part.Compare)) < 0
}

// tally keeps the worst of what sets of parts do. Which worker judged which
// set does not matter: the order of harms is total.
type tally struct {
	worst      []harm // by pair
	touched    []bool // by pair: worst holds something that a failure does
	asymmetric []*harm
	exposed    []*harm
	congested  map[int32]harm // by spot
	walks      int            // followed again
	sets       int
}

func newTally(r *reach) *tally {
	n := len(r.pairs)
	return &tally{worst: make([]harm, n), touched: make([]bool, n), asymmetric: make([]*harm, n), exposed: make([]*harm, n), congested: map[int32]harm{}}
}

// add takes in what one set does.
func (t *tally) add(harms []harm) {
	t.sets++
	for i := range harms {
		h := &harms[i]
		if !t.touched[h.pair] || h.compare(&t.worst[h.pair]) < 0 {
			t.worst[h.pair], t.touched[h.pair] = *h, true
		}
		if h.asymmetric {
			keep(&t.asymmetric[h.pair], h)
		}
		if h.exposed {
			keep(&t.exposed[h.pair], h)
		}
		for _, f := range h.full {
			c := *h
			c.narrow, c.load, c.room = f.spot, f.load, f.room
			if old, ok := t.congested[f.spot]; !ok || c.fuller(&old) {
				t.congested[f.spot] = c
			}
		}
	}
}

func keep(slot **harm, h *harm) {
	if *slot == nil || h.compare(*slot) < 0 {
		c := *h
		*slot = &c
	}
}

// merge takes in another worker's tally.
func (t *tally) merge(o *tally) {
	t.sets += o.sets
	t.walks += o.walks
	for i := range o.worst {
		if o.touched[i] && (!t.touched[i] || o.worst[i].compare(&t.worst[i]) < 0) {
			t.worst[i], t.touched[i] = o.worst[i], true
		}
		if o.asymmetric[i] != nil {
			keep(&t.asymmetric[i], o.asymmetric[i])
		}
		if o.exposed[i] != nil {
			keep(&t.exposed[i], o.exposed[i])
		}
	}
	for c, h := range o.congested {
		if old, ok := t.congested[c]; !ok || h.fuller(&old) {
			t.congested[c] = h
		}
	}
}

// healthyHarms gives for each pair what holds when nothing fails: unaffected,
// or lost or unknown where no lane of it works.
func (r *reach) healthyHarms() []harm {
	out := make([]harm, len(r.pairs))
	for i := range r.pairs {
		p := &r.pairs[i]
		var unknown, lost *harm
		works := false
		for l := p.first; l < p.last; l++ {
			h := r.start(&r.lanes[l])
			switch h.Effect {
			case Lost:
				lost = &h
			case NotKnown:
				unknown = &h
			case Unaffected, Slower, Congested, OneWay:
				if !works {
					out[i], works = h, true
				}
			}
		}
		switch {
		case unknown != nil:
			out[i] = *unknown
		case !works && lost != nil:
			out[i] = *lost
		}
	}
	return out
}

// list gives the worst of each pair, sorted by pair. What is unknown when
// nothing fails stays unknown; a pair that never worked is lost to nothing.
func (t *tally) list(r *reach) []Impact {
	out := make([]Impact, 0, len(t.worst))
	for i, h := range r.healthyHarms() {
		if t.touched[i] && !h.ill {
			h = t.worst[i]
		}
		out = append(out, h.Impact)
	}
	return out
}
