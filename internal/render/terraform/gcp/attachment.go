package gcp

import (
	"strconv"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

// attachments writes the peerings and spokes of a site that no link owns. A
// hybrid spoke belongs to its tunnels' link.
func (w writer) attachments(site fabric.Site) {
	if hub := w.hub(); hub.home == site.ID {
		w.makeHub(w.r.SiteFile(site.ID, "gateway"), hub)
	}
	for _, a := range w.net.Attachments {
		if isGCP(a.Kind) && a.Kind != fabric.NCCHybridSpoke && a.Link == "" && w.attachedAt(a) == site.ID {
			w.attachment(w.r.SiteFile(site.ID, "gateway"), a)
		}
	}
}

// attachedAt returns the site whose root makes an attachment: the last of the
// homes of what it joins, as a root refers to roots of earlier sites only.
func (w writer) attachedAt(a fabric.Attachment) fabric.SiteID {
	at := homeOf(w.vpc(a.VPC))
	if a.PeerVPC != "" {
		at = max(at, homeOf(w.vpc(a.PeerVPC)))
	}
	if a.Kind == fabric.NCCSpoke {
		at = max(at, w.hub().home)
	}
	return at
}

func (w writer) attachment(b *hcl.Body, a fabric.Attachment) {
	switch a.Kind {
	case fabric.VPCPeering:
		w.peering(b, a)
	case fabric.NCCSpoke:
		w.vpcSpoke(b, a)
	case fabric.NCCHybridSpoke:
		w.hybridSpoke(b, a)
	default:
		panic("gcp: attachment " + string(a.ID) + " is of another cloud")
	}
}

// peering writes both directions of a VPC peering, each in its own project.
// Subnet routes are exchanged always; custom ones (those learned by BGP) go
// from the hub to the spoke where it is a hub's. VPCs that span sites may be
// peered at each of them, and are once.
//
// Google refuses to peer a network while it works at another peering or at a
// route of either side ("There is a peering operation in progress on the local
// or peer network"); the provider waits for its own only, and each project has
// a provider of its own. So each half follows the one before and the routes.
func (w writer) peering(b *hcl.Body, a fabric.Attachment) {
	spoke, hub := w.vpc(a.VPC), w.vpc(a.PeerVPC)
	if !w.r.Once("peering of " + string(min(spoke.ID, hub.ID)) + " and " + string(max(spoke.ID, hub.ID))) {
		return
	}
	w.halfPeering(b, a, spoke, hub, a.ExchangeRoutes, false)
	w.halfPeering(b, a, hub, spoke, false, a.ExchangeRoutes)
}

func (w writer) halfPeering(b *hcl.Body, a fabric.Attachment, from, to fabric.VPC, imports, exports bool) {
	id := string(from.ID) + "--" + string(to.ID)
	w.r.Resource(b, a.Meta.Origin, "google_compute_network_peering", id)
	b.Attr("provider", w.r.Provider(from.Meta.Account))
	b.Blank()
	b.Attr("name", hcl.Quote(w.name(id)))
	b.Attr("network", w.networkRef(from))
	b.Attr("peer_network", w.networkRef(to))
	b.Attr("import_custom_routes", hcl.Bool(imports))
	b.Attr("export_custom_routes", hcl.Bool(exports))
	needed := append(w.routesOf(from), w.routesOf(to)...)
	if before, ok := w.r.Chain("peering", hcl.Expr("google_compute_network_peering."+names.Label(id))); ok {
		needed = append(needed, before)
	}
	if len(needed) > 0 {
		b.Blank()
		b.Attr("depends_on", hcl.Lines(needed...))
	}
	b.End()
}

// spokeHead opens a spoke of the hub.
func (w writer) spokeHead(b *hcl.Body, a fabric.Attachment, id string, v fabric.VPC, location string) {
	w.r.Resource(b, a.Meta.Origin, "google_network_connectivity_spoke", id)
	b.Attr("provider", w.r.Provider(a.Meta.Account))
	b.Blank()
	b.Attr("name", hcl.Quote(w.name(id)))
	b.Attr("location", hcl.Quote(location))
	b.Attr("hub", w.hubRef(w.hub()))
	b.Attr("labels", w.labels(v))
	b.Blank()
}

// vpcSpoke joins a VPC to its hub.
func (w writer) vpcSpoke(b *hcl.Body, a fabric.Attachment) {
	v := w.vpc(a.VPC)
	w.spokeHead(b, a, string(v.ID), v, "global")
	b.Block("linked_vpc_network")
	b.Attr("uri", w.networkLink(v))
	b.End()
	b.End()
}

// hybridSpoke joins the tunnels of a gateway to the hub. The VPC spokes' ranges
// are imported always.
func (w writer) hybridSpoke(b *hcl.Body, a fabric.Attachment) {
	g, ok := w.net.Gateway(a.Gateway)
	if !ok {
		panic("gcp: spoke " + string(a.ID) + " has no gateway")
	}
	w.spokeHead(b, a, w.hybridID(g, a), w.vpc(g.VPC), w.region(g.Site))
	b.Block("linked_vpn_tunnels")
	uris := make([]hcl.Expr, len(a.Tunnels))
	for i, id := range a.Tunnels {
		t, _ := w.net.Tunnel(id)
		link, ok := w.net.Link(t.Link)
		if !ok {
			panic("gcp: spoke " + string(a.ID) + " has a tunnel of no link")
		}
		end := 0
		if link.Gateways[1] == g.ID {
			end = 1
		}
		uris[i] = hcl.Index(hcl.Expr("google_compute_vpn_tunnel."+names.Label(w.endID(link, end))), names.TunnelKey(t)) + ".self_link"
	}
	b.Attr("site_to_site_data_transfer", hcl.Bool(!a.NoSiteToSite))
	b.Attr("include_import_ranges", `["ALL_IPV4_RANGES"]`)
	b.Attr("uris", hcl.Lines(uris...))
	b.End()
	b.End()
}

// hybridID names a hybrid spoke by its site and its place among the gateway's:
// west/ncc-vpn/0.
func (w writer) hybridID(g fabric.Gateway, a fabric.Attachment) string {
	place := 0
	for _, x := range w.r.Set.GatewayAttachments(g.ID) {
		if x.Kind == fabric.NCCHybridSpoke && x.ID < a.ID {
			place++
		}
	}
	return string(g.Site) + "/ncc-vpn/" + strconv.Itoa(place)
}
