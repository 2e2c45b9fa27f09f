package price

import (
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// azureVPNGateway adds a gateway with its public addresses and the tunnels
// beyond those its price includes.
func (p *pricer) azureVPNGateway(l Line, g *fabric.Gateway, s fabric.Site) {
	l.Item = "VPN gateway " + g.SKU
	p.monthly(l, atlas.PriceAzureVPNGateway(g.SKU), at(s), 1)
	l.Item, l.Note = "public IPv4 address", "of each gateway instance"
	p.monthly(l, atlas.PriceAzureIPv4, at(s), float64(max(1, len(g.Interfaces))))
	included := p.a.Limit(atlas.LimitAzureVPNIncludedConnections)
	if over := p.tunnelsAt(g.ID) - included.Value; over > 0 {
		l.Item, l.Note, l.Mark = "VPN connection beyond those included", "", included.Fact.Mark
		p.monthly(l, atlas.PriceAzureVPNConnection, at(s), float64(over))
	}
}

// tunnelsAt counts the tunnels that end at a gateway.
func (p *pricer) tunnelsAt(g fabric.GatewayID) int {
	sum := 0
	for _, id := range p.linksOf[g] {
		l, _ := p.n.Link(id)
		sum += len(l.Tunnels)
	}
	return sum
}

// azureHub adds a Virtual WAN hub, the scale units of its VPN gateway and its
// branch connections, one a link.
func (p *pricer) azureHub(l Line, g *fabric.Gateway, s fabric.Site) {
	only := l.Link
	l.Item, l.Link = "Virtual WAN hub", "" // serves the site's VNets as well
	p.monthly(l, atlas.PriceAzureVWANHub, at(s), 1)
	if g.ScaleUnits == 0 {
		return
	}
	l.Item, l.Note, l.Link = "Virtual WAN VPN scale unit", "", only
	p.monthly(l, atlas.PriceAzureVWANS2SUnit, at(s), float64(g.ScaleUnits))
	for _, id := range p.linksOf[g.ID] {
		k, _ := p.n.Link(id)
		l.Item, l.Note, l.Link, l.Origin = "Virtual WAN connection (branch)", "", id, k.Origin
		p.monthly(l, atlas.PriceAzureVWANConnection, at(s), 1)
	}
}

// azureHubConnection adds the connection of a VNet to a Virtual WAN hub.
func (p *pricer) azureHubConnection(t *fabric.Attachment) {
	g, _ := p.n.Gateway(t.Gateway)
	s, _ := p.n.Site(g.Site)
	l := Line{Item: "Virtual WAN connection (VNet)", Object: string(t.ID), Site: s.ID, Account: g.Meta.Account, Link: t.Link, Origin: t.Meta.Origin}
	p.monthly(l, atlas.PriceAzureVWANConnection, at(s), 1)
}

// azureDepart adds what traffic from a VNet pays to get to the link.
func (p *pricer) azureDepart(l Line, s fabric.Site, k fabric.Link, g fabric.Gateway, vpc fabric.VPCID, v vocab.Volume) {
	switch {
	case g.Kind == fabric.VirtualHub:
		p.azureHubPeering(l, s, v)
		p.azureHubData(l, s, v)
	case p.isSpoke(k, g, vpc):
		p.azurePeering(l, s, s, "from the spoke to the hub", v)
	}
}

// azureArrive adds what traffic pays that comes in by a link and ends in a
// VNet; vpc is empty for traffic that goes on.
func (p *pricer) azureArrive(l Line, s fabric.Site, k fabric.Link, g fabric.Gateway, vpc fabric.VPCID, v vocab.Volume) {
	switch {
	case g.Kind == fabric.VirtualHub:
		p.azureHubData(l, s, v)
		if vpc != "" {
			p.azureHubPeering(l, s, v)
		}
	case p.isSpoke(k, g, vpc):
		p.azurePeering(l, s, s, "from the hub to the spoke", v)
	}
}

// isSpoke reports whether a VNet reaches the link over a peering with the hub.
func (p *pricer) isSpoke(k fabric.Link, g fabric.Gateway, vpc fabric.VPCID) bool {
	if vpc == "" {
		return false
	}
	if k.Kind != fabric.VNetPeerLink {
		return g.VPC != "" && g.VPC != vpc
	}
	return !slices.ContainsFunc(p.attached[vpc], func(t *fabric.Attachment) bool { return t.Link == k.ID })
}

// azureHubData adds a hub's data processing.
func (p *pricer) azureHubData(l Line, s fabric.Site, v vocab.Volume) {
	l.Item, l.Note = "Virtual WAN data", "processed by the hub"
	p.data(l, atlas.PriceAzureVWANData, at(s), v, 1)
	p.note("Virtual WAN data processing is billed for all traffic through a hub, from branches too: the most it can be.")
}

// azureHubPeering adds the VNet's side of its connection to a hub.
func (p *pricer) azureHubPeering(l Line, s fabric.Site, v vocab.Volume) {
	l.Item, l.Note, l.Mark = "VNet peering", "of the VNet with the Virtual WAN hub; that it is billed is recalled", atlas.Recalled
	p.data(l, atlas.PriceAzurePeeringRegion, at(s), v, 1)
}

// azurePeering adds both sides of a peering: each pays for its own zone.
func (p *pricer) azurePeering(l Line, from, to fabric.Site, what string, v vocab.Volume) {
	item := atlas.PriceAzurePeeringRegion
	if from.Region != to.Region {
		item = atlas.PriceAzurePeeringGlobal
	}
	l.Item, l.Note, l.Site, l.Account = "VNet peering", what+", out", from.ID, from.Meta.Account
	p.data(l, item, at(from), v, 1)
	l.Note, l.Site, l.Account = what+", in", to.ID, to.Meta.Account
	p.data(l, item, at(to), v, 1)
}

// azureInside adds what traffic between two VNets of one site pays: one
// peering when they are peers, two when both are spokes of a hub VNet.
func (p *pricer) azureInside(l Line, s fabric.Site, w *share, v vocab.Volume) {
	if p.crosses(w, fabric.VirtualHubConnection) > 0 {
		p.azureHubPeering(l, s, v)
		p.azureHubData(l, s, v)
		p.azureHubPeering(l, s, v)
		return
	}
	switch p.crosses(w, fabric.VNetPeering) {
	case 0:
	case 1:
		p.azurePeering(l, s, s, "between VNets of a region", v)
	default:
		p.azurePeering(l, s, s, "from the spoke to the hub", v)
		p.azurePeering(l, s, s, "from the hub to the spoke", v)
	}
}
