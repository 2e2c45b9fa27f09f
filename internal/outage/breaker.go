package outage

import (
	"slices"

	"github.com/tieline/tieline/internal/capacity"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// harm is an impact on a pair with what the findings need of it.
type harm struct {
	Impact
	pair       int32
	asymmetric bool   // the reply takes other links than the packet, as it did not when healthy
	exposed    bool   // what went over a link leaves for the internet
	narrow     int32  // spot that is congested; -1 when none
	load, room uint64 // on it, bits per second
	full       []full // all spots that are congested, the narrow one among them
	ill        bool   // of no failure: the pair does not work when healthy
}

// full is a spot with more load than it has room, in bits per second.
type full struct {
	spot       int32
	load, room uint64
}

// breaker judges failures one after another; each worker has its own.
type breaker struct {
	*reach
	turn   int32
	dirty  []int32 // turn in which a walk's way changed
	after  []trip  // of the walks that are dirty in this turn
	seen   []int32 // turn in which a lane was judged
	checks []int32 // turn in which down holds
	down   []bool  // by end
	load   []float64
	list   []int32         // dirty walks
	rooms  []capacity.Room // by place, after the failure
	fallen []capacity.Fallen

	tables *routes.Tables
	failed routes.Failure
	dead   map[fabric.TunnelID]bool
	// noticed holds when each dead tunnel that was asked for is noticed.
	noticed map[fabric.TunnelID]noticed
}

func newBreaker(r *reach) *breaker {
	return &breaker{
		reach: r,
		dirty: make([]int32, len(r.walks)), after: make([]trip, len(r.walks)), seen: make([]int32, len(r.lanes)),
		checks: make([]int32, len(r.ends)), down: make([]bool, len(r.ends)), load: make([]float64, len(r.loads)), rooms: slices.Clone(r.rooms),
		noticed: map[fabric.TunnelID]noticed{},
	}
}

// judge gives what a failure does to each pair it does anything to, by pair.
func (b *breaker) judge(f routes.Failure) []harm {
	b.turn++
	b.failed, b.tables = f, b.proof.Plane.Tables(f)
	b.dead = b.deadTunnels(f)
	clear(b.noticed)
	b.narrow()
	b.retrace()
	b.reload()
	worst := map[int32]harm{}
	take := func(i int32, full bool) {
		if b.seen[i] == b.turn {
			return
		}
		b.seen[i] = b.turn
		h, ok := b.lane(i, full)
		if !ok {
			return
		}
		if old, ok := worst[h.pair]; ok {
			h.asymmetric, h.exposed = h.asymmetric || old.asymmetric, h.exposed || old.exposed
			if h.compare(&old) >= 0 {
				old.asymmetric, old.exposed = h.asymmetric, h.exposed
				h = old
			}
		}
		worst[h.pair] = h
	}
	for _, w := range b.list {
		for _, i := range b.laneOf[w] {
			take(i, true)
		}
	}
	for c := range b.load {
		if b.load[c] > b.loads[c] {
			for _, i := range b.through[c] {
				take(i, false)
			}
		}
	}
	for _, f := range b.fallen {
		for _, i := range b.through[b.spot(f.Place)] {
			take(i, false)
		}
	}
	out := make([]harm, 0, len(worst))
	for _, h := range worst {
		out = append(out, h)
	}
	slices.SortFunc(out, func(x, y harm) int { return int(x.pair - y.pair) })
	return out
}

// narrow works out what the places carry after the failure.
func (b *breaker) narrow() {
	for _, f := range b.fallen {
		b.rooms[f.Place] = b.reach.rooms[f.Place]
	}
	b.fallen = b.carries.Fallen(b.failed)
	for _, f := range b.fallen {
		b.rooms[f.Place] = f.Room
	}
}

// retrace follows again every walk that goes through a table which now sends
// it elsewhere.
func (b *breaker) retrace() {
	b.list = b.list[:0]
	for _, t := range b.tables.Changed(b.proof.Tables) {
		for i := range b.uses[t] {
			u := &b.uses[t][i]
			route, ok := b.tables.Lookup(t, b.classes.list[u.class].addr)
			if ok == u.ok && slices.Equal(route.Hops, u.hops) {
				continue
			}
			for _, w := range u.walks {
				if b.dirty[w] != b.turn {
					b.dirty[w] = b.turn
					b.list = append(b.list, w)
				}
			}
		}
	}
	slices.Sort(b.list)
	known := map[walk]trip{}
	for _, w := range b.list {
		from, _, fed := b.feed(b.tables, b.walks[w])
		t, ok := known[from]
		if !ok {
			paths, complete := b.trace(b.tables, from)
			t = b.tripOf(b.tables, from.class, paths, complete, b.rooms)
			known[from] = t
		}
		b.after[w] = t.fedBy(fed)
	}
}

// trip gives a walk's way after the failure.
func (b *breaker) trip(w int32) *trip {
	if b.dirty[w] == b.turn {
		return &b.after[w]
	}
	return &b.healthy[w]
}

// reload works out the loads after the failure.
func (b *breaker) reload() {
	clear(b.load)
	takesMachines := b.takesMachines()
	for i := range b.traffic {
		t := &b.traffic[i]
		loads := t.healthy
		if takesMachines || slices.ContainsFunc(t.shares, func(s share) bool { return b.dirty[s.walk] == b.turn }) {
			loads = b.carry(t, b.isDown, b.trip)
		}
		for _, l := range loads {
			b.load[l.spot] += l.rate
		}
	}
}

// takesMachines reports whether the failure has parts in which machines stand.
func (b *breaker) takesMachines() bool {
	return slices.ContainsFunc(b.failed, func(p routes.Part) bool {
		switch p.Kind {
		case routes.TunnelPart, routes.InstancePart, routes.LinkPart:
			return false
		case routes.ZonePart, routes.SitePart, routes.RegionPart, routes.CloudPart:
		}
		return true
	})
}

// isDown reports whether the machines of an end have failed themselves.
func (b *breaker) isDown(e int32) bool {
	if b.checks[e] == b.turn {
		return b.down[e]
	}
	b.checks[e] = b.turn
	switch x := &b.ends[e]; x.kind {
	case verify.SubnetPlace:
		b.down[e] = b.tables.Down(x.subnet, x.zone)
	case verify.SitePlace, verify.VPCPlace:
		b.down[e] = b.tables.SiteDown(x.site)
	case verify.EndpointPlace, verify.ForeignPlace, verify.InternetPlace:
		b.down[e] = false
	}
	return b.down[e]
}

// lane judges one lane; ok is false when it is as before, did not work before,
// or none of its ends is left. Full is false for one whose ways are as before,
// but not the load on them.
func (b *breaker) lane(i int32, full bool) (harm, bool) {
	l := &b.lanes[i]
	if b.takesMachines() && !slices.ContainsFunc(l.ends, func(e [2]int32) bool { return !b.isDown(e[0]) && !b.isDown(e[1]) }) {
		return harm{}, false
	}
	h := b.start(l)
	if h.ill {
		return harm{}, false
	}
	h.Failure, h.After = b.failed, Way{}
	state := arrives
	var before, after [2]*trip
	for d, w := range [2]int32{l.out, l.back} {
		if w < 0 {
			continue
		}
		before[d], after[d] = &b.healthy[w], b.trip(w)
		switch after[d].state {
		case arrives:
		case falls:
			state = falls
		case undecided:
			if state == arrives {
				state = undecided
			}
		}
		if slices.ContainsFunc(after[d].passed, b.shut) {
			state = falls
		}
		h.exposed = h.exposed || after[d].out && !before[d].out
	}
	switch state {
	case arrives:
	case falls:
		h.Effect = Lost
		return h, true
	case undecided:
		h.Effect = NotKnown
		return h, true
	}
	if full || b.lessRoom(after) {
		h.Effect = Slower
	}
	h.After = b.wayOfLane(after, b.rooms)
	b.congestion(&h, before, after)
	h.asymmetric = asymmetric(after) && !asymmetric(before)
	if h.asymmetric && !slices.Equal(after[0].devices, after[1].devices) {
		h.Effect = OneWay
	}
	h.Detection, h.DetectBy = b.detection(before)
	return h, h.Effect != Unaffected
}

// lessRoom reports whether ways pass a gateway that has lost an instance. That
// the attachment of a VPC has lost a zone is no loss to the machines of the
// others.
func (b *breaker) lessRoom(ways [2]*trip) bool {
	return slices.ContainsFunc(b.fallen, func(f capacity.Fallen) bool {
		if _, ok := b.carries.Twin(f.Place); !ok {
			return false
		}
		return slices.ContainsFunc(ways[:], func(t *trip) bool { return t != nil && slices.Contains(t.passed, f.Place) })
	})
}

// shut reports whether all instances of a gateway have failed, so that it
// hands nothing on, though the networks beside it still send to it.
func (b *breaker) shut(p capacity.Place) bool {
	return b.rooms[p] == capacity.Room{State: capacity.Bounded}
}

// start begins the judgement of a lane with what it is when healthy.
func (r *reach) start(l *lane) harm {
	h := harm{pair: l.pair, narrow: -1}
	h.From, h.To = r.pairs[l.pair].From, r.pairs[l.pair].To
	var ways [2]*trip
	for d, w := range [2]int32{l.out, l.back} {
		if w < 0 {
			continue
		}
		ways[d] = &r.healthy[w]
		switch ways[d].state {
		case arrives:
		case falls:
			h.Effect, h.ill = Lost, true
		case undecided:
			if h.Effect != Lost {
				h.Effect, h.ill = NotKnown, true
			}
		}
	}
	h.Before = r.wayOfLane(ways, r.rooms)
	h.After = h.Before
	if h.Effect == Lost || h.Effect == NotKnown {
		h.After = Way{}
	}
	return h
}

// congestion says whether a crossing of the lane, or a place that it passes,
// has less room than the traffic expected on it, and is worse for the failure.
func (b *breaker) congestion(h *harm, before, after [2]*trip) {
	h.narrow = -1
	for d := range after {
		if after[d] == nil {
			continue
		}
		for i := range after[d].crossed {
			c := &after[d].crossed[i]
			load := b.load[c.index()]
			if c.capacity == 0 || load <= float64(c.capacity) || !b.worse(c, load, before) {
				continue
			}
			if h.congest(c.index(), load, c.capacity) {
				h.After.Tunnels = len(c.tunnels)
			}
		}
	}
	for d := range after {
		if after[d] == nil {
			continue
		}
		for _, p := range after[d].passed {
			at, room := b.spot(p), b.rooms[p]
			load := b.load[at]
			if room.State != capacity.Bounded || room.Fits(load) || !b.worseAt(p, before) {
				continue
			}
			h.congest(at, load, room.Rate)
		}
	}
	if h.narrow < 0 {
		h.Peak = b.peak(after)
	}
}

// congest notes a congested spot, and reports whether it is the fullest yet.
func (h *harm) congest(spot int32, load float64, room vocab.Rate) bool {
	f := full{spot, uint64(load + 0.5), uint64(room)}
	h.full = append(h.full, f)
	if h.narrow >= 0 && float64(f.load)*float64(h.room) <= float64(h.load)*float64(f.room) {
		return false
	}
	h.Effect, h.narrow, h.load, h.room = Congested, spot, f.load, f.room
	h.Peak, h.After.Capacity = vocab.Rate(f.load), room
	return true
}

// worse reports whether a crossing is fuller than the lane found it before.
func (b *breaker) worse(c *crossing, load float64, before [2]*trip) bool {
	for _, t := range before {
		if t == nil {
			continue
		}
		for i := range t.crossed {
			if o := &t.crossed[i]; o.index() == c.index() {
				return o.capacity == 0 || load*float64(o.capacity) > b.loads[c.index()]*float64(c.capacity)
			}
		}
	}
	return true
}

// worseAt reports whether a place is fuller than the lane found it before.
func (b *breaker) worseAt(p capacity.Place, before [2]*trip) bool {
	at, was, is := b.spot(p), b.reach.rooms[p], b.rooms[p]
	for _, t := range before {
		if t != nil && slices.Contains(t.passed, p) {
			return was.State != capacity.Bounded || b.load[at]*float64(was.Rate) > b.loads[at]*float64(is.Rate)
		}
	}
	return true
}

// peak is the expected traffic where it is narrowest, in the busier direction
// where both are as narrow.
func (b *breaker) peak(ways [2]*trip) vocab.Rate {
	least, _ := narrowest(ways, b.rooms)
	load := 0.0
	for _, t := range ways {
		if t == nil {
			continue
		}
		for i := range t.crossed {
			if t.crossed[i].capacity == least {
				load = max(load, b.load[t.crossed[i].index()])
			}
		}
		for _, p := range t.passed {
			if least > 0 && b.rooms[p] == (capacity.Room{State: capacity.Bounded, Rate: least}) {
				load = max(load, b.load[b.spot(p)])
			}
		}
	}
	return vocab.Rate(load + 0.5)
}

// narrowest is the least that what ways cross and pass carries, 0 when nothing
// is known to bind, and how many tunnels share the load of the link that
// carries the least.
func narrowest(ways [2]*trip, rooms []capacity.Room) (least vocab.Rate, tunnels int) {
	c := narrowestLink(ways)
	if c != nil {
		least, tunnels = c.capacity, len(c.tunnels)
	}
	for _, t := range ways {
		if t == nil {
			continue
		}
		for _, p := range t.passed {
			if rooms[p].State == capacity.Bounded && rooms[p].Rate < bound(least) {
				least = rooms[p].Rate
			}
		}
	}
	return least, tunnels
}

func narrowestLink(ways [2]*trip) *crossing {
	var out *crossing
	for _, t := range ways {
		if t == nil {
			continue
		}
		for i := range t.crossed {
			if c := &t.crossed[i]; out == nil || bound(c.capacity) < bound(out.capacity) {
				out = c
			}
		}
	}
	return out
}

// wayOfLane says how packets go there and back. Of equal-cost ways it is the
// one with the longest round trip.
func (r *reach) wayOfLane(ways [2]*trip, rooms []capacity.Room) Way {
	var out Way
	sides := 0
	for d, t := range ways {
		if t == nil || len(t.ways) == 0 {
			continue
		}
		sides++
		w := &t.ways[0]
		for i := range t.ways {
			if t.ways[i].rtt > w.rtt {
				w = &t.ways[i]
			}
			if m := t.ways[i].mtu; m > 0 && (out.MTU == 0 || m < out.MTU) {
				out.MTU = m
			}
		}
		out.RTT += w.rtt
		if d == 0 || ways[0] == nil {
			for i := range w.crossings {
				out.Links = append(out.Links, r.proof.Net.Links[w.crossings[i].link].ID)
			}
		}
	}
	// Each way's RTT is there and back.
	if sides > 0 {
		out.RTT /= float64(sides)
	}
	out.Capacity, out.Tunnels = narrowest(ways, rooms)
	return out
}

// asymmetric reports whether packets and replies cross other links.
func asymmetric(ways [2]*trip) bool {
	if ways[0] == nil || ways[1] == nil {
		return false
	}
	return !slices.Equal(linksOf(ways[0]), linksOf(ways[1]))
}

func linksOf(t *trip) []int32 {
	out := make([]int32, 0, len(t.crossed))
	for i := range t.crossed {
		out = append(out, t.crossed[i].link)
	}
	return slices.Compact(out)
}
