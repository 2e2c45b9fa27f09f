package change

import (
	"fmt"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// awsBlocks are a VPC's first block and the others.
func awsBlocks(x *fabric.VPC) []attr {
	if len(x.Prefixes) == 0 {
		return nil
	}
	return []attr{text("cidr", x.Prefixes[0].String()), list("secondary_cidrs", texts(x.Prefixes[1:]))}
}

// awsSubnet adds a subnet in each of its zones.
func (v *inventory) awsSubnet(s *fabric.Subnet, vpc *fabric.VPC) {
	for _, p := range s.Parts {
		o := v.add(vocab.AWS, "subnet", string(s.ID)+"@"+p.Zone, s.Site, s.Meta,
			v.in("vpc", vocab.AWS, vpcKind(vocab.AWS), string(s.VPC)),
			text("cidr", p.Prefix.String()),
			text("zone", p.Zone),
			v.id("route_table", string(p.RouteTable)),
			v.id("nacl", string(s.NACL)),
			v.id("filter", string(s.Filter)),
			yes("public", s.Internet == fabric.Public),
			list("shared_with", ids(v, vpc.SharedWith)),
		)
		o.key = key(vocab.AWS, "subnet", v.name(string(s.ID))+"@"+p.Zone)
	}
}

// awsGateway adds a gateway of AWS with its tables.
func (v *inventory) awsGateway(g *fabric.Gateway, kind string) {
	attrs := []attr{text("asn", g.ASN.String()), v.account(g.Meta.Account)}
	if g.Kind != fabric.DirectConnectGateway {
		attrs = append(attrs, v.region(g.Site))
	}
	switch g.Kind {
	case fabric.TransitGateway:
		attrs = append(attrs, yes("ecmp", g.ECMP), yes("default_table", g.DefaultTable))
	case fabric.VirtualPrivateGateway:
		attrs = append(attrs, v.in("vpc", vocab.AWS, vpcKind(vocab.AWS), string(g.VPC)))
	case fabric.DirectConnectGateway, fabric.HAVPN, fabric.VPNGateway, fabric.VirtualHub, fabric.Device, fabric.ExpressRouteGateway:
	}
	v.add(vocab.AWS, kind, string(g.ID), g.Site, g.Meta, attrs...).tunnels = v.tunnels[g.ID]
	for _, t := range g.Tables {
		var routes []string
		for _, r := range t.Routes {
			routes = append(routes, v.route(r))
		}
		o := v.add(vocab.AWS, transitTable, string(g.ID)+"/"+t.Name, g.Site, g.Meta,
			v.in("gateway", vocab.AWS, kind, string(g.ID)),
			list("associate", ids(v, t.Associate)), list("propagate", ids(v, t.Propagate)), list("routes", routes))
		o.key = key(vocab.AWS, transitTable, v.name(string(g.ID)+"/"+t.Name))
	}
}

// awsAttachment adds an attachment of AWS. A VPN attachment comes with its
// connection, and a virtual private gateway's with the gateway.
func (v *inventory) awsAttachment(a *fabric.Attachment, site fabric.SiteID) {
	const tgw = "transit gateway"
	vpc := v.in("vpc", vocab.AWS, vpcKind(vocab.AWS), string(a.VPC))
	gateway := v.in("gateway", vocab.AWS, tgw, string(a.Gateway))
	switch a.Kind {
	case fabric.TransitVPCAttachment:
		v.add(vocab.AWS, "transit gateway VPC attachment", string(a.ID), site, a.Meta, vpc, gateway, v.account(a.Meta.Account), list("subnets", v.subnetParts(a.Subnets)))
	case fabric.TransitPeering:
		v.add(vocab.AWS, "transit gateway peering", string(a.ID), site, a.Meta, gateway, v.in("peer", vocab.AWS, tgw, string(a.Peer)))
	case fabric.AWSPeering:
		v.add(vocab.AWS, "VPC peering", string(a.ID), site, a.Meta, vpc, v.in("peer", vocab.AWS, vpcKind(vocab.AWS), string(a.PeerVPC)))
	case fabric.DirectConnectAssociation:
		peer := v.id("peer", string(a.Peer))
		if g, ok := v.n.Gateway(a.Peer); ok {
			peer = v.in("peer", vocab.AWS, gatewayKind(g.Kind), string(a.Peer))
		}
		v.add(vocab.AWS, "Direct Connect association", string(a.ID), site, a.Meta,
			v.in("gateway", vocab.AWS, gatewayKind(fabric.DirectConnectGateway), string(a.Gateway)), peer, list("allowed", texts(a.Allowed)))
	case fabric.VGWAttachment, fabric.TransitVPNAttachment, fabric.VNetPeering, fabric.VirtualHubConnection, fabric.VPCPeering, fabric.NCCSpoke, fabric.NCCHybridSpoke:
	}
}

// subnetParts names the zonal pieces of subnets.
func (v *inventory) subnetParts(subnets []fabric.SubnetID) []string {
	var out []string
	for _, id := range subnets {
		s, _ := v.n.Subnet(id)
		for _, p := range s.Parts {
			out = append(out, v.name(string(id))+"@"+p.Zone)
		}
	}
	return out
}

// connection adds a VPN connection of AWS with its two tunnels, which have no
// resources of their own there.
func (v *inventory) connection(c *fabric.Connection) {
	g, _ := v.n.Gateway(c.Gateway)
	link, _ := v.n.Link(c.Link)
	peer, _ := v.n.Gateway(c.Peer)
	var inside, timers, initiates, keys []string
	for i, id := range c.Tunnels {
		t, ok := v.n.Tunnel(id)
		if !ok {
			continue
		}
		e := t.Ends[0]
		if e.Gateway != c.Gateway {
			e = t.Ends[1]
		}
		n := fmt.Sprintf("tunnel %d ", i+1)
		inside = append(inside, n+t.Inside.String())
		timers = append(timers, n+timersOf(e))
		initiates = append(initiates, n+initiatesOf(e))
		keys = append(keys, n+pskOf(v, &t).value)
	}
	o := v.add(vocab.AWS, "VPN connection", string(c.ID), g.Site, c.Meta,
		v.in("gateway", vocab.AWS, gatewayKind(g.Kind), string(c.Gateway)),
		attr{name: "peer", value: fmt.Sprintf("%s interface %d", v.name(string(c.Peer)), c.PeerInterface), shown: fmt.Sprintf("%s interface %d", c.Peer, c.PeerInterface), ref: peerRef(v, &peer)},
		text("peer_asn", peer.ASN.String()),
		text("peer_address", publicIP(&peer, c.PeerInterface)),
		text("suite", suiteOf(link)),
		text("inside", strings.Join(inside, ", ")),
		text("timers", strings.Join(timers, ", ")),
		text("initiates", strings.Join(initiates, ", ")),
		text("key", strings.Join(keys, ", ")),
		yes("large_tunnels", c.Large), yes("static", c.Static), yes("accelerate", g.Accelerate),
		list("static_routes", texts(c.StaticRoutes)), v.account(c.Meta.Account),
	)
	o.tunnels = c.Tunnels[:]
}
