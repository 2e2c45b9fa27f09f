package limits

import (
	"fmt"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

func (c *counter) azure() {
	c.azureNetworks()
	c.azureRules()
	c.azurePeerings()
	c.azureTunnels()
}

func (c *counter) azureNetworks() {
	n := &c.d.Net
	vnets := c.limit(atlas.LimitAzureVNetPerRegion, "spread the networks over more subscriptions or regions")
	subnets := c.limit(atlas.LimitAzureVNetSubnets, "spread the subnets over more VNets")
	for i := range n.VPCs {
		if v := &n.VPCs[i]; v.Cloud == vocab.Azure && v.Existing == "" {
			c.add(vnets, c.place(v.Meta.Account, v.Sites[0]), 1, c.sitePos(v.Sites[0]))
		}
	}
	room := map[fabric.VPCID]int{}
	rules := c.d.Atlas.Addresses(vocab.Azure)
	for i := range n.Subnets {
		s := &n.Subnets[i]
		v, ok := c.isOf(s.VPC, vocab.Azure)
		if !ok {
			continue
		}
		c.add(subnets, vpcScope(v), 1, s.Meta.Origin.Pos)
		if s.Prefix.Addr().Is4() {
			room[v.ID] += rules.Usable(s.Prefix)
		}
	}
	most := c.d.Atlas.Limit(atlas.LimitAzureVNetPrivateAddresses)
	for i := range n.VPCs {
		v := &n.VPCs[i]
		if room[v.ID] <= most.Value {
			continue
		}
		c.d.Diags.Add(diag.Diagnostic{
			Pos: v.Meta.Origin.Pos, Severity: diag.Note, Code: "limit", Source: most.Fact.Source,
			Summary: fmt.Sprintf("subnets of VNet %q have room for %d addresses: it can use %d of them", v.ID, room[v.ID], most.Value),
			Hint:    "split the VNet before it fills",
		})
	}
	for i := range n.RouteTables {
		t := &n.RouteTables[i]
		v := c.vpcs[t.VPC]
		if v == nil || v.Cloud != vocab.Azure {
			continue
		}
		c.add(c.limit(atlas.LimitAzureUDRTables, ""), c.place(t.Meta.Account, t.Site), 1, t.Meta.Origin.Pos)
		c.atMost(c.limit(atlas.LimitAzureUDRRoutes, "let addresses summarise: fewer existing networks and pinned blocks"), "route table "+quoted(t.ID), len(t.Routes), t.Meta.Origin.Pos)
	}
}

func (c *counter) azureRules() {
	groups := c.limit(atlas.LimitAzureNSGPerRegion, "spread the networks over more subscriptions or regions")
	rules := c.limit(atlas.LimitAzureNSGRules, "state fewer rules for this subnet: several ports and ends in one")
	addresses := c.limit(atlas.LimitAzureNSGAddressesPerSide, "name whole sites or CIDRs rather than single subnets")
	for i := range c.d.Net.Filters {
		f := &c.d.Net.Filters[i]
		if f.Kind != fabric.NSG {
			continue
		}
		c.add(groups, c.place(f.Meta.Account, f.Site), 1, c.sitePos(f.Site))
		c.atMost(rules, "network security group "+quoted(f.ID), len(f.Rules), f.Meta.Origin.Pos)
		for k := range f.Rules {
			r := &f.Rules[k]
			c.atMost(addresses, fmt.Sprintf("rule %q of %q", r.Name, f.ID), max(len(r.Peers), len(r.Local)), r.Origin.Pos)
		}
	}
}

// sitePos is where a site stands in the spec.
func (c *counter) sitePos(s fabric.SiteID) diag.Pos {
	if site := c.sites[s]; site != nil {
		return site.Spec.Pos
	}
	return diag.Pos{}
}

func (c *counter) azurePeerings() {
	peerings := c.limit(atlas.LimitAzureVNetPeerings, "take gateway: {kind: virtual-wan}, or join fewer networks")
	hubs := c.limit(atlas.LimitAzureVWANVNetConnections, "spread the networks over more sites")
	for i := range c.d.Net.Attachments {
		a := &c.d.Net.Attachments[i]
		switch a.Kind {
		case fabric.VNetPeering:
			for _, v := range []fabric.VPCID{a.VPC, a.PeerVPC} {
				c.add(peerings, "network "+quoted(v), 1, a.Meta.Origin.Pos)
			}
		case fabric.VirtualHubConnection:
			c.add(hubs, "virtual hub "+quoted(a.Gateway), 1, a.Meta.Origin.Pos)
		case fabric.VGWAttachment, fabric.TransitVPCAttachment, fabric.TransitVPNAttachment, fabric.TransitPeering, fabric.VPCPeering, fabric.NCCSpoke, fabric.NCCHybridSpoke:
		}
	}
}

// azureTunnels counts a gateway's tunnels against its size and the addresses
// that Azure has for BGP inside tunnels.
func (c *counter) azureTunnels() {
	n := &c.d.Net
	gateways := map[fabric.GatewayID]*fabric.Gateway{}
	for i := range n.Gateways {
		if g := &n.Gateways[i]; g.Kind == fabric.VPNGateway || g.Kind == fabric.VirtualHub {
			gateways[g.ID] = g
		}
	}
	if len(gateways) == 0 {
		return
	}
	inside := c.insideAddresses()
	hub := c.limit(atlas.LimitAzureVWANVPNConnections, "join fewer sites to this hub")
	for i := range n.Tunnels {
		t := &n.Tunnels[i]
		for _, e := range t.Ends {
			g := gateways[e.Gateway]
			if g == nil {
				continue
			}
			pos := t.Meta.Origin.Pos
			c.add(inside, "gateway "+quoted(g.ID), 1, pos)
			if g.Kind == fabric.VirtualHub {
				c.add(hub, "virtual hub "+quoted(g.ID), 1, pos)
				continue
			}
			if sku, ok := c.d.Atlas.SKU(vocab.Azure, g.SKU); ok && sku.Tunnels > 0 {
				c.add(c.own(sku.Fact.ID, sku.Tunnels, "tunnels", sku.Fact, "take a larger sku:, or join fewer sites"), "gateway "+quoted(g.ID)+" of size "+sku.Name, 1, pos)
			}
		}
	}
}

// insideAddresses bounds the tunnels of a gateway by the /30s of Azure's
// link-local ranges, of which each takes one.
func (c *counter) insideAddresses() *bound {
	pools, _ := c.d.Atlas.TunnelPools(vocab.Azure, vocab.Azure)
	n := 0
	var fact atlas.Fact
	for _, p := range pools {
		n += 1 << (atlas.TunnelBits - p.Prefix.Bits())
		fact = p.Fact
	}
	return c.own("azure tunnel pools", n, "tunnels with link-local addresses", fact, "join fewer sites to this gateway")
}
