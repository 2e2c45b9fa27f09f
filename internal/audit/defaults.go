package audit

import (
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// defaultFilters: no subnet rests on what the cloud made by itself: a default
// security group, the rules of a default network, or no NSG at all.
func (u *auditor) defaultFilters() {
	for i := range u.n.Filters {
		f := &u.n.Filters[i]
		vpc, _ := u.n.VPC(f.VPC)
		names, fact := u.a.DefaultFilters(vpc.Cloud)
		if len(names) == 0 {
			continue
		}
		switch f.Kind {
		case fabric.SecurityGroup:
			if slices.Contains(names, f.Name) && len(f.Rules) > 0 && len(f.Subnets) > 0 {
				x := u.add(diag.Warning, f.Meta.Origin, string(f.ID), "%s is the VPC's default security group, and it has rules", f.ID)
				x.Hint, x.Source = "take all its rules away, and give each subnet's machines a group of their own", fact.Source
			}
		case fabric.FirewallPolicy:
			for j := range f.Rules {
				r := &f.Rules[j]
				if slices.Contains(names, r.Name) {
					x := u.add(diag.Warning, r.Origin, string(f.ID), "%s has the default network's rule %s", f.ID, r.Name)
					x.Hint, x.Source = "delete it, and allow what is needed from where it is needed", fact.Source
				}
			}
		case fabric.NetworkACL, fabric.NSG:
		}
	}
	bare, _ := u.a.Fact("azure.nsg.refused_subnets")
	for _, s := range u.n.Subnets {
		if slices.Contains(strings.Fields(bare.Value), s.Name) {
			continue // Azure allows none there
		}
		vpc, _ := u.n.VPC(s.VPC)
		if vpc.Cloud == vocab.Azure && s.Purpose == fabric.Workload && s.Filter == "" && !s.Existing && vpc.Existing == "" {
			x := u.add(diag.Warning, s.Meta.Origin, string(s.ID), "subnet %s has no network security group: its whole virtual network reaches it", s.ID)
			x.Hint = "give it one that ends in a deny rule"
		}
	}
}
