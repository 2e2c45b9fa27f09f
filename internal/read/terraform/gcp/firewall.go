package gcp

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
	"github.com/tieline/tieline/internal/vocab"
)

// everywhere is every IPv4 address.
var everywhere = netip.PrefixFrom(netip.IPv4Unspecified(), 0)

// readFirewalls makes one filter of each VPC's firewall rules and policy, in
// the order that they are evaluated: rules before the policy unless the network
// says otherwise (https://cloud.google.com/firewall/docs/firewall-policies-overview).
func (r *reader) readFirewalls() {
	n := r.d.Net
	classic := map[int][]fabric.FilterRule{}
	for _, x := range r.src.Of("google_compute_firewall") {
		i, ok := r.networkOf(x, "network")
		if !ok || x.True("disabled") {
			continue
		}
		classic[i] = append(classic[i], r.firewallRules(x)...)
	}
	policies, doubts := r.policies()
	for _, x := range r.src.Of("google_compute_network") {
		i := r.networks[x]
		v := &n.VPCs[i]
		f := fabric.Filter{ID: fabric.FilterID(r.d.ID(string(v.ID) + "/firewall")), Meta: v.Meta, Kind: fabric.FirewallPolicy, VPC: v.ID, Name: v.Name}
		f.Meta.Unread = doubts[i]
		if len(v.Sites) == 1 {
			f.Site = v.Sites[0]
		}
		for _, s := range n.Subnets {
			if s.VPC == v.ID {
				f.Subnets = append(f.Subnets, s.ID)
			}
		}
		first, second := classic[i], policies[i]
		if x.Text("network_firewall_policy_enforcement_order") == "BEFORE_CLASSIC_FIREWALL" {
			first, second = second, first
		}
		f.Rules = sequence(first, second)
		if len(f.Rules) == 0 && f.Meta.Unread == "" {
			continue // what Google does without any rule holds
		}
		n.Filters = append(n.Filters, f)
	}
}

// sequence orders two sets of rules, each by priority with denials first, and
// puts one after the other.
func sequence(first, second []fabric.FilterRule) []fabric.FilterRule {
	by := func(a, b fabric.FilterRule) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(b.Action, a.Action))
	}
	slices.SortStableFunc(first, by)
	slices.SortStableFunc(second, by)
	shift := 0
	if len(first) > 0 && len(second) > 0 {
		shift = first[len(first)-1].Priority + 1
	}
	out := slices.Clone(first)
	for _, rule := range second {
		rule.Priority += shift
		out = append(out, rule)
	}
	seen := map[string]int{}
	for i := range out {
		name := out[i].Name
		if seen[name]++; seen[name] > 1 {
			out[i].Name = name + " #" + strconv.Itoa(seen[name])
		}
	}
	return out
}

// defaultPriority is what a firewall rule has when none is given
// (https://cloud.google.com/firewall/docs/firewalls#priority_order_for_firewall_rules).
const defaultPriority = 1000

func (r *reader) firewallRules(x *doc.Resource) []fabric.FilterRule {
	rule := fabric.FilterRule{Name: title(x), Direction: fabric.Ingress, Action: fabric.Allow, Priority: defaultPriority, Origin: x.Origin, Note: x.Text("description")}
	if p, ok := x.Get("priority").Int(); ok {
		rule.Priority = p
	}
	sources, destinations := sides(x.Block, "source_ranges", "destination_ranges")
	blocks := x.Blocks("allow")
	if x.Set("deny") {
		rule.Action, blocks = fabric.Deny, x.Blocks("deny")
	}
	narrowed := x.Set("source_tags") || x.Set("source_service_accounts")
	if x.Text("direction") == "EGRESS" {
		rule.Direction = fabric.Egress
		sources, destinations = destinations, sources
	}
	r.far(&rule, sources, destinations, narrowed)
	for _, name := range []string{"source_tags", "source_service_accounts", "target_tags", "target_service_accounts"} {
		if x.Set(name) {
			rule.Unread = join(rule.Unread, "which machines have its "+strings.ReplaceAll(name, "_", " ")+" is not modelled")
		}
	}
	for _, name := range []string{"source_ranges", "destination_ranges", "priority", "direction"} {
		if x.Unknown(name) {
			rule.Unread = join(rule.Unread, "its "+strings.ReplaceAll(name, "_", " ")+" is only known once applied")
		}
	}
	rule.Services = services(&rule, blocks, "protocol")
	if rule.Unread != "" {
		r.unclear(x, rule.Unread)
	}
	return []fabric.FilterRule{rule}
}

// side is a list of ranges, set or not.
type side struct {
	list []netip.Prefix
	set  bool
}

func sides(b doc.Block, sources, destinations string) (from, to side) {
	read := func(name string) side {
		list, _ := b.Prefixes(name)
		v4 := slices.DeleteFunc(slices.Clone(list), func(p netip.Prefix) bool { return !p.Addr().Is4() })
		if len(v4) == 0 && len(list) > 0 {
			v4 = list // of IPv6 alone: matches no packet of IPv4
		}
		return side{v4, b.Set(name)}
	}
	return read(sources), read(destinations)
}

// far sets the far and the near side of a rule.
func (r *reader) far(rule *fabric.FilterRule, far, near side, narrowed bool) {
	switch {
	case !far.set && !narrowed, slices.Contains(far.list, everywhere):
		rule.All = true
	case len(far.list) > 0:
		rule.Peers = far.list
	default:
		rule.All = true // tags or what is not known: the rule is unread
	}
	if !slices.Contains(near.list, everywhere) {
		rule.Local = near.list
	}
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// services reads protocols with their ports; none when they are all, or when
// one is not known, as that may be any.
func services(rule *fabric.FilterRule, blocks []doc.Block, protocol string) []vocab.Service {
	var out []vocab.Service
	before := rule.Unread
	doubt := func(what string) { rule.Unread = join(rule.Unread, what) }
	for _, b := range blocks {
		p, ok := proto(b.Text(protocol))
		if !ok || b.Unknown("ports") {
			doubt("its protocol or ports are not known")
			continue
		}
		ports := b.Texts("ports")
		if p == vocab.AnyProto {
			return nil
		}
		if len(ports) == 0 {
			out = append(out, vocab.Service{Proto: p})
		}
		for _, text := range ports {
			s, err := vocab.ParseService(p.String() + "/" + text)
			if err != nil {
				doubt("its ports " + text + " are not understood")
				continue
			}
			out = append(out, s)
		}
	}
	if rule.Unread != before {
		return nil
	}
	return out
}

func proto(s string) (vocab.Proto, bool) {
	s = strings.ToLower(s)
	if s == "all" {
		return vocab.AnyProto, true
	}
	if p, err := vocab.ParseProto(s); err == nil && s != "any" {
		return p, true
	}
	n, err := strconv.ParseUint(s, 10, 8)
	return vocab.Proto(n), err == nil && n > 0
}

var policyTypes = doc.Types("google_compute_network_firewall_policy")

// policies reads network firewall policies by the VPCs that they are of.
func (r *reader) policies() (rules map[int][]fabric.FilterRule, doubts map[int]string) {
	rules, doubts = map[int][]fabric.FilterRule{}, map[int]string{}
	of := map[*doc.Resource][]fabric.FilterRule{}
	for _, x := range r.src.Of("google_compute_network_firewall_policy_rule") {
		l := r.called(x, x.Block, "firewall_policy", policyTypes)
		if l.To == nil {
			r.unclear(x, "the policy of the rule is not in the file or cannot be told")
			continue
		}
		if !x.True("disabled") {
			of[l.To] = append(of[l.To], r.policyRule(x))
		}
	}
	for _, x := range r.src.Of("google_compute_network_firewall_policy_association") {
		l, to := r.called(x, x.Block, "firewall_policy", policyTypes), r.called(x, x.Block, "attachment_target", networkTypes)
		i, ok := r.networks[to.To]
		switch {
		case ok && l.To != nil:
			rules[i] = append(rules[i], of[l.To]...)
		case ok:
			doubts[i] = "its firewall policy is not in the file or cannot be told"
			r.unclear(x, doubts[i])
		default:
			r.unclear(x, "the network that the policy is of is not in the file or cannot be told")
		}
	}
	for _, kind := range []string{"google_compute_firewall_policy_association", "google_compute_region_network_firewall_policy_association", "google_compute_network_firewall_policy_with_rules"} {
		for _, x := range r.src.Of(kind) {
			r.unclear(x, "a hierarchical or regional policy, or one with rules inside, is not modelled")
			for _, i := range r.networks {
				doubts[i] = "a firewall policy that is not modelled may hold for it"
			}
		}
	}
	return rules, doubts
}

func (r *reader) policyRule(x *doc.Resource) fabric.FilterRule {
	m := x.First("match")
	rule := fabric.FilterRule{Name: cmp.Or(x.Text("rule_name"), title(x)), Direction: fabric.Ingress, Priority: x.Int("priority"), Origin: x.Origin, Note: x.Text("description")}
	from, to := sides(m, "src_ip_ranges", "dest_ip_ranges")
	if strings.EqualFold(x.Text("direction"), "EGRESS") {
		rule.Direction = fabric.Egress
		from, to = to, from
	}
	narrow := []string{
		"src_address_groups", "src_fqdns", "src_region_codes", "src_secure_tags", "src_threat_intelligences", "src_networks", "src_network_context",
		"dest_address_groups", "dest_fqdns", "dest_region_codes", "dest_threat_intelligences", "dest_network_context",
	}
	narrowed := false
	for _, name := range narrow {
		if m.Set(name) {
			narrowed = true
			rule.Unread = join(rule.Unread, "its "+strings.ReplaceAll(name, "_", " ")+" are not modelled")
		}
	}
	for _, name := range []string{"target_secure_tags", "target_service_accounts"} {
		if x.Set(name) {
			rule.Unread = join(rule.Unread, "which machines have its "+strings.ReplaceAll(name, "_", " ")+" is not modelled")
		}
	}
	r.far(&rule, from, to, narrowed)
	switch x.Text("action") {
	case "allow":
		rule.Action = fabric.Allow
	case "deny":
		rule.Action = fabric.Deny
	default:
		rule.Action = fabric.Deny
		rule.Unread = join(rule.Unread, "its action "+strconv.Quote(x.Text("action"))+" is not modelled")
	}
	for _, b := range []struct {
		block doc.Block
		name  string
	}{{x.Block, "priority"}, {x.Block, "action"}, {x.Block, "direction"}, {m, "src_ip_ranges"}, {m, "dest_ip_ranges"}} {
		if b.block.Unknown(b.name) {
			rule.Unread = join(rule.Unread, "its "+strings.ReplaceAll(b.name, "_", " ")+" is only known once applied")
		}
	}
	rule.Services = services(&rule, m.Blocks("layer4_configs"), "ip_protocol")
	if rule.Unread != "" {
		r.unclear(x, rule.Unread)
	}
	return rule
}
