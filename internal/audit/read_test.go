package audit

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

var (
	pfx    = netip.MustParsePrefix
	anyone = []vocab.Service{{}}
)

// TestReadNetworks: what a spec cannot come to, but a network that was read
// can, with the object that each rule names.
func TestReadNetworks(t *testing.T) {
	tests := []struct {
		name, code string
		network    fabric.Network
		want       []string
	}{
		{
			name: "networks with and without a flow log", code: "TL2003", want: []string{"dublin/bare", "dublin/old"},
			network: fabric.Network{
				VPCs:     []fabric.VPC{{ID: "dublin/app", Cloud: vocab.AWS}, {ID: "dublin/bare", Cloud: vocab.AWS}, {ID: "dublin/old", Cloud: vocab.AWS, Existing: "vpc-1"}},
				FlowLogs: []fabric.FlowLog{{ID: "dublin/app/flow-log", VPC: "dublin/app"}},
			},
		},
		{
			name: "default security groups, used, unused and empty", code: "TL2013", want: []string{"dublin/a/default"},
			network: fabric.Network{
				VPCs: []fabric.VPC{{ID: "dublin/a", Cloud: vocab.AWS}},
				Filters: []fabric.Filter{
					{ID: "dublin/a/default", Name: "default", Kind: fabric.SecurityGroup, VPC: "dublin/a", Subnets: []fabric.SubnetID{"dublin/a/x"}, Rules: []fabric.FilterRule{{}}},
					{ID: "dublin/a/emptied", Name: "default", Kind: fabric.SecurityGroup, VPC: "dublin/a", Subnets: []fabric.SubnetID{"dublin/a/y"}},
					{ID: "dublin/a/own", Name: "web", Kind: fabric.SecurityGroup, VPC: "dublin/a", Subnets: []fabric.SubnetID{"dublin/a/z"}, Rules: []fabric.FilterRule{{}}},
					{ID: "dublin/a/unused", Name: "default", Kind: fabric.SecurityGroup, VPC: "dublin/a", Rules: []fabric.FilterRule{{}}},
				},
			},
		},
		{
			name: "rules of Google's default network", code: "TL2013", want: []string{"net:default/firewall"},
			network: fabric.Network{
				VPCs:    []fabric.VPC{{ID: "net:default", Cloud: vocab.GCP}},
				Filters: []fabric.Filter{{ID: "net:default/firewall", Kind: fabric.FirewallPolicy, VPC: "net:default", Rules: []fabric.FilterRule{{Name: "default-allow-ssh"}, {Name: "allow-web"}}}},
			},
		},
		{
			name: "an Azure subnet without a group", code: "TL2013", want: []string{"north/a/bare"},
			network: fabric.Network{
				VPCs:    []fabric.VPC{{ID: "north/a", Cloud: vocab.Azure}},
				Subnets: []fabric.Subnet{{ID: "north/a/bare", VPC: "north/a"}, {ID: "north/a/web", VPC: "north/a", Filter: "north/a/web/nsg"}, {ID: "north/a/AzureFirewallSubnet", Name: "AzureFirewallSubnet", VPC: "north/a"}, {ID: "north/a/zgw", VPC: "north/a", Purpose: fabric.GatewaySubnet}},
			},
		},
		{name: "two connections to both interfaces", code: "TL2101", network: connections(0, 1), want: []string{}},
		{name: "two connections to one interface", code: "TL2101", network: connections(1, 1), want: []string{"dublin--ghislain"}},
		{name: "an active-active gateway", code: "TL2102", network: azurePeer(2), want: []string{}},
		{name: "an active-standby gateway", code: "TL2102", network: azurePeer(1), want: []string{"north/vpn"}},
		{name: "an inside prefix that AWS reserves", code: "TL2103", network: insides("169.254.0.0/30", "169.254.6.0/30"), want: []string{"dublin--office/0"}},
		{name: "one that is not link-local", code: "TL2103", network: insides("10.0.0.0/30", "169.254.6.0/30"), want: []string{"dublin--office/0"}},
		{name: "the same twice", code: "TL2103", network: insides("169.254.6.0/30", "169.254.6.0/30"), want: []string{"dublin--office/1"}},
		{name: "two of one's own", code: "TL2103", network: insides("169.254.6.0/30", "169.254.6.4/30"), want: []string{}},
		{name: "not known before it is built", code: "TL2103", network: insides("", ""), want: []string{}},
		{name: "numbers of their own", code: "TL2105", network: numbers(64520, 65010, 64521), want: []string{}},
		{name: "one number twice", code: "TL2105", network: numbers(64512, 65010, 64512), want: []string{"paris/tgw"}},
		{name: "a number that AWS refuses", code: "TL2105", network: numbers(64520, 7224, 64521), want: []string{"office/cpe", "office/cpe"}},
		{name: "numbers that are not known", code: "TL2105", network: numbers(0, 0, 0), want: []string{}},
		{
			name: "two networks at a virtual private gateway's site", code: "TL2201", want: []string{"dublin/lab"},
			network: fabric.Network{
				VPCs:     []fabric.VPC{{ID: "dublin/app", Sites: []fabric.SiteID{"dublin"}}, {ID: "dublin/lab", Sites: []fabric.SiteID{"dublin"}}},
				Gateways: []fabric.Gateway{{ID: "dublin/app/vgw", Kind: fabric.VirtualPrivateGateway, Site: "dublin", VPC: "dublin/app"}},
				Links:    []fabric.Link{{ID: "dublin--office", Sites: [2]fabric.SiteID{"dublin", "office"}, Gateways: [2]fabric.GatewayID{"dublin/app/vgw", "office/cpe"}}},
			},
		},
		{name: "a spoke with gateway transit", code: "TL2201", network: azureSpoke(true), want: []string{}},
		{name: "a spoke without gateway transit", code: "TL2201", network: azureSpoke(false), want: []string{"north/spoke"}},
		{name: "a spoke of Google that is announced", code: "TL2201", network: googleSpoke(true, "10.16.0.0/16"), want: []string{}},
		{name: "one that is not announced", code: "TL2201", network: googleSpoke(true, "10.17.0.0/16"), want: []string{"net:spoke"}},
		{name: "one that imports no routes", code: "TL2201", network: googleSpoke(false, "10.16.0.0/16"), want: []string{"net:spoke"}},
		{name: "a group that ends in a deny", code: "TL2202", network: group(true, true), want: []string{}},
		{name: "a group that ends in Azure's defaults", code: "TL2202", network: group(false, true), want: []string{"north/a/web/nsg"}},
		{name: "the same on a network that is joined to nothing", code: "TL2202", network: group(false, false), want: []string{}},
		{name: "a hub in Google with site-to-site transfer", code: "TL2203", network: googleHub(false), want: []string{}},
		{name: "a hub in Google without", code: "TL2203", network: googleHub(true), want: []string{"ghislain"}},
		{name: "a table with a route to the transit gateway", code: "TL2204", network: tables(fabric.TransitGateway, fabric.Route{Hop: fabric.Hop{Kind: fabric.HopTransitGateway, Gateway: "dublin/gw"}}), want: []string{}},
		{name: "a table without", code: "TL2204", network: tables(fabric.TransitGateway), want: []string{"dublin/a/rt"}},
		{name: "a table that leads to a machine, of which nothing is known", code: "TL2204", network: tables(fabric.TransitGateway, fabric.Route{Hop: fabric.Hop{Kind: fabric.HopAppliance}}), want: []string{}},
		{name: "a table that does not learn from the virtual private gateway", code: "TL2204", network: tables(fabric.VirtualPrivateGateway), want: []string{"dublin/a/rt"}},
		{name: "a table that does", code: "TL2204", network: learning(tables(fabric.VirtualPrivateGateway)), want: []string{}},
		{name: "a NAT gateway in each zone", code: "TL2401", network: zones("euw1-az1", "euw1-az2"), want: []string{}},
		{name: "one NAT gateway for two zones", code: "TL2401", network: zones("euw1-az1", "euw1-az1"), want: []string{"dublin/a/web"}},
		{
			name: "sizes with and without zones", code: "TL2408", want: []string{"north/vpn"},
			network: fabric.Network{Gateways: []fabric.Gateway{
				{ID: "north/vpn", Kind: fabric.VPNGateway, SKU: "VpnGw1"}, {ID: "west/vpn", Kind: fabric.VPNGateway, SKU: "VpnGw1AZ"}, {ID: "x/unknown", Kind: fabric.VPNGateway},
			}},
		},
		{name: "more than one tunnel from a virtual private gateway", code: "TL2108", network: asked(2 * vocab.Gbps), want: []string{"dublin/app/vgw"}},
		{name: "no more than one", code: "TL2108", network: asked(vocab.Gbps), want: []string{}},
	}
	for _, tt := range tests {
		t.Run(tt.code+" "+tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, judge(t, tt.code, &tt.network, nil)); diff != "" {
				t.Errorf("objects of %s (-want +got):\n%s", tt.code, diff)
			}
		})
	}
}

// connections joins AWS to a gateway of two interfaces by two connections.
func connections(first, second int) fabric.Network {
	return fabric.Network{
		Gateways: []fabric.Gateway{{ID: "dublin/tgw", Kind: fabric.TransitGateway}, {ID: "ghislain/vpn", Kind: fabric.HAVPN, Interfaces: make([]fabric.Interface, 2)}},
		Links:    []fabric.Link{{ID: "dublin--ghislain", Kind: fabric.VPN}},
		Connections: []fabric.Connection{
			{ID: "dublin--ghislain/c0", Link: "dublin--ghislain", Gateway: "dublin/tgw", Peer: "ghislain/vpn", PeerInterface: first},
			{ID: "dublin--ghislain/c1", Link: "dublin--ghislain", Gateway: "dublin/tgw", Peer: "ghislain/vpn", PeerInterface: second},
		},
	}
}

// azurePeer joins AWS to an Azure gateway with a number of instances.
func azurePeer(instances int) fabric.Network {
	return fabric.Network{
		Sites:    []fabric.Site{{ID: "dublin", Cloud: vocab.AWS}, {ID: "north", Cloud: vocab.Azure}},
		Gateways: []fabric.Gateway{{ID: "dublin/tgw", Kind: fabric.TransitGateway, Site: "dublin"}, {ID: "north/vpn", Kind: fabric.VPNGateway, Site: "north", Interfaces: make([]fabric.Interface, instances)}},
		Links:    []fabric.Link{{ID: "dublin--north", Kind: fabric.VPN, Sites: [2]fabric.SiteID{"dublin", "north"}, Gateways: [2]fabric.GatewayID{"dublin/tgw", "north/vpn"}}},
	}
}

// insides joins AWS to a site of one's own by tunnels with inside prefixes.
func insides(list ...string) fabric.Network {
	n := fabric.Network{
		Sites: []fabric.Site{{ID: "dublin", Cloud: vocab.AWS, Region: "eu-west-1"}, {ID: "office", Cloud: vocab.OnPrem}},
		Links: []fabric.Link{{ID: "dublin--office", Kind: fabric.VPN, Sites: [2]fabric.SiteID{"dublin", "office"}}},
	}
	for i, s := range list {
		tunnel := fabric.Tunnel{ID: fabric.TunnelID("dublin--office/" + string(rune('0'+i))), Link: "dublin--office", Ends: [2]fabric.TunnelEnd{{Gateway: "dublin/tgw"}, {Gateway: "office/cpe"}}}
		if s != "" {
			tunnel.Inside = pfx(s)
		}
		n.Tunnels = append(n.Tunnels, tunnel)
	}
	return n
}

// numbers joins two AWS gateways to a device between them.
func numbers(dublin, office, paris vocab.ASN) fabric.Network {
	return fabric.Network{
		Sites: []fabric.Site{{ID: "dublin", Cloud: vocab.AWS, Region: "eu-west-1"}, {ID: "office", Cloud: vocab.OnPrem}, {ID: "paris", Cloud: vocab.AWS, Region: "eu-west-3"}},
		Gateways: []fabric.Gateway{
			{ID: "dublin/tgw", Kind: fabric.TransitGateway, Site: "dublin", ASN: dublin},
			{ID: "office/cpe", Kind: fabric.Device, Site: "office", ASN: office},
			{ID: "paris/tgw", Kind: fabric.TransitGateway, Site: "paris", ASN: paris},
		},
		Tunnels: []fabric.Tunnel{
			{ID: "dublin--office/0", Ends: [2]fabric.TunnelEnd{{Gateway: "dublin/tgw"}, {Gateway: "office/cpe"}}},
			{ID: "office--paris/0", Ends: [2]fabric.TunnelEnd{{Gateway: "office/cpe"}, {Gateway: "paris/tgw"}}},
		},
	}
}

// azureSpoke is a hub VNet with a VPN gateway and a spoke peered with it.
func azureSpoke(transit bool) fabric.Network {
	return fabric.Network{
		VPCs:        []fabric.VPC{{ID: "north/hub", Sites: []fabric.SiteID{"north"}, Role: fabric.Hub}, {ID: "north/spoke", Sites: []fabric.SiteID{"north"}}},
		Gateways:    []fabric.Gateway{{ID: "north/vpn", Kind: fabric.VPNGateway, Site: "north", VPC: "north/hub"}},
		Links:       []fabric.Link{{ID: "north--office", Sites: [2]fabric.SiteID{"north", "office"}, Gateways: [2]fabric.GatewayID{"north/vpn", "office/cpe"}}},
		Attachments: []fabric.Attachment{{ID: "p", Kind: fabric.VNetPeering, VPC: "north/spoke", PeerVPC: "north/hub", GatewayTransit: transit}},
	}
}

// googleSpoke is a hub VPC with a VPN gateway and a spoke peered with it.
func googleSpoke(exchange bool, announced string) fabric.Network {
	return fabric.Network{
		VPCs: []fabric.VPC{
			{ID: "net:hub", Sites: []fabric.SiteID{"ghislain"}, Role: fabric.Hub},
			{ID: "net:spoke", Sites: []fabric.SiteID{"ghislain"}, Blocks: []fabric.SiteBlock{{Site: "ghislain", Prefix: pfx("10.16.0.0/16")}}},
		},
		Gateways:    []fabric.Gateway{{ID: "ghislain/vpn", Kind: fabric.HAVPN, Site: "ghislain", VPC: "net:hub", Announce: []netip.Prefix{pfx(announced)}}},
		Links:       []fabric.Link{{ID: "ghislain--office", Sites: [2]fabric.SiteID{"ghislain", "office"}, Gateways: [2]fabric.GatewayID{"ghislain/vpn", "office/cpe"}}},
		Attachments: []fabric.Attachment{{ID: "p", Kind: fabric.VPCPeering, VPC: "net:spoke", PeerVPC: "net:hub", ExchangeRoutes: exchange}},
	}
}

// group is an NSG with or without a rule that denies the rest.
func group(denies, joined bool) fabric.Network {
	f := fabric.Filter{ID: "north/a/web/nsg", Kind: fabric.NSG, VPC: "north/a", Subnets: []fabric.SubnetID{"north/a/web"}, Rules: []fabric.FilterRule{
		{Direction: fabric.Ingress, Action: fabric.Allow, Services: []vocab.Service{{Proto: vocab.TCP}}, All: true},
		{Direction: fabric.Egress, Action: fabric.Deny, Services: anyone, All: true},
	}}
	if denies {
		f.Rules = append(f.Rules, fabric.FilterRule{Direction: fabric.Ingress, Action: fabric.Deny, Services: anyone, All: true})
	}
	n := fabric.Network{VPCs: []fabric.VPC{{ID: "north/a", Cloud: vocab.Azure}}, Filters: []fabric.Filter{f}}
	if joined {
		n.Attachments = []fabric.Attachment{{ID: "p", Kind: fabric.VNetPeering, VPC: "north/a", PeerVPC: "north/b"}}
	}
	return n
}

// googleHub is a VPC with tunnels to two sites, on an NCC hub.
func googleHub(off bool) fabric.Network {
	return fabric.Network{
		Sites:    []fabric.Site{{ID: "dublin", Cloud: vocab.AWS}, {ID: "ghislain", Cloud: vocab.GCP}, {ID: "office", Cloud: vocab.OnPrem}},
		Gateways: []fabric.Gateway{{ID: "ghislain/vpn", Kind: fabric.HAVPN, Site: "ghislain"}},
		Links: []fabric.Link{
			{ID: "dublin--ghislain", Kind: fabric.VPN, Sites: [2]fabric.SiteID{"dublin", "ghislain"}, Gateways: [2]fabric.GatewayID{"dublin/tgw", "ghislain/vpn"}, Tunnels: []fabric.TunnelID{"dublin--ghislain/0"}},
			{ID: "ghislain--office", Kind: fabric.VPN, Sites: [2]fabric.SiteID{"ghislain", "office"}, Gateways: [2]fabric.GatewayID{"ghislain/vpn", "office/cpe"}, Tunnels: []fabric.TunnelID{"ghislain--office/0"}},
		},
		Attachments: []fabric.Attachment{{ID: "s", Kind: fabric.NCCHybridSpoke, Gateway: "ghislain/vpn", Tunnels: []fabric.TunnelID{"dublin--ghislain/0", "ghislain--office/0"}, NoSiteToSite: off}},
	}
}

// tables is a VPC with one table, joined to a gateway that has a link.
func tables(kind fabric.GatewayKind, list ...fabric.Route) fabric.Network {
	n := fabric.Network{
		VPCs:        []fabric.VPC{{ID: "dublin/a", Sites: []fabric.SiteID{"dublin"}}},
		Subnets:     []fabric.Subnet{{ID: "dublin/a/web", VPC: "dublin/a", RouteTable: "dublin/a/rt", Parts: []fabric.SubnetPart{{Zone: "euw1-az1", RouteTable: "dublin/a/rt"}}}},
		RouteTables: []fabric.RouteTable{{ID: "dublin/a/rt", VPC: "dublin/a", Routes: list}},
		Gateways:    []fabric.Gateway{{ID: "dublin/gw", Kind: kind, Site: "dublin"}},
		Links:       []fabric.Link{{ID: "dublin--office", Gateways: [2]fabric.GatewayID{"dublin/gw", "office/cpe"}}},
	}
	if kind == fabric.TransitGateway {
		n.Attachments = []fabric.Attachment{{ID: "a", Kind: fabric.TransitVPCAttachment, Gateway: "dublin/gw", VPC: "dublin/a"}}
	} else {
		n.Gateways[0].VPC = "dublin/a"
	}
	return n
}

func learning(n fabric.Network) fabric.Network {
	n.RouteTables[0].Propagate = []fabric.GatewayID{"dublin/gw"}
	return n
}

// zones is a subnet over two zones whose tables lead to NAT gateways in zones.
func zones(nats ...string) fabric.Network {
	n := fabric.Network{Subnets: []fabric.Subnet{{ID: "dublin/a/web", VPC: "dublin/a"}}}
	for i, z := range []string{"euw1-az1", "euw1-az2"} {
		table := fabric.RouteTableID("dublin/a/rt-" + z)
		n.Subnets[0].Parts = append(n.Subnets[0].Parts, fabric.SubnetPart{Zone: z, RouteTable: table})
		n.RouteTables = append(n.RouteTables, fabric.RouteTable{ID: table, Routes: []fabric.Route{{Prefix: pfx("0.0.0.0/0"), Hop: fabric.Hop{Kind: fabric.HopNAT, NAT: fabric.NATID("dublin/a/nat-" + nats[i])}}}})
		n.NATs = append(n.NATs, fabric.NAT{ID: fabric.NATID("dublin/a/nat-" + z), Zone: z})
	}
	return n
}

// asked is a virtual private gateway with two tunnels and a link that asks for
// bandwidth.
func asked(r vocab.Rate) fabric.Network {
	return fabric.Network{
		Gateways: []fabric.Gateway{{ID: "dublin/app/vgw", Kind: fabric.VirtualPrivateGateway, VPC: "dublin/app"}},
		Links:    []fabric.Link{{ID: "dublin--office", Asked: r}},
		Tunnels: []fabric.Tunnel{
			{ID: "dublin--office/0", Link: "dublin--office", Rate: 1250 * vocab.Mbps, Ends: [2]fabric.TunnelEnd{{Gateway: "dublin/app/vgw"}, {Gateway: "office/cpe"}}},
			{ID: "dublin--office/1", Link: "dublin--office", Rate: 1250 * vocab.Mbps, Ends: [2]fabric.TunnelEnd{{Gateway: "dublin/app/vgw"}, {Gateway: "office/cpe"}}},
		},
	}
}
