// Package oracle is the naive judge that the proof is held against: it takes
// a compiled network, the facts and what has failed, runs BGP one message at
// a time in an order that a seed shuffles, and sends one packet at a time
// through tables and filters, rule by rule. It is written from the clouds'
// documentation, shares no code with routes and verify, and looks for
// simplicity where they look for speed. Two seeds that end differently show
// that the network's routing is left to chance.
package oracle

import (
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
)

// Oracle is one network after its control plane has come to rest.
type Oracle struct {
	net      *fabric.Network
	atlas    *atlas.Atlas
	down     map[Part]bool
	rng      *rand.Rand
	rank     map[string]int // what breaks ties that no cloud documents, drawn by seed
	untagged int            // how Direct Connect likes a path without a community for it: drawn, as undocumented
	speakers map[fabric.GatewayID]*speaker
	walked   map[trip][]End // ways taken before; an Oracle is not for concurrent use
	// Restless: the messages had not died down when the bound was reached.
	Restless bool
	// Refused holds the tunnels whose session a limit ended.
	Refused map[fabric.TunnelID]bool
}

// Part is something that has failed: Kind is tunnel, gateway (an instance),
// zone, link, site, region or cloud.
type Part struct{ Kind, ID string }

// New runs the control plane of a network of which parts have failed, with
// everything that is left to chance drawn by a seed.
func New(n *fabric.Network, a *atlas.Atlas, failed []Part, seed uint64) *Oracle {
	o := &Oracle{
		net: n, atlas: a, down: map[Part]bool{}, rng: rand.New(rand.NewPCG(seed, 3)),
		rank: map[string]int{}, speakers: map[fabric.GatewayID]*speaker{}, Refused: map[fabric.TunnelID]bool{}, walked: map[trip][]End{},
	}
	for _, f := range failed {
		o.down[f] = true
	}
	o.draw()
	for o.converge() {
	}
	return o
}

// draw gives tunnels and attachments a random order.
func (o *Oracle) draw() {
	var ids []string
	for i := range o.net.Tunnels {
		ids = append(ids, string(o.net.Tunnels[i].ID))
	}
	for i := range o.net.Attachments {
		ids = append(ids, string(o.net.Attachments[i].ID))
	}
	o.untagged = 1 + o.rng.IntN(7)
	slices.Sort(ids)
	for i, k := range o.rng.Perm(len(ids)) {
		o.rank[ids[i]] = k
	}
}

// domainDown reports whether one of an object's failure domains has failed.
func (o *Oracle) domainDown(domains []fabric.Domain) bool {
	if len(o.down) == 0 {
		return false
	}
	kinds := map[fabric.DomainKind]string{fabric.Instance: "gateway", fabric.ZoneDomain: "zone", fabric.RegionDomain: "region", fabric.Provider: "cloud"}
	for _, d := range domains {
		if o.down[Part{kinds[d.Kind], d.ID}] {
			return true
		}
	}
	return false
}

func (o *Oracle) siteDown(id fabric.SiteID) bool {
	if len(o.down) == 0 {
		return false
	}
	s, ok := o.net.Site(id)
	return o.down[Part{"site", string(id)}] || ok && o.domainDown(s.Meta.Domains)
}

func (o *Oracle) gatewayDown(id fabric.GatewayID) bool {
	g, ok := o.net.Gateway(id)
	return !ok || o.siteDown(g.Site) || o.domainDown(g.Meta.Domains)
}

func (o *Oracle) linkDown(id fabric.LinkID) bool {
	return id != "" && o.down[Part{"link", string(id)}]
}

func (o *Oracle) tunnelDown(t fabric.Tunnel) bool {
	if o.down[Part{"tunnel", string(t.ID)}] || o.linkDown(t.Link) || o.domainDown(t.Domains) {
		return true
	}
	for _, e := range t.Ends {
		g, ok := o.net.Gateway(e.Gateway)
		if !ok || o.gatewayDown(e.Gateway) {
			return true
		}
		for _, f := range g.Interfaces {
			if f.Index == e.Interface && o.domainDown(f.Domains) {
				return true
			}
		}
	}
	return false
}

// attachmentDown reports whether what an attachment joins has failed, or the
// link that it is.
func (o *Oracle) attachmentDown(a fabric.Attachment) bool {
	if o.linkDown(a.Link) || a.Gateway != "" && o.gatewayDown(a.Gateway) && a.Kind != fabric.VNetPeering && a.Kind != fabric.VPCPeering && a.Kind != fabric.NCCSpoke {
		return true
	}
	return a.Peer != "" && o.gatewayDown(a.Peer)
}

// subnetAt returns the subnet and part that hold an address of a VPC.
func (o *Oracle) subnetAt(v fabric.VPCID, a netip.Addr) (fabric.Subnet, fabric.SubnetPart, bool) {
	for _, s := range o.net.Subnets {
		for _, p := range s.Parts {
			if s.VPC == v && p.Prefix.Contains(a) {
				return s, p, true
			}
		}
	}
	return fabric.Subnet{}, fabric.SubnetPart{}, false
}

// subnetsOf returns the prefixes of a VPC's subnets; of a joined one whose
// subnets are not described, all of it.
func (o *Oracle) subnetsOf(v fabric.VPC) []placed {
	var out []placed
	for _, s := range o.net.Subnets {
		if s.VPC == v.ID {
			out = append(out, placed{s.Prefix, s.Site})
		}
	}
	if len(out) == 0 && v.Existing != "" {
		for _, p := range v.Prefixes {
			out = append(out, placed{p, v.Sites[0]})
		}
	}
	return out
}

type placed struct {
	prefix netip.Prefix
	site   fabric.SiteID
}
