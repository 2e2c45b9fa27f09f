package fabric

import (
	"net/netip"
	"strings"

	"github.com/tieline/tieline/internal/vocab"
)

// GatewayKind is a kind of gateway.
type GatewayKind uint8

// The kinds of gateway.
const (
	VirtualPrivateGateway GatewayKind = iota + 1 // AWS, of one VPC
	TransitGateway                               // AWS, of a region
	HAVPN                                        // GCP: HA VPN gateway with its Cloud Router
	VPNGateway                                   // Azure: virtual network gateway of a VNet
	VirtualHub                                   // Azure: Virtual WAN hub, with a VPN gateway where it has tunnels
	Device                                       // on-prem VPN devices
	DirectConnectGateway                         // AWS: global, joins virtual interfaces to VGWs or TGWs
	ExpressRouteGateway                          // Azure: virtual network gateway of a VNet for circuits
)

// String gives the kind as in a spec.
func (k GatewayKind) String() string {
	switch k {
	case VirtualPrivateGateway:
		return "virtual-private-gateway"
	case TransitGateway:
		return "transit-gateway"
	case HAVPN:
		return "ha-vpn"
	case VPNGateway:
		return "vpn-gateway"
	case VirtualHub:
		return "virtual-wan"
	case Device:
		return "device"
	case DirectConnectGateway:
		return "direct-connect-gateway"
	case ExpressRouteGateway:
		return "expressroute-gateway"
	}
	return "gateway?"
}

// Gateway joins a site to others.
type Gateway struct {
	ID         GatewayID
	Meta       Meta
	Kind       GatewayKind
	Site       SiteID
	VPC        VPCID // of a VGW, HA VPN or Azure VPN gateway; empty for TGW, virtual hub, device
	ASN        vocab.ASN
	SKU        string // Azure VPN gateway: VpnGw1AZ
	Generation int    // Azure VPN gateway: 1 or 2
	ScaleUnits int    // virtual hub's VPN gateway: 500 Mbps each; 0 without tunnels
	// RoutingUnits are the routing infrastructure units that the router of a
	// virtual hub keeps at least; 0 for Azure's default of two.
	RoutingUnits int
	Prefix       netip.Prefix // virtual hub's address prefix
	Interfaces   []Interface  // in order: VPN ends the gateway itself has (not AWS: each connection has its own)
	ECMP         bool         // several equal paths carry traffic at once
	// DefaultTable says that a transit gateway associates and propagates
	// attachments by its default route table; else Tables says all.
	DefaultTable bool
	Tables       []TransitTable
	// Announce is what a GCP Cloud Router announces as custom ranges (with
	// none of its own subnets otherwise), and what an on-prem device is
	// expected to announce. Empty for AWS and Azure, whose gateways announce
	// each VPC or VNet prefix by themselves.
	Announce []netip.Prefix
	// AnnounceSubnets: a Cloud Router announces its VPC's subnets too
	// (advertise mode DEFAULT, or the group ALL_SUBNETS).
	AnnounceSubnets bool
	Accelerate      bool
	// PathFirst: a virtual hub whose routing preference is AS Path compares
	// the length of the AS path before anything else.
	PathFirst bool
	// Cluster: the devices of a site of one's own share the state of
	// connections, so that either takes replies to what passed the other.
	Cluster bool
}

// Interface is one end for tunnels of a gateway.
type Interface struct {
	Index    int
	PublicIP netip.Addr // known for on-prem devices only; zero in clouds
	// BGP addresses of the interface over all its tunnels, sorted (Azure
	// APIPA addresses of the instance).
	Inside  []netip.Addr
	Domains []Domain
}

// TransitTable is a transit gateway's route table.
type TransitTable struct {
	Name      string         // networks, edge, or the segments it serves
	Was       string         // its name before segments were renamed; empty when it is the same, or another table's now
	Associate []AttachmentID // whose traffic it routes
	Propagate []AttachmentID // whose prefixes it learns
	Routes    []Route        // static: peerings
}

// AttachmentKind is a kind of attachment.
type AttachmentKind uint8

// The kinds of attachment.
const (
	VGWAttachment            AttachmentKind = iota + 1 // AWS: VGW to its VPC
	TransitVPCAttachment                               // AWS: VPC to TGW
	TransitVPNAttachment                               // AWS: VPN connection to TGW; implied by the connection
	TransitPeering                                     // AWS: TGW to TGW, static routes only
	VNetPeering                                        // Azure: both directions
	VirtualHubConnection                               // Azure: VNet to virtual hub
	VPCPeering                                         // GCP: both directions
	NCCSpoke                                           // GCP: VPC to Network Connectivity Center hub
	NCCHybridSpoke                                     // GCP: the HA VPN tunnels of a hub VPC to the NCC hub
	AWSPeering                                         // AWS: VPC peering, never transitive, static routes only
	DirectConnectAssociation                           // AWS: DX gateway (Gateway) to VGW or TGW (Peer)
)

// Attachment joins a VPC or gateway to a gateway, or two of them.
type Attachment struct {
	ID      AttachmentID
	Meta    Meta // Account: of the attached side (the VPC's)
	Kind    AttachmentKind
	Gateway GatewayID // AWS, virtual hub: what it is attached to; GCP, Azure peering: the hub VPC's gateway, may be empty
	Peer    GatewayID // TransitPeering: the accepting TGW
	VPC     VPCID     // what is attached; of a peering the spoke or the first VPC
	PeerVPC VPCID     // VNetPeering, VPCPeering: the hub or second VPC
	// Connection of a TransitVPNAttachment.
	Connection ConnectionID
	Subnets    []SubnetID // TransitVPCAttachment: one subnet, all its zones
	Tunnels    []TunnelID // NCCHybridSpoke
	// GatewayTransit: VPC (the spoke) uses the gateway of PeerVPC (the hub).
	GatewayTransit bool
	// ExchangeRoutes: custom routes go from PeerVPC (export) to VPC (import).
	ExchangeRoutes bool
	// CrossAccount: the two sides are in different accounts, so a share and
	// an acceptance are needed.
	CrossAccount bool
	Link         LinkID // the link it realises, when between sites
	// Allowed are the allowed prefixes of a DirectConnectAssociation: with a
	// VGW a filter on the VPC's blocks, with a TGW what is announced as such.
	Allowed []netip.Prefix
	// NoSiteToSite: an NCCHybridSpoke whose tunnels do not carry traffic of
	// other hybrid spokes (site_to_site_data_transfer is off).
	NoSiteToSite bool
}

// LinkKind is how a link between two sites is made.
type LinkKind uint8

// The kinds of link.
const (
	VPN              LinkKind = iota + 1 // IPsec tunnels over the internet
	TransitPeerLink                      // AWS transit gateway peering
	VNetPeerLink                         // Azure hub VNet peering
	VirtualWANLink                       // Azure: two hubs of one Virtual WAN
	SameVPCLink                          // GCP: two regions of one VPC
	VPCPeerLink                          // GCP VPC peering
	NCCLink                              // GCP: VPCs of one NCC hub
	CircuitLink                          // private circuits
	OverlayLink                          // WireGuard between gateway machines
	CrossConnectLink                     // clouds' own cross-cloud links
)

// String gives a short name for people.
func (k LinkKind) String() string {
	switch k {
	case VPN:
		return "VPN"
	case TransitPeerLink:
		return "TGW peering"
	case VNetPeerLink:
		return "VNet peering"
	case VirtualWANLink:
		return "Virtual WAN"
	case SameVPCLink:
		return "same VPC"
	case VPCPeerLink:
		return "VPC peering"
	case NCCLink:
		return "NCC"
	case CircuitLink:
		return "circuit"
	case OverlayLink:
		return "overlay"
	case CrossConnectLink:
		return "cross-cloud"
	}
	return "link?"
}

// Link joins two sites.
type Link struct {
	ID        LinkID
	Origin    Origin
	Kind      LinkKind
	Sites     [2]SiteID    // in order of id
	Gateways  [2]GatewayID // of Sites; empty where a site needs none (SameVPCLink)
	Asked     vocab.Rate   // bandwidth asked for; 0 when not stated
	Peak      vocab.Rate   // of the expected traffic in the busier direction
	Capacity  vocab.Rate   // of all tunnels that carry traffic at once, one way, planning value; 0 when not bound by tunnels
	Suite     vocab.Suite  // VPN
	MTU       int          // bytes: largest inner IP packet
	MSS       int          // bytes: TCP MSS to clamp to (IPv4); 0 when none needed
	RTT       float64      // milliseconds expected; 0 when unknown
	RTTSource string       // "measured 2022-04" or "estimated from distance"
	Tunnels   []TunnelID   // VPN: in order of index
	// Transit: the hub, when the link is one of its spokes' (traffic of other
	// spokes crosses it); empty in meshes and plain links.
	Transit SiteID
}

// RTTMeasured reports whether the link's round trip was measured between its
// places; else it is an estimate, or not known.
func (l *Link) RTTMeasured() bool { return strings.HasPrefix(l.RTTSource, "measured") }

// Connection is an AWS VPN connection: always two tunnels to one customer gateway.
type Connection struct {
	ID            ConnectionID
	Meta          Meta
	Link          LinkID
	Gateway       GatewayID // the VGW or TGW
	Peer          GatewayID
	PeerInterface int // whose public address the customer gateway has
	Large         bool
	Tunnels       [2]TunnelID
	// Static: no BGP; the gateway routes StaticRoutes into it.
	Static       bool
	StaticRoutes []netip.Prefix
}

// Tunnel is one IPsec tunnel with its BGP session; of a CircuitLink it is a
// VLAN on a circuit with its BGP session (a virtual interface, VLAN attachment
// or private peering).
type Tunnel struct {
	ID         TunnelID
	Meta       Meta // Origin only; the ends have accounts of their own
	Link       LinkID
	Index      int
	Inside     netip.Prefix // /30 link-local
	Ends       [2]TunnelEnd // in the order of the link's Sites
	Connection ConnectionID // AWS, empty otherwise
	PSK        string       // name of the pre-shared key's secret, never its value
	Rate       vocab.Rate   // planning value, one way
	Domains    []Domain
}

// TunnelEnd is one side of a tunnel.
type TunnelEnd struct {
	Gateway   GatewayID
	Interface int        // of the gateway; AWS: 0 or 1, the tunnel of the connection
	Inside    netip.Addr // own address in the tunnel's /30, BGP speaker
	// InitiateIKE: this end dials. Both ends may.
	InitiateIKE bool
	// InitiateBGP: this end opens the TCP session. Azure never does from an
	// APIPA address.
	InitiateBGP bool
	Phase1      int // seconds, lifetime of the IKE SA
	Phase2      int // seconds, lifetime of the ESP SA
	DPD         int // seconds
	Keepalive   int // seconds
	Hold        int // seconds, as configured at this end (the smaller of both holds)
	// Priority is the MED this end sends (GCP advertised_route_priority);
	// 0 leaves the cloud's default.
	Priority int
	// Export and Import are what this end does to what it announces and hears
	// over the session, in order.
	Export, Import []RouteTerm
}

// Flow is expected traffic, one way. Where it goes is the tables' to say.
type Flow struct {
	Origin   Origin
	From, To FlowEnd
	Monthly  vocab.Volume
	Peak     vocab.Rate
}

// FlowEnd is one end of expected traffic.
type FlowEnd struct {
	Ref      string // as in the spec
	Site     SiteID // empty for the internet or a foreign CIDR
	Subnets  []SubnetID
	Internet bool
	Prefixes []netip.Prefix
}
