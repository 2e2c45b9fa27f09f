package outage

import (
	"cmp"
	"encoding/binary"
	"iter"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/capacity"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// reach is which places of policy send to which by which tables, reduced to
// what routing can tell apart: walks from a table to a class of addresses. It
// is what the failures are judged on; the filters do not change when parts
// fail, but for what Azure's tag VirtualNetwork stands for, which shrinks with
// the routes that are lost and so takes nothing from a flow that still has
// one.
type reach struct {
	proof   *verify.Proof
	classes *classes
	ends    []end
	walks   []walk
	healthy []trip // of walks
	lanes   []lane // by pair
	pairs   []pair // sorted
	uses    [][]use
	laneOf  [][]int32 // lanes by walk
	through [][]int32 // lanes by spot: link*2 + direction, then the places of carries
	traffic []traffic
	loads   []float64 // bits per second by spot, when healthy
	carries *capacity.Model
	rooms   []capacity.Room // by place, when healthy
	links   map[fabric.LinkID]int32
	rates   map[fabric.TunnelID]vocab.Rate
	gates   map[fabric.GatewayID]int32
}

// end is what routing can tell apart of the places of a group: the table they
// send by, the class of their addresses, and what they fail with.
type end struct {
	group verify.Group
	table int32 // -1 outside the network
	class int32
	kind  verify.PlaceKind // a subnet's for endpoints
	// One of those that fail alike.
	subnet fabric.SubnetID
	zone   string
	site   fabric.SiteID
}

// walk is a packet's way from a table to a class of addresses.
type walk struct {
	table, class int32
}

// lane is a pair of walks, there and back, of flows between two groups; -1
// for a way that begins outside the network.
type lane struct {
	pair      int32
	out, back int32
	ends      [][2]int32 // those who use it, sorted
}

// pair is two groups that policy joins; its lanes are lanes[first:last].
type pair struct {
	Pair
	first, last int32
}

// use is a table that walks to a class go through, with what it does healthy.
type use struct {
	class int32
	hops  []routes.Hop
	ok    bool
	walks []int32
}

// newReach works out the walks of all flows of policy and follows them through
// the healthy tables.
func newReach(p *verify.Proof) *reach {
	r := &reach{proof: p, classes: newClasses(p.Net, p.Atlas, p.Tables), links: map[fabric.LinkID]int32{}, rates: map[fabric.TunnelID]vocab.Rate{}, gates: map[fabric.GatewayID]int32{}}
	for i := range p.Net.Links {
		r.links[p.Net.Links[i].ID] = int32(i)
	}
	for i := range p.Net.Tunnels {
		r.rates[p.Net.Tunnels[i].ID] = p.Net.Tunnels[i].Rate
	}
	for i := range p.Net.Gateways {
		r.gates[p.Net.Gateways[i].ID] = int32(i)
	}
	r.carries = capacity.New(p.Net, p.Atlas)
	for i := range r.carries.Len() {
		r.rooms = append(r.rooms, r.carries.Healthy(capacity.Place(i)))
	}
	b := &reachBuilder{reach: r, ends: map[endKey]int32{}, lists: map[string]int32{}, places: make([]int32, len(p.Places())), walks: map[walk]int32{}}
	for i := range b.places {
		b.places[i] = -1
	}
	b.flows()
	b.addTraffic()
	r.follow()
	return r
}

// follow traces every walk through the healthy tables, and notes which tables
// each goes through.
func (r *reach) follow() {
	t := r.proof.Tables
	r.healthy = make([]trip, len(r.walks))
	r.uses = make([][]use, len(t.Tables))
	type at struct{ table, class int32 }
	index := map[at]int32{}
	type followed struct {
		trip   trip
		tables []int
	}
	known := map[walk]followed{}
	for w := range r.walks {
		from, tables, fed := r.feed(t, r.walks[w])
		k, ok := known[from]
		if !ok {
			paths, complete := r.trace(t, from)
			k.trip = r.tripOf(t, from.class, paths, complete, r.rooms)
			for _, p := range paths {
				for i := range p.Steps {
					k.tables = append(k.tables, p.Steps[i].Table)
				}
			}
			slices.Sort(k.tables)
			k.tables = slices.Compact(k.tables)
			known[from] = k
		}
		r.healthy[w] = k.trip.fedBy(fed)
		for _, table := range append(tables, k.tables...) {
			k := at{int32(table), from.class}
			n, ok := index[k]
			if !ok {
				n = int32(len(r.uses[table]))
				index[k] = n
				route, found := t.Lookup(table, r.classes.list[k.class].addr)
				r.uses[table] = append(r.uses[table], use{class: k.class, hops: route.Hops, ok: found})
			}
			u := &r.uses[table][n]
			if l := len(u.walks); l == 0 || u.walks[l-1] != int32(w) {
				u.walks = append(u.walks, int32(w))
			}
		}
	}
	r.laneOf = make([][]int32, len(r.walks))
	r.through = make([][]int32, r.spots())
	for i := range r.lanes {
		for _, w := range r.lanes[i].walks() {
			r.laneOf[w] = append(r.laneOf[w], int32(i))
			for _, c := range r.healthy[w].crossed {
				r.through[c.index()] = append(r.through[c.index()], int32(i))
			}
			for _, p := range r.healthy[w].passed {
				r.through[r.spot(p)] = append(r.through[r.spot(p)], int32(i))
			}
		}
	}
	r.loads = make([]float64, r.spots())
	for i := range r.traffic {
		r.traffic[i].healthy = r.carry(&r.traffic[i], nil, func(w int32) *trip { return &r.healthy[w] })
		for _, c := range r.traffic[i].healthy {
			r.loads[c.spot] += c.rate
		}
	}
}

// spots is how many directions of links, and places in them, traffic is held
// against.
func (r *reach) spots() int { return int(r.spot(0)) + r.carries.Len() }

// spot is the index of a place among them; those of links come first.
func (r *reach) spot(p capacity.Place) int32 { return int32(2*len(r.proof.Net.Links)) + int32(p) }

// walks lists the walks of a lane that are inside the network.
func (l *lane) walks() []int32 {
	switch {
	case l.out < 0:
		return []int32{l.back}
	case l.back < 0:
		return []int32{l.out}
	}
	return []int32{l.out, l.back}
}

func (r *reach) trace(t *routes.Tables, w walk) ([]routes.Path, bool) {
	return t.Trace(int(w.table), r.classes.list[w.class].addr)
}

// maxFeeders bounds the tables that do nothing but hand a packet to their
// gateway: a network's, and that of its hub.
const maxFeeders = 2

// feed follows a walk through the tables that only hand its packets to a
// gateway inside the site, and returns the walk from there on with the tables
// and the places that were passed: what many walks have in common is then
// followed once.
func (r *reach) feed(t *routes.Tables, w walk) (from walk, tables []int, fed []capacity.Place) {
	for range maxFeeders {
		route, ok := t.Lookup(int(w.table), r.classes.list[w.class].addr)
		if !ok || len(route.Hops) != 1 || t.Tables[w.table].Kind != routes.VPCTable {
			break
		}
		hop := &route.Hops[0]
		// An internet gateway serves only the networks it belongs to, so
		// that where a packet comes from matters in a network's table.
		if hop.Kind != routes.Forward || hop.Link != "" || hop.NAT != "" || t.Tables[hop.Table].Kind == routes.VPCTable {
			break
		}
		if t.Tables[hop.Table].Site != t.Tables[w.table].Site {
			break // over the cloud's own network to another site, which takes time
		}
		tables = append(tables, int(w.table))
		fed = r.carries.Crossed(fed, t, int(w.table), hop)
		w.table = int32(hop.Table)
	}
	return w, tables, fed
}

// reachBuilder makes the ends, lanes and walks.
type reachBuilder struct {
	*reach
	ends   map[endKey]int32
	lists  map[string]int32 // of ends, as bytes
	list   [][]int32
	places []int32 // list by place; -1 when not made yet
	walks  map[walk]int32
}

type endKey struct {
	group verify.Group
	table int32
	class int32
	fate  string
}

// joined goes over the pairs of places that failures are judged by: those that
// policy joins or, of a network that states none, those between which
// something gets through when nothing has failed.
func joined(p *verify.Proof) iter.Seq2[int, int] {
	if p.Net.PolicyStated() {
		return p.Joined()
	}
	return func(yield func(from, to int) bool) {
		o := p.Openings()
		for from := range p.Places() {
			for _, x := range o.From(from) {
				if !yield(from, x.To) {
					return
				}
			}
		}
	}
}

// groupOf gives a place's group. Where no policy is stated nothing is in a
// segment, and it is the network of a site.
func (b *reachBuilder) groupOf(pl *verify.Place) verify.Group {
	g := pl.Group
	if b.proof.Net.PolicyStated() || g.Segment != "" {
		return g
	}
	if s, ok := b.proof.Net.Subnet(pl.Subnet); ok {
		g.VPC = s.VPC
	} else if v, ok := b.proof.Net.VPC(fabric.VPCID(pl.ID)); ok {
		g.VPC = v.ID
	}
	return g
}

// flows makes a lane for each way in which policy's flows go.
func (b *reachBuilder) flows() {
	p := b.proof
	type listed struct{ from, to int32 }
	seen := map[listed]bool{}
	type laneKey struct {
		pair      Pair
		out, back int32
	}
	index := map[laneKey]int32{}
	keys := []laneKey{}
	for from, to := range joined(p) {
		if from == to {
			continue
		}
		j := listed{b.endsOf(from), b.endsOf(to)}
		if seen[j] {
			continue
		}
		seen[j] = true
		for _, x := range b.list[j.from] {
			for _, y := range b.list[j.to] {
				from, to := &b.reach.ends[x], &b.reach.ends[y]
				if !p.Net.PolicyStated() && from.group == to.group {
					continue
				}
				k := laneKey{Pair{from.group, to.group}, b.walk(from.table, to.class), b.walk(to.table, from.class)}
				if k.out < 0 && k.back < 0 {
					continue
				}
				n, ok := index[k]
				if !ok {
					n = int32(len(b.lanes))
					index[k] = n
					keys = append(keys, k)
					b.lanes = append(b.lanes, lane{out: k.out, back: k.back})
				}
				b.lanes[n].ends = append(b.lanes[n].ends, [2]int32{x, y})
			}
		}
	}
	order := make([]int, len(keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		return cmp.Or(keys[i].pair.compare(keys[j].pair), cmp.Compare(keys[i].out, keys[j].out), cmp.Compare(keys[i].back, keys[j].back))
	})
	lanes := make([]lane, 0, len(keys))
	for _, i := range order {
		if n := len(b.pairs); n == 0 || b.pairs[n-1].Pair != keys[i].pair {
			b.pairs = append(b.pairs, pair{Pair: keys[i].pair, first: int32(len(lanes))})
		}
		l := b.lanes[i]
		l.pair = int32(len(b.pairs) - 1)
		slices.SortFunc(l.ends, func(x, y [2]int32) int { return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1])) })
		l.ends = slices.Compact(l.ends)
		lanes = append(lanes, l)
		b.pairs[l.pair].last = int32(len(lanes))
	}
	b.lanes = lanes
}

func (b *reachBuilder) walk(table, class int32) int32 {
	if table < 0 {
		return -1
	}
	w := walk{table, class}
	i, ok := b.walks[w]
	if !ok {
		i = int32(len(b.reach.walks))
		b.walks[w] = i
		b.reach.walks = append(b.reach.walks, w)
	}
	return i
}

// endsOf returns the index of the list of ends that a place has.
func (b *reachBuilder) endsOf(place int) int32 {
	if b.places[place] >= 0 {
		return b.places[place]
	}
	pl := &b.proof.Places()[place]
	var list []int32
	kind := b.proof.KindOf(place)
	if kind == verify.EndpointPlace {
		kind = verify.SubnetPlace
	}
	for _, part := range pl.Parts {
		list = append(list, b.endOf(pl, kind, part.Zone, int32(part.Table), prefix.FromPrefixes(part.Prefix))...)
	}
	if len(pl.Parts) == 0 {
		list = b.endOf(pl, kind, "", -1, pl.Addrs)
	}
	slices.Sort(list)
	list = slices.Compact(list)
	key := make([]byte, 0, 4*len(list))
	for _, e := range list {
		key = binary.LittleEndian.AppendUint32(key, uint32(e))
	}
	i, ok := b.lists[string(key)]
	if !ok {
		i = int32(len(b.list))
		b.lists[string(key)] = i
		b.list = append(b.list, list)
	}
	b.places[place] = i
	return i
}

func (b *reachBuilder) endOf(pl *verify.Place, kind verify.PlaceKind, zone string, table int32, addrs prefix.Set) []int32 {
	fate, group := string(pl.Site), b.groupOf(pl)
	if s, ok := b.proof.Net.Subnet(pl.Subnet); ok {
		var w strings.Builder
		w.WriteString(string(s.Site) + " " + zone)
		for _, d := range s.Meta.Domains {
			w.WriteString(" " + d.Kind.String() + "=" + d.ID)
		}
		fate = w.String()
	}
	var out []int32
	for _, c := range b.classes.of(addrs, kind) {
		k := endKey{group, table, c, fate}
		i, ok := b.ends[k]
		if !ok {
			i = int32(len(b.reach.ends))
			b.ends[k] = i
			b.reach.ends = append(b.reach.ends, end{group: group, table: table, class: c, kind: kind, subnet: pl.Subnet, zone: zone, site: pl.Site})
		}
		out = append(out, i)
	}
	return out
}
