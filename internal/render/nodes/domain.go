package nodes

import (
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// domains finds the routing domains, and makes a node of each.
func (b *builder) domains() {
	g := groups{}
	net := b.net
	for i := range net.VPCs {
		v := &net.VPCs[i]
		g.add("v:" + string(v.ID))
		if v.Cloud == vocab.AWS {
			g.join("v:"+string(v.ID), "s:"+string(siteOf(v)))
		}
	}
	for i := range net.Gateways {
		x := &net.Gateways[i]
		key := "g:" + string(x.ID)
		switch x.Kind {
		case fabric.VirtualPrivateGateway, fabric.TransitGateway:
			g.join(key, "s:"+string(x.Site))
		case fabric.HAVPN, fabric.VPNGateway:
			g.join(key, "v:"+string(x.VPC))
		case fabric.VirtualHub:
			g.add(key)
		case fabric.Device, fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
		}
	}
	for i := range net.Attachments {
		x := &net.Attachments[i]
		v, gw := "v:"+string(x.VPC), "g:"+string(x.Gateway)
		switch x.Kind {
		case fabric.VGWAttachment, fabric.TransitVPCAttachment, fabric.VirtualHubConnection:
			g.join(v, gw)
		case fabric.VNetPeering:
			if x.GatewayTransit {
				g.join(v, "v:"+string(x.PeerVPC))
			}
		case fabric.VPCPeering:
			g.join(v, "v:"+string(x.PeerVPC))
		case fabric.NCCSpoke:
			g.join(v, "ncc")
		case fabric.NCCHybridSpoke:
			g.join(gw, "ncc")
		case fabric.TransitVPNAttachment, fabric.TransitPeering, fabric.AWSPeering, fabric.DirectConnectAssociation:
		}
	}
	b.nameDomains(g)
	b.deviceNodes()
}

// nameDomains names each domain after its site, where one site is one domain,
// else after its first network or gateway.
func (b *builder) nameDomains(g groups) {
	sites := map[string][]fabric.SiteID{}
	first := map[string]string{}
	domains := map[fabric.SiteID][]string{}
	stands := func(key, name string, at ...fabric.SiteID) {
		root := g.find(key)
		if first[root] == "" {
			first[root] = name
		}
		for _, s := range at {
			if !slices.Contains(sites[root], s) {
				sites[root] = append(sites[root], s)
			}
			if !slices.Contains(domains[s], root) {
				domains[s] = append(domains[s], root)
			}
		}
	}
	for i := range b.net.VPCs {
		v := &b.net.VPCs[i]
		stands("v:"+string(v.ID), string(v.ID), b.sitesOf(v)...)
	}
	for i := range b.net.Gateways {
		if x := &b.net.Gateways[i]; x.Kind != fabric.Device {
			stands("g:"+string(x.ID), string(x.ID), x.Site)
		}
	}
	name := func(key string) *node {
		root := g.find(key)
		s := sites[root]
		if len(s) == 1 && len(domains[s[0]]) == 1 {
			return b.node(string(s[0]))
		}
		return b.node(first[root])
	}
	for i := range b.net.VPCs {
		v := &b.net.VPCs[i]
		n := name("v:" + string(v.ID))
		b.ofVPC[v.ID] = n
		for _, s := range b.sitesOf(v) {
			n.at(s)
		}
	}
	for i := range b.net.Gateways {
		x := &b.net.Gateways[i]
		if x.Kind == fabric.Device {
			continue
		}
		n := name("g:" + string(x.ID))
		n.at(x.Site)
		n.gateways = append(n.gateways, GatewayPart{Gateway: x.ID, Interface: -1})
		b.ofGate[x.ID] = n
	}
}

// deviceNodes makes the nodes of one's own sites: one where there is one
// device, else one a device and a core.
func (b *builder) deviceNodes() {
	for i := range b.net.Gateways {
		g := &b.net.Gateways[i]
		if g.Kind != fabric.Device {
			continue
		}
		if len(g.Interfaces) < 2 {
			n := b.node(string(g.Site) + "/0")
			n.at(g.Site)
			n.gateways = append(n.gateways, GatewayPart{Gateway: g.ID, Interface: -1})
			b.ofGate[g.ID] = n
			continue
		}
		core := b.node(string(g.Site) + "/core")
		core.at(g.Site)
		b.ofGate[g.ID] = core
		for _, x := range g.Interfaces {
			n := b.node(fmt.Sprintf("%s/%d", g.Site, x.Index))
			n.at(g.Site)
			part := GatewayPart{Gateway: g.ID, Interface: x.Index}
			n.gateways = append(n.gateways, part)
			b.ofPart[part] = n
		}
	}
}

// groups are disjoint sets of names.
type groups map[string]string

func (g groups) add(x string) {
	if _, ok := g[x]; !ok {
		g[x] = x
	}
}

func (g groups) find(x string) string {
	g.add(x)
	for g[x] != x {
		x = g[x]
	}
	return x
}

func (g groups) join(x, y string) {
	p, q := g.find(x), g.find(y)
	g[max(p, q)] = min(p, q)
}
