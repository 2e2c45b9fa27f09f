package spec

import (
	"fmt"
	"slices"
	"strings"
)

// audit checks what the waivers are limited to.
func (c *checker) audit() {
	type key struct {
		rule RuleCode
		of   string
	}
	seen := map[key]int{}
	for i := range c.spec.Audit.Waivers {
		w := &c.spec.Audit.Waivers[i]
		if strings.TrimSpace(w.Reason.V) == "" && w.Reason.V != "" {
			c.errorf(w.Reason.Pos, "say why the finding is accepted", "waiver of %s: reason is empty", w.Rule.V)
		}
		if w.For.V != "" {
			if _, err := c.index.Object(w.For.V); err != nil {
				c.noName(w.For.Pos, func() *RefError { return err })
			}
		}
		if w.Rule.V == "" {
			continue // refused by the decoder
		}
		k := key{w.Rule.V, w.For.V}
		if j, ok := seen[k]; ok {
			first(c.errorf(w.Pos, "keep one of them", "%s is waived twice for %s", k.rule, orEverything(k.of)), c.spec.Audit.Waivers[j].Pos)
			continue
		}
		seen[k] = i
	}
}

func orEverything(name string) string {
	if name == "" {
		return "everything"
	}
	return fmt.Sprintf("%q", name)
}

// Object gives the full name of one thing of the network that a short name
// means: a site, a link, a segment, site:segment, a network (site/network) or
// a subnet (site/network/subnet).
func (x *Index) Object(name string) (string, *RefError) {
	_, isSite := x.sites[name]
	_, isSegment := x.segments[name]
	if !isSite && !isSegment && strings.Contains(name, "--") {
		link, rest, isPart := strings.Cut(name, "/")
		full, err := x.link(link)
		if err != nil || !isPart {
			return full, err
		}
		return full + "/" + rest, nil // a tunnel
	}
	if x.isGateway(name) {
		return name, nil
	}
	ref, err := ParseRef(name)
	if err != nil || ref.Kind == RefCIDR || ref.Kind == RefInternet {
		return "", &RefError{
			Summary: fmt.Sprintf("%q is not a site, link, segment, network or subnet", name),
			Hint:    "for example a site, aws-oregon, or a link, aws-oregon--gcp-oregon",
		}
	}
	t, refErr := x.Resolve(ref)
	if refErr != nil {
		return "", refErr
	}
	return x.fullName(ref, t), nil
}

// isGateway reports whether a name is that of a site's gateway, or of one
// instance of it: headquarters/cpe#0, aws-oregon/ml/vgw.
func (x *Index) isGateway(name string) bool {
	path, _, isInstance := strings.Cut(name, "#")
	words := strings.Split(path, "/")
	if _, ok := x.sites[words[0]]; !ok || len(words) < 2 {
		return false
	}
	return isInstance || slices.Contains([]string{"cpe", "tgw", "vgw", "vpn", "vwan"}, words[len(words)-1])
}

// fullName is the full name of what a reference means.
func (x *Index) fullName(ref Ref, t Target) string {
	_, isSite := x.sites[ref.Word]
	switch {
	case ref.Kind == RefSegment, t.Segment != "", isSite:
		return ref.String()
	case len(t.Networks) == 1:
		return x.networkPath(t.Networks[0])
	case len(t.Subnets) == 1 && !x.isNetwork(ref):
		return x.path(t.Subnets[0])
	case len(t.Subnets) > 0:
		return x.networkPath(NetworkRef{t.Subnets[0].Site, t.Subnets[0].Network})
	}
	return ref.String()
}

// isNetwork reports whether a reference that is no site or segment ends in
// the name of a network, and of no subnet.
func (x *Index) isNetwork(ref Ref) bool {
	name := ref.Word + ref.Path
	name = name[strings.LastIndexByte(name, '/')+1:]
	return len(x.byNetwork[name]) > 0 && len(x.bySubnet[name]) == 0
}

func (x *Index) networkPath(r NetworkRef) string {
	s := &x.spec.Sites[r.Site]
	return s.Name + "/" + s.Networks[r.Network].Name
}

// link finds a link by its name, whichever site stands first.
func (x *Index) link(name string) (string, *RefError) {
	pairs := x.Pairs()
	for _, p := range pairs {
		a, b := x.spec.Sites[p.A].Name, x.spec.Sites[p.B].Name
		if name == a+"--"+b || name == b+"--"+a {
			return LinkName(a, b), nil
		}
	}
	a, b, _ := strings.Cut(name, "--")
	for _, s := range []string{a, b} {
		if _, ok := x.sites[s]; !ok {
			return "", x.noSite(s)
		}
	}
	e := &RefError{Summary: fmt.Sprintf("no link joins %q and %q", a, b), Hint: "add it under connect"}
	if near := x.neighbours(pairs, x.sites[a]); len(near) > 0 {
		e.Hint = fmt.Sprintf("%s is joined to %s", a, list(near))
	}
	return "", e
}

// neighbours names the sites that a site is joined to.
func (x *Index) neighbours(pairs []Pair, site int) []string {
	var out []string
	for _, p := range pairs {
		switch site {
		case p.A:
			out = append(out, x.spec.Sites[p.B].Name)
		case p.B:
			out = append(out, x.spec.Sites[p.A].Name)
		}
	}
	return out
}

// LinkName is the name of the link between two sites, whatever their order.
func LinkName(a, b string) string {
	if b < a {
		a, b = b, a
	}
	return a + "--" + b
}
