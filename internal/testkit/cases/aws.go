package cases

import (
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

func awsCases() []Case {
	return []Case{twoTransitGateways(), naclReturn(false), naclReturn(true), overlapping(), zoneWithoutAttachment(), localWins(), peeringNotTransitive(), sameASN(true), sameASN(false), natWayOut(true), natWayOut(false), equalsAnnounced()}
}

// transitVPC adds a VPC with one subnet and one table at a site, and returns
// its subnet.
func (b *build) transitVPC(name, block, subnet string, routes ...fabric.Route) fabric.SubnetID {
	v, table, s := fabric.VPCID("aws/"+name), fabric.RouteTableID("aws/"+name+"/rt"), fabric.SubnetID("aws/"+name+"/s")
	b.vpc(v, vocab.AWS, block, "aws")
	b.table(table, v, "aws", routes...)
	b.subnet(s, v, "aws", subnet, "z1", table)
	return s
}

// attachVPC attaches a VPC to a transit gateway.
func (b *build) attachVPC(g fabric.GatewayID, v fabric.VPCID) fabric.AttachmentID {
	return b.attach(fabric.Attachment{ID: fabric.AttachmentID(string(g) + "--" + string(v)), Kind: fabric.TransitVPCAttachment, Gateway: g, VPC: v})
}

// tables gives a transit gateway one table for all its attachments.
func (b *build) oneTable(g fabric.GatewayID, attachments ...fabric.AttachmentID) {
	for i := range b.n.Gateways {
		if b.n.Gateways[i].ID == g {
			b.n.Gateways[i].Tables = []fabric.TransitTable{{Name: "all", Associate: attachments, Propagate: attachments}}
		}
	}
}

// twoTransitGateways: each side sends by another transit gateway, so that the
// two directions differ, and both arrive.
func twoTransitGateways() Case {
	b := &build{}
	b.site("aws", vocab.AWS, "", "10.0.0.0/15")
	x := b.transitVPC("a", "10.0.0.0/16", "10.0.0.0/24", to("10.1.0.0/16", viaTGW("aws/tgw1")))
	y := b.transitVPC("b", "10.1.0.0/16", "10.1.0.0/24", to("10.0.0.0/16", viaTGW("aws/tgw2")))
	b.gateway("aws/tgw1", fabric.TransitGateway, "aws", "", 64512)
	b.gateway("aws/tgw2", fabric.TransitGateway, "aws", "", 64513)
	for _, g := range []fabric.GatewayID{"aws/tgw1", "aws/tgw2"} {
		b.oneTable(g, b.attachVPC(g, "aws/a"), b.attachVPC(g, "aws/b"))
	}
	return Case{
		Name: "two-transit-gateways", Why: "a VPC's routes are made by hand, and need not agree with the other side's", Net: b.done(),
		Packets: []Packet{{From: in(x, "10.0.0.10", "z1"), To: in(y, "10.1.0.10", "z1"), Passes: true}, {From: in(y, "10.1.0.10", "z1"), To: in(x, "10.0.0.10", "z1"), Passes: true}},
	}
}

func allow(dir fabric.Direction, priority int, first, last uint16) fabric.FilterRule {
	return fabric.FilterRule{
		Direction: dir, Action: fabric.Allow, Priority: priority, All: true,
		Services: []vocab.Service{{Proto: vocab.TCP, Ports: vocab.PortRange{First: first, Last: last}}},
	}
}

// naclReturn: a network ACL remembers nothing, so the reply needs a rule to
// the client's port.
func naclReturn(mended bool) Case {
	b := &build{}
	b.site("aws", vocab.AWS, "", "10.0.0.0/16")
	x := b.transitVPC("a", "10.0.0.0/16", "10.0.0.0/24")
	y := b.subnet("aws/a/t", "aws/a", "aws", "10.0.1.0/24", "z1", "aws/a/rt").ID
	rules := []fabric.FilterRule{allow(fabric.Ingress, 100, 443, 443)}
	name := "nacl-forgets-the-reply"
	if mended {
		name = "nacl-lets-the-reply-out"
		rules = append(rules, allow(fabric.Egress, 110, 1024, 65535))
	}
	b.filter("aws/a/t/nacl", fabric.NetworkACL, "aws/a", y, rules...)
	return Case{
		Name: name, Why: "network ACLs are stateless: return traffic is judged by its own ports", Net: b.done(),
		Packets: []Packet{
			{From: in(x, "10.0.0.10", "z1"), To: in(y, "10.0.1.10", "z1"), Passes: mended},
			{From: in(x, "10.0.0.10", "z1"), To: in(y, "10.0.1.10", "z1"), Port: 80},
			{From: in(y, "10.0.1.10", "z1"), To: in(x, "10.0.0.10", "z1")},
		},
	}
}

// overlapping: of two VPCs with one block only the first attached propagates.
func overlapping() Case {
	b := &build{}
	b.site("aws", vocab.AWS, "", "10.0.0.0/15")
	var atts []fabric.AttachmentID
	b.gateway("aws/tgw", fabric.TransitGateway, "aws", "", 64512)
	x := b.transitVPC("a", "10.0.0.0/16", "10.0.0.0/24", to("10.1.0.0/16", viaTGW("aws/tgw")))
	y := b.transitVPC("b", "10.0.0.0/16", "10.0.0.0/24", to("10.1.0.0/16", viaTGW("aws/tgw")))
	z := b.transitVPC("c", "10.1.0.0/16", "10.1.0.0/24", to("10.0.0.0/16", viaTGW("aws/tgw")))
	for _, v := range []fabric.VPCID{"aws/a", "aws/b", "aws/c"} {
		atts = append(atts, b.attachVPC("aws/tgw", v))
	}
	b.oneTable("aws/tgw", atts...)
	return Case{
		Name: "overlap-on-a-transit-gateway", Why: "a VPC whose CIDR is already attached does not propagate", Net: b.done(), Chance: true,
		Events: []routes.EventKind{routes.Overlap},
		Packets: []Packet{
			{From: in(z, "10.1.0.10", "z1"), To: in(x, "10.0.0.10", "z1")},
			{From: in(z, "10.1.0.10", "z1"), To: in(y, "10.0.0.10", "z1")},
		},
	}
}

// zoneWithoutAttachment: machines of a zone without an attachment subnet do
// not reach the transit gateway, so that nothing they are asked is answered.
func zoneWithoutAttachment() Case {
	b := &build{}
	b.site("aws", vocab.AWS, "", "10.0.0.0/15")
	b.gateway("aws/tgw", fabric.TransitGateway, "aws", "", 64512)
	x := b.transitVPC("a", "10.0.0.0/16", "10.0.0.0/24", to("10.1.0.0/16", viaTGW("aws/tgw")))
	far := b.subnet("aws/a/t", "aws/a", "aws", "10.0.1.0/24", "z2", "aws/a/rt").ID
	y := b.transitVPC("b", "10.1.0.0/16", "10.1.0.0/24", to("10.0.0.0/16", viaTGW("aws/tgw")))
	b.subnet("aws/a/transit", "aws/a", "aws", "10.0.9.0/28", "z1", "aws/a/rt").Purpose = fabric.TransitSubnet
	a := b.attachVPC("aws/tgw", "aws/a")
	b.n.Attachments[len(b.n.Attachments)-1].Subnets = []fabric.SubnetID{"aws/a/transit"}
	b.oneTable("aws/tgw", a, b.attachVPC("aws/tgw", "aws/b"))
	return Case{
		Name: "zone-without-attachment", Why: "a zone without an attachment subnet cannot reach the transit gateway", Net: b.done(),
		Packets: []Packet{
			{From: in(x, "10.0.0.10", "z1"), To: in(y, "10.1.0.10", "z1"), Passes: true},
			{From: in(far, "10.0.1.10", "z2"), To: in(y, "10.1.0.10", "z1")},
			{From: in(y, "10.1.0.10", "z1"), To: in(far, "10.0.1.10", "z2")},
		},
	}
}

// localWins: a site announces a /24 of the VPC's own block; the VPC keeps
// sending it to itself.
func localWins() Case {
	b := &build{}
	b.site("aws", vocab.AWS, "", "10.0.0.0/16")
	b.device("office", 65010, "192.168.0.0/24", "10.0.1.0/24")
	x := b.transitVPC("a", "10.0.0.0/16", "10.0.0.0/24")
	b.vgw("aws/vgw", "aws", "aws/a", 64512)
	b.n.RouteTables[0].Propagate = []fabric.GatewayID{"aws/vgw"}
	b.vpn(fabric.VPN, [2]fabric.SiteID{"aws", "office"}, [2]fabric.GatewayID{"aws/vgw", "office/cpe"})
	return Case{
		Name: "local-route-wins", Why: "the local route wins even over a more specific propagated one", Net: b.done(),
		Events: []routes.EventKind{routes.Shadowed},
		Packets: []Packet{
			{From: in(x, "10.0.0.10", "z1"), To: at("office", "192.168.0.10"), Passes: true},
			{From: in(x, "10.0.0.10", "z1"), To: at("office", "10.0.1.10")},
			{From: at("office", "10.0.1.10"), To: in(x, "10.0.0.10", "z1")},
		},
	}
}

// peeringNotTransitive: a - b - c by VPC peering; a does not reach c.
func peeringNotTransitive() Case {
	b := &build{}
	b.site("aws", vocab.AWS, "", "10.0.0.0/14")
	over := func(id fabric.AttachmentID) fabric.Hop {
		return fabric.Hop{Kind: fabric.HopAttachment, Attachment: id}
	}
	x := b.transitVPC("a", "10.0.0.0/16", "10.0.0.0/24", to("10.1.0.0/16", over("pcx-ab")), to("10.2.0.0/16", over("pcx-ab")))
	y := b.transitVPC("b", "10.1.0.0/16", "10.1.0.0/24", to("10.0.0.0/16", over("pcx-ab")), to("10.2.0.0/16", over("pcx-bc")))
	z := b.transitVPC("c", "10.2.0.0/16", "10.2.0.0/24", to("10.1.0.0/16", over("pcx-bc")), to("10.0.0.0/16", over("pcx-bc")))
	b.attach(fabric.Attachment{ID: "pcx-ab", Kind: fabric.AWSPeering, VPC: "aws/a", PeerVPC: "aws/b"})
	b.attach(fabric.Attachment{ID: "pcx-bc", Kind: fabric.AWSPeering, VPC: "aws/b", PeerVPC: "aws/c"})
	return Case{
		Name: "peering-is-not-transitive", Why: "AWS VPC peering: never transitive, no edge to edge", Net: b.done(),
		Packets: []Packet{
			{From: in(x, "10.0.0.10", "z1"), To: in(y, "10.1.0.10", "z1"), Passes: true},
			{From: in(y, "10.1.0.10", "z1"), To: in(z, "10.2.0.10", "z1"), Passes: true},
			{From: in(x, "10.0.0.10", "z1"), To: in(z, "10.2.0.10", "z1")},
		},
	}
}

// sameASN: two AWS gateways on either side of an Azure one, which re-announces:
// with one AS number for both, each refuses what the other says as a loop.
func sameASN(same bool) Case {
	b := &build{}
	asn, name := vocab.ASN(64514), "azure-as-transit"
	var events []routes.EventKind
	if same {
		asn, name = 64512, "same-as-number-on-two-gateways"
		events = []routes.EventKind{routes.LoopRefused}
	}
	b.site("aws", vocab.AWS, "", "10.0.0.0/16")
	b.site("aws2", vocab.AWS, "us-east-1", "10.1.0.0/16")
	b.azureVNet("azure", "10.2.0.0/16", "10.2.0.0/24")
	b.gateway("azure/vpn", fabric.VPNGateway, "azure", "azure/v", 65515)
	x := b.transitVPC("a", "10.0.0.0/16", "10.0.0.0/24")
	b.vpc("aws2/b", vocab.AWS, "10.1.0.0/16", "aws2")
	b.table("aws2/b/rt", "aws2/b", "aws2")
	y := b.subnet("aws2/b/s", "aws2/b", "aws2", "10.1.0.0/24", "z1", "aws2/b/rt").ID
	b.vgw("aws/vgw", "aws", "aws/a", 64512)
	b.vgw("aws2/vgw", "aws2", "aws2/b", asn)
	b.n.RouteTables[0].Propagate = []fabric.GatewayID{"aws/vgw"}
	b.n.RouteTables[1].Propagate = []fabric.GatewayID{"aws2/vgw"}
	b.vpn(fabric.VPN, [2]fabric.SiteID{"aws", "azure"}, [2]fabric.GatewayID{"aws/vgw", "azure/vpn"})
	b.vpn(fabric.VPN, [2]fabric.SiteID{"aws2", "azure"}, [2]fabric.GatewayID{"aws2/vgw", "azure/vpn"})
	z := in("azure/v/s", "10.2.0.10", "")
	return Case{
		Name: name, Why: "default 64512 on two AWS gateways breaks transit by AS-path loop prevention; Azure re-announces what it learns", Net: b.done(), Events: events,
		Packets: []Packet{
			{From: in(x, "10.0.0.10", "z1"), To: z, Passes: true},
			{From: in(y, "10.1.0.10", "z1"), To: z, Passes: true},
			{From: in(x, "10.0.0.10", "z1"), To: in(y, "10.1.0.10", "z1"), Passes: !same},
		},
	}
}

// natWayOut: a NAT gateway sends on by the table of its own subnet.
func natWayOut(routed bool) Case {
	b := &build{}
	name := "nat-without-a-way-out"
	var out []fabric.Route
	if routed {
		name = "nat-with-a-way-out"
		out = []fabric.Route{to("0.0.0.0/0", fabric.Hop{Kind: fabric.HopInternetGateway})}
	}
	b.site("aws", vocab.AWS, "", "10.0.0.0/16")
	s := b.transitVPC("a", "10.0.0.0/16", "10.0.0.0/24", to("0.0.0.0/0", fabric.Hop{Kind: fabric.HopNAT, NAT: "aws/a/nat"}))
	b.n.VPCs[0].InternetGateway = true
	b.table("aws/a/rt-public", "aws/a", "aws", out...)
	b.subnet("aws/a/nat", "aws/a", "aws", "10.0.1.0/28", "z1", "aws/a/rt-public").Purpose = fabric.NATSubnet
	b.n.NATs = []fabric.NAT{{ID: "aws/a/nat", Cloud: vocab.AWS, VPC: "aws/a", Site: "aws", Zone: "z1", Subnet: "aws/a/nat"}}
	return Case{
		Name: name, Why: "what a NAT gateway has translated goes by the route table of the subnet where it stands", Net: b.done(),
		Packets: []Packet{{From: in(s, "10.0.0.10", "z1"), To: outside("93.184.216.34"), Passes: routed}, {From: outside("93.184.216.34"), To: in(s, "10.0.0.10", "z1")}},
	}
}

// equalsAnnounced: a transit gateway sends by two neighbours alike and
// announces the path of one of them, which the other hears of only if it is not
// its own.
func equalsAnnounced() Case {
	b := &build{}
	b.site("aws", vocab.AWS, "", "10.0.0.0/16")
	b.site("gcp", vocab.GCP, "", "10.1.0.0/16")
	b.device("office", 65010, "192.168.0.0/24")
	b.vpc("p:net", vocab.GCP, "10.1.0.0/16", "gcp")
	b.subnet("gcp/net/s", "p:net", "gcp", "10.1.0.0/24", "", "")
	b.gateway("aws/tgw", fabric.TransitGateway, "aws", "", 64512)
	b.gateway("gcp/vpn", fabric.HAVPN, "gcp", "p:net", 64514).Announce = prefixes("192.168.0.0/24")
	b.oneTable("aws/tgw",
		b.vpn(fabric.VPN, [2]fabric.SiteID{"aws", "office"}, [2]fabric.GatewayID{"aws/tgw", "office/cpe"}),
		b.vpn(fabric.VPN, [2]fabric.SiteID{"aws", "gcp"}, [2]fabric.GatewayID{"aws/tgw", "gcp/vpn"}))
	return Case{
		Name: "tgw-announces-one-of-equals", Why: "which of equal paths a transit gateway announces is not documented", Net: b.done(),
		Events: []routes.EventKind{routes.Nondeterminism},
	}
}
