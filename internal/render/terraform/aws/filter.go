package aws

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/render/terraform/root"
	"github.com/tieline/tieline/internal/vocab"
)

// filters writes the security groups and network ACLs of a VPC.
func (w writer) filters(v fabric.VPC) {
	b := w.r.SiteFile(w.site.ID, "rules")
	for _, f := range w.r.Set.Filters(v.ID) {
		switch f.Kind {
		case fabric.SecurityGroup:
			w.securityGroup(b, v, f)
		case fabric.NetworkACL:
			w.networkACL(b, v, f)
		case fabric.FirewallPolicy, fabric.NSG:
		}
	}
}

// filterOwner is a filter's id without its kind: aws-oregon/ml/training.
func filterOwner(id fabric.FilterID) string {
	s := string(id)
	return strings.TrimSuffix(strings.TrimSuffix(s, "/sg"), "/nacl")
}

func (w writer) securityGroup(b *hcl.Body, v fabric.VPC, f fabric.Filter) {
	id := filterOwner(f.ID)
	w.open(b, f.Meta.Origin, "aws_security_group", id, v.Meta.Account)
	b.Attr("name", hcl.Quote(f.Name))
	b.Attr("description", hcl.Quote("Managed by tieline: "+names.Former(w.n, id)))
	b.Attr("vpc_id", w.r.Ref(vpcID(v)))
	b.Attr("tags", w.r.Tags(w.title(id), v.Environment, v.Tags))
	b.End()
	w.groupRules(b, v, f, fabric.Ingress, "aws_vpc_security_group_ingress_rule")
	w.groupRules(b, v, f, fabric.Egress, "aws_vpc_security_group_egress_rule")
}

// groupRules writes the rules of one direction: a resource for those about
// prefixes, and one for each group or prefix list that rules are about, so that
// all keys and columns are constants. A native rule has one protocol, one range
// of ports and one far side; EC2 refuses a second of the same, so these are the
// keys, and what policies say twice is written once.
func (w writer) groupRules(b *hcl.Body, v fabric.VPC, f fabric.Filter, d fabric.Direction, kind string) {
	var sets []*ruleSet
	for _, rule := range f.Rules {
		if rule.Direction != d {
			continue
		}
		for _, far := range w.farSides(v, f, rule) {
			i := slices.IndexFunc(sets, func(s *ruleSet) bool { return s.whom == far.whom })
			if i < 0 {
				i = len(sets)
				sets = append(sets, &ruleSet{whom: far.whom, target: far.target, seen: map[string]bool{}})
			}
			sets[i].add(rule, far.cidr)
		}
	}
	slices.SortStableFunc(sets, func(a, b *ruleSet) int { return cmp.Compare(a.whom.New, b.whom.New) })
	for _, s := range sets {
		w.ruleSet(b, v, f, d, kind, s)
	}
}

// ruleSet is what one resource holds: rules about prefixes, or about one group
// or prefix list.
type ruleSet struct {
	whom   root.Key // the group or list by its name in the VPC; empty for prefixes
	target hcl.Item // the argument that names it
	items  []hcl.Item
	seen   map[string]bool
}

func (s *ruleSet) add(rule fabric.FilterRule, cidr string) {
	for _, svc := range services(rule) {
		key := svc.String()
		from, to := ports(svc)
		if rule.PathMTU {
			key, from, to = "path-mtu", fragmentationNeeded[0], fragmentationNeeded[1]
		}
		columns := []hcl.Item{{Key: "protocol", Value: hcl.Quote(protocol(svc.Proto))}, {Key: "from", Value: from}, {Key: "to", Value: to}}
		if cidr != "" {
			key += " " + cidr
			columns = append(columns, hcl.Item{Key: "cidr", Value: hcl.Quote(cidr)})
		}
		if s.seen[key] {
			continue
		}
		s.seen[key] = true
		columns = append(columns, hcl.Item{Key: "policy", Value: hcl.Quote(rule.Name)})
		s.items = append(s.items, hcl.Item{Key: key, Value: hcl.Object(columns...)})
	}
}

func (w writer) ruleSet(b *hcl.Body, v fabric.VPC, f fabric.Filter, d fabric.Direction, kind string, s *ruleSet) {
	id := filterOwner(f.ID)
	resource, former := id, names.Former(w.n, id)
	if s.whom.New != "" {
		joint := "/from/"
		if d == fabric.Egress {
			joint = "/to/"
		}
		resource, former = id+joint+s.whom.New, former+joint+s.whom.Old
	}
	w.openWas(b, f.Meta.Origin, kind, resource, former, v.Meta.Account, forEach(hcl.Map(s.items...)))
	b.Attr("security_group_id", hcl.Expr("aws_security_group."+names.Label(id)+".id"))
	b.Attr("description", "each.value.policy")
	b.Attr("ip_protocol", "each.value.protocol")
	b.Attr("from_port", "each.value.from")
	b.Attr("to_port", "each.value.to")
	b.Attr(s.target.Key, s.target.Value)
	b.Attr("tags", w.r.Tags("", "", nil))
	b.End()
}

// fragmentationNeeded is the type and code of the ICMP message that path MTU
// discovery rests on (RFC 1191 section 4), which EC2 takes for ports.
var fragmentationNeeded = [2]hcl.Expr{"3", "4"}

// farSide is whom a rule is about: a prefix, a security group or a gateway
// endpoint's prefix list.
type farSide struct {
	cidr   string // empty for the others
	whom   root.Key
	target hcl.Item
}

func (w writer) farSides(v fabric.VPC, f fabric.Filter, rule fabric.FilterRule) []farSide {
	byPrefix := func(p string) farSide {
		return farSide{cidr: p, target: hcl.Item{Key: "cidr_ipv4", Value: "each.value.cidr"}}
	}
	if rule.PeerEndpoint != "" {
		service := names.Last(string(rule.PeerEndpoint))
		list := hcl.Index(hcl.Expr("aws_vpc_endpoint."+names.Label(string(v.ID)+"/gateway")), service) + ".prefix_list_id"
		whom := "list/" + service // no subnet's or endpoint's group is called so: its name has one part, or ends in endpoint
		return []farSide{{whom: root.Key{New: whom, Old: whom}, target: hcl.Item{Key: "prefix_list_id", Value: list}}}
	}
	if rule.All {
		return []farSide{byPrefix(everywhere)}
	}
	if rule.PeerFilter != "" {
		owner := filterOwner(rule.PeerFilter)
		former := names.Former(w.n, owner)
		whom := root.Key{
			New: strings.TrimPrefix(owner, string(v.ID)+"/"),
			Old: strings.TrimPrefix(former, names.Former(w.n, string(v.ID))+"/"),
		}
		peer := hcl.Expr("aws_security_group." + names.Label(owner) + ".id")
		if rule.PeerFilter != f.ID {
			peer = w.r.Ref(securityGroupID(w.n, rule.PeerFilter))
		}
		return []farSide{{whom: whom, target: hcl.Item{Key: "referenced_security_group_id", Value: peer}}}
	}
	out := make([]farSide, len(rule.Peers))
	for i, p := range rule.Peers {
		out[i] = byPrefix(p.String())
	}
	return out
}

// everywhere is every IPv4 address.
const everywhere = "0.0.0.0/0"

func services(rule fabric.FilterRule) []vocab.Service {
	if len(rule.Services) == 0 {
		return []vocab.Service{{Proto: vocab.AnyProto}}
	}
	return rule.Services
}

// protocol spells a protocol as EC2 does: by name where it has one, else by
// number, -1 for any.
func protocol(p vocab.Proto) string {
	switch p {
	case vocab.AnyProto:
		return "-1"
	case vocab.TCP, vocab.UDP, vocab.ICMP, vocab.ICMPv6:
		return p.String()
	case vocab.GRE, vocab.ESP, vocab.SCTP:
	}
	return strconv.Itoa(int(p))
}

// protocolNumber spells a protocol as a network ACL keeps it: by number, -1 for any.
func protocolNumber(p vocab.Proto) string {
	if p == vocab.AnyProto {
		return "-1"
	}
	return strconv.Itoa(int(p))
}

// ports spells the ports of a security group's rule: -1 for every type and code
// of ICMP, null for protocols without ports.
func ports(s vocab.Service) (from, to hcl.Expr) {
	switch {
	case s.Proto == vocab.ICMP || s.Proto == vocab.ICMPv6:
		return "-1", "-1"
	case s.Proto == vocab.TCP || s.Proto == vocab.UDP:
		if s.Ports.IsAny() {
			return "0", "65535"
		}
		return hcl.Int(int(s.Ports.First)), hcl.Int(int(s.Ports.Last))
	}
	return "null", "null"
}

// networkACL writes a network ACL with its rules. A rule of several services or
// prefixes takes the numbers from its own onwards.
func (w writer) networkACL(b *hcl.Body, v fabric.VPC, f fabric.Filter) {
	id, label := filterOwner(f.ID), names.Label(filterOwner(f.ID))
	var subnets []hcl.Expr
	for _, sid := range f.Subnets {
		s := w.mustSubnet(sid)
		for _, p := range s.Parts {
			if !s.Existing {
				subnets = append(subnets, subnetID(v, s, p))
			}
		}
	}
	w.open(b, f.Meta.Origin, "aws_network_acl", id, v.Meta.Account)
	b.Attr("vpc_id", w.r.Ref(vpcID(v)))
	b.Attr("subnet_ids", hcl.Lines(subnets...))
	b.Attr("tags", w.r.Tags(w.title(id), v.Environment, v.Tags))
	b.End()

	var items []hcl.Item
	for _, rule := range f.Rules {
		items = append(items, aclRules(rule)...)
	}
	if len(items) == 0 {
		return
	}
	w.open(b, f.Meta.Origin, "aws_network_acl_rule", id, v.Meta.Account, forEach(hcl.Map(items...)))
	b.Attr("network_acl_id", hcl.Expr("aws_network_acl."+label+".id"))
	b.Attr("egress", "each.value.egress")
	b.Attr("rule_number", "each.value.number")
	b.Attr("rule_action", "each.value.action")
	b.Attr("protocol", "each.value.protocol")
	b.Attr("from_port", "each.value.from")
	b.Attr("to_port", "each.value.to")
	b.Attr("icmp_type", "each.value.icmp")
	b.Attr("icmp_code", "each.value.icmp")
	b.Attr("cidr_block", "each.value.cidr")
	b.End()
}

func aclRules(rule fabric.FilterRule) []hcl.Item {
	var peers []string
	if rule.All {
		peers = []string{everywhere}
	}
	for _, p := range rule.Peers {
		peers = append(peers, p.String())
	}
	var items []hcl.Item
	for _, svc := range services(rule) {
		for _, peer := range peers {
			icmp := hcl.Expr("null")
			from, to := ports(svc)
			if from == "-1" {
				from, to, icmp = "null", "null", "-1"
			}
			number := hcl.Int(rule.Priority + len(items))
			items = append(items, hcl.Item{Key: rule.Direction.String() + " " + string(number), Value: hcl.Object(
				hcl.Item{Key: "egress", Value: hcl.Bool(rule.Direction == fabric.Egress)},
				hcl.Item{Key: "number", Value: number},
				hcl.Item{Key: "action", Value: hcl.Quote(rule.Action.String())},
				hcl.Item{Key: "protocol", Value: hcl.Quote(protocolNumber(svc.Proto))},
				hcl.Item{Key: "from", Value: from}, hcl.Item{Key: "to", Value: to}, hcl.Item{Key: "icmp", Value: icmp},
				hcl.Item{Key: "cidr", Value: hcl.Quote(peer)},
			)})
		}
	}
	return items
}
