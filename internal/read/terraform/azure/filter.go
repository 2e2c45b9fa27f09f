package azure

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
	"github.com/tieline/tieline/internal/read/terraform/into/draft"
	"github.com/tieline/tieline/internal/vocab"
)

var groupTypes = doc.Types("azurerm_network_security_group")

// readGroups makes a filter for each VNet that a network security group is used
// in.
func (r *reader) readGroups() {
	n := r.d.Net
	set := func(i int, l doc.Link, x *doc.Resource) {
		if l.Clarity != doc.Inside {
			draft.Doubt(&n.Subnets[i].Meta, "its network security group is not in the file or cannot be told")
			r.unclear(x, "the network security group is not in the file or cannot be told")
			return
		}
		n.Subnets[i].Filter = n.Filters[r.filter(l.To, n.Subnets[i].VPC)].ID
	}
	for _, x := range r.src.Of("azurerm_subnet_network_security_group_association") {
		i, ok := r.subnetOf(x, x.Block, "subnet_id")
		if !ok {
			r.lost(x, "network security group")
			continue
		}
		set(i, x.One("network_security_group_id", groupTypes), x)
	}
	for _, x := range r.src.Of("azurerm_virtual_network") {
		for _, b := range x.Blocks("subnet") {
			if i, ok := r.inline[x.Address+" "+b.Text("name")]; ok && b.Set("security_group") {
				set(i, b.One("security_group", groupTypes), x)
			}
		}
	}
	for _, x := range r.src.Of("azurerm_network_interface_security_group_association") {
		l := x.One("network_interface_id", doc.Types("azurerm_network_interface"))
		if l.To == nil {
			r.unclear(x, "the interface that it is of is not in the file or cannot be told")
			continue
		}
		for _, b := range l.To.Blocks("ip_configuration") {
			if i, ok := r.subnetOf(l.To, b, "subnet_id"); ok {
				draft.Doubt(&n.Subnets[i].Meta, "a machine of it has a network security group of its own, which is not modelled")
			}
		}
	}
}

func (r *reader) filter(x *doc.Resource, vnet fabric.VPCID) int {
	key := tableKey{x, vnet}
	if i, ok := r.filters[key]; ok {
		return i
	}
	n := r.d.Net
	f := fabric.Filter{
		ID: fabric.FilterID(r.d.ID(string(vnet) + "/" + title(x) + "/nsg")), Meta: r.meta(x, region(x)), Kind: fabric.NSG, Site: r.siteOf(vnet), VPC: vnet, Name: title(x),
	}
	if x.Unknown("security_rule") && len(x.Blocks("security_rule")) == 0 {
		draft.Doubt(&f.Meta, "its rules are only known once applied")
	}
	for _, b := range x.Blocks("security_rule") {
		f.Rules = append(f.Rules, r.rule(b))
	}
	for _, y := range r.src.Of("azurerm_network_security_rule") {
		l := r.called(y, "network_security_group_name", groupTypes)
		switch {
		case l.To == x:
			f.Rules = append(f.Rules, r.rule(y.Block))
		case l.Clarity == doc.Unclear:
			draft.Doubt(&f.Meta, y.Address+" may be a rule of it")
		}
	}
	slices.SortStableFunc(f.Rules, func(a, b fabric.FilterRule) int {
		if a.Direction != b.Direction {
			return int(a.Direction) - int(b.Direction)
		}
		return a.Priority - b.Priority
	})
	f.Rules = slices.CompactFunc(f.Rules, func(a, b fabric.FilterRule) bool {
		return a.Direction == b.Direction && a.Priority == b.Priority && a.Name == b.Name // a state has it in the group and by itself
	})
	i := len(n.Filters)
	r.filters[key] = i
	n.Filters = append(n.Filters, f)
	return i
}

func (r *reader) rule(b doc.Block) fabric.FilterRule {
	x := b.Resource()
	rule := fabric.FilterRule{Name: b.Text("name"), Direction: fabric.Ingress, Action: fabric.Allow, Priority: b.Int("priority"), Origin: x.Origin, Note: b.Text("description")}
	far, near := "source", "destination"
	if strings.EqualFold(b.Text("direction"), "Outbound") {
		rule.Direction = fabric.Egress
		far, near = near, far
	}
	if strings.EqualFold(b.Text("access"), "Deny") {
		rule.Action = fabric.Deny
	}
	doubt := func(why string) {
		if rule.Unread != "" {
			why = rule.Unread + "; " + why
		}
		rule.Unread = why
	}
	for _, name := range []string{"priority", "direction", "access", "protocol"} {
		if b.Unknown(name) {
			doubt("its " + name + " is only known once applied")
		}
	}
	list, tags, all := addresses(b, far, doubt)
	switch {
	case all || rule.Unread != "" && len(list) == 0 && len(tags) == 0:
		rule.All = true
	case len(tags) == 1 && len(list) == 0:
		rule.PeerTag = tags[0]
	case len(tags) > 0:
		doubt("it is about several service tags, or about tags and prefixes")
		rule.All = true
	case len(list) == 0: // of IPv6 alone
		rule.Peers = []netip.Prefix{netip.PrefixFrom(netip.IPv6Unspecified(), 0)}
	default:
		rule.Peers = list
	}
	local, tags, all := addresses(b, near, doubt)
	switch {
	case all, len(tags) == 1 && len(local) == 0 && tags[0] == virtualNetwork:
		// The subnet's own machines are all in the VNet.
	case len(tags) > 0:
		doubt("its own side is a service tag")
	default:
		rule.Local = local
	}
	r.ports(b, &rule, doubt)
	if rule.Unread != "" {
		r.unclear(x, rule.Unread)
	}
	return rule
}

const virtualNetwork = "VirtualNetwork"

// addresses reads one side of a rule: prefixes, service tags, or everything.
func addresses(b doc.Block, side string, doubt func(string)) (list []netip.Prefix, tags []string, all bool) {
	if b.Set(side + "_application_security_group_ids") {
		doubt("which machines are in its application security groups is not modelled")
	}
	for _, name := range []string{side + "_address_prefix", side + "_address_prefixes"} {
		if b.Unknown(name) {
			doubt("its " + side + " is only known once applied")
		}
		p, rest := b.Prefixes(name)
		for _, x := range p {
			switch {
			case x.Bits() == 0 && x.Addr().Is4():
				all = true
			case x.Addr().Is4():
				list = append(list, x)
			}
		}
		for _, tag := range rest {
			if tag == "*" || strings.EqualFold(tag, "Any") {
				all = true
				continue
			}
			tags = append(tags, tag)
		}
	}
	return list, tags, all
}

// ports reads the protocol and the ports of both sides.
func (r *reader) ports(b doc.Block, rule *fabric.FilterRule, doubt func(string)) {
	protocols, ok := protocols(b.Text("protocol"))
	if !ok {
		doubt("its protocol " + b.Text("protocol") + " is not known")
	}
	ports, any := portRanges(b, "destination", doubt)
	source, anySource := portRanges(b, "source", doubt)
	if !anySource {
		rule.SourcePorts = source
	}
	if any {
		if slices.Equal(protocols, []vocab.Proto{vocab.AnyProto}) {
			return
		}
		for _, p := range protocols {
			rule.Services = append(rule.Services, vocab.Service{Proto: p})
		}
		return
	}
	if slices.Equal(protocols, []vocab.Proto{vocab.AnyProto}) {
		protocols = []vocab.Proto{vocab.TCP, vocab.UDP} // the ones that have these ports
	}
	for _, p := range protocols {
		for _, x := range ports {
			if p.HasPorts() {
				rule.Services = append(rule.Services, vocab.Service{Proto: p, Ports: x})
			}
		}
		if !p.HasPorts() {
			rule.Services = append(rule.Services, vocab.Service{Proto: p})
		}
	}
}

func protocols(s string) ([]vocab.Proto, bool) {
	const authenticationHeader = 51 // IANA protocol numbers
	switch strings.ToLower(s) {
	case "*", "any":
		return []vocab.Proto{vocab.AnyProto}, true
	case "tcp":
		return []vocab.Proto{vocab.TCP}, true
	case "udp":
		return []vocab.Proto{vocab.UDP}, true
	case "icmp":
		return []vocab.Proto{vocab.ICMP}, true
	case "esp":
		return []vocab.Proto{vocab.ESP}, true
	case "ah":
		return []vocab.Proto{authenticationHeader}, true
	}
	return nil, false
}

// portRanges reads the ports of a side; any says that they are all, or that
// some are not known.
func portRanges(b doc.Block, side string, doubt func(string)) (list []vocab.PortRange, any bool) {
	for _, name := range []string{side + "_port_range", side + "_port_ranges"} {
		if b.Unknown(name) {
			doubt("its " + side + " ports are only known once applied")
			any = true
		}
		for _, text := range b.Texts(name) {
			if text == "*" || text == "0-65535" {
				any = true
				continue
			}
			s, err := vocab.ParseService("tcp/" + text)
			if err != nil {
				doubt("its " + side + " ports " + text + " are not understood")
				any = true
				continue
			}
			list = append(list, s.Ports)
		}
	}
	return list, any || len(list) == 0
}
