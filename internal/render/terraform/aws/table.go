package aws

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

// tableMembers associates attachments with the route tables of a transit
// gateway and lets tables learn their prefixes. id names the resources: the
// gateway's owner, or a link whose attachments they are.
func (w writer) tableMembers(b *hcl.Body, g fabric.Gateway, id string, attachments []fabric.Attachment) {
	if g.DefaultTable {
		return
	}
	var associate, propagate []hcl.Item
	for _, a := range attachments {
		for _, t := range g.Tables {
			member := hcl.Object(
				hcl.Item{Key: "attachment", Value: attachmentID(a)},
				hcl.Item{Key: "table", Value: w.r.Ref(tableRef(g, t.Name))},
			)
			if slices.Contains(t.Associate, a.ID) {
				associate = append(associate, hcl.Item{Key: attachmentKey(g, a), Value: member})
			}
			if slices.Contains(t.Propagate, a.ID) {
				propagate = append(propagate, hcl.Item{Key: attachmentKey(g, a) + " " + t.Name, Value: member})
			}
		}
	}
	for _, m := range []struct {
		kind  string
		items []hcl.Item
	}{
		{"aws_ec2_transit_gateway_route_table_association", associate},
		{"aws_ec2_transit_gateway_route_table_propagation", propagate},
	} {
		if len(m.items) == 0 {
			continue
		}
		w.open(b, g.Meta.Origin, m.kind, id, g.Meta.Account, forEach(hcl.Map(m.items...)))
		b.Attr("transit_gateway_attachment_id", "each.value.attachment")
		b.Attr("transit_gateway_route_table_id", "each.value.table")
		b.End()
	}
}

// tableRoutes writes the static routes of a transit gateway that lead to one
// of the attachments.
func (w writer) tableRoutes(b *hcl.Body, g fabric.Gateway, id string, attachments []fabric.Attachment) {
	byID := map[fabric.AttachmentID]fabric.Attachment{}
	for _, a := range attachments {
		byID[a.ID] = a
	}
	var items []hcl.Item
	for _, t := range g.Tables {
		for _, rt := range t.Routes {
			a, ok := byID[rt.Hop.Attachment]
			if rt.Hop.Kind != fabric.HopAttachment || !ok {
				continue
			}
			key := rt.Prefix.String()
			if !g.DefaultTable {
				key = t.Name + " " + key
			}
			items = append(items, hcl.Item{Key: key, Value: hcl.Object(
				hcl.Item{Key: "table", Value: w.r.Ref(tableRef(g, t.Name))},
				hcl.Item{Key: "prefix", Value: hcl.Quote(rt.Prefix.String())},
				hcl.Item{Key: "attachment", Value: attachmentID(a)},
			)})
		}
	}
	if len(items) == 0 {
		return
	}
	w.open(b, g.Meta.Origin, "aws_ec2_transit_gateway_route", id, g.Meta.Account, forEach(hcl.Map(items...)))
	b.Attr("transit_gateway_route_table_id", "each.value.table")
	b.Attr("destination_cidr_block", "each.value.prefix")
	b.Attr("transit_gateway_attachment_id", "each.value.attachment")
	b.End()
}

// blackholes writes the static routes of a transit gateway that drop.
func (w writer) blackholes(b *hcl.Body, g fabric.Gateway) {
	var items []hcl.Item
	for _, t := range g.Tables {
		for _, rt := range t.Routes {
			if rt.Hop.Kind != fabric.HopBlackhole {
				continue
			}
			items = append(items, hcl.Item{Key: t.Name + " " + rt.Prefix.String(), Value: hcl.Object(
				hcl.Item{Key: "table", Value: w.r.Ref(tableRef(g, t.Name))},
				hcl.Item{Key: "prefix", Value: hcl.Quote(rt.Prefix.String())},
			)})
		}
	}
	if len(items) == 0 {
		return
	}
	w.open(b, g.Meta.Origin, "aws_ec2_transit_gateway_route", names.Owner(g.ID)+"/blackhole", g.Meta.Account, forEach(hcl.Map(items...)))
	b.Attr("transit_gateway_route_table_id", "each.value.table")
	b.Attr("destination_cidr_block", "each.value.prefix")
	b.Attr("blackhole", "true")
	b.End()
}
