package routes

import (
	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes/bgp"
	"github.com/tieline/tieline/internal/routes/cloud"
)

// Plane is the control plane of one network: what does not depend on what has
// failed is worked out once. It is safe for concurrent use.
type Plane struct {
	net     *fabric.Network
	atlas   *atlas.Atlas
	layout  *cloud.Layout // what is configured
	machine *bgp.Machine  // that of the layout
	parts   parts
	limit   map[atlas.LimitID]int
	// hopInto are the hops over each tunnel into its ends.
	hopInto [][2]Hop
	// handedStatic are routes that a virtual private gateway, by node, hands to
	// its VPC beside what it learns.
	handedStatic map[int][]Route
	lands        map[fabric.VPCID]*prefix.Table[landing]
	events       []Event // of the configuration
	deps         dependents
	healthy      *state
}

// New prepares the control plane of a network, and converges it healthy.
func New(n *fabric.Network, a *atlas.Atlas) *Plane {
	p := &Plane{net: n, atlas: a, layout: cloud.New(n, a), limit: map[atlas.LimitID]int{}, handedStatic: map[int][]Route{}}
	p.machine = p.layout.Machine
	for _, id := range limits {
		p.limit[id] = a.Limit(id).Value
	}
	p.parts = p.findParts()
	p.tunnelHops()
	for k, list := range p.layout.Handed {
		for _, e := range list {
			p.handedStatic[k] = append(p.handedStatic[k], Route{Prefix: e.Prefix, Protocol: e.Protocol, Origin: e.Origin, Why: e.Why})
		}
	}
	p.overlapEvents()
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
	if i, ok := t.plane.layout.BySite[s]; ok {
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
