package ways

import (
	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
)

// RoundTrip gives the round trip of a way to a site, over the same way back: of
// the links that it crosses, and of the cloud's own network where one of its
// networks spans two sites and takes the packets from one to the other. The
// site is empty where it is not known. Of a link's estimate, Low and High are
// those between its sites. It is measured when all parts are, and known is
// false when some part is not.
func RoundTrip(tables *routes.Tables, a *atlas.Atlas, path *routes.Path, to fabric.SiteID) (out atlas.RTT, known bool) {
	n := tables.Network
	known, out.Measured = true, true
	var at fabric.SiteID // where packets are
	move := func(here fabric.SiteID) {
		if at != "" && here != "" && at != here {
			r, ok := a.RTT(where(n, a, at), where(n, a, here))
			add(&out, r)
			known = known && ok
		}
		if here != "" {
			at = here
		}
	}
	for i := range path.Steps {
		s := &path.Steps[i]
		move(tables.Tables[s.Table].Site)
		if len(s.Hops) == 0 || s.Hops[0].Link == "" {
			continue
		}
		l, ok := n.Link(s.Hops[0].Link)
		r, placed := overLink(n, a, &l)
		add(&out, r)
		known = known && ok && placed
		switch at {
		case l.Sites[0]:
			at = l.Sites[1]
		case l.Sites[1]:
			at = l.Sites[0]
		default:
			at = "" // the next table says
		}
	}
	move(to)
	return out, known
}

// add adds the round trip of a part to that of the way.
func add(sum *atlas.RTT, r atlas.RTT) {
	sum.MS, sum.Low, sum.High = sum.MS+r.MS, sum.Low+r.Low, sum.High+r.High
	sum.Measured = sum.Measured && r.Measured
}

// overLink gives the round trip over a link: as measured, else between the ends
// of the estimate from where its sites are.
func overLink(n *fabric.Network, a *atlas.Atlas, l *fabric.Link) (atlas.RTT, bool) {
	if l.RTTMeasured() {
		return atlas.RTT{MS: l.RTT, Low: l.RTT, High: l.RTT, Measured: true}, l.RTT > 0
	}
	r, ok := a.RTT(where(n, a, l.Sites[0]), where(n, a, l.Sites[1]))
	if !ok {
		r.Low, r.High = l.RTT, l.RTT
	}
	r.MS, r.Measured = l.RTT, false
	return r, l.RTT > 0
}

// where gives the place of a site; zero when it is not known.
func where(n *fabric.Network, a *atlas.Atlas, id fabric.SiteID) atlas.Place {
	s, _ := n.Site(id)
	if r, ok := a.Region(s.Cloud, s.Region); ok {
		return r.Place()
	}
	at, _ := a.Place(s.City)
	return at
}

// tripOf gives the round trip of a way with its links.
func tripOf(tables *routes.Tables, a *atlas.Atlas, path *routes.Path, to fabric.SiteID) Trip {
	r, known := RoundTrip(tables, a, path, to)
	return Trip{Links: Links(path), MS: r.MS, Known: known, Estimated: !r.Measured}
}
