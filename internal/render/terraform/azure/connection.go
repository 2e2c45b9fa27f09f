package azure

import (
	"net/netip"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/vocab"
)

// connections writes a VPN gateway's end of a link: for each tunnel a local
// network gateway, which stands for the tunnel's far end, and the connection.
func (w writer) connections(link fabric.Link, end int, g fabric.Gateway) {
	b := w.r.LinkFile(link.ID)
	site := w.siteOf(g.Site)
	rg := groupOf(site, g.Meta.Account)
	id := string(link.ID)
	label := names.Label(id)
	local := label + "_azure"
	tags := w.siteTags(site)
	t := w.tunnels(link, end, g)

	w.r.Locals(b, hcl.Item{Key: local, Value: hcl.Map(t.items...)})

	w.r.Resource(b, link.Origin, "azurerm_local_network_gateway", id)
	b.Attr("for_each", hcl.Expr("local."+local))
	b.Attr("provider", w.r.Provider(g.Meta.Account))
	b.Blank()
	w.place(b, w.keyedName(id), rg)
	b.Attr("gateway_address", "each.value.peer_address")
	b.Attr("tags", tags)
	b.Blank()
	b.Block("bgp_settings")
	b.Attr("asn", t.peerASN)
	b.Attr("bgp_peering_address", "each.value.peer_bgp")
	b.End()
	b.End()

	w.r.Resource(b, link.Origin, "azurerm_virtual_network_gateway_connection", id)
	b.Attr("for_each", hcl.Expr("local."+local))
	b.Attr("provider", w.r.Provider(g.Meta.Account))
	b.Blank()
	w.place(b, w.keyedName(id), rg)
	b.Attr("type", `"IPsec"`)
	b.Attr("connection_protocol", `"IKEv2"`)
	b.Attr("connection_mode", t.value("each", "mode"))
	b.Attr("virtual_network_gateway_id", w.gatewayID(g, "azurerm_virtual_network_gateway"))
	b.Attr("local_network_gateway_id", hcl.Expr("azurerm_local_network_gateway."+label+"[each.key].id"))
	b.Attr("shared_key", hcl.Expr(names.PSKOf("each.value.psk")))
	b.Attr("dpd_timeout_seconds", t.value("each", "dpd"))
	b.Attr("bgp_enabled", "true")
	b.Attr("tags", tags)
	b.Blank()
	b.Block("custom_bgp_addresses")
	b.Attr("primary", "each.value.bgp_0")
	if t.pair {
		b.Attr("secondary", "each.value.bgp_1")
	}
	b.End()
	b.Blank()
	s := w.suite(link.Suite)
	b.Block("ipsec_policy")
	b.Attr("ike_encryption", s.ikeEncryption)
	b.Attr("ike_integrity", s.ikeIntegrity)
	b.Attr("dh_group", s.ikeGroup)
	b.Attr("ipsec_encryption", s.espEncryption)
	b.Attr("ipsec_integrity", s.espIntegrity)
	b.Attr("pfs_group", s.pfsGroup)
	b.Attr("sa_lifetime", t.value("each", "lifetime"))
	b.End()
	b.End()
}

// tunnelSet is what the resources of one end of a link share.
type tunnelSet struct {
	items   []hcl.Item // of the map over the tunnels
	peerASN hcl.Expr
	pair    bool                // the gateway has two instances
	same    map[string]hcl.Expr // settings that are the same for all tunnels
}

// value gives a setting: itself when all tunnels have the same, else out of
// the local map.
func (t tunnelSet) value(iterator, name string) hcl.Expr {
	if e, ok := t.same[name]; ok {
		return e
	}
	return hcl.Expr(iterator + ".value." + name)
}

// tunnels gathers the settings of a link's tunnels at one end. An Azure
// connection names a BGP address of each instance: the tunnel's own for the
// instance that it ends on, and of the other instance one that the same link
// uses there, so that no other link's change touches it.
func (w writer) tunnels(link fabric.Link, end int, g fabric.Gateway) tunnelSet {
	tunnels := w.net.TunnelsOf(link)
	peer := w.gatewayOf(link.Gateways[1-end])
	set := tunnelSet{peerASN: hcl.Expr(peer.ASN.String()), pair: len(g.Interfaces) > 1, same: map[string]hcl.Expr{}}

	settings := []string{"mode", "dpd", "lifetime"}
	values := make([][]hcl.Expr, len(settings))
	for _, t := range tunnels {
		own, far := t.Ends[end], t.Ends[1-end]
		for i, v := range []hcl.Expr{mode(own.InitiateIKE, far.InitiateIKE), hcl.Int(own.DPD), hcl.Int(own.Phase2)} {
			values[i] = append(values[i], v)
		}
	}
	for i, name := range settings {
		if allEqual(values[i]) {
			set.same[name] = values[i][0]
		}
	}

	set.items = make([]hcl.Item, len(tunnels))
	for i, t := range tunnels {
		own, far := t.Ends[end], t.Ends[1-end]
		entry := []hcl.Item{
			{Key: "peer_address", Value: w.r.Ref(names.OutsideIP(w.net, t, 1-end))},
			{Key: "peer_bgp", Value: hcl.Quote(far.Inside.String())},
		}
		for n := range g.Interfaces {
			a := own.Inside
			if n != own.Interface {
				a = insideOf(tunnels, end, g, n)
			}
			entry = append(entry, hcl.Item{Key: "bgp_" + hclIndex(n), Value: hcl.Quote(a.String())})
		}
		for j, name := range settings {
			if _, ok := set.same[name]; !ok {
				entry = append(entry, hcl.Item{Key: name, Value: values[j][i]})
			}
		}
		entry = append(entry, hcl.Item{Key: "psk", Value: hcl.Quote(names.PSKKey(t))})
		set.items[i] = hcl.Item{Key: names.TunnelKey(t), Value: hcl.Map(entry...)}
	}
	return set
}

// insideOf returns a BGP address of a gateway's instance: that of the link's
// first tunnel there, else the lowest it has.
func insideOf(tunnels []fabric.Tunnel, end int, g fabric.Gateway, instance int) netip.Addr {
	for _, t := range tunnels {
		if t.Ends[end].Interface == instance {
			return t.Ends[end].Inside
		}
	}
	if len(g.Interfaces[instance].Inside) == 0 {
		panic("azure: gateway " + string(g.ID) + " has an instance without a BGP address")
	}
	return g.Interfaces[instance].Inside[0]
}

// mode gives Azure's name of who dials.
func mode(own, far bool) hcl.Expr {
	switch {
	case own && !far:
		return `"InitiatorOnly"`
	case far && !own:
		return `"ResponderOnly"`
	}
	return `"Default"`
}

// suite is a cipher suite in Azure's names.
type suite struct {
	ikeEncryption, ikeIntegrity, ikeGroup hcl.Expr
	espEncryption, espIntegrity, pfsGroup hcl.Expr
}

func (w writer) suite(s vocab.Suite) suite {
	offer := w.r.Set.Atlas.VPN(vocab.Azure)
	out := suite{
		ikeEncryption: native(offer.IKE.Encryption.Native(s.IKEEncryption)),
		ikeGroup:      native(offer.IKE.Groups.Native(s.IKEGroup)),
		espEncryption: native(offer.ESP.Encryption.Native(s.ESPEncryption)),
		pfsGroup:      native(offer.ESP.PFSGroups.Native(s.PFSGroup)),
	}
	if s.IKEEncryption.IsAEAD() {
		out.ikeIntegrity = native(offer.IKE.PRF.Native(s.PRF))
	} else {
		out.ikeIntegrity = native(offer.IKE.Integrity.Native(s.IKEIntegrity))
	}
	if s.ESPEncryption.IsAEAD() {
		out.espIntegrity = out.espEncryption
	} else {
		out.espIntegrity = native(offer.ESP.Integrity.Native(s.ESPIntegrity))
	}
	return out
}

func native(name string, ok bool) hcl.Expr {
	if !ok {
		panic("azure: the suite holds what Azure does not offer")
	}
	return hcl.Quote(name)
}

func allEqual(list []hcl.Expr) bool {
	for _, e := range list {
		if e != list[0] {
			return false
		}
	}
	return len(list) > 0
}

func hclIndex(n int) string { return string(hcl.Int(n)) }
