package routes

import (
	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes/bgp"
)

// refusal is a bundle whose sessions a limit has ended.
type refusal struct {
	bundle int
	end    int // the end that refuses
	limit  atlas.LimitID
	count  int
}

// received is the limit of what a gateway takes from one peer, and whether
// there is one.
func received(k fabric.GatewayKind) (atlas.LimitID, bool) {
	switch k {
	case fabric.VirtualPrivateGateway:
		return atlas.LimitAWSVPNPrefixesPeerToVGW, true
	case fabric.TransitGateway:
		return atlas.LimitAWSVPNPrefixesPeerToTGW, true
	case fabric.HAVPN:
		return atlas.LimitGCPRouterPrefixesFromPeer, true
	case fabric.VPNGateway, fabric.VirtualHub:
		return atlas.LimitAzureVPNPrefixesFromPeer, true
	case fabric.DirectConnectGateway:
		return atlas.LimitAWSDXPrefixesIn, true
	case fabric.ExpressRouteGateway:
		return atlas.LimitAzureERPrefixesIn, true
	case fabric.Device:
		return "", false
	}
	return "", false
}

// sent is the limit of what a gateway announces to one peer before its
// connection goes down, and whether there is one.
func sent(k fabric.GatewayKind) (atlas.LimitID, bool) {
	if k == fabric.ExpressRouteGateway {
		return atlas.LimitAzureERPrefixesOut, true
	}
	return "", false
}

// limits ends the sessions over which too many prefixes come, and reports
// whether it ended any. All that are over at once end at once: which of
// several would come first depends on timing.
func (p *Plane) limits(st *state) bool {
	ended := false
	for b := range p.machine.Bundles {
		x := &p.machine.Bundles[b]
		if x.Kind != bgp.TunnelBundle || !st.bgp.Up[b] {
			continue
		}
		for end := range x.Ends {
			r := refusal{bundle: b, end: end, count: st.bgp.Counts[b][end]}
			id, ok := received(p.net.Gateways[x.Ends[end].Gateway].Kind)
			if !ok || r.count <= p.limit[id] {
				other := p.net.Gateways[x.Ends[1-end].Gateway].Kind
				if id, ok = sent(other); !ok || r.count <= p.limit[id] {
					continue
				}
			}
			r.limit = id
			st.refused = append(st.refused, r)
			if st.barred == nil {
				st.barred = make([]bool, len(p.machine.Bundles))
			}
			st.barred[b], ended = true, true
			break
		}
	}
	return ended
}
