package azure

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/vocab"
)

// filters writes the network security groups of a VNet.
func (w writer) filters(site fabric.Site, v fabric.VPC) {
	for _, f := range w.r.Set.Filters(v.ID) {
		if f.Kind != fabric.NSG {
			panic("azure: filter " + string(f.ID) + " is a " + f.Kind.String())
		}
		w.nsg(w.r.SiteFile(site.ID, "rules"), site, v, f)
	}
}

// nsg writes a security group, its rules as one group by name, and its
// association with each subnet.
func (w writer) nsg(b *hcl.Body, site fabric.Site, v fabric.VPC, f fabric.Filter) {
	id := string(f.ID)
	label := names.Label(id)
	g := groupOf(site, f.Meta.Account)
	w.r.Resource(b, f.Meta.Origin, "azurerm_network_security_group", id)
	b.Attr("provider", w.r.Provider(f.Meta.Account))
	b.Blank()
	w.place(b, hcl.Quote(names.Fit(w.rule, f.Name)), g)
	b.Attr("tags", w.vpcTags(v))
	b.End()

	if len(f.Rules) > 0 {
		w.r.Locals(b, hcl.Item{Key: label + "_rules", Value: w.ruleMap(f)})
		w.r.Resource(b, f.Meta.Origin, "azurerm_network_security_rule", id)
		b.Attr("for_each", hcl.Expr("local."+label+"_rules"))
		b.Attr("provider", w.r.Provider(f.Meta.Account))
		b.Blank()
		b.Attr("name", "each.key")
		b.Attr("resource_group_name", w.groupAttr(g, "name"))
		b.Attr("network_security_group_name", hcl.Expr("azurerm_network_security_group."+label+".name"))
		b.Attr("priority", "each.value.priority")
		b.Attr("direction", "each.value.direction")
		b.Attr("access", "each.value.access")
		b.Attr("protocol", "each.value.protocol")
		b.Attr("source_port_range", `"*"`)
		oneOrMany(b, "destination_port_range", "destination_port_ranges", "ports")
		oneOrMany(b, "source_address_prefix", "source_address_prefixes", "from")
		oneOrMany(b, "destination_address_prefix", "destination_address_prefixes", "to")
		b.End()
	}

	for _, id := range f.Subnets {
		s := w.subnetOf(id)
		w.r.Resource(b, f.Meta.Origin, "azurerm_subnet_network_security_group_association", string(s.ID))
		b.Attr("provider", w.r.Provider(v.Meta.Account))
		b.Blank()
		b.Attr("subnet_id", w.subnetID(v, s))
		b.Attr("network_security_group_id", hcl.Expr("azurerm_network_security_group."+label+".id"))
		b.End()
	}
}

// oneOrMany writes the two arguments of which Azure takes the first for a
// single value, which may be a tag or "*", and the second for a list.
func oneOrMany(b *hcl.Body, one, many, key string) {
	list := "each.value." + key
	b.Attr(one, hcl.Expr("length("+list+") == 1 ? "+list+"[0] : null"))
	b.Attr(many, hcl.Expr("length("+list+") == 1 ? null : "+list))
}

// ruleMap gives the rules of a group by name.
func (w writer) ruleMap(f fabric.Filter) hcl.Expr {
	rule := w.r.Set.Atlas.Name(atlas.NameAzureRule)
	items := make([]hcl.Item, len(f.Rules))
	for i, r := range f.Rules {
		protocol, ports := service(f.ID, r)
		far, near := peers(r), []string{"*"}
		if len(r.Local) > 0 {
			near = prefixTexts(r.Local)
		}
		direction, from, to := "Inbound", far, near
		if r.Direction == fabric.Egress {
			direction, from, to = "Outbound", near, far
		}
		access := "Allow"
		if r.Action == fabric.Deny {
			access = "Deny"
		}
		items[i] = hcl.Item{Key: names.Fit(rule, r.Name), Value: row(
			hcl.Item{Key: "priority", Value: hcl.Int(r.Priority)},
			hcl.Item{Key: "direction", Value: hcl.Quote(direction)},
			hcl.Item{Key: "access", Value: hcl.Quote(access)},
			hcl.Item{Key: "protocol", Value: hcl.Quote(protocol)},
			hcl.Item{Key: "ports", Value: hcl.Strings(ports...)},
			hcl.Item{Key: "from", Value: hcl.Strings(from...)},
			hcl.Item{Key: "to", Value: hcl.Strings(to...)},
		)}
	}
	return hcl.Map(items...)
}

// rowWidth is up to where a rule stands on one line, so that the rules of a
// group read as a table.
const rowWidth = 160

func row(items ...hcl.Item) hcl.Expr {
	width := 0
	for _, it := range items {
		width += len(it.Key) + len(it.Value) + len(" = , ")
		if strings.Contains(string(it.Value), "\n") {
			width = rowWidth + 1
		}
	}
	if width > rowWidth {
		return hcl.Map(items...)
	}
	return hcl.Object(items...)
}

// peers gives the far side of a rule: prefixes, or a service tag, or all.
func peers(r fabric.FilterRule) []string {
	switch {
	case r.All:
		return []string{"*"}
	case r.PeerTag != "":
		return []string{r.PeerTag}
	}
	return prefixTexts(r.Peers)
}

// service gives the protocol and ports of a rule, in Azure's names. A rule of
// Azure has one protocol.
func service(id fabric.FilterID, r fabric.FilterRule) (protocol string, ports []string) {
	if len(r.Services) == 0 {
		return "*", []string{"*"}
	}
	proto := r.Services[0].Proto
	for _, s := range r.Services {
		if s.Proto != proto {
			panic("azure: rule " + r.Name + " of " + string(id) + " has several protocols")
		}
		ports = append(ports, s.Ports.String())
	}
	if slices.Contains(ports, "*") {
		ports = []string{"*"}
	}
	switch proto {
	case vocab.AnyProto:
		return "*", ports
	case vocab.TCP:
		return "Tcp", ports
	case vocab.UDP:
		return "Udp", ports
	case vocab.ICMP, vocab.ICMPv6:
		return "Icmp", ports
	case vocab.ESP:
		return "Esp", ports
	}
	panic("azure: rule " + r.Name + " of " + string(id) + " has protocol " + proto.String() + ", which a security group cannot match")
}

func prefixTexts(list []netip.Prefix) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = p.String()
	}
	return out
}
