package change

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

func routing(x *fabric.VPC) string {
	if x.RegionalRouting {
		return "regional"
	}
	return "global"
}

func (v *inventory) gcpSubnet(s *fabric.Subnet, vpc *fabric.VPC) {
	v.add(vocab.GCP, "subnetwork", string(s.ID), s.Site, s.Meta,
		v.in("vpc", vocab.GCP, vpcKind(vocab.GCP), string(s.VPC)),
		v.region(s.Site),
		text("cidr", s.Prefix.String()),
		yes("private_access", slices.ContainsFunc(v.n.Endpoints, func(e fabric.Endpoint) bool {
			return e.Kind == fabric.PrivateGoogleAccess && slices.Contains(e.Subnets, s.ID)
		})),
		list("shared_with", ids(v, vpc.SharedWith)),
	)
}

// gcpGateway adds an HA VPN gateway with its Cloud Router.
func (v *inventory) gcpGateway(g *fabric.Gateway, kind string) {
	announce := texts(g.Announce)
	if g.AnnounceSubnets {
		announce = append(announce, "its subnets")
	}
	o := v.add(vocab.GCP, kind, string(g.ID), g.Site, g.Meta,
		v.in("vpc", vocab.GCP, vpcKind(vocab.GCP), string(g.VPC)),
		v.region(g.Site), v.account(g.Meta.Account),
		text("asn", g.ASN.String()), list("announce", announce))
	o.tunnels = v.tunnels[g.ID]
}

func (v *inventory) gcpAttachment(a *fabric.Attachment, site fabric.SiteID) {
	vpc := v.in("vpc", vocab.GCP, vpcKind(vocab.GCP), string(a.VPC))
	switch a.Kind {
	case fabric.VPCPeering:
		v.add(vocab.GCP, "VPC peering", string(a.ID), site, a.Meta, vpc,
			v.in("peer", vocab.GCP, vpcKind(vocab.GCP), string(a.PeerVPC)), yes("exchange_routes", a.ExchangeRoutes))
	case fabric.NCCSpoke, fabric.NCCHybridSpoke:
		o := v.add(vocab.GCP, "NCC spoke", string(a.ID), site, a.Meta, vpc, list("tunnels", ids(v, a.Tunnels)), yes("site_to_site", a.Kind == fabric.NCCHybridSpoke && !a.NoSiteToSite))
		o.tunnels = a.Tunnels
	case fabric.VGWAttachment, fabric.TransitVPCAttachment, fabric.TransitVPNAttachment, fabric.TransitPeering, fabric.VNetPeering,
		fabric.VirtualHubConnection, fabric.AWSPeering, fabric.DirectConnectAssociation:
	}
}
