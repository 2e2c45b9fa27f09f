package atlas

import (
	"math"
	"slices"
	"testing"

	"github.com/tieline/tieline/internal/vocab"
)

func TestRegions(t *testing.T) {
	tests := []struct {
		cloud     vocab.Cloud
		name      string
		city      string
		priceZone string
		zones     []Zone
	}{
		{vocab.AWS, "us-west-2", "Boardman", "", []Zone{"usw2-az1", "usw2-az2", "usw2-az3", "usw2-az4"}},
		{vocab.AWS, "ap-northeast-1", "Tokyo", "", []Zone{"apne1-az1", "apne1-az2", "apne1-az4"}},
		{vocab.AWS, "us-west-1", "San Jose", "", []Zone{"usw1-az1", "usw1-az3"}},
		{vocab.GCP, "us-west1", "The Dalles", "", []Zone{"us-west1-a", "us-west1-b", "us-west1-c"}},
		{vocab.GCP, "us-east1", "Charleston", "", []Zone{"us-east1-b", "us-east1-c", "us-east1-d"}},
		{vocab.GCP, "us-central1", "Omaha", "", []Zone{"us-central1-a", "us-central1-b", "us-central1-c", "us-central1-f"}},
		{vocab.Azure, "westus2", "Moses Lake", "zone1", []Zone{"1", "2", "3"}},
		{vocab.Azure, "westus", "San Francisco", "zone1", nil},
		{vocab.Azure, "japaneast", "Tokyo", "zone2", []Zone{"1", "2", "3"}},
		{vocab.Azure, "qatarcentral", "Doha", "zone2", []Zone{"1", "2", "3"}},
		{vocab.Azure, "brazilsouth", "São Paulo", "zone3", []Zone{"1", "2", "3"}},
	}
	for _, tt := range tests {
		r, ok := Default().Region(tt.cloud, tt.name)
		if !ok || r.City != tt.city || r.PriceZone != tt.priceZone || !slices.Equal(r.Zones, tt.zones) {
			t.Errorf("Region(%s, %s) = %+v, want %s, %q, %v", tt.cloud, tt.name, r, tt.city, tt.priceZone, tt.zones)
		}
	}
	if _, ok := Default().Region(vocab.AWS, "us-west1"); ok {
		t.Error("Region(aws, us-west1) is there")
	}
	zones := map[Zone]string{}
	for _, c := range []vocab.Cloud{vocab.AWS, vocab.GCP} {
		for _, r := range Default().Regions(c) {
			if len(r.Zones) < 2 {
				t.Errorf("%s %s has the zones %v, want at least two", c, r.Name, r.Zones)
			}
			for _, z := range r.Zones {
				if other, twice := zones[z]; twice {
					t.Errorf("zone %s stands in %s and %s", z, other, r.Name)
				}
				zones[z] = r.Name
			}
		}
	}
}

func TestNearRegions(t *testing.T) {
	tests := []struct {
		cloud vocab.Cloud
		name  string
		want  string // must be the first
	}{
		{vocab.AWS, "us-west", "us-west-1"},
		{vocab.AWS, "us-west2", "us-west-2"}, // GCP has a region of this name: Los Angeles; see below
		{vocab.AWS, "us-wset-2", "us-west-2"},
		{vocab.AWS, "westus2", "us-west-2"},
		{vocab.AWS, "us_west_2", "us-west-2"},
		{vocab.AWS, "frankfurt", "eu-central-1"},
		{vocab.AWS, "oregon", "us-west-2"},
		{vocab.Azure, "virginia", "eastus"},
		{vocab.GCP, "us-west-2", "us-west1"},
		{vocab.GCP, "Tokyo", "asia-northeast1"},
		{vocab.Azure, "west-us-2", "westus2"},
		{vocab.Azure, "us-east-1", "eastus"},
		{vocab.Azure, "westeurop", "westeurope"},
	}
	for _, tt := range tests {
		got := Default().NearRegions(tt.cloud, tt.name)
		if len(got) == 0 || got[0] != tt.want && !slices.Contains(got, tt.want) {
			t.Errorf("NearRegions(%s, %q) = %v, want %s among them", tt.cloud, tt.name, got, tt.want)
		}
	}
	for _, odd := range []string{"", "zzzzzz", "🚀"} {
		if got := Default().NearRegions(vocab.AWS, odd); len(got) != 0 {
			t.Errorf("NearRegions(aws, %q) = %v, want none", odd, got)
		}
	}
}

func TestPlace(t *testing.T) {
	tests := []struct{ city, country string }{
		{"Portland", "United States"},
		{"portland", "United States"},
		{"Zurich", "Switzerland"},
		{"São Paulo", "Brazil"},
		{"sao paulo", "Brazil"},
		{"Montreal, Canada", "Canada"},
		{"Frankfurt", "Germany"},
		{"Bangalore", ""},
		{"Atlantis", ""},
	}
	for _, tt := range tests {
		p, ok := Default().Place(tt.city)
		if p.Country != tt.country || ok != (tt.country != "") {
			t.Errorf("Place(%q) = %+v, %v, want country %q", tt.city, p, ok, tt.country)
		}
	}
	for _, city := range Default().Cities() {
		p, ok := Default().Place(city)
		if !ok || math.Abs(p.Lat) > 90 || math.Abs(p.Lon) > 180 || p.Continent == "" {
			t.Errorf("Place(%q) = %+v, %v", city, p, ok)
		}
	}
}

func TestRTT(t *testing.T) {
	a := Default()
	place := func(c vocab.Cloud, name string) Place {
		r, ok := a.Region(c, name)
		if !ok {
			t.Fatalf("no region %s", name)
		}
		return r.Place()
	}
	tests := []struct {
		name     string
		from, to Place
		measured bool
		lo, hi   float64
	}{
		{"same metro", place(vocab.AWS, "us-east-1"), place(vocab.GCP, "us-east4"), true, 2, 4},
		{"ocean", place(vocab.AWS, "us-east-1"), place(vocab.AWS, "eu-west-1"), true, 60, 90},
		{"not measured", place(vocab.AWS, "eu-south-2"), place(vocab.AWS, "us-east-1"), false, 80, 140},
		{"inside a region", place(vocab.AWS, "us-east-1"), place(vocab.AWS, "us-east-1"), false, 0.1, 3},
	}
	for _, tt := range tests {
		got, ok := a.RTT(tt.from, tt.to)
		if !ok || got.Measured != tt.measured || got.MS < tt.lo || got.MS > tt.hi || got.Fact.Value == "" {
			t.Errorf("%s: RTT(%s, %s) = %+v, %v, want %g to %g ms", tt.name, tt.from, tt.to, got, ok, tt.lo, tt.hi)
		}
		if tight := got.Low == got.MS && got.MS == got.High; tight != tt.measured || got.Low > got.MS || got.MS > got.High {
			t.Errorf("%s: RTT(%s, %s) = %g ms between %g and %g, want a spread of estimates alone", tt.name, tt.from, tt.to, got.MS, got.Low, got.High)
		}
	}
	if _, ok := a.RTT(Place{}, place(vocab.AWS, "us-east-1")); ok {
		t.Error("RTT from nowhere is known")
	}
}

// Every pair, measured or estimated, must respect light in fibre, be alike in
// both directions and stay within what the earth allows.
func TestRTTAllPairs(t *testing.T) {
	a := Default()
	var all []Region
	for _, c := range vocab.Clouds {
		all = append(all, a.Regions(c)...)
	}
	measured := 0
	for _, x := range all {
		for _, y := range all {
			there, ok1 := a.RTT(x.Place(), y.Place())
			back, ok2 := a.RTT(y.Place(), x.Place())
			if !ok1 || !ok2 {
				t.Fatalf("RTT(%s, %s) is not known", x.Name, y.Name)
			}
			if there.Measured {
				measured++
			}
			// Metro coordinates are good to tens of kilometres.
			if bound := a.FibreRTT(max(0, there.KM-100)); there.MS < bound {
				t.Errorf("RTT(%s, %s) = %.1f ms, below the fibre bound %.1f", x.Name, y.Name, there.MS, bound)
			}
			if there.MS <= 0 || there.MS > 600 {
				t.Errorf("RTT(%s, %s) = %.1f ms", x.Name, y.Name, there.MS)
			}
			if there.MS != back.MS {
				t.Errorf("RTT(%s, %s) = %.1f ms there and %.1f ms back", x.Name, y.Name, there.MS, back.MS)
			}
		}
	}
	if measured < 4000 {
		t.Errorf("%d pairs are measured, want at least 4000", measured)
	}
}

func TestDistance(t *testing.T) {
	paris, newYork := Place{Lat: 48.86, Lon: 2.34}, Place{Lat: 40.71, Lon: -74.01}
	if got := Distance(paris, newYork); math.Abs(got-5837) > 15 {
		t.Errorf("Distance(Paris, New York) = %.0f km, want 5837", got)
	}
	if got := Distance(paris, paris); got != 0 {
		t.Errorf("Distance(Paris, Paris) = %g, want 0", got)
	}
}

func TestCrossLinks(t *testing.T) {
	a := Default()
	region := func(c vocab.Cloud, name string) Region {
		r, ok := a.Region(c, name)
		if !ok {
			t.Fatalf("no region %s", name)
		}
		return r
	}
	l, ok := a.CrossLink(region(vocab.GCP, "us-west1"), region(vocab.AWS, "us-west-2"))
	if !ok || l.State != LinkAvailable || l.Fact.Mark != Verified || len(l.Rates) == 0 {
		t.Errorf("CrossLink(us-west1, us-west-2) = %+v, %v", l, ok)
	}
	if l, ok := a.CrossLink(region(vocab.AWS, "us-east-1"), region(vocab.Azure, "eastus")); !ok || l.State != LinkPreview {
		t.Errorf("CrossLink(us-east-1, eastus) = %+v, %v, want preview", l, ok)
	}
	if _, ok := a.CrossLink(region(vocab.AWS, "ap-northeast-1"), region(vocab.GCP, "asia-northeast1")); ok {
		t.Error("CrossLink(ap-northeast-1, asia-northeast1) is there")
	}
	for _, l := range a.CrossLinks() {
		x, y := region(vocab.AWS, l.AWS), region(l.Cloud, l.Other)
		if km := Distance(x.Place(), y.Place()); km > 600 {
			t.Errorf("the managed link %s - %s spans %.0f km", l.AWS, l.Other, km)
		}
		if !slices.IsSorted(l.Rates) {
			t.Errorf("the rates of %s do not rise: %v", l.Fact.ID, l.Rates)
		}
	}
}
