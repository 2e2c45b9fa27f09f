package firewall

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/userdata"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/prefix"
)

// ruleset is the whole table, as data.
type ruleset struct {
	chains   []chain
	sets     []set4
	counters []string        // names, in order of the rules
	index    map[string]Rule // by counter
}

// chain is a list of rules; one with a hook sees packets by itself, the others
// are jumped to, by chains after them.
type chain struct {
	name     string
	hook     *nftables.ChainHook
	priority nftables.ChainPriority
	kind     nftables.ChainType
	rules    []rule
}

// rule is one rule of the kernel.
type rule struct {
	exprs   []expr.Any
	comment string
}

// set4 is a named set of IPv4 addresses.
type set4 struct {
	name  string
	spans []span
}

// span is the addresses from first to last, both in it.
type span struct{ first, last netip.Addr }

// Priorities of the chains. Stateless filters come before stateful ones.
const (
	stateless nftables.ChainPriority = -10
	stateful  nftables.ChainPriority = 0
)

func (s set4) kernel() *nftables.Set {
	return &nftables.Set{Table: table(), Name: s.name, KeyType: nftables.TypeIPAddr, Interval: true}
}

func (c *chain) kernel() *nftables.Chain {
	k := &nftables.Chain{Table: table(), Name: c.name}
	if c.hook != nil {
		accept := nftables.ChainPolicyAccept
		k.Hooknum, k.Priority, k.Type, k.Policy = c.hook, nftables.ChainPriorityRef(c.priority), c.kind, &accept
	}
	return k
}

func (c *chain) add(comment string, parts ...[]expr.Any) {
	c.rules = append(c.rules, rule{slices.Concat(parts...), comment})
}

// commentMost is how many bytes the kernel's tools take for a comment.
const commentMost = 127

func comment(s string) []byte {
	if s == "" {
		return nil
	}
	return userdata.AppendString(nil, userdata.TypeComment, s[:min(len(s), commentMost)])
}

// hashed makes a name of the parts that is as short as the kernel wants it.
func hashed(kind string, parts ...string) string {
	b, _ := json.Marshal(parts) // strings always marshal
	sum := sha256.Sum256(b)
	return kind + hex.EncodeToString(sum[:8])
}

func setName(filter, name string) string { return hashed("set_", filter, name) }

// spansOf are the IPv4 addresses of the list: rising, apart, with a gap
// between any two.
func spansOf(list []netip.Prefix) []span {
	var spans []span
	for _, p := range prefix.Aggregate(list) {
		if !p.Addr().Is4() {
			continue
		}
		s := span{p.Addr(), prefix.LastAddr(p)}
		if n := len(spans); n > 0 && spans[n-1].last.Next() == s.first {
			spans[n-1].last = s.last
			continue
		}
		spans = append(spans, s)
	}
	return spans
}

// elementsOf writes spans as the kernel's sets take them: where each begins,
// and where what is after it begins.
func elementsOf(spans []span) []nftables.SetElement {
	var list []nftables.SetElement
	for _, s := range spans {
		list = append(list, nftables.SetElement{Key: s.first.AsSlice()})
		if next := s.last.Next(); next.IsValid() {
			list = append(list, nftables.SetElement{Key: next.AsSlice(), IntervalEnd: true})
		}
	}
	return list
}

// builder makes a ruleset.
type builder struct {
	*ruleset
	named map[string]bool // sets that are there
	jumps []chain         // chains that are jumped to
}

// build makes the whole table. Sets in moved hold what they were moved to.
func build(rules *Rules, moved map[setKey]moved) *ruleset {
	b := &builder{ruleset: &ruleset{index: map[string]Rule{}}, named: map[string]bool{}}
	for i := range rules.Filters {
		f := &rules.Filters[i]
		for _, s := range f.Sets {
			now := s.Prefixes
			if m, ok := moved[setKey{f.ID, s.Name}]; ok {
				now = m.now
			}
			b.sets = append(b.sets, set4{setName(f.ID, s.Name), spansOf(now)})
		}
	}
	var bases []chain
	for _, kind := range []nodeconf.FilterKind{nodeconf.Stateless, nodeconf.Stateful} {
		bases = append(bases, b.filters(rules.Filters, kind)...)
	}
	bases = append(bases, b.translate(rules)...)
	bases = append(bases, clamp(rules.MSS)...)
	b.chains = append(b.jumps, bases...)
	return b.ruleset
}

// filters makes the chains of the filters of one kind, those of the machine at
// its input and output, those of devices where packets are forwarded.
func (b *builder) filters(all []nodeconf.Filter, kind nodeconf.FilterKind) []chain {
	priority, name := stateless, "stateless_"
	if kind == nodeconf.Stateful {
		priority, name = stateful, "stateful_"
	}
	base := func(hook string, at *nftables.ChainHook) chain {
		return chain{name: name + hook, hook: at, priority: priority, kind: nftables.ChainTypeFilter}
	}
	in, out, forward := base("input", nftables.ChainHookInput), base("output", nftables.ChainHookOutput), base("forward", nftables.ChainHookForward)
	in.add("", device(expr.MetaKeyIIFNAME, "lo"), verdict(expr.VerdictAccept, ""))
	out.add("", device(expr.MetaKeyOIFNAME, "lo"), verdict(expr.VerdictAccept, ""))
	var machine, devices bool
	for _, c := range []*chain{&in, &out, &forward} {
		c.add("", family(familyIPv6), verdict(expr.VerdictDrop, ""))
		if kind == nodeconf.Stateful {
			c.add("", replies(), verdict(expr.VerdictAccept, ""))
		}
	}
	for i := range all {
		f := &all[i]
		if f.Kind != kind {
			continue
		}
		ingress, egress := b.filter(f, nodeconf.Ingress), b.filter(f, nodeconf.Egress)
		if f.Device == "" {
			machine = true
			in.add(f.ID, verdict(expr.VerdictJump, ingress))
			out.add(f.ID, verdict(expr.VerdictJump, egress))
			continue
		}
		devices = true
		forward.add(f.ID, device(expr.MetaKeyIIFNAME, f.Device), verdict(expr.VerdictJump, ingress))
		forward.add(f.ID, device(expr.MetaKeyOIFNAME, f.Device), verdict(expr.VerdictJump, egress))
	}
	var bases []chain
	if machine {
		bases = append(bases, in, out)
	}
	switch {
	case devices:
		bases = append(bases, forward)
	case kind == nodeconf.Stateless:
		// IPv6 is never forwarded; nothing else is looked at.
		forward.rules = forward.rules[:1]
		bases = append(bases, forward)
	}
	return bases
}

// filter makes the chain of one direction of a filter and returns its name. It
// returns from the chain what it accepts.
func (b *builder) filter(f *nodeconf.Filter, d nodeconf.Direction) string {
	c := chain{name: hashed(string(d)+"_", f.ID)}
	last := f.Ingress
	if d == nodeconf.Egress {
		last = f.Egress
	}
	for i := range f.Rules {
		r := &f.Rules[i]
		if r.Direction != d {
			continue
		}
		does := b.does(Rule{f.ID, r.Name, d, r.Line}, r.Verdict, r)
		for _, m := range b.matches(f, r) {
			c.add(f.ID+" "+r.Name, m, does)
		}
	}
	name := defaultOf(d)
	c.add(f.ID+" "+name, b.does(Rule{f.ID, name, d, ""}, last, nil))
	b.jumps = append(b.jumps, c)
	return c.name
}

// does is what a rule does with what it matches: counts it, then lets it go on,
// or notes and drops it in a chain of its own. The counter's name stands for
// the rule with all it says; r is nil for a default.
func (b *builder) does(who Rule, v nodeconf.Verdict, r *nodeconf.FilterRule) []expr.Any {
	content, _ := json.Marshal(r) // plain data always marshals
	counter := hashed("rule_", who.Filter, who.Rule, string(v), string(content))
	b.counters = append(b.counters, counter)
	b.index[counter] = who
	count := []expr.Any{&expr.Objref{Type: int(nftables.ObjTypeCounter), Name: counter}}
	if v == nodeconf.Accept {
		return slices.Concat(count, verdict(expr.VerdictReturn, ""))
	}
	c := chain{name: "drop_" + counter}
	c.add("", note(counter))
	c.add(who.Filter+" "+who.Rule, count, verdict(expr.VerdictDrop, ""))
	b.jumps = append(b.jumps, c)
	return verdict(expr.VerdictJump, c.name)
}

// addresses matches what is in the prefixes, none of which means all. It
// reports false where nothing can be.
func (b *builder) addresses(offset uint32, list []netip.Prefix) ([]expr.Any, bool) {
	spans := spansOf(list)
	switch {
	case len(list) == 0:
		return nil, true
	case len(spans) == 0: // IPv6 only
		return nil, false
	case len(spans) == 1:
		return slices.Concat(load(expr.PayloadBaseNetworkHeader, offset, 4), between(spans[0].first.AsSlice(), spans[0].last.AsSlice())), true
	}
	text := make([]string, len(spans))
	for i, s := range spans {
		text[i] = fmt.Sprintf("%v-%v", s.first, s.last)
	}
	name := hashed("peers_", text...)
	if !b.named[name] {
		b.named[name] = true
		b.sets = append(b.sets, set4{name, spans})
	}
	return slices.Concat(load(expr.PayloadBaseNetworkHeader, offset, 4), []expr.Any{&expr.Lookup{SourceRegister: 1, SetName: name}}), true
}

func port(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }
