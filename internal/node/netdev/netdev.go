// Package netdev makes the network interfaces, rules and routes of a node's
// namespace be what its configuration says: [Reconcile] reads what is there
// and makes only the differences. [SetTable] is the fast way for routes alone.
//
// What it makes is marked, so that a node that starts again takes it over and
// removes what is no longer wanted: rules and routes carry the protocol number
// [Protocol], interfaces an alias. Nothing else is ever removed. IPv4 only.
package netdev

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/nodeconf"
)

// Protocol is the number that marks rules and routes of tieline in the kernel
// (rtm_protocol; RTPROT_BGP of rtnetlink.h). No other BGP program that uses the
// number belongs into the same namespace.
const Protocol = 186

// State is what is wanted.
type State struct {
	Devices []nodeconf.Device
	// Tunnels are devices that come and go with their tunnels; that one is
	// missing is no mistake.
	Tunnels []nodeconf.Device
	Rules   []nodeconf.Rule
	Tables  []Table
}

// Table is a routing table of the kernel.
type Table struct {
	ID     int
	Routes []Route // by prefix
}

// Route sends a prefix out of devices, over all of them at once.
type Route struct {
	Prefix  netip.Prefix
	Devices []string // sorted; none discards
}

// Kernel is what a node's namespace holds and lets be changed.
type Kernel interface {
	// Read reads everything, and the sysctls named.
	Read(sysctls []string) (Snapshot, error)
	// Known is what was last read of a table with what was applied since, and
	// the devices that can carry routes.
	Known(table int) (routes map[netip.Prefix][]string, usable map[string]bool)
	Apply(Op) error
}

// Snapshot is what the kernel holds.
type Snapshot struct {
	Links   []Link
	Rules   []KernelRule      // of tieline only
	Tables  []Table           // of tieline's routes only
	Sysctls map[string]string // by key, without those that the kernel has not
}

// Link is a network interface.
type Link struct {
	Name  string
	Peer  string // the other end of a veth pair, when it is in the same namespace
	MTU   int
	Up    bool
	NoARP bool
	Mark  Mark
	Addrs []netip.Prefix // IPv4, without 127.0.0.0/8; sorted
}

// Mark is the alias by which interfaces are known again.
type Mark string

// The marks.
const (
	Foreign   Mark = ""             // not touched
	Made      Mark = "tieline pair" // made here, and removed when not wanted
	Addressed Mark = "tieline"      // there before; its addresses are ours
)

// KernelRule is a routing rule of what enters by a device.
type KernelRule struct {
	Priority int
	Device   string
	Table    int // 0: unreachable
}

// Priorities of rules. Rules of different devices never meet, so only those of
// one device count from the first. Packets of the machine itself (device lo)
// see the main table before, where the neighbours are.
const (
	firstRule       = 1000
	unreachableRule = 2000
	firstOwnRule    = 33000 // the main table's is 32766
	loopback        = "lo"
)

// Reconcile makes the kernel hold what is wanted. It returns what it changed,
// in order, and what it could not; one failure does not stop the rest.
func Reconcile(k Kernel, want State) (changes []string, err error) {
	keys := sysctlKeys(&want)
	have, err := k.Read(keys)
	if err != nil {
		return nil, fmt.Errorf("read interfaces and routes: %w", err)
	}
	var errs []error
	apply := func(ops []Op) {
		for _, op := range ops {
			if err := k.Apply(op); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", op, err))
				continue
			}
			changes = append(changes, op.String())
		}
	}
	// Pairs first: what follows is of devices that are there.
	if ops := planPairs(&have, &want); len(ops) > 0 {
		apply(ops)
		if have, err = k.Read(keys); err != nil {
			return changes, errors.Join(append(errs, fmt.Errorf("read interfaces and routes: %w", err))...)
		}
	}
	ops := planSysctls(&have, &want)
	links, missing := planLinks(&have, &want)
	ops = append(ops, links...)
	ops = append(ops, planRules(&have, &want)...)
	apply(ops)
	errs = append(errs, missing...)
	apply(planTables(k, &have, &want))
	return changes, errors.Join(errs...)
}

// SetTable makes one table of the kernel hold the routes that are wanted, of
// which those whose devices are all missing or down have to wait. It reads
// nothing: what else changes the kernel is found by [Reconcile].
func SetTable(k Kernel, want Table) error {
	_, err := setTable(k, want)
	return err
}

func setTable(k Kernel, want Table) (changed int, err error) {
	var errs []error
	for _, op := range planTable(k, want) {
		if err := k.Apply(op); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", op, err))
			continue
		}
		changed++
	}
	return changed, errors.Join(errs...)
}

// planTables also empties tables that are not wanted.
func planTables(k Kernel, have *Snapshot, want *State) []Op {
	var ops []Op
	named := map[int]bool{}
	for i := range want.Tables {
		if want.Tables[i].ID != 0 {
			named[want.Tables[i].ID] = true
			ops = append(ops, planTable(k, want.Tables[i])...)
		}
	}
	for _, t := range have.Tables {
		if !named[t.ID] {
			ops = append(ops, planTable(k, Table{ID: t.ID})...)
		}
	}
	return ops
}

// planTable sets routes before it removes any, the more specific ones first,
// so that no packet meets a hole between.
func planTable(k Kernel, want Table) []Op {
	have, usable := k.Known(want.ID)
	var set, gone []Op
	wanted := make(map[netip.Prefix]bool, len(want.Routes))
	for _, r := range want.Routes {
		devices := r.Devices
		if !all(devices, usable) {
			devices = slices.DeleteFunc(slices.Clone(devices), func(d string) bool { return !usable[d] })
			if len(devices) == 0 {
				continue
			}
		}
		wanted[r.Prefix] = true
		if old, ok := have[r.Prefix]; !ok || !slices.Equal(old, devices) {
			set = append(set, Op{Kind: SetRoute, Table: want.ID, Prefix: r.Prefix, Devices: devices})
		}
	}
	for p := range have {
		if !wanted[p] {
			gone = append(gone, Op{Kind: DeleteRoute, Table: want.ID, Prefix: p})
		}
	}
	bySpecific := func(a, b Op) int {
		return cmp.Or(cmp.Compare(b.Prefix.Bits(), a.Prefix.Bits()), a.Prefix.Compare(b.Prefix))
	}
	slices.SortFunc(set, bySpecific)
	slices.SortFunc(gone, bySpecific)
	return append(set, gone...)
}

func all(devices []string, usable map[string]bool) bool {
	for _, d := range devices {
		if !usable[d] {
			return false
		}
	}
	return true
}

// String prints what the kernel holds, one line an interface, rule and route.
func (s Snapshot) String() string {
	var b strings.Builder
	for _, l := range s.Links {
		fmt.Fprintf(&b, "link %s", l.Name)
		if l.Peer != "" {
			fmt.Fprintf(&b, " peer %s", l.Peer)
		}
		fmt.Fprintf(&b, " mtu %d", l.MTU)
		if !l.Up {
			b.WriteString(" down")
		}
		if l.NoARP {
			b.WriteString(" noarp")
		}
		if l.Mark != Foreign {
			fmt.Fprintf(&b, " alias %q", string(l.Mark))
		}
		for _, a := range l.Addrs {
			fmt.Fprintf(&b, " %s", a)
		}
		b.WriteByte('\n')
	}
	for _, r := range s.Rules {
		fmt.Fprintf(&b, "rule %s\n", r)
	}
	for _, t := range s.Tables {
		for _, r := range t.Routes {
			fmt.Fprintf(&b, "table %d: %s %s\n", t.ID, r.Prefix, hops(r.Devices))
		}
	}
	keys := make([]string, 0, len(s.Sysctls))
	for key := range s.Sysctls {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		fmt.Fprintf(&b, "sysctl %s = %s\n", key, s.Sysctls[key])
	}
	return b.String()
}

func (r KernelRule) String() string {
	if r.Table == 0 {
		return fmt.Sprintf("%d: iif %s unreachable", r.Priority, r.Device)
	}
	return fmt.Sprintf("%d: iif %s lookup %d", r.Priority, r.Device, r.Table)
}

func hops(devices []string) string {
	if len(devices) == 0 {
		return "blackhole"
	}
	return "dev " + strings.Join(devices, " dev ")
}
