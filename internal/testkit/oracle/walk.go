package oracle

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
)

// place is a kind of table that a packet stands at.
type place uint8

const (
	atVPC     place = iota + 1 // an AWS route table, of one zone's machines
	atRegion                   // a GCP VPC in one region
	atVNet                     // an Azure VNet with one route table, or none
	atTransit                  // a table of a transit gateway
	atGateway                  // any other gateway
)

// node is where a packet stands.
type node struct {
	kind    place
	vpc     fabric.VPCID
	table   string
	zone    string
	site    fabric.SiteID
	gateway fabric.GatewayID
	from    string // how it came in, where that matters
}

// End is how one way of a packet ends.
type End struct {
	Kind   EndKind
	Subnet fabric.SubnetID // of Arrived: where it stands; empty in a VPC whose subnets are not described
	VPC    fabric.VPCID
	Site   fabric.SiteID // of Arrived at a site of one's own
	Why    string
}

// EndKind is a kind of [End].
type EndKind uint8

// The kinds of end.
const (
	Arrived EndKind = iota + 1
	Gateway         // out of an internet gateway
	NAT             // out of NAT to the internet
	Nowhere         // delivered into a network that has no such address
	Dropped         // no route, or a blackhole
	Circle          // a loop
	Unknown         // into something that is not modelled
)

// String gives a word.
func (k EndKind) String() string {
	return [...]string{"end?", "arrived", "internet gateway", "NAT", "nowhere", "dropped", "loop", "unknown"}[k]
}

// String gives the end in a few words.
func (e End) String() string {
	return fmt.Sprintf("%v %s%s%s %s", e.Kind, e.Subnet, e.VPC, e.Site, e.Why)
}

// step is where a packet goes on, or how it ends.
type step struct {
	next node
	end  End
}

func drop(why string) []step { return []step{{end: End{Kind: Dropped, Why: why}}} }

// candidate is a route that matches; of the longest those of the lowest rank
// win, and several of them share the load.
type candidate struct {
	prefix netip.Prefix
	rank   int
	steps  []step
}

func choose(cands []candidate, d netip.Addr) []step {
	var best []candidate
	for _, c := range cands {
		if !c.prefix.Contains(d) {
			continue
		}
		order := 1
		if len(best) > 0 {
			order = cmp.Or(cmp.Compare(c.prefix.Bits(), best[0].prefix.Bits()), cmp.Compare(best[0].rank, c.rank))
		}
		switch {
		case order > 0:
			best = append([]candidate(nil), c)
		case order == 0:
			best = append(best, c)
		}
	}
	if len(best) == 0 {
		return drop("no route")
	}
	var out []step
	for _, c := range best {
		out = append(out, c.steps...)
	}
	return out
}

// Walk follows a packet from a machine to an address by every equal-cost way,
// one hop at a time, and returns how each ends.
func (o *Oracle) Walk(from Machine, d netip.Addr) []End {
	way := trip{from, d}
	if known, ok := o.walked[way]; ok {
		return known
	}
	var out []End
	for _, n := range o.starts(from) {
		out = append(out, o.walk(n, d, nil)...)
	}
	if len(out) == 0 {
		out = []End{{Kind: Unknown, Why: "no table is known for the sender"}}
	}
	o.walked[way] = out
	return out
}

// trip is a machine's packet to an address; tables know nothing of ports.
type trip struct {
	from Machine
	to   netip.Addr
}

func (o *Oracle) walk(n node, d netip.Addr, seen []node) []End {
	if slices.Contains(seen, n) {
		return []End{{Kind: Circle}}
	}
	seen = append(slices.Clone(seen), n)
	var out []End
	done := map[step]bool{}
	for _, s := range o.decide(n, d) {
		if done[s] {
			continue
		}
		done[s] = true
		if s.end.Kind != 0 {
			out = append(out, s.end)
			continue
		}
		out = append(out, o.walk(s.next, d, seen)...)
	}
	return out
}

func (o *Oracle) decide(n node, d netip.Addr) []step {
	switch n.kind {
	case atVPC:
		return o.inAWS(n, d)
	case atRegion:
		return o.inRegion(n, d)
	case atVNet:
		return o.inVNet(n, d)
	case atTransit:
		return o.inTransit(n, d)
	case atGateway:
		return o.inGateway(n, d)
	}
	return drop("nowhere")
}

// deliver is the end of a packet that has come to the VPC that holds it.
func (o *Oracle) deliver(id fabric.VPCID, d netip.Addr) []step {
	v, _ := o.net.VPC(id)
	if s, _, ok := o.subnetAt(id, d); ok {
		return []step{{end: End{Kind: Arrived, Subnet: s.ID, VPC: id}}}
	}
	if v.Existing != "" && !slices.ContainsFunc(o.net.Subnets, func(s fabric.Subnet) bool { return s.VPC == id }) && covered(v.Prefixes, netip.PrefixFrom(d, d.BitLen())) {
		return []step{{end: End{Kind: Arrived, VPC: id}}}
	}
	return []step{{end: End{Kind: Nowhere, VPC: id}}}
}

// Machine is one end of a packet: a subnet's part, a site of one's own, or
// (both empty) the internet.
type Machine struct {
	Subnet fabric.SubnetID
	Zone   string
	Site   fabric.SiteID
	Addr   netip.Addr
}

// starts returns the table by which a machine sends; several where it is not
// known which of them.
func (o *Oracle) starts(m Machine) []node {
	if m.Site != "" {
		for _, g := range o.net.Gateways {
			if g.Kind == fabric.Device && g.Site == m.Site {
				return []node{{kind: atGateway, gateway: g.ID, from: "site"}}
			}
		}
		return nil
	}
	s, _ := o.net.Subnet(m.Subnet)
	v, _ := o.net.VPC(s.VPC)
	table := s.RouteTable
	for _, p := range s.Parts {
		if p.Zone == m.Zone && p.Prefix.Contains(m.Addr) && p.RouteTable != "" {
			table = p.RouteTable
		}
	}
	switch v.Cloud.String() {
	case "gcp":
		return []node{{kind: atRegion, vpc: v.ID, site: s.Site}}
	case "azure":
		return []node{{kind: atVNet, vpc: v.ID, table: string(table)}}
	}
	if table != "" {
		return []node{{kind: atVPC, vpc: v.ID, table: string(table), zone: m.Zone}}
	}
	var out []node
	for _, t := range o.net.RouteTables {
		if t.VPC == v.ID {
			out = append(out, node{kind: atVPC, vpc: v.ID, table: string(t.ID), zone: m.Zone})
		}
	}
	return out
}
