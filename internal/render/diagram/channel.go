package diagram

import (
	"cmp"
	"math"
	"slices"

	"github.com/tieline/tieline/internal/vocab"
)

// Links run in bands of horizontal tracks: one between the two rows of
// clouds, and one inside each cloud for links between its own sites. A link
// leaves its box straight towards the band, follows its track, and enters the
// other box straight. Ends and tracks are chosen so that few links cross and
// no label lies on another link.

// route is a link as drawn.
type route struct {
	link   Link
	points []point
	label  rect
}

// port is one end of a link on the edge of a box.
type port struct {
	group  int // ends on the same edge
	lo, hi float64
	x      float64
	row    row
}

// wire is a link in a band.
type wire struct {
	link  int // index in Diagram.Links
	ends  [2]int
	track int
	width float64 // of its label
	label float64 // x of the label's middle
}

// band is a set of parallel tracks.
type band struct {
	wires   []wire
	through []int // ports of other links that pass the band straight
}

// plan is the state of the search.
type plan struct {
	d     Diagram
	ports []port
	main  band
	lanes map[vocab.Cloud]*band
	order []vocab.Cloud // of lanes
}

const (
	labelSize  = 12.0
	nearPorts  = 14.0 // closer ends look like one
	costCross  = 1.0
	costCover  = 2.5  // a link passes under a label
	costMerge  = 50.0 // two links share a way
	costLength = 0.0005
	costBend   = 0.2
)

func newPlan(d Diagram, clouds []cloudBox) *plan {
	p := &plan{d: d, lanes: map[vocab.Cloud]*band{}}
	groups := map[End]int{}
	for i, l := range d.Links {
		same := l.Ends[0].Cloud == l.Ends[1].Cloud
		if d.Bundled && same {
			continue
		}
		w := wire{link: i, width: textWidth(l.Label, labelSize) + 14}
		for j, e := range l.Ends {
			c := findCloud(clouds, e.Cloud)
			if _, ok := groups[e]; !ok {
				groups[e] = len(groups)
			}
			edge := edgeOf(c, e)
			w.ends[j] = len(p.ports)
			p.ports = append(p.ports, port{group: groups[e], lo: edge.x, hi: edge.right(), row: c.row})
			if !same && !d.Bundled {
				lane := p.lane(e.Cloud)
				lane.through = append(lane.through, w.ends[j])
			}
		}
		b := &p.main
		if same {
			b = p.lane(l.Ends[0].Cloud)
		}
		w.track = len(b.wires)
		b.wires = append(b.wires, w)
	}
	p.spread()
	p.improve()
	p.straighten()
	for _, b := range p.bands() {
		p.compact(b)
		p.placeLabels(b)
	}
	return p
}

func (p *plan) lane(c vocab.Cloud) *band {
	if p.lanes[c] == nil {
		p.lanes[c] = &band{}
		p.order = append(p.order, c)
	}
	return p.lanes[c]
}

func (p *plan) bands() []*band {
	out := []*band{&p.main}
	for _, c := range p.order {
		out = append(out, p.lanes[c])
	}
	return out
}

// edgeOf gives the box whose edge an end is on.
func edgeOf(c *cloudBox, e End) rect {
	s := findSite(c, e.Site)
	if s == nil {
		return c.rect
	}
	for _, b := range s.bars {
		if b.gateway.ID == e.Gateway {
			return b.rect
		}
	}
	return s.rect
}

// spread deals the ends on each edge evenly, each towards where its link goes:
// links to the same side turn first at the outside, links to the other side
// in the order of their far ends.
func (p *plan) spread() {
	type want struct {
		port  int
		class int
		at    float64
	}
	groups := map[int][]want{}
	for _, b := range p.bands() {
		for _, w := range b.wires {
			for j := range w.ends {
				own, far := p.ports[w.ends[j]], p.ports[w.ends[1-j]]
				at := (far.lo + far.hi) / 2
				x := want{port: w.ends[j], at: at}
				if own.row == far.row {
					x.class, x.at = 1, -at
					if at < (own.lo+own.hi)/2 {
						x.class = -1
					}
					if b != &p.main {
						x.class *= 2
					}
				}
				groups[own.group] = append(groups[own.group], x)
			}
		}
	}
	for g := range len(groups) {
		ends := groups[g]
		slices.SortStableFunc(ends, func(x, y want) int {
			return cmp.Or(cmp.Compare(x.class, y.class), cmp.Compare(x.at, y.at), cmp.Compare(x.port, y.port))
		})
		for i, e := range ends {
			q := &p.ports[e.port]
			q.x = math.Round(q.lo + (q.hi-q.lo)*float64(i+1)/float64(len(ends)+1))
		}
	}
}

// span gives the ends of a wire's horizontal part.
func (p *plan) span(w *wire) (float64, float64) {
	a, b := p.ports[w.ends[0]].x, p.ports[w.ends[1]].x
	return min(a, b), max(a, b)
}

// passes reports whether the vertical part of w at end j covers a track.
func (p *plan) passes(w *wire, j, track int) bool {
	if p.ports[w.ends[j]].row == upper {
		return w.track > track
	}
	return w.track < track
}

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
		if v.track == b.wires[i].track {
			if lo, hi := p.span(v); lo < x+half && hi > x-half {
				hits += costMerge
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
		if vlo, vhi := p.span(v); vlo < hi+gap && lo < vhi+gap {
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

func (b *band) tracks() int {
	n := 0
	for _, w := range b.wires {
		n = max(n, w.track+1)
	}
	return n
}

func (p *plan) laneHeight(c vocab.Cloud) float64 {
	if p.lanes[c] == nil {
		return 0
	}
	return trackH * float64(p.lanes[c].tracks())
}

// channelHeight is the height of the band between the rows.
func (p *plan) channelHeight() float64 {
	return trackH*float64(p.main.tracks()) + 2*gap
}

// routes gives the links their ways, once everything has its place.
func (p *plan) routes(clouds []cloudBox, channel float64) []route {
	var out []route
	add := func(b *band, top float64) {
		for _, w := range b.wires {
			y := top + trackH*(float64(w.track)+0.5)
			l := p.d.Links[w.link]
			var at [2]point
			for j, e := range l.Ends {
				edge := edgeOf(findCloud(clouds, e.Cloud), e)
				at[j] = point{p.ports[w.ends[j]].x, edge.bottom()}
				if p.ports[w.ends[j]].row == lower {
					at[j].y = edge.y
				}
			}
			r := route{link: l, points: []point{at[0], {at[0].x, y}, {at[1].x, y}, at[1]}}
			if at[0].x == at[1].x {
				r.points = []point{at[0], at[1]}
			}
			r.label = rect{max(w.label-w.width/2, pad), y - 11, w.width, 22}
			out = append(out, r)
		}
	}
	add(&p.main, channel+gap)
	for _, c := range p.order {
		box := findCloud(clouds, c)
		top := box.y + cloudPad*0.6
		if box.row == upper {
			top = box.bottom() - box.lane - cloudPad*0.6
		}
		add(p.lanes[c], top)
	}
	slices.SortFunc(out, func(a, b route) int { return cmp.Compare(a.link.ID, b.link.ID) })
	return out
}
