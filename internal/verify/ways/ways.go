// Package ways says what the ways of a connection come to: which links they
// cross, what these carry whole and whether they are encrypted, how long a
// round trip takes, and, of several equal-cost ways there and back, which
// directions, devices and round trips differ.
//
// It takes the ways that the tables trace and gives what differs; which
// connections there are, and what to tell of it, is verify's.
package ways

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
)

// Connection is a connection between two sites with its equal-cost ways, all
// of which arrive.
type Connection struct {
	ID          int // the caller's
	From, To    fabric.SiteID
	There, Back []routes.Path // of packets, and of replies
}

// Pairs are pairs of sites, in order of id.
type Pairs map[[2]fabric.SiteID]bool

func (p Pairs) add(c Connection) { p[[2]fabric.SiteID{min(c.From, c.To), max(c.From, c.To)}] = true }

// Links lists the links that a way crosses, in order; none of no way.
func Links(path *routes.Path) []fabric.LinkID {
	if path == nil {
		return nil
	}
	var out []fabric.LinkID
	for _, s := range path.Steps {
		if len(s.Hops) > 0 && s.Hops[0].Link != "" {
			out = append(out, s.Hops[0].Link)
		}
	}
	return out
}

// OneSided gives a way that only packets take, and one that only replies take,
// both as packets go; nil where there is none.
func OneSided(there, back []routes.Path) (onlyThere, onlyBack []fabric.LinkID) {
	out, in := linkWays(there), linkWays(back)
	for _, w := range in {
		slices.Reverse(w)
	}
	return without(out, in), without(in, out)
}

// without gives the first way that is none of others.
func without(ways, others [][]fabric.LinkID) []fabric.LinkID {
	for _, w := range ways {
		if !slices.ContainsFunc(others, func(x []fabric.LinkID) bool { return slices.Equal(w, x) }) {
			return w
		}
	}
	return nil
}

// linkWays gives the links that each way crosses.
func linkWays(ways []routes.Path) [][]fabric.LinkID {
	out := make([][]fabric.LinkID, len(ways))
	for i := range ways {
		out[i] = Links(&ways[i])
	}
	return out
}
