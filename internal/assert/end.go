package assert

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/capacity"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/verify"
)

// runner is what all assertions of a run share.
type runner struct {
	spec     *spec.Spec
	index    *spec.Index
	proof    *verify.Proof
	classes  *classes
	healthy  *tracer
	internet int // index of the internet's place, or -1
	exchange *exchange
	diags    diag.List
}

func newRunner(s *spec.Spec, p *verify.Proof) *runner {
	r := &runner{spec: s, index: spec.NewIndex(s), proof: p, classes: newClasses(p), internet: -1}
	r.healthy = newTracer(p, p.Tables, newSubnetsOf(p.Net))
	r.healthy.carries = capacity.New(p.Net, p.Atlas)
	r.exchange = newExchange(r)
	for i := range p.Places() {
		if isInternet(&p.Places()[i]) {
			r.internet = i
		}
	}
	return r
}

// isInternet reports whether a place is the internet.
func isInternet(p *verify.Place) bool { return p.ID == "internet" }

// end is one end of an assertion: the references as verify takes them, and
// the spots of the network that they mean.
type end struct {
	label string
	refs  []fabric.PolicyEnd
	spots []spot // by place and zone
}

// spot is machines of one place that send by one table and fail together.
type spot struct {
	place  int // index into Proof.Places
	zone   string
	table  int // -1 outside the network
	subnet fabric.SubnetID
	site   fabric.SiteID // empty outside the network
	reps   []rep         // the classes of its addresses
}

// rep is an address that stands for all of a class.
type rep struct {
	class int32
	addr  netip.Addr
}

// outside reports whether the machines are beyond the network.
func (s *spot) outside() bool { return s.table < 0 }

// end resolves references. What means no place of the network is an error.
func (r *runner) end(refs []spec.Value[spec.Ref]) end {
	var e end
	var names []string
	seen := map[int]prefix.Set{}
	for _, ref := range refs {
		names = append(names, ref.V.String())
		p, set := r.policyEnd(ref.V)
		e.refs = append(e.refs, p)
		found := false
		for i := range r.proof.Places() {
			pl := &r.proof.Places()[i]
			if pl.Subnet != "" && pl.ID != string(pl.Subnet) {
				continue // an endpoint of a cloud's service, which is not of the spec
			}
			if p.Internet && pl.Site == "" {
				seen[i], found = pl.Addrs, true
				continue
			}
			if held := pl.Addrs.Intersect(set); !held.IsEmpty() {
				seen[i], found = seen[i].Union(held), true
			}
		}
		if !found {
			d := r.diags.Errorf(ref.Pos, "no machine of the network can have an address in %s", ref.V)
			d.Hint = "it is in no subnet, existing network or site, and not the internet's"
		}
	}
	e.label = strings.Join(names, ", ")
	for i := range r.proof.Places() {
		if set, ok := seen[i]; ok {
			e.spots = append(e.spots, r.spotsOf(i, set)...)
		}
	}
	return e
}

// policyEnd is a reference by the ids of the compiled network, and the
// addresses it means.
func (r *runner) policyEnd(ref spec.Ref) (fabric.PolicyEnd, prefix.Set) {
	out := fabric.PolicyEnd{Ref: ref.String()}
	t, err := r.index.Resolve(ref)
	if err != nil {
		return out, prefix.Set{} // refused by package spec
	}
	out.Internet = t.Internet
	list := slices.Clone(t.Prefixes)
	for _, s := range t.Subnets {
		site := &r.spec.Sites[s.Site]
		n := &site.Networks[s.Network]
		id := fabric.SubnetID(site.Name + "/" + n.Name + "/" + n.Subnets[s.Subnet].Name)
		if sn, ok := r.proof.Net.Subnet(id); ok {
			out.Subnets = append(out.Subnets, id)
			list = append(list, sn.Prefix)
		}
	}
	for _, n := range t.Networks {
		for _, c := range r.spec.Sites[n.Site].Networks[n.Network].CIDRs {
			list = append(list, c.V)
		}
	}
	for _, s := range t.Sites {
		if site, ok := r.proof.Net.Site(fabric.SiteID(r.spec.Sites[s].Name)); ok {
			list = append(list, site.Prefixes...)
		}
	}
	slices.Sort(out.Subnets)
	out.Prefixes = prefix.Aggregate(list)
	return out, prefix.FromPrefixes(list...)
}

// spotsOf divides the addresses of a place by the tables their machines send
// by.
func (r *runner) spotsOf(place int, set prefix.Set) []spot {
	pl := &r.proof.Places()[place]
	type sender struct {
		zone  string
		table int
	}
	var order []sender
	held := map[sender]prefix.Set{}
	for _, part := range pl.Parts {
		in := set.Intersect(prefix.FromPrefixes(part.Prefix))
		if in.IsEmpty() {
			continue
		}
		k := sender{part.Zone, part.Table}
		if _, ok := held[k]; !ok {
			order = append(order, k)
		}
		held[k] = held[k].Union(in)
	}
	out := make([]spot, 0, len(held))
	for _, k := range order {
		out = append(out, spot{place: place, zone: k.zone, table: k.table, subnet: pl.Subnet, site: pl.Site, reps: r.classes.of(held[k], fate{pl.Site, k.zone})})
	}
	slices.SortFunc(out, spot.compare)
	return out
}

func (s spot) compare(t spot) int {
	return cmp.Or(cmp.Compare(s.place, t.place), cmp.Compare(s.zone, t.zone), cmp.Compare(s.table, t.table))
}

// classes are the sets of addresses that no table tells apart, healthy or
// failed: the longest prefix that holds them, of all that are configured
// somewhere, is the same.
type classes struct {
	table prefix.Table[int32]
	known map[classKey]rep
}

type classKey struct {
	longest int32 // -1 when no prefix holds it
	fate    fate
}

// fate is what machines fail with: the zone of a site; the zero fate is that
// of places beyond the network.
type fate struct {
	site fabric.SiteID
	zone string
}

func newClasses(p *verify.Proof) *classes {
	c := &classes{known: map[classKey]rep{}}
	n, t := p.Net, p.Tables
	for i := range t.Tables {
		for _, r := range t.Tables[i].Own.All() {
			c.cut(r.Prefix)
		}
		for _, r := range t.Tables[i].Learned.All() {
			c.cut(r.Prefix)
		}
	}
	for i := range n.VPCs {
		c.cut(n.VPCs[i].Prefixes...)
	}
	for i := range n.Sites {
		c.cut(n.Sites[i].Prefixes...)
	}
	for i := range n.RouteTables {
		for _, r := range n.RouteTables[i].Routes {
			c.cut(r.Prefix)
		}
	}
	for i := range n.Gateways {
		c.cut(n.Gateways[i].Announce...)
		for _, tt := range n.Gateways[i].Tables {
			for _, r := range tt.Routes {
				c.cut(r.Prefix)
			}
		}
	}
	for i := range n.Attachments {
		c.cut(n.Attachments[i].Allowed...)
	}
	for i := range n.Connections {
		c.cut(n.Connections[i].StaticRoutes...)
	}
	return c
}

func (c *classes) cut(list ...netip.Prefix) {
	for _, p := range list {
		if _, ok := c.table.Get(p); p.IsValid() && !ok {
			c.table.Insert(p, int32(c.table.Len()))
		}
	}
}

// of gives an address of a set for each class that it has a part in, by
// class. Sets of the same fate share them.
func (c *classes) of(set prefix.Set, f fate) []rep {
	var out []rep
	for _, p := range set.Prefixes() {
		longest := int32(-1)
		if _, i, ok := c.table.LookupPrefix(p); ok {
			longest = i
		}
		out = c.add(out, longest, f, p)
		for q, i := range c.table.Covered(p) {
			if q != p {
				out = c.add(out, i, f, q)
			}
		}
	}
	slices.SortFunc(out, func(a, b rep) int { return cmp.Compare(a.class, b.class) })
	return slices.Compact(out)
}

// add adds the class of the addresses of a prefix that no longer one holds.
func (c *classes) add(out []rep, longest int32, f fate, p netip.Prefix) []rep {
	key := classKey{longest, f}
	if known, ok := c.known[key]; ok {
		return append(out, known)
	}
	var inside []netip.Prefix
	for q := range c.table.Covered(p) {
		if q != p {
			inside = append(inside, q)
		}
	}
	left := prefix.FromPrefixes(p).Subtract(prefix.FromPrefixes(inside...)).Prefixes()
	if len(left) == 0 {
		return out
	}
	r := rep{class: int32(len(c.known)), addr: machine(left[0])}
	c.known[key] = r
	return append(out, r)
}

// machine is an address of a prefix that a machine may have, for witnesses:
// clouds keep the first ones to themselves.
func machine(p netip.Prefix) netip.Addr {
	if a, ok := prefix.NthAddr(p, 10); ok {
		return a
	}
	return p.Addr()
}
