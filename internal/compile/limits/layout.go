package limits

import (
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/fabric"
)

// mostInOneRoot is up to how many resources one root module is comfortable:
// Terraform refreshes each of them at every plan.
const mostInOneRoot = 1500

// layout tells when one root module becomes too large to work with.
func layout(d *draft.Draft) {
	if d.Net.Layout != fabric.Single {
		return
	}
	n := resources(&d.Net)
	if n <= mostInOneRoot {
		return
	}
	w := d.Diags.Warnf(d.Spec.Name.Pos, "about %d resources in one root module: each Terraform plan refreshes all of them", n)
	w.Code, w.Hint = "layout", "terraform: {layout: stacks} makes a root for each site and one for the links"
}

// resources estimates how many resources Terraform makes of a network.
func resources(n *fabric.Network) int {
	count := 2*len(n.VPCs) + len(n.NATs) + len(n.Endpoints) + len(n.FlowLogs) + len(n.Gateways) + 2*len(n.Attachments) + 2*len(n.Connections) + 4*len(n.Tunnels)
	for i := range n.Subnets {
		count += 2 * len(n.Subnets[i].Parts) // with its association
	}
	for i := range n.RouteTables {
		count += 1 + len(n.RouteTables[i].Routes)
	}
	for i := range n.Filters {
		count++
		for k := range n.Filters[i].Rules {
			r := &n.Filters[i].Rules[k]
			count += max(1, len(r.Peers)) * max(1, len(r.Services))
		}
	}
	return count
}
