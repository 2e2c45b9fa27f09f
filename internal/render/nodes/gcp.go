package nodes

import (
	"cmp"
	"math"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

// gcp makes the tables of GCP: the Cloud Routers with what they announce, then
// those of each VPC in each region.
func (b *builder) gcp() {
	hybrid := b.hybridSpokes()
	for i := range b.net.Gateways {
		if g := &b.net.Gateways[i]; g.Kind == fabric.HAVPN {
			b.cloudRouter(g)
		}
	}
	b.relays(hybrid)
	for i := range b.net.VPCs {
		v := &b.net.VPCs[i]
		if v.Cloud != vocab.GCP {
			continue
		}
		regions, sites := b.routedRegions(v)
		for _, r := range regions {
			b.regionTable(v, r, sites[r], hybrid)
		}
	}
}

// routedRegions are the regions of a VPC, and those of its gateways.
func (b *builder) routedRegions(v *fabric.VPC) ([]string, map[string]fabric.SiteID) {
	_, sites := b.regionsOf(v)
	for _, g := range b.index.gatewaysOf[v.ID] {
		if _, ok := sites[b.region(g.Site)]; !ok {
			sites[b.region(g.Site)] = g.Site
		}
	}
	return sortedKeys(sites), sites
}

// hybrids are the tunnels of hybrid spokes of the Network Connectivity Center
// hub: the spoke of each, and whether it carries what other spokes bring.
type hybrids struct {
	spoke map[fabric.TunnelID]*fabric.Attachment
}

func (b *builder) hybridSpokes() hybrids {
	out := hybrids{map[fabric.TunnelID]*fabric.Attachment{}}
	for i := range b.net.Attachments {
		a := &b.net.Attachments[i]
		if a.Kind != fabric.NCCHybridSpoke {
			continue
		}
		for _, t := range a.Tunnels {
			out.spoke[t] = a
		}
	}
	return out
}

// of lists the sessions among ends whose tunnels are of hybrid spokes.
func (h hybrids) of(ends []*end) []string {
	var out []string
	for _, e := range ends {
		if h.spoke[fabric.TunnelID(e.session.ID)] != nil {
			out = append(out, e.session.ID)
		}
	}
	return out
}

func regionName(v fabric.VPCID, region string) string { return string(v) + "@" + region }

// cloudRouter fills a Cloud Router's table: what its sessions learn, which it
// hands to no other peer. It announces its custom ranges, and where it announces
// subnets those of its VPC and of the NCC hub.
func (b *builder) cloudRouter(g *fabric.Gateway) {
	n := b.ofGate[g.ID]
	t := n.table(string(g.ID), g.Site)
	t.Paths, t.Compare = paths(g.ECMP), []nodeconf.Criterion{nodeconf.ASPathLength, nodeconf.MED}
	t.Most = b.atlas.Limit(atlas.LimitGCPRouterLearnedOwnRegion).Value
	ends := b.sessionsOf(g.ID)
	t.learn(preferLearned, ids(ends)...)
	base, _ := b.atlas.Fact("gcp.router.med_base")
	announce := b.announced(g)
	for i := range b.net.Tunnels {
		x := &b.net.Tunnels[i]
		for k := range x.Ends {
			e := b.ends[endKey{x.ID, k}]
			if x.Ends[k].Gateway != g.ID || e.session == nil {
				continue
			}
			if e.session.MED == nil {
				e.session.MED = med(cmp.Or(x.Ends[k].Priority, atoi(base.Value)))
			}
			e.session.Announce = announce
		}
	}
	b.arrivals(g.ID, n.table(regionName(g.VPC, b.region(g.Site)), g.Site), nil)
}

// announced lists what a Cloud Router announces by itself, by prefix; subnets
// of other regions with their cost.
func (b *builder) announced(g *fabric.Gateway) []nodeconf.Announce {
	cost := map[netip.Prefix]int{}
	add := func(q netip.Prefix, c int) {
		if _, ok := cost[q]; !ok {
			cost[q] = c
		}
	}
	if v := b.index.vpcs[g.VPC]; g.AnnounceSubnets && v != nil {
		list := b.held(v)
		if b.isSpoke(v.ID) {
			for i := range b.net.VPCs {
				if w := &b.net.VPCs[i]; w.ID != v.ID && b.isSpoke(w.ID) {
					list = append(list, b.held(w)...)
				}
			}
		}
		for _, h := range list {
			c := 0
			if b.region(h.site) != b.region(g.Site) {
				if v.RegionalRouting {
					continue
				}
				c = b.regionCost(g.Site, h.site)
			}
			add(h.prefix, c)
		}
	}
	for _, q := range g.Announce {
		add(q, 0)
	}
	var out []nodeconf.Announce
	for q, c := range cost {
		out = append(out, nodeconf.Announce{Prefix: q, Cost: c})
	}
	slices.SortFunc(out, func(x, y nodeconf.Announce) int { return x.Prefix.Compare(y.Prefix) })
	return out
}

// held is a subnet of a GCP VPC, or what is known of an existing one.
type held struct {
	prefix netip.Prefix
	site   fabric.SiteID
}

// held lists what a GCP VPC has subnet routes for. Of an existing VPC the
// stated blocks count, as not all of its subnets need be described.
func (b *builder) held(v *fabric.VPC) []held {
	var out []held
	for _, s := range b.index.subnetsOf[v.ID] {
		out = append(out, held{s.Prefix, s.Site})
	}
	switch {
	case v.Existing == "" && len(out) > 0:
	case len(v.Blocks) > 0:
		for _, x := range v.Blocks {
			out = append(out, held{x.Prefix, x.Site})
		}
	default:
		for _, q := range v.Prefixes {
			out = append(out, held{q, siteOf(v)})
		}
	}
	return out
}

// isSpoke reports whether a VPC is a spoke of the Network Connectivity Center hub.
func (b *builder) isSpoke(v fabric.VPCID) bool {
	return slices.ContainsFunc(b.index.ofVPC[v], func(a *fabric.Attachment) bool { return a.Kind == fabric.NCCSpoke && a.VPC == v })
}

// hasHybrid reports whether a gateway has hybrid spokes.
func (b *builder) hasHybrid(g fabric.GatewayID) bool {
	return slices.ContainsFunc(b.index.attachedTo[g], func(a *fabric.Attachment) bool { return a.Kind == fabric.NCCHybridSpoke })
}

// regionCost is what a route costs more in another region than the router's.
// Google's costs differ by pair and are not published: the nearer region is
// taken to cost less.
func (b *builder) regionCost(x, y fabric.SiteID) int {
	f, _ := b.atlas.Fact("gcp.router.region_cost")
	cost := atoi(f.Value)
	p, q := b.index.sites[x], b.index.sites[y]
	if p == nil || q == nil {
		return cost
	}
	if r, ok := b.atlas.RTT(placeOf(p), placeOf(q)); ok {
		cost += int(math.Round(r.MS))
	}
	return cost
}

// regionTable fills the table of a VPC in a region: its subnets, those of peers
// and of the NCC hub, static routes, and what Cloud Routers learned. The lowest
// MED with the cost of the way wins, whatever the AS path (VPC routes, "Routing
// order").
func (b *builder) regionTable(v *fabric.VPC, region string, site fabric.SiteID, hybrid hybrids) {
	t := b.ofVPC[v.ID].table(regionName(v.ID, region), site)
	t.Paths, t.Compare = many, []nodeconf.Criterion{nodeconf.MED}
	for _, h := range b.held(v) {
		t.route(h.prefix, preferLocal, b.reach(t, v, v, h.site)).Firm = true
	}
	b.custom(t, v, preferForeign-2, true)
	for _, a := range b.index.ofVPC[v.ID] {
		if a.Kind != fabric.VPCPeering {
			continue
		}
		w := b.index.vpcs[a.PeerVPC]
		if a.PeerVPC == v.ID {
			w = b.index.vpcs[a.VPC]
		}
		if w == nil {
			continue
		}
		for _, h := range b.held(w) {
			t.route(h.prefix, preferStatic, b.reach(t, v, w, h.site)).Firm = true
		}
		if a.ExchangeRoutes && a.VPC == v.ID {
			b.custom(t, w, preferForeign, false)
		}
	}
	if v.DefaultRoute {
		t.route(everywhere, preferPlatform, b.exit(v, site))
	}
	b.regionLearns(t, v, region, hybrid)
}

// reach is the device that leads from a VPC's table into a VPC of the node at
// a site: past a wire where that is in another region.
func (b *builder) reach(t *table, v, w *fabric.VPC, site fabric.SiteID) string {
	home, to := b.local(v, t.site), b.local(w, site)
	if home == to {
		return b.into(t, v, t.site)
	}
	return b.between(t, home, to, min(v.MTU, w.MTU))
}

// custom adds the static routes of a VPC: its own, or over a peering that
// exchanges custom routes those that do not lead to the internet gateway.
func (b *builder) custom(t *table, v *fabric.VPC, preference int, own bool) {
	best := map[netip.Prefix]int{}
	standard, _ := b.atlas.Fact("gcp.route.priority")
	for _, rt := range b.index.tablesOf[v.ID] {
		for i := range rt.Routes {
			r := &rt.Routes[i]
			priority := cmp.Or(r.Priority, atoi(standard.Value))
			if had, ok := best[r.Prefix]; ok && had <= priority {
				continue
			}
			var via []string
			if r.Hop.Kind == fabric.HopInternetGateway {
				if !own {
					continue
				}
				via = []string{b.exit(v, t.site)}
			}
			if _, ok := best[r.Prefix]; ok {
				t.Routes = slices.DeleteFunc(t.Routes, func(x nodeconf.Route) bool { return x.Prefix == r.Prefix && x.Preference == preference })
			}
			best[r.Prefix] = priority
			t.route(r.Prefix, preference, via...)
		}
	}
}

// regionLearns lets a VPC in a region take what Cloud Routers learned: its own,
// in other regions too when its routing is global; those of a peer that exports
// custom routes; those of the NCC hub's tunnels.
func (b *builder) regionLearns(t *table, v *fabric.VPC, region string, hybrid hybrids) {
	taken := map[fabric.GatewayID]bool{}
	take := func(g *fabric.Gateway, preference int, sessions []string) {
		taken[g.ID] = true
		l := nodeconf.Learn{Table: string(g.ID), Via: b.toRouter(t, v, g), Preference: preference}
		if sessions != nil {
			l.Table, l.Sessions = "", sessions
		}
		if b.region(g.Site) != region {
			l.Cost = b.regionCost(t.site, g.Site)
		}
		t.Learn = append(t.Learn, l)
	}
	from := func(w *fabric.VPC, preference int) {
		for _, g := range b.index.gatewaysOf[w.ID] {
			if g.Kind == fabric.HAVPN && !(w.RegionalRouting && b.region(g.Site) != region) {
				take(g, preference, nil)
			}
		}
	}
	from(v, preferLearned)
	for _, a := range b.index.ofVPC[v.ID] {
		if w := b.index.vpcs[a.PeerVPC]; a.Kind == fabric.VPCPeering && a.ExchangeRoutes && a.VPC == v.ID && w != nil {
			from(w, preferForeign)
		}
	}
	spoke := b.isSpoke(v.ID)
	if spoke {
		for i := range b.net.Gateways {
			g := &b.net.Gateways[i]
			w := b.index.vpcs[g.VPC]
			if g.Kind != fabric.HAVPN || !b.hasHybrid(g.ID) || taken[g.ID] || w != nil && w.RegionalRouting && b.region(g.Site) != region {
				continue
			}
			ends := b.sessionsOf(g.ID)
			sessions := hybrid.of(ends)
			if len(sessions) == len(ends) {
				sessions = nil
			}
			take(g, preferForeign, sessions)
		}
	}
	for _, g := range b.index.gatewaysOf[v.ID] {
		spoke = spoke || b.hasHybrid(g.ID) // a routing VPC need be no spoke itself
	}
	if spoke {
		b.spokeRoutes(t, v)
	}
	if f := b.atlas.Limit(atlas.LimitGCPRouterLearnedOwnRegion); len(t.Learn) > 0 {
		t.Most = f.Value + b.atlas.Limit(atlas.LimitGCPRouterLearnedOtherRegions).Value
	}
}

// spokeRoutes are the subnets of the NCC hub's VPCs.
func (b *builder) spokeRoutes(t *table, v *fabric.VPC) {
	for i := range b.net.VPCs {
		w := &b.net.VPCs[i]
		if w.ID == v.ID || !b.isSpoke(w.ID) {
			continue
		}
		for _, h := range b.held(w) {
			t.route(h.prefix, preferPropagated, b.reach(t, v, w, h.site)).Firm = true
		}
	}
}

// toRouter is the device that leads from a VPC's table in a region to the table
// of a Cloud Router.
func (b *builder) toRouter(t *table, v *fabric.VPC, g *fabric.Gateway) string {
	to := b.ofGate[g.ID].table(string(g.ID), g.Site)
	id := "router " + string(g.ID) + " of " + t.Name
	return b.way(id, stop{node: t.node, site: t.site, stem: "r-" + string(g.Site)}, to.stop("r-"+v.Name), v.MTU).a
}

// relays let a Cloud Router announce over the tunnels of a hybrid spoke with
// site-to-site data transfer what the other such spokes of its VPC learned
// (Network Connectivity Center overview, "Route exchange").
func (b *builder) relays(hybrid hybrids) {
	transfers := func(g *fabric.Gateway) []*end {
		return slices.DeleteFunc(b.sessionsOf(g.ID), func(e *end) bool {
			a := hybrid.spoke[fabric.TunnelID(e.session.ID)]
			return a == nil || a.NoSiteToSite || a.Gateway != g.ID
		})
	}
	for i := range b.net.Gateways {
		g := &b.net.Gateways[i]
		if g.Kind != fabric.HAVPN {
			continue
		}
		for _, e := range transfers(g) {
			spoke := hybrid.spoke[fabric.TunnelID(e.session.ID)]
			var others []string
			for _, o := range b.index.gatewaysOf[g.VPC] {
				if o.Kind != fabric.HAVPN {
					continue
				}
				for _, x := range transfers(o) {
					if hybrid.spoke[fabric.TunnelID(x.session.ID)] != spoke {
						others = append(others, x.session.ID)
					}
				}
			}
			if len(others) == 0 {
				continue
			}
			name := string(g.ID) + "/relay " + string(spoke.ID)
			if _, ok := e.node.tables[name]; !ok {
				t := e.node.table(name, g.Site)
				t.inner, t.Compare = true, []nodeconf.Criterion{nodeconf.ASPathLength, nodeconf.MED}
				t.learn(preferLearned, others...)
			}
			e.session.Export = name
		}
	}
}

func atoi(s string) int {
	n := 0
	for _, r := range s {
		if r < '0' || r > '9' {
			return 0
		}
		n = n*10 + int(r-'0')
	}
	return n
}
