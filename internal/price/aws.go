package price

import (
	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// awsConnection adds a VPN connection, its transit gateway attachment, its
// outside addresses and accelerators.
func (p *pricer) awsConnection(c *fabric.Connection) {
	g, _ := p.n.Gateway(c.Gateway)
	s, _ := p.n.Site(g.Site)
	l := Line{Object: string(c.ID), Site: s.ID, Account: c.Meta.Account, Link: c.Link, Origin: c.Meta.Origin}
	l.Item = "VPN connection"
	item := atlas.PriceAWSVPNConnection
	if c.Large {
		l.Item, item = "VPN connection, large bandwidth", atlas.PriceAWSVPNLargeConnection
	}
	p.monthly(l, item, at(s), 1)
	if g.Kind == fabric.TransitGateway {
		l.Item = "transit gateway attachment (VPN)"
		p.monthly(l, atlas.PriceAWSTGWAttachment, at(s), 1)
	}
	if g.Accelerate {
		l.Item = "VPN accelerator"
		p.monthly(l, atlas.PriceAWSVPNAccelerator, at(s), float64(len(c.Tunnels)))
		p.note("The accelerated VPN's premium for each GB is not in the bill.")
	}
	l.Item, l.Note, l.Mark = "public IPv4 address", "outside address of each tunnel; AWS does not say how many it bills", atlas.Secondary
	p.monthly(l, atlas.PriceAWSIPv4, at(s), float64(len(c.Tunnels)))
}

// awsAttachment adds the attachment of a VPC, or both sides of a peering.
func (p *pricer) awsAttachment(t *fabric.Attachment) {
	sides := []fabric.GatewayID{t.Gateway}
	l := Line{Item: "transit gateway attachment (VPC)", Object: string(t.ID), Link: t.Link, Origin: t.Meta.Origin}
	if t.Kind == fabric.TransitPeering {
		l.Item = "transit gateway attachment (peering)"
		sides = append(sides, t.Peer)
	}
	for _, id := range sides {
		g, _ := p.n.Gateway(id)
		s, _ := p.n.Site(g.Site)
		l.Site, l.Account = s.ID, t.Meta.Account
		if t.Kind == fabric.TransitPeering {
			l.Account = g.Meta.Account
		}
		p.monthly(l, atlas.PriceAWSTGWAttachment, at(s), 1)
	}
}

// awsInterfaceEndpoint adds an interface endpoint, billed in each zone.
func (p *pricer) awsInterfaceEndpoint(e *fabric.Endpoint) {
	s, _ := p.n.Site(e.Site)
	l := Line{Item: "interface endpoint", Object: string(e.ID), Site: e.Site, Account: e.Meta.Account, Note: "in each zone", Origin: e.Meta.Origin}
	p.monthly(l, atlas.PriceAWSEndpointInterface, at(s), float64(p.endpointZones(e, s)))
}

// endpointZones counts the zones in which an endpoint has an address: those
// of the VPC's subnet for endpoints, else of the subnets that asked for it.
func (p *pricer) endpointZones(e *fabric.Endpoint, s fabric.Site) int {
	zones := map[string]bool{}
	for i := range p.n.Subnets {
		if n := &p.n.Subnets[i]; n.VPC == e.VPC && n.Purpose == fabric.EndpointSubnet {
			for _, part := range n.Parts {
				zones[part.Zone] = true
			}
		}
	}
	if len(zones) == 0 {
		for _, z := range p.zones(e.Subnets, s) {
			zones[z] = true
		}
	}
	return max(1, len(zones))
}

// awsDepart adds what traffic from a VPC pays to get into the link's gateway.
func (p *pricer) awsDepart(l Line, s fabric.Site, g fabric.Gateway, v vocab.Volume) {
	if g.Kind != fabric.TransitGateway {
		return
	}
	l.Item, l.Note = "transit gateway data", "into the transit gateway from a VPC"
	p.data(l, atlas.PriceAWSTGWData, at(s), v, 1)
}

// awsArrive adds what traffic pays that comes in by a link, to stay or to go
// on: a transit gateway bills what VPN attachments send into it, not peerings.
func (p *pricer) awsArrive(l Line, s fabric.Site, g fabric.Gateway, k fabric.LinkKind, v vocab.Volume) {
	if g.Kind != fabric.TransitGateway || k == fabric.TransitPeerLink {
		return
	}
	l.Item, l.Note = "transit gateway data", "into the transit gateway from a VPN"
	if k == fabric.CircuitLink || k == fabric.CrossConnectLink {
		l.Note = "into the transit gateway from a circuit"
	}
	p.data(l, atlas.PriceAWSTGWData, at(s), v, 1)
}

// awsInside adds what traffic between two VPCs of one site pays.
func (p *pricer) awsInside(l Line, s fabric.Site, w *share, v vocab.Volume) {
	if p.crosses(w, fabric.TransitVPCAttachment) == 0 {
		return
	}
	l.Item, l.Note = "transit gateway data", "between VPCs of a region"
	p.data(l, atlas.PriceAWSTGWData, at(s), v, 1)
}
