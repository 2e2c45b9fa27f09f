// Package root holds what the renderers of the clouds share while they write:
// the root modules of a rendering with their files, and what the files turn
// out to need (providers, outputs of other roots, variables, moved blocks).
// It writes no resource itself.
package root

import (
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/vocab"
)

// Set is the root modules of one network: one, or one a site and one for the
// links. It also groups the network's objects for the renderers, once.
type Set struct {
	Network *fabric.Network
	Atlas   *atlas.Atlas

	roots []*Root
	sites map[fabric.SiteID]*Root
	links *Root
	// What everything is tagged and labelled with; not to be changed.
	tags, labels []fabric.Tag
	index
}

// New returns the empty roots of a network by its layout.
func New(n *fabric.Network, a *atlas.Atlas) *Set {
	s := &Set{Network: n, Atlas: a, sites: map[fabric.SiteID]*Root{}, index: newIndex(n)}
	s.tags = names.Tags(n, "", nil)
	s.labels = names.Labels(a, s.tags)
	switch n.Layout {
	case fabric.Single:
		s.links = s.add("", "network")
		for _, site := range n.Sites {
			s.sites[site.ID] = s.links
		}
	case fabric.Stacks:
		for _, site := range n.Sites {
			if !site.Cloud.IsPublic() {
				continue
			}
			r := s.add("sites/"+string(site.ID), string(site.ID))
			r.site = site.ID
			s.sites[site.ID] = r
		}
		s.links = s.add("links", "links")
		for _, site := range n.Sites {
			if s.sites[site.ID] == nil {
				s.sites[site.ID] = s.links // an on-prem site has nothing but ends of links
			}
		}
	}
	return s
}

func (s *Set) add(dir, name string) *Root {
	r := newRoot(s, dir, name)
	s.roots = append(s.roots, r)
	return r
}

// Roots returns all roots, sites first, in the order they are to be applied.
func (s *Set) Roots() []*Root { return s.roots }

// Site returns the root that holds a site's resources.
func (s *Set) Site(id fabric.SiteID) *Root { return s.sites[id] }

// Links returns the root that holds the links' resources.
func (s *Set) Links() *Root { return s.links }

// index groups objects by what holds them. Slices keep the network's order.
type index struct {
	vpcs          map[fabric.SiteID][]fabric.VPC
	subnets       map[fabric.VPCID][]fabric.Subnet
	tables        map[fabric.VPCID][]fabric.RouteTable
	nats          map[fabric.VPCID][]fabric.NAT
	endpoints     map[fabric.VPCID][]fabric.Endpoint
	filters       map[fabric.VPCID][]fabric.Filter
	flowLogs      map[fabric.SiteID][]fabric.FlowLog
	gateways      map[fabric.SiteID][]fabric.Gateway
	ofVPC         map[fabric.VPCID][]fabric.Attachment
	ofGateway     map[fabric.GatewayID][]fabric.Attachment
	ofLink        map[fabric.LinkID][]fabric.Attachment
	connections   map[fabric.LinkID][]fabric.Connection
	accountClouds map[fabric.AccountID]vocab.Cloud
}

func newIndex(n *fabric.Network) index {
	ix := index{
		vpcs:        map[fabric.SiteID][]fabric.VPC{},
		subnets:     group(n.Subnets, func(x fabric.Subnet) fabric.VPCID { return x.VPC }),
		tables:      group(n.RouteTables, func(x fabric.RouteTable) fabric.VPCID { return x.VPC }),
		nats:        group(n.NATs, func(x fabric.NAT) fabric.VPCID { return x.VPC }),
		endpoints:   group(n.Endpoints, func(x fabric.Endpoint) fabric.VPCID { return x.VPC }),
		filters:     group(n.Filters, func(x fabric.Filter) fabric.VPCID { return x.VPC }),
		flowLogs:    group(n.FlowLogs, func(x fabric.FlowLog) fabric.SiteID { return x.Site }),
		gateways:    group(n.Gateways, func(x fabric.Gateway) fabric.SiteID { return x.Site }),
		ofVPC:       map[fabric.VPCID][]fabric.Attachment{},
		ofGateway:   map[fabric.GatewayID][]fabric.Attachment{},
		ofLink:      group(n.Attachments, func(x fabric.Attachment) fabric.LinkID { return x.Link }),
		connections: group(n.Connections, func(x fabric.Connection) fabric.LinkID { return x.Link }),

		accountClouds: map[fabric.AccountID]vocab.Cloud{},
	}
	for _, v := range n.VPCs {
		for _, s := range v.Sites {
			ix.vpcs[s] = append(ix.vpcs[s], v)
		}
	}
	for _, a := range n.Attachments {
		for _, v := range distinct(a.VPC, a.PeerVPC) {
			ix.ofVPC[v] = append(ix.ofVPC[v], a)
		}
		for _, g := range distinct(a.Gateway, a.Peer) {
			ix.ofGateway[g] = append(ix.ofGateway[g], a)
		}
	}
	for _, a := range n.Accounts {
		ix.accountClouds[a.ID] = a.Cloud
	}
	return ix
}

func group[T any, K comparable](items []T, key func(T) K) map[K][]T {
	out := map[K][]T{}
	for _, x := range items {
		k := key(x)
		out[k] = append(out[k], x)
	}
	return out
}

// distinct returns those of two ids that are set, each once.
func distinct[ID ~string](a, b ID) []ID {
	out := make([]ID, 0, 2)
	if a != "" {
		out = append(out, a)
	}
	if b != "" && b != a {
		out = append(out, b)
	}
	return out
}

// VPCs returns the VPCs that have a part at a site.
func (x *index) VPCs(id fabric.SiteID) []fabric.VPC { return x.vpcs[id] }

// Subnets returns the subnets of a VPC, at all its sites.
func (x *index) Subnets(id fabric.VPCID) []fabric.Subnet { return x.subnets[id] }

// RouteTables returns the route tables of a VPC.
func (x *index) RouteTables(id fabric.VPCID) []fabric.RouteTable { return x.tables[id] }

// NATs returns the NATs of a VPC.
func (x *index) NATs(id fabric.VPCID) []fabric.NAT { return x.nats[id] }

// Endpoints returns the private endpoints of a VPC.
func (x *index) Endpoints(id fabric.VPCID) []fabric.Endpoint { return x.endpoints[id] }

// Filters returns the packet filters of a VPC.
func (x *index) Filters(id fabric.VPCID) []fabric.Filter { return x.filters[id] }

// FlowLogs returns the flow logs of a site.
func (x *index) FlowLogs(id fabric.SiteID) []fabric.FlowLog { return x.flowLogs[id] }

// Gateways returns the gateways of a site.
func (x *index) Gateways(id fabric.SiteID) []fabric.Gateway { return x.gateways[id] }

// VPCAttachments returns the attachments that a VPC is either side of.
func (x *index) VPCAttachments(id fabric.VPCID) []fabric.Attachment { return x.ofVPC[id] }

// GatewayAttachments returns the attachments that a gateway is either side of.
func (x *index) GatewayAttachments(id fabric.GatewayID) []fabric.Attachment { return x.ofGateway[id] }

// LinkAttachments returns the attachments that realise a link.
func (x *index) LinkAttachments(id fabric.LinkID) []fabric.Attachment { return x.ofLink[id] }

// Connections returns the AWS VPN connections of a link.
func (x *index) Connections(id fabric.LinkID) []fabric.Connection { return x.connections[id] }

// sortedKeys returns a map's keys in order.
func sortedKeys[K ~string, V any](m map[K]V) []K {
	out := make([]K, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
