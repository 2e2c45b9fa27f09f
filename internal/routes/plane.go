package routes

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// Plane is the control plane of one network: what does not depend on what has
// failed is worked out once. It is safe for concurrent use.
type Plane struct {
	net   *fabric.Network
	atlas *atlas.Atlas
	ix    index
	parts parts

	// The tables, by id, and where they are.
	slots   []slot
	slotIDs map[TableID]int
	sources map[sourceKey]int
	bySite  map[fabric.SiteID]int // device tables

	// BGP.
	transit  map[int][]*transitTable // by gateway
	assoc    map[assocKey]*transitTable
	inner    map[innerKey]int     // tunnels of NCC hybrid spokes with site-to-site data transfer: the spoke
	spokeOf  map[fabric.VPCID]int // NCC spokes: their attachment
	hybridOf map[int]int          // gateways with hybrid spokes: the attachment
	relays   map[int][]relay      // of gateways with such spokes, by spoke
	nodes    []node
	nodeOf   []int // by gateway; of transit gateways -1
	// announcer is what a gateway announces, where that is no part of what it
	// routes by: Cloud Routers and Direct Connect gateways.
	announcer map[int]int
	bundles   []bundle
	edges     []edge
	outOf     [][]int // edges by sending node
	tunnels   []tunnel
	origins   map[netip.Prefix][]origin
	classes   []class
	classOf   map[netip.Prefix]int
	sets      []set
	setOf     map[string]int
	// handedStatic are routes that a virtual private gateway hands to its VPC
	// beside what it learns.
	handedStatic map[int][]Route
	passOn       map[netip.Prefix][]int // nodes of devices that hand on what they learn
	lands        map[fabric.VPCID]*prefix.Table[landing]

	// Facts.
	medBase        int            // MED that a Cloud Router sends
	otherRegion    int            // what a route costs in another region
	staticPriority int            // of GCP static routes
	azureDrops     []netip.Prefix // private ranges that Azure drops
	limit          map[atlas.LimitID]int
	interHub       []vocab.ASN // what virtual hubs put before the path

	events  []Event // of the configuration
	deps    dependents
	healthy *state
}

// New prepares the control plane of a network, and converges it healthy.
func New(n *fabric.Network, a *atlas.Atlas) *Plane {
	p := &Plane{
		net: n, atlas: a, ix: newIndex(n), slotIDs: map[TableID]int{}, sources: map[sourceKey]int{}, bySite: map[fabric.SiteID]int{},
		transit: map[int][]*transitTable{}, assoc: map[assocKey]*transitTable{}, relays: map[int][]relay{}, announcer: map[int]int{},
		origins: map[netip.Prefix][]origin{}, setOf: map[string]int{}, handedStatic: map[int][]Route{}, passOn: map[netip.Prefix][]int{},
	}
	p.facts()
	p.parts = p.findParts()
	p.transitTables()
	p.spokes()
	p.awsSlots()
	p.gcpSlots()
	p.azureSlots()
	p.deviceSlots()
	p.sortSlots()
	p.speakers()
	p.awsEntries()
	p.gcpEntries()
	p.azureEntries()
	p.deviceEntries()
	for i := range p.slots {
		p.slots[i].settle()
	}
	p.classify()
	p.outOf = make([][]int, len(p.nodes))
	for k := range p.edges {
		p.outOf[p.edges[k].from] = append(p.outOf[p.edges[k].from], k)
	}
	p.findSources()
	p.findLandings()
	p.deps = p.dependOn()
	p.healthy = p.converge(nil, nil)
	p.healthy.events = p.eventsOf(p.healthy)
	return p
}

// limits are those that the control plane enforces.
var limits = []atlas.LimitID{
	atlas.LimitAWSVPCPropagatedRoutes, atlas.LimitAWSVPNPrefixesPeerToVGW, atlas.LimitAWSVPNPrefixesPeerToTGW,
	atlas.LimitAWSVPNPrefixesVGWToPeer, atlas.LimitAWSVPNPrefixesTGWToPeer, atlas.LimitAWSDXPrefixesIn, atlas.LimitAWSDXPrefixesTGWOut,
	atlas.LimitGCPRouterPrefixesFromPeer, atlas.LimitGCPRouterLearnedOwnRegion, atlas.LimitGCPRouterLearnedOtherRegions,
	atlas.LimitGCPVPCPeeringDynamicRoutes, atlas.LimitAzureVPNPrefixesFromPeer, atlas.LimitAzureERPrefixesIn, atlas.LimitAzureERPrefixesOut,
	atlas.LimitAzureVWANRoutes,
}

// facts reads what the clouds are known to do.
func (p *Plane) facts() {
	p.limit = map[atlas.LimitID]int{}
	for _, id := range limits {
		p.limit[id] = p.atlas.Limit(id).Value
	}
	p.medBase = p.number("gcp.router.med_base")
	p.otherRegion = p.number("gcp.router.region_cost")
	p.staticPriority = p.number("gcp.route.priority")
	for _, w := range p.words("azure.route.drops") {
		if q, err := netip.ParsePrefix(w); err == nil {
			p.azureDrops = append(p.azureDrops, q)
		}
	}
	for _, w := range p.words("azure.vwan.interhub_path") {
		if n, err := vocab.ParseASN(w); err == nil {
			p.interHub = append(p.interHub, n)
		}
	}
}

func (p *Plane) words(id string) []string {
	f, _ := p.atlas.Fact(id)
	return strings.Fields(f.Value)
}

func (p *Plane) number(id string) int {
	f, _ := p.atlas.Fact(id)
	n, _ := strconv.Atoi(f.Value) // a test holds the facts to be numbers
	return n
}

// place is where a site is, for round trips.
func (p *Plane) place(i int) atlas.Place {
	s := &p.net.Sites[i]
	return atlas.Place{Cloud: s.Cloud, Region: s.Region, Lat: s.Lat, Lon: s.Lon}
}

// addSlot adds a table once.
func (p *Plane) addSlot(t Table) {
	if _, ok := p.slotIDs[t.ID]; ok {
		return
	}
	p.slotIDs[t.ID] = len(p.slots)
	p.slots = append(p.slots, slot{table: t})
}

// sortSlots orders the tables by id, and tells what names them.
func (p *Plane) sortSlots() {
	slices.SortFunc(p.slots, func(a, b slot) int { return cmp.Compare(a.table.ID, b.table.ID) })
	for i := range p.slots {
		t := &p.slots[i].table
		p.slotIDs[t.ID] = i
		if t.Kind == DeviceTable {
			if _, ok := p.bySite[t.Site]; !ok {
				p.bySite[t.Site] = i
			}
		}
	}
	for g, tables := range p.transit {
		for _, t := range tables {
			t.slot = p.slotOf(transitID(p.net.Gateways[g].ID, t.name))
		}
	}
}

// slotOf returns the index of a table, or -1.
func (p *Plane) slotOf(id TableID) int {
	if i, ok := p.slotIDs[id]; ok {
		return i
	}
	return -1
}

// findSources says by which table the machines of each subnet's part send.
func (p *Plane) findSources() {
	n := p.net
	for i := range n.Subnets {
		sn := &n.Subnets[i]
		k := find(p.ix.vpcs, sn.VPC)
		if k < 0 {
			continue
		}
		v := &n.VPCs[k]
		parts := sn.Parts
		if len(parts) == 0 {
			parts = []fabric.SubnetPart{{Prefix: sn.Prefix}}
		}
		for j := range parts {
			if s := p.tableFor(v, sn, &parts[j]); s >= 0 {
				p.sources[sourceKey{sn.ID, parts[j].Zone}] = s
			}
		}
	}
}

func (p *Plane) tableFor(v *fabric.VPC, sn *fabric.Subnet, part *fabric.SubnetPart) int {
	id := partTable(sn, part)
	switch v.Cloud {
	case vocab.AWS:
		if s := p.slotOf(zoneTable(id, part.Zone)); s >= 0 {
			return s
		}
		if s := p.slotOf(TableID(id)); s >= 0 && id != "" {
			return s
		}
		return p.anyTable(v.ID)
	case vocab.GCP:
		return p.slotOf(regionTable(v.ID, p.region(sn.Site)))
	case vocab.Azure:
		if rt := find(p.ix.tables, id); rt >= 0 {
			return p.slotOf(userTable(&p.net.RouteTables[rt], v.ID))
		}
		return p.slotOf(systemTable(v.ID))
	case vocab.OnPrem, vocab.Exchange:
	}
	return -1
}

// anyTable is the table of an existing subnet of which only the VPC's tables
// are known: any, when all are alike, else -1.
func (p *Plane) anyTable(v fabric.VPCID) int {
	first := -1
	for _, k := range p.ix.tablesOf[v] {
		s := p.slotOf(TableID(p.net.RouteTables[k].ID))
		if first >= 0 && !p.slots[first].alike(&p.slots[s]) {
			return -1
		}
		if first < 0 {
			first = s
		}
	}
	if first < 0 {
		return p.slotOf(mainTable(v))
	}
	return first
}

// TablesOfVPC lists the tables of a VPC (by index, rising), for networks
// whose subnets are not described.
func (t *Tables) TablesOfVPC(v fabric.VPCID) []int {
	var out []int
	for i := range t.Tables {
		if t.Tables[i].Kind == VPCTable && t.Tables[i].VPC == v {
			out = append(out, i)
		}
	}
	return out
}

// SiteTable returns the index of the table by which machines of a site of
// one's own send, or -1.
func (t *Tables) SiteTable(s fabric.SiteID) int {
	if t.plane == nil {
		return -1
	}
	if i, ok := t.plane.bySite[s]; ok {
		return i
	}
	return -1
}

// Compute returns the tables of a network of which parts have failed.
func Compute(n *fabric.Network, a *atlas.Atlas, failed Failure) *Tables {
	return New(n, a).Tables(failed)
}

// Tables returns the tables once all has converged after a failure. What the
// failure does not touch is shared with the tables of the healthy network.
func (p *Plane) Tables(failed Failure) *Tables {
	if len(failed) == 0 {
		return p.tables(p.healthy)
	}
	st := p.converge(failed, p.healthy)
	st.events = p.eventsOf(st)
	return p.tables(st)
}
