package diagram

import (
	"math"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
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
