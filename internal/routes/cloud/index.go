package cloud

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
)

// Index finds the objects of a network by their ids, and what belongs to what.
// Absent is -1.
type Index struct {
	Gateways    map[fabric.GatewayID]int
	Attachments map[fabric.AttachmentID]int
	VPCs        map[fabric.VPCID]int
	Sites       map[fabric.SiteID]int
	Links       map[fabric.LinkID]int
	Connections map[fabric.ConnectionID]int
	NATs        map[fabric.NATID]int
	SubnetsOf   map[fabric.VPCID][]int // indexes of Subnets
	tablesOf    map[fabric.VPCID][]int // indexes of RouteTables
	tables      map[fabric.RouteTableID]int
	natsOf      map[fabric.VPCID][]int
	gatewaysOf  map[fabric.VPCID][]int // gateways that stand in a VPC
	attachedTo  map[fabric.GatewayID][]int
	ofVPC       map[fabric.VPCID][]int      // attachments that name the VPC on either side
	VPNOf       map[fabric.ConnectionID]int // its transit attachment
}

func newIndex(n *fabric.Network) Index {
	x := Index{
		Gateways: byID(n.Gateways, func(g *fabric.Gateway) fabric.GatewayID { return g.ID }),
		Attachments: byID(n.Attachments, func(a *fabric.Attachment) fabric.AttachmentID {
			return a.ID
		}),
		VPCs:        byID(n.VPCs, func(v *fabric.VPC) fabric.VPCID { return v.ID }),
		Sites:       byID(n.Sites, func(s *fabric.Site) fabric.SiteID { return s.ID }),
		Links:       byID(n.Links, func(l *fabric.Link) fabric.LinkID { return l.ID }),
		Connections: byID(n.Connections, func(c *fabric.Connection) fabric.ConnectionID { return c.ID }),
		NATs:        byID(n.NATs, func(t *fabric.NAT) fabric.NATID { return t.ID }),
		tables:      byID(n.RouteTables, func(r *fabric.RouteTable) fabric.RouteTableID { return r.ID }),
		SubnetsOf:   map[fabric.VPCID][]int{},
		tablesOf:    map[fabric.VPCID][]int{},
		natsOf:      map[fabric.VPCID][]int{},
		gatewaysOf:  map[fabric.VPCID][]int{},
		attachedTo:  map[fabric.GatewayID][]int{},
		ofVPC:       map[fabric.VPCID][]int{},
		VPNOf:       map[fabric.ConnectionID]int{},
	}
	for i := range n.Subnets {
		x.SubnetsOf[n.Subnets[i].VPC] = append(x.SubnetsOf[n.Subnets[i].VPC], i)
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
			x.VPNOf[a.Connection] = i
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

// Find returns an index, or -1.
func Find[K comparable](m map[K]int, id K) int {
	if i, ok := m[id]; ok {
		return i
	}
	return -1
}

// LinkBetween returns the link that joins two sites, empty when there is none
// or they are one.
func (l *Layout) LinkBetween(a, b fabric.SiteID) fabric.LinkID {
	if a == b {
		return ""
	}
	id := fabric.LinkBetween(a, b)
	if _, ok := l.Index.Links[id]; !ok {
		return ""
	}
	return id
}

// Region returns the region of a site, empty for one's own.
func (l *Layout) Region(s fabric.SiteID) string {
	if i := Find(l.Index.Sites, s); i >= 0 {
		return l.net.Sites[i].Region
	}
	return ""
}

// siteOf returns the first site of a VPC in a region, or its first.
func (l *Layout) siteOf(v *fabric.VPC, region string) fabric.SiteID {
	for _, s := range v.Sites {
		if l.Region(s) == region {
			return s
		}
	}
	if len(v.Sites) > 0 {
		return v.Sites[0]
	}
	return ""
}

// VPCSite returns the site of a VPC that stands at one.
func VPCSite(v *fabric.VPC) fabric.SiteID {
	if len(v.Sites) == 0 {
		return ""
	}
	return v.Sites[0]
}

// regionsOf lists the regions of a VPC, sorted: of its sites and its subnets.
func (l *Layout) regionsOf(v *fabric.VPC) []string {
	var out []string
	for _, s := range v.Sites {
		out = append(out, l.Region(s))
	}
	for _, i := range l.Index.SubnetsOf[v.ID] {
		out = append(out, l.Region(l.net.Subnets[i].Site))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
