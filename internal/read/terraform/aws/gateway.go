package aws

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
	"github.com/tieline/tieline/internal/read/terraform/into/draft"
	"github.com/tieline/tieline/internal/vocab"
)

// asn returns a gateway's AS number, AWS's default when none is given.
func (r *reader) asn(x *doc.Resource) vocab.ASN {
	if x.Unknown("amazon_side_asn") {
		return 0
	}
	return cmp.Or(x.ASN("amazon_side_asn"), r.d.Atlas.ASNs(vocab.AWS).Default)
}

func (r *reader) readVPNGateways() {
	n := r.d.Net
	at := map[*doc.Resource]int{}
	for _, x := range r.src.Of("aws_vpn_gateway") {
		if x.Set("vpc_id") {
			if i, ok := r.vpcOf(x, "vpc_id"); ok {
				at[x] = i + 1
			}
		}
	}
	for _, x := range r.src.Of("aws_vpn_gateway_attachment") {
		if l := x.One("vpn_gateway_id", doc.Types("aws_vpn_gateway")); l.Clarity == doc.Inside && at[l.To] == 0 {
			if i, ok := r.vpcOf(x, "vpc_id"); ok {
				at[l.To] = i + 1
			}
		}
	}
	for _, x := range r.src.Of("aws_vpn_gateway") {
		g := fabric.Gateway{Kind: fabric.VirtualPrivateGateway, Meta: r.meta(x), Site: r.site(x), ASN: r.asn(x)}
		owner := string(g.Site) + "/" + title(x)
		if at[x] > 0 {
			v := &n.VPCs[at[x]-1]
			g.VPC, owner = v.ID, string(v.ID)
		}
		g.ID = fabric.GatewayID(r.d.ID(owner + "/vgw"))
		r.gateways[x] = len(n.Gateways)
		n.Gateways = append(n.Gateways, g)
		if g.VPC != "" {
			n.Attachments = append(n.Attachments, fabric.Attachment{
				ID: fabric.AttachmentID(r.d.ID(string(g.ID) + "--" + string(g.VPC))), Meta: g.Meta, Kind: fabric.VGWAttachment, Gateway: g.ID, VPC: g.VPC,
			})
		}
	}
}

// tableRef is a table of a transit gateway: indexes of both.
type tableRef struct{ gateway, table int }

// defaultTable is the name of the table that a transit gateway makes itself.
const defaultTable = "default"

var (
	transitTypes      = doc.Types("aws_ec2_transit_gateway")
	transitTableTypes = doc.Types("aws_ec2_transit_gateway_route_table")
	attachmentTypes   = doc.Want{
		Types: []string{"aws_ec2_transit_gateway_vpc_attachment", "aws_ec2_transit_gateway_peering_attachment", "aws_vpn_connection"},
		Also:  []string{"aws_ec2_transit_gateway_vpc_attachment_accepter", "aws_ec2_transit_gateway_peering_attachment_accepter"},
	}
)

func (r *reader) readTransitGateways() {
	n := r.d.Net
	for _, x := range r.src.Of(transitTypes.Types...) {
		site := r.site(x)
		r.gateways[x] = len(n.Gateways)
		n.Gateways = append(n.Gateways, fabric.Gateway{
			ID: fabric.GatewayID(r.d.ID(string(site) + "/tgw")), Kind: fabric.TransitGateway, Meta: r.meta(x), Site: site, ASN: r.asn(x),
			ECMP: x.Text("vpn_ecmp_support") != "disable",
		})
	}
	for _, x := range r.src.Of(transitTableTypes.Types...) {
		l := x.One("transit_gateway_id", transitTypes)
		i, ok := r.gateways[l.To]
		if !ok {
			r.unclear(x, "the transit gateway of the table is not in the file")
			continue
		}
		g := &n.Gateways[i]
		r.transit[x] = tableRef{i, len(g.Tables)}
		name := title(x)
		if x.Index.Has && ours(x) {
			name = x.Index.Key
		}
		g.Tables = append(g.Tables, fabric.TransitTable{Name: uniqueTable(g, name)})
	}
	r.readVPCAttachments()
	r.readTransitPeerings()
}

func uniqueTable(g *fabric.Gateway, name string) string {
	for slices.ContainsFunc(g.Tables, func(t fabric.TransitTable) bool { return t.Name == name }) {
		name += "'"
	}
	return name
}

func (r *reader) readVPCAttachments() {
	n := r.d.Net
	for _, x := range r.src.Of("aws_ec2_transit_gateway_vpc_attachment") {
		v, ok := r.vpcOf(x, "vpc_id")
		if !ok {
			continue
		}
		l := x.One("transit_gateway_id", transitTypes)
		g, ok := r.gateways[l.To]
		if !ok {
			r.unclear(x, "the transit gateway that it attaches to is not in the file")
			draft.Doubt(&n.VPCs[v].Meta, "it is attached to a transit gateway that is not in the file")
			continue
		}
		a := fabric.Attachment{
			ID:   fabric.AttachmentID(r.d.ID(string(n.Gateways[g].ID) + "--" + string(n.VPCs[v].ID))),
			Meta: r.meta(x), Kind: fabric.TransitVPCAttachment, Gateway: n.Gateways[g].ID, VPC: n.VPCs[v].ID,
		}
		a.CrossAccount = a.Meta.Account != n.Gateways[g].Meta.Account
		a.Subnets = r.attachedSubnets(x, n.VPCs[v].ID)
		r.attachments[x] = a.ID
		n.Attachments = append(n.Attachments, a)
	}
	for _, x := range r.src.Of("aws_ec2_transit_gateway_vpc_attachment_accepter") {
		l := x.One("transit_gateway_attachment_id", doc.Types("aws_ec2_transit_gateway_vpc_attachment"))
		if id, ok := r.attachments[l.To]; ok {
			r.attachments[x] = id
			continue
		}
		r.unclear(x, "the attachment that it accepts is not in the file")
	}
}

// attachedSubnets are the subnets of an attachment. Which of a group are chosen
// may be in an expression that the file does not have: then tieline's own for
// the purpose are, or none is said to be.
func (r *reader) attachedSubnets(x *doc.Resource, vpc fabric.VPCID) []fabric.SubnetID {
	n := r.d.Net
	list, _, clear := x.All("subnet_ids", subnetTypes)
	var all, transit []fabric.SubnetID
	for _, s := range list {
		if i, ok := r.subnets[s]; ok && n.Subnets[i].VPC == vpc {
			all = append(all, n.Subnets[i].ID)
			if n.Subnets[i].Purpose == fabric.TransitSubnet {
				transit = append(transit, n.Subnets[i].ID)
			}
		}
	}
	if len(transit) > 0 {
		all = transit
	} else if !clear {
		return nil
	}
	slices.Sort(all)
	return all
}

func (r *reader) readTransitPeerings() {
	n := r.d.Net
	for _, x := range r.src.Of("aws_ec2_transit_gateway_peering_attachment") {
		own, far := x.One("transit_gateway_id", transitTypes), x.One("peer_transit_gateway_id", transitTypes)
		g, ok := r.gateways[own.To]
		p, okPeer := r.gateways[far.To]
		if !ok || !okPeer {
			r.unclear(x, "one of the transit gateways that it joins is not in the file")
			if ok {
				draft.Doubt(&n.Gateways[g].Meta, "it is peered with a transit gateway that is not in the file")
			}
			if okPeer {
				draft.Doubt(&n.Gateways[p].Meta, "it is peered with a transit gateway that is not in the file")
			}
			continue
		}
		a := fabric.Attachment{Meta: r.meta(x), Kind: fabric.TransitPeering, Gateway: n.Gateways[g].ID, Peer: n.Gateways[p].ID}
		a.CrossAccount = n.Gateways[g].Meta.Account != n.Gateways[p].Meta.Account
		sites := [2]fabric.SiteID{n.Gateways[g].Site, n.Gateways[p].Site}
		a.Link = r.d.Link(fabric.TransitPeerLink, x.Origin, sites, [2]fabric.GatewayID{a.Gateway, a.Peer})
		a.ID = fabric.AttachmentID(r.d.ID("peering--" + string(fabric.LinkBetween(sites[0], sites[1]))))
		r.attachments[x] = a.ID
		n.Attachments = append(n.Attachments, a)
	}
	for _, x := range r.src.Of("aws_ec2_transit_gateway_peering_attachment_accepter") {
		l := x.One("transit_gateway_attachment_id", doc.Types("aws_ec2_transit_gateway_peering_attachment"))
		if id, ok := r.attachments[l.To]; ok {
			r.attachments[x] = id
			continue
		}
		r.unclear(x, "the peering that it accepts is not in the file")
	}
}

// transitTable returns the table that an argument names: one of the file, or a
// transit gateway's own default.
func (r *reader) transitTable(x *doc.Resource, name string) (tableRef, bool) {
	l := x.One(name, doc.Want{Types: transitTableTypes.Types, Also: transitTypes.Types})
	if ref, ok := r.transit[l.To]; ok {
		return ref, true
	}
	if i, ok := r.gateways[l.To]; ok {
		return r.defaultTable(i), true
	}
	if l.Clarity == doc.Outside {
		for _, g := range r.src.Of(transitTypes.Types...) {
			if g.Text("association_default_route_table_id") == l.Text || g.Text("propagation_default_route_table_id") == l.Text {
				return r.defaultTable(r.gateways[g]), true
			}
		}
	}
	for _, t := range x.Could(name, transitTableTypes) {
		if ref, ok := r.transit[t]; ok {
			draft.Doubt(&r.d.Net.Gateways[ref.gateway].Meta, x.Address+" may change its tables")
		}
	}
	r.unclear(x, "the transit gateway's table that it belongs to is not known")
	return tableRef{}, false
}

func (r *reader) defaultTable(gateway int) tableRef {
	g := &r.d.Net.Gateways[gateway]
	for i := range g.Tables {
		if g.Tables[i].Name == defaultTable {
			return tableRef{gateway, i}
		}
	}
	g.Tables = append(g.Tables, fabric.TransitTable{Name: defaultTable})
	return tableRef{gateway, len(g.Tables) - 1}
}

// attachmentOf returns the attachment of a table's gateway that an argument names.
func (r *reader) attachmentOf(x *doc.Resource, name string, gateway int) (fabric.AttachmentID, bool) {
	id := r.d.Net.Gateways[gateway].ID
	want := attachmentTypes
	want.Match = func(y *doc.Resource) bool {
		a, ok := r.attachment(r.attachments[y])
		return ok && (a.Gateway == id || a.Peer == id)
	}
	l := x.One(name, want)
	if l.Clarity == doc.Inside {
		return r.attachments[l.To], true
	}
	if l.Clarity == doc.Outside { // a VPN connection's attachment has an id of its own
		for _, y := range r.src.Of("aws_vpn_connection") {
			if y.Text("transit_gateway_attachment_id") == l.Text {
				return r.attachments[y], r.attachments[y] != ""
			}
		}
	}
	draft.Doubt(&r.d.Net.Gateways[gateway].Meta, x.Address+" joins a table of it to an attachment that is not in the file or cannot be told")
	r.unclear(x, "the attachment that it is about is not in the file or cannot be told")
	return "", false
}

func (r *reader) attachment(id fabric.AttachmentID) (*fabric.Attachment, bool) {
	if id == "" {
		return nil, false
	}
	for i := range r.d.Net.Attachments {
		if r.d.Net.Attachments[i].ID == id {
			return &r.d.Net.Attachments[i], true
		}
	}
	return nil, false
}

// readTransitTables reads what the tables of transit gateways associate, learn
// and route, the default tables' included: those are as explicit as the others
// from here on.
func (r *reader) readTransitTables() {
	n := r.d.Net
	table := func(ref tableRef) *fabric.TransitTable { return &n.Gateways[ref.gateway].Tables[ref.table] }
	associated := map[[2]string]bool{} // gateway, attachment
	for _, x := range r.src.Of("aws_ec2_transit_gateway_route_table_association") {
		ref, ok := r.transitTable(x, "transit_gateway_route_table_id")
		if !ok {
			continue
		}
		if id, ok := r.attachmentOf(x, "transit_gateway_attachment_id", ref.gateway); ok {
			associated[[2]string{string(n.Gateways[ref.gateway].ID), string(id)}] = true
			t := table(ref)
			t.Associate = with(t.Associate, id)
		}
	}
	for _, x := range r.src.Of("aws_ec2_transit_gateway_route_table_propagation") {
		ref, ok := r.transitTable(x, "transit_gateway_route_table_id")
		if !ok {
			continue
		}
		if id, ok := r.attachmentOf(x, "transit_gateway_attachment_id", ref.gateway); ok {
			t := table(ref)
			t.Propagate = with(t.Propagate, id)
		}
	}
	r.defaults(associated)
	for _, x := range r.src.Of("aws_ec2_transit_gateway_route") {
		ref, ok := r.transitTable(x, "transit_gateway_route_table_id")
		if !ok {
			continue
		}
		list, _ := x.Prefixes("destination_cidr_block")
		if len(list) != 1 {
			draft.Doubt(&n.Gateways[ref.gateway].Meta, "where a route of it leads to is only known once applied")
			continue
		}
		hop := fabric.Hop{Kind: fabric.HopBlackhole}
		if !x.True("blackhole") {
			id, ok := r.attachmentOf(x, "transit_gateway_attachment_id", ref.gateway)
			if !ok {
				continue
			}
			hop = fabric.Hop{Kind: fabric.HopAttachment, Attachment: id}
		}
		if t := table(ref); list[0].Addr().Is4() {
			t.Routes = append(t.Routes, fabric.Route{Prefix: list[0], Hop: hop, Origin: x.Origin})
		}
	}
}

// defaults joins attachments to the default table of gateways that do so.
func (r *reader) defaults(associated map[[2]string]bool) {
	n := r.d.Net
	for _, x := range r.src.Of(transitTypes.Types...) {
		i := r.gateways[x]
		associate, propagate := x.Text("default_route_table_association") != "disable", x.Text("default_route_table_propagation") != "disable"
		if !associate && !propagate {
			continue
		}
		for _, a := range n.Attachments {
			id := n.Gateways[i].ID
			if a.Gateway != id && a.Peer != id {
				continue
			}
			optIn, optOut := r.switches(a.ID)
			t := &n.Gateways[i].Tables[r.defaultTable(i).table]
			if associate && optIn && !associated[[2]string{string(id), string(a.ID)}] {
				t.Associate = with(t.Associate, a.ID)
			}
			if propagate && optOut && a.Kind != fabric.TransitPeering {
				t.Propagate = with(t.Propagate, a.ID)
			}
		}
	}
}

// switches says whether an attachment leaves itself to the default table's
// association and propagation. Of a shared gateway the accepter says it.
func (r *reader) switches(id fabric.AttachmentID) (associate, propagate bool) {
	associate, propagate = true, true
	for _, kind := range []string{"aws_ec2_transit_gateway_vpc_attachment", "aws_ec2_transit_gateway_vpc_attachment_accepter"} {
		for _, x := range r.src.Of(kind) {
			if r.attachments[x] != id {
				continue
			}
			off := func(name string) bool { return x.Get(name).Has() && !x.True(name) }
			associate = associate && !off("transit_gateway_default_route_table_association")
			propagate = propagate && !off("transit_gateway_default_route_table_propagation")
		}
	}
	return associate, propagate
}

func with[T comparable](list []T, x T) []T {
	if slices.Contains(list, x) {
		return list
	}
	return append(list, x)
}

func (r *reader) readDirectConnect() {
	n := r.d.Net
	for _, x := range r.src.Of("aws_dx_gateway") {
		m := r.meta(x)
		m.Domains = r.d.Domains(vocab.AWS, "")
		m.Unread = "the circuits of a Direct Connect gateway are not modelled"
		site := r.site(x)
		r.gateways[x] = len(n.Gateways)
		n.Gateways = append(n.Gateways, fabric.Gateway{
			ID: fabric.GatewayID(r.d.ID(string(site) + "/dxgw-" + title(x))), Kind: fabric.DirectConnectGateway, Meta: m, Site: site, ASN: x.ASN("amazon_side_asn"),
		})
		r.unclear(x, m.Unread)
	}
	for _, x := range r.src.Of("aws_dx_gateway_association") {
		l, to := x.One("dx_gateway_id", doc.Types("aws_dx_gateway")), x.One("associated_gateway_id", doc.Types("aws_vpn_gateway", "aws_ec2_transit_gateway"))
		g, okG := r.gateways[l.To]
		p, okP := r.gateways[to.To]
		if !okG || !okP {
			if okP {
				draft.Doubt(&n.Gateways[p].Meta, "it is associated with a Direct Connect gateway that is not in the file")
			}
			r.unclear(x, "one of the gateways that it joins is not in the file")
			continue
		}
		allowed, _ := x.Prefixes("allowed_prefixes")
		m := r.meta(x)
		if x.Unknown("allowed_prefixes") {
			m.Unread = "its allowed prefixes are only known once applied"
		}
		n.Attachments = append(n.Attachments, fabric.Attachment{
			ID:   fabric.AttachmentID(r.d.ID(string(n.Gateways[g].ID) + "--" + string(n.Gateways[p].ID))),
			Kind: fabric.DirectConnectAssociation, Meta: m, Gateway: n.Gateways[g].ID, Peer: n.Gateways[p].ID, Allowed: allowed, VPC: n.Gateways[p].VPC,
		})
	}
}

func (r *reader) readPeerings() {
	n := r.d.Net
	for _, x := range r.src.Of("aws_vpc_peering_connection") {
		from, ok := r.vpcOf(x, "vpc_id")
		if !ok {
			continue
		}
		to, ok := r.vpcOf(x, "peer_vpc_id")
		if !ok {
			draft.Doubt(&n.VPCs[from].Meta, "it is peered with a VPC that cannot be told")
			continue
		}
		a, b := &n.VPCs[from], &n.VPCs[to]
		p := fabric.Attachment{
			ID: fabric.AttachmentID(r.d.ID("peering--" + string(a.ID) + "--" + string(b.ID))), Meta: r.meta(x), Kind: fabric.AWSPeering,
			VPC: a.ID, PeerVPC: b.ID, CrossAccount: a.Meta.Account != b.Meta.Account,
		}
		p.Link = r.d.Link(fabric.VPCPeerLink, x.Origin, [2]fabric.SiteID{a.Sites[0], b.Sites[0]}, [2]fabric.GatewayID{})
		r.attachments[x] = p.ID
		n.Attachments = append(n.Attachments, p)
	}
	for _, x := range r.src.Of("aws_vpc_peering_connection_accepter") {
		l := x.One("vpc_peering_connection_id", doc.Types("aws_vpc_peering_connection"))
		if id, ok := r.attachments[l.To]; ok {
			r.attachments[x] = id
			continue
		}
		r.unclear(x, "the peering that it accepts is not in the file")
	}
}

// prefixList returns the prefixes of a managed prefix list; ok is false when it
// or one of them is not in the file.
func (r *reader) prefixList(b doc.Block, name string) (list []netip.Prefix, ok bool) {
	l := b.One(name, doc.Types("aws_ec2_managed_prefix_list"))
	if l.Clarity != doc.Inside {
		return nil, false
	}
	ok = !l.To.Unknown("entry")
	for _, e := range l.To.Blocks("entry") {
		p, rest := e.Prefixes("cidr")
		list, ok = append(list, p...), ok && len(p) == 1 && len(rest) == 0
	}
	for _, e := range r.src.Of("aws_ec2_managed_prefix_list_entry") {
		of := e.One("prefix_list_id", doc.Types("aws_ec2_managed_prefix_list"))
		if of.Clarity == doc.Unclear {
			ok = false
		}
		if of.To == l.To {
			p, _ := e.Prefixes("cidr")
			list, ok = append(list, p...), ok && len(p) == 1
		}
	}
	return list, ok
}
