package terraform

import (
	"net/netip"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

func meta(account fabric.AccountID, line int, path string) fabric.Meta {
	return fabric.Meta{Account: account, Origin: origin(line, path)}
}

func origin(line int, path string) fabric.Origin {
	return fabric.Origin{Pos: diag.Pos{File: "networks/network.yaml", Line: line, Col: 3}, Path: path}
}

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, s := range texts {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

var suite = vocab.Suite{IKEEncryption: vocab.AES256GCM, PRF: vocab.SHA384, IKEGroup: 20, ESPEncryption: vocab.AES256GCM, PFSGroup: 20}

func tcp(port uint16) []vocab.Service {
	return []vocab.Service{{Proto: vocab.TCP, Ports: vocab.PortRange{First: port, Last: port}}}
}

// awsNetwork has one of everything that AWS has: a transit gateway with tables
// of its own and a VPC of another account, one with its default tables, peered,
// a VPC with a virtual private gateway, an existing VPC, and a device on-prem.
func awsNetwork() *fabric.Network {
	n := &fabric.Network{
		Name: "lab", Environment: "production", Tags: []fabric.Tag{{Key: "team", Value: "ml"}},
		Accounts: []fabric.Account{
			{ID: "data", Cloud: vocab.AWS, Native: "444455556666", Origin: origin(6, "accounts.data"), AssumeRole: "arn:aws:iam::444455556666:role/terraform"},
			{ID: "prod", Cloud: vocab.AWS, Native: "111122223333", Origin: origin(5, "accounts.prod")},
		},
		Sites: []fabric.Site{
			{ID: "aws-ohio", Meta: meta("prod", 30, "sites.aws-ohio"), Cloud: vocab.AWS, Region: "us-east-2", Zones: []string{"use2-az1"}},
			{ID: "aws-oregon", Meta: meta("prod", 10, "sites.aws-oregon"), Cloud: vocab.AWS, Region: "us-west-2", Zones: []string{"usw2-az1", "usw2-az2"}},
			{ID: "aws-virginia", Meta: meta("prod", 20, "sites.aws-virginia"), Cloud: vocab.AWS, Region: "us-east-1", Zones: []string{"use1-az1"}},
			{ID: "headquarters", Meta: meta("", 40, "sites.headquarters"), Cloud: vocab.OnPrem},
		},
		VPCs: []fabric.VPC{
			vpc("aws-ohio", "web", "prod", 31, "10.3.0.0/16"),
			vpc("aws-oregon", "data", "data", 14, "10.2.0.0/16"),
			existingVPC(),
			vpc("aws-oregon", "ml", "prod", 11, "10.0.0.0/16", "10.1.0.0/16"),
		},
		Gateways: []fabric.Gateway{
			{ID: "aws-ohio/web/vgw", Meta: meta("prod", 30, "sites.aws-ohio"), Kind: fabric.VirtualPrivateGateway, Site: "aws-ohio", VPC: "aws-ohio/web", ASN: 64514},
			{
				ID: "aws-oregon/tgw", Meta: meta("prod", 10, "sites.aws-oregon"), Kind: fabric.TransitGateway, Site: "aws-oregon", ASN: 64512, ECMP: true,
				Tables: []fabric.TransitTable{
					{
						Name: "edge", Associate: []fabric.AttachmentID{"aws-oregon/tgw--aws-oregon--headquarters/c0", "aws-oregon/tgw--aws-virginia/tgw"},
						Propagate: []fabric.AttachmentID{"aws-oregon/tgw--aws-oregon/data", "aws-oregon/tgw--aws-oregon/ml"},
					},
					{
						Name: "networks", Associate: []fabric.AttachmentID{"aws-oregon/tgw--aws-oregon/data", "aws-oregon/tgw--aws-oregon/ml"},
						Propagate: []fabric.AttachmentID{"aws-oregon/tgw--aws-oregon--headquarters/c0", "aws-oregon/tgw--aws-oregon/data", "aws-oregon/tgw--aws-oregon/ml"},
						Routes: []fabric.Route{
							{Prefix: netip.MustParsePrefix("10.64.0.0/16"), Hop: fabric.Hop{Kind: fabric.HopAttachment, Attachment: "aws-oregon/tgw--aws-virginia/tgw"}},
							{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Hop: fabric.Hop{Kind: fabric.HopBlackhole}},
						},
					},
				},
			},
			{
				ID: "aws-virginia/tgw", Meta: meta("prod", 20, "sites.aws-virginia"), Kind: fabric.TransitGateway, Site: "aws-virginia", ASN: 64513, DefaultTable: true,
				Tables: []fabric.TransitTable{{Name: "default", Routes: []fabric.Route{
					{Prefix: netip.MustParsePrefix("10.0.0.0/14"), Hop: fabric.Hop{Kind: fabric.HopAttachment, Attachment: "aws-oregon/tgw--aws-virginia/tgw"}},
				}}},
			},
			{
				ID: "headquarters/cpe", Meta: meta("", 40, "sites.headquarters"), Kind: fabric.Device, Site: "headquarters", ASN: 4200000001,
				Interfaces: []fabric.Interface{{Index: 0, PublicIP: addr("203.0.113.10")}},
			},
		},
		Attachments: []fabric.Attachment{
			{ID: "aws-ohio/web/vgw--aws-ohio/web", Kind: fabric.VGWAttachment, Gateway: "aws-ohio/web/vgw", VPC: "aws-ohio/web"},
			{ID: "aws-oregon/tgw--aws-oregon--headquarters/c0", Kind: fabric.TransitVPNAttachment, Gateway: "aws-oregon/tgw", Connection: "aws-oregon--headquarters/c0", Link: "aws-oregon--headquarters"},
			{ID: "aws-oregon/tgw--aws-oregon/data", Meta: meta("data", 14, "sites.aws-oregon.networks.data"), Kind: fabric.TransitVPCAttachment, Gateway: "aws-oregon/tgw", VPC: "aws-oregon/data", Subnets: []fabric.SubnetID{"aws-oregon/data/main"}, CrossAccount: true},
			{ID: "aws-oregon/tgw--aws-oregon/ml", Meta: meta("prod", 11, "sites.aws-oregon.networks.ml"), Kind: fabric.TransitVPCAttachment, Gateway: "aws-oregon/tgw", VPC: "aws-oregon/ml", Subnets: []fabric.SubnetID{"aws-oregon/ml/transit"}},
			{ID: "aws-oregon/tgw--aws-virginia/tgw", Meta: meta("prod", 50, "connect[0]"), Kind: fabric.TransitPeering, Gateway: "aws-oregon/tgw", Peer: "aws-virginia/tgw", Link: "aws-oregon--aws-virginia"},
		},
		Links: []fabric.Link{
			vpnLink("aws-ohio", "headquarters", "aws-ohio/web/vgw", 52),
			{ID: "aws-oregon--aws-virginia", Origin: origin(50, "connect[0]"), Kind: fabric.TransitPeerLink, Sites: [2]fabric.SiteID{"aws-oregon", "aws-virginia"}, Gateways: [2]fabric.GatewayID{"aws-oregon/tgw", "aws-virginia/tgw"}},
			vpnLink("aws-oregon", "headquarters", "aws-oregon/tgw", 51),
		},
	}
	subnets(n)
	routes(n)
	rules(n)
	for _, link := range n.Links {
		if link.Kind == fabric.VPN {
			tunnels(n, link)
		}
	}
	for _, v := range n.VPCs {
		n.FlowLogs = append(n.FlowLogs, fabric.FlowLog{
			ID: string(v.ID) + "/flow-log", Meta: v.Meta, Cloud: vocab.AWS, Site: v.Sites[0], VPC: v.ID,
			Sink: string(v.Meta.Account) + "/" + map[fabric.SiteID]string{"aws-ohio": "us-east-2", "aws-oregon": "us-west-2"}[v.Sites[0]],
		})
	}
	n.FlowLogs = append(n.FlowLogs, fabric.FlowLog{ID: "aws-virginia/tgw/flow-log", Meta: meta("prod", 20, "sites.aws-virginia"), Cloud: vocab.AWS, Site: "aws-virginia", Gateway: "aws-virginia/tgw", Sink: "prod/us-east-1"})
	return n
}

func vpc(site fabric.SiteID, name string, account fabric.AccountID, line int, blocks ...string) fabric.VPC {
	return fabric.VPC{
		ID: fabric.VPCID(string(site) + "/" + name), Meta: meta(account, line, "sites."+string(site)+".networks."+name), Cloud: vocab.AWS,
		Name: name, Sites: []fabric.SiteID{site}, Prefixes: prefixes(blocks...), InternetGateway: name == "ml",
		Tags: []fabric.Tag{{Key: "team", Value: "ml"}, {Key: "tier", Value: name}},
	}
}

func existingVPC() fabric.VPC {
	v := vpc("aws-oregon", "legacy", "prod", 16, "10.9.0.0/16")
	v.Existing, v.AttachSubnets = "vpc-0abc123", []string{"subnet-0abc123"}
	return v
}

func subnets(n *fabric.Network) {
	add := func(vpc fabric.VPCID, site fabric.SiteID, name string, purpose fabric.Purpose, internet fabric.Internet, table string, parts ...fabric.SubnetPart) {
		n.Subnets = append(n.Subnets, fabric.Subnet{
			ID: fabric.SubnetID(string(vpc) + "/" + name), Meta: meta("prod", 12, ""), VPC: vpc, Site: site, Name: name, Purpose: purpose, Parts: parts, Internet: internet,
			RouteTable: fabric.RouteTableID(string(vpc) + "/rt-" + table), Tags: []fabric.Tag{{Key: "team", Value: "ml"}},
		})
	}
	part := func(zone, cidr string) fabric.SubnetPart {
		return fabric.SubnetPart{Zone: zone, Prefix: netip.MustParsePrefix(cidr)}
	}
	add("aws-ohio/web", "aws-ohio", "main", fabric.Workload, fabric.NoInternet, "private", part("use2-az1", "10.3.0.0/20"))
	add("aws-oregon/data", "aws-oregon", "main", fabric.Workload, fabric.NoInternet, "private", part("usw2-az1", "10.2.0.0/20"))
	add("aws-oregon/ml", "aws-oregon", "inference", fabric.Workload, fabric.ViaNAT, "private", part("usw2-az1", "10.0.16.0/23"), part("usw2-az2", "10.0.18.0/23"))
	add("aws-oregon/ml", "aws-oregon", "nat", fabric.NATSubnet, fabric.Public, "public", part("usw2-az1", "10.0.32.0/28"))
	add("aws-oregon/ml", "aws-oregon", "training", fabric.Workload, fabric.NoInternet, "private", part("usw2-az1", "10.0.0.0/21"), part("usw2-az2", "10.0.8.0/21"))
	add("aws-oregon/ml", "aws-oregon", "transit", fabric.TransitSubnet, fabric.NoInternet, "transit", part("usw2-az1", "10.0.32.16/28"), part("usw2-az2", "10.0.32.32/28"))
	n.Subnets[4].Tags = append(n.Subnets[4].Tags, fabric.Tag{Key: "gpu", Value: "yes"})
}

func routes(n *fabric.Network) {
	transit := fabric.Hop{Kind: fabric.HopTransitGateway, Gateway: "aws-oregon/tgw"}
	to := func(hop fabric.Hop, texts ...string) []fabric.Route {
		var out []fabric.Route
		for _, p := range prefixes(texts...) {
			out = append(out, fabric.Route{Prefix: p, Hop: hop})
		}
		return out
	}
	table := func(vpc fabric.VPCID, site fabric.SiteID, name string, routes ...fabric.Route) fabric.RouteTable {
		return fabric.RouteTable{ID: fabric.RouteTableID(string(vpc) + "/rt-" + name), Meta: meta("prod", 11, string(vpc)), VPC: vpc, Site: site, Name: name, Routes: routes}
	}
	ohio := table("aws-ohio/web", "aws-ohio", "private")
	ohio.Propagate = []fabric.GatewayID{"aws-ohio/web/vgw"}
	legacy := table("aws-oregon/legacy", "aws-oregon", "rtb-0abc", to(transit, "10.0.0.0/14")...)
	legacy.Existing = "rtb-0abc"
	n.NATs = []fabric.NAT{{ID: "aws-oregon/ml/nat-usw2-az1", Meta: meta("prod", 13, ""), Cloud: vocab.AWS, VPC: "aws-oregon/ml", Site: "aws-oregon", Zone: "usw2-az1", Subnet: "aws-oregon/ml/nat"}}
	private := append(to(fabric.Hop{Kind: fabric.HopNAT, NAT: "aws-oregon/ml/nat-usw2-az1"}, "0.0.0.0/0"), to(transit, "10.2.0.0/15", "10.64.0.0/16")...)
	n.RouteTables = []fabric.RouteTable{
		ohio,
		table("aws-oregon/data", "aws-oregon", "private", to(transit, "10.0.0.0/15")...),
		legacy,
		table("aws-oregon/ml", "aws-oregon", "private", private...),
		table("aws-oregon/ml", "aws-oregon", "public", to(fabric.Hop{Kind: fabric.HopInternetGateway}, "0.0.0.0/0")...),
		table("aws-oregon/ml", "aws-oregon", "transit"),
	}
	n.Endpoints = []fabric.Endpoint{
		{ID: "aws-oregon/ml/ecr", Meta: meta("prod", 13, ""), VPC: "aws-oregon/ml", Site: "aws-oregon", Kind: fabric.InterfaceEndpoint, Service: "ecr", Native: "com.amazonaws.us-west-2.ecr.api", Subnets: []fabric.SubnetID{"aws-oregon/ml/training"}, Filter: "aws-oregon/ml/training/sg"},
		{ID: "aws-oregon/ml/s3", Meta: meta("prod", 13, ""), VPC: "aws-oregon/ml", Site: "aws-oregon", Kind: fabric.GatewayEndpoint, Service: "s3", Native: "com.amazonaws.us-west-2.s3", Tables: []fabric.RouteTableID{"aws-oregon/ml/rt-private"}},
	}
}

func rules(n *fabric.Network) {
	n.Filters = []fabric.Filter{
		{ID: "aws-oregon/ml/inference/sg", Meta: meta("prod", 12, "sites.aws-oregon.networks.ml.subnets.inference"), Kind: fabric.SecurityGroup, Site: "aws-oregon", VPC: "aws-oregon/ml", Name: "lab-aws-oregon-ml-inference", Rules: []fabric.FilterRule{
			{Name: "training", Direction: fabric.Egress, Action: fabric.Allow, Services: tcp(443), PeerFilter: "aws-oregon/ml/training/sg"},
			{Name: "internet", Direction: fabric.Egress, Action: fabric.Allow, All: true},
		}},
		{ID: "aws-oregon/ml/training/nacl", Meta: meta("prod", 12, ""), Kind: fabric.NetworkACL, Site: "aws-oregon", VPC: "aws-oregon/ml", Name: "training", Subnets: []fabric.SubnetID{"aws-oregon/ml/training"}, Rules: []fabric.FilterRule{
			{Name: "inside", Direction: fabric.Ingress, Action: fabric.Deny, Priority: 100, Peers: prefixes("10.0.0.0/20")},
			{Name: "rest", Direction: fabric.Ingress, Action: fabric.Allow, Priority: 200, All: true},
			{Name: "mtu", Direction: fabric.Egress, Action: fabric.Allow, Priority: 100, All: true, Services: []vocab.Service{{Proto: vocab.ICMP}}},
		}},
		{ID: "aws-oregon/ml/training/sg", Meta: meta("prod", 12, "sites.aws-oregon.networks.ml.subnets.training"), Kind: fabric.SecurityGroup, Site: "aws-oregon", VPC: "aws-oregon/ml", Name: "lab-aws-oregon-ml-training", Rules: []fabric.FilterRule{
			{Name: "inference", Direction: fabric.Ingress, Action: fabric.Allow, Services: tcp(443), PeerFilter: "aws-oregon/ml/inference/sg"},
			{Name: "itself", Direction: fabric.Ingress, Action: fabric.Allow, PeerFilter: "aws-oregon/ml/training/sg"},
			{Name: "virginia", Direction: fabric.Ingress, Action: fabric.Allow, Services: []vocab.Service{{Proto: vocab.ICMP}, {Proto: vocab.UDP}}, Peers: prefixes("10.64.0.0/16", "10.65.0.0/16")},
		}},
	}
}

func vpnLink(a, b fabric.SiteID, gateway fabric.GatewayID, line int) fabric.Link {
	id := fabric.LinkBetween(a, b)
	return fabric.Link{
		ID: id, Origin: origin(line, "connect[1]"), Kind: fabric.VPN, Sites: [2]fabric.SiteID{a, b}, Gateways: [2]fabric.GatewayID{gateway, "headquarters/cpe"},
		Suite: suite, MTU: 1400, MSS: 1350, Tunnels: []fabric.TunnelID{fabric.TunnelID(id + "/0"), fabric.TunnelID(id + "/1")},
	}
}

func tunnels(n *fabric.Network, link fabric.Link) {
	c := fabric.Connection{ID: fabric.ConnectionID(link.ID + "/c0"), Link: link.ID, Gateway: link.Gateways[0], Peer: link.Gateways[1], Large: link.Gateways[0] == "aws-oregon/tgw"}
	for i := range 2 {
		inside := addr("169.254.10.0")
		if i == 1 {
			inside = addr("169.254.10.4")
		}
		id := link.Tunnels[i]
		c.Tunnels[i] = id
		n.Tunnels = append(n.Tunnels, fabric.Tunnel{
			ID: id, Link: link.ID, Index: i, Inside: netip.PrefixFrom(inside, 30), Connection: c.ID, PSK: string(id),
			Ends: [2]fabric.TunnelEnd{
				{Gateway: link.Gateways[0], Interface: i, Inside: inside.Next(), InitiateIKE: true, Phase1: 28800, Phase2: 3600, DPD: 30},
				{Gateway: link.Gateways[1], Inside: inside.Next().Next(), Phase1: 28800, Phase2: 3600, DPD: 30},
			},
		})
	}
	n.Connections = append(n.Connections, c)
}
