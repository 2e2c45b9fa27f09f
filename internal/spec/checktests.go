package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/vocab"
)

// The words that a never list may have beside names.
const (
	NeverInternet = "internet" // outside the network, but for what tunnels carry
	NeverVPN      = "vpn"      // every link made of VPN tunnels
)

// maxPacket is the length of the longest IPv4 packet (RFC 791, 3.1).
const maxPacket = 65535

// testChecker reports what is wrong with assertions beyond their shape.
type testChecker struct {
	checker
	areas []string
}

// checkTests checks the assertions of a file that begins at start.
func checkTests(t *Tests, start diag.Pos, x *Index, areas []string, diags *diag.List) {
	c := testChecker{checker{spec: x.spec, index: x, diags: diags, refs: map[Ref]resolved{}}, areas}
	if !c.network(t) {
		return
	}
	stated := 0
	for i := range t.Tests {
		if c.test(&t.Tests[i]) {
			stated++
		}
	}
	if stated == 0 {
		c.errorf(start, testsFile.start, "the file states nothing")
	}
}

// network checks for which network the file is. When it is for another, what
// else it says is of no interest.
func (c *testChecker) network(t *Tests) bool {
	var name Value[string]
	for i := range t.Tests {
		n := t.Tests[i].Network
		switch {
		case n.V == "":
		case name.IsSet():
			first(c.errorf(n.Pos, "keep one of them", "network stands twice"), name.Pos)
		default:
			name = n
		}
	}
	if name.V == "" || name.V == c.spec.Name.V {
		return true
	}
	d := c.errorf(name.Pos, diag.Suggest(name.V, []string{c.spec.Name.V}), "the assertions are for network %q, not for %q", name.V, c.spec.Name.V)
	d.Related = []diag.Related{{Pos: c.spec.Name.Pos, Message: "the network is named here"}}
	return false
}

// verbs lists the verbs that an assertion has.
func (t *Test) verbs() []string {
	var out []string
	for _, v := range []struct {
		name string
		set  bool
	}{
		{"network", t.Network.IsSet()},
		{"allow", t.Allow.Pos.IsValid()},
		{"deny", t.Deny.Pos.IsValid()},
		{"survives", t.Survives.Pos.IsValid()},
		{"via", t.Via.Pos.IsValid()},
		{"at_most", t.AtMost.Pos.IsValid()},
		{"at_least", t.AtLeast.Pos.IsValid()},
		{"stays", t.Stays != nil},
	} {
		if v.set {
			out = append(out, v.name)
		}
	}
	return out
}

// Verb is the verb of the assertion, or "" when it has none.
func (t *Test) Verb() string {
	if v := t.verbs(); len(v) > 0 {
		return v[0]
	}
	return ""
}

// test checks one entry and reports whether it states something.
func (c *testChecker) test(t *Test) bool {
	verbs := t.verbs()
	if len(verbs) > 1 {
		c.errorf(t.Pos, "begin each with a hyphen of its own", "one entry states %s", strings.Join(verbs, " and "))
	}
	if len(verbs) == 0 {
		if !c.reported(t.Pos) {
			c.errorf(t.Pos, "begin with one of network, allow, deny, survives, via, at_most, at_least, stays", "the assertion has no verb")
		}
		return true // so that the file is not called empty as well
	}
	c.allow(&t.Allow)
	c.deny(&t.Deny)
	c.survives(&t.Survives)
	c.via(&t.Via)
	c.atMost(&t.AtMost)
	c.atLeast(&t.AtLeast)
	c.stays(t)
	return verbs[0] != "network"
}

// reported reports whether something is wrong at the line of a place already:
// a wrong verb was refused by the decoder.
func (c *testChecker) reported(pos diag.Pos) bool {
	return slices.ContainsFunc(*c.diags, func(d diag.Diagnostic) bool { return d.Pos.Line == pos.Line })
}

func (c *testChecker) allow(a *Allow) {
	from, to := c.end(a.From), c.end(a.To)
	c.notBothInternet(a.Pos, from, to)
	c.services(a.Ports)
}

func (c *testChecker) deny(d *Deny) {
	from, to := c.end(d.From), c.end(d.To)
	c.notBothInternet(d.Pos, from, to)
	c.services(d.Ports)
}

// services refuses what no filter of these networks speaks of.
func (c *testChecker) services(list []Value[vocab.Service]) {
	for _, s := range list {
		if s.V.Proto == vocab.ICMPv6 {
			c.errorf(s.Pos, "write icmp", "not supported yet: icmpv6 (networks are rendered for IPv4)")
		}
	}
}

func (c *testChecker) survives(s *Survives) {
	from, to := c.end(s.For.From), c.end(s.For.To)
	c.notInternet(s.For.From, "from", "packets that come from the internet have no way inside the network before they arrive")
	c.notBothInternet(s.For.Pos, from, to)
	seen := map[string]diag.Pos{}
	for _, k := range s.Of {
		if at, ok := seen[k.V]; ok && k.V != "" {
			first(c.errorf(k.Pos, "name each kind once", "%s stands twice", k.V), at)
		}
		seen[k.V] = k.Pos
	}
}

func (c *testChecker) via(v *Via) {
	if !v.Pos.IsValid() {
		return
	}
	from, to := c.end(v.From), c.end(v.To)
	c.notBothInternet(v.Pos, from, to)
	if !v.Private.IsSet() && !v.Encrypted.IsSet() && len(v.Never) == 0 {
		c.errorf(v.Pos, "add private: true, encrypted: true or never: [internet]", "via states nothing of the way")
	}
	inside := v.Private.V
	for _, n := range v.Never {
		c.never(n, from, to)
		if n.V == NeverInternet {
			inside = true
		}
	}
	never := slices.IndexFunc(v.Never, func(n Value[string]) bool { return n.V == NeverInternet })
	switch {
	case !c.isFalse(v.Private):
	case never >= 0:
		d := c.errorf(v.Private.Pos, "write private: true, or leave it out", "private: false contradicts never: [internet]")
		d.Related = []diag.Related{{Pos: v.Never[never].Pos, Message: "the internet is excluded here"}}
	default:
		c.errorf(v.Private.Pos, "leave it out", "private: false states nothing")
	}
	if c.isFalse(v.Encrypted) {
		c.errorf(v.Encrypted.Pos, "leave it out", "encrypted: false states nothing")
	}
	if inside && (from.internet || to.internet) {
		c.errorf(v.Pos, "one end is the internet: leave out private, and internet under never", "packets of the internet cannot keep off the internet")
	}
}

// isFalse reports whether a value says false, and was not refused by the
// decoder.
func (c *testChecker) isFalse(v Value[bool]) bool {
	return v.IsSet() && !v.V && !slices.ContainsFunc(*c.diags, func(d diag.Diagnostic) bool { return d.Pos == v.Pos })
}

// never checks one name of what is never crossed.
func (c *testChecker) never(n Value[string], from, to ends) {
	if n.V == "" {
		return // refused by the decoder
	}
	if site, ok := c.index.Site(n.V); ok {
		if from.only(site) || to.only(site) {
			c.errorf(n.Pos, "never is about what lies between the ends", "every packet begins or ends at site %q", n.V)
		}
		return
	}
	if n.V == NeverInternet || n.V == NeverVPN {
		return
	}
	_, err := c.index.link(n.V)
	if err == nil {
		return
	}
	if !strings.Contains(n.V, "--") {
		known := slices.Concat(c.index.siteNames, []string{NeverInternet, NeverVPN})
		err = &RefError{Summary: fmt.Sprintf("never: %q is not a site, link, internet or vpn", n.V), Hint: suggest(n.V, known, "the sites are ")}
	}
	c.noName(n.Pos, func() *RefError { return err })
}

func (c *testChecker) atMost(a *AtMost) {
	if !a.Pos.IsValid() {
		return
	}
	from, to := c.end(a.From), c.end(a.To)
	if !a.RTT.IsSet() && !a.Hops.IsSet() {
		c.errorf(a.Pos, "add rtt: 20ms or hops: 3", "at_most bounds nothing")
	}
	c.notBothInternet(a.Pos, from, to)
	if a.RTT.IsSet() {
		c.measurable(a.RTT.Pos, "rtt", from, to)
	}
	if a.Hops.IsSet() && from.internet {
		c.notInternet(a.From, "from", "packets that come from the internet have no way inside the network before they arrive")
	}
}

func (c *testChecker) atLeast(a *AtLeast) {
	if !a.Pos.IsValid() {
		return
	}
	from, to := c.end(a.From), c.end(a.To)
	if !a.MTU.IsSet() && !a.Bandwidth.IsSet() {
		c.errorf(a.Pos, "add mtu: 1350 or bandwidth: 2Gbps", "at_least bounds nothing")
	}
	c.notBothInternet(a.Pos, from, to)
	if a.MTU.V > maxPacket {
		c.errorf(a.MTU.Pos, fmt.Sprintf("an IPv4 packet has at most %d bytes (RFC 791)", maxPacket), "mtu: no packet has %d bytes", a.MTU.V)
	}
	if a.MTU.IsSet() && (from.internet || to.internet) {
		c.errorf(a.MTU.Pos, "name what of this network is meant", "mtu: what the internet carries is not known")
	}
	// Inside a site it bounds gateways, hubs and attachments.
	if a.Bandwidth.IsSet() && (from.internet || to.internet) {
		c.errorf(a.Bandwidth.Pos, "name what of this network is meant", "bandwidth: what the internet offers is not known")
	}
}

// measurable refuses a bound on links where no pair of the ends has one.
func (c *testChecker) measurable(pos diag.Pos, key string, from, to ends) {
	switch site, ok := from.oneSite(to); {
	case from.internet || to.internet:
		c.errorf(pos, "name what of this network is meant", "%s: what the internet offers is not known", key)
	case ok:
		c.errorf(pos, "it bounds what crosses a link between sites", "%s: both ends are at site %q, and no link lies between them", key, c.spec.Sites[site].Name)
	}
}

func (c *testChecker) stays(t *Test) {
	if t.Stays != nil && len(t.Stays) == 0 && !c.reported(t.Pos) {
		c.errorf(t.Pos, "for example stays: {data: [eu]}", "stays names nothing")
	}
	for i := range t.Stays {
		r := &t.Stays[i]
		ref, err := ParseRef(r.Name)
		switch {
		case err != nil:
			c.errorf(r.Pos, "", "%v", err)
		case ref.Kind == RefInternet || ref.Kind == RefCIDR:
			c.errorf(r.Pos, "name a segment, site or subnet", "stays is about what stands at a site, not about %s", ref)
		default:
			c.end([]Value[Ref]{{V: ref, Pos: r.Pos}})
		}
		if len(r.Areas) == 0 && !c.reported(r.Pos) {
			c.errorf(r.Pos, "for example "+r.Name+": [eu]", "stays %q: no area is named", r.Name)
		}
		for _, a := range r.Areas {
			if _, isSite := c.index.Site(a.V); a.V == "" || isSite || slices.Contains(c.areas, a.V) {
				continue
			}
			c.noName(a.Pos, func() *RefError {
				known := slices.Concat(c.index.siteNames, c.areas)
				return &RefError{
					Summary: fmt.Sprintf("there is no area or site %q", a.V),
					Hint:    suggest(a.V, known, "the areas are "),
				}
			})
		}
	}
}

// ends is what one end of an assertion means, as far as the spec tells.
type ends struct {
	sites    []int // where it stands, sorted
	foreign  bool  // a CIDR is among it, which may lie anywhere
	internet bool
	wrong    bool // a name was refused
}

// only reports whether all of it is at one site.
func (e ends) only(site int) bool {
	return !e.foreign && !e.internet && !e.wrong && len(e.sites) == 1 && e.sites[0] == site
}

// oneSite returns the site that holds both ends, where one does.
func (e ends) oneSite(f ends) (int, bool) {
	if len(e.sites) != 1 || !e.only(e.sites[0]) || !f.only(e.sites[0]) {
		return 0, false
	}
	return e.sites[0], true
}

// end checks the references of one end.
func (c *testChecker) end(refs []Value[Ref]) ends {
	var e ends
	for _, r := range refs {
		if r.V.Kind == 0 {
			e.wrong = true
			continue // refused by the decoder
		}
		if r.V.Kind == RefCIDR && !r.V.Prefix.Addr().Is4() {
			c.errorf(r.Pos, "", "not supported yet: IPv6 address %s (networks are rendered for IPv4)", r.V)
			e.wrong = true
			continue
		}
		t, err := c.index.Resolve(r.V)
		if err != nil {
			c.noName(r.Pos, func() *RefError { return err })
			e.wrong = true
			continue
		}
		if t.IsEmpty() {
			hint := "add subnets to it"
			if t.Segment != "" {
				hint = "give subnets segment: " + r.V.String()
			}
			c.errorf(r.Pos, hint, "%q holds no subnet: the assertion names nothing", r.V)
			e.wrong = true
		}
		e.internet = e.internet || t.Internet
		e.foreign = e.foreign || len(t.Prefixes) > 0
		e.sites = append(e.sites, t.Sites...)
		for _, s := range t.Subnets {
			e.sites = append(e.sites, s.Site)
		}
		for _, n := range t.Networks {
			e.sites = append(e.sites, n.Site)
		}
	}
	slices.Sort(e.sites)
	e.sites = slices.Compact(e.sites)
	return e
}

func (c *testChecker) notBothInternet(pos diag.Pos, from, to ends) {
	if from.internet && to.internet {
		c.errorf(pos, "name what of this network is meant on one side", "the assertion is from the internet to the internet")
	}
}

// notInternet refuses the internet as an end.
func (c *testChecker) notInternet(refs []Value[Ref], key, why string) {
	for _, r := range refs {
		if r.V.Kind == RefInternet {
			c.errorf(r.Pos, why, "%s may not be the internet here", key)
		}
	}
}
