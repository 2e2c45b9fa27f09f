package verify

// Stats says how much was proved of the healthy network.
func (p *Proof) Stats() Stats {
	s := Stats{
		Places: len(p.places), Pairs: len(p.places) * len(p.places), AddressSets: len(p.units), HeaderSets: p.space.Classes(),
		Tables: len(p.Tables.Tables), Unread: len(p.Net.Unread),
	}
	for i := range p.flows {
		if p.flows[i].rule >= 0 {
			s.Flows++
		}
	}
	for i := range p.Tables.Tables {
		t := &p.Tables.Tables[i]
		s.Routes += len(t.Own.All()) + len(t.Learned.All())
	}
	return s
}
