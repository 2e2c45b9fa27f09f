package price

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

func optionsOf(t *testing.T, n *fabric.Network, id fabric.LinkID) LinkOptions {
	t.Helper()
	for _, o := range Alternatives(n, atlas.Default(), overAll()) {
		if o.Link == id {
			return o
		}
	}
	t.Fatalf("Alternatives has no link %s", id)
	return LinkOptions{}
}

func TestAlternativesAWSToGCP(t *testing.T) {
	v := volume(t, atlas.PriceAWSEgressInternet, "us-west-2", 40100)
	f := move(v, "aws", "gcp")
	f.Peak = 3 * vocab.Gbps
	n := triangle(f)
	o := optionsOf(t, n, "aws--gcp")
	if o.Volumes != [2]vocab.Volume{v, 0} || o.Need != 3*vocab.Gbps {
		t.Errorf("volumes %v, need %v, want %v one way, 3Gbps", o.Volumes, o.Need, v)
	}
	type row struct {
		Fixed, Variable, Total string
		Capacity               vocab.Rate
		Feasible               bool
		Breaks                 Break
	}
	got := map[string]row{}
	for _, x := range o.Options {
		name, _, _ := strings.Cut(x.Name, " with Google")
		got[name] = row{x.Fixed.String(), x.Variable.String(), x.Total.String(), x.Capacity, x.Feasible, x.Breaks}
	}
	outDX := dxOut(t, v)
	want := map[string]row{
		// 2 connections, 2 attachments, 4 addresses, 4 tunnels; 10240 x 0.09 + 29760 x 0.085.
		"VPN, as it is": {"306.60", "3,451.20", "3,757.80", 5 * vocab.Gbps, true, 0},
		// Connections at 0.60 for 0.05; Google's tunnels carry 3 Gbps.
		"VPN with large-bandwidth tunnels": {"1,109.60", "3,451.20", "4,560.80", 12 * vocab.Gbps, true, NeverCheaper},
		// 2 x 730 x (1.65 + 1.25) and an attachment.
		"Direct Connect + Interconnect (partner circuits)": {"4,270.50", outDX.String(), (4270*vocab.Dollar + vocab.Dollar/2 + outDX).String(), 5 * vocab.Gbps, true, CheaperAbove},
		// 2 x 730 x (2.25 + 2.328 + 0.10) and an attachment.
		"Direct Connect + Interconnect (dedicated ports)": {"6,866.38", outDX.String(), (vocab.Dollars(6866.38) + outDX).String(), 10 * vocab.Gbps, true, CheaperAbove},
		// 2 x 730 x (2.25 + 5.60 + 0.10) and an attachment.
		"Direct Connect + Interconnect (Cross-Cloud Interconnect)": {"11,643.50", outDX.String(), (vocab.Dollars(11643.5) + outDX).String(), 10 * vocab.Gbps, true, CheaperAbove},
		// 730 x (12.33 + 19.00).
		"AWS Interconnect - multicloud": {"22,870.90", "0.00", "22,870.90", 10 * vocab.Gbps, true, CheaperAbove},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("options (-want +got):\n%s", d)
	}
	b := compute(n)
	for _, g := range b.ByLink {
		if g.Key == "aws--gcp" && g.Amount != o.Options[0].Total+o.Common {
			t.Errorf("the present way %v and what is common %v are not the bill's %v", o.Options[0].Total, o.Common, g.Amount)
		}
	}
	for _, x := range o.Options {
		if strings.HasPrefix(x.Name, "AWS Interconnect") {
			// 306.60 + 11571.20 (first 153600) + 0.05 a unit = 22870.90 at 373,562 units with the free 100.
			pr, _ := atlas.Default().Price(atlas.PriceAWSEgressInternet, atlas.PriceScope{Region: "us-west-2"})
			if q := pr.Per.Quantity(x.BreakEven); q < 373_500 || q > 373_600 {
				t.Errorf("break-even = %v (%v units), want about 373,562 units", x.BreakEven, q)
			}
		}
	}
}

// dxOut is 0.02 for each unit of Direct Connect's data out.
func dxOut(t *testing.T, v vocab.Volume) vocab.USD {
	t.Helper()
	pr, ok := atlas.Default().Price(atlas.PriceAWSDXOut, atlas.PriceScope{Region: "us-west-2", To: atlas.Place{Country: "United States"}})
	if !ok {
		t.Fatal("no price of Direct Connect out")
	}
	return vocab.Dollars(0.02 * pr.Per.Quantity(v))
}

func TestAlternativesInfeasible(t *testing.T) {
	f := move(vocab.TB, "azure", "gcp")
	f.Peak = 2 * vocab.Gbps
	o := optionsOf(t, triangle(f), "azure--gcp")
	x := o.Options[0]
	if !x.Present || x.Feasible || x.Why != "carries 1.3Gbps, 2Gbps is needed" {
		t.Errorf("present way = %+v, want it not feasible at 2Gbps over 1.3Gbps", x)
	}
	for _, x := range o.Options[1:] {
		if x.Present || !x.Feasible || x.Capacity < o.Need || len(x.NotIncluded) == 0 {
			t.Errorf("option %+v, want it feasible and its missing fees named", x)
		}
	}
}

func TestAlternativesLargeTunnels(t *testing.T) {
	tests := []struct {
		name, region string
		kind         fabric.GatewayKind
		want         bool
	}{
		{"transit gateway", "us-west-2", fabric.TransitGateway, true},
		{"virtual private gateway", "us-west-2", fabric.VirtualPrivateGateway, false},
		{"not offered in the region", "ca-west-1", fabric.TransitGateway, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := triangle()
			n.Sites[0].Region, n.Gateways[0].Kind = tt.region, tt.kind
			got := false
			for _, x := range optionsOf(t, n, "aws--gcp").Options {
				got = got || x.Name == "VPN with large-bandwidth tunnels"
			}
			if got != tt.want {
				t.Errorf("large-bandwidth tunnels among the options = %v, want %v", got, tt.want)
			}
		})
	}
}

// TestAlternativesLargeTunnelsBound: no tunnels carry more than the Azure
// gateway at their far end does with all of them.
func TestAlternativesLargeTunnelsBound(t *testing.T) {
	hubUnit := atlas.Default().SKUs(vocab.Azure, atlas.SKUHub)[0].Aggregate
	vpn, _ := atlas.Default().SKU(vocab.Azure, "VpnGw1AZ")
	tests := []struct {
		name    string
		gateway fabric.Gateway
		want    vocab.Rate
	}{
		{"VPN gateway", fabric.Gateway{ID: "azure/vpn", Kind: fabric.VPNGateway, Site: "azure", VPC: "azure/net", SKU: "VpnGw1AZ", Generation: 1}, vpn.Aggregate},
		{"virtual hub", fabric.Gateway{ID: "azure/vpn", Kind: fabric.VirtualHub, Site: "azure", ScaleUnits: 1}, hubUnit},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := triangle()
			n.Gateways[1] = tt.gateway
			for _, x := range optionsOf(t, n, "aws--azure").Options {
				if x.Name != "VPN with large-bandwidth tunnels" {
					continue
				}
				if x.Capacity == 0 || x.Capacity > tt.want {
					t.Errorf("large-bandwidth tunnels carry %v, want at most the gateway's %v", x.Capacity, tt.want)
				}
				return
			}
			t.Error("no large-bandwidth tunnels among the options")
		})
	}
}

func TestAlternativesPreview(t *testing.T) {
	n := triangle(move(vocab.TB, "aws", "azure"))
	n.Sites[0].Region, n.Sites[1].Region = "us-east-1", "eastus"
	for _, x := range optionsOf(t, n, "aws--azure").Options {
		if strings.Contains(x.Name, "Azure Multicloud Interconnect") {
			if x.Fixed != vocab.Dollars(1.37*730) || x.Capacity != vocab.Gbps || !strings.Contains(x.Note, "preview") {
				t.Errorf("option = %+v, want 1Gbps at 1,000.10 a month in preview", x)
			}
			return
		}
	}
	t.Error("no managed link between us-east-1 and eastus among the options")
}

func TestAlternativesVirtualHub(t *testing.T) {
	f := move(vocab.TB, "azure", "gcp")
	f.Peak = 3 * vocab.Gbps
	n := triangle(f)
	n.Gateways[1] = fabric.Gateway{ID: "azure/vpn", Kind: fabric.VirtualHub, Site: "azure", ScaleUnits: 7}
	for _, x := range optionsOf(t, n, "azure--gcp").Options {
		if x.Name == "ExpressRoute + Interconnect (partner circuits)" {
			// 5 Gbps circuit 2180, two scale units of 2 Gbps and a connection, two Google attachments of 5 Gbps.
			if want := vocab.Dollars(2180 + 730*(2*0.42+0.05+2*1.25)); x.Fixed != want || x.Capacity != 4*vocab.Gbps {
				t.Errorf("option = %+v, want %v a month for 4Gbps", x, want)
			}
			return
		}
	}
	t.Error("no ExpressRoute among the options")
}

func TestBreakEven(t *testing.T) {
	line := func(fixed, perGB float64) func([2]vocab.Volume) vocab.USD {
		return func(v [2]vocab.Volume) vocab.USD { return vocab.Dollars(fixed + perGB*(v[0]+v[1]).GB()) }
	}
	tests := []struct {
		name       string
		most       vocab.Volume
		other, now func([2]vocab.Volume) vocab.USD
		want       vocab.Volume
		breaks     Break
	}{
		{"cheaper by the GB", vocab.PB, line(100, 0.02), line(0, 0.07), 2000 * vocab.GB, CheaperAbove},
		{"cheaper by the month", vocab.PB, line(0, 0.07), line(100, 0.02), 2000 * vocab.GB, CheaperBelow},
		{"cheaper by the GB, but does not carry so much", 1999 * vocab.GB, line(100, 0.02), line(0, 0.07), 0, NeverCheaper},
		{"cheaper at the very end", 2001 * vocab.GB, line(100, 0.02), line(0, 0.07), 2000 * vocab.GB, CheaperAbove},
		{"cheaper in both", vocab.PB, line(50, 0.02), line(100, 0.07), 0, AlwaysCheaper},
		{"dearer in both", vocab.PB, line(100, 0.07), line(50, 0.02), 0, NeverCheaper},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, breaks := breakEven([2]vocab.Volume{3, 1}, tt.most, tt.other, tt.now)
			if got != tt.want || breaks != tt.breaks {
				t.Errorf("breakEven = %v, %v, want %v, %v", got, breaks, tt.want, tt.breaks)
			}
		})
	}
}

func TestScenarios(t *testing.T) {
	n := triangle()
	got := map[string]string{}
	for _, s := range Scenarios(n, atlas.Default()) {
		for _, r := range s.Routes {
			got[s.Kind.String()+": "+r.From+" > "+r.To] = r.UnitPrice.Unit()
			if r.PerTB < s.Min || r.PerTB > s.Max {
				t.Errorf("%v: %v is not between %v and %v", s.Kind, r.PerTB, s.Min, s.Max)
			}
		}
	}
	for key, want := range map[string]string{
		"intra-region, between zones: aws us-west-2 > aws us-west-2": "0.01",
		"intra-region, between zones: gcp us-west1 > gcp us-west1":   "0.01",
		"intra-region, between zones: azure westus2 > azure westus2": "0.00",
		"cloud to cloud, internet: aws us-west-2 > gcp us-west1":     "0.09",
		"cloud to cloud, internet: gcp us-west1 > azure westus2":     "0.12",
		"cloud to cloud, internet: azure westus2 > aws us-west-2":    "0.087",
		"cloud to cloud, private: aws us-west-2 > gcp us-west1":      "0.02",
		"cloud to cloud, private: gcp us-west1 > aws us-west-2":      "0.02",
		"cloud to cloud, private: azure westus2 > gcp us-west1":      "0.025",
	} {
		if got[key] != want {
			t.Errorf("Scenarios: %s = %q, want %q", key, got[key], want)
		}
	}
	n.Sites = append(n.Sites, site("sydney", "australia-southeast1", vocab.GCP), fabric.Site{ID: "hq", Cloud: vocab.OnPrem, City: "Portland"})
	var toSydney, toPortland bool
	for _, s := range Scenarios(n, atlas.Default()) {
		for _, r := range s.Routes {
			if s.Kind == InterRegion && r.From == "gcp us-west1" {
				toSydney = r.To == "gcp australia-southeast1" && !r.Nearest && r.UnitPrice.Unit() == "0.10"
			}
			if s.Kind == OnPremInternet && r.From == "aws us-west-2" {
				toPortland = r.To == "Portland" && r.UnitPrice.Unit() == "0.09"
			}
		}
	}
	if !toSydney || !toPortland {
		t.Errorf("routes to the network's own places: Sydney %v, Portland %v, want both", toSydney, toPortland)
	}
}
