package verify

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/packet"
	"github.com/tieline/tieline/internal/verify/filter"
	"github.com/tieline/tieline/internal/vocab"
)

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func pfxs(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, pfx(s))
	}
	return out
}

func services(texts ...string) []vocab.Service {
	var out []vocab.Service
	for _, t := range texts {
		s, err := vocab.ParseService(t)
		if err != nil {
			panic(err)
		}
		out = append(out, s)
	}
	return out
}

// field is a network of one VPC a cloud and a site of one's own, without
// links: what only filters are tested on.
func field() *fabric.Network {
	n := &fabric.Network{Name: "field", Pools: pfxs("10.0.0.0/8")}
	add := func(site fabric.SiteID, cloud vocab.Cloud, block string, subnets ...string) {
		n.Sites = append(n.Sites, fabric.Site{ID: site, Cloud: cloud, Region: string(site), Prefixes: pfxs(block)})
		if cloud == vocab.OnPrem {
			return
		}
		vpc := fabric.VPCID(site) + "/v"
		n.VPCs = append(n.VPCs, fabric.VPC{ID: vpc, Cloud: cloud, Sites: []fabric.SiteID{site}, Prefixes: pfxs(block), MTU: 1500, Blocks: []fabric.SiteBlock{{Site: site, Prefix: pfx(block)}}})
		for i, s := range subnets {
			id := fabric.SubnetID(fmt.Sprintf("%s/s%d", vpc, i))
			table := fabric.RouteTableID("")
			if cloud == vocab.AWS {
				table = fabric.RouteTableID(vpc) + "/rt"
			}
			n.Subnets = append(n.Subnets, fabric.Subnet{
				ID: id, VPC: vpc, Site: site, Prefix: pfx(s), RouteTable: table,
				Parts: []fabric.SubnetPart{{Prefix: pfx(s), RouteTable: table}},
			})
		}
		if cloud == vocab.AWS {
			n.RouteTables = append(n.RouteTables, fabric.RouteTable{ID: fabric.RouteTableID(vpc) + "/rt", VPC: vpc, Site: site})
		}
	}
	add("aws", vocab.AWS, "10.1.0.0/16", "10.1.0.0/24", "10.1.1.0/24", "10.1.2.0/23")
	add("azure", vocab.Azure, "10.2.0.0/16", "10.2.0.0/24", "10.2.1.0/24")
	add("gcp", vocab.GCP, "10.3.0.0/16", "10.3.0.0/24", "10.3.1.0/24")
	add("home", vocab.OnPrem, "10.4.0.0/16")
	return n
}

// randomFilters gives each subnet filters of its cloud with random rules.
func randomFilters(r *rand.Rand, n *fabric.Network) {
	far := pfxs("10.1.0.0/24", "10.1.0.0/16", "10.1.1.128/25", "10.2.0.0/16", "10.2.1.0/24", "10.3.0.0/23", "10.3.1.64/26", "10.4.0.0/17", "8.0.0.0/8", "0.0.0.0/1")
	ports := []uint16{22, 80, 443, 3389, 40000, 65535}
	rules := func(f *fabric.Filter, peers []fabric.FilterID) {
		for i := range r.IntN(6) {
			x := fabric.FilterRule{Name: fmt.Sprintf("r%d", i), Direction: fabric.Direction(1 + r.IntN(2)), Action: fabric.Allow, Priority: 100 + r.IntN(4)}
			if f.Kind != fabric.SecurityGroup && r.IntN(3) == 0 {
				x.Action = fabric.Deny
			}
			if f.Kind == fabric.NSG || f.Kind == fabric.NetworkACL {
				x.Priority = 100 + i // no two share one
			}
			for range 1 + r.IntN(2) {
				s := vocab.Service{Proto: []vocab.Proto{vocab.AnyProto, vocab.TCP, vocab.UDP, vocab.ICMP}[r.IntN(4)]}
				if s.Proto.HasPorts() && r.IntN(3) > 0 {
					a, b := ports[r.IntN(len(ports))], ports[r.IntN(len(ports))]
					s.Ports = vocab.PortRange{First: min(a, b), Last: max(a, b)}
				}
				x.Services = append(x.Services, s)
			}
			if r.IntN(5) == 0 {
				a, b := ports[r.IntN(len(ports))], ports[r.IntN(len(ports))]
				x.SourcePorts = []vocab.PortRange{{First: min(a, b), Last: max(a, b)}}
			}
			x.PathMTU = r.IntN(6) == 0
			switch k := r.IntN(4); {
			case k == 0:
				x.All = true
			case k == 1 && f.Kind == fabric.SecurityGroup:
				x.PeerFilter = peers[r.IntN(len(peers))]
			case k == 1 && f.Kind == fabric.NSG:
				x.PeerTag = []string{"VirtualNetwork", "Internet", "AzureLoadBalancer"}[r.IntN(3)]
			default:
				for range 1 + r.IntN(3) {
					x.Peers = append(x.Peers, far[r.IntN(len(far))])
				}
			}
			if (f.Kind == fabric.FirewallPolicy || f.Kind == fabric.NSG) && r.IntN(3) == 0 {
				x.Local = []netip.Prefix{far[r.IntN(len(far))]}
			}
			f.Rules = append(f.Rules, x)
		}
		n.Filters = append(n.Filters, *f)
	}
	var groups []fabric.FilterID
	for i := range n.Subnets {
		if n.Subnets[i].Site == "aws" {
			groups = append(groups, fabric.FilterID(n.Subnets[i].ID)+"/sg")
		}
	}
	for i := range n.Subnets {
		s := &n.Subnets[i]
		switch s.Site {
		case "aws":
			s.Filter = fabric.FilterID(s.ID) + "/sg"
			rules(&fabric.Filter{ID: s.Filter, Kind: fabric.SecurityGroup, VPC: s.VPC, Subnets: []fabric.SubnetID{s.ID}}, groups)
			if r.IntN(2) == 0 {
				s.NACL = fabric.FilterID(s.ID) + "/nacl"
				rules(&fabric.Filter{ID: s.NACL, Kind: fabric.NetworkACL, VPC: s.VPC, Subnets: []fabric.SubnetID{s.ID}}, nil)
			}
		case "azure":
			if r.IntN(4) > 0 {
				s.Filter = fabric.FilterID(s.ID) + "/nsg"
				rules(&fabric.Filter{ID: s.Filter, Kind: fabric.NSG, VPC: s.VPC, Subnets: []fabric.SubnetID{s.ID}}, nil)
			}
		}
	}
	if r.IntN(4) > 0 {
		rules(&fabric.Filter{ID: "gcp/v/firewall", Kind: fabric.FirewallPolicy, VPC: "gcp/v"}, nil)
	}
	slices.SortFunc(n.Filters, func(a, b fabric.Filter) int { return cmp.Compare(a.ID, b.ID) })
}

// onePacket evaluates filters for one packet, rule by rule, from the clouds'
// documentation; it shares nothing with the engine.
type onePacket struct{ n *fabric.Network }

func (v onePacket) subnet(a netip.Addr) *fabric.Subnet {
	for i := range v.n.Subnets {
		if v.n.Subnets[i].Prefix.Contains(a) {
			return &v.n.Subnets[i]
		}
	}
	return nil
}

func (v onePacket) filter(id fabric.FilterID) *fabric.Filter {
	for i := range v.n.Filters {
		if v.n.Filters[i].ID == id {
			return &v.n.Filters[i]
		}
	}
	return nil
}

func (v onePacket) header(f *fabric.Filter, r fabric.FilterRule, k packet.Packet) bool {
	in := func(r vocab.PortRange, p uint16) bool {
		return r == vocab.PortRange{} || r.First <= p && p <= r.Last
	}
	if len(r.SourcePorts) > 0 && (!k.Proto.HasPorts() || !slices.ContainsFunc(r.SourcePorts, func(x vocab.PortRange) bool { return in(x, k.SrcPort) })) {
		return false
	}
	return slices.ContainsFunc(r.Services, func(s vocab.Service) bool {
		if s.Proto != vocab.AnyProto && s.Proto != k.Proto {
			return false
		}
		aws := f.Kind == fabric.SecurityGroup || f.Kind == fabric.NetworkACL
		if r.PathMTU && aws && k.Proto == vocab.ICMP && (k.ICMPType != 3 || k.ICMPCode != 4) {
			return false
		}
		return !k.Proto.HasPorts() || in(s.Ports, k.DstPort)
	})
}

func (v onePacket) peer(r fabric.FilterRule, far netip.Addr) bool {
	space := pfx("10.2.0.0/16") // all that a VNet without gateway and peers knows
	switch {
	case r.All:
		return true
	case r.PeerFilter != "":
		s := v.subnet(far)
		return s != nil && s.Filter == r.PeerFilter
	case r.PeerTag == "VirtualNetwork":
		return space.Contains(far)
	case r.PeerTag == "Internet":
		return !space.Contains(far)
	case r.PeerTag != "":
		return false
	}
	return slices.ContainsFunc(r.Peers, func(p netip.Prefix) bool { return p.Contains(far) })
}

// judge evaluates one filter.
func (v onePacket) judge(f *fabric.Filter, dir fabric.Direction, near, far netip.Addr, k packet.Packet) bool {
	if f.Kind == fabric.SecurityGroup {
		return slices.ContainsFunc(f.Rules, func(r fabric.FilterRule) bool {
			return r.Direction == dir && v.header(f, r, k) && v.peer(r, far)
		})
	}
	list := slices.Clone(f.Rules)
	slices.SortStableFunc(list, func(a, b fabric.FilterRule) int {
		if f.Kind == fabric.FirewallPolicy && a.Priority == b.Priority {
			return cmp.Compare(b.Action, a.Action)
		}
		return cmp.Compare(a.Priority, b.Priority)
	})
	for _, r := range list {
		local := len(r.Local) == 0 || slices.ContainsFunc(r.Local, func(p netip.Prefix) bool { return p.Contains(near) })
		if r.Direction == dir && local && v.header(f, r, k) && v.peer(r, far) {
			return r.Action == fabric.Allow
		}
	}
	switch f.Kind {
	case fabric.FirewallPolicy:
		return dir == fabric.Egress
	case fabric.NSG:
		inside := v.peer(fabric.FilterRule{PeerTag: "VirtualNetwork"}, far)
		return dir == fabric.Egress || inside // internet out, or the VNet
	case fabric.SecurityGroup, fabric.NetworkACL:
	}
	return false
}

// passes evaluates all filters that a packet and its reply meet.
func (v onePacket) passes(k packet.Packet) bool {
	from, to := v.subnet(k.Src), v.subnet(k.Dst)
	side := func(s *fabric.Subnet, dir fabric.Direction, near, far netip.Addr) bool {
		if s == nil {
			return true
		}
		if s.Site == "gcp" {
			f := v.filter("gcp/v/firewall")
			if f == nil {
				f = &fabric.Filter{Kind: fabric.FirewallPolicy}
			}
			return v.judge(f, dir, near, far, k)
		}
		if s.Filter != "" && !v.judge(v.filter(s.Filter), dir, near, far, k) {
			return false
		}
		if s.NACL == "" || from == to {
			return true
		}
		back := k.Reply()
		other := fabric.Ingress
		if dir == fabric.Ingress {
			other = fabric.Egress
		}
		acl := v.filter(s.NACL)
		return v.judge(acl, dir, near, far, k) && (k.IsOneWay() || v.judge(acl, other, near, far, back))
	}
	return side(from, fabric.Egress, k.Src, k.Dst) && side(to, fabric.Ingress, k.Dst, k.Src)
}

// TestFiltersAgainstOnePacket: random filters of every kind let through the
// same packets whether judged one by one or in classes of units and headers,
// all at once and pair by pair.
func TestFiltersAgainstOnePacket(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	ports := []uint16{1, 22, 23, 80, 443, 3389, 40000, 40001, 65535}
	addrs := []string{"10.1.0.5", "10.1.1.5", "10.1.1.200", "10.1.2.7", "10.1.3.7", "10.2.0.9", "10.2.1.9", "10.3.0.4", "10.3.1.70", "10.3.1.200", "10.4.1.1", "10.4.200.1", "8.8.8.8", "9.9.9.9", "203.0.113.9"}
	tried, passed := 0, 0
	for range 120 {
		n := field()
		randomFilters(r, n)
		p := newProof(n, atlas.Default(), 2)
		v := onePacket{n}
		work := filter.NewScratch(len(p.units))
		for range 120 {
			k := packet.Packet{Src: netip.MustParseAddr(addrs[r.IntN(len(addrs))]), Dst: netip.MustParseAddr(addrs[r.IntN(len(addrs))]), Proto: []vocab.Proto{vocab.TCP, vocab.UDP, vocab.ICMP, vocab.GRE}[r.IntN(4)]}
			if k.Src == k.Dst {
				continue
			}
			if k.Proto.HasPorts() {
				k.SrcPort, k.DstPort = ports[r.IntN(len(ports))], ports[r.IntN(len(ports))]
			}
			if k.Proto == vocab.ICMP {
				k.ICMPType = 8
				if r.IntN(2) == 0 {
					k.ICMPType, k.ICMPCode = 3, 4
				}
			}
			from, to := unitOf(p, k.Src), unitOf(p, k.Dst)
			class := p.space.Of(k)
			want := v.passes(k)
			one, maybe := p.filters.Allowed(from, to, class)
			if one != want || maybe {
				t.Fatalf("allowed(%v) = %v, unknown %v; want %v, known\nfilters: %+v", k, one, maybe, want, n.Filters)
			}
			out := p.filters.Pass(p.units[from].guard, class, fabric.Egress, work)
			in := p.filters.Pass(p.units[to].guard, class, fabric.Ingress, work)
			if all := out.Sure.Has(to) && in.Sure.Has(from); all != want {
				t.Fatalf("pass(%v) = %v, want %v\nfilters: %+v", k, all, want, n.Filters)
			}
			tried++
			if want {
				passed++
			}
		}
	}
	if passed*20 < tried || passed*20 > tried*19 {
		t.Errorf("%d of %d packets pass: the test tells little", passed, tried)
	}
}

// unitOf gives the unit of an address.
func unitOf(p *Proof, a netip.Addr) int {
	list := p.unitsAt[p.addrs.AtomOf(a)]
	if len(list) != 1 {
		panic(fmt.Sprintf("%d units have %s", len(list), a))
	}
	return int(list[0])
}

func TestUnreadIsNeverAPass(t *testing.T) {
	tests := []struct {
		name string
		edit func(*fabric.Network)
		want bool // unknown
	}{
		{"known", func(*fabric.Network) {}, false},
		{"filter", func(n *fabric.Network) { n.Filters[0].Meta.Unread = "a plug-in decides" }, true},
		{"rule before", func(n *fabric.Network) {
			n.Filters[0].Rules[0].Unread = "its peers are computed"
		}, true},
		{"rule after", func(n *fabric.Network) {
			x := n.Filters[0].Rules[0]
			x.Priority, x.Unread = 200, "its peers are computed"
			n.Filters[0].Rules = append(n.Filters[0].Rules, x)
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := field()
			n.Subnets[3].Filter = "azure/v/s0/nsg"
			n.Filters = []fabric.Filter{{ID: "azure/v/s0/nsg", Kind: fabric.NSG, VPC: "azure/v", Rules: []fabric.FilterRule{
				{Name: "allow", Direction: fabric.Ingress, Action: fabric.Allow, Priority: 100, Services: services("tcp/443"), Peers: pfxs("10.2.1.0/24")},
				{Name: "deny", Direction: fabric.Ingress, Action: fabric.Deny, Priority: 300, Services: services("any"), All: true},
			}}}
			tt.edit(n)
			p := New(n, atlas.Default())
			from, to := fabric.PolicyEnd{Prefixes: pfxs("10.2.1.9/32")}, fabric.PolicyEnd{Prefixes: pfxs("10.2.0.9/32")}
			a := p.Flow(from, to, services("tcp/443")[0])
			want := Reachable
			if tt.want {
				want = Undecided
			}
			if a.Verdict != want {
				t.Errorf("Flow() = %v, want %v", a.Verdict, want)
			}
			if tt.want && len(a.Unread) == 0 {
				t.Error("Flow() does not say what it depends on")
			}
		})
	}
}
