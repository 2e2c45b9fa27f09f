package fabric

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/vocab"
)

// Community is a BGP community (RFC 1997): an AS number in the upper half, a
// value of that AS's in the lower.
type Community uint32

// The well-known communities that routing depends on (RFC 1997, "Well-known
// Communities").
const (
	NoExport    Community = 0xFFFFFF01 // not announced to another AS
	NoAdvertise Community = 0xFFFFFF02 // not announced to any peer
)

// String gives 7224:7300, or the name of a well-known community.
func (c Community) String() string {
	switch c {
	case NoExport:
		return "NO_EXPORT"
	case NoAdvertise:
		return "NO_ADVERTISE"
	}
	return fmt.Sprintf("%d:%d", uint32(c)>>16, uint32(c)&0xFFFF)
}

// ParseCommunity reads two numbers of 16 bits with a colon between them, or
// the name of a well-known community.
func ParseCommunity(s string) (Community, error) {
	switch strings.ToUpper(strings.ReplaceAll(s, "-", "_")) {
	case "NO_EXPORT":
		return NoExport, nil
	case "NO_ADVERTISE":
		return NoAdvertise, nil
	}
	upper, lower, _ := strings.Cut(s, ":")
	a, errA := strconv.ParseUint(upper, 10, 16)
	b, errB := strconv.ParseUint(lower, 10, 16)
	if errA != nil || errB != nil {
		return 0, fmt.Errorf("no BGP community: %q", s)
	}
	return Community(a<<16 | b), nil
}

// RouteTerm is one step of what an end of a BGP session does to announcements:
// of a route map, a Cloud Router's route policy, or a weight. The steps are
// taken in order, each that matches; a prefix that none ends is accepted.
type RouteTerm struct {
	Origin Origin
	// Match is any of these prefixes; empty matches every prefix.
	Match []PrefixRange
	// Communities must all be on the announcement; of imports only.
	Communities []Community
	End         TermEnd // what becomes of the announcement after the step
	// Prepend is put before the AS path, the nearest first: on export after
	// the own AS number, which peers insist to see first (RFC 4271, section
	// 6.3); on import before all.
	Prepend []vocab.ASN
	// Attach are communities added. What a gateway received it does not hand
	// on: most routers send none unless told, and no cloud documents that it
	// does. Its own steps say all that it sends.
	Attach []Community
	// SetMED replaces the MED by MED; else MED is added to it.
	SetMED bool
	MED    int
	// Preference is local preference (of an Azure ExpressRoute connection its
	// weight): the highest wins before the AS path is looked at. 0 leaves it;
	// without any it is [DefaultPreference]. Of imports only.
	Preference int
}

// DefaultPreference is the local preference of what no term gave one.
const DefaultPreference = 100

// TermEnd is what becomes of an announcement after a step.
type TermEnd uint8

// What a term ends with.
const (
	NextTerm TermEnd = iota // the next step is taken
	AcceptRoute
	DropRoute
)

// PrefixRange is a prefix and those inside it whose length is in bounds; the
// bounds are 0 for the prefix alone.
type PrefixRange struct {
	Prefix     netip.Prefix
	Least, Top int // bits
}

// Holds reports whether a prefix is one of the range.
func (r PrefixRange) Holds(p netip.Prefix) bool {
	if r.Top == 0 {
		return p == r.Prefix
	}
	return r.Prefix.Overlaps(p) && p.Bits() >= max(r.Least, r.Prefix.Bits()) && p.Bits() <= r.Top
}

// Matches reports whether a step is for a prefix, whatever its communities.
func (t *RouteTerm) Matches(p netip.Prefix) bool {
	for _, r := range t.Match {
		if r.Holds(p) {
			return true
		}
	}
	return len(t.Match) == 0
}
