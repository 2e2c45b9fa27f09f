package gcp

import (
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

// gateway writes an HA VPN gateway and its Cloud Router.
func (w writer) gateway(site fabric.Site, g fabric.Gateway) {
	if g.Kind != fabric.HAVPN {
		panic("gcp: gateway " + string(g.ID) + " is a " + g.Kind.String())
	}
	b := w.r.SiteFile(site.ID, "gateway")
	v := w.vpc(g.VPC)
	label := names.GatewayLabel(g.ID)
	name := hcl.Quote(w.name(names.Owner(g.ID)))

	w.r.Resource(b, g.Meta.Origin, "google_compute_ha_vpn_gateway", names.Owner(g.ID))
	b.Attr("provider", w.r.Provider(g.Meta.Account))
	b.Blank()
	b.Attr("name", name)
	b.Attr("region", hcl.Quote(site.Region))
	b.Attr("network", w.networkRef(v))
	b.Attr("labels", w.labels(v))
	b.End()

	w.r.Resource(b, g.Meta.Origin, "google_compute_router", names.Owner(g.ID))
	b.Attr("provider", w.r.Provider(g.Meta.Account))
	b.Blank()
	b.Attr("name", name)
	b.Attr("region", hcl.Quote(site.Region))
	b.Attr("network", w.networkRef(v))
	b.Blank()
	b.Block("bgp")
	b.Attr("asn", hcl.Expr(g.ASN.String()))
	b.Attr("advertise_mode", `"CUSTOM"`)
	if k := w.keepalive(g.ID); k != 0 {
		b.Attr("keepalive_interval", hcl.Int(k))
	}
	w.announce(b, g)
	b.End()
	b.End()

	w.r.Output(label+"_vpn_addresses", "Public addresses of the VPN gateway of "+string(site.ID)+".",
		hcl.Expr("google_compute_ha_vpn_gateway."+label+".vpn_interfaces[*].ip_address"))
}

// announce writes the custom ranges that every session of a router announces.
func (w writer) announce(b *hcl.Body, g fabric.Gateway) {
	if len(g.Announce) == 0 {
		return
	}
	ranges := make([]string, len(g.Announce))
	for i, p := range g.Announce {
		ranges[i] = p.String()
	}
	b.Blank()
	if len(ranges) == 1 {
		b.Block("advertised_ip_ranges")
		b.Attr("range", hcl.Quote(ranges[0]))
		b.End()
		return
	}
	b.Block("dynamic", "advertised_ip_ranges")
	b.Attr("for_each", "toset("+hcl.Strings(ranges...)+")")
	b.Blank()
	b.Block("content")
	b.Attr("range", "advertised_ip_ranges.value")
	b.End()
	b.End()
}

// keepalive returns the seconds between a router's keepalives. Cloud Router
// has one setting for all its sessions, so the longest that a session asks for
// holds; 0 when there are no sessions.
func (w writer) keepalive(id fabric.GatewayID) int {
	longest := 0
	for i := range w.net.Tunnels {
		for _, e := range w.net.Tunnels[i].Ends {
			if e.Gateway == id {
				longest = max(longest, e.Keepalive)
			}
		}
	}
	return longest
}
