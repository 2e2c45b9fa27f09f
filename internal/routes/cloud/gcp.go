package cloud

import (
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes/bgp"
	"github.com/tieline/tieline/internal/vocab"
)

// RegionTable is the table of a GCP VPC in a region.
func RegionTable(v fabric.VPCID, region string) TableID { return TableID(string(v) + "@" + region) }

// Source is a gateway from which a network takes learned routes.
type Source struct {
	Node, Gateway int
	Attachment    int           // crossed to it: a peering or spoke, or -1
	Link          fabric.LinkID // crossed to it, when it is at another site
	Named         bool          // the link only tells the way: it fails without this
	Cost          int           // added to the MED; of Azure the order of preference
	Region        string        // of its gateway
	Own           bool          // of the network itself, not of a peer
	Hybrid        bool          // of the NCC hub: what tunnels of hybrid spokes brought only
	Exit          int           // slot of the gateway's own table
}

// Foreign is added to the priorities of GCP routes of other networks: those of
// a network itself go before them whatever their priority (VPC routes,
// "Routing order").
const Foreign = 1 << 32

// Set is the learned routes of a network with several sources, and of an NCC
// spoke the subnets of the other spokes.
type Set struct {
	Sources   []Source
	IgnoreMED bool
	Spokes    bool          // with the subnets of the NCC hub's VPCs
	Site      fabric.SiteID // from which links are crossed
	VPC       int           // whose quota of routes from other regions counts, or -1
	Region    string
}

// gcpSlots lists the tables of GCP.
func (l *Layout) gcpSlots() {
	n := l.net
	for i := range n.VPCs {
		v := &n.VPCs[i]
		if v.Cloud != vocab.GCP {
			continue
		}
		for _, r := range l.regionsOf(v) {
			l.addSlot(Slot{ID: RegionTable(v.ID, r), Kind: VPCTable, Site: l.siteOf(v, r), VPC: v.ID, Meta: v.Meta})
		}
	}
	for i := range n.Gateways {
		g := &n.Gateways[i]
		if g.Kind != fabric.HAVPN {
			continue
		}
		l.addSlot(Slot{ID: TableID(g.ID), Kind: GatewayTable, Site: g.Site, Gateway: g.ID, Meta: g.Meta})
		if v := Find(l.Index.VPCs, g.VPC); v >= 0 && !slices.Contains(l.regionsOf(&n.VPCs[v]), l.Region(g.Site)) {
			l.addSlot(Slot{ID: RegionTable(g.VPC, l.Region(g.Site)), Kind: VPCTable, Site: g.Site, VPC: g.VPC, Meta: n.VPCs[v].Meta})
		}
	}
}

// spokes finds the VPCs and tunnels of the Network Connectivity Center hub, of
// which a network has one.
func (l *Layout) spokes() {
	l.inner = map[innerKey]int{}
	l.spokeOf = map[fabric.VPCID]int{}
	l.hybridOf = map[int]int{}
	l.hybrid = map[innerKey]bool{}
	for i := range l.net.Attachments {
		a := &l.net.Attachments[i]
		switch a.Kind {
		case fabric.NCCSpoke:
			l.spokeOf[a.VPC] = i
		case fabric.NCCHybridSpoke:
			g := Find(l.Index.Gateways, a.Gateway)
			if g < 0 {
				continue
			}
			if _, ok := l.hybridOf[g]; !ok {
				l.hybridOf[g] = i
			}
			for _, t := range a.Tunnels {
				l.hybrid[innerKey{g, t}] = true
				if !a.NoSiteToSite {
					l.inner[innerKey{g, t}] = i
				}
			}
		case fabric.VGWAttachment, fabric.TransitVPCAttachment, fabric.TransitVPNAttachment, fabric.TransitPeering, fabric.VNetPeering,
			fabric.VirtualHubConnection, fabric.VPCPeering, fabric.AWSPeering, fabric.DirectConnectAssociation:
		}
	}
}

// SpokeSubnet is a subnet of a VPC that is a spoke of the Network Connectivity
// Center hub.
type SpokeSubnet struct {
	Held
	VPC        fabric.VPCID
	Attachment int // of the spoke
}

// spokeSubnets lists the subnets of the hub's VPCs by prefix; of equal ones
// the first VPC's.
func (l *Layout) spokeSubnets() []SpokeSubnet {
	var out []SpokeSubnet
	for _, id := range slices.Sorted(maps.Keys(l.spokeOf)) {
		v := Find(l.Index.VPCs, id)
		if v < 0 {
			continue
		}
		for _, h := range l.heldBy(&l.net.VPCs[v]) {
			out = append(out, SpokeSubnet{h, id, l.spokeOf[id]})
		}
	}
	slices.SortStableFunc(out, func(a, b SpokeSubnet) int { return prefix.Compare(a.Prefix, b.Prefix) })
	return slices.CompactFunc(out, func(a, b SpokeSubnet) bool { return a.Prefix == b.Prefix })
}

// Ranks of GCP routes of one prefix: subnet routes of the VPC, of peers, then
// static ones by priority.
const (
	rankSubnet = iota
	rankPeerSubnet
	rankCustom
)

// gcpEntries fills the tables of GCP.
func (l *Layout) gcpEntries() {
	n := l.net
	for i := range n.VPCs {
		v := &n.VPCs[i]
		if v.Cloud != vocab.GCP {
			continue
		}
		for _, region := range l.regionsOf(v) {
			l.regionEntries(i, region)
		}
	}
	for i := range n.Gateways {
		g := &n.Gateways[i]
		if g.Kind != fabric.HAVPN {
			continue
		}
		l.Slots[l.SlotOf(TableID(g.ID))].Learn = Learning{Kind: ViaNode, Node: l.NodeOf[i]}
		v := Find(l.Index.VPCs, g.VPC)
		if v >= 0 && !slices.Contains(l.regionsOf(&n.VPCs[v]), l.Region(g.Site)) {
			l.regionEntries(v, l.Region(g.Site))
		}
		l.routerOrigins(i)
	}
}

// Held is a subnet of a GCP VPC, or what is known of an existing one.
type Held struct {
	Prefix netip.Prefix
	Site   fabric.SiteID
	Line   fabric.Origin
}

// heldBy lists what a GCP VPC has subnet routes for. Of an existing VPC the
// stated blocks count, as not all of its subnets need be described.
func (l *Layout) heldBy(v *fabric.VPC) []Held {
	var out []Held
	for _, k := range l.Index.SubnetsOf[v.ID] {
		s := &l.net.Subnets[k]
		out = append(out, Held{s.Prefix, s.Site, s.Meta.Origin})
	}
	if !l.Undescribed(v) {
		return out
	}
	if len(v.Blocks) > 0 {
		for _, b := range v.Blocks {
			out = append(out, Held{b.Prefix, b.Site, v.Meta.Origin})
		}
		return out
	}
	for _, q := range v.Prefixes {
		out = append(out, Held{q, VPCSite(v), v.Meta.Origin})
	}
	return out
}

// Undescribed reports whether a VPC has subnets that are not listed: an
// existing one, or one of which none is.
func (l *Layout) Undescribed(v *fabric.VPC) bool {
	return v.Existing != "" || len(l.Index.SubnetsOf[v.ID]) == 0
}

// regionEntries fills the table of a VPC in a region.
func (l *Layout) regionEntries(i int, region string) {
	n := l.net
	v := &n.VPCs[i]
	s := &l.Slots[l.SlotOf(RegionTable(v.ID, region))]
	site := s.Site
	for _, h := range l.heldBy(v) {
		s.add(Entry{Prefix: h.Prefix, Protocol: Local, rank: rankSubnet, Firm: true, Act: along(v.ID, -1, l.LinkBetween(site, h.Site)), Origin: h.Line, Why: "a subnet of the VPC"})
	}
	for _, k := range l.Index.ofVPC[v.ID] {
		a := &n.Attachments[k]
		if a.Kind != fabric.VPCPeering {
			continue
		}
		other := a.PeerVPC
		if other == v.ID {
			other = a.VPC
		}
		w := Find(l.Index.VPCs, other)
		if w < 0 {
			continue
		}
		for _, h := range l.heldBy(&n.VPCs[w]) {
			link := a.Link
			if link == "" {
				link = l.LinkBetween(site, h.Site)
			}
			s.add(Entry{Prefix: h.Prefix, Protocol: Peered, rank: rankPeerSubnet, Firm: true, Act: along(other, k, link), Origin: a.Meta.Origin, Why: "a subnet of the peered " + string(other)})
		}
		if a.ExchangeRoutes && a.VPC == v.ID {
			l.customEntries(s, &n.VPCs[w], region, k)
		}
	}
	l.customEntries(s, v, region, -1)
	if v.DefaultRoute {
		s.add(Entry{
			Prefix: netip.PrefixFrom(netip.IPv4Unspecified(), 0), Protocol: Default, rank: rankCustom, Metric: l.staticPriority, yields: true,
			Act: l.internet(v.ID, region), Origin: v.Meta.Origin, Why: "the default route to the internet gateway",
		})
	}
	l.regionLearns(i, region, s)
}

// internet is the way out of a GCP VPC or VNet. Where a NAT serves the sender
// it translates; the others need an address of their own.
func (l *Layout) internet(v fabric.VPCID, region string) Action {
	a := act(ActInternet)
	for _, k := range l.Index.natsOf[v] {
		if l.Region(l.net.NATs[k].Site) == region && a.NAT < 0 {
			a.NAT = k
		}
	}
	return a
}

// customEntries adds the static routes of a VPC: its own, or over a peering
// that exchanges custom routes those that do not lead to the internet gateway.
func (l *Layout) customEntries(s *Slot, v *fabric.VPC, region string, peering int) {
	for _, k := range l.Index.tablesOf[v.ID] {
		for i := range l.net.RouteTables[k].Routes {
			r := &l.net.RouteTables[k].Routes[i]
			e := Entry{Prefix: r.Prefix, Protocol: Static, rank: rankCustom, Metric: r.Priority, yields: true, Origin: r.Origin, Why: note(r)}
			if r.Priority == 0 {
				e.Metric = l.staticPriority
			}
			switch r.Hop.Kind {
			case fabric.HopInternetGateway:
				if peering >= 0 {
					continue
				}
				e.Act = l.internet(v.ID, region)
			case fabric.HopBlackhole:
				e.Act = discard("a route without next hop")
			case fabric.HopAppliance:
				e.Act = unknown("what the machine at " + addr(r.Hop.Address) + " forwards is not modelled")
			case fabric.HopNAT, fabric.HopTransitGateway, fabric.HopVirtualNetworkGateway, fabric.HopAttachment,
				fabric.HopVirtualPrivateGateway, fabric.HopLocal:
				e.Act = unknown("its next hop is none of GCP")
			}
			if peering >= 0 {
				e.Protocol, e.rank, e.Act.Attachment = Peered, rankCustom+1, peering
				e.Metric += Foreign
			}
			s.add(e)
		}
	}
}

// regionLearns finds the Cloud Routers whose routes a VPC uses in a region:
// its own, in other regions too when its routing is global; those of a peer
// that exports custom routes; those of the NCC hub's tunnels. In which regions
// another network's routes are used its own routing mode says ("Route exchange
// with VPC spokes").
func (l *Layout) regionLearns(i int, region string, s *Slot) {
	n := l.net
	v := &n.VPCs[i]
	st := Set{Site: s.Site, VPC: i, Region: region}
	from := func(w *fabric.VPC, att int) {
		for _, g := range l.Index.gatewaysOf[w.ID] {
			gw := &n.Gateways[g]
			if gw.Kind != fabric.HAVPN || w.RegionalRouting && l.Region(gw.Site) != region {
				continue
			}
			l.addSource(&st, g, att, region, att < 0)
		}
	}
	from(v, -1)
	for _, k := range l.Index.ofVPC[v.ID] {
		if a := &n.Attachments[k]; a.Kind == fabric.VPCPeering && a.ExchangeRoutes && a.VPC == v.ID {
			if w := Find(l.Index.VPCs, a.PeerVPC); w >= 0 {
				from(&n.VPCs[w], k)
			}
		}
	}
	if _, ok := l.spokeOf[v.ID]; ok {
		st.Spokes = true
		for _, g := range slices.Sorted(maps.Keys(l.hybridOf)) {
			gw := &n.Gateways[g]
			w := Find(l.Index.VPCs, gw.VPC)
			if w >= 0 && n.VPCs[w].RegionalRouting && l.Region(gw.Site) != region {
				continue
			}
			if !slices.ContainsFunc(st.Sources, func(x Source) bool { return x.Gateway == g }) {
				l.addSource(&st, g, l.hybridOf[g], region, false)
				x := &st.Sources[len(st.Sources)-1]
				x.Named, x.Hybrid = false, true
			}
		}
	}
	// A routing VPC, which has hybrid spokes, need be no spoke itself.
	for _, g := range l.Index.gatewaysOf[v.ID] {
		if _, ok := l.hybridOf[g]; ok {
			st.Spokes = true
		}
	}
	if len(st.Sources) == 0 && !st.Spokes {
		return
	}
	s.Learn = Learning{Kind: ViaSet, Set: l.addSet(st)}
}

func (l *Layout) addSource(st *Set, g, att int, region string, own bool) {
	gw := &l.net.Gateways[g]
	x := Source{Node: l.NodeOf[g], Gateway: g, Attachment: att, Own: own, Named: true, Region: l.Region(gw.Site), Exit: l.SlotOf(TableID(gw.ID))}
	x.Link = l.LinkBetween(st.Site, gw.Site)
	if x.Region != region {
		x.Cost = l.regionCost(st.Site, gw.Site)
	}
	st.Sources = append(st.Sources, x)
}

// regionCost is what a route costs more in another region than the router's.
// Google's costs differ by pair and are not published: the nearer region is
// taken to cost less.
func (l *Layout) regionCost(a, b fabric.SiteID) int {
	cost := l.otherRegion
	i, k := Find(l.Index.Sites, a), Find(l.Index.Sites, b)
	if i < 0 || k < 0 {
		return cost
	}
	if r, ok := l.atlas.RTT(l.place(i), l.place(k)); ok {
		cost += int(math.Round(r.MS))
	}
	return cost
}

// addSet returns the index of a set, the same for equal ones.
func (l *Layout) addSet(st Set) int {
	var b strings.Builder
	fmt.Fprintf(&b, "%v %v %s %s;", st.IgnoreMED, st.Spokes, st.Site, st.Region)
	own := false
	for _, x := range st.Sources {
		fmt.Fprintf(&b, "%d %d %d %s %v %v;", x.Gateway, x.Attachment, x.Cost, x.Link, x.Own, x.Hybrid)
		own = own || x.Own
	}
	if own {
		fmt.Fprintf(&b, "%d", st.VPC)
	} else {
		st.VPC = -1
	}
	if k, ok := l.setOf[b.String()]; ok {
		return k
	}
	l.Sets = append(l.Sets, st)
	l.setOf[b.String()] = len(l.Sets) - 1
	return len(l.Sets) - 1
}

// routerOrigins are what a Cloud Router announces: its custom ranges, and
// where it announces subnets those of its VPC, of other regions too when
// routing is global, and those of the NCC hub. A custom range that equals a
// subnet adds nothing.
func (l *Layout) routerOrigins(g int) {
	n := l.net
	gw := &n.Gateways[g]
	announce := func(q netip.Prefix, med int, line fabric.Origin) {
		l.Machine.Originate(q, bgp.Origin{Node: l.announcer[g], Attachment: -1, MED: med, Line: line})
		for _, r := range l.relays[g] {
			l.Machine.Originate(q, bgp.Origin{Node: r.node, Attachment: -1, MED: med, Line: line})
		}
	}
	v := Find(l.Index.VPCs, gw.VPC)
	if gw.AnnounceSubnets && v >= 0 {
		list := l.heldBy(&n.VPCs[v])
		if _, ok := l.spokeOf[gw.VPC]; ok {
			for _, id := range slices.Sorted(maps.Keys(l.spokeOf)) {
				if k := Find(l.Index.VPCs, id); k >= 0 && k != v {
					list = append(list, l.heldBy(&n.VPCs[k])...)
				}
			}
		}
		for _, h := range list {
			med := 0
			if l.Region(h.Site) != l.Region(gw.Site) {
				if n.VPCs[v].RegionalRouting {
					continue
				}
				med = l.regionCost(gw.Site, h.Site)
			}
			announce(h.Prefix, med, h.Line)
		}
	}
	for _, q := range gw.Announce {
		announce(q, 0, gw.Meta.Origin)
	}
}
