// Package policy turns what the spec lets talk to what into native packet
// filters: security groups and network ACLs (aws.go), one firewall policy a
// VPC (gcp.go), network security groups (azure.go). It takes addressed
// subnets and endpoints, and gives [fabric.PolicyRule] and [fabric.Filter].
//
// What passes between two subnets is what the egress of the one and the
// ingress of the other both allow. Inside one subnet everything passes unless
// its segment says internal: deny; across subnets only what a rule states and
// its replies, all filters but network ACLs being stateful. A subnet with
// internet: nat or public may open connections of every protocol to the
// internet, which is every address that is not the network's own; when some
// rule is from all of the subnet to the internet, only what such rules state
// goes out.
package policy

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

// Filters is the pass.
func Filters(d *draft.Draft) {
	b := newBook(d)
	b.resolve()
	b.findings()
	b.publish()
	b.aws()
	b.gcp()
	b.azure()
}

// subnet is a subnet that policy can speak of.
type subnet struct {
	net      *fabric.Subnet
	cloud    vocab.Cloud
	vpc      *fabric.VPC
	filtered bool // gets filters: a workload subnet that is made here
	guarded  bool // machines of the subnet do not reach each other: internal: deny
	origin   fabric.Origin
	from, to []int // rules whose end it is, wholly
	// fromPart and toPart are rules whose end is only some of its addresses.
	fromPart, toPart []int
}

// book holds what all filters are made from. Subnets are ordered by VPC (by
// its lowest address) and address, so that a VPC's are a run.
type book struct {
	d       *draft.Draft
	subnets []subnet
	byID    map[fabric.SubnetID]int
	runs    []run // one a VPC
	rules   []rule
	sites   map[fabric.SiteID]*draft.Site
	own     []netip.Prefix // every address of the network: blocks, existing networks, on-prem; aggregated
	ownSet  prefix.Set
	// ownBlocks is own where it is few prefixes; else its private ones are
	// widened to whole private blocks.
	ownBlocks []netip.Prefix
	open      []netip.Prefix // those of own that no filter of ours guards: on-prem and existing networks

	// wide are the services that the ingress of some filter lets in from more
	// than rules state (the internet as every address, a whole subnet for some
	// of its addresses), so that the egress of others has to be exact.
	wide []vocab.Service
	// loose: the egress of some machines is not exact (they have no filters of
	// ours, or a whole subnet may send what some of it may), so the ingress of
	// others has to be.
	loose    bool
	internet []netip.Prefix // for filters that cannot deny
	crowded  []int          // subnets whose group lets the internet in as every address for want of room
	memo     map[string]*facing
	ends     map[string]end // by references as written
}

// rules gives the rules that a subnet opens (egress) or answers (ingress)
// wholly, and those by some of its addresses only.
func (s *subnet) rules(dir fabric.Direction) (whole, part []int) {
	if dir == fabric.Egress {
		return s.from, s.fromPart
	}
	return s.to, s.toPart
}

// opensAll reports whether a subnet may open everything to the internet: it
// has a way there and no rule from all of it to the internet narrows it.
func (b *book) opensAll(s *subnet) bool {
	return s.net.Internet != fabric.NoInternet && !slices.ContainsFunc(s.from, func(r int) bool { return b.rules[r].to.internet })
}

// near is the side of a rule that filters of this direction stand at.
func (r *rule) near(dir fabric.Direction) *end {
	if dir == fabric.Egress {
		return &r.from
	}
	return &r.to
}

// part gives the addresses of a subnet that are of a rule's near side.
func (b *book) part(s *subnet, dir fabric.Direction, rule int) []netip.Prefix {
	return prefix.FromPrefixes(s.net.Prefix).Intersect(prefix.FromPrefixes(b.rules[rule].near(dir).extra...)).Prefixes()
}

// run is the subnets of one VPC: [lo, hi) of book.subnets.
type run struct {
	vpc    *fabric.VPC
	lo, hi int
}

func newBook(d *draft.Draft) *book {
	b := &book{d: d, byID: make(map[fabric.SubnetID]int, len(d.Net.Subnets)), sites: make(map[fabric.SiteID]*draft.Site, len(d.Sites)), memo: map[string]*facing{}, ends: map[string]end{}}
	for i := range d.Sites {
		b.sites[d.Sites[i].ID] = &d.Sites[i]
	}
	b.addresses()
	segments := make(map[fabric.SegmentID]*fabric.Segment, len(d.Net.Segments))
	for i := range d.Net.Segments {
		segments[d.Net.Segments[i].ID] = &d.Net.Segments[i]
	}
	byVPC := make(map[fabric.VPCID][]subnet, len(d.Net.VPCs))
	vpcs := make(map[fabric.VPCID]*fabric.VPC, len(d.Net.VPCs))
	for i := range d.Net.VPCs {
		vpcs[d.Net.VPCs[i].ID] = &d.Net.VPCs[i]
	}
	for i := range d.Net.Subnets {
		n := &d.Net.Subnets[i]
		v := vpcs[n.VPC]
		if n.Purpose != fabric.Workload || v == nil {
			continue
		}
		s := subnet{net: n, cloud: v.Cloud, vpc: v, filtered: !n.Existing, origin: n.Meta.Origin}
		if g := segments[n.Segment]; g != nil && g.InternalDeny {
			s.guarded = true
		}
		byVPC[n.VPC] = append(byVPC[n.VPC], s)
	}
	for i := range d.Net.VPCs {
		v := &d.Net.VPCs[i]
		if list := byVPC[v.ID]; len(list) > 0 {
			slices.SortFunc(list, func(x, y subnet) int { return prefix.Compare(x.net.Prefix, y.net.Prefix) })
			b.runs = append(b.runs, run{vpc: v})
		}
	}
	slices.SortFunc(b.runs, func(x, y run) int {
		return prefix.Compare(byVPC[x.vpc.ID][0].net.Prefix, byVPC[y.vpc.ID][0].net.Prefix)
	})
	for i := range b.runs {
		r := &b.runs[i]
		r.lo = len(b.subnets)
		for _, s := range byVPC[r.vpc.ID] {
			b.byID[s.net.ID] = len(b.subnets)
			b.subnets = append(b.subnets, s)
		}
		r.hi = len(b.subnets)
	}
	return b
}

// addresses finds the network's own addresses and which of them no filter of
// ours guards.
func (b *book) addresses() {
	d := b.d
	var own []netip.Prefix
	for i := range d.Net.Blocks {
		own = append(own, d.Net.Blocks[i].Prefix)
	}
	for i := range d.Net.Sites {
		own = append(own, d.Net.Sites[i].Prefixes...)
		if d.Net.Sites[i].Cloud == vocab.OnPrem {
			b.open = append(b.open, d.Net.Sites[i].Prefixes...)
		}
	}
	for i := range d.Net.VPCs {
		own = append(own, d.Net.VPCs[i].Prefixes...)
		if d.Net.VPCs[i].Existing != "" {
			b.open = append(b.open, d.Net.VPCs[i].Prefixes...)
		}
	}
	b.own = prefix.Aggregate(own)
	b.ownBlocks = b.own
	if len(b.own) > manyPrefixes {
		b.ownBlocks = prefix.Aggregate(inBlocks(b.own))
	}
	b.ownSet = prefix.FromPrefixes(b.own...)
}

// publish writes the resolved rules.
func (b *book) publish() {
	for i := range b.rules {
		r := &b.rules[i]
		b.d.Net.Policy = append(b.d.Net.Policy, fabric.PolicyRule{
			Origin: r.origin, From: r.from.published, To: r.to.published, Services: r.services,
			RTT: float64(r.spec.RTT.V),
		})
	}
}

// add publishes a filter, with the reasons of its rules.
func (b *book) add(f fabric.Filter, w *writer) {
	f.Rules = w.rules
	b.d.Net.Filters = append(b.d.Net.Filters, f)
	b.d.Net.Reasons = slices.Grow(b.d.Net.Reasons, len(f.Rules))
	for i := range f.Rules {
		r := &f.Rules[i]
		b.d.Net.Reasons = append(b.d.Net.Reasons, fabric.Reason{
			Object: string(f.ID), Field: r.Name, Value: w.values[i], Steps: w.steps[i],
		})
	}
}

// writer collects the rules of one filter and why each is there.
type writer struct {
	rules  []fabric.FilterRule
	values []string
	steps  [][]fabric.Step
	names  map[string]int
}

// newWriter makes a writer for about n rules.
func newWriter(n int) *writer {
	return &writer{
		rules: make([]fabric.FilterRule, 0, n), values: make([]string, 0, n),
		steps: make([][]fabric.Step, 0, n), names: make(map[string]int, n),
	}
}

// rule adds a rule under a name that is made unique.
func (w *writer) rule(r fabric.FilterRule, value string, steps []fabric.Step) {
	n := w.names[r.Name]
	w.names[r.Name] = n + 1
	if n > 0 {
		r.Name = fmt.Sprintf("%s-%d", r.Name, n+1)
	}
	w.rules = append(w.rules, r)
	w.values = append(w.values, value)
	w.steps = append(w.steps, steps)
}

// because makes a chain of one reason.
func because(pos diag.Pos, facts []string, format string, args ...any) []fabric.Step {
	return []fabric.Step{draft.Step(pos, facts, format, args...)}
}

// filterName is the native name of a filter: the network's name and the id
// that the filtered thing had before renames.
func (b *book) filterName(parts ...string) string {
	out := b.d.Net.Name
	for _, p := range parts {
		out += "-" + p
	}
	return out
}

// formerRef spells a reference of a rule as it was before `was:` renames, so
// that the names of rules stay: under another name a cloud makes them anew.
func (b *book) formerRef(r spec.Ref) string {
	switch r.Kind {
	case spec.RefWord:
		if site := b.sites[fabric.SiteID(r.Word)]; site != nil {
			return cmp.Or(site.Spec.Was.V, r.Word)
		}
		return b.formerSegment(r.Word)
	case spec.RefSegment:
		return b.formerRef(spec.Ref{Kind: spec.RefWord, Word: r.Site}) + ":" + b.formerSegment(r.Name)
	case spec.RefPath:
		return b.d.Net.Former(r.Path)
	case spec.RefCIDR, spec.RefInternet:
	}
	return r.String()
}

func (b *book) formerSegment(name string) string {
	for i := range b.d.Spec.Segments {
		if s := &b.d.Spec.Segments[i]; s.Name == name {
			return cmp.Or(s.Was.V, name)
		}
	}
	return name
}

// former gives the names of a subnet's site, network and itself from before
// `was:` renames, so that native names stay.
func (b *book) former(s *subnet) []string {
	id := splitID(s.net.ID)
	site := b.sites[s.net.Site]
	if site == nil {
		return id[:]
	}
	if site.Spec.Was.IsSet() {
		id[0] = site.Spec.Was.V
	}
	for i := range site.Spec.Networks {
		n := &site.Spec.Networks[i]
		if n.Name != id[1] {
			continue
		}
		for k := range n.Subnets {
			if n.Subnets[k].Name == id[2] && n.Subnets[k].Was.IsSet() {
				id[2] = n.Subnets[k].Was.V
				break
			}
		}
		if n.Was.IsSet() {
			id[1] = n.Was.V
		}
		break
	}
	return id[:]
}
