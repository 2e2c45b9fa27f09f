package capacity

import (
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

func room(r vocab.Rate) Room { return Room{Bounded, r} }

// TestGateway: the aggregates of the clouds' size tables; of a size that is not
// fully stated the least that it can be, of one that nobody knows nothing.
func TestGateway(t *testing.T) {
	tests := []struct {
		name string
		g    fabric.Gateway
		want Room
	}{
		{"an Azure gateway", fabric.Gateway{Kind: fabric.VPNGateway, SKU: "VpnGw1AZ", Generation: 1}, room(650 * vocab.Mbps)},
		{"the first generation", fabric.Gateway{Kind: fabric.VPNGateway, SKU: "VpnGw2AZ", Generation: 1}, room(vocab.Gbps)},
		{"the second", fabric.Gateway{Kind: fabric.VPNGateway, SKU: "VpnGw2AZ", Generation: 2}, room(1250 * vocab.Mbps)},
		{"either generation", fabric.Gateway{Kind: fabric.VPNGateway, SKU: "VpnGw2AZ"}, room(vocab.Gbps)},
		{"a size that became a zonal one", fabric.Gateway{Kind: fabric.VPNGateway, SKU: "VpnGw2", Generation: 2}, room(1250 * vocab.Mbps)},
		{"in other letters", fabric.Gateway{Kind: fabric.VPNGateway, SKU: "vpngw1az"}, room(650 * vocab.Mbps)},
		{"a size that is not known", fabric.Gateway{Kind: fabric.VPNGateway, SKU: "VpnGw9AZ"}, Room{State: Unknown}},
		{"no size", fabric.Gateway{Kind: fabric.VPNGateway}, Room{State: Unknown}},
		{"three scale units", fabric.Gateway{Kind: fabric.VirtualHub, ScaleUnits: 3}, room(1500 * vocab.Mbps)},
		{"a hub whose scale units are not known", fabric.Gateway{Kind: fabric.VirtualHub}, Room{State: Unknown}},
		{"a virtual private gateway", fabric.Gateway{Kind: fabric.VirtualPrivateGateway}, room(1250 * vocab.Mbps)},
		{"an ExpressRoute gateway", fabric.Gateway{Kind: fabric.ExpressRouteGateway, SKU: "ErGw2AZ"}, room(2 * vocab.Gbps)},
		{"one of four scale units", fabric.Gateway{Kind: fabric.ExpressRouteGateway, SKU: "ErGwScale", ScaleUnits: 4}, room(4 * vocab.Gbps)},
		{"one of a size that is not known", fabric.Gateway{Kind: fabric.ExpressRouteGateway, SKU: "?"}, Room{State: Unknown}},
		{"a transit gateway", fabric.Gateway{Kind: fabric.TransitGateway}, Room{}},
		{"an HA VPN gateway", fabric.Gateway{Kind: fabric.HAVPN}, Room{}},
		{"a device", fabric.Gateway{Kind: fabric.Device}, Room{}},
		{"a Direct Connect gateway", fabric.Gateway{Kind: fabric.DirectConnectGateway}, Room{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Gateway(atlas.Default(), &tt.g); got != tt.want {
				t.Errorf("Gateway(%v %q) = %+v, want %+v", tt.g.Kind, tt.g.SKU, got, tt.want)
			}
		})
	}
}

// TestRouter: two units carry 3 Gbps, and more of them 1 Gbps each.
func TestRouter(t *testing.T) {
	for _, tt := range []struct {
		units int
		want  Room
	}{
		{0, room(3 * vocab.Gbps)},
		{2, room(3 * vocab.Gbps)},
		{3, room(3 * vocab.Gbps)},
		{4, room(4 * vocab.Gbps)},
		{50, room(50 * vocab.Gbps)},
	} {
		g := fabric.Gateway{Kind: fabric.VirtualHub, RoutingUnits: tt.units}
		if got := Router(atlas.Default(), &g); got != tt.want {
			t.Errorf("Router(%d units) = %+v, want %+v", tt.units, got, tt.want)
		}
	}
}

func TestAttachment(t *testing.T) {
	if got, want := Attachment(atlas.Default()), room(100*vocab.Gbps); got != want {
		t.Errorf("Attachment() = %+v, want %+v", got, want)
	}
}

// TestTunnel: with a cipher its rate, with none that is known the slower, and
// where a table states a rate of small packets, that.
func TestTunnel(t *testing.T) {
	tests := []struct {
		name   string
		g      fabric.Gateway
		large  bool
		cipher vocab.Encryption
		want   Room
	}{
		{name: "AWS", g: fabric.Gateway{Kind: fabric.VirtualPrivateGateway}, cipher: vocab.AES256GCM, want: room(1250 * vocab.Mbps)},
		{name: "AWS, any cipher", g: fabric.Gateway{Kind: fabric.TransitGateway}, want: room(1250 * vocab.Mbps)},
		{name: "AWS, large", g: fabric.Gateway{Kind: fabric.TransitGateway}, large: true, cipher: vocab.AES256CBC, want: room(5 * vocab.Gbps)},
		{name: "GCP, small packets", g: fabric.Gateway{Kind: fabric.HAVPN}, cipher: vocab.AES256GCM, want: room(vocab.Gbps)},
		{name: "Azure, GCM", g: fabric.Gateway{Kind: fabric.VPNGateway, SKU: "VpnGw1AZ"}, cipher: vocab.AES128GCM, want: room(650 * vocab.Mbps)},
		{name: "Azure, CBC", g: fabric.Gateway{Kind: fabric.VPNGateway, SKU: "VpnGw1AZ"}, cipher: vocab.AES256CBC, want: room(500 * vocab.Mbps)},
		{name: "Azure, any cipher", g: fabric.Gateway{Kind: fabric.VPNGateway, SKU: "VpnGw1AZ"}, want: room(500 * vocab.Mbps)},
		{name: "Azure, any generation", g: fabric.Gateway{Kind: fabric.VPNGateway, SKU: "VpnGw2AZ"}, cipher: vocab.AES256CBC, want: room(550 * vocab.Mbps)},
		{name: "Azure, no known size", g: fabric.Gateway{Kind: fabric.VPNGateway, SKU: "VpnGw9AZ"}, want: Room{State: Unknown}},
		{name: "a hub", g: fabric.Gateway{Kind: fabric.VirtualHub, ScaleUnits: 4}, cipher: vocab.AES256GCM, want: room(vocab.Gbps)},
		{name: "a device", g: fabric.Gateway{Kind: fabric.Device}, want: Room{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Tunnel(atlas.Default(), &tt.g, tt.large, tt.cipher); got != tt.want {
				t.Errorf("Tunnel(%v %q, large %t, %v) = %+v, want %+v", tt.g.Kind, tt.g.SKU, tt.large, tt.cipher, got, tt.want)
			}
		})
	}
}

// TestFits: what is not known never fits.
func TestFits(t *testing.T) {
	for _, tt := range []struct {
		name string
		room Room
		rate float64
		want bool
	}{
		{"free", Room{}, 1e15, true},
		{"just", room(vocab.Gbps), 1e9, true},
		{"too much", room(vocab.Gbps), 1e9 + 1, false},
		{"not known", Room{State: Unknown}, 0, false},
	} {
		if got := tt.room.Fits(tt.rate); got != tt.want {
			t.Errorf("%s: %+v.Fits(%g) = %t, want %t", tt.name, tt.room, tt.rate, got, tt.want)
		}
	}
}
