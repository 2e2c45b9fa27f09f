package azure

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

// attachments writes the attachments of a VNet that no link owns: of a spoke
// to its hub VNet or virtual hub.
func (w writer) attachments(site fabric.Site, v fabric.VPC) {
	for _, a := range w.r.Set.VPCAttachments(v.ID) {
		if a.Link == "" && a.VPC == v.ID {
			w.attachment(w.r.SiteFile(site.ID, "gateway"), a)
		}
	}
}

func (w writer) attachment(b *hcl.Body, a fabric.Attachment) {
	switch a.Kind {
	case fabric.VNetPeering:
		w.peering(b, a)
	case fabric.VirtualHubConnection:
		w.hubConnection(b, a)
	case fabric.VGWAttachment, fabric.TransitVPCAttachment, fabric.TransitVPNAttachment, fabric.TransitPeering,
		fabric.VPCPeering, fabric.NCCSpoke, fabric.NCCHybridSpoke:
		panic("azure: attachment " + string(a.ID) + " is of another cloud")
	}
}

// peering writes both directions of a VNet peering, each in its own side's
// subscription. A spoke can use the hub's gateway only once the hub offers it
// and has it. Between two subscriptions the first direction waits for the
// subnets and the second for the first.
func (w writer) peering(b *hcl.Body, a fabric.Attachment) {
	spoke, hub := w.vpcOf(a.VPC), w.vpcOf(a.PeerVPC)
	back := peeringID(hub, spoke)
	w.direction(b, a, hub, spoke)
	if a.GatewayTransit {
		b.Attr("allow_gateway_transit", "true")
	}
	if a.CrossAccount {
		w.dependsOn(b, append(w.subnetChanges(hub), w.subnetChanges(spoke)...))
	}
	b.End()

	w.direction(b, a, spoke, hub)
	if a.GatewayTransit {
		b.Attr("use_remote_gateways", "true")
	}
	var needed []hcl.Expr
	if a.GatewayTransit || a.CrossAccount {
		needed = append(needed, hcl.Expr("azurerm_virtual_network_peering."+names.Label(back)))
	}
	if gateway, ok := w.localGateway(hub); ok && a.GatewayTransit {
		needed = append(needed, gateway)
	}
	w.dependsOn(b, needed)
	b.End()
}

// dependsOn ends a resource's body with what it waits for beyond what it
// refers to, if anything.
func (w writer) dependsOn(b *hcl.Body, needed []hcl.Expr) {
	if len(needed) == 0 {
		return
	}
	b.Blank()
	b.Attr("depends_on", hcl.Lines(needed...))
}

// subnetChanges returns what changes the subnets of a VNet in this root. Azure
// refuses to join a VNet while a subnet of it changes (400
// ReferencedResourceNotProvisioned). The provider puts the changes of a VNet in
// turn, but within one process, and each subscription has one of its own.
func (w writer) subnetChanges(v fabric.VPC) []hcl.Expr {
	if !w.r.Holds(v.Sites[0]) {
		return nil
	}
	var out []hcl.Expr
	add := func(kind, id string) {
		if e := hcl.Expr(kind + "." + names.Label(id)); !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	subnets := w.r.Set.Subnets(v.ID)
	for _, s := range subnets {
		switch {
		case s.Existing:
		case isDerived(s):
			add("azurerm_subnet", string(s.ID))
		default:
			add("azurerm_subnet", string(v.ID))
		}
	}
	for _, s := range subnets {
		if s.RouteTable != "" {
			add("azurerm_subnet_route_table_association", string(v.ID))
		}
	}
	for _, n := range w.r.Set.NATs(v.ID) {
		if len(n.Serves) > 0 {
			add("azurerm_subnet_nat_gateway_association", string(n.ID))
		}
	}
	for _, f := range w.r.Set.Filters(v.ID) {
		for _, id := range f.Subnets {
			add("azurerm_subnet_network_security_group_association", string(id))
		}
	}
	return out
}

// direction opens one direction of a peering; the caller ends it. Forwarded
// traffic is let through: behind a gateway the sender is in neither VNet.
func (w writer) direction(b *hcl.Body, a fabric.Attachment, from, to fabric.VPC) {
	w.r.Resource(b, a.Meta.Origin, "azurerm_virtual_network_peering", peeringID(from, to))
	b.Attr("provider", w.r.Provider(from.Meta.Account))
	b.Blank()
	b.Attr("name", hcl.Quote(names.Fit(w.rule, "to-"+names.Native(w.net, string(to.ID)))))
	w.vnetPlace(b, from)
	b.Attr("remote_virtual_network_id", w.vnetID(to))
	b.Attr("allow_forwarded_traffic", "true")
}

func peeringID(from, to fabric.VPC) string { return string(from.ID) + "--" + string(to.ID) }

// localGateway returns the resource that is the gateway of a VNet, and whether
// the same root makes it: another root has made it before.
func (w writer) localGateway(v fabric.VPC) (hcl.Expr, bool) {
	for _, g := range w.r.Set.Gateways(v.Sites[0]) {
		if g.Kind != fabric.VPNGateway || g.VPC != v.ID {
			continue
		}
		e := hcl.Expr("azurerm_virtual_network_gateway." + names.GatewayLabel(g.ID))
		return e, w.gatewayID(g, "azurerm_virtual_network_gateway") == e+".id"
	}
	return "", false
}

// hubConnection writes the connection of a VNet to a virtual hub, which
// belongs to the hub's subscription.
func (w writer) hubConnection(b *hcl.Body, a fabric.Attachment) {
	v, g := w.vpcOf(a.VPC), w.gatewayOf(a.Gateway)
	w.r.Resource(b, a.Meta.Origin, "azurerm_virtual_hub_connection", string(a.ID))
	b.Attr("provider", w.r.Provider(g.Meta.Account))
	b.Blank()
	b.Attr("name", w.name(string(v.ID)))
	b.Attr("virtual_hub_id", w.hubID(g))
	b.Attr("remote_virtual_network_id", w.vnetID(v))
	if a.CrossAccount {
		w.dependsOn(b, w.subnetChanges(v))
	}
	b.End()
}
