package gcp

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
	"github.com/tieline/tieline/internal/read/terraform/into/draft"
	"github.com/tieline/tieline/internal/vocab"
)

var gatewayTypes = doc.Types("google_compute_ha_vpn_gateway")

// readGateways makes a gateway of each HA VPN gateway with the Cloud Router of
// its tunnels.
func (r *reader) readGateways() {
	n := r.d.Net
	routers := map[*doc.Resource]*doc.Resource{}
	doubts := map[*doc.Resource]string{}
	used := map[*doc.Resource]bool{}
	for _, x := range r.src.Of("google_compute_vpn_tunnel") {
		g := r.called(x, x.Block, "vpn_gateway", gatewayTypes)
		l := r.called(x, x.Block, "router", routerTypes)
		if g.To == nil {
			continue
		}
		switch {
		case l.To == nil:
			doubts[g.To] = "the router of its tunnels is not in the file or cannot be told"
		case routers[g.To] != nil && routers[g.To] != l.To:
			doubts[g.To] = "its tunnels have different routers, which is not modelled"
		default:
			routers[g.To] = l.To
			used[l.To] = true
		}
	}
	for _, x := range r.src.Of(gatewayTypes.Types...) {
		i, ok := r.networkOf(x, "network")
		if !ok {
			continue
		}
		site := r.d.Site(vocab.GCP, region(x), x.Origin)
		g := fabric.Gateway{
			ID: fabric.GatewayID(r.d.ID(string(site) + "/vpn")), Kind: fabric.HAVPN, Meta: r.meta(x, region(x)), Site: site, VPC: n.VPCs[i].ID, ECMP: true,
		}
		g.Meta.Unread = doubts[x]
		for k := range haInterfaces {
			g.Interfaces = append(g.Interfaces, fabric.Interface{Index: k, Domains: []fabric.Domain{{Kind: fabric.Instance, ID: string(g.ID) + "#" + strconv.Itoa(k)}}})
		}
		if router := routers[x]; router != nil {
			r.router(&g, router)
		}
		r.gateways[x] = len(n.Gateways)
		n.Gateways = append(n.Gateways, g)
	}
	for _, x := range r.src.Of("google_compute_router") {
		if !used[x] && x.Set("bgp") {
			r.unclear(x, "no HA VPN tunnel of the file has this router; what it learns and announces otherwise is not modelled")
		}
	}
}

// haInterfaces is how many interfaces an HA VPN gateway has
// (https://cloud.google.com/network-connectivity/docs/vpn/concepts/overview).
const haInterfaces = 2

// router reads what a Cloud Router is and announces.
func (r *reader) router(g *fabric.Gateway, x *doc.Resource) {
	b := x.First("bgp")
	g.ASN = b.ASN("asn")
	g.AnnounceSubnets = b.Text("advertise_mode") != "CUSTOM" || slices.Contains(b.Texts("advertised_groups"), "ALL_SUBNETS")
	for _, a := range b.Blocks("advertised_ip_ranges") {
		list, _ := a.Prefixes("range")
		if len(list) != 1 {
			draft.Doubt(&g.Meta, "a range that it announces is only known once applied")
			continue
		}
		g.Announce = append(g.Announce, list[0])
	}
	slices.SortFunc(g.Announce, prefix.Compare)
	if b.Unknown("advertise_mode") || b.Unknown("advertised_groups") || b.Unknown("asn") {
		draft.Doubt(&g.Meta, "what its router announces is only known once applied")
	}
}

// session is a BGP session of a tunnel.
type session struct{ iface, peer *doc.Resource }

// readTunnels reads each HA VPN tunnel with its interface and session.
func (r *reader) readTunnels() {
	n := r.d.Net
	sessions := r.sessions()
	for _, x := range r.src.Of("google_compute_vpn_tunnel") {
		l := r.called(x, x.Block, "vpn_gateway", gatewayTypes)
		i, ok := r.gateways[l.To]
		if !ok {
			r.unclear(x, "its gateway is a classic VPN gateway, not in the file, or cannot be told")
			continue
		}
		g := &n.Gateways[i]
		e := draft.End{
			Origin: x.Origin, Account: g.Meta.Account, Cloud: vocab.GCP, Site: g.Site, Gateway: g.ID, Interface: x.Int("vpn_gateway_interface"), ASN: g.ASN,
			InitiateIKE: true, PeerName: title(x),
		}
		e.Own = []string{l.To.Result("vpn_interfaces[" + strconv.Itoa(e.Interface) + "].ip_address")}
		if router := r.called(x, x.Block, "router", routerTypes); router.To != nil {
			e.Keepalive = router.To.First("bgp").Int("keepalive_interval")
		}
		phase2 := x.First("cipher_suite").First("phase2")
		e.ESP = draft.ReadCipher(r.d.Atlas.VPN(vocab.GCP).ESP, phase2.Texts("encryption"), phase2.Texts("integrity"))
		r.peerOf(x, &e)
		r.sessionOf(x, sessions[x], &e)
		r.d.AddEnd(e)
	}
}

// peerOf reads what is at the other end: a gateway in Google's cloud, or an
// interface of an external one.
func (r *reader) peerOf(x *doc.Resource, e *draft.End) {
	if x.Set("peer_gcp_gateway") {
		l := r.called(x, x.Block, "peer_gcp_gateway", gatewayTypes)
		if i, ok := r.gateways[l.To]; ok {
			e.PeerGateway = r.d.Net.Gateways[i].ID
			e.Peer = l.To.Result("vpn_interfaces[" + strconv.Itoa(e.Interface) + "].ip_address") // the same interface on both sides
			return
		}
		e.Device = x.Text("peer_gcp_gateway")
		return
	}
	l := r.called(x, x.Block, "peer_external_gateway", doc.Types("google_compute_external_vpn_gateway"))
	if l.To == nil {
		e.Device = l.Text
		e.Unread = "the peer gateway is not in the file or cannot be told"
		return
	}
	e.PeerName, e.Device = title(l.To), l.To.Address
	for _, b := range l.To.Blocks("interface") {
		if b.Int("id") == x.Int("peer_external_gateway_interface") {
			e.Peer = b.Source("ip_address")
		}
	}
}

// sessions finds the interface and BGP session of each tunnel.
func (r *reader) sessions() map[*doc.Resource][]session {
	out := map[*doc.Resource][]session{}
	peers := map[*doc.Resource][]*doc.Resource{}
	for _, p := range r.src.Of("google_compute_router_peer") {
		l := r.called(p, p.Block, "interface", doc.Want{Types: []string{"google_compute_router_interface"}, Match: r.sameRouter(p)})
		if l.To == nil {
			r.unclear(p, "the interface of the session is not in the file or cannot be told")
			continue
		}
		peers[l.To] = append(peers[l.To], p)
	}
	for _, x := range r.src.Of("google_compute_router_interface") {
		if !x.Set("vpn_tunnel") {
			r.unclear(x, "an interface of a circuit or of a router appliance is not modelled")
			continue
		}
		l := r.called(x, x.Block, "vpn_tunnel", doc.Types("google_compute_vpn_tunnel"))
		if l.To == nil {
			r.unclear(x, "the tunnel of the interface is not in the file or cannot be told")
			continue
		}
		if len(peers[x]) == 0 {
			out[l.To] = append(out[l.To], session{iface: x})
		}
		for _, p := range peers[x] {
			out[l.To] = append(out[l.To], session{x, p})
		}
	}
	return out
}

// sameRouter takes interfaces of the router of a session.
func (r *reader) sameRouter(p *doc.Resource) func(*doc.Resource) bool {
	own := r.called(p, p.Block, "router", routerTypes)
	return func(x *doc.Resource) bool {
		if x.Type != "google_compute_router_interface" {
			return false
		}
		l := r.called(x, x.Block, "router", routerTypes)
		return own.To == nil || l.To == nil || own.To == l.To
	}
}

func (r *reader) sessionOf(x *doc.Resource, list []session, e *draft.End) {
	if len(list) != 1 || list[0].peer == nil {
		e.Unread = "its BGP session is not in the file, or it has several"
		r.unclear(x, e.Unread)
		if len(list) == 0 {
			return
		}
	}
	s := list[0]
	if p, err := netip.ParsePrefix(s.iface.Text("ip_range")); err == nil {
		e.Inside = p.Addr()
	}
	if s.peer == nil {
		return
	}
	e.PeerInside, e.PeerASN, e.Priority = s.peer.Addr("peer_ip_address"), s.peer.ASN("peer_asn"), s.peer.Int("advertised_route_priority")
	doubt := func(why string) {
		e.Unread = why
		r.unclear(s.peer, why)
	}
	for _, x := range []struct {
		arg, kind string
		to        *[]fabric.RouteTerm
	}{{"export_policies", exportPolicy, &e.Export}, {"import_policies", importPolicy, &e.Import}} {
		terms, why := r.readPolicies(s.peer, x.arg, x.kind)
		if *x.to = terms; why != "" {
			doubt(why)
			return
		}
	}
	switch {
	case s.peer.Get("enable").Has() && !s.peer.True("enable"):
		doubt("its BGP session is disabled")
	case s.peer.Text("advertise_mode") == "CUSTOM":
		doubt("its BGP session announces ranges of its own, which is not modelled")
	case s.peer.Set("custom_learned_ip_ranges"):
		doubt("its BGP session has custom learned routes, which are not modelled")
	case s.peer.Unknown("peer_asn"):
		doubt("the AS number of its peer is only known once applied")
	}
}
