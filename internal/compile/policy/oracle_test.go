package policy_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

// host is a machine that sends or answers.
type host struct {
	addr   netip.Addr
	subnet *fabric.Subnet // nil outside of subnets
	ours   bool           // in the network
}

func (h host) filtered() bool { return h.subnet != nil && !h.subnet.Existing }

// judge evaluates filters packet by packet, as the clouds' documentation says
// they work, and rules as the spec says what they mean. It shares no code with
// the compiler.
type judge struct {
	d       *draft.Draft
	filters map[fabric.FilterID]fabric.Filter
	byVPC   map[fabric.VPCID]fabric.Filter
	cloud   map[fabric.VPCID]vocab.Cloud
	rules   []stated
}

// stated is a rule of the spec as its author wrote it.
type stated struct {
	from, to []string
	services []vocab.Service
}

func newJudge(d *draft.Draft) *judge {
	j := &judge{d: d, filters: map[fabric.FilterID]fabric.Filter{}, byVPC: map[fabric.VPCID]fabric.Filter{}, cloud: map[fabric.VPCID]vocab.Cloud{}}
	for _, f := range d.Net.Filters {
		slices.SortStableFunc(f.Rules, func(a, b fabric.FilterRule) int { return cmp.Compare(a.Priority, b.Priority) })
		j.filters[f.ID] = f
		if f.Kind == fabric.FirewallPolicy {
			j.byVPC[f.VPC] = f
		}
	}
	for _, v := range d.Net.VPCs {
		j.cloud[v.ID] = v.Cloud
	}
	for _, r := range d.Spec.Policy {
		s := stated{from: texts(r.From), to: texts(r.To)}
		for _, p := range r.Ports {
			s.services = append(s.services, p.V)
		}
		j.rules = append(j.rules, s)
	}
	return j
}

// matches reports whether a packet of a service is among services.
func matches(services []vocab.Service, s vocab.Service) bool {
	for _, x := range services {
		if x.Proto == vocab.AnyProto || x.Proto == s.Proto && (x.Ports.IsAny() || x.Ports.First <= s.Ports.First && s.Ports.First <= x.Ports.Last) {
			return true
		}
	}
	return false
}

func contains(list []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}

func (j *judge) peer(kind fabric.FilterKind, r fabric.FilterRule, near, far host) bool {
	switch {
	case r.All:
		return true
	case len(r.Peers) > 0:
		return contains(r.Peers, far.addr)
	case r.PeerFilter != "":
		return far.subnet != nil && far.subnet.Filter == r.PeerFilter && far.subnet.VPC == near.subnet.VPC
	case r.PeerTag == "VirtualNetwork":
		return far.ours
	case r.PeerTag == "Internet":
		return !far.ours
	}
	return false
}

// passes evaluates the filters of near for a new flow with far.
func (j *judge) passes(near, far host, dir fabric.Direction, s vocab.Service) bool {
	if !near.filtered() {
		return true
	}
	switch j.cloud[near.subnet.VPC] {
	case vocab.AWS:
		if near.subnet.NACL != "" && !j.first(j.filters[near.subnet.NACL], near, far, dir, s, false) {
			return false
		}
		f := j.filters[near.subnet.Filter]
		return slices.ContainsFunc(f.Rules, func(r fabric.FilterRule) bool {
			return r.Direction == dir && !r.PathMTU && matches(r.Services, s) && j.peer(f.Kind, r, near, far)
		})
	case vocab.GCP:
		return j.first(j.byVPC[near.subnet.VPC], near, far, dir, s, dir == fabric.Egress)
	case vocab.Azure:
		// 65000 and 65001, the defaults that let the connected network in and
		// everything out.
		implied := far.ours || dir == fabric.Egress
		return j.first(j.filters[near.subnet.Filter], near, far, dir, s, implied)
	case vocab.OnPrem, vocab.Exchange:
	}
	return true
}

// first evaluates rules by priority.
func (j *judge) first(f fabric.Filter, near, far host, dir fabric.Direction, s vocab.Service, implied bool) bool {
	for _, r := range f.Rules {
		local := len(r.Local) == 0 || contains(r.Local, near.addr)
		if r.Direction == dir && local && matches(r.Services, s) && j.peer(f.Kind, r, near, far) {
			return r.Action == fabric.Allow
		}
	}
	return implied
}

// meant evaluates the spec.
func (j *judge) meant(from, to host, s vocab.Service) bool {
	if from.subnet != nil && from.subnet == to.subnet {
		guarded := slices.ContainsFunc(j.d.Net.Segments, func(g fabric.Segment) bool { return g.ID == from.subnet.Segment && g.InternalDeny })
		if !guarded {
			return true
		}
	}
	if from.filtered() && !to.ours && from.subnet.Internet != fabric.NoInternet && !j.narrowed(from) {
		return true
	}
	for _, r := range j.rules {
		ends := 0
		for k, refs := range [][]string{r.from, r.to} {
			h, other := from, to
			if k == 1 {
				h, other = to, from
			}
			if slices.ContainsFunc(refs, func(ref string) bool { return j.isOf(h, ref) || j.widened(h, other, ref) }) {
				ends++
			}
		}
		if ends == 2 && matches(r.services, s) {
			return true
		}
	}
	return false
}

// narrowed reports whether some rule is from all of a machine's subnet to the
// internet: only what such rules say goes out then.
func (j *judge) narrowed(h host) bool {
	whole := func(ref string) bool {
		if p, err := netip.ParsePrefix(ref); err == nil {
			return p.Bits() <= h.subnet.Prefix.Bits() && p.Contains(h.subnet.Prefix.Addr())
		}
		return j.isOf(h, ref)
	}
	return slices.ContainsFunc(j.rules, func(r stated) bool {
		return slices.Contains(r.to, "internet") && slices.ContainsFunc(r.from, whole)
	})
}

func texts(refs []spec.Value[spec.Ref]) []string {
	var out []string
	for _, r := range refs {
		out = append(out, r.V.String())
	}
	return out
}

// widened is what the warning rule-widened says: a security group does not
// tell the addresses of its subnet apart, and the other side has no filter.
func (j *judge) widened(h, other host, ref string) bool {
	p, err := netip.ParsePrefix(ref)
	return err == nil && h.filtered() && j.cloud[h.subnet.VPC] == vocab.AWS && !other.filtered() && p.Overlaps(h.subnet.Prefix)
}

// isOf reads a reference by hand.
func (j *judge) isOf(h host, ref string) bool {
	if ref == "internet" {
		return !h.ours
	}
	if p, err := netip.ParsePrefix(ref); err == nil {
		return p.Contains(h.addr)
	}
	if h.subnet != nil && (string(h.subnet.Segment) == ref || string(h.subnet.ID) == ref || string(h.subnet.Site)+":"+string(h.subnet.Segment) == ref) {
		return true
	}
	for _, s := range j.d.Net.Sites {
		if string(s.ID) == ref {
			for _, st := range j.d.Spec.Sites {
				for _, n := range st.Networks {
					for _, c := range n.CIDRs { // existing, whole
						if st.Name == ref && c.V.Contains(h.addr) {
							return true
						}
					}
				}
			}
			return h.subnet != nil && h.subnet.Site == s.ID || s.Cloud == vocab.OnPrem && contains(s.Prefixes, h.addr)
		}
	}
	return false
}

// randomSpec writes a small network over all clouds with random rules.
func randomSpec(r *rand.Rand) string {
	segments := []string{"red", "green", "blue"}
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	var b strings.Builder
	b.WriteString(head + "sites:\n")
	block := 0
	var subnets []string
	site := func(name, cloud, region string, networks int) {
		fmt.Fprintf(&b, "  %s:\n    cloud: %s\n    region: %s\n    networks:\n", name, cloud, region)
		for n := range networks {
			fmt.Fprintf(&b, "      n%d:\n        cidr: 10.%d.0.0/16\n        subnets:\n", n, block)
			for k := range 1 + r.IntN(3) {
				fmt.Fprintf(&b, "          s%d: {cidr: 10.%d.%d.0/24, internet: %s", k, block, k, pick("none", "nat", "public"))
				if r.IntN(4) > 0 {
					fmt.Fprintf(&b, ", segment: %s", pick(segments...))
				}
				b.WriteString("}\n")
				subnets = append(subnets, fmt.Sprintf("%s/n%d/s%d", name, n, k))
			}
			block++
		}
	}
	site("a", "aws", "us-west-2", 1+r.IntN(2))
	if r.IntN(2) == 0 {
		b.WriteString("      old: {existing: vpc-0abc, cidrs: [10.99.0.0/16], subnets: {legacy: {cidr: 10.99.1.0/24, segment: red}}}\n")
		subnets = append(subnets, "a/old/legacy")
	}
	site("g", "gcp", "us-west1", 1)
	site("h", "gcp", "us-east1", 1) // the same VPC
	site("z", "azure", "westus2", 1+r.IntN(2))
	if r.IntN(2) == 0 {
		b.WriteString("  hq: {cloud: onprem, city: Portland, cidrs: [10.200.0.0/16, 192.168.5.0/24]}\n")
		subnets = append(subnets, "hq")
	}
	fmt.Fprintf(&b, "segments: {red: {}, green: {internal: %s}, blue: {}}\npolicy:\n", pick("allow", "deny"))
	ref := func() string {
		switch r.IntN(10) {
		case 0:
			return pick("10.0.0.0/15", "10.1.0.0/24", "10.0.0.128/25", "203.0.113.0/24", "10.99.0.0/16", "10.1.0.7/32")
		case 1:
			return pick("a", "g", "z")
		case 2, 3, 4:
			return pick(subnets...)
		}
		return pick(segments...)
	}
	for range r.IntN(9) {
		from, to := ref(), ref()
		switch r.IntN(8) {
		case 0:
			from = "internet"
		case 1:
			to = "internet"
		}
		if r.IntN(3) == 0 && from != "internet" {
			from += ", " + ref()
		}
		var ports []string
		for range 1 + r.IntN(2) {
			ports = append(ports, pick("tcp/443", "tcp/440-450", "tcp/5432", "udp/53", "udp", "tcp", "any", "icmp"))
		}
		fmt.Fprintf(&b, "  - {from: [%s], to: [%s], ports: [%s]}\n", from, to, strings.Join(ports, ", "))
	}
	if strings.HasSuffix(b.String(), "policy:\n") {
		return strings.TrimSuffix(b.String(), "policy:\n")
	}
	return b.String()
}

// What filters let pass is what the spec means, between any two machines of
// any clouds, on-prem and the internet.
func TestFiltersMeanTheSpec(t *testing.T) {
	services := []vocab.Service{
		{Proto: vocab.TCP, Ports: vocab.PortRange{First: 443, Last: 443}},
		{Proto: vocab.TCP, Ports: vocab.PortRange{First: 445, Last: 445}},
		{Proto: vocab.TCP, Ports: vocab.PortRange{First: 5432, Last: 5432}},
		{Proto: vocab.UDP, Ports: vocab.PortRange{First: 53, Last: 53}},
		{Proto: vocab.UDP, Ports: vocab.PortRange{First: 9, Last: 9}},
		{Proto: vocab.ICMP},
		{Proto: vocab.ESP},
	}
	allowed, denied := 0, 0
	for seed := range uint64(120) {
		text := randomSpec(rand.New(rand.NewPCG(seed, 7)))
		d := design(t, text)
		j := newJudge(d)
		hosts := []host{{addr: netip.MustParseAddr("198.51.100.7")}, {addr: netip.MustParseAddr("203.0.113.9")}}
		for i := range d.Net.Subnets {
			s := &d.Net.Subnets[i]
			if s.Purpose != fabric.Workload {
				continue
			}
			b := s.Prefix.Addr().As4()
			for _, last := range []byte{7, 200} {
				b[3] = last
				hosts = append(hosts, host{netip.AddrFrom4(b), s, true})
			}
		}
		if strings.Contains(text, "hq:") {
			hosts = append(hosts, host{netip.MustParseAddr("10.200.3.4"), nil, true}, host{netip.MustParseAddr("192.168.5.6"), nil, true})
		}
		if strings.Contains(text, "old:") {
			hosts = append(hosts, host{netip.MustParseAddr("10.99.7.7"), nil, true})
		}
		for _, from := range hosts {
			for _, to := range hosts {
				if !from.filtered() && !to.filtered() || from.addr == to.addr {
					continue
				}
				for _, s := range services {
					got := j.passes(from, to, fabric.Egress, s) && j.passes(to, from, fabric.Ingress, s)
					want := j.meant(from, to, s)
					if s.Proto == vocab.ICMP && from.ours && to.filtered() && j.cloud[to.subnet.VPC] != vocab.AWS {
						// These filters cannot tell "fragmentation needed" from other
						// ICMP: what the sender may send at all comes in.
						want = j.passes(from, to, fabric.Egress, s)
					}
					if got != want {
						t.Fatalf("seed %d: %v to %v %v passes: %v, want %v\n%s", seed, from.addr, to.addr, s, got, want, text)
					}
					if got {
						allowed++
					} else {
						denied++
					}
				}
			}
		}
	}
	if allowed < 1000 || denied < 1000 {
		t.Errorf("%d allowed and %d denied flows test too little", allowed, denied)
	}
}
