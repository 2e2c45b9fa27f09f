package price

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

func TestFindings(t *testing.T) {
	a := atlas.Default()
	blocked := move(vocab.TB, "aws", "gcp")
	blocked.Origin = line(21)
	peaky := move(vocab.TB, "azure", "gcp")
	peaky.Peak, peaky.Origin = vocab.Gbps, line(22)
	more := move(vocab.TB, "azure", "gcp")
	more.Peak, more.Origin = 500*vocab.Mbps, line(23)
	dear := volume(t, atlas.PriceAWSEgressInternet, "us-west-2", 1000)
	sized := func(sku string, flows ...fabric.Flow) *fabric.Network {
		n := triangle(flows...)
		n.Gateways[1].SKU, n.Gateways[1].Generation = sku, 0
		return n
	}
	tests := []struct {
		name string
		n    *fabric.Network
		by   *routes.Tables
		code diag.Code
		want []string // place and summary
	}{
		{"blocked", triangle(blocked), cut(), CodeBlocked, []string{"network.yaml:21:5: no route leads from aws:app to gcp:app: 1TB a month has no way and is not in the bill"}},
		{"peaks add up", sized("VpnGw4AZ", peaky, more), overAll(), CodeCapacity, []string{"network.yaml:22:5: traffic from azure to gcp peaks at 1.5Gbps, its link carries 1.3Gbps"}},
		{"a peak fits", sized("VpnGw4AZ", peaky), overAll(), CodeCapacity, nil},
		// The link's tunnels would carry it, the gateway's SKU does not.
		{"a peak fits the link alone", sized("VpnGw1AZ", peaky), overAll(), CodeCapacity, []string{
			"network.yaml:22:5: traffic through gateway azure/vpn peaks at 1Gbps, it carries 650Mbps",
		}},
		{"inside one cloud", triangle(inside("aws", vocab.TB)), overAll(), CodeRatio, nil},
		// 900 x 0.09 and 1000 x 0.02 are 101.00; 1000 x 0.02 inside: 5.05 times.
		{"five times", triangle(move(dear, "aws", "gcp")), overAll(), CodeRatio, []string{
			"network.yaml:20:5: " + dear.String() + " a month from aws:app to gcp:app costs 101.00 USD (" + perGB(vocab.Dollars(101/dear.GB())) + " USD a GB), 5.0 times the 20.00 USD between zones of AWS us-west-2",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, d := range Findings(tt.n, a, tt.by, Compute(tt.n, a, tt.by), Age{}) {
				if d.Code == tt.code {
					got = append(got, d.Pos.String()+": "+d.Summary)
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("Findings with code %s (-want +got):\n%s", tt.code, d)
			}
		})
	}
}

func TestFindingsFacts(t *testing.T) {
	a := atlas.Default()
	n := triangle()
	n.Gateways[1].SKU, n.Gateways[1].Meta.Origin = "VpnGw9AZ", line(7)
	b := compute(n)
	b.Lines = append(b.Lines,
		Line{Item: "x", FactID: "gcp.price.router", Mark: atlas.Recalled, Amount: 2 * vocab.Dollar, AsOf: "2026-11", Origin: line(8)},
		Line{Item: "x", FactID: "gcp.price.router", Mark: atlas.Recalled, Amount: 3 * vocab.Dollar, AsOf: "2026-11", Origin: line(9)})
	count := map[diag.Code]int{}
	for _, d := range Findings(n, a, overAll(), b, Age{Today: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Days: 100_000}) {
		count[d.Code]++
		switch d.Code {
		case CodeMissing:
			if d.Pos.Line != 7 || d.Severity != diag.Warning {
				t.Errorf("missing price: %v, want a warning at line 7", d)
			}
		case CodeUnverified:
			want := "5.00 USD a month (x) rest on the price gcp.price.router, which is unverified"
			if d.Pos.Line != 8 || d.Severity != diag.Note || d.Summary != want {
				t.Errorf("unverified fact: %v, want %q at line 8", d, want)
			}
		}
	}
	if d := cmp.Diff(map[diag.Code]int{CodeMissing: 1, CodeUnverified: 1}, count); d != "" {
		t.Errorf("findings by code (-want +got):\n%s", d)
	}
}

func TestFindingsOld(t *testing.T) {
	b := Bill{Lines: []Line{
		{FactID: "a", AsOf: "2025"}, {FactID: "b", AsOf: "2026-04"}, {FactID: "c", AsOf: "2026-09-17"}, {FactID: "b", AsOf: "2026-04"}, {FactID: "d", AsOf: "soon"},
	}}
	today := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name string
		age  Age
		want string // summary and the facts
	}{
		{"not asked", Age{}, ""},
		{"none so old", Age{today, 400}, ""},
		{"the year's last day counts", Age{today, 327}, "prices of the bill older than 327 days: 1, the oldest of 2025: a"},
		{"two", Age{today, 200}, "prices of the bill older than 200 days: 2, the oldest of 2025: a, b"},
		{"all", Age{today, 60}, "prices of the bill older than 60 days: 3, the oldest of 2025: a, b, c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			for _, d := range Findings(&fabric.Network{}, atlas.Default(), nil, b, tt.age) {
				got += d.Summary + ": " + d.Hint
			}
			if got != tt.want {
				t.Errorf("Findings(age %v days) = %q, want %q", tt.age.Days, got, tt.want)
			}
		})
	}
}
