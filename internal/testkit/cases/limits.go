package cases

import (
	"fmt"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

// limitCases hold each allocation at its bound and one prefix above it.
func limitCases() []Case {
	vgw, tgw, gcp := atlas.LimitAWSVPNPrefixesPeerToVGW, atlas.LimitAWSVPNPrefixesPeerToTGW, atlas.LimitGCPRouterLearnedOwnRegion
	return []Case{
		limit("vgw", vgw, 0, fabric.VirtualPrivateGateway), limit("vgw", vgw, 1, fabric.VirtualPrivateGateway),
		limit("tgw", tgw, 0, fabric.TransitGateway), limit("tgw", tgw, 1, fabric.TransitGateway),
		limit("gcp", gcp, 0, fabric.HAVPN), limit("gcp", gcp, 1, fabric.HAVPN),
	}
}

// limit joins a site of so many prefixes to a gateway. One above the bound
// AWS ends the session, so that nothing is left; GCP drops the longest mask
// that comes last, and nothing else.
func limit(name string, id atlas.LimitID, over int, kind fabric.GatewayKind) Case {
	b := &build{}
	count := atlas.Default().Limit(id).Value + over
	list := make([]string, count)
	for i := range list {
		list[i] = fmt.Sprintf("172.%d.%d.0/24", 16+i/256, i%256)
	}
	b.device("office", 65010, list...)
	first, last := at("office", "172.16.0.10"), at("office", fmt.Sprintf("172.%d.%d.10", 16+(count-1)/256, (count-1)%256))
	var x fabric.SubnetID
	switch kind {
	case fabric.HAVPN:
		b.site("gcp", vocab.GCP, "", "10.0.0.0/16")
		b.vpc("p:net", vocab.GCP, "10.0.0.0/16", "gcp")
		x = b.subnet("gcp/net/s", "p:net", "gcp", "10.0.0.0/24", "", "").ID
		b.open("p:net", x)
		b.gateway("gcp/vpn", kind, "gcp", "p:net", 64514).AnnounceSubnets = true
		b.vpn(fabric.VPN, [2]fabric.SiteID{"gcp", "office"}, [2]fabric.GatewayID{"gcp/vpn", "office/cpe"})
	case fabric.TransitGateway:
		b.site("aws", vocab.AWS, "", "10.0.0.0/16")
		x = b.transitVPC("a", "10.0.0.0/16", "10.0.0.0/24", to("172.16.0.0/12", viaTGW("aws/tgw")))
		b.gateway("aws/tgw", kind, "aws", "", 64512)
		a := b.attachVPC("aws/tgw", "aws/a")
		b.oneTable("aws/tgw", a, b.vpn(fabric.VPN, [2]fabric.SiteID{"aws", "office"}, [2]fabric.GatewayID{"aws/tgw", "office/cpe"}))
	default:
		b.site("aws", vocab.AWS, "", "10.0.0.0/16")
		x = b.transitVPC("a", "10.0.0.0/16", "10.0.0.0/24")
		b.vgw("aws/vgw", "aws", "aws/a", 64512)
		b.n.RouteTables[0].Propagate = []fabric.GatewayID{"aws/vgw"}
		b.vpn(fabric.VPN, [2]fabric.SiteID{"aws", "office"}, [2]fabric.GatewayID{"aws/vgw", "office/cpe"})
	}
	near := in(x, "10.0.0.10", "z1")
	if kind == fabric.HAVPN {
		near.Zone = ""
	}
	c := Case{
		Name: fmt.Sprintf("%s-limit-and-%d", name, over), Why: string(id) + ": what happens beyond it", Net: b.done(),
		Packets: []Packet{{From: near, To: first, Passes: over == 0 || kind == fabric.HAVPN}, {From: near, To: last, Passes: over == 0}},
	}
	if over > 0 {
		c.Events = []routes.EventKind{routes.LimitPassed}
	}
	return c
}
