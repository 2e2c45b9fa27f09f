package rib

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/nodeconf"
)

// Well-known communities.
const (
	GracefulShutdown  uint32 = 0xFFFF0000 // RFC 8326 section 5
	NoExport          uint32 = 0xFFFFFF01 // RFC 1997
	NoAdvertise       uint32 = 0xFFFFFF02
	NoExportSubconfed uint32 = 0xFFFFFF03
)

// Export is a route that a session announces.
type Export struct {
	Prefix      netip.Prefix
	Path        []uint32 // without the own AS number
	MED         *uint32  // nil: not sent
	Communities []uint32 // sorted
}

// Exports returns all that a session announces now, by prefix: what the node
// originates to it and, of the table it exports, the winners. Of several
// learned paths to one prefix the best is announced, unless the session
// itself brought it. Communities of learned routes go along, and the
// well-known ones are heeded (RFC 1997).
func (r *RIB) Exports(id string) []Export {
	s := r.sessions[id]
	if s == nil {
		return nil
	}
	own := slices.Sorted(slices.Values(s.communities))
	own = slices.Compact(own)
	var out []Export
	mine := map[netip.Prefix]bool{}
	originate := func(p netip.Prefix, med *uint32) {
		if mine[p] {
			return
		}
		mine[p] = true
		out = append(out, Export{Prefix: p, Path: s.conf.Insert, MED: med, Communities: own})
	}
	for _, a := range s.conf.Announce {
		originate(a.Prefix.Masked(), s.medOf(&a))
	}
	if t := r.byName[s.conf.Export]; t != nil {
		for p, w := range t.won {
			if slices.Contains(s.conf.Withhold, p) {
				continue
			}
			if w.fixed != nil {
				if w.fixed.announce && len(s.conf.ExportOnly) == 0 {
					originate(p, s.conf.MED)
				}
				continue
			}
			c := s.pick(w.paths)
			if c == nil || mine[p] {
				continue
			}
			communities := slices.Concat(c.learned.Communities, own)
			slices.Sort(communities)
			out = append(out, Export{Prefix: p, Path: slices.Concat(s.conf.Insert, c.learned.Path), MED: s.conf.MED, Communities: slices.Compact(communities)})
		}
	}
	slices.SortFunc(out, func(a, b Export) int { return a.Prefix.Compare(b.Prefix) })
	return out
}

// medOf is the MED with which the session announces a prefix of its own: its
// own with the prefix's cost, nil where neither is.
func (s *session) medOf(a *nodeconf.Announce) *uint32 {
	if a.Cost <= 0 {
		return s.conf.MED
	}
	med := uint32(min(a.Cost, math.MaxInt32))
	if s.conf.MED != nil {
		med += min(*s.conf.MED, math.MaxInt32)
	}
	return &med
}

// pick returns the path that the session announces: of the winners one, as a
// speaker announces one route a prefix (RFC 4271 section 3.1), and none where
// the session itself brought it.
func (s *session) pick(paths []path) *path {
	var best *path
	for i := range paths {
		c := &paths[i]
		if len(s.conf.ExportOnly) > 0 && !slices.Contains(s.conf.ExportOnly, c.session.conf.ID) {
			continue
		}
		if best == nil || c.before(best) < 0 {
			best = c
		}
	}
	if best == nil || best.session == s || !s.mayHand(best.learned) {
		return nil
	}
	return best
}

// before orders winners by what they are announced by: the shortest path, then
// the lowest numbers, then the first session.
func (c *path) before(o *path) int {
	return cmp.Or(cmp.Compare(len(c.learned.Path), len(o.learned.Path)), slices.Compare(c.learned.Path, o.learned.Path), cmp.Compare(c.session.conf.ID, o.session.conf.ID))
}

// mayHand reports whether the communities of a route let it go to the peer.
func (s *session) mayHand(l *Learned) bool {
	if slices.Contains(l.Communities, NoAdvertise) {
		return false
	}
	internal := s.conf.ASN == s.conf.PeerASN
	return internal || !slices.Contains(l.Communities, NoExport) && !slices.Contains(l.Communities, NoExportSubconfed)
}

// ParseCommunity parses a community of RFC 1997: two numbers up to 65535 with
// a colon between, 65000:100.
func ParseCommunity(text string) (uint32, error) {
	high, low, ok := strings.Cut(text, ":")
	h, err1 := strconv.ParseUint(high, 10, 16)
	l, err2 := strconv.ParseUint(low, 10, 16)
	if !ok || err1 != nil || err2 != nil {
		return 0, fmt.Errorf("community %q is not two numbers up to 65535 such as 65000:100", text)
	}
	return uint32(h)<<16 | uint32(l), nil
}

// Validate returns what is wrong in tables and sessions as far as routes go,
// each with its place in the configuration.
func Validate(tables []nodeconf.Table, sessions []nodeconf.Session) []error {
	var errs []error
	if _, err := Order(tables); err != nil {
		errs = append(errs, fmt.Errorf("tables: %w", err))
	}
	for i := range sessions {
		for k, text := range sessions[i].Communities {
			if _, err := ParseCommunity(text); err != nil {
				errs = append(errs, fmt.Errorf("sessions[%d].communities[%d]: %w", i, k, err))
			}
		}
	}
	return errs
}
