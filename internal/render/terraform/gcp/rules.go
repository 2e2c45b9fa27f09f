package gcp

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/vocab"
)

// policies writes the firewall policies of a VPC: the policy, its rules as one
// group by name, and its association with the network.
func (w writer) policies(site fabric.Site, v fabric.VPC) {
	for _, f := range w.r.Set.Filters(v.ID) {
		if f.Kind != fabric.FirewallPolicy {
			panic("gcp: filter " + string(f.ID) + " is a " + f.Kind.String())
		}
		w.policy(w.r.SiteFile(site.ID, "rules"), v, f)
	}
}

func (w writer) policy(b *hcl.Body, v fabric.VPC, f fabric.Filter) {
	label := names.Label(string(v.ID))
	policy := hcl.Expr("google_compute_network_firewall_policy." + label)
	name := hcl.Quote(names.Fit(w.rule, f.Name))

	w.r.Resource(b, f.Meta.Origin, "google_compute_network_firewall_policy", string(v.ID))
	b.Attr("provider", w.r.Provider(f.Meta.Account))
	b.Blank()
	b.Attr("name", name)
	b.End()

	if len(f.Rules) > 0 {
		w.r.Locals(b, hcl.Item{Key: label + "_rules", Value: w.ruleMap(f.Rules)})
		w.r.Resource(b, f.Meta.Origin, "google_compute_network_firewall_policy_rule", string(v.ID))
		b.Attr("for_each", hcl.Expr("local."+label+"_rules"))
		b.Attr("provider", w.r.Provider(f.Meta.Account))
		b.Blank()
		b.Attr("firewall_policy", policy+".name")
		b.Attr("rule_name", "each.key")
		b.Attr("priority", "each.value.priority")
		b.Attr("direction", "each.value.direction")
		b.Attr("action", "each.value.action")
		b.Blank()
		b.Block("match")
		b.Attr("src_ip_ranges", "each.value.sources")
		b.Attr("dest_ip_ranges", "each.value.destinations")
		b.Blank()
		b.Block("dynamic", "layer4_configs")
		b.Attr("for_each", "each.value.services")
		b.Blank()
		b.Block("content")
		b.Attr("ip_protocol", "layer4_configs.value.protocol")
		b.Attr("ports", "layer4_configs.value.ports")
		b.End()
		b.End()
		b.End()
		b.End()
	}

	w.r.Resource(b, f.Meta.Origin, "google_compute_network_firewall_policy_association", string(v.ID))
	b.Attr("provider", w.r.Provider(f.Meta.Account))
	b.Blank()
	b.Attr("name", name)
	b.Attr("firewall_policy", policy+".id")
	b.Attr("attachment_target", w.networkRef(v))
	b.End()
}

// ruleMap gives the rules by name in the order they are evaluated, each under
// the spec line that asked for it.
func (w writer) ruleMap(rules []fabric.FilterRule) hcl.Expr {
	var m hcl.Body
	for _, rule := range rules {
		w.r.Head(&m, rule.Origin)
		m.Attr(hcl.Key(rule.Name), ruleObject(rule))
	}
	var text strings.Builder
	text.WriteString("{\n")
	for line := range strings.Lines(string(m.Bytes())) {
		if line != "\n" {
			text.WriteString("  ")
		}
		text.WriteString(line)
	}
	text.WriteString("}")
	return hcl.Expr(text.String())
}

func ruleObject(rule fabric.FilterRule) hcl.Expr {
	far, near := prefixes(rule.Peers), prefixes(rule.Local)
	if rule.All {
		far = hcl.Strings(everywhere(rule.Local))
	}
	sources, destinations := far, near
	if rule.Direction == fabric.Egress {
		sources, destinations = near, far
	}
	return hcl.Map(
		hcl.Item{Key: "priority", Value: hcl.Int(rule.Priority)},
		hcl.Item{Key: "direction", Value: hcl.Quote(strings.ToUpper(rule.Direction.String()))},
		hcl.Item{Key: "action", Value: hcl.Quote(rule.Action.String())},
		hcl.Item{Key: "sources", Value: sources},
		hcl.Item{Key: "destinations", Value: destinations},
		hcl.Item{Key: "services", Value: layer4(rule.Services)},
	)
}

// everywhere is the range of all addresses of the family of the local side.
func everywhere(local []netip.Prefix) string {
	if len(local) > 0 && local[0].Addr().Is6() {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0).String()
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0).String()
}

// prefixes gives a list of ranges; no ranges are null, which matches all.
func prefixes(ps []netip.Prefix) hcl.Expr {
	if len(ps) == 0 {
		return "null"
	}
	text := make([]string, len(ps))
	for i, p := range ps {
		text[i] = p.String()
	}
	return hcl.Strings(text...)
}

// layer4 gives services as protocols with their ports, one entry a protocol.
// No services, or any among them, are all protocols.
func layer4(services []vocab.Service) hcl.Expr {
	all := vocab.Service{Proto: vocab.AnyProto}
	if len(services) == 0 || slices.Contains(services, all) {
		services = []vocab.Service{all}
	}
	sorted := slices.SortedFunc(slices.Values(services), vocab.Service.Compare)
	var entries []hcl.Expr
	for i := 0; i < len(sorted); {
		proto, ports, every := sorted[i].Proto, []string{}, false
		for ; i < len(sorted) && sorted[i].Proto == proto; i++ {
			every = every || sorted[i].Ports.IsAny()
			ports = append(ports, sorted[i].Ports.String())
		}
		value := hcl.Strings(slices.Compact(ports)...)
		if every {
			value = "null"
		}
		entries = append(entries, hcl.Object(
			hcl.Item{Key: "protocol", Value: hcl.Quote(protocol(proto))}, hcl.Item{Key: "ports", Value: value}))
	}
	if len(entries) == 1 {
		return hcl.List(entries...)
	}
	return hcl.Lines(entries...)
}

// protocol gives a protocol as firewall rules spell it: by name where Compute
// Engine has one, otherwise by number
// (https://cloud.google.com/compute/docs/reference/rest/v1/networkFirewallPolicies).
func protocol(p vocab.Proto) string {
	switch p {
	case vocab.AnyProto:
		return "all"
	case vocab.TCP, vocab.UDP, vocab.ICMP, vocab.ESP, vocab.SCTP:
		return p.String()
	}
	return strconv.Itoa(int(p))
}
