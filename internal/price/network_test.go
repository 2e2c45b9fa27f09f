package price

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

// The specs whose tables traffic goes by.
const (
	sitesSpec = `version: 1
name: triangle
addressing: {pool: 10.0.0.0/8}
accounts:
  a: {cloud: aws, id: "111122223333"}
  g: {cloud: gcp, project: net-host}
  z: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}
sites:
  aws:
    cloud: aws
    region: us-west-2
    account: a
    gateway: {kind: transit-gateway}
    zones: 3
    networks: {net: {size: /16, subnets: {app: {size: /22, segment: app}, web: {size: /22, segment: web, internet: nat}}}}
  azure:
    cloud: azure
    region: westus2
    account: z
    gateway: {kind: vpn-gateway}
    networks: {net: {size: /16, subnets: {app: {size: /22, segment: app}, web: {size: /22, segment: web, internet: nat}}}}
  gcp:
    cloud: gcp
    region: us-west1
    account: g
    networks: {net: {size: /16, subnets: {app: {size: /22, segment: app}, web: {size: /22, segment: web, internet: nat}}}}
segments: {app: {}, web: {}}
connect:
`
	meshSpec = sitesSpec + "  - {mesh: [aws, azure, gcp], via: vpn}\n"
	hubSpec  = sitesSpec + "  - {hub: aws, spokes: [azure, gcp], via: vpn}\n"
)

// built compiles a spec.
func built(text string) *fabric.Network {
	s, diags := spec.Parse([]spec.File{{Name: "network.yaml", Data: []byte(text)}})
	if diags.HasErrors() {
		panic(diags.String())
	}
	r := compile.Compile(&s, lock.Lock{}, atlas.Default())
	if r.Diags.HasErrors() {
		panic(r.Diags.String())
	}
	return r.Network
}

var (
	meshed  = sync.OnceValue(func() *fabric.Network { return built(meshSpec) })
	overAll = sync.OnceValue(func() *routes.Tables { return routes.Compute(meshed(), atlas.Default(), nil) })
	overAWS = sync.OnceValue(func() *routes.Tables { return routes.Compute(built(hubSpec), atlas.Default(), nil) })
	// cut is the mesh without Google's links.
	cut = sync.OnceValue(func() *routes.Tables {
		return routes.Compute(meshed(), atlas.Default(), routes.NewFailure(routes.Part{Kind: routes.LinkPart, ID: "aws--gcp"}, routes.Part{Kind: routes.LinkPart, ID: "azure--gcp"}))
	})
)

// compute is the bill of a network whose traffic goes by the mesh's tables.
func compute(n *fabric.Network) Bill { return Compute(n, atlas.Default(), overAll()) }

// The objects of the test networks: one VPC a site, subnets "site/net/app".

func site(id, region string, c vocab.Cloud, zones ...string) fabric.Site {
	return fabric.Site{ID: fabric.SiteID(id), Cloud: c, Region: region, Zones: zones, Meta: fabric.Meta{Account: "acct"}}
}

func vpc(s fabric.Site, name string) fabric.VPC {
	return fabric.VPC{ID: fabric.VPCID(string(s.ID) + "/" + name), Cloud: s.Cloud, Name: name, Sites: []fabric.SiteID{s.ID}}
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
		for _, name := range []string{"app", "web"} {
			sn, _ := meshed().Subnet(fabric.SubnetID(string(v.ID) + "/" + name))
			sn.VPC = v.ID
			n.Subnets = append(n.Subnets, sn)
		}
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

// move is a flow between the app subnets of two sites.
func move(v vocab.Volume, from, to fabric.SiteID) fabric.Flow {
	return fabric.Flow{Origin: line(20), Monthly: v, From: appOf(from), To: appOf(to)}
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
