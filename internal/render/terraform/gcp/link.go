package gcp

import (
	"slices"
	"strconv"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/vocab"
)

// endID names the resources of one end of a link: the link, and the site too
// where both ends are in this cloud.
func (w writer) endID(link fabric.Link, end int) string {
	if w.cloudOf(link.Sites[other(end)]) == vocab.GCP {
		return string(link.ID) + "/" + string(link.Sites[end])
	}
	return string(link.ID)
}

// redundancyTypes names the kinds of external gateway by their addresses.
var redundancyTypes = [...]string{1: "SINGLE_IP_INTERNALLY_REDUNDANT", 2: "TWO_IPS_REDUNDANCY", 4: "FOUR_IPS_REDUNDANCY"}

// peerGateway is an external VPN gateway to be: one, two or four addresses
// that the other end has.
type peerGateway struct {
	id        string
	addresses []names.Ref // in order of interface
}

// slot says which interface of which peer gateway a tunnel dials.
type slot struct{ gateway, iface int }

// peerGateways spreads the distinct addresses of the other end over external
// gateways of four, two or one, in the order the tunnels name them, and gives
// each tunnel its place.
func peerGateways(net *fabric.Network, id string, tunnels []fabric.Tunnel, end int) ([]peerGateway, []slot) {
	var addresses []names.Ref
	index := make([]int, len(tunnels))
	for i, t := range tunnels {
		ref := names.OutsideIP(net, t, other(end))
		at := slices.IndexFunc(addresses, func(r names.Ref) bool { return r.Expr == ref.Expr })
		if at < 0 {
			at = len(addresses)
			addresses = append(addresses, ref)
		}
		index[i] = at
	}
	var gateways []peerGateway
	places := make([]slot, len(addresses))
	for begin := 0; begin < len(addresses); {
		size := 4
		for size > len(addresses)-begin {
			size /= 2
		}
		g := peerGateway{id: id, addresses: addresses[begin : begin+size]}
		if len(gateways) > 0 {
			g.id += "/" + strconv.Itoa(len(gateways))
		}
		for i := range size {
			places[begin+i] = slot{len(gateways), i}
		}
		gateways = append(gateways, g)
		begin += size
	}
	slots := make([]slot, len(tunnels))
	for i, at := range index {
		slots[i] = places[at]
	}
	return gateways, slots
}

// vpnEnd is one end of a link with what its resources share.
type vpnEnd struct {
	link    fabric.Link
	end     int
	id      string
	label   string
	gateway fabric.Gateway
	peer    fabric.Gateway
	vpc     fabric.VPC
	region  string
	tunnels []fabric.Tunnel
	names   hcl.Expr // of tunnels, interfaces and peers
}

// tunnels writes one end of a VPN link.
func (w writer) tunnels(link fabric.Link, end int) {
	gateway, ok := w.net.Gateway(link.Gateways[end])
	peer, okPeer := w.net.Gateway(link.Gateways[other(end)])
	if !ok || !okPeer {
		panic("gcp: link " + string(link.ID) + " lacks a gateway")
	}
	e := vpnEnd{
		link: link, end: end, id: w.endID(link, end), gateway: gateway, peer: peer,
		vpc: w.vpc(gateway.VPC), region: w.region(gateway.Site), tunnels: w.net.TunnelsOf(link),
	}
	e.label = names.Label(e.id)
	if len(e.tunnels) == 0 {
		return
	}
	b := w.r.LinkFile(link.ID)
	slots := make([]slot, len(e.tunnels))
	var external []peerGateway
	if peer.Kind != fabric.HAVPN {
		external, slots = peerGateways(w.net, e.id, e.tunnels, end)
	}
	for _, g := range external {
		w.externalGateway(b, e, g)
	}
	w.tunnelMap(b, &e, external, slots)
	w.vpnTunnel(b, e, external)
	w.routerInterface(b, e)
	w.routerPeer(b, e)
}

// externalGateway writes the other end's addresses as a gateway.
func (w writer) externalGateway(b *hcl.Body, e vpnEnd, g peerGateway) {
	w.r.Resource(b, e.link.Origin, "google_compute_external_vpn_gateway", g.id)
	b.Attr("provider", w.r.Provider(e.gateway.Meta.Account))
	b.Blank()
	b.Attr("name", hcl.Quote(w.name(g.id)))
	b.Attr("redundancy_type", hcl.Quote(redundancyTypes[len(g.addresses)]))
	b.Attr("labels", w.labels(e.vpc))
	for i, a := range g.addresses {
		b.Blank()
		b.Block("interface")
		b.Attr("id", hcl.Int(i))
		b.Attr("ip_address", w.r.Ref(a))
		b.End()
	}
	b.End()
}

// tunnelMap writes what differs from tunnel to tunnel, by tunnel.
func (w writer) tunnelMap(b *hcl.Body, e *vpnEnd, external []peerGateway, slots []slot) {
	keys := make([]string, len(e.tunnels))
	native := make([]string, len(e.tunnels))
	for i, t := range e.tunnels {
		keys[i] = names.TunnelKey(t)
		native[i] = w.name(e.id, keys[i])
	}
	name, listed := groupName(w.name(e.id), keys, native)
	e.names = name
	entries := make([]hcl.Item, len(e.tunnels))
	for i, t := range e.tunnels {
		own, far := t.Ends[e.end], t.Ends[other(e.end)]
		var fields []hcl.Item
		if listed {
			fields = append(fields, hcl.Item{Key: "name", Value: hcl.Quote(native[i])})
		}
		fields = append(fields, hcl.Item{Key: "interface", Value: hcl.Int(own.Interface)})
		if len(external) > 0 {
			fields = append(fields, hcl.Item{Key: "peer_interface", Value: hcl.Int(slots[i].iface)})
		}
		if len(external) > 1 {
			fields = append(fields, hcl.Item{Key: "peer_gateway", Value: externalID(external[slots[i].gateway])})
		}
		fields = append(fields,
			hcl.Item{Key: "inside", Value: hcl.Quote(own.Inside.String() + "/" + strconv.Itoa(t.Inside.Bits()))},
			hcl.Item{Key: "peer", Value: hcl.Quote(far.Inside.String())},
			hcl.Item{Key: "psk", Value: hcl.Quote(names.PSKKey(t))})
		if !e.samePriority() {
			fields = append(fields, hcl.Item{Key: "priority", Value: priority(own)})
		}
		entries[i] = hcl.Item{Key: keys[i], Value: hcl.Object(fields...)}
	}
	w.r.Locals(b, hcl.Item{Key: e.local(), Value: hcl.Map(entries...)})
}

func (e vpnEnd) local() string { return e.label + "_gcp_tunnels" }

// samePriority reports whether all sessions announce with one priority.
func (e vpnEnd) samePriority() bool {
	want := e.tunnels[0].Ends[e.end].Priority
	return !slices.ContainsFunc(e.tunnels, func(t fabric.Tunnel) bool { return t.Ends[e.end].Priority != want })
}

// priority gives the priority a session announces with; null is the cloud's default.
func priority(t fabric.TunnelEnd) hcl.Expr {
	if t.Priority == 0 {
		return "null"
	}
	return hcl.Int(t.Priority)
}

func externalID(g peerGateway) hcl.Expr {
	return hcl.Expr("google_compute_external_vpn_gateway." + names.Label(g.id) + ".id")
}

// vpnTunnel writes the tunnels. Traffic selectors are left out: with a Cloud
// Router everything that is routed to a tunnel may pass it.
func (w writer) vpnTunnel(b *hcl.Body, e vpnEnd, external []peerGateway) {
	w.r.Resource(b, e.link.Origin, "google_compute_vpn_tunnel", e.id)
	b.Attr("for_each", hcl.Expr("local."+e.local()))
	b.Attr("provider", w.r.Provider(e.gateway.Meta.Account))
	b.Blank()
	b.Attr("name", e.names)
	b.Attr("region", hcl.Quote(e.region))
	b.Attr("vpn_gateway", w.gatewayRef(e.gateway))
	b.Attr("vpn_gateway_interface", "each.value.interface")
	switch len(external) {
	case 0:
		b.Attr("peer_gcp_gateway", w.gatewayRef(e.peer))
	case 1:
		b.Attr("peer_external_gateway", externalID(external[0]))
		b.Attr("peer_external_gateway_interface", "each.value.peer_interface")
	default:
		b.Attr("peer_external_gateway", "each.value.peer_gateway")
		b.Attr("peer_external_gateway_interface", "each.value.peer_interface")
	}
	b.Attr("shared_secret", hcl.Expr(names.PSKOf("each.value.psk")))
	b.Attr("router", w.routerRef(e.gateway))
	b.Attr("ike_version", "2")
	b.Attr("labels", w.labels(e.vpc))
	b.Blank()
	w.cipherSuite(b, e.link.Suite)
	b.End()
}

// routerInterface writes the Cloud Router's side of each tunnel's /30.
func (w writer) routerInterface(b *hcl.Body, e vpnEnd) {
	w.r.Resource(b, e.link.Origin, "google_compute_router_interface", e.id)
	b.Attr("for_each", hcl.Expr("local."+e.local()))
	b.Attr("provider", w.r.Provider(e.gateway.Meta.Account))
	b.Blank()
	b.Attr("name", e.names)
	b.Attr("region", hcl.Quote(e.region))
	b.Attr("router", w.routerRef(e.gateway))
	b.Attr("ip_range", "each.value.inside")
	b.Attr("vpn_tunnel", hcl.Expr("google_compute_vpn_tunnel."+e.label+"[each.key].name"))
	b.End()
}

// routerPeer writes the BGP sessions. They announce what the router does.
func (w writer) routerPeer(b *hcl.Body, e vpnEnd) {
	w.r.Resource(b, e.link.Origin, "google_compute_router_peer", e.id)
	b.Attr("for_each", hcl.Expr("local."+e.local()))
	b.Attr("provider", w.r.Provider(e.gateway.Meta.Account))
	b.Blank()
	b.Attr("name", e.names)
	b.Attr("region", hcl.Quote(e.region))
	b.Attr("router", w.routerRef(e.gateway))
	b.Attr("interface", hcl.Expr("google_compute_router_interface."+e.label+"[each.key].name"))
	b.Attr("peer_ip_address", "each.value.peer")
	b.Attr("peer_asn", hcl.Expr(e.peer.ASN.String()))
	switch own := e.tunnels[0].Ends[e.end]; {
	case !e.samePriority():
		b.Attr("advertised_route_priority", "each.value.priority")
	case own.Priority != 0:
		b.Attr("advertised_route_priority", priority(own))
	}
	b.End()
}

// gatewayRef refers to an HA VPN gateway by its id.
func (w writer) gatewayRef(g fabric.Gateway) hcl.Expr {
	label := names.GatewayLabel(g.ID)
	return w.r.Ref(names.Ref{Home: g.Site, Expr: "google_compute_ha_vpn_gateway." + label + ".id", Output: label + "_vpn_gateway"})
}

// routerRef refers to a gateway's Cloud Router by its name.
func (w writer) routerRef(g fabric.Gateway) hcl.Expr {
	label := names.GatewayLabel(g.ID)
	return w.r.Ref(names.Ref{Home: g.Site, Expr: "google_compute_router." + label + ".name", Output: label + "_router"})
}
