package routes

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes/cloud"
)

// elements are the indexes of what one part takes down with it.
type elements struct {
	gateways, attachments, tunnels, nats, sites []int
}

// parts says what each part takes down.
type parts map[Part]*elements

func (m parts) of(p Part) *elements {
	e := m[p]
	if e == nil {
		e = &elements{}
		m[p] = e
	}
	return e
}

// domainPart is the part that a failure domain is, and whether it is one.
func domainPart(d fabric.Domain) (Part, bool) {
	switch d.Kind {
	case fabric.Instance:
		return Part{InstancePart, d.ID}, true
	case fabric.ZoneDomain:
		return Part{ZonePart, d.ID}, true
	case fabric.Facility:
		return Part{SitePart, d.ID}, true
	case fabric.RegionDomain:
		return Part{RegionPart, d.ID}, true
	case fabric.Provider:
		return Part{CloudPart, d.ID}, true
	}
	return Part{}, false
}

func domainParts(list []fabric.Domain) []Part {
	var out []Part
	for _, d := range list {
		if p, ok := domainPart(d); ok {
			out = append(out, p)
		}
	}
	return out
}

// findParts lists all that can fail with what it takes down.
func (p *Plane) findParts() parts {
	n, m := p.net, parts{}
	siteParts := make([][]Part, len(n.Sites))
	for i := range n.Sites {
		s := &n.Sites[i]
		siteParts[i] = append(domainParts(s.Meta.Domains), Part{SitePart, string(s.ID)})
		for _, q := range unique(siteParts[i]) {
			m.of(q).sites = append(m.of(q).sites, i)
		}
	}
	ofSite := func(id fabric.SiteID) []Part {
		if i := cloud.Find(p.layout.Index.Sites, id); i >= 0 {
			return siteParts[i]
		}
		return nil
	}
	gatewayParts := make([][]Part, len(n.Gateways))
	for i := range n.Gateways {
		g := &n.Gateways[i]
		gatewayParts[i] = unique(append(domainParts(g.Meta.Domains), ofSite(g.Site)...))
		for _, q := range gatewayParts[i] {
			m.of(q).gateways = append(m.of(q).gateways, i)
		}
		for k := range g.Interfaces {
			for _, q := range domainParts(g.Interfaces[k].Domains) {
				m.of(q) // an instance without tunnels can fail too
			}
		}
	}
	ofGateway := func(id fabric.GatewayID) []Part {
		if i := cloud.Find(p.layout.Index.Gateways, id); i >= 0 {
			return gatewayParts[i]
		}
		return nil
	}
	for i := range n.Links {
		if n.Links[i].Kind != fabric.SameVPCLink { // the network itself: it has no link to fail
			m.of(Part{LinkPart, string(n.Links[i].ID)})
		}
	}
	for i := range n.Attachments {
		for _, q := range p.attachmentParts(&n.Attachments[i], ofGateway, ofSite) {
			m.of(q).attachments = append(m.of(q).attachments, i)
		}
	}
	for i := range n.Tunnels {
		t := &n.Tunnels[i]
		list := append(domainParts(t.Domains), Part{TunnelPart, string(t.ID)})
		if t.Link != "" {
			list = append(list, Part{LinkPart, string(t.Link)})
		}
		for _, e := range t.Ends {
			list = append(list, ofGateway(e.Gateway)...)
			if k := cloud.Find(p.layout.Index.Gateways, e.Gateway); k >= 0 {
				for _, f := range n.Gateways[k].Interfaces {
					if f.Index == e.Interface {
						list = append(list, domainParts(f.Domains)...)
					}
				}
			}
		}
		for _, q := range unique(list) {
			m.of(q).tunnels = append(m.of(q).tunnels, i)
		}
	}
	for i := range n.NATs {
		for _, q := range unique(append(domainParts(n.NATs[i].Meta.Domains), ofSite(n.NATs[i].Site)...)) {
			m.of(q).nats = append(m.of(q).nats, i)
		}
	}
	for i := range n.Subnets {
		for _, part := range n.Subnets[i].Parts {
			if part.Zone != "" {
				m.of(Part{ZonePart, part.Zone})
			}
		}
	}
	return m
}

// attachmentParts lists what takes an attachment down: its link, its gateways
// where it hangs on one, and the sites of the VPCs that stand at one site. A
// GCP VPC is global, and its peerings and spokes fail with no region.
func (p *Plane) attachmentParts(a *fabric.Attachment, ofGateway func(fabric.GatewayID) []Part, ofSite func(fabric.SiteID) []Part) []Part {
	var list []Part
	if a.Link != "" {
		list = append(list, Part{LinkPart, string(a.Link)})
	}
	switch a.Kind {
	case fabric.VGWAttachment, fabric.TransitVPCAttachment, fabric.TransitVPNAttachment, fabric.TransitPeering,
		fabric.VirtualHubConnection, fabric.DirectConnectAssociation:
		list = append(list, ofGateway(a.Gateway)...)
		list = append(list, ofGateway(a.Peer)...)
	case fabric.VNetPeering, fabric.AWSPeering:
	case fabric.VPCPeering, fabric.NCCSpoke, fabric.NCCHybridSpoke:
		return unique(list)
	}
	list = append(list, domainParts(a.Meta.Domains)...)
	for _, id := range []fabric.VPCID{a.VPC, a.PeerVPC} {
		if v := cloud.Find(p.layout.Index.VPCs, id); v >= 0 {
			list = append(list, ofSite(cloud.VPCSite(&p.net.VPCs[v]))...)
		}
	}
	return unique(list)
}

func unique(list []Part) []Part {
	list = slices.Clone(list)
	slices.SortFunc(list, Part.Compare)
	return slices.Compact(list)
}

// down is what a failure has taken down.
type down struct {
	gateways, attachments, tunnels, nats, sites []bool
	zones                                       map[string]bool
	links                                       map[fabric.LinkID]bool
	all                                         elements // the same as lists
}

// downOf gathers what a failure takes down. Parts that are not in the network
// take nothing down.
func (p *Plane) downOf(f Failure) *down {
	n := p.net
	d := &down{
		gateways: make([]bool, len(n.Gateways)), attachments: make([]bool, len(n.Attachments)),
		tunnels: make([]bool, len(n.Tunnels)), nats: make([]bool, len(n.NATs)), sites: make([]bool, len(n.Sites)),
		zones: map[string]bool{}, links: map[fabric.LinkID]bool{},
	}
	for _, q := range f {
		switch q.Kind {
		case ZonePart:
			d.zones[q.ID] = true
		case LinkPart:
			if i := cloud.Find(p.layout.Index.Links, fabric.LinkID(q.ID)); i >= 0 && n.Links[i].Kind != fabric.SameVPCLink {
				d.links[fabric.LinkID(q.ID)] = true
			}
		case TunnelPart, InstancePart, SitePart, RegionPart, CloudPart:
		}
		e := p.parts[q]
		if e == nil {
			continue
		}
		mark := func(flags []bool, list, all []int) []int {
			for _, i := range list {
				if !flags[i] {
					flags[i], all = true, append(all, i)
				}
			}
			return all
		}
		d.all.gateways = mark(d.gateways, e.gateways, d.all.gateways)
		d.all.attachments = mark(d.attachments, e.attachments, d.all.attachments)
		d.all.tunnels = mark(d.tunnels, e.tunnels, d.all.tunnels)
		d.all.nats = mark(d.nats, e.nats, d.all.nats)
		d.all.sites = mark(d.sites, e.sites, d.all.sites)
	}
	return d
}

// Parts lists what of the network can fail, of the given kinds (all when none
// is given), sorted.
func (p *Plane) Parts(kinds ...PartKind) []Part {
	var out []Part
	for q := range p.parts {
		if len(kinds) == 0 || slices.Contains(kinds, q.Kind) {
			out = append(out, q)
		}
	}
	slices.SortFunc(out, Part.Compare)
	return out
}

// Down reports whether machines of a subnet's part (zone empty where subnets
// are regional) have themselves failed: their zone, site, region or cloud.
func (t *Tables) Down(s fabric.SubnetID, zone string) bool {
	if t.st == nil {
		return false
	}
	if zone != "" && t.st.down.zones[zone] {
		return true
	}
	sn, ok := t.Network.Subnet(s)
	if !ok {
		return false
	}
	for _, d := range sn.Meta.Domains {
		if q, ok := domainPart(d); ok && slices.Contains(t.Failure, q) {
			return true
		}
	}
	return t.SiteDown(sn.Site)
}

// SiteDown reports whether a site as a whole has failed.
func (t *Tables) SiteDown(s fabric.SiteID) bool {
	if t.st == nil {
		return false
	}
	i := cloud.Find(t.plane.layout.Index.Sites, s)
	return i >= 0 && t.st.down.sites[i]
}
