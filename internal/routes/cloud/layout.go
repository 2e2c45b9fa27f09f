// Package cloud says what each cloud makes of what is configured, before
// anything is learned: the tables with their routes, the gateways that speak
// BGP with what they bring in and how they treat it, and where tables learn
// from. One file a cloud.
//
// It takes a [fabric.Network] and the facts, and gives a [Layout], the same for
// every failure; what fails, and what BGP then converges to, is the parent's
// and package bgp's.
package cloud

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes/bgp"
	"github.com/tieline/tieline/internal/vocab"
)

// Layout is the control plane of one network as configured. It is not changed
// once made.
type Layout struct {
	net   *fabric.Network
	atlas *atlas.Atlas
	Index Index

	// The tables, by id, and where they are.
	Slots   []Slot
	slotIDs map[TableID]int
	Sources map[SourceKey]int
	BySite  map[fabric.SiteID]int // device tables

	// BGP.
	Machine  *bgp.Machine
	transit  map[int][]*transitTable // by gateway
	assoc    map[assocKey]*transitTable
	inner    map[innerKey]int     // tunnels of NCC hybrid spokes with site-to-site data transfer: the spoke
	spokeOf  map[fabric.VPCID]int // NCC spokes: their attachment
	hybridOf map[int]int          // gateways with hybrid spokes: the attachment
	hybrid   map[innerKey]bool    // tunnels of hybrid spokes
	relays   map[int][]relay      // of gateways with such spokes, by spoke
	NodeOf   []int                // by gateway; of transit gateways -1
	// announcer is what a gateway announces, where that is no part of what it
	// routes by: Cloud Routers and Direct Connect gateways.
	announcer    map[int]int
	transitNodes map[transitKey]int
	innerOf      [][2]int  // by bundle of tunnels and end: the spoke of its tunnels, or -1
	hybridOn     [][2]bool // by bundle of tunnels and end: whether they are of a hybrid spoke
	Tunnels      []Tunnel
	Sets         []Set
	setOf        map[string]int
	// Handed are what a virtual private gateway, by node, hands to its VPC
	// beside what it learns.
	Handed       map[int][]Entry
	Overlaps     []Overlap
	SpokeSubnets []SpokeSubnet // by prefix

	// Facts.
	medBase        int                // MED that a Cloud Router sends
	otherRegion    int                // what a route costs in another region
	staticPriority int                // of GCP static routes
	dxPreferences  []fabric.Community // by which peers say how Direct Connect is to prefer a path, the least first
	azureDrops     []netip.Prefix     // private ranges that Azure drops
}

// Overlap is a block that a transit gateway does not propagate into a table,
// since that has it from another attachment.
type Overlap struct {
	Table             TableID
	Gateway           fabric.GatewayID
	Prefix            netip.Prefix
	Attachment, First int // indexes
}

// SourceKey is the machines of a part of a subnet; Zone is empty where subnets
// are regional.
type SourceKey struct {
	Subnet fabric.SubnetID
	Zone   string
}

// New works out what is configured.
func New(n *fabric.Network, a *atlas.Atlas) *Layout {
	l := &Layout{
		net: n, atlas: a, Index: newIndex(n), slotIDs: map[TableID]int{}, Sources: map[SourceKey]int{}, BySite: map[fabric.SiteID]int{},
		transit: map[int][]*transitTable{}, assoc: map[assocKey]*transitTable{}, relays: map[int][]relay{}, announcer: map[int]int{},
		setOf: map[string]int{}, Handed: map[int][]Entry{}, transitNodes: map[transitKey]int{},
	}
	l.facts()
	l.transitTables()
	l.spokes()
	l.SpokeSubnets = l.spokeSubnets()
	l.awsSlots()
	l.gcpSlots()
	l.azureSlots()
	l.deviceSlots()
	l.sortSlots()
	l.speakers()
	l.awsEntries()
	l.gcpEntries()
	l.azureEntries()
	l.deviceEntries()
	for i := range l.Slots {
		l.Slots[i].settle()
	}
	l.Machine.Ready()
	l.findSources()
	return l
}

// facts reads what the clouds are known to do.
func (l *Layout) facts() {
	l.medBase = l.number("gcp.router.med_base")
	l.otherRegion = l.number("gcp.router.region_cost")
	l.staticPriority = l.number("gcp.route.priority")
	for _, w := range l.words("azure.route.drops") {
		if q, err := netip.ParsePrefix(w); err == nil {
			l.azureDrops = append(l.azureDrops, q)
		}
	}
	for _, w := range l.words("aws.dx.communities") {
		if c, err := fabric.ParseCommunity(w); err == nil {
			l.dxPreferences = append(l.dxPreferences, c)
		}
	}
	var interHub []vocab.ASN
	for _, w := range l.words("azure.vwan.interhub_path") {
		if n, err := vocab.ParseASN(w); err == nil {
			interHub = append(interHub, n)
		}
	}
	l.Machine = bgp.New(interHub)
}

func (l *Layout) words(id string) []string {
	f, _ := l.atlas.Fact(id)
	return strings.Fields(f.Value)
}

func (l *Layout) number(id string) int {
	f, _ := l.atlas.Fact(id)
	n, _ := strconv.Atoi(f.Value) // a test holds the facts to be numbers
	return n
}

// place is where a site is, for round trips.
func (l *Layout) place(i int) atlas.Place {
	s := &l.net.Sites[i]
	return atlas.Place{Cloud: s.Cloud, Region: s.Region, Lat: s.Lat, Lon: s.Lon}
}

// addSlot adds a table once.
func (l *Layout) addSlot(s Slot) {
	if _, ok := l.slotIDs[s.ID]; ok {
		return
	}
	l.slotIDs[s.ID] = len(l.Slots)
	l.Slots = append(l.Slots, s)
}

// sortSlots orders the tables by id, and tells what names them.
func (l *Layout) sortSlots() {
	slices.SortFunc(l.Slots, func(a, b Slot) int { return cmp.Compare(a.ID, b.ID) })
	for i := range l.Slots {
		t := &l.Slots[i]
		l.slotIDs[t.ID] = i
		if t.Kind == DeviceTable {
			if _, ok := l.BySite[t.Site]; !ok {
				l.BySite[t.Site] = i
			}
		}
	}
	for g, tables := range l.transit {
		for _, t := range tables {
			t.slot = l.SlotOf(transitID(l.net.Gateways[g].ID, t.name))
		}
	}
}

// SlotOf returns the index of a table, or -1.
func (l *Layout) SlotOf(id TableID) int {
	if i, ok := l.slotIDs[id]; ok {
		return i
	}
	return -1
}

// findSources says by which table the machines of each subnet's part send.
func (l *Layout) findSources() {
	n := l.net
	for i := range n.Subnets {
		sn := &n.Subnets[i]
		k := Find(l.Index.VPCs, sn.VPC)
		if k < 0 {
			continue
		}
		v := &n.VPCs[k]
		parts := sn.Parts
		if len(parts) == 0 {
			parts = []fabric.SubnetPart{{Prefix: sn.Prefix}}
		}
		for j := range parts {
			if s := l.tableFor(v, sn, &parts[j]); s >= 0 {
				l.Sources[SourceKey{sn.ID, parts[j].Zone}] = s
			}
		}
	}
}

func (l *Layout) tableFor(v *fabric.VPC, sn *fabric.Subnet, part *fabric.SubnetPart) int {
	id := partTable(sn, part)
	switch v.Cloud {
	case vocab.AWS:
		if s := l.SlotOf(zoneTable(id, part.Zone)); s >= 0 {
			return s
		}
		if s := l.SlotOf(TableID(id)); s >= 0 && id != "" {
			return s
		}
		return l.anyTable(v.ID)
	case vocab.GCP:
		return l.SlotOf(RegionTable(v.ID, l.Region(sn.Site)))
	case vocab.Azure:
		if rt := Find(l.Index.tables, id); rt >= 0 {
			return l.SlotOf(userTable(&l.net.RouteTables[rt], v.ID))
		}
		return l.SlotOf(systemTable(v.ID))
	case vocab.OnPrem, vocab.Exchange:
	}
	return -1
}

// anyTable is the table of an existing subnet of which only the VPC's tables
// are known: any, when all are alike, else -1.
func (l *Layout) anyTable(v fabric.VPCID) int {
	first := -1
	for _, k := range l.Index.tablesOf[v] {
		s := l.SlotOf(TableID(l.net.RouteTables[k].ID))
		if first >= 0 && !l.Slots[first].alike(&l.Slots[s]) {
			return -1
		}
		if first < 0 {
			first = s
		}
	}
	if first < 0 {
		return l.SlotOf(mainTable(v))
	}
	return first
}
