package ipam

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

// fixed is a prefix whose place is given: nothing else may overlap it.
type fixed struct {
	p     netip.Prefix
	pos   diag.Pos
	what  string
	owner string // two things of one owner may overlap: a reservation and its site
	depth int    // nesting of pinned blocks: a deeper one may lie in its parent
	given bool   // in use already: cannot be pinned elsewhere
	block *block
}

// fixedThings gathers what is given, reports overlaps with both places, and
// leaves the set that the allocator keeps off.
func (p *plan) fixedThings() {
	var things []fixed
	d := p.d
	for _, r := range d.Spec.Addressing.Reserved {
		what := "reserved range"
		if r.For.IsSet() {
			what = fmt.Sprintf("range reserved for %q", r.For.V)
		}
		things = append(things, fixed{p: r.CIDR.V, pos: r.CIDR.Pos, what: what, owner: r.For.V})
	}
	for i := range d.Sites {
		s := &d.Sites[i]
		if s.Cloud == vocab.OnPrem {
			for _, c := range s.Spec.CIDRs {
				what := fmt.Sprintf("on-prem site %q", s.ID)
				p.checkGiven(c, what, s.Cloud)
				things = append(things, fixed{p: c.V, pos: c.Pos, what: what, owner: string(s.ID), given: true})
			}
		}
		for _, v := range s.VPCs {
			if v.Existing() {
				for _, c := range v.Spec.CIDRs {
					what := fmt.Sprintf("existing network %q of site %q", v.Name, s.ID)
					p.checkGiven(c, what, s.Cloud)
					things = append(things, fixed{p: c.V, pos: c.Pos, what: what, owner: string(s.ID) + "/" + v.Name, given: true})
				}
			}
		}
	}
	set := make([]netip.Prefix, 0, len(things))
	for _, f := range things {
		set = append(set, f.p)
	}
	p.fixed = prefix.FromPrefixes(set...)
	var walk func(b *block, depth int)
	walk = func(b *block, depth int) {
		if b.pin.IsValid() {
			things = append(things, fixed{p: b.pin, pos: b.pinPos, what: b.what, owner: b.key, depth: depth, block: b})
		}
		for _, c := range b.children {
			walk(c, depth+1)
		}
	}
	for _, c := range p.clouds {
		walk(c, 1)
	}
	p.overlaps(things)
}

// checkGiven holds a prefix in use against what its cloud, or anybody, refuses.
func (p *plan) checkGiven(c spec.Value[netip.Prefix], what string, cloud vocab.Cloud) {
	if x, ok := p.d.Atlas.Addresses(cloud).RefusedBy(c.V); ok {
		e := p.d.Diags.Errorf(c.Pos, "%s: %s overlaps %s, which cannot be routed to: %s", what, c.V, x.Prefix, x.Why)
		e.Code, e.Source = "refused-range", x.Fact.Source
	}
}

// overlaps sorts by address, so that only neighbours that share addresses
// are compared.
func (p *plan) overlaps(things []fixed) {
	slices.SortStableFunc(things, func(a, b fixed) int { return prefix.Compare(a.p, b.p) })
	for i := range things {
		a := &things[i]
		for j := i + 1; j < len(things) && a.p.Overlaps(things[j].p); j++ {
			b := &things[j]
			if a.owner != "" && a.owner == b.owner && a.block == nil && b.block == nil {
				if a.p == b.p && a.what == b.what {
					p.clash(a, b)
				}
				continue
			}
			if nested(a, b) || nested(b, a) {
				continue
			}
			p.clash(a, b)
		}
	}
	for i := range things {
		b := things[i].block
		if b == nil {
			continue
		}
		for up := b.parent; up != nil; up = up.parent {
			if up.pin.IsValid() && !prefix.Covers(up.pin, b.pin) && (b.subnet >= 0 || !b.pin.Overlaps(up.pin)) {
				e := p.d.Diags.Errorf(b.pinPos, "%s: pinned %s is outside %s of %s", b.what, b.pin, up.pin, up.what)
				e.Code = "pin-outside"
				e.Related = []diag.Related{{Pos: up.pinPos, Message: up.what + " is pinned here"}}
				break
			}
		}
		if b.subnet >= 0 && !b.parent.pin.IsValid() {
			e := p.d.Diags.Errorf(b.pinPos, "%s is pinned, but its network is not", b.what)
			e.Code, e.Hint = "pin-outside", "pin the network too: cidr: instead of size:"
		}
	}
}

// nested reports whether inner is a block below outer and lies in it.
func nested(outer, inner *fixed) bool {
	if outer.block == nil || inner.block == nil || !prefix.Covers(outer.p, inner.p) {
		return false
	}
	for b := inner.block.parent; b != nil; b = b.parent {
		if b == outer.block {
			return true
		}
	}
	return false
}

// clash reports two things that overlap, at the later place, with the ways out.
func (p *plan) clash(a, b *fixed) {
	if a.pos.Compare(b.pos) > 0 {
		a, b = b, a
	}
	e := p.d.Diags.Errorf(b.pos, "%s of %s overlaps %s of %s", b.p, b.what, a.p, a.what)
	e.Code = "address-overlap"
	e.Related = []diag.Related{{Pos: a.pos, Message: a.what + " has " + a.p.String()}}
	switch {
	case b.given && a.block != nil:
		e.Hint = "pin another prefix for " + a.what + ", or leave it out so that a free one is allocated"
	case a.block == nil && b.block == nil:
		e.Hint = "renumber one of them, join only the one that must be reached, or put a NAT in front of one and state the translated range"
	default:
		e.Hint = "pin another prefix, or leave it out so that a free one is allocated"
	}
}
