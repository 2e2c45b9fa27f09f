package diagram

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
)

// SVG draws a diagram as one self-contained SVG document: a light ground of
// its own, generic fonts, no scripts, styles or references to anything
// outside. The same diagram gives the same bytes.
func SVG(d Diagram) []byte {
	s := place(d)
	var w canvas
	w.open("svg", "xmlns", "http://www.w3.org/2000/svg", "width", px(s.width), "height", px(s.height),
		"viewBox", "0 0 "+px(s.width)+" "+px(s.height), "role", "img",
		"font-family", "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif", "text-rendering", "geometricPrecision")
	w.leaf("title", d.Title)
	w.leaf("desc", description(d))
	w.box(rect{0, 0, s.width, s.height}, "fill", "#ffffff")
	w.text(point{margin, margin + 20}, 24, d.Title, s.width-2*margin, "font-weight", "bold", "fill", ink)
	w.text(point{margin, margin + 42}, 13, caption(d), s.width-2*margin, "fill", faint)
	for _, c := range s.clouds {
		w.cloud(c, d)
	}
	for _, r := range s.routes {
		w.route(r)
	}
	for _, r := range s.routes {
		w.label(r)
	}
	w.legend(s.legend, s.width, d)
	w.close("svg")
	return w.Bytes()
}

const (
	ink   = "#1b1f24"
	faint = "#555d66"
	hair  = "#b9c0c8"
)

// caption is the line under the title.
func caption(d Diagram) string {
	parts := []string{d.Subtitle}
	if d.Fold != FoldNothing {
		parts = append(parts, d.Fold.String())
	}
	if d.Bundled {
		parts = append(parts, "links bundled by pair of clouds")
	}
	return join(" · ", parts...)
}

// description is the picture in words, for those who do not see it.
func description(d Diagram) string {
	var parts []string
	for _, c := range d.Clouds {
		var names []string
		for _, s := range c.Sites {
			names = append(names, string(s.ID))
		}
		parts = append(parts, c.Title+": "+strings.Join(names, ", "))
	}
	for _, l := range d.Links {
		parts = append(parts, endName(l.Ends[0])+" to "+endName(l.Ends[1])+": "+l.Label)
	}
	return strings.Join(parts, "; ")
}

func endName(e End) string {
	if e.Site != "" {
		return string(e.Site)
	}
	return cloudTitle(e.Cloud)
}

func (w *canvas) cloud(c cloudBox, d Diagram) {
	t := cloudTint(c.cloud.Cloud)
	w.box(c.rect, "rx", "12", "fill", t.fill, "stroke", t.edge, "stroke-width", "1.5")
	y := c.y + 23
	if c.row == lower {
		y = c.bottom() - 12 - lineH*float64(len(c.within))
	}
	w.text(point{c.x + cloudPad, y}, 17, c.cloud.Title, c.w-2*cloudPad, "font-weight", "bold", "fill", t.text)
	for i, l := range c.within {
		at := point{c.x + cloudPad, y + lineH*float64(i+1)}
		k := linkStroke(l.Kind)
		w.line([]point{{at.x, at.y - 4}, {at.x + 34, at.y - 4}}, "stroke", k.colour, "stroke-width", "2.5", "stroke-dasharray", k.dash)
		w.text(point{at.x + 42, at.y}, 12, l.Label, c.w, "fill", ink)
	}
	for _, s := range c.sites {
		w.site(s, t, d)
	}
}

func (w *canvas) site(s siteBox, t tint, d Diagram) {
	w.open("g", "id", "site-"+string(s.site.ID))
	w.box(s.rect, "rx", "8", "fill", "#ffffff", "stroke", t.edge)
	x, width := s.x+pad, s.w-2*pad
	w.text(point{x, s.header + 20}, 15, string(s.site.ID), width, "font-weight", "bold", "fill", ink)
	w.text(point{x, s.header + 36}, 12, s.site.Detail, width, "fill", faint)
	y := s.body
	for _, p := range shownPrefixes(s.site) {
		y += lineH
		w.text(point{x, y - 5}, 12, p, width, "fill", ink)
	}
	if d.Fold == FoldNetworks && s.site.Counts.Networks > 0 {
		w.text(point{x, y + 12}, 12, countsLabel(s.site.Counts, true), width, "fill", ink)
		w.chips(s.site.Counts, point{x, y + lineH}, width, d)
	}
	for _, p := range s.stubs {
		w.line(p, "stroke", t.edge, "stroke-width", "2")
	}
	for _, n := range s.networks {
		w.network(n, t, d)
	}
	for _, b := range s.bars {
		w.box(b.rect, "rx", "8", "fill", t.edge)
		w.box(rect{b.x + 1.5, b.y + 1.5, b.w - 3, b.h - 3}, "rx", "6.5", "fill", t.fill)
		y := b.y + 15
		if s.header > b.y {
			y += 5 // clear of the ends of links
		}
		w.text(point{b.middle(), y}, 12, b.gateway.Title, b.w-8, "font-weight", "bold", "fill", t.text, "text-anchor", "middle")
		w.text(point{b.middle(), y + 13}, 11, b.gateway.Detail, b.w-8, "fill", t.text, "text-anchor", "middle")
	}
	w.close("g")
}

func (w *canvas) network(n netBox, t tint, d Diagram) {
	dash := ""
	if n.net.Dashed {
		dash = "5 4"
	}
	w.box(n.rect, "rx", "5", "fill", "#fafbfc", "stroke", hair, "stroke-dasharray", dash)
	x, width := n.x+pad, n.w-2*pad
	w.text(point{x, n.y + 18}, 14, n.net.Name, width-textWidth(n.net.Note, 11)-8, "font-weight", "bold", "fill", t.text)
	w.text(point{n.right() - pad, n.y + 18}, 11, n.net.Note, width, "font-style", "italic", "fill", faint, "text-anchor", "end")
	w.text(point{x, n.y + 34}, 12, n.net.Detail, width, "fill", faint)
	y, notes := n.y+headerH, noteWidth(n.net)
	for _, s := range n.net.Subnets {
		indent := markWidth(d)
		if indent > 0 {
			w.mark(point{x, y + 2}, s.Segment, d)
		}
		right := n.right() - pad - notes
		w.text(point{x + indent, y + 16}, 12, s.Name, right-x-indent-textWidth(s.Prefix, 12)-6, "fill", ink)
		w.text(point{right, y + 16}, 12, s.Prefix, width, "fill", ink, "text-anchor", "end")
		if s.Note != "" {
			pill := rect{right + 8, y + 4, notes - 8, 16}
			w.box(pill, "rx", "8", "fill", "#e4e8ec")
			w.text(point{pill.middle(), y + 15.5}, 10, s.Note, pill.w, "fill", ink, "text-anchor", "middle")
		}
		y += rowH
	}
	if len(n.net.Subnets) == 0 && n.net.Counts.Subnets > 0 {
		w.text(point{x, y + 10}, 12, countsLabel(n.net.Counts, false), width, "fill", ink)
		w.chips(n.net.Counts, point{x, y + lineH}, width, d)
	}
}

// chips draws how many subnets are in each segment.
func (w *canvas) chips(c Counts, at point, width float64, d Diagram) {
	x := at.x
	for i, n := range c.BySegment {
		if n == 0 {
			continue
		}
		if x > at.x && x+chipW > at.x+width+0.01 {
			x, at.y = at.x, at.y+rowH
		}
		w.mark(point{x, at.y + 2}, i, d)
		w.text(point{x + 22, at.y + 15}, 11, strconv.Itoa(n), chipW-22, "fill", ink)
		x += chipW
	}
}

// mark is a segment's square, 18 pixels wide; without a segment an empty one.
func (w *canvas) mark(at point, segment int, d Diagram) {
	c := segmentColour(segment)
	r := rect{at.x, at.y, 18, 18}
	if segment < 0 {
		w.box(r, "rx", "4", "fill", c.fill, "stroke", hair)
		return
	}
	w.box(r, "rx", "4", "fill", c.fill)
	w.text(point{r.middle(), at.y + 13}, markSize(d.Segments[segment].Mark), d.Segments[segment].Mark, 22, "font-weight", "bold", "fill", c.text, "text-anchor", "middle")
}

// markSize lets two characters fit.
func markSize(mark string) float64 {
	if len([]rune(mark)) > 1 {
		return 10.5
	}
	return 12
}

func (w *canvas) route(r route) {
	k := linkStroke(r.link.Kind)
	w.line(r.points, "stroke", k.colour, "stroke-width", px(strokeWidth(r.link.Rate)), "stroke-dasharray", k.dash, "stroke-linejoin", "round")
	for _, p := range []point{r.points[0], r.points[len(r.points)-1]} {
		w.empty("circle", "cx", px(p.x), "cy", px(p.y), "r", "4.5", "fill", k.colour, "stroke", "#ffffff", "stroke-width", "1.5")
	}
}

func (w *canvas) label(r route) {
	k := linkStroke(r.link.Kind)
	w.box(r.label, "rx", "11", "fill", "#ffffff", "stroke", k.colour)
	w.text(point{r.label.middle(), r.label.y + 15}, labelSize, r.link.Label, r.label.w, "fill", ink, "text-anchor", "middle")
}

// canvas writes SVG elements. Attributes come as names and values; an empty
// value leaves the attribute out.
type canvas struct{ bytes.Buffer }

func (w *canvas) start(name string, attrs []string) {
	w.WriteString("<" + name)
	for i := 0; i+1 < len(attrs); i += 2 {
		if attrs[i+1] == "" {
			continue
		}
		w.WriteString(" " + attrs[i] + `="`)
		escape(&w.Buffer, attrs[i+1])
		w.WriteString(`"`)
	}
}

func (w *canvas) open(name string, attrs ...string) {
	w.start(name, attrs)
	w.WriteString(">\n")
}

func (w *canvas) close(name string) { w.WriteString("</" + name + ">\n") }

func (w *canvas) empty(name string, attrs ...string) {
	w.start(name, attrs)
	w.WriteString("/>\n")
}

func (w *canvas) leaf(name, text string, attrs ...string) {
	w.start(name, attrs)
	w.WriteString(">")
	escape(&w.Buffer, text)
	w.WriteString("</" + name + ">\n")
}

func (w *canvas) box(r rect, attrs ...string) {
	w.empty("rect", append([]string{"x", px(r.x), "y", px(r.y), "width", px(r.w), "height", px(r.h)}, attrs...)...)
}

// text writes one line, shortened to width pixels.
func (w *canvas) text(at point, size float64, s string, width float64, attrs ...string) {
	if s == "" {
		return
	}
	w.leaf("text", fit(s, size, width), append([]string{"x", px(at.x), "y", px(at.y), "font-size", px(size)}, attrs...)...)
}

// line draws straight pieces with rounded corners.
func (w *canvas) line(points []point, attrs ...string) {
	const radius = 9.0
	var path strings.Builder
	fmt.Fprintf(&path, "M%s %s", px(points[0].x), px(points[0].y))
	for i := 1; i+1 < len(points); i++ {
		a, b, c := points[i-1], points[i], points[i+1]
		r := min(radius, distance(a, b)/2, distance(b, c)/2)
		in, out := towards(b, a, r), towards(b, c, r)
		fmt.Fprintf(&path, "L%s %sQ%s %s %s %s", px(in.x), px(in.y), px(b.x), px(b.y), px(out.x), px(out.y))
	}
	last := points[len(points)-1]
	fmt.Fprintf(&path, "L%s %s", px(last.x), px(last.y))
	w.empty("path", append([]string{"d", path.String(), "fill", "none"}, attrs...)...)
}

func distance(a, b point) float64 { return abs(a.x-b.x) + abs(a.y-b.y) }

func abs(f float64) float64 { return max(f, -f) }

// towards goes r pixels from a to b, which lie on one horizontal or vertical.
func towards(a, b point, r float64) point {
	d := distance(a, b)
	if d == 0 {
		return a
	}
	return point{a.x + (b.x-a.x)*r/d, a.y + (b.y-a.y)*r/d}
}

// px prints a length with at most one decimal.
func px(f float64) string {
	s := strconv.FormatFloat(f, 'f', 1, 64)
	return strings.TrimSuffix(s, ".0")
}

// escape writes text for XML, with U+FFFD for what XML cannot hold.
func escape(w *bytes.Buffer, s string) {
	// A bytes.Buffer does not fail.
	_ = xml.EscapeText(w, []byte(s))
}
