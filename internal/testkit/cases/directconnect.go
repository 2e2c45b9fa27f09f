package cases

import (
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

func directConnectCases() []Case {
	return []Case{
		allowedVGW("dx-vgw-allowed-wider", "10.0.0.0/15", true), allowedVGW("dx-vgw-allowed-inside", "10.0.0.0/17", false), allowedVGW("dx-vgw-allowed-elsewhere", "10.4.0.0/16", false),
		allowedTGW("dx-tgw-allowed-literally", "10.0.0.0/8", true), allowedTGW("dx-tgw-allowed-elsewhere", "10.4.0.0/16", false),
		noTransit(),
	}
}

// circuits adds a Direct Connect gateway and joins sites of one's own to it.
func (b *build) circuits(offices ...fabric.SiteID) {
	b.gateway("aws/dxgw", fabric.DirectConnectGateway, "aws", "", 64600)
	for _, o := range offices {
		b.vpn(fabric.CircuitLink, [2]fabric.SiteID{"aws", o}, [2]fabric.GatewayID{"aws/dxgw", fabric.GatewayID(o + "/cpe")})
	}
}

func (b *build) associate(peer fabric.GatewayID, allowed string) fabric.AttachmentID {
	return b.attach(fabric.Attachment{ID: fabric.AttachmentID("dx--" + string(peer)), Kind: fabric.DirectConnectAssociation, Gateway: "aws/dxgw", Peer: peer, Allowed: prefixes(allowed)})
}

// allowedVGW: for a virtual private gateway allowed prefixes are a filter: the
// VPC's block is announced if one of them is equal to it or wider.
func allowedVGW(name, allowed string, passes bool) Case {
	b := &build{}
	b.site("aws", vocab.AWS, "", "10.0.0.0/16")
	b.device("office", 65010, "192.168.0.0/24")
	x := b.transitVPC("a", "10.0.0.0/16", "10.0.0.0/24")
	b.vgw("aws/vgw", "aws", "aws/a", 64512)
	b.n.RouteTables[0].Propagate = []fabric.GatewayID{"aws/vgw"}
	b.circuits("office")
	b.associate("aws/vgw", allowed)
	return Case{
		Name: name, Why: "allowed prefixes with a VGW are a filter on the VPC's blocks", Net: b.done(),
		Packets: []Packet{{From: at("office", "192.168.0.10"), To: in(x, "10.0.0.10", "z1"), Passes: passes}, {From: in(x, "10.0.0.10", "z1"), To: at("office", "192.168.0.10"), Passes: passes}},
	}
}

// allowedTGW: for a transit gateway they are announced as they are.
func allowedTGW(name, allowed string, passes bool) Case {
	b := &build{}
	b.site("aws", vocab.AWS, "", "10.0.0.0/16")
	b.device("office", 65010, "192.168.0.0/24")
	x := b.transitVPC("a", "10.0.0.0/16", "10.0.0.0/24", to("192.168.0.0/16", viaTGW("aws/tgw")))
	b.gateway("aws/tgw", fabric.TransitGateway, "aws", "", 64512)
	b.circuits("office")
	b.oneTable("aws/tgw", b.attachVPC("aws/tgw", "aws/a"), b.associate("aws/tgw", allowed))
	return Case{
		Name: name, Why: "allowed prefixes with a transit gateway are announced literally", Net: b.done(),
		Packets: []Packet{{From: at("office", "192.168.0.10"), To: in(x, "10.0.0.10", "z1"), Passes: passes}, {From: in(x, "10.0.0.10", "z1"), To: at("office", "192.168.0.10"), Passes: passes}},
	}
}

// noTransit: two sites and two VPCs on one Direct Connect gateway: sites reach
// VPCs, and nothing reaches its like.
func noTransit() Case {
	b := &build{}
	b.site("aws", vocab.AWS, "", "10.0.0.0/15")
	b.device("office", 65010, "192.168.0.0/24")
	b.device("plant", 65011, "192.168.1.0/24")
	x := b.transitVPC("a", "10.0.0.0/16", "10.0.0.0/24")
	y := b.transitVPC("b", "10.1.0.0/16", "10.1.0.0/24")
	b.vgw("aws/vgw-a", "aws", "aws/a", 64512)
	b.vgw("aws/vgw-b", "aws", "aws/b", 64513)
	b.n.RouteTables[0].Propagate = []fabric.GatewayID{"aws/vgw-a"}
	b.n.RouteTables[1].Propagate = []fabric.GatewayID{"aws/vgw-b"}
	b.circuits("office", "plant")
	b.associate("aws/vgw-a", "10.0.0.0/16")
	b.associate("aws/vgw-b", "10.1.0.0/16")
	office, plant := at("office", "192.168.0.10"), at("plant", "192.168.1.10")
	return Case{
		Name: "dx-gateway-is-no-transit", Why: "a Direct Connect gateway does not route between its attachments", Net: b.done(),
		Packets: []Packet{
			{From: office, To: in(x, "10.0.0.10", "z1"), Passes: true},
			{From: in(y, "10.1.0.10", "z1"), To: plant, Passes: true},
			{From: office, To: plant},
			{From: in(x, "10.0.0.10", "z1"), To: in(y, "10.1.0.10", "z1")},
		},
	}
}
