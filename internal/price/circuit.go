package price

import (
	"fmt"
	"math"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// others returns the other ways known to carry a link's traffic.
func (p *pricer) others(k fabric.Link, need vocab.Rate, volumes [2]vocab.Volume, now way) []way {
	ends := p.ends(k)
	if need == 0 {
		need = k.Capacity
	}
	switch k.Kind {
	case fabric.VPN, fabric.OverlayLink, fabric.CircuitLink, fabric.CrossConnectLink:
		var out []way
		if w, ok := p.largeTunnels(k, volumes, now); ok {
			out = append(out, w)
		}
		if ends[0].Cloud != ends[1].Cloud {
			out = append(out, p.circuits(k, ends, need)...)
		}
		if w, ok := p.managed(ends, need); ok {
			out = append(out, w)
		}
		return out
	case fabric.TransitPeerLink:
		w := way{Option: Option{Name: "VPC peering across regions", Priced: true, Spares: true, Note: "joins two VPCs, no more; saves the transit gateway's data price too"}}
		w.carry(p, k, fabric.TransitPeerLink, volumes)
		return []way{w}
	case fabric.VNetPeerLink:
		for _, id := range k.Gateways {
			if g, _ := p.n.Gateway(id); g.Kind != fabric.VPNGateway {
				return nil
			}
		}
		w := way{Option: Option{Name: "VPN between the VNets' gateways", Priced: true, Note: "over the gateways that are there, within what they carry"}}
		w.carry(p, k, fabric.VPN, volumes)
		return []way{w}
	case fabric.VirtualWANLink, fabric.SameVPCLink, fabric.VPCPeerLink, fabric.NCCLink:
		return nil
	}
	return nil
}

// largeTunnels is the link with AWS's large-bandwidth tunnels, where its VPN
// connections end at a transit gateway.
func (p *pricer) largeTunnels(k fabric.Link, volumes [2]vocab.Volume, now way) (way, bool) {
	w := way{Option: Option{Name: "VPN with large-bandwidth tunnels", Priced: true, Fixed: now.Fixed, Mark: now.Mark}, facts: slices.Clone(now.facts)}
	large, ok := p.a.SKU(vocab.AWS, atlas.SKUNameAWSLarge)
	found := false
	for _, c := range p.n.Connections {
		g, _ := p.n.Gateway(c.Gateway)
		if c.Link != k.ID || c.Large || g.Kind != fabric.TransitGateway {
			continue
		}
		s, _ := p.n.Site(g.Site)
		if !large.InRegion(s.Region) {
			return way{}, false
		}
		found = true
		if pr, ok := p.a.Price(atlas.PriceAWSVPNConnection, at(s)); ok {
			w.Fixed -= pr.Unit().Times(pieces(pr, 1))
		}
		w.pay(p, atlas.PriceAWSVPNLargeConnection, at(s), 1)
	}
	if !found || !ok {
		return way{}, false
	}
	var before, after vocab.Rate
	for _, t := range p.n.TunnelsOf(k) {
		before += t.Rate
		after += min(large.TunnelRate(k.Suite.ESPEncryption), p.farRate(t, k))
	}
	if before > 0 {
		w.Capacity = vocab.Rate(float64(k.Capacity) * float64(after) / float64(before))
	}
	for _, id := range k.Gateways {
		if r := p.aggregate(id); r > 0 {
			w.bound(r)
		}
	}
	w.carry(p, k, k.Kind, volumes)
	return w, true
}

// aggregate is what a gateway carries over all its tunnels together, 0 when it
// has no such bound.
func (p *pricer) aggregate(id fabric.GatewayID) vocab.Rate {
	g, _ := p.n.Gateway(id)
	switch g.Kind {
	case fabric.VPNGateway:
		sku, _ := p.a.SKU(vocab.Azure, g.SKU)
		return sku.Aggregate
	case fabric.VirtualHub:
		if units := p.a.SKUs(vocab.Azure, atlas.SKUHub); len(units) > 0 {
			return vocab.Rate(g.ScaleUnits) * units[0].Aggregate
		}
	case fabric.VirtualPrivateGateway, fabric.TransitGateway, fabric.HAVPN, fabric.Device:
	}
	return 0
}

// farRate is what the end of a tunnel that is not AWS's carries.
func (p *pricer) farRate(t fabric.Tunnel, k fabric.Link) vocab.Rate {
	rate := vocab.Rate(math.MaxInt64)
	for _, e := range t.Ends {
		g, _ := p.n.Gateway(e.Gateway)
		var name string
		switch g.Kind {
		case fabric.HAVPN:
			name = atlas.SKUNameGCPHA
		case fabric.VPNGateway:
			name = g.SKU
		case fabric.VirtualHub:
			name = atlas.SKUNameAzureUnit
		case fabric.VirtualPrivateGateway, fabric.TransitGateway, fabric.Device:
			continue
		}
		s, _ := p.n.Site(g.Site)
		if sku, ok := p.a.SKU(s.Cloud, name); ok {
			rate = min(rate, sku.TunnelRate(k.Suite.ESPEncryption))
		}
	}
	return rate
}

// pay adds a fixed price to a way.
func (w *way) pay(p *pricer, item atlas.PriceItem, at atlas.PriceScope, count float64) {
	pr, ok := p.a.Price(item, at)
	if !ok {
		w.lack(item, at.Size)
		return
	}
	w.Fixed += pr.Unit().Times(pieces(pr, count))
	w.facts = append(w.facts, pr.Fact)
}

// lack marks a way as not priced.
func (w *way) lack(item atlas.PriceItem, size vocab.Rate) {
	w.Priced = false
	if w.Why == "" {
		w.Why = "no price of " + string(item)
		if size > 0 {
			w.Why += " at " + size.String()
		}
	}
}

// circuitKind is how a circuit's ports are bought.
type circuitKind uint8

const (
	hosted     circuitKind = iota + 1 // through a partner's fabric
	dedicated                         // ports of one's own at a colocation
	crossCloud                        // Google's ports to the other cloud
)

// String gives the words for people.
func (k circuitKind) String() string {
	switch k {
	case hosted:
		return "partner circuits"
	case dedicated:
		return "dedicated ports"
	case crossCloud:
		return "Cross-Cloud Interconnect"
	}
	return "circuit?"
}

// circuitCount is how many circuits stand in for a redundant VPN: two, in two
// facilities. An ExpressRoute circuit is a pair in itself.
const circuitCount = 2

// circuits returns the private circuits between two ends, meeting in the
// metro of the first end in a cloud.
func (p *pricer) circuits(k fabric.Link, ends [2]fabric.Site, need vocab.Rate) []way {
	kinds := []circuitKind{hosted, dedicated}
	if pair(ends, vocab.AWS, vocab.GCP) {
		kinds = append(kinds, crossCloud)
	}
	where := p.place(ends[0])
	if !ends[0].Cloud.IsPublic() {
		where = p.place(ends[1])
	}
	var out []way
	for _, kind := range kinds {
		w := way{Option: Option{Priced: true, Name: circuitName(kind, ends)}}
		w.Note = fmt.Sprintf("priced for colocations near %s; two circuits, for the VPN is redundant too", where.City)
		if ends[0].Cloud == vocab.Azure || ends[1].Cloud == vocab.Azure {
			w.Note += " (one of ExpressRoute, which is a pair)"
		}
		w.NotIncluded = circuitFees(kind, ends)
		var outs [2]atlas.Price
		for dir, s := range ends {
			p.circuitEnd(&w, k, kind, s, where, need)
			outs[dir] = w.outPrice(p, s, where)
		}
		w.variable = func(v [2]vocab.Volume) vocab.USD {
			var sum vocab.USD
			for dir, pr := range outs {
				sum += pr.Unit().Times(pr.Per.Quantity(v[dir]))
			}
			return sum
		}
		out = append(out, w)
	}
	return out
}

// circuitFees names what others than the clouds charge for a circuit.
func circuitFees(kind circuitKind, ends [2]fabric.Site) []string {
	var out []string
	switch kind {
	case hosted:
		out = append(out, "the partner's ports and virtual circuits")
	case dedicated:
		out = append(out, "cross-connects and colocation", "routers at the colocation")
	case crossCloud:
		out = append(out, "cross-connects and colocation")
	}
	for _, s := range ends {
		switch s.Cloud {
		case vocab.Azure:
			if kind != hosted {
				out = append(out, "the provider's side of the ExpressRoute circuit")
			}
		case vocab.OnPrem:
			out = append(out, "the line from the site to the colocation")
		case vocab.AWS, vocab.GCP, vocab.Exchange:
		}
	}
	return out
}

// outPrice is what a cloud bills data out over a circuit by; nothing for a
// site of one's own.
func (w *way) outPrice(p *pricer, s fabric.Site, where atlas.Place) atlas.Price {
	item := privateItem(s.Cloud)
	if item == "" {
		return atlas.Price{}
	}
	pr, ok := p.a.Price(item, atlas.PriceScope{Region: s.Region, To: where})
	if !ok {
		w.lack(item, 0)
		return atlas.Price{}
	}
	w.facts = append(w.facts, pr.Fact)
	return pr
}

// circuitEnd adds what one cloud bills for its end of a circuit.
func (p *pricer) circuitEnd(w *way, k fabric.Link, kind circuitKind, s fabric.Site, where atlas.Place, need vocab.Rate) {
	scope := atlas.PriceScope{Region: s.Region, To: where}
	g := p.gateway(k, s.ID)
	switch s.Cloud {
	case vocab.AWS:
		item := atlas.PriceAWSDXDedicated
		if kind == hosted {
			item = atlas.PriceAWSDXHosted
		}
		w.sized(p, item, scope, need, circuitCount)
		if g.Kind == fabric.TransitGateway {
			w.pay(p, atlas.PriceAWSTGWAttachment, scope, 1)
		}
	case vocab.GCP:
		switch kind {
		case hosted:
			w.sized(p, atlas.PriceGCPInterconnectPartner, scope, need, circuitCount)
		case dedicated:
			w.sized(p, atlas.PriceGCPInterconnectDedicated, scope, need, circuitCount)
			w.sized(p, atlas.PriceGCPInterconnectVLAN, scope, need, circuitCount)
		case crossCloud:
			w.sized(p, atlas.PriceGCPInterconnectCrossCloud, scope, need, circuitCount)
			w.sized(p, atlas.PriceGCPInterconnectVLAN, scope, need, circuitCount)
		}
	case vocab.Azure:
		w.sized(p, atlas.PriceAzureERMetered, scope, need, 1)
		p.expressRouteGateway(w, g, scope, need)
	case vocab.OnPrem, vocab.Exchange:
	}
}

// expressRouteGateway adds the Azure gateway that carries the bandwidth.
func (p *pricer) expressRouteGateway(w *way, g fabric.Gateway, scope atlas.PriceScope, need vocab.Rate) {
	if g.Kind == fabric.VirtualHub {
		sizes := p.a.PriceSizes(atlas.PriceAzureVWANERUnit)
		if len(sizes) == 0 {
			w.lack(atlas.PriceAzureVWANERUnit, need)
			return
		}
		units := max(1, math.Ceil(float64(need)/float64(sizes[0])))
		w.pay(p, atlas.PriceAzureVWANERUnit, atlas.PriceScope{Region: scope.Region, Size: sizes[0]}, units)
		w.pay(p, atlas.PriceAzureVWANConnection, scope, 1)
		w.bound(vocab.Rate(units) * sizes[0])
		return
	}
	for _, sku := range p.a.SKUs(vocab.Azure, atlas.SKUExpressRoute) {
		item := atlas.PriceAzureERGateway(sku.Name)
		if _, ok := p.a.Price(item, scope); ok && sku.Aggregate >= need {
			w.pay(p, item, scope, 1)
			w.bound(sku.Aggregate)
			return
		}
	}
	w.lack(atlas.PriceAzureERGatewayErGw3AZ, need)
}

// bound lowers a way's capacity to a rate.
func (w *way) bound(r vocab.Rate) {
	if w.Capacity == 0 || r < w.Capacity {
		w.Capacity = r
	}
}

// sized adds the cheapest size of an item that carries a rate (of equally
// cheap ones the largest); the largest there is, when none does.
func (w *way) sized(p *pricer, item atlas.PriceItem, scope atlas.PriceScope, need vocab.Rate, count float64) {
	var best vocab.Rate
	var least vocab.USD
	for _, r := range p.a.PriceSizes(item) {
		scope.Size = r
		pr, ok := p.a.Price(item, scope)
		if !ok {
			continue
		}
		u := pr.Unit()
		better := r > best // both too small
		if best >= need {
			better = r >= need && (u < least || u == least && r > best)
		}
		if best == 0 || better {
			best, least = r, u
		}
	}
	if scope.Size = best; best == 0 {
		w.lack(item, need)
		return
	}
	w.pay(p, item, scope, count)
	w.bound(best)
}

// managed is the link that two clouds sell between the two regions.
func (p *pricer) managed(ends [2]fabric.Site, need vocab.Rate) (way, bool) {
	x, ok1 := p.a.Region(ends[0].Cloud, ends[0].Region)
	y, ok2 := p.a.Region(ends[1].Cloud, ends[1].Region)
	link, ok3 := p.a.CrossLink(x, y)
	if !ok1 || !ok2 || !ok3 {
		return way{}, false
	}
	w := way{Option: Option{Name: link.Product, Note: "no price for a GB on the AWS side; " + string(link.State)}, facts: []atlas.Fact{link.Fact}}
	w.variable = func([2]vocab.Volume) vocab.USD { return 0 }
	item := atlas.PriceGCPPartnerCrossCloud
	if link.Cloud == vocab.Azure {
		item = atlas.PriceAzureMulticloud
	} else {
		w.NotIncluded = []string{"a price for each GB on the Google side, if there is one"}
	}
	for _, r := range link.Rates {
		w.Capacity = r
		here, ok1 := p.a.Price(atlas.PriceAWSInterconnect, atlas.PriceScope{Region: link.AWS, Size: r})
		there, ok2 := p.a.Price(item, atlas.PriceScope{Region: link.Other, Size: r})
		if r >= need && ok1 && ok2 {
			w.Priced = true
			w.Fixed = here.Unit().Times(pieces(here, 1)) + there.Unit().Times(pieces(there, 1))
			w.facts = append(w.facts, here.Fact, there.Fact)
			w.Note = fmt.Sprintf("%v; %s", r, w.Note)
			return w, true
		}
	}
	w.Why = fmt.Sprintf("no price known of a size for %v on both sides", need)
	return w, true
}

// pair reports whether two sites are in two clouds, in either order.
func pair(ends [2]fabric.Site, x, y vocab.Cloud) bool {
	return ends[0].Cloud == x && ends[1].Cloud == y || ends[0].Cloud == y && ends[1].Cloud == x
}

// circuitName names a pair of circuits: Direct Connect + Interconnect (partner circuits).
func circuitName(k circuitKind, ends [2]fabric.Site) string {
	name := ""
	for _, s := range ends {
		product := circuitProduct(s.Cloud)
		if product == "" {
			continue
		}
		if name != "" {
			name += " + "
		}
		name += product
	}
	return name + " (" + k.String() + ")"
}

func circuitProduct(c vocab.Cloud) string {
	switch c {
	case vocab.AWS:
		return "Direct Connect"
	case vocab.GCP:
		return "Interconnect"
	case vocab.Azure:
		return "ExpressRoute"
	case vocab.OnPrem, vocab.Exchange:
		return ""
	}
	return ""
}
