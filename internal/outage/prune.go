package outage

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
)

// carriers is a set of tunnels and links: a bit for each tunnel, then one for
// each link. Nil when it cannot be told what is used.
type carriers []uint64

func (c carriers) add(i int)      { c[i>>6] |= 1 << (i & 63) }
func (c carriers) has(i int) bool { return c[i>>6]&(1<<(i&63)) != 0 }

func (c carriers) overlaps(d carriers) bool {
	for i := range c {
		if c[i]&d[i] != 0 {
			return true
		}
	}
	return false
}

// carrierScan finds the tunnels and links that any route of any table goes
// over. It is safe for concurrent use.
type carrierScan struct {
	*reach
	tunnels map[fabric.TunnelID]int
	healthy map[*routes.Routes]carriers
}

func newCarrierScan(r *reach) *carrierScan {
	s := &carrierScan{reach: r, tunnels: map[fabric.TunnelID]int{}, healthy: map[*routes.Routes]carriers{}}
	for i := range r.proof.Net.Tunnels {
		s.tunnels[r.proof.Net.Tunnels[i].ID] = i
	}
	for i := range r.proof.Tables.Tables {
		t := &r.proof.Tables.Tables[i]
		for _, set := range []*routes.Routes{t.Own, t.Learned} {
			if _, ok := s.healthy[set]; set != nil && !ok {
				s.healthy[set] = s.carriersOf(set)
			}
		}
	}
	return s
}

func (s *carrierScan) empty() carriers {
	return make(carriers, (len(s.proof.Net.Tunnels)+len(s.proof.Net.Links)+63)/64)
}

func (s *carrierScan) link(i int) int { return len(s.proof.Net.Tunnels) + i }

func (s *carrierScan) carriersOf(set *routes.Routes) carriers {
	out := s.empty()
	for _, r := range set.All() {
		for i := range r.Hops {
			if n, ok := s.tunnels[r.Hops[i].Tunnel]; ok {
				out.add(n)
			}
			if n, ok := s.links[r.Hops[i].Link]; ok {
				out.add(s.link(int(n)))
			}
		}
	}
	return out
}

// of gives what the tables after a failure and those before it use; nil when
// a limit was passed or the outcome is not determined, since what is not used
// may matter then.
func (s *carrierScan) of(t *routes.Tables) carriers {
	unsure := func(e routes.Event) bool {
		return e.Kind == routes.LimitPassed || e.Kind == routes.Nondeterminism
	}
	if slices.ContainsFunc(t.Events, unsure) || slices.ContainsFunc(s.proof.Tables.Events, unsure) {
		return nil
	}
	out := s.empty()
	merge := func(c carriers) {
		for i := range c {
			out[i] |= c[i]
		}
	}
	for _, c := range s.healthy {
		merge(c)
	}
	seen := map[*routes.Routes]bool{}
	for i := range t.Tables {
		for _, set := range []*routes.Routes{t.Tables[i].Own, t.Tables[i].Learned} {
			if set == nil || seen[set] || s.healthy[set] != nil {
				continue
			}
			seen[set] = true
			merge(s.carriersOf(set))
		}
	}
	return out
}

// pruner knows which two parts are sure to do together what one of them does
// alone.
type pruner struct {
	*reach
	parts  []routes.Part
	used   []carriers // by part: what the tables use before and after it fails; nil when not known
	takes  []carriers // by part: what it takes down, where that is all; nil when it takes more
	inside [][]uint64 // by part: the parts whose things are all among its own
}

func newPruner(r *reach, parts []routes.Part, used []carriers) *pruner {
	p := &pruner{reach: r, parts: parts, used: used, takes: make([]carriers, len(parts)), inside: make([][]uint64, len(parts))}
	scan := newCarrierScan(r)
	n := r.proof.Net
	for i, part := range parts {
		switch part.Kind {
		case routes.TunnelPart, routes.LinkPart, routes.InstancePart:
		case routes.ZonePart, routes.SitePart, routes.RegionPart, routes.CloudPart:
			continue
		}
		if len(r.carries.Fallen(routes.Failure{part})) > 0 {
			continue // the others of its gateway carry less
		}
		c := scan.empty()
		for t := range n.Tunnels {
			if r.takesTunnel(part, &n.Tunnels[t]) {
				c.add(t)
			}
		}
		if l, ok := r.links[fabric.LinkID(part.ID)]; ok && part.Kind == routes.LinkPart {
			c.add(scan.link(int(l)))
		}
		p.takes[i] = c
	}
	for i := range parts {
		p.inside[i] = make([]uint64, (len(parts)+63)/64)
		for j := range parts {
			if i != j && r.within(parts[i], parts[j]) {
				p.inside[i][j>>6] |= 1 << (j & 63)
			}
		}
	}
	return p
}

// same reports whether two parts together do what one of them does alone: one
// is inside the other, or one takes down only what no table uses, be the
// other up or down. Routers choose among what they are offered, so that what
// none of them has chosen can go without a change.
func (p *pruner) same(a, b int) bool {
	if carriers(p.inside[a]).has(b) || carriers(p.inside[b]).has(a) {
		return true
	}
	return p.idle(a, b) || p.idle(b, a)
}

// idle reports whether part b takes down only what is not used when a is down.
func (p *pruner) idle(a, b int) bool {
	return p.takes[b] != nil && p.used[a] != nil && !p.takes[b].overlaps(p.used[a])
}

// within reports whether all that the inner part takes down fails with the
// outer one.
func (r *reach) within(outer, inner routes.Part) bool {
	n := r.proof.Net
	if outer.Kind <= inner.Kind {
		return false
	}
	switch inner.Kind {
	case routes.TunnelPart:
		t, ok := n.Tunnel(fabric.TunnelID(inner.ID))
		return ok && r.takesTunnel(outer, &t)
	case routes.LinkPart:
		l, ok := r.links[fabric.LinkID(inner.ID)]
		return ok && r.takesLink(outer, &n.Links[l])
	case routes.InstancePart:
		return outer.Kind != routes.LinkPart && outer.Kind != routes.ZonePart && r.instanceWithin(inner, outer)
	case routes.ZonePart, routes.SitePart, routes.RegionPart:
		found := false
		for s := range n.Sites {
			site := &n.Sites[s]
			if !r.stands(inner, site) {
				continue
			}
			if found = true; !r.siteFails(outer, site) {
				return false
			}
		}
		return found
	case routes.CloudPart:
	}
	return false
}

// instanceWithin reports whether the gateways that have an instance all fail
// with a part.
func (r *reach) instanceWithin(instance, outer routes.Part) bool {
	found := false
	for i := range r.proof.Net.Gateways {
		g := &r.proof.Net.Gateways[i]
		has := holds(g.Meta.Domains, instance)
		for j := range g.Interfaces {
			has = has || holds(g.Interfaces[j].Domains, instance)
		}
		if !has {
			continue
		}
		if found = true; !holds(g.Meta.Domains, outer) && !(outer.Kind == routes.SitePart && string(g.Site) == outer.ID) {
			return false
		}
	}
	return found
}

// stands reports whether a part is, or has something, at a site.
func (r *reach) stands(part routes.Part, s *fabric.Site) bool {
	switch part.Kind {
	case routes.SitePart:
		return string(s.ID) == part.ID
	case routes.ZonePart:
		return slices.Contains(s.Zones, part.ID)
	case routes.RegionPart, routes.CloudPart:
		return holds(s.Meta.Domains, part)
	case routes.TunnelPart, routes.InstancePart, routes.LinkPart:
	}
	return false
}

// siteFails reports whether a whole site fails with a part.
func (r *reach) siteFails(part routes.Part, s *fabric.Site) bool {
	return part.Kind == routes.SitePart && string(s.ID) == part.ID || holds(s.Meta.Domains, part)
}

// takesLink reports whether a part is sure to take a link down: with one of
// its sites, or as the link itself.
func (r *reach) takesLink(p routes.Part, l *fabric.Link) bool {
	// A GCP VPC is global, and its peerings fail with no region.
	global := l.Kind == fabric.VPCPeerLink || l.Kind == fabric.NCCLink || l.Kind == fabric.SameVPCLink
	switch p.Kind {
	case routes.LinkPart:
		return string(l.ID) == p.ID
	case routes.SitePart:
		return !global && (string(l.Sites[0]) == p.ID || string(l.Sites[1]) == p.ID)
	case routes.RegionPart, routes.CloudPart:
		for _, id := range l.Sites {
			if s, ok := r.proof.Net.Site(id); ok && !global && holds(s.Meta.Domains, p) {
				return true
			}
		}
	case routes.TunnelPart, routes.InstancePart, routes.ZonePart:
	}
	return false
}
