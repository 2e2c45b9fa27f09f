package aws

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
	"github.com/tieline/tieline/internal/read/terraform/into/draft"
	"github.com/tieline/tieline/internal/vocab"
)

var aclTypes = doc.Types("aws_network_acl", "aws_default_network_acl")

// readACLs reads network ACLs, the default ones where the file manages them:
// these are of all subnets that no other is of.
func (r *reader) readACLs() {
	n := r.d.Net
	filters := map[*doc.Resource]*fabric.Filter{}
	var order []*doc.Resource
	for _, x := range r.src.Of(aclTypes.Types...) {
		i, ok := r.aclVPC(x)
		if !ok {
			r.unclear(x, "the network ACL's VPC is not known")
			continue
		}
		v := n.VPCs[i]
		f := &fabric.Filter{ID: fabric.FilterID(r.d.ID(string(v.ID) + "/" + title(x) + "/nacl")), Meta: r.meta(x), Kind: fabric.NetworkACL, Site: v.Sites[0], VPC: v.ID, Name: title(x)}
		filters[x] = f
		order = append(order, x)
		for _, d := range []fabric.Direction{fabric.Ingress, fabric.Egress} {
			for _, b := range x.Blocks(d.String()) {
				f.Rules = append(f.Rules, aclRule(b, d, "rule_no", "action"))
			}
			if x.Unknown(d.String()) && len(x.Blocks(d.String())) == 0 {
				draft.Doubt(&f.Meta, "its rules are only known once applied")
			}
		}
	}
	for _, x := range r.src.Of("aws_network_acl_rule") {
		l := x.One("network_acl_id", aclTypes)
		f := filters[l.To]
		if f == nil {
			for _, c := range x.Could("network_acl_id", aclTypes) {
				if f := filters[c]; f != nil {
					draft.Doubt(&f.Meta, x.Address+" may be a rule of it")
				}
			}
			r.unclear(x, "the network ACL of the rule is not in the file or cannot be told")
			continue
		}
		d := fabric.Ingress
		if x.True("egress") {
			d = fabric.Egress
		}
		f.Rules = append(f.Rules, aclRule(x.Block, d, "rule_number", "rule_action"))
	}
	r.aclSubnets(filters)
	for _, x := range order {
		f := filters[x]
		slices.SortStableFunc(f.Rules, func(a, b fabric.FilterRule) int {
			return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Direction, b.Direction))
		})
		f.Rules = slices.CompactFunc(f.Rules, func(a, b fabric.FilterRule) bool { return a.Priority == b.Priority && a.Direction == b.Direction })
		n.Filters = append(n.Filters, *f)
	}
}

func (r *reader) aclVPC(x *doc.Resource) (int, bool) {
	if x.Type == "aws_network_acl" {
		return r.vpcOf(x, "vpc_id")
	}
	if id := x.Text("default_network_acl_id"); id != "" {
		for _, v := range r.src.Of(vpcTypes.Types...) {
			if v.Text("default_network_acl_id") == id {
				return r.vpcs[v], true
			}
		}
	}
	if l := x.One("default_network_acl_id", vpcTypes); l.Clarity == doc.Inside {
		return r.vpcs[l.To], true
	}
	return r.vpcOf(x, "vpc_id")
}

// aclSubnets says which subnets the ACLs are of.
func (r *reader) aclSubnets(filters map[*doc.Resource]*fabric.Filter) {
	n := r.d.Net
	set := func(x, subnet *doc.Resource) {
		if i, ok := r.subnets[subnet]; ok && filters[x] != nil {
			n.Subnets[i].NACL = filters[x].ID
		}
	}
	for _, x := range r.src.Of("aws_network_acl", "aws_default_network_acl") {
		list, outside, clear := x.All("subnet_ids", subnetTypes)
		for _, s := range list {
			set(x, s)
		}
		if f := filters[x]; f != nil && (!clear || len(outside) > 0) {
			draft.Doubt(&f.Meta, "the subnets that it is of are not all known")
			r.unclear(x, "the subnets that it is of are not all known")
		}
	}
	for _, x := range r.src.Of("aws_network_acl_association") {
		l, s := x.One("network_acl_id", aclTypes), x.One("subnet_id", subnetTypes)
		if l.Clarity != doc.Inside || s.Clarity != doc.Inside {
			for _, c := range x.Could("subnet_id", subnetTypes) {
				if i, ok := r.subnets[c]; ok {
					draft.Doubt(&n.Subnets[i].Meta, "its network ACL is not known")
				}
			}
			r.unclear(x, "the network ACL or the subnet is not in the file or cannot be told")
			continue
		}
		set(l.To, s.To)
	}
	for _, x := range r.src.Of("aws_default_network_acl") {
		f := filters[x]
		if f == nil {
			continue
		}
		for _, i := range sorted(r.subnets) {
			if s := &n.Subnets[i]; s.VPC == f.VPC && s.NACL == "" {
				s.NACL = f.ID
			}
		}
	}
}

// aclRule reads a rule: stateless, by number.
func aclRule(b doc.Block, d fabric.Direction, number, action string) fabric.FilterRule {
	rule := fabric.FilterRule{Direction: d, Action: fabric.Deny, Priority: b.Int(number), Origin: b.Resource().Origin}
	rule.Name = d.String() + " " + strconv.Itoa(rule.Priority)
	if strings.EqualFold(b.Text(action), "allow") {
		rule.Action = fabric.Allow
	}
	if b.Unknown(number) || b.Unknown(action) {
		rule.Unread = "its number or action is only known once applied"
	}
	list, _ := b.Prefixes("cidr_block")
	switch {
	case b.Unknown("cidr_block"):
		rule.All, rule.Unread = true, join(rule.Unread, "whom it is about is only known once applied")
	case slices.Contains(list, everywhere):
		rule.All = true
	case len(list) > 0:
		rule.Peers = list
	default: // of IPv6: it matches no packet of IPv4
		rule.Peers, _ = b.Prefixes("ipv6_cidr_block")
	}
	p, ok := proto(b.Text("protocol"))
	if !ok {
		rule.Unread = join(rule.Unread, "its protocol is not known")
		return rule
	}
	if p == vocab.AnyProto {
		return rule
	}
	s := vocab.Service{Proto: p}
	from, hasFrom := b.Get("from_port").Int()
	to, hasTo := b.Get("to_port").Int()
	kind, hasKind := b.Get("icmp_type").Int()
	code, hasCode := b.Get("icmp_code").Int()
	switch {
	case b.Unknown("from_port") || b.Unknown("to_port"):
		rule.Unread = join(rule.Unread, "its ports are only known once applied")
	case p.HasPorts() && hasFrom && hasTo:
		if s.Ports, ok = portRange(from, to); !ok {
			rule.Unread = join(rule.Unread, "its ports are out of range")
		}
	case p == vocab.ICMP && kind == 3 && code == 4:
		rule.PathMTU = true
	case p == vocab.ICMP && (hasKind && kind != -1 || hasCode && code != -1):
		rule.Unread = join(rule.Unread, "it is about one type of ICMP")
	}
	rule.Services = []vocab.Service{s}
	return rule
}
