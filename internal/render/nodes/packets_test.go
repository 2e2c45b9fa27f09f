package nodes_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/render/nodes"
	"github.com/tieline/tieline/internal/testkit/cases"
	kit "github.com/tieline/tieline/internal/testkit/corpus"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// packet is one that a machine sends.
type packet struct {
	proto    vocab.Proto
	src, dst netip.Addr
	from, to uint16
}

func (p packet) reply() packet { return packet{p.proto, p.dst, p.src, p.to, p.from} }

// arrives carries a packet over the tables, by every device of equal standing,
// and reports whether all of them end at the machine.
func (x *exchange) arrives(p packet, at nodes.End, to string, hops int) bool {
	table, ok := x.rules[at]
	if !ok || hops > 32 {
		return false
	}
	var st held
	if st, ok = x.tables[table]; !ok {
		return false
	}
	r, ok := st.state.Reached(p.dst)
	if !ok || len(r.Devices) == 0 {
		return false
	}
	for _, d := range r.Devices {
		far := x.far[nodes.End{Owner: st.node, Device: d}]
		if far.Owner == to {
			continue
		}
		if x.nodes[far.Owner] == nil || !x.arrives(p, far, to, hops+1) {
			return false
		}
	}
	return true
}

// passes evaluates a machine's filters. A reply to what a stateful one let
// through is not judged by it.
func (x *exchange) passes(m *nodes.Machine, p packet, dir nodeconf.Direction, reply bool) bool {
	for i := range m.Filters {
		f := &m.Filters[i]
		if f.Kind == nodeconf.Stateful && reply {
			continue
		}
		if x.verdict(m, f, p, dir) != nodeconf.Accept {
			return false
		}
	}
	return true
}

func (x *exchange) verdict(m *nodes.Machine, f *nodeconf.Filter, p packet, dir nodeconf.Direction) nodeconf.Verdict {
	local, peer := p.src, p.dst
	out := f.Egress
	if dir == nodeconf.Ingress {
		local, peer, out = p.dst, p.src, f.Ingress
	}
	in := func(list []netip.Prefix, a netip.Addr) bool {
		return slices.ContainsFunc(list, func(q netip.Prefix) bool { return q.Contains(a) })
	}
	for i := range f.Rules {
		r := &f.Rules[i]
		switch {
		case r.Direction != dir, r.PathMTU, len(r.Local) > 0 && !in(r.Local, local), len(r.Peers) > 0 && !in(r.Peers, peer),
			r.PeerSet != "" && in(x.set(m, f, r.PeerSet), peer) == r.NotPeerSet, !serves(r, p):
			continue
		}
		return r.Verdict
	}
	return out
}

// serves reports whether a packet is of the services and source ports of a rule.
func serves(r *nodeconf.FilterRule, p packet) bool {
	holds := func(x vocab.PortRange, port uint16) bool { return x.IsAny() || x.First <= port && port <= x.Last }
	if len(r.SourcePorts) > 0 && !slices.ContainsFunc(r.SourcePorts, func(x vocab.PortRange) bool { return holds(x, p.from) }) {
		return false
	}
	return len(r.Services) == 0 || slices.ContainsFunc(r.Services, func(s vocab.Service) bool {
		return s.Proto == vocab.AnyProto || s.Proto == p.proto && holds(s.Ports, p.to)
	})
}

// set is what a set holds, with what the table learned that it follows.
func (x *exchange) set(m *nodes.Machine, f *nodeconf.Filter, name string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range f.Sets {
		if s.Name == name {
			out = append(out, s.Prefixes...)
		}
	}
	for _, t := range m.Tags {
		for _, table := range x.nodes[t.Node].Config.Tables {
			if t.Set != name || table.ID != t.Table {
				continue
			}
			for _, r := range x.tables[table.Name].state.Routes {
				if r.Learned {
					out = append(out, r.Prefix)
				}
			}
		}
	}
	return out
}

// reaches reports whether a connection from one machine to another is opened.
func (x *exchange) reaches(a, b *nodes.Machine, p packet) bool {
	gate := func(m *nodes.Machine) nodes.End { return x.far[nodes.End{Owner: m.Name, Device: "eth0"}] }
	r := p.reply()
	return x.passes(a, p, nodeconf.Egress, false) && x.arrives(p, gate(a), b.Name, 0) && x.passes(b, p, nodeconf.Ingress, false) &&
		x.passes(b, r, nodeconf.Egress, true) && x.arrives(r, gate(b), a.Name, 0) && x.passes(a, r, nodeconf.Ingress, true)
}

// agree compares every pair of machines, on ports that rules name and one that
// none does, with the proof.
func agree(t *testing.T, n *fabric.Network, a *atlas.Atlas, most int) (passed int) {
	t.Helper()
	p, err := nodes.Render(n, a, nodes.Options{Tunnels: nodeconf.WireGuard})
	if err != nil {
		t.Skip(err)
	}
	x := newExchange(p)
	x.converge(t)
	proof := verify.New(n, a)
	end := func(m *nodes.Machine) fabric.PolicyEnd {
		return fabric.PolicyEnd{Ref: m.Name, Prefixes: []netip.Prefix{netip.PrefixFrom(m.Addr, 32)}}
	}
	judged, bad := 0, 0
	for i := range p.Machines {
		for k := range p.Machines {
			from, to := &p.Machines[i], &p.Machines[k]
			if i == k || from.Site == "" || to.Site == "" || judged > most {
				continue
			}
			for _, s := range to.Open {
				want := proof.Flow(end(from), end(to), s).Verdict
				if want != verify.Reachable && want != verify.Blocked {
					continue
				}
				judged++
				if want == verify.Reachable {
					passed++
				}
				got := x.reaches(from, to, packet{s.Proto, from.Addr, to.Addr, 50000, s.Ports.First})
				if got != (want == verify.Reachable) {
					if bad++; bad < 10 {
						t.Errorf("%s to %s %s: %v, the proof says %v", from.Name, to.Name, s, got, want)
					}
				}
			}
		}
	}
	judged += x.abroad(t, proof, end)
	if len(p.Machines) > 3 && judged == 0 {
		t.Error("nothing was compared")
	}
	return passed
}

// exit follows a packet to the device by which its node hands it to the
// internet.
func (x *exchange) exit(p packet, at nodes.End, hops int) (nodes.End, bool) {
	st, ok := x.tables[x.rules[at]]
	r, found := st.state.Reached(p.dst)
	if !ok || !found || len(r.Devices) == 0 || hops > 32 {
		return nodes.End{}, false
	}
	e := nodes.End{Owner: st.node, Device: r.Devices[0]}
	far := x.far[e]
	if x.rules[far] == "internet" {
		return e, true
	}
	return x.exit(p, far, hops+1)
}

// nat is what translates a source on its way out of a device.
func (x *exchange) nat(at nodes.End, from netip.Addr) (nodeconf.NAT, bool) {
	list := x.nodes[at.Owner].Config.NATs
	i := slices.IndexFunc(list, func(n nodeconf.NAT) bool { return n.Device == at.Device && n.Source.Contains(from) })
	if i < 0 {
		return nodeconf.NAT{}, false
	}
	return list[i], true
}

// abroad compares what machines reach in the internet, and how many it compared.
func (x *exchange) abroad(t *testing.T, proof *verify.Proof, end func(*nodes.Machine) fabric.PolicyEnd) int {
	t.Helper()
	judged := 0
	i := slices.IndexFunc(x.plan.Machines, func(m nodes.Machine) bool { return m.Name == "internet" })
	if i < 0 {
		return 0
	}
	world := &x.plan.Machines[i]
	internet := end(world)
	for i := range x.plan.Machines {
		m := &x.plan.Machines[i]
		if m.Subnet == "" {
			continue
		}
		for _, s := range world.Open {
			out := packet{s.Proto, m.Addr, world.Addr, 50000, s.Ports.First}
			door, ok := x.exit(out, x.far[nodes.End{Owner: m.Name, Device: "eth0"}], 0)
			var nat nodeconf.NAT
			if ok {
				nat, ok = x.nat(door, m.Addr)
			}
			// The router of the internet knows the way back, by that device.
			router := x.tables["internet"]
			way, known := router.state.Reached(nat.To)
			home := known && x.far[nodes.End{Owner: "internet/router", Device: way.Devices[0]}] == door
			back := ok && home && x.arrives(out.reply(), door, m.Name, 0)
			if want := proof.Flow(end(m), internet, s).Verdict; want == verify.Reachable || want == verify.Blocked {
				judged++
				got := back && x.passes(m, out, nodeconf.Egress, false) && x.passes(m, out.reply(), nodeconf.Ingress, true)
				if got != (want == verify.Reachable) {
					t.Errorf("%s to the internet %s: %v, the proof says %v", m.Name, s, got, want)
				}
			}
			in := packet{s.Proto, world.Addr, m.Addr, 50000, s.Ports.First}
			if want := proof.Flow(internet, end(m), s).Verdict; want == verify.Reachable || want == verify.Blocked {
				judged++
				got := back && nat.Both && x.passes(m, in, nodeconf.Ingress, false) && x.passes(m, in.reply(), nodeconf.Egress, true)
				if got != (want == verify.Reachable) {
					t.Errorf("the internet to %s %s: %v, the proof says %v", m.Name, s, got, want)
				}
			}
		}
	}
	return judged
}

func TestPacketsAgreeWithTheProof(t *testing.T) {
	for _, net := range kit.Networks {
		if net.Name == "estate" {
			continue
		}
		t.Run(net.Name, func(t *testing.T) {
			n, a := load(t, net.Name)
			if agree(t, n, a, 2000) == 0 && net.Name != "minimal" {
				t.Error("nothing passes, and the policy asks for some")
			}
		})
	}
	for _, c := range cases.All() {
		if c.Chance {
			continue
		}
		t.Run(c.Name, func(t *testing.T) { agree(t, c.Net, atlas.Default(), 500) })
	}
	for seed := range seeds(40) {
		if n := compiled(seed); n != nil {
			t.Run(fmt.Sprint(seed), func(t *testing.T) { agree(t, n, atlas.Default(), 300) })
		}
	}
}
