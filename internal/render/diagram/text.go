package diagram

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

func cloudTitle(c vocab.Cloud) string {
	switch c {
	case vocab.AWS:
		return "AWS"
	case vocab.GCP:
		return "Google Cloud"
	case vocab.Azure:
		return "Azure"
	case vocab.OnPrem:
		return "On-premises"
	case vocab.Exchange:
		return "Colocation"
	}
	return c.Title()
}

func gatewayTitle(k fabric.GatewayKind) string {
	switch k {
	case fabric.VirtualPrivateGateway:
		return "Virtual private gateway"
	case fabric.TransitGateway:
		return "Transit gateway"
	case fabric.HAVPN:
		return "HA VPN gateway"
	case fabric.VPNGateway:
		return "VPN gateway"
	case fabric.VirtualHub:
		return "Virtual WAN hub"
	case fabric.Device:
		return "VPN device"
	}
	return k.String()
}

func internetNote(i fabric.Internet) string {
	switch i {
	case fabric.NoInternet:
		return ""
	case fabric.ViaNAT:
		return "NAT"
	case fabric.Public:
		return "public"
	}
	return i.String()
}

func subtitle(n *fabric.Network) string {
	return join(" · ", n.Environment, count(len(n.Sites), "site"), count(len(n.Links), "link"), count(len(n.Tunnels), "tunnel"))
}

// linkLabel says VPN 4×, 5Gbps, 14 ms; a latency that is not measured has a ≈.
func linkLabel(l fabric.Link) string {
	label := l.Kind.String()
	if len(l.Tunnels) > 0 {
		label += fmt.Sprintf(" %d×", len(l.Tunnels))
	}
	rate := l.Capacity
	if rate == 0 {
		rate = l.Asked
	}
	if rate > 0 {
		label += ", " + rate.String()
	}
	if l.RTT <= 0 {
		return label
	}
	rtt := "<1 ms"
	if l.RTT >= 1 {
		rtt = fmt.Sprintf("%.0f ms", math.Round(l.RTT))
	}
	if !strings.HasPrefix(l.RTTSource, "measured") {
		rtt = "≈" + rtt
	}
	return label + ", " + rtt
}

// bundleLabel says VPN: 100 links, 400 tunnels.
func bundleLabel(l Link) string {
	label := l.Kind.String() + ": " + count(l.Count, "link")
	if l.Tunnels > 0 {
		label += ", " + count(l.Tunnels, "tunnel")
	}
	return label
}

func countsLabel(c Counts, networks bool) string {
	if networks {
		return count(c.Networks, "network") + ", " + count(c.Subnets, "subnet")
	}
	if c.Subnets == 0 {
		return ""
	}
	return count(c.Subnets, "subnet")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// join joins those parts that are not empty.
func join(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}

// segments lists the segments that a workload subnet is in. Its mark is the
// first letter of the name, the first two where others share that, or else a
// number.
func segments(n *fabric.Network) []Segment {
	used := map[fabric.SegmentID]bool{}
	for _, s := range n.Subnets {
		if s.Purpose == fabric.Workload && s.Segment != "" {
			used[s.Segment] = true
		}
	}
	var out []Segment
	starts := map[string]int{}
	for _, s := range n.Segments {
		if used[s.ID] {
			out = append(out, Segment{ID: s.ID})
			starts[initial(s.ID, 1)]++
			starts[initial(s.ID, 2)]++
		}
	}
	for i := range out {
		out[i].Mark = fmt.Sprint(i + 1)
		for size := 2; size >= 1; size-- {
			if m := initial(out[i].ID, size); m != "" && starts[m] == 1 {
				out[i].Mark = m
			}
		}
	}
	return out
}

// initial gives the first letters of a name, the first of them large; empty
// when it has fewer or does not start with letters.
func initial(id fabric.SegmentID, size int) string {
	r := []rune(string(id))
	if len(r) < size {
		return ""
	}
	for _, c := range r[:size] {
		if !unicode.IsLetter(c) {
			return ""
		}
	}
	return string(unicode.ToUpper(r[0])) + strings.ToLower(string(r[1:size]))
}

// wrap breaks text at spaces into lines of at most width pixels, where words
// allow it.
func wrap(s string, size, width float64) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && textWidth(line+" "+word, size) > width {
			lines = append(lines, line)
			line = ""
		}
		line = join(" ", line, word)
	}
	return append(lines, line)
}

// textWidth estimates the width of s in pixels at a font size, on the wide
// side of the sans-serif fonts that a reader may have.
func textWidth(s string, size float64) float64 {
	em := 0.0
	for _, r := range s {
		switch {
		case r > 0x2e80:
			em += 1.05
		case strings.ContainsRune("ijl.,:;|'!", r):
			em += 0.33
		case strings.ContainsRune("ftrI()[]/ -·", r):
			em += 0.42
		case strings.ContainsRune("mwMW@%×≈", r):
			em += 0.92
		case unicode.IsUpper(r):
			em += 0.71
		default:
			em += 0.62
		}
	}
	return em * size
}

// fit shortens s with an ellipsis until it is at most width pixels wide.
func fit(s string, size, width float64) string {
	if textWidth(s, size) <= width {
		return s
	}
	r := []rune(s)
	for len(r) > 0 && textWidth(string(r), size)+size > width {
		r = r[:len(r)-1]
	}
	return strings.TrimRight(string(r), " ,") + "…"
}
