package atlas

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/vocab"
)

// Lengths is a range of prefix lengths: /16 to /28 is {16, 28}.
type Lengths struct {
	Min, Max int // shortest and longest prefix; both 0 when there is no rule
	Fact     Fact
}

// Holds reports whether a prefix of this length is allowed; a zero rule
// allows everything.
func (l Lengths) Holds(bits int) bool {
	return l.Min == 0 && l.Max == 0 || bits >= l.Min && bits <= l.Max
}

// Range is a prefix that a rule is about.
type Range struct {
	Prefix netip.Prefix
	Why    string
	Fact   Fact
}

// SpecialSubnet is a subnet that a cloud's service needs.
type SpecialSubnet struct {
	Kind    SpecialKind
	Name    string // required name, empty where any will do
	Advised int    // prefix length to take
	Longest int    // longest prefix that works
	Fact    Fact
}

// SpecialKind says what a special subnet is for.
type SpecialKind string

// The special subnets.
const (
	SpecialGateway            SpecialKind = "gateway"             // Azure VPN and ExpressRoute gateways
	SpecialFirewall           SpecialKind = "firewall"            // Azure Firewall
	SpecialFirewallManagement SpecialKind = "firewall_management" // Azure Firewall with forced tunnelling
	SpecialBastion            SpecialKind = "bastion"             // Azure Bastion
	SpecialRouteServer        SpecialKind = "route_server"        // Azure Route Server
	SpecialTGW                SpecialKind = "tgw"                 // AWS transit gateway attachment, one a zone
)

// Spread says what a subnet spans.
type Spread string

// What a subnet spans.
const (
	SpreadZone   Spread = "zone"   // one availability zone (AWS)
	SpreadRegion Spread = "region" // all zones of its region (GCP, Azure)
)

// AddressRules are a cloud's rules for networks and subnets.
type AddressRules struct {
	Cloud         vocab.Cloud
	Block         Lengths // block of a network (VPC, VNet); no rule for GCP, whose VPC has no block
	Subnet        Lengths
	ReservedFirst int // addresses at the start of a subnet that the cloud keeps
	ReservedLast  int // at its end
	ReservedFact  Fact
	Spread        Spread
	Refused       []Range         // a block or subnet may not overlap these
	Avoided       []Range         // it may, but trouble follows
	Special       []SpecialSubnet // by kind
	Secondary     []SecondaryRule // AWS: further blocks of a VPC
}

// SecondaryRule says which further blocks a VPC refuses that has a block
// inside Within.
type SecondaryRule struct {
	Within  netip.Prefix
	Refuses []netip.Prefix
	Fact    Fact
}

// Usable returns how many addresses of an IPv4 subnet hosts can have.
func (r AddressRules) Usable(p netip.Prefix) int {
	if !p.Addr().Is4() {
		return 1 << 62
	}
	return max(0, 1<<(32-p.Bits())-r.ReservedFirst-r.ReservedLast)
}

// RefusedBy returns the first refused range that p overlaps.
func (r AddressRules) RefusedBy(p netip.Prefix) (Range, bool) { return overlapping(r.Refused, p) }

// AvoidedBy returns the first range best avoided that p overlaps.
func (r AddressRules) AvoidedBy(p netip.Prefix) (Range, bool) { return overlapping(r.Avoided, p) }

// SpecialSubnet returns the rule of a special subnet, and whether the cloud has it.
func (r AddressRules) SpecialSubnet(k SpecialKind) (SpecialSubnet, bool) {
	for _, s := range r.Special {
		if s.Kind == k {
			return s, true
		}
	}
	return SpecialSubnet{}, false
}

// SecondaryRefused returns why a network that has the block existing cannot
// take the further block p.
func (r AddressRules) SecondaryRefused(existing, p netip.Prefix) (Range, bool) {
	for _, s := range r.Secondary {
		if !s.Within.Overlaps(existing) {
			continue
		}
		for _, no := range s.Refuses {
			if no.Overlaps(p) {
				return Range{Prefix: no, Why: s.Fact.Note, Fact: s.Fact}, true
			}
		}
	}
	return Range{}, false
}

func overlapping(ranges []Range, p netip.Prefix) (Range, bool) {
	for _, r := range ranges {
		if r.Prefix.Overlaps(p) {
			return r, true
		}
	}
	return Range{}, false
}

// Addresses returns a cloud's address rules; a cloud without rules of its
// own (OnPrem, Exchange) has those that hold everywhere.
func (a *Atlas) Addresses(c vocab.Cloud) AddressRules {
	if r, ok := a.addresses[c]; ok {
		return r
	}
	r := a.anywhere
	r.Cloud = c
	return r
}

// AvoidedEverywhere returns the ranges that an allocator should keep out of,
// whatever the cloud, sorted.
func (a *Atlas) AvoidedEverywhere() []Range { return slices.Clone(a.anywhere.Avoided) }

// TunnelBits is the length of the IPv4 prefix inside a tunnel: all clouds take
// a /30 of [Atlas.TunnelPools].
const TunnelBits = 30

// TunnelPools returns the ranges from which both ends of a tunnel between
// two clouds can take their link-local /30, and the ranges inside them that
// one of the ends refuses.
func (a *Atlas) TunnelPools(x, y vocab.Cloud) (pools, refused []Range) {
	for _, p := range a.tunnelRanges(x, "pool") {
		for _, q := range a.tunnelRanges(y, "pool") {
			switch {
			case !p.Prefix.Overlaps(q.Prefix):
			case p.Prefix.Bits() >= q.Prefix.Bits():
				pools = append(pools, p)
			default:
				pools = append(pools, q)
			}
		}
	}
	refused = append(a.tunnelRanges(x, "refused"), a.tunnelRanges(y, "refused")...)
	slices.SortStableFunc(refused, func(p, q Range) int { return p.Prefix.Compare(q.Prefix) })
	refused = slices.CompactFunc(refused, func(p, q Range) bool { return p.Prefix == q.Prefix })
	refused = slices.DeleteFunc(refused, func(r Range) bool { _, hit := overlapping(pools, r.Prefix); return !hit })
	return pools, refused
}

func (a *Atlas) tunnelRanges(c vocab.Cloud, what string) []Range {
	if !c.IsPublic() {
		c = vocab.OnPrem
	}
	f := a.mustFact(c.String() + ".tunnel." + what)
	var out []Range
	for _, w := range strings.Fields(f.Value) {
		out = append(out, Range{Prefix: netip.MustParsePrefix(w), Why: f.Note, Fact: f})
	}
	return out
}

func (l *loader) buildAddresses(a *Atlas) {
	a.addresses = map[vocab.Cloud]AddressRules{}
	ranges := func(prefix string) []Range {
		var out []Range
		for _, f := range a.facts {
			if !strings.HasPrefix(f.ID, prefix) {
				continue
			}
			for _, p := range l.prefixes(f.ID, f.Value) {
				out = append(out, Range{Prefix: p, Why: f.Note, Fact: f})
			}
		}
		slices.SortFunc(out, func(p, q Range) int { return p.Prefix.Compare(q.Prefix) })
		return out
	}
	lengths := func(id string) Lengths {
		f, ok := a.Fact(id)
		if !ok {
			return Lengths{}
		}
		lo, hi := l.bounds(id, f.Value)
		return Lengths{Min: lo, Max: hi, Fact: f}
	}
	a.anywhere = AddressRules{Refused: ranges("any.refused."), Avoided: ranges("any.avoided."), Spread: SpreadRegion}
	for _, c := range vocab.Clouds {
		id := c.String()
		r := AddressRules{
			Cloud: c, Block: lengths(id + ".block.lengths"), Subnet: lengths(id + ".subnet.lengths"),
			Refused: ranges(id + ".refused."), Avoided: slices.Concat(ranges(id+".avoided."), a.anywhere.Avoided),
		}
		r.ReservedFact, _ = a.Fact(id + ".subnet.reserved_first")
		last, _ := a.Fact(id + ".subnet.reserved_last")
		r.ReservedFirst, r.ReservedLast = l.number(id, r.ReservedFact.Value), l.number(id, last.Value)
		spread, _ := a.Fact(id + ".subnet.spread")
		r.Spread = Spread(spread.Value)
		if c == vocab.AWS {
			// Refused for further blocks only.
			r.Refused = slices.DeleteFunc(r.Refused, func(x Range) bool { return strings.HasSuffix(x.Fact.ID, ".secondary_benchmark") })
		}
		for _, f := range a.Facts(id + ".special.") {
			l.special(&r, f)
		}
		for _, f := range a.Facts(id + ".secondary.") {
			within, refuses, ok := strings.Cut(f.Value, " refuses ")
			if !ok {
				continue // a rule in words
			}
			w := l.prefixes(f.ID, within)
			if len(w) != 1 {
				l.failf("fact %s: %q", f.ID, f.Value)
				continue
			}
			r.Secondary = append(r.Secondary, SecondaryRule{Within: w[0], Refuses: l.prefixes(f.ID, refuses), Fact: f})
		}
		a.addresses[c] = r
	}
	for _, c := range []vocab.Cloud{vocab.AWS, vocab.GCP, vocab.Azure, vocab.OnPrem} {
		for _, what := range []string{"pool", "refused"} {
			f, ok := a.Fact(c.String() + ".tunnel." + what)
			if !ok || len(l.prefixes(f.ID, f.Value)) == 0 {
				l.failf("no fact %s.tunnel.%s", c, what)
			}
		}
	}
}

// special reads "GatewaySubnet 27 29", or "28" where any name will do.
func (l *loader) special(r *AddressRules, f Fact) {
	s := SpecialSubnet{Kind: SpecialKind(f.ID[strings.LastIndexByte(f.ID, '.')+1:]), Fact: f}
	switch w := strings.Fields(f.Value); len(w) {
	case 1:
		s.Advised = l.number(f.ID, w[0])
		s.Longest = s.Advised
	case 3:
		s.Name, s.Advised, s.Longest = w[0], l.number(f.ID, w[1]), l.number(f.ID, w[2])
	default:
		l.failf("fact %s: %q", f.ID, f.Value)
	}
	r.Special = append(r.Special, s)
}
