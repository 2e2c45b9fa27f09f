package agree

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/render/nodes"
)

// Way is where packets go by the tables of the nodes.
type Way struct {
	// Steps are the tables in order, with what each does: of the first of
	// equal-cost ways.
	Steps []string
	// Carriers are the tunnels and wires that any of the equal-cost ways takes,
	// sorted; there is one way for each where they differ.
	Carriers []string
	Arrives  bool   // every equal-cost way does
	At       string // the machine, when it does
}

// maxSteps bounds a way: more is a loop.
const maxSteps = 64

// Follow follows what a machine sends to an address through the tables that
// the nodes have now.
func (w *Wiring) Follow(states States, from *nodes.Machine, to netip.Addr) Way {
	out := Way{Arrives: true}
	in, ok := w.entry(from)
	if !ok {
		return Way{Steps: []string{from.Name + " is joined to no node"}}
	}
	f := follower{w: w, states: states, to: to, out: &out, seen: map[nodes.End]bool{}}
	f.enter(in, true, 0)
	slices.Sort(out.Carriers)
	out.Carriers = slices.Compact(out.Carriers)
	return out
}

type follower struct {
	w      *Wiring
	states States
	to     netip.Addr
	out    *Way
	seen   map[nodes.End]bool
}

func (f *follower) tell(first bool, format string, args ...any) {
	if first {
		f.out.Steps = append(f.out.Steps, fmt.Sprintf(format, args...))
	}
}

func (f *follower) drop(first bool, format string, args ...any) {
	f.out.Arrives = false
	f.tell(first, format, args...)
}

// enter routes what comes in by a device; first is the way that is told.
func (f *follower) enter(in nodes.End, first bool, depth int) {
	name, ok := f.w.rules[in]
	if !ok {
		if m := f.machine(in.Owner); m != nil {
			if m.Addr != f.to && m.Public != f.to {
				f.drop(first, "machine %s: not its address", m.Name)
				return
			}
			f.out.At = m.Name
			f.tell(first, "machine %s", m.Name)
			return
		}
		f.drop(first, "node %s: no table routes what comes in by %s", in.Owner, in.Device)
		return
	}
	if depth > maxSteps {
		f.drop(first, "table %s: a loop", name)
		return
	}
	if !first && f.seen[in] {
		return // followed already
	}
	f.seen[in] = true
	t := f.states.table(in.Owner, name)
	if t == nil {
		f.drop(first, "node %s has no table %s, or does not answer", in.Owner, name)
		return
	}
	r, ok := t.Reached(f.to)
	switch {
	case !ok:
		f.drop(first, "table %s: no route", name)
		return
	case len(r.Devices) == 0:
		f.drop(first, "table %s: %s is discarded", name, r.Prefix)
		return
	}
	how := ""
	if r.Learned {
		how = " (BGP)"
	}
	f.tell(first, "table %s: %s%s by %s", name, r.Prefix, how, f.devices(in.Owner, r.Devices))
	for i, d := range r.Devices {
		e := nodes.End{Owner: in.Owner, Device: d}
		if c := f.w.carried[e]; c != "" {
			f.out.Carriers = append(f.out.Carriers, c)
		}
		next, ok := f.w.far[e]
		if !ok {
			f.drop(first && i == 0, "device %s of %s leads nowhere", d, in.Owner)
			continue
		}
		f.translated(e)
		f.enter(next, first && i == 0, depth+1)
	}
}

// translated turns a machine's public address into its own where the packet
// comes in from the internet: the cloud's edge does.
func (f *follower) translated(e nodes.End) {
	if !strings.HasPrefix(f.w.carried[e], internetWire) {
		return
	}
	for i := range f.w.plan.Machines {
		if m := &f.w.plan.Machines[i]; m.Public.IsValid() && m.Public == f.to {
			f.to = m.Addr
		}
	}
}

// internetWire begins the id of a way between a network and the internet.
const internetWire = "wire internet "

func (f *follower) devices(node string, list []string) string {
	out := make([]string, len(list))
	for i, d := range list {
		out[i] = d
		if c := f.w.Carrier(node, d); c != "" {
			out[i] = c
		}
	}
	return strings.Join(out, ", ")
}

func (f *follower) machine(name string) *nodes.Machine {
	for i := range f.w.plan.Machines {
		if m := &f.w.plan.Machines[i]; m.Name == name {
			return m
		}
	}
	return nil
}
