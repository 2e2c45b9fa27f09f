package diagram

import (
	"fmt"
	"strings"
	"unicode"
)

// Mermaid writes a diagram as a Mermaid flowchart: a subgraph a cloud, site
// and network.
func Mermaid(d Diagram) string {
	n := nameBoxes(d)
	var b strings.Builder
	b.WriteString("flowchart TB\n")
	networks, subnets := 0, 0
	for _, c := range d.Clouds {
		fmt.Fprintf(&b, "  subgraph %s[%s]\n", n.cloud[c.Cloud], mermaidText(c.Title))
		for _, s := range c.Sites {
			site := n.site[s.ID]
			fmt.Fprintf(&b, "    subgraph %s[%s]\n", site, mermaidText(string(s.ID), s.Detail))
			if lines := siteLines(s); len(lines) > 0 {
				fmt.Fprintf(&b, "      %s[%s]\n", n.anchor[site], mermaidText(lines...))
			}
			for _, g := range s.Gateways {
				fmt.Fprintf(&b, "      %s([%s])\n", n.gateway[g.ID], mermaidText(g.Title, g.Detail))
			}
			for _, net := range s.Networks {
				if len(net.Subnets) == 0 {
					fmt.Fprintf(&b, "      n%d[%s]\n", networks, mermaidText(append(networkLines(net), countsLabel(net.Counts, false))...))
					networks++
					continue
				}
				fmt.Fprintf(&b, "      subgraph n%d[%s]\n", networks, mermaidText(networkLines(net)...))
				for _, sub := range net.Subnets {
					fmt.Fprintf(&b, "        u%d[%s]%s\n", subnets, mermaidText(subnetLines(sub, d)...), mermaidClass(sub))
					subnets++
				}
				b.WriteString("      end\n")
				networks++
			}
			b.WriteString("    end\n")
		}
		b.WriteString("  end\n")
	}
	for i, l := range d.Links {
		from, _ := n.end(l.Ends[0])
		to, _ := n.end(l.Ends[1])
		fmt.Fprintf(&b, "  %s ---|%s| %s\n", from, mermaidText(l.Label), to)
		k := linkStroke(l.Kind)
		fmt.Fprintf(&b, "  linkStyle %d stroke:%s,stroke-width:%spx", i, k.colour, px(strokeWidth(l.Rate)))
		if k.dash != "" {
			fmt.Fprintf(&b, ",stroke-dasharray:%s", k.dash)
		}
		b.WriteString("\n")
	}
	for i := range min(len(d.Segments), len(segmentColours)) {
		c := segmentColours[i]
		fmt.Fprintf(&b, "  classDef segment%d fill:%s,color:%s\n", i, c.fill, c.text)
	}
	for _, c := range d.Clouds {
		t := cloudTint(c.Cloud)
		fmt.Fprintf(&b, "  style %s fill:%s,stroke:%s,color:%s\n", n.cloud[c.Cloud], t.fill, t.edge, t.text)
		for _, s := range c.Sites {
			fmt.Fprintf(&b, "  style %s fill:#ffffff,stroke:%s,color:%s\n", n.site[s.ID], t.edge, ink)
		}
	}
	return b.String()
}

func mermaidClass(s Subnet) string {
	if s.Segment < 0 {
		return ""
	}
	return fmt.Sprintf(":::segment%d", s.Segment%len(segmentColours))
}

// mermaidText quotes lines as a Mermaid label. All but letters, digits and
// harmless punctuation become character codes, as Mermaid has no escape for a
// quote and reads Markdown, HTML and %%{directives}%% inside labels.
func mermaidText(lines ...string) string {
	var b strings.Builder
	b.WriteByte('"')
	first := true
	for _, l := range lines {
		if l == "" {
			continue
		}
		if !first {
			b.WriteString("<br/>")
		}
		first = false
		l = strings.TrimSpace(strings.Map(plain, strings.ToValidUTF8(l, "\uFFFD")))
		for i, r := range l {
			// The marks of a Markdown list.
			item := i == 0 && (r == '-' || r == '+') || r == '.' && strings.HasPrefix(l[i+1:], " ")
			switch {
			case !item && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" .,:/-+×≈·…", r)):
				b.WriteRune(r)
			default:
				fmt.Fprintf(&b, "#%d;", r)
			}
		}
	}
	b.WriteByte('"')
	return b.String()
}
