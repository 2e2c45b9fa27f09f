package filter

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/packet"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify/bits"
	"github.com/tieline/tieline/internal/vocab"
)

// guard is the filters that stand before some units, layer by layer: a packet
// passes when every layer lets it.
type guard struct {
	layers []layer
	// within are the units of the same native subnet, between which network
	// ACLs do not stand; nil without an ACL.
	within bits.Set
}

// layer is the filters of one kind that judge a packet together.
type layer struct {
	kind  fabric.FilterKind
	rules [2][]Rule       // ingress and egress, in the order they are evaluated
	first fabric.FilterID // the first filter that has a rule
	// unread: what the filters do is not known.
	unread bool
}

// Rule is a rule of a filter, or the platform's own, as it is evaluated for
// the machines of a guard.
type Rule struct {
	Filter *fabric.Filter     // nil for the platform's own where no filter stands
	Rule   *fabric.FilterRule // nil for the platform's own
	Name   string
	allow  bool
	order  int
	fwd    packet.Set // of what headers
	back   packet.Set // of what headers' replies; of network ACLs only
	match  packet.Match
	all    bool     // every header: the platform's own
	sure   bits.Set // the far sides it certainly matches
	maybe  bits.Set // those it may match; the same where all is known
}

// side gives the index of a direction.
func side(d fabric.Direction) int {
	if d == fabric.Ingress {
		return 0
	}
	return 1
}

// guards finds the filters of each unit. Units that the same filters treat
// alike share a guard.
type guards struct {
	in      *Input
	list    []guard
	index   map[string]int32
	bySub   map[fabric.SubnetID][]int // filters that list a subnet
	byVPC   map[fabric.VPCID][]int    // firewall policies
	carried map[fabric.FilterID]bits.Set
	peers   map[*netip.Prefix]bits.Set
	all     bits.Set
	none    bits.Set
	tags    map[int]tagged
	routed  map[*routes.Routes]tagged
	matches map[string][2]packet.Set
	vpcs    map[fabric.VPCID][]fabric.VPCID // by security group references: peered
}

func newGuards(in *Input) *guards {
	g := &guards{
		in: in, index: map[string]int32{}, bySub: map[fabric.SubnetID][]int{}, byVPC: map[fabric.VPCID][]int{},
		carried: map[fabric.FilterID]bits.Set{}, peers: map[*netip.Prefix]bits.Set{}, all: bits.New(len(in.Machines)), none: bits.New(len(in.Machines)),
		tags: map[int]tagged{}, routed: map[*routes.Routes]tagged{}, matches: map[string][2]packet.Set{}, vpcs: map[fabric.VPCID][]fabric.VPCID{},
	}
	if len(in.Machines) > 0 {
		g.all.Fill(len(in.Machines))
	}
	for i := range in.Net.Filters {
		f := &in.Net.Filters[i]
		if f.Kind == fabric.FirewallPolicy {
			g.byVPC[f.VPC] = append(g.byVPC[f.VPC], i)
			continue
		}
		for _, s := range f.Subnets {
			g.bySub[s] = append(g.bySub[s], i)
		}
	}
	for i := range in.Net.Attachments {
		if a := &in.Net.Attachments[i]; a.Kind == fabric.AWSPeering {
			g.vpcs[a.VPC] = append(g.vpcs[a.VPC], a.PeerVPC)
			g.vpcs[a.PeerVPC] = append(g.vpcs[a.PeerVPC], a.VPC)
		}
	}
	return g
}

// build gives every machine its guard.
func (g *guards) build() *Filters {
	out := &Filters{space: g.in.Space, n: len(g.in.Machines), of: make([]int32, len(g.in.Machines))}
	applied := make([][]int, len(g.in.Machines))
	for i := range g.in.Machines {
		applied[i] = g.filtersOf(&g.in.Machines[i])
		for _, k := range applied[i] {
			if f := &g.in.Net.Filters[k]; f.Kind == fabric.SecurityGroup {
				b, ok := g.carried[f.ID]
				if !ok {
					b = bits.New(len(g.in.Machines))
					g.carried[f.ID] = b
				}
				b.Add(i)
			}
		}
	}
	for i := range g.in.Machines {
		out.of[i] = g.of(i, applied[i])
	}
	out.guards = g.list
	return out
}

// filtersOf lists the filters (indexes into Net.Filters) that apply to a unit,
// rising.
func (g *guards) filtersOf(u *Machine) []int {
	var out []int
	add := func(id fabric.FilterID) {
		if id == "" {
			return
		}
		if i, ok := slices.BinarySearchFunc(g.in.Net.Filters, id, func(f fabric.Filter, id fabric.FilterID) int { return cmp.Compare(f.ID, id) }); ok {
			out = append(out, i)
		}
	}
	switch {
	case u.Endpoint != nil:
		add(u.Endpoint.Filter)
		add(u.Subnet.NACL)
		for _, i := range g.bySub[u.Subnet.ID] {
			if g.in.Net.Filters[i].Kind == fabric.NetworkACL {
				out = append(out, i)
			}
		}
	case u.Subnet != nil:
		add(u.Subnet.Filter)
		add(u.Subnet.NACL)
		out = append(out, g.bySub[u.Subnet.ID]...)
	}
	if u.isHost() && u.VPC != nil {
		out = append(out, g.byVPC[u.VPC.ID]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// of returns the index of the guard that some filters make for a unit.
func (g *guards) of(unit int, filters []int) int32 {
	u := &g.in.Machines[unit]
	var key []byte
	acl := false
	for _, i := range filters {
		f := &g.in.Net.Filters[i]
		key = binary.LittleEndian.AppendUint32(key, uint32(i))
		acl = acl || f.Kind == fabric.NetworkACL
		for k := range f.Rules {
			if r := &f.Rules[k]; len(r.Local) > 0 {
				in := byte(0)
				if contains(r.Local, u.Addr) {
					in = 1
				}
				key = append(key, in)
			}
		}
		if f.Kind == fabric.NSG {
			key = binary.LittleEndian.AppendUint32(key, uint32(u.Table))
		}
	}
	implied := u.isHost() && u.VPC != nil && u.VPC.Cloud == vocab.GCP && u.VPC.Existing == ""
	if implied {
		key = append(key, 'g')
	}
	if acl {
		key = append(key, 'a')
		key = binary.LittleEndian.AppendUint32(key, uint32(u.Place))
		key = binary.LittleEndian.AppendUint32(key, uint32(u.Part))
	}
	if k, ok := g.index[string(key)]; ok {
		if w := g.list[k].within; w != nil {
			w.Add(unit)
		}
		return k
	}
	out := guard{}
	for _, kind := range []fabric.FilterKind{fabric.SecurityGroup, fabric.FirewallPolicy, fabric.NSG, fabric.NetworkACL} {
		var of []int
		for _, i := range filters {
			if g.in.Net.Filters[i].Kind == kind {
				of = append(of, i)
			}
		}
		if len(of) > 0 || kind == fabric.FirewallPolicy && implied {
			out.layers = append(out.layers, g.layer(kind, of, u))
		}
	}
	if acl {
		out.within = bits.New(len(g.in.Machines))
		out.within.Add(unit)
	}
	k := int32(len(g.list))
	g.list = append(g.list, out)
	g.index[string(key)] = k
	return k
}

// layer orders the rules of filters of one kind as their cloud evaluates them,
// the platform's own last.
func (g *guards) layer(kind fabric.FilterKind, filters []int, u *Machine) layer {
	l := layer{kind: kind}
	for _, i := range filters {
		f := &g.in.Net.Filters[i]
		l.unread = l.unread || f.Meta.Unread != ""
		for k := range f.Rules {
			r := &f.Rules[k]
			if len(r.Local) > 0 && !contains(r.Local, u.Addr) {
				continue
			}
			s := side(r.Direction)
			l.rules[s] = append(l.rules[s], g.rule(f, r, u))
		}
	}
	for s := range l.rules {
		slices.SortStableFunc(l.rules[s], func(a, b Rule) int {
			if kind == fabric.SecurityGroup {
				return 0 // all are summed
			}
			return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(denyFirst(kind, a), denyFirst(kind, b)))
		})
	}
	var defaults []atlas.FilterDefault
	switch kind {
	case fabric.FirewallPolicy:
		defaults = g.in.Atlas.FilterDefaults(vocab.GCP)
	case fabric.NSG:
		defaults = g.in.Atlas.FilterDefaults(vocab.Azure)
	case fabric.SecurityGroup, fabric.NetworkACL:
	}
	for _, d := range defaults {
		r := Rule{Name: d.Name, allow: d.Allow, order: d.Priority, all: true, sure: g.all, maybe: g.all}
		if len(filters) > 0 {
			r.Filter = &g.in.Net.Filters[filters[0]]
		}
		if d.Peer != "" {
			r.sure, r.maybe = g.tag(d.Peer, u)
		}
		s := side(fabric.Egress)
		if d.Ingress {
			s = side(fabric.Ingress)
		}
		l.rules[s] = append(l.rules[s], r)
	}
	l.first = l.name()
	return l
}

// name gives the first filter that has a rule, incoming ones first.
func (l *layer) name() fabric.FilterID {
	for s := range l.rules {
		for i := range l.rules[s] {
			if f := l.rules[s][i].Filter; f != nil {
				return f.ID
			}
		}
	}
	return ""
}

// denyFirst orders rules of one priority: GCP lets denials win.
func denyFirst(k fabric.FilterKind, r Rule) int {
	if k == fabric.FirewallPolicy && r.allow {
		return 1
	}
	return 0
}

// rule works out what a rule matches.
func (g *guards) rule(f *fabric.Filter, r *fabric.FilterRule, u *Machine) Rule {
	out := Rule{Filter: f, Rule: r, Name: r.Name, allow: r.Action == fabric.Allow, order: r.Priority, match: MatchOf(f, r)}
	key := out.match.Key()
	sets, ok := g.matches[key]
	if !ok {
		sets = [2]packet.Set{g.in.Space.Forward(out.match), g.in.Space.Backward(out.match)}
		g.matches[key] = sets
	}
	out.fwd, out.back = sets[0], sets[1]
	if r.Unread != "" {
		out.fwd, out.back = g.in.Space.All(), g.in.Space.All()
		out.sure, out.maybe = g.none, g.all
		return out
	}
	out.sure, out.maybe = g.farSide(f, r, u)
	return out
}

// MatchOf gives what a rule says of headers. Only AWS tells types of ICMP apart.
func MatchOf(f *fabric.Filter, r *fabric.FilterRule) packet.Match {
	aws := f.Kind == fabric.SecurityGroup || f.Kind == fabric.NetworkACL
	return packet.Match{Services: r.Services, SourcePorts: r.SourcePorts, PathMTU: r.PathMTU && aws, Replies: f.Kind == fabric.NetworkACL}
}

// farSide gives the units on the far side of a rule.
func (g *guards) farSide(f *fabric.Filter, r *fabric.FilterRule, u *Machine) (sure, maybe bits.Set) {
	switch {
	case r.All:
		return g.all, g.all
	case len(r.Peers) > 0:
		b, ok := g.peers[&r.Peers[0]]
		if !ok {
			b = g.in.Holding(r.Peers)
			g.peers[&r.Peers[0]] = b
		}
		return b, b
	case r.PeerFilter != "":
		b := g.carriers(f, r.PeerFilter)
		return b, b
	case r.PeerEndpoint != "":
		// A service's own public addresses, reached by the VPC's endpoint: no
		// packet of the places judged here is one of theirs.
		return g.none, g.none
	case r.PeerTag != "":
		return g.tag(r.PeerTag, u)
	}
	return g.none, g.none
}

// carriers gives the units with a security group as a rule of another sees
// them: in its own VPC and those peered with it. Elsewhere a reference means
// nobody.
func (g *guards) carriers(f *fabric.Filter, id fabric.FilterID) bits.Set {
	b, ok := g.carried[id]
	if !ok {
		return g.none
	}
	other, ok := g.in.Net.Filter(id)
	if !ok || other.VPC == f.VPC || slices.Contains(g.vpcs[f.VPC], other.VPC) {
		return b
	}
	return g.none
}

func contains(list []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}
