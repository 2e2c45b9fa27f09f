package atlas

import (
	"strings"

	"github.com/tieline/tieline/internal/vocab"
)

// ASNRange is an inclusive range of AS numbers.
type ASNRange struct{ First, Last vocab.ASN }

// Holds reports whether n is in the range.
func (r ASNRange) Holds(n vocab.ASN) bool { return n >= r.First && n <= r.Last }

// ASNRanges is a list of ranges, rising.
type ASNRanges []ASNRange

// Holds reports whether n is in one of the ranges.
func (rs ASNRanges) Holds(n vocab.ASN) bool {
	for _, r := range rs {
		if r.Holds(n) {
			return true
		}
	}
	return false
}

// ASNRules says which AS numbers a cloud's gateways can have and which they
// accept of a peer.
type ASNRules struct {
	Cloud       vocab.Cloud
	Usable      ASNRanges // for the cloud's own gateway
	UsableFact  Fact
	Default     vocab.ASN // what the gateway has when none is given; 0 where one must be given
	DefaultFact Fact
	PeerUsable  ASNRanges // of a peer
	PeerRefused ASNRanges // refused inside PeerUsable
	PeerFact    Fact
	inRegion    map[string]vocab.ASN
	regionFact  Fact
}

// AcceptsPeer reports whether a gateway in a region takes a peer with this AS
// number; where it does not, the fact says why.
func (r ASNRules) AcceptsPeer(n vocab.ASN, region string) (bool, Fact) {
	if !r.PeerUsable.Holds(n) || r.PeerRefused.Holds(n) {
		return false, r.PeerFact
	}
	if r.inRegion[region] == n {
		return false, r.regionFact
	}
	return true, Fact{}
}

// ASNs returns a cloud's rules for AS numbers; Exchange has those of OnPrem.
func (a *Atlas) ASNs(c vocab.Cloud) ASNRules {
	if !c.IsPublic() {
		c = vocab.OnPrem
	}
	return a.asns[c]
}

// ASNPool returns the private AS numbers that every cloud takes, for gateways
// and for peers: the 16-bit ones, and those of 32 bits for when they run out.
func (a *Atlas) ASNPool() (short, long ASNRanges, fact Fact) {
	l := &loader{}
	fact = a.mustFact("common.asn.pool")
	return l.asnRanges(fact), l.asnRanges(a.mustFact("common.asn.pool_32bit")), fact
}

func (l *loader) buildASNs(a *Atlas) {
	a.asns = map[vocab.Cloud]ASNRules{}
	for _, c := range []vocab.Cloud{vocab.AWS, vocab.GCP, vocab.Azure, vocab.OnPrem} {
		id := c.String() + ".asn."
		r := ASNRules{Cloud: c, inRegion: map[string]vocab.ASN{}}
		r.UsableFact = a.mustFact(id + "usable")
		r.Usable = l.asnRanges(r.UsableFact)
		r.PeerFact = a.mustFact(id + "peer_usable")
		r.PeerUsable = l.asnRanges(r.PeerFact)
		if f, ok := a.Fact(id + "default"); ok {
			r.DefaultFact = f
			r.Default = l.asnRanges(f)[0].First
		}
		if f, ok := a.Fact(id + "peer_refused"); ok {
			r.PeerFact = f
			r.PeerRefused = l.asnRanges(f)
		}
		if f, ok := a.Fact(id + "peer_refused_region"); ok {
			r.regionFact = f
			for _, w := range strings.Fields(f.Value) {
				region, n, _ := strings.Cut(w, "=")
				asn, err := vocab.ParseASN(n)
				if err != nil {
					l.failf("fact %s: %v", f.ID, err)
				}
				r.inRegion[region] = asn
			}
		}
		a.asns[c] = r
	}
	l.asnRanges(a.mustFact("common.asn.pool"))
	l.asnRanges(a.mustFact("common.asn.pool_32bit"))
}

// asnRanges reads "64512-65514 65521-65534", or single numbers.
func (l *loader) asnRanges(f Fact) ASNRanges {
	var out ASNRanges
	for _, w := range strings.Fields(f.Value) {
		first, last, ok := strings.Cut(w, "-")
		if !ok {
			last = first
		}
		a, err1 := vocab.ParseASN(first)
		b, err2 := vocab.ParseASN(last)
		if err1 != nil || err2 != nil || b < a {
			l.failf("fact %s: %q is no range of AS numbers", f.ID, w)
		}
		out = append(out, ASNRange{a, b})
	}
	return out
}
