package routes

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
)

// origin is a node that brings a prefix into BGP by itself.
type origin struct {
	node int
	dep  int  // attachment that must be up, or -1
	med  int  // added to what the node sends
	idle bool // only where the node hears it from nobody
	line fabric.Origin
}

// class is prefixes that BGP treats alike: brought in by the same nodes and
// refused by the same.
type class struct {
	origins  []origin // sorted by node
	prefixes []netip.Prefix
	refuse   []bool // by node; nil when none refuses
	passOn   []int  // nodes of devices that hand it on
	whole    bool   // it is the default route, which Azure hands to no peer
}

// originate brings a prefix into BGP at a node.
func (p *Plane) originate(q netip.Prefix, o origin) {
	if o.node < 0 {
		return
	}
	for _, have := range p.origins[q] {
		if have.node == o.node && have.dep == o.dep {
			return
		}
	}
	p.origins[q] = append(p.origins[q], o)
}

// classify groups the prefixes into classes, in order of their first prefix.
func (p *Plane) classify() {
	all := make([]netip.Prefix, 0, len(p.origins))
	for q := range p.origins {
		all = append(all, q)
	}
	slices.SortFunc(all, prefix.Compare)
	byKey := map[string]int{}
	p.classOf = make(map[netip.Prefix]int, len(all))
	for _, q := range all {
		list := p.origins[q]
		slices.SortStableFunc(list, func(a, b origin) int { return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.dep, b.dep)) })
		var b strings.Builder
		for _, o := range list {
			fmt.Fprintf(&b, "%d %d %d %v;", o.node, o.dep, o.med, o.idle)
		}
		c := class{origins: list, whole: q.Bits() == 0}
		for i := range p.nodes {
			if within(p.nodes[i].refuse, q) {
				if c.refuse == nil {
					c.refuse = make([]bool, len(p.nodes))
				}
				c.refuse[i] = true
				fmt.Fprintf(&b, "-%d", i)
			}
		}
		if c.passOn = p.passOn[q]; len(c.passOn) > 0 {
			fmt.Fprintf(&b, "+%v", c.passOn)
		}
		if c.whole {
			b.WriteString("default")
		}
		k, ok := byKey[b.String()]
		if !ok {
			k = len(p.classes)
			byKey[b.String()] = k
			p.classes = append(p.classes, c)
		}
		p.classes[k].prefixes = append(p.classes[k].prefixes, q)
		p.classOf[q] = k
	}
}

// lineOf is the line behind a prefix that a node brought in.
func (p *Plane) lineOf(q netip.Prefix, node int) fabric.Origin {
	for _, o := range p.origins[q] {
		if o.node == node {
			return o.line
		}
	}
	return fabric.Origin{}
}
