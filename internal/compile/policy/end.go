package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

// rule is a rule of the spec with its ends resolved.
type rule struct {
	spec     *spec.Rule
	origin   fabric.Origin
	from, to end
	services []vocab.Service // sorted, none inside another
}

// end is one side of a rule.
type end struct {
	label     string         // for people: inference, headquarters-and-2-more
	native    string         // label in names of rules, from before renames
	subnets   []int          // meant whole, sorted
	extra     []netip.Prefix // CIDRs, on-prem and existing networks; aggregated
	internet  bool
	near      []int // subnets that hold machines of the end: subnets, and those that extra overlaps
	onprem    bool  // on-prem only
	published []fabric.PolicyEnd
}

// hasWhole reports whether all of a subnet is meant.
func (e *end) hasWhole(n int, p netip.Prefix) bool {
	if _, ok := slices.BinarySearch(e.subnets, n); ok {
		return true
	}
	return slices.ContainsFunc(e.extra, func(x netip.Prefix) bool { return prefix.Covers(x, p) })
}

func (e *end) isEmpty() bool { return len(e.subnets) == 0 && len(e.extra) == 0 && !e.internet }

// resolve reads the rules of the spec.
func (b *book) resolve() {
	for i := range b.d.Spec.Policy {
		in := &b.d.Spec.Policy[i]
		r := rule{spec: in, origin: draft.Origin(in.Pos, fmt.Sprintf("policy[%d]", i)), services: b.services(in)}
		var ok1, ok2 bool
		r.from, ok1 = b.end(in.From)
		r.to, ok2 = b.end(in.To)
		if !ok1 || !ok2 || len(r.services) == 0 {
			continue
		}
		k := len(b.rules)
		b.rules = append(b.rules, r)
		for _, n := range r.from.near {
			if s := &b.subnets[n]; r.from.hasWhole(n, s.net.Prefix) {
				s.from = append(s.from, k)
			} else {
				s.fromPart = append(s.fromPart, k)
				b.loose = b.loose || s.cloud == vocab.AWS
			}
		}
		for _, n := range r.to.near {
			if s := &b.subnets[n]; r.to.hasWhole(n, s.net.Prefix) {
				s.to = append(s.to, k)
			} else {
				s.toPart = append(s.toPart, k)
				if s.cloud == vocab.AWS {
					b.wide = append(b.wide, r.services...)
				}
			}
		}
		if r.from.internet {
			b.wide = append(b.wide, r.services...)
		}
	}
	if slices.ContainsFunc(b.subnets, func(s subnet) bool { return s.filtered && s.cloud != vocab.AWS }) {
		b.wide = append(b.wide, icmp...) // their path MTU rules tell no types apart
	}
	b.wide = simplify(b.wide)
	b.loose = b.loose || len(b.open) > 0
	b.internet = b.theInternet()
}

// services gives the services of a rule, sorted, without those that another
// holds.
func (b *book) services(in *spec.Rule) []vocab.Service {
	var all []vocab.Service
	for _, s := range in.Ports {
		if s.V.Proto == vocab.ICMPv6 {
			e := b.d.Diags.Errorf(s.Pos, "not supported yet: icmpv6 in policy (filters of all three clouds are rendered for IPv4)")
			e.Code, e.Hint = "ipv6", "write icmp"
			continue
		}
		all = append(all, s.V)
	}
	return simplify(all)
}

// simplify sorts services and drops those that another holds.
func simplify(all []vocab.Service) []vocab.Service {
	all = slices.Clone(all)
	slices.SortFunc(all, vocab.Service.Compare)
	all = slices.Compact(all)
	out := all[:0:0]
	for i, s := range all {
		held := false
		for k, t := range all {
			held = held || k != i && holds(t, s) && (!holds(s, t) || k < i)
		}
		if !held {
			out = append(out, s)
		}
	}
	return out
}

// holds reports whether every packet of s is one of t.
func holds(t, s vocab.Service) bool {
	if t.Proto == vocab.AnyProto {
		return true
	}
	if t.Proto != s.Proto {
		return false
	}
	return t.Ports.IsAny() || !s.Ports.IsAny() && t.Ports.First <= s.Ports.First && s.Ports.Last <= t.Ports.Last
}

// end resolves one side; false when it means nothing or was refused.
func (b *book) end(refs []spec.Value[spec.Ref]) (end, bool) {
	var names, former []string
	for _, ref := range refs {
		names = append(names, ref.V.String())
		former = append(former, b.formerRef(ref.V))
	}
	key := strings.Join(names, " ")
	if e, ok := b.ends[key]; ok {
		return e, !e.isEmpty()
	}
	var e end
	var extra []netip.Prefix
	e.onprem = true
	for _, ref := range refs {
		t, err := b.d.Index.Resolve(ref.V)
		if err != nil {
			continue // reported by package spec
		}
		pub := fabric.PolicyEnd{Ref: ref.V.String(), Internet: t.Internet}
		var inside, plain []netip.Prefix
		for _, sn := range t.Subnets {
			if k, ok := b.byID[b.subnetID(sn)]; ok {
				e.subnets = append(e.subnets, k)
				pub.Subnets = append(pub.Subnets, b.subnets[k].net.ID)
				inside = append(inside, b.subnets[k].net.Prefix)
			}
		}
		for _, n := range t.Networks {
			for _, c := range b.d.Spec.Sites[n.Site].Networks[n.Network].CIDRs {
				plain = append(plain, c.V)
			}
		}
		for _, s := range t.Sites {
			plain = append(plain, b.d.Sites[s].Prefixes...)
		}
		for _, p := range t.Prefixes {
			if p.Addr().Is6() {
				x := b.d.Diags.Errorf(ref.Pos, "not supported yet: IPv6 prefix %s in policy (filters of all three clouds are rendered for IPv4)", p)
				x.Code = "ipv6"
				return e, false
			}
			plain = append(plain, p)
		}
		e.onprem = e.onprem && len(t.Sites) > 0
		e.internet = e.internet || t.Internet
		extra = append(extra, plain...)
		slices.Sort(pub.Subnets)
		pub.Prefixes = prefix.Aggregate(append(inside, plain...))
		e.published = append(e.published, pub)
	}
	slices.Sort(e.subnets)
	e.subnets = slices.Compact(e.subnets)
	e.extra = prefix.Aggregate(extra)
	e.near = e.subnets
	if len(e.extra) > 0 {
		e.near = b.overlapped(e.subnets, e.extra)
	}
	e.label, e.native = label(names), label(former)
	b.ends[key] = e
	return e, !e.isEmpty()
}

func (b *book) subnetID(r spec.SubnetRef) fabric.SubnetID {
	s := &b.d.Spec.Sites[r.Site]
	n := &s.Networks[r.Network]
	return fabric.SubnetID(s.Name + "/" + n.Name + "/" + n.Subnets[r.Subnet].Name)
}

// overlapped adds to a list of subnets those that share an address with some
// prefix.
func (b *book) overlapped(list []int, prefixes []netip.Prefix) []int {
	set := prefix.FromPrefixes(prefixes...)
	out := slices.Clone(list)
	for i := range b.subnets {
		if set.Overlaps(b.subnets[i].net.Prefix) {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func splitID(id fabric.SubnetID) [3]string {
	var out [3]string
	copy(out[:], strings.SplitN(string(id), "/", 3))
	return out
}
