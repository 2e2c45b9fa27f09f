package nodes

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
)

// index finds the objects of a network by their ids, and what belongs to what.
type index struct {
	gateways    map[fabric.GatewayID]*fabric.Gateway
	attachments map[fabric.AttachmentID]*fabric.Attachment
	vpcs        map[fabric.VPCID]*fabric.VPC
	sites       map[fabric.SiteID]*fabric.Site
	links       map[fabric.LinkID]*fabric.Link
	connections map[fabric.ConnectionID]*fabric.Connection
	nats        map[fabric.NATID]*fabric.NAT
	tables      map[fabric.RouteTableID]*fabric.RouteTable
	filters     map[fabric.FilterID]*fabric.Filter
	subnetsOf   map[fabric.VPCID][]*fabric.Subnet
	tablesOf    map[fabric.VPCID][]*fabric.RouteTable
	natsOf      map[fabric.VPCID][]*fabric.NAT
	gatewaysOf  map[fabric.VPCID][]*fabric.Gateway
	attachedTo  map[fabric.GatewayID][]*fabric.Attachment
	ofVPC       map[fabric.VPCID][]*fabric.Attachment // that name the VPC on either side
	vpnOf       map[fabric.ConnectionID]*fabric.Attachment
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
		filters:     byID(n.Filters, func(f *fabric.Filter) fabric.FilterID { return f.ID }),
		subnetsOf:   map[fabric.VPCID][]*fabric.Subnet{},
		tablesOf:    map[fabric.VPCID][]*fabric.RouteTable{},
		natsOf:      map[fabric.VPCID][]*fabric.NAT{},
		gatewaysOf:  map[fabric.VPCID][]*fabric.Gateway{},
		attachedTo:  map[fabric.GatewayID][]*fabric.Attachment{},
		ofVPC:       map[fabric.VPCID][]*fabric.Attachment{},
		vpnOf:       map[fabric.ConnectionID]*fabric.Attachment{},
	}
	for i := range n.Subnets {
		v := n.Subnets[i].VPC
		x.subnetsOf[v] = append(x.subnetsOf[v], &n.Subnets[i])
	}
	for i := range n.RouteTables {
		v := n.RouteTables[i].VPC
		x.tablesOf[v] = append(x.tablesOf[v], &n.RouteTables[i])
	}
	for i := range n.NATs {
		v := n.NATs[i].VPC
		x.natsOf[v] = append(x.natsOf[v], &n.NATs[i])
	}
	for i := range n.Gateways {
		if v := n.Gateways[i].VPC; v != "" {
			x.gatewaysOf[v] = append(x.gatewaysOf[v], &n.Gateways[i])
		}
	}
	for i := range n.Attachments {
		a := &n.Attachments[i]
		if a.Gateway != "" {
			x.attachedTo[a.Gateway] = append(x.attachedTo[a.Gateway], a)
		}
		if a.Peer != "" && a.Peer != a.Gateway {
			x.attachedTo[a.Peer] = append(x.attachedTo[a.Peer], a)
		}
		if a.VPC != "" {
			x.ofVPC[a.VPC] = append(x.ofVPC[a.VPC], a)
		}
		if a.PeerVPC != "" && a.PeerVPC != a.VPC {
			x.ofVPC[a.PeerVPC] = append(x.ofVPC[a.PeerVPC], a)
		}
		if a.Kind == fabric.TransitVPNAttachment {
			x.vpnOf[a.Connection] = a
		}
	}
	return x
}

func byID[T any, K comparable](list []T, id func(*T) K) map[K]*T {
	out := make(map[K]*T, len(list))
	for i := range list {
		out[id(&list[i])] = &list[i]
	}
	return out
}

// siteOf returns the site of a VPC that stands at one.
func siteOf(v *fabric.VPC) fabric.SiteID {
	if len(v.Sites) == 0 {
		return ""
	}
	return v.Sites[0]
}

// sitesOf lists the sites of a VPC and of its subnets.
func (b *builder) sitesOf(v *fabric.VPC) []fabric.SiteID {
	out := slices.Clone(v.Sites)
	for _, s := range b.index.subnetsOf[v.ID] {
		out = append(out, s.Site)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// region returns the region of a site, empty for one's own.
func (b *builder) region(s fabric.SiteID) string {
	if x := b.index.sites[s]; x != nil {
		return x.Region
	}
	return ""
}

// regionsOf lists the regions of a VPC, sorted, with the first site in each.
func (b *builder) regionsOf(v *fabric.VPC) (regions []string, sites map[string]fabric.SiteID) {
	sites = map[string]fabric.SiteID{}
	for _, list := range [][]fabric.SiteID{v.Sites, b.sitesOf(v)} {
		for _, s := range list {
			if _, ok := sites[b.region(s)]; !ok {
				sites[b.region(s)] = s
			}
		}
	}
	return sortedKeys(sites), sites
}

// together reports whether two sites are one place: no way between them takes
// time.
func (b *builder) together(x, y fabric.SiteID) bool {
	p, q := b.index.sites[x], b.index.sites[y]
	return x == y || p != nil && q != nil && p.Region != "" && p.Region == q.Region && p.Cloud == q.Cloud
}

// line is the way between two sites inside a cloud's backbone.
func (b *builder) line(x, y fabric.SiteID) Line {
	if l := b.index.links[fabric.LinkBetween(x, y)]; l != nil && l.RTT > 0 {
		return Line{Delay: l.RTT / 2, Why: l.RTTSource}
	}
	p, q := b.index.sites[x], b.index.sites[y]
	if p == nil || q == nil { // the internet, which is near
		f, _ := b.atlas.Fact("latency.metro")
		ms, _ := strconv.ParseFloat(f.Value, 64) // a test holds the facts to be numbers
		return Line{Delay: ms / 2, Why: "as inside a metro"}
	}
	r, ok := b.atlas.RTT(placeOf(p), placeOf(q))
	switch {
	case !ok:
		return Line{Why: "not known"}
	case r.Measured:
		return Line{Delay: r.MS / 2, Why: "measured " + r.Fact.AsOf}
	}
	return Line{Delay: r.MS / 2, Why: "estimated from distance"}
}

func placeOf(s *fabric.Site) atlas.Place {
	return atlas.Place{Cloud: s.Cloud, Region: s.Region, Lat: s.Lat, Lon: s.Lon}
}

// partTable is the route table of a part of a subnet.
func partTable(s *fabric.Subnet, part fabric.SubnetPart) fabric.RouteTableID {
	if part.RouteTable != "" {
		return part.RouteTable
	}
	return s.RouteTable
}

// parts are the parts of a subnet, one at least.
func parts(s *fabric.Subnet) []fabric.SubnetPart {
	if len(s.Parts) == 0 {
		return []fabric.SubnetPart{{Prefix: s.Prefix}}
	}
	return s.Parts
}

// benchmark is the block for tests of devices (RFC 2544; RFC 6890), of which
// a run takes the addresses that are in no plan.
var benchmark = netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18}), 15)

// pool hands out addresses and small prefixes in order.
type pool struct {
	prefix netip.Prefix
	next   netip.Addr
}

// newPool takes part number i of a block, of the given length.
func newPool(block netip.Prefix, bits, i int) *pool {
	a := block.Addr().As4()
	for range i {
		carry := uint32(a[0])<<24 | uint32(a[1])<<16 | uint32(a[2])<<8 | uint32(a[3])
		carry += 1 << (32 - bits)
		a = [4]byte{byte(carry >> 24), byte(carry >> 16), byte(carry >> 8), byte(carry)}
	}
	p := netip.PrefixFrom(netip.AddrFrom4(a), bits)
	return &pool{prefix: p, next: p.Addr()}
}

// address returns the next address.
func (p *pool) address() netip.Addr {
	p.next = p.next.Next()
	return p.next
}

// pair returns the two host addresses of the next /30.
func (p *pool) pair() (x, y netip.Addr) {
	x = p.next.Next()
	y = x.Next()
	p.next = y.Next().Next()
	return x, y
}
