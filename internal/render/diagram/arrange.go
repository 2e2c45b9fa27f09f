package diagram

import (
	"math"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// arrange deals the clouds to the two rows and orders clouds and sites so
// that rows are of like width and links short. There are five kinds of cloud
// at most, so every deal and order is tried; sites move by swaps of
// neighbours while that shortens links.
func arrange(d Diagram) [2][]Cloud {
	clouds := slices.Clone(d.Clouds)
	for i := range clouds {
		clouds[i].Sites = slices.Clone(clouds[i].Sites)
	}
	widths := map[vocab.Cloud]float64{}
	for _, c := range clouds {
		widths[c.Cloud] = measureCloud(c, upper, d).w
	}
	best, rows := math.Inf(1), [2][]Cloud{}
	permute(clouds, 0, func(order []Cloud) {
		for split := 0; split <= len(order); split++ {
			r := [2][]Cloud{order[:split], order[split:]}
			if cost := rowsCost(d, r, widths); cost < best-1e-6 {
				best, rows = cost, [2][]Cloud{slices.Clone(r[0]), slices.Clone(r[1])}
			}
		}
	})
	if !d.Bundled {
		orderSites(d, rows, widths)
	}
	return rows
}

// permute calls visit with every order of s, in place.
func permute(s []Cloud, k int, visit func([]Cloud)) {
	if k == len(s) {
		visit(s)
		return
	}
	for i := k; i < len(s); i++ {
		s[k], s[i] = s[i], s[k]
		permute(s, k+1, visit)
		s[k], s[i] = s[i], s[k]
	}
}

// The prices of an arrangement, in pixels.
const (
	costSameRow  = 160.0 // a link between two clouds of a row
	costOnPrem   = 150.0 // on-prem above: people expect it below
	costPerPixel = 0.3   // of a link's way across
	costOrder    = 1.0   // clouds out of their usual order
)

func rowsCost(d Diagram, rows [2][]Cloud, widths map[vocab.Cloud]float64) float64 {
	at, side, width := centers(d, rows, widths)
	cost := max(width[0], width[1])
	for r, clouds := range rows {
		for i, c := range clouds {
			if r == int(upper) && !c.Cloud.IsPublic() {
				cost += costOnPrem
			}
			for _, later := range clouds[i+1:] {
				if later.Cloud < c.Cloud {
					cost += costOrder
				}
			}
		}
	}
	if len(rows[0]) == 0 {
		cost += costOnPrem
	}
	for _, l := range d.Links {
		a, b := l.Ends[0], l.Ends[1]
		cost += costPerPixel * math.Abs(at[endKey(a)]-at[endKey(b)])
		if a.Cloud != b.Cloud && side[a.Cloud] == side[b.Cloud] {
			cost += costSameRow
		}
	}
	return cost
}

// key names the box an end is at.
type key struct {
	cloud vocab.Cloud
	site  fabric.SiteID
}

func endKey(e End) key { return key{e.Cloud, e.Site} }

// centers gives the x of the middle of each box that links end at, taking all
// sites of a cloud for equally wide.
func centers(d Diagram, rows [2][]Cloud, widths map[vocab.Cloud]float64) (map[key]float64, map[vocab.Cloud]row, [2]float64) {
	at := map[key]float64{}
	side := map[vocab.Cloud]row{}
	var width [2]float64
	for r, clouds := range rows {
		for _, c := range clouds {
			width[r] += widths[c.Cloud] + gap
		}
	}
	for r, clouds := range rows {
		x := (max(width[0], width[1]) - width[r]) / 2
		for _, c := range clouds {
			w := widths[c.Cloud]
			side[c.Cloud] = row(r)
			at[key{c.Cloud, ""}] = x + w/2
			for i, s := range c.Sites {
				at[key{c.Cloud, s.ID}] = x + w*(float64(i)+0.5)/float64(len(c.Sites))
			}
			x += w + gap
		}
	}
	return at, side, width
}

func orderSites(d Diagram, rows [2][]Cloud, widths map[vocab.Cloud]float64) {
	cost := rowsCost(d, rows, widths)
	for improved := true; improved; {
		improved = false
		for _, clouds := range rows {
			for _, c := range clouds {
				for i := 0; i+1 < len(c.Sites); i++ {
					c.Sites[i], c.Sites[i+1] = c.Sites[i+1], c.Sites[i]
					if now := rowsCost(d, rows, widths); now < cost-1e-6 {
						cost, improved = now, true
						continue
					}
					c.Sites[i], c.Sites[i+1] = c.Sites[i+1], c.Sites[i]
				}
			}
		}
	}
}
