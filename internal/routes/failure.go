package routes

import (
	"cmp"
	"slices"
	"strings"
)

// PartKind is a kind of thing that fails as one.
type PartKind uint8

// The kinds, the narrowest first.
const (
	TunnelPart   PartKind = iota + 1 // a tunnel: its id
	InstancePart                     // a gateway's instance, interface or device: gcp-oregon/vpn#0
	ZonePart                         // an availability zone: its id
	LinkPart                         // every tunnel or attachment of a link: its id
	SitePart                         // a site: its id
	RegionPart                       // a cloud's region: aws:us-west-2
	CloudPart                        // a cloud: aws
)

// String gives the kind as printed and as in assertions.
func (k PartKind) String() string {
	switch k {
	case TunnelPart:
		return "tunnel"
	case InstancePart:
		return "gateway"
	case ZonePart:
		return "zone"
	case LinkPart:
		return "link"
	case SitePart:
		return "site"
	case RegionPart:
		return "region"
	case CloudPart:
		return "cloud"
	}
	return "part?"
}

// Part is one thing that fails.
type Part struct {
	Kind PartKind
	ID   string
}

// String gives "tunnel aws-oregon--gcp-oregon/0".
func (p Part) String() string { return p.Kind.String() + " " + p.ID }

// Compare orders parts by kind and id.
func (p Part) Compare(q Part) int {
	return cmp.Or(cmp.Compare(p.Kind, q.Kind), cmp.Compare(p.ID, q.ID))
}

// Failure is what has failed at once; empty when all is well. Sorted.
type Failure []Part

// NewFailure makes a failure of parts in any order.
func NewFailure(parts ...Part) Failure {
	f := slices.Clone(parts)
	slices.SortFunc(f, Part.Compare)
	return slices.Compact(f)
}

// String joins the parts with " and ", or gives "nothing".
func (f Failure) String() string {
	if len(f) == 0 {
		return "nothing"
	}
	words := make([]string, len(f))
	for i, p := range f {
		words[i] = p.String()
	}
	return strings.Join(words, " and ")
}
