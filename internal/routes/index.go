package routes

import (
	"cmp"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
)

// index finds the objects of a network by their ids, and what belongs to what.
// Absent is -1.
type index struct {
	gateways    map[fabric.GatewayID]int
	attachments map[fabric.AttachmentID]int
	vpcs        map[fabric.VPCID]int
	sites       map[fabric.SiteID]int
	links       map[fabric.LinkID]int
	connections map[fabric.ConnectionID]int
	nats        map[fabric.NATID]int
	subnetsOf   map[fabric.VPCID][]int // indexes of Subnets
	tablesOf    map[fabric.VPCID][]int // indexes of RouteTables
	tables      map[fabric.RouteTableID]int
	natsOf      map[fabric.VPCID][]int
	gatewaysOf  map[fabric.VPCID][]int // gateways that stand in a VPC
	attachedTo  map[fabric.GatewayID][]int
	ofVPC       map[fabric.VPCID][]int      // attachments that name the VPC on either side
	vpnOf       map[fabric.ConnectionID]int // its transit attachment
}

func newIndex(n *fabric.Network) index {
	x := index{
		gateways: byID(n.Gateways, func(g *fabric.Gateway) fabric.GatewayID { return g.ID }),
		attachments: byID(n.Attachments, func(a *fabric.Attachment) fabric.AttachmentID {
			return a.ID
		}),
		vpcs:        byID(n.VPCs, func(v *fabric.VPC) fabric.VPCID { return v.ID }),
		sites:       byID(n.Sites, func(s *fabric.Site) fabric.SiteID { return s.ID }),
		links:       byID(n.Links, func(l *fabric.Link) fabric.LinkID { return l.ID }),
		connections: byID(n.Connections, func(c *fabric.Connection) fabric.ConnectionID { return c.ID }),
		nats:        byID(n.NATs, func(t *fabric.NAT) fabric.NATID { return t.ID }),
		tables:      byID(n.RouteTables, func(r *fabric.RouteTable) fabric.RouteTableID { return r.ID }),
		subnetsOf:   map[fabric.VPCID][]int{},
		tablesOf:    map[fabric.VPCID][]int{},
		natsOf:      map[fabric.VPCID][]int{},
		gatewaysOf:  map[fabric.VPCID][]int{},
		attachedTo:  map[fabric.GatewayID][]int{},
		ofVPC:       map[fabric.VPCID][]int{},
		vpnOf:       map[fabric.ConnectionID]int{},
	}
	for i := range n.Subnets {
		x.subnetsOf[n.Subnets[i].VPC] = append(x.subnetsOf[n.Subnets[i].VPC], i)
	}
	for i := range n.RouteTables {
		x.tablesOf[n.RouteTables[i].VPC] = append(x.tablesOf[n.RouteTables[i].VPC], i)
	}
	for i := range n.NATs {
		x.natsOf[n.NATs[i].VPC] = append(x.natsOf[n.NATs[i].VPC], i)
	}
	for i := range n.Gateways {
		if v := n.Gateways[i].VPC; v != "" {
			x.gatewaysOf[v] = append(x.gatewaysOf[v], i)
		}
	}
	for i := range n.Attachments {
		a := &n.Attachments[i]
		if a.Gateway != "" {
			x.attachedTo[a.Gateway] = append(x.attachedTo[a.Gateway], i)
		}
		if a.Peer != "" && a.Peer != a.Gateway {
			x.attachedTo[a.Peer] = append(x.attachedTo[a.Peer], i)
		}
		if a.VPC != "" {
			x.ofVPC[a.VPC] = append(x.ofVPC[a.VPC], i)
		}
		if a.PeerVPC != "" && a.PeerVPC != a.VPC {
			x.ofVPC[a.PeerVPC] = append(x.ofVPC[a.PeerVPC], i)
		}
		if a.Kind == fabric.TransitVPNAttachment {
			x.vpnOf[a.Connection] = i
		}
	}
	return x
}

func byID[T any, K comparable](list []T, id func(*T) K) map[K]int {
	out := make(map[K]int, len(list))
	for i := range list {
		out[id(&list[i])] = i
	}
	return out
}

// find returns an index, or -1.
func find[K comparable](m map[K]int, id K) int {
	if i, ok := m[id]; ok {
		return i
	}
	return -1
}

// linkBetween returns the link that joins two sites, empty when there is none
// or they are one.
func (p *Plane) linkBetween(a, b fabric.SiteID) fabric.LinkID {
	if a == b {
		return ""
	}
	id := fabric.LinkBetween(a, b)
	if _, ok := p.ix.links[id]; !ok {
		return ""
	}
	return id
}

// region returns the region of a site, empty for one's own.
func (p *Plane) region(s fabric.SiteID) string {
	if i := find(p.ix.sites, s); i >= 0 {
		return p.net.Sites[i].Region
	}
	return ""
}

// siteOf returns the first site of a VPC in a region, or its first.
func (p *Plane) siteOf(v *fabric.VPC, region string) fabric.SiteID {
	for _, s := range v.Sites {
		if p.region(s) == region {
			return s
		}
	}
	if len(v.Sites) > 0 {
		return v.Sites[0]
	}
	return ""
}

// vpcSite returns the site of a VPC that stands at one.
func vpcSite(v *fabric.VPC) fabric.SiteID {
	if len(v.Sites) == 0 {
		return ""
	}
	return v.Sites[0]
}

// regionsOf lists the regions of a VPC, sorted: of its sites and its subnets.
func (p *Plane) regionsOf(v *fabric.VPC) []string {
	var out []string
	for _, s := range v.Sites {
		out = append(out, p.region(s))
	}
	for _, i := range p.ix.subnetsOf[v.ID] {
		out = append(out, p.region(p.net.Subnets[i].Site))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// sortedKeys returns the keys of a map in order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	out := make([]K, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
