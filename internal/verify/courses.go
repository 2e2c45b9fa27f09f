package verify

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify/bits"
	"github.com/tieline/tieline/internal/verify/forward"
	"github.com/tieline/tieline/internal/vocab"
)

// course is the units that packets reach by the tables, whatever filters say.
type course struct {
	sure    bits.Set // by every equal-cost way
	maybe   bits.Set // by one at least
	unknown bits.Set // perhaps: something on the way is not modelled
	ajar    bits.Set // from the internet, once a machine is given a public address
}

func newCourse(n int) *course { return &course{bits.New(n), bits.New(n), bits.New(n), bits.New(n)} }

// courses gives the ways out of each unit and back to it.
type courses struct {
	out  []*course // by unit: where its packets arrive
	back []*course // by unit: from where replies arrive; for whoever it opened a connection to
}

// outKey is what the ways out of a unit depend on.
type outKey struct {
	table, place int
	exit         exit
}

// exit is how machines of a unit reach the internet when a table sends them
// to an internet gateway.
type exit uint8

const (
	noExit  exit = iota // not at all: they have no public address
	natExit             // by NAT that serves the subnet
	publicExit
)

func (p *Proof) exitOf(u *unit) exit {
	b := &p.behind[u.place]
	if b.subnet == nil {
		return noExit
	}
	if p.served[b.subnet.ID] {
		return natExit
	}
	if b.subnet.Internet == fabric.Public {
		return publicExit
	}
	return noExit
}

// servedByNAT gives the subnets that a NAT serves without a route to it.
func servedByNAT(n *fabric.Network) map[fabric.SubnetID]bool {
	out := map[fabric.SubnetID]bool{}
	for i := range n.NATs {
		for _, s := range n.NATs[i].Serves {
			out[s] = true
		}
	}
	return out
}

// leave says whether a unit's packets to the internet may get there, and
// whether they certainly do.
func (p *Proof) leave(from, to *unit) (may, sure, unknown bool) {
	if from.table < 0 {
		return false, false, !p.isBeyond(from.place)
	}
	x, _ := p.fates.At(to.route, from.table)
	if p.isExisting(from) {
		return false, false, x&(forward.Unknown|forward.Renamed|forward.Internet|forward.NAT) != 0 // its addresses are its own business
	}
	may = x&forward.NAT != 0 || x&forward.Internet != 0 && p.exitOf(from) != noExit
	sure = may && x&^(forward.Internet|forward.NAT) == 0 && (x&forward.Internet == 0 || p.exitOf(from) != noExit)
	return may, sure, x&(forward.Unknown|forward.Renamed) != 0
}

// isExisting reports whether a unit is of a network that is joined, not made.
func (p *Proof) isExisting(u *unit) bool {
	b := &p.behind[u.place]
	return b.kind == VPCPlace || b.subnet != nil && b.subnet.Existing
}

// enter says whether packets from the internet may reach a unit: its machines
// must have public addresses, which only an internet gateway gives, and the
// table must send what it answers there.
func (p *Proof) enter(from, to *unit) (may, sure, unknown bool) {
	if to.table < 0 {
		return false, false, false
	}
	x, _ := p.fates.At(from.route, to.table)
	if p.isExisting(to) {
		return false, false, x&(forward.Unknown|forward.Internet) != 0
	}
	may = x&forward.Internet != 0 && p.exitOf(to) == publicExit
	return may, may && x == forward.Internet, x&forward.Unknown != 0
}

// isAjar reports whether packets from the internet would reach a unit if its
// machines had public addresses, which they are not meant to have.
func (p *Proof) isAjar(from, to *unit) bool {
	if !p.isBeyond(from.place) || p.isBeyond(to.place) || to.table < 0 || p.isExisting(to) || p.exitOf(to) != noExit {
		return false
	}
	x, _ := p.fates.At(from.route, to.table)
	return x&forward.Internet != 0 && p.isGateway(from, to)
}

// isGateway reports whether a unit's table has a route to an internet gateway
// that someone wrote: the clouds' own default routes lead out without one.
func (p *Proof) isGateway(from, to *unit) bool {
	r, ok := p.Tables.Lookup(to.table, p.addrs.First(p.addrs.Example(int(from.route))))
	return ok && r.Protocol != routes.Default
}

// forward says whether packets from one unit may arrive at another by the
// tables, and whether they certainly do.
func (p *Proof) forward(from, to *unit) (may, sure, unknown bool) {
	switch beyondFrom, beyondTo := p.isBeyond(from.place), p.isBeyond(to.place); {
	case beyondFrom && beyondTo:
		return false, false, false
	case beyondFrom:
		return p.enter(from, to)
	case beyondTo:
		return p.leave(from, to)
	}
	if p.isInside(from, to) {
		return true, true, false
	}
	if from.table < 0 {
		return false, false, true
	}
	may, sure = p.fates.Delivers(from.table, to.route, to.end)
	x, _ := p.fates.At(to.route, from.table)
	return may, sure, x&(forward.Unknown|forward.Renamed) != 0
}

// isRenamed reports whether NAT gives packets between two units of the network
// another address: it is not known what becomes of them, but they do not
// arrive as what was sent, and no reply finds its connection.
func (p *Proof) isRenamed(from, to *unit) bool {
	if from.table < 0 || p.isBeyond(to.place) {
		return false
	}
	x, _ := p.fates.At(to.route, from.table)
	return x&forward.Renamed != 0 && x&forward.Unknown == 0
}

// returning is [Proof.forward] for the replies to a connection that was opened
// from one unit to another: what goes out to the internet has its replies come
// back the same way.
func (p *Proof) returning(opener, answerer *unit) (may, sure, unknown bool) {
	if p.isBeyond(answerer.place) || p.isBeyond(opener.place) {
		return true, true, false
	}
	return p.forward(answerer, opener)
}

// isInside reports whether packets between two units cross no table of ours:
// inside a site of one's own, or a network whose tables are not known.
func (p *Proof) isInside(a, b *unit) bool {
	if a.end != b.end || a.end == forward.NoTerminal {
		return false
	}
	return p.behind[a.place].kind == SitePlace || a.table < 0
}

// backKey is what the ways back to a unit depend on.
type backKey struct {
	route, end int32
	place      int
}

// makeCourses works out the ways between all units.
func (p *Proof) makeCourses() {
	n := len(p.units)
	p.courses = &courses{out: make([]*course, n), back: make([]*course, n)}
	outs, backs := map[outKey]*course{}, map[backKey]*course{}
	sources, alike, each := p.bySource(), p.byTarget(), p.oneByOne()
	targets := func(u *unit) [][]int32 {
		if u.table < 0 || p.behind[u.place].kind == SitePlace {
			return each
		}
		return alike
	}
	var jobs []func()
	for i := range p.units {
		u := &p.units[i]
		ok := outKey{table: u.table, place: -1, exit: p.exitOf(u)}
		bk := backKey{u.route, u.end, -1}
		if u.table < 0 || p.behind[u.place].kind == SitePlace {
			ok.place, bk.place = i, i // each for itself
		}
		if p.isBeyond(u.place) {
			ok.place = -2 - int(u.route)
		}
		if outs[ok] == nil {
			l := newCourse(n)
			outs[ok] = l
			jobs = append(jobs, func() {
				p.fillCourse(l, targets(u), func(v *unit) (bool, bool, bool) { return p.forward(u, v) })
				p.fillAjar(l, u)
			})
		}
		if backs[bk] == nil {
			l := newCourse(n)
			backs[bk] = l
			jobs = append(jobs, func() { p.fillCourse(l, sources, func(v *unit) (bool, bool, bool) { return p.returning(u, v) }) })
		}
		p.courses.out[i], p.courses.back[i] = outs[ok], backs[bk]
	}
	p.parallel(len(jobs), func(i int) { jobs[i]() })
}

// parallel runs n jobs on the proof's workers and waits for them.
func (p *Proof) parallel(n int, job func(i int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(p.workers, n) {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				job(i)
			}
		})
	}
	wait.Wait()
}

// fillAjar notes the units that packets from the internet would reach.
func (p *Proof) fillAjar(l *course, from *unit) {
	if !p.isBeyond(from.place) {
		return
	}
	for i := range p.units {
		if p.isAjar(from, &p.units[i]) {
			l.ajar.Add(i)
		}
	}
}

// fillCourse works out the ways to or from groups of units that are alike for
// it, by the first of each.
func (p *Proof) fillCourse(l *course, groups [][]int32, way func(*unit) (may, sure, unknown bool)) {
	for _, g := range groups {
		may, sure, unknown := way(&p.units[g[0]])
		for _, i := range g {
			if may {
				l.maybe.Add(int(i))
			}
			if sure {
				l.sure.Add(int(i))
			}
			if unknown {
				l.unknown.Add(int(i))
			}
		}
	}
}

// byTarget groups the units that packets from a table find alike: by what
// tables see of their addresses, and where they must be delivered.
func (p *Proof) byTarget() [][]int32 {
	type key struct {
		route, end int32
		beyond     bool
	}
	return groupUnits(p, func(_ int, u *unit) key { return key{u.route, u.end, p.isBeyond(u.place)} })
}

// bySource groups the units whose replies go alike: by the table they send by.
// Those of sites of one's own, and where the table is not known, are each for
// itself.
func (p *Proof) bySource() [][]int32 {
	type key struct {
		table, unit int
		beyond      bool
	}
	return groupUnits(p, func(i int, u *unit) key {
		k := key{u.table, -1, p.isBeyond(u.place)}
		if !k.beyond && (u.table < 0 || p.behind[u.place].kind == SitePlace) {
			k.unit = i
		}
		return k
	})
}

func (p *Proof) oneByOne() [][]int32 {
	return groupUnits(p, func(i int, _ *unit) int { return i })
}

// groupUnits gathers units of one key, in order of their first.
func groupUnits[K comparable](p *Proof, of func(int, *unit) K) [][]int32 {
	index := map[K]int{}
	var out [][]int32
	for i := range p.units {
		k := of(i, &p.units[i])
		n, ok := index[k]
		if !ok {
			n = len(out)
			index[k] = n
			out = append(out, nil)
		}
		out[n] = append(out[n], int32(i))
	}
	return out
}

// portsOf gives what a service is spoken to on.
func (p *Proof) portsOf(e *fabric.Endpoint) []vocab.Service {
	cloud := vocab.AWS
	if v, ok := p.Net.VPC(e.VPC); ok {
		cloud = v.Cloud
	}
	if s, ok := p.Atlas.Service(cloud, e.Service); ok && len(s.Ports) > 0 {
		return s.Ports
	}
	return https
}

// https is what endpoints of services answer.
var https = []vocab.Service{{Proto: vocab.TCP, Ports: vocab.PortRange{First: 443, Last: 443}}}

// rangesOfService gives the addresses that private names of an endpoint's
// service resolve to.
func (p *Proof) rangesOfService(e *fabric.Endpoint) bits.Set {
	if v, ok := p.Net.VPC(e.VPC); ok {
		if s, ok := p.Atlas.Service(v.Cloud, e.Service); ok {
			return p.unitsOf(s.Ranges)
		}
	}
	return bits.New(len(p.units))
}

// narrowed reports whether some rule from all of a subnet to the internet
// states what goes out of it: then nothing else does.
func (p *Proof) narrowed(s *fabric.Subnet) bool {
	return slices.ContainsFunc(p.Net.Policy, func(r fabric.PolicyRule) bool {
		if !slices.ContainsFunc(r.To, func(e fabric.PolicyEnd) bool { return e.Internet }) {
			return false
		}
		return slices.ContainsFunc(r.From, func(e fabric.PolicyEnd) bool {
			if slices.Contains(e.Subnets, s.ID) {
				return true
			}
			for _, q := range e.Prefixes {
				if q.Bits() <= s.Prefix.Bits() && q.Contains(s.Prefix.Addr()) {
					return true
				}
			}
			return false
		})
	})
}
