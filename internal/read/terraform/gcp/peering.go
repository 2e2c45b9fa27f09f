package gcp

import (
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
	"github.com/tieline/tieline/internal/read/terraform/into/draft"
	"github.com/tieline/tieline/internal/vocab"
)

// half is one side of a VPC peering.
type half struct {
	x                *doc.Resource
	from, to         int
	imports, exports bool
}

// readPeerings joins the halves of VPC peerings: one is nothing without the
// other. Custom routes go where one side exports and the other imports them.
func (r *reader) readPeerings() {
	n := r.d.Net
	halves := r.halves()
	for i, a := range halves {
		if a.x == nil {
			continue // joined to one before
		}
		for _, b := range halves[i+1:] {
			if b.x == nil || a.from != b.to || a.to != b.from {
				continue
			}
			spoke, hub := a, b
			if a.exports && b.imports && (!a.imports || !b.exports) {
				spoke, hub = b, a
			}
			r.peer(spoke, hub)
			if spoke.exports && hub.imports {
				r.peer(hub, spoke) // the other way too
			}
			a.x, b.x = nil, nil
			break
		}
		if a.x != nil {
			r.unclear(a.x, "the other network's side of the peering is not in the file, and without it there is none")
			draft.Doubt(&n.VPCs[a.from].Meta, "a peering of it has one side only in the file")
		}
	}
}

// halves reads the sides, with what peering_routes_config says of them.
func (r *reader) halves() []*half {
	n := r.d.Net
	var out []*half
	for _, x := range r.src.Of("google_compute_network_peering") {
		from, ok := r.networkOf(x, "network")
		if !ok {
			continue
		}
		l := r.called(x, x.Block, "peer_network", networkTypes)
		to, ok := r.networks[l.To]
		if !ok {
			r.unclear(x, "the network that it peers with is not in the file")
			draft.Doubt(&n.VPCs[from].Meta, "it is peered with a network that is not in the file")
			continue
		}
		h := &half{x: x, from: from, to: to, imports: x.True("import_custom_routes"), exports: x.True("export_custom_routes")}
		for _, c := range r.src.Of("google_compute_network_peering_routes_config") {
			if c.Text("peering") == x.Text("name") && r.called(c, c.Block, "network", networkTypes).To != nil {
				h.imports, h.exports = c.True("import_custom_routes"), c.True("export_custom_routes")
			}
		}
		out = append(out, h)
	}
	return out
}

func (r *reader) peer(spoke, hub *half) {
	n := r.d.Net
	v, p := &n.VPCs[spoke.from], &n.VPCs[hub.from]
	a := fabric.Attachment{
		ID: fabric.AttachmentID(r.d.ID(string(p.ID) + "--" + string(v.ID))), Kind: fabric.VPCPeering, VPC: v.ID, PeerVPC: p.ID,
		ExchangeRoutes: spoke.imports && hub.exports, CrossAccount: v.Meta.Account != p.Meta.Account,
	}
	a.Meta = fabric.Meta{Origin: spoke.x.Origin, Account: v.Meta.Account, Domains: r.d.Domains(vocab.GCP, "")}
	for _, g := range n.Gateways {
		if g.VPC == p.ID && g.Kind == fabric.HAVPN {
			a.Gateway = g.ID
		}
	}
	if len(v.Sites) == 1 && len(p.Sites) == 1 {
		a.Link = r.d.Link(fabric.VPCPeerLink, spoke.x.Origin, [2]fabric.SiteID{v.Sites[0], p.Sites[0]}, [2]fabric.GatewayID{})
	}
	n.Attachments = append(n.Attachments, a)
}

// readHub reads the spokes of Network Connectivity Center.
func (r *reader) readHub() {
	var hub *doc.Resource
	for _, x := range r.src.Of("google_network_connectivity_hub") {
		if t := x.Text("preset_topology"); t != "" && t != "MESH" {
			r.unclear(x, "a hub of topology "+t+" is not modelled")
		}
		if hub == nil {
			hub = x
		} else {
			r.unclear(x, "only one hub is modelled")
		}
	}
	for _, x := range r.src.Of("google_network_connectivity_spoke") {
		l := r.called(x, x.Block, "hub", doc.Types("google_network_connectivity_hub"))
		if hub == nil || l.To != hub {
			r.unclear(x, "its hub is not in the file or cannot be told")
			continue
		}
		switch {
		case x.Set("linked_vpc_network"):
			r.vpcSpoke(x, x.First("linked_vpc_network"))
		case x.Set("linked_vpn_tunnels"):
			r.hybridSpoke(x, x.First("linked_vpn_tunnels"))
		default:
			r.unclear(x, "a spoke of circuits or router appliances is not modelled")
		}
	}
}

func (r *reader) vpcSpoke(x *doc.Resource, b doc.Block) {
	n := r.d.Net
	l := r.called(x, b, "uri", networkTypes)
	i, ok := r.networks[l.To]
	if !ok {
		r.unclear(x, "the network of the spoke is not in the file or cannot be told")
		return
	}
	v := &n.VPCs[i]
	m := r.meta(x, "")
	if b.Set("exclude_export_ranges") || b.Set("include_export_ranges") {
		m.Unread = "it exports some ranges only, which is not modelled"
	}
	n.Attachments = append(n.Attachments, fabric.Attachment{
		ID: fabric.AttachmentID(r.d.ID("ncc--" + string(v.ID))), Meta: m, Kind: fabric.NCCSpoke, VPC: v.ID,
	})
}

// hybridSpoke reads a spoke of VPN tunnels. The tunnels get their ids when the
// ends are joined; what a spoke says of them is of their gateway as a whole.
func (r *reader) hybridSpoke(x *doc.Resource, b doc.Block) {
	n := r.d.Net
	list, outside, clear := b.All("uris", doc.Types("google_compute_vpn_tunnel"))
	m := r.meta(x, region(x))
	if len(outside) > 0 || !clear || len(list) == 0 {
		m.Unread = "its tunnels are not all in the file"
		r.unclear(x, m.Unread)
	}
	var gateway *fabric.Gateway
	for _, t := range list {
		l := r.called(t, t.Block, "vpn_gateway", gatewayTypes)
		if i, ok := r.gateways[l.To]; ok {
			gateway = &n.Gateways[i]
		}
	}
	if gateway == nil {
		return
	}
	a := fabric.Attachment{
		ID: fabric.AttachmentID(r.d.ID(string(gateway.ID) + "--ncc")), Meta: m, Kind: fabric.NCCHybridSpoke, Gateway: gateway.ID, VPC: gateway.VPC,
		NoSiteToSite: !b.True("site_to_site_data_transfer"),
	}
	for _, t := range list {
		a.Tunnels = append(a.Tunnels, fabric.TunnelID(t.Address))
	}
	if !strings.Contains(strings.Join(b.Texts("include_import_ranges"), " "), "ALL_IPV4_RANGES") {
		draft.Doubt(&a.Meta, "it does not import all ranges of the hub, which is not modelled")
	}
	n.Attachments = append(n.Attachments, a)
}
