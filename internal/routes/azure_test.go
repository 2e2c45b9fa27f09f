package routes_test

import (
	"testing"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

// azure is a hub VNet with a VPN gateway, a spoke that uses it and one that
// does not, and two offices.
func azure() *net {
	n := &net{}
	n.site("z", vocab.Azure, "westus2", "")
	n.vpc("z/hub", "z", vocab.Azure, "10.0.0.0/24")
	n.vpc("z/a", "z", vocab.Azure, "10.1.0.0/16")
	n.vpc("z/b", "z", vocab.Azure, "10.2.0.0/16")
	n.attach(fabric.Attachment{ID: "hub--a", Kind: fabric.VNetPeering, VPC: "z/a", PeerVPC: "z/hub", GatewayTransit: true})
	n.attach(fabric.Attachment{ID: "hub--b", Kind: fabric.VNetPeering, VPC: "z/b", PeerVPC: "z/hub"})
	n.office("north", "192.168.0.0/16", 65001)
	n.office("south", "172.16.0.0/16", 65002)
	n.gateway("z/vpn", "z", "z/hub", fabric.VPNGateway, 64700)
	n.vpn("z/vpn", "north/cpe", 2)
	n.vpn("z/vpn", "south/cpe", 2)
	return n
}

func (n *net) holds(site, prefixes string) {
	for i := range n.Sites {
		if n.Sites[i].ID == fabric.SiteID(site) {
			n.Sites[i].Prefixes = pfxs(prefixes)
		}
	}
	n.find(site + "/cpe").Announce = pfxs(prefixes)
}

// TestVPNGateway: it announces its VNet and those that use it, hands on what
// it learned, and peering is not transitive.
func TestVPNGateway(t *testing.T) {
	tables := azure().tables()
	check(t, tables,
		held{"north/cpe", "10.1.0.0/16", "BGP 64700"},
		held{"north/cpe", "10.2.0.0/16", "nothing"},
		held{"north/cpe", "172.16.0.0/16", "BGP 64700 65002"},
		held{"z/vpn", "192.168.0.0/16", "BGP 65001 over 2"},
	)
	follow(t, tables,
		goes{"z/a/rt-system", "192.168.0.1", "z/a/rt-system > z/vpn > north/cpe: delivered"},
		goes{"z/b/rt-system", "192.168.0.1", "z/b/rt-system: discarded by a blackhole route"},
		goes{"z/a/rt-system", "10.2.0.1", "z/a/rt-system: discarded by a blackhole route"},
		goes{"z/a/rt-system", "10.0.0.1", "z/a/rt-system: delivered"},
		goes{"north/cpe", "172.16.0.1", "north/cpe > z/vpn > south/cpe: delivered"},
	)
}

// TestVNetFilters: a prefix equal to or inside a VNet is refused from a peer,
// a wider one and a default route are taken; the default is not handed on.
func TestVNetFilters(t *testing.T) {
	n := azure()
	n.holds("north", "192.168.0.0/16 10.1.0.0/16 10.1.4.0/24 10.0.0.0/8 0.0.0.0/0")
	tables := n.tables()
	check(t, tables,
		held{"z/vpn", "10.1.0.0/16", "peering"},
		held{"z/vpn", "10.0.0.0/8", "nothing"}, // 10.0.0.0 is in the hub
		held{"south/cpe", "10.0.0.0/8", "nothing"},
		held{"south/cpe", "0.0.0.0/0", "nothing"},
		held{"z/a/rt-system", "0.0.0.0/0", "BGP 65001"},
	)
	follow(t, tables,
		goes{"z/a/rt-system", "10.77.0.1", "z/a/rt-system > z/vpn > north/cpe: delivered"},
		goes{"z/a/rt-system", "198.51.100.1", "z/a/rt-system > z/vpn > north/cpe: delivered"},
		goes{"south/cpe", "10.77.0.1", "south/cpe > z/vpn > north/cpe: delivered"},
		goes{"south/cpe", "198.51.100.1", "south/cpe: no route"},
	)
	if got := events(tables, routes.FilteredPrefix); len(got) == 0 {
		t.Error("no event says that prefixes are refused")
	}
}

// TestUserRoutes: over BGP over system routes; the longest prefix first, but
// for what lies inside the VNet and its peers.
func TestUserRoutes(t *testing.T) {
	n := azure()
	gateway := fabric.Hop{Kind: fabric.HopVirtualNetworkGateway}
	none := fabric.Hop{Kind: fabric.HopBlackhole}
	n.table("z/a/rt", "z/a",
		fabric.Route{Prefix: pfx("10.2.0.0/16"), Hop: gateway},
		fabric.Route{Prefix: pfx("192.168.0.0/16"), Hop: none},
		fabric.Route{Prefix: pfx("172.16.0.0/12"), Hop: none},
		fabric.Route{Prefix: pfx("10.0.0.0/25"), Hop: fabric.Hop{Kind: fabric.HopAppliance}},
	)
	off := n.table("z/a/rt-off", "z/a")
	off.NoPropagation = true
	tables := n.tables()
	follow(t, tables,
		goes{"z/a/rt", "10.2.0.1", "z/a/rt > z/vpn: no route"}, // z/b does not use the gateway
		goes{"z/a/rt", "192.168.0.1", "z/a/rt: discarded by a blackhole route"},
		goes{"z/a/rt", "172.16.0.1", "z/a/rt > z/vpn > south/cpe: delivered"},
		goes{"z/a/rt", "10.0.0.1", "z/a/rt: not modelled"},
		goes{"z/a/rt", "10.0.0.129", "z/a/rt: delivered"},
		goes{"z/a/rt-off", "172.16.0.1", "z/a/rt-off: discarded by a blackhole route"},
	)
}

// TestVirtualWAN: hubs hand each other their VNets and what they learned from
// branches; VNets of both reach each other through them.
func TestVirtualWAN(t *testing.T) {
	n := &net{}
	for i, s := range []string{"z1", "z2"} {
		n.site(s, vocab.Azure, []string{"westus2", "eastus"}[i], "")
		n.vpc(s+"/a", s, vocab.Azure, []string{"10.1.0.0/16", "10.2.0.0/16"}[i])
		n.gateway(s+"/vwan", s, "", fabric.VirtualHub, 64700)
		n.attach(fabric.Attachment{ID: fabric.AttachmentID(s + "--a"), Kind: fabric.VirtualHubConnection, Gateway: fabric.GatewayID(s + "/vwan"), VPC: fabric.VPCID(s + "/a")})
	}
	n.office("north", "192.168.0.0/16", 65001)
	n.vpn("z1/vwan", "north/cpe", 2)
	n.Links = append(n.Links, fabric.Link{ID: "z1--z2", Kind: fabric.VirtualWANLink, Sites: [2]fabric.SiteID{"z1", "z2"}})
	p := n.plane()
	follow(t, p.Tables(nil),
		goes{"z2/a/rt-system", "192.168.0.1", "z2/a/rt-system > z2/vwan > z1/vwan > north/cpe: delivered"},
		goes{"north/cpe", "10.2.0.1", "north/cpe > z1/vwan > z2/vwan: delivered"},
		goes{"z1/a/rt-system", "10.2.0.1", "z1/a/rt-system > z1/vwan > z2/vwan: delivered"},
	)
	cut := p.Tables(routes.NewFailure(routes.Part{Kind: routes.LinkPart, ID: "z1--z2"}))
	check(t, cut, held{"z2/vwan", "192.168.0.0/16", "nothing"}, held{"north/cpe", "10.2.0.0/16", "nothing"})
}

// TestExpressRoutePreferred: of a VNet's two gateways the circuit's, and no
// transit from one to the other.
func TestExpressRoutePreferred(t *testing.T) {
	n := azure()
	n.gateway("z/er", "z", "z/hub", fabric.ExpressRouteGateway, 64701)
	n.vpn("z/er", "north/cpe", 2)
	tables := n.tables()
	follow(t, tables,
		goes{"z/hub/rt-system", "192.168.0.1", "z/hub/rt-system > z/er > north/cpe: delivered"},
		goes{"z/hub/rt-system", "172.16.0.1", "z/hub/rt-system > z/vpn > south/cpe: delivered"},
	)
	check(t, tables, held{"z/er", "172.16.0.0/16", "nothing"})
}
