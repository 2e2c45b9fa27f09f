package gcp

import "github.com/tieline/tieline/internal/read/terraform/into/draft"

// doubtOthers marks what resources that are not modelled change.
func (r *reader) doubtOthers() {
	n := r.d.Net
	for _, kind := range []string{"google_network_connectivity_policy_based_route", "google_service_networking_connection"} {
		for _, x := range r.src.Of(kind) {
			for _, v := range x.Could("network", networkTypes) {
				draft.Doubt(&n.VPCs[r.networks[v]].Meta, x.Address+" changes how it routes, which is not modelled")
			}
		}
	}
	for _, x := range r.src.Of("google_compute_interconnect_attachment") {
		for _, router := range x.Could("router", routerTypes) {
			if i, ok := r.networks[r.called(router, router.Block, "network", networkTypes).To]; ok {
				draft.Doubt(&n.VPCs[i].Meta, x.Address+" is a circuit into it, which is not modelled")
			}
		}
	}
}
