package nodes_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/node/rib"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/render/nodes"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/testkit/cases"
	kit "github.com/tieline/tieline/internal/testkit/corpus"
	"github.com/tieline/tieline/internal/testkit/random"
)

// soak asks for the largest network too, and for more random ones.
const soak = "TIELINE_SOAK"

// exchange is a run of a plan without packets: the routing information base of
// each node, and sessions that carry what the other end announces.
type exchange struct {
	plan   *nodes.Plan
	nodes  map[string]*nodes.Node
	bases  map[string]*rib.RIB
	tables map[string]held // by name
	far    map[nodes.End]nodes.End
	rules  map[nodes.End]string // device: name of the table that routes what it brings
	tunnel map[nodes.End]string // devices of tunnels: the tunnel
	down   map[string]bool      // sessions
	sent   map[string]map[netip.Prefix]rib.Learned
}

type held struct {
	node  string
	state nodeconf.TableState
}

func newExchange(p *nodes.Plan) *exchange {
	x := &exchange{
		plan: p, nodes: map[string]*nodes.Node{}, bases: map[string]*rib.RIB{}, tables: map[string]held{},
		far: map[nodes.End]nodes.End{}, rules: map[nodes.End]string{}, tunnel: map[nodes.End]string{}, down: map[string]bool{},
	}
	join := func(a, b nodes.End) { x.far[a], x.far[b] = b, a }
	byUnderlay := map[string]nodes.End{}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		c := &n.Config
		x.nodes[n.Name] = n
		x.bases[n.Name] = rib.New(c.Tables, c.Sessions)
		numbers := map[int]string{}
		for k := range c.Tables {
			numbers[c.Tables[k].ID] = c.Tables[k].Name
		}
		for _, r := range c.Rules {
			x.rules[nodes.End{Owner: n.Name, Device: r.Device}] = numbers[r.Table]
		}
		for k := range c.Devices {
			if d := &c.Devices[k]; d.Pair != "" {
				join(nodes.End{Owner: n.Name, Device: d.Name}, nodes.End{Owner: n.Name, Device: d.Pair})
			}
		}
		for k := range c.Tunnels {
			e := nodes.End{Owner: n.Name, Device: c.Tunnels[k].Name}
			byUnderlay[c.Tunnels[k].Underlay] = e
			x.tunnel[e] = strings.TrimPrefix(c.Tunnels[k].ID, "tunnel ")
		}
	}
	for _, c := range p.Cords {
		join(c.A, c.B)
	}
	for _, w := range p.Wires {
		join(w.A, w.B)
	}
	for _, q := range p.Paths {
		join(byUnderlay[q.A], byUnderlay[q.B])
	}
	return x
}

type spoken struct {
	node    string
	session *nodeconf.Session
}

// end ends a session for good: a limit was passed, or what carries it failed.
func (x *exchange) end(ends ...spoken) {
	for _, s := range ends {
		x.down[s.session.ID] = true
		x.bases[s.node].Down(s.session.ID)
	}
}

// converge carries announcements until none changes anything.
func (x *exchange) converge(t *testing.T) {
	t.Helper()
	ends := map[string]spoken{}
	key := func(id string, from, to netip.Addr) string { return id + " " + from.String() + " " + to.String() }
	var all []spoken
	for i := range x.plan.Nodes {
		n := &x.plan.Nodes[i]
		for k := range n.Config.Sessions {
			s := spoken{n.Name, &n.Config.Sessions[k]}
			all = append(all, s)
			ends[key(s.session.ID, s.session.Local, s.session.Peer)] = s
		}
	}
	if x.sent == nil {
		x.sent = map[string]map[netip.Prefix]rib.Learned{}
	}
	sent := x.sent
	for round := 0; ; round++ {
		if round > 50 {
			t.Fatal("announcements do not come to rest")
		}
		stirred := map[string][]string{} // by node
		for _, name := range slices.Sorted(maps.Keys(x.bases)) {
			_, stirred[name] = x.bases[name].Changed()
		}
		moved := false
		for _, s := range all {
			if _, ok := slices.BinarySearch(stirred[s.node], s.session.ID); !ok || x.down[s.session.ID] {
				continue
			}
			peer, ok := ends[key(s.session.ID, s.session.Peer, s.session.Local)]
			if !ok {
				t.Fatalf("session %s of %s has no other end", s.session.ID, s.node)
			}
			k := key(s.session.ID, s.session.Local, s.session.Peer)
			was, now := sent[k], map[netip.Prefix]rib.Learned{}
			var add []rib.Learned
			for _, e := range x.bases[s.node].Exports(s.session.ID) {
				l, ok := receive(s.session, peer.session, e)
				if !ok {
					continue
				}
				now[l.Prefix] = l
				if old, ok := was[l.Prefix]; !ok || old.MED != l.MED || !slices.Equal(old.Path, l.Path) {
					add = append(add, l)
				}
			}
			var gone []netip.Prefix
			for q := range was {
				if _, ok := now[q]; !ok {
					gone = append(gone, q)
				}
			}
			if len(add)+len(gone) == 0 {
				continue
			}
			if peer.session.Most > 0 && len(now) > peer.session.Most {
				x.end(s, peer)
				moved = true
				continue
			}
			moved, sent[k] = true, now
			x.bases[peer.node].Update(peer.session.ID, add, gone)
		}
		if !moved {
			break
		}
	}
	for name, r := range x.bases {
		for _, st := range r.Tables() {
			if st.Name == "self" || st.Name == "nowhere" {
				continue
			}
			x.tables[st.Name] = held{name, st}
		}
	}
}

// receive is what becomes of an announcement at the other end (RFC 4271
// sections 5.1.2 and 9.1.2).
func receive(from, to *nodeconf.Session, e rib.Export) (rib.Learned, bool) {
	l := rib.Learned{Prefix: e.Prefix, Path: e.Path, LocalPref: 100, Communities: e.Communities}
	if from.ASN != from.PeerASN {
		l.Path = append(slices.Repeat([]uint32{from.ASN}, 1+from.Prepend), e.Path...)
	}
	if e.MED != nil {
		l.MED = *e.MED
	}
	if slices.Contains(l.Path, to.ASN) {
		return l, false
	}
	return l, !slices.ContainsFunc(to.Refuse, func(q netip.Prefix) bool { return prefix.Covers(q, l.Prefix) })
}

// ways says where a table sends a prefix: tunnels, or what the next table is.
func (x *exchange) ways(node, table string, r nodeconf.RouteState) []string {
	if len(r.Devices) == 0 {
		return []string{"discarded"}
	}
	var out []string
	for _, d := range r.Devices {
		e := nodes.End{Owner: node, Device: d}
		far := x.far[e]
		next := x.rules[far]
		switch {
		case x.tunnel[e] != "":
			out = append(out, "tunnel "+x.tunnel[e]+" to "+site(next))
		case strings.HasSuffix(next, "/local"):
			out = append(out, "deliver")
		case next == "internet":
			out = append(out, "internet")
		case strings.Contains(next, "#") && !strings.Contains(table, "#"):
			// A device of the site: what it does with the prefix.
			st := x.tables[next]
			for _, y := range st.state.Routes {
				if y.Prefix == r.Prefix {
					out = append(out, x.ways(st.node, next, y)...)
				}
			}
		default:
			out = append(out, "table "+next)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// site is the table of a site that a device's table is a part of.
func site(table string) string {
	name, _, _ := strings.Cut(table, "#")
	return name
}

// proved says the same of a route of the proof.
func proved(t *routes.Tables, hops []routes.Hop) []string {
	var out []string
	for _, h := range hops {
		switch h.Kind {
		case routes.Deliver:
			out = append(out, "deliver")
		case routes.Forward:
			next := string(t.Tables[h.Table].ID)
			if h.Tunnel != "" {
				out = append(out, "tunnel "+string(h.Tunnel)+" to "+next)
				continue
			}
			out = append(out, "table "+next)
		case routes.Internet, routes.Translate:
			out = append(out, "internet")
		case routes.Discard:
			out = append(out, "discarded")
		case routes.Unknown:
			out = append(out, "unknown")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// expected lists what a table of the proof does, by prefix.
func expected(t *routes.Tables, i int) map[netip.Prefix][]string {
	tb := &t.Tables[i]
	out := map[netip.Prefix][]string{}
	for _, r := range tb.Own.All() {
		out[r.Prefix] = proved(t, r.Hops)
	}
	for _, r := range tb.Learned.All() {
		_, own := tb.Own.Get(r.Prefix)
		firm := slices.ContainsFunc(tb.Own.All(), func(o routes.Route) bool { return o.Firm && prefix.Covers(o.Prefix, r.Prefix) })
		if own || firm {
			continue
		}
		if tb.LearnedHop.Kind != 0 {
			r.Hops = []routes.Hop{tb.LearnedHop}
		}
		out[r.Prefix] = proved(t, r.Hops)
	}
	return out
}

// settled follows a table's way to its end where the proof says that the
// packet is delivered: a transit gateway hands it to the table of its subnet.
func (x *exchange) settled(got []string, q netip.Prefix) []string {
	out := slices.Clone(got)
	for i, w := range out {
		next, ok := strings.CutPrefix(w, "table ")
		if !ok {
			continue
		}
		st := x.tables[next]
		if r, ok := st.state.Reached(q.Addr()); ok && slices.Equal(x.ways(st.node, next, r), []string{"deliver"}) {
			out[i] = "deliver"
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestTablesAgreeWithTheProof(t *testing.T) {
	for _, net := range kit.Networks {
		if net.Name == "estate" && os.Getenv(soak) == "" {
			continue // thousands of subnets, and a minute
		}
		t.Run(net.Name, func(t *testing.T) {
			n, a := load(t, net.Name)
			for _, kind := range []nodeconf.TunnelKind{nodeconf.IPsec, nodeconf.WireGuard} {
				p, err := nodes.Render(n, a, nodes.Options{Tunnels: kind, Fast: kind == nodeconf.WireGuard})
				if err != nil {
					t.Fatal(err)
				}
				x := newExchange(p)
				x.converge(t)
				want := routes.Compute(n, a, nil)
				compare(t, x, want)
			}
		})
	}
}

func compare(t *testing.T, x *exchange, want *routes.Tables) {
	t.Helper()
	bad := 0
	for i := range want.Tables {
		name := string(want.Tables[i].ID)
		st, ok := x.tables[name]
		if !ok {
			t.Errorf("no node has table %s", name)
			continue
		}
		list := expected(want, i)
		for _, r := range st.state.Routes {
			wanted, ok := list[r.Prefix]
			delete(list, r.Prefix)
			got := x.ways(st.node, name, r)
			if slices.Equal(wanted, []string{"unknown"}) {
				continue
			}
			if !ok {
				wanted = []string{"nothing"}
			}
			if slices.Contains(wanted, "deliver") {
				got = x.settled(got, r.Prefix)
			}
			if slices.Equal(got, wanted) || name != "" && slices.Equal(wanted, []string{"deliver"}) && slices.Equal(got, []string{"discarded"}) && isOwn(want, i, r.Prefix) {
				continue
			}
			if bad++; bad < 40 {
				t.Errorf("table %s of %s, %s: %v, want %v", name, st.node, r.Prefix, got, wanted)
			}
		}
		for q, w := range list {
			if slices.Equal(w, []string{"unknown"}) {
				continue
			}
			if bad++; bad < 40 {
				t.Errorf("table %s of %s, %s: nothing, want %v", name, st.node, q, w)
			}
		}
	}
}

// isOwn reports whether a prefix is a virtual hub's own, where no machine is.
func isOwn(t *routes.Tables, i int, q netip.Prefix) bool {
	r, ok := t.Tables[i].Own.Get(q)
	return ok && t.Tables[i].Kind == routes.HubTable && r.Hops[0].VPC == ""
}

// TestCasesAgreeWithTheProof does the same for networks that are known by hand.
func TestCasesAgreeWithTheProof(t *testing.T) {
	for _, c := range cases.All() {
		t.Run(c.Name, func(t *testing.T) {
			if c.Chance {
				t.Skip("what happens is not documented")
			}
			p, err := nodes.Render(c.Net, atlas.Default(), nodes.Options{Tunnels: nodeconf.WireGuard})
			if err != nil {
				t.Skip(err)
			}
			x := newExchange(p)
			x.converge(t)
			compare(t, x, routes.Compute(c.Net, atlas.Default(), nil))
		})
	}
}

// seeds is how many random networks are tried: few, or what soak asks for.
func seeds(few uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(soak), 10, 32); err == nil {
		return n
	}
	return few
}

// compiled is a network that compiles by chance, nil where it does not.
func compiled(seed uint64) *fabric.Network {
	s, diags := spec.Parse([]spec.File{{Name: "network.yaml", Data: []byte(random.Spec(rand.New(rand.NewPCG(seed, 1))))}})
	if diags.HasErrors() {
		return nil
	}
	r := compile.Compile(&s, lock.Lock{}, atlas.Default())
	if r.Diags.HasErrors() {
		return nil
	}
	return r.Network
}

// TestRandomAgreeWithTheProof does the same for networks that compile by
// chance, and again with each tunnel and each gateway's instance failed.
func TestRandomAgreeWithTheProof(t *testing.T) {
	played := 0
	for seed := range seeds(60) {
		n := compiled(seed)
		if n == nil {
			continue
		}
		p, err := nodes.Render(n, atlas.Default(), nodes.Options{Tunnels: nodeconf.WireGuard})
		if err != nil {
			t.Errorf("seed %d: Render: %v", seed, err)
			continue
		}
		played++
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			x := newExchange(p)
			x.converge(t)
			compare(t, x, routes.Compute(n, atlas.Default(), nil))
			failing(t, n, atlas.Default(), p, 4)
		})
	}
	if played < 10 {
		t.Errorf("played %d random networks, want 10 or more", played)
	}
}

func TestFailuresAgreeWithTheProof(t *testing.T) {
	for _, name := range []string{"triangle", "hub-spoke", "ml-platform"} {
		t.Run(name, func(t *testing.T) {
			n, a := load(t, name)
			p, err := nodes.Render(n, a, nodes.Options{Tunnels: nodeconf.WireGuard})
			if err != nil {
				t.Fatal(err)
			}
			failing(t, n, a, p, 1000)
		})
	}
}

// failing compares the tables with each tunnel failed, and all of each
// gateway's instance, up to so many.
func failing(t *testing.T, n *fabric.Network, a *atlas.Atlas, p *nodes.Plan, most int) {
	t.Helper()
	parts := map[routes.Part][]string{}
	for i := range n.Tunnels {
		id := string(n.Tunnels[i].ID)
		parts[routes.Part{Kind: routes.TunnelPart, ID: id}] = []string{id}
		for _, d := range n.Tunnels[i].Domains {
			if d.Kind == fabric.Instance {
				k := routes.Part{Kind: routes.InstancePart, ID: d.ID}
				parts[k] = append(parts[k], id)
			}
		}
	}
	for i, part := range slices.SortedFunc(maps.Keys(parts), routes.Part.Compare) {
		if i >= most {
			return
		}
		x := newExchange(p)
		x.converge(t)
		for k := range p.Nodes {
			for j := range p.Nodes[k].Config.Sessions {
				if s := &p.Nodes[k].Config.Sessions[j]; slices.Contains(parts[part], s.ID) {
					x.end(spoken{p.Nodes[k].Name, s})
				}
			}
		}
		x.converge(t)
		want := routes.Compute(n, a, routes.NewFailure(part))
		if !t.Run(part.String(), func(t *testing.T) { compare(t, x, want) }) {
			return
		}
	}
}
