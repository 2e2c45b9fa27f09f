package routes

import (
	"slices"

	"github.com/tieline/tieline/internal/routes/cloud"
)

// hops resolves an action.
func (p *Plane) hops(a cloud.Action, d *down) []Hop {
	switch {
	case a.Attachment >= 0 && d.attachments[a.Attachment]:
		return []Hop{{Kind: Discard, Why: string(p.net.Attachments[a.Attachment].ID) + " has failed"}}
	case a.Gateway >= 0 && d.gateways[a.Gateway]:
		return []Hop{{Kind: Discard, Why: string(p.net.Gateways[a.Gateway].ID) + " has failed"}}
	case a.NAT >= 0 && a.Kind == cloud.ActTranslate && d.nats[a.NAT]:
		return []Hop{{Kind: Discard, Why: string(p.net.NATs[a.NAT].ID) + " has failed"}}
	case a.Link != "" && !a.Named && d.links[a.Link]:
		return []Hop{{Kind: Discard, Why: string(a.Link) + " has failed"}}
	}
	h := Hop{Link: a.Link, VPC: a.VPC, Why: a.Why}
	if a.Attachment >= 0 {
		h.Attachment = p.net.Attachments[a.Attachment].ID
	}
	if a.Gateway >= 0 {
		h.Gateway = p.net.Gateways[a.Gateway].ID
	}
	if a.NAT >= 0 {
		h.NAT = p.net.NATs[a.NAT].ID
	}
	switch a.Kind {
	case cloud.ActDeliver:
		h.Kind = Deliver
	case cloud.ActForward:
		h.Kind, h.Table = Forward, a.Slot
		if a.Slot < 0 {
			return []Hop{{Kind: Discard, Attachment: h.Attachment, Gateway: h.Gateway, Why: "no table there routes what comes from it"}}
		}
	case cloud.ActInternet:
		h.Kind = Internet
		if a.NAT >= 0 && d.nats[a.NAT] {
			h.NAT = ""
		}
	case cloud.ActTranslate:
		h.Kind = Translate
	case cloud.ActDiscard:
		h.Kind = Discard
	case cloud.ActUnknown:
		h.Kind = Unknown
	case cloud.ActTunnels:
		return p.staticHops(a, d)
	}
	return []Hop{h}
}

// staticHops sends into the tunnels of a connection without BGP: all that are
// up where equal paths are used at once, else the first.
func (p *Plane) staticHops(a cloud.Action, d *down) []Hop {
	var out []Hop
	for _, t := range a.Tunnels {
		if d.tunnels[t] {
			continue
		}
		end := 0
		if p.layout.Tunnels[t].Gateways[1] == a.Gateway {
			end = 1
		}
		out = append(out, p.tunnelHop(t, 1-end))
		if !a.ECMP {
			break
		}
	}
	if len(out) == 0 {
		return []Hop{{Kind: Discard, Why: "no tunnel of the connection is up"}}
	}
	return out
}

// touched reports whether what has failed changes the hops of an action.
func touched(a *cloud.Action, d *down) bool {
	return a.Attachment >= 0 && d.attachments[a.Attachment] || a.Gateway >= 0 && d.gateways[a.Gateway] || a.NAT >= 0 && d.nats[a.NAT] ||
		a.Link != "" && d.links[a.Link] || slices.ContainsFunc(a.Tunnels, func(t int) bool { return d.tunnels[t] })
}

// ownTouched reports whether what has failed changes any own route.
func (p *Plane) ownTouched(s *cloud.Slot, d *down) bool {
	return slices.ContainsFunc(s.Entries, func(e cloud.Entry) bool { return touched(&e.Act, d) })
}

// again makes the table's own routes of those of the healthy network, which
// leave out the same entries.
func (p *Plane) again(s *cloud.Slot, d *down, drop []int, was *Routes) *Routes {
	list := slices.Clone(was.All())
	k := 0
	for i := range s.Entries {
		if len(drop) > 0 && slices.Contains(drop, i) {
			continue
		}
		if a := &s.Entries[i].Act; touched(a, d) {
			list[k].Hops = p.hops(*a, d)
		}
		k++
	}
	return was.like(list)
}

// own makes the table's own routes, leaving out the weak ones that drop names
// by index.
func (p *Plane) own(s *cloud.Slot, d *down, drop []int) *Routes {
	if len(s.Entries) == 0 {
		return nil
	}
	list := make([]Route, 0, len(s.Entries))
	for i := range s.Entries {
		e := &s.Entries[i]
		if len(drop) > 0 && slices.Contains(drop, i) {
			continue
		}
		list = append(list, Route{Prefix: e.Prefix, Protocol: e.Protocol, Hops: p.hops(e.Act, d), Origin: e.Origin, Firm: e.Firm, Why: e.Why})
	}
	return NewRoutes(list)
}
