package vpn

import (
	"net/netip"
	"strconv"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

// inside gives each tunnel its link-local /30: no two tunnels that meet at a
// gateway have the same (for GCP: in any region of the VPC), and none lies
// where one of the ends refuses it.
type inside struct {
	d     *draft.Draft
	taken map[string]map[netip.Prefix]fabric.TunnelID // by gateway or GCP VPC
	got   map[fabric.TunnelID]netip.Prefix
	scope map[fabric.TunnelID]lock.Scope
	free  map[[2]vocab.Cloud][]netip.Prefix // candidates in order
	full  map[fabric.LinkID]bool            // links that found no more
}

func insideKey(id fabric.TunnelID) string { return "link/" + string(id) }

func newInside(d *draft.Draft) *inside {
	in := &inside{
		d: d, taken: map[string]map[netip.Prefix]fabric.TunnelID{}, got: map[fabric.TunnelID]netip.Prefix{},
		scope: map[fabric.TunnelID]lock.Scope{}, free: map[[2]vocab.Cloud][]netip.Prefix{},
		full: map[fabric.LinkID]bool{},
	}
	// What was freed or removed stays with its gateways until released.
	for _, e := range d.Lock.OfKind(lock.Inside) {
		for _, key := range e.Scope.Keys() {
			in.mark(key, e.Prefix, fabric.TunnelID(e.Key[len("link/"):]))
		}
	}
	return in
}

func (in *inside) mark(scope string, p netip.Prefix, id fabric.TunnelID) {
	m := in.taken[scope]
	if m == nil {
		m = map[netip.Prefix]fabric.TunnelID{}
		in.taken[scope] = m
	}
	m[p] = id
}

// scopes are the two places where a tunnel's prefix must be its own.
func (in *inside) scopes(p *draft.Pair) [2]string {
	var out [2]string
	for k, i := range []int{p.A, p.B} {
		s := &in.d.Sites[i]
		out[k] = string(s.GatewayID())
		if s.Gateway == fabric.HAVPN {
			out[k] = "gcp/" + string(s.Hub.ID)
		}
	}
	return out
}

// candidates are the /30s that both clouds take, in order. Between clouds
// that have a choice, the range that Azure is confined to is left to it.
func (in *inside) candidates(a, b vocab.Cloud) []netip.Prefix {
	key := [2]vocab.Cloud{a, b}
	if c, ok := in.free[key]; ok {
		return c
	}
	pools, refused := in.d.Atlas.TunnelPools(a, b)
	if a != vocab.Azure && b != vocab.Azure {
		azure, _ := in.d.Atlas.TunnelPools(vocab.Azure, vocab.Azure)
		refused = append(refused[:len(refused):len(refused)], azure...)
	}
	var out []netip.Prefix
	const most = 2048 // more than any gateway takes
	for _, r := range pools {
		for at := netip.PrefixFrom(r.Prefix.Addr(), atlas.TunnelBits); r.Prefix.Contains(at.Addr()) && len(out) < most; {
			if !overlapsAny(refused, at) {
				out = append(out, at)
			}
			at = netip.PrefixFrom(prefix.LastAddr(at).Next(), atlas.TunnelBits)
		}
	}
	in.free[key] = out
	return out
}

func overlapsAny(rs []atlas.Range, p netip.Prefix) bool {
	for _, r := range rs {
		if r.Prefix.Overlaps(p) {
			return true
		}
	}
	return false
}

// reserve marks what a pair pins or keeps, before anything is taken: the
// lock may know its gateways by former names.
func (b *builder) reserve(p *draft.Pair) {
	for _, e := range b.d.Lock.Under(lock.Inside, insideKey(fabric.TunnelID(p.Link))) {
		id := fabric.TunnelID(e.Key[len("link/"):])
		for _, s := range b.inside.scopes(p) {
			if _, ok := b.inside.taken[s][e.Prefix]; !ok {
				b.inside.mark(s, e.Prefix, id)
			}
		}
	}
	for i, v := range pins(p) {
		id := fabric.TunnelID(string(p.Link) + "/" + strconv.Itoa(i))
		for _, s := range b.inside.scopes(p) {
			if by, ok := b.inside.taken[s][v.V]; ok && by != id {
				if _, locked := b.d.Lock.Get(lock.Inside, insideKey(by)); !locked {
					e := b.d.Diags.Errorf(v.Pos, "inside prefix %s is also that of tunnel %s at %s", v.V, by, s)
					e.Code = "inside-overlap"
				}
			}
			b.inside.mark(s, v.V, id)
		}
	}
}

func pins(p *draft.Pair) []spec.Value[netip.Prefix] {
	for _, e := range p.Entries {
		if len(e.Inside) > 0 {
			return e.Inside
		}
	}
	return nil
}

// take gives tunnel i of a pair its prefix: pinned, kept, or the first that
// is free at both ends.
func (in *inside) take(p *draft.Pair, id fabric.TunnelID, i int) netip.Prefix {
	scopes := in.scopes(p)
	in.scope[id] = lock.ScopeOf(scopes[0], scopes[1])
	a, z := in.d.Sites[p.A].Cloud, in.d.Sites[p.B].Cloud
	if pin := pins(p); i < len(pin) {
		in.checkPin(p, pin[i], a, z)
		return in.give(id, scopes, pin[i].V, draft.Step(pin[i].Pos, nil, "pinned in the spec"))
	}
	pools, _ := in.d.Atlas.TunnelPools(a, z)
	var facts []string
	for _, r := range pools {
		facts = append(facts, r.Fact.ID)
	}
	free := func(c netip.Prefix) bool {
		for _, s := range scopes {
			if by, ok := in.taken[s][c]; ok && by != id {
				return false
			}
		}
		return true
	}
	if e, ok := in.d.Lock.Get(lock.Inside, insideKey(id)); ok && free(e.Prefix) && in.allowed(a, z, e.Prefix) {
		return in.give(id, scopes, e.Prefix, draft.Step(e.Pos, nil, "kept from the lock"), draft.Step(p.Pos(), facts, "a /30 that both ends take and no other tunnel of theirs has"))
	}
	for _, c := range in.candidates(a, z) {
		if free(c) {
			return in.give(id, scopes, c, draft.Step(p.Pos(), facts, "the first /30 that both ends take and no other tunnel of theirs has"))
		}
	}
	none := netip.PrefixFrom(netip.IPv4Unspecified(), atlas.TunnelBits)
	if in.full[p.Link] {
		return none // said once for all of the link's tunnels
	}
	in.full[p.Link] = true
	e := in.d.Diags.Errorf(p.Pos(), "no inside /30 left from tunnel %s on: %s and %s share %d of them", id, scopes[0], scopes[1], len(in.candidates(a, z)))
	e.Code = "inside-exhausted"
	if len(pools) > 0 {
		e.Source = pools[0].Fact.Source
	}
	return none
}

func (in *inside) give(id fabric.TunnelID, scopes [2]string, p netip.Prefix, steps ...fabric.Step) netip.Prefix {
	for _, s := range scopes {
		in.mark(s, p, id)
	}
	in.got[id] = p
	in.d.Because(string(id), "inside", p.String(), steps...)
	return p
}

func (in *inside) allowed(a, z vocab.Cloud, p netip.Prefix) bool {
	pools, refused := in.d.Atlas.TunnelPools(a, z)
	ok := false
	for _, r := range pools {
		ok = ok || r.Prefix.Contains(p.Addr())
	}
	return ok && p.Bits() == atlas.TunnelBits && !overlapsAny(refused, p)
}

func (in *inside) checkPin(p *draft.Pair, pin spec.Value[netip.Prefix], a, z vocab.Cloud) {
	if in.allowed(a, z, pin.V) {
		return
	}
	e := in.d.Diags.Errorf(pin.Pos, "inside prefix %s is not one that both %s and %s take", pin.V, a.Title(), z.Title())
	e.Code = "inside-refused"
	pools, refused := in.d.Atlas.TunnelPools(a, z)
	for _, r := range refused {
		if r.Prefix.Overlaps(pin.V) {
			e.Hint, e.Source = r.Prefix.String()+" is refused: "+r.Why, r.Fact.Source
			return
		}
	}
	if len(pools) > 0 {
		e.Hint, e.Source = "a /30 in "+pools[0].Prefix.String(), pools[0].Fact.Source
	}
	e.Related = []diag.Related{{Pos: p.Pos(), Message: "the link " + string(p.Link)}}
}
