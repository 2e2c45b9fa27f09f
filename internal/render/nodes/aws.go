package nodes

import (
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

// aws makes the tables of AWS: transit gateways and virtual private gateways
// with their tables, then the route tables of VPCs.
func (b *builder) aws() {
	for i := range b.net.Gateways {
		g := &b.net.Gateways[i]
		switch g.Kind {
		case fabric.VirtualPrivateGateway:
			b.vgw(g)
		case fabric.TransitGateway:
			b.transitTables(g)
		case fabric.HAVPN, fabric.VPNGateway, fabric.VirtualHub, fabric.Device, fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
		}
	}
	for i := range b.net.VPCs {
		if v := &b.net.VPCs[i]; v.Cloud == vocab.AWS {
			b.vpcTables(v)
		}
	}
	for i := range b.net.Gateways {
		if g := &b.net.Gateways[i]; g.Kind == fabric.TransitGateway {
			b.fillTransit(g)
		}
	}
}

// awsTables lists the tables of a VPC: those of people, and each again as a
// zone sees it in which the transit gateway has no subnet (how transit gateways
// work, "Availability Zones"); the main table where none is known.
func (b *builder) awsTables(v *fabric.VPC) []awsTable {
	var out []awsTable
	for _, rt := range b.index.tablesOf[v.ID] {
		out = append(out, awsTable{rt, "", string(rt.ID)})
		for _, zone := range b.cutOff(v, rt) {
			out = append(out, awsTable{rt, zone, string(rt.ID) + "@" + zone})
		}
	}
	if len(out) == 0 {
		out = append(out, awsTable{name: string(v.ID) + "/rt-main"})
	}
	return out
}

type awsTable struct {
	rt   *fabric.RouteTable // nil: of none is known
	zone string
	name string
}

// vpcTables fills the route tables of a VPC.
func (b *builder) vpcTables(v *fabric.VPC) {
	for _, x := range b.awsTables(v) {
		t := b.ofVPC[v.ID].table(x.name, siteOf(v))
		for _, q := range v.Prefixes {
			t.route(q, preferLocal, b.into(t, v, siteOf(v))).Firm = true
		}
		if x.rt == nil {
			continue
		}
		for i := range x.rt.Routes {
			r := &x.rt.Routes[i]
			t.route(r.Prefix, preferStatic, b.awsHop(t, v, r, x.zone)...)
		}
		for _, id := range x.rt.Propagate {
			b.propagate(t, v, id)
		}
	}
}

// propagate hands what a virtual private gateway learned to a VPC's table.
func (b *builder) propagate(t *table, v *fabric.VPC, id fabric.GatewayID) {
	a := b.attachment(fabric.VGWAttachment, v.ID, id)
	if a == nil || b.ofGate[id] == nil {
		return
	}
	via := b.attach(a, v, b.ofGate[id].table(string(id), t.site)).a
	t.Learn = append(t.Learn, nodeconf.Learn{Table: string(id), Via: via, Preference: preferLearned})
	t.Most = b.atlas.Limit(atlas.LimitAWSVPCPropagatedRoutes).Value
	for i := range b.net.Connections {
		c := &b.net.Connections[i]
		if c.Gateway != id || !c.Static {
			continue
		}
		for _, q := range c.StaticRoutes {
			t.route(q, preferPropagated, via)
		}
	}
}

func (b *builder) attachment(kind fabric.AttachmentKind, v fabric.VPCID, g fabric.GatewayID) *fabric.Attachment {
	for _, a := range b.index.ofVPC[v] {
		if a.Kind == kind && a.Gateway == g {
			return a
		}
	}
	return nil
}

// attach joins a VPC to a gateway's table. What comes from there is routed in
// the VPC by the table of the attachment's subnet, where it is known.
func (b *builder) attach(a *fabric.Attachment, v *fabric.VPC, to *table) way {
	home, mtu := b.local(v, siteOf(v)), v.MTU
	if a.Kind == fabric.TransitVPCAttachment {
		most, _ := b.atlas.MTU(atlas.MTUAWSTGW)
		mtu = min(mtu, most)
		if t := b.attachmentTable(a); t != nil {
			home = t
		}
	}
	return b.way("attachment "+string(a.ID), home.stop("v-"+v.Name), to.stop("g-"+v.Name), mtu)
}

// attachmentTable is the table of the subnet of a transit gateway's attachment.
func (b *builder) attachmentTable(a *fabric.Attachment) *table {
	for _, id := range a.Subnets {
		s, ok := b.net.Subnet(id)
		if !ok || len(s.Parts) == 0 {
			continue
		}
		if rt := b.index.tables[partTable(&s, s.Parts[0])]; rt != nil {
			return b.ofVPC[a.VPC].table(string(rt.ID), siteOf(b.index.vpcs[a.VPC]))
		}
	}
	return nil
}

// awsHop resolves a static route of a VPC's table: the devices, none for one
// that leads nowhere.
func (b *builder) awsHop(t *table, v *fabric.VPC, r *fabric.Route, zone string) []string {
	switch h := r.Hop; h.Kind {
	case fabric.HopInternetGateway:
		if v.InternetGateway {
			return []string{b.exit(v, t.site)}
		}
	case fabric.HopNAT:
		if b.index.nats[h.NAT] != nil {
			return []string{b.exit(v, t.site)}
		}
	case fabric.HopTransitGateway:
		a, g := b.attachment(fabric.TransitVPCAttachment, v.ID, h.Gateway), b.index.gateways[h.Gateway]
		if a == nil || g == nil {
			return nil
		}
		if zones := b.attachedZones(a); zone != "" && zones != nil && !slices.Contains(zones, zone) {
			return nil
		}
		if at := b.associated(g, a.ID); at != nil {
			return []string{b.attach(a, v, at).a}
		}
	case fabric.HopVirtualPrivateGateway:
		if a := b.attachment(fabric.VGWAttachment, v.ID, h.Gateway); a != nil && b.ofGate[h.Gateway] != nil {
			return []string{b.attach(a, v, b.ofGate[h.Gateway].table(string(h.Gateway), t.site)).a}
		}
	case fabric.HopAttachment:
		if a := b.index.attachments[h.Attachment]; a != nil && a.Kind == fabric.AWSPeering {
			return b.peer(a, v)
		}
	case fabric.HopLocal:
		return []string{b.into(t, v, t.site)}
	case fabric.HopBlackhole, fabric.HopAppliance, fabric.HopVirtualNetworkGateway:
	}
	return nil
}

// peer is the device that leads over a peering of two VPCs into the other, and
// never on from there.
func (b *builder) peer(a *fabric.Attachment, v *fabric.VPC) []string {
	x, y := b.index.vpcs[a.VPC], b.index.vpcs[a.PeerVPC]
	if x == nil || y == nil {
		return nil
	}
	w := b.way("attachment "+string(a.ID), b.local(x, siteOf(x)).stop("p-"+y.Name), b.local(y, siteOf(y)).stop("p-"+x.Name), min(x.MTU, y.MTU))
	if v.ID == a.VPC {
		return []string{w.a}
	}
	return []string{w.b}
}

// attachedZones lists the zones in which an attachment has a subnet; nil when
// they are not known.
func (b *builder) attachedZones(a *fabric.Attachment) []string {
	var out []string
	for _, id := range a.Subnets {
		s, ok := b.net.Subnet(id)
		if !ok {
			return nil
		}
		for _, part := range s.Parts {
			if part.Zone == "" {
				return nil
			}
			out = append(out, part.Zone)
		}
	}
	return out
}

// cutOff lists the zones whose subnets use a table with a route to a transit
// gateway that has no subnet there: they cannot reach it.
func (b *builder) cutOff(v *fabric.VPC, rt *fabric.RouteTable) []string {
	var zones []string
	for i := range rt.Routes {
		h := rt.Routes[i].Hop
		if h.Kind != fabric.HopTransitGateway {
			continue
		}
		a := b.attachment(fabric.TransitVPCAttachment, v.ID, h.Gateway)
		if a == nil {
			continue
		}
		has := b.attachedZones(a)
		if has == nil {
			continue
		}
		for _, s := range b.index.subnetsOf[v.ID] {
			for _, part := range s.Parts {
				if part.Zone != "" && partTable(s, part) == rt.ID && !slices.Contains(has, part.Zone) {
					zones = append(zones, part.Zone)
				}
			}
		}
	}
	slices.Sort(zones)
	return slices.Compact(zones)
}

// vgw fills a virtual private gateway's table: its VPC, what its sessions
// learn, of which one is used at a time, and the static routes of connections
// without BGP. It announces what it holds, learned routes too (VPN CloudHub).
func (b *builder) vgw(g *fabric.Gateway) {
	t := b.ofGate[g.ID].table(string(g.ID), g.Site)
	t.Paths, t.Compare = paths(g.ECMP), []nodeconf.Criterion{nodeconf.ASPathLength, nodeconf.NeighbourMED}
	for _, a := range b.index.attachedTo[g.ID] {
		v := b.index.vpcs[a.VPC]
		if a.Kind != fabric.VGWAttachment || v == nil {
			continue
		}
		via := b.attach(a, v, t).b
		for _, q := range v.Prefixes {
			r := t.route(q, preferLocal, via)
			r.Firm, r.Announce = true, true
		}
		break
	}
	for i := range b.net.Connections {
		c := &b.net.Connections[i]
		if c.Gateway != g.ID || !c.Static {
			continue
		}
		for _, q := range c.StaticRoutes {
			t.route(q, preferStatic, b.over(c, false)...).Announce = true
		}
	}
	ends := b.sessionsOf(g.ID)
	t.learn(preferLearned, ids(ends)...)
	for _, e := range ends {
		e.session.Export = t.Name
	}
	b.arrivals(g.ID, t, nil)
}

// over lists the devices of a connection's tunnels at the cloud's end.
func (b *builder) over(c *fabric.Connection, ecmp bool) []string {
	var out []string
	for i := range b.net.Tunnels {
		t := &b.net.Tunnels[i]
		if t.Connection != c.ID {
			continue
		}
		for k := range t.Ends {
			if t.Ends[k].Gateway == c.Gateway && (ecmp || len(out) == 0) {
				out = append(out, b.ends[endKey{t.ID, k}].device)
			}
		}
	}
	return out
}
