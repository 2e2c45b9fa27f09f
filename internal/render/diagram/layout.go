package diagram

import (
	"math"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// Sizes in pixels.
const (
	margin      = 28.0 // around the picture
	minWidth    = 640.0
	pad         = 12.0 // inside a box
	gap         = 20.0 // between boxes
	cloudPad    = 16.0
	cloudTitleH = 34.0
	headerH     = 42.0 // two lines of a site or network
	rowH        = 24.0 // a subnet
	lineH       = 18.0 // a line of text
	barH        = 38.0 // a gateway
	stubH       = 16.0 // between networks and gateways
	chipW       = 46.0 // a segment's mark with a count
	titleH      = 62.0
	portGap     = 26.0 // between the ends of links
	trackH      = 32.0 // between parallel links
	maxPrefixes = 4    // prefixes shown of an on-prem site
	maxColumns  = 4    // networks beside each other at a site
)

type point struct{ x, y float64 }

type rect struct{ x, y, w, h float64 }

func (r rect) right() float64  { return r.x + r.w }
func (r rect) bottom() float64 { return r.y + r.h }
func (r rect) middle() float64 { return r.x + r.w/2 }

// row says on which side of the links a cloud stands.
type row uint8

const (
	upper row = iota
	lower
)

// scene is a diagram with every place decided.
type scene struct {
	width, height float64
	clouds        []cloudBox
	routes        []route
	legend        point
}

type cloudBox struct {
	rect
	cloud  Cloud
	row    row
	sites  []siteBox
	within []Link  // bundled links inside the cloud, listed as text
	lane   float64 // height of the band of links inside the cloud
}

type siteBox struct {
	rect
	site     Site
	header   float64 // y of the header
	body     float64 // y of what is below the header
	networks []netBox
	bars     []barBox
	stubs    [][]point // attachments of networks to gateways
}

type netBox struct {
	rect
	net Network
}

type barBox struct {
	rect
	gateway Gateway
}

// place lays the whole diagram out: two rows of clouds facing each other, the
// links between them in a band of horizontal tracks.
func place(d Diagram) scene {
	rows := arrange(d)
	var s scene
	for r, clouds := range rows {
		x := margin
		for _, c := range clouds {
			box := measureCloud(c, row(r), d)
			box.x = x
			x = box.right() + gap*1.5
			s.clouds = append(s.clouds, box)
		}
	}
	s.width = center(s.clouds, d)
	for i := range s.clouds {
		placeAcross(&s.clouds[i], d)
	}
	p := newPlan(d, s.clouds)
	for i := range s.clouds {
		s.clouds[i].lane = p.laneHeight(s.clouds[i].cloud.Cloud)
		s.clouds[i].h += s.clouds[i].lane
	}
	top := 0.0
	for _, c := range s.clouds {
		if c.row == upper {
			top = max(top, c.h)
		}
	}
	channel := margin + titleH + top
	end := channel + p.channelHeight()
	s.height = end
	for i := range s.clouds {
		c := &s.clouds[i]
		c.y = end
		if c.row == upper {
			c.y = channel - c.h
		}
		placeDown(c, d)
		s.height = max(s.height, c.bottom())
	}
	s.routes = p.routes(s.clouds, channel)
	for _, r := range s.routes {
		s.width = max(s.width, r.label.right()+margin)
	}
	s.legend = point{margin, s.height + gap}
	s.height += gap + legendHeight(d, s.width) + margin
	return s
}

// center moves the rows to the middle of the picture and gives its width.
func center(clouds []cloudBox, d Diagram) float64 {
	width := max(textWidth(d.Title, 24), textWidth(caption(d), 13), minWidth-2*margin)
	var rows [2]float64
	for _, c := range clouds {
		rows[c.row] = max(rows[c.row], c.right()-margin)
		width = max(width, rows[c.row])
	}
	for i := range clouds {
		clouds[i].x += math.Round((width - rows[clouds[i].row]) / 2)
	}
	return width + 2*margin
}

// measureCloud gives a cloud with its size; sites have sizes but no places.
func measureCloud(c Cloud, r row, d Diagram) cloudBox {
	box := cloudBox{cloud: c, row: r}
	ports := portsOf(d)
	height, width, line := 0.0, 0.0, 0.0
	columns := siteColumns(c, d)
	for _, s := range c.Sites {
		box.sites = append(box.sites, measureSite(s, ports[s.ID], d))
	}
	for i := 0; i < len(box.sites); i += columns {
		chunk := box.sites[i:min(i+columns, len(box.sites))]
		w, h := -gap, 0.0
		for _, s := range chunk {
			w, h = w+s.w+gap, max(h, s.h)
		}
		for j := range chunk {
			chunk[j].h = h
		}
		width, height, line = max(width, w), height+line+h, gap
	}
	for _, l := range d.Links {
		if d.Bundled && l.Ends[0].Cloud == c.Cloud && l.Ends[1].Cloud == c.Cloud {
			box.within = append(box.within, l)
			width = max(width, textWidth(l.Label, 12)+50)
		}
	}
	box.w = max(width, textWidth(c.Title, 17)+20) + 2*cloudPad
	box.h = height + cloudTitleH + cloudPad + lineH*float64(len(box.within))
	return box
}

// siteColumns gives how many sites stand beside each other: all of them when
// links end at sites, a block when they end at the cloud.
func siteColumns(c Cloud, d Diagram) int {
	if !d.Bundled {
		return max(1, len(c.Sites))
	}
	return max(1, int(math.Ceil(math.Sqrt(float64(len(c.Sites))))))
}

// portsOf counts the ends of links at each site.
func portsOf(d Diagram) map[fabric.SiteID]int {
	ports := map[fabric.SiteID]int{}
	for _, l := range d.Links {
		for _, e := range l.Ends {
			ports[e.Site]++
		}
	}
	return ports
}

func measureSite(s Site, ports int, d Diagram) siteBox {
	box := siteBox{site: s}
	w := max(textWidth(string(s.ID), 15)+2*pad, textWidth(s.Detail, 12)+2*pad, 130)
	h := 0.0
	for _, n := range s.Networks {
		box.networks = append(box.networks, netBox{rect: measureNetwork(n, d), net: n})
	}
	columns := netColumns(len(s.Networks))
	for i := 0; i < len(box.networks); i += columns {
		chunk := box.networks[i:min(i+columns, len(box.networks))]
		lineW, tall := -gap/2, 0.0
		for _, n := range chunk {
			lineW, tall = lineW+n.w+gap/2, max(tall, n.h)
		}
		for j := range chunk {
			chunk[j].h = tall
		}
		w = max(w, lineW)
		h += tall + pad
	}
	if d.Fold == FoldNetworks && s.Counts.Networks > 0 {
		w = max(w, 4*chipW, textWidth(countsLabel(s.Counts, true), 12))
		h += lineH + chipsHeight(s.Counts, w) + pad/2
	}
	for _, p := range shownPrefixes(s) {
		w = max(w, textWidth(p, 12))
		h += lineH
	}
	bars := 0.0
	for i, g := range s.Gateways {
		box.bars = append(box.bars, barBox{gateway: g})
		if i > 0 {
			bars += pad
		}
		bars += max(textWidth(g.Title, 12), textWidth(g.Detail, 11)) + 24
	}
	box.w = max(w, bars, portGap*float64(ports+1)) + 2*pad
	box.h = headerH + h + pad
	if len(s.Gateways) > 0 {
		box.h += stubH + barH - pad
	}
	return box
}

func netColumns(n int) int {
	if n <= maxColumns {
		return max(1, n)
	}
	return maxColumns
}

func shownPrefixes(s Site) []string {
	if len(s.Prefixes) <= maxPrefixes {
		return s.Prefixes
	}
	return append(slices.Clone(s.Prefixes[:maxPrefixes-1]), "and "+count(len(s.Prefixes)-maxPrefixes+1, "more prefix"))
}

func measureNetwork(n Network, d Diagram) rect {
	w := max(textWidth(n.Name, 14)+textWidth(n.Note, 11)+12, min(textWidth(n.Detail, 12), 260), 120)
	h := headerH
	for _, s := range n.Subnets {
		w = max(w, markWidth(d)+textWidth(s.Name, 12)+14+textWidth(s.Prefix, 12)+noteWidth(n))
		h += rowH
	}
	if len(n.Subnets) == 0 && n.Counts.Subnets > 0 {
		w = max(w, textWidth(countsLabel(n.Counts, false), 12), min(4, float64(chips(n.Counts)))*chipW)
		h += lineH + chipsHeight(n.Counts, w)
	}
	if len(n.Subnets) == 0 && n.Counts.Subnets == 0 {
		h -= pad / 2
	}
	return rect{w: math.Ceil(w) + 2*pad, h: h + pad/2}
}

// noteWidth is the width of the column of notes; 0 when no subnet has one.
func noteWidth(n Network) float64 {
	w := 0.0
	for _, s := range n.Subnets {
		if s.Note != "" {
			w = max(w, textWidth(s.Note, 10)+20)
		}
	}
	return w
}

// markWidth is the width of the column of segments; 0 in a network without.
func markWidth(d Diagram) float64 {
	if len(d.Segments) == 0 {
		return 0
	}
	return 26
}

// chips counts the segments with subnets.
func chips(c Counts) int {
	n := 0
	for _, k := range c.BySegment {
		if k > 0 {
			n++
		}
	}
	return n
}

func chipsHeight(c Counts, width float64) float64 {
	per := max(1, math.Floor(width/chipW))
	return math.Ceil(float64(chips(c))/per) * rowH
}

// placeAcross gives everything in a cloud its x.
func placeAcross(c *cloudBox, d Diagram) {
	columns := siteColumns(c.cloud, d)
	for i := range c.sites {
		s := &c.sites[i]
		s.x = c.x + cloudPad
		if i%columns > 0 {
			s.x = c.sites[i-1].right() + gap
		}
		perLine := netColumns(len(s.networks))
		for j := range s.networks {
			s.networks[j].x = s.x + pad
			if j%perLine > 0 {
				s.networks[j].x = s.networks[j-1].right() + gap/2
			}
		}
		if len(s.networks) == 1 {
			s.networks[0].w = s.w - 2*pad
		}
		w := (s.w - pad*float64(len(s.bars)-1)) / float64(max(1, len(s.bars)))
		for j := range s.bars {
			s.bars[j].x = s.x + float64(j)*(w+pad)
			s.bars[j].w = w
		}
	}
}

// placeDown gives everything in a cloud its y: gateways on the side of the
// links, the cloud's title on the other.
func placeDown(c *cloudBox, d Diagram) {
	y := c.y + cloudTitleH + lineH*float64(len(c.within))
	if c.row == lower {
		y = c.y + cloudPad + c.lane
	}
	columns := siteColumns(c.cloud, d)
	for i := range c.sites {
		if i > 0 && i%columns == 0 {
			y += c.sites[i-1].h + gap
		}
		c.sites[i].y = y
		placeSite(&c.sites[i], c.row)
	}
}

func placeSite(s *siteBox, r row) {
	s.header = s.y
	bar := s.bottom() - barH
	if r == lower && len(s.bars) > 0 {
		s.header = s.y + barH + stubH/2
		bar = s.y
	}
	s.body = s.header + headerH
	y := s.body
	perLine := netColumns(len(s.networks))
	for j := range s.networks {
		if j > 0 && j%perLine == 0 {
			y += s.networks[j-1].h + pad
		}
		s.networks[j].y = y
	}
	for j := range s.bars {
		s.bars[j].y, s.bars[j].h = bar, barH
	}
	if len(s.networks) <= maxColumns {
		s.stubs = stubs(s, r)
	}
}

// stubs joins each network to the gateways it is attached to. In the lower
// row they pass the site's header on the right.
func stubs(s *siteBox, r row) [][]point {
	header := s.x + pad + max(textWidth(string(s.site.ID), 15), textWidth(s.site.Detail, 12))
	var out [][]point
	for _, b := range s.bars {
		for _, n := range s.networks {
			if !slices.Contains(b.gateway.Attached, n.net.VPC) {
				continue
			}
			from, edge := point{n.middle(), n.bottom()}, b.y
			if r == lower {
				from, edge = point{max(n.middle(), min(n.right()-pad, header+pad)), n.y}, b.bottom()
				if from.x < header {
					continue
				}
			}
			to := point{min(max(from.x, b.x+pad), b.right()-pad), edge}
			if to.x == from.x {
				out = append(out, []point{from, to})
				continue
			}
			mid := edge + (from.y-edge)/4
			out = append(out, []point{from, {from.x, mid}, {to.x, mid}, to})
		}
	}
	return out
}

func findCloud(clouds []cloudBox, c vocab.Cloud) *cloudBox {
	for i := range clouds {
		if clouds[i].cloud.Cloud == c {
			return &clouds[i]
		}
	}
	return nil
}

func findSite(c *cloudBox, id fabric.SiteID) *siteBox {
	for i := range c.sites {
		if c.sites[i].site.ID == id {
			return &c.sites[i]
		}
	}
	return nil
}
