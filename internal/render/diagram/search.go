package diagram

import (
	"cmp"
	"math"
	"slices"
)

// What the search for a good plan weighs.
const (
	nearPorts  = 14.0 // closer ends look like one
	costCross  = 1.0
	costCover  = 2.5  // a link passes under a label
	costMerge  = 50.0 // two links share a way
	costLength = 0.0005
	costBend   = 0.2
)

// placeLabels puts each label of a band where the fewest links pass under it,
// next to the middle of its wire, and gives the number that do.
func (p *plan) placeLabels(b *band) float64 {
	total := 0.0
	for i := range b.wires {
		w := &b.wires[i]
		lo, hi := p.span(w)
		room := max(0, hi-lo-w.width)
		best := math.Inf(1)
		for k := range 9 {
			x := (lo+hi)/2 + room*labelTries[k]
			hits := p.under(b, i, x)
			if hits < best {
				best, w.label = hits, x
			}
		}
		total += best
	}
	return total
}

// labelTries are places of a label, in parts of the room it has.
var labelTries = [9]float64{0, -0.125, 0.125, -0.25, 0.25, -0.375, 0.375, -0.5, 0.5}

// under counts what passes under the label of wire i at x.
func (p *plan) under(b *band, i int, x float64) float64 {
	hits := 0.0
	half := b.wires[i].width/2 + 4
	for k := range b.wires {
		v := &b.wires[k]
		if k == i {
			continue
		}
		for j := range v.ends {
			if math.Abs(p.ports[v.ends[j]].x-x) < half && p.passes(v, j, b.wires[i].track) {
				hits++
			}
		}
	}
	for _, t := range b.through {
		if math.Abs(p.ports[t].x-x) < half {
			hits++
		}
	}
	return hits
}

func (p *plan) cost() float64 {
	total := 0.0
	for _, b := range p.bands() {
		total += p.bandCost(b)
	}
	return total
}

func (p *plan) bandCost(b *band) float64 {
	total := costCover * p.placeLabels(b)
	for i := range b.wires {
		w := &b.wires[i]
		lo, hi := p.span(w)
		total += costLength * (hi - lo)
		if hi > lo {
			total += costBend
		}
		for _, t := range b.through {
			if x := p.ports[t].x; lo < x && x < hi {
				total += costCross
			}
		}
		for k := range b.wires {
			if k != i {
				total += p.pairCost(w, &b.wires[k], lo, hi)
			}
		}
	}
	return total
}

// pairCost is what the verticals of v cost the horizontal and verticals of w.
func (p *plan) pairCost(w, v *wire, lo, hi float64) float64 {
	total := 0.0
	if v.track == w.track {
		alo, ahi := p.extent(w)
		if blo, bhi := p.extent(v); blo < ahi+gap && alo < bhi+gap {
			total += costMerge
		}
	}
	for j := range v.ends {
		q := p.ports[v.ends[j]]
		if lo < q.x && q.x < hi && p.passes(v, j, w.track) {
			total += costCross
		}
		for k := range w.ends {
			r := p.ports[w.ends[k]]
			if q.row == upper && r.row == lower && v.track >= w.track && math.Abs(q.x-r.x) < nearPorts {
				total += costMerge
			}
		}
	}
	return total
}

// improve swaps tracks, and ends on one edge, while that makes it cheaper.
func (p *plan) improve() {
	best := p.cost()
	try := func(swap func()) bool {
		swap()
		if c := p.cost(); c < best-1e-9 {
			best = c
			return true
		}
		swap()
		return false
	}
	for improved := true; improved; {
		improved = false
		for _, b := range p.bands() {
			for i := range b.wires {
				for k := i + 1; k < len(b.wires); k++ {
					improved = try(func() {
						b.wires[i].track, b.wires[k].track = b.wires[k].track, b.wires[i].track
					}) || improved
				}
			}
		}
		for i := range p.ports {
			for k := i + 1; k < len(p.ports); k++ {
				if p.ports[i].group == p.ports[k].group {
					improved = try(func() { p.ports[i].x, p.ports[k].x = p.ports[k].x, p.ports[i].x }) || improved
				}
			}
		}
	}
}

// straighten moves both ends of a link into line where their edges overlap,
// or an end aside where two links would share a way.
func (p *plan) straighten() {
	best := p.cost()
	try := func(w wire, to [2]float64) bool {
		a, b := &p.ports[w.ends[0]], &p.ports[w.ends[1]]
		old := [2]float64{a.x, b.x}
		if !p.free(w.ends[0], to[0]) || !p.free(w.ends[1], to[1]) {
			return false
		}
		a.x, b.x = to[0], to[1]
		if c := p.cost(); c < best-1e-9 {
			best = c
			return true
		}
		a.x, b.x = old[0], old[1]
		return false
	}
	for _, w := range p.main.wires {
		a, b := p.ports[w.ends[0]], p.ports[w.ends[1]]
		if a.row == b.row {
			continue
		}
		lo, hi := max(a.lo, b.lo)+nearPorts, min(a.hi, b.hi)-nearPorts
		straight := false
		for _, x := range []float64{(a.x + b.x) / 2, a.x, b.x, lo, hi} {
			x = math.Round(min(max(x, lo), hi))
			straight = straight || hi >= lo && try(w, [2]float64{x, x})
		}
		for _, by := range []float64{-nearPorts, nearPorts} {
			straight = straight || try(w, [2]float64{a.x, b.x + by}) || try(w, [2]float64{a.x + by, b.x})
		}
	}
}

// free reports whether a port may move to x: on its edge, and not near another.
func (p *plan) free(i int, x float64) bool {
	if x < p.ports[i].lo+nearPorts || x > p.ports[i].hi-nearPorts {
		return false
	}
	for k := range p.ports {
		if k != i && p.ports[k].group == p.ports[i].group && math.Abs(p.ports[k].x-x) < nearPorts {
			return false
		}
	}
	return true
}

// compact lets wires share a track where that costs nothing.
func (p *plan) compact(b *band) {
	slices.SortStableFunc(b.wires, func(x, y wire) int { return cmp.Compare(x.track, y.track) })
	best := p.bandCost(b)
	for i := range b.wires {
		old := b.wires[i].track
		for t := range old {
			b.wires[i].track = t
			if c := p.bandCost(b); c <= best+1e-9 {
				best, old = c, t
				break
			}
			b.wires[i].track = old
		}
	}
	var used []int
	for _, w := range b.wires {
		used = append(used, w.track)
	}
	slices.Sort(used)
	used = slices.Compact(used)
	for i := range b.wires {
		b.wires[i].track, _ = slices.BinarySearch(used, b.wires[i].track)
	}
}
