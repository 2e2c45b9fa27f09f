package diagram

import (
	"math"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
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
// row they pass the site's header on the right, or reach the first network
// from the left; others that the header hides have none.
func stubs(s *siteBox, r row) [][]point {
	header := s.x + pad + max(textWidth(string(s.site.ID), 15), textWidth(s.site.Detail, 12))
	var out [][]point
	for _, b := range s.bars {
		for i, n := range s.networks {
			if !slices.Contains(b.gateway.Attached, n.net.VPC) {
				continue
			}
			from, edge := point{n.middle(), n.bottom()}, b.y
			if r == lower {
				from, edge = point{max(n.middle(), min(n.right()-pad, header+pad)), n.y}, b.bottom()
				if from.x < header && i > 0 {
					continue
				}
				if from.x < header {
					side := s.x + pad/2
					out = append(out, []point{{n.x, n.y + pad}, {side, n.y + pad}, {side, edge}})
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
