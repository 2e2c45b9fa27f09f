package audit

import (
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// segmentation: every subnet that a spec makes beside others of its network is
// in a segment, and no filter takes every port from another subnet.
func (u *auditor) segmentation() {
	if u.compiled() {
		beside := map[fabric.VPCID]int{}
		for _, s := range u.n.Subnets {
			if s.Purpose == fabric.Workload {
				beside[s.VPC]++
			}
		}
		for _, s := range u.n.Subnets {
			if s.Purpose == fabric.Workload && s.Segment == "" && !s.Existing && beside[s.VPC] > 1 {
				f := u.add(diag.Note, s.Meta.Origin, string(s.ID), "subnet %s is in no segment", s.ID)
				f.Hint = "give it a segment, so that policy can name what may reach it"
			}
		}
	}
	type cause struct {
		origin fabric.Origin
		filter fabric.FilterID
	}
	seen := map[cause]bool{}
	for i := range u.n.Filters {
		f := &u.n.Filters[i]
		if f.Kind == fabric.NetworkACL {
			continue // stateless: it has to take replies, and the security groups behind it name the ports
		}
		own := u.filtered(f)
		for j := range f.Rules {
			r := &f.Rules[j]
			if r.Direction != fabric.Ingress || r.Action != fabric.Allow || r.Unread != "" || !everyPort(r.Services) || !u.opensBeyond(f, r, own) {
				continue
			}
			c := cause{origin: r.Origin}
			if !r.Origin.Pos.IsValid() || !u.compiled() {
				c.filter = f.ID
			}
			if seen[c] {
				continue
			}
			seen[c] = true
			x := u.add(diag.Warning, r.Origin, string(f.ID), "%s %s takes every port from elsewhere (rule %s)", f.Kind, f.ID, r.Name)
			x.Hint = "name the ports that are needed"
		}
	}
}

// filtered returns the addresses that a filter stands before.
func (u *auditor) filtered(f *fabric.Filter) prefix.Set {
	out := prefix.Set{}
	for _, id := range f.Subnets {
		if s, ok := u.n.Subnet(id); ok {
			out = out.Union(prefix.FromPrefixes(s.Prefix))
		}
	}
	return out
}

// opensBeyond reports whether a rule's far side is more than the subnets that
// the filter (or the part of it that the rule is for) stands before.
func (u *auditor) opensBeyond(f *fabric.Filter, r *fabric.FilterRule, own prefix.Set) bool {
	switch {
	case r.All:
		return true
	case r.PeerFilter != "":
		return r.PeerFilter != f.ID
	case r.PeerTag != "":
		return r.PeerTag == "VirtualNetwork" || r.PeerTag == "Internet"
	}
	if len(r.Local) > 0 {
		own = prefix.FromPrefixes(r.Local...)
	}
	return !own.ContainsSet(prefix.FromPrefixes(r.Peers...))
}

// everyPort reports whether services hold every port of TCP; none stand for all.
func everyPort(list []vocab.Service) bool {
	if len(list) == 0 {
		return true
	}
	for _, s := range list {
		if s.Proto == vocab.AnyProto || s.Proto == vocab.TCP && s.Ports.IsAny() || s.Proto == vocab.TCP && s.Ports.First <= 1 && s.Ports.Last == 1<<16-1 {
			return true
		}
	}
	return false
}
