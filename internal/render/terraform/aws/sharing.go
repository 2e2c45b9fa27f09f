package aws

import (
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

// sharing shares the workload subnets of a VPC with other accounts, which can
// then start machines in them. AWS shares subnets inside one organization
// only, so nothing is to be accepted.
func (w writer) sharing(b *hcl.Body, v fabric.VPC) {
	if len(v.SharedWith) == 0 || v.Existing != "" {
		return
	}
	var keys []string
	for _, s := range w.r.Set.Subnets(v.ID) {
		for _, p := range s.Parts {
			if s.Purpose == fabric.Workload && s.Site == w.site.ID {
				keys = append(keys, subnetKey(s, p))
			}
		}
	}
	if len(keys) == 0 {
		return
	}
	id := string(v.ID) + "/subnets"
	share := hcl.Expr("aws_ram_resource_share." + names.Label(id) + ".arn")
	w.open(b, v.Meta.Origin, "aws_ram_resource_share", id, v.Meta.Account)
	b.Attr("name", hcl.Quote(names.Native(w.n, string(v.ID), "subnets")))
	b.Attr("allow_external_principals", "false")
	b.Attr("tags", w.r.Tags(w.title(string(v.ID), "subnets"), v.Environment, v.Tags))
	b.End()

	w.open(b, v.Meta.Origin, "aws_ram_resource_association", id, v.Meta.Account, forEach(hcl.Expr("toset("+string(hcl.Strings(keys...))+")")))
	b.Attr("resource_share_arn", share)
	b.Attr("resource_arn", hcl.Expr("aws_subnet."+names.Label(string(v.ID))+"[each.value].arn"))
	b.End()

	items := make([]hcl.Item, len(v.SharedWith))
	for i, a := range v.SharedWith {
		items[i] = hcl.Item{Key: string(a), Value: hcl.Quote(w.accountNumber(a))}
	}
	w.open(b, v.Meta.Origin, "aws_ram_principal_association", id, v.Meta.Account, forEach(hcl.Map(items...)))
	b.Attr("resource_share_arn", share)
	b.Attr("principal", "each.value")
	b.End()
}
