package aws

import (
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

// groupRules writes the rules of one direction. A native rule has one protocol,
// one range of ports and one far side; EC2 refuses a second of the same, so
// these are the keys, and what policies say twice is written once.
func (w writer) groupRules(b *hcl.Body, v fabric.VPC, f fabric.Filter, d fabric.Direction, kind string) {
	id := filterOwner(f.ID)
	var items []hcl.Item
	var keys []root.Key
	lists := false // prefix lists are rare: no column for them where there are none
	for _, rule := range f.Rules {
		lists = lists || rule.Direction == d && rule.PeerEndpoint != ""
	}
	seen := map[string]bool{}
	for _, rule := range f.Rules {
		if rule.Direction != d {
			continue
		}
		far := w.farSides(v, f, rule)
		for _, svc := range services(rule) {
			what := svc.String()
			from, to := ports(svc)
			if rule.PathMTU {
				what, from, to = "path-mtu", fragmentationNeeded[0], fragmentationNeeded[1]
			}
			for _, x := range far {
				key := what + " " + x.key.New
				if seen[key] {
					continue
				}
				seen[key] = true
				keys = append(keys, root.Key{New: key, Old: what + " " + x.key.Old})
				columns := []hcl.Item{
					{Key: "protocol", Value: hcl.Quote(protocol(svc.Proto))},
					{Key: "from", Value: from},
					{Key: "to", Value: to},
					{Key: "cidr", Value: x.cidr},
					{Key: "peer", Value: x.peer},
				}
				if lists {
					columns = append(columns, hcl.Item{Key: "list", Value: x.list})
				}
				columns = append(columns, hcl.Item{Key: "policy", Value: hcl.Quote(rule.Name)})
				items = append(items, hcl.Item{Key: key, Value: hcl.Object(columns...)})
			}
		}
	}
	if len(items) == 0 {
		return
	}
	w.open(b, f.Meta.Origin, kind, id, v.Meta.Account, forEach(hcl.Map(items...)))
	w.r.ResourceKeys(kind, id, keys...)
	b.Attr("security_group_id", hcl.Expr("aws_security_group."+names.Label(id)+".id"))
	b.Attr("description", "each.value.policy")
	b.Attr("ip_protocol", "each.value.protocol")
	b.Attr("from_port", "each.value.from")
	b.Attr("to_port", "each.value.to")
	b.Attr("cidr_ipv4", "each.value.cidr")
	b.Attr("referenced_security_group_id", "each.value.peer")
	if lists {
		b.Attr("prefix_list_id", "each.value.list")
	}
	b.Attr("tags", w.r.Tags("", "", nil))
	b.End()
}

// fragmentationNeeded is the type and code of the ICMP message that path MTU
// discovery rests on (RFC 1191 section 4), which EC2 takes for ports.
var fragmentationNeeded = [2]hcl.Expr{"3", "4"}

// farSide is whom a rule is about: a prefix, a security group or a gateway
// endpoint's prefix list, the others null.
type farSide struct {
	key              root.Key
	cidr, peer, list hcl.Expr
}

func (w writer) farSides(v fabric.VPC, f fabric.Filter, rule fabric.FilterRule) []farSide {
	byPrefix := func(p string) farSide {
		return farSide{key: root.Key{New: p, Old: p}, cidr: hcl.Quote(p), peer: "null", list: "null"}
	}
	if rule.PeerEndpoint != "" {
		service := names.Last(string(rule.PeerEndpoint))
		list := hcl.Index(hcl.Expr("aws_vpc_endpoint."+names.Label(string(v.ID)+"/gateway")), service) + ".prefix_list_id"
		return []farSide{{key: root.Key{New: service, Old: service}, cidr: "null", peer: "null", list: list}}
	}
	if rule.All {
		return []farSide{byPrefix(everywhere)}
	}
	if rule.PeerFilter != "" {
		owner := filterOwner(rule.PeerFilter)
		key := root.Key{New: names.Last(owner), Old: names.Last(names.Former(w.n, owner))}
		peer := hcl.Expr("aws_security_group." + names.Label(owner) + ".id")
		if rule.PeerFilter != f.ID {
			peer = w.r.Ref(securityGroupID(w.n, rule.PeerFilter))
		}
		return []farSide{{key: key, cidr: "null", peer: peer, list: "null"}}
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
				subnets = append(subnets, hcl.Index(hcl.Expr("aws_subnet."+names.Label(string(v.ID))), subnetKey(s, p))+".id")
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
