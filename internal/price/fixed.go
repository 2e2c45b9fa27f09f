package price

import (
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// fixed adds what is billed by the hour whether traffic flows or not.
func (p *pricer) fixed() {
	for i := range p.n.Gateways {
		g := &p.n.Gateways[i]
		s, _ := p.n.Site(g.Site)
		l := Line{Object: string(g.ID), Site: g.Site, Account: g.Meta.Account, Link: p.onlyLink(g.ID), Origin: g.Meta.Origin}
		switch g.Kind {
		case fabric.VPNGateway:
			p.azureVPNGateway(l, g, s)
		case fabric.VirtualHub:
			p.azureHub(l, g, s)
		case fabric.VirtualPrivateGateway, fabric.TransitGateway, fabric.HAVPN, fabric.Device:
			// Free by themselves: their connections, attachments and tunnels are billed.
		}
	}
	for i := range p.n.Connections {
		p.awsConnection(&p.n.Connections[i])
	}
	for i := range p.n.Tunnels {
		p.gcpTunnel(&p.n.Tunnels[i])
	}
	hybrid := 0
	for i := range p.n.Attachments {
		t := &p.n.Attachments[i]
		switch t.Kind {
		case fabric.TransitVPCAttachment, fabric.TransitPeering:
			p.awsAttachment(t)
		case fabric.VirtualHubConnection:
			p.azureHubConnection(t)
		case fabric.NCCSpoke:
			p.gcpSpoke(t)
		case fabric.NCCHybridSpoke:
			hybrid++
			p.gcpHybridSpoke(t, hybrid)
		case fabric.VGWAttachment, fabric.TransitVPNAttachment, fabric.VNetPeering, fabric.VPCPeering:
			// Free, but for the VPN attachment, which is billed with its connection.
		}
	}
	for i := range p.n.NATs {
		p.nat(&p.n.NATs[i])
	}
	for i := range p.n.VPCs {
		p.gcpPrivateZones(&p.n.VPCs[i])
	}
	for i := range p.n.Endpoints {
		e := &p.n.Endpoints[i]
		switch e.Kind {
		case fabric.InterfaceEndpoint:
			p.awsInterfaceEndpoint(e)
		case fabric.GatewayEndpoint, fabric.PrivateGoogleAccess, fabric.ServiceEndpoint:
			// Free.
		}
	}
}

// nat adds a NAT gateway with its public address.
func (p *pricer) nat(t *fabric.NAT) {
	s, _ := p.n.Site(t.Site)
	l := Line{Object: string(t.ID), Site: t.Site, Account: t.Meta.Account, Origin: t.Meta.Origin}
	gateway, ipv4 := natItems(t.Cloud)
	if gateway == "" {
		return
	}
	l.Item = "NAT gateway"
	if t.Cloud == vocab.GCP {
		l.Note = "the most it can be: few machines cost less"
	}
	p.monthly(l, gateway, at(s), 1)
	l.Item, l.Note = "public IPv4 address", "of the NAT gateway"
	p.monthly(l, ipv4, at(s), 1)
}

// assumptions adds the notes that hold for what is in the bill.
func (p *pricer) assumptions() {
	if len(p.pools) > 0 {
		p.note("Internet egress is priced by the month's volume of the whole network at each price (tiers are per organisation, not per link), the free allowance of a cloud shared over all its egress; each flow bears its share by volume. Traffic that the spec does not name would move the tiers.")
	}
	if slices.ContainsFunc(p.bill.Lines, func(l Line) bool {
		return l.IsTraffic() && l.Cloud == vocab.AWS && l.Unit == string(atlas.PerGB)
	}) {
		p.note("AWS's GB are counted as 1e9 bytes; its meters count 2^30, which makes its traffic up to 7 percent cheaper than shown.")
	}
	if len(p.n.Endpoints) > 0 {
		p.note("Data through interface endpoints is not in the bill: traffic names no services.")
	}
	if len(p.n.FlowLogs) > 0 {
		p.note("Delivery and storage of flow logs are not in the bill: they depend on the number of connections.")
	}
	p.note(fmt.Sprintf("List prices in USD without taxes, discounts, commitments and support; a month is %d hours.", atlas.HoursPerMonth))
}
