package gcp

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

func TestPeerGateways(t *testing.T) {
	for _, test := range []struct {
		name  string
		dials []int // the device's interface of each tunnel
		want  []string
		slots []slot
	}{
		{"one address", []int{0, 0}, []string{"l:0"}, []slot{{0, 0}, {0, 0}}},
		{"two", []int{0, 1}, []string{"l:0 1"}, []slot{{0, 0}, {0, 1}}},
		{"two, crosswise", []int{0, 1, 1, 0}, []string{"l:0 1"}, []slot{{0, 0}, {0, 1}, {0, 1}, {0, 0}}},
		{"three are two and one", []int{0, 1, 2}, []string{"l:0 1", "l/1:2"}, []slot{{0, 0}, {0, 1}, {1, 0}}},
		{"four", []int{3, 2, 1, 0}, []string{"l:3 2 1 0"}, []slot{{0, 0}, {0, 1}, {0, 2}, {0, 3}}},
		{"seven", []int{0, 1, 2, 3, 4, 5, 6}, []string{"l:0 1 2 3", "l/1:4 5", "l/2:6"}, []slot{{0, 0}, {0, 1}, {0, 2}, {0, 3}, {1, 0}, {1, 1}, {2, 0}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			device := fabric.Gateway{ID: "hq/cpe", Kind: fabric.Device}
			for i := range 7 {
				device.Interfaces = append(device.Interfaces, fabric.Interface{Index: i, PublicIP: netip.AddrFrom4([4]byte{203, 0, 113, byte(i)})})
			}
			n := &fabric.Network{Gateways: []fabric.Gateway{device}}
			var tunnels []fabric.Tunnel
			for i, d := range test.dials {
				tunnels = append(tunnels, tunnel("l", i, "gcp/vpn", i%2, "hq/cpe", d))
			}
			gateways, slots := peerGateways(n, "l", tunnels, 0)
			var got []string
			for _, g := range gateways {
				var last []string
				for _, a := range g.addresses {
					last = append(last, strings.TrimSuffix(strings.TrimPrefix(a.Expr, `"203.0.113.`), `"`))
				}
				got = append(got, g.id+":"+strings.Join(last, " "))
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("peerGateways(%v) gateways (-want +got):\n%s", test.dials, d)
			}
			if d := cmp.Diff(test.slots, slots, cmp.AllowUnexported(slot{})); d != "" {
				t.Errorf("peerGateways(%v) slots (-want +got):\n%s", test.dials, d)
			}
		})
	}
}

// block returns the one block of a file that begins with a line.
func block(t *testing.T, files map[string]string, file, begin string) string {
	t.Helper()
	_, rest, ok := strings.Cut(files[file], "\n"+begin+"\n")
	body, _, closed := strings.Cut(rest, "\n}\n")
	if !ok || !closed {
		t.Fatalf("%s has no %s:\n%s", file, begin, files[file])
	}
	return body
}

func texts(t *testing.T, n *fabric.Network) map[string]string {
	out := map[string]string{}
	for name, f := range render(t, n) {
		out[name] = string(f.Data)
	}
	return out
}

func TestExternalGatewayOfDevice(t *testing.T) {
	files := texts(t, hub(fabric.VPCPeering))
	got := block(t, files, "link-gcp-oregon--hq.tf", `resource "google_compute_external_vpn_gateway" "gcp_oregon__hq__1" {`)
	want := `  provider = google.net

  name            = "hub-gcp-oregon--hq-1"
  redundancy_type = "SINGLE_IP_INTERNALLY_REDUNDANT"
  labels          = local.labels

  interface {
    id         = 0
    ip_address = "203.0.113.12"
  }`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("second external gateway (-want +got):\n%s", d)
	}
	got = block(t, files, "link-gcp-oregon--hq.tf", "locals {")
	want = `  gcp_oregon__hq_gcp_tunnels = {
    t0 = { interface = 0, peer_interface = 0, peer_gateway = google_compute_external_vpn_gateway.gcp_oregon__hq.id, inside = "169.254.8.1/30", peer = "169.254.8.2", psk = "gcp-oregon--hq/0", priority = null }
    t1 = { interface = 1, peer_interface = 1, peer_gateway = google_compute_external_vpn_gateway.gcp_oregon__hq.id, inside = "169.254.8.5/30", peer = "169.254.8.6", psk = "gcp-oregon--hq/1", priority = 100 }
    t2 = { interface = 0, peer_interface = 0, peer_gateway = google_compute_external_vpn_gateway.gcp_oregon__hq__1.id, inside = "169.254.8.9/30", peer = "169.254.8.10", psk = "gcp-oregon--hq/2", priority = 200 }
  }`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("tunnels (-want +got):\n%s", d)
	}
}

func TestTunnelSuites(t *testing.T) {
	for _, test := range []struct {
		name, file, label, want string
	}{
		{"CBC names its integrity", "link-gcp-oregon--hq.tf", "gcp_oregon__hq", `  cipher_suite {
    phase1 {
      encryption = ["AES-CBC-256"]
      integrity  = ["HMAC-SHA2-256-128"]
      prf        = ["PRF-HMAC-SHA2-256"]
      dh         = ["Group-14"]
    }

    phase2 {
      encryption = ["AES-CBC-256"]
      integrity  = ["HMAC-SHA2-256-128"]
      pfs        = ["Group-14"]
    }
  }`},
		{"GCM has none", "link-gcp-iowa--gcp-oregon.tf", "gcp_iowa__gcp_oregon__gcp_iowa", `  cipher_suite {
    phase1 {
      encryption = ["AES-GCM-16-256"]
      prf        = ["PRF-HMAC-SHA2-384"]
      dh         = ["Group-20"]
    }

    phase2 {
      encryption = ["AES-GCM-16-256"]
      pfs        = ["Group-20"]
    }
  }`},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := block(t, texts(t, hub(fabric.VPCPeering)), test.file, fmt.Sprintf("resource %q %q {", "google_compute_vpn_tunnel", test.label))
			if got := body[strings.Index(body, "  cipher_suite {"):]; got != test.want {
				t.Errorf("cipher_suite (-want +got):\n%s", cmp.Diff(test.want, got))
			}
		})
	}
}

// TestPeersOfOneCloud: two HA VPN gateways name each other, as an external
// gateway may not have an address of Google's.
func TestPeersOfOneCloud(t *testing.T) {
	file := texts(t, hub(fabric.VPCPeering))["link-gcp-iowa--gcp-oregon.tf"]
	for _, want := range []string{
		"peer_gcp_gateway      = google_compute_ha_vpn_gateway.gcp_iowa.id\n",
		"peer_gcp_gateway      = google_compute_ha_vpn_gateway.gcp_oregon.id\n",
	} {
		if !strings.Contains(file, want) {
			t.Errorf("link file lacks %q", want)
		}
	}
	if strings.Contains(file, "google_compute_external_vpn_gateway") {
		t.Error("link file has an external gateway")
	}
}

func TestKeepaliveIsTheLongest(t *testing.T) {
	n := oneVPC()
	n.Tunnels[2].Ends[1].Keepalive = 60
	got := block(t, texts(t, n), "gcp-oregon-gateway.tf", `resource "google_compute_router" "gcp_oregon" {`)
	if want := "keepalive_interval = 60\n"; !strings.Contains(got, want) {
		t.Errorf("router = %s\nwant %q in it", got, want)
	}
}

func TestTunnelsByName(t *testing.T) {
	n := hub(fabric.VPCPeering)
	n.Name = strings.Repeat("long-", 12) + "name"
	got := texts(t, n)["link-gcp-oregon--hq.tf"]
	if !strings.Contains(got, "name                            = each.value.name\n") {
		t.Errorf("names that are cut are not listed:\n%s", got)
	}
	for _, tun := range n.Tunnels[2:] {
		if key := names.TunnelKey(tun) + " = { name = \"long-"; !strings.Contains(got, key) {
			t.Errorf("no entry %q in\n%s", key, got)
		}
	}
}

// TestPeeringsInTurn: Google refuses two peerings of a network at a time, so
// every half but the first waits for another, and all for the routes.
func TestPeeringsInTurn(t *testing.T) {
	n := hub(fabric.VPCPeering)
	for i := range n.VPCs {
		n.VPCs[i].DefaultRoute = true
	}
	halves, waiting := 0, 0
	for name, text := range texts(t, n) {
		for _, body := range strings.Split(text, "\nresource ") {
			if !strings.HasPrefix(body, `"google_compute_network_peering"`) {
				continue
			}
			halves++
			_, needed, _ := strings.Cut(body, "depends_on = [")
			if strings.Contains(needed, "google_compute_network_peering.") {
				waiting++
			}
			if strings.Count(needed, "google_compute_route.") != 2 {
				t.Errorf("%s: a peering does not wait for both sides' routes:\n%s", name, body)
			}
		}
	}
	if halves < 4 || waiting != halves-1 {
		t.Errorf("%d halves of peerings, of which %d wait for another, want all but one", halves, waiting)
	}
}
