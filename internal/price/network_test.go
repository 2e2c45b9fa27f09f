package price

import (
	"slices"
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// The objects of the test networks: one VPC a site, subnets "site/net/app".

func site(id, region string, c vocab.Cloud, zones ...string) fabric.Site {
	return fabric.Site{ID: fabric.SiteID(id), Cloud: c, Region: region, Zones: zones, Meta: fabric.Meta{Account: "acct"}}
}

func vpc(s fabric.Site, name string) fabric.VPC {
	return fabric.VPC{ID: fabric.VPCID(string(s.ID) + "/" + name), Cloud: s.Cloud, Name: name, Sites: []fabric.SiteID{s.ID}}
}

func subnet(v fabric.VPC, name string, way fabric.Internet) fabric.Subnet {
	return fabric.Subnet{ID: fabric.SubnetID(string(v.ID) + "/" + name), VPC: v.ID, Site: v.Sites[0], Name: name, Internet: way}
}

var internet = fabric.FlowEnd{Ref: "internet", Internet: true}

func line(n int) fabric.Origin {
	return fabric.Origin{Pos: diag.Pos{File: "network.yaml", Line: n, Col: 5}}
}

// triangle is AWS (transit gateway), GCP and Azure in the north-west of the
// United States: four tunnels from AWS to each, two between GCP and Azure.
func triangle(flows ...fabric.Flow) *fabric.Network {
	aws := site("aws", "us-west-2", vocab.AWS, "usw2-az1", "usw2-az2", "usw2-az3")
	az := site("azure", "westus2", vocab.Azure, "1", "2", "3")
	gcp := site("gcp", "us-west1", vocab.GCP, "us-west1-a", "us-west1-b", "us-west1-c")
	n := &fabric.Network{Name: "triangle", Sites: []fabric.Site{aws, az, gcp}, Flows: flows}
	for _, s := range n.Sites {
		v := vpc(s, "net")
		n.VPCs = append(n.VPCs, v)
		n.Subnets = append(n.Subnets, subnet(v, "app", fabric.NoInternet), subnet(v, "web", fabric.ViaNAT))
	}
	n.Gateways = []fabric.Gateway{
		{ID: "aws/tgw", Kind: fabric.TransitGateway, Site: "aws"},
		{ID: "azure/vpn", Kind: fabric.VPNGateway, Site: "azure", VPC: "azure/net", SKU: "VpnGw1AZ", Generation: 1, Interfaces: make([]fabric.Interface, 2)},
		{ID: "gcp/vpn", Kind: fabric.HAVPN, Site: "gcp", VPC: "gcp/net", Interfaces: make([]fabric.Interface, 2)},
	}
	n.Attachments = []fabric.Attachment{{ID: "aws/tgw--aws/net", Kind: fabric.TransitVPCAttachment, Gateway: "aws/tgw", VPC: "aws/net"}}
	join(n, "aws", "aws/tgw", "azure", "azure/vpn", 4, 1250*vocab.Mbps)
	join(n, "aws", "aws/tgw", "gcp", "gcp/vpn", 4, 1250*vocab.Mbps)
	join(n, "azure", "azure/vpn", "gcp", "gcp/vpn", 2, 650*vocab.Mbps)
	return n
}

// join adds a VPN link with its tunnels and, at AWS, its connections.
func join(n *fabric.Network, a fabric.SiteID, ga fabric.GatewayID, b fabric.SiteID, gb fabric.GatewayID, tunnels int, rate vocab.Rate) {
	k := fabric.Link{ID: fabric.LinkBetween(a, b), Kind: fabric.VPN, Sites: [2]fabric.SiteID{a, b}, Gateways: [2]fabric.GatewayID{ga, gb}, Origin: line(3)}
	var ids []fabric.TunnelID
	for i := range tunnels {
		t := fabric.Tunnel{ID: fabric.TunnelID(string(k.ID) + "/" + string(rune('0'+i))), Link: k.ID, Index: i, Rate: rate}
		t.Ends[0].Gateway, t.Ends[1].Gateway = ga, gb
		ids = append(ids, t.ID)
		n.Tunnels = append(n.Tunnels, t)
		k.Capacity += rate
	}
	k.Tunnels = ids
	if strings.HasPrefix(string(ga), "aws") {
		for i := 0; i+1 < tunnels; i += 2 {
			n.Connections = append(n.Connections, fabric.Connection{
				ID: fabric.ConnectionID(string(k.ID) + "/c" + string(rune('0'+i/2))), Link: k.ID, Gateway: ga, Peer: gb,
				Tunnels: [2]fabric.TunnelID{ids[i], ids[i+1]}, Meta: fabric.Meta{Account: "acct"},
			})
		}
	}
	n.Links = append(n.Links, k)
}

// move is a flow between the app subnets of sites along a path.
func move(v vocab.Volume, sites ...fabric.SiteID) fabric.Flow {
	f := fabric.Flow{Origin: line(20), Monthly: v, Sites: sites}
	f.From, f.To = appOf(sites[0]), appOf(sites[len(sites)-1])
	for i := 1; i < len(sites); i++ {
		f.Via = append(f.Via, fabric.LinkBetween(sites[i-1], sites[i]))
	}
	return f
}

func appOf(s fabric.SiteID) fabric.FlowEnd {
	return fabric.FlowEnd{Ref: string(s) + ":app", Site: s, Subnets: []fabric.SubnetID{fabric.SubnetID(string(s) + "/net/app")}}
}

// volume turns a quantity in the unit of an item's price into a volume, so that
// expectations can be computed by hand in that unit.
func volume(t *testing.T, item atlas.PriceItem, region string, quantity float64) vocab.Volume {
	t.Helper()
	pr, ok := atlas.Default().Price(item, atlas.PriceScope{Region: region})
	if !ok {
		t.Fatalf("Price(%v, %v) is not there", item, region)
	}
	if pr.Per == atlas.PerGiB {
		return vocab.Volume(quantity * (1 << 30))
	}
	return vocab.Volume(quantity * float64(vocab.GB))
}

// summed adds up a bill's lines by item.
func summed(b Bill) map[string]string {
	sums := map[string]vocab.USD{}
	for _, l := range b.Lines {
		sums[l.Item] += l.Amount
	}
	out := map[string]string{}
	for k, v := range sums {
		out[k] = v.String()
	}
	return out
}

func linesOf(b Bill, item string) []Line {
	return slices.DeleteFunc(slices.Clone(b.Lines), func(l Line) bool { return l.Item != item })
}
