package policy

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// https is what endpoints of services answer.
var https = []vocab.Service{{Proto: vocab.TCP, Ports: vocab.PortRange{First: 443, Last: 443}}}

var (
	directions = []fabric.Direction{fabric.Ingress, fabric.Egress}

	anything = []vocab.Service{{Proto: vocab.AnyProto}}
	icmp     = []vocab.Service{{Proto: vocab.ICMP}}
)

// aws makes a security group for each subnet, one for each interface endpoint,
// and a network ACL for each public subnet.
func (b *book) aws() {
	endpoints := map[fabric.SubnetID][]*fabric.Endpoint{}
	for i := range b.d.Net.Endpoints {
		e := &b.d.Net.Endpoints[i]
		if e.Kind == fabric.GatewayEndpoint || e.Kind == fabric.InterfaceEndpoint {
			for _, s := range e.Subnets {
				endpoints[s] = append(endpoints[s], e)
			}
		}
		if e.Kind == fabric.InterfaceEndpoint {
			b.endpointGroup(e)
		}
	}
	for _, r := range b.runs {
		if r.vpc.Cloud != vocab.AWS {
			continue
		}
		cut := map[*merged]side{}
		for i := r.lo; i < r.hi; i++ {
			if s := &b.subnets[i]; s.filtered {
				b.securityGroup(r, i, endpoints[s.net.ID], cut)
				if s.net.Internet == fabric.Public {
					b.networkACL(s)
				}
			}
		}
	}
	b.widened()
}

// group is the security group of a subnet.
func group(id fabric.SubnetID) fabric.FilterID { return fabric.FilterID(id + "/sg") }

// side is a far side as a VPC's security groups name it: its own subnets by
// their groups, the rest by prefixes.
type side struct {
	own  []int
	rest []netip.Prefix
}

func (b *book) securityGroup(r run, at int, endpoints []*fabric.Endpoint, cut map[*merged]side) {
	s := &b.subnets[at]
	w := newWriter(6 + len(s.from) + len(s.to) + len(endpoints))
	id := group(s.net.ID)
	s.net.Filter = id
	if !s.guarded {
		why := because(s.origin.Pos, nil, "machines of one subnet reach each other unless its segment says internal: deny")
		for _, dir := range directions {
			w.rule(fabric.FilterRule{Name: "allow-" + within(dir) + "-subnet", Direction: dir, Action: fabric.Allow, Services: anything, PeerFilter: id, Origin: s.origin}, "all inside the subnet", why)
		}
	}
	b.pathMTU(w, s, 0)
	for _, dir := range directions {
		// A security group is its whole subnet's: a rule for some of the
		// addresses is narrowed by the filters of the other side only.
		rules, part := s.rules(dir)
		if len(part) > 0 {
			rules = slices.Concat(rules, part)
			slices.Sort(rules)
		}
		f := b.facing(dir, rules)
		for k := range f.merged {
			b.groupRules(w, r, at, dir, &f.merged[k], cut)
		}
	}
	if b.opensAll(s) {
		out := fabric.FilterRule{Name: "allow-to-internet", Direction: fabric.Egress, Action: fabric.Allow, Services: anything, Origin: s.origin}
		b.setInternet(&out)
		w.rule(out, "egress allow any to the internet", because(s.origin.Pos, nil, "internet: %s: connections to the internet may be opened", s.net.Internet))
	}
	for _, e := range endpoints {
		// The names of an interface endpoint resolve to its private addresses,
		// which are no part of the internet; a gateway's stay public, and are
		// open with everything else.
		if e.Kind == fabric.InterfaceEndpoint || !b.opensAll(s) {
			b.toEndpoint(w, s, e)
		}
	}
	b.makeRoom(w, at)
	meta := s.net.Meta
	b.add(fabric.Filter{
		ID: id, Meta: meta, Kind: fabric.SecurityGroup, Site: s.net.Site, VPC: s.net.VPC,
		Name: b.filterName(b.former(s)...), Subnets: []fabric.SubnetID{s.net.ID},
	}, w)
}

func within(d fabric.Direction) string {
	if d == fabric.Ingress {
		return "from"
	}
	return "to"
}

// groupRules writes one merged rule: a rule for each subnet of the VPC on the
// far side, and one for all prefixes.
func (b *book) groupRules(w *writer, r run, at int, dir fabric.Direction, m *merged, cut map[*merged]side) {
	c, ok := cut[m]
	if !ok {
		c.own, c.rest = b.outside(m, r.lo, r.hi)
		if len(c.own) > 0 && !b.subnets[r.lo].filtered { // an existing VPC has no groups of ours
			c.own, c.rest = nil, m.prefixes
		}
		cut[m] = c
	}
	lead := "allow-"
	if dir == fabric.Egress {
		lead = "allow-to-"
	}
	out := fabric.FilterRule{Direction: dir, Action: fabric.Allow, Services: m.services, Origin: m.origin, Note: m.note}
	for _, k := range c.own {
		if k == at && !b.subnets[at].guarded {
			continue // everything passes inside the subnet
		}
		peer := &b.subnets[k]
		out.Name, out.PeerFilter = ruleName(lead+clean(peer.net.Name), m.svc), group(peer.net.ID)
		w.rule(out, describe(dir.String(), "allow", m.services, "subnet "+peer.net.Name), m.steps)
	}
	out.PeerFilter = ""
	if len(c.rest) > 0 {
		far := m.native
		if len(c.own) > 0 {
			far += "-elsewhere"
		}
		out.Name, out.Peers = ruleName(lead+far, m.svc), c.rest
		w.rule(out, m.value, m.steps)
	}
	if m.internet {
		out.Name, out.Peers = ruleName(lead+"internet", m.svc), nil
		b.setInternet(&out)
		w.rule(out, describe(dir.String(), "allow", m.services, "the internet"), m.steps)
	}
}

// pathMTU lets in the ICMP that path MTU discovery lives on (RFC 1191), from
// the whole network. Where the filter tells ICMP's types apart it is that one
// message which comes in, and from more than the network: from everywhere where
// the subnet speaks to the internet, and else from whole blocks where a group,
// which has a rule for each prefix, would fill with the network's own.
func (b *book) pathMTU(w *writer, s *subnet, priority int) {
	r := fabric.FilterRule{Name: "allow-path-mtu", Direction: fabric.Ingress, Action: fabric.Allow, Priority: priority, Services: icmp, Peers: b.own, PathMTU: true, Origin: s.origin}
	peer := "the network"
	if s.cloud == vocab.AWS {
		r.Peers = b.ownBlocks
	}
	if s.cloud == vocab.AWS && (s.net.Internet != fabric.NoInternet || len(r.Peers) > manyPrefixes) {
		r.Peers, r.All, peer = nil, true, "everywhere"
	}
	w.rule(r, describe("ingress", "allow", icmp, peer), because(s.origin.Pos, nil, "path MTU discovery needs ICMP \"fragmentation needed\" (RFC 1191)"))
}

// toEndpoint lets a subnet reach a service by its endpoint.
func (b *book) toEndpoint(w *writer, s *subnet, e *fabric.Endpoint) {
	r := fabric.FilterRule{Name: ruleName("allow-to-service", e.Service), Direction: fabric.Egress, Action: fabric.Allow, Services: https, Origin: e.Meta.Origin, Note: e.Native}
	if e.Kind == fabric.GatewayEndpoint {
		r.PeerEndpoint = e.ID
	} else {
		r.PeerFilter = e.Filter
	}
	w.rule(r, describe("egress", "allow", https, e.Native), because(e.Meta.Origin.Pos, nil, "services: the subnet reaches %s by its endpoint", e.Service))
}

// endpointGroup makes the security group of an interface endpoint.
func (b *book) endpointGroup(e *fabric.Endpoint) {
	w := newWriter(8)
	var first *subnet
	for _, id := range e.Subnets {
		k, ok := b.byID[id]
		if !ok {
			continue
		}
		s := &b.subnets[k]
		if first == nil {
			first = s
		}
		w.rule(fabric.FilterRule{Name: ruleName("allow", clean(s.net.Name), serviceLabel(https)), Direction: fabric.Ingress, Action: fabric.Allow, Services: https, PeerFilter: group(id), Origin: s.origin},
			describe("ingress", "allow", https, "subnet "+s.net.Name), because(s.origin.Pos, nil, "services: the subnet asks for %s", e.Service))
	}
	if first == nil {
		return
	}
	names := b.former(first)
	b.add(fabric.Filter{
		ID: e.Filter, Meta: e.Meta, Kind: fabric.SecurityGroup, Site: e.Site, VPC: e.VPC,
		Name: b.filterName(names[0], names[1], e.Service, "endpoint"),
	}, w)
}

// networkACL makes the network ACL of a public subnet: no management port from
// outside the network, whatever the security groups of its machines say, but
// for addresses that a rule names. It is left out where it would have more
// rules than an ACL takes; the security group denies by itself.
func (b *book) networkACL(s *subnet) {
	w := newWriter(8)
	limit := b.d.Atlas.Limit(atlas.LimitAWSNACLRules)
	number := 0
	next := func() int { number += 10; return number }
	why := because(s.origin.Pos, []string{string(limit.ID)}, "internet: public: management ports stay closed to the world, whatever a machine's security groups say")
	sources := b.sourcesInside(s)
	if len(sources)+len(managementPorts)+1 > limit.Value {
		return
	}
	for _, p := range sources {
		w.rule(fabric.FilterRule{Name: "allow-" + clean(p.String()), Direction: fabric.Ingress, Action: fabric.Allow, Priority: next(), Services: anything, Peers: []netip.Prefix{p}, Origin: s.origin}, "ingress allow any from "+p.String(), why)
	}
	for _, m := range managementPorts {
		svc := []vocab.Service{{Proto: vocab.TCP, Ports: vocab.PortRange{First: m.port, Last: m.port}}}
		w.rule(fabric.FilterRule{Name: "deny-" + m.name, Direction: fabric.Ingress, Action: fabric.Deny, Priority: next(), Services: svc, All: true, Origin: s.origin}, describe("ingress", "deny", svc, "everywhere else"), why)
	}
	w.rule(fabric.FilterRule{Name: "allow-rest-in", Direction: fabric.Ingress, Action: fabric.Allow, Priority: next(), Services: anything, All: true, Origin: s.origin}, "ingress allow any from everywhere", why)
	w.rule(fabric.FilterRule{Name: "allow-rest-out", Direction: fabric.Egress, Action: fabric.Allow, Priority: 10, Services: anything, All: true, Origin: s.origin}, "egress allow any to everywhere", why)
	id := fabric.FilterID(s.net.ID + "/nacl")
	s.net.NACL = id
	b.add(fabric.Filter{
		ID: id, Meta: s.net.Meta, Kind: fabric.NetworkACL, Site: s.net.Site, VPC: s.net.VPC,
		Name: b.filterName(b.former(s)...), Subnets: []fabric.SubnetID{s.net.ID},
	}, w)
}

// sourcesInside are the prefixes that may reach management ports of a public
// subnet: the network's own blocks, and those outside that a rule to it names.
func (b *book) sourcesInside(s *subnet) []netip.Prefix {
	out := slices.Clone(b.ownBlocks)
	for _, r := range slices.Concat(s.to, s.toPart) {
		x := &b.rules[r]
		if !slices.ContainsFunc(x.services, func(v vocab.Service) bool { return management(v) != "" }) {
			continue
		}
		for _, p := range x.from.extra {
			if !isWorld(p) {
				out = append(out, p)
			}
		}
	}
	return prefix.Aggregate(out)
}

// manyPrefixes is how many prefixes of its own network an ACL, or the rule of a
// group for path MTU discovery, names one by one.
const manyPrefixes = 6
