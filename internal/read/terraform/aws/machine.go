package aws

import (
	"net/netip"
	"slices"
)

func notIPv4(p netip.Prefix) bool { return !p.Addr().Is4() }

// machines says which groups the machines of each subnet have, for subnets all
// of whose machines in the file have the same; why not, for the others.
func (r *reader) machines() (sets map[int][]*group, doubts map[int]string) {
	sets, doubts = map[int][]*group{}, map[int]string{}
	for _, x := range r.src.Of("aws_instance", "aws_network_interface") {
		if x.Get("source_dest_check").Has() && !x.True("source_dest_check") {
			r.unclear(x, "it forwards packets of others, which is not modelled")
		}
		i, ok := r.subnets[x.One("subnet_id", subnetTypes).To]
		if !ok {
			for _, c := range x.Could("subnet_id", subnetTypes) {
				if i, ok := r.subnets[c]; ok {
					doubts[i] = x.Address + " may be in the subnet, with security groups of its own"
				}
			}
			continue
		}
		name := "security_groups"
		if x.Type == "aws_instance" {
			name = "vpc_security_group_ids"
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
	return sets, doubts
}
