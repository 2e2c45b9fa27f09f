package aws

import (
	"math"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/render/terraform/root"
	"github.com/tieline/tieline/internal/vocab"
)

// LinkEnd writes one end of a VPN link: the far side's devices as customer
// gateways, the connections to them, and their place in the route tables of a
// transit gateway.
func LinkEnd(r *root.Root, link fabric.Link, end int) {
	site, ok := r.Set.Network.Site(link.Sites[end])
	if !ok {
		panic("aws: no site " + string(link.Sites[end]))
	}
	w := newWriter(r, site)
	b := r.LinkFile(link.ID)
	var own []fabric.Connection
	for _, c := range r.Set.Connections(link.ID) {
		if c.Gateway == link.Gateways[end] {
			own = append(own, c)
		}
	}
	if len(own) == 0 {
		return
	}
	g := w.mustGateway(link.Gateways[end])
	w.customerGateways(b, link, g, own)
	w.connections(b, link, end, g, own)
	if g.Kind != fabric.TransitGateway {
		return
	}
	var attachments []fabric.Attachment
	for _, a := range r.Set.LinkAttachments(link.ID) {
		if a.Kind == fabric.TransitVPNAttachment && a.Gateway == g.ID {
			attachments = append(attachments, a)
		}
	}
	w.tables(b, members{
		gateway: g, origin: link.Origin, id: string(link.ID), attachments: attachments,
		attachment: func(key hcl.Expr) hcl.Expr {
			return hcl.Expr("aws_vpn_connection."+names.Label(string(link.ID))+"[") + key + "].transit_gateway_attachment_id"
		},
	})
}

// peerKey is the key of a customer gateway: the interface of the peer that it stands for.
func peerKey(c fabric.Connection) string { return "peer" + hclInt(c.PeerInterface) }

func hclInt(n int) string { return string(hcl.Int(n)) }

// customerGateways writes one for each interface of the peer that a connection
// goes to. AWS answers a request for a second one of the same address and AS
// number with the first, which another link of the same account and region may
// have made, unless their device names differ (EC2 API, CreateCustomerGateway).
func (w writer) customerGateways(b *hcl.Body, link fabric.Link, g fabric.Gateway, connections []fabric.Connection) {
	peer := w.mustGateway(connections[0].Peer)
	var items []hcl.Item
	seen := map[int]bool{}
	for _, c := range connections {
		if seen[c.PeerInterface] {
			continue
		}
		seen[c.PeerInterface] = true
		items = append(items, hcl.Item{Key: peerKey(c), Value: w.r.Ref(names.InterfaceIP(w.n, peer, c.PeerInterface))})
	}
	w.open(b, link.Origin, "aws_customer_gateway", string(link.ID), g.Meta.Account, forEach(hcl.Map(items...)))
	b.Attr("type", hcl.Quote("ipsec.1"))
	b.Attr("ip_address", "each.value")
	asn := "bgp_asn"
	if peer.ASN > math.MaxInt32 { // what the argument's 32 signed bits hold
		asn = "bgp_asn_extended"
	}
	b.Attr(asn, hcl.Quote(peer.ASN.String()))
	b.Attr("device_name", withKey(names.Native(w.n, string(link.ID))))
	b.Attr("tags", w.siteTags(w.title(string(link.ID))))
	b.End()
}

func (w writer) connections(b *hcl.Body, link fabric.Link, end int, g fabric.Gateway, connections []fabric.Connection) {
	id, label := string(link.ID), names.Label(string(link.ID))
	items := make([]hcl.Item, len(connections))
	for i, c := range connections {
		fields := []hcl.Item{{Key: "peer", Value: hcl.Quote(peerKey(c))}}
		for j, t := range w.tunnels(c) {
			fields = append(fields, hcl.Item{Key: "tunnel" + hclInt(j+1), Value: hcl.Object(
				hcl.Item{Key: "inside", Value: hcl.Quote(t.Inside.String())}, hcl.Item{Key: "psk", Value: hcl.Quote(names.PSKKey(t))},
			)})
		}
		items[i] = hcl.Item{Key: names.ConnectionKey(c.ID), Value: hcl.Map(fields...)}
	}
	w.open(b, link.Origin, "aws_vpn_connection", id, g.Meta.Account, forEach(hcl.Map(items...)))
	b.Attr("type", hcl.Quote("ipsec.1"))
	b.Attr("customer_gateway_id", hcl.Expr("aws_customer_gateway."+label+"[each.value.peer].id"))
	if g.Kind == fabric.TransitGateway {
		b.Attr("transit_gateway_id", w.r.Ref(gatewayRef(g, "id")))
	} else {
		b.Attr("vpn_gateway_id", w.r.Ref(gatewayRef(g, "id")))
	}
	if connections[0].Large {
		b.Attr("tunnel_bandwidth", hcl.Quote(largeTunnel(w.r.Set.Atlas)))
	}
	if g.Accelerate {
		b.Attr("enable_acceleration", "true")
	}
	for j, t := range w.tunnels(connections[0]) {
		b.Blank()
		w.tunnel(b, link.Suite, "tunnel"+hclInt(j+1), t.Ends[end])
	}
	b.Blank()
	b.Attr("tags", w.siteTags(w.title(id)))
	b.End()
}

// largeTunnel returns the name of the tunnels that carry more than the standard.
func largeTunnel(a *atlas.Atlas) string {
	skus := a.SKUs(vocab.AWS, atlas.SKUTunnel)
	return skus[len(skus)-1].Name
}

// tunnel writes the options of one of the two tunnels: one algorithm for each
// role, as AWS takes the weakest of several that it is allowed.
func (w writer) tunnel(b *hcl.Body, suite vocab.Suite, name string, e fabric.TunnelEnd) {
	offer := w.r.Set.Atlas.VPN(vocab.AWS)
	b.Attr(name+"_inside_cidr", hcl.Expr("each.value."+name+".inside"))
	b.Attr(name+"_preshared_key", hcl.Expr(names.PSKOf("each.value."+name+".psk")))
	b.Attr(name+"_ike_versions", hcl.Strings("ikev2"))
	b.Attr(name+"_phase1_encryption_algorithms", one(offer.IKE.Encryption, suite.IKEEncryption))
	integrity := suite.IKEIntegrity
	if suite.IKEEncryption.IsAEAD() {
		integrity = suite.PRF // the integrity setting chooses the PRF
	}
	b.Attr(name+"_phase1_integrity_algorithms", one(offer.IKE.Integrity, integrity))
	b.Attr(name+"_phase1_dh_group_numbers", hcl.List(hcl.Expr(native(offer.IKE.Groups, suite.IKEGroup))))
	b.Attr(name+"_phase1_lifetime_seconds", hcl.Int(e.Phase1))
	b.Attr(name+"_phase2_encryption_algorithms", one(offer.ESP.Encryption, suite.ESPEncryption))
	if !suite.ESPEncryption.IsAEAD() {
		b.Attr(name+"_phase2_integrity_algorithms", one(offer.ESP.Integrity, suite.ESPIntegrity))
	}
	b.Attr(name+"_phase2_dh_group_numbers", hcl.List(hcl.Expr(native(offer.ESP.PFSGroups, suite.PFSGroup))))
	b.Attr(name+"_phase2_lifetime_seconds", hcl.Int(e.Phase2))
	b.Attr(name+"_dpd_timeout_seconds", hcl.Int(e.DPD))
	action, startup := "clear", "add"
	if e.InitiateIKE {
		action, startup = "restart", "start"
	}
	b.Attr(name+"_dpd_timeout_action", hcl.Quote(action))
	b.Attr(name+"_startup_action", hcl.Quote(startup))
}

func one[T comparable](c atlas.Choices[T], v T) hcl.Expr { return hcl.Strings(native(c, v)) }

func native[T comparable](c atlas.Choices[T], v T) string {
	s, ok := c.Native(v)
	if !ok {
		panic("aws: no " + c.Fact.ID + " of the link's suite")
	}
	return s
}

func (w writer) tunnels(c fabric.Connection) [2]fabric.Tunnel {
	var out [2]fabric.Tunnel
	for i, id := range c.Tunnels {
		t, ok := w.n.Tunnel(id)
		if !ok {
			panic("aws: no tunnel " + string(id))
		}
		out[i] = t
	}
	return out
}

// Link writes a peering of two transit gateways and the static routes over it.
func Link(r *root.Root, link fabric.Link) {
	b := r.LinkFile(link.ID)
	for _, a := range r.Set.LinkAttachments(link.ID) {
		if a.Kind == fabric.TransitPeering {
			peering(r, b, link, a)
		}
	}
}

func peering(r *root.Root, b *hcl.Body, link fabric.Link, a fabric.Attachment) {
	n, id, label := r.Set.Network, string(link.ID), names.Label(string(link.ID))
	var ends [2]writer
	gateways := [2]fabric.Gateway{}
	// Which side asks is for good; a rename that turns the order leaves it.
	order := []fabric.GatewayID{a.Gateway, a.Peer}
	slices.SortFunc(order, func(x, y fabric.GatewayID) int {
		return strings.Compare(names.Former(n, string(x)), names.Former(n, string(y)))
	})
	for i, gid := range order {
		g := newWriter(r, fabric.Site{}).mustGateway(gid)
		site, ok := n.Site(g.Site)
		if !ok {
			panic("aws: no site " + string(g.Site))
		}
		ends[i], gateways[i] = newWriter(r, site), g
	}
	asks, accepts := ends[0], ends[1]
	asks.open(b, link.Origin, "aws_ec2_transit_gateway_peering_attachment", id, gateways[0].Meta.Account)
	b.Attr("transit_gateway_id", r.Ref(gatewayRef(gateways[0], "id")))
	b.Attr("peer_transit_gateway_id", r.Ref(gatewayRef(gateways[1], "id")))
	b.Attr("peer_account_id", hcl.Quote(asks.accountNumber(gateways[1].Meta.Account)))
	b.Attr("peer_region", hcl.Quote(accepts.site.Region))
	b.Attr("tags", r.Tags(asks.title(id), "", nil))
	b.End()

	accepts.open(b, link.Origin, "aws_ec2_transit_gateway_peering_attachment_accepter", id, gateways[1].Meta.Account)
	b.Attr("transit_gateway_attachment_id", hcl.Expr("aws_ec2_transit_gateway_peering_attachment."+label+".id"))
	b.Attr("tags", r.Tags(asks.title(id), "", nil))
	b.End()

	for i, w := range ends {
		w.tables(b, members{
			gateway: gateways[i], origin: link.Origin, id: id + "/" + string(w.site.ID), attachments: []fabric.Attachment{a},
			attachment: func(hcl.Expr) hcl.Expr {
				return hcl.Expr("aws_ec2_transit_gateway_peering_attachment_accepter." + label + ".transit_gateway_attachment_id")
			},
		})
	}
}
