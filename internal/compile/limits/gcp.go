package limits

import (
	"fmt"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

func (c *counter) gcp() {
	n := &c.d.Net
	vpcs := c.limit(atlas.LimitGCPVPCPerProject, "")
	for i := range n.VPCs {
		if v := &n.VPCs[i]; v.Cloud == vocab.GCP && v.Existing == "" {
			c.add(vpcs, fmt.Sprintf("project of account %q", v.Meta.Account), 1, c.sitePos(v.Sites[0]))
		}
	}
	c.gcpRouters()
	c.gcpAttachments()
}

// gcpRouters counts Cloud Routers, their sessions and what they announce.
func (c *counter) gcpRouters() {
	n := &c.d.Net
	routers := c.limit(atlas.LimitGCPRouterPerVPCRegion, "let NAT use the gateway's router")
	peers := c.limit(atlas.LimitGCPRouterBGPPeers, "join fewer sites to this one: a hub between them, or fewer tunnels")
	ranges := c.limit(atlas.LimitGCPRouterCustomRanges, "let addresses summarise: fewer existing networks and pinned blocks behind this site")
	for i := range n.Gateways {
		g := &n.Gateways[i]
		if g.Kind != fabric.HAVPN {
			continue
		}
		c.add(routers, c.inRegion(g.VPC, g.Site), 1, g.Meta.Origin.Pos)
		c.atMost(ranges, "Cloud Router of "+quoted(g.ID), len(g.Announce), g.Meta.Origin.Pos)
	}
	for i := range n.NATs {
		if t := &n.NATs[i]; t.Cloud == vocab.GCP && t.Gateway == "" {
			c.add(routers, c.inRegion(t.VPC, t.Site), 1, t.Meta.Origin.Pos)
		}
	}
	kinds := c.kinds()
	for i := range n.Tunnels {
		t := &n.Tunnels[i]
		for _, e := range t.Ends {
			if kinds[e.Gateway] == fabric.HAVPN {
				c.add(peers, "Cloud Router of "+quoted(e.Gateway), 1, t.Meta.Origin.Pos)
			}
		}
	}
}

func (c *counter) inRegion(v fabric.VPCID, s fabric.SiteID) string {
	region := string(s)
	if site := c.sites[s]; site != nil {
		region = site.Region.Name
	}
	return fmt.Sprintf("network %q in %s", v, region)
}

func (c *counter) kinds() map[fabric.GatewayID]fabric.GatewayKind {
	out := make(map[fabric.GatewayID]fabric.GatewayKind, len(c.d.Net.Gateways))
	for i := range c.d.Net.Gateways {
		out[c.d.Net.Gateways[i].ID] = c.d.Net.Gateways[i].Kind
	}
	return out
}

func (c *counter) gcpAttachments() {
	n := &c.d.Net
	peerings := c.limit(atlas.LimitGCPVPCPeerings, "")
	spokes := c.limit(atlas.LimitGCPNCCVPCSpokes, "join fewer VPCs: NCC has one hub for the network")
	tunnels := c.limit(atlas.LimitGCPNCCTunnelsPerSpoke, "join fewer sites to this one")
	for i := range n.Attachments {
		a := &n.Attachments[i]
		pos := a.Meta.Origin.Pos
		switch a.Kind {
		case fabric.VPCPeering:
			for _, v := range []fabric.VPCID{a.VPC, a.PeerVPC} {
				c.add(peerings, "network "+quoted(v), 1, pos)
			}
		case fabric.NCCSpoke:
			c.add(spokes, "the NCC hub", 1, pos)
		case fabric.NCCHybridSpoke:
			c.atMost(tunnels, "NCC spoke "+quoted(a.ID), len(a.Tunnels), pos)
		case fabric.VGWAttachment, fabric.TransitVPCAttachment, fabric.TransitVPNAttachment, fabric.TransitPeering, fabric.VNetPeering, fabric.VirtualHubConnection:
		}
	}
}
