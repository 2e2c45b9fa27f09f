package rib_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/node/rib"
	"github.com/tieline/tieline/internal/nodeconf"
)

// oracle computes every table from nothing, the slow and plain way.
type oracle struct {
	tables   []nodeconf.Table
	sessions []nodeconf.Session
	in       map[string]map[netip.Prefix]rib.Learned
}

type way struct {
	session nodeconf.Session
	route   rib.Learned
	device  string
	med     int
	pref    int
}

func (o *oracle) session(id string) nodeconf.Session {
	for _, s := range o.sessions {
		if s.ID == id {
			return s
		}
	}
	return nodeconf.Session{}
}

func (o *oracle) table(name string) nodeconf.Table {
	for _, t := range o.tables {
		if t.Name == name {
			return t
		}
	}
	return nodeconf.Table{}
}

// winners returns the learned ways of a table by prefix, and its configured
// routes that win.
func (o *oracle) winners(t nodeconf.Table) (map[netip.Prefix][]way, map[netip.Prefix]nodeconf.Route) {
	all := map[netip.Prefix][]way{}
	for _, l := range t.Learn {
		for _, id := range l.Sessions {
			s := o.session(id)
			for p, r := range o.in[id] {
				device := s.Device
				if s.Via != "" {
					device = s.Via
				}
				if l.Via != "" {
					device = l.Via
				}
				all[p] = append(all[p], way{s, r, device, int(r.MED) + l.Cost, l.Preference})
			}
		}
		if l.Table != "" {
			ways, _ := o.winners(o.table(l.Table))
			for p, list := range ways {
				for _, w := range list {
					if l.Via != "" {
						w.device = l.Via
					}
					w.med += l.Cost
					w.pref = l.Preference
					all[p] = append(all[p], w)
				}
			}
		}
	}
	for _, r := range t.Routes {
		for p := range all {
			if r.Firm && r.Prefix.Bits() <= p.Bits() && r.Prefix.Contains(p.Addr()) {
				delete(all, p)
			}
		}
	}
	if t.Most > 0 {
		var list []netip.Prefix
		for p := range all {
			list = append(list, p)
		}
		sort.Slice(list, func(i, k int) bool {
			if list[i].Bits() != list[k].Bits() {
				return list[i].Bits() < list[k].Bits()
			}
			return list[i].Addr().Less(list[k].Addr())
		})
		for i := t.Most; i < len(list); i++ {
			delete(all, list[i])
		}
	}
	fixed := map[netip.Prefix]nodeconf.Route{}
	for _, r := range t.Routes {
		old, ok := fixed[r.Prefix]
		if ok && old.Preference == r.Preference {
			old.Via = append(slices.Clone(old.Via), r.Via...)
			old.Announce = old.Announce || r.Announce
			fixed[r.Prefix] = old
		} else if !ok || r.Preference < old.Preference {
			fixed[r.Prefix] = r
		}
	}
	out := map[netip.Prefix][]way{}
	for p, list := range all {
		best := list[0].pref
		for _, w := range list {
			best = min(best, w.pref)
		}
		if r, ok := fixed[p]; ok {
			if r.Preference <= best {
				continue
			}
			delete(fixed, p)
		}
		var kept []way
		for _, w := range list {
			if w.pref == best && !slices.ContainsFunc(list, func(v way) bool { return v.pref == best && o.better(t, v, w) }) {
				kept = append(kept, w)
			}
		}
		sort.Slice(kept, func(i, k int) bool {
			return kept[i].session.ID+" "+kept[i].device < kept[k].session.ID+" "+kept[k].device
		})
		devices := map[string]bool{}
		for _, w := range kept {
			if devices[w.device] || len(devices) < max(t.Paths, 1) {
				devices[w.device] = true
				out[p] = append(out[p], w)
			}
		}
	}
	return out, fixed
}

func (o *oracle) better(t nodeconf.Table, a, b way) bool {
	for _, c := range t.Compare {
		var x, y int // lower wins
		switch c {
		case nodeconf.LocalPreference:
			x, y = -preference(a), -preference(b)
		case nodeconf.ASPathLength:
			x, y = len(a.route.Path), len(b.route.Path)
		case nodeconf.MED:
			x, y = a.med, b.med
		case nodeconf.NeighbourMED:
			if a.route.Path[0] == b.route.Path[0] {
				x, y = a.med, b.med
			}
		}
		if x != y {
			return x < y
		}
	}
	return false
}

func preference(w way) int {
	switch {
	case slices.Contains(w.route.Communities, rib.GracefulShutdown):
		return 0
	case w.session.ASN != w.session.PeerASN:
		return 100
	}
	return int(w.route.LocalPref)
}

// print is the same text as that of a RIB.
func (o *oracle) print() string {
	var lines []string
	for _, t := range o.tables {
		ways, fixed := o.winners(t)
		for p, r := range fixed {
			via := slices.Clone(r.Via)
			slices.Sort(via)
			lines = append(lines, line(t.Name, p, slices.Compact(via), nil))
		}
		for p, list := range ways {
			var devices, sessions []string
			for _, w := range list {
				devices, sessions = append(devices, w.device), append(sessions, w.session.ID)
			}
			slices.Sort(devices)
			slices.Sort(sessions)
			lines = append(lines, line(t.Name, p, slices.Compact(devices), slices.Compact(sessions)))
		}
	}
	for _, s := range o.sessions {
		ways, fixed := o.winners(o.table(s.Export))
		own := map[netip.Prefix]bool{}
		for _, a := range s.Announce {
			own[a.Prefix] = true
		}
		for p, r := range fixed {
			if s.Export != "" && r.Announce && len(s.ExportOnly) == 0 {
				own[p] = true
			}
		}
		for p := range own {
			lines = append(lines, fmt.Sprintf("announce %s: %s", s.ID, p))
		}
		for p, list := range ways {
			if s.Export == "" || own[p] {
				continue
			}
			var offered []way
			for _, w := range list {
				if len(s.ExportOnly) == 0 || slices.Contains(s.ExportOnly, w.session.ID) {
					offered = append(offered, w)
				}
			}
			sort.SliceStable(offered, func(i, k int) bool {
				a, b := offered[i], offered[k]
				if len(a.route.Path) != len(b.route.Path) {
					return len(a.route.Path) < len(b.route.Path)
				}
				if c := slices.Compare(a.route.Path, b.route.Path); c != 0 {
					return c < 0
				}
				return a.session.ID < b.session.ID
			})
			if len(offered) > 0 && offered[0].session.ID != s.ID {
				lines = append(lines, fmt.Sprintf("announce %s: %s path of %d", s.ID, p, len(offered[0].route.Path)))
			}
		}
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

func line(table string, p netip.Prefix, devices, sessions []string) string {
	return fmt.Sprintf("%s: %s devices %q sessions %q", table, p, devices, sessions)
}

func printRIB(r *rib.RIB, sessions []nodeconf.Session) string {
	var lines []string
	for _, t := range r.Tables() {
		for _, s := range t.Routes {
			lines = append(lines, line(t.Name, s.Prefix, s.Devices, s.Sessions))
		}
	}
	for _, s := range sessions {
		for _, e := range r.Exports(s.ID) {
			text := fmt.Sprintf("announce %s: %s", s.ID, e.Prefix)
			if len(e.Path) > 0 {
				text += fmt.Sprintf(" path of %d", len(e.Path))
			}
			lines = append(lines, text)
		}
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

// random makes a node with tables that learn from each other, and feeds the
// base and the oracle the same updates.
func random(seed uint64) (*oracle, func() string, func() string) {
	rnd := rand.New(rand.NewPCG(seed, 7))
	pick := func(n int) int { return rnd.IntN(n) }
	prefixes := make([]netip.Prefix, 0, 24)
	for range 24 {
		a := netip.AddrFrom4([4]byte{10, byte(pick(2)), byte(pick(4) * 64), 0})
		p, _ := a.Prefix(12 + pick(13))
		prefixes = append(prefixes, p)
	}
	some := func() netip.Prefix { return prefixes[pick(len(prefixes))] }
	o := &oracle{in: map[string]map[netip.Prefix]rib.Learned{}}
	var ids []string
	for i := range 2 + pick(5) {
		s := nodeconf.Session{ID: fmt.Sprintf("s%d", i), Device: fmt.Sprintf("d%d", pick(4)), ASN: 65000, PeerASN: 65000 + uint32(pick(3))}
		if pick(4) == 0 {
			s.Via = "via"
		}
		if pick(2) == 0 {
			s.Announce = append(s.Announce, nodeconf.Announce{Prefix: some()})
		}
		ids = append(ids, s.ID)
		o.sessions = append(o.sessions, s)
	}
	for i := range 1 + pick(5) {
		t := nodeconf.Table{ID: i, Name: fmt.Sprintf("t%d", i), Paths: 1 + pick(3), Most: []int{0, 0, 3, 6}[pick(4)]}
		for _, c := range rnd.Perm(3)[:pick(4)] {
			t.Compare = append(t.Compare, []nodeconf.Criterion{nodeconf.LocalPreference, nodeconf.ASPathLength, nodeconf.MED}[c])
		}
		if pick(3) == 0 {
			t.Compare = append(t.Compare, nodeconf.NeighbourMED)
		}
		for range pick(4) {
			r := nodeconf.Route{Prefix: some(), Preference: pick(4), Firm: pick(4) == 0, Announce: pick(2) == 0}
			for range pick(3) {
				r.Via = append(r.Via, fmt.Sprintf("d%d", pick(4)))
			}
			t.Routes = append(t.Routes, r)
		}
		for range 1 + pick(3) {
			l := nodeconf.Learn{Preference: pick(4), Cost: pick(3) * 50}
			if pick(3) == 0 {
				l.Via = fmt.Sprintf("v%d", pick(3))
			}
			if i > 0 && pick(2) == 0 {
				l.Table = fmt.Sprintf("t%d", pick(i))
			} else {
				l.Sessions = append(l.Sessions, ids[pick(len(ids))], ids[pick(len(ids))])
			}
			t.Learn = append(t.Learn, l)
		}
		o.tables = append(o.tables, t)
	}
	for i := range o.sessions {
		if pick(2) == 0 {
			o.sessions[i].Export = o.tables[pick(len(o.tables))].Name
			if pick(3) == 0 {
				o.sessions[i].ExportOnly = []string{ids[pick(len(ids))]}
			}
		}
	}
	shuffled := slices.Clone(o.tables) // the order of tables means nothing
	rnd.Shuffle(len(shuffled), func(i, k int) { shuffled[i], shuffled[k] = shuffled[k], shuffled[i] })
	r := rib.New(shuffled, o.sessions)
	step := func() string {
		id := ids[pick(len(ids))]
		if o.in[id] == nil {
			o.in[id] = map[netip.Prefix]rib.Learned{}
		}
		switch pick(12) {
		case 0:
			clear(o.in[id])
			r.Down(id)
			return "down " + id
		case 1:
			r.Set(shuffled, o.sessions)
			return "set again"
		}
		var add []rib.Learned
		var gone []netip.Prefix
		for range pick(4) {
			p := some()
			gone = append(gone, p)
			delete(o.in[id], p)
		}
		for range pick(4) {
			l := rib.Learned{Prefix: some(), MED: uint32(pick(3) * 50), LocalPref: uint32(100 + pick(2)*100)}
			for range 1 + pick(3) {
				l.Path = append(l.Path, uint32(65001+pick(5)))
			}
			if pick(6) == 0 {
				l.Communities = []uint32{rib.GracefulShutdown}
			}
			add = append(add, l)
			o.in[id][l.Prefix] = l
		}
		r.Update(id, add, gone)
		return fmt.Sprintf("update %s: %v, without %v", id, add, gone)
	}
	return o, step, func() string { return printRIB(r, o.sessions) }
}

// TestAgainstOracle: after every update of random ones the base holds what the
// plain computation holds.
func TestAgainstOracle(t *testing.T) {
	for seed := range uint64(400) {
		o, step, got := random(seed)
		for n := range 25 {
			what := step()
			if diff := cmp.Diff(o.print(), got()); diff != "" {
				t.Fatalf("seed %d, step %d (%s): tables and announcements (-oracle +got):\n%s", seed, n, what, diff)
			}
		}
	}
}
