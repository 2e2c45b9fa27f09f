package random

import (
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// Policies gives ends of a network's BGP sessions steps that they take with
// announcements: prepends, communities, MEDs, local preference and drops, of
// whole links and of single tunnels, on ends that can be told so. The network
// is changed.
func Policies(r *rand.Rand, n *fabric.Network) {
	var asns []vocab.ASN
	for i := range n.Gateways {
		g := &n.Gateways[i]
		asns = append(asns, g.ASN)
		g.PathFirst = g.Kind == fabric.VirtualHub && r.IntN(3) == 0
	}
	all := announced(n)
	if len(n.Tunnels) == 0 || len(all) == 0 {
		return
	}
	for range 1 + r.IntN(4) {
		t := n.Tunnels[r.IntN(len(n.Tunnels))]
		whole, end := r.IntN(3) > 0, r.IntN(2)
		g, ok := n.Gateway(t.Ends[end].Gateway)
		if !ok || g.Kind != fabric.Device && g.Kind != fabric.HAVPN && g.Kind != fabric.ExpressRouteGateway {
			continue
		}
		hears := r.IntN(2) == 0 || g.Kind == fabric.ExpressRouteGateway
		x := terms(r, g, asns, all, hears)
		for i := range n.Tunnels {
			u := &n.Tunnels[i]
			if u.ID != t.ID && (!whole || u.Link != t.Link) {
				continue
			}
			if hears {
				u.Ends[end].Import = x
			} else {
				u.Ends[end].Export = x
			}
		}
	}
}

// announced lists what is said over BGP, about.
func announced(n *fabric.Network) []netip.Prefix {
	var out []netip.Prefix
	for i := range n.VPCs {
		out = append(out, n.VPCs[i].Prefixes...)
	}
	for i := range n.Gateways {
		out = append(out, n.Gateways[i].Announce...)
	}
	return out
}

// tags are the communities that ends attach and match.
var tags = []fabric.Community{65000<<16 | 1, fabric.NoExport, fabric.NoAdvertise, 7224<<16 | 7100, 7224<<16 | 7200, 7224<<16 | 7300}

// terms makes one step or two for an end of a gateway.
func terms(r *rand.Rand, g fabric.Gateway, asns []vocab.ASN, all []netip.Prefix, hears bool) []fabric.RouteTerm {
	var out []fabric.RouteTerm
	for range 1 + r.IntN(2) {
		t := fabric.RouteTerm{End: pick(r, fabric.NextTerm, fabric.NextTerm, fabric.AcceptRoute)}
		if r.IntN(3) == 0 {
			p := all[r.IntN(len(all))]
			t.Match = []fabric.PrefixRange{pick(r, fabric.PrefixRange{Prefix: p}, fabric.PrefixRange{Prefix: p, Least: p.Bits(), Top: 32})}
		}
		if g.Kind == fabric.ExpressRouteGateway {
			out = append(out, fabric.RouteTerm{Preference: 50 + 50*r.IntN(4)}) // the weight of a connection
			continue
		}
		switch r.IntN(6) {
		case 0, 1:
			t.Prepend = slices.Repeat([]vocab.ASN{pick(r, g.ASN, g.ASN, asns[r.IntN(len(asns))])}, 1+r.IntN(3))
		case 2, 3:
			if !hears {
				t.Attach = []fabric.Community{tags[r.IntN(len(tags))]}
				break
			}
			t.Communities = []fabric.Community{tags[0]}
			t.MED = 50
		case 4:
			t.MED = 50
			if hears && g.Kind == fabric.Device {
				t.MED, t.Preference = 0, 50+50*r.IntN(4)
			}
		default:
			t.End = fabric.DropRoute
		}
		if !hears || g.Kind == fabric.Device {
			t.MED = 0 // of which neighbours a transit gateway compares MED is not documented
		}
		out = append(out, t)
	}
	return out
}
