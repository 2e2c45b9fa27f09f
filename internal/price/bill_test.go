package price

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

// Expectations are computed by hand from list prices: see each comment.
func TestComputeFixed(t *testing.T) {
	got := summed(Compute(triangle(), atlas.Default(), nil))
	want := map[string]string{
		"VPN connection":                   "146.00", // 4 x 730 x 0.05
		"transit gateway attachment (VPN)": "146.00", // 4 x 730 x 0.05
		"transit gateway attachment (VPC)": "36.50",  // 730 x 0.05
		"HA VPN tunnel":                    "219.00", // 6 x 730 x 0.05
		"VPN gateway VpnGw1AZ":             "153.30", // 730 x 0.21
		"public IPv4 address":              "36.50",  // (8 AWS + 2 Azure) x 730 x 0.005
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Compute(triangle) by item (-want +got):\n%s", d)
	}
}

func TestComputeTraffic(t *testing.T) {
	awsGB := func(q float64) vocab.Volume { return volume(t, atlas.PriceAWSEgressInternet, "us-west-2", q) }
	gcpGiB := func(q float64) vocab.Volume { return volume(t, atlas.PriceGCPEgressInternet, "us-west1", q) }
	azureGB := func(q float64) vocab.Volume { return volume(t, atlas.PriceAzureEgressInternet, "westus2", q) }
	tests := []struct {
		name  string
		flows []fabric.Flow
		by    *routes.Tables    // the mesh's when nil
		want  map[string]string // by item
	}{
		{
			name:  "AWS to GCP: 60 TB behind the free 100 GB",
			flows: []fabric.Flow{move(awsGB(61540), "aws", "gcp")},
			want: map[string]string{
				"internet egress":      "5,120.00", // 10240 x 0.09 + 40960 x 0.085 + 10240 x 0.07
				"transit gateway data": "1,230.80", // 61540 x 0.02
			},
		},
		{
			name:  "two flows share the tiers of one organisation",
			flows: []fabric.Flow{move(awsGB(30770), "aws", "gcp"), move(awsGB(30770), "aws", "azure")},
			want:  map[string]string{"internet egress": "5,120.00", "transit gateway data": "1,230.80"},
		},
		{
			name:  "GCP to AWS has no free allowance; the VPN sends into the transit gateway",
			flows: []fabric.Flow{move(gcpGiB(2024), "gcp", "aws")},
			want: map[string]string{
				"internet egress":      "232.88", // 1024 x 0.12 + 1000 x 0.11
				"transit gateway data": transitData(t, gcpGiB(2024)),
			},
		},
		{
			name:  "Azure to GCP",
			flows: []fabric.Flow{move(azureGB(10100), "azure", "gcp")},
			want:  map[string]string{"internet egress": "870.00"}, // 10000 x 0.087
		},
		{
			name:  "Azure to GCP through AWS: two egresses, one pass into the transit gateway",
			flows: []fabric.Flow{move(azureGB(1100), "azure", "gcp")},
			by:    overAWS(),
			want: map[string]string{
				"internet egress":      add(t, "87.00", awsEgress(t, azureGB(1100))), // 1000 x 0.087 +
				"transit gateway data": transitData(t, azureGB(1100)),
			},
		},
		{
			name:  "between zones of AWS: two thirds cross, both ends pay",
			flows: []fabric.Flow{inside("aws", awsGB(3000))},
			want:  map[string]string{"traffic between zones": "40.00"}, // 2000 x 2 x 0.01
		},
		{
			name:  "between zones of GCP: the sender pays",
			flows: []fabric.Flow{inside("gcp", gcpGiB(3000))},
			want:  map[string]string{"traffic between zones": "20.00"}, // 2000 x 0.01
		},
		{name: "between zones of Azure: free", flows: []fabric.Flow{inside("azure", azureGB(3000))}, want: map[string]string{}},
		{
			name:  "to the internet through NAT",
			flows: []fabric.Flow{{From: web("aws"), To: internet, Monthly: awsGB(1100)}},
			want:  map[string]string{"internet egress": "90.00", "NAT gateway data": "49.50"}, // 1000 x 0.09, 1100 x 0.045
		},
		{
			name:  "from the internet through NAT: only the processing",
			flows: []fabric.Flow{{From: internet, To: web("azure"), Monthly: azureGB(1000)}},
			want:  map[string]string{"NAT gateway data": "45.00"},
		},
		{name: "no way", flows: []fabric.Flow{move(vocab.TB, "aws", "gcp")}, by: cut(), want: map[string]string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			by := tt.by
			if by == nil {
				by = overAll()
			}
			b := Compute(triangle(tt.flows...), atlas.Default(), by)
			var traffic Bill
			for _, l := range b.Lines {
				if l.IsTraffic() {
					traffic.Lines = append(traffic.Lines, l)
				}
			}
			if d := cmp.Diff(tt.want, summed(traffic)); d != "" {
				t.Errorf("Compute(%s) by item (-want +got):\n%s", tt.name, d)
			}
		})
	}
}

func inside(s fabric.SiteID, v vocab.Volume) fabric.Flow {
	return fabric.Flow{From: appOf(s), To: appOf(s), Monthly: v}
}

func web(s fabric.SiteID) fabric.FlowEnd {
	return fabric.FlowEnd{Ref: string(s) + ":web", Site: s, Subnets: []fabric.SubnetID{fabric.SubnetID(string(s) + "/net/web")}}
}

// transitData is 0.02 for each unit of AWS's data price.
func transitData(t *testing.T, v vocab.Volume) string {
	t.Helper()
	pr, _ := atlas.Default().Price(atlas.PriceAWSTGWData, atlas.PriceScope{Region: "us-west-2"})
	return vocab.Dollars(0.02 * pr.Per.Quantity(v)).String()
}

// awsEgress is 0.09 for each unit beyond the free 100, within the first tier.
func awsEgress(t *testing.T, v vocab.Volume) vocab.USD {
	t.Helper()
	pr, _ := atlas.Default().Price(atlas.PriceAWSEgressInternet, atlas.PriceScope{Region: "us-west-2"})
	return vocab.Dollars(0.09 * (pr.Per.Quantity(v) - 100))
}

func add(t *testing.T, s string, u vocab.USD) string {
	t.Helper()
	v, err := vocab.ParseUSD(s)
	if err != nil {
		t.Fatal(err)
	}
	return (v + u).String()
}

func TestComputeLineDetails(t *testing.T) {
	v := volume(t, atlas.PriceAWSEgressInternet, "us-west-2", 10240+100)
	b := compute(triangle(move(v, "aws", "gcp")))
	lines := linesOf(b, "internet egress")
	if len(lines) != 1 {
		t.Fatalf("Compute gives %d lines of internet egress, want 1", len(lines))
	}
	l := lines[0]
	want := []Tier{{Quantity: 100}, {Quantity: 10240, UnitPrice: vocab.Dollars(0.09), Amount: vocab.Dollars(921.6)}}
	if d := cmp.Diff(want, l.Tiers); d != "" {
		t.Errorf("tiers (-want +got):\n%s", d)
	}
	if l.Link != "aws--gcp" || l.Site != "aws" || l.Account != "acct" || l.Cloud != vocab.AWS || l.Flow != 1 || l.Origin.Pos.Line != 20 {
		t.Errorf("line = %+v, want it on link aws--gcp, site aws, account acct, flow 1, line 20", l)
	}
	if l.FactID != "aws.price.egress.us_eu" || l.AsOf == "" || l.Source == "" || l.Mark != atlas.Verified {
		t.Errorf("line = %+v, want the verified fact aws.price.egress.us_eu with date and source", l)
	}
	ip := linesOf(b, "public IPv4 address")
	if got := ip[len(ip)-1].Mark; got != atlas.Secondary {
		t.Errorf("mark of the outside addresses = %v, want %v: that they are billed is secondary", got, atlas.Secondary)
	}
}

func TestComputeMissing(t *testing.T) {
	n := triangle()
	n.Gateways[1].SKU = "VpnGw9AZ"
	b := compute(n)
	want := []Missing{{Item: "azure.vpn.gateway.VpnGw9AZ", Region: "westus2", Object: "azure/vpn"}}
	if d := cmp.Diff(want, b.Missing); d != "" {
		t.Errorf("Missing (-want +got):\n%s", d)
	}
}

func TestComputeTransit(t *testing.T) {
	n := built(`version: 1
name: pair
addressing: {pool: 10.0.0.0/8}
accounts: {a: {cloud: aws, id: "111122223333"}}
sites:
  east: {cloud: aws, region: us-east-1, account: a, gateway: {kind: transit-gateway}, networks: {net: {size: /16, subnets: {app: {size: /22}}}}}
  west: {cloud: aws, region: us-west-2, account: a, gateway: {kind: transit-gateway}, networks: {net: {size: /16, subnets: {app: {size: /22}}}}}
connect: [{mesh: [east, west]}]
`)
	n.Flows = []fabric.Flow{move(volume(t, atlas.PriceAWSEgressRegion, "us-west-2", 1000), "west", "east")}
	got := summed(Compute(n, atlas.Default(), routes.Compute(n, atlas.Default(), nil)))
	for item, want := range map[string]string{
		"transit gateway attachment (peering)": "73.00", // both sides
		"transit gateway data":                 "20.00", // from the VPC, not from the peering
		"inter-region egress":                  "20.00",
	} {
		if got[item] != want {
			t.Errorf("Compute: %s = %q, want %q", item, got[item], want)
		}
	}
}

func TestComputeAzure(t *testing.T) {
	n := built(`version: 1
name: pair
addressing: {pool: 10.0.0.0/8}
accounts: {z: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}}
sites:
  north: {cloud: azure, region: northeurope, account: z, networks: {net: {size: /16, subnets: {app: {size: /22}}}}}
  west:
    cloud: azure
    region: westus2
    account: z
    networks: {net: {size: /16, subnets: {app: {size: /22}}}}
connect: [{mesh: [north, west]}]
`)
	n.Flows = []fabric.Flow{move(1000*vocab.GB, "west", "north")}
	b := Compute(n, atlas.Default(), routes.Compute(n, atlas.Default(), nil))
	// West US 2 to North Europe 1000 x 0.035 out and in.
	if got, want := summed(b)["VNet peering"], "70.00"; got != want {
		t.Errorf("Compute: VNet peering = %q, want %q", got, want)
	}
	bySite := map[string]vocab.USD{}
	for _, l := range linesOf(b, "VNet peering") {
		bySite[string(l.Site)] += l.Amount
	}
	want := map[string]vocab.USD{"north": 35 * vocab.Dollar, "west": 35 * vocab.Dollar}
	if d := cmp.Diff(want, bySite); d != "" {
		t.Errorf("VNet peering by site (-want +got):\n%s", d)
	}
}

func TestComputeOtherObjects(t *testing.T) {
	n := triangle()
	n.NATs = []fabric.NAT{{ID: "n1", Cloud: vocab.AWS, Site: "aws"}, {ID: "n2", Cloud: vocab.GCP, Site: "gcp"}, {ID: "n3", Cloud: vocab.Azure, Site: "azure"}}
	n.Endpoints = []fabric.Endpoint{
		{ID: "e1", Kind: fabric.InterfaceEndpoint, Site: "aws", VPC: "aws/net"},
		{ID: "e2", Kind: fabric.GatewayEndpoint, Site: "aws", VPC: "aws/net"},
	}
	n.Gateways = append(n.Gateways, fabric.Gateway{ID: "hub", Kind: fabric.VirtualHub, Site: "azure", ScaleUnits: 2})
	for _, id := range []fabric.AttachmentID{"h1", "h2", "h3", "h4"} {
		n.Attachments = append(n.Attachments, fabric.Attachment{ID: id, Kind: fabric.NCCHybridSpoke, Gateway: "gcp/vpn", VPC: "gcp/net"})
	}
	n.Attachments = append(n.Attachments,
		fabric.Attachment{ID: "s", Kind: fabric.NCCSpoke, VPC: "gcp/net"},
		fabric.Attachment{ID: "v", Kind: fabric.VirtualHubConnection, Gateway: "hub", VPC: "azure/net"})
	got := summed(compute(n))
	for item, want := range map[string]string{
		"NAT gateway":                   "98.40", // 730 x (0.045 + 0.0448 + 0.045)
		"interface endpoint":            "21.90", // 3 zones x 730 x 0.01
		"Virtual WAN hub":               "182.50",
		"Virtual WAN VPN scale unit":    "527.06", // 2 x 730 x 0.361
		"Virtual WAN connection (VNet)": "36.50",
		"NCC spoke (VPC)":               "73.00",
		"NCC spoke (VPN)":               "54.75", // three are free
		"public IPv4 address":           "47.45", // 36.50 and one for each NAT
	} {
		if got[item] != want {
			t.Errorf("Compute: %s = %q, want %q", item, got[item], want)
		}
	}
}

func TestAzureConnectionsBeyondIncluded(t *testing.T) {
	n := triangle()
	join(n, "azure", "azure/vpn", "office", "office/cpe", 6, 650*vocab.Mbps)
	got := linesOf(compute(n), "VPN connection beyond those included")
	// 4 + 2 + 6 tunnels, ten included: 2 x 730 x 0.015.
	if len(got) != 1 || got[0].Amount.String() != "21.90" || got[0].Mark != atlas.Recalled {
		t.Errorf("lines = %+v, want one of 21.90, recalled", got)
	}
}
