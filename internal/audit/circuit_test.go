package audit

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// judge runs one rule on a network with hand-made tables.
func judge(t *testing.T, code string, n *fabric.Network, tables *routes.Tables) []string {
	t.Helper()
	a := atlas.Default()
	if tables == nil {
		tables = &routes.Tables{Network: n}
	}
	u := &auditor{n: n, a: a, p: &verify.Proof{Net: n, Atlas: a, Tables: tables}}
	i := slices.IndexFunc(rules(), func(r rule) bool { return string(r.Code) == code })
	if i < 0 || rules()[i].judge == nil {
		t.Fatalf("no judged rule %s", code)
	}
	u.rule = rules()[i].Rule
	rules()[i].judge(u)
	objects := []string{}
	for _, f := range u.out {
		objects = append(objects, f.Object)
	}
	return objects
}

// circuit is a site in AWS behind a Direct Connect gateway, joined by a private
// circuit to a site in Azure.
func circuit() *fabric.Network {
	return &fabric.Network{
		Sites: []fabric.Site{
			{ID: "dublin", Cloud: vocab.AWS, Region: "eu-west-1"},
			{ID: "north", Cloud: vocab.Azure, Region: "northeurope"},
		},
		VPCs: []fabric.VPC{{ID: "dublin/app", Cloud: vocab.AWS, Sites: []fabric.SiteID{"dublin"}, Prefixes: []netip.Prefix{netip.MustParsePrefix("10.8.0.0/16")}}},
		Gateways: []fabric.Gateway{
			{ID: "dublin/dx", Kind: fabric.DirectConnectGateway, Site: "dublin"},
			{ID: "dublin/tgw", Kind: fabric.TransitGateway, Site: "dublin"},
			{ID: "north/er", Kind: fabric.ExpressRouteGateway, Site: "north"},
		},
		Attachments: []fabric.Attachment{
			{ID: "dublin/dx--dublin/tgw", Kind: fabric.DirectConnectAssociation, Gateway: "dublin/dx", Peer: "dublin/tgw", Allowed: []netip.Prefix{netip.MustParsePrefix("10.8.0.0/16")}},
			{ID: "dublin/tgw--dublin/app", Kind: fabric.TransitVPCAttachment, Gateway: "dublin/tgw", VPC: "dublin/app"},
		},
		Links: []fabric.Link{{
			ID: "dublin--north", Kind: fabric.CircuitLink, Sites: [2]fabric.SiteID{"dublin", "north"},
			Gateways: [2]fabric.GatewayID{"dublin/dx", "north/er"}, MTU: 1400, Tunnels: []fabric.TunnelID{"dublin--north/0"},
		}},
		Tunnels: []fabric.Tunnel{{ID: "dublin--north/0", Link: "dublin--north", Ends: [2]fabric.TunnelEnd{{Gateway: "dublin/dx"}, {Gateway: "north/er"}}}},
	}
}

func TestCircuits(t *testing.T) {
	tests := []struct {
		name, code string
		change     func(*fabric.Network)
		prefixes   int // learned by AWS
		want       []string
	}{
		{name: "80 of 100 prefixes", code: "TL2301", prefixes: 80, want: []string{}},
		{name: "81 of 100 prefixes", code: "TL2301", prefixes: 81, want: []string{"dublin--north/0"}},
		{name: "beyond the limit, which the proof reports", code: "TL2301", prefixes: 101, want: []string{}},
		{name: "allowed prefixes that a VPC has", code: "TL2302", want: []string{}},
		{
			name: "allowed prefixes that none has", code: "TL2302", want: []string{"dublin/dx--dublin/tgw"},
			change: func(n *fabric.Network) {
				n.Attachments[0].Allowed = append(n.Attachments[0].Allowed, netip.MustParsePrefix("10.9.0.0/16"))
			},
		},
		{
			name: "allowed prefixes of another transit gateway", code: "TL2302", want: []string{"dublin/dx--dublin/tgw"},
			change: func(n *fabric.Network) { n.Attachments[1].Gateway = "other/tgw" },
		},
		{name: "packets that Azure passes", code: "TL2304", want: []string{}},
		{name: "jumbo frames", code: "TL2304", change: func(n *fabric.Network) { n.Links[0].MTU = 8500 }, want: []string{"dublin--north"}},
		{name: "no router of Partner Interconnect", code: "TL2306", want: []string{}},
		{
			name: "two routers of Partner Interconnect", code: "TL2306", want: []string{"b/vpn"},
			change: func(n *fabric.Network) {
				n.Gateways = append(n.Gateways, fabric.Gateway{ID: "a/vpn", Kind: fabric.HAVPN, ASN: 16550}, fabric.Gateway{ID: "b/vpn", Kind: fabric.HAVPN, ASN: 16550})
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := circuit()
			if tt.change != nil {
				tt.change(n)
			}
			tables := &routes.Tables{Network: n, Sessions: []routes.Session{{Tunnel: "dublin--north/0", State: routes.Established, Prefixes: [2]int{tt.prefixes, 1}}}}
			if diff := cmp.Diff(tt.want, judge(t, tt.code, n, tables)); diff != "" {
				t.Errorf("objects of %s (-want +got):\n%s", tt.code, diff)
			}
		})
	}
}

// TestClearCircuits: what policy sends over a circuit is encrypted.
func TestClearCircuits(t *testing.T) {
	tests := []struct {
		name string
		kind fabric.LinkKind
		esp  vocab.Encryption
		used bool
		want []string
	}{
		{"a circuit that policy uses", fabric.CircuitLink, 0, true, []string{"dublin--north"}},
		{"with IPsec over it", fabric.CircuitLink, vocab.AES256GCM, true, []string{}},
		{"that nothing uses", fabric.CircuitLink, 0, false, []string{}},
		{"a VPN", fabric.VPN, vocab.AES256GCM, true, []string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := circuit()
			n.Links[0].Kind, n.Links[0].Suite.ESPEncryption = tt.kind, tt.esp
			u := &auditor{n: n, a: atlas.Default()}
			u.memo.ways = []way{{from: "dublin", to: "north", arrives: true}}
			if tt.used {
				u.memo.ways[0].links = []fabric.LinkID{"dublin--north"}
			}
			u.clearCircuits()
			got := []string{}
			for _, f := range u.out {
				got = append(got, f.Object)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("objects of TL2310 (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPrefixCounts: sessions near a receiver's limit are reported, by the
// limit of each kind of gateway.
func TestPrefixCounts(t *testing.T) {
	tests := []struct {
		kind fabric.GatewayKind
		n    int
		want bool
	}{
		{fabric.VirtualPrivateGateway, 80, false},
		{fabric.VirtualPrivateGateway, 81, true},
		{fabric.VirtualPrivateGateway, 100, true},
		{fabric.VirtualPrivateGateway, 101, false}, // beyond: the proof's finding
		{fabric.TransitGateway, 81, false},
		{fabric.TransitGateway, 801, true},
		{fabric.HAVPN, 200, false},
		{fabric.HAVPN, 201, true},
		{fabric.VPNGateway, 3201, true},
		{fabric.Device, 3201, false},
	}
	for _, tt := range tests {
		n := &fabric.Network{
			Gateways: []fabric.Gateway{{ID: "dublin/gw", Kind: tt.kind, Site: "dublin"}, {ID: "office/cpe", Kind: fabric.Device, Site: "office"}},
			Links:    []fabric.Link{{ID: "dublin--office", Kind: fabric.VPN, Tunnels: []fabric.TunnelID{"dublin--office/0", "dublin--office/1"}}},
		}
		tables := &routes.Tables{Network: n}
		for _, id := range n.Links[0].Tunnels {
			n.Tunnels = append(n.Tunnels, fabric.Tunnel{ID: id, Link: "dublin--office", Ends: [2]fabric.TunnelEnd{{Gateway: "dublin/gw"}, {Gateway: "office/cpe"}}})
			tables.Sessions = append(tables.Sessions, routes.Session{Tunnel: id, State: routes.Established, Prefixes: [2]int{tt.n, 1}})
		}
		want := []string{}
		if tt.want {
			want = append(want, "dublin/gw") // once, though both tunnels carry them
		}
		if diff := cmp.Diff(want, judge(t, "TL2106", n, tables)); diff != "" {
			t.Errorf("prefixCounts(%v with %d) (-want +got):\n%s", tt.kind, tt.n, diff)
		}
	}
}
