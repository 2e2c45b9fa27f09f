package policy

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// facing is what some subnets see in one direction: the rules of the spec that
// concern them, merged to the fewest pairs of services and far sides. Subnets
// that the same rules concern share it.
type facing struct{ merged []merged }

// merged is one merged rule: these services with this far side.
type merged struct {
	services []vocab.Service
	subnets  []int          // far subnets, sorted
	extra    []netip.Prefix // far prefixes that are not subnets
	internet bool
	prefixes []netip.Prefix // of subnets and extra, aggregated; without the internet
	apart    bool           // no prefix of prefixes spans subnets of two VPCs or extra
	starts   []int          // with apart: for each of subnets, the index in prefixes of its own
	rules    []int
	label    string // of the far side, for people
	native   string // the same in names of rules
	svc      string // of the services
	value    string // what the rule does, for people
	origin   fabric.Origin
	note     string
	steps    []fabric.Step
}

// facing merges rules, seen by the side that opens (egress) or answers
// (ingress).
func (b *book) facing(dir fabric.Direction, rules []int) *facing {
	if len(rules) == 0 {
		return &facing{}
	}
	key := make([]byte, 1, 1+4*len(rules))
	key[0] = byte(dir)
	for _, r := range rules {
		key = binary.LittleEndian.AppendUint32(key, uint32(r))
	}
	if f, ok := b.memo[string(key)]; ok {
		return f
	}
	f := &facing{merged: b.merge(dir, rules)}
	b.memo[string(key)] = f
	return f
}

// far is the other side of a rule.
func (r *rule) far(dir fabric.Direction) *end {
	if dir == fabric.Ingress {
		return &r.from
	}
	return &r.to
}

// peerSet is the far side of one service while it is gathered.
type peerSet struct {
	service  vocab.Service
	subnets  []int
	extra    []netip.Prefix
	internet bool
	rules    []int
}

func (b *book) merge(dir fabric.Direction, rules []int) []merged {
	sets := b.gather(dir, rules)
	thin(sets)
	at := map[string]int{}
	var out []merged
	for i := range sets {
		p := &sets[i]
		if len(p.subnets) == 0 && len(p.extra) == 0 && !p.internet {
			continue
		}
		key := p.key()
		if k, ok := at[key]; ok {
			m := &out[k]
			m.services = append(m.services, p.service)
			m.rules = append(m.rules, p.rules...)
			continue
		}
		at[key] = len(out)
		out = append(out, merged{services: []vocab.Service{p.service}, subnets: p.subnets, extra: p.extra, internet: p.internet, rules: p.rules})
	}
	for i := range out {
		b.complete(dir, &out[i])
	}
	return out
}

// gather unites the far sides of all rules by service, in the order in which
// the rules name them.
func (b *book) gather(dir fabric.Direction, rules []int) []peerSet {
	at := map[vocab.Service]int{}
	var sets []peerSet
	for _, r := range rules {
		far := b.rules[r].far(dir)
		for _, s := range b.rules[r].services {
			k, ok := at[s]
			if !ok {
				k = len(sets)
				at[s] = k
				sets = append(sets, peerSet{service: s})
			}
			p := &sets[k]
			p.subnets = append(p.subnets, far.subnets...)
			p.extra = append(p.extra, far.extra...)
			p.internet = p.internet || far.internet
			p.rules = append(p.rules, r)
		}
	}
	for i := range sets {
		p := &sets[i]
		if len(p.rules) > 1 {
			slices.Sort(p.subnets)
			p.subnets = slices.Compact(p.subnets)
			p.extra = prefix.Aggregate(p.extra)
		}
	}
	return sets
}

// thin takes from each service the far sides that a wider service has too.
func thin(sets []peerSet) {
	for i := range sets {
		p := &sets[i]
		for k := range sets {
			w := &sets[k]
			if k == i || !holds(w.service, p.service) || holds(p.service, w.service) && k > i {
				continue
			}
			p.subnets = without(p.subnets, w.subnets)
			if len(w.extra) > 0 {
				held := prefix.FromPrefixes(w.extra...)
				p.extra = slices.DeleteFunc(slices.Clone(p.extra), func(x netip.Prefix) bool { return held.ContainsPrefix(x) })
			}
			p.internet = p.internet && !w.internet
		}
	}
}

// without gives the elements of sorted a that sorted b lacks.
func without(a, b []int) []int {
	var out []int
	j := 0
	for _, x := range a {
		for j < len(b) && b[j] < x {
			j++
		}
		if j == len(b) || b[j] != x {
			out = append(out, x)
		}
	}
	return out
}

func (p *peerSet) key() string {
	key := make([]byte, 0, 4*len(p.subnets)+8*len(p.extra)+1)
	for _, s := range p.subnets {
		key = binary.LittleEndian.AppendUint32(key, uint32(s))
	}
	for _, x := range p.extra {
		key = append(key, '/')
		key = x.AppendTo(key)
	}
	if p.internet {
		key = append(key, '*')
	}
	return string(key)
}

// complete derives what filters need of a merged rule.
func (b *book) complete(dir fabric.Direction, m *merged) {
	slices.SortFunc(m.services, vocab.Service.Compare)
	slices.Sort(m.rules)
	m.rules = slices.Compact(m.rules)
	b.aggregate(m)
	var labels, natives []string
	for i, r := range m.rules {
		x := &b.rules[r]
		far := x.far(dir)
		if !slices.Contains(labels, far.label) {
			labels = append(labels, far.label)
		}
		if !slices.Contains(natives, far.native) {
			natives = append(natives, far.native)
		}
		if i > 0 {
			m.note += ", "
		}
		m.note += x.origin.Path
		text := x.origin.Path + " allows " + x.from.label + " to " + x.to.label
		if x.spec.Description.V != "" {
			text += ": " + x.spec.Description.V
		}
		m.steps = append(m.steps, draft.Step(x.spec.Pos, nil, "%s", text))
	}
	m.origin = b.rules[m.rules[0]].origin
	m.label, m.native = joint(labels), joint(natives)
	m.svc = serviceLabel(m.services)
	m.value = describe(dir.String(), "allow", m.services, m.label)
}

// joint is the label of several ends; one is labelled already.
func joint(labels []string) string {
	if len(labels) == 1 {
		return labels[0]
	}
	return label(labels)
}

// aggregate unites the prefixes of a merged rule, and finds out whether a VPC's
// own can be cut out of them.
func (b *book) aggregate(m *merged) {
	list := make([]netip.Prefix, 0, len(m.subnets)+len(m.extra))
	for _, s := range m.subnets {
		list = append(list, b.subnets[s].net.Prefix)
	}
	list = append(list, m.extra...)
	m.prefixes = prefix.Aggregate(list)
	m.starts = make([]int, len(m.subnets))
	m.apart = true
	for i, s := range m.subnets {
		p := b.subnets[s].net.Prefix
		k, ok := slices.BinarySearchFunc(m.prefixes, p, prefix.Compare)
		if !ok {
			k--
		}
		m.starts[i] = k
		if i == 0 {
			continue
		}
		// Prefixes of one VPC must be a run, and no two VPCs share one.
		step := k - m.starts[i-1]
		if sameVPC := b.subnets[m.subnets[i-1]].vpc == b.subnets[s].vpc; step < 0 || sameVPC && step > 1 || !sameVPC && step == 0 {
			m.apart = false
		}
	}
	for _, x := range m.extra {
		k, ok := slices.BinarySearchFunc(m.prefixes, x, prefix.Compare)
		if !ok {
			k--
		}
		if slices.Contains(m.starts, k) {
			m.apart = false
		}
	}
}

// outside gives the prefixes of a merged rule's far side that are not the
// subnets [lo, hi), which are a run of its subnets; own are those of the run.
func (b *book) outside(m *merged, lo, hi int) (own []int, rest []netip.Prefix) {
	i, _ := slices.BinarySearch(m.subnets, lo)
	k, _ := slices.BinarySearch(m.subnets, hi)
	own = m.subnets[i:k]
	if len(own) == 0 {
		return nil, m.prefixes
	}
	if m.apart {
		return own, slices.Concat(m.prefixes[:m.starts[i]], m.prefixes[m.starts[k-1]+1:])
	}
	list := slices.Clone(m.extra)
	for _, s := range slices.Concat(m.subnets[:i], m.subnets[k:]) {
		list = append(list, b.subnets[s].net.Prefix)
	}
	return own, prefix.Aggregate(list)
}
