package oracle

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
)

// defaultTable is the route table of a transit gateway that associates and
// propagates attachments by itself.
const defaultTable = "default"

// transitTables returns the route tables of a transit gateway.
func (o *Oracle) transitTables(g fabric.Gateway) []fabric.TransitTable {
	if !g.DefaultTable {
		return g.Tables
	}
	t := fabric.TransitTable{Name: defaultTable}
	for _, own := range g.Tables {
		t.Name = own.Name
		t.Routes = append(t.Routes, own.Routes...)
	}
	for _, a := range o.net.Attachments {
		switch a.Kind {
		case fabric.TransitVPCAttachment, fabric.TransitVPNAttachment, fabric.TransitPeering, fabric.DirectConnectAssociation:
			if a.Gateway == g.ID || a.Peer == g.ID {
				t.Associate = append(t.Associate, a.ID)
				t.Propagate = append(t.Propagate, a.ID)
			}
		}
	}
	return []fabric.TransitTable{t}
}

// tableFor returns the table that an attachment is associated with.
func (o *Oracle) tableFor(g fabric.Gateway, a fabric.AttachmentID) (fabric.TransitTable, bool) {
	for _, t := range o.transitTables(g) {
		if a != "" && slices.Contains(t.Associate, a) {
			return t, true
		}
	}
	return fabric.TransitTable{}, false
}

// attachmentOf returns the transit gateway's attachment that a tunnel belongs to.
func (o *Oracle) attachmentOf(t fabric.Tunnel) fabric.AttachmentID {
	for _, a := range o.net.Attachments {
		if a.Kind == fabric.TransitVPNAttachment && a.Connection == t.Connection && t.Connection != "" {
			return a.ID
		}
	}
	return ""
}

// transitHop is what a transit gateway's table does with one prefix.
type transitHop struct {
	kind       fabric.HopKind // HopAttachment or HopBlackhole
	attachment fabric.AttachmentID
	paths      []path           // over VPN
	direct     fabric.GatewayID // over a Direct Connect gateway
}

// transitRoute is the route of exactly one prefix in a transit gateway's
// table: static, then a VPC's, then Direct Connect's, then the VPN's.
func (o *Oracle) transitRoute(s *speaker, t fabric.TransitTable, p netip.Prefix) (transitHop, bool) {
	for _, r := range t.Routes {
		if r.Prefix == p {
			return transitHop{kind: r.Hop.Kind, attachment: r.Hop.Attachment}, true
		}
	}
	if a, ok := o.propagatedVPC(s.gateway, t, p); ok {
		return transitHop{kind: fabric.HopAttachment, attachment: a.ID}, true
	}
	for _, id := range t.Propagate {
		a, _ := o.net.Attachment(id)
		if a.Kind != fabric.DirectConnectAssociation || o.attachmentDown(a) || a.Peer != s.gateway.ID {
			continue
		}
		if dx := o.speakers[a.Gateway]; dx != nil {
			if best := o.best(dx.gateway, dx.heard(p, nil)); len(best) > 0 {
				return transitHop{kind: fabric.HopAttachment, attachment: id, paths: best, direct: a.Gateway}, true
			}
		}
	}
	best := o.best(s.gateway, o.transitHeard(s, t, p))
	return transitHop{kind: fabric.HopAttachment, paths: best}, len(best) > 0
}

// transitHeard returns what the VPN attachments that propagate to a table have
// learned. A path that came without MED counts with the VPN's default.
func (o *Oracle) transitHeard(s *speaker, t fabric.TransitTable, p netip.Prefix) []path {
	paths := s.heard(p, func(id fabric.TunnelID) bool {
		tn, _ := o.net.Tunnel(id)
		return slices.Contains(t.Propagate, o.attachmentOf(tn))
	})
	for i := range paths {
		if paths[i].med == 0 {
			paths[i].med = defaultMED
		}
	}
	return paths
}

// propagatedVPC returns the VPC attachment whose block is in a table. Of two
// with the same block only the one attached first is, which nobody can tell.
func (o *Oracle) propagatedVPC(g fabric.Gateway, t fabric.TransitTable, p netip.Prefix) (fabric.Attachment, bool) {
	var found []fabric.Attachment
	for _, id := range t.Propagate {
		a, _ := o.net.Attachment(id)
		v, ok := o.net.VPC(a.VPC)
		if ok && a.Kind == fabric.TransitVPCAttachment && a.Gateway == g.ID && slices.Contains(v.Prefixes, p) && !o.attachmentDown(a) {
			found = append(found, a)
		}
	}
	if len(found) == 0 {
		return fabric.Attachment{}, false
	}
	return slices.MinFunc(found, func(a, b fabric.Attachment) int {
		return cmp.Compare(o.rank[string(a.ID)], o.rank[string(b.ID)])
	}), true
}

// inTransit is a transit gateway's decision about a packet.
func (o *Oracle) inTransit(n node, d netip.Addr) []step {
	s := o.speakers[n.gateway]
	if s == nil {
		return drop("the gateway has failed")
	}
	var table fabric.TransitTable
	for _, t := range o.transitTables(s.gateway) {
		if t.Name == n.table {
			table = t
		}
	}
	var cands []candidate
	for _, p := range append(o.known(s), o.everyPrefix()...) {
		if !p.Contains(d) {
			continue
		}
		if r, ok := o.transitRoute(s, table, p); ok {
			cands = append(cands, candidate{p, 0, o.crossTransit(s.gateway, r, d)})
		}
	}
	return choose(cands, d)
}

func (o *Oracle) crossTransit(g fabric.Gateway, r transitHop, d netip.Addr) []step {
	switch {
	case r.kind == fabric.HopBlackhole:
		return drop("blackhole")
	case r.direct != "":
		return []step{{next: node{kind: atGateway, gateway: r.direct, from: "association"}}}
	case len(r.paths) > 0:
		return o.overTunnels(g.ID, r.paths)
	}
	a, ok := o.net.Attachment(r.attachment)
	if !ok || o.attachmentDown(a) {
		return drop("the attachment is gone")
	}
	switch a.Kind {
	case fabric.TransitVPCAttachment:
		return o.deliver(a.VPC, d)
	case fabric.TransitPeering:
		far := a.Peer
		if far == g.ID {
			far = a.Gateway
		}
		peer, _ := o.net.Gateway(far)
		t, ok := o.tableFor(peer, a.ID)
		if !ok {
			return drop("the peering is associated with no table")
		}
		return []step{{next: node{kind: atTransit, gateway: far, table: t.Name}}}
	case fabric.TransitVPNAttachment:
		c, _ := o.net.Connection(a.Connection)
		return o.overConnection(g.ID, c)
	case fabric.DirectConnectAssociation:
		return []step{{next: node{kind: atGateway, gateway: a.Gateway, from: "association"}}}
	default:
		return drop("nothing is attached")
	}
}

// overConnection takes a packet over the live tunnels of a VPN connection.
func (o *Oracle) overConnection(from fabric.GatewayID, c fabric.Connection) []step {
	var paths []path
	for _, id := range c.Tunnels {
		if t, ok := o.net.Tunnel(id); ok && !o.tunnelDown(t) && !o.Refused[id] {
			paths = append(paths, path{tunnel: id})
		}
	}
	if len(paths) == 0 {
		return drop("no tunnel of the connection is up")
	}
	return o.overTunnels(from, paths)
}

// overTunnels takes a packet to the gateways at the far ends, or to other hubs.
func (o *Oracle) overTunnels(from fabric.GatewayID, paths []path) []step {
	var out []step
	for _, p := range paths {
		if p.tunnel == "" {
			out = append(out, step{next: node{kind: atGateway, gateway: p.from, from: "hub"}})
			continue
		}
		t, _ := o.net.Tunnel(p.tunnel)
		far := t.Ends[0].Gateway
		if far == from {
			far = t.Ends[1].Gateway
		}
		out = append(out, o.enter(far, t))
	}
	return out
}

// enter is where a packet is judged that comes out of a tunnel.
func (o *Oracle) enter(id fabric.GatewayID, t fabric.Tunnel) step {
	g, _ := o.net.Gateway(id)
	switch g.Kind {
	case fabric.TransitGateway:
		table, ok := o.tableFor(g, o.attachmentOf(t))
		if !ok {
			return drop("the VPN attachment is associated with no table")[0]
		}
		return step{next: node{kind: atTransit, gateway: id, table: table.Name}}
	case fabric.HAVPN:
		return step{next: node{kind: atRegion, vpc: g.VPC, site: g.Site, from: "tunnel"}}
	default:
		return step{next: node{kind: atGateway, gateway: id, from: "tunnel"}}
	}
}

// everyPrefix lists all that any speaker has heard.
func (o *Oracle) everyPrefix() []netip.Prefix {
	var out []netip.Prefix
	for _, g := range o.net.Gateways {
		if s := o.speakers[g.ID]; s != nil {
			out = append(out, s.prefixes()...)
		}
	}
	return out
}
