package spec

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/vocab"
)

// Resolve says what a reference means, or why it means nothing.
func (x *Index) Resolve(r Ref) (Target, *RefError) {
	switch r.Kind {
	case RefInternet:
		return Target{Internet: true}, nil
	case RefCIDR:
		return Target{Prefixes: []netip.Prefix{r.Prefix}}, nil
	case RefSegment:
		return x.resolveSegment(r)
	case RefWord:
		return x.resolveWord(r.Word)
	case RefPath:
		return x.resolvePath(r)
	}
	return Target{}, &RefError{Summary: "the reference is not valid"}
}

func (x *Index) resolveSegment(r Ref) (Target, *RefError) {
	site, ok := x.sites[r.Site]
	if !ok {
		return Target{}, x.noSite(r.Site)
	}
	if _, ok := x.segments[r.Name]; !ok {
		return Target{}, x.noSegment(r.Name)
	}
	var in []SubnetRef
	for _, s := range x.bySegment[r.Name] {
		if s.Site == site {
			in = append(in, s)
		}
	}
	if len(in) == 0 {
		return Target{}, &RefError{
			Summary: fmt.Sprintf("site %q has no subnet of segment %q", r.Site, r.Name),
			Hint:    x.segmentsHint(site),
		}
	}
	return Target{Segment: r.Name, Subnets: in}, nil
}

func (x *Index) segmentsHint(site int) string {
	var names []string
	for i := range x.spec.Sites[site].Networks {
		for _, s := range x.spec.Sites[site].Networks[i].Subnets {
			if s.Segment.IsSet() && !contains(names, s.Segment.V) {
				names = append(names, s.Segment.V)
			}
		}
	}
	if len(names) == 0 {
		return "none of its subnets is in a segment"
	}
	return "its subnets are in " + list(names)
}

func (x *Index) noSite(name string) *RefError {
	return &RefError{Summary: fmt.Sprintf("there is no site %q", name), Hint: suggest(name, x.siteNames, "the sites are ")}
}

func (x *Index) noSegment(name string) *RefError {
	hint := suggest(name, x.segNames, "the segments are ")
	if len(x.segNames) == 0 {
		hint = "add it under segments"
	}
	return &RefError{Summary: fmt.Sprintf("there is no segment %q", name), Hint: hint}
}

func (x *Index) resolveWord(w string) (Target, *RefError) {
	if _, ok := x.segments[w]; ok {
		return Target{Segment: w, Subnets: x.bySegment[w]}, nil
	}
	if site, ok := x.sites[w]; ok {
		return x.siteTarget(site), nil
	}
	var found matches
	for _, s := range x.bySubnet[w] {
		found.subnet(x, s)
	}
	for _, n := range x.byNetwork[w] {
		found.network(x, n)
	}
	if len(found.targets) == 0 {
		names := slices.Concat(x.segNames, x.siteNames)
		e := &RefError{
			Summary: fmt.Sprintf("nothing is called %q", w),
			Hint:    suggest(w, names, "the segments and sites are "),
		}
		if c := diag.DidYouMean(w, names); c == "" {
			if sub := diag.DidYouMean(w, slices.Sorted(maps.Keys(x.bySubnet))); sub != "" {
				e.Hint = fmt.Sprintf("did you mean the subnet %q?", x.path(x.bySubnet[sub][0]))
			}
		}
		return Target{}, e
	}
	return found.one(w)
}

// siteTarget is all that a site has: subnets, existing networks, or the
// prefixes of a site of one's own.
func (x *Index) siteTarget(site int) Target {
	var t Target
	if x.spec.Sites[site].Cloud.V == vocab.OnPrem {
		return Target{Sites: []int{site}}
	}
	for n := range x.spec.Sites[site].Networks {
		nt := x.networkTarget(NetworkRef{site, n})
		t.Subnets = append(t.Subnets, nt.Subnets...)
		t.Networks = append(t.Networks, nt.Networks...)
	}
	return t
}

func (x *Index) networkTarget(r NetworkRef) Target {
	var t Target
	n := &x.spec.Sites[r.Site].Networks[r.Network]
	if n.Existing.IsSet() {
		t.Networks = []NetworkRef{r}
	}
	for k := range n.Subnets {
		t.Subnets = append(t.Subnets, SubnetRef{r.Site, r.Network, k})
	}
	return t
}

func (x *Index) resolvePath(r Ref) (Target, *RefError) {
	p := strings.Split(r.Path, "/")
	if len(p) == 3 {
		return x.resolveFull(p[0], p[1], p[2])
	}
	var found matches
	site, isSite := x.sites[p[0]]
	if isSite {
		for _, n := range x.byNetwork[p[1]] {
			if n.Site == site {
				found.network(x, n)
			}
		}
	}
	for _, s := range x.bySubnet[p[1]] {
		if isSite && s.Site == site || x.spec.Sites[s.Site].Networks[s.Network].Name == p[0] {
			found.subnet(x, s)
		}
	}
	if len(found.targets) > 0 {
		return found.one(r.Path)
	}
	if isSite {
		return Target{}, &RefError{
			Summary: fmt.Sprintf("site %q has no network or subnet %q", p[0], p[1]),
			Hint:    suggest(p[1], x.namesIn(site), "it has "),
		}
	}
	if ns := x.byNetwork[p[0]]; len(ns) > 0 {
		var names []string
		for _, n := range ns {
			names = append(names, x.subnetNames(n)...)
		}
		return Target{}, &RefError{
			Summary: fmt.Sprintf("network %q has no subnet %q", p[0], p[1]),
			Hint:    suggest(p[1], unique(names), "it has "),
		}
	}
	return Target{}, &RefError{
		Summary: fmt.Sprintf("there is no site or network %q", p[0]),
		Hint:    suggest(p[0], slices.Concat(x.siteNames, slices.Sorted(maps.Keys(x.byNetwork))), "the sites and networks are "),
	}
}

func (x *Index) resolveFull(site, network, subnet string) (Target, *RefError) {
	i, ok := x.sites[site]
	if !ok {
		return Target{}, x.noSite(site)
	}
	s := &x.spec.Sites[i]
	for _, r := range x.bySubnet[subnet] {
		if r.Site == i && s.Networks[r.Network].Name == network {
			return Target{Subnets: []SubnetRef{r}}, nil
		}
	}
	for _, r := range x.byNetwork[network] {
		if r.Site == i {
			return Target{}, &RefError{
				Summary: fmt.Sprintf("network %q of site %q has no subnet %q", network, site, subnet),
				Hint:    suggest(subnet, x.subnetNames(r), "it has "),
			}
		}
	}
	var names []string
	for k := range s.Networks {
		names = append(names, s.Networks[k].Name)
	}
	return Target{}, &RefError{
		Summary: fmt.Sprintf("site %q has no network %q", site, network),
		Hint:    suggest(network, names, "it has "),
	}
}

func (x *Index) namesIn(site int) []string {
	var out []string
	for j := range x.spec.Sites[site].Networks {
		out = append(out, x.spec.Sites[site].Networks[j].Name)
		out = append(out, x.subnetNames(NetworkRef{site, j})...)
	}
	return unique(out)
}

func (x *Index) subnetNames(r NetworkRef) []string {
	var out []string
	for _, s := range x.spec.Sites[r.Site].Networks[r.Network].Subnets {
		out = append(out, s.Name)
	}
	return out
}

// path is the full name of a subnet: site/network/subnet.
func (x *Index) path(r SubnetRef) string {
	s := &x.spec.Sites[r.Site]
	return s.Name + "/" + s.Networks[r.Network].Name + "/" + s.Networks[r.Network].Subnets[r.Subnet].Name
}

// matches collects what a name with parts left out could mean.
type matches struct {
	names   []string
	targets []Target
}

func (m *matches) subnet(x *Index, s SubnetRef) {
	m.names = append(m.names, x.path(s))
	m.targets = append(m.targets, Target{Subnets: []SubnetRef{s}})
}

func (m *matches) network(x *Index, n NetworkRef) {
	m.names = append(m.names, x.spec.Sites[n.Site].Name+"/"+x.spec.Sites[n.Site].Networks[n.Network].Name)
	m.targets = append(m.targets, x.networkTarget(n))
}

// one is the only meaning there is, or an error that lists them all.
func (m *matches) one(name string) (Target, *RefError) {
	first := m.targets[0]
	for _, t := range m.targets[1:] {
		if len(first.Networks) > 0 || len(t.Networks) > 0 || !slices.Equal(t.Subnets, first.Subnets) {
			return Target{}, &RefError{
				Summary: fmt.Sprintf("%q may mean more than one thing", name),
				Hint:    "write which: " + list(m.names),
			}
		}
	}
	return first, nil
}
