package routes

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// regionTable is the table of a GCP VPC in a region.
func regionTable(v fabric.VPCID, region string) TableID { return TableID(string(v) + "@" + region) }

// source is a gateway from which a network takes learned routes.
type source struct {
	node, gateway int
	att           int           // crossed to it: a peering or spoke, or -1
	link          fabric.LinkID // crossed to it, when it is at another site
	named         bool          // the link only tells the way: it fails without this
	cost          int           // added to the MED; of Azure the order of preference
	region        string        // of its gateway
	own           bool          // of the network itself, not of a peer
	exit          int           // slot of the gateway's own table
}

// set is the learned routes of a network with several sources, and of an NCC
// spoke the subnets of the other spokes.
type set struct {
	sources   []source
	ignoreMED bool
	spokes    bool          // with the subnets of the NCC hub's VPCs
	site      fabric.SiteID // from which links are crossed
	vpc       int           // whose quota of routes from other regions counts, or -1
	region    string
}

// gcpSlots lists the tables of GCP.
func (p *Plane) gcpSlots() {
	n := p.net
	for i := range n.VPCs {
		v := &n.VPCs[i]
		if v.Cloud != vocab.GCP {
			continue
		}
		for _, r := range p.regionsOf(v) {
			p.addSlot(Table{ID: regionTable(v.ID, r), Kind: VPCTable, Site: p.siteOf(v, r), VPC: v.ID, Meta: v.Meta})
		}
	}
	for i := range n.Gateways {
		g := &n.Gateways[i]
		if g.Kind != fabric.HAVPN {
			continue
		}
		p.addSlot(Table{ID: TableID(g.ID), Kind: GatewayTable, Site: g.Site, Gateway: g.ID, Meta: g.Meta})
		if v := find(p.ix.vpcs, g.VPC); v >= 0 && !slices.Contains(p.regionsOf(&n.VPCs[v]), p.region(g.Site)) {
			p.addSlot(Table{ID: regionTable(g.VPC, p.region(g.Site)), Kind: VPCTable, Site: g.Site, VPC: g.VPC, Meta: n.VPCs[v].Meta})
		}
	}
}

// spokes finds the VPCs and tunnels of the Network Connectivity Center hub, of
// which a network has one.
func (p *Plane) spokes() {
	p.inner = map[innerKey]int{}
	p.spokeOf = map[fabric.VPCID]int{}
	p.hybridOf = map[int]int{}
	for i := range p.net.Attachments {
		a := &p.net.Attachments[i]
		switch a.Kind {
		case fabric.NCCSpoke:
			p.spokeOf[a.VPC] = i
		case fabric.NCCHybridSpoke:
			g := find(p.ix.gateways, a.Gateway)
			if g < 0 {
				continue
			}
			if _, ok := p.hybridOf[g]; !ok {
				p.hybridOf[g] = i
			}
			for _, t := range a.Tunnels {
				if !a.NoSiteToSite {
					p.inner[innerKey{g, t}] = i
				}
			}
		case fabric.VGWAttachment, fabric.TransitVPCAttachment, fabric.TransitVPNAttachment, fabric.TransitPeering, fabric.VNetPeering,
			fabric.VirtualHubConnection, fabric.VPCPeering, fabric.AWSPeering, fabric.DirectConnectAssociation:
		}
	}
}

// Ranks of GCP routes of one prefix: subnet routes of the VPC, of peers, then
// static ones by priority.
const (
	rankSubnet = iota
	rankPeerSubnet
	rankCustom
)

// gcpEntries fills the tables of GCP.
func (p *Plane) gcpEntries() {
	n := p.net
	for i := range n.VPCs {
		v := &n.VPCs[i]
		if v.Cloud != vocab.GCP {
			continue
		}
		for _, region := range p.regionsOf(v) {
			p.regionEntries(i, region)
		}
	}
	for i := range n.Gateways {
		g := &n.Gateways[i]
		if g.Kind != fabric.HAVPN {
			continue
		}
		p.slots[p.slotOf(TableID(g.ID))].learn = learning{kind: viaNode, node: p.nodeOf[i]}
		v := find(p.ix.vpcs, g.VPC)
		if v >= 0 && !slices.Contains(p.regionsOf(&n.VPCs[v]), p.region(g.Site)) {
			p.regionEntries(v, p.region(g.Site))
		}
		p.routerOrigins(i)
	}
}

// held is a subnet of a GCP VPC, or what is known of an existing one.
type held struct {
	prefix netip.Prefix
	site   fabric.SiteID
	line   fabric.Origin
}

// heldBy lists what a GCP VPC has subnet routes for. Of an existing VPC the
// stated blocks count, as not all of its subnets need be described.
func (p *Plane) heldBy(v *fabric.VPC) []held {
	var out []held
	for _, k := range p.ix.subnetsOf[v.ID] {
		s := &p.net.Subnets[k]
		out = append(out, held{s.Prefix, s.Site, s.Meta.Origin})
	}
	if !undescribed(p, v) {
		return out
	}
	if len(v.Blocks) > 0 {
		for _, b := range v.Blocks {
			out = append(out, held{b.Prefix, b.Site, v.Meta.Origin})
		}
		return out
	}
	for _, q := range v.Prefixes {
		out = append(out, held{q, vpcSite(v), v.Meta.Origin})
	}
	return out
}

// undescribed reports whether a VPC has subnets that are not listed: an
// existing one, or one of which none is.
func undescribed(p *Plane, v *fabric.VPC) bool {
	return v.Existing != "" || len(p.ix.subnetsOf[v.ID]) == 0
}

// regionEntries fills the table of a VPC in a region.
func (p *Plane) regionEntries(i int, region string) {
	n := p.net
	v := &n.VPCs[i]
	s := &p.slots[p.slotOf(regionTable(v.ID, region))]
	site := s.table.Site
	for _, h := range p.heldBy(v) {
		s.add(entry{prefix: h.prefix, proto: Local, rank: rankSubnet, firm: true, act: along(v.ID, -1, p.linkBetween(site, h.site)), origin: h.line, why: "a subnet of the VPC"})
	}
	for _, k := range p.ix.ofVPC[v.ID] {
		a := &n.Attachments[k]
		if a.Kind != fabric.VPCPeering {
			continue
		}
		other := a.PeerVPC
		if other == v.ID {
			other = a.VPC
		}
		w := find(p.ix.vpcs, other)
		if w < 0 {
			continue
		}
		for _, h := range p.heldBy(&n.VPCs[w]) {
			link := a.Link
			if link == "" {
				link = p.linkBetween(site, h.site)
			}
			s.add(entry{prefix: h.prefix, proto: Peered, rank: rankPeerSubnet, firm: true, act: along(other, k, link), origin: a.Meta.Origin, why: "a subnet of the peered " + string(other)})
		}
		if a.ExchangeRoutes && a.VPC == v.ID {
			p.customEntries(s, &n.VPCs[w], region, k)
		}
	}
	p.customEntries(s, v, region, -1)
	if v.DefaultRoute {
		s.add(entry{
			prefix: netip.PrefixFrom(netip.IPv4Unspecified(), 0), proto: Default, rank: rankCustom, metric: p.staticPriority, yields: true,
			act: p.internet(v.ID, region), origin: v.Meta.Origin, why: "the default route to the internet gateway",
		})
	}
	p.regionLearns(i, region, s)
}

// internet is the way out of a GCP VPC or VNet. Where a NAT serves the sender
// it translates; the others need an address of their own.
func (p *Plane) internet(v fabric.VPCID, region string) action {
	a := act(actInternet)
	for _, k := range p.ix.natsOf[v] {
		if p.region(p.net.NATs[k].Site) == region && a.nat < 0 {
			a.nat = k
		}
	}
	return a
}

// customEntries adds the static routes of a VPC: its own, or over a peering
// that exchanges custom routes those that do not lead to the internet gateway.
func (p *Plane) customEntries(s *slot, v *fabric.VPC, region string, peering int) {
	for _, k := range p.ix.tablesOf[v.ID] {
		for i := range p.net.RouteTables[k].Routes {
			r := &p.net.RouteTables[k].Routes[i]
			e := entry{prefix: r.Prefix, proto: Static, rank: rankCustom, metric: r.Priority, yields: true, origin: r.Origin, why: note(r)}
			if r.Priority == 0 {
				e.metric = p.staticPriority
			}
			switch r.Hop.Kind {
			case fabric.HopInternetGateway:
				if peering >= 0 {
					continue
				}
				e.act = p.internet(v.ID, region)
			case fabric.HopBlackhole:
				e.act = discard("a route without next hop")
			case fabric.HopAppliance:
				e.act = unknown("what the machine at " + addr(r.Hop.Address) + " forwards is not modelled")
			case fabric.HopNAT, fabric.HopTransitGateway, fabric.HopVirtualNetworkGateway, fabric.HopAttachment,
				fabric.HopVirtualPrivateGateway, fabric.HopLocal:
				e.act = unknown("its next hop is none of GCP")
			}
			if peering >= 0 {
				e.proto, e.rank, e.act.att = Peered, rankCustom+1, peering
			}
			s.add(e)
		}
	}
}

// regionLearns finds the Cloud Routers whose routes a VPC uses in a region:
// its own, in other regions too when its routing is global; those of a peer
// that exports custom routes; those of the NCC hub's tunnels.
func (p *Plane) regionLearns(i int, region string, s *slot) {
	n := p.net
	v := &n.VPCs[i]
	st := set{site: s.table.Site, vpc: i, region: region}
	from := func(w *fabric.VPC, att int) {
		for _, g := range p.ix.gatewaysOf[w.ID] {
			gw := &n.Gateways[g]
			if gw.Kind != fabric.HAVPN || w.RegionalRouting && p.region(gw.Site) != region {
				continue
			}
			p.addSource(&st, g, att, region, att < 0)
		}
	}
	from(v, -1)
	for _, k := range p.ix.ofVPC[v.ID] {
		if a := &n.Attachments[k]; a.Kind == fabric.VPCPeering && a.ExchangeRoutes && a.VPC == v.ID {
			if w := find(p.ix.vpcs, a.PeerVPC); w >= 0 {
				from(&n.VPCs[w], k)
			}
		}
	}
	if _, ok := p.spokeOf[v.ID]; ok {
		st.spokes = true
		for _, g := range sortedKeys(p.hybridOf) {
			if !slices.ContainsFunc(st.sources, func(x source) bool { return x.gateway == g }) {
				p.addSource(&st, g, p.hybridOf[g], region, false)
				st.sources[len(st.sources)-1].named = false
			}
		}
	}
	// A routing VPC, which has hybrid spokes, need be no spoke itself.
	for _, g := range p.ix.gatewaysOf[v.ID] {
		if _, ok := p.hybridOf[g]; ok {
			st.spokes = true
		}
	}
	if len(st.sources) == 0 && !st.spokes {
		return
	}
	s.learn = learning{kind: viaSet, set: p.addSet(st)}
}

func (p *Plane) addSource(st *set, g, att int, region string, own bool) {
	gw := &p.net.Gateways[g]
	x := source{node: p.nodeOf[g], gateway: g, att: att, own: own, named: true, region: p.region(gw.Site), exit: p.slotOf(TableID(gw.ID))}
	x.link = p.linkBetween(st.site, gw.Site)
	if x.region != region {
		x.cost = p.regionCost(st.site, gw.Site)
	}
	st.sources = append(st.sources, x)
}

// regionCost is what a route costs more in another region than the router's.
// Google's costs differ by pair and are not published: the nearer region is
// taken to cost less.
func (p *Plane) regionCost(a, b fabric.SiteID) int {
	cost := p.otherRegion
	i, k := find(p.ix.sites, a), find(p.ix.sites, b)
	if i < 0 || k < 0 {
		return cost
	}
	if r, ok := p.atlas.RTT(p.place(i), p.place(k)); ok {
		cost += int(math.Round(r.MS))
	}
	return cost
}

// addSet returns the index of a set, the same for equal ones.
func (p *Plane) addSet(st set) int {
	var b strings.Builder
	fmt.Fprintf(&b, "%v %v %s %s;", st.ignoreMED, st.spokes, st.site, st.region)
	own := false
	for _, x := range st.sources {
		fmt.Fprintf(&b, "%d %d %d %s %v;", x.gateway, x.att, x.cost, x.link, x.own)
		own = own || x.own
	}
	if own {
		fmt.Fprintf(&b, "%d", st.vpc)
	} else {
		st.vpc = -1
	}
	if k, ok := p.setOf[b.String()]; ok {
		return k
	}
	p.sets = append(p.sets, st)
	p.setOf[b.String()] = len(p.sets) - 1
	return len(p.sets) - 1
}

// routerOrigins are what a Cloud Router announces: its custom ranges, and
// where it announces subnets those of its VPC, of other regions too when
// routing is global, and those of the NCC hub. A custom range that equals a
// subnet adds nothing.
func (p *Plane) routerOrigins(g int) {
	n := p.net
	gw := &n.Gateways[g]
	announce := func(q netip.Prefix, med int, line fabric.Origin) {
		p.originate(q, origin{node: p.announcer[g], dep: -1, med: med, line: line})
		for _, r := range p.relays[g] {
			p.originate(q, origin{node: r.node, dep: -1, med: med, line: line})
		}
	}
	v := find(p.ix.vpcs, gw.VPC)
	if gw.AnnounceSubnets && v >= 0 {
		list := p.heldBy(&n.VPCs[v])
		if _, ok := p.spokeOf[gw.VPC]; ok {
			for _, id := range sortedKeys(p.spokeOf) {
				if k := find(p.ix.vpcs, id); k >= 0 && k != v {
					list = append(list, p.heldBy(&n.VPCs[k])...)
				}
			}
		}
		for _, h := range list {
			med := 0
			if p.region(h.site) != p.region(gw.Site) {
				if n.VPCs[v].RegionalRouting {
					continue
				}
				med = p.regionCost(gw.Site, h.site)
			}
			announce(h.prefix, med, h.line)
		}
	}
	for _, q := range gw.Announce {
		announce(q, 0, gw.Meta.Origin)
	}
}

// spokeRoutes are the subnets of the NCC hub's VPCs as seen from a site, sorted.
func (p *Plane) spokeRoutes(from fabric.SiteID, d *down) []Route {
	var out []Route
	for _, id := range sortedKeys(p.spokeOf) {
		v := find(p.ix.vpcs, id)
		if v < 0 {
			continue
		}
		for _, h := range p.heldBy(&p.net.VPCs[v]) {
			link := p.linkBetween(from, h.site)
			out = append(out, Route{
				Prefix: h.prefix, Protocol: Peered, Firm: true, Hops: p.hops(deliver(id, p.spokeOf[id], link), d),
				Origin: h.line, Why: "a subnet of the NCC hub's " + string(id),
			})
		}
	}
	slices.SortStableFunc(out, func(a, b Route) int { return prefix.Compare(a.Prefix, b.Prefix) })
	return slices.CompactFunc(out, func(a, b Route) bool { return a.Prefix == b.Prefix })
}
