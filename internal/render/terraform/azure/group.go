package azure

import (
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

// group is a resource group: one a site and subscription.
type group struct {
	id      string // azure-wus2, or azure-wus2/data for an account that is not the site's
	site    fabric.Site
	account fabric.AccountID
}

func groupOf(site fabric.Site, account fabric.AccountID) group {
	g := group{id: string(site.ID), site: site, account: account}
	if account != site.Meta.Account {
		g.id += "/" + string(account)
	}
	return g
}

// resourceGroups writes a site's groups: the site's own, and one in every
// other subscription that a VNet of the site is in.
func (w writer) resourceGroups(site fabric.Site) {
	accounts := []fabric.AccountID{site.Meta.Account}
	for _, v := range w.r.Set.VPCs(site.ID) {
		if !slices.Contains(accounts, v.Meta.Account) {
			accounts = append(accounts, v.Meta.Account)
		}
	}
	rest := accounts[1:]
	slices.Sort(rest)
	b := w.r.SiteFile(site.ID, "network")
	for _, account := range accounts {
		g := groupOf(site, account)
		w.r.Resource(b, site.Meta.Origin, "azurerm_resource_group", g.id)
		b.Attr("provider", w.r.Provider(account))
		b.Blank()
		b.Attr("name", w.nameBy(atlas.NameAzureResourceGroup, g.id))
		b.Attr("location", hcl.Quote(site.Region))
		b.Attr("tags", w.siteTags(site))
		b.End()
	}
}

// groupAttr refers to the name or the location of a group.
func (w writer) groupAttr(g group, attr string) hcl.Expr {
	label := names.Label(g.id)
	return w.r.Ref(names.Ref{
		Home:   g.site.ID,
		Expr:   "azurerm_resource_group." + label + "." + attr,
		Output: label + "_resource_group_" + attr,
	})
}

// place writes where a resource belongs, the arguments that nearly all of them
// begin with.
func (w writer) place(b *hcl.Body, name hcl.Expr, g group) {
	b.Attr("name", name)
	b.Attr("resource_group_name", w.groupAttr(g, "name"))
	b.Attr("location", w.groupAttr(g, "location"))
}

// vnetID refers to a VNet by its resource id.
func (w writer) vnetID(v fabric.VPC) hcl.Expr {
	if v.Existing != "" {
		return hcl.Quote(v.Existing)
	}
	label := names.Label(string(v.ID))
	return w.r.Ref(names.Ref{Home: v.Sites[0], Expr: "azurerm_virtual_network." + label + ".id", Output: label + "_vnet_id"})
}

// vnetPlace writes in which VNet a subnet or peering is.
func (w writer) vnetPlace(b *hcl.Body, v fabric.VPC) {
	if v.Existing != "" {
		resourceGroup, name := splitVNetID(v.Existing)
		b.Attr("resource_group_name", hcl.Quote(resourceGroup))
		b.Attr("virtual_network_name", hcl.Quote(name))
		return
	}
	label := names.Label(string(v.ID))
	b.Attr("resource_group_name", w.groupAttr(groupOf(w.siteOf(v.Sites[0]), v.Meta.Account), "name"))
	b.Attr("virtual_network_name", w.r.Ref(names.Ref{
		Home: v.Sites[0], Expr: "azurerm_virtual_network." + label + ".name", Output: label + "_vnet_name",
	}))
}

// splitVNetID returns the resource group and name in a VNet's resource id:
// /subscriptions/<uuid>/resourceGroups/<group>/providers/Microsoft.Network/virtualNetworks/<name>.
// Azure does not heed the case of the fixed parts.
func splitVNetID(id string) (resourceGroup, name string) {
	parts := strings.Split(strings.Trim(id, "/"), "/")
	for i := 0; i+1 < len(parts); i += 2 {
		switch strings.ToLower(parts[i]) {
		case "resourcegroups":
			resourceGroup = parts[i+1]
		case "virtualnetworks":
			name = parts[i+1]
		}
	}
	return resourceGroup, name
}
