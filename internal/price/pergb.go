package price

import (
	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

// PathCost is what 1e9 bytes cost along one way at list prices: at the first
// step of graded ones, without what a cloud gives away each month.
type PathCost struct {
	PerGB   vocab.USD
	Lines   []Line    // its positions, in the order in which they are met
	Missing []Missing // what has no price and is not in PerGB
	Lost    bool      // the way leads nowhere, so that it costs nothing
}

// PerGB prices the ways of a packet between two places, each with its
// positions. The first step of a path is the table by which its sender sends;
// the sender is of a subnet, which on GCP and Azure says whether NAT is on its
// way out, or of none that is known (empty).
func PerGB(n *fabric.Network, a *atlas.Atlas, t *routes.Tables, sender fabric.SubnetID, paths ...routes.Path) []PathCost {
	out := make([]PathCost, len(paths))
	for i := range paths {
		out[i] = pathCost(n, a, t, sender, &paths[i])
	}
	return out
}

func pathCost(n *fabric.Network, a *atlas.Atlas, t *routes.Tables, sender fabric.SubnetID, path *routes.Path) PathCost {
	if len(path.Steps) == 0 {
		return PathCost{Lost: true}
	}
	quiet := *n
	quiet.Flows = nil
	p := newPricer(&quiet, a, t)
	p.single = true
	start := &t.Tables[path.Steps[0].Table]
	from, _ := p.n.Site(start.Site)
	s := share{from: start.VPC, volume: vocab.GB}
	s.trip = p.follow(from, path, p.arrival(path))
	subnet, _ := n.Subnet(sender)
	s.behind(terminal{subnet: subnet, site: subnet.Site})
	if s.exit == lost {
		return PathCost{Lost: true}
	}
	l := Line{Object: "a GB", Flow: 1}
	if len(s.crossings) == 0 && s.exit == arrives {
		p.insideVPCs(billed(l, s.site), s.site, &s)
	} else {
		p.path(l, &s)
	}
	c := PathCost{Lines: p.bill.Lines, Missing: p.bill.Missing}
	for _, l := range c.Lines {
		c.PerGB += l.Amount
	}
	return c
}

// arrival is where a path ends, from its last hop.
func (p *pricer) arrival(path *routes.Path) terminal {
	last := &path.Steps[len(path.Steps)-1]
	t := terminal{table: -1, internet: path.Outcome == routes.ToInternet}
	if t.internet || len(last.Hops) == 0 || last.Hops[0].Kind != routes.Deliver {
		return t
	}
	t.vpc = last.Hops[0].VPC
	v, ok := p.n.VPC(t.vpc)
	switch {
	case !ok:
		t.site = p.t.Tables[last.Table].Site
	case len(v.Sites) == 1:
		t.site = v.Sites[0]
	default:
		for _, b := range v.Blocks {
			if b.Prefix.Overlaps(last.Route.Prefix) {
				t.site = b.Site
			}
		}
	}
	return t
}
