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

const labelSize = 12.0

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

// extent is span, widened to the label where that is longer.
func (p *plan) extent(w *wire) (float64, float64) {
	lo, hi := p.span(w)
	more := max(0, w.width-(hi-lo)) / 2
	return lo - more, hi + more
}

// passes reports whether the vertical part of w at end j covers a track.
func (p *plan) passes(w *wire, j, track int) bool {
	if p.ports[w.ends[j]].row == upper {
		return w.track > track
	}
	return w.track < track
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
