package diagram

import (
	"math"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// segmentColours is the palette of Okabe and Ito, made to be told apart by
// colour-blind people; its black is grey here. A further segment takes the
// colour again, and its mark tells it apart.
var segmentColours = []colour{
	{"#0072b2", "#ffffff"},
	{"#e69f00", "#000000"},
	{"#009e73", "#000000"},
	{"#cc79a7", "#000000"},
	{"#d55e00", "#ffffff"},
	{"#56b4e9", "#000000"},
	{"#f0e442", "#000000"},
	{"#555555", "#ffffff"},
}

// colour is a fill and the text on it.
type colour struct{ fill, text string }

func segmentColour(i int) colour {
	if i < 0 {
		return colour{"#ffffff", "#555555"}
	}
	return segmentColours[i%len(segmentColours)]
}

// tint is the ground and the edge of a cloud's box.
type tint struct{ fill, edge, text string }

func cloudTint(c vocab.Cloud) tint {
	switch c {
	case vocab.AWS:
		return tint{"#fff5e6", "#d9822b", "#8a4b08"}
	case vocab.GCP:
		return tint{"#eaf6ec", "#3c8f50", "#1e5b2d"}
	case vocab.Azure:
		return tint{"#e8f1fb", "#2b74b8", "#124a7d"}
	case vocab.OnPrem:
		return tint{"#f1f1f1", "#777777", "#3d3d3d"}
	case vocab.Exchange:
		return tint{"#f6effa", "#8b5aa8", "#57306f"}
	}
	return tint{"#ffffff", "#777777", "#3d3d3d"}
}

// stroke is how a kind of link is drawn; kinds differ in dashes too.
type stroke struct{ colour, dash string }

func linkStroke(k fabric.LinkKind) stroke {
	switch k {
	case fabric.VPN:
		return stroke{"#1f4e8c", ""}
	case fabric.TransitPeerLink:
		return stroke{"#a3480b", "14 5"}
	case fabric.VNetPeerLink:
		return stroke{"#00737f", "9 4"}
	case fabric.VirtualWANLink:
		return stroke{"#00737f", "12 4 3 4"}
	case fabric.SameVPCLink:
		return stroke{"#2d7a3e", "3 3"}
	case fabric.VPCPeerLink:
		return stroke{"#2d7a3e", "9 4"}
	case fabric.NCCLink:
		return stroke{"#2d7a3e", "12 4 3 4"}
	case fabric.CircuitLink:
		return stroke{"#6b2c91", "20 3"}
	case fabric.OverlayLink:
		return stroke{"#8c1d40", "5 4"}
	case fabric.CrossConnectLink:
		return stroke{"#6b2c91", "12 4 3 4 3 4"}
	}
	return stroke{"#333333", ""}
}

// strokeWidth grows with the logarithm of the bandwidth, from 1.6 pixels
// (unknown, or 100 Mbps and less) to 5.2 (100 Gbps and more).
func strokeWidth(r vocab.Rate) float64 {
	if r <= 0 {
		return 1.6
	}
	tens := math.Log10(float64(r) / float64(100*vocab.Mbps))
	return 1.6 + 1.2*min(max(tens, 0), 3)
}
