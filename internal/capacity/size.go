package capacity

import (
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// State says what is known of a room.
type State uint8

// The states.
const (
	Free    State = iota // nothing bounds it that the facts know of
	Bounded              // by Rate
	Unknown              // it has a bound, and the size that decides it is not known
)

// Room is what a place carries, one way.
type Room struct {
	State State
	Rate  vocab.Rate // when Bounded
}

// Fits reports whether a rate in bits per second fits; what is unknown does not.
func (r Room) Fits(rate float64) bool {
	switch r.State {
	case Free:
		return true
	case Bounded:
		return rate <= float64(r.Rate)
	case Unknown:
	}
	return false
}

func bounded(r vocab.Rate) Room {
	if r == 0 {
		return Room{State: Unknown}
	}
	return Room{Bounded, r}
}

// Gateway is what a gateway carries one way over all its tunnels and, where it
// forwards between its networks itself, between them: the aggregate of an
// Azure VPN or ExpressRoute gateway's SKU, the scale units of a virtual hub's
// VPN gateway, what a virtual private gateway sends. Others have no bound but
// their tunnels'.
func Gateway(a *atlas.Atlas, g *fabric.Gateway) Room {
	switch g.Kind {
	case fabric.VPNGateway:
		return bounded(least(gatewaySKUs(a, g), func(s atlas.SKU) vocab.Rate { return s.Aggregate }))
	case fabric.VirtualHub:
		return bounded(least(a.SKUs(vocab.Azure, atlas.SKUHub), func(s atlas.SKU) vocab.Rate { return s.Aggregate }) * vocab.Rate(g.ScaleUnits))
	case fabric.VirtualPrivateGateway:
		return bounded(least(a.SKUs(vocab.AWS, atlas.SKUVirtualPrivate), func(s atlas.SKU) vocab.Rate { return s.Aggregate }))
	case fabric.ExpressRouteGateway:
		list := slices.DeleteFunc(a.SKUs(vocab.Azure, atlas.SKUExpressRoute), func(s atlas.SKU) bool { return s.Name != g.SKU })
		return bounded(least(list, func(s atlas.SKU) vocab.Rate { return s.Aggregate }) * vocab.Rate(max(1, g.ScaleUnits)))
	case fabric.TransitGateway, fabric.HAVPN, fabric.Device, fabric.DirectConnectGateway:
	}
	return Room{}
}

// Router is what the router of a virtual hub carries between VNets: what its
// routing infrastructure units give, of which there are two at least.
func Router(a *atlas.Atlas, g *fabric.Gateway) Room {
	rate := vocab.Rate(0)
	for _, s := range a.SKUs(vocab.Azure, atlas.SKUHubRouter) {
		switch s.Name {
		case atlas.SKUNameHubRouterLeast:
			rate = max(rate, s.Aggregate)
		case atlas.SKUNameHubRouterUnit:
			rate = max(rate, s.Aggregate*vocab.Rate(g.RoutingUnits))
		}
	}
	return bounded(rate)
}

// Attachment is what an attachment of a transit gateway carries each way in
// one availability zone.
func Attachment(a *atlas.Atlas) Room {
	return bounded(least(a.SKUs(vocab.AWS, atlas.SKUAttachment), func(s atlas.SKU) vocab.Rate { return s.Aggregate }))
}

// Tunnel is what one tunnel of a gateway carries, planning value, with a
// cipher (zero when the ends may agree on any: then the slower). Large is of
// AWS connections. A site of one's own bounds nothing that is known.
func Tunnel(a *atlas.Atlas, g *fabric.Gateway, large bool, e vocab.Encryption) Room {
	rate := func(s atlas.SKU) vocab.Rate {
		switch {
		case s.TunnelLow > 0:
			return s.TunnelLow
		case e == 0:
			return min(s.TunnelGCM, s.TunnelCBC)
		}
		return s.TunnelRate(e)
	}
	switch g.Kind {
	case fabric.VirtualPrivateGateway, fabric.TransitGateway:
		skus := slices.DeleteFunc(a.SKUs(vocab.AWS, atlas.SKUTunnel), func(s atlas.SKU) bool { return (s.Name == atlas.SKUNameAWSLarge) != large })
		return bounded(least(skus, rate))
	case fabric.HAVPN:
		return bounded(least(a.SKUs(vocab.GCP, atlas.SKUTunnel), rate))
	case fabric.VPNGateway:
		return bounded(least(gatewaySKUs(a, g), rate))
	case fabric.VirtualHub:
		return bounded(least(a.SKUs(vocab.Azure, atlas.SKUHub), rate))
	case fabric.Device, fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
	}
	return Room{}
}

// zonal ends the names of the SKUs that still exist. Those without are the
// same sizes, and Microsoft turns them into these
// (https://learn.microsoft.com/azure/vpn-gateway/gateway-sku-consolidation).
const zonal = "AZ"

// gatewaySKUs are the sizes that an Azure VPN gateway can be of: one, or those
// of each generation where it states none.
func gatewaySKUs(a *atlas.Atlas, g *fabric.Gateway) []atlas.SKU {
	return slices.DeleteFunc(a.SKUs(vocab.Azure, atlas.SKUGateway), func(s atlas.SKU) bool {
		named := strings.EqualFold(s.Name, g.SKU) || strings.EqualFold(s.Name, g.SKU+zonal)
		return !named || g.Generation != 0 && s.Generation != g.Generation
	})
}

// least is the smallest of what sizes carry; 0 when there is none.
func least(skus []atlas.SKU, rate func(atlas.SKU) vocab.Rate) vocab.Rate {
	var out vocab.Rate
	for i, s := range skus {
		if r := rate(s); i == 0 || r < out {
			out = r
		}
	}
	return out
}
