package limits

import (
	"fmt"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

func (c *counter) aws() {
	c.awsNetworks()
	c.awsRules()
	c.awsEndpoints()
	c.awsGateways()
	c.awsConnections()
}

func (c *counter) isOf(v fabric.VPCID, cloud vocab.Cloud) (*fabric.VPC, bool) {
	x := c.vpcs[v]
	return x, x != nil && x.Cloud == cloud && x.Existing == ""
}

func (c *counter) awsNetworks() {
	n := &c.d.Net
	vpcs := c.limit(atlas.LimitAWSVPCPerRegion, "")
	subnets := c.limit(atlas.LimitAWSVPCSubnets, "")
	blocks := c.limit(atlas.LimitAWSVPCCIDRBlocks, "split the network")
	tables := c.limit(atlas.LimitAWSVPCRouteTables, "")
	routes := c.limit(atlas.LimitAWSVPCRoutesPerTable, "let addresses summarise: fewer existing networks and pinned blocks, or a virtual private gateway, which propagates")
	groups := c.limit(atlas.LimitAWSSGPerRegion, "")
	acls := c.limit(atlas.LimitAWSNACLPerVPC, "")
	for i := range n.VPCs {
		v := &n.VPCs[i]
		if v.Cloud != vocab.AWS || v.Existing != "" {
			continue
		}
		pos, at := v.Meta.Origin.Pos, c.place(v.Meta.Account, v.Sites[0])
		site := c.sitePos(v.Sites[0])
		c.add(vpcs, at, 1, site)
		c.add(groups, at, 1, site) // its default one
		c.add(tables, vpcScope(v), 1, pos)
		c.add(acls, vpcScope(v), 1, pos)
		c.atMost(blocks, vpcScope(v), len(v.Prefixes), pos)
	}
	for i := range n.Subnets {
		s := &n.Subnets[i]
		if v, ok := c.isOf(s.VPC, vocab.AWS); ok {
			c.add(subnets, vpcScope(v), len(s.Parts), v.Meta.Origin.Pos)
		}
	}
	for i := range n.RouteTables {
		t := &n.RouteTables[i]
		v := c.vpcs[t.VPC]
		if v == nil || v.Cloud != vocab.AWS {
			continue
		}
		if t.Existing == "" {
			c.add(tables, vpcScope(v), 1, v.Meta.Origin.Pos)
		}
		c.atMost(routes, "route table "+quoted(t.ID), len(t.Routes), t.Meta.Origin.Pos)
	}
	for i := range n.NATs {
		t := &n.NATs[i]
		if t.Cloud != vocab.AWS {
			continue
		}
		at := c.place(t.Meta.Account, t.Site)
		c.add(c.limit(atlas.LimitAWSNATPerZone, ""), fmt.Sprintf("account %q in zone %s", t.Meta.Account, t.Zone), 1, t.Meta.Origin.Pos)
		c.add(c.limit(atlas.LimitAWSEIPPerRegion, ""), at, 1, t.Meta.Origin.Pos)
	}
}

// awsRules counts native rules: one a service and far prefix or group.
func (c *counter) awsRules() {
	n := &c.d.Net
	group := c.limit(atlas.LimitAWSSGRules, "name fewer far sides: whole sites or CIDRs rather than single subnets, or put subnets of one segment side by side")
	if group.max == 0 { // rules times groups an interface is bounded, too
		group.max = c.d.Atlas.Limit(atlas.LimitAWSSGRulesProduct).Value
	}
	acl := c.limit(atlas.LimitAWSNACLRules, "name fewer CIDRs for management ports")
	groups := c.limit(atlas.LimitAWSSGPerRegion, "")
	acls := c.limit(atlas.LimitAWSNACLPerVPC, "")
	for i := range n.Filters {
		f := &n.Filters[i]
		var b *bound
		switch f.Kind {
		case fabric.SecurityGroup:
			b = group
			c.add(groups, c.place(f.Meta.Account, f.Site), 1, c.sitePos(f.Site))
		case fabric.NetworkACL:
			b = acl
			c.add(acls, vpcScope(c.vpcs[f.VPC]), 1, f.Meta.Origin.Pos)
		case fabric.FirewallPolicy, fabric.NSG:
			continue
		}
		count := map[fabric.Direction]int{}
		worst := map[fabric.Direction]int{} // index of the rule that adds the most
		for k := range f.Rules {
			r := &f.Rules[k]
			size := max(1, len(r.Services)) * max(1, len(r.Peers))
			count[r.Direction] += size
			w := &f.Rules[worst[r.Direction]]
			if w.Direction != r.Direction || size > max(1, len(w.Services))*max(1, len(w.Peers)) {
				worst[r.Direction] = k
			}
		}
		for _, dir := range []fabric.Direction{fabric.Ingress, fabric.Egress} {
			if count[dir] > b.value {
				c.add(b, fmt.Sprintf("%s of %s %s", dir, f.Kind, quoted(f.ID)), count[dir], f.Rules[worst[dir]].Origin.Pos)
			}
		}
	}
}

func (c *counter) awsEndpoints() {
	perVPC := c.limit(atlas.LimitAWSEndpointInterfacePerVPC, "")
	perRegion := c.limit(atlas.LimitAWSEndpointGatewayPerRegion, "")
	for i := range c.d.Net.Endpoints {
		e := &c.d.Net.Endpoints[i]
		switch e.Kind {
		case fabric.InterfaceEndpoint:
			c.add(perVPC, vpcScope(c.vpcs[e.VPC]), 1, e.Meta.Origin.Pos)
		case fabric.GatewayEndpoint:
			c.add(perRegion, c.place(e.Meta.Account, e.Site), 1, e.Meta.Origin.Pos)
		case fabric.PrivateGoogleAccess, fabric.ServiceEndpoint:
		}
	}
}

func (c *counter) awsGateways() {
	n := &c.d.Net
	tables := c.limit(atlas.LimitAWSTGWRouteTables, "")
	routes := c.limit(atlas.LimitAWSTGWRoutesTotal, "")
	attachments := c.limit(atlas.LimitAWSTGWAttachments, "")
	peerings := c.limit(atlas.LimitAWSTGWPeerings, "")
	for i := range n.Gateways {
		g := &n.Gateways[i]
		pos := g.Meta.Origin.Pos
		switch g.Kind {
		case fabric.VirtualPrivateGateway:
			c.add(c.limit(atlas.LimitAWSVGWPerRegion, ""), c.place(g.Meta.Account, g.Site), 1, pos)
		case fabric.TransitGateway:
			c.add(c.limit(atlas.LimitAWSTGWPerRegion, ""), c.place(g.Meta.Account, g.Site), 1, pos)
			c.atMost(tables, "transit gateway "+quoted(g.ID), len(g.Tables), pos)
			all := 0
			for _, t := range g.Tables {
				all += len(t.Routes) + len(t.Propagate)
			}
			c.atMost(routes, "transit gateway "+quoted(g.ID), all, pos)
		case fabric.HAVPN, fabric.VPNGateway, fabric.VirtualHub, fabric.Device:
		}
	}
	for i := range n.Attachments {
		a := &n.Attachments[i]
		pos := a.Meta.Origin.Pos
		switch a.Kind {
		case fabric.TransitVPCAttachment, fabric.TransitVPNAttachment:
			c.add(attachments, "transit gateway "+quoted(a.Gateway), 1, pos)
		case fabric.TransitPeering:
			for _, g := range []fabric.GatewayID{a.Gateway, a.Peer} {
				c.add(attachments, "transit gateway "+quoted(g), 1, pos)
				c.add(peerings, "transit gateway "+quoted(g), 1, pos)
			}
		case fabric.VGWAttachment, fabric.VNetPeering, fabric.VirtualHubConnection, fabric.VPCPeering, fabric.NCCSpoke, fabric.NCCHybridSpoke:
		}
	}
}

func (c *counter) awsConnections() {
	n := &c.d.Net
	gateways := make(map[fabric.GatewayID]*fabric.Gateway, len(n.Gateways))
	for i := range n.Gateways {
		gateways[n.Gateways[i].ID] = &n.Gateways[i]
	}
	perRegion := c.limit(atlas.LimitAWSVPNConnectionsPerRegion, "")
	perVGW := c.limit(atlas.LimitAWSVPNConnectionsPerVGW, "")
	customers := c.limit(atlas.LimitAWSCGWPerRegion, "")
	type customer struct {
		at   string
		peer fabric.GatewayID
		i    int
	}
	seen := map[customer]bool{}
	for i := range n.Connections {
		x := &n.Connections[i]
		g := gateways[x.Gateway]
		if g == nil {
			continue
		}
		pos, at := x.Meta.Origin.Pos, c.place(g.Meta.Account, g.Site)
		c.add(perRegion, at, 1, pos)
		if x.Large {
			c.add(c.limit(atlas.LimitAWSVPNLargePerRegion, ""), at, 1, pos)
		}
		if g.Accelerate {
			c.add(c.limit(atlas.LimitAWSVPNAcceleratedPerRegion, ""), at, 1, pos)
		}
		if g.Kind == fabric.VirtualPrivateGateway {
			c.add(perVGW, "virtual private gateway "+quoted(g.ID), 1, pos)
		}
		if k := (customer{at, x.Peer, x.PeerInterface}); !seen[k] {
			seen[k] = true
			c.add(customers, at, 1, pos)
		}
	}
}

func vpcScope(v *fabric.VPC) string { return "network " + quoted(v.ID) }

func quoted[T ~string](id T) string { return fmt.Sprintf("%q", string(id)) }
