// Package change says what becomes of a network when one spec takes the place
// of another: who gains or loses reach, what grows slower or narrower, what
// is redundant no more, what it costs a month, and which resources the clouds
// change in place or replace, with how long traffic stops meanwhile.
//
// It takes two compiled networks, each with its proof and its bill, and reads
// and changes nothing. What forces a replacement, and how long things take, is
// data of the atlas.
package change

import (
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/verify"
)

// Side is one of the two networks.
type Side struct {
	Network *fabric.Network
	Atlas   *atlas.Atlas
	Proof   *verify.Proof
	Bill    price.Bill
	// Failures is what every single failure does; nil when it was not worked
	// out, which leaves single points of failure out of the report.
	Failures *outage.Report
}

// Report is what differs.
type Report struct {
	Old, New   string // names of the networks
	Reach      []ReachChange
	Ways       []WayChange
	Links      []LinkChange
	Singles    []SingleChange // nil when failures were not worked out
	Cost       CostChange
	Resources  []Resource
	Interrupts []Interrupt
	Other      []OtherChange
	Hints      []string // what may only be renamed
}

// IsEmpty reports whether the two networks are the same.
func (r *Report) IsEmpty() bool {
	return len(r.Reach)+len(r.Ways)+len(r.Links)+len(r.Singles)+len(r.Resources)+len(r.Other) == 0 && r.Cost.IsZero()
}

// Drops reports whether traffic that both networks carry stops while the
// change is made.
func (r *Report) Drops() bool {
	for i := range r.Interrupts {
		if r.Interrupts[i].Stops() {
			return true
		}
	}
	return false
}

// Diff compares two networks. Its rules of changes are those of the new
// side's atlas.
func Diff(old, new Side) Report {
	m := newMatch(old.Network, new.Network)
	r := Report{Old: old.Network.Name, New: new.Network.Name}
	r.Resources = resources(m, new.Atlas)
	r.Interrupts = interrupts(m, new.Atlas, r.Resources)
	r.Links = linkChanges(m)
	r.Cost = costChange(m, old.Bill, new.Bill)
	r.Other = otherChanges(m)
	r.Hints = hints(m)
	if old.Proof != nil && new.Proof != nil {
		p := newPlaces(m, old.Proof, new.Proof)
		r.Reach = p.reach()
		r.Ways = p.ways()
	}
	if old.Failures != nil && new.Failures != nil {
		r.Singles = singleChanges(m, old.Failures, new.Failures)
	}
	return r
}

// match pairs the objects of two networks by id, and by the renames of the
// new one.
type match struct {
	old, new *fabric.Network
	known    map[string]bool // ids of the old network
	// tables are former ids of transit gateway tables, which are named after
	// segments.
	tables map[string]string
}

func newMatch(old, new *fabric.Network) *match {
	m := &match{old: old, new: new, known: map[string]bool{}, tables: map[string]string{}}
	add := func(id string) { m.known[id] = true }
	for i := range old.Sites {
		add(string(old.Sites[i].ID))
	}
	for i := range old.VPCs {
		add(string(old.VPCs[i].ID))
	}
	for i := range old.Subnets {
		add(string(old.Subnets[i].ID))
	}
	for i := range old.RouteTables {
		add(string(old.RouteTables[i].ID))
	}
	for i := range old.NATs {
		add(string(old.NATs[i].ID))
	}
	for i := range old.Endpoints {
		add(string(old.Endpoints[i].ID))
	}
	for i := range old.FlowLogs {
		add(old.FlowLogs[i].ID)
	}
	for i := range old.Gateways {
		g := &old.Gateways[i]
		add(string(g.ID))
		for _, t := range g.Tables {
			add(string(g.ID) + "/" + t.Name)
		}
	}
	for i := range old.Attachments {
		add(string(old.Attachments[i].ID))
	}
	for i := range old.Links {
		add(string(old.Links[i].ID))
	}
	for i := range old.Connections {
		add(string(old.Connections[i].ID))
	}
	for i := range old.Tunnels {
		add(string(old.Tunnels[i].ID))
	}
	for i := range old.Filters {
		add(string(old.Filters[i].ID))
	}
	for i := range new.Gateways {
		g := &new.Gateways[i]
		for _, t := range g.Tables {
			if t.Was != "" {
				m.tables[string(g.ID)+"/"+t.Name] = m.former(string(g.ID)) + "/" + t.Was
			}
		}
	}
	return m
}

// former gives an id of the new network as the old one has it; an id that the
// old one does not have in either spelling stays as it is.
func (m *match) former(id string) string {
	if m.known[id] {
		return id
	}
	if f := m.tables[id]; m.known[f] {
		return f
	}
	if f := m.new.Former(id); m.known[f] {
		return f
	}
	return id
}

// formerID is [match.former] for ids with a type.
func formerID[T ~string](m *match, id T) T { return T(m.former(string(id))) }

// formerSegment gives the former name of a segment.
func (m *match) formerSegment(id fabric.SegmentID) fabric.SegmentID {
	if slices.ContainsFunc(m.old.Segments, func(s fabric.Segment) bool { return s.ID == id }) {
		return id
	}
	for _, r := range m.new.Renames {
		if r.Kind == "segment" && r.New == string(id) {
			return fabric.SegmentID(r.Old)
		}
	}
	return id
}
