package outage

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/capacity"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// spotText says what carries a rate at a spot: "link a--b carries 1Gbps from a
// to b", "gateway z/vpn takes in 325Mbps". The object is what it is of.
func (r *reach) spotText(spot int32, room string) (text, object string, o fabric.Origin) {
	if first := r.spot(0); spot >= first {
		p := capacity.Place(spot - first)
		object, o = r.carries.Object(p)
		return fmt.Sprintf("%s %s %s", r.carries.Name(p), r.carries.Doing(p), room), object, o
	}
	l := &r.proof.Net.Links[spot/2]
	return fmt.Sprintf("link %s carries %s from %s to %s", l.ID, room, l.Sites[spot%2], l.Sites[1-spot%2]), string(l.ID), l.Origin
}

// congestions gives a finding for each direction of a link and each place,
// with the failure that leaves the least.
func (r *run) congestions() []verify.Finding {
	spots := make([]int32, 0, len(r.total.congested))
	for c := range r.total.congested {
		spots = append(spots, c)
	}
	slices.Sort(spots)
	var out []verify.Finding
	for _, c := range spots {
		h := r.total.congested[c]
		if r.saidElsewhere(c, &h) {
			continue
		}
		text, object, o := r.spotText(c, vocab.Rate(h.room).String())
		f := verify.Finding{Object: object}
		f.Severity, f.Code, f.Pos = diag.Warning, codeCongested, o.Pos
		f.Summary = fmt.Sprintf("%s when %s; the peak there is then %s", text, failText(h.Failure), vocab.Rate(h.load))
		f.Hint = "more or faster tunnels, or another link that takes a share"
		if c >= r.spot(0) {
			f.Hint = "a larger size, or another way that takes a share"
		}
		out = append(out, f)
	}
	return out
}

// saidElsewhere reports whether as much is missing on the one link that a
// gateway serves there, or in the gateway's other direction, so that one finding
// says it of both.
func (r *run) saidElsewhere(spot int32, h *harm) bool {
	first := r.spot(0)
	if spot < first {
		return false
	}
	if r.saidOfLink(spot, h) {
		return true
	}
	p := capacity.Place(spot - first)
	other, ok := r.carries.Twin(p)
	if !ok {
		return false
	}
	o, ok := r.total.congested[r.spot(other)]
	return ok && o.room == h.room && cmp.Or(cmp.Compare(o.load, h.load), cmp.Compare(p, other)) > 0 && !r.saidOfLink(r.spot(other), &o)
}

// saidOfLink reports whether a link at a place has as much missing.
func (r *run) saidOfLink(spot int32, h *harm) bool {
	for i := range r.spot(0) {
		l, ok := r.total.congested[i]
		if ok && l.room == h.room && l.load == h.load && slices.Contains(r.linkEnds(i), capacity.Place(spot-r.spot(0))) {
			return true
		}
	}
	return false
}

// overloads gives a finding for each direction of a link and each place that
// carries less than the expected peaks when nothing has failed, or of which it
// is not known what it carries.
func (r *reach) overloads() []verify.Finding {
	var out []verify.Finding
	rooms := r.healthyRooms()
	for spot, room := range rooms {
		load := r.loads[spot]
		if load == 0 || room.Fits(load) || !r.tells(int32(spot), rooms) {
			continue
		}
		is := "an unknown rate"
		if room.State == capacity.Bounded {
			is = room.Rate.String()
		}
		text, object, o := r.spotText(int32(spot), is)
		f := verify.Finding{Object: object}
		f.Severity, f.Code, f.Pos = diag.Warning, codeOverloaded, o.Pos
		f.Summary = fmt.Sprintf("%s; the peak there is %s", text, vocab.Rate(load+0.5))
		f.Hint = "a larger size, another way that takes a share, or a lower peak"
		out = append(out, f)
	}
	return out
}

// linkEnds lists the places at the ends of a link that what crosses it in the
// direction of a spot passes.
func (r *reach) linkEnds(spot int32) []capacity.Place {
	ends := r.carries.Ends(&r.proof.Net.Links[spot/2], spot%2 == 1)
	return slices.DeleteFunc(ends[:], func(p capacity.Place) bool { return p < 0 })
}

// healthyRooms is what each spot carries when nothing has failed; of a link
// that is the least that any way over it has.
func (r *reach) healthyRooms() []capacity.Room {
	out := make([]capacity.Room, r.spots())
	copy(out[r.spot(0):], r.rooms)
	for i := range r.healthy {
		for k := range r.healthy[i].crossed {
			c := &r.healthy[i].crossed[k]
			room := &out[c.index()]
			switch {
			case len(c.tunnels) == 0 || room.State == capacity.Unknown:
			case c.capacity == 0:
				*room = capacity.Room{State: capacity.Unknown}
			case room.State == capacity.Free || c.capacity < room.Rate:
				*room = capacity.Room{State: capacity.Bounded, Rate: c.capacity}
			}
		}
	}
	return out
}

// tells reports whether an overload is news: of a gateway, for the fuller of its
// two directions; of a link, when it is not said of a gateway at its end, and
// was not said of it when it was designed.
func (r *reach) tells(spot int32, rooms []capacity.Room) bool {
	if first := r.spot(0); spot >= first {
		p := capacity.Place(spot - first)
		other, ok := r.carries.Twin(p)
		if !ok || rooms[spot] != rooms[r.spot(other)] {
			return true
		}
		return cmp.Or(cmp.Compare(r.loads[spot], r.loads[r.spot(other)]), cmp.Compare(other, p)) > 0
	}
	l := &r.proof.Net.Links[spot/2]
	if l.Capacity > 0 && max(l.Asked, l.Peak) > l.Capacity {
		return false
	}
	for _, p := range r.linkEnds(spot) {
		if at := r.spot(p); rooms[at] == rooms[spot] && !rooms[at].Fits(r.loads[at]) {
			return false
		}
	}
	return true
}
