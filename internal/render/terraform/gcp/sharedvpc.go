package gcp

import (
	"cmp"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

// sharedVPC makes the project of a shared VPC a host project and attaches the
// service projects to it. Both are a project's, not a VPC's, so they stand
// once: at the first site of the project's first shared VPC.
func (w writer) sharedVPC(site fabric.Site, v fabric.VPC) {
	if len(v.SharedWith) == 0 {
		return
	}
	var shared []fabric.VPC
	for _, o := range w.r.Set.Network.VPCs {
		if o.Meta.Account == v.Meta.Account && len(o.SharedWith) > 0 {
			shared = append(shared, o)
		}
	}
	first := slices.MinFunc(shared, func(a, b fabric.VPC) int { return cmp.Compare(a.ID, b.ID) })
	if first.ID != v.ID || homeOf(v) != site.ID {
		return
	}
	var services []fabric.AccountID
	for _, o := range shared {
		services = append(services, o.SharedWith...)
	}
	slices.Sort(services)
	services = slices.Compact(services)

	b := w.r.SiteFile(site.ID, "network")
	host := string(v.Meta.Account)
	w.r.Resource(b, v.Meta.Origin, "google_compute_shared_vpc_host_project", host)
	b.Attr("provider", w.r.Provider(v.Meta.Account))
	b.Blank()
	b.Attr("project", hcl.Quote(w.project(v.Meta.Account)))
	b.End()

	items := make([]hcl.Item, len(services))
	for i, a := range services {
		items[i] = hcl.Item{Key: string(a), Value: hcl.Quote(w.project(a))}
	}
	w.r.Resource(b, v.Meta.Origin, "google_compute_shared_vpc_service_project", host)
	b.Attr("for_each", hcl.Map(items...))
	b.Attr("provider", w.r.Provider(v.Meta.Account))
	b.Blank()
	b.Attr("host_project", hcl.Expr("google_compute_shared_vpc_host_project."+names.Label(host)+".project"))
	b.Attr("service_project", "each.value")
	b.End()
}
