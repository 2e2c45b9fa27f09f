package cases

import (
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

func azureCases() []Case {
	return []Case{hubLeak("azure-hub-leaks", true, false), hubLeak("azure-hub-without-routes", false, false), hubLeak("azure-hub-with-a-deny", true, true), systemWins()}
}

// azureVNet adds a site with one VNet "v" and one subnet "s" of it.
func (b *build) azureVNet(site fabric.SiteID, block, subnet string) {
	b.site(site, vocab.Azure, "", block)
	b.spoke(site, "v", block, subnet, "")
}

func (b *build) spoke(site fabric.SiteID, name, block, subnet string, table fabric.RouteTableID) fabric.SubnetID {
	v := fabric.VPCID(string(site) + "/" + name)
	b.vpc(v, vocab.Azure, block, site)
	return b.subnet(fabric.SubnetID(v+"/s"), v, site, subnet, "", table).ID
}

// hubLeak: two spokes that use a hub's gateway, with network security groups
// that have no rules of their own. Peering is not transitive, but user-defined
// routes through the gateway join them, and the default rules let it happen:
// what the routes name is in the tag VirtualNetwork.
func hubLeak(name string, routed, denied bool) Case {
	b := &build{}
	b.site("azure", vocab.Azure, "", "10.0.0.0/14")
	b.vpc("azure/hub", vocab.Azure, "10.0.0.0/24", "azure")
	b.gateway("azure/vpn", fabric.VPNGateway, "azure", "azure/hub", 65515)
	hop := fabric.Hop{Kind: fabric.HopVirtualNetworkGateway, Gateway: "azure/vpn"}
	var s [2]fabric.SubnetID
	for i, x := range []struct{ name, block, subnet, far string }{{"a", "10.1.0.0/16", "10.1.0.0/24", "10.2.0.0/16"}, {"b", "10.2.0.0/16", "10.2.0.0/24", "10.1.0.0/16"}} {
		table := fabric.RouteTableID("azure/" + x.name + "/rt")
		s[i] = b.spoke("azure", x.name, x.block, x.subnet, table)
		t := b.table(table, fabric.VPCID("azure/"+x.name), "azure")
		if routed {
			t.Routes = []fabric.Route{to(x.far, hop)}
		}
		var rules []fabric.FilterRule
		if denied {
			rules = append(rules, fabric.FilterRule{Direction: fabric.Ingress, Action: fabric.Deny, Priority: 4096, All: true, Services: []vocab.Service{{}}})
		}
		b.filter(fabric.FilterID(s[i]+"/nsg"), fabric.NSG, fabric.VPCID("azure/"+x.name), s[i], rules...)
		b.attach(fabric.Attachment{ID: fabric.AttachmentID("azure/hub--azure/" + x.name), Kind: fabric.VNetPeering, Gateway: "azure/vpn", VPC: fabric.VPCID("azure/" + x.name), PeerVPC: "azure/hub", GatewayTransit: true})
	}
	passes := routed && !denied
	return Case{
		Name: name, Why: "VirtualNetwork covers peered VNets, what the gateway has learned and the prefixes of user-defined routes", Net: b.done(),
		Packets: []Packet{
			{From: in(s[0], "10.1.0.10", ""), To: in(s[1], "10.2.0.10", ""), Passes: passes},
			{From: in(s[1], "10.2.0.10", ""), To: in(s[0], "10.1.0.10", ""), Port: 22, Passes: passes},
		},
	}
}

// systemWins: a site announces a /24 inside a peered VNet's space; the VNet
// keeps sending it over the peering.
func systemWins() Case {
	b := &build{}
	b.site("azure", vocab.Azure, "", "10.0.0.0/15")
	b.device("office", 65010, "192.168.0.0/24", "10.1.1.0/24")
	x := b.spoke("azure", "a", "10.0.0.0/16", "10.0.0.0/24", "")
	y := b.spoke("azure", "b", "10.1.0.0/16", "10.1.2.0/24", "")
	b.gateway("azure/vpn", fabric.VPNGateway, "azure", "azure/a", 65515)
	b.attach(fabric.Attachment{ID: "azure/a--azure/b", Kind: fabric.VNetPeering, VPC: "azure/b", PeerVPC: "azure/a"})
	b.vpn(fabric.VPN, [2]fabric.SiteID{"azure", "office"}, [2]fabric.GatewayID{"azure/vpn", "office/cpe"})
	return Case{
		Name: "azure-system-route-wins", Why: "system routes of the VNet and of peerings are preferred even over a more specific BGP route", Net: b.done(),
		Events: []routes.EventKind{routes.Shadowed},
		Packets: []Packet{
			{From: in(x, "10.0.0.10", ""), To: at("office", "192.168.0.10"), Passes: true},
			{From: in(x, "10.0.0.10", ""), To: in(y, "10.1.2.10", ""), Passes: true},
			{From: in(x, "10.0.0.10", ""), To: at("office", "10.1.1.10")},
		},
	}
}
