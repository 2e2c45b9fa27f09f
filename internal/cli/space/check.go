package space

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// Checked says what a range has to do with a network.
type Checked struct {
	Range     netip.Prefix
	Collision []Node // what shares addresses with it, the widest first; no pool
	Pools     []netip.Prefix
	Refused   []Refusal // ranges that a cloud refuses or that are best avoided
}

// Refusal is a range that a cloud does not take, or that makes trouble.
type Refusal struct {
	Cloud  vocab.Cloud // zero: everywhere
	Range  atlas.Range
	Refuse bool // else best avoided
}

// Collides reports whether the range shares addresses with anything.
func (c Checked) Collides() bool { return len(c.Collision) > 0 }

// Check says what each range would collide with: blocks, networks and subnets
// of the network, reserved, on-prem and joined ranges, and what is freed but
// not released. A pool is no collision, it is what ranges come from.
func Check(n *fabric.Network, freed []lock.Entry, a *atlas.Atlas, ranges []netip.Prefix) []Checked {
	all := nodes(n, freed)
	slices.SortStableFunc(all, func(x, y Node) int { return prefix.Compare(x.Prefix, y.Prefix) })
	out := make([]Checked, 0, len(ranges))
	for _, r := range ranges {
		c := Checked{Range: r, Refused: refusals(a, r)}
		for _, node := range all {
			if !node.Prefix.Overlaps(r) {
				continue
			}
			if node.Kind == Pool {
				c.Pools = append(c.Pools, node.Prefix)
				continue
			}
			c.Collision = append(c.Collision, node)
		}
		out = append(out, c)
	}
	return out
}

func refusals(a *atlas.Atlas, p netip.Prefix) []Refusal {
	var out []Refusal
	for _, cloud := range vocab.Clouds {
		if r, ok := a.Addresses(cloud).RefusedBy(p); ok {
			out = append(out, Refusal{Cloud: cloud, Range: r, Refuse: true})
		}
	}
	for _, r := range a.AvoidedEverywhere() {
		if r.Prefix.Overlaps(p) {
			out = append(out, Refusal{Range: r})
		}
	}
	return out
}
