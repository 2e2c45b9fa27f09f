package outage

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/capacity"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify/ways"
	"github.com/tieline/tieline/internal/vocab"
)

// tripState says whether a walk's packets arrive.
type tripState uint8

const (
	arrives   tripState = iota
	falls               // by at least one of its equal-cost ways they do not
	undecided           // something on the way is not modelled, or there are too many ways
)

// trip is what becomes of a walk.
type trip struct {
	state   tripState
	outcome routes.Outcome // of the first way that does not arrive
	ways    []tripWay
	crossed []crossing       // of all ways, by index, each once: where ways differ, the one with the least capacity
	passed  []capacity.Place // of all ways, sorted, each once
	fed     []capacity.Place // passed by all ways before they part
	devices []int32          // tables of sites of one's own that are passed through, sorted
	nats    []fabric.NATID
	// Leaves for the internet, by at least one of the ways, and the internet
	// knows where the addresses are. It does not say that they answer there:
	// those of a site of one's own are out and fall.
	out bool
}

// tripWay is one of the equal-cost ways.
type tripWay struct {
	crossings []crossing
	passes    []capacity.Place // in order, without those of the trip's fed
	share     float64          // of the traffic, 0 to 1
	rtt       float64          // milliseconds, there and back
	mtu       int              // bytes; 0 when no link bounds it
}

// crossing is a link crossed in one direction.
type crossing struct {
	link     int32
	back     bool // from the second site of the link to the first
	share    float64
	tunnels  []fabric.TunnelID // that carry it at once
	capacity vocab.Rate        // 0 when not bound, or not known
}

func (c *crossing) index() int32 {
	if c.back {
		return 2*c.link + 1
	}
	return 2 * c.link
}

// fedBy is the trip with places that are passed before it begins.
func (t trip) fedBy(places []capacity.Place) trip {
	if len(places) == 0 {
		return t
	}
	t.fed = places
	t.passed = append(slices.Clone(places), t.passed...)
	slices.Sort(t.passed)
	t.passed = slices.Compact(t.passed)
	return t
}

// tripOf sums up the paths to a class of addresses, where places carry what
// rooms says.
func (r *reach) tripOf(t *routes.Tables, class int32, paths []routes.Path, complete bool, rooms []capacity.Room) trip {
	var out trip
	to := r.classes.list[class]
	for i := range paths {
		p := &paths[i]
		out.out = out.out || p.Outcome == routes.ToInternet && to.public
		switch {
		case p.Outcome == routes.Delivered:
		case p.Outcome == routes.TargetDown:
			// The address that stands for the class is of a zone that has
			// failed; those of the class that have not are reached alike.
		case p.Outcome == routes.ToInternet && to.beyond():
		case p.Outcome == routes.NotModelled:
			if out.state == arrives {
				out.state, out.outcome = undecided, p.Outcome
			}
		default:
			if out.state != falls {
				out.state, out.outcome = falls, p.Outcome
			}
		}
		out.ways = append(out.ways, r.wayOf(t, p, to.addr, &out, rooms))
	}
	if out.state == arrives && (!complete || len(paths) == 0) {
		out.state, out.outcome = undecided, routes.NotModelled
	}
	slices.SortStableFunc(out.crossed, func(a, b crossing) int {
		return cmp.Or(cmp.Compare(a.index(), b.index()), cmp.Compare(bound(a.capacity), bound(b.capacity)), cmp.Compare(len(a.tunnels), len(b.tunnels)))
	})
	out.crossed = slices.CompactFunc(out.crossed, func(a, b crossing) bool { return a.index() == b.index() })
	slices.Sort(out.passed)
	out.passed = slices.Compact(out.passed)
	slices.Sort(out.devices)
	out.devices = slices.Compact(out.devices)
	slices.Sort(out.nats)
	out.nats = slices.Compact(out.nats)
	return out
}

// wayOf sums up one path to an address, and adds what it passes to its trip.
func (r *reach) wayOf(t *routes.Tables, p *routes.Path, addr netip.Addr, to *trip, rooms []capacity.Room) tripWay {
	w := tripWay{share: 1, passes: r.carries.Passes(nil, t, p)}
	rtt, _ := ways.RoundTrip(t, r.proof.Atlas, p, t.EndSite(p, addr))
	w.rtt = rtt.MS
	to.passed = append(to.passed, w.passes...)
	for i := range p.Steps {
		s := &p.Steps[i]
		if n := len(s.Route.Hops); n > 0 {
			w.share *= float64(len(s.Hops)) / float64(n)
		}
		if i > 0 && i < len(p.Steps)-1 && t.Tables[s.Table].Kind == routes.DeviceTable {
			to.devices = append(to.devices, int32(s.Table))
		}
		for h := 0; h < len(s.Hops); {
			hop := &s.Hops[h]
			run := h + 1
			for run < len(s.Hops) && s.Hops[run].Link == hop.Link {
				run++
			}
			if hop.NAT != "" {
				to.nats = append(to.nats, hop.NAT)
			}
			if l, ok := r.links[hop.Link]; ok {
				c := r.crossing(t, p, i, l, s.Hops[h:run], rooms)
				c.share = float64(run-h) / float64(len(s.Hops))
				w.crossings = append(w.crossings, c)
				to.crossed = append(to.crossed, c)
				link := &r.proof.Net.Links[l]
				if link.MTU > 0 && (w.mtu == 0 || link.MTU < w.mtu) {
					w.mtu = link.MTU
				}
			}
			h = run
		}
	}
	return w
}

// crossing says how hops of one link at a step of a path cross it.
func (r *reach) crossing(t *routes.Tables, p *routes.Path, step int, l int32, hops []routes.Hop, rooms []capacity.Room) crossing {
	link := &r.proof.Net.Links[l]
	c := crossing{link: l}
	switch here := t.Tables[p.Steps[step].Table].Site; {
	case here == link.Sites[0]:
	case here == link.Sites[1]:
		c.back = true
	case step+1 < len(p.Steps):
		// A table that is of no site of the link: a network that spans them.
		c.back = t.Tables[p.Steps[step+1].Table].Site == link.Sites[0]
	}
	var sum vocab.Rate
	known := true
	c.tunnels = make([]fabric.TunnelID, 0, len(hops))
	for i := range hops {
		rate, ok := r.rates[hops[i].Tunnel]
		if !ok {
			continue
		}
		c.tunnels = append(c.tunnels, hops[i].Tunnel)
		sum, known = sum+rate, known && rate > 0
	}
	if !known || len(c.tunnels) == 0 {
		return c
	}
	c.capacity = sum
	for _, place := range r.carries.Ends(link, c.back) {
		if place >= 0 && rooms[place].State == capacity.Bounded {
			c.capacity = min(c.capacity, rooms[place].Rate)
		}
	}
	return c
}

// bound orders capacities: 0 stands for none that is known to bind.
func bound(r vocab.Rate) vocab.Rate {
	if r == 0 {
		return 1<<63 - 1
	}
	return r
}
