package audit

import (
	"strconv"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// noCircuits is what circuits of a spec wait for.
const noCircuits = "a spec cannot state private circuits yet (circuits is reserved)"

// circuitRules are the ten traps of private circuits. Those whose subject a
// network that was read can have are judged.
func circuitRules() []rule {
	const (
		sourceDXLimits = "https://docs.aws.amazon.com/directconnect/latest/UserGuide/limits.html"
		sourceDXG      = "https://docs.aws.amazon.com/directconnect/latest/UserGuide/direct-connect-gateways-intro.html"
		sourceER       = "https://learn.microsoft.com/azure/expressroute/expressroute-faqs"
		sourceGCI      = "https://docs.cloud.google.com/network-connectivity/docs/interconnect/tutorials/partner-creating-9999-availability"
		sourceGCIPrice = "https://cloud.google.com/network-connectivity/docs/interconnect/pricing"
	)
	return []rule{
		{diag.Rule{
			Code: "TL2301", Severity: diag.Warning, Source: sourceDXLimits,
			Title: "a Direct Connect virtual interface learns over 80 % of its allocation of prefixes",
			Why: "One prefix beyond the allocation takes the whole session down. The allocation is a property of the interface and can be raised; give a " +
				"raised one in a file of your own facts.",
		}, (*auditor).circuitPrefixes},
		{diag.Rule{
			Code: "TL2302", Severity: diag.Warning, Source: sourceDXG,
			Title: "a Direct Connect gateway announces a prefix that no VPC behind the transit gateway has",
			Why: "With a transit gateway the allowed prefixes are announced as they are written: packets for what nobody has come to AWS and are dropped. " +
				"Accept it for a summary of blocks that are still to be filled.",
		}, (*auditor).emptyAllowed},
		{diag.Rule{
			Code: "TL2303", Severity: diag.Error, Source: sourceDXLimits,
			Title:     "a hosted connection is to carry more than one virtual interface",
			Why:       "A hosted connection has exactly one virtual interface, of any type.",
			NotJudged: noCircuits,
		}, nil},
		{diag.Rule{
			Code: "TL2304", Severity: diag.Warning, Source: sourceER,
			Title: "a circuit is planned with larger packets than an Azure gateway at its end passes",
			Why:   "Everything that passes a VPN or ExpressRoute gateway of Azure is held to its MTU; jumbo frames at the other end of the circuit are lost there.",
		}, (*auditor).circuitMTU},
		{diag.Rule{
			Code: "TL2305", Severity: diag.Warning, Source: sourceGCI,
			Title:     "two attachments that back each other up are in one edge availability domain",
			Why:       "Maintenance takes an edge domain down as a whole, and attachments that share one carry no SLA.",
			NotJudged: noCircuits,
		}, nil},
		{diag.Rule{
			Code: "TL2306", Severity: diag.Warning, Source: sourceGCI,
			Title: "two Cloud Routers have the number that Partner Interconnect demands",
			Why: "Partner Interconnect works with one AS number only, so two such routers refuse each other's routes as loops. Reach one site from " +
				"the other inside Google, not through the circuits.",
		}, (*auditor).partnerASN},
		{diag.Rule{
			Code: "TL2307", Severity: diag.Error, Source: sourceER,
			Title:     "an ExpressRoute circuit is to become smaller",
			Why:       "A circuit's bandwidth can be raised and never lowered; a smaller one is a new circuit.",
			NotJudged: noCircuits,
		}, nil},
		{diag.Rule{
			Code: "TL2308", Severity: diag.Note, Source: sourceER,
			Title:     "an ExpressRoute circuit is not Local although its region is next to the peering location",
			Why:       "Local circuits have no metered egress: for large volumes they are the cheapest way out of Azure by far.",
			NotJudged: noCircuits,
		}, nil},
		{diag.Rule{
			Code: "TL2309", Severity: diag.Note, Source: sourceGCIPrice,
			Title:     "traffic enters a VLAN attachment from another region than the attachment's",
			Why:       "The egress discount of Interconnect is for traffic that starts in the attachment's region; other regions pay the way there on top.",
			NotJudged: noCircuits,
		}, nil},
		{diag.Rule{
			Code: "TL2310", Severity: diag.Warning, Source: "https://docs.aws.amazon.com/directconnect/latest/UserGuide/encryption-in-transit.html",
			Title: "traffic between sites crosses a circuit that is not encrypted",
			Why: "Direct Connect and ExpressRoute are private and not encrypted: carrier and colocation can read them. Use MACsec or IPsec over the circuit, or " +
				"accept it where everything on it is encrypted by the applications.",
		}, (*auditor).clearCircuits},
	}
}

// circuitPrefixes: no virtual interface learns near to its allocation.
func (u *auditor) circuitPrefixes() {
	limit := u.a.Limit(atlas.LimitAWSDXPrefixesIn)
	for _, s := range u.p.Tables.Sessions {
		t, ok := u.n.Tunnel(s.Tunnel)
		l, _ := u.n.Link(t.Link)
		if !ok || l.Kind != fabric.CircuitLink {
			continue
		}
		for i, e := range t.Ends {
			n := s.Prefixes[i]
			if u.site(u.gateway(e.Gateway).Site).Cloud != vocab.AWS && u.gateway(e.Gateway).Kind != fabric.DirectConnectGateway ||
				float64(n) <= nearLimit*float64(limit.Value) || n > limit.Value {
				continue
			}
			f := u.add(diag.Warning, l.Origin, string(t.ID), "%s learns %d prefixes over %s: its allocation is %d, then: %s", e.Gateway, n, t.ID, limit.Value, consequence(limit))
			f.Hint = "summarise what the site announces, or raise the allocation"
		}
	}
}

// emptyAllowed: each allowed prefix of a transit gateway's association is held
// at least in part by a VPC that is attached to it.
func (u *auditor) emptyAllowed() {
	for i := range u.n.Attachments {
		a := &u.n.Attachments[i]
		if a.Kind != fabric.DirectConnectAssociation || u.gateway(a.Peer).Kind != fabric.TransitGateway {
			continue
		}
		held := prefix.Set{}
		for j := range u.n.Attachments {
			if b := &u.n.Attachments[j]; b.Kind == fabric.TransitVPCAttachment && b.Gateway == a.Peer {
				v, _ := u.n.VPC(b.VPC)
				held = held.Union(prefix.FromPrefixes(v.Prefixes...))
			}
		}
		for _, p := range a.Allowed {
			if !held.Overlaps(p) {
				f := u.add(diag.Warning, a.Meta.Origin, string(a.ID), "%s announces %s, and no VPC of %s has any of it", a.Gateway, p, a.Peer)
				f.Hint = "take it out of the allowed prefixes"
			}
		}
	}
}

// circuitMTU: a circuit that ends at a gateway of Azure is planned with its MTU.
func (u *auditor) circuitMTU() {
	most, _ := u.a.MTU(atlas.MTUAzureGateway)
	for i := range u.n.Links {
		l := &u.n.Links[i]
		if l.Kind != fabric.CircuitLink || l.MTU <= most {
			continue
		}
		for _, id := range l.Gateways {
			if k := u.gateway(id).Kind; k == fabric.ExpressRouteGateway || k == fabric.VPNGateway {
				f := u.add(diag.Warning, l.Origin, string(l.ID), "%s is planned with packets of %d bytes, %s passes %d", l.ID, l.MTU, id, most)
				f.Hint = "plan with the smaller"
			}
		}
	}
}

// partnerASN: at most one Cloud Router has the number of Partner Interconnect.
func (u *auditor) partnerASN() {
	fact, _ := u.a.Fact("gcp.asn.partner")
	asn, err := strconv.ParseUint(fact.Value, 10, 32)
	if err != nil {
		return
	}
	var first fabric.GatewayID
	for _, g := range u.n.Gateways {
		if g.Kind != fabric.HAVPN || g.ASN != vocab.ASN(asn) {
			continue
		}
		if first == "" {
			first = g.ID
			continue
		}
		f := u.add(diag.Warning, g.Meta.Origin, string(g.ID), "%s and %s both have AS number %d: neither learns the other's routes over the circuits", first, g.ID, asn)
		f.Hint = "join their networks inside Google"
	}
}

// clearCircuits: what policy sends over a circuit is encrypted by the network.
func (u *auditor) clearCircuits() {
	used := map[fabric.LinkID]bool{}
	for _, w := range u.ways() {
		for _, id := range w.links {
			used[id] = true
		}
	}
	for _, id := range sortedKeys(used) {
		l, _ := u.n.Link(id)
		if l.Kind == fabric.CircuitLink && l.Suite.ESPEncryption == 0 {
			f := u.add(diag.Warning, l.Origin, string(id), "policy sends over %s, which nothing encrypts", id)
			f.Hint = "run IPsec over it, or MACsec on its ports"
		}
	}
}
