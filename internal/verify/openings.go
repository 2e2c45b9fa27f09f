package verify

import (
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/packet"
	"github.com/tieline/tieline/internal/verify/bits"
	"github.com/tieline/tieline/internal/verify/filter"
	"github.com/tieline/tieline/internal/vocab"
)

// Openings is what machines of every place can open towards every other: what
// [Proof.Between] says of each pair, worked out for all of them at once.
type Openings struct {
	rows     [][]Opening // by place
	services [][]vocab.Service
}

// Opening says that something gets through to a place, with its replies.
type Opening struct {
	To  int // index into [Proof.Places]
	Set int // index of the services, for [Openings.Services]
}

// From lists the places to which something gets through from one, by index,
// rising. The slice is shared and not to be changed.
func (o *Openings) From(place int) []Opening { return o.rows[place] }

// Services gives a set of services as few ranges, sorted. The slice is shared
// and not to be changed.
func (o *Openings) Services(set int) []vocab.Service { return o.services[set] }

// Openings works out all pairs of places, a class of headers at a time.
func (p *Proof) Openings() *Openings {
	classes := p.space.Classes()
	byClass := make([][]bits.Set, classes) // by class, then by place: places
	p.parallel(classes, func(class int) {
		if !p.space.OneWay(class) {
			byClass[class] = p.openedIn(class)
		}
	})
	o := &Openings{rows: make([][]Opening, len(p.places))}
	at := map[string]int{}
	key := make([]byte, (classes+7)/8)
	any := bits.New(len(p.places))
	for i := range p.places {
		any.Clear()
		for _, rows := range byClass {
			if rows != nil {
				any.Or(rows[i])
			}
		}
		any.Each(func(to int) {
			clear(key)
			for class, rows := range byClass {
				if rows != nil && rows[i].Has(to) {
					key[class/8] |= 1 << (class % 8)
				}
			}
			set, ok := at[string(key)]
			if !ok {
				set = len(o.services)
				at[string(key)] = set
				o.services = append(o.services, p.servicesOf(key))
			}
			o.rows[i] = append(o.rows[i], Opening{to, set})
		})
	}
	return o
}

// servicesOf gives the services of classes, each a bit.
func (p *Proof) servicesOf(classes []byte) []vocab.Service {
	var set packet.Set
	for class := range p.space.Classes() {
		if classes[class/8]>>(class%8)&1 == 1 {
			set = set.With(class)
		}
	}
	return p.space.Services(set)
}

// openedIn gives for each place the places to which packets of a class get
// through with their replies, between some machines of the two.
func (p *Proof) openedIn(class int) []bits.Set {
	n := len(p.units)
	w := filter.NewScratch(n)
	egress, ingress := make([]bits.Set, p.filters.Guards()), make([]bits.Set, p.filters.Guards())
	for g := range egress {
		egress[g] = p.filters.Pass(g, class, fabric.Egress, w).Sure
		ingress[g] = p.filters.Pass(g, class, fabric.Ingress, w).Sure
	}
	rows := make([]bits.Set, n)
	for i := range p.units {
		rows[i] = ingress[p.units[i].guard]
	}
	in := bits.Transpose(rows)
	out := make([]bits.Set, len(p.places))
	got := bits.New(n)
	for i := range p.places {
		out[i] = bits.New(len(p.places))
		for u := p.firstUnit[i]; u < p.firstUnit[i+1]; u++ {
			if p.endpoints.Has(u) {
				continue
			}
			e, x := egress[p.units[u].guard], p.courses
			for k := range got {
				got[k] = e[k] & in[u][k] & x.out[u].maybe[k] & x.back[u].maybe[k]
			}
			got.Each(func(to int) { out[i].Add(p.units[to].place) })
		}
	}
	return out
}
