package aws

import (
	"net/netip"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
	"github.com/tieline/tieline/internal/read/terraform/into/draft"
	"github.com/tieline/tieline/internal/vocab"
)

// readConnections reads VPN connections: two tunnels each, whose other ends are
// in another cloud of the file or at a site of one's own.
func (r *reader) readConnections() {
	n := r.d.Net
	routes := map[*doc.Resource][]netip.Prefix{}
	for _, x := range r.src.Of("aws_vpn_connection_route") {
		l := x.One("vpn_connection_id", doc.Types("aws_vpn_connection"))
		p, _ := x.Prefixes("destination_cidr_block")
		if l.Clarity != doc.Inside || len(p) != 1 {
			r.unclear(x, "the connection or the prefix of a static route is not known")
			continue
		}
		routes[l.To] = append(routes[l.To], p...)
	}
	for _, x := range r.src.Of("aws_vpn_connection") {
		l := x.One("transit_gateway_id", transitTypes)
		if l.Clarity == doc.Unset {
			l = x.One("vpn_gateway_id", doc.Types("aws_vpn_gateway"))
		}
		i, ok := r.gateways[l.To]
		if !ok {
			r.unclear(x, "the gateway of the VPN connection is not in the file")
			continue
		}
		g := &n.Gateways[i]
		if g.Kind == fabric.TransitGateway {
			id := fabric.AttachmentID(r.d.ID("vpn--" + string(g.Site) + "--" + title(x)))
			r.attachments[x] = id
			n.Attachments = append(n.Attachments, fabric.Attachment{
				ID: id, Meta: r.meta(x), Kind: fabric.TransitVPNAttachment, Gateway: g.ID, Connection: fabric.ConnectionID(x.Address),
			})
		}
		for t, name := range []string{"tunnel1_", "tunnel2_"} {
			e := r.tunnelEnd(x, g, name)
			e.Interface = t
			e.PeerPrefixes = routes[x]
			r.d.AddEnd(e)
		}
	}
}

// tunnelEnd reads one of a connection's tunnels. AWS has the first host of the
// tunnel's /30, the customer the second
// (https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html).
func (r *reader) tunnelEnd(x *doc.Resource, g *fabric.Gateway, name string) draft.End {
	e := draft.End{
		Origin: x.Origin, Account: g.Meta.Account, Cloud: vocab.AWS, Site: g.Site, Gateway: g.ID, ASN: g.ASN,
		Own: []string{x.Result(name + "address")}, Connection: x.Address, Meta: r.meta(x), Static: x.True("static_routes_only"),
		Large:  r.large(x.Text("tunnel_bandwidth")),
		Phase1: x.Int(name + "phase1_lifetime_seconds"), Phase2: x.Int(name + "phase2_lifetime_seconds"), DPD: x.Int(name + "dpd_timeout_seconds"),
		InitiateIKE: x.Text(name+"startup_action") == "start", PeerName: title(x),
	}
	if list, _ := x.Prefixes(name + "inside_cidr"); len(list) == 1 && list[0].Addr().Is4() {
		e.Inside = list[0].Addr().Next()
		e.PeerInside = e.Inside.Next()
	}
	offer := r.d.Atlas.VPN(vocab.AWS).ESP
	e.ESP = draft.ReadCipher(offer, x.Texts(name+"phase2_encryption_algorithms"), x.Texts(name+"phase2_integrity_algorithms"))
	r.customer(x, &e)
	for _, name := range []string{"local_ipv4_network_cidr", "remote_ipv4_network_cidr"} {
		if list, _ := x.Prefixes(name); len(list) > 0 && list[0] != everywhere || x.Unknown(name) {
			e.Unread = "it carries some prefixes only, which is not modelled"
		}
	}
	return e
}

// large reports whether tunnels of a bandwidth carry more than the standard.
func (r *reader) large(bandwidth string) bool {
	skus := r.d.Atlas.SKUs(vocab.AWS, atlas.SKUTunnel)
	return len(skus) > 1 && bandwidth == skus[len(skus)-1].Name
}

// customer reads the customer gateway of a connection. Where it can be one of
// several, what they have in common holds.
func (r *reader) customer(x *doc.Resource, e *draft.End) {
	want := doc.Types("aws_customer_gateway")
	all := x.Could("customer_gateway_id", want)
	if len(all) == 0 {
		e.Unread = "the customer gateway is not in the file"
		e.Device = x.Text("customer_gateway_id")
		r.unclear(x, e.Unread)
		return
	}
	c := all[0]
	e.PeerName, e.Device = title(c), c.ModulePath()+" "+c.Type+" "+c.Name
	e.PeerASN = c.ASN("bgp_asn", "bgp_asn_extended")
	for _, o := range all {
		if o.ASN("bgp_asn", "bgp_asn_extended") != e.PeerASN {
			e.PeerASN = 0
		}
	}
	if len(all) == 1 {
		e.Peer = c.Source("ip_address")
	}
	if c.Index.Has && c.Get("tags", "Name").Text() == "" {
		e.PeerName = draft.Word(c.Name)
	}
}
