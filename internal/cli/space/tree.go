// Package space looks at the address plan of a compiled network: the tree of
// its blocks with what is used and free, and what a range would collide with.
// It decides nothing and allocates nothing.
package space

import (
	"cmp"
	"math/big"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/prefix"
)

// Kind says what a node of the tree is.
type Kind string

// The kinds of node.
const (
	Pool     Kind = "pool"
	Reserved Kind = "reserved"
	Cloud    Kind = "cloud"
	Site     Kind = "site"
	Network  Kind = "network"
	Joined   Kind = "joined network"
	Subnet   Kind = "subnet"
	Hub      Kind = "hub"
	OnPrem   Kind = "on-prem"
	Freed    Kind = "freed"
)

// Node is a prefix of the plan with what lies in it.
type Node struct {
	Kind     Kind
	Name     string
	Prefix   netip.Prefix
	Note     string
	Children []Node
	// Of a prefix that others are allocated from:
	Used    float64      // share of it that its children have, from 0 to 1
	Largest netip.Prefix // largest free block, zero when nothing is free
}

// IsLeaf reports whether nothing is allocated from the node.
func (n Node) IsLeaf() bool {
	switch n.Kind {
	case Pool, Cloud, Site, Network:
		return false
	case Reserved, Joined, Subnet, Hub, OnPrem, Freed:
		return true
	}
	return true
}

// NewTree returns the tree of a network's addresses. Each prefix lies under
// the longest that holds it; what no pool holds stands beside the pools.
func NewTree(n *fabric.Network, freed []lock.Entry) []Node {
	all := nodes(n, freed)
	slices.SortStableFunc(all, func(a, b Node) int {
		return cmp.Or(prefix.Compare(a.Prefix, b.Prefix), cmp.Compare(rank(a.Kind), rank(b.Kind)))
	})
	roots, rest := build(all, netip.Prefix{})
	if len(rest) > 0 {
		panic("space: nodes out of order")
	}
	return roots
}

// nodes lists every prefix of a network.
func nodes(n *fabric.Network, freed []lock.Entry) []Node {
	var out []Node
	add := func(k Kind, name string, p netip.Prefix, note string) {
		if p.IsValid() {
			out = append(out, Node{Kind: k, Name: name, Prefix: p, Note: note})
		}
	}
	for _, p := range n.Pools {
		add(Pool, "pool", p, "")
	}
	for _, r := range n.Reserved {
		add(Reserved, cmp.Or(r.For, "reserved"), r.Prefix, "")
	}
	for _, b := range n.Blocks {
		kind, name := Cloud, b.Cloud.Title()
		if b.Site != "" {
			kind, name = Site, string(b.Site)
		}
		add(kind, name, b.Prefix, pinned(b.Pinned))
	}
	for _, s := range n.Sites {
		if !s.Cloud.IsPublic() {
			for _, p := range s.Prefixes {
				add(OnPrem, string(s.ID), p, "")
			}
		}
	}
	for _, v := range n.VPCs {
		if v.Existing != "" {
			for _, p := range v.Prefixes {
				add(Joined, string(v.ID), p, v.Existing)
			}
			continue
		}
		for _, b := range v.Blocks {
			name := string(b.Site) + "/" + v.Name
			add(Network, name, b.Prefix, "")
		}
	}
	for _, s := range n.Subnets {
		if !s.Existing {
			add(Subnet, string(s.ID), s.Prefix, string(s.Segment))
		}
	}
	for _, g := range n.Gateways {
		add(Hub, string(g.ID), g.Prefix, "")
	}
	for _, e := range freed {
		if e.Kind == lock.Block {
			add(Freed, e.Key, e.Prefix, "until tieline lock release "+e.Key)
		}
	}
	return out
}

func pinned(is bool) string {
	if is {
		return "pinned"
	}
	return ""
}

// rank orders nodes of one prefix from the outside to the inside.
func rank(k Kind) int {
	return slices.Index([]Kind{Pool, Cloud, Site, Network, Reserved, Joined, OnPrem, Hub, Subnet, Freed}, k)
}

// build takes the nodes that lie in p off the front of a sorted list.
func build(list []Node, p netip.Prefix) (in, rest []Node) {
	for len(list) > 0 {
		n := list[0]
		if p.IsValid() && !prefix.Covers(p, n.Prefix) {
			break
		}
		list = list[1:]
		if !n.IsLeaf() {
			n.Children, list = build(list, n.Prefix)
			n.measure()
		}
		in = append(in, n)
	}
	return in, list
}

// measure fills in what of a node is used and free.
func (n *Node) measure() {
	used := make([]netip.Prefix, 0, len(n.Children))
	for _, c := range n.Children {
		used = append(used, c.Prefix)
	}
	whole, taken := prefix.FromPrefixes(n.Prefix), prefix.FromPrefixes(used...)
	share := new(big.Rat).SetFrac(taken.Size(), whole.Size())
	n.Used, _ = share.Float64()
	n.Largest, _ = prefix.NewAllocator(whole, taken).Largest()
}
