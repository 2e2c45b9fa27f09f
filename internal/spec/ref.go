package spec

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// PrefixLen is a prefix length written as "/20".
type PrefixLen int

// UnmarshalText reads "/20" or "20".
func (p *PrefixLen) UnmarshalText(b []byte) error {
	n, err := strconv.Atoi(strings.TrimPrefix(string(b), "/"))
	if err != nil || n < 0 || n > 128 {
		return fmt.Errorf("size %q is not a prefix length, as in /20", b)
	}
	*p = PrefixLen(n)
	return nil
}

// String gives "/20".
func (p PrefixLen) String() string { return "/" + strconv.Itoa(int(p)) }

// RefKind is the form in which a [Ref] names something.
type RefKind uint8

// The forms of a reference. A bare word may be a segment or a site: the names
// decide (see [Index.Resolve]).
const (
	RefWord     RefKind = iota + 1 // training, aws-oregon
	RefSegment                     // aws-oregon:training
	RefPath                        // aws-oregon/ml/training
	RefCIDR                        // 10.1.0.0/16
	RefInternet                    // internet
)

// Ref is a reference to ends of traffic in the one grammar used everywhere:
// segment, site, site:segment, site/network/subnet (parts may be left out
// while unambiguous), a CIDR, or internet. The zero Ref is invalid.
type Ref struct {
	Kind   RefKind
	Word   string       // RefWord
	Site   string       // RefSegment
	Name   string       // RefSegment: the segment
	Path   string       // RefPath: two or three names joined by '/'
	Prefix netip.Prefix // RefCIDR
}

// ParseRef reads a reference. Whether its names exist is not checked here.
func ParseRef(s string) (Ref, error) {
	if s == "internet" {
		return Ref{Kind: RefInternet}, nil
	}
	if p, err := netip.ParsePrefix(s); err == nil {
		if p.Masked() != p {
			return Ref{}, fmt.Errorf("%q has bits set beyond its prefix length: the network is %s", s, p.Masked())
		}
		return Ref{Kind: RefCIDR, Prefix: p}, nil
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return Ref{Kind: RefCIDR, Prefix: netip.PrefixFrom(a, a.BitLen())}, nil
	}
	if site, seg, ok := strings.Cut(s, ":"); ok {
		if !ValidName(site) || !ValidName(seg) {
			return Ref{}, refError(s)
		}
		return Ref{Kind: RefSegment, Site: site, Name: seg}, nil
	}
	if strings.Contains(s, "/") {
		parts := strings.Split(s, "/")
		for _, p := range parts {
			if !ValidName(p) {
				return Ref{}, refError(s)
			}
		}
		if len(parts) > 3 {
			return Ref{}, refError(s)
		}
		return Ref{Kind: RefPath, Path: s}, nil
	}
	if !ValidName(s) {
		return Ref{}, refError(s)
	}
	return Ref{Kind: RefWord, Word: s}, nil
}

func refError(s string) error {
	return fmt.Errorf("%q is not a segment, site, site:segment, site/network/subnet, CIDR or internet", s)
}

// UnmarshalText is [ParseRef].
func (r *Ref) UnmarshalText(b []byte) (err error) { *r, err = ParseRef(string(b)); return err }

// String gives the form that [ParseRef] reads.
func (r Ref) String() string {
	switch r.Kind {
	case RefWord:
		return r.Word
	case RefSegment:
		return r.Site + ":" + r.Name
	case RefPath:
		return r.Path
	case RefCIDR:
		return r.Prefix.String()
	case RefInternet:
		return "internet"
	}
	return "?"
}

// ValidName reports whether s can name a site, network, subnet, segment or
// account: lower-case letters, digits and hyphens, starting with a letter and
// not ending in a hyphen, at most 40 characters (so that names built from it
// fit every cloud).
func ValidName(s string) bool {
	if s == "" || len(s) > 40 || s[0] < 'a' || s[0] > 'z' || s[len(s)-1] == '-' {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
