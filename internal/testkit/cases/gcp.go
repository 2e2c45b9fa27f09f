package cases

import (
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

func gcpCases() []Case {
	return []Case{
		wouldBeTransit(), regional(true), regional(false), peeringRoutes(true), peeringRoutes(false),
		hybridSpoke("ncc-global-routing", true, true), hybridSpoke("ncc-regional-routing", false, true), hybridSpoke("ncc-tunnels-of-no-spoke", true, false), ownFirst(),
	}
}

// open lets everything into a GCP VPC, which nothing else would.
func (b *build) open(v fabric.VPCID, s fabric.SubnetID) {
	b.filter(fabric.FilterID(string(v)+"/firewall"), fabric.FirewallPolicy, v, s,
		fabric.FilterRule{Direction: fabric.Ingress, Action: fabric.Allow, Priority: 1000, All: true, Services: []vocab.Service{{}}})
}

// wouldBeTransit: office - GCP - Azure. Cloud Router does not announce what
// one peer says to the other, so the two ends do not meet.
func wouldBeTransit() Case {
	b := &build{}
	b.site("gcp", vocab.GCP, "", "10.0.0.0/16")
	b.device("office", 65010, "192.168.0.0/24")
	b.azureVNet("azure", "10.2.0.0/16", "10.2.0.0/24")
	b.vpc("p:net", vocab.GCP, "10.0.0.0/16", "gcp")
	s := b.subnet("gcp/net/s", "p:net", "gcp", "10.0.0.0/24", "", "").ID
	b.open("p:net", s)
	b.gateway("gcp/vpn", fabric.HAVPN, "gcp", "p:net", 64514).AnnounceSubnets = true
	b.gateway("azure/vpn", fabric.VPNGateway, "azure", "azure/v", 65515)
	b.vpn(fabric.VPN, [2]fabric.SiteID{"gcp", "office"}, [2]fabric.GatewayID{"gcp/vpn", "office/cpe"})
	b.vpn(fabric.VPN, [2]fabric.SiteID{"azure", "gcp"}, [2]fabric.GatewayID{"azure/vpn", "gcp/vpn"})
	x, y, z := in(s, "10.0.0.10", ""), at("office", "192.168.0.10"), in("azure/v/s", "10.2.0.10", "")
	return Case{
		Name: "gcp-as-would-be-transit", Why: "Cloud Router does not re-announce routes learned from one BGP peer to another", Net: b.done(),
		Packets: []Packet{{From: y, To: x, Passes: true}, {From: z, To: x, Passes: true}, {From: x, To: z, Passes: true}, {From: y, To: z}, {From: z, To: y}},
	}
}

// regional: one VPC in two regions, with a router in one of them.
func regional(global bool) Case {
	b := &build{}
	name := "gcp-regional-routing"
	if global {
		name = "gcp-global-routing"
	}
	b.site("gcp", vocab.GCP, "", "10.0.0.0/16")
	b.site("gcp2", vocab.GCP, "us-east4", "10.1.0.0/16")
	b.device("office", 65010, "192.168.0.0/24")
	v := b.vpc("p:net", vocab.GCP, "10.0.0.0/16", "gcp", "gcp2")
	v.RegionalRouting = !global
	near := b.subnet("gcp/net/s", "p:net", "gcp", "10.0.0.0/24", "", "").ID
	far := b.subnet("gcp2/net/s", "p:net", "gcp2", "10.1.0.0/24", "", "").ID
	b.open("p:net", near)
	b.gateway("gcp/vpn", fabric.HAVPN, "gcp", "p:net", 64514).AnnounceSubnets = true
	b.vpn(fabric.VPN, [2]fabric.SiteID{"gcp", "office"}, [2]fabric.GatewayID{"gcp/vpn", "office/cpe"})
	x, y, z := in(near, "10.0.0.10", ""), in(far, "10.1.0.10", ""), at("office", "192.168.0.10")
	return Case{
		Name: name, Why: "a Cloud Router announces other regions' subnets, and its routes reach them, only in GLOBAL dynamic routing mode", Net: b.done(),
		Packets: []Packet{{From: x, To: y, Passes: true}, {From: x, To: z, Passes: true}, {From: z, To: x, Passes: true}, {From: y, To: z, Passes: global}, {From: z, To: y, Passes: global}},
	}
}

// peeringRoutes: a spoke reaches a site by the hub's VPN only if custom routes
// are exchanged and the hub's router announces the spoke's ranges.
func peeringRoutes(exchanged bool) Case {
	b := &build{}
	name := "gcp-peering-without-custom-routes"
	if exchanged {
		name = "gcp-peering-with-custom-routes"
	}
	b.site("gcp", vocab.GCP, "", "10.0.0.0/15")
	b.device("office", 65010, "192.168.0.0/24")
	b.vpc("p:hub", vocab.GCP, "10.0.0.0/16", "gcp")
	b.vpc("p:spoke", vocab.GCP, "10.1.0.0/16", "gcp")
	h := b.subnet("gcp/hub/s", "p:hub", "gcp", "10.0.0.0/24", "", "").ID
	s := b.subnet("gcp/spoke/s", "p:spoke", "gcp", "10.1.0.0/24", "", "").ID
	b.open("p:hub", h)
	b.open("p:spoke", s)
	b.gateway("gcp/vpn", fabric.HAVPN, "gcp", "p:hub", 64514).Announce = prefixes("10.0.0.0/15")
	b.attach(fabric.Attachment{ID: "p:hub--p:spoke", Kind: fabric.VPCPeering, Gateway: "gcp/vpn", VPC: "p:spoke", PeerVPC: "p:hub", ExchangeRoutes: exchanged})
	b.vpn(fabric.VPN, [2]fabric.SiteID{"gcp", "office"}, [2]fabric.GatewayID{"gcp/vpn", "office/cpe"})
	x, y, z := in(h, "10.0.0.10", ""), in(s, "10.1.0.10", ""), at("office", "192.168.0.10")
	return Case{
		Name: name, Why: "subnet routes are always exchanged over a VPC peering, custom ones only with import and export", Net: b.done(),
		Packets: []Packet{{From: x, To: y, Passes: true}, {From: x, To: z, Passes: true}, {From: y, To: z, Passes: exchanged}, {From: z, To: y, Passes: exchanged}},
	}
}

// hybridSpoke: two spokes of an NCC hub in two regions, which have the routes
// of a routing VPC's VPN: in all regions or its own only, and only those of
// tunnels that are in a hybrid spoke.
func hybridSpoke(name string, global, spoke bool) Case {
	b := &build{}
	b.site("gcp", vocab.GCP, "", "10.0.0.0/15")
	b.site("gcp2", vocab.GCP, "us-east4", "10.2.0.0/16")
	b.device("office", 65010, "192.168.0.0/24")
	b.device("branch", 65011, "192.168.1.0/24")
	b.vpc("p:hub", vocab.GCP, "10.0.0.0/16", "gcp").RegionalRouting = !global
	b.vpc("p:near", vocab.GCP, "10.1.0.0/16", "gcp")
	b.vpc("p:far", vocab.GCP, "10.2.0.0/16", "gcp2")
	near := b.subnet("gcp/near/s", "p:near", "gcp", "10.1.0.0/24", "", "").ID
	far := b.subnet("gcp2/far/s", "p:far", "gcp2", "10.2.0.0/24", "", "").ID
	b.open("p:near", near)
	b.open("p:far", far)
	b.gateway("gcp/vpn", fabric.HAVPN, "gcp", "p:hub", 64514).Announce = prefixes("10.1.0.0/16", "10.2.0.0/16")
	b.vpn(fabric.VPN, [2]fabric.SiteID{"gcp", "office"}, [2]fabric.GatewayID{"gcp/vpn", "office/cpe"})
	b.vpn(fabric.VPN, [2]fabric.SiteID{"branch", "gcp"}, [2]fabric.GatewayID{"branch/cpe", "gcp/vpn"})
	for _, v := range []fabric.VPCID{"p:hub", "p:near", "p:far"} {
		b.attach(fabric.Attachment{ID: fabric.AttachmentID("ncc--" + v), Kind: fabric.NCCSpoke, Gateway: "gcp/vpn", VPC: v})
	}
	var tunnels []fabric.TunnelID
	for _, t := range b.n.Tunnels {
		if t.Link == fabric.LinkBetween("branch", "gcp") || spoke {
			tunnels = append(tunnels, t.ID)
		}
	}
	b.attach(fabric.Attachment{ID: "ncc-vpn--p:hub", Kind: fabric.NCCHybridSpoke, Gateway: "gcp/vpn", VPC: "p:hub", NoSiteToSite: true, Tunnels: tunnels})
	x, y, z, w := in(near, "10.1.0.10", ""), in(far, "10.2.0.10", ""), at("office", "192.168.0.10"), at("branch", "192.168.1.10")
	return Case{
		Name: name, Why: "NCC hands on what hybrid spokes learn, in the spoke's region only where the routing VPC's dynamic routing is regional", Net: b.done(),
		Packets: []Packet{
			{From: x, To: y, Passes: true},
			{From: x, To: w, Passes: true},
			{From: y, To: w, Passes: global},
			{From: x, To: z, Passes: spoke},
			{From: y, To: z, Passes: global && spoke},
			{From: z, To: y, Passes: global && spoke},
		},
	}
}

// ownFirst: a VPC learns a prefix by its own router in another region, and by
// a peered VPC in this one from a site that does not hold it.
func ownFirst() Case {
	b := &build{}
	b.site("gcp", vocab.GCP, "", "10.0.0.0/15")
	b.site("gcp2", vocab.GCP, "us-east4", "10.2.0.0/16")
	b.device("office", 65010, "192.168.0.0/24")
	b.device("decoy", 65011, "192.168.1.0/24")
	for i := range b.n.Gateways {
		if b.n.Gateways[i].ID == "decoy/cpe" {
			b.n.Gateways[i].Announce = prefixes("192.168.0.0/24")
		}
	}
	b.vpc("p:net", vocab.GCP, "10.0.0.0/16", "gcp", "gcp2")
	b.vpc("p:hub", vocab.GCP, "10.1.0.0/16", "gcp")
	s := b.subnet("gcp/net/s", "p:net", "gcp", "10.0.0.0/24", "", "").ID
	b.open("p:net", s)
	b.gateway("gcp2/vpn", fabric.HAVPN, "gcp2", "p:net", 64514).Announce = prefixes("10.0.0.0/16")
	b.gateway("gcp/vpn", fabric.HAVPN, "gcp", "p:hub", 64515)
	b.attach(fabric.Attachment{ID: "p:hub--p:net", Kind: fabric.VPCPeering, Gateway: "gcp/vpn", VPC: "p:net", PeerVPC: "p:hub", ExchangeRoutes: true})
	b.vpn(fabric.VPN, [2]fabric.SiteID{"gcp2", "office"}, [2]fabric.GatewayID{"gcp2/vpn", "office/cpe"})
	b.vpn(fabric.VPN, [2]fabric.SiteID{"decoy", "gcp"}, [2]fabric.GatewayID{"decoy/cpe", "gcp/vpn"})
	x, y := in(s, "10.0.0.10", ""), at("office", "192.168.0.10")
	return Case{
		Name: "gcp-own-routes-first", Why: "local dynamic routes remove those of peers, whatever their priority (VPC routes, routing order)", Net: b.done(),
		Packets: []Packet{{From: x, To: y, Passes: true}, {From: y, To: x, Passes: true}},
	}
}
