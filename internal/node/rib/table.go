package rib

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/nodeconf"
)

// table is one table with its winners.
type table struct {
	conf      *nodeconf.Table
	fixed     map[netip.Prefix]*fixed
	firm      map[netip.Prefix]bool
	firmBits  []int // the lengths of firm prefixes, each once
	sources   []source
	readers   []*table
	exporters []string // sessions

	won map[netip.Prefix]*winner
	// offered and left are kept in a table with a limit: the prefixes that
	// have a learned candidate, and those of them beyond the limit.
	offered, left map[netip.Prefix]bool
}

// source is one place that a table learns from: a session or a table.
type source struct {
	session    *session
	table      *table
	via        string
	preference int
	cost       uint64
	only       []netip.Prefix // empty: every prefix
}

// takes reports whether the table learns a prefix from the source.
func (s *source) takes(p netip.Prefix) bool {
	return len(s.only) == 0 || slices.Contains(s.only, p)
}

// fixed is what is configured for a prefix, of the lowest preference.
type fixed struct {
	preference int
	devices    []string // sorted
	announce   bool
}

// winner is what a table uses for a prefix: a configured route, or learned
// paths.
type winner struct {
	fixed *fixed
	paths []path
}

// path is one learned way.
type path struct {
	learned *Learned
	session *session
	device  string
	med     uint64 // with the costs of the way
}

// newTable builds a table whose sources are built already.
func (r *RIB) newTable(conf *nodeconf.Table) *table {
	c := *conf
	t := &table{conf: &c, fixed: map[netip.Prefix]*fixed{}, firm: map[netip.Prefix]bool{}, won: map[netip.Prefix]*winner{}}
	if c.Most > 0 {
		t.offered, t.left = map[netip.Prefix]bool{}, map[netip.Prefix]bool{}
	}
	for i := range c.Routes {
		t.configure(&c.Routes[i])
	}
	for _, l := range c.Learn {
		s := source{via: l.Via, preference: l.Preference, cost: uint64(max(l.Cost, 0)), only: l.Only}
		for _, id := range l.Sessions {
			if from := r.sessions[id]; from != nil {
				s.session = from
				t.sources = append(t.sources, s)
				if !slices.Contains(from.readers, t) {
					from.readers = append(from.readers, t)
				}
			}
		}
		s.session = nil
		if from := r.byName[l.Table]; from != nil {
			s.table = from
			t.sources = append(t.sources, s)
			if !slices.Contains(from.readers, t) {
				from.readers = append(from.readers, t)
			}
		}
	}
	return t
}

// configure adds a configured route. Several of one prefix and preference are
// one route over all their devices.
func (t *table) configure(route *nodeconf.Route) {
	p := route.Prefix.Masked()
	if route.Firm {
		t.firm[p] = true
		if !slices.Contains(t.firmBits, p.Bits()) {
			t.firmBits = append(t.firmBits, p.Bits())
		}
	}
	f := t.fixed[p]
	if f != nil && f.preference < route.Preference {
		return
	}
	if f == nil || f.preference > route.Preference {
		f = &fixed{preference: route.Preference}
		t.fixed[p] = f
	}
	f.devices = append(f.devices, route.Via...)
	slices.Sort(f.devices)
	f.devices = slices.Compact(f.devices)
	f.announce = f.announce || route.Announce
}

// all returns every prefix that the table may hold.
func (t *table) all() map[netip.Prefix]bool {
	all := map[netip.Prefix]bool{}
	for p := range t.fixed {
		all[p] = true
	}
	for i := range t.sources {
		if s := t.sources[i].session; s != nil {
			for p := range s.in {
				all[p] = true
			}
			continue
		}
		for p := range t.sources[i].table.won {
			all[p] = true
		}
	}
	return all
}

// recompute finds the winners of prefixes again, and returns those that
// changed.
func (t *table) recompute(touched map[netip.Prefix]bool) []netip.Prefix {
	t.limit(touched)
	var moved []netip.Prefix
	for p := range touched {
		was, now := t.won[p], t.best(p)
		if was.equal(now) {
			continue
		}
		moved = append(moved, p)
		if now == nil {
			delete(t.won, p)
			continue
		}
		t.won[p] = now
	}
	return moved
}

// limit applies Most: it finds which learned prefixes are left out now, and
// adds those for which that changed to touched. The longest are left out
// first, then the last in order.
func (t *table) limit(touched map[netip.Prefix]bool) {
	if t.conf.Most <= 0 {
		return
	}
	for p := range touched {
		if t.offers(p) {
			t.offered[p] = true
			continue
		}
		delete(t.offered, p)
	}
	left := map[netip.Prefix]bool{}
	if len(t.offered) > t.conf.Most {
		list := make([]netip.Prefix, 0, len(t.offered))
		for p := range t.offered {
			list = append(list, p)
		}
		slices.SortFunc(list, func(a, b netip.Prefix) int {
			return cmp.Or(cmp.Compare(a.Bits(), b.Bits()), a.Compare(b))
		})
		for _, p := range list[t.conf.Most:] {
			left[p] = true
		}
	}
	for p := range left {
		if !t.left[p] {
			touched[p] = true
		}
	}
	for p := range t.left {
		if !left[p] {
			touched[p] = true
		}
	}
	t.left = left
}

// offers reports whether a learned route for the prefix may be used.
func (t *table) offers(p netip.Prefix) bool {
	if t.inFirm(p) {
		return false
	}
	for i := range t.sources {
		s := &t.sources[i]
		if !s.takes(p) {
			continue
		}
		if s.session != nil {
			if s.session.in[p] != nil {
				return true
			}
			continue
		}
		if w := s.table.won[p]; w != nil && w.fixed == nil {
			return true
		}
	}
	return false
}

// inFirm reports whether a firm route holds the prefix.
func (t *table) inFirm(p netip.Prefix) bool {
	for _, bits := range t.firmBits {
		if bits > p.Bits() {
			continue
		}
		if over, err := p.Addr().Prefix(bits); err == nil && t.firm[over] {
			return true
		}
	}
	return false
}

// best returns the winner of a prefix, nil where there is none. A configured
// route stands before learned ones of the same preference.
func (t *table) best(p netip.Prefix) *winner {
	own := t.fixed[p]
	var paths []path
	if !t.left[p] && !t.inFirm(p) {
		lowest := math.MaxInt
		if own != nil {
			lowest = own.preference - 1
		}
		paths = t.candidates(p, lowest)
	}
	if len(paths) > 0 {
		return &winner{paths: t.choose(paths)}
	}
	if own != nil {
		return &winner{fixed: own}
	}
	return nil
}

// candidates returns the learned paths of the lowest preference, which is at
// most the one given.
func (t *table) candidates(p netip.Prefix, lowest int) []path {
	var out []path
	add := func(s *source, c path) {
		if s.preference < lowest {
			lowest, out = s.preference, out[:0]
		}
		if s.via != "" {
			c.device = s.via
		}
		c.med += s.cost
		out = append(out, c)
	}
	for i := range t.sources {
		s := &t.sources[i]
		if s.preference > lowest || !s.takes(p) {
			continue
		}
		if s.session != nil {
			if l := s.session.in[p]; l != nil {
				add(s, path{learned: l, session: s.session, device: cmp.Or(s.session.conf.Via, s.session.conf.Device), med: uint64(l.MED)})
			}
			continue
		}
		if w := s.table.won[p]; w != nil {
			for _, c := range w.paths {
				add(s, c)
			}
		}
	}
	return out
}

// choose keeps the best of paths by the table's criteria, over as many devices
// as it uses at once: the first by session and device.
func (t *table) choose(paths []path) []path {
	best := paths[:1]
	for _, c := range paths[1:] {
		switch d := t.compare(&c, &best[0]); {
		case d < 0:
			best = append(best[:0:0], c)
		case d == 0:
			best = append(best[:len(best):len(best)], c)
		}
	}
	best = slices.Clone(best)
	if slices.Contains(t.conf.Compare, nodeconf.NeighbourMED) {
		best = leastMED(best)
	}
	slices.SortFunc(best, func(a, b path) int {
		return cmp.Or(strings.Compare(a.session.conf.ID, b.session.conf.ID), strings.Compare(a.device, b.device), cmp.Compare(a.med, b.med))
	})
	best = slices.CompactFunc(best, func(a, b path) bool { return a.session == b.session && a.device == b.device })
	used := make([]string, 0, max(t.conf.Paths, 1))
	return slices.DeleteFunc(best, func(c path) bool {
		if slices.Contains(used, c.device) {
			return false
		}
		if len(used) == max(t.conf.Paths, 1) {
			return true
		}
		used = append(used, c.device)
		return false
	})
}

// leastMED keeps of the paths of each neighbour AS those with the lowest MED
// (RFC 4271 section 9.1.2.2 c).
func leastMED(paths []path) []path {
	var out []path
	for i := range paths {
		beaten := slices.ContainsFunc(paths, func(o path) bool { return o.med < paths[i].med && o.neighbour() == paths[i].neighbour() })
		if !beaten {
			out = append(out, paths[i])
		}
	}
	return out
}

// neighbour is the AS that a path came from, 0 inside the own.
func (c *path) neighbour() uint32 {
	if len(c.learned.Path) == 0 {
		return 0
	}
	return c.learned.Path[0]
}

// compare is negative where a is better than b.
func (t *table) compare(a, b *path) int {
	for _, c := range t.conf.Compare {
		d := 0
		switch c {
		case nodeconf.LocalPreference:
			d = cmp.Compare(b.localPreference(), a.localPreference())
		case nodeconf.ASPathLength:
			d = cmp.Compare(len(a.learned.Path), len(b.learned.Path))
		case nodeconf.MED:
			d = cmp.Compare(a.med, b.med)
		case nodeconf.NeighbourMED: // no order of all paths: see leastMED
		}
		if d != 0 {
			return d
		}
	}
	return 0
}

// localPreference is the default for routes of external sessions, and 0 for
// those about to go away (RFC 8326 section 4.2).
func (c *path) localPreference() uint32 {
	if slices.Contains(c.learned.Communities, GracefulShutdown) {
		return 0
	}
	if c.session.conf.ASN != c.session.conf.PeerASN {
		return 100
	}
	return c.learned.LocalPref
}

func (w *winner) equal(v *winner) bool {
	if w == nil || v == nil {
		return w == v
	}
	return w.fixed == v.fixed && slices.Equal(w.paths, v.paths)
}

// state is what the table holds, by prefix.
func (t *table) state() nodeconf.TableState {
	st := nodeconf.TableState{ID: t.conf.ID, Name: t.conf.Name}
	if len(t.won) > 0 {
		st.Routes = make([]nodeconf.RouteState, 0, len(t.won))
	}
	for p, w := range t.won {
		st.Routes = append(st.Routes, w.state(p))
	}
	slices.SortFunc(st.Routes, func(a, b nodeconf.RouteState) int { return a.Prefix.Compare(b.Prefix) })
	return st
}

func (w *winner) state(p netip.Prefix) nodeconf.RouteState {
	if w.fixed != nil {
		return nodeconf.RouteState{Prefix: p, Devices: w.fixed.devices}
	}
	rs := nodeconf.RouteState{Prefix: p, Learned: true, Path: w.paths[0].learned.Path, MED: uint32(min(w.paths[0].med, math.MaxUint32))}
	for i := range w.paths {
		rs.Devices = append(rs.Devices, w.paths[i].device)
		rs.Sessions = append(rs.Sessions, w.paths[i].session.conf.ID)
	}
	slices.Sort(rs.Devices)
	rs.Devices = slices.Compact(rs.Devices)
	slices.Sort(rs.Sessions)
	rs.Sessions = slices.Compact(rs.Sessions)
	return rs
}

// Order returns the indexes of tables so that each comes after those it learns
// from. Tables that learn from themselves, straight or round about, are left
// out, and so are those that learn from them; the error names one.
func Order(tables []nodeconf.Table) ([]int, error) {
	index := make(map[string]int, len(tables))
	for i := range tables {
		index[tables[i].Name] = i
	}
	const (
		unseen = iota
		open
		good
		bad
	)
	marks := make([]int, len(tables))
	out := make([]int, 0, len(tables))
	var err error
	var visit func(i int)
	visit = func(i int) {
		marks[i] = open
		for _, l := range tables[i].Learn {
			from, ok := index[l.Table]
			if l.Table == "" || !ok {
				continue
			}
			if marks[from] == unseen {
				visit(from)
			}
			if marks[from] != good {
				if marks[from] == open && err == nil {
					err = fmt.Errorf("table %q learns from itself by way of %q", tables[from].Name, tables[i].Name)
				}
				marks[i] = bad
			}
		}
		if marks[i] == bad {
			return
		}
		marks[i] = good
		out = append(out, i)
	}
	for i := range tables {
		if marks[i] == unseen {
			visit(i)
		}
	}
	return out, err
}
