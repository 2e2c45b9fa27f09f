package ways

import (
	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
)

// Encrypted reports whether a link is encrypted by the network itself: IPsec
// and WireGuard by their gateways, the clouds' own links by the clouds (AWS:
// data protection of EC2, inter-region peering; Google: encryption in transit;
// Azure: MACsec between datacentres). Circuits are not.
func Encrypted(k fabric.LinkKind) bool {
	switch k {
	case fabric.VPN, fabric.OverlayLink, fabric.TransitPeerLink, fabric.VNetPeerLink, fabric.VirtualWANLink,
		fabric.SameVPCLink, fabric.VPCPeerLink, fabric.NCCLink, fabric.CrossConnectLink:
		return true
	case fabric.CircuitLink:
	}
	return false
}

// GatewayMTU gives what passes a gateway, in bytes, also from one VNet to
// another without a tunnel; 0 when it bounds nothing
// (https://learn.microsoft.com/azure/expressroute/expressroute-faqs).
func GatewayMTU(a *atlas.Atlas, k fabric.GatewayKind) int {
	switch k {
	case fabric.VPNGateway, fabric.ExpressRouteGateway, fabric.VirtualHub:
		n, _ := a.MTU(atlas.MTUAzureGateway)
		return n
	case fabric.VirtualPrivateGateway, fabric.TransitGateway, fabric.HAVPN, fabric.Device, fabric.DirectConnectGateway:
	}
	return 0
}

// HopMTU gives what a crossing carries, in bytes; 0 when it bounds nothing.
func HopMTU(n *fabric.Network, a *atlas.Atlas, h *routes.Hop) int {
	if l, ok := n.Link(h.Link); ok && l.MTU > 0 {
		return l.MTU
	}
	at, ok := n.Attachment(h.Attachment)
	if !ok {
		return 0
	}
	switch at.Kind {
	case fabric.TransitVPCAttachment, fabric.TransitPeering:
		mtu, _ := a.MTU(atlas.MTUAWSTGW)
		return mtu
	case fabric.TransitVPNAttachment:
		mtu, _ := a.MTU(atlas.MTUAWSTGWVPN)
		return mtu
	case fabric.VGWAttachment, fabric.VNetPeering, fabric.VirtualHubConnection, fabric.VPCPeering, fabric.NCCSpoke,
		fabric.NCCHybridSpoke, fabric.AWSPeering, fabric.DirectConnectAssociation:
	}
	return 0
}
