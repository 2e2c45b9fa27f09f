package routes_test

import (
	"fmt"
	"testing"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

// google is a VPC with a subnet in two regions and a gateway in each, with an
// office behind each of them that announces a prefix of both.
func google() *net {
	n := &net{}
	n.site("g1", vocab.GCP, "us-west1", "")
	n.site("g2", vocab.GCP, "us-east4", "")
	n.VPCs = append(n.VPCs, fabric.VPC{ID: "net:v", Cloud: vocab.GCP, Sites: []fabric.SiteID{"g1", "g2"}})
	n.subnet("g1/v/s", "net:v", "g1", "10.1.0.0/20", "")
	n.subnet("g2/v/s", "net:v", "g2", "10.2.0.0/20", "")
	n.office("north", "192.168.0.0/16 172.16.0.0/16", 65001)
	n.office("south", "172.16.0.0/16", 65002)
	for i, s := range []string{"g1", "g2"} {
		g := n.gateway(s+"/vpn", s, "net:v", fabric.HAVPN, 64600+i)
		g.AnnounceSubnets = true
	}
	n.vpn("g1/vpn", "north/cpe", 2)
	n.vpn("g2/vpn", "south/cpe", 2)
	return n
}

// TestCloudRouter: subnets of all regions are announced, what a peer announces
// is not handed to another, and the router of the own region is preferred.
func TestCloudRouter(t *testing.T) {
	tables := google().tables()
	check(t, tables,
		held{"north/cpe", "10.2.0.0/20", "BGP 64600"},
		held{"south/cpe", "192.168.0.0/16", "nothing"},
		held{"net:v@us-west1", "172.16.0.0/16", "BGP 65001"},
		held{"net:v@us-east4", "172.16.0.0/16", "BGP 65002"},
		held{"g1/vpn", "172.16.0.0/16", "BGP 65001 over 2"},
	)
	follow(t, tables,
		goes{"net:v@us-east4", "192.168.0.1", "net:v@us-east4 > g1/vpn > north/cpe: delivered"},
		goes{"north/cpe", "10.2.0.1", "north/cpe > net:v@us-west1: delivered"},
		goes{"north/cpe", "10.3.0.1", "north/cpe: no route"},
	)
}

// TestAnnouncedIsNoRoute: a custom range is announced only, and what a peer
// announces of it is learned as always.
func TestAnnouncedIsNoRoute(t *testing.T) {
	n := google()
	n.find("g1/vpn").Announce = pfxs("192.168.0.0/16")
	tables := n.tables()
	check(t, tables, held{"net:v@us-west1", "192.168.0.0/16", "BGP 65001"})
	follow(t, tables, goes{"net:v@us-west1", "192.168.0.1", "net:v@us-west1 > g1/vpn > north/cpe: delivered"})
}

// TestRegionalRouting: what a router learns stays in its region, and it
// announces the subnets of its region.
func TestRegionalRouting(t *testing.T) {
	n := google()
	n.VPCs[0].RegionalRouting = true
	check(t, n.tables(),
		held{"north/cpe", "10.2.0.0/20", "nothing"},
		held{"north/cpe", "10.1.0.0/20", "BGP 64600"},
		held{"net:v@us-east4", "192.168.0.0/16", "nothing"},
	)
}

// TestRouterPriority: the MED decides over the AS path between routers, a
// static route wins when its priority is lower.
func TestRouterPriority(t *testing.T) {
	n := google()
	for i := range n.Tunnels {
		for k := range n.Tunnels[i].Ends {
			if n.Tunnels[i].Ends[k].Gateway == "north/cpe" {
				n.Tunnels[i].Ends[k].Priority = 900 // beyond the cost of the other region
			}
		}
	}
	n.table("net:v/rt", "net:v",
		fabric.Route{Prefix: pfx("192.168.0.0/16"), Priority: 800, Hop: fabric.Hop{Kind: fabric.HopBlackhole}},
		fabric.Route{Prefix: pfx("172.16.0.0/16"), Hop: fabric.Hop{Kind: fabric.HopBlackhole}})
	tables := n.tables()
	follow(t, tables,
		goes{"net:v@us-west1", "172.16.0.1", "net:v@us-west1 > g2/vpn > south/cpe: delivered"},
		goes{"net:v@us-west1", "192.168.0.1", "net:v@us-west1: discarded by a blackhole route"},
	)
}

// TestSubnetRoutesAreFirm: no learned route inside a subnet is used.
func TestSubnetRoutesAreFirm(t *testing.T) {
	n := google()
	n.find("north/cpe").Announce = pfxs("192.168.0.0/16 10.1.1.0/24")
	for i := range n.Sites {
		if n.Sites[i].ID == "north" {
			n.Sites[i].Prefixes = pfxs("192.168.0.0/16 10.1.1.0/24")
		}
	}
	tables := n.tables()
	follow(t, tables, goes{"net:v@us-west1", "10.1.1.1", "net:v@us-west1: delivered"})
	if got := events(tables, routes.Shadowed); len(got) == 0 {
		t.Error("no event says that 10.1.1.0/24 is never used")
	}
}

// TestPeeringExchange: peered subnets always, learned routes only where they
// are exchanged, and nothing of a peer's peer.
func TestPeeringExchange(t *testing.T) {
	for _, exchange := range []bool{false, true} {
		t.Run(fmt.Sprint(exchange), func(t *testing.T) {
			n := google()
			n.vpc("g1/w", "g1", vocab.GCP, "10.3.0.0/20")
			n.vpc("g1/x", "g1", vocab.GCP, "10.4.0.0/20")
			n.attach(fabric.Attachment{ID: "w-v", Kind: fabric.VPCPeering, VPC: "g1/w", PeerVPC: "net:v", ExchangeRoutes: exchange})
			n.attach(fabric.Attachment{ID: "x-w", Kind: fabric.VPCPeering, VPC: "g1/x", PeerVPC: "g1/w", ExchangeRoutes: exchange})
			n.find("g1/vpn").Announce = pfxs("10.3.0.0/20")
			tables := n.tables()
			want := "g1/w@us-west1: no route"
			if exchange {
				want = "g1/w@us-west1 > g1/vpn > north/cpe: delivered"
			}
			follow(t, tables,
				goes{"g1/w@us-west1", "192.168.0.1", want},
				goes{"g1/w@us-west1", "10.2.0.1", "g1/w@us-west1: delivered"},
				goes{"g1/x@us-west1", "10.2.0.1", "g1/x@us-west1: no route"},
				goes{"g1/x@us-west1", "192.168.0.1", "g1/x@us-west1: no route"},
				goes{"north/cpe", "10.3.0.1", "north/cpe > net:v@us-west1: delivered"},
			)
		})
	}
}

// TestQuota: destinations beyond the quota of a region are dropped, the
// longest masks first.
func TestQuota(t *testing.T) {
	n := google()
	long := "192.168.0.0/16 172.16.0.0/16"
	for i := range 260 {
		long += fmt.Sprintf(" 192.168.%d.%d/25", i/2, i%2*128)
	}
	n.find("north/cpe").Announce = pfxs(long)
	tables := n.tables()
	check(t, tables,
		held{"net:v@us-west1", "192.168.0.0/25", "BGP 65001"},
		held{"net:v@us-west1", "192.168.129.0/25", "nothing"},
		held{"g1/vpn", "192.168.129.0/25", "nothing"},
		held{"net:v@us-west1", "192.168.0.0/16", "nothing"}, // 192.168.0.0 is in the /25
	)
	follow(t, tables, goes{"net:v@us-west1", "192.168.129.1", "net:v@us-west1 > g1/vpn > north/cpe: delivered"})
	if got := events(tables, routes.LimitPassed); len(got) != 1 { // what the own region drops the other never sees
		t.Errorf("limits passed: %q, want one", got)
	}
}

// spoked is an NCC hub: a routing VPC with tunnels to two offices in spokes,
// and a spoke VPC.
func spoked(two, off bool) *net {
	n := &net{}
	n.site("g1", vocab.GCP, "us-west1", "")
	n.vpc("g1/hub", "g1", vocab.GCP, "10.1.0.0/20")
	n.vpc("g1/w", "g1", vocab.GCP, "10.2.0.0/20")
	n.office("north", "192.168.0.0/16", 65001)
	n.office("south", "172.16.0.0/16", 65002)
	n.gateway("g1/vpn", "g1", "g1/hub", fabric.HAVPN, 64600).Announce = pfxs("10.0.0.0/8")
	n.vpn("g1/vpn", "north/cpe", 1)
	n.vpn("g1/vpn", "south/cpe", 1)
	n.attach(fabric.Attachment{ID: "ncc-w", Kind: fabric.NCCSpoke, VPC: "g1/w"})
	tunnels := [][]fabric.TunnelID{{n.Tunnels[0].ID, n.Tunnels[1].ID}}
	if two {
		tunnels = [][]fabric.TunnelID{{n.Tunnels[0].ID}, {n.Tunnels[1].ID}}
	}
	for i, list := range tunnels {
		n.attach(fabric.Attachment{ID: fabric.AttachmentID(fmt.Sprintf("ncc-vpn-%d", i)), Kind: fabric.NCCHybridSpoke, Gateway: "g1/vpn", VPC: "g1/hub", Tunnels: list, NoSiteToSite: off})
	}
	return n
}

// TestNCC: VPC spokes use what hybrid spokes learn; tunnels reach each other
// only between spokes with site-to-site data transfer.
func TestNCC(t *testing.T) {
	for _, tt := range []struct {
		name     string
		two, off bool
		want     string
	}{
		{"one spoke", false, false, "nothing"},
		{"two spokes", true, false, "BGP 64600 65001"},
		{"two spokes without transfer", true, true, "nothing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tables := spoked(tt.two, tt.off).tables()
			check(t, tables, held{"south/cpe", "192.168.0.0/16", tt.want}, held{"g1/w@us-west1", "192.168.0.0/16", "BGP 65001"})
			follow(t, tables, goes{"north/cpe", "10.2.0.1", "north/cpe > g1/hub@us-west1: delivered"})
		})
	}
}
