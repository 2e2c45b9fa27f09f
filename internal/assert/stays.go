package assert

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/verify"
)

// stays states that traffic of an end never leaves parts of the world: with
// whomever something gets through, by whichever way, when nothing has failed
// and when any one part has.
func (r *runner) stays(t *trial, s *spec.Residence) {
	ref, _ := spec.ParseRef(s.Name)
	own := r.end([]spec.Value[spec.Ref]{{V: ref, Pos: s.Pos}})
	var names []string
	for _, a := range s.Areas {
		names = append(names, a.V)
	}
	where := strings.Join(names, ", ")
	t.text = fmt.Sprintf("%s in %s", s.Name, where)
	t.judge = func(t *trial) {
		in := r.residence(names)
		r.standsIn(t, own, in, where)
		if why := unread(r.proof.Net); why != "" {
			t.open.add("with whom packets are exchanged depends on what is not modelled: "+why, nil)
		}
		others := r.peers(own)
		lanes, _ := r.lanes(own, others, r.exchange.talk)
		ways := 0
		for i := range lanes {
			for _, d := range lanes[i].directions(r.healthy) {
				ways += len(d.trail.ways)
				r.stayDirection(t, d, in, where)
			}
		}
		r.farEnds(t, own, others, in, where)
		t.judged = fmt.Sprintf("%s between %s and %s that exchange packets", count(ways, "way"), count(places(own), "place"), count(places(others), "other"))
		t.watch = &watch{at: 1, lanes: lanes, look: func(_ direction, w *way) remark { return in.left(w, where) }}
	}
}

// peers is every place but those of an end with which something gets through,
// whoever opens the connection.
func (r *runner) peers(own end) end {
	var mine []int
	for i := range own.spots {
		if n := len(mine); n == 0 || mine[n-1] != own.spots[i].place {
			mine = append(mine, own.spots[i].place)
		}
	}
	out := end{}
	for j := range r.proof.Places() {
		talks := slices.ContainsFunc(mine, func(i int) bool {
			return i != j && r.exchange.talk(i, j)
		})
		if talks {
			out.spots = append(out.spots, r.spotsOf(j, r.proof.Places()[j].Addrs)...)
		}
	}
	return out
}

// residence knows of each site whether it lies in the areas.
type residence struct {
	inside  map[fabric.SiteID]bool
	unknown map[fabric.SiteID]bool // where it lies is not known
	links   map[fabric.LinkID][2]fabric.SiteID
}

func (r *runner) residence(names []string) *residence {
	out := &residence{inside: map[fabric.SiteID]bool{}, unknown: map[fabric.SiteID]bool{}, links: map[fabric.LinkID][2]fabric.SiteID{}}
	var areas []atlas.Area
	for _, n := range names {
		if a, ok := r.proof.Atlas.Area(n); ok {
			areas = append(areas, a)
		}
	}
	for i := range r.proof.Net.Sites {
		s := &r.proof.Net.Sites[i]
		if slices.Contains(names, string(s.ID)) {
			out.inside[s.ID] = true
			continue
		}
		place, ok := r.placeOf(s)
		out.inside[s.ID] = ok && slices.ContainsFunc(areas, func(a atlas.Area) bool { return a.Holds(place) })
		out.unknown[s.ID] = !ok
	}
	for i := range r.proof.Net.Links {
		out.links[r.proof.Net.Links[i].ID] = r.proof.Net.Links[i].Sites
	}
	return out
}

// placeOf is where a site lies, when the atlas knows.
func (r *runner) placeOf(s *fabric.Site) (atlas.Place, bool) {
	if s.Cloud.IsPublic() {
		region, ok := r.proof.Atlas.Region(s.Cloud, s.Region)
		return region.Place(), ok
	}
	return r.proof.Atlas.Place(s.City)
}

// left says how a way leaves the areas, or nothing.
func (x *residence) left(w *way, where string) remark {
	var out remark
	sites := slices.Clone(w.sites)
	for _, l := range w.links {
		ends := x.links[l]
		sites = append(sites, ends[0], ends[1])
	}
	for _, s := range sites {
		switch {
		case x.inside[s]:
		case x.unknown[s]:
			out = remark{fmt.Sprintf("cross site %s, of which it is not known where it lies", s), true}
		default:
			return remark{why: fmt.Sprintf("cross site %s, which is not in %s", s, where)}
		}
	}
	return out
}

// standsIn checks the end's own sites.
func (r *runner) standsIn(t *trial, own end, in *residence, where string) {
	for i := range own.spots {
		s := &own.spots[i]
		if i > 0 && s.place == own.spots[i-1].place || in.inside[s.site] {
			continue
		}
		id := r.proof.Places()[s.place].ID
		if in.unknown[s.site] {
			t.open.add(fmt.Sprintf("where site %s of %s lies is not known: give it a city", s.site, id), nil)
			continue
		}
		t.fails.add(fmt.Sprintf("%s is at site %s, which is not in %s", id, s.site, where), nil)
	}
}

// stayDirection checks every way of a direction.
func (r *runner) stayDirection(t *trial, d direction, in *residence, where string) {
	if !d.trail.complete {
		t.open.add(r.name(d)+" have more ways than are followed", nil)
	}
	for i := range d.trail.ways {
		w := &d.trail.ways[i]
		show := func() *verify.Witness { return r.witness(r.healthy, d, w) }
		if w.unread != "" {
			t.open.add(fmt.Sprintf("%s depend on what is not modelled: %s", r.name(d), w.unread), show)
			continue
		}
		switch m := in.left(w, where); {
		case m.why == "":
		case m.unknown:
			t.open.add(r.name(d)+" "+m.why, show)
		default:
			t.fails.add(r.name(d)+" "+m.why, show)
		}
	}
}

// farEnds refuses places beyond the network: nobody knows where they lie.
func (r *runner) farEnds(t *trial, own, others end, in *residence, where string) {
	for i := range others.spots {
		s := &others.spots[i]
		if !s.outside() || i > 0 && s.place == others.spots[i-1].place || s.site != "" && in.inside[s.site] {
			continue
		}
		id := r.proof.Places()[s.place].ID
		if s.place == r.internet {
			t.fails.add(fmt.Sprintf("%s exchanges packets with the internet, which is not in %s", own.partner(r, s.place), where), nil)
			continue
		}
		t.open.add(fmt.Sprintf("%s exchanges packets with %s, and where that lies is not known", own.partner(r, s.place), id), nil)
	}
}

// partner gives a place of the end that exchanges packets with another.
func (e *end) partner(r *runner, with int) string {
	for i := range e.spots {
		if p := e.spots[i].place; r.exchange.talk(p, with) {
			return r.proof.Places()[p].ID
		}
	}
	return e.label
}
