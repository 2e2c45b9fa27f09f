package diagram

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// fold folds subnets, then networks, until no more than MaxNodes are left or
// only sites and gateways are.
func fold(d *Diagram) {
	if d.Nodes() <= MaxNodes {
		return
	}
	d.Fold = FoldSubnets
	for _, c := range d.Clouds {
		for _, s := range c.Sites {
			for i := range s.Networks {
				s.Networks[i].Subnets = nil
			}
		}
	}
	if d.Nodes() <= MaxNodes {
		return
	}
	d.Fold = FoldNetworks
	for _, c := range d.Clouds {
		for i := range c.Sites {
			c.Sites[i].Networks = nil
		}
	}
}

// widest gives the number of sites of the cloud that has most.
func widest(d Diagram) int {
	most := 0
	for _, c := range d.Clouds {
		most = max(most, len(c.Sites))
	}
	return most
}

// bundle replaces the links between sites by one a pair of clouds and kind.
func bundle(d *Diagram) {
	type pair struct {
		a, b vocab.Cloud
		kind fabric.LinkKind
	}
	groups := map[pair]*Link{}
	var keys []pair
	for _, l := range d.Links {
		k := pair{min(l.Ends[0].Cloud, l.Ends[1].Cloud), max(l.Ends[0].Cloud, l.Ends[1].Cloud), l.Kind}
		g := groups[k]
		if g == nil {
			g = &Link{
				ID:   fmt.Sprintf("%v--%v %v", k.a, k.b, k.kind),
				Kind: k.kind,
				Ends: [2]End{{Cloud: k.a}, {Cloud: k.b}},
			}
			groups[k] = g
			keys = append(keys, k)
		}
		g.Count += l.Count
		g.Tunnels += l.Tunnels
		g.Rate += l.Rate
	}
	slices.SortFunc(keys, func(x, y pair) int {
		return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b), cmp.Compare(x.kind, y.kind))
	})
	d.Bundled = true
	d.Links = nil
	for _, k := range keys {
		g := *groups[k]
		g.Label = bundleLabel(g)
		d.Links = append(d.Links, g)
	}
}
