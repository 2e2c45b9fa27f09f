package routes_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

func viaTransit(prefix, tgw string) fabric.Route {
	return fabric.Route{Prefix: pfx(prefix), Hop: fabric.Hop{Kind: fabric.HopTransitGateway, Gateway: fabric.GatewayID(tgw)}}
}

func viaAttachment(prefix string, a fabric.AttachmentID) fabric.Route {
	return fabric.Route{Prefix: pfx(prefix), Hop: fabric.Hop{Kind: fabric.HopAttachment, Attachment: a}}
}

// transit is two VPCs on a transit gateway with an office behind it.
func transit() *net {
	n := &net{}
	n.site("west", vocab.AWS, "us-west-2", "")
	n.vpc("west/a", "west", vocab.AWS, "10.1.0.0/16 10.9.0.0/24")
	n.vpc("west/b", "west", vocab.AWS, "10.2.0.0/16")
	n.table("west/a/rt", "west/a", viaTransit("0.0.0.0/0", "west/tgw"))
	n.table("west/b/rt", "west/b", viaTransit("0.0.0.0/0", "west/tgw"))
	n.office("office", "192.168.0.0/16", 65001)
	g := n.gateway("west/tgw", "west", "", fabric.TransitGateway, 64601)
	a, b := n.attachVPC("west/tgw", "west/a"), n.attachVPC("west/tgw", "west/b")
	vpn := fabric.AttachmentID("vpn--" + string(n.vpn("west/tgw", "office/cpe", 2)))
	g = &n.Gateways[slices.IndexFunc(n.Gateways, func(x fabric.Gateway) bool { return x.ID == g.ID })]
	g.Tables = []fabric.TransitTable{
		{Name: "vpcs", Associate: []fabric.AttachmentID{a, b}, Propagate: []fabric.AttachmentID{vpn}},
		{Name: "edge", Associate: []fabric.AttachmentID{vpn}, Propagate: []fabric.AttachmentID{a, b}},
	}
	return n
}

func (n *net) find(id string) *fabric.Gateway {
	for i := range n.Gateways {
		if n.Gateways[i].ID == fabric.GatewayID(id) {
			return &n.Gateways[i]
		}
	}
	return nil
}

// TestTransitAnnounces: every block of the associated table, one prefix each;
// attachments reach each other only where tables say so.
func TestTransitAnnounces(t *testing.T) {
	tables := transit().tables()
	check(t, tables,
		held{"office/cpe", "10.1.0.0/16", "BGP 64601"},
		held{"office/cpe", "10.9.0.0/24", "BGP 64601"},
		held{"office/cpe", "10.2.0.0/16", "BGP 64601"},
		held{"west/tgw/vpcs", "192.168.0.0/16", "BGP 65001 over 2"},
		held{"west/tgw/edge", "192.168.0.0/16", "nothing"},
	)
	follow(t, tables,
		goes{"west/a/rt", "192.168.1.1", "west/a/rt > west/tgw/vpcs > office/cpe: delivered"},
		goes{"office/cpe", "10.2.1.1", "office/cpe > west/tgw/edge: delivered"},
		goes{"west/a/rt", "10.2.1.1", "west/a/rt > west/tgw/vpcs: no route"},
		goes{"office/cpe", "10.3.0.1", "office/cpe: no route"},
	)
}

// TestTransitPreference: a static route, then a VPC's block, then BGP.
func TestTransitPreference(t *testing.T) {
	n := transit()
	n.find("office/cpe").Announce = pfxs("192.168.0.0/16 10.2.0.0/16 172.16.0.0/16")
	n.Sites[slices.IndexFunc(n.Sites, func(s fabric.Site) bool { return s.ID == "office" })].Prefixes = pfxs("192.168.0.0/16 10.2.0.0/16 172.16.0.0/16")
	g := n.find("west/tgw")
	g.Tables[0].Propagate = append(g.Tables[0].Propagate, "west/tgw--west/b")
	g.Tables[0].Routes = []fabric.Route{{Prefix: pfx("172.16.0.0/16"), Hop: fabric.Hop{Kind: fabric.HopBlackhole}}}
	tables := n.tables()
	check(t, tables,
		held{"west/tgw/vpcs", "10.2.0.0/16", "propagated"},
		held{"west/tgw/vpcs", "172.16.0.0/16", "static"},
		held{"west/tgw/vpcs", "192.168.0.0/16", "BGP 65001 over 2"},
	)
	follow(t, tables, goes{"west/a/rt", "172.16.0.1", "west/a/rt > west/tgw/vpcs: discarded by a blackhole route"})
}

// TestTransitWithoutECMP: one tunnel where equal paths are not used at once.
func TestTransitWithoutECMP(t *testing.T) {
	n := transit()
	n.find("west/tgw").ECMP = false
	check(t, n.tables(), held{"west/tgw/vpcs", "192.168.0.0/16", "BGP 65001"})
}

// TestTransitPeeringIsStatic: nothing is propagated over a peering; a static
// route over it is announced over VPN, and does not fail over with it.
func TestTransitPeeringIsStatic(t *testing.T) {
	n := transit()
	n.site("east", vocab.AWS, "us-east-1", "")
	n.vpc("east/c", "east", vocab.AWS, "10.3.0.0/16")
	n.table("east/c/rt", "east/c", viaTransit("0.0.0.0/0", "east/tgw"))
	n.gateway("east/tgw", "east", "", fabric.TransitGateway, 64602)
	c := n.attachVPC("east/tgw", "east/c")
	n.Links = append(n.Links, fabric.Link{ID: "east--west", Kind: fabric.TransitPeerLink})
	n.attach(fabric.Attachment{ID: "peering", Kind: fabric.TransitPeering, Gateway: "west/tgw", Peer: "east/tgw", Link: "east--west"})
	n.find("east/tgw").Tables = []fabric.TransitTable{{Name: "all", Associate: []fabric.AttachmentID{c, "peering"}, Propagate: []fabric.AttachmentID{c, "peering"}, Routes: []fabric.Route{viaAttachment("192.168.0.0/16", "peering")}}}
	west := n.find("west/tgw")
	west.Tables[1].Associate = append(west.Tables[1].Associate, "peering")
	west.Tables[1].Routes = []fabric.Route{viaAttachment("10.3.0.0/16", "peering")}
	p := n.plane()
	check(t, p.Tables(nil),
		held{"office/cpe", "10.3.0.0/16", "BGP 64601"},
		held{"east/tgw/all", "10.1.0.0/16", "nothing"},
	)
	follow(t, p.Tables(nil),
		goes{"office/cpe", "10.3.0.1", "office/cpe > west/tgw/edge > east/tgw/all: delivered"},
		goes{"east/c/rt", "192.168.0.1", "east/c/rt > east/tgw/all > west/tgw/edge: no route"},
	)
	cut := p.Tables(routes.NewFailure(routes.Part{Kind: routes.LinkPart, ID: "east--west"}))
	follow(t, cut, goes{"office/cpe", "10.3.0.1", "office/cpe > west/tgw/edge: discarded by a blackhole route"})
}

// TestTransitOverlap: of two VPCs with one block the second is not propagated.
func TestTransitOverlap(t *testing.T) {
	n := transit()
	n.vpc("west/z", "west", vocab.AWS, "10.1.0.0/16")
	z := n.attachVPC("west/tgw", "west/z")
	g := n.find("west/tgw")
	g.Tables[1].Propagate = append(g.Tables[1].Propagate, z)
	tables := n.tables()
	if got := events(tables, routes.Overlap); len(got) != 1 {
		t.Errorf("events of overlap: %q, want one", got)
	}
	i := at(t, tables, "west/tgw/edge")
	if r, _ := tables.Lookup(i, netip.MustParseAddr("10.1.0.1")); r.Hops[0].VPC != "west/a" {
		t.Errorf("10.1.0.1 goes into %s, want west/a", r.Hops[0].VPC)
	}
}

// TestTransitZone: a zone without a subnet of the attachment is cut off.
func TestTransitZone(t *testing.T) {
	n := transit()
	n.Subnets = slices.DeleteFunc(n.Subnets, func(s fabric.Subnet) bool { return s.VPC == "west/a" })
	for _, s := range []struct{ id, a, b string }{{"west/a/app", "10.1.0.0/24", "10.1.1.0/24"}, {"west/a/_transit", "10.1.9.0/28", ""}} {
		sn := fabric.Subnet{ID: fabric.SubnetID(s.id), VPC: "west/a", Site: "west", RouteTable: "west/a/rt", Parts: []fabric.SubnetPart{{Zone: "z1", Prefix: pfx(s.a)}}}
		if s.b != "" {
			sn.Parts = append(sn.Parts, fabric.SubnetPart{Zone: "z2", Prefix: pfx(s.b)})
		}
		n.Subnets = append(n.Subnets, sn)
	}
	for i := range n.Attachments {
		if n.Attachments[i].ID == "west/tgw--west/a" {
			n.Attachments[i].Subnets = []fabric.SubnetID{"west/a/_transit"}
		}
	}
	tables := n.tables()
	for zone, want := range map[string]routes.Outcome{"z1": routes.Delivered, "z2": routes.Blackhole} {
		paths, _ := tables.Trace(tables.TableOf("west/a/app", zone), netip.MustParseAddr("192.168.0.1"))
		if paths[0].Outcome != want {
			t.Errorf("from zone %s: %s, want %s", zone, paths[0].Outcome, want)
		}
	}
}

// cloudHub is a VPC with a virtual private gateway and two offices.
func cloudHub(first, second int) *net {
	n := &net{}
	n.site("west", vocab.AWS, "us-west-2", "")
	n.vpc("west/a", "west", vocab.AWS, "10.1.0.0/16")
	n.table("west/a/rt", "west/a").Propagate = []fabric.GatewayID{"west/vgw"}
	n.office("north", "192.168.0.0/16", first)
	n.office("south", "172.16.0.0/16", second)
	n.gateway("west/vgw", "west", "west/a", fabric.VirtualPrivateGateway, 64601)
	n.vpn("west/vgw", "north/cpe", 2)
	n.vpn("west/vgw", "south/cpe", 2)
	return n
}

// TestCloudHub: a virtual private gateway hands the routes of one connection
// to the others, unless their AS numbers are one.
func TestCloudHub(t *testing.T) {
	tables := cloudHub(65001, 65002).tables()
	check(t, tables,
		held{"west/vgw", "192.168.0.0/16", "BGP 65001"}, // one tunnel of two
		held{"south/cpe", "192.168.0.0/16", "BGP 64601 65001"},
		held{"west/a/rt", "172.16.0.0/16", "BGP 65002"},
	)
	follow(t, tables, goes{"north/cpe", "172.16.0.1", "north/cpe > west/vgw > south/cpe: delivered"})
	same := cloudHub(65001, 65001).tables()
	check(t, same, held{"south/cpe", "192.168.0.0/16", "nothing"})
	if got := events(same, routes.LoopRefused); len(got) != 2 {
		t.Errorf("refused loops: %q, want one each way", got)
	}
}

// TestLocalRouteWins: a learned route inside the VPC's block is not used, a
// static one over a learned one of the same prefix is.
func TestLocalRouteWins(t *testing.T) {
	n := cloudHub(65001, 65002)
	n.find("north/cpe").Announce = pfxs("192.168.0.0/16 10.1.5.0/24")
	n.Sites[0].Prefixes = append(n.Sites[0].Prefixes, pfx("10.1.5.0/24"))
	for i := range n.Sites {
		if n.Sites[i].ID == "north" {
			n.Sites[i].Prefixes = pfxs("192.168.0.0/16 10.1.5.0/24")
		}
	}
	n.RouteTables[0].Routes = []fabric.Route{{Prefix: pfx("172.16.0.0/16"), Hop: fabric.Hop{Kind: fabric.HopBlackhole}}}
	tables := n.tables()
	follow(t, tables,
		goes{"west/a/rt", "10.1.5.1", "west/a/rt: delivered"},
		goes{"west/a/rt", "172.16.0.1", "west/a/rt: discarded by a blackhole route"},
	)
	if got := events(tables, routes.Shadowed); len(got) == 0 {
		t.Error("no event says that 10.1.5.0/24 is never used")
	}
}

// TestUnattached: a gateway that is attached to no VPC carries nothing.
func TestUnattached(t *testing.T) {
	n := cloudHub(65001, 65002)
	n.Attachments = nil
	tables := n.tables()
	check(t, tables, held{"north/cpe", "10.1.0.0/16", "nothing"}, held{"west/a/rt", "192.168.0.0/16", "nothing"})
}

// TestStaticConnection: without BGP the connection's static routes count, and
// what the device does is not known.
func TestStaticConnection(t *testing.T) {
	n := cloudHub(65001, 65002)
	for i := range n.Connections {
		if n.Connections[i].Link == "west-vgw--north-cpe" {
			n.Connections[i].Static, n.Connections[i].StaticRoutes, n.Connections[i].Peer = true, pfxs("192.168.0.0/16"), "north/cpe"
		}
	}
	tables := n.tables()
	check(t, tables, held{"west/a/rt", "192.168.0.0/16", "static"}, held{"south/cpe", "192.168.0.0/16", "BGP 64601"})
	follow(t, tables,
		goes{"west/a/rt", "192.168.0.1", "west/a/rt > west/vgw > north/cpe: delivered"},
		goes{"north/cpe", "10.1.0.1", "north/cpe: not modelled"},
	)
}

// TestNAT: a NAT gateway sends on by the table of its own subnet.
func TestNAT(t *testing.T) {
	for _, tt := range []struct {
		name   string
		public []fabric.Route
		want   string
	}{
		{"to the internet gateway", []fabric.Route{{Prefix: pfx("0.0.0.0/0"), Hop: fabric.Hop{Kind: fabric.HopInternetGateway}}}, "west/a/rt: out to the internet"},
		{"nowhere", nil, "west/a/rt: no route"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := &net{}
			n.site("west", vocab.AWS, "us-west-2", "")
			n.vpc("west/a", "west", vocab.AWS, "10.1.0.0/16")
			n.table("west/a/rt", "west/a", fabric.Route{Prefix: pfx("0.0.0.0/0"), Hop: fabric.Hop{Kind: fabric.HopNAT, NAT: "west/a/nat"}})
			n.table("west/a/rt-public", "west/a", tt.public...)
			n.subnet("west/a/_nat", "west/a", "west", "10.1.9.0/28", "west/a/rt-public")
			n.VPCs[0].InternetGateway = true
			n.NATs = []fabric.NAT{{ID: "west/a/nat", VPC: "west/a", Site: "west", Subnet: "west/a/_nat"}}
			follow(t, n.tables(), goes{"west/a/rt", "198.51.100.1", tt.want})
		})
	}
}

// directConnect is a Direct Connect gateway with an office behind a circuit.
func directConnect(kind fabric.GatewayKind, allowed string) *net {
	n := &net{}
	n.site("west", vocab.AWS, "us-west-2", "")
	n.vpc("west/a", "west", vocab.AWS, "10.1.0.0/16")
	n.office("office", "192.168.0.0/16", 65001)
	n.office("second", "172.16.0.0/16", 65002)
	n.gateway("dx", "west", "", fabric.DirectConnectGateway, 64700)
	rt := n.table("west/a/rt", "west/a", viaTransit("0.0.0.0/0", "west/gw"))
	if kind == fabric.VirtualPrivateGateway {
		rt.Routes, rt.Propagate = nil, []fabric.GatewayID{"west/gw"}
		n.gateway("west/gw", "west", "west/a", kind, 64601)
	} else {
		n.gateway("west/gw", "west", "", kind, 64601).DefaultTable = true
		n.attachVPC("west/gw", "west/a")
	}
	n.attach(fabric.Attachment{ID: "assoc", Kind: fabric.DirectConnectAssociation, Gateway: "dx", Peer: "west/gw", Allowed: pfxs(allowed)})
	n.vpn("dx", "office/cpe", 1)
	n.vpn("dx", "second/cpe", 1)
	return n
}

// TestAllowedPrefixes: with a virtual private gateway a filter on the VPC's
// blocks, with a transit gateway what is announced.
func TestAllowedPrefixes(t *testing.T) {
	for _, tt := range []struct {
		name    string
		kind    fabric.GatewayKind
		allowed string
		held    []held
		way     string
	}{
		{"VGW, wider", fabric.VirtualPrivateGateway, "10.0.0.0/8", []held{{"office/cpe", "10.1.0.0/16", "BGP 64700"}, {"office/cpe", "10.0.0.0/8", "nothing"}}, "office/cpe > dx > west/gw: delivered"},
		{"VGW, narrower", fabric.VirtualPrivateGateway, "10.1.0.0/24", []held{{"office/cpe", "10.1.0.0/16", "nothing"}, {"office/cpe", "10.1.0.0/24", "nothing"}}, "office/cpe: no route"},
		{"TGW, wider", fabric.TransitGateway, "10.0.0.0/8", []held{{"office/cpe", "10.1.0.0/16", "nothing"}, {"office/cpe", "10.0.0.0/8", "BGP 64700"}}, "office/cpe > dx > west/gw/default: delivered"},
		{"TGW, of nobody", fabric.TransitGateway, "10.77.0.0/16", []held{{"office/cpe", "10.77.0.0/16", "BGP 64700"}}, "office/cpe: no route"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tables := directConnect(tt.kind, tt.allowed).tables()
			check(t, tables, tt.held...)
			follow(t, tables, goes{"office/cpe", "10.1.0.1", tt.way})
		})
	}
}

// TestDirectConnectIsNoTransit: not between two circuits; from the VPC to one.
func TestDirectConnectIsNoTransit(t *testing.T) {
	tables := directConnect(fabric.TransitGateway, "10.0.0.0/8").tables()
	check(t, tables, held{"second/cpe", "192.168.0.0/16", "nothing"}, held{"west/gw/default", "192.168.0.0/16", "BGP 64700 65001"})
	follow(t, tables, goes{"west/a/rt", "192.168.0.1", "west/a/rt > west/gw/default > dx/circuits > office/cpe: delivered"})
}
