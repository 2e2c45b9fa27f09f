package bgp

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
)

// Origin is a node that brings a prefix into BGP by itself.
type Origin struct {
	Node       int
	Attachment int  // attachment that must be up, or -1
	MED        int  // added to what the node sends
	Idle       bool // only where the node hears it from nobody
	Line       fabric.Origin
}

// Class is prefixes that BGP treats alike: brought in by the same nodes,
// refused by the same, and matched by the same terms of policies.
type Class struct {
	origins  []Origin // sorted by node
	Prefixes []netip.Prefix
	Refuse   []bool   // by node; nil when none refuses
	passOn   []int    // nodes of devices that hand it on
	terms    [][]bool // by policy: which of its terms are for the prefixes
	whole    bool     // it is the default route, which Azure hands to no peer
}

// AddPolicy returns 1 + the index of a policy, 0 of an empty one.
func (m *Machine) AddPolicy(terms []fabric.RouteTerm) int {
	if len(terms) == 0 {
		return 0
	}
	plain := slices.Clone(terms)
	for i := range plain {
		plain[i].Origin = fabric.Origin{}
	}
	key := fmt.Sprint(plain)
	if m.policyOf[key] == 0 {
		m.Policies = append(m.Policies, terms)
		m.policyOf[key] = len(m.Policies)
	}
	return m.policyOf[key]
}

// termsFor says which terms of each policy are for a prefix.
func (m *Machine) termsFor(q netip.Prefix) [][]bool {
	out := make([][]bool, len(m.Policies))
	for i, terms := range m.Policies {
		out[i] = make([]bool, len(terms))
		for k := range terms {
			out[i][k] = terms[k].Matches(q)
		}
	}
	return out
}

// Originate brings a prefix into BGP at a node.
func (m *Machine) Originate(q netip.Prefix, o Origin) {
	if o.Node < 0 {
		return
	}
	for _, have := range m.Origins[q] {
		if have.Node == o.Node && have.Attachment == o.Attachment {
			return
		}
	}
	m.Origins[q] = append(m.Origins[q], o)
}

// classify groups the prefixes into classes, in order of their first prefix.
func (m *Machine) classify() {
	all := make([]netip.Prefix, 0, len(m.Origins))
	for q := range m.Origins {
		all = append(all, q)
	}
	slices.SortFunc(all, prefix.Compare)
	byKey := map[string]int{}
	m.ClassOf = make(map[netip.Prefix]int, len(all))
	for _, q := range all {
		list := m.Origins[q]
		slices.SortStableFunc(list, func(a, b Origin) int {
			return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Attachment, b.Attachment))
		})
		var b strings.Builder
		for _, o := range list {
			fmt.Fprintf(&b, "%d %d %d %v;", o.Node, o.Attachment, o.MED, o.Idle)
		}
		c := Class{origins: list, whole: q.Bits() == 0}
		for i := range m.Nodes {
			if Within(m.Nodes[i].Refuse, q) {
				if c.Refuse == nil {
					c.Refuse = make([]bool, len(m.Nodes))
				}
				c.Refuse[i] = true
				fmt.Fprintf(&b, "-%d", i)
			}
		}
		if c.passOn = m.PassOn[q]; len(c.passOn) > 0 {
			fmt.Fprintf(&b, "+%v", c.passOn)
		}
		if c.whole {
			b.WriteString("default")
		}
		if len(m.Policies) > 0 {
			c.terms = m.termsFor(q)
			fmt.Fprint(&b, c.terms)
		}
		k, ok := byKey[b.String()]
		if !ok {
			k = len(m.Classes)
			byKey[b.String()] = k
			m.Classes = append(m.Classes, c)
		}
		m.Classes[k].Prefixes = append(m.Classes[k].Prefixes, q)
		m.ClassOf[q] = k
	}
}

// LineOf is the line behind a prefix that a node brought in.
func (m *Machine) LineOf(q netip.Prefix, node int) fabric.Origin {
	for _, o := range m.Origins[q] {
		if o.Node == node {
			return o.Line
		}
	}
	return fabric.Origin{}
}
