package nodes

import (
	"cmp"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// The service tags of Azure whose addresses follow from the network. Any other
// names addresses of a service, where no machine of a run is.
const (
	tagVirtualNetwork = "VirtualNetwork"
	tagInternet       = "Internet"
)

// layers are the kinds of filter. Those of one kind before a machine are one
// filter to it: its rules are summed.
var layers = []fabric.FilterKind{fabric.SecurityGroup, fabric.FirewallPolicy, fabric.NSG, fabric.NetworkACL}

// filters gives every machine in a cloud the native rules that guard it.
func (b *builder) filters() {
	for i := range b.plan.Machines {
		m := &b.plan.Machines[i]
		s, ok := b.net.Subnet(m.Subnet)
		v := b.index.vpcs[s.VPC]
		if !ok || v == nil {
			continue
		}
		all := b.filtersOf(&s)
		for _, kind := range layers {
			of := slices.DeleteFunc(slices.Clone(all), func(f *fabric.Filter) bool { return f.Kind != kind })
			// A VPC of GCP has its implied rules without any policy; of an
			// existing one the policies are not known.
			implied := kind == fabric.FirewallPolicy && v.Cloud == vocab.GCP && v.Existing == ""
			if len(of) > 0 || implied {
				m.Filters = append(m.Filters, b.layer(kind, of, m, v))
			}
		}
		b.follow(m, &s, v)
	}
}

// filtersOf lists the filters before the machines of a subnet, by id.
func (b *builder) filtersOf(s *fabric.Subnet) []*fabric.Filter {
	var out []*fabric.Filter
	for i := range b.net.Filters {
		f := &b.net.Filters[i]
		if f.ID == s.Filter || f.ID == s.NACL || slices.Contains(f.Subnets, s.ID) || f.Kind == fabric.FirewallPolicy && f.VPC == s.VPC {
			out = append(out, f)
		}
	}
	return out
}

// layer orders the rules of filters of one kind as their cloud evaluates them,
// the platform's own last.
func (b *builder) layer(kind fabric.FilterKind, of []*fabric.Filter, m *Machine, v *fabric.VPC) nodeconf.Filter {
	out := nodeconf.Filter{ID: string(v.ID) + "/implied", Kind: nodeconf.Stateful, Ingress: nodeconf.Drop, Egress: nodeconf.Drop}
	if len(of) > 0 {
		out.ID = string(of[0].ID)
	}
	var defaults []atlas.FilterDefault
	switch kind {
	case fabric.SecurityGroup:
	case fabric.NetworkACL:
		out.Kind = nodeconf.Stateless
	case fabric.FirewallPolicy:
		defaults = b.atlas.FilterDefaults(vocab.GCP)
	case fabric.NSG:
		defaults = b.atlas.FilterDefaults(vocab.Azure)
	}
	var rules []*fabric.FilterRule
	from := map[*fabric.FilterRule]*fabric.Filter{}
	for _, f := range of {
		if f.Meta.Unread != "" {
			b.refusef("%s: %s, so it cannot be played", f.ID, f.Meta.Unread)
		}
		for k := range f.Rules {
			r := &f.Rules[k]
			if r.Unread != "" {
				b.refusef("%s: rule %s: %s, so it cannot be played", f.ID, r.Name, r.Unread)
			}
			if len(r.Local) > 0 && !slices.ContainsFunc(r.Local, func(q netip.Prefix) bool { return q.Contains(m.Addr) }) {
				continue
			}
			rules, from[r] = append(rules, r), f
		}
	}
	if kind != fabric.SecurityGroup {
		slices.SortStableFunc(rules, func(x, y *fabric.FilterRule) int {
			return cmp.Or(cmp.Compare(x.Priority, y.Priority), denyFirst(kind, x)-denyFirst(kind, y))
		})
	}
	for _, r := range rules {
		b.rule(&out, from[r], r)
	}
	for _, d := range defaults {
		x := nodeconf.FilterRule{Name: d.Name, Direction: nodeconf.Egress, Verdict: verdict(d.Allow)}
		if d.Ingress {
			x.Direction = nodeconf.Ingress
		}
		tagged(&out, &x, d.Peer)
		addRule(&out, x)
	}
	return out
}

// denyFirst orders rules of one priority: GCP lets denials win.
func denyFirst(k fabric.FilterKind, r *fabric.FilterRule) int {
	if k == fabric.FirewallPolicy && r.Action == fabric.Allow {
		return 1
	}
	return 0
}

func verdict(allow bool) nodeconf.Verdict {
	if allow {
		return nodeconf.Accept
	}
	return nodeconf.Drop
}

// rule adds a native rule, word for word.
func (b *builder) rule(out *nodeconf.Filter, f *fabric.Filter, r *fabric.FilterRule) {
	x := nodeconf.FilterRule{
		Name: r.Name, Direction: nodeconf.Egress, Verdict: verdict(r.Action == fabric.Allow),
		Services: r.Services, Peers: r.Peers, Local: r.Local, SourcePorts: r.SourcePorts,
	}
	if r.Direction == fabric.Ingress {
		x.Direction = nodeconf.Ingress
	}
	if slices.ContainsFunc(r.Services, func(s vocab.Service) bool { return s.Proto == vocab.AnyProto }) {
		x.Services = nil
	}
	// Only AWS tells types of ICMP apart.
	x.PathMTU = r.PathMTU && (f.Kind == fabric.SecurityGroup || f.Kind == fabric.NetworkACL)
	if p := r.Origin.Pos; p.Line > 0 {
		x.Line = fmt.Sprintf("%s:%d", filepath.Base(p.File), p.Line)
	}
	switch {
	case r.PeerFilter != "":
		x.Peers = b.carriers(f, r.PeerFilter)
		if len(x.Peers) == 0 {
			nobody(out, &x, "carriers of "+string(r.PeerFilter))
		}
	case r.PeerEndpoint != "":
		// A service's own public addresses: no machine of a run is there.
		nobody(out, &x, "behind "+string(r.PeerEndpoint))
	case r.PeerTag != "":
		tagged(out, &x, r.PeerTag)
	}
	addRule(out, x)
}

// addRule adds a rule under a name of its own.
func addRule(out *nodeconf.Filter, x nodeconf.FilterRule) {
	base := x.Name
	for i := 2; slices.ContainsFunc(out.Rules, func(r nodeconf.FilterRule) bool { return r.Name == x.Name }); i++ {
		x.Name = fmt.Sprintf("%s-%d", base, i)
	}
	out.Rules = append(out.Rules, x)
}

// nobody gives a rule a far side that no machine is of.
func nobody(out *nodeconf.Filter, x *nodeconf.FilterRule, set string) {
	x.PeerSet = set
	addSet(out, nodeconf.PrefixSet{Name: set})
}

func addSet(out *nodeconf.Filter, set nodeconf.PrefixSet) {
	if !slices.ContainsFunc(out.Sets, func(s nodeconf.PrefixSet) bool { return s.Name == set.Name }) {
		out.Sets = append(out.Sets, set)
	}
}

// tagged gives a rule the far side that a service tag of Azure stands for:
// VirtualNetwork is a set that follows the table of the machine's subnet, and
// Internet is every other address (service tags). Load balancers' probes come
// from the host, which is no place.
func tagged(out *nodeconf.Filter, x *nodeconf.FilterRule, tag string) {
	switch tag {
	case "":
		return
	case tagVirtualNetwork, tagInternet:
		x.PeerSet, x.NotPeerSet = tagVirtualNetwork, tag == tagInternet
		addSet(out, nodeconf.PrefixSet{Name: tagVirtualNetwork})
	default:
		nobody(out, x, tag)
	}
}

// carriers are the prefixes of the subnets whose machines have a security
// group, as a rule of another sees them: in its own VPC and those peered with
// it.
func (b *builder) carriers(f *fabric.Filter, id fabric.FilterID) []netip.Prefix {
	other := b.index.filters[id]
	if other == nil || other.VPC != f.VPC && !slices.ContainsFunc(b.index.ofVPC[f.VPC], func(a *fabric.Attachment) bool {
		return a.Kind == fabric.AWSPeering && (a.VPC == other.VPC || a.PeerVPC == other.VPC)
	}) {
		return nil
	}
	var out []netip.Prefix
	for i := range b.net.Subnets {
		if s := &b.net.Subnets[i]; s.Filter == id || slices.Contains(other.Subnets, s.ID) {
			out = append(out, s.Prefix)
		}
	}
	return prefix.Aggregate(out)
}

// follow fills the sets of a machine's filters that stand for its virtual
// network: the VNet, its peers and the prefixes of user-defined routes; what is
// learned the run adds as it comes.
func (b *builder) follow(m *Machine, s *fabric.Subnet, v *fabric.VPC) {
	for i := range m.Filters {
		for k := range m.Filters[i].Sets {
			set := &m.Filters[i].Sets[k]
			if set.Name != tagVirtualNetwork {
				continue
			}
			set.Prefixes = slices.Clone(v.Prefixes)
			if t := b.sourceTable(v, s, parts(s)[0]); t != nil {
				for _, r := range t.Routes {
					if r.Preference != preferPlatform && r.Prefix.Bits() > 0 {
						set.Prefixes = append(set.Prefixes, r.Prefix)
					}
				}
				set.Prefixes = prefix.Aggregate(set.Prefixes)
				b.tags = append(b.tags, tag{machine: m.Name, set: set.Name, table: t})
			}
		}
	}
}
