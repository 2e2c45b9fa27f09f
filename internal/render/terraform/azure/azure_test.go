package azure

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/testkit/terraform"
	"github.com/tieline/tieline/internal/testkit/terraform/check"
)

var fixtures = []struct {
	name string
	make func(fabric.Layout) *fabric.Network
}{
	{"hub and spoke", hubAndSpoke},
	{"virtual WAN", virtualWAN},
}

// TestSchema checks every rendered resource against the provider's schema, and
// the text against the formatter, in both layouts.
func TestSchema(t *testing.T) {
	for _, f := range fixtures {
		for _, layout := range []fabric.Layout{fabric.Single, fabric.Stacks} {
			files := render(t, f.make(layout))
			problems, err := check.Check(files)
			if err != nil {
				t.Fatalf("%s, layout %v: %v", f.name, layout, err)
			}
			for _, p := range problems {
				t.Errorf("%s, layout %v: %v", f.name, layout, p)
			}
			for name, file := range files {
				if filepath.Base(name) == "frame.tf" {
					continue
				}
				if want := string(hclwrite.Format(file.Data)); string(file.Data) != want {
					t.Errorf("%s: %s is not formatted:\n%s", f.name, name, file.Data)
				}
			}
		}
	}
}

// TestApply takes the single layout through Terraform itself.
func TestApply(t *testing.T) {
	for _, f := range fixtures {
		t.Run(f.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, file := range render(t, f.make(fabric.Single)) {
				if err := os.WriteFile(filepath.Join(dir, name), file.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			terraform.Run(t, dir)
		})
	}
}

func TestDeterministic(t *testing.T) {
	for _, f := range fixtures {
		first := render(t, f.make(fabric.Stacks))
		for range 5 {
			for name, file := range render(t, f.make(fabric.Stacks)) {
				if string(first[name].Data) != string(file.Data) {
					t.Fatalf("%s: %s differs between two runs", f.name, name)
				}
			}
		}
	}
}

// TestText looks for what the networks must come to.
func TestText(t *testing.T) {
	single, stacks := render(t, hubAndSpoke(fabric.Single)), render(t, hubAndSpoke(fabric.Stacks))
	wan := render(t, virtualWAN(fabric.Stacks))
	tests := []struct {
		name string
		text string
		want []string
		not  []string
	}{
		{
			name: "tunnels: a BGP address of each instance, the first of instance 0",
			text: text(t, single, "link-azure-wus2--headquarters.tf"),
			want: []string{
				"# network.yaml:40: connect[0]",
				"t0 = {\npeer_address = \"203.0.113.10\"\npeer_bgp = \"169.254.21.1\"\nbgp_0 = \"169.254.21.2\"\nbgp_1 = \"169.254.21.6\"",
				"t1 = {\npeer_address = \"203.0.113.11\"\npeer_bgp = \"169.254.22.1\"\nbgp_0 = \"169.254.22.2\"\nbgp_1 = \"169.254.21.6\"",
				"peer_bgp = \"169.254.21.5\"\nbgp_0 = \"169.254.21.2\"\nbgp_1 = \"169.254.21.6\"",
				"peer_bgp = \"169.254.22.5\"\nbgp_0 = \"169.254.21.2\"\nbgp_1 = \"169.254.22.6\"",
				"ike_integrity = \"SHA384\"", "ipsec_integrity = \"GCMAES256\"", "pfs_group = \"ECP384\"", "sa_lifetime = 27000",
				"connection_mode = \"Default\"", "bgp_enabled = true", "shared_key = \"k${random_password.psk[each.value.psk].result}\"",
			},
			not: []string{"address_space"},
		},
		{
			name: "gateway",
			text: text(t, single, "azure-wus2-gateway.tf"),
			want: []string{
				"active_active = true", "generation = \"Generation2\"", "zones = [\"1\", \"2\", \"3\"]", "asn = 65516",
				"apipa_addresses = [\"169.254.21.2\", \"169.254.22.2\"]",
				"use_remote_gateways = true\n\ndepends_on = [\nazurerm_virtual_network_peering.azure_wus2__hub__azure_wus2__ml,\nazurerm_virtual_network_gateway.azure_wus2,\n]",
				"allow_gateway_transit = true\n\ndepends_on = [\nazurerm_subnet.azure_wus2__hub__GatewaySubnet,\nazurerm_subnet.azure_wus2__ml,\nazurerm_subnet_route_table_association.azure_wus2__ml,",
				"name = \"to-ml-platform-azure-wus2-hub\"\nresource_group_name = \"old\"\nvirtual_network_name = \"legacy\"",
			},
		},
		{
			name: "network",
			text: text(t, single, "azure-wus2-network.tf"),
			want: []string{
				"resource \"azurerm_resource_group\" \"azure_wus2__data\" {\nprovider = azurerm.data",
				"default_outbound_access_enabled = false",
				"data = { prefix = \"10.97.0.0/22\", services = [\"Microsoft.Storage\"] }",
				"\"to-10.0.0.0-8\" = { prefix = \"10.0.0.0/8\", next_hop = \"VirtualNetworkGateway\" }",
				"apps = { subnet = \"/subscriptions/" + subscription + "1/resourceGroups/old/providers/Microsoft.Network/virtualNetworks/legacy/subnets/apps\"",
			},
			not: []string{"resource \"azurerm_virtual_network\" \"azure_wus2__legacy\""},
		},
		{
			name: "rules",
			text: text(t, single, "azure-wus2-rules.tf"),
			want: []string{
				"allow-training-tcp-5432 = { priority = 200, direction = \"Inbound\", access = \"Allow\", protocol = \"Tcp\", ports = [\"5432\", \"8000-8100\"], from = [\"10.64.0.0/20\", \"10.97.16.0/20\"], to = [\"*\"] }",
				"from = [\"AzureLoadBalancer\"]", "direction = \"Outbound\"",
			},
		},
		{
			name: "logs: one storage account a subscription and region",
			text: text(t, single, "azure-wus2-logs.tf"),
			want: []string{
				"resource \"azurerm_storage_account\" \"conn__westus2\"", "resource \"azurerm_storage_account\" \"data__westus2\"",
				"min_tls_version = \"TLS1_2\"", "count = var.create_network_watchers ? 1 : 0",
			},
		},
		{
			name: "stacks: links read the sites' outputs",
			text: text(t, stacks, "links/link-azure-wus2--headquarters.tf"),
			want: []string{"virtual_network_gateway_id = data.terraform_remote_state.azure_wus2.outputs.azure_wus2_vpn_gateway_id"},
		},
		{
			name: "Virtual WAN: made once",
			text: text(t, wan, "sites/azure-wus2/gateway.tf"),
			want: []string{"virtual_wan_id = data.terraform_remote_state.azure_eus.outputs.virtual_wan_id", "scale_unit = 2"},
			not:  []string{"resource \"azurerm_virtual_wan\""},
		},
		{
			name: "virtual hub without tunnels",
			text: text(t, wan, "sites/azure-eus/gateway.tf"),
			want: []string{"resource \"azurerm_virtual_wan\" \"wan\"", "address_prefix = \"10.112.0.0/23\""},
			not:  []string{"azurerm_vpn_gateway"},
		},
	}
	for _, test := range tests {
		for _, want := range test.want {
			if !strings.Contains(test.text, want) {
				t.Errorf("%s: no %q in:\n%s", test.name, want, test.text)
			}
		}
		for _, not := range test.not {
			if strings.Contains(test.text, not) {
				t.Errorf("%s: %q in:\n%s", test.name, not, test.text)
			}
		}
	}
}

// TestSettings checks that a setting moves into the map over the tunnels when
// they differ in it.
func TestSettings(t *testing.T) {
	n := hubAndSpoke(fabric.Single)
	n.Tunnels[1].Ends[0].InitiateIKE = false
	got := text(t, render(t, n), "link-azure-wus2--headquarters.tf")
	for _, want := range []string{"mode = \"ResponderOnly\"", "mode = \"Default\"", "connection_mode = each.value.mode", "dpd_timeout_seconds = 45"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
}

// TestRename checks that a renamed subnet keeps its native name.
func TestRename(t *testing.T) {
	n := hubAndSpoke(fabric.Single)
	n.Renames = []fabric.Rename{{Kind: "subnet", Old: "azure-wus2/ml/database", New: "azure-wus2/ml/data"}}
	got := text(t, render(t, n), "azure-wus2-network.tf")
	for _, want := range []string{"data = { name = \"database\", prefix", "training = { name = \"training\", prefix", "name = each.value.name"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
}

func TestSplitVNetID(t *testing.T) {
	tests := []struct{ id, group, name string }{
		{"/subscriptions/x/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/prod", "rg-net", "prod"},
		{"/subscriptions/x/resourcegroups/rg-net/providers/microsoft.network/virtualnetworks/prod/", "rg-net", "prod"},
	}
	for _, test := range tests {
		group, name := splitVNetID(test.id)
		if group != test.group || name != test.name {
			t.Errorf("splitVNetID(%q) = %q, %q, want %q, %q", test.id, group, name, test.group, test.name)
		}
	}
}

// TestOtherLinksLeaveNoTrace checks that the addresses of other links' tunnels
// do not show in a link's file: the far instance's address is the link's own.
func TestOtherLinksLeaveNoTrace(t *testing.T) {
	n := hubAndSpoke(fabric.Single)
	before := text(t, render(t, n), "link-azure-wus2--headquarters.tf")
	i := slices.IndexFunc(n.Gateways, func(g fabric.Gateway) bool { return g.ID == "azure-wus2/vpn" })
	n.Gateways[i].Interfaces[1].Inside = addrList("169.254.21.1", "169.254.21.6", "169.254.22.6")
	if after := text(t, render(t, n), "link-azure-wus2--headquarters.tf"); after != before {
		t.Errorf("another link's address changed the link:\n%s", after)
	}
}

// TestLongNames checks that names are cut to what Azure takes, and stay
// apart, each by the rule of its kind.
func TestLongNames(t *testing.T) {
	n := hubAndSpoke(fabric.Single)
	n.Name = strings.Repeat("platform-", 7) + "x"
	rules := atlas.Default()
	files := render(t, n)
	tests := []struct {
		file, kind string
		rule       atlas.NameKind
	}{
		{"azure-wus2-network.tf", "azurerm_virtual_network", atlas.NameAzureVirtualNetwork},
		{"azure-wus2-network.tf", "azurerm_resource_group", atlas.NameAzureResourceGroup},
		{"azure-wus2-network.tf", "azurerm_route_table", atlas.NameAzureResource},
		{"azure-wus2-gateway.tf", "azurerm_virtual_network_peering", atlas.NameAzureResource},
		{"azure-wus2-logs.tf", "azurerm_storage_account", atlas.NameAzureStorageAccount},
		{"link-azure-wus2--headquarters.tf", "azurerm_virtual_network_gateway_connection", atlas.NameAzureResource},
	}
	for _, test := range tests {
		seen := map[string]bool{}
		for _, block := range strings.Split(text(t, files, test.file), "resource \"")[1:] {
			if !strings.HasPrefix(block, test.kind+"\"") {
				continue
			}
			_, rest, _ := strings.Cut(block, "\nname = \"")
			name, _, _ := strings.Cut(rest, "\"")
			group, _, _ := strings.Cut(block, "\nlocation")
			if seen[name+group] {
				t.Errorf("%s: two are called %q", test.kind, name)
			}
			seen[name+group] = true
			if full := strings.Replace(name, "${each.key}", "t127", 1); !rules.Name(test.rule).Allows(full) {
				t.Errorf("%s: Azure refuses the name %q of %d characters", test.kind, full, len(full))
			}
		}
		if len(seen) == 0 {
			t.Errorf("%s has no %s", test.file, test.kind)
		}
	}
}
