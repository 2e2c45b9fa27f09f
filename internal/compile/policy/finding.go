package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// port is a well-known service (IANA service names and port numbers).
type port struct {
	port uint16
	name string
}

// managementPorts are never open to the world.
var managementPorts = []port{{22, "ssh"}, {3389, "rdp"}, {5985, "winrm"}, {5986, "winrm-https"}}

// storePorts belong to data stores, which are seldom meant for the world.
var storePorts = []port{
	{1433, "ms-sql"},
	{1521, "oracle"},
	{3306, "mysql"},
	{5432, "postgresql"},
	{6379, "redis"},
	{9042, "cassandra"},
	{9200, "elasticsearch"},
	{11211, "memcached"},
	{27017, "mongodb"},
}

// management names the management ports that a service includes, or "".
func management(s vocab.Service) string { return included(s, managementPorts) }

func included(s vocab.Service, ports []port) string {
	var out []string
	for _, p := range ports {
		if holds(s, vocab.Service{Proto: vocab.TCP, Ports: vocab.PortRange{First: p.port, Last: p.port}}) {
			out = append(out, fmt.Sprintf("%s (%d)", p.name, p.port))
		}
	}
	if len(out) > 2 {
		return strings.Join(out[:2], ", ") + " and more"
	}
	return strings.Join(out, " and ")
}

// isWorld reports whether a prefix is so wide that it is the internet by
// another name.
func isWorld(p netip.Prefix) bool {
	const widest = 8 // no organisation is assigned more
	return p.Bits() < widest && !slices.ContainsFunc(privateBlocks, func(q netip.Prefix) bool { return prefix.Covers(q, p) })
}

// findings reports what is wrong or odd about rules.
func (b *book) findings() {
	b.noPolicy()
	for i := range b.rules {
		r := &b.rules[i]
		b.world(r)
		b.noWay(r)
		b.onprem(r)
		b.protocols(r)
	}
	b.shadowed()
	b.parts()
}

// parts warns of rules that a security group cannot narrow: to or from some
// addresses of its subnet, with a far side that has no filters of ours.
func (b *book) parts() {
	said := map[int]bool{}
	for i := range b.subnets {
		s := &b.subnets[i]
		if !s.filtered || s.cloud != vocab.AWS {
			continue
		}
		for _, dir := range directions {
			_, part := s.rules(dir)
			for _, x := range part {
				r := &b.rules[x]
				if said[x] || !b.isOpen(r.far(dir)) {
					continue
				}
				said[x] = true
				w := b.d.Diags.Warnf(r.spec.Pos, "the rule holds for all of subnet %q: an AWS security group does not tell its addresses apart", s.net.ID)
				w.Code, w.Hint = "rule-widened", "give those machines a subnet of their own"
			}
		}
	}
}

// isOpen reports whether an end has machines that no filter of ours guards.
func (b *book) isOpen(e *end) bool {
	if e.internet {
		return true
	}
	if slices.ContainsFunc(e.subnets, func(k int) bool { return !b.subnets[k].filtered }) {
		return true
	}
	guarded := prefix.FromPrefixes(b.own...).Subtract(prefix.FromPrefixes(b.open...))
	return slices.ContainsFunc(e.extra, func(p netip.Prefix) bool { return !guarded.ContainsPrefix(p) })
}

// noPolicy says once that subnets cannot talk when there are no rules at all.
func (b *book) noPolicy() {
	d := b.d
	if len(d.Spec.Policy) > 0 || len(b.subnets) < 2 && len(b.open) == 0 || len(b.subnets) == 0 {
		return
	}
	pos := d.Spec.Name.Pos
	if len(d.Spec.Connect) > 0 {
		pos = d.Spec.Connect[0].Pos
	}
	w := d.Diags.Warnf(pos, "no policy: across subnets nothing can talk")
	w.Code = "no-policy"
	first, last := b.subnets[0].net, b.subnets[len(b.subnets)-1].net
	w.Hint = fmt.Sprintf("add what may, for example: policy: [{from: %s, to: %s, ports: [tcp/443]}]", first.ID, last.ID)
}

// world refuses management ports that are open to the internet.
func (b *book) world(r *rule) {
	open := r.from.internet || slices.ContainsFunc(r.from.extra, isWorld)
	if !open || len(r.to.near) == 0 {
		return
	}
	for _, s := range r.spec.Ports {
		if m := management(s.V); m != "" {
			e := b.d.Diags.Errorf(s.Pos, "%s opens %s to the world", s.V, m)
			e.Code, e.Hint = "management-port-open", "name who needs it: from: a CIDR of yours or a site"
			return
		}
	}
	for _, s := range r.spec.Ports {
		if m := included(s.V, storePorts); m != "" {
			e := b.d.Diags.Warnf(s.Pos, "%s opens %s to the world", s.V, m)
			e.Code, e.Hint = "store-port-open", "data stores are seldom meant for everybody: name who needs it"
			return
		}
	}
}

// noWay reports rules about the internet for subnets that have no way there.
func (b *book) noWay(r *rule) {
	check := func(e *end, meets func(*subnet) bool, one, many, hint string) {
		var bad []int
		for _, k := range e.near {
			if s := &b.subnets[k]; s.filtered && !meets(s) {
				bad = append(bad, k)
			}
		}
		if len(bad) == 0 {
			return
		}
		text := many
		if len(bad) == 1 {
			text = one
		}
		w := b.d.Diags.Warnf(r.spec.Pos, text, b.quoted(bad), b.ways(bad))
		w.Code, w.Hint, w.Related = "no-internet-way", hint, b.places(bad)
	}
	if r.from.internet {
		check(&r.to, func(s *subnet) bool { return s.net.Internet == fabric.Public },
			"the internet does not reach %s: it has internet: %s", "the internet does not reach %s: they have internet: %s", "give it internet: public, or put a load balancer of its cloud in front")
	}
	if r.to.internet {
		check(&r.from, func(s *subnet) bool { return s.net.Internet != fabric.NoInternet },
			"%s does not reach the internet: it has internet: %s", "%s do not reach the internet: they have internet: %s", "give it internet: nat")
	}
}

// onprem notes rules that nothing here can enforce.
func (b *book) onprem(r *rule) {
	if r.from.onprem && r.to.onprem {
		n := b.d.Diags.Notef(r.spec.Pos, "both ends are on-prem: nothing here filters between them")
		n.Code, n.Hint = "not-enforced", "your own firewalls have to"
	}
}

// protocols refuses what a network security group cannot match.
func (b *book) protocols(r *rule) {
	isAzure := func(k int) bool { return b.subnets[k].cloud == vocab.Azure && b.subnets[k].filtered }
	if !slices.ContainsFunc(r.from.near, isAzure) && !slices.ContainsFunc(r.to.near, isAzure) {
		return
	}
	for _, s := range r.spec.Ports {
		switch s.V.Proto {
		case vocab.GRE, vocab.SCTP:
			e := b.d.Diags.Errorf(s.Pos, "%s cannot be allowed in Azure: security groups match tcp, udp, icmp, esp or any", s.V)
			e.Code, e.Hint = "azure-protocol", "VNets carry TCP, UDP and ICMP only: leave Azure's subnets out of this rule"
		case vocab.AnyProto, vocab.ICMP, vocab.TCP, vocab.UDP, vocab.ESP, vocab.ICMPv6:
		}
	}
}

// shadowed reports rules that allow nothing another does not. Those that can
// hold a rule are among the rules to its first subnet, or those to what is no
// subnet.
func (b *book) shadowed() {
	var wide []int // rules whose answering end is more than subnets
	for i := range b.rules {
		if len(b.rules[i].to.extra) > 0 || b.rules[i].to.internet {
			wide = append(wide, i)
		}
	}
	for i := range b.rules {
		r := &b.rules[i]
		others := wide
		if len(r.to.subnets) > 0 {
			others = b.subnets[r.to.subnets[0]].to // none holds r by a part of it
		}
		for _, k := range others {
			o := &b.rules[k]
			if k == i || !o.holds(r) || r.holds(o) && k > i {
				continue
			}
			w := b.d.Diags.Warnf(r.spec.Pos, "the rule allows nothing that another does not")
			w.Code, w.Hint = "rule-shadowed", "remove it"
			w.Related = []diag.Related{{Pos: o.spec.Pos, Message: "the other rule is here"}}
			break
		}
	}
}

// holds reports whether r allows everything that s does.
func (r *rule) holds(s *rule) bool {
	for _, v := range s.services {
		if !slices.ContainsFunc(r.services, func(w vocab.Service) bool { return holds(w, v) }) {
			return false
		}
	}
	return r.from.holds(&s.from) && r.to.holds(&s.to)
}

func (e *end) holds(f *end) bool {
	if f.internet && !e.internet || len(without(f.subnets, e.subnets)) > 0 {
		return false
	}
	if len(f.extra) == 0 {
		return true
	}
	held := prefix.FromPrefixes(e.extra...)
	return !slices.ContainsFunc(f.extra, func(p netip.Prefix) bool { return !held.ContainsPrefix(p) })
}
