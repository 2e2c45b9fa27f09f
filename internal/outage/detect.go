package outage

import (
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
)

// deadTunnels lists the tunnels that a failure takes down.
func (r *reach) deadTunnels(f routes.Failure) map[fabric.TunnelID]bool {
	out := map[fabric.TunnelID]bool{}
	n := r.proof.Net
	for _, p := range f {
		for i := range n.Tunnels {
			if t := &n.Tunnels[i]; r.takesTunnel(p, t) {
				out[t.ID] = true
			}
		}
	}
	return out
}

func (r *reach) takesTunnel(p routes.Part, t *fabric.Tunnel) bool {
	switch p.Kind {
	case routes.TunnelPart:
		return string(t.ID) == p.ID
	case routes.LinkPart:
		return string(t.Link) == p.ID
	case routes.SitePart:
		return r.siteOf(t.Ends[0].Gateway) == fabric.SiteID(p.ID) || r.siteOf(t.Ends[1].Gateway) == fabric.SiteID(p.ID)
	case routes.InstancePart, routes.ZonePart, routes.RegionPart, routes.CloudPart:
		return holds(t.Domains, p) || r.endFails(&t.Ends[0], p) || r.endFails(&t.Ends[1], p)
	}
	return false
}

func (r *reach) siteOf(g fabric.GatewayID) fabric.SiteID {
	i, ok := r.gates[g]
	if !ok {
		return ""
	}
	return r.proof.Net.Gateways[i].Site
}

// endFails reports whether one end of a tunnel fails with a part, so that
// nothing is left there to notice.
func (r *reach) endFails(e *fabric.TunnelEnd, p routes.Part) bool {
	i, ok := r.gates[e.Gateway]
	if !ok {
		return false
	}
	g := &r.proof.Net.Gateways[i]
	if p.Kind == routes.SitePart {
		return string(g.Site) == p.ID
	}
	if holds(g.Meta.Domains, p) {
		return true
	}
	for j := range g.Interfaces {
		if g.Interfaces[j].Index == e.Interface {
			return holds(g.Interfaces[j].Domains, p)
		}
	}
	return false
}

// holds reports whether a part is one of the domains that a thing fails with.
func holds(domains []fabric.Domain, p routes.Part) bool {
	return slices.ContainsFunc(domains, func(d fabric.Domain) bool {
		if d.ID != p.ID {
			return false
		}
		switch d.Kind {
		case fabric.Instance:
			return p.Kind == routes.InstancePart
		case fabric.ZoneDomain:
			return p.Kind == routes.ZonePart
		case fabric.Facility:
			return p.Kind == routes.SitePart
		case fabric.RegionDomain:
			return p.Kind == routes.RegionPart
		case fabric.Provider:
			return p.Kind == routes.CloudPart
		}
		return false
	})
}

// detection is how long it takes until every end of the tunnels that the
// healthy ways used, and that are now dead, has noticed: what is sent into
// them until then is lost. Cloud VPNs run no BFD, so it is the shorter of the
// negotiated hold time (RFC 4271 section 4.2: the smaller of both) and the
// end's own dead peer detection. Native peerings move at once. An end that
// fails with the part notices nothing.
func (b *breaker) detection(before [2]*trip) (seconds float64, by string) {
	if len(b.dead) == 0 {
		return 0, ""
	}
	for _, t := range before {
		if t == nil {
			continue
		}
		for i := range t.ways {
			for j := range t.ways[i].crossings {
				for _, id := range t.ways[i].crossings[j].tunnels {
					if !b.dead[id] {
						continue
					}
					n, ok := b.noticed[id]
					if !ok {
						n.seconds, n.by = b.notice(id)
						b.noticed[id] = n
					}
					if n.seconds > seconds || by == "" {
						seconds, by = n.seconds, n.by
					}
				}
			}
		}
	}
	return seconds, by
}

// noticed is when the slower end of a dead tunnel has noticed, and how.
type noticed struct {
	seconds float64
	by      string
}

// notice says when the slower end of a dead tunnel has noticed.
func (b *breaker) notice(id fabric.TunnelID) (seconds float64, by string) {
	t, ok := b.proof.Net.Tunnel(id)
	if !ok {
		return 0, ""
	}
	hold := negotiatedHold(&t)
	for i := range t.Ends {
		e := &t.Ends[i]
		if slices.ContainsFunc(b.failed, func(p routes.Part) bool { return b.endFails(e, p) }) {
			continue
		}
		s, how := 0, "no timer is known"
		switch {
		case hold > 0 && (e.DPD == 0 || hold <= e.DPD):
			s, how = hold, fmt.Sprintf("hold timer %d s", hold)
		case e.DPD > 0:
			s, how = e.DPD, fmt.Sprintf("DPD %d s", e.DPD)
		}
		if float64(s) > seconds || by == "" {
			seconds, by = float64(s), how+" at "+string(e.Gateway)
		}
	}
	return seconds, by
}

// negotiatedHold returns the smaller hold time of both ends, in seconds; 0
// without BGP.
func negotiatedHold(t *fabric.Tunnel) int {
	a, b := t.Ends[0].Hold, t.Ends[1].Hold
	if a == 0 || b == 0 {
		return 0
	}
	return min(a, b)
}
