package gcp

import (
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

// nat writes a Cloud NAT for the subnets it serves, on the gateway's router or
// on a router of its own, which then speaks no BGP.
func (w writer) nat(site fabric.Site, v fabric.VPC, t fabric.NAT) {
	b := w.r.SiteFile(site.ID, "network")
	router := names.GatewayLabel(t.Gateway)
	if t.Gateway == "" {
		router = names.Label(string(t.ID))
		w.r.Resource(b, t.Meta.Origin, "google_compute_router", string(t.ID))
		b.Attr("provider", w.r.Provider(t.Meta.Account))
		b.Blank()
		b.Attr("name", hcl.Quote(w.name(string(t.ID))))
		b.Attr("region", hcl.Quote(site.Region))
		b.Attr("network", w.networkRef(v))
		b.End()
	}
	part := partID(v, site.ID)
	served := make([]string, 0, len(t.Serves))
	for _, id := range t.Serves {
		if s, ok := w.net.Subnet(id); ok && !s.Existing {
			served = append(served, s.Name)
		}
	}
	w.r.Resource(b, t.Meta.Origin, "google_compute_router_nat", string(t.ID))
	b.Attr("provider", w.r.Provider(t.Meta.Account))
	b.Blank()
	b.Attr("name", hcl.Quote(w.name(string(t.ID))))
	b.Attr("region", hcl.Quote(site.Region))
	b.Attr("router", hcl.Expr("google_compute_router."+router+".name"))
	b.Attr("nat_ip_allocate_option", `"AUTO_ONLY"`)
	b.Attr("source_subnetwork_ip_ranges_to_nat", `"LIST_OF_SUBNETWORKS"`)
	b.Blank()
	b.Block("dynamic", "subnetwork")
	b.Attr("for_each", "toset("+hcl.Strings(served...)+")")
	b.Blank()
	b.Block("content")
	b.Attr("name", hcl.Expr("google_compute_subnetwork."+names.Label(part)+"[subnetwork.value].id"))
	b.Attr("source_ip_ranges_to_nat", `["ALL_IP_RANGES"]`)
	b.End()
	b.End()
	b.Blank()
	b.Block("log_config")
	b.Attr("enable", "true")
	b.Attr("filter", `"ERRORS_ONLY"`)
	b.End()
	b.End()
}
