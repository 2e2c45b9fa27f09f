package routing

import (
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// Attach joins VPCs to gateways, and sites of one cloud to each other by
// that cloud's own means.
func Attach(d *draft.Draft) {
	for i := range d.Sites {
		s := &d.Sites[i]
		switch s.Cloud {
		case vocab.AWS:
			attachAWS(d, s)
		case vocab.GCP:
			attachGCP(d, s)
		case vocab.Azure:
			attachAzure(d, s)
		case vocab.OnPrem, vocab.Exchange:
		}
	}
	for k := range d.Pairs {
		if p := &d.Pairs[k]; p.Kind != fabric.VPN {
			nativeLink(d, p)
		}
	}
	latency(d)
}

func attachment(s *draft.Site, v *draft.VPC, kind fabric.AttachmentKind, to string) fabric.Attachment {
	meta := s.Meta(v.Pos, fmt.Sprintf("sites.%s.networks.%s", s.ID, v.Name))
	meta.Account = v.Account
	return fabric.Attachment{
		ID: fabric.AttachmentID(to + "--" + string(s.ID) + "/" + v.Name), Kind: kind, VPC: v.ID, Meta: meta,
		Gateway: s.GatewayID(), CrossAccount: v.Account != s.Account,
	}
}

func attachAWS(d *draft.Draft, s *draft.Site) {
	switch s.Gateway {
	case fabric.VirtualPrivateGateway:
		d.Net.Attachments = append(d.Net.Attachments, attachment(s, s.Hub, fabric.VGWAttachment, string(s.GatewayID())))
	case fabric.TransitGateway:
		for _, v := range s.VPCs {
			a := attachment(s, v, fabric.TransitVPCAttachment, string(s.GatewayID()))
			if !v.Existing() {
				a.Subnets = []fabric.SubnetID{fabric.SubnetID(fmt.Sprintf("%s/%s/_transit", s.ID, v.Name))}
			} else if len(v.Spec.AttachSubnets) == 0 {
				e := d.Diags.Errorf(v.Pos, "existing VPC %q needs a subnet in each zone for the transit gateway attachment", v.Name)
				e.Code, e.Hint = "attach-subnets", "attach_subnets: [subnet-..., subnet-...]"
			}
			d.Net.Attachments = append(d.Net.Attachments, a)
		}
	case fabric.HAVPN, fabric.VPNGateway, fabric.VirtualHub, fabric.Device:
	}
	for i := range d.Net.Connections {
		c := &d.Net.Connections[i]
		if c.Gateway == s.GatewayID() && s.Gateway == fabric.TransitGateway {
			d.Net.Attachments = append(d.Net.Attachments, fabric.Attachment{
				ID: vpnAttachment(c.ID), Kind: fabric.TransitVPNAttachment, Gateway: c.Gateway, Connection: c.ID, Link: c.Link, Meta: c.Meta,
			})
		}
	}
}

func vpnAttachment(c fabric.ConnectionID) fabric.AttachmentID {
	return fabric.AttachmentID("vpn--" + string(c))
}

// attachGCP joins the VPCs of a site: by one NCC hub for the whole network,
// or by peering each with each and all with the hub VPC.
func attachGCP(d *draft.Draft, s *draft.Site) {
	if s.UseNCC {
		for _, v := range s.VPCs {
			a := attachment(s, v, fabric.NCCSpoke, "ncc")
			if slices.ContainsFunc(d.Net.Attachments, func(x fabric.Attachment) bool { return x.Kind == fabric.NCCSpoke && x.VPC == v.ID }) {
				continue // a VPC of several sites is one spoke
			}
			d.Net.Attachments = append(d.Net.Attachments, a)
		}
		hybridSpokes(d, s)
		return
	}
	for i, v := range s.VPCs {
		for _, w := range s.VPCs[i+1:] {
			a := attachment(s, v, fabric.VPCPeering, string(w.ID))
			a.PeerVPC, a.CrossAccount = w.ID, v.Account != w.Account
			a.ExchangeRoutes = w == s.Hub
			d.Net.Attachments = append(d.Net.Attachments, a)
		}
	}
}

// hybridSpokes puts the hub VPC's tunnels on the NCC hub, as many a spoke as
// one takes.
func hybridSpokes(d *draft.Draft, s *draft.Site) {
	var tunnels []fabric.TunnelID
	for i := range d.Net.Tunnels {
		for _, e := range d.Net.Tunnels[i].Ends {
			if e.Gateway == s.GatewayID() && s.Gateway == fabric.HAVPN {
				tunnels = append(tunnels, d.Net.Tunnels[i].ID)
			}
		}
	}
	per := d.Atlas.Limit(atlas.LimitGCPNCCTunnelsPerSpoke).Value
	for k := 0; k*per < len(tunnels); k++ {
		a := attachment(s, s.Hub, fabric.NCCHybridSpoke, fmt.Sprintf("ncc-vpn-%d", k))
		a.Tunnels = tunnels[k*per : min(len(tunnels), (k+1)*per)]
		a.NoSiteToSite = !carriesSites(d, s)
		d.Net.Attachments = append(d.Net.Attachments, a)
	}
}

// carriesSites reports whether sites reach each other through a site's gateway
// by VPN on both sides. Only then do routes go from one site's tunnels to
// another's: Google offers it in some locations only, and what is announced
// beside the direct links, more specific than their routes, would draw their
// traffic away.
func carriesSites(d *draft.Draft, s *draft.Site) bool {
	spokes := 0
	for i := range d.Net.Links {
		l := &d.Net.Links[i]
		if l.Kind == fabric.VPN && l.Transit == s.ID && slices.Contains(l.Gateways[:], s.GatewayID()) {
			spokes++
		}
	}
	return spokes > 1
}

func attachAzure(d *draft.Draft, s *draft.Site) {
	if s.Gateway == fabric.VirtualHub {
		for _, v := range s.VPCs {
			d.Net.Attachments = append(d.Net.Attachments, attachment(s, v, fabric.VirtualHubConnection, string(s.GatewayID())))
		}
		return
	}
	for _, v := range s.VPCs {
		if v == s.Hub || s.Hub == nil {
			continue
		}
		a := attachment(s, v, fabric.VNetPeering, string(s.Hub.ID))
		a.PeerVPC, a.GatewayTransit = s.Hub.ID, s.Gateway == fabric.VPNGateway
		d.Net.Attachments = append(d.Net.Attachments, a)
	}
}

// nativeLink makes the link between two sites of one cloud.
func nativeLink(d *draft.Draft, p *draft.Pair) {
	a, b := &d.Sites[p.A], &d.Sites[p.B]
	l := fabric.Link{
		ID: p.Link, Kind: p.Kind, Origin: draft.Origin(p.Pos(), "connect"), Sites: [2]fabric.SiteID{a.ID, b.ID},
		Gateways: [2]fabric.GatewayID{a.GatewayID(), b.GatewayID()}, Asked: p.Asked, Peak: p.Peak,
	}
	if p.Hub >= 0 {
		l.Transit = d.Sites[p.Hub].ID
	}
	var fact atlas.Fact
	switch p.Kind {
	case fabric.TransitPeerLink:
		l.MTU, fact = d.Atlas.MTU(atlas.MTUAWSTGW)
		meta := b.Meta(p.Pos(), "connect")
		d.Net.Attachments = append(d.Net.Attachments, fabric.Attachment{
			ID: peerAttachment(p.Link), Kind: fabric.TransitPeering, Gateway: a.GatewayID(), Peer: b.GatewayID(), Link: p.Link, Meta: meta,
			CrossAccount: a.Account != b.Account,
		})
	case fabric.VNetPeerLink:
		l.MTU, fact = d.Atlas.MTU(atlas.MTUAzureVNet)
		d.Net.Attachments = append(d.Net.Attachments, peering(p, a, b, fabric.VNetPeering))
	case fabric.VPCPeerLink:
		l.MTU, fact = d.Atlas.MTU(atlas.MTUGCPVPC)
		d.Net.Attachments = append(d.Net.Attachments, peering(p, a, b, fabric.VPCPeering))
	case fabric.VirtualWANLink:
		l.MTU, fact = d.Atlas.MTU(atlas.MTUAzureVNet)
	case fabric.SameVPCLink, fabric.NCCLink:
		l.MTU, fact = d.Atlas.MTU(atlas.MTUGCPVPC)
	case fabric.VPN, fabric.CircuitLink, fabric.OverlayLink, fabric.CrossConnectLink:
	}
	d.Because(string(l.ID), "mtu", fmt.Sprint(l.MTU), draft.Step(p.Pos(), []string{fact.ID}, "the least on the way of a %s", l.Kind))
	d.Net.Links = append(d.Net.Links, l)
}

func peerAttachment(l fabric.LinkID) fabric.AttachmentID {
	return fabric.AttachmentID("peering--" + string(l))
}

func peering(p *draft.Pair, a, b *draft.Site, kind fabric.AttachmentKind) fabric.Attachment {
	v, w := a.VPCs[0], b.VPCs[0]
	meta := a.Meta(p.Pos(), "connect")
	meta.Account = v.Account
	return fabric.Attachment{
		ID: peerAttachment(p.Link), Kind: kind, VPC: v.ID, PeerVPC: w.ID, Link: p.Link, Meta: meta, CrossAccount: v.Account != w.Account,
	}
}

// latency gives each link the round trip to expect.
func latency(d *draft.Draft) {
	for k := range d.Pairs {
		p := &d.Pairs[k]
		for i := range d.Net.Links {
			l := &d.Net.Links[i]
			if l.ID != p.Link {
				continue
			}
			r, ok := d.Atlas.RTT(Place(d, p.A), Place(d, p.B))
			if !ok {
				continue
			}
			l.RTT, l.RTTSource = r.MS, "estimated from distance"
			if r.Measured {
				l.RTTSource = "measured " + r.Fact.AsOf
			}
			why := draft.Step(p.Pos(), []string{r.Fact.ID}, "%s, over %.0f km", l.RTTSource, r.KM)
			if r.Measured { // the table of measurements has a source, not a fact a pair
				why.Facts, why.Text = nil, why.Text+": "+r.Fact.Source
			}
			d.Because(string(l.ID), "rtt", fmt.Sprintf("%.1f ms", l.RTT), why)
		}
	}
}
