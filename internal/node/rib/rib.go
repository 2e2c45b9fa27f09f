// Package rib holds the routes of a node: what its BGP sessions learned and
// what is configured, which of them win in each table, and what each session
// announces. It takes [nodeconf.Table] and [nodeconf.Session] with their
// semantics and does nothing to the world: no socket, kernel or clock.
//
// An update of a session recomputes only the prefixes it names (and, in a
// table with a limit, those that the limit pushes out or lets in), in the
// tables that learn from the session and on in those that learn from them.
package rib

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/nodeconf"
)

// Learned is a route as a session received it.
type Learned struct {
	Prefix netip.Prefix
	Path   []uint32 // AS numbers, the neighbour's first
	MED    uint32
	// LocalPref counts over internal sessions only; over external ones every
	// route has the default (RFC 4271 section 5.1.5).
	LocalPref   uint32
	Communities []uint32
}

// RIB is the routing information base of a node. It is not safe for
// concurrent use.
type RIB struct {
	tables   []*table // each after those it learns from
	byName   map[string]*table
	sessions map[string]*session
	changed  map[*table]bool // since the last Changed
	stirred  map[string]bool // sessions whose exports may have changed since then
}

type session struct {
	conf        nodeconf.Session
	communities []uint32 // that it sends
	in          map[netip.Prefix]*Learned
	readers     []*table
}

// New returns the base of a node that has not learned anything yet. Tables
// that [Order] refuses, and sessions or tables that a name does not find,
// bring nothing.
func New(tables []nodeconf.Table, sessions []nodeconf.Session) *RIB {
	r := &RIB{}
	r.Set(tables, sessions)
	return r
}

// Set replaces what is configured. Routes of sessions that are named again
// stay learned; everything counts as changed.
func (r *RIB) Set(tables []nodeconf.Table, sessions []nodeconf.Session) {
	was := r.sessions
	r.sessions = map[string]*session{}
	r.byName = map[string]*table{}
	r.changed, r.stirred = map[*table]bool{}, map[string]bool{}
	r.tables = nil
	for i := range sessions {
		s := &session{conf: sessions[i], in: map[netip.Prefix]*Learned{}}
		for _, text := range s.conf.Communities {
			if c, err := ParseCommunity(text); err == nil {
				s.communities = append(s.communities, c)
			}
		}
		if old := was[s.conf.ID]; old != nil {
			s.in = old.in
		}
		r.sessions[s.conf.ID] = s
	}
	order, _ := Order(tables)
	for _, i := range order {
		t := r.newTable(&tables[i])
		r.tables = append(r.tables, t)
		r.byName[t.conf.Name] = t
	}
	for id, s := range r.sessions {
		if t := r.byName[s.conf.Export]; t != nil {
			t.exporters = append(t.exporters, id)
		}
		r.stirred[id] = true
	}
	for _, t := range r.tables {
		r.changed[t] = true
		t.recompute(t.all())
	}
}

// Update takes what a session received: prefixes announced (again) and
// prefixes withdrawn. Withdrawals count first.
func (r *RIB) Update(id string, add []Learned, withdraw []netip.Prefix) {
	s := r.sessions[id]
	if s == nil {
		return
	}
	touched := map[netip.Prefix]bool{}
	for _, p := range withdraw {
		p = p.Masked()
		if _, ok := s.in[p]; ok {
			delete(s.in, p)
			touched[p] = true
		}
	}
	for i := range add {
		l := add[i]
		l.Prefix = l.Prefix.Masked()
		if old := s.in[l.Prefix]; old != nil && old.equal(&l) {
			continue
		}
		s.in[l.Prefix] = &l
		touched[l.Prefix] = true
	}
	r.spread(s, touched)
}

// Down forgets all that a session brought.
func (r *RIB) Down(id string) {
	s := r.sessions[id]
	if s == nil || len(s.in) == 0 {
		return
	}
	touched := make(map[netip.Prefix]bool, len(s.in))
	for p := range s.in {
		touched[p] = true
	}
	clear(s.in)
	r.spread(s, touched)
}

// spread recomputes prefixes in the tables that learn from a session, and what
// changed there in the tables that learn from those.
func (r *RIB) spread(s *session, touched map[netip.Prefix]bool) {
	if len(touched) == 0 {
		return
	}
	pending := map[*table]map[netip.Prefix]bool{}
	for _, t := range s.readers {
		pending[t] = maps.Clone(touched)
	}
	for _, t := range r.tables {
		if len(pending[t]) == 0 {
			continue
		}
		moved := t.recompute(pending[t])
		if len(moved) == 0 {
			continue
		}
		r.changed[t] = true
		for _, id := range t.exporters {
			r.stirred[id] = true
		}
		for _, next := range t.readers {
			if pending[next] == nil {
				pending[next] = map[netip.Prefix]bool{}
			}
			for _, p := range moved {
				pending[next][p] = true
			}
		}
	}
}

// Changed returns the names of the tables whose winners changed, and the ids
// of the sessions whose exports may have, since it was last called; both
// sorted.
func (r *RIB) Changed() (tables, sessions []string) {
	for t := range r.changed {
		tables = append(tables, t.conf.Name)
	}
	slices.Sort(tables)
	sessions = slices.Sorted(maps.Keys(r.stirred))
	clear(r.changed)
	clear(r.stirred)
	return tables, sessions
}

// Learned returns how many prefixes a session brought.
func (r *RIB) Learned(id string) int {
	if s := r.sessions[id]; s != nil {
		return len(s.in)
	}
	return 0
}

// Tables returns what every table holds, by number and name.
func (r *RIB) Tables() []nodeconf.TableState {
	out := make([]nodeconf.TableState, 0, len(r.tables))
	for _, t := range r.tables {
		out = append(out, t.state())
	}
	slices.SortFunc(out, func(a, b nodeconf.TableState) int {
		if a.ID != b.ID {
			return a.ID - b.ID
		}
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out
}

// Table returns what one table holds.
func (r *RIB) Table(name string) (nodeconf.TableState, bool) {
	t := r.byName[name]
	if t == nil {
		return nodeconf.TableState{}, false
	}
	return t.state(), true
}

func (l *Learned) equal(m *Learned) bool {
	return l.MED == m.MED && l.LocalPref == m.LocalPref && slices.Equal(l.Path, m.Path) && slices.Equal(l.Communities, m.Communities)
}
