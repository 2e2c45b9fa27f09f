package change

import (
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
)

// hints asks, for what goes while something alike comes, whether it was only
// renamed: without `was:` it is another one, of which everything is new.
func hints(m *match) []string {
	var out []string
	ask := func(kind, old, new string) {
		out = append(out, fmt.Sprintf("%s %s goes and %s, which is alike, comes: renamed? state was: %s", kind, old, new, old))
	}
	for _, p := range alike(m.old.Sites, m.new.Sites,
		func(s fabric.Site) string { return string(s.ID) }, m.former,
		func(a, b fabric.Site) bool {
			return a.Cloud == b.Cloud && a.Region == b.Region && a.City == b.City && (a.Region != "" || slices.Equal(a.Prefixes, b.Prefixes))
		}) {
		ask("site", p[0], p[1])
	}
	for _, p := range alike(m.old.Segments, m.new.Segments,
		func(s fabric.Segment) string { return string(s.ID) },
		func(id string) string { return string(m.formerSegment(fabric.SegmentID(id))) },
		func(a, b fabric.Segment) bool {
			is := m.members(m.new, b.ID)
			return len(is) > 0 && slices.Equal(m.members(m.old, a.ID), is)
		}) {
		ask("segment", p[0], p[1])
	}
	for _, p := range alike(m.old.Subnets, m.new.Subnets,
		func(s fabric.Subnet) string { return string(s.ID) }, m.former,
		func(a, b fabric.Subnet) bool {
			return string(a.VPC) == m.former(string(b.VPC)) && a.Prefix.Bits() == b.Prefix.Bits() && string(a.Segment) == string(m.formerSegment(b.Segment))
		}) {
		ask("subnet", p[0], p[1])
	}
	return out
}

// alike pairs what only the old network has with what only the new one has,
// each with the first that is alike.
func alike[T any](old, new []T, id func(T) string, former func(string) string, same func(a, b T) bool) [][2]string {
	var out [][2]string
	taken := map[string]bool{}
	for _, b := range new {
		taken[former(id(b))] = true
	}
	stays := func(b T) bool {
		return slices.ContainsFunc(old, func(a T) bool { return id(a) == former(id(b)) })
	}
	for _, b := range new {
		if stays(b) {
			continue
		}
		for _, a := range old {
			if !taken[id(a)] && same(a, b) {
				taken[id(a)] = true
				out = append(out, [2]string{id(a), id(b)})
				break
			}
		}
	}
	return out
}

// members are the subnets of a segment, spelled as the old network does.
func (m *match) members(n *fabric.Network, id fabric.SegmentID) []string {
	var out []string
	for i := range n.Subnets {
		s := &n.Subnets[i]
		if s.Segment != id {
			continue
		}
		was := string(s.ID)
		if n == m.new {
			was = m.former(was)
		}
		out = append(out, was)
	}
	slices.Sort(out)
	return out
}
