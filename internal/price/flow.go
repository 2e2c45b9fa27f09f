package price

import (
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// flow adds what one flow pays along its way. The nth flow of the network
// counts from 1.
func (p *pricer) flow(nth int, f *fabric.Flow) {
	if f.Blocked || f.Monthly <= 0 {
		return
	}
	l := Line{Object: f.From.Ref + " to " + f.To.Ref, Flow: nth, Origin: f.Origin}
	switch {
	case f.From.Site == "" && f.To.Site == "":
	case f.To.Site == "":
		p.toInternet(l, f)
	case f.From.Site == "":
		p.fromInternet(l, f)
	case len(f.Via) == 0:
		p.inside(l, f)
	default:
		p.path(l, f)
	}
}

// path walks a flow's links: into the first gateway, over each link, through
// or out of the gateway at its far end.
func (p *pricer) path(l Line, f *fabric.Flow) {
	for i, id := range f.Via {
		k, ok := p.n.Link(id)
		if !ok || i+1 >= len(f.Sites) {
			return
		}
		from, _ := p.n.Site(f.Sites[i])
		to, _ := p.n.Site(f.Sites[i+1])
		l.Link = id
		if i == 0 {
			p.depart(billed(l, from), from, k, p.vpcOf(f.From.Subnets), f.Monthly)
		}
		first := len(p.bill.Lines)
		p.transport(billed(l, from), k, from, to, f.Monthly)
		for j := first; j < len(p.bill.Lines); j++ {
			p.carrying[j] = true
		}
		var vpc fabric.VPCID
		if i == len(f.Via)-1 {
			vpc = p.vpcOf(f.To.Subnets)
		}
		p.arrive(billed(l, to), to, k, vpc, f.Monthly)
	}
}

// billed gives a line the site that pays it.
func billed(l Line, s fabric.Site) Line {
	l.Site, l.Account = s.ID, s.Meta.Account
	return l
}

// depart adds what traffic from a VPC pays to get to a link.
func (p *pricer) depart(l Line, s fabric.Site, k fabric.Link, vpc fabric.VPCID, v vocab.Volume) {
	g := p.gateway(k, s.ID)
	switch s.Cloud {
	case vocab.AWS:
		p.awsDepart(l, s, g, v)
	case vocab.GCP:
		p.gcpDepart(l, s, vpc, v)
	case vocab.Azure:
		p.azureDepart(l, s, k, g, vpc, v)
	case vocab.OnPrem, vocab.Exchange:
	}
}

// arrive adds what traffic pays at the far end of a link; vpc is empty when it
// goes on from there.
func (p *pricer) arrive(l Line, s fabric.Site, k fabric.Link, vpc fabric.VPCID, v vocab.Volume) {
	g := p.gateway(k, s.ID)
	switch s.Cloud {
	case vocab.AWS:
		p.awsArrive(l, s, g, k.Kind, v)
	case vocab.Azure:
		p.azureArrive(l, s, k, g, vpc, v)
	case vocab.GCP, vocab.OnPrem, vocab.Exchange:
	}
}

// transport adds what the sender (and for a VNet peering the receiver) pays
// for one link.
func (p *pricer) transport(l Line, k fabric.Link, from, to fabric.Site, v vocab.Volume) {
	switch k.Kind {
	case fabric.VPN, fabric.OverlayLink:
		if from.Cloud == to.Cloud {
			p.sameCloudVPN(l, from, to, v)
			return
		}
		p.internet(l, from, p.place(to), v)
	case fabric.TransitPeerLink, fabric.SameVPCLink, fabric.VPCPeerLink, fabric.NCCLink, fabric.VirtualWANLink:
		p.interRegion(l, from, to, v)
	case fabric.VNetPeerLink:
		p.azurePeering(l, from, to, "between hubs", v)
	case fabric.CircuitLink:
		l.Item = "data out over the circuit"
		if item := privateItem(from.Cloud); item != "" {
			p.data(l, item, atlas.PriceScope{Region: from.Region, To: p.place(to)}, v, 1)
		}
	case fabric.CrossConnectLink:
		// The clouds' own links are billed by the hour only.
	}
}

// internet adds a sender's egress; to is zero for the internet at large.
func (p *pricer) internet(l Line, from fabric.Site, to atlas.Place, v vocab.Volume) {
	item := internetItem(from.Cloud)
	if item == "" {
		return
	}
	l.Item = "internet egress"
	p.egress(l, item, atlas.PriceScope{Region: from.Region, To: to}, v)
}

// sameCloudVPN adds the data of a VPN between two sites of one cloud: Azure
// has a price of its own, the others bill as between machines.
func (p *pricer) sameCloudVPN(l Line, from, to fabric.Site, v vocab.Volume) {
	if from.Cloud == vocab.Azure {
		l.Item = "data between VNets by VPN"
		p.data(l, atlas.PriceAzureVPNVNetData, at(from), v, 1)
		return
	}
	p.interRegion(l, from, to, v)
}

// interRegion adds a sender's egress to another region of its cloud.
func (p *pricer) interRegion(l Line, from, to fabric.Site, v vocab.Volume) {
	item := regionItem(from.Cloud)
	if item == "" || from.Region == to.Region {
		return
	}
	l.Item = "inter-region egress"
	p.data(l, item, atlas.PriceScope{Region: from.Region, To: p.place(to)}, v, 1)
}

// toInternet adds egress and, from subnets behind NAT, its processing.
func (p *pricer) toInternet(l Line, f *fabric.Flow) {
	s, _ := p.n.Site(f.From.Site)
	l = billed(l, s)
	p.natData(l, s, f.From.Subnets, f.Monthly)
	p.internet(l, s, atlas.Place{}, f.Monthly)
}

// fromInternet adds the processing of what comes in through NAT. Data in is
// free otherwise.
func (p *pricer) fromInternet(l Line, f *fabric.Flow) {
	s, _ := p.n.Site(f.To.Site)
	p.natData(billed(l, s), s, f.To.Subnets, f.Monthly)
}

func (p *pricer) natData(l Line, s fabric.Site, subnets []fabric.SubnetID, v vocab.Volume) {
	nat := slices.ContainsFunc(subnets, func(id fabric.SubnetID) bool {
		n, _ := p.n.Subnet(id)
		return n.Internet == fabric.ViaNAT
	})
	if item := natDataItem(s.Cloud); nat && item != "" {
		l.Item = "NAT gateway data"
		p.data(l, item, at(s), v, 1)
	}
}

// inside adds what a flow between two ends of one site pays.
func (p *pricer) inside(l Line, f *fabric.Flow) {
	s, _ := p.n.Site(f.From.Site)
	l = billed(l, s)
	from, to := p.vpcOf(f.From.Subnets), p.vpcOf(f.To.Subnets)
	switch s.Cloud {
	case vocab.AWS:
		p.awsInside(l, s, from, to, f.Monthly)
	case vocab.GCP:
		p.gcpInside(l, s, from, to, f.Monthly)
	case vocab.Azure:
		p.azureInside(l, s, from, to, f.Monthly)
	case vocab.OnPrem, vocab.Exchange:
		return
	}
	item, times := zoneItem(s.Cloud)
	l.Item, l.Note = "traffic between zones", "of machines spread evenly over the zones"
	p.data(l, item, at(s), f.Monthly, times*crossing(p.zones(f.From.Subnets, s), p.zones(f.To.Subnets, s)))
	p.note("Traffic inside a site is taken to be spread evenly over the zones of both ends, so that with three zones two thirds of it cross zones; traffic to a gateway is taken to stay in its zone.")
}

// zones returns the zones of some subnets; of the whole site where subnets
// span all of it.
func (p *pricer) zones(subnets []fabric.SubnetID, s fabric.Site) []string {
	var out []string
	for _, id := range subnets {
		n, _ := p.n.Subnet(id)
		for _, part := range n.Parts {
			if part.Zone != "" {
				out = append(out, part.Zone)
			}
		}
	}
	if len(out) == 0 {
		out = slices.Clone(s.Zones)
	}
	if len(out) == 0 {
		r, _ := p.a.Region(s.Cloud, s.Region)
		for _, z := range r.Zones {
			out = append(out, string(z))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// crossing returns the share of traffic that crosses zones when both ends are
// spread evenly over theirs.
func crossing(from, to []string) float64 {
	if len(from) == 0 || len(to) == 0 {
		return 0
	}
	same := 0
	for _, z := range from {
		if slices.Contains(to, z) {
			same++
		}
	}
	return 1 - float64(same)/float64(len(from)*len(to))
}
