package view

import (
	"fmt"
	"strings"

	"github.com/tieline/tieline/internal/cli/space"
)

// Tree prints the address plan.
func (p *Printer) Tree(roots []space.Node) {
	t := table{columns: []column{
		{head: "ADDRESSES"}, {head: "PREFIX"}, {head: "USED", right: true}, {head: "LARGEST FREE"}, {head: "", drop: 1, flex: true, wrap: true},
	}}
	for _, n := range roots {
		p.treeRows(&t, n, 0)
	}
	t.print(p)
}

func (p *Printer) treeRows(t *table, n space.Node, depth int) {
	name, used, free, note := n.Name, "", "", ""
	if n.Kind == space.Network || n.Kind == space.Subnet {
		// The site stands above it.
		name = name[strings.LastIndexByte(name, '/')+1:]
	}
	switch n.Kind {
	case space.Pool:
		name = p.bold(name)
	case space.Freed, space.Reserved, space.Joined, space.OnPrem, space.Hub:
		note = string(n.Kind)
	case space.Cloud, space.Site, space.Network, space.Subnet:
	}
	if n.Note != "" {
		note = strings.TrimPrefix(note+", "+n.Note, ", ")
	}
	if !n.IsLeaf() {
		used = percent(n.Used)
		free = "none"
		if n.Largest.IsValid() {
			free = n.Largest.String()
		}
	}
	t.add(strings.Repeat("  ", depth)+name, n.Prefix.String(), used, free, p.dim(note))
	for _, c := range n.Children {
		p.treeRows(t, c, depth+1)
	}
}

func percent(share float64) string {
	switch {
	case share > 0 && share < 0.01:
		return "<1%"
	case share < 1 && share > 0.99:
		return ">99%"
	}
	return fmt.Sprintf("%.0f%%", share*100)
}

// Checks prints what ranges collide with.
func (p *Printer) Checks(list []space.Checked) {
	for i, c := range list {
		if i > 0 {
			p.Blank()
		}
		if !c.Collides() {
			p.Line("%s: %s", p.bold(c.Range.String()), p.green("free"))
		} else {
			p.Line("%s: %s", p.bold(c.Range.String()), p.red("collides"))
			t := table{indent: "  ", columns: []column{{}, {}, {}, {flex: true}}}
			for _, n := range c.Collision {
				t.add(n.Prefix.String(), string(n.Kind), n.Name, p.dim(n.Note))
			}
			t.print(p)
		}
		if len(c.Pools) > 0 && !c.Collides() {
			p.Wrapped("  ", "  ", fmt.Sprintf("It lies in the pool %s: put it under addressing.reserved, or a later plan may give it out.", strings.Join(texts(c.Pools), ", ")))
		}
		for _, r := range c.Refused {
			word := "best avoided"
			if r.Refuse {
				word = r.Cloud.Title() + " refuses"
			}
			p.Wrapped("  ", "    ", fmt.Sprintf("%s %s: %s", p.yellow(word), r.Range.Prefix, r.Range.Why))
		}
	}
}

type treeJSON struct {
	FormatVersion string     `json:"format_version"`
	Addresses     []nodeJSON `json:"addresses"`
}

type nodeJSON struct {
	Kind        string     `json:"kind"`
	Name        string     `json:"name"`
	CIDR        string     `json:"cidr"`
	Note        string     `json:"note,omitempty"`
	Used        *float64   `json:"used,omitempty"`
	LargestFree string     `json:"largest_free,omitempty"`
	Children    []nodeJSON `json:"children"`
}

// TreeJSON gives the address plan for programs.
func TreeJSON(roots []space.Node) any {
	return treeJSON{FormatVersion, list(roots, newNodeJSON)}
}

func newNodeJSON(n space.Node) nodeJSON {
	j := nodeJSON{Kind: string(n.Kind), Name: n.Name, CIDR: n.Prefix.String(), Note: n.Note, Children: list(n.Children, newNodeJSON)}
	if !n.IsLeaf() {
		used := n.Used
		j.Used = &used
		if n.Largest.IsValid() {
			j.LargestFree = n.Largest.String()
		}
	}
	return j
}

type checksJSON struct {
	FormatVersion string      `json:"format_version"`
	Checks        []checkJSON `json:"checks"`
}

type checkJSON struct {
	CIDR       string        `json:"cidr"`
	Collides   bool          `json:"collides"`
	Collisions []nodeJSON    `json:"collisions"`
	Refused    []refusalJSON `json:"refused"`
}

type refusalJSON struct {
	Cloud   string `json:"cloud,omitempty"`
	CIDR    string `json:"cidr"`
	Refused bool   `json:"refused"`
	Why     string `json:"why"`
}

// ChecksJSON gives collisions for programs.
func ChecksJSON(checks []space.Checked) any {
	return checksJSON{FormatVersion, list(checks, func(c space.Checked) checkJSON {
		return checkJSON{c.Range.String(), c.Collides(), list(c.Collision, newNodeJSON), list(c.Refused, func(r space.Refusal) refusalJSON {
			cloud := ""
			if r.Cloud != 0 {
				cloud = r.Cloud.String()
			}
			return refusalJSON{cloud, r.Range.Prefix.String(), r.Refuse, r.Range.Why}
		})}
	})}
}
