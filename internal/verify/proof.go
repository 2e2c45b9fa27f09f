package verify

import (
	"iter"
	"net/netip"
	"runtime"
	"sync"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/packet"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify/bits"
	"github.com/tieline/tieline/internal/verify/filter"
	"github.com/tieline/tieline/internal/verify/forward"
	"github.com/tieline/tieline/internal/vocab"
)

// Proof is a network with everything that its judgement stands on, worked out
// once by [New]. It is immutable from then on and safe for concurrent use.
type Proof struct {
	Net    *fabric.Network
	Atlas  *atlas.Atlas
	Plane  *routes.Plane
	Tables *routes.Tables // healthy, but of [Proof.Under]

	places   []Place // sorted by id
	behind   []site  // what stands behind each place
	bySubnet map[fabric.SubnetID]int
	flows    []flow // what policy wants, sorted by rule, from, to

	addrs       *forward.Addresses
	units       []unit    // by place
	unitsAt     [][]int32 // by atom of addrs
	firstUnit   []int     // by place, with one more
	terminals   forward.Terminals
	filters     *filter.Filters
	space       *packet.Space
	clientPorts vocab.PortRange // that connections are opened from
	special     prefix.Set      // addresses that are not of the internet
	served      map[fabric.SubnetID]bool
	acls        map[fabric.SubnetID]bool // subnets that a network ACL lists
	endpoints   bits.Set                 // units that only answer
	fates       *forward.Fates
	courses     *courses
	meaning     *meaning
	workers     int
	judged      func() *judgement
	found       func() []Finding
}

// Place is a subnet, a site of one's own, or a range that policy names: where
// packets begin and end.
type Place struct {
	ID     string          // the subnet's id, the site's, or the range
	Subnet fabric.SubnetID // empty for the others
	Site   fabric.SiteID   // empty for foreign ranges
	Group  Group
	Addrs  prefix.Set
	Parts  []PlacePart
}

// PlacePart is a part of a place whose machines send by one table.
type PlacePart struct {
	Zone   string // of AWS subnets
	Prefix netip.Prefix
	Table  int // index into Tables.Tables; -1 outside the network
}

// flow is one pair of places that a rule of the policy joins.
type flow struct {
	rule     int // index into Net.Policy; -1 for what goes on inside a subnet
	from, to int // indexes of places
	services []vocab.Service
}

// New works out the proof of a network.
func New(n *fabric.Network, a *atlas.Atlas) *Proof { return newProof(n, a, runtime.GOMAXPROCS(0)) }

// newProof is [New] with a number of workers, on which nothing depends but
// the time it takes.
func newProof(n *fabric.Network, a *atlas.Atlas, workers int) *Proof {
	return prove(n, a, routes.New(n, a), nil, workers)
}

// Under works out the proof of the same network once parts of it have failed
// and its routes have settled: what [Proof.Flow] then says is exact for
// machines that stand in none of the parts. Tables are those after the
// failure; Plane is shared.
func (p *Proof) Under(failed routes.Failure) *Proof {
	return prove(p.Net, p.Atlas, p.Plane, failed, p.workers)
}

func prove(n *fabric.Network, a *atlas.Atlas, plane *routes.Plane, failed routes.Failure, workers int) *Proof {
	p := &Proof{Net: n, Atlas: a, Plane: plane, Tables: plane.Tables(failed), workers: workers, special: NotPublic(a), served: servedByNAT(n), acls: map[fabric.SubnetID]bool{}}
	p.clientPorts, _ = a.ClientPorts()
	for i := range n.Filters {
		if f := &n.Filters[i]; f.Kind == fabric.NetworkACL {
			for _, s := range f.Subnets {
				p.acls[s] = true
			}
		}
	}
	b := newPlaces(n, a, p.Tables)
	p.places, p.behind, p.bySubnet = b.places, b.behind, b.indexed()
	p.flows = p.joined()
	p.makeSpace()
	p.addrs = newAddressing(p)
	p.makeUnits()
	p.fates = forward.Follow(p.Tables, p.addrs, &p.terminals, p.heldClasses(), p.parallel)
	p.makeFilters()
	p.makeCourses()
	p.makeMeaning()
	p.judged = sync.OnceValue(p.judge)
	p.found = sync.OnceValue(p.report)
	return p
}

// Places lists where packets begin and end, sorted by id. The slice is shared
// and not to be changed.
func (p *Proof) Places() []Place { return p.places }

// KindOf says what a place (an index into [Proof.Places]) is.
func (p *Proof) KindOf(place int) PlaceKind { return p.behind[place].kind }

// PlaceOf gives the place of a workload subnet, as an index into
// [Proof.Places]; ok is false for other subnets.
func (p *Proof) PlaceOf(id fabric.SubnetID) (place int, ok bool) {
	place, ok = p.bySubnet[id]
	return place, ok
}

// Joined goes over the pairs of places (indexes into [Proof.Places]) that the
// rules of the policy join, rule by rule: a pair comes once for each.
func (p *Proof) Joined() iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		for i := range p.flows {
			if f := &p.flows[i]; f.rule >= 0 && !yield(f.from, f.to) {
				return
			}
		}
	}
}
