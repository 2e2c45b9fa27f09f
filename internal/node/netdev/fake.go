package netdev

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// Fake is a kernel in memory, for tests: its printed state is their
// expectation. It drops routes whose devices go, as the real one does.
type Fake struct {
	links   map[string]*Link
	rules   []KernelRule
	tables  map[int]map[netip.Prefix][]string
	sysctls map[string]string
	refuse  string
}

// NewFake returns a namespace with these devices, set down, and lo.
func NewFake(devices ...string) *Fake {
	f := &Fake{links: map[string]*Link{}, tables: map[int]map[netip.Prefix][]string{}, sysctls: map[string]string{}}
	f.Appear(loopback)
	f.links[loopback].Up = true
	for _, op := range settings() {
		f.sysctls[op.Key] = "-"
	}
	f.sysctls[congestionAllowed] = "reno cubic"
	for _, d := range devices {
		f.Appear(d)
	}
	return f
}

// Appear adds a device, as the start of a tunnel does.
func (f *Fake) Appear(device string) {
	f.links[device] = &Link{Name: device, MTU: 1500}
	for _, op := range deviceSettings(device) {
		f.sysctls[op.Key] = "-"
	}
}

// Vanish removes a device, as the end of a tunnel does.
func (f *Fake) Vanish(device string) {
	delete(f.links, device)
	for _, op := range deviceSettings(device) {
		delete(f.sysctls, op.Key)
	}
	for _, routes := range f.tables {
		for p, devices := range routes {
			left := slices.DeleteFunc(slices.Clone(devices), func(d string) bool { return d == device })
			if len(left) == len(devices) {
				continue
			}
			routes[p] = left
			if len(left) == 0 {
				delete(routes, p)
			}
		}
	}
}

// Refuse lets every change fail whose text contains this; empty for none.
func (f *Fake) Refuse(text string) { f.refuse = text }

// Read implements [Kernel].
func (f *Fake) Read(sysctls []string) (Snapshot, error) {
	s := Snapshot{Rules: slices.Clone(f.rules), Sysctls: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(f.links)) {
		l := *f.links[name]
		l.Addrs = slices.Clone(l.Addrs)
		s.Links = append(s.Links, l)
	}
	slices.SortFunc(s.Rules, compareRules)
	for _, id := range slices.Sorted(maps.Keys(f.tables)) {
		if t := tableOf(id, f.tables[id]); len(t.Routes) > 0 {
			s.Tables = append(s.Tables, t)
		}
	}
	for _, key := range sysctls {
		if v, ok := f.sysctls[key]; ok {
			s.Sysctls[key] = v
		}
	}
	return s, nil
}

// Known implements [Kernel].
func (f *Fake) Known(table int) (routes map[netip.Prefix][]string, usable map[string]bool) {
	usable = map[string]bool{}
	for name, l := range f.links {
		usable[name] = l.Up
	}
	return f.tables[table], usable
}

// Apply implements [Kernel].
func (f *Fake) Apply(op Op) error {
	if f.refuse != "" && strings.Contains(op.String(), f.refuse) {
		return errors.New("operation not permitted")
	}
	l := f.links[op.Device]
	if l == nil && op.Device != "" && op.Kind != AddPair {
		return fmt.Errorf("no such device %q", op.Device)
	}
	switch op.Kind {
	case AddPair:
		if l != nil || f.links[op.Peer] != nil {
			return errors.New("file exists")
		}
		f.Appear(op.Device)
		f.Appear(op.Peer)
		a, b := f.links[op.Device], f.links[op.Peer]
		a.Mark, a.Peer, a.NoARP, b.Mark, b.Peer, b.NoARP = Made, op.Peer, true, Made, op.Device, true
	case DeleteLink:
		f.Vanish(l.Name)
		if l.Peer != "" {
			f.Vanish(l.Peer)
		}
	case SetMTU:
		l.MTU = op.Number
	case SetNoARP:
		l.NoARP = true
	case SetUp:
		l.Up = true
	case SetMark:
		l.Mark = Mark(op.Value)
	case AddAddress:
		l.Addrs = append(l.Addrs, op.Prefix)
		slices.SortFunc(l.Addrs, netip.Prefix.Compare)
	case DeleteAddress:
		l.Addrs = slices.DeleteFunc(l.Addrs, func(p netip.Prefix) bool { return p == op.Prefix })
	case AddRule:
		f.rules = append(f.rules, op.Rule)
	case DeleteRule:
		f.rules = slices.DeleteFunc(f.rules, func(r KernelRule) bool { return r == op.Rule })
	case SetRoute:
		for _, d := range op.Devices {
			if f.links[d] == nil || !f.links[d].Up {
				return fmt.Errorf("network is down: %s", d)
			}
		}
		if f.tables[op.Table] == nil {
			f.tables[op.Table] = map[netip.Prefix][]string{}
		}
		f.tables[op.Table][op.Prefix] = op.Devices
	case DeleteRoute:
		delete(f.tables[op.Table], op.Prefix)
	case SetSysctl:
		f.sysctls[op.Key] = op.Value
	}
	return nil
}

// String prints all that the kernel holds.
func (f *Fake) String() string {
	s, err := f.Read(slices.Sorted(maps.Keys(f.sysctls)))
	if err != nil {
		return err.Error()
	}
	return s.String()
}

// tableOf sorts the routes of a table.
func tableOf(id int, routes map[netip.Prefix][]string) Table {
	t := Table{ID: id}
	for p, devices := range routes {
		t.Routes = append(t.Routes, Route{Prefix: p, Devices: devices})
	}
	slices.SortFunc(t.Routes, func(a, b Route) int { return a.Prefix.Compare(b.Prefix) })
	return t
}
