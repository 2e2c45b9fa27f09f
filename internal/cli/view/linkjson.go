package view

import "github.com/tieline/tieline/internal/fabric"

type gatewayJSON struct {
	ID         string          `json:"id" doc:"site/tgw, site/vpn, ..."`
	Kind       string          `json:"kind" doc:"as in the spec: transit-gateway, ha-vpn, ..."`
	Site       string          `json:"site" doc:"id of the site"`
	Network    string          `json:"network,omitempty" doc:"id of the network it belongs to"`
	ASN        uint32          `json:"asn" doc:"BGP AS number"`
	SKU        string          `json:"sku,omitempty" doc:"Azure VPN gateway's SKU"`
	CIDR       string          `json:"cidr,omitempty" doc:"a virtual hub's prefix"`
	Announce   []string        `json:"announce" doc:"CIDRs announced as custom ranges (GCP), or expected (on-prem); other gateways announce their networks' prefixes"`
	Interfaces []interfaceJSON `json:"interfaces" doc:"ends for tunnels, in order"`
	At         string          `json:"at,omitempty" doc:"place in the spec"`
}

type interfaceJSON struct {
	Index    int      `json:"index" doc:"from 0"`
	PublicIP string   `json:"public_ip,omitempty" doc:"known on-prem only"`
	Inside   []string `json:"inside" doc:"BGP addresses over all its tunnels"`
}

func newGatewayJSON(g fabric.Gateway) gatewayJSON {
	return gatewayJSON{
		ID: string(g.ID), Kind: g.Kind.String(), Site: string(g.Site), Network: string(g.VPC), ASN: uint32(g.ASN), SKU: g.SKU,
		CIDR: cidr(g.Prefix), Announce: texts(g.Announce), At: at(g.Meta.Origin),
		Interfaces: list(g.Interfaces, func(i fabric.Interface) interfaceJSON {
			return interfaceJSON{i.Index, address(i.PublicIP), texts(i.Inside)}
		}),
	}
}

type linkJSON struct {
	ID          string       `json:"id" doc:"the two sites in order"`
	Kind        string       `json:"kind" doc:"VPN, TGW peering, VNet peering, Virtual WAN, same VPC, VPC peering, NCC"`
	Sites       []string     `json:"sites" doc:"the two sites"`
	Gateways    []string     `json:"gateways" doc:"their gateways, empty where none is needed"`
	Transit     string       `json:"transit,omitempty" doc:"the hub, when it is a spoke's link"`
	AskedBPS    int64        `json:"asked_bps,omitempty" doc:"bandwidth asked for"`
	PeakBPS     int64        `json:"peak_bps,omitempty" doc:"of the expected traffic, in the busier direction"`
	CapacityBPS int64        `json:"capacity_bps,omitempty" doc:"what its tunnels carry, one way; planning value"`
	MTU         int          `json:"mtu" doc:"largest inner packet in bytes"`
	MSS         int          `json:"mss,omitempty" doc:"TCP MSS to clamp to, in bytes"`
	RTT         float64      `json:"rtt_ms,omitempty" doc:"round-trip time to expect"`
	RTTSource   string       `json:"rtt_source,omitempty" doc:"measured or estimated"`
	Suite       *suiteJSON   `json:"suite,omitempty" doc:"VPN: algorithms"`
	Tunnels     []tunnelJSON `json:"tunnels" doc:"VPN: in order"`
	At          string       `json:"at,omitempty" doc:"place in the spec"`
}

type suiteJSON struct {
	IKEEncryption string `json:"ike_encryption" doc:"of the IKEv2 SA"`
	IKEIntegrity  string `json:"ike_integrity" doc:"none with an AEAD cipher"`
	PRF           string `json:"prf" doc:"of the IKEv2 SA"`
	IKEGroup      int    `json:"ike_group" doc:"Diffie-Hellman group"`
	ESPEncryption string `json:"esp_encryption" doc:"of the ESP SA"`
	ESPIntegrity  string `json:"esp_integrity" doc:"none with an AEAD cipher"`
	PFSGroup      int    `json:"pfs_group" doc:"Diffie-Hellman group of rekeys"`
}

type tunnelJSON struct {
	ID      string          `json:"id" doc:"link/index"`
	Inside  string          `json:"inside" doc:"the /30 inside"`
	RateBPS int64           `json:"rate_bps,omitempty" doc:"planning value, one way"`
	Secret  string          `json:"psk" doc:"name of the pre-shared key, never the key"`
	Ends    []tunnelEndJSON `json:"ends" doc:"two, in the order of the link's sites"`
}

type tunnelEndJSON struct {
	Gateway     string `json:"gateway" doc:"id of the gateway"`
	Interface   int    `json:"interface" doc:"of the gateway; AWS: of the connection"`
	Inside      string `json:"inside" doc:"its BGP address"`
	InitiateIKE bool   `json:"initiate_ike" doc:"dials"`
	InitiateBGP bool   `json:"initiate_bgp" doc:"opens the BGP session"`
	Phase1      int    `json:"phase1_seconds" doc:"lifetime of the IKE SA"`
	Phase2      int    `json:"phase2_seconds" doc:"lifetime of the ESP SA"`
	DPD         int    `json:"dpd_seconds" doc:"dead peer detection"`
	Keepalive   int    `json:"keepalive_seconds" doc:"of BGP"`
	Hold        int    `json:"hold_seconds" doc:"of BGP"`
	Priority    int    `json:"priority,omitempty" doc:"MED that it sends"`
}

func newLinkJSON(n *fabric.Network, l fabric.Link) linkJSON {
	j := linkJSON{
		ID: string(l.ID), Kind: l.Kind.String(), Sites: ids(l.Sites[:]), Gateways: ids(l.Gateways[:]), Transit: string(l.Transit),
		AskedBPS: int64(l.Asked), PeakBPS: int64(l.Peak), CapacityBPS: int64(l.Capacity), MTU: l.MTU, MSS: l.MSS, RTT: l.RTT, RTTSource: l.RTTSource,
		Tunnels: list(n.TunnelsOf(l), newTunnelJSON), At: at(l.Origin),
	}
	if l.Kind == fabric.VPN {
		s := l.Suite
		j.Suite = &suiteJSON{
			s.IKEEncryption.String(), s.IKEIntegrity.String(), s.PRF.String(), int(s.IKEGroup),
			s.ESPEncryption.String(), s.ESPIntegrity.String(), int(s.PFSGroup),
		}
	}
	return j
}

func newTunnelJSON(t fabric.Tunnel) tunnelJSON {
	return tunnelJSON{string(t.ID), cidr(t.Inside), int64(t.Rate), t.PSK, list(t.Ends[:], func(e fabric.TunnelEnd) tunnelEndJSON {
		return tunnelEndJSON{
			string(e.Gateway), e.Interface, address(e.Inside), e.InitiateIKE, e.InitiateBGP,
			e.Phase1, e.Phase2, e.DPD, e.Keepalive, e.Hold, e.Priority,
		}
	})}
}
