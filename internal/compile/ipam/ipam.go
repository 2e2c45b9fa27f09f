// Package ipam gives addresses: a block for each cloud, in it one for each
// site, in that one for each network, in that the subnets, so that what a site
// holds is summarised by one prefix. What is pinned or kept in the lock stays;
// the rest takes the first free block that fits.
package ipam

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// Addresses is the pass.
func Addresses(d *draft.Draft) {
	p := &plan{d: d, pools: pools(d)}
	p.collect()
	p.fixedThings()
	if d.Diags.HasErrors() {
		return
	}
	p.keep()
	for _, c := range p.clouds {
		p.siteBlocks(c)
	}
	if d.Diags.HasErrors() {
		return
	}
	p.publish()
}

func pools(d *draft.Draft) []netip.Prefix {
	var out []netip.Prefix
	for _, v := range d.Spec.Addressing.Pool {
		if v.V.Addr().Is6() {
			e := d.Diags.Errorf(v.Pos, "not supported yet: IPv6 pool %s (derived addresses are IPv4 in the Terraform of all three clouds)", v.V)
			e.Code = "ipv6"
			continue
		}
		if !private(v.V) {
			e := d.Diags.Warnf(v.Pos, "pool %s is public address space", v.V)
			e.Code, e.Hint, e.Source = "public-pool", "private ranges are 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16; another owner's addresses cannot be reached from here", "RFC 1918"
		}
		out = append(out, v.V)
	}
	if len(d.Spec.Addressing.Pool) == 0 {
		out = []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10}), 8)}
	}
	return out
}

// private reports whether all of p is for private use (RFC 1918), or shared
// address space (RFC 6598).
func private(p netip.Prefix) bool {
	for _, r := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"} {
		if prefix.Covers(netip.MustParsePrefix(r), p) {
			return true
		}
	}
	return false
}

// block is one thing to address.
type block struct {
	key      string
	want     int // prefix length; 0 for one that is only pinned
	pos      diag.Pos
	pin      netip.Prefix
	pinPos   diag.Pos
	parent   *block
	children []*block
	got      netip.Prefix
	what     string // network "ml" of site "aws-oregon"
	object   string // id for reasons
	over     bool   // outside its parent
	vpc      *draft.VPC
	site     *draft.Site
	cloud    vocab.Cloud
	subnet   int // index in vpc.Subnets, -1 for none
}

type plan struct {
	d      *draft.Draft
	pools  []netip.Prefix
	clouds []*block
	fixed  prefix.Set // never to allocate from
	held   prefix.Set // freed and not yet released, or just removed
	top    *prefix.Allocator
	avoid  prefix.Set
	pins   prefix.Set // pinned networks: others keep off them wherever they lie
}

// collect makes the tree of what needs addresses.
func (p *plan) collect() {
	d := p.d
	for _, c := range vocab.Clouds {
		cb := &block{key: c.String(), cloud: c, subnet: -1, what: c.Title(), object: c.String(), pos: d.Spec.Addressing.Pos}
		for _, b := range d.Spec.Addressing.Blocks {
			if b.Name == c.String() {
				cb.pin, cb.pinPos = b.CIDR.V, b.CIDR.Pos
			}
		}
		for i := range d.Sites {
			if s := &d.Sites[i]; s.Cloud == c {
				if sb := p.site(cb, s); sb != nil {
					cb.children = append(cb.children, sb)
				}
			}
		}
		if len(cb.children) > 0 {
			p.clouds = append(p.clouds, cb)
		}
	}
}

func (p *plan) site(cb *block, s *draft.Site) *block {
	sb := &block{
		key: cb.key + "/" + string(s.ID), parent: cb, cloud: s.Cloud, site: s, subnet: -1, pos: s.Spec.Pos,
		what: fmt.Sprintf("site %q", s.ID), object: string(s.ID),
		pin: s.Spec.Block.V, pinPos: s.Spec.Block.Pos,
	}
	for _, v := range s.VPCs {
		nb := &block{
			key: sb.key + "/" + v.Name, parent: sb, cloud: s.Cloud, site: s, vpc: v, subnet: -1, pos: v.Pos, want: v.Want,
			what: fmt.Sprintf("network %q of site %q", v.Name, s.ID), object: string(s.ID) + "/" + v.Name,
		}
		if v.Spec != nil {
			nb.pin, nb.pinPos = v.Spec.CIDR.V, v.Spec.CIDR.Pos
		} else {
			nb.pin, nb.pinPos = s.Spec.Gateway.HubCIDR.V, s.Spec.Gateway.HubCIDR.Pos
		}
		if nb.pin.IsValid() {
			nb.want = nb.pin.Bits()
		}
		for k := range v.Subnets {
			sn := &v.Subnets[k]
			kb := &block{
				key: nb.key + "/" + sn.Name, parent: nb, cloud: s.Cloud, site: s, vpc: v, subnet: k, pos: sn.Pos, want: sn.Want,
				what: fmt.Sprintf("subnet %q of %s", sn.Name, nb.what), object: nb.object + "/" + sn.Name,
			}
			if sn.Spec != nil {
				kb.pin, kb.pinPos = sn.Spec.CIDR.V, sn.Spec.CIDR.Pos
			} else if v.Existing() && sn.Purpose == fabric.GatewaySubnet {
				kb.pin, kb.pinPos = v.Spec.GatewayCIDR.V, v.Spec.GatewayCIDR.Pos
			}
			if kb.pin.IsValid() {
				kb.want = kb.pin.Bits()
			}
			nb.children = append(nb.children, kb)
		}
		if v.Existing() {
			p.existingSubnets(nb)
			continue
		}
		if nb.want == 0 && v.Role == fabric.Hub && s.Cloud == vocab.GCP {
			continue // a hub VPC of GCP holds a gateway only, no addresses
		}
		p.checkSizes(nb)
		sb.children = append(sb.children, nb)
	}
	if s.Gateway == fabric.VirtualHub {
		hb := &block{
			key: sb.key + "/_vwan", parent: sb, cloud: s.Cloud, site: s, subnet: -1, pos: s.Spec.Pos, want: vhubLen(p.d),
			what: fmt.Sprintf("virtual hub of site %q", s.ID), object: string(s.GatewayID()),
			pin: s.Spec.Gateway.HubCIDR.V, pinPos: s.Spec.Gateway.HubCIDR.Pos,
		}
		if hb.pin.IsValid() {
			hb.want = hb.pin.Bits()
		}
		sb.children = append(sb.children, hb)
	}
	if len(sb.children) == 0 {
		return nil
	}
	return sb
}

// existingSubnets takes the stated subnets of an existing network as they are.
func (p *plan) existingSubnets(nb *block) {
	for _, kb := range nb.children {
		inside := false
		for _, c := range nb.vpc.Spec.CIDRs {
			inside = inside || prefix.Covers(c.V, kb.pin)
		}
		if !inside {
			e := p.d.Diags.Errorf(kb.pinPos, "%s: %s is not in the network's cidrs", kb.what, kb.pin)
			e.Code = "subnet-outside"
		}
	}
}

// vhubLen is the advised prefix length of a virtual hub.
func vhubLen(d *draft.Draft) int {
	f, _ := d.Atlas.Fact("azure.vhub.lengths")
	var advised, least int
	if _, err := fmt.Sscanf(f.Value, "%d-%d", &advised, &least); err != nil {
		panic("ipam: azure.vhub.lengths is not a range of lengths: " + f.Value)
	}
	return advised
}

// checkSizes holds stated sizes against the cloud's rules.
func (p *plan) checkSizes(nb *block) {
	r := p.d.Atlas.Addresses(nb.cloud)
	pos := func(b *block, sized diag.Pos) diag.Pos {
		if b.pinPos.IsValid() {
			return b.pinPos
		}
		if sized.IsValid() {
			return sized
		}
		return b.pos
	}
	if nb.pin.IsValid() && nb.pin.Addr().Is6() {
		p.checkRange(nb, nb.pinPos)
		return
	}
	if nb.vpc.Spec != nil {
		at := pos(nb, nb.vpc.Spec.Size.Pos)
		if !r.Block.Holds(nb.want) {
			e := p.d.Diags.Errorf(at, "%s is a /%d: %s takes /%d to /%d", nb.what, nb.want, nb.cloud.Title(), r.Block.Min, r.Block.Max)
			e.Code, e.Source = "block-size", r.Block.Fact.Source
		}
		p.checkRange(nb, at)
	}
	for _, kb := range nb.children {
		sn := nb.vpc.Subnets[kb.subnet]
		at := kb.pos
		if sn.Spec != nil {
			at = pos(kb, sn.Spec.Size.Pos)
		}
		if kb.pin.IsValid() && kb.pin.Addr().Is6() {
			p.checkRange(kb, at)
			continue
		}
		want, whole := kb.want, ""
		if sn.Zonal {
			want += zoneBits(len(kb.site.Zones))
			whole = fmt.Sprintf(", /%d in each of %d zones", want, len(kb.site.Zones))
		}
		if !r.Subnet.Holds(want) {
			e := p.d.Diags.Errorf(at, "%s is a /%d%s: %s takes /%d to /%d", kb.what, kb.want, whole, nb.cloud.Title(), r.Subnet.Min, r.Subnet.Max)
			e.Code, e.Source = "subnet-size", r.Subnet.Fact.Source
			e.Hint = fmt.Sprintf("take /%d or wider", r.Subnet.Max-(want-kb.want))
		}
		if kb.want < nb.want {
			e := p.d.Diags.Errorf(at, "%s is a /%d, wider than its network's /%d", kb.what, kb.want, nb.want)
			e.Code = "subnet-size"
		}
		p.checkRange(kb, at)
	}
}

// checkRange holds a pinned prefix against what the cloud refuses and what
// is best avoided.
func (p *plan) checkRange(b *block, at diag.Pos) {
	if !b.pin.IsValid() {
		return
	}
	if b.pin.Addr().Is6() {
		e := p.d.Diags.Errorf(at, "not supported yet: IPv6 prefix %s for %s (the Terraform of all three clouds is IPv4)", b.pin, b.what)
		e.Code = "ipv6"
		return
	}
	r := p.d.Atlas.Addresses(b.cloud)
	if x, ok := r.RefusedBy(b.pin); ok {
		e := p.d.Diags.Errorf(at, "%s: %s overlaps %s, which %s refuses: %s", b.what, b.pin, x.Prefix, b.cloud.Title(), x.Why)
		e.Code, e.Source = "refused-range", x.Fact.Source
		return
	}
	if x, ok := r.AvoidedBy(b.pin); ok && b.subnet < 0 {
		e := p.d.Diags.Warnf(at, "%s: %s overlaps %s: %s", b.what, b.pin, x.Prefix, x.Why)
		e.Code, e.Source = "avoided-range", x.Fact.Source
	}
}

// zoneBits is by how many bits a subnet is split to give n zones.
func zoneBits(n int) int {
	bits := 0
	for 1<<bits < n {
		bits++
	}
	return bits
}

// keep reads from the lock what is kept, and what nobody may take.
func (p *plan) keep() {
	used := map[string]bool{}
	var walk func(b *block)
	walk = func(b *block) {
		used[b.key] = true
		for _, c := range b.children {
			walk(c)
		}
	}
	for _, c := range p.clouds {
		walk(c)
	}
	var held []netip.Prefix
	for _, e := range p.d.Lock.OfKind(lock.Block) {
		if !used[e.Key] {
			held = append(held, e.Prefix)
		}
	}
	p.held = prefix.FromPrefixes(held...)
	var avoid []netip.Prefix
	for _, r := range p.d.Atlas.AvoidedEverywhere() {
		avoid = append(avoid, r.Prefix)
	}
	p.avoid = prefix.FromPrefixes(avoid...)
	p.top = prefix.NewAllocator(prefix.FromPrefixes(p.pools...).V4(), p.fixed.V4())
	for _, c := range p.clouds {
		c.want = p.size(c)
	}
	// Kept blocks first: a pin inside one does not move it.
	fresh := p.settle(p.top, nil, p.clouds)
	p.reservePinned()
	p.allocate(p.top, nil, p.clouds, fresh)
}

// reservePinned keeps the top level off everything pinned below it.
func (p *plan) reservePinned() {
	var pins []netip.Prefix
	var walk func(b *block, covered bool)
	walk = func(b *block, covered bool) {
		if b.pin.IsValid() && b.subnet < 0 && (b.vpc != nil || len(b.children) == 0) {
			pins = append(pins, b.pin)
		}
		if b.pin.IsValid() && !covered {
			// Outside the pool, or inside the pinned block of another: nothing to keep.
			if p.top.IsFree(b.pin) {
				if err := p.top.Reserve(b.pin); err != nil {
					panic(err)
				}
			}
			covered = true
		}
		for _, c := range b.children {
			walk(c, covered)
		}
	}
	for _, c := range p.clouds {
		walk(c, false)
	}
	p.pins = prefix.FromPrefixes(pins...)
}

// size computes how long the prefix of a cloud's or site's block is: the
// power of two with at least twice the room that is asked for below it.
func (p *plan) size(b *block) int {
	if b.pin.IsValid() {
		for _, c := range b.children {
			if c.vpc == nil && c.site != nil && c.want == 0 {
				c.want = p.size(c)
			}
		}
		return b.pin.Bits()
	}
	var sum uint64
	for _, c := range b.children {
		if c.want == 0 {
			c.want = p.size(c)
		}
		if !c.pin.IsValid() && c.want > 0 { // 0: all pinned below it
			sum += 1 << (32 - c.want)
		}
	}
	if sum == 0 {
		return 0 // all pinned below: no block of its own
	}
	bits := 32
	for uint64(1)<<(32-bits) < 2*sum && bits > 0 {
		bits--
	}
	return bits
}

// place gives each block its prefix from al: pinned, kept, then new ones,
// the widest first.
func (p *plan) place(al *prefix.Allocator, parent *block, blocks []*block) {
	p.allocate(al, parent, blocks, p.settle(al, parent, blocks))
}

// settle places what is pinned or kept, and returns the rest.
func (p *plan) settle(al *prefix.Allocator, parent *block, blocks []*block) (fresh []*block) {
	for _, b := range blocks {
		switch {
		case b.want == 0 && !b.pin.IsValid():
		case b.pin.IsValid():
			b.got = b.pin
			if al.IsFree(b.pin) {
				if err := al.Reserve(b.pin); err != nil {
					panic(err)
				}
			}
			p.d.Because(b.object, "cidr", b.got.String(), draft.Step(b.pinPos, nil, "pinned in the spec"))
		case p.kept(al, parent, b):
		default:
			fresh = append(fresh, b)
		}
	}
	return fresh
}

// allocate places the fresh ones among blocks, and records all.
func (p *plan) allocate(al *prefix.Allocator, parent *block, blocks, fresh []*block) {
	slices.SortStableFunc(fresh, func(a, b *block) int { return cmp.Or(cmp.Compare(a.want, b.want), cmp.Compare(a.key, b.key)) })
	var short []*block
	for _, b := range fresh {
		if !p.fresh(al, parent, b) {
			short = append(short, b)
		}
	}
	if len(short) > 0 {
		p.shortage(al, parent, short)
	}
	for _, b := range blocks {
		if b.got.IsValid() && b.want > 0 {
			p.d.Used = append(p.d.Used, lock.Entry{Kind: lock.Block, Key: b.key, Prefix: b.got})
		}
	}
}

// kept takes the lock's prefix when it still holds.
func (p *plan) kept(al *prefix.Allocator, parent *block, b *block) bool {
	e, ok := p.d.Lock.Get(lock.Block, b.key)
	if !ok {
		return false
	}
	group := b.subnet < 0 && b.vpc == nil && len(b.children) > 0 // a cloud or site keeps its block however its need grows
	if e.Prefix.Bits() != b.want && !group {
		return false
	}
	from := al
	if !al.IsFree(e.Prefix) {
		if parent == nil || b.subnet >= 0 || !p.top.IsFree(e.Prefix) {
			e2 := p.d.Diags.Warnf(e.Pos, "%s: kept prefix %s is not free any more, a new one is taken", b.what, e.Prefix)
			e2.Code = "lock-stale"
			return false
		}
		from, b.over = p.top, true
	}
	if err := from.Reserve(e.Prefix); err != nil {
		panic(err)
	}
	b.got = e.Prefix
	steps := []fabric.Step{draft.Step(e.Pos, nil, "kept from the lock")}
	if parent != nil && !b.over {
		steps = append(steps, draft.Step(parent.pos, nil, "lies in the block %s of %s", parent.got, parent.what))
	}
	p.d.Because(b.object, "cidr", b.got.String(), append(steps, p.sizeStep(b))...)
	return true
}

// fresh gives a block a new prefix, and reports whether there was room.
func (p *plan) fresh(al *prefix.Allocator, parent *block, b *block) bool {
	got, ok := p.take(al, b, b.want)
	where := p.room(parent)
	if !ok && parent != nil && b.subnet < 0 {
		if got, ok = p.take(p.top, b, b.want); ok {
			b.over = true
			n := p.d.Diags.Notef(b.pos, "%s: no room in %s, %s taken from the pool: one more prefix to announce", b.what, where, got)
			n.Code = "block-full"
			where = "the pool, as " + where + " is full"
		}
	}
	if !ok && parent == nil {
		// Less room to grow is better than none.
		if b.want < 32 {
			if got, ok = p.take(p.top, b, b.want+1); ok {
				p.d.Diags.Notef(p.poolPos(), "the pool has no /%d for %s: /%d leaves less room to grow", b.want, b.what, b.want+1).Code = "pool-tight"
			}
		}
	}
	if !ok {
		return false
	}
	b.got = got
	p.d.Because(b.object, "cidr", got.String(),
		draft.Step(b.pos, nil, "allocated: the first free /%d in %s that keeps wider blocks whole", got.Bits(), where), p.sizeStep(b))
	return true
}

// room names what the children of a block are allocated from.
func (p *plan) room(parent *block) string {
	if parent == nil {
		return "the pool " + join(p.pools)
	}
	if parent.site != nil && parent.vpc != nil {
		return parent.what + " " + parent.got.String()
	}
	return parent.what + "'s block " + parent.got.String()
}

// shortage reports all of one level that found no room, once, with how much
// is missing.
func (p *plan) shortage(al *prefix.Allocator, parent *block, short []*block) {
	var lengths []int
	var asked []string
	for _, b := range short {
		lengths = append(lengths, b.want)
		asked = append(asked, fmt.Sprintf("a /%d for %s", b.want, b.what))
	}
	pos := short[0].pos
	if parent == nil {
		pos = p.poolPos()
	}
	why := "what is free there is kept for freed entries of the lock"
	if missing := al.Missing(lengths...); !missing.IsZero() {
		why = "missing " + missing.String()
	}
	e := p.d.Diags.Errorf(pos, "no room in %s: %s", p.room(parent), why)
	e.Code = "pool-exhausted"
	const most = 4
	if n := len(asked); n > most {
		asked = append(asked[:most:most], fmt.Sprintf("%d more", n-most))
	}
	e.Related = []diag.Related{{Pos: short[0].pos, Message: "asked for: " + strings.Join(asked, ", ")}}
	e.Hint = "widen the pool or the block, ask for less, or release freed blocks with: tieline lock release"
}

func (p *plan) sizeStep(b *block) fabric.Step {
	if b.vpc == nil && len(b.children) > 0 {
		return draft.Step(b.pos, nil, "one summarisable block with at least twice the room asked for below it")
	}
	at := b.pos
	if b.vpc != nil && b.subnet < 0 && b.vpc.Spec != nil {
		at = b.vpc.Spec.Size.Pos
	}
	if b.subnet >= 0 && b.vpc.Subnets[b.subnet].Spec != nil {
		at = b.vpc.Subnets[b.subnet].Spec.Size.Pos
	}
	return draft.Step(at, nil, "size /%d", b.want)
}

func (p *plan) poolPos() diag.Pos {
	if l := p.d.Spec.Addressing.Pool; len(l) > 0 {
		return l[0].Pos
	}
	return p.d.Spec.Pos
}

// take allocates, off ranges best avoided while there are others, never off
// held ones.
func (p *plan) take(al *prefix.Allocator, b *block, bits int) (netip.Prefix, bool) {
	off := p.held
	if b.vpc != nil && b.subnet < 0 || len(b.children) == 0 && b.subnet < 0 {
		off = off.Union(p.pins)
	}
	if got, ok := al.AllocateAvoiding(bits, p.avoid.Union(off)); ok {
		return got, true
	}
	return al.AllocateAvoiding(bits, off)
}

// siteBlocks goes down a cloud, but not below what found no room.
func (p *plan) siteBlocks(c *block) {
	below := func(b *block) {
		if b.got.IsValid() || b.want == 0 { // 0: all is pinned below
			p.place(p.within(b), b, b.children)
		}
	}
	below(c)
	for _, s := range c.children {
		below(s)
		for _, n := range s.children {
			if n.got.IsValid() {
				below(n)
			}
		}
	}
}

// within makes the allocator of a block's inside, off fixed things and off
// what is pinned below it.
func (p *plan) within(b *block) *prefix.Allocator {
	if !b.got.IsValid() {
		return prefix.NewAllocator(prefix.Set{}, prefix.Set{})
	}
	return prefix.NewAllocator(prefix.FromPrefixes(b.got).V4(), p.fixed.V4())
}

func join(ps []netip.Prefix) string {
	var s []string
	for _, p := range ps {
		s = append(s, p.String())
	}
	return strings.Join(s, ", ")
}
