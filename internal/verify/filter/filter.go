// Package filter evaluates the packet filters of the clouds: which packets the
// security groups, network ACLs, firewall policies and network security groups
// before each machine let go to, or come from, every other.
//
// It takes a network with its tables (what Azure's tag VirtualNetwork holds
// depends on routes), the machines in classes that every filter treats alike,
// and a space of headers. It gives, for a class of headers, all far sides that
// pass at once, or the rules that decide one packet. Each cloud's order of
// evaluation, its platform's own rules and what keeps state are here; whether
// packets arrive is verify's.
package filter

import (
	"net/netip"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/packet"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify/bits"
)

// Machine is what filters see of machines that are treated alike.
type Machine struct {
	Addr     netip.Addr // of one of them
	Table    int        // that they send by: an index into the tables, below 0 outside the network
	VPC      *fabric.VPC
	Subnet   *fabric.Subnet   // nil where no subnet is listed
	Endpoint *fabric.Endpoint // of the addresses of an endpoint in the subnet
	// Place and Part tell native subnets apart: network ACLs do not stand
	// between machines of one.
	Place, Part int
	Beyond      bool // outside the network
}

// isHost reports whether they are machines of a listed subnet.
func (m *Machine) isHost() bool { return m.Subnet != nil && m.Endpoint == nil }

// Input is what filters are evaluated on.
type Input struct {
	Net      *fabric.Network
	Atlas    *atlas.Atlas
	Tables   *routes.Tables
	Space    *packet.Space // that tells apart what [MatchOf] gives of every rule
	Machines []Machine
	// Holding gives the machines (indexes into Machines) that have an address
	// of some prefixes. No prefix of a filter's rule or of a route cuts through
	// the addresses of one.
	Holding func([]netip.Prefix) bits.Set
}

// Filters is the filters of a network, ready to be asked. It is immutable and
// safe for concurrent use.
type Filters struct {
	guards []guard
	of     []int32 // guard by machine
	space  *packet.Space
	n      int // machines
}

// New makes the filters of a network ready.
func New(in Input) *Filters { return newGuards(&in).build() }

// Guards is how many different sets of filters stand before machines.
func (f *Filters) Guards() int { return len(f.guards) }

// Guard gives the set of filters before a machine, as an index below Guards.
func (f *Filters) Guard(machine int) int { return int(f.of[machine]) }

// IsOpen reports whether a set of filters is empty.
func (f *Filters) IsOpen(guard int) bool { return len(f.guards[guard].layers) == 0 }
