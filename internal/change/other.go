package change

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
)

// OtherChange is something of the network as a whole that differs and that
// no resource shows by itself.
type OtherChange struct {
	What     string // tags, traffic, policy
	Old, New string // of one value
	Added    []string
	Removed  []string
}

// otherChanges compares what is stated of the whole network.
func otherChanges(m *match) []OtherChange {
	var out []OtherChange
	one := func(what, old, new string) {
		if old != new {
			out = append(out, OtherChange{What: what, Old: old, New: new})
		}
	}
	set := func(what string, old, new []string) {
		slices.Sort(old)
		slices.Sort(new)
		if added, removed := without(new, old), without(old, new); len(added)+len(removed) > 0 {
			out = append(out, OtherChange{What: what, Added: added, Removed: removed})
		}
	}
	o, n := m.old, m.new
	same := func(s string) string { return s }
	one("name", o.Name, n.Name)
	one("environment", o.Environment, n.Environment)
	one("Terraform layout", layout(o.Layout), layout(n.Layout))
	set("tags", tagsOf(o, same), tagsOf(n, m.former))
	set("sites", sitesOf(o, same), sitesOf(n, m.former))
	set("links", linksOf(o, same), linksOf(n, m.former))
	set("policy", policyOf(o, same), policyOf(n, m.formerRef))
	set("traffic", trafficOf(o, same), trafficOf(n, m.formerRef))
	set("renamed", nil, m.renamed())
	set("waivers", waiversOf(o), waiversOf(n))
	return out
}

func layout(l fabric.Layout) string {
	if l == fabric.Stacks {
		return "a root a site"
	}
	return "one root"
}

// tagsOf spells the tags of the network and of what has some of its own.
func tagsOf(n *fabric.Network, name func(string) string) []string {
	var out []string
	add := func(of string, tags []fabric.Tag, environment string) {
		for _, t := range tags {
			out = append(out, of+t.Key+"="+t.Value)
		}
		if environment != "" && of != "" {
			out = append(out, of+"environment="+environment)
		}
	}
	add("", n.Tags, "")
	// What an object has from the network is told once.
	own := func(tags []fabric.Tag) []fabric.Tag {
		return slices.DeleteFunc(slices.Clone(tags), func(t fabric.Tag) bool { return slices.Contains(n.Tags, t) || t.Key == "environment" })
	}
	differs := func(environment string) string {
		if environment == n.Environment {
			return ""
		}
		return environment
	}
	for i := range n.Sites {
		s := &n.Sites[i]
		add(name(string(s.ID))+": ", own(s.Tags), differs(s.Environment))
	}
	for i := range n.VPCs {
		v := &n.VPCs[i]
		add(name(string(v.ID))+": ", own(v.Tags), differs(v.Environment))
	}
	for i := range n.Subnets {
		s := &n.Subnets[i]
		add(name(string(s.ID))+": ", own(s.Tags), "")
	}
	return out
}

func sitesOf(n *fabric.Network, name func(string) string) []string {
	var out []string
	for i := range n.Sites {
		s := &n.Sites[i]
		text := name(string(s.ID)) + " " + s.Cloud.Title()
		if s.Region != "" {
			text += " " + s.Region
		}
		out = append(out, text+" "+strings.Join(texts(s.Prefixes), " "))
	}
	return out
}

// linksOf names the links with how they are made.
func linksOf(n *fabric.Network, name func(string) string) []string {
	var out []string
	for i := range n.Links {
		l := &n.Links[i]
		out = append(out, fmt.Sprintf("%s %s", name(string(l.ID)), l.Kind))
	}
	return out
}

// formerRef spells a reference of the new spec as the old one would: a site,
// a segment, or one of them at the other, site:segment.
func (m *match) formerRef(ref string) string {
	site, segment, ok := strings.Cut(ref, ":")
	if ok {
		return m.former(site) + ":" + string(m.formerSegment(fabric.SegmentID(segment)))
	}
	if f := m.former(ref); f != ref {
		return f
	}
	return string(m.formerSegment(fabric.SegmentID(ref)))
}

// renamed lists the renames that this change makes.
func (m *match) renamed() []string {
	var out []string
	for _, r := range m.new.Renames {
		if r.Kind == "segment" && m.formerSegment(fabric.SegmentID(r.New)) == fabric.SegmentID(r.New) || r.Kind != "segment" && m.former(r.New) == r.New {
			continue
		}
		out = append(out, fmt.Sprintf("%s %s is now %s", r.Kind, r.Old, r.New))
	}
	return out
}

func policyOf(n *fabric.Network, name func(string) string) []string {
	var out []string
	for i := range n.Policy {
		r := &n.Policy[i]
		text := fmt.Sprintf("%s to %s %s", ends(r.From, name), ends(r.To, name), strings.Join(texts(r.Services), " "))
		if r.RTT > 0 {
			text += fmt.Sprintf(" within %g ms", r.RTT)
		}
		out = append(out, text)
	}
	return out
}

func ends(list []fabric.PolicyEnd, name func(string) string) string {
	refs := make([]string, len(list))
	for i, e := range list {
		refs[i] = name(e.Ref)
	}
	return strings.Join(refs, ", ")
}

func trafficOf(n *fabric.Network, name func(string) string) []string {
	var out []string
	for i := range n.Flows {
		f := &n.Flows[i]
		out = append(out, fmt.Sprintf("%s to %s %v a month, peak %v", name(f.From.Ref), name(f.To.Ref), f.Monthly, f.Peak))
	}
	return out
}

func waiversOf(n *fabric.Network) []string {
	var out []string
	for i := range n.Waivers {
		w := &n.Waivers[i]
		text := w.Code
		if w.Object != "" {
			text += " of " + w.Object
		}
		text += ": " + w.Reason
		if !w.Expires.IsZero() {
			text += ", until " + w.Expires.Format("2006-01-02")
		}
		out = append(out, text)
	}
	return out
}
