package gcp

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/root"
	"github.com/tieline/tieline/internal/vocab"
)

func TestLayer4(t *testing.T) {
	ports := func(p vocab.Proto, lo, hi uint16) vocab.Service {
		return vocab.Service{Proto: p, Ports: vocab.PortRange{First: lo, Last: hi}}
	}
	for _, test := range []struct {
		name string
		in   []vocab.Service
		want string
	}{
		{"none is all", nil, `[{ protocol = "all", ports = null }]`},
		{"any swallows the rest", []vocab.Service{ports(vocab.TCP, 1, 2), {}}, `[{ protocol = "all", ports = null }]`},
		{"ports of one protocol", []vocab.Service{ports(vocab.TCP, 8000, 8100), ports(vocab.TCP, 443, 443), ports(vocab.TCP, 443, 443)}, `[{ protocol = "tcp", ports = ["443", "8000-8100"] }]`},
		{"all ports of one", []vocab.Service{ports(vocab.UDP, 53, 53), {Proto: vocab.UDP}}, `[{ protocol = "udp", ports = null }]`},
		{"by number", []vocab.Service{{Proto: vocab.GRE}}, `[{ protocol = "47", ports = null }]`},
		{"several", []vocab.Service{ports(vocab.TCP, 22, 22), {Proto: vocab.ICMP}}, "[\n  { protocol = \"icmp\", ports = null },\n  { protocol = \"tcp\", ports = [\"22\"] },\n]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := string(layer4(test.in)); got != test.want {
				t.Errorf("layer4(%v) = %s, want %s", test.in, got, test.want)
			}
		})
	}
}

func TestRuleSides(t *testing.T) {
	peer, local := []netip.Prefix{prefix("10.1.0.0/16")}, []netip.Prefix{prefix("10.2.0.0/16")}
	for _, test := range []struct {
		name          string
		rule          fabric.FilterRule
		sources, dest string
	}{
		{"ingress", fabric.FilterRule{Direction: fabric.Ingress, Peers: peer, Local: local}, `["10.1.0.0/16"]`, `["10.2.0.0/16"]`},
		{"egress", fabric.FilterRule{Direction: fabric.Egress, Peers: peer, Local: local}, `["10.2.0.0/16"]`, `["10.1.0.0/16"]`},
		{"from everywhere", fabric.FilterRule{Direction: fabric.Ingress, All: true}, `["0.0.0.0/0"]`, "null"},
		{"to everywhere, IPv6", fabric.FilterRule{Direction: fabric.Egress, All: true, Local: []netip.Prefix{prefix("fd00::/8")}}, `["fd00::/8"]`, `["::/0"]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := string(ruleObject(test.rule))
			for _, want := range []string{"sources      = " + test.sources + "\n", "destinations = " + test.dest + "\n"} {
				if !strings.Contains(got, want) {
					t.Errorf("ruleObject(%+v) = %s, want %q in it", test.rule, got, want)
				}
			}
		})
	}
}

func TestRoutes(t *testing.T) {
	route := fabric.Route{Prefix: prefix("199.36.153.8/30"), Hop: fabric.Hop{Kind: fabric.HopInternetGateway}, Note: "private.googleapis.com"}
	for _, test := range []struct {
		name   string
		want   bool
		routes []fabric.Route
		labels []string
	}{
		{"none", false, nil, nil},
		{"default is wanted", true, nil, []string{"internet"}},
		{"default is listed too", true, []fabric.Route{{Prefix: prefix("0.0.0.0/0"), Hop: route.Hop}}, []string{"internet"}},
		{"only a service", false, []fabric.Route{route}, []string{"199_36_153_8"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := oneVPC()
			n.VPCs[0].DefaultRoute = test.want
			n.RouteTables = []fabric.RouteTable{{ID: "gcp-oregon/ml/rt", VPC: "gcp-oregon/ml", Routes: test.routes}}
			var got []string
			for line := range strings.Lines(texts(t, n)["gcp-oregon-network.tf"]) {
				if label, ok := strings.CutPrefix(line, `resource "google_compute_route" "gcp_oregon__ml__`); ok {
					got = append(got, strings.TrimSuffix(label, "\" {\n"))
				}
			}
			if d := cmp.Diff(test.labels, got); d != "" {
				t.Errorf("routes (-want +got):\n%s", d)
			}
		})
	}
}

// TestSpanningVPC: the first site makes a VPC of several, the others only
// their subnets in it.
func TestSpanningVPC(t *testing.T) {
	n := hub(fabric.VPCPeering)
	n.Layout = fabric.Stacks
	files := texts(t, n)
	const network = `resource "google_compute_network" "net__core" {`
	if got := strings.Count(files["sites/gcp-iowa/network.tf"], network); got != 1 {
		t.Errorf("the first site has the network %d times, want once", got)
	}
	if strings.Contains(files["sites/gcp-oregon/network.tf"], network) {
		t.Error("the second site has the network too")
	}
	subnets := block(t, files, "sites/gcp-oregon/network.tf", `resource "google_compute_subnetwork" "gcp_oregon__core" {`)
	if want := "data.terraform_remote_state.gcp_iowa.outputs.net__core_network\n"; !strings.Contains(subnets, want) {
		t.Errorf("subnets of the second site = %s\nwant %q in it", subnets, want)
	}
}

// TestRootsReadEarlierOnes: site roots are applied in order, so none may read
// a later one; nor, of course, the links'.
func TestRootsReadEarlierOnes(t *testing.T) {
	for _, test := range networks {
		t.Run(test.name, func(t *testing.T) {
			n := test.network()
			n.Layout = fabric.Stacks
			set := root.New(n, atlas.Default())
			for _, s := range n.Sites {
				if s.Cloud != vocab.GCP {
					continue
				}
				r := set.Site(s.ID)
				Site(r, s)
				for _, remote := range r.Remotes() {
					if remote >= s.ID {
						t.Errorf("root of %s reads the state of %q", s.ID, remote)
					}
				}
			}
		})
	}
}

func TestPeeringDirections(t *testing.T) {
	files := texts(t, hub(fabric.VPCPeering))
	for _, test := range []struct{ label, provider, imports, exports string }{
		{"gcp_oregon__ml__gcp_oregon__hub", "google.data", "true", "false"},
		{"gcp_oregon__hub__gcp_oregon__ml", "google.net", "false", "true"},
		{"net__core__gcp_oregon__hub", "google.net", "false", "false"},
	} {
		got := block(t, files, "gcp-oregon-gateway.tf", `resource "google_compute_network_peering" "`+test.label+`" {`)
		for _, want := range []string{"provider = " + test.provider + "\n", "import_custom_routes = " + test.imports, "export_custom_routes = " + test.exports} {
			if !strings.Contains(got, want) {
				t.Errorf("peering %s = %s\nwant %q in it", test.label, got, want)
			}
		}
	}
}

// TestPeeringOnce: two VPCs that span the same two sites are peered at both.
func TestPeeringOnce(t *testing.T) {
	n := hub(fabric.VPCPeering)
	again := n.Attachments[0]
	again.ID, again.VPC, again.PeerVPC = "gcp-iowa/vpn--gcp-oregon/ml", again.PeerVPC, again.VPC
	n.Attachments = append([]fabric.Attachment{again}, n.Attachments...)
	const head = `resource "google_compute_network_peering" "gcp_oregon__ml__gcp_oregon__hub" {`
	if got := strings.Count(texts(t, n)["gcp-oregon-gateway.tf"], head); got != 1 {
		t.Errorf("%s is there %d times, want once", head, got)
	}
}

// TestNCCGuests: the hub accepts spokes of other projects before they ask.
func TestNCCGuests(t *testing.T) {
	files := texts(t, hub(fabric.NCCSpoke))
	spoke := block(t, files, "gcp-oregon-gateway.tf", `resource "google_network_connectivity_spoke" "gcp_oregon__ml" {`)
	if want := "= google_network_connectivity_group.ncc.hub\n"; !strings.Contains(spoke, want) {
		t.Errorf("spoke = %s\nwant %q in it", spoke, want)
	}
	group := block(t, files, "gcp-iowa-gateway.tf", `resource "google_network_connectivity_group" "ncc" {`)
	if want := `auto_accept_projects = ["data-project"]`; !strings.Contains(group, want) {
		t.Errorf("group = %s\nwant %q in it", group, want)
	}
}

func TestSiteToSite(t *testing.T) {
	for _, test := range []struct {
		name string
		off  bool
		want string
	}{
		{"carries sites", false, "true"},
		{"does not", true, "false"},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := hub(fabric.NCCSpoke)
			for i := range n.Attachments {
				n.Attachments[i].NoSiteToSite = test.off
			}
			spoke := block(t, texts(t, n), "link-gcp-oregon--hq.tf", `resource "google_network_connectivity_spoke" "gcp_oregon__ncc_vpn__0" {`)
			if want := "site_to_site_data_transfer = " + test.want + "\n"; !strings.Contains(spoke, want) {
				t.Errorf("hybrid spoke = %s\nwant %q in it", spoke, want)
			}
		})
	}
}

// TestRename: a renamed subnet moves in the state and keeps its native name,
// which cannot be changed in place.
func TestRename(t *testing.T) {
	n := oneVPC()
	n.Renames = []fabric.Rename{{Kind: "subnet", Old: "gcp-oregon/ml/batch", New: "gcp-oregon/ml/training"}}
	set := root.New(n, atlas.Default())
	r := set.Site("gcp-oregon")
	site, _ := n.Site("gcp-oregon")
	Site(r, site)
	want := []root.Move{{From: `google_compute_subnetwork.gcp_oregon__ml["batch"]`, To: `google_compute_subnetwork.gcp_oregon__ml["training"]`}}
	if d := cmp.Diff(want, r.Moves()); d != "" {
		t.Errorf("Moves() (-want +got):\n%s", d)
	}
	file := string(r.SiteFile("gcp-oregon", "network").Bytes())
	if want := `training  = { name = "triangle-gcp-oregon-ml-batch", `; !strings.Contains(file, want) {
		t.Errorf("network file = %s\nwant %q in it", file, want)
	}
}

func TestExistingNetwork(t *testing.T) {
	for _, test := range []struct{ existing, want string }{
		{"legacy", "projects/net-host/global/networks/legacy"},
		{"projects/other/global/networks/shared", "projects/other/global/networks/shared"},
	} {
		n := hub(fabric.VPCPeering)
		n.VPCs[0].Existing = test.existing
		files := texts(t, n)
		if got := block(t, files, "gcp-iowa-gateway.tf", `resource "google_compute_router" "gcp_iowa" {`); !strings.Contains(got, `"`+test.want+`"`) {
			t.Errorf("router in %q = %s, want %q in it", test.existing, got, test.want)
		}
		if strings.Contains(files["gcp-iowa-network.tf"], "gcp_iowa__old") {
			t.Errorf("existing network %q is made:\n%s", test.existing, files["gcp-iowa-network.tf"])
		}
	}
}
