package agree

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/render/nodes"
	"github.com/tieline/tieline/internal/routes"
)

// Ways that a route can have.
const (
	delivers  = "deliver"
	internet  = "internet"
	discards  = "discarded"
	unknowns  = "unknown"
	toTable   = "table "
	localName = "/local" // ends the name of the table that hands packets to machines
)

// Compared is what the comparison of tables found.
type Compared struct {
	Tables, Routes int
	Diffs          []RouteDiff
	NotCompared    []NotCompared
}

// Tables compares each table of the proof with the one of its name that a node
// holds: which prefixes, and by which tunnels, to which tables, each leads.
func (w *Wiring) Tables(states States, want *routes.Tables) Compared {
	var out Compared
	live := w.live(states)
	for i := range want.Tables {
		name := string(want.Tables[i].ID)
		at, ok := live[name]
		if !ok {
			out.Diffs = append(out.Diffs, RouteDiff{Table: name, Prefix: "every prefix", Run: []string{"no node has this table"}, Proof: []string{want.Tables[i].Kind.String()}})
			continue
		}
		out.Tables++
		w.table(&out, states, live, at, want, i)
	}
	return out
}

// held is a table that a node has.
type held struct {
	node  string
	state *nodeconf.TableState
}

func (w *Wiring) live(states States) map[string]held {
	out := map[string]held{}
	for i := range w.plan.Nodes {
		st := states[w.plan.Nodes[i].Name]
		if st == nil {
			continue
		}
		for k := range st.Tables {
			out[st.Tables[k].Name] = held{st.Node, &st.Tables[k]}
		}
	}
	return out
}

func (w *Wiring) table(out *Compared, states States, live map[string]held, at held, want *routes.Tables, i int) {
	name := at.state.Name
	list := proved(want, i)
	diff := func(q netip.Prefix, run, proof []string) {
		out.Diffs = append(out.Diffs, RouteDiff{Node: at.node, Table: name, Prefix: q.String(), Run: run, Proof: proof})
	}
	for k := range at.state.Routes {
		r := &at.state.Routes[k]
		out.Routes++
		expected, ok := list[r.Prefix]
		delete(list, r.Prefix)
		if slices.Equal(expected, []string{unknowns}) {
			out.NotCompared = append(out.NotCompared, NotCompared{Table: name, Why: r.Prefix.String() + ": the proof does not know where it leads"})
			continue
		}
		got := w.ways(live, at.node, name, r)
		if slices.Contains(expected, delivers) {
			got = w.settled(live, got, r.Prefix)
		}
		if !ok {
			expected = nil
		}
		if slices.Equal(got, expected) || ok && slices.Equal(expected, []string{delivers}) && slices.Equal(got, []string{discards}) && isHubsOwn(want, i, r.Prefix) {
			continue
		}
		diff(r.Prefix, got, expected)
	}
	left := make([]netip.Prefix, 0, len(list))
	for q := range list {
		left = append(left, q)
	}
	slices.SortFunc(left, prefix.Compare)
	for _, q := range left {
		if !slices.Equal(list[q], []string{unknowns}) {
			diff(q, nil, list[q])
		}
	}
}

// ways says where a table sends a prefix.
func (w *Wiring) ways(live map[string]held, node, table string, r *nodeconf.RouteState) []string {
	if len(r.Devices) == 0 {
		return []string{discards}
	}
	var out []string
	for _, d := range r.Devices {
		e := nodes.End{Owner: node, Device: d}
		next := w.rules[w.far[e]]
		switch {
		case w.tunnel(e) != "":
			out = append(out, tunnelPrefix+w.tunnel(e)+" to "+siteTable(next))
		case strings.HasSuffix(next, localName):
			out = append(out, delivers)
		case next == internet:
			out = append(out, internet)
		case strings.Contains(next, "#") && !strings.Contains(table, "#"):
			// A device of the site: what it does with the prefix.
			if at, ok := live[next]; ok {
				for k := range at.state.Routes {
					if y := &at.state.Routes[k]; y.Prefix == r.Prefix {
						out = append(out, w.ways(live, at.node, next, y)...)
					}
				}
			}
		default:
			out = append(out, toTable+next)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// siteTable is the table of a site that the table of a device is a part of.
func siteTable(table string) string {
	name, _, _ := strings.Cut(table, "#")
	return name
}

// settled follows a table's way to its end where the proof says that packets
// are delivered: a transit gateway hands them to the table of their network.
func (w *Wiring) settled(live map[string]held, got []string, q netip.Prefix) []string {
	out := slices.Clone(got)
	for i, way := range out {
		next, ok := strings.CutPrefix(way, toTable)
		if !ok {
			continue
		}
		at, ok := live[next]
		if !ok {
			continue
		}
		if r, ok := at.state.Reached(q.Addr()); ok && slices.Equal(w.ways(live, at.node, next, &r), []string{delivers}) {
			out[i] = delivers
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// proved lists what a table of the proof does, by prefix.
func proved(t *routes.Tables, i int) map[netip.Prefix][]string {
	tb := &t.Tables[i]
	out := map[netip.Prefix][]string{}
	own := tb.Own.All()
	for _, r := range own {
		out[r.Prefix] = provedWays(t, r.Hops)
	}
	for _, r := range tb.Learned.All() {
		_, same := tb.Own.Get(r.Prefix)
		firm := slices.ContainsFunc(own, func(o routes.Route) bool { return o.Firm && prefix.Covers(o.Prefix, r.Prefix) })
		if same || firm {
			continue
		}
		if tb.LearnedHop.Kind != 0 {
			r.Hops = []routes.Hop{tb.LearnedHop}
		}
		out[r.Prefix] = provedWays(t, r.Hops)
	}
	return out
}

func provedWays(t *routes.Tables, hops []routes.Hop) []string {
	var out []string
	for _, h := range hops {
		switch h.Kind {
		case routes.Deliver:
			out = append(out, delivers)
		case routes.Forward:
			next := string(t.Tables[h.Table].ID)
			if h.Tunnel != "" {
				out = append(out, tunnelPrefix+string(h.Tunnel)+" to "+next)
				continue
			}
			out = append(out, toTable+next)
		case routes.Internet, routes.Translate:
			out = append(out, internet)
		case routes.Discard:
			out = append(out, discards)
		case routes.Unknown:
			out = append(out, unknowns)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// isHubsOwn reports whether a prefix is a virtual hub's own, where no machine
// is.
func isHubsOwn(t *routes.Tables, i int, q netip.Prefix) bool {
	r, ok := t.Tables[i].Own.Get(q)
	return ok && t.Tables[i].Kind == routes.HubTable && r.Hops[0].VPC == ""
}
