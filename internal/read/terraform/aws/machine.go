package aws

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/read/terraform/into/draft"
)

func notIPv4(p netip.Prefix) bool { return !p.Addr().Is4() }

// machines says which groups the machines of each subnet have, for subnets all
// of whose machines in the file have the same; why not, for the others.
func (r *reader) machines() (sets map[int][]*group, doubts map[int]string) {
	sets, doubts = map[int][]*group{}, map[int]string{}
	for _, x := range r.src.Of("aws_instance", "aws_network_interface") {
		l := x.One("subnet_id", subnetTypes)
		i, ok := r.subnets[l.To]
		if !ok {
			continue
		}
		name := "security_groups"
		if x.Type == "aws_instance" {
			name = "vpc_security_group_ids"
		}
		if x.Get("source_dest_check").Has() && !x.True("source_dest_check") {
			r.unclear(x, "it forwards packets of others, which is not modelled")
		}
		list, outside, clear := x.All(name, groupTypes)
		var own []*group
		for _, g := range list {
			if g := r.groups[g]; g != nil {
				own = append(own, g)
			}
		}
		switch {
		case len(outside) > 0 || !clear || len(own) == 0:
			doubts[i] = "the security groups of " + x.Address + " are not known"
		case sets[i] != nil && !slices.Equal(sets[i], own):
			doubts[i] = "machines of the subnet have different security groups"
		}
		for _, g := range own {
			if !slices.Contains(sets[i], g) {
				sets[i] = append(sets[i], g)
			}
		}
	}
	for i, why := range doubts {
		if len(sets[i]) == 0 {
			draft.Doubt(&r.d.Net.Subnets[i].Meta, why)
		}
	}
	return sets, doubts
}
