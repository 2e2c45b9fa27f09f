package gcp

import (
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

// privateZones writes the private zones by which a VPC finds Google's services
// at the addresses that it has a route to.
func (w writer) privateZones(site fabric.Site, v fabric.VPC) {
	b := w.r.SiteFile(site.ID, "network")
	for _, z := range v.PrivateZones {
		id := string(v.ID) + "/" + z.Domain
		zone := hcl.Expr("google_dns_managed_zone." + names.Label(id) + ".name")
		w.r.Resource(b, v.Meta.Origin, "google_dns_managed_zone", id)
		b.Attr("provider", w.r.Provider(v.Meta.Account))
		b.Blank()
		b.Attr("name", hcl.Quote(w.name(string(v.ID), z.Domain)))
		b.Attr("dns_name", hcl.Quote(z.Domain+"."))
		b.Attr("description", hcl.Quote("Names of "+z.Domain+" at private addresses"))
		b.Attr("visibility", `"private"`)
		b.Attr("labels", w.r.Labels(v.Environment, v.Tags))
		b.Blank()
		b.Block("private_visibility_config")
		b.Block("networks")
		b.Attr("network_url", w.networkRef(v))
		b.End()
		b.End()
		b.End()

		addrs := make([]string, len(z.Addrs))
		for i, a := range z.Addrs {
			addrs[i] = a.String()
		}
		w.r.Resource(b, v.Meta.Origin, "google_dns_record_set", id)
		b.Attr("for_each", hcl.Map(
			hcl.Item{Key: z.Host + ".", Value: hcl.Object(hcl.Item{Key: "type", Value: `"A"`}, hcl.Item{Key: "data", Value: hcl.Strings(addrs...)})},
			hcl.Item{Key: "*." + z.Domain + ".", Value: hcl.Object(hcl.Item{Key: "type", Value: `"CNAME"`}, hcl.Item{Key: "data", Value: hcl.Strings(z.Host + ".")})},
		))
		b.Attr("provider", w.r.Provider(v.Meta.Account))
		b.Blank()
		b.Attr("name", "each.key")
		b.Attr("managed_zone", zone)
		b.Attr("type", "each.value.type")
		b.Attr("ttl", "300")
		b.Attr("rrdatas", "each.value.data")
		b.End()
	}
}
