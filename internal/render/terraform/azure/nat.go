package azure

import (
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

// nat writes a NAT gateway with one public address and joins its subnets.
func (w writer) nat(b *hcl.Body, site fabric.Site, v fabric.VPC, n fabric.NAT) {
	label := names.Label(string(n.ID))
	g := groupOf(site, v.Meta.Account)
	zones := w.zones(site)
	if n.Zone != "" {
		zones = []string{n.Zone}
	}
	w.publicIP(b, n.Meta, string(n.ID), w.name(string(n.ID)), g, zones, w.vpcTags(v))
	b.End()

	w.r.Resource(b, n.Meta.Origin, "azurerm_nat_gateway", string(n.ID))
	b.Attr("provider", w.r.Provider(n.Meta.Account))
	b.Blank()
	w.place(b, w.name(string(n.ID)), g)
	b.Attr("sku_name", `"Standard"`)
	if n.Zone != "" {
		b.Attr("zones", hcl.Strings(n.Zone))
	}
	b.Attr("tags", w.vpcTags(v))
	b.End()

	w.r.Resource(b, n.Meta.Origin, "azurerm_nat_gateway_public_ip_association", string(n.ID))
	b.Attr("provider", w.r.Provider(n.Meta.Account))
	b.Blank()
	b.Attr("nat_gateway_id", hcl.Expr("azurerm_nat_gateway."+label+".id"))
	b.Attr("public_ip_address_id", hcl.Expr("azurerm_public_ip."+label+".id"))
	b.End()

	if len(n.Serves) == 0 {
		return
	}
	items := make([]hcl.Item, len(n.Serves))
	for i, id := range n.Serves {
		s := w.subnetOf(id)
		items[i] = hcl.Item{Key: s.Name, Value: w.subnetID(v, s)}
	}
	w.r.Resource(b, n.Meta.Origin, "azurerm_subnet_nat_gateway_association", string(n.ID))
	b.Attr("for_each", hcl.Map(items...))
	b.Attr("provider", w.r.Provider(n.Meta.Account))
	b.Blank()
	b.Attr("subnet_id", "each.value")
	b.Attr("nat_gateway_id", hcl.Expr("azurerm_nat_gateway."+label+".id"))
	b.End()
}

// publicIP opens a Standard static public address; the caller ends it.
func (w writer) publicIP(b *hcl.Body, m fabric.Meta, id string, name hcl.Expr, g group, zones []string, tags hcl.Expr, keys ...string) {
	w.r.Resource(b, m.Origin, "azurerm_public_ip", id)
	if len(keys) > 0 {
		b.Attr("for_each", "toset("+hcl.Strings(keys...)+")")
	}
	b.Attr("provider", w.r.Provider(g.account))
	b.Blank()
	w.place(b, name, g)
	b.Attr("allocation_method", `"Static"`)
	b.Attr("sku", `"Standard"`)
	attr(b, "zones", zones)
	b.Attr("tags", tags)
}
