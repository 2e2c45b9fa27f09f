package fabric

import (
	"cmp"
	"sort"
)

// find searches a slice sorted by id.
func find[T any, K cmp.Ordered](s []T, id K, key func(*T) K) (T, bool) {
	i := sort.Search(len(s), func(i int) bool { return key(&s[i]) >= id })
	if i == len(s) || key(&s[i]) != id {
		var zero T
		return zero, false
	}
	return s[i], true
}

// Account returns the account of that id.
func (n *Network) Account(id AccountID) (Account, bool) {
	return find(n.Accounts, id, func(a *Account) AccountID { return a.ID })
}

// Site returns the site of that id.
func (n *Network) Site(id SiteID) (Site, bool) {
	return find(n.Sites, id, func(s *Site) SiteID { return s.ID })
}

// VPC returns the VPC of that id.
func (n *Network) VPC(id VPCID) (VPC, bool) {
	return find(n.VPCs, id, func(v *VPC) VPCID { return v.ID })
}

// Subnet returns the subnet of that id.
func (n *Network) Subnet(id SubnetID) (Subnet, bool) {
	return find(n.Subnets, id, func(s *Subnet) SubnetID { return s.ID })
}

// Gateway returns the gateway of that id.
func (n *Network) Gateway(id GatewayID) (Gateway, bool) {
	return find(n.Gateways, id, func(g *Gateway) GatewayID { return g.ID })
}

// Link returns the link of that id.
func (n *Network) Link(id LinkID) (Link, bool) {
	return find(n.Links, id, func(l *Link) LinkID { return l.ID })
}

// Tunnel returns the tunnel of that id.
func (n *Network) Tunnel(id TunnelID) (Tunnel, bool) {
	return find(n.Tunnels, id, func(t *Tunnel) TunnelID { return t.ID })
}

// Filter returns the filter of that id.
func (n *Network) Filter(id FilterID) (Filter, bool) {
	return find(n.Filters, id, func(f *Filter) FilterID { return f.ID })
}

// RouteTable returns the route table of that id.
func (n *Network) RouteTable(id RouteTableID) (RouteTable, bool) {
	return find(n.RouteTables, id, func(r *RouteTable) RouteTableID { return r.ID })
}

// TunnelsOf returns the tunnels of a link in order.
func (n *Network) TunnelsOf(l Link) []Tunnel {
	out := make([]Tunnel, 0, len(l.Tunnels))
	for _, id := range l.Tunnels {
		if t, ok := n.Tunnel(id); ok {
			out = append(out, t)
		}
	}
	return out
}

// LinkBetween returns the id of the link between two sites, whatever their order.
func LinkBetween(a, b SiteID) LinkID {
	if b < a {
		a, b = b, a
	}
	return LinkID(a + "--" + b)
}

// Attachment returns the attachment of that id.
func (n *Network) Attachment(id AttachmentID) (Attachment, bool) {
	return find(n.Attachments, id, func(a *Attachment) AttachmentID { return a.ID })
}

// Connection returns the connection of that id.
func (n *Network) Connection(id ConnectionID) (Connection, bool) {
	return find(n.Connections, id, func(c *Connection) ConnectionID { return c.ID })
}

// NAT returns the NAT of that id.
func (n *Network) NAT(id NATID) (NAT, bool) {
	return find(n.NATs, id, func(t *NAT) NATID { return t.ID })
}

// PolicyStated reports whether it is known what the network is for: one that
// was read, and not compiled, has no policy and takes its addresses from no
// pool.
func (n *Network) PolicyStated() bool { return len(n.Policy) > 0 || len(n.Pools) > 0 }
