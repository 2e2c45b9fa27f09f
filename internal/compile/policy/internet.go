package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// privateBlocks are the blocks of RFC 1918: no packet of the internet comes
// from or goes to them.
var privateBlocks = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
}

var everywhere = netip.PrefixFrom(netip.IPv4Unspecified(), 0)

// theInternet gives the internet as prefixes, for filters that cannot deny:
// every address but the network's own, these widened to whole private blocks.
func (b *book) theInternet() []netip.Prefix {
	return prefix.FromPrefixes(everywhere).Subtract(prefix.FromPrefixes(inBlocks(b.own)...)).Prefixes()
}

// inBlocks gives prefixes with the private ones widened to whole private
// blocks.
func inBlocks(list []netip.Prefix) []netip.Prefix {
	wide := make([]netip.Prefix, 0, len(list))
	for _, p := range list {
		for _, q := range privateBlocks {
			if prefix.Covers(q, p) {
				p = q
			}
		}
		wide = append(wide, p)
	}
	return wide
}

// How the notes of rules call the internet as prefixes.
const (
	allButOwn = "the internet: all but the network's own private blocks"
	everyone  = "the internet: every address, the group having no room for all but the network's own"
)

// setInternet makes the internet the far side of a rule of a security group,
// which cannot deny the network's own addresses first. Every address stands
// for it where the other sides let nothing through that no rule states:
//   - what comes in, when the egress of every machine of the network is exact;
//   - what goes out, when every machine has filters of ours, and none of these
//     lets the rule's services in from more than rules state.
func (b *book) setInternet(r *fabric.FilterRule) {
	exact := !b.loose
	if r.Direction == fabric.Egress {
		exact = len(b.open) == 0 && !overlap(r.Services, b.wide)
	}
	if exact {
		r.All = true
		return
	}
	r.Peers = b.internet
	if r.Note != "" {
		r.Note += "; "
	}
	r.Note += allButOwn
}

// overlap reports whether some packet is of a service of both lists.
func overlap(a, b []vocab.Service) bool {
	return slices.ContainsFunc(a, func(s vocab.Service) bool {
		return slices.ContainsFunc(b, func(t vocab.Service) bool {
			switch {
			case s.Proto == vocab.AnyProto || t.Proto == vocab.AnyProto:
				return true
			case s.Proto != t.Proto:
				return false
			case s.Ports.IsAny() || t.Ports.IsAny():
				return true
			}
			return s.Ports.First <= t.Ports.Last && t.Ports.First <= s.Ports.Last
		})
	})
}

// makeRoom widens what a public subnet's group lets in from the internet to
// every address when the group would have more rules than its quota: one a
// service and far prefix.
func (b *book) makeRoom(w *writer, at int) {
	if b.subnets[at].net.Internet != fabric.Public {
		return
	}
	quota := b.d.Atlas.Limit(atlas.LimitAWSSGRules)
	count := 0
	var wide []int
	for i := range w.rules {
		r := &w.rules[i]
		if r.Direction != fabric.Ingress {
			continue
		}
		count += len(r.Services) * max(1, len(r.Peers))
		if strings.HasSuffix(r.Note, allButOwn) {
			wide = append(wide, i)
		}
	}
	if count <= quota.Value || len(wide) == 0 {
		return
	}
	for _, i := range wide {
		r := &w.rules[i]
		r.Peers, r.All, r.Note = nil, true, strings.TrimSuffix(r.Note, allButOwn)+everyone
		w.steps[i] = slices.Concat(w.steps[i], because(r.Origin.Pos, []string{string(quota.ID)},
			"all addresses but the network's own would make %d rules, and a group takes %d", count, quota.Value))
	}
	b.crowded = append(b.crowded, at)
}

// widened notes once which groups let the internet in as every address for
// want of room, and whom of the network with it.
func (b *book) widened() {
	if len(b.crowded) == 0 {
		return
	}
	var ports []vocab.Service
	var first *rule
	for _, at := range b.crowded {
		for _, k := range slices.Concat(b.subnets[at].to, b.subnets[at].toPart) {
			if r := &b.rules[k]; r.from.internet {
				ports = append(ports, r.services...)
				if first == nil {
					first = r
				}
			}
		}
	}
	var texts []string
	for _, s := range simplify(ports) {
		texts = append(texts, s.String())
	}
	n := b.d.Diags.Notef(first.spec.Pos, "from internet includes the network's own %s for %s, on the way to %s",
		strings.Join(b.unguarded(), ", "), strings.Join(texts, ", "), b.quoted(b.crowded))
	n.Code = "internet-widened"
	n.Hint = fmt.Sprintf("a security group takes %d rules: raise %s in your facts, or name fewer ports", b.d.Atlas.Limit(atlas.LimitAWSSGRules).Value, atlas.LimitAWSSGRules)
	n.Related = b.places(b.crowded)
}

// unguarded names what no filter of ours keeps from sending what no rule
// states: on-prem sites, existing networks, and AWS subnets whose group allows
// all of their machines what is stated for some.
func (b *book) unguarded() []string {
	var out []string
	for i := range b.d.Net.Sites {
		if s := &b.d.Net.Sites[i]; s.Cloud == vocab.OnPrem {
			out = append(out, string(s.ID))
		}
	}
	for i := range b.d.Net.VPCs {
		if v := &b.d.Net.VPCs[i]; v.Existing != "" {
			out = append(out, string(v.ID))
		}
	}
	for i := range b.subnets {
		if s := &b.subnets[i]; s.filtered && s.cloud == vocab.AWS && len(s.fromPart) > 0 {
			out = append(out, string(s.net.ID))
		}
	}
	slices.Sort(out)
	return out
}

// quoted names subnets.
func (b *book) quoted(subnets []int) string {
	var out []string
	for _, k := range subnets {
		out = append(out, fmt.Sprintf("%q", b.subnets[k].net.ID))
	}
	if len(out) == 1 {
		return "subnet " + out[0]
	}
	return "subnets " + strings.Join(out, ", ")
}

// places points to subnets.
func (b *book) places(subnets []int) []diag.Related {
	var out []diag.Related
	for _, k := range subnets {
		out = append(out, diag.Related{Pos: b.subnets[k].origin.Pos, Message: "the subnet is here"})
	}
	return out
}

// ways names the ways to the internet that subnets have.
func (b *book) ways(subnets []int) string {
	var out []string
	for _, k := range subnets {
		if w := b.subnets[k].net.Internet.String(); !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return strings.Join(out, " or ")
}
