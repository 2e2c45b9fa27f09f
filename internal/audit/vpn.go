package audit

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// The pages that the traps of VPNs come from.
const (
	sourceHA      = "https://docs.cloud.google.com/network-connectivity/docs/vpn/how-to/creating-ha-vpn"
	sourceAWSAz   = "https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-howto-aws-bgp"
	sourceTunnels = "https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html"
	sourceVPNLim  = "https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-limits.html"
	sourceZBGP    = "https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-bgp-overview"
	sourceAdv     = "https://docs.cloud.google.com/network-connectivity/docs/router/concepts/advertised-routes"
	sourceZSKU    = "https://learn.microsoft.com/azure/vpn-gateway/about-gateway-skus"
)

// vpnRules are the ten traps of VPNs between clouds.
func vpnRules() []rule {
	return []rule{
		{diag.Rule{
			Code: "TL2101", Severity: diag.Warning, Source: sourceHA,
			Title: "all AWS connections of a link end at one interface of the peer",
			Why: "An AWS VPN connection is two tunnels to one address: it survives AWS's maintenance and not the peer's. A peer with two " +
				"interfaces needs two connections, four tunnels, or its second interface carries nothing. Accept it for a peer that really has one device.",
		}, (*auditor).onePeerInterface},
		{diag.Rule{
			Code: "TL2102", Severity: diag.Error, Source: sourceAWSAz,
			Title: "an Azure VPN gateway that peers with AWS is not active-active",
			Why: "Each AWS connection has two tunnels with a link-local address each, and an active-standby gateway of Azure takes one such address: " +
				"the second tunnel has no BGP session, so AWS's next maintenance takes the link down.",
		}, (*auditor).activeActive},
		{diag.Rule{
			Code: "TL2103", Severity: diag.Error, Source: sourceTunnels,
			Title: "a tunnel's inside prefix is refused by one of its ends, or used twice at one gateway",
			Why: "AWS reserves some /30s (among them those of Google's own examples), Azure takes two /24s only, and two tunnels of one gateway with the same " +
				"addresses cannot both have a session.",
		}, (*auditor).insidePrefixes},
		{diag.Rule{
			Code: "TL2104", Severity: diag.Error, Source: sourceTunnels,
			Title: "a pre-shared key has a character that one end refuses",
			Why:   "AWS takes letters, digits, dot and underscore and no leading zero, Azure no hyphen: keys made elsewhere fail at apply, one in sixty only sometimes.",
			NotJudged: "held by design: a network holds the names of keys and never their values; Terraform makes them by the rule that all three clouds take " +
				"(atlas.CommonPSK, TestPSKRules; internal/render/terraform, TestKeysStaySecret)",
		}, nil},
		{diag.Rule{
			Code: "TL2105", Severity: diag.Error, Source: sourceZBGP,
			Title: "two gateways have the same AS number, or a peer refuses one",
			Why: "A route that carries the receiver's own number is refused as a loop: two AWS gateways left at the default never learn each other's routes through a " +
				"third. Some numbers are refused by name. Give each gateway of the network a number of its own.",
		}, (*auditor).asNumbers},
		{diag.Rule{
			Code: "TL2106", Severity: diag.Warning, Source: sourceVPNLim,
			Title: "a BGP session carries over 80 % of the prefixes that its receiver takes",
			Why: "The limits differ by two orders between gateways, and beyond them sessions end or routes vanish in silence: one more network is an outage. Summarise before " +
				"advertising (one block a cloud and region). What is beyond the limit is reported by the proof.",
		}, (*auditor).prefixCounts},
		{diag.Rule{
			Code: "TL2107", Severity: diag.Error, Source: sourceAdv,
			Title: "two sites are to reach each other through a Cloud Router, which does not re-advertise",
			Why: "Google announces what its VPC has and not what another peer told it: two sites with VPNs to the same VPC never learn each other. " +
				"Join them to each other or to a hub in AWS or Azure, or put the tunnels on a Network Connectivity Center hub with site-to-site transfer.",
		}, (*auditor).googleInBetween},
		{diag.Rule{
			Code: "TL2108", Severity: diag.Warning, Source: sourceVPNLim,
			Title: "a virtual private gateway is to send more than one tunnel carries",
			Why: "A virtual private gateway sends by one tunnel over all its connections, however many there are; only a transit gateway spreads over several. " +
				"Use a transit gateway, or ask for less.",
		}, (*auditor).oneTunnelOut},
		{diag.Rule{
			Code: "TL2109", Severity: diag.Warning, Source: sourceZSKU,
			Title: "a tunnel of an Azure gateway uses a cipher that costs it most of its throughput",
			Why: "Azure's gateways carry three to four times as much with AES-GCM as with AES-CBC and a hash. Leave the suite to be derived, or pin a GCM one. " +
				"Accept it for a device that has no GCM.",
		}, (*auditor).slowCipher},
		{diag.Rule{
			Code: "TL2110", Severity: diag.Error, Source: "https://docs.aws.amazon.com/vpn/latest/s2svpn/your-cgw.html",
			Title: "a configuration needs a public address before its cloud gives it out",
			Why:   "Azure's addresses are known first, Google's with the gateway, AWS's with the connection; a plan in the wrong order cannot be applied in one go.",
			NotJudged: "held by design: the Terraform's references follow that order, and the whole corpus is planned and applied by tests " +
				"(internal/testkit/networks, TestApply and TestApplyStacks)",
		}, nil},
	}
}

// onePeerInterface: the connections of an AWS gateway to a peer with several
// interfaces end at more than one of them.
func (u *auditor) onePeerInterface() {
	ends := map[fabric.LinkID]map[int]bool{}
	peers := map[fabric.LinkID]fabric.GatewayID{}
	for _, c := range u.n.Connections {
		if ends[c.Link] == nil {
			ends[c.Link] = map[int]bool{}
		}
		ends[c.Link][c.PeerInterface] = true
		peers[c.Link] = c.Peer
	}
	for _, id := range sortedKeys(ends) {
		g := u.gateway(peers[id])
		if len(ends[id]) > 1 || len(g.Interfaces) < 2 {
			continue
		}
		l, _ := u.n.Link(id)
		f := u.add(diag.Warning, l.Origin, string(id), "%s: every AWS connection ends at one of the %d interfaces of %s", id, len(g.Interfaces), g.ID)
		f.Hint = "make one connection for each interface: four tunnels"
	}
}

// activeActive: an Azure VPN gateway that peers with AWS has two instances.
func (u *auditor) activeActive() {
	for i := range u.n.Links {
		l := &u.n.Links[i]
		if l.Kind != fabric.VPN || !u.hasCloud(l, vocab.AWS) {
			continue
		}
		for _, id := range l.Gateways {
			if g := u.gateway(id); g.Kind == fabric.VPNGateway && len(g.Interfaces) < 2 {
				f := u.add(diag.Error, g.Meta.Origin, string(g.ID), "%s has one instance, and AWS's connections of %s need two link-local addresses", g.ID, l.ID)
				f.Hint = "make it active-active, with two public addresses"
				f.Related = append(f.Related, diag.Related{Pos: l.Origin.Pos, Message: "the link " + string(l.ID)})
			}
		}
	}
}

// hasCloud reports whether an end of a link is in a cloud.
func (u *auditor) hasCloud(l *fabric.Link, c vocab.Cloud) bool {
	return u.site(l.Sites[0]).Cloud == c || u.site(l.Sites[1]).Cloud == c
}

// insidePrefixes: each tunnel's inside prefix is one that both ends take, and
// no gateway has it twice.
func (u *auditor) insidePrefixes() {
	type use struct {
		gateway fabric.GatewayID
		prefix  netip.Prefix
	}
	used := map[use]fabric.TunnelID{}
	for i := range u.n.Tunnels {
		t := &u.n.Tunnels[i]
		l, ok := u.n.Link(t.Link)
		if !ok || l.Kind != fabric.VPN || !t.Inside.IsValid() {
			continue
		}
		origin := t.Meta.Origin
		if a, z := u.site(l.Sites[0]).Cloud, u.site(l.Sites[1]).Cloud; a != 0 && z != 0 {
			pools, refused := u.a.TunnelPools(a, z)
			why := ""
			if r, bad := overlapping(refused, t.Inside); bad {
				why = r.Fact.Source
			}
			if why != "" || !within(pools, t.Inside) {
				f := u.add(diag.Error, origin, string(t.ID), "tunnel %s: inside prefix %s is not one that %s and %s both take", t.ID, t.Inside, a.Title(), z.Title())
				f.Hint = "take it from " + ranges(pools)
				if why != "" {
					f.Source = why
				}
				continue
			}
		}
		for _, e := range t.Ends {
			if u.gateway(e.Gateway).Kind == fabric.TransitGateway {
				continue // tells its connections apart by themselves; their peers do not
			}
			k := use{e.Gateway, t.Inside}
			if first, taken := used[k]; taken && first != t.ID {
				f := u.add(diag.Error, origin, string(t.ID), "tunnel %s: inside prefix %s is also that of tunnel %s at %s", t.ID, t.Inside, first, e.Gateway)
				f.Hint = "give each tunnel of a gateway a /30 of its own"
				break
			}
			used[k] = t.ID
		}
	}
}

func overlapping(list []atlas.Range, p netip.Prefix) (atlas.Range, bool) {
	i := slices.IndexFunc(list, func(r atlas.Range) bool { return r.Prefix.Overlaps(p) })
	if i < 0 {
		return atlas.Range{}, false
	}
	return list[i], true
}

func within(list []atlas.Range, p netip.Prefix) bool {
	return slices.ContainsFunc(list, func(r atlas.Range) bool { return r.Prefix.Bits() <= p.Bits() && r.Prefix.Contains(p.Addr()) })
}

func ranges(list []atlas.Range) string {
	out := ""
	for i, r := range list {
		if i > 0 {
			out += ", "
		}
		out += r.Prefix.String()
	}
	return out
}

// slowCipher: the tunnels of Azure's gateways use an authenticated cipher.
func (u *auditor) slowCipher() {
	for i := range u.n.Links {
		l := &u.n.Links[i]
		if l.Kind != fabric.VPN || l.Suite.ESPEncryption == 0 || l.Suite.ESPEncryption.IsAEAD() {
			continue
		}
		for _, id := range l.Gateways {
			g := u.gateway(id)
			if g.Kind != fabric.VPNGateway {
				continue
			}
			text := fmt.Sprintf("%s: %s at %s", l.ID, l.Suite.ESPEncryption, g.ID)
			if sku, ok := u.sku(g); ok {
				text += fmt.Sprintf(" carries %v a tunnel, AES-GCM would carry %v", sku.TunnelCBC, sku.TunnelGCM)
			}
			f := u.add(diag.Warning, l.Origin, string(l.ID), "%s", text)
			f.Hint = "take the suite out, or pin a GCM cipher for ESP"
		}
	}
}

// sku returns the size of an Azure VPN gateway.
func (u *auditor) sku(g fabric.Gateway) (atlas.SKU, bool) {
	for _, s := range u.a.SKUs(vocab.Azure, atlas.SKUGateway) {
		if s.Name == g.SKU && (g.Generation == 0 || s.Generation == g.Generation) {
			return s, true
		}
	}
	return atlas.SKU{}, false
}
