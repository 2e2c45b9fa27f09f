package atlas

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/vocab"
)

// Choice is one algorithm on offer with the name that the cloud's Terraform
// provider (or a device) gives it.
type Choice[T comparable] struct {
	Value  T
	Native string
}

// Choices is what a gateway offers for one role, in the data's order.
type Choices[T comparable] struct {
	All  []Choice[T]
	Fact Fact
}

// Has reports whether v is on offer.
func (c Choices[T]) Has(v T) bool { _, ok := c.Native(v); return ok }

// Native returns the cloud's own name of v, and whether v is on offer.
func (c Choices[T]) Native(v T) (string, bool) {
	for _, x := range c.All {
		if x.Value == v {
			return x.Native, true
		}
	}
	return "", false
}

// Values returns what is on offer.
func (c Choices[T]) Values() []T {
	out := make([]T, len(c.All))
	for i, x := range c.All {
		out[i] = x.Value
	}
	return out
}

// Span is a setting in time with its default and bounds; Min equals Max
// where it cannot be set.
type Span struct {
	Default, Min, Max time.Duration // Max is 0 where there is no upper bound
	Fact              Fact
}

// IsFixed reports whether the setting cannot be changed.
func (s Span) IsFixed() bool { return s.Min == s.Max }

// Holds reports whether d can be set.
func (s Span) Holds(d time.Duration) bool { return d >= s.Min && (s.Max == 0 || d <= s.Max) }

// PSKRule says which pre-shared keys a gateway takes.
type PSKRule struct {
	MinLen, MaxLen int
	Chars          string // regular expression (RE2) of the whole key
	Fact           Fact

	pattern *regexp.Regexp
}

// Allows reports whether a gateway takes the key.
func (r PSKRule) Allows(key string) bool {
	return len(key) >= r.MinLen && len(key) <= r.MaxLen && r.pattern.MatchString(key)
}

// VPNOffer is what a cloud's VPN gateway can do.
type VPNOffer struct {
	Cloud vocab.Cloud
	IKE   IKEOffer // version 2 everywhere
	ESP   ESPOffer
	DPD   Span
	BGP   BGPOffer
	PSK   PSKRule

	mtu [8]mtuEntry
}

// IKEOffer is what a gateway can do in phase 1 (the IKEv2 SA).
type IKEOffer struct {
	Encryption Choices[vocab.Encryption]
	Integrity  Choices[vocab.Hash] // with a CBC cipher
	PRF        Choices[vocab.Hash]
	Groups     Choices[vocab.DHGroup]
	Lifetime   Span
	// PRFIsIntegrity: there is no PRF setting; the integrity setting chooses
	// it (AWS, Azure), so with a CBC cipher both must be equal, and with GCM
	// the integrity setting holds the PRF's name.
	PRFIsIntegrity bool
}

// ESPOffer is what a gateway can do in phase 2 (the ESP SA).
type ESPOffer struct {
	Encryption  Choices[vocab.Encryption]
	Integrity   Choices[vocab.Hash] // with a CBC cipher
	PFSGroups   Choices[vocab.DHGroup]
	PFSRequired bool
	Lifetime    Span
	// AEADNamesItself: with GCM the integrity setting repeats the cipher's
	// name (Azure); elsewhere it is left out.
	AEADNamesItself bool
}

// BGPOffer is what a gateway's BGP does over the tunnels.
type BGPOffer struct {
	Keepalive, Hold Span
	Initiates       bool // starts sessions from link-local addresses; Azure waits for its peer
	Fact            Fact // of Initiates
}

// Offers reports whether the gateway can do the whole suite.
func (o VPNOffer) Offers(s vocab.Suite) bool {
	ok := o.IKE.Encryption.Has(s.IKEEncryption) && o.IKE.PRF.Has(s.PRF) && o.IKE.Groups.Has(s.IKEGroup) &&
		o.ESP.Encryption.Has(s.ESPEncryption) && o.ESP.PFSGroups.Has(s.PFSGroup)
	if !s.IKEEncryption.IsAEAD() {
		ok = ok && o.IKE.Integrity.Has(s.IKEIntegrity) && (!o.IKE.PRFIsIntegrity || s.PRF == s.IKEIntegrity)
	}
	if !s.ESPEncryption.IsAEAD() {
		ok = ok && o.ESP.Integrity.Has(s.ESPIntegrity)
	}
	return ok
}

type mtuEntry struct {
	bytes int
	fact  Fact
}

// MTU returns the largest IP packet in bytes that fits into the gateway's
// tunnel with a cipher (and, for CBC, a hash), without or with NAT traversal,
// and the fact that says so.
func (o VPNOffer) MTU(e vocab.Encryption, h vocab.Hash, natT bool) (int, Fact) {
	m := o.mtu[mtuIndex(e, h, natT)]
	return m.bytes, m.fact
}

// mtuRoles are the ciphers that the MTU depends on, each without and with NAT-T.
var mtuRoles = [8]string{"gcm", "gcm_natt", "cbc_sha256", "cbc_sha256_natt", "cbc_sha384", "cbc_sha384_natt", "cbc_sha512", "cbc_sha512_natt"}

func mtuIndex(e vocab.Encryption, h vocab.Hash, natT bool) int {
	i := 0
	switch {
	case e.IsAEAD():
	case h == vocab.SHA512:
		i = 6
	case h == vocab.SHA384:
		i = 4
	default:
		i = 2
	}
	if natT {
		i++
	}
	return i
}

// VPN returns what a cloud's VPN gateway offers: AWS Site-to-Site VPN, GCP HA
// VPN, Azure VPN Gateway; for OnPrem and Exchange a current device.
func (a *Atlas) VPN(c vocab.Cloud) VPNOffer {
	if !c.IsPublic() {
		return a.vpn[vocab.OnPrem]
	}
	return a.vpn[c]
}

// GroupStrength returns the security strength in bits of a Diffie-Hellman
// group (RFC 8247), 0 for one that must not be used or is not known.
func (a *Atlas) GroupStrength(g vocab.DHGroup) int {
	f, ok := a.Fact("ike.group." + g.String() + ".strength")
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(f.Value)
	if err != nil {
		return 0
	}
	return n
}

// CommonPSK returns the rule of keys that every gateway takes.
func (a *Atlas) CommonPSK() PSKRule {
	l := &loader{}
	return l.psk(a.mustFact("common.vpn.psk"))
}

func (l *loader) buildVPN(a *Atlas) {
	a.vpn = map[vocab.Cloud]VPNOffer{}
	for _, c := range []vocab.Cloud{vocab.AWS, vocab.GCP, vocab.Azure, vocab.OnPrem} {
		get := func(name string) Fact {
			f, ok := a.Fact(c.String() + ".vpn." + name)
			if !ok {
				l.failf("no fact %s.vpn.%s", c, name)
			}
			return f
		}
		o := VPNOffer{Cloud: c}
		o.IKE = IKEOffer{
			Encryption: choices[vocab.Encryption](l, get("ike_encryption"), encryption), Integrity: choices[vocab.Hash](l, get("ike_integrity"), hash),
			PRF: choices[vocab.Hash](l, get("ike_prf"), hash), Groups: choices[vocab.DHGroup](l, get("ike_groups"), group),
			Lifetime: l.span(get("phase1_lifetime")), PRFIsIntegrity: l.yes("prf_is_integrity", get("prf_is_integrity").Value),
		}
		o.ESP = ESPOffer{
			Encryption: choices[vocab.Encryption](l, get("esp_encryption"), encryption), Integrity: choices[vocab.Hash](l, get("esp_integrity"), hash),
			PFSGroups: choices[vocab.DHGroup](l, get("pfs_groups"), group), PFSRequired: l.yes("pfs_required", get("pfs_required").Value),
			Lifetime: l.span(get("phase2_lifetime")),
		}
		if f, ok := a.Fact(c.String() + ".vpn.aead_names_itself"); ok {
			o.ESP.AEADNamesItself = l.yes(f.ID, f.Value)
		}
		o.DPD = l.span(get("dpd"))
		init := get("bgp_initiates")
		o.BGP = BGPOffer{Keepalive: l.span(get("bgp_keepalive")), Hold: l.span(get("bgp_hold")), Initiates: l.yes(init.ID, init.Value), Fact: init}
		o.PSK = l.psk(get("psk"))
		for i, role := range mtuRoles {
			f := get("mtu." + role)
			o.mtu[i] = mtuEntry{bytes: l.number(f.ID, f.Value), fact: f}
		}
		a.vpn[c] = o
	}
	l.psk(a.mustFact("common.vpn.psk"))
}

func encryption(s string) (e vocab.Encryption, err error) { return e, e.UnmarshalText([]byte(s)) }

func hash(s string) (h vocab.Hash, err error) { return h, h.UnmarshalText([]byte(s)) }

func group(s string) (vocab.DHGroup, error) {
	n, err := strconv.ParseUint(s, 10, 8)
	return vocab.DHGroup(n), err
}

// choices reads "aes256=AES256 aes128=AES128".
func choices[T comparable](l *loader, f Fact, parse func(string) (T, error)) Choices[T] {
	out := Choices[T]{Fact: f}
	for _, w := range strings.Fields(f.Value) {
		name, native, ok := strings.Cut(w, "=")
		v, err := parse(name)
		if !ok || err != nil {
			l.failf("fact %s: %q", f.ID, w)
			continue
		}
		out.All = append(out.All, Choice[T]{Value: v, Native: native})
	}
	return out
}

// span reads "28800 900-28800", seconds: a default and its bounds.
func (l *loader) span(f Fact) Span {
	def, bounds, _ := strings.Cut(f.Value, " ")
	lo, hi := l.bounds(f.ID, bounds)
	s := Span{Default: l.seconds(f.ID, def), Min: time.Duration(lo) * time.Second, Fact: f}
	if hi != math.MaxInt {
		s.Max = time.Duration(hi) * time.Second
	}
	return s
}

func (l *loader) psk(f Fact) PSKRule {
	lo, hi, chars := l.pattern(f)
	re, err := regexp.Compile(`^(?:` + chars + `)$`)
	if err != nil {
		l.failf("fact %s: %v", f.ID, err)
	}
	return PSKRule{MinLen: lo, MaxLen: hi, Chars: chars, Fact: f, pattern: re}
}
