package aws

import (
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/render/terraform/root"
)

// gateway writes a site's gateway and what is attached to it inside the site.
func (w writer) gateway(g fabric.Gateway) {
	b := w.r.SiteFile(w.site.ID, "gateway")
	switch g.Kind {
	case fabric.VirtualPrivateGateway:
		w.vpnGateway(b, g)
	case fabric.TransitGateway:
		w.transitGateway(b, g)
	case fabric.HAVPN, fabric.VPNGateway, fabric.VirtualHub, fabric.Device:
		panic("aws: gateway " + string(g.ID) + " is a " + g.Kind.String())
	}
}

func (w writer) vpnGateway(b *hcl.Body, g fabric.Gateway) {
	v := w.mustVPC(g.VPC)
	owner := names.Owner(g.ID)
	w.open(b, g.Meta.Origin, "aws_vpn_gateway", owner, g.Meta.Account)
	b.Attr("vpc_id", w.r.Ref(vpcID(v)))
	b.Attr("amazon_side_asn", hcl.Quote(g.ASN.String()))
	b.Attr("tags", w.r.Tags(w.title(owner), v.Environment, v.Tags))
	b.End()
}

func (w writer) transitGateway(b *hcl.Body, g fabric.Gateway) {
	owner, label := names.Owner(g.ID), names.GatewayLabel(g.ID)
	w.open(b, g.Meta.Origin, "aws_ec2_transit_gateway", owner, g.Meta.Account)
	b.Attr("description", hcl.Quote(w.title(owner)))
	b.Attr("amazon_side_asn", hcl.Expr(g.ASN.String()))
	b.Attr("default_route_table_association", enabled(g.DefaultTable))
	b.Attr("default_route_table_propagation", enabled(g.DefaultTable))
	b.Attr("vpn_ecmp_support", enabled(g.ECMP))
	b.Attr("auto_accept_shared_attachments", enabled(false))
	b.Attr("tags", w.r.Tags(w.title(owner), w.site.Environment, w.site.Tags))
	b.End()

	if !g.DefaultTable && len(g.Tables) > 0 {
		tables, keys := make([]string, len(g.Tables)), make([]root.Key, len(g.Tables))
		for i, t := range g.Tables {
			tables[i], keys[i] = t.Name, root.Key{New: t.Name, Old: formerTable(t)}
		}
		w.open(b, g.Meta.Origin, "aws_ec2_transit_gateway_route_table", owner, g.Meta.Account, forEach("toset("+hcl.Strings(tables...)+")"))
		w.r.ResourceKeys("aws_ec2_transit_gateway_route_table", owner, keys...)
		b.Attr("transit_gateway_id", hcl.Expr("aws_ec2_transit_gateway."+label+".id"))
		b.Attr("tags", w.siteTags(w.title(owner)))
		b.End()
	}
	w.share(b, g)
	for _, a := range w.r.Set.GatewayAttachments(g.ID) {
		if a.Kind != fabric.TransitVPCAttachment {
			continue
		}
		w.vpcAttachment(b, g, a)
		w.tables(b, members{
			gateway: g, origin: g.Meta.Origin, id: string(a.VPC), attachments: []fabric.Attachment{a},
			attachment: func(hcl.Expr) hcl.Expr { return vpcAttachmentID(a) },
		})
	}
	w.blackholes(b, g)
}

// enabled spells a switch of a transit gateway.
func enabled(on bool) hcl.Expr {
	if on {
		return `"enable"`
	}
	return `"disable"`
}

// share shares a transit gateway with the accounts of the VPCs attached to it.
func (w writer) share(b *hcl.Body, g fabric.Gateway) {
	var accounts []fabric.AccountID
	for _, a := range w.r.Set.GatewayAttachments(g.ID) {
		if a.Kind == fabric.TransitVPCAttachment && a.CrossAccount && !slices.Contains(accounts, a.Meta.Account) {
			accounts = append(accounts, a.Meta.Account)
		}
	}
	if len(accounts) == 0 {
		return
	}
	slices.Sort(accounts)
	w.r.Variable("aws_same_organization", "bool", "false", "Whether the AWS accounts are in one organization with resource sharing switched on: then shares need no acceptance.", false)
	owner, label := names.Owner(g.ID), names.GatewayLabel(g.ID)
	share := hcl.Expr("aws_ram_resource_share." + label + ".arn")
	w.open(b, g.Meta.Origin, "aws_ram_resource_share", owner, g.Meta.Account)
	b.Attr("name", hcl.Quote(names.Native(w.n, owner, "transit-gateway")))
	b.Attr("allow_external_principals", "!var.aws_same_organization")
	b.Attr("tags", w.r.Tags(w.title(owner, "transit-gateway"), w.site.Environment, w.site.Tags))
	b.End()

	w.open(b, g.Meta.Origin, "aws_ram_resource_association", owner, g.Meta.Account)
	b.Attr("resource_share_arn", share)
	b.Attr("resource_arn", hcl.Expr("aws_ec2_transit_gateway."+label+".arn"))
	b.End()

	items := make([]hcl.Item, len(accounts))
	for i, a := range accounts {
		items[i] = hcl.Item{Key: string(a), Value: hcl.Quote(w.accountNumber(a))}
	}
	w.open(b, g.Meta.Origin, "aws_ram_principal_association", owner, g.Meta.Account, forEach(hcl.Map(items...)))
	b.Attr("resource_share_arn", share)
	b.Attr("principal", "each.value")
	b.End()

	for _, a := range accounts {
		w.open(b, g.Meta.Origin, "aws_ram_resource_share_accepter", owner+"/"+string(a), a,
			hcl.Item{Key: "count", Value: "var.aws_same_organization ? 0 : 1"})
		b.Attr("share_arn", hcl.Expr("aws_ram_principal_association."+label+"["+string(hcl.Quote(string(a)))+"].resource_share_arn"))
		b.End()
	}
}

// vpcAttachment attaches a VPC to a transit gateway, in the VPC's account; the
// gateway's account accepts where it is another.
func (w writer) vpcAttachment(b *hcl.Body, g fabric.Gateway, a fabric.Attachment) {
	v := w.mustVPC(a.VPC)
	id, label := string(v.ID), names.Label(string(v.ID))
	w.open(b, a.Meta.Origin, "aws_ec2_transit_gateway_vpc_attachment", id, v.Meta.Account)
	b.Attr("transit_gateway_id", w.r.Ref(gatewayRef(g, "id")))
	b.Attr("vpc_id", w.r.Ref(vpcID(v)))
	b.Attr("subnet_ids", w.attachSubnets(v, a))
	if !a.CrossAccount {
		b.Attr("transit_gateway_default_route_table_association", hcl.Bool(g.DefaultTable))
		b.Attr("transit_gateway_default_route_table_propagation", hcl.Bool(g.DefaultTable))
	}
	b.Attr("tags", w.r.Tags(w.title(id), v.Environment, v.Tags))
	if a.CrossAccount {
		b.Blank()
		b.Attr("depends_on", hcl.List(
			hcl.Expr("aws_ram_resource_association."+names.GatewayLabel(g.ID)),
			hcl.Expr("aws_ram_resource_share_accepter."+names.Label(names.Owner(g.ID)+"/"+string(a.Meta.Account))),
		))
	}
	b.End()
	if !a.CrossAccount {
		return
	}
	w.open(b, a.Meta.Origin, "aws_ec2_transit_gateway_vpc_attachment_accepter", id, g.Meta.Account)
	b.Attr("transit_gateway_attachment_id", hcl.Expr("aws_ec2_transit_gateway_vpc_attachment."+label+".id"))
	b.Attr("transit_gateway_default_route_table_association", hcl.Bool(g.DefaultTable))
	b.Attr("transit_gateway_default_route_table_propagation", hcl.Bool(g.DefaultTable))
	b.Attr("tags", w.r.Tags(w.title(id), v.Environment, v.Tags))
	b.End()
}

func (w writer) attachSubnets(v fabric.VPC, a fabric.Attachment) hcl.Expr {
	if v.Existing != "" {
		return hcl.Strings(v.AttachSubnets...)
	}
	var ids []hcl.Expr
	for _, id := range a.Subnets {
		s := w.mustSubnet(id)
		for _, p := range s.Parts {
			ids = append(ids, subnetID(v, s, p))
		}
	}
	return hcl.Lines(ids...)
}

// attachmentKey is the key of an attachment in maps over a gateway's or a
// link's attachments.
func attachmentKey(g fabric.Gateway, a fabric.Attachment) string {
	switch a.Kind {
	case fabric.TransitVPCAttachment:
		return strings.TrimPrefix(string(a.VPC), string(g.Site)+"/")
	case fabric.TransitVPNAttachment:
		return names.ConnectionKey(a.Connection)
	case fabric.TransitPeering:
		return "peering"
	case fabric.VGWAttachment, fabric.VNetPeering, fabric.VirtualHubConnection, fabric.VPCPeering, fabric.NCCSpoke, fabric.NCCHybridSpoke:
	}
	panic("aws: attachment " + string(a.ID) + " is none of a transit gateway")
}

// vpcAttachmentID is the id of a VPC's attachment, known once it is accepted.
func vpcAttachmentID(a fabric.Attachment) hcl.Expr {
	kind := "aws_ec2_transit_gateway_vpc_attachment."
	if a.CrossAccount {
		kind = "aws_ec2_transit_gateway_vpc_attachment_accepter."
	}
	return hcl.Expr(kind + names.Label(string(a.VPC)) + ".id")
}
