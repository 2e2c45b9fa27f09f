package price

import (
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// flow adds what one flow pays along its ways. The nth flow of the network
// counts from 1.
func (p *pricer) flow(nth int, f *fabric.Flow) {
	for i := range p.shares[nth-1] {
		s := &p.shares[nth-1][i]
		if s.exit == lost || s.volume <= 0 {
			continue
		}
		p.met = map[position]int{}
		l := Line{Object: f.From.Ref + " to " + f.To.Ref, Flow: nth, Origin: f.Origin}
		if f.From.Site == "" {
			p.fromInternet(l, s)
			continue
		}
		if len(s.crossings) == 0 && s.exit == arrives {
			p.inside(l, f, s)
			continue
		}
		p.path(l, s)
	}
}

// path walks the crossings of a share: into the first gateway, over each link,
// through or out of the gateway at its far end, and out to the internet where
// it leaves.
func (p *pricer) path(l Line, s *share) {
	for i, c := range s.crossings {
		l.Link = c.link.ID
		if i == 0 {
			p.depart(billed(l, c.from), c, s.from, s.volume)
		}
		p.onLink = true
		p.transport(billed(l, c.from), c.link, c.from, c.to, s.volume)
		p.onLink = false
		var vpc fabric.VPCID
		if i == len(s.crossings)-1 && s.exit == arrives {
			vpc = s.vpc
		}
		p.arrive(billed(l, c.to), c, vpc, s.volume)
	}
	if s.exit == arrives {
		return
	}
	l.Link = ""
	l = billed(l, s.site)
	if s.nat {
		p.natData(l, s.site, s.volume)
	}
	p.internet(l, s.site, atlas.Place{}, s.volume)
}

// billed gives a line the site that pays it.
func billed(l Line, s fabric.Site) Line {
	l.Site, l.Account = s.ID, s.Meta.Account
	return l
}

// depart adds what traffic from a VPC pays to get to a link.
func (p *pricer) depart(l Line, c crossing, vpc fabric.VPCID, v vocab.Volume) {
	g := p.end(c, c.from, c.left)
	switch c.from.Cloud {
	case vocab.AWS:
		p.awsDepart(l, c.from, g, v)
	case vocab.GCP:
		p.gcpDepart(l, c.from, vpc, v)
	case vocab.Azure:
		p.azureDepart(l, c.from, c.link, g, vpc, v)
	case vocab.OnPrem, vocab.Exchange:
	}
}

// arrive adds what traffic pays at the far end of a link; vpc is empty when it
// goes on from there.
func (p *pricer) arrive(l Line, c crossing, vpc fabric.VPCID, v vocab.Volume) {
	g := p.end(c, c.to, c.entered)
	switch c.to.Cloud {
	case vocab.AWS:
		p.awsArrive(l, c.to, g, c.link.Kind, v)
	case vocab.Azure:
		p.azureArrive(l, c.to, c.link, g, vpc, v)
	case vocab.GCP, vocab.OnPrem, vocab.Exchange:
	}
}

// end is the gateway of a crossing at one of its sites: the one that the
// tables name, else the link's.
func (p *pricer) end(c crossing, s fabric.Site, named fabric.Gateway) fabric.Gateway {
	if named.ID != "" {
		return named
	}
	return p.gateway(c.link, s.ID)
}

// transport adds what the sender (and for a VNet peering the receiver) pays
// for one link; for a way between sites that no link joins what its cloud
// bills between regions.
func (p *pricer) transport(l Line, k fabric.Link, from, to fabric.Site, v vocab.Volume) {
	switch k.Kind {
	case fabric.VPN, fabric.OverlayLink:
		if from.Cloud == to.Cloud {
			p.sameCloudVPN(l, from, to, v)
			return
		}
		p.internet(l, from, p.place(to), v)
	case fabric.TransitPeerLink, fabric.SameVPCLink, fabric.VPCPeerLink, fabric.NCCLink, fabric.VirtualWANLink, 0:
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
	if item == "" || from.Cloud != to.Cloud || from.Region == to.Region {
		return
	}
	l.Item = "inter-region egress"
	p.data(l, item, atlas.PriceScope{Region: from.Region, To: p.place(to)}, v, 1)
}

// fromInternet adds the processing of what comes in through NAT. Data in is
// free otherwise.
func (p *pricer) fromInternet(l Line, s *share) {
	if s.nat {
		p.natData(billed(l, s.site), s.site, s.volume)
	}
}

func (p *pricer) natData(l Line, s fabric.Site, v vocab.Volume) {
	if item := natDataItem(s.Cloud); item != "" {
		l.Item = "NAT gateway data"
		p.data(l, item, at(s), v, 1)
	}
}

// inside adds what traffic between two ends of one site pays.
func (p *pricer) inside(l Line, f *fabric.Flow, s *share) {
	site := s.site
	l = billed(l, site)
	p.insideVPCs(l, site, s)
	if !site.Cloud.IsPublic() {
		return
	}
	item, times := zoneItem(site.Cloud)
	l.Item, l.Note = "traffic between zones", "of machines spread evenly over the zones"
	p.data(l, item, at(site), s.volume, times*crossingZones(p.zones(f.From.Subnets, site), p.zones(f.To.Subnets, site)))
	p.note("Traffic inside a site is taken to be spread evenly over the zones of both ends, so that with three zones two thirds of it cross zones; traffic to a gateway is taken to stay in its zone.")
}

// insideVPCs adds what traffic between two VPCs of one site pays.
func (p *pricer) insideVPCs(l Line, site fabric.Site, s *share) {
	switch site.Cloud {
	case vocab.AWS:
		p.awsInside(l, site, s, s.volume)
	case vocab.GCP:
		p.gcpInside(l, site, s, s.volume)
	case vocab.Azure:
		p.azureInside(l, site, s, s.volume)
	case vocab.OnPrem, vocab.Exchange:
	}
}

// crosses counts the attachments of a kind that a trip crosses inside sites.
func (p *pricer) crosses(s *share, k fabric.AttachmentKind) int {
	count := 0
	for _, id := range s.crossed {
		if a, ok := p.n.Attachment(id); ok && a.Kind == k {
			count++
		}
	}
	return count
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

// crossingZones returns the share of traffic that crosses zones when both ends
// are spread evenly over theirs.
func crossingZones(from, to []string) float64 {
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
