package diagram

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// names gives the boxes of a diagram short names for DOT and Mermaid, which
// no name in a spec can break: c0, s0, n0, u0, g0 by kind and order.
type names struct {
	gateway map[fabric.GatewayID]string
	site    map[fabric.SiteID]string
	cloud   map[vocab.Cloud]string
	anchor  map[string]string // a node inside a cloud or site, for links that end there
}

func nameBoxes(d Diagram) names {
	n := names{
		gateway: map[fabric.GatewayID]string{},
		site:    map[fabric.SiteID]string{},
		cloud:   map[vocab.Cloud]string{},
		anchor:  map[string]string{},
	}
	for _, c := range d.Clouds {
		cloud := fmt.Sprintf("c%d", len(n.cloud))
		n.cloud[c.Cloud] = cloud
		for _, s := range c.Sites {
			site := fmt.Sprintf("s%d", len(n.site))
			n.site[s.ID] = site
			n.anchor[site] = site + "i"
			for _, g := range s.Gateways {
				n.gateway[g.ID] = fmt.Sprintf("g%d", len(n.gateway))
			}
			if n.anchor[cloud] == "" {
				n.anchor[cloud] = n.anchor[site]
			}
		}
	}
	return n
}

// end gives the box at an end of a link, and whether it is a group.
func (n names) end(e End) (string, bool) {
	if e.Site == "" {
		return n.cloud[e.Cloud], true
	}
	if g, ok := n.gateway[e.Gateway]; ok {
		return g, false
	}
	return n.site[e.Site], true
}

// DOT writes a diagram for Graphviz: a cluster a cloud, site and network.
func DOT(d Diagram) string {
	n := nameBoxes(d)
	var b strings.Builder
	b.WriteString("graph network {\n")
	fmt.Fprintf(&b, "  label=%s; labelloc=t; fontsize=20; compound=true; newrank=true; bgcolor=\"#ffffff\"; fontname=\"Helvetica\";\n",
		dotText(d.Title, caption(d)))
	b.WriteString("  node [shape=box, style=\"rounded,filled\", fillcolor=\"#ffffff\", fontname=\"Helvetica\", fontsize=11];\n")
	b.WriteString("  edge [fontname=\"Helvetica\", fontsize=11];\n")
	networks, subnets := 0, 0
	for _, c := range d.Clouds {
		t := cloudTint(c.Cloud)
		fmt.Fprintf(&b, "  subgraph cluster_%s {\n    label=%s; style=\"rounded,filled\"; fillcolor=%q; color=%q; fontsize=16;\n",
			n.cloud[c.Cloud], dotText(c.Title), t.fill, t.edge)
		for _, s := range c.Sites {
			site := n.site[s.ID]
			fmt.Fprintf(&b, "    subgraph cluster_%s {\n      label=%s; fillcolor=\"#ffffff\"; fontsize=13;\n", site, dotText(string(s.ID), s.Detail))
			fmt.Fprintf(&b, "      %s [label=%s, shape=plaintext, style=\"\"];\n", n.anchor[site], dotText(siteLines(s)...))
			for _, g := range s.Gateways {
				fmt.Fprintf(&b, "      %s [label=%s, fillcolor=%q, color=%q];\n", n.gateway[g.ID], dotText(g.Title, g.Detail), t.fill, t.edge)
			}
			for _, net := range s.Networks {
				fmt.Fprintf(&b, "      subgraph cluster_n%d {\n        label=%s; fillcolor=\"#fafbfc\"; fontsize=12;\n", networks, dotText(networkLines(net)...))
				if len(net.Subnets) == 0 {
					fmt.Fprintf(&b, "        n%d [label=%s, shape=plaintext, style=\"\"];\n", networks, dotText(countsLabel(net.Counts, false)))
				}
				for _, sub := range net.Subnets {
					colour := segmentColour(sub.Segment)
					fmt.Fprintf(&b, "        u%d [label=%s, fillcolor=%q, fontcolor=%q];\n", subnets, dotText(subnetLines(sub, d)...), colour.fill, colour.text)
					subnets++
				}
				b.WriteString("      }\n")
				networks++
			}
			b.WriteString("    }\n")
		}
		b.WriteString("  }\n")
	}
	for _, l := range d.Links {
		writeEdge(&b, n, l)
	}
	b.WriteString("}\n")
	return b.String()
}

func writeEdge(b *strings.Builder, n names, l Link) {
	k := linkStroke(l.Kind)
	style := "solid"
	if k.dash != "" {
		style = "dashed"
	}
	var node, clip [2]string
	for i, e := range l.Ends {
		name, group := n.end(e)
		node[i] = name
		if group {
			node[i], clip[i] = n.anchor[name], "cluster_"+name
		}
	}
	fmt.Fprintf(b, "  %s -- %s [label=%s, color=%q, style=%s, penwidth=%s", node[0], node[1], dotText(l.Label), k.colour, style, px(strokeWidth(l.Rate)))
	if clip[0] != "" && node[0] != node[1] {
		fmt.Fprintf(b, ", ltail=%s", clip[0])
	}
	if clip[1] != "" && node[0] != node[1] {
		fmt.Fprintf(b, ", lhead=%s", clip[1])
	}
	b.WriteString("];\n")
}

// siteLines says what a site holds besides its boxes.
func siteLines(s Site) []string {
	if len(s.Networks) > 0 {
		return nil
	}
	if s.Counts.Networks > 0 {
		return []string{countsLabel(s.Counts, true)}
	}
	return shownPrefixes(s)
}

func networkLines(n Network) []string {
	return []string{join(", ", n.Name, n.Note), n.Detail}
}

func subnetLines(s Subnet, d Diagram) []string {
	segment := ""
	if s.Segment >= 0 {
		segment = "segment " + string(d.Segments[s.Segment].ID)
	}
	return []string{s.Name, join(", ", s.Prefix, s.Note), segment}
}

// dotText quotes lines as a DOT string: backslash, quote and the ampersand of
// an HTML entity lose their meaning, control characters become spaces.
func dotText(lines ...string) string {
	var out []string
	for _, l := range lines {
		if l != "" {
			out = append(out, dotEscapes.Replace(strings.Map(plain, strings.ToValidUTF8(l, "\uFFFD"))))
		}
	}
	return `"` + strings.Join(out, `\n`) + `"`
}

var dotEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `&`, `&amp;`)

// plain makes control characters spaces.
func plain(r rune) rune {
	if unicode.IsControl(r) {
		return ' '
	}
	return r
}
