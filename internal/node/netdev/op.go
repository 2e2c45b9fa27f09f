package netdev

import (
	"fmt"
	"net/netip"
)

// OpKind is a kind of change.
type OpKind uint8

// The kinds of change.
const (
	AddPair       OpKind = iota + 1 // Device, Peer
	DeleteLink                      // Device
	SetMTU                          // Device, Number
	SetNoARP                        // Device
	SetUp                           // Device
	SetMark                         // Device, Value
	AddAddress                      // Device, Prefix
	DeleteAddress                   // Device, Prefix
	AddRule                         // Rule
	DeleteRule                      // Rule
	SetRoute                        // Table, Prefix, Devices
	DeleteRoute                     // Table, Prefix
	SetSysctl                       // Key, Value
)

// Op is one change of the kernel's state; its kind says which fields count.
type Op struct {
	Kind    OpKind
	Device  string
	Peer    string
	Number  int
	Prefix  netip.Prefix
	Rule    KernelRule
	Table   int
	Devices []string
	Key     string
	Value   string
}

func (op Op) String() string {
	switch op.Kind {
	case AddPair:
		return fmt.Sprintf("add pair %s %s", op.Device, op.Peer)
	case DeleteLink:
		return "delete link " + op.Device
	case SetMTU:
		return fmt.Sprintf("set %s mtu %d", op.Device, op.Number)
	case SetNoARP:
		return fmt.Sprintf("set %s noarp", op.Device)
	case SetUp:
		return fmt.Sprintf("set %s up", op.Device)
	case SetMark:
		return fmt.Sprintf("set %s alias %q", op.Device, op.Value)
	case AddAddress:
		return fmt.Sprintf("add address %s to %s", op.Prefix, op.Device)
	case DeleteAddress:
		return fmt.Sprintf("delete address %s of %s", op.Prefix, op.Device)
	case AddRule:
		return fmt.Sprintf("add rule %s", op.Rule)
	case DeleteRule:
		return fmt.Sprintf("delete rule %s", op.Rule)
	case SetRoute:
		return fmt.Sprintf("set route %s %s in table %d", op.Prefix, hops(op.Devices), op.Table)
	case DeleteRoute:
		return fmt.Sprintf("delete route %s in table %d", op.Prefix, op.Table)
	case SetSysctl:
		return fmt.Sprintf("set sysctl %s = %s", op.Key, op.Value)
	}
	return fmt.Sprintf("change of unknown kind %d", op.Kind)
}
