package routes

import "net/netip"

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
	return nil, true
}
