package verify

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes"
)

// internetID is the place of all public addresses that are no other place's.
const internetID = "internet"

// outside is the table of places beyond the network.
const outside = -1

// site is what stands behind a place.
type site struct {
	kind     PlaceKind
	vpc      *fabric.VPC      // of subnets and networks
	subnet   *fabric.Subnet   // of subnets and endpoints
	endpoint *fabric.Endpoint // of endpoints
}

// PlaceKind is a kind of [Place].
type PlaceKind uint8

// The kinds of place.
const (
	SubnetPlace   PlaceKind = iota + 1 // a workload subnet
	EndpointPlace                      // the addresses of an interface endpoint; answers only
	VPCPlace                           // what of an existing network no listed subnet holds
	SitePlace                          // a site of one's own
	ForeignPlace                       // a range that policy names outside the network
	InternetPlace                      // the public addresses that are no other place's
)

// placer makes the places. The subnets that hold only the cloud's own
// interfaces (of NAT, transit and gateways) are no place: no packet that a
// policy speaks of begins or ends there.
type placer struct {
	net    *fabric.Network
	tables *routes.Tables
	places []Place
	behind []site
	own    prefix.Set // the network's addresses
}

func newPlaces(n *fabric.Network, a *atlas.Atlas, t *routes.Tables) *placer {
	b := &placer{net: n, tables: t, own: ownAddresses(n)}
	listed := map[fabric.VPCID][]netip.Prefix{}
	for i := range n.Subnets {
		s := &n.Subnets[i]
		listed[s.VPC] = append(listed[s.VPC], s.Prefix)
		if s.Purpose == fabric.Workload {
			b.subnet(s)
		}
	}
	for i := range n.Endpoints {
		if n.Endpoints[i].Kind == fabric.InterfaceEndpoint {
			b.endpoint(&n.Endpoints[i])
		}
	}
	for i := range n.VPCs {
		if v := &n.VPCs[i]; v.Existing != "" {
			b.network(v, listed[v.ID])
		}
	}
	for i := range n.Sites {
		if s := &n.Sites[i]; !s.Cloud.IsPublic() && len(s.Prefixes) > 0 {
			b.site(s)
		}
	}
	b.foreign(a)
	b.sort()
	return b
}

// ownAddresses is every address that is not the internet's: blocks, networks
// and sites.
func ownAddresses(n *fabric.Network) prefix.Set {
	var own []netip.Prefix
	for i := range n.Blocks {
		own = append(own, n.Blocks[i].Prefix)
	}
	for i := range n.Sites {
		own = append(own, n.Sites[i].Prefixes...)
	}
	for i := range n.VPCs {
		own = append(own, n.VPCs[i].Prefixes...)
	}
	for i := range n.Subnets {
		own = append(own, n.Subnets[i].Prefix)
	}
	return prefix.FromPrefixes(own...)
}

func (b *placer) add(p Place, s site) {
	b.places = append(b.places, p)
	b.behind = append(b.behind, s)
}

func (b *placer) vpc(id fabric.VPCID) *fabric.VPC {
	i, ok := slices.BinarySearchFunc(b.net.VPCs, id, func(v fabric.VPC, id fabric.VPCID) int { return cmp.Compare(v.ID, id) })
	if !ok {
		return nil
	}
	return &b.net.VPCs[i]
}

func (b *placer) subnet(s *fabric.Subnet) {
	parts := b.partsOf(s)
	b.add(Place{
		ID: string(s.ID), Subnet: s.ID, Site: s.Site, Group: Group{Site: s.Site, Segment: s.Segment},
		Addrs: addresses(parts), Parts: parts,
	}, site{kind: SubnetPlace, vpc: b.vpc(s.VPC), subnet: s})
}

// partsOf gives the parts of a subnet. Where it is not known which of an
// existing network's tables serves it, it has a part for each.
func (b *placer) partsOf(s *fabric.Subnet) []PlacePart {
	list := s.Parts
	if len(list) == 0 {
		list = []fabric.SubnetPart{{Prefix: s.Prefix}}
	}
	var out []PlacePart
	for _, p := range list {
		t := b.tables.TableOf(s.ID, p.Zone)
		if t >= 0 {
			out = append(out, PlacePart{Zone: p.Zone, Prefix: p.Prefix, Table: t})
			continue
		}
		for _, t := range b.tablesOf(s.VPC) {
			out = append(out, PlacePart{Zone: p.Zone, Prefix: p.Prefix, Table: t})
		}
	}
	return out
}

// tablesOf lists the tables by which machines of a network may send, or only
// outside when none is known.
func (b *placer) tablesOf(v fabric.VPCID) []int {
	var out []int
	for i := range b.tables.Tables {
		if t := &b.tables.Tables[i]; t.Kind == routes.VPCTable && t.VPC == v {
			out = append(out, i)
		}
	}
	if len(out) == 0 {
		return []int{outside}
	}
	return out
}

func addresses(parts []PlacePart) prefix.Set {
	list := make([]netip.Prefix, len(parts))
	for i, p := range parts {
		list[i] = p.Prefix
	}
	return prefix.FromPrefixes(list...)
}

// endpoint places an interface endpoint where its addresses are: in the VPC's
// subnets for endpoints, or else in the first subnet that asked for it.
func (b *placer) endpoint(e *fabric.Endpoint) {
	var home *fabric.Subnet
	for i := range b.net.Subnets {
		s := &b.net.Subnets[i]
		if s.VPC == e.VPC && s.Site == e.Site && (s.Purpose == fabric.EndpointSubnet || home == nil && slices.Contains(e.Subnets, s.ID)) {
			home = s
			if s.Purpose == fabric.EndpointSubnet {
				break
			}
		}
	}
	if home == nil {
		return
	}
	parts := b.partsOf(home)
	b.add(Place{
		ID: string(home.ID) + ":" + e.Service, Subnet: home.ID, Site: e.Site, Group: Group{Site: e.Site},
		Addrs: addresses(parts), Parts: parts,
	}, site{kind: EndpointPlace, vpc: b.vpc(e.VPC), subnet: home, endpoint: e})
}

// network places the addresses of an existing network that no listed subnet
// holds.
func (b *placer) network(v *fabric.VPC, listed []netip.Prefix) {
	rest := prefix.FromPrefixes(v.Prefixes...).Subtract(prefix.FromPrefixes(listed...))
	if rest.IsEmpty() {
		return
	}
	p := Place{ID: string(v.ID), Addrs: rest}
	if len(v.Sites) > 0 {
		p.Site = v.Sites[0]
		p.Group.Site = v.Sites[0]
	}
	for _, t := range b.tablesOf(v.ID) {
		for _, x := range rest.Prefixes() {
			p.Parts = append(p.Parts, PlacePart{Prefix: x, Table: t})
		}
	}
	b.add(p, site{kind: VPCPlace, vpc: v})
}

func (b *placer) site(s *fabric.Site) {
	p := Place{ID: string(s.ID), Site: s.ID, Group: Group{Site: s.ID}, Addrs: prefix.FromPrefixes(s.Prefixes...)}
	t := b.tables.SiteTable(s.ID)
	for _, x := range s.Prefixes {
		p.Parts = append(p.Parts, PlacePart{Prefix: x, Table: t})
	}
	b.add(p, site{kind: SitePlace})
}

// isWorld reports whether a prefix is the internet by another name: no
// organisation is assigned more than a /8.
func isWorld(p netip.Prefix) bool { return p.Bits() < 8 && !p.Addr().IsPrivate() }

// foreign places the ranges that policy names outside the network, the
// narrower cut out of the wider, and the internet, which is the rest but for
// the clouds' access proxies: nobody on it has their addresses.
func (b *placer) foreign(a *atlas.Atlas) {
	var named []netip.Prefix
	for i := range b.net.Policy {
		for _, ends := range [][]fabric.PolicyEnd{b.net.Policy[i].From, b.net.Policy[i].To} {
			for _, e := range ends {
				if len(e.Subnets) > 0 {
					continue // of places of the network
				}
				for _, p := range e.Prefixes {
					if p.Addr().Is4() && !isWorld(p) && !b.own.ContainsPrefix(p) {
						named = append(named, p)
					}
				}
			}
		}
	}
	slices.SortFunc(named, func(x, y netip.Prefix) int {
		return cmp.Or(cmp.Compare(y.Bits(), x.Bits()), x.Addr().Compare(y.Addr()))
	})
	taken := b.own
	for _, p := range slices.Compact(named) {
		rest := prefix.FromPrefixes(p).Subtract(taken)
		if !rest.IsEmpty() {
			b.beyond(p.String(), rest, ForeignPlace)
		}
		taken = taken.Union(rest)
	}
	everywhere := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	b.beyond(internetID, prefix.FromPrefixes(everywhere).Subtract(NotPublic(a)).Subtract(prefix.FromPrefixes(a.AccessProxies()...)).Subtract(taken), InternetPlace)
}

func (b *placer) beyond(id string, addrs prefix.Set, kind PlaceKind) {
	p := Place{ID: id, Addrs: addrs}
	for _, x := range addrs.Prefixes() {
		p.Parts = append(p.Parts, PlacePart{Prefix: x, Table: outside})
	}
	b.add(p, site{kind: kind})
}

// privateBlocks are the blocks of RFC 1918, which no packet of the internet
// comes from or goes to.
var privateBlocks = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
}

// NotPublic gives the addresses that are not of the internet: private ones
// and those that no network may use.
func NotPublic(a *atlas.Atlas) prefix.Set {
	list := slices.Clone(privateBlocks)
	for _, id := range []string{"any.refused.loopback", "any.refused.link_local", "any.refused.multicast", "any.refused.zero", "any.avoided.reserved", "any.avoided.shared"} {
		if f, ok := a.Fact(id); ok {
			if p, err := netip.ParsePrefix(f.Value); err == nil {
				list = append(list, p)
			}
		}
	}
	return prefix.FromPrefixes(list...)
}

// indexed gives the places of workload subnets by subnet.
func (b *placer) indexed() map[fabric.SubnetID]int {
	out := make(map[fabric.SubnetID]int, len(b.places))
	for i := range b.places {
		if b.behind[i].kind == SubnetPlace {
			out[b.places[i].Subnet] = i
		}
	}
	return out
}

// sort orders places by id.
func (b *placer) sort() {
	order := make([]int, len(b.places))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		return cmp.Or(cmp.Compare(b.places[i].ID, b.places[j].ID), cmp.Compare(b.behind[i].kind, b.behind[j].kind))
	})
	places, behind := make([]Place, len(order)), make([]site, len(order))
	for k, i := range order {
		places[k], behind[k] = b.places[i], b.behind[i]
	}
	b.places, b.behind = places, behind
}

// PlacesOf lists the places (indexes into [Proof.Places]) that hold machines
// of an end, rising.
func (p *Proof) PlacesOf(end fabric.PolicyEnd) []int {
	w, part := p.ends(end)
	out := slices.Concat(w, part)
	slices.Sort(out)
	return slices.Compact(out)
}

// ends lists the places that are wholly of an end, and those of which only
// some addresses are.
func (p *Proof) ends(end fabric.PolicyEnd) (whole, part []int) {
	for _, id := range end.Subnets {
		if i, ok := p.bySubnet[id]; ok {
			whole = append(whole, i)
		}
	}
	want := p.rangesOf(end)
	if want.IsEmpty() && !end.Internet {
		return whole, nil
	}
	for i := range p.places {
		pl, b := &p.places[i], &p.behind[i]
		if b.kind == EndpointPlace || b.kind == SubnetPlace && slices.Contains(end.Subnets, pl.Subnet) {
			continue
		}
		switch {
		case end.Internet && p.isBeyond(i), want.ContainsSet(pl.Addrs):
			whole = append(whole, i)
		case want.OverlapsSet(pl.Addrs):
			part = append(part, i)
		}
	}
	return whole, part
}

// rangesOf gives the addresses that an end names besides its subnets.
func (p *Proof) rangesOf(end fabric.PolicyEnd) prefix.Set {
	want := prefix.FromPrefixes(end.Prefixes...)
	if len(end.Subnets) == 0 {
		return want
	}
	var inside []netip.Prefix
	for _, id := range end.Subnets {
		if s, ok := p.Net.Subnet(id); ok {
			inside = append(inside, s.Prefix)
		}
	}
	return want.Subtract(prefix.FromPrefixes(inside...))
}

// isBeyond reports whether a place is outside the network.
func (p *Proof) isBeyond(place int) bool {
	k := p.behind[place].kind
	return k == InternetPlace || k == ForeignPlace
}

// joined fills the pairs of places that policy joins.
func (p *Proof) joined() []flow {
	var out []flow
	deny := map[fabric.SegmentID]bool{}
	for _, g := range p.Net.Segments {
		deny[g.ID] = g.InternalDeny
	}
	for i := range p.places {
		if b := &p.behind[i]; b.kind == SubnetPlace && !deny[b.subnet.Segment] {
			out = append(out, flow{rule: -1, from: i, to: i, services: anything})
		}
	}
	for r := range p.Net.Policy {
		rule := &p.Net.Policy[r]
		from, to := p.placesOf(rule.From), p.placesOf(rule.To)
		for _, i := range from {
			for _, k := range to {
				out = append(out, flow{rule: r, from: i, to: k, services: rule.Services})
			}
		}
	}
	return out
}

func (p *Proof) placesOf(ends []fabric.PolicyEnd) []int {
	var out []int
	for _, e := range ends {
		out = append(out, p.PlacesOf(e)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// String gives the kind for people.
func (k PlaceKind) String() string {
	switch k {
	case SubnetPlace:
		return "subnet"
	case EndpointPlace:
		return "endpoint"
	case VPCPlace:
		return "existing network"
	case SitePlace:
		return "site"
	case ForeignPlace:
		return "foreign range"
	case InternetPlace:
		return "internet"
	}
	return fmt.Sprintf("place kind %d", k)
}
