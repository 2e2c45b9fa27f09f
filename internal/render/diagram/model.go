// Package diagram draws a compiled network: as SVG with a layout of its own
// (docs/adr/0004-diagram-layout.md says why), as DOT for Graphviz and as a
// Mermaid flowchart.
//
// [Model] reduces a [fabric.Network] to what a picture shows: clouds with
// their sites, networks, workload subnets and gateways, and the links between
// sites. Derived subnets (NAT, transit, gateway) are left out. Above
// [MaxNodes] nodes subnets fold into their network, then networks into their
// site; above [MaxLinks] links or [MaxSites] sites in one cloud the links are
// bundled by pair of clouds. All functions are pure and give the same bytes
// for the same network.
package diagram

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// What fits on a page that a person still reads.
const (
	MaxNodes = 60 // sites, networks, subnets and gateways drawn
	MaxLinks = 24 // links drawn one by one
	MaxSites = 16 // sites side by side in one cloud
)

// Fold is how much of the network is folded away.
type Fold uint8

// The levels.
const (
	FoldNothing  Fold = iota
	FoldSubnets       // networks show how many subnets they have
	FoldNetworks      // sites show how many networks and subnets they have
)

// String says what is folded.
func (f Fold) String() string {
	switch f {
	case FoldNothing:
		return "nothing folded"
	case FoldSubnets:
		return "subnets folded into networks"
	case FoldNetworks:
		return "networks folded into sites"
	}
	return "fold?"
}

// Diagram is what a picture shows. Slices are in the order they are listed;
// SVG may place clouds and sites in another order to shorten links.
type Diagram struct {
	Title    string
	Subtitle string
	Fold     Fold
	Bundled  bool // Links join clouds, not sites
	Clouds   []Cloud
	Links    []Link
	Segments []Segment // legend: those that a drawn subnet is in
}

// Cloud is a group of sites.
type Cloud struct {
	Cloud vocab.Cloud
	Title string
	Sites []Site
}

// Site is one site with what is in it.
type Site struct {
	ID       fabric.SiteID
	Detail   string    // us-west-2, Boardman
	Prefixes []string  // on-prem only: its prefixes
	Networks []Network // empty when folded
	Gateways []Gateway
	Counts   Counts
}

// Network is a network's part at one site.
type Network struct {
	VPC     fabric.VPCID
	Name    string
	Detail  string // its prefixes at the site
	Note    string // existing, gateway only, spans 2 sites; may be empty
	Dashed  bool   // exists already
	Subnets []Subnet
	Counts  Counts
}

// Subnet is a workload subnet.
type Subnet struct {
	ID      fabric.SubnetID
	Name    string
	Prefix  string
	Note    string // NAT, public; may be empty
	Segment int    // index in Diagram.Segments, -1 for none
}

// Counts says what a box holds, drawn or folded.
type Counts struct {
	Networks  int
	Subnets   int
	BySegment []int // parallel to Diagram.Segments
}

// Gateway is what joins a site to others.
type Gateway struct {
	ID       fabric.GatewayID
	Title    string // Transit gateway
	Detail   string // AS 64512
	Attached []fabric.VPCID
}

// Segment is a line of the legend.
type Segment struct {
	ID   fabric.SegmentID
	Mark string // one or two characters, unique: the segment without its colour
}

// End is one end of a link: a gateway, a site where no gateway is needed, or
// a cloud when links are bundled.
type End struct {
	Cloud   vocab.Cloud
	Site    fabric.SiteID    // empty when bundled
	Gateway fabric.GatewayID // empty when bundled or none
}

// Link is a link, or the bundle of all links of one kind between two clouds.
type Link struct {
	ID      string // the link's id; aws--gcp VPN for a bundle
	Kind    fabric.LinkKind
	Ends    [2]End
	Label   string
	Rate    vocab.Rate // capacity, or what was asked for; 0 when neither is known; a bundle's sum
	Count   int        // links it stands for
	Tunnels int
}

// Nodes counts what is drawn: sites, networks, subnets and gateways.
func (d Diagram) Nodes() int {
	n := 0
	for _, c := range d.Clouds {
		for _, s := range c.Sites {
			n += 1 + len(s.Gateways) + len(s.Networks)
			for _, net := range s.Networks {
				n += len(net.Subnets)
			}
		}
	}
	return n
}

// Model reduces a network to its picture.
func Model(n *fabric.Network) Diagram {
	d := Diagram{Title: n.Name, Subtitle: subtitle(n), Segments: segments(n)}
	b := builder{network: n, segment: map[fabric.SegmentID]int{}, subnets: map[part][]int{}}
	for i, s := range d.Segments {
		b.segment[s.ID] = i
	}
	for i := range n.Subnets {
		if s := &n.Subnets[i]; s.Purpose == fabric.Workload {
			b.subnets[part{s.VPC, s.Site}] = append(b.subnets[part{s.VPC, s.Site}], i)
		}
	}
	for cloud := vocab.AWS; cloud <= vocab.Exchange; cloud++ {
		c := Cloud{Cloud: cloud, Title: cloudTitle(cloud)}
		for _, s := range n.Sites {
			if s.Cloud == cloud {
				c.Sites = append(c.Sites, b.site(s))
			}
		}
		if len(c.Sites) > 0 {
			d.Clouds = append(d.Clouds, c)
		}
	}
	d.Links = b.links()
	fold(&d)
	if len(d.Links) > MaxLinks || widest(d) > MaxSites {
		bundle(&d)
	}
	return d
}

// builder reads one network.
type builder struct {
	network *fabric.Network
	segment map[fabric.SegmentID]int
	subnets map[part][]int // indices of workload subnets, in order
}

// part is a VPC's part at one site.
type part struct {
	vpc  fabric.VPCID
	site fabric.SiteID
}

func (b builder) site(s fabric.Site) Site {
	out := Site{ID: s.ID, Detail: join(", ", s.Region, s.City)}
	if !s.Cloud.IsPublic() {
		for _, p := range s.Prefixes {
			out.Prefixes = append(out.Prefixes, p.String())
		}
	}
	out.Counts.BySegment = make([]int, len(b.segment))
	for _, v := range b.network.VPCs {
		if !slices.Contains(v.Sites, s.ID) {
			continue
		}
		net := b.net(v, s.ID)
		out.Networks = append(out.Networks, net)
		out.Counts.Networks++
		out.Counts.Subnets += net.Counts.Subnets
		for i, c := range net.Counts.BySegment {
			out.Counts.BySegment[i] += c
		}
	}
	for _, g := range b.network.Gateways {
		if g.Site == s.ID {
			out.Gateways = append(out.Gateways, b.gateway(g))
		}
	}
	return out
}

func (b builder) net(v fabric.VPC, site fabric.SiteID) Network {
	out := Network{VPC: v.ID, Name: v.Name, Dashed: v.Existing != ""}
	var prefixes []string
	for _, blk := range v.Blocks {
		if blk.Site == site && blk.Prefix.IsValid() {
			prefixes = append(prefixes, blk.Prefix.String())
		}
	}
	if len(prefixes) == 0 && len(v.Sites) == 1 {
		for _, p := range v.Prefixes {
			prefixes = append(prefixes, p.String())
		}
	}
	out.Detail = strings.Join(prefixes, ", ")
	switch {
	case out.Dashed:
		out.Note = "existing"
	case v.Role == fabric.Hub:
		out.Note = "gateway only"
	case len(v.Sites) > 1:
		out.Note = fmt.Sprintf("spans %d sites", len(v.Sites))
	}
	out.Counts.BySegment = make([]int, len(b.segment))
	for _, i := range b.subnets[part{v.ID, site}] {
		s := &b.network.Subnets[i]
		sub := Subnet{ID: s.ID, Name: s.Name, Prefix: s.Prefix.String(), Segment: -1, Note: internetNote(s.Internet)}
		if i, ok := b.segment[s.Segment]; ok {
			sub.Segment = i
			out.Counts.BySegment[i]++
		}
		out.Subnets = append(out.Subnets, sub)
		out.Counts.Subnets++
	}
	return out
}

func (b builder) gateway(g fabric.Gateway) Gateway {
	out := Gateway{ID: g.ID, Title: gatewayTitle(g.Kind)}
	if g.ASN != 0 {
		out.Detail = "AS " + g.ASN.String()
	}
	if g.SKU != "" {
		out.Detail = join(", ", g.SKU, out.Detail)
	}
	if g.VPC != "" {
		out.Attached = append(out.Attached, g.VPC)
	}
	for _, a := range b.network.Attachments {
		if a.Gateway == g.ID && a.VPC != "" && a.Link == "" {
			out.Attached = append(out.Attached, a.VPC)
		}
	}
	slices.Sort(out.Attached)
	out.Attached = slices.Compact(out.Attached)
	return out
}

func (b builder) links() []Link {
	var out []Link
	for _, l := range b.network.Links {
		link := Link{ID: string(l.ID), Kind: l.Kind, Rate: l.Capacity, Count: 1, Tunnels: len(l.Tunnels), Label: linkLabel(l)}
		if link.Rate == 0 {
			link.Rate = l.Asked
		}
		for i, id := range l.Sites {
			s, _ := b.network.Site(id)
			link.Ends[i] = End{Cloud: s.Cloud, Site: id, Gateway: l.Gateways[i]}
		}
		out = append(out, link)
	}
	return out
}
