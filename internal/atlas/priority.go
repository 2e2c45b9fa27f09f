package atlas

// Priorities are the numbers that rules of a packet filter can have, the
// lowest evaluated first.
type Priorities struct {
	First, Last int
	Fact        Fact
}

// NSGPriorities returns the priorities of an Azure network security group's
// own rules; Azure's default rules come after all of them.
func (a *Atlas) NSGPriorities() Priorities { return a.nsg }

func (l *loader) buildPriorities(a *Atlas) {
	f := a.mustFact("azure.nsg.priority")
	a.nsg = Priorities{Fact: f}
	a.nsg.First, a.nsg.Last = l.bounds(f.ID, f.Value)
}
