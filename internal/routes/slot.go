package routes

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
)

// slot is a table as configured, before anything is learned: the same for
// every failure.
type slot struct {
	table   Table
	entries []entry // winners of their prefixes, by prefix
	losers  []entry // of the same prefixes
	weak    []int   // indexes of entries that yield to a learned route
	learn   learning
}

// entry is a route as configured or given by the cloud.
type entry struct {
	prefix netip.Prefix
	proto  Protocol
	rank   int // the least wins among entries of one prefix
	act    action
	origin fabric.Origin
	firm   bool
	// yields: a learned route of the same prefix is preferred when its metric
	// is below metric (GCP priorities), or always (Azure's system routes).
	yields bool
	metric int
	why    string
}

// actKind is what becomes of a packet that an entry takes.
type actKind uint8

const (
	actDeliver   actKind = iota + 1 // into vpc
	actForward                      // to slot
	actInternet                     // out, translated by nat where it serves the sender
	actTranslate                    // by nat
	actDiscard                      // why
	actUnknown                      // why
	actTunnels                      // static VPN: over tunnels, one or all
)

// action is a hop that depends on what has failed. Indexes are -1 when they
// name nothing; what they name must be up.
type action struct {
	kind    actKind
	slot    int
	gateway int
	att     int
	nat     int
	vpc     fabric.VPCID
	link    fabric.LinkID
	named   bool // the link only tells the way: it fails without this
	tunnels []int
	ecmp    bool
	why     string
}

func act(kind actKind) action { return action{kind: kind, slot: -1, gateway: -1, att: -1, nat: -1} }

func discard(why string) action {
	a := act(actDiscard)
	a.why = why
	return a
}

func unknown(why string) action {
	a := act(actUnknown)
	a.why = why
	return a
}

func deliver(v fabric.VPCID, att int, link fabric.LinkID) action {
	a := act(actDeliver)
	a.vpc, a.att, a.link = v, att, link
	return a
}

// along is deliver between two sites of networks that are joined without the
// link between the sites, if there is one.
func along(v fabric.VPCID, att int, link fabric.LinkID) action {
	a := deliver(v, att, link)
	a.named = true
	return a
}

func forward(slot, gateway, att int, link fabric.LinkID) action {
	a := act(actForward)
	a.slot, a.gateway, a.att, a.link = slot, gateway, att, link
	return a
}

// learning says where a table's learned routes come from.
type learning struct {
	kind learnKind
	node int    // of viaNode, viaHanded, viaHub
	set  int    // of viaSet
	hop  action // to the gateway that learned, of viaHanded and viaHub
}

type learnKind uint8

const (
	nothingLearned learnKind = iota
	viaNode                  // what a speaker learned, with the tunnels
	viaHanded                // what a gateway learned and hands to its networks
	viaHub                   // all that a virtual hub knows
	viaSet                   // a merged set: GCP regions, VNets with two gateways
)

// settle picks the winner of each prefix and sorts.
func (s *slot) settle() {
	slices.SortStableFunc(s.entries, func(a, b entry) int {
		return cmp.Or(prefix.Compare(a.prefix, b.prefix), cmp.Compare(a.rank, b.rank), cmp.Compare(a.metric, b.metric))
	})
	kept := s.entries[:0:0]
	for _, e := range s.entries {
		if k := len(kept); k > 0 && kept[k-1].prefix == e.prefix {
			s.losers = append(s.losers, e)
			continue
		}
		kept = append(kept, e)
	}
	s.entries = kept
	s.weak = nil
	for i := range kept {
		if kept[i].yields {
			s.weak = append(s.weak, i)
		}
	}
}

// alike reports whether two tables forward alike.
func (s *slot) alike(o *slot) bool {
	same := func(a, b *action) bool {
		return a.kind == b.kind && a.slot == b.slot && a.gateway == b.gateway && a.att == b.att && a.nat == b.nat && a.vpc == b.vpc &&
			a.link == b.link && slices.Equal(a.tunnels, b.tunnels)
	}
	return s.learn.kind == o.learn.kind && s.learn.node == o.learn.node && s.learn.set == o.learn.set && same(&s.learn.hop, &o.learn.hop) &&
		slices.EqualFunc(s.entries, o.entries, func(a, b entry) bool { return a.prefix == b.prefix && a.firm == b.firm && same(&a.act, &b.act) })
}

// add appends an entry.
func (s *slot) add(e entry) { s.entries = append(s.entries, e) }

// hops resolves an action.
func (p *Plane) hops(a action, d *down) []Hop {
	switch {
	case a.att >= 0 && d.attachments[a.att]:
		return []Hop{{Kind: Discard, Why: string(p.net.Attachments[a.att].ID) + " has failed"}}
	case a.gateway >= 0 && d.gateways[a.gateway]:
		return []Hop{{Kind: Discard, Why: string(p.net.Gateways[a.gateway].ID) + " has failed"}}
	case a.nat >= 0 && a.kind == actTranslate && d.nats[a.nat]:
		return []Hop{{Kind: Discard, Why: string(p.net.NATs[a.nat].ID) + " has failed"}}
	case a.link != "" && !a.named && d.links[a.link]:
		return []Hop{{Kind: Discard, Why: string(a.link) + " has failed"}}
	}
	h := Hop{Link: a.link, VPC: a.vpc, Why: a.why}
	if a.att >= 0 {
		h.Attachment = p.net.Attachments[a.att].ID
	}
	if a.gateway >= 0 {
		h.Gateway = p.net.Gateways[a.gateway].ID
	}
	if a.nat >= 0 {
		h.NAT = p.net.NATs[a.nat].ID
	}
	switch a.kind {
	case actDeliver:
		h.Kind = Deliver
	case actForward:
		h.Kind, h.Table = Forward, a.slot
		if a.slot < 0 {
			return []Hop{{Kind: Discard, Attachment: h.Attachment, Gateway: h.Gateway, Why: "no table there routes what comes from it"}}
		}
	case actInternet:
		h.Kind = Internet
		if a.nat >= 0 && d.nats[a.nat] {
			h.NAT = ""
		}
	case actTranslate:
		h.Kind = Translate
	case actDiscard:
		h.Kind = Discard
	case actUnknown:
		h.Kind = Unknown
	case actTunnels:
		return p.staticHops(a, d)
	}
	return []Hop{h}
}

// staticHops sends into the tunnels of a connection without BGP: all that are
// up where equal paths are used at once, else the first.
func (p *Plane) staticHops(a action, d *down) []Hop {
	var out []Hop
	for _, t := range a.tunnels {
		if d.tunnels[t] {
			continue
		}
		end := 0
		if p.tunnels[t].gateways[1] == a.gateway {
			end = 1
		}
		out = append(out, p.tunnelHop(t, 1-end))
		if !a.ecmp {
			break
		}
	}
	if len(out) == 0 {
		return []Hop{{Kind: Discard, Why: "no tunnel of the connection is up"}}
	}
	return out
}

// touched reports whether what has failed changes the hops of an action.
func (a *action) touched(d *down) bool {
	return a.att >= 0 && d.attachments[a.att] || a.gateway >= 0 && d.gateways[a.gateway] || a.nat >= 0 && d.nats[a.nat] ||
		a.link != "" && d.links[a.link] || slices.ContainsFunc(a.tunnels, func(t int) bool { return d.tunnels[t] })
}

// ownTouched reports whether what has failed changes any own route.
func (p *Plane) ownTouched(s *slot, d *down) bool {
	return slices.ContainsFunc(s.entries, func(e entry) bool { return e.act.touched(d) })
}

// again makes the table's own routes of those of the healthy network, which
// leave out the same entries.
func (p *Plane) again(s *slot, d *down, drop []int, was *Routes) *Routes {
	list := slices.Clone(was.All())
	k := 0
	for i := range s.entries {
		if len(drop) > 0 && slices.Contains(drop, i) {
			continue
		}
		if a := &s.entries[i].act; a.touched(d) {
			list[k].Hops = p.hops(*a, d)
		}
		k++
	}
	return was.like(list)
}

// own makes the table's own routes, leaving out the weak ones that drop names
// by index.
func (p *Plane) own(s *slot, d *down, drop []int) *Routes {
	if len(s.entries) == 0 {
		return nil
	}
	list := make([]Route, 0, len(s.entries))
	for i := range s.entries {
		e := &s.entries[i]
		if len(drop) > 0 && slices.Contains(drop, i) {
			continue
		}
		list = append(list, Route{Prefix: e.prefix, Protocol: e.proto, Hops: p.hops(e.act, d), Origin: e.origin, Firm: e.firm, Why: e.why})
	}
	return NewRoutes(list)
}
