package nodes

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

// azure makes the tables of Azure: VPN gateways and virtual hubs, then the
// effective routes of the VNets' subnets.
func (b *builder) azure() {
	for i := range b.net.Gateways {
		g := &b.net.Gateways[i]
		switch g.Kind {
		case fabric.VPNGateway:
			b.vnetGateway(g)
		case fabric.VirtualHub:
			b.virtualHub(g)
		case fabric.VirtualPrivateGateway, fabric.TransitGateway, fabric.HAVPN, fabric.Device, fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
		}
	}
	b.interHub()
	for i := range b.net.VPCs {
		v := &b.net.VPCs[i]
		if v.Cloud != vocab.Azure {
			continue
		}
		n := b.ofVPC[v.ID]
		b.vnetTable(n.table(string(v.ID)+"/rt-system", siteOf(v)), v, nil)
		for _, rt := range b.userTables(v) {
			b.vnetTable(n.table(userTable(rt, v.ID), siteOf(v)), v, rt)
		}
	}
}

// userTable is a route table with user-defined routes as a VNet's subnets see it.
func userTable(rt *fabric.RouteTable, v fabric.VPCID) string {
	if rt.VPC == v {
		return string(rt.ID)
	}
	return string(rt.ID) + "@" + string(v)
}

// userTables lists the route tables that a VNet's subnets use, by id.
func (b *builder) userTables(v *fabric.VPC) []*fabric.RouteTable {
	used := map[fabric.RouteTableID]*fabric.RouteTable{}
	for _, s := range b.index.subnetsOf[v.ID] {
		for _, part := range s.Parts {
			if rt := b.index.tables[partTable(s, part)]; rt != nil {
				used[rt.ID] = rt
			}
		}
	}
	for _, rt := range b.index.tablesOf[v.ID] {
		used[rt.ID] = rt
	}
	var out []*fabric.RouteTable
	for _, id := range sortedKeys(used) {
		out = append(out, used[id])
	}
	return out
}

// vnetTable fills the effective routes of a VNet's subnets: system routes, and
// before them those of a route table (virtual network traffic routing, "How
// Azure selects a route").
func (b *builder) vnetTable(t *table, v *fabric.VPC, rt *fabric.RouteTable) {
	for _, q := range v.Prefixes {
		t.route(q, preferPropagated, b.into(t, v, siteOf(v))).Firm = true
	}
	for _, a := range b.index.ofVPC[v.ID] {
		if a.Kind != fabric.VNetPeering {
			continue
		}
		via := b.peer(a, v)
		w := b.index.vpcs[a.PeerVPC]
		if a.PeerVPC == v.ID {
			w = b.index.vpcs[a.VPC]
		}
		if w == nil || via == nil {
			continue
		}
		for _, q := range w.Prefixes {
			t.route(q, preferPropagated, via...).Firm = true
		}
	}
	drops, _ := b.atlas.Fact("azure.route.drops")
	for _, w := range strings.Fields(drops.Value) {
		if q, err := netip.ParsePrefix(w); err == nil {
			t.route(q, preferPlatform)
		}
	}
	t.route(everywhere, preferPlatform, b.exit(v, siteOf(v)))
	if rt != nil {
		for i := range rt.Routes {
			t.route(rt.Routes[i].Prefix, preferStatic, b.userHop(t, v, &rt.Routes[i])...)
		}
		if rt.NoPropagation {
			return
		}
	}
	b.vnetLearns(t, v)
}

var everywhere = netip.PrefixFrom(netip.IPv4Unspecified(), 0)

// vnetLearns lets a VNet's table take what its hub or gateway learned.
func (b *builder) vnetLearns(t *table, v *fabric.VPC) {
	for _, a := range b.index.ofVPC[v.ID] {
		g := b.index.gateways[a.Gateway]
		if a.Kind != fabric.VirtualHubConnection || g == nil {
			continue
		}
		hub := b.ofGate[g.ID].table(string(g.ID), g.Site)
		via := b.attach(a, v, hub).a
		for _, r := range hub.Routes { // the hub's own, and the VNets at it
			if !slices.Contains(v.Prefixes, r.Prefix) {
				t.route(r.Prefix, preferLearned, via)
			}
		}
		t.Learn = append(t.Learn, nodeconf.Learn{Table: hub.Name, Via: via, Preference: preferLearned})
		return
	}
	for _, x := range b.vnetGateways(v) {
		t.Learn = append(t.Learn, nodeconf.Learn{Table: string(x.gateway.ID), Via: b.toVNetGateway(v, x), Preference: preferLearned})
	}
}

// used is a gateway that a VNet uses: its own, or by transit over a peering.
type used struct {
	gateway *fabric.Gateway
	over    *fabric.Attachment
}

func (b *builder) vnetGateways(v *fabric.VPC) []used {
	var out []used
	take := func(w fabric.VPCID, a *fabric.Attachment) {
		for _, g := range b.index.gatewaysOf[w] {
			if g.Kind == fabric.VPNGateway {
				out = append(out, used{g, a})
			}
		}
	}
	take(v.ID, nil)
	for _, a := range b.index.ofVPC[v.ID] {
		if a.Kind == fabric.VNetPeering && a.GatewayTransit && a.VPC == v.ID {
			take(a.PeerVPC, a)
		}
	}
	return out
}

// toVNetGateway is the device that leads from a VNet to a gateway it uses.
func (b *builder) toVNetGateway(v *fabric.VPC, x used) string { return b.vnetWay(v, x).a }

func (b *builder) vnetWay(v *fabric.VPC, x used) way {
	t := b.ofGate[x.gateway.ID].table(string(x.gateway.ID), x.gateway.Site)
	id := "gateway " + string(x.gateway.ID) + " of " + string(v.ID)
	if x.over != nil {
		id = "attachment " + string(x.over.ID) + " to " + string(x.gateway.ID)
	}
	return b.way(id, b.local(v, siteOf(v)).stop("v-"+v.Name), t.stop("g-"+v.Name), v.MTU)
}

// userHop resolves a user-defined route.
func (b *builder) userHop(t *table, v *fabric.VPC, r *fabric.Route) []string {
	switch r.Hop.Kind {
	case fabric.HopVirtualNetworkGateway:
		for _, x := range b.vnetGateways(v) {
			if r.Hop.Gateway == "" || r.Hop.Gateway == x.gateway.ID {
				return []string{b.toVNetGateway(v, x)}
			}
		}
	case fabric.HopInternetGateway:
		return []string{b.exit(v, siteOf(v))}
	case fabric.HopLocal:
		return []string{b.into(t, v, siteOf(v))}
	case fabric.HopBlackhole, fabric.HopAppliance, fabric.HopNAT, fabric.HopTransitGateway, fabric.HopAttachment, fabric.HopVirtualPrivateGateway:
	}
	return nil
}

// vnetGateway fills the table of a VNet's VPN gateway: the VNet, the VNets that
// use it, and the user-defined routes of GatewaySubnet. It announces each of
// their address spaces and all that it learned but a default route, and refuses
// from peers what is equal to or inside one of them.
func (b *builder) vnetGateway(g *fabric.Gateway) {
	v := b.index.vpcs[g.VPC]
	t := b.ofGate[g.ID].table(string(g.ID), g.Site)
	t.Paths, t.Compare = paths(g.ECMP), []nodeconf.Criterion{nodeconf.ASPathLength, nodeconf.NeighbourMED}
	var spaces []netip.Prefix
	space := func(w *fabric.VPC, x used) {
		for _, q := range w.Prefixes {
			r := t.route(q, preferPropagated, b.vnetWay(w, x).b)
			r.Firm, r.Announce = true, true
			spaces = append(spaces, q)
		}
	}
	if v != nil {
		space(v, used{gateway: g})
		for _, a := range b.index.ofVPC[v.ID] {
			if w := b.index.vpcs[a.VPC]; a.Kind == fabric.VNetPeering && a.GatewayTransit && a.PeerVPC == v.ID && w != nil {
				space(w, used{g, a})
			}
		}
		for _, s := range b.index.subnetsOf[v.ID] {
			rt := b.index.tables[s.RouteTable]
			if s.Purpose != fabric.GatewaySubnet || rt == nil {
				continue
			}
			for i := range rt.Routes {
				t.route(rt.Routes[i].Prefix, preferStatic, b.userHop(t, v, &rt.Routes[i])...)
			}
		}
	}
	ends := b.sessionsOf(g.ID)
	t.learn(preferLearned, ids(ends)...)
	for _, e := range ends {
		e.session.Export, e.session.Refuse = t.Name, spaces
		e.session.Withhold = []netip.Prefix{everywhere}
	}
	b.arrivals(g.ID, t, nil)
}

// virtualHub fills the table of a virtual hub: its own prefix and its VNets.
func (b *builder) virtualHub(g *fabric.Gateway) {
	t := b.ofGate[g.ID].table(string(g.ID), g.Site)
	t.Paths, t.Compare = paths(g.ECMP), []nodeconf.Criterion{nodeconf.ASPathLength, nodeconf.NeighbourMED}
	var spaces []netip.Prefix
	if g.Prefix.IsValid() {
		r := t.route(g.Prefix, preferPropagated)
		r.Firm, r.Announce = true, true
	}
	for _, a := range b.index.attachedTo[g.ID] {
		v := b.index.vpcs[a.VPC]
		if a.Kind != fabric.VirtualHubConnection || v == nil {
			continue
		}
		for _, q := range v.Prefixes {
			r := t.route(q, preferPropagated, b.attach(a, v, t).b)
			r.Firm, r.Announce = true, true
			spaces = append(spaces, q)
		}
	}
	ends := b.sessionsOf(g.ID)
	t.learn(preferLearned, ids(ends)...)
	for _, e := range ends {
		e.session.Export, e.session.Refuse = t.Name, spaces
		e.session.Withhold = []netip.Prefix{everywhere}
	}
	b.arrivals(g.ID, t, nil)
}

// interHub joins every two virtual hubs: those of one Virtual WAN are a mesh,
// and a hub hands another its own and what its tunnels learned, never what a
// third hub did.
func (b *builder) interHub() {
	var insert []uint32
	f, _ := b.atlas.Fact("azure.vwan.interhub_path")
	for _, w := range strings.Fields(f.Value) {
		if n, err := strconv.ParseUint(w, 10, 32); err == nil {
			insert = append(insert, uint32(n))
		}
	}
	var hubs []*fabric.Gateway
	for i := range b.net.Gateways {
		if b.net.Gateways[i].Kind == fabric.VirtualHub {
			hubs = append(hubs, &b.net.Gateways[i])
		}
	}
	for i, x := range hubs {
		for _, y := range hubs[i+1:] {
			b.joinHubs(x, y, insert)
		}
	}
}

func (b *builder) joinHubs(x, y *fabric.Gateway, insert []uint32) {
	s, t := b.ofGate[x.ID].table(string(x.ID), x.Site), b.ofGate[y.ID].table(string(y.ID), y.Site)
	id := string(x.ID) + "--" + string(y.ID)
	mtu, _ := b.atlas.MTU(atlas.MTUAzureVNet)
	w := b.way("hubs "+id, s.stop("h-"+string(y.Site)), t.stop("h-"+string(x.Site)), mtu)
	p, q := b.insides.pair()
	for _, e := range []inner{{s, w.a, p, q, x.ASN}, {t, w.b, q, p, x.ASN}} {
		own := e.table.sessionsLearned()
		session := b.inside(e, id, e.device == w.b)
		session.Insert, session.Withhold = insert, []netip.Prefix{everywhere}
		for _, r := range e.table.Routes {
			if r.Announce {
				session.Announce = append(session.Announce, nodeconf.Announce{Prefix: r.Prefix})
			}
		}
		if len(own) > 0 {
			session.Export, session.ExportOnly = e.table.Name, own
		}
		session.Refuse = nil
		e.table.learn(preferLater, session.ID)
	}
}

// sessionsLearned lists the sessions that a table takes from with the first
// preference for learned routes.
func (t *table) sessionsLearned() []string {
	for _, l := range t.Learn {
		if l.Preference == preferLearned {
			return slices.Clone(l.Sessions)
		}
	}
	return nil
}
