// Package cases is a set of small networks worked out by hand from the
// clouds' documentation, each with the answers that are known: which packets
// get through, and what the control plane must say. The proof and the oracle
// are both held against them. The networks are built straight in fabric, so
// that they can be wrong in ways that compile does not allow.
package cases

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// build puts a network together; done sorts it.
type build struct {
	n      fabric.Network
	inside int // tunnels' /30 so far
}

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

var regions = map[vocab.Cloud]string{vocab.AWS: "us-west-2", vocab.GCP: "us-west1", vocab.Azure: "westus2"}

func domains(c vocab.Cloud, region string) []fabric.Domain {
	if region == "" {
		return nil
	}
	return []fabric.Domain{{Kind: fabric.RegionDomain, ID: c.String() + ":" + region}, {Kind: fabric.Provider, ID: c.String()}}
}

// site adds a site; a second one of a GCP VPC names its own region.
func (b *build) site(id fabric.SiteID, c vocab.Cloud, region string, list ...string) {
	if region == "" {
		region = regions[c]
	}
	b.n.Sites = append(b.n.Sites, fabric.Site{ID: id, Cloud: c, Region: region, Prefixes: prefixes(list...), Meta: fabric.Meta{Domains: domains(c, region)}})
}

// vpc adds a network at sites with one block.
func (b *build) vpc(id fabric.VPCID, c vocab.Cloud, block string, sites ...fabric.SiteID) *fabric.VPC {
	v := fabric.VPC{ID: id, Cloud: c, Name: string(id), Sites: sites, MTU: 1500}
	if block != "" {
		v.Prefixes = prefixes(block)
		v.Blocks = []fabric.SiteBlock{{Site: sites[0], Prefix: v.Prefixes[0]}}
	}
	s, _ := b.n.Site(sites[0])
	v.Meta = s.Meta
	b.n.VPCs = append(b.n.VPCs, v)
	return &b.n.VPCs[len(b.n.VPCs)-1]
}

// subnet adds a workload subnet of one part that uses a table (which may be
// none, in GCP and Azure).
func (b *build) subnet(id fabric.SubnetID, v fabric.VPCID, site fabric.SiteID, block, zone string, table fabric.RouteTableID) *fabric.Subnet {
	p := netip.MustParsePrefix(block)
	b.n.Subnets = append(b.n.Subnets, fabric.Subnet{
		ID: id, VPC: v, Site: site, Name: string(id), Prefix: p, RouteTable: table,
		Parts: []fabric.SubnetPart{{Zone: zone, Prefix: p, RouteTable: table}},
	})
	return &b.n.Subnets[len(b.n.Subnets)-1]
}

// table adds a route table with routes, given as prefix and hop.
func (b *build) table(id fabric.RouteTableID, v fabric.VPCID, site fabric.SiteID, routes ...fabric.Route) *fabric.RouteTable {
	slices.SortFunc(routes, func(x, y fabric.Route) int { return cmp.Compare(x.Prefix.String(), y.Prefix.String()) })
	b.n.RouteTables = append(b.n.RouteTables, fabric.RouteTable{ID: id, VPC: v, Site: site, Name: string(id), Routes: routes})
	return &b.n.RouteTables[len(b.n.RouteTables)-1]
}

func to(prefix string, h fabric.Hop) fabric.Route {
	return fabric.Route{Prefix: netip.MustParsePrefix(prefix), Hop: h}
}

func viaTGW(id fabric.GatewayID) fabric.Hop {
	return fabric.Hop{Kind: fabric.HopTransitGateway, Gateway: id}
}

// gateway adds a gateway.
func (b *build) gateway(id fabric.GatewayID, k fabric.GatewayKind, site fabric.SiteID, v fabric.VPCID, asn vocab.ASN) *fabric.Gateway {
	s, _ := b.n.Site(site)
	b.n.Gateways = append(b.n.Gateways, fabric.Gateway{
		ID: id, Kind: k, Site: site, VPC: v, ASN: asn, ECMP: k != fabric.VirtualPrivateGateway, Meta: s.Meta,
	})
	return &b.n.Gateways[len(b.n.Gateways)-1]
}

// vgw adds a virtual private gateway attached to its VPC.
func (b *build) vgw(id fabric.GatewayID, site fabric.SiteID, v fabric.VPCID, asn vocab.ASN) {
	b.gateway(id, fabric.VirtualPrivateGateway, site, v, asn)
	b.n.Attachments = append(b.n.Attachments, fabric.Attachment{ID: fabric.AttachmentID(string(id) + "--" + string(v)), Kind: fabric.VGWAttachment, Gateway: id, VPC: v})
}

// device adds a site of one's own with its routers, which announce its prefixes.
func (b *build) device(site fabric.SiteID, asn vocab.ASN, list ...string) {
	b.site(site, vocab.OnPrem, "", list...)
	g := b.gateway(fabric.GatewayID(site+"/cpe"), fabric.Device, site, "", asn)
	g.Announce = prefixes(list...)
}

// attach adds an attachment.
func (b *build) attach(a fabric.Attachment) fabric.AttachmentID {
	b.n.Attachments = append(b.n.Attachments, a)
	return a.ID
}

// vpn joins two gateways by tunnels with BGP, at sites in order of id: a VPN
// connection of two where one end is AWS, else two tunnels. It returns the
// attachment where one end is a transit gateway.
func (b *build) vpn(kind fabric.LinkKind, sites [2]fabric.SiteID, ends [2]fabric.GatewayID) fabric.AttachmentID {
	id := fabric.LinkBetween(sites[0], sites[1])
	l := fabric.Link{ID: id, Kind: kind, Sites: sites, Gateways: ends, MTU: 1400}
	var c fabric.Connection
	var attachment fabric.AttachmentID
	for i, e := range ends {
		g := b.find(e)
		if kind != fabric.VPN || g.Kind != fabric.TransitGateway && g.Kind != fabric.VirtualPrivateGateway {
			continue
		}
		c = fabric.Connection{ID: fabric.ConnectionID(string(id) + "/c0"), Link: id, Gateway: e, Peer: ends[1-i], Meta: g.Meta}
		if g.Kind == fabric.TransitGateway {
			attachment = b.attach(fabric.Attachment{ID: fabric.AttachmentID("vpn--" + string(c.ID)), Kind: fabric.TransitVPNAttachment, Gateway: e, Connection: c.ID, Link: id})
		}
	}
	for i := range 2 {
		base := netip.AddrFrom4([4]byte{169, 254, byte(100 + b.inside/64), byte(b.inside % 64 * 4)})
		b.inside++
		t := fabric.Tunnel{ID: fabric.TunnelID(fmt.Sprintf("%s/%d", id, i)), Link: id, Index: i, Inside: netip.PrefixFrom(base, 30), Connection: c.ID, Rate: vocab.Gbps}
		near := base.Next()
		t.Ends = [2]fabric.TunnelEnd{
			{Gateway: ends[0], Interface: i, Inside: near, InitiateIKE: true, InitiateBGP: true, Keepalive: 10, Hold: 30, DPD: 30},
			{Gateway: ends[1], Interface: i, Inside: near.Next(), InitiateIKE: true, InitiateBGP: true, Keepalive: 10, Hold: 30, DPD: 30},
		}
		l.Tunnels = append(l.Tunnels, t.ID)
		b.n.Tunnels = append(b.n.Tunnels, t)
		if c.ID != "" {
			c.Tunnels[i] = t.ID
		}
	}
	if c.ID != "" {
		b.n.Connections = append(b.n.Connections, c)
	}
	b.n.Links = append(b.n.Links, l)
	return attachment
}

func (b *build) find(id fabric.GatewayID) fabric.Gateway {
	i := slices.IndexFunc(b.n.Gateways, func(g fabric.Gateway) bool { return g.ID == id })
	return b.n.Gateways[i]
}

// filter adds a filter to one subnet.
func (b *build) filter(id fabric.FilterID, k fabric.FilterKind, v fabric.VPCID, s fabric.SubnetID, rules ...fabric.FilterRule) {
	for i := range rules {
		rules[i].Name = fmt.Sprintf("rule-%d", i)
	}
	b.n.Filters = append(b.n.Filters, fabric.Filter{ID: id, Kind: k, VPC: v, Name: string(id), Subnets: []fabric.SubnetID{s}, Rules: rules})
	for i := range b.n.Subnets {
		if b.n.Subnets[i].ID != s {
			continue
		}
		switch k {
		case fabric.NetworkACL:
			b.n.Subnets[i].NACL = id
		case fabric.SecurityGroup, fabric.NSG:
			b.n.Subnets[i].Filter = id
		case fabric.FirewallPolicy:
		}
	}
}

// done sorts the network by ids.
func (b *build) done() *fabric.Network {
	n := &b.n
	n.Name = "case"
	slices.SortFunc(n.Sites, func(x, y fabric.Site) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(n.VPCs, func(x, y fabric.VPC) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(n.Subnets, func(x, y fabric.Subnet) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(n.RouteTables, func(x, y fabric.RouteTable) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(n.Gateways, func(x, y fabric.Gateway) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(n.Attachments, func(x, y fabric.Attachment) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(n.Links, func(x, y fabric.Link) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(n.Connections, func(x, y fabric.Connection) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(n.Tunnels, func(x, y fabric.Tunnel) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(n.Filters, func(x, y fabric.Filter) int { return cmp.Compare(x.ID, y.ID) })
	for i := range n.Sites {
		slices.SortFunc(n.Sites[i].Prefixes, func(x, y netip.Prefix) int {
			return cmp.Or(x.Addr().Compare(y.Addr()), cmp.Compare(x.Bits(), y.Bits()))
		})
	}
	return n
}
