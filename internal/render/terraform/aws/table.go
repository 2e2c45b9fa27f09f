package aws

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/render/terraform/root"
)

// members are attachments of a transit gateway that are written together: a
// VPC's, or those of a link. All keys are constants and attachments of
// different kinds of resource are not mixed, so that a plan says which is which.
type members struct {
	gateway     fabric.Gateway
	origin      fabric.Origin
	id          string // what the resources are named after
	attachments []fabric.Attachment
	// attachment gives the id of the attachment with a key, an expression.
	attachment func(key hcl.Expr) hcl.Expr
}

// tables associates attachments with the route tables of a transit gateway,
// lets tables learn their prefixes, and writes the static routes to them.
func (w writer) tables(b *hcl.Body, m members) {
	w.associations(b, m)
	w.propagations(b, m)
	w.staticRoutes(b, m)
}

// associations says by which table each attachment's traffic is routed.
func (w writer) associations(b *hcl.Body, m members) {
	var items []hcl.Item
	var keys []root.Key
	for _, a := range m.attachments {
		for _, t := range m.gateway.Tables {
			if !m.gateway.DefaultTable && slices.Contains(t.Associate, a.ID) {
				items = append(items, hcl.Item{Key: attachmentKey(m.gateway, a), Value: hcl.Quote(t.Name)})
				keys = append(keys, w.attachmentKeys(m.gateway, a, "", ""))
			}
		}
	}
	if len(items) == 0 {
		return
	}
	const kind = "aws_ec2_transit_gateway_route_table_association"
	w.open(b, m.origin, kind, m.id, m.gateway.Meta.Account, forEach(hcl.Map(items...)))
	w.r.ResourceKeys(kind, m.id, keys...)
	b.Attr("transit_gateway_attachment_id", m.attachment("each.key"))
	b.Attr("transit_gateway_route_table_id", w.tableID(m.gateway, "each.value"))
	b.End()
}

// propagations says which tables learn each attachment's prefixes.
func (w writer) propagations(b *hcl.Body, m members) {
	var items []hcl.Item
	var keys []root.Key
	for _, t := range m.gateway.Tables {
		for _, a := range m.attachments {
			if !m.gateway.DefaultTable && slices.Contains(t.Propagate, a.ID) {
				items = append(items, inTable(t.Name, "attachment", attachmentKey(m.gateway, a)))
				keys = append(keys, w.attachmentKeys(m.gateway, a, t.Name+" ", formerTable(t)+" "))
			}
		}
	}
	if len(items) == 0 {
		return
	}
	const kind = "aws_ec2_transit_gateway_route_table_propagation"
	w.open(b, m.origin, kind, m.id, m.gateway.Meta.Account, forEach(hcl.Map(items...)))
	w.r.ResourceKeys(kind, m.id, keys...)
	b.Attr("transit_gateway_attachment_id", m.attachment("each.value.attachment"))
	b.Attr("transit_gateway_route_table_id", w.tableID(m.gateway, "each.value.table"))
	b.End()
}

// attachmentKeys returns an attachment's key before and after renames, after
// what leads it and what led it.
func (w writer) attachmentKeys(g fabric.Gateway, a fabric.Attachment, lead, was string) root.Key {
	key := attachmentKey(g, a)
	if a.Kind != fabric.TransitVPCAttachment {
		return root.Key{New: lead + key, Old: was + key}
	}
	site := names.Former(w.n, string(g.Site))
	return root.Key{New: lead + key, Old: was + strings.TrimPrefix(names.Former(w.n, string(a.VPC)), site+"/")}
}

// staticRoutes writes the static routes of a transit gateway that lead to one
// of the attachments.
func (w writer) staticRoutes(b *hcl.Body, m members) {
	for _, a := range m.attachments {
		items, keys := staticTo(m.gateway, func(h fabric.Hop) bool {
			return h.Kind == fabric.HopAttachment && h.Attachment == a.ID
		})
		if len(items) == 0 {
			continue
		}
		id := m.id
		if a.Kind == fabric.TransitVPNAttachment {
			id += "/" + attachmentKey(m.gateway, a)
		}
		key := hcl.Quote(attachmentKey(m.gateway, a))
		w.transitTableRoutes(b, m.gateway, m.origin, id, items, keys, hcl.Item{Key: "transit_gateway_attachment_id", Value: m.attachment(key)})
	}
}

// blackholes writes the static routes of a transit gateway that drop.
func (w writer) blackholes(b *hcl.Body, g fabric.Gateway) {
	items, keys := staticTo(g, func(h fabric.Hop) bool { return h.Kind == fabric.HopBlackhole })
	if len(items) > 0 {
		w.transitTableRoutes(b, g, g.Meta.Origin, names.Owner(g.ID)+"/blackhole", items, keys, hcl.Item{Key: "blackhole", Value: "true"})
	}
}

func (w writer) transitTableRoutes(b *hcl.Body, g fabric.Gateway, o fabric.Origin, id string, items []hcl.Item, keys []root.Key, target hcl.Item) {
	w.open(b, o, "aws_ec2_transit_gateway_route", id, g.Meta.Account, forEach(hcl.Map(items...)))
	w.r.ResourceKeys("aws_ec2_transit_gateway_route", id, keys...)
	b.Attr("transit_gateway_route_table_id", w.tableID(g, "each.value.table"))
	b.Attr("destination_cidr_block", "each.value.prefix")
	b.Attr(target.Key, target.Value)
	b.End()
}

// staticTo gives the static routes of a transit gateway of a kind, by table and
// prefix, with their keys before and after renames.
func staticTo(g fabric.Gateway, wanted func(fabric.Hop) bool) ([]hcl.Item, []root.Key) {
	var items []hcl.Item
	var keys []root.Key
	for _, t := range g.Tables {
		for _, rt := range t.Routes {
			if wanted(rt.Hop) {
				p := rt.Prefix.String()
				items = append(items, inTable(t.Name, "prefix", p))
				keys = append(keys, root.Key{New: t.Name + " " + p, Old: formerTable(t) + " " + p})
			}
		}
	}
	return items, keys
}

// formerTable is the key of a table before its segments were renamed.
func formerTable(t fabric.TransitTable) string { return cmp.Or(t.Was, t.Name) }

// inTable is an entry of a for_each map over what is in tables.
func inTable(table, what, value string) hcl.Item {
	return hcl.Item{Key: table + " " + value, Value: hcl.Object(
		hcl.Item{Key: "table", Value: hcl.Quote(table)}, hcl.Item{Key: what, Value: hcl.Quote(value)},
	)}
}

// tableID returns the id of the transit gateway's table with a name: its
// default table, or one of its own, in this root or by the output of another.
func (w writer) tableID(g fabric.Gateway, name hcl.Expr) hcl.Expr {
	if g.DefaultTable {
		return w.r.Ref(gatewayRef(g, "association_default_route_table_id"))
	}
	label := names.GatewayLabel(g.ID)
	resource := "aws_ec2_transit_gateway_route_table." + label
	if w.r.Holds(g.Site) {
		return hcl.Expr(resource) + "[" + name + "].id"
	}
	ids := names.Ref{Home: g.Site, Expr: "{ for name, table in " + resource + " : name => table.id }", Output: label + "_table_ids"}
	return w.r.Ref(ids) + "[" + name + "]"
}
