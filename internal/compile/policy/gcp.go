package policy

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// The priorities of a firewall policy: a lower one is evaluated first, and no
// two rules of a policy share one.
const (
	firstPriority = 1000
	priorityStep  = 10
)

// gcp makes one firewall policy a VPC, by prefixes on both sides.
func (b *book) gcp() {
	for _, r := range b.runs {
		if r.vpc.Cloud == vocab.GCP && r.vpc.Existing == "" {
			b.firewallPolicy(r)
		}
	}
}

// policyWriter writes the rules of one firewall policy in order.
type policyWriter struct {
	*writer
	priority int
}

func (w *policyWriter) add(r fabric.FilterRule, value string, steps []fabric.Step) {
	r.Priority = w.priority
	w.priority += priorityStep
	w.rule(r, value, steps)
}

func (b *book) firewallPolicy(r run) {
	w := &policyWriter{writer: newWriter(32), priority: firstPriority}
	var all []fabric.SubnetID
	for i := r.lo; i < r.hi; i++ {
		s := &b.subnets[i]
		all = append(all, s.net.ID)
		b.withinSubnet(w, s)
	}
	origin := r.vpc.Meta.Origin
	b.policyMTU(w, r)
	late := map[fabric.Direction][]func(){}
	for _, dir := range directions {
		for _, g := range b.alike(r, dir) {
			late[dir] = append(late[dir], b.policyRules(w, dir, g)...)
		}
	}
	b.privateAccess(w, r)

	// What is about the internet comes after the network's own addresses are
	// ruled out on the far side.
	var out []netip.Prefix
	for i := r.lo; i < r.hi; i++ {
		if s := &b.subnets[i]; b.opensAll(s) {
			out = append(out, s.net.Prefix)
		}
	}
	if len(out) > 0 {
		late[fabric.Egress] = append(late[fabric.Egress], func() {
			w.add(fabric.FilterRule{Name: "allow-egress-internet", Direction: fabric.Egress, Action: fabric.Allow, Services: anything, All: true, Local: prefix.Aggregate(out), Origin: origin},
				"egress allow any to the internet", because(origin.Pos, nil, "internet: nat or public: connections to the internet may be opened"))
		})
	}
	for _, dir := range directions {
		if len(late[dir]) == 0 {
			continue
		}
		w.add(fabric.FilterRule{Name: "deny-" + dir.String() + "-own-network", Direction: dir, Action: fabric.Deny, Services: anything, Peers: b.own, Origin: origin},
			describe(dir.String(), "deny", anything, "the network"), because(origin.Pos, nil, "the internet is every address but the network's own: these need a rule"))
		for _, write := range late[dir] {
			write()
		}
	}
	w.add(fabric.FilterRule{Name: "deny-egress", Direction: fabric.Egress, Action: fabric.Deny, Services: anything, All: true, Origin: origin},
		"egress deny any to everywhere", because(origin.Pos, nil, "a VPC allows egress by an implied rule; what is not stated is denied"))
	slices.Sort(all)
	f := fabric.Filter{ID: fabric.FilterID(r.vpc.ID + "/firewall"), Meta: r.vpc.Meta, Kind: fabric.FirewallPolicy, VPC: r.vpc.ID, Subnets: all}
	if len(r.vpc.Sites) == 1 {
		f.Site = r.vpc.Sites[0]
	}
	f.Name = b.filterName(b.formerVPC(r)...)
	b.add(f, w.writer)
}

// formerVPC names a VPC: its network, after its site where it has one only.
func (b *book) formerVPC(r run) []string {
	names := b.former(&b.subnets[r.lo])
	if string(r.vpc.ID) == string(b.subnets[r.lo].net.Site)+"/"+r.vpc.Name {
		return names[:2]
	}
	return names[1:2]
}

func (b *book) withinSubnet(w *policyWriter, s *subnet) {
	if s.guarded {
		return
	}
	own := []netip.Prefix{s.net.Prefix}
	why := because(s.origin.Pos, nil, "machines of one subnet reach each other unless its segment says internal: deny")
	was := b.former(s) // rules are made anew under other names
	name := clean(was[0]) + "-" + clean(was[2])
	for _, dir := range directions {
		w.add(fabric.FilterRule{Name: ruleName("allow", dir.String(), "within", name), Direction: dir, Action: fabric.Allow, Services: anything, Peers: own, Local: own, Origin: s.origin}, "all inside the subnet", why)
	}
}

func (b *book) policyMTU(w *policyWriter, r run) {
	s := &b.subnets[r.lo]
	n := len(w.rules)
	b.pathMTU(w.writer, s, w.priority)
	w.priority += priorityStep
	w.rules[n].Origin = r.vpc.Meta.Origin
}

// alikes are subnets of a VPC that the same rules concern.
type alikes struct {
	rules []int
	local []netip.Prefix
	label string
}

// alike gathers the subnets of a VPC that the same rules concern, in the order
// of the subnets.
func (b *book) alike(r run, dir fabric.Direction) []alikes {
	at := map[string]int{}
	var out []alikes
	var names [][]string
	for i := r.lo; i < r.hi; i++ {
		s := &b.subnets[i]
		rules, part := s.rules(dir)
		for _, x := range part {
			out = append(out, alikes{rules: []int{x}, local: b.part(s, dir, x)})
			names = append(names, []string{"part-of-" + b.former(s)[2]})
		}
		if len(rules) == 0 {
			continue
		}
		var key []byte
		for _, x := range rules {
			key = binary.LittleEndian.AppendUint32(key, uint32(x))
		}
		k, ok := at[string(key)]
		if !ok {
			k = len(out)
			at[string(key)] = k
			out = append(out, alikes{rules: rules})
			names = append(names, nil)
		}
		out[k].local = append(out[k].local, s.net.Prefix)
		if n := b.former(s)[2]; !slices.Contains(names[k], n) {
			names[k] = append(names[k], n)
		}
	}
	for k := range out {
		out[k].local = prefix.Aggregate(out[k].local)
		out[k].label = label(names[k])
	}
	return out
}

// policyRules writes the merged rules of subnets that are alike, and returns
// what writes those about the internet.
func (b *book) policyRules(w *policyWriter, dir fabric.Direction, g alikes) (late []func()) {
	f := b.facing(dir, g.rules)
	for k := range f.merged {
		m := &f.merged[k]
		name := func(far string) string {
			if dir == fabric.Ingress {
				return ruleName("allow", "in", far, "to", g.label, m.svc)
			}
			return ruleName("allow", "out", g.label, "to", far, m.svc)
		}
		out := fabric.FilterRule{Direction: dir, Action: fabric.Allow, Services: m.services, Local: g.local, Origin: m.origin, Note: m.note}
		if len(m.prefixes) > 0 {
			out.Name, out.Peers = name(m.native), m.prefixes
			w.add(out, m.value, m.steps)
		}
		if m.internet {
			out.Name, out.Peers, out.All = name("internet"), nil, true
			late = append(late, func() {
				w.add(out, describe(dir.String(), "allow", m.services, "the internet"), m.steps)
			})
		}
	}
	return late
}

// privateAccess lets subnets reach Google's services at the addresses that
// their private names resolve to.
func (b *book) privateAccess(w *policyWriter, r run) {
	type ask struct {
		far    []netip.Prefix
		local  []netip.Prefix
		origin fabric.Origin
		note   string
	}
	var asks []ask
	at := map[string]int{}
	for i := range b.d.Net.Endpoints {
		e := &b.d.Net.Endpoints[i]
		if e.VPC != r.vpc.ID || e.Kind != fabric.PrivateGoogleAccess {
			continue
		}
		svc, ok := b.d.Atlas.Service(vocab.GCP, e.Service)
		if !ok || len(svc.Ranges) == 0 {
			continue
		}
		key := svc.Ranges[0].String()
		k, ok := at[key]
		if !ok {
			k = len(asks)
			at[key] = k
			asks = append(asks, ask{far: svc.Ranges, origin: e.Meta.Origin, note: "private addresses of Google's services"})
		}
		for _, id := range e.Subnets {
			if n, ok := b.byID[id]; ok {
				asks[k].local = append(asks[k].local, b.subnets[n].net.Prefix)
			}
		}
	}
	for _, a := range asks {
		w.add(fabric.FilterRule{Name: "allow-out-google-services", Direction: fabric.Egress, Action: fabric.Allow, Services: https, Peers: a.far, Local: prefix.Aggregate(a.local), Origin: a.origin, Note: a.note},
			describe("egress", "allow", https, "Google's services"), because(a.origin.Pos, nil, "services: the subnets reach Google's services privately"))
	}
}
