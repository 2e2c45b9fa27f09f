package cases

import (
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

func policyCases() []Case {
	return []Case{
		backupIdle(false), backupIdle(true), directPreference(), keptFromTransit(), keptFromHub(), ownNumber(), droppedByRouter(), weight(), pathFirst(false), pathFirst(true),
	}
}

// Communities of Direct Connect for local preference (Direct Connect user
// guide, "Routing policies and BGP communities").
const (
	low  fabric.Community = 7224<<16 | 7100
	high fabric.Community = 7224<<16 | 7300
)

// session changes one end of every tunnel of a link.
func (b *build) session(link fabric.LinkID, g fabric.GatewayID, set func(*fabric.TunnelEnd)) {
	for i := range b.n.Tunnels {
		t := &b.n.Tunnels[i]
		for k := range t.Ends {
			if t.Link == link && t.Ends[k].Gateway == g {
				set(&t.Ends[k])
			}
		}
	}
}

func exports(t ...fabric.RouteTerm) func(*fabric.TunnelEnd) {
	return func(e *fabric.TunnelEnd) { e.Export = t }
}

func imports(t ...fabric.RouteTerm) func(*fabric.TunnelEnd) {
	return func(e *fabric.TunnelEnd) { e.Import = t }
}

// decoy adds a site that announces another's prefix and does not hold it, so
// that what is sent there is lost.
func (b *build) decoy(site fabric.SiteID, asn vocab.ASN, own, other string) {
	b.device(site, asn, own)
	b.n.Gateways[len(b.n.Gateways)-1].Announce = prefixes(own, other)
}

// deaf lets a decoy hear nothing of the prefix over a link, so that it goes on
// announcing it.
func (b *build) deaf(link fabric.LinkID, site fabric.SiteID) {
	other := []fabric.PrefixRange{{Prefix: prefixes("192.168.0.0/24")[0]}}
	b.session(link, fabric.GatewayID(site+"/cpe"), imports(fabric.RouteTerm{Match: other, End: fabric.DropRoute}))
}

// backupIdle: a transit gateway hears a prefix from two neighbours, which it
// would use at once. The one that prepends is left idle: the spare one, or the only one that holds it.
func backupIdle(spare bool) Case {
	b := &build{}
	b.site("aws", vocab.AWS, "", "10.0.0.0/16")
	b.device("office", 65010, "192.168.0.0/24")
	b.decoy("spare", 65011, "192.168.1.0/24", "192.168.0.0/24")
	x := b.transitVPC("a", "10.0.0.0/16", "10.0.0.0/24", to("192.168.0.0/16", viaTGW("aws/tgw")))
	b.gateway("aws/tgw", fabric.TransitGateway, "aws", "", 64512)
	b.oneTable("aws/tgw", b.attachVPC("aws/tgw", "aws/a"),
		b.vpn(fabric.VPN, [2]fabric.SiteID{"aws", "office"}, [2]fabric.GatewayID{"aws/tgw", "office/cpe"}),
		b.vpn(fabric.VPN, [2]fabric.SiteID{"aws", "spare"}, [2]fabric.GatewayID{"aws/tgw", "spare/cpe"}))
	on, asn, name := fabric.SiteID("office"), vocab.ASN(65010), "prepend-on-the-only-holder"
	if spare {
		on, asn, name = "spare", 65011, "prepend-on-the-backup"
	}
	both := []fabric.PrefixRange{{Prefix: prefixes("192.168.0.0/24")[0]}}
	b.session(fabric.LinkBetween("aws", on), fabric.GatewayID(on+"/cpe"), exports(fabric.RouteTerm{Match: both, Prepend: []vocab.ASN{asn, asn}}))
	b.deaf(fabric.LinkBetween("aws", "spare"), "spare")
	return Case{
		Name: name, Why: "a transit gateway prefers the shorter AS path among VPN attachments, prepends counted", Net: b.done(),
		Packets: []Packet{
			{From: in(x, "10.0.0.10", "z1"), To: at("office", "192.168.0.10"), Passes: spare},
			{From: in(x, "10.0.0.10", "z1"), To: at("spare", "192.168.1.10"), Passes: true},
		},
	}
}

// directPreference: of two circuits that announce a prefix, the one tagged high
// carries what AWS returns, though its AS path is longer.
func directPreference() Case {
	b := &build{}
	b.site("aws", vocab.AWS, "", "10.0.0.0/16")
	b.device("office", 65010, "192.168.0.0/24")
	b.decoy("spare", 65011, "192.168.1.0/24", "192.168.0.0/24")
	x := b.transitVPC("a", "10.0.0.0/16", "10.0.0.0/24")
	b.vgw("aws/vgw", "aws", "aws/a", 64512)
	b.n.RouteTables[0].Propagate = []fabric.GatewayID{"aws/vgw"}
	b.circuits("office", "spare")
	b.associate("aws/vgw", "10.0.0.0/16")
	b.session(fabric.LinkBetween("aws", "office"), "office/cpe", exports(fabric.RouteTerm{Prepend: []vocab.ASN{65010, 65010}, Attach: []fabric.Community{high}}))
	b.session(fabric.LinkBetween("aws", "spare"), "spare/cpe", exports(fabric.RouteTerm{Attach: []fabric.Community{low}}))
	b.deaf(fabric.LinkBetween("aws", "spare"), "spare")
	return Case{
		Name: "dx-local-preference-community", Why: "local preference communities are evaluated before any AS_PATH attribute", Net: b.done(),
		Packets: []Packet{
			{From: in(x, "10.0.0.10", "z1"), To: at("office", "192.168.0.10"), Passes: true},
			{From: in(x, "10.0.0.10", "z1"), To: at("spare", "192.168.1.10"), Passes: true},
		},
	}
}

// keptFromTransit: a transit gateway uses a route with NO_EXPORT for its VPC,
// and does not announce it to its other VPN neighbours.
func keptFromTransit() Case {
	b := &build{}
	b.site("aws", vocab.AWS, "", "10.0.0.0/16")
	b.device("office", 65010, "192.168.0.0/24")
	b.device("plant", 65011, "192.168.1.0/24")
	x := b.transitVPC("a", "10.0.0.0/16", "10.0.0.0/24", to("192.168.0.0/16", viaTGW("aws/tgw")))
	b.gateway("aws/tgw", fabric.TransitGateway, "aws", "", 64512)
	b.oneTable("aws/tgw", b.attachVPC("aws/tgw", "aws/a"),
		b.vpn(fabric.VPN, [2]fabric.SiteID{"aws", "office"}, [2]fabric.GatewayID{"aws/tgw", "office/cpe"}),
		b.vpn(fabric.VPN, [2]fabric.SiteID{"aws", "plant"}, [2]fabric.GatewayID{"aws/tgw", "plant/cpe"}))
	b.session(fabric.LinkBetween("aws", "office"), "office/cpe", exports(fabric.RouteTerm{Attach: []fabric.Community{fabric.NoExport}}))
	return Case{
		Name: "no-export-at-a-tgw", Why: "a route with NO_EXPORT is not announced to another AS (RFC 1997)", Net: b.done(),
		Packets: []Packet{
			{From: in(x, "10.0.0.10", "z1"), To: at("office", "192.168.0.10"), Passes: true},
			{From: at("office", "192.168.0.10"), To: in(x, "10.0.0.10", "z1"), Passes: true},
			{From: in(x, "10.0.0.10", "z1"), To: at("plant", "192.168.1.10"), Passes: true},
			{From: at("plant", "192.168.1.10"), To: at("office", "192.168.0.10")},
			{From: at("office", "192.168.0.10"), To: at("plant", "192.168.1.10")},
		},
	}
}

// keptFromHub: the same at a virtual hub, which hands the route to its VNets.
func keptFromHub() Case {
	b := &build{}
	b.device("office", 65010, "192.168.0.0/24")
	b.device("plant", 65011, "192.168.1.0/24")
	s := b.hubOf("azure", "10.2.0.0/16", "10.2.0.0/24")
	b.vpn(fabric.VPN, [2]fabric.SiteID{"azure", "office"}, [2]fabric.GatewayID{"azure/vwan", "office/cpe"})
	b.vpn(fabric.VPN, [2]fabric.SiteID{"azure", "plant"}, [2]fabric.GatewayID{"azure/vwan", "plant/cpe"})
	b.session(fabric.LinkBetween("azure", "office"), "office/cpe", exports(fabric.RouteTerm{Attach: []fabric.Community{fabric.NoExport}}))
	x, y, z := in(s, "10.2.0.10", ""), at("office", "192.168.0.10"), at("plant", "192.168.1.10")
	return Case{
		Name: "no-export-at-a-hub", Why: "a route with NO_EXPORT is not announced to another AS (RFC 1997)", Net: b.done(),
		Packets: []Packet{{From: x, To: y, Passes: true}, {From: y, To: x, Passes: true}, {From: x, To: z, Passes: true}, {From: y, To: z}, {From: z, To: y}},
	}
}

// hubOf adds a virtual hub at a site with one VNet and its subnet.
func (b *build) hubOf(site fabric.SiteID, block, subnet string) fabric.SubnetID {
	b.azureVNet(site, block, subnet)
	b.gateway(fabric.GatewayID(site+"/vwan"), fabric.VirtualHub, site, "", 65515)
	b.attach(fabric.Attachment{ID: fabric.AttachmentID(site + "/vwan--v"), Kind: fabric.VirtualHubConnection, Gateway: fabric.GatewayID(site + "/vwan"), VPC: fabric.VPCID(site + "/v")})
	return fabric.SubnetID(site + "/v/s")
}

// ownNumber: a site prepends the cloud's own AS number, and is refused.
func ownNumber() Case {
	b := &build{}
	b.device("office", 65010, "192.168.0.0/24")
	b.azureVNet("azure", "10.2.0.0/16", "10.2.0.0/24")
	b.gateway("azure/vpn", fabric.VPNGateway, "azure", "azure/v", 65515)
	b.vpn(fabric.VPN, [2]fabric.SiteID{"azure", "office"}, [2]fabric.GatewayID{"azure/vpn", "office/cpe"})
	b.session(fabric.LinkBetween("azure", "office"), "office/cpe", exports(fabric.RouteTerm{Prepend: []vocab.ASN{65515}}))
	x, y := in("azure/v/s", "10.2.0.10", ""), at("office", "192.168.0.10")
	return Case{
		Name: "prepend-of-the-receivers-number", Why: "a path with the receiver's own AS number is a loop (RFC 4271, section 9.1.2)", Net: b.done(),
		Packets: []Packet{{From: x, To: y}, {From: y, To: x}}, Events: []routes.EventKind{routes.LoopRefused},
	}
}

// droppedByRouter: a Cloud Router's import policy drops one prefix, and takes
// the tagged of two neighbours before the other by MED.
func droppedByRouter() Case {
	b := &build{}
	b.site("gcp", vocab.GCP, "", "10.0.0.0/16")
	b.device("office", 65010, "192.168.0.0/24", "192.168.2.0/24")
	b.decoy("spare", 65011, "192.168.1.0/24", "192.168.0.0/24")
	b.vpc("p:net", vocab.GCP, "10.0.0.0/16", "gcp")
	s := b.subnet("gcp/net/s", "p:net", "gcp", "10.0.0.0/24", "", "").ID
	b.open("p:net", s)
	b.gateway("gcp/vpn", fabric.HAVPN, "gcp", "p:net", 64514).AnnounceSubnets = true
	b.vpn(fabric.VPN, [2]fabric.SiteID{"gcp", "office"}, [2]fabric.GatewayID{"gcp/vpn", "office/cpe"})
	b.vpn(fabric.VPN, [2]fabric.SiteID{"gcp", "spare"}, [2]fabric.GatewayID{"gcp/vpn", "spare/cpe"})
	backup := fabric.Community(65011<<16 | 50)
	b.session(fabric.LinkBetween("gcp", "spare"), "spare/cpe", exports(fabric.RouteTerm{Attach: []fabric.Community{backup}}))
	for _, l := range []fabric.SiteID{"office", "spare"} {
		b.session(fabric.LinkBetween("gcp", l), "gcp/vpn", imports(
			fabric.RouteTerm{Match: []fabric.PrefixRange{{Prefix: prefixes("192.168.2.0/23")[0], Least: 23, Top: 32}}, End: fabric.DropRoute},
			fabric.RouteTerm{Communities: []fabric.Community{backup}, MED: 500, SetMED: true},
		))
	}
	x := in(s, "10.0.0.10", "")
	b.deaf(fabric.LinkBetween("gcp", "spare"), "spare")
	return Case{
		Name: "gcp-import-policy", Why: "a Cloud Router's route policy drops what it matches, and sets MED by community", Net: b.done(),
		Packets: []Packet{
			{From: x, To: at("office", "192.168.0.10"), Passes: true},
			{From: x, To: at("spare", "192.168.1.10"), Passes: true},
			{From: x, To: at("office", "192.168.2.10")},
		},
	}
}

// weight: the connection with the higher weight carries what an ExpressRoute
// gateway sends, though the AS path over it is longer.
func weight() Case {
	b := &build{}
	b.device("office", 65010, "192.168.0.0/24")
	b.decoy("spare", 65011, "192.168.1.0/24", "192.168.0.0/24")
	b.azureVNet("azure", "10.2.0.0/16", "10.2.0.0/24")
	b.gateway("azure/er", fabric.ExpressRouteGateway, "azure", "azure/v", 65515)
	b.vpn(fabric.CircuitLink, [2]fabric.SiteID{"azure", "office"}, [2]fabric.GatewayID{"azure/er", "office/cpe"})
	b.vpn(fabric.CircuitLink, [2]fabric.SiteID{"azure", "spare"}, [2]fabric.GatewayID{"azure/er", "spare/cpe"})
	b.session(fabric.LinkBetween("azure", "office"), "azure/er", imports(fabric.RouteTerm{Preference: 200}))
	b.session(fabric.LinkBetween("azure", "office"), "office/cpe", exports(fabric.RouteTerm{Prepend: []vocab.ASN{65010, 65010}}))
	x := in("azure/v/s", "10.2.0.10", "")
	b.deaf(fabric.LinkBetween("azure", "spare"), "spare")
	return Case{
		Name: "expressroute-connection-weight", Why: "of routes over several circuits the connection of the highest weight is taken", Net: b.done(),
		Packets: []Packet{{From: x, To: at("office", "192.168.0.10"), Passes: true}, {From: x, To: at("spare", "192.168.1.10"), Passes: true}},
	}
}

// pathFirst: a hub hears a prefix from its own VPN with prepends, and from
// another hub with fewer AS numbers. By default its own connection goes first.
func pathFirst(first bool) Case {
	b := &build{}
	b.device("office", 65010, "192.168.0.0/24")
	b.decoy("spare", 65011, "192.168.1.0/24", "192.168.0.0/24")
	s := b.hubOf("azure", "10.2.0.0/16", "10.2.0.0/24")
	b.hubOf("azure2", "10.3.0.0/16", "10.3.0.0/24")
	for i := range b.n.Gateways {
		b.n.Gateways[i].PathFirst = b.n.Gateways[i].ID == "azure/vwan" && first
	}
	b.vpn(fabric.VPN, [2]fabric.SiteID{"azure2", "office"}, [2]fabric.GatewayID{"azure2/vwan", "office/cpe"})
	b.vpn(fabric.VPN, [2]fabric.SiteID{"azure", "spare"}, [2]fabric.GatewayID{"azure/vwan", "spare/cpe"})
	b.session(fabric.LinkBetween("azure", "spare"), "spare/cpe", exports(fabric.RouteTerm{Prepend: []vocab.ASN{65011, 65011, 65011}}))
	name := "hub-preference-own-connections"
	if first {
		name = "hub-preference-as-path"
	}
	b.deaf(fabric.LinkBetween("azure", "spare"), "spare")
	return Case{
		Name: name, Why: "a virtual hub prefers its own connections, with the routing preference AS Path the shorter path", Net: b.done(),
		Packets: []Packet{{From: in(s, "10.2.0.10", ""), To: at("office", "192.168.0.10"), Passes: first}},
	}
}
