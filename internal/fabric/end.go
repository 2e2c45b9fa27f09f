package fabric

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// EndError says why a reference names nothing in a network, or several things.
type EndError struct{ Summary, Hint string }

// Error gives the summary.
func (e *EndError) Error() string { return e.Summary }

// End resolves a reference as it stands in a policy, an assertion or on the
// command line, on the compiled network alone: a segment, a site,
// site:segment, site/network, network/subnet, site/network/subnet, the name
// of a subnet, a CIDR, an address, or internet. The error is an [*EndError].
func (n *Network) End(ref string) (PolicyEnd, error) {
	e := PolicyEnd{Ref: ref}
	if ref == "internet" {
		e.Internet = true
		return e, nil
	}
	if p, ok := parseRange(ref); ok {
		if !p.Addr().Is4() {
			return e, &EndError{Summary: fmt.Sprintf("not supported yet: IPv6 address %s", ref)}
		}
		e.Prefixes = []netip.Prefix{p}
		return e, nil
	}
	if site, segment, ok := strings.Cut(ref, ":"); ok {
		return n.segmentEnd(e, SiteID(site), SegmentID(segment))
	}
	if i := slices.IndexFunc(n.Segments, func(s Segment) bool { return string(s.ID) == ref }); i >= 0 {
		return n.segmentEnd(e, "", n.Segments[i].ID)
	}
	if s, ok := n.Site(SiteID(ref)); ok {
		return n.siteEnd(e, s), nil
	}
	return n.pathEnd(e, ref)
}

// parseRange reads an address or a CIDR; the host bits of a CIDR are dropped.
func parseRange(s string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err == nil
}

// segmentEnd is all of a segment, at one site or (empty) at all.
func (n *Network) segmentEnd(e PolicyEnd, site SiteID, segment SegmentID) (PolicyEnd, error) {
	if site != "" {
		if _, ok := n.Site(site); !ok {
			return e, &EndError{fmt.Sprintf("there is no site %q", site), diag.Suggest(string(site), n.siteNames())}
		}
	}
	names := n.segmentNames()
	if !slices.Contains(names, string(segment)) {
		return e, &EndError{fmt.Sprintf("there is no segment %q", segment), diag.Suggest(string(segment), names)}
	}
	e = n.subnetsEnd(e, func(s *Subnet) bool { return s.Segment == segment && (site == "" || s.Site == site) })
	if len(e.Subnets) == 0 {
		return e, &EndError{fmt.Sprintf("no subnet is in %q", e.Ref), ""}
	}
	return e, nil
}

// siteEnd is all that stands at a site.
func (n *Network) siteEnd(e PolicyEnd, s Site) PolicyEnd {
	if s.Cloud == vocab.OnPrem || s.Cloud == vocab.Exchange {
		e.Prefixes = slices.Clone(s.Prefixes)
		return e
	}
	e = n.subnetsEnd(e, func(x *Subnet) bool { return x.Site == s.ID })
	for i := range n.VPCs {
		if v := &n.VPCs[i]; v.Existing != "" && slices.Contains(v.Sites, s.ID) {
			e.Prefixes = prefix.Aggregate(append(e.Prefixes, v.Prefixes...))
		}
	}
	return e
}

func (n *Network) subnetsEnd(e PolicyEnd, in func(*Subnet) bool) PolicyEnd {
	for i := range n.Subnets {
		if s := &n.Subnets[i]; s.Purpose == Workload && in(s) {
			e.Subnets = append(e.Subnets, s.ID)
			e.Prefixes = append(e.Prefixes, s.Prefix)
		}
	}
	e.Prefixes = prefix.Aggregate(e.Prefixes)
	return e
}

// pathEnd finds subnets and networks by the end of their ids.
func (n *Network) pathEnd(e PolicyEnd, ref string) (PolicyEnd, error) {
	ends := func(id string) bool {
		return id == ref || strings.HasSuffix(id, "/"+ref) || strings.HasSuffix(id, ":"+ref)
	}
	var subnets, vpcs, all []string
	for i := range n.Subnets {
		s := &n.Subnets[i]
		if s.Purpose != Workload {
			continue
		}
		all = append(all, string(s.ID))
		site, rest, _ := strings.Cut(string(s.ID), "/")
		_, short, _ := strings.Cut(rest, "/")
		if ends(string(s.ID)) || ref == site+"/"+short {
			subnets = append(subnets, string(s.ID))
		}
	}
	for i := range n.VPCs {
		v := &n.VPCs[i]
		all = append(all, string(v.ID))
		at := slices.ContainsFunc(v.Sites, func(s SiteID) bool { return ref == string(s)+"/"+v.Name })
		if ends(string(v.ID)) || at {
			vpcs = append(vpcs, string(v.ID))
		}
	}
	if len(vpcs) == 1 && len(subnets) == 1 && n.holdsOnly(VPCID(vpcs[0]), SubnetID(subnets[0])) {
		vpcs = nil // both mean the same
	}
	found := append(slices.Clone(vpcs), subnets...)
	switch {
	case len(found) == 0:
		names := slices.Concat(n.segmentNames(), n.siteNames())
		hint := diag.Suggest(ref, slices.Concat(names, all))
		if hint == "" {
			hint = "the segments and sites are " + strings.Join(names, ", ")
		}
		return e, &EndError{fmt.Sprintf("nothing is called %q", ref), hint}
	case len(found) > 1:
		return e, &EndError{fmt.Sprintf("%q is %d things", ref, len(found)), "say which: " + strings.Join(found, ", ")}
	case len(subnets) == 1:
		return n.subnetsEnd(e, func(s *Subnet) bool { return string(s.ID) == subnets[0] }), nil
	}
	v, _ := n.VPC(VPCID(vpcs[0]))
	site, _, isPart := strings.Cut(ref, "/")
	isPart = isPart && slices.Contains(v.Sites, SiteID(site))
	e = n.subnetsEnd(e, func(s *Subnet) bool { return s.VPC == v.ID && (!isPart || s.Site == SiteID(site)) })
	if v.Existing != "" {
		e.Prefixes = prefix.Aggregate(append(e.Prefixes, v.Prefixes...))
	}
	return e, nil
}

// holdsOnly reports whether a subnet is all that a network holds.
func (n *Network) holdsOnly(v VPCID, only SubnetID) bool {
	if x, ok := n.VPC(v); !ok || x.Existing != "" {
		return false
	}
	return !slices.ContainsFunc(n.Subnets, func(s Subnet) bool { return s.VPC == v && s.Purpose == Workload && s.ID != only })
}

func (n *Network) siteNames() []string {
	out := make([]string, len(n.Sites))
	for i, s := range n.Sites {
		out[i] = string(s.ID)
	}
	return out
}

func (n *Network) segmentNames() []string {
	out := make([]string, len(n.Segments))
	for i, s := range n.Segments {
		out[i] = string(s.ID)
	}
	return out
}
