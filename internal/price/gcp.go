package price

import (
	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// gcpTunnel adds a tunnel at each of its ends that is an HA VPN gateway. The
// gateway, its addresses in use and its Cloud Router are free.
func (p *pricer) gcpTunnel(t *fabric.Tunnel) {
	for _, e := range t.Ends {
		g, _ := p.n.Gateway(e.Gateway)
		if g.Kind != fabric.HAVPN {
			continue
		}
		s, _ := p.n.Site(g.Site)
		l := Line{Item: "HA VPN tunnel", Object: string(t.ID), Site: s.ID, Account: g.Meta.Account, Link: t.Link, Origin: t.Meta.Origin}
		p.monthly(l, atlas.PriceGCPVPNTunnel, at(s), 1)
	}
}

// gcpSpoke adds a VPC's spoke of a Network Connectivity Center hub.
func (p *pricer) gcpSpoke(t *fabric.Attachment) {
	s := p.siteOf(t)
	l := Line{Item: "NCC spoke (VPC)", Object: string(t.ID), Site: s.ID, Account: t.Meta.Account, Link: t.Link, Origin: t.Meta.Origin}
	p.monthly(l, atlas.PriceGCPNCCSpokeVPC, at(s), 1)
}

// gcpHybridSpoke adds the nth spoke of VPN tunnels; the first ones are free.
func (p *pricer) gcpHybridSpoke(t *fabric.Attachment, nth int) {
	if nth <= p.a.Limit(atlas.LimitGCPNCCFreeVPNSpokes).Value {
		return
	}
	s := p.siteOf(t)
	l := Line{Item: "NCC spoke (VPN)", Object: string(t.ID), Site: s.ID, Account: t.Meta.Account, Link: t.Link, Origin: t.Meta.Origin}
	p.monthly(l, atlas.PriceGCPNCCSpokeHybrid, at(s), 1)
}

// siteOf returns the site of an attachment: its gateway's, else its VPC's.
func (p *pricer) siteOf(t *fabric.Attachment) fabric.Site {
	if v, ok := p.n.VPC(t.VPC); ok && len(v.Sites) > 0 {
		s, _ := p.n.Site(v.Sites[0])
		return s
	}
	g, _ := p.n.Gateway(t.Gateway)
	s, _ := p.n.Site(g.Site)
	return s
}

// gcpDepart adds what traffic pays that starts in a VPC of an NCC hub.
func (p *pricer) gcpDepart(l Line, s fabric.Site, vpc fabric.VPCID, v vocab.Volume) {
	if !p.has(vpc, fabric.NCCSpoke) {
		return
	}
	l.Item, l.Note = "NCC data", "starts in a VPC spoke"
	p.data(l, atlas.PriceGCPNCCData, at(s), v, 1)
}

// gcpInside adds what traffic between two VPCs of one region pays.
func (p *pricer) gcpInside(l Line, s fabric.Site, w *share, v vocab.Volume) {
	if w.from != w.vpc && p.crosses(w, fabric.VPCPeering) == 0 {
		p.gcpDepart(l, s, w.from, v)
	}
}

// has reports whether a VPC has an attachment of a kind.
func (p *pricer) has(v fabric.VPCID, k fabric.AttachmentKind) bool {
	for _, t := range p.attached[v] {
		if t.Kind == k {
			return true
		}
	}
	return false
}

// gcpPrivateZones adds the private zones in which a VPC finds Google's
// services; what is asked of them is not known.
func (p *pricer) gcpPrivateZones(v *fabric.VPC) {
	if len(v.PrivateZones) == 0 {
		return
	}
	s, _ := p.n.Site(v.Sites[0])
	l := Line{Item: "private DNS zone", Object: string(v.ID), Site: s.ID, Account: v.Meta.Account, Origin: v.Meta.Origin}
	p.monthly(l, atlas.PriceGCPDNSZone, at(s), float64(len(v.PrivateZones)))
}
