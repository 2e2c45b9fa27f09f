package names

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
)

func TestLabel(t *testing.T) {
	for _, tt := range []struct{ id, want string }{
		{"aws-oregon", "aws_oregon"},
		{"aws-oregon/ml", "aws_oregon__ml"},
		{"aws-oregon--gcp-oregon", "aws_oregon__gcp_oregon"},
		{"net:ml", "net__ml"},
		{"9lives", "_9lives"},
	} {
		if got := Label(tt.id); got != tt.want {
			t.Errorf("Label(%q) = %q, want %q", tt.id, got, tt.want)
		}
	}
}

// TestLabelKeepsApart finds no two ids of site and network that share a label,
// wherever the hyphens stand.
func TestLabelKeepsApart(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	word := func() string {
		out := []byte{'a'}
		for range rnd.IntN(4) {
			if c := "ab-"[rnd.IntN(3)]; c != '-' || out[len(out)-1] != '-' {
				out = append(out, c)
			}
		}
		return string(append(out, 'z'))
	}
	seen := map[string]string{}
	for range 5000 {
		id := word() + "/" + word()
		label := Label(id)
		if other, ok := seen[label]; ok && other != id {
			t.Fatalf("Label(%q) and Label(%q) are both %q", id, other, label)
		}
		seen[label] = id
	}
}

func TestOwner(t *testing.T) {
	for _, tt := range []struct {
		gateway fabric.GatewayID
		want    string
	}{
		{"aws-oregon/tgw", "aws-oregon"},
		{"aws-oregon/ml/vgw", "aws-oregon/ml"},
		{"headquarters/cpe", "headquarters"},
		{"odd", "odd"},
	} {
		if got := Owner(tt.gateway); got != tt.want {
			t.Errorf("Owner(%q) = %q, want %q", tt.gateway, got, tt.want)
		}
	}
}

func TestFit(t *testing.T) {
	a := atlas.Default()
	long := "a-very-long-name-of-a-network-that-nobody-should-have-given-to-anything-at-all"
	for _, tt := range []struct {
		name string
		kind atlas.NameKind
		in   string
		want string
	}{
		{"fits", atlas.NameGCPResource, "ml-oregon", "ml-oregon"},
		{"capitals", atlas.NameGCPResource, "ML Oregon", "ml-oregon"},
		{"first a digit", atlas.NameGCPResource, "9lives", "n9lives"},
		{"storage account", atlas.NameAzureStorageAccount, "ml-flow-logs", "mlflowlogs"},
		{"label keeps underscore", atlas.NameGCPLabelValue, "a_b", "a_b"},
	} {
		if got := Fit(a.Name(tt.kind), tt.in); got != tt.want {
			t.Errorf("%s: Fit(%s, %q) = %q, want %q", tt.name, tt.kind, tt.in, got, tt.want)
		}
	}
	one, two := Fit(a.Name(atlas.NameGCPResource), long+"-one"), Fit(a.Name(atlas.NameGCPResource), long+"-two")
	if one == two || len(one) > 63 || len(two) > 63 {
		t.Errorf("Fit of two long names = %q, %q, want different ones of at most 63 characters", one, two)
	}
}

func TestFormer(t *testing.T) {
	n := &fabric.Network{
		VPCs: []fabric.VPC{{ID: "net:core", Sites: []fabric.SiteID{"gcp-a"}}},
		Renames: []fabric.Rename{
			{Kind: "site", Old: "zeta", New: "aws-oregon"},
			{Kind: "network", Old: "gcp-a/old", New: "gcp-a/core"},
			{Kind: "subnet", Old: "aws-oregon/ml/a", New: "aws-oregon/ml/b"},
			{Kind: "segment", Old: "x", New: "headquarters"},
		},
	}
	for _, tt := range []struct{ id, want string }{
		{"aws-oregon", "zeta"},
		{"aws-oregon/tgw", "zeta/tgw"},
		{"aws-oregon/ml/b", "zeta/ml/a"},
		{"aws-oregon/ml/b/sg", "zeta/ml/a/sg"},
		{"aws-oregon/other/b", "zeta/other/b"},
		{"net:core", "net:old"},
		{"net:core/firewall", "net:old/firewall"},
		{"headquarters", "headquarters"},
		{"aws-oregon--gcp-a", "gcp-a--zeta"},
		{"aws-oregon--gcp-a/3", "gcp-a--zeta/3"},
		{"aws-oregon--gcp-a/aws-oregon", "gcp-a--zeta/zeta"},
		{"aws-oregon/tgw--aws-oregon/ml", "zeta/tgw--zeta/ml"},
		{"aws-oregon/tgw--aws-oregon--gcp-a/c0", "zeta/tgw--gcp-a--zeta/c0"},
		{"vpn--aws-oregon--gcp-a/c0", "vpn--gcp-a--zeta/c0"},
		{"peering--aws-oregon--gcp-a", "peering--gcp-a--zeta"},
		{"net:core--gcp-a/core", "net:old--gcp-a/old"},
		{"gcp-b/hub--net:core", "gcp-b/hub--net:old"},
	} {
		if got := Former(n, tt.id); got != tt.want {
			t.Errorf("Former(%q) = %q, want %q", tt.id, got, tt.want)
		}
	}
}

func TestTags(t *testing.T) {
	n := &fabric.Network{Environment: "production", Tags: []fabric.Tag{{Key: "team", Value: "ML Platform"}, {Key: "Cost Centre", Value: "7"}}}
	got := Tags(n, "staging", []fabric.Tag{{Key: "team", Value: "Data"}})
	want := []fabric.Tag{{Key: "Cost Centre", Value: "7"}, {Key: "ManagedBy", Value: "tieline"}, {Key: "environment", Value: "staging"}, {Key: "team", Value: "Data"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Tags (-want +got):\n%s", diff)
	}
	labels := Labels(atlas.Default(), got)
	want = []fabric.Tag{{Key: "cost-centre", Value: "7"}, {Key: "environment", Value: "staging"}, {Key: "managed-by", Value: "tieline"}, {Key: "team", Value: "data"}}
	if diff := cmp.Diff(want, labels); diff != "" {
		t.Errorf("Labels (-want +got):\n%s", diff)
	}
}

func TestOutsideIP(t *testing.T) {
	n := &fabric.Network{Gateways: []fabric.Gateway{
		{ID: "aws-oregon/tgw", Kind: fabric.TransitGateway, Site: "aws-oregon"},
		{ID: "azure-wus2/vpn", Kind: fabric.VPNGateway, Site: "azure-wus2"},
		{ID: "azure-wus3/vwan", Kind: fabric.VirtualHub, Site: "azure-wus3"},
		{ID: "gcp-oregon/vpn", Kind: fabric.HAVPN, Site: "gcp-oregon"},
		{ID: "hq/cpe", Kind: fabric.Device, Site: "hq", Interfaces: []fabric.Interface{{Index: 0, PublicIP: netip.MustParseAddr("203.0.113.9")}}},
	}}
	for _, tt := range []struct {
		gateway fabric.GatewayID
		iface   int
		want    Ref
	}{
		{"aws-oregon/tgw", 1, Ref{Expr: `aws_vpn_connection.a__b["c0"].tunnel2_address`, Output: "a__b_c0_tunnel2_address"}},
		{"gcp-oregon/vpn", 1, Ref{Home: "gcp-oregon", Expr: "google_compute_ha_vpn_gateway.gcp_oregon.vpn_interfaces[1].ip_address", Output: "gcp_oregon_vpn_ip_1"}},
		{"azure-wus2/vpn", 0, Ref{Home: "azure-wus2", Expr: `azurerm_public_ip.azure_wus2["0"].ip_address`, Output: "azure_wus2_vpn_ip_0"}},
		{"azure-wus3/vwan", 1, Ref{Home: "azure-wus3", Expr: "azurerm_vpn_gateway.azure_wus3.ip_configuration[1].public_ip_address", Output: "azure_wus3_vpn_ip_1"}},
		{"hq/cpe", 0, Ref{Expr: `"203.0.113.9"`, Literal: true}},
	} {
		tunnel := fabric.Tunnel{ID: "a--b/1", Link: "a--b", Connection: "a--b/c0", Ends: [2]fabric.TunnelEnd{{Gateway: tt.gateway, Interface: tt.iface}}}
		if diff := cmp.Diff(tt.want, OutsideIP(n, tunnel, 0)); diff != "" {
			t.Errorf("OutsideIP on %s (-want +got):\n%s", tt.gateway, diff)
		}
	}
}

func FuzzFit(f *testing.F) {
	for _, s := range []string{"ml", "ML_Oregon", "--x--", "9", "日本a", "a.b/c"} {
		f.Add(s)
	}
	rules := []atlas.NameRule{}
	for _, k := range []atlas.NameKind{atlas.NameGCPResource, atlas.NameAWSBucket, atlas.NameAzureStorageAccount, atlas.NameAzureResource, atlas.NameAzureVirtualNetwork} {
		rules = append(rules, atlas.Default().Name(k))
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range rules {
			if got := Fit(r, "net-"+s); !r.Allows(got) {
				t.Errorf("Fit(%s, %q) = %q, which the rule refuses", r.Kind, "net-"+s, got)
			}
		}
	})
}
