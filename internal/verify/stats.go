package verify

// Stats says how much was proved.
type Stats struct {
	Places      int // subnets, sites and ranges
	Pairs       int // of two places, in each direction; all are judged
	Units       int // sets of machines that everything treats alike
	HeaderSets  int // classes of protocol, ports and ICMP types
	AddressSets int // classes of addresses
	Flows       int // pairs of places that policy joins
	Tables      int
	Routes      int
	Unread      int // things that were found but are not modelled, and may matter
}

// Stats says how much the proof covers.
func (p *Proof) Stats() Stats {
	s := Stats{
		Places: len(p.places), Pairs: len(p.places) * (len(p.places) - 1), Units: len(p.units),
		HeaderSets: p.space.Classes(), AddressSets: p.addrs.Routes(), Flows: len(p.flows), Tables: len(p.Tables.Tables),
	}
	for i := range p.Tables.Tables {
		s.Routes += len(p.Tables.Tables[i].Own.All()) + len(p.Tables.Tables[i].Learned.All())
	}
	for _, u := range p.Net.Unread {
		if !u.Harmless {
			s.Unread++
		}
	}
	return s
}
