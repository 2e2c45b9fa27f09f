package diagram

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
)

// entry is one item of the legend: a segment or a kind of link.
type entry struct {
	text    string
	segment int // -1 for a kind of link
	kind    fabric.LinkKind
}

const (
	legendLine = 26.0
	legendHead = 76.0 // width of "Segments"
	sampleW    = 40.0 // of a link's line
)

func (e entry) width() float64 {
	w := textWidth(e.text, 12) + 26
	if e.segment < 0 {
		return w + sampleW + 6
	}
	return w + 24
}

func segmentEntries(d Diagram) []entry {
	var out []entry
	for i, s := range d.Segments {
		out = append(out, entry{text: string(s.ID), segment: i})
	}
	return out
}

// linkEntries lists the kinds of link drawn.
func linkEntries(d Diagram) []entry {
	var kinds []fabric.LinkKind
	for _, l := range d.Links {
		kinds = append(kinds, l.Kind)
	}
	slices.Sort(kinds)
	var out []entry
	for _, k := range slices.Compact(kinds) {
		out = append(out, entry{text: kindTitle(k), segment: -1, kind: k})
	}
	return out
}

func kindTitle(k fabric.LinkKind) string {
	switch k {
	case fabric.VPN:
		return "VPN: IPsec tunnels over the internet"
	case fabric.TransitPeerLink:
		return "TGW peering: AWS backbone"
	case fabric.VNetPeerLink:
		return "VNet peering: Azure backbone"
	case fabric.VirtualWANLink:
		return "Virtual WAN: Azure backbone"
	case fabric.SameVPCLink:
		return "same VPC: Google backbone"
	case fabric.VPCPeerLink:
		return "VPC peering: Google backbone"
	case fabric.NCCLink:
		return "NCC: Google backbone"
	case fabric.CircuitLink:
		return "private circuits"
	case fabric.OverlayLink:
		return "WireGuard overlay"
	case fabric.CrossConnectLink:
		return "cross-cloud link of the providers"
	}
	return k.String()
}

// legendRows deals entries to lines of a width.
func legendRows(entries []entry, width float64) [][]entry {
	var rows [][]entry
	x := width
	for _, e := range entries {
		if x+e.width() > width {
			rows = append(rows, nil)
			x = legendHead
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], e)
		x += e.width()
	}
	return rows
}

func legendHeight(d Diagram, width float64) float64 {
	rows := len(legendRows(segmentEntries(d), width-2*margin)) + len(legendRows(linkEntries(d), width-2*margin))
	return legendLine*float64(rows) + lineH*float64(len(legendNote(d, width)))
}

func (w *canvas) legend(at point, width float64, d Diagram) {
	y := at.y
	draw := func(head string, rows [][]entry) {
		for i, row := range rows {
			if i == 0 {
				w.text(point{at.x, y + 16}, 12, head, legendHead, "font-weight", "bold", "fill", ink)
			}
			x := at.x + legendHead
			for _, e := range row {
				w.entry(e, point{x, y}, d)
				x += e.width()
			}
			y += legendLine
		}
	}
	draw("Segments", legendRows(segmentEntries(d), width-2*margin))
	draw("Links", legendRows(linkEntries(d), width-2*margin))
	for _, line := range legendNote(d, width) {
		w.text(point{at.x + legendHead, y + 14}, 12, line, width, "fill", faint)
		y += lineH
	}
}

// legendNote explains the labels of links, in lines that fit.
func legendNote(d Diagram, width float64) []string {
	if len(d.Links) == 0 {
		return nil
	}
	note := "A label gives tunnels, bandwidth one way and round trip (≈ estimated from distance). A thicker line carries more."
	if d.Bundled {
		note = "A line stands for all links of its kind between two clouds. A thicker line carries more."
	}
	return wrap(note, 12, width-2*margin-legendHead)
}

func (w *canvas) entry(e entry, at point, d Diagram) {
	if e.segment >= 0 {
		w.mark(point{at.x, at.y + 3}, e.segment, d)
		w.text(point{at.x + 24, at.y + 16}, 12, e.text, e.width(), "fill", ink)
		return
	}
	k := linkStroke(e.kind)
	w.line([]point{{at.x, at.y + 12}, {at.x + sampleW, at.y + 12}}, "stroke", k.colour, "stroke-width", "2.5", "stroke-dasharray", k.dash)
	w.text(point{at.x + sampleW + 6, at.y + 16}, 12, e.text, e.width(), "fill", ink)
}
