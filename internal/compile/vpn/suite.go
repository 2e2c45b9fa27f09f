package vpn

import (
	"fmt"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

// suite takes the strongest algorithms that both ends offer, or those pinned:
// one choice a role, as gateways that may choose take the weakest (AWS) or
// change their mind at a rekey (GCP).
func suite(d *draft.Draft, p *draft.Pair) (vocab.Suite, bool) {
	x, y := d.Atlas.VPN(d.Sites[p.A].Cloud), d.Atlas.VPN(d.Sites[p.B].Cloud)
	pin := pinned(d, p)
	var s vocab.Suite
	ok := true
	s.IKEEncryption, ok = pick(d, p, "IKE encryption", pin.IKEEncryption, both(x.IKE.Encryption, y.IKE.Encryption), byValue, ok)
	s.PRF, ok = pick(d, p, "PRF", pin.PRF, prfs(x, y, s.IKEEncryption), byValue, ok)
	if !s.IKEEncryption.IsAEAD() {
		s.IKEIntegrity = s.PRF
	}
	strength := func(g vocab.DHGroup) int { return d.Atlas.GroupStrength(g)*256 + int(g) }
	s.IKEGroup, ok = pick(d, p, "IKE group", group(pin.IKEGroup), both(x.IKE.Groups, y.IKE.Groups), strength, ok)
	s.ESPEncryption, ok = pick(d, p, "ESP encryption", pin.ESPEncryption, both(x.ESP.Encryption, y.ESP.Encryption), byValue, ok)
	if !s.ESPEncryption.IsAEAD() {
		s.ESPIntegrity, ok = pick(d, p, "ESP integrity", pin.ESPIntegrity, both(x.ESP.Integrity, y.ESP.Integrity), byValue, ok)
	}
	s.PFSGroup, ok = pick(d, p, "PFS group", group(pin.PFSGroup), both(x.ESP.PFSGroups, y.ESP.PFSGroups), strength, ok)
	if ok {
		steps := []fabric.Step{draft.Step(p.Pos(), []string{x.IKE.Encryption.Fact.ID, y.IKE.Encryption.Fact.ID, x.ESP.Encryption.Fact.ID, y.ESP.Encryption.Fact.ID},
			"the strongest of each role that both %s and %s offer", d.Sites[p.A].Cloud.Title(), d.Sites[p.B].Cloud.Title())}
		if pin.Pos.IsValid() {
			steps = append(steps, draft.Step(pin.Pos, nil, "pinned in part by the spec"))
		}
		d.Because(string(p.Link), "suite", s.String(), steps...)
	}
	return s, ok
}

// pinned is the suite of the pair's entry that states one.
func pinned(_ *draft.Draft, p *draft.Pair) spec.Suite {
	for _, e := range p.Entries {
		if e.Suite.Pos.IsValid() {
			return e.Suite
		}
	}
	return spec.Suite{}
}

func group(v spec.Value[int]) spec.Value[vocab.DHGroup] {
	return spec.Value[vocab.DHGroup]{V: vocab.DHGroup(v.V), Pos: v.Pos}
}

// prfs are the PRFs of both ends; where the integrity setting is the PRF
// (AWS, Azure) and the cipher needs integrity, it must be offered as that too.
func prfs(x, y atlas.VPNOffer, e vocab.Encryption) []vocab.Hash {
	out := both(x.IKE.PRF, y.IKE.PRF)
	if e.IsAEAD() {
		return out
	}
	var keep []vocab.Hash
	for _, h := range out {
		if x.IKE.Integrity.Has(h) && y.IKE.Integrity.Has(h) {
			keep = append(keep, h)
		}
	}
	return keep
}

func both[T comparable](x, y atlas.Choices[T]) []T {
	var out []T
	for _, v := range x.Values() {
		if y.Has(v) {
			out = append(out, v)
		}
	}
	return out
}

func byValue[T ~uint8](v T) int { return int(v) }

// pick takes the pinned value where both ends offer it, else the one of the
// highest rank.
func pick[T comparable](d *draft.Draft, p *draft.Pair, role string, pin spec.Value[T], offered []T, rank func(T) int, ok bool) (T, bool) {
	var best T
	var names []string
	for i, v := range offered {
		names = append(names, fmt.Sprint(v))
		if i == 0 || rank(v) > rank(best) {
			best = v
		}
	}
	if !pin.IsSet() {
		if len(offered) == 0 {
			d.Diags.Errorf(p.Pos(), "%s and %s have no %s in common", d.Sites[p.A].ID, d.Sites[p.B].ID, role).Code = "suite"
			return best, false
		}
		return best, ok
	}
	for _, v := range offered {
		if v == pin.V {
			return v, ok
		}
	}
	e := d.Diags.Errorf(pin.Pos, "%s %v is not offered by both %s and %s", role, pin.V, d.Sites[p.A].Cloud.Title(), d.Sites[p.B].Cloud.Title())
	e.Code = "suite"
	e.Hint = "both offer " + strings.Join(names, ", ")
	return pin.V, false
}

// mtu is the largest inner packet of a link and the MSS to clamp TCP to: the
// smallest of both ends with NAT traversal allowed for, and of what is safe
// between any two gateways.
func mtu(d *draft.Draft, p *draft.Pair, s vocab.Suite) (bytes, mss int) {
	bytes, least := d.Atlas.MTU(atlas.MTUCommonVPN)
	for _, i := range []int{p.A, p.B} {
		if m, f := d.Atlas.VPN(d.Sites[i].Cloud).MTU(s.ESPEncryption, s.ESPIntegrity, true); m > 0 && m < bytes {
			bytes, least = m, f
		}
	}
	d.Because(string(p.Link), "mtu", fmt.Sprint(bytes), draft.Step(p.Pos(), []string{least.ID}, "the smallest of both ends, with room for NAT traversal, and of what is safe between any two gateways"))
	const headers = 40 // IPv4 and TCP without options (RFC 9293 section 3.7.1)
	mss = bytes - headers
	why := fmt.Sprintf("the MTU %d less the headers of IPv4 and TCP", bytes)
	if f, ok := d.Atlas.Fact("common.vpn.mss"); ok {
		var n int
		if _, err := fmt.Sscan(f.Value, &n); err == nil && n < mss {
			mss, least, why = n, f, "what is safe between any two gateways"
		}
	}
	d.Because(string(p.Link), "mss", fmt.Sprint(mss), draft.Step(p.Pos(), []string{least.ID}, "%s", why))
	return bytes, mss
}
