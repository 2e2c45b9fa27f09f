package verify

import (
	"net/netip"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/packet"
	"github.com/tieline/tieline/internal/verify/bits"
	"github.com/tieline/tieline/internal/verify/filter"
	"github.com/tieline/tieline/internal/verify/forward"
	"github.com/tieline/tieline/internal/vocab"
)

// unit is the machines of one place that every filter, table and rule of the
// policy treats alike: what is true of one is true of all.
type unit struct {
	place int
	table int // index into Tables.Tables, or outside
	part  int // index into the place's parts, of its first address
	atoms []int32
	addr  netip.Addr // one of its addresses, as an example
	route int32      // class of its addresses as tables see them
	end   int32      // where packets to it must be delivered: a terminal
	guard int        // what filters stand before it, by the index of [filter.Filters.Guard]
}

// newAddressing cuts the addresses of a network.
func newAddressing(p *Proof) *forward.Addresses {
	var by forward.Cut
	for i := range p.places {
		for _, part := range p.places[i].Parts {
			by.Bounds = append(by.Bounds, part.Prefix)
		}
	}
	for i := range p.Net.Filters {
		for k := range p.Net.Filters[i].Rules {
			r := &p.Net.Filters[i].Rules[k]
			by.Lists = append(by.Lists, r.Peers, r.Local)
		}
	}
	for i := range p.Net.Policy {
		for _, ends := range [][]fabric.PolicyEnd{p.Net.Policy[i].From, p.Net.Policy[i].To} {
			for k := range ends {
				if len(ends[k].Subnets) == 0 {
					by.Lists = append(by.Lists, ends[k].Prefixes)
				} else {
					by.Lists = append(by.Lists, p.rangesOf(ends[k]).Prefixes())
				}
			}
		}
	}
	for _, s := range p.Atlas.Services(vocab.GCP) {
		by.Lists = append(by.Lists, s.Ranges)
	}
	return forward.NewAddresses(p.Tables, by)
}

// units groups the addresses of every place.
func (p *Proof) makeUnits() {
	x := p.addrs
	p.unitsAt = make([][]int32, x.Atoms())
	p.terminals = forward.Terminals{VPCs: map[fabric.VPCID]int32{}, Sites: map[fabric.SiteID]int32{}}
	type key struct {
		table, part int
		class       int32
	}
	p.firstUnit = make([]int, len(p.places)+1)
	for i := range p.places {
		pl, b := &p.places[i], &p.behind[i]
		at := map[key]int{}
		end := p.terminalOf(i)
		parted := b.subnet != nil && p.hasNACL(b.subnet)
		for k, part := range pl.Parts {
			if !part.Prefix.Addr().Is4() {
				continue
			}
			first, last := x.Span(part.Prefix)
			for a := first; a < last; a++ {
				id := key{table: part.Table, class: x.Class(a)}
				if parted {
					id.part = k
				}
				n, ok := at[id]
				if !ok {
					n = len(p.units)
					at[id] = n
					p.units = append(p.units, unit{place: i, table: part.Table, part: k, addr: x.Host(a), route: x.Route(a), end: end})
				}
				u := &p.units[n]
				if len(u.atoms) > 0 && u.atoms[len(u.atoms)-1] == int32(a) {
					continue
				}
				u.atoms = append(u.atoms, int32(a))
				p.unitsAt[a] = append(p.unitsAt[a], int32(n))
			}
		}
		p.firstUnit[i+1] = len(p.units)
	}
}

// terminalOf gives where packets to a place must be delivered: its VPC or its
// site.
func (p *Proof) terminalOf(place int) int32 {
	x := &p.terminals
	n := int32(len(x.VPCs) + len(x.Sites))
	switch b := &p.behind[place]; {
	case b.vpc != nil:
		e, ok := x.VPCs[b.vpc.ID]
		if !ok {
			e = n
			x.VPCs[b.vpc.ID] = e
		}
		return e
	case b.kind == SitePlace:
		e, ok := x.Sites[p.places[place].Site]
		if !ok {
			e = n
			x.Sites[p.places[place].Site] = e
		}
		return e
	}
	return forward.NoTerminal
}

// unitsOf gives the units of prefixes.
func (p *Proof) unitsOf(list []netip.Prefix) bits.Set {
	out := bits.New(len(p.units))
	for _, q := range list {
		if !q.Addr().Is4() {
			continue
		}
		first, last := p.addrs.Span(q)
		for a := first; a < last; a++ {
			for _, u := range p.unitsAt[a] {
				out.Add(int(u))
			}
		}
	}
	return out
}

// makeFilters makes ready the filters before every unit.
func (p *Proof) makeFilters() {
	machines := make([]filter.Machine, len(p.units))
	for i := range p.units {
		u := &p.units[i]
		b := &p.behind[u.place]
		machines[i] = filter.Machine{
			Addr: u.addr, Table: u.table, VPC: b.vpc, Subnet: b.subnet, Endpoint: b.endpoint,
			Place: u.place, Part: u.part, Beyond: p.isBeyond(u.place),
		}
	}
	p.filters = filter.New(filter.Input{Net: p.Net, Atlas: p.Atlas, Tables: p.Tables, Space: p.space, Machines: machines, Holding: p.unitsOf})
	for i := range p.units {
		p.units[i].guard = p.filters.Guard(i)
	}
}

// sample gives a packet of a class from one unit to another.
func (p *Proof) sample(class, from, to int, v vocab.Service) packet.Packet {
	out := p.space.Sample(class, v, p.clientPorts)
	out.Src, out.Dst = p.units[from].addr, p.units[to].addr
	return out
}

// hasNACL reports whether a network ACL stands before a subnet.
func (p *Proof) hasNACL(s *fabric.Subnet) bool {
	if s.NACL != "" {
		return true
	}
	_, ok := p.acls[s.ID]
	return ok
}

// heldClasses reports which classes of addresses some machine has.
func (p *Proof) heldClasses() []bool {
	out := make([]bool, p.addrs.Routes())
	for i := range p.units {
		out[p.units[i].route] = true
	}
	return out
}
