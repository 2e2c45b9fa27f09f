package price

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
)

// terminal is where some of a flow's traffic begins or ends.
type terminal struct {
	table    int // by which it is sent, -1 when unknown
	subnet   fabric.Subnet
	site     fabric.SiteID
	vpc      fabric.VPCID
	addr     netip.Addr
	weight   float64 // its share among the terminals of its end
	internet bool
}

// somewhere is an address of the internet at large: of a range that is given
// to nobody (RFC 5737), so that no network routes it in particular.
var somewhere = netip.MustParseAddr("198.51.100.1")

// terminals lists where the traffic of an end begins or ends, each with its
// share by addresses.
func (p *pricer) terminals(e fabric.FlowEnd) []terminal {
	var out []terminal
	switch {
	case len(e.Subnets) > 0:
		for _, id := range e.Subnets {
			s, _ := p.n.Subnet(id)
			out = append(out, p.subnetTerminals(s)...)
		}
	case e.Site != "":
		out = p.siteTerminals(e)
	case e.Internet || len(e.Prefixes) == 0:
		out = []terminal{{table: -1, addr: somewhere, weight: 1, internet: true}}
	default:
		for _, q := range e.Prefixes {
			out = append(out, terminal{table: -1, addr: first(q), weight: size(q), internet: true})
		}
	}
	sum := 0.0
	for i := range out {
		sum += out[i].weight
	}
	for i := range out {
		out[i].weight /= sum
	}
	return out
}

// together puts the terminals of one table together that differ in nothing
// that the bill can tell.
func together(in []terminal) []terminal {
	type like struct {
		table    int
		site     fabric.SiteID
		vpc      fabric.VPCID
		internet fabric.Internet
	}
	at := map[like]int{}
	var out []terminal
	for _, t := range in {
		k := like{t.table, t.site, t.vpc, t.subnet.Internet}
		if i, ok := at[k]; ok {
			out[i].weight += t.weight
			continue
		}
		at[k] = len(out)
		out = append(out, t)
	}
	return out
}

func (p *pricer) subnetTerminals(s fabric.Subnet) []terminal {
	parts := s.Parts
	if len(parts) == 0 {
		parts = []fabric.SubnetPart{{Prefix: s.Prefix}}
	}
	out := make([]terminal, len(parts))
	for i, part := range parts {
		out[i] = terminal{
			table: p.t.TableOf(s.ID, part.Zone), subnet: s, site: s.Site, vpc: s.VPC,
			addr: first(part.Prefix), weight: size(part.Prefix),
		}
	}
	return out
}

// siteTerminals are the ranges of an end that names no subnets: of a site of
// one's own, or of a network that is joined and not described.
func (p *pricer) siteTerminals(e fabric.FlowEnd) []terminal {
	site, _ := p.n.Site(e.Site)
	ranges := e.Prefixes
	if len(ranges) == 0 {
		ranges = site.Prefixes
	}
	var out []terminal
	for _, q := range ranges {
		t := terminal{table: p.t.SiteTable(e.Site), site: e.Site, addr: first(q), weight: size(q)}
		for i := range p.n.VPCs {
			v := &p.n.VPCs[i]
			if slices.Contains(v.Sites, e.Site) && slices.ContainsFunc(v.Prefixes, func(x netip.Prefix) bool { return x.Overlaps(q) }) {
				t.vpc = v.ID
				if tables := p.t.TablesOfVPC(v.ID); len(tables) > 0 {
					t.table = tables[0]
				}
				break
			}
		}
		out = append(out, t)
	}
	return out
}

// first is an address of a range that a machine can have.
func first(q netip.Prefix) netip.Addr {
	if q.Bits() == q.Addr().BitLen() {
		return q.Addr()
	}
	return q.Addr().Next()
}

func size(q netip.Prefix) float64 {
	if !q.IsValid() {
		return 1
	}
	out := 1.0
	for range q.Addr().BitLen() - q.Bits() {
		out *= 2
	}
	return out
}
