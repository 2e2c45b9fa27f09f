package routes

// Whole returns the tables after a failure without taking anything from the
// healthy network.
func (p *Plane) Whole(f Failure) *Tables {
	st := p.converge(f, nil)
	st.events = p.eventsOf(st)
	return p.tables(st)
}
