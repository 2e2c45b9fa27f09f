package bgp

import "slices"

// Standing is what of a network stands. GatewaysDown and AttachmentsDown are
// by index.
type Standing struct {
	Bundles                       []bool
	GatewaysDown, AttachmentsDown []bool
}

// State is what the machine converged to. It is not changed after.
type State struct {
	Up      []bool     // bundles
	Results [][]Result // by class and node
	Unsure  []int      // by class: the first node that goes on changing, or could settle otherwise; -1 when all settle in one way
	Counts  [][2]int   // by bundle: prefixes received at each end
	watch   [][]int    // by bundle: classes whose results depend on it
	Classes []int      // that were worked out, sorted: the others are those of the base
}

// Converge works out what each node holds while up stands. Where base is
// given, in which all of that stood and more, only the classes that can differ
// are worked out anew; gateways and attachments are those that fell since.
func (m *Machine) Converge(up Standing, base *State, gateways, attachments []int) *State {
	st := &State{Up: up.Bundles}
	st.Classes = m.affected(st, base, gateways, attachments)
	m.solve(st, up, base)
	return st
}

// affected lists the classes that a failure can touch: all without a base.
func (m *Machine) affected(st, base *State, gateways, attachments []int) []int {
	var out []int
	if base == nil {
		for c := range m.Classes {
			out = append(out, c)
		}
		return out
	}
	for b := range m.Bundles {
		if base.Up[b] && !st.Up[b] {
			out = append(out, base.watch[b]...)
		}
	}
	for _, g := range gateways {
		out = append(out, m.byOrigin[g]...)
	}
	for _, a := range attachments {
		out = append(out, m.byDep[a]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// solve finds the results of classes, and counts what sessions carry.
func (m *Machine) solve(st *State, up Standing, base *State) {
	if base == nil {
		st.Results = make([][]Result, len(m.Classes))
		st.Unsure = make([]int, len(m.Classes))
		st.Counts = make([][2]int, len(m.Bundles))
	} else {
		st.Results, st.Unsure, st.Counts = slices.Clone(base.Results), slices.Clone(base.Unsure), slices.Clone(base.Counts)
	}
	s := newSolver(m, up)
	for _, c := range st.Classes {
		x := &m.Classes[c]
		if base != nil {
			m.count(x, base.Results[c], base.Up, st.Counts, -len(x.Prefixes))
		}
		res, restless := s.solve(x, false)
		again, other := s.solve(x, true)
		st.Results[c], st.Unsure[c] = res, firstOther(res, again)
		switch {
		case restless >= 0:
			st.Unsure[c] = restless
		case other >= 0:
			st.Unsure[c] = other
		}
		m.count(x, res, st.Up, st.Counts, len(x.Prefixes))
	}
}

// firstOther gives the first node that sends on other ways in one of two
// results, -1 when none does.
func firstOther(a, b []Result) int {
	for i := range a {
		if !a[i].sends(&b[i]) {
			return i
		}
	}
	return -1
}

// count adds n to the prefixes that each session carries for a class.
func (m *Machine) count(c *Class, res []Result, up []bool, counts [][2]int, n int) {
	for b := range m.Bundles {
		if !up[b] {
			continue
		}
		for dir := range 2 {
			k := m.firstEdge[b][dir]
			if k < 0 {
				continue
			}
			e := &m.Edges[k]
			if !res[e.From].Has {
				continue
			}
			if _, v := m.Offer(c, &res[e.From], e); v == taken || v == Filtered || v == Unheard {
				counts[b][1-dir] += n
			}
		}
	}
}

// Changed says which nodes hold other routes than in base, all without one.
func (st *State) Changed(base *State, nodes int) []bool {
	changed := make([]bool, nodes)
	for i := range changed {
		changed[i] = base == nil
	}
	if base == nil {
		return changed
	}
	for _, c := range st.Classes {
		for i := range changed {
			if !changed[i] && !st.Results[c][i].Equal(&base.Results[c][i]) {
				changed[i] = true
			}
		}
	}
	return changed
}

// Watchers lists for each bundle the classes whose results depend on it, so
// that the state can be the base of others.
func (m *Machine) Watchers(st *State) {
	st.watch = make([][]int, len(m.Bundles))
	add := func(k, c int) {
		b := m.Edges[k].Bundle
		if l := len(st.watch[b]); l == 0 || st.watch[b][l-1] != c {
			st.watch[b] = append(st.watch[b], c)
		}
	}
	for c := range st.Results {
		for i := range st.Results[c] {
			r := &st.Results[c][i]
			for _, k := range r.Via {
				add(k, c)
			}
			for _, k := range r.Tied {
				add(k, c)
			}
			if r.Lost > 0 {
				add(r.Lost-1, c)
			}
			if r.Loop > 0 {
				add(r.Loop-1, c)
			}
		}
	}
}
