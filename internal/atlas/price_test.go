package atlas

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/vocab"
)

func TestPrice(t *testing.T) {
	a := Default()
	region := func(c vocab.Cloud, name string) Place {
		r, ok := a.Region(c, name)
		if !ok {
			t.Fatalf("no region %s", name)
		}
		return r.Place()
	}
	city := func(name string) Place {
		p, ok := a.Place(name)
		if !ok {
			t.Fatalf("no city %s", name)
		}
		return p
	}
	tests := []struct {
		name string
		item PriceItem
		at   PriceScope
		want float64
		per  Per
	}{
		{"vpn connection", PriceAWSVPNConnection, PriceScope{Region: "us-west-2"}, 0.05, PerHour},
		{"vpn connection in Tokyo", PriceAWSVPNConnection, PriceScope{Region: "ap-northeast-1"}, 0.048, PerHour},
		{"large connection", PriceAWSVPNLargeConnection, PriceScope{Region: "us-west-2"}, 0.60, PerHour},
		{"tgw attachment", PriceAWSTGWAttachment, PriceScope{Region: "eu-west-1"}, 0.05, PerHour},
		{"tgw attachment in Osaka", PriceAWSTGWAttachment, PriceScope{Region: "ap-northeast-3"}, 0.07, PerHour},
		{"tgw data", PriceAWSTGWData, PriceScope{Region: "eu-west-1"}, 0.02, PerGB},
		{"nat", PriceAWSNATGateway, PriceScope{Region: "us-west-2"}, 0.045, PerHour},
		{"nat in Tokyo", PriceAWSNATData, PriceScope{Region: "ap-northeast-1"}, 0.062, PerGB},
		{"public address", PriceAWSIPv4, PriceScope{Region: "us-west-2"}, 0.005, PerHour},
		{"aws egress Oregon", PriceAWSEgressInternet, PriceScope{Region: "us-west-2"}, 0.09, PerGB},
		{"aws egress Singapore", PriceAWSEgressInternet, PriceScope{Region: "ap-southeast-1"}, 0.12, PerGB},
		{"aws egress São Paulo", PriceAWSEgressInternet, PriceScope{Region: "sa-east-1"}, 0.15, PerGB},
		{"aws egress gov", PriceAWSEgressInternet, PriceScope{Region: "us-gov-west-1"}, 0.155, PerGB},
		{"aws inter-region", PriceAWSEgressRegion, PriceScope{Region: "us-west-2", To: region(vocab.AWS, "ap-northeast-1")}, 0.02, PerGB},
		{"aws Virginia to Ohio", PriceAWSEgressRegion, PriceScope{Region: "us-east-1", To: region(vocab.AWS, "us-east-2")}, 0.01, PerGB},
		{"aws Tokyo to Oregon", PriceAWSEgressRegion, PriceScope{Region: "ap-northeast-1", To: region(vocab.AWS, "us-west-2")}, 0.09, PerGB},
		{"aws zones", PriceAWSEgressZone, PriceScope{Region: "us-west-2"}, 0.01, PerGB},
		{"dx 10G", PriceAWSDXDedicated, PriceScope{Size: 10 * vocab.Gbps, To: city("Ashburn")}, 2.25, PerHour},
		{"dx 10G in Tokyo", PriceAWSDXDedicated, PriceScope{Size: 10 * vocab.Gbps, To: city("Tokyo")}, 2.142, PerHour},
		{"dx hosted 500M", PriceAWSDXHosted, PriceScope{Size: 500 * vocab.Mbps}, 0.20, PerHour},
		{"dx out in the US", PriceAWSDXOut, PriceScope{Region: "us-east-1", To: city("Ashburn")}, 0.02, PerGB},
		{"dx out Dublin to Ashburn", PriceAWSDXOut, PriceScope{Region: "eu-west-1", To: city("Ashburn")}, 0.0282, PerGB},
		{"dx out Tokyo", PriceAWSDXOut, PriceScope{Region: "ap-northeast-1", To: city("Tokyo")}, 0.041, PerGB},
		{"aws interconnect", PriceAWSInterconnect, PriceScope{Size: 10 * vocab.Gbps}, 12.33, PerHour},
		{"gcp tunnel Oregon", PriceGCPVPNTunnel, PriceScope{Region: "us-west1"}, 0.05, PerHour},
		{"gcp tunnel Virginia", PriceGCPVPNTunnel, PriceScope{Region: "us-east4"}, 0.055, PerHour},
		{"gcp tunnel Tokyo", PriceGCPVPNTunnel, PriceScope{Region: "asia-northeast1"}, 0.075, PerHour},
		{"gcp tunnel Frankfurt", PriceGCPVPNTunnel, PriceScope{Region: "europe-west3"}, 0.06, PerHour},
		{"gcp egress to AWS Oregon", PriceGCPEgressInternet, PriceScope{Region: "us-west1", To: region(vocab.AWS, "us-west-2")}, 0.12, PerGiB},
		{"gcp egress to AWS Sydney", PriceGCPEgressInternet, PriceScope{Region: "us-west1", To: region(vocab.AWS, "ap-southeast-2")}, 0.19, PerGiB},
		{"gcp egress to China", PriceGCPEgressInternet, PriceScope{Region: "us-west1", To: city("Shanghai")}, 0.23, PerGiB},
		{"gcp egress to Hong Kong", PriceGCPEgressInternet, PriceScope{Region: "us-west1", To: city("Hong Kong")}, 0.12, PerGiB},
		{"gcp egress from Doha", PriceGCPEgressInternet, PriceScope{Region: "me-central1", To: city("Paris")}, 0.15, PerGiB},
		{"gcp inside America", PriceGCPEgressRegion, PriceScope{Region: "us-west1", To: region(vocab.GCP, "us-east4")}, 0.02, PerGiB},
		{"gcp over the ocean", PriceGCPEgressRegion, PriceScope{Region: "us-west1", To: region(vocab.GCP, "europe-west1")}, 0.08, PerGiB},
		{"gcp to Sydney", PriceGCPEgressRegion, PriceScope{Region: "us-west1", To: region(vocab.GCP, "australia-southeast1")}, 0.10, PerGiB},
		{"gcp inside South America", PriceGCPEgressRegion, PriceScope{Region: "southamerica-east1", To: region(vocab.GCP, "southamerica-west1")}, 0.14, PerGiB},
		{"gcp partner 1G", PriceGCPInterconnectPartner, PriceScope{Region: "us-west1", Size: vocab.Gbps}, 0.2778, PerHour},
		{"gcp interconnect out", PriceGCPInterconnectOut, PriceScope{Region: "asia-northeast1"}, 0.042, PerGiB},
		{"azure gateway", PriceAzureVPNGateway("VpnGw1AZ"), PriceScope{Region: "westus2"}, 0.21, PerHour},
		{"azure egress Washington", PriceAzureEgressInternet, PriceScope{Region: "westus2"}, 0.087, PerGB},
		{"azure egress Brazil", PriceAzureEgressInternet, PriceScope{Region: "brazilsouth"}, 0.181, PerGB},
		{"azure peering", PriceAzurePeeringRegion, PriceScope{Region: "westus2"}, 0.01, PerGB},
		{"azure global peering", PriceAzurePeeringGlobal, PriceScope{Region: "westus2"}, 0.035, PerGB},
		{"azure global peering Tokyo", PriceAzurePeeringGlobal, PriceScope{Region: "japaneast"}, 0.09, PerGB},
		{"azure inside Europe", PriceAzureEgressRegion, PriceScope{Region: "westeurope", To: region(vocab.Azure, "northeurope")}, 0.02, PerGB},
		{"expressroute 1G", PriceAzureERMetered, PriceScope{Region: "westus2", Size: vocab.Gbps}, 436, PerMonth},
		{"expressroute gateway", PriceAzureERGateway("ErGw1AZ"), PriceScope{Region: "westus2"}, 0.361, PerHour},
		{"virtual WAN hub", PriceAzureVWANHub, PriceScope{Region: "westus2"}, 0.25, PerHour},
	}
	for _, tt := range tests {
		p, ok := a.Price(tt.item, tt.at)
		if !ok || p.Unit() != vocab.Dollars(tt.want) || p.Per != tt.per || p.Fact.ID == "" {
			t.Errorf("%s: Price(%s, %+v) = %s a %s, %v, want %g a %s", tt.name, tt.item, tt.at, p.Unit().Unit(), p.Per, ok, tt.want, tt.per)
		}
	}
	for _, none := range []struct {
		item PriceItem
		at   PriceScope
	}{
		{"aws.no.such", PriceScope{Region: "us-west-2"}},
		{PriceAWSEgressInternet, PriceScope{Region: "nowhere"}},
		{PriceAWSDXHosted, PriceScope{Size: 7 * vocab.Mbps}},
		{PriceAWSDXHosted, PriceScope{}},
	} {
		if p, ok := a.Price(none.item, none.at); ok {
			t.Errorf("Price(%s, %+v) = %s, want none", none.item, none.at, p.Fact.ID)
		}
	}
}

// Every region must have a price of everything that a plan can ask for there.
func TestEveryRegionHasPrices(t *testing.T) {
	a := Default()
	items := map[vocab.Cloud][]PriceItem{
		vocab.AWS: {
			PriceAWSVPNConnection, PriceAWSVPNLargeConnection, PriceAWSTGWAttachment, PriceAWSTGWData, PriceAWSNATGateway, PriceAWSNATData,
			PriceAWSIPv4, PriceAWSEndpointInterface, PriceAWSEndpointInterfaceData, PriceAWSEndpointGateway, PriceAWSEgressInternet, PriceAWSEgressRegion, PriceAWSEgressZone,
		},
		vocab.GCP: {
			PriceGCPVPNTunnel, PriceGCPVPNGateway, PriceGCPRouter, PriceGCPIPv4, PriceGCPNATGateway, PriceGCPNATData,
			PriceGCPNCCSpokeVPC, PriceGCPNCCData, PriceGCPEgressInternet, PriceGCPEgressRegion, PriceGCPEgressZone,
		},
		vocab.Azure: {
			PriceAzureVPNGateway("VpnGw1AZ"), PriceAzureVPNGateway("VpnGw5AZ"), PriceAzureVPNConnection, PriceAzureIPv4, PriceAzureNATGateway, PriceAzureNATData,
			PriceAzurePeeringRegion, PriceAzurePeeringGlobal, PriceAzureEgressInternet, PriceAzureEgressRegion, PriceAzureEgressZone, PriceAzureVWANHub,
		},
	}
	for _, c := range vocab.Clouds {
		for _, r := range a.Regions(c) {
			if r.PriceZone == "gov" || r.PriceZone == "china" {
				continue // no prices between their regions are known
			}
			for _, item := range items[c] {
				for _, to := range a.Regions(c) {
					if to.PriceZone == "gov" || to.PriceZone == "china" {
						continue
					}
					if p, ok := a.Price(item, PriceScope{Region: r.Name, To: to.Place()}); !ok || len(p.Tiers) == 0 {
						t.Errorf("no price of %s from %s to %s", item, r.Name, to.Name)
						break
					}
				}
			}
		}
	}
}

func TestTiers(t *testing.T) {
	p, ok := Default().Price(PriceAWSEgressInternet, PriceScope{Region: "us-east-1"})
	if !ok {
		t.Fatal("no price")
	}
	tests := []struct {
		before, quantity float64
		want             []Band
	}{
		{0, 100, []Band{{100, vocab.Dollars(0.09)}}},
		{0, 0, nil},
		{0, 20480, []Band{{10240, vocab.Dollars(0.09)}, {10240, vocab.Dollars(0.085)}}},
		{10240, 100, []Band{{100, vocab.Dollars(0.085)}}},
		{10000, 1000, []Band{{240, vocab.Dollars(0.09)}, {760, vocab.Dollars(0.085)}}},
		{500000, 10, []Band{{10, vocab.Dollars(0.05)}}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, p.Bands(tt.before, tt.quantity)); diff != "" {
			t.Errorf("Bands(%g, %g) (-want +got):\n%s", tt.before, tt.quantity, diff)
		}
	}
	if got, want := p.Cost(20480), vocab.Dollars(10240*0.09+10240*0.085); got != want {
		t.Errorf("Cost(20480) = %s, want %s", got, want)
	}
	for _, bad := range []string{"", "x", "0.1/10", "0.1/10 0.2/5 0.3", "-1", "0.1 0.2"} {
		if tiers, err := parseTiers(bad); err == nil {
			t.Errorf("parseTiers(%q) = %v, want an error", bad, tiers)
		}
	}
	for _, good := range []string{"0.05", "0.09/10240 0.085/51200 0.05"} {
		tiers, err := parseTiers(good)
		if err != nil || formatTiers(tiers) != good {
			t.Errorf("formatTiers(parseTiers(%q)) = %q, %v", good, formatTiers(tiers), err)
		}
	}
	if got := PerGiB.Quantity(1 << 40); got != 1024 {
		t.Errorf("PerGiB.Quantity(1 TiB) = %g, want 1024", got)
	}
	if got := PerGB.Quantity(vocab.TB); got != 1000 {
		t.Errorf("PerGB.Quantity(1 TB) = %g, want 1000", got)
	}
}

// The rows of one item and size are tried in order: one after a row that
// takes everything would never be reached.
func TestNoPriceRowIsHidden(t *testing.T) {
	for _, item := range PriceItems {
		all := map[vocab.Rate]string{}
		for _, r := range Default().prices[item] {
			if first, hidden := all[r.size]; hidden {
				t.Errorf("the price %s is hidden by %s", r.price.Fact.ID, first)
			}
			if r.anyFrom && r.anyTo {
				all[r.size] = r.price.Fact.ID
			}
		}
		if item.Cloud() == 0 {
			t.Errorf("the item %s names no cloud", item)
		}
	}
}

// Each pattern of a price file must mean something.
func TestPricePatternsMatch(t *testing.T) {
	a := Default()
	for _, item := range PriceItems {
		for _, row := range a.prices[item] {
			for _, pat := range row.from {
				hit := false
				for _, r := range a.Regions(item.Cloud()) {
					hit = hit || matchesAny([]placePattern{pat}, r.Place(), r.PriceZone)
				}
				if !hit {
					t.Errorf("%s: the pattern %v matches no region", row.price.Fact.ID, pat)
				}
			}
			for _, pat := range row.to {
				hit := false
				for _, c := range vocab.Clouds {
					for _, r := range a.Regions(c) {
						hit = hit || matchesAny([]placePattern{pat}, r.Place(), r.PriceZone)
					}
				}
				if !hit {
					t.Errorf("%s: the pattern %v matches no place", row.price.Fact.ID, pat)
				}
			}
		}
	}
}
