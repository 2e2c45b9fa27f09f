package oracle

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
)

// Direct Connect's communities for local preference, by "Routing policies and
// BGP communities": low, medium and high.
const (
	lowPreference    fabric.Community = 7224<<16 | 7100
	mediumPreference fabric.Community = 7224<<16 | 7200
	highPreference   fabric.Community = 7224<<16 | 7300
)

// said are the steps that a gateway's end of a tunnel takes with what it
// announces, or hears.
func said(g fabric.GatewayID, t fabric.Tunnel, hears bool) []fabric.RouteTerm {
	for _, e := range t.Ends {
		if e.Gateway == g && hears {
			return e.Import
		}
		if e.Gateway == g {
			return e.Export
		}
	}
	return nil
}

// applies reports whether one step is for a path: some range of it holds the
// prefix, and the path carries all communities asked for.
func applies(t fabric.RouteTerm, p path) bool {
	hit := len(t.Match) == 0
	for _, r := range t.Match {
		longest := r.Top
		if longest == 0 {
			hit = hit || p.prefix == r.Prefix
			continue
		}
		inside := r.Prefix.Contains(p.prefix.Addr()) && p.prefix.Bits() >= r.Prefix.Bits()
		hit = hit || inside && p.prefix.Bits() >= r.Least && p.prefix.Bits() <= longest
	}
	for _, c := range t.Communities {
		hit = hit && slices.Contains(p.communities, c)
	}
	return hit
}

// tell takes the steps of an export: what is prepended comes after the
// sender's own number.
func tell(steps []fabric.RouteTerm, p path) (path, bool) {
	own, rest := p.asns[:1], p.asns[1:]
	for _, t := range steps {
		if !applies(t, p) {
			continue
		}
		if t.End == fabric.DropRoute {
			return path{}, false
		}
		rest = slices.Concat(t.Prepend, rest)
		p.med = newMED(t, p.med)
		p.communities = slices.Concat(p.communities, t.Attach)
		if t.End == fabric.AcceptRoute {
			break
		}
	}
	p.asns = slices.Concat(own, rest)
	return p, true
}

func newMED(t fabric.RouteTerm, old int) int {
	if t.SetMED {
		return t.MED
	}
	return old + t.MED
}

// take takes the steps of an import. Communities for local preference count at
// a Direct Connect gateway before that; what a path without one counts as is
// not documented, so the seed says.
func (o *Oracle) take(g fabric.Gateway, steps []fabric.RouteTerm, p path) (path, bool) {
	p.near, p.liked = p.asns[0], fabric.DefaultPreference
	if g.Kind == fabric.DirectConnectGateway {
		p.liked = o.likes(p)
	}
	received := p
	for _, t := range steps {
		if !applies(t, received) {
			continue
		}
		if t.End == fabric.DropRoute {
			return path{}, false
		}
		p.asns = slices.Concat(t.Prepend, p.asns)
		p.med = newMED(t, p.med)
		p.communities = slices.Concat(p.communities, t.Attach)
		if t.Preference > 0 {
			p.liked = t.Preference
		}
		if t.End == fabric.AcceptRoute {
			break
		}
	}
	return p, true
}

func (o *Oracle) likes(p path) int {
	for i, c := range []fabric.Community{highPreference, mediumPreference, lowPreference} {
		if slices.Contains(p.communities, c) {
			return 6 - 2*i
		}
	}
	return o.untagged
}

// stays reports whether a community keeps a heard path from being told to
// another AS (NO_EXPORT), or to anyone (NO_ADVERTISE): RFC 1997.
func stays(p path) bool {
	return slices.Contains(p.communities, fabric.NoExport) || slices.Contains(p.communities, fabric.NoAdvertise)
}
