package azure

import "github.com/tieline/tieline/internal/read/terraform/into/draft"

// doubtOthers marks what resources that are not modelled change.
func (r *reader) doubtOthers() {
	n := r.d.Net
	kinds := []string{
		"azurerm_virtual_hub_route_table", "azurerm_virtual_hub_routing_intent", "azurerm_virtual_hub_bgp_connection", "azurerm_express_route_gateway",
		"azurerm_virtual_hub_security_partner_provider", "azurerm_point_to_site_vpn_gateway",
	}
	for _, kind := range kinds {
		for _, x := range r.src.Of(kind) {
			for _, h := range x.Could("virtual_hub_id", hubTypes) {
				draft.Doubt(&n.Gateways[r.hubs[h]].Meta, x.Address+" changes how it routes, which is not modelled")
			}
		}
	}
	for _, x := range r.src.Of("azurerm_route_server") {
		for _, s := range x.Could("subnet_id", subnetTypes) {
			if i, ok := r.subnets[s]; ok {
				for v := range n.VPCs {
					if n.VPCs[v].ID == n.Subnets[i].VPC {
						draft.Doubt(&n.VPCs[v].Meta, x.Address+" changes how it routes, which is not modelled")
					}
				}
			}
		}
	}
}
