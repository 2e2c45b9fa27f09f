package audit

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// nearLimit is the share of a limit from which on a session is reported.
const nearLimit = 0.8

// asNumbers: each gateway that speaks BGP has a number of its own, which its
// peers take.
func (u *auditor) asNumbers() {
	seen := map[vocab.ASN]fabric.Gateway{}
	for _, g := range u.n.Gateways {
		if g.ASN == 0 || !u.speaks(g.ID) {
			continue
		}
		first, taken := seen[g.ASN]
		if !taken {
			seen[g.ASN] = g
			continue
		}
		if first.Kind == fabric.VirtualHub && g.Kind == fabric.VirtualHub {
			continue // the hubs of a Virtual WAN share a fixed number and no BGP session
		}
		f := u.add(diag.Error, g.Meta.Origin, string(g.ID), "%s has AS number %v, as %s: each refuses routes that went through the other", g.ID, g.ASN, first.ID)
		f.Hint = "give each gateway a number of its own"
		f.Related = append(f.Related, diag.Related{Pos: first.Meta.Origin.Pos, Message: "the gateway " + string(first.ID)})
	}
	type peering struct{ at, peer fabric.GatewayID }
	told := map[peering]bool{}
	for i := range u.n.Tunnels {
		t := &u.n.Tunnels[i]
		for j := range t.Ends {
			g, peer := u.gateway(t.Ends[j].Gateway), u.gateway(t.Ends[1-j].Gateway)
			k := peering{g.ID, peer.ID}
			if peer.ASN == 0 || g.ID == "" || told[k] {
				continue
			}
			told[k] = true
			s := u.site(g.Site)
			ok, fact := u.a.ASNs(s.Cloud).AcceptsPeer(peer.ASN, s.Region)
			if s.Cloud == 0 || ok {
				continue
			}
			f := u.add(diag.Error, peer.Meta.Origin, string(peer.ID), "%s refuses a peer with AS number %v, that of %s", g.ID, peer.ASN, peer.ID)
			f.Hint, f.Source = "give "+string(peer.ID)+" a private number that every cloud takes", fact.Source
		}
	}
}

// speaks reports whether a gateway has tunnels.
func (u *auditor) speaks(id fabric.GatewayID) bool {
	if u.memo.speakers == nil {
		u.memo.speakers = map[fabric.GatewayID]bool{}
		for i := range u.n.Tunnels {
			for _, e := range u.n.Tunnels[i].Ends {
				u.memo.speakers[e.Gateway] = true
			}
		}
	}
	return u.memo.speakers[id]
}

// prefixCounts: no end of a session receives over 80 % of what it takes. The
// sessions of a gateway are told together, at the fullest.
func (u *auditor) prefixCounts() {
	type session struct {
		link  fabric.Link
		count int
		limit atlas.Limit
	}
	near := map[fabric.GatewayID][]session{}
	for _, s := range u.p.Tables.Sessions {
		t, ok := u.n.Tunnel(s.Tunnel)
		if !ok {
			continue
		}
		for i, e := range t.Ends {
			g := u.gateway(e.Gateway)
			id, ok := u.receives(g, t.Link)
			if !ok {
				continue
			}
			limit := u.a.Limit(id)
			if n := s.Prefixes[i]; float64(n) > nearLimit*float64(limit.Value) && n <= limit.Value {
				l, _ := u.n.Link(t.Link)
				near[g.ID] = append(near[g.ID], session{l, n, limit})
			}
		}
	}
	for _, id := range sortedKeys(near) {
		list := near[id]
		slices.SortStableFunc(list, func(x, y session) int {
			return cmp.Or(cmp.Compare(y.count, x.count), cmp.Compare(x.link.ID, y.link.ID))
		})
		var links []session // the fullest of each
		for _, s := range list {
			if !slices.ContainsFunc(links, func(x session) bool { return x.link.ID == s.link.ID }) {
				links = append(links, s)
			}
		}
		first := links[0]
		over := string(first.link.ID)
		if len(links) > 1 {
			over += " and as many or fewer over " + counted(len(links)-1, "more link")
		}
		f := u.add(diag.Warning, first.link.Origin, string(id), "%s learns %d prefixes over %s: it takes %s, then: %s", id, first.count, over, first.limit, consequence(first.limit))
		f.Hint, f.Source = "summarise what the other end announces", first.limit.Fact.Source
		if len(links) > 1 {
			f.Hint = "summarise what the other ends announce"
		}
		at := []diag.Pos{first.link.Origin.Pos}
		for _, s := range links[1:] {
			if p := s.link.Origin.Pos; !slices.Contains(at, p) && len(at) <= relatedMost {
				at = append(at, p)
				f.Related = append(f.Related, diag.Related{Pos: p, Message: fmt.Sprintf("%d over %s", s.count, s.link.ID)})
			}
		}
	}
}

func consequence(l atlas.Limit) string {
	if l.OnExcess == atlas.ExcessUnknown {
		return "not documented"
	}
	return l.OnExcess.String()
}

// receives returns the limit of prefixes that a gateway takes from a peer.
func (u *auditor) receives(g fabric.Gateway, link fabric.LinkID) (atlas.LimitID, bool) {
	l, _ := u.n.Link(link)
	circuit := l.Kind == fabric.CircuitLink
	switch g.Kind {
	case fabric.VirtualPrivateGateway:
		return atlas.LimitAWSVPNPrefixesPeerToVGW, !circuit
	case fabric.TransitGateway:
		return atlas.LimitAWSVPNPrefixesPeerToTGW, !circuit
	case fabric.HAVPN:
		return atlas.LimitGCPRouterLearnedOwnRegion, true
	case fabric.VPNGateway:
		return atlas.LimitAzureVPNPrefixesFromPeer, true
	case fabric.ExpressRouteGateway:
		return atlas.LimitAzureERPrefixesIn, true
	case fabric.DirectConnectGateway, fabric.VirtualHub, fabric.Device:
	}
	return "", false
}

// oneTunnelOut: what a virtual private gateway is asked to send fits into one
// tunnel.
func (u *auditor) oneTunnelOut() {
	for _, g := range u.n.Gateways {
		if g.Kind != fabric.VirtualPrivateGateway {
			continue
		}
		asked, peak, one := vocab.Rate(0), vocab.Rate(0), vocab.Rate(0)
		links := map[fabric.LinkID]bool{}
		for i := range u.n.Tunnels {
			t := &u.n.Tunnels[i]
			if t.Ends[0].Gateway == g.ID || t.Ends[1].Gateway == g.ID {
				one = max(one, t.Rate)
				links[t.Link] = true
			}
		}
		for _, id := range sortedKeys(links) {
			l, _ := u.n.Link(id)
			asked += l.Asked
		}
		for i := range u.n.Flows {
			f := &u.n.Flows[i]
			if !u.sends(f, g.VPC) {
				continue
			}
			for _, id := range u.linksOf(f) {
				if links[id] {
					peak += f.Peak
					break
				}
			}
		}
		if need := max(asked, peak); one > 0 && need > one {
			f := u.add(diag.Warning, g.Meta.Origin, string(g.ID), "%s is to send %v: it uses one tunnel of %v at a time", g.ID, need, one)
			f.Hint = "use a transit gateway: gateway: {kind: transit-gateway}"
		}
	}
}

// sends reports whether a flow begins in a VPC.
func (u *auditor) sends(f *fabric.Flow, vpc fabric.VPCID) bool {
	for _, id := range f.From.Subnets {
		if s, ok := u.n.Subnet(id); ok && s.VPC == vpc {
			return true
		}
	}
	return false
}

// googleInBetween: no two sites outside of Google depend on a VPC there to
// reach each other, unless its tunnels are on a hub that carries traffic from
// one to the other.
func (u *auditor) googleInBetween() {
	type pair [2]fabric.SiteID
	told := map[pair]bool{}
	for _, w := range u.ways() {
		if w.to == "" || w.from == w.to || w.arrives || w.internet {
			continue
		}
		k := pair{min(w.from, w.to), max(w.from, w.to)}
		g, ok := u.googleBetween(w.from, w.to)
		if !ok || told[k] {
			continue
		}
		told[k] = true
		r := &u.n.Policy[w.rules[0]]
		f := u.add(diag.Error, r.Origin, string(fabric.LinkBetween(w.from, w.to)), "%s and %s are joined by %s only, whose Cloud Router does not tell one of the other", w.from, w.to, g)
		f.Hint = fmt.Sprintf("join them: connect: [{link: [%s, %s]}], or take a site in AWS or Azure as their hub", w.from, w.to)
		if !u.compiled() {
			f.Hint += ", or put the tunnels on a Network Connectivity Center hub with site-to-site transfer"
		}
		u.memo.told = append(u.memo.told, u.gateway(g).Site)
	}
}

// googleBetween returns the Cloud VPN gateway that has tunnels to both sites,
// when none of them is Google's.
func (u *auditor) googleBetween(a, b fabric.SiteID) (fabric.GatewayID, bool) {
	if u.site(a).Cloud == vocab.GCP || u.site(b).Cloud == vocab.GCP {
		return "", false
	}
	for _, g := range u.n.Gateways {
		if g.Kind != fabric.HAVPN {
			continue
		}
		if _, ok := u.n.Link(fabric.LinkBetween(a, g.Site)); !ok {
			continue
		}
		if _, ok := u.n.Link(fabric.LinkBetween(b, g.Site)); ok {
			return g.ID, true
		}
	}
	return "", false
}
