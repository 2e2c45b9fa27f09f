package routes

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes/cloud"
)

// Outcome is how a packet's way ends.
type Outcome uint8

// The outcomes.
const (
	Delivered   Outcome = iota + 1 // in the network that holds the address
	ToInternet                     // through an internet gateway or NAT
	NoRoute                        // a table has no route for it
	Blackhole                      // a route discards it
	NoSubnet                       // delivered into a network none of whose subnets holds it
	Loop                           // it comes back to a table it has left
	NotModelled                    // it enters something that is not understood
	SourceDown                     // it cannot leave: its machine has failed
	TargetDown                     // it arrives where its target has failed
)

// String says it in a few words.
func (o Outcome) String() string {
	switch o {
	case Delivered:
		return "delivered"
	case ToInternet:
		return "out to the internet"
	case NoRoute:
		return "no route"
	case Blackhole:
		return "discarded by a blackhole route"
	case NoSubnet:
		return "no subnet holds the address"
	case Loop:
		return "routing loop"
	case NotModelled:
		return "not modelled"
	case SourceDown:
		return "the sender has failed"
	case TargetDown:
		return "the receiver has failed"
	}
	return "outcome?"
}

// Step is one table on a packet's way, and what it does with the packet.
type Step struct {
	Table int
	Route Route // zero when there is none
	// Hops are the equal-cost hops of Route that lead on to the same place:
	// the tunnels of one link, for example.
	Hops []Hop
}

// Path is one way of a packet through the tables.
type Path struct {
	Steps   []Step
	Outcome Outcome
}

// maxPaths bounds the ways that one trace follows; equal-cost hops to the same
// table are one way.
const maxPaths = 64

// Trace follows a packet from a table to an address by every equal-cost way,
// in a stable order. complete is false when there are more than 64.
func (t *Tables) Trace(from int, to netip.Addr) (paths []Path, complete bool) {
	if from < 0 || from >= len(t.Tables) {
		return []Path{{Outcome: NotModelled}}, true // it is not known by which table it sends
	}
	if t.SiteDown(t.Tables[from].Site) {
		return []Path{{Steps: []Step{{Table: from}}, Outcome: SourceDown}}, true
	}
	w := walk{t: t, to: to}
	w.from(from, nil)
	return w.paths, !w.cut
}

// walk is a trace under way.
type walk struct {
	t     *Tables
	to    netip.Addr
	paths []Path
	cut   bool
}

func (w *walk) end(steps []Step, o Outcome) {
	if len(w.paths) == maxPaths {
		w.cut = true
		return
	}
	w.paths = append(w.paths, Path{slices.Clone(steps), o})
}

// from takes the packet on from a table, having come by steps.
func (w *walk) from(table int, steps []Step) {
	if w.cut {
		return
	}
	route, ok := w.t.Lookup(table, w.to)
	steps = append(steps, Step{Table: table, Route: route})
	here := &steps[len(steps)-1]
	for _, s := range steps[:len(steps)-1] {
		if s.Table == table {
			w.end(steps, Loop)
			return
		}
	}
	if !ok {
		w.end(steps, NoRoute)
		return
	}
	for i := 0; i < len(route.Hops); {
		// Hops are sorted by kind and tunnel, so that those to one place stand
		// together unless two links lead there.
		h := route.Hops[i]
		k := i + 1
		for k < len(route.Hops) && h.sameWay(&route.Hops[k]) {
			k++
		}
		here.Hops = route.Hops[i:k:k]
		i = k
		switch h.Kind {
		case Forward:
			w.from(h.Table, steps)
		case Deliver:
			w.end(steps, w.t.arrives(table, h.VPC, w.to))
		case Internet:
			// An internet gateway translates for machines of its own network
			// only: what comes in over a tunnel or peering does not leave by it.
			if len(steps) > 1 {
				w.end(steps, Blackhole)
			} else {
				w.end(steps, ToInternet)
			}
		case Translate:
			w.end(steps, w.t.Translated(h.NAT, w.to))
		case Discard:
			w.end(steps, Blackhole)
		case Unknown:
			w.end(steps, NotModelled)
		}
	}
}

// sameWay reports whether two hops lead to the same place over the same link.
func (h *Hop) sameWay(o *Hop) bool {
	return h.Kind == o.Kind && h.Table == o.Table && h.Link == o.Link && h.VPC == o.VPC && h.Gateway == o.Gateway && h.NAT == o.NAT
}

// landing is what holds addresses of a VPC.
type landing struct {
	subnet fabric.SubnetID // empty for what is not described
	zone   string
	site   fabric.SiteID // empty for what is not described of a VPC of several sites
}

// findLandings says which addresses each VPC holds: its subnets, and all its
// blocks where not all of its subnets are described.
func (p *Plane) findLandings() {
	p.lands = make(map[fabric.VPCID]*prefix.Table[landing], len(p.net.VPCs))
	for i := range p.net.VPCs {
		v := &p.net.VPCs[i]
		t := &prefix.Table[landing]{}
		if p.layout.Undescribed(v) {
			for _, q := range v.Prefixes {
				l := landing{}
				if len(v.Sites) == 1 {
					l.site = v.Sites[0]
				}
				t.Insert(q, l)
			}
			for _, b := range v.Blocks {
				if b.Prefix.IsValid() && slices.Contains(v.Prefixes, b.Prefix) {
					t.Insert(b.Prefix, landing{site: b.Site})
				}
			}
		}
		for _, k := range p.layout.Index.SubnetsOf[v.ID] {
			sn := &p.net.Subnets[k]
			if len(sn.Parts) == 0 {
				t.Insert(sn.Prefix, landing{subnet: sn.ID, site: sn.Site})
			}
			for _, part := range sn.Parts {
				t.Insert(part.Prefix, landing{sn.ID, part.Zone, sn.Site})
			}
		}
		p.lands[v.ID] = t
	}
}

// arrives says how a packet ends that a table delivers into a VPC, or into its
// own site.
func (t *Tables) arrives(table int, v fabric.VPCID, to netip.Addr) Outcome {
	if v == "" {
		switch {
		case t.Tables[table].Kind != DeviceTable:
			return NoSubnet
		case t.SiteDown(t.Tables[table].Site):
			return TargetDown
		}
		return Delivered
	}
	lands := t.plane.lands[v]
	if lands == nil {
		return NoSubnet
	}
	_, l, ok := lands.Lookup(to)
	switch {
	case !ok:
		return NoSubnet
	case l.subnet != "" && t.Down(l.subnet, l.zone):
		return TargetDown
	}
	return Delivered
}

// EndSite gives the site of what a path ends in that is delivered to an
// address, or was but for a failure there; empty where it is not known, and of
// other paths.
func (t *Tables) EndSite(path *Path, to netip.Addr) fabric.SiteID {
	if path.Outcome != Delivered && path.Outcome != TargetDown || len(path.Steps) == 0 {
		return ""
	}
	last := &path.Steps[len(path.Steps)-1]
	if len(last.Hops) == 0 || last.Hops[0].VPC == "" {
		return t.Tables[last.Table].Site
	}
	lands := t.plane.lands[last.Hops[0].VPC]
	if lands == nil {
		return ""
	}
	_, l, _ := lands.Lookup(to)
	return l.site
}

// Translated says how a packet ends that an AWS NAT gateway has translated: it
// sends on by the route table of its own subnet, to the internet or nowhere.
func (t *Tables) Translated(id fabric.NATID, to netip.Addr) Outcome {
	p := t.plane
	i := cloud.Find(p.layout.Index.NATs, id)
	if i < 0 {
		return NotModelled
	}
	nat := &p.net.NATs[i]
	table := t.TableOf(nat.Subnet, nat.Zone)
	if table < 0 {
		return NotModelled
	}
	r, ok := t.Lookup(table, to)
	if !ok {
		return NoRoute
	}
	switch r.Hops[0].Kind {
	case Internet:
		return ToInternet
	case Discard:
		return Blackhole
	case Deliver, Forward, Translate, Unknown: // with an address of the NAT's own
	}
	return NotModelled
}
